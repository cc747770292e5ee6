/* LAYOUT: a disc with everything that can be known of it goes into a record and comes out the same; what contradicts itself does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/model/disc.h"
#include "formats/model/text.h"
#include "report/ledger/line.h"
#include "report/ledger/record.h"
#include "verify/digest_set.h"

static struct exh_error err;

/* Five tracks in two sessions: every kind, a stored and an unstored pregap, a postgap, a gap between sessions, LBAs below 0. */
static void make_layout(struct exh_layout *l, struct exh_disc *d)
{
    static const struct exh_track tracks[] = {
        {.number = 1,
         .session = 1,
         .control = 4,
         .kind = EXH_TRACK_MODE1,
         .first = -150,
         .sectors = 750,
         .main_bytes = 2352,
         .sub_bytes = 96,
         .stored_pregap = 150,
         .pregap = 150},
        {.number = 2,
         .session = 1,
         .control = 2,
         .kind = EXH_TRACK_AUDIO,
         .first = 600,
         .sectors = 400,
         .main_bytes = 2352,
         .stored_pregap = 75,
         .pregap = 150,
         .postgap = 10,
         .isrc = "DEABC0112345"},
        {.number = 3, .session = 1, .control = 4, .kind = EXH_TRACK_MODE0, .first = 1100, .sectors = 50, .main_bytes = 2336},
        {.number = 7, .session = 2, .control = 4, .kind = EXH_TRACK_MODE2, .first = 12550, .sectors = 300, .main_bytes = 2336, .pregap = 150},
        {.number = 8, .session = 2, .control = 4, .kind = EXH_TRACK_MODE2, .first = 12850, .sectors = 20, .main_bytes = 2048}};
    static const uint8_t pack[18] = {0x80, 0, 0, 0, 'A', ' ', 't', 'i', 't', 'l', 'e', 0, 0, 0, 0, 0, 0x12, 0xEF};
    static const struct exh_toc_row row = {2, 0x14, 0, 0xA0, {1, 2, 3}, 0, {7, 0x20, 0}};
    memset(l, 0, sizeof *l);
    memset(d, 0, sizeof *d);
    l->kind = EXH_LAYOUT_DISC;
    l->track_count = 5;
    memcpy(l->tracks, tracks, sizeof tracks);
    l->disc = d;
    (void)snprintf(d->medium, sizeof d->medium, "CD-R");
    (void)snprintf(d->mcn, sizeof d->mcn, "1234567890128");
    assert_true(exh_disc_set_lead_out(d, 1, 1150, 0x20, &err) && exh_disc_set_lead_out(d, 2, EXH_NO_LBA, -1, &err));
    assert_true(exh_disc_add_index(d, 2, 2, 700, &err) && exh_disc_add_index(d, 2, 3, 800, &err) && exh_disc_add_index(d, 7, 2, 12600, &err));
    assert_true(exh_disc_add_pack(d, pack, &err) && exh_disc_add_pack(d, pack, &err) && exh_disc_add_row(d, &row, &err));
    assert_true(exh_layout_check(l, &err));
}

static void test_round_trip(void **state)
{
    (void)state;
    struct exh_layout l, back;
    struct exh_disc d, disc = {0};
    bool any;
    make_layout(&l, &d);
    json_t *json = exh_record_layout(&l);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "sessions")), 2);
    assert_true(exh_record_layout_back(json, &back, &err));
    assert_int_equal(back.kind, EXH_LAYOUT_DISC);
    assert_int_equal(back.track_count, l.track_count);
    for (uint32_t i = 0; i < l.track_count; i++) {
        const struct exh_track *a = &l.tracks[i], *b = &back.tracks[i];
        assert_true(a->number == b->number && a->session == b->session && a->control == b->control && a->kind == b->kind);
        assert_true(a->first == b->first && a->sectors == b->sectors && a->main_bytes == b->main_bytes && a->sub_bytes == b->sub_bytes);
        assert_true(a->stored_pregap == b->stored_pregap && a->pregap == b->pregap && a->postgap == b->postgap);
        assert_string_equal(a->isrc, b->isrc);
    }
    assert_null(back.disc);
    assert_true(exh_record_disc(json, &disc, &any, &err));
    assert_true(any);
    assert_string_equal(disc.medium, d.medium);
    assert_string_equal(disc.mcn, d.mcn);
    assert_int_equal(disc.session_count, 2);
    assert_int_equal(disc.sessions[0].lead_out, 1150);
    assert_int_equal(disc.sessions[0].disc_type, 0x20);
    assert_true(disc.sessions[1].lead_out == EXH_NO_LBA);
    assert_int_equal(disc.sessions[1].disc_type, -1);
    assert_int_equal(disc.index_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(&disc.indexes[i], &d.indexes[i], sizeof d.indexes[i]);
    assert_int_equal(disc.cdtext_packs, 2);
    assert_memory_equal(disc.cdtext, d.cdtext, 36);
    assert_int_equal(disc.row_count, 1);
    assert_memory_equal(&disc.rows[0], &d.rows[0], sizeof d.rows[0]);
    exh_disc_close(&disc);
    exh_disc_close(&d);
    json_decref(json);
}

