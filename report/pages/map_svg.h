/* map_svg.h - the map of the copy as inline SVG: a grid of at most 2,000 cells over all of it in which the worst state of a cell wins, so that
 * one bad sector shows on any medium, and strips that enlarge the clusters of unreadable sectors. */
#ifndef EXH_REPORT_PAGES_MAP_SVG_H
#define EXH_REPORT_PAGES_MAP_SVG_H

#include "report/pages/facts.h"
#include "report/pages/markup.h"

#define EXH_MAP_CELLS_MAX 2000u
#define EXH_MAP_MARKS_MAX 10000u /* of a list whose entries may overlap; a record has no more of any (verify/pipeline.h, record.h) */

/* Writes the figures and their summary in words; number makes the ids of one page unique. Says why when there is nothing to draw. */
void exh_map_svg(struct exh_markup *page, const struct exh_facts *facts, size_t number);

/* The addresses the copy spans, [*low, *high); false: not known, or not believable. */
bool exh_map_bounds(const struct exh_facts *facts, int64_t *low, int64_t *high);

/* The round distance (1, 2 or 5 times a power of ten) that puts at most `most` (at least 1) steps into a length, and never less than 1. */
uint64_t exh_map_step(uint64_t length, unsigned most);

#endif
