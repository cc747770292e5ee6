/* grow.h - room for one more element in an array that doubles; the only growth rule of the project. */
#ifndef EXH_FORMATS_MODEL_GROW_H
#define EXH_FORMATS_MODEL_GROW_H

#include <stddef.h>

#include "formats/model/error.h"

/* Makes room for items[count]. *items and *capacity change together; false (err) at `max` elements or when memory is out. */
EXH_MUST_CHECK bool exh_grow(void **items, size_t *capacity, size_t count, size_t element_bytes, size_t max, const char *what, struct exh_error *err);

#endif
