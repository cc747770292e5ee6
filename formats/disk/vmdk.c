/* vmdk.c - reads VMDK: one file with its descriptor inside, or a descriptor and the extents it names. See vmdk.h.
 *
 * A single sparse file is opened whatever name its descriptor has for it: renamed files are common. All other extents are files of the descriptor's
 * own folder. VMFS extents are flat files (as copied off an ESXi store). A delta is read with its parent only, which must have the content identifier
 * that the delta was made on. */
#include "formats/disk/vmdk.h"

#include <stdlib.h>

#include "formats/container/siblings.h"
#include "formats/disk/vmdk_write.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

/* ---- what lies where ---- */

static const struct exh_vmdk_extent *extent_at(const struct exh_vmdk *v, uint64_t at)
{
    size_t low = 0, high = v->extent_count;
    while (high - low > 1) { /* low begins at or before `at` */
        size_t middle = low + (high - low) / 2;
        if (v->extents[middle].begin <= at)
            low = middle;
        else
            high = middle;
    }
    return &v->extents[low];
}

static bool vmdk_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    const struct exh_vmdk *v = (const struct exh_vmdk *)disk;
    const struct exh_vmdk_extent *e = extent_at(v, at);
    uint64_t inside = at - e->begin, left = e->bytes - inside;
    *out = (struct exh_place){.kind = EXH_PLACE_ZERO, .bytes = left};
    if (e->kind == EXH_VMDK_FLAT)
        *out = (struct exh_place){.kind = EXH_PLACE_DATA, .bytes = left, .file = e->file, .offset = e->offset + inside};
    else if (e->kind != EXH_VMDK_ZERO && !exh_vmdk_sparse_find(&e->sparse, disk, pages, e->file, e->begin, inside, out, err))
        return false;
    if (out->kind == EXH_PLACE_HOLE && exh_vmdk_is_delta(v))
        out->kind = EXH_PLACE_PARENT;
    out->bytes = out->bytes < left ? out->bytes : left;
    return true;
}

static void vmdk_close(struct exh_mapped_disk *disk)
{
    struct exh_vmdk *v = (struct exh_vmdk *)disk;
    for (size_t i = 0; i < v->extent_count; i++)
        exh_vmdk_sparse_close(&v->extents[i].sparse);
    free(v->extents);
    exh_vmdk_descriptor_close(&v->descriptor);
}

static const struct exh_mapped_ops vmdk_ops = {.find = vmdk_find, .inspect = exh_vmdk_inspect, .close = vmdk_close};

/* ---- opening ---- */

static bool read_descriptor(struct exh_vmdk *v, struct exh_source *source, uint64_t at, uint64_t bytes, struct exh_error *err)
{
    if (bytes > EXH_VMDK_DESCRIPTOR_MAX)
        return exh_fail(err, EXH_LIMIT, at, "a descriptor of %llu bytes: more than 1 MiB", (unsigned long long)bytes);
    uint8_t *text = malloc((size_t)bytes + 1);
    if (text == NULL)
        return exh_nomem(err, "a descriptor");
    bool ok = exh_source_read(source, at, text, (size_t)bytes, err) && exh_vmdk_descriptor_parse(text, (size_t)bytes, &v->descriptor, err);
    if (!ok && err->at != EXH_NO_OFFSET && err->code != EXH_IO)
        err->at += at; /* the descriptor counts from its own begin */
    v->descriptor_full = ok && v->embedded && bytes > 0 && memchr(text, '\0', (size_t)bytes) == NULL && text[bytes - 1] != '\n';
    free(text);
    v->descriptor_at = at;
    return ok;
}

static bool add_extents(struct exh_vmdk *v, struct exh_error *err)
{
    uint64_t begin = 0;
    if ((v->extents = calloc(v->descriptor.count, sizeof *v->extents)) == NULL)
        return exh_nomem(err, "extents");
    v->extent_count = v->descriptor.count;
    for (size_t i = 0; i < v->extent_count; i++) {
        const struct exh_vmdk_line *line = &v->descriptor.lines[i];
        v->extents[i] = (struct exh_vmdk_extent){
            .kind = line->kind, .begin = begin, .bytes = line->sectors * 512, .offset = line->offset * 512, .as_named = true};
        begin += line->sectors * 512;
    }
    return true;
}

