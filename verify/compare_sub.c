/* compare_sub.c - the subchannels of two discs, sector by sector and channel by channel. See compare_sub.h. */
#include "verify/compare_sub.h"

#include <stdlib.h>

#include "formats/optical/subchannel.h"
#include "verify/disc_side.h"

struct exh_compare_sub {
    struct exh_consumer consumer;
    struct exh_disc_side there;
    uint64_t met; /* sectors of the subchannel there */
    struct exh_sub_comparison found;
};

static bool has_sub(const struct exh_track *t) { return t->sub_bytes == EXH_SUB_BYTES; }

static bool any_sub(const struct exh_layout *l)
{
    bool any = false;
    for (uint32_t i = 0; i < l->track_count; i++)
        any = any || has_sub(&l->tracks[i]);
    return any;
}

bool exh_subs_are_comparable(const struct exh_layout *here, const struct exh_layout *there) { return any_sub(here) && any_sub(there); }

/* ---- one sector ---- */

static void add_place(struct exh_sub_places *p, int64_t lba)
{
    p->count++;
    if (p->range_count > 0 && p->ranges[p->range_count - 1].lba + (int64_t)p->ranges[p->range_count - 1].count == lba) {
        p->ranges[p->range_count - 1].count++;
    } else if (p->range_count < EXH_SUB_RANGES_MAX) {
        p->ranges[p->range_count].lba = lba;
        p->ranges[p->range_count++].count = 1;
    }
}

/* Two valid Qs that differ: does one of them belong to a sector some places off? */
static void note_shift(struct exh_sub_track *t, const uint8_t *here, const uint8_t *there)
{
    struct exh_q a, b;
    exh_q_decode(here, &a);
    exh_q_decode(there, &b);
    if (a.kind != EXH_Q_POSITION || b.kind != EXH_Q_POSITION || !a.bcd || !b.bcd)
        return;
    t->shift = t->moved == 0 ? b.lba - a.lba : t->shift;
    t->one_shift = (t->moved == 0 || t->one_shift) && t->shift == b.lba - a.lba;
    t->moved++;
}

static void judge(struct exh_sub_track *t, int64_t lba, const uint8_t *here, const uint8_t *there)
{
    static const enum exh_sub_kind kinds[] = {
        [EXH_Q_DIFFERENT] = EXH_SUB_Q_DIFFERS,    [EXH_Q_FIRST_VALID] = EXH_SUB_Q_VALID_HERE, [EXH_Q_SECOND_VALID] = EXH_SUB_Q_VALID_THERE,
        [EXH_Q_NONE_VALID] = EXH_SUB_Q_NOT_VALID, [EXH_Q_FIRST_BLANK] = EXH_SUB_NO_Q_HERE,    [EXH_Q_SECOND_BLANK] = EXH_SUB_NO_Q_THERE};
    struct exh_sub_difference d;
    t->compared++;
    if (exh_sub_compare(here, there, &d)) {
        t->equal++;
        return;
    }
    if (d.p)
        add_place(&t->places[EXH_SUB_P_DIFFERS], lba);
    if (d.q != EXH_Q_SAME)
        add_place(&t->places[kinds[d.q]], lba);
    if (d.q == EXH_Q_DIFFERENT)
        note_shift(t, here + EXH_SUB_Q, there + EXH_SUB_Q);
    if (d.rw)
        add_place(&t->places[EXH_SUB_RW_DIFFERS], lba);
}

/* ---- a block ---- */

static struct exh_sub_track *track_of(struct exh_sub_comparison *found, unsigned number)
{
    for (uint32_t i = 0; i < found->track_count; i++)
        if (found->tracks[i].track->number == number)
            return &found->tracks[i];
    return NULL;
}

/* The sectors that were read there are those of the block from `from` on. */
static void judge_piece(struct exh_compare_sub *c, struct exh_sub_track *t, const struct exh_block *block, uint32_t from)
{
    const struct exh_block *other = &c->there.block;
    for (uint32_t i = 0; i < other->count; i++) {
        bool here = block->sub_state[from + i] >= EXH_SUSPECT, there = other->sub_state[i] >= EXH_SUSPECT;
        t->unread_here += !here;
        t->unread_there += here && !there;
        if (here && there)
            judge(t, other->lba + i, block->sub + (size_t)(from + i) * EXH_SUB_BYTES, other->sub + (size_t)i * EXH_SUB_BYTES);
    }
    c->met += other->count;
}

static bool compare_sub_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct exh_compare_sub *c = (struct exh_compare_sub *)consumer;
    struct exh_sub_track *mine = has_sub(block->track) ? track_of(&c->found, block->track->number) : NULL;
    for (uint32_t i = 0, n; mine != NULL && i < block->count; i += n) {
        uint64_t left = 0;
        const struct exh_track *t = exh_layout_track_at(c->there.medium->layout, block->lba + i, &left);
        n = block->count - i < EXH_SIDE_SECTORS ? block->count - i : EXH_SIDE_SECTORS;
        n = t == NULL ? 1 : left < n ? (uint32_t)left : n;
        if (t == NULL || !has_sub(t)) {
            mine->alone += n;
            continue;
        }
        if (!exh_disc_side_read(&c->there, t, block->lba + i, n, err))
            return exh_context(err, "while comparing the subchannel");
        judge_piece(c, mine, block, i);
    }
    return true;
}

static bool compare_sub_finish(struct exh_consumer *consumer, struct exh_error *err)
{
    (void)err;
    struct exh_compare_sub *c = (struct exh_compare_sub *)consumer;
    const struct exh_layout *l = c->there.medium->layout;
    uint64_t all = 0;
    for (uint32_t i = 0; i < l->track_count; i++)
        all += has_sub(&l->tracks[i]) ? l->tracks[i].sectors : 0;
    c->found.alone_there = all - c->met;
    return true;
}

static const struct exh_consumer_ops compare_sub_ops = {.take = compare_sub_take, .finish = compare_sub_finish};

/* ---- the whole ---- */

struct exh_compare_sub *exh_compare_sub_new(struct exh_medium *with, const struct exh_layout *layout, struct exh_error *err)
{
    struct exh_compare_sub *c = calloc(1, sizeof *c);
    if (c == NULL || !exh_disc_side_open(&c->there, with, err)) {
        (void)(c != NULL || exh_nomem(err, "a comparison of subchannels"));
        exh_compare_sub_close(c);
        return NULL;
    }
    c->consumer.ops = &compare_sub_ops;
    c->there.with_sub = true;
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (has_sub(&layout->tracks[i]))
            c->found.tracks[c->found.track_count++].track = &layout->tracks[i];
    return c;
}

struct exh_consumer *exh_compare_sub_consumer(struct exh_compare_sub *compare) { return &compare->consumer; }
const struct exh_sub_comparison *exh_compare_sub_found(const struct exh_compare_sub *compare) { return &compare->found; }

void exh_compare_sub_close(struct exh_compare_sub *compare)
{
    if (compare == NULL)
        return;
    exh_disc_side_close(&compare->there);
    free(compare);
}
