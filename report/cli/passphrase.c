/* passphrase.c - where a passphrase comes from. See passphrase.h. */
#include "report/cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "report/cli/args.h"

/* Until the end, or (at a terminal) the end of the line. */
static bool read_from(int fd, bool line, struct exh_passphrase *out, struct exh_error *err)
{
    out->length = 0;
    for (;;) {
        if (out->length == sizeof out->text)
            return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a passphrase of %zu bytes or more", sizeof out->text);
        ssize_t n = read(fd, out->text + out->length, sizeof out->text - out->length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot read the passphrase");
        out->length += (size_t)n;
        if (n == 0 || (line && out->text[out->length - 1] == '\n'))
            break;
    }
    if (out->length > 0 && out->text[out->length - 1] == '\n')
        out->length--;
    if (out->length > 0 && out->text[out->length - 1] == '\r')
        out->length--;
    return out->length > 0 || exh_fail(err, EXH_SECRET, EXH_NO_OFFSET, "the passphrase is empty");
}

static bool ask(struct exh_passphrase *out, struct exh_error *err)
{
    static const char question[] = "passphrase: ";
    struct termios before, silent;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0)
        return exh_fail(err, EXH_SECRET, EXH_NO_OFFSET,
                        "the image is encrypted: give --passphrase-file FILE or --passphrase-fd N (--input-format raw takes the container as it is)");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)!write(STDERR_FILENO, question, sizeof question - 1);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    bool ok = read_from(STDIN_FILENO, true, out, err);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)!write(STDERR_FILENO, "\n", 1);
    return ok;
}

static bool find(const struct exh_args *args, struct exh_passphrase *out, struct exh_error *err)
{
    const char *file = exh_arg(args, "--passphrase-file"), *number = exh_arg(args, "--passphrase-fd");
    uint64_t fd;
    if (file != NULL && number != NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--passphrase-file and --passphrase-fd are both given");
    if (number != NULL && (!exh_text_u64(number, &fd) || fd > INT_MAX))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--passphrase-fd %s is not a descriptor", number);
    if (number != NULL)
        return read_from((int)fd, false, out, err) || exh_context(err, "--passphrase-fd %s", number);
    if (file == NULL)
        return ask(out, err);
    if (strcmp(file, "-") == 0)
        return read_from(STDIN_FILENO, false, out, err);
    int opened = open(file, O_RDONLY | O_CLOEXEC);
    if (opened < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open") || exh_context(err, "--passphrase-file %s", file);
    bool ok = read_from(opened, false, out, err) || exh_context(err, "--passphrase-file %s", file);
    (void)close(opened);
    return ok;
}

static bool get(void *context, char *out, size_t room, size_t *length, struct exh_error *err)
{
    const struct exh_args *args = context;
    struct exh_passphrase *kept = args->passphrase;
    if (!kept->had && !find(args, kept, err))
        return false;
    kept->had = true;
    if (kept->length > room)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a passphrase of %zu bytes", kept->length);
    memcpy(out, kept->text, kept->length);
    *length = kept->length;
    return true;
}

struct exh_secret exh_passphrase_of(const struct exh_args *args) { return (struct exh_secret){.get = get, .context = (void *)(uintptr_t)args}; }
