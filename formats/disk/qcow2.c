/* qcow2.c - reads QCOW images of versions 1, 2 and 3. See qcow2.h.
 *
 * Two levels of tables lead from a cluster of the disk to one of the file. A cluster may be packed, be zeros, or come from a backing file, which is
 * opened only from the image's own folder or by a name the user gives. Reference counts are not needed to read and are not trusted; an image that is
 * marked dirty or corrupt is read, and that is told. */
#include "formats/disk/qcow2.h"

#include "formats/container/siblings.h"
#include "formats/disk/raw.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define MAGIC 0x514649FBu
#define L1_BYTES_MAX (32u << 20) /* qemu's own limit */
#define SNAPSHOTS_MAX 65536u
#define RUN_BYTES_MAX (1u << 20)

#define INCOMPATIBLE_DATA_FILE 4u
#define INCOMPATIBLE_COMPRESSION 8u
#define INCOMPATIBLE_EXTENDED 16u
#define INCOMPATIBLE_KNOWN 31u

static const struct exh_qcow2 *of(const struct exh_mapped_disk *disk) { return (const struct exh_qcow2 *)disk; }

void exh_qcow_packed(const struct exh_qcow2 *q, uint64_t entry, uint64_t *offset, uint64_t *bytes)
{
    if (q->version == 1) {
        unsigned x = 63 - q->cluster_bits;
        *offset = entry & ((1ull << x) - 1);
        *bytes = entry >> x & ((1ull << q->cluster_bits) - 1);
    } else {
        unsigned x = 62 - (q->cluster_bits - 8);
        *offset = entry & ((1ull << x) - 1);
        *bytes = ((entry >> x & ((1ull << (q->cluster_bits - 8)) - 1)) + 1) * 512 - *offset % 512;
    }
    uint64_t size = q->disk.sources[0]->size; /* the last sector need not be there whole */
    if (*offset<size && * bytes> size - *offset)
        *bytes = size - *offset;
}

/* ---- what lies where ---- */

static bool get_entry(const struct exh_qcow2 *q, struct exh_table_pages *pages, uint64_t at, uint64_t *out, struct exh_error *err)
{
    uint8_t entry[8];
    if (!exh_table_get(pages, &q->disk, 0, at, entry, sizeof entry, err))
        return false;
    *out = exh_be64(entry);
    return true;
}

static enum exh_place_kind not_stored(const struct exh_qcow2 *q) { return q->disk.parent != NULL ? EXH_PLACE_PARENT : EXH_PLACE_HOLE; }

static void place_packed(const struct exh_qcow2 *q, uint64_t entry, uint64_t at, struct exh_place *out)
{
    uint64_t cluster = 1ull << q->cluster_bits, bytes;
    exh_qcow_packed(q, entry, &out->offset, &bytes);
    out->kind = EXH_PLACE_PACKED;
    out->file = 0;
    out->unit_at = at / cluster * cluster;
    out->unit_bytes = (uint32_t)cluster;
    out->packed_bytes = (uint32_t)bytes;
    out->codec = q->codec;
}

/* One of the 32 subclusters of an extended entry, with those behind it that are alike. */
static bool place_subcluster(const struct exh_qcow2 *q, uint64_t entry, uint64_t bits, uint64_t at, struct exh_place *out)
{
    uint64_t cluster = 1ull << q->cluster_bits, sub = cluster / 32, inside = at % cluster, i = inside / sub, n = 1;
    uint64_t alloc = bits >> i & 1, zero = bits >> (32 + i) & 1;
    while (i + n < 32 && (bits >> (i + n) & 1) == alloc && (bits >> (32 + i + n) & 1) == zero)
        n++;
    out->bytes = (i + n) * sub - inside;
    if (alloc != 0 && zero != 0) { /* which of the two is not to be known: it is lost, and those beside it are not */
        out->kind = EXH_PLACE_LOST;
        return true;
    }
    out->kind = zero != 0 ? EXH_PLACE_ZERO : alloc != 0 ? EXH_PLACE_DATA : not_stored(q);
    out->file = q->data_file;
    out->offset = (entry & EXH_QCOW_OFFSET) + inside;
    return true;
}

