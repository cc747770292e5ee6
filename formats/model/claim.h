/* claim.h - what somebody says of an image, and who says it.
 * Found by report/ (ledger, side record), by a manifest, or inside the image; handed down to verify, convert and resume.
 * Bases in falling weight; a verdict names those it rests on. Borrowed pointers. */
#ifndef EXH_FORMATS_MODEL_CLAIM_H
#define EXH_FORMATS_MODEL_CLAIM_H

#include "formats/model/layout.h"
#include "formats/model/seal.h"

enum exh_basis {
    EXH_BASIS_EXTERNAL, /* --against, --expect */
    EXH_BASIS_LEDGER,
    EXH_BASIS_RECORD,   /* the side record */
    EXH_BASIS_STORED,   /* a cryptographic digest inside the image */
    EXH_BASIS_CHECKSUM, /* only CRC, Adler-32, EDC */
    EXH_BASIS_THIS_RUN  /* the digests taken while acquiring, for the read-back */
};
#define EXH_BASIS_COUNT 6

const char *exh_basis_name(enum exh_basis basis); /* "external", "ledger", "record", "stored", "checksum", "this-run" */

struct exh_claim {
    enum exh_basis basis;
    const struct exh_seal *seal;
    const struct exh_layout *layout; /* NULL: says nothing of the layout */
    uint64_t ledger_seq;             /* 0: not from a ledger */
    const char *who;                 /* for messages: a file name, "ledger.db record 4" */
};

#endif
