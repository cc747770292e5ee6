/* sysfs.c - the tree of block devices. See sysfs.h.
 * Linux: Documentation/ABI/stable/sysfs-block, Documentation/filesystems/proc.rst 3.5 (mountinfo). */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/sysfs.h"
#include "formats/model/text.h"

#include <errno.h>

#define ATTRIBUTE_MAX 4096u /* sysfs gives one page */
#define STACK_DEPTH_MAX 16u /* the kernel itself stops bio-stacking well below */

const struct exh_machine exh_this_machine = {"/sys", "/proc/self/mountinfo", "/run/udev/data"};

/* dir + "/" + name; false when it does not fit. */
static bool join(const char *dir, const char *name, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_MAX;
}

bool exh_sysfs_dir(const struct exh_machine *machine, struct exh_devno device, char out[PATH_MAX])
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/dev/block/%u:%u", machine->sys, device.major, device.minor);
    return n > 0 && n < PATH_MAX && realpath(path, out) != NULL;
}

/* "8:16" */
static bool parse_devno(const char *text, struct exh_devno *out)
{
    const char *colon = strchr(text, ':');
    char major_text[16];
    uint64_t major_number, minor_number;
    if (colon == NULL || (size_t)(colon - text) >= sizeof major_text)
        return false;
    memcpy(major_text, text, (size_t)(colon - text));
    major_text[colon - text] = '\0';
    if (!exh_text_u64(major_text, &major_number) || !exh_text_u64(colon + 1, &minor_number) || major_number > UINT_MAX || minor_number > UINT_MAX)
        return false;
    *out = (struct exh_devno){(unsigned)major_number, (unsigned)minor_number};
    return true;
}

bool exh_sysfs_devno(const char *dir, struct exh_devno *out)
{
    char text[32];
    return exh_sysfs_text(dir, "dev", text, sizeof text) && parse_devno(text, out);
}

bool exh_sysfs_generic(const struct exh_machine *machine, struct exh_devno generic, char out[PATH_MAX])
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/dev/char/%u:%u/device", machine->sys, generic.major, generic.minor);
    return n > 0 && n < PATH_MAX && realpath(path, out) != NULL;
}

bool exh_sysfs_block_of(const char *hardware, struct exh_devno *out)
{
    char folder[PATH_MAX], block[PATH_MAX];
    DIR *dir = join(hardware, "block", folder) ? opendir(folder) : NULL;
    bool found = false;
    for (const struct dirent *e; !found && dir != NULL && (e = readdir(dir)) != NULL;)
        found = e->d_name[0] != '.' && join(folder, e->d_name, block) && exh_sysfs_devno(block, out);
    if (dir != NULL)
        (void)closedir(dir);
    return found;
}

bool exh_sysfs_named(const struct exh_machine *machine, const char *name, struct exh_devno *out)
{
    char path[PATH_MAX], dir[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/class/block/%s", machine->sys, name);
    return name[0] != '\0' && name[0] != '.' && n > 0 && n < PATH_MAX && realpath(path, dir) != NULL && exh_sysfs_devno(dir, out);
}

size_t exh_sysfs_bytes(const char *dir, const char *attribute, uint8_t *out, size_t room)
{
    char path[PATH_MAX];
    if (!join(dir, attribute, path))
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    size_t used = 0;
    for (ssize_t n = 1; n > 0 && used<room; used += n> 0 ? (size_t)n : 0)
        n = read(fd, out + used, room - used);
    (void)close(fd);
    return used;
}

/* Control characters, C1 (two bytes in UTF-8) included, would move a terminal's cursor or split a table's line. */
static void blank_controls(char *text)
{
    for (uint8_t *p = (uint8_t *)text; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7F)
            *p = ' ';
        else if (p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0)
            p[0] = p[1] = ' ';
    }
}

