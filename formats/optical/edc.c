/* edc.c - EDC, P and Q parities, the scrambler (ECMA-130: clause 14, annexes A and B).
 *
 * P and Q are Reed-Solomon codes over GF(256), polynomial 0x11D, on the 2340 bytes behind the sync. P: 86 columns of 26 bytes, 24 of data and 2 of
 * parity, 86 bytes apart. Q: 52 diagonals of 45 bytes, 43 of data (with P's parity) 88 bytes apart, round and round in 2236 bytes, then 2 of parity.
 * A code word holds when its bytes sum to 0, and to 0 again when each is weighted by 2 to the power of its distance from the last. Neighbouring code
 * words lie in neighbouring bytes, so one 64-bit word carries eight of them. */
#include "formats/optical/edc.h"

#include "formats/container/crc_places.h"
#include "formats/model/bytes.h"

/* ---- EDC: sixteen bytes at a time, a table for each of their places ---- */

static const uint32_t behind[16][256] = {
    {CRC_PLACE(0x90910101, 0x91210201, 0x92410401, 0x94810801, 0x99011001, 0x82012001, 0xB4014001, 0xD8018001)},
    {CRC_PLACE(0x90019000, 0x90002003, 0x90034005, 0x90058009, 0x90080011, 0x90130021, 0x90250041, 0x90490081)},
    {CRC_PLACE(0x00900190, 0x01200320, 0x02400640, 0x04800C80, 0x09001900, 0x12003200, 0x24006400, 0x4800C800)},
    {CRC_PLACE(0x41000001, 0x82000002, 0xB4030007, 0xD805000D, 0x00090019, 0x00120032, 0x00240064, 0x004800C8)},
    {CRC_PLACE(0x90D00101, 0x91A30201, 0x93450401, 0x96890801, 0x9D111001, 0x8A212001, 0xA4414001, 0xF8818001)},
    {CRC_PLACE(0x9001D100, 0x9000A203, 0x90024405, 0x90078809, 0x900C1011, 0x901B2021, 0x90354041, 0x90698081)},
    {CRC_PLACE(0x009001D1, 0x012003A2, 0x02400744, 0x04800E88, 0x09001D10, 0x12003A20, 0x24007440, 0x4800E880)},
    {CRC_PLACE(0x65904101, 0xCB208202, 0x26420407, 0x4C84080E, 0x9908101C, 0x8213203B, 0xB4254075, 0xD84980E9)},
    {CRC_PLACE(0x90F49140, 0x91EA2283, 0x93D74505, 0x97AD8A09, 0x9F581411, 0x8EB32821, 0xAD655041, 0xEAC9A081)},
    {CRC_PLACE(0xB491B490, 0xD9206923, 0x0243D245, 0x0487A48A, 0x090F4914, 0x121E9228, 0x243D2450, 0x487A48A0)},
    {CRC_PLACE(0x41B401B4, 0x83680368, 0xB6D306D3, 0xDDA50DA5, 0x0B491B49, 0x16923692, 0x2D246D24, 0x5A48DA48)},
    {CRC_PLACE(0x51010001, 0xA2020002, 0xF4070007, 0x580D000D, 0xB01A001A, 0xD0370037, 0x106D006D, 0x20DA00DA)},
    {CRC_PLACE(0x90C00001, 0x91830001, 0x93050001, 0x96090001, 0x9C110001, 0x88210001, 0xA0410001, 0xF0810001)},
    {CRC_PLACE(0x9001C101, 0x90008201, 0x90020401, 0x90070801, 0x900D1001, 0x90192001, 0x90314001, 0x90618001)},
    {CRC_PLACE(0x900100C0, 0x90010183, 0x90010305, 0x90010609, 0x90010C11, 0x90011821, 0x90013041, 0x90016081)},
    {CRC_PLACE(0x6C90C100, 0xD9218200, 0x02400403, 0x04800806, 0x0900100C, 0x12002018, 0x24004030, 0x48008060)},
};

uint32_t exh_edc(const uint8_t *data, size_t length) { return exh_crc_run(behind, 0, data, length); }

/* ---- P and Q ---- */

#define BODY 12u           /* where the code words begin: behind the sync */
#define BODY_BYTES 2340u   /* to the end of the sector */
#define HEADER_BYTES 4u    /* at the body's beginning */
#define Q_DATA_BYTES 2236u /* of the body: data, EDC and P */
#define P_WORDS 86u
#define P_ROWS 26u
#define Q_WORDS 52u
#define Q_ROWS 45u
#define Q_STEP 88u
#define PARITY_ROWS 2u
#define LANES(bytes) (((bytes) + 7) / 8)

