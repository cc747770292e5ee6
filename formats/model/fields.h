/* fields.h - an ordered list of named texts: case data, device identity, container facts.
 *
 * Keys of case data are those of the command line: case exhibit examiner agency description notes blocker label seal condition
 * place authority; keys of a device's identity: vendor model serial wwn firmware bus. Others are allowed.
 * Owned by its holder; exh_fields_close frees. Not shared between threads while it changes. */
#ifndef EXH_FORMATS_MODEL_FIELDS_H
#define EXH_FORMATS_MODEL_FIELDS_H

#include <stddef.h>

#include "formats/model/error.h"

struct exh_field {
    char *key, *value; /* UTF-8, never NULL */
};

struct exh_fields {
    struct exh_field *items;
    size_t count, capacity;
};

#define EXH_FIELDS_MAX 4096 /* no image has more facts than a person could read */

/* Sets (replaces) a key; a NULL value is ignored. Copies both. */
EXH_MUST_CHECK bool exh_fields_set(struct exh_fields *fields, const char *key, const char *value, struct exh_error *err);
/* The value, or NULL. Borrowed until the next change. */
const char *exh_fields_get(const struct exh_fields *fields, const char *key);
void exh_fields_close(struct exh_fields *fields);

#endif
