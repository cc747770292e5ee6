/* ewf_staged.c - segment files of an unpublished E01. See ewf_staged.h. */
#include "formats/evidence/ewf_staged.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/evidence/ewf_sections.h"
#include "formats/evidence/ewf_set.h"
#include "formats/model/text.h"

char *exh_ewf_staged_first(const char *name, struct exh_error *err)
{
    size_t length = strlen(name);
    const char *ending = length >= 4 ? name + length - 4 : "";
    if (ending[0] == '.' && (ending[1] == 'E' || ending[1] == 'e') && ending[2] == '0' && ending[3] == '1')
        length -= 4;
    if (length == 0 || strchr(name, '/') != NULL) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "'%s' is not a name for an E01", name);
        return NULL;
    }
    char *first = exh_text_format("%.*s.E01", (int)length, name);
    if (first == NULL)
        (void)exh_nomem(err, "a file name");
    return first;
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

/* One of them; *removed is set when there was one. */
static bool remove_one(int folder, const char *name, bool *removed, struct exh_error *err)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look for a segment to remove") || exh_in_file(err, name);
    if (!S_ISREG(status.st_mode))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "has the name of a segment, but is not a file") || exh_in_file(err, name);
    *removed = true;
    return unlinkat(folder, name, 0) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot remove an unfinished segment") || exh_in_file(err, name);
}

bool exh_ewf_staged_remove(const char *folder, const char *first, uint32_t number, struct exh_error *err)
{
    char name[512];
    bool ok = true, removed = false;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the staging folder %s", folder);
    for (; ok && exh_ewf_segment_name(first, number, name, sizeof name); number++)
        ok = remove_one(fd, name, &removed, err);
    if (ok && removed && fsync(fd) != 0)
        ok = exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot fsync the staging folder %s", folder);
    (void)close(fd);
    return ok;
}

void exh_ewf_staged_unfinish(const char *path)
{
    uint8_t end[EXH_EWF_DESCRIPTOR_BYTES];
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