/* What an L2 entry says of the cluster that holds `at`. */
static bool place_cluster(const struct exh_qcow2 *q, uint64_t entry, uint64_t bits, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    uint64_t cluster = 1ull << q->cluster_bits, inside = at % cluster, offset = q->version == 1 ? entry : entry & EXH_QCOW_OFFSET;
    bool packed = q->version == 1 ? entry >> 63 != 0 : (entry & EXH_QCOW_COMPRESSED) != 0;
    if (packed) {
        place_packed(q, entry, at, out);
        return true;
    }
    if (offset % cluster != 0 && q->version > 1)
        return exh_fail(err, EXH_CORRUPT, out->offset, "a cluster at %llu, which is no multiple of %llu", (unsigned long long)offset,
                        (unsigned long long)cluster);
    if (q->extended)
        return place_subcluster(q, entry, bits, at, out);
    bool raw_data = q->data_file != 0; /* in an external data file a cluster may lie at 0 */
    if (q->version == 3 && (entry & EXH_QCOW_ZERO) != 0)
        out->kind = EXH_PLACE_ZERO;
    else if (offset == 0 && !(raw_data && (entry >> 63) != 0))
        out->kind = not_stored(q);
    else
        out->kind = EXH_PLACE_DATA;
    out->file = q->data_file;
    out->offset = out->kind == EXH_PLACE_DATA ? offset + inside : out->offset;
    return true;
}

/* Joins the clusters behind that go on where the first ends, within the same table. */
static bool join(const struct exh_qcow2 *q, struct exh_table_pages *pages, uint64_t table, uint64_t index, struct exh_place *out,
                 struct exh_error *err)
{
    uint64_t cluster = 1ull << q->cluster_bits, per_table = 1ull << q->l2_bits;
    while (!q->extended && out->kind != EXH_PLACE_PACKED && out->bytes < RUN_BYTES_MAX && ++index < per_table) {
        struct exh_place next = {.bytes = cluster, .offset = table + index * 8};
        uint8_t entry[8];
        bool got;
        if (!exh_table_ahead(pages, &q->disk, 0, next.offset, entry, sizeof entry, &got, err))
            return false;
        if (!got || !place_cluster(q, exh_be64(entry), 0, 0, &next, err) || next.kind != out->kind ||
            (next.kind == EXH_PLACE_DATA && next.offset != out->offset + out->bytes)) {
            exh_error_clear(err); /* told when it is its turn */
            break;
        }
        out->bytes += cluster;
    }
    return true;
}

static bool qcow2_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    const struct exh_qcow2 *q = of(disk);
    uint64_t cluster = 1ull << q->cluster_bits, index = at >> q->cluster_bits, l1 = index >> q->l2_bits, table, entry, bits = 0;
    uint64_t l2_span = cluster << q->l2_bits;
    if (l1 >= q->active_l1_entries || !get_entry(q, pages, q->active_l1_at + l1 * 8, &table, err))
        return l1 >= q->active_l1_entries ? exh_fail(err, EXH_CORRUPT, q->active_l1_at, "the L1 table has no entry %llu", (unsigned long long)l1)
                                          : false;
    table = q->version == 1 ? table : table & EXH_QCOW_OFFSET;
    if (table == 0) {
        *out = (struct exh_place){.kind = not_stored(q), .bytes = l2_span - at % l2_span, .offset = q->active_l1_at + l1 * 8};
        return true;
    }
    if (table % 512 != 0 && q->version > 1)
        return exh_fail(err, EXH_CORRUPT, q->active_l1_at + l1 * 8, "an L2 table at %llu", (unsigned long long)table);
    index &= (1ull << q->l2_bits) - 1;
    *out = (struct exh_place){.bytes = cluster - at % cluster, .offset = table + index * exh_qcow_entry_bytes(q)};
    if (!get_entry(q, pages, out->offset, &entry, err) || (q->extended && !get_entry(q, pages, out->offset + 8, &bits, err)))
        return false;
    if (!place_cluster(q, entry, bits, at, out, err) || !join(q, pages, table, index, out, err))
        return false;
    if (q->disk.cipher != NULL && out->kind == EXH_PLACE_DATA)
        exh_qcow2_encrypted(q, at, out);
    return true;
}

