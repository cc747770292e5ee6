/* acquire.c - stage, put, seal, read back past the cache, publish. See acquire.h. */
#include "acquire/acquire.h"

#include <time.h>

#include "acquire/run.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"

const char *exh_acquisition_name(enum exh_acquisition acquisition)
{
    static const char *const names[] = {"none", "complete", "complete-with-errors", "incomplete"};
    return (unsigned)acquisition < 4 ? names[acquisition] : "bug";
}

static uint64_t now_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t); /* monotonic, and goes on while the machine sleeps */
    return (uint64_t)t.tv_sec;
}

/* SHA-256 of every container file. A raw image in one file is its media stream, which has been hashed. */
static bool digest_files(struct exh_run *run, struct exh_error *err)
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
        char *path = exh_run_staged(run, files->items[i]);
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

static bool read_source_again(struct exh_run *run, struct exh_error *err)
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
    (void)exh_medium_past_cache(run->plan->medium); /* a device says again what it holds, not the cache what it held */
    return exh_verify_run(&verify, &run->out->second, err);
}

static bool recheck_source(const struct exh_run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    return p->recheck == NULL || p->recheck(p->recheck_context, err) || exh_on_side(err, EXH_SIDE_SOURCE);
}

/* ---- what the reading side saw ---- */

static bool take_scouted(struct exh_run *run, struct exh_error *err)
{
    struct exh_history *all = &run->out->history;
    const struct exh_scout *now = &run->scout;
    for (size_t i = 0; i < now->counts.pass_count; i++)
        if (!exh_history_add_pass(all, &now->counts.passes[i], err))
            return false;
    for (size_t i = 0; i < now->trouble.count; i++)
        for (uint32_t k = 0; k < now->trouble.items[i].attempts; k++) {
            const struct exh_trouble_entry *e = &now->trouble.items[i];
            struct exh_fault fault = {.lba = e->lba, .count = 1, .sys = e->sys, .milliseconds = e->milliseconds};
            memcpy(fault.sense, e->sense, sizeof fault.sense);
            if (!exh_trouble_note(&all->trouble, &fault, err))
                return false;
        }
    exh_speed_add(&all->speed, &now->speed);
    run->out->recovered_sectors = exh_trouble_recovered(&all->trouble, &run->out->seal.unreadable);
    exh_trouble_settle(&all->trouble);
    return true;
}

/* ---- all of it ---- */

/* Of passes, what they made of it; of one pass, all read but what was not. */
static bool final_map(const struct exh_run *run, struct exh_map *out, struct exh_error *err)
{
    const struct exh_track *t = &run->plan->medium->layout->tracks[0];
    const struct exh_sectors *lost = &run->out->seal.unreadable;
    if (run->out->in_passes)
        return exh_map_copy(out, &run->map, err);
    bool ok = exh_map_open(out, t->sectors, err) && exh_map_mark(out, 0, t->sectors, EXH_AREA_READ, err);
    for (size_t i = 0; ok && i < lost->count; i++)
        ok = exh_map_mark(out, (uint64_t)(lost->ranges[i].lba - t->first), lost->ranges[i].count, EXH_AREA_BAD, err);
    return ok;
}

/* The map of a medium that could not be read whole, to lie beside its image, in ddrescue's syntax. */
static bool write_map(struct exh_run *run, struct exh_error *err)
{
    const struct exh_plan *p = run->plan;
    const struct exh_mapfile_span span = exh_run_span(run);
    struct exh_mapfile file = {.status = '+', .pass = 1};
    if (run->out->seal.unreadable.count == 0 || p->medium->endless || p->state == NULL || run->map.sectors == 0)
        return true;
    char *name = exh_text_format("%s" EXH_STAGE_MAP_END, exh_stage_name(run->stage));
    run->out->map_file = exh_text_format("%s" EXH_STAGE_MAP_END, p->image);
    bool ok = (name != NULL && run->out->map_file != NULL) || exh_nomem(err, "a name");
    ok = ok && final_map(run, &file.map, err) && exh_mapfile_save(&file, &span, exh_stage_folder(run->stage), name, p->program, err);
    exh_map_close(&file.map);
    free(name);
    return ok || exh_on_side(err, EXH_SIDE_DESTINATION);
}

