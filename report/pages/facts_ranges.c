/* facts_ranges.c - the list of unreadable sectors: pairs [lba, count] in the ledger line, or lines "lba count" in a blob beside it.
 *
 * The list is evidence, so it is believed only as far as it bears out: a blob is held against the digest the line names (whoever hands it in
 * may have done so already), and a list out of order, overlapping, or of another sum than the count beside it is marked as contradicting
 * itself. A list that cannot be had leaves its reason, which the page gives in its place. */
#include "report/pages/facts_reader.h"

#include "formats/model/text.h"
#include "verify/digest.h"

#define RANGES_MAX (1u << 28) /* a blob line is at least "0 1\n" and a blob is bounded by its reader */

bool exh_facts_believable(int64_t lba, uint64_t count)
{
    return count > 0 && count <= EXH_FACTS_LBA_MAX && lba <= EXH_FACTS_LBA_MAX && lba >= -EXH_FACTS_LBA_MAX;
}

static bool add_range(struct exh_facts_reader *r, int64_t lba, uint64_t count)
{
    struct exh_facts *f = r->facts;
    if (r->failed || !exh_grow((void **)&f->ranges, &f->range_capacity, f->range_items, sizeof *f->ranges, RANGES_MAX, "unreadable ranges", r->err)) {
        r->failed = true;
        return false;
    }
    f->ranges[f->range_items++] = (struct exh_fact_range){lba, count};
    return true;
}

/* One line "lba count" of a blob; digits only, lba may be negative (a lead-in). */
static bool parse_range(const char *line, size_t length, struct exh_fact_range *out)
{
    char text[48];
    if (length == 0 || length >= sizeof text)
        return false;
    memcpy(text, line, length);
    text[length] = '\0';
    bool minus = text[0] == '-';
    char *space = strchr(text, ' ');
    uint64_t lba = 0, count = 0;
    if (space == NULL)
        return false;
    *space = '\0';
    if (!exh_text_u64(text + minus, &lba) || !exh_text_u64(space + 1, &count) || lba > INT64_MAX)
        return false;
    *out = (struct exh_fact_range){minus ? -(int64_t)lba : (int64_t)lba, count};
    return true;
}

static bool blob_is_what_it_says(const void *bytes, size_t length, const char *sha256)
{
    uint8_t sum[32];
    char hex[65];
    struct exh_error ignored = {0};
    if (!exh_sha256(bytes, length, sum, &ignored))
        return false;
    exh_text_hex(sum, sizeof sum, hex);
    return strcmp(hex, sha256) == 0;
}

static const char *parse_ranges(struct exh_facts_reader *r, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        const char *end = memchr(bytes + i, '\n', length - i);
        struct exh_fact_range range;
        if (end == NULL || !parse_range(bytes + i, (size_t)(end - (bytes + i)), &range))
            return "the list kept beside the ledger line is not in the form of one";
        if (!add_range(r, range.lba, range.count))
            return NULL;
        i = (size_t)(end - bytes) + 1;
    }
    return NULL;
}

/* NULL: listed. Otherwise why not; the page then says how many there are and that their list is missing. */
static const char *read_range_blob(struct exh_facts_reader *r, const json_t *value, const struct exh_blobs *blobs)
{
    const char *sha256 = exh_facts_string_at(r, value, "blob");
    void *bytes = NULL;
    size_t length = 0;
    struct exh_error why = {0};
    if (!exh_facts_is_hex(sha256, 64))
        return "the record does not name the list";
    if (blobs == NULL || blobs->get == NULL || !blobs->get(blobs->context, sha256, &bytes, &length, &why))
        return "the list kept beside the ledger line was not found";
    const char *missing = NULL;
    if (!blob_is_what_it_says(bytes, length, sha256))
        missing = "the list kept beside the ledger line does not have the digest the line names";
    else
        missing = parse_ranges(r, bytes, length);
    free(bytes);
    if (missing != NULL)
        r->facts->range_items = 0;
    return missing;
}

static void read_inline_ranges(struct exh_facts_reader *r, const json_t *list)
{
    size_t i;
    const json_t *pair;
    json_array_foreach(list, i, pair)
    {
        struct exh_number count = exh_facts_number_of(json_array_get(pair, 1));
        if (!json_is_integer(json_array_get(pair, 0)) || !count.known)
            r->facts->ranges_disagree = true;
        else if (!add_range(r, json_integer_value(json_array_get(pair, 0)), count.value))
            return;
    }
}

/* A list out of order, overlapping, or of another sum than the count beside it contradicts itself; the page says so. */
static void check_ranges(struct exh_facts *f)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < f->range_items; i++) {
        const struct exh_fact_range *range = &f->ranges[i];
        if (!exh_facts_believable(range->lba, range->count) || sum > UINT64_MAX - range->count ||
            (i > 0 && range->lba < f->ranges[i - 1].lba + (int64_t)f->ranges[i - 1].count)) {
            f->ranges_disagree = true;
            return;
        }
        sum += range->count;
    }
    if (f->ranges_listed && f->unreadable_sectors.known && sum != f->unreadable_sectors.value)
        f->ranges_disagree = true;
    if (f->ranges_listed && f->ranges_recorded.known && f->ranges_recorded.value != f->range_items)
        f->ranges_disagree = true;
}

void exh_facts_read_ranges(struct exh_facts_reader *r, const json_t *value, const struct exh_blobs *blobs)
{
    struct exh_facts *f = r->facts;
    if (json_is_array(value)) {
        f->ranges_recorded = (struct exh_number){json_array_size(value), true};
        f->ranges_listed = true;
        read_inline_ranges(r, value);
    } else if (json_is_object(value)) {
        f->ranges_recorded = exh_facts_number_at(value, "ranges");
        f->ranges_missing = read_range_blob(r, value, blobs);
        f->ranges_listed = f->ranges_missing == NULL;
    } else {
        f->ranges_missing = "the record holds no list of unreadable ranges";
    }
    check_ranges(f);
}
