/* record_parts.h - small steps of writing and reading the JSON of records: what record.c and its siblings share. Internal to report/ledger. */
#ifndef EXH_REPORT_LEDGER_RECORD_PARTS_H
#define EXH_REPORT_LEDGER_RECORD_PARTS_H

#include <jansson.h>

#include "formats/model/error.h"

/* There. False when memory is out: jansson refuses a NULL value, and frees the value when it fails. */
static inline bool exh_record_set(json_t *object, const char *key, json_t *value) { return json_object_set_new(object, key, value) == 0; }
bool exh_record_set_text(json_t *object, const char *key, const char *text); /* "" is left out */
json_t *exh_record_whole(json_t *json, bool ok);                             /* json, or NULL and json freed */
json_t *exh_record_number(uint64_t value);
json_t *exh_record_hex(const uint8_t *bytes, size_t length); /* at most EXH_DIGEST_BYTES_MAX */

/* And back. EXH_CORRUPT on the ledger's side, always false. */
bool exh_record_bad(struct exh_error *err, const char *fmt, ...) EXH_PRINTF(2, 3);
EXH_MUST_CHECK bool exh_record_integer(const json_t *object, const char *key, int64_t least, int64_t most, int64_t *out, struct exh_error *err);
/* Absent stands for 0. */
EXH_MUST_CHECK bool exh_record_integer_or_zero(const json_t *object, const char *key, int64_t most, int64_t *out, struct exh_error *err);

#endif
