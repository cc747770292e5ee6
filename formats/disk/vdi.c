/* vdi.c - reads VDI: versions 0.x and 1.x, dynamic, fixed, undo and differencing. See vdi.h.
 *
 * A header, a map with one entry for each block of the disk, and the blocks, each with some extra bytes in front. Nothing is checksummed. A
 * differencing image knows its parent only by UUID, so a parent is looked for under the name the user gives. */
#include "formats/disk/vdi.h"

#include "formats/disk/file_space.h"
#include "formats/disk/mapped_disk.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define MARK 0xBEDA107Fu
#define HEADER_BYTES 0x1D8u /* all that any version tells */
#define BLOCK_FREE 0xFFFFFFFFu
#define BLOCK_ZERO 0xFFFFFFFEu
#define BLOCK_BYTES_MAX (256u << 20) /* VirtualBox makes 1 MiB */
#define HEADER_BYTES_MIN 0x180u      /* of version 1, from its own size field on */
#define KNOWN_FLAGS 0x100u           /* "zero expand" */

enum vdi_type { VDI_DYNAMIC = 1, VDI_FIXED, VDI_UNDO, VDI_DIFFERENCING };

struct vdi {
    struct exh_mapped_disk disk;
    uint16_t major, minor;
    uint32_t header_bytes, type, flags, sector_bytes, block_bytes, extra_bytes, blocks, allocated; /* header_bytes: 0 before version 1 */
    uint64_t map_offset, data_offset, disk_bytes;
    uint8_t uuid[4][16]; /* image, modification, parent image, parent modification */
    char made_by[65], comment[257];
};

static uint64_t block_stride(const struct vdi *v) { return (uint64_t)v->extra_bytes + v->block_bytes; }

static bool vdi_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    const struct vdi *v = (const struct vdi *)disk;
    uint64_t block = at / v->block_bytes, inside = at % v->block_bytes, entry_at = v->map_offset + block * 4;
    uint8_t entry[4];
    if (!exh_table_get(pages, disk, 0, entry_at, entry, sizeof entry, err))
        return false;
    uint32_t n = exh_le32(entry);
    *out = (struct exh_place){.bytes = v->block_bytes - inside, .offset = entry_at};
    if (n == BLOCK_FREE)
        out->kind = v->type == VDI_DIFFERENCING || v->type == VDI_UNDO ? EXH_PLACE_PARENT : EXH_PLACE_HOLE;
    else if (n == BLOCK_ZERO)
        out->kind = EXH_PLACE_ZERO;
    else if (n >= v->blocks)
        out->kind = EXH_PLACE_LOST;
    else {
        out->kind = EXH_PLACE_DATA;
        out->offset = v->data_offset + n * block_stride(v) + v->extra_bytes + inside;
    }
    return true;
}

/* ---- what it says of itself ---- */

static void uuid_text(const uint8_t u[16], char out[37])
{
    (void)snprintf(out, 37, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", exh_le32(u), exh_le16(u + 4), exh_le16(u + 6), u[8], u[9], u[10],
                   u[11], u[12], u[13], u[14], u[15]);
}

static const char *type_name(uint32_t type)
{
    static const char *const names[] = {"dynamic", "fixed", "undo", "differencing"};
    return names[type - 1];
}

static bool tell_facts(const struct vdi *v, struct exh_inspection *in, struct exh_error *err)
{
    static const char *const keys[] = {"uuid", "modification", "parent", "parent modification"};
    const char *file = v->disk.files.items[0];
    bool ok = (v->made_by[0] == '\0' || exh_inspection_fact(in, file, 0, "text", err, "%s", v->made_by)) &&
              exh_inspection_fact(in, file, 0x44, "version", err, "%u.%u", v->major, v->minor) &&
              exh_inspection_fact(in, file, 0x4C, "type", err, "%s", type_name(v->type)) &&
              exh_inspection_fact(in, file, EXH_NO_OFFSET, "blocks", err, "%u of %u bytes, %u stored", v->blocks, v->block_bytes, v->allocated);
    for (unsigned i = 0; ok && i < 4; i++) {
        char text[37];
        uuid_text(v->uuid[i], text);
        ok = exh_all_zero(v->uuid[i], 16) || exh_inspection_fact(in, file, EXH_NO_OFFSET, keys[i], err, "%s", text);
    }
    return ok && (v->comment[0] == '\0' || exh_inspection_fact(in, file, EXH_NO_OFFSET, "comment", err, "%s", v->comment));
}

