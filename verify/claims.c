/* claims.c - what others state of a medium, held against what was found. See verify_job.h. */
#include "verify/verify_job.h"

#include "formats/model/text.h"
#include "verify/digest.h"
#include "verify/track_digests.h"

struct held {
    bool matched, differed;
    bool checksum;    /* only a checksum of the whole medium agrees */
    bool other_shape; /* the claim is of the same disc in a container that stores its sectors otherwise: only what tracks hold is comparable */
    bool *as_said;    /* for each digest found: a claim states it, and with a cryptographic algorithm */
};

const char *exh_job_word_of(enum exh_basis basis)
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

bool exh_job_spell(const char *algorithm, struct exh_digest_value *out, struct exh_error *err)
{
    struct exh_digest *digest = exh_digest_new(algorithm, err);
    bool ok = digest != NULL && exh_digest_value(digest, out, err);
    exh_digest_close(digest);
    return ok;
}

/* Where what the scope covers begins, and in which file. */
static struct exh_finding place_of(const struct exh_verify_job *job, const char *scope)
{
    struct exh_finding place = {.offset = EXH_NO_OFFSET, .lba = -1};
    unsigned number;
    enum exh_track_part part;
    if (exh_scope_is_file(scope))
        (void)snprintf(place.file, sizeof place.file, "%s", scope + 5);
    const struct exh_track *t = exh_scope_track(scope, &number, &part) ? exh_layout_track(job->ask->medium->layout, number) : NULL;
    if (t != NULL)
        place.lba = exh_track_part_place(t, part, &place.count);
    return place;
}

static const char *check_of(const char *scope) { return exh_scope_is_file(scope) ? "file" : exh_scope_is_track(scope) ? "track" : "digest"; }

/* Zeros stand for sectors that could not be read: a digest over them says nothing of those that were. */
static bool has_holes(const struct exh_verify_job *job, const struct exh_digest_value *found, const struct exh_digest_value *said)
{
    if (exh_scope_is_track(said->scope))
        return found->not_good > said->not_good;
    return exh_scope_is_stream(said->scope) && (job->tally.unread || exh_sectors_total(&job->out->not_good, EXH_MISSING) > 0);
}

/* Tells of it only when it agrees, or only when it does not: a list of findings may end, and what differs must be in it. */
static bool hold_digest(struct exh_verify_job *job, const struct exh_claim *claim, const struct exh_digest_value *said, bool agreeing,
                        struct held *held, struct exh_error *err)
{
    struct exh_error unknown = {0};
    struct exh_digest_value known;
    struct exh_finding place = place_of(job, said->scope);
    const char *algorithm = exh_job_spell(said->algorithm, &known, &unknown) ? known.algorithm : said->algorithm;
    if (held->other_shape && !exh_scope_is_track(said->scope))
        return true; /* told once */
    const struct exh_digest_value *found = exh_scope_is_file(said->scope)
                                               ? same_file(&job->out->found.digests, &claim->seal->digests, said, algorithm)
                                               : exh_digests_find(&job->out->found.digests, said->scope, algorithm);
    if (found == NULL && strcmp(said->scope, "padded") == 0)
        found = exh_digests_find(&job->out->found.digests, "media", algorithm); /* no short tail: the two are one */
    bool agrees = found != NULL && found->length == said->length && memcmp(found->bytes, said->bytes, said->length) == 0;
    if (agrees != agreeing)
        return true;
    if (found == NULL)
        return held->other_shape || exh_job_find(job, "digest", "no-reference", (int)claim->basis, err, NULL, "%s of scope %s was not computed",
                                                 said->algorithm, said->scope);
    char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
    exh_text_hex(said->bytes, said->length, hex);
    if (agrees) {
        bool whole = exh_scope_is_stream(said->scope) ||
                     (exh_scope_is_file(said->scope) && job->ask->medium->files != NULL && job->ask->medium->files->count == 1);
        held->matched = held->matched || (is_cryptographic(said->algorithm) && whole);
        held->checksum = held->checksum || whole;
        held->as_said[found - job->out->found.digests.items] = is_cryptographic(said->algorithm);
        bool track = exh_scope_is_track(said->scope);
        return exh_job_find(job, check_of(said->scope), "match", (int)claim->basis, err, track ? &place : NULL, "%s of %s equals %s: %s",
                            said->algorithm, said->scope, exh_job_word_of(claim->basis), hex);
    }
    if (has_holes(job, found, said))
        return exh_job_find(job, check_of(said->scope), "not-compared", (int)claim->basis, err, &place,
                            "%s of %s cannot be compared with %s: not every sector could be read", said->algorithm, said->scope,
                            exh_job_word_of(claim->basis));
    held->differed = true;
    if (place.count > 0)
        return exh_job_find(job, "track", "mismatch", (int)claim->basis, err, &place, "%s of %s (LBA %lld to %lld) differs from %s, which says %s",
                            said->algorithm, said->scope, (long long)place.lba, (long long)place.lba + (long long)place.count - 1,
                            exh_job_word_of(claim->basis), hex);
    return exh_job_find(job, check_of(said->scope), "mismatch", (int)claim->basis, err, &place, "%s of %s differs from %s, which says %s",
                        said->algorithm, said->scope, exh_job_word_of(claim->basis), hex);
}