static bool check_extent(const struct exh_vmdk *v, size_t i, struct exh_error *err)
{
    const struct exh_vmdk_extent *e = &v->extents[i];
    const struct exh_vmdk_line *line = &v->descriptor.lines[i];
    if (e->kind == EXH_VMDK_FLAT && e->offset >= v->disk.sources[e->file]->size)
        return exh_fail(err, EXH_CORRUPT, v->descriptor_at + line->at, "line %u of the descriptor: the extent begins at byte %llu of a file of %llu",
                        line->number, (unsigned long long)e->offset, (unsigned long long)v->disk.sources[e->file]->size);
    return e->kind == EXH_VMDK_FLAT || line->sectors <= e->sparse.sectors ||
           exh_fail(err, EXH_CORRUPT, v->descriptor_at + line->at, "line %u of the descriptor: an extent of %llu sectors, but its file has %llu",
                    line->number, (unsigned long long)line->sectors, (unsigned long long)e->sparse.sectors);
}

/* Only a file beside the image, whatever the descriptor says. */
static bool open_extent(struct exh_vmdk *v, size_t i, const struct exh_open *options, struct exh_error *err)
{
    struct exh_vmdk_extent *e = &v->extents[i];
    const struct exh_vmdk_line *line = &v->descriptor.lines[i];
    char *path = NULL;
    if (e->kind == EXH_VMDK_ZERO)
        return true;
    if (options->siblings == NULL)
        return exh_fail(err, EXH_NOT_FOUND, v->descriptor_at + line->at, "the extent '%.200s' is not to be had: there is no folder", line->name);
    struct exh_source *source = exh_siblings_referenced(options->siblings, line->name, options->past_cache, &path, &e->as_named, err);
    bool taken = source != NULL && exh_mapped_disk_file(&v->disk, source, path, &e->file, err);
    bool ok = taken && (e->kind == EXH_VMDK_FLAT || exh_vmdk_sparse_open(&e->sparse, source, err) || exh_in_file(err, path));
    ok = ok && check_extent(v, i, err);
    if (!taken)
        exh_source_close(source);
    free(path);
    return ok || exh_context(err, "extent %zu of %zu", i + 1, v->extent_count);
}

/* A file that begins as a sparse extent: its descriptor, when it has one, describes this file and no other. */
static bool open_embedded(struct exh_vmdk *v, struct exh_source *source, struct exh_error *err)
{
    struct exh_vmdk_sparse sparse;
    if (!exh_vmdk_sparse_open(&sparse, source, err))
        return false;
    v->embedded = true;
    bool ok = sparse.descriptor_bytes > 0 || exh_fail(err, EXH_REFUSED, sparse.header_at + 28,
                                                      "this is an extent without a descriptor, a part of a disk: open the descriptor that names it");
    ok = ok && read_descriptor(v, source, sparse.descriptor_at, sparse.descriptor_bytes, err) && add_extents(v, err);
    if (ok && (v->extent_count != 1 || v->extents[0].kind != EXH_VMDK_SPARSE))
        ok = exh_fail(err, EXH_UNSUPPORTED, v->descriptor_at + v->descriptor.lines[v->extent_count - 1].at,
                      "a descriptor inside a sparse extent that is not of one sparse extent");
    if (ok) {
        v->extents[0].sparse = sparse;
        return check_extent(v, 0, err);
    }
    exh_vmdk_sparse_close(&sparse);
    return false;
}

static bool open_named(struct exh_vmdk *v, struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    bool ok = read_descriptor(v, source, 0, source->size, err) && add_extents(v, err);
    for (size_t i = 0; ok && i < v->extent_count; i++)
        ok = open_extent(v, i, options, err);
    return ok;
}

