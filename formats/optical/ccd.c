/* ccd.c - CloneCD images read: from the descriptor's values to tracks in the .img. See ccd.h, ccd_place.h. */
#include "formats/optical/ccd.h"

#include <stdlib.h>

#include "formats/container/siblings.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "formats/optical/ccd_place.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/first_sectors.h"
#include "formats/optical/msf.h"

#define Q_LOOKED_AT 8u /* sectors at the beginning of a track whose Q is held against its place */

/* ---- the other two files ---- */

/* The descriptor's name with another extension; NULL (err) when it cannot be there. */
static struct exh_source *open_beside(struct exh_ccd_reader *r, const char *extension, char **path)
{
    const char *base = exh_text_base(r->path), *dot = strrchr(base, '.');
    char *name = exh_text_format("%.*s%s", (int)(dot != NULL && dot != base ? dot - base : (long)strlen(base)), base, extension);
    bool as_named;
    *path = NULL;
    if (name == NULL || r->options->siblings == NULL) {
        (void)(name == NULL ? exh_nomem(r->err, "a file name")
                            : exh_fail(r->err, EXH_NOT_FOUND, EXH_NO_OFFSET, "its sectors lie in another file, '%s', which cannot be had", name));
        free(name);
        return NULL;
    }
    struct exh_source *source = exh_siblings_referenced(r->options->siblings, name, r->options->past_cache, path, &as_named, r->err);
    free(name);
    return source;
}

static bool open_img(struct exh_ccd_reader *r)
{
    r->img = open_beside(r, ".img", &r->img_path);
    return r->img != NULL && exh_stored_disc_file(r->disc, r->img, r->img_path, &r->img_file, r->err);
}

static bool no_sub(struct exh_ccd_reader *r, const char *why)
{
    return exh_inspection_fact(r->notes, r->path, EXH_NO_OFFSET, "subchannel", r->err, "%s", why);
}

static bool open_sub(struct exh_ccd_reader *r)
{
    struct exh_source *sub = open_beside(r, ".sub", &r->sub_path);
    if (sub == NULL && r->err->code == EXH_NOT_FOUND) {
        exh_error_clear(r->err);
        return no_sub(r, "none: there is no .sub");
    }
    if (sub == NULL)
        return false;
    bool empty = sub->size == 0, ok = exh_stored_disc_file(r->disc, sub, r->sub_path, &r->sub_file, r->err);
    if (!ok || empty)
        return ok && no_sub(r, "none: the .sub is empty");
    r->sub = sub;
    return exh_inspection_fact(r->notes, r->path, EXH_NO_OFFSET, "subchannel", r->err, "%llu sectors, linear",
                               (unsigned long long)(sub->size / EXH_SUB_BYTES));
}

/* The files against the TOC and each other. That the .img is too short the stored disc says itself. */
static bool note_sizes(struct exh_ccd_reader *r)
{
    uint64_t have = r->img->size / EXH_CD_MAIN_BYTES, rest = r->img->size % EXH_CD_MAIN_BYTES;
    if (have > r->sectors && !exh_inspection_remark(r->notes, "image-size", EXH_WARNS, r->img_path, r->sectors * EXH_CD_MAIN_BYTES, r->err,
                                                    "the .img has %llu sectors, the TOC entries only %llu: the rest belongs to no track",
                                                    (unsigned long long)have, (unsigned long long)r->sectors))
        return false;
    if (rest != 0 && !exh_inspection_remark(r->notes, "image-size", EXH_WARNS, r->img_path, r->img->size - rest, r->err,
                                            "the .img ends in %llu bytes that are no whole sector", (unsigned long long)rest))
        return false;
    if (r->sub == NULL)
        return true;
    uint64_t subs = r->sub->size / EXH_SUB_BYTES;
    if (r->sub->size % EXH_SUB_BYTES == 0 && subs == have)
        return true;
    return exh_inspection_remark(r->notes, "subchannel-size", subs < have ? EXH_FAILS : EXH_WARNS, r->sub_path, r->sub->size, r->err,
                                 "the .sub has %llu sectors and %llu bytes, the .img %llu sectors", (unsigned long long)subs,
                                 (unsigned long long)(r->sub->size % EXH_SUB_BYTES), (unsigned long long)have);
}

/* ---- what the tracks are ---- */

static const char *mode_text(int64_t mode) { return mode == 0 ? "audio" : mode == 1 ? "mode 1" : mode == 2 ? "mode 2" : "no mode that exists"; }

