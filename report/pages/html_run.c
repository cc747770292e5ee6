/* html_run.c - how the medium was read: the passes over it and what each was for, the pauses between runs, the process that read.
 *
 * A pause whose beginning nobody recorded (the run was killed, the power failed) has no known length, and the page says so instead of
 * computing one from the time of going on. */
#include "report/pages/html_sections.h"
#include "report/pages/sentences.h"

#define PASSES_SHOWN 100u
#define PAUSES_SHOWN 100u

/* --- passes --- */

static void number_cell(struct exh_html_page *p, struct exh_number number)
{
    exh_html_put(p, "<td class=\"n\">");
    exh_html_number_or_unknown(p, number);
    exh_html_put(p, "</td>");
}

static void pass_row(struct exh_html_page *p, const struct exh_fact_pass *pass)
{
    const char *words = exh_sentence_pass(pass->name);
    exh_html_put(p, "<tr><td>");
    exh_html_text_or_unknown(p, pass->name);
    if (pass->number.known && pass->number.value > 0 && (exh_html_is(pass->name, "retry") || pass->number.value > 1)) {
        exh_html_put(p, " ");
        exh_html_figure(p, pass->number.value);
    }
    exh_html_put(p, "</td><td class=\"words\">");
    exh_html_put(p, words != NULL ? words : "");
    exh_html_put(p, "</td>");
    number_cell(p, pass->reads);
    number_cell(p, pass->failed_reads);
    number_cell(p, pass->sectors_read);
    exh_html_put(p, "<td class=\"n\">");
    exh_html_milliseconds(p, pass->milliseconds);
    exh_html_put(p, "</td></tr>\n");
}

static void passes(struct exh_html_page *p)
{
    const struct exh_fact_passes *list = &p->f->passes;
    size_t shown = list->count < PASSES_SHOWN ? list->count : PASSES_SHOWN;
    if (shown == 0) {
        exh_html_malformed(p, list->malformed, "Of the passes");
        return;
    }
    exh_html_heading(p, 1, "Passes over the medium", NULL);
    exh_html_put(p, "<div class=\"wide\"><table class=\"dense\"><thead><tr><th scope=\"col\">Pass</th><th scope=\"col\">What it did</th><th "
                    "scope=\"col\" class=\"n\">Reads</th>"
                    "<th scope=\"col\" class=\"n\">Of them failed</th><th scope=\"col\" class=\"n\">Sectors read</th>"
                    "<th scope=\"col\" class=\"n\">Time</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++)
        pass_row(p, &list->items[i]);
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, list->count, "Passes");
    exh_html_malformed(p, list->malformed, "Of the passes");
}

/* --- pauses --- */

static void pause_row(struct exh_html_page *p, const struct exh_fact_pause *pause)
{
    exh_html_put(p, "<tr><td>stopped ");
    if (pause->paused != NULL)
        exh_html_moment(p, pause->paused);
    else
        exh_html_put(p, "<span class=\"unknown\">at a time not known</span>");
    exh_html_put(p, "<br>went on ");
    exh_html_moment(p, pause->resumed);
    exh_html_put(p, "</td><td>");
    if (pause->seconds.known && pause->seconds.value <= UINT64_MAX / 1000)
        exh_html_milliseconds(p, (struct exh_number){pause->seconds.value * 1000, true});
    else
        exh_html_put(p, "<span class=\"unknown\">pause length not known</span>");
    exh_html_put(p, "</td><td class=\"words\">");
    exh_html_text_or_unknown(p, pause->why);
    exh_html_put(p, "</td>");
    number_cell(p, pause->kept_sectors);
    number_cell(p, pause->lost_sectors);
    exh_html_put(p, "</tr>\n");
}

static void pauses(struct exh_html_page *p)
{
    const struct exh_fact_pauses *list = &p->f->pauses;
    size_t shown = list->count < PAUSES_SHOWN ? list->count : PAUSES_SHOWN;
    if (shown == 0) {
        exh_html_malformed(p, list->malformed, "Of the pauses");
        return;
    }
    exh_html_heading(p, 1, "Pauses", NULL);
    exh_html_put(p, "<div class=\"wide\"><table class=\"dense\"><caption>Sectors kept were read before the pause and not again; sectors lost had "
                    "been read and were read "
                    "again.</caption><thead><tr><th scope=\"col\">When</th><th scope=\"col\">Length</th><th scope=\"col\">Why</th>"
                    "<th scope=\"col\" class=\"n\">Sectors kept</th><th scope=\"col\" class=\"n\">Sectors lost</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++)
        pause_row(p, &list->items[i]);
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, list->count, "Pauses");
    exh_html_malformed(p, list->malformed, "Of the pauses");
}

/* --- the process that read --- */

static void yes_or_no(struct exh_html_page *p, int answer, const char *yes, const char *no)
{
    if (answer < 0)
        exh_html_unknown(p);
    else
        exh_html_put(p, answer ? yes : no);
}

static void reading(struct exh_html_page *p)
{
    const struct exh_fact_reading *reading = &p->f->reading;
    if (!reading->told)
        return;
    exh_html_heading(p, 1, "The process that read", NULL);
    exh_html_put(p, "<div class=\"wide\"><table><tbody>\n");
    exh_html_open_row(p, "Process");
    yes_or_no(p, reading->process, "one of its own, which held the device and did nothing else", "the same that wrote the copy");
    exh_html_close_row(p);
    exh_html_open_row(p, "Capabilities kept");
    exh_html_text_or_unknown(p, reading->capabilities);
    exh_html_close_row(p);
    exh_html_open_row(p, "Barred from new privileges");
    yes_or_no(p, reading->no_new_privileges, "yes", "no");
    exh_html_close_row(p);
    exh_html_put(p, "</tbody></table></div>\n");
}

/* One line for what no record speaks of, so that its absence is no silence. */
static void unrecorded(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    static const char *const names[] = {"passes over the medium", "pauses", "the process that read"};
    const bool missing[] = {f->passes.count + f->passes.malformed == 0, f->pauses.count + f->pauses.malformed == 0, !f->reading.told};
    size_t written = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (missing[i])
            exh_markup_format(&p->out, "%s%s", written++ == 0 ? "<p class=\"note\">None on record: " : ", ", names[i]);
    if (written > 0)
        exh_html_put(p, ".</p>\n");
}

void exh_html_run(struct exh_html_page *p)
{
    unrecorded(p);
    passes(p);
    pauses(p);
    reading(p);
}
