/* ewf_tracks.c - the tracks of a disc in an E01. See ewf_tracks.h. */
#include "formats/evidence/ewf_tracks.h"

#include <stdlib.h>

#include "formats/container/codec.h"
#include "formats/evidence/ewf_sections.h"
#include "formats/model/bytes.h"

#define ENTRY_BYTES 32u
#define FIRST_ENTRY 16u /* what EnCase and libewf write for the first sector */
#define FLAG_AUDIO 1u

/* ---- one run of sectors ---- */

void exh_ewf_tracks_join(const struct exh_layout *layout, struct exh_track *out)
{
    *out = layout->tracks[0];
    for (uint32_t i = 1; i < layout->track_count; i++)
        out->sectors += layout->tracks[i].sectors;
    out->tail_bytes = layout->tracks[layout->track_count - 1].tail_bytes;
}

uint64_t exh_ewf_tracks_before(const struct exh_layout *layout, const struct exh_track *track, int64_t lba)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < layout->track_count && layout->tracks[i].number != track->number; i++)
        before += layout->tracks[i].sectors;
    return before + (uint64_t)(lba - track->first);
}

/* ---- the section ---- */

void exh_ewf_tracks_of(const struct exh_layout *layout, struct exh_ewf_tracks *out)
{
    uint64_t first = 0;
    *out = (struct exh_ewf_tracks){0};
    if (layout->track_count == 1 && layout->tracks[0].kind == EXH_TRACK_BLOCKS)
        return;
    for (uint32_t i = 0; i < layout->track_count; i++) {
        out->first[out->count] = (uint32_t)first;
        out->audio[out->count++] = layout->tracks[i].kind == EXH_TRACK_AUDIO;
        first += layout->tracks[i].sectors;
    }
}

size_t exh_ewf_session_bytes(const struct exh_ewf_tracks *tracks) { return EXH_EWF_SESSION_HEADER_BYTES + (size_t)tracks->count * ENTRY_BYTES + 4; }

bool exh_ewf_session_build(const struct exh_ewf_tracks *tracks, uint8_t **out, size_t *bytes, struct exh_error *err)
{
    size_t end = EXH_EWF_SESSION_HEADER_BYTES + (size_t)tracks->count * ENTRY_BYTES;
    uint8_t *body = calloc(1, end + 4);
    if (body == NULL)
        return exh_nomem(err, "a list of tracks");
    exh_put_le32(body, tracks->count);
    exh_put_le32(body + EXH_EWF_SESSION_HEADER_BYTES - 4, exh_adler32(1, body, EXH_EWF_SESSION_HEADER_BYTES - 4));
    for (uint32_t i = 0; i < tracks->count; i++) {
        uint8_t *entry = body + EXH_EWF_SESSION_HEADER_BYTES + (size_t)i * ENTRY_BYTES;
        /* Readers want the numbers to ascend: a first track too short for the 16 gets a true 0. */
        bool usual = i == 0 && (tracks->count == 1 || tracks->first[1] > FIRST_ENTRY);
        exh_put_le32(entry, tracks->audio[i] ? FLAG_AUDIO : 0);
        exh_put_le32(entry + 4, usual ? FIRST_ENTRY : tracks->first[i]);
    }
    exh_put_le32(body + end, exh_adler32(1, body + EXH_EWF_SESSION_HEADER_BYTES, end - EXH_EWF_SESSION_HEADER_BYTES));
    *out = body;
    *bytes = end + 4;
    return true;
}

/* What the section leaves to be guessed. Raw data sectors name their mode themselves, which a reader of them can see (ewf_read.c). */
static enum exh_track_kind kind_of(bool audio, uint32_t sector_bytes, uint32_t count)
{
    if (audio)
        return sector_bytes == 2352 ? EXH_TRACK_AUDIO : EXH_TRACK_BLOCKS;
    switch (sector_bytes) {
    case 2048: return count > 1 ? EXH_TRACK_MODE1 : EXH_TRACK_BLOCKS; /* a single one may be a DVD's */
    case 2324:
    case 2336: return EXH_TRACK_MODE2;
    case 2352: return EXH_TRACK_MODE1;
    default: return EXH_TRACK_BLOCKS;
    }
}

bool exh_ewf_tracks_split(const struct exh_ewf_tracks *tracks, struct exh_layout *layout)
{
    struct exh_track whole = layout->tracks[0];
    uint8_t session = 1;
    for (uint32_t i = 0; i < tracks->count; i++)
        if (tracks->first[i] >= whole.sectors || (i == 0 ? tracks->first[i] != 0 : tracks->first[i] <= tracks->first[i - 1]))
            return false;
    if (tracks->count == 0 || tracks->count > EXH_LAYOUT_TRACKS_MAX)
        return false;
    layout->kind = EXH_LAYOUT_DISC;
    layout->track_count = tracks->count;
    for (uint32_t i = 0; i < tracks->count; i++) {
        bool last = i + 1 == tracks->count;
        uint64_t end = last ? whole.sectors : tracks->first[i + 1];
        session = (uint8_t)(session + (i > 0 && !tracks->audio[i]));
        enum exh_track_kind kind = kind_of(tracks->audio[i], whole.main_bytes, tracks->count);
        layout->tracks[i] = (struct exh_track){.number = (uint8_t)(i + 1),
                                               .session = session,
                                               .control = (uint8_t)(kind != EXH_TRACK_AUDIO && kind != EXH_TRACK_BLOCKS ? EXH_CONTROL_DATA : 0),
                                               .kind = kind,
                                               .first = tracks->first[i],
                                               .sectors = end - tracks->first[i],
                                               .main_bytes = whole.main_bytes,
                                               .tail_bytes = last ? whole.tail_bytes : 0};
    }
    return true;
}

