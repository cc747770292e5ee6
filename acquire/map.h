/* map.h - how far the rescue of a failing medium has come: every sector of it lies in one area.
 *
 * The areas are GNU ddrescue's, and so are their characters (ddrescue manual, "Mapfile structure"). The map covers [0, sectors) of one track
 * counted from its first sector, without gaps or overlaps, coalesced; a new map is all untried. One thread at a time. */
#ifndef EXH_ACQUIRE_MAP_H
#define EXH_ACQUIRE_MAP_H

#include "formats/model/sectors.h"

enum exh_area {
    EXH_AREA_UNTRIED = '?',
    EXH_AREA_UNTRIMMED = '*', /* a large read failed here; its edges are not found yet */
    EXH_AREA_UNSCRAPED = '/', /* between two edges; not yet read sector by sector */
    EXH_AREA_BAD = '-',       /* read alone, and failed */
    EXH_AREA_READ = '+'
};

struct exh_map_range {
    uint64_t first, count; /* sectors */
    enum exh_area area;
};

struct exh_map {
    uint64_t sectors;
    struct exh_map_range *ranges;
    size_t count, capacity;
};

EXH_MUST_CHECK bool exh_map_open(struct exh_map *out, uint64_t sectors, struct exh_error *err);
void exh_map_close(struct exh_map *map);
EXH_MUST_CHECK bool exh_map_copy(struct exh_map *to, const struct exh_map *from, struct exh_error *err); /* to: zeroed */
/* EXH_LIMIT past EXH_SECTORS_RANGES_MAX ranges; the map is then unchanged. Finds its place by halving; only a new range in the middle moves others.
 */
EXH_MUST_CHECK bool exh_map_mark(struct exh_map *map, uint64_t first, uint64_t count, enum exh_area area, struct exh_error *err);
/* Marks what lies in area `from`, and nothing else, of these sectors. */
EXH_MUST_CHECK bool exh_map_turn(struct exh_map *map, uint64_t first, uint64_t count, enum exh_area from, enum exh_area to, struct exh_error *err);
/* The range that holds `sector`, which is inside the map. */
const struct exh_map_range *exh_map_at(const struct exh_map *map, uint64_t sector);
/* The first range of this area that ends behind `from`, and the last that begins before `before`; NULL: none. */
const struct exh_map_range *exh_map_next(const struct exh_map *map, uint64_t from, enum exh_area area);
const struct exh_map_range *exh_map_previous(const struct exh_map *map, uint64_t before, enum exh_area area);
uint64_t exh_map_total(const struct exh_map *map, enum exh_area area);
/* Runs of sectors that were tried and are not read, whichever of the three areas they are in by now. */
uint64_t exh_map_failed_areas(const struct exh_map *map);
bool exh_map_equal(const struct exh_map *a, const struct exh_map *b);
/* What is not READ, as states of sectors from `lba` on: BAD for bad areas, UNREAD for those that were given up before. Appends. */
EXH_MUST_CHECK bool exh_map_states(const struct exh_map *map, int64_t lba, struct exh_sectors *out, struct exh_error *err);

#endif
