/* The subchannel: both orders of its bits, and what Q says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "formats/optical/cdtext.h"
#include "formats/optical/subchannel.h"

/* Bit by bit, as the polynomial x^16 + x^12 + x^5 + 1 has it. */
static uint16_t slow_crc(const uint8_t *data, size_t length)
{
    unsigned crc = 0;
    for (size_t bit = 0; bit < length * 8; bit++) {
        unsigned in = data[bit / 8] >> (7 - bit % 8) & 1;
        unsigned out = crc >> 15 & 1;
        crc = (crc << 1 & 0xFFFF) ^ (in != out ? 0x1021 : 0);
    }
    return (uint16_t)(crc ^ 0xFFFF);
}

static void crc_is_the_polynomials(void **state)
{
    (void)state;
    uint8_t data[64];
    assert_int_equal(exh_crc16_q((const uint8_t *)"123456789", 9), 0xCE3C);
    assert_int_equal(slow_crc((const uint8_t *)"123456789", 9), 0xCE3C);
    assert_int_equal(exh_crc16_q(data, 0), 0xFFFF);
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 151 + 7);
    for (unsigned length = 1; length <= sizeof data; length++)
        assert_int_equal(exh_crc16_q(data, length), slow_crc(data, length));
    for (unsigned byte = 0; byte < 256; byte++) {
        data[0] = (uint8_t)byte;
        assert_int_equal(exh_crc16_q(data, 3), slow_crc(data, 3));
    }
}

static void orders_are_each_others_inverse(void **state)
{
    (void)state;
    uint8_t interleaved[96], linear[96], back[96];
    for (unsigned i = 0; i < 96; i++)
        interleaved[i] = (uint8_t)(i * 89 + (i >> 3) + 5);
    exh_sub_to_linear(interleaved, linear);
    for (unsigned channel = 0; channel < 8; channel++)
        for (unsigned i = 0; i < 96; i++)
            assert_int_equal(linear[channel * 12 + i / 8] >> (7 - i % 8) & 1, interleaved[i] >> (7 - channel) & 1);
    exh_sub_to_interleaved(linear, back);
    assert_memory_equal(back, interleaved, 96);
}

static struct exh_q decoded(const uint8_t q[12])
{
    struct exh_q out;
    memset(&out, 0xA5, sizeof out);
    exh_q_decode(q, &out);
    return out;
}

static void seal(uint8_t q[12])
{
    uint16_t crc = slow_crc(q, 10);
    q[10] = (uint8_t)(crc >> 8), q[11] = (uint8_t)crc;
}

static void first_sector_of_a_data_track(void **state)
{
    (void)state;
    static const uint8_t known[12] = {0x41, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x28, 0x32};
    uint8_t q[12];
    exh_q_make_position(q, 4, 1, 1, 0, 0);
    assert_memory_equal(q, known, 12);
    struct exh_q out = decoded(known);
    assert_true(out.crc_holds && out.bcd);
    assert_int_equal(out.kind, EXH_Q_POSITION);
    assert_int_equal(out.control, 4);
    assert_int_equal(out.adr, 1);
    assert_int_equal(out.track, 1);
    assert_int_equal(out.index, 1);
    assert_int_equal(out.relative, 0);
    assert_int_equal(out.lba, 0);
    assert_string_equal(out.text, "");
}

