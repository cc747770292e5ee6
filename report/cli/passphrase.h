/* passphrase.h - the passphrase of an encrypted image: out of a file, standard input or a descriptor, or asked for at a terminal; never an argument,
 * which every process of the machine can read. */
#ifndef EXH_REPORT_CLI_PASSPHRASE_H
#define EXH_REPORT_CLI_PASSPHRASE_H

#include "formats/model/format.h"
#include "report/cli/command.h"

/* By --passphrase-file, --passphrase-fd, or a terminal; got when an image first asks, and kept for the run (args). A line end behind it is not part
 * of it. `args` must outlive what is returned. */
struct exh_secret exh_passphrase_of(const struct exh_args *args);

#endif
