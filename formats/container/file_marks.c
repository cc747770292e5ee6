/* file_marks.c - what files were, and whether they still are. See file_marks.h; statx(2), inode(7). */
#include "formats/container/file_marks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "formats/model/grow.h"
#include "formats/model/text.h"

#define MARKS_MAX (1u << 22) /* an image and 16 parents of 65,536 files each, some opened more than once */
#define WHAT_BYTES 256u

void exh_file_mark_set(struct exh_file_mark *mark, const struct stat *st)
{
    *mark = (struct exh_file_mark){.device = st->st_dev,
                                   .inode = st->st_ino,
                                   .size = (uint64_t)st->st_size,
                                   .modified_s = st->st_mtim.tv_sec,
                                   .modified_ns = (uint32_t)st->st_mtim.tv_nsec,
                                   .changed_s = st->st_ctim.tv_sec,
                                   .changed_ns = (uint32_t)st->st_ctim.tv_nsec};
}

/* A time of inode(7), with all its digits: changes lie closer together than a second. */
static const char *time_text(int64_t seconds, uint32_t nanoseconds, char out[64])
{
    struct tm broken;
    time_t t = (time_t)seconds;
    size_t n = gmtime_r(&t, &broken) != NULL ? strftime(out, 48, "%Y-%m-%dT%H:%M:%S", &broken) : 0;
    if (n == 0)
        (void)snprintf(out, 64, "%lld s", (long long)seconds);
    else
        (void)snprintf(out + n, 64 - n, ".%09uZ", nanoseconds);
    return out;
}

enum exh_file_change exh_file_mark_compare(const struct exh_file_mark *before, const struct exh_file_mark *now, char *what, size_t room)
{
    char was[64], is[64];
    if (before->device != now->device || before->inode != now->inode) {
        (void)snprintf(what, room, "its name leads to another file: it was inode %llu of device %u:%u, it is %llu of %u:%u",
                       (unsigned long long)before->inode, major(before->device), minor(before->device), (unsigned long long)now->inode,
                       major(now->device), minor(now->device));
        return EXH_FILE_CHANGED;
    }
    if (before->size != now->size) {
        (void)snprintf(what, room, "it had %llu bytes, it has %llu", (unsigned long long)before->size, (unsigned long long)now->size);
        return EXH_FILE_CHANGED;
    }
    if (before->modified_s != now->modified_s || before->modified_ns != now->modified_ns) {
        (void)snprintf(what, room, "it was modified: its time was %s, it is %s", time_text(before->modified_s, before->modified_ns, was),
                       time_text(now->modified_s, now->modified_ns, is));
        return EXH_FILE_CHANGED;
    }
    if (before->changed_s == now->changed_s && before->changed_ns == now->changed_ns)
        return EXH_FILE_SAME;
    (void)snprintf(what, room, "its status changed (ctime %s, it was %s), its size and modification time did not",
                   time_text(now->changed_s, now->changed_ns, is), time_text(before->changed_s, before->changed_ns, was));
    return EXH_FILE_STATUS;
}

bool exh_file_marks_add(struct exh_file_marks *marks, const char *path, bool link_refused, const struct exh_file_mark *mark, struct exh_error *err)
{
    if (!exh_grow((void **)&marks->items, &marks->capacity, marks->count, sizeof *marks->items, MARKS_MAX, "files of one image", err))
        return false;
    char *copy = exh_text_copy(path, strlen(path));
    if (copy == NULL)
        return exh_nomem(err, "a file name");
    marks->items[marks->count++] = (struct exh_marked_file){copy, *mark, link_refused};
    return true;
}

/* 0, or the errno. */
static int look_again(const struct exh_marked_file *file, struct exh_file_mark *now)
{
    struct statx st;
    if (statx(AT_FDCWD, file->path, AT_STATX_FORCE_SYNC | (file->link_refused ? AT_SYMLINK_NOFOLLOW : 0), STATX_BASIC_STATS, &st) != 0)
        return errno;
    *now = (struct exh_file_mark){.device = makedev(st.stx_dev_major, st.stx_dev_minor),
                                  .inode = st.stx_ino,
                                  .size = st.stx_size,
                                  .modified_s = st.stx_mtime.tv_sec,
                                  .modified_ns = st.stx_mtime.tv_nsec,
                                  .changed_s = st.stx_ctime.tv_sec,
                                  .changed_ns = st.stx_ctime.tv_nsec};
    return 0;
}

/* The gravest difference between what the path leads to now and the `count` marks of it. */
static enum exh_file_change check_one(const struct exh_marked_file *marks, size_t count, char what[WHAT_BYTES])
{
    struct exh_file_mark now;
    char text[WHAT_BYTES] = "";
    enum exh_file_change worst = EXH_FILE_SAME;
    for (size_t i = 0; i < count && worst != EXH_FILE_CHANGED; i++) {
        int sys = look_again(&marks[i], &now);
        enum exh_file_change change = sys != 0 ? EXH_FILE_CHANGED : exh_file_mark_compare(&marks[i].mark, &now, text, sizeof text);
        if (sys != 0)
            (void)snprintf(text, sizeof text, "its name leads nowhere any more: %s", strerror(sys));
        if (change <= worst)
            continue;
        worst = change;
        memcpy(what, text, sizeof text);
    }
    return worst;
}

static int by_path(const void *a, const void *b)
{
    const struct exh_marked_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

bool exh_file_marks_check(struct exh_file_marks *marks,
                          bool (*told)(void *context, const char *path, enum exh_file_change change, const char *what, struct exh_error *err),
                          void *context, struct exh_error *err)
{
    char what[WHAT_BYTES];
    if (marks->count > 1)
        qsort(marks->items, marks->count, sizeof *marks->items, by_path);
    for (size_t i = 0, n; i < marks->count; i += n) {
        for (n = 1; i + n < marks->count && by_path(&marks->items[i], &marks->items[i + n]) == 0;)
            n++;
        enum exh_file_change change = check_one(&marks->items[i], n, what);
        if (change != EXH_FILE_SAME && !told(context, marks->items[i].path, change, what, err))
            return false;
    }
    return true;
}

void exh_file_marks_close(struct exh_file_marks *marks)
{
    for (size_t i = 0; i < marks->count; i++)
        free(marks->items[i].path);
    free(marks->items);
    memset(marks, 0, sizeof *marks);
}
