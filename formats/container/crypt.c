/* crypt.c - keys and decrypted sources, by OpenSSL. See crypt.h. */
#include "formats/container/crypt.h"

#include <stdlib.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "formats/model/bytes.h"

#define AES_BLOCK 16u
#define PIECE_BYTES (256u << 10) /* read at once; at least one block of any size */
#define BLOCK_BYTES_MAX (64u << 10)

void exh_crypt_forget(void *secret, size_t length) { OPENSSL_cleanse(secret, length); }

static bool refused(struct exh_error *err, const char *what)
{
    return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the crypto library refuses %s", what);
}

static EVP_MD *fetch_digest(const char *hash, struct exh_error *err)
{
    static const char *const known[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "ripemd160"};
    EVP_MD *found = NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0] && found == NULL; i++)
        if (strcasecmp(hash, known[i]) == 0)
            found = EVP_MD_fetch(NULL, known[i], NULL);
    if (found == NULL)
        (void)exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the digest '%.40s': it is not known here, or not to the crypto library", hash);
    return found;
}

bool exh_crypt_digest(const char *hash, const void *data, size_t length, uint8_t out[EXH_CRYPT_DIGEST_MAX], size_t *out_length, struct exh_error *err)
{
    EVP_MD *digest = fetch_digest(hash, err);
    unsigned made = 0;
    if (digest == NULL)
        return false;
    bool ok = EVP_Digest(data, length, out, &made, digest, NULL) == 1 || refused(err, "a digest");
    *out_length = made;
    EVP_MD_free(digest);
    return ok;
}

bool exh_crypt_derive(const char *hash, const void *passphrase, size_t length, const uint8_t *salt, size_t salt_length, uint32_t iterations,
                      uint8_t *key, size_t key_length, struct exh_error *err)
{
    if (iterations == 0 || iterations > EXH_CRYPT_ITERATIONS_MAX)
        return exh_fail(err, iterations == 0 ? EXH_CORRUPT : EXH_LIMIT, EXH_NO_OFFSET, "the key is derived by %u iterations; at most %u are run",
                        iterations, EXH_CRYPT_ITERATIONS_MAX);
    EVP_MD *digest = fetch_digest(hash, err);
    if (digest == NULL)
        return false;
    bool ok = PKCS5_PBKDF2_HMAC(passphrase, (int)length, salt, (int)salt_length, (int)iterations, digest, (int)key_length, key) == 1 ||
              refused(err, "PBKDF2");
    EVP_MD_free(digest);
    return ok;
}

bool exh_crypt_open_3des(const uint8_t key[24], const uint8_t iv[8], const uint8_t *in, size_t length, uint8_t *out, size_t *made,
                         struct exh_error *err)
{
    int first = 0, last = 0;
    *made = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (c == NULL)
        return exh_nomem(err, "a cipher");
    bool can = EVP_DecryptInit_ex2(c, EVP_des_ede3_cbc(), key, iv, NULL) == 1;
    if (can && length > 0 && EVP_DecryptUpdate(c, out, &first, in, (int)length) == 1 && EVP_DecryptFinal_ex(c, out + first, &last) == 1)
        *made = (size_t)(first + last);
    EVP_CIPHER_CTX_free(c);
    return can || refused(err, "Triple DES");
}

/* ---- the source ---- */

struct crypt_source {
    struct exh_source source;
    struct exh_source *of;
    struct exh_crypt_blocks blocks;
    EVP_CIPHER *cipher;
    EVP_MAC_CTX *mac; /* keyed; each read has a copy */
};

struct work { /* of one read */
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    uint8_t *piece; /* PIECE_BYTES */
};

static void work_close(struct work *w)
{
    EVP_CIPHER_CTX_free(w->cipher);
    EVP_MAC_CTX_free(w->mac);
    free(w->piece);
}

