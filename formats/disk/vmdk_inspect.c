/* vmdk_inspect.c - what a VMDK says of itself, and whether the tables of its sparse extents use every sector once. See vmdk.h.
 *
 * A VMDK has no checksums but those of packed grains: two copies of the tables that must agree, and grains that say where they belong, are all there
 * is to check. */
#include "formats/disk/vmdk.h"

#include <stdlib.h>

#include "formats/disk/file_space.h"
#include "formats/model/bytes.h"

#define DIRECTORY_PIECE 1024u
#define HOSTED_TABLE_ENTRIES 512u

struct directory { /* a piece of one */
    uint64_t at, first;
    uint32_t count; /* 0: nothing was read yet */
    uint8_t entries[DIRECTORY_PIECE * 4u];
};

struct walk { /* over the tables of one extent */
    const struct exh_vmdk_sparse *s;
    struct exh_source *source;
    const char *file;
    struct exh_file_space *space;
    struct exh_inspection *in;
    struct exh_error *err;
    uint64_t stored, zeros, differing, differs_at, misplaced, misplaced_at, used, in_room,
        in_room_at; /* in_room: grains within the room for tables */
    bool stopped;   /* more is used than the file has: parts overlap, and to follow them all could take forever */
    struct directory first, second;
    uint8_t *table, *copy; /* room for one grain table each */
};

/* ---- facts ---- */

static bool tell_descriptor(const struct exh_vmdk *v, struct exh_inspection *in, struct exh_error *err)
{
    const struct exh_vmdk_descriptor *d = &v->descriptor;
    const char *file = v->disk.files.items[0];
    bool ok = exh_inspection_fact(in, file, v->descriptor_at, "type", err, "%s", d->create_type[0] != '\0' ? d->create_type : "not said") &&
              exh_inspection_fact(in, file, v->descriptor_at, "cid", err, "%08x", d->cid);
    if (ok && exh_vmdk_is_delta(v))
        ok = exh_inspection_fact(in, file, v->descriptor_at, "parent", err, "CID %08x, '%.180s'", d->parent_cid,
                                 d->parent_hint != NULL ? d->parent_hint : "");
    if (ok && d->cylinders[0] != '\0')
        ok = exh_inspection_fact(in, file, v->descriptor_at, "geometry", err, "%s cylinders, %s heads, %s sectors", d->cylinders, d->heads,
                                 d->track_sectors);
    if (ok && d->adapter[0] != '\0')
        ok = exh_inspection_fact(in, file, v->descriptor_at, "adapter", err, "%s, hardware version %s", d->adapter,
                                 d->hardware[0] != '\0' ? d->hardware : "not said");
    if (ok && v->descriptor_full)
        ok = exh_inspection_remark(in, "descriptor", EXH_WARNS, file, v->descriptor_at, err,
                                   "the descriptor fills its place to the last byte and does not end with a line: what followed is not known");
    return ok && (d->encoding[0] == '\0' || exh_inspection_fact(in, file, v->descriptor_at, "encoding", err, "%s", d->encoding));
}

static bool tell_extent(const struct exh_vmdk *v, const struct exh_vmdk_extent *e, struct exh_inspection *in, struct exh_error *err)
{
    static const char *const kinds[] = {"flat", "zeros", "sparse", "COWD"};
    const char *file = v->disk.files.items[e->file];
    const struct exh_vmdk_sparse *s = &e->sparse;
    unsigned long long sectors = e->bytes / 512, first = e->begin / 512;
    if (e->kind == EXH_VMDK_ZERO || e->kind == EXH_VMDK_FLAT)
        return exh_inspection_fact(in, file, e->kind == EXH_VMDK_FLAT ? e->offset : EXH_NO_OFFSET, "extent", err, "%s: %llu sectors from %llu",
                                   kinds[e->kind], sectors, first);
    return exh_inspection_fact(in, file, s->header_at, "extent", err,
                               "%s: %llu sectors from %llu; version %u, grains of %llu bytes%s, %llu tables of %u", kinds[e->kind], sectors, first,
                               s->version, (unsigned long long)s->grain_bytes, exh_vmdk_is_packed(s) ? ", packed" : "", (unsigned long long)s->tables,
                               s->table_entries);
}

/* ---- what is odd about an extent ---- */

