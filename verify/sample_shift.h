/* sample_shift.h - is an audio track the same as another, some samples later or earlier? Drives and burners have offsets, so the same music rarely
 * comes back at the same sample. */
#ifndef EXH_VERIFY_SAMPLE_SHIFT_H
#define EXH_VERIFY_SAMPLE_SHIFT_H

#include "verify/disc_side.h"

#define EXH_SHIFT_MAX 5880 /* samples either way: ten sectors, more than any drive's and burner's offsets together */

/* Samples that one track has and the other, shifted, has not. */
struct exh_shift_margin {
    uint64_t head, tail; /* at the track's begin and end */
    bool silent;         /* all of them are zeros */
};

struct exh_sample_shift {
    bool found;
    int32_t shift;              /* sample i here is sample i + shift there */
    uint64_t sectors;           /* overlapping, whole or in part, counted here */
    uint64_t different_sectors; /* of those; 0: identical after the shift */
    struct exh_shift_margin here, there;
};

/* Two audio tracks of 2352 bytes per sector from INDEX 01 on. Found only where at least three quarters of the sectors are equal after the shift; a
 * shift of 0 is no shift, and not found. Linear in their length: a bounded number of shifts is tried. */
EXH_MUST_CHECK bool exh_sample_shift_find(struct exh_disc_side *here, const struct exh_track *track, struct exh_disc_side *there,
                                          const struct exh_track *other, struct exh_sample_shift *out, struct exh_error *err);

#endif
