/* An NBD export as a medium: whole, with bad sectors, with a server that hangs, leaves, comes back or comes back as another.
 * Every test insists that nothing but reads was ever sent. Needs nbdkit and the plugin built beside the tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acquire/nbd.h"
#include "acquire/nbd_link.h"
#include "formats/model/text.h"

#define SIZE 8388608u
#define ARGUMENTS_MAX 40u

static char folder[64], plugin[512], name[128];
static pid_t server;
static struct exh_medium *medium;
static struct exh_faults faults;
static struct exh_error err;
static struct exh_watch watch;
static atomic_bool cancel;
static unsigned warnings;
static char last_warning[512];
static uint8_t *truth;

static const char *path(const char *file)
{
    static char paths[4][160];
    static unsigned turn;
    char *out = paths[turn++ % 4];
    (void)snprintf(out, sizeof paths[0], "%s/%s", folder, file);
    return out;
}

static void on_event(void *context, const struct exh_event *event)
{
    (void)context;
    if (event->kind != EXH_EVENT_WARNING)
        return;
    warnings++;
    (void)snprintf(last_warning, sizeof last_warning, "%s", event->text);
}

static void write_image(const char *file, size_t bytes)
{
    int fd = open(path(file), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, truth, bytes) == (ssize_t)bytes && close(fd) == 0);
}

static bool wait_for(const char *file)
{
    for (int i = 0; i < 500 && access(file, F_OK) != 0; i++)
        (void)usleep(10000);
    return access(file, F_OK) == 0;
}

/* nbdkit with these arguments, ready to be connected to. */
static void serve(const char *const *more)
{
    const char *arguments[ARGUMENTS_MAX] = {"nbdkit", "-f", "--exit-with-parent", "-U", "socket", "-P", "pid"};
    size_t n = 7;
    for (size_t i = 0; more[i] != NULL && n + 1 < ARGUMENTS_MAX; i++)
        arguments[n++] = more[i];
    (void)unlink(path("socket")), (void)unlink(path("pid"));
    server = fork();
    if (server == 0) {
        int null = open("/dev/null", O_RDWR);
        (void)dup2(null, 2);
        if (chdir(folder) == 0)
            (void)execvp("nbdkit", (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    assert_true(server > 0 && wait_for(path("pid")));
}

/* The plugin over disk.img with these rules ("rule=..."), its log in "log". */
static void serve_bad(const char *const *rules)
{
    const char *arguments[ARGUMENTS_MAX] = {plugin, "image=disk.img", "rule=log:log"};
    for (size_t i = 0; rules[i] != NULL && i + 4 < ARGUMENTS_MAX; i++)
        arguments[3 + i] = rules[i];
    serve(arguments);
}
#define SERVE_BAD(...) serve_bad((const char *const[]){__VA_ARGS__, NULL})

static void stop_server(int with)
{
    if (server > 0) {
        (void)kill(server, with);
        (void)waitpid(server, NULL, 0);
    }
    server = 0;
}

static void connect_with(const struct exh_nbd_options *options)
{
    struct exh_nbd_options o = *options;
    o.watch = &watch;
    medium = exh_nbd_open(name, &o, &err);
    if (medium == NULL)
        fail_msg("open: %s", err.text);
}
#define CONNECT(...) connect_with(&(const struct exh_nbd_options){__VA_ARGS__})

/* Lines of the log: all (what 0), or those that begin with it and, unless length is 0, are of this request. */
static unsigned logged(char what, uint64_t offset, uint64_t length)
{
    FILE *f = fopen(path("log"), "re");
    unsigned n = 0;
    char kind;
    unsigned long long at, bytes;
    int sys;
    while (f != NULL && fscanf(f, " %c %llu %llu %d", &kind, &at, &bytes, &sys) == 4)
        n += (what == 0 || kind == what) && (length == 0 || (at == offset && bytes == length));
    if (f != NULL)
        (void)fclose(f);
    return n;
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int reset(void **state)
{
    (void)state;
    exh_error_clear(&err);
    atomic_store(&cancel, false);
    warnings = 0;
    last_warning[0] = '\0';
    watch = (struct exh_watch){.event = on_event, .cancel = &cancel, .turn = &turn};
    (void)unlink(path("log")), (void)unlink(path("hang"));
    write_image("disk.img", SIZE);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    exh_medium_close(medium);
    medium = NULL;
    (void)unlink(path("hang"));
    stop_server(SIGTERM);
    exh_faults_close(&faults);
    return logged(0, 0, 0) == logged('R', 0, 0) ? 0 : -1; /* no write, no trim, no flush */
}

static bool read_block(int64_t lba, uint32_t count, enum exh_effort effort, struct exh_block *block)
{
    struct exh_want want = {.track = &medium->layout->tracks[0], .lba = lba, .count = count, .effort = effort};
    return exh_medium_read(medium, NULL, &want, block, &faults, &err);
}

static struct exh_block open_block(uint32_t sectors)
{
    struct exh_block block;
    assert_true(exh_block_open(&block, sectors, medium->layout->tracks[0].main_bytes, 0, &err));
    return block;
}

/* The whole medium in blocks; bad sectors, four ranges at most, must be exactly these. */
static void check_all(uint32_t sectors, const struct exh_range *bad, size_t bad_count)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_block block = open_block(sectors);
    for (uint64_t lba = 0; lba < t->sectors; lba += sectors) {
        uint32_t n = t->sectors - lba < sectors ? (uint32_t)(t->sectors - lba) : sectors;
        if (!read_block((int64_t)lba, n, EXH_THOROUGH, &block))
            fail_msg("LBA %llu: %s", (unsigned long long)lba, err.text);
        assert_true(block.micros > 0);
        for (uint32_t i = 0; i < n; i++) {
            bool is_bad = false;
            for (size_t k = 0; k < bad_count; k++)
                is_bad = is_bad || ((int64_t)lba + i >= bad[k].lba && (int64_t)lba + i < bad[k].lba + (int64_t)bad[k].count);
            if (block.state[i] != (is_bad ? EXH_BAD : EXH_GOOD))
                fail_msg("sector %llu is %d", (unsigned long long)(lba + i), block.state[i]);
            size_t bytes = (size_t)exh_track_bytes(t, (int64_t)lba + i, 1);
            assert_true(is_bad || memcmp(block.main + (size_t)i * t->main_bytes, truth + (lba + i) * t->main_bytes, bytes) == 0);
        }
    }
    exh_block_close(&block);
}

/* ---- names ---- */

static void names_and_uris(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"nbd://host/disk", "nbd://host/disk"},
        {"nbds+unix:///x?socket=/a b", "nbds+unix:///x?socket=/a b"},
        {"nbd+vsock://2:10809/x", "nbd+vsock://2:10809/x"},
        {"nbd:host:10809", "nbd://host:10809/"},
        {"nbd:host-1.example_:1:exportname=disk 1", "nbd://host-1.example_:1/disk%201"},
        {"nbd:[::1]:65535:exportname=a:b", "nbd://[::1]:65535/a%3Ab"},
        {"nbd:unix:/run/a&b?.sock", "nbd+unix:///?socket=/run/a%26b%3F.sock"},
        {"nbd:unix:s:exportname=/x%y\xc3\xa4", "nbd+unix:////x%25y%C3%A4?socket=s"},
    };
    static const char *const wrong[] = {"nbd:",
                                        "nbd:host",
                                        "nbd:host:",
                                        "nbd:host:0",
                                        "nbd:host:65536",
                                        "nbd:host:1x",
                                        "nbd::10809",
                                        "nbd:h@x:10",
                                        "nbd:host/x:10",
                                        "nbd:unix:",
                                        "nbd:unix::exportname=x",
                                        "nbds:host:10",
                                        "nbd+unix:/x?socket=s",
                                        "nbd:[::1:10:20]"};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char *uri = exh_nbd_uri(pairs[i][0], &err);
        assert_non_null(uri);
        assert_string_equal(uri, pairs[i][1]);
        assert_true(exh_nbd_is_uri(pairs[i][0]));
        free(uri);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        exh_error_clear(&err);
        char *uri = exh_nbd_uri(wrong[i], &err);
        if (uri != NULL)
            fail_msg("%s became %s", wrong[i], uri);
        assert_int_equal(err.code, EXH_USAGE);
        assert_true(exh_nbd_is_uri(wrong[i]));
    }
    static const char *const files[] = {"./nbd:x", "nbd", "nbd.img", "nbdx:", "/dev/nbd0", "", "-", "NBD:h:1"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        assert_false(exh_nbd_is_uri(files[i]));
}

static void nobody_there(void **state)
{
    (void)state;
    const struct exh_nbd_options none = {0};
    (void)unlink(path("socket"));
    assert_null(exh_nbd_open(name, &none, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_string_equal(err.file, name);
    assert_null(exh_nbd_open("nbd+unix:///x", &none, &err)); /* no socket */
    assert_int_equal(err.code, EXH_USAGE);
    assert_null(exh_nbd_open("nbd:nonsense", &none, &err));
    assert_int_equal(err.code, EXH_USAGE);
    serve((const char *const[]){"-r", "memory", "1M", NULL});
    char tls[160];
    (void)snprintf(tls, sizeof tls, "nbds%s", name + 3);
    assert_null(exh_nbd_open(tls, &none, &err)); /* a server without TLS is not taken instead */
}

/* ---- what is served ---- */

static void whole_export(void **state)
{
    (void)state;
    SERVE_BAD("describe=A small disk");
    CONNECT(0);
    assert_true(medium->failing);
    assert_int_equal(medium->layout->tracks[0].main_bytes, 512);
    assert_int_equal(exh_layout_bytes(medium->layout), SIZE);
    check_all(2048, NULL, 0);
    check_all(100, NULL, 0);
    check_all(4096, NULL, 0); /* a want of two requests */
    assert_int_equal(faults.count, 0);
    struct exh_fields fields = {0};
    assert_true(exh_nbd_identity(medium, &fields, &err));
    assert_string_equal(exh_fields_get(&fields, "bus"), "nbd");
    assert_string_equal(exh_fields_get(&fields, "export"), "exp/1");
    assert_string_equal(exh_fields_get(&fields, "model"), "A small disk");
    exh_fields_close(&fields);
    assert_false(exh_nbd_facts(medium)->read_only);
    assert_true(exh_nbd_facts(medium)->multi_conn);
    assert_false(exh_nbd_facts(medium)->tls);
    assert_true(exh_nbd_same(medium, &err));
    assert_int_equal(warnings, 0);
}

static void read_only_export(void **state)
{
    (void)state;
    serve((const char *const[]){"-r", "file", "disk.img", NULL});
    CONNECT(0);
    assert_true(exh_nbd_facts(medium)->read_only);
    check_all(2048, NULL, 0);
    struct exh_fields fields = {0};
    assert_true(exh_nbd_identity(medium, &fields, &err));
    assert_string_equal(exh_fields_get(&fields, "model"), "exp/1"); /* no description */
    exh_fields_close(&fields);
}

static void odd_tail(void **state)
{
    (void)state;
    write_image("disk.img", SIZE - 300);
    SERVE_BAD("describe=odd");
    CONNECT(0);
    assert_int_equal(medium->layout->tracks[0].tail_bytes, 212);
    check_all(2048, NULL, 0);
    exh_medium_close(medium);
    CONNECT(.sector_bytes = 4096);
    check_all(256, NULL, 0);
}

static void empty_export(void **state)
{
    (void)state;
    write_image("disk.img", 0);
    SERVE_BAD("describe=empty");
    CONNECT(0);
    assert_int_equal(exh_layout_bytes(medium->layout), 0);
    assert_true(exh_nbd_same(medium, &err));
}

static void block_sizes(void **state)
{
    (void)state;
    SERVE_BAD("block=4096", "rule=bad:40960:1");
    CONNECT(0);
    assert_int_equal(medium->layout->tracks[0].main_bytes, 4096);
    check_all(256, &(const struct exh_range){.lba = 10, .count = 1}, 1);
    exh_medium_close(medium);
    CONNECT(.sector_bytes = 8192);
    check_all(128, &(const struct exh_range){.lba = 5, .count = 1}, 1);
    exh_medium_close(medium);
    struct exh_nbd_options too_small = {.sector_bytes = 512};
    medium = exh_nbd_open(name, &too_small, &err);
    assert_null(medium);
    assert_int_equal(err.code, EXH_USAGE);
}

/* Requests no larger than the server takes. */
static void small_requests(void **state)
{
    (void)state;
    serve((const char *const[]){"-r", "--filter=log", "--filter=blocksize-policy", "file", "disk.img", "blocksize-minimum=512",
                                "blocksize-preferred=4096", "blocksize-maximum=65536", "blocksize-error-policy=error", "logfile=log.txt", NULL});
    CONNECT(0);
    assert_int_equal(exh_nbd_facts(medium)->block_maximum, 65536);
    check_all(2048, NULL, 0);
    assert_int_equal(faults.count, 0);
}

/* ---- bad sectors ---- */

static void exactly_the_bad_sectors(void **state)
{
    (void)state;
    static const struct exh_range bad[] = {
        {.lba = 0, .count = 1}, {.lba = 2047, .count = 2}, {.lba = 5000, .count = 1000}, {.lba = 16383, .count = 1}};
    SERVE_BAD("rule=bad:0:512", "rule=bad:1048064:1024", "rule=bad:2560000:512000", "rule=bad:8388096:512");
    CONNECT(0);
    check_all(2048, bad, 4);
    for (size_t i = 0; i < faults.count; i++)
        assert_int_equal(faults.items[i].sys, EIO);
    assert_true(faults.count >= 1004);
    assert_int_equal(faults.items[0].attempt, 1);
    assert_int_equal(faults.items[1].attempt, 2);
    check_all(64, bad, 4);
    check_all(1, bad, 4);
    assert_int_equal(warnings, 0); /* the runs were asked about over second connections */
}

/* The errnos that nbdkit hands on; others of the protocol it sends as EINVAL. */
static void every_errno_is_a_failed_range(void **state)
{
    (void)state;
    static const struct exh_range bad[] = {{.lba = 1000, .count = 4}};
    static const int want[] = {ENOMEM, EINVAL, ENOSPC, EPERM};
    SERVE_BAD("rule=fails:512000:512:12", "rule=fails:512512:512:22", "rule=fails:513024:512:28", "rule=fails:513536:512:1");
    CONNECT(0);
    check_all(2048, bad, 1);
    for (size_t k = 0; k < 4; k++) {
        int last = 0;
        for (size_t i = 0; i < faults.count; i++)
            if (faults.items[i].lba == 1000 + (int64_t)k && faults.items[i].count == 1)
                last = faults.items[i].sys;
        assert_int_equal(last, want[k]);
    }
}

static void once_is_one_request(void **state)
{
    (void)state;
    SERVE_BAD("rule=bad:1049088:512"); /* LBA 2049 */
    CONNECT(0);
    struct exh_block block = open_block(4096);
    assert_true(read_block(2048, 2048, EXH_ONCE, &block));
    for (uint32_t i = 0; i < 2048; i++)
        assert_int_equal(block.state[i], EXH_UNREAD);
    assert_int_equal(faults.count, 1);
    assert_int_equal(faults.items[0].count, 2048);
    assert_int_equal(logged('R', 0, 0), 1);
    assert_true(read_block(0, 4096, EXH_ONCE, &block)); /* two requests: the first is the good prefix */
    assert_int_equal(block.state[2047], EXH_GOOD);
    assert_int_equal(block.state[2048], EXH_UNREAD);
    assert_memory_equal(block.main, truth, 1048576);
    assert_int_equal(logged('R', 0, 0), 3);
    assert_true(read_block(2048, 1, EXH_ONCE, &block)); /* a smaller one beside it is asked, not guessed */
    assert_int_equal(block.state[0], EXH_GOOD);
    exh_block_close(&block);
}

static void a_later_try_counts(void **state)
{
    (void)state;
    SERVE_BAD("rule=bad:512000:512:3");
    CONNECT(0);
    check_all(2048, NULL, 0);
    assert_int_equal(faults.count, 3);
}

/* ---- reading ahead ---- */

static void ahead_is_faster_and_true(void **state)
{
    (void)state;
    SERVE_BAD("rule=slow:0:8388608:20");
    CONNECT(0);
    uint64_t began = exh_nbd_now_us();
    check_all(256, NULL, 0); /* 64 blocks: 1280 ms one after the other */
    assert_true(exh_nbd_now_us() - began < 64 * 20000 * 3 / 4);
    assert_int_equal(logged('R', 0, 0), 64); /* each once */
}

/* What is read again comes from the server again. */
static void nothing_is_kept(void **state)
{
    (void)state;
    SERVE_BAD("rule=lie:262144:1048576");
    CONNECT(0);
    struct exh_block block = open_block(256);
    uint8_t first[512];
    for (int64_t lba = 0; lba < 1024; lba += 256)
        assert_true(read_block(lba, 256, EXH_ONCE, &block));
    for (int i = 0; i < 200 && logged('R', 1024 * 512, 131072) == 0; i++)
        (void)usleep(10000);
    assert_int_equal(logged('R', 1024 * 512, 131072), 1); /* on its way before it was asked for */
    memcpy(first, block.main, 512);
    assert_true(read_block(768, 256, EXH_ONCE, &block));
    assert_memory_not_equal(first, block.main, 512);
    memcpy(first, block.main, 512);
    assert_true(read_block(768, 1, EXH_ONCE, &block));
    assert_memory_not_equal(first, block.main, 512);
    assert_true(read_block(1024, 256, EXH_ONCE, &block));
    assert_int_equal(logged('R', 1024 * 512, 131072), 2);
    assert_true(read_block(1280, 256, EXH_ONCE, &block));
    for (int i = 0; i < 200 && logged('R', 2048 * 512, 131072) == 0; i++)
        (void)usleep(10000);
    assert_true(read_block(2048, 256, EXH_ONCE, &block)); /* not the next one */
    assert_int_equal(logged('R', 2048 * 512, 131072), 2);
    exh_block_close(&block);
}

static void none_ahead_of_errors(void **state)
{
    (void)state;
    SERVE_BAD("rule=bad:1048576:512");
    CONNECT(0);
    struct exh_block block = open_block(256);
    assert_true(read_block(2048, 256, EXH_ONCE, &block));
    for (int64_t lba = 4096; lba < 4096 + 8 * 256; lba += 256)
        assert_true(read_block(lba, 256, EXH_ONCE, &block));
    assert_int_equal(logged('R', 0, 0), 9);
    exh_block_close(&block);
}

/* ---- servers that hang, leave, come back ---- */

static void check_gone(int64_t lba, const char *word)
{
    char text[64];
    (void)snprintf(text, sizeof text, "device lost at LBA %lld:", (long long)lba);
    assert_int_equal(err.code, EXH_GONE);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    assert_int_equal(err.at, (uint64_t)lba * 512);
    if (strncmp(err.text, text, strlen(text)) != 0 || strstr(err.text, word) == NULL)
        fail_msg("\"%s\" is not \"%s ... %s\"", err.text, text, word);
}

static void killed_server_is_gone(void **state)
{
    (void)state;
    SERVE_BAD("rule=bad:0:512");
    CONNECT(0);
    struct exh_block block = open_block(2048);
    assert_true(read_block(2048, 2048, EXH_THOROUGH, &block));
    stop_server(SIGKILL);
    assert_false(read_block(4096, 2048, EXH_THOROUGH, &block));
    check_gone(4096, "cannot connect");
    exh_error_clear(&err);
    assert_false(exh_nbd_same(medium, &err));
    assert_int_equal(err.code, EXH_GONE);
    exh_block_close(&block);
}

static void server_dies_in_a_request(void **state)
{
    (void)state;
    SERVE_BAD("rule=die:3");
    CONNECT(0);
    struct exh_block block = open_block(64);
    assert_true(read_block(0, 64, EXH_ONCE, &block));
    assert_true(read_block(100, 64, EXH_ONCE, &block));
    assert_false(read_block(200, 64, EXH_ONCE, &block));
    check_gone(200, "cannot connect");
    exh_block_close(&block);
}

static void shutdown_is_gone(void **state)
{
    (void)state;
    SERVE_BAD("rule=gone:2");
    CONNECT(0);
    struct exh_block block = open_block(64);
    assert_true(read_block(0, 64, EXH_ONCE, &block));
    assert_false(read_block(100, 64, EXH_THOROUGH, &block));
    check_gone(100, "shutting down");
    assert_int_equal(logged('R', 0, 0), 3); /* one more over a new connection */
    exh_block_close(&block);
}

static void a_server_that_comes_back(void **state)
{
    (void)state;
    SERVE_BAD("describe=A small disk");
    CONNECT(0);
    struct exh_block block = open_block(2048);
    for (int64_t lba = 0; lba < 3 * 2048; lba += 2048)
        assert_true(read_block(lba, 2048, EXH_ONCE, &block));
    stop_server(SIGKILL);
    SERVE_BAD("describe=A small disk");
    /* To the end: what the first server sent ahead may have come before it died, the last block was never asked of it. */
    for (int64_t lba = 3 * 2048; lba < SIZE / 512; lba += 2048) {
        assert_true(read_block(lba, 2048, EXH_ONCE, &block));
        assert_int_equal(block.state[2047], EXH_GOOD);
        assert_memory_equal(block.main, truth + lba * 512, 1048576);
    }
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(last_warning, "connected again"));
    assert_int_equal(faults.count, 0);
    assert_true(exh_nbd_same(medium, &err));
    exh_block_close(&block);
}

static void another_export_is_not_gone_on_with(void **state)
{
    (void)state;
    static const char *const others[] = {"describe=Another disk", "block=1024"};
    for (size_t i = 0; i < 3; i++) {
        write_image("disk.img", SIZE);
        SERVE_BAD("describe=A small disk");
        CONNECT(0);
        struct exh_block block = open_block(64);
        assert_true(read_block(0, 64, EXH_ONCE, &block));
        stop_server(SIGKILL);
        if (i == 2)
            write_image("disk.img", SIZE / 2);
        SERVE_BAD("describe=A small disk", i < 2 ? others[i] : "rule=bad:0:1");
        assert_false(read_block(64, 64, EXH_ONCE, &block));
        check_gone(64, "the medium changed");
        exh_error_clear(&err);
        assert_false(exh_nbd_same(medium, &err));
        assert_int_equal(err.code, EXH_GONE);
        exh_block_close(&block);
        exh_medium_close(medium);
        medium = NULL;
        stop_server(SIGTERM);
    }
}

/* EIO for ever from a server whose disk has been pulled: not ten thousand bad sectors. */
static void errors_without_a_disk(void **state)
{
    (void)state;
    SERVE_BAD("rule=log:log");
    CONNECT(0);
    struct exh_block block = open_block(2048);
    assert_true(read_block(0, 2048, EXH_ONCE, &block));
    assert_int_equal(truncate(path("disk.img"), 0), 0);
    assert_false(read_block(4096, 2048, EXH_THOROUGH, &block));
    check_gone(4096 + 14, "the medium changed"); /* the sixteenth failed read, of which two were of more than one sector */
    exh_block_close(&block);
}

static void only_one_connection(void **state)
{
    (void)state;
    serve((const char *const[]){"-r", "--filter=limit", plugin, "image=disk.img", "rule=bad:0:51200", "limit=1", NULL});
    CONNECT(0);
    check_all(2048, &(const struct exh_range){.lba = 0, .count = 100}, 1);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(last_warning, "second connection"));
    assert_true(exh_nbd_same(medium, &err));
    assert_int_equal(warnings, 1);
    stop_server(SIGKILL);
    assert_false(exh_nbd_same(medium, &err));
    assert_int_equal(err.code, EXH_GONE);
}

static void touch(const char *file)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && close(fd) == 0);
}

