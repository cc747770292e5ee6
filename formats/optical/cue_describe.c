/* cue_describe.c - the text of a cue sheet, and its limits. See cue_describe.h.
 *
 * A sheet says what lies in files and for how long silence lies between them; every address follows from that, counted from LBA 0 at the first byte.
 * What a disc has at other addresses than those that follow is lost, and named. */
#include "formats/optical/cue_describe.h"

#include <stdlib.h>
#include <string.h>

#include "formats/model/text.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/cue_layout.h"
#include "formats/optical/msf.h"

#define CDI 0x10 /* disc type in POINT A0 */
#define GD_ROM_SECOND_AREA 45000

char *exh_cue_track_file(const char *stem, const struct exh_layout *layout, uint32_t i)
{
    int digits = layout->tracks[layout->track_count - 1].number >= 10 ? 2 : 1;
    return exh_text_format("%s (Track %0*u).bin", stem, digits, layout->tracks[i].number);
}

char *exh_cue_cdtext_file(const char *stem) { return exh_text_format("%s.cdt", stem); }

/* ---- what both need to know ---- */

static bool first_of_session(const struct exh_layout *l, uint32_t i) { return i > 0 && l->tracks[i].session != l->tracks[i - 1].session; }

static int64_t end_of(const struct exh_track *t) { return t->first + (int64_t)t->sectors + t->postgap; }

static uint32_t silence(const struct exh_track *t) { return t->pregap - t->stored_pregap; }

static bool is_gd_rom(const struct exh_layout *l) { return l->disc != NULL && strcmp(l->disc->medium, "GD-ROM") == 0; }

static bool begins_area(const struct exh_layout *l, uint32_t i)
{
    return is_gd_rom(l) && first_of_session(l, i) && exh_track_start(&l->tracks[i]) == GD_ROM_SECOND_AREA;
}

static int disc_type(const struct exh_layout *l, unsigned session)
{
    for (uint32_t i = 0; l->disc != NULL && i < l->disc->session_count; i++)
        if (l->disc->sessions[i].number == session)
            return l->disc->sessions[i].disc_type;
    return -1;
}

/* How the sheet calls a track's form; NULL: it has no word for it. */
static const char *mode_of(const struct exh_layout *l, const struct exh_track *t)
{
    bool cdi = disc_type(l, t->session) == CDI;
    switch (t->kind) {
    case EXH_TRACK_AUDIO: return t->main_bytes == 2352 ? "AUDIO" : NULL;
    case EXH_TRACK_MODE0: return t->main_bytes == 2352 ? "MODE0/2352" : NULL;
    case EXH_TRACK_BLOCKS: return t->main_bytes == 2048 && l->track_count == 1 ? "MODE1/2048" : NULL;
    case EXH_TRACK_MODE1: return t->main_bytes == 2048 ? "MODE1/2048" : t->main_bytes == 2352 ? "MODE1/2352" : NULL;
    case EXH_TRACK_MODE2: break;
    }
    switch (t->main_bytes) {
    case 2048: return "MODE2/2048";
    case 2324: return "MODE2/2324";
    case 2336: return cdi ? "CDI/2336" : "MODE2/2336";
    case 2352: return cdi ? "CDI/2352" : "MODE2/2352";
    default: return NULL;
    }
}

/* Behind a session the sheet itself gives the silence that is usual there, and its track's PREGAP is only what goes beyond it. */
static bool needs_pregap(const struct exh_layout *l, uint32_t i)
{
    const struct exh_track *t = &l->tracks[i];
    return silence(t) > 0 && (!first_of_session(l, i) || begins_area(l, i) || t->pregap > EXH_LEAD_IN_FRAMES);
}

static unsigned sessions_before(const struct exh_layout *l, uint32_t i)
{
    unsigned n = 0;
    for (uint32_t k = 1; k <= i; k++)
        n += first_of_session(l, k);
    return n;
}

static uint32_t lead_out(const struct exh_layout *l, uint32_t i)
{
    return sessions_before(l, i) <= 1 ? EXH_CUE_LEAD_OUT_FIRST : EXH_CUE_LEAD_OUT_LATER;
}

