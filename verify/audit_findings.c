/* audit_findings.c - what the audit of a disc's sectors comes to, as findings. See verify_job.h, sector_audit.h.
 *
 * A sector that fails its own EDC is a fact of the image, which may be the disc's own: a warning, never damage. What is told first are the counts by
 * track, then the places: of thousands of bad sectors the list may end before they do. */
#include "verify/verify_job.h"

#include "formats/model/disc.h"

#define SOME_BAD_Q_PER_THOUSAND 5u /* so many Q fail their CRC on a good disc: no reason to warn */

static const char *check_of(enum exh_sector_verdict verdict)
{
    switch (verdict) {
    case EXH_SECTOR_ECC_OTHER:
    case EXH_SECTOR_ECC_BAD: return "ecc";
    case EXH_SECTOR_RESERVED: return "reserved";
    case EXH_SECTOR_GENERATED: return "fill";
    case EXH_SECTOR_RUN_OUT: return "run-out";
    case EXH_SECTOR_BAD_SYNC: return "sync";
    case EXH_SECTOR_SCRAMBLED: return "scrambled";
    case EXH_SECTOR_BAD_HEADER: return "header";
    case EXH_SECTOR_BAD_MODE: return "mode";
    default: return "edc";
    }
}

static const char *words_of(enum exh_sector_verdict verdict)
{
    switch (verdict) {
    case EXH_SECTOR_ECC_OTHER: return "the EDC holds, the parities only when the header is taken the other way";
    case EXH_SECTOR_ECC_BAD: return "the EDC holds, a parity does not: the data are good";
    case EXH_SECTOR_RESERVED: return "EDC and parities hold, the reserved bytes are not zeros";
    case EXH_SECTOR_GENERATED: return "filled by a tool: not data of the disc";
    case EXH_SECTOR_RUN_OUT: return "run-out of a recorder, no data";
    case EXH_SECTOR_REPAIRABLE: return "the EDC fails, the parities would correct it";
    case EXH_SECTOR_EDC_BAD: return "the EDC fails beyond what the parities correct";
    case EXH_SECTOR_BAD_SYNC: return "no sync pattern";
    case EXH_SECTOR_SCRAMBLED: return "still scrambled as on the disc";
    case EXH_SECTOR_BAD_HEADER: return "the header holds no address";
    case EXH_SECTOR_BAD_MODE: return "the header holds no mode";
    default: return exh_sector_verdict_name(verdict);
    }
}

static struct exh_finding at_track(const struct exh_verify_job *job, uint32_t index)
{
    const struct exh_track *t = &job->ask->medium->layout->tracks[index];
    return exh_job_sectors(t->first, t->sectors);
}

/* One fact about a whole track. */
static bool tell_count(struct exh_verify_job *job, uint32_t index, const char *check, uint64_t count, const char *what, struct exh_error *err)
{
    struct exh_finding place = at_track(job, index);
    return count == 0 || exh_job_find(job, check, "warning", EXH_BASIS_CHECKSUM, err, &place, "track %u: %llu sector%s: %s",
                                      job->out->audit.tracks[index].number, (unsigned long long)count, count == 1 ? "" : "s", what);
}

static bool tell_address(struct exh_verify_job *job, uint32_t index, struct exh_error *err)
{
    const struct exh_audit_track *t = &job->out->audit.tracks[index];
    struct exh_finding place = at_track(job, index);
    if (t->address_differs == 0)
        return true;
    if (t->shift_constant)
        return exh_job_find(job, "address", "warning", EXH_BASIS_CHECKSUM, err, &place,
                            "track %u: every header holds an address %lld sectors off its place, and always by as many", t->number,
                            (long long)t->shift);
    return exh_job_find(job, "address", "warning", EXH_BASIS_CHECKSUM, err, &place,
                        "track %u: the headers of %llu sectors hold the address of another sector, the first of them one %lld off", t->number,
                        (unsigned long long)t->address_differs, (long long)t->shift);
}

