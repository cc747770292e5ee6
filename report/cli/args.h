/* args.h - what a run was asked for, as options.c leaves it. Only options.c, progress.c, partial_state.c, passphrase.c and main.c look inside. */
#ifndef EXH_REPORT_CLI_ARGS_H
#define EXH_REPORT_CLI_ARGS_H

#include "report/cli/command.h"
#include "report/cli/progress.h"

#define EXH_ARGS_MAX 4096u

struct exh_given {
    const struct exh_option *option;
    const char *value; /* "" for a flag */
};

struct exh_passphrase { /* got when first needed; standard input gives it once only */
    char text[1024];
    size_t length;
    bool had;
};

struct exh_args {
    const struct exh_command *command;
    struct exh_given *given;
    size_t given_count;
    const char **operands;
    size_t operand_count;
    int argc;
    char *const *argv;
    struct exh_passphrase *passphrase; /* owned, and overwritten at the end */
    char **owned;                      /* words of exh_args_replace */
    size_t owned_count;
    struct exh_progress progress;
    struct exh_watch watch;
    bool failed_json; /* the arguments do not parse, and --json stands somewhere among them: the error is told as JSON */
};

extern const struct exh_option exh_common_options[];

/* Splits argv[2..] by the command's table. False and a usage text in err. The arrays are freed by exh_args_close. */
EXH_MUST_CHECK bool exh_args_parse(struct exh_args *args, const struct exh_command *command, int argc, char *const *argv, struct exh_error *err);
/* Parses other arguments in their place: an earlier run's. Takes the words over (each and the array on the heap), also on failure. */
EXH_MUST_CHECK bool exh_args_replace(struct exh_args *args, char **words, size_t count, struct exh_error *err);
/* By its name or second spelling, of the command or common; NULL: none. */
const struct exh_option *exh_option_named(const struct exh_command *command, const char *name);
void exh_args_close(struct exh_args *args);
/* The table as text on stdout. */
void exh_help_all(void);
void exh_help_command(const struct exh_command *command);

#endif
