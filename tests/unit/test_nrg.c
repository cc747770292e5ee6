/* Nero images: every chunk as Nero lays it out, both versions, and chains that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "disc_bytes.h"
#include "formats/model/disc.h"
#include "formats/optical/nrg.h"

static struct bytes image;
static struct exh_error err;

/* ---- building ---- */

static uint64_t chain; /* where it begins */
static bool wide;      /* version 2 */

static void begin(size_t data, bool version2)
{
    image.length = 0;
    put_pattern(&image, data, 7);
    chain = data;
    wide = version2;
}

static void put_chunk(const char *id, uint32_t length)
{
    put(&image, id, 4);
    put32(&image, length);
}

static void put_end(void)
{
    put_chunk("END!", 0);
    if (wide) {
        put(&image, "NER5", 4);
        put64(&image, chain);
    } else {
        put(&image, "NERO", 4);
        put32(&image, (uint32_t)chain);
    }
}

static void put_cue(uint8_t control, uint8_t track, uint8_t index, int32_t lba)
{
    uint8_t p[4] = {control, track, index, 0};
    put(&image, p, 4);
    put32(&image, (uint32_t)lba);
}

/* A point of CUES; `bcd` says how its time is written. */
static void put_old_cue(uint8_t control, uint8_t track, uint8_t index, unsigned lba, bool bcd)
{
    unsigned frames = lba + 150, msf[3] = {frames / 4500, frames / 75 % 60, frames % 75};
    uint8_t p[8] = {control, track, index, 0, 0};
    for (int i = 0; i < 3; i++)
        p[5 + i] = (uint8_t)(bcd ? msf[i] / 10 * 16 + msf[i] % 10 : msf[i]);
    put(&image, p, 8);
}

static void put_dao(unsigned first, unsigned last, const char *mcn)
{
    uint32_t length = 22 + (last - first + 1) * (wide ? 42 : 30);
    uint8_t head[18] = {0}, tail[4] = {0};
    put_chunk(wide ? "DAOX" : "DAOI", length);
    exh_put_le32(head, length);
    memcpy(head + 4, mcn, strlen(mcn));
    tail[2] = (uint8_t)first, tail[3] = (uint8_t)last;
    put(&image, head, 18);
    put(&image, tail, 4);
}

static void put_dao_track(const char *isrc, uint16_t size, uint8_t mode, uint64_t a, uint64_t b, uint64_t c)
{
    uint8_t p[18] = {0};
    memcpy(p, isrc, strlen(isrc));
    p[12] = (uint8_t)(size >> 8), p[13] = (uint8_t)size, p[14] = mode, p[17] = 1;
    put(&image, p, 18);
    uint64_t offsets[] = {a, b, c};
    for (int i = 0; i < 3; i++) {
        if (wide)
            put64(&image, offsets[i]);
        else
            put32(&image, (uint32_t)offsets[i]);
    }
}

static void put_tao_track(uint64_t offset, uint64_t size, uint32_t mode, uint32_t lba)
{
    if (wide) {
        put64(&image, offset);
        put64(&image, size);
    } else {
        put32(&image, (uint32_t)offset);
        put32(&image, (uint32_t)size);
    }
    put32(&image, mode);
    put32(&image, lba);
    put(&image, NULL, wide ? 8 : 4);
}

static void put_word(const char *id, uint32_t value)
{
    put_chunk(id, 4);
    put32(&image, value);
}

/* ---- opening ---- */

static struct exh_medium *open_bytes(const uint8_t *data, size_t length)
{
    exh_error_clear(&err);
    struct exh_source *source = exh_source_memory(data, length, "disc.nrg");
    assert_non_null(source);
    struct exh_open options = {0};
    struct exh_medium *m = exh_format_nrg.open(source, &options, &err);
    if (m == NULL)
        exh_source_close(source);
    return m;
}

static struct exh_medium *open_image(void)
{
    struct exh_medium *m = open_bytes(image.data, image.length);
    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

/* Refused, saying so and where. */
static void assert_refused(enum exh_code code, const char *text)
{
    struct exh_medium *m = open_bytes(image.data, image.length);
    assert_null(m);
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.text, text));
    assert_int_not_equal(err.at, EXH_NO_OFFSET);
}