static void qcow2_close(struct exh_mapped_disk *disk) { free(((struct exh_qcow2 *)disk)->snapshots); }

static const struct exh_mapped_ops qcow2_ops = {.find = qcow2_find, .inspect = exh_qcow2_inspect, .close = qcow2_close};

/* ---- opening ---- */

static bool parse_header(struct exh_qcow2 *q, struct exh_source *source, struct exh_error *err)
{
    uint8_t h[112] = {0};
    size_t there = source->size < sizeof h ? (size_t)source->size : sizeof h;
    if (!exh_source_read(source, 0, h, there, err))
        return false;
    if (there < 48 || exh_be32(h) != MAGIC)
        return exh_fail(err, EXH_CORRUPT, 0, "no QCOW header");
    q->version = exh_be32(h + 4);
    q->backing_at = exh_be64(h + 8);
    q->backing_length = exh_be32(h + 16);
    q->disk_bytes = exh_be64(h + 24);
    if (q->version == 1) {
        q->cluster_bits = h[32];
        q->l2_bits = h[33];
        q->crypt = exh_be32(h + 36);
        q->l1_at = exh_be64(h + 40);
        return true;
    }
    if (q->version != 2 && q->version != 3)
        return exh_fail(err, EXH_UNSUPPORTED, 4, "QCOW version %u is not known", q->version);
    if (there < 72 || (q->version == 3 && there < 104))
        return exh_fail(err, EXH_CORRUPT, there, "the file ends within its header");
    q->cluster_bits = exh_be32(h + 20);
    q->crypt = exh_be32(h + 32);
    q->l1_entries = exh_be32(h + 36);
    q->l1_at = exh_be64(h + 40);
    q->refcount_at = exh_be64(h + 48);
    q->refcount_clusters = exh_be32(h + 56);
    q->snapshot_count = exh_be32(h + 60);
    q->snapshots_at = exh_be64(h + 64);
    q->header_bytes = q->version == 3 ? exh_be32(h + 100) : 72;
    q->refcount_order = q->version == 3 ? exh_be32(h + 96) : 4;
    q->codec = EXH_CODEC_DEFLATE;
    if (q->version == 3) {
        q->incompatible = exh_be64(h + 72);
        q->compatible = exh_be64(h + 80);
        q->autoclear = exh_be64(h + 88);
        if (q->header_bytes > 104 && (q->incompatible & INCOMPATIBLE_COMPRESSION) != 0)
            q->codec = h[104] == 1 ? EXH_CODEC_ZSTD : EXH_CODEC_DEFLATE;
        if (q->header_bytes > 104 && h[104] > 1)
            return exh_fail(err, EXH_UNSUPPORTED, 104, "compression type %u is not known", h[104]);
    }
    return true;
}

