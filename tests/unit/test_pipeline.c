/* The centre: a toy medium and a toy sink drive the pipeline, threaded and serial, and the two must agree to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "verify/digest.h"
#include "verify/digest_set.h"
#include "verify/pipeline.h"

/* A medium whose sector n holds bytes made from n; some are bad, some zero; every third block fails ONCE. */
struct toy_medium {
    struct exh_medium medium;
    struct exh_layout layout;
    uint64_t fail_at; /* LBA at which reading cannot go on, or UINT64_MAX */
};

static bool is_bad(int64_t lba) { return lba % 4099 == 7 || (lba >= 9000 && lba < 9003); }

static bool toy_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                     struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch;
    const struct toy_medium *t = (const struct toy_medium *)medium;
    uint32_t size = want->track->main_bytes;
    if (t->fail_at >= (uint64_t)want->lba && t->fail_at < (uint64_t)want->lba + want->count)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "device lost at LBA %llu", (unsigned long long)t->fail_at);
    if (want->lba / 2048 % 5 == 3 && (want->lba + want->count - 1) / 2048 == want->lba / 2048) {
        out->kind = EXH_BLOCK_ZERO;
        return true;
    }
    for (uint32_t i = 0; i < want->count; i++) {
        int64_t lba = want->lba + i;
        uint8_t *p = out->main + (size_t)i * size;
        for (uint32_t b = 0; b < size; b++)
            p[b] = lba / 2048 % 5 == 3 ? 0 : (uint8_t)(lba * 31 + b * 7);
        bool bad = is_bad(lba) && lba / 2048 % 5 != 3;
        out->state[i] = bad ? EXH_BAD : EXH_GOOD;
        if (bad && !exh_faults_add(faults, &(struct exh_fault){.lba = lba, .count = 1, .sys = 61}, err))
            return false;
    }
    return true;
}

static const struct exh_medium_ops toy_ops = {.read = toy_read};

static void toy_open(struct toy_medium *t, uint64_t bytes, bool concurrent)
{
    memset(t, 0, sizeof *t);
    exh_layout_disk(&t->layout, bytes, 512);
    t->fail_at = UINT64_MAX;
    t->medium = (struct exh_medium){.ops = &toy_ops, .format = "toy", .layout = &t->layout, .concurrent = concurrent, .unit_sectors = 1};
}

/* A sink whose work inverts the data and whose take appends it, checking order. */
struct toy_sink {
    struct exh_consumer consumer;
    uint8_t *out;
    uint64_t used, next_ticket;
    uint64_t fail_at_ticket;
    bool finished;
};

static size_t toy_result(const struct exh_consumer *c, uint32_t sectors, uint32_t main_bytes)
{
    (void)c;
    return (size_t)sectors * main_bytes;
}

static bool toy_work(const struct exh_consumer *c, struct exh_scratch *scratch, const struct exh_block *block, void *result, struct exh_error *err)
{
    (void)c, (void)scratch, (void)err;
    uint8_t *r = result;
    for (size_t i = 0; i < (size_t)block->count * block->track->main_bytes; i++)
        r[i] = (uint8_t)~block->main[i];
    return true;
}

static bool toy_take(struct exh_consumer *c, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct toy_sink *s = (struct toy_sink *)c;
    assert_int_equal(block->ticket, s->next_ticket);
    if (s->next_ticket++ == s->fail_at_ticket)
        return exh_fail(err, EXH_NO_SPACE, s->used, "toy disk full");
    memcpy(s->out + s->used, result, (size_t)exh_block_bytes(block));
    s->used += exh_block_bytes(block);
    return true;
}

static bool toy_finish(struct exh_consumer *c, struct exh_error *err)
{
    (void)err;
    ((struct toy_sink *)c)->finished = true;
    return true;
}

static const struct exh_consumer_ops toy_sink_ops = {.result_bytes = toy_result, .work = toy_work, .take = toy_take, .finish = toy_finish};

enum { TOY_BYTES = 37 * 1024 * 1024 + 100 };

struct run {
    struct toy_sink sink;
    struct exh_seal seal;
    struct exh_sectors states;
    struct exh_pipeline_outcome outcome;
    struct exh_error err;
    bool ok;
};

