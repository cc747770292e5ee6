/* trouble.h - the sectors that gave trouble: how often each was tried alone and failed, and with what words.
 *
 * Only reads of a single sector are noted: a failed larger read accuses none of its sectors. Neighbours of the same fate are one entry.
 * One thread at a time. */
#ifndef EXH_ACQUIRE_TROUBLE_H
#define EXH_ACQUIRE_TROUBLE_H

#include "formats/model/medium.h"

#define EXH_TROUBLE_MAX (1u << 20) /* entries; beyond that only their number is known */

struct exh_trouble_entry {
    int64_t lba;
    uint64_t count;
    uint32_t attempts; /* of each sector */
    int sys;           /* of the last attempt */
    uint8_t sense[3];
    uint32_t milliseconds; /* the longest attempt */
};

struct exh_trouble {
    struct exh_trouble_entry *items; /* by LBA */
    size_t count, capacity;
    uint64_t left_out; /* faults that were not noted because the list was full */
};

EXH_MUST_CHECK bool exh_trouble_note(struct exh_trouble *trouble, const struct exh_fault *fault, struct exh_error *err);
/* Joins neighbours of the same fate. Call once, when all is noted. */
void exh_trouble_settle(struct exh_trouble *trouble);
/* Sectors noted that are not in `lost`: they failed and read later. */
uint64_t exh_trouble_recovered(const struct exh_trouble *trouble, const struct exh_sectors *lost);
EXH_MUST_CHECK bool exh_trouble_copy(struct exh_trouble *to, const struct exh_trouble *from, struct exh_error *err); /* to: zeroed */
void exh_trouble_close(struct exh_trouble *trouble);

#endif
