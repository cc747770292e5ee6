/* pipeline.c - reader(s) -> bounded ring -> consumers. See pipeline.h.
 *
 * Every thread does the same: under one lock it picks the most useful task there is - a take that is due, else work on a block, else a read -
 * does it without the lock, and notes what became of it. Blocks are 1 MiB, so the lock is taken a few thousand times a second at most and
 * never waited for in practice. Takes come first because they free the ring; reads come last because they fill it.
 * A medium that is not concurrent has at most one read under way; one thread more than there are processors keeps the others busy meanwhile. */
#include <pthread.h>
#include <unistd.h>

#include "verify/pipeline.h"

#define THREADS_MAX 64u
#define SLOTS_MAX 256u
#define SLOTS_LEAST 3u

enum slot_state { SLOT_FREE, SLOT_READING, SLOT_READ };

struct slot {
    enum slot_state state;
    struct exh_block block;
    struct exh_want want;
    struct exh_faults faults;
    uint64_t ticket;
    uint32_t taken;    /* by how many consumers */
    uint8_t *worked;   /* per consumer: 0 to do, 1 under way, 2 done */
    uint8_t **results; /* per consumer, NULL when it needs no room */
};

struct lane { /* one consumer */
    struct exh_consumer *consumer;
    uint64_t next; /* ticket it takes next */
    bool busy;
};

struct crew {
    const struct exh_pipeline *pipeline;
    struct exh_pipeline_outcome *outcome;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *slots;
    size_t slot_count;
    struct lane lanes[EXH_PIPELINE_CONSUMERS_MAX];
    size_t lane_count;
    uint64_t asked; /* tickets handed out */
    uint64_t freed; /* tickets every consumer has taken */
    unsigned reading, read_limit;
    bool exhausted; /* the route has no more to ask, or the endless medium ended */
    bool stop;      /* first failure, or cancelled */
    struct exh_error first;
    struct exh_scratch *medium_scratch[THREADS_MAX], *scratch[THREADS_MAX][EXH_PIPELINE_CONSUMERS_MAX];
};

enum task_kind { TASK_NONE, TASK_TAKE, TASK_WORK, TASK_READ };
struct task {
    enum task_kind kind;
    struct slot *slot;
    size_t lane;
};

static struct slot *slot_of(struct crew *crew, uint64_t ticket) { return &crew->slots[ticket % crew->slot_count]; }

static bool due(struct crew *crew, size_t lane)
{
    const struct lane *l = &crew->lanes[lane];
    if (l->busy || l->next >= crew->asked)
        return false;
    const struct slot *s = slot_of(crew, l->next);
    return s->state == SLOT_READ && s->ticket == l->next && s->worked[lane] == 2;
}

/* A take of the lane that lags most, so that the ring frees soonest. */
static bool find_take(struct crew *crew, struct task *out)
{
    size_t best = crew->lane_count;
    for (size_t i = 0; i < crew->lane_count; i++)
        if (due(crew, i) && (best == crew->lane_count || crew->lanes[i].next < crew->lanes[best].next))
            best = i;
    if (best == crew->lane_count)
        return false;
    crew->lanes[best].busy = true;
    *out = (struct task){TASK_TAKE, slot_of(crew, crew->lanes[best].next), best};
    return true;
}

static bool find_work(struct crew *crew, struct task *out)
{
    for (uint64_t t = crew->freed; t < crew->asked; t++) {
        struct slot *s = slot_of(crew, t);
        for (size_t i = 0; s->state == SLOT_READ && i < crew->lane_count; i++)
            if (s->worked[i] == 0) {
                s->worked[i] = 1;
                *out = (struct task){TASK_WORK, s, i};
                return true;
            }
    }
    return false;
}

static bool find_read(struct crew *crew, struct task *out)
{
    if (crew->exhausted || crew->reading >= crew->read_limit || crew->asked - crew->freed >= crew->slot_count)
        return false;
    struct slot *s = slot_of(crew, crew->asked);
    struct exh_route *route = crew->pipeline->route;
    if (!route->ops->next(route, &s->want)) {
        crew->exhausted = true;
        return false;
    }
    s->state = SLOT_READING;
    s->ticket = crew->asked++;
    s->taken = 0;
    crew->reading++;
    *out = (struct task){TASK_READ, s, 0};
    return true;
}

static bool find_task(struct crew *crew, struct task *out)
{
    *out = (struct task){TASK_NONE, NULL, 0};
    return find_take(crew, out) || find_work(crew, out) || find_read(crew, out);
}

static bool all_done(const struct crew *crew) { return crew->stop || (crew->exhausted && crew->freed == crew->asked); }

/* Only the first failure is told. */
static void fail(struct crew *crew, const struct exh_error *err)
{
    if (!crew->stop)
        crew->first = *err;
    crew->stop = true;
}

