/* partial_state.h - what was asked for, kept in the staging folder before the first read, so that `acquire --resume IMAGE` needs nothing else.
 *
 * JSON: {"v":1,"program","argv":[...],"source":SOURCE of record.h,"guid","unix_time","operation","begin_seq","started","case":{fields},"lines":[...]}
 * argv is the command with absolute paths; lines are the ledger's lines about this image so far, verbatim, for the side record. */
#ifndef EXH_REPORT_CLI_PARTIAL_STATE_H
#define EXH_REPORT_CLI_PARTIAL_STATE_H

#include "report/cli/case_record.h"
#include "report/cli/open_source.h"

struct exh_partial_state {
    json_t *json;
    uint8_t guid[16];
    uint64_t unix_time;
    const char *operation, *started; /* borrowed from json */
    uint64_t begin_seq;
};

/* Reads IMAGE.partial/state. EXH_CORRUPT when it is none of ours. */
EXH_MUST_CHECK bool exh_partial_state_read(const char *image, struct exh_partial_state *out, struct exh_error *err);
/* Replaces the arguments of the run by those of the first one, with what may be changed taken from this run. `image` is the partial's. EXH_USAGE for
 * options that were decided when the acquisition began. */
EXH_MUST_CHECK bool exh_partial_state_apply(const struct exh_partial_state *state, struct exh_args *args, const char *image, struct exh_error *err);
/* Turns "acquire --resume IMAGE SOURCE" into "acquire SOURCE -o IMAGE --resume", which also knows how to begin. */
EXH_MUST_CHECK bool exh_partial_state_name_source(struct exh_args *args, struct exh_error *err);
/* The same source, as far as it can be told by what it says of itself: kind, size, sector size, serial, WWN, model. EXH_REFUSED otherwise. */
EXH_MUST_CHECK bool exh_partial_state_same_source(const struct exh_partial_state *state, const struct exh_opened *source, struct exh_error *err);
EXH_MUST_CHECK bool exh_partial_state_fields(const struct exh_partial_state *state, struct exh_fields *out, struct exh_error *err);
void exh_partial_state_close(struct exh_partial_state *state);

/* The text to keep; a new string. `before` (may be NULL): the source stays the one of this state, since this run's is not known to be it. */
char *exh_partial_state_text(const struct exh_args *args, const struct exh_opened *source, const struct exh_fields *fields, const uint8_t guid[16],
                             uint64_t unix_time, const struct exh_recording *recording, const struct exh_partial_state *before);

#endif
