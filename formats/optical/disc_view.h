/* disc_view.h - a disc in another shape: one of its tracks, its user data, its sectors framed, its bytes as blocks.
 *
 * Media over a medium, like those of view.h: each borrows the one beneath, which must outlive it, and is concurrent when that one is. Sectors keep
 * their states; where sectors are joined or cut, a part has the state of its whole. What the medium beneath says is unreadable goes along in the
 * view's seal; its digests do not, they speak of other bytes. NULL and err on failure: EXH_USAGE for a medium that has not the shape. */
#ifndef EXH_FORMATS_OPTICAL_DISC_VIEW_H
#define EXH_FORMATS_OPTICAL_DISC_VIEW_H

#include "formats/model/medium.h"

/* How a track is taken. Without any: from INDEX 01 on, at its LBA. */
#define EXH_VIEW_PREGAP 1u    /* its stored pregap, too */
#define EXH_VIEW_FROM_ZERO 2u /* INDEX 01 is LBA 0, as in an image of this track alone */
#define EXH_VIEW_NO_SUB 4u    /* without its subchannel: the Q of a track that moves speaks of another place */

/* One track of a disc as a medium of its own, with subchannel, ISRC and its further indexes; MCN and CD-TEXT only where it is the only track. */
struct exh_medium *exh_view_track(struct exh_medium *of, unsigned number, unsigned how, struct exh_error *err);

/* The user data of a medium of one data track stored as 2352 or 2336 bytes, 2048 bytes a sector, without subchannel. A read that meets a sector
 * with another length of user data (Form 2, formless Mode 2, Mode 0) fails with EXH_UNSUPPORTED and names its LBA: exh_user_data_survey tells
 * before. */
struct exh_medium *exh_view_user(struct exh_medium *of, struct exh_error *err);

/* Every data track of 2048, 2324 or 2336 bytes a sector as 2352; what is 2352 already (audio) passes. Sync, header, EDC and parities, and of XA user
 * data the subheader, are generated: a derived copy. A track of blocks (ISO) becomes Mode 1. A sector that could not be read stays zeros. */
struct exh_medium *exh_view_framed(struct exh_medium *of, struct exh_error *err);

/* The same bytes of a medium of one track as blocks of a disk, from LBA 0, `bytes` each: as large as its sectors, or a part of one (2048 -> 512). */
struct exh_medium *exh_view_blocks(struct exh_medium *of, uint32_t bytes, struct exh_error *err);

enum exh_user_data {
    EXH_USER_WHOLE,    /* 2048 bytes, and the rest of the sector is what would be generated around them */
    EXH_USER_MORE,     /* 2048 bytes, and the sector holds more: another address, a subheader, other EDC or parities */
    EXH_USER_UNFITTING /* no sector of 2048 bytes user data */
};
/* What is lost of this sector, as stored in track->main_bytes, when only its user data are kept. Pure. */
enum exh_user_data exh_user_data_of(const uint8_t *sector, const struct exh_track *track, int64_t lba);

#endif
