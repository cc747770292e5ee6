/* names.c - an ordered list of file names. See names.h. */
#include "formats/model/names.h"

#include "formats/model/grow.h"
#include "formats/model/text.h"

#define NAMES_MAX (1u << 16) /* EWF has 14,295 segment names; split sets stay below 1,000 */

bool exh_names_add(struct exh_names *names, const char *name, struct exh_error *err)
{
    if (!exh_grow((void **)&names->items, &names->capacity, names->count, sizeof *names->items, NAMES_MAX, "file names", err))
        return false;
    char *copy = exh_text_copy(name, strlen(name));
    if (copy == NULL)
        return exh_nomem(err, "a file name");
    names->items[names->count++] = copy;
    return true;
}

void exh_names_close(struct exh_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    memset(names, 0, sizeof *names);
}
