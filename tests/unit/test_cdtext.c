/* CD-TEXT: packs built by hand decode to their texts, damage costs only what it touches, and what is encoded comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "formats/model/text.h"
#include "formats/optical/cdtext.h"

#define PACK 18u

static struct exh_error err;

struct list {
    uint8_t packs[64][PACK];
    size_t count;
};

/* Adds a pack whose sequence number is its place in the list. */
static uint8_t *add(struct list *list, unsigned type, unsigned track, unsigned flags, const char *payload, size_t length)
{
    uint8_t *p = list->packs[list->count];
    memset(p, 0, PACK);
    p[0] = (uint8_t)type, p[1] = (uint8_t)track, p[2] = (uint8_t)list->count, p[3] = (uint8_t)flags;
    assert_true(length <= 12);
    memcpy(p + 4, payload, length);
    list->count++;
    return p;
}
#define ADD(list, type, track, flags, text) add(list, type, track, flags, text, sizeof(text) - 1)

static void seal(uint8_t *pack)
{
    unsigned crc = exh_crc16_q(pack, 16);
    pack[16] = (uint8_t)(crc >> 8), pack[17] = (uint8_t)crc;
}

static void seal_all(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        seal(list->packs[i]);
}

static struct exh_cdtext decoded(const struct list *list)
{
    struct exh_cdtext out;
    assert_true(exh_cdtext_decode(list->packs[0], list->count, &out, &err));
    return out;
}

static void expect(const struct exh_cdtext *c, unsigned block, unsigned type, unsigned track, const char *text)
{
    const char *found = exh_cdtext_find(c, block, type, track);
    if (text == NULL)
        assert_null(found);
    else if (found == NULL)
        fail_msg("block %u, type %02X, track %u: nothing instead of \"%s\"", block, type, track, text);
    else
        assert_string_equal(found, text);
}

static void texts_run_on_through_packs(void **state)
{
    (void)state;
    struct list list = {0};
    ADD(&list, 0x80, 0, 0, "Album of son");
    ADD(&list, 0x80, 0, 12, "gs\0First\0Sec");
    ADD(&list, 0x80, 2, 3, "ond\0\0Fourth\0");
    ADD(&list, 0x81, 0, 0, "Band\0\t\0Guest");
    ADD(&list, 0x81, 2, 5, "\0\t\0\t\0");
    ADD(&list, 0x8E, 0, 0, "123456789012");
    ADD(&list, 0x8E, 0, 12, "3\0GBAYE67001");
    ADD(&list, 0x8E, 1, 10, "49\0");
    seal_all(&list);
    struct exh_cdtext c = decoded(&list);
    assert_int_equal(c.bad_crc, 0);
    assert_int_equal(c.zero_crc, 0);
    expect(&c, 0, 0x80, 0, "Album of songs");
    expect(&c, 0, 0x80, 1, "First");
    expect(&c, 0, 0x80, 2, "Second");
    expect(&c, 0, 0x80, 3, NULL); /* empty */
    expect(&c, 0, 0x80, 4, "Fourth");
    expect(&c, 0, 0x81, 0, "Band");
    expect(&c, 0, 0x81, 1, "Band"); /* a TAB is the one before */
    expect(&c, 0, 0x81, 2, "Guest");
    expect(&c, 0, 0x81, 4, "Guest");
    expect(&c, 0, 0x81, 5, NULL);
    expect(&c, 0, 0x8E, 0, "1234567890123");
    expect(&c, 0, 0x8E, 1, "GBAYE6700149");
    exh_cdtext_close(&c);
    assert_null(c.items);
}

