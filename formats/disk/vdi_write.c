/* vdi_write.c - writes a VDI 1.1: blocks of 1 MiB in the order of the disk; dynamic, those of zeros left out, or (compression none) fixed, every one
 * stored. See vdi.h.
 *
 * Header at 0, map at 512, data on the next MiB, as VirtualBox lays them out. Blocks come in order, so the map is written once, page by page. */
#include "formats/container/staged_file.h"
#include "formats/disk/one_disk.h"
#include "formats/disk/vdi.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define BLOCK_BYTES (1u << 20)
#define MAP_OFFSET 0x200u
#define PAGE_ENTRIES 1024u
#define BLOCK_FREE 0xFFFFFFFFu

struct vdi_sink {
    struct exh_sink sink;
    struct exh_staged_file *file;
    bool fixed;
    uint8_t guid[16];
    uint32_t main_bytes, blocks, allocated;
    int64_t first;
    uint64_t data_offset, disk_bytes;
    uint32_t next;                   /* the block that comes next */
    uint8_t page[PAGE_ENTRIES * 4u]; /* of the map: that of `next` */
};

static bool flush_page(struct vdi_sink *v, uint32_t page, struct exh_error *err)
{
    uint32_t first = page * PAGE_ENTRIES, n = v->blocks - first < PAGE_ENTRIES ? v->blocks - first : PAGE_ENTRIES;
    bool ok = exh_staged_file_write(v->file, MAP_OFFSET + (uint64_t)first * 4, v->page, (size_t)n * 4, err);
    memset(v->page, 0xFF, sizeof v->page);
    return ok;
}

static bool put_block(struct vdi_sink *v, const uint8_t *data, size_t bytes, struct exh_error *err)
{
    static const uint8_t zeros[4096];
    if (v->fixed || (data != NULL && !exh_all_zero(data, bytes))) {
        uint64_t at = v->data_offset + (uint64_t)v->allocated * BLOCK_BYTES;
        if (data != NULL && !exh_staged_file_write(v->file, at, data, bytes, err))
            return false;
        for (size_t done = bytes, n; data != NULL && done < BLOCK_BYTES; done += n) { /* the last block is stored whole */
            n = BLOCK_BYTES - done < sizeof zeros ? BLOCK_BYTES - done : sizeof zeros;
            if (!exh_staged_file_write(v->file, at + done, zeros, n, err))
                return false;
        }
        exh_put_le32(v->page + (size_t)(v->next % PAGE_ENTRIES) * 4, v->allocated++);
    }
    v->next++;
    return (v->next % PAGE_ENTRIES != 0 && v->next != v->blocks) || flush_page(v, (v->next - 1) / PAGE_ENTRIES, err);
}

static bool vdi_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct vdi_sink *v = (struct vdi_sink *)consumer;
    uint64_t offset = (uint64_t)(block->lba - v->first) * v->main_bytes, bytes = exh_block_bytes(block);
    if (offset != (uint64_t)v->next * BLOCK_BYTES)
        return exh_fail(err, EXH_BUG, offset, "a VDI is written in order");
    for (uint64_t done = 0, n; done < bytes; done += n) {
        n = bytes - done < BLOCK_BYTES ? bytes - done : BLOCK_BYTES;
        if (!put_block(v, block->kind == EXH_BLOCK_DATA ? block->main + done : NULL, (size_t)n, err))
            return false;
    }
    return true;
}

/* A second identifier out of the first: VirtualBox wants one that is not null for the modification too, and none may come from a clock here. */
static void modification_of(const uint8_t guid[16], uint8_t out[16])
{
    for (unsigned i = 0; i < 16; i++)
        out[i] = (uint8_t)(guid[15 - i] ^ 0x5A);
    out[7] = (uint8_t)((out[7] & 0x0F) | 0x40); /* version 4, RFC 4122 4.1.3, in the mixed-endian form of a GUID */
    out[8] = (uint8_t)((out[8] & 0x3F) | 0x80);
}

