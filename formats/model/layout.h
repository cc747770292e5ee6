/* layout.h - sessions and tracks of a medium; one track for a disk.
 *
 * Immutable once a medium is open. LBAs are absolute and signed (a disc's pregap lies below 0, ECMA-130 / MMC).
 * Sectors may be EXH_SECTORS_UNKNOWN in a layout that was only declared (standard input).
 * The media stream is the main channel of all stored tracks in LBA order, valid bytes only.
 * A track's stored sectors may begin with its pregap (INDEX 00 to INDEX 01); what a track says of itself begins at INDEX 01. What no track holds
 * (MCN, CD-TEXT, further indexes, lead-outs) is in `disc`. */
#ifndef EXH_FORMATS_MODEL_LAYOUT_H
#define EXH_FORMATS_MODEL_LAYOUT_H

#include <stddef.h>

#include "formats/model/error.h"

#define EXH_SECTORS_UNKNOWN UINT64_MAX
#define EXH_SECTOR_BYTES_MAX 65536u /* no medium has larger logical sectors (4Kn disks 4096, raw CD + sub 2448) */
#define EXH_LAYOUT_TRACKS_MAX 99u   /* two BCD digits in Q, MMC */
#define EXH_MEDIA_BYTES_MAX (1ULL << 62)

enum exh_layout_kind { EXH_LAYOUT_DISK, EXH_LAYOUT_DISC };
/* BLOCKS: sectors without a frame (disks, DVD, BD, files). The rest name a CD track's form as stored. */
enum exh_track_kind { EXH_TRACK_BLOCKS, EXH_TRACK_AUDIO, EXH_TRACK_MODE1, EXH_TRACK_MODE2, EXH_TRACK_MODE0 };

/* CONTROL of Q (MMC, 4 bits). */
enum exh_control { EXH_CONTROL_PRE_EMPHASIS = 1, EXH_CONTROL_COPY = 2, EXH_CONTROL_DATA = 4, EXH_CONTROL_FOUR_CHANNEL = 8 };

struct exh_track {
    uint8_t number, session, control; /* 1 and 1 on a disk; control bits of Q on a CD */
    enum exh_track_kind kind;
    int64_t first;          /* LBA of the first stored sector */
    uint64_t sectors;       /* stored sectors, or EXH_SECTORS_UNKNOWN */
    uint32_t main_bytes;    /* bytes of a sector's main channel */
    uint32_t sub_bytes;     /* bytes of its subchannel, 0 = none */
    uint32_t tail_bytes;    /* valid bytes of the last sector, 0 = all */
    uint32_t stored_pregap; /* so many of the stored sectors lie before INDEX 01 */
    uint32_t pregap;        /* sectors from INDEX 00 to INDEX 01, stored or not: at least stored_pregap. Track 1's usual 150 are not counted */
    uint32_t postgap;       /* silence behind the track that is not stored */
    char isrc[13];          /* "" = none */
};

struct exh_disc; /* disc.h */

struct exh_layout {
    enum exh_layout_kind kind;
    const struct exh_disc *disc; /* NULL: nothing more is known. Borrowed from the medium whose layout this is (or was copied from) */
    uint32_t track_count;
    struct exh_track tracks[EXH_LAYOUT_TRACKS_MAX];
};

/* A disk of one track that holds `bytes` in sectors of `sector_bytes`; bytes may be EXH_SECTORS_UNKNOWN. */
void exh_layout_disk(struct exh_layout *out, uint64_t bytes, uint32_t sector_bytes);
/* The one validator: numbers ascending, ranges disjoint and in order, sizes within the bounds above. */
EXH_MUST_CHECK bool exh_layout_check(const struct exh_layout *layout, struct exh_error *err);
/* Bytes of the media stream, or EXH_SECTORS_UNKNOWN; sectors likewise. */
uint64_t exh_layout_bytes(const struct exh_layout *layout);
uint64_t exh_layout_sectors(const struct exh_layout *layout);
/* The main bytes of the largest: chunks that are so many sectors long are in no track larger than they were asked to be. */
uint32_t exh_layout_largest_sector(const struct exh_layout *layout);
/* Valid main-channel bytes of `count` sectors from `lba` on in this track: only the track's last sector can be short. */
uint64_t exh_track_bytes(const struct exh_track *track, int64_t lba, uint64_t count);
/* How many stored sectors of the media stream lie before this LBA; and the LBA of the nth of them (the end of the last track behind the last). */
uint64_t exh_layout_sectors_before(const struct exh_layout *layout, int64_t lba);
int64_t exh_layout_nth_sector(const struct exh_layout *layout, uint64_t n);
/* LBA of INDEX 01. */
static inline int64_t exh_track_start(const struct exh_track *track) { return track->first + (int64_t)track->stored_pregap; }
/* The track of this number, or NULL. */
const struct exh_track *exh_layout_track(const struct exh_layout *layout, unsigned number);
/* The track that stores this LBA, with the sectors it has from there on in *left; or NULL. */
const struct exh_track *exh_layout_track_at(const struct exh_layout *layout, int64_t lba, uint64_t *left);
const char *exh_track_mode(const struct exh_track *track); /* "BLOCKS/512", "MODE1/2352", "AUDIO": static text for the usual sizes */

#endif
