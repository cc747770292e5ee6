/* qcow2_walk.c - every part of a QCOW file that its header and its tables name. See qcow2_walk.h. */
#include "formats/disk/qcow2_walk.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define L1_BYTES_MAX (32u << 20)      /* qemu's own limits: more than that it does not open */
#define COUNTS_BYTES_MAX (8u << 20)   /* of the refcount table */
#define TABLES_MAX (size_t)(1u << 21) /* of 64 KiB each they map a disk of an exbibyte */

/* ---- L1 tables ---- */

bool exh_qcow_walk_l1(struct exh_qcow_walk *w, uint64_t l1_at, uint64_t entries, exh_qcow_entry_fn *use, void *context)
{
    uint8_t part[4096];
    for (uint64_t i = 0; i < entries && exh_inside(l1_at, entries * 8, w->source->size); i += sizeof part / 8) {
        uint64_t n = entries - i < sizeof part / 8 ? entries - i : sizeof part / 8;
        if (!exh_source_read(w->source, l1_at + i * 8, part, (size_t)n * 8, w->err))
            return false;
        for (uint64_t k = 0; k < n; k++)
            if (exh_be64(part + k * 8) != 0 && !use(context, i + k, exh_be64(part + k * 8), l1_at + (i + k) * 8))
                return false;
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    uint64_t x = ((const struct exh_qcow_table *)a)->at, y = ((const struct exh_qcow_table *)b)->at;
    return (x > y) - (x < y);
}

/* Sorts, and makes one of those at the same place. */
static void merge_tables(struct exh_qcow_walk *w)
{
    size_t kept = 0;
    if (w->table_count > 0)
        qsort(w->tables, w->table_count, sizeof *w->tables, by_place);
    for (size_t i = 1; i < w->table_count; i++) {
        struct exh_qcow_table *last = &w->tables[kept], *t = &w->tables[i];
        if (last->at != t->at) {
            w->tables[++kept] = *t;
            continue;
        }
        last->index = last->active != 0 ? last->index : t->index;
        last->active += t->active;
        last->others += t->others;
    }
    w->table_count = w->table_count == 0 ? 0 : kept + 1;
}

static bool cut_short(struct exh_qcow_walk *w, const char *check, enum exh_outcome outcome, uint64_t at, const char *why)
{
    bool told = w->cut;
    w->cut = true;
    return told || exh_inspection_remark(w->in, check, outcome, w->file, at, w->err, "%s", why);
}

static bool list_table(struct exh_qcow_walk *w, uint64_t index, uint64_t entry, bool active)
{
    uint64_t at = exh_qcow_entry_offset(w->q, entry);
    if (at == 0 || w->cut)
        return true;
    if (w->table_count == w->table_capacity && w->table_count > 0)
        merge_tables(w);
    if (w->table_count >= TABLES_MAX)
        return cut_short(w, "tables", EXH_WARNS, at, "there are more L2 tables than can be followed: not all clusters are checked");
    if (!exh_grow((void **)&w->tables, &w->table_capacity, w->table_count, sizeof *w->tables, TABLES_MAX, "L2 tables", w->err))
        return false;
    w->tables[w->table_count++] =
        (struct exh_qcow_table){.at = at, .active = active ? 1 : 0, .others = active ? 0 : 1, .index = active ? (uint32_t)index : 0};
    return true;
}

static bool list_active(void *context, uint64_t index, uint64_t entry, uint64_t entry_at)
{
    (void)entry_at;
    return list_table(context, index, entry, true);
}

static bool list_other(void *context, uint64_t index, uint64_t entry, uint64_t entry_at)
{
    (void)entry_at;
    return list_table(context, index, entry, false);
}

/* No two L1 tables share anything: all of them together are less than the file. */
static bool list_tables(struct exh_qcow_walk *w)
{
    const struct exh_qcow2 *q = w->q;
    uint64_t used = q->l1_entries * 8;
    if (!exh_qcow_walk_l1(w, q->l1_at, q->l1_entries, list_active, w))
        return false;
    for (uint32_t i = 0; i < q->snapshot_count && !w->cut; i++) {
        const struct exh_qcow_snapshot *s = &q->snapshots[i];
        used += 8ull * s->l1_entries;
        if (s->l1_entries > L1_BYTES_MAX / 8 || used / 2 > w->source->size)
            return cut_short(w, "overlap", EXH_FAILS, s->l1_at, "the L1 tables of the snapshots are larger than can be: not all are followed");
        if (!exh_qcow_walk_l1(w, s->l1_at, s->l1_entries, list_other, w))
            return false;
    }
    merge_tables(w);
    return true;
}

bool exh_qcow_walk_open(struct exh_qcow_walk *w, struct exh_error *err)
{
    w->table = malloc((size_t)16 << w->q->l2_bits);
    return w->table != NULL ? list_tables(w) : exh_nomem(err, "a table");
}

void exh_qcow_walk_close(struct exh_qcow_walk *w)
{
    free(w->table);
    free(w->tables);
    w->table = NULL;
    w->tables = NULL;
}

bool exh_qcow_walk_tables(struct exh_qcow_walk *w, bool active, exh_qcow_table_fn *table, void *context)
{
    size_t bytes = (size_t)exh_qcow_entry_bytes(w->q) << w->q->l2_bits;
    for (size_t i = 0; i < w->table_count; i++) {
        const struct exh_qcow_table *t = &w->tables[i];
        if ((t->active != 0) != active)
            continue;
        if (exh_inside(t->at, bytes, w->source->size) && !exh_source_read(w->source, t->at, w->table, bytes, w->err))
            return false;
        if (!table(context, t))
            return false;
    }
    return true;
}

/* ---- the other parts ---- */

uint64_t exh_qcow_whole(const struct exh_qcow_walk *w, uint64_t at, uint64_t bytes)
{
    uint64_t cluster = exh_qcow_cluster(w->q), inside = at % cluster, size = w->source->size;
    if (!exh_inside(at, bytes, size))
        return bytes;
    uint64_t whole = (inside + bytes + cluster - 1) / cluster * cluster - inside;
    return whole > size - at ? size - at : whole;
}

bool exh_qcow_walk_blocks(struct exh_qcow_walk *w, exh_qcow_entry_fn *block, void *context)
{
    uint8_t part[4096];
    const struct exh_qcow2 *q = w->q;
    uint64_t bytes = q->refcount_clusters * exh_qcow_cluster(q), size = w->source->size;
    bytes = bytes < COUNTS_BYTES_MAX ? bytes : COUNTS_BYTES_MAX;
    bytes = q->refcount_at >= size ? 0 : bytes < size - q->refcount_at ? bytes / 8 * 8 : (size - q->refcount_at) / 8 * 8;
    for (uint64_t i = 0; i < bytes; i += sizeof part) {
        size_t n = bytes - i < sizeof part ? (size_t)(bytes - i) : sizeof part;
        if (!exh_source_read(w->source, q->refcount_at + i, part, n, w->err))
            return false;
        for (size_t k = 0; k < n; k += 8)
            if (exh_be64(part + k) != 0 && !block(context, (i + k) / 8, exh_be64(part + k), q->refcount_at + i + k))
                return false;
    }
    return true;
}

struct blocks {
    const struct exh_qcow_walk *w;
    exh_qcow_part_fn *part;
    void *context;
};

static bool use_block(void *context, uint64_t index, uint64_t entry, uint64_t entry_at)
{
    const struct blocks *b = context;
    uint64_t at = entry & EXH_QCOW_OFFSET;
    (void)index;
    (void)entry_at;
    return at == 0 || b->part(b->context, at, exh_qcow_cluster(b->w->q), false, "a refcount block");
}

/* Of version 1: there the L1 table follows the header within the same sector, and what comes next begins with a cluster. */
bool exh_qcow_walk_first(struct exh_qcow_walk *w, exh_qcow_part_fn *part, void *context)
{
    const struct exh_qcow2 *q = w->q;
    uint64_t cluster = exh_qcow_cluster(q);
    struct blocks blocks = {w, part, context};
    if (!part(context, 0, q->version == 1 ? 512 : cluster, false, "the header"))
        return false;
    if (q->version > 1 &&
        (!part(context, q->refcount_at, q->refcount_clusters * cluster, false, "the refcount table") || !exh_qcow_walk_blocks(w, use_block, &blocks)))
        return false;
    return part(context, q->l1_at, exh_qcow_whole(w, q->l1_at, q->l1_entries * 8), q->version == 1, "the L1 table");
}

static bool walk_luks(struct exh_qcow_walk *w, exh_qcow_part_fn *part, void *context)
{
    struct exh_qcow_extension e;
    uint8_t where[16];
    bool found;
    if (!exh_qcow_extension_find(w, EXH_QCOW_LUKS, &e, &found))
        return false;
    if (!found || e.bytes < sizeof where)
        return true;
    return exh_source_read(w->source, e.at, where, sizeof where, w->err) &&
           part(context, exh_be64(where), exh_qcow_whole(w, exh_be64(where), exh_be64(where + 8)), false, "the encryption header");
}

bool exh_qcow_walk_rest(struct exh_qcow_walk *w, exh_qcow_part_fn *part, void *context)
{
    const struct exh_qcow2 *q = w->q;
    if (q->version == 1)
        return true;
    if (q->snapshot_count > 0 && !part(context, q->snapshots_at, exh_qcow_whole(w, q->snapshots_at, q->snapshots_bytes), true, "the snapshot table"))
        return false;
    for (uint32_t i = 0; i < q->snapshot_count && !w->cut; i++) {
        const struct exh_qcow_snapshot *s = &q->snapshots[i];
        if (!part(context, s->l1_at, exh_qcow_whole(w, s->l1_at, 8ull * s->l1_entries), true, "an L1 table"))
            return false;
    }
    return walk_luks(w, part, context) && exh_qcow_walk_bitmaps(w, part, context);
}
