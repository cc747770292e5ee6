/* Encrypted Apple images: version 2 written by the test from the facts of the format, version 1 around two published key vectors; wrong passphrases,
 * several key records, hostile headers, damage. */
#include "tests/unit/dmg_lab.h"

#include <openssl/hmac.h>
#include <unistd.h>

#include "formats/container/crypt.h"
#include "formats/disk/dmg_crypt.h"
#include "formats/model/text.h"

#define ITERATIONS 10u
#define DATA_AT 8192u
#define V1_HEADER 1276u

static char folder[] = "/tmp/exhibit-crypt.XXXXXX";
static uint8_t file[LAB_ROOM];
static const uint8_t aes_key[32] = "0123456789abcdefghijklmnopqrstu", hmac_key[20] = "the key of the IVs:";

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put_file(const char *name, size_t length)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(file, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static bool give(void *context, char *out, size_t room, size_t *length, struct exh_error *err)
{
    (void)err;
    *length = strlen(context);
    assert_true(*length <= room);
    memcpy(out, context, *length);
    return true;
}

static struct exh_medium *open_file(const char *name, const char *passphrase, struct exh_error *err)
{
    struct exh_medium *m = NULL;
    struct exh_secret secret = {give, (void *)(uintptr_t)passphrase};
    struct exh_open options = {.secret = passphrase != NULL ? &secret : NULL};
    exh_error_clear(err);
    return exh_image_open(path_of(name), NULL, &options, &m, err) ? m : NULL;
}

static struct exh_source *unwrap_bytes(size_t length, const char *passphrase, struct exh_error *err)
{
    struct exh_secret secret = {give, (void *)(uintptr_t)passphrase};
    struct exh_open options = {.secret = &secret};
    struct exh_source *of = exh_source_memory(file, length, "lab.dmg");
    char *how = NULL;
    assert_non_null(of);
    exh_error_clear(err);
    struct exh_source *inside = exh_format_dmg_crypt.unwrap(of, &options, &how, err);
    assert_true((inside != NULL) == (how != NULL));
    free(how);
    if (inside == NULL)
        exh_source_close(of);
    return inside;
}

static void cipher(const EVP_CIPHER *kind, const uint8_t *key, const uint8_t *iv, bool padded, const uint8_t *in, size_t length, uint8_t *out,
                   size_t *made)
{
    int first, last;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(c, kind, NULL, key, iv), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(c, padded), 1);
    assert_int_equal(EVP_EncryptUpdate(c, out, &first, in, (int)length), 1);
    assert_int_equal(EVP_EncryptFinal_ex(c, out + first, &last), 1);
    *made = (size_t)(first + last);
    EVP_CIPHER_CTX_free(c);
}

/* `length` plain bytes into blocks at `to`; the last one filled up with 0xEE. */
static size_t encrypt(const uint8_t *plain, size_t length, const uint8_t *key, unsigned bits, const uint8_t *mac_key, uint32_t block, uint8_t *to)
{
    size_t made, at = 0;
    for (uint32_t i = 0; at < length; i++, at += block) {
        uint8_t bytes[65536], iv[20], number[4];
        size_t n = length - at < block ? length - at : block;
        memset(bytes, 0xEE, block);
        memcpy(bytes, plain + at, n);
        exh_put_be32(number, i);
        assert_non_null(HMAC(EVP_sha1(), mac_key, 20, number, 4, iv, NULL));
        cipher(bits == 256 ? EVP_aes_256_cbc() : EVP_aes_128_cbc(), key, iv, false, bytes, block, to + at, &made);
        assert_int_equal(made, block);
    }
    return at;
}

static void put_key(uint8_t *r, const char *passphrase, unsigned bits)
{
    uint8_t key[24], plain[64];
    size_t made;
    exh_put_be32(r, 103);
    exh_put_be32(r + 8, ITERATIONS);
    exh_put_be32(r + 12, 20);
    memcpy(r + 16, "salt and more salt..", 20);
    exh_put_be32(r + 48, 8);
    memcpy(r + 52, "iviviviv", 8);
    exh_put_be32(r + 84, 192);
    exh_put_be32(r + 88, 17);
    exh_put_be32(r + 92, 7);
    exh_put_be32(r + 96, 6);
    assert_int_equal(PKCS5_PBKDF2_HMAC(passphrase, (int)strlen(passphrase), r + 16, 20, ITERATIONS, EVP_sha1(), 24, key), 1);
    memcpy(plain, aes_key, bits / 8);
    memcpy(plain + bits / 8, hmac_key, 20);
    memcpy(plain + bits / 8 + 20, "CKIE", 5);
    cipher(EVP_des_ede3_cbc(), key, r + 52, true, plain, bits / 8 + 25, r + 104, &made);
    exh_put_be32(r + 100, (uint32_t)made);
}

