/* The toc-file writer: what is written reads back the same, layout and bytes, and what cannot be kept is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "disc_bytes.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/stored_disc.h"
#include "formats/optical/toc.h"
#include "formats/optical/toc_write.h"

static struct exh_error err;
static char folder[] = "/tmp/exhibit-toc-write-XXXXXX";
static struct bytes pattern;

/* ---- a disc in memory ---- */

struct disc {
    struct exh_stored_disc *stored;
    uint64_t offset; /* used so far of the pattern */
    int64_t lba;
};

static void begin(struct disc *d)
{
    exh_error_clear(&err);
    *d = (struct disc){.stored = exh_stored_disc_new("test", &err)};
    struct exh_source *source = exh_source_memory(pattern.data, pattern.length, "pattern");
    uint32_t index;
    assert_non_null(d->stored);
    assert_true(exh_stored_disc_file(d->stored, source, "pattern", &index, &err));
}

/* `track` says all but number (when 0), session, first; what is stored begins behind what is not. The subchannel is linear behind each sector. */
static struct exh_track *add(struct disc *d, struct exh_track track)
{
    uint32_t count, index, stride = track.main_bytes + track.sub_bytes;
    (void)exh_stored_disc_tracks(d->stored, &count);
    track.number = track.number != 0 ? track.number : (uint8_t)(count + 1);
    track.session = track.session != 0 ? track.session : 1;
    track.first = d->lba + (int64_t)(track.pregap - track.stored_pregap);
    assert_true(exh_stored_disc_track(d->stored, &track, &index, &err));
    struct exh_stretch s = {.track = index, .lba = track.first, .sectors = track.sectors, .offset = d->offset, .stride = stride};
    if (track.sub_bytes > 0) {
        s.sub = EXH_SUB_LINEAR;
        s.sub_offset = d->offset + track.main_bytes;
        s.sub_stride = stride;
    }
    assert_true(exh_stored_disc_stretch(d->stored, &s, &err));
    d->offset += track.sectors * stride;
    d->lba = track.first + (int64_t)track.sectors + track.postgap;
    assert_true(d->offset <= pattern.length);
    return &exh_stored_disc_tracks(d->stored, &count)[index];
}

static struct exh_medium *finish(struct disc *d)
{
    struct exh_medium *m = exh_stored_disc_finish(d->stored, &err);
    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

/* ---- writing and reading back ---- */

static struct exh_create creation(const struct exh_medium *m)
{
    return (struct exh_create){.folder = folder, .name = "disc.toc", .declared = m->layout};
}

static void feed(struct exh_sink *sink, struct exh_medium *m, uint32_t at_once)
{
    for (uint32_t i = 0; i < m->layout->track_count; i++) {
        const struct exh_track *t = &m->layout->tracks[i];
        struct exh_block block;
        struct exh_faults faults = {0};
        struct exh_scratch *scratch = NULL;
        assert_true(exh_block_open(&block, at_once, t->main_bytes, t->sub_bytes, &err));
        assert_true(exh_medium_scratch(m, &scratch, &err));
        for (uint64_t done = 0, n; done < t->sectors; done += n) {
            n = t->sectors - done < at_once ? t->sectors - done : at_once;
            struct exh_want want = {
                .track = t, .lba = t->first + (int64_t)done, .count = (uint32_t)n, .effort = EXH_THOROUGH, .with_sub = t->sub_bytes > 0};
            assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
            if (!sink->consumer.ops->take(&sink->consumer, &block, NULL, &err))
                fail_msg("%s", err.text);
        }
        exh_faults_close(&faults);
        exh_scratch_close(scratch);
        exh_block_close(&block);
    }
}

static void empty_folder(void)
{
    DIR *d = opendir(folder);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        (void)unlink(path);
    }
    if (d != NULL)
        (void)closedir(d);
}

