/* siblings.h - opens the files that belong to an image, confined to the image's own folder and the folders the caller names beside it.
 *
 * A name from inside a container is opened only through here: no '/', no "..", no symlink, no device; regular files only. It is looked for in the
 * image's own folder first, then in the others in their order; a name never chooses a folder.
 * Threads: not shared while opening. */
#ifndef EXH_FORMATS_CONTAINER_SIBLINGS_H
#define EXH_FORMATS_CONTAINER_SIBLINGS_H

#include "formats/container/file_marks.h"
#include "formats/model/names.h"
#include "formats/model/source.h"

struct exh_siblings;

/* The folder of `path`. NULL and err. */
struct exh_siblings *exh_siblings_of(const char *path, struct exh_error *err);
/* The same, with `folders` (may be NULL: none) to look in after it. EXH_NOT_FOUND when one of them is not there. */
struct exh_siblings *exh_siblings_across(const char *path, const struct exh_names *folders, struct exh_error *err);
/* From now on every file that is opened goes onto the list, which must outlive the opening; NULL: none does. */
void exh_siblings_mark(struct exh_siblings *siblings, struct exh_file_marks *marks);
const char *exh_siblings_folder(const struct exh_siblings *siblings); /* as given, "." when none */
/* Opens one by exact name; EXH_NOT_FOUND when it is not there. Held open, or lazy. */
struct exh_source *exh_siblings_open(struct exh_siblings *siblings, const char *name, bool lazy, bool past_cache, struct exh_error *err);
/* Opens the file that a descriptor calls `reference`, whatever its author's system wrote: a backslash separates like '/', a drive letter or an
 * absolute or relative path in front is left away, and where no file has the exact name the only one that differs in case is taken. *path (the
 * caller frees) is where it lies, *as_named false when the name had to be bent. EXH_UNSUPPORTED for a reference with ".." or one that ends in no
 * name; EXH_NOT_FOUND, naming what was looked for, when it cannot be opened: absent, a symbolic link, two files that differ only in case. */
struct exh_source *exh_siblings_referenced(struct exh_siblings *siblings, const char *reference, bool past_cache, char **path, bool *as_named,
                                           struct exh_error *err);
/* The folder `name` (a plain name, not a link) of the image's own folder: for images that are folders themselves. It is marked too, since a file that
 * appears in it is part of the image. NULL and err. */
struct exh_siblings *exh_siblings_within(const struct exh_siblings *of, const char *name, struct exh_error *err);
/* Calls `take` for every name in the image's own folder, in no order, until it says false. */
EXH_MUST_CHECK bool exh_siblings_each(const struct exh_siblings *siblings, bool (*take)(void *context, const char *name, struct exh_error *err),
                                      void *context, struct exh_error *err);
bool exh_siblings_has(struct exh_siblings *siblings, const char *name);
/* "folder/name" on the heap, for messages and lists of files: where it lies, or where it would in the image's own folder. NULL: no memory. */
char *exh_siblings_path(const struct exh_siblings *siblings, const char *name);
void exh_siblings_close(struct exh_siblings *siblings);

#endif
