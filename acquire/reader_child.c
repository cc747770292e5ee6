/* reader_child.c - opens the device, gives up privileges, and reads what it is asked to read. See reader_child.h.
 * Nothing is allocated in the loop. TEST UNIT READY and its sense data: SPC-4 6.47 and annex D. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "acquire/reader_child.h"
#include "acquire/sysfs.h"
#include "acquire/transport_sg.h"

#define SOCKET 3        /* the one descriptor that is left from the parent */
#define READY_TRIES 50  /* a tenth of a second each: a drive that is still spinning up is waited for */
#define READY_MS 30000u /* for one TEST UNIT READY */

struct child {
    struct exh_blockdev device;
    bool takes_commands;
    uint64_t start_bytes; /* of a partition on its disk: commands count from the disk's first sector */
    uint8_t *shared;
    size_t shared_bytes;
    time_t asked; /* when sense was last asked for */
};

/* ---- becoming the child ---- */

/* Ctrl-C goes to every process of the terminal; what it means is the parent's to decide, and when the parent ends, so does this process. */
static void leave_signals_to(pid_t parent)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)signal(numbers[i], SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before it could be told of */
        _exit(0);
}

/* Closes everything but the socket. Whoever reads our output waits until the last holder closes it, and must not wait for a device that hangs. */
static void let_go_of_files(int socket)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const int streams = 2; /* what a sanitizer finds is told on stderr */
#else
    const int streams = 3;
#endif
    if (dup2(socket, SOCKET) != SOCKET)
        _exit(1);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < streams; fd++)
        if (null < 0 || dup2(null, fd) != fd)
            (void)close(fd);
    (void)close_range(SOCKET + 1, ~0u, 0);
}

/* A SCSI device, disk or drive, or a partition of one. What is stacked on disks (dm, md) would hand commands through with the wrong sector numbers.
 */
static void look_for_commands(struct child *c)
{
    char dir[PATH_MAX];
    uint64_t level, number, start = 0;
    const struct exh_devno devno = {c->device.major, c->device.minor};
    if (c->device.generic) {
        c->takes_commands = exh_sg_answers(c->device.fd);
        return;
    }
    if (!exh_sysfs_dir(&exh_this_machine, devno, dir))
        return;
    bool partition = exh_sysfs_number(dir, "partition", &number);
    if (!exh_sysfs_number(dir, partition ? "../device/scsi_level" : "device/scsi_level", &level) ||
        (partition && !exh_sysfs_number(dir, "start", &start)))
        return;
    c->start_bytes = start * 512; /* sysfs counts in 512 bytes whatever the sector size */
    c->takes_commands = exh_sg_answers(c->device.fd);
}

