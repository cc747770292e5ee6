/* toc_cdtext.c - CD_TEXT of a toc-file as packs, and packs as CD_TEXT. See toc_cdtext.h. */
#include "formats/optical/toc_cdtext.h"

#include <stdlib.h>
#include <string.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define BLOCKS 8u
#define TYPE_FIRST 0x80u
#define TYPE_GENRE 0x87u
#define TYPE_CODES 0x8Eu
#define TYPE_LAST 0x8Fu
#define GENRE_NUMBER_BYTES 2u
#define FACT_BYTES 80u /* in one line of a fact */

/* ---- reading ---- */

static bool note_bytes(const struct exh_toc_text *t, const char *path, struct exh_inspection *notes, struct exh_error *err)
{
    char hex[2 * FACT_BYTES + 1];
    for (size_t at = 0; at < t->length; at += FACT_BYTES) {
        exh_text_hex(t->bytes + at, t->length - at < FACT_BYTES ? t->length - at : FACT_BYTES, hex);
        if (!exh_inspection_fact(notes, path, t->line_at, "cd-text", err, "%s of %s %u, language %u: %s", exh_toc_pack_name(t->type, t->track),
                                 t->track == 0 ? "disc" : "track", t->track, t->block, hex))
            return false;
    }
    return true;
}

/* Texts only; a genre in braces is a number of two bytes and a text. */
static size_t gather(const struct exh_toc *toc, struct exh_cdtext_item *items)
{
    size_t count = 0;
    for (size_t i = 0; i < toc->text_count; i++) {
        const struct exh_toc_text *t = &toc->texts[i];
        char *text = t->text;
        if (t->type == TYPE_GENRE && text == NULL && t->length > GENRE_NUMBER_BYTES && t->bytes[t->length - 1] == '\0')
            text = (char *)t->bytes + GENRE_NUMBER_BYTES;
        if (text != NULL && (t->type != TYPE_GENRE || text[0] != '\0'))
            items[count++] = (struct exh_cdtext_item){t->block, t->type, t->track, text};
    }
    return count;
}

static bool lose_texts(struct exh_stored_disc *disc, size_t count, const char *path, struct exh_error *err)
{
    return exh_inspection_remark(exh_stored_disc_notes(disc), "cd-text-left-out", EXH_WARNS, path, EXH_NO_OFFSET, err,
                                 "%zu texts are in no packs: they are no ISO 8859-1", count) &&
           exh_losses_add(exh_stored_disc_losses(disc), EXH_LOSS_TEXT, count, err,
                          "titles and other texts (%zu texts are in no packs: they are no ISO 8859-1)", count);
}

bool exh_toc_cdtext_take(const struct exh_toc *toc, const char *path, struct exh_stored_disc *disc, struct exh_error *err)
{
    struct exh_inspection *notes = exh_stored_disc_notes(disc);
    struct exh_cdtext_item *items = calloc(toc->text_count + 1, sizeof *items);
    if (items == NULL)
        return exh_nomem(err, "CD-TEXT");
    bool ok = true;
    for (size_t i = 0; ok && i < toc->text_count; i++)
        ok = toc->texts[i].text != NULL || note_bytes(&toc->texts[i], path, notes, err);
    size_t count = gather(toc, items), left_out = 0;
    uint8_t language = toc->languages[0] >= 0 ? (uint8_t)toc->languages[0] : 0;
    if (ok && count > 0)
        ok = exh_cdtext_encode(items, count, 1, (uint8_t)toc->track_count, language, exh_stored_disc_facts(disc), &left_out, err) ||
             exh_context(err, "CD_TEXT");
    free(items);
    return ok && (left_out == 0 || lose_texts(disc, left_out, path, err));
}

/* ---- writing ---- */

