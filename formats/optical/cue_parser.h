/* cue_parser.h - a cue sheet while it is read: where the reader stands, what it says of a line, and the commands. Internal to cue_parse.c (the lines
 * of the sheet), cue_places.c, cue_labels.c and cue_remarks.c (the commands).
 *
 * Every command takes what is left of its line. False: refused (err), or memory is out. */
#ifndef EXH_FORMATS_OPTICAL_CUE_PARSER_H
#define EXH_FORMATS_OPTICAL_CUE_PARSER_H

#include "formats/optical/cue_parse.h"
#include "formats/optical/cue_text.h"

#define EXH_CUE_NONE UINT32_MAX

struct exh_cue_parser {
    struct exh_cue_sheet *sheet;
    struct exh_inspection *notes;
    const char *name;
    struct exh_error *err;
    struct exh_cue_line line;
    struct exh_cue_track *track;   /* NULL before the first */
    uint32_t file, frames;         /* the current one, and the last index in it (EXH_CUE_NONE: no file, no index yet) */
    uint8_t session;               /* of the next track */
    bool high_density, not_stored; /* this line is of a track that no file holds */
    uint32_t oddities, kept;
};

/* ---- what is said of a line (cue_parse.c) ---- */

/* Always false. */
bool exh_cue_refuse_at(struct exh_cue_parser *p, struct exh_cue_line line, enum exh_code code, const char *fmt, ...) EXH_PRINTF(4, 5);
#define exh_cue_refuse(p, ...) exh_cue_refuse_at(p, (p)->line, EXH_CORRUPT, __VA_ARGS__)
/* A remark; of too many only the first. */
EXH_MUST_CHECK bool exh_cue_odd(struct exh_cue_parser *p, const char *fmt, ...) EXH_PRINTF(2, 3);

/* For messages: as much of it as is readable, as ASCII. */
struct exh_cue_shown {
    char text[64];
};
struct exh_cue_shown exh_cue_show(struct exh_cue_span span);

/* What stands behind a whole command is odd, unless it is a comment. */
EXH_MUST_CHECK bool exh_cue_behind(struct exh_cue_parser *p, struct exh_cue_span rest);
/* A copy as UTF-8; the caller's. */
EXH_MUST_CHECK bool exh_cue_keep_text(struct exh_cue_parser *p, struct exh_cue_span text, char **out);

/* ---- where what lies (cue_places.c) ---- */

EXH_MUST_CHECK bool exh_cue_take_file(struct exh_cue_parser *p, struct exh_cue_span line);
EXH_MUST_CHECK bool exh_cue_take_track(struct exh_cue_parser *p, struct exh_cue_span line);
EXH_MUST_CHECK bool exh_cue_take_index(struct exh_cue_parser *p, struct exh_cue_span line);
EXH_MUST_CHECK bool exh_cue_take_pregap(struct exh_cue_parser *p, struct exh_cue_span line);
EXH_MUST_CHECK bool exh_cue_take_postgap(struct exh_cue_parser *p, struct exh_cue_span line);
/* Nothing more comes of the last track: has it what it needs? */
EXH_MUST_CHECK bool exh_cue_finish_track(struct exh_cue_parser *p);

/* ---- what goes with a track or the disc (cue_labels.c) ---- */

EXH_MUST_CHECK bool exh_cue_take_flags(struct exh_cue_parser *p, struct exh_cue_span line);
EXH_MUST_CHECK bool exh_cue_take_isrc(struct exh_cue_parser *p, struct exh_cue_span line);
EXH_MUST_CHECK bool exh_cue_take_catalog(struct exh_cue_parser *p, struct exh_cue_span line);
EXH_MUST_CHECK bool exh_cue_take_cdtextfile(struct exh_cue_parser *p, struct exh_cue_span line);
/* `type` of CD-TEXT. */
EXH_MUST_CHECK bool exh_cue_take_text(struct exh_cue_parser *p, struct exh_cue_span line, uint8_t type);

/* ---- comments that programs read (cue_remarks.c) ---- */

EXH_MUST_CHECK bool exh_cue_take_rem(struct exh_cue_parser *p, struct exh_cue_span line);

#endif
