/* ccd_place.c - where the tracks and sessions of a CloneCD image lie. See ccd_place.h. */
#include "formats/optical/ccd_place.h"

#include "formats/optical/msf.h"

/* ---- the TOC entries ---- */

bool exh_ccd_row_plays(const struct exh_toc_row *row) { return row->adr_control >> 4 == 1 || row->adr_control >> 4 == 4; }

static int64_t pmsf_lba(const struct exh_toc_row *row) { return exh_msf_lba(row->pmsf[0], row->pmsf[1], row->pmsf[2]); }

/* Where the entry points to, which has to be somewhere on a disc. */
static bool points_to(struct exh_ccd_reader *r, const struct exh_ccd_entry *e, int64_t *lba)
{
    bool has_msf = (e->said & EXH_CCD_SAID_PMSF) == EXH_CCD_SAID_PMSF;
    if (e->plba == EXH_CCD_NOT_SAID && !has_msf)
        return exh_fail(r->err, EXH_CORRUPT, e->place.at, "line %u: [Entry %u] says no place: neither PLBA nor PMin, PSec, PFrame", e->place.line,
                        e->number);
    *lba = e->plba != EXH_CCD_NOT_SAID ? e->plba : pmsf_lba(&e->row);
    if (*lba < EXH_LBA_MIN || *lba > EXH_LBA_MAX)
        return exh_fail(r->err, EXH_CORRUPT, e->place.at, "line %u: [Entry %u] points to LBA %lld, which no disc has", e->place.line, e->number,
                        (long long)*lba);
    return e->plba == EXH_CCD_NOT_SAID || !has_msf || e->plba == pmsf_lba(&e->row) ||
           exh_inspection_remark(r->notes, "toc-entry", EXH_FAILS, r->path, e->place.at, r->err,
                                 "line %u: [Entry %u] has PLBA %lld, but %02u:%02u:%02u is LBA %lld: the PLBA is taken", e->place.line, e->number,
                                 (long long)e->plba, e->row.pmsf[0], e->row.pmsf[1], e->row.pmsf[2], (long long)pmsf_lba(&e->row));
}

static bool take_entry(struct exh_ccd_reader *r, const struct exh_ccd_entry *e, const struct exh_ccd_entry *by_point[100])
{
    const struct exh_toc_row *row = &e->row;
    if ((e->said & EXH_CCD_SAID_SESSION) == 0 || (e->said & EXH_CCD_SAID_POINT) == 0 || row->session == 0)
        return exh_fail(r->err, EXH_CORRUPT, e->place.at, "line %u: [Entry %u] says no %s", e->place.line, e->number,
                        (e->said & EXH_CCD_SAID_POINT) == 0 ? "Point" : "Session from 1 to 99");
    if (!exh_disc_add_row(exh_stored_disc_facts(r->disc), row, r->err))
        return false;
    struct exh_ccd_extent *s = &r->sessions[row->session];
    if (!exh_ccd_row_plays(row))
        return row->adr_control >> 4 == 5 ||
               exh_inspection_remark(r->notes, "toc-entry", EXH_WARNS, r->path, e->place.at, r->err,
                                     "line %u: [Entry %u] has ADR %u, which places nothing", e->place.line, e->number, row->adr_control >> 4);
    if (row->point == 0xA0)
        s->disc_type = row->pmsf[1];
    if (row->point == 0xA2 && s->lead_out != EXH_NO_LBA)
        return exh_fail(r->err, EXH_CORRUPT, e->place.at, "line %u: session %u has a second lead-out", e->place.line, row->session);
    if (row->point == 0xA2)
        return points_to(r, e, &s->lead_out);
    if (row->point < 1 || row->point > 99)
        return true;
    if (by_point[row->point] != NULL)
        return exh_fail(r->err, EXH_CORRUPT, e->place.at, "line %u: track %u has a second entry (first in line %u)", e->place.line, row->point,
                        by_point[row->point]->place.line);
    by_point[row->point] = e;
    return true;
}

