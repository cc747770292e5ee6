/* partial_state.c - what was asked for, kept and taken up again. See partial_state.h. */
#include "report/cli/partial_state.h"

#include <unistd.h>

#include "acquire/stage.h"
#include "formats/model/text.h"
#include "report/cli/args.h"
#include "report/ledger/record.h"

/* ---- keeping ---- */

/* A later run may start in another folder. */
static json_t *absolute(const char *path)
{
    char cwd[4096];
    if (path[0] == '/' || strchr(path, ':') != NULL || getcwd(cwd, sizeof cwd) == NULL)
        return exh_record_text(path);
    char *whole = exh_text_format("%s/%s", cwd, path);
    json_t *json = whole != NULL ? exh_record_text(whole) : NULL;
    free(whole);
    return json;
}

static bool names_path(const char *option)
{
    return strcmp(option, "--ledger") == 0 || strcmp(option, "--continue-in") == 0 || strcmp(option, "--map") == 0 ||
           strcmp(option, "--rescued") == 0;
}

/* How the run talks is not part of what it does. */
static bool is_talk(const char *option)
{
    static const char *const talk[] = {"--json", "--progress", "--quiet", "--resume", "-o"};
    for (size_t i = 0; i < sizeof talk / sizeof talk[0]; i++)
        if (strcmp(option, talk[i]) == 0)
            return true;
    return false;
}

static json_t *argv_json(const struct exh_args *args)
{
    json_t *list = json_pack("[s,s]", "exhibit", args->command->name);
    for (size_t i = 0; list != NULL && i < args->given_count; i++) {
        const struct exh_given *g = &args->given[i];
        if (is_talk(g->option->name))
            continue;
        (void)json_array_append_new(list, json_string(g->option->name));
        if (g->option->argument != NULL)
            (void)json_array_append_new(list, names_path(g->option->name) ? absolute(g->value) : exh_record_text(g->value));
    }
    return list;
}

char *exh_partial_state_text(const struct exh_args *args, const struct exh_opened *source, const struct exh_fields *fields, const uint8_t guid[16],
                             uint64_t unix_time, const struct exh_recording *recording, const struct exh_partial_state *before)
{
    char hex[33];
    exh_text_hex(guid, 16, hex);
    json_t *lines = json_array();
    for (size_t i = 0; lines != NULL && i < recording->line_count; i++)
        (void)json_array_append_new(lines, json_string(recording->lines[i]));
    json_t *json = json_pack("{s:i,s:s,s:o,s:o,s:o,s:s,s:I,s:s,s:I,s:s,s:o,s:o}", "v", 1, "program", "exhibit " EXH_VERSION, "argv", argv_json(args),
                             "source", exh_source_json(source), "source_path", absolute(source->path), "guid", hex, "unix_time",
                             (json_int_t)unix_time, "operation", recording->operation, "begin_seq", (json_int_t)recording->begin_seq, "started",
                             recording->started, "case", exh_record_fields(fields), "lines", lines);
    for (size_t i = 0; json != NULL && before != NULL && i < 2; i++) {
        static const char *const keys[] = {"source", "source_path"};
        (void)json_object_set(json, keys[i], json_object_get(before->json, keys[i]));
    }
    char *text = json != NULL ? json_dumps(json, JSON_INDENT(1)) : NULL;
    json_decref(json);
    return text;
}

/* ---- taking up ---- */

