/* ccd_place.h - from the entries of a CloneCD descriptor to where its tracks and sessions lie, on the disc and in the .img. Of the reader's own
 * files only. */
#ifndef EXH_FORMATS_OPTICAL_CCD_PLACE_H
#define EXH_FORMATS_OPTICAL_CCD_PLACE_H

#include "formats/model/format.h"
#include "formats/optical/ccd_parse.h"
#include "formats/optical/stored_disc.h"
#include "formats/optical/subchannel.h"

#define EXH_CCD_Q_UNUSABLE_MAX 16u /* so many in a row without a position, and the search for a pregap in Q ends */

struct exh_ccd_placed { /* a track, as its TOC entry and its section place it */
    const struct exh_ccd_entry *entry;
    const struct exh_ccd_track *said;
    uint8_t number, session;
    bool leads; /* is the first of its session */
    int64_t start /* of INDEX 01 */, end;
    uint32_t stored_pregap, pregap;
};

struct exh_ccd_extent {
    int64_t base;     /* LBA of its first stored sector */
    int64_t lead_out; /* or EXH_NO_LBA */
    uint64_t at;      /* where that sector lies in the .img, in sectors */
    int disc_type;
    uint32_t tracks;
};

struct exh_ccd_reader {
    const struct exh_open *options;
    struct exh_ccd *ccd;
    struct exh_stored_disc *disc;
    struct exh_inspection *notes;
    struct exh_source *source; /* the descriptor */
    const char *path;
    struct exh_ccd_placed tracks[EXH_LAYOUT_TRACKS_MAX];
    uint32_t track_count;
    struct exh_ccd_extent sessions[EXH_DISC_SESSIONS_MAX + 1]; /* by number */
    struct exh_source *img, *sub;                              /* sub NULL: none. Owned by the disc */
    char *img_path, *sub_path;
    uint32_t img_file, sub_file;
    uint64_t sectors; /* of all tracks */
    struct exh_error *err;
};

/* Takes rows and lead-outs, and the tracks in order of their numbers. Remarks go to notes. */
EXH_MUST_CHECK bool exh_ccd_take_entries(struct exh_ccd_reader *r);
/* Places sessions and tracks; with a .sub open, a pregap that no INDEX 0 gives is looked for there. */
EXH_MUST_CHECK bool exh_ccd_place_tracks(struct exh_ccd_reader *r);
/* Does this row place something (ADR 1 or 4)? */
bool exh_ccd_row_plays(const struct exh_toc_row *row);
/* Q of the sector at this LBA, where there is one that says a position. */
bool exh_ccd_position_at(const struct exh_ccd_reader *r, const struct exh_ccd_extent *session, int64_t lba, struct exh_q *q);

#endif
