/* The order of reads over a simulated failing medium: every fault of the matrix, every policy. What drives do besides is in test_passes_drives.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/passes.h"
#include "tests/make/rescue.h"

/* ---- the matrix ---- */

static void clean(struct rescue *r) { (void)r; }
static void one(struct rescue *r) { bad(r, 20000, 1, FAILS_ALWAYS); }
static void thousand(struct rescue *r) { bad(r, 10007, 1000, FAILS_ALWAYS); }
static void every_97th(struct rescue *r)
{
    for (uint64_t s = 13; s < r->m.sectors; s += 97)
        bad(r, s, 1, FAILS_ALWAYS);
}
static void first_and_last(struct rescue *r)
{
    bad(r, 0, 1, FAILS_ALWAYS);
    bad(r, r->m.sectors - 1, 1, FAILS_ALWAYS);
}
static void over_a_border(struct rescue *r) { bad(r, 2 * BLOCK_BYTES / r->m.sector_bytes - 3, 7, FAILS_ALWAYS); }
static void all(struct rescue *r) { bad(r, 0, r->m.sectors, FAILS_ALWAYS); }
static void every_other(struct rescue *r)
{
    for (uint64_t s = 6000; s < 6400; s += 2)
        bad(r, s, 1, FAILS_ALWAYS);
}

static const struct {
    const char *name;
    void (*faults)(struct rescue *);
    unsigned touched, passed; /* how often at most a read fails at a sector; how often a good one is read by the drive */
    unsigned located, lost;   /* requests of a rescue at most, checks not counted, where good prefixes come through and where they are lost */
} matrix[] = {
    {"clean", clean, 0, 1, 16, 16},
    {"one bad", one, 2, 3, 50, 180},
    {"a run of 1000", thousand, 3, 4, 1080, 1120},
    {"every 97th", every_97th, 3, 5, 3500, 14000},
    {"first and last", first_and_last, 3, 4, 170, 310},
    {"over a block's border", over_a_border, 3, 4, 170, 310},
    {"all", all, 3, 1, 33300, 33300},
    {"every other of 400", every_other, 3, 6, 450, 580},
};

static void check_case(size_t i, uint32_t sector_bytes, bool located, const struct exh_pass_policy *policy)
{
    struct rescue r;
    open_rescue(&r, (uint64_t)SECTORS * sector_bytes, sector_bytes, located);
    r.policy = *policy;
    r.policy.pause_ms = 1;
    matrix[i].faults(&r);
    assert_true(run(&r, 1));
    judge(&r);
    check_counts(&r);
    unsigned touched = worst(r.m.touched, r.m.sectors), passed = worst(r.m.passed, r.m.sectors);
    print_message("%-22s %4u %s: %5llu reads, a bad sector %u times, a good one %u times\n", matrix[i].name, sector_bytes,
                  located ? "located" : "lost   ", (unsigned long long)route_reads(&r), touched, passed);
    /* One touch more where even the first large read does not say where. */
    assert_true(touched <= matrix[i].touched + (matrix[i].touched > 0 && !located));
    assert_true(passed <= matrix[i].passed + (matrix[i].touched > 0 && !located));
    if (sector_bytes == 512 && policy->max_errors == 0 && !policy->reverse)
        assert_true(route_reads(&r) <= (located ? matrix[i].located : matrix[i].lost));
    close_rescue(&r);
}

static void the_matrix(void **state)
{
    (void)state;
    static const struct exh_pass_policy policies[] = {
        {0}, {.reverse = true}, {.skip_max_bytes = 1}, {.skip_min_bytes = 100000, .skip_max_bytes = 100000}};
    for (size_t i = 0; i < sizeof matrix / sizeof matrix[0]; i++) {
        check_case(i, 512, true, &policies[0]);
        check_case(i, 512, false, &policies[0]);
        check_case(i, 4096, false, &policies[0]);
        check_case(i, 2352, true, &policies[0]);
        check_case(i, 4096, true, &policies[1]);
        check_case(i, 4096, false, &policies[2]);
        check_case(i, 4096, true, &policies[3]);
    }
}

/* ---- policies ---- */

