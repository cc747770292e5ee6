/* stage.h - the staging folder IMAGE.partial/ and the act of publishing.
 *
 * Everything an acquisition writes lies in it until it is proven; then the files are renamed into place, the first segment last, without ever
 * replacing a file, and the folder is fsynced. What is not published stays in the staging folder: a partial that a later run goes on with. Only of a
 * conversion it is discarded, by the run itself or, where that was killed, by the next one: nothing else may be, and nothing by name alone.
 * A set of segments may go on in another folder (another volume): there, too, it lies in DIR/NAME.partial/ until it is published. */
#ifndef EXH_ACQUIRE_STAGE_H
#define EXH_ACQUIRE_STAGE_H

#include "formats/model/names.h"

#define EXH_STAGE_STATE "state" /* what was asked for, written before the first read: the command's own text */
/* Beside an image that is converted from another one: its source can be read again at any time, so what is half made is nobody's evidence, and goes.
 */
#define EXH_STAGE_CONVERSION "conversion"
#define EXH_STAGE_MAP_END ".map" /* behind the image's name: the map that is published with it */

struct exh_stage;

/* `image` is the final path. EXH_REFUSED when it or its .partial exists; EXH_USAGE for a name that the staging folder uses itself; EXH_NOT_FOUND for
 * a folder that is absent or forbidden. */
struct exh_stage *exh_stage_open(const char *image, struct exh_error *err);
/* Takes up what an earlier run left, and locks it. EXH_NOT_FOUND: there is no partial. EXH_REFUSED: another run is at it, or a file stands where the
 * image will go. What was already published when that run was cut is moved back first. */
struct exh_stage *exh_stage_resume(const char *image, struct exh_error *err);
/* Takes up a staging folder, and locks it, only to look at it, to clear or to discard it: nothing is moved back, and the image may stand. */
struct exh_stage *exh_stage_left(const char *image, struct exh_error *err);
/* Does IMAGE.partial/ exist? */
bool exh_stage_exists(const char *image);
/* Goes on in `directory`: DIR/NAME.partial/ is made, or taken up, and locked. Also for those of earlier runs, in their order. A folder that is joined
 * already, or the image's own, changes nothing. */
EXH_MUST_CHECK bool exh_stage_join(struct exh_stage *stage, const char *directory, struct exh_error *err);

const char *exh_stage_folder(const struct exh_stage *stage);             /* "case/disk.E01.partial" */
const char *exh_stage_target(const struct exh_stage *stage);             /* "case" or "." */
const char *exh_stage_name(const struct exh_stage *stage);               /* "disk.E01" */
const struct exh_names *exh_stage_joined(const struct exh_stage *stage); /* the further staging folders, in order; count 0: none */

/* Writes or replaces a small file in the staging folder, durably: name.new, fsync, rename, fsync of the folder. */
EXH_MUST_CHECK bool exh_stage_keep(struct exh_stage *stage, const char *name, const char *text, struct exh_error *err);
/* Removes what exh_stage_keep leaves of a file when it is killed: name.new. */
void exh_stage_unkept(struct exh_stage *stage, const char *name);
/* A file of the staging folder of `image`, as text on the heap; EXH_NOT_FOUND when it is not there. */
EXH_MUST_CHECK bool exh_stage_read(const char *image, const char *name, char **text, struct exh_error *err);

/* Refuses before anything is written when a file of this name is already in the target folder. */
EXH_MUST_CHECK bool exh_stage_vacant(const struct exh_stage *stage, const char *name, struct exh_error *err);
/* Renames every file into the target folder (a path in a joined staging folder: into that one's), the first one last; fsyncs all folders. What else
 * is in the staging folder stays until exh_stage_clear, so that a run that is cut now can still be recorded. *paths (zeroed) gets where they are. */
EXH_MUST_CHECK bool exh_stage_publish(struct exh_stage *stage, const struct exh_names *files, struct exh_names *paths, struct exh_error *err);
/* Removes state, map, journal and work file, and the staging folders: the image is published and recorded, or nothing was worth keeping. */
void exh_stage_clear(struct exh_stage *stage);
/* Does the file that this path leads to lie in one of the staging folders? */
bool exh_stage_holds(const struct exh_stage *stage, const char *path);
/* Holds the folder nothing of the image, but only what a stage keeps for itself? False also where that cannot be told. */
bool exh_stage_bare(const struct exh_stage *stage);
/* Removes the unfinished image, what it was made with and the staging folders, after moving back what was published of it; EXH_STAGE_CONVERSION goes
 * last, so that a removal that is cut can be gone on with. EXH_REFUSED, and all stays: the image is published, or a folder holds what is none of its
 * files. */
EXH_MUST_CHECK bool exh_stage_discard(struct exh_stage *stage, struct exh_error *err);
/* Removes the staging folders if they are empty; what is in them stays. NULL-safe. */
void exh_stage_close(struct exh_stage *stage);

#endif
