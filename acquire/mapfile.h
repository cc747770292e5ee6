/* mapfile.h - a map on disk, in GNU ddrescue's syntax: ddrescue, ddrescuelog and ddrescueview read ours, and theirs is read here.
 *
 * Source: GNU ddrescue manual, "Mapfile structure". Positions and sizes are bytes. Written by replacing: NAME.new, fsync, rename, fsync of
 * the folder, so that a power cut leaves the old map or the new one. The caller has made the image's data durable before. */
#ifndef EXH_ACQUIRE_MAPFILE_H
#define EXH_ACQUIRE_MAPFILE_H

#include "acquire/map.h"

struct exh_mapfile {
    struct exh_map map;
    uint64_t position; /* current_pos, as a sector */
    char status;       /* ddrescue's current_status: ? copying, * trimming, / scraping, - retrying, + finished (F and G are read as they are) */
    unsigned pass;     /* current_pass, from 1 */
};

#define EXH_MAPFILE_BYTES_MAX (256u << 20) /* 4 million ranges of up to 48 characters, and comments */

/* `origin_bytes` is where sector 0 of the map lies on the device (a range was asked for): it is added to every position. `comment` (may be NULL) is
 * one or more lines without '#'. */
EXH_MUST_CHECK bool exh_mapfile_save(const struct exh_mapfile *file, uint32_t sector_bytes, uint64_t origin_bytes, const char *folder, const char *name,
                                     const char *comment, struct exh_error *err);
/* For a medium of `sectors` sectors. A boundary inside a sector: the sector gets the less finished of the two areas. What the file does not cover is
 * untried; what it says of other parts of the device is ignored, and *outside (may be NULL) counts those bytes. Maps of generation mode, bad numbers,
 * overlaps and positions out of order are EXH_CORRUPT with the line in the text. */
EXH_MUST_CHECK bool exh_mapfile_load(const char *path, uint32_t sector_bytes, uint64_t origin_bytes, uint64_t sectors, struct exh_mapfile *out,
                                     uint64_t *outside, struct exh_error *err);
/* The same from memory: what the fuzz target drives. `name` for messages. */
EXH_MUST_CHECK bool exh_mapfile_parse(const char *text, size_t length, const char *name, uint32_t sector_bytes, uint64_t origin_bytes,
                                      uint64_t sectors, struct exh_mapfile *out, uint64_t *outside, struct exh_error *err);
void exh_mapfile_close(struct exh_mapfile *file);

#endif
