/* report.h - what the report pages are made from, and the two pages.
 * Pure: the same lines give the same bytes, so that a report's own hash can be recorded. Nothing is printed here. */
#ifndef EXH_REPORT_PAGES_REPORT_H
#define EXH_REPORT_PAGES_REPORT_H

#include "report/ledger/ledger.h"

struct exh_report_item {
    const json_t *begin; /* the whole ledger line, or NULL; begin and end NULL: no making is on record, the image as it was found */
    const json_t *end;   /* the whole ledger line of the acquire-end or convert-end (also failed ones) */
    const json_t *const
        *later; /* whole lines about this image after it: verify, report, ... in order; of an image as found all there are, at least one */
    size_t later_count;
};

struct exh_report {
    const struct exh_report_item *items;
    size_t item_count;
    const char *ledger_path; /* NULL: made from a side record alone, and the page says so */
    uint64_t seq;            /* position the report cites */
    const char *head;
    bool chain_sound;
    struct exh_blobs blobs; /* get may be NULL */
    const char *program;
    const char *time_utc; /* of issue */
};

/* New strings; NULL and err when memory is out or a line lacks what it must have. */
char *exh_report_xml(const struct exh_report *report, struct exh_error *err);
char *exh_report_html(const struct exh_report *report, struct exh_error *err);

#endif
