/* WAVE and AIFF files as the files of a cue sheet: where the samples lie in them, and what is refused. */
#include "tests/unit/cue_lab.h"

#include "formats/model/bytes.h"

#define SHEET "FILE \"a.wav\" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n"
#define AIFF_SHEET "FILE \"a.wav\" AIFF\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n"

static uint8_t file[1 << 16];
static size_t used;

static void put(const void *bytes, size_t length)
{
    assert_true(used + length <= sizeof file);
    memcpy(file + used, bytes, length);
    used += length;
}

static void put_le(uint32_t v, unsigned bytes)
{
    uint8_t b[4];
    exh_put_le32(b, v);
    put(b, bytes);
}

static void put_be(uint32_t v, unsigned bytes)
{
    uint8_t b[4];
    exh_put_be32(b, v);
    put(b + 4 - bytes, bytes);
}

static void put_samples(size_t length)
{
    assert_true(used + length <= sizeof file);
    made_bytes(1, file + used, length);
    used += length;
}

static void wave(uint16_t tag, uint16_t channels, uint32_t rate, uint16_t bits)
{
    used = 0;
    put("RIFF\0\0\0\0WAVEfmt ", 16);
    put_le(tag == 0xFFFE ? 40 : 16, 4);
    put_le(tag, 2);
    put_le(channels, 2);
    put_le(rate, 4);
    put_le(rate * channels * bits / 8, 4);
    put_le((uint32_t)channels * bits / 8, 2);
    put_le(bits, 2);
    if (tag != 0xFFFE)
        return;
    put_le(22, 2);
    put_le(bits, 2);
    put_le(3, 4);
    put("\1\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71", 16);
}

static void data(uint32_t said, size_t length)
{
    put("data", 4);
    put_le(said, 4);
    put_samples(length);
}

static struct exh_medium *open_it(const char *sheet)
{
    put_file("a.wav", file, used);
    return open_sheet(sheet);
}

static void expect_refusal(const char *sheet, enum exh_code code, const char *text)
{
    put_file("a.wav", file, used);
    expect_refused(sheet, code, text);
    assert_non_null(strstr(err.text, "line 1: a.wav"));
}

static void plain_and_extensible(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        wave(i & 1 ? 0xFFFE : 1, 2, 44100, 16);
        if (i & 2) { /* chunks before and behind, one of an odd length */
            put("JUNK\3\0\0\0abc\0", 12);
            put("LIST\4\0\0\0abcd", 12);
        }
        data(2352 * 10, 2352 * 10);
        if (i & 2)
            put("LIST\4\0\0\0abcd", 12);
        struct exh_medium *m = open_it(SHEET);
        expect_clean(m);
        expect_track(m, 1, 1, "AUDIO", 0, 10, 0, 0, 0);
        expect_sectors(m, 1, 0, 10, 1, 0, 2352);
        exh_medium_close(m);
    }
}

static void several_tracks_in_one(void **state)
{
    (void)state;
    wave(1, 2, 44100, 16);
    data(2352 * 10, 2352 * 10);
    struct exh_medium *m = open_it("FILE \"a.wav\" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:02\nTRACK 02 AUDIO\nINDEX 00 00:00:04\nINDEX 01 00:00:05\n");
    expect_clean(m);
    expect_track(m, 1, 1, "AUDIO", 0, 4, 2, 2, 0);
    expect_track(m, 2, 1, "AUDIO", 4, 6, 1, 1, 0);
    expect_sectors(m, 2, 4, 6, 1, 4 * 2352, 2352);
    exh_medium_close(m);
}

