/* proof.h - what an earlier run left: is it what was written, and does it come from this medium? */
#ifndef EXH_ACQUIRE_PROOF_H
#define EXH_ACQUIRE_PROOF_H

#include "acquire/journal.h"
#include "verify/watch.h"

/* Reads the first `sectors` sectors of `kept` and holds every line of data against them. `proven` (appended, GOOD) gets what equals its line; *differ
 * counts the sectors of lines that do not, or that cannot be read. Lines outside are left alone. */
EXH_MUST_CHECK bool exh_proof_of_kept(struct exh_medium *kept, uint64_t sectors, const struct exh_history *history, const struct exh_watch *watch,
                                      unsigned threads, struct exh_sectors *proven, uint64_t *differ, struct exh_error *err);

#define EXH_SAMPLES 64u

struct exh_sampled {
    unsigned compared, differ, unreadable;
    struct exh_sectors changed; /* SUSPECT: sectors that read otherwise now */
};

/* Reads up to EXH_SAMPLES sectors, spread at random over the ranges the map calls read, from the medium and from what was kept, and compares. Sectors
 * of one byte repeated tell little and are passed over while there are others. `kept` answers for sector numbers below `split`, `work` (may be NULL)
 * for the rest. */
EXH_MUST_CHECK bool exh_proof_of_medium(struct exh_medium *medium, struct exh_medium *kept, uint64_t split, struct exh_medium *work,
                                        const struct exh_map *map, struct exh_sampled *out, struct exh_error *err);

#endif