/* Where INDEX 01 of track `i` will be when the sheet is read, if the track before it is where it is. */
static int64_t place_in_sheet(const struct exh_layout *l, uint32_t i)
{
    int64_t end = i > 0 ? end_of(&l->tracks[i - 1]) : 0;
    uint32_t pregap = l->tracks[i].pregap;
    if (begins_area(l, i))
        return GD_ROM_SECOND_AREA;
    return first_of_session(l, i) ? exh_cue_session_start(end, lead_out(l, i), EXH_CUE_LEAD_IN, EXH_LEAD_IN_FRAMES, pregap) : end + pregap;
}

/* The track's indexes from 02 on, which lie side by side in the disc's list. */
static const struct exh_index *indexes_of(const struct exh_layout *l, uint32_t i, size_t *count)
{
    size_t from = 0, all = l->disc != NULL ? l->disc->index_count : 0;
    while (from < all && l->disc->indexes[from].track < l->tracks[i].number)
        from++;
    for (*count = 0; from + *count < all && l->disc->indexes[from + *count].track == l->tracks[i].number;)
        (*count)++;
    return *count > 0 ? l->disc->indexes + from : NULL;
}

/* How many of them are written: up to the first that does not follow the one before it, or lies outside the track's file. */
static size_t index_count(const struct exh_layout *l, uint32_t i)
{
    const struct exh_track *t = &l->tracks[i];
    int64_t before = exh_track_start(t);
    size_t count, n = 0;
    const struct exh_index *x = indexes_of(l, i, &count);
    for (; n < count && x[n].number == n + 2 && x[n].lba >= before && x[n].lba < t->first + (int64_t)t->sectors; n++)
        before = x[n].lba;
    return n;
}

static bool all_of(const char *text, size_t length, bool letters)
{
    for (size_t i = 0; i < length; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (letters && i < 5 && text[i] >= 'A' && text[i] <= 'Z')))
            return false;
    return text[length] == '\0';
}

static bool has_mcn(const struct exh_layout *l) { return l->disc != NULL && all_of(l->disc->mcn, 13, false); }
static bool has_isrc(const struct exh_track *t) { return all_of(t->isrc, 12, true); }
static bool has_cdtext(const struct exh_layout *l) { return l->disc != NULL && l->disc->cdtext_packs > 0; }

/* ---- the text ---- */

struct text {
    char *bytes;
    bool ok;
};

#define add(t, ...) ((t)->ok = (t)->ok && exh_text_append(&(t)->bytes, __VA_ARGS__))

static void add_time(struct text *t, const char *what, uint64_t frames)
{
    add(t, "%s %02llu:%02llu:%02llu\r\n", what, (unsigned long long)(frames / 75 / 60), (unsigned long long)(frames / 75 % 60),
        (unsigned long long)(frames % 75));
}

/* For programs that read no CDTEXTFILE; one that does believes that. What has a quotation mark or a line's end in it cannot stand in a sheet. */
static void add_texts(struct text *t, const struct exh_cdtext *cdtext, unsigned track, const char *indent)
{
    static const char *const words[] = {"TITLE", "PERFORMER", "SONGWRITER"};
    for (unsigned i = 0; i < 3; i++) {
        const char *text = exh_cdtext_find(cdtext, 0, 0x80 + i, track);
        if (text != NULL && text[0] != '\0' && strpbrk(text, "\"\r\n") == NULL)
            add(t, "%s%s \"%s\"\r\n", indent, words[i], text);
    }
}

static void add_session(struct text *t, const struct exh_layout *l, uint32_t i)
{
    bool many = l->tracks[0].session != l->tracks[l->track_count - 1].session;
    if (i == 0 && is_gd_rom(l) && many)
        add(t, "REM SINGLE-DENSITY AREA\r\n");
    else if (begins_area(l, i))
        add(t, "REM HIGH-DENSITY AREA\r\n");
    else if (i == 0 && (many || l->tracks[0].session != 1))
        add(t, "REM SESSION %02u\r\n", l->tracks[0].session);
    else if (first_of_session(l, i)) {
        add_time(t, "REM LEAD-OUT", lead_out(l, i));
        add(t, "REM SESSION %02u\r\n", l->tracks[i].session);
        add_time(t, "REM LEAD-IN", EXH_CUE_LEAD_IN);
        add_time(t, "REM PREGAP", EXH_LEAD_IN_FRAMES);
    }
}

