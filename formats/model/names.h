/* names.h - an ordered list of file names (segments of an image, in their order). */
#ifndef EXH_FORMATS_MODEL_NAMES_H
#define EXH_FORMATS_MODEL_NAMES_H

#include <stddef.h>

#include "formats/model/error.h"

struct exh_names {
    char **items;
    size_t count, capacity;
};

EXH_MUST_CHECK bool exh_names_add(struct exh_names *names, const char *name, struct exh_error *err);
void exh_names_close(struct exh_names *names);

#endif
