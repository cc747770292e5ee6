/* cue_lab.h - a folder with a cue sheet and its files, opened as a medium; shared by the tests of the reader and of the writer. Every byte of a made
 * file is known from the file's seed and its offset. */
#ifndef EXH_TESTS_UNIT_CUE_LAB_H
#define EXH_TESTS_UNIT_CUE_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/format.h"
#include "formats/model/text.h"
#include "formats/optical/cue.h"
#include "formats/optical/msf.h"

static struct exh_error err;
static char folder[128];

static inline const char *in_folder(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline void empty_folder(void)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            assert_int_equal(unlink(in_folder(e->d_name)), 0);
    closedir(d);
    exh_error_clear(&err);
}

static inline int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%.80s/exhibit-cue-XXXXXX", base != NULL ? base : "/tmp");
    exh_error_clear(&err);
    return mkdtemp(folder) == NULL;
}

static inline int tear_down(void **state)
{
    (void)state;
    empty_folder();
    return rmdir(folder);
}

/* ---- files ---- */

static inline void put_file(const char *name, const void *bytes, size_t length)
{
    FILE *f = fopen(in_folder(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static inline uint8_t byte_of(unsigned seed, uint64_t offset)
{
    uint64_t x = (offset + 1) * 0x9E3779B97F4A7C15ULL + seed * 0xC2B2AE3D27D4EB4FULL;
    return (uint8_t)(x >> 37 ^ x >> 11);
}

static inline void made_bytes(unsigned seed, uint8_t *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        out[i] = byte_of(seed, i);
}

static inline void make_file(const char *name, unsigned seed, size_t length)
{
    uint8_t *bytes = malloc(length + 1);
    made_bytes(seed, bytes, length);
    put_file(name, bytes, length);
    free(bytes);
}

static inline char *whole_file(const char *name, size_t *length)
{
    FILE *f = fopen(in_folder(name), "rb");
    if (f == NULL)
        fail_msg("%s is not there", name);
    struct stat st;
    assert_int_equal(fstat(fileno(f), &st), 0);
    *length = (size_t)st.st_size;
    char *bytes = malloc(*length + 1);
    assert_int_equal(fread(bytes, 1, *length, f), *length);
    bytes[*length] = '\0';
    fclose(f);
    return bytes;
}

/* ---- media ---- */

static inline struct exh_medium *try_path(const char *path)
{
    struct exh_medium *m = NULL;
    exh_error_clear(&err);
    bool ok = exh_image_open(path, &exh_format_cue, &(struct exh_open){0}, &m, &err);
    assert_true(ok == (m != NULL));
    return m;
}

static inline struct exh_medium *try_bytes(const void *sheet, size_t length)
{
    put_file("disc.cue", sheet, length);
    return try_path(in_folder("disc.cue"));
}

static inline struct exh_medium *open_sheet(const char *sheet)
{
    struct exh_medium *m = try_bytes(sheet, strlen(sheet));
    if (m == NULL)
        fail_msg("%s\n%s", err.text, sheet);
    return m;
}

static inline void expect_refused(const char *sheet, enum exh_code code, const char *text)
{
    struct exh_medium *m = try_bytes(sheet, strlen(sheet));
    if (m != NULL)
        fail_msg("was read:\n%s", sheet);
    if (err.code != code || strstr(err.text, text) == NULL)
        fail_msg("%s (%s), and not %s:\n%s", err.text, exh_code_name(err.code), text, sheet);
}

/* Remarks of this outcome whose detail holds the text. */
static inline unsigned remarks(struct exh_medium *m, enum exh_outcome outcome, const char *text)
{
    struct exh_inspection in = {0};
    unsigned n = 0;
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        n += in.remarks[i].outcome == outcome && strstr(in.remarks[i].detail, text) != NULL;
    exh_inspection_close(&in);
    return n;
}

static inline void expect_clean(struct exh_medium *m)
{
    assert_int_equal(remarks(m, EXH_WARNS, ""), 0);
    assert_int_equal(remarks(m, EXH_FAILS, ""), 0);
}

struct sectors { /* read off a medium */
    struct exh_block block;
    struct exh_faults faults;
};

static inline void read_sectors(struct exh_medium *m, const struct exh_track *t, int64_t lba, uint32_t count, struct sectors *out)
{
    struct exh_scratch *scratch = NULL;
    struct exh_want want = {.track = t, .lba = lba, .count = count, .effort = EXH_THOROUGH, .with_sub = t->sub_bytes > 0};
    memset(out, 0, sizeof *out);
    assert_true(exh_block_open(&out->block, count, t->main_bytes, t->sub_bytes, &err));
    assert_true(exh_medium_scratch(m, &scratch, &err));
    if (!exh_medium_read(m, scratch, &want, &out->block, &out->faults, &err))
        fail_msg("%s", err.text);
    exh_scratch_close(scratch);
}

static inline void sectors_close(struct sectors *s)
{
    exh_block_close(&s->block);
    exh_faults_close(&s->faults);
}

/* The sectors from `lba` on are the bytes of the file with this seed from `offset` on, `stride` apart; a seed of 0: zeros. */
static inline void expect_sectors(struct exh_medium *m, unsigned track, int64_t lba, uint32_t count, unsigned seed, uint64_t offset, uint32_t stride)
{
    struct sectors s;
    const struct exh_track *t = exh_layout_track(m->layout, track);
    assert_non_null(t);
    read_sectors(m, t, lba, count, &s);
    for (uint32_t i = 0; i < count; i++) {
        if (s.block.state[i] != EXH_GOOD)
            fail_msg("track %u, LBA %lld: state %u", track, (long long)lba + i, s.block.state[i]);
        for (uint32_t b = 0; b < t->main_bytes; b++)
            if (s.block.main[(size_t)i * t->main_bytes + b] != (seed == 0 ? 0 : byte_of(seed, offset + (uint64_t)i * stride + b)))
                fail_msg("track %u, LBA %lld: byte %u is another", track, (long long)lba + i, b);
    }
    sectors_close(&s);
}

static inline void expect_track(struct exh_medium *m, unsigned number, unsigned session, const char *mode, int64_t first, uint64_t sectors,
                                unsigned stored_pregap, unsigned pregap, unsigned postgap)
{
    const struct exh_track *t = exh_layout_track(m->layout, number);
    if (t == NULL)
        fail_msg("no track %u", number);
    if (t->session != session || strcmp(exh_track_mode(t), mode) != 0 || t->first != first || t->sectors != sectors ||
        t->stored_pregap != stored_pregap || t->pregap != pregap || t->postgap != postgap)
        fail_msg("track %u: session %u, %s, LBA %lld, %llu sectors, pregap %u of %u, postgap %u", number, t->session, exh_track_mode(t),
                 (long long)t->first, (unsigned long long)t->sectors, t->stored_pregap, t->pregap, t->postgap);
}

/* CRC-32 of a track's sectors from `skip` on, `bytes` of each from `from` on: as the sample list gives it. */
static inline uint32_t crc_of(struct exh_medium *m, unsigned track, uint32_t skip, uint32_t from, uint32_t bytes)
{
    struct sectors s;
    const struct exh_track *t = exh_layout_track(m->layout, track);
    uint32_t crc = UINT32_MAX, count = (uint32_t)t->sectors - skip;
    read_sectors(m, t, t->first + skip, count, &s);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t b = 0; b < bytes; b++) {
            crc ^= s.block.main[(size_t)i * t->main_bytes + from + b];
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    sectors_close(&s);
    return ~crc;
}

#endif