static bool hold_chunks(struct exh_verify_job *job, const struct exh_claim *claim, struct held *held, struct exh_error *err)
{
    const struct exh_chunks *said = &claim->seal->chunks, *found = &job->out->found.chunks;
    if (held->other_shape || said->sectors == 0 || said->sectors != found->sectors)
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
                          (long long)a->lba, (long long)(a->lba + a->sectors - 1), exh_job_word_of(claim->basis)))
            return false;
    }
    if (unread > 0 &&
        !exh_job_find(job, "chunk", "not-compared", (int)claim->basis, err, NULL,
                      "%zu of %zu chunks cannot be compared with %s: not every sector could be read", unread, n, exh_job_word_of(claim->basis)))
        return false;
    if (differ == 0 && unread == 0 && said->count == found->count) {
        held->matched = true;
        return exh_job_find(job, "chunk", "match", (int)claim->basis, err, NULL,
                            n == 1 ? "the %zu chunk digest equals %s" : "all %zu chunk digests equal %s", n, exh_job_word_of(claim->basis));
    }
    return true;
}

/* The same disc may be stored with or without what is around the user data, and with or without its pregaps. What a record says of this very image
 * is another matter: there, another shape is a difference. */
static bool is_other_shape(const struct exh_claim *claim, const struct exh_layout *have)
{
    const struct exh_layout *said = claim->layout;
    bool other = false;
    if (claim->basis != EXH_BASIS_EXTERNAL || said == NULL || said->kind != EXH_LAYOUT_DISC || have->kind != EXH_LAYOUT_DISC ||
        said->track_count != have->track_count)
        return false;
    for (uint32_t i = 0; i < have->track_count; i++) {
        const struct exh_track *a = &said->tracks[i], *b = &have->tracks[i];
        if (a->number != b->number || a->sectors - a->stored_pregap != b->sectors - b->stored_pregap)
            return false;
        other = other || a->main_bytes != b->main_bytes || a->stored_pregap != b->stored_pregap;
    }
    return other;
}

