/* stage.c - the staging folder and the act of publishing. See stage.h.
 *
 * A file is moved by renameat2(RENAME_NOREPLACE). Where the file system lacks it (EINVAL), by link and unlink; where it lacks hard links too,
 * by claiming the name with O_EXCL and renaming over the claim: in none of the three can another's file be replaced.
 * fsync of a folder makes the names in it durable (fsync(2)); it is checked each time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/stage.h"
#include "formats/model/text.h"

struct exh_stage {
    char *folder, *target, *name;
    int folder_fd, target_fd; /* folder_fd carries the lock */
};

const char *exh_stage_folder(const struct exh_stage *stage) { return stage->folder; }
const char *exh_stage_target(const struct exh_stage *stage) { return stage->target; }
const char *exh_stage_name(const struct exh_stage *stage) { return stage->name; }

/* "case/disk.E01" -> "case", "disk.E01"; "disk.E01" -> ".", "disk.E01"; "/disk.E01" -> "/", "disk.E01". */
static bool split_path(struct exh_stage *s, const char *image, struct exh_error *err)
{
    const char *base = exh_text_base(image);
    size_t length = (size_t)(base - image);
    while (length > 1 && image[length - 1] == '/')
        length--;
    if (base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "\"%s\" does not name a file", image);
    s->target = length == 0 ? exh_text_copy(".", 1) : exh_text_copy(image, length);
    s->name = exh_text_copy(base, strlen(base));
    s->folder = exh_text_format("%s.partial", image);
    return (s->target != NULL && s->name != NULL && s->folder != NULL) || exh_nomem(err, "a staging folder");
}

/* fsync of a folder; EINVAL means that the file system has no such thing (POSIX), everything else is a loss. */
static bool sync_folder(int fd, const char *path, struct exh_error *err)
{
    if (fsync(fd) == 0 || errno == EINVAL)
        return true;
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "the folder cannot be made durable");
    return exh_in_file(err, path);
}

/* Somebody's staging folder is in the way: are they still at it? */
static bool refuse_partial(const struct exh_stage *s, struct exh_error *err)
{
    int fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    bool folder = fd >= 0;
    if (fd >= 0)
        (void)close(fd);
    if (busy)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "another run is writing to %s/ now", s->folder);
    if (!folder)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s is in the way: the image is prepared in a folder of that name", s->folder);
    return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s/ holds an unfinished acquisition; remove it to start again", s->folder);
}

static bool lock_folder(const struct exh_stage *s, struct exh_error *err)
{
    if (flock(s->folder_fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return refuse_partial(s, err);
    /* A file system without locks: mkdir was exclusive all the same. */
    return errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOLCK ||
           exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot lock the staging folder");
}

/* Would a reader of the set that begins with `first` (disk.E01, disk.001) take `name` for a part of it? */
static bool is_part(const char *first, const char *name)
{
    size_t n = strlen(first);
    if (n < 5 || strlen(name) != n || strncmp(first, name, n - 3) != 0)
        return false;
    const char *p = name + n - 3;
    bool digits = p[1] >= '0' && p[1] <= '9' && p[2] >= '0' && p[2] <= '9';
    return (strcmp(first + n - 4, ".001") == 0 && digits && p[0] >= '0' && p[0] <= '9') ||
           (strcmp(first + n - 4, ".E01") == 0 && digits && p[0] == 'E');
}

/* A part of somebody else's set would be read as one of ours, or stand in the way of ours when all has been read. */
static bool refuse_parts(const struct exh_stage *s, struct exh_error *err)
{
    int fd = openat(s->target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = true;
    if (folder == NULL) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot list the destination folder");
        if (fd >= 0)
            (void)close(fd);
        return exh_in_file(err, s->target);
    }
    for (const struct dirent *e; ok && (e = readdir(folder)) != NULL;)
        if (is_part(s->name, e->d_name))
            ok = exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s exists in the destination folder: it would be taken for a part of this image",
                          e->d_name);
    (void)closedir(folder);
    return ok;
}

static bool make_folder(struct exh_stage *s, struct exh_error *err)
{
    s->target_fd = open(s->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->target_fd < 0) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the destination folder");
        return exh_in_file(err, s->target);
    }
    if (!exh_stage_vacant(s, s->name, err) || !refuse_parts(s, err))
        return false;
    if (mkdir(s->folder, 0700) != 0)
        return errno == EEXIST ? refuse_partial(s, err) : exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot make the staging folder");
    s->folder_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->folder_fd < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the staging folder");
    /* The folder's own name must outlive a power cut, or what is written to it could not be resumed. */
    return lock_folder(s, err) && sync_folder(s->target_fd, s->target, err);
}