/* A disk has none of it, and its shape is as it always was. */
static void test_disk(void **state)
{
    (void)state;
    struct exh_layout l, back;
    struct exh_disc disc = {0};
    bool any;
    exh_layout_disk(&l, 5000, 512);
    json_t *json = exh_record_layout(&l);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text,
                        "{\"kind\":\"disk\",\"sessions\":1,\"tracks\":[{\"first_lba\":0,\"main_bytes\":512,\"mode\":\"BLOCKS/512\",\"number\":1,"
                        "\"sectors\":10,\"session\":1,\"sub_bytes\":0,\"tail_bytes\":392}]}");
    assert_true(exh_record_layout_back(json, &back, &err) && exh_record_disc(json, &disc, &any, &err));
    assert_false(any);
    free(text);
    json_decref(json);
}

static json_t *at(json_t *json, const char *path)
{
    for (const char *p = path; json != NULL && *p != '\0'; p += strcspn(p, "/") + (p[strcspn(p, "/")] == '/')) {
        char key[40];
        (void)snprintf(key, sizeof key, "%.*s", (int)strcspn(p, "/"), p);
        json = json_is_array(json) ? json_array_get(json, (size_t)strtoul(key, NULL, 10)) : json_object_get(json, key);
    }
    return json;
}

static void test_broken(void **state)
{
    (void)state;
    static const struct {
        const char *object, *key, *value, *says;
    } cases[] = {{"tracks/0", "stored_pregap", "151", "pregap"},
                 {"tracks/0", "start_lba", "1", "begins at LBA 1"},
                 {"tracks/1", "stored_pregap", "-1", "stored_pregap"},
                 {"tracks/1", "pregap", "\"150\"", "pregap"},
                 {"tracks/1", "postgap", "4000000000", "postgap"},
                 {"tracks/1", "isrc", "\"DEABC01123456\"", "isrc"},
                 {"tracks/1", "isrc", "\"DE\\u0007BC\"", "isrc"},
                 {"tracks/1", "isrc", "12", "isrc"},
                 {"tracks/2", "mode", "\"MODE3/2336\"", "mode"},
                 {"tracks/1", "indexes", "{}", "indexes"},
                 {"tracks/1/indexes/0", "number", "1", "number"},
                 {"tracks/1/indexes/0", "number", "100", "number"},
                 {"tracks/1/indexes/0", "lba", "99999999999", "lba"},
                 {"", "mcn", "\"12345678901234\"", "mcn"},
                 {"", "medium", "[]", "medium"},
                 {"", "lead_outs", "7", "lead_outs"},
                 {"lead_outs/0", "session", "0", "session"},
                 {"lead_outs/0", "lba", "\"x\"", "lba"},
                 {"lead_outs/0", "disc_type", "256", "disc_type"},
                 {"", "cdtext_packs", "[\"8000\"]", "pack 1"},
                 {"", "cdtext_packs", "[\"80000000000000000000000000000000000g\"]", "pack 1"},
                 {"", "toc", "[[1,2,3]]", "row 1"},
                 {"", "toc", "[[1,2,3,4,5,6,7,8,9,10,256]]", "row 1"}};
    struct exh_layout l, back;
    struct exh_disc d;
    make_layout(&l, &d);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = exh_record_layout(&l), *value = json_loads(cases[i].value, JSON_DECODE_ANY, NULL);
        struct exh_disc disc = {0};
        bool any;
        assert_non_null(value);
        assert_int_equal(json_object_set_new(at(json, cases[i].object), cases[i].key, value), 0);
        exh_error_clear(&err);
        if (exh_record_layout_back(json, &back, &err) && exh_record_disc(json, &disc, &any, &err))
            fail_msg("%s of %s = %s is taken", cases[i].key, cases[i].object, cases[i].value);
        assert_int_equal(err.code, EXH_CORRUPT);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
        exh_disc_close(&disc);
        json_decref(json);
    }
    exh_disc_close(&d);
}

