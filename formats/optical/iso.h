/* iso.h - images of 2048-byte sectors (CD data tracks, DVD, BD): the row. */
#ifndef EXH_FORMATS_OPTICAL_ISO_H
#define EXH_FORMATS_OPTICAL_ISO_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_iso;

#endif
