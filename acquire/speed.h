/* speed.h - how fast each part of the medium was read: at most EXH_SPEED_CELLS cells of equal size, the sectors read in each and the time it took.
 * One thread at a time. */
#ifndef EXH_ACQUIRE_SPEED_H
#define EXH_ACQUIRE_SPEED_H

#include "formats/model/block.h"

#define EXH_SPEED_CELLS 512u

struct exh_speed_cell {
    uint64_t sectors, micros;
};

struct exh_speed {
    uint64_t cell_sectors; /* 0: nothing is measured */
    struct exh_speed_cell cells[EXH_SPEED_CELLS];
};

void exh_speed_open(struct exh_speed *speed, uint64_t sectors);
/* A block as it was read; a block that does not tell its time is not counted. A block that crosses cells is shared out. */
void exh_speed_note(struct exh_speed *speed, const struct exh_block *block);
void exh_speed_add(struct exh_speed *speed, const struct exh_speed *more); /* of the same medium */

#endif
