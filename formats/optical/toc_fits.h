/* toc_fits.h - how a layout is said in a toc-file: what toc_fits.c and toc_compose.c must agree on. */
#ifndef EXH_FORMATS_OPTICAL_TOC_FITS_H
#define EXH_FORMATS_OPTICAL_TOC_FITS_H

#include "formats/model/disc.h"

/* The mode of a track, or NULL: it has none. */
const char *exh_toc_mode_of(const struct exh_track *track);
/* "CD_DA", "CD_ROM", ... and what a reader takes it for. */
const char *exh_toc_type_of(const struct exh_layout *layout, int *disc_type);
/* Does it hold as the 12 characters of an ISRC? */
bool exh_toc_isrc_holds(const char *isrc);
/* Silence behind track `i`: its postgap, and sectors before the next track that belong to none. */
uint64_t exh_toc_silence_behind(const struct exh_layout *layout, uint32_t i);
/* Frames behind INDEX 01 of the next index that INDEX statements can say, in order from 02 on; 0: there is none. */
uint64_t exh_toc_index_of(const struct exh_layout *layout, const struct exh_track *track, unsigned number);

#endif
