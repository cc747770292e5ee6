/* vhdx_metadata.c - the metadata region of a VHDX: a table of items, and the items that are known. See vhdx.h; MS-VHDX, 2.6. */
#include "formats/disk/vhdx.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define IS_USER 1u
#define IS_REQUIRED 4u
#define LOCATOR_MAX (1u << 20) /* what an item can be */
#define BLOCK_BYTES_MAX (256u << 20)

const uint8_t exh_vhdx_file_parameters[16] = {0x37, 0x67, 0xA1, 0xCA, 0x36, 0xFA, 0x43, 0x4D, 0xB3, 0xB6, 0x33, 0xF0, 0xAA, 0x44, 0xE7, 0x6B};
const uint8_t exh_vhdx_disk_size[16] = {0x24, 0x42, 0xA5, 0x2F, 0x1B, 0xCD, 0x76, 0x48, 0xB2, 0x11, 0x5D, 0xBE, 0xD8, 0x3B, 0xF4, 0xB8};
const uint8_t exh_vhdx_disk_id[16] = {0xAB, 0x12, 0xCA, 0xBE, 0xE6, 0xB2, 0x23, 0x45, 0x93, 0xEF, 0xC3, 0x09, 0xE0, 0x00, 0xC7, 0x46};
const uint8_t exh_vhdx_logical[16] = {0x1D, 0xBF, 0x41, 0x81, 0x6F, 0xA9, 0x09, 0x47, 0xBA, 0x47, 0xF2, 0x33, 0xA8, 0xFA, 0xAB, 0x5F};
const uint8_t exh_vhdx_physical[16] = {0xC7, 0x48, 0xA3, 0xCD, 0x5D, 0x44, 0x71, 0x44, 0x9C, 0xC9, 0xE9, 0x88, 0x52, 0x51, 0xC5, 0x56};
const uint8_t exh_vhdx_parent_locator[16] = {0x2D, 0x5F, 0xD3, 0xA8, 0x0B, 0xB3, 0x4D, 0x45, 0xAB, 0xF7, 0xD3, 0xD8, 0x48, 0x34, 0xAB, 0x0C};
const uint8_t exh_vhdx_locator_type[16] = {0xB7, 0xEF, 0x4A, 0xB0, 0x9E, 0xD1, 0x81, 0x4A, 0xB7, 0x89, 0x25, 0xB8, 0xE9, 0x44, 0x59, 0x13};

/* ---- the table ---- */

