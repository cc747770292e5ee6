/* nrg_tracks.h - what the chunks of a Nero image say: tracks, cue points, sessions. Numbers are checked against the file here; where a track lies on
 * the disc is nrg_place.h's. */
#ifndef EXH_FORMATS_OPTICAL_NRG_TRACKS_H
#define EXH_FORMATS_OPTICAL_NRG_TRACKS_H

#include "formats/model/disc.h"
#include "formats/model/inspection.h"
#include "formats/optical/nrg_chunks.h"

#define EXH_NRG_CUES_MAX (100u * 99u + 2u) /* of one session: lead-in, INDEX 00 to 99, lead-out */

struct exh_nrg_track {
    struct exh_track track;     /* all but first, sectors, pregaps */
    bool disc_at_once;          /* DAOX, DAOI: its pregap is stored; ETN2, ETNF, TINF: 150 are implied */
    uint64_t begin, start, end; /* file offsets of INDEX 00, INDEX 01 and the end */
    uint32_t stride;            /* bytes of a sector as stored */
    bool has_lba;
    uint32_t stored_lba; /* of ETN2, ETNF: counts stored sectors only */
    uint64_t at;         /* offset of its record */
};

struct exh_nrg_cue {
    uint8_t control, track /* 0 lead-in, 0xAA lead-out */, index;
    uint8_t time[4]; /* CUEX: LBA; CUES: 0, M, S, F */
    bool old;        /* CUES */
    uint64_t at;
};

struct exh_nrg_session {
    uint32_t first, count; /* tracks */
    size_t first_cue, cues;
    int disc_type;
    uint64_t at;
};

struct exh_nrg {
    const char *path;      /* for facts and remarks */
    uint64_t data_end;     /* no track reaches past it: the chain */
    struct exh_disc *disc; /* MCN, medium and CD-TEXT go here */
    struct exh_inspection *notes;
    struct exh_nrg_track tracks[EXH_LAYOUT_TRACKS_MAX];
    uint32_t track_count, in_sessions; /* tracks that a SINF has spoken for */
    struct exh_nrg_cue *cues;
    size_t cue_count, cue_capacity, cues_in_sessions;
    struct exh_nrg_session sessions[EXH_DISC_SESSIONS_MAX];
    uint32_t session_count;
    int disc_type; /* of the next session */
    bool blocks;   /* DVD, BD: sectors without a frame */
};

/* Takes all chunks in. `nrg` is zeroed but for path, data_end, disc and notes. Its cues are the caller's to free. */
EXH_MUST_CHECK bool exh_nrg_tracks(struct exh_nrg *nrg, const struct exh_nrg_chain *chain, struct exh_error *err);

#endif
