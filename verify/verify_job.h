/* verify_job.h - one verification while it is under way: what verify.c, states.c, claims.c, against.c and files.c share. Internal to verify/. */
#ifndef EXH_VERIFY_VERIFY_JOB_H
#define EXH_VERIFY_VERIFY_JOB_H

#include "verify/compare.h"
#include "verify/compare_disc.h"
#include "verify/compare_sub.h"
#include "verify/stored.h"
#include "verify/verify.h"

#define EXH_JOB_ALGORITHMS_MAX 24u
#define EXH_JOB_RANGES_TOLD 200u /* findings about single ranges, of each kind; the full lists are in not_good and the chunk table */

struct exh_verify_job {
    const struct exh_verify *ask;
    struct exh_verify_result *out;
    struct exh_claim claims[64]; /* the caller's and, last, the image's own seal */
    size_t claim_count;
    const char *algorithms[EXH_JOB_ALGORITHMS_MAX];
    size_t algorithm_count;
    uint32_t chunk_sectors;
    bool padded; /* some claim speaks of the padded scope */
    bool filled; /* some claim says that a pattern stands in the unreadable sectors */
    struct exh_tally tally;
    struct exh_sectors recorded; /* unreadable by any claim */
    struct exh_compare *against, *witness;
    struct exh_compare_sub *sub;      /* NULL: no subchannel, or on one side only */
    bool by_track;                    /* `against` and this are discs that are not placed alike: compared after the walk */
    struct exh_disc_comparison discs; /* then, or to explain what differs */
    struct exh_sector_audit *audit;
    struct exh_stored *stored; /* NULL: the container stores no checksums over sectors */
    struct exh_faults faults;  /* of the walk: they know where in the files it failed */
};

/* Adds a finding; `place` (may be NULL) says where: see exh_job_sectors. */
bool exh_job_find(struct exh_verify_job *job, const char *check, const char *outcome, int basis, struct exh_error *err,
                  const struct exh_finding *place, const char *fmt, ...) EXH_PRINTF(7, 8);
struct exh_finding exh_job_sectors(int64_t lba, uint64_t count);

const char *exh_job_word_of(enum exh_basis basis); /* "the ledger", "the image itself", ... */
/* Others write "SHA256", "RMD160" or "SHA-1" for what is found under the one spelling of this project: an empty value of that spelling. */
EXH_MUST_CHECK bool exh_job_spell(const char *algorithm, struct exh_digest_value *out, struct exh_error *err);

bool exh_scope_is_stream(const char *scope); /* "media" or "padded" */
bool exh_scope_is_file(const char *scope);   /* "file:NAME" */
bool exh_scope_is_track(const char *scope);  /* "track:N/..." */

/* Every range that is not good becomes a finding: missing, recorded, or unreadable now. */
EXH_MUST_CHECK bool exh_job_judge_states(struct exh_verify_job *job, struct exh_error *err);
/* What the sectors of a disc say of themselves, when it was asked. */
EXH_MUST_CHECK bool exh_job_judge_audit(struct exh_verify_job *job, struct exh_error *err);
/* One claim is held against what was found. */
EXH_MUST_CHECK bool exh_job_hold(struct exh_verify_job *job, const struct exh_claim *claim, struct exh_error *err);
/* What the checksums that the container stores came to; *all_hold: every one holds, and together they cover all that is stored. */
EXH_MUST_CHECK bool exh_job_judge_stored(struct exh_verify_job *job, bool *all_hold, struct exh_error *err);
/* What a comparison with another medium showed. */
EXH_MUST_CHECK bool exh_job_judge_comparison(struct exh_verify_job *job, const char *check, const struct exh_compare *compare,
                                             const struct exh_medium *other, enum exh_basis basis, struct exh_error *err);
/* The list of disc images, when there is one, says which it is, and whether it is that. */
EXH_MUST_CHECK bool exh_job_hold_dat(struct exh_verify_job *job, struct exh_error *err);
/* What a comparison track by track showed; and what of it explains a difference that is told already. */
EXH_MUST_CHECK bool exh_job_judge_discs(struct exh_verify_job *job, const struct exh_disc_comparison *c, struct exh_error *err);
EXH_MUST_CHECK bool exh_job_explain_discs(struct exh_verify_job *job, const struct exh_disc_comparison *c, struct exh_error *err);
/* What the descriptors of two discs say differently beside the sectors. */
EXH_MUST_CHECK bool exh_job_compare_structure(struct exh_verify_job *job, const struct exh_layout *here, const struct exh_layout *there,
                                              struct exh_error *err);
/* Whether the subchannel of `against` is the same, where both sides store one; or else that it was not compared. */
EXH_MUST_CHECK bool exh_job_judge_sub(struct exh_verify_job *job, struct exh_error *err);
/* Digests of the container files, in the algorithms the claims use. */
EXH_MUST_CHECK bool exh_job_digest_files(struct exh_verify_job *job, struct exh_error *err);

#endif
