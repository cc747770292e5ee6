/* toc_parse.h - what a cdrdao toc-file says, word for word (cdrdao(1), TOC FILES): nothing is opened and nothing is placed here.
 *
 * Every error says the line; `at` is the byte offset of that line. */
#ifndef EXH_FORMATS_OPTICAL_TOC_PARSE_H
#define EXH_FORMATS_OPTICAL_TOC_PARSE_H

#include "formats/model/disc.h"
#include "formats/optical/toc_words.h"

#define EXH_TOC_BYTES_MAX (1u << 20)
#define EXH_TOC_PIECES_MAX 4096u /* as many stretches as a disc from files may have */
#define EXH_TOC_TEXTS_MAX (8u * 16u * 100u)
#define EXH_TOC_BINARY_MAX 3072u     /* 256 packs of 12 bytes */
#define EXH_TOC_FRAMES_MAX 10000000u /* more than any disc, and no product of it with a sector size overflows */

struct exh_toc_mode {
    const char *name;
    enum exh_track_kind kind;
    uint32_t main_bytes;
};
extern const struct exh_toc_mode exh_toc_modes[]; /* ends with a name of NULL */

/* A statement that adds data to a track. */
struct exh_toc_piece {
    char *name; /* UTF-8, as the file writes it; NULL: silence, zeros */
    bool audio; /* FILE or AUDIOFILE: the name may be that of a WAVE file */
    bool swap;
    uint64_t offset;        /* bytes: #offset */
    uint64_t start, length; /* bytes; a length of 0 reaches to the end of the file */
    uint64_t frames;        /* of silence */
    unsigned line;
    uint64_t line_at;
};

struct exh_toc_track {
    const struct exh_toc_mode *mode;
    uint32_t sub_bytes;
    uint8_t control; /* with EXH_CONTROL_DATA for a data track */
    char isrc[13];
    uint32_t first_piece, pieces;                                                /* of toc->pieces */
    enum { EXH_TOC_NO_START, EXH_TOC_START_FRAMES, EXH_TOC_START_PIECES } start; /* where INDEX 01 is: so many frames, or pieces, behind INDEX 00 */
    uint64_t start_value;
    uint32_t first_index, indexes; /* of toc->indexes: INDEX 02 and on, frames behind INDEX 01 */
    unsigned line, start_line, index_line;
    uint64_t line_at, start_line_at, index_line_at;
};

struct exh_toc_text {
    uint8_t block, type, track; /* as in cdtext.h; track 0: the disc */
    char *text;                 /* UTF-8; NULL: bytes */
    uint8_t *bytes;
    size_t length;
    uint64_t line_at;
};

struct exh_toc {
    char mcn[14];
    int disc_type;         /* as exh_session; -1: not said */
    const char *type_name; /* "CD_ROM", ...; NULL: not said */
    struct exh_toc_track tracks[EXH_LAYOUT_TRACKS_MAX];
    uint32_t track_count;
    struct exh_toc_piece *pieces;
    size_t piece_count, piece_capacity;
    uint64_t *indexes;
    size_t index_count, index_capacity;
    struct exh_toc_text *texts; /* CD_TEXT, in the order of the file */
    size_t text_count, text_capacity;
    int languages[8]; /* of LANGUAGE_MAP; -1: not mapped */
};

/* `out` is closed by the caller either way. */
EXH_MUST_CHECK bool exh_toc_parse(const char *text, size_t length, struct exh_toc *out, struct exh_error *err);
void exh_toc_close(struct exh_toc *toc);
/* The type of pack of a CD_TEXT item's name, or 0; and the name of a type (the first that has it), or NULL. */
unsigned exh_toc_pack_type(const struct exh_toc_word *word);
const char *exh_toc_pack_name(unsigned type, unsigned track);

#endif
