/* failing_medium.h - a medium that fails as told, and a consumer that follows it, for tests of the passes.
 *
 * Each sector has a number of reads it fails (FAILS_ALWAYS: for ever). A read stops at the first sector that fails; what lay before it is the good
 * prefix, or is lost with the rest, as an O_DIRECT read of Linux loses it (`located` false). Contents follow from the LBA. */
#ifndef EXH_TESTS_MAKE_FAILING_MEDIUM_H
#define EXH_TESTS_MAKE_FAILING_MEDIUM_H

#include <errno.h>
#include <string.h>

#include "acquire/passes.h"
#include "formats/model/bytes.h"
#include "verify/pipeline.h"

#define FAILS_ALWAYS 255u

/* The first one made is the route's own, for its checks of the last good sector: those requests are told apart by it. */
struct failing_scratch {
    struct exh_scratch scratch; /* first */
    bool of_route;
};

struct request {
    uint64_t first;
    uint32_t count, good;
    uint8_t pass;
};

struct failing_medium {
    struct exh_medium medium; /* first */
    struct exh_layout layout;
    uint64_t sectors;
    uint32_t sector_bytes;
    bool located;
    uint8_t *fails;      /* per sector: so many reads of it still fail */
    uint8_t *touched;    /* per sector: how often a read failed at it */
    uint8_t *passed;     /* per sector: how often the drive read it for a want, delivered or not */
    uint64_t reads;      /* requests, the route's checks included */
    uint64_t failed;     /* of them */
    uint64_t checks;     /* how many were the route's checks */
    struct request *log; /* the others in order, when there is room */
    size_t logged, log_room;
    bool scratch_made;
    uint64_t slow_first, slow_end; /* sectors read at slow_micros each; all others take none that count */
    uint32_t slow_micros;
    uint64_t deaf_from, deaf_until; /* requests in [from, until) fail whatever they ask for */
    uint64_t gone_from;             /* from this request on the medium says that reading cannot go on */
    uint64_t weak;                  /* this sector reads once, and never again */
    uint64_t lies_from, lie;        /* from this request on sector `lie` reads otherwise */
};

/* Its own number at both ends and a byte of it between: cheap, and no sector is like another or shifted against itself. */
static inline void sector_content(uint64_t lba, uint8_t *out, uint32_t bytes)
{
    uint64_t word = (lba + 1) * 0x9E3779B97F4A7C15ULL;
    memset(out, (int)(word >> 56), bytes);
    exh_put_le64(out, word);
    exh_put_le64(out + bytes - 8, ~word);
}

static inline bool failing_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                                struct exh_faults *faults, struct exh_error *err)
{
    struct failing_medium *m = (struct failing_medium *)medium;
    uint64_t first = (uint64_t)(want->lba - want->track->first), request = m->reads++;
    uint32_t good = 0;
    bool check = ((struct failing_scratch *)scratch)->of_route, deaf = request >= m->deaf_from && request < m->deaf_until;
    if (request >= m->gone_from)
        return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "device lost");
    while (!deaf && good < want->count && m->fails[first + good] == 0) {
        m->passed[first + good] = (uint8_t)(m->passed[first + good] + !check);
        if (first + good == m->weak)
            m->fails[m->weak] = FAILS_ALWAYS;
        good++;
    }
    m->checks += check;
    out->micros = 1;
    for (uint64_t s = first; s < first + good; s++)
        out->micros += s >= m->slow_first && s < m->slow_end ? m->slow_micros : 0;
    if (good < want->count) {
        uint8_t *fails = &m->fails[first + good];
        m->failed += !check;
        if (!deaf) {
            m->touched[first + good]++;
            *fails = *fails == FAILS_ALWAYS ? FAILS_ALWAYS : (uint8_t)(*fails - 1);
        }
        if (!m->located || deaf)
            good = 0;
        if (!exh_faults_add(faults, &(struct exh_fault){.lba = want->lba + good, .count = want->count - good, .sys = ENODATA}, err))
            return false;
    }
    memset(out->state, EXH_GOOD, good);
    if (!check && m->logged < m->log_room)
        m->log[m->logged++] = (struct request){first, want->count, good, want->pass};
    for (uint32_t i = 0; i < good; i++)
        sector_content(first + i + (request >= m->lies_from && first + i == m->lie ? 12345 : 0), out->main + (size_t)i * m->sector_bytes,
                       m->sector_bytes);
    return true;
}

