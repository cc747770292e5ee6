/* ewf_sections.c - the walk along a segment's sections, and the fixed structures in them. See ewf_sections.h.
 *
 * The chain is trusted for nothing: every descriptor must carry its Adler-32, lie inside the file and point forward by at least its
 * own length, so the number of steps is bounded by the file's size. */
#include "formats/evidence/ewf_sections.h"

#include "formats/container/codec.h"
#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

static const uint8_t evf[8] = {'E', 'V', 'F', 0x09, 0x0d, 0x0a, 0xff, 0x00};
static const uint8_t lvf[8] = {'L', 'V', 'F', 0x09, 0x0d, 0x0a, 0xff, 0x00};
static const uint8_t evf2[8] = {'E', 'V', 'F', '2', 0x0d, 0x0a, 0x81, 0x00};
static const uint8_t lef2[8] = {'L', 'E', 'F', '2', 0x0d, 0x0a, 0x81, 0x00};

enum exh_ewf_signature exh_ewf_signature_of(const uint8_t *bytes, size_t length)
{
    if (length < sizeof evf)
        return EXH_EWF_NOT;
    if (memcmp(bytes, evf, sizeof evf) == 0)
        return EXH_EWF_EVF;
    if (memcmp(bytes, lvf, sizeof lvf) == 0)
        return EXH_EWF_LVF;
    if (memcmp(bytes, evf2, sizeof evf2) == 0)
        return EXH_EWF_EVF2;
    return memcmp(bytes, lef2, sizeof lef2) == 0 ? EXH_EWF_LEF2 : EXH_EWF_NOT;
}

bool exh_ewf_file_header_parse(const uint8_t bytes[EXH_EWF_FILE_HEADER_BYTES], struct exh_ewf_file_header *out)
{
    *out = (struct exh_ewf_file_header){.segment = exh_le16(bytes + 9), .fields_start = bytes[8] == 1, .fields_end = exh_le16(bytes + 11) == 0};
    return exh_ewf_signature_of(bytes, EXH_EWF_FILE_HEADER_BYTES) == EXH_EWF_EVF;
}

enum exh_ewf_sum exh_ewf_sum_check(const uint8_t *data, size_t length, uint32_t stored)
{
#ifdef EXH_FUZZING
    return (void)data, (void)length, (void)stored, EXH_EWF_SUM_HOLDS; /* a mutation could not get past it */
#else
    if (exh_adler32(1, data, length) == stored)
        return EXH_EWF_SUM_HOLDS;
    return stored == 0 ? EXH_EWF_SUM_ABSENT : EXH_EWF_SUM_FAILS; /* no Adler-32 of a non-empty text is 0 */
#endif
}

