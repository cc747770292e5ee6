/* vhd.c - reads VHD: fixed, dynamic and differencing. See vhd.h.
 *
 * A footer ends the file; the two kinds with blocks have a copy of it at the beginning, a header, and a table of blocks, each with a bitmap of its
 * sectors in front. Footer and header carry a checksum: one that fails is a remark, as the data do not depend on it. Some makers mean the geometry by
 * the disk's size, others the size field; evidence is read by the field, and both are told. */
#include "formats/disk/vhd.h"

#include "formats/disk/file_space.h"
#include "formats/disk/mapped_disk.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define BLOCK_BYTES_MAX (256u << 20)
#define VERSION 0x00010000u
#define FEATURE_TEMPORARY 1u
#define FEATURE_RESERVED 2u /* always set */

enum vhd_type { VHD_FIXED = 2, VHD_DYNAMIC, VHD_DIFFERENCING };

struct vhd {
    struct exh_mapped_disk disk;
    enum vhd_type type;
    uint64_t footer_at, header_at, table_at, disk_bytes, geometry_bytes;
    uint32_t blocks, block_bytes, bitmap_bytes, created;
    uint8_t uuid[16], parent_uuid[16];
    char application[5], os[5];
    char *parent_name; /* its file name, UTF-8; NULL: none */
    bool footer_holds, copy_holds, header_holds, copy_used;
};

uint32_t exh_vhd_checksum(const uint8_t *bytes, size_t length, size_t field)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += i >= field && i < field + 4 ? 0 : bytes[i];
    return ~sum;
}

/* ---- what lies where ---- */

/* In a differencing image each sector is here or in the parent, as its bit says. */
static bool find_sector(const struct vhd *v, struct exh_table_pages *pages, uint64_t block_at, uint64_t inside, struct exh_place *out,
                        struct exh_error *err)
{
    uint64_t sector = inside / 512, last = v->block_bytes / 512;
    uint8_t byte;
    if (!exh_table_get(pages, &v->disk, 0, block_at + sector / 8, &byte, 1, err))
        return false;
    bool here = (byte >> (7 - sector % 8) & 1) != 0;
    uint64_t n = 1;
    while (sector + n < last && n < 4096) {
        bool got = true;
        if ((sector + n) % 8 == 0 && !exh_table_ahead(pages, &v->disk, 0, block_at + (sector + n) / 8, &byte, 1, &got, err))
            return false;
        if (!got || ((byte >> (7 - (sector + n) % 8) & 1) != 0) != here)
            break;
        n++;
    }
    out->kind = here ? EXH_PLACE_DATA : EXH_PLACE_PARENT;
    out->bytes = n * 512 - inside % 512;
    out->offset = block_at + v->bitmap_bytes + inside;
    return true;
}

static bool vhd_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    const struct vhd *v = (const struct vhd *)disk;
    if (v->type == VHD_FIXED) {
        *out = (struct exh_place){.kind = EXH_PLACE_DATA, .bytes = v->disk_bytes - at, .offset = at};
        return true;
    }
    uint64_t block = at / v->block_bytes, inside = at % v->block_bytes, entry_at = v->table_at + block * 4;
    uint8_t entry[4];
    if (!exh_table_get(pages, disk, 0, entry_at, entry, sizeof entry, err))
        return false;
    uint32_t sector = exh_be32(entry);
    *out = (struct exh_place){.bytes = v->block_bytes - inside, .offset = entry_at};
    if (sector == EXH_VHD_FREE) {
        out->kind = v->type == VHD_DIFFERENCING ? EXH_PLACE_PARENT : EXH_PLACE_HOLE;
        return true;
    }
    uint64_t block_at = (uint64_t)sector * 512;
    if (v->type == VHD_DIFFERENCING)
        return find_sector(v, pages, block_at, inside, out, err);
    out->kind = EXH_PLACE_DATA; /* whatever the bitmap says: all makers set it, and what is stored is stored */
    out->offset = block_at + v->bitmap_bytes + inside;
    return true;
}

/* ---- what it says of itself ---- */