static bool no_state(const char *image, struct exh_error *err, const char *what)
{
    (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the state of the unfinished acquisition %s", what);
    (void)exh_in_file(err, image);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}

bool exh_partial_state_read(const char *image, struct exh_partial_state *out, struct exh_error *err)
{
    char *text;
    memset(out, 0, sizeof *out);
    if (!exh_stage_read(image, EXH_STAGE_STATE, &text, err))
        return exh_context(err, "what was asked for is not known") || exh_on_side(err, EXH_SIDE_DESTINATION);
    out->json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    const char *guid = json_string_value(json_object_get(out->json, "guid"));
    out->operation = json_string_value(json_object_get(out->json, "operation"));
    out->started = json_string_value(json_object_get(out->json, "started"));
    json_int_t when = json_integer_value(json_object_get(out->json, "unix_time")), seq = json_integer_value(json_object_get(out->json, "begin_seq"));
    if (out->json == NULL || json_integer_value(json_object_get(out->json, "v")) != 1)
        return no_state(image, err, "is of another version");
    if (guid == NULL || !exh_text_unhex(guid, out->guid, sizeof out->guid) || out->operation == NULL || strlen(out->operation) != 32 ||
        out->started == NULL || when < 0 || seq < 0 || json_array_size(json_object_get(out->json, "argv")) < 2 ||
        json_string_value(json_object_get(out->json, "source_path")) == NULL)
        return no_state(image, err, "is damaged");
    out->unix_time = (uint64_t)when;
    out->begin_seq = (uint64_t)seq;
    return true;
}

/* What a later run may decide anew. */
static bool may_change(const char *option)
{
    static const char *const free_options[] = {"--retries",    "--skip-size", "--reverse", "--max-errors", "--min-rate", "--timeout",
                                               "--no-scrape",  "--threads",   "--verify",  "--json",       "--progress", "--continue-in",
                                               "--save-every", "--ledger",    "--quiet",   "--resume",     "-o",         "--help"};
    for (size_t i = 0; i < sizeof free_options / sizeof free_options[0]; i++)
        if (strcmp(option, free_options[i]) == 0)
            return true;
    return false;
}

struct words {
    char **items;
    size_t count;
};

static bool add_word(struct words *w, const char *word, struct exh_error *err)
{
    if (w->count == EXH_ARGS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %u arguments", EXH_ARGS_MAX);
    w->items[w->count] = exh_text_copy(word, strlen(word));
    return w->items[w->count++] != NULL || exh_nomem(err, "arguments");
}

static bool add_first_run(const json_t *argv, const struct exh_args *now, struct words *w, struct exh_error *err)
{
    for (size_t i = 2; i < json_array_size(argv); i++) {
        const char *word = json_string_value(json_array_get(argv, i));
        const struct exh_option *option = word != NULL ? exh_option_named(now->command, word) : NULL;
        if (option == NULL)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the state of the unfinished acquisition names no option of this program: %.80s",
                            word != NULL ? word : "?");
        const char *value = option->argument != NULL ? json_string_value(json_array_get(argv, ++i)) : NULL;
        if (option->argument != NULL && value == NULL)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the state of the unfinished acquisition gives %s no value", option->name);
        if (!option->repeats && may_change(option->name) && exh_arg(now, option->name) != NULL)
            continue; /* decided anew */
        if (!add_word(w, option->name, err) || (value != NULL && !add_word(w, value, err)))
            return false;
    }
    return true;
}

/* The same as in the first run: who repeats the whole command with --resume, in a loop perhaps, means no change. */
static bool as_before(const json_t *argv, const struct exh_given *g)
{
    if (names_path(g->option->name))
        return true; /* the first run's stands, by its absolute path */
    for (size_t i = 2; i < json_array_size(argv); i++) {
        const char *word = json_string_value(json_array_get(argv, i)), *value = json_string_value(json_array_get(argv, i + 1));
        if (strcmp(word, g->option->name) == 0 && (g->option->argument == NULL || (value != NULL && strcmp(value, g->value) == 0)))
            return true;
    }
    return false;
}

static bool add_this_run(const json_t *argv, const struct exh_args *now, struct words *w, struct exh_error *err)
{
    for (size_t i = 0; i < now->given_count; i++) {
        const struct exh_given *g = &now->given[i];
        if (!may_change(g->option->name) && !as_before(argv, g))
            return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s was decided otherwise when the acquisition began, and cannot be changed with --resume",
                            g->option->name);
        if (strcmp(g->option->name, "-o") == 0 || !may_change(g->option->name))
            continue;
        if (!add_word(w, g->option->name, err) || (g->option->argument != NULL && !add_word(w, g->value, err)))
            return false;
    }
    return true;
}

static void drop_words(struct words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->items[i]);
    free(w->items);
}

