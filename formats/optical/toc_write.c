/* toc_write.c - the sink that writes STEM.toc and STEM.bin. See toc_write.h.
 *
 * Every block goes to its own place in the .bin. What is not stored in the source stays a hole. The .toc is written last, when all is there. */
#include "formats/optical/toc_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "formats/optical/msf.h"
#include "formats/optical/subchannel.h"

#define BATCH_SECTORS 128u
#define WRITEBACK_BYTES (8u << 20)

struct toc_sink {
    struct exh_sink sink;
    int folder, bin;
    uint32_t track_count;
    struct exh_track tracks[EXH_LAYOUT_TRACKS_MAX]; /* as declared */
    uint64_t offsets[EXH_LAYOUT_TRACKS_MAX];        /* of each track in the .bin */
    uint64_t bytes;                                 /* of the whole .bin */
    uint64_t unflushed;
    uint8_t batch[BATCH_SECTORS * (EXH_CD_MAIN_BYTES + EXH_CD_SUB_BYTES)];
};

static const char *toc_name(const struct toc_sink *s) { return s->sink.files.items[0]; }
static const char *bin_name(const struct toc_sink *s) { return s->sink.files.items[1]; }

static bool write_all(int fd, uint64_t offset, const uint8_t *data, size_t length, const char *name, struct exh_error *err)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = pwrite(fd, data + done, length - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            (void)exh_fail_sys(err, n == 0 ? EIO : errno, offset + done, "cannot write %zu bytes at offset %llu", length - done,
                               (unsigned long long)(offset + done));
            return exh_in_file(err, name);
        }
        done += (size_t)n;
    }
    return true;
}

static bool write_bin(struct toc_sink *s, uint64_t offset, const uint8_t *data, size_t length, struct exh_error *err)
{
    if (!write_all(s->bin, offset, data, length, bin_name(s), err))
        return false;
    /* Starts write-back early, so that the final fsync has little left to wait for. */
    s->unflushed += length;
    if (s->unflushed >= WRITEBACK_BYTES) {
        (void)sync_file_range(s->bin, 0, 0, SYNC_FILE_RANGE_WRITE);
        s->unflushed = 0;
    }
    return true;
}

/* A sector as it lies in the .bin. */
static void lay_out(const struct exh_block *block, const struct exh_track *t, uint32_t i, uint8_t *to)
{
    const uint8_t *main = block->main + (size_t)i * t->main_bytes;
    if (t->kind == EXH_TRACK_AUDIO)
        for (uint32_t k = 0; k + 1 < t->main_bytes; k += 2) {
            to[k] = main[k + 1];
            to[k + 1] = main[k];
        }
    else
        memcpy(to, main, t->main_bytes);
    if (t->sub_bytes == 0)
        return;
    if (block->sub != NULL && block->sub_state[i] >= EXH_SUSPECT)
        exh_sub_to_interleaved(block->sub + (size_t)i * t->sub_bytes, to + t->main_bytes);
    else
        memset(to + t->main_bytes, 0, t->sub_bytes);
}

static const struct exh_track *declared_track(const struct toc_sink *s, unsigned number, uint64_t *offset)
{
    for (uint32_t i = 0; i < s->track_count; i++)
        if (s->tracks[i].number == number) {
            *offset = s->offsets[i];
            return &s->tracks[i];
        }
    return NULL;
}

static bool toc_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct toc_sink *s = (struct toc_sink *)consumer;
    uint64_t offset;
    const struct exh_track *t = declared_track(s, block->track->number, &offset);
    if (t == NULL || t->main_bytes != block->track->main_bytes || t->sub_bytes != block->track->sub_bytes || block->lba < t->first ||
        block->lba + (int64_t)block->count > t->first + (int64_t)t->sectors)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block outside of the tracks that were declared");
    uint32_t stride = t->main_bytes + t->sub_bytes;
    offset += (uint64_t)(block->lba - t->first) * stride;
    if (t->sub_bytes == 0 && block->kind != EXH_BLOCK_DATA)
        return true; /* a hole */
    if (t->sub_bytes == 0 && t->kind != EXH_TRACK_AUDIO)
        return write_bin(s, offset, block->main, (size_t)block->count * stride, err);
    for (uint32_t i = 0, n; i < block->count; i += n) {
        n = block->count - i < BATCH_SECTORS ? block->count - i : BATCH_SECTORS;
        for (uint32_t k = 0; k < n; k++)
            lay_out(block, t, i + k, s->batch + (size_t)k * stride);
        if (!write_bin(s, offset + (uint64_t)i * stride, s->batch, (size_t)n * stride, err))
            return false;
    }
    return true;
}

