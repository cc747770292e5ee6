/* reader.h - the reading side: a small process of its own that holds the device, opened read-only, and can hang without taking the rest along.
 *
 * exh_reader_open forks (call it before any thread is started, from the thread that lives longest: the child dies with it). The child opens the node
 * O_RDONLY, gives up what confinement.h lists, and answers requests one at a time over a socket: read a range into shared memory, ask whether the
 * device is still there, send a command of the read-only list. A device that hangs leaves the child in state D, where no signal reaches it; the
 * parent goes on, warns, honours cancel and the time limit, and can leave: the child dies when its call returns. It holds none of the parent's other
 * files open, nor its standard streams, so that nobody waits for it.
 *
 * Where the kernel shows no sectors (`bytes` of the facts is 0: blockdev.h), there is nothing to read, and the reader serves commands alone. Linux:
 * prctl(PR_SET_PDEATHSIG), capset(2), seccomp(2). One thread at a time. */
#ifndef EXH_ACQUIRE_READER_H
#define EXH_ACQUIRE_READER_H

#include <sys/types.h>

#include "acquire/blockdev.h"
#include "acquire/confinement.h"
#include "acquire/transport.h"
#include "verify/watch.h"

struct exh_reader;

struct exh_reader_options {
    const struct exh_watch *watch; /* warnings while the device does not answer, and the wish to stop; may be NULL; borrowed; has a turn */
    uint32_t timeout_s;            /* give the device up when one request takes longer; 0: wait for ever */
    uint32_t warn_s;               /* warn each time a request has taken so long again; 0: 10 */
    uint32_t sector_bytes;         /* what an LBA in a warning counts; 0: the device's own */
};

/* The same errors as exh_blockdev_open, and those of exh_reader_read: opening, too, may hang. EXH_UNSUPPORTED for what has neither sectors to read
 * nor takes commands. `facts` gets what the child found at open (fd and
 * direct are -1: they are the child's); the caller closes it. */
struct exh_reader *exh_reader_open(const char *path, const struct exh_reader_options *options, struct exh_blockdev *facts, struct exh_error *err);

/* Memory shared with the child, in which reads need no copy; 4096-aligned. NULL: none left (read elsewhere, it is copied). It goes back with the
 * reader, or earlier: when every room was released, all of it is free again, and what it held is gone. */
void *exh_reader_room(struct exh_reader *reader, size_t bytes);
void exh_reader_room_release(struct exh_reader *reader, void *room);

struct exh_reader_outcome {
    struct exh_blockdev_outcome io; /* good, sys, micros */
    uint8_t sense[3];               /* of a failed read, where it was wanted and could be asked; zeros otherwise */
    int healed;                     /* the errno of the read, when the command that asked for sense read the sector after all: io says good */
};
/* `sense`: worth one more attempt at the sector, if the range is one sector and fails, and none was made in the last second.
 * False: no outcome at all. EXH_CANCELLED; EXH_TIMED_OUT past timeout_s; EXH_GONE when the child died. After each of these the reader is of no more
 * use: every later call fails with the same error. */
EXH_MUST_CHECK bool exh_reader_read(struct exh_reader *reader, bool direct, bool sense, uint64_t offset, void *buffer, size_t length,
                                    struct exh_reader_outcome *out, struct exh_error *err);
/* exh_blockdev_present in the child, and TEST UNIT READY where the device takes commands. */
EXH_MUST_CHECK bool exh_reader_present(struct exh_reader *reader, struct exh_error *err);
/* Commands through the child; borrowed, closed with the reader. At most EXH_READER_COMMAND_BYTES come back from one. NULL where the node takes none.
 */
#define EXH_READER_COMMAND_BYTES (1u << 20)
struct exh_transport *exh_reader_transport(struct exh_reader *reader);
/* What the child gave up, and who it is. */
struct exh_reader_privileges exh_reader_privileges(const struct exh_reader *reader);
pid_t exh_reader_process(const struct exh_reader *reader);
/* Does not wait for a child that hangs. NULL-safe. */
void exh_reader_close(struct exh_reader *reader);

#endif
