/* nrg_place.h - where the tracks of a Nero image lie on the disc. Disc at once: where the cue points say, when those agree with the offsets of the
 * tracks; track at once: one behind the other, 150 sectors between them that are not stored. */
#ifndef EXH_FORMATS_OPTICAL_NRG_PLACE_H
#define EXH_FORMATS_OPTICAL_NRG_PLACE_H

#include "formats/optical/nrg_tracks.h"

/* Sets first, sectors, pregaps and control of every track, and indexes and lead-outs of the disc. */
EXH_MUST_CHECK bool exh_nrg_place(struct exh_nrg *nrg, struct exh_error *err);

#endif
