/* nrg_place.c - where the tracks of a Nero image lie on the disc. See nrg_place.h. */
#include "formats/optical/nrg_place.h"

#include "formats/model/bytes.h"
#include "formats/optical/msf.h"

#define LEAD_OUT 0xAA

/* How the time of a cue point is written. Readers do not agree whether CUES holds BCD or binary numbers: the offsets of the tracks decide. */
enum reading { READ_LBA, READ_BCD, READ_BINARY };

static const char *const reading_names[] = {"LBA", "BCD", "binary"};

static int64_t cue_lba(const struct exh_nrg_cue *cue, enum reading reading)
{
    if (reading == READ_LBA)
        return (int32_t)exh_be32(cue->time);
    uint8_t msf[3];
    for (int i = 0; i < 3; i++) {
        if (reading == READ_BCD && !exh_is_bcd(cue->time[i + 1]))
            return EXH_NO_LBA;
        msf[i] = reading == READ_BCD ? exh_from_bcd(cue->time[i + 1]) : cue->time[i + 1];
    }
    return msf[1] < 60 && msf[2] < EXH_FRAMES_PER_SECOND ? exh_msf_lba(msf[0], msf[1], msf[2]) : EXH_NO_LBA;
}

static const struct exh_nrg_cue *find_cue(const struct exh_nrg *n, const struct exh_nrg_session *s, unsigned track, unsigned index)
{
    for (size_t i = s->first_cue; i < s->first_cue + s->cues; i++)
        if (n->cues[i].track == track && n->cues[i].index == index)
            return &n->cues[i];
    return NULL;
}

static int64_t point(const struct exh_nrg *n, const struct exh_nrg_session *s, unsigned track, unsigned index, enum reading reading)
{
    const struct exh_nrg_cue *cue = find_cue(n, s, track, index);
    return cue != NULL ? cue_lba(cue, reading) : EXH_NO_LBA;
}

static int64_t before_start(const struct exh_nrg_track *t) { return (int64_t)((t->start - t->begin) / t->stride); }
static int64_t behind_start(const struct exh_nrg_track *t) { return (int64_t)((t->end - t->start) / t->stride); }

/* Read this way, do the cue points of a session lie as far apart as the tracks' offsets? */
static bool cues_agree(const struct exh_nrg *n, const struct exh_nrg_session *s, enum reading reading)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct exh_nrg_track *t = &n->tracks[s->first + i];
        int64_t zero = point(n, s, t->track.number, 0, reading), one = point(n, s, t->track.number, 1, reading);
        if (one == EXH_NO_LBA || one - (zero != EXH_NO_LBA ? zero : one) != before_start(t))
            return false;
        unsigned follows = i + 1 < s->count ? t[1].track.number : LEAD_OUT;
        int64_t next = i + 1 < s->count ? point(n, s, follows, 0, reading) : EXH_NO_LBA;
        if (next == EXH_NO_LBA)
            next = point(n, s, follows, 1, reading);
        if (next != EXH_NO_LBA ? next - one != behind_start(t) : i + 1 < s->count)
            return false;
    }
    return true;
}

/* Which reading the offsets bear out; false (and a remark) when none does, and the cue points are not used. */
static bool choose_reading(struct exh_nrg *n, const struct exh_nrg_session *s, enum reading *out, bool *agree, struct exh_error *err)
{
    *agree = false;
    if (s->cues == 0 || !n->tracks[s->first].disc_at_once)
        return true;
    const struct exh_nrg_cue *cue = &n->cues[s->first_cue];
    *out = cue->old ? READ_BCD : READ_LBA;
    *agree = cues_agree(n, s, *out);
    if (!*agree && cue->old) {
        *out = READ_BINARY;
        *agree = cues_agree(n, s, *out);
    }
    if (!*agree)
        return exh_inspection_remark(n->notes, "cue-points", EXH_FAILS, n->path, cue->at, err,
                                     "the cue points from offset %llu on do not lie as far apart as the tracks' data%s: the tracks are placed by "
                                     "their data",
                                     (unsigned long long)cue->at, cue->old ? ", neither as BCD nor as binary numbers" : "");
    return !cue->old || exh_inspection_fact(n->notes, n->path, cue->at, "cue-numbers", err, "%s", reading_names[*out]);
}

