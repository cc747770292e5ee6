/* html_found.c - an image whose making is on no record: what a look at it saw, and what it says of itself.
 *
 * That nothing is known of the acquisition is said in one sentence, not in a table of twenty facts that are each not recorded. What the image states
 * is kept apart from what was found, for the one may be written by anybody who could write the image. */
#include "report/pages/html_sections.h"

#include "report/pages/sentences.h"

/* --- beside the verdict --- */

static void value_of_line(struct exh_html_page *p, struct exh_number seq, const char *value)
{
    exh_html_put(p, "line ");
    exh_html_number_or_unknown(p, seq);
    exh_html_put(p, " has ");
    exh_html_hash(p, value);
}

void exh_html_disagreement(struct exh_html_page *p)
{
    const struct exh_fact_disagreement *d = &p->f->disagreement;
    if (d->one == NULL)
        return;
    exh_html_put(p, "<p class=\"attention\">The looks at this image do not agree: of ");
    exh_html_text(p, d->one->algorithm);
    exh_html_put(p, " in scope ");
    exh_html_text(p, d->one->scope);
    exh_html_put(p, " ");
    value_of_line(p, d->one_seq, d->one->value);
    exh_html_put(p, " and ");
    value_of_line(p, d->other_seq, d->other->value);
    exh_html_put(p, ". The image changed in between, or it was opened as something else (another snapshot, parent, format or sector size).</p>\n");
}

/* --- the first sheet --- */

static const char not_read[] = "not known: what is in the image was not read";

static void unreadable(struct exh_html_page *p)
{
    struct exh_number sectors = p->f->unreadable_sectors;
    if (!sectors.known && !p->f->bytes.known)
        exh_html_put(p, not_read);
    else if (!sectors.known)
        exh_html_unknown(p);
    else if (sectors.value == 0)
        exh_html_put(p, "none: the image lists none, and every sector of it could be read");
    else
        exh_html_counted(p, sectors.value, "sector");
    if (sectors.known && sectors.value > 0)
        exh_html_put(p, ", which the image lists as such, has lost, or did not give");
}

static void size(struct exh_html_page *p)
{
    if (p->f->bytes.known)
        exh_html_size(p);
    else
        exh_html_put(p, not_read);
}

static bool has_media(const struct exh_facts *f, const char *algorithm)
{
    for (size_t i = 0; i < f->digests.count; i++)
        if (strcmp(f->digests.items[i].scope, "media") == 0 && strcmp(f->digests.items[i].algorithm, algorithm) == 0)
            return true;
    return false;
}

static void digests(struct exh_html_page *p)
{
    bool sha256 = has_media(p->f, "sha256"), md5 = has_media(p->f, "md5");
    if (sha256)
        exh_html_summary_digest(p, "sha256", "SHA-256", "");
    if (md5)
        exh_html_summary_digest(p, "md5", "MD5", "; MD5 is not collision-resistant");
    if (sha256 || md5)
        return;
    exh_html_open_row(p, "SHA-256, MD5");
    exh_html_put(p, p->f->digests.count == 0 ? "not computed" : "not computed of the media stream; those that were stand under \"Digests by scope\"");
    exh_html_close_row(p);
}

static void verification(struct exh_html_page *p)
{
    const struct exh_fact_record *last = p->f->last_verification;
    exh_html_open_row(p, "Verification");
    if (last == NULL) {
        exh_html_put(p, "none on record");
    } else {
        exh_html_counted(p, p->f->verifications, "line");
        exh_html_put(p, " on record; the last: ");
        exh_html_verified(p, last);
    }
    exh_html_put(p, ".");
    exh_html_close_row(p);
}

void exh_html_found_summary(struct exh_html_page *p)
{
    exh_html_open_row(p, "Acquisition");
    exh_html_put(p, "<strong>Not on record here</strong>: who made the image, when, with what, from which source and how completely.");
    exh_html_close_row(p);
    exh_html_summary_case(p);
    exh_html_open_row(p, "Size of the medium");
    size(p);
    exh_html_close_row(p);
    exh_html_open_row(p, "Unreadable");
    unreadable(p);
    exh_html_close_row(p);
    digests(p);
    verification(p);
}

