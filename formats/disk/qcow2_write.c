/* qcow2_write.c - writes QCOW2 version 3: clusters of 64 KiB, those of zeros left out, packed ones byte-tight. See qcow2.h.
 *
 * The file grows in the order of the disk and nothing is read back: header, refcount table and L1 table have their places at the start; the L2 table
 * of 512 MiB of disk follows the clusters it leads to; and the first cluster of every 2 GiB of file is kept for the block that counts the references
 * of these 2 GiB, which are complete when the file has grown past them. So one L2 table and one refcount block are in memory at a time.
 *
 * --compress fast packs by deflate, which every qemu, libqcow and 7-Zip read; best packs by zstd, which qemu reads since 5.1 and the others do not.
 */
#include "formats/container/staged_file.h"
#include "formats/disk/one_disk.h"
#include "formats/disk/qcow2.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define CLUSTER_BITS 16u
#define CLUSTER (1u << CLUSTER_BITS)
#define L2_ENTRIES (CLUSTER / 8)
#define COUNTS_PER_BLOCK (CLUSTER / 2) /* refcounts of 16 bits */
#define COPIED (1ull << 63)            /* exactly one reference */
#define HEADER_BYTES 112u
#define L1_ENTRIES_MAX ((31u << 20) / 8) /* qemu takes 32 MiB of it, and 8 MiB of the refcount table, which is full a little earlier */
#define REFCOUNT_OF_FIRST 1u             /* where block 0 lies: cluster 0 is the header's */
#define PACKED_SECTORS_SHIFT (62 - (CLUSTER_BITS - 8))

struct qcow2_sink {
    struct exh_sink sink;
    struct exh_staged_file *file;
    enum exh_codec codec;
    int level; /* 0: nothing is packed */
    uint32_t main_bytes;
    int64_t first;
    uint64_t disk_bytes, clusters, next;      /* next: the cluster of the disk that comes next */
    uint64_t l1_at, l1_entries, refcounts_at; /* refcounts_at: the table of refcount blocks */
    uint64_t refcount_table_clusters;
    uint64_t free_cluster;        /* of the file: the first that holds nothing */
    uint64_t pack_at, pack_end;   /* where packed bytes go on, within clusters that are taken already */
    uint64_t range;               /* `counts` are those of the file's range of so many 2 GiB */
    uint8_t *counts, *l2, *blank; /* a cluster each */
    bool l2_used;
};

/* What work() makes of each cluster of a block; the packed bytes follow the array. */
struct packed {
    uint32_t offset, bytes; /* bytes 0: stored as it is */
    bool zero;
};

struct pack_scratch {
    struct exh_scratch scratch;
    struct exh_packer *packer;
    uint8_t *whole; /* the disk's last cluster, filled up with zeros */
};

static struct qcow2_sink *sink_of(struct exh_consumer *consumer) { return (struct qcow2_sink *)(void *)consumer; }
static const struct qcow2_sink *const_sink_of(const struct exh_consumer *consumer) { return (const struct qcow2_sink *)(const void *)consumer; }

/* ---- packing, on any thread ---- */

static size_t clusters_of(size_t bytes) { return bytes / CLUSTER + (bytes % CLUSTER != 0); }

static size_t result_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    size_t n = clusters_of((size_t)sectors * main_bytes);
    return n * (sizeof(struct packed) + (const_sink_of(consumer)->level != 0 ? CLUSTER : 0));
}

static void scratch_close(struct exh_scratch *scratch)
{
    struct pack_scratch *s = (struct pack_scratch *)scratch;
    exh_packer_close(s->packer);
    free(s->whole);
    free(s);
}

static struct exh_scratch *scratch_new(const struct exh_consumer *consumer)
{
    const struct qcow2_sink *q = const_sink_of(consumer);
    struct pack_scratch *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->scratch.close = scratch_close;
    s->whole = calloc(1, CLUSTER);
    s->packer = q->level != 0 ? exh_packer_new(q->codec, q->level) : NULL;
    if (s->whole != NULL && (s->packer != NULL || q->level == 0))
        return &s->scratch;
    scratch_close(&s->scratch);
    return NULL;
}

