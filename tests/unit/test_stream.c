/* Standard input as a medium: any length, delivered in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acquire/stream.h"

static struct exh_error err;

static uint8_t byte_at(size_t i) { return (uint8_t)(i * 7 + (i >> 8) * 13 + 1); }

/* A child that writes `length` bytes in pieces and closes. */
static int stream_of(size_t length, size_t piece, pid_t *child)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    *child = fork();
    assert_true(*child >= 0);
    if (*child == 0) {
        (void)close(ends[0]);
        uint8_t buffer[5000];
        for (size_t done = 0; done < length;) {
            size_t n = length - done < piece ? length - done : piece;
            for (size_t i = 0; i < n; i++)
                buffer[i] = byte_at(done + i);
            if (write(ends[1], buffer, n) != (ssize_t)n)
                _exit(1);
            done += n;
        }
        _exit(0);
    }
    (void)close(ends[1]);
    return ends[0];
}

static void check_stream(size_t length, size_t piece, uint32_t sector, uint32_t block_sectors, bool nonblocking)
{
    pid_t child;
    int fd = stream_of(length, piece, &child), status;
    if (nonblocking)
        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    struct exh_medium *m = exh_stream_open(fd, sector, NULL, &err);
    struct exh_block block;
    struct exh_layout final;
    assert_non_null(m);
    assert_true(m->endless);
    assert_true(exh_block_open(&block, block_sectors, sector, 0, &err));
    size_t bytes = 0;
    struct exh_want want = {.track = &m->layout->tracks[0], .count = block_sectors};
    for (;; want.lba += block_sectors) {
        memset(block.main, 0xEE, (size_t)block_sectors * sector);
        assert_true(exh_medium_read(m, NULL, &want, &block, NULL, &err));
        if (block.count == 0)
            break;
        uint64_t valid = exh_block_bytes(&block);
        for (size_t i = 0; i < (size_t)block.count * sector; i++)
            assert_int_equal(block.main[i], i < valid ? byte_at(bytes + i) : 0);
        bytes += valid;
        assert_int_equal(block.bad, 0);
        assert_int_equal(m->layout->tracks[0].sectors, EXH_SECTORS_UNKNOWN); /* blocks under way must not see it change */
    }
    assert_int_equal(bytes, length);
    assert_true(exh_medium_read(m, NULL, &want, &block, NULL, &err)); /* the end stays the end */
    assert_int_equal(block.count, 0);
    exh_stream_final(m, &final);
    assert_int_equal(exh_layout_bytes(&final), length);
    assert_int_equal(final.tracks[0].sectors, (length + sector - 1) / sector);
    assert_int_equal(final.tracks[0].tail_bytes, length % sector);
    exh_block_close(&block);
    exh_medium_close(m);
    (void)close(fd);
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void lengths_and_pieces(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 511, 512, 513, 4095, 4096, 4097, 8192, 100000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        check_stream(lengths[i], 5000, 512, 8, false);
        check_stream(lengths[i], 700, 4096, 1, false);
    }
    check_stream(3000, 1, 512, 4, false);
    check_stream(100000, 333, 2048, 5, true);
}

static void the_final_layout_is_open_before_the_end(void **state)
{
    (void)state;
    struct exh_layout final;
    struct exh_medium *m = exh_stream_open(0, 512, NULL, &err);
    exh_stream_final(m, &final);
    assert_int_equal(final.tracks[0].sectors, EXH_SECTORS_UNKNOWN);
    assert_int_equal(final.tracks[0].main_bytes, 512);
    exh_medium_close(m);
}

static void out_of_order_is_a_bug(void **state)
{
    (void)state;
    pid_t child;
    int fd = stream_of(5000, 5000, &child), status;
    struct exh_medium *m = exh_stream_open(fd, 512, NULL, &err);
    struct exh_block block;
    assert_true(exh_block_open(&block, 4, 512, 0, &err));
    struct exh_want want = {.track = &m->layout->tracks[0], .lba = 4, .count = 4};
    assert_false(exh_medium_read(m, NULL, &want, &block, NULL, &err));
    assert_int_equal(err.code, EXH_BUG);
    exh_block_close(&block);
    exh_medium_close(m);
    (void)close(fd);
    (void)waitpid(child, &status, 0);
}

static void errors(void **state)
{
    (void)state;
    exh_error_clear(&err);
    assert_null(exh_stream_open(0, 0, NULL, &err));
    assert_int_equal(err.code, EXH_USAGE);
    exh_error_clear(&err);
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* reading it gives EISDIR */
    struct exh_medium *m = exh_stream_open(fd, 512, NULL, &err);
    struct exh_block block;
    assert_true(exh_block_open(&block, 4, 512, 0, &err));
    struct exh_want want = {.track = &m->layout->tracks[0], .count = 4};
    assert_false(exh_medium_read(m, NULL, &want, &block, NULL, &err));
    assert_int_equal(err.code, EXH_IO);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    exh_block_close(&block);
    exh_medium_close(m);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_and_pieces),
        cmocka_unit_test(the_final_layout_is_open_before_the_end),
        cmocka_unit_test(out_of_order_is_a_bug),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
