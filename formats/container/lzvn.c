/* lzvn.c - LZVN: literals and matches in opcodes of one to three bytes, the last distance remembered. See lzfse.h. */
#include "formats/container/lzfse.h"

#include "formats/model/bytes.h"

enum op_kind { OP_BAD, OP_NOTHING, OP_END, OP_STEP };

struct op {
    enum op_kind kind;
    size_t literals, length;
    size_t distance; /* 0: as before */
};

static struct op small_step(struct exh_cursor *c, uint8_t b)
{
    struct op op = {OP_STEP, (size_t)(b >> 6), (size_t)((b >> 3) & 7) + 3, 0};
    switch (b & 7) {
    case 6:
        if (op.literals == 0) /* these would be the previous distance without a literal, which other opcodes say */
            return (struct op){b == 0x06 ? OP_END : b == 0x0E || b == 0x16 ? OP_NOTHING : OP_BAD, 0, 0, 0};
        break;
    case 7: op.distance = exh_cursor_le16(c); break;
    default: op.distance = ((size_t)(b & 7) << 8) + exh_cursor_u8(c); break;
    }
    return op;
}

static struct op medium_step(struct exh_cursor *c, uint8_t b)
{
    uint8_t b1 = exh_cursor_u8(c), b2 = exh_cursor_u8(c);
    return (struct op){OP_STEP, (size_t)((b >> 3) & 3), ((size_t)(b & 7) << 2) + (b1 & 3) + 3, (size_t)(b1 >> 2) + ((size_t)b2 << 6)};
}

static struct op next_op(struct exh_cursor *c)
{
    uint8_t b = exh_cursor_u8(c);
    if (b >= 0xF0)
        return (struct op){OP_STEP, 0, b == 0xF0 ? (size_t)exh_cursor_u8(c) + 16 : (size_t)(b & 15), 0};
    if (b >= 0xE0)
        return (struct op){OP_STEP, b == 0xE0 ? (size_t)exh_cursor_u8(c) + 16 : (size_t)(b & 15), 0, 0};
    if ((b >= 0x70 && b <= 0x7F) || (b >= 0xD0 && b <= 0xDF))
        return (struct op){OP_BAD, 0, 0, 0};
    return b >= 0xA0 && b <= 0xBF ? medium_step(c, b) : small_step(c, b);
}

bool exh_lzvn_unpack(const uint8_t *in, size_t in_length, struct exh_lz_out *out, size_t makes, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(in, in_length);
    size_t distance = 0, end = out->made + makes;
    for (;;) {
        struct op op = next_op(&c);
        const uint8_t *literals = op.kind == OP_STEP && op.literals > 0 ? exh_cursor_bytes(&c, op.literals) : NULL;
        if (!exh_cursor_ok(&c) || op.kind == OP_BAD)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an LZVN block is damaged at byte %zu of %zu", c.position, in_length);
        if (op.kind == OP_END)
            break;
        if (op.kind == OP_NOTHING)
            continue;
        distance = op.distance != 0 ? op.distance : distance;
        if (op.literals > end - out->made || op.length > end - out->made - op.literals)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an LZVN block makes more than the %zu bytes it stands for", makes);
        if (literals != NULL) {
            memcpy(out->bytes + out->made, literals, op.literals);
            out->made += op.literals;
        }
        if (op.length > 0 && !exh_lz_match(out, op.length, distance))
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an LZVN block copies from before its beginning");
    }
    return out->made == end || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an LZVN block ends %zu bytes short", end - out->made);
}
