/* iso.c - an image of a disc's user data: sectors of 2048 bytes and nothing else, in one file or in numbered parts. See iso.h.
 *
 * The bytes lie as in a raw image, and are read and written as one; what makes it an image of a disc are the file systems that begin at sector 16
 * (volumes.h). They say how long it should be, which is all that such an image can be held to. */
#include "formats/optical/iso.h"

#include <stdlib.h>

#include "formats/disk/raw.h"
#include "formats/model/bytes.h"
#include "formats/model/losses.h"
#include "formats/model/text.h"
#include "formats/optical/volumes.h"

#define SECTOR_BYTES EXH_VOLUME_SECTOR_BYTES

struct iso_medium {
    struct exh_medium medium;
    struct exh_medium *raw; /* the same sectors */
    struct exh_layout layout;
    struct exh_disc disc;
};

/* ---- reading ---- */

static bool iso_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                     struct exh_faults *faults, struct exh_error *err)
{
    struct exh_medium *raw = ((struct iso_medium *)medium)->raw;
    return raw->ops->read(raw, scratch, want, out, faults, err);
}

static bool iso_inspect(struct exh_medium *medium, struct exh_inspection *in, struct exh_error *err)
{
    struct iso_medium *m = (struct iso_medium *)medium;
    struct exh_source *source = exh_raw_source(m->raw);
    const char *file = exh_text_base(source->name);
    struct exh_volumes_of of = {.source = source, .file = file};
    struct exh_volumes *found = malloc(sizeof *found);
    if (found == NULL)
        return exh_nomem(err, "a list of volumes");
    bool ok = exh_medium_inspect(m->raw, in, err) && exh_volumes_find(&of, found, in, err);
    if (ok && found->count == 0)
        ok = exh_inspection_remark(in, "volume", EXH_WARNS, file, EXH_PEEK_VOLUME_OFFSET, err, "no file system is found in the image");
    if (ok && source->size % SECTOR_BYTES != 0)
        ok = exh_inspection_remark(in, "sector-size", EXH_WARNS, file, source->size - source->size % SECTOR_BYTES, err,
                                   "the image ends with %llu bytes of a sector of %u", (unsigned long long)(source->size % SECTOR_BYTES),
                                   SECTOR_BYTES);
    free(found);
    return ok;
}

static void iso_close(struct exh_medium *medium)
{
    struct iso_medium *m = (struct iso_medium *)medium;
    exh_medium_close(m->raw);
    exh_disc_close(&m->disc);
    free(m);
}

static const struct exh_medium_ops iso_ops = {.read = iso_read, .inspect = iso_inspect, .close = iso_close};

static struct exh_medium *iso_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct exh_open with = *options;
    with.sector_bytes = options->sector_bytes != 0 ? options->sector_bytes : SECTOR_BYTES;
    struct iso_medium *m = calloc(1, sizeof *m);
    if (m == NULL) {
        (void)exh_nomem(err, "a disc image");
        return NULL;
    }
    m->raw = exh_format_raw.open(source, &with, err);
    if (m->raw == NULL) {
        free(m);
        return NULL;
    }
    m->layout = *m->raw->layout;
    m->layout.kind = EXH_LAYOUT_DISC;
    m->layout.disc = &m->disc;
    m->medium = (struct exh_medium){.ops = &iso_ops,
                                    .format = "iso",
                                    .layout = &m->layout,
                                    .files = m->raw->files,
                                    .concurrent = m->raw->concurrent,
                                    .verbatim = true,
                                    .unit_sectors = 1};
    return &m->medium;
}

/* ---- recognising ---- */

static bool named_like_a_disc(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && (strcasecmp(name + n - 4, ".iso") == 0 || strcasecmp(name + n - 4, ".udf") == 0 || strcasecmp(name + n - 4, ".cdr") == 0);
}

/* A file system for discs at sector 16; a container whose mark lies elsewhere (a footer) claims more. Those of the Macintosh are also those of its
 * disks, so they count only under the name of a disc. Under that name whole sectors without any file system are an image, too: the user data of a
 * track that has none, written by us, must open again. */
