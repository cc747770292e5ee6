/* report_xml.c - the report for machines: urn:exhibit:report:1, described by exhibit-report.xsd beside this file.
 *
 * Our own namespace, no xsi, no external entity. Every list is complete here: the HTML page may shorten a list and point to this file.
 * A fact that is not on record is an element holding <unknown/>, never an absent one. An item may end with elements of other
 * namespaces in the schema: room for DFXML and PREMIS blocks. Written through libxml2's writer, which escapes; texts were made valid XML
 * characters when they were read (facts.c). */
#include "acquire/transport.h"
#include "formats/model/text.h"
#include "report/pages/facts.h"
#include "report/pages/sentences.h"
#include "report/pages/xml_out.h"

#define NAMESPACE "urn:exhibit:report:1"

static void rows(struct exh_xml_out *o, const char *name, const struct exh_rows *rows_of)
{
    exh_xml_start(o, name);
    for (size_t i = 0; i < rows_of->count; i++)
        if (rows_of->items[i].label != NULL)
            exh_xml_element(o, rows_of->items[i].key, rows_of->items[i].value);
    for (size_t i = 0; i < rows_of->count; i++) {
        if (rows_of->items[i].label != NULL)
            continue;
        exh_xml_start(o, "other");
        exh_xml_attribute(o, "name", rows_of->items[i].key);
        if (rows_of->items[i].value != NULL)
            exh_xml_text(o, rows_of->items[i].value);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void files(struct exh_xml_out *o, const struct exh_fact_files *list)
{
    exh_xml_start(o, "files");
    for (size_t i = 0; i < list->count; i++) {
        exh_xml_start(o, "file");
        exh_xml_attribute(o, "name", list->items[i].name);
        exh_xml_attribute_number(o, "bytes", list->items[i].bytes);
        exh_xml_attribute(o, "sha256", exh_facts_is_hex(list->items[i].sha256, 64) ? list->items[i].sha256 : NULL);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void digests(struct exh_xml_out *o, const char *name, const struct exh_fact_digests *list)
{
    exh_xml_start(o, name);
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_digest *digest = &list->items[i];
        exh_xml_start(o, "digest");
        exh_xml_attribute(o, "scope", digest->scope);
        exh_xml_attribute(o, "algorithm", digest->algorithm);
        exh_xml_attribute_number(o, "not_good", digest->not_good);
        if (strcmp(digest->algorithm, "md5") == 0 || strcmp(digest->algorithm, "sha1") == 0 || strcmp(digest->algorithm, "crc32") == 0)
            exh_xml_attribute(o, "collision_resistant", "false");
        exh_xml_text(o, digest->value);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void unreadable(struct exh_xml_out *o, const struct exh_facts *f)
{
    exh_xml_start(o, "unreadable");
    exh_xml_attribute_number(o, "sectors", f->unreadable_sectors);
    exh_xml_attribute_number(o, "bytes", f->unreadable_bytes);
    exh_xml_attribute_number(o, "ranges", f->ranges_recorded);
    exh_xml_attribute(o, "listed", f->ranges_listed ? "true" : "false");
    if (f->ranges_disagree)
        exh_xml_attribute(o, "contradicts_itself", "true");
    exh_xml_attribute(o, "why_not_listed", f->ranges_missing);
    for (size_t i = 0; i < f->range_items; i++) {
        exh_xml_start(o, "range");
        exh_xml_attribute_signed(o, "lba", f->ranges[i].lba);
        exh_xml_attribute_unsigned(o, "sectors", f->ranges[i].count);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void faults(struct exh_xml_out *o, const struct exh_facts *f)
{
    exh_xml_start(o, "faults");
    exh_xml_attribute_number(o, "count", f->fault_count);
    for (size_t i = 0; i < f->fault_items; i++) {
        exh_xml_start(o, "fault");
        exh_xml_attribute_signed(o, "lba", f->faults[i].lba);
        exh_xml_attribute_unsigned(o, "sectors", f->faults[i].count);
        exh_xml_attribute_unsigned(o, "errno", f->faults[i].sys);
        exh_xml_attribute_unsigned(o, "attempt", f->faults[i].attempt);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

/* --- of a failing or resumed medium --- */

/* What every such list begins with: that it is not on record, or how many entries of it are none. */
static void start_list(struct exh_xml_out *o, const char *name, bool told, size_t malformed)
{
    exh_xml_start(o, name);
    if (malformed > 0)
        exh_xml_attribute_unsigned(o, "malformed", malformed);
    if (!told) {
        exh_xml_start(o, "unknown");
        exh_xml_end(o);
    }
}

static void attribute_truth(struct exh_xml_out *o, const char *name, int value)
{
    if (value >= 0)
        exh_xml_attribute(o, name, value ? "true" : "false");
}

static void sense(struct exh_xml_out *o, const struct exh_fact_trouble *trouble)
{
    char hex[16], words[160];
    if (!trouble->sense_known)
        return;
    snprintf(hex, sizeof hex, "%02x/%02x/%02x", trouble->sense[0], trouble->sense[1], trouble->sense[2]);
    exh_xml_attribute(o, "sense", hex);
    exh_xml_attribute(o, "sense_text", exh_sense_text(trouble->sense, words, sizeof words));
}

static void troubles(struct exh_xml_out *o, const struct exh_fact_troubles *list)
{
    start_list(o, "trouble", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_trouble *trouble = &list->items[i];
        exh_xml_start(o, "range");
        exh_xml_attribute_signed(o, "lba", trouble->lba);
        exh_xml_attribute_unsigned(o, "sectors", trouble->count);
        exh_xml_attribute_number(o, "attempts", trouble->attempts);
        exh_xml_attribute_number(o, "errno", trouble->sys);
        if (trouble->sys.known && trouble->sys.value > 0 && trouble->sys.value <= 4095)
            exh_xml_attribute(o, "error", strerrordesc_np((int)trouble->sys.value));
        sense(o, trouble);
        exh_xml_attribute_number(o, "milliseconds", trouble->milliseconds);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void changes(struct exh_xml_out *o, const struct exh_fact_changes *list)
{
    start_list(o, "changed", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        exh_xml_start(o, "range");
        exh_xml_attribute_signed(o, "lba", list->items[i].lba);
        exh_xml_attribute_unsigned(o, "sectors", list->items[i].count);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void passes(struct exh_xml_out *o, const struct exh_fact_passes *list)
{
    start_list(o, "passes", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_pass *pass = &list->items[i];
        exh_xml_start(o, "pass");
        exh_xml_attribute(o, "name", pass->name);
        exh_xml_attribute_number(o, "number", pass->number);
        exh_xml_attribute_number(o, "reads", pass->reads);
        exh_xml_attribute_number(o, "failed_reads", pass->failed_reads);
        exh_xml_attribute_number(o, "sectors_read", pass->sectors_read);
        exh_xml_attribute_number(o, "milliseconds", pass->milliseconds);
        if (exh_sentence_pass(pass->name) != NULL)
            exh_xml_text(o, exh_sentence_pass(pass->name));
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void pauses(struct exh_xml_out *o, const struct exh_fact_pauses *list)
{
    start_list(o, "pauses", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_pause *pause = &list->items[i];
        exh_xml_start(o, "pause");
        exh_xml_attribute(o, "paused", pause->paused);
        exh_xml_attribute(o, "resumed", pause->resumed);
        exh_xml_attribute_number(o, "seconds", pause->seconds);
        exh_xml_attribute_number(o, "kept_sectors", pause->kept_sectors);
        exh_xml_attribute_number(o, "lost_sectors", pause->lost_sectors);
        if (pause->why != NULL)
            exh_xml_text(o, pause->why);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void speed(struct exh_xml_out *o, const struct exh_fact_speed *list)
{
    start_list(o, "speed", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        exh_xml_start(o, "cell");
        exh_xml_attribute_signed(o, "lba", list->items[i].lba);
        exh_xml_attribute_unsigned(o, "sectors", list->items[i].sectors);
        exh_xml_attribute_unsigned(o, "microseconds", list->items[i].microseconds);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void hidden_areas(struct exh_xml_out *o, const struct exh_facts *f)
{
    static const char *const names[] = {[EXH_FACT_HPA] = "hpa", [EXH_FACT_DCO] = "dco", [EXH_FACT_AMA] = "ama"};
    static const char *const states[] = {NULL, "not-checked", "none", "found"};
    start_list(o, "hidden_areas", f->hidden_told, 0);
    for (size_t i = 0; f->hidden_told && i < EXH_FACT_HIDDEN_KINDS; i++) {
        exh_xml_start(o, "area");
        exh_xml_attribute(o, "name", names[i]);
        exh_xml_attribute(o, "state", states[f->hidden[i].state]);
        exh_xml_attribute_number(o, "sectors", f->hidden[i].sectors);
        if (f->hidden[i].why != NULL)
            exh_xml_text(o, f->hidden[i].why);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void health_side(struct exh_xml_out *o, const char *name, const struct exh_fact_health *health)
{
    exh_xml_start(o, name);
    exh_xml_attribute(o, "state", health->state);
    exh_xml_attribute(o, "kind", health->kind);
    exh_xml_attribute(o, "why", health->why);
    if (health->malformed > 0)
        exh_xml_attribute_unsigned(o, "malformed", health->malformed);
    for (size_t i = 0; i < health->count; i++) {
        const struct exh_fact_attribute *item = &health->attributes[i];
        exh_xml_start(o, "attribute");
        exh_xml_attribute_number(o, "id", item->id);
        exh_xml_attribute(o, "name", item->name);
        exh_xml_attribute_number(o, "value", item->value);
        exh_xml_attribute_number(o, "worst", item->worst);
        exh_xml_attribute_number(o, "threshold", item->threshold);
        exh_xml_attribute_number(o, "raw", item->raw);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void health(struct exh_xml_out *o, const struct exh_facts *f)
{
    start_list(o, "health", f->health_told, 0);
    if (f->health_told) {
        health_side(o, "before", &f->health_before);
        health_side(o, "after", &f->health_after);
    }
    exh_xml_end(o);
}

static void reading(struct exh_xml_out *o, const struct exh_fact_reading *reading)
{
    start_list(o, "reader", reading->told, 0);
    if (reading->told) {
        exh_xml_start(o, "process");
        attribute_truth(o, "own", reading->process);
        exh_xml_attribute(o, "capabilities", reading->capabilities);
        attribute_truth(o, "no_new_privileges", reading->no_new_privileges);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void medium(struct exh_xml_out *o, const struct exh_facts *f)
{
    troubles(o, &f->troubles);
    changes(o, &f->changes);
    passes(o, &f->passes);
    pauses(o, &f->pauses);
    speed(o, &f->speed);
    hidden_areas(o, f);
    health(o, f);
    reading(o, &f->reading);
}

static void chunks(struct exh_xml_out *o, const struct exh_facts *f)
{
    exh_xml_start(o, "chunks");
    exh_xml_attribute(o, "algorithm", "sha256");
    exh_xml_attribute_number(o, "sectors", f->chunk_sectors);
    exh_xml_attribute_number(o, "count", f->chunk_count);
    exh_xml_attribute(o, "root", exh_facts_is_hex(f->chunk_root, 64) ? f->chunk_root : NULL);
    exh_xml_attribute(o, "lines_sha256", exh_facts_is_hex(f->chunk_blob, 64) ? f->chunk_blob : NULL);
    exh_xml_end(o);
}

static void parent(struct exh_xml_out *o, const struct exh_fact_parent *p)
{
    exh_xml_start(o, "parent");
    exh_xml_attribute_number(o, "depth", p->depth);
    exh_xml_attribute(o, "path", p->path);
    exh_xml_attribute(o, "format", p->format);
    exh_xml_attribute_number(o, "bytes", p->bytes);
    if (p->identifier == EXH_FACT_IDENTIFIER_NONE)
        exh_xml_attribute(o, "identified", "none-stored");
    else if (p->identifier == EXH_FACT_IDENTIFIER_TOLD)
        exh_xml_attribute(o, "identified", p->matched ? "matched" : "not-matched");
    exh_xml_attribute(o, "identifier_kind", p->identifier_kind);
    exh_xml_attribute(o, "identifier", p->identifier_value);
    exh_xml_attribute(o, "sha256", exh_facts_is_hex(p->sha256, 64) ? p->sha256 : "not-computed");
    exh_xml_end(o);
}

static void lineage(struct exh_xml_out *o, const struct exh_fact_lineage *l)
{
    if (l->count == 0 && l->malformed == 0 && l->snapshot == NULL && l->snapshot_id == NULL && l->snapshot_name == NULL)
        return;
    exh_xml_start(o, "lineage");
    if (l->malformed > 0)
        exh_xml_attribute_unsigned(o, "malformed", l->malformed);
    exh_xml_attribute(o, "snapshot", l->snapshot);
    exh_xml_attribute(o, "snapshot_id", l->snapshot_id);
    exh_xml_attribute(o, "snapshot_name", l->snapshot_name);
    for (size_t i = 0; i < l->count; i++)
        parent(o, &l->parents[i]);
    exh_xml_end(o);
}

static void findings(struct exh_xml_out *o, const struct exh_fact_record *record)
{
    for (size_t i = 0; i < record->finding_count; i++) {
        const struct exh_fact_finding *finding = &record->findings[i];
        exh_xml_start(o, "finding");
        exh_xml_attribute(o, "check", finding->check);
        exh_xml_attribute(o, "outcome", finding->outcome);
        exh_xml_attribute(o, "basis", finding->basis);
        exh_xml_attribute(o, "file", finding->file);
        exh_xml_attribute_number(o, "offset", finding->offset);
        if (finding->has_lba)
            exh_xml_attribute_signed(o, "lba", finding->lba);
        exh_xml_attribute_number(o, "count", finding->count);
        if (finding->detail != NULL)
            exh_xml_text(o, finding->detail);
        exh_xml_end(o);
    }
}

static void verification(struct exh_xml_out *o, const struct exh_fact_record *record)
{
    exh_xml_start(o, "verification");
    exh_xml_attribute(o, "verdict", record->verdict);
    exh_xml_attribute(o, "basis", record->basis);
    exh_xml_attribute(o, "against", record->against);
    exh_xml_attribute(o, "started", record->started);
    exh_xml_attribute(o, "ended", record->ended);
    exh_xml_attribute_number(o, "bytes", record->bytes);
    exh_xml_attribute_number(o, "unreadable_sectors", record->unreadable_sectors);
    exh_xml_attribute_number(o, "unread_now", record->unread_now);
    lineage(o, &record->lineage);
    findings(o, record);
    exh_xml_audit(o, &record->audit);
    digests(o, "digests", &record->digests);
    exh_xml_end(o);
}

static void records(struct exh_xml_out *o, const struct exh_facts *f)
{
    exh_xml_start(o, "records");
    for (size_t i = 0; i < f->record_count; i++) {
        const struct exh_fact_record *record = &f->records[i];
        exh_xml_start(o, "record");
        exh_xml_attribute_number(o, "seq", record->seq);
        exh_xml_attribute(o, "time", record->time);
        exh_xml_attribute(o, "type", record->type);
        exh_xml_attribute(o, "by", record->who);
        exh_xml_attribute(o, "program", record->program);
        exh_xml_attribute(o, "summary", record->summary);
        if (record->verification)
            verification(o, record);
        if (!record->verification && record->digests.count > 0)
            digests(o, "digests", &record->digests);
        if (record->files.count > 0)
            files(o, &record->files);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void verdict(struct exh_xml_out *o, const struct exh_facts *f)
{
    char *sentence = exh_sentence_verdict(f);
    exh_xml_start(o, "verdict");
    exh_xml_attribute(o, "acquisition", f->acquisition);
    exh_xml_attribute(o, "of", f->of);
    exh_xml_attribute(o, "verification", f->verification);
    exh_xml_attribute(o, "read_back", f->read_back);
    if (f->source_read_twice >= 0)
        exh_xml_attribute(o, "source_read_twice", f->source_read_twice ? "true" : "false");
    exh_xml_attribute(o, "second_read", f->second_read);
    if (sentence != NULL)
        exh_xml_text(o, sentence);
    else
        o->failed = true;
    exh_xml_end(o);
    free(sentence);
}

static void notices(struct exh_xml_out *o, const struct exh_facts *f)
{
    exh_xml_start(o, "notices");
    for (size_t i = 0; i < f->notice_count; i++)
        exh_xml_element(o, "notice", f->notices[i]);
    exh_xml_end(o);
}

static void failure(struct exh_xml_out *o, const struct exh_facts *f)
{
    if (f->error_code == NULL && f->error_text == NULL)
        return;
    exh_xml_start(o, "error");
    exh_xml_attribute(o, "code", f->error_code);
    exh_xml_attribute(o, "file", f->error_file);
    if (f->error_text != NULL)
        exh_xml_text(o, f->error_text);
    exh_xml_end(o);
}

/* Of an image as found, in place of how it was made: how often it was looked at, which line the description is from, what it says of itself. */
static void found(struct exh_xml_out *o, const struct exh_facts *f)
{
    const struct exh_fact_stated *s = &f->stated;
    exh_xml_start(o, "found");
    exh_xml_attribute_unsigned(o, "verifications", f->verifications);
    exh_xml_attribute_unsigned(o, "not_performed", f->not_performed);
    exh_xml_attribute_unsigned(o, "hash_runs", f->hash_runs);
    exh_xml_attribute_number(o, "described_by", f->described_by->seq);
    exh_xml_attribute(o, "case", f->case_id);
    exh_xml_attribute(o, "exhibit", f->exhibit_id);
    exh_xml_attribute(o, "digests_agree", f->disagreement.one == NULL ? "true" : "false");
    exh_xml_attribute(o, "format", f->format);
    exh_xml_attribute_number(o, "bytes", f->bytes);
    exh_xml_attribute_number(o, "sectors", f->sectors);
    exh_xml_attribute_number(o, "sector_size", f->sector_size);
    exh_xml_attribute_number(o, "tail_bytes", f->tail_bytes);
    if (s->told) {
        exh_xml_start(o, "stated");
        exh_xml_attribute_number(o, "unreadable_sectors", s->unreadable_sectors);
        if (s->unfinished)
            exh_xml_attribute(o, "unfinished", "true");
        for (size_t i = 0; i < s->fields.count; i++) {
            exh_xml_start(o, "field");
            exh_xml_attribute(o, "name", s->fields.items[i].key);
            exh_xml_text(o, s->fields.items[i].value);
            exh_xml_end(o);
        }
        digests(o, "digests", &s->digests);
        exh_xml_end(o);
    }
    exh_xml_end(o);
}

static void making(struct exh_xml_out *o, const struct exh_facts *f)
{
    failure(o, f);
    notices(o, f);
    rows(o, "source", &f->source);
    lineage(o, &f->lineage);
    rows(o, "case_record", &f->case_fields);
    rows(o, "plan", &f->plan);
    rows(o, "environment", &f->environment);
    rows(o, "result", &f->result);
}

static void item(struct exh_xml_out *o, const struct exh_facts *f, size_t number)
{
    static const char *const outcomes[] = {"done", "failed", "interrupted", "no-end-on-record", "not-on-record"};
    bool is_found = f->outcome == EXH_ENDED_FOUND;
    exh_xml_start(o, "item");
    exh_xml_attribute_unsigned(o, "number", number);
    exh_xml_attribute(o, "kind", is_found ? "found" : f->conversion ? "conversion" : "acquisition");
    exh_xml_attribute(o, "outcome", outcomes[f->outcome]);
    verdict(o, f);
    exh_xml_element(o, "image", f->image);
    if (is_found) {
        found(o, f);
        if (f->case_fields.count > 0)
            rows(o, "case_record", &f->case_fields);
        rows(o, "environment", &f->environment);
    } else {
        making(o, f);
    }
    files(o, &f->files);
    exh_xml_layout(o, f);
    exh_xml_source_layout(o, f->source_disc);
    if (f->source_digests.count > 0)
        digests(o, "source_digests", &f->source_digests);
    digests(o, "digests", &f->digests);
    chunks(o, f);
    unreadable(o, f);
    if (!is_found) {
        faults(o, f);
        medium(o, f);
    }
    records(o, f);
    exh_xml_end(o);
}

static void clean_attribute(struct exh_xml_out *o, const char *name, const char *value)
{
    char *clean = value == NULL ? NULL : exh_facts_text(value, strlen(value));
    if (value != NULL && clean == NULL)
        o->failed = true;
    exh_xml_attribute(o, name, clean);
    free(clean);
}

static void head(struct exh_xml_out *o, const struct exh_report *report)
{
    exh_xml_start(o, "issued");
    clean_attribute(o, "time", report->time_utc);
    clean_attribute(o, "program", report->program);
    exh_xml_end(o);
    exh_xml_start(o, "ledger");
    clean_attribute(o, "file", report->ledger_path == NULL ? NULL : exh_text_base(report->ledger_path));
    exh_xml_attribute(o, "from", report->ledger_path == NULL ? "side-record" : "ledger");
    exh_xml_attribute_unsigned(o, "seq", report->seq);
    exh_xml_attribute(o, "head", exh_facts_is_hex(report->head, 64) ? report->head : NULL);
    exh_xml_attribute(o, "chain", report->ledger_path == NULL ? "not-checked" : report->chain_sound ? "sound" : "broken");
    exh_xml_attribute(o, "seal", "UNSEALED");
    exh_xml_end(o);
}

static void say_limit(void *context, const char *sentence) { exh_xml_element(context, "limit", sentence); }

static void document(struct exh_xml_out *o, const struct exh_report *report, const struct exh_facts *facts)
{
    o->failed = o->failed || xmlTextWriterStartDocument(o->writer, NULL, "UTF-8", NULL) < 0;
    exh_xml_start(o, "report");
    exh_xml_attribute(o, "xmlns", NAMESPACE);
    exh_xml_attribute(o, "version", "1");
    head(o, report);
    for (size_t i = 0; i < report->item_count; i++)
        item(o, &facts[i], i + 1);
    exh_xml_start(o, "limits");
    exh_sentence_limits(report, facts, report->item_count, say_limit, o);
    exh_xml_end(o);
    exh_xml_end(o);
    o->failed = o->failed || xmlTextWriterEndDocument(o->writer) < 0;
}

static char *write_document(const struct exh_report *report, const struct exh_facts *facts, struct exh_error *err)
{
    char *result = NULL;
    xmlBufferPtr buffer = xmlBufferCreate();
    struct exh_xml_out o = {buffer == NULL ? NULL : xmlNewTextWriterMemory(buffer, 0), false};
    if (o.writer != NULL) {
        xmlTextWriterSetIndent(o.writer, 1);
        xmlTextWriterSetIndentString(o.writer, BAD_CAST " ");
        document(&o, report, facts);
        xmlFreeTextWriter(o.writer); /* flushes into the buffer */
        if (!o.failed)
            result = exh_text_copy((const char *)xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    }
    if (buffer != NULL)
        xmlBufferFree(buffer);
    if (result == NULL)
        exh_nomem(err, "report.xml");
    return result;
}

char *exh_report_xml(const struct exh_report *report, struct exh_error *err)
{
    struct exh_facts *facts = exh_facts_read_all(report, err);
    if (facts == NULL)
        return NULL;
    char *result = write_document(report, facts, err);
    exh_facts_close_all(facts, report->item_count);
    return result;
}
