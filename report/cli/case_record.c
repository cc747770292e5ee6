/* case_record.c - lines around an operation. See case_record.h. */
#include "report/cli/case_record.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "acquire/nbd_uri.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "report/ledger/side_record.h"
#include "verify/digest.h"
#include "verify/verify.h"

void exh_time_text(time_t when, char out[32])
{
    struct tm t;
    if (gmtime_r(&when, &t) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &t) == 0)
        out[0] = '\0';
}

/* ---- case data ---- */

static bool attach(struct exh_fields *out, const char *path, struct exh_error *err)
{
    struct exh_names names = {0};
    struct exh_digests digests = {0};
    char key[300], hex[65];
    bool ok = exh_names_add(&names, path, err) && exh_verify_files(&names, false, NULL, 1, &digests, err);
    if (ok) {
        exh_text_hex(digests.items[0].bytes, 32, hex);
        (void)snprintf(key, sizeof key, "attachment %s", exh_text_base(path));
        char *value = exh_text_format("sha256:%s", hex);
        ok = value != NULL ? exh_fields_set(out, key, value, err) : exh_nomem(err, "a field");
        free(value);
    }
    exh_names_close(&names);
    free(digests.items);
    return ok || exh_context(err, "--attach %s", path);
}

static bool set_pair(struct exh_fields *out, const char *pair, struct exh_error *err)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--set %s is not KEY=VALUE", pair);
    char *key = exh_text_copy(pair, (size_t)(equals - pair));
    bool ok = key != NULL ? exh_fields_set(out, key, equals + 1, err) : exh_nomem(err, "a field");
    free(key);
    return ok;
}

static bool check_text(const char *option, const char *text, struct exh_error *err)
{
    return exh_text_is_utf8(text, strlen(text)) || exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the value of %s is not valid UTF-8", option);
}

bool exh_case_fields(const struct exh_args *args, struct exh_fields *out, struct exh_error *err)
{
    static const char *const options[] = {"--case",    "--exhibit", "--examiner", "--agency",    "--description", "--notes",
                                          "--blocker", "--label",   "--seal",     "--condition", "--place",       "--authority"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *value = exh_arg(args, options[i]);
        if (value != NULL && (!check_text(options[i], value, err) || !exh_fields_set(out, options[i] + 2, value, err)))
            return false;
    }
    for (size_t i = 0; i < exh_arg_count(args, "--set"); i++)
        if (!check_text("--set", exh_arg_at(args, "--set", i), err) || !set_pair(out, exh_arg_at(args, "--set", i), err))
            return exh_on_side(err, EXH_SIDE_DESTINATION);
    for (size_t i = 0; i < exh_arg_count(args, "--attach"); i++)
        if (!attach(out, exh_arg_at(args, "--attach", i), err))
            return false;
    return true;
}

/* ---- where and with what ---- */

json_t *exh_command_line_json(const struct exh_args *args)
{
    json_t *list = json_array();
    for (int i = 0; list != NULL && i < exh_args_argc(args); i++) {
        const char *word = exh_args_argv(args)[i];
        char *text = exh_text_to_utf8((const uint8_t *)word, strlen(word));
        (void)json_array_append_new(list, json_string(text != NULL ? text : "?"));
        free(text);
    }
    return list;
}

static json_t *clock_json(void)
{
    struct timex t;
    memset(&t, 0, sizeof t);
    int state = adjtimex(&t); /* modes 0: reads only */
    return json_pack("{s:o}", "synchronised", state < 0 ? json_null() : json_boolean(state != TIME_ERROR && (t.status & STA_UNSYNC) == 0));
}

json_t *exh_environment_json(void)
{
    struct utsname u;
    char zone[16] = "";
    struct tm local;
    time_t now = time(NULL);
    if (localtime_r(&now, &local) != NULL)
        (void)strftime(zone, sizeof zone, "%z", &local);
    if (uname(&u) != 0)
        memset(&u, 0, sizeof u);
    return json_pack("{s:s,s:s,s:s,s:s,s:o}", "os", u.sysname, "kernel", u.release, "machine", u.machine, "time_zone", zone, "clock", clock_json());
}

/* ---- lines ---- */

static bool into_ledger(const struct exh_recording *r) { return r->ledger != NULL && r->state.writable; }

static void tell_choice(const struct exh_args *args, const struct exh_recording *r)
{
    if (r->state.created)
        exh_say(args, "exhibit: a new custody ledger: %s", r->state.path);
    if (!r->recording || into_ledger(r))
        return;
    if (r->state.path[0] != '\0')
        exh_say(args, "exhibit: the ledger %s is not written: %s", r->state.path, r->state.why_not);
    if (r->wants_side)
        exh_say(args, "exhibit: the record goes into %s.record.jsonl; 'exhibit log --import' adds it to a ledger", r->image);
}

