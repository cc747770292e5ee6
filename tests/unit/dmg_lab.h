/* dmg_lab.h - UDIF images built in memory from the facts of the format, not by our writer: two tables with a chunk of every kind, told by a property
 * list or a resource fork, with the `koly` structure last or first, in one file or several. */
#ifndef EXH_TESTS_UNIT_DMG_LAB_H
#define EXH_TESTS_UNIT_DMG_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <bzlib.h>
#include <openssl/evp.h>

#include "formats/container/codec.h"
#include "formats/container/xz.h"
#include "formats/disk/dmg.h"
#include "formats/model/bytes.h"

#define LAB_ROOM (1u << 20)
#define LAB_SECTORS 112u
#define LAB_TABLES 2u
#define LAB_CHUNKS 6u /* of a table, with its terminator or comment */

struct lab_chunk {
    uint32_t type;
    uint32_t sectors;
};

static const struct lab_chunk lab_chunks[LAB_TABLES][LAB_CHUNKS] = {
    {{1, 8}, {0x80000005u, 16}, {0, 24}, {2, 8}, {0x80000006u, 8}, {0xFFFFFFFFu, 0}},
    {{0x7FFFFFFEu, 0}, {0x80000008u, 16}, {0x80000004u, 8}, {0x80000007u, 8}, {0x80000005u, 16}, {0xFFFFFFFFu, 0}}};

enum lab_form { LAB_PLIST, LAB_FORK, LAB_KOLY_FIRST };

struct lab {
    uint8_t *bytes; /* LAB_ROOM */
    size_t length, koly_at, data_at, data_bytes, fork_at, fork_bytes;
    uint8_t disk[LAB_SECTORS * 512];
    uint8_t mish[LAB_TABLES][0xCC + 40 * LAB_CHUNKS];
    size_t chunk_at[LAB_TABLES][LAB_CHUNKS], chunk_bytes[LAB_TABLES][LAB_CHUNKS]; /* in the data fork */
};

static inline void lab_put_bytes(struct lab *l, const void *bytes, size_t length)
{
    assert_true(length <= LAB_ROOM - l->length);
    memcpy(l->bytes + l->length, bytes, length);
    l->length += length;
}

static inline size_t lab_pack(uint32_t type, const uint8_t *data, size_t length, uint8_t *out, size_t room)
{
    struct exh_error err = {0};
    size_t n = 0;
    unsigned bz = (unsigned)room;
    struct exh_deflater *deflater;
    switch (type) {
    case 1: memcpy(out, data, length); return length;
    case 0x80000005u:
        deflater = exh_deflater_new(6);
        n = exh_deflate_zlib(deflater, data, length, out, room);
        exh_deflater_close(deflater);
        return n;
    case 0x80000006u:
        assert_int_equal(BZ2_bzBuffToBuffCompress((char *)out, &bz, (char *)(uintptr_t)data, (unsigned)length, 9, 0, 0), BZ_OK);
        return bz;
    case 0x80000008u: assert_true(exh_xz_pack(data, length, out, room, &n, &err)); return n;
    case 0x80000004u: /* ADC: literals only, 128 at a time */
        for (size_t done = 0, run; done < length; done += run) {
            run = length - done < 128 ? length - done : 128;
            out[n++] = (uint8_t)(0x80 | (run - 1));
            memcpy(out + n, data + done, run);
            n += run;
        }
        return n;
    case 0x80000007u: /* LZFSE: one uncompressed block, and the end */
        memcpy(out, "bvx-", 4);
        exh_put_le32(out + 4, (uint32_t)length);
        memcpy(out + 8, data, length);
        memcpy(out + 8 + length, "bvx$", 4);
        return length + 12;
    default: return 0;
    }
}

static inline void lab_sum(uint8_t *at, uint32_t crc) { exh_put_be32(at, 2), exh_put_be32(at + 4, 32), exh_put_be32(at + 8, crc); }

/* The chunks of one table into the file, and its mish. */
static inline void lab_table(struct lab *l, unsigned t, uint32_t first, uint64_t table_offset)
{
    uint8_t packed[LAB_SECTORS * 1024], *m = l->mish[t];
    uint32_t sector = 0, crc = 0;
    memset(m, 0, sizeof l->mish[t]);
    for (unsigned i = 0; i < LAB_CHUNKS; i++) {
        const struct lab_chunk *c = &lab_chunks[t][i];
        uint8_t *e = m + 0xCC + 40 * i, *data = l->disk + (first + sector) * 512;
        size_t bytes = (size_t)c->sectors * 512, stored = lab_pack(c->type, data, bytes, packed, sizeof packed);
        l->chunk_at[t][i] = l->length - l->data_at;
        l->chunk_bytes[t][i] = stored;
        exh_put_be32(e, c->type);
        exh_put_be64(e + 8, sector);
        exh_put_be64(e + 16, c->sectors);
        exh_put_be64(e + 24, stored > 0 ? l->chunk_at[t][i] - table_offset : 0x0123456789ull /* noise, where nothing is stored */);
        exh_put_be64(e + 32, stored);
        lab_put_bytes(l, packed, stored);
        if (c->type != 2)
            crc = exh_crc32(crc, data, bytes);
        sector += c->sectors;
    }
    memcpy(m, "mish", 4);
    exh_put_be32(m + 4, 1);
    exh_put_be64(m + 8, first);
    exh_put_be64(m + 16, sector);
    exh_put_be64(m + 24, table_offset);
    exh_put_be32(m + 0x24, t);
    lab_sum(m + 0x40, crc);
    exh_put_be32(m + 0xC8, LAB_CHUNKS);
}

