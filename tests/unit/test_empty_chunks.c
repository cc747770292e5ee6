/* test_empty_chunks.c - chunk digests of a disk with holes: what is known of zeros, and chunks that are not read at all, give what hashing every byte
 * gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "formats/disk/mapped_disk.h"
#include "formats/model/bytes.h"
#include "verify/digest.h"
#include "verify/digest_set.h"
#include "verify/pipeline.h"

#define PIECE (64u << 10)
#define PIECES 200u
#define DISK_MAX (PIECES * PIECE)

static enum exh_place_kind kinds[PIECES];
static uint8_t content[DISK_MAX]; /* what the disk reads as */
static unsigned finds;

static bool sparse_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    (void)disk, (void)pages, (void)err;
    (void)__atomic_add_fetch(&finds, 1, __ATOMIC_RELAXED);
    *out = (struct exh_place){.kind = kinds[at / PIECE], .bytes = PIECE - at % PIECE, .offset = at};
    return true;
}
static const struct exh_mapped_ops sparse_ops = {.find = sparse_find};

static struct exh_mapped_disk *sparse_disk(uint64_t bytes, struct exh_medium *parent)
{
    struct exh_error err = {0};
    uint32_t index;
    struct exh_mapped_disk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->ops = &sparse_ops;
    d->parent = parent;
    exh_layout_disk(&d->layout, bytes, 512);
    assert_true(exh_mapped_disk_file(d, exh_source_memory(content, sizeof content, "toy"), "toy", &index, &err));
    assert_true(exh_mapped_disk_ready(d, "toy", 1, &err));
    return d;
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
    return *x;
}

/* Runs of each kind. LOST reads as zeros, and is not good. */
static void make_disk(uint64_t seed, bool with_lost)
{
    static const enum exh_place_kind choices[] = {EXH_PLACE_HOLE, EXH_PLACE_ZERO, EXH_PLACE_DATA, EXH_PLACE_HOLE, EXH_PLACE_DATA, EXH_PLACE_LOST};
    memset(content, 0, sizeof content);
    for (uint32_t i = 0; i < PIECES;) {
        enum exh_place_kind kind = choices[next_random(&seed) % (with_lost ? 6 : 5)];
        uint32_t run = 1 + (uint32_t)(next_random(&seed) % (kind == EXH_PLACE_HOLE ? 60 : 5));
        bool zeros = next_random(&seed) % 4 == 0; /* data, and all the same zeros */
        for (; run > 0 && i < PIECES; run--, i++) {
            kinds[i] = kind;
            for (uint32_t k = 0; kind == EXH_PLACE_DATA && !zeros && k < PIECE; k += 8)
                exh_put_le64(content + i * PIECE + k, next_random(&seed));
        }
    }
}

enum way { ASCENDING, LANES, SKIPPING, WAYS };

static void chunks_of(struct exh_medium *m, uint32_t chunk_sectors, enum way way, unsigned threads, struct exh_seal *out, struct exh_sectors *states,
                      uint64_t *skipped)
{
    struct exh_error err = {0};
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    struct exh_pipeline_outcome outcome;
    struct exh_ascending ascending;
    struct exh_lanes lanes;
    struct exh_sectors holes = {0};
    struct exh_scratch *scratch;
    struct exh_digest_set_options options = {
        .chunk_sectors = chunk_sectors, .side_by_side = way != ASCENDING, .holes = way == SKIPPING ? &holes : NULL, .layout = m->layout};
    struct exh_digest_set *set = exh_digest_set_new(&options, &err);
    assert_non_null(set);
    assert_true(exh_medium_scratch(m, &scratch, &err));
    exh_route_ascending(&ascending, m, EXH_THOROUGH, 128 << 10);
    exh_route_lanes(&lanes, m, EXH_THOROUGH, 128 << 10, chunk_sectors);
    if (way == SKIPPING)
        exh_route_lanes_skip(&lanes, m, scratch, &holes);
    struct exh_pipeline p = {.medium = m,
                             .route = way == ASCENDING ? &ascending.route : &lanes.route,
                             .consumers = consumers,
                             .consumer_count = exh_digest_set_consumers(set, consumers, EXH_PIPELINE_CONSUMERS_MAX),
                             .threads = threads};
    if (!exh_pipeline_run(&p, &outcome, &err) || !exh_digest_set_result(set, out, states, &err))
        fail_msg("%s", err.text);
    assert_true(outcome.bytes + lanes.hole_bytes == exh_layout_bytes(m->layout));
    assert_true(p.route->total_bytes == outcome.bytes);
    *skipped = lanes.hole_bytes;
    exh_digest_set_close(set);
    exh_pipeline_outcome_close(&outcome);
    exh_scratch_close(scratch);
    exh_sectors_close(&holes);
}

