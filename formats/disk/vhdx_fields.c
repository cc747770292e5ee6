/* vhdx_fields.c - fields of a VHDX that break the rules of MS-VHDX (2.2 to 2.6), and regions and metadata that are not known. See vhdx.h.
 *
 * What the disk depends on was checked when it was opened; the rest is told here, as warnings. */
#include "formats/disk/vhdx.h"

#include <stdarg.h>

#include "formats/model/bytes.h"

#define REQUIRED 1u /* of a region's entry */
#define ITEM_FLAGS 7u
#define ITEM_REQUIRED 4u
#define ITEM_OF_DISK 6u /* required, of the virtual disk */

struct fields {
    const struct exh_vhdx *v;
    struct exh_source *source;
    const char *file;
    struct exh_inspection *in;
    struct exh_error *err;
};

static bool EXH_PRINTF(4, 5) odd(const struct fields *f, const char *check, uint64_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    bool ok = exh_inspection_remark_list(f->in, check, EXH_WARNS, f->file, at, f->err, fmt, args);
    va_end(args);
    return ok;
}

/* ---- headers ---- */

/* A header that is not used may still say what no header may; a log that is empty lies nowhere, but its place is kept. */
static bool judge_header(const struct fields *f, unsigned i)
{
    const struct exh_vhdx_header *h = &f->v->headers[i];
    uint64_t at = EXH_VHDX_HEADER_AT(i);
    if (!h->holds)
        return true; /* told */
    return (h->version == 1 || odd(f, "header", at + 66, "header %u is of version %u, which is not known", i + 1, h->version)) &&
           (h->log_version == 0 || odd(f, "header", at + 64, "header %u has a log of version %u, which is not known", i + 1, h->log_version)) &&
           ((h->log_bytes % EXH_VHDX_MIB == 0 && h->log_at % EXH_VHDX_MIB == 0 && (h->log_at >= EXH_VHDX_MIB || h->log_bytes == 0)) ||
            odd(f, "header", at + 68, "header %u has a log of %u bytes at %llu, where whole MiB behind the first are due", i + 1, h->log_bytes,
                (unsigned long long)h->log_at));
}

/* ---- regions ---- */

static bool judge_region(const struct fields *f, const uint8_t *entry, uint64_t at)
{
    char guid[37];
    uint32_t bytes = exh_le32(entry + 24), flags = exh_le32(entry + 28);
    bool bat = memcmp(entry, exh_vhdx_bat_region, 16) == 0, known = bat || memcmp(entry, exh_vhdx_metadata_region, 16) == 0;
    exh_vhdx_guid_text(entry, guid);
    return (known || odd(f, "region", at, "the region %s is not known, and not required", guid)) &&
           (exh_le64(entry + 16) % EXH_VHDX_MIB == 0 ||
            odd(f, "region", at + 16, "the region %s begins at %llu, not on a MiB", guid, (unsigned long long)exh_le64(entry + 16))) &&
           (bytes % EXH_VHDX_MIB == 0 || odd(f, "region", at + 24, "the region %s has %u bytes, which are no whole MiB", guid, bytes)) &&
           (!known || (flags & REQUIRED) != 0 ||
            odd(f, "region", at + 28, "the %s region is not marked as required (qemu writes it so)", bat ? "BAT" : "metadata")) &&
           ((flags & ~REQUIRED) == 0 || odd(f, "region", at + 28, "reserved bits are set in the entry of the region %s (0x%x)", guid, flags));
}

static bool judge_regions(const struct fields *f)
{
    uint8_t head[16], entry[32];
    uint64_t at = EXH_VHDX_REGIONS_AT(f->v->region_table);
    if (!exh_source_read(f->source, at, head, sizeof head, f->err))
        return false;
    if (exh_le32(head + 12) != 0 && !odd(f, "region", at + 12, "a reserved field of the region table is %u", exh_le32(head + 12)))
        return false;
    for (uint32_t i = 0; i < exh_le32(head + 8) && i < EXH_VHDX_TABLE_ENTRIES; i++) {
        uint64_t entry_at = at + 16 + (uint64_t)i * 32;
        if (!exh_source_read(f->source, entry_at, entry, sizeof entry, f->err) || !judge_region(f, entry, entry_at))
            return false;
    }
    return true;
}

/* ---- metadata ---- */

