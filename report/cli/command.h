/* command.h - the command table: one row per command, one row per option. Help, and later man pages and completion, derive from it. */
#ifndef EXH_REPORT_CLI_COMMAND_H
#define EXH_REPORT_CLI_COMMAND_H

#include <jansson.h>
#include <stdatomic.h>

#include "formats/model/error.h"
#include "verify/watch.h"

/* Exit codes, the same everywhere. */
enum exh_exit {
    EXH_EXIT_DONE = 0,
    EXH_EXIT_FINDING = 1,
    EXH_EXIT_USAGE = 2,
    EXH_EXIT_UNREAD = 3,
    EXH_EXIT_NOT_DONE = 4,
    EXH_EXIT_NOT_AN_IMAGE = 5,
    EXH_EXIT_UNPROVEN = 6,
    EXH_EXIT_BUG = 70,
    EXH_EXIT_INTERRUPTED = 130
};

struct exh_option {
    const char *name;     /* "--case" or "-o" */
    const char *argument; /* "ID"; NULL: a flag */
    const char *help;     /* one line */
    bool repeats;
    const char *also; /* a second spelling, or NULL */
};

struct exh_args;

struct exh_command {
    const char *name, *operands, *summary; /* "acquire", "SOURCE -o IMAGE", "image a medium, ..." */
    const struct exh_option *options;      /* ends in {0}; the common options are added to every command */
    size_t least_operands, most_operands;
    enum exh_exit (*run)(struct exh_args *);
    const char *notes; /* shown at the end of --help; may be NULL */
};
extern const struct exh_command *const exh_commands[];

/* Parsed arguments of one run. */
const char *exh_arg(const struct exh_args *args, const char *option); /* the last value, "" for a flag, NULL when absent */
size_t exh_arg_count(const struct exh_args *args, const char *option);
const char *exh_arg_at(const struct exh_args *args, const char *option, size_t i);
size_t exh_operand_count(const struct exh_args *args);
const char *exh_operand(const struct exh_args *args, size_t i);
int exh_args_argc(const struct exh_args *args);
char *const *exh_args_argv(const struct exh_args *args);
const struct exh_watch *exh_args_watch(const struct exh_args *args); /* progress and cancel */

/* Warnings told so far, for the record: a new array of texts. */
json_t *exh_notices(const struct exh_args *args);

/* stdout is the result, stderr is talk. */
bool exh_wants_json(const struct exh_args *args);
void exh_say(const struct exh_args *args, const char *fmt, ...) EXH_PRINTF(2, 3);   /* a line on stderr, not with --quiet */
void exh_print(const struct exh_args *args, const char *fmt, ...) EXH_PRINTF(2, 3); /* text on stdout, not with --json */
/* The one JSON document of the run, or nothing without --json; takes the reference. */
/* False: it was wanted, and there is no memory to tell it. */
bool exh_answer(const struct exh_args *args, json_t *document);
/* Tells the error (stderr, and {"error":...} with --json) and gives its exit code. */
enum exh_exit exh_tell_error(const struct exh_args *args, const struct exh_error *err);
enum exh_exit exh_exit_of(const struct exh_error *err);

#endif
