/* ccd_parse.h - the text of a CloneCD descriptor (.ccd, versions 2 and 3) as values: what it says, not yet what it means.
 *
 * INI text: [sections], key=value, case-insensitive, CR LF or LF, numbers decimal or 0x. No public specification exists; as libMirage, Aaru and
 * DiscImageCreator take it. A key nobody knows is counted, a value that is no value is refused by its line. */
#ifndef EXH_FORMATS_OPTICAL_CCD_PARSE_H
#define EXH_FORMATS_OPTICAL_CCD_PARSE_H

#include "formats/model/disc.h"

#define EXH_CCD_TEXT_MAX (1u << 20)
#define EXH_CCD_NOT_SAID INT64_MIN

struct exh_ccd_place { /* of a section or key in the text */
    uint32_t line;     /* from 1; 0 = not there */
    uint64_t at;       /* byte offset of the line */
};

enum exh_ccd_said { EXH_CCD_SAID_PMSF = 7 << 5, EXH_CCD_SAID_SESSION = 1 << 8, EXH_CCD_SAID_POINT = 1 << 9 };

struct exh_ccd_entry { /* [Entry n] */
    struct exh_ccd_place place;
    unsigned number;
    struct exh_toc_row row; /* what was not said is 0 */
    int64_t alba, plba;     /* or EXH_CCD_NOT_SAID */
    uint32_t said;          /* enum exh_ccd_said */
};

struct exh_ccd_track { /* [TRACK n] */
    struct exh_ccd_place place;
    int64_t mode;       /* 0 audio, 1, 2, or EXH_CCD_NOT_SAID */
    int64_t index[100]; /* sectors from the session's first, or EXH_CCD_NOT_SAID */
    char isrc[33];      /* as found, cut; "" = none */
    bool has_flags;
    uint8_t flags; /* enum exh_control, without DATA */
};

struct exh_ccd_session { /* [Session n] */
    struct exh_ccd_place place;
    int64_t pregap_mode, pregap_sub; /* or EXH_CCD_NOT_SAID */
};

struct exh_ccd {
    int64_t version, toc_entries, sessions, scrambled, cdtext_length, cdtext_entries; /* or EXH_CCD_NOT_SAID */
    struct exh_ccd_place scrambled_place, toc_entries_place, sessions_place, cdtext_place, catalog_place;
    char catalog[33]; /* as found, cut; "" = none */
    struct exh_ccd_entry *entries;
    size_t entry_count, entry_capacity;
    struct exh_ccd_session session[EXH_DISC_SESSIONS_MAX + 1]; /* by number */
    struct exh_ccd_track track[EXH_LAYOUT_TRACKS_MAX + 1];     /* by number */
    uint8_t (*packs)[16];                                      /* [CDText], in order of their numbers, without CRC */
    size_t pack_count, pack_capacity;
    uint32_t unknown_keys;
    struct exh_ccd_place first_unknown;
    struct exh_ccd_place last; /* line */
};

/* False and err: EXH_CORRUPT with the line in the text and its byte offset in `at`; EXH_LIMIT for more than 1 MiB. Whatever came out, close it. */
EXH_MUST_CHECK bool exh_ccd_parse(const uint8_t *text, size_t length, struct exh_ccd *out, struct exh_error *err);
void exh_ccd_close(struct exh_ccd *ccd);

/* 13 digits; 5 letters or digits and 7 digits. */
bool exh_ccd_is_mcn(const char *text);
bool exh_ccd_is_isrc(const char *text);

#endif
