/* cue.c - cue sheets: the row, what tells one from other text, and how one becomes a medium. See cue.h.
 *
 * There is no specification but the manual of the program that invented the format (CDRWIN) and the habits of those that came after it; how each
 * habit is read is told in cue_places.c, cue_labels.c, cue_remarks.c (commands) and cue_layout.c (places, and the two meanings of REM LEAD-OUT). */
#include "formats/optical/cue.h"

#include <stdlib.h>
#include <string.h>

#include "formats/optical/cue_layout.h"
#include "formats/optical/cue_text.h"

/* ---- probe ---- */

static bool named_cue(const char *name)
{
    struct exh_cue_span end = {name, strlen(name)};
    if (end.length < 4)
        return false;
    end.text += end.length - 4;
    end.length = 4;
    return exh_cue_is(end, ".CUE");
}

/* A line that only a cue sheet has: cdrdao's toc files share the words, but neither a track's number nor a file's type. */
static bool line_proves(struct exh_cue_span line)
{
    static const char *const types[] = {"BINARY", "MOTOROLA", "WAVE", "AIFF", "MP3", "FLAC", "OGG"};
    struct exh_cue_span word;
    uint32_t number;
    if (!exh_cue_word(&line, &word))
        return false;
    if (exh_cue_is(word, "TRACK"))
        return exh_cue_word(&line, &word) && exh_cue_number(word, &number);
    if (!exh_cue_is(word, "FILE"))
        return false;
    word = exh_cue_last_word(&line);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (exh_cue_is(word, types[i]))
            return true;
    return false;
}

/* Does the first line that says something begin with a cue sheet's word? Nothing but comments: perhaps. */
static bool begins_like_one(struct exh_cue_span line, bool *comment)
{
    static const char *const words[] = {"CATALOG",    "CDTEXTFILE", "FILE",     "FLAGS",    "INDEX",   "ISRC",    "PERFORMER", "POSTGAP", "PREGAP",
                                        "SONGWRITER", "TITLE",      "COMPOSER", "ARRANGER", "MESSAGE", "DISC_ID", "GENRE",     "UPC_EAN", "TRACK"};
    struct exh_cue_span word;
    *comment = !exh_cue_word(&line, &word) || exh_cue_is(word, "REM") || (word.length > 0 && word.text[0] == ';');
    for (size_t i = 0; !*comment && i < sizeof words / sizeof words[0]; i++)
        if (exh_cue_is(word, words[i]))
            return true;
    return *comment;
}

static int cue_probe(const struct exh_peek *peek)
{
    bool named = named_cue(peek->name), comment = true;
    size_t at = peek->head_length >= 3 && memcmp(peek->head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (peek->head_length >= 2 && (memcmp(peek->head, "\xFF\xFE", 2) == 0 || memcmp(peek->head, "\xFE\xFF", 2) == 0))
        return named ? 30 : 0;                            /* UTF-16: ours to refuse by name */
    if (memchr(peek->head, 0, peek->head_length) != NULL) /* other control characters may stand in a title */
        return 0;
    struct exh_cue_span line;
    while (exh_cue_next_line((const char *)peek->head, peek->head_length, &at, &line)) {
        if (comment && !begins_like_one(line, &comment))
            return 0;
        if (!comment && line_proves(line))
            return named ? 95 : 85;
    }
    return named && peek->head_length > 0 ? 40 : 0;
}

/* ---- open ---- */

/* The sheet's bytes on the heap. */
static uint8_t *read_sheet(struct exh_source *source, struct exh_error *err)
{
    if (source->size > EXH_CUE_BYTES_MAX) {
        (void)exh_fail(err, EXH_LIMIT, EXH_CUE_BYTES_MAX, "a cue sheet of %llu bytes: more than %u are not read", (unsigned long long)source->size,
                       EXH_CUE_BYTES_MAX);
        return NULL;
    }
    uint8_t *text = malloc((size_t)source->size + 1);
    if (text == NULL)
        (void)exh_nomem(err, "a cue sheet");
    else if (exh_source_read(source, 0, text, (size_t)source->size, err))
        return text;
    free(text);
    return NULL;
}

/* The sheet's own source is the disc's first file; on failure the caller has to keep it, so it is only lent until all else has worked. */
struct lent {
    struct exh_source source;
    struct exh_source *of;
    bool ours;
};

static size_t lent_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    return exh_source_read_some(((struct lent *)source)->of, offset, buffer, length, err);
}

static void lent_close(struct exh_source *source)
{
    struct lent *l = (struct lent *)source;
    if (l->ours)
        exh_source_close(l->of);
    free(l);
}

static const struct exh_source_ops lent_ops = {.read = lent_read, .close = lent_close};

static struct lent *lend(struct exh_source *of, struct exh_error *err)
{
    struct lent *l = calloc(1, sizeof *l);
    if (l == NULL) {
        (void)exh_nomem(err, "a cue sheet");
        return NULL;
    }
    *l = (struct lent){.source = {&lent_ops, of->size, of->name}, .of = of};
    return l;
}

static struct exh_medium *build(const uint8_t *text, struct exh_source *source, const char *path, const struct exh_open *options,
                                struct exh_stored_disc *disc, struct exh_error *err)
{
    struct exh_cue_sheet *sheet = calloc(1, sizeof *sheet);
    struct lent *lent = sheet != NULL ? lend(source, err) : NULL;
    uint32_t index;
    struct exh_medium *medium = NULL;
    if (sheet == NULL)
        (void)exh_nomem(err, "a cue sheet");
    if (lent != NULL && exh_stored_disc_file(disc, &lent->source, path, &index, err) &&
        exh_cue_parse(text, (size_t)source->size, path, sheet, exh_stored_disc_notes(disc), err) && exh_cue_build(sheet, options, path, disc, err))
        medium = exh_stored_disc_finish(disc, err);
    if (medium != NULL)
        lent->ours = true;
    if (sheet != NULL)
        exh_cue_sheet_close(sheet);
    free(sheet);
    return medium;
}

static struct exh_medium *cue_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    const char *path = options->path != NULL ? options->path : source->name;
    uint8_t *text = read_sheet(source, err);
    struct exh_stored_disc *disc = text != NULL ? exh_stored_disc_new("cue", err) : NULL;
    struct exh_medium *medium = disc != NULL ? build(text, source, path, options, disc, err) : NULL;
    if (medium == NULL)
        exh_stored_disc_close(disc);
    free(text);
    return medium;
}

static const char *const cue_extensions[] = {".cue", NULL};

const struct exh_format exh_format_cue = {.name = "cue",
                                          .title = "cue sheet with BIN, WAVE or AIFF files",
                                          .extensions = cue_extensions,
                                          .probe = cue_probe,
                                          .open = cue_open,
                                          .create = exh_cue_create,
                                          .can = EXH_SINK_KEEPS_TRACKS,
                                          .fits = exh_cue_fits};
