/* The rescue map: against a byte for each sector, after every one of thousands of marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/map.h"

static const enum exh_area areas[] = {EXH_AREA_UNTRIED, EXH_AREA_UNTRIMMED, EXH_AREA_UNSCRAPED, EXH_AREA_BAD, EXH_AREA_READ};
static struct exh_error err;

static uint64_t next_random(uint64_t *seed) { return (*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL) >> 33; }

/* Does the map say of every sector what the bytes say, in as few ranges as can be? */
static void check(const struct exh_map *map, const uint8_t *bytes)
{
    uint64_t at = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct exh_map_range *r = &map->ranges[i];
        assert_int_equal(r->first, at);
        assert_true(r->count > 0);
        if (i > 0)
            assert_true(map->ranges[i - 1].area != r->area);
        for (uint64_t s = 0; s < r->count; s++)
            assert_int_equal(bytes[r->first + s], r->area);
        at += r->count;
    }
    assert_int_equal(at, map->sectors);
}

static void check_searches(const struct exh_map *map, const uint8_t *bytes, uint64_t sector, enum exh_area area)
{
    const struct exh_map_range *at = exh_map_at(map, sector);
    assert_true(at->first <= sector && sector < at->first + at->count);

    uint64_t s = sector;
    while (s < map->sectors && bytes[s] != area)
        s++;
    const struct exh_map_range *next = exh_map_next(map, sector, area);
    assert_true((next == NULL) == (s == map->sectors));
    if (next != NULL)
        assert_true(next->area == area && next->first <= s && s < next->first + next->count);

    s = sector;
    while (s > 0 && bytes[s - 1] != area)
        s--;
    const struct exh_map_range *previous = exh_map_previous(map, sector, area);
    assert_true((previous == NULL) == (s == 0));
    if (previous != NULL)
        assert_true(previous->area == area && previous->first < s && s <= previous->first + previous->count);
}

static void check_totals(const struct exh_map *map, const uint8_t *bytes)
{
    uint64_t failed = 0;
    for (size_t a = 0; a < 5; a++) {
        uint64_t total = 0;
        for (uint64_t s = 0; s < map->sectors; s++)
            total += bytes[s] == areas[a];
        assert_int_equal(exh_map_total(map, areas[a]), total);
    }
    for (uint64_t s = 0; s < map->sectors; s++)
        failed += strchr("*/-", bytes[s]) != NULL && (s == 0 || strchr("*/-", bytes[s - 1]) == NULL);
    assert_int_equal(exh_map_failed_areas(map), failed);
}

static void marks_equal_brute_force(void **state)
{
    (void)state;
    enum { SECTORS = 700 };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed, longest = seed % 4 == 0 ? SECTORS : 1 + seed * 3;
        uint8_t bytes[SECTORS];
        struct exh_map map;
        memset(bytes, EXH_AREA_UNTRIED, sizeof bytes);
        assert_true(exh_map_open(&map, SECTORS, &err));
        for (int i = 0; i < 2000; i++) {
            uint64_t first = next_random(&random) % SECTORS, count = next_random(&random) % (longest + 1);
            enum exh_area area = areas[next_random(&random) % 5];
            if (count > SECTORS - first)
                count = SECTORS - first;
            memset(bytes + first, area, count);
            assert_true(exh_map_mark(&map, first, count, area, &err));
            check(&map, bytes);
            check_searches(&map, bytes, next_random(&random) % SECTORS, areas[next_random(&random) % 5]);
        }
        check_totals(&map, bytes);
        exh_map_close(&map);
    }
}

static void edges(void **state)
{
    (void)state;
    struct exh_map map, empty;
    assert_true(exh_map_open(&empty, 0, &err));
    assert_int_equal(empty.count, 0);
    assert_null(exh_map_next(&empty, 0, EXH_AREA_UNTRIED));
    assert_null(exh_map_previous(&empty, 0, EXH_AREA_UNTRIED));
    assert_false(exh_map_mark(&empty, 0, 1, EXH_AREA_READ, &err));
    exh_map_close(&empty);

    assert_true(exh_map_open(&map, UINT64_MAX / 1024, &err));
    assert_false(exh_map_mark(&map, map.sectors, 1, EXH_AREA_READ, &err));
    assert_int_equal(err.code, EXH_BUG);
    assert_false(exh_map_mark(&map, 1, map.sectors, EXH_AREA_READ, &err));
    assert_false(exh_map_mark(&map, 1, UINT64_MAX, EXH_AREA_READ, &err));
    assert_int_equal(map.count, 1);
    assert_true(exh_map_mark(&map, 0, map.sectors, EXH_AREA_READ, &err));
    assert_true(exh_map_mark(&map, map.sectors - 1, 1, EXH_AREA_BAD, &err));
    assert_true(exh_map_previous(&map, map.sectors, EXH_AREA_BAD)->first == map.sectors - 1);
    assert_null(exh_map_previous(&map, map.sectors - 1, EXH_AREA_BAD));
    assert_null(exh_map_previous(&map, 0, EXH_AREA_READ));
    assert_null(exh_map_next(&map, map.sectors, EXH_AREA_BAD));
    assert_true(exh_map_previous(&map, UINT64_MAX, EXH_AREA_BAD) != NULL);
    exh_map_close(&map);
}

