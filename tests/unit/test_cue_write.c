/* The cue writer: what it writes, read back, is the same layout and the same bytes; and what it cannot hold is named before. */
#include "tests/unit/cue_lab.h"

#include "formats/model/seal.h"
#include "formats/optical/cue_describe.h"

/* Writes the medium as NAME, in blocks of `step` sectors. */
static struct exh_sink *write_as(struct exh_medium *m, const char *name, uint32_t step, const char *fill)
{
    struct exh_sink *sink = NULL;
    struct exh_seal seal = {0};
    struct exh_scratch *scratch = NULL;
    struct exh_create create = {.folder = folder, .name = name, .declared = m->layout, .program = "test"};
    create.fill = (const uint8_t *)fill;
    create.fill_length = fill != NULL ? strlen(fill) : 0;
    if (!exh_format_cue.create(&create, &sink, &err))
        fail_msg("%s", err.text);
    assert_true(exh_medium_scratch(m, &scratch, &err));
    for (uint32_t t = 0; t < m->layout->track_count; t++) {
        const struct exh_track *track = &m->layout->tracks[t];
        for (uint64_t at = 0; at < track->sectors; at += step) {
            struct exh_block block = {0};
            struct exh_faults faults = {0};
            uint32_t n = track->sectors - at < step ? (uint32_t)(track->sectors - at) : step;
            struct exh_want want = {.track = track, .lba = track->first + (int64_t)at, .count = n, .effort = EXH_THOROUGH};
            assert_true(exh_block_open(&block, n, track->main_bytes, track->sub_bytes, &err));
            assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
            if (fill != NULL)
                exh_block_fill(&block, create.fill, create.fill_length);
            if (!sink->consumer.ops->take(&sink->consumer, &block, NULL, &err))
                fail_msg("%s", err.text);
            exh_block_close(&block);
            exh_faults_close(&faults);
        }
    }
    exh_scratch_close(scratch);
    if (!exh_sink_seal(sink, m->layout, &seal, &err))
        fail_msg("%s", err.text);
    return sink;
}

static void expect_same_disc(const struct exh_disc *a, const struct exh_disc *b)
{
    assert_string_equal(a->mcn, b->mcn);
    assert_string_equal(a->medium, b->medium);
    assert_int_equal(a->session_count, b->session_count);
    for (uint32_t i = 0; i < a->session_count; i++) {
        assert_int_equal(a->sessions[i].number, b->sessions[i].number);
        assert_int_equal(a->sessions[i].lead_out, b->sessions[i].lead_out);
        assert_int_equal(a->sessions[i].disc_type, b->sessions[i].disc_type);
    }
    assert_int_equal(a->index_count, b->index_count);
    for (size_t i = 0; i < a->index_count; i++) {
        assert_int_equal(a->indexes[i].track, b->indexes[i].track);
        assert_int_equal(a->indexes[i].number, b->indexes[i].number);
        assert_int_equal(a->indexes[i].lba, b->indexes[i].lba);
    }
}

static void expect_same(struct exh_medium *a, struct exh_medium *b)
{
    assert_int_equal(a->layout->track_count, b->layout->track_count);
    for (uint32_t t = 0; t < a->layout->track_count; t++) {
        const struct exh_track *x = &a->layout->tracks[t], *y = &b->layout->tracks[t];
        expect_track(b, x->number, x->session, exh_track_mode(x), x->first, x->sectors, x->stored_pregap, x->pregap, x->postgap);
        assert_int_equal(x->control, y->control);
        assert_string_equal(x->isrc, y->isrc);
        struct sectors p, q;
        read_sectors(a, x, x->first, (uint32_t)x->sectors, &p);
        read_sectors(b, y, y->first, (uint32_t)y->sectors, &q);
        assert_memory_equal(p.block.main, q.block.main, x->sectors * x->main_bytes);
        sectors_close(&p);
        sectors_close(&q);
    }
    expect_same_disc(a->layout->disc, b->layout->disc);
}

