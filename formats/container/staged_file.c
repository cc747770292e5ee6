/* staged_file.c - one file of an image that is being written. See staged_file.h. */
#include "formats/container/staged_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "formats/model/text.h"

#define WRITEBACK_BYTES (8u << 20)

struct exh_staged_file {
    int folder, fd;
    char *name;
    uint64_t end, unflushed;
};

static bool failed(const struct exh_staged_file *f, struct exh_error *err)
{
    (void)exh_on_side(err, EXH_SIDE_DESTINATION);
    return exh_in_file(err, f->name);
}

struct exh_staged_file *exh_staged_file_new(const char *folder, const char *name, bool anew, struct exh_error *err)
{
    struct exh_staged_file *f = calloc(1, sizeof *f);
    if (f == NULL || (f->name = exh_text_copy(name, strlen(name))) == NULL) {
        free(f);
        (void)exh_nomem(err, "a file");
        return NULL;
    }
    f->fd = -1;
    f->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->folder >= 0)
        f->fd = openat(f->folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (anew ? O_TRUNC : O_EXCL), 0644);
    if (f->fd >= 0)
        return f;
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot create");
    (void)failed(f, err);
    exh_staged_file_close(f);
    return NULL;
}

bool exh_staged_file_write(struct exh_staged_file *f, uint64_t offset, const void *data, size_t length, struct exh_error *err)
{
    const uint8_t *from = data;
    for (size_t done = 0; done < length;) {
        ssize_t n = pwrite(f->fd, from + done, length - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            (void)exh_fail_sys(err, n == 0 ? EIO : errno, offset + done, "cannot write %zu bytes at offset %llu", length - done,
                               (unsigned long long)(offset + done));
            return failed(f, err);
        }
        done += (size_t)n;
    }
    f->end = offset + length > f->end ? offset + length : f->end;
    f->unflushed += length;
    if (f->unflushed >= WRITEBACK_BYTES) {
        (void)sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        f->unflushed = 0;
    }
    return true;
}

bool exh_staged_file_append(struct exh_staged_file *f, const void *data, size_t length, struct exh_error *err)
{
    return exh_staged_file_write(f, f->end, data, length, err);
}

uint64_t exh_staged_file_end(const struct exh_staged_file *f) { return f->end; }

bool exh_staged_file_read(struct exh_staged_file *f, uint64_t offset, void *data, size_t length, struct exh_error *err)
{
    uint8_t *to = data;
    for (size_t done = 0; done < length;) {
        ssize_t n = pread(f->fd, to + done, length - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            (void)exh_fail_sys(err, n == 0 ? EIO : errno, offset + done, "cannot read back %zu bytes at offset %llu", length - done,
                               (unsigned long long)(offset + done));
            return failed(f, err);
        }
        done += (size_t)n;
    }
    return true;
}

bool exh_staged_file_resize(struct exh_staged_file *f, uint64_t size, struct exh_error *err)
{
    if (ftruncate(f->fd, (off_t)size) != 0) {
        (void)exh_fail_sys(err, errno, size, "cannot set the size");
        return failed(f, err);
    }
    f->end = size;
    return true;
}

bool exh_staged_file_sync(struct exh_staged_file *f, struct exh_error *err)
{
    if (fsync(f->fd) == 0 && fsync(f->folder) == 0)
        return true;
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "the destination did not keep what was written (fsync)");
    return failed(f, err);
}

bool exh_staged_file_whole(const char *folder, const char *name, bool anew, const void *data, size_t length, struct exh_error *err)
{
    struct exh_staged_file *f = exh_staged_file_new(folder, name, anew, err);
    bool ok = f != NULL && exh_staged_file_write(f, 0, data, length, err) && exh_staged_file_sync(f, err);
    exh_staged_file_close(f);
    return ok;
}

void exh_staged_file_close(struct exh_staged_file *f)
{
    if (f == NULL)
        return;
    if (f->fd >= 0)
        (void)close(f->fd);
    if (f->folder >= 0)
        (void)close(f->folder);
    free(f->name);
    free(f);
}
