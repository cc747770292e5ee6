/* facts_result.c - what the end line says came of an acquisition: verdicts, sizes, files, digests, layout, failed reads, notices.
 *
 * Of a run that published nothing only its error, notices and failed reads are read: the rest would speak of an image that is not there. A
 * digest without scope, algorithm or hex value refuses the whole report, for a page must not print as evidence what cannot be one. */
#include "report/pages/facts_reader.h"

#include "verify/digest.h"

/* --- lists --- */

void exh_facts_read_files(struct exh_facts_reader *r, struct exh_fact_files *out, const json_t *list)
{
    size_t i;
    const json_t *file;
    json_array_foreach(list, i, file)
    {
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "files"))
            return;
        out->items[out->count++] = (struct exh_fact_file){.name = exh_facts_string_at(r, file, "name"),
                                                          .sha256 = exh_facts_string_at(r, file, "sha256"),
                                                          .bytes = exh_facts_number_at(file, "bytes")};
    }
}

static bool is_digest(const char *hex)
{
    size_t length = hex != NULL ? strlen(hex) : 0;
    return length >= 8 && length <= 2 * EXH_DIGEST_BYTES_MAX && length % 2 == 0 && exh_facts_is_hex(hex, length);
}

void exh_facts_read_digests(struct exh_facts_reader *r, struct exh_fact_digests *out, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "digests"))
            return;
        struct exh_fact_digest digest = {exh_facts_string_at(r, item, "scope"), exh_facts_string_at(r, item, "algorithm"),
                                         exh_facts_string_at(r, item, "value"), exh_facts_number_at(item, "not_good")};
        out->items[out->count++] = digest;
        if (r->failed || (digest.scope != NULL && digest.algorithm != NULL && is_digest(digest.value)))
            continue;
        r->failed = true;
        exh_fail(r->err, EXH_CORRUPT, EXH_NO_OFFSET, "a ledger line holds a digest without scope, algorithm or lower-case hex value");
        exh_on_side(r->err, EXH_SIDE_LEDGER);
    }
}

/* The digest of a container file stands beside its name, too. */
static void match_files(struct exh_facts *f)
{
    for (size_t i = 0; i < f->files.count; i++)
        for (size_t d = 0; d < f->digests.count; d++) {
            const struct exh_fact_digest *digest = &f->digests.items[d];
            if (f->files.items[i].sha256 == NULL && f->files.items[i].name != NULL && strncmp(digest->scope, "file:", 5) == 0 &&
                strcmp(digest->scope + 5, f->files.items[i].name) == 0 && strcmp(digest->algorithm, "sha256") == 0)
                f->files.items[i].sha256 = digest->value;
        }
}

static void read_layout(struct exh_facts_reader *r, const json_t *layout)
{
    struct exh_facts *f = r->facts;
    f->layout_kind = exh_facts_string_at(r, layout, "kind");
    f->sessions = exh_facts_number_at(layout, "sessions");
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(layout, "tracks"), i, item)
    {
        if (!EXH_FACTS_ADD(r, f->tracks, f->track_capacity, f->track_count, "tracks"))
            return;
        f->tracks[f->track_count++] = (struct exh_fact_track){.number = exh_facts_number_at(item, "number").value,
                                                              .session = exh_facts_number_at(item, "session").value,
                                                              .sectors = exh_facts_number_at(item, "sectors").value,
                                                              .main_bytes = exh_facts_number_at(item, "main_bytes").value,
                                                              .sub_bytes = exh_facts_number_at(item, "sub_bytes").value,
                                                              .first_lba = json_integer_value(json_object_get(item, "first_lba")),
                                                              .mode = exh_facts_string_at(r, item, "mode")};
    }
}

static void read_faults(struct exh_facts_reader *r, const json_t *faults)
{
    struct exh_facts *f = r->facts;
    f->fault_count = exh_facts_number_at(faults, "count");
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(faults, "first"), i, item)
    {
        if (!EXH_FACTS_ADD(r, f->faults, f->fault_capacity, f->fault_items, "faults"))
            return;
        f->faults[f->fault_items++] =
            (struct exh_fact_fault){json_integer_value(json_array_get(item, 0)), exh_facts_number_of(json_array_get(item, 1)).value,
                                    exh_facts_number_of(json_array_get(item, 2)).value, exh_facts_number_of(json_array_get(item, 3)).value};
    }
}