static void flaky_sectors_are_recovered(void **state)
{
    (void)state;
    for (uint32_t retries = 0; retries <= 5; retries++) {
        struct rescue r;
        open_rescue(&r, SECTORS * 512, 512, true);
        bad(&r, 5000, 1, 4); /* the copy pass, trimming, two retries; the third reads it */
        bad(&r, 9000, 1, 1); /* only once: read when it is tried alone */
        r.policy.retries = retries;
        assert_true(run(&r, 1));
        size_t n;
        const struct exh_pass_count *c = exh_passes_counts(r.passes, &n);
        assert_int_equal(reads_of(&r, EXH_PASS_RETRY), retries < 3 ? retries : 3);
        assert_int_equal(exh_map_at(&r.map, 5000)->area, retries < 3 ? EXH_AREA_BAD : EXH_AREA_READ);
        assert_int_equal(exh_map_at(&r.map, 9000)->area, EXH_AREA_READ);
        if (retries >= 3) {
            assert_true(c[n - 1].pass == EXH_PASS_RETRY && c[n - 1].number == 3 && c[n - 1].sectors_read == 1);
            assert_true(c[n - 2].number == 2 && c[n - 2].failed_reads == 1);
            judge(&r);
        }
        check_counts(&r);
        close_rescue(&r);
    }
}

static void retries_read_each_sector_alone_and_turn_round(void **state)
{
    (void)state;
    static const uint64_t expected[3][4] = {{700, 701, 702, 30000}, {30000, 702, 701, 700}, {700, 701, 702, 30000}};
    struct rescue r;
    open_rescue(&r, SECTORS * 512, 512, false);
    failing_keep_log(&r.m, 5000);
    bad(&r, 700, 3, FAILS_ALWAYS);
    bad(&r, 30000, 1, FAILS_ALWAYS);
    r.policy.retries = 3;
    assert_true(run(&r, 1));
    judge(&r);
    assert_int_equal(reads_of(&r, EXH_PASS_RETRY), 12);
    for (size_t i = 0; i < 12; i++) {
        const struct request *q = &r.m.log[r.m.logged - 12 + i];
        assert_true(q->pass == EXH_PASS_RETRY && q->count == 1 && q->first == expected[i / 4][i % 4]);
    }
    /* An earlier run made two of the three: one is left, and it runs forward again. */
    r.m.logged = 0;
    exh_passes_close(r.passes);
    r.passes = exh_passes_open(&r.m.medium, &r.map, &r.policy, BLOCK_BYTES, 1, &err);
    exh_passes_retried(r.passes, 2);
    struct exh_want want;
    struct exh_route *route = exh_passes_route(r.passes);
    uint32_t number;
    assert_true(route->ops->next(route, &want));
    assert_true(want.lba == 700 && want.count == 1);
    assert_true(exh_passes_current(r.passes, &number) == EXH_PASS_RETRY && number == 3);
    close_rescue(&r);
}

/* From a failure on, where do copy reads begin, and how large are they? */
static void skipping_doubles_and_falls_back(void **state)
{
    (void)state;
    struct rescue r;
    open_rescue(&r, 64u << 20, 512, true);
    failing_keep_log(&r.m, 20000);
    bad(&r, 4096, 20000, FAILS_ALWAYS); /* blocks begin at multiples of 2048; clusters are 128 */
    r.policy = (struct exh_pass_policy){.skip_min_bytes = 64u << 10, .skip_max_bytes = 1u << 20};
    assert_true(run(&r, 1));
    judge(&r);
    static const uint32_t skips[] = {128, 256, 512, 1024, 2048, 2048, 2048}; /* doubling up to 1 MiB */
    size_t i = 2;                                                            /* the two good blocks */
    assert_true(r.m.log[i].first == 4096 && r.m.log[i].count == 2048);       /* fails as a whole, and is read again in clusters */
    uint64_t at = 4096;
    for (size_t k = 0; k < sizeof skips / sizeof skips[0]; k++) {
        const struct request *q = &r.m.log[++i];
        assert_true(q->pass == EXH_PASS_COPY && q->first == at && q->first + q->count <= (at / 128 + 1) * 128 && q->good == 0);
        at = q->first + q->count + skips[k];
    }
    for (; r.m.log[i].good == 0; i++)
        ;
    assert_true(r.m.log[i].first >= 24096); /* out of it: sixteen good clusters, and blocks again up to the end */
    for (size_t k = 0; k < 16; k++, i++)
        assert_true(r.m.log[i].good == 128 && r.m.log[i].pass == EXH_PASS_COPY && r.m.log[i + 1].first == r.m.log[i].first + 128);
    for (; r.m.log[i].first + r.m.log[i].count < r.m.sectors; i++)
        assert_true(r.m.log[i].count == 2048 || r.m.log[i].first % 2048 != 0);
    /* Then down from the end of what was skipped last, until it fails. */
    i++;
    assert_true(r.m.log[i].pass == EXH_PASS_BACK);
    for (; r.m.log[i].good == r.m.log[i].count; i++)
        assert_true(r.m.log[i + 1].first < r.m.log[i].first);
    assert_true(r.m.log[i].first < 24096);
    close_rescue(&r);
}

