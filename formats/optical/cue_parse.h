/* cue_parse.h - the text of a cue sheet as a list of files, tracks and indexes with the lines they came from.
 *
 * Pure: bytes in, struct exh_cue_sheet out; no file is opened, no length known. What contradicts itself or cannot be understood where it matters is
 * refused with its line; what is merely odd becomes a remark "sheet" (EXH_WARNS) in `notes`. The grammar is CDRWIN's with what EAC, IsoBuster,
 * ImgBurn and redump.org added to it; keywords in either case, LF, CRLF or CR, a UTF-8 byte order mark. Linear in the length of the text. */
#ifndef EXH_FORMATS_OPTICAL_CUE_PARSE_H
#define EXH_FORMATS_OPTICAL_CUE_PARSE_H

#include "formats/model/disc.h"
#include "formats/model/inspection.h"

#define EXH_CUE_BYTES_MAX (1u << 20)
#define EXH_CUE_FILES_MAX 398u /* with the sheet and its CDTEXTFILE no more than a stored disc holds */
#define EXH_CUE_INDEXES_MAX (EXH_LAYOUT_TRACKS_MAX * 100u)
#define EXH_CUE_TEXTS_MAX (16u * (EXH_LAYOUT_TRACKS_MAX + 1u))

enum exh_cue_file_type { EXH_CUE_BINARY, EXH_CUE_MOTOROLA, EXH_CUE_WAVE, EXH_CUE_AIFF };

struct exh_cue_line {
    uint32_t number; /* from 1; 0 = not in the sheet */
    uint64_t at;     /* byte offset of its beginning */
};

struct exh_cue_file {
    char *name; /* bytes as they stand in the sheet */
    enum exh_cue_file_type type;
    struct exh_cue_line line;
};

struct exh_cue_index {
    uint8_t number;
    uint32_t file;   /* counts the sheet's FILE lines from 0 */
    uint32_t frames; /* from the file's beginning */
    struct exh_cue_line line;
};

struct exh_cue_track {
    uint8_t number, session, control;
    enum exh_track_kind kind;
    uint32_t main_bytes, sub_bytes;
    bool flags_said, cdi, high_density; /* high_density: the first of a GD-ROM's second area */
    uint32_t pregap, postgap;
    char isrc[13];
    uint32_t first_index, index_count; /* in the sheet's indexes; INDEX 01 is among them */
    struct exh_cue_line line, pregap_line, postgap_line;
};

struct exh_cue_time { /* a REM with a time */
    uint32_t frames;
    struct exh_cue_line line;
};

struct exh_cue_session { /* what stands around a session's tracks */
    struct exh_cue_time lead_out /* behind them */, lead_in, pregap /* before them */;
};

struct exh_cue_text {
    uint8_t type /* of CD-TEXT: 0x80 title, ... */, track /* 0: the disc */;
    char *text; /* UTF-8 */
};

struct exh_cue_sheet {
    struct exh_cue_file *files;
    size_t file_count, file_capacity;
    struct exh_cue_track tracks[EXH_LAYOUT_TRACKS_MAX];
    uint32_t track_count;
    struct exh_cue_index *indexes; /* in the sheet's order, which is the disc's */
    size_t index_count, index_capacity;
    struct exh_cue_text *texts; /* in order of type and track */
    size_t text_count, text_capacity;
    struct exh_cue_session sessions[EXH_DISC_SESSIONS_MAX + 1]; /* by number */
    char *cdtext_file;                                          /* NULL: none */
    struct exh_cue_line cdtext_line;
    char mcn[14], medium[24];
};

/* `name` is the sheet's, for remarks. `out` is zeroed by the caller, and on failure the caller's to close all the same. EXH_LIMIT above
 * EXH_CUE_BYTES_MAX, EXH_CORRUPT or EXH_UNSUPPORTED with "line N: ..." and the line's offset. */
EXH_MUST_CHECK bool exh_cue_parse(const uint8_t *text, size_t length, const char *name, struct exh_cue_sheet *out, struct exh_inspection *notes,
                                  struct exh_error *err);
void exh_cue_sheet_close(struct exh_cue_sheet *sheet);

#endif
