/* facts_found.c - an image that was only looked at: no line tells who made it, from what or how completely.
 *
 * Files, layout, sizes and digests are those of one line, the newest that tells most; the others stand in the timeline. What one line found and
 * another did not find again is told as a disagreement: the image changed in between, or was opened as something else. */
#include "report/pages/facts_reader.h"

/* A line that describes the whole image (FOUND in record.h), one that walked over it, one that has digests at all (of a container that was not
 * opened), any other. */
static int worth(const json_t *line)
{
    const json_t *body = exh_facts_at(line, "body");
    if (json_is_object(json_object_get(body, "layout")))
        return 3;
    if (json_array_size(json_object_get(body, "digests")) == 0)
        return json_is_integer(json_object_get(body, "bytes")) ? 1 : 0;
    return json_is_integer(json_object_get(body, "bytes")) ? 2 : 1;
}

static bool is_look(const json_t *line)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    return type != NULL && (strcmp(type, "verify") == 0 || strcmp(type, "hash") == 0);
}

static size_t describing(const struct exh_report_item *item)
{
    size_t best = 0;
    int most = -1;
    for (size_t i = 0; i < item->later_count; i++)
        if (is_look(item->later[i]) && worth(item->later[i]) >= most) {
            most = worth(item->later[i]);
            best = i;
        }
    return best;
}

/* The newest line that was given case data; their body, or NULL. */
static const json_t *read_names(struct exh_facts_reader *r, const struct exh_report_item *item)
{
    struct exh_facts *f = r->facts;
    for (size_t i = item->later_count; i > 0; i--) {
        const json_t *line = item->later[i - 1];
        if (!is_look(line))
            continue;
        f->case_id = exh_facts_string_at(r, line, "object.case");
        f->exhibit_id = exh_facts_string_at(r, line, "object.exhibit");
        if (f->case_id != NULL || f->exhibit_id != NULL || json_is_object(exh_facts_at(line, "body.case")))
            return exh_facts_at(line, "body");
    }
    return NULL;
}

static void read_stated(struct exh_facts_reader *r, const json_t *body)
{
    struct exh_fact_stated *out = &r->facts->stated;
    const json_t *stored = json_object_get(body, "stored");
    out->described = json_is_object(json_object_get(body, "layout"));
    out->told = json_is_object(stored);
    out->unfinished = json_is_true(json_object_get(stored, "unfinished"));
    out->unreadable_sectors = exh_facts_number_at(stored, "unreadable_sectors");
    exh_facts_read_digests(r, &out->digests, json_object_get(stored, "digests"));
}

/* A look that was broken off, or never began, counted nothing: its zeros are no sizes. */
static void forget_sizes(struct exh_facts_reader *r, const json_t *body)
{
    struct exh_facts *f = r->facts;
    const char *verdict = json_string_value(json_object_get(body, "verdict"));
    if (verdict == NULL || strcmp(verdict, "not-performed") != 0)
        return;
    f->bytes = f->sectors = f->unreadable_sectors = f->unreadable_bytes = f->ranges_recorded = (struct exh_number){0};
    f->ranges_listed = false;
    f->ranges_missing = "what is in the image was not read";
}

static void count_looks(struct exh_facts *f)
{
    for (size_t i = 0; i < f->record_count; i++) {
        const struct exh_fact_record *record = &f->records[i];
        f->verifications += record->verification;
        f->not_performed += record->verification && record->verdict != NULL && strcmp(record->verdict, "not-performed") == 0;
        f->hash_runs += record->type != NULL && strcmp(record->type, "hash") == 0;
    }
}

/* --- do the lines agree? --- */

struct known {
    const struct exh_fact_digest **items;
    struct exh_number *seqs;
    size_t count, capacity, seq_capacity, next; /* next: where the following digest is expected, for they are written in one order */
};

static bool same_scope(const struct exh_fact_digest *a, const struct exh_fact_digest *b)
{
    return strcmp(a->scope, b->scope) == 0 && strcmp(a->algorithm, b->algorithm) == 0;
}

static size_t find(const struct known *k, const struct exh_fact_digest *d)
{
    if (k->next < k->count && same_scope(k->items[k->next], d))
        return k->next;
    for (size_t i = 0; i < k->count; i++)
        if (same_scope(k->items[i], d))
            return i;
    return k->count;
}

static void compare(struct exh_facts_reader *r, struct known *k, const struct exh_fact_record *record)
{
    struct exh_fact_disagreement *out = &r->facts->disagreement;
    for (size_t i = 0; i < record->digests.count && out->one == NULL; i++) {
        const struct exh_fact_digest *d = &record->digests.items[i];
        size_t at = find(k, d);
        k->next = at + 1;
        if (at < k->count && strcmp(k->items[at]->value, d->value) != 0)
            *out = (struct exh_fact_disagreement){k->items[at], d, k->seqs[at], record->seq};
        if (at < k->count)
            continue;
        if (!EXH_FACTS_ADD(r, k->items, k->capacity, k->count, "digests") || !EXH_FACTS_ADD(r, k->seqs, k->seq_capacity, k->count, "digests"))
            return;
        k->items[k->count] = d;
        k->seqs[k->count++] = record->seq;
    }
}

static void find_disagreement(struct exh_facts_reader *r)
{
    struct known k = {0};
    for (size_t i = 0; i < r->facts->record_count && !r->failed; i++)
        compare(r, &k, &r->facts->records[i]);
    free((void *)(uintptr_t)k.items);
    free(k.seqs);
}

void exh_facts_read_found(struct exh_facts_reader *r, const struct exh_report_item *item, const struct exh_blobs *blobs)
{
    struct exh_facts *f = r->facts;
    size_t best = describing(item);
    const json_t *line = item->later[best], *body = exh_facts_at(line, "body"), *given = read_names(r, item);
    f->outcome = EXH_ENDED_FOUND;
    f->image = exh_facts_string_at(r, line, "object.image");
    exh_facts_read_result(r, body, blobs);
    forget_sizes(r, body);
    read_stated(r, body);
    exh_facts_read_found_rows(r, line, given);
    exh_facts_read_records(r, item);
    if (r->failed)
        return;
    f->described_by = best < f->record_count ? &f->records[best] : NULL;
    count_looks(f);
    find_disagreement(r);
}
