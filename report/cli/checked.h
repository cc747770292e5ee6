/* checked.h - one operand of verify: what was opened for it, what was found, and how that is told. Private to cmd_verify.c and its parts:
 * verify_answer.c (the words, the JSON and the line for the ledger) and verify_unopened.c (an image that no longer opens, or is sealed). */
#ifndef EXH_REPORT_CLI_CHECKED_H
#define EXH_REPORT_CLI_CHECKED_H

#include "report/cli/references.h"
#include "verify/verify.h"

struct exh_checked {
    const char *image;
    struct exh_opened opened;
    struct exh_recording recording;
    struct exh_fields given; /* case data; of an image made elsewhere no other line has them */
    struct exh_references references;
    struct exh_medium *witness;
    struct exh_inspection inspection; /* made before the walk: the set GUID finds the record, and what is broken spares libewf */
    bool inspected;
    bool witness_spared; /* asked for, but the image is not fit for it */
    char *hash_text;
    bool no_hash;        /* --hash none: chunk digests instead of a digest of the whole */
    const char **hashes; /* asked for, or usual for such a medium; they point into hash_text */
    struct exh_verify_result result;
    bool opened_ok, changed; /* changed: a file of the image, or of what it was held against, is not what it was at open */
    json_t *json;
    enum exh_exit code;
};

/* verify_answer.c. The JSON is the ledger's line too; NULL: no memory. */
json_t *exh_checked_json(const struct exh_checked *c, const char *started);
json_t *exh_checked_basis(const struct exh_verify_result *result);
/* The case data that were given, as an end line has them. Takes the object over; NULL: no memory. */
json_t *exh_checked_with_case(const struct exh_checked *c, json_t *json);
void exh_checked_print(const struct exh_args *args, const struct exh_checked *c);
/* Agreements are told once for each reference, everything else in full; --json has all of it. */
void exh_checked_print_findings(const struct exh_args *args, const struct exh_findings *findings);

/* verify_unopened.c. `err` is why it does not open.
 *
 * A record names this image as one of a known format, and it no longer opens: that is a finding, and goes on record as one. */
EXH_MUST_CHECK bool exh_checked_lost(const struct exh_args *args, struct exh_checked *c, struct exh_error *err);
/* An encrypted image without its passphrase: the digest of the container can be told, held to what is said of it, and goes on record; nothing can of
 * what is in it. False: not even that (err says why, when it is the ledger), and the image's own error stands. */
EXH_MUST_CHECK bool exh_checked_sealed(const struct exh_args *args, struct exh_checked *c, struct exh_error *err);

#endif
