/* optical_image.h - disc images made from the ground up in a folder of their own, opened, and looked at; shared by the tests of their readers. */
#ifndef EXH_TESTS_UNIT_OPTICAL_IMAGE_H
#define EXH_TESTS_UNIT_OPTICAL_IMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/container/siblings.h"
#include "formats/model/bytes.h"
#include "formats/model/disc.h"
#include "formats/model/format.h"
#include "formats/model/text.h"

static struct exh_error err;
static char folder[128];

static inline int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%.80s/exhibit-disc-XXXXXX", base != NULL ? base : "/tmp");
    exh_error_clear(&err);
    return mkdtemp(folder) == NULL;
}

static inline const char *in_folder(const char *name)
{
    static char paths[4][400];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void empty_folder(void)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            assert_int_equal(unlink(in_folder(e->d_name)), 0);
    (void)closedir(d);
}

static inline int tear_down(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

static inline void put(const char *name, const void *bytes, size_t length)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(close(fd), 0);
}

/* A whole file on the heap. */
static inline uint8_t *get(const char *path, size_t *length)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    uint8_t *bytes = malloc((size_t)st.st_size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    assert_int_equal(close(fd), 0);
    bytes[st.st_size] = 0;
    *length = (size_t)st.st_size;
    return bytes;
}

/* ---- sectors as they should be, from ECMA-130 and IEC 60908, by nothing of ours ---- */

static inline uint8_t bcd(int64_t n) { return (uint8_t)(n / 10 % 10 << 4 | n % 10); }

/* mode -1: audio. The filling differs from sector to sector. */
static inline void sector(uint8_t out[2352], int mode, int64_t lba)
{
    uint32_t seed = (uint32_t)lba * 2654435761u + (uint32_t)(mode + 7);
    for (size_t i = 0; i < 2352; i++)
        seed = seed * 1103515245u + 12345u, out[i] = (uint8_t)(seed >> 16 | 1);
    if (mode < 0)
        return;
    memset(out, 0xFF, 12);
    out[0] = out[11] = 0;
    out[12] = bcd((lba + 150) / 4500), out[13] = bcd((lba + 150) / 75 % 60), out[14] = bcd((lba + 150) % 75), out[15] = (uint8_t)mode;
}

/* 96 bytes, linear: P, the position in Q, and a filling for R to W. Index 0 counts down. */
static inline void sub(uint8_t out[96], uint8_t control, unsigned track, unsigned index, int64_t relative, int64_t lba)
{
    for (unsigned i = 0; i < 96; i++)
        out[i] = i < 24 ? 0 : (uint8_t)(lba * 3 + i);
    uint8_t *q = out + 12;
    int64_t absolute = lba + 150;
    q[0] = (uint8_t)(control << 4 | 1), q[1] = bcd(track), q[2] = bcd(index);
    q[3] = bcd(relative / 4500), q[4] = bcd(relative / 75 % 60), q[5] = bcd(relative % 75), q[6] = 0;
    q[7] = bcd(absolute / 4500), q[8] = bcd(absolute / 75 % 60), q[9] = bcd(absolute % 75);
    unsigned crc = 0;
    for (unsigned bit = 0; bit < 80; bit++) {
        unsigned in = (unsigned)(q[bit / 8] >> (7 - bit % 8) & 1) ^ (crc >> 15 & 1);
        crc = (crc << 1 & 0xFFFF) ^ (in ? 0x1021 : 0);
    }
    q[10] = (uint8_t)(~crc >> 8), q[11] = (uint8_t)~crc;
}

/* Bit 7 of each byte P, bit 0 W. */
static inline void interleave(const uint8_t linear[96], uint8_t out[96])
{
    memset(out, 0, 96);
    for (unsigned i = 0; i < 768; i++) {
        unsigned channel = i / 96, at = i % 96;
        out[at] |= (uint8_t)((linear[i / 8] >> (7 - i % 8) & 1) << (7 - channel));
    }
}

