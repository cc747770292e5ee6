/* toc_words.c - a cdrdao toc-file in words. See toc_words.h. */
#include "formats/optical/toc_words.h"

#include <stdlib.h>
#include <string.h>

void exh_toc_words_begin(struct exh_toc_words *words, const char *text, size_t length)
{
    *words = (struct exh_toc_words){text, length, 0, 1, 0};
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        words->position = 3;
}

static void next_line(struct exh_toc_words *w)
{
    w->position++;
    w->line++;
    w->line_at = w->position;
}

static void pass_blanks(struct exh_toc_words *w)
{
    while (w->position < w->length) {
        char c = w->text[w->position];
        if (c == '\n') {
            next_line(w);
        } else if (c == ' ' || c == '\t' || c == '\r') {
            w->position++;
        } else if (c == '/' && w->position + 1 < w->length && w->text[w->position + 1] == '/') {
            while (w->position < w->length && w->text[w->position] != '\n')
                w->position++;
        } else {
            return;
        }
    }
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_name(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || is_digit(c); }

static bool take_string(struct exh_toc_words *w, struct exh_toc_word *out, struct exh_error *err)
{
    size_t begin = ++w->position;
    while (w->position < w->length && w->text[w->position] != '"' && w->text[w->position] != '\n') {
        bool quote = w->text[w->position] == '\\' && w->position + 1 < w->length && w->text[w->position + 1] == '"';
        w->position += quote ? 2 : 1;
    }
    if (w->position == w->length || w->text[w->position] != '"')
        return exh_fail(err, EXH_CORRUPT, w->line_at, "line %u: a string does not end on its line", w->line);
    *out = (struct exh_toc_word){EXH_TOC_STRING, w->text + begin, w->position++ - begin, w->line, w->line_at};
    return true;
}

bool exh_toc_words_next(struct exh_toc_words *w, struct exh_toc_word *out, struct exh_error *err)
{
    pass_blanks(w);
    size_t begin = w->position;
    *out = (struct exh_toc_word){EXH_TOC_END, w->text + begin, 0, w->line, w->line_at};
    if (begin == w->length)
        return true;
    char c = w->text[begin];
    if (c == '"')
        return take_string(w, out, err);
    if (strchr("{},:#", c) != NULL && c != '\0') {
        out->kind = EXH_TOC_MARK;
        w->position++;
    } else if (is_digit(c)) {
        out->kind = EXH_TOC_NUMBER;
        while (w->position < w->length && is_digit(w->text[w->position]))
            w->position++;
    } else if (is_name(c)) {
        out->kind = EXH_TOC_NAME;
        while (w->position < w->length && is_name(w->text[w->position]))
            w->position++;
    } else {
        return exh_fail(err, EXH_CORRUPT, w->line_at, "line %u: a byte 0x%02X where a word should be", w->line, (unsigned char)c);
    }
    out->length = w->position - begin;
    return true;
}

bool exh_toc_word_is(const struct exh_toc_word *word, const char *name)
{
    return (word->kind == EXH_TOC_NAME || word->kind == EXH_TOC_MARK) && strlen(name) == word->length && memcmp(word->text, name, word->length) == 0;
}

char *exh_toc_word_string(const struct exh_toc_word *word, size_t *length)
{
    char *out = malloc(word->length + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < word->length; n++) {
        const char *p = word->text + i;
        size_t left = word->length - i;
        if (left >= 2 && p[0] == '\\' && p[1] == '"') {
            out[n] = '"';
            i += 2;
        } else if (left >= 4 && p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
            out[n] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            i += 4;
        } else {
            out[n] = p[0];
            i++;
        }
    }
    if (out != NULL)
        out[n] = '\0';
    *length = n;
    return out;
}

bool exh_toc_word_number(const struct exh_toc_word *word, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;
    if (word->kind != EXH_TOC_NUMBER)
        return false;
    for (size_t i = 0; i < word->length; i++) {
        uint64_t digit = (uint64_t)(word->text[i] - '0');
        if (digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}
