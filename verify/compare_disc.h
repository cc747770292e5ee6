/* compare_disc.h - two discs held against each other track by track from INDEX 01 on, whatever container each lies in.
 *
 * A container that cannot say where INDEX 01 lies (E01) has it at the first stored sector: where the other side stores as many sectors, those are
 * compared from the first on. What is compared of a track: its sectors as stored where both have the same size, the user data (exh_sector_user) where
 * the sizes differ. Pregaps are compared where both sides store them. A track that differs is looked for elsewhere: under another number, or some
 * samples off. The subchannel is not looked at here (compare_sub.h). Serial, on the calling thread; it reads each disc once, and those tracks that
 * differ a few times more. */
#ifndef EXH_VERIFY_COMPARE_DISC_H
#define EXH_VERIFY_COMPARE_DISC_H

#include "verify/compare.h"
#include "verify/sample_shift.h"
#include "verify/watch.h"

enum exh_compare_form {
    EXH_COMPARE_NOTHING, /* audio and data: there is nothing they have in common */
    EXH_COMPARE_STORED,
    EXH_COMPARE_USER
};

/* Sectors that only one side has, at the end of a track. */
struct exh_trailing {
    uint64_t sectors, unread;
    bool zero;        /* their user data are zeros, all that could be read */
    bool next_pregap; /* the other side stores them as the pregap of its next track, and they are the same */
};

struct exh_track_comparison {
    const struct exh_track *here, *there; /* NULL: only the other side has it. Of the media's layouts */
    enum exh_compare_form form;
    uint64_t equal, different, unread;  /* sectors; unread on either side */
    int64_t lag;                        /* so many sectors later lies INDEX 01 here than there, in the same stored sectors */
    uint32_t pregap_equal;              /* sectors of the pregap among the equal ones */
    uint32_t pregap_here, pregap_there; /* sectors of the pregap that only one side stores: not compared */
    struct exh_trailing trailing_here, trailing_there;
    struct exh_sample_shift shift; /* of audio that differs */
    uint8_t same_as;               /* number of another track there that is equal to this one; 0: none */
};

struct exh_disc_comparison {
    struct exh_track_comparison *tracks;
    size_t count;
    struct exh_compare_result sectors; /* LBAs of the disc here */
};

/* Is there a disc among the two, so that tracks are what is to be compared? */
bool exh_discs_compare_by_track(const struct exh_layout *a, const struct exh_layout *b);
/* Has each LBA the same place on both, in sectors of one size? Then they can be compared sector by sector (compare.h). */
bool exh_discs_are_alike(const struct exh_layout *a, const struct exh_layout *b);
/* Borrows both. False: could not go on (err, EXH_CANCELLED too); *out is closed by the caller either way. */
EXH_MUST_CHECK bool exh_discs_compare(struct exh_medium *here, struct exh_medium *there, const struct exh_watch *watch,
                                      struct exh_disc_comparison *out, struct exh_error *err);
/* Is all that this track holds on the side here found there too? Sectors at the end here that hold zeros or could
 * not be read (a pad, a recorder's run-out), and pregaps that one side does not store, are no difference. */
bool exh_track_is_equal(const struct exh_track_comparison *track);
void exh_disc_comparison_close(struct exh_disc_comparison *comparison);

#endif
