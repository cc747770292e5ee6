/* dmg_crypt.h - Apple's encrypted disk images: `encrcdsa` (version 2, header first) and `cdsaencr` (version 1, header last) around a UDIF, a
 * sparseimage or a disk as it is. The row unwraps: with the passphrase, the plain bytes are probed again. There is no MAC, so damage shows only
 * inside. */
#ifndef EXH_FORMATS_DISK_DMG_CRYPT_H
#define EXH_FORMATS_DISK_DMG_CRYPT_H

#include "formats/container/crypt.h"
#include "formats/model/format.h"

/* The keys that a header of version 2 at offset 0 of `source` keeps under the passphrase of `options`; blocks->offset and ->bytes are what it says of
 * the data, which for the `token` of a sparsebundle lie elsewhere. *how: "encrcdsa version 2, AES-128, ...", the caller's to free. EXH_SECRET:
 * no passphrase, or a wrong one. The caller forgets the blocks (exh_crypt_forget). */
EXH_MUST_CHECK bool exh_dmg_crypt_unlock(struct exh_source *source, const struct exh_open *options, struct exh_crypt_blocks *blocks, char **how,
                                         struct exh_error *err);

extern const struct exh_format exh_format_dmg_crypt;

#endif
