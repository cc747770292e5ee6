/* digest_set.c - the digests of one walk, each a consumer of its own. See digest_set.h. */
#include "verify/digest_set.h"

#include "formats/model/text.h"
#include "verify/digest.h"
#include "verify/route.h"
#include "verify/track_digests.h"

/* One algorithm over the media stream. */
struct stream_digest {
    struct exh_consumer consumer;
    struct exh_digest *digest;
    uint64_t not_good;
    bool want_padded, short_tail;
    struct exh_digest_value padded; /* when the stream ended in a short sector */
};

static bool stream_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct stream_digest *s = (struct stream_digest *)consumer;
    uint64_t bytes = exh_block_bytes(block), whole = (uint64_t)block->count * block->track->main_bytes;
    s->not_good += block->bad;
    if (!exh_digest_add(s->digest, block->main, (size_t)bytes, err))
        return false;
    if (bytes == whole || !s->want_padded)
        return true;
    /* The last block of a medium whose last sector is short: what a format that stores whole sectors will hash. */
    s->short_tail = true;
    return exh_digest_value_with(s->digest, block->main + bytes, (size_t)(whole - bytes), &s->padded, err);
}

static const struct exh_consumer_ops stream_ops = {.take = stream_take};

/* SHA-256 of each chunk of absolute LBAs, within one track. With several lanes each takes its chunks (exh_chunk_lane) and lets the others' blocks
 * pass. */
struct chunk_digest {
    struct exh_consumer consumer;
    struct exh_digest *digest;
    uint32_t lane, lanes;
    const struct exh_sectors *zeroed;
    struct exh_chunks chunks;
    struct exh_chunk open; /* sectors 0: none is open */
    uint64_t zeros;      /* bytes the open chunk begins with that are zeros and not in the digest yet: while nothing else came, it need not be fed */
    bool fed;            /* the digest holds something of the open chunk */
    uint64_t memo_bytes; /* of so many zeros `memo` is the digest; 0: none is known yet */
    uint8_t memo[32];
};

static bool add_zeros(struct exh_digest *digest, uint64_t length, struct exh_error *err)
{
    static const uint8_t zeros[4096];
    for (size_t n; length > 0; length -= n) {
        n = length < sizeof zeros ? (size_t)length : sizeof zeros;
        if (!exh_digest_add(digest, zeros, n, err))
            return false;
    }
    return true;
}

/* What is put off is put in, before anything that is no zeros. */
static bool feed_zeros(struct chunk_digest *c, struct exh_error *err)
{
    uint64_t zeros = c->zeros;
    c->zeros = 0;
    c->fed = true;
    return add_zeros(c->digest, zeros, err);
}

/* All but the last chunk of a medium are equally long: a sparse terabyte has two kinds of empty chunk, of which each is hashed once. */
static bool digest_of_zeros(struct chunk_digest *c, uint8_t out[32], struct exh_error *err)
{
    struct exh_digest_value value;
    if (c->memo_bytes != c->zeros) {
        uint64_t bytes = c->zeros;
        if (!feed_zeros(c, err) || !exh_digest_value(c->digest, &value, err) || !exh_digest_reset(c->digest, err))
            return false;
        memcpy(c->memo, value.bytes, sizeof c->memo);
        c->memo_bytes = bytes;
    }
    memcpy(out, c->memo, sizeof c->memo);
    return true;
}

static bool chunk_close(struct chunk_digest *c, struct exh_error *err)
{
    struct exh_digest_value value;
    if (c->open.sectors == 0)
        return true;
    if (!c->fed) {
        if (!digest_of_zeros(c, c->open.sha256, err))
            return false;
    } else {
        if (!exh_digest_value(c->digest, &value, err) || !exh_digest_reset(c->digest, err))
            return false;
        memcpy(c->open.sha256, value.bytes, sizeof c->open.sha256);
    }
    c->fed = false;
    c->zeros = 0;
    bool ok = exh_chunks_add(&c->chunks, &c->open, err);
    c->open.sectors = 0;
    return ok;
}

/* Zeros stand for a sector that holds no data, whatever was filled in. */
static bool holds_none(const struct chunk_digest *c, const struct exh_block *block, uint32_t i)
{
    if (block->state[i] < EXH_SUSPECT)
        return true;
    const struct exh_range *r = c->zeroed != NULL ? exh_sectors_find(c->zeroed, block->lba + i) : NULL;
    return r != NULL && r->lba <= block->lba + i;
}