static inline void lab_plist(struct lab *l)
{
    static const char head[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict><key>resource-fork</key><dict><key>blkx</key><array>",
                      tail[] = "</array></dict></dict></plist>\n";
    lab_put_bytes(l, head, sizeof head - 1);
    for (unsigned t = 0; t < LAB_TABLES; t++) {
        char text[2048], item[4096];
        assert_true(EVP_EncodeBlock((unsigned char *)text, l->mish[t], (int)sizeof l->mish[t]) > 0);
        int n = snprintf(item, sizeof item,
                         "<dict><key>ID</key><string>%u</string><key>Name</key><string>table %u</string><key>Data</key><data>%s</data></dict>", t, t,
                         text);
        lab_put_bytes(l, item, (size_t)n);
    }
    lab_put_bytes(l, tail, sizeof tail - 1);
}

/* Header, data from 0x100 on, map: one other type before blkx. */
static inline void lab_fork(struct lab *l)
{
    uint8_t fork[4096] = {0};
    size_t data = 0, at[LAB_TABLES];
    for (unsigned t = 0; t < LAB_TABLES; t++) {
        at[t] = data;
        exh_put_be32(fork + 0x100 + data, sizeof l->mish[t]);
        memcpy(fork + 0x100 + data + 4, l->mish[t], sizeof l->mish[t]);
        data += 4 + sizeof l->mish[t];
    }
    uint8_t *map = fork + 0x100 + data;
    size_t map_bytes = 28 + 2 + 2 * 8 + 12 * (LAB_TABLES + 1);
    exh_put_be32(fork, 0x100);
    exh_put_be32(fork + 4, (uint32_t)(0x100 + data));
    exh_put_be32(fork + 8, (uint32_t)data);
    exh_put_be32(fork + 12, (uint32_t)map_bytes);
    memcpy(map, fork, 16);
    map[25] = 28;                          /* the list of types */
    map[27] = (uint8_t)map_bytes;          /* names: none */
    map[29] = 1;                           /* two types */
    memcpy(map + 30, "plst\0\0\0\022", 8); /* one resource, its list 18 bytes behind the list of types */
    memcpy(map + 38, "blkx\0\001\0\036", 8);
    map[46 + 3] = map[46 + 2] = 0xFF;
    for (unsigned t = 0; t < LAB_TABLES; t++) {
        uint8_t *r = map + 58 + 12 * t;
        exh_put_be32(r, 0x0000FFFFu | t << 16);
        exh_put_be32(r + 4, 0x50000000u | (uint32_t)at[t]);
    }
    lab_put_bytes(l, fork, 0x100 + data + map_bytes);
}

/* The trailer's fields in `k`; offsets are those of the finished file. */
static inline void lab_koly(const struct lab *l, enum lab_form form, uint8_t k[512])
{
    uint8_t sums[4 * LAB_TABLES];
    memset(k, 0, 512);
    memcpy(k, "koly", 4);
    exh_put_be32(k + 4, 4);
    exh_put_be32(k + 8, 512);
    exh_put_be64(k + 0x18, l->data_at);
    exh_put_be64(k + 0x20, l->data_bytes);
    exh_put_be32(k + 0x38, 1);
    exh_put_be32(k + 0x3C, 1);
    memset(k + 0x40, 0x77, 16);
    lab_sum(k + 0x50, exh_crc32(0, l->bytes + l->data_at, l->data_bytes));
    exh_put_be64(k + (form == LAB_FORK ? 0x28 : 0xD8), l->fork_at);
    exh_put_be64(k + (form == LAB_FORK ? 0x30 : 0xE0), l->fork_bytes);
    for (unsigned t = 0; t < LAB_TABLES; t++)
        memcpy(sums + 4 * t, l->mish[t] + 0x48, 4);
    lab_sum(k + 0x160, exh_crc32(0, sums, sizeof sums));
    exh_put_be32(k + 0x1E8, 1);
    exh_put_be64(k + 0x1EC, LAB_SECTORS);
}

/* What the tables say is in `mish` and may have been changed: writes property list or fork and the trailer behind the data. */
static inline void lab_finish(struct lab *l, enum lab_form form)
{
    uint8_t k[512];
    l->length = l->fork_at = l->data_at + l->data_bytes;
    if (form == LAB_FORK)
        lab_fork(l);
    else
        lab_plist(l);
    l->fork_bytes = l->length - l->fork_at;
    l->koly_at = form == LAB_KOLY_FIRST ? 0 : l->length;
    lab_koly(l, form, k);
    if (form == LAB_KOLY_FIRST)
        memcpy(l->bytes, k, sizeof k);
    else
        lab_put_bytes(l, k, sizeof k);
}

static inline void lab_make(struct lab *l, enum lab_form form)
{
    memset(l, 0, sizeof *l);
    l->bytes = calloc(1, LAB_ROOM);
    assert_non_null(l->bytes);
    for (size_t i = 0; i < sizeof l->disk; i++)
        l->disk[i] = (uint8_t)(i / 700 * 31 + i % 90 + 1);
    memset(l->disk + 24 * 512, 0, 32 * 512); /* zero-filled and ignored */
    l->data_at = l->length = form == LAB_KOLY_FIRST ? 512 : 0;
    lab_table(l, 0, 0, 0);
    lab_table(l, 1, 64, 100);
    l->data_bytes = l->length - l->data_at;
    lab_finish(l, form);
}

static inline void lab_free(struct lab *l) { free(l->bytes); }

#endif
