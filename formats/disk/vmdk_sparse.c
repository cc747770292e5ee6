/* vmdk_sparse.c - the header of a sparse extent, and what lies where in it. See vmdk_sparse.h.
 *
 * The tables say nothing of their own extent: every sector number is checked when it is used, and what it points at outside the file is lost, not the
 * disk. A packed grain must say itself that it is the one that was looked for. */
#include "formats/disk/vmdk_sparse.h"

#include <stdlib.h>

#include "formats/model/bytes.h"

#define GRAIN_BYTES_MIN 4096u
#define GRAIN_BYTES_MAX (64u << 20)
#define KNOWN_FLAGS (EXH_VMDK_NEWLINES | EXH_VMDK_REDUNDANT | EXH_VMDK_ZEROED | EXH_VMDK_COMPRESSED | EXH_VMDK_MARKERS)
#define TABLE_ENTRIES_MAX 4096u /* always 512 in hosted extents, 4096 in COWD */
#define COWD_TABLE_ENTRIES 4096u

/* ---- what lies where ---- */

static bool lost(const struct exh_error *err) { return err->code == EXH_CORRUPT || err->code == EXH_IO; }

/* A table that cannot be read costs what it would have told of, exactly. */
static bool get(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint32_t file, uint64_t offset, uint8_t *entry, size_t bytes,
                struct exh_place *out, struct exh_error *err)
{
    out->offset = offset;
    if (exh_table_get(pages, disk, file, offset, entry, bytes, err))
        return true;
    if (lost(err))
        out->kind = EXH_PLACE_LOST;
    return false;
}

static bool find_packed(const struct exh_vmdk_sparse *s, const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t begin,
                        uint64_t grain, uint64_t sector, struct exh_place *out, struct exh_error *err)
{
    uint8_t h[EXH_VMDK_GRAIN_HEADER_BYTES];
    if (!get(disk, pages, out->file, sector * 512, h, sizeof h, out, err))
        return false;
    uint32_t bytes = exh_le32(h + 8);
    if (exh_le64(h) != grain * (s->grain_bytes / 512) || bytes == 0) {
        out->kind = EXH_PLACE_LOST;
        return true;
    }
    out->kind = EXH_PLACE_PACKED;
    out->offset = sector * 512 + sizeof h;
    out->unit_at = begin + grain * s->grain_bytes;
    out->unit_bytes = grain + 1 == exh_vmdk_grains(s) ? s->last_bytes : (uint32_t)s->grain_bytes;
    out->packed_bytes = bytes;
    out->codec = EXH_CODEC_ZLIB;
    return true;
}

/* Of a cut stream: before its last grain what is not there was not stored, behind it nobody knows, unless the cut came behind all grains. */
static bool find_left(const struct exh_vmdk_sparse *s, uint64_t grain, uint64_t *sector, struct exh_place *out)
{
    size_t low = 0, high = s->left_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->left[middle].grain < grain)
            low = middle + 1;
        else
            high = middle;
    }
    out->kind = low < s->left_count || s->all_left ? EXH_PLACE_HOLE : EXH_PLACE_LOST;
    *sector = low < s->left_count && s->left[low].grain == grain ? s->left[low].sector : 0;
    return *sector != 0;
}

static bool find_in_tables(const struct exh_vmdk_sparse *s, const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at,
                           uint64_t *sector, struct exh_place *out, struct exh_error *err)
{
    uint8_t e[4];
    uint64_t grain = at / s->grain_bytes, covered = s->table_entries * s->grain_bytes, whole = out->bytes;
    out->kind = EXH_PLACE_HOLE;
    out->bytes = covered - at % covered;
    if (!get(disk, pages, out->file, s->directory_at + grain / s->table_entries * 4, e, sizeof e, out, err) || exh_le32(e) == 0)
        return false;
    uint64_t entry_at = (uint64_t)exh_le32(e) * 512 + grain % s->table_entries * 4;
    out->bytes = whole;
    if (!get(disk, pages, out->file, entry_at, e, sizeof e, out, err))
        return false;
    *sector = exh_le32(e);
    if (*sector == 1) /* the header of a hosted extent has the first sector, its descriptor the second */
        out->kind = (s->flags & EXH_VMDK_ZEROED) != 0 ? EXH_PLACE_ZERO : EXH_PLACE_LOST;
    return *sector > 1;
}

