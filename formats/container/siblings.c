/* siblings.c - files of the image's own folder and of those named beside it, and no others. See siblings.h. */
#include "formats/container/siblings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/container/source_file.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define FOLDERS_MAX 1024u /* each holds a descriptor */

struct folder {
    int fd;
    char *path;
};

struct exh_siblings {
    struct folder *folders; /* the image's own first */
    size_t count, capacity;
    struct exh_file_marks *marks; /* of the caller; may be NULL */
};

/* Opens `name` in the folder `at`. Takes `path`, by which it is called, over. */
static bool add_folder_at(struct exh_siblings *s, int at, const char *name, int flags, char *path, struct exh_error *err)
{
    if (path == NULL)
        return exh_nomem(err, "a folder");
    if (!exh_grow((void **)&s->folders, &s->capacity, s->count, sizeof *s->folders, FOLDERS_MAX, "folders of one image", err)) {
        free(path);
        return false;
    }
    struct folder *folder = &s->folders[s->count];
    *folder = (struct folder){.path = path, .fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags)};
    if (folder->fd >= 0) {
        s->count++;
        return true;
    }
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the folder");
    (void)exh_in_file(err, path);
    free(path);
    return false;
}

static bool add_folder(struct exh_siblings *s, char *path, struct exh_error *err)
{
    return add_folder_at(s, AT_FDCWD, path != NULL ? path : "", 0, path, err);
}

struct exh_siblings *exh_siblings_across(const char *path, const struct exh_names *folders, struct exh_error *err)
{
    size_t length = (size_t)(exh_text_base(path) - path);
    struct exh_siblings *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)exh_nomem(err, "a folder");
        return NULL;
    }
    bool ok = add_folder(s, length == 0 ? exh_text_copy(".", 1) : exh_text_copy(path, length > 1 ? length - 1 : 1), err);
    for (size_t i = 0; ok && folders != NULL && i < folders->count; i++)
        ok = add_folder(s, exh_text_copy(folders->items[i], strlen(folders->items[i])), err);
    if (ok)
        return s;
    exh_siblings_close(s);
    return NULL;
}

struct exh_siblings *exh_siblings_of(const char *path, struct exh_error *err) { return exh_siblings_across(path, NULL, err); }

void exh_siblings_mark(struct exh_siblings *siblings, struct exh_file_marks *marks) { siblings->marks = marks; }

const char *exh_siblings_folder(const struct exh_siblings *siblings) { return siblings->folders[0].path; }

static bool name_is_plain(const char *name)
{
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strchr(name, '/') == NULL;
}

/* The first folder that has the name, or NULL. */
static const struct folder *find(const struct exh_siblings *siblings, const char *name)
{
    struct stat st;
    for (size_t i = 0; i < siblings->count; i++)
        if (fstatat(siblings->folders[i].fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            return &siblings->folders[i];
    return NULL;
}

static char *path_in(const struct folder *folder, const char *name)
{
    if (strcmp(folder->path, ".") == 0)
        return exh_text_copy(name, strlen(name));
    return exh_text_format("%s%s%s", folder->path, strcmp(folder->path, "/") == 0 ? "" : "/", name);
}

struct exh_source *exh_siblings_open(struct exh_siblings *siblings, const char *name, bool lazy, bool past_cache, struct exh_error *err)
{
    if (!name_is_plain(name)) {
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "'%s' is not a plain file name: only files of the image's own folder are opened", name);
        return NULL;
    }
    const struct folder *folder = find(siblings, name);
    if (folder == NULL)
        folder = &siblings->folders[0]; /* opening it there says what is wrong */
    char *path = path_in(folder, name);
    struct exh_source_file_options options = {
        .folder = folder->fd, .confined = true, .lazy = lazy, .past_cache = past_cache, .marks = siblings->marks, .marked_as = path};
    /* By its path: a lazy source would otherwise hold a descriptor of the folder, one each, and thousands of segments have no room for that.
     * That it is the same file is proven at each read. */
    if (lazy)
        options.folder = AT_FDCWD;
    struct exh_source *source = path != NULL ? exh_source_file_open(lazy ? path : name, &options, err) : NULL;
    if (path == NULL)
        (void)exh_nomem(err, "a path");
    free(path);
    return source;
}

/* ---- names as descriptors write them ---- */

static bool is_separator(char c) { return c == '/' || c == '\\'; }

/* The part behind the last separator; NULL (err) when the reference climbs or names nothing. */
static const char *referenced_base(const char *reference, struct exh_error *err)
{
    const char *base = reference[0] != '\0' && reference[1] == ':' ? reference + 2 : reference;
    for (const char *p = base; *p != '\0'; p++) {
        bool begins = p == base || is_separator(p[-1]);
        if (begins && p[0] == '.' && p[1] == '.' && (p[2] == '\0' || is_separator(p[2]))) {
            (void)exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "'%.200s' leads out of the image's folder", reference);
            return NULL;
        }
    }
    for (const char *p = base; *p != '\0'; p++)
        if (is_separator(*p))
            base = p + 1;
    if (name_is_plain(base))
        return base;
    (void)exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "'%.200s' names no file", reference);
    return NULL;
}