static bool pack_block(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                       struct exh_error *err)
{
    (void)consumer;
    (void)err;
    struct pack_scratch *s = (struct pack_scratch *)scratch;
    size_t bytes = (size_t)exh_block_bytes(block), n = clusters_of(bytes);
    struct packed *packed = result;
    uint8_t *out = (uint8_t *)(packed + n);
    uint32_t used = 0;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *data = block->main + i * CLUSTER;
        size_t length = bytes - i * CLUSTER < CLUSTER ? bytes - i * CLUSTER : CLUSTER;
        packed[i] = (struct packed){.offset = used, .zero = block->kind != EXH_BLOCK_DATA || exh_all_zero(data, length)};
        if (packed[i].zero || s->packer == NULL)
            continue;
        if (length < CLUSTER) { /* a packed cluster makes a whole one, whatever the disk's size */
            memcpy(s->whole, data, length);
            memset(s->whole + length, 0, CLUSTER - length);
            data = s->whole;
        }
        packed[i].bytes = (uint32_t)exh_pack(s->packer, data, CLUSTER, out + used, CLUSTER - 512); /* a sector less, or it is not worth it */
        used += packed[i].bytes;
    }
    return true;
}

/* ---- the file's clusters and their reference counts ---- */

static uint64_t place_of_counts(uint64_t range) { return range == 0 ? REFCOUNT_OF_FIRST : range * COUNTS_PER_BLOCK; }

/* The counts of the current 2 GiB are complete, and so is the entry that leads to them. */
static bool write_counts(struct qcow2_sink *q, struct exh_error *err)
{
    uint64_t at = place_of_counts(q->range) * CLUSTER;
    uint8_t entry[8];
    exh_put_be64(entry, at);
    return exh_staged_file_write(q->file, at, q->counts, CLUSTER, err) &&
           exh_staged_file_write(q->file, q->refcounts_at + q->range * 8, entry, sizeof entry, err);
}

static void count(struct qcow2_sink *q, uint64_t cluster)
{
    uint8_t *c = q->counts + cluster % COUNTS_PER_BLOCK * 2;
    exh_put_be16(c, (uint16_t)(exh_be16(c) + 1));
}

/* The next cluster of the file, without a reference yet. */
static bool take_cluster(struct qcow2_sink *q, uint64_t *out, struct exh_error *err)
{
    if (q->free_cluster % COUNTS_PER_BLOCK == 0) {
        if (!write_counts(q, err))
            return false;
        memset(q->counts, 0, CLUSTER);
        q->range = q->free_cluster / COUNTS_PER_BLOCK;
        count(q, q->free_cluster++);
        q->pack_at = q->pack_end = 0; /* what room was left there is not used: its count is written */
    }
    *out = q->free_cluster++;
    return true;
}

static bool put_whole(struct qcow2_sink *q, const uint8_t *data, size_t length, uint64_t *at, struct exh_error *err)
{
    uint64_t cluster;
    if (!take_cluster(q, &cluster, err))
        return false;
    count(q, cluster);
    *at = cluster * CLUSTER;
    return exh_staged_file_write(q->file, *at, data, length, err) &&
           (length == CLUSTER || exh_staged_file_write(q->file, *at + length, q->blank, CLUSTER - length, err));
}

/* Room for packed bytes right behind the last ones. They may run on into the next cluster, when that is the next one of the file, too. */
static bool take_room(struct qcow2_sink *q, uint32_t bytes, uint64_t *at, struct exh_error *err)
{
    if (q->pack_end - q->pack_at < bytes) {
        uint64_t cluster;
        if (!take_cluster(q, &cluster, err))
            return false;
        if (cluster * CLUSTER != q->pack_end)
            q->pack_at = cluster * CLUSTER;
        q->pack_end = (cluster + 1) * CLUSTER;
    }
    *at = q->pack_at;
    q->pack_at += bytes;
    return true;
}

