/* qcow2_inspect.c - what a QCOW image says of itself, and whether its tables use every cluster once. See qcow2.h. */
#include "formats/disk/file_space.h"
#include "formats/disk/qcow2_walk.h"
#include "formats/model/bytes.h"

/* Bits that say nothing: of an L1 entry, of an L2 entry (bit 0 is "zeros" in version 3 only, and not with subclusters). */
#define L1_RESERVED 0x7F000000000001FFull
#define L2_RESERVED 0x3F000000000001FEull

struct odd { /* entries of L1 and L2 tables that have something in common, and the first of them */
    uint64_t count, first;
};

struct inspection {
    struct exh_qcow_walk walk;
    struct exh_file_space *space, *data; /* data: of the external data file; the same as space when there is none */
    uint64_t stored, packed, zero;
    struct odd reserved, unaligned, behind, contrary;
};

static bool tell_facts(const struct exh_qcow2 *q, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = q->disk.files.items[0];
    bool ok = exh_inspection_fact(in, file, 4, "version", err, "%u", q->version) &&
              exh_inspection_fact(in, file, 20, "clusters", err, "%u bytes%s, packed by %s", 1u << q->cluster_bits,
                                  q->extended ? " in 32 subclusters" : "", exh_codec_name(q->codec));
    if (ok && q->backing[0] != '\0')
        ok = exh_inspection_fact(in, file, q->backing_at, "backing file", err, "%.200s (%s)", q->backing,
                                 q->backing_format[0] != '\0' ? q->backing_format : "format not said");
    if (ok && q->data_file != 0)
        ok = exh_inspection_fact(in, file, EXH_NO_OFFSET, "data file", err, "%.200s", q->data_name);
    ok = ok && exh_qcow2_inspect_crypt(q, in, err);
    for (uint32_t i = 0; ok && i < q->snapshot_count; i++)
        ok = exh_inspection_fact(in, file, q->snapshots_at, "snapshot", err, "%.60s '%.120s', %u s after 1970", q->snapshots[i].id,
                                 q->snapshots[i].name, q->snapshots[i].seconds);
    return ok;
}

/* ---- entries ---- */

static void note(struct odd *odd, uint64_t at)
{
    if (odd->count++ == 0)
        odd->first = at;
}

/* Whoever packs takes clusters and fills them as far as it goes: what is left free in them is nobody's, and no wonder. */
static bool take_packed(struct inspection *s, uint64_t entry)
{
    const struct exh_qcow2 *q = s->walk.q;
    uint64_t offset, bytes, cluster = exh_qcow_cluster(q), size = s->walk.source->size;
    exh_qcow_packed(q, entry, &offset, &bytes);
    if (exh_inside(offset, bytes, size)) {
        uint64_t end = (offset + bytes + cluster - 1) / cluster * cluster;
        offset = q->version == 1 ? offset : offset / cluster * cluster;
        bytes = (end < size ? end : size) - offset;
    }
    return exh_file_space_share(s->space, offset, bytes, s->walk.in, s->walk.err, "a packed cluster");
}

/* Clusters of the current state must be used once; those of snapshots are shared on purpose. */
static bool take_entry(struct inspection *s, uint64_t entry, bool shared)
{
    const struct exh_qcow2 *q = s->walk.q;
    uint64_t offset = exh_qcow_entry_offset(q, entry), bytes = exh_qcow_cluster(q), size = q->disk.sources[q->data_file]->size;
    if (exh_qcow_entry_packed(q, entry)) {
        s->packed += !shared;
        return take_packed(s, entry);
    }
    s->zero += !shared && q->version == 3 && !q->extended && (entry & EXH_QCOW_ZERO) != 0;
    if (offset == 0)
        return true;
    s->stored += !shared;
    if (q->extended && offset < size && bytes > size - offset)
        bytes = size - offset; /* of its subclusters only those up to the last stored one need be there */
    return shared ? exh_file_space_share(s->data, offset, bytes, s->walk.in, s->walk.err, "a snapshot's cluster")
                  : exh_file_space_take(s->data, offset, bytes, s->walk.in, s->walk.err, "a cluster");
}

/* What an entry must not say, whatever the disk is by the others. */
static void judge_entry(struct inspection *s, uint64_t entry, uint64_t bits, uint64_t at)
{
    const struct exh_qcow2 *q = s->walk.q;
    uint64_t offset = entry & EXH_QCOW_OFFSET, reserved = q->version == 2 || q->extended ? L2_RESERVED | 1 : L2_RESERVED;
    if (q->version == 1)
        return;
    if (exh_qcow_entry_packed(q, entry)) {
        if ((entry & EXH_QCOW_COPIED) != 0 || bits != 0)
            note(&s->contrary, at);
        return;
    }
    if ((entry & reserved) != 0)
        note(&s->reserved, at);
    if (offset % exh_qcow_cluster(q) != 0)
        note(&s->unaligned, at);
    if ((bits & bits >> 32 & UINT32_MAX) != 0 || (offset == 0 && (uint32_t)bits != 0 && q->data_file == 0) ||
        (offset == 0 && q->data_file == 0 && (entry & EXH_QCOW_COPIED) != 0))
        note(&s->contrary, at);
}

