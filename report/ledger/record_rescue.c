/* record_rescue.c - what a RESULT tells of a failing or resumed medium: passes, speed, trouble, pauses. Shapes are in record.h. */
#include "formats/model/text.h"
#include "report/ledger/record.h"

#define TROUBLE_TOLD 1000u
#define RANGES_TOLD 1000u

static json_t *count_of(uint64_t value) { return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value); }

static json_t *passes_json(const struct exh_history *h)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < h->pass_count; i++) {
        const struct exh_pass_count *c = &h->passes[i];
        (void)json_array_append_new(list, json_pack("{s:s,s:i,s:o,s:o,s:o,s:o}", "pass", exh_pass_name(c->pass), "number", (int)c->number, "reads",
                                                    count_of(c->reads), "failed_reads", count_of(c->failed_reads), "sectors_read",
                                                    count_of(c->sectors_read), "milliseconds", count_of(c->micros / 1000)));
    }
    return list;
}

static json_t *speed_json(const struct exh_speed *s)
{
    json_t *cells = json_array();
    for (uint32_t i = 0; cells != NULL && i < EXH_SPEED_CELLS; i++)
        if (s->cells[i].sectors > 0)
            (void)json_array_append_new(
                cells, json_pack("[o,o,o]", count_of(i * s->cell_sectors), count_of(s->cells[i].sectors), count_of(s->cells[i].micros)));
    return json_pack("{s:o,s:o}", "cell_sectors", count_of(s->cell_sectors), "cells", cells);
}

static json_t *trouble_item(const struct exh_trouble_entry *e, int64_t lba, uint64_t count)
{
    json_t *item = json_pack("{s:I,s:o,s:i,s:i,s:i}", "lba", (json_int_t)lba, "count", count_of(count), "attempts", (int)e->attempts, "errno", e->sys,
                             "milliseconds", (int)e->milliseconds);
    if (item != NULL && (e->sense[0] | e->sense[1] | e->sense[2]) != 0)
        (void)json_object_set_new(item, "sense", json_pack("[i,i,i]", e->sense[0], e->sense[1], e->sense[2]));
    return item;
}

/* Of the ranges that could not be read, with the words of the last attempt. An entry may hold neighbours that read in the end. */
static json_t *trouble_json(const struct exh_trouble *t, const struct exh_sectors *lost)
{
    json_t *list = json_array();
    bool inside;
    for (size_t i = 0; list != NULL && i < t->count; i++) {
        int64_t lba = t->items[i].lba, end = lba + (int64_t)t->items[i].count;
        for (int64_t stop; lba < end && json_array_size(list) < TROUBLE_TOLD; lba = stop) {
            stop = exh_sectors_part(lost, lba, end, &inside);
            if (inside)
                (void)json_array_append_new(list, trouble_item(&t->items[i], lba, (uint64_t)(stop - lba)));
        }
    }
    return list;
}

static json_t *changed_json(const struct exh_sectors *changed)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < changed->count && i < RANGES_TOLD; i++)
        (void)json_array_append_new(list, json_pack("[I,o]", (json_int_t)changed->ranges[i].lba, count_of(changed->ranges[i].count)));
    return list;
}

static json_t *time_or_null(uint64_t unix_time)
{
    char text[32];
    time_t when = (time_t)unix_time;
    struct tm t;
    if (unix_time == 0 || gmtime_r(&when, &t) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t) == 0)
        return json_null();
    return json_string(text);
}

json_t *exh_record_pause(const struct exh_journal_pause *p)
{
    bool known = p->paused != 0 && p->resumed >= p->paused;
    return json_pack("{s:o,s:o,s:o,s:o}", "paused", time_or_null(p->paused), "resumed", time_or_null(p->resumed), "seconds",
                     known ? count_of(p->resumed - p->paused) : json_null(), "why", exh_record_text(p->why));
}

static json_t *pauses_json(const struct exh_acquire_result *r)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < r->history.pause_count; i++) {
        json_t *pause = exh_record_pause(&r->history.pauses[i]);
        if (pause != NULL && i + 1 == r->history.pause_count) { /* of earlier ones it is in their own lines */
            (void)json_object_set_new(pause, "kept_sectors", count_of(r->kept_sectors));
            (void)json_object_set_new(pause, "lost_sectors", count_of(r->lost_sectors));
        }
        (void)json_array_append_new(list, pause);
    }
    return list;
}

bool exh_record_rescue(json_t *result, const struct exh_acquire_result *r)
{
    const struct exh_history *h = &r->history;
    bool ok = true;
    if (r->in_passes || h->pause_count > 0 || h->trouble.count > 0)
        ok = json_object_set_new(result, "passes", passes_json(h)) == 0;
    if (ok && h->speed.cell_sectors > 0)
        ok = json_object_set_new(result, "speed", speed_json(&h->speed)) == 0;
    if (ok && h->trouble.count > 0)
        ok = json_object_set_new(result, "trouble", trouble_json(&h->trouble, &r->seal.unreadable)) == 0 &&
             json_object_set_new(result, "recovered_sectors", count_of(r->recovered_sectors)) == 0;
    if (ok && r->given_up_sectors > 0)
        ok = json_object_set_new(result, "given_up_sectors", count_of(r->given_up_sectors)) == 0;
    if (ok && r->changed.count > 0)
        ok = json_object_set_new(result, "changed", changed_json(&r->changed)) == 0;
    if (ok && h->pause_count > 0)
        ok = json_object_set_new(result, "pauses", pauses_json(r)) == 0;
    return ok && (r->seal.unreadable.count == 0 || json_object_set_new(result, "fill", json_string(r->seal.filled ? "pattern" : "zeros")) == 0);
}
