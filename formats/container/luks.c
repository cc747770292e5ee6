/* luks.c - reads a LUKS header of version 1. See luks.h.
 *
 * A slot holds the master key, spread over stripes so that a lost sector loses it, and encrypted with a key out of the passphrase. Which passphrase
 * is right shows only at the end: a digest of the master key is in the header. */
#include "formats/container/luks.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define SLOTS_AT 208u
#define SLOT_BYTES 48u

static const uint8_t magic[6] = {'L', 'U', 'K', 'S', 0xBA, 0xBE};

/* ---- what it says ---- */

/* A name of up to `length` - 1 printable characters. */
static bool read_name(const uint8_t *h, uint32_t offset, size_t length, char *out, const char *what, struct exh_error *err)
{
    size_t n = 0;
    while (n < length && h[offset + n] > ' ' && h[offset + n] < 0x7F)
        n++;
    memcpy(out, h + offset, n);
    out[n] = '\0';
    return (n < length && h[offset + n] == '\0') || exh_fail(err, EXH_CORRUPT, offset, "%s is no text that ends within its %zu bytes", what, length);
}

static bool parse(const uint8_t *h, struct exh_luks *out, struct exh_error *err)
{
    if (memcmp(h, magic, sizeof magic) != 0)
        return exh_fail(err, EXH_CORRUPT, 0, "no LUKS header");
    if (exh_be16(h + 6) != 1)
        return exh_fail(err, EXH_UNSUPPORTED, 6, "LUKS version %u; only 1 is known", exh_be16(h + 6));
    if (!read_name(h, 8, 32, out->cipher, "the cipher's name", err) || !read_name(h, 40, 32, out->mode, "the cipher's mode", err) ||
        !read_name(h, 72, 32, out->hash, "the digest's name", err))
        return false;
    struct exh_error ignored;
    if (!read_name(h, 168, 40, out->uuid, "the id", &ignored)) /* nothing hangs on it */
        out->uuid[0] = '\0';
    out->payload_at = 512ull * exh_be32(h + 104);
    out->key_bytes = exh_be32(h + 108);
    memcpy(out->digest, h + 112, sizeof out->digest);
    memcpy(out->digest_salt, h + 132, sizeof out->digest_salt);
    out->digest_iterations = exh_be32(h + 164);
    for (unsigned i = 0; i < EXH_LUKS_SLOTS; i++) {
        const uint8_t *s = h + SLOTS_AT + i * SLOT_BYTES;
        out->slots[i] = (struct exh_luks_slot){
            .state = exh_be32(s), .iterations = exh_be32(s + 4), .stripes = exh_be32(s + 44), .material_at = 512ull * exh_be32(s + 40)};
        memcpy(out->slots[i].salt, s + 8, EXH_LUKS_SALT);
    }
    return true;
}

static bool check(const struct exh_luks *l, struct exh_error *err)
{
    uint8_t unused[EXH_CRYPT_DIGEST_MAX];
    size_t length;
    if (l->digest_iterations == 0 || l->digest_iterations > EXH_CRYPT_ITERATIONS_MAX)
        return exh_fail(err, l->digest_iterations == 0 ? EXH_CORRUPT : EXH_LIMIT, 164,
                        "the key's digest is made by %u iterations; at most %u are run", l->digest_iterations, EXH_CRYPT_ITERATIONS_MAX);
    if (!exh_crypt_digest(l->hash, "", 0, unused, &length, err)) {
        err->at = 72;
        return false;
    }
    if (exh_sector_cipher_known(l->cipher, l->mode, l->key_bytes, err))
        return true;
    err->at = err->code == EXH_CORRUPT ? 108 : 8;
    return false;
}

