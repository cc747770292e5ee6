/* cue_layout.h - from a parsed cue sheet and the sizes of its files to a disc: which bytes are which track's, and where on the disc they lie. */
#ifndef EXH_FORMATS_OPTICAL_CUE_LAYOUT_H
#define EXH_FORMATS_OPTICAL_CUE_LAYOUT_H

#include "formats/optical/cue_parse.h"
#include "formats/optical/stored_disc.h"

/* Opens the sheet's files through options->siblings and adds files, tracks, stretches and facts to `disc`, whose file 0 is the sheet itself, at
 * `path`. EXH_NOT_FOUND and EXH_REFUSED name the line and the file; what remains odd is a remark of the disc. */
EXH_MUST_CHECK bool exh_cue_build(const struct exh_cue_sheet *sheet, const struct exh_open *options, const char *path, struct exh_stored_disc *disc,
                                  struct exh_error *err);

/* LBA of INDEX 01 of a session's first track with so many sectors of pregap, stored or silent, when the session before ended at `end`: behind its
 * lead-out, the lead-in and a pregap of 150, in which the track's own counts. */
int64_t exh_cue_session_start(int64_t end, uint32_t lead_out, uint32_t lead_in, uint32_t least_pregap, uint32_t pregap);
/* Lead-out of the first session of a disc and of the others; lead-in (MMC-6, 4.2.3). */
#define EXH_CUE_LEAD_OUT_FIRST 6750u
#define EXH_CUE_LEAD_OUT_LATER 2250u
#define EXH_CUE_LEAD_IN 4500u

#endif
