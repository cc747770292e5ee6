/* rescue.h - one rescue in a test: a failing medium, the passes over it, a follower; and the judge of how it ended. For cmocka tests, which include
 * cmocka.h before. */
#ifndef EXH_TESTS_MAKE_RESCUE_H
#define EXH_TESTS_MAKE_RESCUE_H

#include "tests/make/failing_medium.h"

#define BLOCK_BYTES (1u << 20)
#define SECTORS (32768u) /* 16 MiB of 512 */

static struct exh_error err;

/* One rescue: a medium, the route over it, what followed it. */
struct rescue {
    struct failing_medium m;
    struct exh_pass_policy policy;
    struct exh_map map;
    struct follower f;
    struct exh_passes *passes;
    enum exh_passes_end end;
    uint32_t retried; /* retry passes that earlier runs made */
};

static inline void open_rescue(struct rescue *r, uint64_t bytes, uint32_t sector_bytes, bool located)
{
    memset(r, 0, sizeof *r);
    failing_open(&r->m, bytes, sector_bytes, located);
    assert_true(exh_map_open(&r->map, r->m.sectors, &err));
    assert_true(exh_map_open(&r->f.map, r->m.sectors, &err));
    r->f.consumer.ops = &follower_ops;
    r->f.medium = &r->m;
    r->f.copied = calloc(r->m.sectors, 1);
    r->f.fail_after = UINT64_MAX;
    r->policy.pause_ms = 1;
}

static inline void close_rescue(struct rescue *r)
{
    exh_passes_close(r->passes);
    exh_map_close(&r->map);
    exh_map_close(&r->f.map);
    free(r->f.copied);
    failing_close(&r->m);
}

/* One run of the pipeline from what the map says. False: it was interrupted. */
static inline bool run(struct rescue *r, unsigned threads)
{
    exh_passes_close(r->passes);
    r->m.scratch_made = false;
    r->passes = exh_passes_open(&r->m.medium, &r->map, &r->policy, BLOCK_BYTES, r->m.medium.unit_sectors, &err);
    assert_non_null(r->passes);
    exh_passes_retried(r->passes, r->retried);
    struct exh_consumer *consumers[] = {&r->f.consumer};
    struct exh_pipeline_outcome outcome;
    const struct exh_pipeline pipeline = {.medium = &r->m.medium,
                                          .route = exh_passes_route(r->passes),
                                          .consumers = consumers,
                                          .consumer_count = 1,
                                          .threads = threads,
                                          .budget_bytes = 4u << 20};
    exh_error_clear(&err);
    bool ok = exh_pipeline_run(&pipeline, &outcome, &err);
    exh_pipeline_outcome_close(&outcome);
    struct exh_error why;
    exh_error_clear(&why);
    r->end = exh_passes_ended(r->passes, &why);
    if (r->end == EXH_PASSES_STOPPED_ANSWERING || r->end == EXH_PASSES_FAILED)
        err = why;
    return ok;
}

/* Exactly the sectors that fail for ever are BAD, all others READ, and came to the image once, and right; the follower's map is the same map. */
static inline void judge(struct rescue *r)
{
    assert_int_equal(r->end, EXH_PASSES_DONE);
    assert_int_equal(r->f.wrong, 0);
    assert_true(exh_map_equal(&r->map, &r->f.map));
    for (size_t i = 0; i < r->map.count; i++) {
        const struct exh_map_range *a = &r->map.ranges[i];
        assert_true(a->area == EXH_AREA_READ || a->area == EXH_AREA_BAD);
        for (uint64_t s = a->first; s < a->first + a->count; s++)
            if ((r->m.fails[s] == FAILS_ALWAYS) != (a->area == EXH_AREA_BAD) || r->f.copied[s] != (a->area == EXH_AREA_READ))
                fail_msg("sector %d is %c", (int)s, a->area);
    }
}

static inline uint64_t reads_of(const struct rescue *r, enum exh_pass pass)
{
    size_t n;
    uint64_t reads = 0;
    const struct exh_pass_count *c = exh_passes_counts(r->passes, &n);
    for (size_t i = 0; i < n; i++)
        reads += c[i].pass == pass ? c[i].reads : 0;
    return reads;
}

static inline uint64_t route_reads(const struct rescue *r)
{
    uint64_t reads = 0;
    for (int pass = 0; pass < EXH_PASS_COUNT; pass++)
        reads += reads_of(r, (enum exh_pass)pass);
    return reads;
}

static inline unsigned worst(const uint8_t *per_sector, uint64_t sectors)
{
    unsigned most = 0;
    for (uint64_t s = 0; s < sectors; s++)
        most = per_sector[s] > most ? per_sector[s] : most;
    return most;
}

/* The counts of the passes add up to what the medium saw. */
static inline void check_counts(const struct rescue *r)
{
    size_t n;
    uint64_t reads = 0, failed = 0, read = 0;
    const struct exh_pass_count *c = exh_passes_counts(r->passes, &n);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || c[i - 1].pass < c[i].pass || (c[i].pass == EXH_PASS_RETRY && c[i].number == c[i - 1].number + 1));
        reads += c[i].reads + c[i].checks;
        failed += c[i].failed_reads;
        read += c[i].sectors_read;
    }
    assert_int_equal(reads, r->m.reads);
    assert_int_equal(reads - r->m.checks, route_reads(r));
    assert_int_equal(failed, r->m.failed);
    assert_int_equal(read, exh_map_total(&r->map, EXH_AREA_READ));
}

static inline void bad(struct rescue *r, uint64_t first, uint64_t count, uint8_t fails) { memset(r->m.fails + first, fails, count); }

#endif