/* The parent must be what it was when the delta was made. */
static bool open_parent(struct exh_vmdk *v, const struct exh_open *options, struct exh_error *err)
{
    const struct exh_vmdk_descriptor *d = &v->descriptor;
    if (!exh_vmdk_is_delta(v))
        return true;
    if (!exh_parent_open(options, d->parent_hint, NULL, &v->disk.parent, err))
        return exh_context(err, "a delta whose parent has CID %08x", d->parent_cid);
    if (strcmp(v->disk.parent->format, "vmdk") != 0)
        return exh_fail(err, EXH_REFUSED, v->descriptor_at, "the parent is no VMDK; it must have CID %08x", d->parent_cid);
    uint32_t cid = ((const struct exh_vmdk *)v->disk.parent)->descriptor.cid;
    char text[9];
    (void)snprintf(text, sizeof text, "%08x", cid);
    exh_lineage_identified(options->lineage, options->depth, "CID", text);
    return cid == d->parent_cid ||
           exh_fail(err, EXH_REFUSED, v->descriptor_at, "the parent has CID %08x, not %08x: it was changed, or is another", cid, d->parent_cid);
}

/* What reading needs to know of all extents together. */
static bool get_ready(struct exh_vmdk *v, const struct exh_open *options, struct exh_error *err)
{
    uint32_t sector = options->sector_bytes != 0 ? options->sector_bytes : 512, unit = sector;
    uint64_t disk_bytes = v->extents[v->extent_count - 1].begin + v->extents[v->extent_count - 1].bytes;
    for (size_t i = 0; i < v->extent_count; i++) {
        const struct exh_vmdk_sparse *s = &v->extents[i].sparse;
        if (v->extents[i].kind != EXH_VMDK_SPARSE || !exh_vmdk_is_packed(s))
            continue;
        unit = s->grain_bytes > unit ? (uint32_t)s->grain_bytes : unit;
        v->disk.unit_bytes_max = unit;
        v->disk.packed_bytes_max = 2 * unit;
    }
    exh_layout_disk(&v->disk.layout, disk_bytes, sector);
    return exh_mapped_disk_ready(&v->disk, "vmdk", unit / sector, err);
}

static struct exh_medium *vmdk_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    uint8_t magic[4] = {0};
    uint32_t file;
    struct exh_vmdk *v = calloc(1, sizeof *v);
    if (v == NULL) {
        (void)exh_nomem(err, "a VMDK image");
        return NULL;
    }
    v->disk.ops = &vmdk_ops;
    v->descriptor.parent_cid = EXH_VMDK_NO_PARENT;
    bool ok = exh_mapped_disk_file(&v->disk, source, options->path != NULL ? options->path : source->name, &file, err);
    ok = ok && (exh_source_read_some(source, 0, magic, sizeof magic, err) == sizeof magic || err->code == EXH_OK);
    bool text = magic[0] == '#' || magic[0] == 'v' || magic[0] == 'V' || magic[0] == '\r' || magic[0] == '\n';
    ok = ok && (text ? open_named(v, source, options, err) : open_embedded(v, source, err)) && open_parent(v, options, err) &&
         get_ready(v, options, err);
    if (ok)
        return &v->disk.medium;
    exh_mapped_disk_abandon(&v->disk, source);
    return NULL;
}

static int vmdk_probe(const struct exh_peek *peek)
{
    static const uint8_t sesparse[8] = {0xBE, 0xBA, 0xFE, 0xCA};
    if (peek->head_length < 32)
        return 0;
    if (memcmp(peek->head, "KDMV", 4) == 0)
        return 95;
    if (memcmp(peek->head, "COWD", 4) == 0 && exh_le32(peek->head + 4) == 1)
        return 90;
    if (memcmp(peek->head, sesparse, sizeof sesparse) == 0)
        return 60; /* to be refused by name */
    return exh_vmdk_is_descriptor(peek->head, peek->head_length) ? 90 : 0;
}

static const char *const vmdk_extensions[] = {".vmdk", NULL};

const struct exh_format exh_format_vmdk = {.name = "vmdk",
                                           .title = "VMware virtual disk (VMDK): stream-optimized, or flat without compression",
                                           .extensions = vmdk_extensions,
                                           .probe = vmdk_probe,
                                           .open = vmdk_open,
                                           .create = exh_vmdk_create,
                                           .can = EXH_SINK_NEEDS_SIZE,
                                           .fits = exh_vmdk_fits};
