/* acquire.c - stage, put, seal, read back past the cache, publish. See acquire.h. */
#include "acquire/acquire.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "acquire/stage.h"
#include "formats/container/source_file.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"
#include "verify/digest_set.h"

#define WORK_FILE "work.raw" /* in the staging folder: what a sink that must know the size is fed from when the source does not tell it */

const char *exh_acquisition_name(enum exh_acquisition acquisition)
{
    static const char *const names[] = {"none", "complete", "complete-with-errors", "incomplete"};
    return (unsigned)acquisition < 4 ? names[acquisition] : "bug";
}

struct run {
    const struct exh_plan *plan;
    struct exh_acquire_result *out;
    struct exh_stage *stage;
    struct exh_sink *sink;
    bool wrote; /* something is in the staging folder that is worth keeping */
};

static uint64_t now_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t); /* monotonic, and goes on while the machine sleeps */
    return (uint64_t)t.tv_sec;
}

static char *staged_path(const struct run *run, const char *name) { return exh_text_format("%s/%s", exh_stage_folder(run->stage), name); }

static uint32_t common_multiple(uint32_t a, uint32_t b)
{
    uint32_t x = a, y = b;
    while (y != 0) {
        uint32_t rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

/* ---- put ---- */

static bool open_sink(struct run *run, const struct exh_format *format, const char *name, const struct exh_layout *declared, uint64_t segment_bytes,
                      struct exh_sink **out, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    struct exh_create create = {.folder = exh_stage_folder(run->stage),
                                .name = name,
                                .declared = declared,
                                .fields = p->fields,
                                .program = p->program,
                                .platform = p->platform,
                                .unix_time = p->unix_time,
                                .segment_bytes = segment_bytes,
                                .compression = p->compression,
                                .removable = p->removable,
                                .optical = p->optical,
                                .physical = p->physical};
    memcpy(create.guid, p->guid, sizeof create.guid);
    return format->create(&create, out, err) || exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* One walk from a medium into a sink, with the digests of record unless they were already taken. */
static bool feed(struct run *run, struct exh_medium *medium, struct exh_sink *sink, struct exh_digest_set *set, const char *phase,
                 struct exh_error *err)
{
    struct exh_consumer *consumers[EXH_PIPELINE_CONSUMERS_MAX];
    size_t n = set != NULL ? exh_digest_set_consumers(set, consumers, EXH_PIPELINE_CONSUMERS_MAX - 1) : 0;
    consumers[n++] = &sink->consumer;
    struct exh_ascending route;
    exh_route_ascending(&route, medium, EXH_THOROUGH, EXH_PIPELINE_BLOCK_BYTES);
    route.unit_sectors = common_multiple(route.unit_sectors, sink->unit_sectors > 0 ? sink->unit_sectors : 1);
    exh_watch_phase(run->plan->watch, phase, route.route.total_bytes);
    struct exh_pipeline pipeline = {.medium = medium,
                                    .route = &route.route,
                                    .consumers = consumers,
                                    .consumer_count = n,
                                    .watch = run->plan->watch,
                                    .threads = run->plan->threads};
    struct exh_pipeline_outcome outcome;
    run->wrote = true;
    bool ok = exh_pipeline_run(&pipeline, &outcome, err);
    if (set != NULL) {
        run->out->faults = outcome.faults;
        run->out->fault_count = outcome.fault_count;
        memset(&outcome.faults, 0, sizeof outcome.faults);
    }
    exh_pipeline_outcome_close(&outcome);
    return ok || (err->side == EXH_SIDE_NONE && exh_on_side(err, EXH_SIDE_DESTINATION));
}

static void note_layout(struct run *run)
{
    if (run->plan->final_layout != NULL)
        run->plan->final_layout(run->plan->medium, &run->out->layout);
    else
        run->out->layout = *run->plan->medium->layout;
}

static bool take_results(struct run *run, struct exh_digest_set *set, struct exh_error *err)
{
    struct exh_acquire_result *out = run->out;
    note_layout(run);
    if (!exh_digest_set_result(set, &out->seal, &out->seal.unreadable, err))
        return false;
    for (size_t i = 0; run->plan->fields != NULL && i < run->plan->fields->count; i++)
        if (!exh_fields_set(&out->seal.fields, run->plan->fields->items[i].key, run->plan->fields->items[i].value, err))
            return false;
    return true;
}

/* The source's size is not known and the format must know it: the stream goes into a raw work file first, and from there into the image. */
static bool put_through_work_file(struct run *run, struct exh_digest_set *set, struct exh_error *err)
{
    struct exh_sink *work = NULL;
    struct exh_medium *medium = NULL;
    char *path = staged_path(run, WORK_FILE);
    struct exh_open options = {.sector_bytes = run->plan->medium->layout->tracks[0].main_bytes};
    bool ok = (path != NULL || exh_nomem(err, "a path")) && open_sink(run, &exh_format_raw, WORK_FILE, run->plan->medium->layout, 0, &work, err) &&
              feed(run, run->plan->medium, work, set, "read into a work file", err) && take_results(run, set, err) &&
              exh_sink_seal(work, &run->out->layout, &run->out->seal, err) && exh_image_open(path, &exh_format_raw, &options, &medium, err) &&
              open_sink(run, run->plan->format, exh_stage_name(run->stage), &run->out->layout, run->plan->segment_bytes, &run->sink, err) &&
              feed(run, medium, run->sink, NULL, "write the image", err);
    exh_medium_close(medium);
    exh_sink_close(work);
    if (ok && unlink(path) != 0)
        exh_watch_warn(run->plan->watch, "the work file %s could not be removed", path);
    free(path);
    return ok;
}

static bool put(struct run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    const struct exh_track *track = &p->medium->layout->tracks[0];
    struct exh_digest_set_options options = {.algorithms = p->algorithms,
                                             .algorithm_count = p->algorithm_count,
                                             .padded = (p->format->can & EXH_SINK_WHOLE_SECTORS) != 0,
                                             .chunk_sectors = exh_chunk_sectors(p->chunk_bytes, track->main_bytes)};
    struct exh_digest_set *set = exh_digest_set_new(&options, err);
    bool ok = set != NULL;
    if (ok && p->medium->endless && (p->format->can & EXH_SINK_NEEDS_SIZE) != 0)
        ok = put_through_work_file(run, set, err);
    else if (ok)
        ok = open_sink(run, p->format, exh_stage_name(run->stage), p->medium->layout, p->segment_bytes, &run->sink, err) &&
             feed(run, p->medium, run->sink, set, "acquire", err) && take_results(run, set, err);
    exh_digest_set_close(set);
    return ok;
}

/* ---- read back ---- */

static bool lost(struct exh_error *err, const char *file, const char *detail)
{
    (void)exh_fail(err, EXH_LOST, EXH_NO_OFFSET, "the copy does not hold what was read: %s", detail);
    (void)exh_in_file(err, file);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* Digests, fields and unreadable ranges that the staged image states of itself, against what was meant. */
static bool check_stored(const struct run *run, const struct exh_medium *staged, struct exh_error *err)
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

static bool judge_read_back(const struct run *run, const struct exh_verify_result *found, struct exh_error *err)
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

static bool verify_staged(struct run *run, struct exh_medium *staged, struct exh_error *err)
{
    const struct exh_seal chunks_only = {.chunks = run->out->seal.chunks, .unreadable = run->out->seal.unreadable};
    const struct exh_claim claim = {.basis = EXH_BASIS_THIS_RUN, .seal = &chunks_only, .layout = &run->out->layout, .who = "this run"};
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

static bool read_back(struct run *run, struct exh_error *err)
{
    struct exh_open options = {.past_cache = true, .sector_bytes = run->out->layout.tracks[0].main_bytes};
    struct exh_medium *staged = NULL;
    char *path = staged_path(run, run->sink->files.items[0]);
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

/* SHA-256 of every container file. A raw image in one file is its media stream, which has been hashed. */
static bool digest_files(struct run *run, struct exh_error *err)
{
    const struct exh_names *files = &run->sink->files;
    const struct exh_digest_value *media = exh_digests_find(&run->out->seal.digests, "media", "sha256");
    if (run->plan->format == &exh_format_raw && files->count == 1 && media != NULL) {
        struct exh_digest_value value = *media;
        value.not_good = 0; /* of the file: all of its bytes are there */
        (void)snprintf(value.scope, sizeof value.scope, "file:%s", files->items[0]);
        return exh_digests_add(&run->out->seal.digests, &value, err);
    }
    struct exh_names paths = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < files->count; i++) {
        char *path = staged_path(run, files->items[i]);
        ok = path != NULL ? exh_names_add(&paths, path, err) : exh_nomem(err, "a path");
        free(path);
    }
    exh_watch_phase(run->plan->watch, "container files", EXH_SECTORS_UNKNOWN);
    ok = ok && (exh_verify_files(&paths, false, run->plan->watch, run->plan->threads, &run->out->seal.digests, err) ||
                exh_on_side(err, EXH_SIDE_DESTINATION));
    exh_names_close(&paths);
    return ok;
}

/* ---- the source again ---- */

static bool read_source_again(struct run *run, struct exh_error *err)
{
    const struct exh_seal chunks_only = {.chunks = run->out->seal.chunks, .unreadable = run->out->seal.unreadable};
    const struct exh_claim claim = {.basis = EXH_BASIS_THIS_RUN, .seal = &chunks_only, .layout = &run->out->layout, .who = "the first read"};
    struct exh_verify verify = {.medium = run->plan->medium,
                                .claims = &claim,
                                .claim_count = 1,
                                .skip_stored = true,
                                .phase = "read the source again",
                                .watch = run->plan->watch,
                                .threads = run->plan->threads};
    run->out->source_read_twice = true;
    return exh_verify_run(&verify, &run->out->second, err);
}

static bool recheck_source(const struct run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    return p->recheck == NULL || p->recheck(p->recheck_context, err) || exh_on_side(err, EXH_SIDE_SOURCE);
}

/* ---- all of it ---- */

static bool publish(struct run *run, struct exh_error *err)
{
    const char *target = exh_stage_target(run->stage);
    for (size_t i = 0; i < run->sink->files.count; i++) {
        char *path = strcmp(target, ".") == 0 ? exh_text_copy(run->sink->files.items[i], strlen(run->sink->files.items[i]))
                                              : exh_text_format("%s%s%s", target, strcmp(target, "/") == 0 ? "" : "/", run->sink->files.items[i]);
        bool ok = path != NULL ? exh_names_add(&run->out->files, path, err) : exh_nomem(err, "a path");
        free(path);
        if (!ok)
            return false;
    }
    return exh_stage_publish(run->stage, &run->sink->files, err) || exh_on_side(err, EXH_SIDE_DESTINATION);
}

static bool prove(struct run *run, struct exh_error *err)
{
    uint64_t start = now_seconds();
    bool ok = !run->plan->verify_image || read_back(run, err);
    ok = ok && digest_files(run, err) && (!run->plan->verify_source || read_source_again(run, err));
    run->out->seconds_verifying = now_seconds() - start;
    return ok;
}

static bool acquire(struct run *run, struct exh_error *err)
{
    uint64_t start = now_seconds();
    bool ok = put(run, err) && exh_sink_seal(run->sink, &run->out->layout, &run->out->seal, err);
    run->out->seconds_reading = now_seconds() - start;
    return ok && prove(run, err) && recheck_source(run, err) && publish(run, err);
}

bool exh_acquire_run(const struct exh_plan *plan, struct exh_acquire_result *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    out->of = plan->range ? "range" : plan->hidden_unchecked ? "visible" : "medium";
    out->read_back = "not made";
    out->verification = EXH_NOT_PERFORMED;
    struct run run = {.plan = plan, .out = out};
    run.stage = exh_stage_open(plan->image, err);
    if (run.stage == NULL)
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    bool ok = acquire(&run, err);
    if (ok)
        out->acquisition = out->seal.unreadable.count == 0 ? EXH_COMPLETE : EXH_COMPLETE_WITH_ERRORS;
    else
        out->acquisition = run.wrote ? EXH_INCOMPLETE : EXH_ACQUISITION_NONE;
    exh_sink_close(run.sink);
    exh_stage_close(run.stage);
    return ok;
}

void exh_acquire_result_close(struct exh_acquire_result *result)
{
    exh_seal_close(&result->seal);
    exh_names_close(&result->files);
    exh_faults_close(&result->faults);
    exh_verify_result_close(&result->second);
    memset(result, 0, sizeof *result);
}
