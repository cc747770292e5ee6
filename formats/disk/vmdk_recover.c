/* vmdk_recover.c - a stream-optimized extent that was cut off before its grain directory. See vmdk_sparse.h.
 *
 * Grains come in the order of the disk, each with its place and length in front, between them markers (value, 0, type) with the tables, the directory
 * last. So the grains before the cut can be found by walking; what lies between two of them was not stored. Behind the last nothing is known, unless
 * the directory's marker was reached: then only the footer is gone, or something follows it. */
#include "formats/disk/vmdk_sparse.h"

#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define LEFT_MAX (8u << 20) /* 64 MiB of them: 512 GiB of stored grains of 64 KiB */

/* A grain whose place, order and length make sense, and which is whole. */
static bool is_next(const struct exh_vmdk_sparse *s, uint64_t at, uint64_t lba, uint32_t bytes, uint64_t file_bytes)
{
    uint64_t grain_sectors = s->grain_bytes / 512, grain = lba / grain_sectors;
    if (lba % grain_sectors != 0 || lba >= s->sectors || grain > UINT32_MAX || at / 512 > UINT32_MAX || bytes > 2 * s->grain_bytes)
        return false;
    return exh_inside(at + EXH_VMDK_GRAIN_HEADER_BYTES, bytes, file_bytes) && (s->left_count == 0 || grain > s->left[s->left_count - 1].grain);
}

static bool keep(struct exh_vmdk_sparse *s, uint64_t at, uint64_t lba, struct exh_error *err)
{
    if (!exh_grow((void **)&s->left, &s->left_capacity, s->left_count, sizeof *s->left, LEFT_MAX, "grains of a stream without its directory", err))
        return false;
    s->left[s->left_count++] = (struct exh_vmdk_left){.grain = (uint32_t)(lba / (s->grain_bytes / 512)), .sector = (uint32_t)(at / 512)};
    return true;
}

bool exh_vmdk_recover(struct exh_vmdk_sparse *s, struct exh_source *source, struct exh_error *err)
{
    uint8_t m[16];
    if (!exh_vmdk_is_packed(s))
        return exh_fail(err, EXH_CORRUPT, s->header_at + 56, "the grain directory is said to be in a footer, and there is none");
    s->cut = true;
    for (uint64_t at = s->overhead_bytes; exh_inside(at, sizeof m, source->size);) {
        if (!exh_source_read(source, at, m, sizeof m, err))
            return false;
        uint64_t value = exh_le64(m), bytes = exh_le32(m + 8), type = exh_le32(m + 12);
        if (bytes != 0) {
            if (!is_next(s, at, value, (uint32_t)bytes, source->size))
                break;
            if (!keep(s, at, value, err))
                return false;
            bytes += EXH_VMDK_GRAIN_HEADER_BYTES;
        } else if (type == EXH_VMDK_TABLE && value <= source->size / 512) {
            bytes = 512 + value * 512;
        } else {
            s->all_left = type == EXH_VMDK_DIRECTORY && value == (s->tables * 4 + 511) / 512;
            break;
        }
        at += (bytes + 511) / 512 * 512;
    }
    return s->left_count > 0 || exh_fail(err, EXH_CORRUPT, s->header_at + 56, "a stream without a footer, and no grain in it that is whole");
}
