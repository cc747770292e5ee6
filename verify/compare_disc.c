/* compare_disc.c - two discs held against each other track by track. See compare_disc.h. */
#include "verify/compare_disc.h"

#include <stdlib.h>

#include "formats/container/codec.h"
#include "formats/model/bytes.h"
#include "formats/optical/sector.h"

#define DIFFERENT_RANGES 100000u /* kept; all are counted */

/* The checksum of a track's user data: which of the tracks there could be the one that is missing here. */
struct fingerprint {
    uint32_t crc;
    uint64_t sectors, unread;
};

struct comparison {
    struct exh_disc_side here, there;
    const struct exh_watch *watch;
    struct exh_disc_comparison *out;
    struct fingerprint *prints_here, *prints_there; /* by track of each layout */
    uint64_t done, total;
};

/* ---- shapes ---- */

static bool is_disc_like(const struct exh_layout *l)
{
    return l->kind == EXH_LAYOUT_DISC || (l->track_count == 1 && l->tracks[0].main_bytes == 2048);
}

bool exh_discs_compare_by_track(const struct exh_layout *a, const struct exh_layout *b)
{
    return (a->kind == EXH_LAYOUT_DISC || b->kind == EXH_LAYOUT_DISC) && is_disc_like(a) && is_disc_like(b) &&
           exh_layout_sectors(a) != EXH_SECTORS_UNKNOWN && exh_layout_sectors(b) != EXH_SECTORS_UNKNOWN;
}

bool exh_discs_are_alike(const struct exh_layout *a, const struct exh_layout *b)
{
    bool alike = a->track_count == b->track_count;
    for (uint32_t i = 0; alike && i < a->track_count; i++) {
        const struct exh_track *x = &a->tracks[i], *y = &b->tracks[i];
        alike = x->number == y->number && x->first == y->first && x->sectors == y->sectors && x->main_bytes == y->main_bytes &&
                x->stored_pregap == y->stored_pregap && x->tail_bytes == y->tail_bytes;
    }
    return alike;
}

static uint64_t from_start(const struct exh_track *t) { return t->sectors - t->stored_pregap; }

static enum exh_compare_form form_of(const struct exh_track *a, const struct exh_track *b)
{
    if ((a->kind == EXH_TRACK_AUDIO) != (b->kind == EXH_TRACK_AUDIO))
        return EXH_COMPARE_NOTHING;
    return a->main_bytes == b->main_bytes ? EXH_COMPARE_STORED : a->kind == EXH_TRACK_AUDIO ? EXH_COMPARE_NOTHING : EXH_COMPARE_USER;
}

/* ---- sectors ---- */

static const uint8_t *user_at(const struct exh_disc_side *side, const struct exh_track *t, uint32_t i, uint32_t *length)
{
    const uint8_t *sector = side->block.main + (size_t)i * t->main_bytes;
    return sector + exh_sector_user(sector, t->main_bytes, t->kind, length);
}

static bool sectors_equal(const struct comparison *c, const struct exh_track *a, const struct exh_track *b, enum exh_compare_form form, uint32_t i)
{
    uint32_t x, y;
    if (form == EXH_COMPARE_STORED)
        return memcmp(c->here.block.main + (size_t)i * a->main_bytes, c->there.block.main + (size_t)i * b->main_bytes, a->main_bytes) == 0;
    const uint8_t *p = user_at(&c->here, a, i, &x), *q = user_at(&c->there, b, i, &y);
    return x == y && memcmp(p, q, x) == 0;
}

static void print(struct fingerprint *f, const struct exh_disc_side *side, const struct exh_track *t)
{
    f->sectors += side->block.count;
    for (uint32_t i = 0; i < side->block.count; i++) {
        uint32_t length;
        const uint8_t *user = user_at(side, t, i, &length);
        f->unread += side->block.state[i] < EXH_SUSPECT;
        f->crc = exh_crc32(f->crc, user, length);
    }
}

static bool tell_progress(struct comparison *c, int64_t lba, uint64_t bytes, struct exh_error *err)
{
    c->done += bytes;
    exh_watch_tell(c->watch, &(struct exh_event){.kind = EXH_EVENT_PROGRESS, .done_bytes = c->done, .total_bytes = c->total, .lba = lba});
    return !exh_watch_cancelled(c->watch) || exh_fail(err, EXH_CANCELLED, EXH_NO_OFFSET, "interrupted");
}

