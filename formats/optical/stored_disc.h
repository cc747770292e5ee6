/* stored_disc.h - a disc whose sectors lie in ordinary files: what the readers of cue, ccd, mds, nrg and toc build and hand out as their medium.
 *
 * A reader parses its descriptor, adds files, tracks and stretches, and finishes. A stretch is a run of a track's sectors at even distances in one
 * file, or silence that no file holds. Sectors that a stretch claims but its file does not reach are MISSING, and a remark "data-file" (FAILS) names
 * file and offset; so are stretches that share bytes ("overlap"). Everything that can be wrong with numbers from outside is checked here once.
 *
 * In memory audio is 16-bit little-endian whatever the file holds, and the subchannel is 96 bytes in linear order (12 P, 12 Q, ... 12 W), so that
 * the same disc has the same bytes from every container. Concurrent; files are opened and closed by it, never written. */
#ifndef EXH_FORMATS_OPTICAL_STORED_DISC_H
#define EXH_FORMATS_OPTICAL_STORED_DISC_H

#include "formats/model/disc.h"
#include "formats/model/format.h"

struct exh_stored_disc;

#define EXH_STORED_FILES_MAX 400u /* four per track */
#define EXH_STORED_STRETCHES_MAX 4096u
#define EXH_NO_FILE UINT32_MAX

enum exh_sub_order { EXH_SUB_NONE, EXH_SUB_LINEAR, EXH_SUB_INTERLEAVED /* byte i, bit 7 to 0: bit i of P to W */ };

struct exh_stretch {
    uint32_t track; /* as exh_stored_disc_track counted it */
    int64_t lba;    /* of its first sector; a track's stretches follow each other without gap */
    uint64_t sectors;
    uint32_t file;   /* as exh_stored_disc_file counted it; EXH_NO_FILE: zeros that no file holds */
    uint64_t offset; /* of the first sector's main channel */
    uint32_t stride; /* bytes from one sector to the next: at least the track's main_bytes */
    bool swapped;    /* 16-bit samples, most significant byte first */
    bool padded;     /* audio may end within its last sector: the rest is zeros, and a warning says so */
    enum exh_sub_order sub;
    uint32_t sub_file;
    uint64_t sub_offset;
    uint32_t sub_stride;
};

/* `format` is the row's name (static). NULL: no memory. */
struct exh_stored_disc *exh_stored_disc_new(const char *format, struct exh_error *err);
/* Takes the source over, also on failure. `path` names it in the list of files and in messages (copied). *index counts from 0. The descriptor itself
 * is added first, as a file without stretches; EXH_CORRUPT where data are to lie in a file of its name. */
EXH_MUST_CHECK bool exh_stored_disc_file(struct exh_stored_disc *disc, struct exh_source *source, const char *path, uint32_t *index,
                                         struct exh_error *err);
/* The same for the source that the row's open was given, which stays the caller's until a finish has worked. One, and first. */
EXH_MUST_CHECK bool exh_stored_disc_descriptor(struct exh_stored_disc *disc, struct exh_source *source, const char *path, struct exh_error *err);
/* Bytes of a file that was added. */
uint64_t exh_stored_disc_file_size(const struct exh_stored_disc *disc, uint32_t file);
/* Copies it. first and sectors may be set (exh_stored_disc_tracks) until finish. EXH_LIMIT beyond 99. */
EXH_MUST_CHECK bool exh_stored_disc_track(struct exh_stored_disc *disc, const struct exh_track *track, uint32_t *index, struct exh_error *err);
EXH_MUST_CHECK bool exh_stored_disc_stretch(struct exh_stored_disc *disc, const struct exh_stretch *stretch, struct exh_error *err);
/* To fill in while it is built. */
struct exh_track *exh_stored_disc_tracks(struct exh_stored_disc *disc, uint32_t *count);
struct exh_disc *exh_stored_disc_facts(struct exh_stored_disc *disc);
/* Facts and remarks of the reader, which inspect hands out: key, offset, text as in inspection.h. */
struct exh_inspection *exh_stored_disc_notes(struct exh_stored_disc *disc);
/* What stands in the descriptor and has no place in layout, facts or sectors: the medium's losses. */
struct exh_losses *exh_stored_disc_losses(struct exh_stored_disc *disc);
/* Checks the whole (layout, stretches against tracks, files against each other) and makes it a medium, which owns everything. On failure NULL and
 * err, and the disc stays the caller's to close. */
struct exh_medium *exh_stored_disc_finish(struct exh_stored_disc *disc, struct exh_error *err);
void exh_stored_disc_close(struct exh_stored_disc *disc); /* NULL-safe; not after a finish that worked */

#endif