static bool tell_facts(const struct vhd *v, struct exh_inspection *in, struct exh_error *err)
{
    static const char *const types[] = {"fixed", "dynamic", "differencing"};
    const char *file = v->disk.files.items[0];
    char uuid[33];
    exh_text_hex(v->uuid, 16, uuid);
    bool ok = exh_inspection_fact(in, file, v->footer_at + 60, "type", err, "%s", types[v->type - VHD_FIXED]) &&
              exh_inspection_fact(in, file, v->footer_at + 28, "creator", err, "'%s' on '%s'", v->application, v->os) &&
              exh_inspection_fact(in, file, v->footer_at + 24, "created", err, "%u s after 2000-01-01 UTC", v->created) &&
              exh_inspection_fact(in, file, v->footer_at + 68, "uuid", err, "%s", uuid) &&
              exh_inspection_fact(in, file, v->footer_at + 56, "geometry", err, "%llu bytes; the size field says %llu, which is what is read",
                                  (unsigned long long)v->geometry_bytes, (unsigned long long)v->disk_bytes);
    if (ok && v->type != VHD_FIXED)
        ok = exh_inspection_fact(in, file, v->header_at + 28, "blocks", err, "%u of %u bytes", v->blocks, v->block_bytes);
    if (ok && v->parent_name != NULL)
        ok = exh_inspection_fact(in, file, v->header_at + 64, "parent", err, "%.200s", v->parent_name);
    return ok;
}

static bool tell_checksums(const struct vhd *v, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = v->disk.files.items[0];
    bool ok =
        exh_inspection_remark(in, "footer-checksum", v->footer_holds ? EXH_HOLDS : EXH_FAILS, file, v->footer_at + 64, err,
                              "the checksum of the %s %s", v->copy_used ? "footer's copy" : "footer", v->footer_holds ? "holds" : "does not hold");
    if (ok && v->copy_used)
        ok = exh_inspection_remark(in, "footer", EXH_WARNS, file, 0, err, "the file does not end in a footer: the copy at its beginning is used");
    if (ok && v->type != VHD_FIXED && !v->copy_used)
        ok = exh_inspection_remark(in, "footer-copy", v->copy_holds ? EXH_HOLDS : EXH_WARNS, file, 0, err,
                                   "the footer and its copy at the beginning of the file %s", v->copy_holds ? "are equal" : "differ");
    return ok &&
           (v->type == VHD_FIXED || exh_inspection_remark(in, "header-checksum", v->header_holds ? EXH_HOLDS : EXH_FAILS, file, v->header_at + 36,
                                                          err, "the checksum of the dynamic header %s", v->header_holds ? "holds" : "does not hold"));
}

/* ---- what is odd about it: "Hard Disk Footer Format", "Dynamic Disk Header Format" ---- */

static bool odd(const struct vhd *v, uint64_t at, struct exh_inspection *in, struct exh_error *err, const char *what)
{
    return exh_inspection_remark(in, "header", EXH_WARNS, v->disk.files.items[0], at, err, "%s", what);
}

/* A greater version may mean anything by the fields that are read. */
static bool judge_version(const struct vhd *v, uint32_t version, uint64_t at, struct exh_inspection *in, struct exh_error *err)
{
    return version == VERSION || exh_inspection_remark(in, "version", version >> 16 == VERSION >> 16 ? EXH_WARNS : EXH_FAILS, v->disk.files.items[0],
                                                       at, err, "version %u.%u is not known, and read as 1.0", version >> 16, version & 0xFFFF);
}

static bool judge_footer(const struct vhd *v, struct exh_inspection *in, struct exh_error *err)
{
    uint8_t f[EXH_VHD_FOOTER_BYTES] = {0};
    uint64_t at = v->footer_at, there = v->disk.sources[0]->size - at;
    const char *file = v->disk.files.items[0];
    if (!exh_source_read(v->disk.sources[0], at, f, there < sizeof f ? (size_t)there : sizeof f, err))
        return false;
    uint32_t features = exh_be32(f + 8), unknown = features & ~(FEATURE_TEMPORARY | FEATURE_RESERVED);
    bool ok = ((features & FEATURE_TEMPORARY) == 0 || exh_inspection_fact(in, file, at + 8, "features", err, "a temporary disk")) &&
              (exh_be64(f + 40) == v->disk_bytes ||
               exh_inspection_fact(in, file, at + 40, "original size", err, "%llu bytes", (unsigned long long)exh_be64(f + 40))) &&
              (f[84] != 1 || exh_inspection_fact(in, file, at + 84, "state", err, "saved"));
    return ok &&
           (((features & FEATURE_RESERVED) != 0 && unknown == 0) ||
            exh_inspection_remark(in, "header", EXH_WARNS, file, at + 8, err,
                                  "features 0x%x: bit 1 is always set, and no other than it and bit 0 is known", features)) &&
           judge_version(v, exh_be32(f + 12), at + 12, in, err) &&
           (v->type != VHD_FIXED || exh_be64(f + 16) == UINT64_MAX || odd(v, at + 16, in, err, "a fixed disk has a dynamic header's offset")) &&
           (f[84] <= 1 || odd(v, at + 84, in, err, "the saved state is neither 0 nor 1")) &&
           (exh_all_zero(f + 85, sizeof f - 85) || odd(v, at + 85, in, err, "reserved bytes of the footer are not 0"));
}