static void expect_chunks(const struct exh_seal *seal, uint64_t bytes, uint32_t chunk_sectors)
{
    uint64_t chunk = (uint64_t)chunk_sectors * 512, at = 0;
    struct exh_error err = {0};
    assert_int_equal(seal->chunks.count, (bytes + chunk - 1) / chunk);
    for (size_t i = 0; i < seal->chunks.count; i++, at += chunk) {
        uint8_t sha[32];
        uint64_t n = bytes - at < chunk ? bytes - at : chunk;
        uint32_t lost = 0;
        assert_true(exh_sha256(content + at, (size_t)n, sha, &err));
        assert_memory_equal(sha, seal->chunks.items[i].sha256, 32);
        for (uint64_t s = at / 512; s < (at + n + 511) / 512; s++)
            lost += kinds[s * 512 / PIECE] == EXH_PLACE_LOST;
        assert_true(seal->chunks.items[i].lba == (int64_t)(at / 512));
        assert_int_equal(seal->chunks.items[i].sectors, (n + 511) / 512);
        assert_int_equal(seal->chunks.items[i].not_good, lost);
        assert_int_equal(seal->chunks.items[i].track, 1);
    }
}

static void every_way_is_the_slow_way(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {DISK_MAX, DISK_MAX - 100 * PIECE + 7, 3 * PIECE + 512, 1};
    static const uint32_t chunks[] = {128, 1000, 2048, 40000};
    uint64_t ever_skipped = 0;
    for (uint64_t seed = 1; seed <= 3; seed++)
        for (size_t s = 0; s < 4; s++)
            for (size_t c = 0; c < 4; c++) {
                uint8_t root[32];
                make_disk(seed * 977, seed % 3 == 0);
                for (int way = ASCENDING; way < WAYS; way++) {
                    struct exh_mapped_disk *d = sparse_disk(sizes[s], NULL);
                    struct exh_seal seal = {0};
                    struct exh_sectors states = {0};
                    uint64_t skipped;
                    chunks_of(&d->medium, chunks[c], (enum way)way, 1 + (unsigned)(seed % 3), &seal, &states, &skipped);
                    expect_chunks(&seal, sizes[s], chunks[c]);
                    assert_true(way == SKIPPING || skipped == 0);
                    ever_skipped += skipped;
                    if (way == ASCENDING)
                        memcpy(root, seal.chunks.root, 32);
                    assert_memory_equal(root, seal.chunks.root, 32);
                    exh_seal_close(&seal);
                    exh_sectors_close(&states);
                    exh_mapped_disk_close(d);
                }
            }
    assert_true(ever_skipped > 0);
}

