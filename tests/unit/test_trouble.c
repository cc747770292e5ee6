/* The list of sectors that gave trouble: attempts, order, neighbours, what was read later, and its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "acquire/trouble.h"

static struct exh_error err;

static void note(struct exh_trouble *t, int64_t lba, uint32_t count, int sys, uint32_t milliseconds)
{
    struct exh_fault fault = {.lba = lba, .count = count, .sys = sys, .milliseconds = milliseconds};
    assert_true(exh_trouble_note(t, &fault, &err));
}

static void check(const struct exh_trouble *t, size_t i, int64_t lba, uint64_t count, uint32_t attempts, int sys, uint32_t milliseconds)
{
    assert_true(i < t->count);
    const struct exh_trouble_entry *e = &t->items[i];
    assert_true(e->lba == lba && e->count == count && e->attempts == attempts && e->sys == sys && e->milliseconds == milliseconds);
}

static void only_sectors_read_alone_are_noted(void **state)
{
    (void)state;
    struct exh_trouble t = {0};
    note(&t, 100, 8, EIO, 5);
    assert_int_equal(t.count, 0);
    note(&t, 100, 1, EIO, 5);
    note(&t, 90, 1, EIO, 7);
    note(&t, 95, 1, ENODATA, 1);
    note(&t, 100, 1, ENODATA, 3); /* again: the last word, the longest time */
    assert_int_equal(t.count, 3);
    check(&t, 0, 90, 1, 1, EIO, 7);
    check(&t, 1, 95, 1, 1, ENODATA, 1);
    check(&t, 2, 100, 1, 2, ENODATA, 5);
    exh_trouble_close(&t);
    assert_int_equal(t.count, 0);
}

static void neighbours_of_one_fate_are_one_entry(void **state)
{
    (void)state;
    struct exh_trouble t = {0}, copy = {0}, none = {0};
    for (int64_t lba = 20; lba > 10; lba--) /* as a backward pass finds them */
        note(&t, lba, 1, EIO, (uint32_t)lba);
    note(&t, 15, 1, EIO, 99);
    note(&t, 22, 1, EIO, 1);
    struct exh_fault sense = {.lba = 21, .count = 1, .sys = EIO, .sense = {3, 0x11, 0}};
    assert_true(exh_trouble_note(&t, &sense, &err));
    assert_true(exh_trouble_copy(&copy, &t, &err));
    exh_trouble_settle(&t);
    assert_int_equal(t.count, 5);
    check(&t, 0, 11, 4, 1, EIO, 14);
    check(&t, 1, 15, 1, 2, EIO, 99);
    check(&t, 2, 16, 5, 1, EIO, 20);
    check(&t, 3, 21, 1, 1, EIO, 0); /* other sense */
    check(&t, 4, 22, 1, 1, EIO, 1);
    assert_int_equal(copy.count, 12); /* a copy is its own */
    exh_trouble_close(&t);
    exh_trouble_settle(&none);
    assert_true(exh_trouble_copy(&t, &none, &err) && t.count == 0);
    exh_trouble_close(&copy);
}

static void what_was_read_later_is_counted(void **state)
{
    (void)state;
    struct exh_trouble t = {0};
    struct exh_sectors lost = {0};
    for (int64_t lba = 10; lba < 30; lba++)
        note(&t, lba, 1, EIO, 1);
    assert_int_equal(exh_trouble_recovered(&t, &lost), 20);
    assert_true(exh_sectors_mark(&lost, 0, 12, EXH_BAD, &err) && exh_sectors_mark(&lost, 20, 1, EXH_BAD, &err) &&
                exh_sectors_mark(&lost, 29, 100, EXH_BAD, &err));
    assert_int_equal(exh_trouble_recovered(&t, &lost), 20 - 2 - 1 - 1);
    exh_trouble_settle(&t);
    assert_int_equal(exh_trouble_recovered(&t, &lost), 16);
    exh_sectors_close(&lost);
    exh_trouble_close(&t);
}

static void beyond_its_bound_only_their_number_is_known(void **state)
{
    (void)state;
    struct exh_trouble t = {0};
    for (int64_t i = 0; i < (int64_t)EXH_TROUBLE_MAX; i++)
        note(&t, 2 * i, 1, EIO, 0);
    note(&t, 1, 1, EIO, 0);
    note(&t, 3, 1, EIO, 0);
    note(&t, 2, 1, EIO, 0); /* one of the list still counts */
    assert_int_equal(t.count, EXH_TROUBLE_MAX);
    assert_int_equal(t.left_out, 2);
    check(&t, 1, 2, 1, 2, EIO, 0);
    exh_trouble_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_sectors_read_alone_are_noted),
        cmocka_unit_test(neighbours_of_one_fate_are_one_entry),
        cmocka_unit_test(what_was_read_later_is_counted),
        cmocka_unit_test(beyond_its_bound_only_their_number_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
