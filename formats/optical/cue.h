/* cue.h - cue sheets with their data files (BIN, WAVE, AIFF): the row. The writer is in cue_write.c. */
#ifndef EXH_FORMATS_OPTICAL_CUE_H
#define EXH_FORMATS_OPTICAL_CUE_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_cue;

/* Writes "STEM.cue", one "STEM (Track N).bin" per track with its stored pregap first, and "STEM.cdt" where there are CD-TEXT packs: as redump.org
 * writes them. Blocks come in ascending order. */
EXH_MUST_CHECK bool exh_cue_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);
EXH_MUST_CHECK bool exh_cue_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);

#endif
