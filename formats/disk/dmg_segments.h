/* dmg_segments.h - a UDIF image in several files: name.dmg, name.002.dmgpart, name.003.dmgpart ... Internal to dmg.c.
 *
 * Each file has a trailer of its own with its number, the count, the set's UUID and where its data fork begins in the joined one. Nothing is
 * published and no sample is known, so this is experimental and the image says so: forks are joined by their running offsets, which must leave no
 * gap; the tables are those of the first segment that has any. */
#ifndef EXH_FORMATS_DISK_DMG_SEGMENTS_H
#define EXH_FORMATS_DISK_DMG_SEGMENTS_H

#include "formats/disk/dmg_trailer.h"

#define EXH_DMG_SEGMENTS_MAX 999u /* three digits in the name */

struct exh_dmg_segments {
    struct exh_dmg_trailer *trailers; /* owned; at least one */
    struct exh_source **sources;      /* the array is owned, what it names is not */
    uint32_t count, tables_in;        /* tables_in: the segment whose property list or resource fork counts */
};

/* `first` is the source that was opened, out->trailers[0] its trailer (which says how many segments there are). Opens the others through
 * options->siblings and answers with the joined data fork, which owns them; `first` too, once exh_dmg_fork_keep says so. Adds the paths of the
 * others to `files`. EXH_NOT_FOUND: one is missing; EXH_CORRUPT: one does not belong. NULL and err. */
struct exh_source *exh_dmg_fork_join(struct exh_source *first, struct exh_dmg_segments *out, const struct exh_open *options, struct exh_names *files,
                                     struct exh_error *err);
void exh_dmg_fork_keep(struct exh_source *fork);
void exh_dmg_segments_close(struct exh_dmg_segments *segments); /* the arrays */

#endif
