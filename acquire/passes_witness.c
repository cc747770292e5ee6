/* passes_witness.c - is it the sector, or the drive? See passes.h.
 *
 * A drive that hangs itself up, loses its medium or its mind answers every read with an error, or with rubbish, for ever after. Taken at its
 * word it would turn the rest of a good disk into a list of bad sectors. So each failure is believed only when the drive still reads what it read
 * well a moment ago. That costs milliseconds; a failed read costs seconds. */
#include <time.h>

#include "acquire/passes_state.h"

#define TRIES 3u     /* after the first, each behind a pause */
#define ELSEWHERE 2u /* from this one on another sector is asked: the first may have gone bad since */
#define PAUSE_MS 1000u

bool exh_witness_open(struct exh_passes *p, struct exh_error *err)
{
    struct witness *w = &p->witness;
    w->main = malloc(p->track->main_bytes);
    if (w->main == NULL)
        return exh_nomem(err, "the last good sector");
    return exh_block_open(&w->block, 1, p->track->main_bytes, 0, err) && exh_medium_scratch(p->medium, &w->scratch, err);
}

void exh_witness_close(struct exh_passes *p)
{
    exh_scratch_close(p->witness.scratch);
    exh_block_close(&p->witness.block);
    free(p->witness.main);
}

static void keep(struct witness *w, int64_t lba, const uint8_t *main, uint32_t bytes)
{
    memcpy(w->main, main, bytes);
    w->lba = lba;
    w->there = w->known = true;
}

void exh_witness_keep(struct exh_passes *p, const struct exh_block *block, uint32_t good)
{
    uint32_t bytes = p->track->main_bytes;
    if (good > 0)
        keep(&p->witness, block->lba + good - 1, block->main + (size_t)(good - 1) * bytes, bytes);
}

/* Nothing was read in this run: a sector that an earlier one read, near to where the last want began. False: there is none. */
static bool stand_in(struct exh_passes *p)
{
    const struct exh_map_range *below = exh_map_previous(p->map, p->asked, EXH_AREA_READ), *above = exh_map_next(p->map, p->asked, EXH_AREA_READ);
    if (below == NULL && above == NULL)
        return false;
    p->witness.lba = p->track->first + (int64_t)(below != NULL ? below->first + below->count - 1 : above->first);
    p->witness.there = true;
    p->witness.known = false;
    return true;
}

/* The farther end of what has been read, as far as one can get from the witness. */
static void move_elsewhere(struct exh_passes *p)
{
    struct witness *w = &p->witness;
    const struct exh_map_range *first = exh_map_next(p->map, 0, EXH_AREA_READ), *last = exh_map_previous(p->map, p->map->sectors, EXH_AREA_READ);
    if (first == NULL)
        return; /* nothing but the witness */
    uint64_t now = (uint64_t)(w->lba - p->track->first), low = first->first, high = last->first + last->count - 1;
    uint64_t to = now > low && (high < now || now - low > high - now) ? low : high;
    w->known = w->known && to == now;
    w->lba = p->track->first + (int64_t)to;
}

static void pause_for(uint32_t milliseconds)
{
    struct timespec left = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0)
        continue; /* a signal; whoever wants to stop is heard when the outcome is noted */
}

static bool read_again(struct exh_passes *p, struct exh_pass_count *count, bool *good)
{
    struct witness *w = &p->witness;
    const struct exh_want want = {.track = p->track, .lba = w->lba, .count = 1, .effort = EXH_ONCE, .pass = (uint8_t)p->pass};
    struct exh_faults faults = {0};
    bool ok = exh_medium_read(p->medium, w->scratch, &want, &w->block, &faults, &p->err);
    exh_faults_close(&faults);
    count->checks++;
    count->micros += w->block.micros;
    *good = ok && w->block.state[0] >= EXH_SUSPECT;
    return ok;
}

bool exh_witness_asked(struct exh_passes *p, uint64_t sector, struct exh_pass_count *count)
{
    struct witness *w = &p->witness;
    uint32_t bytes = p->track->main_bytes;
    if (!w->there && !stand_in(p))
        return true; /* nobody to ask */
    for (unsigned i = 0; i <= TRIES; i++) {
        bool good;
        if (i > 0)
            pause_for(p->policy.pause_ms != 0 ? p->policy.pause_ms : PAUSE_MS);
        if (i == ELSEWHERE)
            move_elsewhere(p);
        p->end = EXH_PASSES_FAILED;
        if (!read_again(p, count, &good))
            return false;
        bool lied = good && w->known && memcmp(w->main, w->block.main, bytes) != 0;
        if (lied && !exh_sectors_mark(&p->lies, w->lba, 1, EXH_SUSPECT, &p->err))
            return false;
        p->end = EXH_PASSES_UNDER_WAY;
        if (good && !w->known)
            keep(w, w->lba, w->block.main, bytes);
        if (good && (i == 0 || p->doubted == sector))
            return true;
        if (good) { /* only after a pause: it was the drive just now. A sector that strikes the drive dumb each time is believed the second time */
            p->doubted = sector;
            return false;
        }
    }
    p->end = EXH_PASSES_STOPPED_ANSWERING;
    (void)exh_fail(&p->err, EXH_GONE, (uint64_t)w->lba * bytes,
                   "the drive no longer reads LBA %lld, which it read before: it has stopped answering, and no sector is to blame",
                   (long long)w->lba);
    return exh_on_side(&p->err, EXH_SIDE_SOURCE);
}