static void sizes_say_charset_language_and_first_track(void **state)
{
    (void)state;
    struct list list = {0};
    ADD(&list, 0x80, 0, 0x10,
        "Stra\xDF"
        "e\0F\xFCnf\0");
    ADD(&list, 0x87, 0, 0x10, "\0\5Klassik\0");
    ADD(&list, 0x88, 0, 0x10, "\1\5\5abcdefgh");
    ADD(&list, 0x8D, 0, 0x10, "geheim\0");
    ADD(&list, 0x8F, 0, 0x10, "\0\5\5\0");
    ADD(&list, 0x8F, 1, 0x10, "");
    ADD(&list, 0x8F, 2, 0x10, "\0\0\0\0\0\x08");
    seal_all(&list);
    struct exh_cdtext c = decoded(&list);
    assert_int_equal(c.charset[0], 0xFF);
    assert_int_equal(c.language[0], 0xFF);
    assert_int_equal(c.charset[1], 0);
    assert_int_equal(c.language[1], 8);
    expect(&c, 1, 0x80, 0,
           "Stra\xC3\x9F"
           "e");
    expect(&c, 1, 0x80, 1, NULL);
    expect(&c, 1, 0x80, 5, "F\xC3\xBCnf");
    expect(&c, 0, 0x80, 0, NULL);
    expect(&c, 1, 0x87, 0, "Klassik");
    expect(&c, 1, 0x8D, 0, "geheim");
    assert_int_equal(c.count, 4); /* a table of contents and sizes are no texts */
    exh_cdtext_close(&c);
}

static void damage_costs_only_what_it_touches(void **state)
{
    (void)state;
    struct list list = {0};
    ADD(&list, 0x80, 0, 0, "Album of son");
    ADD(&list, 0x80, 0, 12, "gs\0First\0Sec");
    ADD(&list, 0x80, 2, 3, "ond song\0Thi");
    ADD(&list, 0x80, 3, 3, "rd\0Fourth");
    ADD(&list, 0x81, 0, 0, "Band\0");
    seal_all(&list);
    list.packs[1][7] ^= 1;
    struct exh_cdtext c = decoded(&list);
    assert_int_equal(c.bad_crc, 1);
    expect(&c, 0, 0x80, 0, NULL);
    expect(&c, 0, 0x80, 1, NULL);
    expect(&c, 0, 0x80, 2, NULL); /* its beginning is lost */
    expect(&c, 0, 0x80, 3, "Third");
    expect(&c, 0, 0x80, 4, "Fourth"); /* without an end, but nothing is missing behind it */
    expect(&c, 0, 0x81, 0, "Band");
    exh_cdtext_close(&c);
    list.packs[1][7] ^= 1;
    list.packs[3][17] ^= 1;
    c = decoded(&list);
    assert_int_equal(c.bad_crc, 1);
    expect(&c, 0, 0x80, 2, "Second song");
    expect(&c, 0, 0x80, 3, NULL); /* cut off */
    exh_cdtext_close(&c);
}

static void last_crc_of_zero_is_a_habit(void **state)
{
    (void)state;
    struct list list = {0};
    ADD(&list, 0x80, 0, 0, "Album\0One\0");
    ADD(&list, 0x81, 0, 0, "Band\0");
    seal_all(&list);
    memset(list.packs[1] + 16, 0, 2);
    struct exh_cdtext c = decoded(&list);
    assert_int_equal(c.bad_crc, 0);
    assert_int_equal(c.zero_crc, 1);
    expect(&c, 0, 0x81, 0, "Band");
    exh_cdtext_close(&c);
    memset(list.packs[0] + 16, 0, 2); /* elsewhere it is not */
    c = decoded(&list);
    assert_int_equal(c.bad_crc, 1);
    assert_int_equal(c.zero_crc, 1);
    expect(&c, 0, 0x80, 0, NULL);
    exh_cdtext_close(&c);
}

static void packs_without_sense_are_counted(void **state)
{
    (void)state;
    struct list list = {0};
    ADD(&list, 0x7F, 0, 0, "What\0");
    ADD(&list, 0x90, 0, 0, "What\0");
    ADD(&list, 0x80, 0x80, 0, "Extension\0");
    ADD(&list, 0x80, 100, 0, "Track\0");
    ADD(&list, 0x80, 99, 0, "Last\0Beyond\0");
    ADD(&list, 0x81, 3, 0, "\t\0Text\0"); /* repeats nothing */
    seal_all(&list);
    struct exh_cdtext c = decoded(&list);
    assert_int_equal(c.bad_crc, 4);
    expect(&c, 0, 0x80, 99, "Last");
    expect(&c, 0, 0x81, 4, "Text");
    expect(&c, 0, 0x81, 3, NULL);
    assert_int_equal(c.count, 2);
    exh_cdtext_close(&c);
    assert_true(exh_cdtext_decode(NULL, 0, &c, &err));
    assert_int_equal(c.count, 0);
    exh_cdtext_close(&c);
    assert_false(exh_cdtext_decode(list.packs[0], EXH_CDTEXT_PACKS_MAX + 1, &c, &err));
    assert_int_equal(err.code, EXH_LIMIT);
}