static bool work_open(struct work *w, const struct crypt_source *s, struct exh_error *err)
{
    *w = (struct work){EVP_CIPHER_CTX_new(), EVP_MAC_CTX_dup(s->mac), malloc(PIECE_BYTES)};
    if (w->cipher == NULL || w->mac == NULL || w->piece == NULL)
        return exh_nomem(err, "a cipher");
    return EVP_DecryptInit_ex2(w->cipher, s->cipher, s->blocks.key, NULL, NULL) == 1 || refused(err, "AES");
}

/* One block in place. */
static bool decrypt(struct work *w, uint8_t *block, size_t length, uint32_t number, struct exh_error *err)
{
    uint8_t counter[4], iv[EXH_CRYPT_HMAC_BYTES];
    size_t iv_length;
    int made;
    exh_put_be32(counter, number);
    bool ok = EVP_MAC_init(w->mac, NULL, 0, NULL) == 1 && EVP_MAC_update(w->mac, counter, sizeof counter) == 1 &&
              EVP_MAC_final(w->mac, iv, &iv_length, sizeof iv) == 1 && EVP_DecryptInit_ex2(w->cipher, NULL, NULL, iv, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(w->cipher, 0) == 1 && EVP_DecryptUpdate(w->cipher, block, &made, block, (int)length) == 1;
    return ok || refused(err, "a block");
}

/* Bytes stored for blocks up to the one that holds plain byte end - 1: whole blocks, but at the very end only whole units of the cipher. */
static uint64_t stored_until(const struct exh_crypt_blocks *b, uint64_t end)
{
    uint64_t block_end = (end + b->block_bytes - 1) / b->block_bytes * b->block_bytes, all = (b->bytes + AES_BLOCK - 1) / AES_BLOCK * AES_BLOCK;
    return block_end < all ? block_end : all;
}

static size_t crypt_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    const struct crypt_source *s = (const struct crypt_source *)source;
    const struct exh_crypt_blocks *b = &s->blocks;
    struct work w;
    size_t done = 0;
    bool ok = work_open(&w, s, err);
    while (ok && done < length) {
        uint64_t at = offset + done, begin = at / b->block_bytes * b->block_bytes, end = stored_until(b, offset + length);
        size_t n = end - begin < PIECE_BYTES ? (size_t)(end - begin) : PIECE_BYTES / b->block_bytes * b->block_bytes;
        size_t good = exh_source_read_some(s->of, b->offset + begin, w.piece, n, err), usable = 0;
        for (size_t k = 0; ok && usable == k && k < n; k += b->block_bytes) {
            size_t block = n - k < b->block_bytes ? n - k : b->block_bytes;
            if (good < k + block) /* only what is there whole can be decrypted */
                break;
            ok = decrypt(&w, w.piece + k, block, (uint32_t)((begin + k) / b->block_bytes), err);
            usable = k + block;
        }
        size_t skip = (size_t)(at - begin), take = !ok || usable <= skip ? 0 : usable - skip;
        take = take < length - done ? take : length - done;
        memcpy((uint8_t *)buffer + done, w.piece + skip, take);
        done += take;
        if (good < n)
            break;
    }
    work_close(&w);
    return done;
}

static void crypt_close(struct exh_source *source)
{
    struct crypt_source *s = (struct crypt_source *)source;
    EVP_CIPHER_free(s->cipher);
    EVP_MAC_CTX_free(s->mac);
    exh_source_close(s->of);
    OPENSSL_cleanse(&s->blocks, sizeof s->blocks);
    free(s);
}

static const struct exh_source_ops crypt_ops = {.read = crypt_read, .close = crypt_close};