static void positions_come_back(void **state)
{
    (void)state;
    static const struct {
        uint8_t track, index;
        int64_t relative, lba;
        uint8_t bytes[9];
    } rows[] = {
        {1, 0, 150, -150, {0x01, 0x00, 0x00, 0x02, 0x00, 0, 0x00, 0x00, 0x00}},
        {1, 0, 1, -1, {0x01, 0x00, 0x00, 0x00, 0x01, 0, 0x00, 0x01, 0x74}},
        {12, 34, 4499, 279690, {0x12, 0x34, 0x00, 0x59, 0x74, 0, 0x62, 0x11, 0x15}},
        {99, 99, 449999, 449849, {0x99, 0x99, 0x99, 0x59, 0x74, 0, 0x99, 0x59, 0x74}},
        {EXH_Q_LEAD_OUT, 1, 75, 4350, {0xAA, 0x01, 0x00, 0x01, 0x00, 0, 0x01, 0x00, 0x00}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t q[12];
        exh_q_make_position(q, 0, rows[i].track, rows[i].index, rows[i].relative, rows[i].lba);
        assert_int_equal(q[0], 0x01);
        assert_memory_equal(q + 1, rows[i].bytes, 9);
        struct exh_q out = decoded(q);
        assert_true(out.crc_holds && out.bcd && out.kind == EXH_Q_POSITION);
        assert_int_equal(out.track, rows[i].track);
        assert_int_equal(out.index, rows[i].index);
        assert_int_equal(out.relative, rows[i].relative);
        assert_int_equal(out.lba, rows[i].lba);
    }
    uint8_t q[12], other[12]; /* before INDEX 01 the distance is counted, in whatever sign it is given */
    exh_q_make_position(q, 4, 2, 0, 100, 900);
    exh_q_make_position(other, 4, 2, 0, -100, 900);
    assert_memory_equal(q, other, 12);
}

static void every_wrong_bit_breaks_the_crc(void **state)
{
    (void)state;
    uint8_t q[12];
    exh_q_make_position(q, 4, 7, 2, 1000, 20000);
    for (unsigned bit = 0; bit < 96; bit++) {
        q[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        assert_false(decoded(q).crc_holds);
        q[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
    assert_true(decoded(q).crc_holds);
}

static void times_that_are_none(void **state)
{
    (void)state;
    static const struct {
        uint8_t at, byte;
    } rows[] = {{1, 0x1A}, {2, 0x0A}, {3, 0xA0}, {4, 0x60}, {5, 0x75}, {5, 0x0F}, {7, 0x9A}, {8, 0x61}, {9, 0x80}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t q[12];
        exh_q_make_position(q, 4, 7, 2, 1000, 20000);
        assert_true(decoded(q).bcd);
        q[rows[i].at] = rows[i].byte;
        seal(q);
        struct exh_q out = decoded(q);
        assert_true(out.crc_holds && out.kind == EXH_Q_POSITION);
        assert_false(out.bcd);
    }
}

static void catalogue_numbers(void **state)
{
    (void)state;
    uint8_t q[12] = {0x42, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x30, 0x00, 0x59};
    seal(q);
    struct exh_q out = decoded(q);
    assert_true(out.crc_holds && out.bcd && out.kind == EXH_Q_MCN);
    assert_string_equal(out.text, "1234567890123");
    assert_int_equal(out.frame, 59);
    q[7] = 0xB0;
    q[9] = 0x75;
    seal(q);
    out = decoded(q);
    assert_true(out.crc_holds && !out.bcd);
    assert_string_equal(out.text, "");
}

/* "GBAYE6700149": five characters less '0' in six bits each, two bits, seven digits. */
static void recording_codes(void **state)
{
    (void)state;
    static const char code[] = "GBAYE6700149";
    uint8_t q[12] = {0x03};
    unsigned bit = 8;
    for (unsigned i = 0; i < 5; i++)
        for (unsigned b = 6; b-- > 0; bit++)
            q[bit / 8] |= (uint8_t)(((unsigned)(code[i] - '0') >> b & 1) << (7 - bit % 8));
    bit += 2;
    for (unsigned i = 5; i < 12; i++)
        for (unsigned b = 4; b-- > 0; bit++)
            q[bit / 8] |= (uint8_t)(((unsigned)(code[i] - '0') >> b & 1) << (7 - bit % 8));
    assert_int_equal(bit, 8 + 30 + 2 + 28);
    q[9] = 0x08;
    seal(q);
    struct exh_q out = decoded(q);
    assert_true(out.crc_holds && out.bcd && out.kind == EXH_Q_ISRC);
    assert_string_equal(out.text, code);
    assert_int_equal(out.frame, 8);
    assert_int_equal(out.control, 0);
    uint8_t bad[12];
    memcpy(bad, q, 12);
    bad[1] = (uint8_t)((bad[1] & 3) | 10 << 2); /* ':' */
    assert_string_equal(decoded(bad).text, "");
    memcpy(bad, q, 12);
    bad[1] = (uint8_t)((bad[1] & 3) | 43 << 2); /* '[' */
    assert_string_equal(decoded(bad).text, "");
    memcpy(bad, q, 12);
    bad[8] |= 0xA0;
    assert_string_equal(decoded(bad).text, "");
}

static void other_rows_are_no_positions(void **state)
{
    (void)state;
    uint8_t q[12] = {0x45, 0, 0xB0, 0x64, 0x40, 0x20, 2, 0x79, 0x59, 0x74};
    seal(q);
    assert_int_equal(decoded(q).kind, EXH_Q_OTHER);
    uint8_t lead_in[12] = {0x41, 0, 0xA0, 0x99, 0x10, 0x20, 0, 0x01, 0x00, 0x00};
    seal(lead_in);
    assert_true(decoded(lead_in).crc_holds);
    assert_int_equal(decoded(lead_in).kind, EXH_Q_OTHER);
}

/* One bit wrong anywhere in one of two: which channel it is in, and that a Q whose CRC fails is no other valid one. */
static void two_are_compared_by_channel(void **state)
{
    (void)state;
    uint8_t a[EXH_SUB_BYTES] = {0}, b[EXH_SUB_BYTES];
    struct exh_sub_difference d;
    exh_q_make_position(a + EXH_SUB_Q, 4, 1, 1, 30, 30);
    assert_true(exh_sub_compare(a, a, &d));
    assert_true(!d.p && !d.rw && d.q == EXH_Q_SAME);
    for (unsigned bit = 0; bit < EXH_SUB_BYTES * 8; bit++) {
        memcpy(b, a, sizeof b);
        b[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
        bool q = bit / 8 >= 12 && bit / 8 < 24;
        assert_false(exh_sub_compare(a, b, &d));
        assert_int_equal(d.p, bit / 8 < 12);
        assert_int_equal(d.rw, bit / 8 >= 24);
        assert_int_equal(d.q, q ? EXH_Q_FIRST_VALID : EXH_Q_SAME);
        assert_false(exh_sub_compare(b, a, &d));
        assert_int_equal(d.q, q ? EXH_Q_SECOND_VALID : EXH_Q_SAME);
    }
    memcpy(b, a, sizeof b);
    exh_q_make_position(b + EXH_SUB_Q, 4, 1, 1, 31, 31);
    assert_false(exh_sub_compare(a, b, &d));
    assert_int_equal(d.q, EXH_Q_DIFFERENT);
    a[EXH_SUB_Q] ^= 1;
    b[EXH_SUB_Q] ^= 1;
    assert_false(exh_sub_compare(a, b, &d));
    assert_int_equal(d.q, EXH_Q_NONE_VALID);
    memset(b, 0, sizeof b);
    assert_false(exh_sub_compare(a, b, &d));
    assert_int_equal(d.q, EXH_Q_SECOND_BLANK);
    assert_false(exh_sub_compare(b, a, &d));
    assert_int_equal(d.q, EXH_Q_FIRST_BLANK);
}

/* The .sub of a CloneCD image: each sector's Q holds and says where it lies. */
static void subchannel_file_of_the_corpus(void **state)
{
    (void)state;
    char path[1024];
    const char *corpus = getenv("EXHIBIT_CORPUS") != NULL ? getenv("EXHIBIT_CORPUS") : getenv("EXHIBIT_CORPUS_DEFAULT");
    (void)snprintf(path, sizeof path, "%s/optical/made-here/d.sub", corpus != NULL ? corpus : "");
    FILE *file = corpus != NULL ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        print_message("  no corpus (EXHIBIT_CORPUS)\n");
        skip();
    }
    uint8_t sub[96];
    for (int64_t lba = 0; lba < 136; lba++) {
        assert_int_equal(fread(sub, 1, sizeof sub, file), sizeof sub);
        struct exh_q out = decoded(sub + EXH_SUB_Q);
        assert_true(out.crc_holds);
        if (out.kind == EXH_Q_POSITION)
            assert_int_equal(out.lba, lba);
    }
    assert_int_equal(fread(sub, 1, 1, file), 0);
    assert_int_equal(fclose(file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_the_polynomials),
        cmocka_unit_test(orders_are_each_others_inverse),
        cmocka_unit_test(first_sector_of_a_data_track),
        cmocka_unit_test(positions_come_back),
        cmocka_unit_test(every_wrong_bit_breaks_the_crc),
        cmocka_unit_test(times_that_are_none),
        cmocka_unit_test(catalogue_numbers),
        cmocka_unit_test(recording_codes),
        cmocka_unit_test(other_rows_are_no_positions),
        cmocka_unit_test(two_are_compared_by_channel),
        cmocka_unit_test(subchannel_file_of_the_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
