/* facts_medium.c - what the end line says of a medium that failed, lied, was paused over or was asked about its health (record.h, RESULT).
 *
 * All of it is optional, and all of it is read whatever came of the run: it speaks of the source, not of an image. An entry that is none of
 * its kind is left out and counted, so that the page can say that something stood there. Lists a figure is drawn from are put in order. */
#include "report/pages/facts_reader.h"

static int truth_at(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_boolean(value) ? json_is_true(value) : -1;
}

/* A range of sectors whose members are lba and count; false: absent, of another type, or beyond belief. */
static bool read_position(const json_t *lba, const json_t *count, int64_t *lba_out, uint64_t *count_out)
{
    struct exh_number sectors = exh_facts_number_of(count);
    if (!json_is_integer(lba) || !sectors.known || !exh_facts_believable(json_integer_value(lba), sectors.value))
        return false;
    *lba_out = json_integer_value(lba);
    *count_out = sectors.value;
    return true;
}

/* --- passes and pauses --- */

static void read_passes(struct exh_facts_reader *r, const json_t *list)
{
    struct exh_fact_passes *out = &r->facts->passes;
    size_t i;
    const json_t *item;
    out->told = json_is_array(list);
    json_array_foreach(list, i, item)
    {
        if (!json_is_object(item)) {
            out->malformed++;
            continue;
        }
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "passes"))
            return;
        out->items[out->count++] = (struct exh_fact_pass){.name = exh_facts_string_at(r, item, "pass"),
                                                          .number = exh_facts_number_at(item, "number"),
                                                          .reads = exh_facts_number_at(item, "reads"),
                                                          .failed_reads = exh_facts_number_at(item, "failed_reads"),
                                                          .sectors_read = exh_facts_number_at(item, "sectors_read"),
                                                          .milliseconds = exh_facts_number_at(item, "milliseconds")};
    }
}

static void read_pauses(struct exh_facts_reader *r, const json_t *list)
{
    struct exh_fact_pauses *out = &r->facts->pauses;
    size_t i;
    const json_t *item;
    out->told = json_is_array(list);
    json_array_foreach(list, i, item)
    {
        if (!json_is_object(item)) {
            out->malformed++;
            continue;
        }
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "pauses"))
            return;
        out->items[out->count++] = (struct exh_fact_pause){.paused = exh_facts_string_at(r, item, "paused"),
                                                           .resumed = exh_facts_string_at(r, item, "resumed"),
                                                           .why = exh_facts_string_at(r, item, "why"),
                                                           .seconds = exh_facts_number_at(item, "seconds"),
                                                           .kept_sectors = exh_facts_number_at(item, "kept_sectors"),
                                                           .lost_sectors = exh_facts_number_at(item, "lost_sectors")};
    }
}

/* --- speed --- */

static int by_cell(const void *a, const void *b)
{
    const struct exh_fact_speed_cell *x = a, *y = b;
    return x->lba < y->lba ? -1 : x->lba > y->lba;
}

/* Cells are put in order; one that overlaps the one before it is not believed. */
static void order_cells(struct exh_fact_speed *speed)
{
    size_t kept = 0;
    if (speed->count > 0)
        qsort(speed->items, speed->count, sizeof *speed->items, by_cell);
    for (size_t i = 0; i < speed->count; i++) {
        if (kept > 0 && speed->items[i].lba < speed->items[kept - 1].lba + (int64_t)speed->items[kept - 1].span)
            speed->malformed++;
        else
            speed->items[kept++] = speed->items[i];
    }
    speed->count = kept;
}

static void read_speed(struct exh_facts_reader *r, const json_t *list, struct exh_number cell_sectors)
{
    struct exh_fact_speed *out = &r->facts->speed;
    size_t i;
    const json_t *item;
    out->told = json_is_array(list);
    json_array_foreach(list, i, item)
    {
        struct exh_fact_speed_cell cell;
        struct exh_number micros = exh_facts_number_of(json_array_get(item, 2));
        if (!read_position(json_array_get(item, 0), json_array_get(item, 1), &cell.lba, &cell.sectors) || !micros.known || micros.value == 0) {
            out->malformed++;
            continue;
        }
        cell.microseconds = micros.value;
        cell.span = cell_sectors.known && cell_sectors.value > 0 && cell_sectors.value < cell.sectors ? cell_sectors.value : cell.sectors;
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "cells of a speed record"))
            return;
        out->items[out->count++] = cell;
    }
    order_cells(out);
}

/* --- what could not be read, and what changed --- */

static bool read_sense(const json_t *list, uint8_t sense[3])
{
    bool any = false;
    if (json_array_size(list) != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        struct exh_number part = exh_facts_number_of(json_array_get(list, i));
        if (!part.known || part.value > UINT8_MAX)
            return false;
        sense[i] = (uint8_t)part.value;
        any = any || part.value != 0;
    }
    return any; /* zeros: the kernel gave none */
}

static int by_trouble(const void *a, const void *b)
{
    const struct exh_fact_trouble *x = a, *y = b;
    return x->lba < y->lba ? -1 : x->lba > y->lba;
}

