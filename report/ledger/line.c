/* line.c - one line of a ledger: composed, hashed, taken apart. Shape in record.h; hash over line and LF, so that sha256sum can check an export. */
#include "report/ledger/line.h"

#include <pwd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "formats/model/text.h"
#include "verify/digest.h"

const char exh_line_no_prev[EXH_HEX_SIZE] = "0000000000000000000000000000000000000000000000000000000000000000";

static const char *const line_keys[] = {"v", "prev", "seq", "time", "type", "actor", "object", "body"};
#define LINE_KEYS (sizeof line_keys / sizeof line_keys[0])

bool exh_is_hex(const char *text, size_t digits) { return text != NULL && strlen(text) == digits && strspn(text, "0123456789abcdef") == digits; }

bool exh_hash_hex(const void *bytes, size_t length, char hex[EXH_HEX_SIZE], struct exh_error *err)
{
    uint8_t hash[32];
    if (!exh_sha256(bytes, length, hash, err))
        return false;
    exh_text_hex(hash, sizeof hash, hex);
    return true;
}

bool exh_line_hash(const char *text, size_t length, char hex[EXH_HEX_SIZE], struct exh_error *err)
{
    char *whole = malloc(length + 1);
    if (whole == NULL)
        return exh_nomem(err, "a ledger line");
    memcpy(whole, text, length);
    whole[length] = '\n';
    bool ok = exh_hash_hex(whole, length + 1, hex, err);
    free(whole);
    return ok;
}

/* Text that comes from outside (user names, host names) need not be UTF-8; JSON must be. */
static json_t *text_of(const char *text)
{
    char *utf8 = exh_text_to_utf8((const uint8_t *)text, strlen(text));
    json_t *json = utf8 != NULL ? json_string(utf8) : NULL;
    free(utf8);
    return json;
}

static bool set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0; /* refuses NULL, frees value when it fails */
}

static bool fill_actor(json_t *actor, const json_t *body)
{
    struct passwd entry, *found = NULL;
    char room[4096];
    struct utsname host;
    if (getpwuid_r(getuid(), &entry, room, sizeof room, &found) != 0)
        found = NULL;
    if (uname(&host) != 0)
        return false;
    char *running = exh_text_format("%s %s %s", host.sysname, host.release, host.machine);
    const json_t *examiner = json_object_get(json_object_get(body, "case"), "examiner");
    bool ok = running != NULL && set(actor, "user", text_of(found != NULL ? found->pw_name : "unknown")) &&
              set(actor, "uid", json_integer((json_int_t)getuid())) && set(actor, "host", text_of(host.nodename)) &&
              set(actor, "program", json_string("exhibit " EXH_VERSION)) && set(actor, "system", text_of(running)) &&
              (!json_is_string(examiner) || set(actor, "examiner", json_string(json_string_value(examiner))));
    free(running);
    return ok;
}

static json_t *time_now(void)
{
    char text[32];
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return NULL;
    return json_string(text);
}

static json_t *borrowed_or_empty(json_t *value) { return value != NULL ? json_incref(value) : json_object(); }

static bool fill_line(json_t *line, const char *prev, uint64_t seq, const char *type, json_t *object, json_t *body)
{
    json_t *actor = json_object();
    if (actor == NULL || !fill_actor(actor, body)) {
        json_decref(actor);
        return false;
    }
    return set(line, "v", json_integer(EXH_LINE_VERSION)) && set(line, "prev", json_string(prev)) &&
           set(line, "seq", json_integer((json_int_t)seq)) && set(line, "time", time_now()) && set(line, "type", json_string(type)) &&
           set(line, "actor", actor) && set(line, "object", borrowed_or_empty(object)) && set(line, "body", borrowed_or_empty(body));
}

/* Numbers that two programs may print differently have no place in a hashed line. */
static bool has_float(const json_t *value)
{
    const char *key;
    json_t *inner;
    size_t i;
    if (json_is_real(value))
        return true;
    if (json_is_array(value)) {
        json_array_foreach(value, i, inner) if (has_float(inner)) return true;
    } else if (json_is_object(value)) {
        /* The macro wants a non-const object; nothing is changed. */
        json_object_foreach((json_t *)(uintptr_t)value, key, inner) if (has_float(inner)) return true;
    }
    return false;
}

