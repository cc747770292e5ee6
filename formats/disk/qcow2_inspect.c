/* qcow2_inspect.c - what a QCOW image says of itself, and whether its tables use every cluster once. See qcow2.h. */
#include "formats/disk/qcow2.h"

#include "formats/disk/file_space.h"
#include "formats/model/bytes.h"

#define DIRTY 1u
#define CORRUPT 2u

struct walk {
    struct exh_qcow2 *q;
    struct exh_file_space *space, *data; /* data: of the external data file; the same as space when there is none */
    struct exh_inspection *in;
    struct exh_error *err;
    uint64_t stored, packed, zero;
    uint8_t *table; /* room for one L2 table */
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
    for (uint32_t i = 0; ok && i < q->snapshot_count; i++)
        ok = exh_inspection_fact(in, file, q->snapshots_at, "snapshot", err, "%.60s '%.120s', %u s after 1970", q->snapshots[i].id,
                                 q->snapshots[i].name, q->snapshots[i].seconds);
    if (ok && (q->incompatible & DIRTY) != 0)
        ok = exh_inspection_remark(in, "dirty", EXH_WARNS, file, 72, err,
                                   "the image was not closed: its reference counts may be wrong, its data are not");
    if (ok && (q->incompatible & CORRUPT) != 0)
        ok = exh_inspection_remark(in, "corrupt", EXH_FAILS, file, 72, err, "the image is marked corrupt by the program that wrote it");
    return ok;
}

/* Whoever packs takes clusters and fills them as far as it goes: what is left free in them is nobody's, and no wonder. */
static bool take_packed(struct walk *w, uint64_t entry)
{
    const struct exh_qcow2 *q = w->q;
    uint64_t offset, bytes, cluster = 1ull << q->cluster_bits, size = q->disk.sources[0]->size;
    exh_qcow_packed(q, entry, &offset, &bytes);
    if (exh_inside(offset, bytes, size)) {
        uint64_t end = (offset + bytes + cluster - 1) / cluster * cluster;
        offset = q->version == 1 ? offset : offset / cluster * cluster;
        bytes = (end < size ? end : size) - offset;
    }
    return exh_file_space_share(w->space, offset, bytes, w->in, w->err, "a packed cluster");
}

/* Clusters of the current state must be used once; those of snapshots are shared on purpose. */
static bool take_entry(struct walk *w, uint64_t entry, bool shared)
{
    struct exh_qcow2 *q = w->q;
    uint64_t offset = q->version == 1 ? entry : entry & EXH_QCOW_OFFSET, bytes;
    bool packed = q->version == 1 ? entry >> 63 != 0 : (entry & EXH_QCOW_COMPRESSED) != 0;
    if (packed) {
        w->packed += !shared;
        return take_packed(w, entry);
    }
    w->zero += !shared && q->version == 3 && !q->extended && (entry & EXH_QCOW_ZERO) != 0;
    if (offset == 0)
        return true;
    w->stored += !shared;
    bytes = 1ull << q->cluster_bits;
    uint64_t size = q->disk.sources[q->data_file]->size;
    if (q->extended && offset < size && bytes > size - offset)
        bytes = size - offset; /* of its subclusters only those up to the last stored one need be there */
    return shared ? exh_file_space_share(w->data, offset, bytes, w->in, w->err, "a snapshot's cluster")
                  : exh_file_space_take(w->data, offset, bytes, w->in, w->err, "a cluster");
}

static bool walk_l2(struct walk *w, uint64_t at, bool shared)
{
    struct exh_qcow2 *q = w->q;
    uint64_t entries = 1ull << q->l2_bits, bytes = entries * exh_qcow_entry_bytes(q);
    if (!(shared ? exh_file_space_share(w->space, at, bytes, w->in, w->err, "a snapshot's L2 table")
                 : exh_file_space_take(w->space, at, bytes, w->in, w->err, "an L2 table")))
        return false;
    if (!exh_inside(at, bytes, q->disk.sources[0]->size))
        return true; /* told */
    if (!exh_source_read(q->disk.sources[0], at, w->table, (size_t)bytes, w->err))
        return false;
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t entry = exh_be64(w->table + i * exh_qcow_entry_bytes(q));
        if (entry != 0 && !take_entry(w, entry, shared))
            return false;
    }
    return true;
}