struct exh_stage *exh_stage_open(const char *image, struct exh_error *err)
{
    struct exh_stage *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)exh_nomem(err, "a staging folder");
        return NULL;
    }
    s->folder_fd = s->target_fd = -1;
    if (!split_path(s, image, err) || !make_folder(s, err)) {
        (void)exh_on_side(err, EXH_SIDE_DESTINATION);
        (void)exh_in_file(err, s->folder);
        exh_stage_close(s);
        return NULL;
    }
    return s;
}

bool exh_stage_vacant(const struct exh_stage *stage, const char *name, struct exh_error *err)
{
    struct stat st;
    if (fstatat(stage->target_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return true;
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look for %s in the destination folder", name);
    } else {
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s exists in the destination folder; an existing file is never overwritten", name);
    }
    (void)exh_on_side(err, EXH_SIDE_DESTINATION);
    return exh_in_file(err, stage->target);
}

static bool lacks(int sys) { return sys == EINVAL || sys == ENOSYS || sys == EOPNOTSUPP; }

static bool move_by_claim(int from, int to, const char *name)
{
    int fd = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    (void)close(fd);
    if (renameat(from, name, to, name) == 0)
        return true;
    int why = errno;
    (void)unlinkat(to, name, 0);
    errno = why;
    return false;
}

static bool move_by_link(int from, int to, const char *name)
{
    if (linkat(from, name, to, name, 0) != 0)
        return (lacks(errno) || errno == EPERM || errno == EMLINK) && move_by_claim(from, to, name);
    if (unlinkat(from, name, 0) == 0)
        return true;
    int why = errno;
    (void)unlinkat(to, name, 0);
    errno = why;
    return false;
}

/* False with errno. */
static bool move(int from, int to, const char *name)
{
    if (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0)
        return true;
    return lacks(errno) && move_by_link(from, to, name);
}

/* Publishing order: 1, 2, ..., n-1, and 0 last, so that the file a person would open is there only when all are. */
static const char *in_order(const struct exh_names *files, size_t i) { return exh_text_base(files->items[(i + 1) % files->count]); }

static bool move_all(struct exh_stage *s, const struct exh_names *files, size_t *moved, struct exh_error *err)
{
    for (*moved = 0; *moved < files->count; ++*moved) {
        const char *name = in_order(files, *moved);
        bool last = *moved + 1 == files->count;
        if (last && files->count > 1 && !sync_folder(s->target_fd, s->target, err))
            return false;
        if (move(s->folder_fd, s->target_fd, name))
            continue;
        if (errno == EEXIST)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s has appeared in %s meanwhile; an existing file is never overwritten", name,
                            s->target);
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot move %s from the staging folder", name);
    }
    return sync_folder(s->target_fd, s->target, err) && sync_folder(s->folder_fd, s->folder, err);
}

/* Takes back what was moved, the last first, so that nothing half-published stays. */
static bool take_back(struct exh_stage *s, const struct exh_names *files, size_t moved, struct exh_error *err)
{
    bool all = true;
    while (moved-- > 0)
        all = move(s->target_fd, s->folder_fd, in_order(files, moved)) && all;
    (void)fsync(s->target_fd);
    (void)fsync(s->folder_fd);
    return all ? exh_context(err, "nothing was published") : exh_context(err, "PUBLISHED IN PART, and it could not be taken back");
}

bool exh_stage_publish(struct exh_stage *stage, const struct exh_names *files, struct exh_error *err)
{
    size_t moved = 0;
    if (files->count == 0)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an image without files was to be published");
    if (!move_all(stage, files, &moved, err)) {
        (void)take_back(stage, files, moved, err);
        (void)exh_on_side(err, EXH_SIDE_DESTINATION);
        return exh_in_file(err, stage->folder);
    }
    /* The image is whole and durable. A folder that is not empty or will not go is no reason to call it anything else. */
    if (rmdir(stage->folder) == 0)
        (void)fsync(stage->target_fd);
    return true;
}

void exh_stage_close(struct exh_stage *stage)
{
    if (stage == NULL)
        return;
    if (stage->folder_fd >= 0) {
        (void)rmdir(stage->folder);
        (void)close(stage->folder_fd);
    }
    if (stage->target_fd >= 0)
        (void)close(stage->target_fd);
    free(stage->folder);
    free(stage->target);
    free(stage->name);
    free(stage);
}
