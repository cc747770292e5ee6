/* text.h - bounded text: numbers out of strings, strings out of UTF-16, and small owned strings.
 * Nothing here trusts a terminating NUL that it was not promised. Pure functions. */
#ifndef EXH_FORMATS_MODEL_TEXT_H
#define EXH_FORMATS_MODEL_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include "formats/model/error.h"

/* The whole string as a decimal (or 0x) number: false when it is empty, has anything else in it, or does not fit. */
EXH_MUST_CHECK bool exh_text_u64(const char *text, uint64_t *out);
/* A size with an optional suffix K M G T (powers of 1024; KiB and KB too) or s (sectors of 512 bytes). */
EXH_MUST_CHECK bool exh_text_size(const char *text, uint64_t *out);
/* Lower-case hex of `length` bytes into out[2 * length + 1]; and back (either case): false unless exactly `length` bytes. */
void exh_text_hex(const uint8_t *bytes, size_t length, char *out);
EXH_MUST_CHECK bool exh_text_unhex(const char *hex, uint8_t *out, size_t length);
/* A copy on the heap, or NULL when memory is out. The formatted form likewise. The caller frees. */
char *exh_text_copy(const char *text, size_t length);
char *exh_text_format(const char *fmt, ...) EXH_PRINTF(1, 2);
char *exh_text_vformat(const char *fmt, va_list args) EXH_PRINTF(1, 0);
/* Appends the formatted text to *text (which may be NULL and is reallocated); false when memory is out. */
EXH_MUST_CHECK bool exh_text_append(char **text, const char *fmt, ...) EXH_PRINTF(2, 3);
/* UTF-16LE to UTF-8 on the heap; unpaired surrogates become U+FFFD, a leading byte order mark is dropped. NULL: no memory. */
char *exh_text_from_utf16le(const uint8_t *bytes, size_t length);
/* Is it valid UTF-8 (RFC 3629: no overlong form, no surrogate)? */
bool exh_text_is_utf8(const char *text, size_t length);
/* A copy of `length` bytes as valid UTF-8: kept when they are, otherwise read as Windows-1252. NULL: no memory. */
char *exh_text_to_utf8(const uint8_t *bytes, size_t length);
/* The part of a path behind the last '/', in place. */
const char *exh_text_base(const char *path);

#endif
