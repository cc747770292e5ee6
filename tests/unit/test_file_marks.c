/* Files that are opened are marked, and are asked again: what counts as a change, what is told as one of status, and what is none. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/container/siblings.h"
#include "formats/container/source_file.h"
#include "formats/model/format.h"

static char folder[64];

static void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Sets the mtime, in whole seconds; the ctime is the kernel's. */
static void set_time(const char *name, time_t seconds)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-marks.XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int discard(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return chdir("/") != 0 || nftw(folder, discard, 8, FTW_DEPTH | FTW_PHYS) != 0;
}

struct told {
    int count;
    enum exh_file_change change;
    char path[64], what[256];
    bool stop;
};

static bool take(void *context, const char *path, enum exh_file_change change, const char *what, struct exh_error *err)
{
    struct told *t = context;
    t->count++;
    t->change = change;
    (void)snprintf(t->path, sizeof t->path, "%s", path);
    (void)snprintf(t->what, sizeof t->what, "%s", what);
    return !t->stop || exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "stop");
}

static struct told check(struct exh_file_marks *marks)
{
    struct told t = {0};
    struct exh_error err;
    exh_error_clear(&err);
    assert_true(exh_file_marks_check(marks, take, &t, &err));
    return t;
}

/* Opens the file through a source, which marks it, and closes it. */
static void mark(struct exh_file_marks *marks, const char *path, bool confined)
{
    struct exh_source_file_options options = {.folder = AT_FDCWD, .confined = confined, .marks = marks};
    struct exh_error err;
    exh_error_clear(&err);
    struct exh_source *source = exh_source_file_open(path, &options, &err);
    assert_non_null(source);
    exh_source_close(source);
}

static void compare_names_the_gravest(void **state)
{
    (void)state;
    const struct exh_file_mark before = {
        .device = 2049, .inode = 7, .size = 100, .modified_s = 1700000000, .modified_ns = 5, .changed_s = 1700000001, .changed_ns = 6};
    char what[256] = "untouched";
    struct exh_file_mark now = before;
    assert_int_equal(exh_file_mark_compare(&before, &now, what, sizeof what), EXH_FILE_SAME);
    assert_string_equal(what, "untouched");
    now.changed_ns++;
    assert_int_equal(exh_file_mark_compare(&before, &now, what, sizeof what), EXH_FILE_STATUS);
    assert_string_equal(what, "its status changed (ctime 2023-11-14T22:13:21.000000007Z, it was 2023-11-14T22:13:21.000000006Z), its size and "
                              "modification time did not");
    now.modified_ns = 4; /* also backwards */
    assert_int_equal(exh_file_mark_compare(&before, &now, what, sizeof what), EXH_FILE_CHANGED);
    assert_string_equal(what, "it was modified: its time was 2023-11-14T22:13:20.000000005Z, it is 2023-11-14T22:13:20.000000004Z");
    now.size = 99;
    assert_int_equal(exh_file_mark_compare(&before, &now, what, sizeof what), EXH_FILE_CHANGED);
    assert_string_equal(what, "it had 100 bytes, it has 99");
    now.inode = 8;
    assert_int_equal(exh_file_mark_compare(&before, &now, what, sizeof what), EXH_FILE_CHANGED);
    assert_string_equal(what, "its name leads to another file: it was inode 7 of device 8:1, it is 8 of 8:1");
    now = before;
    now.device++;
    assert_int_equal(exh_file_mark_compare(&before, &now, what, sizeof what), EXH_FILE_CHANGED);
    now = before;
    now.modified_s = INT64_MAX; /* no calendar has it */
    assert_int_equal(exh_file_mark_compare(&before, &now, what, sizeof what), EXH_FILE_CHANGED);
    assert_non_null(strstr(what, "it is 9223372036854775807 s"));
}

static void one_file(void **state)
{
    (void)state;
    struct exh_file_marks marks = {0};
    put("one", "content");
    set_time("one", 1000);
    mark(&marks, "one", false);
    assert_int_equal(check(&marks).count, 0);
    char byte;
    int fd = open("one", O_RDONLY);
    assert_int_equal(read(fd, &byte, 1), 1); /* atime is nobody's concern */
    assert_int_equal(close(fd), 0);
    put("beside", "a record");
    assert_int_equal(check(&marks).count, 0);

    struct told t;
    do { /* until the clock of ctime has moved on */
        assert_int_equal(chmod("one", 0640), 0);
        t = check(&marks);
    } while (t.count == 0);
    assert_int_equal(t.change, EXH_FILE_STATUS);
    put("one", "CONTENT");
    set_time("one", 1000); /* forged */
    assert_int_equal(check(&marks).change, EXH_FILE_STATUS);
    set_time("one", 1001);
    t = check(&marks);
    assert_int_equal(t.change, EXH_FILE_CHANGED);
    assert_string_equal(t.path, "one");
    assert_non_null(strstr(t.what, "1970-01-01T00:16:40.000000000Z, it is 1970-01-01T00:16:41.000000000Z"));
    put("one", "content and more");
    set_time("one", 1000);
    assert_non_null(strstr(check(&marks).what, "it had 7 bytes, it has 16"));
    put("two", "content");
    assert_int_equal(rename("two", "one"), 0);
    assert_non_null(strstr(check(&marks).what, "leads to another file"));
    assert_int_equal(unlink("one"), 0);
    t = check(&marks);
    assert_int_equal(t.change, EXH_FILE_CHANGED);
    assert_string_equal(t.what, "its name leads nowhere any more: No such file or directory");
    exh_file_marks_close(&marks);
}

