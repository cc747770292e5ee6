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