static bool judge_dynamic(const struct vhd *v, struct exh_inspection *in, struct exh_error *err)
{
    uint8_t h[EXH_VHD_HEADER_BYTES];
    uint64_t at = v->header_at, needed = (v->disk_bytes + v->block_bytes - 1) / v->block_bytes;
    if (!exh_source_read(v->disk.sources[0], at, h, sizeof h, err))
        return false;
    return (at % 512 == 0 || odd(v, v->footer_at + 16, in, err, "the dynamic header begins within a sector")) &&
           (exh_be64(h + 8) == UINT64_MAX || odd(v, at + 8, in, err, "the dynamic header names a next structure, and there is none")) &&
           (v->table_at % 512 == 0 || odd(v, at + 16, in, err, "the block table begins within a sector")) &&
           judge_version(v, exh_be32(h + 24), at + 24, in, err) &&
           (v->blocks == needed || exh_inspection_remark(in, "behind-disk", EXH_WARNS, v->disk.files.items[0], at + 28, err,
                                                         "a table of %u blocks, of which the disk has %llu: nobody reads the rest", v->blocks,
                                                         (unsigned long long)needed)) &&
           (v->type == VHD_DIFFERENCING || (exh_all_zero(h + 40, 20) && exh_all_zero(h + 64, 704)) ||
            odd(v, at + 40, in, err, "the header names a parent, and the image is not of the type that has one")) &&
           ((exh_all_zero(h + 60, 4) && exh_all_zero(h + 768, 256)) || odd(v, at + 60, in, err, "reserved bytes of the dynamic header are not 0"));
}

static bool check_table(struct vhd *v, struct exh_file_space *space, struct exh_inspection *in, struct exh_error *err)
{
    uint8_t entries[4096];
    for (uint64_t i = 0; i < v->blocks; i += sizeof entries / 4) {
        uint64_t n = v->blocks - i < sizeof entries / 4 ? v->blocks - i : sizeof entries / 4;
        if (!exh_source_read(v->disk.sources[0], v->table_at + i * 4, entries, (size_t)n * 4, err))
            return false;
        for (uint64_t k = 0; k < n; k++) {
            uint32_t sector = exh_be32(entries + k * 4);
            if (sector != EXH_VHD_FREE && !exh_file_space_take(space, (uint64_t)sector * 512, (uint64_t)v->bitmap_bytes + v->block_bytes, in, err,
                                                               "block %llu", (unsigned long long)(i + k)))
                return false;
        }
    }
    return true;
}

static bool check_space(struct vhd *v, struct exh_inspection *in, struct exh_error *err)
{
    struct exh_file_space *space = exh_file_space_new(v->disk.files.items[0], v->disk.sources[0]->size, 512, err);
    bool ok = space != NULL && exh_file_space_take(space, 0, EXH_VHD_FOOTER_BYTES, in, err, "footer's copy") &&
              exh_file_space_take(space, v->header_at, EXH_VHD_HEADER_BYTES, in, err, "header") &&
              exh_file_space_take(space, v->table_at, (uint64_t)v->blocks * 4, in, err, "table") && check_table(v, space, in, err) &&
              (v->copy_used || exh_file_space_take(space, v->footer_at, v->disk.sources[0]->size - v->footer_at, in, err, "footer")) &&
              exh_file_space_finish(space, in, err);
    exh_file_space_close(space);
    return ok;
}

static bool vhd_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    struct vhd *v = (struct vhd *)disk;
    return tell_facts(v, in, err) && tell_checksums(v, in, err) && judge_footer(v, in, err) &&
           (v->type == VHD_FIXED || (judge_dynamic(v, in, err) && check_space(v, in, err)));
}

