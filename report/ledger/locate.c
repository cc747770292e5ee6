/* locate.c - which file is the ledger of an image, whether it can be written where it lies, and whether it is at home there.
 *
 * Search: the image's folder, then its parents on the same file system. A ledger that a stranger left in a folder everybody may write to
 * (/tmp) is not ours to believe, so it is passed by.
 * Home: a copy of a ledger must not go on under the same store id. Device numbers change over reboots (loop, LVM, USB), and so does f_fsid
 * on file systems that derive it from them; so a file is known by machine, inode and birth time, which rename keeps and no copy can set;
 * only where there is no birth time does the file system's id decide. A block-wise clone of the whole file system, mounted on the same
 * machine, cannot be told from its original by anything in it. */
#include "report/ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "formats/model/text.h"

#define PATH_ROOM 4096

static bool path_join(char out[PATH_ROOM], const char *folder, const char *name, struct exh_error *err)
{
    const char *between = strcmp(folder, "/") == 0 ? "" : "/";
    int n = snprintf(out, PATH_ROOM, "%s%s%s", folder, between, name);
    return (n > 0 && n < PATH_ROOM) || exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "the path of '%s' is too long", name);
}

/* The real path of the folder that `path` lies in. */
static bool folder_of(const char *path, char out[PATH_ROOM], struct exh_error *err)
{
    char *copy = exh_text_copy(path, strlen(path));
    if (copy == NULL)
        return exh_nomem(err, "a path");
    char *slash = strrchr(copy, '/');
    if (slash != NULL)
        slash[slash == copy ? 1 : 0] = '\0';
    char *found = realpath(slash != NULL ? copy : ".", NULL);
    int sys = errno;
    free(copy);
    if (found == NULL)
        return exh_fail_sys(err, sys, EXH_NO_OFFSET, "the folder of '%s'", path);
    bool fits = strlen(found) < PATH_ROOM;
    if (fits)
        memcpy(out, found, strlen(found) + 1);
    free(found);
    return fits || exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "the path of '%s' is too long", exh_text_base(path));
}

bool exh_place_real(const char *path, char out[PATH_ROOM], struct exh_error *err)
{
    char *found = realpath(path, NULL);
    if (found != NULL && strlen(found) < PATH_ROOM) {
        memcpy(out, found, strlen(found) + 1);
        free(found);
        return true;
    }
    free(found);
    char folder[PATH_ROOM];
    return folder_of(path, folder, err) && path_join(out, folder, exh_text_base(path), err);
}

/* A regular file, not a link; in a folder open to everybody only when it is our own. */
static bool is_candidate(const char *path, const struct stat *folder)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    return (folder->st_mode & S_IWOTH) == 0 || st.st_uid == geteuid();
}

static bool find_upwards(const char *image, struct exh_place *out, struct exh_error *err)
{
    char folder[PATH_ROOM], path[PATH_ROOM];
    struct stat st;
    if (!folder_of(image, folder, err) || !path_join(out->path, folder, EXH_LEDGER_FILE, err))
        return false;
    if (stat(folder, &st) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "the folder of '%s'", image);
    for (dev_t device = st.st_dev; st.st_dev == device;) {
        if (!path_join(path, folder, EXH_LEDGER_FILE, err))
            return false;
        if (is_candidate(path, &st)) {
            memcpy(out->path, path, sizeof path);
            out->exists = true;
            return true;
        }
        char *slash = strrchr(folder, '/');
        if (strcmp(folder, "/") == 0 || slash == NULL)
            return true;
        slash[slash == folder ? 1 : 0] = '\0';
        if (stat(folder, &st) != 0)
            return true;
    }
    return true;
}

bool exh_place_find(const struct exh_ledger_choice *choice, struct exh_place *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    const char *set = getenv("EXHIBIT_LEDGER"), *given = choice->explicit_path;
    if (given != NULL)
        out->named_by = "--ledger";
    else if (set != NULL && set[0] != '\0')
        out->named_by = "$EXHIBIT_LEDGER", given = set;
    if (given == NULL)
        return choice->image == NULL || find_upwards(choice->image, out, err);
    if (!exh_place_real(given, out->path, err))
        return false;
    out->exists = access(out->path, F_OK) == 0;
    return true;
}