static bool check_blocks(const struct exh_source *of, const struct exh_crypt_blocks *b, struct exh_error *err)
{
    if (b->block_bytes == 0 || b->block_bytes % AES_BLOCK != 0 || b->block_bytes > BLOCK_BYTES_MAX || (b->key_bytes != 16 && b->key_bytes != 32))
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "blocks of %u bytes under a key of %zu", b->block_bytes, b->key_bytes);
    if (b->bytes > UINT64_MAX - BLOCK_BYTES_MAX || (b->bytes + b->block_bytes - 1) / b->block_bytes > UINT32_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "%llu bytes in blocks of %u: their numbers have 32 bits", (unsigned long long)b->bytes,
                        b->block_bytes);
    return exh_inside(b->offset, stored_until(b, b->bytes), of->size) ||
           exh_fail(err, EXH_CORRUPT, b->offset, "%llu encrypted bytes at %llu pass the end of the file at %llu", (unsigned long long)b->bytes,
                    (unsigned long long)b->offset, (unsigned long long)of->size);
}

static EVP_MAC_CTX *keyed_mac(const uint8_t key[EXH_CRYPT_HMAC_BYTES])
{
    char digest[] = "SHA1";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *c = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    if (c != NULL && EVP_MAC_init(c, key, EXH_CRYPT_HMAC_BYTES, params) == 1)
        return c;
    EVP_MAC_CTX_free(c);
    return NULL;
}

struct exh_source *exh_crypt_source(struct exh_source *of, const struct exh_crypt_blocks *blocks, struct exh_error *err)
{
    if (!check_blocks(of, blocks, err))
        return NULL;
    struct crypt_source *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)exh_nomem(err, "an encrypted image");
        return NULL;
    }
    s->source = (struct exh_source){.ops = &crypt_ops, .size = blocks->bytes, .name = of->name};
    s->blocks = *blocks;
    s->cipher = EVP_CIPHER_fetch(NULL, blocks->key_bytes == 32 ? "AES-256-CBC" : "AES-128-CBC", NULL);
    s->mac = keyed_mac(blocks->hmac_key);
    if (s->cipher != NULL && s->mac != NULL) {
        s->of = of;
        return &s->source;
    }
    crypt_close(&s->source);
    (void)refused(err, "AES or HMAC");
    return NULL;
}

/* ---- sectors ---- */

enum iv_kind { IV_NONE, IV_PLAIN, IV_PLAIN64, IV_ESSIV };

struct sector_mode {
    char cipher[16]; /* as OpenSSL names it */
    enum iv_kind iv;
};

struct exh_sector_cipher {
    struct sector_mode mode;
    EVP_CIPHER *body, *essiv; /* essiv: NULL unless the mode has it */
    uint8_t key[EXH_CRYPT_KEY_MAX], essiv_key[EXH_CRYPT_DIGEST_MAX];
};

/* What follows the '-' of a mode. What plain IVs are said to be hashed by (qemu writes it) means nothing. */
static bool parse_iv(const char *text, enum iv_kind *out)
{
    size_t length = strcspn(text, ":");
    *out = length == 5 && memcmp(text, "plain", 5) == 0 ? IV_PLAIN : length == 7 && memcmp(text, "plain64", 7) == 0 ? IV_PLAIN64 : IV_ESSIV;
    return *out != IV_ESSIV || strcmp(text, "essiv:sha256") == 0;
}

static bool parse_mode(const char *name, const char *mode, size_t key_bytes, struct sector_mode *out, struct exh_error *err)
{
    static const char *const bodies[] = {"ecb", "cbc", "ctr", "xts"};
    size_t length = strcspn(mode, "-"), body = 0;
    while (body < 4 && (length != 3 || memcmp(mode, bodies[body], 3) != 0))
        body++;
    bool iv_known = body == 0 || (body < 4 && mode[3] == '-' && parse_iv(mode + 4, &out->iv));
    if (strcmp(name, "aes") != 0 || !iv_known)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the cipher '%.40s-%.40s' is not known here", name, mode);
    if (body == 0)
        out->iv = IV_NONE;
    size_t aes_bytes = body == 3 ? key_bytes / 2 : key_bytes;
    if ((aes_bytes != 16 && aes_bytes != 24 && aes_bytes != 32) || (body == 3 && key_bytes % 2 != 0))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a key of %zu bytes for the cipher '%.40s-%.40s'", key_bytes, name, mode);
    if (body == 3 && aes_bytes == 24) /* in no standard, and in no library that could be asked */
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the cipher '%.40s-%.40s' with AES-192 is not known here", name, mode);
    (void)snprintf(out->cipher, sizeof out->cipher, "AES-%u-%s", (unsigned)aes_bytes * 8, bodies[body]);
    return true;
}