static struct exh_medium *written(struct exh_medium *m, uint32_t at_once)
{
    struct exh_create create = creation(m);
    struct exh_sink *sink = NULL;
    struct exh_seal seal = {0};
    char path[300];
    empty_folder();
    if (!exh_toc_create(&create, &sink, &err))
        fail_msg("%s", err.text);
    feed(sink, m, at_once);
    if (!exh_sink_seal(sink, m->layout, &seal, &err))
        fail_msg("%s", err.text);
    assert_int_equal(sink->files.count, 2);
    assert_string_equal(sink->files.items[0], "disc.toc");
    assert_string_equal(sink->files.items[1], "disc.bin");
    exh_sink_close(sink);
    (void)snprintf(path, sizeof path, "%s/disc.toc", folder);
    struct exh_medium *back = NULL;
    if (!exh_image_open(path, NULL, &(struct exh_open){0}, &back, &err))
        fail_msg("%s", err.text);
    assert_string_equal(back->format, "toc");
    assert_int_equal(count_remarks(back, NULL, EXH_FAILS) + count_remarks(back, NULL, EXH_WARNS), 0);
    return back;
}

static void assert_same_tracks(struct exh_medium *a, struct exh_medium *b)
{
    assert_int_equal(a->layout->track_count, b->layout->track_count);
    for (uint32_t i = 0; i < a->layout->track_count; i++) {
        const struct exh_track *x = &a->layout->tracks[i], *y = &b->layout->tracks[i];
        assert_int_equal(x->number, y->number);
        assert_int_equal(x->control, y->control);
        assert_int_equal(x->kind, y->kind);
        assert_int_equal(x->first, y->first);
        assert_int_equal(x->sectors, y->sectors);
        assert_int_equal(x->main_bytes, y->main_bytes);
        assert_int_equal(x->sub_bytes, y->sub_bytes);
        assert_int_equal(x->stored_pregap, y->stored_pregap);
        assert_int_equal(x->pregap, y->pregap);
        assert_int_equal(x->postgap, y->postgap);
        assert_string_equal(x->isrc, y->isrc);
        for (int sub = 0; sub < (x->sub_bytes > 0 ? 2 : 1); sub++) {
            uint8_t *p = read_sectors(a, x->number, x->first, (uint32_t)x->sectors, sub != 0);
            uint8_t *q = read_sectors(b, y->number, y->first, (uint32_t)y->sectors, sub != 0);
            assert_memory_equal(p, q, x->sectors * (sub ? x->sub_bytes : x->main_bytes));
            free(p);
            free(q);
        }
    }
}

static size_t losses_of(const struct exh_layout *layout, const char *says)
{
    struct exh_losses losses = {0};
    if (!exh_toc_fits(layout, &losses, &err))
        fail_msg("%s", err.text);
    size_t found = 0;
    for (size_t i = 0; i < losses.count; i++)
        found += says == NULL || strstr(losses.items[i].text, says) != NULL;
    exh_losses_close(&losses);
    return found;
}

#define AUDIO .kind = EXH_TRACK_AUDIO, .main_bytes = 2352
#define DATA(k, n) .kind = EXH_TRACK_##k, .main_bytes = (n), .control = EXH_CONTROL_DATA

