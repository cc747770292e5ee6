/* ewf_text.h - the case data in the header and header2 sections of an E01.
 *
 * The inflated text has lines: a category count, "main", tags separated by tabs, values separated by tabs, and categories we do not
 * need. header2 is UTF-16LE with a byte order mark, header is in the writer's code page.
 * The format has no escape for tab and newline, and counts only whole sectors. Our own writer therefore escapes them as \t \n \r \\
 * in all values and ends the notes with the text "\nexhibit-escaped: 1" and/or "\nexhibit-media-bytes: N" (backslash and n). Only when such
 * a trailer is there are values unescaped; other programs' values stay as they are.
 * Pure functions. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_TEXT_H
#define EXH_FORMATS_EVIDENCE_EWF_TEXT_H

#include "formats/model/fields.h"

#define EXH_EWF_TEXT_BYTES_MAX (16u << 20) /* inflated; EnCase writes 3,000 characters of notes at most, we write what we are given */

/* Inflated bytes as UTF-8 on the heap; NULL: no memory. */
char *exh_ewf_text_decode(const uint8_t *bytes, size_t length, bool utf16);
/* Adds a field for each value that is not empty: case, exhibit, description, examiner, notes, model, serial, and ewf_program (av),
 * ewf_platform (ov), ewf_acquired (m), ewf_system_date (u), ewf_<tag> for any other. False: no memory, or EXH_CORRUPT when the text has no
 * such lines. */
EXH_MUST_CHECK bool exh_ewf_text_parse(const char *text, struct exh_fields *out, struct exh_error *err);

/* The time that a field's value is (ewf_acquired, ewf_system_date), as UTC in ISO 8601. False: another field, or the words that the older header has:
 * those of header2 are seconds since 1970. */
bool exh_ewf_text_time(const char *key, const char *value, char out[32]);

struct exh_ewf_trailer {
    bool escaped; /* a trailer was there: the values have been unescaped */
    bool has_media_bytes;
    uint64_t media_bytes;
};

/* Takes our trailer off the notes (an emptied notes value is removed) and unescapes all values, in place. */
void exh_ewf_text_trailer(struct exh_fields *fields, struct exh_ewf_trailer *out);

#endif
