/* mds.h - Alcohol images: a descriptor (.mds, version 1) and its data in an .mdf, or in several. Also GameJack's .xmd and .xmf, which are the same.
 *
 * No public specification exists; as libMirage and Aaru take it. CDs with or without subchannel, DVDs. Version 2 (MDX, Daemon Tools) is refused by
 * name. Only read: no sample by the original program is public to hold a writer against. */
#ifndef EXH_FORMATS_OPTICAL_MDS_H
#define EXH_FORMATS_OPTICAL_MDS_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_mds;

#endif
