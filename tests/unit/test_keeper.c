/* The keeper: the map on disk never claims what the sink has not made durable, whatever fails and in whatever order; the journal tells what was
 * written and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "acquire/keeper.h"
#include "formats/container/codec.h"
#include "tests/make/failing_medium.h"

#define SECTORS 100u

static struct exh_error err;
static char folder[64];
static struct exh_layout layout;
static struct exh_journal *journal;
static struct exh_map untried;
static struct exh_keeper keeper;
static struct exh_block block;

/* A sink that remembers what came, and saves as it is told. */
static struct fake_sink {
    struct exh_sink sink; /* first */
    unsigned takes, saves, finishes;
    bool refuses, save_fails;
    uint64_t kept;                /* what save answers */
    uint64_t read_on_disk_before; /* of the map, at the moment save is called */
} fake;

static uint64_t read_on_disk(void)
{
    struct exh_mapfile file = {0};
    char path[96];
    (void)snprintf(path, sizeof path, "%s/" EXH_MAP_NAME, folder);
    if (access(path, F_OK) != 0)
        return 0;
    if (!exh_mapfile_load(path, &keeper.span, &file, NULL, &err))
        fail_msg("%s", err.text);
    uint64_t n = exh_map_total(&file.map, EXH_AREA_READ);
    exh_mapfile_close(&file);
    return n;
}

static bool fake_take(struct exh_consumer *consumer, const struct exh_block *b, const void *result, struct exh_error *e)
{
    (void)result, (void)b;
    struct fake_sink *s = (struct fake_sink *)consumer;
    s->takes++;
    return !s->refuses || exh_fail(e, EXH_NO_SPACE, EXH_NO_OFFSET, "disk full");
}

static bool fake_finish(struct exh_consumer *consumer, struct exh_error *e)
{
    (void)e;
    ((struct fake_sink *)consumer)->finishes++;
    return true;
}

static bool fake_save(struct exh_sink *sink, uint64_t *kept, struct exh_error *e)
{
    struct fake_sink *s = (struct fake_sink *)sink;
    s->saves++;
    s->read_on_disk_before = read_on_disk();
    *kept = s->kept;
    return !s->save_fails || exh_fail(e, EXH_IO, EXH_NO_OFFSET, "fsync");
}

static const struct exh_consumer_ops fake_consumer = {.take = fake_take, .finish = fake_finish};
static const struct exh_sink_ops fake_ops = {.save = fake_save};

static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-keeper-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    exh_layout_disk(&layout, SECTORS * 512 - 100, 512);
    fake = (struct fake_sink){.sink = {.consumer = {&fake_consumer}, .ops = &fake_ops, .can = EXH_SINK_ANY_ORDER}, .kept = EXH_SECTORS_UNKNOWN};
    journal = exh_journal_open(folder, &err);
    bool ok = journal != NULL && exh_map_open(&untried, SECTORS, &err) && exh_block_open(&block, SECTORS, 512, 0, &err);
    return ok ? 0 : -1;
}

static void open_keeper(struct exh_journal *into, unsigned save_seconds)
{
    const struct exh_mapfile_span span = {.bytes = SECTORS * 512 - 100, .sector_bytes = 512};
    if (!exh_keeper_open(&keeper, &fake.sink, into, folder, &layout.tracks[0], &untried, span, save_seconds, &err))
        fail_msg("%s", err.text);
}