static void expect_losses(const struct exh_layout *layout, size_t count, const char *text)
{
    struct exh_losses losses = {0};
    bool found = text == NULL;
    if (!exh_format_cue.fits(layout, &losses, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < losses.count; i++)
        found = found || strstr(losses.items[i].text, text) != NULL;
    if (losses.count != count || !found)
        fail_msg("%zu losses, the first: %s", losses.count, losses.count > 0 ? losses.items[0].text : "none");
    exh_losses_close(&losses);
}

/* Reads the sheet, writes it as "out.cue", reads that, and holds them equal. Closes nothing of what it returns. */
static void expect_round_trip(const char *sheet, const char *written)
{
    struct exh_medium *m = open_sheet(sheet);
    expect_losses(m->layout, 0, NULL);
    struct exh_sink *sink = write_as(m, "out.cue", 7, NULL);
    assert_string_equal(sink->files.items[0], "out.cue");
    assert_int_equal(sink->files.count, 1 + m->layout->track_count);
    if (written != NULL) {
        size_t length;
        char *text = whole_file("out.cue", &length);
        assert_string_equal(text, written);
        free(text);
    }
    struct exh_medium *again = try_path(in_folder("out.cue"));
    if (again == NULL)
        fail_msg("%s", err.text);
    expect_clean(again);
    expect_same(m, again);
    for (size_t i = 0; i < sink->files.count; i++)
        assert_string_equal(exh_text_base(again->files->items[i]), sink->files.items[i]);
    exh_medium_close(again);
    exh_medium_close(m);
    for (size_t i = 0; i < sink->files.count; i++)
        assert_int_equal(unlink(in_folder(sink->files.items[i])), 0);
    exh_sink_close(sink);
}

static void one_of_everything(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 300);
    expect_round_trip(
        "CATALOG 1234567890123\nFILE a.bin BINARY\nTRACK 01 MODE1/2352\nFLAGS DCP\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nFLAGS PRE 4CH\n"
        "ISRC USABC0312345\nPREGAP 00:00:05\nINDEX 00 00:01:00\nINDEX 01 00:01:10\nINDEX 02 00:02:00\nINDEX 03 00:02:00\nPOSTGAP 00:00:07\n"
        "TRACK 03 MODE2/2352\nPREGAP 00:02:00\nINDEX 01 00:03:00\n",
        "CATALOG 1234567890123\r\n"
        "FILE \"out (Track 1).bin\" BINARY\r\n"
        "  TRACK 01 MODE1/2352\r\n"
        "    FLAGS DCP\r\n"
        "    INDEX 01 00:00:00\r\n"
        "FILE \"out (Track 2).bin\" BINARY\r\n"
        "  TRACK 02 AUDIO\r\n"
        "    FLAGS 4CH PRE\r\n"
        "    ISRC USABC0312345\r\n"
        "    PREGAP 00:00:05\r\n"
        "    INDEX 00 00:00:00\r\n"
        "    INDEX 01 00:00:10\r\n"
        "    INDEX 02 00:01:00\r\n"
        "    INDEX 03 00:01:00\r\n"
        "    POSTGAP 00:00:07\r\n"
        "FILE \"out (Track 3).bin\" BINARY\r\n"
        "  TRACK 03 MODE2/2352\r\n"
        "    PREGAP 00:02:00\r\n"
        "    INDEX 01 00:00:00\r\n");
}

static void every_form(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        unsigned bytes;
    } forms[] = {{"AUDIO", 2352},      {"MODE1/2048", 2048}, {"MODE1/2352", 2352}, {"MODE2/2048", 2048}, {"MODE2/2324", 2324},
                 {"MODE2/2336", 2336}, {"MODE2/2352", 2352}, {"CDI/2336", 2336},   {"CDI/2352", 2352},   {"MODE0/2352", 2352}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char sheet[200];
        make_file("a.bin", (unsigned)i + 1, forms[i].bytes * 33u);
        (void)snprintf(sheet, sizeof sheet, "FILE a.bin BINARY\nTRACK 01 %s\nINDEX 01 00:00:05\nTRACK 02 %s\nINDEX 00 00:00:20\nINDEX 01 00:00:22\n",
                       forms[i].mode, forms[i].mode);
        expect_round_trip(sheet, NULL);
    }
}

