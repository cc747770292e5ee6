/* ewf_pack.h - the chunks of an E01, made ready on any thread: compressed where that gains, raw with a checksum where not.
 *
 * A stored chunk is a zlib stream (which ends in its own Adler-32) or the bytes and their Adler-32; it never is larger than its data. The
 * medium's last sector, when it is not full, is filled up with zeros. A packing is immutable once open: any thread, each with its scratch. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_PACK_H
#define EXH_FORMATS_EVIDENCE_EWF_PACK_H

#include "formats/model/sink.h"

struct exh_ewf_packing {
    struct exh_track track; /* as declared */
    uint32_t chunk_sectors;
    size_t chunk_bytes;
    enum exh_compression compression;
    uint8_t *zeros; /* a whole chunk of zeros, compressed once */
    size_t zeros_length;
};

/* A block's result begins with one of these for each of its chunks; the bytes that are not in the block follow them. */
struct exh_ewf_packed {
    size_t size, data_size; /* as stored, without a raw chunk's checksum; as data */
    size_t offset;          /* behind the array of these, or EXH_EWF_IN_BLOCK: raw, where the block has it */
    uint32_t checksum;
    bool compressed;
};
#define EXH_EWF_IN_BLOCK SIZE_MAX

EXH_MUST_CHECK bool exh_ewf_packing_open(struct exh_ewf_packing *out, const struct exh_track *track, uint32_t chunk_sectors,
                                         enum exh_compression compression, struct exh_error *err);
void exh_ewf_packing_close(struct exh_ewf_packing *packing);
struct exh_scratch *exh_ewf_pack_scratch(const struct exh_ewf_packing *packing); /* NULL: no memory */
/* Chunks in that many sectors, and the room a block of them needs for its result. */
size_t exh_ewf_packing_chunks(const struct exh_ewf_packing *packing, uint32_t sectors);
size_t exh_ewf_packing_bytes(const struct exh_ewf_packing *packing, uint32_t sectors);
/* The block begins at a chunk. */
EXH_MUST_CHECK bool exh_ewf_pack(const struct exh_ewf_packing *packing, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                                 struct exh_error *err);
/* The i-th chunk's bytes as they are to be stored. */
const uint8_t *exh_ewf_packed_bytes(const struct exh_ewf_packing *packing, const struct exh_block *block, const void *result, size_t i);

#endif
