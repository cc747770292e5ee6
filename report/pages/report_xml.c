/* report_xml.c - the report for machines: urn:exhibit:report:1, described by exhibit-report.xsd beside this file.
 *
 * Our own namespace, no xsi, no external entity. Every list is complete here: the HTML page may shorten a list and point to this file.
 * A fact that is not on record is an element holding <unknown/>, never an absent one. An item may end with elements of other
 * namespaces in the schema: room for DFXML and PREMIS blocks. Written through libxml2's writer, which escapes; texts were made valid XML
 * characters when they were read (facts.c). */
#include <libxml/xmlwriter.h>

#include "acquire/transport.h"
#include "formats/model/text.h"
#include "report/pages/facts.h"
#include "report/pages/sentences.h"

#define NAMESPACE "urn:exhibit:report:1"

/* Failure sticks: the writer's own return values are only worth a look once at the end. */
struct out {
    xmlTextWriterPtr writer;
    bool failed;
};

static void start(struct out *o, const char *name) { o->failed = o->failed || xmlTextWriterStartElement(o->writer, BAD_CAST name) < 0; }
static void end(struct out *o) { o->failed = o->failed || xmlTextWriterEndElement(o->writer) < 0; }
static void text(struct out *o, const char *value) { o->failed = o->failed || xmlTextWriterWriteString(o->writer, BAD_CAST value) < 0; }

static void attribute(struct out *o, const char *name, const char *value)
{
    if (value != NULL)
        o->failed = o->failed || xmlTextWriterWriteAttribute(o->writer, BAD_CAST name, BAD_CAST value) < 0;
}

static void attribute_unsigned(struct out *o, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    attribute(o, name, digits);
}

static void attribute_signed(struct out *o, const char *name, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    attribute(o, name, digits);
}

static void attribute_number(struct out *o, const char *name, struct exh_number number)
{
    if (number.known)
        attribute_unsigned(o, name, number.value);
}

static void element(struct out *o, const char *name, const char *value)
{
    start(o, name);
    if (value != NULL) {
        text(o, value);
    } else {
        start(o, "unknown");
        end(o);
    }
    end(o);
}

static void rows(struct out *o, const char *name, const struct exh_rows *rows_of)
{
    start(o, name);
    for (size_t i = 0; i < rows_of->count; i++)
        if (rows_of->items[i].label != NULL)
            element(o, rows_of->items[i].key, rows_of->items[i].value);
    for (size_t i = 0; i < rows_of->count; i++) {
        if (rows_of->items[i].label != NULL)
            continue;
        start(o, "other");
        attribute(o, "name", rows_of->items[i].key);
        if (rows_of->items[i].value != NULL)
            text(o, rows_of->items[i].value);
        end(o);
    }
    end(o);
}

static void files(struct out *o, const struct exh_fact_files *list)
{
    start(o, "files");
    for (size_t i = 0; i < list->count; i++) {
        start(o, "file");
        attribute(o, "name", list->items[i].name);
        attribute_number(o, "bytes", list->items[i].bytes);
        attribute(o, "sha256", exh_facts_is_hex(list->items[i].sha256, 64) ? list->items[i].sha256 : NULL);
        end(o);
    }
    end(o);
}

static void digests(struct out *o, const struct exh_fact_digests *list)
{
    start(o, "digests");
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_digest *digest = &list->items[i];
        start(o, "digest");
        attribute(o, "scope", digest->scope);
        attribute(o, "algorithm", digest->algorithm);
        attribute_number(o, "not_good", digest->not_good);
        if (strcmp(digest->algorithm, "md5") == 0 || strcmp(digest->algorithm, "sha1") == 0)
            attribute(o, "collision_resistant", "false");
        text(o, digest->value);
        end(o);
    }
    end(o);
}

static void layout(struct out *o, const struct exh_facts *f)
{
    start(o, "layout");
    attribute(o, "kind", f->layout_kind);
    attribute_number(o, "sessions", f->sessions);
    for (size_t i = 0; i < f->track_count; i++) {
        const struct exh_fact_track *track = &f->tracks[i];
        start(o, "track");
        attribute_unsigned(o, "number", track->number);
        attribute_unsigned(o, "session", track->session);
        attribute(o, "mode", track->mode);
        attribute_signed(o, "first_lba", track->first_lba);
        attribute_unsigned(o, "sectors", track->sectors);
        attribute_unsigned(o, "main_bytes", track->main_bytes);
        attribute_unsigned(o, "sub_bytes", track->sub_bytes);
        end(o);
    }
    end(o);
}

