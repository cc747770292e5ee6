/* ewf_set.c - finds the segments of an E01 image and holds what they say against each other. See ewf_set.h.
 *
 * Segment k of disk.E01 is disk.E02 .. disk.E99, disk.EAA .. disk.ZZZ, in the case of the first. A segment proves its place by the number
 * in its file header and, where the writer stored one, by the set GUID in its volume, disk or data section. */
#include "formats/evidence/ewf_set.h"

#include <errno.h>
#include <stdarg.h>

#include "formats/container/siblings.h"
#include "formats/evidence/ewf_seal.h"
#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define HELD_OPEN 32u     /* segments that keep a descriptor; the rest are opened for each read */
#define REMARKS_MAX 4096u /* kept from open: a hostile set must not make us hold a remark per section */
#define TABLES_MAX EXH_EWF_SECTIONS_MAX
#define MEDIA_OPTICAL 3u
#define LETTERED (26u * 26u) /* names per first letter */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c; }
static bool is_letter(char c) { return upper(c) >= 'A' && upper(c) <= 'Z'; }

/* The three characters behind the last dot, or NULL. */
static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && strlen(dot) == 4 && is_letter(dot[1]) ? dot + 1 : NULL;
}

uint32_t exh_ewf_segment_number(const char *name, char *first_letter)
{
    const char *e = extension_of(name);
    if (e == NULL)
        return 0;
    if (is_digit(e[1]) && is_digit(e[2])) {
        *first_letter = upper(e[0]);
        return (uint32_t)(e[1] - '0') * 10u + (uint32_t)(e[2] - '0');
    }
    if (!is_letter(e[1]) || !is_letter(e[2]) || upper(e[0]) < 'E')
        return 0;
    *first_letter = 'E';
    return 100u + (uint32_t)(upper(e[0]) - 'E') * LETTERED + (uint32_t)(upper(e[1]) - 'A') * 26u + (uint32_t)(upper(e[2]) - 'A');
}

bool exh_ewf_segment_name(const char *member, uint32_t number, char *out, size_t room)
{
    char letter, extension[4];
    const char *e = extension_of(member);
    if (exh_ewf_segment_number(member, &letter) == 0 || number == 0 || number > EXH_EWF_SEGMENTS_MAX)
        return false;
    if (number < 100) {
        (void)snprintf(extension, sizeof extension, "%c%c%c", letter, (char)('0' + number / 10), (char)('0' + number % 10));
    } else {
        uint32_t n = number - 100;
        if (n / LETTERED > (uint32_t)('Z' - letter))
            return false;
        (void)snprintf(extension, sizeof extension, "%c%c%c", (char)(letter + (char)(n / LETTERED)), (char)('A' + n % LETTERED / 26),
                       (char)('A' + n % 26));
    }
    if (e[0] >= 'a')
        for (size_t i = 0; i < 3; i++)
            extension[i] = is_letter(extension[i]) ? (char)(extension[i] - 'A' + 'a') : extension[i];
    int length = snprintf(out, room, "%.*s%s", (int)(e - member), member, extension);
    return length > 0 && (size_t)length < room;
}

const char *exh_ewf_file_of(const struct exh_ewf_set *set, uint32_t segment) { return exh_text_base(set->segments[segment].source->name); }

bool exh_ewf_remark(struct exh_ewf_set *set, const char *check, enum exh_outcome outcome, uint32_t segment, uint64_t offset, struct exh_error *err,
                    const char *fmt, ...)
{
    if (set->found.remark_count >= REMARKS_MAX)
        return true;
    va_list args;
    va_start(args, fmt);
    bool ok = exh_inspection_remark_list(&set->found, check, outcome, exh_ewf_file_of(set, segment), offset, err, fmt, args);
    va_end(args);
    return ok;
}

/* ---- segments ---- */

