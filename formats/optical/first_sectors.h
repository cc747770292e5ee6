/* first_sectors.h - what a track is by its own first sectors, for descriptors whose word for it cannot be believed (CCD's MODE, MDS's mode byte).
 * Looks at the sync pattern and the mode byte of sectors stored with 2352 bytes (ECMA-130, clause 14). */
#ifndef EXH_FORMATS_OPTICAL_FIRST_SECTORS_H
#define EXH_FORMATS_OPTICAL_FIRST_SECTORS_H

#include "formats/model/layout.h"
#include "formats/model/source.h"

enum exh_first_sectors {
    EXH_FIRST_UNREADABLE, /* none of them is there */
    EXH_FIRST_NO_SYNC,    /* audio, or data that lost their frame */
    EXH_FIRST_ODD,        /* sync, but no mode byte of 0 to 2: scrambled, or damaged */
    EXH_FIRST_MODE0,
    EXH_FIRST_MODE1,
    EXH_FIRST_MODE2
};

/* The first 16 of `sectors` sectors, `stride` bytes apart from `offset` on: the first with mode 1 or 2 decides. */
enum exh_first_sectors exh_first_sectors(struct exh_source *source, uint64_t offset, uint32_t stride, uint64_t sectors);
/* The kind of a track that was said to be `said`, with its first sectors known. They win where they say anything. */
enum exh_track_kind exh_first_sectors_kind(enum exh_first_sectors first, enum exh_track_kind said);
const char *exh_first_sectors_text(enum exh_first_sectors first); /* "are of mode 1": its first sectors ... */

#endif