/* ---- what is odd about it ---- */

/* Of version 1. What VirtualBox or qemu demand of a header before they open it; the blocks do not depend on it. */
static bool judge_new(const struct vdi *v, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = v->disk.files.items[0];
    return (v->minor == 1 ||
            exh_inspection_remark(in, "header", EXH_WARNS, file, 0x44, err, "version 1.%u is not known, and read as 1.1", v->minor)) &&
           ((v->header_bytes >= HEADER_BYTES_MIN && v->header_bytes + 0x48ull <= v->map_offset) ||
            exh_inspection_remark(in, "header", EXH_WARNS, file, 0x48, err,
                                  "a header of %u bytes: it has at least 384, and ends before the map at %llu", v->header_bytes,
                                  (unsigned long long)v->map_offset)) &&
           ((v->flags & ~KNOWN_FLAGS) == 0 ||
            exh_inspection_remark(in, "header", EXH_WARNS, file, 0x50, err, "flags 0x%x, not all of which are known", v->flags)) &&
           ((v->map_offset % 512 == 0 && v->data_offset % 512 == 0) ||
            exh_inspection_remark(in, "alignment", EXH_WARNS, file, 0x154, err, "the map at %llu or the data at %llu begin within a sector",
                                  (unsigned long long)v->map_offset, (unsigned long long)v->data_offset)) &&
           (v->sector_bytes == 512 ||
            exh_inspection_remark(in, "header", EXH_WARNS, file, 0x168, err, "the geometry has sectors of %u bytes, not of 512", v->sector_bytes));
}

static bool judge_header(const struct vdi *v, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = v->disk.files.items[0];
    bool own = exh_all_zero(v->uuid[2], 16) && exh_all_zero(v->uuid[3], 16), child = v->type == VDI_DIFFERENCING || v->type == VDI_UNDO;
    uint64_t needed = (v->disk_bytes + v->block_bytes - 1) / v->block_bytes;
    if (v->major == 1 && !judge_new(v, in, err))
        return false;
    return (v->disk_bytes % 512 == 0 ||
            exh_inspection_remark(in, "header", EXH_WARNS, file, v->major == 1 ? 0x170 : 0x160, err,
                                  "a disk of %llu bytes, which is no number of sectors", (unsigned long long)v->disk_bytes)) &&
           (v->blocks == needed ||
            exh_inspection_remark(in, "behind-disk", EXH_WARNS, file, v->major == 1 ? 0x180 : 0x16C, err,
                                  "a map of %u blocks, of which the disk has %llu: nobody reads the rest", v->blocks, (unsigned long long)needed)) &&
           ((!exh_all_zero(v->uuid[0], 16) && !exh_all_zero(v->uuid[1], 16)) ||
            exh_inspection_remark(in, "uuid", EXH_WARNS, file, v->major == 1 ? 0x188 : 0x174, err,
                                  "the image or its last modification has no UUID")) &&
           (own || child ||
            exh_inspection_remark(in, "uuid", EXH_WARNS, file, v->major == 1 ? 0x1A8 : 0x194, err,
                                  "the image has a parent's UUID, and is not of a type that has a parent"));
}

/* Walks the map: every stored block is in the file, and in it once. */
static bool check_map(struct vdi *v, struct exh_file_space *space, uint64_t *stored, struct exh_inspection *in, struct exh_error *err)
{
    uint8_t entries[4096];
    struct exh_source *source = v->disk.sources[0];
    for (uint64_t i = 0; i < v->blocks; i += sizeof entries / 4) {
        uint64_t n = v->blocks - i < sizeof entries / 4 ? v->blocks - i : sizeof entries / 4;
        if (!exh_source_read(source, v->map_offset + i * 4, entries, (size_t)n * 4, err))
            return false;
        for (uint64_t k = 0; k < n; k++) {
            uint32_t entry = exh_le32(entries + k * 4);
            if (entry >= BLOCK_ZERO)
                continue;
            ++*stored;
            if (!exh_file_space_take(space, v->data_offset + entry * block_stride(v), block_stride(v), in, err, "block %llu",
                                     (unsigned long long)(i + k)))
                return false;
        }
    }
    return true;
}

