/* error.c - the error vocabulary. See error.h. */
#include "formats/model/error.h"

#include <errno.h>
#include <stdarg.h>

static void set_text(struct exh_error *err, enum exh_code code, int sys, uint64_t at, const char *fmt, va_list args) EXH_PRINTF(5, 0);

static void set_text(struct exh_error *err, enum exh_code code, int sys, uint64_t at, const char *fmt, va_list args)
{
    err->code = code;
    err->sys = sys;
    err->at = at;
    (void)vsnprintf(err->text, sizeof err->text, fmt, args);
}

bool exh_fail(struct exh_error *err, enum exh_code code, uint64_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set_text(err, code, 0, at, fmt, args);
    va_end(args);
    return false;
}

static enum exh_code code_of_errno(int sys)
{
    switch (sys) {
    case ENOSPC:
    case EFBIG:
    case EDQUOT: return EXH_NO_SPACE;
    case ENODEV:
    case ENXIO:
    case ENOMEDIUM: return EXH_GONE;
    case ENOMEM: return EXH_NOMEM;
    case ENOENT:
    case EACCES:
    case EPERM:
    case ENOTDIR:
    case ELOOP: return EXH_NOT_FOUND;
    case EEXIST: return EXH_REFUSED;
    case ENAMETOOLONG: return EXH_USAGE;
    default: return EXH_IO;
    }
}

bool exh_fail_sys(struct exh_error *err, int sys, uint64_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set_text(err, code_of_errno(sys), sys, at, fmt, args);
    va_end(args);
    size_t used = strlen(err->text);
    char reason[128];
    /* GNU strerror_r: the result may or may not be in the buffer. */
    (void)snprintf(err->text + used, sizeof err->text - used, ": %s", strerror_r(sys, reason, sizeof reason));
    return false;
}

bool exh_context(struct exh_error *err, const char *fmt, ...)
{
    char context[sizeof err->text], whole[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(context, sizeof context, fmt, args);
    va_end(args);
    int needed = snprintf(whole, sizeof whole, "%s: %s", context, err->text);
    /* When it no longer fits, the cause is worth more than the context. */
    if (needed > 0 && (size_t)needed < sizeof whole)
        memcpy(err->text, whole, sizeof whole);
    return false;
}

bool exh_in_file(struct exh_error *err, const char *file)
{
    if (err->file[0] == '\0' && file != NULL) {
        size_t length = strlen(file), room = sizeof err->file - 1;
        const char *tail = length > room ? file + (length - room) : file;
        memcpy(err->file, tail, strlen(tail) + 1);
    }
    return false;
}

bool exh_on_side(struct exh_error *err, enum exh_side side)
{
    if (err->side == EXH_SIDE_NONE)
        err->side = side;
    return false;
}

bool exh_nomem(struct exh_error *err, const char *what) { return exh_fail(err, EXH_NOMEM, EXH_NO_OFFSET, "out of memory for %s", what); }

void exh_error_clear(struct exh_error *err)
{
    memset(err, 0, sizeof *err);
    err->at = EXH_NO_OFFSET;
}

const char *exh_code_name(enum exh_code code)
{
    static const char *const names[] = {
        [EXH_OK] = "ok",
        [EXH_NOT_THIS_FORMAT] = "not-this-format",
        [EXH_CORRUPT] = "corrupt",
        [EXH_UNSUPPORTED] = "unsupported",
        [EXH_LIMIT] = "limit",
        [EXH_IO] = "io",
        [EXH_NO_SPACE] = "no-space",
        [EXH_GONE] = "gone",
        [EXH_TIMED_OUT] = "timed-out",
        [EXH_NOMEM] = "no-memory",
        [EXH_CANCELLED] = "cancelled",
        [EXH_USAGE] = "usage",
        [EXH_NOT_FOUND] = "not-found",
        [EXH_REFUSED] = "refused",
        [EXH_LOST] = "destination-lost-data",
        [EXH_SECRET] = "passphrase",
        [EXH_BUG] = "bug",
    };
    return (size_t)code < sizeof names / sizeof names[0] ? names[code] : "bug";
}