static void vhd_close(struct exh_mapped_disk *disk) { free(((struct vhd *)disk)->parent_name); }

static const struct exh_mapped_ops vhd_ops = {.find = vhd_find, .inspect = vhd_inspect, .close = vhd_close};

/* ---- opening ---- */

static bool is_footer(const uint8_t *f) { return memcmp(f, "conectix", 8) == 0; }

static void keep_word(char out[5], const uint8_t *from)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (char)(from[i] >= 0x20 && from[i] < 0x7F ? from[i] : '?');
    out[4] = '\0';
}

/* The footer at the end (511 bytes in old Virtual PC files), else its copy at the beginning. */
static bool find_footer(struct vhd *v, struct exh_source *source, uint8_t f[EXH_VHD_FOOTER_BYTES], struct exh_error *err)
{
    uint8_t copy[EXH_VHD_FOOTER_BYTES] = {0};
    memset(f, 0, EXH_VHD_FOOTER_BYTES);
    if (source->size < EXH_VHD_FOOTER_BYTES)
        return exh_fail(err, EXH_CORRUPT, source->size, "too short for a VHD footer");
    if (!exh_source_read(source, 0, copy, sizeof copy, err))
        return false;
    for (unsigned length = EXH_VHD_FOOTER_BYTES; length >= EXH_VHD_FOOTER_BYTES - 1; length--) {
        v->footer_at = source->size - length;
        if (!exh_source_read(source, v->footer_at, f, length, err))
            return false;
        if (is_footer(f)) {
            v->copy_holds = memcmp(f, copy, length) == 0;
            return true;
        }
    }
    if (!is_footer(copy))
        return exh_fail(err, EXH_CORRUPT, source->size - EXH_VHD_FOOTER_BYTES, "no VHD footer at the end, and no copy at the beginning");
    memcpy(f, copy, EXH_VHD_FOOTER_BYTES);
    v->footer_at = 0;
    v->copy_used = true;
    return true;
}

static bool parse_footer(struct vhd *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t f[EXH_VHD_FOOTER_BYTES];
    if (!find_footer(v, source, f, err))
        return false;
    uint32_t type = exh_be32(f + 60);
    v->footer_holds = exh_be32(f + 64) == exh_vhd_checksum(f, sizeof f, 64);
    v->header_at = exh_be64(f + 16);
    v->created = exh_be32(f + 24);
    keep_word(v->application, f + 28);
    keep_word(v->os, f + 36);
    v->disk_bytes = exh_be64(f + 48);
    v->geometry_bytes = (uint64_t)exh_be16(f + 56) * f[58] * f[59] * 512;
    memcpy(v->uuid, f + 68, 16);
    if (type < VHD_FIXED || type > VHD_DIFFERENCING)
        return exh_fail(err, EXH_UNSUPPORTED, v->footer_at + 60, "VHD type %u is not known", type);
    v->type = (enum vhd_type)type;
    if (v->disk_bytes == 0 || v->disk_bytes % 512 != 0 || v->disk_bytes > EXH_MEDIA_BYTES_MAX)
        return exh_fail(err, EXH_CORRUPT, v->footer_at + 48, "a disk of %llu bytes", (unsigned long long)v->disk_bytes);
    return v->type != VHD_FIXED || v->disk_bytes <= v->footer_at ||
           exh_fail(err, EXH_CORRUPT, v->footer_at + 48, "a fixed disk of %llu bytes in a file whose footer is at %llu",
                    (unsigned long long)v->disk_bytes, (unsigned long long)v->footer_at);
}

static char *utf16be_name(const uint8_t *from, size_t units)
{
    uint8_t le[512];
    size_t n = 0;
    for (; n < units && (from[2 * n] | from[2 * n + 1]) != 0; n++) {
        le[2 * n] = from[2 * n + 1];
        le[2 * n + 1] = from[2 * n];
    }
    return exh_text_from_utf16le(le, 2 * n);
}

