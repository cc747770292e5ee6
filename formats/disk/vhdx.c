/* vhdx.c - reads VHDX: fixed, dynamic and differencing, with what its log still holds. See vhdx.h.
 *
 * Two headers, of which the newer whole one counts, two copies of a table of regions, and two regions: the metadata and the block table (BAT), in
 * which an entry for a sector bitmap follows those of the blocks that it speaks for. Everything is read through the log's overlay (vhdx_log.h). */
#include "formats/disk/vhdx.h"

#include <stdlib.h>

#include "formats/container/crc32c.h"
#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define BITS_AT_ONCE 512u /* of a sector bitmap; 64 bytes are what a table gives at once */

const uint8_t exh_vhdx_bat_region[16] = {0x66, 0x77, 0xC2, 0x2D, 0x23, 0xF6, 0x00, 0x42, 0x9D, 0x64, 0x11, 0x5E, 0x9B, 0xFD, 0x4A, 0x08};
const uint8_t exh_vhdx_metadata_region[16] = {0x06, 0xA2, 0x7C, 0x8B, 0x90, 0x47, 0x9A, 0x4B, 0xB8, 0xFE, 0x57, 0x5F, 0x05, 0x0F, 0x88, 0x6E};

void exh_vhdx_guid_text(const uint8_t g[16], char out[37])
{
    (void)snprintf(out, 37, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", exh_le32(g), exh_le16(g + 4), exh_le16(g + 6), g[8], g[9], g[10],
                   g[11], g[12], g[13], g[14], g[15]);
}

uint32_t exh_vhdx_checksum(const uint8_t *bytes, size_t length)
{
    static const uint8_t zeros[4];
    return exh_crc32c(exh_crc32c(exh_crc32c(0, bytes, 4), zeros, 4), bytes + 8, length - 8);
}

static bool checksum_holds(const uint8_t *bytes, size_t length)
{
#ifdef EXH_FUZZING
    (void)length;
    return bytes != NULL;
#else
    return exh_le32(bytes + 4) == exh_vhdx_checksum(bytes, length);
#endif
}

/* ---- what lies where ---- */

/* How many bits from `bit` on, of at most `most`, are alike. */
static uint64_t alike(const uint8_t *bits, uint64_t bit, uint64_t most)
{
    uint64_t n = 1;
    while (n < most && (bits[(bit + n) / 8] >> ((bit + n) % 8) & 1) == (bits[bit / 8] >> (bit % 8) & 1))
        n++;
    return n;
}

/* In a block that is partly here each sector is here or in the parent, as its bit says: the lowest of a byte is the first. */
static bool find_sector(const struct exh_vhdx *v, struct exh_table_pages *pages, uint64_t at, uint64_t block_at, struct exh_place *out,
                        struct exh_error *err)
{
    uint64_t sector = at / v->logical_bytes, entry_at = v->bat.at + 8 * exh_vhdx_bitmap_entry(sector / EXH_VHDX_CHUNK_SECTORS, v->ratio);
    uint64_t inside = at % v->block_bytes, block_sectors = v->block_bytes / v->logical_bytes;
    uint64_t left = block_sectors - sector % block_sectors, in_byte = sector % 8, bytes, map_at;
    uint8_t entry[8], bits[BITS_AT_ONCE / 8];
    if (!exh_table_get(pages, &v->disk, 0, entry_at, entry, sizeof entry, err))
        return false;
    left = left < BITS_AT_ONCE - in_byte ? left : BITS_AT_ONCE - in_byte;
    bytes = (in_byte + left + 7) / 8;
    if ((entry[0] & 7) != EXH_VHDX_PRESENT || !exh_add_u64(exh_le64(entry) & EXH_VHDX_OFFSET, sector % EXH_VHDX_CHUNK_SECTORS / 8, &map_at) ||
        !exh_inside(map_at, bytes, v->disk.sources[0]->size)) {
        out->kind = EXH_PLACE_LOST;
        out->offset = entry_at;
        return true;
    }
    if (!exh_table_get(pages, &v->disk, 0, map_at, bits, (size_t)bytes, err))
        return false;
    out->kind = (bits[0] >> in_byte & 1) != 0 ? EXH_PLACE_DATA : EXH_PLACE_PARENT;
    out->bytes = alike(bits, in_byte, left) * v->logical_bytes - at % v->logical_bytes;
    out->offset = block_at + inside;
    return true;
}

