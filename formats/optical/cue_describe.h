/* cue_describe.h - a disc's layout as the text of a cue sheet, and what that text cannot say. Pure functions. */
#ifndef EXH_FORMATS_OPTICAL_CUE_DESCRIBE_H
#define EXH_FORMATS_OPTICAL_CUE_DESCRIBE_H

#include "formats/model/disc.h"
#include "formats/model/losses.h"

/* The name of the file that holds the layout's track `i`, on the heap: "STEM (Track 1).bin", with two digits when the disc has ten tracks or more.
 * NULL: no memory. */
char *exh_cue_track_file(const char *stem, const struct exh_layout *layout, uint32_t i);
char *exh_cue_cdtext_file(const char *stem);
/* The sheet's text with CR and LF, on the heap: one file per track, as redump.org writes it. NULL: no memory. */
char *exh_cue_describe(const char *stem, const struct exh_layout *layout);
/* What reading that sheet would not bring back, a line each. EXH_REFUSED when a track has no form in a cue sheet. */
EXH_MUST_CHECK bool exh_cue_losses(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);

#endif
