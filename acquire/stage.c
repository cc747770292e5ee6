/* stage.c - the staging folder: made, locked, taken up again, cleared. See stage.h; publish.c moves what lies in it into place. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acquire/stage_place.h"
#include "formats/model/text.h"

#define STATE_BYTES_MAX (64u << 20) /* it holds the lines of every run: some KiB for each time that a drive was given up for the day */

const char *exh_stage_folder(const struct exh_stage *stage) { return stage->places[0].folder; }
const char *exh_stage_target(const struct exh_stage *stage) { return stage->places[0].target; }
const char *exh_stage_name(const struct exh_stage *stage) { return stage->name; }
const struct exh_names *exh_stage_joined(const struct exh_stage *stage) { return &stage->joined; }

/* ---- names ---- */

/* In the order of clearing. The state first: a folder without it is one that only waits to be cleared, should clearing be cut. The mark of a
 * conversion last: it is what allows the rest to be removed. */
static const char *const ours[] = {EXH_STAGE_STATE, EXH_STAGE_PUBLISHING, "map", "journal", "work.raw", "reserve", EXH_STAGE_CONVERSION};
#define OURS (sizeof ours / sizeof ours[0])

/* The image lies beside them; some file systems do not tell MAP from map. */
static bool is_ours(const char *name)
{
    bool yes = false;
    for (size_t i = 0; !yes && i < OURS; i++) {
        size_t n = strlen(ours[i]);
        yes = strncasecmp(name, ours[i], n) == 0 && (name[n] == '\0' || strcasecmp(name + n, ".new") == 0);
    }
    return yes;
}

/* "case/disk.E01" -> "case", "disk.E01"; "disk.E01" -> ".", "disk.E01"; "/disk.E01" -> "/", "disk.E01". */
static bool split_path(struct exh_stage *s, const char *image, struct exh_error *err)
{
    const char *base = exh_text_base(image);
    size_t length = (size_t)(base - image);
    while (length > 1 && image[length - 1] == '/')
        length--;
    if (base[0] == '\0' || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "\"%s\" does not name a file", image);
    if (is_ours(base))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "an image cannot have the name %s: what an acquisition keeps for itself has it", base);
    s->places[0].target = length == 0 ? exh_text_copy(".", 1) : exh_text_copy(image, length);
    s->places[0].folder = exh_text_format("%s.partial", image);
    s->name = exh_text_copy(base, strlen(base));
    return (s->places[0].target != NULL && s->name != NULL && s->places[0].folder != NULL) || exh_nomem(err, "a staging folder");
}

bool exh_place_sync(int fd, const char *path, struct exh_error *err)
{
    if (fsync(fd) == 0 || errno == EINVAL)
        return true;
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "the folder cannot be made durable");
    return exh_in_file(err, path);
}

/* ---- what stands in the way ---- */

/* Somebody's staging folder is in the way: are they still at it? */
static bool refuse_partial(const struct exh_place *p, struct exh_error *err)
{
    int fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    bool folder = fd >= 0;
    if (fd >= 0)
        (void)close(fd);
    if (busy)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "another run is writing to %s/ now", p->folder);
    if (!folder)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s is in the way: the image is prepared in a folder of that name", p->folder);
    return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                    "%s/ holds an unfinished image; an acquisition goes on with --resume, a conversion is begun again by convert, and anything else "
                    "starts when rm -r has removed it",
                    p->folder);
}

static bool cannot_lock(const struct exh_place *p, struct exh_error *err)
{
    if (errno == EWOULDBLOCK)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "another run is writing to %s/ now", p->folder);
    /* A file system without locks: mkdir was exclusive all the same. */
    return errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOLCK ||
           exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot lock the staging folder");
}

/* A run that was just killed may still be dying, in a read that no signal interrupts. */
#define DYING_MS 2000u

