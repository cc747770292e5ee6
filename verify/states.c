/* states.c - what became of sectors that are not good: lost by the image, on record, or unreadable now. See verify_job.h. */
#include "verify/verify_job.h"

#include "formats/model/text.h"
#include "verify/track_digests.h"

/* Where in the container's files this LBA is stored, for people who will look at them: by the fault, else the region that holds it. */
static void place_in_file(const struct exh_verify_job *job, struct exh_finding *place)
{
    const struct exh_names *files = job->ask->medium->files;
    for (size_t i = 0; files != NULL && i < job->faults.count; i++) {
        const struct exh_fault *f = &job->faults.items[i];
        if (f->file > 0 && f->file <= files->count && place->lba >= f->lba && place->lba - f->lba < (int64_t)f->count) {
            (void)snprintf(place->file, sizeof place->file, "%s", exh_text_base(files->items[f->file - 1]));
            place->offset = f->at;
            return;
        }
    }
    const struct exh_inspection *in = &job->out->inspection;
    for (size_t i = 0; i < in->region_count; i++) {
        const struct exh_region *r = &in->regions[i];
        if (r->lba >= 0 && place->lba >= r->lba && (uint64_t)(place->lba - r->lba) < r->sectors) {
            (void)snprintf(place->file, sizeof place->file, "%s", r->file);
            place->offset = r->offset;
            return;
        }
    }
}

static bool judge_missing(struct exh_verify_job *job, const struct exh_range *r, struct exh_error *err)
{
    struct exh_finding place = exh_job_sectors(r->lba, r->count);
    place_in_file(job, &place);
    job->tally.damaged = true;
    return exh_job_find(job, "chunk-checksum", "damaged", EXH_BASIS_CHECKSUM, err, &place,
                        "%llu sector%s from LBA %lld %s not hold what was written: what is stored of %s is missing, or fails its own checksum",
                        (unsigned long long)r->count, r->count == 1 ? "" : "s", (long long)r->lba, r->count == 1 ? "does" : "do",
                        r->count == 1 ? "it" : "them");
}

/* BAD ranges, cut where a record begins or ends to list them. */
static bool judge_bad(struct exh_verify_job *job, const struct exh_range *r, struct exh_error *err)
{
    for (int64_t lba = r->lba, end = r->lba + (int64_t)r->count; lba < end;) {
        bool listed;
        uint64_t n = (uint64_t)(exh_sectors_part(&job->recorded, lba, end, &listed) - lba);
        struct exh_finding place = exh_job_sectors(lba, n);
        if (!listed) {
            place_in_file(job, &place);
            job->tally.unread = true;
            job->out->unread_now += n;
        }
        if (!(listed ? exh_job_find(job, "unreadable", "recorded", -1, err, &place,
                                    "%llu sector%s from LBA %lld could not be read when the image was made", (unsigned long long)n, n == 1 ? "" : "s",
                                    (long long)lba)
                     : exh_job_find(job, "unreadable", "unreadable", -1, err, &place, "%llu sector%s from LBA %lld could not be read now",
                                    (unsigned long long)n, n == 1 ? "" : "s", (long long)lba)))
            return false;
        lba += (int64_t)n;
    }
    return true;
}

bool exh_job_judge_states(struct exh_verify_job *job, struct exh_error *err)
{
    for (size_t i = 0; i < job->out->not_good.count; i++) {
        const struct exh_range *r = &job->out->not_good.ranges[i];
        struct exh_finding place = exh_job_sectors(r->lba, r->count);
        if (r->state == EXH_SUSPECT
                ? !exh_job_find(job, "suspect", "warning", -1, err, &place, "%llu sector%s from LBA %lld %s read with a doubt",
                                (unsigned long long)r->count, r->count == 1 ? "" : "s", (long long)r->lba, r->count == 1 ? "was" : "were")
            : r->state == EXH_MISSING ? !judge_missing(job, r, err)
                                      : !judge_bad(job, r, err))
            return false;
    }
    return true;
}

/* ---- what only a record knows ---- */

/* How many of these sectors lie in what a digest covers. */
static uint64_t sectors_in(const struct exh_sectors *sectors, const struct exh_layout *layout, const char *scope)
{
    unsigned number;
    enum exh_track_part part;
    const struct exh_track *t = exh_scope_track(scope, &number, &part) && layout != NULL ? exh_layout_track(layout, number) : NULL;
    if (t == NULL || part == EXH_PART_SUB)
        return exh_scope_is_stream(scope) ? exh_sectors_total(sectors, EXH_BAD) : 0;
    uint64_t count, n = 0;
    int64_t lba = exh_track_part_place(t, part, &count);
    bool inside;
    for (int64_t end = lba + (int64_t)count, stop; lba < end; lba = stop) {
        stop = exh_sectors_part(sectors, lba, end, &inside);
        n += inside ? (uint64_t)(stop - lba) : 0;
    }
    return n;
}

bool exh_verify_repeat(const struct exh_sectors *recorded, struct exh_verify_result *out, struct exh_error *err)
{
    struct exh_sectors fresh = {0};
    bool inside, ok = true;
    for (size_t i = 0; ok && i < recorded->count; i++)
        for (int64_t lba = recorded->ranges[i].lba, end = lba + (int64_t)recorded->ranges[i].count, stop; ok && lba < end; lba = stop) {
            stop = exh_sectors_part(&out->not_good, lba, end, &inside);
            struct exh_finding f = {
                .check = "unreadable", .outcome = "recorded", .offset = EXH_NO_OFFSET, .lba = lba, .count = (uint64_t)(stop - lba), .basis = -1};
            (void)snprintf(f.detail, sizeof f.detail,
                           "%llu sector%s from LBA %lld could not be read when the image was made; zeros stand for %s in the digests",
                           (unsigned long long)f.count, f.count == 1 ? "" : "s", (long long)lba, f.count == 1 ? "it" : "them");
            ok = inside || (exh_findings_add(&out->findings, &f, err) && exh_sectors_mark(&fresh, lba, f.count, EXH_BAD, err));
        }
    for (size_t i = 0; ok && i < fresh.count; i++)
        ok = exh_sectors_mark(&out->not_good, fresh.ranges[i].lba, fresh.ranges[i].count, EXH_BAD, err);
    for (size_t i = 0; ok && i < out->found.digests.count; i++)
        out->found.digests.items[i].not_good += sectors_in(&fresh, out->layout, out->found.digests.items[i].scope);
    exh_sectors_close(&fresh);
    return ok;
}
