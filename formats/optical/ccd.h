/* ccd.h - CloneCD images: a descriptor (.ccd), its sectors (.img, 2352 bytes each) and their subchannel (.sub, 96 bytes, linear).
 *
 * No public specification exists; as libMirage, Aaru and DiscImageCreator take it. The layout comes from the TOC entries; sessions follow each other
 * directly in the .img. Written: version 3. */
#ifndef EXH_FORMATS_OPTICAL_CCD_H
#define EXH_FORMATS_OPTICAL_CCD_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_ccd;

/* Of the row (format.h). Refused: tracks of other than 2352 bytes, and tracks within a session that do not follow each other directly. */
bool exh_ccd_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
EXH_MUST_CHECK bool exh_ccd_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#endif
