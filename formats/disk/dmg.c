/* dmg.c - reads UDIF: raw, zero, ADC, zlib, bzip2, LZFSE and xz chunks, by property list or resource fork. See dmg.h.
 *
 * Three kinds of checksum, each told by itself: a CRC-32 of each table over what its chunks hold (chunks that are "ignored" left out), a master over
 * the tables' values, and one of the stored data fork. The first is computed by verify while it reads; the others by inspect. */
#include "formats/disk/dmg.h"

#include <strings.h>

#include "formats/container/codec.h"
#include "formats/container/plist.h"
#include "formats/disk/dmg_blocks.h"
#include "formats/disk/dmg_segments.h"
#include "formats/disk/mapped_disk.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define FORK_BYTES_MAX (16u << 20) /* 24-bit offsets */

struct dmg {
    struct exh_mapped_disk disk;
    struct exh_dmg_blocks blocks;
    struct exh_dmg_segments segments;
    bool plain; /* the disk as it is, without any container */
};

/* Of the segment whose tables count. */
static const struct exh_dmg_trailer *trailer_of(const struct dmg *d) { return &d->segments.trailers[d->segments.tables_in]; }
static const char *file_of(const struct dmg *d) { return d->disk.files.items[d->segments.tables_in]; }

static enum exh_codec codec_of(uint32_t type)
{
    switch (type) {
    case (uint32_t)EXH_DMG_ADC: return EXH_CODEC_ADC;
    case (uint32_t)EXH_DMG_BZIP2: return EXH_CODEC_BZIP2;
    case (uint32_t)EXH_DMG_LZFSE: return EXH_CODEC_LZFSE;
    case (uint32_t)EXH_DMG_XZ: return EXH_CODEC_XZ;
    default: return EXH_CODEC_ZLIB;
    }
}

static bool dmg_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    (void)pages, (void)err;
    const struct dmg *d = (const struct dmg *)disk;
    if (d->plain) {
        *out = (struct exh_place){.kind = EXH_PLACE_DATA, .bytes = exh_layout_bytes(&disk->layout) - at, .offset = at};
        return true;
    }
    const struct exh_dmg_chunk *c = exh_dmg_blocks_at(&d->blocks, at / 512);
    uint64_t begin = c->sector * 512, inside = at - begin;
    *out = (struct exh_place){.bytes = c->sectors * 512 - inside};
    if (c->type == EXH_DMG_ZERO || c->type == EXH_DMG_IGNORE) {
        out->kind = c->type == EXH_DMG_ZERO ? EXH_PLACE_ZERO : EXH_PLACE_HOLE;
    } else if (c->type == EXH_DMG_RAW) {
        out->kind = EXH_PLACE_DATA;
        out->offset = c->offset + inside;
    } else {
        out->kind = EXH_PLACE_PACKED;
        out->offset = c->offset;
        out->unit_at = begin;
        out->unit_bytes = (uint32_t)(c->sectors * 512);
        out->packed_bytes = (uint32_t)c->bytes;
        out->codec = codec_of(c->type);
    }
    return true;
}

/* ---- checksums ---- */

/* Over the values of all tables, in the order of the list. */
static bool check_master(const struct dmg *d, struct exh_inspection *in, struct exh_error *err)
{
    const struct exh_dmg_trailer *t = trailer_of(d);
    uint32_t crc = 0;
    if (!exh_dmg_sum_is_crc32(&t->master))
        return exh_inspection_remark(in, "master-checksum", EXH_WARNS, file_of(d), t->at + 0x160, err, "no master CRC-32 is stored (type %u)",
                                     t->master.type);
    for (size_t i = 0; i < d->blocks.table_count; i++) {
        uint32_t bytes = d->blocks.tables[i].sum_bits / 8;
        crc = exh_crc32(crc, d->blocks.tables[i].sum, bytes < sizeof d->blocks.tables[i].sum ? bytes : sizeof d->blocks.tables[i].sum);
    }
    uint32_t said = exh_be32(t->master.value);
    return exh_inspection_remark(in, "master-checksum", crc == said ? EXH_HOLDS : EXH_FAILS, file_of(d), t->at + 0x160, err,
                                 "the master CRC-32 over %zu tables is %08x, stored is %08x", d->blocks.table_count, crc, said);
}

