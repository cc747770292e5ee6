/* references.h - what an image is held against: --expect, --against, the ledger, the side record. */
#ifndef EXH_REPORT_CLI_REFERENCES_H
#define EXH_REPORT_CLI_REFERENCES_H

#include "formats/model/claim.h"
#include "formats/model/disc.h"
#include "report/cli/case_record.h"
#include "report/cli/open_source.h"
#include "report/ledger/side_record.h"
#include "verify/dat.h"

#define EXH_REFERENCES_MAX 32u

struct exh_references {
    struct exh_claim claims[EXH_REFERENCES_MAX];
    struct exh_seal seals[EXH_REFERENCES_MAX]; /* owned; claims point here */
    struct exh_layout layouts[EXH_REFERENCES_MAX];
    struct exh_disc discs[EXH_REFERENCES_MAX]; /* owned; layouts point here */
    char who[EXH_REFERENCES_MAX][320];
    size_t count;
    bool named_by_record;      /* the ledger or side record names this image */
    const char *image_format;  /* what the image is; NULL: it does not open */
    char recorded_format[32];  /* as what, when so */
    struct exh_opened against; /* a medium to compare with; medium NULL: none */
    bool has_against;
    struct exh_dat dat; /* a list of disc images to find it in; games NULL: none, or none that could be it */
    bool has_dat;
    char against_text[320];
};

/* Collects what speaks of `image`, by the name of its first file. medium and guid may be NULL (the image does not open). */
EXH_MUST_CHECK bool exh_references_find(const struct exh_args *args, const char *image, const struct exh_medium *medium, const char *guid_hex,
                                        struct exh_ledger *ledger, struct exh_references *out, struct exh_error *err);
void exh_references_close(struct exh_references *references);

#endif
