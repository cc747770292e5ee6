/* passes_copy.c - the copy passes: large reads over what is untried, away from errors first. See passes.h. */
#include "acquire/passes_state.h"

#define TIMED_LEAST 8u /* so many reads before the rate is believed: a drive that spins up is not slow */

static uint64_t lesser(uint64_t a, uint64_t b) { return a < b ? a : b; }
static uint64_t greater(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* At least one sector, whatever its size. */
static uint32_t sectors_in(uint32_t bytes, uint32_t sector_bytes) { return bytes > sector_bytes ? bytes / sector_bytes : 1; }

/* Large reads end (going down: begin) at multiples of their size, so that a stray start is put right by the first of them. */
bool exh_passes_next_large(const struct exh_passes *p, struct piece *out)
{
    uint64_t size = p->calm < p->block_sectors ? p->cluster_sectors : p->block_sectors, first, end;
    const struct exh_map_range *r =
        p->backward ? exh_map_previous(p->map, p->cursor, EXH_AREA_UNTRIED) : exh_map_next(p->map, p->cursor, EXH_AREA_UNTRIED);
    if (r == NULL)
        return false;
    if (p->backward) {
        end = lesser(p->cursor, r->first + r->count);
        first = greater(r->first, (end - 1) / size * size);
    } else {
        first = greater(p->cursor, r->first);
        end = lesser(r->first + r->count, (first / size + 1) * size);
    }
    *out = (struct piece){first, (uint32_t)(end - first)};
    return true;
}

/* How many sectors behind the good prefix are to be trimmed. None: the read was too large to say where in it the error lies. */
static uint32_t troubled(const struct result *r, uint32_t sector_bytes)
{
    uint32_t failed = r->count - r->good, cluster = sectors_in(EXH_PASS_CLUSTER_BYTES, sector_bytes),
             edge = sectors_in(EXH_PASS_EDGE_BYTES, sector_bytes);
    if (r->good > 0)
        return failed < edge ? failed : edge;
    return r->count <= cluster ? r->count : 0;
}

bool exh_passes_note_large(struct exh_map *map, const struct result *r, uint32_t sector_bytes, struct exh_error *err)
{
    return exh_map_mark(map, r->first + r->good, troubled(r, sector_bytes), EXH_AREA_UNTRIMMED, err);
}

/* Slower than asked for? Small reads cost more time than their bytes tell. */
static bool is_slow(struct exh_passes *p, const struct result *r)
{
    uint64_t bytes = (uint64_t)r->count * p->track->main_bytes;
    if (p->policy.min_rate == 0 || p->pass == EXH_PASS_SWEEP || r->micros == 0 || bytes < EXH_PASS_CLUSTER_BYTES)
        return false;
    if (p->timed < TIMED_LEAST)
        return p->timed++, false;
    return bytes * 1000000 / r->micros < p->policy.min_rate;
}

/* Goes on at `from` (going down: below it) but for a stretch that is left untried, twice as long at each trouble in a row. */
static void skip(struct exh_passes *p, uint64_t from)
{
    uint64_t far = p->pass == EXH_PASS_SWEEP ? 0 : p->skip;
    if (p->backward)
        p->cursor = from > far ? from - far : 0;
    else
        p->cursor = from + lesser(far, p->map->sectors - from);
    p->skip = lesser(2 * p->skip, p->skip_most);
}

void exh_passes_after_large(struct exh_passes *p, const struct result *r)
{
    uint64_t end = r->first + r->count;
    if (r->good == r->count) {
        p->calm += r->count;
        if (is_slow(p, r)) {
            skip(p, p->backward ? r->first : end);
            return;
        }
        p->cursor = p->backward ? r->first : end;
        p->skip = p->skip_least;
        return;
    }
    p->calm = 0;
    uint32_t bad = troubled(r, p->track->main_bytes);
    if (bad == 0)
        return; /* again, in clusters */
    if (!p->backward)
        skip(p, r->first + r->good + bad);
    else if (r->good == 0)
        skip(p, r->first);
    /* else: what lies above the error is next, and good sectors are known below it */
}