static bool check_header(struct exh_qcow2 *q, uint64_t file_bytes, struct exh_error *err)
{
    if ((q->incompatible & ~(uint64_t)INCOMPATIBLE_KNOWN) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, 72, "incompatible features 0x%llx: not all of them are known", (unsigned long long)q->incompatible);
    if (q->crypt > EXH_QCOW_LUKS || (q->version == 1 && q->crypt == EXH_QCOW_LUKS))
        return exh_fail(err, EXH_UNSUPPORTED, q->version == 1 ? 36 : 32, "the image is encrypted by method %u, which is not known", q->crypt);
    if (q->cluster_bits < 9 || q->cluster_bits > 21)
        return exh_fail(err, EXH_CORRUPT, q->version == 1 ? 32 : 20, "clusters of 2^%u bytes", q->cluster_bits);
    q->extended = (q->incompatible & INCOMPATIBLE_EXTENDED) != 0;
    if (q->extended && q->cluster_bits < 14)
        return exh_fail(err, EXH_CORRUPT, 20, "clusters of 2^%u bytes with subclusters", q->cluster_bits);
    if (q->version > 1)
        q->l2_bits = q->cluster_bits - (q->extended ? 4 : 3);
    if (q->l2_bits < 6 || q->l2_bits > 18)
        return exh_fail(err, EXH_CORRUPT, 33, "L2 tables of 2^%u entries", q->l2_bits);
    if (q->disk_bytes == 0 || q->disk_bytes > EXH_MEDIA_BYTES_MAX)
        return exh_fail(err, EXH_CORRUPT, 24, "a disk of %llu bytes", (unsigned long long)q->disk_bytes);
    uint64_t span = 1ull << (q->cluster_bits + q->l2_bits), needed = q->disk_bytes / span + (q->disk_bytes % span != 0);
    if (q->version == 1)
        q->l1_entries = needed;
    if (q->l1_entries < needed || q->l1_entries * 8 > L1_BYTES_MAX || !exh_inside(q->l1_at, q->l1_entries * 8, file_bytes))
        return exh_fail(err, EXH_CORRUPT, q->version == 1 ? 40 : 36,
                        "an L1 table of %llu entries at %llu, where the disk needs %llu and the file ends at %llu", (unsigned long long)q->l1_entries,
                        (unsigned long long)q->l1_at, (unsigned long long)needed, (unsigned long long)file_bytes);
    q->current_bytes = q->disk_bytes;
    q->active_l1_at = q->l1_at;
    q->active_l1_entries = q->l1_entries;
    return true;
}

bool exh_qcow_header_length_holds(const struct exh_qcow2 *q)
{
    return q->version < 3 || (q->header_bytes >= 104 && q->header_bytes % 8 == 0 && q->header_bytes <= 1ull << q->cluster_bits);
}

/* A text of the header, NUL-terminated in `out`. */
static bool read_text(struct exh_source *source, uint64_t at, uint32_t length, char *out, size_t room, const char *what, struct exh_error *err)
{
    if (length >= room || !exh_inside(at, length, source->size))
        return exh_fail(err, EXH_CORRUPT, at, "%s of %u bytes", what, length);
    out[length] = '\0';
    return exh_source_read(source, at, out, length, err);
}

/* Where the encryption header lies; whether it lies there is looked at when it is needed. */
static bool read_crypt_extension(struct exh_qcow2 *q, struct exh_source *source, uint64_t at, uint32_t length, struct exh_error *err)
{
    uint8_t place[16];
    if (length != sizeof place)
        return q->crypt != EXH_QCOW_LUKS || exh_fail(err, EXH_CORRUPT, at - 4, "an encryption header pointer of %u bytes", length);
    if (!exh_source_read(source, at, place, sizeof place, err))
        return false;
    q->crypt_at = exh_be64(place);
    q->crypt_bytes = exh_be64(place + 8);
    return true;
}

static bool read_extensions(struct exh_qcow2 *q, struct exh_source *source, struct exh_error *err)
{
    uint64_t at = q->header_bytes, end = q->backing_at != 0 ? q->backing_at : 1ull << q->cluster_bits;
    for (unsigned i = 0; q->version >= 2 && i < 64 && exh_qcow_header_length_holds(q) && exh_inside(at, 8, end < source->size ? end : source->size);
         i++) {
        uint8_t e[8];
        if (!exh_source_read(source, at, e, sizeof e, err))
            return false;
        uint32_t type = exh_be32(e), length = exh_be32(e + 4);
        if (type == 0)
            break;
        if (type == 0xE2792ACAu && !read_text(source, at + 8, length, q->backing_format, sizeof q->backing_format, "the backing format", err))
            return false;
        if (type == 0x44415441u && !read_text(source, at + 8, length, q->data_name, sizeof q->data_name, "the data file's name", err))
            return false;
        if (type == 0x0537BE77u && !read_crypt_extension(q, source, at + 8, length, err))
            return false;
        at += 8 + ((uint64_t)length + 7) / 8 * 8;
    }
    return q->backing_at == 0 || q->backing_length == 0 ||
           read_text(source, q->backing_at, q->backing_length, q->backing, sizeof q->backing, "the backing file's name", err);
}

