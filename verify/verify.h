/* verify.h - the engine that says what is true of a medium.
 *
 * One walk over the medium feeds digests, chunk digests, the state list and, if asked, a comparison with a second medium; then every claim is
 * held against what was found. Nothing is called verified that was not compared. */
#ifndef EXH_VERIFY_VERIFY_H
#define EXH_VERIFY_VERIFY_H

#include "verify/dat.h"
#include "verify/pipeline.h"
#include "verify/sector_audit.h"
#include "verify/verdict.h"

struct exh_verify {
    struct exh_medium *medium;
    const struct exh_claim *claims; /* may be empty */
    size_t claim_count;
    struct exh_medium *against;    /* compared sector by sector, and its subchannel too (compare_sub.h); may be NULL */
    struct exh_medium *witness;    /* the same image through another reader; may be NULL */
    const struct exh_dat *dat;     /* a list of disc images, one of which this may be; may be NULL */
    const char *const *algorithms; /* computed in any case, beside those the claims need */
    size_t algorithm_count;
    uint32_t chunk_sectors;           /* chunk digests even when no claim has them; 0 = only as claimed */
    struct exh_inspection *inspected; /* of the medium, when the caller has made it already: taken over and left empty. NULL: made here */
    bool audit;                       /* of a disc: what its sectors say of themselves (sector_audit.h) */
    bool skip_stored;                 /* do not hold the medium to its own seal (the caller does) */
    const char *phase;                /* what progress calls the walk; NULL: "verify" */
    bool past_cache;                  /* read container files past the page cache */
    const struct exh_watch *watch;
    unsigned threads;
};

/* A BAD sector that no seal or claim lists is one this run could not read. */
struct exh_verify_result {
    enum exh_verdict verdict;
    bool basis[EXH_BASIS_COUNT]; /* which references the verdict rests on */
    struct exh_findings findings;
    struct exh_seal found;       /* digests (scopes media, padded, track:..., file:...), chunks */
    struct exh_sectors not_good; /* every range that is not GOOD, with its state; BAD too where only a record says so */
    uint64_t unread_now;         /* sectors this run could not read (exit 3); recorded ones are not counted */
    uint64_t bytes, sectors;
    const struct exh_layout *layout; /* the medium's own, which outlives the result */
    struct exh_inspection inspection;
    struct exh_disc_audit audit; /* tracks NULL: not asked for, or nothing to audit */
};

/* False: could not go on (err); the result so far is filled. A mismatch is a result, not an error. */
EXH_MUST_CHECK bool exh_verify_run(const struct exh_verify *verify, struct exh_verify_result *out, struct exh_error *err);
void exh_verify_result_close(struct exh_verify_result *result);

/* Unreadable ranges that a record lists and the image itself does not show (raw holds fill there): told as findings, added to not_good, and counted
 * in the digests of the media stream. exh_verify_run does it for its claims; this is for a record found afterwards. */
EXH_MUST_CHECK bool exh_verify_repeat(const struct exh_sectors *recorded, struct exh_verify_result *out, struct exh_error *err);

/* Digest of each file of the medium as scope "file:NAME" (SHA-256), appended to the list. */
EXH_MUST_CHECK bool exh_verify_files(const struct exh_names *files, bool past_cache, const struct exh_watch *watch, unsigned threads,
                                     struct exh_digests *out, struct exh_error *err);

/* Of an image that cannot be opened (encrypted, no passphrase): the digests of its files, in SHA-256 and in whatever the claims state of files of
 * these names, and a finding for each claim that agrees or differs. The verdict is mismatch when one differs, else not-performed: what is in the
 * image was not read. result->layout stays NULL. False: a file could not be read (err); the result so far is filled. */
EXH_MUST_CHECK bool exh_verify_unopened(const struct exh_names *files, const struct exh_claim *claims, size_t claim_count, bool past_cache,
                                        const struct exh_watch *watch, struct exh_verify_result *out, struct exh_error *err);

#endif
