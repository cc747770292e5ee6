/* What was asked for, kept in the staging folder: it comes back as the same command, a later run may change what may be changed and nothing else,
 * another source is refused, and a state that is none of ours is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/stage.h"
#include "formats/model/text.h"
#include "report/cli/args.h"
#include "report/cli/partial_state.h"

extern const struct exh_command exh_command_acquire;

static struct exh_error err;
static char folder[64];
static struct exh_args args;
static struct exh_partial_state kept;
static struct exh_opened source;
static const uint8_t guid[16] = {1, 2, 3, 254, 255};

static void put(const char *name, const char *text, size_t length)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, length) == (ssize_t)length && close(fd) == 0);
}

/* In a folder of its own, with a source of 8 sectors and an empty partial of disk.E01. */
static int setup(void **state)
{
    (void)state;
    static const char zeros[8 * 512];
    exh_error_clear(&err);
    memset(&args, 0, sizeof args);
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-state-XXXXXX");
    if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("disk.E01.partial", 0700) != 0)
        return -1;
    put("source.img", zeros, sizeof zeros);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    exh_partial_state_close(&kept);
    exh_source_done(&source);
    exh_args_close(&args);
    (void)unlink("disk.E01.partial/state");
    (void)rmdir("disk.E01.partial");
    (void)unlink("source.img");
    return chdir("/") != 0 ? -1 : rmdir(folder);
}

static void parse(const char *command)
{
    static char words[2][512];
    static char *argv[2][64];
    static unsigned turn;
    unsigned t = turn++ % 2;
    int argc = 0;
    exh_args_close(&args);
    memset(&args, 0, sizeof args);
    (void)snprintf(words[t], sizeof words[t], "exhibit acquire %s", command);
    for (char *rest = words[t], *word; (word = strsep(&rest, " ")) != NULL;)
        argv[t][argc++] = word;
    if (!exh_args_parse(&args, &exh_command_acquire, argc, argv[t], &err))
        fail_msg("%s: %s", command, err.text);
}

static void open_source(const char *path)
{
    struct exh_args none = {.command = &exh_command_acquire};
    exh_source_done(&source);
    if (!exh_source_open(&none, path, false, false, &source, &err))
        fail_msg("%s", err.text);
}

/* What a first run with this command leaves. */
static void first_run(const char *command)
{
    char line[] = "{\"v\":1,\"text\":\"a line, verbatim \\\\ \"}";
    char *lines[] = {line};
    struct exh_recording recording = {
        .operation = "00112233445566778899aabbccddeeff", .started = "2026-11-22T07:00:00Z", .begin_seq = 7, .lines = lines, .line_count = 1};
    struct exh_fields fields = {0};
    parse(command);
    open_source("source.img");
    assert_true(exh_fields_set(&fields, "case", "2026-117", &err) && exh_fields_set(&fields, "notes", "ä\n\"quoted\"", &err));
    char *text = exh_partial_state_text(&args, &source, &fields, guid, 1700000000, &recording, NULL);
    assert_non_null(text);
    put("disk.E01.partial/state", text, strlen(text));
    free(text);
    exh_fields_close(&fields);
    if (!exh_partial_state_read("disk.E01", &kept, &err))
        fail_msg("%s", err.text);
}

/* A later run's command, and the arguments it then has. */
static bool resumes(const char *command)
{
    exh_error_clear(&err);
    parse(command);
    return exh_partial_state_apply(&kept, &args, "disk.E01", &err);
}

static void must_resume(const char *command)
{
    if (!resumes(command))
        fail_msg("%s: %s", command, err.text);
}

static void check(const char *option, const char *value)
{
    const char *is = exh_arg(&args, option);
    if (is == NULL || strcmp(is, value) != 0)
        fail_msg("%s is %s, not %s", option, is != NULL ? is : "not there", value);
}

static void it_comes_back(void **state)
{
    (void)state;
    char whole[128];
    struct exh_fields fields = {0};
    first_run(
        "source.img -o disk.E01 --segment 2M --case 2026-117 --attach a.jpg --attach b.jpg --retries 3 --ledger l.db --continue-in second --json");
    assert_memory_equal(kept.guid, guid, 16);
    assert_true(kept.unix_time == 1700000000 && kept.begin_seq == 7);
    assert_string_equal(kept.operation, "00112233445566778899aabbccddeeff");
    assert_string_equal(kept.started, "2026-11-22T07:00:00Z");
    assert_string_equal(json_string_value(json_array_get(json_object_get(kept.json, "lines"), 0)), "{\"v\":1,\"text\":\"a line, verbatim \\\\ \"}");
    assert_true(exh_partial_state_fields(&kept, &fields, &err));
    assert_string_equal(exh_fields_get(&fields, "notes"), "ä\n\"quoted\"");
    exh_fields_close(&fields);
    must_resume("--resume disk.E01");
    check("--segment", "2M");
    check("--retries", "3");
    check("-o", "disk.E01");
    check("--resume", "");
    assert_int_equal(exh_arg_count(&args, "--attach"), 2);
    assert_string_equal(exh_arg_at(&args, "--attach", 1), "b.jpg");
    assert_null(exh_arg(&args, "--json"));                  /* how a run talks is its own affair */
    (void)snprintf(whole, sizeof whole, "%s/l.db", folder); /* a later run may start elsewhere */
    check("--ledger", whole);
    (void)snprintf(whole, sizeof whole, "%s/second", folder);
    check("--continue-in", whole);
    (void)snprintf(whole, sizeof whole, "%s/source.img", folder);
    assert_int_equal(exh_operand_count(&args), 1);
    assert_string_equal(exh_operand(&args, 0), whole);
}

