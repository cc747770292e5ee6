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
    char status;       /* ddrescue's current_status: ? copying, * trimming, / scraping, - retrying, + finished, F filling (the map is whole) */
    unsigned pass;     /* current_pass, from 1 */
};

/* What the map's sectors are on the device. Bytes, because the last sector of a file may be short, and maps end with the medium. */
struct exh_mapfile_span {
    uint64_t origin_bytes; /* where sector 0 lies: a range was asked for. Added to every position */
    uint64_t bytes;        /* of the medium: the map has bytes / sector_bytes sectors, rounded up */
    uint32_t sector_bytes;
};

#define EXH_MAPFILE_BYTES_MAX (256u << 20) /* 4 million ranges of up to 48 characters, and comments */

/* `comment` (may be NULL) is one or more lines without '#'. */
EXH_MUST_CHECK bool exh_mapfile_save(const struct exh_mapfile *file, const struct exh_mapfile_span *span, const char *folder, const char *name,
                                     const char *comment, struct exh_error *err);
/* The text alone, to a stream whose errors the caller checks. */
void exh_mapfile_write(const struct exh_mapfile *file, const struct exh_mapfile_span *span, const char *comment, FILE *to);

/* A boundary inside a sector: the sector gets the least finished of its areas, in the order ? * / - +. What the file does not cover is untried (all,
 * when it is empty); what it says of other parts of the device is ignored, and *outside (may be NULL) counts those bytes. Bad numbers, overlaps,
 * positions out of order and lines of other shapes are EXH_CORRUPT with the line in the text. EXH_UNSUPPORTED: ddrescue was still generating the map
 * from a copy (status G), so that it does not say what could be read. */
EXH_MUST_CHECK bool exh_mapfile_load(const char *path, const struct exh_mapfile_span *span, struct exh_mapfile *out, uint64_t *outside,
                                     struct exh_error *err);
/* The same from memory: what the fuzz target drives. `name` for messages. */
EXH_MUST_CHECK bool exh_mapfile_parse(const char *text, size_t length, const char *name, const struct exh_mapfile_span *span, struct exh_mapfile *out,
                                      uint64_t *outside, struct exh_error *err);
void exh_mapfile_close(struct exh_mapfile *file);

#endif
