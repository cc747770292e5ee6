/* refused.h - disk images that are known by their marks and refused by name: better than reading them as something else.
 *
 * ASIF (macOS 26): `shdw` at 0; its tables are known from one reverse engineering only. NDIF (Disk Copy 6): its tables lie in a resource fork, which
 * only a MacBinary, AppleSingle or AppleDouble file keeps, and most images are packed by KenCode or StuffIt, for which there is no decoder. */
#ifndef EXH_FORMATS_DISK_REFUSED_H
#define EXH_FORMATS_DISK_REFUSED_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_asif, exh_format_ndif;

#endif
