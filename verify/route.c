/* route.c - two routes over every track: ascending, and several chunks side by side. See route.h. */
#include "verify/route.h"

static bool ascending_next(struct exh_route *route, struct exh_want *out)
{
    struct exh_ascending *a = (struct exh_ascending *)route;
    for (; a->track < a->layout->track_count; a->track++) {
        const struct exh_track *t = &a->layout->tracks[a->track];
        if (a->lba < t->first)
            a->lba = t->first;
        uint64_t done = (uint64_t)(a->lba - t->first);
        if (done >= t->sectors)
            continue;
        uint32_t count = a->block_bytes / t->main_bytes / a->unit_sectors * a->unit_sectors;
        if (count == 0)
            count = a->unit_sectors;
        if (t->sectors != EXH_SECTORS_UNKNOWN && count > t->sectors - done)
            count = (uint32_t)(t->sectors - done);
        *out = (struct exh_want){.track = t, .lba = a->lba, .count = count, .effort = a->effort, .with_sub = t->sub_bytes > 0};
        a->lba += count;
        return true;
    }
    return false;
}

static const struct exh_route_ops ascending_ops = {.next = ascending_next};

void exh_route_ascending(struct exh_ascending *out, const struct exh_medium *medium, enum exh_effort effort, uint32_t block_bytes)
{
    *out = (struct exh_ascending){.route = {&ascending_ops, exh_layout_bytes(medium->layout)},
                                  .layout = medium->layout,
                                  .effort = effort,
                                  .block_bytes = block_bytes,
                                  .unit_sectors = medium->unit_sectors > 0 ? medium->unit_sectors : 1,
                                  .lba = medium->layout->tracks[0].first};
}

int64_t exh_chunk_end(int64_t lba, uint32_t chunk_sectors)
{
    int64_t s = (int64_t)chunk_sectors, n = lba / s;
    if (lba % s < 0)
        n--;
    return (n + 1) * s;
}

/* Is the chunk empty from end to end? Where that cannot be noted it is read like any other. */
static bool skip_hole(struct exh_lanes *r, const struct exh_track *t, int64_t lba, int64_t end)
{
    struct exh_error ignored;
    uint64_t sectors = (uint64_t)(end - lba);
    exh_error_clear(&ignored);
    if (r->holes == NULL || exh_medium_hole(r->medium, r->scratch, t, lba, sectors) < sectors ||
        !exh_sectors_mark(r->holes, lba, sectors, EXH_GOOD, &ignored))
        return false;
    uint64_t bytes = exh_track_bytes(t, lba, sectors);
    r->hole_bytes += bytes;
    r->route.total_bytes -= bytes;
    return true;
}

uint32_t exh_chunk_lane(int64_t lba, uint32_t chunk_sectors)
{
    return (uint32_t)((uint64_t)(exh_chunk_end(lba, chunk_sectors) / (int64_t)chunk_sectors) % EXH_LANES);
}

/* The next chunk that is to be read becomes the one that waits. False: there is none. */
static bool find_chunk(struct exh_lanes *r)
{
    while (r->track < r->layout->track_count) {
        const struct exh_track *t = &r->layout->tracks[r->track];
        int64_t lba = r->next_lba < t->first ? t->first : r->next_lba, track_end = t->first + (int64_t)t->sectors;
        if (lba >= track_end) {
            r->track++;
            continue;
        }
        int64_t end = exh_chunk_end(lba, r->chunk_sectors);
        r->next_lba = end = end < track_end ? end : track_end;
        if (!skip_hole(r, t, lba, end)) {
            r->waiting = (struct exh_lane){t, lba, end};
            return true;
        }
    }
    return false;
}

/* Hands chunks out in their order, each to its own lane, until one has to wait for that. */
static bool fill_lanes(struct exh_lanes *r)
{
    while (r->waiting.lba < r->waiting.end || find_chunk(r)) {
        struct exh_lane *lane = &r->lanes[exh_chunk_lane(r->waiting.lba, r->chunk_sectors)];
        if (lane->lba < lane->end)
            return true;
        *lane = r->waiting;
        r->waiting = (struct exh_lane){0};
    }
    for (uint32_t i = 0; i < EXH_LANES; i++)
        if (r->lanes[i].lba < r->lanes[i].end)
            return true;
    return false;
}

static bool lanes_next(struct exh_route *route, struct exh_want *out)
{
    struct exh_lanes *r = (struct exh_lanes *)route;
    if (r->run_left == 0 || r->lanes[r->turn].lba >= r->lanes[r->turn].end) {
        if (!fill_lanes(r))
            return false;
        do
            r->turn = (r->turn + 1) % EXH_LANES;
        while (r->lanes[r->turn].lba >= r->lanes[r->turn].end);
        r->run_left = EXH_LANE_RUN_BYTES;
    }
    struct exh_lane *lane = &r->lanes[r->turn];
    uint32_t count = r->block_bytes / lane->track->main_bytes / r->unit_sectors * r->unit_sectors;
    if (count == 0)
        count = r->unit_sectors;
    if ((int64_t)count > lane->end - lane->lba)
        count = (uint32_t)(lane->end - lane->lba);
    *out = (struct exh_want){.track = lane->track, .lba = lane->lba, .count = count, .effort = r->effort, .with_sub = lane->track->sub_bytes > 0};
    uint64_t bytes = (uint64_t)count * lane->track->main_bytes;
    r->run_left -= bytes < r->run_left ? bytes : r->run_left;
    lane->lba += count;
    return true;
}

static const struct exh_route_ops lanes_ops = {.next = lanes_next};

void exh_route_lanes(struct exh_lanes *out, const struct exh_medium *medium, enum exh_effort effort, uint32_t block_bytes, uint32_t chunk_sectors)
{
    *out = (struct exh_lanes){.route = {&lanes_ops, exh_layout_bytes(medium->layout)},
                              .layout = medium->layout,
                              .effort = effort,
                              .block_bytes = block_bytes,
                              .unit_sectors = medium->unit_sectors > 0 ? medium->unit_sectors : 1,
                              .chunk_sectors = chunk_sectors,
                              .next_lba = medium->layout->tracks[0].first,
                              .turn = EXH_LANES - 1};
}

void exh_route_lanes_skip(struct exh_lanes *lanes, struct exh_medium *medium, struct exh_scratch *scratch, struct exh_sectors *holes)
{
    lanes->medium = medium;
    lanes->scratch = scratch;
    lanes->holes = holes;
}
