/* record_device.c - what a RESULT tells of the device itself: hidden areas, health, the process that read it. Shapes are in record.h. */
#include "formats/model/text.h"
#include "report/ledger/record.h"

static json_t *number_of(uint64_t value) { return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value); }

static json_t *area_json(const struct exh_hidden_area *area)
{
    json_t *json = json_pack("{s:s}", "state", exh_hidden_state_name(area->state));
    if (json != NULL && area->state == EXH_HIDDEN_FOUND)
        (void)json_object_set_new(json, "sectors", number_of(area->sectors));
    if (json != NULL && area->why[0] != '\0')
        (void)json_object_set_new(json, "why", exh_record_text(area->why));
    return json;
}

json_t *exh_record_hidden(const struct exh_hidden *hidden)
{
    return json_pack("{s:o,s:o,s:o}", "hpa", area_json(&hidden->hpa), "dco", area_json(&hidden->dco), "ama", area_json(&hidden->ama));
}

static json_t *attribute_json(const struct exh_health_attribute *a)
{
    return json_pack("{s:i,s:o,s:i,s:i,s:i,s:o}", "id", a->id, "name", exh_record_text(a->name), "value", a->value, "worst", a->worst, "threshold",
                     a->threshold, "raw", number_of(a->raw));
}

json_t *exh_record_health(const struct exh_health *health)
{
    json_t *list = json_array();
    for (uint32_t i = 0; list != NULL && i < health->attribute_count; i++)
        (void)json_array_append_new(list, attribute_json(&health->attributes[i]));
    json_t *json = json_pack("{s:s,s:o,s:o}", "state", exh_health_state_name(health), "kind", exh_record_text(health->kind), "attributes", list);
    if (json != NULL && health->why[0] != '\0')
        (void)json_object_set_new(json, "why", exh_record_text(health->why));
    return json;
}

json_t *exh_record_reader(const struct exh_reader_privileges *p)
{
    return json_pack("{s:b,s:b,s:s,s:b}", "process", 1, "no_new_privileges", p->no_new_privileges, "capabilities",
                     p->capabilities_dropped ? "CAP_SYS_RAWIO only" : "not dropped", "system_call_filter", p->seccomp);
}
