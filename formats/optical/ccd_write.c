/* ccd_write.c - CloneCD images written: .img and .sub as the blocks come, the descriptor (version 3) at the end. See ccd.h.
 *
 * Every stored sector of every track goes into the .img, one behind the other: within a session they follow each other on the disc too, and between
 * sessions the format keeps no gap. A pregap stored before a session's first track is said by its INDEX 1. */
#include "formats/optical/ccd.h"

#include <stdlib.h>

#include "formats/container/staged_file.h"
#include "formats/model/bytes.h"
#include "formats/model/losses.h"
#include "formats/model/text.h"
#include "formats/optical/ccd_place.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/msf.h"

enum file { DESCRIPTOR, IMG, SUB, FILES };

struct ccd_sink {
    struct exh_sink sink;
    struct exh_layout layout; /* the declared one */
    struct exh_staged_file *files[FILES];
    uint64_t at[EXH_LAYOUT_TRACKS_MAX]; /* first sector of each track in the .img */
    bool has_sub;
    bool announced[EXH_LAYOUT_TRACKS_MAX]; /* has no pregap, and yet Q before it says index 0: its INDEX 0 is written, for a reader not to ask Q */
};

/* ---- what the format can hold ---- */

static const struct exh_track *next_in_session(const struct exh_layout *l, uint32_t i)
{
    return i + 1 < l->track_count && l->tracks[i + 1].session == l->tracks[i].session ? &l->tracks[i + 1] : NULL;
}

static bool leads_session(const struct exh_layout *l, uint32_t i) { return i == 0 || l->tracks[i - 1].session != l->tracks[i].session; }

static int64_t track_end(const struct exh_track *t) { return t->first + (int64_t)t->sectors; }

static bool track_fits(const struct exh_layout *l, uint32_t i, struct exh_error *err)
{
    const struct exh_track *t = &l->tracks[i], *next = next_in_session(l, i);
    if (t->main_bytes != EXH_CD_MAIN_BYTES || t->kind == EXH_TRACK_BLOCKS)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u has sectors of %u bytes: a CCD image needs raw sectors of 2352", t->number,
                        t->main_bytes);
    if (t->sectors == EXH_SECTORS_UNKNOWN || t->sectors <= t->stored_pregap)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u has no sectors that can be counted", t->number);
    if (t->tail_bytes != 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the last sector of track %u has %u of %u bytes: a CCD image holds whole sectors", t->number,
                        t->tail_bytes, t->main_bytes);
    if (t->first < EXH_LBA_MIN || t->sectors > EXH_LBA_MAX || track_end(t) > EXH_LBA_MAX)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "track %u does not lie within the times of a CD", t->number);
    if (t->sub_bytes != l->tracks[0].sub_bytes || (t->sub_bytes != 0 && t->sub_bytes != EXH_CD_SUB_BYTES))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "a .sub holds 96 bytes for every sector or none: track %u has %u, track %u %u", t->number,
                        t->sub_bytes, l->tracks[0].number, l->tracks[0].sub_bytes);
    if (next != NULL && next->first != track_end(t))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                        "between tracks %u and %u lie %lld sectors that no file holds (a pregap or postgap of silence), and an .img has no gaps",
                        t->number, next->number, (long long)(next->first - track_end(t)));
    return true;
}

static const struct exh_session *session_of(const struct exh_disc *disc, unsigned number)
{
    for (uint32_t i = 0; disc != NULL && i < disc->session_count; i++)
        if (disc->sessions[i].number == number)
            return &disc->sessions[i];
    return NULL;
}

static bool track_losses(const struct exh_layout *l, uint32_t i, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_track *t = &l->tracks[i];
    const struct exh_session *s = next_in_session(l, i) == NULL ? session_of(l->disc, t->session) : NULL;
    if (t->kind == EXH_TRACK_MODE0 &&
        !exh_losses_add(losses, EXH_LOSS_TRACK_MODE, 1, err, "the mode 0 of track %u (MODE has no word for it)", t->number))
        return false;
    if (t->pregap > t->stored_pregap && !exh_losses_add(losses, EXH_LOSS_PREGAP, 1, err, "%u sectors of the pregap of track %u, which no file holds",
                                                        t->pregap - t->stored_pregap, t->number))
        return false;
    return s == NULL || s->lead_out == EXH_NO_LBA || s->lead_out == track_end(t) ||
           exh_losses_add(losses, EXH_LOSS_LEAD_OUT, 1, err, "the lead-out of session %u at LBA %lld (its stored sectors end at %lld)", s->number,
                          (long long)s->lead_out, (long long)track_end(t));
}

