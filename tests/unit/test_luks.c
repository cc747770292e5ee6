/* test_luks.c - LUKS headers made here from the specification, with an AFsplit and encryption of the test's own: opened by every slot and cipher,
 * then with one field at a time wrong; and encrypted QCOW images around them, with sectors that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "formats/container/luks.h"
#include "formats/disk/qcow2.h"
#include "formats/model/bytes.h"

#define CLUSTER 4096u
#define L1_AT CLUSTER
#define L2_AT (2 * CLUSTER)
#define DATA_AT (3 * CLUSTER) /* clusters 0 and 1 of the disk; cluster 4 lies behind them and one more */
#define FOURTH_AT (6 * CLUSTER)
#define LUKS_AT (8 * CLUSTER)
#define LUKS_BYTES (4 * CLUSTER)
#define FILE_BYTES (12 * CLUSTER)
#define DISK_BYTES (6 * CLUSTER)
#define SLOTS_AT 208u
#define SLOT_BYTES 48u
#define MATERIAL_SECTORS 4u /* of one slot; the first begins behind two sectors */
#define STRIPES 13u

static uint8_t file[FILE_BYTES], disk[DISK_BYTES];
static const uint8_t master[EXH_CRYPT_KEY_MAX + 1] = "the master key, as long as the longest that any cipher here takes";

struct kind {
    const char *mode, *body; /* of LUKS; of OpenSSL */
    uint32_t key_bytes;
    const char *hash;
};

static const struct kind kinds[] = {{"xts-plain64", "AES-256-XTS", 64, "sha256"},
                                    {"xts-plain64", "AES-128-XTS", 32, "sha1"},
                                    {"xts-plain", "AES-256-XTS", 64, "sha512"},
                                    {"cbc-plain", "AES-128-CBC", 16, "ripemd160"},
                                    {"cbc-plain64", "AES-192-CBC", 24, "sha1"},
                                    {"cbc-plain64", "AES-256-CBC", 32, "SHA256"},
                                    {"cbc-essiv:sha256", "AES-192-CBC", 24, "sha256"},
                                    {"cbc-essiv:sha256", "AES-256-CBC", 32, "sha384"},
                                    {"xts-essiv:sha256", "AES-256-XTS", 64, "sha224"},
                                    {"ctr-plain64", "AES-256-CTR", 32, "md5"},
                                    {"ecb", "AES-256-ECB", 32, "sha256"},
                                    {"cbc-plain64:sha256", "AES-128-CBC", 16, "sha256"}};

/* ---- making ---- */

static void encrypt_piece(const char *body, const uint8_t *key, const uint8_t *iv, uint8_t *bytes, int length)
{
    int made;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, body, NULL);
    assert_int_equal(EVP_EncryptInit_ex2(c, cipher, key, iv, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(c, 0), 1);
    assert_int_equal(EVP_EncryptUpdate(c, bytes, &made, bytes, length), 1);
    assert_int_equal(made, length);
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(c);
}

static void encrypt(const struct kind *k, const uint8_t *key, uint64_t sector, uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += 512, sector++) {
        uint8_t iv[16] = {0}, hashed[32];
        bool narrow = strstr(k->mode, "-plain") != NULL && strstr(k->mode, "-plain64") == NULL;
        exh_put_le64(iv, narrow ? (uint32_t)sector : sector);
        if (strstr(k->mode, "essiv") != NULL) {
            assert_int_equal(EVP_Digest(key, k->key_bytes, hashed, NULL, EVP_sha256(), NULL), 1);
            encrypt_piece("AES-256-ECB", hashed, NULL, iv, 16);
        }
        encrypt_piece(k->body, key, strcmp(k->mode, "ecb") == 0 ? NULL : iv, bytes + at, 512);
    }
}

static void spread(const EVP_MD *md, uint8_t *d, size_t length)
{
    size_t n = (size_t)EVP_MD_get_size(md);
    for (size_t i = 0; i * n < length; i++) {
        uint8_t in[4 + 64], out[64];
        size_t part = length - i * n < n ? length - i * n : n;
        exh_put_be32(in, (uint32_t)i);
        memcpy(in + 4, d + i * n, part);
        assert_int_equal(EVP_Digest(in, 4 + part, out, NULL, md, NULL), 1);
        memcpy(d + i * n, out, part);
    }
}