static void what_may_change(void **state)
{
    (void)state;
    first_run("source.img -o disk.E01 --retries 3 --max-errors 5 --reverse --continue-in /a");
    must_resume("--resume disk.E01 /dev/other --retries 9 --max-errors 0 --threads 1 --min-rate 1M --timeout 5 --no-scrape --save-every 1 "
                "--skip-size 1M --continue-in /b --verify none --json --quiet");
    check("--retries", "9");
    check("--max-errors", "0");
    check("--threads", "1");
    check("--reverse", "");
    check("--verify", "none");
    check("--json", "");
    assert_int_equal(exh_arg_count(&args, "--continue-in"), 2); /* where the segments lie, and where they go on */
    assert_string_equal(exh_arg_at(&args, "--continue-in", 1), "/b");
    assert_string_equal(exh_operand(&args, 0), "/dev/other");
    must_resume("/dev/other -o disk.E01 --resume");
    assert_string_equal(exh_operand(&args, 0), "/dev/other");
    assert_int_equal(exh_arg_count(&args, "-o"), 1);
}

static void what_was_decided(void **state)
{
    (void)state;
    static const char *const others[] = {"--segment 3M",  "--hash md5", "--compress none", "--sector-size 4096", "--start 1",
                                         "--count 1",     "--chunk 1M", "--case other",    "--set a=b",          "--format raw",
                                         "--fill text:X", "--one-pass", "--no-record",     "--examiner me"};
    char command[128];
    first_run("source.img -o disk.E01 --segment 2M --case 7");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)snprintf(command, sizeof command, "--resume disk.E01 %s", others[i]);
        assert_false(resumes(command));
        assert_int_equal(err.code, EXH_USAGE);
        assert_non_null(strstr(err.text, "cannot be changed with --resume"));
    }
    must_resume("source.img -o disk.E01 --segment 2M --case 7 --resume"); /* the whole command again means no change */
    check("--segment", "2M");
    assert_int_equal(exh_arg_count(&args, "--segment"), 1);
}

static void another_source(void **state)
{
    (void)state;
    first_run("source.img -o disk.E01");
    assert_true(exh_partial_state_same_source(&kept, &source, &err));
    static const struct {
        const char *key, *value, *part;
    } was[] = {{"bytes", "4097", "bytes"}, {"sector_size", "4096", "sector_size"}, {"kind", "\"device\"", "kind"}};
    for (size_t i = 0; i < 3; i++) {
        json_t *said = json_object_get(kept.json, "source"), *before = json_incref(json_object_get(said, was[i].key));
        assert_int_equal(json_object_set_new(said, was[i].key, json_loads(was[i].value, JSON_DECODE_ANY, NULL)), 0);
        exh_error_clear(&err);
        assert_false(exh_partial_state_same_source(&kept, &source, &err));
        assert_true(err.code == EXH_REFUSED && err.side == EXH_SIDE_SOURCE);
        assert_non_null(strstr(err.text, was[i].part));
        assert_int_equal(json_object_set_new(said, was[i].key, before), 0);
    }
}

static void damaged(const char *text, const char *part)
{
    exh_partial_state_close(&kept);
    exh_error_clear(&err);
    put("disk.E01.partial/state", text, strlen(text));
    assert_false(exh_partial_state_read("disk.E01", &kept, &err));
    assert_true(err.code == EXH_CORRUPT && err.side == EXH_SIDE_DESTINATION);
    if (strstr(err.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

/* The state with one member changed (NULL: left out). */
static void changed(const char *key, const char *json)
{
    json_t *copy = json_deep_copy(kept.json);
    (void)json_object_del(copy, key);
    assert_true(json == NULL || json_object_set_new(copy, key, json_loads(json, JSON_DECODE_ANY, NULL)) == 0);
    char *text = json_dumps(copy, 0);
    json_t *whole = json_incref(kept.json);
    damaged(text, "damaged");
    exh_partial_state_close(&kept);
    kept.json = whole;
    json_decref(copy);
    free(text);
}

static void a_damaged_state(void **state)
{
    (void)state;
    exh_error_clear(&err);
    assert_false(exh_partial_state_read("disk.E01", &kept, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    first_run("source.img -o disk.E01");
    static const char *const members[][2] = {
        {"guid", NULL},        {"guid", "\"00\""},   {"guid", "7"},  {"operation", "\"short\""}, {"started", NULL},
        {"unix_time", "-1"},   {"begin_seq", "-1"},  {"argv", NULL}, {"argv", "[\"exhibit\"]"},  {"argv", "{}"},
        {"source_path", NULL}, {"source_path", "[]"}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        changed(members[i][0], members[i][1]);
    damaged("", "another version");
    damaged("{\"v\":2}", "another version");
    damaged("[1]", "another version");
    damaged("{\"v\":1,\"v\":1}", "another version");
    damaged("{\"v\":1", "another version");
}

/* Words in it that are no options of ours, or lack their value, are found before anything is done. */
static void a_state_with_foreign_words(void **state)
{
    (void)state;
    static const char *const words[] = {"[\"exhibit\",\"acquire\",\"--explode\"]", "[\"exhibit\",\"acquire\",7]",
                                        "[\"exhibit\",\"acquire\",\"--case\"]", "[\"exhibit\",\"acquire\",\"--case\",7]",
                                        "[\"exhibit\",\"acquire\",\"operand\"]"};
    first_run("source.img -o disk.E01");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_int_equal(json_object_set_new(kept.json, "argv", json_loads(words[i], 0, NULL)), 0);
        assert_false(resumes("--resume disk.E01"));
        assert_int_equal(err.code, EXH_CORRUPT);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(it_comes_back),  CASE(what_may_change), CASE(what_was_decided),
        CASE(another_source), CASE(a_damaged_state), CASE(a_state_with_foreign_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