static void every_shape(void **state)
{
    (void)state;
    for (uint32_t at_once = 1; at_once < 300; at_once += 149) {
        struct disc d;
        begin(&d);
        (void)add(&d, (struct exh_track){DATA(MODE1, 2048), .sectors = 40});
        (void)add(&d, (struct exh_track){DATA(MODE1, 2352), .sectors = 20, .pregap = 150, .postgap = 7});
        (void)add(&d, (struct exh_track){DATA(MODE2, 2048), .sectors = 9});
        (void)add(&d, (struct exh_track){DATA(MODE2, 2324), .sectors = 9, .stored_pregap = 4, .pregap = 4});
        (void)add(&d, (struct exh_track){DATA(MODE2, 2336), .sectors = 9, .stored_pregap = 4, .pregap = 6});
        (void)add(&d, (struct exh_track){DATA(MODE2, 2352), .sectors = 9, .pregap = 3, .postgap = 4});
        struct exh_track *audio = add(&d, (struct exh_track){AUDIO, .sectors = 140, .pregap = 150, .control = EXH_CONTROL_COPY});
        (void)snprintf(audio->isrc, sizeof audio->isrc, "USABC0312345");
        (void)add(&d, (struct exh_track){AUDIO, .sectors = 11, .stored_pregap = 5, .pregap = 5, .control = EXH_CONTROL_PRE_EMPHASIS});
        (void)add(&d, (struct exh_track){AUDIO, .sectors = 11, .stored_pregap = 5, .pregap = 9, .control = EXH_CONTROL_FOUR_CHANNEL, .postgap = 2});
        struct exh_medium *m = finish(&d);
        assert_int_equal(losses_of(m->layout, NULL), 0);
        struct exh_medium *back = written(m, at_once);
        assert_same_tracks(m, back);
        exh_medium_close(back);
        exh_medium_close(m);
    }
}

static void subchannels(void **state)
{
    (void)state;
    for (uint32_t at_once = 1; at_once < 300; at_once += 149) {
        struct disc d;
        begin(&d);
        (void)add(&d, (struct exh_track){DATA(MODE1, 2352), .sub_bytes = 96, .sectors = 200});
        (void)add(&d, (struct exh_track){AUDIO, .sub_bytes = 96, .sectors = 20, .pregap = 10});
        (void)add(&d, (struct exh_track){AUDIO, .sub_bytes = 96, .sectors = 20, .pregap = 10, .stored_pregap = 10});
        (void)add(&d, (struct exh_track){AUDIO, .sub_bytes = 96, .sectors = 20, .pregap = 10, .stored_pregap = 2, .postgap = 3});
        (void)add(&d, (struct exh_track){AUDIO, .sectors = 5});
        struct exh_medium *m = finish(&d);
        assert_int_equal(losses_of(m->layout, NULL), 0);
        struct exh_medium *back = written(m, at_once);
        assert_same_tracks(m, back);
        exh_medium_close(back);
        exh_medium_close(m);
    }
}

/* Raw audio has its most significant byte first, and the subchannel lies interleaved behind each sector. */
static void bytes_of_the_bin(void **state)
{
    (void)state;
    struct disc d;
    begin(&d);
    (void)add(&d, (struct exh_track){AUDIO, .sub_bytes = 96, .sectors = 3});
    struct exh_medium *m = finish(&d);
    exh_medium_close(written(m, 2));
    char path[300];
    static uint8_t bin[3 * 2448 + 1];
    (void)snprintf(path, sizeof path, "%s/disc.bin", folder);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, bin, sizeof bin), 3 * 2448);
    (void)close(fd);
    for (size_t i = 0; i < 2352; i++)
        assert_int_equal(bin[2448 + i], pattern.data[2448 + (i ^ 1)]);
    for (size_t i = 0; i < 96; i++) /* bit 6 of byte i is bit i of Q */
        assert_int_equal(bin[2448 + 2352 + i] >> 6 & 1, pattern.data[2448 + 2352 + 12 + i / 8] >> (7 - i % 8) & 1);
    exh_medium_close(m);
}