static size_t packs_without_crc(const struct exh_disc *disc)
{
    size_t n = 0;
    for (size_t i = 0; i < disc->cdtext_packs; i++) {
        const uint8_t *pack = disc->cdtext + i * EXH_CDTEXT_PACK_BYTES;
        uint16_t crc = exh_crc16_q(pack, 16);
        n += pack[16] != crc >> 8 || pack[17] != (crc & 255);
    }
    return n;
}

static bool disc_losses(const struct exh_layout *l, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_disc *disc = l->disc;
    bool several = l->tracks[l->track_count - 1].session != l->tracks[0].session, pointers = false;
    for (size_t i = 0; disc != NULL && i < disc->row_count; i++)
        pointers = pointers || disc->rows[i].adr_control >> 4 == 5;
    if (several && !pointers &&
        !exh_losses_add(losses, EXH_LOSS_SESSION_POINTERS, 1, err, "the pointers from session to session (POINT B0 and C0), which are not known"))
        return false;
    size_t packs = disc != NULL ? packs_without_crc(disc) : 0;
    return packs == 0 || exh_losses_add(losses, EXH_LOSS_CDTEXT, packs, err, "the checksums of %zu CD-TEXT packs, which do not hold", packs);
}

bool exh_ccd_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    if (layout->track_count == 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "there is no track");
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (!track_fits(layout, i, err))
            return false;
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (!track_losses(layout, i, losses, err))
            return false;
    return disc_losses(layout, losses, err);
}

/* ---- the rows of the TOC ---- */

static struct exh_toc_row row_of(unsigned session, uint8_t adr_control, uint8_t point, uint8_t m, uint8_t s, uint8_t f)
{
    return (struct exh_toc_row){.session = (uint8_t)session, .adr_control = adr_control, .point = point, .pmsf = {m, s, f}};
}

static struct exh_toc_row row_at(unsigned session, uint8_t adr_control, uint8_t point, int64_t lba)
{
    uint8_t msf[3];
    exh_lba_msf(lba, msf);
    return row_of(session, adr_control, point, msf[0], msf[1], msf[2]);
}

static int64_t row_lba(const struct exh_toc_row *row) { return exh_msf_lba(row->pmsf[0], row->pmsf[1], row->pmsf[2]); }

/* The end of what this session stores, or EXH_NO_LBA when it has no track. */
static int64_t session_end(const struct exh_layout *l, unsigned session)
{
    int64_t end = EXH_NO_LBA;
    for (uint32_t i = 0; i < l->track_count; i++)
        if (l->tracks[i].session == session)
            end = track_end(&l->tracks[i]);
    return end;
}

/* Do the rows that came with the source say what the layout says? A view of a part of a disc has other tracks than its rows. */
static bool rows_hold(const struct exh_layout *l)
{
    const struct exh_disc *disc = l->disc;
    uint32_t tracks = 0, ends = 0, sessions = 0;
    for (uint32_t i = 0; i < l->track_count; i++)
        sessions += leads_session(l, i);
    for (size_t i = 0; disc != NULL && i < disc->row_count; i++) {
        const struct exh_toc_row *row = &disc->rows[i];
        if (!exh_ccd_row_plays(row) || (row->point != 0xA2 && (row->point < 1 || row->point > 99)))
            continue;
        const struct exh_track *t = exh_layout_track(l, row->point);
        if (row->point == 0xA2
                ? row_lba(row) != session_end(l, row->session)
                : t == NULL || t->session != row->session || row_lba(row) != exh_track_start(t) || t->control != (row->adr_control & 15))
            return false;
        *(row->point == 0xA2 ? &ends : &tracks) += 1;
    }
    return tracks == l->track_count && ends == sessions;
}

