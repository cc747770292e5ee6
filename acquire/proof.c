/* proof.c - what an earlier run left, against the journal and against the medium. See proof.h. */
#include "acquire/proof.h"

#include "formats/container/codec.h"
#include "formats/model/view.h"
#include "verify/digest.h"
#include "verify/pipeline.h"

/* ---- against the journal ---- */

/* A consumer: blocks come in order, lines are in order. */
struct proof {
    struct exh_consumer consumer;
    const struct exh_history *history;
    size_t line;   /* the one under way, or to come */
    uint64_t seen; /* of its sectors */
    uint32_t crc;
    bool broken; /* a sector of it holds no data */
    struct exh_sectors *proven;
    uint64_t differ;
};

static bool close_line(struct proof *p, struct exh_error *err)
{
    const struct exh_journal_data *d = &p->history->data[p->line++];
    bool same = !p->broken && p->crc == d->crc && p->seen == d->count;
    p->differ += same ? 0 : d->count;
    p->seen = 0;
    p->crc = 0;
    p->broken = false;
    return !same || exh_sectors_mark(p->proven, d->lba, d->count, EXH_GOOD, err);
}

static bool proof_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct proof *p = (struct proof *)consumer;
    int64_t end = block->lba + block->count;
    while (p->line < p->history->data_count) {
        const struct exh_journal_data *d = &p->history->data[p->line];
        int64_t from = d->lba > block->lba ? d->lba : block->lba, line_end = d->lba + (int64_t)d->count, to = line_end < end ? line_end : end;
        if (from >= end)
            break;
        for (int64_t lba = from; lba < to; lba++)
            p->broken = p->broken || block->state[lba - block->lba] < EXH_SUSPECT;
        if (to > from) {
            p->crc = exh_crc32(p->crc, block->main + (size_t)(from - block->lba) * block->track->main_bytes,
                               (size_t)exh_track_bytes(block->track, from, (uint64_t)(to - from)));
            p->seen += (uint64_t)(to - from);
        }
        if (line_end > end)
            break;
        if (!close_line(p, err))
            return false;
    }
    return true;
}

static const struct exh_consumer_ops proof_ops = {.take = proof_take};

bool exh_proof_of_kept(struct exh_medium *kept, uint64_t sectors, const struct exh_history *history, const struct exh_watch *watch, unsigned threads,
                       struct exh_sectors *proven, uint64_t *differ, struct exh_error *err)
{
    struct proof proof = {.consumer = {&proof_ops}, .history = history, .proven = proven};
    struct exh_consumer *consumers[1] = {&proof.consumer};
    struct exh_medium *part = exh_view_range(kept, kept->layout->tracks[0].first, sectors, err);
    if (part == NULL)
        return false;
    struct exh_ascending route;
    exh_route_ascending(&route, part, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    exh_watch_phase(watch, "prove what was kept", route.route.total_bytes);
    struct exh_pipeline pipeline = {
        .medium = part, .route = &route.route, .consumers = consumers, .consumer_count = 1, .watch = watch, .threads = threads};
    struct exh_pipeline_outcome outcome;
    bool ok = exh_pipeline_run(&pipeline, &outcome, err);
    exh_pipeline_outcome_close(&outcome);
    exh_medium_close(part);
    *differ = proof.differ;
    return ok;
}

/* ---- against the medium ---- */

struct sampler {
    struct exh_medium *medium, *kept, *work;
    uint64_t split;
    struct exh_block now, then;
    struct exh_faults faults;
    struct exh_scratch *scratch[3];
};

/* One sector; *good is false when it holds no data. */
static bool read_one(struct sampler *s, struct exh_medium *from, unsigned which, uint64_t sector, struct exh_block *block, bool *good,
                     struct exh_error *err)
{
    const struct exh_track *t = &from->layout->tracks[0];
    struct exh_want want = {.track = t, .lba = t->first + (int64_t)sector, .count = 1, .effort = EXH_THOROUGH};
    *good = false;
    if (sector >= t->sectors)
        return true;
    if (s->scratch[which] == NULL && !exh_medium_scratch(from, &s->scratch[which], err))
        return false;
    s->faults.count = 0;
    if (!exh_medium_read(from, s->scratch[which], &want, block, &s->faults, err))
        return false;
    *good = block->state[0] >= EXH_SUSPECT;
    return true;
}

static bool says_little(const struct exh_block *block)
{
    size_t bytes = (size_t)exh_block_bytes(block);
    return bytes < 2 || memcmp(block->main, block->main + 1, bytes - 1) == 0;
}

static bool compare_one(struct sampler *s, uint64_t sector, bool choosy, struct exh_sampled *out, struct exh_error *err)
{
    bool here, there;
    bool in_work = s->work != NULL && sector >= s->split;
    struct exh_medium *from = in_work ? s->work : s->kept;
    if (from == NULL)
        return true;
    if (!read_one(s, from, in_work ? 1 : 0, sector, &s->then, &there, err))
        return false;
    if (!there || (choosy && says_little(&s->then)))
        return true;
    if (!read_one(s, s->medium, 2, sector, &s->now, &here, err))
        return false;
    if (!here) {
        out->unreadable++;
        return true;
    }
    out->compared++;
    if (memcmp(s->now.main, s->then.main, (size_t)exh_block_bytes(&s->now)) == 0)
        return true;
    out->differ++;
    return exh_sectors_mark(&out->changed, s->now.lba, 1, EXH_SUSPECT, err);
}

/* The nth of the sectors that the map calls read. */
static uint64_t nth_read(const struct exh_map *map, uint64_t n)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct exh_map_range *r = &map->ranges[i];
        if (r->area != EXH_AREA_READ)
            continue;
        if (n < r->count)
            return r->first + n;
        n -= r->count;
    }
    return 0;
}

static bool sample(struct sampler *s, const struct exh_map *map, struct exh_sampled *out, struct exh_error *err)
{
    uint64_t read = exh_map_total(map, EXH_AREA_READ);
    const unsigned tries = 16 * EXH_SAMPLES;
    for (unsigned i = 0; read > 0 && i < tries && out->compared + out->unreadable < EXH_SAMPLES; i++) {
        uint64_t random;
        if (!exh_random((uint8_t *)&random, sizeof random, err) || !compare_one(s, nth_read(map, random % read), i < tries - EXH_SAMPLES, out, err))
            return false;
    }
    return true;
}

bool exh_proof_of_medium(struct exh_medium *medium, struct exh_medium *kept, uint64_t split, struct exh_medium *work, const struct exh_map *map,
                         struct exh_sampled *out, struct exh_error *err)
{
    uint32_t bytes = medium->layout->tracks[0].main_bytes;
    struct sampler s = {.medium = medium, .kept = kept, .work = work, .split = split};
    memset(out, 0, sizeof *out);
    if (kept == NULL && work == NULL)
        return true;
    bool ok = exh_block_open(&s.now, 1, bytes, 0, err) && exh_block_open(&s.then, 1, bytes, 0, err) && sample(&s, map, out, err);
    for (unsigned i = 0; i < 3; i++)
        exh_scratch_close(s.scratch[i]);
    exh_block_close(&s.now);
    exh_block_close(&s.then);
    exh_faults_close(&s.faults);
    return ok;
}
