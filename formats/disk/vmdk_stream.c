/* vmdk_stream.c - writes a streamOptimized VMDK: grains of 64 KiB, each packed, those of zeros left out. See vmdk_write.h.
 *
 * Header and descriptor, grains from the 128th sector on, after each 32 MiB of the disk the table of its grains, then the directory, the footer (the
 * header with the directory's place) and the end's marker, as VMware lays them out. Grains are packed on any thread and written in order, so that one
 * table is in memory at a time. */
#include "formats/container/codec.h"
#include "formats/container/staged_file.h"
#include "formats/disk/vmdk_sparse.h"
#include "formats/disk/vmdk_write.h"
#include "formats/model/bytes.h"

#define GRAIN_BYTES 65536u
#define GRAIN_SECTORS 128u
#define TABLE_ENTRIES 512u
#define DESCRIPTOR_SECTORS 20u
#define OVERHEAD_SECTORS 128u
#define GRAIN_MOST_SECTORS 130u /* stored: deflate adds 5 bytes for each 64 KiB or less, zlib 6, the grain's header 12, and it is rounded up */

struct stream_sink {
    struct exh_sink sink;
    struct exh_staged_file *file;
    uint8_t guid[16];
    int level;
    uint32_t main_bytes;
    uint64_t disk_bytes, grains, next, end; /* next: the grain that comes next; end: where it goes */
    uint64_t directory_at;
    bool table_used;
    uint8_t table[TABLE_ENTRIES * 4u]; /* that of `next` */
    uint8_t *directory;
    size_t tables;
};

/* ---- packing, on any thread ---- */

struct packing {
    struct exh_scratch scratch;
    struct exh_deflater *deflater;
    uint8_t *padded; /* the disk's last grain, filled up with zeros */
};

static void packing_close(struct exh_scratch *scratch)
{
    struct packing *p = (struct packing *)scratch;
    exh_deflater_close(p->deflater);
    free(p->padded);
    free(p);
}

static struct exh_scratch *packing_new(const struct exh_consumer *consumer)
{
    struct packing *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->scratch.close = packing_close;
    p->deflater = exh_deflater_new(((const struct stream_sink *)consumer)->level);
    p->padded = calloc(1, GRAIN_BYTES);
    if (p->deflater != NULL && p->padded != NULL)
        return &p->scratch;
    packing_close(&p->scratch);
    return NULL;
}

/* A result: for each grain how many sectors it takes (0: it is not stored), then each as it is stored, in a place of its own. */
static size_t grains_in(uint64_t bytes) { return (size_t)((bytes + GRAIN_BYTES - 1) / GRAIN_BYTES); }
static uint8_t *place_of(void *result, size_t grains, size_t i)
{
    return (uint8_t *)result + grains * sizeof(uint32_t) + i * (size_t)GRAIN_MOST_SECTORS * 512;
}

static size_t stream_result_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    (void)consumer;
    return grains_in((uint64_t)sectors * main_bytes) * (sizeof(uint32_t) + (size_t)GRAIN_MOST_SECTORS * 512);
}

static bool pack_grain(struct packing *p, const uint8_t *data, size_t bytes, uint64_t lba, uint8_t *out, uint32_t *sectors, struct exh_error *err)
{
    if (bytes < GRAIN_BYTES) { /* all readers unpack a whole grain */
        memcpy(p->padded, data, bytes);
        memset(p->padded + bytes, 0, GRAIN_BYTES - bytes);
        data = p->padded;
    }
    size_t room = (size_t)GRAIN_MOST_SECTORS * 512 - EXH_VMDK_GRAIN_HEADER_BYTES;
    size_t packed = exh_deflate_zlib(p->deflater, data, GRAIN_BYTES, out + EXH_VMDK_GRAIN_HEADER_BYTES, room);
    if (packed == 0)
        return exh_fail(err, EXH_BUG, lba * 512, "a packed grain does not fit %zu bytes", room);
    size_t length = packed + EXH_VMDK_GRAIN_HEADER_BYTES;
    exh_put_le64(out, lba);
    exh_put_le32(out + 8, (uint32_t)packed);
    *sectors = (uint32_t)((length + 511) / 512);
    memset(out + length, 0, (size_t)*sectors * 512 - length);
    return true;
}

