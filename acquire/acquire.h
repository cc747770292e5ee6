/* acquire.h - the engine: a medium is imaged into a staged file, sealed, read back past the page cache, published.
 *
 * The same call serves acquire and convert: convert's medium is an image. The engine keeps no record; report/ does, around it. */
#ifndef EXH_ACQUIRE_ACQUIRE_H
#define EXH_ACQUIRE_ACQUIRE_H

#include "acquire/plan.h"
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
    struct exh_layout layout; /* final: what was read */
    struct exh_seal seal;     /* digests (media, padded, file:NAME), unreadable ranges, chunks, case fields */
    struct exh_names files;   /* published paths */
    struct exh_faults faults;
    uint64_t fault_count;
    uint64_t seconds_reading, seconds_verifying;
};

/* False with err: nothing was published; the staging folder holds what was done (acquisition is INCOMPLETE) unless nothing was. */
EXH_MUST_CHECK bool exh_acquire_run(const struct exh_plan *plan, struct exh_acquire_result *out, struct exh_error *err);
void exh_acquire_result_close(struct exh_acquire_result *result);

#endif
