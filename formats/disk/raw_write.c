/* raw_write.c - the raw sink: each block at its own place, in one file or in parts of equal size. See raw.h. */
#include "formats/disk/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "formats/model/text.h"

#define PARTS_MAX 999u /* .001 to .999: what every other tool can join again */
#define WRITEBACK_BYTES (8u << 20)

struct raw_sink {
    struct exh_sink sink;
    int folder;
    char *stem;             /* part names are stem.NNN; NULL: one file */
    uint64_t segment_bytes; /* 0: one file */
    int fds[PARTS_MAX];
    size_t part_count;
    uint32_t main_bytes;
    int64_t first;
    uint64_t end;       /* bytes written so far: the highest offset */
    uint64_t unflushed; /* since write-back was last started */
};

static bool open_part(struct raw_sink *r, size_t i, struct exh_error *err)
{
    char *name = r->stem == NULL ? NULL : exh_text_format("%s.%03zu", r->stem, i + 1);
    if (name == NULL && r->stem != NULL)
        return exh_nomem(err, "a file name");
    if (r->stem != NULL && !exh_names_add(&r->sink.files, name, err)) {
        free(name);
        return false;
    }
    const char *use = r->stem == NULL ? r->sink.files.items[0] : name;
    r->fds[i] = openat(r->folder, use, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool ok = r->fds[i] >= 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot create") || exh_in_file(err, use);
    free(name);
    if (ok)
        r->part_count = i + 1;
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

static bool raw_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct raw_sink *r = (struct raw_sink *)consumer;
    uint64_t offset = (uint64_t)(block->lba - r->first) * r->main_bytes, bytes = exh_block_bytes(block), end = offset + bytes;
    if (end > r->end)
        r->end = end;
    if (block->kind != EXH_BLOCK_DATA && r->segment_bytes == 0)
        return true; /* a hole in the source stays a hole; seal sets the size */
    for (uint64_t done = 0; done < bytes;) {
        uint64_t at = offset + done, part = r->segment_bytes == 0 ? 0 : at / r->segment_bytes;
        uint64_t inside = r->segment_bytes == 0 ? at : at % r->segment_bytes;
        uint64_t room = r->segment_bytes == 0 ? bytes - done : r->segment_bytes - inside;
        size_t length = (size_t)(bytes - done < room ? bytes - done : room);
        if (part >= PARTS_MAX)
            return exh_fail(err, EXH_LIMIT, at, "more than %u parts of %llu bytes would be needed: choose a larger --segment", PARTS_MAX,
                            (unsigned long long)r->segment_bytes);
        if (!write_at(r, (size_t)part, inside, block->main + done, length, err))
            return false;
        done += length;
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
    if (r->segment_bytes == 0 && ftruncate(r->fds[0], (off_t)size) != 0)
        return exh_fail_sys(err, errno, size, "cannot set the size") || exh_in_file(err, sink->files.items[0]);
    for (size_t i = 0; i < r->part_count; i++)
        if (fsync(r->fds[i]) != 0)
            return exh_fail_sys(err, errno, EXH_NO_OFFSET, "the destination did not keep what was written (fsync)") ||
                   exh_in_file(err, sink->files.items[i]);
    return fsync(r->folder) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot fsync the staging folder");
}

static void raw_sink_close(struct exh_sink *sink)
{
    struct raw_sink *r = (struct raw_sink *)sink;
    for (size_t i = 0; i < r->part_count; i++)
        (void)close(r->fds[i]);
    if (r->folder >= 0)
        (void)close(r->folder);
    free(r->stem);
    free(r);
}

static const struct exh_consumer_ops raw_consumer_ops = {.take = raw_take};
static const struct exh_sink_ops raw_sink_ops = {.seal = raw_seal, .close = raw_sink_close};

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
    r->main_bytes = track->main_bytes;
    r->first = track->first;
    r->folder = open(create->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = r->folder >= 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the staging folder %s", create->folder);
    if (ok && r->segment_bytes != 0)
        ok = (r->stem = stem_of(create->name)) != NULL || exh_nomem(err, "a file name");
    else if (ok)
        ok = exh_names_add(&r->sink.files, create->name, err);
    if (!ok || !open_part(r, 0, err)) {
        exh_sink_close(&r->sink);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    *out = &r->sink;
    return true;
}