static void no_skipping(void **state)
{
    (void)state;
    struct rescue r;
    open_rescue(&r, SECTORS * 512, 512, false);
    bad(&r, 4096, 5000, FAILS_ALWAYS);
    r.policy.skip_max_bytes = 1;
    assert_true(run(&r, 1));
    judge(&r);
    assert_int_equal(reads_of(&r, EXH_PASS_BACK) + reads_of(&r, EXH_PASS_SWEEP), 0);
    close_rescue(&r);
}

static void a_slow_area_comes_last(void **state)
{
    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        struct rescue r;
        open_rescue(&r, 64u << 20, 512, true);
        failing_keep_log(&r.m, 20000);
        r.m.slow_first = 40000, r.m.slow_end = 80000, r.m.slow_micros = 1000; /* 512 KB/s */
        r.policy.min_rate = asked ? 4u << 20 : 0;
        r.policy.skip_max_bytes = 8u << 20;
        r.policy.skip_min_bytes = 1u << 20;
        assert_true(run(&r, 1));
        judge(&r);
        uint64_t early = 0; /* slow sectors read before the last fast one */
        size_t last = 0;
        for (size_t i = 0; i < r.m.logged; i++)
            if (r.m.log[i].first + r.m.log[i].count <= 40000 || r.m.log[i].first >= 80000)
                last = i;
        for (size_t i = 0; i < last; i++)
            early += r.m.log[i].first >= 40000 && r.m.log[i].first < 80000 ? r.m.log[i].count : 0;
        if (asked) {
            assert_true(early < 16000);
            assert_true(reads_of(&r, EXH_PASS_SWEEP) > 0);
        } else {
            assert_true(early > 36000);
            assert_int_equal(route_reads(&r), 64);
        }
        close_rescue(&r);
    }
}

static void reverse_begins_at_the_end(void **state)
{
    (void)state;
    struct rescue r;
    open_rescue(&r, SECTORS * 512, 512, true);
    failing_keep_log(&r.m, 5000);
    bad(&r, 10000, 500, FAILS_ALWAYS);
    r.policy.reverse = true;
    assert_true(run(&r, 1));
    judge(&r);
    assert_true(r.m.log[0].first + r.m.log[0].count == SECTORS);
    for (size_t i = 1; r.m.log[i].good == r.m.log[i].count; i++)
        assert_true(r.m.log[i].first + r.m.log[i].count == r.m.log[i - 1].first);
    assert_true(reads_of(&r, EXH_PASS_BACK) > 0);
    close_rescue(&r);
}

static void unscraped_areas_are_left(void **state)
{
    (void)state;
    struct rescue r;
    open_rescue(&r, SECTORS * 512, 512, false);
    bad(&r, 10007, 1000, FAILS_ALWAYS);
    r.policy.no_scrape = true;
    r.policy.retries = 1;
    assert_true(run(&r, 1));
    assert_int_equal(r.end, EXH_PASSES_DONE);
    assert_true(exh_map_equal(&r.map, &r.f.map));
    assert_int_equal(exh_map_total(&r.map, EXH_AREA_READ), SECTORS - 1000);
    assert_int_equal(exh_map_at(&r.map, 10007)->area, EXH_AREA_BAD);
    assert_int_equal(exh_map_at(&r.map, 10008)->area, EXH_AREA_UNSCRAPED);
    assert_int_equal(exh_map_at(&r.map, 11005)->area, EXH_AREA_UNSCRAPED);
    assert_int_equal(exh_map_at(&r.map, 11006)->area, EXH_AREA_BAD);
    assert_int_equal(exh_map_total(&r.map, EXH_AREA_UNTRIMMED), 0);
    assert_true(reads_of(&r, EXH_PASS_SCRAPE) == 0 && reads_of(&r, EXH_PASS_RETRY) == exh_map_total(&r.map, EXH_AREA_BAD));
    /* Asked later to scrape after all, it does. */
    r.policy.no_scrape = false;
    assert_true(run(&r, 1));
    judge(&r);
    close_rescue(&r);
}

