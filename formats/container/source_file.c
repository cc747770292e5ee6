/* source_file.c - a file as a byte source. See source_file.h.
 * O_DIRECT wants offset, length and memory aligned; 4096 satisfies every file system and device in use (open(2), NOTES). */
#include "formats/container/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/text.h"

#define ALIGNMENT 4096u

struct file_source {
    struct exh_source source;
    char *path;
    int fd;     /* -1 when lazy */
    int folder; /* for opening again; AT_FDCWD or ours */
    int flags;
    enum exh_cache cache;
    struct exh_file_mark first; /* what the file was at open */
};

/* Is what was opened now the file that was opened first? Its status may have changed. */
static bool same_file(const struct file_source *f, int fd, char *what, size_t room)
{
    struct stat st;
    struct exh_file_mark now;
    if (fstat(fd, &st) != 0) {
        (void)snprintf(what, room, "%s", strerror(errno));
        return false;
    }
    exh_file_mark_set(&now, &st);
    return exh_file_mark_compare(&f->first, &now, what, room) != EXH_FILE_CHANGED;
}

/* A descriptor for one read: the held one, or a new one that is proven to be the same file. -1 and err. */
static int borrow_fd(const struct file_source *f, struct exh_error *err)
{
    if (f->fd >= 0)
        return f->fd;
    char what[200];
    int fd = openat(f->folder, f->path, f->flags);
    if (fd < 0) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open again");
        return -1;
    }
    if (!same_file(f, fd, what, sizeof what)) {
        (void)close(fd);
        (void)exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "the file changed while it was being read: %s", what);
        return -1;
    }
    return fd;
}

static void return_fd(const struct file_source *f, int fd)
{
    if (fd != f->fd)
        (void)close(fd);
}

