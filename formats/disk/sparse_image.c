/* sparse_image.c - reads sparseimages (`sprs`, version 3). See sparse.h.
 *
 * A header node, further nodes chained by offset, each followed by the bands it tells of: the array in a node is indexed by the place in the file,
 * and its value is the band of the disk, counted from 1. A band of the disk that no node names reads as zeros. */
#include "formats/disk/file_space.h"
#include "formats/disk/mapped_disk.h"
#include "formats/disk/sparse.h"
#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define SPRS 0x73707273u
#define NODE_BYTES 4096u
#define HEADER_SLOTS_AT 64u
#define NODE_SLOTS_AT 56u
#define BANDS_MAX (1u << 24) /* 16 TiB in bands of 1 MiB: 256 MiB of places */

struct band {
    uint64_t number, offset; /* of the disk; in the file */
};

struct sparse {
    struct exh_mapped_disk disk;
    uint32_t low_sectors, nodes;
    uint64_t band_bytes, sectors; /* sectors: `all_sectors`, or `low_sectors` where only that is given */
    uint64_t all_sectors;
    uint64_t *node_offsets;
    struct band *bands; /* sorted by number */
    size_t count, capacity, node_capacity;
};

static uint64_t file_bytes(const struct sparse *s) { return s->disk.sources[0]->size; }

/* The first band whose number is not less, or `count`. */
static size_t band_from(const struct sparse *s, uint64_t number)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->bands[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool sparse_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    (void)pages, (void)err;
    const struct sparse *s = (const struct sparse *)disk;
    uint64_t number = at / s->band_bytes, inside = at % s->band_bytes, end = exh_layout_bytes(&disk->layout);
    size_t i = band_from(s, number);
    if (i == s->count || s->bands[i].number != number) {
        uint64_t next = i < s->count ? s->bands[i].number * s->band_bytes : end;
        *out = (struct exh_place){.kind = EXH_PLACE_HOLE, .bytes = next - at};
        return true;
    }
    uint64_t offset = s->bands[i].offset + inside, left = s->band_bytes - inside;
    *out = (struct exh_place){.kind = EXH_PLACE_DATA, .bytes = left, .offset = offset};
    if (s->bands[i].offset >= file_bytes(s)) /* nothing of it is there: lost, and told as such */
        return true;
    if (offset >= file_bytes(s)) /* the end of a band that was never written out; inspect warns */
        out->kind = EXH_PLACE_HOLE;
    else if (left > file_bytes(s) - offset)
        out->bytes = file_bytes(s) - offset;
    return true;
}

static bool tell_bands(const struct sparse *s, struct exh_file_space *space, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = s->disk.files.items[0];
    bool ok = true;
    for (uint32_t i = 0; ok && i < s->nodes; i++)
        ok = exh_file_space_take(space, s->node_offsets[i], NODE_BYTES, in, err, "node %u", i);
    for (size_t i = 0; ok && i < s->count; i++) {
        const struct band *b = &s->bands[i];
        uint64_t there = b->offset < file_bytes(s) ? file_bytes(s) - b->offset : 0;
        if (there > 0 && there < s->band_bytes)
            ok = exh_inspection_remark(in, "band-size", EXH_WARNS, file, b->offset, err,
                                       "the file ends within band %llu: the rest is taken for zeros", (unsigned long long)b->number);
        ok = ok && exh_file_space_take(space, b->offset, there > 0 && there < s->band_bytes ? there : s->band_bytes, in, err, "band %llu",
                                       (unsigned long long)b->number);
    }
    return ok;
}

static bool sparse_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    const struct sparse *s = (const struct sparse *)disk;
    const char *file = disk->files.items[0];
    struct exh_file_space *space = exh_file_space_new(file, file_bytes(s), 512, err);
    bool ok = space != NULL && exh_inspection_fact(in, file, 8, "band size", err, "%llu bytes", (unsigned long long)s->band_bytes) &&
              exh_inspection_fact(in, file, EXH_NO_OFFSET, "bands stored", err, "%zu, in %u nodes", s->count, s->nodes) &&
              tell_bands(s, space, in, err) && exh_file_space_finish(space, in, err);
    exh_file_space_close(space);
    if (ok && s->low_sectors != (uint32_t)s->all_sectors)
        ok = exh_inspection_remark(in, "sector-count", s->all_sectors == 0 ? EXH_WARNS : EXH_FAILS, file, 16, err,
                                   "the header counts %u sectors in one place and %llu in another", s->low_sectors,
                                   (unsigned long long)s->all_sectors);
    return ok;
}

static void sparse_close(struct exh_mapped_disk *disk)
{
    struct sparse *s = (struct sparse *)disk;
    free(s->bands);
    free(s->node_offsets);
}

static const struct exh_mapped_ops sparse_ops = {.find = sparse_find, .inspect = sparse_inspect, .close = sparse_close};

/* ---- opening ---- */

