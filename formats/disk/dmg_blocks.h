/* dmg_blocks.h - the tables of a UDIF image: `mish` blocks with their chunks, out of the property list or a resource fork. Internal to dmg.c.
 * The layout is Apple's as readers and the field's samples agree on it; nothing is published. Big-endian. */
#ifndef EXH_FORMATS_DISK_DMG_BLOCKS_H
#define EXH_FORMATS_DISK_DMG_BLOCKS_H

#include "formats/model/inspection.h"
#include "formats/model/source.h"

#define EXH_DMG_CHUNKS_MAX (1u << 24) /* 16 TiB in chunks of 1 MiB: 640 MB of tables */
#define EXH_DMG_TABLES_MAX 65536u

enum exh_dmg_chunk_type {
    EXH_DMG_ZERO = 0,
    EXH_DMG_RAW = 1,
    EXH_DMG_IGNORE = 2,
    EXH_DMG_ADC = (int)0x80000004,
    EXH_DMG_ZLIB,
    EXH_DMG_BZIP2,
    EXH_DMG_LZFSE,
    EXH_DMG_XZ
};

struct exh_dmg_chunk {
    uint64_t sector, sectors; /* of the disk */
    uint64_t offset, bytes;   /* of the file: the data fork's own offset and the table's are added */
    uint32_t type, table;
};

struct exh_dmg_table {
    char name[128];
    uint64_t sector, sectors;
    uint32_t index;              /* 0xFFFFFFFF the driver map, 0xFFFFFFFE the whole disk */
    uint32_t sum_type, sum_bits; /* 0: none; 2: CRC-32 */
    uint8_t sum[128];
    size_t first_chunk, chunk_count;
};

struct exh_dmg_blocks {
    struct exh_dmg_table *tables; /* in the order of the list */
    size_t table_count, table_capacity;
    struct exh_dmg_chunk *chunks; /* sorted by sector once checked; those of a table stay together */
    size_t chunk_count, chunk_capacity;
};

/* Adds one table out of its bytes; `base` is the data fork's offset in the file. EXH_CORRUPT names the table and what is wrong. */
EXH_MUST_CHECK bool exh_dmg_blocks_add(struct exh_dmg_blocks *blocks, const char *name, const uint8_t *mish, size_t length, uint64_t base,
                                       struct exh_error *err);
/* Sorts, and checks that the chunks tile [0, sectors) once and lie inside the file. */
EXH_MUST_CHECK bool exh_dmg_blocks_check(struct exh_dmg_blocks *blocks, uint64_t sectors, uint64_t file_bytes, struct exh_error *err);
/* The chunk that holds this sector. */
const struct exh_dmg_chunk *exh_dmg_blocks_at(const struct exh_dmg_blocks *blocks, uint64_t sector);
void exh_dmg_blocks_close(struct exh_dmg_blocks *blocks);

#endif
