/* The engine: threaded and serial runs make identical files; what a failed read-back must do; a source that is not the same any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/acquire.h"
#include "acquire/stage.h"
#include "formats/model/text.h"
#include "verify/digest_set.h"

static char folder[] = "/tmp/exhibit-acquire.XXXXXX";

static void make_source(const char *path, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    uint32_t r = 12345;
    for (size_t i = 0; i < bytes; i++) {
        r = r * 1664525u + 1013904223u;
        bool noise = i / 100000 % 3 == 0, zero = i / 100000 % 3 == 1;
        (void)fputc(zero ? 0 : noise ? (int)(r >> 24) : "forensic copy "[i % 14], f);
    }
    assert_int_equal(fclose(f), 0);
}

static uint8_t *slurp(const char *path, size_t *length)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &st), 0);
    uint8_t *bytes = malloc((size_t)st.st_size + 1);
    *length = fread(bytes, 1, (size_t)st.st_size, f);
    assert_int_equal(fclose(f), 0);
    return bytes;
}

static const char *const algorithms[] = {"md5", "sha256"};

static bool run(const char *source, const char *image, unsigned threads, uint64_t segment, enum exh_compression compression,
                struct exh_acquire_result *result, struct exh_error *err)
{
    struct exh_open options = {.sector_bytes = 512};
    struct exh_medium *medium = NULL;
    struct exh_fields fields = {0};
    exh_error_clear(err);
    memset(result, 0, sizeof *result);
    assert_true(exh_fields_set(&fields, "case", "2026-117", err));
    bool ok = exh_image_open(source, exh_format_named("raw"), &options, &medium, err);
    struct exh_plan plan = {.medium = medium,
                            .image = image,
                            .format = exh_format_for_name(image),
                            .compression = compression,
                            .segment_bytes = segment,
                            .chunk_bytes = 1 << 20,
                            .algorithms = algorithms,
                            .algorithm_count = 2,
                            .fields = &fields,
                            .program = "exhibit test",
                            .platform = "Linux",
                            .unix_time = 1700000000,
                            .guid = {1, 2, 3, 4},
                            .verify_image = true,
                            .threads = threads};
    struct exh_stage *stage = ok ? exh_stage_open(image, err) : NULL;
    ok = stage != NULL && exh_acquire_run(&plan, stage, result, err);
    if (ok)
        exh_stage_clear(stage);
    exh_stage_close(stage);
    exh_medium_close(medium);
    exh_fields_close(&fields);
    return ok;
}

static void same_file(const char *a, const char *b)
{
    size_t na, nb;
    uint8_t *x = slurp(a, &na), *y = slurp(b, &nb);
    assert_int_equal(na, nb);
    assert_memory_equal(x, y, na);
    free(x);
    free(y);
}

static void twins(const char *extension, uint64_t segment, enum exh_compression compression)
{
    struct exh_error err;
    struct exh_acquire_result serial, threaded;
    assert_int_equal(chdir(folder), 0);
    make_source("source.bin", 5000123);
    assert_int_equal(mkdir("serial", 0700), 0);
    assert_int_equal(mkdir("threaded", 0700), 0);
    char a[64], b[64];
    (void)snprintf(a, sizeof a, "serial/disk%s", extension);
    (void)snprintf(b, sizeof b, "threaded/disk%s", extension);
    assert_true(run("source.bin", a, 1, segment, compression, &serial, &err));
    assert_true(run("source.bin", b, 4, segment, compression, &threaded, &err));
    assert_int_equal(serial.files.count, threaded.files.count);
    for (size_t i = 0; i < serial.files.count; i++)
        same_file(serial.files.items[i], threaded.files.items[i]);
    assert_int_equal(serial.seal.digests.count, threaded.seal.digests.count);
    for (size_t i = 0; i < serial.seal.digests.count; i++)
        assert_memory_equal(serial.seal.digests.items[i].bytes, threaded.seal.digests.items[i].bytes, 32);
    assert_memory_equal(serial.seal.chunks.root, threaded.seal.chunks.root, 32);
    assert_int_equal(serial.verification, EXH_MATCH);
    assert_int_equal(serial.acquisition, EXH_COMPLETE);
    exh_acquire_result_close(&serial);
    exh_acquire_result_close(&threaded);
    assert_int_equal(access("serial/disk.raw.partial", F_OK), -1);
    /* emptied for the next shape */
    for (int k = 0; k < 2; k++) {
        const char *sub = k == 0 ? "serial" : "threaded";
        for (int i = 0; i < 40; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "%s/disk.%03d", sub, i), (void)unlink(name);
            (void)snprintf(name, sizeof name, "%s/disk.E%02d", sub, i), (void)unlink(name);
        }
        (void)unlink(k == 0 ? a : b);
        assert_int_equal(rmdir(sub), 0);
    }
    assert_int_equal(chdir("/"), 0);
}

static void raw_twins(void **state) { (void)state, twins(".raw", 0, EXH_COMPRESS_FAST); }
static void split_twins(void **state) { (void)state, twins(".001", 1 << 20, EXH_COMPRESS_FAST); }
static void e01_fast_twins(void **state) { (void)state, twins(".E01", 0, EXH_COMPRESS_FAST); }
static void e01_best_twins(void **state) { (void)state, twins(".E01", 0, EXH_COMPRESS_BEST); }
static void e01_segment_twins(void **state) { (void)state, twins(".E01", 1 << 20, EXH_COMPRESS_NONE); }

static bool not_the_same(void *context, struct exh_error *err)
{
    (void)context;
    return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the serial number changed");
}

/* A source that is another one at the end: nothing is published, the partial is kept. */
static void changed_source_is_not_published(void **state)
{
    (void)state;
    struct exh_error err;
    struct exh_acquire_result result;
    struct exh_open options = {.sector_bytes = 512};
    struct exh_medium *medium = NULL;
    assert_int_equal(chdir(folder), 0);
    make_source("source.bin", 100000);
    exh_error_clear(&err);
    assert_true(exh_image_open("source.bin", exh_format_named("raw"), &options, &medium, &err));
    struct exh_plan plan = {.medium = medium,
                            .image = "x.raw",
                            .format = exh_format_named("raw"),
                            .chunk_bytes = 1 << 20,
                            .algorithms = algorithms,
                            .algorithm_count = 2,
                            .program = "exhibit test",
                            .platform = "Linux",
                            .verify_image = true,
                            .recheck = not_the_same};
    struct exh_stage *stage = exh_stage_open("x.raw", &err);
    assert_non_null(stage);
    assert_false(exh_acquire_run(&plan, stage, &result, &err));
    exh_stage_close(stage);
    assert_int_equal(err.code, EXH_GONE);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    assert_int_equal(result.acquisition, EXH_INCOMPLETE);
    assert_int_equal(access("x.raw", F_OK), -1);
    assert_int_equal(access("x.raw.partial/x.raw", F_OK), 0);
    exh_acquire_result_close(&result);
    exh_medium_close(medium);
    assert_int_equal(unlink("x.raw.partial/x.raw"), 0);
    assert_int_equal(rmdir("x.raw.partial"), 0);
    assert_int_equal(chdir("/"), 0);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/source.bin", folder);
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_twins),      cmocka_unit_test(split_twins),       cmocka_unit_test(e01_fast_twins),
        cmocka_unit_test(e01_best_twins), cmocka_unit_test(e01_segment_twins), cmocka_unit_test(changed_source_is_not_published),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
