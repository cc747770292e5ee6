/* report_html.c - the report for people: one self-contained page, no script, no external reference, a content policy that forbids both.
 *
 * The order is the order a court asks in: the verdict in one sentence, what was copied from what, how much of it, the digests with their
 * scope, what verified it, who holds it, what seals it, who signs. Then the evidence for each, and how to check it (html_sections.h). It
 * states facts and numbers: no tick, no colour of approval, and no word that a matching digest could make louder than a sector that was not
 * read. Recorded texts reach the page only through exh_markup_text (and as escapes of CSS, at the head of a printed sheet). The same lines give the
 * same bytes. */
#include "report/pages/html_sections.h"

#include <ctype.h>

#include "report/pages/sentences.h"
#include "report/pages/style.h"

/* --- the head --- */

static void name_of_item(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    static const char *const endings[] = {[EXH_ENDED_DONE] = "",
                                          [EXH_ENDED_FAILED] = " that failed",
                                          [EXH_ENDED_INTERRUPTED] = " that was interrupted",
                                          [EXH_ENDED_NOT] = " without an end on record",
                                          [EXH_ENDED_FOUND] = ""};
    if (f->outcome == EXH_ENDED_FOUND)
        exh_html_put(p, "Report of an image as found: ");
    else if (f->outcome == EXH_ENDED_DONE)
        exh_html_put(p, f->conversion ? "Conversion report: " : "Acquisition report: ");
    else
        exh_markup_format(&p->out, "Report of %s%s: ", f->conversion ? "a conversion" : "an acquisition",
                          exh_sentence_stop(f) != NULL ? " that was stopped and can be resumed" : endings[f->outcome]);
    if (f->exhibit_id != NULL) {
        exh_html_put(p, "exhibit ");
        exh_html_text(p, f->exhibit_id);
    } else {
        exh_html_text(p, f->image != NULL ? f->image : "image without a name");
    }
    if (f->case_id != NULL) {
        exh_html_put(p, ", case ");
        exh_html_text(p, f->case_id);
    }
}

static void page_title(struct exh_html_page *p)
{
    p->f = &p->all[0];
    if (p->report->item_count == 1) {
        name_of_item(p);
        return;
    }
    size_t found = 0;
    for (size_t i = 0; i < p->report->item_count; i++)
        found += p->all[i].outcome == EXH_ENDED_FOUND;
    exh_markup_format(&p->out, "Report on %zu ", p->report->item_count);
    exh_html_put(p, found == 0 ? "acquisitions" : found == p->report->item_count ? "images as found" : "acquisitions and images as found");
    if (p->f->case_id != NULL) {
        exh_html_put(p, ", case ");
        exh_html_text(p, p->f->case_id);
    }
}

#define RUNNING_HEAD_MAX 90u /* characters; what is longer is cut, and marked */

/* A recorded text inside a string of the style sheet: every ASCII character but letters and digits is a CSS escape, so it ends neither the string
 * nor the style element. */
static void css_text(struct exh_html_page *p, const char *recorded, size_t *room)
{
    const char *at = recorded;
    while (at != NULL && *at != '\0') {
        char one[5] = {*at++};
        for (size_t n = 1; n < 4 && ((unsigned char)*at & 0xc0) == 0x80; n++)
            one[n] = *at++;
        if (*room == 0) {
            exh_html_put(p, "...");
            return;
        }
        --*room;
        if ((unsigned char)one[0] >= 0x80 || isalnum((unsigned char)one[0]))
            exh_markup_text(&p->out, one); /* which lets no mark through that turns the direction */
        else
            exh_markup_format(&p->out, "\\%02x ", (unsigned)one[0]);
    }
}

/* Case and exhibit at the head of every printed sheet, so that a loose one finds its way back. */
static void running_head(struct exh_html_page *p)
{
    const struct exh_facts *f = &p->all[0];
    size_t room = RUNNING_HEAD_MAX;
    exh_html_put(p, "@top-right{font:8pt serif;content:\"");
    if (f->case_id != NULL) {
        exh_html_put(p, "case ");
        css_text(p, f->case_id, &room);
    }
    if (p->report->item_count == 1 && f->exhibit_id != NULL) {
        exh_html_put(p, f->case_id != NULL ? ", exhibit " : "exhibit ");
        css_text(p, f->exhibit_id, &room);
    }
    if (f->case_id == NULL && f->exhibit_id == NULL)
        css_text(p, f->image, &room);
    exh_html_put(p, "\"}");
}

