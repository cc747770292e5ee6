/* facts_rows.c - the named rows of a report: source, case, plan, environment and result, each a table of what is asked of it.
 *
 * The field list is the union of what ISO/IEC 27037, NIST SP 800-86, PREMIS 3 and DFXML ask for; a field no line of this version can
 * carry yet is in the tables all the same, so that the page says "not recorded" rather than passing over it. The other way round, a member
 * of source, case, plan or environment that no table names gets a row under its own key. */
#include "report/pages/facts_reader.h"

#include "formats/model/text.h"
#include "report/pages/sentences.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct wanted {
    const char *key, *label, *path;
    enum exh_row_kind kind;
};

static const struct wanted source_facts[] = {
    {"kind", "Kind of source", "kind", EXH_ROW_TEXT},
    {"path", "Path", "path", EXH_ROW_TEXT},
    {"vendor", "Make", "identity.vendor", EXH_ROW_TEXT},
    {"model", "Model", "identity.model", EXH_ROW_TEXT},
    {"serial", "Serial number", "identity.serial", EXH_ROW_TEXT},
    {"wwn", "World Wide Name", "identity.wwn", EXH_ROW_TEXT},
    {"firmware", "Firmware", "identity.firmware", EXH_ROW_TEXT},
    {"bus", "Interface", "identity.bus", EXH_ROW_TEXT},
    {"bytes", "Capacity as reported", "bytes", EXH_ROW_BYTES},
    {"sector_size", "Logical sector", "sector_size", EXH_ROW_BYTES},
    {"physical_sector_size", "Physical sector", "physical_sector_size", EXH_ROW_BYTES},
    {"hidden_areas", "Hidden areas (HPA, DCO, AMA)", "hidden_areas", EXH_ROW_TEXT},
    {"read_only", "Read-only as the system reports", "read_only", EXH_ROW_TEXT},
    {"mounts", "Mounted at", "mounts", EXH_ROW_TEXT},
    {"holders", "Devices stacked on it", "holders", EXH_ROW_TEXT},
    {"backing", "File behind it (loop device)", "backing", EXH_ROW_TEXT},
    {"removable", "Removable", "removable", EXH_ROW_TEXT},
    {"partition", "A partition", "partition", EXH_ROW_TEXT},
    {"health", "Health record (SMART) and temperature", "health", EXH_ROW_TEXT},
    {"image_format", "Format of the source image", "image.format", EXH_ROW_TEXT},
    {"image_verdict", "Verification of the source image", "image.verdict", EXH_ROW_TEXT},
};

static const struct wanted case_facts[] = {
    {"case", "Case", "case", EXH_ROW_TEXT},
    {"exhibit", "Exhibit", "exhibit", EXH_ROW_TEXT},
    {"examiner", "Examiner", "examiner", EXH_ROW_TEXT},
    {"agency", "Agency", "agency", EXH_ROW_TEXT},
    {"authority", "Legal authority", "authority", EXH_ROW_TEXT},
    {"description", "Description", "description", EXH_ROW_TEXT},
    {"label", "Label on the item", "label", EXH_ROW_TEXT},
    {"condition", "Condition", "condition", EXH_ROW_TEXT},
    {"seal", "Seal or bag number", "seal", EXH_ROW_TEXT},
    {"place", "Place", "place", EXH_ROW_TEXT},
    {"blocker", "Write blocker", "blocker", EXH_ROW_TEXT},
    {"notes", "Notes", "notes", EXH_ROW_TEXT},
};

static const struct wanted plan_facts[] = {
    {"format", "Image format", "format", EXH_ROW_TEXT},
    {"compression", "Compression", "compression", EXH_ROW_TEXT},
    {"segment_bytes", "Segment size", "segment_bytes", EXH_ROW_BYTES},
    {"algorithms", "Digests asked for", "algorithms", EXH_ROW_TEXT},
    {"chunk_bytes", "Piece of the chunk digests", "chunk_bytes", EXH_ROW_BYTES},
    {"verify", "Verification asked for", "verify", EXH_ROW_TEXT},
    {"start", "Range asked for: first sector", "start", EXH_ROW_COUNT},
    {"count", "Range asked for: sectors", "count", EXH_ROW_COUNT},
    {"read_policy", "Read policy (passes, retries, block sizes)", "read_policy", EXH_ROW_TEXT},
    {"losses", "What the image format cannot hold", "losses", EXH_ROW_TEXT},
};

