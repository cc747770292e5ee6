/* disc_lab.h - discs made in memory for tests: the same seed gives the same user data in every form a track can be stored in. */
#ifndef EXH_TESTS_DISC_LAB_H
#define EXH_TESTS_DISC_LAB_H

#include <stdlib.h>

#include "formats/optical/msf.h"
#include "formats/optical/sector.h"
#include "formats/optical/stored_disc.h"
#include "formats/optical/subchannel.h"

#define LAB_TRACKS 8u

struct lab_track {
    enum exh_track_kind kind;
    uint32_t main_bytes, sectors /* from INDEX 01 on */, pregap /* stored before */;
    uint32_t seed;
    bool sub;
    unsigned gap; /* sectors in no file before it */
};

struct lab_disc {
    struct exh_medium *medium;
    struct exh_layout layout; /* as built */
    uint8_t *main[LAB_TRACKS], *sub[LAB_TRACKS];
    size_t main_bytes[LAB_TRACKS];
};

static inline void lab_noise(uint8_t *out, size_t length, uint64_t seed)
{
    uint64_t x = seed * 0x9E3779B97F4A7C15u + 1;
    for (size_t i = 0; i < length; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        out[i] = (uint8_t)(x >> 32);
    }
}

/* The nth sector from INDEX 01 (negative: before it). */
static inline void lab_sector(const struct lab_track *t, int64_t nth, int64_t lba, uint8_t *out)
{
    uint8_t user[2352], whole[2352];
    lab_noise(user, sizeof user, (uint64_t)t->seed << 32 | (uint32_t)(nth + 1000));
    if (t->kind == EXH_TRACK_MODE1)
        exh_sector_make_mode1(whole, user, lba);
    else if (t->kind == EXH_TRACK_MODE2)
        exh_sector_make_form(whole, user, 2048, lba);
    if (t->kind == EXH_TRACK_AUDIO || t->kind == EXH_TRACK_BLOCKS || t->main_bytes == 2048)
        memcpy(out, user, t->main_bytes);
    else
        memcpy(out, whole + (t->main_bytes == 2336 ? 16 : 0), t->main_bytes);
}

static inline void lab_sub(uint8_t control, uint8_t number, int64_t nth, int64_t lba, uint8_t *out)
{
    memset(out, 0, 96);
    memset(out, nth < 0 ? 0xFF : 0, 12);
    exh_q_make_position(out + EXH_SUB_Q, control, number, nth < 0 ? 0 : 1, nth, lba);
}

static inline void lab_file(struct exh_stored_disc *d, const void *bytes, size_t length, const char *name, uint32_t *index, struct exh_error *err)
{
    struct exh_source *source = exh_source_memory(bytes, length, name);
    if (source == NULL || !exh_stored_disc_file(d, source, name, index, err))
        abort();
}

/* Tracks numbered from 1, the first stored sector at `first`. */
static inline void lab_open(struct lab_disc *lab, const struct lab_track *tracks, uint32_t count, int64_t first)
{
    struct exh_error err;
    exh_error_clear(&err);
    memset(lab, 0, sizeof *lab);
    struct exh_stored_disc *d = exh_stored_disc_new("lab", &err);
    for (uint32_t i = 0; i < count; i++) {
        const struct lab_track *t = &tracks[i];
        uint32_t stored = t->sectors + t->pregap, index, main_file, sub_file = EXH_NO_FILE;
        uint8_t control = t->kind == EXH_TRACK_AUDIO ? 0 : EXH_CONTROL_DATA;
        char name[32];
        first += t->gap;
        lab->main_bytes[i] = (size_t)stored * t->main_bytes;
        lab->main[i] = malloc(lab->main_bytes[i]);
        lab->sub[i] = malloc((size_t)stored * 96);
        for (uint32_t k = 0; k < stored; k++) {
            lab_sector(t, (int64_t)k - t->pregap, first + k, lab->main[i] + (size_t)k * t->main_bytes);
            lab_sub(control, (uint8_t)(i + 1), (int64_t)k - t->pregap, first + k, lab->sub[i] + (size_t)k * 96);
        }
        (void)snprintf(name, sizeof name, "lab (Track %u).bin", i + 1);
        lab_file(d, lab->main[i], lab->main_bytes[i], name, &main_file, &err);
        if (t->sub)
            lab_file(d, lab->sub[i], (size_t)stored * 96, "lab.sub", &sub_file, &err);
        struct exh_track track = {.number = (uint8_t)(i + 1),
                                  .session = 1,
                                  .control = control,
                                  .kind = t->kind,
                                  .first = first,
                                  .sectors = stored,
                                  .main_bytes = t->main_bytes,
                                  .sub_bytes = t->sub ? 96 : 0,
                                  .stored_pregap = t->pregap,
                                  .pregap = t->pregap};
        struct exh_stretch stretch = {.track = i,
                                      .lba = first,
                                      .sectors = stored,
                                      .file = main_file,
                                      .stride = t->main_bytes,
                                      .sub = t->sub ? EXH_SUB_LINEAR : EXH_SUB_NONE,
                                      .sub_file = sub_file,
                                      .sub_stride = 96};
        if (!exh_stored_disc_track(d, &track, &index, &err) || !exh_stored_disc_stretch(d, &stretch, &err))
            abort();
        first += stored;
    }
    lab->medium = exh_stored_disc_finish(d, &err);
    if (lab->medium == NULL)
        abort();
    lab->layout = *lab->medium->layout;
}

static inline void lab_close(struct lab_disc *lab)
{
    exh_medium_close(lab->medium);
    for (uint32_t i = 0; i < LAB_TRACKS; i++) {
        free(lab->main[i]);
        free(lab->sub[i]);
    }
}

/* Where the nth sector from INDEX 01 of a track (counted from 1) lies. */
static inline uint8_t *lab_at(struct lab_disc *lab, unsigned track, int64_t nth)
{
    const struct exh_track *t = &lab->layout.tracks[track - 1];
    return lab->main[track - 1] + (size_t)(nth + t->stored_pregap) * t->main_bytes;
}

#endif
