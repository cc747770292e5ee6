/* vmdk_lab.h - VMDK images made byte by byte, and read whole, for the tests of the format. */
#ifndef EXH_TESTS_UNIT_VMDK_LAB_H
#define EXH_TESTS_UNIT_VMDK_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/container/codec.h"
#include "formats/disk/vmdk.h"
#include "formats/model/bytes.h"

#define LAB_GRAIN 4096u
#define LAB_GRAINS 601u
#define LAB_SECTORS (LAB_GRAINS * 8u - 3) /* the last grain is not full */
#define LAB_DISK (LAB_SECTORS * 512u)
#define LAB_ROOM (64u * 512u)
/* Sectors of the sparse image: header, descriptor, second directory, directory, tables, second tables, grains. */
#define LAB_RGD 3u
#define LAB_GD 4u
#define LAB_GT 5u
#define LAB_RGT 13u
#define LAB_DATA 24u
#define LAB_SPARSE_BYTES ((LAB_DATA + 24u) * 512u)

/* What the disk of the lab holds: grains 0, 513 and 600 are data, all else zeros. */
static inline uint8_t lab_byte(uint64_t at)
{
    uint64_t grain = at / LAB_GRAIN;
    return grain == 0 || grain == 513 || grain == 600 ? (uint8_t)(at * 7 + at / 509 + 1) : 0;
}

static inline void lab_fill(uint8_t *to, uint64_t grain)
{
    for (uint32_t i = 0; i < LAB_GRAIN; i++)
        to[i] = grain * LAB_GRAIN + i < LAB_DISK ? lab_byte(grain * LAB_GRAIN + i) : 0;
}

static inline void lab_text(uint8_t *image, const char *type, unsigned sectors)
{
    (void)snprintf((char *)image + 512, 1024,
                   "# Disk DescriptorFile\nversion=1\nCID=12ab34cd\nparentCID=ffffffff\ncreateType=\"%s\"\n\nRW %u SPARSE \"another name.vmdk\"\n"
                   "ddb.adapterType = \"ide\"\nddb.geometry.cylinders = \"4\"\nddb.geometry.heads = \"16\"\nddb.geometry.sectors = \"63\"\n",
                   type, sectors);
}

static inline void lab_header(uint8_t *h, uint32_t version, uint32_t flags, uint64_t directory)
{
    memcpy(h, "KDMV", 4);
    exh_put_le32(h + 4, version);
    exh_put_le32(h + 8, flags);
    exh_put_le64(h + 12, LAB_SECTORS);
    exh_put_le64(h + 20, LAB_GRAIN / 512);
    exh_put_le64(h + 28, 1);
    exh_put_le64(h + 36, 2);
    exh_put_le32(h + 44, 512);
    exh_put_le64(h + 48, (flags & EXH_VMDK_REDUNDANT) != 0 ? LAB_RGD : 0);
    exh_put_le64(h + 56, directory);
    exh_put_le64(h + 64, LAB_DATA);
    memcpy(h + 73, "\n \r\n", 4);
    exh_put_le16(h + 77, (flags & EXH_VMDK_COMPRESSED) != 0);
}

static inline void lab_entry(uint8_t *image, uint32_t tables, uint32_t grain, uint32_t sector)
{
    exh_put_le32(image + (size_t)tables * 512 + (size_t)grain * 4, sector);
}

/* A sparse image with both directories; `image` has LAB_ROOM bytes. Its length. */
static inline size_t lab_sparse(uint8_t *image)
{
    static const uint32_t grains[3] = {0, 513, 600};
    memset(image, 0, LAB_ROOM);
    lab_header(image, 1, EXH_VMDK_NEWLINES | EXH_VMDK_REDUNDANT | EXH_VMDK_ZEROED, LAB_GD);
    lab_text(image, "monolithicSparse", LAB_SECTORS);
    for (uint32_t t = 0; t < 2; t++) {
        exh_put_le32(image + LAB_GD * 512 + t * 4, LAB_GT + t * 4);
        exh_put_le32(image + LAB_RGD * 512 + t * 4, LAB_RGT + t * 4);
    }
    for (uint32_t i = 0; i < 3; i++) {
        lab_entry(image, LAB_GT, grains[i], LAB_DATA + i * 8);
        lab_entry(image, LAB_RGT, grains[i], LAB_DATA + i * 8);
        lab_fill(image + (LAB_DATA + i * 8) * 512, grains[i]);
    }
    lab_entry(image, LAB_GT, 1, 1); /* zeros that are said to be so */
    lab_entry(image, LAB_RGT, 1, 1);
    return LAB_SPARSE_BYTES;
}

static inline size_t lab_marker(uint8_t *image, size_t at, uint64_t value, uint32_t type)
{
    exh_put_le64(image + at, value);
    exh_put_le32(image + at + 12, type);
    return at + 512;
}