static enum exh_track_kind said_kind(const struct exh_ccd_placed *t)
{
    bool data = (t->entry->row.adr_control & EXH_CONTROL_DATA) != 0;
    return t->said->mode == 2 ? EXH_TRACK_MODE2 : t->said->mode == 1 || data ? EXH_TRACK_MODE1 : EXH_TRACK_AUDIO;
}

/* The sectors decide; MODE and CONTROL are held against them. */
static bool kind_of(struct exh_ccd_reader *r, const struct exh_ccd_placed *t, uint64_t at, enum exh_track_kind *kind)
{
    bool data = (t->entry->row.adr_control & EXH_CONTROL_DATA) != 0;
    enum exh_first_sectors first = exh_first_sectors(r->img, at * EXH_CD_MAIN_BYTES, EXH_CD_MAIN_BYTES, (uint64_t)(t->end - t->start));
    *kind = exh_first_sectors_kind(first, said_kind(t));
    if (first == EXH_FIRST_UNREADABLE)
        return true;
    int64_t mode = t->said->mode;
    bool has_mode = mode != EXH_CCD_NOT_SAID, is_data = first >= EXH_FIRST_MODE0;
    bool mode_holds = !has_mode || (first == EXH_FIRST_NO_SYNC ? mode == 0 : first == EXH_FIRST_MODE2 ? mode == 2 : is_data && mode == 1);
    if (!mode_holds && !exh_inspection_remark(r->notes, "track-mode", EXH_WARNS, r->path, t->said->place.at, r->err,
                                              "line %u: MODE says %s, and the first sectors of track %u %s", t->said->place.line, mode_text(mode),
                                              t->number, exh_first_sectors_text(first)))
        return false;
    return data == is_data || exh_inspection_remark(r->notes, "track-mode", EXH_FAILS, r->path, t->entry->place.at, r->err,
                                                    "line %u: Control says track %u is %s, and its first sectors %s", t->entry->place.line, t->number,
                                                    data ? "data" : "audio", exh_first_sectors_text(first));
}

static bool add_indexes(struct exh_ccd_reader *r, const struct exh_ccd_placed *t)
{
    const struct exh_ccd_extent *s = &r->sessions[t->session];
    int64_t one = t->said->index[1], last = t->start;
    bool ok = one == EXH_CCD_NOT_SAID || one == t->start - s->base || one == t->start ||
              exh_inspection_remark(r->notes, "track-index", EXH_FAILS, r->path, t->said->place.at, r->err,
                                    "line %u: INDEX 1 of track %u is %lld, its TOC entry says LBA %lld: that is taken", t->said->place.line,
                                    t->number, (long long)one, (long long)t->start);
    for (unsigned n = 2; ok && n < 100; n++) {
        if (t->said->index[n] == EXH_CCD_NOT_SAID)
            continue;
        int64_t lba = one != EXH_CCD_NOT_SAID ? t->start + t->said->index[n] - one : s->base + t->said->index[n];
        if (lba <= last || lba >= t->end) {
            ok = exh_inspection_remark(r->notes, "track-index", EXH_FAILS, r->path, t->said->place.at, r->err,
                                       "line %u: INDEX %u of track %u lies out of order or out of the track, and is not taken", t->said->place.line,
                                       n, t->number);
            continue;
        }
        last = lba;
        ok = exh_disc_add_index(exh_stored_disc_facts(r->disc), t->number, n, lba, r->err);
    }
    return ok;
}

static bool take_isrc(struct exh_ccd_reader *r, const struct exh_ccd_placed *t, struct exh_track *track)
{
    if (t->said->isrc[0] == '\0')
        return true;
    if (!exh_ccd_is_isrc(t->said->isrc))
        return exh_inspection_remark(r->notes, "isrc", EXH_WARNS, r->path, t->said->place.at, r->err,
                                     "line %u: the ISRC of track %u is none, and is not taken", t->said->place.line, t->number);
    memcpy(track->isrc, t->said->isrc, sizeof track->isrc);
    return true;
}

static bool note_flags(struct exh_ccd_reader *r, const struct exh_ccd_placed *t)
{
    uint8_t control = t->entry->row.adr_control & 15 & ~EXH_CONTROL_DATA;
    return !t->said->has_flags || t->said->flags == control ||
           exh_inspection_remark(r->notes, "track-flags", EXH_WARNS, r->path, t->said->place.at, r->err,
                                 "line %u: FLAGS of track %u and the Control of its TOC entry differ: the TOC entry is taken", t->said->place.line,
                                 t->number);
}