static inline uint32_t crc32_of(const uint8_t *data, size_t length)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

/* ---- opening and looking ---- */

/* NULL and err. */
static inline struct exh_medium *try_path(const char *path)
{
    struct exh_open options = {0};
    struct exh_medium *medium = NULL;
    exh_error_clear(&err);
    if (!exh_image_open(path, NULL, &options, &medium, &err))
        assert_int_not_equal(err.code, EXH_OK);
    return medium;
}

static inline struct exh_medium *try_image(const char *name) { return try_path(in_folder(name)); }

static inline struct exh_medium *open_image(const char *name)
{
    struct exh_medium *medium = try_image(name);
    if (medium == NULL)
        fail_msg("%s: %s", name, err.text);
    return medium;
}

/* The descriptor from memory, its other files from the test's folder: for thousands of descriptors in a row. Opens and closes; true when it opened.
 */
static inline bool opens_from_memory(const struct exh_format *format, const char *name, const void *bytes, size_t length)
{
    struct exh_open options = {.path = in_folder(name)};
    struct exh_source *source = exh_source_memory(bytes, length, name);
    options.siblings = exh_siblings_of(options.path, &err);
    assert_non_null(source);
    assert_non_null(options.siblings);
    exh_error_clear(&err);
    struct exh_medium *medium = format->open(source, &options, &err);
    bool opened = medium != NULL;
    assert_true(opened == (err.code == EXH_OK));
    if (!opened)
        exh_source_close(source);
    exh_medium_close(medium);
    exh_siblings_close(options.siblings);
    return opened;
}

static inline void expect_refused(const char *name, enum exh_code code, const char *text)
{
    struct exh_medium *medium = try_image(name);
    if (medium != NULL)
        fail_msg("opened, where '%s' was expected", text);
    if (err.code != code || strstr(err.text, text) == NULL)
        fail_msg("expected %s '%s', got %s '%s'", exh_code_name(code), text, exh_code_name(err.code), err.text);
}

