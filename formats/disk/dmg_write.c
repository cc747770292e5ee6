/* dmg_write.c - writes a UDIF image in one forward pass: one table over the whole disk, chunks of 1 MiB, property list and trailer last. See dmg.h.
 *
 * Not compressed it is a UDRO, fast a UDZO (zlib), best a ULMO (xz: macOS reads it from 10.15 on). Chunks of zeros are not stored; one that does not
 * shrink is stored as it is. The three CRC-32s: over the disk, over the one table's value, and over the stored chunks. */
#include "formats/container/codec.h"
#include "formats/container/staged_file.h"
#include "formats/container/unpack.h"
#include "formats/disk/dmg.h"
#include "formats/disk/dmg_blocks.h"
#include "formats/disk/one_disk.h"
#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define CHUNK_BYTES (1u << 20)
#define CHUNK_SECTORS (CHUNK_BYTES / 512)
#define DISK_BYTES_MAX (4ull << 40) /* the property list of a larger one could pass EXH_PLIST_BYTES_MAX */
#define HEADER_BYTES 0xCCu
#define ENTRY_BYTES 40u
#define TERMINATOR 0xFFFFFFFFu
#define PARTITIONS_BYTES 1032u /* the `plst` resource: zeros */
#define KOLY_BYTES 512u
#define SUM_CRC32 2u
#define VARIANT_PARTITION 2u
#define IN_BLOCK SIZE_MAX

struct stored { /* one chunk of the table; its first sector is where the one before it ends */
    uint64_t offset;
    uint32_t type, bytes;
    uint64_t sectors;
};

struct dmg_sink {
    struct exh_sink sink;
    struct exh_staged_file *file;
    bool packs;
    enum exh_codec codec; /* of packed chunks */
    uint8_t guid[16];
    uint32_t main_bytes;
    int64_t first;
    uint64_t disk_bytes, next_bytes; /* of the disk; what has been taken of it */
    struct stored *chunks;
    size_t chunk_count, chunk_capacity;
    uint32_t disk_crc, stored_crc;
};

/* ---- compressing, in the pool ---- */

struct packed { /* one per chunk at the beginning of a result; the packed bytes follow */
    uint32_t type;
    size_t size, offset; /* of the packed bytes; IN_BLOCK: the block's own */
};

struct pack_scratch {
    struct exh_scratch scratch;
    struct exh_packer *packer; /* NULL: nothing is packed */
};

static size_t chunks_of(uint64_t bytes) { return (size_t)((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES); }

static size_t dmg_result_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    size_t chunks = chunks_of((uint64_t)sectors * main_bytes);
    return chunks * (sizeof(struct packed) + (((const struct dmg_sink *)consumer)->packs ? CHUNK_BYTES : 0));
}

static void scratch_close(struct exh_scratch *scratch)
{
    exh_packer_close(((struct pack_scratch *)scratch)->packer);
    free(scratch);
}

static struct exh_scratch *dmg_scratch_new(const struct exh_consumer *consumer)
{
    struct pack_scratch *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->scratch.close = scratch_close;
    const struct dmg_sink *d = (const struct dmg_sink *)consumer;
    if (d->packs && (s->packer = exh_packer_new(d->codec, d->codec == EXH_CODEC_BZIP2 ? 9 : 1)) == NULL) {
        free(s);
        return NULL;
    }
    return &s->scratch;
}

static uint32_t chunk_type(enum exh_codec codec)
{
    return (uint32_t)(codec == EXH_CODEC_BZIP2 ? EXH_DMG_BZIP2 : codec == EXH_CODEC_XZ ? EXH_DMG_XZ : EXH_DMG_ZLIB);
}

static void pack(const struct dmg_sink *d, struct pack_scratch *s, const uint8_t *data, size_t length, uint8_t *out, struct packed *p)
{
    size_t size = 0;
    bool zero = exh_all_zero(data, length);
    if (!zero && s->packer != NULL)
        size = exh_pack(s->packer, data, length, out, length - 1);
    if (zero)
        *p = (struct packed){.type = EXH_DMG_ZERO};
    else if (size == 0)
        *p = (struct packed){.type = EXH_DMG_RAW, .size = length, .offset = IN_BLOCK};
    else
        *p = (struct packed){.type = chunk_type(d->codec), .size = size};
}

