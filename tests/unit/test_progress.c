/* The progress of a medium read in passes: the map as a pure function of what was told, and what reaches a terminal and a JSON reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <pty.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "report/cli/args.h"

/* --- the map --- */

static struct exh_progress_map map;

static void note(int64_t lba, uint64_t count, char area, const char *pass) { exh_progress_map_note(&map, lba, count, 1024000, area, pass); }

static void assert_line(size_t width, const char *expected)
{
    char line[EXH_PROGRESS_MAP_LINE_BYTES];
    assert_int_equal(exh_progress_map_line(&map, width, false, line), strlen(expected));
    assert_string_equal(line, expected);
}

static void assert_totals(uint64_t read, uint64_t untried, uint64_t untrimmed, uint64_t unscraped, uint64_t bad)
{
    uint64_t sum = 0;
    assert_int_equal(map.totals[EXH_PROGRESS_READ], read);
    assert_int_equal(map.totals[EXH_PROGRESS_UNTRIED], untried);
    assert_int_equal(map.totals[EXH_PROGRESS_UNTRIMMED], untrimmed);
    assert_int_equal(map.totals[EXH_PROGRESS_UNSCRAPED], unscraped);
    assert_int_equal(map.totals[EXH_PROGRESS_BAD], bad);
    for (size_t i = 0; i < map.cells; i++)
        for (size_t a = 0; a < EXH_PROGRESS_AREAS; a++)
            sum += map.counts[i][a];
    assert_int_equal(sum, map.sectors);
}

/* One sector of a million is lost on the way through every pass, and shows in the end at every width. */
static void passes_over_a_medium(void **state)
{
    (void)state;
    memset(&map, 0, sizeof map);
    char none[EXH_PROGRESS_MAP_LINE_BYTES];
    assert_int_equal(exh_progress_map_line(&map, 80, false, none), 0);
    note(0, 514000, '+', "stream");
    assert_line(10, "+++++?????"); /* the cell in the middle is half read, and what is missing shows */
    note(514000, 128, '*', "copy");
    note(514128, 509872, '+', "copy-back");
    assert_totals(1023872, 0, 128, 0, 0);
    assert_line(10, "+++++*++++");
    note(514000, 10, '+', "trim");
    note(514010, 1, '-', "trim");
    note(514011, 117, '/', "trim");
    assert_totals(1023882, 0, 0, 117, 1);
    assert_line(10, "+++++-++++"); /* the worst wins */
    note(514011, 116, '+', "scrape");
    note(514127, 1, '-', "scrape");
    assert_totals(1023998, 0, 0, 0, 2);
    note(514127, 1, '+', "retry");
    assert_totals(1023999, 0, 0, 0, 1);
    for (size_t width = 1; width < 300; width++) {
        char line[EXH_PROGRESS_MAP_LINE_BYTES];
        size_t columns = exh_progress_map_line(&map, width, false, line);
        assert_int_equal(columns, width < 256 ? width : 256);
        assert_true(strchr(line, '-') != NULL && strchr(line, '-') == strrchr(line, '-'));
    }
    char line[EXH_PROGRESS_MAP_LINE_BYTES];
    assert_int_equal(exh_progress_map_line(&map, 3, true, line), 3);
    assert_string_equal(line, "\xe2\x96\x88\xc3\x97\xe2\x96\x88");
    assert_int_equal(exh_progress_map_line(&map, 0, true, line), 0);
}

/* What makes no sense changes nothing, or at least no sum. */
static void senseless_notes(void **state)
{
    (void)state;
    memset(&map, 0, sizeof map);
    note(-1, 5, '-', "copy");
    note(1024000, 5, '-', "copy");
    note(0, 5, 'x', "copy");
    note(0, 5, '\0', NULL);
    exh_progress_map_note(&map, 0, 5, 0, '-', "copy");
    exh_progress_map_note(&map, 0, 5, UINT64_MAX, '-', "copy");
    assert_int_equal(map.sectors, 0);
    note(1023990, UINT64_MAX, '-', "no pass of ours");
    assert_totals(0, 1023990, 0, 0, 10);
    note(1023990, 10, '-', "scrape"); /* told twice, and never unscraped */
    assert_totals(0, 1023990, 0, 0, 10);
    note(1023980, 20, '-', "scrape"); /* ten of them are bad already */
    assert_totals(0, 1023980, 0, 0, 20);
    exh_progress_map_note(&map, 0, 1, 3, '+', "stream"); /* another medium */
    assert_totals(1, 2, 0, 0, 0);
    assert_line(80, "+??");
    exh_progress_map_note(&map, INT64_MAX - 1, 1, INT64_MAX, '-', "copy");
    assert_line(4, "??"
                   "?-");
}