static void copies_are_equal_and_apart(void **state)
{
    (void)state;
    struct exh_map map, copy;
    assert_true(exh_map_open(&map, 100, &err));
    assert_true(exh_map_mark(&map, 10, 20, EXH_AREA_READ, &err));
    assert_true(exh_map_copy(&copy, &map, &err));
    assert_true(exh_map_equal(&map, &copy));
    assert_true(exh_map_mark(&copy, 12, 1, EXH_AREA_BAD, &err));
    assert_false(exh_map_equal(&map, &copy));
    assert_true(exh_map_mark(&map, 12, 1, EXH_AREA_UNSCRAPED, &err));
    assert_false(exh_map_equal(&map, &copy)); /* the same ranges, another area */
    exh_map_close(&map);
    exh_map_close(&copy);
}

static void states_of_what_is_not_read(void **state)
{
    (void)state;
    struct exh_map map;
    struct exh_sectors sectors = {0};
    assert_true(exh_map_open(&map, 100, &err));
    assert_true(exh_map_mark(&map, 0, 90, EXH_AREA_READ, &err));
    assert_true(exh_map_mark(&map, 5, 2, EXH_AREA_BAD, &err));
    assert_true(exh_map_mark(&map, 7, 3, EXH_AREA_UNSCRAPED, &err));
    assert_true(exh_map_mark(&map, 20, 4, EXH_AREA_UNTRIMMED, &err));
    assert_true(exh_map_states(&map, -50, &sectors, &err));
    assert_int_equal(sectors.count, 4);
    assert_true(sectors.ranges[0].lba == -45 && sectors.ranges[0].count == 2 && sectors.ranges[0].state == EXH_BAD);
    assert_true(sectors.ranges[1].lba == -43 && sectors.ranges[1].count == 3 && sectors.ranges[1].state == EXH_UNREAD);
    assert_true(sectors.ranges[2].lba == -30 && sectors.ranges[2].count == 4 && sectors.ranges[2].state == EXH_UNREAD);
    assert_true(sectors.ranges[3].lba == 40 && sectors.ranges[3].count == 10 && sectors.ranges[3].state == EXH_UNREAD);
    exh_sectors_close(&sectors);
    exh_map_close(&map);
}

/* At the bound a mark that needs one range more fails and changes nothing; one that needs none still succeeds. */
static void the_bound_holds(void **state)
{
    (void)state;
    struct exh_map map;
    assert_true(exh_map_open(&map, 2ULL * EXH_SECTORS_RANGES_MAX, &err));
    uint64_t s = 0;
    while (map.count + 2 <= EXH_SECTORS_RANGES_MAX)
        assert_true(exh_map_mark(&map, 2 * s++ + 1, 1, EXH_AREA_BAD, &err)); /* near the end of the list: no walk, nothing to move */
    size_t count = map.count;
    assert_false(exh_map_mark(&map, 2 * s + 1, 1, EXH_AREA_BAD, &err));
    assert_int_equal(err.code, EXH_LIMIT);
    assert_int_equal(map.count, count);
    assert_int_equal(exh_map_total(&map, EXH_AREA_BAD), s);
    assert_true(exh_map_mark(&map, 1, 1, EXH_AREA_READ, &err));
    assert_true(exh_map_mark(&map, 0, map.sectors, EXH_AREA_READ, &err));
    assert_int_equal(map.count, 1);
    exh_map_close(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_equal_brute_force),    cmocka_unit_test(edges),           cmocka_unit_test(copies_are_equal_and_apart),
        cmocka_unit_test(states_of_what_is_not_read), cmocka_unit_test(the_bound_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