static void unreadable(struct out *o, const struct exh_facts *f)
{
    start(o, "unreadable");
    attribute_number(o, "sectors", f->unreadable_sectors);
    attribute_number(o, "bytes", f->unreadable_bytes);
    attribute_number(o, "ranges", f->ranges_recorded);
    attribute(o, "listed", f->ranges_listed ? "true" : "false");
    if (f->ranges_disagree)
        attribute(o, "contradicts_itself", "true");
    attribute(o, "why_not_listed", f->ranges_missing);
    for (size_t i = 0; i < f->range_items; i++) {
        start(o, "range");
        attribute_signed(o, "lba", f->ranges[i].lba);
        attribute_unsigned(o, "sectors", f->ranges[i].count);
        end(o);
    }
    end(o);
}

static void faults(struct out *o, const struct exh_facts *f)
{
    start(o, "faults");
    attribute_number(o, "count", f->fault_count);
    for (size_t i = 0; i < f->fault_items; i++) {
        start(o, "fault");
        attribute_signed(o, "lba", f->faults[i].lba);
        attribute_unsigned(o, "sectors", f->faults[i].count);
        attribute_unsigned(o, "errno", f->faults[i].sys);
        attribute_unsigned(o, "attempt", f->faults[i].attempt);
        end(o);
    }
    end(o);
}

/* --- of a failing or resumed medium --- */

/* What every such list begins with: that it is not on record, or how many entries of it are none. */
static void start_list(struct out *o, const char *name, bool told, size_t malformed)
{
    start(o, name);
    if (malformed > 0)
        attribute_unsigned(o, "malformed", malformed);
    if (!told) {
        start(o, "unknown");
        end(o);
    }
}

static void attribute_truth(struct out *o, const char *name, int value)
{
    if (value >= 0)
        attribute(o, name, value ? "true" : "false");
}

static void sense(struct out *o, const struct exh_fact_trouble *trouble)
{
    char hex[16], words[160];
    if (!trouble->sense_known)
        return;
    snprintf(hex, sizeof hex, "%02x/%02x/%02x", trouble->sense[0], trouble->sense[1], trouble->sense[2]);
    attribute(o, "sense", hex);
    attribute(o, "sense_text", exh_sense_text(trouble->sense, words, sizeof words));
}

static void troubles(struct out *o, const struct exh_fact_troubles *list)
{
    start_list(o, "trouble", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_trouble *trouble = &list->items[i];
        start(o, "range");
        attribute_signed(o, "lba", trouble->lba);
        attribute_unsigned(o, "sectors", trouble->count);
        attribute_number(o, "attempts", trouble->attempts);
        attribute_number(o, "errno", trouble->sys);
        if (trouble->sys.known && trouble->sys.value > 0 && trouble->sys.value <= 4095)
            attribute(o, "error", strerrordesc_np((int)trouble->sys.value));
        sense(o, trouble);
        attribute_number(o, "milliseconds", trouble->milliseconds);
        end(o);
    }
    end(o);
}

static void changes(struct out *o, const struct exh_fact_changes *list)
{
    start_list(o, "changed", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        start(o, "range");
        attribute_signed(o, "lba", list->items[i].lba);
        attribute_unsigned(o, "sectors", list->items[i].count);
        end(o);
    }
    end(o);
}

static void passes(struct out *o, const struct exh_fact_passes *list)
{
    start_list(o, "passes", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_pass *pass = &list->items[i];
        start(o, "pass");
        attribute(o, "name", pass->name);
        attribute_number(o, "number", pass->number);
        attribute_number(o, "reads", pass->reads);
        attribute_number(o, "failed_reads", pass->failed_reads);
        attribute_number(o, "sectors_read", pass->sectors_read);
        attribute_number(o, "milliseconds", pass->milliseconds);
        if (exh_sentence_pass(pass->name) != NULL)
            text(o, exh_sentence_pass(pass->name));
        end(o);
    }
    end(o);
}

static void pauses(struct out *o, const struct exh_fact_pauses *list)
{
    start_list(o, "pauses", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        const struct exh_fact_pause *pause = &list->items[i];
        start(o, "pause");
        attribute(o, "paused", pause->paused);
        attribute(o, "resumed", pause->resumed);
        attribute_number(o, "seconds", pause->seconds);
        attribute_number(o, "kept_sectors", pause->kept_sectors);
        attribute_number(o, "lost_sectors", pause->lost_sectors);
        if (pause->why != NULL)
            text(o, pause->why);
        end(o);
    }
    end(o);
}