static void too_many_errors(void **state)
{
    (void)state;
    struct rescue r;
    open_rescue(&r, SECTORS * 512, 512, true);
    every_97th(&r);
    r.policy.max_errors = 5;
    assert_true(run(&r, 1));
    assert_int_equal(r.end, EXH_PASSES_TOO_MANY_ERRORS);
    assert_int_equal(exh_map_failed_areas(&r.map), 6);
    assert_true(exh_map_equal(&r.map, &r.f.map));
    /* A run of bad sectors is one area, however long. */
    struct rescue s;
    open_rescue(&s, SECTORS * 512, 512, true);
    bad(&s, 5, 1, FAILS_ALWAYS);
    bad(&s, 30000, 100, FAILS_ALWAYS);
    s.policy.max_errors = 4;
    assert_true(run(&s, 1));
    judge(&s);
    close_rescue(&r);
    close_rescue(&s);
}

static void a_large_area_with_few_bad_sectors(void **state)
{
    (void)state;
    struct rescue r;
    open_rescue(&r, SECTORS * 512, 512, true);
    bad(&r, 15000, 1, FAILS_ALWAYS);
    assert_true(exh_map_mark(&r.map, 0, SECTORS, EXH_AREA_UNSCRAPED, &err)); /* as a map from elsewhere may say */
    assert_true(exh_map_mark(&r.f.map, 0, SECTORS, EXH_AREA_UNSCRAPED, &err));
    assert_true(run(&r, 1));
    judge(&r);
    assert_true(route_reads(&r) < 500);
    assert_true(worst(r.m.touched, SECTORS) == 2);
    close_rescue(&r);
}

static void a_short_last_sector(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct rescue r;
        open_rescue(&r, 3000 * 4096 - 4000, 4096, (i & 1) != 0);
        assert_int_equal(r.m.layout.tracks[0].tail_bytes, 96);
        assert_int_equal(exh_layout_bytes(&r.m.layout), 3000 * 4096 - 4000);
        bad(&r, 2990, 4, FAILS_ALWAYS);
        if (i >= 2)
            bad(&r, 2999, 1, FAILS_ALWAYS);
        assert_true(run(&r, 1));
        judge(&r);
        assert_int_equal(exh_passes_route(r.passes)->total_bytes, 3000 * 4096 - 4000);
        close_rescue(&r);
    }
}

/* ---- the small things ---- */

