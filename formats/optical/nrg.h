/* nrg.h - Nero images (.nrg), version 1 and 2, read only. Data, and the chunks that describe them, lie in one file (nrg_chunks.h). */
#ifndef EXH_FORMATS_OPTICAL_NRG_H
#define EXH_FORMATS_OPTICAL_NRG_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_nrg;

#endif