/* Its length is told in sectors of the file, so the whole last sector counts as taken; both clusters it lies in have it as a reference. */
static bool put_packed(struct qcow2_sink *q, const uint8_t *data, uint32_t bytes, uint64_t *entry, struct exh_error *err)
{
    uint64_t at, more;
    if (!take_room(q, bytes, &at, err))
        return false;
    more = (at + bytes - 1) / 512 - at / 512;
    count(q, at / CLUSTER);
    if ((at + bytes - 1) / CLUSTER != at / CLUSTER)
        count(q, (at + bytes - 1) / CLUSTER);
    *entry = at | more << PACKED_SECTORS_SHIFT | EXH_QCOW_COMPRESSED;
    return exh_staged_file_write(q->file, at, data, bytes, err);
}

/* ---- the disk's clusters ---- */

static bool write_l2(struct qcow2_sink *q, uint64_t index, struct exh_error *err)
{
    uint64_t at;
    uint8_t entry[8];
    if (!q->l2_used)
        return true;
    if (!put_whole(q, q->l2, CLUSTER, &at, err))
        return false;
    memset(q->l2, 0, CLUSTER);
    q->l2_used = false;
    exh_put_be64(entry, at | COPIED);
    return exh_staged_file_write(q->file, q->l1_at + index * 8, entry, sizeof entry, err);
}

static bool put_cluster(struct qcow2_sink *q, const struct packed *p, const uint8_t *bytes, const uint8_t *data, size_t length, struct exh_error *err)
{
    uint64_t entry = 0;
    if (!p->zero) {
        if (!(p->bytes != 0 ? put_packed(q, bytes + p->offset, p->bytes, &entry, err) : put_whole(q, data, length, &entry, err)))
            return false;
        exh_put_be64(q->l2 + q->next % L2_ENTRIES * 8, p->bytes != 0 ? entry : entry | COPIED);
        q->l2_used = true;
    }
    q->next++;
    return (q->next % L2_ENTRIES != 0 && q->next != q->clusters) || write_l2(q, (q->next - 1) / L2_ENTRIES, err);
}

static bool qcow2_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct qcow2_sink *q = sink_of(consumer);
    size_t bytes = (size_t)exh_block_bytes(block), n = clusters_of(bytes);
    uint64_t offset = (uint64_t)(block->lba - q->first) * q->main_bytes;
    const struct packed *packed = result;
    if (offset != q->next * CLUSTER)
        return exh_fail(err, EXH_BUG, offset, "a QCOW2 is written in order");
    for (size_t i = 0; i < n; i++) {
        size_t length = bytes - i * CLUSTER < CLUSTER ? bytes - i * CLUSTER : CLUSTER;
        if (!put_cluster(q, &packed[i], (const uint8_t *)(packed + n), block->main + i * CLUSTER, length, err))
            return false;
    }
    return true;
}

/* ---- beginning and end ---- */

static bool write_header(struct qcow2_sink *q, struct exh_error *err)
{
    uint8_t h[HEADER_BYTES + 8] = {0}; /* and the end of the header's extensions */
    bool zstd = q->level != 0 && q->codec == EXH_CODEC_ZSTD;
    exh_put_be32(h, 0x514649FBu);
    exh_put_be32(h + 4, 3);
    exh_put_be32(h + 20, CLUSTER_BITS);
    exh_put_be64(h + 24, q->disk_bytes);
    exh_put_be32(h + 36, (uint32_t)q->l1_entries);
    exh_put_be64(h + 40, q->l1_at);
    exh_put_be64(h + 48, q->refcounts_at);
    exh_put_be32(h + 56, (uint32_t)q->refcount_table_clusters);
    exh_put_be64(h + 72, zstd ? 8 : 0); /* incompatible: the compression type says more than deflate */
    exh_put_be32(h + 96, 4);            /* refcounts of 2^4 bits */
    exh_put_be32(h + 100, HEADER_BYTES);
    h[104] = zstd;
    return exh_staged_file_write(q->file, 0, h, sizeof h, err);
}

static bool qcow2_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a QCOW2 has no place for digests */
    struct qcow2_sink *q = (struct qcow2_sink *)sink;
    if (q->next != q->clusters || exh_layout_bytes(final) != q->disk_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%llu of %llu clusters were written", (unsigned long long)q->next,
                        (unsigned long long)q->clusters);
    return write_counts(q, err) && write_header(q, err) && exh_staged_file_resize(q->file, q->free_cluster * CLUSTER, err) &&
           exh_staged_file_sync(q->file, err);
}