/* Its length and flags as they must be; a length of 0 is free. False: not one of those that are known. */
static bool rule_of(const uint8_t *entry, uint32_t *bytes, uint32_t *flags)
{
    const struct {
        const uint8_t *guid;
        uint32_t bytes, flags;
    } known[] = {{exh_vhdx_file_parameters, 8, ITEM_REQUIRED}, {exh_vhdx_disk_size, 8, ITEM_OF_DISK}, {exh_vhdx_disk_id, 16, ITEM_OF_DISK},
                 {exh_vhdx_logical, 4, ITEM_OF_DISK},          {exh_vhdx_physical, 4, ITEM_OF_DISK},  {exh_vhdx_parent_locator, 0, ITEM_REQUIRED}};
    for (size_t i = 0; (exh_le32(entry + 24) & 1) == 0 && i < sizeof known / sizeof known[0]; i++)
        if (memcmp(entry, known[i].guid, 16) == 0) {
            *bytes = known[i].bytes;
            *flags = known[i].flags;
            return true;
        }
    return false;
}

static bool judge_item(const struct fields *f, const uint8_t *entry, uint64_t at)
{
    char guid[37];
    uint32_t bytes = exh_le32(entry + 20), flags = exh_le32(entry + 24), wanted_bytes, wanted_flags;
    exh_vhdx_guid_text(entry, guid);
    if (((flags & ~ITEM_FLAGS) != 0 || exh_le32(entry + 28) != 0) &&
        !odd(f, "metadata", at + 24, "reserved bits are set in the entry of the metadata item %s (0x%x)", guid, flags))
        return false;
    if (!rule_of(entry, &wanted_bytes, &wanted_flags))
        return odd(f, "metadata", at, "the metadata item %s of %u bytes is not known, and not required", guid, bytes);
    return (bytes == wanted_bytes || wanted_bytes == 0 ||
            odd(f, "metadata", at + 20, "the metadata item %s has %u bytes, of which %u are known", guid, bytes, wanted_bytes)) &&
           ((flags & ITEM_FLAGS) == wanted_flags ||
            odd(f, "metadata", at + 24, "the metadata item %s has flags 0x%x, where 0x%x are due", guid, flags, wanted_flags));
}

static bool judge_items(const struct fields *f)
{
    uint8_t head[32], entry[32];
    uint64_t at = f->v->metadata.at;
    if (!exh_source_read(f->source, at, head, sizeof head, f->err))
        return false;
    if ((exh_le16(head + 8) != 0 || !exh_all_zero(head + 12, 20)) && !odd(f, "metadata", at + 8, "reserved bytes of the metadata table are not 0"))
        return false;
    for (unsigned i = 0; i < exh_le16(head + 10); i++) {
        uint64_t entry_at = at + 32 + (uint64_t)i * 32;
        if (!exh_source_read(f->source, entry_at, entry, sizeof entry, f->err) || !judge_item(f, entry, entry_at))
            return false;
    }
    return true;
}

static bool judge_values(const struct fields *f)
{
    const struct exh_vhdx *v = f->v;
    uint8_t parameters[8];
    if (!exh_source_read(f->source, v->parameters.at, parameters, sizeof parameters, f->err))
        return false;
    uint32_t flags = exh_le32(parameters + 4);
    return ((flags & ~3u) == 0 || odd(f, "metadata", v->parameters.at + 4, "reserved bits are set in the file parameters (0x%x)", flags)) &&
           (v->disk_id.bytes != 0 || odd(f, "metadata", v->metadata.at, "the metadata have no disk identifier")) &&
           (v->physical.bytes != 0 || odd(f, "metadata", v->metadata.at, "the metadata have no physical sector size")) &&
           (v->physical.bytes == 0 || v->physical_bytes == 512 || v->physical_bytes == 4096 ||
            odd(f, "metadata", v->physical.at, "physical sectors of %u bytes", v->physical_bytes)) &&
           (v->differencing || v->locator.bytes == 0 || odd(f, "metadata", v->locator.at, "the disk has a parent's locator, and no parent"));
}

bool exh_vhdx_judge_fields(const struct exh_vhdx *v, struct exh_inspection *in, struct exh_error *err)
{
    const struct fields f = {v, v->disk.sources[0], v->disk.files.items[0], in, err};
    return judge_header(&f, 0) && judge_header(&f, 1) && judge_regions(&f) && judge_items(&f) && judge_values(&f);
}
