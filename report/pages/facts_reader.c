/* facts_reader.c - typed looks into the JSON of a ledger line (jansson; its shapes: report/ledger/record.h). See facts_reader.h.
 *
 * A getter gives "not recorded" for anything absent or of another type, and never guesses: an empty string is no name, a real number is
 * never written by this program and so is no count. */
#include "report/pages/facts_reader.h"

#include "formats/model/text.h"

#define TEXTS_MAX (1u << 28) /* the size of the lines, which are in memory, bounds it long before */

void exh_facts_fail_nomem(struct exh_facts_reader *r)
{
    if (!r->failed)
        exh_nomem(r->err, "a report");
    r->failed = true;
}

/* Takes a new string into the facts' keeping; NULL is a failure. */
const char *exh_facts_keep(struct exh_facts_reader *r, char *text)
{
    struct exh_facts *f = r->facts;
    if (text == NULL)
        exh_facts_fail_nomem(r);
    if (r->failed || !exh_grow((void **)&f->kept, &f->kept_capacity, f->kept_count, sizeof *f->kept, TEXTS_MAX, "texts of a report", r->err)) {
        r->failed = true;
        free(text);
        return NULL;
    }
    f->kept[f->kept_count++] = text;
    return text;
}

const char *exh_facts_keep_plain(struct exh_facts_reader *r, const char *text) { return exh_facts_keep(r, exh_facts_text(text, strlen(text))); }

/* --- looks into an object --- */

/* "clock.synchronised": one object inside another. */
const json_t *exh_facts_at(const json_t *object, const char *path)
{
    char part[64];
    for (;;) {
        size_t length = strcspn(path, ".");
        if (object == NULL || length >= sizeof part)
            return NULL;
        memcpy(part, path, length);
        part[length] = '\0';
        object = json_object_get(object, part);
        if (path[length] == '\0')
            return object;
        path += length + 1;
    }
}

struct exh_number exh_facts_number_of(const json_t *value)
{
    struct exh_number none = {0, false};
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return none;
    return (struct exh_number){(uint64_t)json_integer_value(value), true};
}

struct exh_number exh_facts_number_at(const json_t *object, const char *path) { return exh_facts_number_of(exh_facts_at(object, path)); }

const char *exh_facts_string_of(struct exh_facts_reader *r, const json_t *value)
{
    if (r->failed || !json_is_string(value) || json_string_length(value) == 0)
        return NULL;
    return exh_facts_keep(r, exh_facts_text(json_string_value(value), json_string_length(value)));
}

const char *exh_facts_string_at(struct exh_facts_reader *r, const json_t *object, const char *path)
{
    return exh_facts_string_of(r, exh_facts_at(object, path));
}

/* The source of the end line is what was found when it was over; without one, what the begin line found. */
const json_t *exh_facts_body_member(const struct exh_report_item *item, const char *name)
{
    const json_t *of_end = exh_facts_at(item->end, "body"), *of_begin = exh_facts_at(item->begin, "body");
    const json_t *value = json_object_get(of_end, name);
    return value != NULL ? value : json_object_get(of_begin, name);
}

/* --- any value, for people --- */

static bool append_members(char **text, const json_t *value, bool quoted)
{
    bool first = true;
    if (json_is_array(value)) {
        size_t i;
        const json_t *item;
        json_array_foreach(value, i, item)
        {
            if (!first && !exh_text_append(text, quoted ? " " : ", "))
                return false;
            first = false;
            if (!exh_facts_append_value(text, item, quoted))
                return false;
        }
        return true;
    }
    void *it = json_object_iter((json_t *)(uintptr_t)value); /* the library's iterator takes no const, and writes nothing */
    for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)value, it)) {
        if (!exh_text_append(text, "%s%s ", first ? "" : ", ", json_object_iter_key(it)) ||
            !exh_facts_append_value(text, json_object_iter_value(it), false))
            return false;
        first = false;
    }
    return true;
}

/* Any JSON value as one line for people: lists with commas (argv quoted as in a shell), truth as yes and no. */
bool exh_facts_append_value(char **text, const json_t *value, bool quoted)
{
    switch (json_typeof(value)) {
    case JSON_STRING: {
        char *clean = exh_facts_text(json_string_value(value), json_string_length(value));
        bool ok = clean != NULL && (quoted ? exh_facts_append_quoted(text, clean) : exh_text_append(text, "%s", clean));
        free(clean);
        return ok;
    }
    case JSON_INTEGER: return exh_text_append(text, "%lld", (long long)json_integer_value(value));
    case JSON_TRUE: return exh_text_append(text, "yes");
    case JSON_FALSE: return exh_text_append(text, "no");
    case JSON_ARRAY:
    case JSON_OBJECT: return append_members(text, value, quoted);
    case JSON_REAL:
    case JSON_NULL: return exh_text_append(text, "unknown");
    }
    return true;
}

const char *exh_facts_value_at(struct exh_facts_reader *r, const json_t *object, const char *path, bool quoted)
{
    const json_t *value = exh_facts_at(object, path);
    if (r->failed || value == NULL || json_is_null(value) || json_is_real(value))
        return NULL;
    if ((json_is_string(value) && json_string_length(value) == 0) || (json_is_object(value) && json_object_size(value) == 0))
        return NULL;
    if (json_is_array(value) && json_array_size(value) == 0)
        return exh_facts_keep_plain(r, "none");
    char *text = NULL;
    if (!exh_facts_append_value(&text, value, quoted)) {
        free(text);
        exh_facts_fail_nomem(r);
        return NULL;
    }
    char *clean = exh_facts_text(text, strlen(text)); /* keys of objects were not cleaned above */
    free(text);
    return exh_facts_keep(r, clean);
}
