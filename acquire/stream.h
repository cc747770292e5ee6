/* stream.h - standard input (any descriptor read to its end) as a medium of unknown size.
 *
 * The medium is endless: it is read in order, block after block, until a block comes back with count 0. A block shorter than wanted is the
 * last with data; a last sector that is not full is filled with zeros. The size becomes known at the end of the stream: the layout of
 * the medium never changes, exh_stream_final() gives the final one, and the last block's `track` points to a track that knows its sectors
 * and tail_bytes, so that exh_block_bytes() is right for it too. That track is written once, before the block is handed out. */
#ifndef EXH_ACQUIRE_STREAM_H
#define EXH_ACQUIRE_STREAM_H

#include <stdatomic.h>

#include "formats/model/medium.h"

/* Borrows fd: it is not closed. While nothing comes, *cancel (may be NULL, borrowed) is looked at: a read then ends with EXH_CANCELLED.
 * NULL and err: EXH_USAGE for a sector size that is none. */
struct exh_medium *exh_stream_open(int fd, uint32_t sector_bytes, const atomic_bool *cancel, struct exh_error *err);
/* The layout with the size known, once a read gave a block shorter than wanted; before that, the declared one. */
void exh_stream_final(const struct exh_medium *medium, struct exh_layout *out);

#endif
