/* ewf_chunking.h - how a medium is cut into the chunks and segments of an E01, decided before the first byte is written.
 *
 * Pure functions. Bounds are those of the format; each is named when it is exceeded. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_CHUNKING_H
#define EXH_FORMATS_EVIDENCE_EWF_CHUNKING_H

#include <stddef.h>

#include "formats/model/sectors.h"

/* `volume` counts chunks with 32 bits: 128 TiB in chunks of 32 KiB. (libewf 20140813 reads no image of 2^27 chunks or more: 4 TiB.) */
#define EXH_EWF_CHUNKS_MAX 0xffffffffULL
/* A chunk is the unit of work and of damage: past this a single flipped bit costs too much, and few tools read it. */
#define EXH_EWF_NEW_CHUNK_BYTES_MAX (1ULL << 20)
/* .E01 to .E99, then .EAA to .ZZZ: 99 + 22 * 26 * 26 names. */
#define EXH_EWF_SEGMENTS_MAX 14971u
#define EXH_EWF_SEGMENT_BYTES_MIN (1ULL << 20)
#define EXH_EWF_SEGMENT_BYTES_DEFAULT (2047ULL << 20) /* every file system and every tool takes it */
#define EXH_EWF_SEGMENT_BYTES_MAX (1ULL << 62)
/* Kept free at the end of every segment for the sections that close it: `next`, or (1472 bytes) `data`, `digest`, `hash` and `done` with an
 * `error2` of up to 250 ranges. A longer list that does not fit gets a segment of its own. */
#define EXH_EWF_SEGMENT_RESERVE_BYTES 4096u

/* Sectors in a chunk: about 32 KiB of them, doubled until the medium has no more than EXH_EWF_CHUNKS_MAX chunks. Always a power of two.
 * EXH_LIMIT when even chunks of EXH_EWF_NEW_CHUNK_BYTES_MAX are too many. */
EXH_MUST_CHECK bool exh_ewf_chunk_sectors(uint64_t sectors, uint32_t sector_bytes, uint32_t *out, struct exh_error *err);

/* The segment size to use for what was asked (0: the default). `head_bytes`: what lies before the first chunk of the first segment. EXH_USAGE when
 * a segment is too small to be one, EXH_LIMIT when the medium, compressed not at all, would run out of segment names (the text then says which
 * size is enough) or of sections that we would read again. */
EXH_MUST_CHECK bool exh_ewf_segment_bytes(uint64_t asked, uint64_t chunks, uint64_t chunk_bytes, uint64_t head_bytes, uint64_t *out,
                                          struct exh_error *err);

/* The part of a range, counted from the medium's first sector, that the section `error2` can name: sector numbers there have 32 bits.
 * False: none of it. */
bool exh_ewf_error_range(const struct exh_range *range, uint64_t *start, uint64_t *count);

/* Would compressing be wasted on these bytes? True only when they are spread as random bytes are: not more unevenly (there would be something
 * to gain by entropy coding, or by repeats) and not more evenly (there is a pattern). Looks at all bytes only when a sample is promising. */
bool exh_ewf_looks_random(const uint8_t *data, size_t length);

#endif
