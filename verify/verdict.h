/* verdict.h - the words a verification may end in, and how findings add up to one. Pure functions. */
#ifndef EXH_VERIFY_VERDICT_H
#define EXH_VERIFY_VERDICT_H

#include "formats/model/claim.h"
#include "formats/model/inspection.h"

enum exh_verdict {
    EXH_NOT_PERFORMED,
    EXH_MATCH,        /* every byte in scope equals a cryptographic digest or another medium */
    EXH_CONSISTENT,   /* only checksums were there, and all hold */
    EXH_MISMATCH,     /* differs from a reference */
    EXH_DAMAGED,      /* contradicts itself, or was recorded as a known format and no longer opens */
    EXH_NO_REFERENCE, /* read whole, nothing to compare with */
    EXH_COULD_NOT_READ
};
const char *exh_verdict_name(enum exh_verdict verdict); /* "match", "could-not-read", ... */

struct exh_finding {
    char check[64];   /* "digest", "chunk", "chunk-checksum", "table-copy", "file", "layout", ... */
    char outcome[16]; /* "match", "mismatch", "damaged", "warning", "unreadable", "no-reference", "recorded" */
    char detail[384]; /* one sentence for people */
    char file[256];   /* empty: none */
    uint64_t offset;  /* EXH_NO_OFFSET: none */
    int64_t lba;      /* -1: none */
    uint64_t count;   /* sectors */
    int basis;        /* enum exh_basis, or -1 */
};

struct exh_findings {
    struct exh_finding *items;
    size_t count, capacity;
    size_t agreements; /* of those kept: outcome "match" */
    uint64_t left_out; /* beyond EXH_FINDINGS_MAX: counted, not kept */
};
/* A disc of 99 tracks has two scopes a track, four algorithms, and each of these in the ledger, the side record and the image. */
#define EXH_FINDINGS_MAX 4096u

/* Where there is no room any more, an agreement makes way for what is none: the one mismatch must not be the one that is left out. */
EXH_MUST_CHECK bool exh_findings_add(struct exh_findings *findings, const struct exh_finding *finding, struct exh_error *err);
void exh_findings_close(struct exh_findings *findings);

struct exh_tally {
    bool damaged, differs, unread; /* anything that contradicts itself; differs from a reference; this run could not read */
    bool checksums_hold;           /* the container has checksums over every byte in scope and all hold */
    bool matched[EXH_BASIS_COUNT]; /* a cryptographic reference of this basis covered the whole scope and holds */
};
enum exh_verdict exh_verdict_of(const struct exh_tally *tally);

#endif
