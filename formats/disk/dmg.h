/* dmg.h - Apple's UDIF disk images (.dmg): trailer `koly`, chunk tables, three kinds of checksum. Big-endian; nothing is published, the layout is
 * that of the field's samples as several readers agree on it. */
#ifndef EXH_FORMATS_DISK_DMG_H
#define EXH_FORMATS_DISK_DMG_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_dmg;

bool exh_dmg_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
EXH_MUST_CHECK bool exh_dmg_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#endif
