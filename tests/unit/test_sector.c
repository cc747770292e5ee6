/* CD sectors: EDC and parities against a slow reference out of the polynomials, one verdict for every kind of damage at every offset, repair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "formats/model/bytes.h"
#include "formats/optical/edc.h"
#include "formats/optical/msf.h"
#include "formats/optical/sector.h"

#define BYTES 2352u
#define LBA 1234 /* 00:18:34 */

/* ---- random numbers that are the same everywhere ---- */

static uint64_t seed = 1;

static uint8_t any(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(seed >> 56);
}

static unsigned below(unsigned limit)
{
    unsigned high = any();
    return (high << 8 | any()) % limit;
}

static void spoil(uint8_t *byte) { *byte ^= (uint8_t)(any() | 1); }

static void fill(uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        data[i] = any();
}

/* ---- the reference: bit by bit, as ECMA-130 writes it ---- */

/* 14.3: the remainder of the bits, least significant first, by (x^16 + x^15 + x^2 + 1)(x^16 + x^2 + x + 1). */
static uint32_t slow_edc(const uint8_t *data, size_t length)
{
    uint64_t product = 0, remainder = 0;
    for (unsigned i = 0; i <= 16; i++)
        if (0x18005u >> i & 1)
            product ^= UINT64_C(0x10007) << i;
    for (size_t bit = 0; bit < length * 8 + 32; bit++) { /* 32 zeros behind */
        remainder = remainder << 1 | (bit < length * 8 ? (unsigned)data[bit / 8] >> bit % 8 & 1 : 0);
        if (remainder >> 32 & 1)
            remainder ^= product;
    }
    uint32_t stored = 0; /* its first coefficient is the first bit on the disc */
    for (unsigned i = 0; i < 32; i++)
        stored |= (uint32_t)(remainder >> (31 - i) & 1) << i;
    return stored;
}

/* Annex A: GF(256) by x^8 + x^4 + x^3 + x^2 + 1. */
static uint8_t product(uint8_t a, uint8_t b)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 8; i++)
        if (b >> i & 1)
            sum ^= (unsigned)a << i;
    for (unsigned i = 15; i >= 8; i--)
        if (sum >> i & 1)
            sum ^= 0x11Du << (i - 8);
    return (uint8_t)sum;
}

/* The two parities of `count` bytes: the remainder of data x^2 by (x + 1)(x + 2) = x^2 + 3x + 2. */
static void slow_parity(const uint8_t *word, unsigned count, uint8_t parity[2])
{
    uint8_t high = 0, low = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t top = high ^ word[i];
        high = low ^ product(top, 3);
        low = product(top, 2);
    }
    parity[0] = high, parity[1] = low;
}

/* Words S(n) of two bytes from byte 12 on. P: S(43 m + n), m = 0 to 25, for each n of 43. Q: S((44 m + 43 n) mod 1118), m = 0 to 42, and S(43 * 26 +
 * n), S(44 * 26 + n), for each n of 26. Low and high bytes are apart. */
static void slow_ecc(uint8_t sector[BYTES], bool header_as_zeros)
{
    uint8_t header[4], word[43], parity[2];
    memcpy(header, sector + 12, 4);
    if (header_as_zeros)
        memset(sector + 12, 0, 4);
    for (unsigned n = 0; n < 43; n++)
        for (unsigned half = 0; half < 2; half++) {
            for (unsigned m = 0; m < 24; m++)
                word[m] = sector[12 + 2 * (43 * m + n) + half];
            slow_parity(word, 24, parity);
            for (unsigned m = 24; m < 26; m++)
                sector[12 + 2 * (43 * m + n) + half] = parity[m - 24];
        }
    for (unsigned n = 0; n < 26; n++)
        for (unsigned half = 0; half < 2; half++) {
            for (unsigned m = 0; m < 43; m++)
                word[m] = sector[12 + 2 * ((44 * m + 43 * n) % 1118) + half];
            slow_parity(word, 43, parity);
            for (unsigned m = 43; m < 45; m++)
                sector[12 + 2 * (m * 26 + n) + half] = parity[m - 43];
        }
    memcpy(sector + 12, header, 4);
}

/* ---- sectors by hand ---- */

