/* toc_fits.c - what a toc-file can hold of a layout, and what it cannot. See toc_fits.h. */
#include "formats/optical/toc_fits.h"

#include <stdlib.h>
#include <string.h>

#include "formats/model/losses.h"
#include "formats/model/text.h"
#include "formats/optical/msf.h"
#include "formats/optical/toc_cdtext.h"
#include "formats/optical/toc_write.h"

const char *exh_toc_mode_of(const struct exh_track *t)
{
    switch (t->kind) {
    case EXH_TRACK_AUDIO: return t->main_bytes == 2352 ? "AUDIO" : NULL;
    case EXH_TRACK_MODE1: return t->main_bytes == 2048 ? "MODE1" : t->main_bytes == 2352 ? "MODE1_RAW" : NULL;
    case EXH_TRACK_MODE2:
        switch (t->main_bytes) {
        case 2048: return "MODE2_FORM1";
        case 2324: return "MODE2_FORM2";
        case 2336: return "MODE2_FORM_MIX";
        case 2352: return "MODE2_RAW";
        default: return NULL;
        }
    case EXH_TRACK_MODE0: /* cdrdao knows it for ZERO only */
    case EXH_TRACK_BLOCKS: break;
    }
    return NULL;
}

const char *exh_toc_type_of(const struct exh_layout *layout, int *disc_type)
{
    bool data = false, mode2 = false;
    for (uint32_t i = 0; i < layout->track_count; i++) {
        data |= layout->tracks[i].kind != EXH_TRACK_AUDIO;
        mode2 |= layout->tracks[i].kind == EXH_TRACK_MODE2;
    }
    int said = layout->disc != NULL && layout->disc->session_count > 0 ? layout->disc->sessions[0].disc_type : -1;
    *disc_type = said == 0x10 || said == 0x20 ? said : said < 0 && mode2 ? 0x20 : 0x00;
    return *disc_type == 0x10 ? "CD_I" : *disc_type == 0x20 ? "CD_ROM_XA" : data ? "CD_ROM" : "CD_DA";
}

bool exh_toc_isrc_holds(const char *isrc)
{
    for (size_t i = 0; i < 12; i++) {
        bool digit = isrc[i] >= '0' && isrc[i] <= '9', letter = isrc[i] >= 'A' && isrc[i] <= 'Z';
        if (!digit && (!letter || i >= 5))
            return false;
    }
    return isrc[12] == '\0';
}

static int64_t begins(const struct exh_track *t) { return t->first - (int64_t)(t->pregap - t->stored_pregap); }

static int64_t gap_behind(const struct exh_layout *layout, uint32_t i)
{
    const struct exh_track *t = &layout->tracks[i];
    return i + 1 < layout->track_count ? begins(&t[1]) - t->first - (int64_t)t->sectors - (int64_t)t->postgap : 0;
}

uint64_t exh_toc_silence_behind(const struct exh_layout *layout, uint32_t i)
{
    int64_t gap = gap_behind(layout, i), all = (int64_t)layout->tracks[i].postgap + gap;
    return all > 0 ? (uint64_t)all : 0;
}

static const struct exh_index *index_numbered(const struct exh_disc *disc, unsigned track, unsigned number)
{
    for (size_t i = 0; disc != NULL && i < disc->index_count; i++)
        if (disc->indexes[i].track == track && disc->indexes[i].number == number)
            return &disc->indexes[i];
    return NULL;
}

uint64_t exh_toc_index_of(const struct exh_layout *layout, const struct exh_track *track, unsigned number)
{
    const struct exh_index *at = index_numbered(layout->disc, track->number, number);
    int64_t before = exh_track_start(track);
    const struct exh_index *last = number > 2 ? index_numbered(layout->disc, track->number, number - 1) : NULL;
    if (last != NULL)
        before = last->lba;
    bool holds = at != NULL && at->lba > before && at->lba < track->first + (int64_t)track->sectors + (int64_t)track->postgap;
    return holds ? (uint64_t)(at->lba - exh_track_start(track)) : 0;
}

/* ---- losses ---- */

static bool refuse_track(const struct exh_layout *layout, uint32_t i, struct exh_error *err)
{
    const struct exh_track *t = &layout->tracks[i];
    if (t->session != layout->tracks[0].session)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u is in session %u: a toc-file describes one session", t->number, t->session);
    if (t->kind == EXH_TRACK_BLOCKS)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a toc-file describes a CD: this is none");
    if (exh_toc_mode_of(t) == NULL || (t->sub_bytes != 0 && t->sub_bytes != EXH_CD_SUB_BYTES))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u: a toc-file has no mode for %s in sectors of %u + %u bytes", t->number,
                        exh_track_mode(t), t->main_bytes, t->sub_bytes);
    if (t->sectors == EXH_SECTORS_UNKNOWN || t->sectors <= t->stored_pregap)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u: a toc-file needs a length behind INDEX 01", t->number);
    if (t->tail_bytes != 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the last sector of track %u has %u of %u bytes: a toc-file holds whole sectors", t->number,
                        t->tail_bytes, t->main_bytes);
    if (i > 0 && begins(t) < t[-1].first + (int64_t)t[-1].sectors)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u: its pregap lies within track %u", t->number, t[-1].number);
    return true;
}

