/* against.c - what a comparison with another medium, or with the same image through another reader, comes to. See verify_job.h. */
#include "verify/verify_job.h"

static bool tell_ranges(struct exh_verify_job *job, const char *check, const struct exh_sectors *ranges, const char *outcome, const char *what,
                        struct exh_error *err)
{
    for (size_t i = 0; i < ranges->count && i < EXH_JOB_RANGES_TOLD; i++) {
        struct exh_finding place = exh_job_sectors(ranges->ranges[i].lba, ranges->ranges[i].count);
        if (!exh_job_find(job, check, outcome, EXH_BASIS_EXTERNAL, err, &place, "%llu sectors from LBA %lld %s",
                          (unsigned long long)ranges->ranges[i].count, (long long)ranges->ranges[i].lba, what))
            return false;
    }
    return true;
}

/* Sectors of `ranges` that no record lists as unreadable. */
static uint64_t unlisted(const struct exh_verify_job *job, const struct exh_sectors *ranges)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ranges->count; i++)
        for (int64_t lba = ranges->ranges[i].lba, end = lba + (int64_t)ranges->ranges[i].count, stop; lba < end; lba = stop) {
            bool listed;
            stop = exh_sectors_part(&job->recorded, lba, end, &listed);
            n += listed ? 0 : (uint64_t)(stop - lba);
        }
    return n;
}

bool exh_job_judge_comparison(struct exh_verify_job *job, const char *check, const struct exh_compare *compare, const struct exh_medium *other,
                              enum exh_basis basis, struct exh_error *err)
{
    const struct exh_compare_result *r = exh_compare_found(compare);
    uint64_t here = exh_layout_bytes(job->ask->medium->layout), there = exh_layout_bytes(other->layout), unread = unlisted(job, &r->unread);
    bool differs = r->different_sectors > 0 || here != there;
    /* A list of unreadable sectors that spares none is no match, however official: not one byte was compared. */
    bool nothing = !differs && r->equal_sectors == 0 && here > 0;
    job->out->basis[basis] = job->out->basis[basis] || !nothing;
    job->tally.differs = job->tally.differs || differs;
    if (here != there && !exh_job_find(job, check, "mismatch", (int)basis, err, NULL, "this medium has %llu bytes, the other %llu",
                                       (unsigned long long)here, (unsigned long long)there))
        return false;
    if (here == there && unread > 0) {
        job->tally.unread = true;
        job->out->unread_now += unread;
    }
    if (!tell_ranges(job, check, &r->different, "mismatch", "differ from the other medium", err) ||
        !tell_ranges(job, check, &r->unread, here != there ? "mismatch" : "unreadable", "could not be read from the other medium", err) ||
        !tell_ranges(job, check, &r->skipped, "not-compared", "are not readable in this image, so they were not compared", err))
        return false;
    job->tally.matched[basis] = job->tally.matched[basis] || (!differs && unread == 0 && !nothing);
    return differs || unread > 0 || nothing ||
           exh_job_find(job, check, "match", (int)basis, err, NULL, "%llu sectors equal %s; %llu were unreadable on either side",
                        (unsigned long long)r->equal_sectors,
                        strcmp(check, "witness") == 0 ? "the same image read through libewf" : "the other medium",
                        (unsigned long long)(exh_sectors_total(&r->unread, EXH_BAD) + exh_sectors_total(&r->skipped, EXH_BAD)));
}