/* Reads until `length`, the end, or an error other than an interruption. Returns what was read; *sys is 0 or the errno. */
static size_t read_fully(int fd, uint8_t *buffer, size_t length, uint64_t offset, int *sys)
{
    size_t done = 0;
    *sys = 0;
    while (done < length) {
        ssize_t n = pread(fd, buffer + done, length - done, (off_t)(offset + done));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            *sys = errno;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

/* O_DIRECT: widens the range to whole alignment units and copies out of a bounce buffer unless everything is aligned already. */
static size_t read_direct(int fd, uint8_t *buffer, size_t length, uint64_t offset, int *sys)
{
    uint64_t start = offset & ~(uint64_t)(ALIGNMENT - 1);
    size_t lead = (size_t)(offset - start), wide = (lead + length + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (lead == 0 && wide == length && ((uintptr_t)buffer & (ALIGNMENT - 1)) == 0)
        return read_fully(fd, buffer, length, offset, sys);
    uint8_t *bounce = aligned_alloc(ALIGNMENT, wide);
    if (bounce == NULL)
        return *sys = ENOMEM, 0;
    size_t got = 0;
    *sys = 0;
    while (got < lead + length) { /* a direct read may stop at any unit, and stops at the end of the file */
        ssize_t n = pread(fd, bounce + got, wide - got, (off_t)(start + got));
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            *sys = errno;
        if (n <= 0)
            break;
        got += (size_t)n;
        if (got % ALIGNMENT != 0)
            break; /* the end of the file: going on from an odd offset would be EINVAL */
    }
    size_t good = got > lead ? got - lead : 0;
    if (good > length)
        good = length;
    memcpy(buffer, bounce + lead, good);
    free(bounce);
    return good;
}

static size_t file_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    const struct file_source *f = (const struct file_source *)source;
    int sys, fd = borrow_fd(f, err);
    if (fd < 0)
        return 0;
    size_t good = f->cache == EXH_CACHE_BYPASSED ? read_direct(fd, buffer, length, offset, &sys) : read_fully(fd, buffer, length, offset, &sys);
    return_fd(f, fd);
    if (good < length && sys != 0)
        (void)exh_fail_sys(err, sys, offset + good, "cannot read %zu bytes at offset %llu", length - good, (unsigned long long)(offset + good));
    else if (good < length)
        (void)exh_fail(err, EXH_GONE, offset + good, "the file became shorter while it was being read: it ends at offset %llu, not %llu",
                       (unsigned long long)(offset + good), (unsigned long long)source->size);
    return good;
}

static uint64_t file_next_data(struct exh_source *source, uint64_t offset)
{
    const struct file_source *f = (const struct file_source *)source;
    if (f->fd < 0)
        return offset;
    off_t at = lseek(f->fd, (off_t)offset, SEEK_DATA); /* reads name their offset, so the descriptor's own position is free */
    if (at >= 0)
        return (uint64_t)at;
    return errno == ENXIO ? source->size : offset; /* ENXIO: only a hole up to the end */
}

static void file_close(struct exh_source *source)
{
    struct file_source *f = (struct file_source *)source;
    if (f->fd >= 0)
        (void)close(f->fd);
    if (f->folder >= 0)
        (void)close(f->folder);
    free(f->path);
    free(f);
}

static const struct exh_source_ops file_ops = {.read = file_read, .close = file_close, .next_data = file_next_data};

/* Drops the file's cached pages and, where the file system takes O_DIRECT, opens past the cache for good. */
static void leave_cache(struct file_source *f)
{
    (void)posix_fadvise(f->fd, 0, 0, POSIX_FADV_DONTNEED);
    f->cache = EXH_CACHE_DROPPED;
    int direct = openat(f->folder, f->path, f->flags | O_DIRECT);
    char what[200];
    if (direct < 0)
        return;
    if (!same_file(f, direct, what, sizeof what)) {
        (void)close(direct);
        return;
    }
    (void)close(f->fd);
    f->fd = direct;
    f->flags |= O_DIRECT;
    f->cache = EXH_CACHE_BYPASSED;
}

static bool open_checked(struct file_source *f, const struct exh_source_file_options *options, struct exh_error *err)
{
    struct stat st;
    f->flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (options->confined ? O_NOFOLLOW : 0);
    f->fd = openat(f->folder, f->path, f->flags);
    if (f->fd < 0)
        return errno == ELOOP && options->confined
                   ? exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "is a symbolic link: only files of the image's own folder are opened")
                   : exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open");
    if (fstat(f->fd, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot stat");
    if (S_ISDIR(st.st_mode))
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "is a directory");
    if (!S_ISREG(st.st_mode))
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "is not a regular file");
    exh_file_mark_set(&f->first, &st);
    f->source.size = f->first.size;
    /* /proc and /sys call files empty that are not; a copy of none of their bytes would be called complete. */
    uint8_t byte;
    if (f->first.size == 0 && pread(f->fd, &byte, 1, 0) != 0)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "says it has no bytes, and then gives some: its size cannot be known before it is read");
    return options->marks == NULL ||
           exh_file_marks_add(options->marks, options->marked_as != NULL ? options->marked_as : f->path, options->confined, &f->first, err);
}

struct exh_source *exh_source_file_open(const char *path, const struct exh_source_file_options *options, struct exh_error *err)
{
    struct file_source *f = calloc(1, sizeof *f);
    char *copy = exh_text_copy(path, strlen(path));
    if (f == NULL || copy == NULL) {
        free(f);
        free(copy);
        (void)exh_nomem(err, "a file");
        return NULL;
    }
    f->path = copy;
    f->fd = -1;
    f->folder = options->folder == AT_FDCWD ? AT_FDCWD : fcntl(options->folder, F_DUPFD_CLOEXEC, 0);
    f->source = (struct exh_source){&file_ops, 0, f->path};
    if (!open_checked(f, options, err)) {
        (void)exh_on_side(err, EXH_SIDE_SOURCE);
        (void)exh_in_file(err, path);
        file_close(&f->source);
        return NULL;
    }
    if (options->past_cache)
        leave_cache(f);
    if (options->lazy) {
        (void)close(f->fd);
        f->fd = -1;
    }
    return &f->source;
}

enum exh_cache exh_source_file_cache(const struct exh_source *source)
{
    return source->ops == &file_ops ? ((const struct file_source *)source)->cache : EXH_CACHE_USED;
}
