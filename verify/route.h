/* route.h - what to read next, and what came of it.
 * The default is ascending. The passes over failing media are another (acquire/). One thread at a time: the pipeline holds a lock. */
#ifndef EXH_VERIFY_ROUTE_H
#define EXH_VERIFY_ROUTE_H

#include "formats/model/medium.h"

struct exh_route;

struct exh_route_ops {
    bool (*next)(struct exh_route *, struct exh_want *out); /* false: nothing more to ask for now */
    /* What a read gave, before any consumer sees it; may be NULL. It may cut the block (exh_block_cut): what lies behind is withheld from the
     * consumers; a block cut to nothing is withheld whole. Only for media that are read one at a time. */
    void (*outcome)(struct exh_route *, struct exh_block *, const struct exh_faults *);
};

struct exh_route {
    const struct exh_route_ops *ops;
    uint64_t total_bytes; /* of the media stream it will cover, or EXH_SECTORS_UNKNOWN */
};

/* Every track of the layout once, ascending, in blocks of about `block_bytes`, aligned to unit_sectors from each track's first sector. */
struct exh_ascending {
    struct exh_route route; /* first */
    const struct exh_layout *layout;
    enum exh_effort effort;
    uint32_t block_bytes, unit_sectors;
    uint32_t track;
    int64_t lba;
};
void exh_route_ascending(struct exh_ascending *out, const struct exh_medium *medium, enum exh_effort effort, uint32_t block_bytes);

/* Several chunks side by side: runs of 8 MiB from each of EXH_LANES chunks in turn, so that their digests can be computed on as many processors.
 * For walks that need no ascending order. A block never crosses a chunk (or a track); a disk that must seek does so once in 8 MiB. */
#define EXH_LANES 4u
#define EXH_LANE_RUN_BYTES (8u << 20)

struct exh_lanes {
    struct exh_route route; /* first */
    const struct exh_layout *layout;
    enum exh_effort effort;
    uint32_t block_bytes, unit_sectors, chunk_sectors;
    uint32_t track;
    int64_t next_lba; /* of the first chunk that no lane has taken up */
    struct exh_lane {
        const struct exh_track *track;
        int64_t lba, end;
    } lanes[EXH_LANES], waiting; /* waiting: the chunk that comes next, while another one is in its lane */
    uint32_t turn;
    uint64_t run_left; /* bytes of the turn */
    struct exh_medium *medium;
    struct exh_scratch *scratch; /* the route's own; NULL scratch is for a medium that needs none */
    struct exh_sectors *holes;   /* NULL: every chunk is read */
    uint64_t hole_bytes;
};
void exh_route_lanes(struct exh_lanes *out, const struct exh_medium *medium, enum exh_effort effort, uint32_t block_bytes, uint32_t chunk_sectors);

/* Chunks that the medium says are holes from end to end (exh_medium_hole) are not asked for: they are marked in `holes` (as GOOD), and counted in
 * hole_bytes instead of total_bytes. The time a walk takes is then that of the data. Called before the first next; all are borrowed. */
void exh_route_lanes_skip(struct exh_lanes *lanes, struct exh_medium *medium, struct exh_scratch *scratch, struct exh_sectors *holes);

/* The first LBA behind the chunk that holds `lba`: chunks are aligned to absolute LBA 0, also below it (a disc's pregap). */
int64_t exh_chunk_end(int64_t lba, uint32_t chunk_sectors);
/* The lane of that chunk, 0 to EXH_LANES - 1: of those that are read beside each other no two have the same. */
uint32_t exh_chunk_lane(int64_t lba, uint32_t chunk_sectors);

#endif
