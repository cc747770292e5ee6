/* reshape.c - the views that convert lays over an image, and what the new format cannot hold. See reshape.h. */
#include "report/cli/reshape.h"

#include "acquire/user_data.h"
#include "formats/model/disc.h"
#include "formats/model/text.h"
#include "formats/optical/disc_view.h"
#include "formats/optical/msf.h"
#include "report/ledger/record.h"

static bool put_on(struct exh_reshape *s, struct exh_medium *view)
{
    if (view == NULL)
        return false;
    s->views[s->view_count++] = view;
    s->medium = view;
    return true;
}

/* ---- what was asked for ---- */

static bool take_track(const struct exh_args *args, struct exh_reshape *s, struct exh_error *err)
{
    const char *text = exh_arg(args, "--track");
    uint64_t number = 0, before = exh_layout_sectors(s->medium->layout);
    if (text == NULL)
        return true;
    if (!exh_text_u64(text, &number) || number == 0 || number > EXH_LAYOUT_TRACKS_MAX)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--track %s is not a number from 1 to %u", text, EXH_LAYOUT_TRACKS_MAX);
    const struct exh_track *t = exh_layout_track(s->medium->layout, (unsigned)number);
    bool moves = t != NULL && t->sub_bytes > 0 && exh_track_start(t) != 0; /* an image with that Q would contradict itself */
    if (!put_on(s, exh_view_track(s->medium, (unsigned)number, EXH_VIEW_FROM_ZERO | (moves ? EXH_VIEW_NO_SUB : 0), err)))
        return exh_context(err, "--track %s", text);
    if (moves &&
        !exh_losses_add(&s->losses, EXH_LOSS_SUBCHANNEL, 1, err, "the subchannel of track %s, whose Q speaks of places on the whole disc", text))
        return false;
    s->track = (unsigned)number;
    s->part = exh_layout_sectors(s->medium->layout) != before;
    return true;
}

static bool need_one_track(const struct exh_reshape *s, const char *option, struct exh_error *err)
{
    return s->medium->layout->track_count == 1 ||
           exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s works on one track, and this disc has %u: give --track N", option,
                    s->medium->layout->track_count);
}

/* A volume begins at INDEX 01: with a pregap before it (NRG stores the 150 of track 1) nobody would find its descriptors at sector 16. */
static bool leave_pregap(struct exh_reshape *s, struct exh_error *err)
{
    const struct exh_track *t = &s->medium->layout->tracks[0];
    uint32_t n = t->stored_pregap;
    if (n == 0)
        return true;
    s->part = true;
    return exh_losses_add(&s->losses, EXH_LOSS_PREGAP_DATA, n, err, "the stored pregap of track %u (%u sectors)", t->number, n) &&
           put_on(s, exh_view_track(s->medium, t->number, EXH_VIEW_FROM_ZERO, err));
}

static bool take_user_data(const struct exh_args *args, struct exh_reshape *s, struct exh_error *err)
{
    struct exh_user_survey n;
    if (exh_arg(args, "--user-data") == NULL)
        return true;
    if (!need_one_track(s, "--user-data", err) || !leave_pregap(s, err))
        return false;
    const struct exh_track *t = &s->medium->layout->tracks[0];
    struct exh_medium *view = exh_view_user(s->medium, err);
    if (view == NULL)
        return exh_context(err, "--user-data");
    s->views[s->view_count++] = view;
    if (!exh_user_data_survey(s->medium, exh_args_watch(args), 0, &n, err))
        return false;
    if (n.unfitting > 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                        "--user-data: %llu sectors, the first at LBA %lld, have no 2048 bytes of user data (Form 2, formless Mode 2 or Mode 0)",
                        (unsigned long long)n.unfitting, (long long)n.first_unfitting);
    s->medium = view;
    if (n.whole > 0)
        exh_say(args, "exhibit: sync, header, EDC and parities of %llu sectors are left out: they can be made again from the user data",
                (unsigned long long)n.whole);
    if (t->sub_bytes > 0 && !exh_losses_add(&s->losses, EXH_LOSS_SUBCHANNEL, 1, err, "the subchannel (%u bytes a sector)", t->sub_bytes))
        return false;
    return n.more == 0 ||
           exh_losses_add(&s->losses, EXH_LOSS_SECTOR_FRAME, n.more, err,
                          "header, subheader, EDC and parities of %llu sectors, the first at LBA %lld, that cannot be made again from the user data",
                          (unsigned long long)n.more, (long long)n.first_more);
}