bool exh_vmdk_sparse_find(const struct exh_vmdk_sparse *s, const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint32_t file,
                          uint64_t begin, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    uint64_t grain = at / s->grain_bytes, inside = at % s->grain_bytes, sector;
    struct exh_error why = {0};
    *out = (struct exh_place){.file = file, .bytes = s->grain_bytes - inside};
    bool found = s->cut ? find_left(s, grain, &sector, out) : find_in_tables(s, disk, pages, at, &sector, out, &why);
    if (found && exh_vmdk_is_packed(s))
        (void)find_packed(s, disk, pages, begin, grain, sector, out, &why);
    else if (found) {
        out->kind = EXH_PLACE_DATA;
        out->offset = sector * 512 + inside;
    }
    if (why.code == EXH_OK || lost(&why))
        return true;
    *err = why;
    return false;
}

/* ---- opening ---- */

static bool check_flags(const struct exh_vmdk_sparse *s, const uint8_t *h, struct exh_error *err)
{
    uint32_t compression = exh_le16(h + 77);
    if (s->version < 1 || s->version > 3)
        return exh_fail(err, EXH_UNSUPPORTED, s->header_at + 4, "version %u of sparse extents is not known", s->version);
    if ((s->flags & ~KNOWN_FLAGS) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, s->header_at + 8, "flags 0x%x, of which 0x%x are not known", s->flags, s->flags & ~KNOWN_FLAGS);
    if ((s->flags & EXH_VMDK_NEWLINES) != 0 && memcmp(h + 73, "\n \r\n", 4) != 0)
        return exh_fail(err, EXH_CORRUPT, s->header_at + 73, "line ends were changed: the file was transferred as text");
    if (compression > 1)
        return exh_fail(err, EXH_UNSUPPORTED, s->header_at + 77, "compression %u is not known", compression);
    if ((compression == 1) != exh_vmdk_is_packed(s))
        return exh_fail(err, EXH_CORRUPT, s->header_at + 77, "compression %u contradicts the flags 0x%x", compression, s->flags);
    return !exh_vmdk_is_packed(s) || (s->flags & EXH_VMDK_MARKERS) != 0 ||
           exh_fail(err, EXH_UNSUPPORTED, s->header_at + 8, "compressed grains without markers (flags 0x%x) are not read", s->flags);
}

static bool check_grains(const struct exh_vmdk_sparse *s, uint64_t grain_sectors, struct exh_error *err)
{
    uint64_t grain_at = s->header_at + (s->cowd ? 16 : 20), least = s->cowd ? 512 : GRAIN_BYTES_MIN;
    if (s->sectors == 0 || s->sectors > EXH_MEDIA_BYTES_MAX / 512)
        return exh_fail(err, EXH_CORRUPT, s->header_at + 12, "an extent of %llu sectors", (unsigned long long)s->sectors);
    if (grain_sectors > GRAIN_BYTES_MAX / 512 || grain_sectors < least / 512 || (grain_sectors & (grain_sectors - 1)) != 0)
        return exh_fail(err, EXH_CORRUPT, grain_at, "grains of %llu sectors: not a power of two from %llu bytes to 64 MiB",
                        (unsigned long long)grain_sectors, (unsigned long long)least);
    return (s->table_entries > 0 && s->table_entries <= TABLE_ENTRIES_MAX) ||
           exh_fail(err, EXH_CORRUPT, s->header_at + 44, "grain tables of %u entries", s->table_entries);
}

static bool in_file(uint64_t sector, uint64_t bytes, const struct exh_source *source, uint64_t *out)
{
    return exh_mul_u64(sector, 512, out) && exh_inside(*out, bytes, source->size);
}