/* Where byte `row` of a code word lies in the body. */
static inline size_t p_place(size_t word, size_t row) { return word + row * P_WORDS; }
static inline size_t q_place(size_t word, size_t row)
{
    if (row >= Q_ROWS - PARITY_ROWS)
        return Q_DATA_BYTES + word + (row - (Q_ROWS - PARITY_ROWS)) * Q_WORDS;
    return (word / 2 * P_WORDS + word % 2 + row * Q_STEP) % Q_DATA_BYTES;
}

static inline uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1D); }

/* Eight bytes at once. */
static inline uint64_t twice_lanes(uint64_t x)
{
    uint64_t top = x >> 7 & 0x0101010101010101u;
    return (x << 1 & 0xFEFEFEFEFEFEFEFEu) ^ (((top << 8) - top) & 0x1D1D1D1D1D1D1D1Du);
}

/* Adds a row of `bytes` bytes, one of each code word, to both sums. */
static inline void add_row(uint64_t *plain, uint64_t *weighted, const uint8_t *row, size_t bytes)
{
    for (size_t i = 0; i < LANES(bytes); i++) {
        uint64_t x = 0;
        memcpy(&x, row + 8 * i, i < bytes / 8 ? 8 : bytes % 8);
        plain[i] ^= x;
        weighted[i] = twice_lanes(weighted[i]) ^ x;
    }
}

/* The body as the parities see it: Mode 2 Form 1 leaves the address out. `copy` is used only for that. */
static const uint8_t *body_of(const uint8_t sector[2352], bool header_as_zeros, uint8_t copy[BODY_BYTES])
{
    if (!header_as_zeros)
        return sector + BODY;
    memset(copy, 0, HEADER_BYTES);
    memcpy(copy + HEADER_BYTES, sector + BODY + HEADER_BYTES, BODY_BYTES - HEADER_BYTES);
    return copy;
}

static void sum_p(const uint8_t *body, size_t rows, uint64_t plain[LANES(P_WORDS)], uint64_t weighted[LANES(P_WORDS)])
{
    for (size_t row = 0; row < rows; row++)
        add_row(plain, weighted, body + row * P_WORDS, P_WORDS);
}

/* Row n of the diagonals is column n of 26 lines of 43 pairs of bytes, line n first; their parity lies as P's rows do. Laid out first and added up
 * then: reading in eights what was just written in twos would wait for each. */
static void sum_q(const uint8_t *body, size_t rows, uint64_t plain[LANES(Q_WORDS)], uint64_t weighted[LANES(Q_WORDS)])
{
    uint8_t laid[Q_ROWS - PARITY_ROWS][Q_WORDS];
    for (size_t line = 0; line < Q_WORDS / 2; line++)
        for (size_t n = 0, m = line; n < Q_ROWS - PARITY_ROWS; n++, m = m == 0 ? Q_WORDS / 2 - 1 : m - 1)
            memcpy(laid[n] + 2 * m, body + line * P_WORDS + 2 * n, 2);
    for (size_t n = 0; n < Q_ROWS - PARITY_ROWS; n++)
        add_row(plain, weighted, laid[n], Q_WORDS);
    for (size_t n = Q_ROWS - PARITY_ROWS; n < rows; n++)
        add_row(plain, weighted, body + q_place(0, n), Q_WORDS);
}

static bool all_zero(const uint64_t *plain, const uint64_t *weighted, size_t lanes)
{
    uint64_t any = 0;
    for (size_t i = 0; i < lanes; i++)
        any |= plain[i] | weighted[i];
    return any == 0;
}

bool exh_ecc_p_holds(const uint8_t sector[2352], bool header_as_zeros)
{
    uint8_t copy[BODY_BYTES];
    uint64_t plain[LANES(P_WORDS)] = {0}, weighted[LANES(P_WORDS)] = {0};
    sum_p(body_of(sector, header_as_zeros, copy), P_ROWS, plain, weighted);
    return all_zero(plain, weighted, LANES(P_WORDS));
}

bool exh_ecc_q_holds(const uint8_t sector[2352], bool header_as_zeros)
{
    uint8_t copy[BODY_BYTES];
    uint64_t plain[LANES(Q_WORDS)] = {0}, weighted[LANES(Q_WORDS)] = {0};
    sum_q(body_of(sector, header_as_zeros, copy), Q_ROWS, plain, weighted);
    return all_zero(plain, weighted, LANES(Q_WORDS));
}

/* 1/3 in the field, by which the first parity byte is found: 3 x 0xF4 = 1. */
static uint8_t third(uint8_t x)
{
    uint8_t sum = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        if (0xF4 >> bit & 1)
            sum ^= x;
        x = twice(x);
    }
    return sum;
}

