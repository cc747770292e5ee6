/* passes.h - the route over a failing medium: what to read next so that the most is saved first and a dying drive is strained least.
 *
 * The order is GNU ddrescue's (manual, "Algorithm"): copy forward, skipping ahead behind errors by a distance that doubles with each error in a row
 * and falls back to the least after good data; copy backward what was skipped; copy what is left without skipping; trim both edges of every
 * failed area sector by sector; scrape what lies between; retry the bad sectors. Every want has effort ONCE: a large read that fails leaves its good
 * prefix READ and the rest for a later pass. No sector is given up before it was read alone and failed.
 *
 * Blocks of copy reads are large while the medium reads well. A large one that fails without a good prefix says only that something in it is
 * bad (Linux fails an O_DIRECT read as a whole): it marks nothing, and is read again in clusters of EXH_PASS_CLUSTER_BYTES. Reads stay that small
 * until a block's worth has read well.
 *
 * One thread at a time (the pipeline's lock). The map is the caller's; the route marks it as outcomes arrive. exh_pass_note is the same
 * marking as a pure function of the block, so that a second map can follow what has been written, not only what has been read. */
#ifndef EXH_ACQUIRE_PASSES_H
#define EXH_ACQUIRE_PASSES_H

#include "acquire/map.h"
#include "verify/route.h"

enum exh_pass {
    EXH_PASS_NONE,   /* the stream before the first failure, and media that never fail */
    EXH_PASS_COPY,   /* forward, skipping */
    EXH_PASS_BACK,   /* backward, skipping */
    EXH_PASS_SWEEP,  /* forward, not skipping */
    EXH_PASS_TRIM,   /* from both edges of each failed area inward, up to the first bad sector */
    EXH_PASS_SCRAPE, /* between the edges, sector by sector; larger again after a run of good ones */
    EXH_PASS_RETRY
};
#define EXH_PASS_COUNT 7
const char *exh_pass_name(enum exh_pass pass); /* "stream", "copy", "copy-back", "sweep", "trim", "scrape", "retry" */
/* What a mapfile calls it: current_status and current_pass. */
void exh_pass_status(enum exh_pass pass, char *status, unsigned *number);

#define EXH_PASS_CLUSTER_BYTES (64u << 10) /* what a failed read costs at most in sectors to be trimmed; ddrescue's, too */
#define EXH_PASS_EDGE_BYTES 4096u          /* the same behind a good prefix: the error lies here, or in the rest of the page it was read by */

struct exh_pass_policy {
    uint32_t retries;                        /* retry passes, each over what is still bad; every second one backward */
    uint64_t skip_min_bytes, skip_max_bytes; /* 0, 0: the defaults (64 KiB; 1 % of the medium, at most 1 GiB). min 0 with max > 0: no skipping */
    bool reverse;                            /* the copy passes run the other way round */
    bool no_scrape;                          /* leave areas unscraped; they count as not read */
    uint64_t max_errors;                     /* stop as incomplete past so many failed areas; 0: no limit */
    uint64_t min_rate;                       /* bytes a second: slower areas are skipped in the copy and back passes like errors; 0: never */
    uint32_t pause_ms;                       /* between two tries of a drive that no longer answers; 0: 1000 */
};

/* What one pass did. Retry passes are counted apart by number. */
struct exh_pass_count {
    enum exh_pass pass;
    uint32_t number; /* of a retry pass, from 1; otherwise 1 */
    uint64_t reads, failed_reads, sectors_read;
    uint64_t checks; /* reads of the last good sector, after failures; not among `reads` */
    uint64_t micros; /* of reading, checks included */
};

struct exh_passes; /* a struct exh_route first: (struct exh_route *)passes */

/* Why next() has no more to ask. */
enum exh_passes_end { EXH_PASSES_UNDER_WAY, EXH_PASSES_DONE, EXH_PASSES_TOO_MANY_ERRORS, EXH_PASSES_STOPPED_ANSWERING, EXH_PASSES_FAILED };

/* `medium` (not concurrent, one track of known size) is borrowed. After every failed read the last sector that read well is read again, past the
 * pipeline, before the failure is believed. If it now reads otherwise, the drive lies: told by exh_passes_lies. If it cannot be read, the failure
 * is not the sector's: the block is cut to its good prefix, and the rest is left as it was. It is asked for once more (and believed, should it fail
 * so again) when the drive answers behind one of three pauses, at the last good sector or, that one may have gone bad itself, at another far from it.
 * When it does not, the route ends with STOPPED_ANSWERING. Where nothing has been read yet in this run, a sector that the map says was read stands
 * in, its content unknown; a medium of which nothing was ever read has no witness, and its failures are believed.
 * FAILED: the medium said that reading cannot go on, or the map could not be marked.
 * block_bytes is the size of copy reads, at most EXH_PIPELINE_BLOCK_BYTES; unit_sectors aligns them. NULL and err: no memory, or no such medium. */
struct exh_passes *exh_passes_open(struct exh_medium *medium, struct exh_map *map, const struct exh_pass_policy *policy, uint32_t block_bytes,
                                   uint32_t unit_sectors, struct exh_error *err);
/* Where an earlier run stopped: only the pass that is still needed follows from the map itself; the number of retries already made does not. */
void exh_passes_retried(struct exh_passes *passes, uint32_t retries_made);
struct exh_route *exh_passes_route(struct exh_passes *passes);
enum exh_passes_end exh_passes_ended(const struct exh_passes *passes, struct exh_error *err); /* err filled for FAILED and STOPPED_ANSWERING */
/* The counts so far, in the order the passes ran; passes that had nothing to read are not among them. Borrowed. */
const struct exh_pass_count *exh_passes_counts(const struct exh_passes *passes, size_t *count);
enum exh_pass exh_passes_current(const struct exh_passes *passes, uint32_t *number);
/* The same as ddrescue's status line has it (mapfile.h): a sector, a character, and the pass within that phase. */
void exh_passes_status(const struct exh_passes *passes, uint64_t *position, char *status, unsigned *number);
/* Sectors that read one way and then, after an error, another: LBAs with state SUSPECT. Borrowed. */
const struct exh_sectors *exh_passes_lies(const struct exh_passes *passes);
void exh_passes_close(struct exh_passes *passes); /* NULL-safe */

/* Marks what this block, read in its pass, says of its sectors. `first`: LBA of the map's sector 0. Pure but for the map. */
EXH_MUST_CHECK bool exh_pass_note(struct exh_map *map, int64_t first, const struct exh_block *block, struct exh_error *err);

#endif
