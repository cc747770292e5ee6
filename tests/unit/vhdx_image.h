/* vhdx_image.h - a VHDX built field by field in memory, for the tests of its reader; and what they read it with.
 *
 * MiB 0: identifier, headers, region tables; 1: log; 2: metadata; 3: block table; from 4 on: blocks, each filled with a pattern of its own. */
#ifndef EXH_TESTS_VHDX_IMAGE_H
#define EXH_TESTS_VHDX_IMAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/container/crc32c.h"
#include "formats/disk/vhdx.h"
#include "formats/model/bytes.h"

#define MIB (1u << 20)
#define LOG_AT (1u * MIB)
#define META_AT (2u * MIB)
#define ITEMS_AT (META_AT + 65536u)
#define BAT_AT (3u * MIB)
#define BLOCKS_AT (4u * MIB)

struct vhdx_shape {
    uint64_t disk_bytes;
    uint32_t block_bytes, logical, flags; /* flags of the file parameters: 1 fixed, 2 has a parent */
    unsigned stored;                      /* MiB of blocks */
    const char *linkage, *relative, *absolute;
};

struct vhdx_image {
    uint8_t *bytes;
    size_t size;
};

static inline void vhdx_item(uint8_t *table, const uint8_t guid[16], uint32_t offset, uint32_t length, uint32_t flags)
{
    unsigned n = exh_le16(table + 10);
    uint8_t *e = table + 32 + n * 32;
    memcpy(e, guid, 16);
    exh_put_le32(e + 16, offset);
    exh_put_le32(e + 20, length);
    exh_put_le32(e + 24, flags);
    exh_put_le16(table + 10, (uint16_t)(n + 1));
}

/* Checksums of headers and region tables anew; `which` has a bit for each: 1 and 2 the headers, 4 and 8 the tables. */
static inline void vhdx_sums(struct vhdx_image *i, unsigned which)
{
    const uint32_t at[] = {65536, 131072, 196608, 262144}, bytes[] = {4096, 4096, 65536, 65536};
    for (unsigned k = 0; k < 4; k++)
        if ((which >> k & 1) != 0) {
            exh_put_le32(i->bytes + at[k] + 4, 0);
            exh_put_le32(i->bytes + at[k] + 4, exh_crc32c(0, i->bytes + at[k], bytes[k]));
        }
}

static inline void vhdx_headers(struct vhdx_image *i)
{
    for (unsigned k = 0; k < 2; k++) {
        uint8_t *h = i->bytes + 65536 * (k + 1), *r = i->bytes + 65536 * (k + 3);
        memcpy(h, "head", 4);
        exh_put_le64(h + 8, 7 + k);
        memset(h + 16, 0xF1, 16);
        memset(h + 32, 0xD1, 16);
        exh_put_le16(h + 66, 1);
        exh_put_le32(h + 68, MIB);
        exh_put_le64(h + 72, LOG_AT);
        memcpy(r, "regi", 4);
        exh_put_le32(r + 8, 2);
        memcpy(r + 16, exh_vhdx_bat_region, 16);
        exh_put_le64(r + 32, BAT_AT);
        exh_put_le32(r + 40, MIB);
        exh_put_le32(r + 44, 1);
        memcpy(r + 48, exh_vhdx_metadata_region, 16);
        exh_put_le64(r + 64, META_AT);
        exh_put_le32(r + 72, MIB);
        exh_put_le32(r + 76, 1);
    }
    vhdx_sums(i, 15);
}

static inline uint32_t vhdx_utf16(uint8_t *to, const char *text)
{
    uint32_t n = 0;
    for (; text[n] != '\0'; n++)
        exh_put_le16(to + 2 * n, (uint8_t)text[n]);
    return 2 * n;
}

static inline void vhdx_locator(uint8_t *l, const struct vhdx_shape *s)
{
    const char *const keys[] = {"parent_linkage", "relative_path", "absolute_win32_path"};
    const char *const values[] = {s->linkage, s->relative, s->absolute};
    uint32_t at = 200;
    unsigned n = 0;
    memcpy(l, exh_vhdx_locator_type, 16);
    for (unsigned k = 0; k < 3; k++) {
        if (values[k] == NULL)
            continue;
        uint8_t *e = l + 20 + 12 * n++;
        exh_put_le32(e, at);
        exh_put_le16(e + 8, (uint16_t)vhdx_utf16(l + at, keys[k]));
        at += exh_le16(e + 8);
        exh_put_le32(e + 4, at);
        exh_put_le16(e + 10, (uint16_t)vhdx_utf16(l + at, values[k]));
        at += exh_le16(e + 10);
    }
    exh_put_le16(l + 18, (uint16_t)n);
}

static inline void vhdx_entry(struct vhdx_image *i, uint64_t index, uint64_t mib, unsigned state)
{
    exh_put_le64(i->bytes + BAT_AT + index * 8, mib << 20 | state);
}