static void what_a_block_says(void **state)
{
    (void)state;
    struct exh_layout layout;
    struct exh_map map;
    uint8_t states[200];
    exh_layout_disk(&layout, 1000 * 512, 512);
    layout.tracks[0].first = -150; /* as on a disc */
    struct exh_block block = {.track = &layout.tracks[0], .lba = -150 + 100, .count = 200, .state = states};
    static const struct {
        enum exh_pass pass;
        uint32_t count, good;
        const char *then; /* the areas from sector 100 on, each once */
    } cases[] = {
        {EXH_PASS_NONE, 200, 200, "+"},  {EXH_PASS_NONE, 200, 50, "+*?"}, {EXH_PASS_COPY, 200, 50, "+*?"}, {EXH_PASS_COPY, 200, 0, "?"},
        {EXH_PASS_BACK, 128, 0, "*"},    {EXH_PASS_SWEEP, 9, 8, "+*"},    {EXH_PASS_COPY, 1, 0, "-"},      {EXH_PASS_COPY, 1, 1, "+"},
        {EXH_PASS_SCRAPE, 64, 20, "+/"}, {EXH_PASS_SCRAPE, 1, 0, "-"},    {EXH_PASS_SCRAPE, 64, 64, "+"},  {EXH_PASS_TRIM, 1, 0, "-"},
        {EXH_PASS_TRIM, 64, 3, "+*"},    {EXH_PASS_RETRY, 1, 0, "-"},     {EXH_PASS_RETRY, 1, 1, "+"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const char before[] = "?"
                                     "?"
                                     "?"
                                     "?"
                                     "*/-";
        block.pass = (uint8_t)cases[i].pass;
        block.count = cases[i].count;
        memset(states, EXH_UNREAD, sizeof states);
        memset(states, EXH_GOOD, cases[i].good);
        if (cases[i].good > 2)
            states[1] = EXH_SUSPECT; /* read, with a doubt */
        assert_true(exh_map_open(&map, 1000, &err));
        assert_true(exh_map_mark(&map, 100, block.count, (enum exh_area)before[cases[i].pass], &err));
        assert_true(exh_pass_note(&map, -150, &block, &err));
        const struct exh_map_range *range = exh_map_at(&map, 100);
        for (const char *then = cases[i].then; *then != '\0'; then++, range++)
            assert_int_equal(range->area, *then);
        assert_true(range == map.ranges + map.count || range->area == EXH_AREA_UNTRIED);
        exh_map_close(&map);
    }
}

static void status_and_names(void **state)
{
    (void)state;
    struct rescue r;
    uint64_t position;
    char status;
    unsigned number;
    open_rescue(&r, SECTORS * 512, 512, true);
    static const struct {
        enum exh_area area;
        char status;
        enum exh_pass pass;
    } cases[] = {{EXH_AREA_UNTRIED, '?', EXH_PASS_COPY},
                 {EXH_AREA_UNTRIMMED, '*', EXH_PASS_TRIM},
                 {EXH_AREA_UNSCRAPED, '/', EXH_PASS_SCRAPE},
                 {EXH_AREA_BAD, '-', EXH_PASS_RETRY},
                 {EXH_AREA_READ, '+', EXH_PASS_SCRAPE}};
    r.policy.retries = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exh_want want;
        uint32_t retry;
        assert_true(exh_map_mark(&r.map, 0, SECTORS, EXH_AREA_READ, &err));
        assert_true(exh_map_mark(&r.map, 77, 1, cases[i].area, &err));
        struct exh_passes *p = exh_passes_open(&r.m.medium, &r.map, &r.policy, BLOCK_BYTES, 8, &err);
        struct exh_route *route = exh_passes_route(p);
        bool more = route->ops->next(route, &want);
        assert_true(more == (cases[i].area != EXH_AREA_READ));
        assert_true(!more || (want.lba == 77 && want.count == 1 && want.effort == EXH_ONCE && want.pass == cases[i].pass));
        exh_passes_status(p, &position, &status, &number);
        assert_true(status == cases[i].status && number == 1 && (!more || position == 77));
        assert_int_equal(exh_passes_current(p, &retry), cases[i].pass);
        assert_int_equal(retry, 1);
        exh_passes_close(p);
    }
    assert_string_equal(exh_pass_name(EXH_PASS_NONE), "stream");
    assert_string_equal(exh_pass_name(EXH_PASS_BACK), "copy-back");
    assert_string_equal(exh_pass_name((enum exh_pass)7), "bug");
    r.m.medium.concurrent = true;
    assert_null(exh_passes_open(&r.m.medium, &r.map, &r.policy, BLOCK_BYTES, 1, &err));
    assert_int_equal(err.code, EXH_BUG);
    exh_passes_close(NULL);
    close_rescue(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix),
        cmocka_unit_test(flaky_sectors_are_recovered),
        cmocka_unit_test(retries_read_each_sector_alone_and_turn_round),
        cmocka_unit_test(skipping_doubles_and_falls_back),
        cmocka_unit_test(no_skipping),
        cmocka_unit_test(a_slow_area_comes_last),
        cmocka_unit_test(reverse_begins_at_the_end),
        cmocka_unit_test(unscraped_areas_are_left),
        cmocka_unit_test(too_many_errors),
        cmocka_unit_test(a_large_area_with_few_bad_sectors),
        cmocka_unit_test(a_short_last_sector),
        cmocka_unit_test(what_a_block_says),
        cmocka_unit_test(status_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
