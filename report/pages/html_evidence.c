/* html_evidence.c - what the first sheet rests on: the source as it was found, how it was copied, which sectors could not be read and where
 * they lie, the digests by scope, the files, the layout, every verification since, and the lines of the ledger in their order. What a failing
 * medium adds is in html_device.c, html_run.c and html_sectors.c.
 *
 * Nothing is concluded here. A list that would be too long for people is cut at a stated number, says so, and is whole in report.xml. */
#include "report/pages/html_sections.h"

#include "report/pages/sentences.h"

#define TRACKS_SHOWN 120u
#define RECORDS_SHOWN 500u

/* --- the run --- */

static void failure(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    if (f->outcome == EXH_ENDED_DONE || (f->error_text == NULL && f->error_code == NULL))
        return;
    exh_html_heading(p, 0, "What stopped it", NULL);
    exh_html_put(p, "<div class=\"wide\"><table><tbody>\n");
    exh_html_open_row(p, "Error");
    exh_html_text_or_unknown(p, f->error_text);
    exh_html_close_row(p);
    exh_html_open_row(p, "Kind");
    exh_html_text_or_unknown(p, f->error_code);
    exh_html_close_row(p);
    exh_html_open_row(p, "File or device");
    exh_html_text_or_unknown(p, f->error_file);
    exh_html_close_row(p);
    exh_html_put(p, "</tbody></table></div>\n");
}

static void notices(struct exh_html_page *p)
{
    if (p->f->notice_count == 0)
        return;
    exh_html_heading(p, 1, "Notices of the run", NULL);
    exh_html_put(p, "<ul>\n");
    for (size_t i = 0; i < p->f->notice_count; i++) {
        exh_html_put(p, "<li>");
        exh_html_text(p, p->f->notices[i]);
        exh_html_put(p, "</li>\n");
    }
    exh_html_put(p, "</ul>\n");
}

static void method(struct exh_html_page *p)
{
    exh_html_heading(p, 0, "Method and settings", NULL);
    exh_html_heading(p, 1, "Asked for", NULL);
    exh_html_facts(p, &p->f->plan);
    exh_html_heading(p, 1, "Done", NULL);
    if (p->f->record_count > 0 && p->f->outcome != EXH_ENDED_NOT)
        exh_html_facts(p, &p->f->result);
    else
        exh_html_put(p, "<p>No end of the run is on record.</p>\n");
    exh_html_run(p);
    notices(p);
}

/* --- the image --- */

static void files(struct exh_html_page *p)
{
    const struct exh_fact_files *list = &p->f->files;
    size_t shown = list->count < EXH_HTML_FILES_SHOWN ? list->count : EXH_HTML_FILES_SHOWN;
    exh_html_heading(p, 1, "Files of the image", NULL);
    exh_html_put(p, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">File</th><th scope=\"col\" class=\"n\">Bytes</th>"
                    "<th scope=\"col\">SHA-256 of the file</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        exh_html_put(p, "<tr><td>");
        exh_html_text_or_unknown(p, list->items[i].name);
        exh_html_put(p, "</td><td class=\"n\">");
        exh_html_number_or_unknown(p, list->items[i].bytes);
        exh_html_put(p, "</td><td>");
        if (exh_facts_is_hex(list->items[i].sha256, 64))
            exh_html_hash(p, list->items[i].sha256);
        else
            exh_html_unknown(p);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, list->count, "Files");
}