static bool fail_missing(const struct exh_ewf_set *set, const struct exh_open *options, uint32_t number, struct exh_error *err)
{
    char name[512], later[512];
    bool named = exh_ewf_segment_name(set->base_name, number, name, sizeof name), more = false;
    for (uint32_t n = number + 1; named && !more && n < number + 100 && exh_ewf_segment_name(set->base_name, n, later, sizeof later); n++)
        more = options->siblings != NULL && exh_siblings_has(options->siblings, later);
    if (!named)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "segment %u is missing, and the name \"%s\" does not say what it is called", number,
                        set->base_name);
    return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET,
                    more || number == 1 ? "segment %u (%s) is missing" : "segment %u (%s) is missing or the image was never finished", number, name);
}

static bool open_sibling(const struct exh_ewf_set *set, const struct exh_open *options, uint32_t number, struct exh_source **out,
                         struct exh_error *err)
{
    char name[512];
    if (options->siblings == NULL || !exh_ewf_segment_name(set->base_name, number, name, sizeof name))
        return fail_missing(set, options, number, err);
    *out = exh_siblings_open(options->siblings, name, number > HELD_OPEN, options->past_cache, err);
    if (*out != NULL)
        return true;
    if (err->code == EXH_NOT_FOUND && (err->sys == ENOENT || err->sys == 0))
        return fail_missing(set, options, number, err);
    return exh_context(err, "segment %u (%s)", number, name);
}

static bool add_path(struct exh_ewf_set *set, const struct exh_open *options, const struct exh_source *source, bool given, struct exh_error *err)
{
    if (given || options->siblings == NULL)
        return exh_names_add(&set->paths, given && options->path != NULL ? options->path : source->name, err);
    char *path = exh_siblings_path(options->siblings, exh_text_base(source->name));
    bool ok = path != NULL ? exh_names_add(&set->paths, path, err) : exh_nomem(err, "a path");
    free(path);
    return ok;
}

static bool add_segment(struct exh_ewf_set *set, struct exh_source *source, bool owned, const struct exh_open *options, struct exh_error *err)
{
    if (!exh_grow((void **)&set->segments, &set->segment_capacity, set->segment_count, sizeof *set->segments, EXH_EWF_SEGMENTS_MAX, "EWF segments",
                  err)) {
        if (owned)
            exh_source_close(source);
        return false;
    }
    set->segments[set->segment_count++] = (struct exh_ewf_segment){.source = source, .owned = owned, .first_section = set->sections.count};
    return add_path(set, options, source, !owned, err);
}

static bool check_file_header(struct exh_ewf_set *set, uint32_t index, struct exh_error *err)
{
    struct exh_source *source = set->segments[index].source;
    const char *name = exh_ewf_file_of(set, index);
    uint8_t raw[EXH_EWF_FILE_HEADER_BYTES];
    struct exh_ewf_file_header header;
    if (source->size < sizeof raw) {
        (void)exh_fail(err, EXH_CORRUPT, 0, "%s ends at %llu inside its file header: truncated", name, (unsigned long long)source->size);
        return exh_in_file(err, source->name);
    }
    if (!exh_source_read(source, 0, raw, sizeof raw, err))
        return false;
    if (!exh_ewf_file_header_parse(raw, &header)) {
        (void)exh_fail(err, EXH_CORRUPT, 0, "%s does not begin with the EVF signature: not a segment of this image", name);
        return exh_in_file(err, source->name);
    }
    if (header.segment != index + 1) {
        (void)exh_fail(err, EXH_CORRUPT, 9, "%s holds segment %u, not %u: segments are swapped", name, header.segment, index + 1);
        return exh_in_file(err, source->name);
    }
    if (!header.fields_start && !exh_ewf_remark(set, "file-header", EXH_FAILS, index, 8, err, "the file header's byte 8 is %u, always 1", raw[8]))
        return false;
    return header.fields_end || exh_ewf_remark(set, "file-header", EXH_FAILS, index, 11, err, "the file header's last two bytes are not zero");
}

