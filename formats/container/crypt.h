/* crypt.h - what encrypted images need of a crypto library (OpenSSL, which crypt.c alone includes here): a key out of a passphrase, a wrapped key
 * opened, and a source whose blocks are decrypted as they are read. */
#ifndef EXH_FORMATS_CONTAINER_CRYPT_H
#define EXH_FORMATS_CONTAINER_CRYPT_H

#include "formats/model/source.h"

#define EXH_CRYPT_ITERATIONS_MAX 10000000u /* some seconds; the largest seen is 232,558 */
#define EXH_CRYPT_HMAC_BYTES 20u

/* PBKDF2 with HMAC-SHA-1 (RFC 8018, 5.2). EXH_LIMIT beyond EXH_CRYPT_ITERATIONS_MAX. */
EXH_MUST_CHECK bool exh_crypt_derive(const char *passphrase, size_t length, const uint8_t *salt, size_t salt_length, uint32_t iterations,
                                     uint8_t *key, size_t key_length, struct exh_error *err);
/* Triple DES in CBC mode with PKCS #7 padding: `out` has room for `length` bytes. *made is 0 where the padding is none: not the right key. */
EXH_MUST_CHECK bool exh_crypt_open_3des(const uint8_t key[24], const uint8_t iv[8], const uint8_t *in, size_t length, uint8_t *out, size_t *made,
                                        struct exh_error *err);

struct exh_crypt_blocks {
    uint64_t offset, bytes; /* of the first block in the file; of the plain bytes */
    uint32_t block_bytes;   /* a multiple of 16 */
    uint8_t key[32];
    size_t key_bytes; /* 16 or 32: AES-128, AES-256 */
    uint8_t hmac_key[EXH_CRYPT_HMAC_BYTES];
};
/* The plain bytes: AES in CBC mode, each block with the beginning of HMAC-SHA-1 over its number (32 bits, big-endian) as its IV. Takes `of` over when
 * it succeeds. Reads may run concurrently. NULL and err: EXH_CORRUPT when the blocks pass the end of `of`, EXH_LIMIT beyond 2^32 blocks. */
struct exh_source *exh_crypt_source(struct exh_source *of, const struct exh_crypt_blocks *blocks, struct exh_error *err);

void exh_crypt_forget(void *secret, size_t length); /* overwrites it, whatever the compiler thinks of that */

#endif