/* Of the line itself: actor and body are beside each other there. */
static const struct wanted environment_facts[] = {
    {"examiner", "Examiner at the machine", "actor.examiner", EXH_ROW_TEXT},
    {"user", "User", "actor.user", EXH_ROW_TEXT},
    {"uid", "User number", "actor.uid", EXH_ROW_TEXT},
    {"host", "Host", "actor.host", EXH_ROW_TEXT},
    {"program", "Program", "actor.program", EXH_ROW_TEXT},
    {"system", "System", "actor.system", EXH_ROW_TEXT},
    {"os", "Operating system", "body.environment.os", EXH_ROW_TEXT},
    {"kernel", "Kernel", "body.environment.kernel", EXH_ROW_TEXT},
    {"machine", "Architecture", "body.environment.machine", EXH_ROW_TEXT},
    {"libraries", "Libraries", "body.environment.libraries", EXH_ROW_TEXT},
    {"command", "Command line", "body.command", EXH_ROW_TEXT},
    {"time_zone", "Time zone of the machine", "body.environment.time_zone", EXH_ROW_TEXT},
    {"clock_synchronised", "Clock synchronised", "body.environment.clock.synchronised", EXH_ROW_TEXT},
    {"clock_source", "Clock source", "body.environment.clock.source", EXH_ROW_TEXT},
    {"clock_offset", "Clock offset measured", "body.environment.clock.offset", EXH_ROW_TEXT},
};

static const struct wanted result_facts[] = {
    {"started", "Started", "started", EXH_ROW_TIME},
    {"ended", "Ended", "ended", EXH_ROW_TIME},
    {"seconds_reading", "Time spent reading", "seconds_reading", EXH_ROW_SECONDS},
    {"seconds_verifying", "Time spent verifying", "seconds_verifying", EXH_ROW_SECONDS},
    {"format", "Image format", "format", EXH_ROW_TEXT},
    {"sector_size", "Sector", "sector_size", EXH_ROW_BYTES},
    {"sectors", "Sectors", "sectors", EXH_ROW_COUNT},
    {"bytes", "Bytes copied", "bytes", EXH_ROW_BYTES},
    {"tail_bytes", "Bytes in the last sector", "tail_bytes", EXH_ROW_COUNT},
    {"unreadable_sectors", "Unreadable sectors", "unreadable_sectors", EXH_ROW_COUNT},
    {"fill", "In place of unreadable sectors", "fill", EXH_ROW_TEXT},
    {"recovered_sectors", "Sectors that failed at first and then read", "recovered_sectors", EXH_ROW_COUNT},
    {"acquisition", "Acquisition verdict", "acquisition", EXH_ROW_TEXT},
    {"of", "Extent of the copy", "of", EXH_ROW_TEXT},
    {"verification", "Read-back of the copy", "verification", EXH_ROW_TEXT},
    {"read_back", "Read-back method", "read_back", EXH_ROW_TEXT},
    {"source_read_twice", "Source read twice", "source_read_twice", EXH_ROW_TEXT},
    {"second_read", "Second read of the source", "second_read.verdict", EXH_ROW_TEXT},
};

/* --- rows --- */

static void add_row(struct exh_facts_reader *r, struct exh_rows *rows, const char *key, const char *label, const char *value, enum exh_row_kind kind)
{
    if (r->failed)
        return;
    if (!exh_grow((void **)&rows->items, &rows->capacity, rows->count, sizeof *rows->items, EXH_FACTS_LIST_MAX, "facts of a report", r->err)) {
        r->failed = true;
        return;
    }
    rows->items[rows->count++] = (struct exh_row){key, label, value, kind};
}

static void add_wanted(struct exh_facts_reader *r, struct exh_rows *rows, const struct wanted *list, size_t count, const json_t *from)
{
    for (size_t i = 0; i < count; i++)
        add_row(r, rows, list[i].key, list[i].label, exh_facts_value_at(r, from, list[i].path, strcmp(list[i].key, "command") == 0), list[i].kind);
}

/* Keys of an object that no table names, so that nothing recorded is left out. */
static void add_others(struct exh_facts_reader *r, struct exh_rows *rows, const json_t *object, const struct wanted *list, size_t count,
                       const char *prefix)
{
    void *it = json_object_iter((json_t *)(uintptr_t)object);
    for (; it != NULL && !r->failed; it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
        const char *key = json_object_iter_key(it);
        /* Of a disc a table and a picture of its own; of an image a table of what it was opened with. */
        bool named = prefix[0] == '\0' && (strcmp(key, "layout") == 0 || strcmp(key, "parents") == 0 || strcmp(key, "snapshot") == 0 ||
                                           strcmp(key, "snapshot_chosen") == 0);
        for (size_t i = 0; i < count && !named; i++) {
            const char *path = list[i].path;
            size_t skip = strlen(prefix);
            named = strncmp(path, prefix, skip) == 0 && strncmp(path + skip, key, strlen(key)) == 0 &&
                    (path[skip + strlen(key)] == '\0' || path[skip + strlen(key)] == '.');
        }
        if (named)
            continue;
        const json_t *value = json_object_iter_value(it);
        char *text = NULL;
        bool ok = exh_facts_append_value(&text, value, false);
        char *clean = ok && text != NULL ? exh_facts_text(text, strlen(text)) : NULL;
        free(text);
        if (!ok || (text != NULL && clean == NULL))
            exh_facts_fail_nomem(r);
        add_row(r, rows, exh_facts_keep_plain(r, key), NULL, clean == NULL ? NULL : exh_facts_keep(r, clean), EXH_ROW_TEXT);
    }
}

