/* The passes and what else befalls them: drives that stop answering, lie or go; interruptions anywhere; threads; random faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "acquire/mapfile.h"
#include "formats/model/text.h"
#include "tests/make/rescue.h"

/* ---- drives that stop answering, lie, or go ---- */

/* Whenever the drive goes deaf, no sector is called bad that is not; what was not believed is read when it answers again. */
static void a_deaf_drive_makes_no_bad_sectors(void **state)
{
    (void)state;
    for (uint64_t from = 0; from < 1300; from += from < 40 ? 1 : 61) {
        struct rescue r;
        open_rescue(&r, SECTORS * 512, 512, from % 2 == 0);
        bad(&r, 9000, 700, FAILS_ALWAYS);
        bad(&r, 25000, 1, FAILS_ALWAYS);
        r.m.deaf_from = from;
        r.m.deaf_until = UINT64_MAX - 1;
        assert_true(run(&r, 1 + (unsigned)(from % 3)));
        assert_true(exh_map_equal(&r.map, &r.f.map));
        if (from == 0) { /* nobody to ask: never was a sector read. The area is on record as failed, as it should be of a medium that is all bad */
            assert_int_equal(r.end, EXH_PASSES_DONE);
            close_rescue(&r);
            continue;
        }
        if (r.end == EXH_PASSES_DONE) /* it was through before */
            assert_true(r.m.reads <= from);
        else
            assert_int_equal(r.end, EXH_PASSES_STOPPED_ANSWERING);
        if (r.end == EXH_PASSES_STOPPED_ANSWERING) {
            assert_int_equal(err.code, EXH_GONE);
            assert_int_equal(err.side, EXH_SIDE_SOURCE);
        }
        for (size_t i = 0; i < r.map.count; i++)
            for (uint64_t s = r.map.ranges[i].first; r.map.ranges[i].area == EXH_AREA_BAD && s < r.map.ranges[i].first + r.map.ranges[i].count; s++)
                assert_int_equal(r.m.fails[s], FAILS_ALWAYS);

        /* Started again while it is still deaf, it stops again and marks nothing: a sector that was read before stands witness. */
        struct exh_map before;
        assert_true(exh_map_copy(&before, &r.map, &err));
        bool through = r.end == EXH_PASSES_DONE;
        assert_true(run(&r, 1));
        assert_int_equal(r.end, through ? EXH_PASSES_DONE : EXH_PASSES_STOPPED_ANSWERING);
        assert_true(exh_map_equal(&before, &r.map));
        exh_map_close(&before);
        r.m.deaf_from = UINT64_MAX;
        assert_true(run(&r, 1));
        judge(&r);
        close_rescue(&r);
    }
}

/* A drive that is deaf for a moment is asked again for what it refused. */
static void a_moment_of_deafness_costs_nothing(void **state)
{
    (void)state;
    for (uint64_t from = 1; from < 1200; from += from < 40 ? 1 : 29) {
        struct rescue r;
        open_rescue(&r, SECTORS * 512, 512, from % 2 == 0);
        bad(&r, 9000, 700, FAILS_ALWAYS);
        r.m.deaf_from = from;
        r.m.deaf_until = from + 3; /* the want, the check, the check after a pause */
        assert_true(run(&r, 1));
        judge(&r);
        close_rescue(&r);
    }
}

/* At the first request, the second, ... until a rescue is through before. */
static void a_device_that_goes(void **state)
{
    (void)state;
    unsigned in_checks = 0;
    bool through = false;
    for (uint64_t from = 0; !through; from++) {
        struct rescue r;
        open_rescue(&r, SECTORS * 512, 512, true);
        bad(&r, 3, 20, FAILS_ALWAYS);
        r.m.gone_from = from;
        bool ok = run(&r, 1);
        through = r.end == EXH_PASSES_DONE;
        in_checks += ok;
        assert_true(through || r.end == (ok ? EXH_PASSES_FAILED : EXH_PASSES_UNDER_WAY));
        assert_true(through || (err.code == EXH_GONE && err.side == EXH_SIDE_SOURCE));
        assert_true(exh_map_equal(&r.map, &r.f.map));
        r.m.gone_from = UINT64_MAX;
        assert_true(run(&r, 1));
        judge(&r);
        close_rescue(&r);
    }
    assert_true(in_checks > 20);
}