static bool stream_work(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                        struct exh_error *err)
{
    uint64_t bytes = exh_block_bytes(block), lba = (uint64_t)block->lba * (((const struct stream_sink *)consumer)->main_bytes / 512);
    size_t grains = grains_in(bytes);
    uint32_t *sectors = result;
    for (size_t i = 0; i < grains; i++) {
        const uint8_t *data = block->main + i * GRAIN_BYTES;
        uint64_t left = bytes - i * (uint64_t)GRAIN_BYTES;
        size_t n = left < GRAIN_BYTES ? (size_t)left : GRAIN_BYTES;
        sectors[i] = 0;
        if (block->kind == EXH_BLOCK_DATA && !exh_all_zero(data, n) &&
            !pack_grain((struct packing *)scratch, data, n, lba + i * (uint64_t)GRAIN_SECTORS, place_of(result, grains, i), &sectors[i], err))
            return false;
    }
    return true;
}

/* ---- writing, in order ---- */

static bool append(struct stream_sink *s, const void *data, size_t bytes, struct exh_error *err)
{
    bool ok = exh_staged_file_write(s->file, s->end, data, bytes, err);
    s->end += bytes;
    return ok;
}

static bool put_marker(struct stream_sink *s, uint64_t sectors, enum exh_vmdk_marker type, struct exh_error *err)
{
    uint8_t m[512] = {0};
    exh_put_le64(m, sectors);
    exh_put_le32(m + 12, (uint32_t)type);
    return append(s, m, sizeof m, err);
}

/* A table of nothing is left out. */
static bool flush_table(struct stream_sink *s, struct exh_error *err)
{
    size_t number = (size_t)((s->next - 1) / TABLE_ENTRIES);
    if (!s->table_used)
        return true;
    if (!put_marker(s, sizeof s->table / 512, EXH_VMDK_TABLE, err))
        return false;
    exh_put_le32(s->directory + number * 4, (uint32_t)(s->end / 512));
    bool ok = append(s, s->table, sizeof s->table, err);
    memset(s->table, 0, sizeof s->table);
    s->table_used = false;
    return ok;
}

static bool put_grain(struct stream_sink *s, const uint8_t *grain, uint32_t sectors, struct exh_error *err)
{
    if (sectors > 0) {
        exh_put_le32(s->table + (size_t)(s->next % TABLE_ENTRIES) * 4, (uint32_t)(s->end / 512));
        s->table_used = true;
        if (!append(s, grain, (size_t)sectors * 512, err))
            return false;
    }
    s->next++;
    return (s->next % TABLE_ENTRIES != 0 && s->next != s->grains) || flush_table(s, err);
}

static bool stream_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct stream_sink *s = (struct stream_sink *)consumer;
    uint64_t offset = (uint64_t)block->lba * s->main_bytes;
    size_t grains = grains_in(exh_block_bytes(block));
    const uint32_t *sectors = result;
    const uint8_t *stored = (const uint8_t *)result + grains * sizeof(uint32_t);
    if (offset != s->next * GRAIN_BYTES)
        return exh_fail(err, EXH_BUG, offset, "a VMDK is written in order");
    for (size_t i = 0; i < grains; i++)
        if (!put_grain(s, stored + i * (size_t)GRAIN_MOST_SECTORS * 512, sectors[i], err))
            return false;
    return true;
}

/* ---- sealing ---- */

static void make_header(const struct stream_sink *s, uint64_t directory, uint8_t h[EXH_VMDK_HEADER_BYTES])
{
    memset(h, 0, EXH_VMDK_HEADER_BYTES);
    memcpy(h, "KDMV", 4);
    exh_put_le32(h + 4, 3);
    exh_put_le32(h + 8, EXH_VMDK_NEWLINES | EXH_VMDK_COMPRESSED | EXH_VMDK_MARKERS);
    exh_put_le64(h + 12, s->disk_bytes / 512);
    exh_put_le64(h + 20, GRAIN_SECTORS);
    exh_put_le64(h + 28, 1);
    exh_put_le64(h + 36, DESCRIPTOR_SECTORS);
    exh_put_le32(h + 44, TABLE_ENTRIES);
    exh_put_le64(h + 56, directory);
    exh_put_le64(h + 64, OVERHEAD_SECTORS);
    memcpy(h + 73, "\n \r\n", 4);
    exh_put_le16(h + 77, 1);
}

