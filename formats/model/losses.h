/* losses.h - lines for exh_format.fits: what an image of a layout would lose in a format. */
#ifndef EXH_FORMATS_MODEL_LOSSES_H
#define EXH_FORMATS_MODEL_LOSSES_H

#include "formats/model/disc.h"
#include "formats/model/names.h"

EXH_MUST_CHECK bool exh_losses_add(struct exh_names *losses, struct exh_error *err, const char *fmt, ...) EXH_PRINTF(3, 4);
/* What layout->disc (may be NULL) knows, of a format that keeps the disc's sectors and tracks. What follows from the tracks is no loss: that a medium
 * is a CD, a lead-out right behind a session's last track. */
EXH_MUST_CHECK bool exh_losses_of_disc(const struct exh_layout *layout, struct exh_names *losses, struct exh_error *err);

#endif
