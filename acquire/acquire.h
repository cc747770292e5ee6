/* acquire.h - the engine: a medium is imaged into a staged file, sealed, read back past the page cache, published.
 *
 * The same call serves acquire and convert: convert's medium is an image. The engine keeps no record; report/ does, around it. */
#ifndef EXH_ACQUIRE_ACQUIRE_H
#define EXH_ACQUIRE_ACQUIRE_H

#include "acquire/journal.h"
#include "acquire/plan.h"
#include "formats/model/disc.h"
#include "verify/verify.h"

enum exh_acquisition { EXH_ACQUISITION_NONE, EXH_COMPLETE, EXH_COMPLETE_WITH_ERRORS, EXH_INCOMPLETE };
const char *exh_acquisition_name(enum exh_acquisition acquisition);

struct exh_acquire_result {
    enum exh_acquisition acquisition;
    const char *of;                /* "medium", "visible" or "range" */
    enum exh_verdict verification; /* of the read-back: EXH_MATCH or EXH_NOT_PERFORMED; a failed one is an error */
    const char *read_back;         /* "direct" (O_DIRECT), "cache dropped", "not made" */
    bool source_read_twice;        /* --verify image,source: and the second read is in `second` */
    struct exh_verify_result second;
    struct exh_layout layout; /* final: the image's, as it is read back; its `disc` is `disc` below, or the medium's */
    struct exh_disc disc;
    struct exh_digests source_digests; /* of the medium's tracks, where the image has other tracks: seal has those of the image */
    struct exh_seal seal;              /* digests (media, padded, file:NAME), unreadable ranges, chunks, case fields */
    bool lost_before;                  /* what could not be read is what the source says of itself that it could not: nothing new */
    struct exh_names files;            /* published paths */
    struct exh_faults faults;
    uint64_t fault_count;
    uint64_t seconds_reading, seconds_verifying;
    /* Of a failing medium, and of all runs together where it took several. */
    bool in_passes;                      /* it was not read in one stream */
    struct exh_history history;          /* passes, pauses, trouble (settled), speed; no data lines */
    uint64_t recovered_sectors;          /* failed at least once, and then read */
    uint64_t given_up_sectors;           /* of the unreadable ones: not read alone (--no-scrape) */
    struct exh_sectors changed;          /* read one way and later another (SUSPECT) */
    uint64_t kept_sectors, lost_sectors; /* of an earlier run: proven and taken over; found not to be what was written, and read again */
    bool taken_up;                       /* what an earlier run left was proven, and the medium found to be the same */
    char *map_file;                      /* the published map of a medium that could not be read whole; NULL: none */
};

struct exh_stage; /* stage.h */

/* False with err: nothing was published; the staging folder holds what was done (acquisition is INCOMPLETE) unless nothing was.
 * `stage` was opened by the caller (exh_stage_open or _resume) and stays the caller's: after true and the record it is cleared. */
EXH_MUST_CHECK bool exh_acquire_run(const struct exh_plan *plan, struct exh_stage *stage, struct exh_acquire_result *out, struct exh_error *err);
void exh_acquire_result_close(struct exh_acquire_result *result);

#endif