static bool keep_faults(struct crew *crew, const struct slot *slot, struct exh_error *err)
{
    struct exh_pipeline_outcome *o = crew->outcome;
    for (size_t i = 0; i < slot->faults.count; i++) {
        o->fault_count++;
        if (o->faults.count < EXH_FAULTS_KEPT && !exh_faults_add(&o->faults, &slot->faults.items[i], err))
            return false;
        exh_watch_tell(crew->pipeline->watch, &(struct exh_event){.kind = EXH_EVENT_FAULT, .fault = &slot->faults.items[i]});
    }
    return true;
}

static void tell_progress(struct crew *crew, const struct slot *slot)
{
    crew->outcome->bytes += exh_block_bytes(&slot->block);
    crew->outcome->bad_sectors += slot->block.bad;
    exh_watch_tell(crew->pipeline->watch, &(struct exh_event){.kind = EXH_EVENT_PROGRESS,
                                                              .done_bytes = crew->outcome->bytes,
                                                              .total_bytes = crew->pipeline->route->total_bytes,
                                                              .lba = slot->block.lba + slot->block.count,
                                                              .bad_sectors = crew->outcome->bad_sectors});
}

/* With the lock: what became of a read. */
static void after_read(struct crew *crew, struct slot *slot, bool ok, struct exh_error *err)
{
    struct exh_route *route = crew->pipeline->route;
    crew->reading--;
    if (!ok || !keep_faults(crew, slot, err)) {
        fail(crew, err);
        return;
    }
    bool ended = slot->block.count == 0; /* of an endless medium */
    if (!ended && route->ops->outcome != NULL)
        route->ops->outcome(route, &slot->block, &slot->faults);
    if (slot->block.count == 0) { /* nothing to hand on, and nothing behind this ticket was asked, because only one read runs */
        crew->exhausted = crew->exhausted || ended;
        crew->asked--;
        slot->state = SLOT_FREE;
        return;
    }
    exh_block_fill(&slot->block, crew->pipeline->fill, crew->pipeline->fill_length);
    slot->state = SLOT_READ;
    for (size_t i = 0; i < crew->lane_count; i++)
        slot->worked[i] = crew->lanes[i].consumer->ops->work != NULL ? 0 : 2;
}

static void after_take(struct crew *crew, struct slot *slot, size_t lane, bool ok, const struct exh_error *err)
{
    if (!ok) {
        fail(crew, err);
        return;
    }
    crew->lanes[lane].busy = false;
    crew->lanes[lane].next++;
    if (++slot->taken < crew->lane_count)
        return;
    slot->state = SLOT_FREE;
    tell_progress(crew, slot); /* lanes take in order, so slots become free in order */
    crew->freed++;
}

static bool do_task(struct crew *crew, const struct task *task, unsigned thread, struct exh_error *err)
{
    struct slot *s = task->slot;
    const struct exh_consumer *c = crew->lanes[task->lane].consumer;
    switch (task->kind) {
    case TASK_READ:
        s->faults.count = 0;
        s->block.ticket = s->ticket;
        return exh_medium_read(crew->pipeline->medium, crew->medium_scratch[thread], &s->want, &s->block, &s->faults, err);
    case TASK_WORK: return c->ops->work(c, crew->scratch[thread][task->lane], &s->block, s->results[task->lane], err);
    case TASK_TAKE: return crew->lanes[task->lane].consumer->ops->take(crew->lanes[task->lane].consumer, &s->block, s->results[task->lane], err);
    case TASK_NONE: break;
    }
    return true;
}

static void note_task(struct crew *crew, const struct task *task, bool ok, struct exh_error *err)
{
    if (task->kind == TASK_READ)
        after_read(crew, task->slot, ok, err);
    else if (task->kind == TASK_TAKE)
        after_take(crew, task->slot, task->lane, ok, err);
    else if (ok)
        task->slot->worked[task->lane] = 2;
    else
        fail(crew, err);
}

