/* map_svg.h - the map of unreadable sectors as inline SVG: a grid of at most 2,000 cells over the whole copy in which the worst state of a
 * cell wins, so that one bad sector shows on any medium, and strips that show the first clusters sector by sector. */
#ifndef EXH_REPORT_PAGES_MAP_SVG_H
#define EXH_REPORT_PAGES_MAP_SVG_H

#include "report/pages/facts.h"
#include "report/pages/markup.h"

#define EXH_MAP_CELLS_MAX 2000u

/* Writes the figures and their summary in words; number makes the ids of one page unique. Says why when there is nothing to draw. */
void exh_map_svg(struct exh_markup *page, const struct exh_facts *facts, size_t number);

#endif