static bool vhdx_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    const struct exh_vhdx *v = (const struct exh_vhdx *)disk;
    uint64_t block = at / v->block_bytes, inside = at % v->block_bytes, entry_at = v->bat.at + 8 * exh_vhdx_block_entry(block, v->ratio);
    uint8_t entry[8];
    if (!exh_table_get(pages, disk, 0, entry_at, entry, sizeof entry, err))
        return false;
    uint64_t block_at = exh_le64(entry) & EXH_VHDX_OFFSET;
    bool stored = block_at >= EXH_VHDX_MIB && block_at < disk->sources[0]->size;
    *out = (struct exh_place){.kind = EXH_PLACE_LOST, .bytes = v->block_bytes - inside, .offset = entry_at};
    switch (entry[0] & 7) {
    case EXH_VHDX_NOT_PRESENT: out->kind = v->differencing ? EXH_PLACE_PARENT : EXH_PLACE_HOLE; break;
    case EXH_VHDX_UNDEFINED:
    case EXH_VHDX_UNMAPPED:
    case EXH_VHDX_UNMAPPED_OLD: out->kind = EXH_PLACE_HOLE; break;
    case EXH_VHDX_ZERO: out->kind = EXH_PLACE_ZERO; break;
    case EXH_VHDX_PRESENT:
        if (stored) {
            out->kind = EXH_PLACE_DATA;
            out->offset = block_at + inside;
        }
        break;
    case EXH_VHDX_PARTIAL: return !v->differencing || !stored || find_sector(v, pages, at, block_at, out, err);
    default: break;
    }
    return true;
}

static void vhdx_close(struct exh_mapped_disk *disk)
{
    struct exh_vhdx *v = (struct exh_vhdx *)disk;
    free(v->creator);
    free(v->regions);
    free(v->parent.linkage);
    free(v->parent.relative);
    free(v->parent.absolute);
    free(v->parent.volume);
}

static const struct exh_mapped_ops vhdx_ops = {.find = vhdx_find, .inspect = exh_vhdx_inspect, .close = vhdx_close};

/* ---- the headers ---- */

static void parse_header(struct exh_vhdx_header *h, const uint8_t *b)
{
    h->marked = memcmp(b, "head", 4) == 0;
    h->holds = h->marked && checksum_holds(b, EXH_VHDX_HEADER_BYTES);
    h->sequence = exh_le64(b + 8);
    memcpy(h->file_guid, b + 16, 16);
    memcpy(h->data_guid, b + 32, 16);
    memcpy(h->log_guid, b + 48, 16);
    h->log_version = exh_le16(b + 64);
    h->version = exh_le16(b + 66);
    h->log_bytes = exh_le32(b + 68);
    h->log_at = exh_le64(b + 72);
}

static bool read_identifier(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t b[8 + 512];
    if (!exh_source_read(source, 0, b, sizeof b, err))
        return exh_context(err, "the file identifier");
    if (memcmp(b, "vhdxfile", 8) != 0)
        return exh_fail(err, EXH_CORRUPT, 0, "no VHDX file identifier");
    size_t n = 0;
    while (n < 512 && (b[8 + n] | b[9 + n]) != 0)
        n += 2;
    v->creator = exh_text_from_utf16le(b + 8, n);
    return v->creator != NULL || exh_nomem(err, "a name");
}

/* The newer of those whose checksum holds. One that cannot be read is one that does not hold: there are two for that. */
static bool read_headers(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t b[EXH_VHDX_HEADER_BYTES];
    for (unsigned i = 0; i < 2; i++) {
        struct exh_error unread = {0};
        if (exh_source_read(source, EXH_VHDX_HEADER_AT(i), b, sizeof b, &unread))
            parse_header(&v->headers[i], b);
    }
    const struct exh_vhdx_header *h = v->headers;
    if (!h[0].holds && !h[1].holds)
        return exh_fail(err, EXH_CORRUPT, EXH_VHDX_HEADER_AT(0), "neither of the two headers, at %u and %u, holds its checksum",
                        EXH_VHDX_HEADER_AT(0u), EXH_VHDX_HEADER_AT(1u));
    v->header = !h[0].holds || (h[1].holds && h[1].sequence > h[0].sequence);
    h += v->header;
    uint64_t at = EXH_VHDX_HEADER_AT(v->header);
    if (h->version != 1)
        return exh_fail(err, EXH_UNSUPPORTED, at + 66, "VHDX version %u is not known", h->version);
    return h->log_version == 0 || exh_all_zero(h->log_guid, 16) ||
           exh_fail(err, EXH_UNSUPPORTED, at + 64, "version %u of the log is not known", h->log_version);
}

