/* siblings.c - files of the image's own folder and of those named beside it, and no others. See siblings.h. */
#include "formats/container/siblings.h"

#include <errno.h>
#include <fcntl.h>
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
};

/* Takes `path` over. */
static bool add_folder(struct exh_siblings *s, char *path, struct exh_error *err)
{
    if (path == NULL)
        return exh_nomem(err, "a folder");
    if (!exh_grow((void **)&s->folders, &s->capacity, s->count, sizeof *s->folders, FOLDERS_MAX, "folders of one image", err)) {
        free(path);
        return false;
    }
    struct folder *folder = &s->folders[s->count];
    *folder = (struct folder){.path = path, .fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (folder->fd >= 0) {
        s->count++;
        return true;
    }
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the folder");
    (void)exh_in_file(err, path);
    free(path);
    return false;
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
    struct exh_source_file_options options = {.folder = folder->fd, .confined = true, .lazy = lazy, .past_cache = past_cache};
    if (!lazy)
        return exh_source_file_open(name, &options, err);
    /* By its path: a lazy source would otherwise hold a descriptor of the folder, one each, and thousands of segments have no room for that.
     * That it is the same file is proven at each read. */
    char *path = path_in(folder, name);
    options.folder = AT_FDCWD;
    struct exh_source *source = path != NULL ? exh_source_file_open(path, &options, err) : NULL;
    if (path == NULL)
        (void)exh_nomem(err, "a path");
    free(path);
    return source;
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