static inline void failing_scratch_close(struct exh_scratch *scratch) { free(scratch); }

static inline struct exh_scratch *failing_scratch_new(struct exh_medium *medium)
{
    struct failing_medium *m = (struct failing_medium *)medium;
    struct failing_scratch *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->scratch.close = failing_scratch_close;
    s->of_route = !m->scratch_made;
    m->scratch_made = true;
    return &s->scratch;
}

static const struct exh_medium_ops failing_ops = {.read = failing_read, .scratch_new = failing_scratch_new};

static inline void failing_open(struct failing_medium *m, uint64_t bytes, uint32_t sector_bytes, bool located)
{
    memset(m, 0, sizeof *m);
    exh_layout_disk(&m->layout, bytes, sector_bytes);
    m->sectors = m->layout.tracks[0].sectors;
    m->sector_bytes = sector_bytes;
    m->located = located;
    m->fails = calloc(m->sectors, 1);
    m->touched = calloc(m->sectors, 1);
    m->passed = calloc(m->sectors, 1);
    m->deaf_from = m->deaf_until = m->gone_from = m->lies_from = m->weak = UINT64_MAX;
    m->medium = (struct exh_medium){.ops = &failing_ops, .format = "failing", .layout = &m->layout, .unit_sectors = 1, .failing = true};
}

static inline void failing_keep_log(struct failing_medium *m, size_t room)
{
    m->log = calloc(room, sizeof *m->log);
    m->log_room = m->log != NULL ? room : 0;
    m->logged = 0;
}

static inline void failing_close(struct failing_medium *m)
{
    free(m->fails);
    free(m->touched);
    free(m->passed);
    free(m->log);
}

/* What the image gets: checks every sector that is said to be good, keeps a map of its own that lags behind the route's, and can fail. */
struct follower {
    struct exh_consumer consumer; /* first */
    const struct failing_medium *medium;
    struct exh_map map;
    uint8_t *copied; /* per sector: how often it came */
    uint64_t blocks, fail_after;
    uint64_t sequence; /* a digest of what came, in order */
    uint64_t wrong;    /* sectors whose content is not theirs */
};

static inline bool follower_take(struct exh_consumer *c, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct follower *f = (struct follower *)c;
    uint32_t bytes = f->medium->sector_bytes, good = 0;
    uint8_t expected[8192];
    if (f->blocks == f->fail_after)
        return exh_fail(err, EXH_NO_SPACE, EXH_NO_OFFSET, "disk full");
    for (uint32_t i = 0; i < block->count; i++) {
        if (block->state[i] < EXH_SUSPECT)
            continue;
        uint64_t sector = (uint64_t)(block->lba - block->track->first) + i;
        sector_content(sector, expected, bytes);
        f->wrong += memcmp(block->main + (size_t)i * bytes, expected, (size_t)exh_track_bytes(block->track, block->lba + i, 1)) != 0;
        f->copied[sector]++;
        good++;
    }
    f->blocks++;
    f->sequence =
        (f->sequence ^ (uint64_t)block->lba ^ (uint64_t)block->count << 24 ^ (uint64_t)good << 36 ^ (uint64_t)block->pass << 60) * 0x100000001B3ULL;
    return exh_pass_note(&f->map, block->track->first, block, err);
}

static const struct exh_consumer_ops follower_ops = {.take = follower_take};

#endif
