/* pipeline.h - the one loop of exhibit: reader(s) -> bounded ring -> consumers.
 *
 * Acquire, convert and verify are this call with other consumers. Work of a consumer runs on any thread, its takes in ticket order, one at a
 * time; takes of different consumers run beside each other. The ring and all results stay within budget_bytes. Nothing else in exhibit
 * starts threads. The serial twin (threads = 1) makes the same calls on the caller's thread and gives the same bytes. */
#ifndef EXH_VERIFY_PIPELINE_H
#define EXH_VERIFY_PIPELINE_H

#include "formats/model/consumer.h"
#include "verify/route.h"
#include "verify/watch.h"

#define EXH_PIPELINE_BUDGET                                                                                                                          \
    (48u << 20) /* of the 96 MiB the design allows: more slots only cool the cache, and 128 MiB is the whole program's limit */
#define EXH_PIPELINE_BLOCK_BYTES (1u << 20)
#define EXH_PIPELINE_CONSUMERS_MAX 33u

struct exh_pipeline {
    struct exh_medium *medium;
    struct exh_route *route;
    struct exh_consumer **consumers;
    size_t consumer_count;
    const struct exh_watch *watch; /* may be NULL */
    unsigned threads;              /* 0: one per processor and one that waits for the device; 1: serial */
    size_t budget_bytes;           /* 0: EXH_PIPELINE_BUDGET */
    const uint8_t *fill;           /* written over the zeros of sectors that hold no data, from each sector's first byte; NULL: zeros stay */
    size_t fill_length;
    uint32_t least_sectors; /* the route may ask for so many at once, whatever their size; 0: it stays within a MiB or the medium's unit */
    bool more_follows;      /* the same consumers go on in another run: their finish is not called yet */
};

struct exh_pipeline_outcome {
    uint64_t bytes;           /* of the media stream that went through */
    uint64_t bad_sectors;     /* not GOOD */
    struct exh_faults faults; /* the first EXH_FAULTS_KEPT failed reads */
    uint64_t fault_count;     /* all of them */
};
#define EXH_FAULTS_KEPT 10000u

/* False with err: EXH_CANCELLED, the medium's error (side source), or a consumer's. outcome tells how far it came either way. */
EXH_MUST_CHECK bool exh_pipeline_run(const struct exh_pipeline *pipeline, struct exh_pipeline_outcome *outcome, struct exh_error *err);
void exh_pipeline_outcome_close(struct exh_pipeline_outcome *outcome);

#endif
