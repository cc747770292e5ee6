/* test_crc32c.c - known answers of RFC 3720, B.4, and that parts join to the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "formats/container/crc32c.h"

static void known_answers(void **state)
{
    (void)state;
    uint8_t bytes[32] = {0};
    assert_int_equal(exh_crc32c(0, bytes, 0), 0);
    assert_int_equal(exh_crc32c(0, "123456789", 9), 0xE3069283u);
    assert_int_equal(exh_crc32c(0, bytes, 32), 0x8A9136AAu);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = 0xFF;
    assert_int_equal(exh_crc32c(0, bytes, 32), 0x62A8AB43u);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(exh_crc32c(0, bytes, 32), 0x46DD794Eu);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(exh_crc32c(0, bytes, 32), 0x113FDB5Cu);
}

/* The shift register of the definition, bit by bit. */
static uint32_t slowly(const uint8_t *data, size_t length)
{
    uint32_t r = ~0u;
    for (size_t i = 0; i < length; i++) {
        r ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            r = r >> 1 ^ (r & 1 ? 0x82F63B78u : 0);
    }
    return ~r;
}

static void every_length_and_part(void **state)
{
    (void)state;
    uint8_t bytes[100];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 151 + i / 7);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        uint32_t whole = exh_crc32c(0, bytes, length);
        assert_int_equal(whole, slowly(bytes, length));
        for (size_t cut = 0; cut <= length; cut++)
            assert_int_equal(exh_crc32c(exh_crc32c(0, bytes, cut), bytes + cut, length - cut), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_answers), cmocka_unit_test(every_length_and_part)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
