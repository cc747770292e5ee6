/* against.c - what a comparison with another medium, or with the same image through another reader, comes to. See verify_job.h. */
#include "verify/verify_job.h"

static bool tell_ranges(struct exh_verify_job *job, const char *check, const struct exh_sectors *ranges, const char *outcome, const char *what,
                        struct exh_error *err)
{
    for (size_t i = 0; i < ranges->count && i < EXH_JOB_RANGES_TOLD; i++) {
        struct exh_finding place = exh_job_sectors(ranges->ranges[i].lba, ranges->ranges[i].count);
        if (!exh_job_find(job, check, outcome, EXH_BASIS_EXTERNAL, err, &place, "%llu sector%s from LBA %lld %s",
                          (unsigned long long)ranges->ranges[i].count, ranges->ranges[i].count == 1 ? "" : "s", (long long)ranges->ranges[i].lba,
                          what))
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

/* ---- discs, track by track ---- */

/* "identical + trailing 150 sectors (zero pad)": what one side has more at a track's end. */
static void trailing_words(const struct exh_trailing *t, const char *where, char *out, size_t room)
{
    size_t used = strlen(out);
    if (t->sectors > 0 && !t->next_pregap)
        (void)snprintf(out + used, room - used, " + trailing %llu sector%s %s (%s)", (unsigned long long)t->sectors, t->sectors == 1 ? "" : "s",
                       where,
                       t->unread == t->sectors ? "unreadable: run-out?"
                       : t->unread > 0         ? "some unreadable"
                       : t->zero               ? "zero pad"
                                               : "other data");
}

/* Of the track here, or where there is none, no place. */
static struct exh_finding track_place(const struct exh_track_comparison *t)
{
    return t->here != NULL ? exh_job_sectors(exh_track_start(t->here), t->here->sectors - t->here->stored_pregap)
                           : (struct exh_finding){.offset = EXH_NO_OFFSET, .lba = -1};
}

static bool tell_shift(struct exh_verify_job *job, const struct exh_track_comparison *t, struct exh_error *err)
{
    const struct exh_sample_shift *s = &t->shift;
    struct exh_finding place = track_place(t);
    char margins[200];
    if (!s->found)
        return true;
    (void)snprintf(margins, sizeof margins, "outside lie %llu samples here (%s) and %llu there (%s)",
                   (unsigned long long)(s->here.head + s->here.tail), s->here.silent ? "silence" : "not silence",
                   (unsigned long long)(s->there.head + s->there.tail), s->there.silent ? "silence" : "not silence");
    if (s->different_sectors == 0)
        return exh_job_find(job, "shift", "mismatch", EXH_BASIS_EXTERNAL, err, &place, "track %u: identical after a shift of %+d samples; %s",
                            t->here->number, s->shift, margins);
    return exh_job_find(job, "shift", "mismatch", EXH_BASIS_EXTERNAL, err, &place,
                        "track %u: after a shift of %+d samples %llu of %llu sectors still differ; %s", t->here->number, s->shift,
                        (unsigned long long)s->different_sectors, (unsigned long long)s->sectors, margins);
}

static bool tell_different(struct exh_verify_job *job, const struct exh_track_comparison *t, struct exh_error *err)
{
    struct exh_finding place = track_place(t);
    unsigned number = t->here != NULL ? t->here->number : t->there->number;
    char words[160] = "";
    bool ok;
    if (t->here == NULL || t->there == NULL) {
        ok = exh_job_find(job, "against", "mismatch", EXH_BASIS_EXTERNAL, err, &place, "track %u is on %s disc only", number,
                          t->here != NULL ? "this" : "the other");
    } else if (t->form == EXH_COMPARE_NOTHING) {
        ok = exh_job_find(job, "against", "mismatch", EXH_BASIS_EXTERNAL, err, &place,
                          "track %u is %s here and %s there: they have nothing in common", number, exh_track_mode(t->here), exh_track_mode(t->there));
    } else {
        trailing_words(&t->trailing_here, "here", words, sizeof words);
        trailing_words(&t->trailing_there, "there", words, sizeof words);
        ok = t->different > 0 ? exh_job_find(job, "against", "mismatch", EXH_BASIS_EXTERNAL, err, &place, "track %u: %llu of %llu sectors differ%s%s",
                                             number, (unsigned long long)t->different, (unsigned long long)(t->different + t->equal + t->unread),
                                             t->form == EXH_COMPARE_USER ? " in their user data" : "", words)
                              : exh_job_find(job, "against", "mismatch", EXH_BASIS_EXTERNAL, err, &place, "track %u: identical%s", number, words);
    }
    return ok &&
           (t->same_as == 0 || exh_job_find(job, "track-order", "mismatch", EXH_BASIS_EXTERNAL, err, &place, "track %u here equals track %u there",
                                            number, t->same_as)) &&
           tell_shift(job, t, err);
}

static bool tell_equal(struct exh_verify_job *job, const struct exh_track_comparison *t, struct exh_error *err)
{
    struct exh_finding place = track_place(t);
    char words[160] = "";
    bool user = t->form == EXH_COMPARE_USER;
    trailing_words(&t->trailing_here, "here", words, sizeof words);
    if (t->lag != 0 && !exh_job_find(job, "structure", "warning", EXH_BASIS_EXTERNAL, err, &place,
                                     "track %u: INDEX 01 is sector %u of those stored here, and sector %u there", t->here->number,
                                     t->here->stored_pregap, t->there->stored_pregap))
        return false;
    if (t->equal > 0 && !exh_job_find(job, "against", words[0] != '\0' ? "warning" : "match", EXH_BASIS_EXTERNAL, err, &place,
                                      "track %u: %s%s (%llu sectors%s)", t->here->number, user ? "user data identical" : "identical", words,
                                      (unsigned long long)t->equal, t->unread > 0 ? ", the unreadable ones aside" : ""))
        return false;
    return !user || exh_job_find(job, "against", "not-compared", EXH_BASIS_EXTERNAL, err, &place,
                                 "track %u: %u bytes per sector here, %u there: what lies around the user data was not compared", t->here->number,
                                 t->here->main_bytes, t->there->main_bytes);
}

/* A pregap that one side alone stores, unless it was found as the end of the track before. */
static bool tell_pregaps(struct exh_verify_job *job, const struct exh_disc_comparison *c, size_t i, struct exh_error *err)
{
    const struct exh_track_comparison *t = &c->tracks[i], *before = i > 0 ? &c->tracks[i - 1] : NULL;
    bool here = t->pregap_here > 0 && !(before != NULL && before->trailing_there.next_pregap);
    bool there = t->pregap_there > 0 && !(before != NULL && before->trailing_here.next_pregap);
    if (t->here == NULL || t->there == NULL || (!here && !there))
        return true;
    struct exh_finding place = exh_job_sectors(t->here->first, t->pregap_here);
    return exh_job_find(job, "against", "not-compared", EXH_BASIS_EXTERNAL, err, here ? &place : NULL,
                        "track %u: %u sectors of its pregap are stored %s only", t->here->number, here ? t->pregap_here : t->pregap_there,
                        here ? "here" : "there");
}

bool exh_job_explain_discs(struct exh_verify_job *job, const struct exh_disc_comparison *c, struct exh_error *err)
{
    for (size_t i = 0; i < c->count; i++)
        if (!exh_track_is_equal(&c->tracks[i]) && !tell_different(job, &c->tracks[i], err))
            return false;
    return true;
}

bool exh_job_judge_discs(struct exh_verify_job *job, const struct exh_disc_comparison *c, struct exh_error *err)
{
    const struct exh_compare_result *r = &c->sectors;
    uint64_t unread = unlisted(job, &r->unread);
    bool differs = false, nothing = r->equal_sectors == 0, ok = true;
    for (size_t i = 0; ok && i < c->count; i++) {
        bool equal = exh_track_is_equal(&c->tracks[i]);
        differs = differs || !equal;
        ok = (equal ? tell_equal(job, &c->tracks[i], err) : tell_different(job, &c->tracks[i], err)) && tell_pregaps(job, c, i, err);
    }
    job->tally.differs = job->tally.differs || differs;
    job->tally.unread = job->tally.unread || unread > 0;
    job->out->unread_now += unread;
    job->out->basis[EXH_BASIS_EXTERNAL] = job->out->basis[EXH_BASIS_EXTERNAL] || differs || !nothing;
    job->tally.matched[EXH_BASIS_EXTERNAL] = job->tally.matched[EXH_BASIS_EXTERNAL] || (!differs && unread == 0 && !nothing);
    return ok && tell_ranges(job, "against", &r->different, "mismatch", "differ from the other medium", err) &&
           tell_ranges(job, "against", &r->unread, "unreadable", "could not be read from the other medium", err) &&
           tell_ranges(job, "against", &r->skipped, "not-compared", "are not readable in this image, so they were not compared", err);
}