/* That of one segment; where there are several it is not known for certain what it covers, and so a difference only warns. */
static bool check_data_fork(const struct dmg *d, uint32_t segment, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = d->disk.files.items[segment];
    const struct exh_dmg_trailer *t = &d->segments.trailers[segment];
    static const size_t piece = 1u << 20;
    if (!exh_dmg_sum_is_crc32(&t->data_sum))
        return t->data_sum.type == 0 || exh_inspection_remark(in, "data-fork-checksum", EXH_WARNS, file, t->at + 0x50, err,
                                                              "a checksum of type %u over the data fork is not checked", t->data_sum.type);
    uint8_t *buffer = malloc(piece);
    if (buffer == NULL)
        return exh_nomem(err, "a buffer");
    uint32_t crc = 0, said = exh_be32(t->data_sum.value);
    bool ok = true;
    for (uint64_t done = 0, n; ok && done < t->data_bytes; done += n) {
        n = t->data_bytes - done < piece ? t->data_bytes - done : piece;
        ok = exh_source_read(d->segments.sources[segment], t->data_offset + done, buffer, (size_t)n, err);
        crc = ok ? exh_crc32(crc, buffer, (size_t)n) : crc;
    }
    free(buffer);
    enum exh_outcome differs = d->segments.count > 1 ? EXH_WARNS : EXH_FAILS;
    return ok && exh_inspection_remark(in, "data-fork-checksum", crc == said ? EXH_HOLDS : differs, file, t->at + 0x50, err,
                                       "the CRC-32 of the stored data fork is %08x, stored is %08x", crc, said);
}

/* The sectors that each table's checksum covers go to verify. */
static bool tell_sums(const struct dmg *d, struct exh_inspection *in, struct exh_error *err)
{
    in->sums_cover = true;
    struct exh_sectors *ranges = calloc(d->blocks.table_count + 1, sizeof *ranges);
    bool ok = ranges != NULL || exh_nomem(err, "checksums");
    for (size_t i = 0; ok && i < d->blocks.chunk_count; i++) {
        const struct exh_dmg_chunk *c = &d->blocks.chunks[i];
        if (c->type != EXH_DMG_IGNORE)
            ok = exh_sectors_mark(&ranges[c->table], (int64_t)c->sector, c->sectors, EXH_GOOD, err);
    }
    for (size_t i = 0; ranges != NULL && i < d->blocks.table_count; i++) {
        const struct exh_dmg_table *t = &d->blocks.tables[i];
        if (ok && t->sum_type == EXH_DMG_SUM_CRC32 && t->sum_bits == 32) {
            ok = exh_inspection_sum(in, file_of(d), EXH_NO_OFFSET, exh_be32(t->sum), &ranges[i], err, "table '%.100s'", t->name);
        } else {
            in->sums_cover = in->sums_cover && ranges[i].count == 0;
            exh_sectors_close(&ranges[i]);
        }
    }
    free(ranges);
    return ok;
}

static const char *packing(const struct dmg *d)
{
    const char *name = "raw";
    for (size_t i = 0; i < d->blocks.chunk_count; i++)
        if (d->blocks.chunks[i].type > EXH_DMG_IGNORE)
            name = exh_codec_name(codec_of(d->blocks.chunks[i].type));
    return name;
}

static bool tell_segments(const struct dmg *d, struct exh_inspection *in, struct exh_error *err)
{
    bool ok = true;
    if (d->segments.count > 1)
        ok = exh_inspection_remark(in, "segment-set", EXH_WARNS, file_of(d), trailer_of(d)->at + 0x38, err,
                                   "%u segments, joined by their running offsets: no image of others was there to try this on", d->segments.count);
    for (uint32_t i = 0; ok && i < d->segments.count; i++)
        ok = check_data_fork(d, i, in, err);
    return ok;
}

static bool tell_places(const struct dmg *d, struct exh_inspection *in, struct exh_error *err)
{
    const struct exh_dmg_trailer *t = trailer_of(d);
    uint64_t size = d->segments.sources[d->segments.tables_in]->size;
    bool ok = true;
    if (t->sign_bytes > 0 && exh_inside(t->sign_offset, t->sign_bytes, size))
        ok = exh_inspection_fact(in, file_of(d), t->sign_offset, "code signature", err, "%llu bytes, not checked", (unsigned long long)t->sign_bytes);
    if (ok && t->at == 0)
        return exh_inspection_fact(in, file_of(d), 0, "trailer", err, "at the beginning of the file, as old images have it");
    if (ok && t->at + EXH_KOLY_BYTES != size)
        ok = exh_inspection_remark(in, "trailer", EXH_WARNS, file_of(d), t->at, err, "%llu bytes follow the trailer",
                                   (unsigned long long)(size - t->at - EXH_KOLY_BYTES));
    return ok;
}