bool exh_recording_open(const struct exh_args *args, const char *type, const char *image, const struct exh_fields *fields, const uint8_t *guid,
                        bool may_create, struct exh_recording *out, struct exh_error *err)
{
    uint8_t random[16];
    memset(out, 0, sizeof *out);
    out->type = type;
    out->image = image;
    exh_time_text(time(NULL), out->started);
    if (!exh_random(random, sizeof random, err))
        return false;
    exh_text_hex(random, sizeof random, out->operation);
    out->asked = exh_arg(args, "--no-record") == NULL;
    out->insists = exh_arg(args, "--ledger") != NULL;
    if (!out->asked && may_create)
        return true;                     /* nothing is looked up for these commands either */
    bool remote = exh_nbd_is_uri(image); /* lies in no folder: the ledger is that of the one we are in */
    struct exh_ledger_choice choice = {
        .explicit_path = exh_arg(args, "--ledger"), .image = remote ? "-" : image, .may_create = may_create, .will_write = out->asked};
    if (!exh_ledger_open(&choice, &out->ledger, &out->state, err))
        return exh_on_side(err, EXH_SIDE_LEDGER);
    out->recording = out->asked && (out->ledger != NULL || may_create);
    out->wants_side = out->asked && may_create;
    tell_choice(args, out);
    const char *base = exh_text_base(image);
    char *name = remote                ? exh_text_to_utf8((const uint8_t *)image, strlen(image))
                 : out->ledger != NULL ? exh_ledger_name_of(out->ledger, image)
                                       : exh_text_copy(base, strlen(base));
    out->object = name != NULL ? json_pack("{s:s}", "image", name) : NULL;
    free(name);
    if (out->object == NULL)
        return exh_nomem(err, "a record");
    const char *number = exh_fields_get(fields, "case"), *exhibit = exh_fields_get(fields, "exhibit"), *examiner = exh_fields_get(fields, "examiner");
    if (number != NULL)
        (void)json_object_set_new(out->object, "case", json_string(number));
    if (exhibit != NULL)
        (void)json_object_set_new(out->object, "exhibit", json_string(exhibit));
    if (guid != NULL) {
        char hex[33];
        exh_text_hex(guid, 16, hex);
        (void)json_object_set_new(out->object, "guid", json_string(hex));
    }
    if (examiner != NULL)
        (void)json_object_set_new(out->object, "examiner", json_string(examiner));
    return true;
}

/* Takes the line over. */
static bool keep_line(struct exh_recording *r, char *line, struct exh_error *err)
{
    if (exh_grow((void **)&r->lines, &r->line_capacity, r->line_count, sizeof *r->lines, 1u << 20, "lines of one operation", err)) {
        r->lines[r->line_count++] = line;
        return true;
    }
    free(line);
    return false;
}

bool exh_recording_continue(struct exh_recording *r, const char *operation, const char *started, uint64_t begin_seq, const json_t *lines,
                            struct exh_error *err)
{
    (void)snprintf(r->operation, sizeof r->operation, "%s", operation);
    (void)snprintf(r->started, sizeof r->started, "%s", started);
    r->begin_seq = begin_seq;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *text = json_string_value(json_array_get(lines, i));
        if (text == NULL)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the state of the unfinished acquisition is damaged: its lines are none");
        char *line = exh_text_copy(text, strlen(text));
        if (line == NULL || !keep_line(r, line, err))
            return line != NULL ? false : exh_nomem(err, "a line");
    }
    char *side = r->wants_side ? exh_side_record_path(r->image) : NULL;
    bool ok = side != NULL ? exh_side_record_mend(side, r->operation, r->line_count > 0 ? r->lines[0] : NULL, err)
                           : !r->wants_side || exh_nomem(err, "a path");
    free(side);
    return ok || exh_on_side(err, EXH_SIDE_LEDGER);
}

static bool add_to_ledger(struct exh_recording *r, const char *type, bool begins, json_t *body, const struct exh_ledger_blob *blobs,
                          size_t blob_count, struct exh_error *err)
{
    char *line = NULL;
    if (exh_ledger_append(r->ledger, type, r->object, body, blobs, blob_count, &r->state, &line, err)) {
        r->recorded = true;
        if (begins)
            r->begin_seq = r->state.seq;
        return keep_line(r, line, err);
    }
    /* A result that was found stands without its line, unless this ledger was asked for by name; an image must not. */
    bool may_lack = !r->wants_side && !r->insists && err->code != EXH_CORRUPT && err->code != EXH_BUG;
    if (!may_lack)
        return exh_on_side(err, EXH_SIDE_LEDGER);
    r->state.writable = false;
    (void)snprintf(r->state.why_not, sizeof r->state.why_not, "%.255s", err->text);
    exh_error_clear(err);
    return true;
}

