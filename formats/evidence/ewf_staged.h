/* ewf_staged.h - the segment files of an E01 that is not published yet: named, made durable, unmade, removed. System calls on paths. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_STAGED_H
#define EXH_FORMATS_EVIDENCE_EWF_STAGED_H

#include "formats/model/error.h"

/* The name of the first segment on the heap: "disk.E01" for "disk.E01", "disk.e01" and "disk". NULL: EXH_USAGE or EXH_NOMEM in err. */
char *exh_ewf_staged_first(const char *name, struct exh_error *err);

/* fsync of a file, or of a folder, and its close, both checked. */
EXH_MUST_CHECK bool exh_ewf_staged_sync(const char *path, bool is_folder, struct exh_error *err);

/* Removes the segments `number` and up of the image whose first is `first` from a folder, and makes that durable: an unclosed segment that came
 * back after a power failure would hide one written elsewhere since. EXH_REFUSED when such a name is not a file. */
EXH_MUST_CHECK bool exh_ewf_staged_remove(const char *folder, const char *first, uint32_t number, struct exh_error *err);

/* Takes the section `done` off the end of the last segment, if it is there: no reader then takes the image for whole. */
void exh_ewf_staged_unfinish(const char *path);

#endif
