/* verify.c - one walk, then every claim is held against what was found. See verify.h. */
#include "verify/verify_job.h"

#include <stdarg.h>

#include "verify/digest_set.h"
#include "verify/track_digests.h"

bool exh_job_find(struct exh_verify_job *job, const char *check, const char *outcome, int basis, struct exh_error *err,
                  const struct exh_finding *place, const char *fmt, ...)
{
    struct exh_finding f = {.offset = EXH_NO_OFFSET, .lba = -1};
    if (place != NULL)
        f = *place;
    f.basis = basis;
    (void)snprintf(f.check, sizeof f.check, "%s", check);
    (void)snprintf(f.outcome, sizeof f.outcome, "%s", outcome);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(f.detail, sizeof f.detail, fmt, args);
    va_end(args);
    return exh_findings_add(&job->out->findings, &f, err);
}

struct exh_finding exh_job_sectors(int64_t lba, uint64_t count) { return (struct exh_finding){.offset = EXH_NO_OFFSET, .lba = lba, .count = count}; }

bool exh_scope_is_stream(const char *scope) { return strcmp(scope, "media") == 0 || strcmp(scope, "padded") == 0; }
bool exh_scope_is_file(const char *scope) { return strncmp(scope, "file:", 5) == 0; }

bool exh_scope_is_track(const char *scope)
{
    unsigned number;
    enum exh_track_part part;
    return exh_scope_track(scope, &number, &part);
}

/* ---- what to compute ---- */