/* Sectors i to i + n of the block. */
static bool add_sectors(struct chunk_digest *c, const struct exh_block *block, uint32_t i, uint32_t n, struct exh_error *err)
{
    uint32_t bytes = block->track->main_bytes, end = i + n;
    if (block->kind != EXH_BLOCK_DATA && !c->fed) {
        c->zeros += exh_track_bytes(block->track, block->lba + i, n);
        return true;
    }
    if (!feed_zeros(c, err))
        return false;
    if (block->bad == 0 && (c->zeroed == NULL || c->zeroed->count == 0))
        return exh_digest_add(c->digest, block->main + (size_t)i * bytes, (size_t)exh_track_bytes(block->track, block->lba + i, n), err);
    for (uint32_t from = i; from < end; from = i) {
        bool none = holds_none(c, block, from);
        while (i < end && holds_none(c, block, i) == none)
            i++;
        size_t length = (size_t)exh_track_bytes(block->track, block->lba + from, i - from);
        if (none ? !add_zeros(c->digest, length, err) : !exh_digest_add(c->digest, block->main + (size_t)from * bytes, length, err))
            return false;
    }
    return true;
}

static bool chunk_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct chunk_digest *c = (struct chunk_digest *)consumer;
    for (uint32_t i = 0; i < block->count;) {
        int64_t lba = block->lba + i, end = exh_chunk_end(lba, c->chunks.sectors);
        uint32_t n = end - lba < (int64_t)(block->count - i) ? (uint32_t)(end - lba) : block->count - i;
        if (c->lanes > 1 && exh_chunk_lane(lba, c->chunks.sectors) != c->lane) {
            i += n;
            continue;
        }
        if (c->open.sectors > 0 && (c->open.track != block->track->number || c->open.lba + c->open.sectors != lba) && !chunk_close(c, err))
            return false;
        if (c->open.sectors == 0)
            c->open = (struct exh_chunk){.lba = lba, .track = block->track->number};
        c->open.sectors += n;
        for (uint32_t k = i; block->bad > 0 && k < i + n; k++)
            c->open.not_good += block->state[k] != EXH_GOOD;
        if (!add_sectors(c, block, i, n, err))
            return false;
        if (lba + n == end && !chunk_close(c, err))
            return false;
        i += n;
    }
    return true;
}

static bool chunk_finish(struct exh_consumer *consumer, struct exh_error *err) { return chunk_close((struct chunk_digest *)consumer, err); }

static const struct exh_consumer_ops chunk_ops = {.take = chunk_take, .finish = chunk_finish};

/* Every range that is not GOOD. */
struct state_list {
    struct exh_consumer consumer;
    struct exh_sectors states;
};

static bool state_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct state_list *s = (struct state_list *)consumer;
    for (uint32_t i = 0; block->bad > 0 && i < block->count;) {
        uint32_t from = i;
        while (i < block->count && block->state[i] == block->state[from])
            i++;
        if (block->state[from] != EXH_GOOD && !exh_sectors_mark(&s->states, block->lba + from, i - from, (enum exh_state)block->state[from], err))
            return false;
    }
    return true;
}

static const struct exh_consumer_ops state_ops = {.take = state_take};

struct exh_digest_set {
    struct stream_digest *streams;
    size_t stream_count;
    struct exh_track_digests *tracks; /* NULL: not of a disc, or no algorithm */
    struct chunk_digest chunk[EXH_LANES];
    uint32_t chunk_lanes; /* 0: no chunk digests */
    const struct exh_sectors *holes;
    const struct exh_layout *layout;
    struct state_list states;
};

