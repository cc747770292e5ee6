/* ewf_inspect.c - the examination of an E01 set beyond what reading needs. See ewf_inspect.h.
 *
 * The second table is a spare that no reader looks at while the first is good, so its rot goes unseen until it is needed: here both are
 * read and compared. Bytes between and behind the sections belong to nobody; they are reported, with a louder word when they are not zero. */
#include "formats/evidence/ewf_inspect.h"

#include "formats/evidence/ewf_text.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define WINDOW_BYTES 65536u
#define ZERO_CHECK_BYTES_MAX (64u << 20) /* a sparse file can hold a gap that nobody would live to see read */

struct inspector {
    const struct exh_ewf_set *set;
    struct exh_inspection *in;
};

/* ---- what open found ---- */

static bool copy_found(const struct inspector *i, struct exh_error *err)
{
    const struct exh_inspection *found = &i->set->found;
    for (size_t n = 0; n < found->fact_count; n++) {
        const struct exh_fact *f = &found->facts[n];
        if (!exh_inspection_fact(i->in, f->file, f->offset, f->key, err, "%s", f->value))
            return false;
    }
    for (size_t n = 0; n < found->remark_count; n++) {
        const struct exh_remark *r = &found->remarks[n];
        if (!exh_inspection_remark(i->in, r->check, r->outcome, r->file, r->offset, err, "%s", r->detail))
            return false;
    }
    return true;
}

static const char *media_name(uint8_t type)
{
    switch (type) {
    case 0: return "removable";
    case 1: return "fixed";
    case 3: return "optical";
    case 0x0e: return "logical";
    case 0x10: return "memory";
    default: return "unknown";
    }
}

static bool volume_facts(const struct inspector *i, struct exh_error *err)
{
    const struct exh_ewf_volume *v = &i->set->volume;
    const struct exh_ewf_section *s = &i->set->sections.items[i->set->volume_section];
    const char *file = exh_ewf_file_of(i->set, s->segment);
    uint64_t at = exh_ewf_body(s);
    char guid[33];
    exh_text_hex(v->guid, sizeof v->guid, guid);
    return exh_inspection_fact(i->in, file, EXH_NO_OFFSET, "segments", err, "%zu", i->set->segment_count) &&
           exh_inspection_fact(i->in, file, at, "media_type", err, "%s (%u)", media_name(v->media_type), v->media_type) &&
           exh_inspection_fact(i->in, file, at + 36, "media_flags", err, "0x%02x%s%s%s%s", v->flags, v->flags & 1 ? " image" : "",
                               v->flags & 2 ? " physical" : "", v->flags & 4 ? " fastbloc" : "", v->flags & 8 ? " tableau" : "") &&
           exh_inspection_fact(i->in, file, at + 4, "chunks", err, "%u", v->chunks) &&
           exh_inspection_fact(i->in, file, at + 8, "chunk_bytes", err, "%u", exh_ewf_chunk_bytes(i->set)) &&
           exh_inspection_fact(i->in, file, at + 52, "compression", err, "%s (%u)",
                               v->compression == 0   ? "none"
                               : v->compression == 1 ? "fast"
                               : v->compression == 2 ? "best"
                                                     : "unknown",
                               v->compression) &&
           exh_inspection_fact(i->in, file, at + 56, "error_granularity", err, "%u sectors", v->granularity) &&
           exh_inspection_fact(i->in, file, at + 64, "guid", err, "%s", guid);
}

static bool field_fact(const struct inspector *i, const struct exh_field *f, struct exh_error *err)
{
    const char *file = exh_ewf_file_of(i->set, 0), *key = f->key + strlen("ewf_");
    char date[32];
    return exh_ewf_text_time(f->key, f->value, date) ? exh_inspection_fact(i->in, file, EXH_NO_OFFSET, key, err, "%s (%s)", date, f->value)
                                                     : exh_inspection_fact(i->in, file, EXH_NO_OFFSET, key, err, "%s", f->value);
}

static bool field_facts(const struct inspector *i, struct exh_error *err)
{
    for (size_t n = 0; n < i->set->seal.fields.count; n++) {
        const struct exh_field *f = &i->set->seal.fields.items[n];
        if (strncmp(f->key, "ewf_", 4) == 0 && !field_fact(i, f, err))
            return false;
    }
    return true;
}

/* ---- regions and the bytes between them ---- */