void exh_sysfs_clean(const uint8_t *bytes, size_t length, char *out, size_t room)
{
    out[0] = '\0';
    const uint8_t *end = memchr(bytes, 0, length);
    char *text = exh_text_to_utf8(bytes, end != NULL ? (size_t)(end - bytes) : length);
    if (text == NULL)
        return;
    blank_controls(text);
    const char *start = text + strspn(text, " ");
    size_t n = strlen(start);
    if (n >= room)
        n = room - 1;
    while (n > 0 && ((uint8_t)start[n] & 0xC0) == 0x80) /* never in the middle of a character */
        n--;
    while (n > 0 && start[n - 1] == ' ')
        n--;
    memcpy(out, start, n);
    out[n] = '\0';
    free(text);
}

bool exh_sysfs_text(const char *dir, const char *attribute, char *out, size_t room)
{
    uint8_t bytes[ATTRIBUTE_MAX];
    exh_sysfs_clean(bytes, exh_sysfs_bytes(dir, attribute, bytes, sizeof bytes), out, room);
    return out[0] != '\0';
}

bool exh_sysfs_number(const char *dir, const char *attribute, uint64_t *out)
{
    char text[32];
    return exh_sysfs_text(dir, attribute, text, sizeof text) && exh_text_u64(text, out);
}

bool exh_devset_has(const struct exh_devset *set, struct exh_devno device)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].major == device.major && set->items[i].minor == device.minor)
            return true;
    return false;
}

bool exh_devset_add(struct exh_devset *set, struct exh_devno device)
{
    if (exh_devset_has(set, device))
        return false;
    if (set->count == EXH_DEVSET_MAX) {
        set->full = true;
        return false;
    }
    set->items[set->count++] = device;
    return true;
}

typedef void step(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set, unsigned depth);

/* Steps to every entry of dir/list ("holders", "slaves") that is a block device. */
static void step_each(const struct exh_machine *machine, const char *dir, const char *list, struct exh_devset *set, unsigned depth, step *next)
{
    char path[PATH_MAX], entry[PATH_MAX];
    struct exh_devno device;
    DIR *d = join(dir, list, path) ? opendir(path) : NULL;
    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (e->d_name[0] != '.' && join(path, e->d_name, entry) && exh_sysfs_devno(entry, &device))
            next(machine, device, set, depth + 1);
    (void)closedir(d);
}

static bool is_partition(const char *dir)
{
    char path[PATH_MAX];
    return join(dir, "partition", path) && access(path, F_OK) == 0;
}

static void above(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set, unsigned depth);

static void above_partitions(const struct exh_machine *machine, const char *dir, struct exh_devset *set, unsigned depth)
{
    char entry[PATH_MAX];
    struct exh_devno device;
    DIR *d = opendir(dir);
    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (e->d_name[0] != '.' && join(dir, e->d_name, entry) && is_partition(entry) && exh_sysfs_devno(entry, &device))
            above(machine, device, set, depth + 1);
    (void)closedir(d);
}

static void above(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set, unsigned depth)
{
    char dir[PATH_MAX];
    if (depth > STACK_DEPTH_MAX || !exh_devset_add(set, device) || !exh_sysfs_dir(machine, device, dir))
        return;
    above_partitions(machine, dir, set, depth);
    step_each(machine, dir, "holders", set, depth, above);
}

void exh_sysfs_above(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set) { above(machine, device, set, 0); }

static void below(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set, unsigned depth)
{
    char dir[PATH_MAX];
    struct exh_devno disk;
    if (depth > STACK_DEPTH_MAX || !exh_devset_add(set, device) || !exh_sysfs_dir(machine, device, dir))
        return;
    step_each(machine, dir, "slaves", set, depth, below);
    if (!is_partition(dir))
        return;
    *strrchr(dir, '/') = '\0';
    if (exh_sysfs_devno(dir, &disk))
        below(machine, disk, set, depth + 1);
}

void exh_sysfs_below(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set) { below(machine, device, set, 0); }