/* Rows, lead-outs, and the tracks in order of their numbers; the entries may come in any order. */
bool exh_ccd_take_entries(struct exh_ccd_reader *r)
{
    const struct exh_ccd_entry *by_point[100] = {NULL};
    for (size_t i = 0; i < r->ccd->entry_count; i++)
        if (!take_entry(r, &r->ccd->entries[i], by_point))
            return false;
    for (unsigned n = 1; n <= 99; n++) {
        if (by_point[n] == NULL)
            continue;
        struct exh_ccd_placed *t = &r->tracks[r->track_count++];
        struct exh_ccd_extent *s = &r->sessions[by_point[n]->row.session];
        *t = (struct exh_ccd_placed){.entry = by_point[n], .said = &r->ccd->track[n], .number = (uint8_t)n, .session = by_point[n]->row.session};
        t->leads = s->tracks++ == 0;
        if (!points_to(r, t->entry, &t->start))
            return false;
    }
    return r->track_count > 0 ||
           exh_fail(r->err, EXH_CORRUPT, r->ccd->last.at, "line %u: the descriptor ends, and no [Entry] has had a track", r->ccd->last.line);
}

/* ---- where the sessions and tracks lie ---- */

/* What lies in the .img before INDEX 01 of a session's first track. The IMG begins at LBA 0; of a later session nothing before INDEX 01 is usually
 * there. Some writers count INDEX from LBA 0 in every session: then INDEX 1 is the track's own address, and says nothing. */
static uint32_t leading_pregap(const struct exh_ccd_placed *t)
{
    int64_t index = t->said->index[1];
    if (t->session == 1 && index == EXH_CCD_NOT_SAID)
        return t->start > 0 ? (uint32_t)t->start : 0;
    if (index == EXH_CCD_NOT_SAID || index <= 0 || (t->session > 1 && index == t->start))
        return 0;
    return (uint32_t)index;
}

/* The pregap that INDEX 0 and 1 say. */
static bool said_pregap(struct exh_ccd_reader *r, const struct exh_ccd_placed *t, uint32_t *pregap)
{
    int64_t from = t->said->index[0], to = t->said->index[1];
    *pregap = 0;
    if (from == EXH_CCD_NOT_SAID || to == EXH_CCD_NOT_SAID)
        return true;
    if (from > to)
        return exh_fail(r->err, EXH_CORRUPT, t->said->place.at, "line %u: INDEX 0 of track %u lies behind its INDEX 1", t->said->place.line,
                        t->number);
    *pregap = (uint32_t)(to - from);
    return true;
}

static bool place_leader(struct exh_ccd_reader *r, struct exh_ccd_placed *t)
{
    struct exh_ccd_extent *s = &r->sessions[t->session];
    if (!said_pregap(r, t, &t->pregap))
        return false;
    t->stored_pregap = leading_pregap(t);
    if (t->session == 1 && t->pregap == EXH_LEAD_IN_FRAMES + t->stored_pregap)
        t->pregap = t->stored_pregap; /* the usual one, with INDEX 0 = -150 */
    if (t->pregap < t->stored_pregap)
        t->pregap = t->stored_pregap;
    s->base = t->start - t->stored_pregap;
    if (s->lead_out == EXH_NO_LBA)
        return exh_fail(r->err, EXH_CORRUPT, t->entry->place.at, "line %u: session %u has tracks, but no lead-out (POINT 0xA2)", t->entry->place.line,
                        t->session);
    if (s->lead_out <= t->start)
        return exh_fail(r->err, EXH_CORRUPT, t->entry->place.at, "line %u: track %u begins at LBA %lld, the lead-out of its session at %lld",
                        t->entry->place.line, t->number, (long long)t->start, (long long)s->lead_out);
    s->at = r->sectors;
    r->sectors += (uint64_t)(s->lead_out - s->base);
    return t->session > 1 || s->base == 0 ||
           exh_inspection_remark(r->notes, "track-index", EXH_WARNS, r->path, t->entry->place.at, r->err,
                                 "the .img begins at LBA %lld, not at 0 as usual", (long long)s->base);
}

