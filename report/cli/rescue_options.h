/* rescue_options.h - how a failing medium is read, and how a run that was cut goes on: options to plan. */
#ifndef EXH_REPORT_CLI_RESCUE_OPTIONS_H
#define EXH_REPORT_CLI_RESCUE_OPTIONS_H

#include "acquire/plan.h"
#include "report/cli/command.h"

/* For the table of acquire. */
#define EXH_RESCUE_OPTIONS                                                                                                                           \
    {.name = "--resume", .help = "go on with IMAGE.partial: acquire --resume IMAGE needs nothing else"},                                             \
        {.name = "--continue-in", .argument = "DIR", .help = "write further segments there (another volume)", .repeats = true},                      \
        {.name = "--retries", .argument = "N", .help = "read sectors that failed N times more, every other time backward (default 0)"},              \
        {.name = "--skip-size", .argument = "MIN[,MAX]", .help = "jump so far behind an error, at most (default 64K, 1% of the medium; 0: never)"},  \
        {.name = "--reverse", .help = "copy from the end to the beginning first"},                                                                   \
        {.name = "--max-errors", .argument = "N", .help = "stop, to be resumed, when more areas than this have failed (0: no limit)"},               \
        {.name = "--min-rate", .argument = "SIZE", .help = "leave areas slower than this a second for later"},                                       \
        {.name = "--timeout", .argument = "S", .help = "give a device up that does not answer for so many seconds (default: wait)"},                 \
        {.name = "--no-scrape", .help = "leave what lies between failed sectors unread"},                                                            \
        {.name = "--one-pass", .help = "read thoroughly in one pass, for drives in good health"},                                                    \
        {.name = "--fill", .argument = "PATTERN", .help = "zeros (default), text:WORDS or hex:BYTES where nothing could be read"},                   \
        {.name = "--map", .argument = "FILE", .help = "a ddrescue map of this medium: what failed there is left for last"},                          \
        {.name = "--rescued", .argument = "FILE", .help = "ddrescue's image that goes with --map: what it finished is taken over"},                  \
    {                                                                                                                                                \
        .name = "--save-every", .argument = "S", .help = "make what was done durable every so many seconds (default 30)"                             \
    }

struct exh_rescue {
    uint8_t fill[256];
    struct exh_names folders;
    struct exh_medium *rescued;
};

/* All of them into the plan; `out` owns what the plan then borrows. */
EXH_MUST_CHECK bool exh_rescue_plan(const struct exh_args *args, struct exh_rescue *out, struct exh_plan *plan, struct exh_error *err);
/* The policy in words, for the record. */
void exh_rescue_describe(const struct exh_plan *plan, char *out, size_t room);
void exh_rescue_close(struct exh_rescue *rescue);

#endif
