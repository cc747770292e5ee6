/* losses.h - lines for exh_format.fits: what an image of a layout would lose in a format. */
#ifndef EXH_FORMATS_MODEL_LOSSES_H
#define EXH_FORMATS_MODEL_LOSSES_H

#include "formats/model/disc.h"
#include "formats/model/names.h"

EXH_MUST_CHECK bool exh_losses_add(struct exh_names *losses, struct exh_error *err, const char *fmt, ...) EXH_PRINTF(3, 4);
/* Of a format that keeps nothing of the disc but its sectors. `disc` may be NULL. */
EXH_MUST_CHECK bool exh_losses_of_disc(const struct exh_disc *disc, struct exh_names *losses, struct exh_error *err);

#endif
