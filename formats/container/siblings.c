/* siblings.c - files of the image's own folder, and no others. See siblings.h. */
#include "formats/container/siblings.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/container/source_file.h"
#include "formats/model/text.h"

struct exh_siblings {
    int fd;
    char *folder;
};

struct exh_siblings *exh_siblings_of(const char *path, struct exh_error *err)
{
    const char *base = exh_text_base(path);
    struct exh_siblings *s = calloc(1, sizeof *s);
    if (s != NULL) {
        size_t length = (size_t)(base - path);
        s->folder = length == 0 ? exh_text_copy(".", 1) : exh_text_copy(path, length > 1 ? length - 1 : 1);
    }
    if (s == NULL || s->folder == NULL) {
        free(s);
        (void)exh_nomem(err, "a folder");
        return NULL;
    }
    s->fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->fd < 0) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the folder");
        (void)exh_in_file(err, s->folder);
        free(s->folder);
        free(s);
        return NULL;
    }
    return s;
}

const char *exh_siblings_folder(const struct exh_siblings *siblings) { return siblings->folder; }

static bool name_is_plain(const char *name)
{
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strchr(name, '/') == NULL;
}

struct exh_source *exh_siblings_open(struct exh_siblings *siblings, const char *name, bool lazy, bool past_cache, struct exh_error *err)
{
    if (!name_is_plain(name)) {
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "'%s' is not a plain file name: only files of the image's own folder are opened", name);
        return NULL;
    }
    struct exh_source_file_options options = {.folder = siblings->fd, .confined = true, .lazy = lazy, .past_cache = past_cache};
    if (!lazy)
        return exh_source_file_open(name, &options, err);
    /* By its path: a lazy source would otherwise hold a descriptor of the folder, one each, and thousands of segments have no room for that.
     * That it is the same file is proven at each read. */
    char *path = exh_siblings_path(siblings, name);
    options.folder = AT_FDCWD;
    struct exh_source *source = path != NULL ? exh_source_file_open(path, &options, err) : NULL;
    if (path == NULL)
        (void)exh_nomem(err, "a path");
    free(path);
    return source;
}

bool exh_siblings_has(struct exh_siblings *siblings, const char *name)
{
    struct stat st;
    return name_is_plain(name) && fstatat(siblings->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

char *exh_siblings_path(const struct exh_siblings *siblings, const char *name)
{
    if (strcmp(siblings->folder, ".") == 0)
        return exh_text_copy(name, strlen(name));
    bool root = strcmp(siblings->folder, "/") == 0;
    return exh_text_format("%s%s%s", siblings->folder, root ? "" : "/", name);
}

void exh_siblings_close(struct exh_siblings *siblings)
{
    if (siblings == NULL)
        return;
    (void)close(siblings->fd);
    free(siblings->folder);
    free(siblings);
}
