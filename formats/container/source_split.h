/* source_split.h - a raw image cut into numbered parts (.001 .002 ..., .000 ..., .aa .ab ...), joined.
 *
 * Opened by any member. Parts are ordered by number; a gap is named and refused; a set that ends is a set without a next number.
 * The joined source reads concurrently. More than a few parts are held without a descriptor each. */
#ifndef EXH_FORMATS_CONTAINER_SOURCE_SPLIT_H
#define EXH_FORMATS_CONTAINER_SOURCE_SPLIT_H

#include "formats/container/siblings.h"
#include "formats/model/names.h"

/* Does the name end like a part ("x.001", "x.aa")? */
bool exh_split_is_part(const char *name);
/* Joins the set `name` belongs to. *names gets every part's path in order; *uneven is set when a part but the last differs in size from the first. */
struct exh_source *exh_split_open(struct exh_siblings *siblings, const char *name, bool past_cache, struct exh_names *names, bool *uneven,
                                  struct exh_error *err);
/* Joins parts that are open already, in this order, and takes them over, also on failure. `name` is for messages (copied). NULL: no memory, or more
 * bytes than can be counted. */
struct exh_source *exh_split_join(struct exh_source *const *parts, size_t count, const char *name, struct exh_error *err);

#endif
