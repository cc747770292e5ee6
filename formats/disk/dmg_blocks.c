/* dmg_blocks.c - the tables of a UDIF image. See dmg_blocks.h. */
#include "formats/disk/dmg_blocks.h"

#include "formats/model/bytes.h"
#include "formats/model/grow.h"

#define MISH 0x6d697368u
#define HEADER_BYTES 0xCCu
#define ENTRY_BYTES 40u
#define COMMENT 0x7FFFFFFEu
#define TERMINATOR 0xFFFFFFFFu
#define CHUNK_SECTORS_MAX (64u << 20 >> 9) /* of a packed one: EXH_UNIT_BYTES_MAX */

static bool known(uint32_t type, const char *table, struct exh_error *err)
{
    static const char *const old[] = {"KenCode", "RLE", "LZH"};
    if (type <= EXH_DMG_IGNORE || (type >= (uint32_t)EXH_DMG_ADC && type <= (uint32_t)EXH_DMG_XZ))
        return true;
    if (type >= 0x80000001u && type <= 0x80000003u)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "table '%s': chunks packed by %s, for which no decoder is known", table,
                        old[type - 0x80000001u]);
    return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "table '%s': a chunk of type 0x%08x, which is not known", table, type);
}

static bool add_chunk(struct exh_dmg_blocks *b, const struct exh_dmg_table *t, struct exh_dmg_chunk chunk, uint64_t base, uint64_t covered,
                      struct exh_error *err)
{
    bool packed = chunk.type > EXH_DMG_IGNORE;
    if (!known(chunk.type, t->name, err))
        return false;
    if (chunk.sector != covered || chunk.sectors > t->sectors - covered)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "table '%s': a chunk of %llu sectors at %llu, where %llu of %llu are covered", t->name,
                        (unsigned long long)chunk.sectors, (unsigned long long)chunk.sector, (unsigned long long)covered,
                        (unsigned long long)t->sectors);
    if (packed && (chunk.sectors > CHUNK_SECTORS_MAX || chunk.bytes > 2ull * CHUNK_SECTORS_MAX * 512))
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "table '%s': a packed chunk of %llu bytes for %llu sectors", t->name,
                        (unsigned long long)chunk.bytes, (unsigned long long)chunk.sectors);
    if (chunk.type == EXH_DMG_RAW && chunk.bytes != chunk.sectors * 512)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "table '%s': a raw chunk of %llu bytes for %llu sectors", t->name,
                        (unsigned long long)chunk.bytes, (unsigned long long)chunk.sectors);
    if (chunk.type == EXH_DMG_ZERO || chunk.type == EXH_DMG_IGNORE)
        chunk.offset = chunk.bytes = 0; /* their offsets are noise */
    else if (!exh_add_u64(chunk.offset, base, &chunk.offset))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "table '%s': a chunk lies beyond any file", t->name);
    chunk.sector += t->sector;
    chunk.table = (uint32_t)(b->table_count - 1);
    if (chunk.sectors == 0)
        return true;
    if (!exh_grow((void **)&b->chunks, &b->chunk_capacity, b->chunk_count, sizeof *b->chunks, EXH_DMG_CHUNKS_MAX, "chunks", err))
        return false;
    b->chunks[b->chunk_count++] = chunk;
    return true;
}

static bool parse_header(struct exh_cursor *c, struct exh_dmg_table *t, uint64_t *offset, uint32_t *entries)
{
    bool is_mish = exh_cursor_be32(c) == MISH;
    is_mish = exh_cursor_be32(c) == 1 && is_mish;
    t->sector = exh_cursor_be64(c);
    t->sectors = exh_cursor_be64(c);
    *offset = exh_cursor_be64(c);
    exh_cursor_skip(c, 4); /* buffers needed: advisory, nothing is sized by it */
    t->index = exh_cursor_be32(c);
    exh_cursor_skip(c, 24);
    t->sum_type = exh_cursor_be32(c);
    t->sum_bits = exh_cursor_be32(c);
    const uint8_t *sum = exh_cursor_bytes(c, sizeof t->sum);
    if (sum != NULL)
        memcpy(t->sum, sum, sizeof t->sum);
    *entries = exh_cursor_be32(c);
    return is_mish && exh_cursor_ok(c);
}