static bool dmg_work(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                     struct exh_error *err)
{
    (void)err; /* what does not pack is stored as it is */
    const struct dmg_sink *d = (const struct dmg_sink *)consumer;
    struct packed *packed = result;
    uint64_t bytes = exh_block_bytes(block);
    size_t chunks = chunks_of(bytes), used = 0;
    uint8_t *out = (uint8_t *)(packed + chunks);
    for (size_t i = 0; i < chunks; i++) {
        uint64_t done = (uint64_t)i * CHUNK_BYTES, left = bytes - done;
        if (block->kind != EXH_BLOCK_DATA) {
            packed[i] = (struct packed){.type = EXH_DMG_ZERO};
            continue;
        }
        pack(d, (struct pack_scratch *)scratch, block->main + done, left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES, out + used, &packed[i]);
        if (packed[i].offset != IN_BLOCK) {
            packed[i].offset = used;
            used += packed[i].size;
        }
    }
    return true;
}

/* ---- writing, in order ---- */

static bool add_chunk(struct dmg_sink *d, const struct packed *p, uint64_t sectors, const uint8_t *bytes, struct exh_error *err)
{
    struct stored *last = d->chunk_count > 0 ? &d->chunks[d->chunk_count - 1] : NULL;
    if (p->type == EXH_DMG_ZERO && last != NULL && last->type == EXH_DMG_ZERO) {
        last->sectors += sectors;
        return true;
    }
    if (!exh_grow((void **)&d->chunks, &d->chunk_capacity, d->chunk_count, sizeof *d->chunks, EXH_DMG_CHUNKS_MAX, "chunks", err))
        return false;
    d->chunks[d->chunk_count++] =
        (struct stored){.offset = exh_staged_file_end(d->file), .type = p->type, .bytes = (uint32_t)p->size, .sectors = sectors};
    d->stored_crc = exh_crc32(d->stored_crc, bytes, p->size);
    return p->size == 0 || exh_staged_file_append(d->file, bytes, p->size, err);
}

static bool dmg_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct dmg_sink *d = (struct dmg_sink *)consumer;
    const struct packed *packed = result;
    uint64_t bytes = exh_block_bytes(block);
    const uint8_t *out = (const uint8_t *)(packed + chunks_of(bytes));
    if ((uint64_t)(block->lba - d->first) * d->main_bytes != d->next_bytes || d->next_bytes % CHUNK_BYTES != 0)
        return exh_fail(err, EXH_BUG, d->next_bytes, "a DMG is written in order");
    for (uint64_t done = 0, n; done < bytes; done += n) {
        const struct packed *p = &packed[done / CHUNK_BYTES];
        n = bytes - done < CHUNK_BYTES ? bytes - done : CHUNK_BYTES;
        d->disk_crc = exh_crc32(d->disk_crc, block->main + done, (size_t)n);
        if (!add_chunk(d, p, n / 512, p->offset == IN_BLOCK ? block->main + done : out + p->offset, err))
            return false;
    }
    d->next_bytes += bytes;
    return true;
}

/* ---- the end: property list and trailer ---- */

struct base64 { /* RFC 4648, 4, on its way into the file */
    struct exh_staged_file *file;
    uint8_t rest[3];
    size_t rest_count, text_length;
    char text[4096]; /* a multiple of 4 */
    bool ok;
    struct exh_error *err;
};

static void base64_flush(struct base64 *b)
{
    b->ok = b->ok && exh_staged_file_append(b->file, b->text, b->text_length, b->err);
    b->text_length = 0;
}

static void base64_group(struct base64 *b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t value = (uint32_t)b->rest[0] << 16 | (uint32_t)b->rest[1] << 8 | b->rest[2];
    for (unsigned i = 0; i < 4; i++)
        b->text[b->text_length++] = digits[value >> (18 - 6 * i) & 63];
    b->rest_count = 0;
    if (b->text_length == sizeof b->text)
        base64_flush(b);
}