enum made { MODE0, MODE1, FORMLESS, FORM1, FORM2, FORM2_NO_EDC, MADE };
static const enum exh_track_kind kinds[MADE] = {EXH_TRACK_MODE0, EXH_TRACK_MODE1, EXH_TRACK_MODE2, EXH_TRACK_MODE2, EXH_TRACK_MODE2, EXH_TRACK_MODE2};
static const enum exh_sector_form forms[MADE] = {EXH_FORM_MODE0,   EXH_FORM_MODE1,   EXH_FORM_MODE2,
                                                 EXH_FORM_MODE2_1, EXH_FORM_MODE2_2, EXH_FORM_MODE2_2};
static const enum exh_sector_verdict whole[MADE] = {EXH_SECTOR_UNCHECKED, EXH_SECTOR_OK, EXH_SECTOR_UNCHECKED,
                                                    EXH_SECTOR_OK,        EXH_SECTOR_OK, EXH_SECTOR_NO_EDC};

static void put_edc(uint8_t *sector, unsigned from, unsigned at)
{
    uint32_t edc = slow_edc(sector + from, at - from);
    for (unsigned i = 0; i < 4; i++)
        sector[at + i] = (uint8_t)(edc >> 8 * i);
}

static void by_hand(uint8_t s[BYTES], enum made made)
{
    static const uint8_t header[15] = {0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x18, 0x34};
    static const uint8_t data[4] = {0, 0, 0x08, 0}, real_time[4] = {1, 2, 0x64, 0x7F};
    memset(s, 0, BYTES);
    memcpy(s, header, sizeof header);
    s[15] = made == MODE0 ? 0 : made == MODE1 ? 1 : 2;
    if (made == MODE0)
        return;
    fill(s + 16, BYTES - 16);
    if (made == MODE1) {
        put_edc(s, 0, 2064);
        memset(s + 2068, 0, 8);
        slow_ecc(s, false);
    }
    if (made < FORM1)
        return;
    memcpy(s + 16, made == FORM1 ? data : real_time, 4);
    memcpy(s + 20, made == FORM1 ? data : real_time, 4);
    if (made == FORM1) {
        put_edc(s, 16, 2072);
        slow_ecc(s, true);
    } else {
        put_edc(s, 16, 2348);
    }
    if (made == FORM2_NO_EDC)
        memset(s + 2348, 0, 4);
}

static struct exh_sector_check checked(const uint8_t sector[BYTES], enum exh_track_kind kind, int64_t lba)
{
    struct exh_sector_check check;
    memset(&check, 0xA5, sizeof check);
    exh_sector_check(sector, kind, lba, &check);
    return check;
}

static void expect(const uint8_t sector[BYTES], enum exh_track_kind kind, enum exh_sector_form form, enum exh_sector_verdict verdict)
{
    struct exh_sector_check check = checked(sector, kind, LBA);
    assert_string_equal(exh_sector_verdict_name(check.verdict), exh_sector_verdict_name(verdict));
    assert_string_equal(exh_sector_form_name(check.form), exh_sector_form_name(form));
}

/* ---- EDC, parities, scrambler ---- */

static void edc_is_the_remainder_of_its_polynomial(void **state)
{
    (void)state;
    uint8_t data[2400];
    assert_int_equal(exh_edc((const uint8_t *)"123456789", 9), 0x6EC2EDC4);
    assert_int_equal(slow_edc((const uint8_t *)"123456789", 9), 0x6EC2EDC4);
    assert_int_equal(exh_edc(data, 0), 0);
    fill(data, sizeof data);
    for (size_t length = 1; length < 100; length++)
        assert_int_equal(exh_edc(data + length % 7, length), slow_edc(data + length % 7, length));
    for (size_t from = 0; from < 20; from++)
        assert_int_equal(exh_edc(data + from, 2332), slow_edc(data + from, 2332));
    for (unsigned place = 0; place < 40; place++) /* each bit of each place of a stride alone */
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t one[40] = {0};
            one[place] = (uint8_t)(1 << bit);
            assert_int_equal(exh_edc(one, sizeof one), slow_edc(one, sizeof one));
        }
}

