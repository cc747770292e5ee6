/* markup.h - a growing page of HTML: what is ours goes in as it is, what was recorded goes in escaped.
 *
 * Failure (no memory, or a page beyond EXH_MARKUP_BYTES_MAX) sticks: later calls do nothing, exh_markup_take says so once. */
#ifndef EXH_REPORT_PAGES_MARKUP_H
#define EXH_REPORT_PAGES_MARKUP_H

#include <stddef.h>

#include "formats/model/error.h"

#define EXH_MARKUP_BYTES_MAX (64u << 20) /* no browser shows more with good grace */

struct exh_markup {
    char *bytes;
    size_t length, capacity;
    enum exh_code failed; /* EXH_OK while all went well */
};

/* Markup of ours: literals, and formats whose arguments are numbers or words of ours. */
void exh_markup_put(struct exh_markup *page, const char *markup);
void exh_markup_format(struct exh_markup *page, const char *fmt, ...) EXH_PRINTF(2, 3);
/* Recorded text (valid UTF-8): & < > " ' become references; characters that turn the direction of writing become U+FFFD, so that a
 * device's name cannot make the words around it read backwards. NULL writes nothing. */
void exh_markup_text(struct exh_markup *page, const char *text);
/* The page, the caller's; NULL and err when something failed. page is empty afterwards either way. */
char *exh_markup_take(struct exh_markup *page, struct exh_error *err);

#endif