/* Tracks in a row of which the same is made up are one line. */
static bool name_generated(struct exh_reshape *s, const struct exh_layout *was, struct exh_error *err)
{
    for (uint32_t i = 0, n; i < was->track_count; i += n) {
        const struct exh_track *t = &was->tracks[i];
        uint64_t sectors = t->sectors;
        char which[40], what[200];
        for (n = 1; i + n < was->track_count && t[n].main_bytes == t->main_bytes && t[n].kind == t->kind; n++)
            sectors += t[n].sectors;
        if (t->main_bytes == EXH_CD_MAIN_BYTES)
            continue;
        (void)snprintf(which, sizeof which, n == 1 ? "track %u" : "tracks %u to %u", t->number, t[n - 1].number);
        (void)snprintf(what, sizeof what, "%s: sync and header%s of %llu sectors (%s)", which,
                       t->main_bytes == 2336        ? ""
                       : t->kind == EXH_TRACK_MODE2 ? ", subheader, EDC and parities"
                                                    : ", EDC and parities",
                       (unsigned long long)sectors, exh_track_mode(t));
        if (!exh_names_add(&s->generated, what, err))
            return false;
    }
    return true;
}

static bool take_raw_sectors(const struct exh_args *args, struct exh_reshape *s, struct exh_error *err)
{
    const struct exh_layout *was = s->medium->layout;
    if (exh_arg(args, "--raw-sectors") == NULL)
        return true;
    return (put_on(s, exh_view_framed(s->medium, err)) || exh_context(err, "--raw-sectors")) && name_generated(s, was, err);
}

/* --sector-size of an image that has sectors of its own: the same bytes in smaller blocks. */
static bool take_block_size(const struct exh_args *args, struct exh_reshape *s, struct exh_error *err)
{
    uint32_t bytes;
    const struct exh_layout *l = s->medium->layout;
    if (!exh_sector_size_of(args, &bytes, err))
        return false;
    if (bytes == 0 || l->kind != EXH_LAYOUT_DISC || l->track_count != 1 || l->tracks[0].main_bytes == bytes)
        return true;
    return put_on(s, exh_view_blocks(s->medium, bytes, err)) || exh_context(err, "--sector-size");
}

/* ---- what the format can hold ---- */

/* A format of plain bytes knows nothing of discs: one track as blocks. */
static bool lose_disc(struct exh_reshape *s, struct exh_error *err)
{
    const struct exh_layout *l = s->medium->layout;
    const struct exh_track *t = &l->tracks[0];
    const struct exh_disc *d = l->disc;
    bool ok = t->kind == EXH_TRACK_BLOCKS ||
              exh_losses_add(&s->losses, EXH_LOSS_TRACK, 1, err, "the track's mode, flags and place on the disc (%s)", exh_track_mode(t));
    ok = ok && (t->stored_pregap == 0 ||
                exh_losses_add(&s->losses, EXH_LOSS_PREGAP, 1, err, "where INDEX 01 lies: the first %u sectors are the pregap", t->stored_pregap));
    ok = ok && (t->isrc[0] == '\0' || exh_losses_add(&s->losses, EXH_LOSS_ISRC, 1, err, "the ISRC"));
    ok = ok && (d == NULL || d->mcn[0] == '\0' || exh_losses_add(&s->losses, EXH_LOSS_MCN, 1, err, "the catalogue number (MCN)"));
    ok = ok && (d == NULL || d->cdtext_packs == 0 || exh_losses_add(&s->losses, EXH_LOSS_CDTEXT, d->cdtext_packs, err, "CD-TEXT"));
    return ok && (d == NULL || d->index_count == 0 ||
                  exh_losses_add(&s->losses, EXH_LOSS_INDEX, d->index_count, err, "%zu further indexes", d->index_count));
}

