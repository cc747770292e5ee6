/* disc_side.h - one of two discs that are held against each other: its sectors and samples, read a piece at a time. Internal to verify/.
 * Threads: one at a time. */
#ifndef EXH_VERIFY_DISC_SIDE_H
#define EXH_VERIFY_DISC_SIDE_H

#include "formats/model/medium.h"

#define EXH_SIDE_SECTORS 256u /* read at once */
#define EXH_SAMPLE_BYTES 4u   /* 16 bits, two channels */
#define EXH_SECTOR_SAMPLES 588u

struct exh_disc_side {
    struct exh_medium *medium;
    struct exh_scratch *scratch;
    struct exh_block block;
    struct exh_faults faults;
    bool with_sub; /* reads bring the subchannel too; false after open */
};

/* Borrows the medium. */
EXH_MUST_CHECK bool exh_disc_side_open(struct exh_disc_side *out, struct exh_medium *medium, struct exh_error *err);
/* Sectors of a track of that medium into side->block; count at most EXH_SIDE_SECTORS. */
EXH_MUST_CHECK bool exh_disc_side_read(struct exh_disc_side *side, const struct exh_track *track, int64_t lba, uint32_t count, struct exh_error *err);
/* Samples [first, first + count) of an audio track, counted from INDEX 01, all of them inside it; count at most 255 sectors' worth. What could not be
 * read is zeros. */
EXH_MUST_CHECK bool exh_disc_side_samples(struct exh_disc_side *side, const struct exh_track *track, uint64_t first, uint32_t count, uint8_t *out,
                                          struct exh_error *err);
void exh_disc_side_close(struct exh_disc_side *side);

#endif
