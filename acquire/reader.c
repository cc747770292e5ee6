/* reader.c - the parent's side: fork, ask, wait, leave. See reader.h; the other side is reader_child.c. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "acquire/reader_child.h"
#include "formats/model/text.h"

#define SHARED_BYTES (64u << 20) /* address space: pages come as they are used. The pipeline's ring is 48 MiB at most */
#define BOUNCE_BYTES (1u << 20)  /* the first of it: what is read for other memory, and what commands bring */
#define ROOM_ALIGNMENT 4096u
#define STEP_MS 100 /* how long the wish to stop may go unnoticed while the device does not answer */
#define WARN_S 10u
#define LEAVE_STEPS 1000 /* of a millisecond: how long a child that has nothing to do may take to end */

struct exh_reader {
    struct exh_transport transport; /* first: ops->send finds the reader by it */
    pid_t child;
    int socket;
    uint8_t *shared;
    size_t room_used; /* behind the bounce */
    unsigned rooms;   /* handed out and not yet back */
    struct exh_reader_options options;
    uint32_t sector_bytes;
    char *path;
    bool takes_commands;
    struct exh_reader_privileges privileges;
    bool lost; /* no more answers to be had: why */
    struct exh_error why;
};

/* ---- waiting ---- */

/* Every later call gets the same answer. */
static bool give_up(struct exh_reader *r, struct exh_error *err)
{
    (void)exh_on_side(err, EXH_SIDE_SOURCE);
    (void)exh_in_file(err, r->path);
    r->lost = true;
    r->why = *err;
    return false;
}

/* Waits up to a second for the child's end. False: it has not ended; true with *status, or -1 when somebody else took it. */
static bool reap(struct exh_reader *r, int *status)
{
    for (int i = 0; r->child > 0 && i < LEAVE_STEPS; i++) {
        pid_t ended = waitpid(r->child, status, WNOHANG);
        if (ended == 0 || (ended < 0 && errno == EINTR)) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
            continue;
        }
        if (ended < 0)
            *status = -1;
        r->child = 0;
        return true;
    }
    return false;
}

static bool child_ended(struct exh_reader *r, struct exh_error *err)
{
    int status = -1;
    bool ended = reap(r, &status);
    if (ended && status != -1 && WIFSIGNALED(status))
        (void)exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the reading process was killed by signal %d", WTERMSIG(status));
    else if (ended && status != -1)
        (void)exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the reading process ended by itself (status %d)", WEXITSTATUS(status));
    else
        (void)exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the reading process is gone");
    return give_up(r, err);
}

/* What the device is busy with, for people: "reading LBA 2048". */
static void describe(const struct exh_reader *r, const struct exh_reader_request *request, char *out, size_t room)
{
    if (request == NULL)
        (void)snprintf(out, room, "opening it");
    else if (request->ask == EXH_READER_READ)
        (void)snprintf(out, room, "reading LBA %llu", (unsigned long long)(request->offset / r->sector_bytes));
    else
        (void)snprintf(out, room, "%s", request->ask == EXH_READER_PRESENT ? "asking whether it is there" : "sending it a command");
}

/* Between two steps without an answer. False: enough waited. */
static bool go_on_waiting(struct exh_reader *r, const struct exh_reader_request *request, uint64_t waited_ms, uint64_t *warned_s,
                          struct exh_error *err)
{
    uint64_t warn_s = r->options.warn_s != 0 ? r->options.warn_s : WARN_S, waited_s = waited_ms / 1000;
    uint64_t at = request != NULL && request->ask == EXH_READER_READ ? request->offset : EXH_NO_OFFSET;
    char what[64];
    describe(r, request, what, sizeof what);
    if (exh_watch_cancelled(r->options.watch)) {
        (void)exh_fail(err, EXH_CANCELLED, at, "interrupted while the device did not answer (%s)", what);
        return give_up(r, err);
    }
    if (r->options.timeout_s != 0 && waited_s >= r->options.timeout_s) {
        (void)exh_fail(err, EXH_TIMED_OUT, at, "the device has not answered for %llu s (%s): given up", (unsigned long long)waited_s, what);
        return give_up(r, err);
    }
    if (waited_s >= *warned_s + warn_s) {
        *warned_s = waited_s;
        exh_watch_warn(r->options.watch, "%s: the device has not answered for %llu s (%s)", r->path, (unsigned long long)waited_s, what);
    }
    return true;
}