static bool add_track(struct exh_ccd_reader *r, const struct exh_ccd_placed *t)
{
    const struct exh_ccd_extent *s = &r->sessions[t->session];
    struct exh_track track = {.number = t->number,
                              .session = t->session,
                              .control = t->entry->row.adr_control & 15,
                              .first = t->start - t->stored_pregap,
                              .main_bytes = EXH_CD_MAIN_BYTES,
                              .sub_bytes = r->sub != NULL ? EXH_CD_SUB_BYTES : 0,
                              .stored_pregap = t->stored_pregap,
                              .pregap = t->pregap};
    track.sectors = (uint64_t)(t->end - track.first);
    uint64_t at = s->at + (uint64_t)(track.first - s->base);
    uint32_t index;
    if (!kind_of(r, t, at + t->stored_pregap, &track.kind) || !take_isrc(r, t, &track) || !note_flags(r, t) || !add_indexes(r, t))
        return false;
    if (track.kind != EXH_TRACK_AUDIO)
        track.control |= EXH_CONTROL_DATA;
    if (!exh_stored_disc_track(r->disc, &track, &index, r->err))
        return false;
    struct exh_stretch stretch = {.track = index,
                                  .lba = track.first,
                                  .sectors = track.sectors,
                                  .file = r->img_file,
                                  .offset = at * EXH_CD_MAIN_BYTES,
                                  .stride = EXH_CD_MAIN_BYTES,
                                  .sub = r->sub != NULL ? EXH_SUB_LINEAR : EXH_SUB_NONE,
                                  .sub_file = r->sub_file,
                                  .sub_offset = at * EXH_SUB_BYTES,
                                  .sub_stride = EXH_SUB_BYTES};
    return exh_stored_disc_stretch(r->disc, &stretch, r->err);
}

/* ---- what is held against each other ---- */

/* The first Q with a position in each track says where it is. One remark for all. */
static bool note_positions(struct exh_ccd_reader *r)
{
    uint32_t differ = 0;
    const struct exh_ccd_placed *first = NULL;
    struct exh_q first_q = {0};
    int64_t first_lba = 0;
    for (uint32_t i = 0; r->sub != NULL && i < r->track_count; i++) {
        const struct exh_ccd_placed *t = &r->tracks[i];
        struct exh_q q;
        int64_t lba = t->start, last = t->end - t->start > Q_LOOKED_AT ? t->start + Q_LOOKED_AT : t->end;
        while (lba < last && !exh_ccd_position_at(r, &r->sessions[t->session], lba, &q))
            lba++;
        if (lba == last || (q.lba == lba && q.track == t->number))
            continue;
        if (differ++ == 0)
            first = t, first_q = q, first_lba = lba;
    }
    return differ == 0 || exh_inspection_remark(r->notes, "subchannel-position", EXH_FAILS, r->sub_path, EXH_NO_OFFSET, r->err,
                                                "at LBA %lld, track %u, Q says LBA %lld, track %u (so in %u of %u tracks)", (long long)first_lba,
                                                first->number, (long long)first_q.lba, first_q.track, differ, r->track_count);
}

static bool note_count(struct exh_ccd_reader *r, const char *what, int64_t said, size_t found, const struct exh_ccd_place *place)
{
    return said == EXH_CCD_NOT_SAID || (uint64_t)said == found ||
           exh_inspection_remark(r->notes, "toc-count", EXH_FAILS, r->path, place->at, r->err, "line %u: %s says %lld, there are %zu", place->line,
                                 what, (long long)said, found);
}

/* A0 and A1 name the first and last track of their session. */
static bool note_first_last(struct exh_ccd_reader *r)
{
    bool ok = true;
    for (size_t i = 0; ok && i < r->ccd->entry_count; i++) {
        const struct exh_ccd_entry *e = &r->ccd->entries[i];
        bool last = e->row.point == 0xA1;
        if (!exh_ccd_row_plays(&e->row) || (e->row.point != 0xA0 && !last) || r->sessions[e->row.session].tracks == 0)
            continue;
        uint8_t number = 0;
        for (uint32_t t = 0; t < r->track_count; t++)
            if (r->tracks[t].session == e->row.session && (last || number == 0))
                number = r->tracks[t].number;
        ok = number == e->row.pmsf[0] || exh_inspection_remark(r->notes, "toc-entry", EXH_WARNS, r->path, e->place.at, r->err,
                                                               "line %u: the %s track of session %u is said to be %u, and is %u", e->place.line,
                                                               last ? "last" : "first", e->row.session, e->row.pmsf[0], number);
    }
    return ok;
}

