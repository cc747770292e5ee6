/* disc_svg.h - a disc as a bar: its sessions side by side, tracks in proportion with their pregaps, data and audio told apart by pattern. */
#ifndef EXH_REPORT_PAGES_DISC_SVG_H
#define EXH_REPORT_PAGES_DISC_SVG_H

#include "report/pages/facts.h"
#include "report/pages/markup.h"

#define EXH_DISC_TRACK_LEAST 5u /* units of 720: also a track of one sector is seen */

/* Inline SVG with its legend; `number` makes the ids of one page unique. */
void exh_disc_svg(struct exh_markup *page, const struct exh_layout *disc, size_t number);

/* The widths of the tracks in units that add up to `room`, none below EXH_DISC_TRACK_LEAST: in proportion to `sectors`. room is at least
 * count * EXH_DISC_TRACK_LEAST. */
void exh_disc_widths(const uint64_t *sectors, size_t count, uint32_t room, uint32_t *widths);

#endif