static void qcow2_sink_close(struct exh_sink *sink)
{
    struct qcow2_sink *q = (struct qcow2_sink *)sink;
    exh_staged_file_close(q->file);
    free(q->counts);
    free(q->l2);
    free(q->blank);
    free(q);
}

static const struct exh_consumer_ops qcow2_consumer_ops = {
    .result_bytes = result_bytes, .scratch_new = scratch_new, .work = pack_block, .take = qcow2_take};
static const struct exh_sink_ops qcow2_sink_ops = {.seal = qcow2_seal, .close = qcow2_sink_close};

bool exh_qcow2_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    uint64_t bytes = exh_layout_bytes(layout);
    if (!exh_one_disk_fits(layout, "QCOW2", "512 bytes", 512, CLUSTER, losses, err))
        return false;
    return bytes / CLUSTER / L2_ENTRIES < L1_ENTRIES_MAX ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a disk of %llu bytes is larger than a QCOW2 can be", (unsigned long long)bytes);
}

/* Where the tables lie: refcount block 0, refcount table, L1 table. All in the first 2 GiB. */
static bool place_tables(struct qcow2_sink *q, struct exh_error *err)
{
    uint64_t most; /* clusters of a file in which every cluster of the disk is stored */
    q->counts = calloc(1, CLUSTER);
    q->l2 = calloc(1, CLUSTER);
    q->blank = calloc(1, CLUSTER);
    if (q->counts == NULL || q->l2 == NULL || q->blank == NULL)
        return exh_nomem(err, "the tables of a QCOW2");
    q->clusters = clusters_of(q->disk_bytes);
    q->l1_entries = q->clusters / L2_ENTRIES + (q->clusters % L2_ENTRIES != 0);
    uint64_t l1_clusters = clusters_of(q->l1_entries * 8);
    most = q->clusters + q->l1_entries + l1_clusters;
    q->refcount_table_clusters = (most + most / 4096) / COUNTS_PER_BLOCK * 8 / CLUSTER + 1;
    q->refcounts_at = (REFCOUNT_OF_FIRST + 1ull) * CLUSTER;
    q->l1_at = q->refcounts_at + q->refcount_table_clusters * CLUSTER;
    q->free_cluster = q->l1_at / CLUSTER + l1_clusters;
    for (uint64_t i = 0; i < q->free_cluster; i++)
        count(q, i);
    return true;
}

static void choose_codec(struct qcow2_sink *q, const struct exh_create *create)
{
    bool named = create->codec != NULL, best = create->compression == EXH_COMPRESS_BEST;
    bool zstd = named ? strcmp(create->codec, "zstd") == 0 : best;
    q->codec = zstd ? EXH_CODEC_ZSTD : EXH_CODEC_DEFLATE;
    q->level = named ? (zstd ? 3 : 6) : best ? 9 : create->compression == EXH_COMPRESS_FAST ? 1 : 0;
}

bool exh_qcow2_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0}; /* named before, by the caller */
    bool fits = exh_qcow2_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    struct qcow2_sink *q = fits ? calloc(1, sizeof *q) : NULL;
    if (q == NULL)
        return fits ? exh_nomem(err, "a QCOW2 image") : false;
    const struct exh_track *t = &create->declared->tracks[0];
    q->main_bytes = t->main_bytes;
    q->first = t->first;
    q->disk_bytes = exh_layout_bytes(create->declared);
    choose_codec(q, create);
    q->sink = (struct exh_sink){
        .consumer = {&qcow2_consumer_ops}, .ops = &qcow2_sink_ops, .unit_sectors = CLUSTER / t->main_bytes, .can = EXH_SINK_NEEDS_SIZE};
    if (place_tables(q, err) && exh_names_add(&q->sink.files, create->name, err) &&
        (q->file = exh_staged_file_new(create->folder, create->name, create->resume, err)) != NULL) {
        *out = &q->sink;
        return true;
    }
    exh_sink_close(&q->sink);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}