static int iso_probe(const struct exh_peek *peek)
{
    static const char *const marks[] = {"CD001", "BEA01", "NSR02", "NSR03", "CDW02"};
    for (size_t at = 0; at + 16 <= peek->volume_length; at += SECTOR_BYTES) {
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
            if (memcmp(peek->volume + at + 1, marks[i], 5) == 0)
                return 80;
        if (memcmp(peek->volume + at + 9, "CDROM", 5) == 0)
            return 80;
    }
    if (!named_like_a_disc(peek->name))
        return 0;
    const uint8_t *d = peek->head + 1024;
    bool apple = peek->head_length >= 1026 &&
                 (memcmp(peek->head, "ER", 2) == 0 || memcmp(d, "BD", 2) == 0 || memcmp(d, "H+", 2) == 0 || memcmp(d, "HX", 2) == 0);
    return apple ? 60 : peek->size > 0 && peek->size % SECTOR_BYTES == 0 ? 10 : 0;
}

/* ---- writing ---- */

static bool track_losses(const struct exh_track *t, struct exh_losses *losses, struct exh_error *err)
{
    unsigned bits = t->control & ~(unsigned)EXH_CONTROL_DATA;
    bool usual = t->kind == EXH_TRACK_BLOCKS || t->kind == EXH_TRACK_MODE1; /* what an image of 2048-byte sectors becomes on a CD */
    return (usual || exh_losses_add(losses, EXH_LOSS_TRACK_MODE, 1, err, "that track %u is %s", t->number, exh_track_mode(t))) &&
           (t->number == 1 || exh_losses_add(losses, EXH_LOSS_TRACK_NUMBER, 1, err, "that the track has number %u", t->number)) &&
           (t->session == 1 || exh_losses_add(losses, EXH_LOSS_TRACK_SESSION, 1, err, "that the track lies in session %u", t->session)) &&
           (t->first == 0 || exh_losses_add(losses, EXH_LOSS_TRACK_PLACE, 1, err, "that the track begins at LBA %lld", (long long)t->first)) &&
           (t->sub_bytes == 0 || exh_losses_add(losses, EXH_LOSS_SUBCHANNEL, 1, err, "the subchannel")) &&
           (t->isrc[0] == '\0' || exh_losses_add(losses, EXH_LOSS_ISRC, 1, err, "the ISRC of track %u", t->number)) &&
           ((t->pregap == 0 && t->postgap == 0) ||
            exh_losses_add(losses, EXH_LOSS_PREGAP, 1, err, "the pregap and postgap of track %u", t->number)) &&
           (bits == 0 || exh_losses_add(losses, EXH_LOSS_TRACK_CONTROL, 1, err, "the control bits of track %u", t->number));
}

static bool iso_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_track *t = &layout->tracks[0];
    static const char hint[] = "take the user data of one track to write it as one";
    if (layout->track_count != 1)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "an ISO image holds one track, not %u: %s", layout->track_count, hint);
    if (t->main_bytes != SECTOR_BYTES || (t->kind != EXH_TRACK_BLOCKS && t->kind != EXH_TRACK_MODE1 && t->kind != EXH_TRACK_MODE2))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "an ISO image holds sectors of %u bytes of user data, not %s of %u: %s", SECTOR_BYTES,
                        exh_track_mode(t), t->main_bytes, hint);
    return track_losses(t, losses, err) && exh_losses_of_disc(layout, losses, err);
}

static bool iso_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0};
    bool ok = iso_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    return ok ? exh_raw_create(create, out, err) : exh_on_side(err, EXH_SIDE_DESTINATION);
}

static const char *const iso_extensions[] = {".iso", ".udf", NULL};

const struct exh_format exh_format_iso = {.name = "iso",
                                          .title = "disc image of 2048-byte sectors",
                                          .extensions = iso_extensions,
                                          .probe = iso_probe,
                                          .open = iso_open,
                                          .create = iso_create,
                                          .can = EXH_SINK_ANY_ORDER,
                                          .fits = iso_fits};