/* Samples that end within a sector: silence up to its end, and never what lies behind them in the file. */
static void an_odd_length(void **state)
{
    (void)state;
    wave(1, 2, 44100, 16);
    data(2352 * 3 + 6, 2352 * 3 + 6);
    put("LIST\4\0\0\0abcd", 12);
    struct exh_medium *m = open_it(SHEET);
    expect_track(m, 1, 1, "AUDIO", 0, 4, 0, 0, 0);
    assert_int_equal(remarks(m, EXH_WARNS, "the audio of track 1 ends within its last sector: the last 2346 bytes"), 1);
    assert_int_equal(remarks(m, EXH_FAILS, ""), 0);
    expect_sectors(m, 1, 0, 3, 1, 0, 2352);
    struct sectors s;
    read_sectors(m, &m->layout->tracks[0], 3, 1, &s);
    for (unsigned i = 0; i < 2352; i++)
        assert_int_equal(s.block.main[i], i < 6 ? byte_of(1, 2352 * 3 + i) : 0);
    sectors_close(&s);
    exh_medium_close(m);
}

static void a_header_that_is_wrong(void **state)
{
    (void)state;
    static const uint32_t open_ended[] = {0, UINT32_MAX};
    for (size_t i = 0; i < 2; i++) {
        wave(1, 2, 44100, 16);
        data(open_ended[i], 2352 * 3);
        struct exh_medium *m = open_it(SHEET);
        expect_track(m, 1, 1, "AUDIO", 0, 3, 0, 0, 0);
        assert_int_equal(remarks(m, EXH_WARNS, "leaves the length of the samples open"), 1);
        exh_medium_close(m);
    }
    wave(1, 2, 44100, 16);
    data(2352 * 10, 2352 * 3);
    struct exh_medium *m = open_it(SHEET);
    expect_track(m, 1, 1, "AUDIO", 0, 3, 0, 0, 0);
    assert_int_equal(remarks(m, EXH_FAILS, "the header tells of 23520 bytes of samples, and the file holds 7056"), 1);
    exh_medium_close(m);
}

static void aiff(const char *form, const char *compression, uint32_t offset)
{
    used = 0;
    put("FORM\0\0\0\0", 8);
    put(form, 4);
    put("COMM", 4);
    put_be(compression != NULL ? 24 : 18, 4);
    put_be(2, 2);
    put_be(588 * 5, 4);
    put_be(16, 2);
    put("\x40\x0E\xAC\x44\0\0\0\0\0\0", 10);
    if (compression != NULL) {
        put(compression, 4);
        put("\0\0", 2);
    }
    put("SSND", 4);
    put_be(8 + offset + 2352 * 5, 4);
    put_be(offset, 4);
    put_be(0, 4);
    put("padding!", offset);
    put_samples(2352 * 5);
    put("NAME\0\0\0\2ab", 10);
}

static void apple(void **state)
{
    (void)state;
    static const struct {
        const char *form, *compression;
        bool big;
    } list[] = {{"AIFF", NULL, true}, {"AIFC", "NONE", true}, {"AIFC", "twos", true}, {"AIFC", "sowt", false}};
    for (size_t i = 0; i < 4; i++) {
        aiff(list[i].form, list[i].compression, i == 0 ? 8 : 0);
        struct exh_medium *m = open_it(AIFF_SHEET);
        expect_clean(m);
        expect_track(m, 1, 1, "AUDIO", 0, 5, 0, 0, 0);
        struct sectors s;
        read_sectors(m, &m->layout->tracks[0], 0, 5, &s);
        for (unsigned b = 0; b < 5 * 2352; b++)
            assert_int_equal(s.block.main[b], byte_of(1, list[i].big ? b ^ 1u : b));
        sectors_close(&s);
        exh_medium_close(m);
    }
    aiff("AIFC", "ima4", 0);
    expect_refusal(AIFF_SHEET, EXH_UNSUPPORTED, "compressed AIFF-C samples");
    aiff("AIFF", NULL, 0);
    file[21] = 1;
    expect_refusal(AIFF_SHEET, EXH_UNSUPPORTED, "AIFF samples of another kind");
}