static bool lose_indexes(const struct exh_layout *layout, const struct exh_track *t, struct exh_losses *losses, struct exh_error *err)
{
    unsigned held = 1;
    while (held < 99 && exh_toc_index_of(layout, t, held + 1) != 0)
        held++;
    for (size_t i = 0; layout->disc != NULL && i < layout->disc->index_count; i++)
        if (layout->disc->indexes[i].track == t->number && layout->disc->indexes[i].number > held &&
            !exh_losses_add(losses, EXH_LOSS_INDEX, 1, err, "INDEX %02u of track %u", layout->disc->indexes[i].number, t->number))
            return false;
    return true;
}

static bool lose_of_track(const struct exh_layout *layout, uint32_t i, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_track *t = &layout->tracks[i];
    bool data = t->kind != EXH_TRACK_AUDIO;
    int64_t gap = gap_behind(layout, i);
    if (((t->control & EXH_CONTROL_DATA) != 0) != data &&
        !exh_losses_add(losses, EXH_LOSS_TRACK_CONTROL, 1, err, "the data bit of CONTROL of track %u", t->number))
        return false;
    if (t->isrc[0] != '\0' && !exh_toc_isrc_holds(t->isrc) &&
        !exh_losses_add(losses, EXH_LOSS_ISRC, 1, err, "the ISRC of track %u, which is none by the rules", t->number))
        return false;
    if (gap != 0 && !exh_losses_add(losses, EXH_LOSS_TRACK_PLACE, 1, err,
                                    "the %lld sectors between track %u and %u that belong to neither: they become a postgap", (long long)gap,
                                    t->number, t[1].number))
        return false;
    return lose_indexes(layout, t, losses, err);
}

static bool lose_of_text(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    struct exh_toc_kept kept;
    bool ok = exh_toc_cdtext_kept(layout, &kept, err);
    if (ok && kept.left_out > 0)
        ok = exh_losses_add(losses, EXH_LOSS_CDTEXT, kept.left_out, err, "%zu texts of CD-TEXT that are no ISO 8859-1", kept.left_out);
    else if (ok && !kept.same)
        ok = exh_losses_add(losses, EXH_LOSS_CDTEXT, layout->disc->cdtext_packs, err, "the packs of CD-TEXT as they are: their texts are kept");
    exh_cdtext_close(&kept.cdtext);
    return ok;
}

static bool lose_of_disc(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_disc *d = layout->disc;
    const struct exh_track *first = &layout->tracks[0], *last = &layout->tracks[layout->track_count - 1];
    int64_t end = last->first + (int64_t)last->sectors + (int64_t)last->postgap;
    int type;
    (void)exh_toc_type_of(layout, &type);
    if ((begins(first) != 0 && !exh_losses_add(losses, EXH_LOSS_TRACK_PLACE, layout->track_count, err,
                                               "the place on the disc: LBA %lld becomes LBA 0", (long long)begins(first))) ||
        (first->session != 1 && !exh_losses_add(losses, EXH_LOSS_TRACK_SESSION, layout->track_count, err, "the number of the session")))
        return false;
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (layout->tracks[i].number != i + 1) {
            if (!exh_losses_add(losses, EXH_LOSS_TRACK_NUMBER, layout->track_count, err, "the numbers of the tracks: they are counted from 1"))
                return false;
            break;
        }
    if (d == NULL)
        return true;
    const struct exh_session *s = d->session_count > 0 ? &d->sessions[0] : NULL;
    return (s == NULL || s->disc_type < 0 || s->disc_type == type ||
            exh_losses_add(losses, EXH_LOSS_DISC_TYPE, 1, err, "the disc type 0x%02X", (unsigned)s->disc_type)) &&
           (s == NULL || s->lead_out == EXH_NO_LBA || s->lead_out == end ||
            exh_losses_add(losses, EXH_LOSS_LEAD_OUT, 1, err, "a lead-out at LBA %lld", (long long)s->lead_out)) &&
           (d->medium[0] == '\0' || strcmp(d->medium, "CD") == 0 || strcmp(d->medium, "CD-ROM") == 0 ||
            exh_losses_add(losses, EXH_LOSS_MEDIUM, 1, err, "the kind of medium, %s", d->medium)) &&
           (d->row_count == 0 || exh_losses_add(losses, EXH_LOSS_TOC_ROWS, d->row_count, err, "the %zu rows of the full TOC", d->row_count)) &&
           lose_of_text(layout, losses, err);
}

bool exh_toc_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    if (layout->kind != EXH_LAYOUT_DISC)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a toc-file describes a CD: this is a disk");
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (!refuse_track(layout, i, err))
            return false;
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (!lose_of_track(layout, i, losses, err))
            return false;
    return lose_of_disc(layout, losses, err);
}
