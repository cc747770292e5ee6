/* cue_text.h - lines and words of a cue sheet. Borrowed views of the sheet's bytes; nothing is copied or terminated. Pure functions. */
#ifndef EXH_FORMATS_OPTICAL_CUE_TEXT_H
#define EXH_FORMATS_OPTICAL_CUE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exh_cue_span {
    const char *text;
    size_t length;
};

/* The line at *at (CR, LF or both end it, and are not in it), and moves *at behind it. False at the end. */
bool exh_cue_next_line(const char *text, size_t length, size_t *at, struct exh_cue_span *line);
/* Takes the next word off the line's beginning: blank-separated, or from one quotation mark to the next. False when there is none. */
bool exh_cue_word(struct exh_cue_span *line, struct exh_cue_span *word);
/* What is left of the line without blanks around it; between its first and last quotation mark when it begins with one, and *behind (may be NULL) is
 * what follows them. *open: it begins with one and has no other. */
struct exh_cue_span exh_cue_text(struct exh_cue_span line, struct exh_cue_span *behind, bool *open);
/* Takes the last word off the line's end. */
struct exh_cue_span exh_cue_last_word(struct exh_cue_span *line);
bool exh_cue_is(struct exh_cue_span word, const char *upper); /* in either case */
/* A decimal number of 1 to 4 digits and nothing else. */
bool exh_cue_number(struct exh_cue_span word, uint32_t *out);
/* A time mm:ss:ff off the line's beginning, blanks allowed around the colons, as frames. False unless seconds < 60 and frames < 75. */
bool exh_cue_time(struct exh_cue_span *line, uint32_t *frames);

#endif
