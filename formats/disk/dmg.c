/* dmg.c - reads UDIF: raw, zero, ADC, zlib, bzip2, LZFSE and xz chunks, by property list or resource fork. See dmg.h.
 *
 * Three kinds of checksum, each told by itself: a CRC-32 of each table over what its chunks hold (chunks that are "ignored" left out), a master over
 * the tables' values, and one of the stored data fork. The first is computed by verify while it reads; the others by inspect. */
#include "formats/disk/dmg.h"

#include "formats/container/codec.h"
#include "formats/container/plist.h"
#include "formats/disk/dmg_blocks.h"
#include "formats/disk/mapped_disk.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define KOLY 0x6b6f6c79u
#define KOLY_BYTES 512u
#define SEARCH_BYTES 4096u         /* bytes may follow the trailer; the probe sees as many */
#define FORK_BYTES_MAX (16u << 20) /* 24-bit offsets */
#define SUM_CRC32 2u

struct sum {
    uint32_t type, bits;
    uint8_t value[128];
};

struct dmg {
    struct exh_mapped_disk disk;
    struct exh_dmg_blocks blocks;
    uint64_t koly_at, data_offset, data_bytes, fork_offset, fork_bytes, xml_offset, xml_bytes, sign_offset, sign_bytes, sectors;
    uint32_t flags, segment, segments, variant;
    uint8_t set[16];
    struct sum data_sum, master;
};

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

static bool sum_is_crc32(const struct sum *s) { return s->type == SUM_CRC32 && s->bits == 32; }

/* Over the values of all tables, in the order of the list. */
static bool check_master(const struct dmg *d, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = d->disk.files.items[0];
    uint32_t crc = 0;
    if (!sum_is_crc32(&d->master))
        return exh_inspection_remark(in, "master-checksum", EXH_WARNS, file, d->koly_at + 0x160, err, "no master CRC-32 is stored (type %u)",
                                     d->master.type);
    for (size_t i = 0; i < d->blocks.table_count; i++) {
        uint32_t bytes = d->blocks.tables[i].sum_bits / 8;
        crc = exh_crc32(crc, d->blocks.tables[i].sum, bytes < sizeof d->blocks.tables[i].sum ? bytes : sizeof d->blocks.tables[i].sum);
    }
    uint32_t said = exh_be32(d->master.value);
    return exh_inspection_remark(in, "master-checksum", crc == said ? EXH_HOLDS : EXH_FAILS, file, d->koly_at + 0x160, err,
                                 "the master CRC-32 over %zu tables is %08x, stored is %08x", d->blocks.table_count, crc, said);
}