static void parities_are_the_remainders_of_theirs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        bool zeros = i % 2 == 1;
        uint8_t slow[BYTES], fast[BYTES];
        fill(slow, BYTES);
        memcpy(fast, slow, BYTES);
        slow_ecc(slow, zeros);
        exh_ecc_write(fast, zeros);
        assert_memory_equal(fast, slow, BYTES);
        assert_true(exh_ecc_p_holds(fast, zeros));
        assert_true(exh_ecc_q_holds(fast, zeros));
        assert_false(exh_ecc_p_holds(fast, !zeros));
        assert_false(exh_ecc_q_holds(fast, !zeros));
    }
}

/* Which bytes each parity covers: all but the sync; P not Q's bytes; the header only where it counts. */
static void each_parity_sees_each_byte_it_covers(void **state)
{
    (void)state;
    for (unsigned zeros = 0; zeros < 2; zeros++) {
        uint8_t sector[BYTES];
        fill(sector, BYTES);
        exh_ecc_write(sector, zeros);
        for (unsigned i = 0; i < BYTES; i++) {
            bool seen = i >= 12 && !(zeros && i < 16);
            sector[i] ^= 0x80;
            assert_int_equal(exh_ecc_p_holds(sector, zeros), !(seen && i < 2248));
            assert_int_equal(exh_ecc_q_holds(sector, zeros), !seen);
            sector[i] ^= 0x80;
        }
    }
}

static void scrambler_is_its_shift_register(void **state)
{
    (void)state;
    static const uint8_t first[12] = {0x01, 0x80, 0x00, 0x60, 0x00, 0x28, 0x00, 0x1E, 0x80, 0x08, 0x60, 0x06};
    uint8_t sector[BYTES] = {0}, copy[BYTES];
    exh_scramble(sector);
    assert_true(exh_all_zero(sector, 12));
    assert_memory_equal(sector + 12, first, 12);
    unsigned shift = 1;
    for (unsigned bit = 0; bit < 2340 * 8; bit++) { /* annex B: the lowest bit goes out, its sum with the next comes in */
        assert_int_equal(sector[12 + bit / 8] >> bit % 8 & 1, shift & 1);
        shift = shift >> 1 | ((shift ^ shift >> 1) & 1) << 14;
    }
    by_hand(sector, MODE1);
    memcpy(copy, sector, BYTES);
    exh_scramble(copy);
    assert_memory_not_equal(copy + 12, sector + 12, 2340);
    exh_scramble(copy);
    assert_memory_equal(copy, sector, BYTES);
}

/* ---- verdicts ---- */

static void whole_sectors_are_good(void **state)
{
    (void)state;
    for (enum made made = 0; made < MADE; made++) {
        uint8_t sector[BYTES];
        by_hand(sector, made);
        expect(sector, kinds[made], forms[made], whole[made]);
        struct exh_sector_check check = checked(sector, kinds[made], LBA);
        assert_true(check.header_known && check.header_lba == LBA);
        assert_false(check.address_differs || check.subheader_differs || check.mode_differs);
        check = checked(sector, kinds[made], LBA + 2);
        assert_int_equal(check.verdict, whole[made]);
        assert_true(check.address_differs);
        check = checked(sector, made == MODE1 ? EXH_TRACK_MODE2 : EXH_TRACK_MODE1, LBA);
        assert_int_equal(check.verdict, whole[made]);
        assert_true(check.mode_differs);
        check = checked(sector, EXH_TRACK_AUDIO, LBA);
        assert_true(check.verdict == EXH_SECTOR_AUDIO && check.form == EXH_FORM_AUDIO && !check.header_known);
    }
}

static void made_sectors_are_those_by_hand(void **state)
{
    (void)state;
    uint8_t hand[BYTES], made[BYTES];
    by_hand(hand, MODE1);
    exh_sector_make_mode1(made, hand + 16, LBA);
    assert_memory_equal(made, hand, BYTES);
    by_hand(hand, FORM1);
    exh_sector_make_form(made, hand + 24, 2048, LBA);
    assert_memory_equal(made, hand, BYTES);
    by_hand(hand, FORM2);
    memcpy(hand + 16, "\0\0\x20\0\0\0\x20\0", 8);
    put_edc(hand, 16, 2348);
    exh_sector_make_form(made, hand + 24, 2324, LBA);
    assert_memory_equal(made, hand, BYTES);
    for (enum made form = FORMLESS; form < MADE; form++) {
        by_hand(hand, form);
        exh_sector_make_mode2(made, hand + 16, LBA);
        assert_memory_equal(made, hand, BYTES);
    }
    exh_sector_make_mode1(made, hand + 16, -150);
    assert_memory_equal(made + 12, "\0\0\0\1", 4);
    exh_sector_make_mode1(made, hand + 16, 449849); /* 99:59:74 */
    assert_memory_equal(made + 12, "\x99\x59\x74\1", 4);
}