static bool dmg_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    const struct dmg *d = (const struct dmg *)disk;
    if (d->plain)
        return exh_inspection_fact(in, disk->files.items[0], EXH_NO_OFFSET, "packing", err,
                                   "none: the disk as it is, without a container or any checksum");
    const struct exh_dmg_trailer *t = trailer_of(d);
    const char *file = file_of(d);
    bool ok = exh_inspection_fact(in, file, EXH_NO_OFFSET, "packing", err, "%s", packing(d)) &&
              exh_inspection_fact(in, file, EXH_NO_OFFSET, "chunks", err, "%zu in %zu tables", d->blocks.chunk_count, d->blocks.table_count) &&
              exh_inspection_fact(in, file, t->at + 0x1E8, "variant", err, "%u (%s)", t->variant,
                                  t->variant == 1   ? "device"
                                  : t->variant == 2 ? "partition"
                                                    : "not known");
    for (size_t i = 0; ok && i < d->blocks.table_count; i++)
        ok = exh_inspection_fact(in, file, EXH_NO_OFFSET, "table", err, "'%.100s': %llu sectors from %llu", d->blocks.tables[i].name,
                                 (unsigned long long)d->blocks.tables[i].sectors, (unsigned long long)d->blocks.tables[i].sector);
    return ok && tell_places(d, in, err) && check_master(d, in, err) && tell_segments(d, in, err) && tell_sums(d, in, err);
}

static void dmg_close(struct exh_mapped_disk *disk)
{
    struct dmg *d = (struct dmg *)disk;
    exh_dmg_blocks_close(&d->blocks);
    exh_dmg_segments_close(&d->segments);
}

static const struct exh_mapped_ops dmg_ops = {.find = dmg_find, .inspect = dmg_inspect, .close = dmg_close};

/* ---- opening ---- */

/* A part of the file on the heap. */
static uint8_t *read_part(struct exh_source *source, uint64_t offset, uint64_t bytes, uint64_t most, const char *what, struct exh_error *err)
{
    if (bytes > most || !exh_inside(offset, bytes, source->size)) {
        (void)exh_fail(err, bytes > most ? EXH_LIMIT : EXH_CORRUPT, offset, "%s of %llu bytes at %llu: the file has %llu", what,
                       (unsigned long long)bytes, (unsigned long long)offset, (unsigned long long)source->size);
        return NULL;
    }
    uint8_t *out = malloc((size_t)bytes + 1);
    if (out == NULL)
        (void)exh_nomem(err, what);
    else if (!exh_source_read(source, offset, out, (size_t)bytes, err)) {
        free(out);
        out = NULL;
    }
    return out;
}

static bool tables_of_plist(struct dmg *d, const struct exh_plist *root, uint64_t base, struct exh_error *err)
{
    const struct exh_dmg_trailer *t = trailer_of(d);
    const struct exh_plist *list = exh_plist_get(exh_plist_get(root, "resource-fork"), "blkx");
    if (list == NULL || list->kind != EXH_PLIST_ARRAY)
        return exh_fail(err, EXH_CORRUPT, t->xml_offset, "the property list has no resource-fork/blkx");
    for (const struct exh_plist *item = list->first; item != NULL; item = item->next) {
        const struct exh_plist *data = exh_plist_get(item, "Data");
        const char *name = exh_plist_text(item, "CFName");
        name = name != NULL ? name : exh_plist_text(item, "Name");
        if (data == NULL || data->kind != EXH_PLIST_DATA)
            return exh_fail(err, EXH_CORRUPT, t->xml_offset, "a blkx entry has no data");
        if (!exh_dmg_blocks_add(&d->blocks, name != NULL ? name : "", data->data, data->length, base, err))
            return false;
    }
    return true;
}