/* Q of the sector at this LBA, where there is one that can be used. */
bool exh_ccd_position_at(const struct exh_ccd_reader *r, const struct exh_ccd_extent *s, int64_t lba, struct exh_q *q)
{
    uint8_t bytes[12];
    struct exh_error why;
    exh_error_clear(&why);
    uint64_t at = (s->at + (uint64_t)(lba - s->base)) * EXH_SUB_BYTES + EXH_SUB_Q;
    if (at > r->sub->size || exh_source_read_some(r->sub, at, bytes, sizeof bytes, &why) < sizeof bytes)
        return false;
    exh_q_decode(bytes, q);
    return q->crc_holds && q->kind == EXH_Q_POSITION && q->bcd;
}

/* Counts the sectors before INDEX 01 whose Q says index 0 of this track; a few without a position are passed over. */
static uint32_t pregap_by_q(const struct exh_ccd_reader *r, const struct exh_ccd_placed *t, int64_t floor)
{
    const struct exh_ccd_extent *s = &r->sessions[t->session];
    uint32_t found = 0, unusable = 0;
    for (int64_t lba = t->start - 1; lba > floor && unusable < EXH_CCD_Q_UNUSABLE_MAX; lba--) {
        struct exh_q q;
        if (!exh_ccd_position_at(r, s, lba, &q)) {
            unusable++;
            continue;
        }
        if (q.track != t->number || q.index != 0)
            break;
        unusable = 0;
        found = (uint32_t)(t->start - lba);
    }
    return found;
}

static bool place_follower(struct exh_ccd_reader *r, struct exh_ccd_placed *t, const struct exh_ccd_placed *before)
{
    if (!said_pregap(r, t, &t->pregap))
        return false;
    if (t->start <= before->start)
        return exh_fail(r->err, EXH_CORRUPT, t->entry->place.at, "line %u: track %u begins at LBA %lld, track %u before it at %lld",
                        t->entry->place.line, t->number, (long long)t->start, before->number, (long long)before->start);
    if (r->sub != NULL && t->said->index[0] == EXH_CCD_NOT_SAID) {
        t->pregap = pregap_by_q(r, t, before->start);
        if (t->pregap > 0 && !exh_inspection_fact(r->notes, r->path, EXH_NO_OFFSET, "pregap", r->err, "track %u: %u sectors, as Q in the .sub says",
                                                  t->number, t->pregap))
            return false;
    }
    t->stored_pregap = t->pregap;
    return t->start - t->pregap > before->start ||
           exh_fail(r->err, EXH_CORRUPT, t->said->place.at, "line %u: the pregap of track %u, %u sectors, leaves nothing of track %u",
                    t->said->place.line, t->number, t->pregap, before->number);
}

bool exh_ccd_place_tracks(struct exh_ccd_reader *r)
{
    for (uint32_t i = 0; i < r->track_count; i++) {
        struct exh_ccd_placed *t = &r->tracks[i];
        if (i > 0 && t->session < t[-1].session)
            return exh_fail(r->err, EXH_CORRUPT, t->entry->place.at, "line %u: track %u is in session %u, track %u in session %u",
                            t->entry->place.line, t->number, t->session, t[-1].number, t[-1].session);
        if (t->leads ? !place_leader(r, t) : !place_follower(r, t, &t[-1]))
            return false;
        t->end = r->sessions[t->session].lead_out;
        if (i > 0 && !t->leads)
            t[-1].end = t->start - t->stored_pregap;
        if (t->end <= t->start)
            return exh_fail(r->err, EXH_CORRUPT, t->entry->place.at, "line %u: track %u begins at LBA %lld, behind the lead-out at %lld",
                            t->entry->place.line, t->number, (long long)t->start, (long long)t->end);
    }
    return true;
}