/* A stream: packed grains, tables, directory, footer. `whole_last`: the last grain is packed with the zeros behind the disk's end. */
static inline size_t lab_stream(uint8_t *image, bool whole_last)
{
    static const uint32_t grains[3] = {0, 513, 600};
    uint32_t flags = EXH_VMDK_NEWLINES | EXH_VMDK_COMPRESSED | EXH_VMDK_MARKERS, where[3], tables[2];
    uint8_t grain[LAB_GRAIN];
    size_t at = LAB_DATA * 512;
    memset(image, 0, LAB_ROOM);
    lab_header(image, 3, flags, UINT64_MAX);
    lab_text(image, "streamOptimized", LAB_SECTORS);
    struct exh_deflater *deflater = exh_deflater_new(6);
    assert_non_null(deflater);
    for (uint32_t i = 0; i < 3; i++) {
        where[i] = (uint32_t)(at / 512);
        lab_fill(grain, grains[i]);
        size_t length = i == 2 && !whole_last ? LAB_GRAIN - 3 * 512 : LAB_GRAIN;
        size_t packed = exh_deflate_zlib(deflater, grain, length, image + at + 12, LAB_ROOM - at - 12);
        assert_true(packed > 0);
        exh_put_le64(image + at, (uint64_t)grains[i] * 8);
        exh_put_le32(image + at + 8, (uint32_t)packed);
        at += (packed + 12 + 511) / 512 * 512;
    }
    exh_deflater_close(deflater);
    for (uint32_t t = 0; t < 2; t++) {
        at = lab_marker(image, at, 4, EXH_VMDK_TABLE);
        tables[t] = (uint32_t)(at / 512);
        for (uint32_t i = 0; i < 3; i++)
            if (grains[i] / 512 == t)
                exh_put_le32(image + at + (size_t)(grains[i] % 512) * 4, where[i]);
        at += 2048;
    }
    at = lab_marker(image, at, 1, EXH_VMDK_DIRECTORY);
    uint64_t directory = at / 512;
    exh_put_le32(image + at, tables[0]);
    exh_put_le32(image + at + 4, tables[1]);
    at = lab_marker(image, at + 512, 1, EXH_VMDK_FOOTER);
    lab_header(image + at, 3, flags, directory);
    at = lab_marker(image, at + 512, 0, EXH_VMDK_END);
    assert_true(at <= LAB_ROOM);
    return at;
}

static inline struct exh_medium *lab_open(const uint8_t *image, size_t length, struct exh_error *err)
{
    struct exh_open options = {.path = "lab.vmdk"};
    struct exh_source *source = exh_source_memory(image, length, "lab.vmdk");
    assert_non_null(source);
    *err = (struct exh_error){0};
    struct exh_medium *medium = exh_format_vmdk.open(source, &options, err);
    if (medium == NULL)
        exh_source_close(source);
    return medium;
}

/* Reads all of it in blocks of `piece` sectors: a sector that is GOOD holds what `byte` says, all others are counted. */
static inline uint64_t lab_missing(struct exh_medium *medium, uint32_t piece, uint8_t (*byte)(uint64_t))
{
    struct exh_error err = {0};
    struct exh_scratch *scratch;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    const struct exh_track *t = &medium->layout->tracks[0];
    uint64_t missing = 0, end = exh_layout_bytes(medium->layout);
    assert_true(exh_medium_scratch(medium, &scratch, &err));
    assert_true(exh_block_open(&block, piece, t->main_bytes, 0, &err));
    for (uint64_t lba = 0; lba < t->sectors; lba += piece) {
        uint32_t count = t->sectors - lba < piece ? (uint32_t)(t->sectors - lba) : piece;
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = count, .effort = EXH_THOROUGH};
        assert_true(exh_medium_read(medium, scratch, &want, &block, &faults, &err));
        for (uint32_t i = 0; i < count; i++) {
            if (block.state[i] != EXH_GOOD) {
                missing++;
                continue;
            }
            for (uint32_t k = 0; byte != NULL && k < t->main_bytes; k++) {
                uint64_t at = (lba + i) * t->main_bytes + k;
                if (at < end && block.main[(size_t)i * t->main_bytes + k] != byte(at))
                    fail_msg("byte %llu is wrong", (unsigned long long)at);
            }
        }
    }
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
    return missing;
}

/* How many remarks of this name have this outcome. */
static inline size_t lab_remarks(struct exh_medium *medium, const char *check, enum exh_outcome outcome)
{
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    size_t n = 0;
    assert_true(exh_medium_inspect(medium, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        n += (check == NULL || strcmp(in.remarks[i].check, check) == 0) && in.remarks[i].outcome == outcome;
    exh_inspection_close(&in);
    return n;
}

#endif
