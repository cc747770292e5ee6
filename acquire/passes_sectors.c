/* passes_sectors.c - the passes that read sector by sector: trim, scrape, retry. See passes.h. */
#include "acquire/passes_state.h"

#define CALM_SECTORS 32u /* so many good sectors in a row, and scraping reads more at a time */

/* ---- trim ---- */

/* Is the area beside this edge bad, so that the edge is known? At the medium's ends it is not. */
static bool bad_before(const struct exh_map *map, const struct exh_map_range *r) { return r > map->ranges && r[-1].area == EXH_AREA_BAD; }
static bool bad_behind(const struct exh_map *map, const struct exh_map_range *r)
{
    return r + 1 < map->ranges + map->count && r[1].area == EXH_AREA_BAD;
}

/* The leading edge until it is bad, then the trailing one. An area between two bad ones that was never trimmed itself (a map from elsewhere) is
 * begun at its front. */
bool exh_passes_next_trim(const struct exh_passes *p, struct piece *out)
{
    const struct exh_map_range *r = exh_map_next(p->map, p->cursor, EXH_AREA_UNTRIMMED);
    if (r == NULL)
        return false;
    bool from_behind = bad_before(p->map, r) && !bad_behind(p->map, r);
    *out = (struct piece){from_behind ? r->first + r->count - 1 : r->first, 1};
    return true;
}

static bool note_if_trimmed(struct exh_map *map, uint64_t sector, struct exh_error *err)
{
    const struct exh_map_range *r = exh_map_at(map, sector);
    return r->area != EXH_AREA_UNTRIMMED || !bad_before(map, r) || !bad_behind(map, r) ||
           exh_map_mark(map, r->first, r->count, EXH_AREA_UNSCRAPED, err);
}

bool exh_passes_note_trimmed(struct exh_map *map, uint64_t bad, struct exh_error *err)
{
    return (bad == 0 || note_if_trimmed(map, bad - 1, err)) && (bad + 1 == map->sectors || note_if_trimmed(map, bad + 1, err));
}

/* ---- scrape ---- */

/* One sector; behind CALM_SECTORS good ones 2, 4, 8, ... up to a cluster, so that a large area with few bad sectors costs few reads. Growing from
 * below keeps small the number of reads that touch a bad sector. */
static uint64_t step_after(uint64_t calm, uint64_t most)
{
    uint64_t step = 1;
    while (calm >= CALM_SECTORS + 2 * step - 2 && 2 * step <= most)
        step *= 2;
    return step;
}

bool exh_passes_next_scrape(const struct exh_passes *p, struct piece *out)
{
    const struct exh_map_range *r = exh_map_next(p->map, p->cursor, EXH_AREA_UNSCRAPED);
    if (r == NULL)
        return false;
    uint64_t first = r->first > p->cursor ? r->first : p->cursor, left = r->first + r->count - first;
    uint64_t step = first == p->cursor ? step_after(p->calm, p->cluster_sectors) : 1;
    *out = (struct piece){first, (uint32_t)(step < left ? step : left)};
    return true;
}

/* ---- retry ---- */

bool exh_passes_next_retry(const struct exh_passes *p, struct piece *out)
{
    const struct exh_map_range *r = p->backward ? exh_map_previous(p->map, p->cursor, EXH_AREA_BAD) : exh_map_next(p->map, p->cursor, EXH_AREA_BAD);
    if (r == NULL)
        return false;
    uint64_t end = r->first + r->count;
    if (p->backward)
        *out = (struct piece){(end < p->cursor ? end : p->cursor) - 1, 1};
    else
        *out = (struct piece){r->first > p->cursor ? r->first : p->cursor, 1};
    return true;
}

/* ---- all three ---- */

void exh_passes_after_sectors(struct exh_passes *p, const struct result *r)
{
    uint64_t tried = r->first + (r->count == 1 ? 1 : r->good); /* a longer read that failed is tried again from where it did */
    if (r->good < r->count)
        p->calm = 0;
    else
        p->calm = r->first == p->cursor ? p->calm + r->count : r->count;
    if (p->pass == EXH_PASS_TRIM) {
        const struct exh_map_range *next = exh_map_next(p->map, p->cursor, EXH_AREA_UNTRIMMED);
        p->cursor = next != NULL ? next->first : p->map->sectors;
    } else {
        p->cursor = p->backward ? r->first : tried;
    }
}