static bool replay_log(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    const struct exh_vhdx_header *h = &v->headers[v->header];
    uint64_t at = EXH_VHDX_HEADER_AT(v->header);
    if (exh_all_zero(h->log_guid, 16))
        return true;
    if (h->log_bytes == 0 || h->log_bytes % EXH_VHDX_MIB != 0)
        return exh_fail(err, EXH_CORRUPT, at + 68, "a log of %u bytes", h->log_bytes);
    if (h->log_at < EXH_VHDX_MIB || h->log_at % EXH_VHDX_MIB != 0 || !exh_inside(h->log_at, h->log_bytes, source->size))
        return exh_fail(err, EXH_CORRUPT, at + 72, "a log of %u bytes at %llu, in a file that ends at %llu", h->log_bytes,
                        (unsigned long long)h->log_at, (unsigned long long)source->size);
    v->overlay = exh_vhdx_replay(source, h->log_at, h->log_bytes, h->log_guid, &v->log, err);
    return v->overlay != NULL;
}

/* ---- the regions ---- */

static bool table_holds(const uint8_t *b)
{
    return memcmp(b, "regi", 4) == 0 && exh_le32(b + 8) <= EXH_VHDX_TABLE_ENTRIES && checksum_holds(b, EXH_VHDX_TABLE_BYTES);
}

static bool take_region(struct exh_vhdx *v, const uint8_t *entry, uint64_t at, uint64_t file_bytes, struct exh_error *err)
{
    struct exh_vhdx_region r = {.at = exh_le64(entry + 16), .bytes = exh_le32(entry + 24)};
    memcpy(r.guid, entry, 16);
    char guid[37];
    exh_vhdx_guid_text(r.guid, guid);
    bool bat = memcmp(r.guid, exh_vhdx_bat_region, 16) == 0, metadata = memcmp(r.guid, exh_vhdx_metadata_region, 16) == 0;
    if (!bat && !metadata && (exh_le32(entry + 28) & 1) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, at, "the region %s is required, and not known", guid);
    if (!exh_grow((void **)&v->regions, &v->region_capacity, v->region_count, sizeof r, EXH_VHDX_TABLE_ENTRIES, "regions", err))
        return false;
    v->regions[v->region_count++] = r;
    if (!bat && !metadata)
        return true;
    struct exh_vhdx_region *slot = bat ? &v->bat : &v->metadata;
    if (slot->bytes != 0)
        return exh_fail(err, EXH_CORRUPT, at, "the region %s is there twice", guid);
    if (r.at < EXH_VHDX_MIB || r.at % EXH_VHDX_MIB != 0)
        return exh_fail(err, EXH_CORRUPT, at + 16, "the region %s begins at %llu", guid, (unsigned long long)r.at);
    if (r.bytes == 0 || !exh_inside(r.at, r.bytes, file_bytes))
        return exh_fail(err, EXH_CORRUPT, at + 24, "the region %s, %u bytes at %llu, does not lie in a file that ends at %llu", guid, r.bytes,
                        (unsigned long long)r.at, (unsigned long long)file_bytes);
    *slot = r;
    if (bat)
        v->bat_entry_at = at;
    return true;
}

static bool take_regions(struct exh_vhdx *v, const uint8_t *table, uint64_t file_bytes, struct exh_error *err)
{
    uint32_t count = exh_le32(table + 8);
    uint64_t at = EXH_VHDX_REGIONS_AT(v->region_table);
    for (uint32_t i = 0; i < count; i++)
        if (!take_region(v, table + 16 + (size_t)i * 32, at + 16 + (uint64_t)i * 32, file_bytes, err))
            return false;
    if (v->bat.bytes == 0 || v->metadata.bytes == 0)
        return exh_fail(err, EXH_CORRUPT, at, "the region table has no %s", v->bat.bytes == 0 ? "block table" : "metadata");
    return true;
}

