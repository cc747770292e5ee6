/* toc.h - cdrdao's toc-files (.toc) and the data files they name; written as one .toc and one .bin (toc_write.c). */
#ifndef EXH_FORMATS_OPTICAL_TOC_H
#define EXH_FORMATS_OPTICAL_TOC_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_toc;

#endif