static void put_slot(uint8_t *h, const struct kind *k, unsigned slot, const char *phrase)
{
    uint8_t *s = h + SLOTS_AT + slot * SLOT_BYTES, key[64], d[64] = {0}, *material;
    const EVP_MD *md = EVP_get_digestbyname(k->hash);
    assert_non_null(md);
    exh_put_be32(s, EXH_LUKS_ACTIVE);
    exh_put_be32(s + 4, 20 + slot);
    memset(s + 8, (int)(0x51 + slot), 32);
    exh_put_be32(s + 40, 2 + slot * MATERIAL_SECTORS);
    exh_put_be32(s + 44, STRIPES);
    material = h + (size_t)(2 + slot * MATERIAL_SECTORS) * 512;
    for (size_t i = 0; i < STRIPES - 1; i++) { /* the last makes the sum the key */
        for (size_t b = 0; b < k->key_bytes; b++)
            d[b] ^= material[i * k->key_bytes + b] = (uint8_t)(i * 37 + b * 11 + slot);
        spread(md, d, k->key_bytes);
    }
    for (size_t b = 0; b < k->key_bytes; b++)
        material[(STRIPES - 1) * k->key_bytes + b] = d[b] ^ master[b];
    assert_int_equal(PKCS5_PBKDF2_HMAC(phrase, (int)strlen(phrase), s + 8, 32, (int)(20 + slot), md, (int)k->key_bytes, key), 1);
    encrypt(k, key, 0, material, (STRIPES * k->key_bytes + 511) / 512 * 512);
}

/* Slot 1 for "second", slot 6 for "sixth"; the others are free. */
static void put_luks(uint8_t *h, const struct kind *k)
{
    memset(h, 0, LUKS_BYTES);
    memcpy(h, "LUKS\xBA\xBE\0\1", 8);
    memcpy(h + 8, "aes", 3);
    memcpy(h + 40, k->mode, strlen(k->mode));
    memcpy(h + 72, k->hash, strlen(k->hash));
    exh_put_be32(h + 104, 32);
    exh_put_be32(h + 108, k->key_bytes);
    memset(h + 132, 0xA7, 32);
    exh_put_be32(h + 164, 15);
    memcpy(h + 168, "11111111-2222-3333-4444-555555555555", 36);
    assert_int_equal(PKCS5_PBKDF2_HMAC((const char *)master, (int)k->key_bytes, h + 132, 32, 15, EVP_get_digestbyname(k->hash), 20, h + 112), 1);
    for (unsigned i = 0; i < 8; i++) {
        exh_put_be32(h + SLOTS_AT + i * SLOT_BYTES, EXH_LUKS_INACTIVE);
        exh_put_be32(h + SLOTS_AT + i * SLOT_BYTES + 44, 4000);
    }
    put_slot(h, k, 1, "second");
    put_slot(h, k, 6, "sixth");
}

/* Clusters 0 and 1 together, 2 "zeros", 3 nothing, 4 by itself, 5 nothing. */
static void make_qcow(const struct kind *k, bool luks, const char *old_phrase)
{
    struct kind old = {"cbc-plain64", "AES-128-CBC", 16, NULL};
    uint8_t old_key[16] = {0};
    memset(file, 0, sizeof file);
    memset(disk, 0, sizeof disk);
    for (uint32_t i = 0; i < CLUSTER; i++)
        disk[i] = (uint8_t)(i * 3 + i / 251), disk[CLUSTER + i] = (uint8_t)(i / 16), disk[4 * CLUSTER + i] = (uint8_t)(0xF0 - i);
    exh_put_be32(file, 0x514649FBu);
    exh_put_be32(file + 4, 3);
    exh_put_be32(file + 20, 12);
    exh_put_be64(file + 24, DISK_BYTES);
    exh_put_be32(file + 32, luks ? 2 : 1);
    exh_put_be32(file + 36, 1);
    exh_put_be64(file + 40, L1_AT);
    exh_put_be32(file + 96, 4);
    exh_put_be32(file + 100, 104);
    exh_put_be64(file + L1_AT, L2_AT);
    exh_put_be64(file + L2_AT, DATA_AT);
    exh_put_be64(file + L2_AT + 8, DATA_AT + CLUSTER);
    exh_put_be64(file + L2_AT + 16, 1);
    exh_put_be64(file + L2_AT + 32, FOURTH_AT);
    memcpy(file + DATA_AT, disk, 2 * CLUSTER);
    memcpy(file + FOURTH_AT, disk + 4 * CLUSTER, CLUSTER);
    if (luks) {
        exh_put_be32(file + 104, 0x0537BE77u);
        exh_put_be32(file + 108, 16);
        exh_put_be64(file + 112, LUKS_AT);
        exh_put_be64(file + 120, LUKS_BYTES);
        put_luks(file + LUKS_AT, k);
        encrypt(k, master, DATA_AT / 512, file + DATA_AT, 2 * CLUSTER);
        encrypt(k, master, FOURTH_AT / 512, file + FOURTH_AT, CLUSTER);
    } else {
        memcpy(old_key, old_phrase, strlen(old_phrase) < 16 ? strlen(old_phrase) : 16);
        encrypt(&old, old_key, 0, file + DATA_AT, 2 * CLUSTER);
        encrypt(&old, old_key, 4 * CLUSTER / 512, file + FOURTH_AT, CLUSTER);
    }
}

