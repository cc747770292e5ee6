/* cdrdao's toc-files: the grammar, where it puts the tracks, and what is refused, by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>

#include "disc_bytes.h"
#include "formats/model/text.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/toc.h"
#include "formats/optical/toc_parse.h"

static struct exh_error err;
static char folder[] = "/tmp/exhibit-toc-XXXXXX";
static struct bytes pattern; /* what x.bin holds: 400 sectors of 2352 */

#define X_SECTORS 400u

static void write_file(const char *name, const void *data, size_t length)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, length), (ssize_t)length);
    (void)close(fd);
}

static struct exh_medium *open_toc(const char *text, size_t length)
{
    char path[300];
    struct exh_medium *m = NULL;
    write_file("disc.toc", text, length);
    (void)snprintf(path, sizeof path, "%s/disc.toc", folder);
    exh_error_clear(&err);
    bool ok = exh_image_open(path, &exh_format_toc, &(struct exh_open){0}, &m, &err);
    assert_true(ok == (m != NULL));
    return m;
}

static struct exh_medium *open_good(const char *text)
{
    struct exh_medium *m = open_toc(text, strlen(text));
    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

static void assert_track(const struct exh_medium *m, unsigned i, int64_t first, uint64_t sectors, uint32_t stored, uint32_t pregap, uint32_t postgap)
{
    const struct exh_track *t = &m->layout->tracks[i];
    assert_int_equal(t->first, first);
    assert_int_equal(t->sectors, sectors);
    assert_int_equal(t->stored_pregap, stored);
    assert_int_equal(t->pregap, pregap);
    assert_int_equal(t->postgap, postgap);
}

/* Sector `lba` of a track is these bytes of x.bin, each pair swapped or not. */
static void assert_sector(struct exh_medium *m, unsigned number, int64_t lba, size_t offset, size_t length, bool swapped)
{
    uint8_t *data = read_sectors(m, number, lba, 1, false);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(data[i], pattern.data[offset + (swapped ? i ^ 1 : i)]);
    free(data);
}

static void assert_silent(struct exh_medium *m, unsigned number, int64_t lba)
{
    uint8_t *data = read_sectors(m, number, lba, 1, false);
    assert_true(exh_all_zero(data, exh_layout_track(m->layout, number)->main_bytes));
    free(data);
}

/* ---- the grammar ---- */

static void words(void **state)
{
    (void)state;
    const char text[] = "\xEF\xBB\xBF// a comment \"with a string\r\nTRACK 12:\"a \\\"b\\\" \\351 \\x // no\" # }";
    struct exh_toc_words w;
    struct exh_toc_word word;
    exh_error_clear(&err);
    exh_toc_words_begin(&w, text, sizeof text - 1);
    assert_true(exh_toc_words_next(&w, &word, &err) && exh_toc_word_is(&word, "TRACK"));
    assert_int_equal(word.line, 2);
    assert_int_equal(word.line_at, 32);
    uint64_t n;
    assert_true(exh_toc_words_next(&w, &word, &err) && exh_toc_word_number(&word, 12, &n) && n == 12);
    assert_false(exh_toc_word_number(&word, 11, &n));
    assert_true(exh_toc_words_next(&w, &word, &err) && exh_toc_word_is(&word, ":"));
    assert_true(exh_toc_words_next(&w, &word, &err));
    size_t length;
    char *string = exh_toc_word_string(&word, &length);
    assert_string_equal(string, "a \"b\" \xE9 \\x // no");
    free(string);
    assert_true(exh_toc_words_next(&w, &word, &err) && exh_toc_word_is(&word, "#"));
    assert_true(exh_toc_words_next(&w, &word, &err) && exh_toc_word_is(&word, "}"));
    for (int i = 0; i < 3; i++)
        assert_true(exh_toc_words_next(&w, &word, &err) && word.kind == EXH_TOC_END);
}

static void numbers_do_not_wrap(void **state)
{
    (void)state;
    const struct exh_toc_word word = {EXH_TOC_NUMBER, "18446744073709551616", 20, 1, 0}, zero = {EXH_TOC_NUMBER, "000", 3, 1, 0};
    uint64_t n;
    assert_false(exh_toc_word_number(&word, UINT64_MAX, &n));
    assert_true(exh_toc_word_number(&zero, 0, &n) && n == 0);
}

static void modes(void **state)
{
    (void)state;
    const struct {
        const char *name;
        enum exh_track_kind kind;
        uint32_t bytes;
    } list[] = {{"AUDIO", EXH_TRACK_AUDIO, 2352},       {"MODE0", EXH_TRACK_MODE0, 2336},          {"MODE1", EXH_TRACK_MODE1, 2048},
                {"MODE1_RAW", EXH_TRACK_MODE1, 2352},   {"MODE2", EXH_TRACK_MODE2, 2336},          {"MODE2_FORM1", EXH_TRACK_MODE2, 2048},
                {"MODE2_FORM2", EXH_TRACK_MODE2, 2324}, {"MODE2_FORM_MIX", EXH_TRACK_MODE2, 2336}, {"MODE2_RAW", EXH_TRACK_MODE2, 2352}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        for (int sub = 0; sub < 2; sub++) {
            char text[200];
            (void)snprintf(text, sizeof text, "TRACK %s%s\nDATAFILE \"x.bin\" #10 00:00:20", list[i].name, sub ? " RW_RAW" : "");
            struct exh_medium *m = open_good(text);
            const struct exh_track *t = &m->layout->tracks[0];
            assert_int_equal(t->kind, list[i].kind);
            assert_int_equal(t->main_bytes, list[i].bytes);
            assert_int_equal(t->sub_bytes, sub ? 96 : 0);
            assert_int_equal(t->control, t->kind == EXH_TRACK_AUDIO ? 0 : EXH_CONTROL_DATA);
            assert_track(m, 0, 0, 20, 0, 0, 0);
            assert_sector(m, 1, 3, 10 + 3 * (list[i].bytes + (sub ? 96 : 0)), list[i].bytes, t->kind == EXH_TRACK_AUDIO);
            if (sub) {
                uint8_t *p = read_sectors(m, 1, 3, 1, true), q[12] = {0};
                for (size_t k = 0; k < 96; k++)
                    q[k / 8] |= (uint8_t)((pattern.data[10 + 3 * (list[i].bytes + 96) + list[i].bytes + k] >> 6 & 1) << (7 - k % 8));
                assert_memory_equal(p + 12, q, 12);
                free(p);
            }
            exh_medium_close(m);
        }
}

static void heads_and_flags(void **state)
{
    (void)state;
    struct exh_medium *m = open_good("CD_ROM_XA CATALOG \"1234567890123\"\r\n"
                                     "TRACK AUDIO COPY PRE_EMPHASIS FOUR_CHANNEL_AUDIO ISRC \"USABC0312345\" FILE \"x.bin\" 0 00:01:00\r\n"
                                     "INDEX 00:00:10 INDEX 00:00:20\r\n"
                                     "TRACK AUDIO NO COPY NO PRE_EMPHASIS TWO_CHANNEL_AUDIO FILE \"x.bin\" 00:01:00 00:01:00\r\n"
                                     "TRACK MODE1_RAW COPY DATAFILE \"x.bin\" #352800 00:01:00");
    const struct exh_disc *d = m->layout->disc;
    assert_string_equal(d->mcn, "1234567890123");
    assert_int_equal(d->sessions[0].disc_type, 0x20);
    assert_int_equal(d->sessions[0].lead_out, 225);
    assert_int_equal(m->layout->tracks[0].control, EXH_CONTROL_COPY | EXH_CONTROL_PRE_EMPHASIS | EXH_CONTROL_FOUR_CHANNEL);
    assert_int_equal(m->layout->tracks[1].control, 0);
    assert_int_equal(m->layout->tracks[2].control, EXH_CONTROL_DATA | EXH_CONTROL_COPY);
    assert_string_equal(m->layout->tracks[0].isrc, "USABC0312345");
    assert_int_equal(d->index_count, 2);
    assert_int_equal(d->indexes[1].number, 3);
    assert_int_equal(d->indexes[1].lba, 20);
    exh_medium_close(m);
    const struct {
        const char *name;
        int type;
    } types[] = {{"CD_DA", 0}, {"CD_ROM", 0}, {"CD_I", 0x10}, {"CD_ROM_XA", 0x20}, {"", -1}};
    for (size_t i = 0; i < 5; i++) {
        char text[100];
        (void)snprintf(text, sizeof text, "%s TRACK AUDIO SILENCE 00:00:74", types[i].name);
        m = open_good(text);
        assert_int_equal(m->layout->disc->sessions[0].disc_type, types[i].type);
        exh_medium_close(m);
    }
}

/* ---- places ---- */

static void pregaps_stored_and_not(void **state)
{
    (void)state;
    struct exh_medium *m = open_good("CD_DA\n"
                                     "TRACK AUDIO SILENCE 00:00:10 FILE \"x.bin\" 0 00:00:20 START 00:00:10\n"        /* unstored */
                                     "TRACK AUDIO FILE \"x.bin\" 00:00:20 00:00:20 START 00:00:05\n"                  /* stored */
                                     "TRACK AUDIO PREGAP 00:00:30 FILE \"x.bin\" 00:00:40 00:00:20\n"                 /* unstored */
                                     "TRACK AUDIO SILENCE 00:00:03 FILE \"x.bin\" 00:01:00 00:00:20 START 00:00:07\n" /* both */
                                     "TRACK AUDIO SILENCE 00:00:09 FILE \"x.bin\" 00:01:20 00:00:20 START 00:00:04\n" /* silence longer than it */
                                     "TRACK AUDIO SILENCE 00:00:02 FILE \"x.bin\" 00:01:40 00:00:20\n"); /* silence that is the track's */
    assert_track(m, 0, 10, 20, 0, 10, 0);
    assert_track(m, 1, 30, 20, 5, 5, 0);
    assert_track(m, 2, 80, 20, 0, 30, 0);
    assert_track(m, 3, 103, 20, 4, 7, 0);
    assert_track(m, 4, 127, 25, 0, 4, 0);
    assert_track(m, 5, 152, 22, 0, 0, 0);
    assert_sector(m, 1, 10, 0, 2352, true);
    assert_sector(m, 2, 30, 20 * 2352, 2352, true);
    assert_sector(m, 4, 103, 75 * 2352, 2352, true);
    assert_silent(m, 5, 131);
    assert_sector(m, 5, 132, 95 * 2352, 2352, true);
    assert_silent(m, 6, 153);
    assert_sector(m, 6, 154, 115 * 2352, 2352, true);
    assert_int_equal(count_remarks(m, NULL, EXH_FAILS), 0);
    exh_medium_close(m);
}

static void silence_in_the_middle_and_at_the_end(void **state)
{
    (void)state;
    struct exh_medium *m = open_good("CD_ROM TRACK MODE1_RAW DATAFILE \"x.bin\" 00:00:10 ZERO 00:00:05 DATAFILE \"x.bin\" #23520 00:00:10\n"
                                     "ZERO MODE1 00:00:07 ZERO MODE1_RAW RW_RAW 00:00:01\n"
                                     "TRACK AUDIO SILENCE 588 FILE \"x.bin\" 0 5880 SILENCE 00:00:02 START 00:00:01 INDEX 00:00:09");
    assert_track(m, 0, 0, 25, 0, 0, 8);
    assert_track(m, 1, 34, 10, 0, 1, 2);
    assert_sector(m, 1, 9, 9 * 2352, 2352, false);
    assert_silent(m, 1, 10);
    assert_silent(m, 1, 14);
    assert_sector(m, 1, 15, 10 * 2352, 2352, false);
    assert_int_equal(m->layout->disc->sessions[0].lead_out, 46);
    assert_int_equal(m->layout->disc->indexes[0].lba, 43);
    exh_medium_close(m);
    m = open_good("TRACK AUDIO SILENCE 00:00:74"); /* nothing but silence */
    assert_track(m, 0, 0, 74, 0, 0, 0);
    assert_silent(m, 1, 73);
    exh_medium_close(m);
    m = open_good("TRACK AUDIO FILE \"x.bin\" 0 00:00:05 SILENCE 00:00:10 START 00:00:05"); /* all of the file is pregap: the silence is the track */
    assert_track(m, 0, 0, 15, 5, 5, 0);
    exh_medium_close(m);
}

static void start_between_two_files(void **state)
{
    (void)state;
    write_file("y.bin", pattern.data + 100 * 2352, 30 * 2352);
    struct exh_medium *m = open_good("TRACK MODE2_RAW DATAFILE \"y.bin\" START DATAFILE \"x.bin\"");
    assert_track(m, 0, 0, 30 + X_SECTORS, 30, 30, 0);
    assert_sector(m, 1, 29, 129 * 2352, 2352, false);
    assert_sector(m, 1, 30, 0, 2352, false);
    assert_int_equal(m->files->count, 3);
    exh_medium_close(m);
}

static void arguments_of_files(void **state)
{
    (void)state;
    struct exh_medium *m = open_good("TRACK AUDIO DATAFILE \"x.bin\" 00:00:05\n"   /* a length */
                                     "TRACK AUDIO AUDIOFILE \"x.bin\" 00:05:00\n"  /* a start */
                                     "TRACK AUDIO FILE \"x.bin\" #4704 588 1176\n" /* bytes, samples, samples */
                                     "TRACK AUDIO FILE \"x.bin\" 00:05:05 0\n"     /* 0: to the end */
                                     "TRACK AUDIO DATAFILE \"x.bin\" #4704 4704\n" /* bytes */
                                     "TRACK MODE1 FILE \"x.bin\" 2048 4096\n"      /* not in cdrdao's grammar, but written: bytes */
                                     "TRACK MODE1 FILE \"x.bin\" 00:00:02 00:00:03\n");
    assert_track(m, 0, 0, 5, 0, 0, 0);
    assert_track(m, 1, 5, X_SECTORS - 375, 0, 0, 0);
    assert_track(m, 2, 30, 2, 0, 0, 0);
    assert_sector(m, 3, 30, 3 * 2352, 2352, true);
    assert_track(m, 3, 32, X_SECTORS - 380, 0, 0, 0);
    assert_track(m, 4, 52, 2, 0, 0, 0);
    assert_sector(m, 5, 53, 3 * 2352, 2352, true);
    assert_track(m, 5, 54, 2, 0, 0, 0);
    assert_sector(m, 6, 54, 2048, 2048, false);
    assert_track(m, 6, 56, 3, 0, 0, 0);
    assert_sector(m, 7, 56, 4096, 2048, false);
    assert_int_equal(count_remarks(m, "grammar", EXH_WARNS), 2);
    exh_medium_close(m);
}

static void byte_order(void **state)
{
    (void)state;
    uint8_t wave[44 + 5 * 2352 + 12] = "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\2\0\x44\xAC\0\0\x10\xB1\2\0\4\0\x10\0data";
    exh_put_le32(wave + 4, sizeof wave - 8);
    exh_put_le32(wave + 40, 4 * 2352 + 100);
    memcpy(wave + 44, pattern.data, 4 * 2352 + 100);
    memcpy(wave + 44 + 4 * 2352 + 100, "LIST\4\0\0\0abcd", 12);
    write_file("z.WAV", wave, 44 + 4 * 2352 + 100 + 12);
    struct exh_medium *m = open_good("TRACK AUDIO FILE \"x.bin\" 0 00:00:05 TRACK AUDIO FILE \"x.bin\" SWAP 0 00:00:05\n"
                                     "TRACK AUDIO FILE \"z.WAV\" 588 TRACK AUDIO FILE \"z.WAV\" SWAP 0 588");
    assert_sector(m, 1, 1, 2352, 2352, true);
    assert_sector(m, 2, 6, 2352, 2352, false);
    assert_track(m, 2, 10, 4, 0, 0, 0); /* the last one is filled up with silence, not with the chunk behind the samples */
    assert_sector(m, 3, 10, 2352, 2352, false);
    assert_sector(m, 3, 13, 4 * 2352, 100, false);
    uint8_t *last = read_sectors(m, 3, 13, 1, false);
    assert_true(exh_all_zero(last + 100, 2252));
    free(last);
    assert_sector(m, 4, 14, 0, 2352, true);
    assert_int_equal(count_remarks(m, "data-file", EXH_WARNS), 1);
    assert_int_equal(count_remarks(m, "data-file", EXH_FAILS), 0);
    exh_medium_close(m);
    exh_put_le32(wave + 40, 10 * 2352); /* cut: six of its sectors are missing, and it is said */
    write_file("cut.wav", wave, 44 + 4 * 2352);
    m = open_good("TRACK AUDIO FILE \"cut.wav\" 0");
    assert_track(m, 0, 0, 10, 0, 0, 0);
    assert_int_equal(count_remarks(m, "data-file", EXH_FAILS), 1);
    exh_medium_close(m);
}

static void files_too_short(void **state)
{
    (void)state;
    write_file("y.bin", pattern.data, 5 * 2048 + 7);
    struct exh_medium *m = open_good("TRACK MODE1 DATAFILE \"y.bin\" 00:00:08"); /* the sheet says more */
    assert_track(m, 0, 0, 8, 0, 0, 0);
    assert_int_equal(count_remarks(m, "data-file", EXH_FAILS), 1);
    exh_medium_close(m);
    m = open_good("TRACK MODE1 DATAFILE \"y.bin\""); /* the file ends within a sector */
    assert_track(m, 0, 0, 5, 0, 0, 0);
    assert_int_equal(count_remarks(m, "data-file", EXH_FAILS), 1);
    exh_medium_close(m);
}

static void names_bent(void **state)
{
    (void)state;
    struct exh_medium *m = open_good("TRACK AUDIO FILE \"C:\\\\music\\X.BIN\" 0 00:00:05");
    assert_int_equal(count_remarks(m, "file-name", EXH_WARNS), 1);
    assert_string_equal(exh_text_base(m->files->items[1]), "x.bin");
    exh_medium_close(m);
    m = open_good("TRACK AUDIO FILE \"\\170.bin\" 0 00:00:05");
    assert_int_equal(count_remarks(m, "file-name", EXH_WARNS), 0);
    exh_medium_close(m);
}

static void cd_text(void **state)
{
    (void)state;
    struct exh_medium *m =
        open_good("CD_DA CD_TEXT { LANGUAGE_MAP { 0 : EN 1 : 8 }\n"
                  "LANGUAGE 0 { TITLE \"Disc\" PERFORMER \"Jos\\351 Gonz\\341lez\" GENRE { 0, 10, 82, 111, 99, 107, 0 }\n"
                  "SIZE_INFO { 1, 1, 2 } UPC_EAN \"\" } }\n"
                  "TRACK AUDIO CD_TEXT { LANGUAGE 0 { TITLE \"One \\\"1\\\"\" PERFORMER \"\" ISRC \"US-XX1-98-01234\" } } SILENCE 1:0:0\n"
                  "TRACK AUDIO CD_TEXT { LANGUAGE 0 { TITLE \"Two\" PERFORMER \"Someone\" } } SILENCE 1:0:0");
    const struct exh_disc *d = m->layout->disc;
    assert_true(d->cdtext_packs > 3);
    struct exh_cdtext found;
    assert_true(exh_cdtext_decode(d->cdtext, d->cdtext_packs, &found, &err));
    assert_int_equal(found.bad_crc, 0);
    assert_int_equal(found.language[0], 9);
    assert_string_equal(exh_cdtext_find(&found, 0, 0x80, 0), "Disc");
    assert_string_equal(exh_cdtext_find(&found, 0, 0x80, 1), "One \"1\"");
    assert_string_equal(exh_cdtext_find(&found, 0, 0x80, 2), "Two");
    assert_string_equal(exh_cdtext_find(&found, 0, 0x81, 0), "Jos\xC3\xA9 Gonz\xC3\xA1lez");
    assert_string_equal(exh_cdtext_find(&found, 0, 0x81, 2), "Someone");
    assert_string_equal(exh_cdtext_find(&found, 0, 0x87, 0), "Rock");
    assert_string_equal(exh_cdtext_find(&found, 0, 0x8E, 1), "US-XX1-98-01234");
    exh_cdtext_close(&found);
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(m, &in, &err));
    bool kept = false;
    for (size_t i = 0; i < in.fact_count; i++)
        kept |= strstr(in.facts[i].value, "SIZE_INFO") != NULL && strstr(in.facts[i].value, "010102") != NULL;
    assert_true(kept);
    exh_inspection_close(&in);
    exh_medium_close(m);
}

/* ---- refusals ---- */

static void refused_by_line(void **state)
{
    (void)state;
    const struct {
        const char *text;
        unsigned line;
        enum exh_code code;
        const char *says;
    } list[] = {
        {"", 1, EXH_CORRUPT, "TRACK expected, but the file ends"},
        {"CD_DA\n", 2, EXH_CORRUPT, "TRACK"},
        {"CD_XX\n", 1, EXH_CORRUPT, "CD_XX"},
        {"\nCATALOG 1234567890123\n", 2, EXH_CORRUPT, "13 digits"},
        {"CATALOG \"123456789012\"", 1, EXH_CORRUPT, "13 digits"},
        {"CATALOG \"12345678901234\"", 1, EXH_CORRUPT, "13 digits"},
        {"CATALOG \"123456789012x\"", 1, EXH_CORRUPT, "13 digits"},
        {"CATALOG \"1234567890123\"\nCATALOG \"1234567890123\"", 2, EXH_CORRUPT, "second"},
        {"TRACK\n", 2, EXH_CORRUPT, "track mode"},
        {"TRACK MODE3", 1, EXH_CORRUPT, "MODE3"},
        {"TRACK AUDIO\nTRACK AUDIO SILENCE 1", 1, EXH_CORRUPT, "track 1 has no data"},
        {"TRACK AUDIO\nSILENCE 00:00:10\nTRACK AUDIO", 3, EXH_CORRUPT, "track 2 has no data"},
        {"TRACK MODE1 RW\nDATAFILE \"x.bin\"", 1, EXH_UNSUPPORTED, "RW"},
        {"TRACK AUDIO\n\nFIFO \"pipe\" 2352", 3, EXH_UNSUPPORTED, "FIFO"},
        {"TRACK AUDIO\nSILENCE 0:1:0\nEND 0:0:5", 3, EXH_UNSUPPORTED, "END"},
        {"TRACK AUDIO\nSILENCE 0", 2, EXH_CORRUPT, "no length"},
        {"TRACK AUDIO\nSILENCE 587", 2, EXH_UNSUPPORTED, "within a sector"},
        {"TRACK AUDIO\nSILENCE 00:60:00", 2, EXH_CORRUPT, "seconds"},
        {"TRACK AUDIO\nSILENCE 00:00:75", 2, EXH_CORRUPT, "frames"},
        {"TRACK AUDIO\nSILENCE 00:00\nSTART", 3, EXH_CORRUPT, ":"},
        {"TRACK AUDIO\nSILENCE 99999999999999999999:00:00", 2, EXH_CORRUPT, "time"},
        {"TRACK AUDIO\nSILENCE 4294967296:00:00", 2, EXH_LIMIT, "beyond any disc"},
        {"TRACK AUDIO\nSILENCE 4000000000:00:00", 2, EXH_LIMIT, "beyond any disc"},
        {"TRACK AUDIO\nSILENCE 4611686018427387903", 2, EXH_LIMIT, "beyond any disc"},
        {"TRACK AUDIO\nSILENCE 171:00:00", 2, EXH_LIMIT, "longer than a CD"},
        {"TRACK AUDIO SILENCE 160:00:00\nTRACK AUDIO\nSILENCE 160:00:00", 2, EXH_LIMIT, "a CD has none there"},
        {"TRACK AUDIO\nFILE x.bin 0", 2, EXH_CORRUPT, "quotes"},
        {"TRACK AUDIO\nFILE \"\" 0", 2, EXH_CORRUPT, "name"},
        {"TRACK AUDIO\nFILE \"a\\000b\" 0", 2, EXH_CORRUPT, "name"},
        {"TRACK AUDIO\nFILE \"x.bin\"\n", 3, EXH_CORRUPT, "length or a time"},
        {"TRACK AUDIO\nFILE \"x.bin\" #\n0", 3, EXH_CORRUPT, "length or a time"},
        {"TRACK AUDIO\nFILE \"x.bin", 2, EXH_CORRUPT, "does not end"},
        {"TRACK AUDIO\nFILE \"x.bin\n\" 0", 2, EXH_CORRUPT, "does not end"},
        {"TRACK AUDIO\nFILE \"x.bin\" 1:0:0", 2, EXH_CORRUPT, "begins at byte 10584000"},
        {"TRACK AUDIO\nFILE \"x.bin\" #4611686018427387904 0", 2, EXH_CORRUPT, "begins at byte"},
        {"TRACK AUDIO\nFILE \"x.bin\" 0 100", 2, EXH_UNSUPPORTED, "within a sector"},
        {"TRACK AUDIO\nFILE \"none.bin\" 0", 2, EXH_NOT_FOUND, "none.bin"},
        {"TRACK AUDIO\nFILE \"../x.bin\" 0", 2, EXH_UNSUPPORTED, "leads out"},
        {"TRACK AUDIO\nFILE \"/tmp/../x.bin\" 0", 2, EXH_UNSUPPORTED, "leads out"},
        {"TRACK AUDIO\nFILE \"text.wav\" 0", 2, EXH_CORRUPT, "text.wav"},
        {"TRACK AUDIO\nFILE \"odd.bin\" 0\nFILE \"x.bin\" 0", 3, EXH_UNSUPPORTED, "ends within a sector"},
        {"TRACK AUDIO\nSILENCE 0:0:10\nSTART 0:0:10", 3, EXH_CORRUPT, "starts 10 sectors behind"},
        {"TRACK AUDIO\nSILENCE 0:0:10\nSTART", 3, EXH_CORRUPT, "starts 10 sectors behind"},
        {"TRACK AUDIO\nSILENCE 0:0:10\nSTART 0:0:1\nSTART 0:0:1", 4, EXH_CORRUPT, "already"},
        {"TRACK AUDIO\nSILENCE 0:0:10\nPREGAP 0:0:1", 3, EXH_CORRUPT, "behind data"},
        {"TRACK AUDIO\nPREGAP 0:0:0\nSILENCE 0:0:10", 2, EXH_CORRUPT, "no length"},
        {"TRACK AUDIO\nPREGAP 0:0:5", 2, EXH_CORRUPT, "starts 5 sectors behind"},
        {"TRACK AUDIO\nSILENCE 0:0:10\nINDEX 0:0:0", 3, EXH_CORRUPT, "index"},
        {"TRACK AUDIO\nSILENCE 0:0:10\nINDEX 0:0:5\nINDEX 0:0:5", 4, EXH_CORRUPT, "index"},
        {"TRACK AUDIO\nSILENCE 0:0:10\nINDEX 0:0:10", 3, EXH_CORRUPT, "INDEX 02 would be behind"},
        {"TRACK AUDIO\nISRC \"USABC031234\"", 2, EXH_CORRUPT, "ISRC"},
        {"TRACK AUDIO\nISRC \"USABC031234x\"", 2, EXH_CORRUPT, "ISRC"},
        {"TRACK AUDIO\nISRC \"USABC0312345\"\nISRC \"USABC0312345\"", 3, EXH_CORRUPT, "second ISRC"},
        {"TRACK AUDIO\nNO FOUR_CHANNEL_AUDIO", 2, EXH_CORRUPT, "PRE_EMPHASIS"},
        {"TRACK AUDIO SILENCE 1:0:0\nCATALOG \"1234567890123\"", 2, EXH_CORRUPT, "CATALOG"},
        {"CD_TEXT {\n LANGUAGE 8 { } }", 2, EXH_CORRUPT, "language number"},
        {"CD_TEXT {\n LANGUAGE_MAP { 0 : 256 } }", 2, EXH_CORRUPT, "language code"},
        {"CD_TEXT {\n LANGUAGE 0 {\n NAME \"x\" } }", 3, EXH_CORRUPT, "CD-TEXT item"},
        {"CD_TEXT {\n LANGUAGE 0 {\n TITLE { 1, 256 } } }", 3, EXH_CORRUPT, "255"},
        {"CD_TEXT {\n LANGUAGE 0 {\n TITLE { 1 2 } } }", 3, EXH_CORRUPT, ","},
        {"CD_TEXT {\n LANGUAGE 0 {\n TITLE \"a\\000b\" } }", 3, EXH_CORRUPT, "NUL"},
        {"CD_TEXT {\n {", 2, EXH_CORRUPT, "LANGUAGE or }"},
        {"CD_TEXT {\n", 2, EXH_CORRUPT, "file ends"},
        {"CD_DA\nTRACK AUDIO ; comment", 2, EXH_CORRUPT, "0x3B"},
        {"CD_DA\n\x80", 2, EXH_CORRUPT, "0x80"},
    };
    write_file("text.wav", "this is no WAVE file, whatever its name says", 44);
    write_file("odd.bin", pattern.data, 2352 + 4);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct exh_medium *m = open_toc(list[i].text, strlen(list[i].text));
        char line[32];
        (void)snprintf(line, sizeof line, "line %u:", list[i].line);
        if (m != NULL || err.code != list[i].code || strstr(err.text, line) == NULL || strstr(err.text, list[i].says) == NULL)
            fail_msg("%s\n gives %s: %s", list[i].text, exh_code_name(err.code), err.text);
        uint64_t at = 0;
        for (unsigned n = 1; n < list[i].line; n++)
            at += strcspn(list[i].text + at, "\n") + 1;
        assert_int_equal(err.at, at);
    }
}