/* Three records: for a certificate, for "other", for "secret". Returns the file's length. */
static size_t make_v2(const uint8_t *plain, size_t length, unsigned bits, uint32_t block)
{
    static const uint32_t types[] = {2, 1, 1}, places[] = {4096, 1024, 2048};
    memset(file, 0, sizeof file);
    memcpy(file, "encrcdsa", 8);
    exh_put_be32(file + 8, 2);
    exh_put_be32(file + 12, 16);
    exh_put_be32(file + 16, 5);
    exh_put_be32(file + 20, 0x80000001u);
    exh_put_be32(file + 24, bits);
    exh_put_be32(file + 28, 91);
    exh_put_be32(file + 32, 160);
    exh_put_be32(file + 52, block);
    exh_put_be64(file + 56, length);
    exh_put_be64(file + 64, DATA_AT);
    exh_put_be32(file + 72, 3);
    for (unsigned i = 0; i < 3; i++) {
        exh_put_be32(file + 76 + 20 * i, types[i]);
        exh_put_be64(file + 80 + 20 * i, places[i]);
        exh_put_be64(file + 88 + 20 * i, 616);
    }
    put_key(file + 1024, "other", bits);
    put_key(file + 2048, "secret", bits);
    return DATA_AT + encrypt(plain, length, aes_key, bits, hmac_key, block, file + DATA_AT);
}

static void expect_bytes(struct exh_source *s, const uint8_t *plain, size_t length)
{
    static uint8_t got[LAB_ROOM];
    struct exh_error err = {0};
    assert_int_equal(s->size, length);
    assert_true(exh_source_read(s, 0, got, length, &err));
    assert_memory_equal(got, plain, length);
    for (size_t at = 0; at < length; at += at / 3 + 1) /* odd places and lengths */
        for (size_t n = 1; n <= length - at; n = n * 5 + 2) {
            assert_true(exh_source_read(s, at, got, n, &err));
            assert_memory_equal(got, plain + at, n);
        }
}

static void blocks_of_every_size(void **state)
{
    (void)state;
    static uint8_t plain[300000];
    struct exh_error err;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 5 + i / 777);
    const size_t lengths[] = {1, 511, 512, 4097, 65536, sizeof plain};
    for (unsigned bits = 128; bits <= 256; bits += 128)
        for (uint32_t block = 512; block <= 65536; block *= 2)
            for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
                size_t length = make_v2(plain, lengths[l], bits, block);
                struct exh_source *s = unwrap_bytes(length, l % 2 == 0 ? "secret" : "other", &err);
                assert_non_null(s);
                expect_bytes(s, plain, lengths[l]);
                exh_source_close(s);
                assert_null(unwrap_bytes(length, "Secret", &err));
                assert_int_equal(err.code, EXH_SECRET);
            }
}

