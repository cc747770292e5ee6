/* ewf_staged.c - segment files of an unpublished E01. See ewf_staged.h. */
#include "formats/evidence/ewf_staged.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/text.h"

#define SECTION_BYTES 76u /* EWF: a section's descriptor; `done` is nothing else */

bool exh_ewf_staged_free(const char *folder, const char *first, struct exh_error *err)
{
    struct stat status;
    if (lstat(first, &status) == 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s exists", first);
    if (errno != ENOENT || access(folder, W_OK | X_OK) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot write %s", first);
    return true;
}

bool exh_ewf_staged_sync(const char *path, bool is_folder, struct exh_error *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | (is_folder ? O_DIRECTORY : O_NOFOLLOW));
    if (file < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open %s to make it durable", exh_text_base(path));
    int sys = fsync(file) != 0 ? errno : 0;
    if (close(file) != 0 && sys == 0)
        sys = errno;
    if (sys == 0)
        return true;
    (void)exh_fail_sys(err, sys, EXH_NO_OFFSET, "cannot make %s durable", exh_text_base(path));
    return exh_in_file(err, exh_text_base(path));
}

static int write_zeros(int file, off_t at, size_t bytes)
{
    static const uint8_t zeros[4096];
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pwrite(file, zeros, sizeof zeros, at + (off_t)done);
        if (n < 0)
            return errno;
        done += (size_t)n;
    }
    return 0;
}

int exh_ewf_staged_reason(const char *path, size_t bytes, uint64_t *at)
{
    struct stat status;
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return errno;
    int reason = fstat(file, &status) != 0 ? errno : 0;
    if (reason == 0) {
        *at = (uint64_t)status.st_size;
        reason = write_zeros(file, status.st_size, bytes);
        if (ftruncate(file, status.st_size) != 0 && reason == 0)
            reason = errno;
    }
    (void)close(file);
    return reason;
}

void exh_ewf_staged_unfinish(const char *path)
{
    uint8_t end[SECTION_BYTES];
    struct stat status;
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return;
    if (fstat(file, &status) == 0 && status.st_size >= (off_t)sizeof end &&
        pread(file, end, sizeof end, status.st_size - (off_t)sizeof end) == (ssize_t)sizeof end && memcmp(end, "done", 5) == 0 &&
        ftruncate(file, status.st_size - (off_t)sizeof end) != 0)
        (void)unlink(path); /* no segment is better than a false one */
    (void)close(file);
}