static void nul_bytes(void **state)
{
    (void)state;
    const char text[] = "CD_DA\nTRACK AUDIO\n\0SILENCE 1:0:0";
    assert_null(open_toc(text, sizeof text - 1));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_non_null(strstr(err.text, "line 3"));
}

/* ---- bounds ---- */

static void bounds_of_size(void **state)
{
    (void)state;
    size_t length = 10u << 20;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, ' ', length);
    memcpy(text + (1u << 20) - 30, "TRACK AUDIO SILENCE 0:0:10", 26);
    struct exh_medium *m = open_toc(text, 1u << 20);
    assert_non_null(m);
    exh_medium_close(m);
    assert_null(open_toc(text, (1u << 20) + 1));
    assert_int_equal(err.code, EXH_LIMIT);
    assert_null(open_toc(text, length));
    assert_int_equal(err.code, EXH_LIMIT);
    memset(text, '{', 1u << 20); /* braces as deep as the file is long, in each place where one can stand */
    const char *heads[] = {"", "CD_TEXT ", "CD_TEXT { LANGUAGE 0 ", "CD_TEXT { LANGUAGE 0 { TITLE ", "CD_TEXT { LANGUAGE_MAP "};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        memcpy(text, heads[i], strlen(heads[i]));
        assert_null(open_toc(text, 1u << 20));
        assert_int_equal(err.code, EXH_CORRUPT);
        assert_non_null(strstr(err.text, "line 1"));
    }
    free(text);
}

