/* The journal: what is written comes back, a cut leaves at most a torn end, a line that is none of ours is found, and all of it is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/journal.h"

static struct exh_error err;
static struct exh_history history;
static char folder[64], path[96];

static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-journal-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/" EXH_JOURNAL_NAME, folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    exh_history_close(&history);
    (void)unlink(path);
    return rmdir(folder);
}

static void append(const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, bytes, length) == (ssize_t)length && close(fd) == 0);
}

static void add(const char *text) { append(text, strlen(text)); }

static bool read_it(void)
{
    exh_history_close(&history);
    exh_error_clear(&err);
    return exh_journal_read(folder, &history, &err);
}

static void must_read(void)
{
    if (!read_it())
        fail_msg("%s", err.text);
}

static void refused(enum exh_code code, const char *part)
{
    assert_false(read_it());
    assert_int_equal(err.code, code);
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    if (strstr(err.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    assert_int_equal(history.data_count + history.pause_count + history.trouble.count, 0); /* nothing half-read is handed out */
}

static struct exh_journal *open_it(void)
{
    struct exh_journal *j = exh_journal_open(folder, &err);
    if (j == NULL)
        fail_msg("%s", err.text);
    return j;
}

static void check_data(size_t i, int64_t lba, uint64_t count, uint32_t crc)
{
    assert_true(i < history.data_count);
    assert_int_equal(history.data[i].lba, lba);
    assert_int_equal(history.data[i].count, count);
    assert_int_equal(history.data[i].crc, crc);
}

static void check_pass(size_t i, enum exh_pass pass, uint32_t number, uint64_t reads, uint64_t failed, uint64_t sectors, uint64_t micros)
{
    assert_true(i < history.pass_count);
    const struct exh_pass_count *c = &history.passes[i];
    assert_true(c->pass == pass && c->number == number);
    assert_true(c->reads == reads && c->failed_reads == failed && c->sectors_read == sectors && c->micros == micros);
}

static void two_runs_come_back(void **state)
{
    (void)state;
    static struct exh_speed speed = {.cell_sectors = 10, .cells = {[3] = {10, 500}, [511] = {7, 70}}};
    const struct exh_fault fault = {.lba = 77, .count = 1, .sys = ENODATA, .sense = {3, 0x11, 4}, .milliseconds = 900, .attempt = 2};
    struct exh_journal *j = open_it();
    assert_true(exh_journal_run(j, 1, 1000, &err) && exh_journal_data(j, 64, 64, 0xdeadbeef, &err) && exh_journal_data(j, 0, 64, 7, &err));
    assert_true(exh_journal_fault(j, &fault, &err) && exh_journal_fault(j, &fault, &err));
    assert_true(exh_journal_pass(j, &(struct exh_pass_count){EXH_PASS_COPY, 1, 5, 1, 400, 0, 90}, &err));
    assert_true(exh_journal_pass(j, &(struct exh_pass_count){EXH_PASS_COPY, 1, 9, 2, 800, 0, 190}, &err)); /* totals so far: the last counts */
    assert_true(exh_journal_speed(j, &speed, &err) && exh_journal_end(j, 2000, "disk full\nand so on", &err) && exh_journal_sync(j, &err));
    exh_journal_close(j);
    j = open_it();
    assert_true(exh_journal_run(j, 2, 3000, &err) && exh_journal_pass(j, &(struct exh_pass_count){EXH_PASS_COPY, 1, 1, 0, 10, 0, 5}, &err));
    assert_true(exh_journal_pass(j, &(struct exh_pass_count){EXH_PASS_RETRY, 2, 3, 3, 0, 0, 60}, &err) && exh_journal_speed(j, &speed, &err));
    exh_journal_close(j);
    must_read();
    assert_int_equal(history.runs, 2);
    assert_int_equal(history.data_count, 2);
    check_data(0, 0, 64, 7);
    check_data(1, 64, 64, 0xdeadbeef);
    assert_int_equal(history.pass_count, 2);
    check_pass(0, EXH_PASS_COPY, 1, 10, 2, 810, 195);
    check_pass(1, EXH_PASS_RETRY, 2, 3, 3, 0, 60);
    assert_int_equal(history.trouble.count, 1);
    const struct exh_trouble_entry *t = history.trouble.items;
    assert_true(t->lba == 77 && t->attempts == 2 && t->sys == ENODATA && t->milliseconds == 900);
    assert_memory_equal(t->sense, fault.sense, 3);
    assert_true(history.speed.cells[3].sectors == 20 && history.speed.cells[3].micros == 1000 && history.speed.cells[511].micros == 140);
    /* The first pause is known from both its ends; the second run was killed. */
    assert_int_equal(history.pause_count, 2);
    assert_true(history.pauses[0].paused == 2000 && history.pauses[0].resumed == 3000);
    assert_string_equal(history.pauses[0].why, "disk full and so on");
    assert_true(history.pauses[1].paused == 0 && history.pauses[1].resumed == 0);
    assert_non_null(strstr(history.pauses[1].why, "killed"));
}

