/* put_passes.c - saves what the stream left: the passes over a failing medium, by place into a raw file. See run.h, put.c. */
#include "acquire/run.h"
#include "formats/disk/raw.h"

/* ---- the passes ---- */

static bool judge_passes(struct exh_run *run, struct exh_passes *passes, struct exh_error *err)
{
    const struct exh_sectors *lies = exh_passes_lies(passes);
    for (size_t i = 0; i < lies->count; i++)
        if (!exh_sectors_mark(&run->out->changed, lies->ranges[i].lba, lies->ranges[i].count, EXH_SUSPECT, err))
            return false;
    switch (exh_passes_ended(passes, err)) {
    case EXH_PASSES_DONE:
        /* Without one good sector there is no witness that the drive reads at all. */
        return exh_map_total(&run->map, EXH_AREA_READ) > 0 ||
               exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "not one sector could be read: it is the device that fails, not its sectors") ||
               exh_on_side(err, EXH_SIDE_SOURCE);
    case EXH_PASSES_TOO_MANY_ERRORS:
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "more than %llu areas could not be read (--max-errors)",
                        (unsigned long long)run->plan->policy.max_errors) ||
               exh_on_side(err, EXH_SIDE_SOURCE);
    default: break;
    }
    return exh_on_side(err, EXH_SIDE_SOURCE);
}

/* By earlier runs. One that was cut in the middle begins again. */
static uint32_t retries_made(const struct exh_run *run)
{
    const struct exh_history *h = &run->out->history;
    uint32_t most = 0;
    for (size_t i = 0; i < h->pass_count; i++)
        if (h->passes[i].pass == EXH_PASS_RETRY && h->passes[i].number > most)
            most = h->passes[i].number;
    return most > 0 && !run->passes_done ? most - 1 : most;
}

/* The passes leave alone what the image holds already, as zeros. */
static bool mark_lost_kept(struct exh_run *run, enum exh_area area, struct exh_error *err)
{
    for (size_t i = 0; i < run->lost_kept.count; i++)
        if (!exh_map_mark(&run->map, (uint64_t)(run->lost_kept.ranges[i].lba - exh_run_track(run)->first), run->lost_kept.ranges[i].count, area, err))
            return false;
    return true;
}

static bool run_passes(struct exh_run *run, struct exh_error *err)
{
    if (!mark_lost_kept(run, EXH_AREA_READ, err))
        return false;
    struct exh_passes *passes =
        exh_passes_open(run->plan->medium, &run->map, &run->plan->policy, EXH_PIPELINE_BLOCK_BYTES, run->plan->medium->unit_sectors, err);
    if (passes == NULL)
        return false;
    exh_passes_retried(passes, retries_made(run));
    struct exh_consumer *consumers[1] = {&run->keeper.consumer};
    bool ok = exh_run_walk(run, run->plan->medium, exh_scout_over(&run->scout, exh_passes_route(passes), passes), consumers, 1, false, err) &&
              judge_passes(run, passes, err);
    exh_passes_close(passes);
    run->keeper.file.status = ok ? '+' : run->keeper.file.status;
    return ok && mark_lost_kept(run, EXH_AREA_BAD, err);
}

/* What a rescue by another tool finished, out of its image: every range that its map calls read. */
struct rescued_route {
    struct exh_route route; /* first */
    const struct exh_map *map;
    const struct exh_track *track; /* of the rescued image */
    uint64_t at;
};

static bool rescued_next(struct exh_route *route, struct exh_want *out)
{
    struct rescued_route *r = (struct rescued_route *)route;
    const struct exh_map_range *range = r->at < r->map->sectors ? exh_map_next(r->map, r->at, EXH_AREA_READ) : NULL;
    if (range == NULL)
        return false;
    uint64_t first = range->first > r->at ? range->first : r->at, left = range->first + range->count - first;
    uint64_t most = EXH_PIPELINE_BLOCK_BYTES / r->track->main_bytes;
    *out = (struct exh_want){
        .track = r->track, .lba = r->track->first + (int64_t)first, .count = (uint32_t)(left < most ? left : most), .effort = EXH_THOROUGH};
    r->at = first + out->count;
    return true;
}