static void a_lying_drive_is_told(void **state)
{
    (void)state;
    struct rescue r;
    open_rescue(&r, SECTORS * 512, 512, true);
    bad(&r, 5000, 1, FAILS_ALWAYS);
    bad(&r, 20000, 1, FAILS_ALWAYS);
    r.m.lie = 4999;
    r.m.lies_from = 3; /* 0 and 1 read well; 2 fails at sector 5000; 3 is the check */
    assert_true(run(&r, 1));
    judge(&r); /* the image has what was read first */
    const struct exh_sectors *lies = exh_passes_lies(r.passes);
    assert_int_equal(lies->count, 1);
    assert_true(lies->ranges[0].lba == 4999 && lies->ranges[0].count == 1 && lies->ranges[0].state == EXH_SUSPECT);
    close_rescue(&r);
}

/* The last good sector itself goes bad: the drive is asked elsewhere, and is not taken for dead, not even on a resume. */
static void a_witness_that_goes_bad(void **state)
{
    (void)state;
    for (int resumed = 0; resumed < 2; resumed++) {
        struct rescue r;
        open_rescue(&r, SECTORS * 512, 512, true);
        bad(&r, 5000, 1, FAILS_ALWAYS);
        r.m.weak = 4999;
        if (resumed) { /* what an earlier run read, and its last sector no longer reads */
            assert_true(exh_map_mark(&r.map, 0, 5000, EXH_AREA_READ, &err));
            assert_true(exh_map_mark(&r.f.map, 0, 5000, EXH_AREA_READ, &err));
            r.m.fails[4999] = FAILS_ALWAYS;
        }
        assert_true(run(&r, 1));
        assert_int_equal(r.end, EXH_PASSES_DONE);
        assert_true(exh_map_equal(&r.map, &r.f.map));
        assert_int_equal(exh_map_total(&r.map, EXH_AREA_READ), SECTORS - 1);
        assert_int_equal(exh_map_at(&r.map, 5000)->area, EXH_AREA_BAD);
        assert_int_equal(r.f.wrong, 0);
        close_rescue(&r);
    }
}

/* ---- interruptions, threads, random faults ---- */

static uint64_t next_random(uint64_t *seed) { return (*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL) >> 33; }

static void random_faults(struct rescue *r, uint64_t seed)
{
    uint64_t kinds = next_random(&seed);
    for (int i = 0; i < (int)(kinds % 40); i++)
        bad(r, next_random(&seed) % r->m.sectors, 1, next_random(&seed) % 3 != 0 ? FAILS_ALWAYS : (uint8_t)(1 + next_random(&seed) % 4));
    for (int i = 0; i < (int)(kinds / 64 % 5); i++) {
        uint64_t first = next_random(&seed) % r->m.sectors, count = 1 + next_random(&seed) % 900;
        bad(r, first, count < r->m.sectors - first ? count : r->m.sectors - first, FAILS_ALWAYS);
    }
    for (uint64_t s = next_random(&seed) % r->m.sectors, end = s + 700; kinds / 512 % 2 == 0 && s < end && s < r->m.sectors; s++)
        r->m.fails[s] = next_random(&seed) % 4 == 0 ? FAILS_ALWAYS : 0;
}

static void open_random(struct rescue *r, uint64_t seed)
{
    static const uint32_t sizes[] = {512, 512, 2048, 4096};
    uint32_t bytes = sizes[seed % 4];
    open_rescue(r, (1000 + seed * 379 % 9000) * bytes - (seed % 5 == 0 ? 17 : 0), bytes, seed / 2 % 2 == 0);
    r->policy.retries = 5; /* flaky sectors are good at the fifth try */
    r->policy.reverse = seed % 7 == 0;
    r->policy.min_rate = seed % 6 == 0 ? 1u << 20 : 0;
    r->m.slow_first = r->m.sectors / 3, r->m.slow_end = r->m.sectors / 2, r->m.slow_micros = 10000;
    random_faults(r, seed);
}

