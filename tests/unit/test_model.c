/* The vocabulary: arithmetic, text, the sector map, layouts, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/model/bytes.h"
#include "formats/model/layout.h"
#include "formats/model/sectors.h"
#include "formats/model/text.h"

static struct exh_error err;

static void cursor_failure_sticks(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 5};
    struct exh_cursor c = exh_cursor_over(bytes, sizeof bytes);
    assert_int_equal(exh_cursor_le32(&c), 0x04030201);
    assert_true(exh_cursor_ok(&c));
    assert_int_equal(exh_cursor_be16(&c), 0);
    assert_false(exh_cursor_ok(&c));
    assert_int_equal(exh_cursor_u8(&c), 0); /* one byte is left, but the failure sticks */
    assert_int_equal(exh_cursor_left(&c), 0);
}

static void ranges_never_wrap(void **state)
{
    (void)state;
    assert_true(exh_inside(10, 0, 10));
    assert_false(exh_inside(11, 0, 10));
    assert_false(exh_inside(UINT64_MAX, 2, 10));
    assert_false(exh_inside(2, UINT64_MAX, 10));
}

static void sizes_and_numbers(void **state)
{
    (void)state;
    uint64_t v;
    assert_true(exh_text_size("2047M", &v) && v == 2047ULL << 20);
    assert_true(exh_text_size("1KiB", &v) && v == 1024);
    assert_true(exh_text_size("3s", &v) && v == 1536);
    assert_false(exh_text_size("", &v));
    assert_false(exh_text_size("12x", &v));
    assert_false(exh_text_size("99999999999999T", &v));
    assert_false(exh_text_u64("-1", &v));
    assert_false(exh_text_u64("18446744073709551616", &v));
    assert_true(exh_text_u64("0x10", &v) && v == 16);
}

static void text_from_utf16(void **state)
{
    (void)state;
    const uint8_t units[] = {0xFF, 0xFE, 'a', 0, 0x3D, 0xD8, 0x00, 0xDE, 0x00, 0xD8, 'b', 0};
    char *text = exh_text_from_utf16le(units, sizeof units);
    assert_string_equal(text, "a\xF0\x9F\x98\x80\xEF\xBF\xBD"
                              "b");
    free(text);
    assert_false(exh_text_is_utf8("\xC0\x80", 2));
    assert_false(exh_text_is_utf8("\xED\xA0\x80", 3));
    text = exh_text_to_utf8((const uint8_t *)"gr\xFC\x80", 4);
    assert_string_equal(text, "gr\xC3\xBC\xE2\x82\xAC");
    free(text);
}

/* The map against a plain array of states, over random marks. */
static void sector_map_like_an_array(void **state)
{
    (void)state;
    enum { N = 200 };
    for (unsigned seed = 1; seed < 200; seed++) {
        struct exh_sectors map = {0};
        int plain[N];
        uint32_t r = seed * 2654435761u;
        for (int i = 0; i < N; i++)
            plain[i] = -1;
        for (int k = 0; k < 60; k++) {
            r = r * 1664525u + 1013904223u;
            int64_t lba = (r >> 8) % N;
            uint64_t count = (r >> 20) % (unsigned)(N - lba) % 40;
            enum exh_state s = (enum exh_state)((r >> 3) % 3);
            assert_true(exh_sectors_mark(&map, lba, count, s, &err));
            for (uint64_t i = 0; i < count; i++)
                plain[lba + (int64_t)i] = (int)s;
        }
        for (int64_t i = 0; i < N; i++) {
            const struct exh_range *range = exh_sectors_find(&map, i);
            int found = range != NULL && range->lba <= i ? (int)range->state : -1;
            assert_int_equal(found, plain[i]);
        }
        for (int64_t lba = 0, stop; lba < N; lba = stop) { /* cut into parts that are wholly inside or outside */
            bool inside;
            stop = exh_sectors_part(&map, lba, N, &inside);
            assert_true(stop > lba && stop <= N);
            for (int64_t i = lba; i < stop; i++)
                assert_int_equal(inside, plain[i] >= 0);
        }
        for (size_t i = 1; i < map.count; i++) /* sorted, disjoint, coalesced */
            assert_true(
                map.ranges[i].lba > map.ranges[i - 1].lba + (int64_t)map.ranges[i - 1].count - 1 &&
                (map.ranges[i].lba > map.ranges[i - 1].lba + (int64_t)map.ranges[i - 1].count || map.ranges[i].state != map.ranges[i - 1].state));
        exh_sectors_close(&map);
    }
}

static void layouts_are_checked(void **state)
{
    (void)state;
    struct exh_layout l;
    exh_layout_disk(&l, 1000, 512);
    assert_true(exh_layout_check(&l, &err));
    assert_int_equal(l.tracks[0].sectors, 2);
    assert_int_equal(l.tracks[0].tail_bytes, 488);
    assert_int_equal(exh_layout_bytes(&l), 1000);
    assert_int_equal(exh_track_bytes(&l.tracks[0], 0, 1), 512);
    assert_int_equal(exh_track_bytes(&l.tracks[0], 1, 1), 488);
    l.tracks[0].main_bytes = 0;
    assert_false(exh_layout_check(&l, &err));
    exh_layout_disk(&l, 1000, 512);
    l.tracks[0].sectors = UINT64_MAX / 2;
    assert_false(exh_layout_check(&l, &err));
    exh_layout_disk(&l, 5120, 512);
    l.tracks[1] = l.tracks[0];
    l.tracks[1].number = 2;
    l.track_count = 2;
    assert_false(exh_layout_check(&l, &err)); /* overlaps */
    l.tracks[1].first = 10;
    assert_true(exh_layout_check(&l, &err));
}

static void the_first_cause_is_kept(void **state)
{
    (void)state;
    exh_error_clear(&err);
    assert_false(exh_fail(&err, EXH_CORRUPT, 76, "section checksum is %08x", 1u));
    (void)exh_in_file(&err, "a.E01");
    (void)exh_in_file(&err, "b.E01");
    (void)exh_context(&err, "reading %s", "x");
    assert_string_equal(err.text, "reading x: section checksum is 00000001");
    assert_string_equal(err.file, "a.E01");
    assert_int_equal(err.at, 76);
    char long_text[2 * sizeof err.text];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    (void)exh_context(&err, "%s", long_text);
    assert_string_equal(err.text, "reading x: section checksum is 00000001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_failure_sticks),   cmocka_unit_test(ranges_never_wrap),        cmocka_unit_test(sizes_and_numbers),
        cmocka_unit_test(text_from_utf16),         cmocka_unit_test(sector_map_like_an_array), cmocka_unit_test(layouts_are_checked),
        cmocka_unit_test(the_first_cause_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