static void run_toy(struct run *r, struct toy_medium *t, unsigned threads, uint64_t fail_at_ticket, size_t budget)
{
    static const char *const algorithms[] = {"md5", "SHA256", "sha2-256"};
    memset(r, 0, sizeof *r);
    exh_error_clear(&r->err);
    r->sink.consumer.ops = &toy_sink_ops;
    r->sink.fail_at_ticket = fail_at_ticket;
    r->sink.out = malloc(TOY_BYTES);
    struct exh_digest_set_options options = {
        .algorithms = algorithms, .algorithm_count = 3, .chunk_sectors = exh_chunk_sectors(5 << 20, 512), .padded = true};
    struct exh_digest_set *set = exh_digest_set_new(&options, &r->err);
    assert_non_null(set);
    struct exh_consumer *consumers[8];
    size_t n = exh_digest_set_consumers(set, consumers, 7);
    consumers[n++] = &r->sink.consumer;
    struct exh_ascending route;
    exh_route_ascending(&route, &t->medium, EXH_THOROUGH, 1 << 20);
    struct exh_pipeline p = {
        .medium = &t->medium, .route = &route.route, .consumers = consumers, .consumer_count = n, .threads = threads, .budget_bytes = budget};
    r->ok = exh_pipeline_run(&p, &r->outcome, &r->err);
    if (r->ok)
        assert_true(exh_digest_set_result(set, &r->seal, &r->states, &r->err));
    exh_digest_set_close(set);
}

static void end_run(struct run *r)
{
    free(r->sink.out);
    exh_seal_close(&r->seal);
    exh_sectors_close(&r->states);
    exh_pipeline_outcome_close(&r->outcome);
}

static void assert_same_run(const struct run *a, const struct run *b)
{
    assert_true(a->ok && b->ok && a->sink.finished && b->sink.finished);
    assert_int_equal(a->sink.used, b->sink.used);
    assert_memory_equal(a->sink.out, b->sink.out, a->sink.used);
    assert_int_equal(a->seal.digests.count, b->seal.digests.count);
    for (size_t i = 0; i < a->seal.digests.count; i++)
        assert_memory_equal(&a->seal.digests.items[i], &b->seal.digests.items[i], sizeof a->seal.digests.items[i]);
    assert_int_equal(a->seal.chunks.count, b->seal.chunks.count);
    assert_memory_equal(a->seal.chunks.root, b->seal.chunks.root, 32);
    assert_true(exh_sectors_equal(&a->states, &b->states));
    assert_int_equal(a->outcome.bytes, b->outcome.bytes);
    assert_int_equal(a->outcome.bad_sectors, b->outcome.bad_sectors);
    assert_int_equal(a->outcome.fault_count, b->outcome.fault_count);
}

static void threaded_equals_serial(void **state)
{
    (void)state;
    struct toy_medium t;
    struct run serial, threaded;
    toy_open(&t, TOY_BYTES, false);
    run_toy(&serial, &t, 1, UINT64_MAX, 0);
    for (unsigned threads = 2; threads <= 6; threads += 2) {
        for (int concurrent = 0; concurrent < 2; concurrent++) {
            toy_open(&t, TOY_BYTES, concurrent != 0);
            run_toy(&threaded, &t, threads, UINT64_MAX, threads == 4 ? 8u << 20 : 0);
            assert_same_run(&serial, &threaded);
            end_run(&threaded);
        }
    }
    /* Against plain arithmetic: the sink saw the inverse of the stream whose digest was taken. */
    assert_int_equal(serial.sink.used, TOY_BYTES);
    for (size_t i = 0; i < TOY_BYTES; i++)
        serial.sink.out[i] = (uint8_t)~serial.sink.out[i];
    uint8_t sha[32];
    assert_true(exh_sha256(serial.sink.out, TOY_BYTES, sha, &serial.err));
    const struct exh_digest_value *v = exh_digests_find(&serial.seal.digests, "media", "sha256");
    assert_non_null(v);
    assert_memory_equal(v->bytes, sha, 32);
    assert_int_equal(v->not_good, exh_sectors_total(&serial.states, EXH_BAD));
    assert_true(v->not_good > 10);
    for (size_t i = 0; i < 512; i++) /* a bad sector reads as zeros, whatever the medium left in the buffer */
        assert_int_equal(serial.sink.out[7 * 512 + i], 0);
    /* The padded scope: the same stream and 412 zeros. */
    uint8_t *padded = calloc(1, TOY_BYTES + 412);
    memcpy(padded, serial.sink.out, TOY_BYTES);
    assert_true(exh_sha256(padded, TOY_BYTES + 412, sha, &serial.err));
    assert_memory_equal(exh_digests_find(&serial.seal.digests, "padded", "sha256")->bytes, sha, 32);
    free(padded);
    /* md5, sha256 under two spellings: one stream each, two scopes each. */
    assert_int_equal(serial.seal.digests.count, 4);
    end_run(&serial);
}

