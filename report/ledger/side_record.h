/* side_record.h - IMAGE.record.jsonl: the ledger's lines about one image, verbatim, with the blobs they cite.
 *
 * Each line is a ledger line, or {"blob":SHA256,"text":...} for a blob cited above it. Image plus side record on another machine, read-only, is
 * enough for a verdict (basis record), for naming the damaged chunk and for the report. Where no ledger could be locked, the lines chain among
 * themselves (seq from 1, object.store "side") and `log --import` adds them to a ledger later. */
#ifndef EXH_REPORT_LEDGER_SIDE_RECORD_H
#define EXH_REPORT_LEDGER_SIDE_RECORD_H

#include "report/ledger/ledger.h"

char *exh_side_record_path(const char *image); /* "disk.E01.record.jsonl"; new string */
/* Appends lines (without LF) and blobs (text); creates the file with O_EXCL at first, fsyncs file and folder. On failure the file is as before. */
EXH_MUST_CHECK bool exh_side_record_append(const char *path, char *const *lines, size_t line_count, const struct exh_ledger_blob *blobs,
                                           size_t blob_count, struct exh_error *err);

/* For an operation that goes on: cuts off what a run of it was killed in the middle of appending (half a line, a line without its series), and
 * removes a file that holds no more than a part of `first_line` (may be NULL). A record that is wrong in another way, or of another operation, is
 * left as it is. */
EXH_MUST_CHECK bool exh_side_record_mend(const char *path, const char *operation, const char *first_line, struct exh_error *err);

/* Without a ledger: composes the next line of the record's own chain and appends it with its blobs. object and body are borrowed.
 * seq and line (a new string) may be NULL. */
EXH_MUST_CHECK bool exh_side_record_chain(const char *path, const char *type, json_t *object, json_t *body, const struct exh_ledger_blob *blobs,
                                          size_t blob_count, uint64_t *seq, char **line, struct exh_error *err);

struct exh_side_record; /* parsed, bounded (EXH_SIDE_RECORD_BYTES_MAX), every blob held against its name */
#define EXH_SIDE_RECORD_BYTES_MAX (1u << 30)
/* EXH_NOT_FOUND when absent; EXH_CORRUPT names the line: not JSON, not chained to its neighbour, an end without its begin, a series that does not
 * bear its hash or is not there. Lines are counted without those of blobs below. */
struct exh_side_record *exh_side_record_read(const char *path, struct exh_error *err);
size_t exh_side_record_count(const struct exh_side_record *record);
const json_t *exh_side_record_line(const struct exh_side_record *record, size_t i, const char **verbatim);
/* Body of the newest end record with outcome done, or NULL; borrowed. */
const json_t *exh_side_record_end(const struct exh_side_record *record);
struct exh_blobs exh_side_record_blobs(const struct exh_side_record *record);
/* Adds the record's lines to a ledger as `import` lines, with the blobs they cite; those already there are left out (known). EXH_REFUSED when all
 * are. */
struct exh_import {
    size_t added, known;
};
EXH_MUST_CHECK bool exh_side_record_import(struct exh_ledger *ledger, const char *path, struct exh_import *out, struct exh_ledger_state *state,
                                           struct exh_error *err);
void exh_side_record_close(struct exh_side_record *record);

#endif
