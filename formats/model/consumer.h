/* consumer.h - what is fed by the pipeline: a sink, a digest, an audit, a comparison. All of one shape.
 *
 * work: pure, any thread, any order; reads the block and leaves its result in `result` (result_bytes of room).
 * take: one thread at a time, in ticket order; sees the block and its result.
 * finish: once, after the last take. The pipeline calls none of them again after one returned false. */
#ifndef EXH_FORMATS_MODEL_CONSUMER_H
#define EXH_FORMATS_MODEL_CONSUMER_H

#include "formats/model/medium.h"

struct exh_consumer;

struct exh_consumer_ops {
    /* Room that `result` needs for a block of this shape; NULL or 0 = none. */
    size_t (*result_bytes)(const struct exh_consumer *, uint32_t sectors, uint32_t main_bytes);
    struct exh_scratch *(*scratch_new)(const struct exh_consumer *);                                                             /* may be NULL */
    bool (*work)(const struct exh_consumer *, struct exh_scratch *, const struct exh_block *, void *result, struct exh_error *); /* may be NULL */
    bool (*take)(struct exh_consumer *, const struct exh_block *, const void *result, struct exh_error *);
    bool (*finish)(struct exh_consumer *, struct exh_error *); /* may be NULL */
};

struct exh_consumer {
    const struct exh_consumer_ops *ops;
};

#endif
