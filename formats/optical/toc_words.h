/* toc_words.h - a cdrdao toc-file in words: names, numbers, strings, marks. // begins a comment. In a string \" is a quote and \nnn an octal byte; it
 * ends on its line (cdrdao(1), TOC FILES). */
#ifndef EXH_FORMATS_OPTICAL_TOC_WORDS_H
#define EXH_FORMATS_OPTICAL_TOC_WORDS_H

#include <stddef.h>

#include "formats/model/error.h"

enum exh_toc_word_kind { EXH_TOC_END, EXH_TOC_NAME, EXH_TOC_NUMBER, EXH_TOC_STRING, EXH_TOC_MARK };

struct exh_toc_word {
    enum exh_toc_word_kind kind;
    const char *text; /* of a string: between the quotes, as written */
    size_t length;
    unsigned line;    /* from 1 */
    uint64_t line_at; /* byte offset of that line */
};

struct exh_toc_words {
    const char *text;
    size_t length, position;
    unsigned line;
    uint64_t line_at;
};

/* Borrows the text. A UTF-8 byte order mark in front is passed over. */
void exh_toc_words_begin(struct exh_toc_words *words, const char *text, size_t length);
/* EXH_CORRUPT for what is no word; behind the last one EXH_TOC_END comes again and again. */
EXH_MUST_CHECK bool exh_toc_words_next(struct exh_toc_words *words, struct exh_toc_word *out, struct exh_error *err);
bool exh_toc_word_is(const struct exh_toc_word *word, const char *name); /* a name, or a mark of one character */
/* The bytes a string stands for, on the heap with a NUL behind; they may hold NULs of their own. NULL: no memory. */
char *exh_toc_word_string(const struct exh_toc_word *word, size_t *length);
/* A decimal number, at most `max`. */
EXH_MUST_CHECK bool exh_toc_word_number(const struct exh_toc_word *word, uint64_t max, uint64_t *out);

#endif