static bool write_directory(struct stream_sink *s, struct exh_error *err)
{
    size_t sectors = (s->tables * 4 + 511) / 512;
    if (!put_marker(s, sectors, EXH_VMDK_DIRECTORY, err))
        return false;
    s->directory_at = s->end / 512;
    return append(s, s->directory, sectors * 512, err);
}

static bool write_footer(struct stream_sink *s, struct exh_error *err)
{
    uint8_t h[EXH_VMDK_HEADER_BYTES];
    make_header(s, s->directory_at, h);
    return put_marker(s, 1, EXH_VMDK_FOOTER, err) && append(s, h, sizeof h, err) && put_marker(s, 0, EXH_VMDK_END, err);
}

static bool write_header(struct stream_sink *s, struct exh_error *err)
{
    uint8_t head[(1 + DESCRIPTOR_SECTORS) * 512u] = {0};
    struct exh_vmdk_said said = {"streamOptimized", "RDONLY", "SPARSE", s->sink.files.items[0], "", s->disk_bytes, s->guid};
    char *text = exh_vmdk_text(&said);
    if (text == NULL)
        return exh_nomem(err, "a descriptor");
    size_t length = strlen(text);
    bool ok = length <= DESCRIPTOR_SECTORS * 512u || exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a descriptor of %zu bytes", length);
    make_header(s, EXH_VMDK_AT_END, head);
    if (ok)
        memcpy(head + 512, text, length);
    free(text);
    return ok && exh_staged_file_write(s->file, 0, head, sizeof head, err);
}

static bool stream_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a VMDK has no place for digests */
    struct stream_sink *s = (struct stream_sink *)sink;
    if (s->next != s->grains || exh_layout_bytes(final) != s->disk_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%llu of %llu grains were written", (unsigned long long)s->next, (unsigned long long)s->grains);
    return write_directory(s, err) && write_footer(s, err) && write_header(s, err) && exh_staged_file_sync(s->file, err);
}

static void stream_sink_close(struct exh_sink *sink)
{
    struct stream_sink *s = (struct stream_sink *)sink;
    exh_staged_file_close(s->file);
    free(s->directory);
    free(s);
}

static const struct exh_consumer_ops stream_consumer_ops = {
    .result_bytes = stream_result_bytes, .scratch_new = packing_new, .work = stream_work, .take = stream_take};
static const struct exh_sink_ops stream_sink_ops = {.seal = stream_seal, .close = stream_sink_close};

/* Tables have 32 bits for a sector: whether the packed disk stays within them is known at its end only, so it must fit unpacked. */
static bool can_be_addressed(uint64_t grains, struct exh_error *err)
{
    uint64_t sectors = OVERHEAD_SECTORS + grains * GRAIN_MOST_SECTORS + (grains / TABLE_ENTRIES + 1) * 6;
    return sectors < UINT32_MAX || exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                                            "a stream-optimized VMDK holds less than 2 TiB: write it flat (no compression), or in another format");
}

bool exh_vmdk_stream_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    uint64_t disk_bytes = exh_layout_bytes(create->declared), grains = (disk_bytes + GRAIN_BYTES - 1) / GRAIN_BYTES;
    struct stream_sink *s = can_be_addressed(grains, err) ? calloc(1, sizeof *s) : NULL;
    if (s == NULL)
        return err->code == EXH_OK ? exh_nomem(err, "a VMDK image") : false;
    s->level = create->compression == EXH_COMPRESS_BEST ? 9 : 1; /* as for an E01: what more of it gains is not worth its time */
    s->main_bytes = create->declared->tracks[0].main_bytes;
    s->disk_bytes = disk_bytes;
    s->grains = grains;
    s->end = OVERHEAD_SECTORS * 512ull;
    s->tables = (size_t)((grains + TABLE_ENTRIES - 1) / TABLE_ENTRIES);
    s->directory = calloc((s->tables * 4 + 511) / 512, 512);
    memcpy(s->guid, create->guid, sizeof s->guid);
    s->sink = (struct exh_sink){
        .consumer = {&stream_consumer_ops}, .ops = &stream_sink_ops, .unit_sectors = GRAIN_BYTES / s->main_bytes, .can = EXH_SINK_NEEDS_SIZE};
    if ((s->directory != NULL || exh_nomem(err, "a grain directory")) && exh_names_add(&s->sink.files, create->name, err) &&
        (s->file = exh_staged_file_new(create->folder, create->name, create->resume, err)) != NULL) {
        *out = &s->sink;
        return true;
    }
    exh_sink_close(&s->sink);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}
