/* fail_nth.c - a library to preload, in which the nth call of one kind fails.
 *
 *     LD_PRELOAD=libfail_nth.so FAIL_CALL=KIND FAIL_NTH=N [FAIL_ERRNO=E] [FAIL_ON=1] [FAIL_KILL=1] [FAIL_SIGNAL=N] [FAIL_COUNT=FILE] program ...
 *
 * KIND is write (and pwrite), fsync, rename (and link), create (open with O_CREAT), mkdir, unlink (and rmdir), truncate or malloc (and its kin); any
 * is all of them but malloc. FAIL_ON: every call from the nth on fails. FAIL_KILL: the process is killed before the call. FAIL_SIGNAL: it gets
 * this signal before the call, which is made all the same. FAIL_COUNT gets the number
 * of calls there were, in decimal, when the program exits. Calls that the C library makes inside itself are not seen. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *kind, *count_file;
static unsigned long nth;
static bool from_then_on, kills;
static int sys = EIO, sends; /* a signal; 0: none */
static atomic_ulong calls;

__attribute__((constructor)) static void begin(void)
{
    const char *n = getenv("FAIL_NTH"), *e = getenv("FAIL_ERRNO");
    nth = n != NULL ? strtoul(n, NULL, 10) : 0;
    sys = e != NULL ? atoi(e) : EIO;
    from_then_on = getenv("FAIL_ON") != NULL;
    kills = getenv("FAIL_KILL") != NULL;
    sends = getenv("FAIL_SIGNAL") != NULL ? atoi(getenv("FAIL_SIGNAL")) : 0;
    count_file = getenv("FAIL_COUNT");
    kind = getenv("FAIL_CALL");
}

__attribute__((destructor)) static void end(void)
{
    char digits[24], *p = digits + sizeof digits;
    unsigned long n = atomic_load(&calls);
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    if (count_file == NULL)
        return;
    long fd = syscall(SYS_openat, AT_FDCWD, count_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)syscall(SYS_write, fd, p, (size_t)(digits + sizeof digits - p));
    (void)syscall(SYS_close, fd);
}

static bool fails(const char *call)
{
    if (kind == NULL || (strcmp(kind, call) != 0 && (strcmp(kind, "any") != 0 || strcmp(call, "malloc") == 0)))
        return false;
    unsigned long n = atomic_fetch_add(&calls, 1) + 1;
    if (nth == 0 || (from_then_on ? n < nth : n != nth))
        return false;
    if (kills)
        (void)kill(getpid(), SIGKILL);
    if (sends != 0) {
        (void)kill(getpid(), sends);
        return false;
    }
    errno = strcmp(call, "malloc") == 0 ? ENOMEM : sys;
    return true;
}

ssize_t write(int fd, const void *data, size_t length) { return fails("write") ? -1 : syscall(SYS_write, fd, data, length); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return fails("write") ? -1 : syscall(SYS_pwrite64, fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off_t at) { return fails("write") ? -1 : syscall(SYS_pwrite64, fd, data, length, at); }
int fsync(int fd) { return fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return fails("fsync") ? -1 : (int)syscall(SYS_fdatasync, fd); }
int ftruncate(int fd, off_t size) { return fails("truncate") ? -1 : (int)syscall(SYS_ftruncate, fd, size); }
int ftruncate64(int fd, off_t size) { return fails("truncate") ? -1 : (int)syscall(SYS_ftruncate, fd, size); }
int unlink(const char *path) { return fails("unlink") ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return fails("unlink") ? -1 : (int)syscall(SYS_unlinkat, folder, path, flags); }
int rmdir(const char *path) { return fails("unlink") ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR); }
int mkdir(const char *path, mode_t mode) { return fails("mkdir") ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode); }
int linkat(int from, const char *a, int to, const char *b, int flags)
{
    return fails("rename") ? -1 : (int)syscall(SYS_linkat, from, a, to, b, flags);
}
int rename(const char *a, const char *b) { return fails("rename") ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 0); }
int renameat(int from, const char *a, int to, const char *b) { return fails("rename") ? -1 : (int)syscall(SYS_renameat2, from, a, to, b, 0); }
int renameat2(int from, const char *a, int to, const char *b, unsigned flags)
{
    return fails("rename") ? -1 : (int)syscall(SYS_renameat2, from, a, to, b, flags);
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    return (flags & O_CREAT) != 0 && fails("create") ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define MODE(last)                                                                                                                                   \
    mode_t mode = 0;                                                                                                                                 \
    va_list list;                                                                                                                                    \
    va_start(list, last);                                                                                                                            \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0)                                                                                                        \
        mode = va_arg(list, mode_t);                                                                                                                 \
    va_end(list)

int open(const char *path, int flags, ...)
{
    MODE(flags);
    return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    MODE(flags);
    return open_at(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...)
{
    MODE(flags);
    return open_at(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...)
{
    MODE(flags);
    return open_at(folder, path, flags, mode);
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t bytes) { return fails("malloc") ? NULL : __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return fails("malloc") ? NULL : __libc_calloc(count, bytes); }
void *realloc(void *old, size_t bytes) { return fails("malloc") ? NULL : __libc_realloc(old, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return fails("malloc") ? NULL : __libc_memalign(alignment, bytes); }
int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    void *p = fails("malloc") ? NULL : __libc_memalign(alignment, bytes);
    if (p == NULL)
        return ENOMEM;
    *out = p;
    return 0;
}
