/* html_lineage.c - what an image was opened with: the images that it holds only the difference to, each with what ties it to the image over it, and
 * the snapshot that was read. */
#include "report/pages/html_sections.h"

static void identifier(struct exh_html_page *p, const struct exh_fact_parent *parent)
{
    if (parent->identifier == EXH_FACT_IDENTIFIER_NONE) {
        exh_html_put(p, "none is stored: the file that was found or named was taken");
        return;
    }
    if (parent->identifier == EXH_FACT_IDENTIFIER_UNKNOWN) {
        exh_html_unknown(p);
        return;
    }
    exh_html_text_or_unknown(p, parent->identifier_kind);
    exh_html_put(p, " ");
    exh_html_text_or_unknown(p, parent->identifier_value);
    exh_html_put(p, parent->matched ? ": matches what the image over it names" : ": does NOT match what the image over it names");
}

static void parent_row(struct exh_html_page *p, const struct exh_fact_parent *parent)
{
    exh_html_put(p, "<tr><td class=\"n\">");
    exh_html_number_or_unknown(p, parent->depth);
    exh_html_put(p, "</td><td class=\"words\">");
    exh_html_text_or_unknown(p, parent->path);
    exh_html_put(p, "</td><td>");
    exh_html_text_or_unknown(p, parent->format);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_number_or_unknown(p, parent->bytes);
    exh_html_put(p, "</td><td class=\"words\">");
    identifier(p, parent);
    exh_html_put(p, "</td><td>");
    if (exh_facts_is_hex(parent->sha256, 64))
        exh_html_hash(p, parent->sha256);
    else
        exh_html_put(p, "not computed");
    exh_html_put(p, "</td></tr>\n");
}

static void snapshot(struct exh_html_page *p, const struct exh_fact_lineage *lineage)
{
    if (lineage->snapshot == NULL && lineage->snapshot_id == NULL && lineage->snapshot_name == NULL)
        return;
    exh_html_put(p, "<p>Read as the snapshot that was asked for as \"");
    exh_html_text_or_unknown(p, lineage->snapshot);
    exh_html_put(p, "\": number ");
    exh_html_text_or_unknown(p, lineage->snapshot_id);
    exh_html_put(p, ", name \"");
    exh_html_text_or_unknown(p, lineage->snapshot_name);
    exh_html_put(p, "\".</p>\n");
}

void exh_html_lineage(struct exh_html_page *p, const struct exh_fact_lineage *lineage, int below)
{
    bool none = lineage->count == 0 && lineage->malformed == 0;
    if (none && lineage->snapshot == NULL && lineage->snapshot_id == NULL && lineage->snapshot_name == NULL)
        return;
    exh_html_heading(p, below, "What the image was opened with", NULL);
    snapshot(p, lineage);
    if (lineage->count > 0) {
        exh_html_put(p,
                     "<table class=\"dense\"><caption>Images that it holds only the difference to, the nearest first. Their bytes are part of what "
                     "was read.</caption><thead><tr><th scope=\"col\" class=\"n\">Depth</th><th scope=\"col\">Parent</th>"
                     "<th scope=\"col\">Format</th><th scope=\"col\" class=\"n\">Bytes of its medium</th><th scope=\"col\">Identifier</th>"
                     "<th scope=\"col\">SHA-256</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < lineage->count; i++)
            parent_row(p, &lineage->parents[i]);
        exh_html_put(p, "</tbody></table>\n");
    }
    exh_html_malformed(p, lineage->malformed, "Of the parents");
}
