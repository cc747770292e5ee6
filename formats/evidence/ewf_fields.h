/* ewf_fields.h - case data as the texts an E01 can hold (ewf_text.h takes them back).
 *
 * EWF header values are separated by tabs and newlines and carry no escape of their own: readers cut a value at the first of them without a
 * word. So when any value holds one (or the notes hold our own marker), all values are stored with \n \t \r \\ as two characters each and
 * the notes end in the literal characters `\nexhibit-escaped: 1`. A medium whose last sector is not full cannot be told from a full one
 * either: its notes end in `\nexhibit-media-bytes: N`. Either marker means that all values are escaped; a value without is exactly as given.
 * Pure functions. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_FIELDS_H
#define EXH_FORMATS_EVIDENCE_EWF_FIELDS_H

#include "formats/model/fields.h"

struct exh_create;

/* Our key (ewf_text.h's) and the name libewf gives the same header value, by which it is checked. Ends with a NULL key. */
struct exh_ewf_key {
    const char *key, *identifier;
};
extern const struct exh_ewf_key exh_ewf_keys[];

/* The header values to store, by libewf's identifiers, none of them empty. `out` starts zeroed; on failure the caller still closes it.
 * EXH_USAGE when a value is not UTF-8. */
EXH_MUST_CHECK bool exh_ewf_values_of(const struct exh_create *create, struct exh_fields *out, struct exh_error *err);

#endif
