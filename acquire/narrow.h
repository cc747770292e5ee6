/* narrow.h - finds the unreadable sectors of a range that a large read could not get.
 *
 * It goes forward sector by sector. After EXH_NARROW_CALM good ones the reads grow again, so that a bad sector costs tens of reads and not one
 * for each sector of the block; growing from below, and not halving from above, keeps small the number of reads that touch the bad sector.
 * No sector is called bad that was not read alone. The medium is behind the callbacks; one thread at a time. */
#ifndef EXH_ACQUIRE_NARROW_H
#define EXH_ACQUIRE_NARROW_H

#include "formats/model/error.h"

#define EXH_NARROW_CALM 32u    /* so many good sectors behind a bad one, and reads grow again */
#define EXH_NARROW_BAD_RUN 16u /* so many bad sectors in a row, and the medium is asked whether it is still there (and at each doubling) */

struct exh_narrow {
    void *context;
    /* Reads `count` sectors from `pos` on, once; marks those that are good, and says how many from the first one on they are: a medium that cannot
     * tell a good prefix says 0. False: reading cannot go on. */
    bool (*attempt)(void *context, uint32_t pos, uint32_t count, uint32_t *good);
    /* `run` sectors in a row, the first at `pos`, were bad: is the medium still there? False: it is not, and reading cannot go on. Also asked
     * when the range ends in bad sectors, however few. NULL: not asked. */
    bool (*present)(void *context, uint32_t pos, uint32_t run);
    uint8_t *state; /* one per sector of the block: bad ones are marked EXH_BAD, nothing else is touched */
    uint32_t most;  /* sectors in one attempt; 0: no limit */
};

/* The sectors [pos, count) of the block. False as soon as a callback says so. */
EXH_MUST_CHECK bool exh_narrow(const struct exh_narrow *narrow, uint32_t pos, uint32_t count);

#endif