/* ---- volume, disk and data sections ---- */

static bool same_shape(const struct exh_ewf_volume *a, const struct exh_ewf_volume *b)
{
    return a->chunks == b->chunks && a->chunk_sectors == b->chunk_sectors && a->sector_bytes == b->sector_bytes && a->sectors == b->sectors;
}

/* Another copy of what the volume section says. Another set's is refused; a stale count (some writers never go back to correct it) is a remark. */
static bool compare_volume(struct exh_ewf_set *set, const struct exh_ewf_section *s, const struct exh_ewf_volume *v, struct exh_error *err)
{
    const char *name = exh_ewf_file_of(set, s->segment);
    bool foreign = memcmp(v->guid, set->volume.guid, sizeof v->guid) != 0 && !exh_all_zero(v->guid, sizeof v->guid);
    bool shape = same_shape(v, &set->volume), stale = v->sectors == 0 || v->chunks == 0;
    if (s->segment > 0 && (foreign || (!shape && !stale))) {
        (void)exh_fail(err, EXH_CORRUPT, exh_ewf_body(s), "%s belongs to another image set: its %s says %llu sectors%s", name, s->type,
                       (unsigned long long)v->sectors, foreign ? " and another set GUID" : "");
        return exh_in_file(err, set->segments[s->segment].source->name);
    }
    if (foreign || !shape)
        return exh_ewf_remark(set, "volume-copy", EXH_FAILS, s->segment, exh_ewf_body(s), err,
                              "section '%s' says %llu sectors in %u chunks%s, '%s' says %llu in %u", s->type, (unsigned long long)v->sectors,
                              v->chunks, foreign ? " of another set" : "", set->sections.items[set->volume_section].type,
                              (unsigned long long)set->volume.sectors, set->volume.chunks);
    if (memcmp(v->guid, set->volume.guid, sizeof v->guid) != 0 &&
        !exh_ewf_remark(set, "volume-copy", EXH_WARNS, s->segment, exh_ewf_body(s), err, "section '%s' holds no set GUID, the first does", s->type))
        return false;
    if (v->media_type != set->volume.media_type || v->flags != set->volume.flags)
        return exh_ewf_remark(set, "volume-copy", EXH_WARNS, s->segment, exh_ewf_body(s), err,
                              "section '%s' says media type %u and flags %u, the first %u and %u", s->type, v->media_type, v->flags,
                              set->volume.media_type, set->volume.flags);
    return true;
}

static bool load_volume(struct exh_ewf_set *set, size_t index, struct exh_error *err)
{
    const struct exh_ewf_section *s = &set->sections.items[index];
    uint64_t length = exh_ewf_body_bytes(s);
    if (length == EXH_EWF_VOLUME_SMART_BYTES && !set->have_volume) {
        set->smart = true;
        return true;
    }
    uint8_t body[EXH_EWF_VOLUME_BYTES];
    struct exh_ewf_volume volume;
    enum exh_ewf_sum sum;
    if (length < sizeof body)
        return exh_ewf_remark(set, "section-checksum", EXH_FAILS, s->segment, s->offset, err, "section '%s' has %llu bytes of the %zu it needs",
                              s->type, (unsigned long long)length, sizeof body);
    if (!exh_source_read(set->segments[s->segment].source, exh_ewf_body(s), body, sizeof body, err))
        return false;
    exh_ewf_volume_parse(body, &volume, &sum);
    if (sum == EXH_EWF_SUM_FAILS)
        return exh_ewf_remark(set, "section-checksum", EXH_FAILS, s->segment, exh_ewf_body(s), err, "section '%s' fails its checksum", s->type);
    if (sum == EXH_EWF_SUM_ABSENT &&
        !exh_ewf_remark(set, "section-checksum", EXH_WARNS, s->segment, exh_ewf_body(s), err, "section '%s' stores no checksum", s->type))
        return false;
    if (set->have_volume)
        return compare_volume(set, s, &volume, err);
    set->volume = volume;
    set->volume_section = index;
    set->have_volume = true;
    return true;
}

