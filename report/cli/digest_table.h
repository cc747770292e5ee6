/* digest_table.h - digests on stdout: those of the medium one below the other, those of a disc's tracks as a table that lists of discs are made of.
 */
#ifndef EXH_REPORT_CLI_DIGEST_TABLE_H
#define EXH_REPORT_CLI_DIGEST_TABLE_H

#include "formats/model/layout.h"
#include "formats/model/seal.h"
#include "report/cli/command.h"
#include "verify/sector_audit.h"

/* Everything but files. `indent` stands before each line. */
void exh_digest_table_print(const struct exh_args *args, const char *indent, const struct exh_layout *layout, const struct exh_digests *digests);
/* A line for each track that was audited: how many sectors of each verdict, and what Q says. Nothing when there was no audit. */
void exh_audit_print(const struct exh_args *args, const char *indent, const struct exh_disc_audit *audit);

#endif
