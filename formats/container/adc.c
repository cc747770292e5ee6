/* adc.c - Apple Data Compression: literals and copies from what was already made. See adc.h. */
#include "formats/container/adc.h"

#include "formats/model/bytes.h"

struct copy { /* one step of the stream */
    size_t literals, length, distance;
};

/* The step that begins here. A cursor that ran out has failed. */
static struct copy next_step(struct exh_cursor *c)
{
    struct copy s = {0};
    uint8_t b = exh_cursor_u8(c);
    if ((b & 0x80) != 0) {
        s.literals = (size_t)(b & 0x7F) + 1;
    } else if ((b & 0x40) != 0) {
        s.length = (size_t)(b & 0x3F) + 4;
        s.distance = (size_t)exh_cursor_be16(c) + 1;
    } else {
        s.length = (size_t)(b >> 2) + 3;
        s.distance = ((size_t)(b & 3) << 8 | exh_cursor_u8(c)) + 1;
    }
    return s;
}

bool exh_adc_unpack(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length, size_t *used, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(in, in_length);
    size_t made = 0;
    while (made < out_length) {
        struct copy s = next_step(&c);
        const uint8_t *literals = s.literals > 0 ? exh_cursor_bytes(&c, s.literals) : NULL;
        if (!exh_cursor_ok(&c))
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an ADC stream ends after %zu of %zu bytes", made, out_length);
        if (s.literals > out_length - made || s.length > out_length - made)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an ADC stream makes more than %zu bytes", out_length);
        if (s.length > 0 && s.distance > made)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an ADC stream copies from before its beginning");
        if (literals != NULL)
            memcpy(out + made, literals, s.literals);
        for (size_t i = 0; i < s.length; i++) /* byte by byte: what is copied may be what was just made */
            out[made + i] = out[made + i - s.distance];
        made += s.literals + s.length;
    }
    *used = c.position;
    return true;
}