static bool load_volumes(struct exh_ewf_set *set, const struct exh_ewf_segment *segment, struct exh_error *err)
{
    bool any = false;
    for (size_t i = segment->first_section; i < segment->first_section + segment->section_count; i++) {
        enum exh_ewf_kind kind = set->sections.items[i].kind;
        if (kind != EXH_EWF_VOLUME && kind != EXH_EWF_DISK && kind != EXH_EWF_DATA)
            continue;
        any = true;
        if (!load_volume(set, i, err))
            return false;
    }
    uint32_t index = (uint32_t)(segment - set->segments);
    return any ||
           exh_ewf_remark(set, "segment-set", EXH_WARNS, index, EXH_NO_OFFSET, err, "no data section says which image set the segment belongs to");
}

static bool check_volume(struct exh_ewf_set *set, struct exh_error *err)
{
    const struct exh_ewf_volume *v = &set->volume;
    const char *file = set->segments[0].source->name;
    if (!set->have_volume) {
        (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "no volume, disk or data section of the image is whole");
        return exh_in_file(err, file);
    }
    uint64_t at = exh_ewf_body(&set->sections.items[set->volume_section]), bytes, chunk;
    file = set->segments[set->sections.items[set->volume_section].segment].source->name;
    if (v->sector_bytes == 0 || v->sector_bytes > EXH_SECTOR_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, at, "sectors of %u bytes", v->sector_bytes), exh_in_file(err, file);
    if (v->chunk_sectors == 0 || !exh_mul_u64(v->chunk_sectors, v->sector_bytes, &chunk) || chunk > EXH_EWF_CHUNK_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, at, "chunks of %u sectors of %u bytes", v->chunk_sectors, v->sector_bytes), exh_in_file(err, file);
    if (!exh_mul_u64(v->sectors, v->sector_bytes, &bytes) || bytes > EXH_MEDIA_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, at, "%llu sectors of %u bytes", (unsigned long long)v->sectors, v->sector_bytes), exh_in_file(err, file);
    uint64_t needed = v->sectors / v->chunk_sectors + (v->sectors % v->chunk_sectors != 0);
    return needed == v->chunks || exh_ewf_remark(set, "volume", EXH_FAILS, set->sections.items[set->volume_section].segment, at, err,
                                                 "%llu sectors make %llu chunks, not the %u the volume section says", (unsigned long long)v->sectors,
                                                 (unsigned long long)needed, v->chunks);
}

/* ---- the walk over the set ---- */

static bool walk_segment(struct exh_ewf_set *set, uint32_t index, bool *more, struct exh_error *err)
{
    struct exh_ewf_segment *segment = &set->segments[index];
    if (!check_file_header(set, index, err) || !exh_ewf_walk(segment->source, index, &set->sections, err))
        return false;
    segment->section_count = set->sections.count - segment->first_section;
    *more = set->sections.items[set->sections.count - 1].kind == EXH_EWF_NEXT;
    return load_volumes(set, segment, err);
}

static bool check_extra(struct exh_ewf_set *set, const struct exh_open *options, struct exh_error *err)
{
    char name[512];
    uint32_t last = (uint32_t)set->segment_count;
    if (options->siblings == NULL || !exh_ewf_segment_name(set->base_name, last + 1, name, sizeof name) || !exh_siblings_has(options->siblings, name))
        return true;
    return exh_ewf_remark(set, "segment-set", EXH_WARNS, last - 1, EXH_NO_OFFSET, err, "%s lies beside the image, which ends with segment %u", name,
                          last);
}

/* Which segment the handed-in file is by its name; a name that says nothing leaves it to be the first. */
static uint32_t given_number(const struct exh_ewf_set *set)
{
    char letter;
    uint32_t number = exh_ewf_segment_number(set->base_name, &letter);
    return number != 0 ? number : 1;
}