static void assert_track(const struct exh_medium *m, unsigned i, int64_t first, uint64_t sectors, uint32_t stored, uint32_t pregap)
{
    const struct exh_track *t = &m->layout->tracks[i];
    assert_int_equal(t->first, first);
    assert_int_equal(t->sectors, sectors);
    assert_int_equal(t->stored_pregap, stored);
    assert_int_equal(t->pregap, pregap);
}

/* ---- layouts ---- */

/* Data 150 + 20 sectors, audio with a pregap of 5 and 10 sectors, audio of 3. */
static void build_dao(bool version2, bool bcd)
{
    begin(188u * 2352, version2);
    put_chunk(version2 ? "CUEX" : "CUES", 8 * 8);
    struct {
        uint8_t control, track, index;
        int32_t lba;
    } points[] = {{0x41, 0, 0, -150}, {0x41, 1, 0, -150}, {0x41, 1, 1, 0},  {0x21, 2, 0, 20},
                  {0x21, 2, 1, 25},   {0x01, 3, 0, 35},   {0x01, 3, 1, 35}, {0x01, 0xAA, 1, 38}};
    for (size_t i = 0; i < 8; i++) {
        if (version2)
            put_cue(points[i].control, points[i].track, points[i].index, points[i].lba);
        else
            put_old_cue(points[i].control, points[i].track, points[i].index, (unsigned)points[i].lba, bcd);
    }
    put_dao(1, 3, "1234567890128");
    put_dao_track("", 2352, 5, 0, 150 * 2352, 170 * 2352);
    put_dao_track("USABC0312345", 2352, 7, 170 * 2352, 175 * 2352, 185 * 2352);
    put_dao_track("", 2352, 7, 185 * 2352, 185 * 2352, 188 * 2352);
    put_word("SINF", 3);
    put_word("MTYP", 1);
    put_end();
}

static void check_dao(void)
{
    struct exh_medium *m = open_image();
    const struct exh_disc *d = m->layout->disc;
    assert_int_equal(m->layout->track_count, 3);
    assert_track(m, 0, -150, 170, 150, 150);
    assert_track(m, 1, 20, 15, 5, 5);
    assert_track(m, 2, 35, 3, 0, 0);
    assert_int_equal(m->layout->tracks[0].control, EXH_CONTROL_DATA);
    assert_int_equal(m->layout->tracks[1].control, EXH_CONTROL_COPY);
    assert_int_equal(m->layout->tracks[2].control, 0);
    assert_string_equal(m->layout->tracks[1].isrc, "USABC0312345");
    assert_string_equal(d->mcn, "1234567890128");
    assert_int_equal(d->session_count, 1);
    assert_int_equal(d->sessions[0].lead_out, 38);
    assert_int_equal(d->sessions[0].disc_type, 0);
    assert_int_equal(count_remarks(m, NULL, EXH_FAILS) + count_remarks(m, NULL, EXH_WARNS), 0);
    uint8_t *bytes = read_sectors(m, 2, 24, 3, false); /* across INDEX 01; audio is little-endian in the file, too */
    assert_memory_equal(bytes, image.data + 174 * 2352, 3 * 2352);
    free(bytes);
    exh_medium_close(m);
}

static void disc_at_once(void **state)
{
    (void)state;
    build_dao(true, false);
    check_dao();
}

/* Track 2 lies at frame 20 of a second, track 3 at 35: the numbers differ by their writing. */
static void old_cues_in_bcd_or_binary(void **state)
{
    (void)state;
    build_dao(false, true);
    check_dao();
    build_dao(false, false);
    check_dao();
}

static void cues_that_do_not_fit(void **state)
{
    (void)state;
    build_dao(false, true);
    image.data[chain + 8 + 4 * 8 + 7] = 0x39; /* INDEX 01 of track 2 at frame 39 */
    struct exh_medium *m = open_image();
    assert_track(m, 0, -150, 170, 150, 150);
    assert_track(m, 1, 20, 15, 5, 5); /* placed by the offsets */
    assert_track(m, 2, 35, 3, 0, 0);
    assert_int_equal(count_remarks(m, "cue-points", EXH_FAILS), 1);
    assert_int_equal(m->layout->disc->sessions[0].lead_out, EXH_NO_LBA);
    exh_medium_close(m);
}