static void no_journal_tells_nothing(void **state)
{
    (void)state;
    must_read();
    assert_true(history.runs == 0 && history.data_count == 0 && history.pause_count == 0 && history.pass_count == 0);
    add(""); /* made, and cut before its first line */
    must_read();
    assert_int_equal(history.runs, 0);
}

static void a_killed_run_that_was_followed(void **state)
{
    (void)state;
    add(EXH_JOURNAL_HEAD "\ns 1 100\np 1 1 1 0 1 1\ns 2 250\np 1 1 1 0 1 1\ne 300 stop\n");
    must_read();
    assert_int_equal(history.pause_count, 2);
    assert_true(history.pauses[0].paused == 0 && history.pauses[0].resumed == 250); /* its length is not known, its end is */
    assert_true(history.pauses[1].paused == 300 && history.pauses[1].resumed == 0);
    check_pass(0, EXH_PASS_COPY, 1, 2, 0, 2, 2);
}

/* Cut at every byte of its last line: the rest stands, and the next line is whole. */
static void a_torn_end_is_ignored_and_cut(void **state)
{
    (void)state;
    static const char last[] = "d 64 64 deadbeef\n";
    for (size_t n = 0; n < sizeof last - 1; n++) {
        (void)unlink(path);
        add(EXH_JOURNAL_HEAD "\ns 1 100\nd 0 64 1\n");
        append(last, n);
        must_read();
        assert_int_equal(history.data_count, 1);
        struct exh_journal *j = open_it();
        assert_true(exh_journal_data(j, 128, 64, 2, &err));
        exh_journal_close(j);
        must_read();
        assert_int_equal(history.data_count, 2);
        check_data(1, 128, 64, 2);
    }
}

/* What a power cut leaves on some file systems: the length was kept, the bytes were not. */
static void an_end_of_zeros_is_torn(void **state)
{
    (void)state;
    static const uint8_t zeros[3000];
    for (size_t n = 1; n <= sizeof zeros; n = n * 3 + 1) {
        (void)unlink(path);
        add(EXH_JOURNAL_HEAD "\nd 0 64 1\nd 64 6");
        append(zeros, n);
        must_read();
        assert_int_equal(history.data_count, 1);
        struct exh_journal *j = open_it();
        assert_true(exh_journal_data(j, 64, 64, 2, &err));
        exh_journal_close(j);
        must_read();
        assert_int_equal(history.data_count, 2);
    }
    (void)unlink(path);
    append(zeros, sizeof zeros); /* not even its head */
    must_read();
    exh_journal_close(open_it());
    add("d 0 64 1\n");
    must_read();
    assert_int_equal(history.data_count, 1);
    (void)unlink(path);
    add(EXH_JOURNAL_HEAD "\nd 0 64 1\n");
    append(zeros, 700);
    add("\nd 64 64 1\n"); /* zeros in the middle are no torn end */
    refused(EXH_CORRUPT, "line 3 of the journal");
}

