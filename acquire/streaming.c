/* streaming.c - ascending, one attempt each, up to the first trouble. See streaming.h. */
#include "acquire/streaming.h"

static bool streaming_next(struct exh_route *route, struct exh_want *out)
{
    struct exh_streaming *s = (struct exh_streaming *)route;
    int64_t end = s->track->first + (int64_t)s->track->sectors;
    if (s->stopped || s->next >= end)
        return false;
    uint32_t count = (int64_t)s->block_sectors < end - s->next ? s->block_sectors : (uint32_t)(end - s->next);
    *out = (struct exh_want){.track = s->track, .lba = s->next, .count = count, .effort = EXH_ONCE};
    s->next += count;
    return true;
}

static uint32_t good_prefix(const struct exh_block *block)
{
    uint32_t n = 0;
    while (n < block->count && block->state[n] >= EXH_SUSPECT)
        n++;
    return n;
}

static bool too_slow(const struct exh_streaming *s, const struct exh_block *block)
{
    return s->min_rate > 0 && block->micros > 0 && (uint64_t)block->count * block->track->main_bytes * 1000000u / block->micros < s->min_rate;
}

static void streaming_outcome(struct exh_route *route, struct exh_block *block, const struct exh_faults *faults)
{
    (void)faults;
    struct exh_streaming *s = (struct exh_streaming *)route;
    uint32_t good = good_prefix(block);
    if (good < block->count) {
        uint64_t at = (uint64_t)(block->lba - s->track->first) + good, lost = block->count - good;
        s->stopped = true;
        if (!exh_map_mark(s->map, at, lost, lost == 1 ? EXH_AREA_BAD : EXH_AREA_UNTRIMMED, &s->failure))
            return;
        exh_block_cut(block, good / s->unit_sectors * s->unit_sectors);
    } else if (too_slow(s, block)) {
        s->stopped = true;
    }
    s->delivered = block->lba + block->count;
}

static const struct exh_route_ops streaming_ops = {.next = streaming_next, .outcome = streaming_outcome};

void exh_streaming_open(struct exh_streaming *out, const struct exh_medium *medium, struct exh_map *map, int64_t start, uint32_t block_bytes,
                        uint32_t unit_sectors, uint64_t min_rate)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    uint32_t block = block_bytes / t->main_bytes / unit_sectors * unit_sectors;
    *out = (struct exh_streaming){.route = {&streaming_ops, exh_track_bytes(t, start, t->sectors - (uint64_t)(start - t->first))},
                                  .track = t,
                                  .map = map,
                                  .block_sectors = block > 0 ? block : unit_sectors,
                                  .unit_sectors = unit_sectors,
                                  .min_rate = min_rate,
                                  .next = start,
                                  .delivered = start};
}