static bool lock_folder(const struct exh_place *p, struct exh_error *err)
{
    for (unsigned waited = 0; flock(p->folder_fd, LOCK_EX | LOCK_NB) != 0; waited += 20) {
        if (errno != EWOULDBLOCK || waited >= DYING_MS)
            return cannot_lock(p, err);
        (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return true;
}

/* Data files that lie beside a descriptor: whatever letters their names are in, a reader finds them. */
static bool is_disc_part(const char *first, const char *name)
{
    static const struct {
        const char *descriptor, *ends[3];
        bool per_track; /* also "STEM (Track 1).bin" */
    } discs[] = {{".cue", {NULL}, true}, {".toc", {".bin"}, false}, {".ccd", {".img", ".sub"}, false}};
    size_t n = strlen(first), stem = n > 4 ? n - 4 : 0;
    for (size_t i = 0; stem > 0 && i < sizeof discs / sizeof discs[0]; i++) {
        if (strcasecmp(first + stem, discs[i].descriptor) != 0 || strncasecmp(first, name, stem) != 0)
            continue;
        if (discs[i].per_track && strncasecmp(name + stem, " (Track ", 8) == 0)
            return true;
        for (size_t k = 0; k < 3 && discs[i].ends[k] != NULL; k++)
            if (strcasecmp(name + stem, discs[i].ends[k]) == 0)
                return true;
    }
    return false;
}

/* Would a reader of the set that begins with `first` (disk.E01, disk.001, disc.cue) take `name` for a part of it? */
static bool is_part(const char *first, const char *name)
{
    size_t n = strlen(first);
    if (is_disc_part(first, name))
        return true;
    if (n < 5 || strlen(name) != n || strncmp(first, name, n - 3) != 0)
        return false;
    const char *p = name + n - 3;
    bool digits = p[1] >= '0' && p[1] <= '9' && p[2] >= '0' && p[2] <= '9';
    return (strcmp(first + n - 4, ".001") == 0 && digits && p[0] >= '0' && p[0] <= '9') ||
           (strcmp(first + n - 4, ".E01") == 0 && digits && p[0] == 'E');
}

/* A part of somebody else's set would be read as one of ours, or stand in the way of ours when all has been read. */
static bool refuse_parts(const struct exh_stage *s, const struct exh_place *p, struct exh_error *err)
{
    int fd = openat(p->target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = true;
    if (folder == NULL) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot list the destination folder");
        if (fd >= 0)
            (void)close(fd);
        return exh_in_file(err, p->target);
    }
    for (const struct dirent *e; ok && (e = readdir(folder)) != NULL;)
        if (is_part(s->name, e->d_name))
            ok = exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s exists in the destination folder: it would be taken for a part of this image",
                          e->d_name);
    (void)closedir(folder);
    return ok;
}

bool exh_stage_vacant(const struct exh_stage *stage, const char *name, struct exh_error *err)
{
    struct stat st;
    if (fstatat(stage->places[0].target_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return true;
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look for %s in the destination folder", name);
    } else {
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s exists in the destination folder; an existing file is never overwritten", name);
    }
    (void)exh_on_side(err, EXH_SIDE_DESTINATION);
    return exh_in_file(err, stage->places[0].target);
}

/* ---- opening ---- */

/* Does the name still lead to the folder that is open? While the lock was waited for, another run may have ended, and removed its own. */
static bool is_in_place(const struct exh_place *p)
{
    struct stat open_one, named;
    return fstat(p->folder_fd, &open_one) == 0 && lstat(p->folder, &named) == 0 && open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

static bool open_target(struct exh_place *p, struct exh_error *err)
{
    p->target_fd = open(p->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->target_fd >= 0)
        return true;
    (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the destination folder");
    return exh_in_file(err, p->target);
}

static bool open_folder(struct exh_place *p, struct exh_error *err)
{
    p->folder_fd = open(p->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (p->folder_fd < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the staging folder");
    if (lock_folder(p, err)) {
        if (is_in_place(p))
            return true;
        (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "another run has removed or replaced %s/ just now", p->folder);
    }
    (void)close(p->folder_fd); /* another's: closing the stage does not remove it, empty as it may be */
    p->folder_fd = -1;
    return false;
}

static bool make_folder(struct exh_stage *s, struct exh_error *err)
{
    struct exh_place *p = &s->places[0];
    if (!open_target(p, err) || !exh_stage_vacant(s, s->name, err) || !refuse_parts(s, p, err))
        return false;
    if (mkdir(p->folder, 0700) != 0)
        return errno == EEXIST ? refuse_partial(p, err) : exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot make the staging folder");
    /* The folder's own name must outlive a power cut, or what is written to it could not be resumed. */
    return open_folder(p, err) && exh_place_sync(p->target_fd, p->target, err);
}

static bool take_up_folder(struct exh_stage *s, struct exh_error *err)
{
    struct exh_place *p = &s->places[0];
    return open_target(p, err) && open_folder(p, err) && exh_stage_take_back(s, p, err) && exh_stage_vacant(s, s->name, err) &&
           refuse_parts(s, p, err);
}

static struct exh_stage *new_stage(const char *image, bool (*begin)(struct exh_stage *, struct exh_error *), struct exh_error *err)
{
    struct exh_stage *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)exh_nomem(err, "a staging folder");
        return NULL;
    }
    s->place_count = 1;
    s->places[0].folder_fd = s->places[0].target_fd = -1;
    if (!split_path(s, image, err) || !begin(s, err)) {
        (void)exh_on_side(err, EXH_SIDE_DESTINATION);
        (void)exh_in_file(err, s->places[0].folder);
        exh_stage_close(s);
        return NULL;
    }
    return s;
}

static bool take_up_left(struct exh_stage *s, struct exh_error *err) { return open_target(&s->places[0], err) && open_folder(&s->places[0], err); }

struct exh_stage *exh_stage_left(const char *image, struct exh_error *err) { return new_stage(image, take_up_left, err); }
struct exh_stage *exh_stage_open(const char *image, struct exh_error *err) { return new_stage(image, make_folder, err); }
struct exh_stage *exh_stage_resume(const char *image, struct exh_error *err) { return new_stage(image, take_up_folder, err); }

bool exh_stage_exists(const char *image)
{
    struct stat st;
    char *folder = exh_text_format("%s.partial", image);
    bool there = folder != NULL && lstat(folder, &st) == 0 && S_ISDIR(st.st_mode);
    free(folder);
    return there;
}

static bool join_place(struct exh_stage *s, struct exh_place *p, const char *directory, struct exh_error *err)
{
    p->target = exh_text_copy(directory, strlen(directory));
    p->folder = exh_text_format("%s/%s.partial", directory, s->name);
    if (p->target == NULL || p->folder == NULL)
        return exh_nomem(err, "a staging folder");
    if (!open_target(p, err))
        return false;
    if (mkdir(p->folder, 0700) != 0 && errno != EEXIST)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot make the staging folder");
    return open_folder(p, err) && exh_place_sync(p->target_fd, p->target, err) && exh_stage_take_back(s, p, err) && refuse_parts(s, p, err) &&
           exh_names_add(&s->joined, p->folder, err);
}

/* A folder may be given twice, or by another name: the image's own, or again when a run is resumed. */
static bool is_joined(const struct exh_stage *s, const char *directory)
{
    struct stat there, here;
    bool known = false;
    for (size_t i = 0; !known && i < s->place_count && stat(directory, &there) == 0; i++)
        known = fstat(s->places[i].target_fd, &here) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
    return known;
}

bool exh_stage_join(struct exh_stage *stage, const char *directory, struct exh_error *err)
{
    if (is_joined(stage, directory))
        return true;
    if (stage->place_count == EXH_PLACES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "an image lies in at most %u folders", EXH_PLACES_MAX) ||
               exh_on_side(err, EXH_SIDE_DESTINATION);
    struct exh_place *p = &stage->places[stage->place_count++];
    p->folder_fd = p->target_fd = -1;
    if (join_place(stage, p, directory, err))
        return true;
    (void)exh_on_side(err, EXH_SIDE_DESTINATION);
    return exh_in_file(err, p->folder);
}

/* ---- small files ---- */

static bool write_whole(int folder_fd, const char *name, const char *text, struct exh_error *err)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t done = 0, length = strlen(text);
    while (fd >= 0 && done < length) {
        ssize_t n = write(fd, text + done, length - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    bool ok = fd >= 0 && done == length && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        (void)close(fd);
    return ok || exh_fail_sys(err, why, EXH_NO_OFFSET, "cannot write %s", name);
}

bool exh_stage_keep(struct exh_stage *stage, const char *name, const char *text, struct exh_error *err)
{
    const struct exh_place *p = &stage->places[0];
    char *fresh = exh_text_format("%s.new", name);
    bool ok = (fresh != NULL || exh_nomem(err, "a name")) && write_whole(p->folder_fd, fresh, text, err) &&
              (renameat(p->folder_fd, fresh, p->folder_fd, name) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot write %s", name)) &&
              exh_place_sync(p->folder_fd, p->folder, err);
    free(fresh);
    if (!ok)
        (void)exh_on_side(err, EXH_SIDE_DESTINATION);
    return ok || exh_in_file(err, p->folder);
}

bool exh_stage_read(const char *image, const char *name, char **text, struct exh_error *err)
{
    char *path = exh_text_format("%s.partial/%s", image, name);
    *text = NULL;
    if (path == NULL)
        return exh_nomem(err, "a path");
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    bool ok = (fd >= 0 && fstat(fd, &st) == 0) || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot be opened");
    ok = ok && (S_ISREG(st.st_mode) || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "is no regular file"));
    ok = ok && ((uint64_t)st.st_size <= STATE_BYTES_MAX || exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "is larger than %u bytes", STATE_BYTES_MAX));
    size_t length = ok ? (size_t)st.st_size : 0;
    ok = ok && ((*text = calloc(1, length + 1)) != NULL || exh_nomem(err, "a file"));
    ok = ok && (pread(fd, *text, length, 0) == (ssize_t)length || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot be read"));
    if (!ok) {
        free(*text);
        *text = NULL;
        (void)exh_in_file(err, path);
    }
    if (fd >= 0)
        (void)close(fd);
    free(path);
    return ok;
}

/* ---- the end ---- */

void exh_stage_unkept(struct exh_stage *stage, const char *name)
{
    char *fresh = exh_text_format("%s.new", name);
    if (fresh != NULL)
        (void)unlinkat(stage->places[0].folder_fd, fresh, 0);
    free(fresh);
}

static void remove_file(struct exh_stage *stage, const char *name)
{
    (void)unlinkat(stage->places[0].folder_fd, name, 0);
    exh_stage_unkept(stage, name);
}

static void remove_folder(const struct exh_place *place)
{
    if (is_in_place(place) && rmdir(place->folder) == 0)
        (void)fsync(place->target_fd);
}

void exh_stage_clear(struct exh_stage *stage)
{
    char *map = exh_text_format("%s" EXH_STAGE_MAP_END, stage->name);
    for (size_t i = 1; i < stage->place_count; i++)
        remove_folder(&stage->places[i]); /* while there is a state that tells of it */
    for (size_t i = 0; i < OURS; i++)
        remove_file(stage, ours[i]);
    if (map != NULL)
        remove_file(stage, map); /* of a run that was cut when it was to be published, and has read the rest since */
    free(map);
    remove_folder(&stage->places[0]);
}

/* ---- the end of what can be made again ---- */

/* A file with a name that `ours` has, letter by letter: nothing is removed for a likeness. */
static bool is_kept(const char *name)
{
    bool yes = false;
    for (size_t i = 0; !yes && i < OURS; i++) {
        size_t n = strlen(ours[i]);
        yes = strncmp(name, ours[i], n) == 0 && (name[n] == '\0' || strcmp(name + n, ".new") == 0);
    }
    return yes;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

/* As printf("%03u") writes it, for no more parts than anybody makes. */
static bool is_part_number(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return text[n] == '\0' && n >= 3 && n <= 6 && (n == 3 || text[0] != '0');
}

/* ".E02" to ".E99", ".EAA" to ".ZZZ". By the name alone ".LOG" and ".TXT" are among the latter: such a file must begin as a segment does, or be empty
 * yet. */
static bool is_segment(const struct exh_place *p, const char *file, const char *end)
{
    static const char signature[8] = {'E', 'V', 'F', 0x09, 0x0d, 0x0a, (char)0xff, 0x00};
    char head[sizeof signature];
    bool numbered = end[0] == '.' && end[1] == 'E' && is_digit(end[2]) && is_digit(end[3]);
    bool lettered = end[0] == '.' && end[1] >= 'E' && is_capital(end[1]) && is_capital(end[2]) && is_capital(end[3]);
    if (strlen(end) != 4 || !lettered)
        return strlen(end) == 4 && numbered;
    int fd = openat(p->folder_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, head, sizeof head, 0) : -1;
    if (fd >= 0)
        (void)close(fd);
    return n >= 0 && memcmp(head, signature, (size_t)n) == 0;
}

/* "disc (Track 1).bin", "disc (Track 01).bin" */
static bool is_track_file(const char *rest)
{
    static const char before[] = " (Track ";
    size_t n = strncmp(rest, before, sizeof before - 1) == 0 ? strspn(rest + sizeof before - 1, "0123456789") : 0;
    return (n == 1 || n == 2) && strcmp(rest + sizeof before - 1 + n, ").bin") == 0;
}

static bool is_one_of(const char *name, const char *a, const char *b) { return strcmp(name, a) == 0 || strcmp(name, b) == 0; }

/* Is this a file that a writer of the image makes? NAME itself; of a set its further segments (disk.E02, disk.EAA, disk.002), or what lies beside a
 * descriptor (disc.bin, disc.sub, disc.cdt, "disc (Track 1).bin", disk-flat.vmdk). */
static bool is_of_image(const struct exh_stage *s, const struct exh_place *p, const char *file)
{
    size_t n = strlen(s->name), stem = n > 4 ? n - 4 : 0;
    const char *end = s->name + stem, *rest = file + stem;
    if (strcmp(file, s->name) == 0 || (strncmp(file, s->name, n) == 0 && strcmp(file + n, "-flat.vmdk") == 0))
        return true;
    if (n > 5 && strcasecmp(s->name + n - 5, ".vmdk") == 0 && strncmp(file, s->name, n - 5) == 0)
        return strcmp(file + n - 5, "-flat.vmdk") == 0;
    if (stem == 0 || strncmp(file, s->name, stem) != 0)
        return false;
    return (strcmp(end, ".E01") == 0 && is_segment(p, file, rest)) || (strcmp(end, ".001") == 0 && rest[0] == '.' && is_part_number(rest + 1)) ||
           (strcasecmp(end, ".cue") == 0 && (strcmp(rest, ".cdt") == 0 || is_track_file(rest))) ||
           (strcasecmp(end, ".toc") == 0 && is_one_of(rest, ".bin", ".BIN")) ||
           (strcasecmp(end, ".ccd") == 0 && (is_one_of(rest, ".img", ".IMG") || is_one_of(rest, ".sub", ".SUB")));
}

enum sweep { BARE, LOOK, REMOVE };

static bool sweep_file(const struct exh_stage *s, const struct exh_place *p, const char *name, enum sweep how, struct exh_error *err)
{
    struct stat st;
    if (how == BARE)
        return is_kept(name) || exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s is there", name);
    if (how == LOOK) {
        bool known = fstatat(p->folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && (is_kept(name) || is_of_image(s, p, name));
        return known || exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                                 "%s in it is no part of the unfinished image: nothing is removed (rm -r of the folder would remove all)", name);
    }
    return is_kept(name) || unlinkat(p->folder_fd, name, 0) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot remove %s", name);
}

/* Every file of the folder: BARE wants `ours` alone, LOOK also those of the image, and with REMOVE these go. */
static bool sweep(const struct exh_stage *s, const struct exh_place *p, enum sweep how, struct exh_error *err)
{
    int fd = openat(p->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = true;
    if (folder == NULL) {
        (void)exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot list the staging folder");
        if (fd >= 0)
            (void)close(fd);
        return exh_in_file(err, p->folder);
    }
    for (const struct dirent *e; ok && (e = readdir(folder)) != NULL;)
        ok = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || sweep_file(s, p, e->d_name, how, err);
    (void)closedir(folder);
    return ok || exh_in_file(err, p->folder);
}

bool exh_stage_holds(const struct exh_stage *stage, const char *path)
{
    struct stat there, here;
    char *whole = realpath(path, NULL);
    bool yes = false;
    if (whole != NULL) {
        *strrchr(whole, '/') = '\0';
        for (size_t i = 0; !yes && i < stage->place_count && stat(whole[0] != '\0' ? whole : "/", &there) == 0; i++)
            yes = fstat(stage->places[i].folder_fd, &here) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
    }
    free(whole);
    return yes;
}

bool exh_stage_bare(const struct exh_stage *stage)
{
    struct exh_error why;
    exh_error_clear(&why);
    return sweep(stage, &stage->places[0], BARE, &why);
}

bool exh_stage_discard(struct exh_stage *stage, struct exh_error *err)
{
    bool ok = !exh_stage_published(stage) || exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s is finished and in its place", stage->name);
    for (size_t i = 0; ok && i < stage->place_count; i++)
        ok = sweep(stage, &stage->places[i], LOOK, err);
    for (size_t i = 0; ok && i < stage->place_count; i++)
        ok = exh_stage_take_back(stage, &stage->places[i], err);
    for (size_t i = 0; ok && i < stage->place_count; i++)
        ok = sweep(stage, &stage->places[i], REMOVE, err);
    if (ok)
        exh_stage_clear(stage);
    return ok || exh_on_side(err, EXH_SIDE_DESTINATION);
}

void exh_stage_close(struct exh_stage *stage)
{
    if (stage == NULL)
        return;
    for (size_t i = 0; i < stage->place_count; i++) {
        struct exh_place *p = &stage->places[i];
        if (p->folder_fd >= 0) {
            if (is_in_place(p))
                (void)rmdir(p->folder);
            (void)close(p->folder_fd);
        }
        if (p->target_fd >= 0)
            (void)close(p->target_fd);
        free(p->folder);
        free(p->target);
    }
    exh_names_close(&stage->joined);
    free(stage->name);
    free(stage);
}
