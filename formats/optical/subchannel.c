/* subchannel.c - P to W, and what Q says. See subchannel.h. */
#include "formats/optical/subchannel.h"

#include "formats/model/bytes.h"

/* Transposes an 8 x 8 bit matrix, row 0 in the most significant byte. */
static uint64_t transpose(uint64_t x)
{
    uint64_t t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AAull;
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCCull;
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0ull;
    return x ^ t ^ (t << 28);
}

/* Eight interleaved bytes are one byte of each channel. */
void exh_sub_to_linear(const uint8_t interleaved[EXH_SUB_BYTES], uint8_t linear[EXH_SUB_BYTES])
{
    for (unsigned i = 0; i < 12; i++) {
        uint64_t x = transpose(exh_be64(interleaved + (size_t)i * 8));
        for (unsigned channel = 0; channel < 8; channel++)
            linear[channel * 12 + i] = (uint8_t)(x >> (56 - 8 * channel));
    }
}

void exh_sub_to_interleaved(const uint8_t linear[EXH_SUB_BYTES], uint8_t interleaved[EXH_SUB_BYTES])
{
    for (unsigned i = 0; i < 12; i++) {
        uint64_t x = 0;
        for (unsigned channel = 0; channel < 8; channel++)
            x |= (uint64_t)linear[channel * 12 + i] << (56 - 8 * channel);
        exh_put_be64(interleaved + (size_t)i * 8, transpose(x));
    }
}
