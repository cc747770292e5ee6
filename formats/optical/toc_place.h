/* toc_place.h - a parsed toc-file and its data files, made a disc: files opened, lengths found, every track given its place.
 *
 * LBA 0 is the first sector of the first track, its pregap included, as cdrdao writes it; the 150 before are implied. Silence at the beginning of a
 * track, as far as START says it is pregap, and silence at its end are in no file: they are pregap and postgap of the track. Silence elsewhere is a
 * stretch of zeros. */
#ifndef EXH_FORMATS_OPTICAL_TOC_PLACE_H
#define EXH_FORMATS_OPTICAL_TOC_PLACE_H

#include "formats/optical/stored_disc.h"
#include "formats/optical/toc_parse.h"

/* Adds tracks, stretches, indexes and the lead-out to `disc`, whose descriptor is `path`. Errors say the line. */
EXH_MUST_CHECK bool exh_toc_place(const struct exh_toc *toc, const char *path, const struct exh_open *options, struct exh_stored_disc *disc,
                                  struct exh_error *err);

#endif