static bool hold_layout(struct exh_verify_job *job, const struct exh_claim *claim, struct held *held, struct exh_error *err)
{
    if (claim->layout == NULL)
        return true;
    held->other_shape = is_other_shape(claim, job->ask->medium->layout);
    if (held->other_shape)
        return exh_job_find(job, "layout", "not-compared", (int)claim->basis, err, NULL,
                            "%s is of the same tracks stored otherwise (sector size or pregaps): they are compared one by one, the whole is not",
                            exh_job_word_of(claim->basis));
    uint64_t said = exh_layout_bytes(claim->layout), have = exh_layout_bytes(job->ask->medium->layout);
    if (said == have || said == EXH_SECTORS_UNKNOWN || have == EXH_SECTORS_UNKNOWN)
        return true;
    held->differed = true;
    return exh_job_find(job, "size", "mismatch", (int)claim->basis, err, NULL, "%s says the medium has %llu bytes; here it has %llu",
                        exh_job_word_of(claim->basis), (unsigned long long)said, (unsigned long long)have);
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

/* What of each track a cryptographic digest holds: all of its sectors as stored, or, against another container, its user data. */
struct covered {
    bool part[EXH_PART_COUNT];
};

static bool track_is_covered(const struct held *held, const struct exh_track *t, const struct covered *c)
{
    return c->part[exh_track_main_part(t)] || c->part[EXH_PART_WHOLE] || (held->other_shape && c->part[EXH_PART_USER]);
}

/* Every track as it was, so the disc is. What of it nobody spoke of is named. */
static bool hold_tracks(struct exh_verify_job *job, const struct exh_claim *claim, struct held *held, struct exh_error *err)
{
    const struct exh_layout *layout = job->ask->medium->layout;
    const struct exh_digests *found = &job->out->found.digests;
    struct covered covered[100] = {0};
    unsigned number;
    enum exh_track_part part;
    for (size_t i = 0; i < found->count; i++)
        if (held->as_said[i] && exh_scope_track(found->items[i].scope, &number, &part))
            covered[number].part[part] = true;
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (held->matched || layout->kind != EXH_LAYOUT_DISC || layout->tracks[i].number > 99 ||
            !track_is_covered(held, &layout->tracks[i], &covered[layout->tracks[i].number]))
            return true;
    held->matched = true;
    for (uint32_t i = 0; i < layout->track_count; i++) {
        const struct exh_track *t = &layout->tracks[i];
        const struct covered *c = &covered[t->number];
        struct exh_finding pregap = exh_job_sectors(t->first, t->stored_pregap),
                           all = exh_job_sectors(exh_track_start(t), t->sectors - t->stored_pregap);
        if (t->stored_pregap > 0 && !c->part[EXH_PART_WHOLE] && !c->part[EXH_PART_PREGAP] &&
            !exh_job_find(job, "track", "not-compared", (int)claim->basis, err, &pregap, "the pregap of track %u is in no digest of %s", t->number,
                          exh_job_word_of(claim->basis)))
            return false;
        if (!c->part[exh_track_main_part(t)] && !c->part[EXH_PART_WHOLE] &&
            !exh_job_find(job, "track", "not-compared", (int)claim->basis, err, &all,
                          "of track %u only the user data are in a digest of %s, not what is stored around them", t->number,
                          exh_job_word_of(claim->basis)))
            return false;
    }
    return true;
}

bool exh_job_hold(struct exh_verify_job *job, const struct exh_claim *claim, struct exh_error *err)
{
    struct held held = {.as_said = calloc(job->out->found.digests.count + 1, sizeof(bool))};
    bool ok = held.as_said != NULL ? hold_layout(job, claim, &held, err) && hold_chunks(job, claim, &held, err) : exh_nomem(err, "a comparison");
    for (size_t i = 0; ok && i < 2 * claim->seal->digests.count; i++) {
        size_t n = claim->seal->digests.count;
        ok = hold_digest(job, claim, &claim->seal->digests.items[i % n], i >= n, &held, err);
    }
    held.matched = held.matched || (ok && all_files_match(job, held.as_said));
    ok = ok && hold_tracks(job, claim, &held, err);
    free(held.as_said);
    job->tally.matched[claim->basis] = job->tally.matched[claim->basis] || (held.matched && !held.differed);
    job->tally.checksums_hold = job->tally.checksums_hold || (held.checksum && !held.differed);
    job->tally.differs = job->tally.differs || held.differed;
    job->out->basis[claim->basis] = job->out->basis[claim->basis] || held.matched || held.differed;
    return ok;
}
