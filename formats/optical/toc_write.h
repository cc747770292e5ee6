/* toc_write.h - writes a CD as cdrdao's STEM.toc and one STEM.bin.
 *
 * The .bin holds the stored sectors of all tracks, one track behind the other: audio with the most significant byte first, as cdrdao takes raw audio;
 * behind each sector of a track with a subchannel its 96 bytes, interleaved (RW_RAW). */
#ifndef EXH_FORMATS_OPTICAL_TOC_WRITE_H
#define EXH_FORMATS_OPTICAL_TOC_WRITE_H

#include "formats/model/losses.h"
#include "formats/model/sink.h"

#define EXH_TOC_CAN (EXH_SINK_NEEDS_SIZE | EXH_SINK_KEEPS_TRACKS | EXH_SINK_KEEPS_SUBCHANNEL)

EXH_MUST_CHECK bool exh_toc_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);
/* The row's `fits`. */
EXH_MUST_CHECK bool exh_toc_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
/* The text of the toc-file over a .bin of this name, on the heap; NULL (err). The layout fits. */
char *exh_toc_text(const struct exh_layout *layout, const char *bin, struct exh_error *err);

#endif
