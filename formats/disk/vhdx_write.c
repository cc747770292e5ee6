/* vhdx_write.c - writes a dynamic VHDX: blocks in the order of the disk, those of zeros left out. See vhdx.h.
 *
 * Identifier, headers and region tables in the first MiB, then a log that is empty, the metadata, the block table and the blocks. Blocks are of 1
 * MiB, larger for disks so large that the table would grow out of hand; of a larger one only the parts with data are written, and the rest stays a
 * hole. Blocks come in order, so the table is written once, page by page. */
#include "formats/container/staged_file.h"
#include "formats/disk/one_disk.h"
#include "formats/disk/vhdx.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define UNIT_BYTES EXH_VHDX_MIB
#define BLOCK_BYTES_MAX (32u << 20)
#define BLOCKS_WANTED (1ull << 20) /* a table of 8 MiB */
#define LOG_AT (1ull << 20)
#define METADATA_AT (2ull << 20)
#define BAT_AT (3ull << 20)
#define PAGE_ENTRIES 1024u
#define REQUIRED 4u
#define ABOUT_DISK 2u

struct vhdx_sink {
    struct exh_sink sink;
    struct exh_staged_file *file;
    uint8_t guid[16];
    char creator[128];
    uint32_t main_bytes, logical_bytes, block_bytes;
    int64_t first;
    uint64_t disk_bytes, ratio, bat_bytes, end; /* end: where the next block goes */
    uint64_t next;                              /* the byte of the disk that comes next */
    uint64_t open_block, open_at;               /* the block that has data last, and its place; 0: none yet */
    uint64_t page_first;                        /* index of the entry that the page begins with */
    bool page_used;
    uint8_t page[PAGE_ENTRIES * 8u];
};

/* ---- blocks ---- */

static bool flush_page(struct vhdx_sink *v, struct exh_error *err)
{
    uint64_t left = v->bat_bytes / 8 - v->page_first, n = left < PAGE_ENTRIES ? left : PAGE_ENTRIES;
    if (v->page_used && !exh_staged_file_write(v->file, BAT_AT + v->page_first * 8, v->page, (size_t)n * 8, err))
        return false;
    memset(v->page, 0, sizeof v->page);
    v->page_used = false;
    return true;
}

static bool put_entry(struct vhdx_sink *v, uint64_t index, uint64_t entry, struct exh_error *err)
{
    uint64_t page_first = index / PAGE_ENTRIES * PAGE_ENTRIES;
    if (page_first != v->page_first && !flush_page(v, err))
        return false;
    v->page_first = page_first;
    v->page_used = true;
    exh_put_le64(v->page + (index - page_first) * 8, entry);
    return true;
}

/* At most a unit, which lies in one block. */
static bool put_unit(struct vhdx_sink *v, const uint8_t *data, size_t bytes, struct exh_error *err)
{
    uint64_t block = v->next / v->block_bytes, inside = v->next % v->block_bytes;
    v->next += bytes;
    if (data == NULL || exh_all_zero(data, bytes))
        return true;
    if (v->open_at == 0 || block != v->open_block) {
        v->open_block = block;
        v->open_at = v->end;
        v->end += v->block_bytes;
        if (!put_entry(v, exh_vhdx_block_entry(block, v->ratio), v->open_at | EXH_VHDX_PRESENT, err))
            return false;
    }
    return exh_staged_file_write(v->file, v->open_at + inside, data, bytes, err);
}

static bool vhdx_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct vhdx_sink *v = (struct vhdx_sink *)consumer;
    uint64_t offset = (uint64_t)(block->lba - v->first) * v->main_bytes, bytes = exh_block_bytes(block);
    if (offset != v->next || offset % UNIT_BYTES != 0)
        return exh_fail(err, EXH_BUG, offset, "a VHDX is written in order");
    for (uint64_t done = 0, n; done < bytes; done += n) {
        n = bytes - done < UNIT_BYTES ? bytes - done : UNIT_BYTES;
        if (!put_unit(v, block->kind == EXH_BLOCK_DATA ? block->main + done : NULL, (size_t)n, err))
            return false;
    }
    return true;
}

/* ---- tables and headers ---- */

