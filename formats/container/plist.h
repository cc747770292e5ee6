/* plist.h - Apple's XML property lists (DTD PropertyList-1.0), as far as disk images need them: dicts, arrays, strings, integers, data.
 *
 * Parsed by libxml2's reader: no network, no entities beyond the five of XML, no DTD loaded. Bounded: EXH_PLIST_BYTES_MAX of text, 32 levels, a
 * million nodes. Immutable once parsed. */
#ifndef EXH_FORMATS_CONTAINER_PLIST_H
#define EXH_FORMATS_CONTAINER_PLIST_H

#include <stddef.h>

#include "formats/model/error.h"

#define EXH_PLIST_BYTES_MAX (256u << 20) /* 1 TB of UDIF has 54 MB of tables */

enum exh_plist_kind { EXH_PLIST_DICT, EXH_PLIST_ARRAY, EXH_PLIST_STRING /* integers, reals, dates, true, false too */, EXH_PLIST_DATA };

struct exh_plist {
    enum exh_plist_kind kind;
    char *key;                      /* within a dict; NULL elsewhere */
    char *text;                     /* STRING: UTF-8; NULL elsewhere */
    uint8_t *data;                  /* DATA, decoded */
    size_t length;                  /* of data */
    struct exh_plist *first, *next; /* children; the next in the same parent */
};

/* The value within <plist>. NULL and err (EXH_CORRUPT, `at` the line). The caller closes it. */
struct exh_plist *exh_plist_parse(const uint8_t *bytes, size_t length, struct exh_error *err);
/* The value of a key, or NULL; NULL too when `dict` is NULL or no dict, so that paths can be chained. */
const struct exh_plist *exh_plist_get(const struct exh_plist *dict, const char *key);
const char *exh_plist_text(const struct exh_plist *dict, const char *key); /* of a STRING, or NULL */
void exh_plist_close(struct exh_plist *plist);                             /* NULL-safe */

#endif