static char *many(const char *head, const char *each, size_t count)
{
    size_t h = strlen(head), e = strlen(each);
    char *text = malloc(h + e * count + 1);
    assert_non_null(text);
    memcpy(text, head, h);
    for (size_t i = 0; i < count; i++)
        memcpy(text + h + i * e, each, e);
    text[h + e * count] = '\0';
    return text;
}

static void bounds_of_number(void **state)
{
    (void)state;
    const struct {
        const char *head, *each;
        size_t most;
    } list[] = {
        {"", "TRACK AUDIO SILENCE 0:0:10\n", 99}, {"TRACK AUDIO\n", "SILENCE 0:0:1\n", 4096}, {"CD_TEXT { LANGUAGE 0 { TITLE { 0", ",1", 3071}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        char *text = many(list[i].head, list[i].each, list[i].most + 1);
        assert_null(open_toc(text, strlen(text)));
        assert_int_equal(err.code, EXH_LIMIT);
        assert_non_null(strstr(err.text, "line "));
        free(text);
    }
    for (size_t i = 0; i < 2; i++) {
        char *text = many(list[i].head, list[i].each, list[i].most);
        struct exh_medium *m = open_good(text);
        exh_medium_close(m);
        free(text);
    }
}

static void bounds_of_indexes(void **state)
{
    (void)state;
    for (unsigned count = 98; count <= 99; count++) {
        char text[4096];
        size_t n = (size_t)snprintf(text, sizeof text, "TRACK AUDIO SILENCE 0:4:0\n");
        for (unsigned i = 1; i <= count; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "INDEX 0:%u:%u\n", i / 75, i % 75);
        struct exh_medium *m = open_toc(text, n);
        assert_true((m != NULL) == (count == 98));
        if (m != NULL)
            assert_int_equal(m->layout->disc->indexes[97].number, 99);
        else
            assert_int_equal(err.code, EXH_LIMIT);
        exh_medium_close(m);
    }
}