static void version_1_by_published_keys(void **state)
{
    (void)state;
    static const struct {
        const char *salt, *aes, *hmac, *aes_key, *hmac_key;
    } vectors[] = {{"f615ec6c463799eccc6a2dfbedf12c6bdc422a2a",
                    "a595f4a81a490e7aa6378034661da57a424f922c971d3db3f856f8d54b0784bcc5d7182905c4237153c5d250b8aee1d26410b1dca7b1cb73",
                    "74a060efbaf2c79d5523219d8162c425befbb2094fb46e7ffaedc7cd4f192e6f0c47d8aa91e0a3201346725d3ddadfff",
                    "3c169719399778612f3c08213a0323ed41617f8b01c6d14c5cc306c1b6dd16c9", "59ce97a59b7af5b990c78597224cbb7441728fb1"},
                   {"9c82b419bdac1b3e6b71f8a6b99a7501f34b6950", "5da479e292e0acf67a9fa3e24d0a767cae2f645ff63836665068637188f4b80295de79aabdbc2536",
                    "9b136165ee73418631ccf28d5e77073788ae921df596649a7a7789585db0f13f446d5927967e2ede20ce8a4f5389185d",
                    "e40fe10febc20eabe6c9f8b7a24473f3", "75ff19e7b214e210c90084973d4663227d9b55ba"}};
    static uint8_t plain[5 * 4096];
    struct exh_error err;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i / 3);
    for (size_t v = 0; v < 2; v++) {
        uint8_t key[32], mac_key[20];
        size_t key_bytes = strlen(vectors[v].aes_key) / 2, wrapped = strlen(vectors[v].aes) / 2;
        memset(file, 0, sizeof file);
        assert_true(exh_text_unhex(vectors[v].aes_key, key, key_bytes) && exh_text_unhex(vectors[v].hmac_key, mac_key, 20));
        size_t end = encrypt(plain, sizeof plain, key, (unsigned)key_bytes * 8, mac_key, 4096, file);
        uint8_t *h = file + end;
        exh_put_be32(h + 48, 1000);
        exh_put_be32(h + 52, 20);
        assert_true(exh_text_unhex(vectors[v].salt, h + 56, 20));
        exh_put_be32(h + 136, (uint32_t)wrapped);
        assert_true(exh_text_unhex(vectors[v].aes, h + 140, wrapped));
        exh_put_be32(h + 436, 48);
        assert_true(exh_text_unhex(vectors[v].hmac, h + 440, 48));
        memcpy(h + V1_HEADER - 8, "cdsaencr", 8);
        struct exh_source *s = unwrap_bytes(end + V1_HEADER, "vilefault", &err);
        assert_non_null(s);
        expect_bytes(s, plain, sizeof plain);
        exh_source_close(s);
        assert_null(unwrap_bytes(end + V1_HEADER, "vilefaulty", &err));
        assert_int_equal(err.code, EXH_SECRET);
        for (size_t at = 48; at < 796; at += at < 60 ? 1 : 7) { /* no field of it crashes */
            uint8_t was = h[at];
            h[at] ^= at < 52 ? 0x80 : 0xFF;
            s = unwrap_bytes(end + V1_HEADER, "vilefault", &err);
            assert_true(s != NULL || err.code != EXH_BUG);
            exh_source_close(s);
            h[at] = was;
        }
    }
}

static void refuse(size_t length, enum exh_code code, const char *text)
{
    struct exh_error err;
    assert_null(unwrap_bytes(length, "secret", &err));
    if (err.code != code || strstr(err.text, text) == NULL)
        fail_msg("%d, '%s': not '%s'", (int)err.code, err.text, text);
}

static void hostile_headers(void **state)
{
    (void)state;
    static const uint8_t plain[9000];
    static const struct {
        size_t at;
        uint32_t value;
        enum exh_code code;
        const char *text;
    } fields[] = {{8, 3, EXH_UNSUPPORTED, "version"},           {16, 6, EXH_UNSUPPORTED, "mode"},
                  {20, 0x80000002u, EXH_UNSUPPORTED, "cipher"}, {24, 192, EXH_UNSUPPORTED, "192 bits"},
                  {28, 92, EXH_UNSUPPORTED, "IV function"},     {52, 0, EXH_CORRUPT, "blocks of 0"},
                  {52, 768, EXH_CORRUPT, "blocks of 768"},      {52, 1u << 17, EXH_CORRUPT, "blocks of 131072"},
                  {56, 0x1000, EXH_LIMIT, "32 bits"},           {60, 20000, EXH_CORRUPT, "pass the end"},
                  {64, 1, EXH_CORRUPT, "pass the end"},         {72, 0xFFFFFFFFu, EXH_LIMIT, "key records"},
                  {72, 1, EXH_UNSUPPORTED, "certificate"},      {72, 2, EXH_SECRET, "does not open"},
                  {72, 0, EXH_UNSUPPORTED, "certificate"},      {1024, 104, EXH_OK, ""}, /* another record opens it */
                  {2048 + 8, 0xFFFFFFFFu, EXH_SECRET, ""}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t length = make_v2(plain, sizeof plain, 128, 512);
        exh_put_be32(file + fields[i].at, fields[i].value);
        if (fields[i].code == EXH_OK) {
            struct exh_error err;
            struct exh_source *s = unwrap_bytes(length, "secret", &err);
            assert_non_null(s);
            exh_source_close(s);
        } else {
            refuse(length, fields[i].code, fields[i].text);
        }
    }
    static const struct {
        size_t at;
        uint32_t value;
        enum exh_code code;
        const char *text;
    } key_fields[] = {{0, 104, EXH_UNSUPPORTED, "key derivation 104"},
                      {4, 1, EXH_UNSUPPORTED, "pseudo-random"},
                      {8, 0xFFFFFFFFu, EXH_LIMIT, "iterations"},
                      {8, 0, EXH_CORRUPT, "iterations"},
                      {12, 33, EXH_CORRUPT, "salt of 33"},
                      {48, 33, EXH_CORRUPT, "IV of 33"},
                      {84, 128, EXH_CORRUPT, "128 bits"},
                      {88, 18, EXH_UNSUPPORTED, "cipher 18"},
                      {100, 1025, EXH_CORRUPT, "1025"},
                      {100, 0, EXH_CORRUPT, "0 bytes"}};
    for (size_t i = 0; i < sizeof key_fields / sizeof key_fields[0]; i++) {
        size_t length = make_v2(plain, sizeof plain, 128, 512);
        exh_put_be32(file + 1024 + key_fields[i].at, key_fields[i].value);
        exh_put_be32(file + 2048 + key_fields[i].at, key_fields[i].value);
        refuse(length, key_fields[i].code, key_fields[i].text);
    }
    size_t length = make_v2(plain, sizeof plain, 128, 512);
    exh_put_be64(file + 80 + 20, UINT64_MAX - 50), exh_put_be64(file + 80 + 40, length - 10);
    refuse(length, EXH_CORRUPT, "");
    for (size_t cut = 0; cut < DATA_AT + 9008; cut += cut < 2200 ? 3 : 501) { /* the last block need be there as far as the disk goes */
        struct exh_error err;
        (void)make_v2(plain, sizeof plain, 128, 512);
        assert_null(unwrap_bytes(cut, "secret", &err));
        assert_true(err.code != EXH_OK && err.code != EXH_BUG);
    }
}