static bool as_plain_bytes(struct exh_reshape *s, const struct exh_format *format, struct exh_error *err)
{
    const struct exh_layout *l = s->medium->layout;
    if (l->kind != EXH_LAYOUT_DISC || format->fits != NULL || (format->can & EXH_SINK_KEEPS_TRACKS) != 0)
        return true;
    if (l->track_count != 1)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the %s format holds one track, and this disc has %u: give --track N", format->name,
                        l->track_count);
    return lose_disc(s, err) && put_on(s, exh_view_blocks(s->medium, l->tracks[0].main_bytes, err));
}

/* A layout as the options would leave it; false where they do not apply. */
static bool bend(struct exh_layout *l, uint32_t track, bool user, bool framed)
{
    if (track < l->track_count) {
        l->tracks[0] = l->tracks[track];
        l->tracks[0].sectors -= l->tracks[0].stored_pregap;
        l->tracks[0].first = 0, l->tracks[0].stored_pregap = 0, l->tracks[0].pregap = 0, l->tracks[0].session = 1;
        l->track_count = 1;
        l->disc = NULL;
    }
    if (user && l->track_count == 1) /* from INDEX 01 on */
        l->tracks[0].sectors -= l->tracks[0].stored_pregap, l->tracks[0].stored_pregap = 0, l->tracks[0].first = 0;
    for (uint32_t i = 0; i < l->track_count && (user || framed); i++) {
        struct exh_track *t = &l->tracks[i];
        bool data = t->kind == EXH_TRACK_MODE1 || t->kind == EXH_TRACK_MODE2;
        if (user && (l->track_count != 1 || !data || (t->main_bytes != EXH_CD_MAIN_BYTES && t->main_bytes != 2336)))
            return false;
        if (framed && t->kind == EXH_TRACK_BLOCKS && t->main_bytes != 2048)
            return false;
        t->kind = framed && t->kind == EXH_TRACK_BLOCKS ? EXH_TRACK_MODE1 : t->kind;
        t->main_bytes = user ? 2048 : EXH_CD_MAIN_BYTES;
        t->sub_bytes = user ? 0 : t->sub_bytes;
    }
    return true;
}

static bool would_fit(const struct exh_format *format, const struct exh_layout *layout, uint32_t track, bool user, bool framed)
{
    struct exh_layout bent = *layout;
    struct exh_losses losses = {0};
    struct exh_error ignored;
    exh_error_clear(&ignored);
    bool fits = bend(&bent, track, user, framed) && format->fits(&bent, &losses, &ignored);
    exh_losses_close(&losses);
    return fits;
}

/* The refusal, with the options that would make the shape fit, where there are some: the choice is the user's. */
static bool refuse(const struct exh_format *format, const struct exh_layout *l, struct exh_error *err)
{
    char why[sizeof err->text];
    static const struct {
        const char *words;
        bool user, framed;
    } ways[] = {{"", false, false}, {" --user-data", true, false}, {" --raw-sectors", false, true}};
    (void)snprintf(why, sizeof why, "%s", err->text);
    for (uint32_t track = UINT32_MAX;; track++) { /* UINT32_MAX: as it is */
        for (unsigned i = track == UINT32_MAX ? 1 : 0; i < 3; i++)
            if (would_fit(format, l, track, ways[i].user, ways[i].framed)) {
                char one[32] = "";
                if (track != UINT32_MAX)
                    (void)snprintf(one, sizeof one, " --track %u", l->tracks[track].number);
                return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s;%s%s would make it fit", why, one, ways[i].words);
            }
        if (track + 1 >= l->track_count && track != UINT32_MAX)
            return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s", why);
    }
}