/* The n-th identifier out of the one that was given: none may come from a clock or chance here. */
static void derive(const uint8_t guid[16], unsigned n, uint8_t out[16])
{
    for (unsigned i = 0; i < 16; i++)
        out[i] = (uint8_t)(guid[(i + n) % 16] ^ (n * 0x5Au));
    out[7] = (uint8_t)((out[7] & 0x0F) | 0x40); /* version 4, RFC 4122 4.1.3, in the mixed-endian form of a GUID */
    out[8] = (uint8_t)((out[8] & 0x3F) | 0x80);
}

static void put_item(uint8_t *table, unsigned n, const uint8_t guid[16], uint32_t offset, uint32_t length, uint32_t flags)
{
    uint8_t *entry = table + 32 + (size_t)n * 32;
    memcpy(entry, guid, 16);
    exh_put_le32(entry + 16, offset);
    exh_put_le32(entry + 20, length);
    exh_put_le32(entry + 24, flags);
}

static bool write_metadata(struct vhdx_sink *v, struct exh_error *err)
{
    uint8_t table[32 + 5 * 32] = "metadata", items[64] = {0};
    exh_put_le16(table + 10, 5);
    put_item(table, 0, exh_vhdx_file_parameters, EXH_VHDX_TABLE_BYTES, 8, REQUIRED);
    put_item(table, 1, exh_vhdx_disk_size, EXH_VHDX_TABLE_BYTES + 8, 8, REQUIRED | ABOUT_DISK);
    put_item(table, 2, exh_vhdx_disk_id, EXH_VHDX_TABLE_BYTES + 16, 16, REQUIRED | ABOUT_DISK);
    put_item(table, 3, exh_vhdx_logical, EXH_VHDX_TABLE_BYTES + 32, 4, REQUIRED | ABOUT_DISK);
    put_item(table, 4, exh_vhdx_physical, EXH_VHDX_TABLE_BYTES + 36, 4, REQUIRED | ABOUT_DISK);
    exh_put_le32(items, v->block_bytes);
    exh_put_le64(items + 8, v->disk_bytes);
    memcpy(items + 16, v->guid, 16);
    exh_put_le32(items + 32, v->logical_bytes);
    exh_put_le32(items + 36, v->logical_bytes);
    return exh_staged_file_write(v->file, METADATA_AT, table, sizeof table, err) &&
           exh_staged_file_write(v->file, METADATA_AT + EXH_VHDX_TABLE_BYTES, items, sizeof items, err);
}

static void put_region(uint8_t *entry, const uint8_t guid[16], uint64_t at, uint64_t bytes)
{
    memcpy(entry, guid, 16);
    exh_put_le64(entry + 16, at);
    exh_put_le32(entry + 24, (uint32_t)bytes);
    exh_put_le32(entry + 28, 1); /* required */
}

static bool write_regions(struct vhdx_sink *v, struct exh_error *err)
{
    uint8_t *table = calloc(1, EXH_VHDX_TABLE_BYTES);
    if (table == NULL)
        return exh_nomem(err, "a region table");
    memcpy(table, "regi", 4);
    exh_put_le32(table + 8, 2);
    put_region(table + 16, exh_vhdx_bat_region, BAT_AT, v->bat_bytes);
    put_region(table + 48, exh_vhdx_metadata_region, METADATA_AT, EXH_VHDX_MIB);
    exh_put_le32(table + 4, exh_vhdx_checksum(table, EXH_VHDX_TABLE_BYTES));
    bool ok = exh_staged_file_write(v->file, EXH_VHDX_REGIONS_AT(0), table, EXH_VHDX_TABLE_BYTES, err) &&
              exh_staged_file_write(v->file, EXH_VHDX_REGIONS_AT(1), table, EXH_VHDX_TABLE_BYTES, err);
    free(table);
    return ok;
}