static bool write_header(struct vdi_sink *v, struct exh_error *err)
{
    uint8_t h[MAP_OFFSET] = "<<< Oracle VM VirtualBox Disk Image >>>\n";
    exh_put_le32(h + 0x40, 0xBEDA107Fu);
    exh_put_le32(h + 0x44, 0x00010001u);
    exh_put_le32(h + 0x48, 0x190);
    exh_put_le32(h + 0x4C, v->fixed ? 2 : 1);
    exh_put_le32(h + 0x154, MAP_OFFSET);
    exh_put_le32(h + 0x158, (uint32_t)v->data_offset);
    exh_put_le32(h + 0x168, 512);
    exh_put_le64(h + 0x170, v->disk_bytes);
    exh_put_le32(h + 0x178, BLOCK_BYTES);
    exh_put_le32(h + 0x180, v->blocks);
    exh_put_le32(h + 0x184, v->allocated);
    memcpy(h + 0x188, v->guid, 16);
    modification_of(v->guid, h + 0x198);
    return exh_staged_file_write(v->file, 0, h, sizeof h, err);
}

static bool vdi_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a VDI has no place for digests */
    struct vdi_sink *v = (struct vdi_sink *)sink;
    if (v->next != v->blocks || exh_layout_bytes(final) != v->disk_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%u of %u blocks were written", v->next, v->blocks);
    return write_header(v, err) && exh_staged_file_resize(v->file, v->data_offset + (uint64_t)v->allocated * BLOCK_BYTES, err) &&
           exh_staged_file_sync(v->file, err);
}

static void vdi_sink_close(struct exh_sink *sink)
{
    struct vdi_sink *v = (struct vdi_sink *)sink;
    exh_staged_file_close(v->file);
    free(v);
}

static const struct exh_consumer_ops vdi_consumer_ops = {.take = vdi_take};
static const struct exh_sink_ops vdi_sink_ops = {.seal = vdi_seal, .close = vdi_sink_close};

bool exh_vdi_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    uint64_t bytes = exh_layout_bytes(layout);
    if (!exh_one_disk_fits(layout, "VDI", "512 bytes", 512, BLOCK_BYTES, losses, err))
        return false;
    return (bytes / BLOCK_BYTES < BLOCK_FREE - 2 && MAP_OFFSET + bytes / BLOCK_BYTES * 4 <= UINT32_MAX - 2 * BLOCK_BYTES) ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a disk of %llu bytes is larger than a VDI can be", (unsigned long long)bytes);
}

bool exh_vdi_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0}; /* named before, by the caller */
    bool fits = exh_vdi_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    struct vdi_sink *v = fits ? calloc(1, sizeof *v) : NULL;
    if (v == NULL)
        return fits ? exh_nomem(err, "a VDI image") : false;
    const struct exh_track *t = &create->declared->tracks[0];
    v->fixed = create->compression == EXH_COMPRESS_NONE;
    v->main_bytes = t->main_bytes;
    v->first = t->first;
    v->disk_bytes = exh_layout_bytes(create->declared);
    v->blocks = (uint32_t)((v->disk_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
    v->data_offset = (MAP_OFFSET + (uint64_t)v->blocks * 4 + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    memcpy(v->guid, create->guid, sizeof v->guid);
    memset(v->page, 0xFF, sizeof v->page);
    v->sink = (struct exh_sink){
        .consumer = {&vdi_consumer_ops}, .ops = &vdi_sink_ops, .unit_sectors = BLOCK_BYTES / t->main_bytes, .can = EXH_SINK_NEEDS_SIZE};
    if (exh_names_add(&v->sink.files, create->name, err) &&
        (v->file = exh_staged_file_new(create->folder, create->name, create->resume, err)) != NULL) {
        *out = &v->sink;
        return true;
    }
    exh_sink_close(&v->sink);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}