static void a_hanging_server_is_given_up(void **state)
{
    (void)state;
    SERVE_BAD("rule=hang:hang");
    CONNECT(.timeout_s = 2, .warn_s = 1);
    struct exh_block block = open_block(64);
    assert_true(read_block(0, 64, EXH_ONCE, &block));
    touch(path("hang"));
    uint64_t began = exh_nbd_now_us();
    assert_false(read_block(100, 64, EXH_THOROUGH, &block));
    uint64_t took = exh_nbd_now_us() - began;
    assert_int_equal(err.code, EXH_TIMED_OUT);
    assert_int_equal(err.side, EXH_SIDE_SOURCE);
    assert_string_equal(err.text, "LBA 100: the server has not answered for 2 seconds");
    assert_true(took >= 2000000 && took < 4000000);
    assert_int_equal(warnings, 1);
    assert_int_equal(unlink(path("hang")), 0);
    exh_error_clear(&err);
    assert_true(read_block(100, 64, EXH_THOROUGH, &block)); /* and goes on, over a new connection */
    assert_memory_equal(block.main, truth + 51200, 32768);
    exh_block_close(&block);
}

static void a_hanging_server_does_not_hold_us(void **state)
{
    (void)state;
    SERVE_BAD("rule=hang:hang");
    CONNECT(0);
    struct exh_block block = open_block(64);
    touch(path("hang"));
    pid_t stopper = fork();
    if (stopper == 0) { /* a signal, as the user's; the flag is this process's own */
        (void)usleep(300000);
        (void)kill(getppid(), SIGUSR1);
        _exit(0);
    }
    uint64_t began = exh_nbd_now_us();
    assert_false(read_block(0, 64, EXH_THOROUGH, &block));
    assert_int_equal(err.code, EXH_CANCELLED);
    assert_true(exh_nbd_now_us() - began < 1500000);
    exh_medium_close(medium); /* nor does closing */
    medium = NULL;
    assert_true(exh_nbd_now_us() - began < 1500000);
    (void)waitpid(stopper, NULL, 0);
    exh_block_close(&block);
}

