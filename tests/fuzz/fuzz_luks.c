/* Fuzz target: a LUKS header of version 1, opened by the passphrase of the seeds; what opens decrypts sectors. */
#include "disc_fuzz.h"
#include "formats/container/luks.h"

static void decrypt(const struct exh_luks *l, const uint8_t key[EXH_CRYPT_KEY_MAX])
{
    uint8_t sectors[2 * EXH_CRYPT_SECTOR] = {0};
    struct exh_error err = {0};
    struct exh_sector_cipher *c = exh_sector_cipher_new(l->cipher, l->mode, key, l->key_bytes, &err);
    disc_fuzz_must(c != NULL && exh_sector_decrypt(c, UINT64_MAX, sectors, sizeof sectors, &err));
    exh_sector_cipher_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct exh_phrase phrase = {"pass", 4};
    struct exh_source *source = exh_source_memory(data, size, "header");
    struct exh_inspection in = {0};
    struct exh_error err = {0};
    struct exh_luks l;
    uint8_t key[EXH_CRYPT_KEY_MAX];
    if (source == NULL)
        return 0;
    bool ok = exh_luks_read(source, 0, size, &l, &err);
    if (ok) {
        disc_fuzz_must(l.key_bytes <= EXH_CRYPT_KEY_MAX && exh_luks_inspect(&l, "header", &in, &err) && in.fact_count >= 2);
        ok = exh_luks_open(source, &l, &phrase, key, &err);
        if (ok)
            decrypt(&l, key);
    }
    if (!ok)
        disc_fuzz_error(&err);
    exh_inspection_close(&in);
    exh_source_close(source);
    return 0;
}
