/* read_back.c - the staged image, past the page cache, against what was read. See run.h. */
#include <fcntl.h>

#include "acquire/run.h"
#include "formats/container/source_file.h"

static bool lost(struct exh_error *err, const char *file, const char *detail)
{
    (void)exh_fail(err, EXH_LOST, EXH_NO_OFFSET, "the copy does not hold what was read: %s", detail);
    (void)exh_in_file(err, file);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* Digests, fields and unreadable ranges that the staged image states of itself, against what was meant. */
static bool check_stored(const struct exh_run *run, const struct exh_medium *staged, struct exh_error *err)
{
    static const char *const kept[] = {"case", "exhibit", "examiner", "description", "notes"};
    const struct exh_seal *said = staged->seal, *meant = &run->out->seal;
    if (said == NULL)
        return true;
    for (size_t i = 0; i < said->digests.count; i++) {
        const struct exh_digest_value *v = &said->digests.items[i], *ours = exh_digests_find(&meant->digests, v->scope, v->algorithm);
        if (ours == NULL || ours->length != v->length || memcmp(ours->bytes, v->bytes, v->length) != 0)
            return lost(err, run->plan->image, "the digest stored in it is not the one that was computed");
    }
    for (size_t i = 0; (run->sink->can & EXH_SINK_KEEPS_FIELDS) != 0 && i < sizeof kept / sizeof kept[0]; i++) {
        const char *want = exh_fields_get(&meant->fields, kept[i]), *have = exh_fields_get(&said->fields, kept[i]);
        if (strcmp(want != NULL ? want : "", have != NULL ? have : "") != 0)
            return exh_context((lost(err, run->plan->image, "a case field reads back otherwise than it was given"), err), "%s", kept[i]);
    }
    for (size_t i = 0; (run->sink->can & EXH_SINK_KEEPS_STATES) != 0 && i < meant->unreadable.count; i++) {
        const struct exh_range *want = &meant->unreadable.ranges[i], *have = exh_sectors_find(&said->unreadable, want->lba);
        bool representable = want->lba >= 0 && (uint64_t)want->lba + want->count <= UINT32_MAX; /* EWF's error2 holds 32 bits */
        if (representable && (have == NULL || have->lba > want->lba || have->lba + (int64_t)have->count < want->lba + (int64_t)want->count))
            return lost(err, run->plan->image, "its list of unreadable sectors lacks one");
    }
    return true;
}

static bool judge_read_back(const struct exh_run *run, const struct exh_verify_result *found, struct exh_error *err)
{
    if (found->verdict == EXH_MATCH && found->unread_now == 0)
        return true;
    for (size_t i = 0; i < found->findings.count; i++) {
        const struct exh_finding *f = &found->findings.items[i];
        if (strcmp(f->outcome, "mismatch") == 0 || strcmp(f->outcome, "damaged") == 0 || strcmp(f->outcome, "unreadable") == 0)
            return lost(err, f->file[0] != '\0' ? f->file : run->plan->image, f->detail);
    }
    return lost(err, run->plan->image, exh_verdict_name(found->verdict));
}

/* The staged image was written by us and sealed: whatever is wrong with its bytes now, the destination did it. */
static bool blame_destination(struct exh_error *err)
{
    switch (err->code) {
    case EXH_NOT_THIS_FORMAT:
    case EXH_CORRUPT:
    case EXH_UNSUPPORTED:
    case EXH_LIMIT:
    case EXH_GONE: err->code = EXH_LOST; break;
    case EXH_CANCELLED: return false;
    default: break;
    }
    err->side = EXH_SIDE_DESTINATION;
    return exh_context(err, "the image cannot be read back");
}

/* How the staged file can be read without the page cache answering for the disk. */
static const char *read_back_method(const char *path, struct exh_error *err)
{
    struct exh_source_file_options options = {.folder = AT_FDCWD, .past_cache = true};
    struct exh_source *source = exh_source_file_open(path, &options, err);
    if (source == NULL)
        return NULL;
    bool direct = exh_source_file_cache(source) == EXH_CACHE_BYPASSED;
    exh_source_close(source);
    return direct ? "direct" : "cache dropped";
}

static bool verify_staged(struct exh_run *run, struct exh_medium *staged, struct exh_error *err)
{
    /* A fill pattern is not in the chunk digests; only those of the media stream hold the image to it. */
    const struct exh_seal all = {.chunks = run->out->seal.chunks,
                                 .unreadable = run->out->seal.unreadable,
                                 .digests = run->out->seal.filled ? run->out->seal.digests : (struct exh_digests){0},
                                 .filled = run->out->seal.filled};
    const struct exh_claim claim = {.basis = EXH_BASIS_THIS_RUN, .seal = &all, .layout = &run->out->layout, .who = "this run"};
    struct exh_verify verify = {.medium = staged,
                                .claims = &claim,
                                .claim_count = 1,
                                .skip_stored = true,
                                .phase = "read back",
                                .watch = run->plan->watch,
                                .threads = run->plan->threads};
    struct exh_verify_result found;
    bool ok = exh_verify_run(&verify, &found, err) ? judge_read_back(run, &found, err) : blame_destination(err);
    exh_verify_result_close(&found);
    return ok && check_stored(run, staged, err);
}

bool exh_run_read_back(struct exh_run *run, struct exh_error *err)
{
    struct exh_open options = {.past_cache = true, .sector_bytes = run->out->layout.tracks[0].main_bytes, .folders = exh_stage_joined(run->stage)};
    struct exh_medium *staged = NULL;
    char *path = exh_run_staged(run, run->sink->files.items[0]);
    bool ok = path != NULL || exh_nomem(err, "a path");
    ok = ok && (run->out->read_back = read_back_method(path, err)) != NULL;
    if (ok && !exh_image_open(path, run->plan->format, &options, &staged, err))
        ok = blame_destination(err);
    ok = ok && verify_staged(run, staged, err);
    exh_medium_close(staged);
    free(path);
    if (ok)
        run->out->verification = EXH_MATCH;
    return ok;
}