/* ---- reading ---- */

static struct exh_phrase phrase_of(const char *text)
{
    struct exh_phrase p = {.length = strlen(text)};
    memcpy(p.text, text, p.length);
    return p;
}

static bool open_luks(const char *phrase, uint8_t key[EXH_CRYPT_KEY_MAX], struct exh_luks *l, struct exh_error *err)
{
    struct exh_source *s = exh_source_memory(file, sizeof file, "toy");
    struct exh_phrase p = phrase_of(phrase);
    exh_error_clear(err);
    bool ok = exh_luks_read(s, LUKS_AT, LUKS_BYTES, l, err) && exh_luks_open(s, l, &p, key, err);
    exh_source_close(s);
    return ok;
}

static bool give(void *context, char *out, size_t room, size_t *length, struct exh_error *err)
{
    (void)err;
    *length = strlen(context);
    assert_true(*length <= room);
    memcpy(out, context, *length);
    return true;
}

/* A source with one stretch that the operating system refuses to read. */
struct flaky {
    struct exh_source source;
    uint64_t bad, bad_bytes;
};

static size_t flaky_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    const struct flaky *f = (const struct flaky *)source;
    size_t good = length;
    if (offset >= DATA_AT && offset < f->bad + f->bad_bytes && offset + length > f->bad) { /* not a page of tables, which begins at 0 */
        good = offset < f->bad ? (size_t)(f->bad - offset) : 0;
        (void)exh_fail_sys(err, 5 /* EIO */, offset + good, "cannot read");
    }
    memcpy(buffer, file + offset, good);
    return good;
}

static void flaky_close(struct exh_source *source) { (void)source; }

static const struct exh_source_ops flaky_ops = {.read = flaky_read, .close = flaky_close};

static struct exh_medium *open_qcow(struct flaky *f, const char *phrase, uint32_t sector_bytes, struct exh_error *err)
{
    struct exh_secret secret = {give, (void *)(uintptr_t)phrase};
    struct exh_open options = {.path = "toy.qcow2", .sector_bytes = sector_bytes, .secret = phrase != NULL ? &secret : NULL};
    exh_error_clear(err);
    return exh_format_qcow2.open(&f->source, &options, err);
}

static struct flaky whole(void) { return (struct flaky){.source = {.ops = &flaky_ops, .size = FILE_BYTES, .name = "toy.qcow2"}}; }

/* Reads in pieces of `count` sectors; *bad[i] is what the state of byte i's sector is. */
static void read_all(struct exh_medium *m, uint32_t count, uint8_t *out, uint8_t *states)
{
    struct exh_error err = {0};
    struct exh_scratch *scratch;
    struct exh_block block;
    struct exh_faults faults = {0};
    const struct exh_track *t = &m->layout->tracks[0];
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, count, t->main_bytes, 0, &err));
    for (uint64_t lba = 0; lba < t->sectors; lba += count) {
        uint32_t n = t->sectors - lba < count ? (uint32_t)(t->sectors - lba) : count;
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = n, .effort = EXH_THOROUGH};
        if (!exh_medium_read(m, scratch, &want, &block, &faults, &err))
            fail_msg("%s", err.text);
        memcpy(out + lba * t->main_bytes, block.main, (size_t)exh_block_bytes(&block));
        for (uint32_t i = 0; i < n; i++)
            states[lba + i] = block.state[i];
    }
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
}

