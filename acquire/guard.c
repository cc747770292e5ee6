/* guard.c - refuses a destination that lies on the source. See guard.h.
 *
 * From the destination folder the walk goes down: file system -> block devices -> disk of a partition, slaves of dm and md, the file behind a
 * loop device -> the file system that file is on, and so on. Where it meets the source, writing the image would write the evidence.
 * Another partition of the same disk is not met: the walk goes from part to whole, never back. */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "acquire/blockdev.h"
#include "acquire/guard.h"
#include "acquire/nbd_uri.h"
#include "acquire/sysfs.h"
#include "formats/model/text.h"

#define NESTING_MAX 16u /* images on file systems in images; deeper is refused, not guessed */

struct walk {
    const struct exh_machine *machine;
    struct exh_devset source; /* the device, and the one behind it when it is a loop over a whole device */
    struct stat source_file;  /* of a source that is a regular file */
    bool is_file;
    struct exh_devset seen;
    bool met, unsure, no_memory;
};

static struct exh_devno devno_of(dev_t device) { return (struct exh_devno){major(device), minor(device)}; }

static void walk_path(struct walk *w, const char *path, unsigned depth);

/* The file or device behind a loop device; false when it is not one. */
static bool loop_file(const struct walk *w, struct exh_devno device, char out[PATH_MAX])
{
    char dir[PATH_MAX];
    uint8_t bytes[PATH_MAX];
    if (!exh_sysfs_dir(w->machine, device, dir))
        return false;
    size_t n = exh_sysfs_bytes(dir, "loop/backing_file", bytes, sizeof bytes - 1); /* not cleaned: it is a path */
    while (n > 0 && bytes[n - 1] == '\n')
        n--;
    memcpy(out, bytes, n);
    out[n] = '\0';
    return n > 0;
}

static void walk_device(struct walk *w, struct exh_devno device, unsigned depth);

/* The device that holds the file of a loop device, as the loop driver knows it. */
static bool loop_holder(struct exh_devno loop, struct exh_devno *out)
{
    char node[32];
    struct loop_info64 info;
    (void)snprintf(node, sizeof node, "/dev/loop%u", loop.minor);
    int fd = open(node, O_RDONLY | O_CLOEXEC);
    bool known = fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (known)
        *out = devno_of((dev_t)info.lo_device);
    return known && out->major != 0;
}

static void walk_loop(struct walk *w, struct exh_devno loop, const char *file, unsigned depth)
{
    struct stat st;
    struct exh_devno holder;
    if (stat(file, &st) == 0)
        walk_path(w, file, depth);
    else if (loop_holder(loop, &holder)) /* deleted, or named in another mount namespace */
        walk_device(w, holder, depth);
    else
        w->unsure = true;
}

static void walk_device(struct walk *w, struct exh_devno device, unsigned depth)
{
    char file[PATH_MAX];
    struct exh_devset *below = calloc(1, sizeof *below);
    w->no_memory = w->no_memory || below == NULL;
    if (below == NULL || depth > NESTING_MAX || !exh_sysfs_dir(w->machine, device, file)) {
        w->unsure = true; /* without sysfs nobody knows what the device is stacked on */
        w->met = w->met || exh_devset_has(&w->source, device);
        free(below);
        return;
    }
    exh_sysfs_below(w->machine, device, below);
    w->unsure = w->unsure || below->full;
    for (size_t i = 0; i < below->count && !w->met; i++) {
        w->met = exh_devset_has(&w->source, below->items[i]);
        if (!w->met && exh_devset_add(&w->seen, below->items[i]) && loop_file(w, below->items[i], file))
            walk_loop(w, below->items[i], file, depth + 1);
    }
    free(below);
}

/* The mount a path is on, looked for by its id, because btrfs and overlay show other device numbers in stat than in mountinfo. */
struct mount_search {
    struct walk *walk;
    uint64_t id;
    unsigned depth;
    bool found;
};

/* The folder that an overlay writes to; the ones below it are only read. */
static void walk_overlay(struct walk *w, const char *options, unsigned depth)
{
    static const char key[] = "upperdir=";
    const char *p = strstr(options, key);
    if (p == NULL)
        return; /* read-only: nothing can be written there at all */
    p += sizeof key - 1;
    char *folder = exh_text_copy(p, strcspn(p, ","));
    if (folder == NULL)
        w->unsure = w->no_memory = true;
    else
        walk_path(w, folder, depth + 1);
    free(folder);
}

static bool on_mount(void *context, const struct exh_mount *mount)
{
    struct mount_search *s = context;
    struct exh_devno device;
    if (mount->id != s->id)
        return true;
    s->found = true;
    if (strcmp(mount->type, "overlay") == 0) {
        walk_overlay(s->walk, mount->options, s->depth);
    } else if (exh_mount_device(s->walk->machine, mount, &device)) {
        struct exh_devset members = {0};
        (void)exh_devset_add(&members, device);
        exh_sysfs_btrfs(s->walk->machine, device, &members);
        for (size_t i = 0; i < members.count; i++)
            walk_device(s->walk, members.items[i], s->depth);
    }
    return false;
}