static void facts_of_the_disc(void **state)
{
    (void)state;
    struct disc d;
    begin(&d);
    (void)add(&d, (struct exh_track){AUDIO, .sectors = 200, .stored_pregap = 20, .pregap = 20});
    (void)add(&d, (struct exh_track){AUDIO, .sectors = 100});
    struct exh_disc *facts = exh_stored_disc_facts(d.stored);
    (void)snprintf(facts->mcn, sizeof facts->mcn, "1234567890128");
    assert_true(exh_disc_add_index(facts, 1, 2, 50, &err));
    assert_true(exh_disc_add_index(facts, 1, 3, 51, &err));
    assert_true(exh_disc_add_index(facts, 2, 2, 210, &err));
    assert_true(exh_disc_set_lead_out(facts, 1, 300, 0x20, &err));
    size_t left_out;
    const struct exh_cdtext_item items[] = {{0, 0x80, 0, (char[]){"A \"disc\" \\"}},
                                            {0, 0x80, 1,
                                             (char[]){"Stra\xC3\x9F"
                                                      "e"}},
                                            {0, 0x80, 2, (char[]){"Two"}},
                                            {0, 0x81, 0, (char[]){"Gonz\xC3\xA1lez"}},
                                            {0, 0x86, 0, (char[]){"XY12345"}},
                                            {0, 0x87, 0, (char[]){"Rock"}},
                                            {0, 0x8E, 1, (char[]){"USABC0312345"}},
                                            {1, 0x80, 2, (char[]){"Deux"}}};
    assert_true(exh_cdtext_encode(items, sizeof items / sizeof items[0], 1, 2, 9, facts, &left_out, &err));
    struct exh_medium *m = finish(&d);
    assert_int_equal(losses_of(m->layout, NULL), 0);
    struct exh_medium *back = written(m, 100);
    assert_same_tracks(m, back);
    const struct exh_disc *x = m->layout->disc, *y = back->layout->disc;
    assert_string_equal(x->mcn, y->mcn);
    assert_int_equal(y->index_count, 3);
    assert_int_equal(x->indexes[1].number, y->indexes[1].number);
    assert_int_equal(x->indexes[1].lba, y->indexes[1].lba);
    assert_int_equal(y->indexes[2].lba, 210);
    assert_int_equal(y->sessions[0].disc_type, 0x20);
    assert_int_equal(y->sessions[0].lead_out, 300);
    assert_int_equal(x->cdtext_packs, y->cdtext_packs);
    assert_memory_equal(x->cdtext, y->cdtext, x->cdtext_packs * EXH_CDTEXT_PACK_BYTES);
    exh_medium_close(back);
    exh_medium_close(m);
}

static void the_text(void **state)
{
    (void)state;
    struct disc d;
    begin(&d);
    (void)add(&d, (struct exh_track){DATA(MODE1, 2048), .sectors = 80});
    (void)add(&d, (struct exh_track){AUDIO, .sectors = 76, .pregap = 150, .control = EXH_CONTROL_COPY});
    struct exh_medium *m = finish(&d);
    char *text = exh_toc_text(m->layout, "a \"b\".bin", &err);
    assert_string_equal(text, "CD_ROM\n"
                              "\n// Track 1\nTRACK MODE1\nNO COPY\nDATAFILE \"a \\\"b\\\".bin\" 00:01:05\n"
                              "\n// Track 2\nTRACK AUDIO\nCOPY\nNO PRE_EMPHASIS\nTWO_CHANNEL_AUDIO\nPREGAP 00:02:00\n"
                              "FILE \"a \\\"b\\\".bin\" #163840 0 00:01:01\n");
    free(text);
    exh_medium_close(m);
}

