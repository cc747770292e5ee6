/* view.c - a range of another medium, numbered from 0; a medium with states known from elsewhere. See view.h. */
#include "formats/model/view.h"

struct range_view {
    struct exh_medium medium;
    struct exh_layout layout;
    struct exh_medium *of;
    int64_t first;
};

static bool range_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                       struct exh_faults *faults, struct exh_error *err)
{
    struct range_view *v = (struct range_view *)medium;
    struct exh_want under = *want;
    under.track = &v->of->layout->tracks[0];
    under.lba = want->lba + v->first;
    size_t before = faults->count;
    if (!exh_medium_read(v->of, scratch, &under, out, faults, err))
        return false;
    for (size_t i = before; i < faults->count; i++)
        faults->items[i].lba -= v->first;
    out->track = want->track;
    out->lba = want->lba;
    return true;
}

static struct exh_scratch *range_scratch(struct exh_medium *medium)
{
    struct range_view *v = (struct range_view *)medium;
    return v->of->ops->scratch_new(v->of);
}

static void *range_room(struct exh_medium *medium, size_t bytes)
{
    struct exh_medium *of = ((struct range_view *)medium)->of;
    return of->ops->room != NULL ? of->ops->room(of, bytes) : NULL;
}

static void range_room_release(struct exh_medium *medium, void *room)
{
    struct exh_medium *of = ((struct range_view *)medium)->of;
    of->ops->room_release(of, room);
}

static bool range_past_cache(struct exh_medium *medium) { return exh_medium_past_cache(((struct range_view *)medium)->of); }

static void range_close(struct exh_medium *medium) { free(medium); }

static const struct exh_medium_ops range_ops = {.read = range_read,
                                                .scratch_new = range_scratch,
                                                .close = range_close,
                                                .room = range_room,
                                                .room_release = range_room_release,
                                                .past_cache = range_past_cache};
static const struct exh_medium_ops range_ops_plain = {
    .read = range_read, .close = range_close, .room = range_room, .room_release = range_room_release, .past_cache = range_past_cache};

struct exh_medium *exh_view_range(struct exh_medium *of, int64_t first, uint64_t count, struct exh_error *err)
{
    const struct exh_track *t = &of->layout->tracks[0];
    if (of->layout->track_count != 1 || t->sectors == EXH_SECTORS_UNKNOWN) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "a range can be taken only of a medium with one track of known length");
        return NULL;
    }
    if (first < t->first || (uint64_t)(first - t->first) >= t->sectors || count == 0 || count > t->sectors - (uint64_t)(first - t->first)) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%llu sectors from LBA %lld do not lie inside the medium's %llu", (unsigned long long)count,
                       (long long)first, (unsigned long long)t->sectors);
        return NULL;
    }
    struct range_view *v = calloc(1, sizeof *v);
    if (v == NULL) {
        (void)exh_nomem(err, "a range view");
        return NULL;
    }
    v->of = of;
    v->first = first;
    v->layout = *of->layout;
    v->layout.disc = NULL; /* what is known of the disc is at other places */
    v->layout.tracks[0].stored_pregap = v->layout.tracks[0].pregap = v->layout.tracks[0].postgap = 0;
    v->layout.tracks[0].first = 0;
    v->layout.tracks[0].sectors = count;
    if (count < t->sectors - (uint64_t)(first - t->first))
        v->layout.tracks[0].tail_bytes = 0;
    v->medium = (struct exh_medium){.ops = of->ops->scratch_new != NULL ? &range_ops : &range_ops_plain,
                                    .format = of->format,
                                    .layout = &v->layout,
                                    .files = of->files,
                                    .concurrent = of->concurrent,
                                    .failing = of->failing,
                                    .unit_sectors = of->unit_sectors};
    return &v->medium;
}

/* ---- states known from elsewhere ---- */

struct marked_view {
    struct exh_medium medium;
    struct exh_medium *of;
    const struct exh_sectors *states;
};

static bool marked_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                        struct exh_faults *faults, struct exh_error *err)
{
    const struct marked_view *v = (const struct marked_view *)medium;
    int64_t end = want->lba + (int64_t)want->count;
    const struct exh_range *r = exh_sectors_find(v->states, want->lba);
    if (!exh_medium_read(v->of, scratch, want, out, faults, err))
        return false;
    if (r == NULL || r->lba >= end)
        return true;
    out->kind = EXH_BLOCK_DATA; /* also where the file has a hole: its zeros are there, and not all of its sectors are good */
    for (; r != NULL && r->lba < end; r = exh_sectors_find(v->states, r->lba + (int64_t)r->count))
        for (int64_t lba = r->lba > want->lba ? r->lba : want->lba; lba < end && lba < r->lba + (int64_t)r->count; lba++)
            if (out->state[lba - want->lba] > r->state)
                out->state[lba - want->lba] = (uint8_t)r->state;
    return true;
}

static struct exh_scratch *marked_scratch(struct exh_medium *medium)
{
    struct marked_view *v = (struct marked_view *)medium;
    return v->of->ops->scratch_new(v->of);
}

static void marked_close(struct exh_medium *medium) { free(medium); }

static const struct exh_medium_ops marked_ops = {.read = marked_read, .scratch_new = marked_scratch, .close = marked_close};
static const struct exh_medium_ops marked_ops_plain = {.read = marked_read, .close = marked_close};

struct exh_medium *exh_view_marked(struct exh_medium *of, const struct exh_sectors *states, struct exh_error *err)
{
    struct marked_view *v = calloc(1, sizeof *v);
    if (v == NULL) {
        (void)exh_nomem(err, "a view");
        return NULL;
    }
    v->of = of;
    v->states = states;
    v->medium = *of;
    v->medium.ops = of->ops->scratch_new != NULL ? &marked_ops : &marked_ops_plain;
    return &v->medium;
}
