/* keeper.c - blocks into a sink, so that a later run can go on. See keeper.h. */
#include "acquire/keeper.h"

#include <time.h>

#include "formats/container/codec.h"

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what the sink does on any thread stays its own ---- */

static const struct exh_keeper *keeper_of(const struct exh_consumer *consumer) { return (const struct exh_keeper *)(const void *)consumer; }

static size_t keeper_result_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    const struct exh_consumer *c = &keeper_of(consumer)->sink->consumer;
    return c->ops->result_bytes != NULL ? c->ops->result_bytes(c, sectors, main_bytes) : 0;
}

static struct exh_scratch *keeper_scratch_new(const struct exh_consumer *consumer)
{
    const struct exh_consumer *c = &keeper_of(consumer)->sink->consumer;
    return c->ops->scratch_new(c);
}

static bool keeper_work(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                        struct exh_error *err)
{
    const struct exh_consumer *c = &keeper_of(consumer)->sink->consumer;
    return c->ops->work(c, scratch, block, result, err);
}

static bool keeper_finish(struct exh_consumer *consumer, struct exh_error *err)
{
    struct exh_consumer *c = &((struct exh_keeper *)consumer)->sink->consumer;
    return c->ops->finish == NULL || c->ops->finish(c, err);
}

/* ---- taking, in order ---- */

static bool journal_data(const struct exh_keeper *k, const struct exh_block *block, struct exh_error *err)
{
    for (uint32_t i = 0, n; i < block->count; i += n) {
        bool data = block->state[i] >= EXH_SUSPECT;
        for (n = 1; i + n < block->count && (block->state[i + n] >= EXH_SUSPECT) == data; n++)
            ;
        size_t bytes = (size_t)exh_track_bytes(block->track, block->lba + i, n);
        if (data && !exh_journal_data(k->journal, block->lba + i, n, exh_crc32(0, block->main + (size_t)i * block->track->main_bytes, bytes), err))
            return false;
    }
    return true;
}

/* Closed segments say nothing of what failed in them, and when one closes is the sink's affair: the journal knows before the sink does. */
static bool journal_lost(struct exh_keeper *k, const struct exh_block *block, struct exh_error *err)
{
    for (uint32_t i = 0, n; block->bad > 0 && i < block->count; i += n) {
        bool lost = block->state[i] < EXH_SUSPECT;
        for (n = 1; i + n < block->count && (block->state[i + n] < EXH_SUSPECT) == lost; n++)
            ;
        if (lost && (!exh_journal_lost(k->journal, block->lba + i, n, err) ||
                     !exh_map_mark(&k->file.map, (uint64_t)(block->lba + i - k->first), n, EXH_AREA_BAD, err)))
            return false;
    }
    return block->bad == 0 || exh_journal_sync(k->journal, err);
}

/* Sectors of a stream that was read thoroughly are good or bad for good; those of a pass are what the pass made of them. */
static bool note_states(struct exh_keeper *k, const struct exh_block *block, struct exh_error *err)
{
    if (block->pass != EXH_PASS_NONE)
        return exh_pass_note(&k->file.map, k->first, block, err);
    for (uint32_t i = 0, n; i < block->count; i += n) {
        uint8_t state = block->state[i];
        for (n = 1; i + n < block->count && block->state[i + n] == state; n++)
            ;
        if (state != EXH_UNREAD &&
            !exh_map_mark(&k->file.map, (uint64_t)(block->lba + i - k->first), n, state >= EXH_SUSPECT ? EXH_AREA_READ : EXH_AREA_BAD, err))
            return false;
    }
    return true;
}

static bool keeper_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct exh_keeper *k = (struct exh_keeper *)consumer;
    if (k->journal != NULL && !k->by_place && !journal_lost(k, block, err))
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    if (!k->sink->consumer.ops->take(&k->sink->consumer, block, result, err))
        return false;
    if (k->journal == NULL)
        return true;
    k->file.position = (uint64_t)(block->lba - k->first);
    exh_pass_status((enum exh_pass)block->pass, &k->file.status, &k->file.pass);
    if (!journal_data(k, block, err) || (k->by_place && !note_states(k, block, err)))
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    return k->save_seconds == 0 || now_ms() - k->saved_ms < k->save_seconds * 1000u || exh_keeper_save(k, err);
}

static const struct exh_consumer_ops keeper_ops = {
    .result_bytes = keeper_result_bytes, .scratch_new = keeper_scratch_new, .work = keeper_work, .take = keeper_take, .finish = keeper_finish};
static const struct exh_consumer_ops keeper_ops_plain = {.result_bytes = keeper_result_bytes, .take = keeper_take, .finish = keeper_finish};

bool exh_keeper_save(struct exh_keeper *keeper, struct exh_error *err)
{
    uint64_t kept = 0;
    if (keeper->journal == NULL)
        return true;
    bool ok = exh_sink_save(keeper->sink, &kept, err) &&
              (kept == EXH_SECTORS_UNKNOWN || exh_map_turn(&keeper->file.map, 0, kept, EXH_AREA_UNTRIED, EXH_AREA_READ, err)) &&
              exh_journal_sync(keeper->journal, err) && exh_mapfile_save(&keeper->file, &keeper->span, keeper->folder, EXH_MAP_NAME, NULL, err);
    keeper->saved_ms = now_ms();
    return ok || exh_on_side(err, EXH_SIDE_DESTINATION);
}

bool exh_keeper_into(struct exh_keeper *keeper, struct exh_sink *sink, const struct exh_map *map, struct exh_error *err)
{
    exh_map_close(&keeper->file.map);
    keeper->sink = sink;
    keeper->by_place = (sink->can & EXH_SINK_ANY_ORDER) != 0;
    keeper->consumer.ops = sink->consumer.ops->work != NULL && sink->consumer.ops->scratch_new != NULL ? &keeper_ops : &keeper_ops_plain;
    return exh_map_copy(&keeper->file.map, map, err);
}

bool exh_keeper_open(struct exh_keeper *out, struct exh_sink *sink, struct exh_journal *journal, const char *folder, const struct exh_track *track,
                     const struct exh_map *map, struct exh_mapfile_span span, unsigned save_seconds, struct exh_error *err)
{
    *out = (struct exh_keeper){.journal = journal,
                               .folder = folder,
                               .span = span,
                               .first = track->first,
                               .save_seconds = save_seconds,
                               .saved_ms = now_ms(),
                               .file = {.status = '?', .pass = 1}};
    return exh_keeper_into(out, sink, map, err);
}

void exh_keeper_close(struct exh_keeper *keeper) { exh_map_close(&keeper->file.map); }