bool exh_luks_read(struct exh_source *source, uint64_t at, uint64_t bytes, struct exh_luks *out, struct exh_error *err)
{
    uint8_t h[EXH_LUKS_HEADER];
    *out = (struct exh_luks){.at = at, .bytes = bytes};
    if (bytes < sizeof h || !exh_inside(at, bytes, source->size))
        return exh_fail(err, EXH_CORRUPT, at, "a LUKS header of %llu bytes, where the file ends at %llu", (unsigned long long)bytes,
                        (unsigned long long)source->size);
    if (!exh_source_read(source, at, h, sizeof h, err))
        return false;
    if (parse(h, out, err) && check(out, err))
        return true;
    err->at += at;
    return false;
}

/* ---- the key ---- */

/* H1 of the specification (2.4): each piece of a digest's length is replaced by the digest of its number and itself. */
static bool diffuse(const char *hash, uint8_t *data, size_t length, struct exh_error *err)
{
    uint8_t piece[4 + EXH_CRYPT_KEY_MAX], digest[EXH_CRYPT_DIGEST_MAX];
    size_t digest_bytes = 0;
    bool ok = exh_crypt_digest(hash, "", 0, digest, &digest_bytes, err);
    for (size_t at = 0; ok && at < length; at += digest_bytes) {
        size_t n = length - at < digest_bytes ? length - at : digest_bytes;
        exh_put_be32(piece, (uint32_t)(at / digest_bytes));
        memcpy(piece + 4, data + at, n);
        ok = exh_crypt_digest(hash, piece, 4 + n, digest, &digest_bytes, err);
        if (ok)
            memcpy(data + at, digest, n);
    }
    exh_crypt_forget(piece, sizeof piece);
    exh_crypt_forget(digest, sizeof digest);
    return ok;
}

/* AFmerge of the specification (2.4). */
static bool merge(const struct exh_luks *l, const uint8_t *stripes, uint32_t count, uint8_t *key, struct exh_error *err)
{
    memset(key, 0, l->key_bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && !diffuse(l->hash, key, l->key_bytes, err))
            return false;
        for (uint32_t k = 0; k < l->key_bytes; k++)
            key[k] ^= stripes[(size_t)i * l->key_bytes + k];
    }
    return true;
}

/* Where the key material of a slot lies and how long it is: whole sectors, as it is encrypted. */
static bool material_of(const struct exh_luks *l, const struct exh_luks_slot *s, uint64_t *bytes, struct exh_error *err)
{
    *bytes = ((uint64_t)s->stripes * l->key_bytes + EXH_CRYPT_SECTOR - 1) / EXH_CRYPT_SECTOR * EXH_CRYPT_SECTOR;
    if (s->stripes == 0 || s->stripes > EXH_LUKS_STRIPES_MAX)
        return exh_fail(err, s->stripes == 0 ? EXH_CORRUPT : EXH_LIMIT, EXH_NO_OFFSET, "the key is spread over %u stripes; at most %u are read",
                        s->stripes, EXH_LUKS_STRIPES_MAX);
    return (s->material_at >= EXH_LUKS_HEADER && exh_inside(s->material_at, *bytes, l->bytes)) ||
           exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "key material of %llu bytes at %llu of an encryption header of %llu", (unsigned long long)*bytes,
                    (unsigned long long)s->material_at, (unsigned long long)l->bytes);
}

static bool decrypt_material(const struct exh_luks *l, const struct exh_luks_slot *s, const struct exh_phrase *phrase, uint8_t *material,
                             uint64_t bytes, struct exh_error *err)
{
    uint8_t key[EXH_CRYPT_KEY_MAX];
    bool ok = exh_crypt_derive(l->hash, phrase->text, phrase->length, s->salt, sizeof s->salt, s->iterations, key, l->key_bytes, err);
    struct exh_sector_cipher *cipher = ok ? exh_sector_cipher_new(l->cipher, l->mode, key, l->key_bytes, err) : NULL;
    exh_crypt_forget(key, sizeof key);
    ok = cipher != NULL && exh_sector_decrypt(cipher, 0, material, (size_t)bytes, err);
    exh_sector_cipher_close(cipher);
    return ok;
}