static void base64_put(struct base64 *b, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        b->rest[b->rest_count++] = bytes[i];
        if (b->rest_count == 3)
            base64_group(b);
    }
}

static bool base64_end(struct base64 *b)
{
    size_t count = b->rest_count;
    if (count > 0) {
        memset(b->rest + count, 0, 3 - count);
        if (b->text_length + 4 == sizeof b->text) /* what is patched below must still be here */
            base64_flush(b);
        base64_group(b);
        for (size_t i = count; i < 3; i++)
            b->text[b->text_length - 3 + i] = '=';
    }
    base64_flush(b);
    return b->ok;
}

static void put_sum(uint8_t *at, uint32_t crc)
{
    exh_put_be32(at, SUM_CRC32);
    exh_put_be32(at + 4, 32);
    exh_put_be32(at + 8, crc);
}

static void put_entry(struct base64 *b, uint32_t type, uint64_t sector, uint64_t sectors, uint64_t offset, uint64_t bytes)
{
    uint8_t e[ENTRY_BYTES] = {0};
    exh_put_be32(e, type);
    exh_put_be64(e + 8, sector);
    exh_put_be64(e + 16, sectors);
    exh_put_be64(e + 24, offset);
    exh_put_be64(e + 32, bytes);
    base64_put(b, e, sizeof e);
}

static bool write_table(struct dmg_sink *d, uint64_t data_bytes, struct exh_error *err)
{
    struct base64 b = {.file = d->file, .ok = true, .err = err};
    uint8_t h[HEADER_BYTES] = "mish";
    exh_put_be32(h + 4, 1);
    exh_put_be64(h + 0x10, d->disk_bytes / 512);
    exh_put_be32(h + 0x20, CHUNK_SECTORS + 8); /* the buffers that hdiutil asks for */
    exh_put_be32(h + 0x24, 0xFFFFFFFEu);       /* the whole disk */
    put_sum(h + 0x40, d->disk_crc);
    exh_put_be32(h + 0xC8, (uint32_t)d->chunk_count + 1);
    base64_put(&b, h, sizeof h);
    uint64_t sector = 0;
    for (size_t i = 0; b.ok && i < d->chunk_count; i++) {
        const struct stored *c = &d->chunks[i];
        put_entry(&b, c->type, sector, c->sectors, c->offset, c->bytes);
        sector += c->sectors;
    }
    put_entry(&b, TERMINATOR, sector, 0, data_bytes, 0);
    return base64_end(&b);
}

static bool put_text(struct dmg_sink *d, const char *text, struct exh_error *err) { return exh_staged_file_append(d->file, text, strlen(text), err); }

static bool write_plist(struct dmg_sink *d, uint64_t data_bytes, struct exh_error *err)
{
    static const uint8_t partitions[PARTITIONS_BYTES];
    struct base64 b = {.file = d->file, .ok = true, .err = err};
    if (!put_text(d,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                  "<plist version=\"1.0\">\n<dict>\n<key>resource-fork</key>\n<dict>\n<key>blkx</key>\n<array>\n<dict>\n"
                  "<key>Attributes</key>\n<string>0x0050</string>\n<key>CFName</key>\n<string>whole disk (unknown partition : 0)</string>\n"
                  "<key>Data</key>\n<data>\n",
                  err) ||
        !write_table(d, data_bytes, err) ||
        !put_text(d,
                  "\n</data>\n<key>ID</key>\n<string>0</string>\n<key>Name</key>\n<string>whole disk (unknown partition : 0)</string>\n"
                  "</dict>\n</array>\n<key>plst</key>\n<array>\n<dict>\n<key>Attributes</key>\n<string>0x0050</string>\n<key>Data</key>\n<data>\n",
                  err))
        return false;
    base64_put(&b, partitions, sizeof partitions);
    return base64_end(&b) && put_text(d,
                                      "\n</data>\n<key>ID</key>\n<string>0</string>\n<key>Name</key>\n<string></string>\n"
                                      "</dict>\n</array>\n</dict>\n</dict>\n</plist>\n",
                                      err);
}