/* The slots of the node at `offset`, whose array begins at `from`. */
static bool add_slots(struct sparse *s, const uint8_t *node, uint64_t offset, uint32_t from, struct exh_error *err)
{
    uint64_t bands = s->sectors * 512 / s->band_bytes + (s->sectors * 512 % s->band_bytes != 0);
    for (uint32_t slot = 0; from + slot * 4 < NODE_BYTES; slot++) {
        uint32_t value = exh_be32(node + from + slot * 4);
        if (value == 0)
            continue;
        if (value > bands)
            return exh_fail(err, EXH_CORRUPT, offset + from + slot * 4, "band %u of a disk of %llu bands", value, (unsigned long long)bands);
        if (!exh_grow((void **)&s->bands, &s->capacity, s->count, sizeof *s->bands, BANDS_MAX, "bands", err))
            return false;
        s->bands[s->count++] = (struct band){value - 1, offset + NODE_BYTES + slot * s->band_bytes};
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct band *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static bool parse_header(struct sparse *s, const uint8_t *h, struct exh_error *err)
{
    uint32_t version = exh_be32(h + 4), band_sectors = exh_be32(h + 8);
    if (exh_be32(h) != SPRS)
        return exh_fail(err, EXH_CORRUPT, 0, "not a sparseimage");
    if (version != 3)
        return exh_fail(err, EXH_UNSUPPORTED, 4, "a sparseimage of version %u; version 3 is read", version);
    s->low_sectors = exh_be32(h + 16);
    s->all_sectors = exh_be64(h + 28);
    s->sectors = s->all_sectors != 0 ? s->all_sectors : s->low_sectors;
    s->band_bytes = (uint64_t)band_sectors * 512;
    if (band_sectors == 0)
        return exh_fail(err, EXH_CORRUPT, 8, "bands of no sectors");
    return (s->sectors > 0 && s->sectors <= EXH_MEDIA_BYTES_MAX / 512) ||
           exh_fail(err, EXH_CORRUPT, 28, "a disk of %llu sectors", (unsigned long long)s->sectors);
}

/* Nodes lie in ascending order, each behind the bands of the one before: a chain that goes back or on the spot is no chain. */
static bool read_nodes(struct sparse *s, struct exh_source *source, struct exh_error *err)
{
    uint8_t node[NODE_BYTES];
    for (uint64_t at = 0, next; at != 0 || s->nodes == 0; at = next) {
        if (!exh_grow((void **)&s->node_offsets, &s->node_capacity, s->nodes, sizeof *s->node_offsets, BANDS_MAX, "nodes", err) ||
            !exh_source_read(source, at, node, sizeof node, err))
            return false;
        s->node_offsets[s->nodes++] = at;
        if (at == 0 ? !parse_header(s, node, err) : exh_be32(node) != SPRS)
            return err->code != EXH_OK ? false : exh_fail(err, EXH_CORRUPT, at, "no node lies where the one before says");
        uint32_t field = at == 0 ? 20 : 12;
        next = exh_be64(node + field);
        if (next != 0 && next < at + NODE_BYTES)
            return exh_fail(err, EXH_CORRUPT, at + field, "the node at %llu is followed by one at %llu", (unsigned long long)at,
                            (unsigned long long)next);
        if (!add_slots(s, node, at, at == 0 ? HEADER_SLOTS_AT : NODE_SLOTS_AT, err))
            return false;
    }
    if (s->count > 0)
        qsort(s->bands, s->count, sizeof *s->bands, by_number);
    for (size_t i = 1; i < s->count; i++)
        if (s->bands[i].number == s->bands[i - 1].number)
            return exh_fail(err, EXH_CORRUPT, s->bands[i].offset, "band %llu is stored twice, at %llu too", (unsigned long long)s->bands[i].number,
                            (unsigned long long)s->bands[i - 1].offset);
    return true;
}

static struct exh_medium *sparse_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct sparse *s = calloc(1, sizeof *s);
    uint32_t file;
    if (s == NULL) {
        (void)exh_nomem(err, "a sparseimage");
        return NULL;
    }
    s->disk.ops = &sparse_ops;
    bool ok = read_nodes(s, source, err);
    if (ok) {
        exh_layout_disk(&s->disk.layout, s->sectors * 512, options->sector_bytes != 0 ? options->sector_bytes : 512);
        ok = exh_mapped_disk_ready(&s->disk, "sparseimage", 1, err) &&
             exh_mapped_disk_file(&s->disk, source, options->path != NULL ? options->path : source->name, &file, err);
    }
    if (ok)
        return &s->disk.medium;
    exh_mapped_disk_abandon(&s->disk, source);
    return NULL;
}

static int sparse_probe(const struct exh_peek *peek)
{
    return peek->head_length >= HEADER_SLOTS_AT && exh_be32(peek->head) == SPRS && exh_be32(peek->head + 4) <= 16 ? 90 : 0;
}

static const char *const sparse_extensions[] = {".sparseimage", NULL};

const struct exh_format exh_format_sparseimage = {
    .name = "sparseimage", .title = "Apple sparse image", .extensions = sparse_extensions, .probe = sparse_probe, .open = sparse_open};
