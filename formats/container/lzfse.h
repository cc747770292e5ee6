/* lzfse.h - LZFSE and LZVN, the codecs of ULFO chunks and of sparse files of Apple's systems: decoding only. Blocks `bvx-` (stored), `bvxn` (LZVN),
 * `bvx2` (finite state entropy), `bvx$` (end); `bvx1`, which no known encoder makes, is refused. Memory is a few tables on the stack. Pure functions.
 */
#ifndef EXH_FORMATS_CONTAINER_LZFSE_H
#define EXH_FORMATS_CONTAINER_LZFSE_H

#include <stddef.h>

#include "formats/model/error.h"

/* Exactly out_length bytes, then the end block; *used gets how many bytes of `in` they took. EXH_CORRUPT otherwise. */
EXH_MUST_CHECK bool exh_lzfse_unpack(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length, size_t *used, struct exh_error *err);

/* What lzfse.c and lzvn.c share: where the output stands. */
struct exh_lz_out {
    uint8_t *bytes;
    size_t length, made;
};
/* Copies `length` bytes from `distance` before the end; false when either is impossible. */
static inline bool exh_lz_match(struct exh_lz_out *o, size_t length, size_t distance)
{
    if (distance == 0 || distance > o->made || length > o->length - o->made)
        return false;
    uint8_t *to = o->bytes + o->made;
    const uint8_t *from = to - distance;
    for (size_t i = 0; i < length; i++) /* byte by byte: what is copied may be what was just made */
        to[i] = from[i];
    o->made += length;
    return true;
}
/* One LZVN payload of exactly in_length bytes that makes exactly `makes`. */
EXH_MUST_CHECK bool exh_lzvn_unpack(const uint8_t *in, size_t in_length, struct exh_lz_out *out, size_t makes, struct exh_error *err);

#endif
