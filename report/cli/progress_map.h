/* progress_map.h - the medium on one line of a terminal, as its areas change: at most 256 cells, in each of which the worst area shows.
 *
 * Cells count sectors by area. A pass works on the sectors of one area only (acquire/passes.h), so the pass tells which count a sector
 * leaves, and the totals are exact although no sector is remembered. Pure; one thread. */
#ifndef EXH_REPORT_CLI_PROGRESS_MAP_H
#define EXH_REPORT_CLI_PROGRESS_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXH_PROGRESS_MAP_CELLS 256u
#define EXH_PROGRESS_MAP_LINE_BYTES (3 * EXH_PROGRESS_MAP_CELLS + 1) /* of the longest line with its NUL */

/* In the order in which they hide one another: the last is the worst. */
enum exh_progress_area {
    EXH_PROGRESS_READ,
    EXH_PROGRESS_UNTRIED,
    EXH_PROGRESS_UNTRIMMED,
    EXH_PROGRESS_UNSCRAPED,
    EXH_PROGRESS_BAD,
    EXH_PROGRESS_AREAS
};

struct exh_progress_map {
    uint64_t sectors, per_cell; /* sectors 0: nothing was told yet */
    size_t cells;
    uint64_t counts[EXH_PROGRESS_MAP_CELLS][EXH_PROGRESS_AREAS];
    uint64_t totals[EXH_PROGRESS_AREAS];
};

/* As exh_watch_area tells it. A medium of another size begins anew; what is no area, or lies outside, changes nothing. */
void exh_progress_map_note(struct exh_progress_map *map, int64_t lba, uint64_t count, uint64_t sectors, char area, const char *pass);

/* The line, at most `width` columns wide: block glyphs in UTF-8, or the characters of a mapfile. Returns its columns; 0: nothing to show. */
size_t exh_progress_map_line(const struct exh_progress_map *map, size_t width, bool utf8, char out[EXH_PROGRESS_MAP_LINE_BYTES]);

#endif