static bool judge_flat(const struct exh_vmdk *v, const struct exh_vmdk_extent *e, struct exh_inspection *in, struct exh_error *err)
{
    uint64_t size = v->disk.sources[e->file]->size;
    return exh_inside(e->offset, e->bytes, size) ||
           exh_inspection_remark(in, "extent-size", EXH_FAILS, v->disk.files.items[e->file], size, err,
                                 "the file ends at byte %llu, the extent at %llu: what lies behind is missing", (unsigned long long)size,
                                 (unsigned long long)(e->offset + e->bytes));
}

static bool judge_header(const struct exh_vmdk_extent *e, const char *file, struct exh_inspection *in, struct exh_error *err)
{
    const struct exh_vmdk_sparse *s = &e->sparse;
    bool ok = true;
    if (s->unclean)
        ok = exh_inspection_remark(in, "unclean", EXH_WARNS, file, s->header_at + 72, err,
                                   "the extent was not closed: what was written last may be missing");
    if (ok && s->cut)
        ok = exh_inspection_remark(in, "footer", EXH_FAILS, file, s->overhead_bytes, err,
                                   s->all_left ? "the stream does not end in its footer; all of its %zu grains are there"
                                               : "the stream has no footer: it was cut off; %zu grains are left, what lies behind is missing",
                                   s->left_count);
    if (ok && !s->cowd && s->table_entries != HOSTED_TABLE_ENTRIES)
        ok = exh_inspection_remark(in, "header", EXH_FAILS, file, s->header_at + 44, err, "grain tables of %u entries, where all have %u",
                                   s->table_entries, HOSTED_TABLE_ENTRIES);
    if (ok && s->stray_copy)
        ok = exh_inspection_remark(in, "header", EXH_WARNS, file, s->header_at + 48, err,
                                   (s->flags & EXH_VMDK_REDUNDANT) != 0 ? "a flag says that there is a second grain directory, and none is named"
                                                                        : "a second grain directory is named, and no flag says that there is one");
    if (ok && s->sectors * 512 != e->bytes)
        ok = exh_inspection_remark(in, "extent-size", EXH_WARNS, file, s->header_at + 12, err,
                                   "the header says %llu sectors, the descriptor %llu, which is what is read", (unsigned long long)s->sectors,
                                   (unsigned long long)(e->bytes / 512));
    return ok;
}

/* ---- the tables ---- */

/* Of a table or a grain. Together they use no byte twice, so that twice the file is out of the question; a few small tables that point at each other
 * could ask for more work than any disk. */
static bool take(struct walk *w, uint64_t at, uint64_t bytes, const char *role, uint64_t number)
{
    uint64_t left = at < w->source->size ? w->source->size - at : 0;
    w->used += bytes < left ? bytes : left;
    if (w->used / 2 <= w->source->size)
        return exh_file_space_take(w->space, at, bytes, w->in, w->err, "%s %llu", role, (unsigned long long)number);
    bool told = w->stopped;
    w->stopped = true;
    return told || exh_inspection_remark(w->in, "overlap", EXH_FAILS, w->file, at, w->err,
                                         "%s %llu and those before it use more than twice what the file has: the rest is not checked", role,
                                         (unsigned long long)number);
}

static bool take_grain(struct walk *w, uint64_t grain, uint64_t sector)
{
    const struct exh_vmdk_sparse *s = w->s;
    uint64_t at = sector * 512, bytes = s->grain_bytes;
    uint64_t left = s->sectors * 512 - grain * s->grain_bytes;
    w->stored++;
    if (!s->cowd && at < s->overhead_bytes && w->in_room++ == 0)
        w->in_room_at = at;
    if (left < bytes && exh_inside(at, left, w->source->size) && !exh_inside(at, bytes, w->source->size))
        bytes = w->source->size - at; /* the file may end with the disk */
    if (exh_vmdk_is_packed(s) && exh_inside(at, EXH_VMDK_GRAIN_HEADER_BYTES, w->source->size)) {
        uint8_t h[EXH_VMDK_GRAIN_HEADER_BYTES];
        if (!exh_source_read(w->source, at, h, sizeof h, w->err))
            return false;
        bytes = (uint64_t)exh_le32(h + 8) + sizeof h;
        if (exh_le64(h) != grain * (s->grain_bytes / 512) && w->misplaced++ == 0)
            w->misplaced_at = at;
    }
    return take(w, at, bytes, "grain", grain);
}