static int teardown(void **state)
{
    (void)state;
    char path[96];
    static const char *const names[] = {EXH_MAP_NAME, EXH_MAP_NAME ".new", EXH_JOURNAL_NAME};
    exh_keeper_close(&keeper);
    exh_journal_close(journal);
    exh_map_close(&untried);
    exh_block_close(&block);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

/* A block of good sectors, but for those in `states` ('+' good, '-' bad, '?' not read). */
static bool take(int64_t lba, const char *states, enum exh_pass pass)
{
    block.track = &layout.tracks[0];
    block.lba = lba;
    block.count = (uint32_t)strlen(states);
    block.pass = (uint8_t)pass;
    for (uint32_t i = 0; i < block.count; i++) {
        block.state[i] = states[i] == '+' ? EXH_GOOD : states[i] == '-' ? EXH_BAD : EXH_UNREAD;
        sector_content((uint64_t)lba + i, block.main + (size_t)i * 512, 512);
    }
    exh_block_cut(&block, block.count);
    return keeper.consumer.ops->take(&keeper.consumer, &block, NULL, &err);
}

static void the_map_follows_the_data(void **state)
{
    (void)state;
    open_keeper(journal, 0);
    assert_true(take(10, "++++", EXH_PASS_COPY) && take(50, "++", EXH_PASS_COPY));
    assert_int_equal(read_on_disk(), 0); /* taken is not saved */
    assert_int_equal(fake.saves, 0);
    assert_true(exh_keeper_save(&keeper, &err));
    assert_int_equal(fake.read_on_disk_before, 0); /* the data first */
    assert_int_equal(read_on_disk(), 6);
    assert_true(take(60, "+++", EXH_PASS_COPY));
    assert_int_equal(read_on_disk(), 6);
}

static void a_save_that_fails_claims_nothing(void **state)
{
    (void)state;
    open_keeper(journal, 0);
    assert_true(take(0, "++", EXH_PASS_COPY) && exh_keeper_save(&keeper, &err) && take(2, "++++", EXH_PASS_COPY));
    fake.save_fails = true;
    assert_false(exh_keeper_save(&keeper, &err));
    assert_true(err.code == EXH_IO && err.side == EXH_SIDE_DESTINATION);
    assert_int_equal(read_on_disk(), 2);
    fake.save_fails = false;
    fake.refuses = true; /* and what the sink did not take is in neither map nor journal */
    assert_false(take(20, "++++", EXH_PASS_COPY));
    fake.refuses = false;
    assert_true(exh_keeper_save(&keeper, &err));
    assert_int_equal(read_on_disk(), 6);
    struct exh_history h;
    assert_true(exh_journal_read(folder, &h, &err));
    assert_int_equal(h.data_count, 2);
    exh_history_close(&h);
}

/* An E01: only closed segments are kept, and blocks lag behind them. */
static void a_sink_that_lags(void **state)
{
    (void)state;
    fake.sink.can = 0;
    fake.kept = 0;
    open_keeper(journal, 0);
    assert_true(take(0, "++++++++", EXH_PASS_NONE) && take(8, "++++++++", EXH_PASS_NONE) && exh_keeper_save(&keeper, &err));
    assert_int_equal(read_on_disk(), 0);
    fake.kept = 8;
    assert_true(exh_keeper_save(&keeper, &err));
    assert_int_equal(read_on_disk(), 8);
    assert_true(take(16, "++++", EXH_PASS_NONE) && exh_keeper_save(&keeper, &err));
    assert_int_equal(read_on_disk(), 8);
}

static void it_saves_when_it_is_time(void **state)
{
    (void)state;
    open_keeper(journal, 3600);
    assert_true(take(0, "++", EXH_PASS_COPY));
    assert_int_equal(fake.saves, 0);
    keeper.saved_ms -= 3600u * 1000u;
    assert_true(take(2, "++", EXH_PASS_COPY));
    assert_int_equal(fake.saves, 1);
    assert_int_equal(read_on_disk(), 4);
    assert_true(take(4, "++", EXH_PASS_COPY)); /* from then on the clock runs anew */
    assert_int_equal(fake.saves, 1);
    fake.save_fails = true;
    keeper.saved_ms -= 3600u * 1000u;
    assert_false(take(6, "++", EXH_PASS_COPY)); /* what cannot be kept is not gone on with */
}

static void the_journal_tells_the_good_runs(void **state)
{
    (void)state;
    struct exh_history h;
    open_keeper(journal, 0);
    assert_true(take(4, "++-?+", EXH_PASS_NONE) && take(SECTORS - 2, "++", EXH_PASS_COPY) && take(30, "---", EXH_PASS_NONE));
    assert_true(exh_journal_read(folder, &h, &err));
    assert_int_equal(h.data_count, 3);
    uint8_t expected[2 * 512];
    sector_content(4, expected, 512);
    sector_content(5, expected + 512, 512);
    assert_true(h.data[0].lba == 4 && h.data[0].count == 2 && h.data[0].crc == exh_crc32(0, expected, 1024));
    assert_true(h.data[1].lba == 8 && h.data[1].count == 1);
    sector_content(SECTORS - 2, expected, 512);
    sector_content(SECTORS - 1, expected + 512, 512);
    assert_true(h.data[2].crc == exh_crc32(0, expected, 1024 - 100)); /* the last sector is short */
    exh_history_close(&h);
    assert_int_equal(exh_map_total(&keeper.file.map, EXH_AREA_BAD), 4); /* of a thorough stream: for good */
    assert_int_equal(exh_map_at(&keeper.file.map, 7)->area, EXH_AREA_UNTRIED);
}

static void without_a_journal_it_only_feeds(void **state)
{
    (void)state;
    open_keeper(NULL, 1);
    keeper.saved_ms = 0;
    assert_true(take(0, "++", EXH_PASS_NONE) && exh_keeper_save(&keeper, &err));
    assert_true(keeper.consumer.ops->finish(&keeper.consumer, &err));
    assert_true(fake.takes == 1 && fake.finishes == 1 && fake.saves == 0);
    assert_int_equal(read_on_disk(), 0);
}

static void into_another_sink_with_another_map(void **state)
{
    (void)state;
    struct fake_sink other = fake;
    struct exh_map known = {0};
    fake.sink.can = 0;
    fake.kept = 0;
    open_keeper(journal, 0);
    assert_true(take(0, "++++", EXH_PASS_NONE));
    assert_true(exh_map_copy(&known, &untried, &err) && exh_map_mark(&known, 0, 2, EXH_AREA_READ, &err));
    assert_true(exh_keeper_into(&keeper, &other.sink, &known, &err) && take(90, "+", EXH_PASS_RETRY) && exh_keeper_save(&keeper, &err));
    assert_int_equal(read_on_disk(), 3);
    assert_true(other.takes == 1 && other.saves == 1 && fake.takes == 1 && fake.saves == 0);
    assert_int_equal(keeper.file.status, '-');
    exh_map_close(&known);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_map_follows_the_data),           CASE(a_save_that_fails_claims_nothing), CASE(a_sink_that_lags),
        CASE(it_saves_when_it_is_time),           CASE(the_journal_tells_the_good_runs),  CASE(without_a_journal_it_only_feeds),
        CASE(into_another_sink_with_another_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