/* *opened: the passphrase is that of this slot, and `key` is the master key. */
static bool try_slot(struct exh_source *source, const struct exh_luks *l, const struct exh_luks_slot *s, const struct exh_phrase *phrase,
                     uint8_t *key, bool *opened, struct exh_error *err)
{
    uint64_t bytes;
    uint8_t digest[sizeof l->digest];
    *opened = false;
    if (!material_of(l, s, &bytes, err))
        return false;
    uint8_t *material = malloc((size_t)bytes); /* 1 MiB at most */
    if (material == NULL)
        return exh_nomem(err, "key material");
    bool ok = exh_source_read(source, l->at + s->material_at, material, (size_t)bytes, err) && decrypt_material(l, s, phrase, material, bytes, err) &&
              merge(l, material, s->stripes, key, err) &&
              exh_crypt_derive(l->hash, key, l->key_bytes, l->digest_salt, sizeof l->digest_salt, l->digest_iterations, digest, sizeof digest, err);
    *opened = ok && memcmp(digest, l->digest, sizeof digest) == 0;
    exh_crypt_forget(material, (size_t)bytes);
    free(material);
    return ok;
}

bool exh_luks_open(struct exh_source *source, const struct exh_luks *luks, const struct exh_phrase *phrase, uint8_t key[EXH_CRYPT_KEY_MAX],
                   struct exh_error *err)
{
    struct exh_error first = {0};
    bool opened = false, tried = false;
    for (unsigned i = 0; i < EXH_LUKS_SLOTS && !opened; i++) {
        const struct exh_luks_slot *s = &luks->slots[i];
        struct exh_error why = {0};
        if (s->state != EXH_LUKS_ACTIVE)
            continue;
        if (try_slot(source, luks, s, phrase, key, &opened, &why)) {
            tried = true;
        } else if (first.code == EXH_OK) {
            (void)exh_context(&why, "key slot %u", i);
            why.at = why.at != EXH_NO_OFFSET ? why.at : luks->at + SLOTS_AT + i * SLOT_BYTES;
            first = why;
        }
    }
    if (opened)
        return true;
    exh_crypt_forget(key, EXH_CRYPT_KEY_MAX);
    if (tried) {
        (void)exh_phrase_wrong(err);
        return first.code == EXH_OK ? false : exh_context(err, "(%.200s)", first.text);
    }
    if (first.code == EXH_OK)
        return exh_fail(err, EXH_UNSUPPORTED, luks->at + SLOTS_AT, "no key slot is in use: no passphrase opens this image any more");
    *err = first;
    return false;
}

/* ---- what is shown ---- */

bool exh_luks_inspect(const struct exh_luks *luks, const char *file, struct exh_inspection *in, struct exh_error *err)
{
    unsigned used = 0;
    char each[160] = "";
    for (unsigned i = 0; i < EXH_LUKS_SLOTS; i++) {
        const struct exh_luks_slot *s = &luks->slots[i];
        size_t n = strlen(each);
        if (s->state == EXH_LUKS_ACTIVE)
            (void)snprintf(each + n, sizeof each - n, "%s%u: %u", used++ > 0 ? ", " : "", i, s->iterations);
        else if (s->state != EXH_LUKS_INACTIVE && !exh_inspection_remark(in, "key-slot", EXH_WARNS, file, luks->at + SLOTS_AT + i * SLOT_BYTES, err,
                                                                         "key slot %u is neither in use nor free: its state is 0x%08x", i, s->state))
            return false;
    }
    return exh_inspection_fact(in, file, luks->at, "encryption", err, "LUKS version 1, %s-%s, a key of %u bits, %s", luks->cipher, luks->mode,
                               luks->key_bytes * 8, luks->hash) &&
           exh_inspection_fact(in, file, luks->at + SLOTS_AT, "key slots", err, "%u of %u in use (%s iterations)", used, EXH_LUKS_SLOTS, each) &&
           (luks->uuid[0] == '\0' || exh_inspection_fact(in, file, luks->at + 168, "encryption id", err, "%s", luks->uuid));
}