static void add_flags(struct text *t, uint8_t control)
{
    if ((control & ~EXH_CONTROL_DATA) == 0)
        return;
    add(t, "    FLAGS%s%s%s\r\n", control & EXH_CONTROL_COPY ? " DCP" : "", control & EXH_CONTROL_FOUR_CHANNEL ? " 4CH" : "",
        control & EXH_CONTROL_PRE_EMPHASIS ? " PRE" : "");
}

static void add_track(struct text *t, const char *stem, const struct exh_layout *l, uint32_t i, const struct exh_cdtext *cdtext)
{
    const struct exh_track *track = &l->tracks[i];
    char *file = exh_cue_track_file(stem, l, i), what[16];
    t->ok = t->ok && file != NULL;
    add(t, "FILE \"%s\" BINARY\r\n  TRACK %02u %s\r\n", file, track->number, mode_of(l, track));
    free(file);
    add_texts(t, cdtext, track->number, "    ");
    add_flags(t, track->control);
    if (has_isrc(track))
        add(t, "    ISRC %s\r\n", track->isrc);
    if (needs_pregap(l, i))
        add_time(t, "    PREGAP", silence(track));
    if (track->stored_pregap > 0)
        add_time(t, "    INDEX 00", 0);
    add_time(t, "    INDEX 01", track->stored_pregap);
    size_t indexes;
    const struct exh_index *x = indexes_of(l, i, &indexes);
    size_t written = index_count(l, i);
    for (size_t k = 0; k < written; k++) {
        (void)snprintf(what, sizeof what, "    INDEX %02u", x[k].number);
        add_time(t, what, (uint64_t)(x[k].lba - track->first));
    }
    if (track->postgap > 0)
        add_time(t, "    POSTGAP", track->postgap);
}

char *exh_cue_describe(const char *stem, const struct exh_layout *layout)
{
    struct text t = {NULL, true};
    struct exh_cdtext cdtext = {0};
    struct exh_error why; /* memory: there are never more packs than it decodes */
    exh_error_clear(&why);
    if (has_mcn(layout))
        add(&t, "CATALOG %s\r\n", layout->disc->mcn);
    if (has_cdtext(layout)) {
        char *file = exh_cue_cdtext_file(stem);
        t.ok = t.ok && file != NULL && exh_cdtext_decode(layout->disc->cdtext, layout->disc->cdtext_packs, &cdtext, &why);
        add(&t, "CDTEXTFILE \"%s\"\r\n", file);
        free(file);
        add_texts(&t, &cdtext, 0, "");
    }
    for (uint32_t i = 0; i < layout->track_count; i++) {
        add_session(&t, layout, i);
        add_track(&t, stem, layout, i, &cdtext);
    }
    exh_cdtext_close(&cdtext);
    if (t.ok)
        return t.bytes;
    free(t.bytes);
    return NULL;
}

/* ---- what it cannot say ---- */

static bool check_form(const struct exh_layout *l, struct exh_error *err)
{
    if (l->kind != EXH_LAYOUT_DISC)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a cue sheet describes a disc, and this is none");
    for (uint32_t i = 0; i < l->track_count; i++) {
        const struct exh_track *t = &l->tracks[i];
        if (mode_of(l, t) == NULL)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u (%s, %u bytes) has no form in a cue sheet", t->number, exh_track_mode(t),
                            t->main_bytes);
        if (t->sectors != EXH_SECTORS_UNKNOWN && t->sectors > EXH_LBA_MAX)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u has %llu sectors, more than a CD holds", t->number,
                            (unsigned long long)t->sectors);
        if (t->tail_bytes != 0)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the last sector of track %u has %u of %u bytes: a cue sheet holds whole sectors",
                            t->number, t->tail_bytes, t->main_bytes);
        if (t->stored_pregap == t->sectors)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u has no sector at its INDEX 01", t->number);
    }
    return true;
}

static bool lose_place(const struct exh_layout *l, uint32_t i, struct exh_losses *losses, struct exh_error *err)
{
    int64_t is = exh_track_start(&l->tracks[i]), will = place_in_sheet(l, i);
    if (is == will)
        return true;
    if (i == 0 && l->tracks[0].first < 0)
        return exh_losses_add(losses, EXH_LOSS_TRACK_PLACE, l->track_count, err,
                              "the addresses: %lld sectors before LBA 0 are stored, a cue sheet begins at LBA 0, and all lies %lld higher",
                              (long long)-l->tracks[0].first, (long long)(will - is));
    return exh_losses_add(losses, EXH_LOSS_TRACK_PLACE, 1, err, "the place of track %u%s: it is at LBA %lld, and by the sheet at %lld",
                          l->tracks[i].number, first_of_session(l, i) ? ", a session's first" : "", (long long)is, (long long)will);
}

