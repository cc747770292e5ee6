/* The first route over a medium that may fail: it covers the medium once, ends at the first trouble, and hands on whole units of good sectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/streaming.h"
#include "tests/make/failing_medium.h"

#define SECTORS 1000u
#define BLOCK 100u /* sectors */

static struct exh_error err;
static struct failing_medium medium;
static struct exh_map map;
static struct exh_streaming route;
static uint64_t handed_on; /* sectors the consumers would see, all in order */

static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    failing_open(&medium, SECTORS * 512, 512, true);
    handed_on = 0;
    return exh_map_open(&map, SECTORS, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    exh_map_close(&map);
    failing_close(&medium);
    return 0;
}

static void walk(int64_t start, uint32_t unit, uint64_t min_rate)
{
    struct exh_block block;
    struct exh_scratch *scratch = NULL;
    struct exh_want want;
    exh_streaming_open(&route, &medium.medium, &map, start, BLOCK * 512, unit, min_rate);
    assert_true(exh_block_open(&block, BLOCK, 512, 0, &err) && exh_medium_scratch(&medium.medium, &scratch, &err));
    while (route.route.ops->next(&route.route, &want)) {
        struct exh_faults faults = {0};
        assert_int_equal(want.effort, EXH_ONCE);
        assert_int_equal(want.lba, start + (int64_t)handed_on);
        assert_true(exh_medium_read(&medium.medium, scratch, &want, &block, &faults, &err));
        route.route.ops->outcome(&route.route, &block, &faults);
        assert_int_equal(block.bad, 0); /* nothing bad is ever handed on */
        handed_on += block.count;
        exh_faults_close(&faults);
    }
    assert_int_equal(route.failure.code, EXH_OK);
    assert_int_equal(route.delivered, start + (int64_t)handed_on);
    exh_scratch_close(scratch);
    exh_block_close(&block);
}

static void check_area(uint64_t first, uint64_t count, enum exh_area area)
{
    const struct exh_map_range *r = exh_map_at(&map, first);
    assert_true(r->first == first && r->count == count && r->area == area);
}

static void a_clean_medium_is_covered_once(void **state)
{
    (void)state;
    walk(0, 1, 0);
    assert_true(handed_on == SECTORS && !route.stopped && medium.reads == 10);
    assert_int_equal(route.route.total_bytes, SECTORS * 512);
}

static void it_goes_on_from_where_it_is_told(void **state)
{
    (void)state;
    walk(640, 64, 0); /* blocks of 64 sectors then, the last of 40 */
    assert_true(handed_on == 360 && !route.stopped && medium.reads == 6);
    assert_int_equal(route.route.total_bytes, 360 * 512);
}

static void it_ends_at_the_first_failure(void **state)
{
    (void)state;
    medium.fails[250] = medium.fails[800] = FAILS_ALWAYS;
    walk(0, 1, 0);
    assert_true(route.stopped && handed_on == 250 && medium.reads == 3);
    check_area(250, 50, EXH_AREA_UNTRIMMED);
    assert_int_equal(exh_map_total(&map, EXH_AREA_UNTRIED), SECTORS - 50); /* what was read is marked by its caller */
}

static void only_whole_units_are_handed_on(void **state)
{
    (void)state;
    medium.fails[250] = FAILS_ALWAYS;
    walk(0, 16, 0); /* blocks of 96: the third is 192 to 287 */
    assert_true(route.stopped && handed_on == 240);
    check_area(250, 38, EXH_AREA_UNTRIMMED);
}

static void a_failure_that_hides_its_place(void **state)
{
    (void)state;
    medium.located = false;
    medium.fails[250] = FAILS_ALWAYS;
    walk(0, 1, 0);
    assert_true(route.stopped && handed_on == 200);
    check_area(200, 100, EXH_AREA_UNTRIMMED);
}

static void the_last_sector_alone(void **state)
{
    (void)state;
    medium.fails[SECTORS - 1] = FAILS_ALWAYS;
    walk(0, 1, 0);
    assert_true(route.stopped && handed_on == SECTORS - 1);
    check_area(SECTORS - 1, 1, EXH_AREA_BAD);
}

static void a_slow_block_is_handed_on_and_ends_it(void **state)
{
    (void)state;
    medium.slow_first = 300;
    medium.slow_end = 400;
    medium.slow_micros = 1000; /* 512 kB/s */
    walk(0, 1, 0);
    assert_true(handed_on == SECTORS && !route.stopped); /* nobody asked */
    handed_on = 0;
    walk(0, 1, 400000);
    assert_true(handed_on == SECTORS && !route.stopped);
    handed_on = 0;
    walk(0, 1, 600000);
    assert_true(route.stopped && handed_on == 400);
    assert_int_equal(exh_map_total(&map, EXH_AREA_UNTRIED), SECTORS);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_clean_medium_is_covered_once),        CASE(it_goes_on_from_where_it_is_told), CASE(it_ends_at_the_first_failure),
        CASE(only_whole_units_are_handed_on),        CASE(a_failure_that_hides_its_place),   CASE(the_last_sector_alone),
        CASE(a_slow_block_is_handed_on_and_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
