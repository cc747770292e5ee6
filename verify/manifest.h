/* manifest.h - lists of digests that other tools write: `sha256sum`, `md5sum` (GNU "HEX  NAME" and BSD "SHA256 (NAME) = HEX"). */
#ifndef EXH_VERIFY_MANIFEST_H
#define EXH_VERIFY_MANIFEST_H

#include "formats/model/seal.h"

#define EXH_MANIFEST_BYTES_MAX (64u << 20)

/* Digests for the file `image` (by base name), as scope "file:NAME". *is_one is false when the file is no such list (and nothing is added);
 * a list that does not name the image is EXH_USAGE. The algorithm of a GNU line follows from its length. */
EXH_MUST_CHECK bool exh_manifest_find(const char *path, const char *image, struct exh_digests *out, bool *is_one, struct exh_error *err);

#endif
