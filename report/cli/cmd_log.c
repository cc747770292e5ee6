/* cmd_log.c - `exhibit log`: shows a ledger, checks it, makes one, puts a copy to use, adds a side record's lines.
 *
 * What a ledger says may come from a stranger, so nothing of it reaches the terminal with control characters in it. */
#include "report/cli/command.h"
#include "report/ledger/side_record.h"

static const struct exh_option options[] = {{"--check", NULL, "check every line, link and series; exit 1 when the chain is broken", false, NULL},
                                            {"--head", "N:HEX", "with --check: line N must have the hash that was printed earlier", false, NULL},
                                            {"--init", NULL, "make a new, empty ledger (./ledger.db, or --ledger FILE)", false, NULL},
                                            {"--adopt", NULL, "put a copied ledger to use here, under a new store id", false, NULL},
                                            {"--import", "RECORD", "add the lines of a side record (IMAGE.record.jsonl)", false, NULL},
                                            {0}};

/* Control characters, C1 ones in their UTF-8 form too, shown as '?'. */
static void show(const char *text, char *out, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; text != NULL && text[i] != '\0' && used + 1 < room; i++) {
        unsigned char c = (unsigned char)text[i], next = (unsigned char)text[i + 1];
        if (c == 0xC2 && next >= 0x80 && next < 0xA0) {
            out[used++] = '?';
            i++;
        } else {
            out[used++] = c < 0x20 || c == 0x7F ? '?' : (char)c;
        }
    }
    out[used] = '\0';
}

static const char *text_in(const json_t *object, const char *key) { return json_string_value(json_object_get(object, key)); }

static json_t *ledger_json(const struct exh_ledger_state *state)
{
    return json_pack("{s:o,s:I,s:s,s:b,s:s}", "file", exh_record_text(state->path), "seq", (json_int_t)state->seq, "head", state->head, "writable",
                     state->writable, "why_not", state->why_not);
}

static void print_head(const struct exh_args *args, const struct exh_ledger_state *state)
{
    exh_print(args, "ledger head %llu sha256:%s\n", (unsigned long long)state->seq, state->head);
}

/* A ledger is there, or it is an error. `write`: it must be one that can be added to. */
static bool open_ledger(const struct exh_args *args, bool write, struct exh_ledger **out, struct exh_ledger_state *state, struct exh_error *err)
{
    const struct exh_ledger_choice choice = {.explicit_path = exh_arg(args, "--ledger"), .image = "./ledger.db", .will_write = write};
    if (!exh_ledger_open(&choice, out, state, err))
        return false;
    if (*out == NULL && state->why_not[0] != '\0')
        return exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "the ledger '%s': %s", state->path, state->why_not);
    if (*out == NULL)
        return exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "no ledger.db here or in a folder above; --ledger names one, --init makes one");
    if (!write || state->writable)
        return true;
    (void)exh_fail(err, EXH_IO, EXH_NO_OFFSET, "the ledger cannot be written: %s", state->why_not);
    (void)exh_in_file(err, state->path);
    exh_ledger_close(*out);
    *out = NULL;
    return false;
}

/* --- list -------------------------------------------------------------------------------------------------------------------------- */

struct listing {
    const struct exh_args *args;
    json_t *lines; /* with --json */
};

/* What came of it, in one word: outcome of an acquisition, verdict of a check; of an import, that of the imported line. */
static const char *outcome_of(const json_t *body)
{
    const char *outcome = text_in(body, "outcome");
    return outcome != NULL ? outcome : text_in(body, "verdict");
}

