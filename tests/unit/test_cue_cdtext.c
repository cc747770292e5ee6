/* The texts of a cue sheet: made into packs where the sheet has only words, taken raw from the CDTEXTFILE where it has one, and written again. */
#include "tests/unit/cue_lab.h"

#include "formats/model/seal.h"
#include "formats/optical/cdtext.h"

#define SHEET                                                                                                                                        \
    "TITLE \"Say \"when\"\"\nPERFORMER \"J\xC3\xB6rg\"\nFILE a.bin BINARY\nTRACK 01 AUDIO\nTITLE \"One\"\nPERFORMER A\nSONGWRITER \"B\"\n"           \
    "INDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE \"Two\"\nINDEX 01 00:00:05\n"

static void expect_texts(const struct exh_medium *m)
{
    static const struct {
        unsigned type, track;
        const char *text;
    } list[] = {{0x80, 0, "Say \"when\""}, {0x81, 0, "J\xC3\xB6rg"}, {0x80, 1, "One"}, {0x81, 1, "A"}, {0x82, 1, "B"}, {0x80, 2, "Two"}};
    struct exh_cdtext cdtext = {0};
    assert_true(exh_cdtext_decode(m->layout->disc->cdtext, m->layout->disc->cdtext_packs, &cdtext, &err));
    assert_int_equal(cdtext.bad_crc, 0);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        const char *text = exh_cdtext_find(&cdtext, 0, list[i].type, list[i].track);
        assert_non_null(text);
        assert_string_equal(text, list[i].text);
    }
    exh_cdtext_close(&cdtext);
}

static void words_become_packs(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 10);
    struct exh_medium *m = open_sheet(SHEET);
    expect_clean(m);
    expect_texts(m);
    exh_medium_close(m);
    m = open_sheet("TITLE \"\xE6\x97\xA5\"\nFILE a.bin BINARY\nTRACK 01 AUDIO\nTITLE a\nINDEX 01 00:00:00\n"); /* no character of ISO 8859-1 */
    assert_int_equal(remarks(m, EXH_WARNS, "1 texts have characters that CD-TEXT has not"), 1);
    exh_medium_close(m);
}

/* More than 256 packs can hold: the disc is read all the same. */
static void too_many_words(void **state)
{
    (void)state;
    char *sheet = exh_text_copy("FILE a.bin BINARY\n", 18), title[400];
    memset(title, 'x', sizeof title - 1);
    title[sizeof title - 1] = '\0';
    make_file("a.bin", 1, 2352 * 99);
    for (unsigned t = 1; t <= 60; t++)
        assert_true(exh_text_append(&sheet, "TRACK %02u AUDIO\nTITLE \"%s\"\nINDEX 01 00:00:%02u\n", t, title, t));
    struct exh_medium *m = open_sheet(sheet);
    assert_int_equal(remarks(m, EXH_WARNS, "more text than CD-TEXT can hold"), 1);
    assert_int_equal(m->layout->disc->cdtext_packs, 0);
    assert_int_equal(m->layout->track_count, 60);
    exh_medium_close(m);
    free(sheet);
}

static void packs_in_a_file(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 10);
    struct exh_medium *m = open_sheet(SHEET);
    size_t length = m->layout->disc->cdtext_packs * EXH_CDTEXT_PACK_BYTES;
    assert_true(length > 0);
    put_file("a.cdt", m->layout->disc->cdtext, length);
    struct exh_medium *with = open_sheet("CDTEXTFILE \"A.CDT\"\nTITLE \"Other\"\nFILE a.bin BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n");
    assert_int_equal(with->layout->disc->cdtext_packs * EXH_CDTEXT_PACK_BYTES, length);
    assert_memory_equal(with->layout->disc->cdtext, m->layout->disc->cdtext, length);
    assert_int_equal(with->files->count, 3);
    exh_medium_close(with);
    exh_medium_close(m);
    put_file("a.cdt", "no packs", 8);
    m = open_sheet("CDTEXTFILE a.cdt\nFILE a.bin BINARY\nTRACK 01 AUDIO\nTITLE \"One\"\nINDEX 01 00:00:00\n");
    assert_int_equal(remarks(m, EXH_FAILS, "holds no CD-TEXT packs"), 1);
    assert_true(m->layout->disc->cdtext_packs > 0); /* the sheet's own words, then */
    exh_medium_close(m);
    make_file("a.cdt", 1, 100000);
    m = open_sheet("CDTEXTFILE a.cdt\nFILE a.bin BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n");
    assert_int_equal(remarks(m, EXH_FAILS, "holds no CD-TEXT packs"), 1);
    assert_int_equal(m->layout->disc->cdtext_packs, 0);
    exh_medium_close(m);
}

static void written_and_read_again(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 10);
    struct exh_medium *m = open_sheet(SHEET);
    struct exh_create create = {.folder = folder, .name = "out.cue", .declared = m->layout};
    struct exh_sink *sink = NULL;
    struct exh_seal seal = {0};
    assert_true(exh_format_cue.create(&create, &sink, &err));
    assert_true(exh_sink_seal(sink, m->layout, &seal, &err));
    assert_int_equal(sink->files.count, 4);
    assert_string_equal(sink->files.items[3], "out.cdt");
    exh_sink_close(sink);
    size_t length;
    char *text = whole_file("out.cue", &length);
    assert_string_equal(text, "CDTEXTFILE \"out.cdt\"\r\n"
                              "PERFORMER \"J\xC3\xB6rg\"\r\n" /* the title has what cannot stand in a sheet */
                              "FILE \"out (Track 1).bin\" BINARY\r\n"
                              "  TRACK 01 AUDIO\r\n"
                              "    TITLE \"One\"\r\n"
                              "    PERFORMER \"A\"\r\n"
                              "    SONGWRITER \"B\"\r\n"
                              "    INDEX 01 00:00:00\r\n"
                              "FILE \"out (Track 2).bin\" BINARY\r\n"
                              "  TRACK 02 AUDIO\r\n"
                              "    TITLE \"Two\"\r\n"
                              "    INDEX 01 00:00:00\r\n");
    free(text);
    struct exh_medium *again = try_path(in_folder("out.cue"));
    assert_non_null(again);
    expect_clean(again);
    expect_texts(again);
    assert_int_equal(again->layout->disc->cdtext_packs, m->layout->disc->cdtext_packs);
    assert_memory_equal(again->layout->disc->cdtext, m->layout->disc->cdtext, m->layout->disc->cdtext_packs * EXH_CDTEXT_PACK_BYTES);
    exh_medium_close(again);
    exh_medium_close(m);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(words_become_packs), TEST(too_many_words), TEST(packs_in_a_file), TEST(written_and_read_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