/* SQLite's locks cannot be trusted over a network (sqlite.org/faq.html question 5), and a lock that lies ends in two histories. */
static const char *network_name(const char *path)
{
    static const struct {
        unsigned magic;
        const char *name;
    } networks[] = {{0x6969, "NFS"},      {0x517B, "SMB"},     {0xFE534D42, "SMB"}, {0xFF534D42, "CIFS"},
                    {0x00C36400, "Ceph"}, {0x5346414F, "AFS"}, {0x73757245, "Coda"}};
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++)
        if ((unsigned)fs.f_type == networks[i].magic)
            return networks[i].name;
    return NULL;
}

bool exh_place_is_read_only_media(const char *path)
{
    struct statvfs fs;
    return statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;
}

void exh_place_why_not(const char *path, bool exists, char why[256])
{
    char folder[PATH_ROOM];
    struct exh_error ignored = {0};
    why[0] = '\0';
    if (!folder_of(path, folder, &ignored)) {
        (void)snprintf(why, 256, "its folder cannot be opened");
        return;
    }
    const char *network = network_name(folder);
    if (exh_place_is_read_only_media(folder))
        (void)snprintf(why, 256, "read-only: its file system is mounted read-only");
    else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        (void)snprintf(why, 256, "read-only: its folder cannot be written to"); /* the journal lies beside the ledger */
    else if (exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        (void)snprintf(why, 256, "read-only: the file cannot be written to");
    else if (network != NULL)
        (void)snprintf(why, 256, "cannot lock: it lies on a network file system (%s), whose locks cannot be trusted", network);
}

/* machine-id(5): "should be considered confidential"; a hash tells machines apart as well. */
static bool machine_hash(char out[33], struct exh_error *err)
{
    char id[64] = "unknown", hex[EXH_HEX_SIZE];
    int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t got = read(fd, id, sizeof id - 1);
        id[got > 0 ? got : 0] = '\0';
        id[strcspn(id, "\n")] = '\0';
        close(fd);
    }
    char *text = exh_text_format("exhibit ledger %s", id);
    bool ok = text != NULL && exh_hash_hex(text, strlen(text), hex, err);
    if (ok) {
        memcpy(out, hex, 32);
        out[32] = '\0';
    }
    free(text);
    return ok || (text == NULL && exh_nomem(err, "the machine's id"));
}

bool exh_home_of(const char *path, struct exh_home *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    struct statx st;
    struct statfs fs;
    if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS | STATX_BTIME, &st) != 0 || statfs(path, &fs) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look at the ledger '%s'", exh_text_base(path));
    out->inode = (int64_t)st.stx_ino;
    if ((st.stx_mask & STATX_BTIME) != 0)
        (void)snprintf(out->born, sizeof out->born, "%lld.%09u", (long long)st.stx_btime.tv_sec, st.stx_btime.tv_nsec);
    uint8_t id[sizeof fs.f_fsid];
    char hex[2 * sizeof id + 1];
    memcpy(id, &fs.f_fsid, sizeof id);
    exh_text_hex(id, sizeof id, hex);
    if (strspn(hex, "0") == 2 * sizeof id)
        (void)snprintf(out->device, sizeof out->device, "dev:%u:%u", st.stx_dev_major, st.stx_dev_minor);
    else
        (void)snprintf(out->device, sizeof out->device, "fsid:%s", hex);
    return machine_hash(out->machine, err);
}

static bool same_text(const json_t *body, const char *key, const char *text)
{
    const char *there = json_string_value(json_object_get(body, key));
    return there != NULL && strcmp(there, text) == 0;
}

bool exh_home_matches(const json_t *body, const struct exh_home *home)
{
    const json_t *inode = json_object_get(body, "inode");
    if (!same_text(body, "machine_id", home->machine) || !json_is_integer(inode) || json_integer_value(inode) != home->inode)
        return false;
    const char *born = json_string_value(json_object_get(body, "born"));
    if (born != NULL && born[0] != '\0' && home->born[0] != '\0')
        return strcmp(born, home->born) == 0;
    return same_text(body, "device", home->device);
}

char *exh_ledger_name_of(const struct exh_ledger *ledger, const char *image)
{
    char folder[PATH_ROOM], path[PATH_ROOM];
    struct exh_error ignored = {0};
    const char *name = exh_text_base(image);
    size_t home = (size_t)(exh_text_base(ledger->path) - ledger->path); /* the ledger's folder with its slash */
    if (folder_of(image, folder, &ignored) && path_join(path, folder, name, &ignored) && strncmp(path, ledger->path, home) == 0)
        name = path + home;
    /* Lines are UTF-8; a name that is not is told the same way each time. */
    return exh_text_to_utf8((const uint8_t *)name, strlen(name));
}