static bool check_data_fork(const struct dmg *d, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = d->disk.files.items[0];
    static const size_t piece = 1u << 20;
    if (!sum_is_crc32(&d->data_sum))
        return d->data_sum.type == 0 || exh_inspection_remark(in, "data-fork-checksum", EXH_WARNS, file, d->koly_at + 0x50, err,
                                                              "a checksum of type %u over the data fork is not checked", d->data_sum.type);
    uint8_t *buffer = malloc(piece);
    if (buffer == NULL)
        return exh_nomem(err, "a buffer");
    uint32_t crc = 0, said = exh_be32(d->data_sum.value);
    bool ok = true;
    for (uint64_t done = 0, n; ok && done < d->data_bytes; done += n) {
        n = d->data_bytes - done < piece ? d->data_bytes - done : piece;
        ok = exh_source_read(d->disk.sources[0], d->data_offset + done, buffer, (size_t)n, err);
        crc = ok ? exh_crc32(crc, buffer, (size_t)n) : crc;
    }
    free(buffer);
    return ok && exh_inspection_remark(in, "data-fork-checksum", crc == said ? EXH_HOLDS : EXH_FAILS, file, d->koly_at + 0x50, err,
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
        if (ok && t->sum_type == SUM_CRC32 && t->sum_bits == 32) {
            ok = exh_inspection_sum(in, d->disk.files.items[0], EXH_NO_OFFSET, exh_be32(t->sum), &ranges[i], err, "table '%.100s'", t->name);
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

static bool dmg_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    const struct dmg *d = (const struct dmg *)disk;
    const char *file = disk->files.items[0];
    bool ok = exh_inspection_fact(in, file, EXH_NO_OFFSET, "packing", err, "%s", packing(d)) &&
              exh_inspection_fact(in, file, EXH_NO_OFFSET, "chunks", err, "%zu in %zu tables", d->blocks.chunk_count, d->blocks.table_count) &&
              exh_inspection_fact(in, file, d->koly_at + 0x1E8, "variant", err, "%u (%s)", d->variant,
                                  d->variant == 1   ? "device"
                                  : d->variant == 2 ? "partition"
                                                    : "not known");
    for (size_t i = 0; ok && i < d->blocks.table_count; i++)
        ok = exh_inspection_fact(in, file, EXH_NO_OFFSET, "table", err, "'%.100s': %llu sectors from %llu", d->blocks.tables[i].name,
                                 (unsigned long long)d->blocks.tables[i].sectors, (unsigned long long)d->blocks.tables[i].sector);
    if (ok && d->sign_bytes > 0 && exh_inside(d->sign_offset, d->sign_bytes, disk->sources[0]->size))
        ok = exh_inspection_fact(in, file, d->sign_offset, "code signature", err, "%llu bytes, not checked", (unsigned long long)d->sign_bytes);
    if (ok && d->koly_at + KOLY_BYTES != disk->sources[0]->size)
        ok = exh_inspection_remark(in, "trailer", EXH_WARNS, file, d->koly_at, err, "%llu bytes follow the trailer",
                                   (unsigned long long)(disk->sources[0]->size - d->koly_at - KOLY_BYTES));
    return ok && check_master(d, in, err) && check_data_fork(d, in, err) && tell_sums(d, in, err);
}

static void dmg_close(struct exh_mapped_disk *disk) { exh_dmg_blocks_close(&((struct dmg *)disk)->blocks); }

static const struct exh_mapped_ops dmg_ops = {.find = dmg_find, .inspect = dmg_inspect, .close = dmg_close};

/* ---- opening ---- */

/* Where the trailer is: at the end, a little before it, or (old images) at the beginning. */
static bool find_koly(struct dmg *d, struct exh_source *source, struct exh_error *err)
{
    uint8_t tail[SEARCH_BYTES];
    size_t length = source->size < sizeof tail ? (size_t)source->size : sizeof tail;
    if (length < KOLY_BYTES || !exh_source_read(source, source->size - length, tail, length, err))
        return err->code == EXH_OK ? exh_fail(err, EXH_CORRUPT, source->size, "too short for a UDIF trailer") : false;
    for (size_t at = length - KOLY_BYTES + 1; at-- > 0;)
        if (exh_be32(tail + at) == KOLY && exh_be32(tail + at + 4) == 4 && exh_be32(tail + at + 8) == KOLY_BYTES) {
            d->koly_at = source->size - length + at;
            return true;
        }
    d->koly_at = 0;
    if (!exh_source_read(source, 0, tail, KOLY_BYTES, err))
        return false;
    return exh_be32(tail) == KOLY || exh_fail(err, EXH_CORRUPT, source->size - KOLY_BYTES, "no UDIF trailer");
}

static void get_sum(struct exh_cursor *c, struct sum *s)
{
    s->type = exh_cursor_be32(c);
    s->bits = exh_cursor_be32(c);
    const uint8_t *value = exh_cursor_bytes(c, sizeof s->value);
    if (value != NULL)
        memcpy(s->value, value, sizeof s->value);
}

static bool parse_koly(struct dmg *d, struct exh_source *source, struct exh_error *err)
{
    uint8_t k[KOLY_BYTES];
    if (!find_koly(d, source, err) || !exh_source_read(source, d->koly_at, k, sizeof k, err))
        return false;
    struct exh_cursor c = exh_cursor_over(k, sizeof k);
    exh_cursor_skip(&c, 12);
    d->flags = exh_cursor_be32(&c);
    exh_cursor_skip(&c, 8);
    d->data_offset = exh_cursor_be64(&c);
    d->data_bytes = exh_cursor_be64(&c);
    d->fork_offset = exh_cursor_be64(&c);
    d->fork_bytes = exh_cursor_be64(&c);
    d->segment = exh_cursor_be32(&c);
    d->segments = exh_cursor_be32(&c);
    memcpy(d->set, exh_cursor_bytes(&c, 16), 16);
    get_sum(&c, &d->data_sum);
    d->xml_offset = exh_cursor_be64(&c);
    d->xml_bytes = exh_cursor_be64(&c);
    exh_cursor_skip(&c, 64);
    d->sign_offset = exh_cursor_be64(&c);
    d->sign_bytes = exh_cursor_be64(&c);
    exh_cursor_skip(&c, 40);
    get_sum(&c, &d->master);
    d->variant = exh_cursor_be32(&c);
    d->sectors = exh_cursor_be64(&c);
    if (d->segments > 1)
        return exh_fail(err, EXH_UNSUPPORTED, d->koly_at + 0x38, "segment %u of %u: segmented UDIF images are not read", d->segment, d->segments);
    if (!exh_inside(d->data_offset, d->data_bytes, source->size) || d->data_sum.bits > 1024 || d->master.bits > 1024)
        return exh_fail(err, EXH_CORRUPT, d->koly_at + 0x18, "a data fork of %llu bytes at %llu passes the end of the file",
                        (unsigned long long)d->data_bytes, (unsigned long long)d->data_offset);
    if (d->sectors == 0 || d->sectors > EXH_MEDIA_BYTES_MAX / 512)
        return exh_fail(err, EXH_CORRUPT, d->koly_at + 0x1EC, "a disk of %llu sectors", (unsigned long long)d->sectors);
    return true;
}

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

static bool tables_of_plist(struct dmg *d, const struct exh_plist *root, struct exh_error *err)
{
    const struct exh_plist *list = exh_plist_get(exh_plist_get(root, "resource-fork"), "blkx");
    if (list == NULL || list->kind != EXH_PLIST_ARRAY)
        return exh_fail(err, EXH_CORRUPT, d->xml_offset, "the property list has no resource-fork/blkx");
    for (const struct exh_plist *item = list->first; item != NULL; item = item->next) {
        const struct exh_plist *data = exh_plist_get(item, "Data");
        const char *name = exh_plist_text(item, "CFName");
        name = name != NULL ? name : exh_plist_text(item, "Name");
        if (data == NULL || data->kind != EXH_PLIST_DATA)
            return exh_fail(err, EXH_CORRUPT, d->xml_offset, "a blkx entry has no data");
        if (!exh_dmg_blocks_add(&d->blocks, name != NULL ? name : "", data->data, data->length, d->data_offset, err))
            return false;
    }
    return true;
}

/* The classic resource fork (Inside Macintosh: More Macintosh Toolbox, 1-121): a map lists types, each with its resources. */
static bool tables_of_fork(struct dmg *d, const uint8_t *fork, size_t length, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(fork, length);
    uint32_t data_at = exh_cursor_be32(&c), map_at = exh_cursor_be32(&c);
    if (!exh_cursor_ok(&c) || !exh_inside(map_at, 30, length))
        return exh_fail(err, EXH_CORRUPT, d->fork_offset, "the resource fork has no map");
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
                return exh_fail(err, EXH_CORRUPT, d->fork_offset + from, "a resource passes the end of the resource fork");
            if (!exh_dmg_blocks_add(&d->blocks, name, fork + from + 4, exh_be32(fork + from), d->data_offset, err))
                return false;
        }
    }
    return d->blocks.table_count > 0 || exh_fail(err, EXH_CORRUPT, d->fork_offset, "the resource fork holds no blkx");
}