/* What the medium says of its holes, sector by sector: never more than is so, and all of it where the places are whole sectors. */
static void holes_are_told_as_far_as_they_reach(void **state)
{
    (void)state;
    struct exh_error err = {0};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        make_disk(seed * 31, true);
        struct exh_mapped_disk *d = sparse_disk(DISK_MAX - 5, NULL);
        struct exh_scratch *scratch;
        assert_true(exh_medium_scratch(&d->medium, &scratch, &err));
        const struct exh_track *t = &d->layout.tracks[0];
        for (uint64_t lba = 0; lba < t->sectors; lba += 37) {
            uint64_t end = lba;
            while (end < t->sectors && (kinds[end * 512 / PIECE] == EXH_PLACE_HOLE || kinds[end * 512 / PIECE] == EXH_PLACE_ZERO))
                end++;
            assert_true(exh_medium_hole(&d->medium, scratch, t, (int64_t)lba, t->sectors - lba) == end - lba);
            uint64_t some = end - lba < 100 ? end - lba : 100;
            assert_true(exh_medium_hole(&d->medium, scratch, t, (int64_t)lba, t->sectors - lba < 100 ? t->sectors - lba : 100) == some);
        }
        exh_scratch_close(scratch);
        exh_mapped_disk_close(d);
    }
}

/* Where an image leaves a place to its parent, it is a hole when the parent has one there, or has ended. */
static void holes_of_a_parent(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_scratch *scratch;
    make_disk(5, false);
    for (uint32_t i = 0; i < PIECES; i++)
        kinds[i] = i < 10 ? EXH_PLACE_HOLE : i < 12 ? EXH_PLACE_DATA : EXH_PLACE_PARENT;
    struct exh_mapped_disk *parent = sparse_disk(20 * PIECE, NULL), *child;
    child = sparse_disk(100 * PIECE, &parent->medium);
    const struct exh_track *t = &child->layout.tracks[0];
    assert_true(exh_medium_scratch(&child->medium, &scratch, &err));
    /* The parent answers PARENT, too, and has none: zeros. */
    assert_true(exh_medium_hole(&child->medium, scratch, t, 12 * PIECE / 512, 88 * PIECE / 512) == 88 * PIECE / 512);
    kinds[15] = EXH_PLACE_DATA; /* in both: the child's own, and the parent's */
    assert_true(exh_medium_hole(&child->medium, scratch, t, 12 * PIECE / 512, 88 * PIECE / 512) == 3 * PIECE / 512);
    assert_true(exh_medium_hole(&child->medium, scratch, t, 16 * PIECE / 512, 84 * PIECE / 512) == 84 * PIECE / 512);
    exh_scratch_close(scratch);
    exh_mapped_disk_close(child);
}

/* A disk of 8 TiB without data: only its tables are asked, once for each chunk. */
static bool empty_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    (void)disk, (void)pages, (void)err;
    finds++;
    *out = (struct exh_place){.kind = EXH_PLACE_HOLE, .bytes = (512ull << 20) - at % (512ull << 20)};
    return true;
}
static const struct exh_mapped_ops empty_ops = {.find = empty_find};

static void emptiness_costs_no_reading(void **state)
{
    (void)state;
    struct exh_mapped_disk *d = sparse_disk(DISK_MAX, NULL);
    struct exh_seal seal = {0};
    struct exh_sectors states = {0};
    uint64_t skipped;
    d->ops = &empty_ops;
    exh_layout_disk(&d->layout, (8ull << 40) + 100, 512);
    finds = 0;
    chunks_of(&d->medium, 131072, SKIPPING, 1, &seal, &states, &skipped);
    assert_true(skipped == (8ull << 40) + 100);
    assert_int_equal(seal.chunks.count, (1 << 17) + 1);
    assert_memory_equal(seal.chunks.items[0].sha256, seal.chunks.items[1 << 16].sha256, 32);
    uint8_t sha[32], zeros[100] = {0};
    struct exh_error err = {0};
    assert_true(exh_sha256(zeros, sizeof zeros, sha, &err));
    assert_memory_equal(sha, seal.chunks.items[1 << 17].sha256, 32);
    assert_true(finds <= (1 << 17) + 1);
    exh_seal_close(&seal);
    exh_sectors_close(&states);
    exh_mapped_disk_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_is_the_slow_way),
        cmocka_unit_test(holes_are_told_as_far_as_they_reach),
        cmocka_unit_test(holes_of_a_parent),
        cmocka_unit_test(emptiness_costs_no_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
