/* What an earlier run left is believed only as far as it equals the journal, and the medium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/proof.h"
#include "formats/container/codec.h"
#include "tests/make/failing_medium.h"

#define SECTORS 5000u /* more than one block of the walk */

static struct exh_error err;
static struct failing_medium kept, medium;
static struct exh_history history;
static struct exh_sectors proven;
static struct exh_map map;

static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    memset(&history, 0, sizeof history);
    failing_open(&kept, SECTORS * 512 - 100, 512, true);
    failing_open(&medium, SECTORS * 512 - 100, 512, true);
    return exh_map_open(&map, SECTORS, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    exh_history_close(&history);
    exh_sectors_close(&proven);
    exh_map_close(&map);
    failing_close(&kept);
    failing_close(&medium);
    return 0;
}

/* A line of the journal, true or not. */
static void line(int64_t lba, uint64_t count, bool is_true)
{
    uint8_t sector[512];
    uint32_t crc = 0;
    for (uint64_t s = (uint64_t)lba; s < (uint64_t)lba + count; s++) {
        sector_content(s, sector, 512);
        crc = exh_crc32(crc, sector, s == SECTORS - 1 ? 412 : 512);
    }
    history.data = realloc(history.data, (history.data_count + 1) * sizeof *history.data);
    history.data[history.data_count++] = (struct exh_journal_data){.lba = lba, .count = count, .crc = is_true ? crc : crc ^ 1};
}

static uint64_t prove(uint64_t sectors, unsigned threads)
{
    uint64_t differ = 99;
    exh_sectors_close(&proven);
    if (!exh_proof_of_kept(&kept.medium, sectors, &history, NULL, threads, &proven, &differ, &err))
        fail_msg("%s", err.text);
    return differ;
}

static bool is_proven(int64_t lba, uint64_t count)
{
    bool inside;
    return exh_sectors_part(&proven, lba, lba + (int64_t)count, &inside) == lba + (int64_t)count && inside;
}

static void each_line_is_held_against_the_bytes(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 2; threads++) {
        exh_history_close(&history);
        line(0, 64, true);
        line(64, 64, false);
        line(200, 1, true);
        line(2000, 2500, true); /* over blocks of the walk */
        line(SECTORS - 1, 1, true);
        assert_int_equal(prove(SECTORS, threads), 64);
        assert_int_equal(exh_sectors_total(&proven, EXH_GOOD), 64 + 1 + 2500 + 1);
        assert_true(is_proven(0, 64) && is_proven(200, 1) && is_proven(2000, 2500) && is_proven(SECTORS - 1, 1));
    }
}

static void lines_that_end_outside_are_left_alone(void **state)
{
    (void)state;
    line(0, 10, true);
    line(90, 20, true);
    line(300, 5, false);
    assert_int_equal(prove(100, 1), 0);
    assert_int_equal(exh_sectors_total(&proven, EXH_GOOD), 10);
    exh_history_close(&history);
    assert_int_equal(prove(100, 1), 0); /* no journal proves nothing */
    assert_int_equal(proven.count, 0);
}

/* A sector that the file does not give is not what was written, even where zeros were. */
static void a_sector_that_cannot_be_read_breaks_its_line(void **state)
{
    (void)state;
    kept.fails[70] = FAILS_ALWAYS;
    line(0, 64, true);
    line(64, 64, true);
    line(2048, 64, true); /* in the next read */
    assert_int_equal(prove(SECTORS, 1), 64);
    assert_true(is_proven(0, 64) && is_proven(2048, 64) && !is_proven(64, 64));
}

/* ---- the same medium? ---- */

static struct exh_sampled sampled;

static void ask(struct exh_medium *image, uint64_t split, struct exh_medium *work)
{
    exh_sectors_close(&sampled.changed);
    if (!exh_proof_of_medium(&medium.medium, image, split, work, &map, &sampled, &err))
        fail_msg("%s", err.text);
}

static void the_same_medium(void **state)
{
    (void)state;
    ask(&kept.medium, UINT64_MAX, NULL);
    assert_int_equal(sampled.compared, 0); /* nothing was read: nothing to compare */
    assert_true(exh_map_mark(&map, 100, 50, EXH_AREA_READ, &err) && exh_map_mark(&map, 4000, 1000, EXH_AREA_READ, &err));
    medium.fails[50] = medium.fails[3999] = FAILS_ALWAYS; /* never asked for */
    ask(&kept.medium, UINT64_MAX, NULL);
    assert_true(sampled.compared == EXH_SAMPLES && sampled.differ == 0 && sampled.unreadable == 0);
    assert_int_equal(medium.failed, 0);
    ask(NULL, 0, NULL);
    assert_int_equal(sampled.compared, 0);
}

static void another_medium(void **state)
{
    (void)state;
    assert_true(exh_map_mark(&map, 100, 1, EXH_AREA_READ, &err));
    medium.lies_from = 0;
    medium.lie = 100;
    ask(&kept.medium, UINT64_MAX, NULL);
    assert_true(sampled.compared == EXH_SAMPLES && sampled.differ == EXH_SAMPLES);
    assert_true(sampled.changed.count == 1 && sampled.changed.ranges[0].lba == 100 && sampled.changed.ranges[0].state == EXH_SUSPECT);
}

static void what_cannot_be_read_now_says_nothing(void **state)
{
    (void)state;
    assert_true(exh_map_mark(&map, 0, SECTORS, EXH_AREA_READ, &err));
    memset(medium.fails, (int)FAILS_ALWAYS, SECTORS);
    ask(&kept.medium, UINT64_MAX, NULL);
    assert_true(sampled.compared == 0 && sampled.unreadable == EXH_SAMPLES && sampled.differ == 0);
    memset(kept.fails, (int)FAILS_ALWAYS, SECTORS);
    ask(&kept.medium, UINT64_MAX, NULL);
    assert_true(sampled.compared == 0 && sampled.unreadable == 0);
}

static void image_and_work_file_answer_for_their_parts(void **state)
{
    (void)state;
    struct failing_medium work;
    failing_open(&work, SECTORS * 512 - 100, 512, true);
    memset(kept.fails + 2000, (int)FAILS_ALWAYS, SECTORS - 2000);
    memset(work.fails, (int)FAILS_ALWAYS, 2000);
    assert_true(exh_map_mark(&map, 0, SECTORS, EXH_AREA_READ, &err));
    ask(&kept.medium, 2000, &work.medium);
    assert_true(sampled.compared == EXH_SAMPLES && sampled.differ == 0);
    assert_true(kept.failed == 0 && work.failed == 0);
    failing_close(&work);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(each_line_is_held_against_the_bytes),
        CASE(lines_that_end_outside_are_left_alone),
        CASE(a_sector_that_cannot_be_read_breaks_its_line),
        CASE(the_same_medium),
        CASE(another_medium),
        CASE(what_cannot_be_read_now_says_nothing),
        CASE(image_and_work_file_answer_for_their_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
