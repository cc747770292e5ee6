/* toc_write.c - the sink that writes STEM.toc and STEM.bin. See toc_write.h.
 *
 * Every block goes to its own place in the .bin. What is not stored in the source stays a hole. The .toc is written last, when all is there. */
#include "formats/optical/toc_write.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/container/staged_file.h"
#include "formats/model/text.h"
#include "formats/optical/msf.h"
#include "formats/optical/subchannel.h"

#define BATCH_SECTORS 128u

struct toc_sink {
    struct exh_sink sink;
    char *folder;
    bool anew; /* an earlier run's files are thrown away */
    struct exh_staged_file *bin;
    uint32_t track_count;
    struct exh_track tracks[EXH_LAYOUT_TRACKS_MAX]; /* as declared */
    uint64_t offsets[EXH_LAYOUT_TRACKS_MAX];        /* of each track in the .bin */
    uint64_t bytes;                                 /* of the whole .bin */
    uint8_t batch[BATCH_SECTORS * (EXH_CD_MAIN_BYTES + EXH_CD_SUB_BYTES)];
};

static const char *toc_name(const struct toc_sink *s) { return s->sink.files.items[0]; }
static const char *bin_name(const struct toc_sink *s) { return s->sink.files.items[1]; }

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
        return exh_staged_file_write(s->bin, offset, block->main, (size_t)block->count * stride, err);
    for (uint32_t i = 0, n; i < block->count; i += n) {
        n = block->count - i < BATCH_SECTORS ? block->count - i : BATCH_SECTORS;
        for (uint32_t k = 0; k < n; k++)
            lay_out(block, t, i + k, s->batch + (size_t)k * stride);
        if (!exh_staged_file_write(s->bin, offset + (uint64_t)i * stride, s->batch, (size_t)n * stride, err))
            return false;
    }
    return true;
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
    bool ok = text != NULL && exh_staged_file_resize(s->bin, s->bytes, err) && exh_staged_file_sync(s->bin, err) &&
              exh_staged_file_whole(s->folder, toc_name(s), s->anew, text, strlen(text), err);
    free(text);
    return ok;
}

static void toc_sink_close(struct exh_sink *sink)
{
    struct toc_sink *s = (struct toc_sink *)sink;
    exh_staged_file_close(s->bin);
    free(s->folder);
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
    s->anew = create->resume;
    s->folder = exh_text_copy(create->folder, strlen(create->folder));
    if (s->folder == NULL)
        return exh_nomem(err, "a path");
    return name_files(s, create->name, err) && (s->bin = exh_staged_file_new(s->folder, bin_name(s), s->anew, err)) != NULL;
}

bool exh_toc_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0};
    bool fits = exh_toc_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    if (!fits)
        return false;
    if (create->segment_bytes != 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the .bin of a toc-file is one file: it cannot be written in segments");
    struct toc_sink *s = calloc(1, sizeof *s);
    if (s == NULL)
        return exh_nomem(err, "a toc-file");
    s->sink = (struct exh_sink){.consumer = {&toc_consumer_ops}, .ops = &toc_sink_ops, .unit_sectors = 1, .can = EXH_TOC_CAN};
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
