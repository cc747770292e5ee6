/* seal.h - what is known of an image as a whole: digests with their scopes, unreadable ranges, chunk digests, case data.
 *
 * A seal is what an image says of itself (medium->seal), what the ledger says of it (claim.h), or what this run found.
 * Scopes: "media" (the media stream), "padded" (the media stream with the last sector filled up with zeros: what EWF hashes),
 * "file:NAME" (a container file), "track:N", ...  Every digest says its scope and how many sectors under it were not good.
 * Values are immutable once handed on; exh_seal_close frees. */
#ifndef EXH_FORMATS_MODEL_SEAL_H
#define EXH_FORMATS_MODEL_SEAL_H

#include "formats/model/fields.h"
#include "formats/model/sectors.h"

#define EXH_DIGEST_BYTES_MAX 64u

struct exh_digest_value {
    char scope[280];    /* room for "file:" and a file name of 255 bytes */
    char algorithm[24]; /* lower case, OpenSSL's name: md5, sha1, sha256, blake2b512 */
    uint8_t bytes[EXH_DIGEST_BYTES_MAX];
    uint32_t length;
    uint64_t not_good; /* sectors in scope that were not read well (zeros stand for them) */
};

struct exh_digests {
    struct exh_digest_value *items;
    size_t count, capacity;
};

/* SHA-256 of one chunk's main bytes, unreadable sectors as zeros. A chunk never crosses a track. */
struct exh_chunk {
    int64_t lba;
    uint32_t sectors, not_good;
    uint8_t track;
    uint8_t sha256[32];
};

struct exh_chunks {
    uint32_t sectors; /* sectors per chunk; 0 = no chunk digests */
    struct exh_chunk *items;
    size_t count, capacity;
    uint8_t root[32]; /* RFC 6962 Merkle root over the lines "track lba sectors not_good hex LF" */
};

struct exh_seal {
    struct exh_digests digests;
    struct exh_sectors unreadable; /* state BAD: the device could not read them when the image was made */
    struct exh_chunks chunks;
    struct exh_fields fields; /* case data, as stored */
    bool filled;              /* a pattern, not zeros, stands in the unreadable sectors of the image; in chunk digests they are zeros all the same */
    bool unfinished;          /* the image says that its making was cut short */
};

EXH_MUST_CHECK bool exh_digests_add(struct exh_digests *list, const struct exh_digest_value *value, struct exh_error *err);
/* By scope and algorithm, or NULL. */
const struct exh_digest_value *exh_digests_find(const struct exh_digests *list, const char *scope, const char *algorithm);
/* Builds one from hex. EXH_USAGE when the hex is not one. */
EXH_MUST_CHECK bool exh_digest_value_set(struct exh_digest_value *out, const char *scope, const char *algorithm, const char *hex,
                                         struct exh_error *err);
EXH_MUST_CHECK bool exh_chunks_add(struct exh_chunks *chunks, const struct exh_chunk *chunk, struct exh_error *err);
EXH_MUST_CHECK bool exh_seal_copy(struct exh_seal *to, const struct exh_seal *from, struct exh_error *err); /* to: zeroed */
void exh_seal_close(struct exh_seal *seal);

#endif