static void sessions(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 20);
    make_file("b.bin", 2, 2352 * 160);
    make_file("c.bin", 3, 2352 * 20);
    expect_round_trip("FILE a.bin BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nREM SESSION 02\nFILE b.bin BINARY\nTRACK 02 AUDIO\nINDEX 00 00:00:00\n"
                      "INDEX 01 00:02:00\nREM SESSION 03\nFILE c.bin BINARY\nTRACK 03 MODE1/2352\nINDEX 01 00:00:00\n",
                      "REM SESSION 01\r\n"
                      "FILE \"out (Track 1).bin\" BINARY\r\n"
                      "  TRACK 01 AUDIO\r\n"
                      "    INDEX 01 00:00:00\r\n"
                      "REM LEAD-OUT 01:30:00\r\n"
                      "REM SESSION 02\r\n"
                      "REM LEAD-IN 01:00:00\r\n"
                      "REM PREGAP 00:02:00\r\n"
                      "FILE \"out (Track 2).bin\" BINARY\r\n"
                      "  TRACK 02 AUDIO\r\n"
                      "    INDEX 00 00:00:00\r\n"
                      "    INDEX 01 00:02:00\r\n"
                      "REM LEAD-OUT 00:30:00\r\n"
                      "REM SESSION 03\r\n"
                      "REM LEAD-IN 01:00:00\r\n"
                      "REM PREGAP 00:02:00\r\n"
                      "FILE \"out (Track 3).bin\" BINARY\r\n"
                      "  TRACK 03 MODE1/2352\r\n"
                      "    INDEX 01 00:00:00\r\n");
    /* A session's first track with more pregap than the usual, stored and not. */
    expect_round_trip("FILE a.bin BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nREM SESSION 02\nFILE b.bin BINARY\nTRACK 02 AUDIO\nPREGAP 00:03:00\n"
                      "INDEX 00 00:00:00\nINDEX 01 00:00:10\n",
                      NULL);
    expect_round_trip("REM SINGLE-DENSITY AREA\nFILE a.bin BINARY\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\nREM HIGH-DENSITY AREA\nFILE b.bin BINARY\n"
                      "TRACK 02 MODE1/2352\nINDEX 01 00:00:00\nFILE c.bin BINARY\nTRACK 03 AUDIO\nINDEX 01 00:00:00\n",
                      NULL);
}

static void many_tracks(void **state)
{
    (void)state;
    char *sheet = NULL;
    make_file("a.bin", 1, 2352 * 99 * 4);
    for (unsigned last = 9; last <= 99; last += 90) {
        assert_true(exh_text_append(&sheet, "FILE a.bin BINARY\n"));
        for (unsigned t = 1; t <= last; t++)
            assert_true(exh_text_append(&sheet, "TRACK %02u AUDIO\nINDEX 01 00:%02u:%02u\n", t, (t - 1) * 4 / 75, (t - 1) * 4 % 75));
        struct exh_medium *m = open_sheet(sheet);
        struct exh_sink *sink = write_as(m, "out.CUE", 3, NULL);
        assert_string_equal(sink->files.items[0], "out.CUE");
        assert_string_equal(sink->files.items[1], last == 9 ? "out (Track 1).bin" : "out (Track 01).bin");
        exh_sink_close(sink);
        exh_medium_close(m);
        empty_folder();
        make_file("a.bin", 1, 2352 * 99 * 4);
        expect_round_trip(sheet, NULL);
        free(sheet);
        sheet = NULL;
    }
}

/* Sectors that are not there: zeros, or the pattern. The files have their full length. */
static void unreadable_sectors(void **state)
{
    (void)state;
    for (int filled = 0; filled < 2; filled++) {
        make_file("a.bin", 1, 2352 * 10 + 100);
        struct exh_medium *m = open_sheet("FILE a.bin BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:00:20\n");
        assert_int_equal(m->layout->tracks[0].sectors, 20);
        struct exh_sink *sink = write_as(m, "out.cue", 8, filled ? "NO DATA " : NULL);
        size_t length;
        char *bytes = whole_file("out (Track 1).bin", &length);
        assert_int_equal(length, 2352 * 20);
        for (size_t i = 0; i < length; i++)
            assert_int_equal((uint8_t)bytes[i], i < 2352 * 10 ? byte_of(1, i) : filled ? (uint8_t) "NO DATA "[i % 2352 % 8] : 0);
        free(bytes);
        bytes = whole_file("out (Track 2).bin", &length);
        assert_int_equal(length, 2352);
        free(bytes);
        exh_sink_close(sink);
        exh_medium_close(m);
        empty_folder();
    }
}