/* ---- tests ---- */

static void every_cipher_and_slot(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct exh_error err;
        struct exh_luks l;
        uint8_t key[EXH_CRYPT_KEY_MAX];
        make_qcow(&kinds[i], true, NULL);
        if (!open_luks("second", key, &l, &err))
            fail_msg("%s: %s", kinds[i].mode, err.text);
        assert_memory_equal(key, master, kinds[i].key_bytes);
        assert_true(open_luks("sixth", key, &l, &err));
        assert_memory_equal(key, master, kinds[i].key_bytes);
        assert_false(open_luks("Second", key, &l, &err));
        assert_int_equal(err.code, EXH_SECRET);
        static const uint8_t none[EXH_CRYPT_KEY_MAX];
        assert_memory_equal(key, none, sizeof none);
        for (uint32_t count = 1; count < 60; count = count * 3 + 1) {
            struct flaky f = whole();
            static uint8_t out[DISK_BYTES], states[DISK_BYTES / 512];
            struct exh_medium *m = open_qcow(&f, "sixth", 0, &err);
            assert_non_null(m);
            assert_null(m->caveat);
            read_all(m, count, out, states);
            assert_memory_equal(out, disk, DISK_BYTES);
            exh_medium_close(m);
        }
    }
}

static void the_old_method(void **state)
{
    (void)state;
    static const char *const phrases[] = {"short", "sixteen letters.", "sixteen letters. and more of them"};
    static uint8_t out[DISK_BYTES], states[DISK_BYTES / 512];
    for (size_t i = 0; i < 3; i++) {
        struct flaky f = whole();
        struct exh_error err;
        struct exh_inspection in = {0};
        make_qcow(NULL, false, phrases[i]);
        struct exh_medium *m = open_qcow(&f, phrases[i], 0, &err);
        assert_non_null(m);
        assert_non_null(m->caveat);
        read_all(m, 5, out, states);
        assert_memory_equal(out, disk, DISK_BYTES);
        assert_true(exh_medium_inspect(m, &in, &err));
        unsigned told = 0;
        for (size_t r = 0; r < in.remark_count; r++)
            told += strcmp(in.remarks[r].check, "passphrase") == 0 && in.remarks[r].outcome == EXH_WARNS;
        assert_int_equal(told, 1);
        exh_inspection_close(&in);
        exh_medium_close(m);
        m = open_qcow(&f, "not this one", 0, &err); /* which nothing shows */
        assert_non_null(m);
        read_all(m, 5, out, states);
        assert_memory_not_equal(out, disk, DISK_BYTES);
        exh_medium_close(m);
        assert_null(open_qcow(&f, NULL, 0, &err));
        assert_int_equal(err.code, EXH_SECRET);
    }
}

/* One bad sector, and one where the file ends within a cluster: its neighbours are read, and are right. */
static void bad_sectors_cost_no_neighbour(void **state)
{
    (void)state;
    static uint8_t out[DISK_BYTES], states[DISK_BYTES / 512];
    for (unsigned luks = 0; luks < 2; luks++)
        for (uint32_t size = 512; size <= 4096; size *= 8)
            for (uint64_t at = DATA_AT; at < DATA_AT + 2 * CLUSTER; at += 1300) {
                struct flaky f = whole();
                struct exh_error err;
                make_qcow(&kinds[0], luks == 1, "second");
                f.bad = at, f.bad_bytes = 40;
                struct exh_medium *m = open_qcow(&f, "second", size, &err);
                assert_non_null(m);
                read_all(m, DISK_BYTES / size, out, states);
                for (uint32_t i = 0; i < DISK_BYTES / size; i++) {
                    uint64_t from = DATA_AT + (uint64_t)i * size;
                    bool hit = i < 2 * CLUSTER / size && from < at + 40 && from + size > at;
                    assert_int_equal(states[i], hit ? EXH_BAD : EXH_GOOD);
                    if (!hit)
                        assert_memory_equal(out + i * size, disk + i * size, size);
                }
                exh_medium_close(m);
            }
    for (uint64_t end = FOURTH_AT + 1; end < FOURTH_AT + CLUSTER; end += 333) { /* the old method needs nothing behind it */
        struct flaky f = whole();
        struct exh_error err;
        make_qcow(NULL, false, "second");
        f.source.size = end;
        struct exh_medium *m = open_qcow(&f, "second", 512, &err);
        assert_non_null(m);
        read_all(m, DISK_BYTES / 512, out, states);
        for (uint32_t i = 0; i < DISK_BYTES / 512; i++) {
            bool gone = i >= 4 * CLUSTER / 512 && i < 5 * CLUSTER / 512 && FOURTH_AT + (uint64_t)(i + 1) * 512 - 4 * CLUSTER > end;
            assert_int_equal(states[i], gone ? EXH_MISSING : EXH_GOOD);
            if (!gone)
                assert_memory_equal(out + i * 512, disk + i * 512, 512);
        }
        exh_medium_close(m);
    }
}