static const char hostile[] =
    "CD_ROM CATALOG \"1234567890123\" CD_TEXT { LANGUAGE_MAP { 0 : 9 } LANGUAGE 0 { TITLE \"a\\351\" SIZE_INFO { 1, 2 } } }\n"
    "TRACK MODE1_RAW NO COPY DATAFILE \"x.bin\" #2352 00:00:20 ZERO 0:0:2\n"
    "TRACK AUDIO RW_RAW PREGAP 0:0:3 DATAFILE \"x.bin\" 0:0:9\n"
    "TRACK AUDIO ISRC \"USABC0312345\" SILENCE 0:0:3 FILE \"x.bin\" SWAP #8 0 0:1:0 START 0:0:5 INDEX 0:0:9\n";

/* Whatever comes, it is a disc or an error of ours, never a broken invariant. */
static void hostile_bytes(void **state)
{
    (void)state;
    char text[sizeof hostile];
    const char values[] = {'\0', '"', '{', '9', '\n', (char)0xFF, '\\', '/'};
    size_t opened = 0;
    struct exh_medium *m = open_good(hostile);
    exh_medium_close(m);
    for (size_t i = 0; i < sizeof hostile - 1; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            memcpy(text, hostile, sizeof hostile);
            text[i] = values[v];
            m = open_toc(text, sizeof hostile - 1);
            opened += m != NULL;
            if (m == NULL && (err.code == EXH_BUG || err.code == EXH_OK || err.code == EXH_NOMEM))
                fail_msg("byte %zu: %s", i, err.text);
            if (m == NULL && strstr(err.text, "line ") == NULL)
                fail_msg("byte %zu: no line: %s", i, err.text);
            exh_medium_close(m);
        }
    assert_true(opened > 0);
    for (size_t cut = 0; cut < sizeof hostile - 1; cut++) {
        m = open_toc(hostile, cut);
        if (m == NULL && strstr(err.text, "line ") == NULL)
            fail_msg("cut at %zu: no line: %s", cut, err.text);
        exh_medium_close(m);
    }
}

