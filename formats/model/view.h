/* view.h - a medium over a medium: a range of sectors, sectors with states known from elsewhere. The only wrapper there is.
 * Borrows the medium beneath, which must outlive it. Concurrent when that one is. */
#ifndef EXH_FORMATS_MODEL_VIEW_H
#define EXH_FORMATS_MODEL_VIEW_H

#include "formats/model/medium.h"

/* Sectors [first, first + count) of a medium of one track, numbered from 0. EXH_USAGE when outside. */
struct exh_medium *exh_view_range(struct exh_medium *of, int64_t first, uint64_t count, struct exh_error *err);

/* The same sectors, but those in `states` (borrowed) have at most the state it gives them: a raw file that knows which of its sectors were never
 * read. Their data is zeros, as always below SUSPECT. */
struct exh_medium *exh_view_marked(struct exh_medium *of, const struct exh_sectors *states, struct exh_error *err);

#endif
