/* map.c - the areas of a failing medium, as one sorted array without gaps. See map.h. */
#include "acquire/map.h"

#include "formats/model/grow.h"

#define PIECES_MAX 3u /* what one mark can leave of the ranges it meets: a part before, itself, a part behind */

static uint64_t end_of(const struct exh_map_range *range) { return range->first + range->count; }

bool exh_map_open(struct exh_map *out, uint64_t sectors, struct exh_error *err)
{
    *out = (struct exh_map){.sectors = sectors};
    if (sectors == 0)
        return true;
    if (!exh_grow((void **)&out->ranges, &out->capacity, 0, sizeof *out->ranges, EXH_SECTORS_RANGES_MAX, "areas of a rescue map", err))
        return false;
    out->ranges[out->count++] = (struct exh_map_range){0, sectors, EXH_AREA_UNTRIED};
    return true;
}

void exh_map_close(struct exh_map *map)
{
    free(map->ranges);
    memset(map, 0, sizeof *map);
}

bool exh_map_copy(struct exh_map *to, const struct exh_map *from, struct exh_error *err)
{
    *to = (struct exh_map){.sectors = from->sectors};
    if (from->count == 0)
        return true;
    to->ranges = reallocarray(NULL, from->count, sizeof *to->ranges);
    if (to->ranges == NULL)
        return exh_nomem(err, "a copy of a rescue map");
    memcpy(to->ranges, from->ranges, from->count * sizeof *to->ranges);
    to->count = to->capacity = from->count;
    return true;
}

/* Index of the range that holds `sector`; count when it lies behind the map. */
static size_t index_of(const struct exh_map *map, uint64_t sector)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(&map->ranges[middle]) > sector)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Appends to the pieces, or lengthens the last one when it is of the same area. */
static void add_piece(struct exh_map_range *pieces, size_t *n, uint64_t first, uint64_t end, enum exh_area area)
{
    if (first == end)
        return;
    if (*n > 0 && pieces[*n - 1].area == area)
        pieces[*n - 1].count += end - first;
    else
        pieces[(*n)++] = (struct exh_map_range){first, end - first, area};
}

/* Puts `n` pieces in the place of ranges [from, to). */
static bool replace(struct exh_map *map, size_t from, size_t to, const struct exh_map_range *pieces, size_t n, struct exh_error *err)
{
    size_t count = map->count - (to - from) + n;
    while (count > map->capacity)
        if (!exh_grow((void **)&map->ranges, &map->capacity, map->capacity, sizeof *map->ranges, EXH_SECTORS_RANGES_MAX, "areas of a rescue map",
                      err))
            return false;
    if (to - from != n)
        memmove(map->ranges + from + n, map->ranges + to, (map->count - to) * sizeof *map->ranges);
    memcpy(map->ranges + from, pieces, n * sizeof *pieces);
    map->count = count;
    return true;
}

bool exh_map_mark(struct exh_map *map, uint64_t first, uint64_t count, enum exh_area area, struct exh_error *err)
{
    struct exh_map_range pieces[PIECES_MAX];
    size_t n = 0;
    if (count == 0)
        return true;
    if (first >= map->sectors || count > map->sectors - first)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "sectors %llu + %llu lie outside a rescue map of %llu", (unsigned long long)first,
                        (unsigned long long)count, (unsigned long long)map->sectors);
    uint64_t end = first + count;
    size_t from = index_of(map, first), to = index_of(map, end - 1);
    if (from == to && map->ranges[from].area == area)
        return true;
    /* A neighbour of the same area that only touches is taken in, so that the list stays coalesced. */
    if (map->ranges[from].first == first && from > 0 && map->ranges[from - 1].area == area)
        from--;
    if (end_of(&map->ranges[to]) == end && to + 1 < map->count && map->ranges[to + 1].area == area)
        to++;
    struct exh_map_range left = map->ranges[from], right = map->ranges[to];
    add_piece(pieces, &n, left.first, first, left.area);
    add_piece(pieces, &n, first, end, area);
    add_piece(pieces, &n, end, end_of(&right), right.area);
    return replace(map, from, to + 1, pieces, n, err);
}

bool exh_map_turn(struct exh_map *map, uint64_t first, uint64_t count, enum exh_area from, enum exh_area to, struct exh_error *err)
{
    for (uint64_t at = first, end = first + count; at < end;) {
        const struct exh_map_range r = *exh_map_at(map, at);
        uint64_t stop = end_of(&r) < end ? end_of(&r) : end;
        if (r.area == from && !exh_map_mark(map, at, stop - at, to, err))
            return false;
        at = stop;
    }
    return true;
}

const struct exh_map_range *exh_map_at(const struct exh_map *map, uint64_t sector) { return &map->ranges[index_of(map, sector)]; }

const struct exh_map_range *exh_map_next(const struct exh_map *map, uint64_t from, enum exh_area area)
{
    for (size_t i = index_of(map, from); i < map->count; i++)
        if (map->ranges[i].area == area)
            return &map->ranges[i];
    return NULL;
}

const struct exh_map_range *exh_map_previous(const struct exh_map *map, uint64_t before, enum exh_area area)
{
    if (before == 0)
        return NULL;
    size_t behind = index_of(map, before - 1) + 1;
    for (size_t i = behind < map->count ? behind : map->count; i-- > 0;)
        if (map->ranges[i].area == area)
            return &map->ranges[i];
    return NULL;
}

uint64_t exh_map_total(const struct exh_map *map, enum exh_area area)
{
    uint64_t total = 0;
    for (size_t i = 0; i < map->count; i++)
        if (map->ranges[i].area == area)
            total += map->ranges[i].count;
    return total;
}

static bool has_failed(enum exh_area area) { return area == EXH_AREA_BAD || area == EXH_AREA_UNTRIMMED || area == EXH_AREA_UNSCRAPED; }

uint64_t exh_map_failed_areas(const struct exh_map *map)
{
    uint64_t areas = 0;
    for (size_t i = 0; i < map->count; i++)
        areas += has_failed(map->ranges[i].area) && (i == 0 || !has_failed(map->ranges[i - 1].area));
    return areas;
}

bool exh_map_equal(const struct exh_map *a, const struct exh_map *b)
{
    if (a->sectors != b->sectors || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->ranges[i].first != b->ranges[i].first || a->ranges[i].count != b->ranges[i].count || a->ranges[i].area != b->ranges[i].area)
            return false;
    return true;
}

bool exh_map_states(const struct exh_map *map, int64_t lba, struct exh_sectors *out, struct exh_error *err)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct exh_map_range *r = &map->ranges[i];
        enum exh_state state = r->area == EXH_AREA_BAD ? EXH_BAD : EXH_UNREAD;
        if (r->area != EXH_AREA_READ && !exh_sectors_mark(out, lba + (int64_t)r->first, r->count, state, err))
            return false;
    }
    return true;
}