/* No ledger can take the lines: they chain among themselves beside the image, the begin line before the image is there. */
static bool add_to_side(const struct exh_recording *r, const char *type, json_t *body, const struct exh_ledger_blob *blobs, size_t blob_count,
                        uint64_t *seq, struct exh_error *err)
{
    char *path = exh_side_record_path(r->image);
    bool ok = path != NULL ? exh_side_record_chain(path, type, r->object, body, blobs, blob_count, seq, NULL, err) : exh_nomem(err, "a path");
    free(path);
    return ok || exh_on_side(err, EXH_SIDE_LEDGER);
}

bool exh_recording_add(struct exh_recording *r, const char *suffix, json_t *body, const struct exh_ledger_blob *blobs, size_t blob_count,
                       struct exh_error *err)
{
    if (!r->recording || body == NULL) {
        json_decref(body);
        return body != NULL || exh_nomem(err, "a record");
    }
    char type[48];
    uint64_t seq = 0;
    bool begins = strcmp(suffix, "-begin") == 0, ok = true;
    (void)snprintf(type, sizeof type, "%s%s", r->type, suffix);
    if (json_object_set_new(body, "operation", json_string(r->operation)) != 0) /* a line that ends no named operation cannot be read again */
        ok = exh_nomem(err, "a record");
    else if (into_ledger(r))
        ok = add_to_ledger(r, type, begins, body, blobs, blob_count, err);
    else if (r->wants_side && (ok = add_to_side(r, type, body, blobs, blob_count, &seq, err)) && begins)
        r->begin_seq = seq;
    json_decref(body);
    return ok;
}

/* A run that was cut behind its end line has written the lines before: those are left out. */
static size_t lines_to_come(const struct exh_recording *r, const char *path, char **out)
{
    struct exh_error none;
    exh_error_clear(&none);
    struct exh_side_record *there = exh_side_record_read(path, &none);
    size_t n = 0, count = there != NULL ? exh_side_record_count(there) : 0;
    for (size_t i = 0; i < r->line_count; i++) {
        bool known = false;
        const char *verbatim;
        for (size_t k = 0; !known && k < count; k++)
            known = exh_side_record_line(there, k, &verbatim) != NULL && strcmp(verbatim, r->lines[i]) == 0;
        if (!known)
            out[n++] = r->lines[i];
    }
    exh_side_record_close(there);
    return n;
}

bool exh_recording_side(struct exh_recording *r, const struct exh_ledger_blob *blobs, size_t blob_count, struct exh_error *err)
{
    if (!r->wants_side || r->line_count == 0)
        return true;
    char *path = exh_side_record_path(r->image), **lines = calloc(r->line_count, sizeof *lines);
    bool ok = (path != NULL && lines != NULL) || exh_nomem(err, "a side record");
    ok = ok && exh_side_record_append(path, lines, lines_to_come(r, path, lines), blobs, blob_count, err);
    free(lines);
    free(path);
    return ok || exh_on_side(err, EXH_SIDE_LEDGER);
}

json_t *exh_recording_json(const struct exh_recording *r)
{
    if (r->recorded)
        return json_pack("{s:o,s:I,s:s}", "file", exh_record_text(r->state.path), "seq", (json_int_t)r->state.seq, "head", r->state.head);
    const char *why = !r->asked ? "--no-record was given" : r->state.why_not[0] != '\0' ? r->state.why_not : "no ledger";
    json_t *json = json_pack("{s:b,s:o}", "recorded", 0, "reason", exh_record_text(why));
    if (json != NULL && r->state.path[0] != '\0')
        (void)json_object_set_new(json, "file", exh_record_text(r->state.path));
    if (json != NULL && r->wants_side) {
        char *side = exh_side_record_path(r->image);
        (void)json_object_set_new(json, "side_record", side != NULL ? exh_record_text(side) : NULL);
        free(side);
    }
    return json;
}

void exh_recording_tell(const struct exh_args *args, const struct exh_recording *r)
{
    if (r->recorded)
        exh_print(args, "ledger head %llu sha256:%s\n", (unsigned long long)r->state.seq, r->state.head);
}

void exh_recording_close(struct exh_recording *r)
{
    exh_ledger_close(r->ledger);
    json_decref(r->object);
    for (size_t i = 0; i < r->line_count; i++)
        free(r->lines[i]);
    free(r->lines);
    memset(r, 0, sizeof *r);
}
