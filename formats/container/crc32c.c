/* crc32c.c - CRC-32C, sixteen bytes at a time with a table for each of their places. See crc32c.h. */
#include "formats/container/crc32c.h"

#include "formats/model/bytes.h"

/* A CRC is linear: what a byte adds is the sum of what its bits add, and those of one place are eight steps of the shift register. */
#define BYTE_1(v, a) (v), (v) ^ (a)
#define BYTE_2(v, a, b) BYTE_1(v, a), BYTE_1((v) ^ (b), a)
#define BYTE_3(v, a, b, c) BYTE_2(v, a, b), BYTE_2((v) ^ (c), a, b)
#define BYTE_4(v, a, b, c, d) BYTE_3(v, a, b, c), BYTE_3((v) ^ (d), a, b, c)
#define BYTE_5(v, a, b, c, d, e) BYTE_4(v, a, b, c, d), BYTE_4((v) ^ (e), a, b, c, d)
#define BYTE_6(v, a, b, c, d, e, f) BYTE_5(v, a, b, c, d, e), BYTE_5((v) ^ (f), a, b, c, d, e)
#define BYTE_7(v, a, b, c, d, e, f, g) BYTE_6(v, a, b, c, d, e, f), BYTE_6((v) ^ (g), a, b, c, d, e, f)
#define BYTE_8(v, a, b, c, d, e, f, g, h) BYTE_7(v, a, b, c, d, e, f, g), BYTE_7((v) ^ (h), a, b, c, d, e, f, g)

/* behind[n][byte]: what a byte adds when n more bytes follow it. */
static const uint32_t behind[16][256] = {
    {BYTE_8(0, 0xF26B8303, 0xE13B70F7, 0xC79A971F, 0x8AD958CF, 0x105EC76F, 0x20BD8EDE, 0x417B1DBC, 0x82F63B78)},
    {BYTE_8(0, 0x13A29877, 0x274530EE, 0x4E8A61DC, 0x9D14C3B8, 0x3FC5F181, 0x7F8BE302, 0xFF17C604, 0xFBC3FAF9)},
    {BYTE_8(0, 0xA541927E, 0x4F6F520D, 0x9EDEA41A, 0x38513EC5, 0x70A27D8A, 0xE144FB14, 0xC76580D9, 0x8B277743)},
    {BYTE_8(0, 0xDD45AAB8, 0xBF672381, 0x7B2231F3, 0xF64463E6, 0xE964B13D, 0xD725148B, 0xABA65FE7, 0x52A0C93F)},
    {BYTE_8(0, 0x38116FAC, 0x7022DF58, 0xE045BEB0, 0xC5670B91, 0x8F2261D3, 0x1BA8B557, 0x37516AAE, 0x6EA2D55C)},
    {BYTE_8(0, 0xEF306B19, 0xDB8CA0C3, 0xB2F53777, 0x6006181F, 0xC00C303E, 0x85F4168D, 0x0E045BEB, 0x1C08B7D6)},
    {BYTE_8(0, 0x68032CC8, 0xD0065990, 0xA5E0C5D1, 0x4E2DFD53, 0x9C5BFAA6, 0x3D5B83BD, 0x7AB7077A, 0xF56E0EF4)},
    {BYTE_8(0, 0x493C7D27, 0x9278FA4E, 0x211D826D, 0x423B04DA, 0x847609B4, 0x0D006599, 0x1A00CB32, 0x34019664)},
    {BYTE_8(0, 0xF43ED648, 0xED91DA61, 0xDECFC233, 0xB873F297, 0x750B93DF, 0xEA1727BE, 0xD1C2398D, 0xA66805EB)},
    {BYTE_8(0, 0xCB567BA5, 0x934081BB, 0x236D7587, 0x46DAEB0E, 0x8DB5D61C, 0x1E87DAC9, 0x3D0FB592, 0x7A1F6B24)},
    {BYTE_8(0, 0x9771F7C1, 0x2B0F9973, 0x561F32E6, 0xAC3E65CC, 0x5D90BD69, 0xBB217AD2, 0x73AE8355, 0xE75D06AA)},
    {BYTE_8(0, 0x3171D430, 0x62E3A860, 0xC5C750C0, 0x8E62D771, 0x1929D813, 0x3253B026, 0x64A7604C, 0xC94EC098)},
    {BYTE_8(0, 0x30D23865, 0x61A470CA, 0xC348E194, 0x837DB5D9, 0x03171D43, 0x062E3A86, 0x0C5C750C, 0x18B8EA18)},
    {BYTE_8(0, 0x54075546, 0xA80EAA8C, 0x55F123E9, 0xABE247D2, 0x5228F955, 0xA451F2AA, 0x4D4F93A5, 0x9A9F274A)},
    {BYTE_8(0, 0x678EFD01, 0xCF1DFA02, 0x9BD782F5, 0x3243731B, 0x6486E636, 0xC90DCC6C, 0x97F7EE29, 0x2A03AAA3)},
    {BYTE_8(0, 0xF20C0DFE, 0xE1F46D0D, 0xC604ACEB, 0x89E52F27, 0x162628BF, 0x2C4C517E, 0x5898A2FC, 0xB13145F8)},
};

static inline uint32_t four(const uint32_t tables[4][256], uint32_t x)
{
    return tables[3][x & 255] ^ tables[2][x >> 8 & 255] ^ tables[1][x >> 16 & 255] ^ tables[0][x >> 24];
}

uint32_t exh_crc32c(uint32_t before, const void *data, size_t length)
{
    const uint8_t *p = data;
    uint32_t r = ~before;
    for (; length >= 16; p += 16, length -= 16)
        r = four(behind + 12, exh_le32(p) ^ r) ^ four(behind + 8, exh_le32(p + 4)) ^ four(behind + 4, exh_le32(p + 8)) ^
            four(behind, exh_le32(p + 12));
    for (; length > 0; p++, length--)
        r = r >> 8 ^ behind[0][(r ^ *p) & 255];
    return ~r;
}