static void further_indexes(void **state)
{
    (void)state;
    begin(30 * 2352, true);
    put_chunk("CUEX", 6 * 8);
    put_cue(1, 1, 0, 0);
    put_cue(1, 1, 1, 0);
    put_cue(1, 1, 2, 10);
    put_cue(1, 1, 3, 40); /* behind the end */
    put_cue(1, 1, 4, -1); /* before INDEX 01 */
    put_cue(1, 0xAA, 1, 30);
    put_dao(1, 1, "");
    put_dao_track("", 2352, 7, 0, 0, 30 * 2352);
    put_word("SINF", 1);
    put_end();
    struct exh_medium *m = open_image();
    assert_int_equal(m->layout->disc->index_count, 1);
    assert_int_equal(m->layout->disc->indexes[0].lba, 10);
    assert_int_equal(count_remarks(m, "cue-points", EXH_WARNS), 1);
    assert_track(m, 0, 0, 30, 0, 0);
    exh_medium_close(m);
}

static void track_at_once(void **state)
{
    (void)state;
    for (int version2 = 0; version2 < 2; version2++) {
        begin(20 * 2048 + 10 * 2352 + 5 * 2336, version2 != 0);
        put_chunk(version2 ? "ETN2" : "ETNF", version2 ? 96 : 60);
        put_tao_track(0, 20 * 2048, 0, 0);
        put_tao_track(20 * 2048, 10 * 2352, 7, 20);
        put_tao_track(20 * 2048 + 10 * 2352, 5 * 2336, 3, 30);
        put_word("SINF", 3);
        put_end();
        struct exh_medium *m = open_image();
        assert_track(m, 0, 0, 20, 0, 0);
        assert_track(m, 1, 170, 10, 0, 150);
        assert_track(m, 2, 330, 5, 0, 150);
        assert_string_equal(exh_track_mode(&m->layout->tracks[0]), "MODE1/2048");
        assert_string_equal(exh_track_mode(&m->layout->tracks[2]), "MODE2/2336");
        assert_int_equal(count_remarks(m, NULL, EXH_FAILS) + count_remarks(m, NULL, EXH_WARNS), 0);
        exh_medium_close(m);
    }
}

static void oldest_tracks_and_no_session(void **state)
{
    (void)state;
    begin(10 * 2352 + 4 * 2048, false);
    put_chunk("TINF", 24);
    put32(&image, 0), put32(&image, 10 * 2352), put32(&image, 8);
    put32(&image, 10 * 2352), put32(&image, 4 * 2048), put32(&image, 2);
    put_end();
    struct exh_medium *m = open_image();
    assert_track(m, 0, 0, 10, 0, 0);
    assert_track(m, 1, 160, 4, 0, 150);
    assert_int_equal(m->layout->tracks[1].kind, EXH_TRACK_MODE2);
    assert_int_equal(count_remarks(m, "sessions", EXH_WARNS), 1);
    exh_medium_close(m);
}

static void a_track_said_to_lie_elsewhere(void **state)
{
    (void)state;
    begin(20 * 2048, true);
    put_chunk("ETN2", 64);
    put_tao_track(0, 10 * 2048, 0, 0);
    put_tao_track(10 * 2048, 10 * 2048, 0, 11);
    put_word("SINF", 2);
    put_end();
    struct exh_medium *m = open_image();
    assert_int_equal(count_remarks(m, "track-position", EXH_WARNS), 1);
    exh_medium_close(m);
}

static void subchannel_behind_each_sector(void **state)
{
    (void)state;
    const uint8_t modes[] = {0x0F, 0x10, 0x11};
    const enum exh_track_kind kinds[] = {EXH_TRACK_MODE1, EXH_TRACK_AUDIO, EXH_TRACK_MODE2};
    for (int i = 0; i < 3; i++) {
        begin(4 * 2448, true);
        put_dao(1, 1, "");
        put_dao_track("", 2448, modes[i], 0, 0, 4 * 2448);
        put_word("SINF", 1);
        put_end();
        struct exh_medium *m = open_image();
        assert_int_equal(m->layout->tracks[0].kind, kinds[i]);
        assert_int_equal(m->layout->tracks[0].main_bytes, 2352);
        assert_int_equal(m->layout->tracks[0].sub_bytes, 96);
        uint8_t *main = read_sectors(m, 1, 2, 1, false), *sub = read_sectors(m, 1, 2, 1, true), q[12] = {0};
        assert_memory_equal(main, image.data + 2 * 2448, 2352);
        for (int k = 0; k < 96; k++) /* bit 6 of every byte is Q */
            q[k / 8] |= (uint8_t)((image.data[2 * 2448 + 2352 + k] >> 6 & 1) << (7 - k % 8));
        assert_memory_equal(sub + 12, q, 12);
        free(main);
        free(sub);
        exh_medium_close(m);
    }
}

