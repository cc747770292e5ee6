/* toc_text.c - CD_TEXT blocks of a cdrdao toc-file: CD_TEXT { LANGUAGE_MAP { 0 : EN } LANGUAGE 0 { TITLE "..." SIZE_INFO { 1, 2 } } }. The grammar is
 * three braces deep and knows no recursion: a fourth is an error like any other word out of place. */
#include "formats/optical/toc_text.h"

#include <stdlib.h>
#include <string.h>

#include "formats/model/grow.h"
#include "formats/model/text.h"

#define LANGUAGE_ENGLISH 9

static const struct {
    const char *name;
    uint8_t type;
} items[] = {{"TITLE", 0x80},     {"PERFORMER", 0x81}, {"SONGWRITER", 0x82}, {"COMPOSER", 0x83},  {"ARRANGER", 0x84},  {"MESSAGE", 0x85},
             {"DISC_ID", 0x86},   {"GENRE", 0x87},     {"TOC_INFO1", 0x88},  {"TOC_INFO2", 0x89}, {"RESERVED1", 0x8A}, {"RESERVED2", 0x8B},
             {"RESERVED3", 0x8C}, {"RESERVED4", 0x8D}, {"UPC_EAN", 0x8E},    {"ISRC", 0x8E},      {"SIZE_INFO", 0x8F}};

unsigned exh_toc_pack_type(const struct exh_toc_word *word)
{
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (exh_toc_word_is(word, items[i].name))
            return items[i].type;
    return 0;
}

const char *exh_toc_pack_name(unsigned type, unsigned track)
{
    if (type == 0x8E)
        return track == 0 ? "UPC_EAN" : "ISRC";
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (items[i].type == type)
            return items[i].name;
    return NULL;
}

static bool take_number(struct exh_toc_parser *p, uint64_t max, const char *what, uint64_t *out)
{
    return exh_toc_word_number(&p->word, max, out) ? exh_toc_take(p) : exh_toc_unexpected(p, what);
}

static bool take_binary(struct exh_toc_parser *p, struct exh_toc_text *text)
{
    size_t capacity = 0;
    if (!exh_toc_expect(p, "{"))
        return false;
    while (!exh_toc_word_is(&p->word, "}")) {
        uint64_t byte;
        if (!take_number(p, 255, "a number up to 255", &byte))
            return false;
        if (text->length == EXH_TOC_BINARY_MAX)
            return exh_fail(p->err, EXH_LIMIT, p->word.line_at, "line %u: more than %u bytes of one CD-TEXT item", p->word.line, EXH_TOC_BINARY_MAX);
        if (!exh_grow((void **)&text->bytes, &capacity, text->length, 1, EXH_TOC_BINARY_MAX, "CD-TEXT bytes", p->err))
            return false;
        text->bytes[text->length++] = (uint8_t)byte;
        if (!exh_toc_word_is(&p->word, "}") && !exh_toc_expect(p, ","))
            return false;
    }
    return exh_toc_take(p);
}

static bool take_string(struct exh_toc_parser *p, struct exh_toc_text *text)
{
    size_t length;
    char *bytes = exh_toc_word_string(&p->word, &length);
    text->text = bytes != NULL ? exh_text_to_utf8((const uint8_t *)bytes, length) : NULL;
    bool nul = bytes != NULL && memchr(bytes, '\0', length) != NULL;
    free(bytes);
    if (text->text == NULL)
        return exh_nomem(p->err, "CD-TEXT");
    return nul ? exh_fail(p->err, EXH_CORRUPT, p->word.line_at, "line %u: a NUL in a text", p->word.line) : exh_toc_take(p);
}

static bool take_item(struct exh_toc_parser *p, unsigned block, unsigned track)
{
    struct exh_toc *t = p->toc;
    unsigned type = exh_toc_pack_type(&p->word);
    if (type == 0)
        return exh_toc_unexpected(p, "the name of a CD-TEXT item");
    if (!exh_grow((void **)&t->texts, &t->text_capacity, t->text_count, sizeof *t->texts, EXH_TOC_TEXTS_MAX, "CD-TEXT items", p->err))
        return exh_context(p->err, "line %u", p->word.line);
    struct exh_toc_text *text = &t->texts[t->text_count++];
    *text = (struct exh_toc_text){.block = (uint8_t)block, .type = (uint8_t)type, .track = (uint8_t)track, .line_at = p->word.line_at};
    if (!exh_toc_take(p))
        return false;
    return p->word.kind == EXH_TOC_STRING ? take_string(p, text) : take_binary(p, text);
}

static bool take_language_map(struct exh_toc_parser *p)
{
    if (!exh_toc_take(p) || !exh_toc_expect(p, "{"))
        return false;
    while (!exh_toc_word_is(&p->word, "}")) {
        uint64_t number, code = LANGUAGE_ENGLISH;
        if (!take_number(p, 7, "a language number from 0 to 7", &number) || !exh_toc_expect(p, ":"))
            return false;
        bool english = exh_toc_word_is(&p->word, "EN");
        if (english ? !exh_toc_take(p) : !take_number(p, 255, "EN or a language code up to 255", &code))
            return false;
        p->toc->languages[number] = (int)code;
    }
    return exh_toc_take(p);
}

static bool take_language(struct exh_toc_parser *p, unsigned track)
{
    uint64_t block;
    if (!exh_toc_take(p) || !take_number(p, 7, "a language number from 0 to 7", &block) || !exh_toc_expect(p, "{"))
        return false;
    while (!exh_toc_word_is(&p->word, "}"))
        if (!take_item(p, (unsigned)block, track))
            return false;
    return exh_toc_take(p);
}

bool exh_toc_take_cdtext(struct exh_toc_parser *p, unsigned track)
{
    if (!exh_toc_expect(p, "{"))
        return false;
    while (!exh_toc_word_is(&p->word, "}")) {
        if (exh_toc_word_is(&p->word, "LANGUAGE_MAP") && track == 0 ? !take_language_map(p)
            : exh_toc_word_is(&p->word, "LANGUAGE")                 ? !take_language(p, track)
                                                                    : !exh_toc_unexpected(p, "LANGUAGE or }"))
            return false;
    }
    return exh_toc_take(p);
}