/* Blocks that no container stores are holes, also at the end of a file. */
static void holes(void **state)
{
    (void)state;
    struct exh_layout layout = {.kind = EXH_LAYOUT_DISC, .track_count = 1};
    layout.tracks[0] =
        (struct exh_track){.number = 1, .session = 1, .control = EXH_CONTROL_DATA, .kind = EXH_TRACK_MODE1, .sectors = 500, .main_bytes = 2048};
    struct exh_create create = {.folder = folder, .name = "out.cue", .declared = &layout};
    struct exh_sink *sink = NULL;
    struct exh_seal seal = {0};
    assert_true(exh_format_cue.create(&create, &sink, &err));
    struct exh_block block = {0};
    assert_true(exh_block_open(&block, 500, 2048, 0, &err));
    block.track = &layout.tracks[0];
    block.count = 500;
    block.kind = EXH_BLOCK_UNALLOCATED;
    assert_true(sink->consumer.ops->take(&sink->consumer, &block, NULL, &err));
    assert_true(exh_sink_seal(sink, &layout, &seal, &err));
    struct stat st;
    assert_int_equal(stat(in_folder("out (Track 1).bin"), &st), 0);
    assert_int_equal(st.st_size, 500 * 2048);
    assert_int_equal(st.st_blocks, 0);
    exh_block_close(&block);
    exh_sink_close(sink);
}

/* ---- what is lost ---- */

static void losses(void **state)
{
    (void)state;
    struct exh_disc disc = {.medium = "CD"};
    struct exh_layout l = {.kind = EXH_LAYOUT_DISC, .disc = &disc, .track_count = 3};
    static const struct exh_track good[3] = {
        {.number = 1, .session = 1, .control = EXH_CONTROL_DATA, .kind = EXH_TRACK_MODE1, .sectors = 100, .main_bytes = 2352},
        {.number = 2, .session = 1, .kind = EXH_TRACK_AUDIO, .first = 100, .sectors = 100, .main_bytes = 2352, .stored_pregap = 10, .pregap = 10},
        {.number = 3, .session = 2, .kind = EXH_TRACK_AUDIO, .first = 200 + EXH_SESSION_GAP_FIRST, .sectors = 100, .main_bytes = 2352}};
#define FRESH memcpy(l.tracks, good, sizeof good)
    FRESH;
    expect_losses(&l, 0, NULL);
    l.tracks[2].pregap = 150; /* the silence every session begins with, said by a format that says it */
    expect_losses(&l, 0, NULL);
    FRESH;
    l.tracks[1].sub_bytes = 96;
    expect_losses(&l, 1, "the subchannel of track 2");
    FRESH;
    l.tracks[0].first = -150;
    l.tracks[0].sectors = 250;
    l.tracks[0].stored_pregap = l.tracks[0].pregap = 150;
    expect_losses(&l, 1, "150 sectors before LBA 0 are stored");
    FRESH;
    l.tracks[2].first += 1;
    expect_losses(&l, 1, "the place of track 3, a session's first: it is at LBA 11601, and by the sheet at 11600");
    FRESH;
    l.tracks[1].first += 5; /* nothing says of the gap what it is */
    l.tracks[2].first += 5;
    expect_losses(&l, 1, "the place of track 2: it is at LBA 115, and by the sheet at 110");
    FRESH;
    l.tracks[1].control = EXH_CONTROL_DATA;
    expect_losses(&l, 1, "the control bits of track 2");
    FRESH;
    memcpy(l.tracks[1].isrc, "USABC031234X", 13);
    expect_losses(&l, 1, "the ISRC of track 2");
    FRESH;
    assert_true(exh_disc_set_lead_out(&disc, 1, 200, 0, &err) && exh_disc_set_lead_out(&disc, 2, 11700, -1, &err));
    expect_losses(&l, 0, NULL);
    disc.sessions[0].disc_type = 0x20;
    disc.sessions[1].lead_out = 11850;
    expect_losses(&l, 2, "the disc type 20 of session 1");
    expect_losses(&l, 2, "the lead-out of session 2 at LBA 11850");
    disc.session_count = 0;
    assert_true(exh_disc_add_row(&disc, &(struct exh_toc_row){.session = 1}, &err));
    expect_losses(&l, 1, "the rows of the TOC");
    disc.row_count = 0;
    assert_true(exh_disc_add_index(&disc, 2, 2, 150, &err) && exh_disc_add_index(&disc, 2, 4, 160, &err));
    expect_losses(&l, 1, "1 of the indexes of track 2");
    disc.indexes[1].number = 3;
    expect_losses(&l, 0, NULL);
    disc.indexes[1].lba = 149;
    expect_losses(&l, 1, "1 of the indexes of track 2");
    disc.indexes[1].lba = 200;
    expect_losses(&l, 1, "1 of the indexes of track 2");
    disc.index_count = 0;
    memcpy(disc.mcn, "12345", 6);
    memcpy(disc.medium, "CD-R", 5);
    expect_losses(&l, 2, "the catalogue number");
    expect_losses(&l, 2, "that the medium is CD-R");
    exh_disc_close(&disc);
#undef FRESH
}

