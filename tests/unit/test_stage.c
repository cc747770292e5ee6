/* The staging folder: refusals, the order of publishing, and taking back. The system calls it rests on are ours here, so that a file system
 * without RENAME_NOREPLACE or hard links, and an fsync that fails, can be had on any machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acquire/stage.h"
#include "formats/model/text.h"

static struct exh_error err;
static char folder[64], image[128];
static struct exh_stage *stage;

/* What was called, in order: "m:NAME" a file moved to its place (by whichever way), "s" an fsync. */
static char calls[2000];
static bool no_noreplace, no_links;
static int fsyncs, fail_fsync_at; /* the n-th fails; 0: none */
static int steps, cut_at;         /* in a child: the power goes before the n-th change of the file system; 0: never */

#define CUT 9

static void step(void)
{
    if (++steps == cut_at)
        _exit(CUT);
}

static void note(const char *what, const char *name)
{
    size_t used = strlen(calls);
    (void)snprintf(calls + used, sizeof calls - used, "%s%s%s ", what, name != NULL ? ":" : "", name != NULL ? name : "");
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    if (no_noreplace && flags != 0) {
        errno = EINVAL;
        return -1;
    }
    step();
    int rc = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
    if (rc == 0)
        note("m", to);
    return rc;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    step();
    int rc = (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0u);
    if (rc == 0)
        note("m", to);
    return rc;
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    if (no_links) {
        errno = EPERM; /* what FAT and exFAT say */
        return -1;
    }
    step();
    int rc = (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
    if (rc == 0)
        note("m", to);
    return rc;
}

int unlinkat(int fd, const char *name, int flags)
{
    step();
    return (int)syscall(SYS_unlinkat, fd, name, flags);
}

int rmdir(const char *path)
{
    step();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int fsync(int fd)
{
    step();
    note("s", NULL);
    if (++fsyncs == fail_fsync_at) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static const char *in(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void check_holds(const char *name, const char *text)
{
    char buffer[64] = {0};
    int fd = open(in(name), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("%s is not there", name);
    assert_true(read(fd, buffer, sizeof buffer - 1) >= 0 && close(fd) == 0);
    assert_string_equal(buffer, text);
}

static bool exists(const char *name)
{
    struct stat st;
    return lstat(in(name), &st) == 0;
}

static int setup(void **state)
{
    (void)state;
    exh_error_clear(&err);
    memset(calls, 0, sizeof calls);
    no_noreplace = no_links = false;
    fsyncs = fail_fsync_at = steps = cut_at = 0;
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-stage-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(image, sizeof image, "%s", in("disk.E01"));
    return 0;
}

static void empty_folder(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(path);
}

static int teardown(void **state)
{
    (void)state;
    exh_stage_close(stage);
    stage = NULL;
    empty_folder(in("disk.E01.partial"));
    empty_folder(in("second/disk.E01.partial"));
    empty_folder(in("second"));
    empty_folder(folder);
    return 0;
}

static void open_with_files(struct exh_names *names)
{
    memset(names, 0, sizeof *names);
    stage = exh_stage_open(image, &err);
    assert_non_null(stage);
    static const char *const files[] = {"disk.E01", "disk.E02", "disk.E03"};
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "disk.E01.partial/%s", files[i]);
        put(path, files[i]);
        assert_true(exh_names_add(names, files[i], &err));
    }
    memset(calls, 0, sizeof calls);
    fsyncs = 0;
}

static bool publish(const struct exh_names *names)
{
    struct exh_names where = {0};
    bool ok = exh_stage_publish(stage, names, &where, &err);
    if (ok)
        assert_int_equal(where.count, names->count);
    exh_names_close(&where);
    return ok;
}

static void check_published(void)
{
    exh_stage_clear(stage);
    check_holds("disk.E01", "disk.E01");
    check_holds("disk.E02", "disk.E02");
    check_holds("disk.E03", "disk.E03");
    assert_false(exists("disk.E01.partial"));
    struct stat st;
    assert_int_equal(stat(image, &st), 0);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(st.st_mode & 0777, 0640); /* as it was created */
}

static void check_taken_back(void)
{
    assert_false(exists("disk.E01"));
    assert_false(exists("disk.E03"));
    check_holds("disk.E01.partial/disk.E01", "disk.E01");
    check_holds("disk.E01.partial/disk.E02", "disk.E02");
    check_holds("disk.E01.partial/disk.E03", "disk.E03");
}

static void paths(void **state)
{
    (void)state;
    struct stat st;
    stage = exh_stage_open(image, &err);
    assert_non_null(stage);
    assert_string_equal(exh_stage_folder(stage), in("disk.E01.partial"));
    assert_string_equal(exh_stage_target(stage), folder);
    assert_string_equal(exh_stage_name(stage), "disk.E01");
    assert_int_equal(stat(in("disk.E01.partial"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_string_equal(calls, "s "); /* the folder's name is durable */
    exh_stage_close(stage);           /* nothing was written: nothing stays */
    assert_false(exists("disk.E01.partial"));
    assert_int_equal(chdir(folder), 0);
    stage = exh_stage_open("disk.E01", &err);
    assert_non_null(stage);
    assert_string_equal(exh_stage_target(stage), ".");
    assert_string_equal(exh_stage_folder(stage), "disk.E01.partial");
    exh_stage_close(stage);
    stage = NULL;
    assert_int_equal(chdir("/"), 0);
}

static void refused(const char *path, enum exh_code code, const char *part)
{
    exh_error_clear(&err);
    assert_null(exh_stage_open(path, &err));
    assert_int_equal(err.code, code);
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    if (strstr(err.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

static void refusals(void **state)
{
    (void)state;
    refused("", EXH_USAGE, "does not name a file");
    refused("x/", EXH_USAGE, "does not name a file");
    refused("x/..", EXH_USAGE, "does not name a file");
    refused(in("absent/disk.E01"), EXH_NOT_FOUND, "destination folder");
    put("disk.E01", "old");
    refused(image, EXH_REFUSED, "never overwritten");
    assert_false(exists("disk.E01.partial"));
    check_holds("disk.E01", "old");
    assert_int_equal(unlink(image), 0);
    assert_int_equal(symlink("/nowhere", image), 0); /* a link that leads nowhere is a file too */
    refused(image, EXH_REFUSED, "never overwritten");
    assert_int_equal(unlink(image), 0);
    assert_int_equal(mkdir(in("disk.E01.partial"), 0700), 0);
    refused(image, EXH_REFUSED, "holds an unfinished image; an acquisition goes on with --resume");
    assert_true(exists("disk.E01.partial"));
    assert_int_equal(rmdir(in("disk.E01.partial")), 0);
    put("disk.E01.partial", "a file");
    refused(image, EXH_REFUSED, "in the way");
}

static void a_run_under_way_is_told_from_a_dead_one(void **state)
{
    (void)state;
    stage = exh_stage_open(image, &err);
    assert_non_null(stage);
    pid_t child = fork();
    if (child == 0) {
        struct exh_error other = {0};
        _exit(exh_stage_open(image, &other) == NULL && other.code == EXH_REFUSED && strstr(other.text, "another run") != NULL ? 0 : 1);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(exists("disk.E01.partial"));
}

static void vacancy(void **state)
{
    (void)state;
    stage = exh_stage_open(image, &err);
    assert_true(exh_stage_vacant(stage, "disk.E02", &err));
    put("disk.E02", "old");
    assert_false(exh_stage_vacant(stage, "disk.E02", &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
}

static void the_first_segment_comes_last(void **state)
{
    (void)state;
    struct exh_names names;
    open_with_files(&names);
    assert_true(publish(&names));
    /* What is to be moved is written down first; its name appears only after those of the others are durable; both folders are synced. */
    assert_string_equal(calls, "s m:publishing s m:disk.E02 m:disk.E03 s s m:disk.E01 s s ");
    check_published();
    exh_names_close(&names);
}

static void without_noreplace(void **state)
{
    (void)state;
    struct exh_names names;
    no_noreplace = true;
    open_with_files(&names);
    assert_true(publish(&names));
    assert_string_equal(calls, "s m:publishing s m:disk.E02 m:disk.E03 s s m:disk.E01 s s ");
    check_published();
    exh_names_close(&names);
}

static void without_noreplace_and_links(void **state)
{
    (void)state;
    struct exh_names names;
    no_noreplace = no_links = true;
    open_with_files(&names);
    assert_true(publish(&names));
    check_published();
    exh_names_close(&names);
}

/* A file that appears between vacant() and publish() is never replaced, and what was moved before it goes back. */
static void a_collision_half_way(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct exh_names names;
        no_noreplace = way > 0;
        no_links = way > 1;
        open_with_files(&names);
        put("disk.E01", "another's");
        exh_error_clear(&err);
        assert_false(publish(&names));
        assert_int_equal(err.code, EXH_REFUSED);
        assert_int_equal(err.side, EXH_SIDE_DESTINATION);
        assert_non_null(strstr(err.text, "nothing was published"));
        check_holds("disk.E01", "another's");
        assert_int_equal(unlink(image), 0);
        check_taken_back();
        assert_false(exists("disk.E02"));
        exh_stage_close(stage); /* what is in the folder stays: it can be resumed */
        stage = NULL;
        check_taken_back();
        exh_names_close(&names);
        empty_folder(in("disk.E01.partial"));
    }
}

static void a_missing_file(void **state)
{
    (void)state;
    struct exh_names names;
    open_with_files(&names);
    assert_int_equal(unlink(in("disk.E01.partial/disk.E03")), 0);
    assert_false(publish(&names));
    assert_int_equal(err.sys, ENOENT);
    assert_false(exists("disk.E01") || exists("disk.E02"));
    check_holds("disk.E01.partial/disk.E02", "disk.E02");
    exh_names_close(&names);
}

/* Each checked fsync, one by one: a publication that is not durable is taken back and is an error. */
static void every_fsync_counts(void **state)
{
    (void)state;
    for (int n = 1; n <= 3; n++) {
        struct exh_names names;
        fail_fsync_at = 0;
        open_with_files(&names);
        fail_fsync_at = n;
        exh_error_clear(&err);
        assert_false(publish(&names));
        assert_int_equal(err.code, EXH_IO);
        assert_int_equal(err.sys, EIO);
        assert_int_equal(err.side, EXH_SIDE_DESTINATION);
        check_taken_back();
        exh_stage_close(stage);
        stage = NULL;
        exh_names_close(&names);
        empty_folder(in("disk.E01.partial"));
    }
    fsyncs = 0;
    fail_fsync_at = 1;
    assert_null(exh_stage_open(image, &err));
    assert_false(exists("disk.E01.partial"));
}

static void leftovers_stay(void **state)
{
    (void)state;
    struct exh_names names;
    open_with_files(&names);
    put("disk.E01.partial/state", "kept");
    assert_true(publish(&names));
    check_holds("disk.E01", "disk.E01");
    check_holds("disk.E01.partial/state", "kept");
    exh_names_close(&names);
}

static void no_files_is_a_bug(void **state)
{
    (void)state;
    struct exh_names none = {0};
    stage = exh_stage_open(image, &err);
    assert_false(publish(&none));
    assert_int_equal(err.code, EXH_BUG);
}

/* ---- going on ---- */

static void small_files(void **state)
{
    (void)state;
    char *text = NULL;
    assert_false(exh_stage_read(image, EXH_STAGE_STATE, &text, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    stage = exh_stage_open(image, &err);
    memset(calls, 0, sizeof calls);
    assert_true(exh_stage_keep(stage, EXH_STAGE_STATE, "one", &err) && exh_stage_keep(stage, EXH_STAGE_STATE, "two", &err));
    assert_string_equal(calls, "s m:state s s m:state s "); /* the bytes, the name, the folder */
    assert_true(exh_stage_read(image, EXH_STAGE_STATE, &text, &err));
    assert_string_equal(text, "two");
    free(text);
    fsyncs = 0;
    fail_fsync_at = 1;
    assert_false(exh_stage_keep(stage, EXH_STAGE_STATE, "three", &err));
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    check_holds("disk.E01.partial/state", "two");
    exh_stage_clear(stage);
    assert_false(exists("disk.E01.partial"));
}

/* ---- what can be made again goes ---- */

static void discards(const char *name, const char *const *files, size_t count)
{
    char path[80];
    stage = exh_stage_open(in(name), &err);
    assert_non_null(stage);
    assert_true(exh_stage_keep(stage, EXH_STAGE_CONVERSION, "mark", &err));
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "%s.partial/%s", name, files[i]);
        put(path, strstr(files[i], ".E") != NULL || strstr(files[i], ".F") != NULL ? "EVF\x09\x0d" : "half");
    }
    if (!exh_stage_discard(stage, &err))
        fail_msg("%s: %s", name, err.text);
    exh_stage_close(stage);
    stage = NULL;
    (void)snprintf(path, sizeof path, "%s.partial", name);
    assert_false(exists(path));
}

static void what_is_half_made_is_discarded(void **state)
{
    (void)state;
    discards("disk.E01", (const char *const[]){"disk.E01", "disk.E02", "disk.E99", "disk.EAA", "disk.FZZ", "work.raw", "conversion.new"}, 7);
    discards("disk.001", (const char *const[]){"disk.001", "disk.002", "disk.1000"}, 3);
    discards("disc.cue", (const char *const[]){"disc.cue", "disc (Track 1).bin", "disc (Track 12).bin", "disc.cdt"}, 4);
    discards("disc.toc", (const char *const[]){"disc.toc", "disc.bin"}, 2);
    discards("disc.ccd", (const char *const[]){"disc.ccd", "disc.img", "disc.sub"}, 3);
    discards("disk.vmdk", (const char *const[]){"disk.vmdk", "disk-flat.vmdk"}, 2);
    discards("disk.VMDK", (const char *const[]){"disk.VMDK", "disk.VMDK-flat.vmdk", "disk-flat.vmdk"}, 3);
    discards("x.vdi", (const char *const[]){"x.vdi"}, 1);
    discards("x", (const char *const[]){"x"}, 1);
}

static void what_is_not_of_the_image_keeps_all(void **state)
{
    (void)state;
    static const char *const foreign[] = {"other",    "disk.E1",  "disk.E022", "disk.e02", "disk.txt", "disk.E01.bak", "disk (Track 1).bin",
                                          "disc.E02", "disk.TXT", "disk.LOG",  "disk-E02", "disk.E0A", "MAP",          "Journal"};
    char path[80];
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        struct exh_names names;
        open_with_files(&names);
        assert_true(exh_stage_keep(stage, EXH_STAGE_CONVERSION, "mark", &err));
        (void)snprintf(path, sizeof path, "disk.E01.partial/%s", foreign[i]);
        put(path, "theirs");
        exh_error_clear(&err);
        if (exh_stage_discard(stage, &err))
            fail_msg("%s was removed", foreign[i]);
        assert_int_equal(err.code, EXH_REFUSED);
        assert_int_equal(err.side, EXH_SIDE_DESTINATION);
        assert_non_null(strstr(err.text, foreign[i]));
        check_taken_back();
        check_holds("disk.E01.partial/conversion", "mark");
        check_holds(path, "theirs");
        exh_names_close(&names);
        exh_stage_close(stage);
        stage = NULL;
        empty_folder(in("disk.E01.partial"));
    }
}

static void keeps(const char *name, const char *file)
{
    char path[80];
    exh_error_clear(&err);
    stage = exh_stage_open(in(name), &err);
    assert_non_null(stage);
    assert_true(exh_stage_keep(stage, EXH_STAGE_CONVERSION, "mark", &err));
    (void)snprintf(path, sizeof path, "%s.partial/%s", name, file);
    put(path, "theirs");
    exh_error_clear(&err);
    if (exh_stage_discard(stage, &err))
        fail_msg("%s was removed from %s.partial", file, name);
    assert_int_equal(err.code, EXH_REFUSED);
    check_holds(path, "theirs");
    assert_int_equal(unlink(in(path)), 0);
    assert_true(exh_stage_discard(stage, &err));
    exh_stage_close(stage);
    stage = NULL;
}

/* What a reader would rather not see beside the image is not yet what its writer makes. */
static void a_likeness_is_not_enough(void **state)
{
    (void)state;
    static const char *const cue[] = {"disc (Track notes).txt", "disc (Track 1).bin.bak", "disc (Track ).bin", "DISC (Track 1).bin",
                                      "disc (Track 1).wav"};
    static const char *const parts[] = {"disk.", "disk.20261127", "disk.0002", "disk.02", "disk-002"};
    for (size_t i = 0; i < sizeof cue / sizeof cue[0]; i++)
        keeps("disc.cue", cue[i]);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        keeps("disk.001", parts[i]);
    keeps("disc.toc", "Disc.bin");
    keeps("disc.ccd", "disc.Img");
}

/* Cut in the middle of publishing: what was moved is moved back, and goes; a file of somebody else that has the name by now stays. */
static void a_discard_takes_back_first(void **state)
{
    (void)state;
    struct exh_names names;
    open_with_files(&names);
    assert_true(exh_stage_keep(stage, EXH_STAGE_CONVERSION, "mark", &err));
    assert_true(publish(&names));
    assert_true(exh_stage_bare(stage));
    exh_error_clear(&err);
    assert_false(exh_stage_discard(stage, &err)); /* it is whole, and in its place */
    assert_int_equal(err.code, EXH_REFUSED);
    check_holds("disk.E01", "disk.E01");
    assert_int_equal(rename(in("disk.E01"), in("disk.E01.partial/disk.E01")), 0); /* as if it had not been moved yet */
    assert_int_equal(unlink(in("disk.E03")), 0);
    put("disk.E03.kept", "keeps the inode from being given again");
    put("disk.E03", "theirs");
    assert_false(exh_stage_bare(stage));
    exh_error_clear(&err);
    if (!exh_stage_discard(stage, &err))
        fail_msg("%s", err.text);
    assert_false(exists("disk.E01") || exists("disk.E02") || exists("disk.E01.partial"));
    check_holds("disk.E03", "theirs");
    assert_int_equal(unlink(in("disk.E03.kept")) | unlink(in("disk.E03")), 0);
    exh_names_close(&names);
}

static void a_partial_is_taken_up_once(void **state)
{
    (void)state;
    assert_false(exh_stage_exists(image));
    assert_null(exh_stage_resume(image, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    stage = exh_stage_open(image, &err);
    assert_true(exh_stage_exists(image) && exh_stage_keep(stage, EXH_STAGE_STATE, "kept", &err));
    pid_t child = fork();
    if (child == 0) {
        struct exh_error other = {0};
        _exit(exh_stage_resume(image, &other) == NULL && other.code == EXH_REFUSED && strstr(other.text, "another run") != NULL ? 0 : 1);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    exh_stage_close(stage);
    put("disk.E01", "another's");
    exh_error_clear(&err);
    assert_null(stage = exh_stage_resume(image, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_int_equal(unlink(image), 0);
    put("disk.E07", "another's");
    assert_null(stage = exh_stage_resume(image, &err));
    assert_int_equal(unlink(in("disk.E07")), 0);
    assert_non_null(stage = exh_stage_resume(image, &err));
    check_holds("disk.E01.partial/state", "kept");
}

/* Runs one act of a run in a child, and cuts it before its n-th change. Was it cut? */
static bool cut(void (*act)(void), int n)
{
    pid_t child = fork();
    if (child == 0) {
        cut_at = n;
        act();
        _exit(0);
    }
    int status;
    assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == CUT || WEXITSTATUS(status) == 0);
    return WEXITSTATUS(status) == CUT;
}

static void open_three(struct exh_names *names)
{
    int later = cut_at;
    cut_at = 0;
    open_with_files(names);
    if (!exh_stage_keep(stage, EXH_STAGE_STATE, "kept", &err))
        _exit(1);
    steps = 0;
    cut_at = later;
}

static void publish_three(void)
{
    struct exh_names names;
    open_three(&names);
    if (!publish(&names))
        _exit(1);
}

/* In each of the three ways to move a file: whatever was published when the run was cut goes back, and a later run has all of it. */
static void a_publication_that_is_cut_is_taken_back(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        no_noreplace = way > 0;
        no_links = way > 1;
        bool more = true;
        for (int n = 1; more; n++) {
            more = cut(publish_three, n);
            exh_error_clear(&err);
            stage = exh_stage_resume(image, &err);
            if (stage == NULL)
                fail_msg("way %d, cut before step %d: %s", way, n, err.text);
            check_taken_back();
            assert_false(exists("disk.E02"));
            check_holds("disk.E01.partial/state", "kept");
            exh_stage_close(stage);
            stage = NULL;
            empty_folder(in("disk.E01.partial"));
        }
    }
}

static void clear_three(void)
{
    struct exh_names names;
    int later = cut_at;
    cut_at = 0;
    open_three(&names);
    put("disk.E01.partial/map", "m");
    put("disk.E01.partial/journal", "j");
    put("disk.E01.partial/work.raw", "w");
    if (!publish(&names))
        _exit(1);
    steps = 0;
    cut_at = later;
    exh_stage_clear(stage);
}

/* While there is a state, a run can go on; without one the folder only waits to be cleared, and the image stands. */
static void a_clearing_that_is_cut_is_finished_later(void **state)
{
    (void)state;
    bool more = true;
    for (int n = 1; more; n++) {
        more = cut(clear_three, n);
        assert_true(more || !exh_stage_exists(image));
        if (exists("disk.E01.partial/state")) {
            stage = exh_stage_resume(image, &err);
            assert_non_null(stage);
            check_taken_back();
            exh_stage_close(stage);
            stage = NULL;
            empty_folder(in("disk.E01.partial"));
            continue;
        }
        if (exh_stage_exists(image)) {
            stage = exh_stage_left(image, &err);
            assert_non_null(stage);
            exh_stage_clear(stage);
            exh_stage_close(stage);
            stage = NULL;
        }
        assert_false(exh_stage_exists(image));
        check_holds("disk.E01", "disk.E01");
        check_holds("disk.E02", "disk.E02");
        check_holds("disk.E03", "disk.E03");
        assert_true(unlink(image) == 0 && unlink(in("disk.E02")) == 0 && unlink(in("disk.E03")) == 0);
    }
}

/* ---- on another volume ---- */

static void publish_in_two_folders(void)
{
    struct exh_names names = {0}, where = {0};
    int later = cut_at;
    cut_at = 0;
    stage = exh_stage_open(image, &err);
    if (stage == NULL || !exh_stage_join(stage, in("second"), &err) || !exh_stage_keep(stage, EXH_STAGE_STATE, "kept", &err))
        _exit(1);
    put("disk.E01.partial/disk.E01", "disk.E01");
    put("second/disk.E01.partial/disk.E02", "disk.E02");
    put("second/disk.E01.partial/disk.E03", "disk.E03");
    bool ok = exh_names_add(&names, "disk.E01", &err) && exh_names_add(&names, in("second/disk.E01.partial/disk.E02"), &err) &&
              exh_names_add(&names, in("second/disk.E01.partial/disk.E03"), &err);
    steps = 0;
    cut_at = later;
    if (!ok || !exh_stage_publish(stage, &names, &where, &err))
        _exit(1);
    assert_string_equal(where.items[1], in("second/disk.E02"));
    exh_names_close(&names);
    exh_names_close(&where);
}

static void segments_lie_in_two_folders(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("second"), 0700), 0);
    publish_in_two_folders();
    assert_int_equal(exh_stage_joined(stage)->count, 1);
    assert_string_equal(exh_stage_joined(stage)->items[0], in("second/disk.E01.partial"));
    exh_stage_clear(stage);
    check_holds("disk.E01", "disk.E01");
    check_holds("second/disk.E02", "disk.E02");
    check_holds("second/disk.E03", "disk.E03");
    assert_false(exists("disk.E01.partial") || exists("second/disk.E01.partial"));
}

static void what_another_folder_refuses(void **state)
{
    (void)state;
    stage = exh_stage_open(image, &err);
    assert_false(exh_stage_join(stage, in("second"), &err));
    assert_true(err.code == EXH_NOT_FOUND && err.side == EXH_SIDE_DESTINATION);
    exh_stage_close(stage);
    assert_int_equal(mkdir(in("second"), 0700), 0);
    put("second/disk.E04", "another's");
    stage = exh_stage_open(image, &err);
    exh_error_clear(&err);
    assert_false(exh_stage_join(stage, in("second"), &err));
    assert_int_equal(err.code, EXH_REFUSED);
}

static void a_cut_between_two_folders_is_taken_back(void **state)
{
    (void)state;
    bool more = true;
    assert_int_equal(mkdir(in("second"), 0700), 0);
    for (int n = 1; more; n++) {
        more = cut(publish_in_two_folders, n);
        exh_error_clear(&err);
        stage = exh_stage_resume(image, &err);
        if (stage == NULL || !exh_stage_join(stage, in("second"), &err))
            fail_msg("cut before step %d: %s", n, err.text);
        check_holds("disk.E01.partial/disk.E01", "disk.E01");
        check_holds("second/disk.E01.partial/disk.E02", "disk.E02");
        check_holds("second/disk.E01.partial/disk.E03", "disk.E03");
        assert_false(exists("disk.E01") || exists("second/disk.E02") || exists("second/disk.E03"));
        exh_stage_close(stage);
        stage = NULL;
        empty_folder(in("disk.E01.partial"));
        empty_folder(in("second/disk.E01.partial"));
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(paths),
        CASE(refusals),
        CASE(a_run_under_way_is_told_from_a_dead_one),
        CASE(vacancy),
        CASE(the_first_segment_comes_last),
        CASE(without_noreplace),
        CASE(without_noreplace_and_links),
        CASE(a_collision_half_way),
        CASE(a_missing_file),
        CASE(every_fsync_counts),
        CASE(leftovers_stay),
        CASE(no_files_is_a_bug),
        CASE(small_files),
        CASE(what_is_half_made_is_discarded),
        CASE(what_is_not_of_the_image_keeps_all),
        CASE(a_likeness_is_not_enough),
        CASE(a_discard_takes_back_first),
        CASE(a_partial_is_taken_up_once),
        CASE(a_publication_that_is_cut_is_taken_back),
        CASE(a_clearing_that_is_cut_is_finished_later),
        CASE(segments_lie_in_two_folders),
        CASE(what_another_folder_refuses),
        CASE(a_cut_between_two_folders_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