static void the_size_is_believed(void **state)
{
    (void)state;
    const uint8_t modes[] = {0, 2, 3};
    for (int i = 0; i < 3; i++) {
        begin(4 * 2352, true);
        put_dao(1, 1, "");
        put_dao_track("", 2352, modes[i], 0, 0, 4 * 2352);
        put_word("SINF", 1);
        put_end();
        struct exh_medium *m = open_image();
        assert_int_equal(m->layout->tracks[0].main_bytes, 2352);
        assert_int_equal(m->layout->tracks[0].kind, i == 0 ? EXH_TRACK_MODE1 : EXH_TRACK_MODE2);
        assert_int_equal(count_remarks(m, "sector-size", EXH_WARNS), 1);
        exh_medium_close(m);
    }
}

static void dvd_is_one_track_of_blocks(void **state)
{
    (void)state;
    const uint32_t types[] = {0x4, 0x8, 0x10, 0x200, 0x40000, 0x100000, 0x200000, 0x800000};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        begin(40 * 2048, true);
        put_chunk("ETN2", 32);
        put_tao_track(0, 40 * 2048, 0, 0);
        put_word("SINF", 1);
        put_word("MTYP", types[i]);
        put_end();
        struct exh_medium *m = open_image();
        assert_int_equal(m->layout->kind, EXH_LAYOUT_DISC);
        assert_int_equal(m->layout->tracks[0].kind, EXH_TRACK_BLOCKS);
        assert_int_equal(m->layout->tracks[0].main_bytes, 2048);
        assert_track(m, 0, 0, 40, 0, 0);
        assert_int_not_equal(m->layout->disc->medium[0], '\0');
        exh_medium_close(m);
    }
}

static void two_sessions(void **state)
{
    (void)state;
    begin(160 * 2352 + 20 * 2352, true);
    put_dao(1, 1, "");
    put_dao_track("", 2352, 5, 0, 150 * 2352, 160 * 2352);
    put_word("SINF", 1);
    put_dao(2, 2, "");
    put_dao_track("", 2352, 5, 160 * 2352, 165 * 2352, 180 * 2352);
    put_word("SINF", 1);
    put_end();
    struct exh_medium *m = open_image();
    assert_int_equal(m->layout->tracks[1].session, 2);
    assert_track(m, 0, -150, 160, 150, 150);
    assert_track(m, 1, 10 + 11400 - 5, 20, 5, 5);
    assert_int_equal(m->layout->disc->session_count, 2);
    exh_medium_close(m);
}

/* Cue points that place the second session within the first. */
static void sessions_over_each_other(void **state)
{
    (void)state;
    begin(30 * 2352, true);
    put_dao(1, 1, "");
    put_dao_track("", 2352, 5, 0, 0, 20 * 2352);
    put_word("SINF", 1);
    put_chunk("CUEX", 8);
    put_cue(0x41, 2, 1, 19);
    put_dao(2, 2, "");
    put_dao_track("", 2352, 5, 20 * 2352, 20 * 2352, 30 * 2352);
    put_word("SINF", 1);
    put_end();
    assert_null(open_bytes(image.data, image.length));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_non_null(strstr(err.text, "within track 1"));
    assert_int_not_equal(err.at, EXH_NO_OFFSET);
}

static void cdtext_and_unknown_chunks(void **state)
{
    (void)state;
    begin(4 * 2352, true);
    put_chunk("AFNM", 3);
    put(&image, "a.b", 3);
    put_dao(1, 1, "");
    put_dao_track("", 2352, 7, 0, 0, 4 * 2352);
    put_chunk("CDTX", 40);
    put_pattern(&image, 40, 3);
    put_word("SINF", 1);
    put_end();
    struct exh_medium *m = open_image();
    assert_int_equal(m->layout->disc->cdtext_packs, 2);
    assert_memory_equal(m->layout->disc->cdtext, image.data + chain + 11 + 72 + 8, 36);
    assert_int_equal(count_remarks(m, "cd-text", EXH_FAILS), 1);
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(m, &in, &err));
    bool found = false;
    for (size_t i = 0; i < in.fact_count; i++)
        found |= strcmp(in.facts[i].key, "chunk") == 0 && strstr(in.facts[i].value, "AFNM") != NULL && in.facts[i].offset == chain;
    assert_true(found);
    exh_inspection_close(&in);
    exh_medium_close(m);
}