static bool vdi_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    struct vdi *v = (struct vdi *)disk;
    const char *file = disk->files.items[0];
    uint64_t stored = 0;
    struct exh_file_space *space = exh_file_space_new(file, disk->sources[0]->size, 512, err);
    bool ok = space != NULL && tell_facts(v, in, err) && judge_header(v, in, err) &&
              exh_file_space_take(space, 0, v->data_offset, in, err, "header and map") && check_map(v, space, &stored, in, err) &&
              exh_file_space_finish(space, in, err);
    exh_file_space_close(space);
    if (ok && v->type == VDI_FIXED && stored < v->blocks)
        ok = exh_inspection_remark(in, "allocated", EXH_WARNS, file, v->major == 1 ? 0x4C : 0x48, err,
                                   "a fixed image stores all of its %u blocks, and this one %llu", v->blocks, (unsigned long long)stored);
    return ok && (stored == v->allocated ||
                  exh_inspection_remark(in, "allocated", EXH_WARNS, file, EXH_NO_OFFSET, err, "the header counts %u stored blocks, the map %llu",
                                        v->allocated, (unsigned long long)stored));
}

static const struct exh_mapped_ops vdi_ops = {.find = vdi_find, .inspect = vdi_inspect};

/* ---- opening ---- */

static void parse_new(struct vdi *v, const uint8_t *h)
{
    v->header_bytes = exh_le32(h + 0x48);
    v->type = exh_le32(h + 0x4C);
    v->flags = exh_le32(h + 0x50);
    memcpy(v->comment, h + 0x54, 256);
    v->map_offset = exh_le32(h + 0x154);
    v->data_offset = exh_le32(h + 0x158);
    v->sector_bytes = exh_le32(h + 0x168);
    v->disk_bytes = exh_le64(h + 0x170);
    v->block_bytes = exh_le32(h + 0x178);
    v->extra_bytes = exh_le32(h + 0x17C);
    v->blocks = exh_le32(h + 0x180);
    v->allocated = exh_le32(h + 0x184);
    for (unsigned i = 0; i < 4; i++)
        memcpy(v->uuid[i], h + 0x188 + i * 16, 16);
}

static void parse_old(struct vdi *v, const uint8_t *h)
{
    v->type = exh_le32(h + 0x48);
    memcpy(v->comment, h + 0x50, 256);
    v->disk_bytes = exh_le64(h + 0x160);
    v->block_bytes = exh_le32(h + 0x168);
    v->blocks = exh_le32(h + 0x16C);
    v->allocated = exh_le32(h + 0x170);
    for (unsigned i = 0; i < 3; i++)
        memcpy(v->uuid[i], h + 0x174 + i * 16, 16);
    v->map_offset = 0x1A4;
    v->data_offset = 0x1A4 + (uint64_t)v->blocks * 4;
}

static bool parse(struct vdi *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t h[HEADER_BYTES] = {0};
    size_t there = source->size < sizeof h ? (size_t)source->size : sizeof h;
    if (!exh_source_read(source, 0, h, there, err))
        return false;
    if (there < 0x1A4 || exh_le32(h + 0x40) != MARK)
        return exh_fail(err, EXH_CORRUPT, 0x40, "no VDI header");
    for (unsigned i = 0; i < 64 && h[i] >= 0x20 && h[i] < 0x7F; i++)
        v->made_by[i] = (char)h[i];
    v->minor = exh_le16(h + 0x44);
    v->major = exh_le16(h + 0x46);
    if (v->major > 1)
        return exh_fail(err, EXH_UNSUPPORTED, 0x44, "VDI version %u.%u is not known", v->major, v->minor);
    if (v->major == 1)
        parse_new(v, h);
    else
        parse_old(v, h);
    return true;
}

