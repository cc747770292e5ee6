/* vhd_write.c - writes a VHD: dynamic, blocks of 2 MiB in the order of the disk, those of zeros left out, or (compression none) fixed, the disk and a
 * footer. See vhd.h.
 *
 * Dynamic: footer's copy, header, table, blocks, footer. Creator "win ", so that every reader takes the size field and not the geometry. */
#include "formats/container/staged_file.h"
#include "formats/disk/one_disk.h"
#include "formats/disk/vhd.h"
#include "formats/model/bytes.h"

#define BLOCK_BYTES (2u << 20)
#define BITMAP_BYTES 512u /* 4096 sectors */
#define HEADER_AT 512u
#define TABLE_AT 1536u
#define PAGE_ENTRIES 1024u
#define DISK_BYTES_MAX (2040ull << 30) /* "Virtual Hard Disk Image Format Specification", limits */
#define EPOCH_2000 946684800ull

struct vhd_sink {
    struct exh_sink sink;
    struct exh_staged_file *file;
    bool fixed;
    uint8_t guid[16];
    uint32_t main_bytes, blocks, next;
    uint64_t disk_bytes, unix_time, end; /* where the next block goes */
    uint8_t page[PAGE_ENTRIES * 4u];     /* of the table: that of `next` */
};

static bool flush_page(struct vhd_sink *v, uint32_t page, struct exh_error *err)
{
    uint32_t first = page * PAGE_ENTRIES, n = v->blocks - first < PAGE_ENTRIES ? v->blocks - first : PAGE_ENTRIES;
    bool ok = exh_staged_file_write(v->file, TABLE_AT + (uint64_t)first * 4, v->page, (size_t)n * 4, err);
    memset(v->page, 0xFF, sizeof v->page);
    return ok;
}

static bool put_block(struct vhd_sink *v, const uint8_t *data, size_t bytes, struct exh_error *err)
{
    if (data != NULL && !exh_all_zero(data, bytes)) {
        uint8_t bitmap[BITMAP_BYTES];
        memset(bitmap, 0xFF, sizeof bitmap);
        if (!exh_staged_file_write(v->file, v->end, bitmap, sizeof bitmap, err) ||
            !exh_staged_file_write(v->file, v->end + BITMAP_BYTES, data, bytes, err))
            return false;
        exh_put_be32(v->page + (size_t)(v->next % PAGE_ENTRIES) * 4, (uint32_t)(v->end / 512));
        v->end += BITMAP_BYTES + BLOCK_BYTES;
    }
    v->next++;
    return (v->next % PAGE_ENTRIES != 0 && v->next != v->blocks) || flush_page(v, (v->next - 1) / PAGE_ENTRIES, err);
}

static bool vhd_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct vhd_sink *v = (struct vhd_sink *)consumer;
    uint64_t offset = (uint64_t)block->lba * v->main_bytes, bytes = exh_block_bytes(block);
    if (v->fixed) /* holes stay holes; seal sets the size */
        return block->kind != EXH_BLOCK_DATA || exh_staged_file_write(v->file, offset, block->main, (size_t)bytes, err);
    if (offset != (uint64_t)v->next * BLOCK_BYTES)
        return exh_fail(err, EXH_BUG, offset, "a VHD is written in order");
    for (uint64_t done = 0, n; done < bytes; done += n) {
        n = bytes - done < BLOCK_BYTES ? bytes - done : BLOCK_BYTES;
        if (!put_block(v, block->kind == EXH_BLOCK_DATA ? block->main + done : NULL, (size_t)n, err))
            return false;
    }
    return true;
}

/* The specification's appendix "CHS Calculation". */
static void geometry_of(uint64_t bytes, uint8_t out[4])
{
    uint64_t sectors = bytes / 512, most = 65535ull * 16 * 255, cylinders_heads;
    uint32_t heads = 16, each = 255;
    sectors = sectors > most ? most : sectors;
    if (sectors >= 65535ull * 16 * 63) {
        cylinders_heads = sectors / each;
    } else {
        each = 17;
        cylinders_heads = sectors / each;
        heads = (uint32_t)((cylinders_heads + 1023) / 1024);
        heads = heads < 4 ? 4 : heads;
        if (cylinders_heads >= heads * 1024ull || heads > 16) {
            each = 31;
            heads = 16;
            cylinders_heads = sectors / each;
        }
        if (cylinders_heads >= heads * 1024ull) {
            each = 63;
            cylinders_heads = sectors / each;
        }
    }
    uint32_t cylinders = (uint32_t)(cylinders_heads / heads);
    out[0] = (uint8_t)(cylinders >> 8), out[1] = (uint8_t)cylinders, out[2] = (uint8_t)heads, out[3] = (uint8_t)each;
}

