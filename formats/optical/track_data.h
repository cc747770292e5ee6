/* track_data.h - the user data of a disc's data track as a source of bytes, 2048 a sector: what a file system lies in. */
#ifndef EXH_FORMATS_OPTICAL_TRACK_DATA_H
#define EXH_FORMATS_OPTICAL_TRACK_DATA_H

#include "formats/model/medium.h"
#include "formats/model/source.h"

/* From INDEX 01 of the track to its end; of 2048, 2336 or 2352 bytes a sector. A sector that cannot be read, or holds other user data than 2048 bytes
 * (Form 2, Mode 0, a lost frame), fails with EXH_IO there. Borrows the medium, whose track it is. One thread. NULL: EXH_USAGE for a track of audio or
 * of another size, or no memory. */
struct exh_source *exh_track_data(struct exh_medium *medium, const struct exh_track *track, struct exh_error *err);

#endif
