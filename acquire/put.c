/* put.c - reads the medium into the sink, with the digests of record. See run.h.
 *
 * Three parts. The stream: ascending, every consumer sees every block once; a medium that reads cleanly is done with it. At the first trouble the
 * passes take over: what they save goes by its place into a raw file - the image itself, or a work file for a format that takes blocks only in
 * order. Then the feed: that file, with what could not be read marked in it, is walked once in order from where the stream stopped, through the same
 * digests (whose state goes on) and into the image. So the digests of record are always of one ordered walk. */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "acquire/run.h"
#include "acquire/streaming.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"

#define RESERVE "reserve" /* given back when the disk is full, so that the map can still be written */
#define RESERVE_BYTES (2u << 20)

static uint32_t common_multiple(uint32_t a, uint32_t b)
{
    uint32_t x = a, y = b;
    while (y != 0) {
        uint32_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

static const struct exh_track *track_of(const struct exh_run *run) { return &run->plan->medium->layout->tracks[0]; }
static uint64_t all_sectors(const struct exh_run *run) { return exh_layout_sectors(run->plan->medium->layout); }
static uint32_t unit_of(const struct exh_run *run)
{
    uint32_t medium = run->plan->medium->unit_sectors, sink = run->sink->unit_sectors;
    return common_multiple(medium > 0 ? medium : 1, sink > 0 ? sink : 1);
}

/* ---- sinks ---- */

static bool open_sink(struct exh_run *run, const struct exh_format *format, const char *name, const struct exh_layout *declared, bool resume,
                      struct exh_sink **out, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    bool image = strcmp(name, EXH_WORK_FILE) != 0;
    const struct exh_names *joined = exh_stage_joined(run->stage);
    struct exh_create create = {.folder = exh_stage_folder(run->stage),
                                .name = name,
                                .declared = declared,
                                .fields = p->fields,
                                .program = p->program,
                                .platform = p->platform,
                                .unix_time = p->unix_time,
                                .segment_bytes = image ? p->segment_bytes : 0,
                                .compression = p->compression,
                                .resume = resume,
                                .resume_sectors = image && resume ? run->streamed : 0,
                                .folders = image && joined->count > 0 ? joined : NULL,
                                .fill = image ? p->fill : NULL,
                                .fill_length = p->fill_length,
                                .removable = p->removable,
                                .optical = p->optical,
                                .physical = p->physical};
    memcpy(create.guid, p->guid, sizeof create.guid);
    return format->create(&create, out, err) || exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* ---- one walk ---- */

static size_t digests_of(struct exh_run *run, struct exh_consumer **consumers)
{
    return exh_digest_set_consumers(run->set, consumers, EXH_PIPELINE_CONSUMERS_MAX - 1);
}

/* The consumers' finish is called once, after the last part. */
static bool walk(struct exh_run *run, struct exh_medium *medium, struct exh_route *route, struct exh_consumer **consumers, size_t count, bool fill,
                 struct exh_error *err)
{
    struct exh_pipeline pipeline = {.medium = medium,
                                    .route = route,
                                    .consumers = consumers,
                                    .consumer_count = count,
                                    .watch = run->plan->watch,
                                    .threads = run->plan->threads,
                                    .fill = fill ? run->plan->fill : NULL,
                                    .fill_length = run->plan->fill_length,
                                    .more_follows = true};
    struct exh_pipeline_outcome outcome;
    bool ok = exh_pipeline_run(&pipeline, &outcome, err);
    for (size_t i = 0; ok && i < outcome.faults.count && run->out->faults.count < EXH_FAULTS_KEPT; i++)
        ok = exh_faults_add(&run->out->faults, &outcome.faults.items[i], err);
    run->out->fault_count += outcome.fault_count;
    exh_pipeline_outcome_close(&outcome);
    if (ok && run->scout.failure.code != EXH_OK) {
        *err = run->scout.failure;
        return false;
    }
    return ok || (err->side == EXH_SIDE_NONE && exh_on_side(err, EXH_SIDE_DESTINATION));
}

static bool finish(struct exh_consumer **consumers, size_t count, struct exh_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (consumers[i]->ops->finish != NULL && !consumers[i]->ops->finish(consumers[i], err))
            return false;
    return true;
}

/* ---- the stream ---- */

/* Not failing, or told to be in good health: one thorough ascending walk. */
static bool stream_thoroughly(struct exh_run *run, struct exh_consumer **consumers, size_t count, struct exh_error *err)
{
    struct exh_ascending route;
    exh_route_ascending(&route, run->plan->medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    route.unit_sectors = unit_of(run);
    route.lba = track_of(run)->first + (int64_t)run->streamed;
    if (route.route.total_bytes != EXH_SECTORS_UNKNOWN)
        route.route.total_bytes -= run->streamed * track_of(run)->main_bytes;
    if (!walk(run, run->plan->medium, exh_scout_over(&run->scout, &route.route, NULL), consumers, count, true, err))
        return false;
    run->streamed = all_sectors(run);
    return true;
}

static bool stream_to_trouble(struct exh_run *run, struct exh_consumer **consumers, size_t count, struct exh_error *err)
{
    struct exh_streaming route;
    uint64_t before = run->streamed;
    exh_streaming_open(&route, run->plan->medium, &run->map, track_of(run)->first + (int64_t)before, EXH_PIPELINE_BLOCK_BYTES, unit_of(run),
                       run->plan->policy.min_rate);
    bool ok = walk(run, run->plan->medium, exh_scout_over(&run->scout, &route.route, NULL), consumers, count, false, err);
    if (ok && route.failure.code != EXH_OK) {
        *err = route.failure;
        return false;
    }
    if (!ok)
        return false;
    run->streamed = (uint64_t)(route.delivered - track_of(run)->first);
    run->trouble = route.stopped && run->streamed < all_sectors(run);
    return run->streamed == before || exh_map_mark(&run->map, before, run->streamed - before, EXH_AREA_READ, err);
}

bool exh_run_in_one_pass(const struct exh_run *run)
{
    return run->plan->one_pass || !run->plan->medium->failing || run->plan->medium->layout->track_count != 1 || run->plan->medium->endless;
}

static bool stream(struct exh_run *run, struct exh_error *err)
{
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    size_t n = digests_of(run, consumers);
    consumers[n++] = &run->keeper.consumer;
    return exh_run_in_one_pass(run) ? stream_thoroughly(run, consumers, n, err) : stream_to_trouble(run, consumers, n, err);
}

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
        if (!exh_map_mark(&run->map, (uint64_t)(run->lost_kept.ranges[i].lba - track_of(run)->first), run->lost_kept.ranges[i].count, area, err))
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
    bool ok = walk(run, run->plan->medium, exh_scout_over(&run->scout, exh_passes_route(passes), passes), consumers, 1, false, err) &&
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
    return bytes >= exh_run_span(run).bytes ? all_sectors(run) : bytes / layout->tracks[0].main_bytes;
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
    ok = ok && walk(run, run->plan->rescued, &route.route, consumers, 1, false, err);
    /* The keeper's map says what of it could be taken over. */
    for (size_t i = 0; ok && i < run->keeper.file.map.count; i++) {
        const struct exh_map_range *r = &run->keeper.file.map.ranges[i];
        ok = r->area != EXH_AREA_READ || exh_map_mark(&run->map, r->first, r->count, EXH_AREA_READ, err);
    }
    exh_mapfile_close(&given);
    return ok;
}

/* Into the raw image itself, or into the work file behind what the image has taken. */
static bool save_in_passes(struct exh_run *run, struct exh_error *err)
{
    struct exh_sink *into = run->sink;
    run->out->in_passes = true;
    if ((run->sink->can & EXH_SINK_ANY_ORDER) == 0) {
        if (!open_sink(run, &exh_format_raw, EXH_WORK_FILE, run->plan->medium->layout, true, &run->work, err))
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

/* ---- the feed ---- */

/* Gives the raw image what was lost: the pattern, which the pipeline has put into the block, or a hole for what an earlier run may have left there.
 */
struct filler {
    struct exh_consumer consumer;
    struct exh_sink *sink;
};

static bool filler_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct exh_sink *sink = ((struct filler *)consumer)->sink;
    for (uint32_t i = 0, n; block->bad > 0 && i < block->count; i += n) {
        bool lost = block->state[i] < EXH_SUSPECT;
        for (n = 1; i + n < block->count && (block->state[i + n] < EXH_SUSPECT) == lost; n++)
            ;
        struct exh_block part = *block;
        part.lba += i;
        part.main += (size_t)i * block->track->main_bytes;
        part.state += i;
        part.count = n;
        part.kind = EXH_BLOCK_DATA;
        exh_block_cut(&part, n);
        if (lost && !sink->consumer.ops->take(&sink->consumer, &part, result, err))
            return false;
    }
    return true;
}

static const struct exh_consumer_ops filler_ops = {.take = filler_take};

/* All that was not read, whatever the reason, as BAD: nothing more will be tried. */
static bool lost_states(struct exh_run *run, struct exh_sectors *out, struct exh_error *err)
{
    if (!exh_map_states(&run->map, track_of(run)->first, out, err))
        return false;
    run->out->given_up_sectors = exh_sectors_total(out, EXH_UNREAD);
    for (size_t i = 0; i < out->count; i++)
        out->ranges[i].state = EXH_BAD;
    return true;
}

static bool walk_feed(struct exh_run *run, struct exh_medium *medium, struct exh_error *err)
{
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    struct filler filler = {.consumer = {&filler_ops}, .sink = run->sink};
    struct exh_ascending route;
    bool into_image = run->work != NULL;
    size_t n = digests_of(run, consumers);
    if (into_image)
        consumers[n++] = &run->sink->consumer;
    else if (run->plan->fill != NULL || run->plan->resume)
        consumers[n++] = &filler.consumer;
    exh_route_ascending(&route, medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    route.unit_sectors = unit_of(run);
    route.lba = track_of(run)->first + (int64_t)run->streamed;
    route.route.total_bytes -= run->streamed * track_of(run)->main_bytes;
    exh_watch_phase(run->plan->watch, into_image ? "write the image" : "hash what was saved", route.route.total_bytes);
    return walk(run, medium, &route.route, consumers, n, true, err);
}

static bool feed(struct exh_run *run, struct exh_error *err)
{
    struct exh_sectors lost = {0};
    struct exh_seal nothing = {0};
    struct exh_medium *file = NULL, *marked = NULL;
    uint64_t kept;
    bool ok = lost_states(run, &lost, err) &&
              exh_sink_seal(run->work != NULL ? run->work : run->sink, run->plan->medium->layout, &nothing, err) && /* full length, durable */
              exh_run_open_kept(run, run->work != NULL, &file, &kept, err) &&
              (file != NULL || exh_fail(err, EXH_LOST, EXH_NO_OFFSET, "what was saved is not there"));
    if (ok)
        ok = (marked = exh_view_marked(file, &lost, err)) != NULL && walk_feed(run, marked, err);
    exh_medium_close(marked);
    exh_medium_close(file);
    exh_sectors_close(&lost);
    if (ok)
        run->streamed = all_sectors(run);
    return ok;
}

/* ---- what an earlier run took, through the digests again ---- */

static bool digest_kept(struct exh_run *run, struct exh_error *err)
{
    struct exh_medium *kept = NULL, *marked = NULL, *part = NULL;
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    uint64_t sectors;
    if (run->streamed == 0)
        return true;
    bool ok = exh_run_open_kept(run, false, &kept, &sectors, err) && (marked = exh_view_marked(kept, &run->lost_kept, err)) != NULL &&
              (part = exh_view_range(marked, track_of(run)->first, run->streamed, err)) != NULL;
    if (ok) {
        struct exh_ascending route;
        exh_route_ascending(&route, part, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
        exh_watch_phase(run->plan->watch, "hash what was kept", route.route.total_bytes);
        ok = walk(run, part, &route.route, consumers, digests_of(run, consumers), true, err);
    }
    exh_medium_close(part);
    exh_medium_close(marked);
    exh_medium_close(kept);
    return ok;
}

/* ---- standard input into a format that must know the size ---- */

static bool put_endless(struct exh_run *run, struct exh_error *err)
{
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    struct exh_medium *file = NULL;
    struct exh_ascending route;
    uint64_t kept;
    if (!open_sink(run, &exh_format_raw, EXH_WORK_FILE, run->plan->medium->layout, false, &run->work, err))
        return false;
    size_t n = digests_of(run, consumers);
    consumers[n++] = &run->work->consumer;
    exh_route_ascending(&route, run->plan->medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    exh_watch_phase(run->plan->watch, "read into a work file", route.route.total_bytes);
    bool ok = walk(run, run->plan->medium, &route.route, consumers, n, false, err) && finish(consumers, n, err);
    if (!ok)
        return false;
    run->plan->final_layout(run->plan->medium, &run->out->layout);
    struct exh_seal nothing = {0};
    ok = exh_sink_seal(run->work, &run->out->layout, &nothing, err) && exh_run_open_kept(run, true, &file, &kept, err) &&
         open_sink(run, run->plan->format, exh_stage_name(run->stage), &run->out->layout, false, &run->sink, err);
    if (ok) {
        consumers[0] = &run->sink->consumer;
        exh_route_ascending(&route, file, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
        route.unit_sectors = unit_of(run);
        exh_watch_phase(run->plan->watch, "write the image", route.route.total_bytes);
        ok = walk(run, file, &route.route, consumers, 1, false, err) && finish(consumers, 1, err);
    }
    exh_medium_close(file);
    return ok;
}

/* ---- all of it ---- */

/* What a source that is an image says of itself was never read, and holds other bytes than zeros: a fill pattern. Pattern and list both go over. */
static bool note_filled(struct exh_run *run, struct exh_error *err)
{
    const struct exh_seal *said = run->plan->medium->seal;
    struct exh_sectors *lost = &run->out->seal.unreadable;
    for (size_t i = 0; said != NULL && i < said->unreadable.count; i++) {
        int64_t lba = said->unreadable.ranges[i].lba, end = lba + (int64_t)said->unreadable.ranges[i].count;
        while (lba < end) {
            const struct exh_range *r = exh_sectors_find(lost, lba);
            bool here = r != NULL && r->lba <= lba, doubted = here && r->state == EXH_SUSPECT;
            int64_t stop = r == NULL ? end : here ? r->lba + (int64_t)r->count : r->lba;
            stop = stop < end ? stop : end;
            if (doubted && !exh_sectors_mark(lost, lba, (uint64_t)(stop - lba), EXH_BAD, err))
                return false;
            run->out->seal.filled = run->out->seal.filled || doubted;
            lba = stop;
        }
    }
    return true;
}

static bool take_results(struct exh_run *run, struct exh_error *err)
{
    struct exh_acquire_result *out = run->out;
    if (run->plan->final_layout != NULL)
        run->plan->final_layout(run->plan->medium, &out->layout);
    else
        out->layout = *run->plan->medium->layout;
    out->seal.filled = run->plan->fill != NULL;
    if (!exh_digest_set_result(run->set, &out->seal, &out->seal.unreadable, err) || !note_filled(run, err))
        return false;
    for (size_t i = 0; run->plan->fields != NULL && i < run->plan->fields->count; i++)
        if (!exh_fields_set(&out->seal.fields, run->plan->fields->items[i].key, run->plan->fields->items[i].value, err))
            return false;
    return true;
}

static void reserve_room(const struct exh_run *run)
{
    char *path = exh_run_staged(run, RESERVE);
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        (void)!posix_fallocate(fd, 0, RESERVE_BYTES); /* a wish: without it a full disk costs what was done since the last save */
        (void)close(fd);
    }
    free(path);
}

static void give_room_back(const struct exh_run *run)
{
    char *path = exh_run_staged(run, RESERVE);
    if (path != NULL)
        (void)unlink(path);
    free(path);
}

/* The state before the first read: whoever finds the folder later can go on. */
static bool begin_keeping(struct exh_run *run, struct exh_error *err)
{
    if (run->plan->state == NULL)
        return true;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (!exh_stage_keep(run->stage, EXH_STAGE_STATE, run->plan->state, err) ||
        (run->journal = exh_journal_open(exh_stage_folder(run->stage), err)) == NULL ||
        !exh_journal_run(run->journal, run->run_number, (uint64_t)now.tv_sec, err))
        return false;
    if (run->out->history.pause_count > 0 && run->out->history.pauses[run->out->history.pause_count - 1].resumed == 0)
        run->out->history.pauses[run->out->history.pause_count - 1].resumed = (uint64_t)now.tv_sec;
    reserve_room(run);
    return true;
}

/* A map by ddrescue: what failed there is left for later passes; what it finished is read again, unless its image is here to take it from. */
static bool begin_with_map(struct exh_run *run, struct exh_error *err)
{
    struct exh_mapfile given = {0};
    const struct exh_mapfile_span span = exh_run_span(run);
    if (run->plan->map_path == NULL)
        return true;
    if (!exh_mapfile_load(run->plan->map_path, &span, &given, NULL, err))
        return false;
    bool ok = true;
    run->trouble = run->trouble || run->plan->rescued != NULL;
    for (size_t i = 0; ok && i < given.map.count; i++) {
        const struct exh_map_range *r = &given.map.ranges[i];
        if (r->area != EXH_AREA_READ && r->area != EXH_AREA_UNTRIED) {
            ok = exh_map_turn(&run->map, r->first, r->count, EXH_AREA_UNTRIED, r->area, err);
            run->trouble = true;
        }
    }
    exh_mapfile_close(&given);
    return ok;
}

/* Keeping needs a medium of known size in one track; others are only fed through. */
static bool is_plain(const struct exh_medium *medium) { return medium->endless || medium->layout->track_count != 1; }

/* What can be wrong with what was asked for is found before there is something to keep. */
static bool open_map(struct exh_run *run, struct exh_error *err)
{
    return (run->map.count > 0 || exh_map_open(&run->map, is_plain(run->plan->medium) ? 0 : all_sectors(run), err)) && begin_with_map(run, err);
}

static bool open_parts(struct exh_run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    bool plain = is_plain(p->medium);
    exh_scout_open(&run->scout, p->medium, run->journal, p->watch);
    if (!open_sink(run, p->format, exh_stage_name(run->stage), p->medium->layout, p->resume, &run->sink, err))
        return false;
    run->keeping = exh_keeper_open(&run->keeper, run->sink, plain ? NULL : run->journal, exh_stage_folder(run->stage), track_of(run), &run->map,
                                   exh_run_span(run), p->save_seconds, err);
    return run->keeping;
}

bool exh_run_put(struct exh_run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    struct exh_digest_set_options options = {.algorithms = p->algorithms,
                                             .algorithm_count = p->algorithm_count,
                                             .padded = (p->format->can & EXH_SINK_WHOLE_SECTORS) != 0,
                                             .chunk_sectors = exh_chunk_sectors(p->chunk_bytes, track_of(run)->main_bytes),
                                             .zeroed = p->medium->seal != NULL ? &p->medium->seal->unreadable : NULL};
    run->set = exh_digest_set_new(&options, err);
    if (run->set == NULL)
        return false;
    if (p->medium->endless && (p->format->can & EXH_SINK_NEEDS_SIZE) != 0) {
        run->wrote = true;
        return put_endless(run, err) && take_results(run, err);
    }
    if (!open_map(run, err))
        return false;
    run->wrote = true;
    if (!begin_keeping(run, err) || !open_parts(run, err)) {
        run->wrote = run->sink != NULL || (err->code != EXH_USAGE && err->code != EXH_LIMIT &&
                                           err->code != EXH_UNSUPPORTED); /* asked for what cannot be: going on would be no help */
        return false;
    }
    if (!digest_kept(run, err))
        return false;
    if (!run->trouble && !stream(run, err))
        return false;
    if (run->trouble && (!save_in_passes(run, err) || !feed(run, err)))
        return false;
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    size_t n = digests_of(run, consumers);
    consumers[n++] = &run->sink->consumer;
    give_room_back(run);
    return finish(consumers, n, err) && take_results(run, err);
}

void exh_run_pause(struct exh_run *run, const struct exh_error *why)
{
    struct exh_error ignored;
    struct timespec now;
    exh_error_clear(&ignored);
    if (run->journal == NULL)
        return;
    give_room_back(run);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    /* Each on its own: that one fails is no reason to leave the others out. */
    if (run->keeping && !exh_keeper_save(&run->keeper, &ignored))
        exh_watch_warn(run->plan->watch, "the last of what was done could not be saved (%s); it will be read again", ignored.text);
    (void)!exh_scout_report(&run->scout, &ignored);
    (void)!exh_journal_speed(run->journal, &run->scout.speed, &ignored);
    (void)!exh_journal_end(run->journal, (uint64_t)now.tv_sec, why->text, &ignored);
    (void)!exh_journal_sync(run->journal, &ignored);
}