static void speed(struct out *o, const struct exh_fact_speed *list)
{
    start_list(o, "speed", list->told, list->malformed);
    for (size_t i = 0; i < list->count; i++) {
        start(o, "cell");
        attribute_signed(o, "lba", list->items[i].lba);
        attribute_unsigned(o, "sectors", list->items[i].sectors);
        attribute_unsigned(o, "microseconds", list->items[i].microseconds);
        end(o);
    }
    end(o);
}

static void hidden_areas(struct out *o, const struct exh_facts *f)
{
    static const char *const names[] = {[EXH_FACT_HPA] = "hpa", [EXH_FACT_DCO] = "dco", [EXH_FACT_AMA] = "ama"};
    static const char *const states[] = {NULL, "not-checked", "none", "found"};
    start_list(o, "hidden_areas", f->hidden_told, 0);
    for (size_t i = 0; f->hidden_told && i < EXH_FACT_HIDDEN_KINDS; i++) {
        start(o, "area");
        attribute(o, "name", names[i]);
        attribute(o, "state", states[f->hidden[i].state]);
        attribute_number(o, "sectors", f->hidden[i].sectors);
        if (f->hidden[i].why != NULL)
            text(o, f->hidden[i].why);
        end(o);
    }
    end(o);
}

static void health_side(struct out *o, const char *name, const struct exh_fact_health *health)
{
    start(o, name);
    attribute(o, "state", health->state);
    attribute(o, "kind", health->kind);
    attribute(o, "why", health->why);
    if (health->malformed > 0)
        attribute_unsigned(o, "malformed", health->malformed);
    for (size_t i = 0; i < health->count; i++) {
        const struct exh_fact_attribute *item = &health->attributes[i];
        start(o, "attribute");
        attribute_number(o, "id", item->id);
        attribute(o, "name", item->name);
        attribute_number(o, "value", item->value);
        attribute_number(o, "worst", item->worst);
        attribute_number(o, "threshold", item->threshold);
        attribute_number(o, "raw", item->raw);
        end(o);
    }
    end(o);
}

static void health(struct out *o, const struct exh_facts *f)
{
    start_list(o, "health", f->health_told, 0);
    if (f->health_told) {
        health_side(o, "before", &f->health_before);
        health_side(o, "after", &f->health_after);
    }
    end(o);
}

static void reading(struct out *o, const struct exh_fact_reading *reading)
{
    start_list(o, "reader", reading->told, 0);
    if (reading->told) {
        start(o, "process");
        attribute_truth(o, "own", reading->process);
        attribute(o, "capabilities", reading->capabilities);
        attribute_truth(o, "no_new_privileges", reading->no_new_privileges);
        end(o);
    }
    end(o);
}

static void medium(struct out *o, const struct exh_facts *f)
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

static void chunks(struct out *o, const struct exh_facts *f)
{
    start(o, "chunks");
    attribute(o, "algorithm", "sha256");
    attribute_number(o, "sectors", f->chunk_sectors);
    attribute_number(o, "count", f->chunk_count);
    attribute(o, "root", exh_facts_is_hex(f->chunk_root, 64) ? f->chunk_root : NULL);
    attribute(o, "lines_sha256", exh_facts_is_hex(f->chunk_blob, 64) ? f->chunk_blob : NULL);
    end(o);
}

static void findings(struct out *o, const struct exh_fact_record *record)
{
    for (size_t i = 0; i < record->finding_count; i++) {
        const struct exh_fact_finding *finding = &record->findings[i];
        start(o, "finding");
        attribute(o, "check", finding->check);
        attribute(o, "outcome", finding->outcome);
        attribute(o, "basis", finding->basis);
        attribute(o, "file", finding->file);
        attribute_number(o, "offset", finding->offset);
        attribute_number(o, "lba", finding->lba);
        attribute_number(o, "count", finding->count);
        if (finding->detail != NULL)
            text(o, finding->detail);
        end(o);
    }
}

static void verification(struct out *o, const struct exh_fact_record *record)
{
    start(o, "verification");
    attribute(o, "verdict", record->verdict);
    attribute(o, "basis", record->basis);
    attribute(o, "against", record->against);
    attribute(o, "started", record->started);
    attribute(o, "ended", record->ended);
    attribute_number(o, "bytes", record->bytes);
    attribute_number(o, "unreadable_sectors", record->unreadable_sectors);
    attribute_number(o, "unread_now", record->unread_now);
    findings(o, record);
    digests(o, &record->digests);
    end(o);
}