/* The first copy that holds. */
static bool read_regions(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t *tables = calloc(2, EXH_VHDX_TABLE_BYTES);
    if (tables == NULL)
        return exh_nomem(err, "the region tables");
    for (unsigned i = 0; i < 2; i++) {
        struct exh_error unread = {0};
        uint8_t *table = tables + (size_t)i * EXH_VHDX_TABLE_BYTES;
        v->region_tables_hold[i] = exh_source_read(source, EXH_VHDX_REGIONS_AT(i), table, EXH_VHDX_TABLE_BYTES, &unread) && table_holds(table);
    }
    v->region_table = v->region_tables_hold[0] ? 0 : 1;
    v->region_tables_differ = memcmp(tables, tables + EXH_VHDX_TABLE_BYTES, EXH_VHDX_TABLE_BYTES) != 0;
    bool ok = v->region_tables_hold[v->region_table]
                  ? take_regions(v, tables + (size_t)v->region_table * EXH_VHDX_TABLE_BYTES, source->size, err)
                  : exh_fail(err, EXH_CORRUPT, EXH_VHDX_REGIONS_AT(0), "neither of the two region tables, at %u and %u, holds its checksum",
                             EXH_VHDX_REGIONS_AT(0u), EXH_VHDX_REGIONS_AT(1u));
    free(tables);
    return ok;
}

/* ---- opening ---- */

/* The name to look for: none of the ways leads out of the image's folder, so a path with ".." in it is left for the next. */
static const char *parent_reference(const struct exh_vhdx_parent *p)
{
    const char *const names[] = {p->relative, p->absolute, p->volume};
    for (size_t i = 0; i < 3; i++)
        if (names[i] != NULL && names[i][0] != '\0' && strstr(names[i], "..") == NULL)
            return names[i];
    return p->relative != NULL && p->relative[0] != '\0' ? p->relative : NULL;
}

/* It must be the one as it was when this image was made. */
static bool open_parent(struct exh_vhdx *v, const struct exh_open *options, struct exh_error *err)
{
    char wanted[37], found[37];
    if (!v->differencing)
        return true;
    exh_vhdx_guid_text(v->parent.guid, wanted);
    if (!exh_parent_open(options, parent_reference(&v->parent), NULL, &v->disk.parent, err))
        return exh_context(err, "a differencing VHDX whose parent has the data write GUID %s", wanted);
    if (strcmp(v->disk.parent->format, "vhdx") != 0)
        return exh_fail(err, EXH_REFUSED, v->locator.at, "the parent is no VHDX; it must have the data write GUID %s", wanted);
    const struct exh_vhdx *p = (const struct exh_vhdx *)v->disk.parent;
    exh_vhdx_guid_text(p->headers[p->header].data_guid, found);
    exh_lineage_identified(options->lineage, options->depth, "data write GUID", found);
    return memcmp(p->headers[p->header].data_guid, v->parent.guid, 16) == 0 ||
           exh_fail(err, EXH_REFUSED, v->locator.at, "the parent has the data write GUID %s, not %s: it is another, or was changed since", found,
                    wanted);
}

static bool open_disk(struct exh_vhdx *v, struct exh_source *file, const struct exh_open *options, struct exh_error *err)
{
    uint32_t index;
    if (!read_identifier(v, file, err) || !read_headers(v, file, err) || !replay_log(v, file, err))
        return false;
    struct exh_source *source = v->overlay != NULL ? v->overlay : file;
    if (!read_regions(v, source, err) || !exh_vhdx_read_metadata(v, source, err) || !open_parent(v, options, err))
        return false;
    exh_layout_disk(&v->disk.layout, v->disk_bytes, options->sector_bytes != 0 ? options->sector_bytes : v->logical_bytes);
    return exh_mapped_disk_ready(&v->disk, "vhdx", 1, err) &&
           exh_mapped_disk_file(&v->disk, source, options->path != NULL ? options->path : file->name, &index, err);
}

static struct exh_medium *vhdx_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct exh_vhdx *v = calloc(1, sizeof *v);
    if (v == NULL) {
        (void)exh_nomem(err, "a VHDX image");
        return NULL;
    }
    v->disk.ops = &vhdx_ops;
    if (open_disk(v, source, options, err))
        return &v->disk.medium;
    struct exh_source *overlay = v->overlay;
    exh_mapped_disk_abandon(&v->disk, overlay != NULL ? overlay : source);
    exh_vhdx_replay_release(overlay);
    return NULL;
}

static int vhdx_probe(const struct exh_peek *peek) { return peek->head_length >= 8 && memcmp(peek->head, "vhdxfile", 8) == 0 ? 100 : 0; }

static const char *const vhdx_extensions[] = {".vhdx", ".avhdx", NULL};

const struct exh_format exh_format_vhdx = {.name = "vhdx",
                                           .title = "Hyper-V disk image (VHDX)",
                                           .extensions = vhdx_extensions,
                                           .probe = vhdx_probe,
                                           .open = vhdx_open,
                                           .create = exh_vhdx_create,
                                           .can = EXH_SINK_NEEDS_SIZE,
                                           .fits = exh_vhdx_fits};
