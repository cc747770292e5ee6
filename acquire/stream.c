/* stream.c - standard input as an endless medium. See stream.h. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "acquire/stream.h"

struct stream {
    struct exh_medium medium;
    /* `final` is beside `declared`, not written over it: blocks already handed out are being looked at by other threads. */
    struct exh_layout declared, final;
    int fd;
    const atomic_bool *cancel;
    bool ended;
    uint64_t sectors; /* given so far */
};

#define PATIENCE_MS 200 /* how long the wish to stop may go unnoticed while nothing comes */

/* Waits until there is something to read. A read that is under way cannot be stopped: the signal goes to whichever thread there is. */
static bool wait_for_data(const struct stream *s, struct exh_error *err)
{
    struct pollfd ready = {.fd = s->fd, .events = POLLIN};
    for (;;) {
        if (s->cancel != NULL && atomic_load_explicit(s->cancel, memory_order_relaxed))
            return exh_fail(err, EXH_CANCELLED, EXH_NO_OFFSET, "interrupted");
        int n = poll(&ready, 1, PATIENCE_MS);
        if (n > 0 || (n < 0 && errno != EINTR))
            return true; /* data, the end, or an error: read(2) tells */
    }
}

/* Fills the buffer as far as the stream goes; false on an error. */
static bool fill(struct stream *s, uint8_t *buffer, size_t length, size_t *good, struct exh_error *err)
{
    for (*good = 0; *good < length;) {
        if (!wait_for_data(s, err))
            return false;
        ssize_t n = read(s->fd, buffer + *good, length - *good);
        if (n == 0)
            return true;
        if (n > 0) {
            *good += (size_t)n;
        } else if (errno != EINTR && errno != EAGAIN) { /* EAGAIN: somebody left the descriptor non-blocking */
            return exh_fail_sys(err, errno, s->sectors * s->declared.tracks[0].main_bytes + *good, "standard input cannot be read");
        }
    }
    return true;
}

static void end_here(struct stream *s, uint64_t bytes)
{
    s->ended = true;
    exh_layout_disk(&s->final, bytes, s->declared.tracks[0].main_bytes);
}

static bool stream_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                        struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch, (void)faults;
    struct stream *s = (struct stream *)medium;
    uint32_t sector = s->declared.tracks[0].main_bytes;
    size_t length = (size_t)want->count * sector, good = 0;
    if (s->ended) {
        out->count = 0;
        return true;
    }
    if ((uint64_t)want->lba != s->sectors)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "standard input was asked for LBA %lld, but stands at %llu", (long long)want->lba,
                        (unsigned long long)s->sectors);
    if (!fill(s, out->main, length, &good, err))
        return false;
    if (good < length) {
        end_here(s, s->sectors * sector + good);
        out->track = &s->final.tracks[0];
    }
    out->count = (uint32_t)((good + sector - 1) / sector);
    memset(out->main + good, 0, (size_t)out->count * sector - good);
    memset(out->state, EXH_GOOD, out->count);
    s->sectors += out->count;
    return true;
}

static void stream_close(struct exh_medium *medium) { free(medium); }

static const struct exh_medium_ops stream_ops = {.read = stream_read, .close = stream_close};

struct exh_medium *exh_stream_open(int fd, uint32_t sector_bytes, const atomic_bool *cancel, struct exh_error *err)
{
    if (sector_bytes == 0 || sector_bytes > EXH_SECTOR_BYTES_MAX) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "a sector size of %u bytes", sector_bytes);
        return NULL;
    }
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)exh_nomem(err, "standard input");
        return NULL;
    }
    exh_layout_disk(&s->declared, EXH_SECTORS_UNKNOWN, sector_bytes);
    s->final = s->declared;
    s->fd = fd;
    s->cancel = cancel;
    s->medium = (struct exh_medium){.ops = &stream_ops, .format = "stdin", .layout = &s->declared, .endless = true, .unit_sectors = 1};
    return &s->medium;
}

void exh_stream_final(const struct exh_medium *medium, struct exh_layout *out) { *out = ((const struct stream *)medium)->final; }
