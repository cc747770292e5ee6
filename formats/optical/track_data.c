/* track_data.c - the user data of a data track as a source. See track_data.h.
 * Where they lie in a sector: ECMA-130 clause 14; CD-ROM XA, Form 1 behind a subheader of 8 bytes whose submode says which form it is. */
#include "formats/optical/track_data.h"

#include <stdlib.h>

#include "formats/model/bytes.h"

#define USER_BYTES 2048u
#define WINDOW_SECTORS 32u
#define SUBMODE_FORM2 0x20u

struct track_data {
    struct exh_source source;
    struct exh_medium *medium;
    const struct exh_track *track;
    struct exh_scratch *scratch;
    struct exh_block block; /* the sectors read last */
    struct exh_faults faults;
};

/* The 2048 bytes of user data, or NULL. */
static const uint8_t *user_of(const uint8_t *sector, const struct exh_track *track)
{
    if (track->main_bytes == USER_BYTES)
        return sector;
    if (track->main_bytes == 2336)
        return (sector[2] & SUBMODE_FORM2) == 0 ? sector + 8 : NULL;
    if (sector[15] == 1)
        return sector + 16;
    return sector[15] == 2 && (sector[18] & SUBMODE_FORM2) == 0 ? sector + 24 : NULL;
}

/* Brings this sector, counted from INDEX 01, into the block. */
static bool load(struct track_data *d, uint64_t sector, struct exh_error *err)
{
    int64_t lba = exh_track_start(d->track) + (int64_t)sector, end = d->track->first + (int64_t)d->track->sectors;
    struct exh_block *b = &d->block;
    if (b->count > 0 && lba >= b->lba && lba < b->lba + (int64_t)b->count)
        return true;
    uint32_t count = end - lba < (int64_t)WINDOW_SECTORS ? (uint32_t)(end - lba) : WINDOW_SECTORS;
    struct exh_want want = {.track = d->track, .lba = lba, .count = count, .effort = EXH_THOROUGH};
    d->faults.count = 0;
    b->count = 0;
    return exh_medium_read(d->medium, d->scratch, &want, b, &d->faults, err);
}

static size_t data_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    struct track_data *d = (struct track_data *)source;
    size_t done = 0;
    while (done < length) {
        uint64_t sector = (offset + done) / USER_BYTES;
        size_t inside = (size_t)((offset + done) % USER_BYTES), n = USER_BYTES - inside < length - done ? USER_BYTES - inside : length - done;
        if (!load(d, sector, err))
            break;
        uint32_t i = (uint32_t)(exh_track_start(d->track) + (int64_t)sector - d->block.lba);
        const uint8_t *user = d->block.state[i] >= EXH_SUSPECT ? user_of(d->block.main + (size_t)i * d->track->main_bytes, d->track) : NULL;
        if (user == NULL) {
            (void)exh_fail(err, EXH_IO, offset + done, "LBA %lld holds no 2048 bytes of user data that could be read", (long long)(d->block.lba + i));
            break;
        }
        memcpy((uint8_t *)buffer + done, user + inside, n);
        done += n;
    }
    return done;
}

static void data_close(struct exh_source *source)
{
    struct track_data *d = (struct track_data *)source;
    exh_faults_close(&d->faults);
    exh_block_close(&d->block);
    exh_scratch_close(d->scratch);
    free(d);
}

static const struct exh_source_ops data_ops = {.read = data_read, .close = data_close};

struct exh_source *exh_track_data(struct exh_medium *medium, const struct exh_track *track, struct exh_error *err)
{
    bool sized = track->main_bytes == USER_BYTES || (track->main_bytes == 2336 && track->kind == EXH_TRACK_MODE2) || track->main_bytes == 2352;
    if (track->kind == EXH_TRACK_AUDIO || track->kind == EXH_TRACK_MODE0 || !sized || track->sectors == EXH_SECTORS_UNKNOWN) {
        (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "track %u (%s) holds no user data of 2048 bytes", track->number, exh_track_mode(track));
        return NULL;
    }
    struct track_data *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "a track's data");
        return NULL;
    }
    *d = (struct track_data){
        .source = {&data_ops, (track->sectors - track->stored_pregap) * USER_BYTES, "user data"}, .medium = medium, .track = track};
    if (exh_medium_scratch(medium, &d->scratch, err) && exh_block_open(&d->block, WINDOW_SECTORS, track->main_bytes, track->sub_bytes, err)) {
        d->block.count = 0;
        return &d->source;
    }
    data_close(&d->source);
    return NULL;
}