static void big_endian_samples_without_a_header(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 4);
    struct exh_medium *m = open_sheet("FILE a.bin MOTOROLA\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 MODE1/2352\nINDEX 01 00:00:02\n");
    struct sectors s;
    read_sectors(m, &m->layout->tracks[0], 0, 2, &s);
    for (unsigned b = 0; b < 2 * 2352; b++)
        assert_int_equal(s.block.main[b], byte_of(1, b ^ 1u));
    sectors_close(&s);
    expect_sectors(m, 2, 2, 2, 1, 2 * 2352, 2352);
    exh_medium_close(m);
}

/* The sheet decides what a file is; that it looks otherwise is said. */
static void a_header_that_the_sheet_does_not_know(void **state)
{
    (void)state;
    wave(1, 2, 44100, 16);
    data(2352 * 2 - 44, 2352 * 2 - 44);
    struct exh_medium *m = open_it("FILE \"a.wav\" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n");
    expect_track(m, 1, 1, "AUDIO", 0, 2, 0, 0, 0);
    assert_int_equal(remarks(m, EXH_WARNS, "line 1: the file is WAVE, and is read as BINARY"), 1);
    struct sectors s;
    read_sectors(m, &m->layout->tracks[0], 0, 2, &s);
    assert_memory_equal(s.block.main, file, 2 * 2352);
    sectors_close(&s);
    exh_medium_close(m);
}

static void what_no_disc_holds(void **state)
{
    (void)state;
    static const struct {
        uint16_t tag, channels;
        uint32_t rate;
        uint16_t bits;
    } list[] = {{1, 1, 44100, 16}, {1, 2, 48000, 16},    {1, 2, 44100, 24},     {1, 2, 44100, 8},
                {3, 2, 44100, 16}, {0x55, 2, 44100, 16}, {0xFFFE, 2, 44100, 24}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        wave(list[i].tag, list[i].channels, list[i].rate, list[i].bits);
        data(2352, 2352);
        expect_refusal(SHEET, EXH_UNSUPPORTED, "only 16-bit PCM of two channels at 44100 Hz");
    }
    static const struct {
        const char *magic, *name;
    } named[] = {{"fLaC", "FLAC"}, {"OggS", "Ogg"}, {"ID3\3", "MP3"}, {"RF64", "RF64"}, {"wvpk", "WavPack"}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        used = 0;
        put(named[i].magic, 4);
        put_samples(100);
        expect_refusal(SHEET, EXH_UNSUPPORTED, named[i].name);
    }
}

static void hostile_files(void **state)
{
    (void)state;
    for (size_t length = 0; length < 44; length++) { /* cut anywhere in its headers */
        wave(1, 2, 44100, 16);
        data(2352, 2352);
        used = length;
        expect_refusal(SHEET, EXH_CORRUPT, length < 12 ? "neither WAVE nor AIFF" : "");
    }
    for (size_t length = 12; length < 54; length++) {
        aiff("AIFF", NULL, 0);
        used = length;
        expect_refusal(AIFF_SHEET, EXH_CORRUPT, "");
    }
    wave(1, 2, 44100, 16);
    for (unsigned i = 0; i < 2000; i++)
        put("xxxx\0\0\0\0", 8);
    data(2352, 2352);
    expect_refusal(SHEET, EXH_LIMIT, "more than 1000 chunks");
    wave(1, 2, 44100, 16);
    put("xxxx\xFF\xFF\xFF\xFF", 8);
    expect_refusal(SHEET, EXH_CORRUPT, "the file ends before its samples");
    aiff("AIFF", NULL, 0);
    exh_put_be32(file + 46, UINT32_MAX); /* an offset beyond everything */
    expect_refusal(AIFF_SHEET, EXH_CORRUPT, "beyond their chunk");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(plain_and_extensible),
        TEST(several_tracks_in_one),
        TEST(an_odd_length),
        TEST(a_header_that_is_wrong),
        TEST(apple),
        TEST(big_endian_samples_without_a_header),
        TEST(a_header_that_the_sheet_does_not_know),
        TEST(what_no_disc_holds),
        TEST(hostile_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
