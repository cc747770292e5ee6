/* take_up.c - finds, proves and takes over what an earlier run left in the staging folder. See run.h.
 *
 * Nothing is believed: what was written is read again and held against the journal's checksums, and sectors of the medium against what was kept of
 * them. What does not hold is read again from the medium, as if it had never been read. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/proof.h"
#include "acquire/run.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"

struct exh_mapfile_span exh_run_span(const struct exh_run *run)
{
    const struct exh_layout *layout = run->plan->medium->layout;
    return (struct exh_mapfile_span){
        .origin_bytes = run->plan->origin_bytes, .bytes = exh_layout_bytes(layout), .sector_bytes = layout->tracks[0].main_bytes};
}

char *exh_run_staged(const struct exh_run *run, const char *name)
{
    return strchr(name, '/') != NULL ? exh_text_copy(name, strlen(name)) : exh_text_format("%s/%s", exh_stage_folder(run->stage), name);
}

static bool keeps_order(const struct exh_run *run) { return (run->plan->format->can & EXH_SINK_ANY_ORDER) == 0; }

/* The first part of a raw image: "disk.raw" or, split, "disk.raw.001". */
static char *raw_first(const struct exh_run *run, bool work)
{
    const char *name = work ? EXH_WORK_FILE : exh_stage_name(run->stage);
    size_t length = strlen(name);
    bool numbered = length > 4 && strcmp(name + length - 4, ".001") == 0;
    return exh_text_format("%s/%s%s", exh_stage_folder(run->stage), name, !work && run->plan->segment_bytes != 0 && !numbered ? ".001" : "");
}

static bool open_raw(struct exh_run *run, bool work, struct exh_medium **out, uint64_t *kept, struct exh_error *err)
{
    struct exh_open options = {.sector_bytes = run->plan->medium->layout->tracks[0].main_bytes, .folders = exh_stage_joined(run->stage)};
    char *path = raw_first(run, work);
    struct stat st;
    *out = NULL;
    *kept = 0;
    if (path == NULL)
        return exh_nomem(err, "a path");
    bool there = stat(path, &st) == 0 && st.st_size > 0;
    bool ok = !there || exh_image_open(path, &exh_format_raw, &options, out, err);
    if (*out != NULL)
        *kept = exh_layout_sectors((*out)->layout);
    free(path);
    return ok;
}

bool exh_run_open_kept(struct exh_run *run, bool work, struct exh_medium **out, uint64_t *kept, struct exh_error *err)
{
    if (work || !keeps_order(run))
        return open_raw(run, work, out, kept, err);
    struct exh_open options = {.sector_bytes = run->plan->medium->layout->tracks[0].main_bytes, .folders = exh_stage_joined(run->stage)};
    *out = NULL;
    *kept = 0;
    if (run->plan->format->open_kept == NULL)
        return true;
    char *path = exh_run_staged(run, exh_stage_name(run->stage));
    bool ok = path != NULL ? run->plan->format->open_kept(path, &options, out, kept, err) : exh_nomem(err, "a path");
    free(path);
    return ok;
}

/* ---- the map, and what of it holds ---- */