static bool judge_l1(void *context, uint64_t index, uint64_t entry, uint64_t entry_at)
{
    struct inspection *s = context;
    (void)index;
    if (s->walk.q->version > 1 && (entry & L1_RESERVED) != 0)
        note(&s->reserved, entry_at);
    if (s->walk.q->version > 1 && (entry & EXH_QCOW_OFFSET) % exh_qcow_cluster(s->walk.q) != 0)
        note(&s->unaligned, entry_at);
    return true;
}

/* ---- parts ---- */

static bool take_part(void *context, uint64_t at, uint64_t bytes, bool shared, const char *role)
{
    struct inspection *s = context;
    return shared ? exh_file_space_share(s->space, at, bytes, s->walk.in, s->walk.err, "%s", role)
                  : exh_file_space_take(s->space, at, bytes, s->walk.in, s->walk.err, "%s", role);
}

/* As often as the current L1 table points at it, which is once. */
static bool take_table(void *context, const struct exh_qcow_table *t)
{
    struct inspection *s = context;
    const struct exh_qcow2 *q = s->walk.q;
    uint64_t step = exh_qcow_entry_bytes(q), entries = 1ull << q->l2_bits;
    uint64_t clusters = q->current_bytes / exh_qcow_cluster(q) + (q->current_bytes % exh_qcow_cluster(q) != 0);
    bool shared = t->active == 0, there = exh_inside(t->at, entries * step, s->walk.source->size);
    for (uint32_t i = 0; i < t->active && i < 2; i++)
        if (!take_part(s, t->at, entries * step, false, "an L2 table"))
            return false;
    if (shared && !take_part(s, t->at, entries * step, true, "a snapshot's L2 table"))
        return false;
    for (uint64_t i = 0; there && i < entries; i++) {
        uint64_t at = t->at + i * step, entry = exh_be64(s->walk.table + i * step), bits = q->extended ? exh_be64(s->walk.table + i * step + 8) : 0;
        if (entry == 0 && bits == 0)
            continue;
        judge_entry(s, entry, bits, at);
        if (!shared && exh_qcow_entry_offset(q, entry) != 0 && ((uint64_t)t->index << q->l2_bits) + i >= clusters)
            note(&s->behind, at);
        if (!take_entry(s, entry, shared))
            return false;
    }
    return true;
}

static bool tell_odd(const struct inspection *s, const struct odd *odd, const char *check, enum exh_outcome outcome, const char *what)
{
    return odd->count == 0 || exh_inspection_remark(s->walk.in, check, outcome, s->walk.file, odd->first, s->walk.err,
                                                    "%llu entries of L1 and L2 tables %s; the first is at %llu", (unsigned long long)odd->count, what,
                                                    (unsigned long long)odd->first);
}

static bool tell_entries(const struct inspection *s)
{
    return tell_odd(s, &s->reserved, "reserved-bits", EXH_FAILS, "have reserved bits set") &&
           tell_odd(s, &s->unaligned, "alignment", EXH_FAILS, "point at where no cluster begins") &&
           tell_odd(s, &s->contrary, "table", EXH_FAILS, "contradict themselves") &&
           tell_odd(s, &s->behind, "behind-disk", EXH_WARNS, "keep clusters behind the end of the disk, which nobody reads") &&
           exh_inspection_fact(s->walk.in, s->walk.file, EXH_NO_OFFSET, "stored", s->walk.err, "%llu clusters, %llu packed, %llu zeros",
                               (unsigned long long)s->stored, (unsigned long long)s->packed, (unsigned long long)s->zero);
}

static bool inspect_all(struct inspection *s, struct exh_error *err)
{
    struct exh_qcow_walk *w = &s->walk;
    if (!tell_facts(w->q, w->in, err) || !exh_qcow_judge_header(w) || !exh_qcow_walk_open(w, err) ||
        !exh_qcow_walk_l1(w, w->q->l1_at, w->q->l1_entries, judge_l1, s) || !exh_qcow_walk_first(w, take_part, s) ||
        !exh_qcow_walk_tables(w, true, take_table, s) || !exh_qcow_walk_rest(w, take_part, s) || !exh_qcow_walk_tables(w, false, take_table, s))
        return false;
    w->told = true;
    return exh_qcow_check_refcounts(w) && (w->cut || exh_file_space_finish(s->space, w->in, err)) && tell_entries(s);
}

bool exh_qcow2_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    struct exh_qcow2 *q = (struct exh_qcow2 *)disk;
    struct inspection s = {.walk = {.q = q, .source = disk->sources[0], .file = disk->files.items[0], .in = in, .err = err}};
    s.space = exh_file_space_new(disk->files.items[0], disk->sources[0]->size, 512, err);
    s.data = q->data_file != 0 ? exh_file_space_new(disk->files.items[q->data_file], disk->sources[q->data_file]->size, 512, err) : s.space;
    bool ok = s.space != NULL && s.data != NULL && inspect_all(&s, err);
    if (s.data != s.space)
        exh_file_space_close(s.data);
    exh_file_space_close(s.space);
    exh_qcow_walk_close(&s.walk);
    return ok;
}
