/* siblings.h - opens the files that belong to an image, confined to the image's own folder.
 *
 * A name from inside a container is opened only through here: no '/', no "..", no symlink, no device; regular files only.
 * Threads: not shared while opening. */
#ifndef EXH_FORMATS_CONTAINER_SIBLINGS_H
#define EXH_FORMATS_CONTAINER_SIBLINGS_H

#include "formats/model/source.h"

struct exh_siblings;

/* The folder of `path`; *base gets the file name inside it (borrowed from path). */
struct exh_siblings *exh_siblings_of(const char *path, struct exh_error *err);
const char *exh_siblings_folder(const struct exh_siblings *siblings); /* as given, "." when none */
/* Opens one by exact name; EXH_NOT_FOUND when it is not there. Held open, or lazy. */
struct exh_source *exh_siblings_open(struct exh_siblings *siblings, const char *name, bool lazy, bool past_cache, struct exh_error *err);
bool exh_siblings_has(struct exh_siblings *siblings, const char *name);
/* "folder/name" on the heap, for messages and lists of files; NULL: no memory. */
char *exh_siblings_path(const struct exh_siblings *siblings, const char *name);
void exh_siblings_close(struct exh_siblings *siblings);

#endif