static bool take_table(struct walk *w, uint64_t number, uint64_t at)
{
    const struct exh_vmdk_sparse *s = w->s;
    for (uint32_t i = 0; i < s->table_entries && !w->stopped; i++) {
        uint64_t grain = number * s->table_entries + i, sector = exh_le32(w->table + (size_t)i * 4);
        if (grain >= exh_vmdk_grains(s))
            break;
        if (sector == 1 && (s->flags & EXH_VMDK_ZEROED) != 0) {
            w->zeros++;
        } else if (sector == 1) {
            if (!exh_inspection_remark(w->in, "table", EXH_FAILS, w->file, at + (uint64_t)i * 4, w->err,
                                       "grain %llu is said to lie where the descriptor does", (unsigned long long)grain))
                return false;
        } else if (sector != 0 && !take_grain(w, grain, sector)) {
            return false;
        }
    }
    return true;
}

/* One grain table by its sector; a marker may stand before it in a stream. False only with err; *whole: it lies in the file and is in `into`. */
static bool read_table(struct walk *w, uint64_t sector, uint8_t *into, const char *role, uint64_t number, bool *whole)
{
    uint64_t at = sector * 512, bytes = (uint64_t)w->s->table_entries * 4;
    *whole = false;
    if (sector == 0)
        return true;
    if (!take(w, at, bytes, role, number))
        return false;
    *whole = !w->stopped && exh_inside(at, bytes, w->source->size);
    return !*whole || exh_source_read(w->source, at, into, (size_t)bytes, w->err);
}

/* The sector that entry `number` of a directory holds. */
static bool read_entry(struct walk *w, struct directory *d, uint64_t number, uint64_t *sector)
{
    uint64_t first = number / DIRECTORY_PIECE * DIRECTORY_PIECE, left = w->s->tables - first;
    if (d->count == 0 || d->first != first) {
        d->first = first;
        d->count = left < DIRECTORY_PIECE ? (uint32_t)left : DIRECTORY_PIECE;
        if (!exh_source_read(w->source, d->at + first * 4, d->entries, (size_t)d->count * 4, w->err))
            return false;
    }
    *sector = exh_le32(d->entries + (number - first) * 4);
    return true;
}

static bool walk_table(struct walk *w, uint64_t number)
{
    uint64_t sector, second;
    bool whole, whole_copy = false;
    if (!read_entry(w, &w->first, number, &sector) || !read_table(w, sector, w->table, "grain table", number, &whole) ||
        (whole && !take_table(w, number, sector * 512)))
        return false;
    if (w->s->redundant_at == 0)
        return true;
    if (!read_entry(w, &w->second, number, &second))
        return false;
    if (second != sector && !read_table(w, second, w->copy, "second grain table", number, &whole_copy))
        return false;
    bool alike = w->stopped || second == sector || (whole && whole_copy && memcmp(w->table, w->copy, (size_t)w->s->table_entries * 4) == 0);
    if (!alike && w->differing++ == 0)
        w->differs_at = second != 0 ? second * 512 : w->s->redundant_at + number * 4;
    return true;
}

/* In a stream each table, the directory and the footer have a marker's sector in front, and the end has one. */
static bool take_markers(struct walk *w)
{
    const struct exh_vmdk_sparse *s = w->s;
    if ((s->flags & EXH_VMDK_MARKERS) == 0 || s->cut || s->header_at == 0)
        return true;
    for (uint64_t i = 0; i < s->tables; i++) {
        uint64_t sector;
        if (!read_entry(w, &w->first, i, &sector))
            return false;
        if (sector > 1 && !exh_file_space_share(w->space, (sector - 1) * 512, 512, w->in, w->err, "a table's marker"))
            return false;
    }
    return exh_file_space_share(w->space, s->directory_at - 512, 512, w->in, w->err, "the directory's marker") &&
           exh_file_space_take(w->space, s->header_at - 512, 3 * 512, w->in, w->err, "the footer");
}

static bool take_fixed(struct walk *w)
{
    const struct exh_vmdk_sparse *s = w->s;
    return exh_file_space_take(w->space, 0, s->cowd ? 4 * 512 : EXH_VMDK_HEADER_BYTES, w->in, w->err, "header") &&
           (s->descriptor_bytes == 0 || exh_file_space_take(w->space, s->descriptor_at, s->descriptor_bytes, w->in, w->err, "descriptor")) &&
           (s->cut || exh_file_space_take(w->space, s->directory_at, s->tables * 4, w->in, w->err, "grain directory")) &&
           (s->redundant_at == 0 || exh_file_space_take(w->space, s->redundant_at, s->tables * 4, w->in, w->err, "second grain directory"));
}