/* What one wrong byte must give. */
struct region {
    unsigned from, to;
    enum exh_sector_verdict verdict;
    bool subheader_differs;
};
static const struct region regions[MADE][8] = {
    [MODE0] = {{16, 2352, EXH_SECTOR_BAD_MODE, false}},
    [MODE1] = {{16, 2068, EXH_SECTOR_REPAIRABLE, false}, {2068, 2352, EXH_SECTOR_ECC_BAD, false}},
    [FORMLESS] = {{16, 2352, EXH_SECTOR_UNCHECKED, false}},
    [FORM1] = {{16, 24, EXH_SECTOR_REPAIRABLE, true}, {24, 2076, EXH_SECTOR_REPAIRABLE, false}, {2076, 2352, EXH_SECTOR_ECC_BAD, false}},
    [FORM2] = {{16, 24, EXH_SECTOR_EDC_BAD, true}, {24, 2352, EXH_SECTOR_EDC_BAD, false}},
    [FORM2_NO_EDC] = {{16, 24, EXH_SECTOR_NO_EDC, true}, {24, 2348, EXH_SECTOR_NO_EDC, false}, {2348, 2352, EXH_SECTOR_EDC_BAD, false}},
};

static bool time_byte_is_one(unsigned at, uint8_t byte)
{
    static const unsigned below[3] = {0xA0, 0x60, 0x75};
    return (byte & 15) < 10 && byte < below[at - 12];
}

/* Offsets 12 to 15 when the header's byte `at` is now another one. */
static enum exh_sector_verdict header_verdict(enum made made, unsigned at, uint8_t byte)
{
    if (at < 15 && !time_byte_is_one(at, byte))
        return EXH_SECTOR_BAD_HEADER;
    if (at < 15)
        return made == MODE1 ? EXH_SECTOR_REPAIRABLE : whole[made];
    if (byte == 1 && (made == MODE0 || made == FORMLESS || made == FORM2_NO_EDC))
        return EXH_SECTOR_EDC_BAD; /* nothing in it says that it is not a Mode 1 sector without any right byte */
    if (byte == 2 && made == MODE0)
        return EXH_SECTOR_OK; /* zeros are a Form 1 sector */
    return EXH_SECTOR_BAD_MODE;
}

static void expect_flip(enum made made, const uint8_t sector[BYTES], unsigned at)
{
    struct exh_sector_check check = checked(sector, kinds[made], LBA);
    enum exh_sector_verdict want = EXH_SECTOR_BAD_SYNC;
    bool differs = false;
    if (at >= 12 && at < 16)
        want = header_verdict(made, at, sector[at]);
    for (const struct region *r = regions[made]; at >= 16 && r->to > 0; r++)
        if (at >= r->from && at < r->to)
            want = r->verdict, differs = r->subheader_differs;
    if (check.verdict != want || check.subheader_differs != differs)
        fail_msg("form %u, offset %u is %02X: %s instead of %s, subheader differs %d", made, at, sector[at], exh_sector_verdict_name(check.verdict),
                 exh_sector_verdict_name(want), check.subheader_differs);
    if (at >= 16 && want != EXH_SECTOR_BAD_MODE)
        assert_int_equal(check.form, forms[made]);
    assert_int_equal(check.address_differs, at >= 12 && at < 15 && time_byte_is_one(at, sector[at]));
    assert_int_equal(check.header_known, !(at >= 12 && at < 15) || time_byte_is_one(at, sector[at]));
}

static void one_wrong_byte_at_every_offset(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0x01, 0x02, 0x03, 0x60, 0x80, 0xFF};
    for (enum made made = 0; made < MADE; made++)
        for (unsigned m = 0; m < sizeof masks; m++) {
            uint8_t sector[BYTES], original[BYTES];
            by_hand(sector, made);
            memcpy(original, sector, BYTES);
            for (unsigned at = 0; at < BYTES; at++) {
                sector[at] ^= masks[m];
                expect_flip(made, sector, at);
                sector[at] = original[at];
            }
        }
}