static void read_notices(struct exh_facts_reader *r, const json_t *notices)
{
    struct exh_facts *f = r->facts;
    size_t i;
    const json_t *item;
    json_array_foreach(notices, i, item)
    {
        const char *text = exh_facts_string_of(r, item);
        if (text == NULL)
            continue;
        if (!EXH_FACTS_ADD(r, f->notices, f->notice_capacity, f->notice_count, "notices"))
            return;
        f->notices[f->notice_count++] = text;
    }
}

/* --- the result --- */

/* What the unreadable sectors held: the last sector of the medium may be a short one. */
static void count_unreadable_bytes(struct exh_facts *f)
{
    if (!f->unreadable_sectors.known || !f->sector_size.known || f->sector_size.value == 0 ||
        f->unreadable_sectors.value > UINT64_MAX / f->sector_size.value)
        return;
    uint64_t bytes = f->unreadable_sectors.value * f->sector_size.value;
    const struct exh_fact_track *last = f->track_count > 0 ? &f->tracks[f->track_count - 1] : NULL;
    const struct exh_fact_range *end = f->range_items > 0 ? &f->ranges[f->range_items - 1] : NULL;
    if (f->tail_bytes.known && f->tail_bytes.value > 0 && f->tail_bytes.value < f->sector_size.value && last != NULL && end != NULL &&
        last->sectors <= INT64_MAX && !f->ranges_disagree && (uint64_t)end->lba + end->count == (uint64_t)last->first_lba + last->sectors)
        bytes -= f->sector_size.value - f->tail_bytes.value;
    f->unreadable_bytes = (struct exh_number){bytes, true};
}

void exh_facts_read_result(struct exh_facts_reader *r, const json_t *body, const struct exh_blobs *blobs)
{
    struct exh_facts *f = r->facts;
    const json_t *twice = json_object_get(body, "source_read_twice");
    f->source_read_twice = json_is_boolean(twice) ? json_is_true(twice) : -1;
    f->second_read = exh_facts_string_at(r, body, "second_read.verdict");
    f->error_code = exh_facts_string_at(r, body, "error.code");
    f->error_text = exh_facts_string_at(r, body, "error.text");
    f->error_file = exh_facts_string_at(r, body, "error.file");
    read_notices(r, json_object_get(body, "notices"));
    read_faults(r, json_object_get(body, "faults"));
    if (!exh_facts_has_image(f))
        return; /* the pages speak of a published image only when there is one */
    f->acquisition = exh_facts_string_at(r, body, "acquisition");
    f->of = exh_facts_string_at(r, body, "of");
    f->verification = exh_facts_string_at(r, body, "verification");
    f->read_back = exh_facts_string_at(r, body, "read_back");
    f->format = exh_facts_string_at(r, body, "format");
    f->sector_size = exh_facts_number_at(body, "sector_size");
    f->sectors = exh_facts_number_at(body, "sectors");
    f->bytes = exh_facts_number_at(body, "bytes");
    f->tail_bytes = exh_facts_number_at(body, "tail_bytes");
    f->unreadable_sectors = exh_facts_number_at(body, "unreadable_sectors");
    read_layout(r, json_object_get(body, "layout"));
    f->disc = exh_facts_read_disc(r, json_object_get(body, "layout"));
    exh_facts_read_files(r, &f->files, json_object_get(body, "files"));
    exh_facts_read_digests(r, &f->digests, json_object_get(body, "digests"));
    exh_facts_read_digests(r, &f->source_digests, json_object_get(body, "source_digests"));
    if (!r->failed)
        match_files(f);
    f->chunk_sectors = exh_facts_number_at(body, "chunks.sectors");
    f->chunk_count = exh_facts_number_at(body, "chunks.count");
    f->chunk_root = exh_facts_string_at(r, body, "chunks.root");
    f->chunk_blob = exh_facts_string_at(r, body, "chunks.blob");
    exh_facts_read_ranges(r, json_object_get(body, "unreadable"), blobs);
    count_unreadable_bytes(f);
}
