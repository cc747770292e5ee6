/* lineage.h - what an image was opened with: the images that it holds only the difference to, and which of its snapshots.
 *
 * Filled while the image is opened (format.h): one entry for each parent, the nearest first, so that item d is the parent of the image at depth d. A
 * parent whose identifier is not the one that its child names is refused, so an entry of an open image has the identifier that matched, or none,
 * where the child's format stores none (QCOW2). */
#ifndef EXH_FORMATS_MODEL_LINEAGE_H
#define EXH_FORMATS_MODEL_LINEAGE_H

#include "formats/model/error.h"

#define EXH_PARENTS_MAX 16u /* a chain of images; longer ones, and circles, are refused */

struct exh_parent {
    char *path;
    char format[16];          /* the row's name; empty until it is open */
    uint64_t bytes;           /* of its medium */
    char identifier_kind[24]; /* "UUID", "CID", "data write GUID"; empty: the child names none */
    char identifier[48];      /* in the format's own writing */
};

struct exh_lineage {
    struct exh_parent parents[EXH_PARENTS_MAX];
    size_t count;
    char snapshot_id[128], snapshot_name[256]; /* of the snapshot that was chosen; both empty: none was */
};

struct exh_medium;

/* All of them take lineage NULL: nobody asks. */
EXH_MUST_CHECK bool exh_lineage_add(struct exh_lineage *lineage, const char *path, struct exh_error *err);
/* Of the parent of the image at `depth`: what it turned out to be, and the identifier by which its child knows it. */
void exh_lineage_opened(struct exh_lineage *lineage, unsigned depth, const struct exh_medium *parent);
void exh_lineage_identified(struct exh_lineage *lineage, unsigned depth, const char *kind, const char *identifier);
void exh_lineage_snapshot(struct exh_lineage *lineage, const char *id, const char *name);
void exh_lineage_close(struct exh_lineage *lineage);

#endif
