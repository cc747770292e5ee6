/* claims.c - what others state of a medium, held against what was found. See verify_job.h. */
#include "verify/verify_job.h"

#include "formats/model/text.h"
#include "verify/digest.h"

struct held {
    bool matched, differed;
    bool *as_said; /* for each digest found: a claim states it, and with a cryptographic algorithm */
};

static const char *word_of(enum exh_basis basis)
{
    static const char *const words[EXH_BASIS_COUNT] = {"the given reference", "the ledger", "the side record",
                                                       "the image itself",    "a checksum", "this run"};
    return words[basis];
}

static bool is_cryptographic(const char *algorithm) { return strncmp(algorithm, "crc", 3) != 0 && strncmp(algorithm, "adler", 5) != 0; }

/* A renamed image still has its files in their order: the nth file digest of a claim speaks of the nth file. */
static const struct exh_digest_value *same_file(const struct exh_digests *found, const struct exh_digests *said, const struct exh_digest_value *one,
                                                const char *algorithm)
{
    const struct exh_digest_value *by_name = exh_digests_find(found, one->scope, algorithm);
    size_t nth = 0, seen = 0;
    if (by_name != NULL)
        return by_name;
    for (const struct exh_digest_value *v = said->items; v < one; v++)
        nth += exh_scope_is_file(v->scope);
    for (size_t i = 0; i < found->count; i++)
        if (exh_scope_is_file(found->items[i].scope) && strcmp(found->items[i].algorithm, algorithm) == 0 && seen++ == nth)
            return &found->items[i];
    return NULL;
}

/* Others write "SHA256", "RMD160" or "SHA-1" for what is found under the one spelling of this project. */
static bool spell(const char *algorithm, struct exh_digest_value *out, struct exh_error *err)
{
    struct exh_digest *digest = exh_digest_new(algorithm, err);
    bool ok = digest != NULL && exh_digest_value(digest, out, err);
    exh_digest_close(digest);
    return ok;
}

static bool hold_digest(struct exh_verify_job *job, const struct exh_claim *claim, const struct exh_digest_value *said, struct held *held,
                        struct exh_error *err)
{
    struct exh_error unknown = {0};
    struct exh_digest_value known;
    const char *algorithm = spell(said->algorithm, &known, &unknown) ? known.algorithm : said->algorithm;
    const struct exh_digest_value *found = exh_scope_is_file(said->scope)
                                               ? same_file(&job->out->found.digests, &claim->seal->digests, said, algorithm)
                                               : exh_digests_find(&job->out->found.digests, said->scope, algorithm);
    if (found == NULL && strcmp(said->scope, "padded") == 0)
        found = exh_digests_find(&job->out->found.digests, "media", algorithm); /* no short tail: the two are one */
    if (found == NULL)
        return exh_job_find(job, "digest", "no-reference", (int)claim->basis, err, NULL, "%s of scope %s was not computed", said->algorithm,
                            said->scope);
    char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    exh_text_hex(said->bytes, said->length, hex);
    if (found->length == said->length && memcmp(found->bytes, said->bytes, said->length) == 0) {
        bool whole = exh_scope_is_stream(said->scope) ||
                     (exh_scope_is_file(said->scope) && job->ask->medium->files != NULL && job->ask->medium->files->count == 1);
        held->matched = held->matched || (is_cryptographic(said->algorithm) && whole);
        held->as_said[found - job->out->found.digests.items] = is_cryptographic(said->algorithm);
        return exh_job_find(job, exh_scope_is_file(said->scope) ? "file" : "digest", "match", (int)claim->basis, err, NULL, "%s of %s equals %s: %s",
                            said->algorithm, said->scope, word_of(claim->basis), hex);
    }
    if (exh_scope_is_stream(said->scope) && (job->tally.unread || exh_sectors_total(&job->out->not_good, EXH_MISSING) > 0))
        return exh_job_find(job, "digest", "not-compared", (int)claim->basis, err, NULL,
                            "%s of %s cannot be compared with %s: not every sector could be read", said->algorithm, said->scope,
                            word_of(claim->basis));
    held->differed = true;
    struct exh_finding place = {.offset = EXH_NO_OFFSET, .lba = -1};
    if (exh_scope_is_file(said->scope))
        (void)snprintf(place.file, sizeof place.file, "%s", said->scope + 5);
    return exh_job_find(job, place.file[0] != '\0' ? "file" : "digest", "mismatch", (int)claim->basis, err, &place,
                        "%s of %s differs from %s, which says %s", said->algorithm, said->scope, word_of(claim->basis), hex);
}

