/* Options of failing media to plan: every value that is one, and words about every one that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "formats/model/format.h"
#include "report/cli/args.h"
#include "report/cli/rescue_options.h"

extern const struct exh_command exh_command_acquire;

static struct exh_error err;
static struct exh_args args;
static struct exh_rescue rescue;
static struct exh_plan plan;
static struct exh_layout layout;
static struct exh_medium medium; /* only looked at */

static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    exh_layout_disk(&layout, 1 << 20, 512);
    medium = (struct exh_medium){.layout = &layout, .failing = true};
    return 0;
}

static void forget(void)
{
    exh_rescue_close(&rescue);
    exh_args_close(&args);
}

/* The options, separated by blanks, into `plan`. */
static bool planned(const char *options)
{
    static char words[512];
    char *argv[32] = {"exhibit", "acquire", "source"};
    int argc = 3;
    (void)snprintf(words, sizeof words, "%s", options);
    for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;)
        argv[argc++] = word;
    memset(&args, 0, sizeof args);
    memset(&rescue, 0, sizeof rescue);
    bool resume = plan.resume;
    plan = (struct exh_plan){.medium = &medium, .resume = resume};
    exh_error_clear(&err);
    if (!exh_args_parse(&args, &exh_command_acquire, argc, argv, &err))
        fail_msg("%s: %s", options, err.text);
    return exh_rescue_plan(&args, &rescue, &plan, &err);
}

static void must(const char *options)
{
    if (!planned(options))
        fail_msg("%s: %s", options, err.text);
}

static void refused(const char *options, const char *part)
{
    assert_false(planned(options));
    assert_int_equal(err.code, EXH_USAGE);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", options, err.text, part);
    forget();
}

static void nothing_is_asked_for(void **state)
{
    (void)state;
    must("--quiet");
    static const struct exh_pass_policy none;
    assert_memory_equal(&plan.policy, &none, sizeof none);
    assert_true(plan.save_seconds == 30 && !plan.one_pass && plan.fill == NULL && plan.map_path == NULL && plan.rescued == NULL);
    assert_int_equal(plan.continue_in->count, 0);
    forget();
}

static void numbers(void **state)
{
    (void)state;
    must("--retries 3 --max-errors 18446744073709551615 --save-every 0 --min-rate 2M --reverse --no-scrape --one-pass");
    assert_true(plan.policy.retries == 3 && plan.policy.max_errors == UINT64_MAX && plan.save_seconds == 0 && plan.policy.min_rate == 2u << 20);
    assert_true(plan.policy.reverse && plan.policy.no_scrape && plan.one_pass);
    forget();
    must("--retries 1000 --save-every 86400");
    assert_true(plan.policy.retries == 1000 && plan.save_seconds == 86400);
    forget();
    static const char *const bad[][2] = {{"--retries -1", "--retries -1"},          {"--retries 1001", "up to 1000"},
                                         {"--retries 3x", "--retries 3x"},          {"--max-errors 18446744073709551616", "--max-errors"},
                                         {"--save-every 86401", "up to 86400"},     {"--save-every= ", "--save-every"},
                                         {"--min-rate fast", "--min-rate fast is"}, {"--min-rate -1", "--min-rate -1"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(bad[i][0], bad[i][1]);
}

static void skip_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        uint64_t least, most;
    } good[] = {{"--skip-size 64K", 64 << 10, 1 << 30},
                {"--skip-size 64K,1M", 64 << 10, 1 << 20},
                {"--skip-size 1M,1M", 1 << 20, 1 << 20},
                {"--skip-size 2G", 2ull << 30, 2ull << 30},
                {"--skip-size 0", 0, 1},
                {"--skip-size 0,5M", 0, 1}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        must(good[i].option);
        assert_int_equal(plan.policy.skip_min_bytes, good[i].least);
        assert_int_equal(plan.policy.skip_max_bytes, good[i].most);
        forget();
    }
    static const char *const bad[] = {"--skip-size 1M,64K",
                                      "--skip-size ,1M",
                                      "--skip-size 64K,",
                                      "--skip-size 64K,1M,2M",
                                      "--skip-size x",
                                      "--skip-size 64K,x",
                                      "--skip-size 00000000000000000000000000000000000000064,1M"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(bad[i], "MIN or MIN,MAX");
}

static void fill_patterns(void **state)
{
    (void)state;
    must("--fill zeros");
    assert_null(plan.fill);
    forget();
    must("--fill text:BAD:SECTOR");
    assert_int_equal(plan.fill_length, 10);
    assert_memory_equal(plan.fill, "BAD:SECTOR", 10);
    forget();
    must("--fill hex:00fFa5");
    assert_int_equal(plan.fill_length, 3);
    assert_memory_equal(plan.fill, "\x00\xff\xa5", 3);
    forget();
    char longest[600];
    for (unsigned n = 256; n <= 257; n++) {
        (void)snprintf(longest, sizeof longest, "--fill=text:%0*d", (int)n, 1);
        assert_int_equal(planned(longest), n == 256);
        assert_true(n > 256 || plan.fill_length == 256);
        forget();
    }
    static const char *const bad[] = {"--fill text:", "--fill hex:", "--fill hex:0", "--fill hex:0g", "--fill ones", "--fill", "--fill BAD"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (strchr(bad[i], ' ') != NULL)
            refused(bad[i], "zeros, text:WORDS or hex:BYTES");
}

static void maps_and_folders(void **state)
{
    (void)state;
    must("--continue-in a --continue-in b/c");
    assert_int_equal(plan.continue_in->count, 2);
    assert_string_equal(plan.continue_in->items[1], "b/c");
    forget();
    must("--map their.map");
    assert_string_equal(plan.map_path, "their.map");
    assert_null(plan.rescued);
    forget();
    refused("--rescued their.img", "the map that goes with it");
    refused("--map their.map --one-pass", "read in passes");
    medium.failing = false;
    refused("--map their.map", "read in passes");
    plan.resume = true; /* what the first run took in is not taken in again, and need not be there any more */
    must("--map gone.map --rescued gone.img");
    assert_null(plan.rescued);
    forget();
    plan.resume = false;
    medium.failing = true;
    char name[] = "/tmp/exhibit-rescued-XXXXXX", options[96];
    int fd = mkstemp(name);
    assert_true(fd >= 0 && write(fd, "0123456789", 10) == 10 && close(fd) == 0);
    (void)snprintf(options, sizeof options, "--map their.map --rescued %s", name);
    must(options);
    assert_true(plan.rescued != NULL && plan.rescued->layout->tracks[0].main_bytes == 512);
    forget();
    assert_int_equal(unlink(name), 0);
    assert_false(planned(options));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    forget();
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {CASE(nothing_is_asked_for), CASE(numbers), CASE(skip_sizes), CASE(fill_patterns), CASE(maps_and_folders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
