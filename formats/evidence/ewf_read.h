/* ewf_read.h - the rows of EWF version 1: E01 images by our own reader, L01 through libewf.
 *
 * exh_format_ewf reads .E01 sets concurrently in flat memory (ewf_set.h); S01 (SMART) is recognised by its 94-byte volume section and
 * handed to libewf. EWF2 (Ex01, Lx01) is refused by name.
 * States: MISSING for chunks that the set does not hold or that fail their checksum; BAD for sectors on the image's own list of read
 * errors, SUSPECT where the image holds other than zeros for such a sector (its writer kept what the device gave). */
#ifndef EXH_FORMATS_EVIDENCE_EWF_READ_H
#define EXH_FORMATS_EVIDENCE_EWF_READ_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_ewf;
extern const struct exh_format exh_format_l01;

#endif
