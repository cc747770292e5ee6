/* scout.h - stands between the pipeline and a route, and notes what the reading side sees: faults, speed, what each pass did.
 *
 * Called under the pipeline's lock, one thread at a time, like every route. It changes nothing. */
#ifndef EXH_ACQUIRE_SCOUT_H
#define EXH_ACQUIRE_SCOUT_H

#include "acquire/journal.h"
#include "verify/watch.h"

struct exh_scout {
    struct exh_route route; /* first */
    struct exh_route *inner;
    const struct exh_watch *watch;
    struct exh_journal *journal; /* gets faults and pass totals; NULL: none. Borrowed. */
    struct exh_passes *passes;   /* tells the number of a retry pass; NULL: none. Borrowed. */
    struct exh_trouble trouble;  /* of this run */
    struct exh_speed speed;
    struct exh_history counts;       /* only its passes: of this run */
    const struct exh_layout *layout; /* of the medium */
    uint64_t total_sectors;
    enum exh_pass announced;
    struct exh_error failure; /* code OK unless a note could not be made; the run goes on without */
};

void exh_scout_open(struct exh_scout *out, const struct exh_medium *medium, struct exh_journal *journal, const struct exh_watch *watch);
/* The route to hand to the pipeline for this part of the run. */
struct exh_route *exh_scout_over(struct exh_scout *scout, struct exh_route *inner, struct exh_passes *passes);
/* Writes the totals of every pass to the journal. */
EXH_MUST_CHECK bool exh_scout_report(struct exh_scout *scout, struct exh_error *err);
void exh_scout_close(struct exh_scout *scout);

#endif
