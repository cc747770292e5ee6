/* volume_apple.c - Apple partition maps, HFS and HFS+. See volumes.h.
 *
 * Inside Macintosh: Devices, chapter 3 (driver descriptor "ER", partition map entries "PM"); Inside Macintosh: Files, chapter 2 (master directory
 * block "BD"); TN1150 (HFS+ volume header). Everything is most significant byte first. The map counts blocks of 512 bytes or of the size that "ER"
 * names, and hybrid discs are known where that size is wrong: the map's own place tells which it is. */
#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/optical/volume_search.h"

#define ENTRIES_MAX 256u
#define HFS_BLOCK_BYTES 512u

/* `length` bytes that lie within one sector. */
static bool read_at(struct exh_volume_search *s, uint64_t offset, uint8_t *out, size_t length)
{
    uint8_t sector[EXH_VOLUME_SECTOR_BYTES];
    size_t inside = (size_t)(offset % EXH_VOLUME_SECTOR_BYTES);
    if (length > sizeof sector - inside || !exh_volume_sector(s, offset / EXH_VOLUME_SECTOR_BYTES, sector))
        return false;
    memcpy(out, sector + inside, length);
    return true;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    uint64_t total;
    return exh_add_u64(a, b, &total) ? total : UINT64_MAX;
}

/* The two letters alone are soon found by chance in a loader's code. */
static bool is_hfs(const uint8_t *d)
{
    return memcmp(d, "BD", 2) == 0 && exh_be16(d + 18) != 0 && exh_be32(d + 20) != 0 && exh_be32(d + 20) % 512 == 0;
}

static bool is_hfs_plus(const uint8_t *d)
{
    uint32_t block = exh_be32(d + 40);
    bool plus = memcmp(d, "H+\0\4", 4) == 0 || memcmp(d, "HX\0\5", 4) == 0;
    return plus && block >= 512 && (block & (block - 1)) == 0;
}

/* HFS: allocation blocks behind `drAlBlSt` blocks of 512, then a spare directory block and one unused. HFS+ counts all its blocks. */
static bool take_hfs(struct exh_volume_search *s, uint64_t start)
{
    uint8_t d[HFS_BLOCK_BYTES];
    uint64_t at = start + 2 * HFS_BLOCK_BYTES;
    if (!read_at(s, at, d, sizeof d))
        return false;
    if (is_hfs(d)) {
        uint64_t end = sum(start, (uint64_t)exh_be16(d + 28) * HFS_BLOCK_BYTES + (uint64_t)exh_be16(d + 18) * exh_be32(d + 20));
        char *label = exh_volume_text(s, d + 37, d[36] <= 27 ? d[36] : 27);
        exh_volume_add(s, memcmp(d + 124, "H+", 2) == 0 ? EXH_VOLUME_HFS_PLUS : EXH_VOLUME_HFS, at / EXH_VOLUME_SECTOR_BYTES, exh_volume_sectors(end),
                       exh_volume_sectors(sum(end, 2 * HFS_BLOCK_BYTES)), label);
        free(label);
        return true;
    }
    if (!is_hfs_plus(d)) {
        if (memcmp(d, "BD", 2) == 0 || memcmp(d, "H+", 2) == 0 || memcmp(d, "HX", 2) == 0)
            exh_volume_remark(s, "volume", EXH_WARNS, at, "the bytes at %llu begin like HFS (%.2s), but its block sizes cannot be: it is not taken",
                              (unsigned long long)at, (const char *)d);
        return false;
    }
    uint64_t end = sum(start, (uint64_t)exh_be32(d + 40) * exh_be32(d + 44));
    exh_volume_add(s, EXH_VOLUME_HFS_PLUS, at / EXH_VOLUME_SECTOR_BYTES, exh_volume_sectors(end), exh_volume_sectors(end), NULL);
    return true;
}

struct map {
    uint32_t entries;
    uint64_t end; /* bytes, of the partition that ends last */
    uint64_t hfs; /* where one of type Apple_HFS begins; UINT64_MAX: none */
};

/* The entries from byte `unit` on, `unit` apart, in blocks of `unit`. */
static bool read_map(struct exh_volume_search *s, uint32_t unit, struct map *out)
{
    *out = (struct map){.hfs = UINT64_MAX};
    uint32_t count = 1;
    for (uint32_t i = 0; i < count && i < ENTRIES_MAX; i++) {
        uint8_t d[80];
        if (!read_at(s, (uint64_t)unit * (i + 1), d, sizeof d) || memcmp(d, "PM", 2) != 0)
            break;
        uint64_t start = (uint64_t)exh_be32(d + 8) * unit, end = start + (uint64_t)exh_be32(d + 12) * unit;
        if (i == 0)
            count = exh_be32(d + 4);
        out->entries++;
        bool empty = memcmp(d + 48, "Apple_Free", 11) == 0; /* the rest of the medium, whatever that was thought to be */
        out->end = !empty && end > out->end ? end : out->end;
        if (memcmp(d + 48, "Apple_HFS", 9) == 0 && out->hfs == UINT64_MAX)
            out->hfs = start;
    }
    return out->entries > 0;
}

static void take_map(struct exh_volume_search *s, uint32_t named)
{
    struct map small, large;
    bool in_512 = read_map(s, HFS_BLOCK_BYTES, &small), in_2048 = read_map(s, EXH_VOLUME_SECTOR_BYTES, &large);
    if (!in_512 && !in_2048)
        return;
    const struct map *map = in_512 && (named == HFS_BLOCK_BYTES || !in_2048) ? &small : &large;
    uint32_t unit = map == &small ? HFS_BLOCK_BYTES : EXH_VOLUME_SECTOR_BYTES;
    uint64_t least = exh_volume_sectors(map->end), most = least;
    if (named != unit) {
        /* Counted as the size says the map would reach further than it may: what is claimed at least is what its place says. */
        exh_volume_remark(s, "volume", EXH_WARNS, 2, "the Apple driver descriptor names blocks of %u bytes, but the partition map counts %u", named,
                          unit);
        most = named > unit ? exh_volume_sectors(map->end / unit * named) : least;
    }
    char text[32];
    (void)snprintf(text, sizeof text, "%u entries", map->entries);
    exh_volume_add(s, EXH_VOLUME_APPLE_MAP, 0, least, most, text);
    if (map->hfs != UINT64_MAX)
        (void)take_hfs(s, map->hfs);
}

void exh_volume_apple(struct exh_volume_search *s)
{
    uint8_t d[8];
    if (s->of->first_lba != 0 || !read_at(s, 0, d, sizeof d))
        return;
    if (memcmp(d, "ER", 2) == 0)
        take_map(s, exh_be16(d + 2));
    else
        (void)take_hfs(s, 0);
}
