/* unpack.h - one packed unit of a container, unpacked to exactly the length it must have; and packed, where we write such a container.
 *
 * zlib (RFC 1950) and raw deflate (RFC 1951) by libdeflate, bzip2, xz and zstd by their libraries, ADC and LZFSE (with LZVN) by our own code. An
 * unpacker opens what a codec needs when it is first used; it belongs to one thread at a time. Memory beyond the caller's buffers is bounded by the
 * codec: xz is given at most 64 MiB. */
#ifndef EXH_FORMATS_CONTAINER_UNPACK_H
#define EXH_FORMATS_CONTAINER_UNPACK_H

#include <stddef.h>

#include "formats/model/error.h"

enum exh_codec { EXH_CODEC_ZLIB, EXH_CODEC_DEFLATE, EXH_CODEC_BZIP2, EXH_CODEC_XZ, EXH_CODEC_ZSTD, EXH_CODEC_ADC, EXH_CODEC_LZFSE };

const char *exh_codec_name(enum exh_codec codec); /* "zlib", "deflate", ... */

struct exh_unpacker;
struct exh_unpacker *exh_unpacker_new(void); /* NULL: no memory */
void exh_unpacker_close(struct exh_unpacker *unpacker);

/* Exactly out_length bytes from the start of `in`; *used (may be NULL) gets how many of them the stream took. EXH_CORRUPT when it is damaged or makes
 * fewer or more. */
EXH_MUST_CHECK bool exh_unpack(struct exh_unpacker *unpacker, enum exh_codec codec, const uint8_t *in, size_t in_length, uint8_t *out,
                               size_t out_length, size_t *used, struct exh_error *err);

/* Packs units by one codec at one level. Belongs to one thread at a time. */
struct exh_packer;
/* Deflate and zlib at levels 1 to 12, bzip2 at 1 to 9, zstd at 1 to 22; xz takes no level (container/xz.h). NULL: no memory, another codec or level.
 */
struct exh_packer *exh_packer_new(enum exh_codec codec, int level);
void exh_packer_close(struct exh_packer *packer); /* NULL-safe */
/* Length of the stream written to `out`, or 0 when it does not fit `room`. */
size_t exh_pack(struct exh_packer *packer, const void *in, size_t in_length, void *out, size_t room);

#endif
