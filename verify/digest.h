/* digest.h - one running digest over OpenSSL's EVP: any algorithm name it knows; and "crc32" (IEEE 802.3, zlib's; four bytes, most significant
 * first), which lists of disc images use and which proves nothing against intent. The only file that includes OpenSSL in verify/. Threads: one digest
 * belongs to one thread at a time. */
#ifndef EXH_VERIFY_DIGEST_H
#define EXH_VERIFY_DIGEST_H

#include "formats/model/seal.h"

struct exh_digest;

/* EXH_USAGE for a name nobody knows, or an output longer than EXH_DIGEST_BYTES_MAX. */
struct exh_digest *exh_digest_new(const char *algorithm, struct exh_error *err);
const char *exh_digest_name(const struct exh_digest *digest); /* canonical lower case: "sha256" for "SHA2-256" */
EXH_MUST_CHECK bool exh_digest_add(struct exh_digest *digest, const void *data, size_t length, struct exh_error *err);
/* The value so far; the digest can go on (it works on a copy). `out` gets algorithm, bytes, length; scope and not_good stay. */
EXH_MUST_CHECK bool exh_digest_value(const struct exh_digest *digest, struct exh_digest_value *out, struct exh_error *err);
/* The value it would have if `more` followed; the digest itself does not take it. */
EXH_MUST_CHECK bool exh_digest_value_with(const struct exh_digest *digest, const void *more, size_t length, struct exh_digest_value *out,
                                          struct exh_error *err);
EXH_MUST_CHECK bool exh_digest_reset(struct exh_digest *digest, struct exh_error *err);
void exh_digest_close(struct exh_digest *digest);
/* SHA-256 in one call. */
EXH_MUST_CHECK bool exh_sha256(const void *data, size_t length, uint8_t out[32], struct exh_error *err);
/* Random bytes from OpenSSL's generator. */
EXH_MUST_CHECK bool exh_random(uint8_t *out, size_t length, struct exh_error *err);

#endif