static bool read_snapshots(struct exh_qcow2 *q, struct exh_source *source, struct exh_error *err)
{
    uint64_t at = q->snapshots_at;
    if (q->snapshot_count == 0)
        return true;
    if (q->snapshot_count > SNAPSHOTS_MAX || !exh_inside(at, 40ull * q->snapshot_count, source->size))
        return exh_fail(err, EXH_CORRUPT, 60, "%u snapshots at %llu", q->snapshot_count, (unsigned long long)at);
    q->snapshots = calloc(q->snapshot_count, sizeof *q->snapshots);
    if (q->snapshots == NULL)
        return exh_nomem(err, "snapshots");
    for (uint32_t i = 0; i < q->snapshot_count; i++) {
        uint8_t s[40], extra[16] = {0};
        struct exh_qcow_snapshot *out = &q->snapshots[i];
        if (!exh_source_read(source, at, s, sizeof s, err))
            return exh_context(err, "snapshot %u", i + 1);
        uint32_t id = exh_be16(s + 12), name = exh_be16(s + 14), more = exh_be32(s + 36);
        out->l1_at = exh_be64(s);
        out->l1_entries = exh_be32(s + 8);
        out->seconds = exh_be32(s + 16);
        if (more > 1024 || !exh_source_read(source, at + 40, extra, more < 16 ? more : 16, err) ||
            !read_text(source, at + 40 + more, id, out->id, sizeof out->id, "a snapshot's id", err) ||
            !read_text(source, at + 40 + more + id, name, out->name, sizeof out->name, "a snapshot's name", err))
            return err->code == EXH_OK ? exh_fail(err, EXH_CORRUPT, at + 36, "snapshot %u has %u bytes of extra data", i + 1, more) : false;
        out->disk_bytes = more >= 16 ? exh_be64(extra + 8) : 0;
        uint64_t bytes = 40ull + more + id + name;
        q->snapshots_bytes = at + bytes - q->snapshots_at; /* behind the last one qemu writes no padding, where the file ends with it */
        at += (bytes + 7) / 8 * 8;
    }
    return true;
}

static bool choose_snapshot(struct exh_qcow2 *q, const struct exh_open *options, uint64_t file_bytes, struct exh_error *err)
{
    const char *wanted = options->snapshot;
    if (wanted == NULL)
        return true;
    for (uint32_t i = 0; i < q->snapshot_count; i++) {
        const struct exh_qcow_snapshot *s = &q->snapshots[i];
        if (strcmp(s->id, wanted) != 0 && strcmp(s->name, wanted) != 0)
            continue;
        exh_lineage_snapshot(options->lineage, s->id, s->name);
        uint64_t span = 1ull << (q->cluster_bits + q->l2_bits);
        q->disk_bytes = s->disk_bytes != 0 ? s->disk_bytes : q->disk_bytes;
        q->active_l1_at = s->l1_at;
        q->active_l1_entries = s->l1_entries;
        return (q->disk_bytes <= EXH_MEDIA_BYTES_MAX && s->l1_entries >= q->disk_bytes / span + (q->disk_bytes % span != 0) &&
                s->l1_entries <= L1_BYTES_MAX / 8 && exh_inside(s->l1_at, 8ull * s->l1_entries, file_bytes)) ||
               exh_fail(err, EXH_CORRUPT, s->l1_at, "snapshot '%.60s' has an L1 table of %u entries", s->name, s->l1_entries);
    }
    return exh_fail(err, EXH_NOT_FOUND, q->snapshots_at, "the image has no snapshot '%.60s' (info lists them)", wanted);
}