/* A0, A1, A2 and the tracks of a session, then those rows of the source that point elsewhere (B0, C0). */
static bool make_rows(const struct exh_layout *l, uint32_t first, struct exh_disc *to, struct exh_error *err)
{
    const struct exh_track *t = &l->tracks[first], *last = t;
    const struct exh_session *s = session_of(l->disc, t->session);
    for (uint32_t i = first; i < l->track_count && l->tracks[i].session == t->session; i++)
        last = &l->tracks[i];
    uint8_t type = s != NULL && s->disc_type > 0 ? (uint8_t)s->disc_type : 0;
    struct exh_toc_row a0 = row_of(t->session, 0x10 | t->control, 0xA0, t->number, type, 0);
    struct exh_toc_row a1 = row_of(t->session, 0x10 | last->control, 0xA1, last->number, 0, 0);
    struct exh_toc_row a2 = row_at(t->session, 0x10 | last->control, 0xA2, track_end(last));
    bool ok = exh_disc_add_row(to, &a0, err) && exh_disc_add_row(to, &a1, err) && exh_disc_add_row(to, &a2, err);
    for (const struct exh_track *at = t; ok && at <= last; at++) {
        struct exh_toc_row row = row_at(at->session, 0x10 | at->control, at->number, exh_track_start(at));
        ok = exh_disc_add_row(to, &row, err);
    }
    for (size_t i = 0; ok && l->disc != NULL && i < l->disc->row_count; i++)
        if (l->disc->rows[i].session == t->session && !exh_ccd_row_plays(&l->disc->rows[i]))
            ok = exh_disc_add_row(to, &l->disc->rows[i], err);
    return ok;
}

static bool rows_of(const struct exh_layout *l, struct exh_disc *to, struct exh_error *err)
{
    bool ok = true, kept = rows_hold(l);
    for (size_t i = 0; ok && kept && i < l->disc->row_count; i++)
        ok = exh_disc_add_row(to, &l->disc->rows[i], err);
    for (uint32_t i = 0; ok && !kept && i < l->track_count; i++)
        if (leads_session(l, i))
            ok = make_rows(l, i, to, err);
    return ok;
}

/* ---- the text ---- */

static bool text_rows(char **text, const struct exh_disc *rows)
{
    bool ok = true;
    for (size_t i = 0; ok && i < rows->row_count; i++) {
        const struct exh_toc_row *r = &rows->rows[i];
        ok = exh_text_append(text,
                             "[Entry %zu]\r\nSession=%u\r\nPoint=0x%02x\r\nADR=0x%02x\r\nControl=0x%02x\r\nTrackNo=%u\r\nAMin=%u\r\nASec=%u\r\n"
                             "AFrame=%u\r\nALBA=%lld\r\nZero=%u\r\nPMin=%u\r\nPSec=%u\r\nPFrame=%u\r\nPLBA=%lld\r\n",
                             i, r->session, r->point, r->adr_control >> 4, r->adr_control & 15, r->tno, r->msf[0], r->msf[1], r->msf[2],
                             (long long)exh_msf_lba(r->msf[0], r->msf[1], r->msf[2]), r->zero, r->pmsf[0], r->pmsf[1], r->pmsf[2],
                             (long long)row_lba(r));
    }
    return ok;
}

static int mode_of(const struct exh_track *t) { return t->kind == EXH_TRACK_AUDIO ? 0 : t->kind == EXH_TRACK_MODE2 ? 2 : 1; }

/* INDEX counts from the session's first stored sector. */
static bool text_tracks(char **text, const struct exh_layout *l, const bool *announced)
{
    int64_t base = 0;
    bool ok = true;
    for (uint32_t i = 0; ok && i < l->track_count; i++) {
        const struct exh_track *t = &l->tracks[i];
        bool leads = leads_session(l, i);
        if (leads)
            base = t->first;
        ok = exh_text_append(text, "[TRACK %u]\r\nMODE=%d\r\n", t->number, mode_of(t));
        if (ok && t->isrc[0] != '\0')
            ok = exh_text_append(text, "ISRC=%s\r\n", t->isrc);
        if (ok && !leads && (t->stored_pregap > 0 || announced[i]))
            ok = exh_text_append(text, "INDEX 0=%lld\r\n", (long long)(t->first - base));
        ok = ok && exh_text_append(text, "INDEX 1=%lld\r\n", (long long)(exh_track_start(t) - base));
        for (size_t n = 0; ok && l->disc != NULL && n < l->disc->index_count; n++)
            if (l->disc->indexes[n].track == t->number)
                ok = exh_text_append(text, "INDEX %u=%lld\r\n", l->disc->indexes[n].number, (long long)(l->disc->indexes[n].lba - base));
    }
    return ok;
}

