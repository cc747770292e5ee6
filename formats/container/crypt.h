/* crypt.h - what encrypted images need of a crypto library (OpenSSL, which crypt.c alone includes here): a key out of a passphrase, a wrapped key
 * opened, a source whose blocks are decrypted as they are read, and a cipher of single sectors. */
#ifndef EXH_FORMATS_CONTAINER_CRYPT_H
#define EXH_FORMATS_CONTAINER_CRYPT_H

#include "formats/model/source.h"

#ifdef EXH_FUZZING
#define EXH_CRYPT_ITERATIONS_MAX 100u
#else
#define EXH_CRYPT_ITERATIONS_MAX 10000000u /* some seconds; two seconds of today's machines are 4,000,000 */
#endif
#define EXH_CRYPT_HMAC_BYTES 20u
#define EXH_CRYPT_DIGEST_MAX 64u

/* Digests go by the names that LUKS has for them: md5, sha1, sha224, sha256, sha384, sha512, ripemd160. EXH_UNSUPPORTED names any other. */
EXH_MUST_CHECK bool exh_crypt_digest(const char *hash, const void *data, size_t length, uint8_t out[EXH_CRYPT_DIGEST_MAX], size_t *out_length,
                                     struct exh_error *err);
/* PBKDF2 with HMAC (RFC 8018, 5.2). EXH_LIMIT beyond EXH_CRYPT_ITERATIONS_MAX. */
EXH_MUST_CHECK bool exh_crypt_derive(const char *hash, const void *passphrase, size_t length, const uint8_t *salt, size_t salt_length,
                                     uint32_t iterations, uint8_t *key, size_t key_length, struct exh_error *err);
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

/* Decrypts sectors of 512 bytes, each by itself, with an IV out of its number. Changed by nothing: for any number of threads. */
struct exh_sector_cipher;

#define EXH_CRYPT_SECTOR 512u
#define EXH_CRYPT_KEY_MAX 64u

/* `name` and `mode` as LUKS has them: "aes", and ecb, or one of cbc, ctr, xts with -plain, -plain64 or -essiv:sha256. plain: the number in 32 bits,
 * little-endian, plain64: in 64; essiv: that, encrypted with the key's digest. EXH_UNSUPPORTED names what is not known; EXH_CORRUPT: a key of a
 * length that the cipher has not. exh_sector_cipher_known asks the same without a key. */
EXH_MUST_CHECK bool exh_sector_cipher_known(const char *name, const char *mode, size_t key_bytes, struct exh_error *err);
struct exh_sector_cipher *exh_sector_cipher_new(const char *name, const char *mode, const uint8_t *key, size_t key_bytes, struct exh_error *err);
/* In place; `length` is a multiple of EXH_CRYPT_SECTOR. */
EXH_MUST_CHECK bool exh_sector_decrypt(const struct exh_sector_cipher *cipher, uint64_t first_sector, uint8_t *bytes, size_t length,
                                       struct exh_error *err);
void exh_sector_cipher_close(struct exh_sector_cipher *cipher); /* NULL-safe; forgets the key */

void exh_crypt_forget(void *secret, size_t length); /* overwrites it, whatever the compiler thinks of that */

#endif
