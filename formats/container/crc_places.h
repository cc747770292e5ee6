/* crc_places.h - a reflected CRC of 32 bits, sixteen bytes at a time, with a table for each of their places: what crc32c.c and edc.c share.
 *
 * A CRC is linear: what a byte adds is the sum of what its bits add, and those of one place are eight steps of the shift register. So a table is
 * written as CRC_PLACE(eight values), and behind[n][byte] is what a byte adds when n more bytes follow it. Pure function. */
#ifndef EXH_FORMATS_CONTAINER_CRC_PLACES_H
#define EXH_FORMATS_CONTAINER_CRC_PLACES_H

#include "formats/model/bytes.h"

#define CRC_BYTE_1(v, a) (v), (v) ^ (a)
#define CRC_BYTE_2(v, a, b) CRC_BYTE_1(v, a), CRC_BYTE_1((v) ^ (b), a)
#define CRC_BYTE_3(v, a, b, c) CRC_BYTE_2(v, a, b), CRC_BYTE_2((v) ^ (c), a, b)
#define CRC_BYTE_4(v, a, b, c, d) CRC_BYTE_3(v, a, b, c), CRC_BYTE_3((v) ^ (d), a, b, c)
#define CRC_BYTE_5(v, a, b, c, d, e) CRC_BYTE_4(v, a, b, c, d), CRC_BYTE_4((v) ^ (e), a, b, c, d)
#define CRC_BYTE_6(v, a, b, c, d, e, f) CRC_BYTE_5(v, a, b, c, d, e), CRC_BYTE_5((v) ^ (f), a, b, c, d, e)
#define CRC_BYTE_7(v, a, b, c, d, e, f, g) CRC_BYTE_6(v, a, b, c, d, e, f), CRC_BYTE_6((v) ^ (g), a, b, c, d, e, f)
#define CRC_PLACE(a, b, c, d, e, f, g, h) CRC_BYTE_7(0, a, b, c, d, e, f, g), CRC_BYTE_7(h, a, b, c, d, e, f, g)

static inline uint32_t exh_crc_four(const uint32_t tables[4][256], uint32_t x)
{
    return tables[3][x & 255] ^ tables[2][x >> 8 & 255] ^ tables[1][x >> 16 & 255] ^ tables[0][x >> 24];
}

/* The shift register after these bytes, from `r`. */
static inline uint32_t exh_crc_run(const uint32_t behind[16][256], uint32_t r, const uint8_t *data, size_t length)
{
    for (; length >= 16; data += 16, length -= 16)
        r = exh_crc_four(behind + 12, exh_le32(data) ^ r) ^ exh_crc_four(behind + 8, exh_le32(data + 4)) ^
            exh_crc_four(behind + 4, exh_le32(data + 8)) ^ exh_crc_four(behind, exh_le32(data + 12));
    for (; length > 0; data++, length--)
        r = r >> 8 ^ behind[0][(r ^ *data) & 255];
    return r;
}

#endif
