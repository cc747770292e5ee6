/* options.c - arguments by the command's table, and the help that derives from it. See args.h, command.h. */
#include <string.h>

#include "formats/model/format.h"
#include "report/cli/args.h"

const struct exh_option exh_common_options[] = {
    {.name = "--json", .help = "one JSON document on stdout, nothing else there"},
    {.name = "--progress", .argument = "MODE", .help = "auto, plain, json or none (on stderr)"},
    {.name = "--quiet", .help = "no talk on stderr but errors"},
    {.name = "--ledger", .argument = "FILE", .help = "the custody ledger to use"},
    {.name = "--no-record", .help = "write nothing into any ledger or side record"},
    {.name = "--passphrase-file", .argument = "F", .help = "the passphrase of an encrypted image is in this file (- is standard input)"},
    {.name = "--passphrase-fd", .argument = "N", .help = "it is read from this open descriptor"},
    {.name = "--help", .help = "this text"},
    {0},
};

static const struct exh_option *find_in(const struct exh_option *table, const char *name, size_t length)
{
    for (; table->name != NULL; table++)
        if ((strlen(table->name) == length && memcmp(table->name, name, length) == 0) ||
            (table->also != NULL && strlen(table->also) == length && memcmp(table->also, name, length) == 0))
            return table;
    return NULL;
}

static const struct exh_option *find_option(const struct exh_command *command, const char *name, size_t length)
{
    const struct exh_option *own = find_in(command->options, name, length);
    return own != NULL ? own : find_in(exh_common_options, name, length);
}

static bool take_option(struct exh_args *args, int *i, struct exh_error *err)
{
    const char *word = args->argv[*i], *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct exh_option *option = find_option(args->command, word, length);
    if (option == NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s has no option %.*s; see exhibit %s --help", args->command->name, (int)length, word,
                        args->command->name);
    struct exh_given given = {option, ""};
    if (option->argument == NULL && equals != NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s takes no value", option->name);
    if (option->argument != NULL) {
        if (equals == NULL && *i + 1 >= args->argc)
            return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s needs a value: %s %s", option->name, option->name, option->argument);
        given.value = equals != NULL ? equals + 1 : args->argv[++*i];
    }
    for (size_t k = 0; !option->repeats && option->argument != NULL && k < args->given_count; k++)
        if (args->given[k].option == option)
            return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s is given twice", option->name);
    args->given[args->given_count++] = given;
    return true;
}

bool exh_args_parse(struct exh_args *args, const struct exh_command *command, int argc, char *const *argv, struct exh_error *err)
{
    args->command = command;
    args->argc = argc;
    args->argv = argv;
    args->given = calloc((size_t)argc + 1, sizeof *args->given);
    args->operands = calloc((size_t)argc + 1, sizeof *args->operands);
    args->passphrase = calloc(1, sizeof *args->passphrase);
    if (args->given == NULL || args->operands == NULL || args->passphrase == NULL)
        return exh_nomem(err, "arguments");
    bool only_operands = false;
    for (int i = 2; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0)
            only_operands = true;
        else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(args, &i, err))
                return false;
        } else {
            args->operands[args->operand_count++] = argv[i];
        }
    }
    if (exh_arg(args, "--help") != NULL)
        return true;
    if (args->operand_count < command->least_operands || args->operand_count > command->most_operands)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "usage: exhibit %s %s", command->name, command->operands);
    return true;
}

static void free_words(char **words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    free(words);
}

bool exh_args_replace(struct exh_args *args, char **words, size_t count, struct exh_error *err)
{
    exh_args_close(args);
    args->given = NULL;
    args->operands = NULL;
    args->given_count = args->operand_count = 0;
    args->owned = words;
    args->owned_count = count;
    return exh_args_parse(args, args->command, (int)count, words, err);
}

const struct exh_option *exh_option_named(const struct exh_command *command, const char *name) { return find_option(command, name, strlen(name)); }

void exh_args_close(struct exh_args *args)
{
    free_words(args->owned, args->owned_count);
    args->owned = NULL;
    args->owned_count = 0;
    free(args->given);
    free(args->operands);
    if (args->passphrase != NULL)
        explicit_bzero(args->passphrase, sizeof *args->passphrase);
    free(args->passphrase);
    args->passphrase = NULL;
}

const char *exh_arg(const struct exh_args *args, const char *option)
{
    const char *value = NULL;
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, option) == 0)
            value = args->given[i].value;
    return value;
}

size_t exh_arg_count(const struct exh_args *args, const char *option)
{
    size_t n = 0;
    for (size_t i = 0; i < args->given_count; i++)
        n += strcmp(args->given[i].option->name, option) == 0;
    return n;
}

const char *exh_arg_at(const struct exh_args *args, const char *option, size_t at)
{
    for (size_t i = 0; i < args->given_count; i++)
        if (strcmp(args->given[i].option->name, option) == 0 && at-- == 0)
            return args->given[i].value;
    return NULL;
}

size_t exh_operand_count(const struct exh_args *args) { return args->operand_count; }
const char *exh_operand(const struct exh_args *args, size_t i) { return args->operands[i]; }
int exh_args_argc(const struct exh_args *args) { return args->argc; }
char *const *exh_args_argv(const struct exh_args *args) { return args->argv; }
const struct exh_watch *exh_args_watch(const struct exh_args *args) { return &args->watch; }

static void print_options(const struct exh_option *table)
{
    for (; table->name != NULL; table++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s%s%s%s%s", table->name, table->also != NULL ? ", " : "", table->also != NULL ? table->also : "",
                       table->argument != NULL ? " " : "", table->argument != NULL ? table->argument : "");
        (void)printf("  %-28s %s%s\n", left, table->help, table->repeats ? " (may be repeated)" : "");
    }
}

void exh_help_command(const struct exh_command *command)
{
    (void)printf("usage: exhibit %s %s\n\n%s\n\n", command->name, command->operands, command->summary);
    if (command->options[0].name != NULL)
        (void)printf("options:\n");
    print_options(command->options);
    (void)printf("%scommon options:\n", command->options[0].name != NULL ? "\n" : "");
    print_options(exh_common_options);
    if (command->notes != NULL)
        (void)printf("\n%s\n", command->notes);
}

void exh_help_all(void)
{
    (void)printf("exhibit %s - images media, proves the copy, and keeps the record\n\nusage: exhibit COMMAND [OPTION...] [OPERAND...]\n\ncommands:\n",
                 EXH_VERSION);
    for (size_t i = 0; exh_commands[i] != NULL; i++)
        (void)printf("  %-10s %s\n", exh_commands[i]->name, exh_commands[i]->summary);
    (void)printf("\nformats:\n");
    for (size_t i = 0; exh_formats[i] != NULL; i++)
        (void)printf("  %-12s %s%s\n", exh_formats[i]->name, exh_formats[i]->title, exh_formats[i]->create == NULL ? " (read only)" : "");
    (void)printf("\nexit status: 0 done and true; 1 a finding; 2 usage or refused; 3 done, but some sectors could not be read now; 4 not done;\n"
                 "5 not a readable image; 6 nothing proven; 70 a bug in exhibit; 130 interrupted.\n"
                 "exhibit COMMAND --help tells more.\n");
}