static struct exh_vhdx_item *item_of(struct exh_vhdx *v, const uint8_t guid[16])
{
    const struct {
        const uint8_t *guid;
        struct exh_vhdx_item *item;
    } known[] = {{exh_vhdx_file_parameters, &v->parameters},
                 {exh_vhdx_disk_size, &v->size},
                 {exh_vhdx_disk_id, &v->disk_id},
                 {exh_vhdx_logical, &v->logical},
                 {exh_vhdx_physical, &v->physical},
                 {exh_vhdx_parent_locator, &v->locator}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (memcmp(guid, known[i].guid, 16) == 0)
            return known[i].item;
    return NULL;
}

static bool take_entry(struct exh_vhdx *v, const uint8_t *entry, uint64_t at, struct exh_error *err)
{
    uint32_t offset = exh_le32(entry + 16), length = exh_le32(entry + 20), flags = exh_le32(entry + 24);
    struct exh_vhdx_item *item = (flags & IS_USER) == 0 ? item_of(v, entry) : NULL;
    char guid[37];
    exh_vhdx_guid_text(entry, guid);
    if (item == NULL)
        return (flags & IS_REQUIRED) == 0 || exh_fail(err, EXH_UNSUPPORTED, at, "the metadata item %s is required, and not known", guid);
    if (item->bytes != 0)
        return exh_fail(err, EXH_CORRUPT, at, "the metadata item %s is there twice", guid);
    if (offset < EXH_VHDX_TABLE_BYTES || length == 0 || !exh_inside(offset, length, v->metadata.bytes))
        return exh_fail(err, EXH_CORRUPT, at + 16, "the metadata item %s, %u bytes at %u, does not lie in its region of %u bytes", guid, length,
                        offset, v->metadata.bytes);
    *item = (struct exh_vhdx_item){v->metadata.at + offset, length};
    return true;
}

static bool read_table(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t head[32], entry[32];
    if (v->metadata.bytes < EXH_VHDX_TABLE_BYTES)
        return exh_fail(err, EXH_CORRUPT, v->metadata.at, "a metadata region of %u bytes", v->metadata.bytes);
    if (!exh_source_read(source, v->metadata.at, head, sizeof head, err))
        return exh_context(err, "the metadata table");
    unsigned count = exh_le16(head + 10);
    if (memcmp(head, "metadata", 8) != 0)
        return exh_fail(err, EXH_CORRUPT, v->metadata.at, "no metadata table");
    if (count > EXH_VHDX_TABLE_ENTRIES)
        return exh_fail(err, EXH_CORRUPT, v->metadata.at + 10, "a metadata table of %u entries", count);
    for (unsigned i = 0; i < count; i++) {
        uint64_t at = v->metadata.at + 32 + (uint64_t)i * 32;
        if (!exh_source_read(source, at, entry, sizeof entry, err) || !take_entry(v, entry, at, err))
            return false;
    }
    return true;
}

/* ---- the items ---- */

static bool read_item(struct exh_source *source, const struct exh_vhdx_item *item, const char *name, uint8_t *out, uint32_t bytes, uint64_t table,
                      struct exh_error *err)
{
    if (item->bytes == 0)
        return exh_fail(err, EXH_CORRUPT, table, "the metadata have no %s", name);
    if (item->bytes < bytes)
        return exh_fail(err, EXH_CORRUPT, item->at, "the %s has %u bytes", name, item->bytes);
    return exh_source_read(source, item->at, out, bytes, err) || exh_context(err, "the %s", name);
}

static bool read_items(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    uint8_t parameters[8], size[8], logical[4], physical[4];
    uint64_t table = v->metadata.at;
    if (!read_item(source, &v->parameters, "block size", parameters, sizeof parameters, table, err) ||
        !read_item(source, &v->size, "disk size", size, sizeof size, table, err) ||
        !read_item(source, &v->logical, "sector size", logical, sizeof logical, table, err) ||
        (v->physical.bytes != 0 && !read_item(source, &v->physical, "physical sector size", physical, sizeof physical, table, err)) ||
        (v->disk_id.bytes != 0 && !read_item(source, &v->disk_id, "disk identifier", v->disk_guid, sizeof v->disk_guid, table, err)))
        return false;
    v->block_bytes = exh_le32(parameters);
    v->fixed = (exh_le32(parameters + 4) & 1) != 0;
    v->differencing = (exh_le32(parameters + 4) & 2) != 0;
    v->disk_bytes = exh_le64(size);
    v->logical_bytes = exh_le32(logical);
    v->physical_bytes = v->physical.bytes != 0 ? exh_le32(physical) : 0;
    return true;
}

static bool check_items(struct exh_vhdx *v, struct exh_error *err)
{
    if (v->block_bytes < EXH_VHDX_MIB || v->block_bytes > BLOCK_BYTES_MAX || (v->block_bytes & (v->block_bytes - 1)) != 0)
        return exh_fail(err, EXH_CORRUPT, v->parameters.at, "blocks of %u bytes", v->block_bytes);
    if (v->logical_bytes != 512 && v->logical_bytes != 4096)
        return exh_fail(err, EXH_CORRUPT, v->logical.at, "sectors of %u bytes", v->logical_bytes);
    if (v->disk_bytes == 0 || v->disk_bytes % v->logical_bytes != 0 || v->disk_bytes > EXH_VHDX_DISK_MAX)
        return exh_fail(err, EXH_CORRUPT, v->size.at, "a disk of %llu bytes in sectors of %u", (unsigned long long)v->disk_bytes, v->logical_bytes);
    v->ratio = EXH_VHDX_CHUNK_SECTORS * v->logical_bytes / v->block_bytes;
    v->blocks = (v->disk_bytes + v->block_bytes - 1) / v->block_bytes;
    uint64_t chunks = (v->blocks + v->ratio - 1) / v->ratio;
    v->bat_entries = v->differencing ? chunks * (v->ratio + 1) : exh_vhdx_block_entry(v->blocks - 1, v->ratio) + 1;
    return v->bat_entries * 8 <= v->bat.bytes ||
           exh_fail(err, EXH_CORRUPT, v->bat_entry_at + 24, "a block table of %u bytes is too short for the %llu entries of a disk of %llu bytes",
                    v->bat.bytes, (unsigned long long)v->bat_entries, (unsigned long long)v->disk_bytes);
}

/* ---- the parent ---- */

/* "{83ed0ec1-24c8-49a6-a959-5e4bd1288791}" as it lies in a header. */
static bool parse_guid(const char *text, uint8_t out[16])
{
    char hex[33];
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        bool mark = *p == '{' || *p == '}' || *p == '-';
        if (!mark && n == 32)
            return false;
        if (!mark)
            hex[n++] = *p;
    }
    hex[n] = '\0';
    uint8_t b[16];
    if (n != 32 || !exh_text_unhex(hex, b, sizeof b))
        return false;
    exh_put_le32(out, exh_be32(b));
    exh_put_le16(out + 4, exh_be16(b + 4));
    exh_put_le16(out + 6, exh_be16(b + 6));
    memcpy(out + 8, b + 8, 8);
    return true;
}