bool exh_partial_state_name_source(struct exh_args *args, struct exh_error *err)
{
    struct words w = {.items = calloc(EXH_ARGS_MAX + 1, sizeof *w.items)};
    if (w.items == NULL)
        return exh_nomem(err, "arguments");
    bool ok = add_word(&w, "exhibit", err) && add_word(&w, "acquire", err) && add_word(&w, "-o", err) && add_word(&w, exh_operand(args, 0), err);
    for (size_t i = 0; ok && i < args->given_count; i++)
        ok = add_word(&w, args->given[i].option->name, err) && (args->given[i].option->argument == NULL || add_word(&w, args->given[i].value, err));
    ok = ok && add_word(&w, "--", err) && add_word(&w, exh_operand(args, 1), err);
    if (ok)
        return exh_args_replace(args, w.items, w.count, err);
    drop_words(&w);
    return false;
}

bool exh_partial_state_apply(const struct exh_partial_state *state, struct exh_args *args, const char *image, struct exh_error *err)
{
    /* "acquire --resume IMAGE [SOURCE]", or "acquire SOURCE -o IMAGE --resume". */
    bool by_image = exh_arg(args, "-o") == NULL;
    const char *source = exh_operand(args, by_image ? 1 : 0);
    struct words w = {.items = calloc(EXH_ARGS_MAX + 1, sizeof *w.items)};
    if (w.items == NULL)
        return exh_nomem(err, "arguments");
    bool ok = add_word(&w, "exhibit", err) && add_word(&w, "acquire", err) && add_first_run(json_object_get(state->json, "argv"), args, &w, err) &&
              add_this_run(json_object_get(state->json, "argv"), args, &w, err) && add_word(&w, "-o", err) && add_word(&w, image, err) &&
              add_word(&w, "--", err) && add_word(&w, source != NULL ? source : json_string_value(json_object_get(state->json, "source_path")), err);
    if (ok)
        return exh_args_replace(args, w.items, w.count, err);
    drop_words(&w);
    return false;
}

/* ---- the same source ---- */

static bool differs(struct exh_error *err, const char *what, const char *was, const char *is)
{
    (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "this is not the medium that was being imaged: its %s is '%s', it was '%s'", what, is, was);
    return exh_on_side(err, EXH_SIDE_SOURCE);
}

static bool same_number(const json_t *was, const json_t *is, const char *key, struct exh_error *err)
{
    const json_t *a = json_object_get(was, key), *b = json_object_get(is, key);
    char before[32], now[32];
    if (!json_is_integer(a) || !json_is_integer(b) || json_integer_value(a) == json_integer_value(b))
        return true;
    (void)snprintf(before, sizeof before, "%lld", (long long)json_integer_value(a));
    (void)snprintf(now, sizeof now, "%lld", (long long)json_integer_value(b));
    return differs(err, key, before, now);
}

static bool same_text(const json_t *was, const json_t *is, const char *key, struct exh_error *err)
{
    const char *a = json_string_value(json_object_get(was, key)), *b = json_string_value(json_object_get(is, key));
    return a == NULL || b == NULL || strcmp(a, b) == 0 || differs(err, key, a, b);
}

bool exh_partial_state_same_source(const struct exh_partial_state *state, const struct exh_opened *source, struct exh_error *err)
{
    static const char *const identity[] = {"serial", "wwn", "model", "vendor"};
    const json_t *was = json_object_get(state->json, "source");
    json_t *is = exh_source_json(source);
    bool ok = is != NULL ? same_text(was, is, "kind", err) && same_number(was, is, "bytes", err) && same_number(was, is, "sector_size", err)
                         : exh_nomem(err, "a record");
    for (size_t i = 0; ok && i < sizeof identity / sizeof identity[0]; i++)
        ok = same_text(json_object_get(was, "identity"), json_object_get(is, "identity"), identity[i], err);
    json_decref(is);
    return ok;
}

bool exh_partial_state_fields(const struct exh_partial_state *state, struct exh_fields *out, struct exh_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(state->json, "case"), key, value) if (!exh_fields_set(out, key, json_string_value(value), err)) return false;
    return true;
}

void exh_partial_state_close(struct exh_partial_state *state)
{
    json_decref(state->json);
    memset(state, 0, sizeof *state);
}
