/* record_lineage.c - LINEAGE: the parents and the snapshot that an image was opened with. See record.h, formats/model/lineage.h. */
#include "report/ledger/record.h"

static json_t *parent_json(const struct exh_parent *p, size_t depth)
{
    json_t *identifier =
        p->identifier[0] != '\0' ? json_pack("{s:s,s:s,s:b}", "kind", p->identifier_kind, "value", p->identifier, "matched", 1) : json_null();
    return json_pack("{s:o,s:I,s:s,s:I,s:o,s:n}", "path", exh_record_text(p->path), "depth", (json_int_t)depth, "format", p->format, "bytes",
                     (json_int_t)p->bytes, "identifier", identifier, "sha256");
}

bool exh_record_lineage(const struct exh_lineage *lineage, const char *snapshot, json_t *object)
{
    json_t *parents = lineage->count > 0 ? json_array() : NULL;
    bool ok = lineage->count == 0 || parents != NULL;
    for (size_t i = 0; ok && i < lineage->count; i++)
        ok = json_array_append_new(parents, parent_json(&lineage->parents[i], i + 1)) == 0;
    ok = ok && (parents == NULL || json_object_set(object, "parents", parents) == 0) &&
         (snapshot == NULL || json_object_set_new(object, "snapshot", exh_record_text(snapshot)) == 0) &&
         ((lineage->snapshot_id[0] == '\0' && lineage->snapshot_name[0] == '\0') ||
          json_object_set_new(object, "snapshot_chosen",
                              json_pack("{s:o,s:o}", "id", exh_record_text(lineage->snapshot_id), "name", exh_record_text(lineage->snapshot_name))) ==
              0);
    json_decref(parents);
    return ok;
}
