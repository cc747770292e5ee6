/* Cue sheets that others wrote: the layout and the checksums their list gives, or the refusal. What flac's own parser refuses is judged anew: it
 * reads sheets for audio in one file, and is stricter. */
#include "tests/unit/cue_lab.h"

#include "formats/optical/cue_parse.h"

static char corpus[256];

static int find_corpus(void **state)
{
    const char *base = getenv("EXHIBIT_CORPUS") != NULL ? getenv("EXHIBIT_CORPUS") : getenv("EXHIBIT_CORPUS_DEFAULT");
    struct stat st;
    (void)snprintf(corpus, sizeof corpus, "%.200s/optical", base != NULL ? base : "../shared/corpus");
    if (stat(corpus, &st) != 0)
        corpus[0] = '\0';
    return set_up(state);
}

static void need_corpus(void)
{
    if (corpus[0] != '\0')
        return;
    print_message("no samples: EXHIBIT_CORPUS does not name a folder\n");
    skip();
}

static const char *sample(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", corpus, name);
    return path;
}

static struct exh_medium *open_sample(const char *name)
{
    struct exh_medium *m = NULL;
    exh_error_clear(&err);
    if (!exh_image_open(sample(name), NULL, &(struct exh_open){0}, &m, &err)) /* probed, as anybody would */
        fail_msg("%s: %s", name, err.text);
    assert_string_equal(m->format, "cue");
    return m;
}

static void generated_discs(void **state)
{
    (void)state;
    need_corpus();
    struct exh_medium *m = open_sample("made-here/a.cue");
    expect_clean(m);
    expect_track(m, 1, 1, "MODE1/2352", 0, 64, 0, 0, 0);
    expect_track(m, 2, 1, "AUDIO", 64, 56, 32, 32, 0);
    expect_track(m, 3, 1, "AUDIO", 120, 16, 0, 0, 0);
    assert_int_equal(crc_of(m, 1, 0, 16, 2048), 0x95ac6735);
    assert_int_equal(crc_of(m, 1, 0, 0, 2352), 0xba3595f1);
    assert_int_equal(crc_of(m, 2, 0, 0, 2352), 0x084994cf);
    assert_int_equal(crc_of(m, 2, 32, 0, 2352), 0x751963c9);
    assert_int_equal(crc_of(m, 3, 0, 0, 2352), 0x9f969db1);
    assert_string_equal(m->layout->disc->mcn, "1234567890128");
    assert_string_equal(m->layout->tracks[1].isrc, "USABC0312345");
    assert_int_equal(m->layout->tracks[2].control, EXH_CONTROL_COPY);
    assert_int_equal(m->layout->disc->sessions[0].lead_out, 136);
    exh_medium_close(m);

    m = open_sample("made-here/b.cue"); /* the same in a file for each track */
    expect_clean(m);
    expect_track(m, 2, 1, "AUDIO", 64, 56, 32, 32, 0);
    assert_int_equal(crc_of(m, 1, 0, 0, 2352), 0xba3595f1);
    assert_int_equal(crc_of(m, 2, 0, 0, 2352), 0x084994cf);
    assert_int_equal(crc_of(m, 3, 0, 0, 2352), 0x9f969db1);
    exh_medium_close(m);

    m = open_sample("made-here/c.cue"); /* the pregap in no file */
    expect_clean(m);
    expect_track(m, 2, 1, "AUDIO", 96, 24, 0, 32, 0);
    expect_track(m, 3, 1, "AUDIO", 120, 16, 0, 0, 0);
    assert_int_equal(crc_of(m, 1, 0, 16, 2048), 0x95ac6735);
    assert_int_equal(crc_of(m, 2, 0, 0, 2352), 0x751963c9);
    assert_int_equal(crc_of(m, 3, 0, 0, 2352), 0x9f969db1);
    exh_medium_close(m);

    m = open_sample("made-here/m3.cue");
    expect_clean(m);
    expect_track(m, 1, 1, "MODE1/2352", 0, 64, 0, 0, 0);
    expect_track(m, 2, 2, "MODE1/2352", 11464, 64, 0, 0, 0);
    assert_int_equal(crc_of(m, 1, 0, 16, 2048), 0x95ac6735);
    assert_int_equal(crc_of(m, 2, 0, 16, 2048), 0x072768b3);
    exh_medium_close(m);
}