static void random_fault_sets(void **state)
{
    (void)state;
    unsigned touched = 0, passed = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct rescue r, t;
        open_random(&r, seed);
        assert_true(run(&r, 1));
        judge(&r);
        check_counts(&r);
        unsigned retries = (unsigned)r.policy.retries, most = worst(r.m.touched, r.m.sectors);
        touched = most > touched + retries ? most - retries : touched;
        passed = worst(r.m.passed, r.m.sectors) > passed ? worst(r.m.passed, r.m.sectors) : passed;
        /* Threads change nothing. */
        open_random(&t, seed);
        assert_true(run(&t, 3));
        judge(&t);
        assert_int_equal(r.f.sequence, t.f.sequence);
        assert_int_equal(r.f.blocks, t.f.blocks);
        assert_int_equal(r.m.reads, t.m.reads);
        close_rescue(&r);
        close_rescue(&t);
    }
    print_message("200 random fault sets: a bad sector was touched at most %u times before the retries, a good one read at most %u times\n", touched,
                  passed);
    assert_true(touched <= 5);
    assert_true(passed <= 9);
}

/* The map of what has been written goes to disk and comes back; reading goes on from it, on another run of the same medium. */
static void through_a_mapfile(struct rescue *r, const char *folder, const char *path)
{
    struct exh_mapfile saved = {.map = r->f.map}, loaded;
    const struct exh_mapfile_span span = {.bytes = exh_layout_bytes(&r->m.layout), .sector_bytes = r->m.sector_bytes};
    exh_passes_status(r->passes, &saved.position, &saved.status, &saved.pass);
    uint32_t number;
    if (exh_passes_current(r->passes, &number) == EXH_PASS_RETRY)
        r->retried = number - 1;
    assert_true(exh_mapfile_save(&saved, &span, folder, "m", NULL, &err));
    exh_map_close(&r->map);
    exh_map_close(&r->f.map);
    assert_true(exh_mapfile_load(path, &span, &loaded, NULL, &err));
    r->map = loaded.map;
    assert_true(exh_map_copy(&r->f.map, &r->map, &err));
    assert_int_equal(loaded.status, saved.status);
    assert_int_equal(loaded.pass, saved.pass);
}

static void interrupted_anywhere(void **state)
{
    (void)state;
    char folder[] = "/tmp/exhibit-passes.XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = exh_text_format("%s/m", folder);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct rescue whole;
        open_random(&whole, seed);
        assert_true(run(&whole, 1));
        judge(&whole);
        uint64_t stops = 0;
        for (uint64_t after = 0; after < whole.f.blocks; after += 1 + whole.f.blocks / 13) {
            struct rescue r;
            open_random(&r, seed);
            r.f.fail_after = after;
            /* The next stop is twice as far away: a retry pass that is stopped begins again, and must end one day. */
            for (uint64_t far = 1 + whole.f.blocks / 9; !run(&r, 1 + (unsigned)(after % 2) * 2); r.f.fail_after += far, far *= 2, stops++) {
                assert_int_equal(err.code, EXH_NO_SPACE);
                through_a_mapfile(&r, folder, path);
            }
            judge(&r);
            assert_true(exh_map_equal(&r.map, &whole.map));
            close_rescue(&r);
        }
        assert_true(stops > 0);
        close_rescue(&whole);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deaf_drive_makes_no_bad_sectors),
        cmocka_unit_test(a_moment_of_deafness_costs_nothing),
        cmocka_unit_test(a_device_that_goes),
        cmocka_unit_test(a_lying_drive_is_told),
        cmocka_unit_test(a_witness_that_goes_bad),
        cmocka_unit_test(random_fault_sets),
        cmocka_unit_test(interrupted_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