static void head(struct exh_html_page *p)
{
    exh_html_put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" "
                    "content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"only light\">\n"
                    "<title>");
    page_title(p);
    exh_html_put(p, "</title>\n<style>\n");
    exh_html_put(p, exh_style);
    exh_html_put(p, "@page{margin:15mm 15mm 16mm;");
    running_head(p);
    exh_markup_format(&p->out,
                      "@bottom-left{font:8pt serif;content:\"exhibit report, record line %llu%s%.16s\"}"
                      "@bottom-right{font:8pt serif;content:\"page \" counter(page) \" of \" counter(pages)}}\n</style>\n</head>\n",
                      (unsigned long long)p->report->seq, exh_facts_is_hex(p->report->head, 64) ? ", head " : "",
                      exh_facts_is_hex(p->report->head, 64) ? p->report->head : "");
}

/* --- the body --- */

static void issued(struct exh_html_page *p)
{
    char *when = p->report->time_utc != NULL ? exh_facts_text(p->report->time_utc, strlen(p->report->time_utc)) : NULL;
    if (p->report->time_utc != NULL && when == NULL && p->out.failed == EXH_OK)
        p->out.failed = EXH_NOMEM;
    exh_html_put(p, "<p class=\"issued\">Issued ");
    exh_html_moment(p, when);
    free(when);
    exh_html_put(p, " by ");
    if (p->report->program != NULL)
        exh_html_owned_text(p, exh_facts_text(p->report->program, strlen(p->report->program)));
    exh_html_put(p, ". The complete lists are in report.xml, issued with this page.</p>\n");
}

static void one_item(struct exh_html_page *p)
{
    p->number = 1;
    p->level = 2;
    exh_html_verdict(p);
    exh_html_beside_verdict(p);
    exh_html_chain_warning(p);
    issued(p);
    exh_html_summary(p);
    exh_html_signatures(p);
    exh_html_evidence(p);
    exh_html_checking(p);
}

static void several_items(struct exh_html_page *p)
{
    exh_html_put(p, "<ol>\n");
    for (size_t i = 0; i < p->report->item_count; i++) {
        p->f = &p->all[i];
        exh_html_put(p, "<li><p class=\"verdict\">");
        exh_html_owned_text(p, exh_sentence_verdict(p->f));
        exh_markup_format(&p->out, " <a href=\"#item-%zu\">Details</a></p>\n", i + 1);
        exh_html_beside_verdict(p);
        exh_html_put(p, "</li>\n");
    }
    exh_html_put(p, "</ol>\n");
    exh_html_chain_warning(p);
    issued(p);
    exh_html_signatures(p);
    p->level = 3;
    for (size_t i = 0; i < p->report->item_count; i++) {
        p->f = &p->all[i];
        p->number = i + 1;
        exh_markup_format(&p->out, "<article id=\"item-%zu\">\n<h2 class=\"sheet\">%zu. ", i + 1, i + 1);
        name_of_item(p);
        exh_html_put(p, "</h2>\n");
        exh_html_verdict(p);
        exh_html_beside_verdict(p);
        exh_html_summary(p);
        exh_html_evidence(p);
        exh_html_checking(p);
        exh_html_put(p, "</article>\n");
    }
}

char *exh_report_html(const struct exh_report *report, struct exh_error *err)
{
    struct exh_facts *facts = exh_facts_read_all(report, err);
    if (facts == NULL)
        return NULL;
    struct exh_html_page p = {.report = report, .all = facts};
    head(&p);
    exh_html_put(&p, "<body>\n<header><h1>");
    page_title(&p);
    exh_html_put(&p, "</h1></header>\n<main>\n");
    if (report->item_count == 1)
        one_item(&p);
    else
        several_items(&p);
    exh_html_limits(&p);
    exh_html_put(&p, "</main>\n<footer><p>End of the report.</p></footer>\n</body>\n</html>\n");
    exh_facts_close_all(facts, report->item_count);
    return exh_markup_take(&p.out, err);
}
