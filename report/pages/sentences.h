/* sentences.h - the fixed words of a report. One table for each kind of verdict, so that the command line, the XML and the HTML page
 * say the same thing in the same words (custody rule: acquisition verdict, verification verdict and digest scope are never mixed). */
#ifndef EXH_REPORT_PAGES_SENTENCES_H
#define EXH_REPORT_PAGES_SENTENCES_H

#include <jansson.h>

#include "formats/model/error.h"

struct exh_facts;
struct exh_fact_record;

/* From the whole ledger line of an acquire-end or convert-end: which acquisition verdict of what, whether the copy was read back, whether
 * the source was read twice. A new string; NULL and err (EXH_CORRUPT, EXH_NOMEM) otherwise. */
char *exh_report_sentence(const json_t *end_line, struct exh_error *err);

/* The same of an item of a report, which may have a begin line only. */
struct exh_report_item;
char *exh_report_item_sentence(const struct exh_report_item *item, struct exh_error *err);

/* The same from facts already read. New strings, NULL when memory is out. */
char *exh_sentence_verdict(const struct exh_facts *facts);
/* The line that tells of a stop which can be resumed, where it is the last that is known of the run; else NULL. */
const struct exh_fact_record *exh_sentence_stop(const struct exh_facts *facts);
/* "The last verification on record, ..."; of a record with verification set. */
char *exh_sentence_verification(const struct exh_fact_record *record);
/* What a verification verdict means, without a name for the image; unknown words are said to be unknown. */
const char *exh_sentence_meaning(const char *verdict);
const char *exh_sentence_basis(const char *basis); /* what one basis word stands for, or NULL */
/* "ledger, stored" of a record in words: "the custody ledger; digests stored inside the image itself". A new string, NULL: no memory. */
char *exh_sentence_bases(const char *recorded);
/* What the value of a named row means to somebody who does not know the program's words, or NULL when it needs no explaining. */
const char *exh_sentence_value(const char *key, const char *value);
const char *exh_sentence_scope(const char *scope); /* what a digest scope covers, or NULL when only its name is known */
/* What one pass over a failing medium is for, or NULL when only its name is known. */
const char *exh_sentence_pass(const char *name);
/* "HPA: 8,192 sectors found, not opened; DCO: none; AMA: not checked (...)". A new string, NULL: no memory. */
char *exh_sentence_hidden(const struct exh_facts *facts);
/* "passed before, FAILING after": what the drive said of itself. A new string, NULL: no memory. */
char *exh_sentence_health(const struct exh_facts *facts);
/* What stands in place of the unreadable sectors: "zeros", "the fill pattern". */
const char *exh_sentence_fill(const struct exh_facts *facts);
/* What the report does not say: calls say with each sentence. */
struct exh_report;
void exh_sentence_limits(const struct exh_report *report, const struct exh_facts *facts, size_t count,
                         void (*say)(void *context, const char *sentence), void *context);

#endif