static bool load_map(struct exh_run *run, struct exh_error *err)
{
    const struct exh_mapfile_span span = exh_run_span(run);
    struct exh_mapfile file = {0};
    char *path = exh_run_staged(run, EXH_MAP_NAME);
    if (path == NULL)
        return exh_nomem(err, "a path");
    bool there = access(path, F_OK) == 0;
    bool ok = there ? exh_mapfile_load(path, &span, &file, NULL, err) : exh_map_open(&run->map, exh_layout_sectors(run->plan->medium->layout), err);
    free(path);
    if (there && ok)
        ok = exh_map_copy(&run->map, &file.map, err);
    run->passes_done = there && ok && file.status == '+';
    exh_mapfile_close(&file);
    return ok || exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* Within [from, to) only what was proven stays read. */
static bool keep_proven(struct exh_run *run, uint64_t from, uint64_t to, const struct exh_sectors *proven, struct exh_error *err)
{
    int64_t base = run->plan->medium->layout->tracks[0].first;
    for (uint64_t at = from; at < to;) {
        struct exh_map_range r = *exh_map_at(&run->map, at);
        uint64_t end = r.first + r.count < to ? r.first + r.count : to;
        bool inside = true;
        for (int64_t lba = base + (int64_t)at, stop; r.area == EXH_AREA_READ && lba < base + (int64_t)end; lba = stop) {
            stop = exh_sectors_part(proven, lba, base + (int64_t)end, &inside);
            if (inside)
                continue;
            run->out->lost_sectors += (uint64_t)(stop - lba);
            if (!exh_map_mark(&run->map, (uint64_t)(lba - base), (uint64_t)(stop - lba), EXH_AREA_UNTRIED, err))
                return false;
        }
        at = end;
    }
    return true;
}

static bool prove_raw(struct exh_run *run, struct exh_medium *file, uint64_t held, uint64_t from, struct exh_error *err)
{
    struct exh_sectors proven = {0};
    uint64_t differ = 0, all = run->map.sectors;
    bool ok = file == NULL || held == 0 ||
              exh_proof_of_kept(file, held < all ? held : all, &run->out->history, run->plan->watch, run->plan->threads, &proven, &differ, err);
    ok = ok && keep_proven(run, from, all, &proven, err);
    exh_sectors_close(&proven);
    return ok;
}

static uint64_t leading_read(const struct exh_map *map) { return map->count > 0 && map->ranges[0].area == EXH_AREA_READ ? map->ranges[0].count : 0; }

/* Something was tried behind the leading part that was read: only the passes know how to go on. */
static bool needs_passes(const struct exh_map *map)
{
    size_t first = leading_read(map) > 0 ? 1 : 0;
    return map->count > first + 1 || (map->count == first + 1 && map->ranges[first].area != EXH_AREA_UNTRIED);
}

/* What the map does not call read is zeros, or filling, in what the image holds below this sector. */
static bool lost_of_map(struct exh_run *run, uint64_t below, struct exh_error *err)
{
    int64_t base = run->plan->medium->layout->tracks[0].first;
    for (uint64_t at = 0; at < below;) {
        const struct exh_map_range *r = exh_map_at(&run->map, at);
        uint64_t end = r->first + r->count < below ? r->first + r->count : below;
        if (r->area != EXH_AREA_READ && !exh_sectors_mark(&run->lost_kept, base + (int64_t)at, end - at, EXH_BAD, err))
            return false;
        at = end;
    }
    return true;
}

/* How far one thorough pass came: it leaves nothing untried behind it. */
static uint64_t leading_tried(const struct exh_map *map)
{
    uint64_t sectors = 0;
    for (size_t i = 0; i < map->count && (map->ranges[i].area == EXH_AREA_READ || map->ranges[i].area == EXH_AREA_BAD); i++)
        sectors += map->ranges[i].count;
    return sectors;
}

static bool take_up_raw(struct exh_run *run, struct exh_medium **file, struct exh_error *err)
{
    uint64_t held;
    if (!exh_run_open_kept(run, false, file, &held, err) || !load_map(run, err) || !prove_raw(run, *file, held, 0, err))
        return false;
    if (exh_run_in_one_pass(run)) {
        run->streamed = leading_tried(&run->map);
        return lost_of_map(run, run->streamed, err);
    }
    run->streamed = leading_read(&run->map);
    run->trouble = needs_passes(&run->map);
    return true;
}

static bool work_exists(const struct exh_run *run)
{
    char *path = exh_run_staged(run, EXH_WORK_FILE);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

/* Closed segments prove themselves by their checksums, and the journal proves them once more. One that fails costs all: the image is begun again. */
static bool prove_ordered(struct exh_run *run, struct exh_medium **image, uint64_t *kept, struct exh_error *err)
{
    struct exh_sectors proven = {0};
    uint64_t differ = 0;
    bool ok = *kept == 0 || exh_proof_of_kept(*image, *kept, &run->out->history, run->plan->watch, run->plan->threads, &proven, &differ, err);
    exh_sectors_close(&proven);
    if (ok && differ > 0) {
        run->out->lost_sectors += *kept;
        *kept = 0;
        exh_medium_close(*image);
        *image = NULL;
    }
    return ok;
}

/* Of one thorough pass: what failed is filling in the closed segments, and only the journal tells. */
static bool take_up_stream(struct exh_run *run, uint64_t kept, struct exh_error *err)
{
    const struct exh_track *t = &run->plan->medium->layout->tracks[0];
    const struct exh_sectors *lost = &run->out->history.lost;
    bool inside, ok = exh_map_open(&run->map, t->sectors, err) && exh_map_mark(&run->map, 0, kept, EXH_AREA_READ, err);
    for (int64_t lba = t->first, end = t->first + (int64_t)kept, stop; ok && lba < end; lba = stop) {
        stop = exh_sectors_part(lost, lba, end, &inside);
        if (inside && exh_sectors_find(lost, lba)->state == EXH_BAD)
            ok = exh_sectors_mark(&run->lost_kept, lba, (uint64_t)(stop - lba), EXH_BAD, err) &&
                 exh_map_mark(&run->map, (uint64_t)(lba - t->first), (uint64_t)(stop - lba), EXH_AREA_BAD, err);
    }
    return ok;
}

/* Segments behind the stream are written only when the passes are done: what failed there is zeros in them. What the map calls untried is the end of
 * the stream, which lay in an open segment when the map was written, and in a closed one since. */
static bool note_lost(struct exh_run *run, uint64_t kept, struct exh_error *err)
{
    return exh_map_turn(&run->map, 0, kept, EXH_AREA_UNTRIED, EXH_AREA_READ, err) && lost_of_map(run, kept, err);
}

static bool take_up_ordered(struct exh_run *run, struct exh_medium **image, struct exh_medium **work, struct exh_error *err)
{
    uint64_t kept, held = 0;
    if (!exh_run_open_kept(run, false, image, &kept, err) || !prove_ordered(run, image, &kept, err))
        return false;
    run->streamed = kept;
    run->trouble = work_exists(run);
    if (!run->trouble)
        return take_up_stream(run, kept, err);
    /* Behind the closed segments only the work file counts; in them, what the map does not call read was written as zeros. */
    return load_map(run, err) && exh_run_open_kept(run, true, work, &held, err) && prove_raw(run, *work, held, kept, err) &&
           note_lost(run, kept, err);
}

/* ---- the same medium? ---- */

static bool judge_samples(struct exh_run *run, const struct exh_sampled *s, struct exh_error *err)
{
    if (s->differ * 2 >= s->compared && s->differ > 0)
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                        "this is not the medium that was being imaged: %u of %u sectors that were sampled read otherwise", s->differ, s->compared) ||
               exh_on_side(err, EXH_SIDE_SOURCE);
    if (s->differ > 0)
        exh_watch_warn(run->plan->watch, "the medium has changed since it was read: %u of %u sampled sectors read otherwise now", s->differ,
                       s->compared);
    if (s->compared == 0 && s->unreadable > 0)
        exh_watch_warn(run->plan->watch, "none of %u sectors that were read before can be read now: that it is the same medium is not proven",
                       s->unreadable);
    for (size_t i = 0; i < s->changed.count; i++)
        if (!exh_sectors_mark(&run->out->changed, s->changed.ranges[i].lba, s->changed.ranges[i].count, EXH_SUSPECT, err))
            return false;
    return true;
}

static bool same_medium(struct exh_run *run, struct exh_medium *image, struct exh_medium *work, struct exh_error *err)
{
    struct exh_sampled sampled;
    uint64_t split = work != NULL ? run->streamed : UINT64_MAX;
    bool ok = exh_proof_of_medium(run->plan->medium, image, split, work, &run->map, &sampled, err) && judge_samples(run, &sampled, err);
    exh_sectors_close(&sampled.changed);
    return ok;
}

bool exh_run_take_up(struct exh_run *run, struct exh_error *err)
{
    struct exh_medium *image = NULL, *work = NULL;
    if (!exh_journal_read(exh_stage_folder(run->stage), &run->out->history, err))
        return false;
    run->run_number = run->out->history.runs + 1;
    bool ok = (keeps_order(run) ? take_up_ordered(run, &image, &work, err) : take_up_raw(run, &image, err)) && same_medium(run, image, work, err);
    exh_medium_close(image);
    exh_medium_close(work);
    run->out->taken_up = ok;
    run->out->kept_sectors = ok ? exh_map_total(&run->map, EXH_AREA_READ) : 0;
    for (size_t i = 0; ok && i < run->map.count; i++)
        exh_watch_area(run->plan->watch, (int64_t)run->map.ranges[i].first, run->map.ranges[i].count, run->map.sectors, (char)run->map.ranges[i].area,
                       NULL);
    if (ok && run->out->lost_sectors > 0)
        exh_watch_warn(run->plan->watch, "%llu sectors that an earlier run wrote are not there as they were written; they are read again",
                       (unsigned long long)run->out->lost_sectors);
    return ok;
}