static int claim(const char *name, const char *head)
{
    struct exh_peek peek = {.head = (const uint8_t *)head, .tail = (const uint8_t *)head, .head_length = strlen(head), .name = name};
    peek.tail_length = peek.head_length;
    peek.size = peek.head_length;
    return exh_format_toc.probe(&peek);
}

static void claims(void **state)
{
    (void)state;
    assert_true(claim("a.toc", "// made by\n\nCD_DA\n") >= 90);
    assert_true(claim("a.TOC", "TRACK AUDIO") >= 90);
    assert_true(claim("a.toc", "CATALOG 12") >= 90);
    assert_true(claim("a", "CD_ROM_XA\nTRACK") > 0);
    assert_int_equal(claim("a.cue", "CATALOG 1234567890123\n"), 0);
    assert_int_equal(claim("a.cue", "TRACK 01 AUDIO"), 0);
    assert_int_equal(claim("a.toc", "\x12\x34\1\1"), 0);
    assert_int_equal(claim("a.toc", ""), 0);
    assert_int_equal(claim("a.cue", "FILE \"x\" BINARY"), 0);
}

/* ---- the corpus ---- */

static bool parses(const char *path)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    static char text[1 << 16];
    ssize_t n = read(fd, text, sizeof text);
    (void)close(fd);
    assert_true(n > 0);
    struct exh_toc *toc = calloc(1, sizeof *toc);
    assert_non_null(toc);
    exh_error_clear(&err);
    bool ok = exh_toc_parse(text, (size_t)n, toc, &err);
    assert_true(!ok || toc->track_count > 0);
    exh_toc_close(toc);
    free(toc);
    return ok;
}

