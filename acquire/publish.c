/* publish.c - moves the proven files from the staging folders into place. See stage.h.
 *
 * A file is moved by renameat2(RENAME_NOREPLACE). Where the file system lacks it (EINVAL), by link and unlink; where it lacks hard links too,
 * by claiming the name with O_EXCL and renaming over the claim: in none of the three can another's file be replaced.
 * fsync of a folder makes the names in it durable (fsync(2)); it is checked each time. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/stage_place.h"
#include "formats/model/text.h"

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
static const char *in_order(const struct exh_names *files, size_t i) { return files->items[(i + 1) % files->count]; }

/* The place a file lies in: a bare name in the first, a path in the joined one whose folder it begins with. */
static const struct exh_place *place_of(const struct exh_stage *s, const char *file)
{
    size_t length = (size_t)(exh_text_base(file) - file);
    for (size_t i = 1; length > 0 && i < s->place_count; i++)
        if (strlen(s->places[i].folder) == length - 1 && memcmp(s->places[i].folder, file, length - 1) == 0)
            return &s->places[i];
    return &s->places[0];
}

static bool sync_targets(const struct exh_stage *s, struct exh_error *err)
{
    for (size_t i = 0; i < s->place_count; i++)
        if (!exh_place_sync(s->places[i].target_fd, s->places[i].target, err) || !exh_place_sync(s->places[i].folder_fd, s->places[i].folder, err))
            return false;
    return true;
}

static bool move_all(struct exh_stage *s, const struct exh_names *files, size_t *moved, struct exh_error *err)
{
    for (*moved = 0; *moved < files->count; ++*moved) {
        const char *file = in_order(files, *moved), *name = exh_text_base(file);
        const struct exh_place *p = place_of(s, file);
        bool last = *moved + 1 == files->count;
        if (last && files->count > 1 && !sync_targets(s, err))
            return false;
        if (move(p->folder_fd, p->target_fd, name))
            continue;
        if (errno == EEXIST)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s has appeared in %s meanwhile; an existing file is never overwritten", name,
                            p->target);
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot move %s from the staging folder", name);
    }
    return sync_targets(s, err);
}

/* Takes back what was moved, the last first, so that nothing half-published stays. */
static bool take_back(struct exh_stage *s, const struct exh_names *files, size_t moved, struct exh_error *err)
{
    bool all = true;
    while (moved-- > 0) {
        const char *file = in_order(files, moved);
        const struct exh_place *p = place_of(s, file);
        all = move(p->target_fd, p->folder_fd, exh_text_base(file)) && all;
    }
    struct exh_error ignored;
    exh_error_clear(&ignored);
    (void)sync_targets(s, &ignored);
    if (all)
        (void)unlinkat(s->places[0].folder_fd, EXH_STAGE_PUBLISHING, 0); /* who takes this folder up has nothing to move back */
    return all ? exh_context(err, "nothing was published") : exh_context(err, "PUBLISHED IN PART, and it could not be taken back");
}

static bool name_paths(const struct exh_stage *s, const struct exh_names *files, struct exh_names *paths, struct exh_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < files->count; i++) {
        const struct exh_place *p = place_of(s, files->items[i]);
        const char *name = exh_text_base(files->items[i]);
        char *path = strcmp(p->target, ".") == 0 ? exh_text_copy(name, strlen(name))
                                                 : exh_text_format("%s%s%s", p->target, strcmp(p->target, "/") == 0 ? "" : "/", name);
        ok = path != NULL ? exh_names_add(paths, path, err) : exh_nomem(err, "a path");
        free(path);
    }
    return ok;
}