static void chunk_digests_are_plain_sha256(void **state)
{
    (void)state;
    struct toy_medium t;
    struct run r;
    toy_open(&t, TOY_BYTES, true);
    run_toy(&r, &t, 0, UINT64_MAX, 0);
    for (size_t i = 0; i < TOY_BYTES; i++)
        r.sink.out[i] = (uint8_t)~r.sink.out[i];
    uint64_t chunk_bytes = 5 << 20, not_good = 0;
    assert_int_equal(r.seal.chunks.count, (TOY_BYTES + chunk_bytes - 1) / chunk_bytes);
    for (size_t i = 0; i < r.seal.chunks.count; i++) {
        uint8_t sha[32];
        uint64_t from = i * chunk_bytes, n = TOY_BYTES - from < chunk_bytes ? TOY_BYTES - from : chunk_bytes;
        assert_true(exh_sha256(r.sink.out + from, n, sha, &r.err));
        assert_memory_equal(sha, r.seal.chunks.items[i].sha256, 32);
        not_good += r.seal.chunks.items[i].not_good;
    }
    assert_int_equal(not_good, exh_sectors_total(&r.states, EXH_BAD));
    end_run(&r);
}

static void walk_chunks(struct toy_medium *t, uint32_t chunk_sectors, bool lanes, unsigned threads, struct exh_seal *seal, struct exh_sectors *states)
{
    struct exh_error err;
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    struct exh_pipeline_outcome outcome;
    struct exh_ascending ascending;
    struct exh_lanes side;
    struct exh_digest_set_options options = {.chunk_sectors = chunk_sectors, .side_by_side = lanes};
    struct exh_digest_set *set = exh_digest_set_new(&options, &err);
    size_t n = exh_digest_set_consumers(set, consumers, EXH_PIPELINE_CONSUMERS_MAX);
    exh_route_ascending(&ascending, &t->medium, EXH_THOROUGH, 1 << 20);
    exh_route_lanes(&side, &t->medium, EXH_THOROUGH, 1 << 20, chunk_sectors);
    struct exh_pipeline p = {
        .medium = &t->medium, .route = lanes ? &side.route : &ascending.route, .consumers = consumers, .consumer_count = n, .threads = threads};
    assert_true(exh_pipeline_run(&p, &outcome, &err));
    assert_int_equal(outcome.bytes, exh_layout_bytes(&t->layout));
    assert_true(exh_digest_set_result(set, seal, states, &err));
    exh_digest_set_close(set);
    exh_pipeline_outcome_close(&outcome);
}

static void same_chunks(struct toy_medium *t, uint32_t chunk_sectors, unsigned threads)
{
    struct exh_seal seals[2] = {0};
    struct exh_sectors states[2] = {0};
    for (int i = 0; i < 2; i++)
        walk_chunks(t, chunk_sectors, i == 1, threads, &seals[i], &states[i]);
    assert_int_equal(seals[0].chunks.count, seals[1].chunks.count);
    for (size_t i = 0; i < seals[0].chunks.count; i++) {
        assert_int_equal(seals[0].chunks.items[i].lba, seals[1].chunks.items[i].lba);
        assert_int_equal(seals[0].chunks.items[i].sectors, seals[1].chunks.items[i].sectors);
        assert_memory_equal(seals[0].chunks.items[i].sha256, seals[1].chunks.items[i].sha256, 32);
    }
    assert_memory_equal(seals[0].chunks.root, seals[1].chunks.root, 32);
    assert_true(exh_sectors_equal(&states[0], &states[1]));
    for (int i = 0; i < 2; i++) {
        exh_seal_close(&seals[i]);
        exh_sectors_close(&states[i]);
    }
}

/* Chunks side by side: other order, the same chunk list, root and states. */
static void lanes_equal_ascending(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 512, (5 << 20) - 1, (5 << 20) + 513, 20 << 20, TOY_BYTES};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (unsigned threads = 1; threads <= 3; threads++) {
            struct toy_medium t;
            toy_open(&t, sizes[k], true);
            same_chunks(&t, exh_chunk_sectors(1 << 20, 512) + 3, threads);
        }
}

/* A track that ends within a chunk, more than a lane's run behind the chunk's beginning: its end and the next track's beginning are chunks of one
 * number. So are those of many tracks within one chunk. */
static void lanes_of_tracks_that_cut_chunks(void **state)
{
    (void)state;
    static const uint32_t chunk = (24u << 20) / 512, run = EXH_LANE_RUN_BYTES / 512;
    const uint32_t tracks[][6] = {
        {run + 3000, 2 * chunk, 0}, {chunk + run + 1, 100, 200, 300, run + 7, chunk}, {5, run + 100, run + 100, chunk, 1, 1}};
    for (size_t k = 0; k < sizeof tracks / sizeof tracks[0]; k++)
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            struct toy_medium t;
            toy_open(&t, 512, true);
            struct exh_track one = t.layout.tracks[0];
            t.layout.kind = EXH_LAYOUT_DISC;
            t.layout.track_count = 0;
            for (size_t i = 0; i < 6 && tracks[k][i] > 0; i++) {
                one.number = (uint8_t)(i + 1);
                one.sectors = tracks[k][i];
                t.layout.tracks[t.layout.track_count++] = one;
                one.first += (int64_t)one.sectors + (i == 3 ? 11400 : 0);
            }
            same_chunks(&t, chunk, threads);
        }
}