/* Packs of any bytes, with CRCs that hold: every item is a text of a type that has them, within its bounds. */
static void packs_of_any_bytes(void **state)
{
    (void)state;
    static const uint8_t charsets[] = {0, 1, 0x80, 0x81, 0x82, 0xFF};
    uint32_t seed = 1;
    for (unsigned round = 0; round < 400; round++) {
        struct list list = {.count = 64};
        for (size_t i = 0; i < list.count; i++) {
            for (unsigned k = 0; k < 16; k++)
                list.packs[i][k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
            list.packs[i][0] = (uint8_t)(0x80 | (list.packs[i][0] & (round % 2 ? 15 : 1)));
            list.packs[i][1] &= 127;
            list.packs[i][2] = (uint8_t)i;
            list.packs[i][3] &= round % 4 < 2 ? 0x80 : 0xFF;
            for (unsigned k = 4; k < 16; k++)
                if (list.packs[i][k] >= 0xC0) /* ends and repetitions must be there */
                    list.packs[i][k] = list.packs[i][k] & 1 ? '\t' : 0;
        }
        list.packs[63][0] = 0x8F, list.packs[63][1] = 0, list.packs[63][4] = charsets[round % sizeof charsets];
        seal_all(&list);
        struct exh_cdtext c = decoded(&list);
        for (size_t i = 0; i < c.count; i++) {
            assert_in_range(c.items[i].track, 0, 99);
            assert_in_range(c.items[i].type, 0x80, 0x8E);
            assert_in_range(c.items[i].block, 0, 7);
            assert_true(c.items[i].text[0] != '\0' && exh_text_is_utf8(c.items[i].text, strlen(c.items[i].text)));
        }
        exh_cdtext_close(&c);
    }
}

/* "nihon" (Japan) in two characters, then a TAB of two bytes, then half a character. */
static void two_byte_characters(void **state)
{
    (void)state;
    iconv_t there = iconv_open("UTF-8", "CP932");
    if (there == (iconv_t)-1) {
        print_message("  this system has no CP932\n");
        skip();
    }
    (void)iconv_close(there);
    struct list list = {0};
    ADD(&list, 0x80, 0, 0x80, "\x93\xFA\x96\x7B\0\0\x93\xFA\x96\x7B\0\0");
    ADD(&list, 0x80, 2, 0x80, "\t\t\0\0\x93\xFA\0\0\x96\0\0\0");
    ADD(&list, 0x81, 0, 0x80, "\0A\0B\0\0\0\0");
    ADD(&list, 0x8E, 0, 0, "4988\0JPAB01\0");
    ADD(&list, 0x8F, 0, 0, "\x80\1\4\0");
    seal_all(&list);
    struct exh_cdtext c = decoded(&list);
    assert_int_equal(c.charset[0], 0x80);
    expect(&c, 0, 0x80, 0, "\xE6\x97\xA5\xE6\x9C\xAC");
    expect(&c, 0, 0x80, 1, "\xE6\x97\xA5\xE6\x9C\xAC");
    expect(&c, 0, 0x80, 2, "\xE6\x97\xA5\xE6\x9C\xAC");
    expect(&c, 0, 0x80, 3, "\xE6\x97\xA5");
    assert_non_null(exh_cdtext_find(&c, 0, 0x80, 4));
    assert_non_null(strstr(exh_cdtext_find(&c, 0, 0x80, 4), "\xEF\xBF\xBD"));
    expect(&c, 0, 0x81, 0, "AB");
    expect(&c, 0, 0x8E, 1, "JPAB01");
    exh_cdtext_close(&c);
}

static void type_names(void **state)
{
    (void)state;
    assert_string_equal(exh_cdtext_type_name(0x80), "title");
    assert_string_equal(exh_cdtext_type_name(0x86), "disc-id");
    assert_string_equal(exh_cdtext_type_name(0x8E), "upc-isrc");
    assert_string_equal(exh_cdtext_type_name(0x8F), "size");
    assert_string_equal(exh_cdtext_type_name(0x7F), "unknown");
    assert_string_equal(exh_cdtext_type_name(0x90), "unknown");
}

/* ---- encoding ---- */

static void encoded_packs_are_these(void **state)
{
    (void)state;
    const struct exh_cdtext_item items[] = {
        {0, 0x80, 0, "Album of songs"}, {0, 0x80, 1, "Eins"}, {0, 0x80, 2, "Zw\xC3\xB6lf"}, {0, 0x81, 2, "Guest"}, {0, 0x87, 0, "Pop"}};
    struct list want = {0};
    ADD(&want, 0x80, 0, 0, "Album of son");
    ADD(&want, 0x80, 0, 12, "gs\0Eins\0Zw\xF6l");
    ADD(&want, 0x80, 2, 4, "f\0");
    ADD(&want, 0x81, 0, 0, "\0\0Guest\0");
    ADD(&want, 0x87, 0, 0, "\0\0Pop\0");
    ADD(&want, 0x8F, 0, 0, "\0\1\2\0\3\1\0\0\0\0\0\1");
    ADD(&want, 0x8F, 1, 0, "\0\0\0\0\0\0\0\3\7\0\0\0");
    ADD(&want, 0x8F, 2, 0, "\0\0\0\0\x09\0\0\0\0\0\0\0");
    seal_all(&want);
    struct exh_disc disc = {0};
    size_t left_out = 99;
    assert_true(exh_cdtext_encode(items, 5, 1, 2, 9, &disc, &left_out, &err));
    assert_int_equal(left_out, 0);
    assert_int_equal(disc.cdtext_packs, want.count);
    assert_memory_equal(disc.cdtext, want.packs, want.count * PACK);
    exh_disc_close(&disc);
}

static void what_is_encoded_comes_back(void **state)
{
    (void)state;
    char texts[2][20][40];
    struct exh_cdtext_item items[300];
    size_t count = 0, left_out;
    static const uint8_t types[] = {0x80, 0x81, 0x82, 0x85, 0x87, 0x8E};
    for (unsigned block = 0; block < 2; block++)
        for (unsigned i = 0; i < 20; i++) /* every length, so that texts end at every place of a pack */
            (void)snprintf(texts[block][i], sizeof texts[block][i], "%u%.*s\xC3\xA9", block, (int)i, "abcdefghijklmnopqrstuvwxyz");
    for (unsigned block = 0; block < 2; block++)
        for (unsigned t = 0; t < sizeof types; t++)
            for (unsigned track = 3; track <= 20; track++)
                if ((track + t) % 5 != 0)
                    items[count++] = (struct exh_cdtext_item){(uint8_t)block, types[t], (uint8_t)track, texts[block][(track * (t + 1)) % 20]};
    struct exh_disc disc = {0};
    assert_true(exh_cdtext_encode(items, count, 3, 20, 9, &disc, &left_out, &err));
    assert_int_equal(left_out, 0);
    struct exh_cdtext c;
    assert_true(exh_cdtext_decode(disc.cdtext, disc.cdtext_packs, &c, &err));
    assert_int_equal(c.bad_crc, 0);
    assert_int_equal(c.count, count);
    for (size_t i = 0; i < count; i++)
        expect(&c, items[i].block, items[i].type, items[i].track, items[i].text);
    assert_int_equal(c.language[0], 9);
    assert_int_equal(c.language[1], 0);
    exh_cdtext_close(&c);
    exh_disc_close(&disc);
}

static void what_does_not_fit_is_left_out(void **state)
{
    (void)state;
    const struct exh_cdtext_item items[] = {
        {0, 0x80, 1, "ok"},
        {0, 0x80, 2, "\xE6\x97\xA5"},     /* Japanese */
        {0, 0x81, 1, "\xC3\x83\xC2\xA9"}, /* would come back as another letter */
        {0, 0x81, 2, "\t"},               /* would mean repetition */
        {0, 0x82, 1, "\xC2\x85"},         /* a control character */
        {0, 0x80, 3, "no such track"},
        {8, 0x80, 1, "no such block"},
        {0, 0x8F, 1, "no text"},
        {0, 0x88, 1, "no text"},
    };
    struct exh_disc disc = {0};
    size_t left_out = 0;
    assert_true(exh_cdtext_encode(items, sizeof items / sizeof items[0], 1, 2, 9, &disc, &left_out, &err));
    assert_int_equal(left_out, 8);
    assert_int_equal(disc.cdtext_packs, 1 + 3);
    exh_disc_close(&disc);
    assert_true(exh_cdtext_encode(items + 1, 4, 1, 2, 9, &disc, &left_out, &err)); /* nothing left, no packs at all */
    assert_int_equal(disc.cdtext_packs, 0);
    assert_true(exh_cdtext_encode(NULL, 0, 1, 99, 9, &disc, &left_out, &err));
    assert_int_equal(disc.cdtext_packs, 0);
    assert_false(exh_cdtext_encode(items, 1, 2, 1, 9, &disc, &left_out, &err));
    assert_false(exh_cdtext_encode(items, 1, 0, 1, 9, &disc, &left_out, &err));
    assert_false(exh_cdtext_encode(items, 1, 1, 100, 9, &disc, &left_out, &err));
}

static void a_block_holds_256_packs(void **state)
{
    (void)state;
    static char text[4000];
    const struct exh_cdtext_item item = {0, 0x80, 0, text};
    struct exh_disc disc = {0};
    size_t left_out;
    memset(text, 'x', 253 * 12 - 1); /* and a NUL */
    assert_true(exh_cdtext_encode(&item, 1, 1, 1, 9, &disc, &left_out, &err));
    assert_int_equal(disc.cdtext_packs, 256);
    assert_int_equal(disc.cdtext[255 * PACK + 2], 255);
    struct exh_cdtext c;
    assert_true(exh_cdtext_decode(disc.cdtext, disc.cdtext_packs, &c, &err));
    expect(&c, 0, 0x80, 0, text);
    exh_cdtext_close(&c);
    exh_disc_close(&disc);
    text[253 * 12 - 1] = 'x';
    assert_false(exh_cdtext_encode(&item, 1, 1, 1, 9, &disc, &left_out, &err));
    assert_int_equal(err.code, EXH_LIMIT);
    exh_disc_close(&disc);
}

/* ---- files ---- */

static void files_of_packs(void **state)
{
    (void)state;
    struct list list = {0};
    ADD(&list, 0x80, 0, 0, "Album\0");
    ADD(&list, 0x81, 0, 0, "Band\0");
    seal_all(&list);
    uint8_t file[64] = {0};
    for (unsigned head = 0; head <= 4; head += 4)
        for (unsigned tail = 0; tail < 2; tail++) {
            memset(file, 0, sizeof file);
            file[1] = head ? 38 : 0;
            memcpy(file + head, list.packs, 2 * PACK);
            struct exh_disc disc = {0};
            assert_true(exh_cdtext_file(file, head + 2 * PACK + tail, &disc, &err));
            assert_int_equal(disc.cdtext_packs, 2);
            assert_memory_equal(disc.cdtext, list.packs, 2 * PACK);
            exh_disc_close(&disc);
        }
    struct exh_disc disc = {0};
    memset(file, 0, sizeof file);
    memcpy(file, list.packs, 2 * PACK);
    static const size_t lengths[] = {0, 1, 17, 20, 21, 35, 38};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        err.code = EXH_OK;
        assert_false(exh_cdtext_file(file, lengths[i], &disc, &err));
        assert_int_equal(err.code, EXH_CORRUPT);
    }
    file[36] = 1; /* behind them is no NUL */
    assert_false(exh_cdtext_file(file, 37, &disc, &err));
    assert_false(exh_cdtext_file(file, 40, &disc, &err)); /* no header: it begins with a pack */
    file[0] = 0x20;
    assert_false(exh_cdtext_file(file, 36, &disc, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(disc.cdtext_packs, 0);
}

/* Adds the file's packs to the disc; false, saying so, where there is no corpus. */
static bool corpus_file(const char *name, struct exh_disc *disc)
{
    char path[1024];
    uint8_t bytes[4096];
    const char *corpus = getenv("EXHIBIT_CORPUS") != NULL ? getenv("EXHIBIT_CORPUS") : getenv("EXHIBIT_CORPUS_DEFAULT");
    (void)snprintf(path, sizeof path, "%s/optical/libcdio/%s", corpus != NULL ? corpus : "", name);
    FILE *file = corpus != NULL ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        print_message("  no corpus (EXHIBIT_CORPUS): %s\n", name);
        return false;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_true(exh_cdtext_file(bytes, length, disc, &err));
    return true;
}

static void discs_of_the_corpus(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t packs;
        unsigned block, track;
        const char *title, *performer;
    } rows[] = {
        {"cdtext.cdt", 96, 0, 2, "Humpty Dumpty", "Catwalk Beauties"},
        {"cdtext.cdt", 96, 1, 0,
         "Freudvolle N\xC3\xA4"
         "chte",
         "Vereinigtes Katzenorchester"},
        {"cdtext-krosis.cdt", 47, 0, 3, "To Persist or Adhere", "Krosis"},
        {"cdtext-libburnia.cdt", 91, 1, 3, "Mie auu", "Mia K\xC3\xA4tzchen"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct exh_disc disc = {0};
        struct exh_cdtext c;
        if (!corpus_file(rows[i].file, &disc))
            skip();
        assert_int_equal(disc.cdtext_packs, rows[i].packs);
        assert_true(exh_cdtext_decode(disc.cdtext, disc.cdtext_packs, &c, &err));
        assert_int_equal(c.bad_crc + c.zero_crc, 0);
        expect(&c, rows[i].block, 0x80, rows[i].track, rows[i].title);
        expect(&c, rows[i].block, 0x81, rows[i].track, rows[i].performer);
        assert_int_equal(c.language[0], 9);
        exh_cdtext_close(&c);
        exh_disc_close(&disc);
    }
}

/* Another program's packs, decoded and encoded anew, are the same but for what is not text: the genre's number, the size packs. */
static void encoding_agrees_with_another_program(void **state)
{
    (void)state;
    struct exh_disc disc = {0}, ours = {0};
    struct exh_cdtext c;
    size_t left_out, first_block = 0;
    if (!corpus_file("cdtext.cdt", &disc))
        skip();
    assert_true(exh_cdtext_decode(disc.cdtext, disc.cdtext_packs, &c, &err));
    while (c.items[first_block].block == 0)
        first_block++;
    assert_true(exh_cdtext_encode(c.items, first_block, 1, 3, 9, &ours, &left_out, &err));
    assert_int_equal(left_out, 0);
    assert_int_equal(ours.cdtext_packs, 46);
    for (size_t i = 0; i < 43; i++)
        if (disc.cdtext[i * PACK] != 0x87)
            assert_memory_equal(ours.cdtext + i * PACK, disc.cdtext + i * PACK, PACK);
    assert_memory_equal(ours.cdtext + 43 * PACK + 8, disc.cdtext + 43 * PACK + 8, 8); /* packs of each type */
    assert_memory_equal(ours.cdtext + 44 * PACK + 4, disc.cdtext + 44 * PACK + 4, 9);
    exh_cdtext_close(&c);
    exh_disc_close(&disc);
    exh_disc_close(&ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_run_on_through_packs),
        cmocka_unit_test(sizes_say_charset_language_and_first_track),
        cmocka_unit_test(damage_costs_only_what_it_touches),
        cmocka_unit_test(last_crc_of_zero_is_a_habit),
        cmocka_unit_test(packs_without_sense_are_counted),
        cmocka_unit_test(packs_of_any_bytes),
        cmocka_unit_test(two_byte_characters),
        cmocka_unit_test(type_names),
        cmocka_unit_test(encoded_packs_are_these),
        cmocka_unit_test(what_is_encoded_comes_back),
        cmocka_unit_test(what_does_not_fit_is_left_out),
        cmocka_unit_test(a_block_holds_256_packs),
        cmocka_unit_test(files_of_packs),
        cmocka_unit_test(discs_of_the_corpus),
        cmocka_unit_test(encoding_agrees_with_another_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
