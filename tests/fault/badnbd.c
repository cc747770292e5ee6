/* badnbd.c - an nbdkit plugin that serves IMAGE, but for chosen ranges, and notes every request.
 *
 *     nbdkit -f -U SOCKET badnbd.so image=IMAGE [rule=RULE]... [block=BYTES] [describe=TEXT]
 *
 *     bad:OFFSET:LENGTH[:TIMES]      a read that touches the range fails with EIO; with TIMES only the first so many do
 *     fails:OFFSET:LENGTH:ERRNO      the same with another errno, always
 *     slow:OFFSET:LENGTH:MS          a read that touches the range takes so many milliseconds
 *     hang:FILE                      every read waits as long as FILE exists
 *     lie:OFFSET:LENGTH              each read of the range gives other bytes
 *     change:OFFSET:LENGTH:N         the range reads otherwise from the N-th read that touches it on
 *     gone:N                         from the N-th request on, ESHUTDOWN
 *     die:N                          the server ends with the N-th request, unanswered
 *     log:FILE                       each request adds a line: "R offset length errno", and W, T, Z or F for what is no read
 *
 * block=BYTES is announced as the least and preferred block size. The export offers writing, so that a client could; it never happens: such requests
 * fail with EPERM, and their line in the log is what a test looks for. Written to nbdkit-plugin.h, API 2. */
#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#define RULES_MAX 256

enum kind { BAD, SLOW, LIE, CHANGE };

struct rule {
    enum kind kind;
    uint64_t offset, length;
    uint64_t number; /* BAD: failures left; SLOW: milliseconds; LIE: reads so far; CHANGE: reads left before it changes */
    int sys;
};

static struct {
    pthread_mutex_t lock;
    int image, log;
    uint64_t requests, gone_from, die_at;
    struct rule rules[RULES_MAX];
    size_t count;
    const char *hang, *description;
    uint32_t block;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .image = -1, .log = -1, .gone_from = UINT64_MAX, .die_at = UINT64_MAX};

static bool touches(const struct rule *r, uint64_t offset, uint64_t length) { return offset < r->offset + r->length && offset + length > r->offset; }

/* What becomes of a read: an errno or 0, how long it takes, and by what each byte of which range is changed. With the lock. */
static int verdict(uint64_t offset, uint64_t length, uint64_t *ms, uint8_t changed[RULES_MAX])
{
    int sys = 0;
    for (size_t i = 0; i < disk.count; i++) {
        struct rule *r = &disk.rules[i];
        changed[i] = 0;
        if (!touches(r, offset, length))
            continue;
        if (r->kind == SLOW)
            *ms += r->number;
        if (r->kind == LIE)
            changed[i] = (uint8_t)(++r->number % 255 + 1);
        if (r->kind == CHANGE && r->number > 0)
            r->number--;
        if (r->kind == CHANGE && r->number == 0)
            changed[i] = 0x55;
        if (r->kind == BAD && r->number > 0 && sys == 0) {
            r->number -= r->number != UINT64_MAX;
            sys = r->sys;
        }
    }
    return sys;
}

static void tell(char what, uint64_t offset, uint64_t length, int sys)
{
    if (disk.log >= 0)
        (void)dprintf(disk.log, "%c %llu %llu %d\n", what, (unsigned long long)offset, (unsigned long long)length, sys);
}

static int fail(char what, uint64_t offset, uint64_t length, int sys)
{
    tell(what, offset, length, sys);
    nbdkit_set_error(sys);
    return -1;
}

static int bad_pread(void *handle, void *buffer, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle, (void)flags;
    uint8_t changed[RULES_MAX], *bytes = buffer;
    uint64_t ms = 0;
    (void)pthread_mutex_lock(&disk.lock);
    uint64_t number = ++disk.requests;
    int sys = number >= disk.gone_from ? ESHUTDOWN : verdict(offset, count, &ms, changed);
    (void)pthread_mutex_unlock(&disk.lock);
    if (number >= disk.die_at)
        _exit(1);
    while (disk.hang != NULL && access(disk.hang, F_OK) == 0)
        (void)usleep(10000);
    (void)usleep((useconds_t)(ms * 1000));
    if (sys == 0 && pread(disk.image, buffer, count, (off_t)offset) != (ssize_t)count)
        sys = EIO;
    if (sys != 0)
        return fail('R', offset, count, sys);
    for (size_t i = 0; i < disk.count; i++)
        for (uint64_t at = disk.rules[i].offset; changed[i] != 0 && at < disk.rules[i].offset + disk.rules[i].length; at++)
            if (at >= offset && at < offset + count)
                bytes[at - offset] ^= changed[i];
    tell('R', offset, count, 0);
    return 0;
}