/* A disk that ends within a sector of the cipher, and sectors that are none of it. */
static void odd_sizes(void **state)
{
    (void)state;
    static uint8_t out[DISK_BYTES], states[DISK_BYTES / 512];
    struct flaky f = whole();
    struct exh_error err;
    make_qcow(&kinds[0], true, NULL);
    exh_put_be64(file + 24, 5 * CLUSTER - 100);
    struct exh_medium *m = open_qcow(&f, "second", 0, &err);
    assert_non_null(m);
    read_all(m, 7, out, states);
    assert_memory_equal(out, disk, 5 * CLUSTER - 100);
    exh_medium_close(m);
    assert_null(open_qcow(&f, "second", 520, &err));
    assert_int_equal(err.code, EXH_USAGE);
    m = open_qcow(&f, "second", 1024, &err);
    assert_non_null(m);
    exh_medium_close(m);
}

static void refuse(const char *phrase, enum exh_code code, uint64_t at, const char *text)
{
    struct flaky f = whole();
    struct exh_error err;
    struct exh_medium *m = open_qcow(&f, phrase, 0, &err);
    if (m != NULL || err.code != code || strstr(err.text, text) == NULL || (at != 0 && err.at != at))
        fail_msg("%d, '%s' at %llu: not '%s' at %llu", (int)err.code, err.text, (unsigned long long)err.at, text, (unsigned long long)at);
}

