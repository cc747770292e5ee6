/* html_sections.h - the sections of the report page, in the order they are read. Inside report/pages only.
 *
 * Each writes what it has to say of the item p->f (signatures, chain_warning and limits: of the whole report) and nothing else; failure
 * sticks in p->out. report_html.c puts them in order. */
#ifndef EXH_REPORT_PAGES_HTML_SECTIONS_H
#define EXH_REPORT_PAGES_HTML_SECTIONS_H

#include "report/pages/html_page.h"

#define EXH_HTML_FILES_SHOWN 1000u /* the list of files and the commands that check them end at the same one */

/* html_summary.c: the first sheet */
void exh_html_summary_case(struct exh_html_page *p);
/* A row for the digest of the media stream; `remark` goes behind the name of its scope. */
void exh_html_summary_digest(struct exh_html_page *p, const char *algorithm, const char *label, const char *remark);
void exh_html_size(struct exh_html_page *p); /* "8,388,608 bytes (16,384 sectors of 512 bytes)", of the image's medium */
void exh_html_verdict(struct exh_html_page *p);
void exh_html_beside_verdict(struct exh_html_page *p); /* what must be read together with the verdict */
void exh_html_chain_warning(struct exh_html_page *p);
void exh_html_summary(struct exh_html_page *p);
void exh_html_signatures(struct exh_html_page *p);
void exh_html_unreadable(struct exh_html_page *p); /* "3 sectors, 1,536 bytes, 0.009155 %": the same words on the sheet and in the evidence */
void exh_html_recovered(struct exh_html_page *p);  /* "; 129 more failed at first and were read later", or nothing */

/* html_evidence.c: everything the first sheet rests on, from the source to the timeline */
void exh_html_evidence(struct exh_html_page *p);

/* html_found.c: of an image whose making is on no record. The rows of the first sheet between image and seal; what was seen of it; a warning where
 * its lines disagree, else nothing. */
void exh_html_found_summary(struct exh_html_page *p);
void exh_html_found(struct exh_html_page *p);
void exh_html_disagreement(struct exh_html_page *p);

/* html_device.c: what the device said of itself: hidden areas, health before and after. Below "The source". */
void exh_html_device(struct exh_html_page *p);
/* html_lineage.c: the parents and the snapshot that an image was opened with; of one that was opened with none, nothing. `below`: the heading's. */
void exh_html_lineage(struct exh_html_page *p, const struct exh_fact_lineage *lineage, int below);
/* html_run.c: how it was read: passes, pauses, the reading process. Below "Method and settings". */
void exh_html_run(struct exh_html_page *p);
/* html_sectors.c: what could not be read: map, strips, ranges, speed, failed reads */
void exh_html_sectors(struct exh_html_page *p);
void exh_html_ranges(struct exh_html_page *p); /* the list of unreadable ranges alone; of none, nothing */

/* html_digests.c: the digests of the image by scope, and those of a later run that are not among them */
void exh_html_digests(struct exh_html_page *p);
void exh_html_digests_of_run(struct exh_html_page *p, const struct exh_fact_digests *digests);
/* html_verification.c: what later verifications found. Of none, nothing. */
void exh_html_verifications(struct exh_html_page *p);
void exh_html_verified(struct exh_html_page *p, const struct exh_fact_record *record); /* "match, 2026-12-05 ..., by ..." */

/* html_disc.c: a disc's sessions and tracks as picture and table, and what an audit of its sectors found. Of a disk, nothing. */
const struct exh_fact_disc *exh_html_disc_of(const struct exh_html_page *p); /* the image's, else that of the image it was made from; NULL */
void exh_html_disc(struct exh_html_page *p);
void exh_html_audit(struct exh_html_page *p, const struct exh_fact_audit *audit);

/* html_checking.c: what a reader needs to check it, and what it does not claim */
void exh_html_checking(struct exh_html_page *p);
void exh_html_limits(struct exh_html_page *p);

#endif