static void set_control(const struct exh_nrg *n, const struct exh_nrg_session *s, struct exh_nrg_track *t)
{
    const struct exh_nrg_cue *cue = find_cue(n, s, t->track.number, 1);
    if (cue != NULL)
        t->track.control = (uint8_t)((cue->control & ~EXH_CONTROL_DATA) | (t->track.kind == EXH_TRACK_AUDIO ? 0 : EXH_CONTROL_DATA));
}

static bool note_control(struct exh_nrg *n, const struct exh_nrg_session *s, const struct exh_nrg_track *t, struct exh_error *err)
{
    const struct exh_nrg_cue *cue = find_cue(n, s, t->track.number, 1);
    return cue == NULL || ((cue->control & EXH_CONTROL_DATA) == 0) == (t->track.kind == EXH_TRACK_AUDIO) ||
           exh_inspection_remark(n->notes, "control", EXH_WARNS, n->path, cue->at, err, "track %u is %s by its mode and %s by its control bits",
                                 t->track.number, t->track.kind == EXH_TRACK_AUDIO ? "audio" : "data",
                                 t->track.kind == EXH_TRACK_AUDIO ? "data" : "audio");
}

/* INDEX 01 of a track that no cue point places. */
static int64_t reckon(const struct exh_nrg *n, uint32_t i)
{
    const struct exh_nrg_track *t = &n->tracks[i];
    int64_t stored = before_start(t);
    if (i == 0) /* the first 150 stored sectors of a disc at once are those before LBA 0 */
        return stored > EXH_LEAD_IN_FRAMES ? stored - EXH_LEAD_IN_FRAMES : 0;
    const struct exh_track *before = &t[-1].track;
    int64_t end = before->first + (int64_t)before->sectors;
    if (before->session != t->track.session)
        return end + (before->session == 1 ? EXH_SESSION_GAP_FIRST : EXH_SESSION_GAP_LATER);
    return t->disc_at_once ? end + stored : end + EXH_LEAD_IN_FRAMES;
}

static bool place_track(struct exh_nrg *n, const struct exh_nrg_session *s, uint32_t i, int64_t start, struct exh_error *err)
{
    struct exh_nrg_track *t = &n->tracks[i];
    int64_t first = start - before_start(t), end = start + behind_start(t);
    if (first < EXH_LBA_MIN || end > EXH_LBA_MAX)
        return exh_fail(err, EXH_CORRUPT, t->at, "track %u at offset %llu would lie at LBA %lld to %lld: a CD has none there", t->track.number,
                        (unsigned long long)t->at, (long long)first, (long long)end);
    if (i > 0 && first < t[-1].track.first + (int64_t)t[-1].track.sectors)
        return exh_fail(err, EXH_CORRUPT, t->at, "track %u at offset %llu would begin at LBA %lld, within track %u", t->track.number,
                        (unsigned long long)t->at, (long long)first, t[-1].track.number);
    t->track.first = first;
    t->track.sectors = (uint64_t)(end - first);
    t->track.stored_pregap = t->track.pregap = (uint32_t)before_start(t);
    if (!t->disc_at_once && i > s->first)
        t->track.pregap = EXH_LEAD_IN_FRAMES;
    set_control(n, s, t);
    return note_control(n, s, t, err);
}

static const struct exh_track *track_in(const struct exh_nrg *n, const struct exh_nrg_session *s, unsigned number)
{
    for (uint32_t i = s->first; i < s->first + s->count; i++)
        if (n->tracks[i].track.number == number)
            return &n->tracks[i].track;
    return NULL;
}

