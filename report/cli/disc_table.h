/* disc_table.h - a disc for people: sessions, tracks, pregaps, indexes, texts, as a table on stdout; and its CD-TEXT as JSON. */
#ifndef EXH_REPORT_CLI_DISC_TABLE_H
#define EXH_REPORT_CLI_DISC_TABLE_H

#include <jansson.h>

#include "formats/model/layout.h"
#include "report/cli/command.h"

#define EXH_MSF_TEXT 16

/* Does the table say more of it than the plain list of tracks does? Of a DVD or an ISO image it does not. */
bool exh_disc_table_applies(const struct exh_layout *layout);
void exh_disc_table_print(const struct exh_args *args, const struct exh_layout *layout);
/* "data", "PRE", "DCP", "4CH" of CONTROL, with blanks between; "-" when none. Static room of the caller: 24 bytes. */
void exh_disc_flags(uint8_t control, char out[24]);
/* "mm:ss:ff" of a number of frames, or of an LBA as absolute time; "-" where there is no such time. */
void exh_disc_time(int64_t frames, char out[EXH_MSF_TEXT]);
void exh_disc_place(int64_t lba, char out[EXH_MSF_TEXT]);
/* [{"block","language","charset","track","title"?,"performer"?,...}]: a new reference; NULL: no memory, or packs that cannot be decoded. */
json_t *exh_disc_cdtext(const struct exh_disc *disc);

#endif
