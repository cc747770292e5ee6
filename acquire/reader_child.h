/* reader_child.h - the reading process, and what the parent and it say to each other.
 *
 * Over a SOCK_SEQPACKET pair go a request and its reply in turn, after a first reply unasked: how the opening went. Data lies in memory that both
 * map; requests say where. Both sides are one program, so the structs go as they are. The child parses nothing but requests and sense data. */
#ifndef EXH_ACQUIRE_READER_CHILD_H
#define EXH_ACQUIRE_READER_CHILD_H

#include "acquire/reader.h"

enum exh_reader_ask { EXH_READER_READ, EXH_READER_PRESENT, EXH_READER_COMMAND };

struct exh_reader_request {
    enum exh_reader_ask ask;
    bool direct, sense;
    uint64_t offset;   /* on the device */
    size_t at, length; /* in the shared memory */
    struct exh_command_sent command;
};

struct exh_reader_reply {
    bool ok; /* of opening and PRESENT; otherwise err says why not */
    struct exh_error err;
    struct exh_reader_outcome outcome;
    struct exh_command_reply command;
    /* of opening */
    struct exh_blockdev device; /* its pointers and descriptors mean nothing here */
    struct exh_reader_privileges privileges;
    bool takes_commands;
};

/* In the forked process: opens the path, answers until the socket closes, exits. `parent` is who forked: when it is gone, so is this. */
_Noreturn void exh_reader_child_run(pid_t parent, int socket, const char *path, uint8_t *shared, size_t shared_bytes);

#endif
