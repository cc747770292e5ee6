/* facts.c - reads ledger lines (report/ledger/record.h) into the facts of one report item, part after part (facts_reader.h), and lets go of
 * them. See facts.h.
 *
 * How the run ended is read first, for it decides what else the lines can be asked. The chain of the ledger is checked by whoever hands the
 * lines in. */
#include "report/pages/facts_reader.h"

const char *exh_facts_row(const struct exh_rows *rows, const char *key)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->items[i].key, key) == 0)
            return rows->items[i].value;
    return NULL;
}

static bool read_outcome(struct exh_facts_reader *r, const struct exh_report_item *item)
{
    struct exh_facts *f = r->facts;
    const json_t *line = item->end != NULL ? item->end : item->begin;
    const char *type = exh_facts_string_at(r, line, "type");
    if (r->failed)
        return false;
    if (type == NULL || !json_is_object(exh_facts_at(line, "body"))) {
        exh_fail(r->err, EXH_CORRUPT, EXH_NO_OFFSET, "a ledger line of the acquisition lacks its type or body");
        return exh_on_side(r->err, EXH_SIDE_LEDGER);
    }
    f->conversion = strncmp(type, "convert", 7) == 0;
    const char *outcome = exh_facts_string_at(r, item->end, "body.outcome");
    if (r->failed)
        return false;
    if (item->end == NULL)
        f->outcome = EXH_ENDED_NOT;
    else if (outcome != NULL && strcmp(outcome, "done") == 0)
        f->outcome = EXH_ENDED_DONE;
    else if (outcome != NULL && strcmp(outcome, "interrupted") == 0)
        f->outcome = EXH_ENDED_INTERRUPTED;
    else if (outcome != NULL && strcmp(outcome, "failed") == 0)
        f->outcome = EXH_ENDED_FAILED;
    else {
        exh_fail(r->err, EXH_CORRUPT, EXH_NO_OFFSET, "the end line of the acquisition names no outcome known here");
        return exh_on_side(r->err, EXH_SIDE_LEDGER);
    }
    return true;
}

static void read_source(struct exh_facts_reader *r, const struct exh_report_item *item)
{
    struct exh_facts *f = r->facts;
    const json_t *source = exh_facts_body_member(item, "source"), *fields = exh_facts_body_member(item, "case");
    const json_t *plan = exh_facts_body_member(item, "plan");
    const json_t *line = item->end != NULL ? item->end : item->begin;
    f->image = exh_facts_string_at(r, line, "object.image");
    f->case_id = exh_facts_string_at(r, fields, "case");
    if (f->case_id == NULL)
        f->case_id = exh_facts_string_at(r, line, "object.case");
    f->exhibit_id = exh_facts_string_at(r, fields, "exhibit");
    if (f->exhibit_id == NULL)
        f->exhibit_id = exh_facts_string_at(r, line, "object.exhibit");
    f->time_zone = exh_facts_string_at(r, item->begin, "body.environment.time_zone");
    f->source_kind = exh_facts_string_at(r, source, "kind");
    f->source_path = exh_facts_string_at(r, source, "path");
    f->source_is_partition = json_is_true(exh_facts_at(source, "partition"));
    f->source_bytes = exh_facts_number_at(source, "bytes");
    f->range_start = exh_facts_number_at(plan, "start");
    f->range_count = exh_facts_number_at(plan, "count");
    exh_facts_read_lineage(r, &f->lineage, source);
    f->source_disc = exh_facts_read_disc(r, exh_facts_at(source, "layout"));
}

bool exh_facts_has_image(const struct exh_facts *facts) { return facts->outcome == EXH_ENDED_DONE || facts->outcome == EXH_ENDED_FOUND; }

bool exh_facts_read(struct exh_facts *out, const struct exh_report_item *item, const struct exh_blobs *blobs, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    out->source_read_twice = out->reading.process = out->reading.no_new_privileges = -1;
    struct exh_facts_reader r = {out, err, false};
    if (item->begin == NULL && item->end == NULL && item->later_count == 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "a report item needs the begin or the end line of an acquisition, or a look at the image");
    if (item->begin == NULL && item->end == NULL) {
        exh_facts_read_found(&r, item, blobs);
        return !r.failed;
    }
    if (!read_outcome(&r, item))
        return false;
    read_source(&r, item);
    exh_facts_read_medium(&r, exh_facts_at(item->end, "body"));
    exh_facts_read_rows(&r, item);
    exh_facts_read_result(&r, exh_facts_at(item->end, "body"), blobs);
    exh_facts_read_records(&r, item);
    return !r.failed;
}

void exh_facts_close(struct exh_facts *facts)
{
    if (facts == NULL)
        return;
    for (size_t i = 0; i < facts->record_count; i++) {
        free(facts->records[i].findings);
        free(facts->records[i].digests.items);
        free(facts->records[i].files.items);
        exh_facts_audit_close(&facts->records[i].audit);
        free(facts->records[i].lineage.parents);
    }
    struct exh_rows *rows[] = {&facts->source, &facts->case_fields, &facts->plan, &facts->environment, &facts->result, &facts->stated.fields};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        free(rows[i]->items);
    for (size_t i = 0; i < facts->kept_count; i++)
        free(facts->kept[i]);
    free(facts->kept);
    free(facts->records);
    free(facts->tracks);
    exh_facts_disc_close(facts->disc);
    exh_facts_disc_close(facts->source_disc);
    free(facts->files.items);
    free(facts->digests.items);
    free(facts->source_digests.items);
    free(facts->stated.digests.items);
    free(facts->lineage.parents);
    free(facts->ranges);
    free(facts->faults);
    free(facts->notices);
    free(facts->passes.items);
    free(facts->speed.items);
    free(facts->troubles.items);
    free(facts->changes.items);
    free(facts->pauses.items);
    free(facts->health_before.attributes);
    free(facts->health_after.attributes);
    memset(facts, 0, sizeof *facts);
}

struct exh_facts *exh_facts_read_all(const struct exh_report *report, struct exh_error *err)
{
    if (report->item_count == 0) {
        exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "a report needs at least one acquisition");
        return NULL;
    }
    struct exh_facts *facts = calloc(report->item_count, sizeof *facts);
    if (facts == NULL) {
        exh_nomem(err, "a report");
        return NULL;
    }
    for (size_t i = 0; i < report->item_count; i++)
        if (!exh_facts_read(&facts[i], &report->items[i], &report->blobs, err)) {
            exh_facts_close_all(facts, i + 1);
            return NULL;
        }
    return facts;
}

void exh_facts_close_all(struct exh_facts *facts, size_t count)
{
    for (size_t i = 0; facts != NULL && i < count; i++)
        exh_facts_close(&facts[i]);
    free(facts);
}
