/* qcow2_refcounts.c - are the reference counts of a QCOW file right ("Host cluster management", docs/interop/qcow2.txt)? See qcow2_walk.h.
 *
 * Nobody needs them to read, but who writes gives away what is counted as free: a count that is too low is how a cluster comes to be used twice, and
 * one that is too high is room that was lost, or data that nothing leads to any more. A window of the file's clusters is counted at a time, so memory
 * does not grow with the file; where nothing is used and nothing counted there is no window. */
#include "formats/disk/qcow2_walk.h"

#include <stdlib.h>

#include "formats/model/bytes.h"

#define WINDOW_CLUSTERS (1u << 23) /* two counts of two bytes for each */
#define WINDOWS_MAX 128u           /* 64 TiB of clusters of 64 KiB */
#define COUNT_MAX UINT16_MAX       /* and all above */

struct tally { /* clusters of one kind, and the first of them */
    uint64_t count, first;
    uint16_t stored, used; /* of the first */
};

struct counting {
    struct exh_qcow_walk *w;
    uint64_t clusters, begin, end, next; /* of the file; the window; the first of those behind it that is used or counted */
    uint64_t blocks_read;                /* bytes */
    uint16_t *used, *stored;             /* end - begin of them; more than fits is the greatest */
    bool behind_only;                    /* what is stored for clusters behind the file's end is asked for */
    uint64_t behind, in_use, shared;
    struct tally low, high, copied, not_copied, reserved, unaligned; /* first: of the last four, the offset of the entry */
};

static void count_one(struct tally *t, uint64_t first, uint16_t stored, uint16_t used)
{
    if (t->count++ == 0)
        *t = (struct tally){.count = 1, .first = first, .stored = stored, .used = used};
}

/* ---- uses ---- */

static void use(struct counting *c, uint64_t at, uint64_t bytes, uint32_t times)
{
    uint64_t bits = c->w->q->cluster_bits, first = at >> bits, end;
    if (bytes == 0 || times == 0 || first >= c->clusters)
        return;
    end = bytes > c->w->source->size - at ? c->clusters : ((at + bytes - 1) >> bits) + 1;
    if (end > c->end && c->next > (first > c->end ? first : c->end))
        c->next = first > c->end ? first : c->end;
    first = first > c->begin ? first : c->begin;
    end = end < c->end ? end : c->end;
    for (uint64_t i = first; i < end; i++) {
        uint16_t *n = &c->used[i - c->begin];
        *n = times > (uint32_t)(COUNT_MAX - *n) ? COUNT_MAX : (uint16_t)(*n + times);
    }
}

static bool use_part(void *context, uint64_t at, uint64_t bytes, bool shared, const char *role)
{
    (void)shared;
    (void)role;
    use(context, at, bytes, 1);
    return true;
}

/* What the entries of an L2 table use, as often as that table is used itself. */
static bool use_table(void *context, const struct exh_qcow_table *t)
{
    struct counting *c = context;
    const struct exh_qcow2 *q = c->w->q;
    uint64_t step = exh_qcow_entry_bytes(q), entries = 1ull << q->l2_bits, cluster = exh_qcow_cluster(q), at, bytes;
    uint32_t times = t->active + t->others;
    use(c, t->at, entries * step, times);
    for (uint64_t i = 0; exh_inside(t->at, entries * step, c->w->source->size) && i < entries; i++) {
        uint64_t entry = exh_be64(c->w->table + i * step);
        if (entry == 0)
            continue;
        if (exh_qcow_entry_packed(q, entry)) {
            exh_qcow_packed(q, entry, &at, &bytes);
            use(c, at, bytes, times);
        } else if (q->data_file == 0 && (entry & EXH_QCOW_OFFSET) != 0) {
            use(c, entry & EXH_QCOW_OFFSET, cluster, times);
        }
    }
    return true;
}

/* ---- what is stored ---- */

/* Count `i` of a block: big-endian; those of less than a byte from the lowest bit up. */
static uint64_t stored_at(const uint8_t *bytes, uint64_t i, uint32_t order)
{
    switch (order) {
    case 6: return exh_be64(bytes + i * 8);
    case 5: return exh_be32(bytes + i * 4);
    case 4: return exh_be16(bytes + i * 2);
    case 3: return bytes[i];
    default: return (uint32_t)bytes[i >> (3 - order)] >> ((i << order) % 8) & ((1u << (1u << order)) - 1);
    }
}

