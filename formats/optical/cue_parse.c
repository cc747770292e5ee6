/* cue_parse.c - a cue sheet, line by line. See cue_parse.h; the commands are in cue_places.c, cue_labels.c and cue_remarks.c.
 *
 * Sources: the CDRWIN user's guide, appendix A; what EAC, IsoBuster, ImgBurn and redump.org's sheets add is told at the command. */
#include "formats/optical/cue_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/model/text.h"
#include "formats/optical/cue_parser.h"

#define ODDITIES_MAX 100u /* a sheet of a hundred thousand odd lines is told in a hundred */

/* ---- what is said of a line ---- */

bool exh_cue_refuse_at(struct exh_cue_parser *p, struct exh_cue_line line, enum exh_code code, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return exh_fail(p->err, code, line.at, "line %u: %s", line.number, text);
}

bool exh_cue_odd(struct exh_cue_parser *p, const char *fmt, ...)
{
    if (++p->oddities > ODDITIES_MAX)
        return true;
    char text[200];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return exh_inspection_remark(p->notes, "sheet", EXH_WARNS, p->name, p->line.at, p->err, "line %u: %s", p->line.number, text);
}

struct exh_cue_shown exh_cue_show(struct exh_cue_span s)
{
    struct exh_cue_shown out;
    size_t n = 0;
    for (; n < s.length && n + 4 < sizeof out.text; n++)
        out.text[n] = s.text[n] >= ' ' && s.text[n] < 127 ? s.text[n] : '?';
    (void)snprintf(out.text + n, sizeof out.text - n, "%s", n < s.length ? "..." : "");
    return out;
}

bool exh_cue_behind(struct exh_cue_parser *p, struct exh_cue_span rest)
{
    struct exh_cue_span word;
    if (!exh_cue_word(&rest, &word) || (word.length > 0 && word.text[0] == ';'))
        return true;
    return exh_cue_odd(p, "'%s' behind the command is left aside", exh_cue_show(word).text);
}

bool exh_cue_keep_text(struct exh_cue_parser *p, struct exh_cue_span text, char **out)
{
    *out = exh_text_to_utf8((const uint8_t *)text.text, text.length);
    return *out != NULL || exh_nomem(p->err, "a text");
}

/* ---- the sheet ---- */

static bool take_nothing(struct exh_cue_parser *p, struct exh_cue_span line)
{
    (void)p;
    (void)line;
    return true;
}

/* What follows is the last track's that no file holds. */
static bool skip_line(struct exh_cue_parser *p, struct exh_cue_span word, struct exh_cue_span line)
{
    uint32_t number;
    if (exh_cue_is(word, "TRACK"))
        return exh_cue_refuse_at(p, p->line, EXH_UNSUPPORTED, "a TRACK behind one that no file holds");
    if (exh_cue_is(word, "INDEX") && exh_cue_word(&line, &word) && exh_cue_number(word, &number) && number > 0)
        return exh_cue_refuse_at(p, p->line, EXH_UNSUPPORTED, "INDEX %02u of a data track whose form is not told", number);
    return true;
}

static bool take_line(struct exh_cue_parser *p, struct exh_cue_span line)
{
    static const struct {
        const char *word;
        bool (*take)(struct exh_cue_parser *, struct exh_cue_span);
        uint8_t text;
    } commands[] = {{"INDEX", exh_cue_take_index, 0},
                    {"TRACK", exh_cue_take_track, 0},
                    {"FILE", exh_cue_take_file, 0},
                    {"REM", exh_cue_take_rem, 0},
                    {"FLAGS", exh_cue_take_flags, 0},
                    {"ISRC", exh_cue_take_isrc, 0},
                    {"PREGAP", exh_cue_take_pregap, 0},
                    {"POSTGAP", exh_cue_take_postgap, 0},
                    {"CATALOG", exh_cue_take_catalog, 0},
                    {"CDTEXTFILE", exh_cue_take_cdtextfile, 0},
                    {"TITLE", NULL, 0x80},
                    {"PERFORMER", NULL, 0x81},
                    {"SONGWRITER", NULL, 0x82},
                    {"COMPOSER", NULL, 0x83},
                    {"ARRANGER", NULL, 0x84},
                    {"MESSAGE", NULL, 0x85},
                    {"DISC_ID", NULL, 0x86},
                    {"UPC_EAN", NULL, 0x8E},
                    {"GENRE", take_nothing, 0}, /* CD-TEXT has a number for it, which the sheet does not give */
                    {"TOC_INFO1", take_nothing, 0},
                    {"TOC_INFO2", take_nothing, 0},
                    {"SIZE_INFO", take_nothing, 0}};
    struct exh_cue_span word;
    if (!exh_cue_word(&line, &word) || (word.length > 0 && word.text[0] == ';'))
        return true;
    if (p->not_stored)
        return skip_line(p, word, line);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (exh_cue_is(word, commands[i].word))
            return commands[i].take != NULL ? commands[i].take(p, line) : exh_cue_take_text(p, line, commands[i].text);
    return exh_cue_odd(p, "'%s' is no command of a cue sheet and is left aside", exh_cue_show(word).text);
}