bool exh_ewf_sibling_paths(struct exh_names *paths, const char *path, struct exh_siblings *siblings, struct exh_error *err)
{
    char name[512], letter;
    const char *base = exh_text_base(path);
    uint32_t number = exh_ewf_segment_number(base, &letter);
    for (uint32_t n = 1; number != 0 && siblings != NULL && exh_ewf_segment_name(base, n, name, sizeof name) && exh_siblings_has(siblings, name);
         n++) {
        char *sibling = exh_siblings_path(siblings, name);
        /* libewf opens it by itself, and marks nothing; the file that was given, which may be a link, is marked already. */
        bool given = strcmp(name, base) == 0;
        struct exh_source *marked = given ? NULL : exh_siblings_open(siblings, name, true, false, err);
        bool ok = (given || marked != NULL) && (sibling != NULL ? exh_names_add(paths, sibling, err) : exh_nomem(err, "a path"));
        exh_source_close(marked);
        free(sibling);
        if (!ok)
            return false;
    }
    return paths->count > 0 || exh_names_add(paths, path, err);
}

/* A SMART set is read by libewf, which wants the paths of all segments and no others. */
static bool gather_smart(struct exh_ewf_set *set, const struct exh_source *given, const struct exh_open *options, struct exh_error *err)
{
    exh_names_close(&set->paths);
    return exh_ewf_sibling_paths(&set->paths, options->path != NULL ? options->path : given->name, options->siblings, err);
}

/* The last segment, taken back. */
static void drop_segment(struct exh_ewf_set *set)
{
    struct exh_ewf_segment *segment = &set->segments[--set->segment_count];
    if (segment->owned)
        exh_source_close(segment->source);
    set->sections.count = segment->first_section;
    if (set->have_volume && set->volume_section >= segment->first_section)
        set->have_volume = false;
    free(set->paths.items[--set->paths.count]);
}

/* Its writer makes a segment durable before it writes `next`, so what has one is whole; what is not, is not a failure here. */
static bool gather_closed(struct exh_ewf_set *set, struct exh_source *given, const struct exh_open *options, struct exh_error *err)
{
    for (bool closed = true; closed && set->segment_count < EXH_EWF_SEGMENTS_MAX;) {
        uint32_t number = (uint32_t)set->segment_count + 1;
        size_t remarks = set->found.remark_count;
        struct exh_source *source = given;
        char name[512];
        if (number > 1 && (!exh_ewf_segment_name(set->base_name, number, name, sizeof name) || !exh_siblings_has(options->siblings, name)))
            return true;
        if ((number > 1 && !open_sibling(set, options, number, &source, err)) || !add_segment(set, source, number > 1, options, err))
            return false;
        bool walked = walk_segment(set, number - 1, &closed, err);
        if (!walked && err->code != EXH_CORRUPT)
            return false;
        closed = walked && closed && !set->smart && set->found.remark_count == remarks;
        exh_error_clear(err);
        if (!closed)
            drop_segment(set);
    }
    return true;
}

static bool gather(struct exh_ewf_set *set, struct exh_source *given, const struct exh_open *options, struct exh_error *err)
{
    uint32_t mine = given_number(set);
    bool more = true;
    for (uint32_t number = 1; more; number++) {
        struct exh_source *source = given;
        if (number > EXH_EWF_SEGMENTS_MAX)
            return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %u segments", EXH_EWF_SEGMENTS_MAX);
        if (number != mine && !open_sibling(set, options, number, &source, err))
            return false;
        if (!add_segment(set, source, number != mine, options, err) || !walk_segment(set, number - 1, &more, err))
            return false;
        if (set->smart)
            return gather_smart(set, given, options, err);
    }
    if (mine > set->segment_count)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "%s lies behind the end of the image, which has %zu segments", set->base_name,
                        set->segment_count);
    return check_extra(set, options, err);
}

/* ---- tables ---- */

