/* subchannel.c - P to W, and what Q says. See subchannel.h. */
#include "formats/optical/subchannel.h"

#include "formats/model/bytes.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/msf.h"

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

/* ---- Q ---- */

static bool q_crc_holds(const uint8_t q[12]) { return exh_crc16_q(q, 10) == exh_be16(q + 10); }

/* Frames of a time of three BCD bytes; false when it is none. */
static bool q_time(const uint8_t bcd[3], int64_t *frames)
{
    *frames = exh_msf_frames(exh_from_bcd(bcd[0]), exh_from_bcd(bcd[1]), exh_from_bcd(bcd[2]));
    return exh_is_bcd(bcd[0]) && exh_is_bcd(bcd[1]) && exh_is_bcd(bcd[2]) && bcd[1] < 0x60 && bcd[2] < 0x75;
}

static void decode_position(const uint8_t q[12], struct exh_q *out)
{
    int64_t absolute;
    out->kind = EXH_Q_POSITION;
    out->track = q[1] == EXH_Q_LEAD_OUT ? q[1] : exh_from_bcd(q[1]);
    out->index = exh_from_bcd(q[2]);
    out->bcd = (q[1] == EXH_Q_LEAD_OUT || exh_is_bcd(q[1])) && exh_is_bcd(q[2]);
    out->bcd &= q_time(q + 3, &out->relative);
    out->bcd &= q_time(q + 7, &absolute);
    out->lba = absolute - EXH_LEAD_IN_FRAMES;
}

/* `count` BCD digits into text, or none at all. */
static bool digits(const uint8_t *bcd, unsigned count, char *text)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned digit = i % 2 == 0 ? bcd[i / 2] >> 4 : bcd[i / 2] & 15;
        if (digit > 9)
            return false;
        text[i] = (char)('0' + digit);
    }
    text[count] = '\0';
    return true;
}

/* Five characters of six bits, counted from '0', are the 30 upper bits of four bytes; seven digits follow (IEC 60908, 17.5.3). */
static bool isrc(const uint8_t *bytes, char text[13])
{
    uint32_t characters = exh_be32(bytes);
    for (unsigned i = 0; i < 5; i++) {
        unsigned c = (characters >> (26 - 6 * i) & 63) + '0';
        if (!(c <= '9' || (c >= 'A' && c <= 'Z')))
            return false;
        text[i] = (char)c;
    }
    return digits(bytes + 4, 7, text + 5);
}

void exh_q_decode(const uint8_t q[12], struct exh_q *out)
{
    *out = (struct exh_q){.crc_holds = q_crc_holds(q), .control = q[0] >> 4, .adr = q[0] & 15, .kind = EXH_Q_OTHER};
    if (out->adr == 1 && q[1] != 0)
        decode_position(q, out);
    if (out->adr != 2 && out->adr != 3)
        return;
    out->kind = out->adr == 2 ? EXH_Q_MCN : EXH_Q_ISRC;
    if (!(out->adr == 2 ? digits(q + 1, 13, out->text) : isrc(q + 1, out->text)))
        out->text[0] = '\0';
    out->bcd = exh_is_bcd(q[9]) && q[9] < 0x75;
    out->frame = out->bcd ? exh_from_bcd(q[9]) : 0;
}

static enum exh_q_relation relate(const uint8_t first[12], const uint8_t second[12])
{
    if (memcmp(first, second, 12) == 0)
        return EXH_Q_SAME;
    if (exh_all_zero(first, 12))
        return EXH_Q_FIRST_BLANK;
    if (exh_all_zero(second, 12))
        return EXH_Q_SECOND_BLANK;
    bool a = q_crc_holds(first), b = q_crc_holds(second);
    return a && b ? EXH_Q_DIFFERENT : a ? EXH_Q_FIRST_VALID : b ? EXH_Q_SECOND_VALID : EXH_Q_NONE_VALID;
}

bool exh_sub_compare(const uint8_t first[EXH_SUB_BYTES], const uint8_t second[EXH_SUB_BYTES], struct exh_sub_difference *out)
{
    *out = (struct exh_sub_difference){.q = EXH_Q_SAME};
    if (memcmp(first, second, EXH_SUB_BYTES) == 0)
        return true;
    out->p = memcmp(first, second, EXH_SUB_Q) != 0;
    out->q = relate(first + EXH_SUB_Q, second + EXH_SUB_Q);
    out->rw = memcmp(first + EXH_SUB_RW, second + EXH_SUB_RW, EXH_SUB_BYTES - EXH_SUB_RW) != 0;
    return false;
}

static void put_time(uint8_t bcd[3], int64_t frames)
{
    uint8_t msf[3];
    exh_lba_msf(frames - EXH_LEAD_IN_FRAMES, msf);
    for (unsigned i = 0; i < 3; i++)
        bcd[i] = exh_to_bcd(msf[i]);
}

void exh_q_make_position(uint8_t q[12], uint8_t control, uint8_t track, uint8_t index, int64_t relative, int64_t lba)
{
    q[0] = (uint8_t)(control << 4 | 1);
    q[1] = track == EXH_Q_LEAD_OUT ? track : exh_to_bcd(track);
    q[2] = exh_to_bcd(index);
    put_time(q + 3, relative < 0 ? -relative : relative);
    q[6] = 0;
    put_time(q + 7, lba + EXH_LEAD_IN_FRAMES);
    uint16_t crc = exh_crc16_q(q, 10);
    q[10] = (uint8_t)(crc >> 8), q[11] = (uint8_t)crc;
}