/* Is [from, to) of a segment all zeros (as far as we look)? */
static bool range_is_zero(const struct inspector *i, uint32_t segment, uint64_t from, uint64_t to, bool *zero, struct exh_error *err)
{
    uint8_t window[4096];
    *zero = true;
    if (to - from > ZERO_CHECK_BYTES_MAX)
        to = from + ZERO_CHECK_BYTES_MAX;
    while (from < to && *zero) {
        size_t n = to - from < sizeof window ? (size_t)(to - from) : sizeof window;
        if (!exh_source_read(i->set->segments[segment].source, from, window, n, err))
            return false;
        *zero = exh_all_zero(window, n);
        from += n;
    }
    return true;
}

static bool unclaimed(const struct inspector *i, uint32_t segment, uint64_t from, uint64_t to, const char *what, struct exh_error *err)
{
    bool zero;
    if (!range_is_zero(i, segment, from, to, &zero, err))
        return false;
    return exh_inspection_remark(i->in, "unclaimed-bytes", EXH_WARNS, exh_ewf_file_of(i->set, segment), from, err,
                                 "%llu bytes %s belong to no section%s", (unsigned long long)(to - from), what, zero ? "" : ", and are not zeros");
}

static bool section_region(const struct inspector *i, const struct exh_ewf_section *s, struct exh_error *err)
{
    struct exh_region region = {.offset = s->offset, .bytes = s->bytes, .lba = -1};
    (void)snprintf(region.file, sizeof region.file, "%s", exh_ewf_file_of(i->set, s->segment));
    (void)snprintf(region.role, sizeof region.role, "%s", s->type);
    return exh_inspection_region(i->in, &region, err) && (!s->odd_pad || exh_inspection_fact(i->in, region.file, s->offset + 32, "descriptor_padding",
                                                                                             err, "of section '%s' is not zeros", s->type));
}

static bool segment_regions(const struct inspector *i, uint32_t segment, struct exh_error *err)
{
    const struct exh_ewf_segment *seg = &i->set->segments[segment];
    struct exh_region header = {.bytes = EXH_EWF_FILE_HEADER_BYTES, .lba = -1, .role = "file-header"};
    (void)snprintf(header.file, sizeof header.file, "%s", exh_ewf_file_of(i->set, segment));
    if (!exh_inspection_region(i->in, &header, err))
        return false;
    uint64_t end = EXH_EWF_FILE_HEADER_BYTES;
    for (size_t n = seg->first_section; n < seg->first_section + seg->section_count; n++) {
        const struct exh_ewf_section *s = &i->set->sections.items[n];
        if (s->offset > end && !unclaimed(i, segment, end, s->offset, "before a section", err))
            return false;
        if (!section_region(i, s, err))
            return false;
        end = exh_ewf_end(s);
    }
    return seg->source->size == end || unclaimed(i, segment, end, seg->source->size, "behind the last section", err);
}

/* ---- tables ---- */

static bool bad_copy(const struct inspector *i, const struct exh_ewf_table *t, unsigned copy, bool other_good, struct exh_error *why,
                     struct exh_error *err)
{
    if (why->code != EXH_CORRUPT && why->code != EXH_IO) {
        *err = *why;
        return false;
    }
    const char *sequel = !other_good ? "; its chunks are lost" : copy == 0 ? "; table2 is used in its place" : "";
    return exh_inspection_remark(i->in, copy == 0 ? "table" : "table-copy", EXH_FAILS, exh_ewf_file_of(i->set, t->segment), t->copies[copy].body, err,
                                 "chunks %llu to %llu: %s%s", (unsigned long long)t->first_chunk,
                                 (unsigned long long)(t->first_chunk + t->entries - 1), why->text, sequel);
}

/* The two sections byte for byte: header, entries and what lies behind them. */
static bool same_bytes(const struct inspector *i, const struct exh_ewf_table *t, bool *same, struct exh_error *err)
{
    const struct exh_ewf_table_copy *a = &t->copies[0], *b = &t->copies[1];
    struct exh_source *source = i->set->segments[t->segment].source;
    uint64_t length = t->data != 0 ? a->body_bytes : EXH_EWF_TABLE_HEADER_BYTES + 4 * (uint64_t)t->entries;
    uint8_t *window = malloc(2 * WINDOW_BYTES);
    bool ok = window != NULL || exh_nomem(err, "a comparison");
    *same = length <= b->body_bytes && (t->data == 0 || a->body_bytes == b->body_bytes);
    for (uint64_t at = 0; ok && *same && at < length; at += WINDOW_BYTES) {
        size_t n = length - at < WINDOW_BYTES ? (size_t)(length - at) : WINDOW_BYTES;
        ok = exh_source_read(source, a->body + at, window, n, err) && exh_source_read(source, b->body + at, window + WINDOW_BYTES, n, err);
        *same = ok && memcmp(window, window + WINDOW_BYTES, n) == 0;
    }
    free(window);
    return ok;
}