static bool ask_format(struct exh_reshape *s, const struct exh_format *format, struct exh_error *err)
{
    const struct exh_layout *l = s->medium->layout;
    return format->fits == NULL || format->fits(l, &s->losses, err) || (err->code == EXH_REFUSED && refuse(format, l, err));
}

static bool lose_subchannel(struct exh_reshape *s, const struct exh_layout *was, const struct exh_format *format, struct exh_error *err)
{
    uint64_t there = 0;
    for (uint32_t i = 0; i < was->track_count; i++)
        there += was->tracks[i].sub_bytes > 0;
    return there == 0 || exh_losses_have(&s->losses, EXH_LOSS_SUBCHANNEL) || (format->can & EXH_SINK_KEEPS_SUBCHANNEL) != 0 ||
           exh_losses_add(&s->losses, EXH_LOSS_SUBCHANNEL, there, err, "the subchannel (96 bytes a sector)");
}

/* What its own reader could not make of the whole image; a single track never had it. */
static bool lose_unread(struct exh_reshape *s, const struct exh_losses *unread, struct exh_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && s->track == 0 && unread != NULL && i < unread->count; i++)
        ok = exh_losses_add(&s->losses, unread->items[i].kind, unread->items[i].count, err, "%s", unread->items[i].text);
    return ok;
}

/* When and by which program an E01 was made is no word of its case. */
static uint64_t case_fields(const struct exh_fields *fields)
{
    uint64_t n = 0;
    for (size_t i = 0; i < fields->count; i++)
        n += strncmp(fields->items[i].key, "ewf_", 4) != 0;
    return n;
}

static bool lose_seal(struct exh_reshape *s, const struct exh_format *format, const struct exh_fields *fields, const struct exh_seal *seal,
                      struct exh_error *err)
{
    uint64_t words = (format->can & EXH_SINK_KEEPS_FIELDS) != 0 ? 0 : case_fields(fields);
    size_t ranges = (format->can & EXH_SINK_KEEPS_STATES) != 0 || seal == NULL ? 0 : seal->unreadable.count;
    return (words == 0 || exh_losses_add(&s->losses, EXH_LOSS_CASE, words, err, "the case fields")) &&
           (ranges == 0 || exh_losses_add(&s->losses, EXH_LOSS_UNREADABLE, ranges, err, "the list of unreadable sectors"));
}

bool exh_reshape_open(const struct exh_args *args, const struct exh_opened *source, const struct exh_format *format, const struct exh_fields *fields,
                      struct exh_reshape *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    out->medium = source->medium;
    if (exh_arg(args, "--user-data") != NULL && exh_arg(args, "--raw-sectors") != NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--user-data and --raw-sectors are opposites: give one of them");
    if (!take_track(args, out, err) || !take_user_data(args, out, err) || !take_raw_sectors(args, out, err))
        return false;
    const struct exh_layout *asked = out->medium->layout;
    return take_block_size(args, out, err) && as_plain_bytes(out, format, err) && ask_format(out, format, err) &&
           lose_subchannel(out, asked, format, err) && lose_unread(out, source->whole->losses, err) &&
           lose_seal(out, format, fields, source->medium->seal, err);
}

/* ---- telling ---- */

/* What becomes of it: it is on record, or lost, or the image never had it. */
enum fate { KEPT, LOST, ABSENT };

static enum fate fate_of(const struct exh_loss *loss)
{
    return exh_record_keeps(loss->kind) != NULL ? KEPT : loss->kind == EXH_LOSS_SESSION_POINTERS ? ABSENT : LOST;
}

/* "a, b and c" of those with this fate; *text stays NULL when there are none. */
static bool list_of(const struct exh_reshape *s, enum fate fate, char **text, struct exh_error *err)
{
    size_t left = 0;
    bool ok = true;
    for (size_t i = 0; i < s->losses.count; i++)
        left += fate_of(&s->losses.items[i]) == fate;
    for (size_t i = 0; ok && i < s->losses.count; i++)
        if (fate_of(&s->losses.items[i]) == fate) {
            ok = exh_text_append(text, "%s%s", *text == NULL ? "" : left == 1 ? " and " : ", ", s->losses.items[i].text);
            left--;
        }
    return ok || exh_nomem(err, "a list of losses");
}

static bool tell_kept(const struct exh_args *args, const struct exh_reshape *s, const struct exh_format *format, bool strict, struct exh_error *err)
{
    bool keeps_record = exh_arg(args, "--no-record") == NULL, lossy = exh_arg(args, "--lossy") != NULL;
    char *what = NULL;
    bool ok = list_of(s, KEPT, &what, err);
    if (!ok || what == NULL) {
        free(what);
        return ok;
    }
    if (!keeps_record && !lossy && strict)
        ok = exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                      "the %s format cannot hold %.100s, and with --no-record nothing else will: give --lossy to agree", format->name, what);
    else
        exh_say(args, "exhibit: the %s format cannot hold %s%s", format->name, what,
                keeps_record ? ": only the record keeps them" : ": lost, as agreed");
    free(what);
    return ok;
}

