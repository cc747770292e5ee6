/* scsi_disk.h - a disk as a medium by SCSI commands alone, for sectors that the block layer does not show.
 *
 * Disks formatted to 520 or 528 bytes a sector (storage arrays) are there for the kernel with size 0: only READ commands reach them. The medium is
 * one track of blocks of the device's own length, whatever it is, read by READ(10), and by READ(16) where the address needs it, in runs of 256 KiB.
 * Protection information (T10 PI) that such a disk may carry beside its blocks is not part of them and is not read.
 *
 * THOROUGH goes down to single blocks. ONCE: the good prefix is what arrived of a read that ended with status GOOD, and nothing of one that ended
 * with an error; the LBA in sense data is advice, and is never used. A failed read is a failed range whatever its sense key, since the address lies
 * inside the size told at open: ILLEGAL REQUEST 21/00 for a bad sector is seen in the field. Faults carry sense, milliseconds and attempt.
 * EXH_GONE, with the range left as it was: no medium (3A), a changed medium (28), a device that answers no more, another capacity than at open.
 * Sources: SBC-3 5.7-5.16, SPC-4, SAM-5. One thread at a time. */
#ifndef EXH_ACQUIRE_SCSI_DISK_H
#define EXH_ACQUIRE_SCSI_DISK_H

#include "acquire/scsi.h"
#include "formats/model/medium.h"

/* `name` is the file that errors name. `transport` belongs to the medium when this succeeds, and stays the caller's when it fails (NULL and err):
 * EXH_UNSUPPORTED when it is no disk or tells a capacity that no medium can have, EXH_IO or EXH_CORRUPT when it does not answer. */
struct exh_medium *exh_scsi_disk_open(struct exh_transport *transport, const char *name, struct exh_error *err);
/* Is it still there, with the capacity it had? False and EXH_GONE. `medium` must be one of exh_scsi_disk_open. */
EXH_MUST_CHECK bool exh_scsi_disk_present(struct exh_medium *medium, struct exh_error *err);

#endif
