/* file_marks.h - what a file was when it was opened, and whether it still is.
 *
 * Every file that an image is read from is marked by what fstat(2) said of it at open: device, inode, size, mtime and ctime. At the end its name is
 * asked again, of the server where the file lies on one (statx(2), AT_STATX_FORCE_SYNC). Another inode, size or mtime: the bytes that were read are
 * neither what the file was nor what it is. Another ctime alone: mode, owner, number of links or name may have changed, but also a content whose
 * mtime was put back; a time that cannot be put back by utimensat(2) is told as what it is. The time of the last access is never looked at, so
 * reading a file, and writing records beside it, changes nothing here.
 *
 * What cannot be seen: a write in the same tick of the file system's clock as the mtime it had at open (ext4 and xfs: a few milliseconds; FAT: 2 s);
 * a write through a shared mapping that has not reached msync(2) or write-back, and on tmpfs any (mmap(2)); a write on another client of a network
 * file system that has not flushed it to the server; a write to a block device beneath the file system; a clock that was set back for both times.
 * File systems that make up inode numbers as they go (FUSE without use_ino) may give an untouched file another one, which is told as a change. */
#ifndef EXH_FORMATS_CONTAINER_FILE_MARKS_H
#define EXH_FORMATS_CONTAINER_FILE_MARKS_H

#include <stddef.h>
#include <sys/stat.h>

#include "formats/model/error.h"

struct exh_file_mark {
    uint64_t device, inode, size;
    int64_t modified_s, changed_s;
    uint32_t modified_ns, changed_ns;
};

enum exh_file_change {
    EXH_FILE_SAME,
    EXH_FILE_STATUS, /* only its ctime differs */
    EXH_FILE_CHANGED /* its inode, size or mtime; or the name leads nowhere */
};

void exh_file_mark_set(struct exh_file_mark *mark, const struct stat *st);
/* What differs goes into `what`, in words, the gravest alone; untouched when nothing does. */
enum exh_file_change exh_file_mark_compare(const struct exh_file_mark *before, const struct exh_file_mark *now, char *what, size_t room);

/* A list of them, each with the path that led to the file. Not to be shared between threads. */
struct exh_marked_file {
    char *path;
    struct exh_file_mark mark;
    bool link_refused; /* it was opened with O_NOFOLLOW, and is looked at that way again */
};
struct exh_file_marks {
    struct exh_marked_file *items;
    size_t count, capacity;
};

EXH_MUST_CHECK bool exh_file_marks_add(struct exh_file_marks *marks, const char *path, bool link_refused, const struct exh_file_mark *mark,
                                       struct exh_error *err);
/* Looks at every file again, in the order of their paths (which the list has afterwards), and calls `told` once for each that is not the same; a file
 * that was opened several times is held against each of its marks. False: `told` said so (and set err). */
EXH_MUST_CHECK bool exh_file_marks_check(struct exh_file_marks *marks,
                                         bool (*told)(void *context, const char *path, enum exh_file_change change, const char *what,
                                                      struct exh_error *err),
                                         void *context, struct exh_error *err);
void exh_file_marks_close(struct exh_file_marks *marks);

#endif
