/* For tests of disc images: bytes that are built up, tracks read whole, the corpus. */
#ifndef EXH_TESTS_DISC_BYTES_H
#define EXH_TESTS_DISC_BYTES_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/model/bytes.h"
#include "formats/model/format.h"

struct bytes {
    uint8_t data[1 << 20];
    size_t length;
};

__attribute__((unused)) static void put(struct bytes *b, const void *data, size_t length)
{
    assert_true(length <= sizeof b->data - b->length);
    if (data != NULL)
        memcpy(b->data + b->length, data, length);
    else
        memset(b->data + b->length, 0, length);
    b->length += length;
}

__attribute__((unused)) static void put32(struct bytes *b, uint32_t v)
{
    uint8_t p[4];
    exh_put_be32(p, v);
    put(b, p, 4);
}

__attribute__((unused)) static void put64(struct bytes *b, uint64_t v)
{
    put32(b, (uint32_t)(v >> 32));
    put32(b, (uint32_t)v);
}

/* Bytes that differ from sector to sector and within one. */
__attribute__((unused)) static void put_pattern(struct bytes *b, size_t length, uint32_t seed)
{
    for (size_t i = 0; i < length; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint8_t byte = (uint8_t)(seed >> 24);
        put(b, &byte, 1);
    }
}

/* The main channel (or, `sub`, the subchannel) of `count` sectors from `lba` on, all of which must be GOOD. The caller frees. */
__attribute__((unused)) static uint8_t *read_sectors(struct exh_medium *m, unsigned number, int64_t lba, uint32_t count, bool sub)
{
    const struct exh_track *t = exh_layout_track(m->layout, number);
    assert_non_null(t);
    struct exh_error err;
    struct exh_block block;
    struct exh_faults faults = {0};
    struct exh_scratch *scratch = NULL;
    exh_error_clear(&err);
    assert_true(exh_block_open(&block, count, t->main_bytes, t->sub_bytes, &err));
    assert_true(exh_medium_scratch(m, &scratch, &err));
    struct exh_want want = {.track = t, .lba = lba, .count = count, .effort = EXH_THOROUGH, .with_sub = sub};
    if (!exh_medium_read(m, scratch, &want, &block, &faults, &err))
        fail_msg("%s", err.text);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal((sub ? block.sub_state : block.state)[i], EXH_GOOD);
    size_t length = (size_t)count * (sub ? t->sub_bytes : t->main_bytes);
    uint8_t *out = malloc(length);
    assert_non_null(out);
    memcpy(out, sub ? block.sub : block.main, length);
    exh_faults_close(&faults);
    exh_scratch_close(scratch);
    exh_block_close(&block);
    return out;
}

__attribute__((unused)) static uint32_t crc32_of(const uint8_t *data, size_t length)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

/* CRC-32 of a track from INDEX 01 on, as stored. */
__attribute__((unused)) static uint32_t track_crc(struct exh_medium *m, unsigned number)
{
    const struct exh_track *t = exh_layout_track(m->layout, number);
    assert_non_null(t);
    uint32_t count = (uint32_t)t->sectors - t->stored_pregap;
    uint8_t *data = read_sectors(m, number, exh_track_start(t), count, false);
    uint32_t crc = crc32_of(data, (size_t)count * t->main_bytes);
    free(data);
    return crc;
}

__attribute__((unused)) static size_t count_remarks(struct exh_medium *m, const char *check, enum exh_outcome outcome)
{
    struct exh_inspection in = {0};
    struct exh_error err;
    exh_error_clear(&err);
    assert_true(exh_medium_inspect(m, &in, &err));
    size_t n = 0;
    for (size_t i = 0; i < in.remark_count; i++)
        n += (check == NULL || strcmp(in.remarks[i].check, check) == 0) && in.remarks[i].outcome == outcome;
    exh_inspection_close(&in);
    return n;
}

/* A path in the corpus of optical images, or NULL: there is none here. Static text. */
__attribute__((unused)) static const char *corpus_file(const char *name)
{
    static char path[4096];
    const char *corpus = getenv("EXHIBIT_CORPUS") != NULL ? getenv("EXHIBIT_CORPUS") : getenv("EXHIBIT_CORPUS_DEFAULT");
    (void)snprintf(path, sizeof path, "%s/optical/%s", corpus != NULL ? corpus : "", name);
    if (access(path, R_OK) == 0)
        return path;
    print_message("  no %s in the corpus (EXHIBIT_CORPUS): skipped\n", name);
    return NULL;
}

#endif