/* Every sheet parses but those that are bad on purpose. bad-file.toc is well formed and names a file that is not there. */
static void corpus_parses(void **state)
{
    (void)state;
    const char *const folders[] = {"libcdio", "whipper", "debian-made", "made-here"};
    size_t good = 0, bad = 0;
    for (size_t i = 0; i < 4; i++) {
        char path[5000];
        const char *place = corpus_file(folders[i]);
        if (place == NULL)
            skip();
        (void)snprintf(path, sizeof path, "%s", place);
        DIR *d = opendir(path);
        assert_non_null(d);
        for (const struct dirent *e; (e = readdir(d)) != NULL;) {
            size_t n = strlen(e->d_name);
            if (n < 4 || strcmp(e->d_name + n - 4, ".toc") != 0)
                continue;
            (void)snprintf(path, sizeof path, "%s/%s", corpus_file(folders[i]), e->d_name);
            bool is_bad = strncmp(e->d_name, "bad-", 4) == 0 && strcmp(e->d_name, "bad-file.toc") != 0;
            if (parses(path) == is_bad)
                fail_msg("%s: %s", e->d_name, is_bad ? "parsed" : err.text);
            if (is_bad)
                assert_non_null(strstr(err.text, "line "));
            good += !is_bad;
            bad += is_bad;
        }
        (void)closedir(d);
    }
    assert_true(good >= 30 && bad >= 7);
}