static void run_crew(struct crew *crew, unsigned thread)
{
    struct task task;
    (void)pthread_mutex_lock(&crew->lock);
    while (!all_done(crew)) {
        if (exh_watch_cancelled(crew->pipeline->watch)) {
            struct exh_error cancelled;
            exh_error_clear(&cancelled);
            (void)exh_fail(&cancelled, EXH_CANCELLED, EXH_NO_OFFSET, "interrupted");
            fail(crew, &cancelled);
            break;
        }
        if (!find_task(crew, &task)) {
            if (all_done(crew))
                break;
            (void)pthread_cond_wait(&crew->changed, &crew->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&crew->lock);
        struct exh_error err;
        exh_error_clear(&err);
        bool ok = do_task(crew, &task, thread, &err);
        (void)pthread_mutex_lock(&crew->lock);
        note_task(crew, &task, ok, &err);
        (void)pthread_cond_broadcast(&crew->changed);
    }
    (void)pthread_cond_broadcast(&crew->changed);
    (void)pthread_mutex_unlock(&crew->lock);
}

struct seat {
    struct crew *crew;
    unsigned thread;
};

static void *thread_main(void *argument)
{
    const struct seat *seat = argument;
    run_crew(seat->crew, seat->thread);
    return NULL;
}

static size_t result_bytes(const struct exh_consumer *c, uint32_t sectors, uint32_t main_bytes)
{
    return c->ops->result_bytes != NULL ? c->ops->result_bytes(c, sectors, main_bytes) : 0;
}

static bool open_slot(struct crew *crew, struct slot *slot, uint32_t sectors, uint32_t main_bytes, uint32_t sub_bytes, struct exh_error *err)
{
    if (!exh_block_open_in(&slot->block, crew->pipeline->medium, sectors, main_bytes, sub_bytes, err))
        return false;
    slot->worked = calloc(crew->lane_count + 1, 1);
    slot->results = calloc(crew->lane_count + 1, sizeof *slot->results);
    if (slot->worked == NULL || slot->results == NULL)
        return exh_nomem(err, "the ring");
    for (size_t i = 0; i < crew->lane_count; i++) {
        size_t bytes = result_bytes(crew->lanes[i].consumer, sectors, main_bytes);
        if (bytes > 0 && (slot->results[i] = malloc(bytes)) == NULL)
            return exh_nomem(err, "the ring");
    }
    return true;
}

/* As many slots as the budget allows, the largest block any track can ask for in each. */
static bool open_ring(struct crew *crew, struct exh_error *err)
{
    const struct exh_pipeline *p = crew->pipeline;
    const struct exh_layout *layout = p->medium->layout;
    uint32_t main_bytes = 0, least = UINT32_MAX, sub_bytes = 0;
    for (uint32_t i = 0; i < layout->track_count; i++) {
        main_bytes = layout->tracks[i].main_bytes > main_bytes ? layout->tracks[i].main_bytes : main_bytes;
        least = layout->tracks[i].main_bytes < least ? layout->tracks[i].main_bytes : least;
        sub_bytes = layout->tracks[i].sub_bytes > sub_bytes ? layout->tracks[i].sub_bytes : sub_bytes;
    }
    uint32_t sectors = EXH_PIPELINE_BLOCK_BYTES / least;
    uint32_t unit = p->medium->unit_sectors > 0 ? p->medium->unit_sectors : 1;
    sectors = sectors < unit ? unit : sectors;
    sectors = sectors < p->least_sectors ? p->least_sectors : sectors;
    size_t each = (size_t)sectors * (main_bytes + sub_bytes + 2), budget = p->budget_bytes != 0 ? p->budget_bytes : EXH_PIPELINE_BUDGET;
    for (size_t i = 0; i < crew->lane_count; i++)
        each += result_bytes(crew->lanes[i].consumer, sectors, main_bytes);
    size_t count = budget / each;
    count = count < SLOTS_LEAST ? SLOTS_LEAST : count > SLOTS_MAX ? SLOTS_MAX : count;
    if (each > budget)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "one block of %u sectors needs %zu bytes, more than the budget of %zu", sectors, each, budget);
    crew->slots = calloc(count, sizeof *crew->slots);
    if (crew->slots == NULL)
        return exh_nomem(err, "the ring");
    for (crew->slot_count = 0; crew->slot_count < count; crew->slot_count++)
        if (!open_slot(crew, &crew->slots[crew->slot_count], sectors, main_bytes, sub_bytes, err)) {
            crew->slot_count++;
            return false;
        }
    return true;
}

static bool open_scratch(struct crew *crew, unsigned thread, struct exh_error *err)
{
    if (!exh_medium_scratch(crew->pipeline->medium, &crew->medium_scratch[thread], err))
        return false;
    for (size_t i = 0; i < crew->lane_count; i++) {
        const struct exh_consumer *c = crew->lanes[i].consumer;
        if (c->ops->scratch_new != NULL && (crew->scratch[thread][i] = c->ops->scratch_new(c)) == NULL)
            return exh_nomem(err, "a worker's buffers");
    }
    return true;
}