/* How many of the sectors that fail their EDC hold enough to be corrected. */
static bool tell_edc(struct exh_verify_job *job, uint32_t index, struct exh_error *err)
{
    const struct exh_audit_track *t = &job->out->audit.tracks[index];
    uint64_t correctable = t->verdicts[EXH_SECTOR_REPAIRABLE], failing = correctable + t->verdicts[EXH_SECTOR_EDC_BAD];
    struct exh_finding place = at_track(job, index);
    char form2[80] = "";
    if (failing == 0)
        return true;
    if (t->without_ecc > 0)
        (void)snprintf(form2, sizeof form2, "; %llu of them %s Form 2, which has none", (unsigned long long)t->without_ecc,
                       t->without_ecc == 1 ? "is" : "are");
    if (failing == 1)
        return exh_job_find(job, "edc", "warning", EXH_BASIS_CHECKSUM, err, &place, "track %u: 1 sector fails its EDC: %s", t->number,
                            t->without_ecc > 0 ? "it is Form 2, which has no ECC"
                            : correctable > 0  ? "its ECC would correct it"
                                               : "its ECC would not correct it");
    return exh_job_find(job, "edc", "warning", EXH_BASIS_CHECKSUM, err, &place,
                        "track %u: %llu sectors fail their EDC: their ECC would correct %llu%s", t->number, (unsigned long long)failing,
                        (unsigned long long)correctable, form2);
}

static bool tell_main(struct exh_verify_job *job, uint32_t index, struct exh_error *err)
{
    const struct exh_audit_track *t = &job->out->audit.tracks[index];
    struct exh_finding place = at_track(job, index);
    uint64_t good = 0;
    bool ok = true;
    for (int v = 0; v < EXH_SECTOR_COUNT; v++)
        good += exh_audit_edc_is_good((enum exh_sector_verdict)v) ? t->verdicts[v] : 0;
    if (t->checked && t->sectors > 0 && good == t->sectors)
        ok = exh_job_find(job, "edc", "consistent", EXH_BASIS_CHECKSUM, err, &place, "track %u: the EDC holds in all %llu sectors", t->number,
                          (unsigned long long)good);
    for (int v = 0; ok && v < EXH_SECTOR_COUNT; v++)
        if (v == EXH_SECTOR_REPAIRABLE)
            ok = tell_edc(job, index, err); /* and those beyond repair */
        else if (v != EXH_SECTOR_EDC_BAD && v != EXH_SECTOR_AUDIO && v != EXH_SECTOR_OK && v != EXH_SECTOR_NO_EDC && v != EXH_SECTOR_UNCHECKED)
            ok = tell_count(job, index, check_of((enum exh_sector_verdict)v), t->verdicts[v], words_of((enum exh_sector_verdict)v), err);
    return ok && tell_address(job, index, err) &&
           tell_count(job, index, "subheader", t->subheader_differs, "the two copies of the subheader differ", err) &&
           tell_count(job, index, "mode", t->mode_differs, "the mode is not the track's", err);
}

static bool tell_q_place(struct exh_verify_job *job, const struct exh_audit_track *t, struct exh_error *err)
{
    const struct exh_audit_q *q = &t->q;
    struct exh_finding place = exh_job_sectors(q->first_shifted, q->shifted);
    bool all = q->shift_constant && q->right == 0, late = q->shift < 0;
    if (q->shifted > 0 && !exh_job_find(job, "q-position", "warning", EXH_BASIS_CHECKSUM, err, &place,
                                        all ? "track %u: the subchannel is stored %lld sector%s too %s (%llu positions)"
                                            : "track %u: Q is %lld sector%s too %s in %llu places, though not everywhere",
                                        t->number, (long long)(late ? -q->shift : q->shift), q->shift == 1 || q->shift == -1 ? "" : "s",
                                        late ? "late" : "early", (unsigned long long)q->shifted))
        return false;
    place = exh_job_sectors(q->first_wrong, q->wrong);
    return q->wrong == 0 || exh_job_find(job, "q-position", "warning", EXH_BASIS_CHECKSUM, err, &place,
                                         "track %u: Q names another track, index or time than the layout has in %llu sectors, first at LBA %lld",
                                         t->number, (unsigned long long)q->wrong, (long long)q->first_wrong);
}