static void layout(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t shown = f->track_count < TRACKS_SHOWN ? f->track_count : TRACKS_SHOWN;
    if (exh_html_disc_of(p) != NULL) {
        exh_html_disc(p);
        return;
    }
    if (!exh_html_is(f->layout_kind, "disc") && shown < 2)
        return;
    exh_html_heading(p, 1, "Sessions and tracks", NULL);
    exh_html_put(p, "<div class=\"wide\"><table><thead><tr><th scope=\"col\" class=\"n\">Track</th><th scope=\"col\" class=\"n\">Session</th><th "
                    "scope=\"col\">Mode</th>"
                    "<th scope=\"col\" class=\"n\">First sector (LBA)</th><th scope=\"col\" class=\"n\">Sectors</th>"
                    "<th scope=\"col\" class=\"n\">Bytes per sector</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        const struct exh_fact_track *track = &f->tracks[i];
        exh_markup_format(&p->out, "<tr><td class=\"n\">%llu</td><td class=\"n\">%llu</td><td>", (unsigned long long)track->number,
                          (unsigned long long)track->session);
        exh_html_text_or_unknown(p, track->mode);
        exh_html_put(p, "</td><td class=\"n\">");
        exh_html_signed_figure(p, track->first_lba);
        exh_html_put(p, "</td><td class=\"n\">");
        exh_html_figure(p, track->sectors);
        exh_markup_format(&p->out, "</td><td class=\"n\">%llu%s%llu</td></tr>\n", (unsigned long long)track->main_bytes,
                          track->sub_bytes > 0 ? " + " : " + ", (unsigned long long)track->sub_bytes);
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, f->track_count, "Tracks");
}

/* --- what came after --- */

static const char *type_words(const char *type)
{
    static const struct {
        const char *type, *words;
    } table[] = {{"acquire-begin", "Acquisition begun"},
                 {"acquire-pause", "Acquisition stopped, to be resumed"},
                 {"acquire-resume", "Acquisition resumed"},
                 {"acquire-end", "Acquisition ended"},
                 {"convert-begin", "Conversion begun"},
                 {"convert-end", "Conversion ended"},
                 {"verify", "Verified"},
                 {"hash", "Digests computed"},
                 {"report", "Report issued"},
                 {"import", "Lines imported"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (exh_html_is(type, table[i].type))
            return table[i].words;
    return NULL;
}

static void timeline(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t shown = f->record_count < RECORDS_SHOWN ? f->record_count : RECORDS_SHOWN;
    exh_html_heading(p, 0, "Timeline of the record", NULL);
    exh_html_put(p, "<div class=\"wide\"><table><caption>Lines of the ledger about this image, in their order.</caption><thead><tr>"
                    "<th scope=\"col\" class=\"n\">Line</th><th scope=\"col\">Time</th><th scope=\"col\">Event</th><th scope=\"col\">By</th>"
                    "<th scope=\"col\">Outcome</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        const struct exh_fact_record *record = &f->records[i];
        exh_html_put(p, "<tr><td class=\"n\">");
        exh_html_number_or_unknown(p, record->seq);
        exh_html_put(p, "</td><td class=\"when\">");
        exh_html_moment(p, record->time);
        exh_html_put(p, "</td><td>");
        if (type_words(record->type) != NULL)
            exh_html_put(p, type_words(record->type));
        else
            exh_html_text_or_unknown(p, record->type);
        exh_html_put(p, "</td><td>");
        exh_html_text_or_unknown(p, record->who);
        exh_html_put(p, "</td><td>");
        exh_html_text_or_unknown(p, record->summary);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, f->record_count, "Lines");
}

/* --- all of it --- */

static void evidence_of_found(struct exh_html_page *p)
{
    exh_html_found(p);
    exh_html_digests(p);
    if (p->f->files.count > 0)
        files(p);
    layout(p);
    exh_html_verifications(p);
    timeline(p);
}

void exh_html_evidence(struct exh_html_page *p)
{
    if (p->f->outcome == EXH_ENDED_FOUND) {
        evidence_of_found(p);
        return;
    }
    failure(p);
    exh_html_heading(p, 0, "The source", "sheet");
    exh_html_facts(p, &p->f->source);
    exh_html_lineage(p, &p->f->lineage, 1);
    exh_html_device(p);
    exh_html_heading(p, 1, "Case data", NULL);
    exh_html_facts(p, &p->f->case_fields);
    method(p);
    exh_html_sectors(p);
    if (p->f->outcome == EXH_ENDED_DONE) {
        exh_html_digests(p);
        files(p);
        layout(p);
    }
    exh_html_verifications(p);
    timeline(p);
}
