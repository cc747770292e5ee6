/* record_found.c - what an image was seen to be, whoever made it: format, files, layout, and what it says of itself. See record.h, FOUND.
 *
 * An image from elsewhere has no end line here that could tell this, so each line that looked into it does. */
#include "report/ledger/record.h"

#include "report/ledger/record_parts.h"

/* Nothing of it is this program's word: a digest that is stored need not hold. */
static json_t *stored_json(const struct exh_seal *seal)
{
    uint64_t unreadable = 0;
    json_t *json = json_object();
    for (size_t i = 0; i < seal->unreadable.count; i++)
        unreadable += seal->unreadable.ranges[i].count;
    bool ok = json != NULL && exh_record_set(json, "digests", exh_record_digests(&seal->digests)) &&
              exh_record_set(json, "case", exh_record_fields(&seal->fields)) &&
              (unreadable == 0 || exh_record_set(json, "unreadable_sectors", exh_record_number(unreadable))) &&
              (!seal->unfinished || exh_record_set(json, "unfinished", json_true()));
    return exh_record_whole(json, ok);
}

static bool says_something(const struct exh_seal *seal)
{
    return seal != NULL && (seal->digests.count > 0 || seal->fields.count > 0 || seal->unreadable.count > 0 || seal->unfinished);
}

bool exh_record_found(const struct exh_medium *medium, json_t *object)
{
    const struct exh_layout *layout = medium->layout;
    uint32_t n = layout->track_count;
    return (medium->format == NULL || exh_record_set(object, "format", exh_record_text(medium->format))) &&
           (medium->files == NULL || exh_record_set(object, "files", exh_record_files(medium->files))) &&
           exh_record_set(object, "sector_size", json_integer(n > 0 ? layout->tracks[0].main_bytes : 0)) &&
           exh_record_set(object, "tail_bytes", json_integer(n > 0 ? layout->tracks[n - 1].tail_bytes : 0)) &&
           exh_record_set(object, "layout", exh_record_layout(layout)) &&
           (!says_something(medium->seal) || exh_record_set(object, "stored", stored_json(medium->seal)));
}