bool exh_toc_cdtext_kept(const struct exh_layout *layout, struct exh_toc_kept *out, struct exh_error *err)
{
    const struct exh_disc *disc = layout->disc;
    struct exh_cdtext found;
    struct exh_disc made = {0};
    *out = (struct exh_toc_kept){.same = true};
    if (disc == NULL || disc->cdtext_packs == 0)
        return true;
    if (!exh_cdtext_decode(disc->cdtext, disc->cdtext_packs, &found, err))
        return false;
    uint8_t first = layout->tracks[0].number, last = layout->tracks[layout->track_count - 1].number;
    uint8_t language = found.language[0] != 0xFF ? found.language[0] : 0;
    bool ok = found.count == 0 || exh_cdtext_encode(found.items, found.count, first, last, language, &made, &out->left_out, err);
    if (!ok && err->code == EXH_LIMIT) { /* more text than packs hold again, repeated texts being written out */
        exh_error_clear(err);
        exh_disc_close(&made);
        out->left_out = found.count;
        ok = true;
    }
    out->same = ok && made.cdtext_packs == disc->cdtext_packs && memcmp(made.cdtext, disc->cdtext, made.cdtext_packs * EXH_CDTEXT_PACK_BYTES) == 0;
    ok = ok && exh_cdtext_decode(made.cdtext, made.cdtext_packs, &out->cdtext, err);
    exh_cdtext_close(&found);
    exh_disc_close(&made);
    return ok;
}

/* A text as one byte a character, those that are not plain in octal. What exh_cdtext_encode has taken is ISO 8859-1. */
static bool put_latin(char **text, const char *from)
{
    bool ok = exh_text_append(text, "\"");
    for (const char *p = from; ok && *p != '\0'; p++) {
        unsigned c = (uint8_t)*p;
        if (c >= 0x80 && p[1] != '\0')
            c = (c & 3) << 6 | ((uint8_t) * ++p & 63);
        ok = c == '"' || c == '\\' || c < ' ' || c >= 127 ? exh_text_append(text, "\\%03o", c) : exh_text_append(text, "%c", (int)c);
    }
    return ok && exh_text_append(text, "\"\n");
}

/* In braces, with the genre's number in front: none. */
static bool put_genre(char **text, const char *from)
{
    bool ok = exh_text_append(text, "{ 0, 0");
    for (const char *p = from; ok && *p != '\0'; p++) {
        unsigned c = (uint8_t)*p;
        if (c >= 0x80 && p[1] != '\0')
            c = (c & 3) << 6 | ((uint8_t) * ++p & 63);
        ok = exh_text_append(text, ", %u", c);
    }
    return ok && exh_text_append(text, ", 0 }\n");
}

static bool of_any_track(const struct exh_cdtext *cdtext, unsigned block, unsigned type)
{
    for (size_t i = 0; i < cdtext->count; i++)
        if (cdtext->items[i].block == block && cdtext->items[i].type == type && cdtext->items[i].track > 0)
            return true;
    return false;
}

/* cdrdao wants an item that one track has of all of them, and of the disc. */
static bool put_items(char **text, const struct exh_cdtext *cdtext, unsigned block, unsigned track)
{
    bool ok = true;
    for (unsigned type = TYPE_FIRST; ok && type < TYPE_LAST; type++) {
        const char *found = exh_cdtext_find(cdtext, block, type, track), *name = exh_toc_pack_name(type, track);
        if (found == NULL && (type == TYPE_GENRE || !of_any_track(cdtext, block, type)))
            continue;
        ok = exh_text_append(text, "    %s ", name);
        ok = ok && (type == TYPE_GENRE ? put_genre(text, found) : put_latin(text, found != NULL ? found : ""));
    }
    return ok;
}

static bool put_languages(char **text, const struct exh_cdtext *cdtext)
{
    bool ok = exh_text_append(text, "  LANGUAGE_MAP {\n");
    for (unsigned block = 0; ok && block < BLOCKS; block++)
        if (cdtext->charset[block] != 0xFF)
            ok = exh_text_append(text, "    %u : %u\n", block, cdtext->language[block]);
    return ok && exh_text_append(text, "  }\n");
}

bool exh_toc_cdtext_put(char **text, const struct exh_cdtext *cdtext, unsigned track)
{
    if (cdtext->count == 0)
        return true;
    bool ok = exh_text_append(text, "CD_TEXT {\n") && (track > 0 || put_languages(text, cdtext));
    for (unsigned block = 0; ok && block < BLOCKS; block++)
        if (cdtext->charset[block] != 0xFF)
            ok = exh_text_append(text, "  LANGUAGE %u {\n", block) && put_items(text, cdtext, block, track) && exh_text_append(text, "  }\n");
    return ok && exh_text_append(text, "}\n");
}
