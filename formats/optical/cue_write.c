/* cue_write.c - the cue sink: a file for each track, the sheet when all is there. See cue.h, cue_describe.h.
 *
 * Blocks come in ascending order, so one file is open at a time; it is made durable before the next is begun. What could not be read stands as zeros
 * (or as the fill pattern, which the block then holds); what the source does not store at all stays a hole. */
#include "formats/optical/cue.h"

#include <strings.h>

#include "formats/container/staged_file.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "formats/optical/cue_describe.h"

struct cue_sink {
    struct exh_sink sink;
    struct exh_staged_file *file; /* of the track under way; NULL: none */
    bool anew;                    /* an earlier run's files are thrown away */
    char *folder, *name, *stem;
    struct exh_layout layout; /* as declared */
    uint32_t begun;           /* track files that were begun: the last of them is under way */
    uint64_t end;             /* bytes of it */
};

/* ---- track files ---- */

static const char *track_file(const struct cue_sink *c, uint32_t i) { return c->sink.files.items[1 + i]; }

/* Gives the file under way its full length: a hole at its end was never written. */
static bool end_track(struct cue_sink *c, const struct exh_layout *layout, struct exh_error *err)
{
    if (c->file == NULL)
        return true;
    const struct exh_track *t = &layout->tracks[c->begun - 1];
    uint64_t size = t->sectors * t->main_bytes;
    if (c->end > size)
        return exh_fail(err, EXH_BUG, c->end, "more was written of track %u than it holds", t->number);
    bool ok = exh_staged_file_resize(c->file, size, err) && exh_staged_file_sync(c->file, err);
    exh_staged_file_close(c->file);
    c->file = NULL;
    return ok;
}

/* Ends the files before track `i`, and begins those up to it. */
static bool begin_track(struct cue_sink *c, const struct exh_layout *layout, uint32_t i, struct exh_error *err)
{
    while (c->begun <= i) {
        if (!end_track(c, layout, err) || (c->file = exh_staged_file_new(c->folder, track_file(c, c->begun), c->anew, err)) == NULL)
            return false;
        c->begun++;
        c->end = 0;
    }
    return c->begun == i + 1 || exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "track %u comes after its file was ended", layout->tracks[i].number);
}

static bool cue_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct cue_sink *c = (struct cue_sink *)consumer;
    const struct exh_track *t = exh_layout_track(&c->layout, block->track->number);
    if (t == NULL || t->main_bytes != block->track->main_bytes || block->lba < t->first)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block of track %u that was not declared", block->track->number);
    if (!begin_track(c, &c->layout, (uint32_t)(t - c->layout.tracks), err))
        return false;
    uint64_t offset = (uint64_t)(block->lba - t->first) * t->main_bytes;
    size_t length = (size_t)block->count * t->main_bytes;
    if (offset + length > c->end)
        c->end = offset + length;
    return block->kind != EXH_BLOCK_DATA || exh_staged_file_write(c->file, offset, block->main, length, err);
}

/* ---- the end ---- */

static bool write_cdtext(const struct cue_sink *c, const struct exh_disc *disc, struct exh_error *err)
{
    if (disc == NULL || disc->cdtext_packs == 0)
        return true;
    return exh_staged_file_whole(c->folder, c->sink.files.items[c->sink.files.count - 1], c->anew, disc->cdtext,
                                 disc->cdtext_packs * EXH_CDTEXT_PACK_BYTES, err);
}

static bool write_sheet(const struct cue_sink *c, const struct exh_layout *layout, struct exh_error *err)
{
    char *text = exh_cue_describe(c->stem, layout);
    bool ok = text != NULL ? exh_staged_file_whole(c->folder, c->name, c->anew, text, strlen(text), err) : exh_nomem(err, "a cue sheet");
    free(text);
    return ok;
}

static bool cue_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* a sheet has no place for digests */
    struct cue_sink *c = (struct cue_sink *)sink;
    if (final->track_count != c->layout.track_count)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "%u tracks were declared, and there are %u", c->layout.track_count, final->track_count);
    struct exh_layout layout = *final;
    layout.disc = c->layout.disc; /* the files were named by it */
    return begin_track(c, final, final->track_count - 1, err) && end_track(c, final, err) && write_cdtext(c, layout.disc, err) &&
           write_sheet(c, &layout, err);
}

static void cue_sink_close(struct exh_sink *sink)
{
    struct cue_sink *c = (struct cue_sink *)sink;
    exh_staged_file_close(c->file);
    free(c->folder);
    free(c->name);
    free(c->stem);
    free(c);
}

/* ---- the beginning ---- */

static const struct exh_consumer_ops cue_consumer_ops = {.take = cue_take};
static const struct exh_sink_ops cue_sink_ops = {.seal = cue_seal, .close = cue_sink_close};

/* The name without ".cue", in either case. */
static char *stem_of(const char *name)
{
    size_t length = strlen(name);
    if (length > 4 && strcasecmp(name + length - 4, ".cue") == 0)
        length -= 4;
    return exh_text_copy(name, length);
}

static bool check_name(const char *name, struct exh_error *err)
{
    for (const char *p = name; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == '"')
            return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET,
                            "the image's name has a quotation mark or control character, which a cue sheet cannot hold");
    return true;
}

static bool add_name(struct cue_sink *c, char *name, struct exh_error *err)
{
    bool ok = name != NULL ? exh_names_add(&c->sink.files, name, err) : exh_nomem(err, "a file name");
    free(name);
    return ok;
}

/* The sheet, the tracks, the CD-TEXT: in this order. */
static bool name_files(struct cue_sink *c, struct exh_error *err)
{
    bool ok = add_name(c, exh_text_copy(c->name, strlen(c->name)), err);
    for (uint32_t i = 0; ok && i < c->layout.track_count; i++)
        ok = add_name(c, exh_cue_track_file(c->stem, &c->layout, i), err);
    if (ok && c->layout.disc != NULL && c->layout.disc->cdtext_packs > 0)
        ok = add_name(c, exh_cue_cdtext_file(c->stem), err);
    return ok;
}

static bool can_be_written(const struct exh_layout *layout, struct exh_error *err)
{
    struct exh_losses losses = {0}; /* the caller has heard of them */
    bool ok = exh_cue_losses(layout, &losses, err);
    exh_losses_close(&losses);
    return ok;
}

bool exh_cue_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    if (!check_name(create->name, err) || !can_be_written(create->declared, err))
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    struct cue_sink *c = calloc(1, sizeof *c);
    if (c == NULL)
        return exh_nomem(err, "a cue sheet");
    c->sink = (struct exh_sink){.consumer = {&cue_consumer_ops}, .ops = &cue_sink_ops, .unit_sectors = 1, .can = exh_format_cue.can};
    c->layout = *create->declared;
    c->anew = create->resume;
    c->name = exh_text_copy(create->name, strlen(create->name));
    c->stem = stem_of(create->name);
    c->folder = exh_text_copy(create->folder, strlen(create->folder));
    bool ok = (c->name != NULL && c->stem != NULL && c->folder != NULL) || exh_nomem(err, "a file name");
    if (!ok || !name_files(c, err) || !begin_track(c, &c->layout, 0, err)) {
        exh_sink_close(&c->sink);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    *out = &c->sink;
    return true;
}

bool exh_cue_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err) { return exh_cue_losses(layout, losses, err); }
