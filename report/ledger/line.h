/* line.h - one line of a ledger or side record: how it is composed, hashed and taken apart.
 *
 * A line is UTF-8 JSON without LF, of exactly the keys v prev seq time type actor object body in that order, no duplicate keys, no floats.
 * Its hash is SHA-256 over the line and one LF, so that the plain export of a ledger is also its hashed form (`split -l 1`, `sha256sum`).
 * The bytes are kept as written: no canonical form is ever recomputed. */
#ifndef EXH_REPORT_LEDGER_LINE_H
#define EXH_REPORT_LEDGER_LINE_H

#include <jansson.h>

#include "formats/model/error.h"

#define EXH_LINE_BYTES_MAX (16u << 20) /* 5,000 segments, each with two digests and a finding, stay below 4 MiB */
#define EXH_LINE_VERSION 1
#define EXH_HEX_SIZE 65 /* SHA-256 in hex and its NUL */

struct exh_line {
    json_t *json; /* owned; the rest points into it */
    uint64_t seq;
    const char *prev, *time, *type;
    json_t *object, *body;
};

extern const char exh_line_no_prev[EXH_HEX_SIZE]; /* 64 zeros: before the first line */

EXH_MUST_CHECK bool exh_line_hash(const char *text, size_t length, char hex[EXH_HEX_SIZE], struct exh_error *err);
EXH_MUST_CHECK bool exh_hash_hex(const void *bytes, size_t length, char hex[EXH_HEX_SIZE], struct exh_error *err); /* SHA-256 of bytes as they are */
/* A new string without LF; time and actor are those of this process. object and body are borrowed, NULL stands for {}. NULL: err. */
char *exh_line_compose(const char *prev, uint64_t seq, const char *type, json_t *object, json_t *body, struct exh_error *err);
/* EXH_CORRUPT says what is wrong with it; the caller adds which line it was. exh_line_close frees in either case. */
EXH_MUST_CHECK bool exh_line_parse(const char *text, size_t length, struct exh_line *out, struct exh_error *err);
void exh_line_close(struct exh_line *line);
bool exh_is_hex(const char *text, size_t digits); /* lower-case hex of exactly so many digits; NULL is not */

/* Calls each with every {"blob": SHA256} cited anywhere in the value, and in the line that an import carries as text. each returns false to stop. */
EXH_MUST_CHECK bool exh_line_citations(const json_t *value, bool (*each)(void *context, const char *sha256, struct exh_error *err), void *context,
                                       struct exh_error *err);

#endif