static enum exh_ewf_kind kind_of(const char *type)
{
    static const struct {
        const char *type;
        enum exh_ewf_kind kind;
    } kinds[] = {
        {"header", EXH_EWF_HEADER},   {"header2", EXH_EWF_HEADER2}, {"volume", EXH_EWF_VOLUME},
        {"disk", EXH_EWF_DISK},       {"data", EXH_EWF_DATA},       {"sectors", EXH_EWF_SECTORS},
        {"table", EXH_EWF_TABLE},     {"table2", EXH_EWF_TABLE2},   {"digest", EXH_EWF_DIGEST},
        {"hash", EXH_EWF_HASH},       {"error2", EXH_EWF_ERROR2},   {"session", EXH_EWF_SESSION},
        {"xheader", EXH_EWF_XHEADER}, {"xhash", EXH_EWF_XHASH},     {"incomplete", EXH_EWF_INCOMPLETE},
        {"ltypes", EXH_EWF_LTYPES},   {"ltree", EXH_EWF_LTREE},     {"next", EXH_EWF_NEXT},
        {"done", EXH_EWF_DONE},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return kinds[i].kind;
    return EXH_EWF_OTHER;
}

/* The type for messages and comparison: up to the first NUL, anything unprintable as '?'. */
static void type_copy(const uint8_t bytes[16], char out[17])
{
    memset(out, 0, 17);
    for (size_t i = 0; i < 16 && bytes[i] != 0; i++)
        out[i] = bytes[i] >= 0x21 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
}

static bool fail_truncated(const struct exh_source *source, uint64_t offset, const char *type, uint64_t needed, struct exh_error *err)
{
    (void)exh_fail(err, EXH_CORRUPT, offset, "%s ends at %llu inside section '%s' that needs %llu: truncated", exh_text_base(source->name),
                   (unsigned long long)source->size, type, (unsigned long long)needed);
    return exh_in_file(err, source->name);
}

static bool fail_section(const struct exh_source *source, uint64_t offset, const char *type, const char *what, uint64_t value, struct exh_error *err)
{
    (void)exh_fail(err, EXH_CORRUPT, offset, "%s: section '%s' at offset %llu %s %llu", exh_text_base(source->name), type, (unsigned long long)offset,
                   what, (unsigned long long)value);
    return exh_in_file(err, source->name);
}

/* Checks the two numbers of a descriptor against each other and the file; *next is 0 at the chain's end. */
static bool place_section(const struct exh_source *source, uint64_t stored_next, uint64_t stored_bytes, struct exh_ewf_section *s, uint64_t *next,
                          struct exh_error *err)
{
    bool last = s->kind == EXH_EWF_NEXT || s->kind == EXH_EWF_DONE;
    /* EnCase points to the section itself, SMART to its end. */
    if (last && stored_next != s->offset && stored_next != s->offset + EXH_EWF_DESCRIPTOR_BYTES)
        return fail_section(source, s->offset, s->type, "ends the chain but points to offset", stored_next, err);
    if (last) {
        /* EnCase stores 0, others 76; more than a bare descriptor has no meaning. */
        if (stored_bytes != 0 && stored_bytes != EXH_EWF_DESCRIPTOR_BYTES)
            return fail_section(source, s->offset, s->type, "has no body but a size of", stored_bytes, err);
        s->bytes = EXH_EWF_DESCRIPTOR_BYTES;
        *next = 0;
        return true;
    }
    if (stored_next <= s->offset || stored_next - s->offset < EXH_EWF_DESCRIPTOR_BYTES)
        return fail_section(source, s->offset, s->type, "does not point forward but to offset", stored_next, err);
    s->bytes = stored_bytes != 0 ? stored_bytes : stored_next - s->offset;
    if (s->bytes < EXH_EWF_DESCRIPTOR_BYTES)
        return fail_section(source, s->offset, s->type, "is smaller than its descriptor: size", s->bytes, err);
    if (!exh_inside(s->offset, s->bytes, source->size))
        return s->bytes > UINT64_MAX - s->offset ? fail_section(source, s->offset, s->type, "has an impossible size of", s->bytes, err)
                                                 : fail_truncated(source, s->offset, s->type, s->offset + s->bytes, err);
    if (s->bytes > stored_next - s->offset)
        return fail_section(source, s->offset, s->type, "runs into the next section at offset", stored_next, err);
    *next = stored_next;
    return true;
}

static bool read_section(struct exh_source *source, uint32_t segment, uint64_t offset, struct exh_ewf_section *out, uint64_t *next,
                         struct exh_error *err)
{
    uint8_t raw[EXH_EWF_DESCRIPTOR_BYTES];
    if (!exh_inside(offset, sizeof raw, source->size)) {
        (void)exh_fail(err, EXH_CORRUPT, offset, "%s ends at %llu where a section descriptor at %llu should be: truncated",
                       exh_text_base(source->name), (unsigned long long)source->size, (unsigned long long)offset);
        return exh_in_file(err, source->name);
    }
    if (!exh_source_read(source, offset, raw, sizeof raw, err))
        return false;
    struct exh_cursor c = exh_cursor_over(raw, sizeof raw);
    const uint8_t *type = exh_cursor_bytes(&c, 16);
    uint64_t stored_next = exh_cursor_le64(&c), stored_bytes = exh_cursor_le64(&c);
    const uint8_t *pad = exh_cursor_bytes(&c, 40);
    uint32_t stored_sum = exh_cursor_le32(&c);
    *out = (struct exh_ewf_section){.offset = offset, .segment = segment, .odd_pad = !exh_all_zero(pad, 40)};
    type_copy(type, out->type);
    out->kind = kind_of(out->type);
    if (exh_ewf_sum_check(raw, 72, stored_sum) != EXH_EWF_SUM_HOLDS) {
        (void)exh_fail(err, EXH_CORRUPT, offset, "%s: the descriptor of section '%s' at offset %llu fails its checksum", exh_text_base(source->name),
                       out->type, (unsigned long long)offset);
        return exh_in_file(err, source->name);
    }
    return place_section(source, stored_next, stored_bytes, out, next, err);
}

bool exh_ewf_walk(struct exh_source *source, uint32_t segment, struct exh_ewf_sections *sections, struct exh_error *err)
{
    for (uint64_t offset = EXH_EWF_FILE_HEADER_BYTES; offset != 0;) {
        struct exh_ewf_section section;
        if (!read_section(source, segment, offset, &section, &offset, err) ||
            !exh_grow((void **)&sections->items, &sections->capacity, sections->count, sizeof *sections->items, EXH_EWF_SECTIONS_MAX, "EWF sections",
                      err))
            return exh_in_file(err, source->name);
        sections->items[sections->count++] = section;
    }
    return true;
}

void exh_ewf_sections_close(struct exh_ewf_sections *sections)
{
    free(sections->items);
    memset(sections, 0, sizeof *sections);
}

void exh_ewf_volume_parse(const uint8_t body[EXH_EWF_VOLUME_BYTES], struct exh_ewf_volume *out, enum exh_ewf_sum *sum)
{
    *out = (struct exh_ewf_volume){.media_type = body[0],
                                   .chunks = exh_le32(body + 4),
                                   .chunk_sectors = exh_le32(body + 8),
                                   .sector_bytes = exh_le32(body + 12),
                                   .sectors = exh_le64(body + 16),
                                   .flags = body[36],
                                   .compression = body[52],
                                   .granularity = exh_le32(body + 56)};
    memcpy(out->guid, body + 64, sizeof out->guid);
    *sum = exh_ewf_sum_check(body, EXH_EWF_VOLUME_BYTES - 4, exh_le32(body + EXH_EWF_VOLUME_BYTES - 4));
}

void exh_ewf_table_header_parse(const uint8_t body[EXH_EWF_TABLE_HEADER_BYTES], struct exh_ewf_table_header *out, enum exh_ewf_sum *sum)
{
    *out = (struct exh_ewf_table_header){.entries = exh_le32(body), .base = exh_le64(body + 8)};
    *sum = exh_ewf_sum_check(body, EXH_EWF_TABLE_HEADER_BYTES - 4, exh_le32(body + EXH_EWF_TABLE_HEADER_BYTES - 4));
}