static bool write_koly(struct dmg_sink *d, uint64_t data_bytes, struct exh_error *err)
{
    uint8_t k[KOLY_BYTES] = "koly", table_sum[4];
    exh_put_be32(k + 4, 4);
    exh_put_be32(k + 8, KOLY_BYTES);
    exh_put_be32(k + 0x0C, 1); /* flattened */
    exh_put_be64(k + 0x20, data_bytes);
    exh_put_be32(k + 0x38, 1); /* segment 1 of 1 */
    exh_put_be32(k + 0x3C, 1);
    memcpy(k + 0x40, d->guid, sizeof d->guid);
    put_sum(k + 0x50, d->stored_crc);
    exh_put_be64(k + 0xD8, data_bytes);
    exh_put_be64(k + 0xE0, exh_staged_file_end(d->file) - data_bytes);
    exh_put_be32(table_sum, d->disk_crc);
    put_sum(k + 0x160, exh_crc32(0, table_sum, sizeof table_sum));
    exh_put_be32(k + 0x1E8, VARIANT_PARTITION);
    exh_put_be64(k + 0x1EC, d->disk_bytes / 512);
    return exh_staged_file_append(d->file, k, sizeof k, err);
}

static bool dmg_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a UDIF has no place for digests */
    struct dmg_sink *d = (struct dmg_sink *)sink;
    uint64_t data_bytes = exh_staged_file_end(d->file);
    if (d->next_bytes != d->disk_bytes || exh_layout_bytes(final) != d->disk_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%llu of %llu bytes were written", (unsigned long long)d->next_bytes,
                        (unsigned long long)d->disk_bytes);
    return write_plist(d, data_bytes, err) && write_koly(d, data_bytes, err) && exh_staged_file_sync(d->file, err);
}

static void dmg_sink_close(struct exh_sink *sink)
{
    struct dmg_sink *d = (struct dmg_sink *)sink;
    exh_staged_file_close(d->file);
    free(d->chunks);
    free(d);
}

static const struct exh_consumer_ops dmg_consumer_ops = {
    .result_bytes = dmg_result_bytes, .scratch_new = dmg_scratch_new, .work = dmg_work, .take = dmg_take};
static const struct exh_sink_ops dmg_sink_ops = {.seal = dmg_seal, .close = dmg_sink_close};

bool exh_dmg_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    uint64_t bytes = exh_layout_bytes(layout);
    if (!exh_one_disk_fits(layout, "DMG", "512 bytes", 512, CHUNK_BYTES, losses, err))
        return false;
    return bytes <= DISK_BYTES_MAX ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a disk of %llu bytes needs larger tables than a DMG is written with (4 TiB)",
                    (unsigned long long)bytes);
}

static enum exh_codec codec_of(const struct exh_create *create)
{
    if (create->codec != NULL)
        return strcmp(create->codec, "bzip2") == 0 ? EXH_CODEC_BZIP2 : strcmp(create->codec, "xz") == 0 ? EXH_CODEC_XZ : EXH_CODEC_ZLIB;
    return create->compression == EXH_COMPRESS_BEST ? EXH_CODEC_XZ : EXH_CODEC_ZLIB;
}

bool exh_dmg_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0}; /* named before, by the caller */
    bool fits = exh_dmg_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    struct dmg_sink *d = fits ? calloc(1, sizeof *d) : NULL;
    if (d == NULL)
        return fits ? exh_nomem(err, "a DMG image") : false;
    const struct exh_track *t = &create->declared->tracks[0];
    d->main_bytes = t->main_bytes;
    d->first = t->first;
    d->disk_bytes = exh_layout_bytes(create->declared);
    d->packs = create->codec != NULL || create->compression != EXH_COMPRESS_NONE;
    d->codec = codec_of(create);
    memcpy(d->guid, create->guid, sizeof d->guid);
    d->sink = (struct exh_sink){
        .consumer = {&dmg_consumer_ops}, .ops = &dmg_sink_ops, .unit_sectors = CHUNK_BYTES / t->main_bytes, .can = EXH_SINK_NEEDS_SIZE};
    if (exh_names_add(&d->sink.files, create->name, err) &&
        (d->file = exh_staged_file_new(create->folder, create->name, create->resume, err)) != NULL) {
        *out = &d->sink;
        return true;
    }
    exh_sink_close(&d->sink);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}