static void close_crew(struct crew *crew, unsigned threads)
{
    for (unsigned t = 0; t < threads; t++) {
        exh_scratch_close(crew->medium_scratch[t]);
        for (size_t i = 0; i < crew->lane_count; i++)
            exh_scratch_close(crew->scratch[t][i]);
    }
    for (size_t s = 0; s < crew->slot_count; s++) {
        for (size_t i = 0; crew->slots[s].results != NULL && i < crew->lane_count; i++)
            free(crew->slots[s].results[i]);
        free(crew->slots[s].results);
        free(crew->slots[s].worked);
        exh_faults_close(&crew->slots[s].faults);
        exh_block_close(&crew->slots[s].block);
    }
    free(crew->slots);
    (void)pthread_mutex_destroy(&crew->lock);
    (void)pthread_cond_destroy(&crew->changed);
}

static void run_threads(struct crew *crew, unsigned threads)
{
    pthread_t handles[THREADS_MAX];
    struct seat seats[THREADS_MAX];
    unsigned started = 0;
    for (unsigned t = 1; t < threads; t++, started++) {
        seats[t] = (struct seat){crew, t};
        if (pthread_create(&handles[t], NULL, thread_main, &seats[t]) != 0)
            break; /* fewer threads do the same work */
    }
    run_crew(crew, 0);
    for (unsigned t = 1; t <= started; t++)
        (void)pthread_join(handles[t], NULL);
}

static unsigned thread_count(unsigned asked)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = asked != 0 ? asked : (unsigned)(cpus < 1 ? 1 : cpus) + 1;
    return n > THREADS_MAX ? THREADS_MAX : n;
}

static bool finish_all(struct crew *crew, struct exh_error *err)
{
    for (size_t i = 0; i < crew->lane_count; i++) {
        struct exh_consumer *c = crew->lanes[i].consumer;
        if (c->ops->finish != NULL && !c->ops->finish(c, err))
            return false;
    }
    return true;
}

/* The serial twin: the same calls, one after the other, on the caller's thread. The tests hold the two equal. */
static bool run_serially(struct crew *crew, struct exh_error *err)
{
    struct slot *s = &crew->slots[0];
    struct exh_route *route = crew->pipeline->route;
    const struct task read = {TASK_READ, s, 0};
    for (s->ticket = 0; route->ops->next(route, &s->want); s->ticket++) {
        if (exh_watch_cancelled(crew->pipeline->watch))
            return exh_fail(err, EXH_CANCELLED, EXH_NO_OFFSET, "interrupted");
        if (!do_task(crew, &read, 0, err) || !keep_faults(crew, s, err))
            return false;
        if (s->block.count == 0)
            break;
        if (route->ops->outcome != NULL)
            route->ops->outcome(route, &s->block, &s->faults);
        if (s->block.count == 0) {
            s->ticket--;
            continue;
        }
        exh_block_fill(&s->block, crew->pipeline->fill, crew->pipeline->fill_length);
        for (size_t i = 0; i < crew->lane_count; i++)
            if ((crew->lanes[i].consumer->ops->work != NULL && !do_task(crew, &(struct task){TASK_WORK, s, i}, 0, err)) ||
                !do_task(crew, &(struct task){TASK_TAKE, s, i}, 0, err))
                return false;
        tell_progress(crew, s);
    }
    return true;
}

static bool run_in_parallel(struct crew *crew, unsigned threads, struct exh_error *err)
{
    run_threads(crew, threads);
    if (crew->stop)
        *err = crew->first;
    return !crew->stop;
}

bool exh_pipeline_run(const struct exh_pipeline *pipeline, struct exh_pipeline_outcome *outcome, struct exh_error *err)
{
    memset(outcome, 0, sizeof *outcome);
    if (pipeline->consumer_count == 0 || pipeline->consumer_count > EXH_PIPELINE_CONSUMERS_MAX)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a pipeline of %zu consumers", pipeline->consumer_count);
    struct crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL)
        return exh_nomem(err, "the pipeline");
    unsigned threads = thread_count(pipeline->threads);
    crew->pipeline = pipeline;
    crew->outcome = outcome;
    crew->read_limit = pipeline->medium->concurrent && !pipeline->medium->endless ? threads : 1;
    crew->lane_count = pipeline->consumer_count;
    for (size_t i = 0; i < crew->lane_count; i++)
        crew->lanes[i].consumer = pipeline->consumers[i];
    (void)pthread_mutex_init(&crew->lock, NULL);
    (void)pthread_cond_init(&crew->changed, NULL);
    bool ok = open_ring(crew, err);
    for (unsigned t = 0; ok && t < threads; t++)
        ok = open_scratch(crew, t, err);
    ok = ok && (threads == 1 ? run_serially(crew, err) : run_in_parallel(crew, threads, err)) && (pipeline->more_follows || finish_all(crew, err));
    close_crew(crew, threads);
    free(crew);
    return ok;
}

void exh_pipeline_outcome_close(struct exh_pipeline_outcome *outcome)
{
    exh_faults_close(&outcome->faults);
    memset(outcome, 0, sizeof *outcome);
}
