/* speed_svg.h - how fast each part of the medium was read, as inline SVG: position across, megabytes a second upwards, and below the axis the
 * places of unreadable sectors, of failed reads and of slow parts. */
#ifndef EXH_REPORT_PAGES_SPEED_SVG_H
#define EXH_REPORT_PAGES_SPEED_SVG_H

#include "report/pages/facts.h"
#include "report/pages/markup.h"

#define EXH_SPEED_CELLS_MAX 2048u /* a record has at most 512 (report/ledger/record.h) */

/* Writes the figure and its summary in words; number makes the ids of one page unique. Says why when there is nothing to draw. */
void exh_speed_svg(struct exh_markup *page, const struct exh_facts *facts, size_t number);

#endif