static void hostile_headers(void **state)
{
    (void)state;
    const uint32_t slot = SLOTS_AT + SLOT_BYTES, L = LUKS_AT;
    const struct {
        uint32_t at, value;
        enum exh_code code;
        uint32_t told_at;
        const char *text;
    } fields[] = {{0, 0x4C554B54, EXH_CORRUPT, L, "no LUKS header"},
                  {4, 0xBABE0002u, EXH_UNSUPPORTED, L + 6, "LUKS version 2"},
                  {4, 0xBABE0000u, EXH_UNSUPPORTED, L + 6, "LUKS version 0"},
                  {8, 0x41455300, EXH_UNSUPPORTED, L + 8, "'AES-xts-plain64' is not known"},
                  {8, 0, EXH_UNSUPPORTED, L + 8, "'-xts-plain64' is not known"},
                  {8, 0x1B5B324A, EXH_CORRUPT, L + 8, "the cipher's name is no text"},
                  {40, 0x7874732D, EXH_OK, 0, ""}, /* as it was */
                  {40, 0x6C72772D, EXH_UNSUPPORTED, L + 8, "'aes-lrw-plain64'"},
                  {44, 0x706C6100, EXH_UNSUPPORTED, L + 8, "'aes-xts-pla'"},
                  {72, 0x77686972, EXH_UNSUPPORTED, L + 72, "the digest 'whir56'"},
                  {72, 0, EXH_UNSUPPORTED, L + 72, "the digest ''"},
                  {104, 0, EXH_OK, 0, ""}, /* where a payload would begin: here it begins nowhere */
                  {104, UINT32_MAX, EXH_OK, 0, ""},
                  {108, 0, EXH_CORRUPT, L + 108, "a key of 0 bytes"},
                  {108, 65, EXH_CORRUPT, L + 108, "a key of 65 bytes"},
                  {108, 33, EXH_CORRUPT, L + 108, "a key of 33 bytes"},
                  {108, 48, EXH_UNSUPPORTED, L + 8, "AES-192"},
                  {108, UINT32_MAX, EXH_CORRUPT, L + 108, "a key of 4294967295 bytes"},
                  {108, 32, EXH_SECRET, 0, "does not open"},
                  {112, 0, EXH_SECRET, 0, "does not open"},
                  {164, 0, EXH_CORRUPT, L + 164, "by 0 iterations"},
                  {164, UINT32_MAX, EXH_LIMIT, L + 164, "by 4294967295 iterations"},
                  {164, 14, EXH_SECRET, 0, "does not open"},
                  {168, 0xFFFFFFFFu, EXH_OK, 0, ""},
                  {slot, 0, EXH_SECRET, 0, "does not open"}, /* neither in use nor free: it is not tried */
                  {slot, EXH_LUKS_INACTIVE, EXH_SECRET, 0, "does not open"},
                  {slot + 4, 0, EXH_SECRET, 0, "key slot 1: the key is derived by 0 iterations"},
                  {slot + 4, UINT32_MAX, EXH_SECRET, 0, "key slot 1: the key is derived by 4294967295 iterations"},
                  {slot + 4, EXH_CRYPT_ITERATIONS_MAX + 1, EXH_SECRET, 0, "key slot 1: the key is derived by"},
                  {slot + 40, 0, EXH_SECRET, 0, "at 0 of an encryption header"},
                  {slot + 40, 1, EXH_SECRET, 0, "at 512 of an encryption header"},
                  {slot + 40, 31, EXH_SECRET, 0, "at 15872 of an encryption header of 16384"},
                  {slot + 40, UINT32_MAX, EXH_SECRET, 0, "at 2199023255040 of an encryption header"},
                  {slot + 40, 3, EXH_SECRET, 0, "does not open"},
                  {slot + 44, 0, EXH_SECRET, 0, "over 0 stripes"},
                  {slot + 44, UINT32_MAX, EXH_SECRET, 0, "over 4294967295 stripes"},
                  {slot + 44, EXH_LUKS_STRIPES_MAX, EXH_SECRET, 0, "key material of 1048576 bytes"},
                  {slot + 44, STRIPES + 1, EXH_SECRET, 0, "does not open"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        make_qcow(&kinds[0], true, NULL);
        exh_put_be32(file + LUKS_AT + fields[i].at, fields[i].value);
        if (fields[i].code != EXH_OK) {
            refuse("second", fields[i].code, fields[i].told_at, fields[i].text);
            continue;
        }
        struct flaky f = whole();
        struct exh_error err;
        struct exh_medium *m = open_qcow(&f, "second", 0, &err);
        if (m == NULL)
            fail_msg("%u: %s", fields[i].at, err.text);
        exh_medium_close(m);
    }
    static const uint32_t names[] = {8, 40, 72};
    for (size_t i = 0; i < 3; i++) { /* 32 letters and no end */
        make_qcow(&kinds[0], true, NULL);
        memset(file + LUKS_AT + names[i], 'a', 32);
        refuse("second", EXH_CORRUPT, LUKS_AT + names[i], "is no text that ends within its 32 bytes");
    }
    make_qcow(&kinds[0], true, NULL); /* the only slot in use cannot be tried: that is told, and not that the passphrase is wrong */
    exh_put_be32(file + LUKS_AT + SLOTS_AT + 6 * SLOT_BYTES, EXH_LUKS_INACTIVE);
    exh_put_be32(file + LUKS_AT + slot + 44, 0);
    refuse("second", EXH_CORRUPT, LUKS_AT + slot, "key slot 1: the key is spread over 0 stripes");
    exh_put_be32(file + LUKS_AT + slot, 7);
    refuse("second", EXH_UNSUPPORTED, LUKS_AT + SLOTS_AT, "no key slot is in use");
}

static void where_the_header_lies(void **state)
{
    (void)state;
    static const struct {
        uint32_t at, bytes;
        uint64_t value;
        enum exh_code code;
        const char *text;
    } fields[] = {{104, 4, 0, EXH_CORRUPT, "does not say where"},
                  {108, 4, 15, EXH_CORRUPT, "pointer of 15 bytes"},
                  {108, 4, UINT32_MAX, EXH_CORRUPT, "pointer of 4294967295 bytes"},
                  {112, 8, 0, EXH_CORRUPT, "no LUKS header"},
                  {112, 8, LUKS_AT + 512, EXH_CORRUPT, "no multiple"},
                  {112, 8, FILE_BYTES, EXH_CORRUPT, "where the file ends at 49152"},
                  {112, 8, UINT64_MAX - CLUSTER + 1, EXH_CORRUPT, "where the file ends at 49152"},
                  {120, 8, 0, EXH_CORRUPT, "does not say where"},
                  {120, 8, 591, EXH_CORRUPT, "a LUKS header of 591 bytes"},
                  {120, 8, 592, EXH_CORRUPT, "of an encryption header of 592"},
                  {120, 8, LUKS_BYTES + 1, EXH_CORRUPT, "a LUKS header of 16385 bytes"},
                  {120, 8, UINT64_MAX, EXH_CORRUPT, "where the file ends"},
                  {32, 4, 3, EXH_UNSUPPORTED, "method 3"}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        make_qcow(&kinds[0], true, NULL);
        if (fields[i].bytes == 4)
            exh_put_be32(file + fields[i].at, (uint32_t)fields[i].value);
        else
            exh_put_be64(file + fields[i].at, fields[i].value);
        refuse("second", fields[i].code, 0, fields[i].text);
    }
    make_qcow(&kinds[0], true, NULL);
    refuse(NULL, EXH_SECRET, 0, "there is no passphrase");
    for (uint32_t at = 0; at < EXH_LUKS_HEADER; at += 3) { /* no byte of it crashes, and none makes a bug of it */
        struct flaky f = whole();
        struct exh_error err;
        if (at == 165 || (at >= SLOTS_AT && (at - SLOTS_AT) % SLOT_BYTES == 5))
            continue; /* 8 million iterations: allowed, and slow */
        make_qcow(&kinds[1], true, NULL);
        file[LUKS_AT + at] ^= 0x81;
        struct exh_medium *m = open_qcow(&f, "second", 0, &err);
        assert_true(m != NULL || (err.code != EXH_OK && err.code != EXH_BUG));
        exh_medium_close(m);
    }
}

static unsigned remarks_of(const char *check, enum exh_outcome outcome)
{
    struct flaky f = whole();
    struct exh_error err;
    struct exh_inspection in = {0};
    struct exh_medium *m = open_qcow(&f, "second", 0, &err);
    unsigned n = 0;
    assert_non_null(m);
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        n += strcmp(in.remarks[i].check, check) == 0 && in.remarks[i].outcome == outcome;
    exh_inspection_close(&in);
    exh_medium_close(m);
    return n;
}

static void what_inspection_tells(void **state)
{
    (void)state;
    make_qcow(&kinds[0], true, NULL);
    assert_int_equal(remarks_of("overlap", EXH_FAILS), 0);
    assert_int_equal(remarks_of("key-slot", EXH_WARNS), 0);
    exh_put_be32(file + LUKS_AT + SLOTS_AT + 3 * SLOT_BYTES, 0xDEAE);
    exh_put_be32(file + LUKS_AT + SLOTS_AT + 4 * SLOT_BYTES, 0);
    assert_int_equal(remarks_of("key-slot", EXH_WARNS), 2);
    exh_put_be64(file + L2_AT + 40, LUKS_AT + CLUSTER); /* a cluster of the disk within the header */
    assert_int_equal(remarks_of("overlap", EXH_FAILS), 1);
    make_qcow(&kinds[0], true, NULL);
    exh_put_be32(file + 32, 0); /* no longer said to be encrypted */
    assert_int_equal(remarks_of("encryption", EXH_WARNS), 1);
    exh_put_be64(file + 112, FILE_BYTES);
    assert_int_equal(remarks_of("out-of-range", EXH_FAILS), 1);
    exh_put_be32(file + 108, 15); /* nothing hangs on it */
    assert_int_equal(remarks_of("encryption", EXH_WARNS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_cipher_and_slot),
                                       cmocka_unit_test(the_old_method),
                                       cmocka_unit_test(bad_sectors_cost_no_neighbour),
                                       cmocka_unit_test(odd_sizes),
                                       cmocka_unit_test(hostile_headers),
                                       cmocka_unit_test(where_the_header_lies),
                                       cmocka_unit_test(what_inspection_tells)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
