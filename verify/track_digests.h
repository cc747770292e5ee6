/* track_digests.h - digests of each track of a disc, in one ascending walk over it. Part of a digest set (digest_set.h).
 *
 * Scopes: track:N/raw     sectors of 2352 bytes, from INDEX 01 to the end of the stored track
 *         track:N/user    the user data of the same sectors (exh_sector_user); not of audio. Of a track stored with other than 2352 or 2336 bytes per
 *                         sector they are all there is, and this is its only scope of that range
 *         track:N/stored  the same range of a track of 2336 bytes per sector, as stored
 *         track:N/sub     its subchannel, linear, 96 bytes per sector
 *         track:N/pregap  the stored pregap, as stored
 *         track:N/whole   stored pregap and track, as stored; both only where a pregap is stored
 * What is the same bytes is hashed once. Sectors that were not read count as not_good in each scope (for sub: those whose subchannel is not there).
 * Order is by place, not by LBA: the nth sector of a track that comes is its nth sector. */
#ifndef EXH_VERIFY_TRACK_DIGESTS_H
#define EXH_VERIFY_TRACK_DIGESTS_H

#include "formats/model/consumer.h"

struct exh_track_digests;

enum exh_track_part { EXH_PART_RAW, EXH_PART_USER, EXH_PART_STORED, EXH_PART_SUB, EXH_PART_PREGAP, EXH_PART_WHOLE };
#define EXH_PART_COUNT 6

/* "raw", "user", ... */
const char *exh_track_part_name(enum exh_track_part part);
/* Has this track of a disc that scope? */
bool exh_track_has_part(const struct exh_track *track, enum exh_track_part part);
/* The scope that holds the track's sectors from INDEX 01 on as they are stored: raw, stored or user. */
enum exh_track_part exh_track_main_part(const struct exh_track *track);
/* LBA of the scope's first sector, and how many it has. */
int64_t exh_track_part_place(const struct exh_track *track, enum exh_track_part part, uint64_t *sectors);
/* "track:3/raw" into out[32]. */
void exh_track_scope(unsigned number, enum exh_track_part part, char out[32]);
/* The other way; false when it is no scope of a track. */
bool exh_scope_track(const char *scope, unsigned *number, enum exh_track_part *part);

/* Copies what it needs of the layout. At most `room` consumers are used, at least one. NULL: err. */
struct exh_track_digests *exh_track_digests_new(const struct exh_layout *layout, const char *const *algorithms, size_t algorithm_count, size_t room,
                                                struct exh_error *err);
size_t exh_track_digests_consumers(struct exh_track_digests *digests, struct exh_consumer **out, size_t room);
/* After the run: appends them in order of track, scope and algorithm. `out` holds those of the media stream already (for a disc of one track whose
 * sectors are the media stream). */
EXH_MUST_CHECK bool exh_track_digests_result(const struct exh_track_digests *digests, struct exh_digests *out, struct exh_error *err);
void exh_track_digests_close(struct exh_track_digests *digests); /* NULL-safe */

#endif
