/* track_digests.c - digests of each track of a disc. See track_digests.h.
 *
 * Four streams run through each algorithm: main (every track from INDEX 01), whole (tracks with a stored pregap, whose value where INDEX 01 comes is
 * the pregap's), user and sub. One running digest per algorithm and stream is reset from track to track; its values are kept in a table. */
#include "verify/track_digests.h"

#include <stdlib.h>

#include "formats/optical/msf.h"
#include "formats/optical/sector.h"
#include "verify/digest.h"

enum stream { STREAM_MAIN, STREAM_WHOLE, STREAM_USER, STREAM_SUB, STREAM_COUNT };

/* One algorithm over one stream. */
struct hasher {
    struct exh_digest *digest;
    enum stream stream;
    size_t algorithm;
    uint32_t track;    /* index of the one under way; track_count: none yet */
    uint64_t position; /* sectors of it that came */
    uint64_t not_good;
};

/* Some hashers, one after the other, on one thread at a time. */
struct lane {
    struct exh_consumer consumer;
    struct exh_track_digests *all;
    size_t number;
};

struct exh_track_digests {
    struct exh_track tracks[EXH_LAYOUT_TRACKS_MAX];
    uint32_t track_count;
    bool main_is_media; /* one track without a stored pregap: its digest is that of the media stream */
    struct hasher *hashers;
    size_t hasher_count, algorithm_count, lane_count;
    char (*names)[24];
    struct lane *lanes;
    struct exh_digest_value *results; /* by track, part, algorithm; length 0: none came */
};

/* ---- scopes ---- */

static const char *const part_names[EXH_PART_COUNT] = {"raw", "user", "stored", "sub", "pregap", "whole"};

const char *exh_track_part_name(enum exh_track_part part) { return part_names[part]; }

enum exh_track_part exh_track_main_part(const struct exh_track *track)
{
    if (track->kind != EXH_TRACK_BLOCKS && track->main_bytes == EXH_CD_MAIN_BYTES)
        return EXH_PART_RAW;
    return track->kind != EXH_TRACK_BLOCKS && track->main_bytes == 2336 ? EXH_PART_STORED : EXH_PART_USER;
}

bool exh_track_has_part(const struct exh_track *track, enum exh_track_part part)
{
    switch (part) {
    case EXH_PART_USER: return track->kind != EXH_TRACK_AUDIO || exh_track_main_part(track) == EXH_PART_USER;
    case EXH_PART_SUB: return track->sub_bytes > 0;
    case EXH_PART_PREGAP:
    case EXH_PART_WHOLE: return track->stored_pregap > 0;
    case EXH_PART_RAW:
    case EXH_PART_STORED: break;
    }
    return part == exh_track_main_part(track);
}

int64_t exh_track_part_place(const struct exh_track *track, enum exh_track_part part, uint64_t *sectors)
{
    bool from_first = part == EXH_PART_PREGAP || part == EXH_PART_WHOLE;
    *sectors = part == EXH_PART_PREGAP ? track->stored_pregap : from_first ? track->sectors : track->sectors - track->stored_pregap;
    return from_first ? track->first : exh_track_start(track);
}

void exh_track_scope(unsigned number, enum exh_track_part part, char out[32]) { (void)snprintf(out, 32, "track:%u/%s", number, part_names[part]); }

bool exh_scope_track(const char *scope, unsigned *number, enum exh_track_part *part)
{
    unsigned n = 0;
    const char *p = scope + 6;
    if (strncmp(scope, "track:", 6) != 0)
        return false;
    for (; *p >= '0' && *p <= '9' && n <= 99; p++)
        n = n * 10 + (unsigned)(*p - '0');
    for (int i = 0; i < EXH_PART_COUNT; i++)
        if (*p == '/' && strcmp(p + 1, part_names[i]) == 0 && n >= 1 && n <= 99) {
            *number = n;
            *part = (enum exh_track_part)i;
            return true;
        }
    return false;
}

