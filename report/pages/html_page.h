/* html_page.h - the report page while it is written, and the small words every section of it is made of. Inside report/pages only.
 *
 * What is ours (markup, labels, titles) goes in by put, heading and open_row as it is; what was recorded goes in by text and its kin, escaped.
 * What was not recorded is said to be so, never passed over. No call fails: the first failure sticks in `out` (markup.h). One thread. */
#ifndef EXH_REPORT_PAGES_HTML_PAGE_H
#define EXH_REPORT_PAGES_HTML_PAGE_H

#include "report/pages/facts.h"
#include "report/pages/markup.h"

struct exh_html_page {
    struct exh_markup out;
    const struct exh_report *report;
    const struct exh_facts *all;
    const struct exh_facts *f; /* the item being written */
    size_t number;             /* of it, from 1 */
    int level;                 /* of its section headings */
};

bool exh_html_is(const char *value, const char *word); /* a value not recorded is no word */

void exh_html_put(struct exh_html_page *p, const char *markup);
void exh_html_text(struct exh_html_page *p, const char *recorded); /* NULL writes nothing */
void exh_html_owned_text(struct exh_html_page *p, char *recorded); /* frees it; NULL is a failure: no memory */
void exh_html_unknown(struct exh_html_page *p);                    /* "not recorded" */
void exh_html_text_or_unknown(struct exh_html_page *p, const char *recorded);
void exh_html_number_or_unknown(struct exh_html_page *p, struct exh_number number);

void exh_html_figure(struct exh_html_page *p, uint64_t value); /* "16,777,216" */
void exh_html_signed_figure(struct exh_html_page *p, int64_t value);
void exh_html_counted(struct exh_html_page *p, uint64_t value, const char *noun);    /* "1 sector", "2 sectors" */
void exh_html_hash(struct exh_html_page *p, const char *hex);                        /* checked to be hex before */
void exh_html_milliseconds(struct exh_html_page *p, struct exh_number milliseconds); /* "812 ms", "4.2 s", "1 h 02 min 03 s" */
void exh_html_moment(struct exh_html_page *p, const char *utc);                      /* NULL: not recorded */

/* A heading `below` levels under those of the item's sections; class_name may be NULL. */
void exh_html_heading(struct exh_html_page *p, int below, const char *title, const char *class_name);

/* A table row of a label and whatever is written between the two calls. */
void exh_html_open_row(struct exh_html_page *p, const char *label);
void exh_html_close_row(struct exh_html_page *p);
/* The same of a list of facts (dl class "facts"), in columns where there is room. */
void exh_html_open_fact(struct exh_html_page *p, const char *label);
void exh_html_open_across(struct exh_html_page *p, const char *label); /* over all columns */
void exh_html_close_fact(struct exh_html_page *p);
/* Such a list of every row that has a value, and one sentence that names the others. */
void exh_html_facts(struct exh_html_page *p, const struct exh_rows *rows);
/* Below a list cut short: how many of it are shown, and where the rest is. */
void exh_html_rest(struct exh_html_page *p, size_t shown, uint64_t all, const char *noun);
/* Below a list, or in its place: how many entries were none of its kind and were left out. of: "Of the passes". */
void exh_html_malformed(struct exh_html_page *p, size_t malformed, const char *of);

#endif