char *exh_line_compose(const char *prev, uint64_t seq, const char *type, json_t *object, json_t *body, struct exh_error *err)
{
    if (has_float(object) || has_float(body)) {
        (void)exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a '%s' line with a floating-point number", type);
        return NULL;
    }
    json_t *line = json_object();
    char *text = line != NULL && fill_line(line, prev, seq, type, object, body) ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (text == NULL)
        (void)exh_nomem(err, "a ledger line");
    if (text != NULL && strlen(text) > EXH_LINE_BYTES_MAX) {
        (void)exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a '%s' line of %zu bytes; a ledger line has at most %u", type, strlen(text),
                       EXH_LINE_BYTES_MAX);
        free(text);
        text = NULL;
    }
    return text;
}

/* Key order is fixed, so a line that has it was not put together by hand in some other shape that readers would understand differently. */
static bool keys_check(json_t *json, struct exh_error *err)
{
    size_t i = 0;
    const char *key;
    json_t *value;
    if (!json_is_object(json) || json_object_size(json) != LINE_KEYS)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it is not an object of %zu keys", LINE_KEYS);
    json_object_foreach(json, key, value)
    {
        if (strcmp(key, line_keys[i]) != 0)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "key '%.40s' stands where '%s' belongs", key, line_keys[i]);
        i++;
    }
    return true;
}

bool exh_line_parse(const char *text, size_t length, struct exh_line *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    json_error_t why;
    if (length > EXH_LINE_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "it has %zu bytes; a line has at most %u", length, EXH_LINE_BYTES_MAX);
    if (memchr(text, '\n', length) != NULL || memchr(text, '\0', length) != NULL)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it is not one line of text");
    out->json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (out->json == NULL)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "it is not JSON: %.120s (at byte %d)", why.text, why.position);
    if (!keys_check(out->json, err))
        return false;
    const json_t *version = json_object_get(out->json, "v"), *seq = json_object_get(out->json, "seq");
    if (!json_is_integer(version) || json_integer_value(version) != EXH_LINE_VERSION)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "its version is not %d: made by a newer exhibit?", EXH_LINE_VERSION);
    out->prev = json_string_value(json_object_get(out->json, "prev"));
    out->time = json_string_value(json_object_get(out->json, "time"));
    out->type = json_string_value(json_object_get(out->json, "type"));
    out->object = json_object_get(out->json, "object");
    out->body = json_object_get(out->json, "body");
    if (!exh_is_hex(out->prev, 64) || !json_is_integer(seq) || json_integer_value(seq) < 1 || out->time == NULL || out->type == NULL ||
        !json_is_object(json_object_get(out->json, "actor")) || !json_is_object(out->object) || !json_is_object(out->body))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "prev, seq, time, type, actor, object or body is not what a line has there");
    out->seq = (uint64_t)json_integer_value(seq);
    return true;
}

void exh_line_close(struct exh_line *line)
{
    json_decref(line->json);
    memset(line, 0, sizeof *line);
}

typedef bool (*citation_fn)(void *context, const char *sha256, struct exh_error *err);

static bool cite_value(const json_t *value, citation_fn each, void *context, struct exh_error *err)
{
    const char *key;
    json_t *inner;
    size_t i;
    if (json_is_array(value)) {
        json_array_foreach(value, i, inner) if (!cite_value(inner, each, context, err)) return false;
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)(uintptr_t)value, key, inner)
        {
            const char *cited = strcmp(key, "blob") == 0 ? json_string_value(inner) : NULL;
            if (cited != NULL ? !each(context, cited, err) : !cite_value(inner, each, context, err))
                return false;
        }
    }
    return true;
}

bool exh_line_citations(const json_t *value, bool (*each)(void *context, const char *sha256, struct exh_error *err), void *context,
                        struct exh_error *err)
{
    const json_t *inner_text = json_object_get(value, "line");
    if (!json_is_string(inner_text))
        return cite_value(value, each, context, err);
    struct exh_line inner;
    bool ok =
        exh_line_parse(json_string_value(inner_text), json_string_length(inner_text), &inner, err) && cite_value(inner.body, each, context, err);
    exh_line_close(&inner);
    return ok;
}
