/* nbd.h - an export of an NBD server as a medium: a disk in another machine, or one that a program serves.
 *
 * Only reads are sent, whether or not the server would take writes. Like a device (acquire/device.h), a failed read is a state and not the end:
 * ONCE makes one request of at most EXH_NBD_REQUEST_BYTES after the other and stops at the first that fails, whole, because an NBD error
 * has no good prefix; THOROUGH narrows down to single sectors (acquire/narrow.h). EIO, ENOMEM, EINVAL, ENOSPC, EOVERFLOW, ENOTSUP and EPERM are
 * failed ranges; ESHUTDOWN and a broken connection are not the sectors' fault: the connection is made again once in each read, to the same
 * export, or it is EXH_GONE. Blocks that are asked for one after the other are read ahead, EXH_NBD_AHEAD requests at a time; not so after errors. */
#ifndef EXH_ACQUIRE_NBD_H
#define EXH_ACQUIRE_NBD_H

#include "acquire/nbd_uri.h"
#include "verify/watch.h"

#define EXH_NBD_REQUEST_BYTES (1u << 20) /* or less, where the server says so */
#define EXH_NBD_AHEAD 4u

struct exh_nbd_options {
    uint32_t sector_bytes;         /* 0: 512, or the server's minimum block size when that is larger; otherwise a multiple of that minimum */
    const struct exh_watch *watch; /* warnings while the server does not answer, and the wish to stop; may be NULL; borrowed */
    uint32_t timeout_s;            /* EXH_TIMED_OUT when one request takes longer; 0: wait for ever */
    uint32_t warn_s;               /* warn each time a request has taken so long again; 0: 10 */
};

/* `name`: see nbd_uri.h. EXH_USAGE, EXH_NOT_FOUND (no such server or export), EXH_CANCELLED, EXH_TIMED_OUT, EXH_UNSUPPORTED, EXH_IO. A size that is
 * no multiple of the sector leaves a short last sector. Errors of read() are told by LBA, side source. */
struct exh_medium *exh_nbd_open(const char *name, const struct exh_nbd_options *options, struct exh_error *err);

/* Only sectors before this LBA will be wanted: nothing is read ahead from there on. It is no bound of what can be read. */
void exh_nbd_until(struct exh_medium *medium, uint64_t lba);

/* What the server said of the export at open. Borrowed, lives as long as the medium (one from exh_nbd_open). */
struct exh_nbd_facts;
const struct exh_nbd_facts *exh_nbd_facts(const struct exh_medium *medium);
/* What identifies it, as fields: bus "nbd", export (its name), model (its description, or its name); unknown ones are left out. */
EXH_MUST_CHECK bool exh_nbd_identity(const struct exh_medium *medium, struct exh_fields *out, struct exh_error *err);
/* Is it still the same export, by name, description, size and block size? Asked over a second connection; a server that takes only one at a
 * time is believed when the first still answers, with a warning. False and err EXH_GONE naming what changed. */
EXH_MUST_CHECK bool exh_nbd_same(struct exh_medium *medium, struct exh_error *err);

#endif