static struct exh_medium *open_corpus(const char *name)
{
    const char *path = corpus_file(name);
    struct exh_medium *m = NULL;
    exh_error_clear(&err);
    if (path == NULL)
        skip();
    bool ok = exh_image_open(path, NULL, &(struct exh_open){0}, &m, &err);
    assert_true(!ok || strcmp(m->format, "toc") == 0);
    return m;
}

static void corpus_opens(void **state)
{
    (void)state;
    struct exh_medium *m = open_corpus("made-here/l.toc");
    assert_non_null(m);
    assert_track(m, 0, 0, 64, 0, 0, 0);
    assert_track(m, 1, 64, 56, 32, 32, 0);
    assert_track(m, 2, 120, 16, 0, 0, 0);
    assert_int_equal(track_crc(m, 1), 0xba3595f1);
    assert_int_equal(track_crc(m, 2), 0x751963c9);
    assert_int_equal(track_crc(m, 3), 0x9f969db1);
    assert_string_equal(m->layout->disc->mcn, "1234567890128");
    exh_medium_close(m);
    m = open_corpus("libcdio/isofs-m1.toc");
    assert_non_null(m);
    assert_track(m, 0, 0, 302, 0, 0, 0);
    exh_medium_close(m);
    m = open_corpus("libcdio/data2.toc"); /* 1696 bytes of the first file are no sector */
    assert_non_null(m);
    assert_track(m, 0, 0, 346, 0, 0, 4500);
    assert_track(m, 1, 4996, 302, 0, 150, 0);
    assert_int_equal(count_remarks(m, "data-file", EXH_FAILS), 1);
    exh_medium_close(m);
}

