/* qcow2_crypt.c - encrypted QCOW images. See qcow2.h; QEMU, docs/interop/qcow2.txt, "Full disk encryption header pointer" and "Data encryption".
 *
 * Only data clusters are encrypted, by sectors of 512 bytes; headers and tables are not, and neither are packed clusters: qemu writes and reads those
 * as they are. Under LUKS the number of a sector, out of which its IV comes, is that of its place in the file; under the old AES method it is that of
 * its place on the disk. The old method makes a key of the passphrase as it is typed, and keeps nothing that could tell the right one. */
#include "formats/disk/qcow2.h"

#include "formats/model/bytes.h"

#define AES_KEY 16u

static const char unchecked[] = "the image is encrypted by QCOW's old AES method, which keeps nothing to check a passphrase by: with a wrong one, "
                                "what is read is noise";

void exh_qcow2_encrypted(const struct exh_qcow2 *q, uint64_t at, struct exh_place *place)
{
    place->kind = EXH_PLACE_ENCRYPTED;
    place->sector = (q->crypt == EXH_QCOW_LUKS ? place->offset : at) / EXH_CRYPT_SECTOR;
}

/* The passphrase's first 16 bytes, zeros behind a shorter one. */
static bool unlock_aes(struct exh_qcow2 *q, const struct exh_phrase *phrase, struct exh_error *err)
{
    uint8_t key[AES_KEY] = {0};
    memcpy(key, phrase->text, phrase->length < AES_KEY ? phrase->length : AES_KEY);
    q->disk.cipher = exh_sector_cipher_new("aes", "cbc-plain64", key, sizeof key, err);
    q->disk.caveat = unchecked;
    exh_crypt_forget(key, sizeof key);
    return q->disk.cipher != NULL;
}

static bool unlock_luks(struct exh_qcow2 *q, struct exh_source *source, const struct exh_phrase *phrase, struct exh_error *err)
{
    uint8_t key[EXH_CRYPT_KEY_MAX];
    if (!exh_luks_open(source, &q->luks, phrase, key, err))
        return false;
    q->disk.cipher = exh_sector_cipher_new(q->luks.cipher, q->luks.mode, key, q->luks.key_bytes, err);
    exh_crypt_forget(key, sizeof key);
    return q->disk.cipher != NULL;
}

static bool read_luks(struct exh_qcow2 *q, struct exh_source *source, struct exh_error *err)
{
    if (q->crypt_bytes == 0)
        return exh_fail(err, EXH_CORRUPT, 32, "the image is encrypted (LUKS), and does not say where its encryption header is");
    if (q->crypt_at % (1ull << q->cluster_bits) != 0)
        return exh_fail(err, EXH_CORRUPT, q->crypt_at, "the encryption header begins at %llu, which is no multiple of a cluster's %llu bytes",
                        (unsigned long long)q->crypt_at, 1ull << q->cluster_bits);
    return exh_luks_read(source, q->crypt_at, q->crypt_bytes, &q->luks, err) || exh_context(err, "the encryption header");
}

bool exh_qcow2_unlock(struct exh_qcow2 *q, struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct exh_phrase phrase;
    if (q->crypt == EXH_QCOW_PLAIN)
        return true;
    if ((q->crypt == EXH_QCOW_LUKS && !read_luks(q, source, err)) || !exh_phrase_get(options, &phrase, err))
        return false;
    bool ok = q->crypt == EXH_QCOW_LUKS ? unlock_luks(q, source, &phrase, err) : unlock_aes(q, &phrase, err);
    exh_crypt_forget(&phrase, sizeof phrase);
    return ok;
}

bool exh_qcow2_inspect_crypt(const struct exh_qcow2 *q, struct exh_inspection *in, struct exh_error *err)
{
    const char *file = q->disk.files.items[0];
    switch (q->crypt) {
    case EXH_QCOW_LUKS: return exh_luks_inspect(&q->luks, file, in, err);
    case EXH_QCOW_AES:
        return exh_inspection_fact(in, file, q->version == 1 ? 36 : 32, "encryption", err, "AES-128 in CBC mode, the key is the passphrase itself") &&
               exh_inspection_remark(in, "passphrase", EXH_WARNS, file, q->version == 1 ? 36 : 32, err, "%s", unchecked);
    default: break;
    }
    return q->crypt_bytes == 0 ||
           exh_inspection_remark(in, "encryption", EXH_WARNS, file, 32, err, "the image has an encryption header, and is not marked as encrypted");
}
