/* facts_reader.h - one reading of ledger lines into facts: typed looks into JSON, and the parts the reading is made of. Inside report/pages
 * only; facts.c opens and closes a reading.
 *
 * Untrusted is every line: whatever is absent or of another type is "not recorded" (NULL, or a number not known), whatever is text goes
 * through exh_facts_text. Failure sticks in `failed` with err filled in once, so that reading a hundred fields is a hundred plain lines;
 * after it no text is kept and no list grows. Texts given back belong to the facts. */
#ifndef EXH_REPORT_PAGES_FACTS_READER_H
#define EXH_REPORT_PAGES_FACTS_READER_H

#include <jansson.h>

#include "formats/model/grow.h"
#include "report/pages/facts.h"

#define EXH_FACTS_LIST_MAX (1u << 22) /* files, digests, findings, records: more would be no page for people */

struct exh_facts_reader {
    struct exh_facts *facts;
    struct exh_error *err;
    bool failed;
};

/* Makes room for one more of items; false: failed, now or before. */
#define EXH_FACTS_ADD(r, items, capacity, count, what)                                                                                               \
    (!(r)->failed &&                                                                                                                                 \
     (exh_grow((void **)&(items), &(capacity), (count), sizeof *(items), EXH_FACTS_LIST_MAX, (what), (r)->err) || !((r)->failed = true)))

/* facts_reader.c: looks into JSON. A path is "clock.synchronised": one object inside another. */
void exh_facts_fail_nomem(struct exh_facts_reader *r);
const char *exh_facts_keep(struct exh_facts_reader *r, char *text); /* takes text into the facts' keeping; NULL is a failure */
const char *exh_facts_keep_plain(struct exh_facts_reader *r, const char *text);
const json_t *exh_facts_at(const json_t *object, const char *path);
struct exh_number exh_facts_number_of(const json_t *value);
struct exh_number exh_facts_number_at(const json_t *object, const char *path);
const char *exh_facts_string_of(struct exh_facts_reader *r, const json_t *value);
const char *exh_facts_string_at(struct exh_facts_reader *r, const json_t *object, const char *path);
/* Any JSON value as one line for people; quoted: strings as words of a shell command. Texts inside are clean, keys of objects are not. */
EXH_MUST_CHECK bool exh_facts_append_value(char **text, const json_t *value, bool quoted);
const char *exh_facts_value_at(struct exh_facts_reader *r, const json_t *object, const char *path, bool quoted);
/* A member of the end line's body, which is what was found when it was over; without one, of the begin line's. */
const json_t *exh_facts_body_member(const struct exh_report_item *item, const char *name);

/* facts_text.c: appends a word as a shell would need it. */
EXH_MUST_CHECK bool exh_facts_append_quoted(char **text, const char *word);

/* facts_rows.c: source, case, plan, environment and result as named rows. Needs the range asked for (range_start, range_count) and what
 * facts_medium.c reads before. */
void exh_facts_read_rows(struct exh_facts_reader *r, const struct exh_report_item *item);

/* The same of an image as found: who looked, what the image says of itself, and the case data given with `given` (the body of a line, or NULL). */
void exh_facts_read_found_rows(struct exh_facts_reader *r, const json_t *line, const json_t *given);

/* facts_found.c: an item that has neither begin nor end, out of the looks at the image. */
void exh_facts_read_found(struct exh_facts_reader *r, const struct exh_report_item *item, const struct exh_blobs *blobs);

/* facts_result.c: what the end line says came of it. body may be NULL; outcome must be read before. */
void exh_facts_read_result(struct exh_facts_reader *r, const json_t *body, const struct exh_blobs *blobs);
void exh_facts_read_files(struct exh_facts_reader *r, struct exh_fact_files *out, const json_t *list);
void exh_facts_read_digests(struct exh_facts_reader *r, struct exh_fact_digests *out, const json_t *list);

/* facts_ranges.c: the list of unreadable sectors, in the line or in a blob beside it. Needs unreadable_sectors read before. */
void exh_facts_read_ranges(struct exh_facts_reader *r, const json_t *value, const struct exh_blobs *blobs);

/* facts_medium.c: what a failing or resumed medium adds to the end line: passes, speed, hidden areas, health, ... body may be NULL. */
void exh_facts_read_medium(struct exh_facts_reader *r, const json_t *body);

/* facts_disc.c: the LAYOUT of a disc, NULL when it tells of none; and what an audit found. */
struct exh_fact_disc *exh_facts_read_disc(struct exh_facts_reader *r, const json_t *layout);
void exh_facts_read_audit(struct exh_facts_reader *r, struct exh_fact_audit *out, const json_t *audit);
void exh_facts_disc_close(struct exh_fact_disc *disc); /* NULL-safe; frees it too */
void exh_facts_audit_close(struct exh_fact_audit *audit);

/* facts_lineage.c: LINEAGE out of a SOURCE or the body of a verification; NULL tells of none. */
void exh_facts_read_lineage(struct exh_facts_reader *r, struct exh_fact_lineage *out, const json_t *object);

/* facts_record.c: every line of the item in its order, and which verification is the last. */
void exh_facts_read_records(struct exh_facts_reader *r, const struct exh_report_item *item);

#endif
