/* stage.h - the staging folder IMAGE.partial/ and the act of publishing.
 *
 * Everything an acquisition writes lies in it until it is proven; then the files are renamed into place, the first segment last, without ever
 * replacing a file, and the folder is fsynced. What is not published stays in the staging folder: a partial, resumable later. */
#ifndef EXH_ACQUIRE_STAGE_H
#define EXH_ACQUIRE_STAGE_H

#include "formats/model/names.h"

struct exh_stage;

/* `image` is the final path. EXH_REFUSED when it or its .partial exists; EXH_NOT_FOUND for a folder that is absent or forbidden. */
struct exh_stage *exh_stage_open(const char *image, struct exh_error *err);
const char *exh_stage_folder(const struct exh_stage *stage); /* "case/disk.E01.partial" */
const char *exh_stage_target(const struct exh_stage *stage); /* "case" or "." */
const char *exh_stage_name(const struct exh_stage *stage);   /* "disk.E01" */
/* Refuses before anything is written when a file of this name is already in the target folder. */
EXH_MUST_CHECK bool exh_stage_vacant(const struct exh_stage *stage, const char *name, struct exh_error *err);
/* Renames every file into the target folder, the first one last; fsyncs both folders; removes the staging folder. */
EXH_MUST_CHECK bool exh_stage_publish(struct exh_stage *stage, const struct exh_names *files, struct exh_error *err);
/* Removes the staging folder if it is empty; what is in it stays. NULL-safe. */
void exh_stage_close(struct exh_stage *stage);

#endif
