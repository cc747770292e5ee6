/* Losses: every kind that the record is said to keep is on it, at the place that is named, as the image had it; and comes back from there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/model/format.h"
#include "formats/model/text.h"
#include "report/ledger/record.h"

static struct exh_error err;

/* ---- an image of which nothing is lost, and one that differs in a single thing ---- */

struct image {
    struct exh_layout layout;
    struct exh_disc disc;
    struct exh_fields fields;
    struct exh_seal seal;
};

static void plain(struct image *m)
{
    memset(m, 0, sizeof *m);
    (void)snprintf(m->disc.medium, sizeof m->disc.medium, "CD");
    assert_true(exh_disc_set_lead_out(&m->disc, 1, 100, 0, &err));
    m->layout = (struct exh_layout){.kind = EXH_LAYOUT_DISC, .disc = &m->disc, .track_count = 1};
    m->layout.tracks[0] =
        (struct exh_track){.number = 1, .session = 1, .control = EXH_CONTROL_DATA, .kind = EXH_TRACK_MODE1, .sectors = 100, .main_bytes = 2048};
}

static void drop(struct image *m)
{
    exh_disc_close(&m->disc);
    exh_fields_close(&m->fields);
    exh_seal_close(&m->seal);
}

static void change(struct image *m, enum exh_loss_kind kind)
{
    static const uint8_t pack[EXH_CDTEXT_PACK_BYTES] = {0x80, 0, 0, 0, 'A'};
    static const struct exh_toc_row row = {1, 0x14, 0, 0xA0, {0, 0, 0}, 0, {1, 0, 0}};
    struct exh_track *t = &m->layout.tracks[0];
    bool ok = true;
    switch (kind) {
    case EXH_LOSS_MEDIUM: (void)snprintf(m->disc.medium, sizeof m->disc.medium, "CD-R"); break;
    case EXH_LOSS_MCN: (void)snprintf(m->disc.mcn, sizeof m->disc.mcn, "1234567890128"); break;
    case EXH_LOSS_CDTEXT: ok = exh_disc_add_pack(&m->disc, pack, &err); break;
    case EXH_LOSS_INDEX: ok = exh_disc_add_index(&m->disc, 1, 2, 50, &err); break;
    case EXH_LOSS_LEAD_OUT: m->disc.sessions[0].lead_out = 260; break;
    case EXH_LOSS_DISC_TYPE: m->disc.sessions[0].disc_type = 0x20; break;
    case EXH_LOSS_TOC_ROWS: ok = exh_disc_add_row(&m->disc, &row, &err); break;
    case EXH_LOSS_TRACK_NUMBER: t->number = 7; break;
    case EXH_LOSS_TRACK_SESSION: t->session = m->disc.sessions[0].number = 2; break;
    case EXH_LOSS_TRACK:
    case EXH_LOSS_TRACK_MODE: t->kind = EXH_TRACK_MODE2; break;
    case EXH_LOSS_TRACK_PLACE: t->first = 150, m->disc.sessions[0].lead_out = 250; break;
    case EXH_LOSS_TRACK_CONTROL: t->control |= EXH_CONTROL_COPY; break;
    case EXH_LOSS_ISRC: (void)snprintf(t->isrc, sizeof t->isrc, "DEABC0112345"); break;
    case EXH_LOSS_PREGAP: t->pregap = 150; break;
    case EXH_LOSS_SUBCHANNEL: t->sub_bytes = 96; break;
    case EXH_LOSS_SECTOR_SIZE: exh_layout_disk(&m->layout, 1 << 20, 4096); break;
    case EXH_LOSS_CASE: ok = exh_fields_set(&m->fields, "case", "42", &err); break;
    case EXH_LOSS_UNREADABLE: ok = exh_sectors_mark(&m->seal.unreadable, 5, 3, EXH_BAD, &err); break;
    case EXH_LOSS_SESSION_POINTERS:
    case EXH_LOSS_TEXT:
    case EXH_LOSS_PREGAP_DATA:
    case EXH_LOSS_SECTOR_FRAME: /* no words of a layout */
    case EXH_LOSS_KINDS: fail_msg("%s is not said by a layout", exh_loss_name(kind));
    }
    if (!ok)
        fail_msg("%s", err.text);
}

/* ---- its record: written, and read again ---- */