static void repair_brings_back_every_byte(void **state)
{
    (void)state;
    for (unsigned zeros = 0; zeros < 2; zeros++) {
        uint8_t sector[BYTES], original[BYTES];
        by_hand(original, zeros ? FORM1 : MODE1);
        for (unsigned at = zeros ? 16 : 12; at < BYTES; at++) {
            unsigned changed = 99;
            memcpy(sector, original, BYTES);
            spoil(&sector[at]);
            assert_true(exh_ecc_repair(sector, zeros, &changed));
            assert_int_equal(changed, 1);
            assert_memory_equal(sector, original, BYTES);
        }
        unsigned changed = 99;
        assert_true(exh_ecc_repair(sector, zeros, &changed));
        assert_int_equal(changed, 0);
    }
}

static void repair_of_bursts_and_scattered_bytes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        uint8_t sector[BYTES], original[BYTES];
        unsigned wrong = i % 2 == 0 ? 86 : 12, changed;
        by_hand(original, MODE1);
        memcpy(sector, original, BYTES);
        unsigned from = 16 + below(1900);
        for (unsigned k = 0; k < wrong; k++) /* a burst meets each column once */
            spoil(&sector[i % 2 == 0 ? from + k : 16 + below(2300)]);
        assert_true(exh_ecc_repair(sector, false, &changed));
        assert_memory_equal(sector, original, BYTES);
        assert_in_range(changed, 1, wrong);
    }
}

static void what_is_beyond_repair_stays_as_it_is(void **state)
{
    (void)state;
    uint8_t sector[BYTES], copy[BYTES];
    unsigned changed = 99;
    by_hand(sector, MODE1);
    fill(sector + 16, 2048);
    memcpy(copy, sector, BYTES);
    assert_false(exh_ecc_repair(copy, false, &changed));
    assert_int_equal(changed, 0);
    assert_memory_equal(copy, sector, BYTES);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_EDC_BAD);
    by_hand(sector, FORM1);
    fill(sector + 24, 2048);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_EDC_BAD);
    /* Parities hold over another EDC's data: nothing to correct, and the EDC still fails. */
    by_hand(sector, MODE1);
    sector[100] ^= 1;
    exh_ecc_write(sector, false);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_EDC_BAD);
    memcpy(copy, sector, BYTES);
    assert_false(exh_sector_repair(copy, EXH_FORM_MODE1, &changed));
    assert_int_equal(changed, 0);
    assert_memory_equal(copy, sector, BYTES);
    by_hand(sector, FORM2);
    sector[100] ^= 1;
    assert_false(exh_sector_repair(sector, EXH_FORM_MODE2_2, &changed)); /* it has no parities */
    /* EDC and parities left empty under a few bytes that the parities of zeros would "correct" away. */
    by_hand(sector, FORM1);
    memset(sector + 24, 0, BYTES - 24);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_EDC_BAD);
}

static unsigned subheader_bytes_differing(const uint8_t sector[BYTES])
{
    unsigned count = 0;
    for (unsigned i = 16; i < 20; i++)
        count += sector[i] != sector[i + 4];
    return count;
}

/* Whatever is damaged, and however much: a good verdict means that the user data are the disc's, and a repairable sector becomes the original. Only
 * where the subheader is gone, too, is nothing left that tells it from user data without EDC. */