/* The classic resource fork (Inside Macintosh: More Macintosh Toolbox, 1-121): a map lists types, each with its resources. */
static bool tables_of_fork(struct dmg *d, const uint8_t *fork, size_t length, uint64_t base, struct exh_error *err)
{
    const struct exh_dmg_trailer *t = trailer_of(d);
    struct exh_cursor c = exh_cursor_over(fork, length);
    uint32_t data_at = exh_cursor_be32(&c), map_at = exh_cursor_be32(&c);
    if (!exh_cursor_ok(&c) || !exh_inside(map_at, 30, length))
        return exh_fail(err, EXH_CORRUPT, t->fork_offset, "the resource fork has no map");
    size_t types_at = (size_t)map_at + exh_be16(fork + map_at + 24);
    struct exh_cursor types = exh_cursor_over(fork, length);
    exh_cursor_skip(&types, types_at);
    uint32_t count = (uint32_t)exh_cursor_be16(&types) + 1;
    for (uint32_t i = 0; i < count && exh_cursor_ok(&types); i++) {
        uint32_t type = exh_cursor_be32(&types), entries = (uint32_t)exh_cursor_be16(&types) + 1, list = exh_cursor_be16(&types);
        struct exh_cursor items = exh_cursor_over(fork, length);
        exh_cursor_skip(&items, types_at + list);
        for (uint32_t k = 0; type == 0x626c6b78u /* blkx */ && k < entries; k++) {
            exh_cursor_skip(&items, 4);
            uint32_t at = exh_cursor_be32(&items) & 0xFFFFFF;
            exh_cursor_skip(&items, 4);
            uint64_t from = (uint64_t)data_at + at;
            char name[32];
            (void)snprintf(name, sizeof name, "blkx %u", k);
            if (!exh_cursor_ok(&items) || !exh_inside(from, 4, length) || exh_be32(fork + from) > length - from - 4)
                return exh_fail(err, EXH_CORRUPT, t->fork_offset + from, "a resource passes the end of the resource fork");
            if (!exh_dmg_blocks_add(&d->blocks, name, fork + from + 4, exh_be32(fork + from), base, err))
                return false;
        }
    }
    return d->blocks.table_count > 0 || exh_fail(err, EXH_CORRUPT, t->fork_offset, "the resource fork holds no blkx");
}

/* `base`: what the chunks' offsets count from; `end`: no chunk passes it. */
static bool read_tables(struct dmg *d, uint64_t base, uint64_t end, struct exh_error *err)
{
    const struct exh_dmg_trailer *t = trailer_of(d);
    struct exh_source *source = d->segments.sources[d->segments.tables_in];
    bool xml = t->xml_bytes > 0;
    uint8_t *part = xml ? read_part(source, t->xml_offset, t->xml_bytes, EXH_PLIST_BYTES_MAX, "the property list", err)
                        : read_part(source, t->fork_offset, t->fork_bytes, FORK_BYTES_MAX, "the resource fork", err);
    if (part == NULL)
        return false;
    struct exh_plist *root = xml ? exh_plist_parse(part, (size_t)t->xml_bytes, err) : NULL;
    bool ok = xml ? root != NULL && tables_of_plist(d, root, base, err) : tables_of_fork(d, part, (size_t)t->fork_bytes, base, err);
    exh_plist_close(root);
    free(part);
    return ok && exh_dmg_blocks_check(&d->blocks, t->sectors, end, err);
}

/* The longest packed chunk, so that a reader's buffers fit every one. */
static uint32_t size_buffers(struct dmg *d)
{
    uint32_t unit = 1;
    for (size_t i = 0; i < d->blocks.chunk_count; i++) {
        const struct exh_dmg_chunk *c = &d->blocks.chunks[i];
        if (c->type <= EXH_DMG_IGNORE)
            continue;
        if (c->bytes > d->disk.packed_bytes_max)
            d->disk.packed_bytes_max = (uint32_t)c->bytes;
        if (c->sectors * 512 > d->disk.unit_bytes_max)
            d->disk.unit_bytes_max = (uint32_t)(c->sectors * 512);
    }
    if (d->disk.unit_bytes_max > 0 && d->disk.packed_bytes_max == 0)
        d->disk.packed_bytes_max = 1;
    if (d->disk.unit_bytes_max <= 4u << 20 && d->disk.unit_bytes_max > 0)
        unit = d->disk.unit_bytes_max / 512;
    return unit;
}

/* Does it begin like a disk that a Mac would write: MBR, GPT, Apple's partition map, HFS, HFS+ or APFS? */
static bool begins_like_a_disk(const uint8_t *head, size_t length)
{
    if (length < 1536)
        return false;
    const uint8_t *volume = head + 1024;
    return (head[510] == 0x55 && head[511] == 0xAA) || memcmp(head + 512, "EFI PART", 8) == 0 || memcmp(head, "ER", 2) == 0 ||
           memcmp(head + 512, "PM", 2) == 0 || memcmp(head + 32, "NXSB", 4) == 0 || memcmp(volume, "H+", 2) == 0 || memcmp(volume, "HX", 2) == 0 ||
           memcmp(volume, "BD", 2) == 0;
}