/* Places of what is read whole or searched: the directory and the descriptor lie inside the file. */
static bool check_places(struct exh_vmdk_sparse *s, const uint8_t *h, struct exh_source *source, struct exh_error *err)
{
    uint64_t sectors = exh_le64(h + 36), directory = exh_le64(h + 56), redundant = exh_le64(h + 48);
    if (sectors > source->size / 512 || !in_file(exh_le64(h + 28), sectors * 512, source, &s->descriptor_at))
        return exh_fail(err, EXH_CORRUPT, s->header_at + 28, "a descriptor of %llu sectors at sector %llu passes the end of the file",
                        (unsigned long long)sectors, (unsigned long long)exh_le64(h + 28));
    s->descriptor_bytes = s->descriptor_at == 0 ? 0 : sectors * 512;
    if (!exh_mul_u64(exh_le64(h + 64), 512, &s->overhead_bytes))
        return exh_fail(err, EXH_CORRUPT, s->header_at + 64, "tables of %llu sectors", (unsigned long long)exh_le64(h + 64));
    s->stray_copy = ((s->flags & EXH_VMDK_REDUNDANT) != 0) != (redundant != 0);
    s->directory_at = EXH_VMDK_AT_END;
    if (directory == EXH_VMDK_AT_END)
        return true;
    if (directory == 0 || s->tables > source->size / 4 || !in_file(directory, s->tables * 4, source, &s->directory_at))
        return exh_fail(err, EXH_CORRUPT, s->header_at + 56, "a grain directory of %llu entries at sector %llu is not inside the file",
                        (unsigned long long)s->tables, (unsigned long long)directory);
    if ((s->flags & EXH_VMDK_REDUNDANT) == 0 || redundant == 0)
        return true;
    return in_file(redundant, s->tables * 4, source, &s->redundant_at) ||
           exh_fail(err, EXH_CORRUPT, s->header_at + 48, "a second grain directory at sector %llu passes the end of the file",
                    (unsigned long long)redundant);
}

static void count_tables(struct exh_vmdk_sparse *s, uint64_t grain_sectors)
{
    uint64_t covered = s->table_entries * grain_sectors;
    s->grain_bytes = grain_sectors * 512;
    s->tables = s->sectors / covered + (s->sectors % covered != 0);
}

static bool parse_hosted(struct exh_vmdk_sparse *s, const uint8_t *h, struct exh_source *source, struct exh_error *err)
{
    uint64_t grain_sectors = exh_le64(h + 20);
    s->version = exh_le32(h + 4);
    s->flags = exh_le32(h + 8);
    s->sectors = exh_le64(h + 12);
    s->table_entries = exh_le32(h + 44);
    s->unclean = h[72] != 0;
    if (!check_flags(s, h, err) || !check_grains(s, grain_sectors, err))
        return false;
    count_tables(s, grain_sectors);
    return check_places(s, h, source, err);
}

static bool parse_cowd(struct exh_vmdk_sparse *s, const uint8_t *h, struct exh_source *source, struct exh_error *err)
{
    s->cowd = true;
    s->version = exh_le32(h + 4);
    s->sectors = exh_le32(h + 12);
    s->table_entries = COWD_TABLE_ENTRIES;
    if (s->version != 1)
        return exh_fail(err, EXH_UNSUPPORTED, 4, "version %u of COWD extents is not known", s->version);
    if (!check_grains(s, exh_le32(h + 16), err))
        return false;
    count_tables(s, exh_le32(h + 16));
    if (exh_le32(h + 24) < s->tables)
        return exh_fail(err, EXH_CORRUPT, 24, "a grain directory of %u entries for %llu sectors", exh_le32(h + 24), (unsigned long long)s->sectors);
    return (exh_le32(h + 20) != 0 && in_file(exh_le32(h + 20), s->tables * 4, source, &s->directory_at)) ||
           exh_fail(err, EXH_CORRUPT, 20, "a grain directory of %llu entries at sector %u is not inside the file", (unsigned long long)s->tables,
                    exh_le32(h + 20));
}

/* The header of a stream is written before its tables are: the true one is the footer, between its marker and the end's. */
static bool take_footer(struct exh_vmdk_sparse *s, struct exh_source *source, struct exh_error *err)
{
    uint8_t f[3 * 512];
    if (s->directory_at != EXH_VMDK_AT_END)
        return true;
    uint64_t at = source->size / 512 * 512;
    if (at >= sizeof f + EXH_VMDK_HEADER_BYTES) {
        at -= sizeof f;
        if (!exh_source_read(source, at, f, sizeof f, err))
            return false;
        if (exh_le32(f + 8) == 0 && exh_le32(f + 12) == EXH_VMDK_FOOTER && memcmp(f + 512, "KDMV", 4) == 0 && exh_le64(f + 568) != EXH_VMDK_AT_END) {
            s->header_at = at + 512;
            return parse_hosted(s, f + 512, source, err) || exh_context(err, "the footer");
        }
    }
    return exh_vmdk_recover(s, source, err);
}