static void lines_that_are_none(void **state)
{
    (void)state;
    static const char *const lines[] = {"x 1",
                                        "",
                                        "d",
                                        "d 1 2",
                                        "d 1 0 0",
                                        "d 1 2 100000000",
                                        "d 1 2 g",
                                        "d -1 2 0",
                                        "d  1 2 0",
                                        "d 18446744073709551616 1 0",
                                        "d 9223372036854775807 1 0",
                                        "d 0x1 1 0",
                                        "f 1 1 5 3 17 0 9",
                                        "f 1 1 5 256 0 0 9 1",
                                        "f 1 4294967296 5 0 0 0 9 1",
                                        "f 1 1 -5 0 0 0 9 1",
                                        "p 7 1 1 1 1 1",
                                        "p 1 1 1 1 1",
                                        "p 1 4294967296 1 1 1 1",
                                        "v 512 1 1",
                                        "v 1 1",
                                        "e",
                                        "e now",
                                        "s 1",
                                        "s one 1"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        (void)unlink(path);
        add(EXH_JOURNAL_HEAD "\nd 0 64 1\n");
        add(lines[i]);
        add("\nd 64 64 1\n");
        refused(EXH_CORRUPT, "line 3 of the journal");
    }
    (void)unlink(path);
    add("exhibit-journal 2\n");
    refused(EXH_CORRUPT, "no journal of this version");
    (void)unlink(path);
    add(EXH_JOURNAL_HEAD "\n");
    for (unsigned i = 0; i < 60; i++)
        add("d 1 1 00000");
    add("\nd 64 64 1\n");
    refused(EXH_CORRUPT, "line 2 of the journal"); /* longer than any of ours */
}

/* Of two lines for the same sectors the later one counts; what only the earlier one covered is then not proven. */
static void later_lines_replace_earlier_ones(void **state)
{
    (void)state;
    add(EXH_JOURNAL_HEAD "\nd 0 100 a\nd 0 100 b\n");        /* the same */
    add("d 200 100 a\nd 250 10 b\n");                        /* inside */
    add("d 410 10 a\nd 400 100 b\n");                        /* around */
    add("d 600 50 a\nd 650 50 a\nd 700 50 a\nd 640 80 b\n"); /* over three */
    add("d 900 50 a\nd 940 20 b\nd 930 15 c\n");             /* in a chain */
    add("d 1000 10 a\nd 1010 10 b\n");                       /* side by side: both */
    must_read();
    assert_int_equal(history.data_count, 7);
    check_data(0, 0, 100, 0xb);
    check_data(1, 250, 10, 0xb);
    check_data(2, 400, 100, 0xb);
    check_data(3, 640, 80, 0xb);
    check_data(4, 930, 15, 0xc);
    check_data(5, 1000, 10, 0xa);
    check_data(6, 1010, 10, 0xb);
}

static void what_is_no_journal_file(void **state)
{
    (void)state;
    assert_int_equal(symlink("/dev/zero", path), 0);
    assert_false(read_it());
    assert_null(exh_journal_open(folder, &err));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(EXH_CORRUPT, "not a regular file"); /* and not waited for */
    assert_int_equal(unlink(path), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && ftruncate(fd, (off_t)EXH_JOURNAL_BYTES_MAX + 1) == 0 && close(fd) == 0);
    refused(EXH_LIMIT, "larger than"); /* and not read first */
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(two_runs_come_back),      CASE(no_journal_tells_nothing), CASE(a_killed_run_that_was_followed),   CASE(a_torn_end_is_ignored_and_cut),
        CASE(an_end_of_zeros_is_torn), CASE(lines_that_are_none),      CASE(later_lines_replace_earlier_ones), CASE(what_is_no_journal_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
