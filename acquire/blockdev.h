/* blockdev.h - the system calls on one block device: open it read-only, ask its sizes, read it, see whether it is still there.
 *
 * Linux block layer: BLKGETSIZE64, BLKSSZGET, BLKPBSZGET, BLKROGET, BLKGETDISKSEQ. Nothing here can write: no descriptor is ever opened
 * but O_RDONLY. One thread at a time. */
#ifndef EXH_ACQUIRE_BLOCKDEV_H
#define EXH_ACQUIRE_BLOCKDEV_H

#include <stddef.h>

#include "formats/model/error.h"

struct exh_blockdev {
    int fd;     /* through the page cache */
    int direct; /* O_DIRECT, or -1 where the device refuses it */
    char *path; /* as given; owned */
    unsigned major, minor;
    uint64_t bytes;    /* BLKGETSIZE64 at open */
    uint64_t sequence; /* BLKGETDISKSEQ: another number after a change of medium; 0 where the kernel does not say (before 5.15) */
    uint32_t logical_bytes, physical_bytes;
    bool read_only; /* BLKROGET */
};

/* False and err with file and side set: EXH_UNSUPPORTED for what is not a block device or has no size or an odd sector size. */
EXH_MUST_CHECK bool exh_blockdev_open(const char *path, struct exh_blockdev *out, struct exh_error *err);
void exh_blockdev_close(struct exh_blockdev *device); /* also after a failed open */

struct exh_blockdev_outcome {
    size_t good; /* bytes read before it stopped */
    int sys;     /* why it stopped: an errno, or 0: all read, or (good < length) the device ended there */
    uint32_t milliseconds;
};
/* Reads on over short reads until all is there, an error or an end. EINTR and EAGAIN are not errors. `direct` wants a range and a buffer
 * aligned to logical_bytes. */
struct exh_blockdev_outcome exh_blockdev_read(const struct exh_blockdev *device, bool direct, uint64_t offset, void *buffer, size_t length);
/* Asks the open descriptor for its size and opens the path anew: false with EXH_GONE and the reason when either shows that the device or
 * its medium is not what was opened. An ejected disc still answers BLKGETSIZE64 with its old size; only the new open tells. */
EXH_MUST_CHECK bool exh_blockdev_present(const struct exh_blockdev *device, struct exh_error *err);

#endif
