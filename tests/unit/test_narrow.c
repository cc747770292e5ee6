/* Narrowing: exactly the bad sectors, however the medium tells its errors, in few reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acquire/narrow.h"
#include "formats/model/sectors.h"

#define SECTORS 4096u

struct fake {
    uint8_t bad[SECTORS], state[SECTORS], touched[SECTORS]; /* how often a read that failed covered the sector */
    bool prefix;                                            /* tells how much of a failed read was good */
    uint32_t reads, stop_at, asked, last_run, gone_run, most, largest;
};

static bool attempt(void *context, uint32_t pos, uint32_t count, uint32_t *good)
{
    struct fake *f = context;
    assert_true(pos < SECTORS && count > 0 && count <= SECTORS - pos);
    f->largest = count > f->largest ? count : f->largest;
    if (++f->reads == f->stop_at)
        return false;
    uint32_t n = 0;
    while (n < count && f->bad[pos + n] == 0)
        n++;
    *good = n == count || f->prefix ? n : 0;
    memset(f->state + pos, EXH_GOOD, *good);
    for (uint32_t i = *good; n < count && i < count; i++)
        f->touched[pos + i]++;
    return true;
}

static bool present(void *context, uint32_t pos, uint32_t run)
{
    struct fake *f = context;
    f->asked++;
    f->last_run = run;
    for (uint32_t i = 0; i < run; i++)
        assert_int_equal(f->state[pos + i], EXH_BAD);
    return f->gone_run == 0 || run < f->gone_run;
}

static struct fake *fake_new(bool prefix)
{
    struct fake *f = calloc(1, sizeof *f);
    assert_non_null(f);
    memset(f->state, EXH_UNREAD, sizeof f->state);
    f->prefix = prefix;
    return f;
}

static bool narrow(struct fake *f, uint32_t pos)
{
    const struct exh_narrow n = {.context = f, .attempt = attempt, .present = present, .state = f->state, .most = f->most};
    return exh_narrow(&n, pos, SECTORS);
}

static void check_states(const struct fake *f, uint32_t pos)
{
    for (uint32_t i = 0; i < SECTORS; i++)
        assert_int_equal(f->state[i], i < pos ? EXH_UNREAD : f->bad[i] != 0 ? EXH_BAD : EXH_GOOD);
}

static void exactly_the_bad_ones(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (uint32_t round = 0; round < 200; round++) {
        struct fake *f = fake_new(round % 2 == 0);
        uint32_t pos = round % 3 == 0 ? 0 : round * 7;
        for (uint32_t i = 0; i < round; i++) {
            seed = seed * 1664525u + 1013904223u;
            f->bad[(seed >> 8) % SECTORS] = 1;
        }
        f->bad[SECTORS - 1] = round % 5 == 0;
        f->bad[pos] = round % 7 == 0;
        assert_true(narrow(f, pos));
        check_states(f, pos);
        free(f);
    }
}

static void one_bad_sector_costs_tens_of_reads(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < SECTORS; at += 97)
        for (int prefix = 0; prefix < 2; prefix++) {
            struct fake *f = fake_new(prefix != 0);
            f->bad[at] = 1;
            assert_true(narrow(f, 0));
            check_states(f, 0);
            /* Without a good prefix the reads before the bad sector grow anew each time: at most once for each doubling. */
            assert_true(f->reads <= (prefix ? 130 : 450));
            assert_true(f->touched[at] <= (prefix ? 3 : 10));
            free(f);
        }
}

static void no_attempt_is_larger_than_the_most(void **state)
{
    (void)state;
    static const struct {
        uint32_t most, largest;
    } cases[] = {{0, 2017}, {1, 1}, {100, 64}, {128, 128}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake *f = fake_new(true);
        f->bad[0] = 1;
        f->most = cases[i].most;
        assert_true(narrow(f, 0));
        check_states(f, 0);
        assert_int_equal(f->largest, cases[i].largest);
        free(f);
    }
}

static void runs_are_asked_about(void **state)
{
    (void)state;
    struct fake *f = fake_new(false);
    memset(f->bad + 100, 1, 600);
    assert_true(narrow(f, 0));
    check_states(f, 0);
    assert_int_equal(f->asked, 6); /* 16, 32, ... 512 */
    assert_int_equal(f->last_run, 512);
    free(f);
    f = fake_new(false); /* few, but up to the end */
    memset(f->bad + SECTORS - 3, 1, 3);
    assert_true(narrow(f, SECTORS - 40));
    assert_int_equal(f->asked, 1);
    assert_int_equal(f->last_run, 3);
    free(f);
    f = fake_new(true); /* it is gone: not a thousand bad sectors */
    memset(f->bad + 50, 1, SECTORS - 50);
    f->gone_run = 64;
    assert_false(narrow(f, 0));
    assert_int_equal(f->last_run, 64);
    free(f);
}

static void stops_when_reading_cannot_go_on(void **state)
{
    (void)state;
    struct fake *f = fake_new(false);
    f->stop_at = 10;
    assert_false(narrow(f, 0));
    assert_int_equal(f->reads, 10);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_bad_ones),
        cmocka_unit_test(one_bad_sector_costs_tens_of_reads),
        cmocka_unit_test(no_attempt_is_larger_than_the_most),
        cmocka_unit_test(runs_are_asked_about),
        cmocka_unit_test(stops_when_reading_cannot_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
