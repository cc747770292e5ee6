/* passes.c - the route over a failing medium: the passes one after the other, and what each read meant. See passes.h and passes_state.h. */
#include "acquire/passes_state.h"

#include "formats/model/grow.h"
#include "verify/pipeline.h"

#define SKIP_MIN_BYTES (64u << 10)
#define SKIP_MAX_BYTES (1u << 30)

const char *exh_pass_name(enum exh_pass pass)
{
    static const char *const names[EXH_PASS_COUNT] = {"stream", "copy", "copy-back", "sweep", "trim", "scrape", "retry"};
    return (unsigned)pass < EXH_PASS_COUNT ? names[pass] : "bug";
}

static bool is_copying(enum exh_pass pass) { return pass <= EXH_PASS_SWEEP; }

/* ---- which pass ---- */

static void begin_pass(struct exh_passes *p, enum exh_pass pass)
{
    p->pass = pass;
    p->backward = pass == EXH_PASS_RETRY ? p->retry % 2 == 0 : is_copying(pass) && (pass == EXH_PASS_BACK) != p->policy.reverse;
    p->cursor = p->backward ? p->map->sectors : 0;
    p->skip = p->skip_least;
    p->calm = is_copying(pass) ? p->block_sectors : 0;
}

/* The pass under way has nothing more to read. */
static void end_pass(struct exh_passes *p)
{
    bool last = p->pass == EXH_PASS_RETRY || p->pass == EXH_PASS_SCRAPE || (p->pass == EXH_PASS_TRIM && p->policy.no_scrape);
    if (!last) {
        begin_pass(p, p->pass + 1);
    } else if (p->retry < p->policy.retries && exh_map_next(p->map, 0, EXH_AREA_BAD) != NULL) {
        p->retry++;
        begin_pass(p, EXH_PASS_RETRY);
    } else {
        p->end = EXH_PASSES_DONE;
    }
}

static bool choose(const struct exh_passes *p, struct piece *out)
{
    switch (p->pass) {
    case EXH_PASS_NONE:
    case EXH_PASS_COPY:
    case EXH_PASS_BACK:
    case EXH_PASS_SWEEP: break;
    case EXH_PASS_TRIM: return exh_passes_next_trim(p, out);
    case EXH_PASS_SCRAPE: return exh_passes_next_scrape(p, out);
    case EXH_PASS_RETRY: return exh_passes_next_retry(p, out);
    }
    return exh_passes_next_large(p, out);
}

static bool passes_next(struct exh_route *route, struct exh_want *out)
{
    struct exh_passes *p = (struct exh_passes *)route;
    struct piece piece;
    for (; p->end == EXH_PASSES_UNDER_WAY; end_pass(p)) {
        if (!choose(p, &piece))
            continue;
        p->asked = piece.first;
        *out = (struct exh_want){
            .track = p->track, .lba = p->track->first + (int64_t)piece.first, .count = piece.count, .effort = EXH_ONCE, .pass = (uint8_t)p->pass};
        return true;
    }
    return false;
}

/* ---- what came of a read ---- */

static struct result result_of(const struct exh_block *block, int64_t first)
{
    struct result r = {.first = (uint64_t)(block->lba - first), .count = block->count, .micros = block->micros};
    while (r.good < r.count && block->state[r.good] >= EXH_SUSPECT)
        r.good++;
    return r;
}

bool exh_pass_note(struct exh_map *map, int64_t first, const struct exh_block *block, struct exh_error *err)
{
    const struct result r = result_of(block, first);
    if (!exh_map_mark(map, r.first, r.good, EXH_AREA_READ, err))
        return false;
    if (r.good == r.count)
        return true;
    if (r.count == 1)
        return exh_map_mark(map, r.first, 1, EXH_AREA_BAD, err) && (block->pass != EXH_PASS_TRIM || exh_passes_note_trimmed(map, r.first, err));
    return !is_copying(block->pass) || exh_passes_note_large(map, &r, block->track->main_bytes, err);
}

static bool add_count(struct exh_passes *p)
{
    const struct exh_pass_count *last = p->count_count > 0 ? &p->counts[p->count_count - 1] : NULL;
    uint32_t number = p->pass == EXH_PASS_RETRY ? p->retry : 1;
    if (last != NULL && last->pass == p->pass && last->number == number)
        return true;
    if (!exh_grow((void **)&p->counts, &p->count_capacity, p->count_count, sizeof *p->counts, SIZE_MAX / sizeof *p->counts, "passes", &p->err))
        return false;
    p->counts[p->count_count++] = (struct exh_pass_count){.pass = p->pass, .number = number};
    return true;
}

static bool too_many_errors(const struct exh_passes *p) { return p->policy.max_errors != 0 && exh_map_failed_areas(p->map) > p->policy.max_errors; }

/* Counts the read, and asks the witness if it failed. False: it was the drive that failed, and only the good prefix stays of the block. */
static bool believe(struct exh_passes *p, struct exh_block *block, const struct result *r)
{
    if (!add_count(p)) {
        p->end = EXH_PASSES_FAILED;
        exh_block_cut(block, r->good);
        return false;
    }
    struct exh_pass_count *count = &p->counts[p->count_count - 1];
    count->reads++;
    count->failed_reads += r->good < r->count;
    count->sectors_read += r->good;
    count->micros += r->micros;
    exh_witness_keep(p, block, r->good);
    if (r->good == r->count || exh_witness_asked(p, r->first + r->good, count))
        return true;
    exh_block_cut(block, r->good);
    return false;
}

