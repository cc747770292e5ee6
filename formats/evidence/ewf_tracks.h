/* ewf_tracks.h - the tracks of a disc in an E01: its sectors as one run, and the section `session` that says where tracks begin.
 *
 * An E01 numbers its sectors from 0 and has one size for all. `session` (libewf's "Expert Witness Compression Format" document; EnCase 5 and later)
 * lists first sectors, each with a flag for audio; an entry without it begins a session in the eyes of libewf and EnCase. The first entry stands for
 * sector 0, though EnCase and libewf write 16 there. Gaps between tracks, their LBAs on the disc and everything else are not in it.
 * A track's pregap goes with its track, so that no track holds sectors of another's kind. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_TRACKS_H
#define EXH_FORMATS_EVIDENCE_EWF_TRACKS_H

#include "formats/model/layout.h"
#include "formats/model/losses.h"

struct exh_ewf_tracks {
    uint32_t count; /* 0: no section is needed */
    uint32_t first[EXH_LAYOUT_TRACKS_MAX];
    bool audio[EXH_LAYOUT_TRACKS_MAX];
};

/* What the section says of a layout that fits. */
void exh_ewf_tracks_of(const struct exh_layout *layout, struct exh_ewf_tracks *out);
size_t exh_ewf_session_bytes(const struct exh_ewf_tracks *tracks);
/* Body of the section, which the caller frees. */
EXH_MUST_CHECK bool exh_ewf_session_build(const struct exh_ewf_tracks *tracks, uint8_t **out, size_t *bytes, struct exh_error *err);
/* Makes a disc's layout of one run of sectors. False: the tracks do not follow each other inside it, and the layout is as it was. */
EXH_MUST_CHECK bool exh_ewf_tracks_split(const struct exh_ewf_tracks *tracks, struct exh_layout *layout);

/* The sectors of all tracks as one track from LBA `first` of the first one on; number, kind and so on are the first's. */
void exh_ewf_tracks_join(const struct exh_layout *layout, struct exh_track *out);
/* How many stored sectors lie before this LBA of one of the tracks. */
uint64_t exh_ewf_tracks_before(const struct exh_layout *layout, const struct exh_track *track, int64_t lba);

/* fits of the format's row (format.h). */
EXH_MUST_CHECK bool exh_ewf_tracks_fit(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);

#endif
