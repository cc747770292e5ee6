/* toc.c - cdrdao's toc-files. See toc.h; the format is that of cdrdao(1), TOC FILES. */
#include "formats/optical/toc.h"

#include <stdlib.h>
#include <strings.h>

#include "formats/model/bytes.h"
#include "formats/optical/toc_cdtext.h"
#include "formats/optical/toc_place.h"
#include "formats/optical/toc_write.h"

static bool add_facts(const struct exh_toc *toc, const char *path, struct exh_inspection *notes, struct exh_error *err)
{
    return toc->type_name == NULL || exh_inspection_fact(notes, path, EXH_NO_OFFSET, "toc-type", err, "%s", toc->type_name);
}

static bool read_toc(struct exh_source *source, const char *path, const struct exh_open *options, struct exh_stored_disc *disc, struct exh_error *err)
{
    if (source->size > EXH_TOC_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_TOC_BYTES_MAX, "a toc-file of %llu bytes: no more than %u are read", (unsigned long long)source->size,
                        EXH_TOC_BYTES_MAX);
    struct exh_toc *toc = calloc(1, sizeof *toc);
    char *text = malloc((size_t)source->size + 1);
    bool ok = (toc != NULL && text != NULL) || exh_nomem(err, "a toc-file");
    ok = ok && exh_source_read(source, 0, text, (size_t)source->size, err);
    if (ok) {
        ok = exh_toc_parse(text, (size_t)source->size, toc, err) && exh_toc_place(toc, path, options, disc, err) &&
             exh_toc_cdtext_take(toc, path, disc, err) && add_facts(toc, path, exh_stored_disc_notes(disc), err);
        exh_toc_close(toc);
    }
    free(text);
    free(toc);
    return ok;
}

static struct exh_medium *toc_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    const char *path = options->path != NULL ? options->path : source->name;
    struct exh_stored_disc *disc = exh_stored_disc_new("toc", err);
    if (disc == NULL)
        return NULL;
    struct exh_medium *medium = NULL;
    if (exh_stored_disc_descriptor(disc, source, path, err) && read_toc(source, path, options, disc, err))
        medium = exh_stored_disc_finish(disc, err);
    if (medium == NULL)
        exh_stored_disc_close(disc);
    return medium;
}

static bool named_toc(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".toc") == 0;
}

/* A cue sheet, too, may begin with CATALOG, without quotes, or TRACK, with a number. */
static int toc_probe(const struct exh_peek *peek)
{
    static const char *const heads[] = {"CD_DA", "CD_ROM", "CD_ROM_XA", "CD_I", "CD_TEXT"};
    struct exh_toc_words words;
    struct exh_toc_word first, second;
    struct exh_error err;
    exh_error_clear(&err);
    exh_toc_words_begin(&words, (const char *)peek->head, peek->head_length);
    if (!exh_toc_words_next(&words, &first, &err) || first.kind != EXH_TOC_NAME || !exh_toc_words_next(&words, &second, &err))
        return 0;
    bool named = named_toc(peek->name);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (exh_toc_word_is(&first, heads[i]))
            return named ? 90 : 70;
    bool catalog = exh_toc_word_is(&first, "CATALOG"), track = exh_toc_word_is(&first, "TRACK");
    if (!catalog && !track)
        return 0;
    return named ? 90 : second.kind == (catalog ? EXH_TOC_STRING : EXH_TOC_NAME) ? 40 : 0;
}

static const char *const toc_extensions[] = {".toc", NULL};

const struct exh_format exh_format_toc = {.name = "toc",
                                          .title = "cdrdao toc-file and its data files (TOC/BIN)",
                                          .extensions = toc_extensions,
                                          .probe = toc_probe,
                                          .open = toc_open,
                                          .create = exh_toc_create,
                                          .can = EXH_TOC_CAN,
                                          .fits = exh_toc_fits};
