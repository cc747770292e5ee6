/* bytes.h - the only way untrusted bytes are looked at.
 *
 * Fixed-endian loads and stores on ranges the caller has checked, arithmetic that says when it overflows, and a
 * cursor whose failure sticks: read a whole structure, then ask once with exh_cursor_ok() whether all of it was there.
 * A failed read gives zero and moves nothing. Pure functions; a cursor belongs to one thread. */
#ifndef EXH_FORMATS_MODEL_BYTES_H
#define EXH_FORMATS_MODEL_BYTES_H

#include <stddef.h>
#include <string.h>

#include "formats/model/error.h"

static inline uint16_t exh_le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }
static inline uint32_t exh_le32(const uint8_t *p) { return (uint32_t)exh_le16(p) | (uint32_t)exh_le16(p + 2) << 16; }
static inline uint64_t exh_le64(const uint8_t *p) { return (uint64_t)exh_le32(p) | (uint64_t)exh_le32(p + 4) << 32; }
static inline uint16_t exh_be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t exh_be32(const uint8_t *p) { return (uint32_t)exh_be16(p) << 16 | (uint32_t)exh_be16(p + 2); }
static inline uint64_t exh_be64(const uint8_t *p) { return (uint64_t)exh_be32(p) << 32 | (uint64_t)exh_be32(p + 4); }

static inline void exh_put_le16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v, p[1] = (uint8_t)(v >> 8); }
static inline void exh_put_le32(uint8_t *p, uint32_t v) { exh_put_le16(p, (uint16_t)v), exh_put_le16(p + 2, (uint16_t)(v >> 16)); }
static inline void exh_put_le64(uint8_t *p, uint64_t v) { exh_put_le32(p, (uint32_t)v), exh_put_le32(p + 4, (uint32_t)(v >> 32)); }
static inline void exh_put_be16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v >> 8), p[1] = (uint8_t)v; }
static inline void exh_put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24), p[1] = (uint8_t)(v >> 16), p[2] = (uint8_t)(v >> 8), p[3] = (uint8_t)v;
}
static inline void exh_put_be64(uint8_t *p, uint64_t v) { exh_put_be32(p, (uint32_t)(v >> 32)), exh_put_be32(p + 4, (uint32_t)v); }

/* True and the result, or false on overflow. */
static inline EXH_MUST_CHECK bool exh_add_u64(uint64_t a, uint64_t b, uint64_t *out) { return !__builtin_add_overflow(a, b, out); }
static inline EXH_MUST_CHECK bool exh_mul_u64(uint64_t a, uint64_t b, uint64_t *out) { return !__builtin_mul_overflow(a, b, out); }
/* Is [offset, offset + length) inside [0, size)? */
static inline bool exh_inside(uint64_t offset, uint64_t length, uint64_t size) { return offset <= size && length <= size - offset; }

bool exh_all_zero(const uint8_t *data, size_t length);

struct exh_cursor {
    const uint8_t *data;
    size_t length, position;
    bool failed;
};

static inline struct exh_cursor exh_cursor_over(const void *data, size_t length) { return (struct exh_cursor){data, length, 0, false}; }
static inline bool exh_cursor_ok(const struct exh_cursor *c) { return !c->failed; }
static inline size_t exh_cursor_left(const struct exh_cursor *c) { return c->failed ? 0 : c->length - c->position; }

/* The next `n` bytes in place, or NULL (and the cursor has failed). */
static inline const uint8_t *exh_cursor_bytes(struct exh_cursor *c, size_t n)
{
    if (c->failed || n > c->length - c->position) {
        c->failed = true;
        return NULL;
    }
    const uint8_t *p = c->data + c->position;
    c->position += n;
    return p;
}
static inline void exh_cursor_skip(struct exh_cursor *c, size_t n) { (void)exh_cursor_bytes(c, n); }
static inline uint8_t exh_cursor_u8(struct exh_cursor *c)
{
    const uint8_t *p = exh_cursor_bytes(c, 1);
    return p ? *p : 0;
}
static inline uint16_t exh_cursor_le16(struct exh_cursor *c)
{
    const uint8_t *p = exh_cursor_bytes(c, 2);
    return p ? exh_le16(p) : 0;
}
static inline uint32_t exh_cursor_le32(struct exh_cursor *c)
{
    const uint8_t *p = exh_cursor_bytes(c, 4);
    return p ? exh_le32(p) : 0;
}
static inline uint64_t exh_cursor_le64(struct exh_cursor *c)
{
    const uint8_t *p = exh_cursor_bytes(c, 8);
    return p ? exh_le64(p) : 0;
}
static inline uint16_t exh_cursor_be16(struct exh_cursor *c)
{
    const uint8_t *p = exh_cursor_bytes(c, 2);
    return p ? exh_be16(p) : 0;
}
static inline uint32_t exh_cursor_be32(struct exh_cursor *c)
{
    const uint8_t *p = exh_cursor_bytes(c, 4);
    return p ? exh_be32(p) : 0;
}
static inline uint64_t exh_cursor_be64(struct exh_cursor *c)
{
    const uint8_t *p = exh_cursor_bytes(c, 8);
    return p ? exh_be64(p) : 0;
}

#endif