static bool in_stream(const struct exh_track_digests *all, const struct exh_track *t, enum stream stream)
{
    switch (stream) {
    case STREAM_MAIN: return !all->main_is_media;
    case STREAM_WHOLE: return exh_track_has_part(t, EXH_PART_WHOLE);
    case STREAM_USER: return exh_track_has_part(t, EXH_PART_USER) && exh_track_main_part(t) != EXH_PART_USER;
    case STREAM_SUB: return exh_track_has_part(t, EXH_PART_SUB);
    case STREAM_COUNT: break;
    }
    return false;
}

static enum exh_track_part part_of(const struct exh_track *t, enum stream stream)
{
    static const enum exh_track_part parts[STREAM_COUNT] = {EXH_PART_RAW, EXH_PART_WHOLE, EXH_PART_USER, EXH_PART_SUB};
    return stream == STREAM_MAIN ? exh_track_main_part(t) : parts[stream];
}

static struct exh_digest_value *result_of(const struct exh_track_digests *all, uint32_t track, enum exh_track_part part, size_t algorithm)
{
    return &all->results[((size_t)track * EXH_PART_COUNT + part) * all->algorithm_count + algorithm];
}

/* ---- what comes by ---- */

static bool keep(struct exh_track_digests *all, const struct hasher *h, enum exh_track_part part, struct exh_error *err)
{
    struct exh_digest_value *value = result_of(all, h->track, part, h->algorithm);
    exh_track_scope(all->tracks[h->track].number, part, value->scope);
    value->not_good = h->not_good;
    return exh_digest_value(h->digest, value, err);
}

static bool close_track(struct exh_track_digests *all, struct hasher *h, struct exh_error *err)
{
    if (h->track == all->track_count)
        return true;
    bool ok = keep(all, h, part_of(&all->tracks[h->track], h->stream), err);
    h->track = all->track_count;
    return ok;
}

static bool begin_track(struct exh_track_digests *all, struct hasher *h, unsigned number, struct exh_error *err)
{
    if (h->track < all->track_count && all->tracks[h->track].number == number)
        return true;
    if (!close_track(all, h, err) || !exh_digest_reset(h->digest, err))
        return false;
    for (h->track = 0; h->track < all->track_count && all->tracks[h->track].number != number; h->track++)
        ;
    h->position = h->not_good = 0;
    return h->track < all->track_count || exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block of track %u, which the disc has not", number);
}

/* Sectors [from, to) of the block. */
static bool add_main(struct hasher *h, const struct exh_block *block, uint32_t from, uint32_t to, struct exh_error *err)
{
    size_t length = (size_t)exh_track_bytes(block->track, block->lba + from, to - from);
    for (uint32_t i = from; block->bad > 0 && i < to; i++)
        h->not_good += block->state[i] != EXH_GOOD;
    return from == to || exh_digest_add(h->digest, block->main + (size_t)from * block->track->main_bytes, length, err);
}

static bool add_user(struct hasher *h, const struct exh_track *t, const struct exh_block *block, uint32_t from, struct exh_error *err)
{
    for (uint32_t i = from; i < block->count; i++) {
        const uint8_t *sector = block->main + (size_t)i * block->track->main_bytes;
        uint32_t length, at = exh_sector_user(sector, t->main_bytes, t->kind, &length);
        h->not_good += block->state[i] != EXH_GOOD;
        if (!exh_digest_add(h->digest, sector + at, length, err))
            return false;
    }
    return true;
}

/* Where a part comes back from a format that keeps no subchannel, zeros stand for it and count as not good. */
static bool add_sub(struct hasher *h, const struct exh_track *t, const struct exh_block *block, uint32_t from, struct exh_error *err)
{
    static const uint8_t nothing[EXH_CD_SUB_BYTES];
    for (uint32_t i = from; i < block->count; i++) {
        bool there = block->track->sub_bytes == t->sub_bytes;
        h->not_good += !there || block->sub_state[i] != EXH_GOOD;
        if (!exh_digest_add(h->digest, there ? block->sub + (size_t)i * t->sub_bytes : nothing, t->sub_bytes, err))
            return false;
    }
    return true;
}