static void corpus_without_data(void **state)
{
    (void)state;
    const struct {
        const char *name, *line, *file;
        enum exh_code code;
    } list[] = {
        {"libcdio/bad-file.toc", "line 8", "foo.bin", EXH_NOT_FOUND},    {"libcdio/vcd_demo.toc", "line 5", "vcd_demo.bin", EXH_NOT_FOUND},
        {"libcdio/vcd2.toc", "line 9", "../data", EXH_UNSUPPORTED},      {"libcdio/t4.toc", "line 7", "cdda.bin", EXH_CORRUPT},
        {"libcdio/data7.toc", "line 12", "isofs-m1.bin", EXH_CORRUPT},   {"whipper/breeders.toc", "line 30", "data.wav", EXH_NOT_FOUND},
        {"whipper/ladyhawke.toc", "line 11", "data.wav", EXH_NOT_FOUND}, {"debian-made/chdman-a.toc", "line 7", "chdman-a2.bin", EXH_NOT_FOUND},
        {"whipper/capital.2.toc", "line 7", "data_1", EXH_NOT_FOUND}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct exh_medium *m = open_corpus(list[i].name);
        if (m != NULL || err.code != list[i].code || strstr(err.text, list[i].line) == NULL || strstr(err.text, list[i].file) == NULL)
            fail_msg("%s: %s", list[i].name, err.text);
    }
}

/* vcdxbuild's sheet over the sectors it was made from. */
static void corpus_of_vcdxbuild(void **state)
{
    (void)state;
    const char *path = corpus_file("debian-made/vcd20.bin");
    if (path == NULL)
        skip();
    static uint8_t sectors[750 * 2352];
    static char text[4096];
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && read(fd, sectors, sizeof sectors) == (ssize_t)sizeof sectors);
    (void)close(fd);
    fd = open(corpus_file("debian-made/vcd-vcdxbuild.toc"), O_RDONLY);
    assert_true(fd >= 0);
    ssize_t length = read(fd, text, sizeof text);
    (void)close(fd);
    write_file("vcd_01.img", sectors, 300 * 2352);
    write_file("vcd_02_pregap.img", sectors + 300 * 2352, 150 * 2352);
    write_file("vcd_02.img", sectors + 450 * 2352, 300 * 2352);
    struct exh_medium *m = open_toc(text, (size_t)length);
    assert_non_null(m);
    assert_track(m, 0, 0, 300, 0, 0, 0);
    assert_track(m, 1, 300, 450, 150, 150, 0);
    uint8_t *data = read_sectors(m, 2, 300, 450, false);
    assert_memory_equal(data, sectors + 300 * 2352, 450 * 2352);
    free(data);
    exh_medium_close(m);
}

/* chdman's sheet doubles the pregap: what it says is what is shown. */
static void corpus_of_chdman(void **state)
{
    (void)state;
    const char *path = corpus_file("debian-made/chdman-a.toc");
    static char text[4096];
    if (path == NULL)
        skip();
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t length = read(fd, text, sizeof text);
    (void)close(fd);
    write_file("chdman-a2.bin", pattern.data, 423360);
    struct exh_medium *m = open_toc(text, (size_t)length);
    assert_non_null(m);
    assert_track(m, 0, 0, 75, 0, 0, 0);
    assert_track(m, 1, 105, 75, 0, 30, 0);
    assert_track(m, 2, 180, 30, 0, 0, 0);
    assert_sector(m, 2, 105, 176400, 2352, true);
    exh_medium_close(m);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    put_pattern(&pattern, X_SECTORS * 2352, 5);
    write_file("x.bin", pattern.data, pattern.length);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[600];
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        (void)unlink(path);
    }
    if (d != NULL)
        (void)closedir(d);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(numbers_do_not_wrap),
        cmocka_unit_test(modes),
        cmocka_unit_test(heads_and_flags),
        cmocka_unit_test(pregaps_stored_and_not),
        cmocka_unit_test(silence_in_the_middle_and_at_the_end),
        cmocka_unit_test(start_between_two_files),
        cmocka_unit_test(arguments_of_files),
        cmocka_unit_test(byte_order),
        cmocka_unit_test(files_too_short),
        cmocka_unit_test(names_bent),
        cmocka_unit_test(cd_text),
        cmocka_unit_test(refused_by_line),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(bounds_of_size),
        cmocka_unit_test(bounds_of_number),
        cmocka_unit_test(bounds_of_indexes),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(claims),
        cmocka_unit_test(corpus_parses),
        cmocka_unit_test(corpus_opens),
        cmocka_unit_test(corpus_without_data),
        cmocka_unit_test(corpus_of_vcdxbuild),
        cmocka_unit_test(corpus_of_chdman),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