static json_t *recorded(const struct image *m)
{
    struct exh_acquire_result result = {.acquisition = EXH_COMPLETE, .of = "medium", .read_back = "direct", .layout = m->layout, .seal = m->seal};
    json_t *body = exh_record_result("raw", &result);
    assert_non_null(body);
    assert_int_equal(json_object_set_new(body, "source", exh_record_source(EXH_SOURCE_FILE, "image", NULL, &m->layout)), 0);
    assert_int_equal(json_object_set_new(body, "outcome", json_string("done")), 0);
    assert_int_equal(json_object_set_new(body, "case", exh_record_fields(&m->fields)), 0);
    char *text = json_dumps(body, JSON_COMPACT);
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(again);
    free(text);
    json_decref(body);
    return again;
}

/* "a.b[].c" -> the values there, as one text; "" where there is none. Disc and track lists of these images have one item each. */
static char *at(const json_t *json, const char *place)
{
    for (const char *p = place; json != NULL && *p != '\0';) {
        size_t n = strcspn(p, ".[");
        char key[40];
        (void)snprintf(key, sizeof key, "%.*s", (int)n, p);
        json = json_object_get(json, key);
        p += n;
        if (strncmp(p, "[]", 2) == 0) {
            json = json_array_get(json, 0);
            p += 2;
        }
        p += *p == '.';
    }
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : exh_text_copy("", 0);
    assert_non_null(text);
    return text;
}

static void same_track(const struct exh_track *a, const struct exh_track *b)
{
    assert_true(a->number == b->number && a->session == b->session && a->control == b->control && a->kind == b->kind);
    assert_true(a->first == b->first && a->sectors == b->sectors && a->main_bytes == b->main_bytes && a->tail_bytes == b->tail_bytes);
    assert_true(a->stored_pregap == b->stored_pregap && a->pregap == b->pregap && a->postgap == b->postgap);
    assert_string_equal(a->isrc, b->isrc);
}

static void same_disc(const struct exh_disc *a, const struct exh_disc *b)
{
    assert_string_equal(a->medium, b->medium);
    assert_string_equal(a->mcn, b->mcn);
    assert_true(a->session_count == b->session_count && a->index_count == b->index_count && a->row_count == b->row_count);
    assert_int_equal(a->cdtext_packs, b->cdtext_packs);
    for (uint32_t i = 0; i < a->session_count; i++)
        assert_true(a->sessions[i].number == b->sessions[i].number && a->sessions[i].lead_out == b->sessions[i].lead_out &&
                    a->sessions[i].disc_type == b->sessions[i].disc_type);
    for (size_t i = 0; i < a->index_count; i++)
        assert_true(a->indexes[i].track == b->indexes[i].track && a->indexes[i].number == b->indexes[i].number &&
                    a->indexes[i].lba == b->indexes[i].lba);
    if (a->row_count > 0)
        assert_memory_equal(a->rows, b->rows, a->row_count * sizeof *a->rows);
    if (a->cdtext_packs > 0)
        assert_memory_equal(a->cdtext, b->cdtext, a->cdtext_packs * EXH_CDTEXT_PACK_BYTES);
}

static void comes_back(const struct image *m, const json_t *body)
{
    struct exh_layout layout;
    struct exh_disc disc = {0};
    struct exh_seal seal = {0};
    bool any;
    json_t *of_source = json_object_get(json_object_get(body, "source"), "layout");
    if (m->layout.kind == EXH_LAYOUT_DISC) {
        if (!exh_record_layout_back(of_source, &layout, &err) || !exh_record_disc(of_source, &disc, &any, &err))
            fail_msg("%s", err.text);
        same_track(&m->layout.tracks[0], &layout.tracks[0]);
        same_disc(&m->disc, &disc);
        exh_disc_close(&disc);
    }
    memset(&layout, 0, sizeof layout);
    if (!exh_record_claim(body, NULL, &seal, &layout, &err))
        fail_msg("%s", err.text);
    assert_int_equal(seal.unreadable.count, m->seal.unreadable.count);
    exh_seal_close(&seal);
    if (m->fields.count > 0)
        assert_string_equal(json_string_value(json_object_get(json_object_get(body, "case"), "case")), "42");
}

/* ---- who loses it ---- */

