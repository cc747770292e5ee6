/* raw_write.c - the raw sink: each block at its own place, in any order, in one file or in parts of equal size. See raw.h.
 *
 * What could not be read is not written: the place stays a hole, which reads as zeros, until a later pass brings the data. With a fill pattern the
 * sectors that were given up (BAD) are written, the pattern in them. A file of an earlier run may hold bytes in such a place, which no record vouches
 * for: it is made a hole again. */
#include "formats/disk/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/model/text.h"

#define PARTS_MAX 999u /* .001 to .999: what every other tool can join again */
#define WRITEBACK_BYTES (8u << 20)

struct raw_sink {
    struct exh_sink sink;
    int folder;
    struct exh_names folders; /* further staging folders; new parts go to the last */
    bool resume, filled;
    char *name, *stem;      /* part names are stem.NNN; NULL: one file, `name` */
    uint64_t segment_bytes; /* 0: one file */
    int fds[PARTS_MAX];
    size_t part_count;
    uint32_t main_bytes;
    int64_t first;
    uint64_t bytes;     /* of the whole medium */
    uint64_t end;       /* bytes written so far: the highest offset */
    uint64_t unflushed; /* since write-back was last started */
};

/* An earlier run's file is taken up where it lies, in the staging folder or in one of the further ones; *path says where. -1: it is nowhere. */
static int find_part(const struct raw_sink *r, const char *name, char **path)
{
    int fd = openat(r->folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    for (size_t i = 0; fd < 0 && errno == ENOENT && i < r->folders.count; i++) {
        free(*path);
        *path = exh_text_format("%s/%s", r->folders.items[i], name);
        fd = *path != NULL ? open(*path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    }
    return fd;
}

static bool sync_folders(const struct raw_sink *r, struct exh_error *err)
{
    if (fsync(r->folder) != 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot fsync the staging folder");
    for (size_t i = 0; i < r->folders.count; i++) {
        int fd = open(r->folders.items[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool ok = fd >= 0 && fsync(fd) == 0;
        int why = errno;
        if (fd >= 0)
            (void)close(fd);
        if (!ok)
            return exh_fail_sys(err, why, EXH_NO_OFFSET, "cannot fsync the folder") || exh_in_file(err, r->folders.items[i]);
    }
    return true;
}

/* The first part bears the image's name, and is where that says. */
static int make_part(const struct raw_sink *r, size_t i, const char *name, char **path)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    if (r->folders.count == 0 || i == 0)
        return openat(r->folder, name, flags, 0644);
    free(*path);
    *path = exh_text_format("%s/%s", r->folders.items[r->folders.count - 1], name);
    return *path != NULL ? open(*path, flags, 0644) : -1;
}

static bool copy_data(int from, int to, uint64_t size)
{
    char buffer[65536];
    for (off_t at = 0; (at = lseek(from, at, SEEK_DATA)) >= 0 && (uint64_t)at < size;) {
        ssize_t n = pread(from, buffer, sizeof buffer, at);
        if (n <= 0 || pwrite(to, buffer, (size_t)n, at) != n)
            return false;
        at += n;
    }
    return (errno == ENXIO || size == 0) && ftruncate(to, (off_t)size) == 0 && fsync(to) == 0;
}

/* A part that is not whole lies where there was no room for it: it goes on in the last folder, too. Cut at any moment, the old one or the new one is
 * there. */
static bool move_part(struct raw_sink *r, size_t i, const char *name, char **path, struct exh_error *err)
{
    const char *folder = r->folders.items[r->folders.count - 1];
    char *there = exh_text_format("%s/%s", folder, name), *moving = exh_text_format("%s/%s.moving", folder, name);
    struct stat st;
    bool ok = (there != NULL && moving != NULL) || exh_nomem(err, "a path");
    bool inside = ok && *path != NULL && strcmp(*path, there) == 0;
    ok = ok && (fstat(r->fds[i], &st) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot look at %s", name));
    if (ok && !inside && (uint64_t)st.st_size < r->segment_bytes && (uint64_t)st.st_size + i * r->segment_bytes < r->bytes) {
        int from = *path != NULL ? open(*path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : openat(r->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        int to = open(moving, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
        ok = (from >= 0 && to >= 0 && copy_data(from, to, (uint64_t)st.st_size) && rename(moving, there) == 0 && sync_folders(r, err)) ||
             exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot move %s to %s", name, folder);
        if (ok)
            (void)(*path != NULL ? unlink(*path) : unlinkat(r->folder, name, 0));
        if (from >= 0)
            (void)close(from);
        if (to >= 0)
            (void)close(ok ? r->fds[i] : to);
        if (ok) {
            r->fds[i] = to;
            free(*path);
            *path = there;
            there = NULL;
        }
    }
    free(there);
    free(moving);
    return ok;
}

static bool open_part(struct raw_sink *r, size_t i, struct exh_error *err)
{
    char *name = r->stem == NULL ? exh_text_copy(r->name, strlen(r->name)) : exh_text_format("%s.%03zu", r->stem, i + 1), *path = NULL;
    if (name == NULL)
        return exh_nomem(err, "a file name");
    errno = ENOENT;
    r->fds[i] = r->resume ? find_part(r, name, &path) : -1;
    bool found = r->fds[i] >= 0;
    if (!found && errno == ENOENT) {
        free(path);
        path = NULL;
        r->fds[i] = make_part(r, i, name, &path);
    }
    bool ok = r->fds[i] >= 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot create") || exh_in_file(err, name);
    if (ok)
        r->part_count = i + 1;
    ok = ok && (!found || i == 0 || r->folders.count == 0 || move_part(r, i, name, &path, err)) &&
         exh_names_add(&r->sink.files, path != NULL ? path : name, err);
    free(path);
    free(name);
    return ok;
}

static bool write_at(struct raw_sink *r, size_t part, uint64_t offset, const uint8_t *data, size_t length, struct exh_error *err)
{
    while (r->part_count <= part)
        if (!open_part(r, r->part_count, err))
            return false;
    for (size_t done = 0; done < length;) {
        ssize_t n = pwrite(r->fds[part], data + done, length - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            (void)exh_fail_sys(err, n == 0 ? EIO : errno, offset + done, "cannot write %zu bytes at offset %llu", length - done,
                               (unsigned long long)(offset + done));
            return exh_in_file(err, r->sink.files.items[part]);
        }
        done += (size_t)n;
    }
    /* Starts write-back early, so that the final fsync has little left to wait for. */
    r->unflushed += length;
    if (r->unflushed >= WRITEBACK_BYTES) {
        (void)sync_file_range(r->fds[part], 0, 0, SYNC_FILE_RANGE_WRITE);
        r->unflushed = 0;
    }
    return true;
}

static bool write_bytes(struct raw_sink *r, uint64_t offset, const uint8_t *data, uint64_t bytes, struct exh_error *err)
{
    for (uint64_t done = 0; done < bytes;) {
        uint64_t at = offset + done, part = r->segment_bytes == 0 ? 0 : at / r->segment_bytes;
        uint64_t inside = r->segment_bytes == 0 ? at : at % r->segment_bytes;
        uint64_t room = r->segment_bytes == 0 ? bytes - done : r->segment_bytes - inside;
        size_t length = (size_t)(bytes - done < room ? bytes - done : room);
        if (part >= PARTS_MAX)
            return exh_fail(err, EXH_LIMIT, at, "more than %u parts of %llu bytes would be needed: choose a larger --segment", PARTS_MAX,
                            (unsigned long long)r->segment_bytes);
        if (!write_at(r, (size_t)part, inside, data + done, length, err))
            return false;
        done += length;
    }
    return true;
}

static bool write_zeros(int fd, uint64_t offset, uint64_t bytes)
{
    static const uint8_t zeros[4096];
    for (uint64_t done = 0; done < bytes;) {
        size_t length = bytes - done < sizeof zeros ? (size_t)(bytes - done) : sizeof zeros;
        ssize_t n = pwrite(fd, zeros, length, (off_t)(offset + done));
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (uint64_t)n : 0;
    }
    return true;
}

/* Makes a hole of a part's bytes, as far as the file reaches. */
static bool clear_part(const struct raw_sink *r, size_t part, uint64_t offset, uint64_t bytes, struct exh_error *err)
{
    struct stat st;
    bool ok = fstat(r->fds[part], &st) == 0;
    if (ok && (uint64_t)st.st_size <= offset)
        return true;
    uint64_t length = ok && (uint64_t)st.st_size - offset < bytes ? (uint64_t)st.st_size - offset : bytes;
    ok = ok && (fallocate(r->fds[part], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) == 0 ||
                ((errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL) && write_zeros(r->fds[part], offset, length)));
    return ok || exh_fail_sys(err, errno, offset, "cannot clear %llu bytes at offset %llu", (unsigned long long)length, (unsigned long long)offset) ||
           exh_in_file(err, r->sink.files.items[part]);
}

static bool clear_bytes(struct raw_sink *r, uint64_t offset, uint64_t bytes, struct exh_error *err)
{
    for (uint64_t done = 0, length; r->resume && done < bytes; done += length) {
        uint64_t at = offset + done, part = r->segment_bytes == 0 ? 0 : at / r->segment_bytes, inside = at - part * r->segment_bytes;
        length = r->segment_bytes == 0 || bytes - done < r->segment_bytes - inside ? bytes - done : r->segment_bytes - inside;
        while (part < PARTS_MAX && r->part_count <= part)
            if (!open_part(r, r->part_count, err))
                return false;
        if (part < PARTS_MAX && !clear_part(r, (size_t)part, inside, length, err))
            return false;
    }
    return true;
}

static bool belongs(const struct raw_sink *r, uint8_t state) { return state >= EXH_SUSPECT || (r->filled && state == EXH_BAD); }

static bool raw_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct raw_sink *r = (struct raw_sink *)consumer;
    uint64_t offset = (uint64_t)(block->lba - r->first) * r->main_bytes, bytes = exh_block_bytes(block);
    if (offset + bytes > r->end)
        r->end = offset + bytes;
    if (block->kind != EXH_BLOCK_DATA && r->segment_bytes == 0)
        return clear_bytes(r, offset, bytes, err); /* a hole in the source stays a hole; seal sets the size */
    if (block->bad == 0)
        return write_bytes(r, offset, block->main, bytes, err);
    for (uint32_t i = 0, n; i < block->count; i += n) {
        bool write = belongs(r, block->state[i]);
        for (n = 1; i + n < block->count && belongs(r, block->state[i + n]) == write; n++)
            ;
        uint64_t at = (uint64_t)i * r->main_bytes;
        uint64_t length = exh_track_bytes(block->track, block->lba + i, n);
        if (write ? !write_bytes(r, offset + at, block->main + at, length, err)
                  : block->state[i] == EXH_BAD && !clear_bytes(r, offset + at, length, err))
            return false;
    }
    return true;
}

static bool sync_all(const struct raw_sink *r, struct exh_error *err)
{
    for (size_t i = 0; i < r->part_count; i++)
        if (fsync(r->fds[i]) != 0)
            return exh_fail_sys(err, errno, EXH_NO_OFFSET, "the destination did not keep what was written (fsync)") ||
                   exh_in_file(err, r->sink.files.items[i]);
    return sync_folders(r, err);
}

static bool raw_save(struct exh_sink *sink, uint64_t *kept, struct exh_error *err)
{
    *kept = EXH_SECTORS_UNKNOWN;
    return sync_all((struct raw_sink *)sink, err);
}

/* Every file has its full length: sectors that were never written are holes that read as zeros. */
static bool set_sizes(struct raw_sink *r, uint64_t size, struct exh_error *err)
{
    uint64_t each = r->segment_bytes == 0 || size < r->segment_bytes ? size : r->segment_bytes;
    for (size_t i = 0; i < r->part_count || (uint64_t)i * each < size; i++) {
        uint64_t left = size - (uint64_t)i * each;
        if (i >= r->part_count && !open_part(r, i, err))
            return false;
        if (ftruncate(r->fds[i], (off_t)(left < each ? left : each)) != 0)
            return exh_fail_sys(err, errno, size, "cannot set the size") || exh_in_file(err, r->sink.files.items[i]);
    }
    return true;
}

static bool raw_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a raw image says nothing of itself */
    struct raw_sink *r = (struct raw_sink *)sink;
    uint64_t size = exh_layout_bytes(final);
    if (r->end > size)
        return exh_fail(err, EXH_BUG, r->end, "more was written than the medium holds");
    return set_sizes(r, size, err) && sync_all(r, err);
}

static void raw_sink_close(struct exh_sink *sink)
{
    struct raw_sink *r = (struct raw_sink *)sink;
    for (size_t i = 0; i < r->part_count; i++)
        (void)close(r->fds[i]);
    if (r->folder >= 0)
        (void)close(r->folder);
    exh_names_close(&r->folders);
    free(r->name);
    free(r->stem);
    free(r);
}

static const struct exh_consumer_ops raw_consumer_ops = {.take = raw_take};
static const struct exh_sink_ops raw_sink_ops = {.save = raw_save, .seal = raw_seal, .close = raw_sink_close};

/* "disk.001" and "disk.raw" with --segment: parts disk.001 and disk.raw.001. */
static char *stem_of(const char *name)
{
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".001") == 0)
        length -= 4;
    return exh_text_copy(name, length);
}

bool exh_raw_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    const struct exh_track *track = &create->declared->tracks[0];
    uint64_t bytes = exh_layout_bytes(create->declared);
    if (create->segment_bytes != 0 && bytes != EXH_SECTORS_UNKNOWN && (bytes + create->segment_bytes - 1) / create->segment_bytes > PARTS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "%llu bytes in parts of %llu are more than %u parts: choose a larger --segment",
                        (unsigned long long)bytes, (unsigned long long)create->segment_bytes, PARTS_MAX);
    struct raw_sink *r = calloc(1, sizeof *r);
    if (r == NULL)
        return exh_nomem(err, "a raw image");
    r->sink = (struct exh_sink){.consumer = {&raw_consumer_ops}, .ops = &raw_sink_ops, .unit_sectors = 1, .can = exh_format_raw.can};
    r->segment_bytes = create->segment_bytes;
    r->resume = create->resume;
    r->bytes = bytes;
    r->filled = create->fill != NULL && create->fill_length > 0;
    r->main_bytes = track->main_bytes;
    r->first = track->first;
    r->folder = open(create->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = r->folder >= 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the staging folder %s", create->folder);
    r->name = exh_text_copy(create->name, strlen(create->name));
    r->stem = r->segment_bytes != 0 ? stem_of(create->name) : NULL;
    ok = ok && ((r->name != NULL && (r->stem != NULL || r->segment_bytes == 0)) || exh_nomem(err, "a file name"));
    for (size_t i = 0; ok && create->folders != NULL && i < create->folders->count; i++)
        ok = exh_names_add(&r->folders, create->folders->items[i], err);
    if (!ok || !open_part(r, 0, err)) {
        exh_sink_close(&r->sink);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    *out = &r->sink;
    return true;
}