static bool load_table_header(struct exh_ewf_set *set, const struct exh_ewf_section *s, struct exh_ewf_table_copy *out, struct exh_error *err)
{
    uint8_t raw[EXH_EWF_TABLE_HEADER_BYTES];
    struct exh_ewf_table_header header = {0};
    enum exh_ewf_sum sum = EXH_EWF_SUM_FAILS;
    *out = (struct exh_ewf_table_copy){.present = true, .body = exh_ewf_body(s), .body_bytes = exh_ewf_body_bytes(s)};
    if (out->body_bytes >= sizeof raw) {
        if (!exh_source_read(set->segments[s->segment].source, out->body, raw, sizeof raw, err))
            return false;
        exh_ewf_table_header_parse(raw, &header, &sum);
    }
    if (sum == EXH_EWF_SUM_FAILS || header.entries > (out->body_bytes - sizeof raw) / 4)
        return exh_ewf_remark(set, s->kind == EXH_EWF_TABLE2 ? "table-copy" : "table", EXH_FAILS, s->segment, out->body, err,
                              "the header of section '%s' fails its checksum or size", s->type);
    out->entries = header.entries;
    out->base = header.base;
    out->header_holds = true;
    return true;
}

/* The table's own word once both copies are known. */
static bool settle_table(struct exh_ewf_set *set, struct exh_error *err)
{
    if (set->table_count == 0)
        return true;
    struct exh_ewf_table *t = &set->tables[set->table_count - 1];
    const struct exh_ewf_table_copy *copy = &t->copies[t->copies[0].header_holds ? 0 : 1];
    if (!copy->header_holds) {
        (void)exh_fail(err, EXH_CORRUPT, t->copies[0].present ? t->copies[0].body : t->copies[1].body,
                       "%s: neither copy of a chunk table has a header that holds, so what follows has no place", exh_ewf_file_of(set, t->segment));
        return exh_in_file(err, set->segments[t->segment].source->name);
    }
    if (copy->entries > EXH_EWF_TABLE_ENTRIES_MAX)
        return exh_fail(err, EXH_LIMIT, copy->body, "a chunk table of %u entries", copy->entries),
               exh_in_file(err, set->segments[t->segment].source->name);
    t->entries = copy->entries;
    t->first_chunk = set->chunks_held;
    set->chunks_held += t->entries;
    return true;
}

static bool add_table(struct exh_ewf_set *set, const struct exh_ewf_section *s, const struct exh_ewf_section *sectors, struct exh_error *err)
{
    if (!settle_table(set, err) ||
        !exh_grow((void **)&set->tables, &set->table_capacity, set->table_count, sizeof *set->tables, TABLES_MAX, "EWF tables", err))
        return false;
    struct exh_ewf_table *t = &set->tables[set->table_count++];
    *t = (struct exh_ewf_table){.segment = s->segment};
    if (sectors != NULL) {
        t->data = exh_ewf_body(sectors);
        t->data_end = exh_ewf_end(sectors);
    }
    return load_table_header(set, s, &t->copies[s->kind == EXH_EWF_TABLE2], err);
}

static bool collect_tables(struct exh_ewf_set *set, struct exh_error *err)
{
    const struct exh_ewf_section *sectors = NULL;
    bool pair_open = false; /* the last table may still get its table2 */
    for (size_t i = 0; i < set->sections.count; i++) {
        const struct exh_ewf_section *s = &set->sections.items[i];
        bool ok = true;
        if (s->kind == EXH_EWF_SECTORS) {
            sectors = s;
        } else if (s->kind == EXH_EWF_TABLE2 && pair_open) {
            ok = load_table_header(set, s, &set->tables[set->table_count - 1].copies[1], err);
            pair_open = false;
        } else if (s->kind == EXH_EWF_TABLE || s->kind == EXH_EWF_TABLE2) {
            ok = add_table(set, s, sectors, err);
            pair_open = s->kind == EXH_EWF_TABLE;
            sectors = NULL;
        } else {
            pair_open = false;
            sectors = s->kind == EXH_EWF_NEXT ? NULL : sectors;
        }
        if (!ok)
            return false;
    }
    return settle_table(set, err);
}