static void discs_of_others(void **state)
{
    (void)state;
    need_corpus();
    struct exh_medium *m = open_sample("libcdio/cdda.cue"); /* CDDA.BIN in the sheet, cdda.bin in the folder */
    expect_track(m, 1, 1, "AUDIO", 0, 302, 0, 0, 0);
    assert_int_equal(crc_of(m, 1, 0, 0, 2352), 0xee4f2419);
    assert_int_equal(remarks(m, EXH_WARNS, "cdda.bin"), 1);
    assert_int_equal(remarks(m, EXH_FAILS, ""), 0);
    exh_medium_close(m);

    m = open_sample("libcdio/isofs-m1.cue");
    expect_track(m, 1, 1, "MODE1/2352", 0, 302, 0, 0, 0);
    assert_int_equal(crc_of(m, 1, 0, 16, 2048), 0xfee7e400);
    exh_medium_close(m);

    m = open_sample("debian-made/vcd20.cue");
    expect_clean(m);
    expect_track(m, 1, 1, "MODE2/2352", 0, 300, 0, 0, 0);
    expect_track(m, 2, 1, "MODE2/2352", 300, 450, 150, 150, 0);
    assert_int_equal(crc_of(m, 1, 0, 24, 2048), 0x65f23d54);
    assert_int_equal(m->layout->tracks[1].control, EXH_CONTROL_DATA | EXH_CONTROL_COPY);
    exh_medium_close(m);

    size_t length; /* tracks 4 and 5 of a disc, whose data are those of cdda.bin */
    char *bytes = NULL;
    FILE *f = fopen(sample("libcdio/cdda.bin"), "rb");
    assert_non_null(f);
    bytes = malloc(710304);
    length = fread(bytes, 1, 710304, f);
    fclose(f);
    put_file("cdda_4_5.bin", bytes, length);
    free(bytes);
    f = fopen(sample("libcdio/cdda_4_5.cue"), "rb");
    char sheet[512];
    length = fread(sheet, 1, sizeof sheet, f);
    fclose(f);
    m = try_bytes(sheet, length);
    assert_non_null(m);
    expect_track(m, 4, 1, "AUDIO", 0, 150, 0, 0, 0);
    expect_track(m, 5, 1, "AUDIO", 150, 152, 0, 0, 0);
    exh_medium_close(m);
}