/* --- what absence says --- */

/* Some keys are left out of a line to say "none": where the line was asked at all, that is an answer, not a gap. */
static void answer_absent(struct exh_facts_reader *r, struct exh_rows *rows, const char *key, const char *answer)
{
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->items[i].key, key) == 0 && rows->items[i].label != NULL && rows->items[i].value == NULL) {
            rows->items[i].value = exh_facts_keep_plain(r, answer);
            rows->items[i].kind = EXH_ROW_TEXT;
        }
}

/* What the run found out about the device stands in the result, and is asked for under the source. */
static void answer_from_result(struct exh_facts_reader *r)
{
    struct exh_facts *f = r->facts;
    char *hidden = f->hidden_told ? exh_sentence_hidden(f) : NULL, *health = f->health_told ? exh_sentence_health(f) : NULL;
    if (hidden != NULL)
        answer_absent(r, &f->source, "hidden_areas", hidden);
    if (health != NULL)
        answer_absent(r, &f->source, "health", health);
    if ((f->hidden_told && hidden == NULL) || (f->health_told && health == NULL))
        exh_facts_fail_nomem(r);
    free(hidden);
    free(health);
}

static void answer_what_absence_says(struct exh_facts_reader *r, const json_t *source, const json_t *plan)
{
    struct exh_facts *f = r->facts;
    if (json_is_boolean(exh_facts_at(source, "read_only"))) { /* a device that was looked at */
        answer_absent(r, &f->source, "mounts", "nowhere");
        answer_absent(r, &f->source, "holders", "none");
    }
    if (json_is_object(plan) && !f->range_start.known && !f->range_count.known) {
        answer_absent(r, &f->plan, "start", "none: from the first");
        answer_absent(r, &f->plan, "count", "none: all of them");
    }
}

void exh_facts_read_rows(struct exh_facts_reader *r, const struct exh_report_item *item)
{
    struct exh_facts *f = r->facts;
    const json_t *source = exh_facts_body_member(item, "source"), *fields = exh_facts_body_member(item, "case");
    const json_t *plan = exh_facts_body_member(item, "plan");
    const json_t *environment_line = item->begin != NULL ? item->begin : item->end;
    add_wanted(r, &f->source, source_facts, COUNT_OF(source_facts), source);
    add_others(r, &f->source, exh_facts_at(source, "identity"), source_facts, COUNT_OF(source_facts), "identity.");
    add_others(r, &f->source, exh_facts_at(source, "image"), source_facts, COUNT_OF(source_facts), "image.");
    add_others(r, &f->source, source, source_facts, COUNT_OF(source_facts), "");
    add_wanted(r, &f->case_fields, case_facts, COUNT_OF(case_facts), fields);
    add_others(r, &f->case_fields, fields, case_facts, COUNT_OF(case_facts), "");
    add_wanted(r, &f->plan, plan_facts, COUNT_OF(plan_facts), plan);
    add_others(r, &f->plan, plan, plan_facts, COUNT_OF(plan_facts), "");
    answer_what_absence_says(r, source, plan);
    answer_from_result(r);
    add_wanted(r, &f->environment, environment_facts, COUNT_OF(environment_facts), environment_line);
    add_others(r, &f->environment, exh_facts_at(environment_line, "body.environment"), environment_facts, COUNT_OF(environment_facts),
               "body.environment.");
    add_wanted(r, &f->result, result_facts, COUNT_OF(result_facts), exh_facts_at(item->end, "body"));
}

static void drop_unrecorded(struct exh_rows *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].value != NULL)
            rows->items[kept++] = rows->items[i];
    rows->count = kept;
}

void exh_facts_read_found_rows(struct exh_facts_reader *r, const json_t *line, const json_t *given)
{
    struct exh_facts *f = r->facts;
    const json_t *fields = json_object_get(given, "case"), *stated = exh_facts_at(line, "body.stored.case");
    if (json_is_object(fields)) {
        add_wanted(r, &f->case_fields, case_facts, COUNT_OF(case_facts), fields);
        add_others(r, &f->case_fields, fields, case_facts, COUNT_OF(case_facts), "");
    }
    add_wanted(r, &f->stated.fields, case_facts, COUNT_OF(case_facts), stated);
    add_others(r, &f->stated.fields, stated, case_facts, COUNT_OF(case_facts), "");
    drop_unrecorded(&f->stated.fields);
    add_wanted(r, &f->environment, environment_facts, COUNT_OF(environment_facts), line);
}