static bool sync_fd(int fd, const char *name, struct exh_error *err)
{
    return fsync(fd) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "the destination did not keep what was written (fsync)") ||
           exh_in_file(err, name);
}

static bool write_toc(struct toc_sink *s, const char *text, struct exh_error *err)
{
    int fd = openat(s->folder, toc_name(s), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot create") || exh_in_file(err, toc_name(s));
    bool ok = write_all(fd, 0, (const uint8_t *)text, strlen(text), toc_name(s), err) && sync_fd(fd, toc_name(s), err);
    (void)close(fd);
    return ok;
}

static bool toc_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a toc-file has no place for digests */
    struct toc_sink *s = (struct toc_sink *)sink;
    bool same = final->track_count == s->track_count;
    for (uint32_t i = 0; same && i < s->track_count; i++)
        same = final->tracks[i].number == s->tracks[i].number && final->tracks[i].sectors == s->tracks[i].sectors;
    if (!same)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "the tracks are not those that were declared");
    char *text = exh_toc_text(final, bin_name(s), err);
    bool ok = text != NULL &&
              (ftruncate(s->bin, (off_t)s->bytes) == 0 || exh_fail_sys(err, errno, s->bytes, "cannot set the size") || exh_in_file(err, bin_name(s)));
    ok = ok && sync_fd(s->bin, bin_name(s), err) && write_toc(s, text, err);
    free(text);
    return ok && (fsync(s->folder) == 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot fsync the staging folder"));
}

static void toc_sink_close(struct exh_sink *sink)
{
    struct toc_sink *s = (struct toc_sink *)sink;
    if (s->bin >= 0)
        (void)close(s->bin);
    if (s->folder >= 0)
        (void)close(s->folder);
    free(s);
}

static const struct exh_consumer_ops toc_consumer_ops = {.take = toc_take};
static const struct exh_sink_ops toc_sink_ops = {.seal = toc_seal, .close = toc_sink_close};

static bool name_files(struct toc_sink *s, const char *name, struct exh_error *err)
{
    size_t stem = strlen(name);
    if (stem > 4 && strcasecmp(name + stem - 4, ".toc") == 0)
        stem -= 4;
    char *bin = exh_text_format("%.*s.bin", (int)stem, name);
    bool ok = bin != NULL ? exh_names_add(&s->sink.files, name, err) && exh_names_add(&s->sink.files, bin, err) : exh_nomem(err, "a file name");
    free(bin);
    return ok;
}

static bool open_files(struct toc_sink *s, const struct exh_create *create, struct exh_error *err)
{
    if (!name_files(s, create->name, err))
        return false;
    s->folder = open(create->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0)
        return exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the staging folder %s", create->folder);
    s->bin = openat(s->folder, bin_name(s), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    return s->bin >= 0 || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot create") || exh_in_file(err, bin_name(s));
}

bool exh_toc_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_names losses = {0};
    bool fits = exh_toc_fits(create->declared, &losses, err);
    exh_names_close(&losses);
    if (!fits)
        return false;
    if (create->segment_bytes != 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the .bin of a toc-file is one file: it cannot be written in segments");
    struct toc_sink *s = calloc(1, sizeof *s);
    if (s == NULL)
        return exh_nomem(err, "a toc-file");
    s->sink = (struct exh_sink){.consumer = {&toc_consumer_ops}, .ops = &toc_sink_ops, .unit_sectors = 1, .can = EXH_TOC_CAN};
    s->folder = s->bin = -1;
    s->track_count = create->declared->track_count;
    for (uint32_t i = 0; i < s->track_count; i++) {
        s->tracks[i] = create->declared->tracks[i];
        s->offsets[i] = s->bytes;
        s->bytes += s->tracks[i].sectors * (s->tracks[i].main_bytes + s->tracks[i].sub_bytes);
    }
    if (!open_files(s, create, err)) {
        exh_sink_close(&s->sink);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    *out = &s->sink;
    return true;
}
