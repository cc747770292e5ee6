/* dmg_crypt.c - opens Apple's encrypted disk images. See dmg_crypt.h.
 *
 * Version 2: a passphrase makes a Triple DES key, which opens a blob that holds the AES key, the key of the IVs and the mark CKIE: that mark tells a
 * wrong passphrase. Version 1 wraps each key by itself, twice, as RFC 3217 does, with four zeros before it. */
#include "formats/disk/dmg_crypt.h"

#include "formats/container/phrase.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define V2_HEADER 76u
#define V2_RECORD 20u
#define V2_RECORDS_MAX 64u
#define V2_KEY_HEADER 104u /* of a passphrase record, up to its blob */
#define V2_BLOB_MAX 1024u
#define V1_HEADER 1276u
#define V1_BLOCK 4096u
#define TRIPLE_DES_KEY 24u

/* ---- version 2 ---- */

struct key_record { /* of type 1: for a passphrase */
    uint32_t iterations, salt_bytes, blob_bytes;
    uint8_t salt[32], iv[8], blob[V2_BLOB_MAX];
};

static bool known_key_record(const uint8_t *r, uint64_t at, struct exh_error *err)
{
    static const struct {
        uint32_t offset, value;
        const char *what;
    } fields[] = {{0, 103, "key derivation"}, {4, 0, "pseudo-random function"}, {88, 17, "cipher"}, {92, 7, "padding"}, {96, 6, "mode"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (exh_be32(r + fields[i].offset) != fields[i].value)
            return exh_fail(err, EXH_UNSUPPORTED, at + fields[i].offset, "a key by %s %u; only %u is known", fields[i].what,
                            exh_be32(r + fields[i].offset), fields[i].value);
    return true;
}

static bool read_key_record(struct exh_source *source, uint64_t at, struct key_record *k, struct exh_error *err)
{
    uint8_t r[V2_KEY_HEADER];
    if (!exh_source_read(source, at, r, sizeof r, err) || !known_key_record(r, at, err))
        return false;
    k->iterations = exh_be32(r + 8);
    k->salt_bytes = exh_be32(r + 12);
    memcpy(k->salt, r + 16, sizeof k->salt);
    memcpy(k->iv, r + 52, sizeof k->iv);
    k->blob_bytes = exh_be32(r + 100);
    if (k->salt_bytes > sizeof k->salt || exh_be32(r + 48) > 32 || exh_be32(r + 84) != 192)
        return exh_fail(err, EXH_CORRUPT, at + 12, "a key record with a salt of %u bytes, an IV of %u, a key of %u bits", k->salt_bytes,
                        exh_be32(r + 48), exh_be32(r + 84));
    if (k->blob_bytes == 0 || k->blob_bytes > V2_BLOB_MAX)
        return exh_fail(err, EXH_CORRUPT, at + 100, "a wrapped key of %u bytes", k->blob_bytes);
    return exh_source_read(source, at + V2_KEY_HEADER, k->blob, k->blob_bytes, err);
}

/* *opened: the passphrase is the right one, and the keys are in `b`. */
static bool open_key(const struct key_record *k, const struct exh_phrase *phrase, struct exh_crypt_blocks *b, bool *opened, struct exh_error *err)
{
    uint8_t key[TRIPLE_DES_KEY], plain[V2_BLOB_MAX + 8];
    size_t made = 0, wanted = b->key_bytes + EXH_CRYPT_HMAC_BYTES + 5;
    bool ok = exh_crypt_derive("sha1", phrase->text, phrase->length, k->salt, k->salt_bytes, k->iterations, key, sizeof key, err) &&
              exh_crypt_open_3des(key, k->iv, k->blob, k->blob_bytes, plain, &made, err);
    *opened = ok && made == wanted && memcmp(plain + made - 5, "CKIE", 5) == 0;
    if (*opened) {
        memcpy(b->key, plain, b->key_bytes);
        memcpy(b->hmac_key, plain + b->key_bytes, EXH_CRYPT_HMAC_BYTES);
    }
    exh_crypt_forget(key, sizeof key);
    exh_crypt_forget(plain, sizeof plain);
    return ok;
}

static bool parse_v2(const uint8_t *h, struct exh_crypt_blocks *b, uint32_t *records, struct exh_error *err)
{
    static const struct {
        uint32_t offset, value;
        const char *what;
    } fields[] = {{8, 2, "version"},           {12, 16, "IV size"},     {16, 5, "mode"},
                  {20, 0x80000001u, "cipher"}, {28, 91, "IV function"}, {32, 160, "IV key size"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (exh_be32(h + fields[i].offset) != fields[i].value)
            return exh_fail(err, EXH_UNSUPPORTED, fields[i].offset, "an encrypted image of %s 0x%x; only 0x%x is known", fields[i].what,
                            exh_be32(h + fields[i].offset), fields[i].value);
    uint32_t bits = exh_be32(h + 24);
    b->block_bytes = exh_be32(h + 52);
    b->bytes = exh_be64(h + 56);
    b->offset = exh_be64(h + 64);
    *records = exh_be32(h + 72);
    b->key_bytes = bits / 8;
    if (bits != 128 && bits != 256)
        return exh_fail(err, EXH_UNSUPPORTED, 24, "an AES key of %u bits", bits);
    if (b->block_bytes < 512 || b->block_bytes > 65536 || (b->block_bytes & (b->block_bytes - 1)) != 0)
        return exh_fail(err, EXH_CORRUPT, 52, "encrypted blocks of %u bytes", b->block_bytes);
    return *records <= V2_RECORDS_MAX || exh_fail(err, EXH_LIMIT, 72, "%u key records", *records);
}

/* Every passphrase record is tried; the first that cannot even be read is told when none opens. */
static bool find_key(struct exh_source *source, uint32_t records, const struct exh_phrase *phrase, struct exh_crypt_blocks *b, uint32_t *iterations,
                     struct exh_error *err)
{
    struct exh_error first = {0};
    bool opened = false, tried = false;
    for (uint32_t i = 0; i < records && !opened; i++) {
        uint8_t r[V2_RECORD];
        struct exh_error why = {0};
        struct key_record k = {0};
        if (!exh_source_read(source, V2_HEADER + (uint64_t)i * V2_RECORD, r, sizeof r, err))
            return false;
        if (exh_be32(r) != 1)
            continue;
        if (read_key_record(source, exh_be64(r + 4), &k, &why) && open_key(&k, phrase, b, &opened, &why))
            tried = true;
        else if (first.code == EXH_OK)
            first = why;
        *iterations = k.iterations;
    }
    if (opened)
        return true;
    if (!tried && first.code != EXH_OK) {
        *err = first;
        return false;
    }
    return tried ? exh_phrase_wrong(err) : exh_fail(err, EXH_UNSUPPORTED, 72, "the image is encrypted for a certificate, not for a passphrase");
}

bool exh_dmg_crypt_unlock(struct exh_source *source, const struct exh_open *options, struct exh_crypt_blocks *b, char **how, struct exh_error *err)
{
    uint8_t h[V2_HEADER];
    uint32_t records = 0, iterations = 0;
    struct exh_phrase phrase;
    if (!exh_source_read(source, 0, h, sizeof h, err) || !parse_v2(h, b, &records, err) || !exh_phrase_get(options, &phrase, err))
        return false;
    bool ok = find_key(source, records, &phrase, b, &iterations, err);
    exh_crypt_forget(&phrase, sizeof phrase);
    if (ok)
        *how = exh_text_format("encrcdsa version 2, AES-%zu, PBKDF2 with %u iterations", b->key_bytes * 8, iterations);
    return ok;
}

/* ---- version 1 ---- */

/* *made: the bytes of the key, 0 where the passphrase is wrong. */
static bool unwrap_v1(const uint8_t key[TRIPLE_DES_KEY], const uint8_t *wrapped, size_t length, uint8_t out[304], size_t *made, struct exh_error *err)
{
    static const uint8_t iv[8] = {0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05};
    uint8_t outer[304], turned[304];
    size_t n;
    *made = 0;
    if (!exh_crypt_open_3des(key, iv, wrapped, length, outer, &n, err))
        return false;
    if (n <= 8)
        return true;
    for (size_t i = 0; i < n; i++)
        turned[i] = outer[n - 1 - i];
    bool ok = exh_crypt_open_3des(key, turned, turned + 8, n - 8, outer, &n, err);
    if (ok && n > 4 && exh_all_zero(outer, 4)) {
        *made = n - 4;
        memcpy(out, outer + 4, *made);
    }
    exh_crypt_forget(outer, sizeof outer);
    exh_crypt_forget(turned, sizeof turned);
    return ok;
}

static bool open_v1(const uint8_t *h, const struct exh_phrase *phrase, struct exh_crypt_blocks *b, struct exh_error *err)
{
    uint32_t iterations = exh_be32(h + 48), salt_bytes = exh_be32(h + 52), aes_bytes = exh_be32(h + 136), hmac_bytes = exh_be32(h + 436);
    uint8_t key[TRIPLE_DES_KEY], aes[304], hmac[304];
    size_t aes_made = 0, hmac_made = 0;
    if (salt_bytes > 48 || aes_bytes == 0 || aes_bytes > 296 || hmac_bytes == 0 || hmac_bytes > 300)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a salt of %u bytes, wrapped keys of %u and %u", salt_bytes, aes_bytes, hmac_bytes);
    bool ok = exh_crypt_derive("sha1", phrase->text, phrase->length, h + 56, salt_bytes, iterations, key, sizeof key, err) &&
              unwrap_v1(key, h + 140, aes_bytes, aes, &aes_made, err) && unwrap_v1(key, h + 440, hmac_bytes, hmac, &hmac_made, err);
    bool right = ok && (aes_made == 16 || aes_made == 32) && hmac_made == EXH_CRYPT_HMAC_BYTES;
    if (right) {
        b->key_bytes = aes_made;
        memcpy(b->key, aes, aes_made);
        memcpy(b->hmac_key, hmac, hmac_made);
    }
    exh_crypt_forget(key, sizeof key);
    exh_crypt_forget(aes, sizeof aes);
    exh_crypt_forget(hmac, sizeof hmac);
    return ok && (right || exh_phrase_wrong(err));
}

static bool unlock_v1(struct exh_source *source, const struct exh_open *options, struct exh_crypt_blocks *b, char **how, struct exh_error *err)
{
    uint8_t h[V1_HEADER];
    struct exh_phrase phrase;
    if (source->size < sizeof h || !exh_source_read(source, source->size - sizeof h, h, sizeof h, err) || !exh_phrase_get(options, &phrase, err))
        return err->code != EXH_OK ? false : exh_fail(err, EXH_CORRUPT, 0, "too short for an encrypted image");
    b->bytes = source->size - sizeof h;
    b->block_bytes = V1_BLOCK;
    bool ok = open_v1(h, &phrase, b, err);
    exh_crypt_forget(&phrase, sizeof phrase);
    if (ok)
        *how = exh_text_format("cdsaencr version 1, AES-%zu, PBKDF2 with %u iterations", b->key_bytes * 8, exh_be32(h + 48));
    return ok;
}

/* ---- the row ---- */

static bool ends_as_v1(const uint8_t *end, size_t length) { return length >= 8 && memcmp(end + length - 8, "cdsaencr", 8) == 0; }

static int crypt_probe(const struct exh_peek *peek)
{
    bool v2 = peek->head_length >= V2_HEADER && memcmp(peek->head, "encrcdsa", 8) == 0;
    return v2 || (peek->size > V1_HEADER && ends_as_v1(peek->tail, peek->tail_length)) ? 95 : 0;
}

static struct exh_source *crypt_unwrap(struct exh_source *source, const struct exh_open *options, char **how, struct exh_error *err)
{
    struct exh_crypt_blocks blocks = {0};
    uint8_t mark[8];
    *how = NULL;
    bool ok =
        exh_source_read(source, 0, mark, sizeof mark, err) &&
        (memcmp(mark, "encrcdsa", 8) == 0 ? exh_dmg_crypt_unlock(source, options, &blocks, how, err) : unlock_v1(source, options, &blocks, how, err));
    struct exh_source *plain = ok ? exh_crypt_source(source, &blocks, err) : NULL;
    exh_crypt_forget(&blocks, sizeof blocks);
    if (plain == NULL) {
        free(*how);
        *how = NULL;
    }
    return plain;
}

/* The row has no disk of its own: exh_image_open unwraps and probes again. */
static struct exh_medium *crypt_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    (void)source, (void)options;
    (void)exh_fail(err, EXH_UNSUPPORTED, 0, "an encrypted image within another image");
    return NULL;
}

static const char *const crypt_extensions[] = {NULL};

const struct exh_format exh_format_dmg_crypt = {.name = "encrcdsa",
                                                .title = "encrypted Apple disk image (with a passphrase)",
                                                .extensions = crypt_extensions,
                                                .probe = crypt_probe,
                                                .open = crypt_open,
                                                .unwrap = crypt_unwrap};