static bool list_row(void *context, uint64_t seq, const char *line, const json_t *parsed)
{
    struct listing *listing = context;
    const json_t *body = json_object_get(parsed, "body"), *object = json_object_get(parsed, "object");
    char when[32], type[40], image[300], outcome[60];
    (void)line;
    if (listing->lines != NULL)
        return json_array_append(listing->lines, (json_t *)(uintptr_t)parsed) == 0; /* shared, not changed */
    show(text_in(parsed, "time"), when, sizeof when);
    show(text_in(parsed, "type"), type, sizeof type);
    show(text_in(object, "image"), image, sizeof image);
    show(outcome_of(body), outcome, sizeof outcome);
    exh_print(listing->args, "%6llu  %-20s  %-15s  %-12s  %s\n", (unsigned long long)seq, when, type, outcome, image);
    return true;
}

static enum exh_exit list(struct exh_args *args)
{
    struct exh_error err = {.at = EXH_NO_OFFSET};
    struct exh_ledger_state state;
    struct exh_ledger *ledger = NULL;
    struct exh_audit audit;
    struct listing listing = {.args = args, .lines = exh_wants_json(args) ? json_array() : NULL};
    if (!open_ledger(args, false, &ledger, &state, &err) || !exh_ledger_audit(ledger, NULL, NULL, NULL, &audit, &err)) {
        exh_ledger_close(ledger);
        json_decref(listing.lines);
        return exh_tell_error(args, &err);
    }
    exh_print(args, "%6s  %-20s  %-15s  %-12s  %s\n", "line", "time (UTC)", "type", "outcome", "image");
    bool ok = exh_ledger_each(ledger, list_row, &listing, &err);
    exh_ledger_close(ledger);
    if (!audit.sound)
        exh_say(args, "this ledger is broken in %llu places: 'exhibit log --check' names them", (unsigned long long)audit.problems);
    if (!ok && audit.sound) {
        json_decref(listing.lines);
        return exh_tell_error(args, &err);
    }
    exh_answer(args, json_pack("{s:o,s:b,s:o*}", "ledger", ledger_json(&state), "sound", audit.sound, "lines", listing.lines));
    return audit.sound ? EXH_EXIT_DONE : EXH_EXIT_FINDING;
}

/* --- check ------------------------------------------------------------------------------------------------------------------------- */

#define PROBLEMS_TOLD_MAX 1000u /* a ledger that is garbage from end to end need not fill the screen */

struct checking {
    const struct exh_args *args;
    json_t *problems;
    size_t told;
};

static void check_problem(void *context, uint64_t seq, const char *text)
{
    struct checking *checking = context;
    char clean[800];
    if (checking->told++ >= PROBLEMS_TOLD_MAX)
        return;
    show(text, clean, sizeof clean);
    if (seq != 0)
        exh_print(checking->args, "line %llu: %s\n", (unsigned long long)seq, clean);
    else
        exh_print(checking->args, "%s\n", clean);
    (void)json_array_append_new(checking->problems, json_pack("{s:I,s:s}", "seq", (json_int_t)seq, "text", clean));
}

static enum exh_exit check(struct exh_args *args)
{
    struct exh_error err = {.at = EXH_NO_OFFSET};
    struct exh_ledger_state state;
    struct exh_ledger *ledger = NULL;
    struct exh_audit audit;
    struct checking checking = {.args = args, .problems = json_array()};
    bool ok =
        open_ledger(args, false, &ledger, &state, &err) && exh_ledger_audit(ledger, exh_arg(args, "--head"), check_problem, &checking, &audit, &err);
    exh_ledger_close(ledger);
    if (!ok) {
        json_decref(checking.problems);
        return exh_tell_error(args, &err);
    }
    state.seq = audit.seq;
    memcpy(state.head, audit.head, sizeof state.head);
    if (audit.sound) {
        exh_print(args, "%llu lines, and every hash, link and series holds%s\n", (unsigned long long)audit.lines,
                  exh_arg(args, "--head") != NULL ? "; the printed head is among them"
                                                  : ". That none were cut off shows only against a head printed earlier (--head)");
        print_head(args, &state);
    } else {
        exh_print(args, "the ledger is broken: %llu problems\n", (unsigned long long)audit.problems);
    }
    exh_answer(args, json_pack("{s:o,s:b,s:I,s:I,s:o}", "ledger", ledger_json(&state), "sound", audit.sound, "lines", (json_int_t)audit.lines,
                               "problem_count", (json_int_t)audit.problems, "problems", checking.problems));
    return audit.sound ? EXH_EXIT_DONE : EXH_EXIT_FINDING;
}