static char **slot_of(struct exh_vhdx_parent *p, const char *key)
{
    if (strcmp(key, "parent_linkage") == 0)
        return &p->linkage;
    if (strcmp(key, "relative_path") == 0)
        return &p->relative;
    if (strcmp(key, "absolute_win32_path") == 0)
        return &p->absolute;
    return strcmp(key, "volume_path") == 0 ? &p->volume : NULL;
}

/* One key and its value, of the locator's `bytes`. */
static bool take_pair(struct exh_vhdx *v, const uint8_t *locator, const uint8_t *entry, struct exh_error *err)
{
    uint32_t key_at = exh_le32(entry), value_at = exh_le32(entry + 4), key_bytes = exh_le16(entry + 8), value_bytes = exh_le16(entry + 10);
    if (!exh_inside(key_at, key_bytes, v->locator.bytes) || !exh_inside(value_at, value_bytes, v->locator.bytes))
        return exh_fail(err, EXH_CORRUPT, v->locator.at + (uint64_t)(entry - locator), "a key or value of the parent locator lies outside it");
    char *key = exh_text_from_utf16le(locator + key_at, key_bytes), *value = exh_text_from_utf16le(locator + value_at, value_bytes);
    char **slot = key != NULL ? slot_of(&v->parent, key) : NULL;
    bool ok = key != NULL && value != NULL;
    if (slot != NULL && *slot == NULL) {
        *slot = value;
        value = NULL;
    }
    free(key);
    free(value);
    return ok || exh_nomem(err, "a parent's name");
}

static bool parse_locator(struct exh_vhdx *v, const uint8_t *locator, struct exh_error *err)
{
    char guid[37];
    unsigned count = exh_le16(locator + 18);
    exh_vhdx_guid_text(locator, guid);
    if (memcmp(locator, exh_vhdx_locator_type, 16) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, v->locator.at, "a parent locator of the type %s is not known", guid);
    if (!exh_inside(20, (uint64_t)count * 12, v->locator.bytes))
        return exh_fail(err, EXH_CORRUPT, v->locator.at + 18, "a parent locator of %u entries in %u bytes", count, v->locator.bytes);
    for (unsigned i = 0; i < count; i++)
        if (!take_pair(v, locator, locator + 20 + (size_t)i * 12, err))
            return false;
    if (v->parent.linkage == NULL)
        return exh_fail(err, EXH_CORRUPT, v->locator.at, "the parent locator has no parent_linkage");
    return parse_guid(v->parent.linkage, v->parent.guid) ||
           exh_fail(err, EXH_CORRUPT, v->locator.at, "the parent_linkage '%.60s' is no identifier", v->parent.linkage);
}

static bool read_locator(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    if (!v->differencing)
        return true;
    if (v->locator.bytes < 20)
        return exh_fail(err, EXH_CORRUPT, v->locator.bytes == 0 ? v->metadata.at : v->locator.at, "a differencing VHDX without a parent locator");
    if (v->locator.bytes > LOCATOR_MAX)
        return exh_fail(err, EXH_LIMIT, v->locator.at, "a parent locator of %u bytes", v->locator.bytes);
    uint8_t *bytes = malloc(v->locator.bytes);
    if (bytes == NULL)
        return exh_nomem(err, "a parent locator");
    bool ok = exh_source_read(source, v->locator.at, bytes, v->locator.bytes, err) && parse_locator(v, bytes, err);
    free(bytes);
    return ok;
}

bool exh_vhdx_read_metadata(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err)
{
    return read_table(v, source, err) && read_items(v, source, err) && check_items(v, err) && read_locator(v, source, err);
}
