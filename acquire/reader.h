/* reader.h - the reading side: a small process of its own that holds the device, opened read-only, and can hang without taking the rest along.
 *
 * exh_reader_open forks (call it before any thread is started). The child opens the node O_RDONLY, gives up every capability but CAP_SYS_RAWIO and every
 * privilege to gain new ones, and answers requests one at a time over a socket: read a range into shared memory, ask presence and sizes, send
 * a command of the read-only list. A device that hangs leaves the child in state D, where no signal reaches it; the parent goes on, warns,
 * honours cancel and the time limit, and can leave: the child dies when its call returns and it finds the socket closed.
 * Linux: prctl(PR_SET_PDEATHSIG), capset(2), memfd_create(2). One thread at a time. */
#ifndef EXH_ACQUIRE_READER_H
#define EXH_ACQUIRE_READER_H

#include "acquire/blockdev.h"
#include "acquire/transport.h"
#include "verify/watch.h"

struct exh_reader;

struct exh_reader_options {
    const struct exh_watch *watch; /* warnings while the device does not answer, and the wish to stop; may be NULL; borrowed */
    uint32_t timeout_s;            /* give the device up when one request takes longer; 0: wait for ever */
    uint32_t warn_s;               /* warn each time a request has taken so long again; 0: 10 */
};

/* The same errors as exh_blockdev_open. `facts` gets what the child found at open (fd and direct are -1: they are the child's). */
struct exh_reader *exh_reader_open(const char *path, const struct exh_reader_options *options, struct exh_blockdev *facts, struct exh_error *err);

/* Memory shared with the child, in which reads need no copy; 4096-aligned, freed with the reader. NULL: none left (read elsewhere, it is copied). */
void *exh_reader_room(struct exh_reader *reader, size_t bytes);

struct exh_reader_outcome {
    struct exh_blockdev_outcome io; /* good, sys, milliseconds */
    uint32_t micros;
    uint8_t sense[3]; /* of a failed read, where it could be asked */
};
/* False: no outcome at all. EXH_CANCELLED; EXH_TIMED_OUT past timeout_s; EXH_GONE when the child died. */
EXH_MUST_CHECK bool exh_reader_read(struct exh_reader *reader, bool direct, uint64_t offset, void *buffer, size_t length, struct exh_reader_outcome *out,
                                    struct exh_error *err);
/* exh_blockdev_present in the child. */
EXH_MUST_CHECK bool exh_reader_present(struct exh_reader *reader, struct exh_error *err);
/* Commands through the child; borrowed, closed with the reader. NULL where the node takes none. */
struct exh_transport *exh_reader_transport(struct exh_reader *reader);
/* Closes the socket and does not wait for a child that hangs. NULL-safe. */
void exh_reader_close(struct exh_reader *reader);

#endif