static void bytes_of_no_track(void **state)
{
    (void)state;
    begin(12 * 2352 + 100, true);
    put_dao(1, 2, "");
    put_dao_track("", 2352, 7, 0, 0, 4 * 2352);
    put_dao_track("", 2352, 7, 6 * 2352, 6 * 2352, 12 * 2352 + 100);
    put_word("SINF", 2);
    put_end();
    struct exh_medium *m = open_image();
    assert_int_equal(count_remarks(m, "unused-bytes", EXH_WARNS), 1);
    assert_int_equal(count_remarks(m, "track-length", EXH_FAILS), 1); /* 100 bytes are no sector */
    assert_track(m, 1, 4, 6, 0, 0);
    exh_medium_close(m);
}

static void tracks_over_each_other(void **state)
{
    (void)state;
    begin(12 * 2352, true);
    put_dao(1, 2, "");
    put_dao_track("", 2352, 7, 0, 0, 8 * 2352);
    put_dao_track("", 2352, 7, 6 * 2352, 6 * 2352, 12 * 2352);
    put_word("SINF", 2);
    put_end();
    struct exh_medium *m = open_image();
    assert_int_equal(count_remarks(m, "overlap", EXH_FAILS), 1);
    exh_medium_close(m);
}

/* ---- lies ---- */

static void not_a_nero_image(void **state)
{
    (void)state;
    assert_null(open_bytes((const uint8_t *)"NERO", 4));
    assert_int_equal(err.code, EXH_NOT_THIS_FORMAT);
    assert_null(open_bytes((const uint8_t *)"", 0));
    assert_int_equal(err.code, EXH_NOT_THIS_FORMAT);
}

static void footers_that_lie(void **state)
{
    (void)state;
    build_dao(true, false);
    const uint64_t places[] = {image.length, image.length - 12, image.length - 11, UINT64_MAX, UINT64_MAX - 7, 1ULL << 63};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        exh_put_be64(image.data + image.length - 8, places[i]);
        assert_refused(EXH_CORRUPT, "footer at offset");
    }
    exh_put_be64(image.data + image.length - 8, image.length - 19); /* less than a chunk's head before it */
    assert_refused(EXH_CORRUPT, "passes the footer");
    exh_put_be64(image.data + image.length - 8, 0); /* the data read as chunks */
    assert_null(open_bytes(image.data, image.length));
}

static void chunk_lengths_that_lie(void **state)
{
    (void)state;
    const uint32_t lengths[] = {UINT32_MAX, 0x7FFFFFFF, 0x80000000, 1u << 20};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        build_dao(true, false);
        exh_put_be32(image.data + chain + 4, lengths[i]);
        assert_refused(EXH_CORRUPT, "CUEX");
    }
    /* A DAOX that is shorter or longer than its tracks. */
    for (uint32_t length = 0; length < 148; length++) {
        build_dao(true, false);
        exh_put_be32(image.data + chain + 72 + 4, length);
        assert_null(open_bytes(image.data, image.length));
        assert_int_equal(err.code, EXH_CORRUPT);
    }
}

/* The chain cut anywhere, with the footer behind what is left. */
static void truncated_at_every_byte(void **state)
{
    (void)state;
    for (int version2 = 0; version2 < 2; version2++) {
        build_dao(version2 != 0, true);
        size_t footer = version2 ? 12 : 8, full = image.length - footer, end = full - 8, opened = 0;
        static struct bytes whole;
        whole = image;
        for (size_t cut = (size_t)chain; cut < full; cut++) {
            image.length = cut;
            put(&image, whole.data + full, footer);
            struct exh_medium *m = open_bytes(image.data, image.length);
            if (m == NULL) {
                assert_int_equal(err.code, EXH_CORRUPT);
                assert_int_not_equal(err.at, EXH_NO_OFFSET);
                assert_non_null(strstr(err.text, "offset"));
            } else { /* only between chunks, and it is said */
                assert_int_equal(count_remarks(m, "chunk-chain", EXH_FAILS), 1);
                opened++;
                exh_medium_close(m);
            }
            memcpy(image.data, whole.data, whole.length);
        }
        assert_int_equal(opened, 3); /* behind DAO, SINF and MTYP */
        assert_true(end > chain);
    }
}

