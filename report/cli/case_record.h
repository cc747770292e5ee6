/* case_record.h - a command's lines in the ledger and the side record: begin before the first read, end after publishing. */
#ifndef EXH_REPORT_CLI_CASE_RECORD_H
#define EXH_REPORT_CLI_CASE_RECORD_H

#include "report/cli/command.h"
#include "report/ledger/ledger.h"

/* Options that carry case data, for the tables of acquire and convert. */
#define EXH_CASE_OPTIONS                                                                                                                             \
    {.name = "--case", .argument = "ID", .help = "case number"}, {.name = "--exhibit", .argument = "ID", .help = "exhibit (evidence) number"},       \
        {.name = "--examiner", .argument = "NAME", .help = "who images it"}, {.name = "--agency", .argument = "NAME", .help = "for whom"},           \
        {.name = "--description", .argument = "TEXT", .help = "what it is"}, {.name = "--notes", .argument = "TEXT", .help = "anything else"},       \
        {.name = "--blocker", .argument = "TEXT", .help = "write blocker used"},                                                                     \
        {.name = "--label", .argument = "TEXT", .help = "label on the medium"},                                                                      \
        {.name = "--seal", .argument = "TEXT", .help = "seal or bag number"},                                                                        \
        {.name = "--condition", .argument = "TEXT", .help = "state it was received in"},                                                             \
        {.name = "--place", .argument = "TEXT", .help = "where it is imaged"},                                                                       \
        {.name = "--authority", .argument = "TEXT", .help = "warrant or consent"},                                                                   \
        {.name = "--attach", .argument = "FILE", .help = "a file (photo, form) whose SHA-256 goes into the record", .repeats = true},                \
    {                                                                                                                                                \
        .name = "--set", .argument = "KEY=VALUE", .help = "any other field of the record", .repeats = true                                           \
    }

/* Case data of the options into fields; --attach becomes "attachment NAME" with the file's SHA-256. */
EXH_MUST_CHECK bool exh_case_fields(const struct exh_args *args, struct exh_fields *out, struct exh_error *err);

struct exh_recording {
    const char *type; /* "acquire", "convert", "verify", "hash", "report" */
    const char *image;
    struct exh_ledger *ledger; /* NULL: none */
    struct exh_ledger_state state;
    bool asked;      /* no --no-record */
    bool insists;    /* --ledger: not writing it is an error */
    bool recording;  /* lines go somewhere */
    bool wants_side; /* acquire and convert: the side record is written too */
    json_t *object;
    char operation[33];
    char **lines; /* all of this operation, verbatim, for the side record */
    size_t line_count, line_capacity;
    uint64_t begin_seq;
    bool recorded; /* the last line was appended */
    char started[32];
};

/* Finds and opens the ledger. may_create: a new one beside the image. Writes nothing yet. */
EXH_MUST_CHECK bool exh_recording_open(const struct exh_args *args, const char *type, const char *image, const struct exh_fields *fields,
                                       const uint8_t *guid, bool may_create, struct exh_recording *out, struct exh_error *err);
/* Goes on with an operation that an earlier run began; `lines` are its lines so far (a JSON array of texts). */
EXH_MUST_CHECK bool exh_recording_continue(struct exh_recording *recording, const char *operation, const char *started, uint64_t begin_seq,
                                           const json_t *lines, struct exh_error *err);
/* Appends "<type><suffix>" with the body (taken over; "operation" is added) and blobs: to the ledger, or, where none can be written, acquire and
 * convert chain their lines in the side record (then exh_recording_side has nothing left to do). Not being able to write is an error only for acquire
 * and convert, and with --ledger. */
EXH_MUST_CHECK bool exh_recording_add(struct exh_recording *recording, const char *suffix, json_t *body, const struct exh_ledger_blob *blobs,
                                      size_t blob_count, struct exh_error *err);
/* Writes the side record beside the published image. */
EXH_MUST_CHECK bool exh_recording_side(struct exh_recording *recording, const struct exh_ledger_blob *blobs, size_t blob_count,
                                       struct exh_error *err);
/* {"file","seq","head"} or {"recorded":false,"reason","file"?,"side_record"?}. */
json_t *exh_recording_json(const struct exh_recording *recording);
/* "ledger head N sha256:..." on stdout, for the paper. */
void exh_recording_tell(const struct exh_args *args, const struct exh_recording *recording);
void exh_recording_close(struct exh_recording *recording);

json_t *exh_environment_json(void);
json_t *exh_command_line_json(const struct exh_args *args);
/* UTC, "2026-11-22T07:00:00Z". */
void exh_time_text(time_t when, char out[32]);

#endif