static bool want_algorithm(struct exh_verify_job *job, const char *name, struct exh_error *err)
{
    for (size_t i = 0; i < job->algorithm_count; i++)
        if (strcmp(job->algorithms[i], name) == 0)
            return true;
    if (job->algorithm_count == EXH_JOB_ALGORITHMS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %u digest algorithms are asked for", EXH_JOB_ALGORITHMS_MAX);
    job->algorithms[job->algorithm_count++] = name;
    return true;
}

static bool collect_claim(struct exh_verify_job *job, const struct exh_claim *claim, struct exh_error *err)
{
    const struct exh_seal *seal = claim->seal;
    if (job->claim_count == sizeof job->claims / sizeof job->claims[0])
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %zu references at once", job->claim_count);
    job->claims[job->claim_count++] = *claim;
    job->filled = job->filled || seal->filled;
    for (size_t i = 0; i < seal->digests.count; i++) {
        job->padded = job->padded || strcmp(seal->digests.items[i].scope, "padded") == 0;
        if ((exh_scope_is_stream(seal->digests.items[i].scope) || exh_scope_is_track(seal->digests.items[i].scope)) &&
            !want_algorithm(job, seal->digests.items[i].algorithm, err))
            return false;
    }
    if (seal->chunks.sectors != 0 && job->chunk_sectors == 0)
        job->chunk_sectors = seal->chunks.sectors;
    for (size_t i = 0; i < seal->unreadable.count; i++)
        if (!exh_sectors_mark(&job->recorded, seal->unreadable.ranges[i].lba, seal->unreadable.ranges[i].count, EXH_BAD, err))
            return false;
    return true;
}

/* Those that the list has of any game that may be the medium. */
static bool collect_dat(struct exh_verify_job *job, const struct exh_dat *dat, struct exh_error *err)
{
    bool wanted[EXH_DAT_DIGESTS] = {false};
    for (size_t g = 0; dat != NULL && g < dat->count; g++)
        for (size_t i = 0; i < dat->games[g].count; i++)
            for (size_t c = 0; c < EXH_DAT_DIGESTS; c++)
                wanted[c] = wanted[c] || dat->games[g].roms[i].length[c] > 0;
    for (size_t c = 0; c < EXH_DAT_DIGESTS; c++)
        if (wanted[c] && !want_algorithm(job, exh_dat_algorithm(c), err))
            return false;
    return true;
}

static bool collect(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_verify *ask = job->ask;
    for (size_t i = 0; i < ask->algorithm_count; i++)
        if (!want_algorithm(job, ask->algorithms[i], err))
            return false;
    for (size_t i = 0; i < ask->claim_count; i++)
        if (!collect_claim(job, &ask->claims[i], err))
            return false;
    const struct exh_claim own = {.basis = EXH_BASIS_STORED, .seal = ask->medium->seal, .who = "the image itself"};
    if (own.seal != NULL && !ask->skip_stored && !collect_claim(job, &own, err))
        return false;
    if (ask->chunk_sectors != 0 && job->chunk_sectors == 0)
        job->chunk_sectors = ask->chunk_sectors;
    return collect_dat(job, ask->dat, err);
}

/* ---- the walk ---- */

static bool inspect(struct exh_verify_job *job, struct exh_error *err)
{
    struct exh_inspection *in = &job->out->inspection;
    if (job->ask->inspected != NULL) {
        *in = *job->ask->inspected;
        memset(job->ask->inspected, 0, sizeof *in);
    } else if (!exh_medium_inspect(job->ask->medium, in, err)) {
        return false;
    }
    for (size_t i = 0; i < in->remark_count; i++) {
        const struct exh_remark *r = &in->remarks[i];
        struct exh_finding place = {.offset = r->offset, .lba = -1};
        (void)snprintf(place.file, sizeof place.file, "%s", r->file);
        if (r->outcome == EXH_HOLDS)
            continue;
        job->tally.damaged = job->tally.damaged || r->outcome == EXH_FAILS;
        if (!exh_job_find(job, r->check, r->outcome == EXH_FAILS ? "damaged" : "warning", -1, err, &place, "%s", r->detail))
            return false;
    }
    return true;
}

static bool open_consumers(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_verify *ask = job->ask;
    if (job->out->inspection.sum_count > 0 && (job->stored = exh_stored_new(&job->out->inspection, err)) == NULL)
        return false;
    job->by_track = ask->against != NULL && exh_discs_compare_by_track(ask->medium->layout, ask->against->layout) &&
                    !exh_discs_are_alike(ask->medium->layout, ask->against->layout);
    if (ask->against != NULL && !job->by_track && (job->against = exh_compare_new(ask->against, ask->medium->layout, err)) == NULL)
        return false;
    if (ask->against != NULL && exh_subs_are_comparable(ask->medium->layout, ask->against->layout) &&
        (job->sub = exh_compare_sub_new(ask->against, ask->medium->layout, err)) == NULL)
        return false;
    if (ask->audit && exh_disc_audit_applies(ask->medium->layout) && (job->audit = exh_sector_audit_new(ask->medium->layout, err)) == NULL)
        return false;
    return ask->witness == NULL || (job->witness = exh_compare_new(ask->witness, ask->medium->layout, err)) != NULL;
}

/* Only chunk digests are asked for, and the medium can be read in several places at once. */
static bool side_by_side(const struct exh_verify_job *job)
{
    return job->algorithm_count == 0 && job->audit == NULL && job->stored == NULL && job->chunk_sectors != 0 && job->ask->medium->concurrent &&
           job->against == NULL && job->sub == NULL && job->witness == NULL;
}

/* `scratch` is the route's; `holes` gets what it passes over. */
static bool walk(struct exh_verify_job *job, struct exh_digest_set *set, struct exh_scratch *scratch, struct exh_sectors *holes,
                 struct exh_error *err)
{
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    size_t n = exh_digest_set_consumers(set, consumers, EXH_DIGEST_SET_CONSUMERS_MAX);
    if (job->stored != NULL)
        consumers[n++] = exh_stored_consumer(job->stored);
    if (job->against != NULL)
        consumers[n++] = exh_compare_consumer(job->against);
    if (job->sub != NULL)
        consumers[n++] = exh_compare_sub_consumer(job->sub);
    if (job->witness != NULL)
        consumers[n++] = exh_compare_consumer(job->witness);
    if (job->audit != NULL)
        consumers[n++] = exh_sector_audit_consumer(job->audit);
    struct exh_ascending ascending;
    struct exh_lanes lanes;
    exh_route_ascending(&ascending, job->ask->medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    exh_route_lanes(&lanes, job->ask->medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES, job->chunk_sectors);
    exh_route_lanes_skip(&lanes, job->ask->medium, scratch, holes);
    exh_watch_phase(job->ask->watch, job->ask->phase != NULL ? job->ask->phase : "verify", ascending.route.total_bytes);
    struct exh_pipeline pipeline = {.medium = job->ask->medium,
                                    .route = side_by_side(job) ? &lanes.route : &ascending.route,
                                    .consumers = consumers,
                                    .consumer_count = n,
                                    .watch = job->ask->watch,
                                    .threads = job->ask->threads};
    struct exh_pipeline_outcome outcome;
    bool ok = exh_pipeline_run(&pipeline, &outcome, err);
    job->out->bytes = outcome.bytes + lanes.hole_bytes;
    job->faults = outcome.faults;
    memset(&outcome.faults, 0, sizeof outcome.faults);
    exh_pipeline_outcome_close(&outcome);
    if (ok && job->audit != NULL)
        exh_sector_audit_take(job->audit, &job->out->audit);
    return ok && exh_digest_set_result(set, &job->out->found, &job->out->not_good, err);
}

static bool compute(struct exh_verify_job *job, struct exh_error *err)
{
    struct exh_sectors holes = {0};
    struct exh_scratch *scratch = NULL;
    struct exh_digest_set_options options = {.algorithms = job->algorithms,
                                             .algorithm_count = job->algorithm_count,
                                             .disc = job->ask->medium->layout,
                                             .chunk_sectors = job->chunk_sectors,
                                             .padded = job->padded,
                                             .zeroed = job->filled ? &job->recorded : NULL,
                                             .holes = &holes,
                                             .layout = job->ask->medium->layout};
    bool ok = open_consumers(job, err);
    options.side_by_side = side_by_side(job);
    ok = ok && (!options.side_by_side || exh_medium_scratch(job->ask->medium, &scratch, err));
    struct exh_digest_set *set = ok ? exh_digest_set_new(&options, err) : NULL;
    ok = set != NULL && walk(job, set, scratch, &holes, err);
    exh_digest_set_close(set);
    exh_scratch_close(scratch);
    exh_sectors_close(&holes);
    return ok;
}

/* Discs that are not placed alike; or that are, and differ: then it is told whether a track is elsewhere, or some samples off. */
static bool judge_discs(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_verify *ask = job->ask;
    bool explain = job->against != NULL && exh_compare_found(job->against)->different_sectors > 0 &&
                   exh_discs_compare_by_track(ask->medium->layout, ask->against->layout);
    if (ask->against != NULL && !exh_job_compare_structure(job, ask->medium->layout, ask->against->layout, err))
        return false;
    if (!job->by_track && !explain)
        return true;
    return exh_discs_compare(ask->medium, ask->against, ask->watch, &job->discs, err) &&
           (explain ? exh_job_explain_discs(job, &job->discs, err) : exh_job_judge_discs(job, &job->discs, err));
}

static bool judge(struct exh_verify_job *job, struct exh_error *err)
{
    bool sums_hold;
    for (size_t i = 0; i < job->claim_count; i++)
        if (!exh_job_hold(job, &job->claims[i], err))
            return false;
    if (job->against != NULL && !exh_job_judge_comparison(job, "against", job->against, job->ask->against, EXH_BASIS_EXTERNAL, err))
        return false;
    if (!judge_discs(job, err) || !exh_job_judge_sub(job, err))
        return false;
    if (job->witness != NULL && !exh_job_judge_comparison(job, "witness", job->witness, job->ask->witness, EXH_BASIS_STORED, err))
        return false;
    if (!exh_job_judge_stored(job, &sums_hold, err) || !exh_job_hold_dat(job, err))
        return false;
    job->tally.checksums_hold = job->tally.checksums_hold || job->ask->medium->checksummed || sums_hold || exh_disc_audit_edc_holds(&job->out->audit);
    if (job->tally.checksums_hold && exh_verdict_of(&job->tally) == EXH_CONSISTENT)
        job->out->basis[EXH_BASIS_CHECKSUM] = true;
    job->out->verdict = exh_verdict_of(&job->tally);
    return true;
}

bool exh_verify_run(const struct exh_verify *verify, struct exh_verify_result *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    struct exh_verify_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return exh_nomem(err, "a verification");
    job->ask = verify;
    job->out = out;
    out->sectors = exh_layout_sectors(verify->medium->layout);
    out->layout = verify->medium->layout;
    bool ok = collect(job, err) && inspect(job, err) && compute(job, err) && exh_job_judge_states(job, err) && exh_job_digest_files(job, err) &&
              judge(job, err) && exh_job_judge_audit(job, err) && exh_verify_repeat(&job->recorded, out, err);
    exh_compare_close(job->against);
    exh_compare_close(job->witness);
    exh_compare_sub_close(job->sub);
    exh_disc_comparison_close(&job->discs);
    exh_sector_audit_close(job->audit);
    exh_stored_close(job->stored);
    exh_sectors_close(&job->recorded);
    exh_faults_close(&job->faults);
    free(job);
    return ok;
}

void exh_verify_result_close(struct exh_verify_result *result)
{
    exh_findings_close(&result->findings);
    exh_seal_close(&result->found);
    exh_sectors_close(&result->not_good);
    exh_inspection_close(&result->inspection);
    exh_disc_audit_close(&result->audit);
    memset(result, 0, sizeof *result);
}