static bool judge_sector(struct comparison *c, struct exh_track_comparison *t, uint32_t i, struct exh_error *err)
{
    struct exh_compare_result *r = &c->out->sectors;
    int64_t lba = c->here.block.lba + i;
    if (c->here.block.state[i] < EXH_SUSPECT) {
        t->unread++;
        return exh_sectors_mark(&r->skipped, lba, 1, EXH_BAD, err);
    }
    if (c->there.block.state[i] < EXH_SUSPECT) {
        t->unread++;
        return exh_sectors_mark(&r->unread, lba, 1, EXH_BAD, err);
    }
    if (sectors_equal(c, t->here, t->there, t->form, i)) {
        t->equal++;
        r->equal_sectors++;
        t->pregap_equal += lba < exh_track_start(t->here);
        return true;
    }
    t->different++;
    r->different_sectors++;
    return r->different.count >= DIFFERENT_RANGES || exh_sectors_mark(&r->different, lba, 1, EXH_SUSPECT, err);
}

/* Sectors that both have, from `from` (relative to INDEX 01) up to `to`. */
static bool compare_common(struct comparison *c, struct exh_track_comparison *t, int64_t from, int64_t to, struct exh_error *err)
{
    struct fingerprint *a = &c->prints_here[t->here - c->here.medium->layout->tracks],
                       *b = &c->prints_there[t->there - c->there.medium->layout->tracks];
    for (int64_t at = from; at < to;) {
        int64_t stop = at < 0 ? 0 : to; /* fingerprints begin at INDEX 01 */
        uint32_t n = stop - at < EXH_SIDE_SECTORS ? (uint32_t)(stop - at) : EXH_SIDE_SECTORS;
        if (!exh_disc_side_read(&c->here, t->here, exh_track_start(t->here) + at, n, err) ||
            (!exh_disc_side_read(&c->there, t->there, exh_track_start(t->there) + at + t->lag, n, err) && !exh_context(err, "while comparing")))
            return false;
        for (uint32_t i = 0; i < n; i++)
            if (!judge_sector(c, t, i, err))
                return false;
        if (at >= 0) {
            print(a, &c->here, t->here);
            print(b, &c->there, t->there);
        }
        at += n;
        if (!tell_progress(c, c->here.block.lba + n, (uint64_t)n * t->here->main_bytes, err))
            return false;
    }
    return true;
}

/* ---- the end of the longer one ---- */

static bool is_zero(const struct exh_disc_side *side, const struct exh_track *t)
{
    bool zero = true;
    for (uint32_t i = 0; zero && i < side->block.count; i++) {
        uint32_t length;
        const uint8_t *user = user_at(side, t, i, &length);
        zero = side->block.state[i] < EXH_SUSPECT || exh_all_zero(user, length);
    }
    return zero;
}

static bool read_trailing(struct comparison *c, struct exh_disc_side *side, const struct exh_track *t, uint64_t common, struct exh_trailing *out,
                          struct fingerprint *f, struct exh_error *err)
{
    out->sectors = from_start(t) - common;
    out->zero = out->sectors > 0;
    for (uint64_t at = common, end = from_start(t); at < end; at += side->block.count) {
        uint32_t n = end - at < EXH_SIDE_SECTORS ? (uint32_t)(end - at) : EXH_SIDE_SECTORS;
        if (!exh_disc_side_read(side, t, exh_track_start(t) + (int64_t)at, n, err))
            return false;
        for (uint32_t i = 0; i < n; i++)
            out->unread += side->block.state[i] < EXH_SUSPECT;
        out->zero = out->zero && is_zero(side, t);
        print(f, side, t);
        if (!tell_progress(c, side->block.lba + n, side == &c->here ? (uint64_t)n * t->main_bytes : 0, err))
            return false;
    }
    return true;
}

static const struct exh_track *track_behind(const struct exh_disc_side *side, const struct exh_track *t)
{
    const struct exh_layout *l = side->medium->layout;
    return t + 1 < l->tracks + l->track_count ? t + 1 : NULL;
}