/* --- what is written --- */

struct end {
    int master, saved;
};

/* Stands a terminal of this size (or, of 0 columns, a pipe) in the place of stderr. */
static struct end stand_in(unsigned columns, unsigned rows)
{
    struct end e = {-1, dup(STDERR_FILENO)};
    int other = -1, ends[2];
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    if (columns > 0) {
        if (openpty(&e.master, &other, NULL, NULL, &size) != 0)
            skip();
    } else {
        assert_int_equal(pipe(ends), 0);
        e.master = ends[0];
        other = ends[1];
    }
    assert_true(fcntl(e.master, F_SETFL, O_NONBLOCK) == 0 && dup2(other, STDERR_FILENO) >= 0 && close(other) == 0);
    return e;
}

static char *take_back(struct end e)
{
    static char text[65536];
    size_t length = 0;
    ssize_t n;
    while ((n = read(e.master, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = '\0';
    assert_true(dup2(e.saved, STDERR_FILENO) >= 0 && close(e.saved) == 0 && close(e.master) == 0);
    return text;
}

static void step(struct exh_progress *p, int64_t lba)
{
    p->last_ms = 0; /* the time for the next line has come */
    exh_progress_event(
        p, &(struct exh_event){.kind = EXH_EVENT_PROGRESS, .done_bytes = 512000000, .total_bytes = 1024000000, .lba = lba, .bad_sectors = 3});
}

static void area(struct exh_progress *p, int64_t lba, uint64_t count, char what, const char *pass)
{
    const struct exh_watch watch = {.event = exh_progress_event, .context = p};
    exh_watch_area(&watch, lba, count, 2000000, what, pass);
}

static void run(struct exh_progress *p, const char *mode)
{
    assert_true(exh_progress_open(p, mode, false));
    exh_progress_event(p, &(struct exh_event){.kind = EXH_EVENT_PHASE, .text = "acquire", .total_bytes = 1024000000});
    area(p, 0, 1000000, '+', "stream");
    step(p, 1000000);
    area(p, 1000000, 128, '*', "copy");
    step(p, 1000128);
    area(p, 1000000, 1, '-', "trim");
    step(p, 1000128);
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

static void environment(const char *term, const char *lang)
{
    assert_int_equal(setenv("TERM", term, 1), 0);
    assert_int_equal(setenv("LC_ALL", lang, 1), 0);
}

static void on_a_terminal(void **state)
{
    (void)state;
    static struct exh_progress p;
    environment("xterm", "C");
    struct end e = stand_in(60, 24);
    run(&p, "auto");
    exh_progress_break(&p);
    exh_progress_event(&p, &(struct exh_event){.kind = EXH_EVENT_PHASE, .text = "read back", .total_bytes = 1024000000});
    step(&p, 0);
    exh_progress_break(&p);
    exh_progress_break(&p); /* nothing is open: nothing is cleared */
    char *text = take_back(e);
    assert_int_equal(count_of(text, "\033[A"), 2); /* no map while it streams well, two with it, none in the phase after */
    assert_non_null(strstr(text, "++*???"));
    assert_non_null(strstr(text, "++-???"));
    assert_non_null(strstr(text, "trim  "));
    assert_null(strstr(text, "read back  trim"));
    assert_int_equal(count_of(text, "\033[J"), 4 + 2);
    /* the cursor ends at the beginning of the first line, and nothing is ever as wide as the terminal */
    assert_true(strlen(text) > 8 && strcmp(text + strlen(text) - 5, "\r\r\033[J") == 0);
    for (char *line = strsep(&text, "\r\n"); line != NULL; line = strsep(&text, "\r\n"))
        assert_true(strlen(line) - 3 * count_of(line, "\033[") < 60);
}

/* A window of a few columns, a low one, one without a size, a dumb one: a line, never a mess. */
static void on_odd_terminals(void **state)
{
    (void)state;
    static struct exh_progress p;
    environment("xterm", "C.UTF-8");
    struct end e = stand_in(4, 24);
    run(&p, "auto");
    char *text = take_back(e);
    assert_non_null(strstr(text, "\r\033[Jtri\r\n\r\xe2\x96\x88\xc3\x97\xe2\x96\x91\033[A\r"));
    e = stand_in(1, 24);
    run(&p, "auto");
    text = take_back(e);
    assert_int_equal(count_of(text, "\033[A"), 0);
    e = stand_in(80, 2);
    run(&p, "auto");
    text = take_back(e);
    assert_int_equal(count_of(text, "\033[A"), 0);
    environment("dumb", "C");
    e = stand_in(80, 24);
    run(&p, "auto");
    exh_progress_break(&p);
    text = take_back(e);
    assert_int_equal(count_of(text, "\033[A") + count_of(text, "\033[J"), 0);
}

static void for_a_program(void **state)
{
    (void)state;
    static struct exh_progress p;
    struct end e = stand_in(0, 0);
    run(&p, "json");
    exh_progress_event(&p, &(struct exh_event){.kind = EXH_EVENT_PHASE, .text = "read back", .total_bytes = 1024000000});
    step(&p, 0);
    char *text = take_back(e);
    json_t *lines[16];
    size_t count = 0;
    for (char *line = strsep(&text, "\n"); line != NULL && *line != '\0' && count < 16; line = strsep(&text, "\n")) {
        lines[count] = json_loads(line, 0, NULL);
        assert_non_null(lines[count++]);
    }
    assert_int_equal(count, 6); /* two phases, four lines of progress; an area is no line of its own */
    assert_string_equal(json_string_value(json_object_get(lines[1], "pass")), "stream");
    assert_int_equal(json_integer_value(json_object_get(lines[1], "untried")), 1000000);
    assert_int_equal(json_integer_value(json_object_get(lines[2], "untrimmed")), 128);
    assert_string_equal(json_string_value(json_object_get(lines[3], "pass")), "trim");
    assert_int_equal(json_integer_value(json_object_get(lines[3], "untrimmed")), 127);
    assert_int_equal(json_integer_value(json_object_get(lines[3], "bad")), 1);
    assert_int_equal(json_integer_value(json_object_get(lines[3], "unscraped")), 0);
    assert_null(json_object_get(lines[5], "untried")); /* reading back knows no areas */
    for (size_t i = 0; i < count; i++)
        json_decref(lines[i]);
    e = stand_in(0, 0);
    run(&p, "none");
    assert_string_equal(take_back(e), "");
}

/* The record keeps the first warnings, and says how many it does not keep. */
static void warnings_beyond_what_is_kept(void **state)
{
    (void)state;
    static struct exh_args args;
    char text[32];
    struct exh_event warning = {.kind = EXH_EVENT_WARNING, .text = text};
    args.progress = (struct exh_progress){.mode = EXH_PROGRESS_NONE, .quiet = true};
    for (unsigned i = 0; i < EXH_NOTICES_KEPT + 3; i++) {
        (void)snprintf(text, sizeof text, "warning %u", i);
        exh_progress_event(&args.progress, &warning);
        json_t *list = exh_notices(&args);
        assert_int_equal(json_array_size(list), i < EXH_NOTICES_KEPT ? i + 1 : EXH_NOTICES_KEPT + 1);
        json_decref(list);
    }
    json_t *list = exh_notices(&args);
    assert_string_equal(json_string_value(json_array_get(list, 0)), "warning 0");
    assert_string_equal(json_string_value(json_array_get(list, EXH_NOTICES_KEPT)), "3 more were shown and are not kept");
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(passes_over_a_medium), cmocka_unit_test(senseless_notes),
                                       cmocka_unit_test(on_a_terminal),        cmocka_unit_test(on_odd_terminals),
                                       cmocka_unit_test(for_a_program),        cmocka_unit_test(warnings_beyond_what_is_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
