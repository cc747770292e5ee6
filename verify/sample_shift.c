/* sample_shift.c - is an audio track the same as another, some samples later or earlier? See sample_shift.h.
 *
 * From a few places spread over the track here, sixteen samples that are not all alike are looked for in the neighbourhood of the same place there.
 * Each distance at which they occur is tried on the whole track, the small ones first; the first that holds everywhere, or else the best, is the
 * answer. Several places, because one may lie in what is damaged; a bound on the tries, because a test tone fits everywhere. */
#include "verify/sample_shift.h"

#include <stdlib.h>

#include "formats/model/bytes.h"

#define PLACES 8u
#define WINDOW 16u /* samples */
#define WINDOW_BYTES (WINDOW * EXH_SAMPLE_BYTES)
#define LOOK_SECTORS 150u /* from each place on, for a window that is not all alike */
#define TRIES_AT_ONE_PLACE 8u
#define TRIES_MAX (PLACES * TRIES_AT_ONE_PLACE)
#define PIECE_SAMPLES (128u * EXH_SECTOR_SAMPLES)
#define REACH (2u * EXH_SHIFT_MAX + WINDOW)

struct search {
    struct exh_disc_side *here, *there;
    const struct exh_track *track, *other;
    int64_t samples, other_samples;
    int32_t tried[TRIES_MAX];
    size_t tries;
    uint8_t *a, *b; /* PIECE_SAMPLES each */
    struct exh_sample_shift best;
};

/* ---- one shift on the whole track ---- */

/* The samples here that have one there: [from, to). */
static void overlap(const struct search *s, int32_t shift, int64_t *from, int64_t *to)
{
    *from = shift < 0 ? -(int64_t)shift : 0;
    *to = s->other_samples - shift < s->samples ? s->other_samples - shift : s->samples;
}

/* Sectors that differ within a piece which begins at sample `first`. */
static uint64_t differing(const struct search *s, int64_t first, uint32_t count)
{
    uint64_t n = 0;
    if (memcmp(s->a, s->b, (size_t)count * EXH_SAMPLE_BYTES) == 0)
        return 0;
    for (uint32_t i = 0, step; i < count; i += step) {
        step = EXH_SECTOR_SAMPLES - (uint32_t)((first + i) % EXH_SECTOR_SAMPLES);
        step = step < count - i ? step : count - i;
        n += memcmp(s->a + (size_t)i * EXH_SAMPLE_BYTES, s->b + (size_t)i * EXH_SAMPLE_BYTES, (size_t)step * EXH_SAMPLE_BYTES) != 0;
    }
    return n;
}

static bool is_better(const struct exh_sample_shift *a, const struct exh_sample_shift *b)
{
    return !b->found || a->different_sectors < b->different_sectors;
}

/* Stops where it cannot become the answer any more. */
static bool try_shift(struct search *s, int32_t shift, struct exh_error *err)
{
    struct exh_sample_shift t = {.found = true, .shift = shift};
    int64_t from, to;
    overlap(s, shift, &from, &to);
    if (to <= from)
        return true;
    t.sectors = (uint64_t)((to - 1) / EXH_SECTOR_SAMPLES - from / EXH_SECTOR_SAMPLES + 1);
    for (int64_t at = from; at < to;) {
        int64_t stop = (at / EXH_SECTOR_SAMPLES + 128) * EXH_SECTOR_SAMPLES; /* pieces end where sectors do */
        uint32_t count = (uint32_t)((stop < to ? stop : to) - at);
        if (!exh_disc_side_samples(s->here, s->track, (uint64_t)at, count, s->a, err) ||
            !exh_disc_side_samples(s->there, s->other, (uint64_t)(at + shift), count, s->b, err))
            return false;
        t.different_sectors += differing(s, at, count);
        if (t.different_sectors * 4 > t.sectors || !is_better(&t, &s->best))
            return true;
        at += count;
    }
    s->best = t;
    return true;
}

/* ---- where to look ---- */

/* The first window from `at` on that has at least four different samples; false: none nearby. */
static bool find_window(struct search *s, int64_t at, int64_t *where, uint8_t window[WINDOW_BYTES], struct exh_error *err)
{
    int64_t left = s->samples - at;
    uint32_t count = left > LOOK_SECTORS * EXH_SECTOR_SAMPLES ? LOOK_SECTORS * EXH_SECTOR_SAMPLES : (uint32_t)left;
    count = count < PIECE_SAMPLES ? count : PIECE_SAMPLES;
    *where = -1;
    if (!exh_disc_side_samples(s->here, s->track, (uint64_t)at, count, s->a, err))
        return false;
    for (uint32_t i = 0; i + WINDOW <= count; i++) {
        const uint8_t *p = s->a + (size_t)i * EXH_SAMPLE_BYTES;
        unsigned changes = 0;
        for (unsigned k = 1; k < WINDOW; k++)
            changes += memcmp(p + (size_t)k * EXH_SAMPLE_BYTES, p + (size_t)(k - 1) * EXH_SAMPLE_BYTES, EXH_SAMPLE_BYTES) != 0;
        if (changes >= 4) {
            *where = at + i;
            memcpy(window, p, WINDOW_BYTES);
            return true;
        }
    }
    return true;
}

