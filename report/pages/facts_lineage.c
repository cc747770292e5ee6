/* facts_lineage.c - what an image was opened with: its parents and the snapshot, as LINEAGE of record.h tells them. Older lines name each parent by
 * its path alone; what they do not say is not recorded. */
#include "report/pages/facts_reader.h"

static struct exh_fact_parent read_parent(struct exh_facts_reader *r, const json_t *item)
{
    const json_t *identifier = json_object_get(item, "identifier");
    struct exh_fact_parent p = {.path = exh_facts_string_at(r, item, "path"),
                                .format = exh_facts_string_at(r, item, "format"),
                                .sha256 = exh_facts_string_at(r, item, "sha256"),
                                .depth = exh_facts_number_at(item, "depth"),
                                .bytes = exh_facts_number_at(item, "bytes")};
    if (json_is_null(identifier))
        p.identifier = EXH_FACT_IDENTIFIER_NONE;
    if (!json_is_object(identifier))
        return p;
    p.identifier = EXH_FACT_IDENTIFIER_TOLD;
    p.identifier_kind = exh_facts_string_at(r, identifier, "kind");
    p.identifier_value = exh_facts_string_at(r, identifier, "value");
    p.matched = json_is_true(json_object_get(identifier, "matched"));
    return p;
}

void exh_facts_read_lineage(struct exh_facts_reader *r, struct exh_fact_lineage *out, const json_t *object)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(object, "parents"), i, item)
    {
        if (!json_is_object(item) && !json_is_string(item)) {
            out->malformed++;
            continue;
        }
        if (!EXH_FACTS_ADD(r, out->parents, out->capacity, out->count, "parents"))
            return;
        out->parents[out->count++] =
            json_is_object(item) ? read_parent(r, item) : (struct exh_fact_parent){.path = exh_facts_string_of(r, item), .depth = {i + 1, true}};
    }
    out->snapshot = exh_facts_string_at(r, object, "snapshot");
    out->snapshot_id = exh_facts_string_at(r, object, "snapshot_chosen.id");
    out->snapshot_name = exh_facts_string_at(r, object, "snapshot_chosen.name");
}
