/* passes_state.h - what the files of the passes share, and nobody else includes. See passes.h.
 *
 * passes.c is the route: which pass is on, what became of each read, why it ended. passes_copy.c chooses large reads, passes_sectors.c single
 * sectors, passes_witness.c finds out whether a failure is the sector's or the drive's. Choosing only looks: the map and `cursor` change when an
 * outcome arrives, so that a want that was never read costs nothing. */
#ifndef EXH_ACQUIRE_PASSES_STATE_H
#define EXH_ACQUIRE_PASSES_STATE_H

#include "acquire/passes.h"

/* A run of the map's sectors. */
struct piece {
    uint64_t first;
    uint32_t count;
};

/* What a read gave. */
struct result {
    uint64_t first;
    uint32_t count, good; /* good: length of the prefix that was read */
    uint32_t micros;
};

/* The last sector that read well: if it no longer does, the drive is at fault and not the sector that failed. */
struct witness {
    struct exh_block block; /* room for one sector */
    struct exh_scratch *scratch;
    uint8_t *main; /* what it held */
    int64_t lba;
    bool there, known; /* is there one; do we know what it held */
};

struct exh_passes {
    struct exh_route route; /* first */
    struct exh_medium *medium;
    const struct exh_track *track;
    struct exh_map *map;
    struct exh_pass_policy policy;
    uint32_t block_sectors, cluster_sectors; /* of large reads, and of large reads in troubled areas */
    uint64_t skip_least, skip_most;          /* sectors; 0: no skipping */

    enum exh_pass pass;
    uint32_t retry;   /* number of the retry pass under way, or of those made */
    bool backward;    /* it runs downward */
    uint64_t cursor;  /* forward: first sector still to look at; backward: the one behind it */
    uint64_t skip;    /* how far to skip at the next error */
    uint64_t calm;    /* good sectors since the last failure */
    uint32_t timed;   /* reads that the rate was judged by, up to a few */
    uint64_t asked;   /* where the last want began, for the status line */
    uint64_t doubted; /* the sector whose failure was not believed, because the drive did not answer at that moment */

    struct witness witness;
    struct exh_sectors lies;
    struct exh_pass_count *counts;
    size_t count_count, count_capacity;
    enum exh_passes_end end;
    struct exh_error err;
};

/* What to read next in a copy pass (untried areas); false: nothing is left for it. */
bool exh_passes_next_large(const struct exh_passes *p, struct piece *out);
/* Moves the cursor and sizes the next read after a large one. The map is marked already. */
void exh_passes_after_large(struct exh_passes *p, const struct result *r);
/* Marks what a read in a copy pass says of the sectors behind its good prefix. */
EXH_MUST_CHECK bool exh_passes_note_large(struct exh_map *map, const struct result *r, uint32_t sector_bytes, struct exh_error *err);

bool exh_passes_next_trim(const struct exh_passes *p, struct piece *out);
bool exh_passes_next_scrape(const struct exh_passes *p, struct piece *out);
bool exh_passes_next_retry(const struct exh_passes *p, struct piece *out);
void exh_passes_after_sectors(struct exh_passes *p, const struct result *r);
/* After one sector of an untrimmed area proved bad: is an area beside it trimmed on both edges now? */
EXH_MUST_CHECK bool exh_passes_note_trimmed(struct exh_map *map, uint64_t bad, struct exh_error *err);

EXH_MUST_CHECK bool exh_witness_open(struct exh_passes *p, struct exh_error *err);
/* The last good sector of this block is the witness from now on. */
void exh_witness_keep(struct exh_passes *p, const struct exh_block *block, uint32_t good);
/* The read of `sector` has failed: does the drive still read what it read before? False: the failure is not the sector's. Then p->end and p->err say
 * why to stop, or, when the drive answers again, the sector is to be asked for once more. */
bool exh_witness_asked(struct exh_passes *p, uint64_t sector, struct exh_pass_count *count);
void exh_witness_close(struct exh_passes *p);

#endif