static bool add_whole(struct exh_track_digests *all, struct hasher *h, const struct exh_block *block, uint32_t from, struct exh_error *err)
{
    bool turns = h->position + from == all->tracks[h->track].stored_pregap && from > 0; /* INDEX 01 comes behind these */
    return add_main(h, block, 0, from, err) && (!turns || keep(all, h, EXH_PART_PREGAP, err)) && add_main(h, block, from, block->count, err);
}

static bool hash_block(struct exh_track_digests *all, struct hasher *h, const struct exh_block *block, struct exh_error *err)
{
    if (!begin_track(all, h, block->track->number, err))
        return false;
    const struct exh_track *t = &all->tracks[h->track];
    if (!in_stream(all, t, h->stream)) {
        h->track = all->track_count;
        return true;
    }
    uint64_t before = h->position < t->stored_pregap ? t->stored_pregap - h->position : 0;
    uint32_t from = before < block->count ? (uint32_t)before : block->count; /* the first sector that is not of the pregap */
    bool ok = h->stream == STREAM_WHOLE  ? add_whole(all, h, block, from, err)
              : h->stream == STREAM_USER ? add_user(h, t, block, from, err)
              : h->stream == STREAM_SUB  ? add_sub(h, t, block, from, err)
                                         : add_main(h, block, from, block->count, err);
    h->position += block->count;
    return ok;
}

static bool lane_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    struct lane *lane = (struct lane *)consumer;
    for (size_t i = lane->number; i < lane->all->hasher_count; i += lane->all->lane_count)
        if (!hash_block(lane->all, &lane->all->hashers[i], block, err))
            return false;
    return true;
}

static bool lane_finish(struct exh_consumer *consumer, struct exh_error *err)
{
    struct lane *lane = (struct lane *)consumer;
    for (size_t i = lane->number; i < lane->all->hasher_count; i += lane->all->lane_count)
        if (!close_track(lane->all, &lane->all->hashers[i], err))
            return false;
    return true;
}

static const struct exh_consumer_ops lane_ops = {.take = lane_take, .finish = lane_finish};

/* ---- opening ---- */

/* The algorithms under the names they are known by, each once. */
static bool name_algorithms(struct exh_track_digests *all, const char *const *algorithms, size_t count, struct exh_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct exh_digest *digest = exh_digest_new(algorithms[i], err);
        if (digest == NULL)
            return false;
        size_t k = 0;
        while (k < all->algorithm_count && strcmp(all->names[k], exh_digest_name(digest)) != 0)
            k++;
        if (k == all->algorithm_count)
            (void)snprintf(all->names[all->algorithm_count++], sizeof all->names[0], "%s", exh_digest_name(digest));
        exh_digest_close(digest);
    }
    return true;
}

static bool add_hashers(struct exh_track_digests *all, enum stream stream, struct exh_error *err)
{
    bool any = false;
    for (uint32_t t = 0; t < all->track_count; t++)
        any = any || in_stream(all, &all->tracks[t], stream);
    for (size_t a = 0; any && a < all->algorithm_count; a++) {
        struct hasher *h = &all->hashers[all->hasher_count++];
        *h = (struct hasher){.stream = stream, .algorithm = a, .track = all->track_count};
        if ((h->digest = exh_digest_new(all->names[a], err)) == NULL)
            return false;
    }
    return true;
}

static bool open_all(struct exh_track_digests *all, const char *const *algorithms, size_t count, size_t room, struct exh_error *err)
{
    all->names = calloc(count + 1, sizeof *all->names);
    all->hashers = calloc(count * STREAM_COUNT + 1, sizeof *all->hashers);
    all->lanes = calloc(room, sizeof *all->lanes);
    if (all->names == NULL || all->hashers == NULL || all->lanes == NULL)
        return exh_nomem(err, "digests of tracks");
    if (!name_algorithms(all, algorithms, count, err))
        return false;
    for (int s = 0; s < STREAM_COUNT; s++)
        if (!add_hashers(all, (enum stream)s, err))
            return false;
    all->results = calloc((size_t)all->track_count * EXH_PART_COUNT * all->algorithm_count + 1, sizeof *all->results);
    if (all->results == NULL)
        return exh_nomem(err, "digests of tracks");
    all->lane_count = all->hasher_count < room ? all->hasher_count : room;
    for (size_t i = 0; i < all->lane_count; i++)
        all->lanes[i] = (struct lane){{&lane_ops}, all, i};
    return true;
}