static bool read_tables(struct dmg *d, struct exh_source *source, struct exh_error *err)
{
    bool xml = d->xml_bytes > 0;
    uint8_t *part = xml ? read_part(source, d->xml_offset, d->xml_bytes, EXH_PLIST_BYTES_MAX, "the property list", err)
                        : read_part(source, d->fork_offset, d->fork_bytes, FORK_BYTES_MAX, "the resource fork", err);
    if (part == NULL)
        return false;
    struct exh_plist *root = xml ? exh_plist_parse(part, (size_t)d->xml_bytes, err) : NULL;
    bool ok = xml ? root != NULL && tables_of_plist(d, root, err) : tables_of_fork(d, part, (size_t)d->fork_bytes, err);
    exh_plist_close(root);
    free(part);
    return ok && exh_dmg_blocks_check(&d->blocks, d->sectors, source->size, err);
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

static struct exh_medium *dmg_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct dmg *d = calloc(1, sizeof *d);
    uint32_t file;
    if (d == NULL) {
        (void)exh_nomem(err, "a DMG image");
        return NULL;
    }
    d->disk.ops = &dmg_ops;
    bool ok = parse_koly(d, source, err) && read_tables(d, source, err);
    if (ok) {
        exh_layout_disk(&d->disk.layout, d->sectors * 512, options->sector_bytes != 0 ? options->sector_bytes : 512);
        ok = exh_mapped_disk_ready(&d->disk, "dmg", size_buffers(d), err) &&
             exh_mapped_disk_file(&d->disk, source, options->path != NULL ? options->path : source->name, &file, err);
    }
    if (ok)
        return &d->disk.medium;
    exh_mapped_disk_abandon(&d->disk, source);
    return NULL;
}

static int dmg_probe(const struct exh_peek *peek)
{
    for (size_t at = 0; peek->tail_length >= KOLY_BYTES && at <= peek->tail_length - KOLY_BYTES; at++)
        if (exh_be32(peek->tail + at) == KOLY && exh_be32(peek->tail + at + 4) == 4 && exh_be32(peek->tail + at + 8) == KOLY_BYTES)
            return 95;
    return peek->head_length >= KOLY_BYTES && exh_be32(peek->head) == KOLY && exh_be32(peek->head + 4) == 4 ? 90 : 0;
}

static const char *const dmg_extensions[] = {".dmg", NULL};

const struct exh_format exh_format_dmg = {.name = "dmg",
                                          .title = "Apple disk image (UDIF)",
                                          .extensions = dmg_extensions,
                                          .probe = dmg_probe,
                                          .open = dmg_open,
                                          .create = exh_dmg_create,
                                          .can = EXH_SINK_NEEDS_SIZE,
                                          .fits = exh_dmg_fits};