static void every_byte_changed(void **state)
{
    (void)state;
    const uint8_t values[] = {0x00, 0x7F, 0x80, 0xFF};
    build_dao(true, false);
    size_t opened = 0;
    for (size_t i = (size_t)chain; i < image.length; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            uint8_t kept = image.data[i];
            image.data[i] = values[v];
            struct exh_medium *m = open_bytes(image.data, image.length);
            opened += m != NULL;
            if (m == NULL && (err.code == EXH_OK || err.code == EXH_BUG || err.at == EXH_NO_OFFSET || strstr(err.text, "offset") == NULL) &&
                err.code != EXH_NOT_THIS_FORMAT)
                fail_msg("byte %zu: %s", i, err.text);
            exh_medium_close(m);
            image.data[i] = kept;
        }
    assert_true(opened > 0);
}

static void offsets_past_the_end(void **state)
{
    (void)state;
    const uint64_t ends[] = {UINT64_MAX, 1ULL << 63, 40 * 2352 + 1, 4};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        begin(40 * 2352, true);
        put_dao(1, 1, "");
        put_dao_track("", 2352, 7, 0, 0, ends[i]);
        put_word("SINF", 1);
        put_end();
        assert_refused(EXH_CORRUPT, "track 1 at offset");
    }
    begin(40 * 2352, true);
    put_chunk("ETN2", 32);
    put_tao_track(UINT64_MAX - 1, 2352, 7, 0);
    put_word("SINF", 1);
    put_end();
    assert_refused(EXH_CORRUPT, "track 1 at offset");
    begin(40 * 2352, true);
    put_dao(1, 1, "");
    put_dao_track("", 2352, 7, 0, 100, 40 * 2352); /* INDEX 01 within a sector */
    put_word("SINF", 1);
    put_end();
    assert_refused(EXH_CORRUPT, "track 1 at offset");
}

static void places_no_disc_has(void **state)
{
    (void)state;
    const int32_t places[] = {INT32_MAX, INT32_MIN, 765000, -151};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        begin(4 * 2352, true);
        put_chunk("CUEX", 8);
        put_cue(1, 1, 1, places[i]);
        put_dao(1, 1, "");
        put_dao_track("", 2352, 7, 0, 0, 4 * 2352);
        put_word("SINF", 1);
        put_end();
        assert_refused(EXH_CORRUPT, "a CD has none there");
    }
}

static void too_many_tracks(void **state)
{
    (void)state;
    for (unsigned count = 99; count <= 100; count++) {
        begin(100 * 2048, true);
        put_chunk("ETN2", count * 32);
        for (unsigned i = 0; i < count; i++)
            put_tao_track(i * 2048, 2048, 0, i);
        put_word("SINF", count);
        put_end();
        if (count == 100) {
            assert_refused(EXH_LIMIT, "100");
        } else {
            struct exh_medium *m = open_image();
            assert_int_equal(m->layout->track_count, 99);
            exh_medium_close(m);
        }
    }
    begin(100 * 2352, true);
    put_dao(1, 100, "");
    for (unsigned i = 0; i < 100; i++)
        put_dao_track("", 2352, 7, i * 2352, i * 2352, (i + 1) * 2352);
    put_word("SINF", 100);
    put_end();
    assert_refused(EXH_CORRUPT, "tracks 1 to 100");
}

static void build_sessions(unsigned sessions, uint32_t tracks_each)
{
    begin(100 * 2048, true);
    for (unsigned i = 0; i < sessions; i++) {
        if (i < 99) {
            put_chunk("ETN2", 32);
            put_tao_track(i * 2048, 2048, 0, i);
        }
        put_word("SINF", tracks_each);
    }
    put_end();
}

