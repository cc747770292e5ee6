/* report_items.c - picks the lines of a report out of a ledger or side record. See report_items.h.
 *
 * A begin and its end share an operation. A line of another type (verify, hash, report) belongs to the newest finished making of the image
 * it names, because that is the image it spoke of. An image that was never made here, only verified or hashed, is an item without begin
 * and end: the image as it was found. A line that an import brought in stands for itself, at the place in the ledger where
 * the import put it, and says so. */
#include "report/cli/report_items.h"

#include "formats/model/grow.h"
#include "formats/model/text.h"

#define LINES_MAX (1u << 22)

static const char *text_at(const json_t *line, const char *part, const char *key)
{
    return json_string_value(json_object_get(json_object_get(line, part), key));
}

static const char *type_of(const json_t *line)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    return type != NULL ? type : "";
}

static bool same(const char *a, const char *b) { return a != NULL && b != NULL && strcmp(a, b) == 0; }

static bool ends_in(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

static bool is_begin(const json_t *line) { return ends_in(type_of(line), "-begin"); }
static bool is_end(const json_t *line) { return ends_in(type_of(line), "-end"); }
/* A look at an image, whoever made it. */
static bool is_look(const json_t *line) { return same(type_of(line), "verify") || same(type_of(line), "hash"); }
static bool is_done(const json_t *line) { return line != NULL && same(text_at(line, "body", "outcome"), "done"); }

/* Does the line speak of the image? A report of a whole case names its images in the body. */
static bool names(const json_t *line, const char *image)
{
    size_t i;
    const json_t *name;
    if (same(text_at(line, "object", "image"), image))
        return true;
    json_array_foreach(json_object_get(json_object_get(line, "body"), "images"), i, name) if (same(json_string_value(name), image)) return true;
    return false;
}

static const char *case_fact(const json_t *line, const char *key)
{
    const char *value = text_at(line, "object", key);
    return value != NULL ? value : json_string_value(json_object_get(json_object_get(json_object_get(line, "body"), "case"), key));
}

/* --- lines --- */

struct gathering {
    const struct exh_report_wish *wish;
    struct exh_report_items *out;
    json_t *images; /* objects used as sets: names the wish reaches, for a case; */
    json_t *found;  /* those that a look speaks of: true, as of the case; */
    json_t *made;   /* those that any line tells the making of */
    bool first_walk;
    struct exh_error *err;
    bool failed;
};

static bool keep(struct exh_report_items *out, json_t *line, struct exh_error *err)
{
    if (line == NULL)
        return exh_nomem(err, "a report");
    if (!exh_grow((void **)&out->lines, &out->line_capacity, out->line_count, sizeof *out->lines, LINES_MAX, "lines of a report", err)) {
        json_decref(line);
        return false;
    }
    out->lines[out->line_count++] = line;
    return true;
}

/* The line itself, or the line inside an import with its place, its image's name here and the time of the import. A new reference or NULL. */
static json_t *unwrap(uint64_t seq, const json_t *line)
{
    json_t *self = (json_t *)(uintptr_t)line; /* shared, not changed */
    const char *inner_text = same(type_of(line), "import") ? text_at(line, "body", "line") : NULL;
    json_t *inner = inner_text != NULL ? json_loads(inner_text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (inner == NULL)
        return json_incref(self);
    json_t *object = json_object_get(inner, "object"), *name = json_object_get(json_object_get(line, "object"), "image");
    bool ok = json_object_set_new(inner, "seq", json_integer((json_int_t)seq)) == 0 &&
              json_object_set(inner, "imported", json_object_get(self, "time")) == 0 &&
              (name == NULL || !json_is_object(object) || json_object_set(object, "image", name) == 0);
    if (ok)
        return inner;
    json_decref(inner);
    return NULL;
}

static bool in_case(const struct exh_report_wish *wish, const json_t *line)
{
    return (is_begin(line) || is_end(line)) && same(case_fact(line, "case"), wish->case_id) &&
           (wish->exhibit_id == NULL || same(case_fact(line, "exhibit"), wish->exhibit_id));
}

/* Later lines about an image of the case need not repeat its case number. */
static bool about_case_image(const struct gathering *g, const json_t *line)
{
    size_t i;
    const json_t *name;
    const char *image = text_at(line, "object", "image");
    if (is_begin(line) || is_end(line))
        return in_case(g->wish, line);
    if (image != NULL && json_object_get(g->images, image) != NULL)
        return true;
    json_array_foreach(json_object_get(json_object_get(line, "body"), "images"), i,
                       name) if (json_string_value(name) != NULL && json_object_get(g->images, json_string_value(name)) != NULL) return true;
    return false;
}

static bool of_case(const struct exh_report_wish *wish, const char *number, const char *exhibit)
{
    return same(number, wish->case_id) && (wish->exhibit_id == NULL || same(exhibit, wish->exhibit_id));
}

/* A look may be given the case: the newest that was decides. Where none was, the image's own word counts. */
static bool note_found(struct gathering *g, const char *image, const json_t *line)
{
    const json_t *stated = json_object_get(json_object_get(json_object_get(line, "body"), "stored"), "case");
    const char *given = case_fact(line, "case");
    bool known = json_object_get(g->found, image) != NULL, here;
    if (given != NULL)
        here = of_case(g->wish, given, case_fact(line, "exhibit"));
    else
        here = of_case(g->wish, json_string_value(json_object_get(stated, "case")), json_string_value(json_object_get(stated, "exhibit")));
    return (given == NULL && (known || !here)) || json_object_set_new(g->found, image, json_boolean(here)) == 0;
}

static bool note_case_image(struct gathering *g, const json_t *line)
{
    const char *image = text_at(line, "object", "image");
    bool making = is_begin(line) || is_end(line), ok = true;
    if (image != NULL && is_look(line))
        ok = note_found(g, image, line);
    if (image != NULL && making)
        ok = json_object_set_new(g->made, image, json_true()) == 0 &&
             (!in_case(g->wish, line) || json_object_set_new(g->images, image, json_true()) == 0);
    return ok || exh_nomem(g->err, "a report");
}

/* The case of an image that was made here is that of its making, whatever a look at it was told. */
static bool add_found_images(struct gathering *g)
{
    const char *image;
    json_t *mark;
    bool ok = true;
    json_object_foreach(g->found, image, mark) ok =
        ok && (json_is_false(mark) || json_object_get(g->made, image) != NULL || json_object_set(g->images, image, mark) == 0);
    return ok || exh_nomem(g->err, "a report");
}

static bool gather(void *context, uint64_t seq, const char *verbatim, const json_t *parsed)
{
    struct gathering *g = context;
    (void)verbatim;
    json_t *line = unwrap(seq, parsed);
    bool ok = line != NULL || exh_nomem(g->err, "a report");
    if (ok && g->first_walk)
        ok = note_case_image(g, line);
    else if (ok && (g->wish->image != NULL ? names(line, g->wish->image) : about_case_image(g, line)))
        ok = keep(g->out, json_incref(line), g->err);
    json_decref(line);
    g->failed = !ok;
    return ok;
}

static bool walk(struct exh_ledger *ledger, bool broken, struct gathering *g)
{
    struct exh_error stopped;
    exh_error_clear(&stopped);
    bool ok = exh_ledger_each(ledger, gather, g, &stopped);
    if (g->failed)
        return false;
    if (!ok && !broken)
        *g->err = stopped;
    return ok || broken; /* of a broken ledger, what stands before the first line that cannot be read */
}

/* --- items --- */

static struct exh_report_item *begun(struct exh_report_items *out, const json_t *end)
{
    const char *operation = text_at(end, "body", "operation");
    for (size_t i = out->count; i > 0; i--)
        if (out->items[i - 1].end == NULL && same(text_at(out->items[i - 1].begin, "body", "operation"), operation))
            return &out->items[i - 1];
    return NULL;
}

static struct exh_report_item *add_item(struct exh_report_items *out, struct exh_error *err)
{
    if (!exh_grow((void **)&out->items, &out->capacity, out->count, sizeof *out->items, LINES_MAX, "items of a report", err))
        return NULL;
    struct exh_report_item *item = &out->items[out->count++];
    memset(item, 0, sizeof *item);
    return item;
}

const json_t *exh_report_item_line(const struct exh_report_item *item)
{
    const json_t *made = item->end != NULL ? item->end : item->begin;
    return made != NULL || item->later_count == 0 ? made : item->later[0];
}

static const char *image_of(const struct exh_report_item *item) { return text_at(exh_report_item_line(item), "object", "image"); }

/* The newest making of an image: a finished one, else the newest. NULL: none. */
static struct exh_report_item *newest_of(struct exh_report_items *out, const char *image)
{
    struct exh_report_item *newest = NULL;
    for (size_t i = out->count; i > 0; i--) {
        struct exh_report_item *item = &out->items[i - 1];
        if (!same(image_of(item), image))
            continue;
        if (is_done(item->end))
            return item;
        newest = newest == NULL ? item : newest;
    }
    return newest;
}

static bool add_later(struct exh_report_item *item, const json_t *line, struct exh_error *err)
{
    size_t count = item->later_count;
    if ((count & (count - 1)) == 0) { /* doubles at powers of two */
        const json_t **grown = realloc((void *)(uintptr_t)item->later, (count == 0 ? 1 : 2 * count) * sizeof *grown);
        if (grown == NULL)
            return exh_nomem(err, "a report");
        item->later = grown;
    }
    ((const json_t **)(uintptr_t)item->later)[item->later_count++] = line;
    return true;
}

/* To an item from number `from` on: those before it have had the line. */
static bool assign_to(struct exh_report_items *out, size_t from, const char *image, const json_t *line, struct exh_error *err)
{
    struct exh_report_item *item = image != NULL ? newest_of(out, image) : NULL;
    return item == NULL || item < out->items + from || add_later(item, line, err);
}

/* A report of a case speaks of several images: the line goes to each. */
static bool assign_later(struct exh_report_items *out, size_t from, const json_t *line, struct exh_error *err)
{
    size_t i;
    const json_t *name;
    if (!assign_to(out, from, text_at(line, "object", "image"), line, err))
        return false;
    json_array_foreach(json_object_get(json_object_get(line, "body"), "images"), i,
                       name) if (!assign_to(out, from, json_string_value(name), line, err)) return false;
    return true;
}

/* Looks at an image that no line tells the making of, and the reports of those looks: an item of their own. */
static bool assign_found(struct exh_report_items *out, size_t made, const json_t *line, struct exh_error *err)
{
    const char *image = text_at(line, "object", "image");
    for (size_t i = 0; image != NULL && i < made; i++)
        if (same(image_of(&out->items[i]), image))
            return true;
    if (is_look(line) && image != NULL && newest_of(out, image) == NULL) {
        struct exh_report_item *item = add_item(out, err);
        return item != NULL && add_later(item, line, err);
    }
    return assign_later(out, made, line, err);
}

static bool assemble_found(struct exh_report_items *out, struct exh_error *err)
{
    size_t made = out->count;
    for (size_t i = 0; i < out->line_count; i++)
        if (!is_begin(out->lines[i]) && !is_end(out->lines[i]) && !assign_found(out, made, out->lines[i], err))
            return false;
    return true;
}

static bool assemble(struct exh_report_items *out, struct exh_error *err)
{
    for (size_t i = 0; i < out->line_count; i++) {
        const json_t *line = out->lines[i];
        struct exh_report_item *item = is_end(line) ? begun(out, line) : NULL;
        if (!is_begin(line) && !is_end(line)) {
            if (!assign_later(out, 0, line, err))
                return false;
            continue;
        }
        if (item == NULL && (item = add_item(out, err)) == NULL)
            return false;
        if (is_begin(line))
            item->begin = line;
        else
            item->end = line;
    }
    return assemble_found(out, err);
}

/* Of one image: the newest finished making leads, then the other attempts, the newest first. */
static void lead_with_newest(struct exh_report_items *out)
{
    for (size_t i = 0; i < out->count / 2; i++) {
        struct exh_report_item swap = out->items[i];
        out->items[i] = out->items[out->count - 1 - i];
        out->items[out->count - 1 - i] = swap;
    }
    for (size_t i = 0; i < out->count; i++)
        if (is_done(out->items[i].end)) {
            struct exh_report_item lead = out->items[i];
            memmove(out->items + 1, out->items, i * sizeof *out->items);
            out->items[0] = lead;
            return;
        }
}

bool exh_report_items_of_ledger(struct exh_ledger *ledger, bool broken, const struct exh_report_wish *wish, struct exh_report_items *out,
                                struct exh_error *err)
{
    struct gathering g = {.wish = wish,
                          .out = out,
                          .images = json_object(),
                          .found = json_object(),
                          .made = json_object(),
                          .first_walk = wish->image == NULL,
                          .err = err};
    memset(out, 0, sizeof *out);
    bool ok = (g.images != NULL && g.found != NULL && g.made != NULL) || exh_nomem(err, "a report");
    ok = ok && (!g.first_walk || (walk(ledger, broken, &g) && add_found_images(&g)));
    g.first_walk = false;
    ok = ok && walk(ledger, broken, &g) && assemble(out, err);
    json_decref(g.images);
    json_decref(g.found);
    json_decref(g.made);
    if (ok && wish->image != NULL)
        lead_with_newest(out);
    return ok;
}

bool exh_report_items_only_found(const struct exh_report_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        if (items->items[i].begin != NULL || items->items[i].end != NULL)
            return false;
    return items->count > 0;
}

struct named_line {
    uint64_t seq;
    char *image;
};

static bool find_named(void *context, uint64_t seq, const char *verbatim, const json_t *parsed)
{
    struct named_line *wanted = context;
    const char *image = text_at(parsed, "object", "image");
    (void)verbatim;
    if (seq == wanted->seq && image != NULL)
        wanted->image = exh_text_copy(image, strlen(image));
    return seq < wanted->seq;
}

char *exh_report_items_image(struct exh_ledger *ledger, uint64_t seq, struct exh_error *err)
{
    struct named_line wanted = {seq, NULL};
    if (exh_ledger_each(ledger, find_named, &wanted, err) && wanted.image == NULL)
        (void)exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "line %llu of the ledger names no image", (unsigned long long)seq);
    return wanted.image;
}

bool exh_report_items_of_record(const struct exh_side_record *record, struct exh_report_items *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < exh_side_record_count(record); i++)
        if (!keep(out, json_incref((json_t *)(uintptr_t)exh_side_record_line(record, i, NULL)), err))
            return false;
    if (!assemble(out, err))
        return false;
    lead_with_newest(out);
    return true;
}

void exh_report_items_close(struct exh_report_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        free((void *)(uintptr_t)items->items[i].later);
    for (size_t i = 0; i < items->line_count; i++)
        json_decref(items->lines[i]);
    free(items->items);
    free(items->lines);
    memset(items, 0, sizeof *items);
}