static void passes_outcome(struct exh_route *route, struct exh_block *block, const struct exh_faults *faults)
{
    (void)faults;
    struct exh_passes *p = (struct exh_passes *)route;
    const struct result r = result_of(block, p->track->first);
    bool believed = believe(p, block, &r);
    if (block->count > 0 && !exh_pass_note(p->map, p->track->first, block, &p->err)) {
        p->end = EXH_PASSES_FAILED;
        return;
    }
    if (!believed)
        return;
    if (is_copying(p->pass))
        exh_passes_after_large(p, &r);
    else
        exh_passes_after_sectors(p, &r);
    if (r.good < r.count && too_many_errors(p))
        p->end = EXH_PASSES_TOO_MANY_ERRORS;
}

static const struct exh_route_ops passes_ops = {.next = passes_next, .outcome = passes_outcome};

/* ---- opening, asking, closing ---- */

static uint64_t sectors_of(uint64_t bytes, uint32_t sector_bytes) { return bytes / sector_bytes + (bytes % sector_bytes != 0); }

static void set_skips(struct exh_passes *p)
{
    uint64_t least = p->policy.skip_min_bytes, most = p->policy.skip_max_bytes, medium = p->route.total_bytes / 100;
    if (least == 0 && most > 0)
        return; /* no skipping */
    if (least == 0)
        least = SKIP_MIN_BYTES;
    if (most == 0)
        most = medium < SKIP_MAX_BYTES ? medium : SKIP_MAX_BYTES;
    p->skip_least = sectors_of(least, p->track->main_bytes);
    p->skip_most = sectors_of(most > least ? most : least, p->track->main_bytes);
}

static void set_sizes(struct exh_passes *p, uint32_t block_bytes, uint32_t unit_sectors)
{
    uint32_t unit = unit_sectors > 0 ? unit_sectors : 1, cluster = EXH_PASS_CLUSTER_BYTES / p->track->main_bytes;
    uint32_t block = block_bytes / p->track->main_bytes / unit * unit;
    p->block_sectors = block > 0 ? block : unit;
    p->cluster_sectors = cluster == 0 ? 1 : cluster < p->block_sectors ? cluster : p->block_sectors;
}

static bool check_medium(const struct exh_medium *medium, const struct exh_map *map, uint32_t block_bytes, struct exh_error *err)
{
    const struct exh_layout *layout = medium->layout;
    if (medium->concurrent || layout->track_count != 1 || layout->tracks[0].sectors != map->sectors || map->sectors == EXH_SECTORS_UNKNOWN ||
        block_bytes > EXH_PIPELINE_BLOCK_BYTES)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "the passes were given a medium that they are not made for, or a map that is not of it");
    return true;
}

struct exh_passes *exh_passes_open(struct exh_medium *medium, struct exh_map *map, const struct exh_pass_policy *policy, uint32_t block_bytes,
                                   uint32_t unit_sectors, struct exh_error *err)
{
    if (!check_medium(medium, map, block_bytes, err))
        return NULL;
    struct exh_passes *p = calloc(1, sizeof *p);
    if (p == NULL) {
        (void)exh_nomem(err, "the passes");
        return NULL;
    }
    p->route = (struct exh_route){&passes_ops, exh_layout_bytes(medium->layout)};
    p->medium = medium;
    p->track = &medium->layout->tracks[0];
    p->map = map;
    p->policy = *policy;
    p->doubted = UINT64_MAX;
    exh_error_clear(&p->err);
    set_sizes(p, block_bytes, unit_sectors);
    set_skips(p);
    begin_pass(p, EXH_PASS_COPY);
    if (!exh_witness_open(p, err)) {
        exh_passes_close(p);
        return NULL;
    }
    return p;
}

void exh_passes_close(struct exh_passes *passes)
{
    if (passes == NULL)
        return;
    exh_witness_close(passes);
    exh_sectors_close(&passes->lies);
    free(passes->counts);
    free(passes);
}

void exh_passes_retried(struct exh_passes *passes, uint32_t retries_made) { passes->retry = retries_made; }

struct exh_route *exh_passes_route(struct exh_passes *passes) { return &passes->route; }

enum exh_passes_end exh_passes_ended(const struct exh_passes *passes, struct exh_error *err)
{
    if (passes->end == EXH_PASSES_FAILED || passes->end == EXH_PASSES_STOPPED_ANSWERING)
        *err = passes->err;
    return passes->end;
}

const struct exh_pass_count *exh_passes_counts(const struct exh_passes *passes, size_t *count)
{
    *count = passes->count_count;
    return passes->counts;
}

enum exh_pass exh_passes_current(const struct exh_passes *passes, uint32_t *number)
{
    *number = passes->pass == EXH_PASS_RETRY ? passes->retry : 1;
    return passes->pass;
}

void exh_passes_status(const struct exh_passes *passes, uint64_t *position, char *status, unsigned *number)
{
    *position = passes->asked;
    exh_pass_status(passes->pass, status, number);
    if (passes->end == EXH_PASSES_DONE)
        *status = '+';
    if (passes->pass == EXH_PASS_RETRY)
        *number = passes->retry;
}

void exh_pass_status(enum exh_pass pass, char *status, unsigned *number)
{
    static const char characters[EXH_PASS_COUNT] = {'?', '?', '?', '?', '*', '/', '-'};
    /* Copying is five passes there; 3 and 4 are for slow areas, which the sweep reads here. */
    static const unsigned numbers[EXH_PASS_COUNT] = {1, 1, 2, 5, 1, 1, 1};
    *status = characters[pass];
    *number = numbers[pass];
}

const struct exh_sectors *exh_passes_lies(const struct exh_passes *passes) { return &passes->lies; }