static void damage_is_never_called_good(void **state)
{
    (void)state;
    unsigned good = 0, repairable = 0, bad = 0;
    for (unsigned i = 0; i < 6000; i++) {
        enum made made = i % 3 == 0 ? MODE1 : i % 3 == 1 ? FORM1 : FORM2;
        uint8_t sector[BYTES], original[BYTES];
        unsigned changed, wrong = 1 + below(i % 2 == 0 ? 8 : 200), from = i % 20 < 2 ? 2076 : 16; /* some in the parities alone */
        by_hand(original, made);
        memcpy(sector, original, BYTES);
        for (unsigned k = 0; k < wrong; k++)
            spoil(&sector[from + below(BYTES - from)]);
        struct exh_sector_check check = checked(sector, kinds[made], LBA);
        if (check.form == EXH_FORM_MODE2 && check.verdict == EXH_SECTOR_UNCHECKED) {
            assert_true(subheader_bytes_differing(sector) > 1 || (sector[18] != original[18] && sector[22] != original[22]));
        } else if (check.verdict < EXH_SECTOR_GOOD_COUNT) {
            good++;
            if (memcmp(sector + 24, original + 24, 2040) != 0)
                fail_msg("form %u: %s", made, exh_sector_verdict_name(check.verdict));
        } else if (check.verdict == EXH_SECTOR_REPAIRABLE) {
            repairable++;
            assert_true(exh_sector_repair(sector, check.form, &changed));
            assert_memory_equal(sector, original, BYTES);
        } else {
            bad++;
        }
    }
    if (good < 50 || repairable < 1000 || bad < 1000)
        fail_msg("%u good, %u repairable, %u bad: one of them is hardly tested", good, repairable, bad);
}

static void special_cases(void **state)
{
    (void)state;
    uint8_t sector[BYTES];
    by_hand(sector, MODE1);
    slow_ecc(sector, true);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_ECC_OTHER);
    sector[700] ^= 4; /* the other way corrects, too */
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_REPAIRABLE);
    by_hand(sector, FORM1);
    slow_ecc(sector, false);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_ECC_OTHER);
    sector[700] ^= 4;
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_REPAIRABLE);
    sector[14] = 0x35; /* but no address is put right by parities that need not know it */
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_EDC_BAD);
    by_hand(sector, MODE1);
    sector[2070] = 7;
    slow_ecc(sector, false);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_RESERVED);
    by_hand(sector, FORM1);
    sector[22] = 0x09; /* copies that differ on the disc itself */
    put_edc(sector, 16, 2072);
    slow_ecc(sector, true);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_OK);
    assert_true(checked(sector, EXH_TRACK_MODE2, LBA).subheader_differs);
    by_hand(sector, FORM1);
    fill(sector + 16, 8); /* a burst over the whole subheader */
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_REPAIRABLE);
    by_hand(sector, FORM2);
    fill(sector + 20, 4);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_2, EXH_SECTOR_EDC_BAD);
    by_hand(sector, FORM2);
    memcpy(sector + 16, "\1\2\x6E\0\1\2\x6E\0", 8); /* video, audio and data at once, but the EDC knows */
    put_edc(sector, 16, 2348);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_2, EXH_SECTOR_OK);
    by_hand(sector, FORMLESS);
    memcpy(sector + 16, "abcdabcdabcd", 12); /* repeats itself by chance, but 'n' would be all three kinds at once */
    sector[18] = sector[22] = 'n';
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2, EXH_SECTOR_UNCHECKED);
}

static void sectors_of_zeros(void **state)
{
    (void)state;
    uint8_t sector[BYTES];
    uint32_t length;
    by_hand(sector, FORM1);
    memset(sector + 16, 0, BYTES - 16);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_OK);
    assert_int_equal(exh_sector_user(sector, BYTES, EXH_TRACK_MODE2, &length), 24);
    assert_int_equal(length, 2048);
    sector[15] = 1; /* in Mode 1 zeros have another EDC */
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_EDC_BAD);
    memset(sector + 12, 0, 4);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_UNKNOWN, EXH_SECTOR_RUN_OUT);
    assert_false(checked(sector, EXH_TRACK_MODE1, LBA).header_known);
    struct exh_sector_check check = checked(sector, EXH_TRACK_MODE0, -150); /* where that is the right address */
    assert_true(check.verdict == EXH_SECTOR_UNCHECKED && check.form == EXH_FORM_MODE0 && !check.address_differs);
    memset(sector, 0, BYTES);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_UNKNOWN, EXH_SECTOR_RUN_OUT);
    sector[2000] = 1;
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_UNKNOWN, EXH_SECTOR_BAD_SYNC);
}