static bool hold_chunks(struct exh_verify_job *job, const struct exh_claim *claim, struct held *held, struct exh_error *err)
{
    const struct exh_chunks *said = &claim->seal->chunks, *found = &job->out->found.chunks;
    if (said->sectors == 0 || said->sectors != found->sectors)
        return true;
    size_t n = said->count < found->count ? said->count : found->count, differ = 0, unread = 0;
    bool holes = job->tally.unread || exh_sectors_total(&job->out->not_good, EXH_MISSING) > 0;
    for (size_t i = 0; i < n; i++) {
        const struct exh_chunk *a = &said->items[i], *b = &found->items[i];
        if (a->lba == b->lba && a->sectors == b->sectors && memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0)
            continue;
        if (holes && a->lba == b->lba && a->sectors == b->sectors && b->not_good > a->not_good) {
            unread++; /* zeros stand for what could not be read: the sectors are told of, and nothing is known of the rest */
            continue;
        }
        held->differed = true;
        struct exh_finding place = exh_job_sectors(a->lba, a->sectors);
        if (differ++ < EXH_JOB_RANGES_TOLD &&
            !exh_job_find(job, "chunk", "mismatch", (int)claim->basis, err, &place, "chunk %zu (LBA %lld to %lld) differs from %s", i,
                          (long long)a->lba, (long long)(a->lba + a->sectors - 1), word_of(claim->basis)))
            return false;
    }
    if (unread > 0 && !exh_job_find(job, "chunk", "not-compared", (int)claim->basis, err, NULL,
                                    "%zu of %zu chunks cannot be compared with %s: not every sector could be read", unread, n, word_of(claim->basis)))
        return false;
    if (differ == 0 && unread == 0 && said->count == found->count) {
        held->matched = true;
        return exh_job_find(job, "chunk", "match", (int)claim->basis, err, NULL, "all %zu chunk digests equal %s", n, word_of(claim->basis));
    }
    return true;
}

static bool hold_layout(struct exh_verify_job *job, const struct exh_claim *claim, struct held *held, struct exh_error *err)
{
    if (claim->layout == NULL)
        return true;
    uint64_t said = exh_layout_bytes(claim->layout), have = exh_layout_bytes(job->ask->medium->layout);
    if (said == have || said == EXH_SECTORS_UNKNOWN || have == EXH_SECTORS_UNKNOWN)
        return true;
    held->differed = true;
    return exh_job_find(job, "size", "mismatch", (int)claim->basis, err, NULL, "%s says the medium has %llu bytes; here it has %llu",
                        word_of(claim->basis), (unsigned long long)said, (unsigned long long)have);
}

/* The medium is in its files, so when every one of them is as it was, so is the medium. The digests of one file stand together in `found`. */
static bool all_files_match(const struct exh_verify_job *job, const bool *as_said)
{
    const struct exh_digests *found = &job->out->found.digests;
    const struct exh_names *files = job->ask->medium->files;
    const char *last = NULL;
    size_t n = 0;
    for (size_t i = 0; i < found->count; i++)
        if (as_said[i] && exh_scope_is_file(found->items[i].scope) && (last == NULL || strcmp(last, found->items[i].scope) != 0)) {
            n++;
            last = found->items[i].scope;
        }
    return files != NULL && files->count > 0 && n == files->count;
}

bool exh_job_hold(struct exh_verify_job *job, const struct exh_claim *claim, struct exh_error *err)
{
    struct held held = {.as_said = calloc(job->out->found.digests.count + 1, sizeof(bool))};
    bool ok = held.as_said != NULL ? hold_layout(job, claim, &held, err) && hold_chunks(job, claim, &held, err) : exh_nomem(err, "a comparison");
    for (size_t i = 0; ok && i < claim->seal->digests.count; i++)
        ok = hold_digest(job, claim, &claim->seal->digests.items[i], &held, err);
    held.matched = held.matched || (ok && all_files_match(job, held.as_said));
    free(held.as_said);
    job->tally.matched[claim->basis] = job->tally.matched[claim->basis] || (held.matched && !held.differed);
    job->tally.differs = job->tally.differs || held.differed;
    job->out->basis[claim->basis] = job->out->basis[claim->basis] || held.matched || held.differed;
    return ok;
}
