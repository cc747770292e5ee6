/* sub_findings.c - what a comparison of two discs' subchannels comes to, as findings. See verify_job.h, compare_sub.h.
 *
 * One finding for each kind of difference in a track: how many sectors, and which are the first. No word here changes the verdict. */
#include "verify/verify_job.h"

#define LIST_BYTES 160u /* of a finding's text, for LBAs */

static const struct kind {
    const char *outcome, *words;
} kinds[EXH_SUB_KINDS] = {[EXH_SUB_P_DIFFERS] = {"warning", "P differs"},
                          [EXH_SUB_Q_DIFFERS] = {"warning", "Q differs, its CRC right on both sides,"},
                          [EXH_SUB_Q_VALID_HERE] = {"not-compared", "Q is valid here, and its CRC fails there (misread, or made so),"},
                          [EXH_SUB_Q_VALID_THERE] = {"not-compared", "Q is valid there, and its CRC fails here (misread, or made so),"},
                          [EXH_SUB_Q_NOT_VALID] = {"not-compared", "Q differs, and its CRC fails on both sides,"},
                          [EXH_SUB_NO_Q_HERE] = {"not-compared", "there is no Q here, only zeros,"},
                          [EXH_SUB_NO_Q_THERE] = {"not-compared", "there is no Q there, only zeros,"},
                          [EXH_SUB_RW_DIFFERS] = {"warning", "R to W differ"}};

/* "LBA 30 to 32, 40, 55 and others": the first ranges, as many as there is room for. */
static void list_places(const struct exh_sub_places *p, char out[LIST_BYTES])
{
    uint64_t told = 0;
    size_t used = (size_t)snprintf(out, LIST_BYTES, "LBA ");
    for (uint32_t i = 0; i < p->range_count; i++) {
        char one[48];
        int64_t first = p->ranges[i].lba, last = first + (int64_t)p->ranges[i].count - 1;
        int length = first == last ? snprintf(one, sizeof one, "%s%lld", i > 0 ? ", " : "", (long long)first)
                                   : snprintf(one, sizeof one, "%s%lld to %lld", i > 0 ? ", " : "", (long long)first, (long long)last);
        if (used + (size_t)length + sizeof " and others" > LIST_BYTES)
            break;
        memcpy(out + used, one, (size_t)length + 1);
        used += (size_t)length;
        told += p->ranges[i].count;
    }
    if (told < p->count)
        (void)snprintf(out + used, LIST_BYTES - used, " and others");
}

/* A whole subchannel that is stored some sectors late or early on one of the sides. */
static void shift_words(const struct exh_sub_track *t, char *out, size_t room)
{
    out[0] = '\0';
    if (t->moved > 1 && t->one_shift && t->shift != 0)
        (void)snprintf(out, room, "; each position there is %lld sector%s %s than here", (long long)(t->shift < 0 ? -t->shift : t->shift),
                       t->shift == 1 || t->shift == -1 ? "" : "s", t->shift < 0 ? "earlier" : "later");
}

static bool tell_kind(struct exh_verify_job *job, const struct exh_sub_track *t, enum exh_sub_kind kind, struct exh_error *err)
{
    const struct exh_sub_places *p = &t->places[kind];
    char list[LIST_BYTES], shift[80] = "";
    if (p->count == 0)
        return true;
    struct exh_finding place = exh_job_sectors(p->ranges[0].lba, p->count);
    list_places(p, list);
    if (kind == EXH_SUB_Q_DIFFERS)
        shift_words(t, shift, sizeof shift);
    return exh_job_find(job, "subchannel", kinds[kind].outcome, EXH_BASIS_EXTERNAL, err, &place, "track %u: %s in %llu of %llu sectors: %s%s",
                        t->track->number, kinds[kind].words, (unsigned long long)p->count, (unsigned long long)t->compared, list, shift);
}

static bool tell_left_out(struct exh_verify_job *job, const struct exh_sub_track *t, const char *why, uint64_t count, struct exh_error *err)
{
    struct exh_finding place = exh_job_sectors(t->track->first, t->track->sectors);
    return count == 0 || exh_job_find(job, "subchannel", "not-compared", EXH_BASIS_EXTERNAL, err, &place,
                                      "track %u: the subchannel of %llu of %llu sectors was not compared: %s", t->track->number,
                                      (unsigned long long)count, (unsigned long long)t->track->sectors, why);
}

static bool tell_track(struct exh_verify_job *job, const struct exh_sub_track *t, struct exh_error *err)
{
    struct exh_finding place = exh_job_sectors(t->track->first, t->track->sectors);
    bool ok = t->compared == 0 || t->equal < t->compared ||
              exh_job_find(job, "subchannel", "match", EXH_BASIS_EXTERNAL, err, &place, "track %u: subchannel identical, P to W (%llu sectors)",
                           t->track->number, (unsigned long long)t->compared);
    for (int kind = 0; ok && kind < EXH_SUB_KINDS; kind++)
        ok = tell_kind(job, t, (enum exh_sub_kind)kind, err);
    return ok && tell_left_out(job, t, "it is not to be read here", t->unread_here, err) &&
           tell_left_out(job, t, "it is not to be read there", t->unread_there, err) &&
           tell_left_out(job, t, "the other side stores none at these LBAs", t->alone, err);
}

static bool has_sub(const struct exh_layout *l)
{
    bool has = false;
    for (uint32_t i = 0; i < l->track_count; i++)
        has = has || l->tracks[i].sub_bytes > 0;
    return has;
}

bool exh_job_judge_sub(struct exh_verify_job *job, struct exh_error *err)
{
    if (job->ask->against == NULL)
        return true;
    if (job->sub == NULL) {
        bool here = has_sub(job->ask->medium->layout), there = has_sub(job->ask->against->layout);
        return (!here && !there) || exh_job_find(job, "subchannel", "not-compared", EXH_BASIS_EXTERNAL, err, NULL,
                                                 "the subchannel, stored %s only, was not compared", here ? "here" : "there");
    }
    const struct exh_sub_comparison *found = exh_compare_sub_found(job->sub);
    for (uint32_t i = 0; i < found->track_count; i++)
        if (!tell_track(job, &found->tracks[i], err))
            return false;
    return found->alone_there == 0 || exh_job_find(job, "subchannel", "not-compared", EXH_BASIS_EXTERNAL, err, NULL,
                                                   "the subchannel of %llu sectors there was not compared: this side stores none at their LBAs",
                                                   (unsigned long long)found->alone_there);
}