static bool check_header(const struct vdi *v, uint64_t file_bytes, struct exh_error *err)
{
    uint64_t map_bytes = (uint64_t)v->blocks * 4;
    if (v->type < VDI_DYNAMIC || v->type > VDI_DIFFERENCING)
        return exh_fail(err, EXH_UNSUPPORTED, v->major == 1 ? 0x4C : 0x48, "VDI type %u is not known", v->type);
    if (v->block_bytes < 512 || v->block_bytes > BLOCK_BYTES_MAX || (v->block_bytes & (v->block_bytes - 1)) != 0)
        return exh_fail(err, EXH_CORRUPT, v->major == 1 ? 0x178 : 0x168, "blocks of %u bytes", v->block_bytes);
    if (v->extra_bytes > v->block_bytes)
        return exh_fail(err, EXH_CORRUPT, 0x17C, "%u extra bytes before each block of %u", v->extra_bytes, v->block_bytes);
    if (v->disk_bytes == 0 || v->disk_bytes > (uint64_t)v->blocks * v->block_bytes)
        return exh_fail(err, EXH_CORRUPT, v->major == 1 ? 0x170 : 0x160, "a disk of %llu bytes does not fit its %u blocks of %u",
                        (unsigned long long)v->disk_bytes, v->blocks, v->block_bytes);
    if (!exh_inside(v->map_offset, map_bytes, file_bytes))
        return exh_fail(err, EXH_CORRUPT, v->major == 1 ? 0x154 : 0x1A4, "the map of %u blocks at %llu passes the end of the file at %llu", v->blocks,
                        (unsigned long long)v->map_offset, (unsigned long long)file_bytes);
    if (v->map_offset + map_bytes > v->data_offset)
        return exh_fail(err, EXH_CORRUPT, 0x158, "the data at %llu begin within the map, which ends at %llu", (unsigned long long)v->data_offset,
                        (unsigned long long)(v->map_offset + map_bytes));
    return true;
}

/* The parent that the user names must be the one whose UUIDs this image carries. */
static bool open_parent(struct vdi *v, const struct exh_open *options, struct exh_error *err)
{
    if (v->type != VDI_DIFFERENCING && v->type != VDI_UNDO)
        return true;
    char wanted[37], found[37];
    uuid_text(v->uuid[2], wanted);
    if (!exh_parent_open(options, NULL, NULL, &v->disk.parent, err))
        return exh_context(err, "a differencing VDI whose parent has UUID %s", wanted);
    const struct exh_mapped_disk *parent = (const struct exh_mapped_disk *)v->disk.parent;
    if (strcmp(v->disk.parent->format, "vdi") != 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the parent named is no VDI; it must have UUID %s", wanted);
    const struct vdi *p = (const struct vdi *)parent;
    uuid_text(p->uuid[0], found);
    exh_lineage_identified(options->lineage, options->depth, "UUID", found);
    if (memcmp(p->uuid[0], v->uuid[2], 16) != 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the parent named has UUID %s, not %s", found, wanted);
    return exh_all_zero(v->uuid[3], 16) || memcmp(p->uuid[1], v->uuid[3], 16) == 0 ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the parent %s was changed after this image was made", found);
}

static struct exh_medium *vdi_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct vdi *v = calloc(1, sizeof *v);
    uint32_t file;
    if (v == NULL) {
        (void)exh_nomem(err, "a VDI image");
        return NULL;
    }
    v->disk.ops = &vdi_ops;
    bool ok = parse(v, source, err) && check_header(v, source->size, err) && open_parent(v, options, err);
    if (ok) {
        exh_layout_disk(&v->disk.layout, v->disk_bytes, options->sector_bytes != 0 ? options->sector_bytes : 512);
        ok = exh_mapped_disk_ready(&v->disk, "vdi", 1, err) &&
             exh_mapped_disk_file(&v->disk, source, options->path != NULL ? options->path : source->name, &file, err);
    }
    if (ok)
        return &v->disk.medium;
    exh_mapped_disk_abandon(&v->disk, source);
    return NULL;
}

static int vdi_probe(const struct exh_peek *peek) { return peek->head_length >= 0x48 && exh_le32(peek->head + 0x40) == MARK ? 100 : 0; }

static const char *const vdi_extensions[] = {".vdi", NULL};

const struct exh_format exh_format_vdi = {.name = "vdi",
                                          .title = "VirtualBox disk image",
                                          .extensions = vdi_extensions,
                                          .probe = vdi_probe,
                                          .open = vdi_open,
                                          .create = exh_vdi_create,
                                          .can = EXH_SINK_NEEDS_SIZE,
                                          .fits = exh_vdi_fits};