static bool text_cdtext(char **text, const struct exh_disc *disc)
{
    if (disc == NULL || disc->cdtext_packs == 0)
        return true;
    bool ok = exh_text_append(text, "[CDText]\r\nEntries=%zu\r\n", disc->cdtext_packs);
    for (size_t i = 0; ok && i < disc->cdtext_packs; i++) {
        char hex[16 * 3 + 1];
        for (size_t b = 0; b < 16; b++)
            (void)snprintf(hex + 3 * b, 4, "%02x ", disc->cdtext[i * EXH_CDTEXT_PACK_BYTES + b]);
        ok = exh_text_append(text, "Entry %zu=%.47s\r\n", i, hex);
    }
    return ok;
}

static bool text_head(char **text, const struct exh_layout *l, size_t rows)
{
    uint32_t sessions = 0;
    for (uint32_t i = 0; i < l->track_count; i++)
        sessions += leads_session(l, i);
    bool ok =
        exh_text_append(text, "[CloneCD]\r\nVersion=3\r\n[Disc]\r\nTocEntries=%zu\r\nSessions=%u\r\nDataTracksScrambled=0\r\nCDTextLength=%zu\r\n",
                        rows, sessions, l->disc != NULL ? l->disc->cdtext_packs * EXH_CDTEXT_PACK_BYTES : 0);
    if (ok && l->disc != NULL && l->disc->mcn[0] != '\0')
        ok = exh_text_append(text, "CATALOG=%s\r\n", l->disc->mcn);
    for (uint32_t i = 0; ok && i < l->track_count; i++)
        if (leads_session(l, i))
            ok = exh_text_append(text, "[Session %u]\r\nPreGapMode=%d\r\nPreGapSubC=%d\r\n", l->tracks[i].session, mode_of(&l->tracks[i]),
                                 l->tracks[i].sub_bytes != 0);
    return ok;
}

/* NULL: no memory, or (err) too many rows. */
static char *descriptor_of(const struct exh_layout *l, const bool *announced, struct exh_error *err)
{
    struct exh_disc rows = {0};
    char *text = NULL;
    if (rows_of(l, &rows, err) &&
        !(text_head(&text, l, rows.row_count) && text_cdtext(&text, l->disc) && text_rows(&text, &rows) && text_tracks(&text, l, announced))) {
        (void)exh_nomem(err, "a descriptor");
        free(text);
        text = NULL;
    }
    exh_disc_close(&rows);
    return text;
}

/* ---- the files ---- */

static uint32_t track_index(const struct exh_layout *l, unsigned number)
{
    uint32_t i = 0;
    while (i < l->track_count && l->tracks[i].number != number)
        i++;
    return i;
}

/* In the last sectors of track `i` Q may speak of the next one, whatever the layout says. */
static void look_at_q(struct ccd_sink *c, const struct exh_block *block, uint32_t i)
{
    const struct exh_track *next = next_in_session(&c->layout, i);
    if (!c->has_sub || next == NULL || next->stored_pregap > 0)
        return;
    for (uint32_t s = 0; s < block->count; s++) {
        struct exh_q q;
        if (block->lba + s < next->first - (int64_t)EXH_CCD_Q_UNUSABLE_MAX)
            continue;
        exh_q_decode(block->sub + (size_t)s * EXH_SUB_BYTES + EXH_SUB_Q, &q);
        if (q.crc_holds && q.kind == EXH_Q_POSITION && q.bcd && q.track == next->number && q.index == 0)
            c->announced[i + 1] = true;
    }
}

static bool ccd_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct ccd_sink *c = (struct ccd_sink *)consumer;
    uint32_t i = track_index(&c->layout, block->track->number);
    const struct exh_track *t = i < c->layout.track_count ? &c->layout.tracks[i] : NULL;
    if (t == NULL || block->lba < t->first || (uint64_t)(block->lba - t->first) + block->count > t->sectors)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "sectors of no declared track");
    uint64_t at = c->at[i] + (uint64_t)(block->lba - t->first);
    look_at_q(c, block, i);
    return exh_staged_file_write(c->files[IMG], at * EXH_CD_MAIN_BYTES, block->main, (size_t)block->count * EXH_CD_MAIN_BYTES, err) &&
           (!c->has_sub || exh_staged_file_write(c->files[SUB], at * EXH_CD_SUB_BYTES, block->sub, (size_t)block->count * EXH_CD_SUB_BYTES, err));
}