/* From the sums over a word's data: parities a and b with plain + a + b = 0 and 4 weighted + 2 a + b = 0 (two more rows double the weights twice). */
static void put_parity(uint8_t *first, uint8_t *second, const uint64_t *plain, const uint64_t *weighted, size_t words)
{
    const uint8_t *p = (const uint8_t *)plain, *w = (const uint8_t *)weighted;
    for (size_t i = 0; i < words; i++) {
        first[i] = third(twice(twice(w[i])) ^ p[i]);
        second[i] = first[i] ^ p[i];
    }
}

void exh_ecc_write(uint8_t sector[2352], bool header_as_zeros)
{
    uint8_t copy[BODY_BYTES];
    uint64_t p_plain[LANES(P_WORDS)] = {0}, p_weighted[LANES(P_WORDS)] = {0};
    uint64_t q_plain[LANES(Q_WORDS)] = {0}, q_weighted[LANES(Q_WORDS)] = {0};
    uint8_t *p = sector + BODY + (P_ROWS - PARITY_ROWS) * P_WORDS, *q = sector + BODY + Q_DATA_BYTES;
    sum_p(body_of(sector, header_as_zeros, copy), P_ROWS - PARITY_ROWS, p_plain, p_weighted);
    put_parity(p, p + P_WORDS, p_plain, p_weighted, P_WORDS);
    sum_q(body_of(sector, header_as_zeros, copy), Q_ROWS - PARITY_ROWS, q_plain, q_weighted);
    put_parity(q, q + Q_WORDS, q_plain, q_weighted, Q_WORDS);
}

/* ---- correction ---- */

/* Corrects one byte of each code word that then holds: a single error e in row n leaves the sums e and 2^(rows - 1 - n) e. The number of words that
 * did not hold. */
static unsigned correct_words(uint8_t *body, const uint64_t *plain, const uint64_t *weighted, size_t words, size_t rows,
                              size_t (*place)(size_t, size_t), bool header_as_zeros)
{
    const uint8_t *p = (const uint8_t *)plain, *w = (const uint8_t *)weighted;
    unsigned failing = 0;
    for (size_t word = 0; word < words; word++) {
        failing += (p[word] | w[word]) != 0;
        if (p[word] == 0 || w[word] == 0)
            continue; /* it holds, or more than one byte is wrong */
        size_t row = rows;
        for (uint8_t error = p[word]; row > 0 && error != w[word]; row--)
            error = twice(error);
        if (row > 0 && !(header_as_zeros && place(word, row - 1) < HEADER_BYTES)) /* a header that counts as zeros is right by definition */
            body[place(word, row - 1)] ^= p[word];
    }
    return failing;
}

static unsigned correct_round(uint8_t *body, bool header_as_zeros)
{
    uint64_t p_plain[LANES(P_WORDS)] = {0}, p_weighted[LANES(P_WORDS)] = {0};
    uint64_t q_plain[LANES(Q_WORDS)] = {0}, q_weighted[LANES(Q_WORDS)] = {0};
    sum_p(body, P_ROWS, p_plain, p_weighted);
    unsigned failing = correct_words(body, p_plain, p_weighted, P_WORDS, P_ROWS, p_place, header_as_zeros);
    sum_q(body, Q_ROWS, q_plain, q_weighted);
    return failing + correct_words(body, q_plain, q_weighted, Q_WORDS, Q_ROWS, q_place, header_as_zeros);
}

bool exh_ecc_repair(uint8_t sector[2352], bool header_as_zeros, unsigned *changed)
{
    uint8_t work[2352];
    memcpy(work, sector, sizeof work);
    if (header_as_zeros)
        memset(work + BODY, 0, HEADER_BYTES);
    *changed = 0;
    /* As long as more words hold than in the round before: else corrections chase each other. */
    for (unsigned before = P_WORDS + Q_WORDS + 1, failing; (failing = correct_round(work + BODY, header_as_zeros)) > 0 && failing < before;)
        before = failing;
    if (!exh_ecc_p_holds(work, false) || !exh_ecc_q_holds(work, false))
        return false;
    for (size_t i = header_as_zeros ? BODY + HEADER_BYTES : BODY; i < sizeof work; i++) {
        *changed += sector[i] != work[i];
        sector[i] = work[i];
    }
    return true;
}

/* ---- the scrambler ---- */

/* x^15 + x + 1 from 1, lowest bit first: the next eight bits of the register are its lowest nine, each added to its neighbour. */
void exh_scramble(uint8_t sector[2352])
{
    unsigned shift = 1;
    for (size_t i = BODY; i < 2352; i++) {
        sector[i] ^= (uint8_t)shift;
        shift = shift >> 8 | ((shift ^ shift >> 1) & 255) << 7;
    }
}
