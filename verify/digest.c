/* digest.c - running digests over OpenSSL's EVP, and CRC-32, which it has not. See digest.h. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "verify/digest.h"

#include <strings.h>

#include "formats/container/codec.h"
#include "formats/model/bytes.h"

struct exh_digest {
    EVP_MD *md; /* NULL: CRC-32 */
    EVP_MD_CTX *context;
    uint32_t crc;
    char name[24];
};

/* OpenSSL's names with their first-choice spelling in this project: what every other tool prints. */
static void canonical_name(const char *openssl, char *out, size_t room)
{
    size_t used = 0;
    const char *from = strncmp(openssl, "SHA2-", 5) == 0 ? "sha" : "";
    used = (size_t)snprintf(out, room, "%s", from);
    for (const char *p = openssl + (used > 0 ? 5 : 0); *p != '\0' && used + 1 < room; p++)
        if (!(*p == '-' && strncmp(openssl, "BLAKE2", 6) == 0)) /* "SHA2-512/256" answers to sha512-256, not to sha512/256 */
            out[used++] = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p == '/' ? '-' : *p);
    out[used] = '\0';
}

/* Our use of it is right, so it is memory or the system that failed. */
static bool openssl_failed(struct exh_error *err, const char *what)
{
    char reason[160] = "";
    unsigned long why = ERR_get_error();
    ERR_error_string_n(why, reason, sizeof reason);
    ERR_clear_error();
    return exh_fail(err, ERR_GET_REASON(why) == ERR_R_MALLOC_FAILURE ? EXH_NOMEM : EXH_IO, EXH_NO_OFFSET, "OpenSSL could not %s: %s", what, reason);
}

struct exh_digest *exh_digest_new(const char *algorithm, struct exh_error *err)
{
    struct exh_digest *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "a digest");
        return NULL;
    }
    if (strcasecmp(algorithm, "crc32") == 0 || strcasecmp(algorithm, "crc-32") == 0) {
        (void)snprintf(d->name, sizeof d->name, "crc32");
        return d;
    }
    d->md = EVP_MD_fetch(NULL, algorithm, NULL);
    d->context = EVP_MD_CTX_new();
    int length = d->md != NULL ? EVP_MD_get_size(d->md) : 0;
    if (d->md == NULL || length <= 0 || (unsigned)length > EXH_DIGEST_BYTES_MAX) {
        ERR_clear_error();
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "OpenSSL knows no digest named '%s'", algorithm);
    } else if (d->context == NULL || EVP_DigestInit_ex2(d->context, d->md, NULL) != 1) {
        (void)openssl_failed(err, "start a digest");
    } else {
        canonical_name(EVP_MD_get0_name(d->md), d->name, sizeof d->name);
        return d;
    }
    exh_digest_close(d);
    return NULL;
}

const char *exh_digest_name(const struct exh_digest *digest) { return digest->name; }

bool exh_digest_add(struct exh_digest *digest, const void *data, size_t length, struct exh_error *err)
{
    if (digest->md == NULL) {
        digest->crc = exh_crc32(digest->crc, data, length);
        return true;
    }
    return EVP_DigestUpdate(digest->context, data, length) == 1 || openssl_failed(err, "go on with a digest");
}

bool exh_digest_value_with(const struct exh_digest *digest, const void *more, size_t more_length, struct exh_digest_value *out, struct exh_error *err)
{
    memcpy(out->algorithm, digest->name, sizeof out->algorithm);
    if (digest->md == NULL) {
        exh_put_be32(out->bytes, exh_crc32(digest->crc, more, more_length));
        out->length = 4;
        return true;
    }
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    unsigned length = 0;
    bool ok = copy != NULL && EVP_MD_CTX_copy_ex(copy, digest->context) == 1 && EVP_DigestUpdate(copy, more, more_length) == 1 &&
              EVP_DigestFinal_ex(copy, out->bytes, &length) == 1;
    EVP_MD_CTX_free(copy);
    out->length = length;
    return ok || openssl_failed(err, "finish a digest");
}

bool exh_digest_value(const struct exh_digest *digest, struct exh_digest_value *out, struct exh_error *err)
{
    return exh_digest_value_with(digest, "", 0, out, err);
}

bool exh_digest_reset(struct exh_digest *digest, struct exh_error *err)
{
    digest->crc = 0;
    return digest->md == NULL || EVP_DigestInit_ex2(digest->context, digest->md, NULL) == 1 || openssl_failed(err, "start a digest");
}

void exh_digest_close(struct exh_digest *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    EVP_MD_free(digest->md);
    free(digest);
}

bool exh_sha256(const void *data, size_t length, uint8_t out[32], struct exh_error *err)
{
    return EVP_Q_digest(NULL, "SHA256", NULL, data, length, out, NULL) == 1 || openssl_failed(err, "make a digest");
}

bool exh_random(uint8_t *out, size_t length, struct exh_error *err)
{
    return RAND_bytes(out, (int)length) == 1 || openssl_failed(err, "give random bytes");
}