/* Where the disk's last grain lies; *sector 0: nowhere that could be read. */
static bool last_grain(const struct exh_vmdk_sparse *s, struct exh_source *source, uint64_t *sector, struct exh_error *err)
{
    uint8_t e[4];
    uint64_t grain = exh_vmdk_grains(s) - 1;
    *sector = 0;
    if (s->cut) {
        *sector = s->left[s->left_count - 1].grain == grain ? s->left[s->left_count - 1].sector : 0;
        return true;
    }
    if (!exh_source_read(source, s->directory_at + grain / s->table_entries * 4, e, sizeof e, err))
        return false;
    uint64_t entry_at = (uint64_t)exh_le32(e) * 512 + grain % s->table_entries * 4;
    if (exh_le32(e) == 0 || !exh_inside(entry_at, sizeof e, source->size))
        return true;
    if (!exh_source_read(source, entry_at, e, sizeof e, err))
        return false;
    *sector = exh_inside((uint64_t)exh_le32(e) * 512, EXH_VMDK_GRAIN_HEADER_BYTES, source->size) ? exh_le32(e) : 0;
    return true;
}

/* Does the grain of `packed_bytes` at `at` make exactly `bytes`? */
static bool unpacks_to(struct exh_source *source, uint64_t at, uint32_t packed_bytes, uint32_t bytes, bool *out, struct exh_error *err)
{
    struct exh_error ignored = {0};
    struct exh_unpacker *unpacker = exh_unpacker_new();
    uint8_t *packed = malloc(packed_bytes), *unit = malloc(bytes);
    bool ok = unpacker != NULL && packed != NULL && unit != NULL ? exh_source_read(source, at, packed, packed_bytes, err)
                                                                 : exh_nomem(err, "the last grain");
    *out = ok && exh_unpack(unpacker, EXH_CODEC_ZLIB, packed, packed_bytes, unit, bytes, NULL, &ignored);
    exh_unpacker_close(unpacker);
    free(packed);
    free(unit);
    return ok;
}

/* The last grain may be stored whole, or only as far as the disk goes: which it is, only unpacking shows. */
static bool measure_last(struct exh_vmdk_sparse *s, struct exh_source *source, struct exh_error *err)
{
    uint8_t h[EXH_VMDK_GRAIN_HEADER_BYTES];
    uint64_t sector, rest = s->sectors * 512 - (exh_vmdk_grains(s) - 1) * s->grain_bytes;
    bool is_short = false;
    s->last_bytes = (uint32_t)s->grain_bytes;
    if (rest == s->grain_bytes)
        return true;
    if (!last_grain(s, source, &sector, err))
        return false;
    if (sector < 2)
        return true;
    if (!exh_source_read(source, sector * 512, h, sizeof h, err))
        return false;
    uint32_t bytes = exh_le32(h + 8);
    if (bytes == 0 || bytes > 2 * s->grain_bytes || !exh_inside(sector * 512 + sizeof h, bytes, source->size))
        return true;
    if (!unpacks_to(source, sector * 512 + sizeof h, bytes, (uint32_t)rest, &is_short, err))
        return false;
    s->last_bytes = is_short ? (uint32_t)rest : s->last_bytes;
    return true;
}

bool exh_vmdk_sparse_open(struct exh_vmdk_sparse *out, struct exh_source *source, struct exh_error *err)
{
    uint8_t h[EXH_VMDK_HEADER_BYTES];
    *out = (struct exh_vmdk_sparse){0};
    if (!exh_source_read(source, 0, h, sizeof h, err))
        return exh_context(err, "the header of a sparse extent");
    bool ok;
    if (memcmp(h, "KDMV", 4) == 0)
        ok = parse_hosted(out, h, source, err) && take_footer(out, source, err);
    else if (memcmp(h, "COWD", 4) == 0)
        ok = parse_cowd(out, h, source, err);
    else
        ok = exh_le64(h) == 0xCAFEBABEu ? exh_fail(err, EXH_UNSUPPORTED, 0, "SESparse extents are not read")
                                        : exh_fail(err, EXH_CORRUPT, 0, "no sparse extent: it begins with neither KDMV nor COWD");
    if (ok && (!exh_vmdk_is_packed(out) || measure_last(out, source, err)))
        return true;
    exh_vmdk_sparse_close(out);
    return false;
}

void exh_vmdk_sparse_close(struct exh_vmdk_sparse *s)
{
    free(s->left);
    *s = (struct exh_vmdk_sparse){0};
}