static inline struct vhdx_image vhdx_image(const struct vhdx_shape *s)
{
    struct vhdx_image i = {.size = (4u + s->stored) * (size_t)MIB};
    i.bytes = calloc(1, i.size);
    assert_non_null(i.bytes);
    memcpy(i.bytes, "vhdxfile", 8);
    (void)vhdx_utf16(i.bytes + 8, "a test");
    uint8_t *table = i.bytes + META_AT, *items = i.bytes + ITEMS_AT;
    memcpy(table, "metadata", 8);
    vhdx_item(table, exh_vhdx_file_parameters, 65536, 8, 4);
    vhdx_item(table, exh_vhdx_disk_size, 65536 + 8, 8, 6);
    vhdx_item(table, exh_vhdx_logical, 65536 + 16, 4, 6);
    vhdx_item(table, exh_vhdx_physical, 65536 + 20, 4, 6);
    vhdx_item(table, exh_vhdx_disk_id, 65536 + 24, 16, 6);
    exh_put_le32(items, s->block_bytes);
    exh_put_le32(items + 4, s->flags);
    exh_put_le64(items + 8, s->disk_bytes);
    exh_put_le32(items + 16, s->logical);
    exh_put_le32(items + 20, 4096);
    memset(items + 24, 0x1D, 16);
    if (s->linkage != NULL) {
        vhdx_item(table, exh_vhdx_parent_locator, 65536 + 64, 2000, 4);
        vhdx_locator(items + 64, s);
    }
    for (size_t k = BLOCKS_AT; k < i.size; k++)
        i.bytes[k] = (uint8_t)(k * 13 + k / 509 + k / MIB);
    vhdx_headers(&i);
    return i;
}

/* ---- reading ---- */

static inline struct exh_medium *vhdx_try(const struct vhdx_image *i, size_t length, struct exh_error *err)
{
    struct exh_open options = {.path = "test.vhdx"};
    struct exh_source *source = exh_source_memory(i->bytes, length, "test.vhdx");
    assert_non_null(source);
    exh_error_clear(err);
    struct exh_medium *m = exh_format_vhdx.open(source, &options, err);
    if (m == NULL)
        exh_source_close(source);
    return m;
}

static inline struct exh_medium *vhdx_opened(const struct vhdx_image *i)
{
    struct exh_error err;
    struct exh_medium *m = vhdx_try(i, i->size, &err);
    if (m == NULL)
        fail_msg("not opened: %s", err.text);
    return m;
}

struct vhdx_read {
    struct exh_block block;
    struct exh_faults faults;
};

static inline void vhdx_read(struct exh_medium *m, uint64_t offset, uint32_t bytes, struct vhdx_read *out)
{
    struct exh_error err = {0};
    struct exh_scratch *scratch = NULL;
    const struct exh_track *t = &m->layout->tracks[0];
    *out = (struct vhdx_read){0};
    assert_true(exh_block_open(&out->block, bytes / t->main_bytes, t->main_bytes, 0, &err));
    memset(out->block.main, 0xEE, bytes); /* zeros must be written, too */
    assert_true(exh_medium_scratch(m, &scratch, &err));
    struct exh_want want = {.track = t, .lba = (int64_t)(offset / t->main_bytes), .count = bytes / t->main_bytes, .effort = EXH_THOROUGH};
    if (!exh_medium_read(m, scratch, &want, &out->block, &out->faults, &err))
        fail_msg("not read: %s", err.text);
    exh_scratch_close(scratch);
}

static inline void vhdx_read_close(struct vhdx_read *r)
{
    exh_block_close(&r->block);
    exh_faults_close(&r->faults);
}

/* [offset, offset + bytes) of the disk is `expected` (NULL: zeros), and every sector is good. */
static inline void vhdx_is(struct exh_medium *m, uint64_t offset, const uint8_t *expected, uint32_t bytes)
{
    struct vhdx_read r;
    vhdx_read(m, offset, bytes, &r);
    assert_int_equal(r.block.bad, 0);
    if (expected != NULL)
        assert_memory_equal(r.block.main, expected, bytes);
    else
        assert_true(exh_all_zero(r.block.main, bytes));
    vhdx_read_close(&r);
}

static inline void vhdx_is_missing(struct exh_medium *m, uint64_t offset, uint32_t bytes)
{
    struct vhdx_read r;
    vhdx_read(m, offset, bytes, &r);
    for (uint32_t i = 0; i < r.block.count; i++)
        assert_int_equal(r.block.state[i], EXH_MISSING);
    assert_true(r.faults.count > 0);
    vhdx_read_close(&r);
}

static inline size_t vhdx_remarks(struct exh_medium *m, const char *check, enum exh_outcome outcome)
{
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    size_t n = 0;
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        n += in.remarks[i].outcome == outcome && strcmp(in.remarks[i].check, check) == 0;
    exh_inspection_close(&in);
    return n;
}

static inline bool vhdx_tells(struct exh_medium *m, const char *key, const char *part)
{
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    bool found = false;
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t i = 0; i < in.fact_count; i++)
        found = found || (strcmp(in.facts[i].key, key) == 0 && strstr(in.facts[i].value, part) != NULL);
    exh_inspection_close(&in);
    return found;
}

#endif
