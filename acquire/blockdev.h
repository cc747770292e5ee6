/* blockdev.h - the system calls on one device: open it read-only, ask its sizes, read it, see whether it is still there.
 *
 * Any of these calls may hang with the device; reading is done in a process of its own (reader.h). Linux block layer: BLKGETSIZE64, BLKSSZGET,
 * BLKPBSZGET, BLKROGET, BLKGETDISKSEQ; CDROM_DRIVE_STATUS. Nothing here can write: no descriptor is ever opened but O_RDONLY. One thread at a time.
 *
 * A disk whose sectors the kernel does not show (520 or 528 bytes) is a block device of size 0; and every SCSI device is also there as a SCSI generic
 * character device, /dev/sgN, which takes commands and nothing else. Both open here with `bytes` 0: not to be read, but to be sent commands. */
#ifndef EXH_ACQUIRE_BLOCKDEV_H
#define EXH_ACQUIRE_BLOCKDEV_H

#include <stddef.h>
#include <sys/types.h>

#include "formats/model/error.h"

struct exh_blockdev {
    int fd;     /* through the page cache */
    int direct; /* O_DIRECT, or -1 where the device refuses it */
    char *path; /* as given; owned */
    unsigned major, minor;
    bool generic;      /* a SCSI generic character device */
    uint64_t bytes;    /* BLKGETSIZE64 at open; 0: the kernel shows no sectors, the sector sizes are 0, too */
    uint64_t sequence; /* BLKGETDISKSEQ: another number after a change of medium; 0 where the kernel does not say (before 5.15) */
    uint32_t logical_bytes, physical_bytes;
    bool read_only; /* BLKROGET */
};

/* Can a node of this kind be opened here at all? */
bool exh_blockdev_is(mode_t mode, dev_t device);
/* False and err with file and side set: EXH_UNSUPPORTED for another kind of node or an odd sector size; EXH_GONE for a drive without a disc, whose
 * tray is left as it is. */
EXH_MUST_CHECK bool exh_blockdev_open(const char *path, struct exh_blockdev *out, struct exh_error *err);
void exh_blockdev_close(struct exh_blockdev *device); /* also after a failed open */

struct exh_blockdev_outcome {
    size_t good; /* bytes read before it stopped */
    int sys;     /* why it stopped: an errno, or 0: all read, or (good < length) the device ended there */
    uint64_t micros;
};
/* Reads on over short reads until all is there, an error or an end. EINTR and EAGAIN are not errors. `direct`: past the page cache with O_DIRECT;
 * where the device has none, or range and buffer are not aligned to logical_bytes, through the cache after what it held of the range was dropped. */
struct exh_blockdev_outcome exh_blockdev_read(struct exh_blockdev *device, bool direct, uint64_t offset, void *buffer, size_t length);
/* Asks the open descriptor for its size, an optical drive for its state, and opens the path anew: false with EXH_GONE and the reason when one of
 * them shows that the device or its medium is not what was opened. An ejected disc still answers BLKGETSIZE64 with its old size; only the new
 * open tells. A path that may no longer be opened, because privileges were given up meanwhile, tells nothing. */
EXH_MUST_CHECK bool exh_blockdev_present(const struct exh_blockdev *device, struct exh_error *err);

#endif
