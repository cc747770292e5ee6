/* grow.c - see grow.h. */
#include "formats/model/grow.h"

bool exh_grow(void **items, size_t *capacity, size_t count, size_t element_bytes, size_t max, const char *what, struct exh_error *err)
{
    if (count < *capacity)
        return true;
    if (count >= max)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %zu %s", max, what);
    size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    if (wanted > max)
        wanted = max;
    void *larger = reallocarray(*items, wanted, element_bytes);
    if (larger == NULL)
        return exh_nomem(err, what);
    *items = larger;
    *capacity = wanted;
    return true;
}