static bool check_chunks(struct exh_ewf_set *set, struct exh_error *err)
{
    const struct exh_ewf_volume *v = &set->volume;
    uint64_t needed = v->sectors / v->chunk_sectors + (v->sectors % v->chunk_sectors != 0);
    if (set->chunks_held == needed)
        return true;
    if (set->chunks_held < needed)
        set->seal.unfinished = true;
    if (set->closed_only && set->chunks_held < needed)
        return true;
    return exh_ewf_remark(set, "table", EXH_FAILS, (uint32_t)set->segment_count - 1, EXH_NO_OFFSET, err,
                          "the tables hold %llu chunks, but %llu sectors need %llu", (unsigned long long)set->chunks_held,
                          (unsigned long long)v->sectors, (unsigned long long)needed);
}

/* ---- entries ---- */

static bool entries_room(struct exh_ewf_entries *e, uint32_t count, struct exh_error *err)
{
    if (e->where != NULL && count <= e->room)
        return true;
    exh_ewf_entries_close(e);
    e->where = calloc((size_t)count + 1, sizeof *e->where);
    e->raw = calloc((size_t)count + 1, 4);
    e->room = count;
    return (e->where != NULL && e->raw != NULL) || exh_nomem(err, "a chunk table");
}

static bool fail_entries(const struct exh_ewf_set *set, const struct exh_ewf_table *t, unsigned copy, uint64_t at, const char *what,
                         struct exh_error *err)
{
    (void)exh_fail(err, EXH_CORRUPT, at, "%s: %s", copy == 0 ? "table" : "table2", what);
    return exh_in_file(err, set->segments[t->segment].source->name);
}

/* Bit 31 says "compressed" and the rest is the offset from the base; but past 2 GiB EnCase 6.7 ran the offset into that bit, and stored all
 * that followed uncompressed. Offsets ascend, so an offset that seems to fall back shows where that began. */
static bool parse_entries(const struct exh_ewf_set *set, const struct exh_ewf_table *t, unsigned copy, uint64_t begin, uint64_t end,
                          struct exh_ewf_entries *e, struct exh_error *err)
{
    const struct exh_ewf_table_copy *c = &t->copies[copy];
    uint64_t base = c->base, before = begin, at = 0;
    bool overflowed = false;
    for (uint32_t i = 0; i < e->count; i++) {
        uint32_t raw = exh_le32(e->raw + 4 * (size_t)i), offset = overflowed ? raw : raw & 0x7fffffffu;
        bool packed = !overflowed && raw >> 31 != 0;
        bool fits = exh_add_u64(base, offset, &at) && at >= before && (i == 0 || at > before);
        if (!fits && !overflowed && exh_add_u64(base, raw, &at) && at > before) {
            overflowed = fits = true;
            packed = false;
        }
        if (!fits || at >= end)
            return fail_entries(set, t, copy, c->body + EXH_EWF_TABLE_HEADER_BYTES + 4 * (uint64_t)i,
                                "chunk offsets do not ascend inside the chunk data", err);
        e->where[i] = at << 1 | packed;
        before = at;
    }
    e->where[e->count] = end << 1;
    return true;
}