static int bad_pwrite(void *handle, const void *buffer, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle, (void)buffer, (void)flags;
    return fail('W', offset, count, EPERM);
}

static int bad_trim(void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle, (void)flags;
    return fail('T', offset, count, EPERM);
}

static int bad_zero(void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
    (void)handle, (void)flags;
    return fail('Z', offset, count, EPERM);
}

static int bad_flush(void *handle, uint32_t flags)
{
    (void)handle, (void)flags;
    return fail('F', 0, 0, EPERM);
}

/* ---- configuration ---- */

static bool add(struct rule rule)
{
    if (disk.count == RULES_MAX)
        return false;
    disk.rules[disk.count++] = rule;
    return true;
}

static bool add_rule(const char *text)
{
    unsigned long long offset, length, number = UINT64_MAX;
    int sys;
    if (sscanf(text, "bad:%llu:%llu:%llu", &offset, &length, &number) >= 2)
        return add((struct rule){BAD, offset, length, number, EIO});
    if (sscanf(text, "fails:%llu:%llu:%d", &offset, &length, &sys) == 3)
        return add((struct rule){BAD, offset, length, UINT64_MAX, sys});
    if (sscanf(text, "slow:%llu:%llu:%llu", &offset, &length, &number) == 3)
        return add((struct rule){SLOW, offset, length, number, 0});
    if (sscanf(text, "lie:%llu:%llu", &offset, &length) == 2)
        return add((struct rule){LIE, offset, length, 0, 0});
    if (sscanf(text, "change:%llu:%llu:%llu", &offset, &length, &number) == 3)
        return add((struct rule){CHANGE, offset, length, number, 0});
    if (sscanf(text, "gone:%llu", &number) == 1)
        return (disk.gone_from = number) > 0;
    if (sscanf(text, "die:%llu", &number) == 1)
        return (disk.die_at = number) > 0;
    if (strncmp(text, "hang:", 5) == 0)
        return (disk.hang = nbdkit_absolute_path(text + 5)) != NULL;
    if (strncmp(text, "log:", 4) == 0)
        return (disk.log = open(text + 4, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) >= 0;
    return false;
}

static int bad_config(const char *key, const char *value)
{
    if (strcmp(key, "image") == 0) {
        disk.image = open(value, O_RDONLY | O_CLOEXEC);
        if (disk.image < 0)
            nbdkit_error("%s: %s", value, strerror(errno));
        return disk.image < 0 ? -1 : 0;
    }
    if (strcmp(key, "rule") == 0) {
        if (!add_rule(value))
            nbdkit_error("not a rule: %s", value);
        else
            return 0;
    } else if (strcmp(key, "block") == 0) {
        return nbdkit_parse_uint32_t("block", value, &disk.block);
    } else if (strcmp(key, "describe") == 0) {
        disk.description = value;
        return 0;
    } else {
        nbdkit_error("unknown: %s", key);
    }
    return -1;
}

static int bad_config_complete(void)
{
    struct stat st;
    if (disk.image < 0 || fstat(disk.image, &st) != 0) {
        nbdkit_error("image=IMAGE is needed");
        return -1;
    }
    return 0;
}

static void *bad_open(int readonly)
{
    (void)readonly;
    return NBDKIT_HANDLE_NOT_NEEDED;
}

/* The file as it is now: a client that comes later may see another size. */
static int64_t bad_get_size(void *handle)
{
    (void)handle;
    struct stat st;
    return fstat(disk.image, &st) == 0 ? (int64_t)st.st_size : -1;
}

static int yes(void *handle)
{
    (void)handle;
    return 1;
}

static int bad_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
    (void)handle;
    *minimum = *preferred = disk.block;
    *maximum = disk.block != 0 ? UINT32_MAX : 0;
    return 0;
}

static const char *bad_description(void *handle)
{
    (void)handle;
    return disk.description;
}

static struct nbdkit_plugin plugin = {.name = "badnbd",
                                      .config = bad_config,
                                      .config_complete = bad_config_complete,
                                      .open = bad_open,
                                      .get_size = bad_get_size,
                                      .can_write = yes,
                                      .can_trim = yes,
                                      .can_flush = yes,
                                      .can_multi_conn = yes,
                                      .block_size = bad_block_size,
                                      .export_description = bad_description,
                                      .pread = bad_pread,
                                      .pwrite = bad_pwrite,
                                      .trim = bad_trim,
                                      .zero = bad_zero,
                                      .flush = bad_flush};

NBDKIT_REGISTER_PLUGIN(plugin)