static void what_has_no_form(void **state)
{
    (void)state;
    static const struct {
        enum exh_layout_kind layout;
        struct exh_track track;
        const char *text; /* NULL: it can be written, and something is lost */
    } list[] = {
        {EXH_LAYOUT_DISK, {.kind = EXH_TRACK_BLOCKS, .sectors = 10, .main_bytes = 2048}, "describes a disc"},
        {EXH_LAYOUT_DISC, {.kind = EXH_TRACK_BLOCKS, .sectors = 10, .main_bytes = 512}, "track 1 (BLOCKS/512, 512 bytes) has no form"},
        {EXH_LAYOUT_DISC, {.kind = EXH_TRACK_MODE0, .sectors = 10, .main_bytes = 2336}, "has no form"},
        {EXH_LAYOUT_DISC, {.kind = EXH_TRACK_BLOCKS, .sectors = 2295104, .main_bytes = 2048}, "more than a CD holds"},
        {EXH_LAYOUT_DISC,
         {.kind = EXH_TRACK_AUDIO, .sectors = 10, .stored_pregap = 10, .pregap = 10, .main_bytes = 2352},
         "no sector at its INDEX 01"},
        {EXH_LAYOUT_DISC,
         {.kind = EXH_TRACK_AUDIO, .sectors = 10, .main_bytes = 2352, .tail_bytes = 7},
         "the last sector of track 1 has 7 of 2352 bytes"},
        {EXH_LAYOUT_DISC, {.kind = EXH_TRACK_BLOCKS, .sectors = 10, .main_bytes = 2048}, NULL},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct exh_layout l = {.kind = list[i].layout, .track_count = 1, .tracks = {list[i].track}};
        struct exh_create create = {.folder = folder, .name = "out.cue", .declared = &l};
        struct exh_losses losses_of = {0};
        struct exh_sink *sink = NULL;
        l.tracks[0].number = l.tracks[0].session = 1;
        exh_error_clear(&err);
        if (list[i].text == NULL) {
            expect_losses(&l, 1, "that it is no CD");
            continue;
        }
        assert_false(exh_format_cue.fits(&l, &losses_of, &err));
        assert_int_equal(err.code, EXH_REFUSED);
        assert_non_null(strstr(err.text, list[i].text));
        exh_error_clear(&err);
        assert_false(exh_format_cue.create(&create, &sink, &err));
        exh_losses_close(&losses_of);
    }
    exh_error_clear(&err);
}

/* What is there is never written over, and a name that would break the sheet's lines is refused. */
static void names_and_files_in_the_way(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 10);
    struct exh_medium *m = open_sheet("FILE a.bin BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n");
    struct exh_sink *sink = NULL;
    struct exh_create create = {.folder = folder, .name = "a\"b.cue", .declared = m->layout};
    assert_false(exh_format_cue.create(&create, &sink, &err));
    assert_int_equal(err.code, EXH_USAGE);
    exh_error_clear(&err);
    put_file("out (Track 1).bin", "mine", 4);
    create.name = "out.cue";
    assert_false(exh_format_cue.create(&create, &sink, &err));
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    size_t length;
    char *bytes = whole_file("out (Track 1).bin", &length);
    assert_string_equal(bytes, "mine");
    free(bytes);
    exh_error_clear(&err);
    assert_int_equal(unlink(in_folder("out (Track 1).bin")), 0);
    put_file("out.cue", "mine", 4);
    struct exh_seal seal = {0};
    assert_true(exh_format_cue.create(&create, &sink, &err));
    assert_false(exh_sink_seal(sink, m->layout, &seal, &err));
    exh_sink_close(sink);
    exh_medium_close(m);
    exh_error_clear(&err);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(one_of_everything),          TEST(every_form), TEST(sessions), TEST(many_tracks),
        TEST(unreadable_sectors),         TEST(holes),      TEST(losses),   TEST(what_has_no_form),
        TEST(names_and_files_in_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
