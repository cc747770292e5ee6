/* run.h - one acquisition under way: what acquire.c, put.c, take_up.c and read_back.c share. Internal to acquire/. */
#ifndef EXH_ACQUIRE_RUN_H
#define EXH_ACQUIRE_RUN_H

#include "acquire/acquire.h"
#include "acquire/keeper.h"
#include "acquire/scout.h"
#include "acquire/stage.h"
#include "verify/digest_set.h"

#define EXH_WORK_FILE "work.raw" /* in the staging folder: what a sink that takes blocks only in order is fed from */

struct exh_run {
    const struct exh_plan *plan;
    struct exh_acquire_result *out;
    struct exh_stage *stage;
    struct exh_sink *sink, *work; /* the image; the raw work file, when one is needed */
    struct exh_digest_set *set;
    struct exh_journal *journal; /* NULL: nothing is kept for a later run */
    struct exh_scout scout;
    struct exh_keeper keeper;
    bool keeping;                 /* keeper is open */
    struct exh_map map;           /* of the medium, as far as it was read */
    bool trouble;                 /* the medium is read in passes */
    uint64_t streamed;            /* sectors from the first on that the digests and the image have taken, in order */
    struct exh_sectors lost_kept; /* BAD: sectors that what an earlier run wrote in order holds as zeros; they are not tried again */
    bool passes_done;             /* an earlier run got through all of its passes */
    uint64_t run_number;
    bool wrote; /* something is in the staging folder that is worth keeping */
    /* The image counts its sectors otherwise than the medium it was made from (a disc whose unstored gaps it cannot tell): what it will be held to
     * by later commands, in its own numbers. */
    bool renumbered;
    struct exh_chunks chunks;
    struct exh_sectors unreadable;
    struct exh_digests track_digests;
};

/* put.c - reads the medium into the sink, with the digests of record. */
EXH_MUST_CHECK bool exh_run_put(struct exh_run *run, struct exh_error *err);
/* put_passes.c - into the raw image itself, or into the work file behind what the image has taken. */
EXH_MUST_CHECK bool exh_run_save_in_passes(struct exh_run *run, struct exh_error *err);
/* put_feed.c - from the raw file the passes filled, what could not be read marked in it, to the digests and the image. */
EXH_MUST_CHECK bool exh_run_feed(struct exh_run *run, struct exh_error *err);
/* What the three share. One walk of a pipeline: the consumers' finish is called once, after the last of them. `fill`: with the plan's pattern. */
EXH_MUST_CHECK bool exh_run_walk(struct exh_run *run, struct exh_medium *medium, struct exh_route *route, struct exh_consumer **consumers,
                                 size_t count, bool fill, struct exh_error *err);
EXH_MUST_CHECK bool exh_run_open_sink(struct exh_run *run, const struct exh_format *format, const char *name, const struct exh_layout *declared,
                                      bool resume, struct exh_sink **out, struct exh_error *err);
size_t exh_run_digests(struct exh_run *run, struct exh_consumer **consumers); /* room for EXH_PIPELINE_CONSUMERS_MAX; leaves one free */
const struct exh_track *exh_run_track(const struct exh_run *run);
uint64_t exh_run_sectors(const struct exh_run *run);
uint32_t exh_run_unit(const struct exh_run *run); /* blocks that suit both medium and image */
/* An orderly stop: what was done is made durable, and the journal says when and why. */
void exh_run_pause(struct exh_run *run, const struct exh_error *why);
/* Is the medium read thoroughly, once, ascending: it does not fail, or was said to be in good health? */
bool exh_run_in_one_pass(const struct exh_run *run);
/* take_up.c - finds, proves and takes over what an earlier run left: map, history, streamed, trouble. */
EXH_MUST_CHECK bool exh_run_take_up(struct exh_run *run, struct exh_error *err);
/* Opens what the staging folder holds of the image (or of the work file) for reading. *out NULL: nothing. */
EXH_MUST_CHECK bool exh_run_open_kept(struct exh_run *run, bool work, struct exh_medium **out, uint64_t *kept, struct exh_error *err);
/* read_back.c - the staged image past the page cache against what was read, and what it says of itself against what was meant. */
EXH_MUST_CHECK bool exh_run_read_back(struct exh_run *run, struct exh_error *err);
/* Result, chunk digests, digests of tracks and unreadable ranges in the image's own numbers, where it has others. After the last look at the source.
 * Without a read-back there are no digests of chunks and tracks then. */
EXH_MUST_CHECK bool exh_run_renumber(struct exh_run *run, struct exh_error *err);

/* What the map's sectors are on the device. */
struct exh_mapfile_span exh_run_span(const struct exh_run *run);
char *exh_run_staged(const struct exh_run *run, const char *name); /* path of a file of the sink; NULL: no memory */

#endif
