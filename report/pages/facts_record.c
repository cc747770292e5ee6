/* facts_record.c - the timeline of an item: each ledger line about it in its order, with who, when and in a few words what; a verification
 * with all it found.
 *
 * The words of a line are its own (outcome, verdict, basis), put side by side; no line is judged by another here. */
#include "report/pages/facts_reader.h"

#include "formats/model/text.h"

static void read_findings(struct exh_facts_reader *r, struct exh_fact_record *record, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        const json_t *lba = json_object_get(item, "lba");
        if (!EXH_FACTS_ADD(r, record->findings, record->finding_capacity, record->finding_count, "findings"))
            return;
        record->findings[record->finding_count++] = (struct exh_fact_finding){.check = exh_facts_string_at(r, item, "check"),
                                                                              .outcome = exh_facts_string_at(r, item, "outcome"),
                                                                              .detail = exh_facts_string_at(r, item, "detail"),
                                                                              .file = exh_facts_string_at(r, item, "file"),
                                                                              .basis = exh_facts_string_at(r, item, "basis"),
                                                                              .offset = exh_facts_number_at(item, "offset"),
                                                                              .has_lba = json_is_integer(lba),
                                                                              .lba = json_integer_value(lba),
                                                                              .count = exh_facts_number_at(item, "count")};
    }
}

static void read_verification(struct exh_facts_reader *r, struct exh_fact_record *record, const json_t *body)
{
    record->verification = true;
    record->verdict = exh_facts_string_at(r, body, "verdict");
    record->basis = exh_facts_value_at(r, body, "basis", false);
    record->against = exh_facts_string_at(r, body, "against");
    record->started = exh_facts_string_at(r, body, "started");
    record->ended = exh_facts_string_at(r, body, "ended");
    record->bytes = exh_facts_number_at(body, "bytes");
    record->unreadable_sectors = exh_facts_number_at(body, "unreadable_sectors");
    record->unread_now = exh_facts_number_at(body, "unread_now");
    read_findings(r, record, json_object_get(body, "findings"));
    exh_facts_read_digests(r, &record->digests, json_object_get(body, "digests"));
    exh_facts_read_audit(r, &record->audit, json_object_get(body, "audit"));
    exh_facts_read_lineage(r, &record->lineage, body);
}

/* "A. Examiner (user kim on lab-7)" out of what the line has. */
static const char *who(struct exh_facts_reader *r, const json_t *line)
{
    const char *examiner = exh_facts_string_at(r, line, "actor.examiner"), *user = exh_facts_string_at(r, line, "actor.user");
    const char *host = exh_facts_string_at(r, line, "actor.host");
    if (r->failed || (examiner == NULL && user == NULL && host == NULL))
        return NULL;
    if (user == NULL && host == NULL)
        return examiner;
    return exh_facts_keep(r, exh_text_format("%s%suser %s on %s%s", examiner != NULL ? examiner : "", examiner != NULL ? " (" : "",
                                             user != NULL ? user : "not recorded", host != NULL ? host : "a host not recorded",
                                             examiner != NULL ? ")" : ""));
}

static const char *summary_of_end(struct exh_facts_reader *r, const json_t *body)
{
    const char *outcome = exh_facts_string_at(r, body, "outcome"), *acquisition = exh_facts_string_at(r, body, "acquisition");
    const char *error = exh_facts_string_at(r, body, "error.text");
    if (r->failed || outcome == NULL)
        return NULL;
    if (acquisition != NULL)
        return exh_facts_keep(r, exh_text_format("%s: %s", outcome, acquisition));
    return error == NULL ? outcome : exh_facts_keep(r, exh_text_format("%s: %s", outcome, error));
}

static const char *summary(struct exh_facts_reader *r, const struct exh_fact_record *record, const json_t *body)
{
    const char *type = record->type;
    if (type == NULL || r->failed)
        return NULL;
    if (strcmp(type, "acquire-begin") == 0 || strcmp(type, "convert-begin") == 0)
        return "begun";
    if (strcmp(type, "acquire-resume") == 0)
        return "went on";
    if (strcmp(type, "acquire-end") == 0 || strcmp(type, "acquire-pause") == 0 || strcmp(type, "convert-end") == 0)
        return summary_of_end(r, body);
    if (record->verification && record->verdict != NULL)
        return exh_facts_keep(r, exh_text_format("%s%s%s%s", record->verdict, record->basis != NULL ? " (basis: " : "",
                                                 record->basis != NULL ? record->basis : "", record->basis != NULL ? ")" : ""));
    if (strcmp(type, "hash") == 0)
        return exh_facts_keep(r, exh_text_format("%zu digest%s, without a verdict", record->digests.count, record->digests.count == 1 ? "" : "s"));
    if (strcmp(type, "report") == 0)
        return exh_facts_keep(r, exh_text_format("a report of %zu files was issued", record->files.count));
    return NULL;
}

static void read_record(struct exh_facts_reader *r, const json_t *line)
{
    struct exh_facts *f = r->facts;
    if (line == NULL || !EXH_FACTS_ADD(r, f->records, f->record_capacity, f->record_count, "records"))
        return;
    struct exh_fact_record *record = &f->records[f->record_count++];
    memset(record, 0, sizeof *record);
    const json_t *body = exh_facts_at(line, "body");
    record->seq = exh_facts_number_at(line, "seq");
    record->time = exh_facts_string_at(r, line, "time");
    record->type = exh_facts_string_at(r, line, "type");
    record->program = exh_facts_string_at(r, line, "actor.program");
    record->who = who(r, line);
    if (record->type != NULL && strcmp(record->type, "verify") == 0)
        read_verification(r, record, body);
    if (record->type != NULL && strcmp(record->type, "hash") == 0)
        exh_facts_read_digests(r, &record->digests, json_object_get(body, "digests"));
    if (record->type != NULL && strcmp(record->type, "report") == 0)
        exh_facts_read_files(r, &record->files, json_object_get(body, "files"));
    record->summary = summary(r, record, body);
    const char *imported = exh_facts_string_at(r, line, "imported"); /* put there by whoever unwrapped an import line */
    if (imported != NULL)
        record->summary = exh_facts_keep(r, exh_text_format("%s%sbrought in from a side record at %s", record->summary != NULL ? record->summary : "",
                                                            record->summary != NULL ? "; " : "", imported));
}

void exh_facts_read_records(struct exh_facts_reader *r, const struct exh_report_item *item)
{
    struct exh_facts *f = r->facts;
    read_record(r, item->begin);
    read_record(r, item->end);
    for (size_t i = 0; i < item->later_count; i++)
        read_record(r, item->later[i]);
    for (size_t i = 0; i < f->record_count && !r->failed; i++)
        if (f->records[i].verification)
            f->last_verification = &f->records[i];
}