static void read_troubles(struct exh_facts_reader *r, const json_t *list)
{
    struct exh_fact_troubles *out = &r->facts->troubles;
    size_t i;
    const json_t *item;
    out->told = json_is_array(list);
    json_array_foreach(list, i, item)
    {
        struct exh_fact_trouble trouble = {0};
        if (!read_position(json_object_get(item, "lba"), json_object_get(item, "count"), &trouble.lba, &trouble.count)) {
            out->malformed++;
            continue;
        }
        trouble.attempts = exh_facts_number_at(item, "attempts");
        trouble.sys = exh_facts_number_at(item, "errno");
        trouble.milliseconds = exh_facts_number_at(item, "milliseconds");
        trouble.sense_known = read_sense(json_object_get(item, "sense"), trouble.sense);
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "failed ranges"))
            return;
        out->items[out->count++] = trouble;
    }
    if (out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, by_trouble);
}

static void read_changes(struct exh_facts_reader *r, const json_t *list)
{
    struct exh_fact_changes *out = &r->facts->changes;
    size_t i;
    const json_t *item;
    out->told = json_is_array(list);
    json_array_foreach(list, i, item)
    {
        struct exh_fact_range range;
        if (!read_position(json_array_get(item, 0), json_array_get(item, 1), &range.lba, &range.count) || out->sectors > UINT64_MAX - range.count) {
            out->malformed++;
            continue;
        }
        if (!EXH_FACTS_ADD(r, out->items, out->capacity, out->count, "changed ranges"))
            return;
        out->items[out->count++] = range;
        out->sectors += range.count;
    }
}

/* --- the device of itself, and how it was read --- */

static enum exh_fact_hidden_state hidden_state(const char *word)
{
    if (word == NULL)
        return EXH_FACT_HIDDEN_UNKNOWN;
    return strcmp(word, "found") == 0         ? EXH_FACT_HIDDEN_FOUND
           : strcmp(word, "none") == 0        ? EXH_FACT_HIDDEN_NONE
           : strcmp(word, "not-checked") == 0 ? EXH_FACT_HIDDEN_NOT_CHECKED
                                              : EXH_FACT_HIDDEN_UNKNOWN;
}

static void read_hidden(struct exh_facts_reader *r, const json_t *areas)
{
    static const char *const names[] = {[EXH_FACT_HPA] = "hpa", [EXH_FACT_DCO] = "dco", [EXH_FACT_AMA] = "ama"};
    r->facts->hidden_told = json_is_object(areas);
    for (size_t i = 0; i < EXH_FACT_HIDDEN_KINDS; i++) {
        const json_t *area = json_object_get(areas, names[i]);
        r->facts->hidden[i] = (struct exh_fact_hidden){.state = hidden_state(exh_facts_string_at(r, area, "state")),
                                                       .sectors = exh_facts_number_at(area, "sectors"),
                                                       .why = exh_facts_string_at(r, area, "why")};
    }
}

static void read_health(struct exh_facts_reader *r, struct exh_fact_health *out, const json_t *health)
{
    size_t i;
    const json_t *item;
    const char *state = exh_facts_string_at(r, health, "state");
    if (state != NULL && (strcmp(state, "passed") == 0 || strcmp(state, "failing") == 0 || strcmp(state, "not-available") == 0))
        out->state = state;
    out->kind = exh_facts_string_at(r, health, "kind");
    out->why = exh_facts_string_at(r, health, "why");
    json_array_foreach(json_object_get(health, "attributes"), i, item)
    {
        if (!json_is_object(item) || out->count == EXH_FACTS_ATTRIBUTES_MAX) {
            out->malformed++;
            continue;
        }
        if (!EXH_FACTS_ADD(r, out->attributes, out->capacity, out->count, "health attributes"))
            return;
        out->attributes[out->count++] = (struct exh_fact_attribute){.name = exh_facts_string_at(r, item, "name"),
                                                                    .id = exh_facts_number_at(item, "id"),
                                                                    .value = exh_facts_number_at(item, "value"),
                                                                    .worst = exh_facts_number_at(item, "worst"),
                                                                    .threshold = exh_facts_number_at(item, "threshold"),
                                                                    .raw = exh_facts_number_at(item, "raw")};
    }
}

static void read_reading(struct exh_facts_reader *r, const json_t *reader)
{
    struct exh_fact_reading *out = &r->facts->reading;
    out->told = json_is_object(reader);
    out->process = truth_at(reader, "process");
    out->no_new_privileges = truth_at(reader, "no_new_privileges");
    const json_t *capabilities = json_object_get(reader, "capabilities");
    bool none = json_is_string(capabilities) && json_string_length(capabilities) == 0; /* recorded, and nothing was kept */
    out->capabilities = none && !r->failed ? exh_facts_keep_plain(r, "none") : exh_facts_string_of(r, capabilities);
}

void exh_facts_read_medium(struct exh_facts_reader *r, const json_t *body)
{
    struct exh_facts *f = r->facts;
    f->fill = exh_facts_string_at(r, body, "fill");
    f->recovered_sectors = exh_facts_number_at(body, "recovered_sectors");
    read_passes(r, json_object_get(body, "passes"));
    read_pauses(r, json_object_get(body, "pauses"));
    read_speed(r, exh_facts_at(body, "speed.cells"), exh_facts_number_at(body, "speed.cell_sectors"));
    read_troubles(r, json_object_get(body, "trouble"));
    read_changes(r, json_object_get(body, "changed"));
    read_hidden(r, json_object_get(body, "hidden_areas"));
    f->health_told = json_is_object(json_object_get(body, "health"));
    read_health(r, &f->health_before, exh_facts_at(body, "health.before"));
    read_health(r, &f->health_after, exh_facts_at(body, "health.after"));
    read_reading(r, json_object_get(body, "reader"));
}