struct exh_track_digests *exh_track_digests_new(const struct exh_layout *layout, const char *const *algorithms, size_t algorithm_count, size_t room,
                                                struct exh_error *err)
{
    struct exh_track_digests *all = calloc(1, sizeof *all);
    if (all == NULL) {
        (void)exh_nomem(err, "digests of tracks");
        return NULL;
    }
    all->track_count = layout->track_count;
    memcpy(all->tracks, layout->tracks, layout->track_count * sizeof layout->tracks[0]);
    all->main_is_media = layout->track_count == 1 && layout->tracks[0].stored_pregap == 0;
    if (open_all(all, algorithms, algorithm_count, room > 0 ? room : 1, err))
        return all;
    exh_track_digests_close(all);
    return NULL;
}

size_t exh_track_digests_consumers(struct exh_track_digests *digests, struct exh_consumer **out, size_t room)
{
    size_t n = 0;
    for (; n < digests->lane_count && n < room; n++)
        out[n] = &digests->lanes[n].consumer;
    return n;
}

/* ---- what came of it ---- */

/* The digest of the media stream under the track's own name. */
static bool add_copy(const struct exh_track_digests *all, enum exh_track_part part, size_t algorithm, struct exh_digests *out, struct exh_error *err)
{
    const struct exh_digest_value *media = exh_digests_find(out, "media", all->names[algorithm]);
    if (media == NULL)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "no %s of the media stream", all->names[algorithm]);
    struct exh_digest_value value = *media;
    exh_track_scope(all->tracks[0].number, part, value.scope);
    return exh_digests_add(out, &value, err);
}

/* A track of which no sector came has the digest of nothing. */
static bool add_empty(const struct exh_track_digests *all, uint32_t track, enum exh_track_part part, size_t algorithm, struct exh_digests *out,
                      struct exh_error *err)
{
    struct exh_digest_value value = {0};
    struct exh_digest *digest = exh_digest_new(all->names[algorithm], err);
    exh_track_scope(all->tracks[track].number, part, value.scope);
    bool ok = digest != NULL && exh_digest_value(digest, &value, err) && exh_digests_add(out, &value, err);
    exh_digest_close(digest);
    return ok;
}

bool exh_track_digests_result(const struct exh_track_digests *digests, struct exh_digests *out, struct exh_error *err)
{
    for (uint32_t t = 0; t < digests->track_count; t++)
        for (int p = 0; p < EXH_PART_COUNT; p++) {
            enum exh_track_part part = (enum exh_track_part)p;
            bool has = exh_track_has_part(&digests->tracks[t], part),
                 copy = digests->main_is_media && part == exh_track_main_part(&digests->tracks[t]);
            for (size_t a = 0; has && a < digests->algorithm_count; a++) {
                const struct exh_digest_value *value = result_of(digests, t, part, a);
                if (!(copy                ? add_copy(digests, part, a, out, err)
                      : value->length > 0 ? exh_digests_add(out, value, err)
                                          : add_empty(digests, t, part, a, out, err)))
                    return false;
            }
        }
    return true;
}

void exh_track_digests_close(struct exh_track_digests *digests)
{
    if (digests == NULL)
        return;
    for (size_t i = 0; digests->hashers != NULL && i < digests->hasher_count; i++)
        exh_digest_close(digests->hashers[i].digest);
    free(digests->hashers);
    free(digests->names);
    free(digests->lanes);
    free(digests->results);
    free(digests);
}