/* ---- the whole record of a disc: chunks and unreadable ranges below 0, and not in the gaps ---- */

static char *lines;

static bool get_lines(void *context, const char *sha256, void **bytes, size_t *length, struct exh_error *why)
{
    (void)context, (void)sha256, (void)why;
    *length = strlen(lines);
    *bytes = exh_text_copy(lines, *length);
    return *bytes != NULL;
}

static json_t *disc_result(struct exh_acquire_result *r, int64_t bad_lba, uint64_t bad_count, enum exh_state lost)
{
    char *range_lines;
    memset(r, 0, sizeof *r);
    make_layout(&r->layout, &r->disc);
    r->layout.disc = &r->disc;
    r->acquisition = EXH_COMPLETE;
    r->of = "medium";
    r->read_back = "direct";
    r->seal.chunks.sectors = 500;
    for (uint32_t i = 0; i < r->layout.track_count; i++) {
        const struct exh_track *t = &r->layout.tracks[i];
        for (int64_t lba = t->first, end = t->first + (int64_t)t->sectors, stop; lba < end; lba = stop) {
            stop = lba < 0 ? 0 : (lba / 500 + 1) * 500;
            stop = stop < end ? stop : end;
            struct exh_chunk chunk = {.track = t->number, .lba = lba, .sectors = (uint32_t)(stop - lba)};
            assert_true(exh_chunks_add(&r->seal.chunks, &chunk, &err));
        }
    }
    assert_true(exh_chunks_root(&r->seal.chunks, r->seal.chunks.root, &err));
    if (bad_count > 0)
        assert_true(exh_sectors_mark(&r->seal.unreadable, bad_lba, bad_count, lost, &err));
    json_t *body = exh_record_result("cue", r);
    assert_non_null(body);
    assert_true(exh_record_cite(body, &r->seal, &lines, &range_lines, &err));
    assert_int_equal(json_object_set_new(body, "outcome", json_string("done")), 0);
    return body;
}

static void test_claim(void **state)
{
    (void)state;
    static const struct {
        int64_t lba;
        uint64_t count;
        bool stored;
    } cases[] = {{0, 0, true},     {-150, 1, true}, {-1, 2, true},    {599, 2, true},
                 {1000, 1, false}, {999, 2, false}, {1149, 2, false}, {12550, 320, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exh_acquire_result r;
        struct exh_seal seal = {0};
        struct exh_layout layout;
        const struct exh_blobs blobs = {get_lines, NULL};
        json_t *body = disc_result(&r, cases[i].lba, cases[i].count, i % 2 == 0 ? EXH_BAD : EXH_MISSING);
        exh_error_clear(&err);
        bool taken = exh_record_claim(body, &blobs, &seal, &layout, &err);
        if (taken != cases[i].stored)
            fail_msg("LBA %d: %s", (int)cases[i].lba, err.text);
        if (taken) {
            assert_int_equal(seal.chunks.count, r.seal.chunks.count);
            assert_int_equal(seal.chunks.items[0].lba, -150);
            assert_int_equal(exh_sectors_total(&seal.unreadable, EXH_BAD), cases[i].count);
            assert_int_equal(seal.unreadable.count, r.seal.unreadable.count);
        }
        exh_seal_close(&seal);
        exh_acquire_result_close(&r);
        json_decref(body);
        free(lines);
    }
}

/* What the source was, though the image may not hold it. */
static void test_source(void **state)
{
    (void)state;
    struct exh_layout l;
    struct exh_disc d;
    make_layout(&l, &d);
    json_t *disc = exh_record_source(EXH_SOURCE_FILE, "disc.cue", NULL, &l);
    assert_string_equal(json_string_value(at(disc, "layout/mcn")), "1234567890128");
    exh_layout_disk(&l, 5120, 512);
    json_t *disk = exh_record_source(EXH_SOURCE_FILE, "disk.raw", NULL, &l);
    assert_null(json_object_get(disk, "layout"));
    json_decref(disc);
    json_decref(disk);
    exh_disc_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_disk), cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_claim), cmocka_unit_test(test_source)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