static void types_of_disc(void **state)
{
    (void)state;
    const struct {
        int said;
        enum exh_track_kind kind;
        const char *type;
    } list[] = {{-1, EXH_TRACK_AUDIO, "CD_DA\n"},    {0x00, EXH_TRACK_AUDIO, "CD_DA\n"},     {0x10, EXH_TRACK_AUDIO, "CD_I\n"},
                {-1, EXH_TRACK_MODE1, "CD_ROM\n"},   {0x20, EXH_TRACK_MODE1, "CD_ROM_XA\n"}, {-1, EXH_TRACK_MODE2, "CD_ROM_XA\n"},
                {0x00, EXH_TRACK_MODE2, "CD_ROM\n"}, {0x10, EXH_TRACK_MODE2, "CD_I\n"}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct disc d;
        begin(&d);
        (void)add(&d,
                  (struct exh_track){
                      .kind = list[i].kind, .main_bytes = 2352, .sectors = 20, .control = list[i].kind == EXH_TRACK_AUDIO ? 0 : EXH_CONTROL_DATA});
        assert_true(exh_disc_set_lead_out(exh_stored_disc_facts(d.stored), 1, EXH_NO_LBA, list[i].said, &err));
        struct exh_medium *m = finish(&d);
        assert_int_equal(losses_of(m->layout, NULL), 0);
        char *text = exh_toc_text(m->layout, "x.bin", &err);
        assert_int_equal(strncmp(text, list[i].type, strlen(list[i].type)), 0);
        free(text);
        exh_medium_close(m);
    }
}

/* ---- what does not fit ---- */

static void assert_refused(struct exh_layout *layout, const char *says)
{
    struct exh_losses losses = {0};
    struct exh_create create = {.folder = folder, .name = "disc.toc", .declared = layout};
    struct exh_sink *sink = NULL;
    exh_error_clear(&err);
    assert_false(exh_toc_fits(layout, &losses, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, says));
    exh_losses_close(&losses);
    assert_false(exh_toc_create(&create, &sink, &err));
}

static void refused(void **state)
{
    (void)state;
    struct exh_layout disk;
    exh_layout_disk(&disk, 1 << 20, 512);
    assert_refused(&disk, "this is a disk");
    struct exh_layout l = {.kind = EXH_LAYOUT_DISC, .track_count = 1};
    l.tracks[0] = (struct exh_track){.number = 1, .session = 1, .kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 100};
    assert_refused(&l, "this is none");
    l.tracks[0] = (struct exh_track){.number = 1, .session = 1, .kind = EXH_TRACK_MODE0, .main_bytes = 2336, .sectors = 100};
    assert_refused(&l, "has no mode");
    l.tracks[0] = (struct exh_track){.number = 1, .session = 1, AUDIO, .sub_bytes = 16, .sectors = 100};
    assert_refused(&l, "has no mode");
    l.tracks[0] = (struct exh_track){.number = 1, .session = 1, AUDIO, .sectors = EXH_SECTORS_UNKNOWN};
    assert_refused(&l, "needs a length");
    l.tracks[0] = (struct exh_track){.number = 1, .session = 1, AUDIO, .sectors = 10, .pregap = 10, .stored_pregap = 10};
    assert_refused(&l, "needs a length");
    l.tracks[0] = (struct exh_track){.number = 1, .session = 1, AUDIO, .sectors = 10, .tail_bytes = 7};
    assert_refused(&l, "the last sector of track 1 has 7 of 2352 bytes");
    l.tracks[0] = (struct exh_track){.number = 1, .session = 1, AUDIO, .sectors = 10};
    l.tracks[1] = (struct exh_track){.number = 2, .session = 2, AUDIO, .sectors = 10, .first = 11410};
    l.track_count = 2;
    assert_refused(&l, "session 2");
    l.tracks[1] = (struct exh_track){.number = 2, .session = 1, AUDIO, .sectors = 10, .first = 20, .pregap = 15};
    assert_refused(&l, "within track 1");
}