uint32_t exh_chunk_sectors(uint64_t chunk_bytes, uint32_t main_bytes)
{
    uint64_t n = chunk_bytes / main_bytes;
    return n == 0 ? 1 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static bool already(const struct exh_digest_set *set, const char *name)
{
    for (size_t i = 0; i < set->stream_count; i++)
        if (strcmp(exh_digest_name(set->streams[i].digest), name) == 0)
            return true;
    return false;
}

static bool add_stream(struct exh_digest_set *set, const char *algorithm, bool padded, struct exh_error *err)
{
    struct exh_digest *digest = exh_digest_new(algorithm, err);
    if (digest == NULL)
        return false;
    if (already(set, exh_digest_name(digest)))
        exh_digest_close(digest); /* asked for twice, perhaps under two spellings */
    else
        set->streams[set->stream_count++] = (struct stream_digest){.consumer = {&stream_ops}, .digest = digest, .want_padded = padded};
    return true;
}

static bool open_lane(struct chunk_digest *c, uint32_t lane, uint32_t lanes, const struct exh_digest_set_options *options, struct exh_error *err)
{
    c->consumer.ops = &chunk_ops;
    c->chunks.sectors = options->chunk_sectors;
    c->zeroed = options->zeroed;
    c->lane = lane;
    c->lanes = lanes;
    return (c->digest = exh_digest_new("sha256", err)) != NULL;
}

/* The tracks get what consumers the media stream, the chunks and the states leave. */
static bool open_tracks(struct exh_digest_set *set, const struct exh_digest_set_options *options, struct exh_error *err)
{
    size_t used = set->stream_count + set->chunk_lanes + 1;
    if (used > EXH_DIGEST_SET_CONSUMERS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "%zu digest algorithms at once are too many", set->stream_count);
    if (options->disc == NULL || options->disc->kind != EXH_LAYOUT_DISC || set->stream_count == 0)
        return true;
    if (used == EXH_DIGEST_SET_CONSUMERS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "%zu digest algorithms at once are too many for a disc", set->stream_count);
    set->tracks = exh_track_digests_new(options->disc, options->algorithms, options->algorithm_count, EXH_DIGEST_SET_CONSUMERS_MAX - used, err);
    return set->tracks != NULL;
}

struct exh_digest_set *exh_digest_set_new(const struct exh_digest_set_options *options, struct exh_error *err)
{
    struct exh_digest_set *set = calloc(1, sizeof *set);
    struct stream_digest *streams = calloc(options->algorithm_count + 1, sizeof *streams);
    if (set == NULL || streams == NULL) {
        free(set);
        free(streams);
        (void)exh_nomem(err, "digests");
        return NULL;
    }
    set->streams = streams;
    set->states.consumer.ops = &state_ops;
    set->holes = options->holes;
    set->layout = options->layout;
    bool ok = true;
    for (size_t i = 0; ok && i < options->algorithm_count; i++)
        ok = add_stream(set, options->algorithms[i], options->padded, err);
    uint32_t lanes = options->chunk_sectors == 0 ? 0 : options->side_by_side ? EXH_LANES : 1;
    for (; ok && set->chunk_lanes < lanes; set->chunk_lanes++)
        ok = open_lane(&set->chunk[set->chunk_lanes], set->chunk_lanes, lanes, options, err);
    if (ok && open_tracks(set, options, err))
        return set;
    exh_digest_set_close(set);
    return NULL;
}

size_t exh_digest_set_consumers(struct exh_digest_set *set, struct exh_consumer **out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < set->stream_count && n < room; i++)
        out[n++] = &set->streams[i].consumer;
    if (set->tracks != NULL)
        n += exh_track_digests_consumers(set->tracks, out + n, room - n);
    for (uint32_t i = 0; i < set->chunk_lanes && n < room; i++)
        out[n++] = &set->chunk[i].consumer;
    if (n < room)
        out[n++] = &set->states.consumer;
    return n;
}

static bool stream_result(const struct stream_digest *s, struct exh_digests *out, struct exh_error *err)
{
    struct exh_digest_value value = {.scope = "media", .not_good = s->not_good};
    if (!exh_digest_value(s->digest, &value, err) || !exh_digests_add(out, &value, err))
        return false;
    if (!s->short_tail)
        return true;
    value = s->padded;
    (void)snprintf(value.scope, sizeof value.scope, "padded");
    value.not_good = s->not_good;
    return exh_digests_add(out, &value, err);
}

/* The chunk of zeros that begins at `lba`, which lies in a hole. */
static bool add_hole(struct exh_digest_set *set, int64_t lba, struct exh_chunks *out, struct exh_error *err)
{
    struct chunk_digest *c = &set->chunk[0]; /* done with its own by now */
    const struct exh_track *t = set->layout->tracks;
    while (lba >= t->first + (int64_t)t->sectors)
        t++;
    int64_t end = exh_chunk_end(lba, out->sectors), track_end = t->first + (int64_t)t->sectors;
    struct exh_chunk chunk = {.lba = lba, .track = t->number, .sectors = (uint32_t)((end < track_end ? end : track_end) - lba)};
    c->zeros = exh_track_bytes(t, lba, chunk.sectors);
    return digest_of_zeros(c, chunk.sha256, err) && exh_chunks_add(out, &chunk, err);
}