static void make_footer(const struct vhd_sink *v, uint8_t f[EXH_VHD_FOOTER_BYTES])
{
    memset(f, 0, EXH_VHD_FOOTER_BYTES);
    memcpy(f, "conectix", 8);
    exh_put_be32(f + 8, 2); /* features: the reserved bit, always set */
    exh_put_be32(f + 12, 0x00010000);
    exh_put_be64(f + 16, v->fixed ? UINT64_MAX : HEADER_AT);
    exh_put_be32(f + 24, v->unix_time > EPOCH_2000 ? (uint32_t)(v->unix_time - EPOCH_2000) : 0);
    memcpy(f + 28, "win ", 4);
    exh_put_be32(f + 32, 0x00060000);
    memcpy(f + 36, "Wi2k", 4);
    exh_put_be64(f + 40, v->disk_bytes);
    exh_put_be64(f + 48, v->disk_bytes);
    geometry_of(v->disk_bytes, f + 56);
    exh_put_be32(f + 60, v->fixed ? 2 : 3);
    memcpy(f + 68, v->guid, 16);
    exh_put_be32(f + 64, exh_vhd_checksum(f, EXH_VHD_FOOTER_BYTES, 64));
}

static bool write_heads(struct vhd_sink *v, struct exh_error *err)
{
    uint8_t f[EXH_VHD_FOOTER_BYTES], h[EXH_VHD_HEADER_BYTES] = {0};
    make_footer(v, f);
    if (v->fixed)
        return exh_staged_file_resize(v->file, v->disk_bytes, err) && exh_staged_file_write(v->file, v->disk_bytes, f, sizeof f, err);
    memcpy(h, "cxsparse", 8);
    exh_put_be64(h + 8, UINT64_MAX);
    exh_put_be64(h + 16, TABLE_AT);
    exh_put_be32(h + 24, 0x00010000);
    exh_put_be32(h + 28, v->blocks);
    exh_put_be32(h + 32, BLOCK_BYTES);
    exh_put_be32(h + 36, exh_vhd_checksum(h, sizeof h, 36));
    return exh_staged_file_write(v->file, 0, f, sizeof f, err) && exh_staged_file_write(v->file, HEADER_AT, h, sizeof h, err) &&
           exh_staged_file_write(v->file, v->end, f, sizeof f, err);
}

static bool vhd_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a VHD has no place for digests */
    struct vhd_sink *v = (struct vhd_sink *)sink;
    if ((!v->fixed && v->next != v->blocks) || exh_layout_bytes(final) != v->disk_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%u of %u blocks were written", v->next, v->blocks);
    return write_heads(v, err) && exh_staged_file_sync(v->file, err);
}

static void vhd_sink_close(struct exh_sink *sink)
{
    struct vhd_sink *v = (struct vhd_sink *)sink;
    exh_staged_file_close(v->file);
    free(v);
}

static const struct exh_consumer_ops vhd_consumer_ops = {.take = vhd_take};
static const struct exh_sink_ops vhd_sink_ops = {.seal = vhd_seal, .close = vhd_sink_close};

bool exh_vhd_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    uint64_t bytes = exh_layout_bytes(layout);
    if (!exh_one_disk_fits(layout, "VHD", "512 bytes", 512, BLOCK_BYTES, losses, err))
        return false;
    return bytes <= DISK_BYTES_MAX ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a disk of %llu bytes is larger than the 2040 GiB a VHD can be", (unsigned long long)bytes);
}

bool exh_vhd_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0}; /* named before, by the caller */
    bool fits = exh_vhd_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    struct vhd_sink *v = fits ? calloc(1, sizeof *v) : NULL;
    if (v == NULL)
        return fits ? exh_nomem(err, "a VHD image") : false;
    v->fixed = create->compression == EXH_COMPRESS_NONE;
    v->main_bytes = create->declared->tracks[0].main_bytes;
    v->disk_bytes = exh_layout_bytes(create->declared);
    v->blocks = (uint32_t)((v->disk_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
    v->end = (TABLE_AT + (uint64_t)v->blocks * 4 + 511) / 512 * 512;
    v->unix_time = create->unix_time;
    memcpy(v->guid, create->guid, sizeof v->guid);
    memset(v->page, 0xFF, sizeof v->page);
    v->sink = (struct exh_sink){
        .consumer = {&vhd_consumer_ops}, .ops = &vhd_sink_ops, .unit_sectors = BLOCK_BYTES / v->main_bytes, .can = EXH_SINK_NEEDS_SIZE};
    if (exh_names_add(&v->sink.files, create->name, err) &&
        (v->file = exh_staged_file_new(create->folder, create->name, create->resume, err)) != NULL) {
        *out = &v->sink;
        return true;
    }
    exh_sink_close(&v->sink);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}
