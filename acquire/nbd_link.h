/* nbd_link.h - one connection to one export of an NBD server, over which nothing but reads is ever sent.
 *
 * The one door to libnbd. Requests are asynchronous: several may be under way, and waiting for one moves all of them. Whoever waits can be
 * stopped, is warned, and gives up after a time. TLS is as the URI says and never less: nbds: fails where the server offers none, nbd:
 * never asks for it. Resolving a host's name is getaddrinfo(3)'s, and cannot be stopped. One thread at a time.
 * Protocol: NetworkBlockDevice/nbd, doc/proto.md; a server has no errno of its own, only EPERM EIO ENOMEM EINVAL ENOSPC EOVERFLOW ENOTSUP
 * ESHUTDOWN. */
#ifndef EXH_ACQUIRE_NBD_LINK_H
#define EXH_ACQUIRE_NBD_LINK_H

#include "verify/watch.h"

#define EXH_NBD_STRING_BYTES 4097u /* doc/proto.md: no string is longer than 4096 bytes */

struct exh_nbd_facts {
    char name[EXH_NBD_STRING_BYTES];        /* of the export, UTF-8: the canonical one where the server tells it; may be empty */
    char description[EXH_NBD_STRING_BYTES]; /* may be empty */
    uint64_t bytes;
    uint32_t block_minimum, block_preferred, block_maximum; /* 0: not announced */
    bool read_only, multi_conn, tls;
};

struct exh_nbd_patience {
    const struct exh_watch *watch; /* may be NULL; borrowed */
    uint32_t timeout_s;            /* 0: for ever */
    uint32_t warn_s;               /* 0: never */
};

struct exh_nbd_link;

/* `uri` as exh_nbd_uri gives it. EXH_USAGE, EXH_NOT_FOUND (no such server or export), EXH_IO, EXH_CANCELLED, EXH_TIMED_OUT, EXH_NOMEM. */
struct exh_nbd_link *exh_nbd_link_open(const char *uri, const struct exh_nbd_patience *patience, struct exh_error *err);
const struct exh_nbd_facts *exh_nbd_link_facts(const struct exh_nbd_link *link); /* as of the handshake; borrowed */
/* Says goodbye when nothing is under way; never waits. The buffers of requests still under way are free when it returns. NULL-safe. */
void exh_nbd_link_close(struct exh_nbd_link *link);

/* One read. Must not move while it is under way. */
struct exh_nbd_request {
    uint64_t offset;
    uint32_t length;
    void *buffer;
    bool under_way;
    int sys;                        /* once it is done: 0, or the errno it failed with */
    uint64_t asked_us, answered_us; /* monotonic */
};

void exh_nbd_link_ask(struct exh_nbd_link *link, struct exh_nbd_request *request);
/* Until it is done, however it ends. False: it is still under way (EXH_CANCELLED, EXH_TIMED_OUT). */
EXH_MUST_CHECK bool exh_nbd_link_wait(struct exh_nbd_link *link, struct exh_nbd_request *request, const struct exh_nbd_patience *patience,
                                      struct exh_error *err);
/* NULL while the connection stands, otherwise why it does not. */
const char *exh_nbd_link_broken(const struct exh_nbd_link *link);
uint64_t exh_nbd_now_us(void);

#endif