/* The operand may be a link, and where it leads is what counts; a file of the image's folder may be none, also afterwards. */
static void links(void **state)
{
    (void)state;
    struct exh_file_marks follows = {0}, confined = {0};
    put("one", "content");
    put("other", "content");
    assert_int_equal(symlink("one", "link"), 0);
    mark(&follows, "link", false);
    mark(&confined, "one", true);
    assert_int_equal(check(&follows).count, 0);
    assert_int_equal(unlink("link") | symlink("other", "link"), 0);
    assert_int_equal(check(&follows).change, EXH_FILE_CHANGED);
    assert_int_equal(rename("one", "moved") | symlink("moved", "one"), 0);
    assert_int_equal(check(&confined).change, EXH_FILE_CHANGED);
    exh_file_marks_close(&follows);
    exh_file_marks_close(&confined);
}

/* Opened twice, told once; and what changed between the two is a change, though the later mark agrees. */
static void opened_twice(void **state)
{
    (void)state;
    struct exh_file_marks marks = {0};
    struct exh_error err;
    put("b", "content");
    put("a", "content");
    set_time("b", 1000);
    mark(&marks, "b", false);
    mark(&marks, "a", false);
    set_time("b", 2000);
    mark(&marks, "b", true);
    struct told t = check(&marks);
    assert_int_equal(t.count, 1);
    assert_int_equal(t.change, EXH_FILE_CHANGED);
    assert_string_equal(t.path, "b");
    set_time("a", 1);
    assert_int_equal(check(&marks).count, 2);
    t = (struct told){.stop = true};
    exh_error_clear(&err);
    assert_false(exh_file_marks_check(&marks, take, &t, &err));
    assert_int_equal(t.count, 1);
    assert_int_equal(err.code, EXH_GONE);
    exh_file_marks_close(&marks);
}

/* Files opened through a folder are found again by their path, held or lazy; one without a list is not marked. */
static void siblings(void **state)
{
    (void)state;
    struct exh_file_marks marks = {0};
    struct exh_error err;
    exh_error_clear(&err);
    assert_int_equal(mkdir("set", 0755) | mkdir("set/bands", 0755), 0);
    put("set/a", "a");
    put("set/b", "b");
    put("set/bands/0", "0");
    struct exh_siblings *s = exh_siblings_of("set/a", &err);
    assert_non_null(s);
    exh_source_close(exh_siblings_open(s, "a", false, false, &err));
    assert_int_equal(marks.count, 0);
    exh_siblings_mark(s, &marks);
    exh_source_close(exh_siblings_open(s, "a", false, false, &err));
    struct exh_source *lazy = exh_siblings_open(s, "b", true, false, &err);
    assert_non_null(lazy);
    struct exh_siblings *bands = exh_siblings_within(s, "bands", &err);
    assert_non_null(bands);
    exh_source_close(exh_siblings_open(bands, "0", true, false, &err));
    exh_siblings_close(bands);
    exh_siblings_close(s);
    assert_int_equal(marks.count, 4);
    assert_int_equal(check(&marks).count, 0);
    set_time("set/b", 1);
    assert_string_equal(check(&marks).path, "set/b");
    char byte;
    assert_false(exh_source_read(lazy, 0, &byte, 1, &err));
    assert_int_equal(err.code, EXH_GONE);
    assert_non_null(strstr(err.text, "the file changed while it was being read: it was modified"));
    exh_source_close(lazy);
    set_time("set/bands/0", 1);
    set_time("set/bands", 1); /* as when a band appears */
    set_time("set/a", 1);
    assert_int_equal(check(&marks).count, 4);
    exh_file_marks_close(&marks);
}

/* Every part of a set is marked, also those that hold no descriptor. */
static void whole_set(void **state)
{
    (void)state;
    struct exh_file_marks marks = {0};
    struct exh_medium *medium = NULL;
    struct exh_error err;
    char name[32], content[513];
    memset(content, 'x', 512);
    content[512] = '\0';
    exh_error_clear(&err);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "disk.%03d", i);
        put(name, content);
    }
    struct exh_open options = {.marks = &marks};
    assert_true(exh_image_open("disk.000", NULL, &options, &medium, &err));
    assert_int_equal(medium->files->count, 40);
    assert_int_equal(check(&marks).count, 0);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "disk.%03d", i);
        set_time(name, 1);
        assert_int_equal(check(&marks).count, i + 1);
    }
    exh_medium_close(medium);
    exh_file_marks_close(&marks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_names_the_gravest),
        cmocka_unit_test_setup_teardown(one_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(links, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opened_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(siblings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(whole_set, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