/* The reply to this request; NULL: to being started. */
static bool await(struct exh_reader *r, const struct exh_reader_request *request, struct exh_reader_reply *reply, struct exh_error *err)
{
    struct pollfd ready = {.fd = r->socket, .events = POLLIN};
    uint64_t waited_ms = 0, warned_s = 0; /* in steps, so that time in which both processes were stopped does not count */
    int n;
    while ((n = poll(&ready, 1, STEP_MS)) <= 0) {
        waited_ms += n == 0 ? STEP_MS : 0;
        if (n == 0 && !go_on_waiting(r, request, waited_ms, &warned_s, err))
            return false;
    }
    return recv(r->socket, reply, sizeof *reply, 0) == (ssize_t)sizeof *reply || child_ended(r, err);
}

static bool ask(struct exh_reader *r, const struct exh_reader_request *request, struct exh_reader_reply *reply, struct exh_error *err)
{
    if (r->lost) {
        *err = r->why;
        return false;
    }
    if (send(r->socket, request, sizeof *request, MSG_NOSIGNAL) != (ssize_t)sizeof *request)
        return child_ended(r, err);
    return await(r, request, reply, err);
}

/* ---- requests ---- */

static bool is_room(const struct exh_reader *r, const uint8_t *p, size_t length)
{
    return (uintptr_t)p >= (uintptr_t)r->shared && (uintptr_t)p - (uintptr_t)r->shared <= SHARED_BYTES &&
           length <= SHARED_BYTES - ((uintptr_t)p - (uintptr_t)r->shared);
}

static bool read_into_shared(struct exh_reader *r, struct exh_reader_request *request, struct exh_reader_outcome *out, struct exh_error *err)
{
    struct exh_reader_reply reply;
    if (!ask(r, request, &reply, err))
        return false;
    *out = reply.outcome;
    return out->io.good <= request->length || exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "the reading process read more than it was asked for");
}

bool exh_reader_read(struct exh_reader *reader, bool direct, bool sense, uint64_t offset, void *buffer, size_t length, struct exh_reader_outcome *out,
                     struct exh_error *err)
{
    struct exh_reader_request request = {.ask = EXH_READER_READ, .direct = direct, .sense = sense, .offset = offset, .length = length};
    uint8_t *to = buffer;
    if (is_room(reader, to, length)) {
        request.at = (size_t)(to - reader->shared);
        return read_into_shared(reader, &request, out, err);
    }
    uint64_t micros = 0;
    memset(out, 0, sizeof *out);
    for (size_t done = 0; done < length;) {
        request.length = length - done < BOUNCE_BYTES ? length - done : BOUNCE_BYTES;
        request.offset = offset + done;
        if (!read_into_shared(reader, &request, out, err))
            return false;
        memcpy(to + done, reader->shared, out->io.good);
        micros += out->io.micros;
        done += out->io.good;
        out->io.good = done;
        out->io.micros = micros;
        if (done < length && (out->io.sys != 0 || done % request.length != 0))
            break;
    }
    return true;
}

bool exh_reader_present(struct exh_reader *reader, struct exh_error *err)
{
    const struct exh_reader_request request = {.ask = EXH_READER_PRESENT};
    struct exh_reader_reply reply;
    if (!ask(reader, &request, &reply, err))
        return false;
    if (!reply.ok)
        *err = reply.err;
    return reply.ok;
}

static bool reader_send(struct exh_transport *transport, const struct exh_command_sent *command, void *in, uint32_t in_length,
                        struct exh_command_reply *out, struct exh_error *err)
{
    struct exh_reader *r = (struct exh_reader *)transport;
    const struct exh_reader_request request = {.ask = EXH_READER_COMMAND, .length = in_length, .command = *command};
    struct exh_reader_reply reply;
    if (in_length > EXH_READER_COMMAND_BYTES)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a command that asks for %u bytes", in_length);
    memset(r->shared, 0, in_length);
    if (!ask(r, &request, &reply, err))
        return false;
    *out = reply.command;
    if (in_length > 0)
        memcpy(in, r->shared, in_length);
    return true;
}

static void reader_keep(struct exh_transport *transport) { (void)transport; } /* it is the reader's, and closed with it */