static void sessions_none_and_a_hundred(void **state)
{
    (void)state;
    build_sessions(1, 0);
    assert_refused(EXH_CORRUPT, "0 tracks");
    build_sessions(1, 2);
    assert_refused(EXH_CORRUPT, "2 tracks");
    build_sessions(1, UINT32_MAX);
    assert_refused(EXH_CORRUPT, "4294967295 tracks");
    build_sessions(100, 1);
    assert_refused(EXH_LIMIT, "offset");
    build_sessions(99, 1);
    struct exh_medium *m = open_image();
    assert_int_equal(m->layout->disc->session_count, 99);
    exh_medium_close(m);
    begin(2048, true);
    put_end();
    assert_refused(EXH_CORRUPT, "no track");
}

static void a_track_in_no_session(void **state)
{
    (void)state;
    begin(2 * 2048, true);
    put_chunk("ETN2", 64);
    put_tao_track(0, 2048, 0, 0);
    put_tao_track(2048, 2048, 0, 1);
    put_word("SINF", 1);
    put_end();
    assert_refused(EXH_CORRUPT, "track 2");
}

static void modes_and_sizes_not_known(void **state)
{
    (void)state;
    for (unsigned mode = 0; mode < 256; mode++) {
        begin(4 * 2352, true);
        put_dao(1, 1, "");
        put_dao_track("", 2352, (uint8_t)mode, 0, 0, 4 * 2352);
        put_word("SINF", 1);
        put_end();
        bool known = mode == 0 || mode == 2 || mode == 3 || (mode >= 5 && mode <= 8) || (mode >= 0x0F && mode <= 0x11);
        if (!known) {
            assert_refused(EXH_UNSUPPORTED, "track 1 at offset");
            continue;
        }
        struct exh_medium *m = open_image();
        exh_medium_close(m);
    }
    const uint16_t sizes[] = {0, 1, 2047, 2056, 2368, 65535};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(4 * 2352, true);
        put_dao(1, 1, "");
        put_dao_track("", sizes[i], 7, 0, 0, 4 * 2352);
        put_word("SINF", 1);
        put_end();
        assert_refused(EXH_CORRUPT, "track 1 at offset");
    }
}

static void chains_too_long(void **state)
{
    (void)state;
    begin(4 * 2352, true); /* more chunks than any disc needs */
    for (int i = 0; i < 4097; i++)
        put_chunk("VOLM", 0);
    put_end();
    assert_null(open_bytes(image.data, image.length));
    assert_int_equal(err.code, EXH_LIMIT);
    size_t length = (16u << 20) + 64;
    uint8_t *large = calloc(1, length);
    assert_non_null(large);
    memcpy(large + length - 12, "NER5", 4);
    assert_null(open_bytes(large, length));
    assert_int_equal(err.code, EXH_LIMIT);
    free(large);
    begin(4 * 2352, true); /* more cue points than a session can have */
    put_chunk("CUEX", 8 * 9903);
    for (int i = 0; i < 9903; i++)
        put_cue(1, 1, 1, 0);
    put_end();
    assert_refused(EXH_LIMIT, "offset");
}

/* ---- the corpus ---- */

static struct exh_medium *open_corpus(const char *name)
{
    const char *path = corpus_file(name);
    struct exh_medium *m = NULL;
    exh_error_clear(&err);
    if (path != NULL && !exh_image_open(path, NULL, &(struct exh_open){0}, &m, &err))
        fail_msg("%s", err.text);
    assert_true(m == NULL || strcmp(m->format, "nrg") == 0);
    return m;
}

static void corpus_by_nero_itself(void **state)
{
    (void)state;
    struct exh_medium *m = open_corpus("libcdio/p1.nrg");
    if (m == NULL)
        skip();
    assert_track(m, 0, -150, 375, 300, 300);
    assert_track(m, 1, 225, 77, 75, 75);
    assert_int_equal(track_crc(m, 1), 0x769282bb);
    assert_int_equal(track_crc(m, 2), 0x93e1fc66);
    assert_int_equal(m->layout->tracks[0].control, EXH_CONTROL_COPY);
    assert_int_equal(m->layout->disc->cdtext_packs, 8);
    assert_int_equal(m->layout->disc->sessions[0].lead_out, 302);
    assert_int_equal(count_remarks(m, NULL, EXH_FAILS) + count_remarks(m, NULL, EXH_WARNS), 0);
    exh_medium_close(m);
}