/* Has its full length, should the last sectors never have come, and is durable. */
static bool end_file(struct exh_staged_file *file, uint64_t bytes, struct exh_error *err)
{
    return exh_staged_file_resize(file, bytes, err) && exh_staged_file_sync(file, err);
}

static bool ccd_seal(struct exh_sink *sink, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    (void)seal; /* the format has no room for digests, nor for a list of what could not be read */
    struct ccd_sink *c = (struct ccd_sink *)sink;
    uint64_t sectors = exh_layout_sectors(final);
    if (sectors != exh_layout_sectors(&c->layout))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "the tracks are not those that were declared");
    char *text = descriptor_of(final, c->announced, err);
    bool ok = text != NULL && exh_staged_file_write(c->files[DESCRIPTOR], 0, text, strlen(text), err) &&
              exh_staged_file_sync(c->files[DESCRIPTOR], err) && end_file(c->files[IMG], sectors * EXH_CD_MAIN_BYTES, err) &&
              (!c->has_sub || end_file(c->files[SUB], sectors * EXH_CD_SUB_BYTES, err));
    free(text);
    return ok;
}

static void ccd_sink_close(struct exh_sink *sink)
{
    struct ccd_sink *c = (struct ccd_sink *)sink;
    for (size_t i = 0; i < FILES; i++)
        exh_staged_file_close(c->files[i]);
    free(c);
}

static const struct exh_consumer_ops ccd_consumer_ops = {.take = ccd_take};
static const struct exh_sink_ops ccd_sink_ops = {.seal = ccd_seal, .close = ccd_sink_close};

/* "disc.ccd" gives disc.img beside it; a name in capitals other files in capitals. */
static char *name_with(const char *name, const char *extension)
{
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    bool upper = dot != NULL && strcmp(dot, ".CCD") == 0;
    return exh_text_format("%.*s%s", (int)stem, name, upper ? (strcmp(extension, ".img") == 0 ? ".IMG" : ".SUB") : extension);
}

static bool open_file(struct ccd_sink *c, enum file file, const struct exh_create *create, const char *name, struct exh_error *err)
{
    if (name == NULL)
        return exh_nomem(err, "a file name");
    c->files[file] = exh_staged_file_new(create->folder, name, create->resume, err);
    return c->files[file] != NULL && exh_names_add(&c->sink.files, name, err);
}

static bool open_files(struct ccd_sink *c, const struct exh_create *create, struct exh_error *err)
{
    char *img = name_with(create->name, ".img"), *sub = name_with(create->name, ".sub");
    bool ok = open_file(c, DESCRIPTOR, create, create->name, err) && open_file(c, IMG, create, img, err) &&
              (!c->has_sub || open_file(c, SUB, create, sub, err));
    free(img);
    free(sub);
    return ok;
}

bool exh_ccd_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    struct exh_losses losses = {0};
    bool ok = exh_ccd_fits(create->declared, &losses, err);
    exh_losses_close(&losses);
    if (ok && (create->segment_bytes != 0 || create->resume_sectors != 0))
        ok = exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "a CCD image cannot be split into segments, nor taken up where an earlier run ended");
    struct ccd_sink *c = ok ? calloc(1, sizeof *c) : NULL;
    if (ok && c == NULL)
        ok = exh_nomem(err, "a CCD image");
    if (!ok)
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    c->sink = (struct exh_sink){.consumer = {&ccd_consumer_ops}, .ops = &ccd_sink_ops, .unit_sectors = 1, .can = exh_format_ccd.can};
    c->layout = *create->declared;
    c->layout.disc = NULL; /* borrowed, and not needed before seal brings it again */
    c->has_sub = c->layout.tracks[0].sub_bytes != 0;
    for (uint32_t i = 1; i < c->layout.track_count; i++)
        c->at[i] = c->at[i - 1] + c->layout.tracks[i - 1].sectors;
    if (!open_files(c, create, err)) {
        exh_sink_close(&c->sink);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    *out = &c->sink;
    return true;
}