/* Written before the first move, so that a run cut in the middle of them can be understood: the inode and the name of each file. */
static bool announce(struct exh_stage *s, const struct exh_names *files, struct exh_error *err)
{
    char *list = NULL;
    bool ok = true;
    for (size_t i = 0; ok && i < files->count; i++) {
        const char *name = exh_text_base(files->items[i]);
        struct stat st;
        if (fstatat(place_of(s, files->items[i])->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            ok = exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look at %s in the staging folder", name);
        else
            ok = exh_text_append(&list, "%llu %s\n", (unsigned long long)st.st_ino, name) || exh_nomem(err, "a list of files");
    }
    ok = ok && exh_stage_keep(s, EXH_STAGE_PUBLISHING, list, err);
    free(list);
    return ok;
}

bool exh_stage_publish(struct exh_stage *stage, const struct exh_names *files, struct exh_names *paths, struct exh_error *err)
{
    size_t moved = 0;
    if (files->count == 0)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an image without files was to be published");
    if (!name_paths(stage, files, paths, err) || !announce(stage, files, err))
        return false;
    if (move_all(stage, files, &moved, err))
        return true;
    (void)take_back(stage, files, moved, err);
    (void)exh_on_side(err, EXH_SIDE_DESTINATION);
    return exh_in_file(err, stage->places[0].folder);
}

/* What is in its target and not in the staging folder was moved by the run that was cut - if it is that very file: one of the same name that is
 * another (the folder was copied; somebody put his own there) is left alone. What is in both was cut between the two steps of a move: the same file
 * under two names, or a name that was claimed with an empty file; the staging folder's stands. */
static bool return_file(const struct exh_place *p, uint64_t inode, const char *name, struct exh_error *err)
{
    struct stat here, there;
    bool ok = true;
    if (fstatat(p->target_fd, name, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return true;
    if (fstatat(p->folder_fd, name, &here, AT_SYMLINK_NOFOLLOW) != 0)
        ok = there.st_ino != inode || move(p->target_fd, p->folder_fd, name);
    else if (here.st_ino == inode && S_ISREG(there.st_mode) && (there.st_size == 0 || (there.st_dev == here.st_dev && there.st_ino == here.st_ino)))
        ok = unlinkat(p->target_fd, name, 0) == 0;
    return ok || exh_fail_sys(err, errno, EXH_NO_OFFSET, "%s was published by a run that was cut, and cannot be taken back", name);
}

/* The files that were being moved, as announced; NULL: none were, or it cannot be told. */
static char *announced(const struct exh_stage *s)
{
    struct exh_error absent;
    char *list = NULL, *image = exh_text_format("%s/%s", s->places[0].target, s->name);
    exh_error_clear(&absent);
    bool listed = image != NULL && exh_stage_read(image, EXH_STAGE_PUBLISHING, &list, &absent);
    free(image);
    return listed ? list : NULL;
}

/* The next line of it that makes sense; NULL: no more. */
static char *next_announced(char **list, uint64_t *inode)
{
    for (char *line = *list, *end; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char *name = strchr(line, ' ');
        *end = '\0';
        *list = end + 1;
        if (name == NULL)
            continue;
        *name++ = '\0';
        if (exh_text_u64(line, inode) && name[0] != '\0' && strchr(name, '/') == NULL)
            return name;
    }
    return NULL;
}

bool exh_stage_take_back(const struct exh_stage *stage, const struct exh_place *place, struct exh_error *err)
{
    char *list = announced(stage), *rest = list, *name;
    uint64_t inode;
    bool ok = true;
    while (ok && (name = next_announced(&rest, &inode)) != NULL)
        ok = return_file(place, inode, name, err);
    free(list);
    return ok;
}

bool exh_stage_published(const struct exh_stage *stage)
{
    const struct exh_place *p = &stage->places[0];
    char *list = announced(stage), *rest = list, *name;
    struct stat here, there;
    uint64_t inode;
    bool yes = false;
    while (!yes && (name = next_announced(&rest, &inode)) != NULL)
        yes = strcmp(name, stage->name) == 0 && fstatat(p->folder_fd, name, &here, AT_SYMLINK_NOFOLLOW) != 0 &&
              fstatat(p->target_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == inode;
    free(list);
    return yes;
}
