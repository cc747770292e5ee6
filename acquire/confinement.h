/* confinement.h - what a process that holds a piece of evidence gives up, so that it can only read.
 *
 * Three locks, each of which may be refused by the kernel: the others still hold, and the report says which do.
 *   - no_new_privileges: PR_SET_NO_NEW_PRIVS; nothing it runs could gain more than it has.
 *   - capabilities_dropped: of a root process all but CAP_SYS_RAWIO, without which SG_IO sends only the kernel's own short list of commands.
 *   - seccomp: only the system calls that the reading loop needs. Opening is allowed O_RDONLY only, ioctl with the few codes that ask sizes, state
 *     and SCSI commands (the commands have a list of their own, transport.h); no write, no socket, no new process, no memory to execute. What is
 *     refused fails with EPERM. Not in sanitizer builds, whose runtime needs more, and not on processors without a list here.
 * Linux: prctl(2), capset(2), seccomp(2) mode 2. */
#ifndef EXH_ACQUIRE_CONFINEMENT_H
#define EXH_ACQUIRE_CONFINEMENT_H

#include <stdbool.h>

struct exh_reader_privileges {
    bool no_new_privileges, capabilities_dropped, seccomp;
};

/* For this process, for ever. Call it while there is one thread. */
struct exh_reader_privileges exh_confine(void);

#endif