static bool table_slack(const struct inspector *i, const struct exh_ewf_table *t, unsigned copy, uint64_t slack, struct exh_error *err)
{
    uint64_t end = t->copies[copy].body + t->copies[copy].body_bytes;
    bool zero;
    if (slack == 0)
        return true;
    if (!range_is_zero(i, t->segment, end - slack, end, &zero, err))
        return false;
    return zero ||
           exh_inspection_remark(i->in, "padding", EXH_WARNS, exh_ewf_file_of(i->set, t->segment), end - slack, err,
                                 "%llu bytes behind the entries of %s are not zeros", (unsigned long long)slack, copy == 0 ? "table" : "table2");
}

/* Chunk data between the start of `sectors` and the first chunk is described by nothing. */
static bool data_region(const struct inspector *i, const struct exh_ewf_table *t, const struct exh_ewf_entries *e, struct exh_error *err)
{
    if (e->count == 0)
        return true;
    uint64_t first = e->where[0] >> 1, end = e->where[e->count] >> 1, per = i->set->volume.chunk_sectors, all = i->set->volume.sectors;
    struct exh_region region = {.offset = first, .bytes = end - first, .lba = -1, .role = "chunks"};
    if (t->first_chunk < all / per + (all % per != 0)) { /* else chunks that the volume knows nothing of */
        uint64_t lba = t->first_chunk * per;
        region.lba = (int64_t)lba;
        region.sectors = e->count <= (all - lba) / per ? e->count * per : all - lba;
    }
    (void)snprintf(region.file, sizeof region.file, "%s", exh_ewf_file_of(i->set, t->segment));
    if (!exh_inspection_region(i->in, &region, err))
        return false;
    return t->data == 0 || first <= t->data || unclaimed(i, t->segment, t->data, first, "of chunk data", err);
}

static bool table_checks(const struct inspector *i, const struct exh_ewf_table *t, struct exh_ewf_entries *entries, struct exh_error *err)
{
    bool good[2] = {false, false}, spare = t->copies[1].present, same = true;
    struct exh_error why[2] = {{0}, {0}};
    uint64_t slack[2] = {0, 0};
    if (t->entries == 0)
        return true;
    for (unsigned copy = 2; copy-- > 0;) { /* the first last, so that its entries are the ones at hand */
        if (copy == 1 && !spare)
            continue;
        good[copy] = exh_ewf_entries_load(i->set, t, copy, entries, &slack[copy], &why[copy]);
        if (good[copy] && !table_slack(i, t, copy, slack[copy], err))
            return false;
    }
    if ((!good[0] && !bad_copy(i, t, 0, good[1], &why[0], err)) || (spare && !good[1] && !bad_copy(i, t, 1, good[0], &why[1], err)))
        return false;
    if (good[0] && good[1] && !same_bytes(i, t, &same, err))
        return false;
    if (!same && !exh_inspection_remark(i->in, "table-copy", EXH_FAILS, exh_ewf_file_of(i->set, t->segment), t->copies[1].body, err,
                                        "table2 differs from table, though both hold (chunks %llu to %llu)", (unsigned long long)t->first_chunk,
                                        (unsigned long long)(t->first_chunk + t->entries - 1)))
        return false;
    if (!good[0] && good[1] && !exh_ewf_entries_load(i->set, t, 1, entries, NULL, err))
        return false;
    return !(good[0] || good[1]) || data_region(i, t, entries, err);
}

static bool tables(const struct inspector *i, struct exh_error *err)
{
    struct exh_ewf_entries entries = {0};
    bool ok = true;
    for (size_t n = 0; ok && n < i->set->table_count; n++)
        ok = table_checks(i, &i->set->tables[n], &entries, err);
    exh_ewf_entries_close(&entries);
    return ok;
}

bool exh_ewf_inspect(const struct exh_ewf_set *set, struct exh_inspection *in, struct exh_error *err)
{
    const struct inspector i = {set, in};
    if (!copy_found(&i, err) || !volume_facts(&i, err) || !field_facts(&i, err))
        return false;
    for (uint32_t segment = 0; segment < set->segment_count; segment++)
        if (!segment_regions(&i, segment, err))
            return false;
    return tables(&i, err);
}
