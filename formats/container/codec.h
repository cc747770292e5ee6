/* codec.h - compressed bytes: exactly what was asked for, or an error.
 *
 * Streams are zlib's (RFC 1950), whose own Adler-32 is checked. An inflater or deflater holds its tables, not the data;
 * each belongs to one thread at a time (one per scratch). The checksums are pure functions. */
#ifndef EXH_FORMATS_CONTAINER_CODEC_H
#define EXH_FORMATS_CONTAINER_CODEC_H

#include <stddef.h>

#include "formats/model/error.h"

#define EXH_DEFLATE_LEVEL_MAX 12 /* libdeflate's; 1 is fastest */
/* Deflate turns one stored bit into at most 258 bytes (RFC 1951, 3.2.5): no stream of n bytes makes more than n * 1032. */
#define EXH_DEFLATE_RATIO_MAX 1032u

struct exh_inflater;
struct exh_deflater;

struct exh_inflater *exh_inflater_new(void);            /* NULL: no memory */
void exh_inflater_close(struct exh_inflater *inflater); /* NULL-safe */
/* One stream from the start of `in` to exactly `out_length` bytes. *used (may be NULL) gets the stream's own length, which
 * may be less than in_length. EXH_CORRUPT when the stream is damaged, or makes fewer or more bytes. */
EXH_MUST_CHECK bool exh_inflate_zlib(struct exh_inflater *inflater, const void *in, size_t in_length, void *out, size_t out_length, size_t *used,
                                     struct exh_error *err);
/* The same for a raw deflate stream (RFC 1951), which carries no checksum. */
EXH_MUST_CHECK bool exh_inflate_raw(struct exh_inflater *inflater, const void *in, size_t in_length, void *out, size_t out_length, size_t *used,
                                    struct exh_error *err);
/* As exh_inflate_zlib for a stream whose length is not known: *out gets what it makes, on the heap with a NUL behind it (the caller frees);
 * EXH_LIMIT when that is more than `limit` bytes. Memory stays within what in_length bytes can make. */
EXH_MUST_CHECK bool exh_inflate_zlib_whole(struct exh_inflater *inflater, const void *in, size_t in_length, size_t limit, uint8_t **out,
                                           size_t *out_length, size_t *used, struct exh_error *err);

struct exh_deflater *exh_deflater_new(int level);       /* NULL: no memory, or a level outside 1..EXH_DEFLATE_LEVEL_MAX */
void exh_deflater_close(struct exh_deflater *deflater); /* NULL-safe */
/* Length of the zlib stream written to `out`, or 0 when it does not fit `room`. */
size_t exh_deflate_zlib(struct exh_deflater *deflater, const void *in, size_t in_length, void *out, size_t room);
/* The same as a raw deflate stream. */
size_t exh_deflate_raw(struct exh_deflater *deflater, const void *in, size_t in_length, void *out, size_t room);
/* No stream for in_length bytes is longer. */
size_t exh_deflate_bound(size_t in_length);

/* CRC-32 (ISO 3309, zlib's); start with 0. */
uint32_t exh_crc32(uint32_t before, const void *data, size_t length);
/* Adler-32 (RFC 1950, 8.2); start with 1. */
uint32_t exh_adler32(uint32_t before, const void *data, size_t length);

#endif
