/* compare_sub.h - a consumer that holds the subchannel of every sector against that of a second disc: P, Q, and R to W, each for itself.
 *
 * Sectors meet at the same LBA, in whatever track either side has there: Q names places on the disc, so the subchannel of a session or of music that
 * lies elsewhere is another one, and counted as such. What is told apart (IEC 60908, 17.5): Qs that both have a right CRC and differ; a Q that is
 * valid on one side only, be it a misread, of which every disc has some, or a frame that was made so (LibCrypt, SecuROM); Qs that differ and are
 * valid on neither; a side that stores none.
 *
 * The verdict is not touched. It is about the medium, which is the main channel: a subchannel that is the same is a finding "match", a difference
 * that both sides vouch for a "warning", as what two descriptors say differently is (structure.c), and what proves nothing, or could not be held
 * against anything, "not-compared". All of them have the check "subchannel" and the basis external.
 *
 * Memory does not grow with the discs: of each kind of difference and track the first ranges are kept, and all are counted. */
#ifndef EXH_VERIFY_COMPARE_SUB_H
#define EXH_VERIFY_COMPARE_SUB_H

#include "formats/model/consumer.h"

#define EXH_SUB_RANGES_MAX 32u /* kept of each kind and track: enough for the 16 or 32 frames of a protection */

enum exh_sub_kind {
    EXH_SUB_P_DIFFERS,
    EXH_SUB_Q_DIFFERS,     /* valid on both sides */
    EXH_SUB_Q_VALID_HERE,  /* its CRC fails there */
    EXH_SUB_Q_VALID_THERE, /* its CRC fails here */
    EXH_SUB_Q_NOT_VALID,   /* on either side, and the bytes differ */
    EXH_SUB_NO_Q_HERE,     /* zeros */
    EXH_SUB_NO_Q_THERE,
    EXH_SUB_RW_DIFFERS,
    EXH_SUB_KINDS
};

struct exh_sub_places {
    uint64_t count; /* sectors */
    struct {
        int64_t lba;
        uint64_t count;
    } ranges[EXH_SUB_RANGES_MAX]; /* the first of them, ascending */
    uint32_t range_count;
};

struct exh_sub_track {
    const struct exh_track *track; /* of the layout here */
    uint64_t compared, equal;      /* sectors whose subchannel both sides hold; those where all 96 bytes are the same */
    uint64_t unread_here;          /* stored on both sides, and not to be read here; there */
    uint64_t unread_there;
    uint64_t alone; /* the other side stores no subchannel at this LBA */
    struct exh_sub_places places[EXH_SUB_KINDS];
    uint64_t moved; /* of EXH_SUB_Q_DIFFERS: positions on both sides */
    int64_t shift;  /* LBA that Q names there minus the one it names here, of the first of them */
    bool one_shift; /* and of all others */
};

struct exh_sub_comparison {
    struct exh_sub_track tracks[EXH_LAYOUT_TRACKS_MAX]; /* those of the layout here that have a subchannel */
    uint32_t track_count;
    uint64_t alone_there; /* sectors of the other side's subchannel that none here met */
};

struct exh_compare_sub;

/* Is a subchannel stored on both sides? */
bool exh_subs_are_comparable(const struct exh_layout *here, const struct exh_layout *there);
/* Borrows both; `with` is read on the taking thread, its main channel too. Blocks come in ascending order. */
struct exh_compare_sub *exh_compare_sub_new(struct exh_medium *with, const struct exh_layout *layout, struct exh_error *err);
struct exh_consumer *exh_compare_sub_consumer(struct exh_compare_sub *compare);
const struct exh_sub_comparison *exh_compare_sub_found(const struct exh_compare_sub *compare); /* whole after finish */
void exh_compare_sub_close(struct exh_compare_sub *compare);                                   /* NULL-safe */

#endif
