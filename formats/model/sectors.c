/* sectors.c - the ordered map from LBA ranges to states. See sectors.h. */
#include "formats/model/sectors.h"

#include "formats/model/grow.h"

const char *exh_state_name(enum exh_state state)
{
    static const char *const names[] = {"unread", "bad", "missing", "suspect", "good"};
    return (unsigned)state < 5 ? names[state] : "bug";
}

static int64_t end_of(const struct exh_range *range) { return range->lba + (int64_t)range->count; }

/* Index of the first range that ends behind lba. */
static size_t index_behind(const struct exh_sectors *map, int64_t lba)
{
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (end_of(&map->ranges[middle]) > lba)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool insert_at(struct exh_sectors *map, size_t at, struct exh_range range, struct exh_error *err)
{
    if (!exh_grow((void **)&map->ranges, &map->capacity, map->count, sizeof *map->ranges, EXH_SECTORS_RANGES_MAX, "sector ranges", err))
        return false;
    memmove(map->ranges + at + 1, map->ranges + at, (map->count - at) * sizeof *map->ranges);
    map->ranges[at] = range;
    map->count++;
    return true;
}

static void remove_at(struct exh_sectors *map, size_t at, size_t n)
{
    memmove(map->ranges + at, map->ranges + at + n, (map->count - at - n) * sizeof *map->ranges);
    map->count -= n;
}

/* Makes `lba` a border: no range straddles it. */
static bool split_at(struct exh_sectors *map, int64_t lba, struct exh_error *err)
{
    size_t i = index_behind(map, lba);
    if (i == map->count || map->ranges[i].lba >= lba)
        return true;
    struct exh_range right = {lba, (uint64_t)(end_of(&map->ranges[i]) - lba), map->ranges[i].state};
    if (!insert_at(map, i + 1, right, err))
        return false;
    map->ranges[i].count = (uint64_t)(lba - map->ranges[i].lba);
    return true;
}

static void join_at(struct exh_sectors *map, size_t i)
{
    if (i + 1 < map->count && end_of(&map->ranges[i]) == map->ranges[i + 1].lba && map->ranges[i].state == map->ranges[i + 1].state) {
        map->ranges[i].count += map->ranges[i + 1].count;
        remove_at(map, i + 1, 1);
    }
}

bool exh_sectors_mark(struct exh_sectors *map, int64_t lba, uint64_t count, enum exh_state state, struct exh_error *err)
{
    if (count == 0)
        return true;
    if (count > (uint64_t)INT64_MAX || lba > INT64_MAX - (int64_t)count)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "sector range %lld + %llu passes the largest LBA", (long long)lba, (unsigned long long)count);
    int64_t end = lba + (int64_t)count;
    if (!split_at(map, lba, err) || !split_at(map, end, err))
        return false;
    size_t from = index_behind(map, lba), to = from;
    while (to < map->count && map->ranges[to].lba < end)
        to++;
    if (to > from) {
        map->ranges[from] = (struct exh_range){lba, count, state};
        remove_at(map, from + 1, to - from - 1);
    } else if (!insert_at(map, from, (struct exh_range){lba, count, state}, err)) {
        return false;
    }
    join_at(map, from);
    if (from > 0)
        join_at(map, from - 1);
    return true;
}

const struct exh_range *exh_sectors_find(const struct exh_sectors *map, int64_t lba)
{
    size_t i = index_behind(map, lba);
    return i < map->count ? &map->ranges[i] : NULL;
}

int64_t exh_sectors_part(const struct exh_sectors *map, int64_t lba, int64_t end, bool *inside)
{
    const struct exh_range *range = exh_sectors_find(map, lba);
    *inside = range != NULL && range->lba <= lba;
    int64_t stop = range == NULL ? end : *inside ? end_of(range) : range->lba;
    return stop < end ? stop : end;
}

uint64_t exh_sectors_total(const struct exh_sectors *map, enum exh_state state)
{
    uint64_t total = 0;
    for (size_t i = 0; i < map->count; i++)
        if (map->ranges[i].state == state)
            total += map->ranges[i].count;
    return total;
}

bool exh_sectors_copy(struct exh_sectors *to, const struct exh_sectors *from, struct exh_error *err)
{
    for (size_t i = 0; i < from->count; i++)
        if (!exh_sectors_mark(to, from->ranges[i].lba, from->ranges[i].count, from->ranges[i].state, err))
            return false;
    return true;
}

bool exh_sectors_equal(const struct exh_sectors *a, const struct exh_sectors *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->ranges[i].lba != b->ranges[i].lba || a->ranges[i].count != b->ranges[i].count || a->ranges[i].state != b->ranges[i].state)
            return false;
    return true;
}

void exh_sectors_close(struct exh_sectors *map)
{
    free(map->ranges);
    memset(map, 0, sizeof *map);
}