/* RFC 6962's own shape, by hand, for three leaves: H(1, H(1, l0, l1), l2). */
static void merkle_root_by_hand(void **state)
{
    (void)state;
    struct exh_error err;
    struct exh_chunks chunks = {0};
    uint8_t leaf[3][32], node[65] = {1}, inner[32], root[32], found[32];
    for (uint32_t i = 0; i < 3; i++) {
        struct exh_chunk c = {.lba = (int64_t)i * 131072, .sectors = 131072, .not_good = i, .track = 1};
        memset(c.sha256, (int)(0xA0 + i), 32);
        char hex[65], line[200] = {0};
        exh_text_hex(c.sha256, 32, hex);
        int n = snprintf(line + 1, sizeof line - 1, "1 %lld 131072 %u %s\n", (long long)c.lba, i, hex);
        assert_true(exh_sha256(line, (size_t)n + 1, leaf[i], &err));
        assert_true(exh_chunks_add(&chunks, &c, &err));
    }
    memcpy(node + 1, leaf[0], 32), memcpy(node + 33, leaf[1], 32);
    assert_true(exh_sha256(node, 65, inner, &err));
    memcpy(node + 1, inner, 32), memcpy(node + 33, leaf[2], 32);
    assert_true(exh_sha256(node, 65, root, &err));
    assert_true(exh_chunks_root(&chunks, found, &err));
    assert_memory_equal(root, found, 32);
    free(chunks.items);
}

static void failures_stop_everything(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct toy_medium t;
        struct run r;
        toy_open(&t, TOY_BYTES, true);
        run_toy(&r, &t, threads, 5, 0);
        assert_false(r.ok);
        assert_int_equal(r.err.code, EXH_NO_SPACE);
        assert_false(r.sink.finished);
        assert_int_equal(r.sink.next_ticket, 6); /* nothing is taken behind the failure */
        end_run(&r);
        toy_open(&t, TOY_BYTES, true);
        t.fail_at = 30000;
        run_toy(&r, &t, threads, UINT64_MAX, 0);
        assert_false(r.ok);
        assert_int_equal(r.err.code, EXH_GONE);
        assert_int_equal(r.err.side, EXH_SIDE_SOURCE);
        end_run(&r);
    }
}

static void cancelling_stops(void **state)
{
    (void)state;
    struct toy_medium t;
    toy_open(&t, TOY_BYTES, true);
    atomic_bool cancel = true;
    struct exh_watch watch = {.cancel = &cancel};
    struct toy_sink sink = {.consumer = {&toy_sink_ops}, .fail_at_ticket = UINT64_MAX, .out = malloc(TOY_BYTES)};
    struct exh_consumer *consumers[] = {&sink.consumer};
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct exh_ascending route;
        struct exh_pipeline_outcome outcome;
        struct exh_error err;
        exh_route_ascending(&route, &t.medium, EXH_THOROUGH, 1 << 20);
        struct exh_pipeline p = {
            .medium = &t.medium, .route = &route.route, .consumers = consumers, .consumer_count = 1, .watch = &watch, .threads = threads};
        assert_false(exh_pipeline_run(&p, &outcome, &err));
        assert_int_equal(err.code, EXH_CANCELLED);
        exh_pipeline_outcome_close(&outcome);
    }
    free(sink.out);
}

static void empty_medium(void **state)
{
    (void)state;
    struct toy_medium t;
    struct run r;
    toy_open(&t, 0, true);
    run_toy(&r, &t, 0, UINT64_MAX, 0);
    assert_true(r.ok && r.sink.finished);
    char hex[65];
    exh_text_hex(exh_digests_find(&r.seal.digests, "media", "sha256")->bytes, 32, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    end_run(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threaded_equals_serial), cmocka_unit_test(chunk_digests_are_plain_sha256),
        cmocka_unit_test(lanes_equal_ascending),  cmocka_unit_test(lanes_of_tracks_that_cut_chunks),
        cmocka_unit_test(merkle_root_by_hand),    cmocka_unit_test(failures_stop_everything),
        cmocka_unit_test(cancelling_stops),       cmocka_unit_test(empty_medium),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