/* "nbd://host", "json:{...}": names that qemu follows anywhere. */
static bool is_plain(const char *name, const char *what, struct exh_error *err)
{
    const char *colon = strchr(name, ':');
    bool drive = colon == name + 1;
    return colon == NULL || drive || exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s '%.200s' is not the name of a file", what, name);
}

static bool open_backing(struct exh_qcow2 *q, const struct exh_open *options, struct exh_error *err)
{
    if (q->backing[0] == '\0')
        return true;
    bool raw = strcmp(q->backing_format, "raw") == 0, named = options->parents != NULL && options->depth < options->parents->count;
    return (named || is_plain(q->backing, "the backing file", err)) &&
           exh_parent_open(options, q->backing, raw ? &exh_format_raw : NULL, &q->disk.parent, err);
}

static bool open_data_file(struct exh_qcow2 *q, const struct exh_open *options, struct exh_error *err)
{
    char *path = NULL;
    bool as_named, ok;
    if ((q->incompatible & INCOMPATIBLE_DATA_FILE) == 0)
        return true;
    if (q->data_name[0] == '\0' || options->siblings == NULL)
        return exh_fail(err, EXH_CORRUPT, 72, "the image keeps its data in another file, and does not name it");
    struct exh_source *source = is_plain(q->data_name, "the data file", err)
                                    ? exh_siblings_referenced(options->siblings, q->data_name, options->past_cache, &path, &as_named, err)
                                    : NULL;
    ok = source != NULL && exh_mapped_disk_file(&q->disk, source, path, &q->data_file, err);
    if (source != NULL && !ok)
        exh_source_close(source);
    free(path);
    return ok || exh_context(err, "the data file");
}

static struct exh_medium *qcow2_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct exh_qcow2 *q = calloc(1, sizeof *q);
    uint32_t file;
    if (q == NULL) {
        (void)exh_nomem(err, "a QCOW image");
        return NULL;
    }
    q->disk.ops = &qcow2_ops;
    q->codec = EXH_CODEC_DEFLATE;
    bool ok = exh_mapped_disk_file(&q->disk, source, options->path != NULL ? options->path : source->name, &file, err) &&
              parse_header(q, source, err) && check_header(q, source->size, err) && read_extensions(q, source, err) &&
              read_snapshots(q, source, err) && choose_snapshot(q, options, source->size, err) && exh_qcow2_unlock(q, source, options, err) &&
              open_backing(q, options, err) && open_data_file(q, options, err);
    if (ok) {
        q->disk.unit_bytes_max = 1u << q->cluster_bits;
        q->disk.packed_bytes_max = 2u << q->cluster_bits;
        exh_layout_disk(&q->disk.layout, q->disk_bytes, options->sector_bytes != 0 ? options->sector_bytes : 512);
        ok = exh_mapped_disk_ready(&q->disk, "qcow2", (1u << q->cluster_bits) / q->disk.layout.tracks[0].main_bytes, err);
    }
    if (ok)
        return &q->disk.medium;
    exh_mapped_disk_abandon(&q->disk, source);
    return NULL;
}

static int qcow2_probe(const struct exh_peek *peek) { return peek->head_length >= 48 && exh_be32(peek->head) == MAGIC ? 100 : 0; }

static const char *const qcow2_extensions[] = {".qcow2", ".qcow", NULL};

static const char *const qcow2_codecs[] = {"zlib", "zstd", NULL};

const struct exh_format exh_format_qcow2 = {.name = "qcow2",
                                            .title = "QEMU copy-on-write image",
                                            .extensions = qcow2_extensions,
                                            .codecs = qcow2_codecs,
                                            .probe = qcow2_probe,
                                            .open = qcow2_open,
                                            .create = exh_qcow2_create,
                                            .can = EXH_SINK_NEEDS_SIZE,
                                            .fits = exh_qcow2_fits};
