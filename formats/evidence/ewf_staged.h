/* ewf_staged.h - the segment files of an E01 that is not published yet: made durable, unmade, asked why they take no more.
 * System calls on paths; nothing here knows libewf. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_STAGED_H
#define EXH_FORMATS_EVIDENCE_EWF_STAGED_H

#include <stddef.h>

#include "formats/model/error.h"

/* May `first` (a path in `folder`) be created? EXH_REFUSED when it is there, EXH_NOT_FOUND when the folder is not, or takes no files. */
EXH_MUST_CHECK bool exh_ewf_staged_free(const char *folder, const char *first, struct exh_error *err);

/* fsync of a file, or of a folder, and its close, both checked. */
EXH_MUST_CHECK bool exh_ewf_staged_sync(const char *path, bool is_folder, struct exh_error *err);

/* Why did a write of `bytes` bytes at the file's end fail? Tries it again, of zeros, and takes it back. The errno, 0 when it succeeds now;
 * *at gets the file's length when that is known. */
int exh_ewf_staged_reason(const char *path, size_t bytes, uint64_t *at);

/* Takes the section `done` off the end of the last segment, if it is there: no reader then takes the image for whole. */
void exh_ewf_staged_unfinish(const char *path);

#endif
