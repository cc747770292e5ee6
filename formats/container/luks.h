/* luks.h - a LUKS header of version 1: what it says, and the key that a passphrase gets out of it (LUKS1 On-Disk Format Specification 1.2.3,
 * sections 2 to 4). Big-endian, 592 bytes, and the key material of up to eight slots behind it. Pure but for the reads; nothing is kept. */
#ifndef EXH_FORMATS_CONTAINER_LUKS_H
#define EXH_FORMATS_CONTAINER_LUKS_H

#include "formats/container/crypt.h"
#include "formats/container/phrase.h"
#include "formats/model/inspection.h"

#define EXH_LUKS_HEADER 592u
#define EXH_LUKS_SLOTS 8u
#define EXH_LUKS_SALT 32u
#define EXH_LUKS_STRIPES_MAX 16384u /* all that is written has 4000 */
#define EXH_LUKS_ACTIVE 0x00AC71F3u
#define EXH_LUKS_INACTIVE 0x0000DEADu

struct exh_luks_slot {
    uint32_t state, iterations, stripes;
    uint64_t material_at; /* bytes from the header's beginning */
    uint8_t salt[EXH_LUKS_SALT];
};

struct exh_luks {
    uint64_t at, bytes; /* of the header in its file; as far as key material may go */
    char cipher[33], mode[33], hash[33], uuid[41];
    uint32_t key_bytes, digest_iterations;
    uint64_t payload_at; /* bytes from the header's beginning; where a container keeps its data elsewhere it means nothing */
    uint8_t digest[20], digest_salt[EXH_LUKS_SALT];
    struct exh_luks_slot slots[EXH_LUKS_SLOTS];
};

/* The header that lies in [at, at + bytes) of `source`. EXH_CORRUPT: none, or broken; EXH_UNSUPPORTED names a version, cipher or digest that is not
 * read here. Slots are not judged: one of them may be broken and another open. */
EXH_MUST_CHECK bool exh_luks_read(struct exh_source *source, uint64_t at, uint64_t bytes, struct exh_luks *out, struct exh_error *err);
/* Tries every slot in use. The master key is out->key_bytes long; whoever gets it forgets it. EXH_SECRET: the passphrase opens none of them. When no
 * slot could even be tried, what the first of them has wrong. */
EXH_MUST_CHECK bool exh_luks_open(struct exh_source *source, const struct exh_luks *luks, const struct exh_phrase *phrase,
                                  uint8_t key[EXH_CRYPT_KEY_MAX], struct exh_error *err);
/* Facts "encryption", "key slots" and "encryption id", and a remark "key-slot" for each slot that is neither in use nor free. */
EXH_MUST_CHECK bool exh_luks_inspect(const struct exh_luks *luks, const char *file, struct exh_inspection *in, struct exh_error *err);

#endif