/* Which format of ours says so of this layout; NULL: those that a layout alone does not tell. */
static const char *loser(enum exh_loss_kind kind)
{
    switch (kind) {
    case EXH_LOSS_SECTOR_SIZE: return "vdi";
    case EXH_LOSS_TRACK:
    case EXH_LOSS_CASE:
    case EXH_LOSS_UNREADABLE: return NULL;
    default: return "iso";
    }
}

static bool says(const char *format, const struct image *m, enum exh_loss_kind kind)
{
    struct exh_losses losses = {0};
    if (!exh_format_named(format)->fits(&m->layout, &losses, &err))
        fail_msg("%s: %s", format, err.text);
    bool yes = exh_losses_have(&losses, kind);
    for (size_t i = 0; i < losses.count; i++)
        assert_true(losses.items[i].count > 0 && losses.items[i].text[0] != '\0');
    exh_losses_close(&losses);
    return yes;
}

static void what_the_record_keeps_is_on_it(void **state)
{
    (void)state;
    unsigned kept = 0;
    for (unsigned i = 0; i < EXH_LOSS_KINDS; i++) {
        enum exh_loss_kind kind = (enum exh_loss_kind)i;
        const char *place = exh_record_keeps(kind);
        struct image without, with;
        if (place == NULL)
            continue;
        kept++;
        plain(&without);
        plain(&with);
        if (kind == EXH_LOSS_SECTOR_SIZE)
            exh_layout_disk(&without.layout, 1 << 20, 512);
        change(&with, kind);
        if (loser(kind) != NULL && (!says(loser(kind), &with, kind) || says(loser(kind), &without, kind)))
            fail_msg("%s does not say %s of the one, or says it of the other", loser(kind), exh_loss_name(kind));
        json_t *a = recorded(&without), *b = recorded(&with);
        char *before = at(a, place), *after = at(b, place);
        if (after[0] == '\0' || strcmp(before, after) == 0)
            fail_msg("%s: the record does not tell it at %s: '%s' and '%s'", exh_loss_name(kind), place, before, after);
        comes_back(&without, a);
        comes_back(&with, b);
        free(before);
        free(after);
        json_decref(a);
        json_decref(b);
        drop(&without);
        drop(&with);
    }
    assert_int_equal(kept, 18);
}

/* The subchannel: the record says that there was one, and has no byte of it. */
static void what_it_does_not_keep(void **state)
{
    (void)state;
    struct image m;
    plain(&m);
    change(&m, EXH_LOSS_SUBCHANNEL);
    assert_true(says("iso", &m, EXH_LOSS_SUBCHANNEL) && says("cue", &m, EXH_LOSS_SUBCHANNEL) && says("ewf", &m, EXH_LOSS_SUBCHANNEL));
    drop(&m);
    static const enum exh_loss_kind lost[] = {EXH_LOSS_TEXT, EXH_LOSS_SESSION_POINTERS, EXH_LOSS_PREGAP_DATA, EXH_LOSS_SUBCHANNEL,
                                              EXH_LOSS_SECTOR_FRAME};
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++)
        assert_null(exh_record_keeps(lost[i]));
    assert_null(exh_record_keeps(EXH_LOSS_KINDS));
}

static void names_are_words_of_their_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EXH_LOSS_KINDS; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(exh_loss_name((enum exh_loss_kind)i), exh_loss_name((enum exh_loss_kind)k));
}

static void they_are_bounded(void **state)
{
    (void)state;
    struct exh_losses losses = {0};
    size_t n = 0;
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    while (n < 1000000 && exh_losses_add(&losses, EXH_LOSS_INDEX, 1, &err, "%s", text))
        n++;
    assert_true(n >= 99 * 98 && n < 1000000);
    assert_int_equal(err.code, EXH_LIMIT);
    assert_int_equal(strlen(losses.items[n - 1].text), sizeof losses.items[0].text - 1);
    exh_losses_close(&losses);
    assert_false(exh_losses_have(&losses, EXH_LOSS_INDEX) || exh_losses_have(NULL, EXH_LOSS_INDEX));
}

static int fresh(void **state)
{
    (void)state;
    exh_error_clear(&err);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(what_the_record_keeps_is_on_it, fresh),
                                       cmocka_unit_test_setup(what_it_does_not_keep, fresh),
                                       cmocka_unit_test_setup(names_are_words_of_their_own, fresh), cmocka_unit_test_setup(they_are_bounded, fresh)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
