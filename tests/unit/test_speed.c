/* Reading speed by place: cells, blocks that cross them, and what is not counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/speed.h"

static const struct exh_track track = {.number = 1, .first = 1000, .sectors = 5120, .main_bytes = 512};
static struct exh_speed speed, other;

static void note(int64_t lba, uint32_t count, uint32_t micros)
{
    exh_speed_note(&speed, &(struct exh_block){.track = &track, .lba = lba, .count = count, .micros = micros});
}

static uint64_t sectors_in_all(void)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < EXH_SPEED_CELLS; i++)
        n += speed.cells[i].sectors;
    return n;
}

static void cells_cover_the_medium(void **state)
{
    (void)state;
    exh_speed_open(&speed, 5120);
    assert_int_equal(speed.cell_sectors, 10);
    exh_speed_open(&speed, 5121); /* rounded up: the last sector has a cell, too */
    assert_int_equal(speed.cell_sectors, 11);
    exh_speed_open(&speed, 3);
    assert_int_equal(speed.cell_sectors, 1);
    exh_speed_open(&speed, EXH_SECTORS_UNKNOWN);
    assert_int_equal(speed.cell_sectors, 0);
    note(1000, 10, 5); /* not measured */
    assert_int_equal(sectors_in_all(), 0);
}

static void a_block_is_shared_out(void **state)
{
    (void)state;
    exh_speed_open(&speed, 5120);
    note(1005, 20, 200); /* sectors 5 to 24: half of cell 0, all of 1, half of 2 */
    assert_true(speed.cells[0].sectors == 5 && speed.cells[1].sectors == 10 && speed.cells[2].sectors == 5);
    assert_true(speed.cells[0].micros == 50 && speed.cells[1].micros == 100 && speed.cells[2].micros == 50);
    note(1000, 10, 7); /* read again: added */
    assert_true(speed.cells[0].sectors == 15 && speed.cells[0].micros == 57);
    note(1000 + 5119, 1, 9);
    assert_true(speed.cells[511].sectors == 1 && speed.cells[511].micros == 9);
    note(1000, 10, 0); /* does not tell its time */
    note(1000, 0, 10);
    note(1000 + 5115, 10, 10); /* beyond the end: what is inside counts */
    assert_int_equal(sectors_in_all(), 20 + 10 + 1 + 5);
}

static void speeds_of_one_medium_are_added(void **state)
{
    (void)state;
    memset(&speed, 0, sizeof speed);
    exh_speed_open(&other, 5120);
    other.cells[7] = (struct exh_speed_cell){10, 100};
    exh_speed_add(&speed, &other); /* nothing was known: its cells are taken */
    exh_speed_add(&speed, &other);
    assert_true(speed.cell_sectors == 10 && speed.cells[7].sectors == 20 && speed.cells[7].micros == 200);
    exh_speed_open(&other, 51200);
    other.cells[7] = (struct exh_speed_cell){10, 100};
    exh_speed_add(&speed, &other); /* of another medium: not mixed */
    assert_int_equal(speed.cells[7].sectors, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_cover_the_medium),
        cmocka_unit_test(a_block_is_shared_out),
        cmocka_unit_test(speeds_of_one_medium_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
