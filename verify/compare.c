/* compare.c - this medium against another, sector by sector. See compare.h. */
#include "verify/compare.h"

#define DIFFERENT_RANGES 100000u /* kept; two media that have nothing in common are still only counted, and a verdict is still given */

struct exh_compare {
    struct exh_consumer consumer;
    struct exh_medium *with;
    struct exh_scratch *scratch;
    struct exh_block block;
    struct exh_faults faults;
    struct exh_compare_result found;
};

static bool mark_differences(struct exh_compare *c, const struct exh_block *block, uint32_t from, uint32_t n, struct exh_error *err)
{
    uint32_t size = block->track->main_bytes;
    const uint8_t *a = block->main + (size_t)from * size, *b = c->block.main;
    if (block->bad == 0 && c->block.bad == 0 && memcmp(a, b, (size_t)n * size) == 0) {
        c->found.equal_sectors += n;
        return true;
    }
    for (uint32_t i = 0; i < n; i++) {
        int64_t lba = block->lba + from + i;
        if (c->block.state[i] < EXH_SUSPECT) {
            if (!exh_sectors_mark(&c->found.unread, lba, 1, EXH_BAD, err))
                return false;
        } else if (memcmp(a + (size_t)i * size, b + (size_t)i * size, size) == 0) {
            c->found.equal_sectors++;
        } else {
            c->found.different_sectors++;
            if (c->found.different.count < DIFFERENT_RANGES && !exh_sectors_mark(&c->found.different, lba, 1, EXH_SUSPECT, err))
                return false;
        }
    }
    return true;
}

/* Sectors from `from` on that are alike: readable here (true) or not. */
static uint32_t run_of(const struct exh_block *block, uint32_t from, bool *readable)
{
    uint32_t n = 1;
    *readable = block->state[from] >= EXH_SUSPECT;
    while (block->bad > 0 && from + n < block->count && (block->state[from + n] >= EXH_SUSPECT) == *readable)
        n++;
    return block->bad > 0 ? n : block->count - from;
}

static bool compare_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct exh_compare *c = (struct exh_compare *)consumer;
    for (uint32_t i = 0; i < block->count;) {
        uint64_t left;
        bool readable;
        uint32_t alike = run_of(block, i, &readable);
        if (!readable) { /* nothing to compare with: the other medium, which may be another reader of the same damage, is not asked */
            if (!exh_sectors_mark(&c->found.skipped, block->lba + i, alike, EXH_BAD, err))
                return false;
            i += alike;
            continue;
        }
        const struct exh_track *t = exh_layout_track_at(c->with->layout, block->lba + i, &left);
        if (t == NULL) { /* the other medium ends here: the layout finding says so */
            return exh_sectors_mark(&c->found.unread, block->lba + i, block->count - i, EXH_MISSING, err);
        }
        uint32_t n = left < alike ? (uint32_t)left : alike;
        n = n < c->block.room_sectors ? n : c->block.room_sectors;
        struct exh_want want = {.track = t, .lba = block->lba + i, .count = n, .effort = EXH_THOROUGH};
        c->faults.count = 0;
        if (!exh_medium_read(c->with, c->scratch, &want, &c->block, &c->faults, err))
            return exh_context(err, "while comparing");
        if (!mark_differences(c, block, i, n, err))
            return false;
        i += n;
    }
    return true;
}

static const struct exh_consumer_ops compare_ops = {.take = compare_take};

static bool same_shape(const struct exh_layout *a, const struct exh_layout *b, struct exh_error *err)
{
    for (uint32_t i = 0; i < a->track_count && i < b->track_count; i++)
        if (a->tracks[i].main_bytes != b->tracks[i].main_bytes)
            return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "cannot compare sectors of %u bytes with sectors of %u: give --sector-size",
                            a->tracks[i].main_bytes, b->tracks[i].main_bytes);
    return true;
}

struct exh_compare *exh_compare_new(struct exh_medium *with, const struct exh_layout *layout, struct exh_error *err)
{
    if (!same_shape(layout, with->layout, err))
        return NULL;
    struct exh_compare *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)exh_nomem(err, "a comparison");
        return NULL;
    }
    uint32_t size = layout->tracks[0].main_bytes, sectors = (1u << 20) / size, unit = with->unit_sectors > 0 ? with->unit_sectors : 1;
    c->consumer.ops = &compare_ops;
    c->with = with;
    sectors = sectors < unit ? unit : sectors;
    if (exh_medium_scratch(with, &c->scratch, err) && exh_block_open_in(&c->block, with, sectors, size, 0, err))
        return c;
    exh_compare_close(c);
    return NULL;
}

struct exh_consumer *exh_compare_consumer(struct exh_compare *compare) { return &compare->consumer; }
const struct exh_compare_result *exh_compare_found(const struct exh_compare *compare) { return &compare->found; }

void exh_compare_close(struct exh_compare *compare)
{
    if (compare == NULL)
        return;
    exh_scratch_close(compare->scratch);
    exh_block_close(&compare->block);
    exh_faults_close(&compare->faults);
    exh_sectors_close(&compare->found.different);
    exh_sectors_close(&compare->found.unread);
    exh_sectors_close(&compare->found.skipped);
    free(compare);
}
