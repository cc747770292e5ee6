/* nbd_uri.h - how users name an export of an NBD server.
 *
 * A URI (NetworkBlockDevice/nbd, doc/uri.md): nbd://HOST[:PORT]/EXPORT, nbd+unix:///EXPORT?socket=PATH, nbd+vsock://CID[:PORT]/EXPORT, and the
 * same with nbds for TLS. Or as QEMU has it: nbd:HOST:PORT[:exportname=EXPORT] and nbd:unix:PATH[:exportname=EXPORT].
 * A file whose name begins like that is reached as ./NAME. */
#ifndef EXH_ACQUIRE_NBD_URI_H
#define EXH_ACQUIRE_NBD_URI_H

#include "formats/model/error.h"

/* By its first characters only; whether it can be understood, exh_nbd_uri says. */
bool exh_nbd_is_uri(const char *text);
/* The URI that names the same export; a new string. NULL: EXH_USAGE when it is neither form, or no memory. */
char *exh_nbd_uri(const char *text, struct exh_error *err);

#endif
