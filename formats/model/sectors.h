/* sectors.h - what is known of a sector, and an ordered map from LBA ranges to it.
 *
 * States are ordered worst first, so that zeroed memory and sparse files mean "unread".
 * MISSING (the image lost it) is not BAD (the device could not read it): the two accuse different things.
 * The map is sorted, disjoint and coalesced; an LBA that no range covers has no entry. One thread at a time. */
#ifndef EXH_FORMATS_MODEL_SECTORS_H
#define EXH_FORMATS_MODEL_SECTORS_H

#include <stddef.h>

#include "formats/model/error.h"

enum exh_state {
    EXH_UNREAD = 0, /* not tried, or its read failed as part of a larger one */
    EXH_BAD,        /* the device could not read it (or the image's own list says so) */
    EXH_MISSING,    /* the image does not hold it, or what it holds fails its own checksum */
    EXH_SUSPECT,    /* read, with a doubt: C2, EDC */
    EXH_GOOD
};

const char *exh_state_name(enum exh_state state);

struct exh_range {
    int64_t lba;
    uint64_t count;
    enum exh_state state;
};

struct exh_sectors {
    struct exh_range *ranges;
    size_t count, capacity;
};

#define EXH_SECTORS_RANGES_MAX (1u << 22) /* 96 MiB of ranges: beyond that a medium is noise, not a list */

/* Gives [lba, lba + count) the state, whatever it had. count 0 changes nothing. */
EXH_MUST_CHECK bool exh_sectors_mark(struct exh_sectors *map, int64_t lba, uint64_t count, enum exh_state state, struct exh_error *err);
/* The first range that ends behind `lba` (so it covers lba or is the next one), or NULL. Borrowed until the next mark. */
const struct exh_range *exh_sectors_find(const struct exh_sectors *map, int64_t lba);
/* Cuts [lba, end) where the map's ranges begin and end: the end of its first part, and whether a range covers that part. For walks like
 * `for (; lba < end; lba = stop) stop = exh_sectors_part(map, lba, end, &inside);` */
int64_t exh_sectors_part(const struct exh_sectors *map, int64_t lba, int64_t end, bool *inside);
/* How many sectors have this state. */
uint64_t exh_sectors_total(const struct exh_sectors *map, enum exh_state state);
EXH_MUST_CHECK bool exh_sectors_copy(struct exh_sectors *to, const struct exh_sectors *from, struct exh_error *err);
bool exh_sectors_equal(const struct exh_sectors *a, const struct exh_sectors *b);
void exh_sectors_close(struct exh_sectors *map);

#endif
