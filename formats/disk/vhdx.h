/* vhdx.h - Virtual Hard Disk v2 images ("Virtual Hard Disk v2 (VHDX) File Format", MS-VHDX). Little-endian. */
#ifndef EXH_FORMATS_DISK_VHDX_H
#define EXH_FORMATS_DISK_VHDX_H

#include "formats/disk/mapped_disk.h"
#include "formats/disk/vhdx_log.h"
#include "formats/model/format.h"

#define EXH_VHDX_MIB (1u << 20)
#define EXH_VHDX_HEADER_BYTES 4096u
#define EXH_VHDX_TABLE_BYTES 65536u         /* of a region table, and of the metadata table */
#define EXH_VHDX_TABLE_ENTRIES 2047u        /* in either */
#define EXH_VHDX_CHUNK_SECTORS (1ull << 23) /* sectors that one sector bitmap block speaks for */
#define EXH_VHDX_DISK_MAX (64ull << 40)
#define EXH_VHDX_OFFSET 0xFFFFFFFFFFF00000ull /* of a BAT entry */

/* Of the two headers and the two region tables: the first and the second. */
#define EXH_VHDX_HEADER_AT(i) (65536u * (1u + (i)))
#define EXH_VHDX_REGIONS_AT(i) (65536u * (3u + (i)))

enum exh_vhdx_state { /* of a block, the low three bits of its BAT entry */
                      EXH_VHDX_NOT_PRESENT,
                      EXH_VHDX_UNDEFINED,
                      EXH_VHDX_ZERO,
                      EXH_VHDX_UNMAPPED,
                      EXH_VHDX_UNMAPPED_OLD = 5,
                      EXH_VHDX_PRESENT,
                      EXH_VHDX_PARTIAL
};

/* Identifiers as they lie in the file. */
extern const uint8_t exh_vhdx_bat_region[16], exh_vhdx_metadata_region[16];
extern const uint8_t exh_vhdx_file_parameters[16], exh_vhdx_disk_size[16], exh_vhdx_disk_id[16], exh_vhdx_logical[16], exh_vhdx_physical[16],
    exh_vhdx_parent_locator[16], exh_vhdx_locator_type[16];

struct exh_vhdx_header {
    bool marked, holds;
    uint64_t sequence, log_at;
    uint8_t file_guid[16], data_guid[16], log_guid[16];
    uint16_t log_version, version;
    uint32_t log_bytes;
};

struct exh_vhdx_region {
    uint8_t guid[16];
    uint64_t at;
    uint32_t bytes;
};

struct exh_vhdx_item { /* of the metadata; bytes 0: not there */
    uint64_t at;
    uint32_t bytes;
};

struct exh_vhdx_parent { /* of the locator; NULL: not said */
    char *linkage, *relative, *absolute, *volume;
    uint8_t guid[16]; /* linkage */
};

struct exh_vhdx {
    struct exh_mapped_disk disk;
    struct exh_source *overlay; /* the file with its log replayed; NULL: the log is empty */
    struct exh_vhdx_log log;
    char *creator;
    struct exh_vhdx_header headers[2];
    unsigned header, region_table; /* which is used */
    bool region_tables_hold[2], region_tables_differ;
    struct exh_vhdx_region *regions;
    size_t region_count, region_capacity;
    struct exh_vhdx_region bat, metadata;
    uint64_t bat_entry_at; /* of the region table, for messages */
    struct exh_vhdx_item parameters, size, disk_id, logical, physical, locator;
    uint64_t disk_bytes, blocks, ratio, bat_entries; /* ratio: blocks that one sector bitmap speaks for */
    uint32_t block_bytes, logical_bytes, physical_bytes;
    uint8_t disk_guid[16];
    bool fixed, differencing;
    struct exh_vhdx_parent parent;
};

extern const struct exh_format exh_format_vhdx;

void exh_vhdx_guid_text(const uint8_t guid[16], char out[37]);
/* Of `length` bytes whose checksum lies at 4. */
uint32_t exh_vhdx_checksum(const uint8_t *bytes, size_t length);
/* Index in the BAT of a block, and of the sector bitmap of a chunk. */
static inline uint64_t exh_vhdx_block_entry(uint64_t block, uint64_t ratio) { return block + block / ratio; }
static inline uint64_t exh_vhdx_bitmap_entry(uint64_t chunk, uint64_t ratio) { return (chunk + 1) * ratio + chunk; }

/* vhdx_metadata.c: block size, sector sizes, size and parent out of the metadata region. */
EXH_MUST_CHECK bool exh_vhdx_read_metadata(struct exh_vhdx *v, struct exh_source *source, struct exh_error *err);
/* vhdx_fields.c: what breaks the format's rules, or is not known. */
EXH_MUST_CHECK bool exh_vhdx_judge_fields(const struct exh_vhdx *v, struct exh_inspection *in, struct exh_error *err);
/* vhdx_inspect.c */
EXH_MUST_CHECK bool exh_vhdx_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err);

/* The row's own, in vhdx_write.c: format.h. */
bool exh_vhdx_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
bool exh_vhdx_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#endif