/* The holes before `until`, chunk by chunk. */
static bool add_holes(struct exh_digest_set *set, int64_t *from, int64_t until, struct exh_chunks *out, struct exh_error *err)
{
    const struct exh_range *r;
    while (set->holes != NULL && (r = exh_sectors_find(set->holes, *from)) != NULL && (r->lba > *from ? r->lba : *from) < until) {
        if (!add_hole(set, r->lba > *from ? r->lba : *from, out, err))
            return false;
        const struct exh_chunk *last = &out->items[out->count - 1];
        *from = last->lba + last->sectors;
    }
    return true;
}

/* The lanes' chunks and the holes between them in LBA order, and the root over them. */
static bool chunk_result(struct exh_digest_set *set, struct exh_chunks *out, struct exh_error *err)
{
    size_t at[EXH_LANES] = {0};
    int64_t from = INT64_MIN;
    out->sectors = set->chunk[0].chunks.sectors;
    for (;;) {
        const struct exh_chunk *first = NULL;
        uint32_t lane = 0;
        for (uint32_t i = 0; i < set->chunk_lanes; i++)
            if (at[i] < set->chunk[i].chunks.count && (first == NULL || set->chunk[i].chunks.items[at[i]].lba < first->lba)) {
                first = &set->chunk[i].chunks.items[at[i]];
                lane = i;
            }
        if (!add_holes(set, &from, first != NULL ? first->lba : INT64_MAX, out, err))
            return false;
        if (first == NULL)
            return exh_chunks_root(out, out->root, err);
        if (!exh_chunks_add(out, first, err))
            return false;
        at[lane]++;
    }
}

bool exh_digest_set_result(struct exh_digest_set *set, struct exh_seal *out, struct exh_sectors *states, struct exh_error *err)
{
    for (size_t i = 0; i < set->stream_count; i++)
        if (!stream_result(&set->streams[i], &out->digests, err))
            return false;
    if (set->tracks != NULL && !exh_track_digests_result(set->tracks, &out->digests, err))
        return false;
    if (set->chunk_lanes > 0 && !chunk_result(set, &out->chunks, err))
        return false;
    return states == NULL || exh_sectors_copy(states, &set->states.states, err);
}

void exh_digest_set_close(struct exh_digest_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->stream_count; i++)
        exh_digest_close(set->streams[i].digest);
    free(set->streams);
    exh_track_digests_close(set->tracks);
    for (uint32_t i = 0; i < EXH_LANES; i++) {
        exh_digest_close(set->chunk[i].digest);
        free(set->chunk[i].chunks.items);
    }
    exh_sectors_close(&set->states.states);
    free(set);
}

/* RFC 6962, 2.1: leaf hash SHA-256(00 || leaf), node hash SHA-256(01 || left || right), the left subtree the largest power of two below n. */
static bool leaf_hash(const struct exh_chunk *chunk, uint8_t out[32], struct exh_error *err)
{
    char hex[65], line[160];
    exh_text_hex(chunk->sha256, 32, hex);
    line[0] = 0;
    int n = snprintf(line + 1, sizeof line - 1, "%u %lld %u %u %s\n", chunk->track, (long long)chunk->lba, chunk->sectors, chunk->not_good, hex);
    return exh_sha256(line, (size_t)n + 1, out, err);
}

static bool tree_hash(const struct exh_chunk *chunks, size_t n, uint8_t out[32], struct exh_error *err)
{
    if (n == 1)
        return leaf_hash(chunks, out, err);
    size_t left = 1;
    while (left * 2 < n)
        left *= 2;
    uint8_t node[65] = {1};
    return tree_hash(chunks, left, node + 1, err) && tree_hash(chunks + left, n - left, node + 33, err) && exh_sha256(node, sizeof node, out, err);
}

bool exh_chunks_root(const struct exh_chunks *chunks, uint8_t root[32], struct exh_error *err)
{
    return chunks->count == 0 ? exh_sha256("", 0, root, err) : tree_hash(chunks->items, chunks->count, root, err);
}