bool exh_ewf_entries_load(const struct exh_ewf_set *set, const struct exh_ewf_table *t, unsigned copy, struct exh_ewf_entries *out, uint64_t *slack,
                          struct exh_error *err)
{
    const struct exh_ewf_table_copy *c = &t->copies[copy];
    struct exh_source *source = set->segments[t->segment].source;
    if (!c->present || !c->header_holds)
        return fail_entries(set, t, copy, c->body, "absent or its header fails its checksum", err);
    if (c->entries != t->entries)
        return fail_entries(set, t, copy, c->body, "its entry count differs from the other copy's", err);
    if (!entries_room(out, c->entries, err))
        return false;
    out->count = c->entries;
    uint64_t entry_bytes = 4 * (uint64_t)c->entries, first = c->body + EXH_EWF_TABLE_HEADER_BYTES;
    bool summed = c->body_bytes - EXH_EWF_TABLE_HEADER_BYTES - entry_bytes >= 4; /* a section cut to its entries has none */
    if (!exh_source_read(source, first, out->raw, (size_t)entry_bytes, err))
        return false;
    uint8_t sum[4];
    if (summed && (!exh_source_read(source, first + entry_bytes, sum, sizeof sum, err)))
        return false;
    if (summed && c->entries > 0 && exh_ewf_sum_check(out->raw, (size_t)entry_bytes, exh_le32(sum)) != EXH_EWF_SUM_HOLDS)
        return fail_entries(set, t, copy, first, "the entries fail their checksum", err);
    uint64_t own_end = first + entry_bytes + (summed ? 4 : 0), section_end = c->body + c->body_bytes;
    if (slack != NULL)
        *slack = t->data != 0 ? section_end - own_end : 0;
    return parse_entries(set, t, copy, t->data != 0 ? t->data : own_end, t->data != 0 ? t->data_end : section_end, out, err);
}

void exh_ewf_entries_close(struct exh_ewf_entries *entries)
{
    free(entries->where);
    free(entries->raw);
    memset(entries, 0, sizeof *entries);
}

/* ---- the whole ---- */

/* What the sections of the segments at hand say, in the order in which it can be believed. */
static bool settle(struct exh_ewf_set *set, struct exh_error *err)
{
    if (!check_volume(set, err) || !collect_tables(set, err) || !check_chunks(set, err))
        return false;
    exh_layout_disk(&set->layout, set->volume.sectors * set->volume.sector_bytes, set->volume.sector_bytes);
    if (set->volume.media_type == MEDIA_OPTICAL && (set->volume.sector_bytes == 2048 || set->volume.sector_bytes == 2352))
        set->layout.kind = EXH_LAYOUT_DISC;
    return exh_ewf_seal_build(set, err) && exh_layout_check(&set->layout, err);
}

static void begin(struct exh_ewf_set *set, const struct exh_source *given, const struct exh_open *options, bool closed_only)
{
    *set = (struct exh_ewf_set){.closed_only = closed_only, .base_name = exh_text_base(options->path != NULL ? options->path : given->name)};
}

bool exh_ewf_set_open(struct exh_ewf_set *set, struct exh_source *given, const struct exh_open *options, struct exh_error *err)
{
    begin(set, given, options, false);
    return gather(set, given, options, err) && (set->smart || settle(set, err));
}

bool exh_ewf_set_open_closed(struct exh_ewf_set *set, struct exh_source *given, const struct exh_open *options, struct exh_error *err)
{
    begin(set, given, options, true);
    return gather_closed(set, given, options, err) && (set->segment_count == 0 || settle(set, err));
}

uint64_t exh_ewf_set_sectors(const struct exh_ewf_set *set, size_t segments)
{
    uint64_t chunks = 0;
    for (size_t i = 0; i < set->table_count && set->tables[i].segment < segments; i++)
        chunks = set->tables[i].first_chunk + set->tables[i].entries;
    return chunks < set->volume.sectors / set->volume.chunk_sectors ? chunks * set->volume.chunk_sectors : set->volume.sectors;
}

void exh_ewf_set_close(struct exh_ewf_set *set)
{
    for (size_t i = 0; i < set->segment_count; i++)
        if (set->segments[i].owned)
            exh_source_close(set->segments[i].source);
    free(set->segments);
    free(set->tables);
    exh_ewf_sections_close(&set->sections);
    exh_names_close(&set->paths);
    exh_seal_close(&set->seal);
    exh_inspection_close(&set->found);
    memset(set, 0, sizeof *set);
}
