/* The reading process: it can only read, answers with the device's own words, may hang or die without taking anybody along, and holds nothing open
 * that others wait for. Loop devices over plain and faulty files. R12 of the requirements; R1, R5 and R13 as far as they are the reader's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/loop_lab.h"

#include <dirent.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "acquire/device.h"
#include "formats/model/view.h"
#include "verify/digest.h"
#include "verify/digest_set.h"
#include "verify/pipeline.h"

#define SIZE (8u << 20)
#define HANG_AT (4u << 20) /* where the device of these tests hangs, for a megabyte */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTERED false
#else
#define FILTERED true
#endif

static struct exh_error err;
static struct lab_loop loop = {.fd = -1};
static pid_t server, helper;
static struct exh_reader *reader;
static struct exh_medium *medium;
static struct exh_blockdev facts;

/* What the watch was told. Not atomic: two events at once would be a race that TSan tells. */
static struct {
    unsigned warnings, progress;
    char last[600];
} told;
static atomic_bool cancel;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void on_event(void *context, const struct exh_event *event)
{
    (void)context;
    told.progress += event->kind == EXH_EVENT_PROGRESS;
    if (event->kind != EXH_EVENT_WARNING)
        return;
    told.warnings++;
    (void)snprintf(told.last, sizeof told.last, "%s", event->text);
}

static const struct exh_watch watch = {.event = on_event, .cancel = &cancel, .turn = &turn};