/* The counts from cluster `first` up to `end`, which lie in the block at `block_at` from its count `index` on. */
static bool take_counts(struct counting *c, uint64_t block_at, uint64_t index, uint64_t first, uint64_t end)
{
    uint8_t part[4096];
    uint32_t order = c->w->q->refcount_order;
    uint64_t at_once = sizeof part * 8 >> order;
    while (first < end) {
        uint64_t skip = index % at_once, n = at_once - skip < end - first ? at_once - skip : end - first;
        uint64_t from = ((index - skip) << order) / 8, bytes = (((skip + n) << order) + 7) / 8;
        if (!exh_source_read(c->w->source, block_at + from, part, (size_t)bytes, c->w->err))
            return false;
        c->blocks_read += bytes;
        for (uint64_t i = 0; i < n; i++) {
            uint64_t count = stored_at(part, skip + i, order);
            if (c->behind_only)
                c->behind += count != 0;
            else
                c->stored[first + i - c->begin] = count > COUNT_MAX ? COUNT_MAX : (uint16_t)count;
        }
        index += n;
        first += n;
    }
    return true;
}

static bool take_block(void *context, uint64_t index, uint64_t entry, uint64_t entry_at)
{
    struct counting *c = context;
    uint64_t cluster = exh_qcow_cluster(c->w->q), at = entry & EXH_QCOW_OFFSET, size = c->w->source->size;
    uint64_t each = cluster * 8 >> c->w->q->refcount_order, first = index * each, end = first + each;
    bool opening = c->begin == 0 && !c->behind_only;
    if (opening && entry != at)
        count_one(&c->reserved, entry_at, 0, 0);
    if (opening && at % cluster != 0)
        count_one(&c->unaligned, entry_at, 0, 0);
    if (at == 0 || at % cluster != 0 || !exh_inside(at, cluster, size))
        return true; /* told here, or where the parts are */
    if (end > c->end && c->next > (first > c->end ? first : c->end))
        c->next = first > c->end ? first : c->end;
    uint64_t from = c->behind_only ? c->clusters : c->begin, to = c->behind_only ? UINT64_MAX : c->end;
    from = from > first ? from : first;
    to = to < end ? to : end;
    if (from >= to || c->blocks_read / 2 > size) /* blocks that lie on one another could ask for any amount of work */
        return true;
    return take_counts(c, at, from - first, from, to);
}

/* ---- the flags that repeat the counts ---- */

/* "Its count is exactly one", said of the cluster at `at` by an entry of the current state. */
static void judge_copied(struct counting *c, uint64_t entry, uint64_t at, uint64_t entry_at)
{
    uint64_t cluster = at >> c->w->q->cluster_bits;
    bool copied = (entry & EXH_QCOW_COPIED) != 0;
    if (cluster < c->begin || cluster >= c->end || at % exh_qcow_cluster(c->w->q) != 0)
        return;
    uint16_t stored = c->stored[cluster - c->begin];
    if (copied != (stored == 1))
        count_one(copied ? &c->copied : &c->not_copied, entry_at, stored, 1);
}

static bool judge_l1(void *context, uint64_t index, uint64_t entry, uint64_t entry_at)
{
    (void)index;
    if ((entry & EXH_QCOW_OFFSET) != 0)
        judge_copied(context, entry, entry & EXH_QCOW_OFFSET, entry_at);
    return true;
}

static bool judge_table(void *context, const struct exh_qcow_table *t)
{
    struct counting *c = context;
    const struct exh_qcow2 *q = c->w->q;
    uint64_t step = exh_qcow_entry_bytes(q), entries = 1ull << q->l2_bits;
    for (uint64_t i = 0; exh_inside(t->at, entries * step, c->w->source->size) && i < entries; i++) {
        uint64_t entry = exh_be64(c->w->table + i * step);
        if ((entry & EXH_QCOW_OFFSET) != 0 && !exh_qcow_entry_packed(q, entry))
            judge_copied(c, entry, entry & EXH_QCOW_OFFSET, t->at + i * step);
    }
    return true;
}

/* ---- a window ---- */

static bool fill_window(struct counting *c)
{
    struct exh_qcow_walk *w = c->w;
    return exh_qcow_walk_first(w, use_part, c) && exh_qcow_walk_rest(w, use_part, c) && exh_qcow_walk_tables(w, true, use_table, c) &&
           exh_qcow_walk_tables(w, false, use_table, c) && exh_qcow_walk_blocks(w, take_block, c) &&
           exh_qcow_walk_l1(w, w->q->l1_at, w->q->l1_entries, judge_l1, c) && (w->q->data_file != 0 || exh_qcow_walk_tables(w, true, judge_table, c));
}

static void compare_window(struct counting *c)
{
    for (uint64_t i = 0; i < c->end - c->begin; i++) {
        uint16_t used = c->used[i], stored = c->stored[i];
        c->in_use += used != 0;
        c->shared += used > 1;
        if (stored != used)
            count_one(stored < used ? &c->low : &c->high, (c->begin + i) << c->w->q->cluster_bits, stored, used);
    }
}

