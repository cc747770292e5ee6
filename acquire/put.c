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
#define UNIT_BYTES_MAX (4u << 20)

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

const struct exh_track *exh_run_track(const struct exh_run *run) { return &run->plan->medium->layout->tracks[0]; }
uint64_t exh_run_sectors(const struct exh_run *run) { return exh_layout_sectors(run->plan->medium->layout); }
uint32_t exh_run_unit(const struct exh_run *run)
{
    uint32_t medium = run->plan->medium->unit_sectors, sink = run->sink->unit_sectors;
    sink = sink > 0 ? sink : 1;
    uint64_t both = (uint64_t)common_multiple(medium > 0 ? medium : 1, sink);
    /* The sink's unit is a must; the medium's only saves unpacking a chunk twice. */
    return both * exh_run_track(run)->main_bytes <= UNIT_BYTES_MAX ? (uint32_t)both : sink;
}

/* ---- sinks ---- */

bool exh_run_open_sink(struct exh_run *run, const struct exh_format *format, const char *name, const struct exh_layout *declared, bool resume,
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
                                .codec = p->codec,
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

size_t exh_run_digests(struct exh_run *run, struct exh_consumer **consumers)
{
    return exh_digest_set_consumers(run->set, consumers, EXH_DIGEST_SET_CONSUMERS_MAX);
}

/* The consumers' finish is called once, after the last part. */
bool exh_run_walk(struct exh_run *run, struct exh_medium *medium, struct exh_route *route, struct exh_consumer **consumers, size_t count, bool fill,
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
                                    .least_sectors = run->sink != NULL ? exh_run_unit(run) : 0,
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
    route.unit_sectors = exh_run_unit(run);
    route.lba = exh_run_track(run)->first + (int64_t)run->streamed;
    if (route.route.total_bytes != EXH_SECTORS_UNKNOWN)
        route.route.total_bytes -= run->streamed * exh_run_track(run)->main_bytes;
    if (!exh_run_walk(run, run->plan->medium, exh_scout_over(&run->scout, &route.route, NULL), consumers, count, true, err))
        return false;
    run->streamed = exh_run_sectors(run);
    return true;
}

static bool stream_to_trouble(struct exh_run *run, struct exh_consumer **consumers, size_t count, struct exh_error *err)
{
    struct exh_streaming route;
    uint64_t before = run->streamed;
    exh_streaming_open(&route, run->plan->medium, &run->map, exh_run_track(run)->first + (int64_t)before, EXH_PIPELINE_BLOCK_BYTES, exh_run_unit(run),
                       run->plan->policy.min_rate);
    bool ok = exh_run_walk(run, run->plan->medium, exh_scout_over(&run->scout, &route.route, NULL), consumers, count, false, err);
    if (ok && route.failure.code != EXH_OK) {
        *err = route.failure;
        return false;
    }
    if (!ok)
        return false;
    run->streamed = (uint64_t)(route.delivered - exh_run_track(run)->first);
    run->trouble = route.stopped && run->streamed < exh_run_sectors(run);
    return run->streamed == before || exh_map_mark(&run->map, before, run->streamed - before, EXH_AREA_READ, err);
}

bool exh_run_in_one_pass(const struct exh_run *run)
{
    return run->plan->one_pass || !run->plan->medium->failing || run->plan->medium->layout->track_count != 1 || run->plan->medium->endless;
}

static bool stream(struct exh_run *run, struct exh_error *err)
{
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    size_t n = exh_run_digests(run, consumers);
    consumers[n++] = &run->keeper.consumer;
    return exh_run_in_one_pass(run) ? stream_thoroughly(run, consumers, n, err) : stream_to_trouble(run, consumers, n, err);
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
              (part = exh_view_range(marked, exh_run_track(run)->first, run->streamed, err)) != NULL;
    if (ok) {
        struct exh_ascending route;
        exh_route_ascending(&route, part, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
        exh_watch_phase(run->plan->watch, "hash what was kept", route.route.total_bytes);
        ok = exh_run_walk(run, part, &route.route, consumers, exh_run_digests(run, consumers), true, err);
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
    if (!exh_run_open_sink(run, &exh_format_raw, EXH_WORK_FILE, run->plan->medium->layout, false, &run->work, err))
        return false;
    size_t n = exh_run_digests(run, consumers);
    consumers[n++] = &run->work->consumer;
    exh_route_ascending(&route, run->plan->medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    exh_watch_phase(run->plan->watch, "read into a work file", route.route.total_bytes);
    bool ok = exh_run_walk(run, run->plan->medium, &route.route, consumers, n, false, err) && finish(consumers, n, err);
    if (!ok)
        return false;
    run->plan->final_layout(run->plan->medium, &run->out->layout);
    struct exh_seal nothing = {0};
    ok = exh_sink_seal(run->work, &run->out->layout, &nothing, err) && exh_run_open_kept(run, true, &file, &kept, err) &&
         exh_run_open_sink(run, run->plan->format, exh_stage_name(run->stage), &run->out->layout, false, &run->sink, err);
    if (ok) {
        consumers[0] = &run->sink->consumer;
        exh_route_ascending(&route, file, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
        route.unit_sectors = exh_run_unit(run);
        exh_watch_phase(run->plan->watch, "write the image", route.route.total_bytes);
        ok = exh_run_walk(run, file, &route.route, consumers, 1, false, err) && finish(consumers, 1, err);
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
    const struct exh_seal *said = run->plan->medium->seal;
    out->lost_before = said != NULL && exh_sectors_equal(&said->unreadable, &out->seal.unreadable);
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
    return (run->map.count > 0 || exh_map_open(&run->map, is_plain(run->plan->medium) ? 0 : exh_run_sectors(run), err)) && begin_with_map(run, err);
}

static bool open_parts(struct exh_run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    bool plain = is_plain(p->medium);
    exh_scout_open(&run->scout, p->medium, run->journal, p->watch);
    if (!exh_run_open_sink(run, p->format, exh_stage_name(run->stage), p->medium->layout, p->resume, &run->sink, err))
        return false;
    run->keeping = exh_keeper_open(&run->keeper, run->sink, plain ? NULL : run->journal, exh_stage_folder(run->stage), exh_run_track(run), &run->map,
                                   exh_run_span(run), p->save_seconds, err);
    return run->keeping;
}

bool exh_run_put(struct exh_run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    struct exh_digest_set_options options = {.algorithms = p->algorithms,
                                             .algorithm_count = p->algorithm_count,
                                             .disc = p->medium->layout,
                                             .padded = (p->format->can & EXH_SINK_WHOLE_SECTORS) != 0,
                                             .chunk_sectors = exh_chunk_sectors(p->chunk_bytes, exh_layout_largest_sector(p->medium->layout)),
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
    if (run->trouble && (!exh_run_save_in_passes(run, err) || !exh_run_feed(run, err)))
        return false;
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    size_t n = exh_run_digests(run, consumers);
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