static bool tell_lost(const struct exh_args *args, const struct exh_reshape *s, const struct exh_format *format, bool strict, struct exh_error *err)
{
    char *lost = NULL;
    bool agreed = exh_arg(args, "--lossy") != NULL, ok = list_of(s, LOST, &lost, err);
    if (ok && lost != NULL && agreed)
        exh_say(args, "exhibit: lost, as agreed: %s", lost);
    else if (ok && lost != NULL && strict) {
        exh_say(args, "exhibit: this would be lost: %s", lost);
        ok = exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the %s format cannot hold %.120s, and the record does not keep it: give --lossy to agree",
                      format->name, lost);
    }
    free(lost);
    return ok;
}

/* The image has it not, and the new one will lack it: nobody has to agree to that, but it is worth knowing. */
static bool tell_absent(const struct exh_args *args, const struct exh_reshape *s, const struct exh_format *format, struct exh_error *err)
{
    char *what = NULL;
    bool ok = list_of(s, ABSENT, &what, err);
    if (ok && what != NULL)
        exh_say(args, "exhibit: the %s image will not have %s", format->name, what);
    free(what);
    return ok;
}

bool exh_reshape_tell(const struct exh_args *args, const struct exh_reshape *s, const struct exh_format *format, bool strict, struct exh_error *err)
{
    for (size_t i = 0; i < s->generated.count; i++)
        exh_say(args, "exhibit: generated, not read: %s", s->generated.items[i]);
    return tell_absent(args, s, format, err) && tell_lost(args, s, format, strict, err) && tell_kept(args, s, format, strict, err);
}

json_t *exh_reshape_losses(const struct exh_reshape *s)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < s->losses.count; i++) {
        const struct exh_loss *loss = &s->losses.items[i];
        (void)json_array_append_new(list, json_pack("{s:s,s:o,s:I,s:b}", "kind", exh_loss_name(loss->kind), "what", exh_record_text(loss->text),
                                                    "count", (json_int_t)loss->count, "on_record", exh_record_keeps(loss->kind) != NULL));
    }
    return list;
}

json_t *exh_reshape_losses_told(const struct exh_reshape *s)
{
    static const char *const fates[] = {[KEPT] = "kept by the record", [LOST] = "lost", [ABSENT] = "not in the source"};
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < s->losses.count; i++) {
        char *text = exh_text_format("%s (%s)", s->losses.items[i].text, fates[fate_of(&s->losses.items[i])]);
        (void)json_array_append_new(list, text != NULL ? exh_record_text(text) : json_null());
        free(text);
    }
    return list;
}

void exh_reshape_close(struct exh_reshape *s)
{
    while (s->view_count > 0)
        exh_medium_close(s->views[--s->view_count]);
    exh_losses_close(&s->losses);
    exh_names_close(&s->generated);
    memset(s, 0, sizeof *s);
}