static const struct exh_route_ops rescued_ops = {.next = rescued_next};

/* Whole sectors of the rescued image; the medium's own last one may be short. */
static uint64_t rescued_sectors(const struct exh_run *run)
{
    const struct exh_layout *layout = run->plan->rescued->layout;
    uint64_t bytes = exh_layout_bytes(layout);
    return bytes >= exh_run_span(run).bytes ? exh_run_sectors(run) : bytes / layout->tracks[0].main_bytes;
}

/* Leaves READ in the given map what its image holds and ours, perhaps after an earlier run, does not. */
static bool leave_to_take(struct exh_run *run, struct exh_map *given, struct exh_error *err)
{
    uint64_t held = rescued_sectors(run), claimed = exh_map_total(given, EXH_AREA_READ);
    if (!exh_map_turn(given, held, given->sectors - held, EXH_AREA_READ, EXH_AREA_UNTRIED, err))
        return false;
    if (exh_map_total(given, EXH_AREA_READ) < claimed)
        exh_watch_warn(run->plan->watch, "the rescued image ends before %llu sectors that its map calls finished; they are read from the medium",
                       (unsigned long long)(claimed - exh_map_total(given, EXH_AREA_READ)));
    for (size_t i = 0; i < run->map.count; i++) {
        const struct exh_map_range *r = &run->map.ranges[i];
        if (r->area == EXH_AREA_READ && !exh_map_mark(given, r->first, r->count, EXH_AREA_UNTRIED, err))
            return false;
    }
    uint64_t below = run->work != NULL ? run->streamed : 0; /* the image has these, for good or as filling */
    return exh_map_mark(given, 0, below, EXH_AREA_UNTRIED, err);
}

static bool take_rescued(struct exh_run *run, struct exh_error *err)
{
    struct exh_mapfile given = {0};
    const struct exh_mapfile_span span = exh_run_span(run);
    if (run->plan->rescued == NULL)
        return true;
    struct exh_consumer *consumers[1] = {&run->keeper.consumer};
    bool ok = exh_mapfile_load(run->plan->map_path, &span, &given, NULL, err) && leave_to_take(run, &given.map, err);
    struct rescued_route route = {.route = {&rescued_ops, EXH_SECTORS_UNKNOWN}, .map = &given.map, .track = &run->plan->rescued->layout->tracks[0]};
    exh_watch_phase(run->plan->watch, "take over what was rescued", EXH_SECTORS_UNKNOWN);
    ok = ok && exh_run_walk(run, run->plan->rescued, &route.route, consumers, 1, false, err);
    /* The keeper's map says what of it could be taken over. */
    for (size_t i = 0; ok && i < run->keeper.file.map.count; i++) {
        const struct exh_map_range *r = &run->keeper.file.map.ranges[i];
        ok = r->area != EXH_AREA_READ || exh_map_mark(&run->map, r->first, r->count, EXH_AREA_READ, err);
    }
    exh_mapfile_close(&given);
    return ok;
}

/* Into the raw image itself, or into the work file behind what the image has taken. */
bool exh_run_save_in_passes(struct exh_run *run, struct exh_error *err)
{
    struct exh_sink *into = run->sink;
    run->out->in_passes = true;
    if ((run->sink->can & EXH_SINK_ANY_ORDER) == 0) {
        if (!exh_run_open_sink(run, &exh_format_raw, EXH_WORK_FILE, run->plan->medium->layout, true, &run->work, err))
            return false;
        into = run->work;
    }
    /* On disk the map must not claim what only an open segment holds. */
    struct exh_map durable = {0};
    bool ok = exh_map_copy(&durable, &run->map, err);
    if (ok && into == run->work) {
        uint64_t kept = 0;
        ok = exh_sink_save(run->sink, &kept, err) &&
             (kept >= run->streamed || exh_map_mark(&durable, kept, run->streamed - kept, EXH_AREA_UNTRIED, err));
    }
    ok = ok && exh_keeper_into(&run->keeper, into, &durable, err) && exh_keeper_save(&run->keeper, err) && take_rescued(run, err) &&
         run_passes(run, err) && exh_keeper_save(&run->keeper, err);
    exh_map_close(&durable);
    return ok;
}