/* INDEX 02 and on. One remark for all that lie outside of their track: a chain has room for a million. */
static bool take_indexes(struct exh_nrg *n, const struct exh_nrg_session *s, enum reading reading, struct exh_error *err)
{
    const struct exh_nrg_cue *stray = NULL;
    size_t strays = 0;
    for (size_t i = s->first_cue; i < s->first_cue + s->cues; i++) {
        const struct exh_nrg_cue *cue = &n->cues[i];
        const struct exh_track *track = cue->index > 1 ? track_in(n, s, cue->track) : NULL;
        if (track == NULL)
            continue;
        int64_t lba = cue_lba(cue, reading);
        if (lba <= exh_track_start(track) || lba >= track->first + (int64_t)track->sectors) {
            stray = strays++ == 0 ? cue : stray;
        } else if (!exh_disc_add_index(n->disc, cue->track, cue->index, lba, err)) {
            err->at = cue->at;
            return exh_context(err, "the cue point at offset %llu", (unsigned long long)cue->at);
        }
    }
    return strays == 0 || exh_inspection_remark(n->notes, "cue-points", EXH_WARNS, n->path, stray->at, err,
                                                "%zu indexes do not lie within their track and are left away, the first INDEX %02u of track %u",
                                                strays, stray->index, stray->track);
}

/* ETN2 and ETNF count what is stored: the number is borne out, or somebody changed one of the two. */
static bool note_stored_lba(struct exh_nrg *n, uint32_t i, uint64_t stored, struct exh_error *err)
{
    const struct exh_nrg_track *t = &n->tracks[i];
    return !t->has_lba || t->stored_lba == stored || (int64_t)t->stored_lba == t->track.first ||
           exh_inspection_remark(n->notes, "track-position", EXH_WARNS, n->path, t->at, err,
                                 "track %u is said to begin at stored sector %u: %llu are stored before it", t->track.number, t->stored_lba,
                                 (unsigned long long)stored);
}

static bool place_session(struct exh_nrg *n, uint32_t k, uint64_t *stored, struct exh_error *err)
{
    const struct exh_nrg_session *s = &n->sessions[k];
    enum reading reading = READ_LBA;
    bool agree;
    if (!choose_reading(n, s, &reading, &agree, err))
        return false;
    for (uint32_t i = s->first; i < s->first + s->count; i++) {
        int64_t start = agree ? point(n, s, n->tracks[i].track.number, 1, reading) : reckon(n, i);
        if (!place_track(n, s, i, start, err) || !note_stored_lba(n, i, *stored, err))
            return false;
        *stored += n->tracks[i].track.sectors;
    }
    int64_t lead_out = agree ? point(n, s, LEAD_OUT, 1, reading) : EXH_NO_LBA;
    return exh_disc_set_lead_out(n->disc, k + 1, lead_out, s->disc_type, err) && (!agree || take_indexes(n, s, reading, err));
}

/* A DVD or BD: 2048 bytes from LBA 0 on. */
static bool place_blocks(struct exh_nrg *n, struct exh_error *err)
{
    struct exh_nrg_track *t = &n->tracks[0];
    if (n->track_count != 1)
        return exh_fail(err, EXH_UNSUPPORTED, n->tracks[1].at, "a %s of %u tracks (the second is at offset %llu)", n->disc->medium, n->track_count,
                        (unsigned long long)n->tracks[1].at);
    if (t->stride != 2048)
        return exh_fail(err, EXH_UNSUPPORTED, t->at, "a %s with sectors of %u bytes, at offset %llu", n->disc->medium, t->stride,
                        (unsigned long long)t->at);
    t->begin = t->start;
    t->track.kind = EXH_TRACK_BLOCKS;
    t->track.control = EXH_CONTROL_DATA;
    t->track.sectors = (uint64_t)behind_start(t);
    return true;
}

bool exh_nrg_place(struct exh_nrg *n, struct exh_error *err)
{
    if (n->blocks)
        return place_blocks(n, err);
    uint64_t stored = 0;
    for (uint32_t k = 0; k < n->session_count; k++)
        if (!place_session(n, k, &stored, err))
            return false;
    return true;
}