static bool tell_q(struct exh_verify_job *job, uint32_t index, struct exh_error *err)
{
    const struct exh_audit_track *t = &job->out->audit.tracks[index];
    const struct exh_audit_q *q = &t->q;
    if (t->sub_bytes == 0)
        return true;
    struct exh_finding place = exh_job_sectors(q->first_bad, q->crc_bad);
    bool many = q->crc_bad * 1000 > (q->crc_good + q->crc_bad) * SOME_BAD_Q_PER_THOUSAND;
    if (many && !exh_job_find(job, "q-crc", "warning", EXH_BASIS_CHECKSUM, err, &place,
                              "track %u: the CRC of Q fails in %llu of %llu sectors, first at LBA %lld", t->number, (unsigned long long)q->crc_bad,
                              (unsigned long long)(q->crc_good + q->crc_bad), (long long)q->first_bad))
        return false;
    return tell_count(job, index, "q-blank", q->blank, "the subchannel holds no Q", err) &&
           tell_count(job, index, "subchannel", q->missing, "the subchannel is not there", err) && tell_q_place(job, t, err) &&
           tell_count(job, index, "q-control", q->control_differs, "the control bits in Q are not the track's", err);
}

/* MCN or ISRC: two that were read, or one that was read and another that the descriptor has. */
static bool tell_text(struct exh_verify_job *job, const char *check, const char *whose, const char *read, uint64_t reads, bool disputed,
                      const char *said, struct exh_error *err)
{
    if (disputed && !exh_job_find(job, check, "warning", -1, err, NULL, "%s: Q gives more than one %s; %s is the most frequent (%llu times)", whose,
                                  check, read, (unsigned long long)reads))
        return false;
    return read[0] == '\0' || said[0] == '\0' || strcmp(read, said) == 0 ||
           exh_job_find(job, check, "warning", -1, err, NULL, "%s: Q says %s %s (%llu times), the layout %s", whose, check, read,
                        (unsigned long long)reads, said);
}

static bool tell_texts(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_disc_audit *a = &job->out->audit;
    const struct exh_layout *layout = job->ask->medium->layout;
    bool ok = tell_text(job, "mcn", "disc", a->mcn, a->mcn_reads, a->mcn_disputed, layout->disc != NULL ? layout->disc->mcn : "", err);
    for (uint32_t i = 0; ok && i < a->track_count; i++) {
        const struct exh_audit_track *t = &a->tracks[i];
        char whose[16];
        (void)snprintf(whose, sizeof whose, "track %u", t->number);
        ok = tell_text(job, "isrc", whose, t->isrc, t->isrc_reads, t->isrc_disputed, layout->tracks[i].isrc, err);
    }
    return ok;
}

static bool tell_ranges(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_disc_audit *a = &job->out->audit;
    size_t told = 0;
    for (uint32_t i = 0; i < a->track_count; i++)
        for (size_t k = 0; k < a->tracks[i].range_count && told < EXH_JOB_RANGES_TOLD; k++, told++) {
            const struct exh_audit_range *r = &a->tracks[i].ranges[k];
            struct exh_finding place = exh_job_sectors(r->lba, r->count);
            if (!exh_job_find(job, check_of(r->verdict), "warning", EXH_BASIS_CHECKSUM, err, &place, "%llu sector%s from LBA %lld: %s",
                              (unsigned long long)r->count, r->count == 1 ? "" : "s", (long long)r->lba, words_of(r->verdict)))
                return false;
        }
    return true;
}

bool exh_job_judge_audit(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_disc_audit *a = &job->out->audit;
    bool ok = true;
    for (uint32_t i = 0; ok && a->tracks != NULL && i < a->track_count; i++)
        ok = tell_main(job, i, err) && tell_q(job, i, err);
    return ok && (a->tracks == NULL || (tell_texts(job, err) && tell_ranges(job, err)));
}
