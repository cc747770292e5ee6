/* error.h - how anything in exhibit says that it cannot go on.
 *
 * The caller owns the error and never passes NULL; nothing here allocates. The function that detects
 * the failure sets it once; functions further out only prefix context, so the first cause is never lost.
 * An unreadable sector is not an error but a state (sectors.h); an error means "cannot go on".
 * Threads: an exh_error belongs to one thread at a time. */
#ifndef EXH_FORMATS_MODEL_ERROR_H
#define EXH_FORMATS_MODEL_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/model/banned.h"

#define EXH_MUST_CHECK __attribute__((warn_unused_result))
#define EXH_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define EXH_CLEANUP(f) __attribute__((cleanup(f)))

enum exh_code {
    EXH_OK = 0,
    EXH_NOT_THIS_FORMAT, /* not mine: try the next format */
    EXH_CORRUPT,         /* mine and broken: stop and say where */
    EXH_UNSUPPORTED,     /* valid, but a feature that is refused by name */
    EXH_LIMIT,           /* a stated bound was exceeded */
    EXH_IO,              /* the operating system refused a read or write */
    EXH_NO_SPACE,        /* ENOSPC, EFBIG, EDQUOT */
    EXH_GONE,            /* a device or file vanished or shrank while it was read */
    EXH_TIMED_OUT,       /* a device did not answer in the time it was given */
    EXH_NOMEM,
    EXH_CANCELLED, /* the user asked to stop */
    EXH_USAGE,     /* the request makes no sense */
    EXH_NOT_FOUND, /* no such file, or no permission to open it: errno is in sys */
    EXH_REFUSED,   /* a guard refused: destination on the source, file exists, ... */
    EXH_SECRET,    /* the image is encrypted, and the passphrase is missing or wrong */
    EXH_LOST,      /* the destination did not keep what was written to it */
    EXH_BUG        /* an invariant of ours broke */
};

enum exh_side { EXH_SIDE_NONE, EXH_SIDE_SOURCE, EXH_SIDE_DESTINATION, EXH_SIDE_LEDGER };

#define EXH_NO_OFFSET UINT64_MAX

struct exh_error {
    enum exh_code code;
    enum exh_side side;
    int sys;        /* errno, or 0 */
    uint64_t at;    /* byte offset in `file`, or EXH_NO_OFFSET */
    char file[256]; /* the file it happened in, its tail if longer; empty when none */
    char text[512];
};

/* Sets code, offset and text. Always false: `return exh_fail(err, ...)`. */
bool exh_fail(struct exh_error *err, enum exh_code code, uint64_t at, const char *fmt, ...) EXH_PRINTF(4, 5);
/* The same from an errno: chooses EXH_NO_SPACE, EXH_GONE, EXH_NOMEM, EXH_NOT_FOUND, EXH_REFUSED, EXH_USAGE or EXH_IO by it, keeps it in
 * `sys` and appends its text. */
bool exh_fail_sys(struct exh_error *err, int sys, uint64_t at, const char *fmt, ...) EXH_PRINTF(4, 5);
/* Prefixes "context: ". Always false. */
bool exh_context(struct exh_error *err, const char *fmt, ...) EXH_PRINTF(2, 3);
/* Names the file, or the side, unless an inner function already did. Always false. */
bool exh_in_file(struct exh_error *err, const char *file);
bool exh_on_side(struct exh_error *err, enum exh_side side);
bool exh_nomem(struct exh_error *err, const char *what);
void exh_error_clear(struct exh_error *err);
/* A stable lower-case word for the code ("corrupt", "no-space"): the `code` key of JSON errors. */
const char *exh_code_name(enum exh_code code);

#endif