static bool write_headers(struct vhdx_sink *v, struct exh_error *err)
{
    uint8_t identifier[8 + 512] = "vhdxfile", h[EXH_VHDX_HEADER_BYTES] = "head";
    for (size_t i = 0; v->creator[i] != '\0'; i++)
        identifier[8 + 2 * i] = (uint8_t)v->creator[i];
    derive(v->guid, 1, h + 16);
    derive(v->guid, 2, h + 32);
    exh_put_le16(h + 66, 1);
    exh_put_le32(h + 68, EXH_VHDX_MIB);
    exh_put_le64(h + 72, LOG_AT);
    for (unsigned i = 0; i < 2; i++) {
        exh_put_le64(h + 8, i + 1);
        exh_put_le32(h + 4, exh_vhdx_checksum(h, sizeof h));
        if (!exh_staged_file_write(v->file, EXH_VHDX_HEADER_AT(i), h, sizeof h, err))
            return false;
    }
    return exh_staged_file_write(v->file, 0, identifier, sizeof identifier, err);
}

static bool vhdx_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a VHDX has no place for digests */
    struct vhdx_sink *v = (struct vhdx_sink *)sink;
    if (v->next != v->disk_bytes || exh_layout_bytes(final) != v->disk_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%llu of %llu bytes were written", (unsigned long long)v->next,
                        (unsigned long long)v->disk_bytes);
    return flush_page(v, err) && exh_staged_file_resize(v->file, v->end, err) && write_metadata(v, err) && write_regions(v, err) &&
           write_headers(v, err) && exh_staged_file_sync(v->file, err);
}

static void vhdx_sink_close(struct exh_sink *sink)
{
    struct vhdx_sink *v = (struct vhdx_sink *)sink;
    exh_staged_file_close(v->file);
    free(v);
}

static const struct exh_consumer_ops vhdx_consumer_ops = {.take = vhdx_take};
static const struct exh_sink_ops vhdx_sink_ops = {.seal = vhdx_seal, .close = vhdx_sink_close};

/* ---- creating ---- */

static uint32_t sector_bytes(const struct exh_track *t) { return t->main_bytes == 4096 ? 4096 : 512; }

bool exh_vhdx_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    uint64_t bytes = exh_layout_bytes(layout);
    if (!exh_one_disk_fits(layout, "VHDX", "512 or 4096 bytes", sector_bytes(&layout->tracks[0]), UNIT_BYTES, losses, err))
        return false;
    return bytes <= EXH_VHDX_DISK_MAX ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a disk of %llu bytes is larger than a VHDX can be", (unsigned long long)bytes);
}

static void set_shape(struct vhdx_sink *v, const struct exh_create *create)
{
    const struct exh_track *t = &create->declared->tracks[0];
    v->main_bytes = t->main_bytes;
    v->logical_bytes = sector_bytes(t);
    v->first = t->first;
    v->disk_bytes = exh_layout_bytes(create->declared);
    v->block_bytes = UNIT_BYTES;
    while (v->block_bytes < BLOCK_BYTES_MAX && v->disk_bytes / v->block_bytes > BLOCKS_WANTED)
        v->block_bytes *= 2;
    v->ratio = EXH_VHDX_CHUNK_SECTORS * v->logical_bytes / v->block_bytes;
    uint64_t entries = exh_vhdx_block_entry((v->disk_bytes - 1) / v->block_bytes, v->ratio) + 1;
    v->bat_bytes = (entries * 8 + EXH_VHDX_MIB - 1) / EXH_VHDX_MIB * EXH_VHDX_MIB;
    v->end = BAT_AT + v->bat_bytes;
    memcpy(v->guid, create->guid, sizeof v->guid);
    (void)snprintf(v->creator, sizeof v->creator, "%s", create->program != NULL ? create->program : "exhibit");
}

bool exh_vhdx_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0}; /* named before, by the caller */
    bool fits = exh_vhdx_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    struct vhdx_sink *v = fits ? calloc(1, sizeof *v) : NULL;
    if (v == NULL)
        return fits ? exh_nomem(err, "a VHDX image") : false;
    set_shape(v, create);
    v->sink = (struct exh_sink){
        .consumer = {&vhdx_consumer_ops}, .ops = &vhdx_sink_ops, .unit_sectors = UNIT_BYTES / v->main_bytes, .can = EXH_SINK_NEEDS_SIZE};
    if (exh_names_add(&v->sink.files, create->name, err) &&
        (v->file = exh_staged_file_new(create->folder, create->name, create->resume, err)) != NULL) {
        *out = &v->sink;
        return true;
    }
    exh_sink_close(&v->sink);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}
