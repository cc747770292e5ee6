/* dmg.h - Apple's UDIF disk images (.dmg): trailer `koly`, chunk tables, three kinds of checksum. Big-endian; nothing is published, the layout is
 * that of the field's samples as several readers agree on it. */
#ifndef EXH_FORMATS_DISK_DMG_H
#define EXH_FORMATS_DISK_DMG_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_dmg;

#endif