/* The trailer of the file that was opened; without one, perhaps a disk as it is. */
static bool read_trailer(struct dmg *d, struct exh_source *source, struct exh_error *err)
{
    uint8_t head[1536];
    d->segments =
        (struct exh_dmg_segments){.trailers = calloc(1, sizeof *d->segments.trailers), .sources = calloc(1, sizeof(struct exh_source *)), .count = 1};
    if (d->segments.trailers == NULL || d->segments.sources == NULL)
        return exh_nomem(err, "a DMG image");
    d->segments.sources[0] = source;
    if (exh_dmg_trailer_read(source, &d->segments.trailers[0], err))
        return true;
    if (err->code != EXH_NOT_THIS_FORMAT)
        return false;
    struct exh_error why = *err;
    exh_error_clear(err);
    d->plain = source->size >= sizeof head && exh_source_read(source, 0, head, sizeof head, err) && begins_like_a_disk(head, sizeof head);
    if (d->plain || err->code != EXH_OK)
        return d->plain;
    *err = why;
    err->code = EXH_CORRUPT;
    return false;
}

static bool open_plain(struct dmg *d, struct exh_source *source, const char *path, uint32_t sector_bytes, struct exh_error *err)
{
    uint32_t file;
    exh_layout_disk(&d->disk.layout, source->size, sector_bytes);
    return exh_mapped_disk_ready(&d->disk, "dmg", 1, err) && exh_mapped_disk_file(&d->disk, source, path, &file, err);
}

static bool open_segments(struct dmg *d, struct exh_source *source, const struct exh_open *options, const char *path, uint32_t sector_bytes,
                          struct exh_error *err)
{
    struct exh_names others = {0};
    uint32_t file;
    bool several = d->segments.trailers[0].segments > 1;
    struct exh_source *stored = several ? exh_dmg_fork_join(source, &d->segments, options, &others, err) : source;
    bool ok = stored != NULL;
    const struct exh_dmg_trailer *t = trailer_of(d);
    if (ok && (t->sectors == 0 || t->sectors > EXH_MEDIA_BYTES_MAX / 512))
        ok = exh_fail(err, EXH_CORRUPT, t->at + 0x1EC, "a disk of %llu sectors", (unsigned long long)t->sectors);
    ok = ok && read_tables(d, several ? 0 : t->data_offset, stored->size, err);
    if (ok)
        exh_layout_disk(&d->disk.layout, t->sectors * 512, sector_bytes);
    ok = ok && exh_mapped_disk_ready(&d->disk, "dmg", size_buffers(d), err) && exh_mapped_disk_file(&d->disk, stored, path, &file, err);
    if (!ok && several)
        exh_source_close(stored);
    for (size_t i = 0; ok && i < others.count; i++)
        ok = exh_names_add(&d->disk.files, others.items[i], err);
    if (ok && several)
        exh_dmg_fork_keep(stored);
    exh_names_close(&others);
    return ok;
}

static struct exh_medium *dmg_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct dmg *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "a DMG image");
        return NULL;
    }
    d->disk.ops = &dmg_ops;
    const char *path = options->path != NULL ? options->path : source->name;
    uint32_t sector_bytes = options->sector_bytes != 0 ? options->sector_bytes : 512;
    if (read_trailer(d, source, err) &&
        (d->plain ? open_plain(d, source, path, sector_bytes, err) : open_segments(d, source, options, path, sector_bytes, err)))
        return &d->disk.medium;
    exh_mapped_disk_abandon(&d->disk, source);
    return NULL;
}

/* A name alone says little, and a disk without a container says nothing of its format: both together are a weak claim. */
static int dmg_probe(const struct exh_peek *peek)
{
    size_t length = strlen(peek->name);
    int claim = exh_dmg_trailer_probe(peek);
    if (claim > 0)
        return claim;
    bool named = length > 4 && strcasecmp(peek->name + length - 4, ".dmg") == 0;
    return named && begins_like_a_disk(peek->head, peek->head_length) ? 20 : 0;
}

static const char *const dmg_extensions[] = {".dmg", NULL};
static const char *const dmg_codecs[] = {"zlib", "bzip2", "xz", NULL};

const struct exh_format exh_format_dmg = {.name = "dmg",
                                          .title = "Apple disk image (UDIF)",
                                          .extensions = dmg_extensions,
                                          .codecs = dmg_codecs,
                                          .probe = dmg_probe,
                                          .open = dmg_open,
                                          .create = exh_dmg_create,
                                          .can = EXH_SINK_NEEDS_SIZE,
                                          .fits = exh_dmg_fits};