static bool parse_header(struct vhd *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t h[EXH_VHD_HEADER_BYTES];
    if (v->type == VHD_FIXED)
        return true;
    if (!exh_source_read(source, v->header_at, h, sizeof h, err))
        return exh_context(err, "the dynamic header");
    if (memcmp(h, "cxsparse", 8) != 0)
        return exh_fail(err, EXH_CORRUPT, v->header_at, "no dynamic header");
    v->header_holds = exh_be32(h + 36) == exh_vhd_checksum(h, sizeof h, 36);
    v->table_at = exh_be64(h + 16);
    v->blocks = exh_be32(h + 28);
    v->block_bytes = exh_be32(h + 32);
    memcpy(v->parent_uuid, h + 40, 16);
    if (v->block_bytes < 512 || v->block_bytes > BLOCK_BYTES_MAX || (v->block_bytes & (v->block_bytes - 1)) != 0)
        return exh_fail(err, EXH_CORRUPT, v->header_at + 32, "blocks of %u bytes", v->block_bytes);
    v->bitmap_bytes = (v->block_bytes / 512 / 8 + 511) / 512 * 512;
    if ((uint64_t)v->blocks * v->block_bytes < v->disk_bytes)
        return exh_fail(err, EXH_CORRUPT, v->header_at + 28, "%u blocks of %u bytes are less than the disk's %llu", v->blocks, v->block_bytes,
                        (unsigned long long)v->disk_bytes);
    if (!exh_inside(v->table_at, (uint64_t)v->blocks * 4, source->size))
        return exh_fail(err, EXH_CORRUPT, v->header_at + 16, "a table of %u blocks at %llu passes the end of the file at %llu", v->blocks,
                        (unsigned long long)v->table_at, (unsigned long long)source->size);
    if (v->type == VHD_DIFFERENCING && (v->parent_name = utf16be_name(h + 64, 256)) == NULL)
        return exh_nomem(err, "a name");
    return true;
}

/* It must be the one whose identifier this image carries. */
static bool open_parent(struct vhd *v, const struct exh_open *options, struct exh_error *err)
{
    char wanted[33], found[33];
    if (v->type != VHD_DIFFERENCING)
        return true;
    exh_text_hex(v->parent_uuid, 16, wanted);
    if (!exh_parent_open(options, v->parent_name[0] != '\0' ? v->parent_name : NULL, NULL, &v->disk.parent, err))
        return exh_context(err, "a differencing VHD whose parent has UUID %s", wanted);
    if (strcmp(v->disk.parent->format, "vhd") != 0)
        return exh_fail(err, EXH_REFUSED, v->header_at + 40, "the parent is no VHD; it must have UUID %s", wanted);
    const struct vhd *p = (const struct vhd *)v->disk.parent;
    exh_text_hex(p->uuid, 16, found);
    exh_lineage_identified(options->lineage, options->depth, "UUID", found);
    return memcmp(p->uuid, v->parent_uuid, 16) == 0 || exh_fail(err, EXH_REFUSED, v->header_at + 40, "the parent has UUID %s, not %s", found, wanted);
}

static struct exh_medium *vhd_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct vhd *v = calloc(1, sizeof *v);
    uint32_t file;
    if (v == NULL) {
        (void)exh_nomem(err, "a VHD image");
        return NULL;
    }
    v->disk.ops = &vhd_ops;
    bool ok = parse_footer(v, source, err) && parse_header(v, source, err) && open_parent(v, options, err);
    if (ok) {
        exh_layout_disk(&v->disk.layout, v->disk_bytes, options->sector_bytes != 0 ? options->sector_bytes : 512);
        ok = exh_mapped_disk_ready(&v->disk, "vhd", 1, err) &&
             exh_mapped_disk_file(&v->disk, source, options->path != NULL ? options->path : source->name, &file, err);
    }
    if (ok)
        return &v->disk.medium;
    exh_mapped_disk_abandon(&v->disk, source);
    return NULL;
}

static int vhd_probe(const struct exh_peek *peek)
{
    for (unsigned length = EXH_VHD_FOOTER_BYTES; length >= EXH_VHD_FOOTER_BYTES - 1 && peek->tail_length >= length; length--)
        if (is_footer(peek->tail + peek->tail_length - length))
            return 95;
    return peek->head_length >= EXH_VHD_FOOTER_BYTES && is_footer(peek->head) ? 90 : 0;
}

static const char *const vhd_extensions[] = {".vhd", ".vpc", NULL};

const struct exh_format exh_format_vhd = {.name = "vhd",
                                          .title = "Virtual Hard Disk (VHD)",
                                          .extensions = vhd_extensions,
                                          .probe = vhd_probe,
                                          .open = vhd_open,
                                          .create = exh_vhd_create,
                                          .can = EXH_SINK_NEEDS_SIZE,
                                          .fits = exh_vhd_fits};