/* How many remarks of this check and outcome; the last one's text is in remark_text. */
static char remark_text[256];
static inline unsigned remarks(struct exh_medium *medium, const char *check, enum exh_outcome outcome)
{
    struct exh_inspection in = {0};
    unsigned n = 0;
    assert_true(exh_medium_inspect(medium, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        if ((check == NULL || strcmp(in.remarks[i].check, check) == 0) && in.remarks[i].outcome == outcome) {
            n++;
            (void)snprintf(remark_text, sizeof remark_text, "%s", in.remarks[i].detail);
        }
    exh_inspection_close(&in);
    return n;
}

static inline void expect_no_remarks(struct exh_medium *medium)
{
    if (remarks(medium, NULL, EXH_FAILS) + remarks(medium, NULL, EXH_WARNS) > 0)
        fail_msg("a remark: %s", remark_text);
}

static inline void expect_remark(struct exh_medium *medium, const char *check, enum exh_outcome outcome, const char *text)
{
    if (remarks(medium, check, outcome) == 0)
        fail_msg("no remark %s", check);
    if (strstr(remark_text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, remark_text);
}

static inline const char *fact(struct exh_medium *medium, const char *key)
{
    static char value[256];
    struct exh_inspection in = {0};
    const char *found = NULL;
    assert_true(exh_medium_inspect(medium, &in, &err));
    for (size_t i = 0; i < in.fact_count && found == NULL; i++)
        if (strcmp(in.facts[i].key, key) == 0) {
            (void)snprintf(value, sizeof value, "%s", in.facts[i].value);
            found = value;
        }
    exh_inspection_close(&in);
    return found;
}

/* All of a track: main, sub (may be NULL) and states on the heap. */
struct track_bytes {
    uint8_t *main, *sub, *state;
    uint64_t sectors, main_bytes;
    uint32_t bad;
};

static inline struct track_bytes read_track(struct exh_medium *medium, uint32_t i)
{
    const struct exh_track *t = &medium->layout->tracks[i];
    struct track_bytes out = {.sectors = t->sectors, .main_bytes = t->sectors * t->main_bytes};
    struct exh_block block;
    struct exh_scratch *scratch;
    struct exh_faults faults = {0};
    out.main = malloc((size_t)out.main_bytes + 1);
    out.state = malloc((size_t)t->sectors + 1);
    out.sub = t->sub_bytes > 0 ? malloc((size_t)t->sectors * t->sub_bytes) : NULL;
    assert_true(exh_block_open(&block, 7, t->main_bytes, t->sub_bytes, &err));
    assert_true(exh_medium_scratch(medium, &scratch, &err));
    for (uint64_t at = 0; at < t->sectors; at += block.count) {
        uint32_t count = t->sectors - at < 7 ? (uint32_t)(t->sectors - at) : 7;
        struct exh_want want = {.track = t, .lba = t->first + (int64_t)at, .count = count, .effort = EXH_THOROUGH, .with_sub = t->sub_bytes > 0};
        assert_true(exh_medium_read(medium, scratch, &want, &block, &faults, &err));
        memcpy(out.main + at * t->main_bytes, block.main, (size_t)count * t->main_bytes);
        memcpy(out.state + at, block.state, count);
        if (out.sub != NULL)
            memcpy(out.sub + at * t->sub_bytes, block.sub, (size_t)count * t->sub_bytes);
        out.bad += block.bad;
    }
    exh_block_close(&block);
    exh_scratch_close(scratch);
    exh_faults_close(&faults);
    return out;
}

static inline void track_bytes_close(struct track_bytes *b)
{
    free(b->main);
    free(b->sub);
    free(b->state);
}

static inline void expect_track(const struct exh_medium *medium, uint32_t i, unsigned number, unsigned session, enum exh_track_kind kind,
                                unsigned control, int64_t first, uint64_t sectors, uint32_t pregap, uint32_t stored_pregap)
{
    const struct exh_track *t = &medium->layout->tracks[i];
    assert_true(i < medium->layout->track_count);
    assert_int_equal(t->number, number);
    assert_int_equal(t->session, session);
    assert_int_equal(t->kind, kind);
    assert_int_equal(t->control, control);
    assert_int_equal(t->first, first);
    assert_int_equal(t->sectors, sectors);
    assert_int_equal(t->pregap, pregap);
    assert_int_equal(t->stored_pregap, stored_pregap);
}

/* ---- the shared samples ---- */

/* NULL: they are not here, which is said. */
static inline const char *sample(const char *name)
{
    static char path[512];
    const char *corpus = getenv("EXHIBIT_CORPUS");
    if (corpus == NULL)
        corpus = getenv("EXHIBIT_CORPUS_DEFAULT");
    (void)snprintf(path, sizeof path, "%s/optical/made-here/%s", corpus != NULL ? corpus : ".", name);
    if (access(path, R_OK) == 0)
        return path;
    print_message("%s is not there: skipped\n", path);
    return NULL;
}

/* CRC32 of what a track holds from INDEX 01 on: 2352 bytes of each sector, or the 2048 of Mode 1 data. */
static inline uint32_t track_crc(struct exh_medium *medium, uint32_t i, bool user)
{
    const struct exh_track *t = &medium->layout->tracks[i];
    struct track_bytes b = read_track(medium, i);
    uint64_t sectors = t->sectors - t->stored_pregap;
    uint8_t *from = b.main + (size_t)t->stored_pregap * t->main_bytes;
    for (uint64_t s = 0; user && s < sectors; s++)
        memmove(from + s * 2048, from + s * 2352 + 16, 2048);
    uint32_t crc = crc32_of(from, (size_t)(sectors * (user ? 2048 : t->main_bytes)));
    track_bytes_close(&b);
    return crc;
}

#endif