static void fill_of_other_programs(void **state)
{
    (void)state;
    static const char text[] = "dvdisaster dead sector marker\nThis sector could not be read from the image.\n";
    uint8_t sector[BYTES], user[2324] = {0};
    memset(sector, 0x55, BYTES);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_UNKNOWN, EXH_SECTOR_GENERATED);
    by_hand(sector, MODE1);
    memset(sector + 16, 0x55, BYTES - 16);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_GENERATED);
    by_hand(sector, MODE1);
    memset(sector + 16, 0x55, 2048);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_GENERATED);
    by_hand(sector, FORM1);
    memset(sector + 24, 0x55, 2048);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_GENERATED);
    by_hand(sector, FORM2_NO_EDC);
    memset(sector + 24, 0x55, 2324);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_2, EXH_SECTOR_GENERATED);
    memset(user, 0x55, 2048); /* an EDC that holds speaks for a disc that is full of U */
    exh_sector_make_mode1(sector, user, LBA);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_OK);
    memset(user, 0, sizeof user); /* but not for a text that says there were no data */
    memcpy(user, text, sizeof text);
    exh_sector_make_mode1(sector, user, LBA);
    expect(sector, EXH_TRACK_MODE1, EXH_FORM_MODE1, EXH_SECTOR_GENERATED);
    for (unsigned i = 0; i < 2048; i++)
        user[i] = (uint8_t) "_UNREAD_"[i % 8];
    exh_sector_make_form(sector, user, 2048, LBA);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_GENERATED);
    user[2047] = '!';
    exh_sector_make_form(sector, user, 2048, LBA);
    expect(sector, EXH_TRACK_MODE2, EXH_FORM_MODE2_1, EXH_SECTOR_OK);
}

static void scrambled_sectors(void **state)
{
    (void)state;
    for (enum made made = 0; made < MADE; made++) {
        uint8_t sector[BYTES];
        by_hand(sector, made);
        exh_scramble(sector);
        expect(sector, kinds[made], forms[made], EXH_SECTOR_SCRAMBLED);
        struct exh_sector_check check = checked(sector, kinds[made], LBA);
        assert_true(check.header_known && check.header_lba == LBA && !check.address_differs && !check.mode_differs);
    }
}

static void audio_in_a_data_track_is_bad_sync(void **state)
{
    (void)state;
    uint8_t sector[BYTES];
    for (unsigned i = 0; i < 100; i++) {
        fill(sector, BYTES);
        expect(sector, EXH_TRACK_MODE1, EXH_FORM_UNKNOWN, EXH_SECTOR_BAD_SYNC);
    }
}

static void names_are_words_of_their_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EXH_SECTOR_COUNT; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(exh_sector_verdict_name(i), exh_sector_verdict_name(j));
    assert_string_equal(exh_sector_verdict_name(EXH_SECTOR_COUNT), "unknown");
    for (unsigned i = 0; i <= EXH_FORM_MODE2_2; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(exh_sector_form_name(i), exh_sector_form_name(j));
}

/* ---- user data ---- */

static void user_data_lie_where_the_form_has_them(void **state)
{
    (void)state;
    static const struct {
        enum made made;
        uint32_t main_bytes, at, length;
    } rows[] = {
        {MODE0, 2352, 16, 2336}, {MODE1, 2352, 16, 2048}, {MODE1, 2048, 0, 2048},        {FORMLESS, 2352, 16, 2336}, {FORMLESS, 2336, 0, 2336},
        {FORM1, 2352, 24, 2048}, {FORM1, 2336, 8, 2048},  {FORM1, 2048, 0, 2048},        {FORM2, 2352, 24, 2324},    {FORM2, 2336, 8, 2324},
        {FORM2, 2324, 0, 2324},  {MODE0, 2336, 0, 2336},  {FORM2_NO_EDC, 2336, 8, 2324},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t sector[BYTES];
        uint32_t length = 0, skip = rows[i].main_bytes == BYTES ? 0 : rows[i].main_bytes == 2336 || rows[i].made == MODE1 ? 16 : 24;
        by_hand(sector, rows[i].made);
        assert_int_equal(exh_sector_user(sector + skip, rows[i].main_bytes, kinds[rows[i].made], &length), rows[i].at);
        assert_int_equal(length, rows[i].length);
    }
    uint8_t sector[BYTES];
    uint32_t length;
    by_hand(sector, FORM1);
    sector[18] ^= 0xFF; /* a damaged subheader does not move the data */
    assert_int_equal(exh_sector_user(sector, BYTES, EXH_TRACK_MODE2, &length), 24);
    assert_int_equal(length, 2048);
    assert_int_equal(exh_sector_user(sector, BYTES, EXH_TRACK_AUDIO, &length), 0);
    assert_int_equal(length, BYTES);
    assert_int_equal(exh_sector_user(sector, 512, EXH_TRACK_BLOCKS, &length), 0);
    assert_int_equal(length, 512);
}

