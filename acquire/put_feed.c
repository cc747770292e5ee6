/* put_feed.c - walks what the passes saved once in order, through the digests of record and into the image. See run.h, put.c. */
#include "acquire/run.h"

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
    if (!exh_map_states(&run->map, exh_run_track(run)->first, out, err))
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
    size_t n = exh_run_digests(run, consumers);
    if (into_image)
        consumers[n++] = &run->sink->consumer;
    else if (run->plan->fill != NULL || run->plan->resume)
        consumers[n++] = &filler.consumer;
    exh_route_ascending(&route, medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    route.unit_sectors = exh_run_unit(run);
    route.lba = exh_run_track(run)->first + (int64_t)run->streamed;
    route.route.total_bytes -= run->streamed * exh_run_track(run)->main_bytes;
    exh_watch_phase(run->plan->watch, into_image ? "write the image" : "hash what was saved", route.route.total_bytes);
    return exh_run_walk(run, medium, &route.route, consumers, n, true, err);
}

bool exh_run_feed(struct exh_run *run, struct exh_error *err)
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
        run->streamed = exh_run_sectors(run);
    return ok;
}
