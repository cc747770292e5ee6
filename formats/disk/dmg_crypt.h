/* dmg_crypt.h - Apple's encrypted disk images: `encrcdsa` (version 2, header first) and `cdsaencr` (version 1, header last) around a UDIF, a
 * sparseimage or a disk as it is. The row unwraps: with the passphrase, the plain bytes are probed again. There is no MAC, so damage shows only
 * inside. */
#ifndef EXH_FORMATS_DISK_DMG_CRYPT_H
#define EXH_FORMATS_DISK_DMG_CRYPT_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_dmg_crypt;

#endif