static void add_only(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set, unsigned depth)
{
    (void)machine, (void)depth;
    (void)exh_devset_add(set, device);
}

void exh_sysfs_btrfs(const struct exh_machine *machine, struct exh_devno device, struct exh_devset *set)
{
    char path[PATH_MAX], one[PATH_MAX];
    DIR *d = join(machine->sys, "fs/btrfs", path) ? opendir(path) : NULL;
    if (d == NULL)
        return;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        struct exh_devset members = {0};
        if (e->d_name[0] == '.' || !join(path, e->d_name, one))
            continue;
        step_each(machine, one, "devices", &members, 0, add_only);
        if (exh_devset_has(&members, device))
            for (size_t i = 0; i < members.count; i++)
                (void)exh_devset_add(set, members.items[i]);
    }
    (void)closedir(d);
}

/* mountinfo writes space, tab, newline and backslash as \040 \011 \012 \134. In place. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p != '\0';) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
            *to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else {
            *to++ = *p++;
        }
    }
    *to = '\0';
}

/* Cuts the next word off *line; NULL at the end. */
static char *word(char **line)
{
    char *start = *line + strspn(*line, " ");
    size_t n = strcspn(start, " \n");
    if (n == 0)
        return NULL;
    *line = start + n + (start[n] != '\0');
    start[n] = '\0';
    return start;
}

static bool has_option(const char *options, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = options; p != NULL; p = strchr(p, ','), p += p != NULL)
        if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    return false;
}

/* ID PARENT MAJOR:MINOR ROOT FOLDER OPTIONS [TAG...] - TYPE SOURCE SUPER_OPTIONS */
static bool parse_mount(char *line, struct exh_mount *out)
{
    char *id = word(&line), *parent = word(&line), *device = word(&line), *root = word(&line), *folder = word(&line), *options = word(&line);
    if (id == NULL || parent == NULL || device == NULL || root == NULL || folder == NULL || options == NULL)
        return false;
    for (char *tag = word(&line); tag == NULL || strcmp(tag, "-") != 0; tag = word(&line))
        if (tag == NULL)
            return false;
    char *type = word(&line), *source = word(&line), *super = word(&line);
    if (type == NULL || source == NULL || super == NULL || !exh_text_u64(id, &out->id) || !parse_devno(device, &out->device))
        return false;
    unescape(folder);
    unescape(source);
    out->folder = folder;
    out->type = type;
    out->source = source;
    out->options = super;
    out->writable = has_option(super, "rw");
    return true;
}

bool exh_mounts_each(const struct exh_machine *machine, bool (*row)(void *context, const struct exh_mount *), void *context, struct exh_error *err)
{
    FILE *file = fopen(machine->mountinfo, "re");
    if (file == NULL)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot read the table of mounts %s", machine->mountinfo);
    char *line = NULL;
    size_t room = 0;
    struct exh_mount mount;
    bool more = true;
    errno = 0;
    while (more && getline(&line, &room, file) > 0) {
        if (parse_mount(line, &mount))
            more = row(context, &mount);
        errno = 0; /* what the row left there is not getline's */
    }
    bool no_memory = errno == ENOMEM; /* which is no error of the file */
    free(line);
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (no_memory)
        return exh_nomem(err, "the table of mounts");
    return !broken || exh_fail(err, EXH_IO, EXH_NO_OFFSET, "cannot read the table of mounts %s", machine->mountinfo);
}

bool exh_mount_device(const struct exh_machine *machine, const struct exh_mount *mount, struct exh_devno *out)
{
    char real[PATH_MAX];
    if (mount->device.major != 0) {
        *out = mount->device;
        return true;
    }
    if (mount->source[0] != '/')
        return false;
    /* /dev/mapper/NAME and /dev/disk/... are links to the node that sysfs knows. */
    return exh_sysfs_named(machine, exh_text_base(realpath(mount->source, real) != NULL ? real : mount->source), out);
}