bool exh_sector_cipher_known(const char *name, const char *mode, size_t key_bytes, struct exh_error *err)
{
    struct sector_mode parsed;
    return parse_mode(name, mode, key_bytes, &parsed, err);
}

struct exh_sector_cipher *exh_sector_cipher_new(const char *name, const char *mode, const uint8_t *key, size_t key_bytes, struct exh_error *err)
{
    struct sector_mode parsed;
    size_t digest_bytes;
    if (!parse_mode(name, mode, key_bytes, &parsed, err))
        return NULL;
    struct exh_sector_cipher *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)exh_nomem(err, "a cipher");
        return NULL;
    }
    c->mode = parsed;
    memcpy(c->key, key, key_bytes);
    c->body = EVP_CIPHER_fetch(NULL, parsed.cipher, NULL);
    bool ok = c->body != NULL || refused(err, parsed.cipher);
    if (ok && parsed.iv == IV_ESSIV) {
        c->essiv = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
        ok = (c->essiv != NULL || refused(err, "AES-256-ECB")) && exh_crypt_digest("sha256", key, key_bytes, c->essiv_key, &digest_bytes, err);
    }
    if (ok)
        return c;
    exh_sector_cipher_close(c);
    return NULL;
}

void exh_sector_cipher_close(struct exh_sector_cipher *cipher)
{
    if (cipher == NULL)
        return;
    EVP_CIPHER_free(cipher->body);
    EVP_CIPHER_free(cipher->essiv);
    OPENSSL_cleanse(cipher, sizeof *cipher);
    free(cipher);
}

static bool make_iv(const struct exh_sector_cipher *c, EVP_CIPHER_CTX *essiv, uint64_t sector, uint8_t iv[AES_BLOCK])
{
    int made;
    memset(iv, 0, AES_BLOCK);
    if (c->mode.iv == IV_PLAIN)
        exh_put_le32(iv, (uint32_t)sector);
    else
        exh_put_le64(iv, sector);
    return essiv == NULL || EVP_EncryptUpdate(essiv, iv, &made, iv, AES_BLOCK) == 1;
}

bool exh_sector_decrypt(const struct exh_sector_cipher *cipher, uint64_t first_sector, uint8_t *bytes, size_t length, struct exh_error *err)
{
    EVP_CIPHER_CTX *body = EVP_CIPHER_CTX_new(), *essiv = cipher->essiv != NULL ? EVP_CIPHER_CTX_new() : NULL;
    bool ok = body != NULL && (essiv != NULL) == (cipher->essiv != NULL) ? true : exh_nomem(err, "a cipher");
    if (ok && !(EVP_DecryptInit_ex2(body, cipher->body, cipher->key, NULL, NULL) == 1 &&
                (essiv == NULL || EVP_EncryptInit_ex2(essiv, cipher->essiv, cipher->essiv_key, NULL, NULL) == 1)))
        ok = refused(err, cipher->mode.cipher);
    for (size_t at = 0; ok && at < length; at += EXH_CRYPT_SECTOR) {
        uint8_t iv[AES_BLOCK];
        int made;
        ok = (make_iv(cipher, essiv, first_sector + at / EXH_CRYPT_SECTOR, iv) && EVP_DecryptInit_ex2(body, NULL, NULL, iv, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(body, 0) == 1 && EVP_DecryptUpdate(body, bytes + at, &made, bytes + at, EXH_CRYPT_SECTOR) == 1) ||
             refused(err, "a sector");
    }
    EVP_CIPHER_CTX_free(body);
    EVP_CIPHER_CTX_free(essiv);
    return ok;
}