static const struct exh_transport_ops transport_ops = {.send = reader_send, .close = reader_keep};

struct exh_transport *exh_reader_transport(struct exh_reader *reader) { return reader->takes_commands ? &reader->transport : NULL; }

struct exh_reader_privileges exh_reader_privileges(const struct exh_reader *reader) { return reader->privileges; }

pid_t exh_reader_process(const struct exh_reader *reader) { return reader->child; }

/* ---- rooms ---- */

void *exh_reader_room(struct exh_reader *reader, size_t bytes)
{
    size_t left = SHARED_BYTES - BOUNCE_BYTES - reader->room_used;
    if (bytes == 0 || bytes > left)
        return NULL;
    uint8_t *room = reader->shared + BOUNCE_BYTES + reader->room_used;
    size_t rounded = (bytes + ROOM_ALIGNMENT - 1) / ROOM_ALIGNMENT * ROOM_ALIGNMENT;
    reader->room_used += rounded < left ? rounded : left;
    reader->rooms++;
    return room;
}

void exh_reader_room_release(struct exh_reader *reader, void *room)
{
    if (room == NULL || --reader->rooms > 0)
        return;
    /* The last one: the pages go back to the system, or they would be held through the read-back, which has a ring of its own. */
    (void)madvise(reader->shared + BOUNCE_BYTES, reader->room_used, MADV_REMOVE);
    reader->room_used = 0;
}

/* ---- open and close ---- */

static bool start_child(struct exh_reader *r, struct exh_error *err)
{
    int pair[2];
    pid_t parent = getpid();
    void *shared = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shared == MAP_FAILED)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "no memory to share with the reading process");
    r->shared = shared;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "no socket to the reading process");
    r->child = fork();
    if (r->child == 0)
        exh_reader_child_run(parent, pair[1], r->path, r->shared, SHARED_BYTES);
    int sys = errno;
    (void)close(pair[1]);
    r->socket = pair[0];
    return r->child > 0 || exh_fail_sys(err, sys, EXH_NO_OFFSET, "the reading process cannot be started");
}

static bool take_facts(struct exh_reader *r, struct exh_blockdev *facts, struct exh_error *err)
{
    struct exh_reader_reply reply;
    if (!await(r, NULL, &reply, err))
        return false;
    if (!reply.ok) {
        *err = reply.err;
        return false;
    }
    *facts = reply.device;
    facts->fd = facts->direct = -1;
    facts->path = exh_text_copy(r->path, strlen(r->path));
    r->sector_bytes = r->options.sector_bytes != 0 ? r->options.sector_bytes : facts->logical_bytes != 0 ? facts->logical_bytes : 1;
    r->takes_commands = reply.takes_commands;
    r->privileges = reply.privileges;
    return facts->path != NULL || exh_nomem(err, "a device");
}

struct exh_reader *exh_reader_open(const char *path, const struct exh_reader_options *options, struct exh_blockdev *facts, struct exh_error *err)
{
    memset(facts, 0, sizeof *facts);
    facts->fd = facts->direct = -1;
    struct exh_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)exh_nomem(err, "a reader");
        return NULL;
    }
    r->socket = -1;
    r->transport.ops = &transport_ops;
    r->options = *options;
    r->path = exh_text_copy(path, strlen(path));
    bool ok = r->path != NULL || exh_nomem(err, "a reader");
    if (ok && options->watch != NULL && options->watch->event != NULL && options->watch->turn == NULL)
        ok = exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a device's warnings come beside the pipeline's: its watch needs a turn");
    if (ok && start_child(r, err) && take_facts(r, facts, err))
        return r;
    exh_reader_close(r);
    return NULL;
}

/* A child that hangs gets the signal when its call returns, and is somebody else's to reap then. */
static void leave_child(struct exh_reader *r)
{
    int status;
    if (r->child <= 0)
        return;
    if (!r->lost) {
        (void)reap(r, &status);
        return;
    }
    (void)kill(r->child, SIGKILL);
    (void)waitpid(r->child, &status, WNOHANG);
}

void exh_reader_close(struct exh_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->socket >= 0)
        (void)close(reader->socket);
    leave_child(reader);
    if (reader->shared != NULL)
        (void)munmap(reader->shared, SHARED_BYTES);
    free(reader->path);
    free(reader);
}