static void records(struct out *o, const struct exh_facts *f)
{
    start(o, "records");
    for (size_t i = 0; i < f->record_count; i++) {
        const struct exh_fact_record *record = &f->records[i];
        start(o, "record");
        attribute_number(o, "seq", record->seq);
        attribute(o, "time", record->time);
        attribute(o, "type", record->type);
        attribute(o, "by", record->who);
        attribute(o, "program", record->program);
        attribute(o, "summary", record->summary);
        if (record->verification)
            verification(o, record);
        if (record->files.count > 0)
            files(o, &record->files);
        end(o);
    }
    end(o);
}

static void verdict(struct out *o, const struct exh_facts *f)
{
    char *sentence = exh_sentence_verdict(f);
    start(o, "verdict");
    attribute(o, "acquisition", f->acquisition);
    attribute(o, "of", f->of);
    attribute(o, "verification", f->verification);
    attribute(o, "read_back", f->read_back);
    if (f->source_read_twice >= 0)
        attribute(o, "source_read_twice", f->source_read_twice ? "true" : "false");
    attribute(o, "second_read", f->second_read);
    if (sentence != NULL)
        text(o, sentence);
    else
        o->failed = true;
    end(o);
    free(sentence);
}

static void notices(struct out *o, const struct exh_facts *f)
{
    start(o, "notices");
    for (size_t i = 0; i < f->notice_count; i++)
        element(o, "notice", f->notices[i]);
    end(o);
}

static void failure(struct out *o, const struct exh_facts *f)
{
    if (f->error_code == NULL && f->error_text == NULL)
        return;
    start(o, "error");
    attribute(o, "code", f->error_code);
    attribute(o, "file", f->error_file);
    if (f->error_text != NULL)
        text(o, f->error_text);
    end(o);
}

static void item(struct out *o, const struct exh_facts *f, size_t number)
{
    static const char *const outcomes[] = {"done", "failed", "interrupted", "no-end-on-record"};
    start(o, "item");
    attribute_unsigned(o, "number", number);
    attribute(o, "kind", f->conversion ? "conversion" : "acquisition");
    attribute(o, "outcome", outcomes[f->outcome]);
    verdict(o, f);
    element(o, "image", f->image);
    failure(o, f);
    notices(o, f);
    rows(o, "source", &f->source);
    rows(o, "case_record", &f->case_fields);
    rows(o, "plan", &f->plan);
    rows(o, "environment", &f->environment);
    rows(o, "result", &f->result);
    files(o, &f->files);
    layout(o, f);
    digests(o, &f->digests);
    chunks(o, f);
    unreadable(o, f);
    faults(o, f);
    medium(o, f);
    records(o, f);
    end(o);
}

static void clean_attribute(struct out *o, const char *name, const char *value)
{
    char *clean = value == NULL ? NULL : exh_facts_text(value, strlen(value));
    if (value != NULL && clean == NULL)
        o->failed = true;
    attribute(o, name, clean);
    free(clean);
}

static void head(struct out *o, const struct exh_report *report)
{
    start(o, "issued");
    clean_attribute(o, "time", report->time_utc);
    clean_attribute(o, "program", report->program);
    end(o);
    start(o, "ledger");
    clean_attribute(o, "file", report->ledger_path == NULL ? NULL : exh_text_base(report->ledger_path));
    attribute(o, "from", report->ledger_path == NULL ? "side-record" : "ledger");
    attribute_unsigned(o, "seq", report->seq);
    attribute(o, "head", exh_facts_is_hex(report->head, 64) ? report->head : NULL);
    attribute(o, "chain", report->ledger_path == NULL ? "not-checked" : report->chain_sound ? "sound" : "broken");
    attribute(o, "seal", "UNSEALED");
    end(o);
}

static void say_limit(void *context, const char *sentence) { element(context, "limit", sentence); }

static void document(struct out *o, const struct exh_report *report, const struct exh_facts *facts)
{
    o->failed = o->failed || xmlTextWriterStartDocument(o->writer, NULL, "UTF-8", NULL) < 0;
    start(o, "report");
    attribute(o, "xmlns", NAMESPACE);
    attribute(o, "version", "1");
    head(o, report);
    for (size_t i = 0; i < report->item_count; i++)
        item(o, &facts[i], i + 1);
    start(o, "limits");
    exh_sentence_limits(report, facts, report->item_count, say_limit, o);
    end(o);
    end(o);
    o->failed = o->failed || xmlTextWriterEndDocument(o->writer) < 0;
}

static char *write_document(const struct exh_report *report, const struct exh_facts *facts, struct exh_error *err)
{
    char *result = NULL;
    xmlBufferPtr buffer = xmlBufferCreate();
    struct out o = {buffer == NULL ? NULL : xmlNewTextWriterMemory(buffer, 0), false};
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