/* Some containers store a pregap as the end of the track before it. */
static bool find_in_pregap(struct exh_disc_side *side, const struct exh_track *t, uint64_t common, struct exh_disc_side *other,
                           const struct exh_track *there, struct exh_trailing *out, struct exh_error *err)
{
    const struct exh_track *next = track_behind(other, there), *mine = track_behind(side, t);
    uint64_t own = mine != NULL ? mine->stored_pregap : 0;
    if (next == NULL || out->sectors == 0 || out->sectors > EXH_SIDE_SECTORS || next->stored_pregap != out->sectors + own ||
        next->main_bytes != t->main_bytes)
        return true;
    uint32_t n = (uint32_t)out->sectors;
    if (!exh_disc_side_read(side, t, exh_track_start(t) + (int64_t)common, n, err) || !exh_disc_side_read(other, next, next->first, n, err))
        return false;
    out->next_pregap = side->block.bad == 0 && other->block.bad == 0 && memcmp(side->block.main, other->block.main, (size_t)n * t->main_bytes) == 0;
    return true;
}

/* ---- one track ---- */

/* Are these the same sectors, and only one side knows which of them are the pregap? */
static bool pregap_forgotten(const struct exh_track *a, const struct exh_track *b)
{
    return a->sectors == b->sectors && a->main_bytes == b->main_bytes && a->stored_pregap != b->stored_pregap &&
           (a->stored_pregap == 0 || b->stored_pregap == 0);
}

static bool compare_track(struct comparison *c, struct exh_track_comparison *t, struct exh_error *err)
{
    const struct exh_track *a = t->here, *b = t->there;
    uint32_t gap = a->stored_pregap < b->stored_pregap ? a->stored_pregap : b->stored_pregap;
    uint64_t common = from_start(a) < from_start(b) ? from_start(a) : from_start(b);
    t->form = form_of(a, b);
    if (t->form == EXH_COMPARE_STORED && pregap_forgotten(a, b)) {
        t->lag = (int64_t)a->stored_pregap - (int64_t)b->stored_pregap;
        return compare_common(c, t, -(int64_t)a->stored_pregap, (int64_t)from_start(a), err);
    }
    t->pregap_here = a->stored_pregap - gap;
    t->pregap_there = b->stored_pregap - gap;
    if (t->form == EXH_COMPARE_NOTHING)
        return true;
    return compare_common(c, t, -(int64_t)gap, (int64_t)common, err) &&
           read_trailing(c, &c->here, a, common, &t->trailing_here, &c->prints_here[a - c->here.medium->layout->tracks], err) &&
           read_trailing(c, &c->there, b, common, &t->trailing_there, &c->prints_there[b - c->there.medium->layout->tracks], err) &&
           find_in_pregap(&c->here, a, common, &c->there, b, &t->trailing_here, err) &&
           find_in_pregap(&c->there, b, common, &c->here, a, &t->trailing_there, err);
}

bool exh_track_is_equal(const struct exh_track_comparison *t)
{
    const struct exh_trailing *here = &t->trailing_here, *there = &t->trailing_there;
    return t->here != NULL && t->there != NULL && t->form != EXH_COMPARE_NOTHING && t->different == 0 &&
           (there->sectors == 0 || there->next_pregap) && (here->sectors == 0 || here->next_pregap || here->zero);
}

/* ---- a track that differs, elsewhere ---- */

/* The checksum only chooses: what is told was compared. */
static bool same_content(struct comparison *c, const struct exh_track *a, const struct exh_track *b, bool *same, struct exh_error *err)
{
    enum exh_compare_form form = form_of(a, b);
    *same = form != EXH_COMPARE_NOTHING;
    for (uint64_t at = 0, end = from_start(a); *same && at < end; at += c->here.block.count) {
        uint32_t n = end - at < EXH_SIDE_SECTORS ? (uint32_t)(end - at) : EXH_SIDE_SECTORS;
        if (!exh_disc_side_read(&c->here, a, exh_track_start(a) + (int64_t)at, n, err) ||
            !exh_disc_side_read(&c->there, b, exh_track_start(b) + (int64_t)at, n, err))
            return false;
        *same = c->here.block.bad == 0 && c->there.block.bad == 0;
        for (uint32_t i = 0; *same && i < n; i++)
            *same = sectors_equal(c, a, b, form, i);
    }
    return true;
}