static bool was_tried(struct search *s, int32_t shift)
{
    for (size_t i = 0; i < s->tries; i++)
        if (s->tried[i] == shift)
            return true;
    s->tried[s->tries++] = shift;
    return false;
}

/* Every distance from `where` at which the window occurs there, the smallest first. */
static bool try_window(struct search *s, int64_t where, const uint8_t window[WINDOW_BYTES], struct exh_error *err)
{
    int64_t from = where - EXH_SHIFT_MAX > 0 ? where - EXH_SHIFT_MAX : 0, to = where + EXH_SHIFT_MAX + WINDOW;
    to = to < s->other_samples ? to : s->other_samples;
    if (to - from < WINDOW)
        return true;
    uint8_t *around = malloc((size_t)REACH * EXH_SAMPLE_BYTES);
    if (around == NULL)
        return exh_nomem(err, "samples");
    bool ok = exh_disc_side_samples(s->there, s->other, (uint64_t)from, (uint32_t)(to - from), around, err);
    size_t end = s->tries + TRIES_AT_ONE_PLACE;
    for (int32_t distance = 0; ok && distance <= EXH_SHIFT_MAX; distance++)
        for (int sign = 1; ok && sign >= (distance == 0 ? 1 : -1) && s->tries < end; sign -= 2) {
            int64_t at = where + sign * distance - from;
            if (at < 0 || at + WINDOW > to - from || memcmp(around + (size_t)at * EXH_SAMPLE_BYTES, window, WINDOW_BYTES) != 0 ||
                was_tried(s, sign * distance))
                continue;
            ok = try_shift(s, sign * distance, err);
            if (s->best.found && s->best.different_sectors == 0)
                distance = EXH_SHIFT_MAX;
        }
    free(around);
    return ok;
}

/* ---- what lies outside ---- */

static bool silent(struct exh_disc_side *side, const struct exh_track *track, uint64_t first, uint64_t count, bool *out, struct exh_error *err)
{
    uint8_t sector[EXH_SECTOR_SAMPLES * EXH_SAMPLE_BYTES];
    for (uint64_t n; *out && count > 0; first += n, count -= n) {
        n = count < EXH_SECTOR_SAMPLES ? count : EXH_SECTOR_SAMPLES;
        if (!exh_disc_side_samples(side, track, first, (uint32_t)n, sector, err))
            return false;
        *out = exh_all_zero(sector, (size_t)n * EXH_SAMPLE_BYTES);
    }
    return true;
}

static bool look_at_margins(struct search *s, struct exh_error *err)
{
    struct exh_sample_shift *b = &s->best;
    int64_t from, to;
    overlap(s, b->shift, &from, &to);
    b->here = (struct exh_shift_margin){(uint64_t)from, (uint64_t)(s->samples - to), true};
    b->there = (struct exh_shift_margin){(uint64_t)(from + b->shift), (uint64_t)(s->other_samples - to - b->shift), true};
    return silent(s->here, s->track, 0, b->here.head, &b->here.silent, err) &&
           silent(s->here, s->track, (uint64_t)to, b->here.tail, &b->here.silent, err) &&
           silent(s->there, s->other, 0, b->there.head, &b->there.silent, err) &&
           silent(s->there, s->other, (uint64_t)(to + b->shift), b->there.tail, &b->there.silent, err);
}

static bool search(struct search *s, struct exh_error *err)
{
    uint8_t window[WINDOW_BYTES];
    for (unsigned i = 0; i < PLACES && !(s->best.found && s->best.different_sectors == 0); i++) {
        int64_t where;
        if (!find_window(s, s->samples * (int64_t)i / PLACES, &where, window, err) || (where >= 0 && !try_window(s, where, window, err)))
            return false;
    }
    if (s->best.found && s->best.shift == 0)
        s->best = (struct exh_sample_shift){0};
    return !s->best.found || look_at_margins(s, err);
}

bool exh_sample_shift_find(struct exh_disc_side *here, const struct exh_track *track, struct exh_disc_side *there, const struct exh_track *other,
                           struct exh_sample_shift *out, struct exh_error *err)
{
    struct search s = {.here = here,
                       .there = there,
                       .track = track,
                       .other = other,
                       .samples = (int64_t)(track->sectors - track->stored_pregap) * EXH_SECTOR_SAMPLES,
                       .other_samples = (int64_t)(other->sectors - other->stored_pregap) * EXH_SECTOR_SAMPLES,
                       .a = malloc((size_t)PIECE_SAMPLES * EXH_SAMPLE_BYTES),
                       .b = malloc((size_t)PIECE_SAMPLES * EXH_SAMPLE_BYTES)};
    bool ok = s.a != NULL && s.b != NULL ? search(&s, err) : exh_nomem(err, "samples");
    *out = s.best;
    free(s.a);
    free(s.b);
    return ok;
}