/* p1.cue names BOING.BIN: p1.bin, beside it, is not what was asked for. */
static void the_named_file_and_no_other(void **state)
{
    (void)state;
    need_corpus();
    struct exh_medium *m = NULL;
    assert_false(exh_image_open(sample("libcdio/p1.cue"), NULL, &(struct exh_open){0}, &m, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(err.at, 95);
    assert_non_null(strstr(err.text, "line 4: FILE: 'BOING.BIN'"));
    assert_non_null(strstr(err.file, "p1.cue"));
    exh_error_clear(&err);
}

/* What the parser alone says of a sheet. */
static bool parses(const char *name, struct exh_cue_sheet *sheet, size_t *odd)
{
    FILE *f = fopen(sample(name), "rb");
    if (f == NULL)
        fail_msg("%s is not there", name);
    static uint8_t text[65536];
    size_t length = fread(text, 1, sizeof text, f);
    struct exh_inspection notes = {0};
    fclose(f);
    memset(sheet, 0, sizeof *sheet);
    exh_error_clear(&err);
    bool ok = exh_cue_parse(text, length, name, sheet, &notes, &err);
    *odd = notes.remark_count;
    exh_inspection_close(&notes);
    return ok;
}

struct judged {
    const char *name;
    const char *refusal; /* NULL: accepted */
    size_t odd;          /* with so many remarks */
};

static void expect_judgement(const char *of, const struct judged *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        static struct exh_cue_sheet sheet;
        char name[256];
        size_t odd;
        (void)snprintf(name, sizeof name, "%s/%s", of, list[i].name);
        bool ok = parses(name, &sheet, &odd);
        if (ok != (list[i].refusal == NULL))
            fail_msg("%s: %s", name, ok ? "was accepted" : err.text);
        if (!ok && strstr(err.text, list[i].refusal) == NULL)
            fail_msg("%s: %s, and not %s", name, err.text, list[i].refusal);
        if (ok && odd != list[i].odd)
            fail_msg("%s: %zu remarks", name, odd);
        exh_cue_sheet_close(&sheet);
    }
}

static void sheets_of_libcdio(void **state)
{
    (void)state;
    need_corpus();
    static const struct judged list[] = {{"bad-cat1.cue", "line 4: CATALOG", 0},
                                         {"bad-cat2.cue", "line 4: CATALOG", 0},
                                         {"bad-cat3.cue", "line 4: CATALOG", 0},
                                         {"bad-mode1.cue", "line 6: 'MODE3_FORM1'", 0},
                                         {"bad-msf-1.cue", "line 7: INDEX 01", 0},
                                         {"bad-msf-2.cue", "line 7: INDEX 01", 0},
                                         {"bad-msf-3.cue", "line 7: INDEX 01", 0},
                                         {"cdda.cue", NULL, 0},
                                         {"p1.cue", NULL, 0},
                                         {"isofs-m1.cue", NULL, 0}};
    expect_judgement("libcdio", list, sizeof list / sizeof list[0]);
}

static void sheets_of_whipper(void **state)
{
    (void)state;
    need_corpus();
    static const struct judged list[] = {{"bloc.cue", NULL, 0},
                                         {"breeders.cue", NULL, 0},
                                         {"cure.cue", NULL, 0},
                                         {"kanye.cue", NULL, 1}, /* a data track that no file holds */
                                         {"kings-separate.cue", NULL, 0},
                                         {"kings-single.cue", NULL, 0},
                                         {"strokes-someday.eac.cue", NULL, 0},
                                         {"surferrosa.eac.corrected.cue", NULL, 0},
                                         {"surferrosa.eac.currentgap.cue", NULL, 0},
                                         {"surferrosa.eac.leftout.cue", NULL, 0},
                                         {"surferrosa.eac.noncompliant.cue", NULL, 0},
                                         {"surferrosa.eac.single.cue", NULL, 0},
                                         {"track-separate.cue", NULL, 0},
                                         {"track-single.cue", NULL, 0}};
    expect_judgement("whipper", list, sizeof list / sizeof list[0]);
}

/* Refused here as there: what contradicts itself or leaves a place open. Accepted here: what is in the wrong line, but says what it says (FLAGS,
 * ISRC), what a disc may be (a first INDEX 01 that is not 0: a hidden track), and numbers that are not one (ISRC), which are left aside. */
static void sheets_of_flac(void **state)
{
    (void)state;
    need_corpus();
    static const struct judged list[] = {{"bad.000.CATALOG_multiple.cue", "line 2: a second CATALOG", 0},
                                         {"bad.001.CATALOG_missing_number.cue", "line 1: CATALOG", 0},
                                         {"bad.002.CATALOG_number_too_long.cue", "line 1: CATALOG", 0},
                                         {"bad.003.CATALOG_not_13_digits.cue", "line 1: CATALOG", 0},
                                         {"bad.030.FLAGS_multiple.cue", NULL, 1},
                                         {"bad.031.FLAGS_wrong_place_1.cue", NULL, 1},
                                         {"bad.032.FLAGS_wrong_place_2.cue", NULL, 1},
                                         {"bad.060.INDEX_wrong_place.cue", "line 2: INDEX before any TRACK", 0},
                                         {"bad.061.INDEX_missing_number.cue", "line 4: INDEX needs a number", 0},
                                         {"bad.062.INDEX_invalid_number_1.cue", "line 4: INDEX needs a number", 0},
                                         {"bad.063.first_INDEX_not_0_or_1.cue", "line 4: the first INDEX", 0},
                                         {"bad.064.INDEX_num_non_sequential.cue", "line 5: INDEX 0 of track 1 follows INDEX 1", 0},
                                         {"bad.065.INDEX_num_out_of_range.cue", "line 104: INDEX needs a number", 0},
                                         {"bad.066.INDEX_missing_offset.cue", "line 4: INDEX 01 needs a time", 0},
                                         {"bad.067.INDEX_illegal_offset.cue", "line 4: INDEX 01 needs a time", 0},
                                         {"bad.068.INDEX_cdda_illegal_offset.cue", "line 4: INDEX 01 needs a time", 0},
                                         {"bad.069.nonzero_first_INDEX.cue", NULL, 0},
                                         {"bad.070.INDEX_offset_not_ascending_1.cue", "line 5: INDEX 3 of track 1 lies before", 0},
                                         {"bad.071.INDEX_offset_not_ascending_2.cue", "line 6: INDEX 1 of track 2 lies before", 0},
                                         {"bad.110.ISRC_multiple.cue", "line 4: a second ISRC", 0},
                                         {"bad.111.ISRC_wrong_place_1.cue", NULL, 1},
                                         {"bad.112.ISRC_wrong_place_2.cue", NULL, 1},
                                         {"bad.113.ISRC_missing_number.cue", NULL, 1},
                                         {"bad.114.ISRC_invalid_number.cue", NULL, 1},
                                         {"bad.130.TRACK_missing_INDEX_01_1.cue", "line 2: track 1 has no INDEX 01", 0},
                                         {"bad.131.TRACK_missing_INDEX_01_2.cue", "line 2: track 1 has no INDEX 01", 0},
                                         {"bad.132.TRACK_missing_INDEX_01_3.cue", "line 2: track 1 has no INDEX 01", 0},
                                         {"bad.133.TRACK_missing_INDEX_01_4.cue", "line 2: track 1 has no INDEX 01", 0},
                                         {"bad.134.TRACK_missing_number.cue", "line 2: TRACK needs", 0},
                                         {"bad.135.TRACK_invalid_number_1.cue", "line 2: 'thhpt!'", 0},
                                         {"bad.136.TRACK_invalid_number_2.cue", "line 2: TRACK 0", 0},
                                         {"bad.137.TRACK_cdda_out_of_range.cue", "line 2: TRACK 100", 0},
                                         {"bad.138.TRACK_num_non_sequential.cue", "line 6: track 1 follows track 2", 0},
                                         {"bad.139.TRACK_missing_type.cue", "line 2: TRACK needs", 0},
                                         {"bad.140.no_TRACKs.cue", "no TRACK", 0},
                                         {"bad.200.FLAC_leadin_missing_offset.cue", "no TRACK", 0},
                                         {"bad.201.FLAC_leadin_illegal_offset.cue", "no TRACK", 0},
                                         {"bad.202.FLAC_leadin_cdda_illegal_offset.cue", "no TRACK", 0},
                                         {"bad.230.FLAC_leadout_multiple.cue", "no TRACK", 0},
                                         {"bad.231.FLAC_leadout_missing_track.cue", "no TRACK", 0},
                                         {"bad.232.FLAC_leadout_illegal_track.cue", "no TRACK", 0},
                                         {"bad.233.FLAC_leadout_missing_offset.cue", "no TRACK", 0},
                                         {"bad.234.FLAC_leadout_illegal_offset.cue", "no TRACK", 0},
                                         {"bad.235.FLAC_leadout_offset_not_211680000.cue", "no TRACK", 0},
                                         {"good.000.cue", NULL, 0},
                                         {"good.001.cue", NULL, 0},
                                         {"good.002.dos_format.cue", NULL, 0},
                                         {"good.003.missing_final_newline.cue", NULL, 0},
                                         {"good.004.dos_format.missing_final_newline.cue", NULL, 0},
                                         /* A track without any file is a sheet for a FLAC's own block, not for a disc. */
                                         {"good.005.quoted.isrc.cue", "line 6: INDEX before any FILE", 0},
                                         {"cuesheet.fuzz", "line 1: a zero byte", 0}};
    expect_judgement("flac-cuesheets", list, sizeof list / sizeof list[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(generated_discs, find_corpus, tear_down),
        cmocka_unit_test_setup_teardown(discs_of_others, find_corpus, tear_down),
        cmocka_unit_test_setup_teardown(the_named_file_and_no_other, find_corpus, tear_down),
        cmocka_unit_test_setup_teardown(sheets_of_libcdio, find_corpus, tear_down),
        cmocka_unit_test_setup_teardown(sheets_of_whipper, find_corpus, tear_down),
        cmocka_unit_test_setup_teardown(sheets_of_flac, find_corpus, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