static bool look_elsewhere(struct comparison *c, struct exh_track_comparison *t, struct exh_error *err)
{
    const struct exh_layout *there = c->there.medium->layout;
    const struct fingerprint *mine = &c->prints_here[t->here - c->here.medium->layout->tracks];
    for (uint32_t i = 0; t->same_as == 0 && mine->sectors > 0 && mine->unread == 0 && i < there->track_count; i++) {
        const struct fingerprint *f = &c->prints_there[i];
        bool same = false;
        if (&there->tracks[i] == t->there || f->sectors != mine->sectors || f->crc != mine->crc || f->unread > 0)
            continue;
        if (!same_content(c, t->here, &there->tracks[i], &same, err))
            return false;
        t->same_as = same ? there->tracks[i].number : 0;
    }
    bool audio = t->there != NULL && t->form == EXH_COMPARE_STORED && t->here->kind == EXH_TRACK_AUDIO && t->here->main_bytes == 2352;
    return t->same_as != 0 || !audio || exh_sample_shift_find(&c->here, t->here, &c->there, t->there, &t->shift, err);
}

/* A track of one side only: its checksum alone, for one that has changed its number. */
static bool read_alone(struct comparison *c, struct exh_disc_side *side, const struct exh_track *t, struct fingerprint *f, struct exh_error *err)
{
    struct exh_trailing ignored = {0};
    return f->sectors > 0 || read_trailing(c, side, t, 0, &ignored, f, err);
}

/* ---- all of them ---- */

static bool pair_tracks(struct comparison *c, struct exh_error *err)
{
    const struct exh_layout *a = c->here.medium->layout, *b = c->there.medium->layout;
    struct exh_disc_comparison *out = c->out;
    out->tracks = calloc((size_t)a->track_count + b->track_count, sizeof *out->tracks);
    c->prints_here = calloc(a->track_count, sizeof *c->prints_here);
    c->prints_there = calloc(b->track_count, sizeof *c->prints_there);
    if (out->tracks == NULL || c->prints_here == NULL || c->prints_there == NULL)
        return exh_nomem(err, "a comparison of tracks");
    for (uint32_t i = 0; i < a->track_count; i++)
        out->tracks[out->count++] = (struct exh_track_comparison){.here = &a->tracks[i], .there = exh_layout_track(b, a->tracks[i].number)};
    for (uint32_t i = 0; i < b->track_count; i++)
        if (exh_layout_track(a, b->tracks[i].number) == NULL)
            out->tracks[out->count++] = (struct exh_track_comparison){.there = &b->tracks[i]};
    c->total = exh_layout_bytes(a);
    return true;
}

static bool compare_all(struct comparison *c, struct exh_error *err)
{
    struct exh_disc_comparison *out = c->out;
    bool ok = pair_tracks(c, err), all = true;
    for (size_t i = 0; ok && i < out->count; i++) {
        struct exh_track_comparison *t = &out->tracks[i];
        ok = t->here == NULL || t->there == NULL || compare_track(c, t, err);
        all = all && exh_track_is_equal(t);
    }
    for (uint32_t i = 0; ok && !all && i < c->here.medium->layout->track_count; i++)
        ok = read_alone(c, &c->here, &c->here.medium->layout->tracks[i], &c->prints_here[i], err);
    for (uint32_t i = 0; ok && !all && i < c->there.medium->layout->track_count; i++)
        ok = read_alone(c, &c->there, &c->there.medium->layout->tracks[i], &c->prints_there[i], err);
    for (size_t i = 0; ok && i < out->count; i++)
        ok = out->tracks[i].here == NULL || exh_track_is_equal(&out->tracks[i]) || look_elsewhere(c, &out->tracks[i], err);
    return ok;
}

bool exh_discs_compare(struct exh_medium *here, struct exh_medium *there, const struct exh_watch *watch, struct exh_disc_comparison *out,
                       struct exh_error *err)
{
    struct comparison c = {.watch = watch, .out = out};
    memset(out, 0, sizeof *out);
    exh_watch_phase(watch, "compare tracks", exh_layout_bytes(here->layout));
    bool ok = exh_disc_side_open(&c.here, here, err) && exh_disc_side_open(&c.there, there, err) && compare_all(&c, err);
    exh_disc_side_close(&c.here);
    exh_disc_side_close(&c.there);
    free(c.prints_here);
    free(c.prints_there);
    return ok;
}

void exh_disc_comparison_close(struct exh_disc_comparison *comparison)
{
    free(comparison->tracks);
    exh_sectors_close(&comparison->sectors.different);
    exh_sectors_close(&comparison->sectors.unread);
    exh_sectors_close(&comparison->sectors.skipped);
    memset(comparison, 0, sizeof *comparison);
}