static bool note_sessions(struct exh_ccd_reader *r)
{
    size_t count = 0;
    bool ok = true;
    for (unsigned n = 1; ok && n <= EXH_DISC_SESSIONS_MAX; n++) {
        const struct exh_ccd_session *said = &r->ccd->session[n];
        const struct exh_ccd_extent *s = &r->sessions[n];
        if (s->tracks > 0 || s->lead_out != EXH_NO_LBA) {
            count++;
            ok = exh_disc_set_lead_out(exh_stored_disc_facts(r->disc), n, s->lead_out, s->disc_type, r->err);
        }
        if (ok && said->pregap_mode != EXH_CCD_NOT_SAID)
            ok = exh_inspection_fact(r->notes, r->path, said->place.at, "session_pregap", r->err, "session %u: %s, %s subchannel", n,
                                     mode_text(said->pregap_mode), said->pregap_sub > 0 ? "with" : "without");
    }
    return ok && note_count(r, "Sessions", r->ccd->sessions, count, &r->ccd->sessions_place);
}

static bool take_cdtext(struct exh_ccd_reader *r)
{
    const struct exh_ccd *c = r->ccd;
    for (size_t i = 0; i < c->pack_count; i++) {
        uint8_t pack[EXH_CDTEXT_PACK_BYTES];
        memcpy(pack, c->packs[i], 16);
        uint16_t crc = exh_crc16_q(pack, 16);
        pack[16] = (uint8_t)(crc >> 8);
        pack[17] = (uint8_t)crc;
        if (!exh_disc_add_pack(exh_stored_disc_facts(r->disc), pack, r->err))
            return false;
    }
    if (c->pack_count > 0 && !exh_inspection_fact(r->notes, r->path, EXH_NO_OFFSET, "cdtext", r->err,
                                                  "%zu packs, stored without their checksums, which are computed", c->pack_count))
        return false;
    int64_t length = c->cdtext_length;
    return note_count(r, "the number of CD-TEXT entries", c->cdtext_entries, c->pack_count, &c->cdtext_place) &&
           (length == EXH_CCD_NOT_SAID || (uint64_t)length == c->pack_count * EXH_CDTEXT_PACK_BYTES ||
            exh_inspection_remark(r->notes, "toc-count", EXH_WARNS, r->path, c->cdtext_place.at, r->err,
                                  "line %u: CDTextLength is %lld, %zu packs have %zu bytes", c->cdtext_place.line, (long long)length, c->pack_count,
                                  c->pack_count * EXH_CDTEXT_PACK_BYTES));
}

static bool take_catalog(struct exh_ccd_reader *r)
{
    const struct exh_ccd *c = r->ccd;
    struct exh_disc *facts = exh_stored_disc_facts(r->disc);
    if (c->catalog[0] != '\0' && !exh_ccd_is_mcn(c->catalog))
        return exh_inspection_remark(r->notes, "catalog", EXH_WARNS, r->path, c->catalog_place.at, r->err,
                                     "line %u: the CATALOG number is no 13 digits, and is not taken", c->catalog_place.line);
    memcpy(facts->mcn, c->catalog, sizeof facts->mcn - 1);
    return true;
}

static bool note_text(struct exh_ccd_reader *r)
{
    const struct exh_ccd *c = r->ccd;
    bool ok =
        c->version == EXH_CCD_NOT_SAID || exh_inspection_fact(r->notes, r->path, EXH_NO_OFFSET, "version", r->err, "%lld", (long long)c->version);
    ok = ok && (c->version == 2 || c->version == 3 ||
                exh_inspection_remark(r->notes, "version", EXH_WARNS, r->path, EXH_NO_OFFSET, r->err,
                                      "the descriptor is not of version 2 or 3, and is read as if it were"));
    return ok && (c->unknown_keys == 0 ||
                  exh_inspection_remark(r->notes, "unknown-key", EXH_WARNS, r->path, c->first_unknown.at, r->err,
                                        "line %u: a key or section that is not known, one of %u", c->first_unknown.line, c->unknown_keys));
}

/* ---- the whole ---- */