/* ---- other people's discs ---- */

static uint8_t *corpus_file(const char *name, size_t bytes)
{
    char path[1024];
    const char *corpus = getenv("EXHIBIT_CORPUS") != NULL ? getenv("EXHIBIT_CORPUS") : getenv("EXHIBIT_CORPUS_DEFAULT");
    (void)snprintf(path, sizeof path, "%s/optical/%s", corpus != NULL ? corpus : "", name);
    FILE *file = corpus != NULL ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        print_message("  no corpus (EXHIBIT_CORPUS): %s\n", name);
        return NULL;
    }
    uint8_t *data = malloc(bytes);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
    return data;
}

static void mode1_disc_of_the_corpus(void **state)
{
    (void)state;
    uint8_t *disc = corpus_file("libcdio/isofs-m1.bin", 302 * BYTES);
    if (disc == NULL)
        skip();
    for (unsigned i = 0; i < 302; i++) {
        struct exh_sector_check check = checked(disc + i * BYTES, EXH_TRACK_MODE1, i);
        assert_true(check.verdict == EXH_SECTOR_OK && check.form == EXH_FORM_MODE1 && !check.address_differs);
        uint8_t made[BYTES];
        exh_sector_make_mode1(made, disc + i * BYTES + 16, i);
        assert_memory_equal(made, disc + i * BYTES, BYTES);
    }
    free(disc);
}

static void video_disc_of_the_corpus(void **state)
{
    (void)state;
    uint8_t *disc = corpus_file("debian-made/vcd20.bin", 750 * BYTES);
    if (disc == NULL)
        skip();
    for (unsigned i = 0; i < 750; i++) {
        const uint8_t *sector = disc + i * BYTES;
        struct exh_sector_check check = checked(sector, EXH_TRACK_MODE2, i);
        bool form1 = i < 300;
        assert_int_equal(check.form, form1 ? EXH_FORM_MODE2_1 : EXH_FORM_MODE2_2);
        assert_int_equal(check.verdict, EXH_SECTOR_OK);
        assert_false(check.address_differs || check.subheader_differs || check.mode_differs);
        uint32_t length;
        assert_int_equal(exh_sector_user(sector, BYTES, EXH_TRACK_MODE2, &length), 24);
        assert_int_equal(length, form1 ? 2048 : 2324);
        uint8_t slow[BYTES];
        memcpy(slow, sector, BYTES);
        put_edc(slow, 16, form1 ? 2072 : 2348);
        if (form1)
            slow_ecc(slow, true);
        assert_memory_equal(slow, sector, BYTES);
    }
    free(disc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edc_is_the_remainder_of_its_polynomial),
        cmocka_unit_test(parities_are_the_remainders_of_theirs),
        cmocka_unit_test(each_parity_sees_each_byte_it_covers),
        cmocka_unit_test(scrambler_is_its_shift_register),
        cmocka_unit_test(whole_sectors_are_good),
        cmocka_unit_test(made_sectors_are_those_by_hand),
        cmocka_unit_test(one_wrong_byte_at_every_offset),
        cmocka_unit_test(repair_brings_back_every_byte),
        cmocka_unit_test(repair_of_bursts_and_scattered_bytes),
        cmocka_unit_test(what_is_beyond_repair_stays_as_it_is),
        cmocka_unit_test(damage_is_never_called_good),
        cmocka_unit_test(special_cases),
        cmocka_unit_test(sectors_of_zeros),
        cmocka_unit_test(fill_of_other_programs),
        cmocka_unit_test(scrambled_sectors),
        cmocka_unit_test(audio_in_a_data_track_is_bad_sync),
        cmocka_unit_test(names_are_words_of_their_own),
        cmocka_unit_test(user_data_lie_where_the_form_has_them),
        cmocka_unit_test(mode1_disc_of_the_corpus),
        cmocka_unit_test(video_disc_of_the_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