/* ---- through the table of formats ---- */

static void expect_lab(struct exh_medium *m, const struct lab *l, bool same)
{
    struct exh_error err = {0};
    struct exh_scratch *scratch = NULL;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    struct exh_inspection in = {0};
    struct exh_want want = {.track = &m->layout->tracks[0], .count = LAB_SECTORS, .effort = EXH_THOROUGH};
    assert_int_equal(exh_layout_bytes(m->layout), sizeof l->disk);
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, LAB_SECTORS, 512, 0, &err));
    assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
    assert_int_equal(memcmp(block.main, l->disk, sizeof l->disk) == 0, same);
    assert_true(exh_medium_inspect(m, &in, &err));
    assert_string_equal(in.facts[0].key, "encryption");
    assert_non_null(strstr(in.facts[0].value, "encrcdsa version 2, AES-256, PBKDF2 with 10 iterations"));
    size_t failed = 0;
    for (size_t i = 0; i < in.remark_count; i++)
        failed += in.remarks[i].outcome == EXH_FAILS;
    assert_int_equal(failed, !same && strcmp(m->format, "dmg") == 0); /* only the image inside can tell */
    exh_inspection_close(&in);
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
    exh_medium_close(m);
}

static void what_lies_inside(void **state)
{
    (void)state;
    struct lab l;
    struct exh_error err;
    struct exh_medium *m;
    lab_make(&l, LAB_PLIST);
    size_t length = make_v2(l.bytes, l.length, 256, 512);
    put_file("x.dmg", length);
    assert_non_null(m = open_file("x.dmg", "secret", &err));
    assert_string_equal(m->format, "dmg");
    expect_lab(m, &l, true);
    assert_null(open_file("x.dmg", NULL, &err));
    assert_int_equal(err.code, EXH_SECRET);
    assert_null(open_file("x.dmg", "wrong", &err));
    assert_int_equal(err.code, EXH_SECRET);
    file[DATA_AT + 700] ^= 1; /* within a raw chunk */
    put_file("x.dmg", length);
    assert_non_null(m = open_file("x.dmg", "secret", &err));
    expect_lab(m, &l, false);
    put_file("x.dmg", make_v2(l.disk, sizeof l.disk, 256, 4096)); /* a disk as it is, of no kind that is known */
    assert_non_null(m = open_file("x.dmg", "secret", &err));
    assert_string_equal(m->format, "raw");
    assert_false(m->verbatim);
    expect_lab(m, &l, true);
    static uint8_t nested[LAB_ROOM];
    length = make_v2(l.disk, sizeof l.disk, 256, 512);
    memcpy(nested, file, length);
    put_file("x.dmg", make_v2(nested, length, 256, 512));
    assert_null(open_file("x.dmg", "secret", &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_int_equal(unlink(path_of("x.dmg")), 0);
    lab_free(&l);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_of_every_size), cmocka_unit_test(version_1_by_published_keys),
                                       cmocka_unit_test(hostile_headers), cmocka_unit_test(what_lies_inside)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