static void lost(void **state)
{
    (void)state;
    struct exh_disc disc = {.medium = "CD-R"};
    struct exh_layout l = {.kind = EXH_LAYOUT_DISC, .track_count = 2, .disc = &disc};
    l.tracks[0] =
        (struct exh_track){.number = 1, .session = 1, DATA(MODE1, 2352), .first = -150, .sectors = 200, .pregap = 150, .stored_pregap = 150};
    l.tracks[1] =
        (struct exh_track){.number = 2, .session = 1, AUDIO, .first = 60, .sectors = 10, .isrc = "usabc0312345", .control = EXH_CONTROL_DATA};
    assert_int_equal(losses_of(&l, "LBA -150 becomes LBA 0"), 1);
    assert_int_equal(losses_of(&l, "the 10 sectors between track 1 and 2"), 1);
    assert_int_equal(losses_of(&l, "ISRC of track 2"), 1);
    assert_int_equal(losses_of(&l, "CONTROL of track 2"), 1);
    assert_int_equal(losses_of(&l, "CD-R"), 1);
    assert_int_equal(losses_of(&l, NULL), 5);
    l.tracks[1].number = 3;
    assert_int_equal(losses_of(&l, "numbers of the tracks"), 1);
    assert_true(exh_disc_add_index(&disc, 1, 3, 20, &err)); /* 02 is missing */
    assert_int_equal(losses_of(&l, "INDEX 03 of track 1"), 1);
    assert_true(exh_disc_add_row(&disc, &(struct exh_toc_row){.point = 1}, &err));
    assert_int_equal(losses_of(&l, "1 rows of the full TOC"), 1);
    assert_true(exh_disc_set_lead_out(&disc, 1, 75, 0x00, &err));
    assert_int_equal(losses_of(&l, "lead-out at LBA 75"), 1);
    uint8_t pack[EXH_CDTEXT_PACK_BYTES] = {0x80, 0, 0, 0, 'x'}; /* no size packs, no CRC */
    assert_true(exh_disc_add_pack(&disc, pack, &err));
    assert_int_equal(losses_of(&l, "the packs of CD-TEXT"), 1);
    exh_disc_close(&disc);
}

/* What is given up in the place is kept in the bytes: the sectors before LBA 0 are a stored pregap. */
static void before_lba_0(void **state)
{
    (void)state;
    struct disc d;
    begin(&d);
    d.lba = -150;
    (void)add(&d, (struct exh_track){DATA(MODE1, 2352), .sectors = 200, .pregap = 150, .stored_pregap = 150});
    struct exh_medium *m = finish(&d), *back = written(m, 64);
    assert_int_equal(back->layout->tracks[0].first, 0);
    assert_int_equal(back->layout->tracks[0].stored_pregap, 150);
    uint8_t *p = read_sectors(m, 1, -150, 200, false), *q = read_sectors(back, 1, 0, 200, false);
    assert_memory_equal(p, q, 200 * 2352);
    free(p);
    free(q);
    exh_medium_close(back);
    exh_medium_close(m);
}

static void nothing_is_overwritten(void **state)
{
    (void)state;
    struct disc d;
    struct exh_sink *sink = NULL;
    begin(&d);
    (void)add(&d, (struct exh_track){AUDIO, .sectors = 20});
    struct exh_medium *m = finish(&d);
    struct exh_create create = creation(m);
    exh_medium_close(written(m, 20));
    assert_false(exh_toc_create(&create, &sink, &err));
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    empty_folder();
    create.segment_bytes = 1 << 20;
    exh_error_clear(&err);
    assert_false(exh_toc_create(&create, &sink, &err));
    assert_int_equal(err.code, EXH_USAGE);
    create.segment_bytes = 0;
    create.name = "no suffix";
    exh_error_clear(&err);
    assert_true(exh_toc_create(&create, &sink, &err));
    assert_string_equal(sink->files.items[1], "no suffix.bin");
    exh_sink_close(sink);
    exh_medium_close(m);
}

static int make_folder(void **state)
{
    (void)state;
    put_pattern(&pattern, sizeof pattern.data, 11);
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape),      cmocka_unit_test(subchannels),
        cmocka_unit_test(bytes_of_the_bin), cmocka_unit_test(facts_of_the_disc),
        cmocka_unit_test(the_text),         cmocka_unit_test(types_of_disc),
        cmocka_unit_test(refused),          cmocka_unit_test(lost),
        cmocka_unit_test(before_lba_0),     cmocka_unit_test(nothing_is_overwritten),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
