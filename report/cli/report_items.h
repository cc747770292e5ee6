/* report_items.h - the lines a report is made from, picked out of a ledger or a side record and put together: each acquisition or conversion
 * with its begin, its end and what came after it; and each image that was only looked at, as it was found. */
#ifndef EXH_REPORT_CLI_REPORT_ITEMS_H
#define EXH_REPORT_CLI_REPORT_ITEMS_H

#include "report/ledger/side_record.h"
#include "report/pages/report.h"

/* Which ones: those of an image as the ledger names it, or those of a case (and an exhibit). */
struct exh_report_wish {
    const char *image;                /* NULL: by case */
    const char *case_id, *exhibit_id; /* exhibit_id may be NULL: all of the case */
};

struct exh_report_items {
    struct exh_report_item *items; /* of an image: what was done first, the newest of it leading; of a case: as in the ledger */
    size_t count, capacity;
    json_t **lines; /* kept alive while items point to them */
    size_t line_count, line_capacity;
};

/* Items may be none. A ledger whose chain is broken gives what can be read of it (`broken`). Close *out either way. */
EXH_MUST_CHECK bool exh_report_items_of_ledger(struct exh_ledger *ledger, bool broken, const struct exh_report_wish *wish,
                                               struct exh_report_items *out, struct exh_error *err);
/* The line that names the item's image and case: of a making its end, or its begin; of an image as found the first look at it. */
const json_t *exh_report_item_line(const struct exh_report_item *item);
/* There are items, and the making of none is on record. */
bool exh_report_items_only_found(const struct exh_report_items *items);
/* The image that line seq speaks of, a new string; NULL and err when there is none. */
char *exh_report_items_image(struct exh_ledger *ledger, uint64_t seq, struct exh_error *err);
/* Every line of a side record is about its image. */
EXH_MUST_CHECK bool exh_report_items_of_record(const struct exh_side_record *record, struct exh_report_items *out, struct exh_error *err);
void exh_report_items_close(struct exh_report_items *items);

#endif
