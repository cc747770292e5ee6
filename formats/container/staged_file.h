/* staged_file.h - one file of an image that is being written, in its staging folder: written at any offset, made durable, and checked each time.
 *
 * Every error names the file and is on the destination's side. Write-back begins early, so that the final fsync has little to wait for. A file
 * belongs to one thread at a time. Closing removes nothing: what is unpublished is the stage's (acquire/stage.h). */
#ifndef EXH_FORMATS_CONTAINER_STAGED_FILE_H
#define EXH_FORMATS_CONTAINER_STAGED_FILE_H

#include <stddef.h>

#include "formats/model/error.h"

struct exh_staged_file;

/* Creates it, in `folder`; `anew`: what an earlier run left there under this name is thrown away, otherwise there must be none. NULL and err. */
struct exh_staged_file *exh_staged_file_new(const char *folder, const char *name, bool anew, struct exh_error *err);
EXH_MUST_CHECK bool exh_staged_file_write(struct exh_staged_file *file, uint64_t offset, const void *data, size_t length, struct exh_error *err);
/* Behind the last byte written so far by either call. */
EXH_MUST_CHECK bool exh_staged_file_append(struct exh_staged_file *file, const void *data, size_t length, struct exh_error *err);
uint64_t exh_staged_file_end(const struct exh_staged_file *file); /* the highest offset written */
/* Reads back what was written: for tables that are finished at the end. */
EXH_MUST_CHECK bool exh_staged_file_read(struct exh_staged_file *file, uint64_t offset, void *data, size_t length, struct exh_error *err);
/* Sets the size (holes read as zeros). */
EXH_MUST_CHECK bool exh_staged_file_resize(struct exh_staged_file *file, uint64_t size, struct exh_error *err);
EXH_MUST_CHECK bool exh_staged_file_sync(struct exh_staged_file *file, struct exh_error *err); /* fsync of the file and of its folder */
/* A whole small file at once: created, written, made durable. */
EXH_MUST_CHECK bool exh_staged_file_whole(const char *folder, const char *name, bool anew, const void *data, size_t length, struct exh_error *err);
void exh_staged_file_close(struct exh_staged_file *file); /* NULL-safe */

#endif
