/* streaming.h - the first route over a medium that may fail: ascending, one attempt each, up to the first trouble.
 *
 * A medium that reads cleanly is done with it, and every consumer has seen every block once, in order. At the first read that fails (or is slower
 * than min_rate) the route ends; the block is cut to the part of its good prefix that fills whole units, and the passes take over behind it. */
#ifndef EXH_ACQUIRE_STREAMING_H
#define EXH_ACQUIRE_STREAMING_H

#include "acquire/map.h"
#include "verify/route.h"

struct exh_streaming {
    struct exh_route route; /* first */
    const struct exh_track *track;
    struct exh_map *map; /* gets what failed of the last block; borrowed */
    uint32_t block_sectors, unit_sectors;
    uint64_t min_rate;
    int64_t next;             /* asked for so far */
    int64_t delivered;        /* handed on to the consumers so far: all before it was good */
    bool stopped;             /* by trouble */
    struct exh_error failure; /* code OK unless the map could not be marked */
};

/* From `start` (an LBA of the track, at a unit) on; one track of known size. */
void exh_streaming_open(struct exh_streaming *out, const struct exh_medium *medium, struct exh_map *map, int64_t start, uint32_t block_bytes,
                        uint32_t unit_sectors, uint64_t min_rate);

#endif