static bool publish(struct exh_run *run, struct exh_error *err)
{
    const struct exh_names *files = &run->sink->files;
    struct exh_names all = {0}, *paths = &run->out->files;
    bool ok = true;
    for (size_t i = 0; ok && i < files->count; i++)
        ok = exh_names_add(&all, files->items[i], err);
    ok = ok && (run->out->map_file == NULL || exh_names_add(&all, exh_text_base(run->out->map_file), err)) &&
         exh_stage_publish(run->stage, &all, paths, err);
    if (ok && run->out->map_file != NULL)
        free(paths->items[--paths->count]); /* no file of the image */
    exh_names_close(&all);
    return ok || exh_on_side(err, EXH_SIDE_DESTINATION);
}

static bool prove(struct exh_run *run, struct exh_error *err)
{
    uint64_t start = now_seconds();
    bool ok = !run->plan->verify_image || exh_run_read_back(run, err);
    ok = ok && digest_files(run, err) && (!run->plan->verify_source || read_source_again(run, err)) && exh_run_renumber(run, err);
    run->out->seconds_verifying = now_seconds() - start;
    return ok;
}

static bool acquire(struct exh_run *run, struct exh_error *err)
{
    uint64_t start = now_seconds();
    bool ok = (!run->plan->resume || exh_run_take_up(run, err)) && exh_run_put(run, err) && take_scouted(run, err) &&
              exh_sink_seal(run->sink, &run->out->layout, &run->out->seal, err);
    run->out->seconds_reading = now_seconds() - start;
    if (ok && run->sink->unwitnessed != NULL)
        exh_watch_warn(run->plan->watch, "no second reader has looked at the image: %s", run->sink->unwitnessed);
    return ok && prove(run, err) && recheck_source(run, err) && write_map(run, err) && publish(run, err);
}

bool exh_acquire_run(const struct exh_plan *plan, struct exh_stage *stage, struct exh_acquire_result *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    out->of = plan->range ? "range" : plan->hidden_unchecked ? "visible" : "medium";
    out->read_back = "not made";
    out->verification = EXH_NOT_PERFORMED;
    struct exh_run run = {.plan = plan, .out = out, .stage = stage, .run_number = 1};
    bool ok = acquire(&run, err);
    if (ok)
        out->acquisition = out->seal.unreadable.count == 0 ? EXH_COMPLETE : EXH_COMPLETE_WITH_ERRORS;
    else {
        out->acquisition = run.wrote || plan->resume ? EXH_INCOMPLETE : EXH_ACQUISITION_NONE;
        exh_run_pause(&run, err);
    }
    exh_digest_set_close(run.set);
    exh_sink_close(run.sink);
    exh_sink_close(run.work);
    if (run.keeping)
        exh_keeper_close(&run.keeper);
    exh_scout_close(&run.scout);
    exh_map_close(&run.map);
    free(run.chunks.items);
    free(run.track_digests.items);
    exh_sectors_close(&run.unreadable);
    exh_sectors_close(&run.lost_kept);
    exh_journal_close(run.journal);
    return ok;
}

void exh_acquire_result_close(struct exh_acquire_result *result)
{
    exh_seal_close(&result->seal);
    exh_names_close(&result->files);
    exh_faults_close(&result->faults);
    exh_verify_result_close(&result->second);
    exh_history_close(&result->history);
    exh_sectors_close(&result->changed);
    exh_disc_close(&result->disc);
    free(result->source_digests.items);
    free(result->map_file);
    memset(result, 0, sizeof *result);
}