/* --- what was seen --- */

static void described_by(struct exh_html_page *p)
{
    const struct exh_fact_record *record = p->f->described_by;
    exh_html_put(p, "<p>No line of this record tells how the image was made. What follows is what ");
    exh_html_put(p, record->verification ? "the verification" : "the run that computed digests");
    exh_html_put(p, " on line ");
    exh_html_number_or_unknown(p, record->seq);
    exh_html_put(p, " saw, ");
    exh_html_moment(p, record->time);
    exh_html_put(p, ", by ");
    exh_html_text_or_unknown(p, record->who);
    exh_html_put(p, ".</p>\n");
}

static void fact_of_bytes(struct exh_html_page *p, const char *label, struct exh_number value)
{
    exh_html_open_fact(p, label);
    if (value.known)
        exh_html_counted(p, value.value, "byte");
    else
        exh_html_unknown(p);
    exh_html_close_fact(p);
}

static void seen(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    const char *words = exh_sentence_value("format", f->format);
    exh_html_put(p, "<dl class=\"facts\">\n");
    exh_html_open_fact(p, "Image format");
    exh_html_text_or_unknown(p, f->format);
    if (words != NULL)
        exh_markup_format(&p->out, " (%s)", words);
    exh_html_close_fact(p);
    fact_of_bytes(p, "Medium", f->bytes);
    fact_of_bytes(p, "Sector", f->sector_size);
    exh_html_open_fact(p, "Sectors");
    exh_html_number_or_unknown(p, f->sectors);
    exh_html_close_fact(p);
    exh_html_open_fact(p, "Unreadable");
    unreadable(p);
    exh_html_close_fact(p);
    exh_html_put(p, "</dl>\n");
}

/* --- what the image says --- */

static void stated_digests(struct exh_html_page *p)
{
    const struct exh_fact_digests *list = &p->f->stated.digests;
    size_t shown = list->count < EXH_HTML_FILES_SHOWN ? list->count : EXH_HTML_FILES_SHOWN;
    if (shown == 0)
        return;
    exh_html_put(p, "<div class=\"wide\"><table class=\"digests\"><caption>Digests as stored in the image. What became of them when they were held "
                    "against its content stands under \"Verifications\".</caption><thead><tr><th scope=\"col\">Scope</th>"
                    "<th scope=\"col\">Algorithm</th><th scope=\"col\">Value</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        exh_html_put(p, "<tr><th scope=\"row\">");
        exh_html_text(p, list->items[i].scope);
        exh_html_put(p, "</th><td>");
        exh_html_text(p, list->items[i].algorithm);
        exh_html_put(p, "</td><td>");
        exh_html_hash(p, list->items[i].value);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, list->count, "Stored digests");
}

static void stated(struct exh_html_page *p)
{
    const struct exh_fact_stated *s = &p->f->stated;
    exh_html_heading(p, 1, "What the image says of itself", NULL);
    if (!s->told) {
        exh_html_put(p, s->described ? "<p>Nothing: it stores no digest of its medium, no case data and no list of unreadable sectors.</p>\n"
                                     : "<p>Not on record: the line that speaks of it does not tell.</p>\n");
        return;
    }
    exh_html_put(p, "<p>Its own words, from whoever made or changed it; nothing here vouches for them.</p>\n");
    if (s->unfinished)
        exh_html_put(p, "<p class=\"attention\">The image says that its making was cut short.</p>\n");
    if (s->unreadable_sectors.known) {
        exh_html_put(p, "<p>It lists ");
        exh_html_counted(p, s->unreadable_sectors.value, "sector");
        exh_html_put(p, " as not readable when it was made.</p>\n");
    }
    exh_html_facts(p, &s->fields);
    stated_digests(p);
}

void exh_html_found(struct exh_html_page *p)
{
    exh_html_heading(p, 0, "The image as found", "sheet");
    described_by(p);
    if (!p->f->bytes.known) {
        exh_html_put(p, "<p>What is in the image was not read. Only what follows is known of it: its files, as they lie in the file system.</p>\n");
        return;
    }
    seen(p);
    stated(p);
    exh_html_ranges(p);
}