static int by_type(const void *a, const void *b)
{
    const struct exh_cue_text *x = a, *y = b;
    return x->type != y->type ? x->type - y->type : x->track - y->track;
}

static bool finish_sheet(struct exh_cue_parser *p)
{
    struct exh_cue_sheet *s = p->sheet;
    if (!exh_cue_finish_track(p))
        return false;
    if (s->track_count == 0)
        return exh_fail(p->err, EXH_CORRUPT, EXH_NO_OFFSET, "the cue sheet has no TRACK");
    if (s->text_count > 0)
        qsort(s->texts, s->text_count, sizeof *s->texts, by_type);
    return p->oddities <= ODDITIES_MAX ||
           exh_inspection_remark(p->notes, "sheet", EXH_WARNS, p->name, EXH_NO_OFFSET, p->err, "%u more lines are odd", p->oddities - ODDITIES_MAX);
}

/* What is no text at all, and the bytes at its ends that are none. */
static bool text_of(const uint8_t *bytes, size_t *begin, size_t *length, struct exh_error *err)
{
    if (*length > EXH_CUE_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_CUE_BYTES_MAX, "a cue sheet of %zu bytes: more than %u are not read", *length, EXH_CUE_BYTES_MAX);
    if (*length >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)))
        return exh_fail(err, EXH_UNSUPPORTED, 0, "the cue sheet is written in UTF-16");
    *begin = *length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (*length > *begin && bytes[*length - 1] == 0x1A) /* the end of a text file of CP/M and DOS */
        (*length)--;
    const uint8_t *nul = *length > *begin ? memchr(bytes + *begin, '\0', *length - *begin) : NULL;
    if (nul == NULL)
        return true;
    uint32_t line = 1;
    for (const uint8_t *b = bytes; b < nul; b++)
        line += *b == '\n';
    return exh_fail(err, EXH_CORRUPT, (uint64_t)(nul - bytes), "line %u: a zero byte in the text", line);
}

bool exh_cue_parse(const uint8_t *text, size_t length, const char *name, struct exh_cue_sheet *out, struct exh_inspection *notes,
                   struct exh_error *err)
{
    struct exh_cue_parser p = {.sheet = out, .notes = notes, .name = name, .err = err, .file = EXH_CUE_NONE, .frames = EXH_CUE_NONE, .session = 1};
    size_t at;
    if (!text_of(text, &at, &length, err))
        return false;
    struct exh_cue_span line;
    for (p.line.at = at; exh_cue_next_line((const char *)text, length, &at, &line); p.line.at = at) {
        p.line.number++;
        if (!take_line(&p, line))
            return false;
    }
    return finish_sheet(&p);
}

void exh_cue_sheet_close(struct exh_cue_sheet *sheet)
{
    for (size_t i = 0; i < sheet->file_count; i++)
        free(sheet->files[i].name);
    for (size_t i = 0; i < sheet->text_count; i++)
        free(sheet->texts[i].text);
    free(sheet->files);
    free(sheet->texts);
    free(sheet->indexes);
    free(sheet->cdtext_file);
    memset(sheet, 0, sizeof *sheet);
}
