/* fields.c - an ordered list of named texts. See fields.h. */
#include "formats/model/fields.h"

#include "formats/model/grow.h"
#include "formats/model/text.h"

static struct exh_field *find(const struct exh_fields *fields, const char *key)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->items[i].key, key) == 0)
            return &fields->items[i];
    return NULL;
}

bool exh_fields_set(struct exh_fields *fields, const char *key, const char *value, struct exh_error *err)
{
    if (value == NULL)
        return true;
    char *copy = exh_text_copy(value, strlen(value));
    if (copy == NULL)
        return exh_nomem(err, "a field");
    struct exh_field *field = find(fields, key);
    if (field != NULL) {
        free(field->value);
        field->value = copy;
        return true;
    }
    char *name = exh_text_copy(key, strlen(key));
    if (name == NULL || !exh_grow((void **)&fields->items, &fields->capacity, fields->count, sizeof *fields->items, EXH_FIELDS_MAX, "fields", err)) {
        free(copy);
        free(name);
        return name != NULL ? false : exh_nomem(err, "a field");
    }
    fields->items[fields->count++] = (struct exh_field){name, copy};
    return true;
}

const char *exh_fields_get(const struct exh_fields *fields, const char *key)
{
    const struct exh_field *field = fields != NULL ? find(fields, key) : NULL;
    return field != NULL ? field->value : NULL;
}

void exh_fields_close(struct exh_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        free(fields->items[i].key);
        free(fields->items[i].value);
    }
    free(fields->items);
    memset(fields, 0, sizeof *fields);
}