static bool scrambled_check(struct exh_ccd_reader *r)
{
    if (r->ccd->scrambled == EXH_CCD_NOT_SAID || r->ccd->scrambled == 0)
        return true;
    return exh_fail(r->err, EXH_UNSUPPORTED, r->ccd->scrambled_place.at,
                    "line %u: the data tracks are stored scrambled (DataTracksScrambled=%lld), which is not read", r->ccd->scrambled_place.line,
                    (long long)r->ccd->scrambled);
}

static bool build(struct exh_ccd_reader *r)
{
    for (size_t n = 0; n <= EXH_DISC_SESSIONS_MAX; n++)
        r->sessions[n] = (struct exh_ccd_extent){.lead_out = EXH_NO_LBA, .disc_type = -1};
    (void)snprintf(exh_stored_disc_facts(r->disc)->medium, sizeof exh_stored_disc_facts(r->disc)->medium, "CD");
    if (!scrambled_check(r) || !exh_stored_disc_descriptor(r->disc, r->source, r->path, r->err) || !exh_ccd_take_entries(r) || !open_img(r) ||
        !open_sub(r) || !exh_ccd_place_tracks(r))
        return false;
    for (uint32_t i = 0; i < r->track_count; i++)
        if (!add_track(r, &r->tracks[i]))
            return false;
    return note_text(r) && note_count(r, "TocEntries", r->ccd->toc_entries, r->ccd->entry_count, &r->ccd->toc_entries_place) && note_sessions(r) &&
           note_first_last(r) && take_cdtext(r) && take_catalog(r) && note_sizes(r) && note_positions(r);
}

static struct exh_medium *read_disc(struct exh_ccd *ccd, struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct exh_ccd_reader *r = calloc(1, sizeof *r);
    struct exh_stored_disc *disc = r != NULL ? exh_stored_disc_new("ccd", err) : NULL;
    struct exh_medium *medium = NULL;
    if (disc != NULL) {
        r->options = options;
        r->ccd = ccd;
        r->disc = disc;
        r->notes = exh_stored_disc_notes(disc);
        r->source = source;
        r->path = options->path != NULL ? options->path : source->name;
        r->err = err;
        medium = build(r) ? exh_stored_disc_finish(disc, err) : NULL;
        if (medium == NULL)
            exh_stored_disc_close(disc);
        free(r->img_path);
        free(r->sub_path);
    } else if (r == NULL) {
        (void)exh_nomem(err, "a disc image");
    }
    free(r);
    return medium;
}

static struct exh_medium *ccd_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    if (source->size > EXH_CCD_TEXT_MAX) {
        (void)exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a descriptor of %llu bytes: at most %u are read", (unsigned long long)source->size,
                       EXH_CCD_TEXT_MAX);
        return NULL;
    }
    size_t length = (size_t)source->size;
    uint8_t *text = malloc(length + 1);
    struct exh_ccd *ccd = calloc(1, sizeof *ccd);
    struct exh_medium *medium = NULL;
    bool ok = (text != NULL && ccd != NULL) || exh_nomem(err, "a descriptor");
    if (ok && exh_source_read(source, 0, text, length, err) && exh_ccd_parse(text, length, ccd, err))
        medium = read_disc(ccd, source, options, err);
    if (ccd != NULL)
        exh_ccd_close(ccd);
    free(ccd);
    free(text);
    return medium;
}

/* Blanks, comments and a byte order mark aside, the text begins with [CloneCD]. */
static int ccd_probe(const struct exh_peek *peek)
{
    static const char mark[] = "[clonecd]";
    size_t at = peek->head_length >= 3 && memcmp(peek->head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (bool comment = false; at < peek->head_length; at++) {
        uint8_t c = peek->head[at];
        comment = comment ? c != '\n' : c == ';';
        if (!comment && c != ' ' && c != '\t' && c != '\r' && c != '\n')
            break;
    }
    for (size_t i = 0; i < sizeof mark - 1; i++) {
        uint8_t c = at + i < peek->head_length ? peek->head[at + i] : 0;
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != (uint8_t)mark[i])
            return 0;
    }
    return 100;
}

static const char *const ccd_extensions[] = {".ccd", NULL};

const struct exh_format exh_format_ccd = {.name = "ccd",
                                          .title = "CloneCD disc image (.ccd, .img, .sub)",
                                          .extensions = ccd_extensions,
                                          .probe = ccd_probe,
                                          .open = ccd_open,
                                          .create = exh_ccd_create,
                                          .can = EXH_SINK_NEEDS_SIZE | EXH_SINK_KEEPS_TRACKS | EXH_SINK_KEEPS_SUBCHANNEL,
                                          .fits = exh_ccd_fits};