static bool walk_l1(struct walk *w, uint64_t l1_at, uint64_t entries, bool shared)
{
    uint8_t part[4096];
    uint64_t cluster = 1ull << w->q->cluster_bits, bytes = entries * 8;
    bool first_version = w->q->version == 1; /* there it follows the header within the same sector, and what comes next begins with a cluster */
    bytes = (l1_at % cluster + bytes + cluster - 1) / cluster * cluster - l1_at % cluster;
    uint64_t size = w->q->disk.sources[0]->size;
    bytes = l1_at < size && bytes > size - l1_at ? size - l1_at : bytes;
    if (!(shared || first_version ? exh_file_space_share(w->space, l1_at, bytes, w->in, w->err, "an L1 table")
                                  : exh_file_space_take(w->space, l1_at, bytes, w->in, w->err, "the L1 table")))
        return false;
    if (!exh_inside(l1_at, entries * 8, w->q->disk.sources[0]->size))
        return true; /* told */
    for (uint64_t i = 0; i < entries; i += sizeof part / 8) {
        uint64_t n = entries - i < sizeof part / 8 ? entries - i : sizeof part / 8;
        if (!exh_source_read(w->q->disk.sources[0], l1_at + i * 8, part, (size_t)n * 8, w->err))
            return false;
        for (uint64_t k = 0; k < n; k++) {
            uint64_t at = w->q->version == 1 ? exh_be64(part + k * 8) : exh_be64(part + k * 8) & EXH_QCOW_OFFSET;
            if (at != 0 && !walk_l2(w, at, shared))
                return false;
        }
    }
    return true;
}

/* The reference counts are not needed to read, and not checked; where they lie must not be used by anything else. */
static bool take_refcounts(struct walk *w)
{
    const struct exh_qcow2 *q = w->q;
    uint64_t cluster = 1ull << q->cluster_bits, bytes = q->refcount_clusters * cluster;
    if (q->version == 1)
        return true;
    if (!exh_file_space_take(w->space, q->refcount_at, bytes, w->in, w->err, "the refcount table"))
        return false;
    for (uint64_t at = q->refcount_at; exh_inside(at, 8, q->disk.sources[0]->size) && at < q->refcount_at + bytes; at += 8) {
        uint8_t e[8];
        if (!exh_source_read(q->disk.sources[0], at, e, sizeof e, w->err))
            return false;
        uint64_t block = exh_be64(e) & EXH_QCOW_OFFSET;
        if (block != 0 && !exh_file_space_take(w->space, block, cluster, w->in, w->err, "a refcount block"))
            return false;
    }
    return true;
}

/* It lies in clusters of its own, which it need not fill. */
static bool take_snapshot_table(struct walk *w)
{
    const struct exh_qcow2 *q = w->q;
    uint64_t cluster = 1ull << q->cluster_bits, size = q->disk.sources[0]->size;
    uint64_t bytes = (q->snapshots_bytes + cluster - 1) / cluster * cluster;
    if (q->snapshots_at < size && bytes > size - q->snapshots_at)
        bytes = size - q->snapshots_at;
    return exh_file_space_share(w->space, q->snapshots_at, bytes, w->in, w->err, "the snapshot table");
}

static bool walk_all(struct walk *w)
{
    const struct exh_qcow2 *q = w->q;
    if (!exh_file_space_take(w->space, 0, q->version == 1 ? 512 : 1ull << q->cluster_bits, w->in, w->err, "the header") || !take_refcounts(w) ||
        !walk_l1(w, q->l1_at, q->l1_entries, false))
        return false;
    if (q->snapshot_count > 0 && !take_snapshot_table(w))
        return false;
    for (uint32_t i = 0; i < q->snapshot_count; i++)
        if (!walk_l1(w, q->snapshots[i].l1_at, q->snapshots[i].l1_entries, true))
            return false;
    return exh_file_space_finish(w->space, w->in, w->err);
}

bool exh_qcow2_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err)
{
    struct exh_qcow2 *q = (struct exh_qcow2 *)disk;
    struct walk w = {.q = q, .in = in, .err = err};
    w.space = exh_file_space_new(disk->files.items[0], disk->sources[0]->size, 512, err);
    w.data = q->data_file != 0 ? exh_file_space_new(disk->files.items[q->data_file], disk->sources[q->data_file]->size, 512, err) : w.space;
    w.table = malloc((size_t)16 << q->l2_bits);
    bool ok = w.space != NULL && w.data != NULL && (w.table != NULL || exh_nomem(err, "a table")) && tell_facts(q, in, err) && walk_all(&w) &&
              exh_inspection_fact(in, disk->files.items[0], EXH_NO_OFFSET, "stored", err, "%llu clusters, %llu packed, %llu zeros",
                                  (unsigned long long)w.stored, (unsigned long long)w.packed, (unsigned long long)w.zero);
    if (w.data != w.space)
        exh_file_space_close(w.data);
    exh_file_space_close(w.space);
    free(w.table);
    return ok;
}