/* ---- what is lost ---- */

/* Tracks of `is` for which something differs from what would be read back, as one line: "the LBAs of track 2 and 3 more". */
struct differing {
    uint32_t first, count;
};

static void differs(struct differing *d, const struct exh_track *t, bool yes)
{
    if (yes && d->count++ == 0)
        d->first = t->number;
}

static bool tell(const struct differing *d, enum exh_loss_kind kind, const char *what, struct exh_losses *losses, struct exh_error *err)
{
    if (d->count == 0)
        return true;
    return d->count == 1 ? exh_losses_add(losses, kind, 1, err, "%s of track %u", what, d->first)
                         : exh_losses_add(losses, kind, d->count, err, "%s of track %u and %u more", what, d->first, d->count - 1);
}

static bool same_kind(const struct exh_track *is, const struct exh_track *back)
{
    bool single = is->main_bytes == 2048 && is->kind == EXH_TRACK_MODE1 && back->kind == EXH_TRACK_BLOCKS; /* Mode 1 is what it becomes on a CD */
    bool raw = back->main_bytes == 2352 && is->kind != EXH_TRACK_AUDIO && is->kind != EXH_TRACK_BLOCKS && back->kind == EXH_TRACK_MODE1;
    return is->kind == back->kind || raw || single;
}

static bool track_losses(const struct exh_layout *is, const struct exh_layout *back, struct exh_losses *losses, struct exh_error *err)
{
    struct differing number = {0}, mode = {0}, session = {0}, lba = {0}, pregap = {0}, sub = {0}, isrc = {0}, control = {0};
    for (uint32_t i = 0; i < is->track_count; i++) {
        const struct exh_track *t = &is->tracks[i], *b = &back->tracks[i];
        differs(&number, t, t->number != b->number);
        differs(&mode, t, !same_kind(t, b));
        differs(&session, t, t->session != b->session);
        differs(&lba, t, t->first != b->first);
        differs(&pregap, t, t->pregap != 0 || t->postgap != 0);
        differs(&sub, t, t->sub_bytes != 0);
        differs(&isrc, t, t->isrc[0] != '\0');
        differs(&control, t, (t->control & ~(unsigned)EXH_CONTROL_DATA) != 0);
    }
    return tell(&number, EXH_LOSS_TRACK_NUMBER, "the number", losses, err) && tell(&mode, EXH_LOSS_TRACK_MODE, "the mode", losses, err) &&
           tell(&session, EXH_LOSS_TRACK_SESSION, "the session", losses, err) && tell(&lba, EXH_LOSS_TRACK_PLACE, "the LBA", losses, err) &&
           tell(&pregap, EXH_LOSS_PREGAP, "the pregap and postgap", losses, err) && tell(&sub, EXH_LOSS_SUBCHANNEL, "the subchannel", losses, err) &&
           tell(&isrc, EXH_LOSS_ISRC, "the ISRC", losses, err) && tell(&control, EXH_LOSS_TRACK_CONTROL, "the control bits", losses, err);
}

static bool check_tracks(const struct exh_layout *layout, struct exh_error *err)
{
    uint64_t sectors = exh_layout_sectors(layout);
    for (uint32_t i = 0; i < layout->track_count; i++) {
        const struct exh_track *t = &layout->tracks[i];
        if (t->main_bytes != layout->tracks[0].main_bytes)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "an E01 has one sector size for all tracks: track %u has %u bytes, track %u has %u",
                            layout->tracks[0].number, layout->tracks[0].main_bytes, t->number, t->main_bytes);
        if ((t->tail_bytes != 0 && i + 1 < layout->track_count) || (t->sectors == 0 && layout->track_count > 1))
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "an E01 cannot hold track %u, which %s, before another", t->number,
                            t->sectors == 0 ? "is empty" : "ends within a sector");
    }
    return layout->track_count == 1 || (sectors != EXH_SECTORS_UNKNOWN && sectors <= UINT32_MAX) ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "an E01 counts the sectors of tracks with 32 bits");
}

bool exh_ewf_tracks_fit(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    struct exh_ewf_tracks tracks;
    struct exh_layout back = {.kind = layout->kind, .track_count = 1};
    if (layout->kind == EXH_LAYOUT_DISK && layout->track_count == 1)
        return true;
    if (!check_tracks(layout, err))
        return false;
    exh_ewf_tracks_of(layout, &tracks);
    exh_ewf_tracks_join(layout, &back.tracks[0]);
    back.tracks[0].number = back.tracks[0].session = 1;
    back.tracks[0].first = 0;
    if (tracks.count > 0 && !exh_ewf_tracks_split(&tracks, &back))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "an E01 cannot hold an empty track");
    return track_losses(layout, &back, losses, err) && exh_losses_of_disc(layout, losses, err);
}
