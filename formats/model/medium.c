/* medium.c - the checks around every read. See medium.h. */
#include "formats/model/medium.h"

#include "formats/model/grow.h"

#define FAULTS_MAX (1u << 20) /* of one read: a block has fewer sectors than that */

bool exh_faults_add(struct exh_faults *faults, const struct exh_fault *fault, struct exh_error *err)
{
    if (!exh_grow((void **)&faults->items, &faults->capacity, faults->count, sizeof *faults->items, FAULTS_MAX, "read faults", err))
        return false;
    faults->items[faults->count++] = *fault;
    return true;
}

void exh_faults_close(struct exh_faults *faults)
{
    free(faults->items);
    memset(faults, 0, sizeof *faults);
}

void exh_scratch_close(struct exh_scratch *scratch)
{
    if (scratch != NULL)
        scratch->close(scratch);
}

static bool want_check(const struct exh_want *want, const struct exh_block *out, struct exh_error *err)
{
    const struct exh_track *t = want->track;
    if (t == NULL || want->count == 0 || want->lba < t->first)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a read of %u sectors at LBA %lld lies outside its track", want->count, (long long)want->lba);
    if (t->sectors != EXH_SECTORS_UNKNOWN &&
        ((uint64_t)(want->lba - t->first) >= t->sectors || want->count > t->sectors - (uint64_t)(want->lba - t->first)))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a read of %u sectors at LBA %lld passes the end of its track", want->count,
                        (long long)want->lba);
    if ((uint64_t)want->count * t->main_bytes > (uint64_t)out->room_sectors * out->room_bytes || want->count > out->room_sectors)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block has no room for %u sectors", want->count);
    return true;
}

static void clear_sub(struct exh_block *block)
{
    uint32_t bytes = block->track->sub_bytes;
    for (uint32_t i = 0; i < block->count; i++)
        if (block->sub_state[i] < EXH_SUSPECT)
            memset(block->sub + (size_t)i * bytes, 0, bytes);
}

/* Zeroes what could not be read, so that old bytes of a reused buffer never pass for data. */
static void clear_unread(struct exh_block *block)
{
    block->bad = 0;
    if (memchr(block->state, EXH_GOOD, block->count) == block->state && memcmp(block->state, block->state + 1, block->count - 1u) == 0)
        return; /* all good: the usual case */
    for (uint32_t i = 0; i < block->count; i++) {
        if (block->state[i] != EXH_GOOD)
            block->bad++;
        if (block->state[i] < EXH_SUSPECT)
            memset(block->main + (size_t)i * block->track->main_bytes, 0, block->track->main_bytes);
    }
}

/* Behind the valid bytes of a short last sector there are only zeros. */
static void clear_tail(struct exh_block *block)
{
    uint64_t valid = exh_block_bytes(block), whole = (uint64_t)block->count * block->track->main_bytes;
    memset(block->main + valid, 0, (size_t)(whole - valid));
}

static void fill_zero(struct exh_block *block)
{
    memset(block->state, EXH_GOOD, block->count);
    if (!block->main_is_zero)
        memset(block->main, 0, (size_t)block->room_sectors * block->room_bytes);
    block->main_is_zero = true;
}

bool exh_medium_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                     struct exh_faults *faults, struct exh_error *err)
{
    if (!want_check(want, out, err))
        return false;
    out->track = want->track;
    out->lba = want->lba;
    out->count = want->count;
    out->bad = 0;
    out->pass = want->pass;
    out->micros = 0;
    out->kind = EXH_BLOCK_DATA;
    bool was_zero = out->main_is_zero;
    out->main_is_zero = false;
    memset(out->state, EXH_UNREAD, want->count);
    bool sub = want->with_sub && want->track->sub_bytes > 0;
    if (sub && (out->sub == NULL || out->sub_state == NULL))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block has no room for the subchannel");
    if (sub)
        memset(out->sub_state, EXH_UNREAD, want->count);
    if (!medium->ops->read(medium, scratch, want, out, faults, err))
        return exh_on_side(err, EXH_SIDE_SOURCE);
    if (out->kind != EXH_BLOCK_DATA) {
        out->main_is_zero = was_zero;
        fill_zero(out);
    } else if (out->count > 0) {
        clear_unread(out);
        clear_tail(out);
    }
    if (sub)
        clear_sub(out);
    return true;
}

bool exh_medium_scratch(struct exh_medium *medium, struct exh_scratch **out, struct exh_error *err)
{
    *out = NULL;
    if (medium->ops->scratch_new == NULL)
        return true;
    *out = medium->ops->scratch_new(medium);
    return *out != NULL || exh_nomem(err, "a reader's buffers");
}

bool exh_medium_inspect(struct exh_medium *medium, struct exh_inspection *in, struct exh_error *err)
{
    if (medium->wrapping != NULL && !exh_inspection_fact(in, "", EXH_NO_OFFSET, "encryption", err, "%s", medium->wrapping))
        return false;
    return medium->ops->inspect == NULL || medium->ops->inspect(medium, in, err) || exh_on_side(err, EXH_SIDE_SOURCE);
}

uint64_t exh_medium_hole(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_track *track, int64_t lba, uint64_t most)
{
    uint64_t n = medium->ops->hole != NULL ? medium->ops->hole(medium, scratch, track, lba, most) : 0;
    return n < most ? n : most;
}

bool exh_medium_past_cache(struct exh_medium *medium) { return medium->ops->past_cache != NULL && medium->ops->past_cache(medium); }

void exh_medium_close(struct exh_medium *medium)
{
    if (medium == NULL)
        return;
    free(medium->wrapping);
    medium->ops->close(medium);
}