/* The one entry of the image's folder that differs only in case (ASCII), on the heap; NULL: none, or (err) several. */
static char *find_other_case(const struct exh_siblings *siblings, const char *name, struct exh_error *err)
{
    char *found = NULL;
    int fd = openat(siblings->folders[0].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL && fd >= 0)
        (void)close(fd);
    for (const struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;) {
        if (strcasecmp(e->d_name, name) != 0)
            continue;
        if (found != NULL) {
            (void)exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "'%.200s' is not there, and '%.100s' and '%.100s' differ from it only in case", name,
                           found, e->d_name);
            free(found);
            found = NULL;
            break;
        }
        found = exh_text_copy(e->d_name, strlen(e->d_name));
    }
    if (folder != NULL)
        (void)closedir(folder);
    return found;
}

struct exh_source *exh_siblings_referenced(struct exh_siblings *siblings, const char *reference, bool past_cache, char **path, bool *as_named,
                                           struct exh_error *err)
{
    *path = NULL;
    const char *base = referenced_base(reference, err);
    char *bent = base != NULL && find(siblings, base) == NULL ? find_other_case(siblings, base, err) : NULL;
    if (base == NULL || err->code != EXH_OK)
        return NULL;
    const char *name = bent != NULL ? bent : base;
    *as_named = name == reference;
    struct exh_source *source = exh_siblings_open(siblings, name, false, past_cache, err);
    /* The name is the descriptor's, not the user's: whatever cannot be opened under it is a file that is not there. */
    if (source == NULL && (err->code == EXH_USAGE || err->code == EXH_REFUSED))
        err->code = EXH_NOT_FOUND;
    if (source == NULL)
        (void)exh_context(err, "'%.200s'", reference);
    if (source != NULL && (*path = exh_siblings_path(siblings, name)) == NULL) {
        (void)exh_nomem(err, "a path");
        exh_source_close(source);
        source = NULL;
    }
    free(bent);
    return source;
}

static bool mark_folder(const struct exh_siblings *s, struct exh_error *err)
{
    struct stat st;
    struct exh_file_mark mark;
    if (s->marks == NULL)
        return true;
    if (fstat(s->folders[0].fd, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot stat") || exh_in_file(err, s->folders[0].path);
    exh_file_mark_set(&mark, &st);
    return exh_file_marks_add(s->marks, s->folders[0].path, true, &mark, err);
}

struct exh_siblings *exh_siblings_within(const struct exh_siblings *of, const char *name, struct exh_error *err)
{
    struct exh_siblings *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)exh_nomem(err, "a folder");
        return NULL;
    }
    s->marks = of->marks;
    if ((name_is_plain(name) ? add_folder_at(s, of->folders[0].fd, name, O_NOFOLLOW, path_in(&of->folders[0], name), err)
                             : exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "'%s' is not the plain name of a folder", name)) &&
        mark_folder(s, err))
        return s;
    exh_siblings_close(s);
    return NULL;
}

bool exh_siblings_each(const struct exh_siblings *siblings, bool (*take)(void *context, const char *name, struct exh_error *err), void *context,
                       struct exh_error *err)
{
    int fd = openat(siblings->folders[0].fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot list the folder");
        if (fd >= 0)
            (void)close(fd);
        return exh_in_file(err, siblings->folders[0].path);
    }
    bool ok = true;
    for (const struct dirent *e; ok && (errno = 0, e = readdir(folder)) != NULL;)
        ok = !name_is_plain(e->d_name) || take(context, e->d_name, err);
    if (ok && errno != 0)
        ok = exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot list the folder") || exh_in_file(err, siblings->folders[0].path);
    (void)closedir(folder);
    return ok;
}

bool exh_siblings_has(struct exh_siblings *siblings, const char *name) { return name_is_plain(name) && find(siblings, name) != NULL; }

char *exh_siblings_path(const struct exh_siblings *siblings, const char *name)
{
    const struct folder *folder = name_is_plain(name) ? find(siblings, name) : NULL;
    return path_in(folder != NULL ? folder : &siblings->folders[0], name);
}

void exh_siblings_close(struct exh_siblings *siblings)
{
    if (siblings == NULL)
        return;
    for (size_t i = 0; i < siblings->count; i++) {
        (void)close(siblings->folders[i].fd);
        free(siblings->folders[i].path);
    }
    free(siblings->folders);
    free(siblings);
}