/* *whole: every cluster was looked at. */
static bool walk_windows(struct counting *c, bool *whole)
{
    uint64_t most = c->clusters < WINDOW_CLUSTERS ? c->clusters : WINDOW_CLUSTERS;
    unsigned windows = 0;
    for (uint64_t begin = 0; begin < c->clusters && windows < WINDOWS_MAX; begin = c->next, windows++) {
        c->begin = begin;
        c->end = c->clusters - begin < most ? c->clusters : begin + most;
        c->next = c->clusters;
        memset(c->used, 0, (size_t)most * sizeof *c->used);
        memset(c->stored, 0, (size_t)most * sizeof *c->stored);
        if (!fill_window(c))
            return false;
        compare_window(c);
        c->blocks_read = 0;
    }
    *whole = c->next >= c->clusters;
    c->behind_only = true;
    return exh_qcow_walk_blocks(c->w, take_block, c);
}

/* ---- what came of it ---- */

static bool tell_counts(const struct counting *c)
{
    const struct exh_qcow_walk *w = c->w;
    bool dirty = (w->q->incompatible & 1) != 0; /* then they are known to be behind what was written */
    enum exh_outcome bad = dirty ? EXH_WARNS : EXH_FAILS;
    bool ok = c->low.count == 0 ||
              exh_inspection_remark(w->in, "refcount", bad, w->file, c->low.first, w->err,
                                    "%llu clusters are used more often than their reference count says, the first at %llu: used %u times, counted %u",
                                    (unsigned long long)c->low.count, (unsigned long long)c->low.first, c->low.used, c->low.stored);
    ok = ok && (c->high.count == 0 ||
                exh_inspection_remark(w->in, "leak", EXH_WARNS, w->file, c->high.first, w->err,
                                      "%llu clusters leak: their reference count is higher than their uses; the first at %llu: used %u times, "
                                      "counted %u",
                                      (unsigned long long)c->high.count, (unsigned long long)c->high.first, c->high.used, c->high.stored));
    ok = ok && (c->behind == 0 || exh_inspection_remark(w->in, "behind-file", EXH_WARNS, w->file, w->source->size, w->err,
                                                        "%llu clusters behind the file's end are counted as used", (unsigned long long)c->behind));
    ok = ok && (c->copied.count == 0 ||
                exh_inspection_remark(w->in, "copied-flag", bad, w->file, c->copied.first, w->err,
                                      "%llu entries say that their cluster is used once, and its reference count is another; the first at %llu: %u",
                                      (unsigned long long)c->copied.count, (unsigned long long)c->copied.first, c->copied.stored));
    return ok && (c->not_copied.count == 0 ||
                  exh_inspection_remark(w->in, "copied-flag", EXH_WARNS, w->file, c->not_copied.first, w->err,
                                        "%llu entries do not say that their cluster is used once, as its reference count does; the first at %llu",
                                        (unsigned long long)c->not_copied.count, (unsigned long long)c->not_copied.first));
}

static bool tell_table(const struct counting *c)
{
    const struct exh_qcow_walk *w = c->w;
    return (c->reserved.count == 0 || exh_inspection_remark(w->in, "reserved-bits", EXH_FAILS, w->file, c->reserved.first, w->err,
                                                            "%llu entries of the refcount table have reserved bits set, the first at %llu",
                                                            (unsigned long long)c->reserved.count, (unsigned long long)c->reserved.first)) &&
           (c->unaligned.count == 0 || exh_inspection_remark(w->in, "alignment", EXH_FAILS, w->file, c->unaligned.first, w->err,
                                                             "%llu refcount blocks lie where no cluster begins, the first by the entry at %llu",
                                                             (unsigned long long)c->unaligned.count, (unsigned long long)c->unaligned.first));
}

static bool check(struct counting *c)
{
    const struct exh_qcow_walk *w = c->w;
    bool whole = true;
    return walk_windows(c, &whole) && tell_counts(c) && tell_table(c) &&
           (whole || exh_inspection_remark(w->in, "refcount", EXH_WARNS, w->file, c->next << w->q->cluster_bits, w->err,
                                           "the file has more clusters than are counted: the reference counts from %llu on are not checked",
                                           (unsigned long long)c->next << w->q->cluster_bits)) &&
           exh_inspection_fact(w->in, w->file, w->q->refcount_at, "reference counts", w->err, "%u bits; %llu clusters in use, %llu more than once",
                               1u << w->q->refcount_order, (unsigned long long)c->in_use, (unsigned long long)c->shared);
}

bool exh_qcow_check_refcounts(struct exh_qcow_walk *w)
{
    const struct exh_qcow2 *q = w->q;
    if (q->version == 1 || q->refcount_order > 6 || w->cut)
        return true; /* there are none, or that is told */
    struct counting c = {.w = w, .clusters = (w->source->size + exh_qcow_cluster(q) - 1) >> q->cluster_bits};
    size_t most = (size_t)(c.clusters < WINDOW_CLUSTERS ? c.clusters : WINDOW_CLUSTERS);
    c.used = malloc(most * sizeof *c.used);
    c.stored = malloc(most * sizeof *c.stored);
    bool ok = c.used != NULL && c.stored != NULL ? check(&c) : exh_nomem(w->err, "reference counts");
    free(c.used);
    free(c.stored);
    return ok;
}
