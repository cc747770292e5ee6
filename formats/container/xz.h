/* xz.h - .xz streams (The .xz File Format, 1.1.0) by liblzma, one whole unit at a time. Pure functions; memory is given back before they return. */
#ifndef EXH_FORMATS_CONTAINER_XZ_H
#define EXH_FORMATS_CONTAINER_XZ_H

#include <stddef.h>

#include "formats/model/error.h"

/* Up to `room` bytes into out; *ended is false when the stream is damaged or makes more. *used: what it took of `in`, *made: what it made. False:
 * EXH_LIMIT when it asks for more than 64 MiB of memory, EXH_NOMEM. */
EXH_MUST_CHECK bool exh_xz_unpack(const uint8_t *in, size_t in_length, uint8_t *out, size_t room, size_t *used, size_t *made, bool *ended,
                                  struct exh_error *err);
/* A stream without a check of its own, as Apple's disk images have it: its length at `out`, 0 when it does not fit `room`. Takes a few
 * MiB for a unit of 1 MiB. */
EXH_MUST_CHECK bool exh_xz_pack(const uint8_t *in, size_t in_length, uint8_t *out, size_t room, size_t *length, struct exh_error *err);

#endif
