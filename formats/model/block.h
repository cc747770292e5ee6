/* block.h - a run of sectors on its way: data, and one state per sector.
 *
 * A block never crosses a track. `main` holds count * main_bytes bytes, `state` count bytes. Sectors whose state is below
 * SUSPECT read as zeros: the core sees to it. Buffers belong to the block's holder (the ring) and are reused. */
#ifndef EXH_FORMATS_MODEL_BLOCK_H
#define EXH_FORMATS_MODEL_BLOCK_H

#include "formats/model/layout.h"
#include "formats/model/sectors.h"

/* ZERO: stored as "all zeros"; UNALLOCATED: not stored at all. In both `main` is zeros and every state GOOD. */
enum exh_block_kind { EXH_BLOCK_DATA, EXH_BLOCK_ZERO, EXH_BLOCK_UNALLOCATED };

struct exh_medium;

struct exh_block {
    const struct exh_track *track;
    int64_t lba;
    uint32_t count;
    uint32_t bad; /* sectors that are not GOOD, counted by the core */
    enum exh_block_kind kind;
    uint64_t ticket; /* 0, 1, 2, ... in the order the route asked */
    uint8_t pass;    /* of the want */
    uint32_t micros; /* how long the device took for it; 0: not told */
    uint8_t *main;   /* 4096-aligned, so that a device can read into it directly */
    uint8_t *sub;    /* sub_bytes per sector; of a track without subchannel, or when it was not wanted, it means nothing */
    uint8_t *state, *sub_state;
    uint32_t room_sectors; /* how many sectors of room_bytes fit */
    uint32_t room_bytes;
    bool main_is_zero;         /* the buffer is known to hold only zeros (saves clearing it again) */
    struct exh_medium *lender; /* whose memory `main` is; NULL: the block's own */
};

/* Buffers for `sectors` sectors of `main_bytes` (+ sub_bytes). */
EXH_MUST_CHECK bool exh_block_open(struct exh_block *out, uint32_t sectors, uint32_t main_bytes, uint32_t sub_bytes, struct exh_error *err);
/* The same, with `main` in memory that this medium reads into without a copy, where it has any left (medium.h, room). Closed before the medium. */
EXH_MUST_CHECK bool exh_block_open_in(struct exh_block *out, struct exh_medium *medium, uint32_t sectors, uint32_t main_bytes, uint32_t sub_bytes,
                                      struct exh_error *err);
void exh_block_close(struct exh_block *block);
/* Writes the pattern, repeated from each sector's first byte, over sectors that hold no data (state below SUSPECT). NULL or 0: zeros stay. */
void exh_block_fill(struct exh_block *block, const uint8_t *pattern, size_t length);
/* Lowers the count, and counts `bad` anew: a route withholds the block's end. */
void exh_block_cut(struct exh_block *block, uint32_t count);
/* Valid main bytes of the block: less than count * main_bytes only in the last sector of a medium with a short tail. */
uint64_t exh_block_bytes(const struct exh_block *block);

#endif