static int reset(void **state)
{
    (void)state;
    exh_error_clear(&err);
    memset(&told, 0, sizeof told);
    cancel = false;
    facts.fd = facts.direct = -1;
    lab_file("disk.img", SIZE, 11);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    (void)unlink(lab_path("hang"));
    exh_reader_close(reader);
    exh_medium_close(medium);
    reader = NULL;
    medium = NULL;
    exh_blockdev_close(&facts);
    if (helper > 0)
        (void)waitpid(helper, NULL, 0);
    lab_loop_close(&loop);
    lab_faulty_end(server);
    server = helper = 0;
    return 0;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint8_t *contents(size_t offset, size_t bytes)
{
    uint8_t *data = malloc(bytes);
    int fd = open(lab_path("disk.img"), O_RDONLY | O_CLOEXEC);
    assert_true(data != NULL && fd >= 0 && pread(fd, data, bytes, (off_t)offset) == (ssize_t)bytes && close(fd) == 0);
    return data;
}

static void attach(const char *const *rules)
{
    if (rules != NULL && (server = lab_faulty("disk.img", rules)) == 0) {
        print_message("no FUSE here\n");
        skip();
    }
    assert_true(lab_loop_open(lab_path(rules != NULL ? "mnt/disk" : "disk.img"), 512, false, &loop));
}

static void open_reader(const char *const *rules, struct exh_reader_options options)
{
    attach(rules);
    options.watch = options.watch != NULL ? options.watch : &watch;
    reader = exh_reader_open(loop.path, &options, &facts, &err);
    if (reader == NULL)
        fail_msg("%s", err.text);
}

static void touch(const char *name)
{
    int fd = open(lab_path(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && close(fd) == 0);
}

/* A reader whose device hangs at HANG_AT until "hang" is removed. */
static void open_hanging(struct exh_reader_options options)
{
    static char rule[240];
    (void)snprintf(rule, sizeof rule, "hang:%u:%u:%s", HANG_AT, 1u << 20, lab_path("hang"));
    open_reader((const char *const[]){rule, NULL}, options);
    touch("hang");
}

static bool read_at(uint64_t offset, size_t length, struct exh_reader_outcome *out)
{
    uint8_t *buffer = malloc(length);
    bool ok = exh_reader_read(reader, false, false, offset, buffer, length, out, &err);
    free(buffer);
    return ok;
}

/* After `ms`: the file is removed, or the cancel is set, from elsewhere. */
static void unlink_later(const char *name, unsigned ms)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s", lab_path(name));
    helper = fork();
    if (helper == 0) {
        (void)usleep(ms * 1000);
        (void)unlink(path);
        _exit(0);
    }
}

/* ---- what it reads ---- */

static void reads_into_any_memory(void **state)
{
    (void)state;
    enum { N = 3 << 20 };
    struct exh_reader_outcome out;
    open_reader(NULL, (struct exh_reader_options){0});
    assert_int_equal(facts.bytes, SIZE);
    assert_int_equal(facts.logical_bytes, 512);
    assert_string_equal(facts.path, loop.path);
    assert_true(facts.fd == -1 && facts.direct == -1);
    uint8_t *room = exh_reader_room(reader, N), *other = malloc(N + 1), *want = contents(512, N);
    assert_non_null(room);
    assert_int_equal((uintptr_t)room % 4096, 0);
    for (int direct = 0; direct < 2; direct++) {
        memset(room, 0xEE, N), memset(other, 0xEE, N + 1);
        assert_true(exh_reader_read(reader, direct != 0, false, 512, room, N, &out, &err));
        assert_int_equal(out.io.good, N);
        assert_int_equal(out.io.sys, 0);
        assert_true(out.io.micros > 0);
        assert_memory_equal(room, want, N);
        assert_true(exh_reader_read(reader, direct != 0, false, 512, other + 1, N, &out, &err)); /* larger than what is copied at once */
        assert_int_equal(out.io.good, N);
        assert_memory_equal(other + 1, want, N);
    }
    assert_true(exh_reader_read(reader, false, false, SIZE - 1024, other, 4096, &out, &err)); /* past the end */
    assert_int_equal(out.io.good, 1024);
    assert_int_equal(out.io.sys, 0);
    free(other), free(want);
}

static void rooms_come_back(void **state)
{
    (void)state;
    void *rooms[80], *again[80];
    size_t count = 0, second = 0;
    open_reader(NULL, (struct exh_reader_options){0});
    while (count < 80 && (rooms[count] = exh_reader_room(reader, 1u << 20)) != NULL)
        count++;
    assert_in_range(count, 48, 79); /* the pipeline's whole ring, and an end */
    memset(rooms[0], 0xAB, 1u << 20);
    for (size_t i = 0; i < count; i++)
        exh_reader_room_release(reader, rooms[i]);
    while (second < 80 && (again[second] = exh_reader_room(reader, 1u << 20)) != NULL)
        second++;
    assert_int_equal(second, count);
    assert_ptr_equal(again[0], rooms[0]);
    for (size_t i = 0; i < 1u << 20; i++) /* the pages went back: nothing of the first run is left */
        assert_int_equal(((uint8_t *)again[0])[i], 0);
}

/* R1 and R5: the device's own errno, and what was read before it. */
static void failures_pass_through(void **state)
{
    (void)state;
    struct exh_reader_outcome out;
    open_reader((const char *const[]){"bad:1024000:512:61", "bad:2048000:512:5", NULL}, (struct exh_reader_options){0});
    assert_true(read_at(1024000 - 65536, 131072, &out)); /* through the cache: EIO whatever the device said, and the prefix by pages */
    assert_int_equal(out.io.good, 65536);
    assert_int_equal(out.io.sys, EIO);
    uint8_t *room = exh_reader_room(reader, 4096);
    const struct {
        uint64_t lba;
        int sys;
    } sectors[] = {{1999, 0}, {2000, ENODATA}, {2001, 0}, {3999, 0}, {4000, EIO}, {4001, 0}};
    for (size_t i = 0; i < sizeof sectors / sizeof sectors[0]; i++) {
        assert_true(exh_reader_read(reader, true, true, sectors[i].lba * 512, room, 512, &out, &err));
        assert_int_equal(out.io.sys, sectors[i].sys);
        assert_int_equal(out.io.good, sectors[i].sys == 0 ? 512 : 0);
        assert_int_equal(out.sense[0], 0); /* a loop device takes no commands, so there is none */
        assert_int_equal(out.healed, 0);
    }
    assert_null(exh_reader_transport(reader));
    assert_true(exh_reader_present(reader, &err));
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    const struct exh_reader_options none = {0};
    assert_null(exh_reader_open(lab_path("absent"), &none, &facts, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(err.sys, ENOENT);
    assert_string_equal(err.file, lab_path("absent"));
    exh_error_clear(&err);
    assert_null(exh_reader_open(lab_path("disk.img"), &none, &facts, &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    exh_error_clear(&err);
    (void)unlink(lab_path("fifo"));
    assert_int_equal(mkfifo(lab_path("fifo"), 0600), 0);
    uint64_t start = now_ms();
    assert_null(exh_reader_open(lab_path("fifo"), &none, &facts, &err)); /* nobody will ever write to it */
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    assert_true(now_ms() - start < 2000);
    exh_error_clear(&err);
    const struct exh_watch without_turn = {.event = on_event};
    assert_null(exh_reader_open("/dev/null", &(struct exh_reader_options){.watch = &without_turn}, &facts, &err));
    assert_int_equal(err.code, EXH_BUG);
}

/* ---- a device that hangs (R12) ---- */

static void a_slow_answer_is_warned_about(void **state)
{
    (void)state;
    struct exh_reader_outcome out;
    open_hanging((struct exh_reader_options){.warn_s = 1, .timeout_s = 60});
    assert_true(read_at(0, 1u << 20, &out));
    assert_int_equal(told.warnings, 0);
    unlink_later("hang", 2600);
    assert_true(read_at(HANG_AT + 512 * 7, 512, &out));
    assert_int_equal(out.io.good, 512);
    assert_true(out.io.micros > 2000000);
    assert_int_equal(told.warnings, 2);
    assert_non_null(strstr(told.last, "has not answered for 2 s (reading LBA 8199)"));
    assert_non_null(strstr(told.last, loop.path));
}

/* Leaves, is of no more use afterwards, and closes without waiting. */
static void check_left(enum exh_code code, uint64_t at_most_ms)
{
    struct exh_reader_outcome out;
    uint64_t start = now_ms();
    assert_false(read_at(HANG_AT, 4096, &out));
    assert_int_equal(err.code, code);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    assert_int_equal(err.at, HANG_AT);
    assert_true(now_ms() - start < at_most_ms);
    start = now_ms();
    exh_error_clear(&err);
    assert_false(read_at(0, 512, &out));
    assert_int_equal(err.code, code);
    exh_error_clear(&err);
    assert_false(exh_reader_present(reader, &err));
    assert_int_equal(err.code, code);
    exh_reader_close(reader);
    reader = NULL;
    assert_true(now_ms() - start < 200);
}

static void on_alarm(int number)
{
    (void)number;
    cancel = true;
}

static void cancel_leaves_at_once(void **state)
{
    (void)state;
    open_hanging((struct exh_reader_options){.warn_s = 60});
    struct sigaction action = {.sa_handler = on_alarm}, before;
    (void)sigaction(SIGALRM, &action, &before);
    (void)alarm(1);
    check_left(EXH_CANCELLED, 2000);
    (void)sigaction(SIGALRM, &before, NULL);
    assert_int_equal(told.warnings, 0);
}

static void time_runs_out(void **state)
{
    (void)state;
    open_hanging((struct exh_reader_options){.timeout_s = 1});
    check_left(EXH_TIMED_OUT, 2500);
}

static bool is_running(pid_t pid)
{
    char path[64], line[512] = "", state = 'X';
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return false;
    const char *end = fgets(line, sizeof line, f) != NULL ? strrchr(line, ')') : NULL;
    (void)fclose(f);
    if (end != NULL)
        (void)sscanf(end + 1, " %c", &state);
    return state != 'X' && state != 'Z';
}

static bool ends_within(pid_t pid, uint64_t ms)
{
    for (uint64_t start = now_ms(); now_ms() - start < ms; (void)usleep(10000))
        if (!is_running(pid))
            return true;
    return false;
}

/* A process of the test's own that opens a reader, tells who it is through the pipe, and then does as `then` says. */
static pid_t in_between(int tell, void (*then)(void))
{
    pid_t child = fork();
    if (child == 0) {
        reader = exh_reader_open(loop.path, &(struct exh_reader_options){.watch = &watch, .timeout_s = 1}, &facts, &err);
        pid_t pid = reader != NULL ? exh_reader_process(reader) : 0;
        if (write(tell, &pid, sizeof pid) == (ssize_t)sizeof pid && reader != NULL)
            then();
        _exit(9);
    }
    return child;
}

static void read_and_leave(void)
{
    struct exh_reader_outcome out;
    bool ok = read_at(HANG_AT, 4096, &out);
    _exit(!ok && err.code == EXH_TIMED_OUT ? 4 : 9); /* not even closed */
}

/* The process exits while its child hangs, and so does everybody who waits for its output to end. */
static void the_rest_can_leave(void **state)
{
    (void)state;
    static char rule[240];
    int pipe_ends[2], status = 0;
    pid_t pid = 0;
    char rest;
    (void)snprintf(rule, sizeof rule, "hang:%u:%u:%s", HANG_AT, 1u << 20, lab_path("hang"));
    attach((const char *const[]){rule, NULL});
    touch("hang");
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    uint64_t start = now_ms();
    pid_t child = in_between(pipe_ends[1], read_and_leave);
    (void)close(pipe_ends[1]);
    assert_int_equal(read(pipe_ends[0], &pid, sizeof pid), sizeof pid);
    assert_true(pid > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 4);
    struct pollfd end = {.fd = pipe_ends[0], .events = POLLIN};
    assert_int_equal(poll(&end, 1, 1000), 1);
    assert_int_equal(read(pipe_ends[0], &rest, 1), 0);
    assert_true(now_ms() - start < 4000);
    (void)close(pipe_ends[0]);
    (void)unlink(lab_path("hang"));
    assert_true(ends_within(pid, 5000)); /* when its call returns, it dies */
}

static void wait_for_ever(void)
{
    for (;;)
        (void)pause();
}

static void a_killed_parent_takes_it_along(void **state)
{
    (void)state;
    int pipe_ends[2];
    pid_t pid = 0;
    attach(NULL);
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    pid_t child = in_between(pipe_ends[1], wait_for_ever);
    (void)close(pipe_ends[1]);
    assert_int_equal(read(pipe_ends[0], &pid, sizeof pid), sizeof pid);
    assert_true(pid > 0 && is_running(pid));
    assert_int_equal(kill(child, SIGKILL), 0);
    (void)waitpid(child, NULL, 0);
    assert_true(ends_within(pid, 2000));
    (void)close(pipe_ends[0]);
}

static void its_own_death_is_told(void **state)
{
    (void)state;
    struct exh_reader_outcome out;
    open_reader(NULL, (struct exh_reader_options){0});
    for (int i = 0; i < 3; i++) /* what the terminal sends to everybody is not for it */
        assert_int_equal(kill(exh_reader_process(reader), (const int[]){SIGINT, SIGTERM, SIGHUP}[i]), 0);
    assert_true(read_at(0, 4096, &out));
    assert_int_equal(kill(exh_reader_process(reader), SIGKILL), 0);
    assert_false(read_at(0, 4096, &out));
    assert_int_equal(err.code, EXH_GONE);
    assert_string_equal(err.text, "the reading process was killed by signal 9");
    assert_string_equal(err.file, loop.path);
    exh_error_clear(&err);
    assert_false(read_at(0, 4096, &out));
    assert_int_equal(err.code, EXH_GONE);
}

/* ---- what it holds, and what it gave up ---- */

static size_t descriptors(pid_t pid, size_t *of_device)
{
    char path[64], link[300], target[300];
    size_t count = 0;
    *of_device = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(link, sizeof link, "%s/%.200s", path, e->d_name);
        ssize_t n = readlink(link, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        *of_device += strcmp(target, loop.path) == 0;
        count++;
    }
    (void)closedir(dir);
    return count;
}

static unsigned long long status_line(pid_t pid, const char *key)
{
    char path[64], line[256];
    unsigned long long value = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            (void)sscanf(line + strlen(key), " %llx", &value);
    (void)fclose(f);
    return value;
}

static void it_holds_only_the_device(void **state)
{
    (void)state;
    size_t mine, of_device;
    attach(NULL);
    while (waitpid(-1, NULL, WNOHANG) > 0) /* those that other tests left hanging */
        ;
    size_t before = descriptors(getpid(), &of_device);
    reader = exh_reader_open(loop.path, &(struct exh_reader_options){0}, &facts, &err);
    assert_non_null(reader);
    assert_int_equal(descriptors(getpid(), &mine), before + 1); /* the socket */
    assert_int_equal(mine, of_device);                          /* the lab's own */
    assert_int_equal(descriptors(exh_reader_process(reader), &of_device), 3 + 1 + 2);
    assert_int_equal(of_device, 2); /* through the cache, and past it */
    exh_reader_close(reader);
    exh_blockdev_close(&facts);
    reader = NULL;
    assert_int_equal(descriptors(getpid(), &of_device), before);
    assert_null(exh_reader_open(lab_path("absent"), &(struct exh_reader_options){0}, &facts, &err));
    assert_int_equal(descriptors(getpid(), &of_device), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and no child is left */
    assert_int_equal(errno, ECHILD);
}

static void it_says_what_it_gave_up(void **state)
{
    (void)state;
    char path[64], name[32] = "";
    open_reader(NULL, (struct exh_reader_options){0});
    struct exh_reader_privileges p = exh_reader_privileges(reader);
    pid_t pid = exh_reader_process(reader);
    assert_true(p.no_new_privileges && p.capabilities_dropped);
    assert_int_equal(p.seccomp, FILTERED);
    assert_int_equal(status_line(pid, "NoNewPrivs:"), 1);
    assert_int_equal(status_line(pid, "Seccomp:"), FILTERED ? 2 : 0);
    assert_int_equal(status_line(pid, "CapEff:") & ~(1ull << CAP_SYS_RAWIO), 0);
    assert_int_equal(status_line(pid, "CapPrm:") & ~(1ull << CAP_SYS_RAWIO), 0);
    (void)snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *f = fopen(path, "re");
    assert_true(f != NULL && fgets(name, sizeof name, f) != NULL && fclose(f) == 0);
    assert_string_equal(name, "exhibit-reader\n");
}

/* Each line is a way to change something; its number is the exit status of the first that was not refused. */
static int try_everything(int read_only, int writable, int device)
{
    char byte = 0;
    int one = 1;
    uint64_t range[2] = {0, 512};
#define REFUSED(number, call)                                                                                                                        \
    errno = 0;                                                                                                                                       \
    if ((call) != -1 || errno != EPERM)                                                                                                              \
    return number
    REFUSED(1, open(lab_path("disk.img"), O_RDWR | O_CLOEXEC));
    REFUSED(2, open(lab_path("disk.img"), O_WRONLY | O_CLOEXEC));
    REFUSED(3, open(lab_path("made"), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
    REFUSED(4, open(lab_path("disk.img"), O_RDONLY | O_TRUNC | O_CLOEXEC));
    REFUSED(5, pwrite(writable, &byte, 1, 0));
    REFUSED(6, write(writable, &byte, 1));
    REFUSED(7, ftruncate(writable, 0));
    REFUSED(8, unlink(lab_path("disk.img")));
    REFUSED(9, socket(AF_UNIX, SOCK_STREAM, 0));
    REFUSED(10, fork());
    REFUSED(11, execl("/bin/true", "true", NULL));
    REFUSED(12, ioctl(device, BLKDISCARD, range));
    REFUSED(13, ioctl(device, BLKZEROOUT, range));
    REFUSED(14, ioctl(device, BLKROSET, &one));
    REFUSED(15, ioctl(device, BLKRRPART));
    REFUSED(16, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    REFUSED(17, syscall(SYS_fallocate, writable, 0, 0L, 1L));
#undef REFUSED
    int again = open(lab_path("disk.img"), O_RDONLY | O_CLOEXEC); /* and reading goes on */
    uint64_t bytes = 0;
    if (pread(read_only, &byte, 1, 0) != 1 || again < 0 || read(again, &byte, 1) != 1 || ioctl(device, BLKGETSIZE64, &bytes) != 0 || bytes != SIZE)
        return 99;
    return 0;
}

/* R13: writing is refused to the process, whatever it tries; on descriptors, too, that could. */
static void it_cannot_write(void **state)
{
    (void)state;
    int status = 0, readable = open(lab_path("disk.img"), O_RDONLY | O_CLOEXEC), writable = open(lab_path("disk.img"), O_RDWR | O_CLOEXEC);
    assert_true(lab_loop_open(lab_path("disk.img"), 512, true, &loop));
    assert_true(readable >= 0 && writable >= 0);
    uint8_t *before = contents(0, SIZE);
    pid_t child = fork();
    if (child == 0) {
        struct exh_reader_privileges p = exh_confine();
        if (!p.no_new_privileges || !p.capabilities_dropped || p.seccomp != FILTERED)
            _exit(100);
        _exit(p.seccomp ? try_everything(readable, writable, loop.fd) : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    uint8_t *after = contents(0, SIZE);
    assert_memory_equal(after, before, SIZE);
    free(before), free(after);
    (void)close(readable), (void)close(writable);
}

/* ---- the medium over it, in a pipeline ---- */

static void open_medium(const char *const *rules, uint32_t warn_s)
{
    attach(rules);
    medium = exh_device_open(loop.path, &(struct exh_device_options){.watch = &watch, .warn_s = warn_s}, &err);
    if (medium == NULL)
        fail_msg("%s", err.text);
    assert_true(medium->failing);
    assert_null(exh_device_transport(medium));
    struct exh_reader_privileges p;
    assert_true(exh_device_privileges(medium, &p) && p.no_new_privileges);
}

static bool run_pipeline(unsigned threads, uint8_t sha[32])
{
    static const char *const algorithms[] = {"sha256"};
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    struct exh_pipeline_outcome outcome;
    struct exh_ascending route;
    struct exh_seal seal = {0};
    struct exh_sectors states = {0};
    struct exh_digest_set *set = exh_digest_set_new(&(struct exh_digest_set_options){.algorithms = algorithms, .algorithm_count = 1}, &err);
    assert_non_null(set);
    size_t n = exh_digest_set_consumers(set, consumers, EXH_PIPELINE_CONSUMERS_MAX);
    exh_route_ascending(&route, medium, EXH_THOROUGH, 1u << 18);
    struct exh_pipeline p = {
        .medium = medium, .route = &route.route, .consumers = consumers, .consumer_count = n, .watch = &watch, .threads = threads};
    bool ok = exh_pipeline_run(&p, &outcome, &err);
    if (ok && exh_digest_set_result(set, &seal, &states, &err))
        memcpy(sha, exh_digests_find(&seal.digests, "media", "sha256")->bytes, 32);
    exh_pipeline_outcome_close(&outcome);
    exh_digest_set_close(set);
    exh_seal_close(&seal);
    exh_sectors_close(&states);
    return ok;
}

/* Warnings come from the thread that reads, beside the others' progress; the data is whole in each run, and in every kind of run. */
static void a_pipeline_goes_on_after_a_hang(void **state)
{
    (void)state;
    static char rule[240];
    uint8_t want[32], sha[32];
    uint8_t *data = contents(0, SIZE);
    assert_true(exh_sha256(data, SIZE, want, &err));
    free(data);
    (void)snprintf(rule, sizeof rule, "hang:%u:%u:%s", HANG_AT, 1u << 20, lab_path("hang"));
    open_medium((const char *const[]){rule, "slow:2", NULL}, 1);
    touch("hang");
    unlink_later("hang", 2500);
    assert_true(run_pipeline(3, sha));
    assert_memory_equal(sha, want, 32);
    assert_in_range(told.warnings, 1, 2);
    assert_int_equal(told.progress, SIZE >> 18);
    assert_true(run_pipeline(1, sha));
    assert_memory_equal(sha, want, 32);
    assert_true(exh_medium_past_cache(medium));
    assert_true(run_pipeline(3, sha));
    assert_memory_equal(sha, want, 32);
}

static void a_pipeline_is_cancelled_in_a_hang(void **state)
{
    (void)state;
    static char rule[240];
    uint8_t sha[32];
    (void)snprintf(rule, sizeof rule, "hang:%u:%u:%s", HANG_AT, 1u << 20, lab_path("hang"));
    open_medium((const char *const[]){rule, NULL}, 60);
    touch("hang");
    struct sigaction action = {.sa_handler = on_alarm}, before;
    (void)sigaction(SIGALRM, &action, &before);
    (void)alarm(1);
    uint64_t start = now_ms();
    assert_false(run_pipeline(3, sha));
    assert_int_equal(err.code, EXH_CANCELLED);
    assert_true(now_ms() - start < 2500);
    (void)sigaction(SIGALRM, &before, NULL);
}

/* A block of nothing but bad sectors may take hours; the wish to stop is heard between two of them, and the reader is as good as before. */
static void a_long_block_is_cancelled(void **state)
{
    (void)state;
    struct exh_block block;
    struct exh_faults faults = {0};
    open_medium((const char *const[]){"bad:0:1048576:5", "slow:20", NULL}, 60);
    struct exh_want want = {.track = &medium->layout->tracks[0], .lba = 0, .count = 2048, .effort = EXH_THOROUGH};
    assert_true(exh_block_open_in(&block, medium, 2048, 512, 0, &err));
    struct sigaction action = {.sa_handler = on_alarm}, before;
    (void)sigaction(SIGALRM, &action, &before);
    (void)alarm(1);
    uint64_t start = now_ms();
    assert_false(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    assert_int_equal(err.code, EXH_CANCELLED);
    assert_true(now_ms() - start < 3000);
    (void)sigaction(SIGALRM, &before, NULL);
    want.lba = 4096;
    exh_error_clear(&err);
    assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    assert_int_equal(block.bad, 0);
    exh_block_close(&block);
    exh_faults_close(&faults);
}

/* R9: what the cache holds is not what the device says now. Another reader keeps the old sector in the cache all along. */
static void past_the_cache(void **state)
{
    (void)state;
    struct exh_block block;
    open_medium(NULL, 0);
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_want want = {.track = t, .lba = 0, .count = 8, .effort = EXH_ONCE};
    struct exh_faults faults = {0};
    struct exh_medium *view = exh_view_range(medium, 0, 64, &err); /* it hands everything on */
    assert_non_null(view);
    assert_true(view->failing);
    assert_true(exh_block_open_in(&block, view, 8, 512, 0, &err));
    assert_ptr_equal(block.lender, view);
    uint8_t *old = contents(0, 4096), *new = malloc(4096), page[4096];
    assert_int_equal(pread(loop.fd, page, 4096, 0), 4096);
    memset(new, 0x5A, 4096);
    int fd = open(lab_path("disk.img"), O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0 && pwrite(fd, new, 4096, 0) == 4096 && close(fd) == 0);
    assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    assert_memory_equal(block.main, old, 4096);
    assert_true(block.micros > 0);
    assert_int_equal(pread(loop.fd, page, 4096, 0), 4096);
    assert_true(exh_medium_past_cache(view));
    assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    assert_memory_equal(block.main, new, 4096);
    exh_block_close(&block);
    exh_medium_close(view);
    free(old), free(new);
}

int main(void)
{
    if (!lab_open()) {
        lab_close();
        return 77;
    }
#define CASE(f) cmocka_unit_test_setup_teardown(f, reset, clean)
    const struct CMUnitTest tests[] = {
        CASE(reads_into_any_memory),
        CASE(rooms_come_back),
        CASE(failures_pass_through),
        CASE(what_cannot_be_opened),
        CASE(a_slow_answer_is_warned_about),
        CASE(cancel_leaves_at_once),
        CASE(time_runs_out),
        CASE(the_rest_can_leave),
        CASE(a_killed_parent_takes_it_along),
        CASE(its_own_death_is_told),
        CASE(it_holds_only_the_device),
        CASE(it_says_what_it_gave_up),
        CASE(it_cannot_write),
        CASE(a_pipeline_goes_on_after_a_hang),
        CASE(a_pipeline_is_cancelled_in_a_hang),
        CASE(a_long_block_is_cancelled),
        CASE(past_the_cache),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lab_close();
    return failed;
}
