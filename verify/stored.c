/* stored.c - checksums that a container stores over its sectors, computed again. See stored.h. */
#include "verify/stored.h"

#include "formats/container/codec.h"
#include "formats/model/text.h"
#include "verify/verify_job.h"

struct running {
    const struct exh_stored_sum *sum;
    int64_t begin, end; /* of all its ranges */
    uint32_t crc;
    uint64_t not_good;
};

struct exh_stored {
    struct exh_consumer consumer;
    struct running *sums;
    size_t count;
};

static void add_block(struct running *r, const struct exh_block *block)
{
    int64_t end = block->lba + (int64_t)block->count;
    for (int64_t lba = block->lba, stop; lba < end; lba = stop) {
        bool inside;
        stop = exh_sectors_part(&r->sum->ranges, lba, end, &inside);
        if (!inside)
            continue;
        size_t from = (size_t)(lba - block->lba) * block->track->main_bytes;
        r->crc = exh_crc32(r->crc, block->main + from, (size_t)exh_track_bytes(block->track, lba, (uint64_t)(stop - lba)));
        for (int64_t i = lba; block->bad > 0 && i < stop; i++)
            r->not_good += block->state[i - block->lba] != EXH_GOOD;
    }
}

static bool stored_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result, (void)err;
    struct exh_stored *s = (struct exh_stored *)consumer;
    for (size_t i = 0; i < s->count; i++)
        if (s->sums[i].begin < block->lba + (int64_t)block->count && s->sums[i].end > block->lba)
            add_block(&s->sums[i], block);
    return true;
}

static const struct exh_consumer_ops stored_ops = {.take = stored_take};

struct exh_stored *exh_stored_new(const struct exh_inspection *in, struct exh_error *err)
{
    struct exh_stored *s = calloc(1, sizeof *s);
    if (s != NULL)
        s->sums = calloc(in->sum_count + 1, sizeof *s->sums);
    if (s == NULL || s->sums == NULL) {
        free(s);
        (void)exh_nomem(err, "checksums");
        return NULL;
    }
    s->consumer.ops = &stored_ops;
    s->count = in->sum_count;
    for (size_t i = 0; i < s->count; i++) {
        const struct exh_sectors *ranges = &in->sums[i].ranges;
        s->sums[i].sum = &in->sums[i];
        if (ranges->count > 0) {
            s->sums[i].begin = ranges->ranges[0].lba;
            s->sums[i].end = ranges->ranges[ranges->count - 1].lba + (int64_t)ranges->ranges[ranges->count - 1].count;
        }
    }
    return s;
}

struct exh_consumer *exh_stored_consumer(struct exh_stored *stored) { return &stored->consumer; }

uint32_t exh_stored_value(const struct exh_stored *stored, size_t i, uint64_t *not_good)
{
    *not_good = stored->sums[i].not_good;
    return stored->sums[i].crc;
}

void exh_stored_close(struct exh_stored *stored)
{
    if (stored != NULL)
        free(stored->sums);
    free(stored);
}

/* A table whose checksum does not hold is named; one over sectors that could not be read says nothing. */
bool exh_job_judge_stored(struct exh_verify_job *job, bool *all_hold, struct exh_error *err)
{
    const struct exh_inspection *in = &job->out->inspection;
    size_t held = 0;
    *all_hold = job->stored != NULL && in->sums_cover;
    for (size_t i = 0; job->stored != NULL && i < in->sum_count; i++) {
        const struct exh_stored_sum *sum = &in->sums[i];
        uint64_t not_good;
        uint32_t value = exh_stored_value(job->stored, i, &not_good);
        struct exh_finding place = {.offset = sum->offset, .lba = sum->ranges.count > 0 ? sum->ranges.ranges[0].lba : -1};
        (void)snprintf(place.file, sizeof place.file, "%s", exh_text_base(sum->file));
        if (value == sum->value && not_good == 0) {
            held++;
            continue;
        }
        *all_hold = false;
        job->tally.damaged = job->tally.damaged || not_good == 0;
        if (!exh_job_find(job, "stored-checksum", not_good == 0 ? "damaged" : "not-compared", EXH_BASIS_CHECKSUM, err, &place,
                          not_good == 0 ? "the CRC-32 of %s is %08x, stored is %08x" : "the CRC-32 of %s (%08x, stored %08x) covers sectors not read",
                          sum->name, value, sum->value))
            return false;
    }
    return held == 0 ||
           exh_job_find(job, "stored-checksum", "match", EXH_BASIS_CHECKSUM, err, NULL, "%zu of %zu stored CRC-32 hold", held, in->sum_count);
}