static void open_device(struct child *c, const char *path, struct exh_reader_reply *reply)
{
    reply->ok = exh_blockdev_open(path, &c->device, &reply->err);
    if (!reply->ok)
        return;
    (void)posix_fadvise(c->device.fd, 0, 0, POSIX_FADV_DONTNEED);
    (void)posix_fadvise(c->device.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    look_for_commands(c);
    if (c->device.bytes == 0 && !c->takes_commands) {
        (void)exh_fail(&reply->err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the kernel shows no readable sectors (no medium, or sectors of an odd size)");
        (void)exh_on_side(&reply->err, EXH_SIDE_SOURCE);
        reply->ok = exh_in_file(&reply->err, path);
        return;
    }
    reply->device = c->device;
    reply->takes_commands = c->takes_commands;
}

/* ---- answering ---- */

static bool inside(const struct child *c, const struct exh_reader_request *r)
{
    return r->at <= c->shared_bytes && r->length <= c->shared_bytes - r->at;
}

static bool due(struct child *c)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    bool yes = now.tv_sec != c->asked;
    c->asked = now.tv_sec;
    return yes;
}

/* What the drive says of this command; zeros when it says nothing, or speaks of an earlier one. */
static void sense_of(const struct exh_command_reply *reply, uint8_t out[3])
{
    memset(out, 0, 3);
    if (reply->sys == 0 && !exh_sense_is_deferred(reply->sense, reply->sense_length))
        exh_sense_of(reply->sense, reply->sense_length, out);
}

/* The block layer keeps the drive's own words to itself: one more attempt, as a command, brings them. It may also bring the sector. */
static void ask_for_sense(struct child *c, const struct exh_reader_request *r, struct exh_reader_outcome *out)
{
    struct exh_command_reply reply;
    uint32_t sector = c->device.logical_bytes;
    if (!c->takes_commands || r->length != sector || r->offset % sector != 0 || c->start_bytes % sector != 0 || !due(c))
        return;
    if (exh_sg_read(c->device.fd, (c->start_bytes + r->offset) / sector, c->shared + r->at, sector, &reply)) {
        out->healed = out->io.sys;
        out->io.sys = 0;
        out->io.good = sector;
    } else {
        sense_of(&reply, out->sense);
    }
}

static void read_range(struct child *c, const struct exh_reader_request *r, struct exh_reader_outcome *out)
{
    if (c->device.bytes == 0) { /* a SCSI generic device has another idea of read(2) */
        out->io.sys = EOPNOTSUPP;
        return;
    }
    out->io = exh_blockdev_read(&c->device, r->direct, r->offset, c->shared + r->at, r->length);
    if (r->sense && out->io.sys != 0)
        ask_for_sense(c, r, out);
}

/* False: the drive answers, but says that it cannot be read from, or it does not answer any more. */
static bool is_ready(struct child *c, struct exh_error *err)
{
    const struct exh_command_sent test_unit_ready = {.cdb_length = 6, .timeout_ms = READY_MS};
    struct exh_command_reply reply;
    uint8_t sense[3];
    for (unsigned tries = 0; tries < READY_TRIES; tries++) {
        exh_sg_send(c->device.fd, &test_unit_ready, NULL, 0, &reply);
        sense_of(&reply, sense);
        if (sense[0] != EXH_SENSE_NOT_READY || sense[1] != 0x04)
            break; /* 2/04 is "in process of becoming ready" and the like */
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    if (reply.sys == ENODEV || reply.sys == ENXIO)
        return exh_fail_sys(err, reply.sys, EXH_NO_OFFSET, "the device is gone");
    if (reply.sys == 0 && reply.host_status == 0x01) /* DID_NO_CONNECT */
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device is no longer connected");
    if (sense[0] == EXH_SENSE_NOT_READY && sense[1] == 0x3A)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "there is no medium in the drive");
    if (sense[0] == EXH_SENSE_NOT_READY)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the device says that it is not ready (sense 2/%02x/%02x)", sense[1], sense[2]);
    return true;
}

static void answer(struct child *c, const struct exh_reader_request *r, struct exh_reader_reply *reply)
{
    if (!inside(c, r))
        _exit(1);
    switch (r->ask) {
    case EXH_READER_READ: read_range(c, r, &reply->outcome); break;
    case EXH_READER_COMMAND: exh_sg_send(c->device.fd, &r->command, c->shared + r->at, (uint32_t)r->length, &reply->command); break;
    case EXH_READER_PRESENT: reply->ok = exh_blockdev_present(&c->device, &reply->err) && (!c->takes_commands || is_ready(c, &reply->err)); break;
    }
}

static void tell(const struct exh_reader_reply *reply)
{
    if (send(SOCKET, reply, sizeof *reply, MSG_NOSIGNAL) != (ssize_t)sizeof *reply)
        _exit(0);
}

/* A closed socket is the sign to leave. */
static void await(struct exh_reader_request *request)
{
    ssize_t n;
    do
        n = recv(SOCKET, request, sizeof *request, 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof *request)
        _exit(0);
}

_Noreturn void exh_reader_child_run(pid_t parent, int socket, const char *path, uint8_t *shared, size_t shared_bytes)
{
    struct child c = {.shared = shared, .shared_bytes = shared_bytes};
    struct exh_reader_request request;
    struct exh_reader_reply reply;
    leave_signals_to(parent);
    (void)prctl(PR_SET_NAME, "exhibit-reader");
    (void)prctl(PR_SET_DUMPABLE, 0); /* no core file with evidence in it */
    let_go_of_files(socket);
    memset(&reply, 0, sizeof reply);
    exh_error_clear(&reply.err);
    open_device(&c, path, &reply);
    reply.privileges = exh_confine();
    tell(&reply);
    for (;;) {
        await(&request);
        memset(&reply, 0, sizeof reply);
        exh_error_clear(&reply.err);
        answer(&c, &request, &reply);
        tell(&reply);
        /* What was read is not needed in the cache; dropped while the parent works on it. */
        if (request.ask == EXH_READER_READ && !request.direct)
            (void)posix_fadvise(c.device.fd, (off_t)request.offset, (off_t)request.length, POSIX_FADV_DONTNEED);
    }
}
