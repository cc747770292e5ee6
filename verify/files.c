/* files.c - digests of container files, each read through the pipeline as the plain bytes it is. See verify_job.h, verify.h. */
#include "verify/verify_job.h"

#include <fcntl.h>

#include "formats/container/source_file.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"
#include "verify/digest_set.h"

/* The algorithms in which any claim speaks of container files. */
static size_t file_algorithms(const struct exh_verify_job *job, const char *out[EXH_JOB_ALGORITHMS_MAX])
{
    size_t n = 0;
    for (size_t c = 0; c < job->claim_count; c++)
        for (size_t i = 0; i < job->claims[c].seal->digests.count; i++) {
            const struct exh_digest_value *v = &job->claims[c].seal->digests.items[i];
            size_t k = 0;
            while (k < n && strcmp(out[k], v->algorithm) != 0)
                k++;
            if (exh_scope_is_file(v->scope) && k == n && n < EXH_JOB_ALGORITHMS_MAX)
                out[n++] = v->algorithm;
        }
    return n;
}

/* One container file through the pipeline, as the raw bytes it is. */
static bool digest_file(const char *path, const char *const *algorithms, size_t algorithm_count, bool past_cache, const struct exh_watch *watch,
                        unsigned threads, struct exh_digests *out, struct exh_error *err)
{
    struct exh_source_file_options file = {.folder = AT_FDCWD, .past_cache = past_cache};
    struct exh_digest_set_options options = {.algorithms = algorithms, .algorithm_count = algorithm_count};
    struct exh_source *source = exh_source_file_open(path, &file, err);
    struct exh_open plain = {.path = path};
    struct exh_medium *medium = source != NULL ? exh_format_raw.open(source, &plain, err) : NULL;
    struct exh_digest_set *set = medium != NULL ? exh_digest_set_new(&options, err) : NULL;
    struct exh_seal seal = {0};
    struct exh_sectors states = {0};
    bool ok = set != NULL;
    if (ok) {
        struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
        struct exh_ascending route;
        exh_route_ascending(&route, medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
        struct exh_pipeline pipeline = {.medium = medium,
                                        .route = &route.route,
                                        .consumers = consumers,
                                        .watch = watch,
                                        .threads = threads,
                                        .consumer_count = exh_digest_set_consumers(set, consumers, EXH_PIPELINE_CONSUMERS_MAX)};
        struct exh_pipeline_outcome outcome;
        ok = exh_pipeline_run(&pipeline, &outcome, err) && exh_digest_set_result(set, &seal, &states, err);
        exh_pipeline_outcome_close(&outcome);
    }
    if (ok && states.count > 0)
        ok = exh_fail(err, EXH_IO, EXH_NO_OFFSET, "not every byte of the file could be read") || exh_in_file(err, path);
    for (size_t i = 0; ok && i < seal.digests.count; i++) {
        (void)snprintf(seal.digests.items[i].scope, sizeof seal.digests.items[i].scope, "file:%.270s", exh_text_base(path));
        ok = exh_digests_add(out, &seal.digests.items[i], err);
    }
    exh_digest_set_close(set);
    exh_seal_close(&seal);
    exh_sectors_close(&states);
    exh_medium_close(medium);
    if (medium == NULL)
        exh_source_close(source);
    return ok;
}

bool exh_verify_files(const struct exh_names *files, bool past_cache, const struct exh_watch *watch, unsigned threads, struct exh_digests *out,
                      struct exh_error *err)
{
    static const char *const sha256[] = {"sha256"};
    for (size_t i = 0; i < files->count; i++)
        if (!digest_file(files->items[i], sha256, 1, past_cache, watch, threads, out, err))
            return false;
    return true;
}

/* --- an image that cannot be opened --- */

struct unopened {
    const struct exh_names *files;
    const char *algorithms[EXH_JOB_ALGORITHMS_MAX];
    struct exh_digest_value spelled[EXH_JOB_ALGORITHMS_MAX];
    size_t algorithm_count;
    struct exh_verify_result *out;
};

static bool is_of_files(const struct unopened *u, const char *scope)
{
    for (size_t i = 0; exh_scope_is_file(scope) && i < u->files->count; i++)
        if (strcmp(scope + 5, exh_text_base(u->files->items[i])) == 0)
            return true;
    return false;
}

/* One that nobody here can compute is not compared, and the claim is told as such. */
static void want(struct unopened *u, const char *algorithm)
{
    struct exh_error unknown = {0};
    struct exh_digest_value *value = &u->spelled[u->algorithm_count];
    if (u->algorithm_count == EXH_JOB_ALGORITHMS_MAX || !exh_job_spell(algorithm, value, &unknown))
        return;
    for (size_t i = 0; i < u->algorithm_count; i++)
        if (strcmp(u->algorithms[i], value->algorithm) == 0)
            return;
    u->algorithms[u->algorithm_count++] = value->algorithm;
}

static bool hold_file(struct unopened *u, const struct exh_claim *claim, const struct exh_digest_value *said, struct exh_error *err)
{
    struct exh_error unknown = {0};
    struct exh_digest_value known;
    const char *algorithm = exh_job_spell(said->algorithm, &known, &unknown) ? known.algorithm : said->algorithm;
    const struct exh_digest_value *found = exh_digests_find(&u->out->found.digests, said->scope, algorithm);
    bool agrees = found != NULL && found->length == said->length && memcmp(found->bytes, said->bytes, said->length) == 0;
    char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    exh_text_hex(said->bytes, said->length, hex);
    struct exh_finding f = {.check = "file", .offset = EXH_NO_OFFSET, .lba = -1, .basis = (int)claim->basis};
    (void)snprintf(f.outcome, sizeof f.outcome, "%s", found == NULL ? "no-reference" : agrees ? "match" : "mismatch");
    (void)snprintf(f.file, sizeof f.file, "%s", said->scope + 5);
    if (found == NULL)
        (void)snprintf(f.detail, sizeof f.detail, "%s of scope %s was not computed", said->algorithm, said->scope);
    else
        (void)snprintf(f.detail, sizeof f.detail, "%s of %.150s %s %s%s %s", said->algorithm, said->scope, agrees ? "equals" : "differs from",
                       exh_job_word_of(claim->basis), agrees ? ":" : ", which says", hex);
    if (found != NULL && !agrees) {
        u->out->verdict = EXH_MISMATCH;
        u->out->basis[claim->basis] = true;
    }
    return exh_findings_add(&u->out->findings, &f, err);
}

bool exh_verify_unopened(const struct exh_names *files, const struct exh_claim *claims, size_t claim_count, bool past_cache,
                         const struct exh_watch *watch, struct exh_verify_result *out, struct exh_error *err)
{
    struct unopened u = {.files = files, .out = out};
    bool ok = true;
    memset(out, 0, sizeof *out);
    want(&u, "sha256");
    for (size_t c = 0; c < claim_count; c++)
        for (size_t i = 0; i < claims[c].seal->digests.count; i++)
            if (is_of_files(&u, claims[c].seal->digests.items[i].scope))
                want(&u, claims[c].seal->digests.items[i].algorithm);
    exh_watch_phase(watch, "container files", EXH_SECTORS_UNKNOWN);
    for (size_t i = 0; ok && i < files->count; i++)
        ok = digest_file(files->items[i], u.algorithms, u.algorithm_count, past_cache, watch, 0, &out->found.digests, err);
    for (size_t c = 0; ok && c < claim_count; c++)
        for (size_t i = 0; ok && i < claims[c].seal->digests.count; i++)
            ok = !is_of_files(&u, claims[c].seal->digests.items[i].scope) || hold_file(&u, &claims[c], &claims[c].seal->digests.items[i], err);
    return ok;
}

/* A raw image in one file has been hashed already: its file is its media stream. */
bool exh_job_digest_files(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_medium *m = job->ask->medium;
    const char *algorithms[EXH_JOB_ALGORITHMS_MAX];
    size_t n = file_algorithms(job, algorithms);
    if (m->files == NULL || n == 0 || job->out->unread_now > 0)
        return true;
    const struct exh_digest_value *media = exh_digests_find(&job->out->found.digests, "media", "sha256");
    if (m->verbatim && m->files->count == 1 && media != NULL && media->not_good == 0 && n == 1 && strcmp(algorithms[0], "sha256") == 0) {
        struct exh_digest_value value = *media;
        (void)snprintf(value.scope, sizeof value.scope, "file:%s", exh_text_base(m->files->items[0]));
        return exh_digests_add(&job->out->found.digests, &value, err);
    }
    exh_watch_phase(job->ask->watch, "container files", EXH_SECTORS_UNKNOWN);
    for (size_t i = 0; i < m->files->count; i++)
        if (!digest_file(m->files->items[i], algorithms, n, job->ask->past_cache, job->ask->watch, job->ask->threads, &job->out->found.digests, err))
            return false;
    return true;
}