/* A server that accepts and then says nothing. */
static void a_silent_server(void **state)
{
    (void)state;
    SERVE_BAD("rule=log:log");
    (void)kill(server, SIGSTOP);
    const struct exh_nbd_options brief = {.timeout_s = 1};
    uint64_t began = exh_nbd_now_us();
    assert_null(exh_nbd_open(name, &brief, &err));
    assert_int_equal(err.code, EXH_TIMED_OUT);
    assert_true(exh_nbd_now_us() - began < 3000000);
    (void)kill(server, SIGCONT);
}

static void on_signal(int number)
{
    (void)number;
    atomic_store(&cancel, true);
}

static bool lab_open(void)
{
    ssize_t n = readlink("/proc/self/exe", plugin, sizeof plugin - 1);
    plugin[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(plugin, '/');
    if (slash == NULL || (size_t)(slash - plugin) + sizeof "/badnbd.so" > sizeof plugin)
        return false;
    memcpy(slash, "/badnbd.so", sizeof "/badnbd.so");
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-nbd-XXXXXX");
    if (access(plugin, R_OK) != 0 || access("/usr/sbin/nbdkit", X_OK) * access("/usr/bin/nbdkit", X_OK) != 0) {
        (void)fprintf(stderr, "SKIPPED: nbdkit, or the plugin for it (nbdkit-plugin-dev), is missing\n");
        return false;
    }
    if (mkdtemp(folder) == NULL)
        return false;
    (void)snprintf(name, sizeof name, "nbd+unix:///exp/1?socket=%s/socket", folder);
    truth = malloc(SIZE);
    uint32_t seed = 7;
    for (size_t i = 0; truth != NULL && i < SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        truth[i] = (uint8_t)(seed >> 24);
    }
    struct sigaction action = {.sa_handler = on_signal};
    return truth != NULL && sigaction(SIGUSR1, &action, NULL) == 0;
}

static void lab_close(void)
{
    static const char *const files[] = {"disk.img", "log", "log.txt", "hang", "socket", "pid"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)unlink(path(files[i]));
    (void)rmdir(folder);
    free(truth);
}

int main(void)
{
    if (!lab_open())
        return 77;
#define CASE(f) cmocka_unit_test_setup_teardown(f, reset, clean)
    const struct CMUnitTest tests[] = {
        CASE(names_and_uris),
        CASE(nobody_there),
        CASE(whole_export),
        CASE(read_only_export),
        CASE(odd_tail),
        CASE(empty_export),
        CASE(block_sizes),
        CASE(small_requests),
        CASE(exactly_the_bad_sectors),
        CASE(every_errno_is_a_failed_range),
        CASE(once_is_one_request),
        CASE(a_later_try_counts),
        CASE(ahead_is_faster_and_true),
        CASE(nothing_is_kept),
        CASE(none_ahead_of_errors),
        CASE(killed_server_is_gone),
        CASE(server_dies_in_a_request),
        CASE(shutdown_is_gone),
        CASE(a_server_that_comes_back),
        CASE(another_export_is_not_gone_on_with),
        CASE(errors_without_a_disk),
        CASE(only_one_connection),
        CASE(a_hanging_server_is_given_up),
        CASE(a_hanging_server_does_not_hold_us),
        CASE(a_silent_server),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lab_close();
    return failed;
}