static void walk_mount(struct walk *w, const char *path, unsigned depth)
{
    struct statx sx;
    struct exh_error why = {0};
    if (statx(AT_FDCWD, path, 0, STATX_MNT_ID, &sx) != 0 || (sx.stx_mask & STATX_MNT_ID) == 0) {
        w->unsure = true;
        return;
    }
    struct mount_search s = {.walk = w, .id = sx.stx_mnt_id, .depth = depth};
    if (!exh_mounts_each(w->machine, on_mount, &s, &why) || !s.found)
        w->unsure = true;
    w->no_memory = w->no_memory || why.code == EXH_NOMEM;
}

static void walk_path(struct walk *w, const char *path, unsigned depth)
{
    struct stat st;
    if (depth > NESTING_MAX || stat(path, &st) != 0)
        w->unsure = true;
    else if (S_ISBLK(st.st_mode))
        walk_device(w, devno_of(st.st_rdev), depth);
    else if (w->is_file && st.st_dev == w->source_file.st_dev && st.st_ino == w->source_file.st_ino)
        w->met = true;
    else if (major(st.st_dev) != 0)
        walk_device(w, devno_of(st.st_dev), depth);
    else
        walk_mount(w, path, depth);
}

/* A loop device over a whole device is that device. */
static void add_source(struct walk *w, struct exh_devno device)
{
    char file[PATH_MAX];
    struct stat st;
    while (exh_devset_add(&w->source, device)) {
        if (!loop_file(w, device, file) || stat(file, &st) != 0)
            return;
        if (!S_ISBLK(st.st_mode)) {
            w->is_file = S_ISREG(st.st_mode);
            w->source_file = st;
            return;
        }
        device = devno_of(st.st_rdev);
    }
}

bool exh_guard_reaches(const struct exh_machine *machine, struct exh_devno from, struct exh_devno source)
{
    struct walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return true;
    w->machine = machine;
    add_source(w, source);
    walk_device(w, from, 0);
    bool reaches = w->met || w->unsure;
    free(w);
    return reaches;
}

/* A SCSI generic device is the disk that its hardware is shown as; when it is shown as none, nothing can be stored on it. */
static void add_generic(struct walk *w, struct exh_devno generic)
{
    char hardware[PATH_MAX];
    struct exh_devno block;
    if (!exh_sysfs_generic(w->machine, generic, hardware))
        w->unsure = true;
    else if (exh_sysfs_block_of(hardware, &block))
        add_source(w, block);
}

/* What the source is; standard input may well be a device or a file. */
static bool know_source(struct walk *w, const char *source, bool *matters, struct exh_error *err)
{
    struct stat st;
    if (exh_nbd_is_uri(source)) /* what lies behind a server cannot be seen from here */
        return true;
    if ((strcmp(source, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(source, &st)) != 0) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look at the source");
        (void)exh_on_side(err, EXH_SIDE_SOURCE);
        return exh_in_file(err, source);
    }
    *matters = exh_blockdev_is(st.st_mode, st.st_rdev) || S_ISREG(st.st_mode);
    if (S_ISBLK(st.st_mode))
        add_source(w, devno_of(st.st_rdev));
    else if (*matters && !S_ISREG(st.st_mode))
        add_generic(w, devno_of(st.st_rdev));
    w->is_file = w->is_file || S_ISREG(st.st_mode);
    if (S_ISREG(st.st_mode))
        w->source_file = st;
    return true;
}

static bool refuse_destination(struct walk *w, const char *source, const char *folder, struct exh_error *err)
{
    struct stat st;
    bool matters = false;
    if (!know_source(w, source, &matters, err))
        return false;
    if (stat(folder, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look at the destination");
    if (!matters)
        return true;
    walk_path(w, folder, 0);
    if (w->met)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the destination lies on the source %s: writing there would change the evidence", source);
    if (w->no_memory)
        return exh_nomem(err, "the guard");
    if (w->unsure)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "it cannot be told whether the destination lies on the source %s", source);
    return true;
}

bool exh_guard_destination(const char *source, const char *destination_folder, struct exh_error *err)
{
    struct walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return exh_nomem(err, "the guard");
    w->machine = &exh_this_machine;
    bool allowed = refuse_destination(w, source, destination_folder, err);
    free(w);
    if (!allowed) {
        (void)exh_on_side(err, EXH_SIDE_DESTINATION);
        (void)exh_in_file(err, destination_folder);
    }
    return allowed;
}

bool exh_guard_file(const char *source, const char *file, struct exh_error *err)
{
    struct stat st;
    size_t folder = (size_t)(exh_text_base(file) - file);
    char *place = stat(file, &st) == 0 ? exh_text_copy(file, strlen(file)) : folder > 0 ? exh_text_copy(file, folder) : exh_text_copy(".", 1);
    if (place == NULL)
        return exh_nomem(err, "the guard");
    bool allowed = stat(place, &st) != 0 || exh_guard_destination(source, place, err);
    free(place);
    return allowed;
}
