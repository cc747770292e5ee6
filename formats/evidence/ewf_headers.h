/* ewf_headers.h - the small sections of an E01 as the bytes to store: case data, shape, digests, unreadable sectors, and every section's descriptor.
 *
 * The counterpart of what ewf_sections, ewf_text and ewf_seal read, in the form of EnCase 6. Little-endian; each body ends in its Adler-32 but for
 * the two compressed texts. Pure functions. Source: libewf's "Expert Witness Compression Format" document, clauses "Header", "Header2", "Volume",
 * "Error2", "Digest" and "Hash section". */
#ifndef EXH_FORMATS_EVIDENCE_EWF_HEADERS_H
#define EXH_FORMATS_EVIDENCE_EWF_HEADERS_H

#include "formats/evidence/ewf_sections.h"
#include "formats/model/fields.h"
#include "formats/model/seal.h"

/* The bodies of `header2` and `header`, compressed; exh_ewf_headers_close frees. */
struct exh_ewf_headers {
    uint8_t *header2, *header;
    size_t header2_bytes, header_bytes;
};

/* A section that begins at `offset`, `bytes` long with its descriptor; `next` and `done` (bytes 0) point to themselves. */
void exh_ewf_descriptor_put(const char *type, uint64_t offset, uint64_t bytes, uint8_t out[EXH_EWF_DESCRIPTOR_BYTES]);

/* From values by libewf's identifiers (exh_ewf_values_of: UTF-8 without tab and newline). header2 is UTF-16; header is ASCII with '?' for what
 * that lacks, and gives the time in UTC, because it has no place for a zone. EXH_USAGE when the time has no date. */
EXH_MUST_CHECK bool exh_ewf_headers_build(const struct exh_fields *values, uint64_t unix_time, struct exh_ewf_headers *out, struct exh_error *err);
void exh_ewf_headers_close(struct exh_ewf_headers *headers);

/* The body of `volume` and of `data`. */
void exh_ewf_volume_put(const struct exh_ewf_volume *volume, uint8_t out[EXH_EWF_VOLUME_BYTES]);

/* md5 (16 bytes) or sha1 (20 bytes) may be NULL in `digest`: zeros, which stand for "none". */
void exh_ewf_digest_put(const uint8_t *md5, const uint8_t *sha1, uint8_t out[EXH_EWF_DIGEST_BYTES]);
void exh_ewf_hash_put(const uint8_t md5[16], uint8_t out[EXH_EWF_HASH_BYTES]);

/* The body of `error2`, on the heap; *out NULL and *length 0 when no range of the list can be named by it (exh_ewf_error_range). The list counts
 * from the medium's first sector. */
EXH_MUST_CHECK bool exh_ewf_error2_build(const struct exh_sectors *unreadable, uint8_t **out, size_t *length, struct exh_error *err);

#endif