/* Room that the header keeps for tables is not orphaned where they do not fill it. */
static bool take_room(struct walk *w)
{
    uint64_t room = w->s->overhead_bytes < w->source->size ? w->s->overhead_bytes : w->source->size;
    return exh_file_space_share(w->space, 0, room, w->in, w->err, "room for tables");
}

static bool walk_all(struct walk *w)
{
    const struct exh_vmdk_sparse *s = w->s;
    if (!take_fixed(w))
        return false;
    for (size_t i = 0; i < s->left_count; i++)
        if (!take_grain(w, s->left[i].grain, s->left[i].sector))
            return false;
    for (uint64_t i = 0; !s->cut && !w->stopped && i < s->tables; i++)
        if (!walk_table(w, i))
            return false;
    return take_markers(w) && take_room(w) && (s->cut || w->stopped || exh_file_space_finish(w->space, w->in, w->err));
}

static bool tell_walk(struct walk *w)
{
    bool ok = exh_inspection_fact(w->in, w->file, EXH_NO_OFFSET, "stored", w->err, "%llu of %llu grains, %llu of zeros",
                                  (unsigned long long)w->stored, (unsigned long long)exh_vmdk_grains(w->s), (unsigned long long)w->zeros);
    if (ok && w->in_room != 0)
        ok = exh_inspection_remark(w->in, "overhead", EXH_WARNS, w->file, w->in_room_at, w->err,
                                   "%llu grains lie within the %llu bytes that the header keeps for tables, the first at %llu",
                                   (unsigned long long)w->in_room, (unsigned long long)w->s->overhead_bytes, (unsigned long long)w->in_room_at);
    if (ok && w->s->redundant_at != 0)
        ok = exh_inspection_remark(w->in, "table-copy", w->differing == 0 ? EXH_HOLDS : EXH_FAILS, w->file,
                                   w->differing == 0 ? w->s->redundant_at : w->differs_at, w->err, "%llu of %llu grain tables differ from their copy",
                                   (unsigned long long)w->differing, (unsigned long long)w->s->tables);
    if (ok && exh_vmdk_is_packed(w->s))
        ok = exh_inspection_remark(
            w->in, "grain-place", w->misplaced == 0 ? EXH_HOLDS : EXH_FAILS, w->file, w->misplaced == 0 ? EXH_NO_OFFSET : w->misplaced_at, w->err,
            "%llu of %llu packed grains say that they belong elsewhere", (unsigned long long)w->misplaced, (unsigned long long)w->stored);
    return ok;
}

static bool check_sparse(const struct exh_vmdk *v, const struct exh_vmdk_extent *e, struct exh_inspection *in, struct exh_error *err)
{
    size_t table = (size_t)e->sparse.table_entries * 4;
    struct walk w = {.s = &e->sparse, .source = v->disk.sources[e->file], .file = v->disk.files.items[e->file], .in = in, .err = err};
    w.first.at = e->sparse.directory_at;
    w.second.at = e->sparse.redundant_at;
    w.space = exh_file_space_new(w.file, w.source->size, 512, err);
    w.table = malloc(table);
    w.copy = malloc(table);
    bool ok = w.space != NULL && ((w.table != NULL && w.copy != NULL) || exh_nomem(err, "grain tables")) && judge_header(e, w.file, in, err) &&
              walk_all(&w) && tell_walk(&w);
    exh_file_space_close(w.space);
    free(w.table);
    free(w.copy);
    return ok;
}

bool exh_vmdk_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    const struct exh_vmdk *v = (const struct exh_vmdk *)disk;
    bool ok = tell_descriptor(v, in, err);
    for (size_t i = 0; ok && i < v->extent_count; i++) {
        const struct exh_vmdk_extent *e = &v->extents[i];
        ok = tell_extent(v, e, in, err);
        if (ok && e->kind == EXH_VMDK_FLAT)
            ok = judge_flat(v, e, in, err);
        else if (ok && e->kind != EXH_VMDK_ZERO)
            ok = check_sparse(v, e, in, err);
        if (ok && !e->as_named)
            ok = exh_inspection_remark(in, "extent-name", EXH_WARNS, disk->files.items[e->file], EXH_NO_OFFSET, err,
                                       "the descriptor has another name for this file: '%.160s'", v->descriptor.lines[i].name);
    }
    return ok;
}