bool exh_dmg_blocks_add(struct exh_dmg_blocks *b, const char *name, const uint8_t *mish, size_t length, uint64_t base, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(mish, length);
    uint64_t offset, covered = 0;
    uint32_t entries;
    if (!exh_grow((void **)&b->tables, &b->table_capacity, b->table_count, sizeof *b->tables, EXH_DMG_TABLES_MAX, "tables", err))
        return false;
    struct exh_dmg_table *t = &b->tables[b->table_count++];
    *t = (struct exh_dmg_table){.first_chunk = b->chunk_count};
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    if (!parse_header(&c, t, &offset, &entries) || (uint64_t)entries * ENTRY_BYTES > length - HEADER_BYTES)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "table '%s' of %zu bytes has no header, or not the entries it counts", name, length);
    if (t->sector > UINT64_MAX / 1024 || t->sectors > UINT64_MAX / 1024 || !exh_add_u64(base, offset, &base))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "table '%s' covers %llu sectors from %llu", name, (unsigned long long)t->sectors,
                        (unsigned long long)t->sector);
    for (uint32_t i = 0; i < entries; i++) {
        struct exh_dmg_chunk chunk = {.type = exh_cursor_be32(&c)};
        exh_cursor_skip(&c, 4);
        chunk.sector = exh_cursor_be64(&c);
        chunk.sectors = exh_cursor_be64(&c);
        chunk.offset = exh_cursor_be64(&c);
        chunk.bytes = exh_cursor_be64(&c);
        if (chunk.type == TERMINATOR)
            break;
        if (chunk.type == COMMENT)
            continue;
        if (!add_chunk(b, t, chunk, base, covered, err))
            return false;
        covered += chunk.sectors;
    }
    t->chunk_count = b->chunk_count - t->first_chunk;
    return covered == t->sectors || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "table '%s' has chunks for %llu of its %llu sectors", name,
                                             (unsigned long long)covered, (unsigned long long)t->sectors);
}

static int by_sector(const void *a, const void *b)
{
    const struct exh_dmg_chunk *x = a, *y = b;
    return x->sector < y->sector ? -1 : x->sector > y->sector;
}

bool exh_dmg_blocks_check(struct exh_dmg_blocks *b, uint64_t sectors, uint64_t file_bytes, struct exh_error *err)
{
    uint64_t covered = 0;
    if (b->chunk_count > 0)
        qsort(b->chunks, b->chunk_count, sizeof *b->chunks, by_sector);
    for (size_t i = 0; i < b->chunk_count; i++) {
        const struct exh_dmg_chunk *c = &b->chunks[i];
        const char *name = b->tables[c->table].name;
        if (c->sector != covered)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET,
                            "table '%s' begins at sector %llu, where %llu are covered: tables overlap or leave a gap", name,
                            (unsigned long long)c->sector, (unsigned long long)covered);
        if (!exh_inside(c->offset, c->bytes, file_bytes))
            return exh_fail(err, EXH_CORRUPT, c->offset, "table '%s': %llu bytes for sector %llu pass the end of the file", name,
                            (unsigned long long)c->bytes, (unsigned long long)c->sector);
        covered += c->sectors;
    }
    return covered == sectors || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the tables cover %llu of %llu sectors", (unsigned long long)covered,
                                          (unsigned long long)sectors);
}

const struct exh_dmg_chunk *exh_dmg_blocks_at(const struct exh_dmg_blocks *b, uint64_t sector)
{
    size_t low = 0, high = b->chunk_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        if (b->chunks[middle].sector <= sector)
            low = middle;
        else
            high = middle;
    }
    return &b->chunks[low];
}

void exh_dmg_blocks_close(struct exh_dmg_blocks *b)
{
    free(b->tables);
    free(b->chunks);
    memset(b, 0, sizeof *b);
}