static bool lose_of_track(const struct exh_layout *l, uint32_t i, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_track *t = &l->tracks[i];
    size_t indexes;
    (void)indexes_of(l, i, &indexes);
    bool data = t->kind != EXH_TRACK_AUDIO, ok = lose_place(l, i, losses, err);
    if (ok && t->kind == EXH_TRACK_BLOCKS)
        ok = exh_losses_add(losses, EXH_LOSS_TRACK_MODE, 1, err, "that it is no CD: a cue sheet knows its blocks only as Mode 1");
    else if (ok && data != ((t->control & EXH_CONTROL_DATA) != 0))
        ok = exh_losses_add(losses, EXH_LOSS_TRACK_CONTROL, 1, err, "the control bits of track %u", t->number);
    if (ok && t->sub_bytes > 0)
        ok = exh_losses_add(losses, EXH_LOSS_SUBCHANNEL, 1, err, "the subchannel of track %u", t->number);
    if (ok && t->isrc[0] != '\0' && !has_isrc(t))
        ok = exh_losses_add(losses, EXH_LOSS_ISRC, 1, err, "the ISRC of track %u, which is none by its form", t->number);
    if (ok && indexes > index_count(l, i))
        ok = exh_losses_add(losses, EXH_LOSS_INDEX, indexes - index_count(l, i), err,
                            "%zu of the indexes of track %u, which do not follow each other", indexes - index_count(l, i), t->number);
    return ok;
}

static bool lose_of_session(const struct exh_layout *l, const struct exh_session *s, struct exh_losses *losses, struct exh_error *err)
{
    int64_t end = EXH_NO_LBA;
    bool mode2 = false;
    for (uint32_t i = 0; i < l->track_count; i++)
        if (l->tracks[i].session == s->number) {
            end = end_of(&l->tracks[i]);
            mode2 = mode2 || (l->tracks[i].kind == EXH_TRACK_MODE2 && l->tracks[i].main_bytes >= 2336);
        }
    bool ok = true;
    if (s->lead_out != EXH_NO_LBA && s->lead_out != end)
        ok = exh_losses_add(losses, EXH_LOSS_LEAD_OUT, 1, err, "the lead-out of session %u at LBA %lld", s->number, (long long)s->lead_out);
    if (ok && s->disc_type > 0 && !(s->disc_type == CDI && mode2))
        ok = exh_losses_add(losses, EXH_LOSS_DISC_TYPE, 1, err, "the disc type %02X of session %u", (unsigned)s->disc_type, s->number);
    return ok;
}

static bool lose_of_disc(const struct exh_layout *l, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_disc *d = l->disc;
    bool ok = true;
    if (d == NULL)
        return true;
    for (uint32_t i = 0; ok && i < d->session_count; i++)
        ok = lose_of_session(l, &d->sessions[i], losses, err);
    if (ok && d->row_count > 0)
        ok = exh_losses_add(losses, EXH_LOSS_TOC_ROWS, d->row_count, err, "the rows of the TOC as the drive gave them");
    if (ok && d->mcn[0] != '\0' && !has_mcn(l))
        ok = exh_losses_add(losses, EXH_LOSS_MCN, 1, err, "the catalogue number, which has not 13 digits");
    bool second_area = false;
    for (uint32_t i = 0; i < l->track_count; i++)
        second_area = second_area || begins_area(l, i);
    if (ok && d->medium[0] != '\0' && strcmp(d->medium, "CD") != 0 && !second_area)
        ok = exh_losses_add(losses, EXH_LOSS_MEDIUM, 1, err, "that the medium is %s", d->medium);
    return ok;
}

bool exh_cue_losses(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    bool ok = check_form(layout, err);
    for (uint32_t i = 0; ok && i < layout->track_count; i++)
        ok = lose_of_track(layout, i, losses, err);
    return ok && lose_of_disc(layout, losses, err);
}