/* --- make, adopt, import ------------------------------------------------------------------------------------------------------------- */

static enum exh_exit init(struct exh_args *args)
{
    struct exh_error err = {.at = EXH_NO_OFFSET};
    struct exh_ledger_state state;
    const char *path = exh_arg(args, "--ledger");
    if (!exh_ledger_init(path != NULL ? path : "ledger.db", &state, &err))
        return exh_tell_error(args, &err);
    exh_print(args, "made the ledger %s\n", state.path);
    print_head(args, &state);
    exh_answer(args, json_pack("{s:o,s:b}", "ledger", ledger_json(&state), "created", 1));
    return EXH_EXIT_DONE;
}

static enum exh_exit adopt(struct exh_args *args)
{
    struct exh_error err = {.at = EXH_NO_OFFSET};
    struct exh_ledger_state state;
    struct exh_ledger *ledger = NULL;
    char path[sizeof state.path];
    if (!open_ledger(args, false, &ledger, &state, &err))
        return exh_tell_error(args, &err);
    exh_ledger_close(ledger);
    memcpy(path, state.path, sizeof path);
    if (!exh_ledger_adopt(path, &state, &err))
        return exh_tell_error(args, &err);
    exh_print(args, "%s goes on here under a new store id\n", state.path);
    print_head(args, &state);
    exh_answer(args, json_pack("{s:o,s:b}", "ledger", ledger_json(&state), "adopted", 1));
    return EXH_EXIT_DONE;
}

static enum exh_exit import(struct exh_args *args)
{
    struct exh_error err = {.at = EXH_NO_OFFSET};
    struct exh_ledger_state state;
    struct exh_ledger *ledger = NULL;
    struct exh_import done;
    bool ok = open_ledger(args, true, &ledger, &state, &err) && exh_side_record_import(ledger, exh_arg(args, "--import"), &done, &state, &err);
    exh_ledger_close(ledger);
    if (!ok)
        return exh_tell_error(args, &err);
    exh_print(args, "added %zu lines to %s%s\n", done.added, state.path, done.known > 0 ? "; the others were there already" : "");
    print_head(args, &state);
    exh_answer(args, json_pack("{s:o,s:I,s:I}", "ledger", ledger_json(&state), "added", (json_int_t)done.added, "known", (json_int_t)done.known));
    return EXH_EXIT_DONE;
}

static enum exh_exit run(struct exh_args *args)
{
    static const char *const modes[] = {"--check", "--init", "--adopt", "--import"};
    static enum exh_exit (*const runs[])(struct exh_args *) = {check, init, adopt, import};
    struct exh_error err = {.at = EXH_NO_OFFSET};
    size_t asked = 0, which = 0;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (exh_arg(args, modes[i]) != NULL)
            asked++, which = i;
    if (asked > 1)
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "--check, --init, --adopt and --import are four different things; give one");
    else if (exh_arg(args, "--head") != NULL && (asked == 0 || which != 0))
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "--head belongs to --check");
    if (err.code != EXH_OK)
        return exh_tell_error(args, &err);
    return asked == 0 ? list(args) : runs[which](args);
}

extern const struct exh_command exh_command_log;
const struct exh_command exh_command_log = {
    .name = "log",
    .operands = "",
    .summary = "show and check the custody ledger",
    .options = options,
    .run = run,
    .notes = "The ledger is --ledger FILE, else $EXHIBIT_LEDGER, else the nearest ledger.db in this folder or one above it on the same file system.\n"
             "A chain shows what was changed inside it; that its end was cut off shows only against a 'ledger head' line kept elsewhere (--head).",
};