/* CRC-32 of the 2324 bytes behind the subheader of every sector, which is what the corpus gives for tracks of 2336. */
static uint32_t form2_crc(struct exh_medium *m, unsigned number)
{
    const struct exh_track *t = exh_layout_track(m->layout, number);
    assert_int_equal(t->main_bytes, 2336);
    uint8_t *data = read_sectors(m, number, t->first, (uint32_t)t->sectors, false);
    for (uint64_t i = 0; i < t->sectors; i++)
        memmove(data + i * 2324, data + i * 2336 + 8, 2324);
    uint32_t crc = crc32_of(data, (size_t)t->sectors * 2324);
    free(data);
    return crc;
}

static void corpus_by_vcdimager(void **state)
{
    (void)state;
    struct exh_medium *m = open_corpus("libcdio/videocd.nrg");
    if (m == NULL)
        skip();
    const int64_t firsts[] = {0, 826, 1051, 1276, 1501};
    assert_int_equal(m->layout->track_count, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(m->layout->tracks[i].first, firsts[i]);
    assert_int_equal(form2_crc(m, 1), 0xc6f4e992);
    assert_int_equal(form2_crc(m, 2), 0x69beb585);
    assert_int_equal(form2_crc(m, 3), 0x69beb585);
    assert_int_equal(form2_crc(m, 4), 0x69beb585);
    assert_int_equal(form2_crc(m, 5), 0xd59833db);
    exh_medium_close(m);
    m = open_corpus("debian-made/vcd20-vcdxbuild.nrg");
    assert_non_null(m);
    assert_track(m, 0, 0, 300, 0, 0);
    assert_track(m, 1, 450, 300, 0, 150);
    exh_medium_close(m);
}

static void corpus_made_here(void **state)
{
    (void)state;
    struct exh_medium *m = open_corpus("made-here/h.nrg");
    if (m == NULL)
        skip();
    assert_track(m, 0, -150, 214, 150, 150);
    assert_track(m, 1, 64, 56, 32, 32);
    assert_track(m, 2, 120, 16, 0, 0);
    assert_int_equal(track_crc(m, 1), 0xba3595f1);
    assert_int_equal(track_crc(m, 2), 0x751963c9);
    assert_int_equal(track_crc(m, 3), 0x9f969db1);
    exh_medium_close(m);
    m = open_corpus("made-here/j.nrg");
    assert_non_null(m);
    assert_track(m, 0, 0, 64, 0, 0);
    assert_track(m, 1, 214, 24, 0, 150);
    assert_int_equal(track_crc(m, 1), 0x95ac6735);
    assert_int_equal(track_crc(m, 2), 0x751963c9);
    exh_medium_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disc_at_once),
        cmocka_unit_test(old_cues_in_bcd_or_binary),
        cmocka_unit_test(cues_that_do_not_fit),
        cmocka_unit_test(further_indexes),
        cmocka_unit_test(track_at_once),
        cmocka_unit_test(oldest_tracks_and_no_session),
        cmocka_unit_test(a_track_said_to_lie_elsewhere),
        cmocka_unit_test(subchannel_behind_each_sector),
        cmocka_unit_test(the_size_is_believed),
        cmocka_unit_test(dvd_is_one_track_of_blocks),
        cmocka_unit_test(two_sessions),
        cmocka_unit_test(sessions_over_each_other),
        cmocka_unit_test(cdtext_and_unknown_chunks),
        cmocka_unit_test(bytes_of_no_track),
        cmocka_unit_test(tracks_over_each_other),
        cmocka_unit_test(not_a_nero_image),
        cmocka_unit_test(footers_that_lie),
        cmocka_unit_test(chunk_lengths_that_lie),
        cmocka_unit_test(truncated_at_every_byte),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(offsets_past_the_end),
        cmocka_unit_test(places_no_disc_has),
        cmocka_unit_test(too_many_tracks),
        cmocka_unit_test(sessions_none_and_a_hundred),
        cmocka_unit_test(a_track_in_no_session),
        cmocka_unit_test(modes_and_sizes_not_known),
        cmocka_unit_test(chains_too_long),
        cmocka_unit_test(corpus_by_nero_itself),
        cmocka_unit_test(corpus_by_vcdimager),
        cmocka_unit_test(corpus_made_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
