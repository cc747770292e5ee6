/* structure.c - what two descriptors of one disc say beside its sectors: sessions, modes, control bits, codes, indexes, texts. See verify_job.h.
 *
 * Not every container can say everything, so only what both say and say differently is told; as warnings, since no byte of the media stream is in
 * doubt. */
#include "verify/verify_job.h"

#include "formats/model/disc.h"

static bool differs(struct exh_verify_job *job, const struct exh_track *t, const char *what, const char *here, const char *there,
                    struct exh_error *err)
{
    struct exh_finding place = {.offset = EXH_NO_OFFSET, .lba = -1};
    char whose[16] = "disc";
    if (t != NULL) {
        place = exh_job_sectors(exh_track_start(t), t->sectors - t->stored_pregap);
        (void)snprintf(whose, sizeof whose, "track %u", t->number);
    }
    return exh_job_find(job, "structure", "warning", EXH_BASIS_EXTERNAL, err, &place, "%s: %s here %s, there %s", whose, what, here, there);
}

static bool numbers(struct exh_verify_job *job, const struct exh_track *t, const char *what, uint64_t here, uint64_t there, struct exh_error *err)
{
    char a[24], b[24];
    (void)snprintf(a, sizeof a, "%llu", (unsigned long long)here);
    (void)snprintf(b, sizeof b, "%llu", (unsigned long long)there);
    return here == there || differs(job, t, what, a, b, err);
}

/* Empty: not said. */
static bool texts(struct exh_verify_job *job, const struct exh_track *t, const char *what, const char *here, const char *there, struct exh_error *err)
{
    return here[0] == '\0' || there[0] == '\0' || strcmp(here, there) == 0 || differs(job, t, what, here, there, err);
}

static const char *mode_of(const struct exh_track *t)
{
    static const char *const names[] = {[EXH_TRACK_BLOCKS] = "",
                                        [EXH_TRACK_AUDIO] = "audio",
                                        [EXH_TRACK_MODE1] = "mode 1",
                                        [EXH_TRACK_MODE2] = "mode 2",
                                        [EXH_TRACK_MODE0] = "mode 0"};
    return names[t->kind];
}

static size_t indexes_of(const struct exh_disc *disc, unsigned track)
{
    size_t n = 0;
    for (size_t i = 0; disc != NULL && i < disc->index_count; i++)
        n += disc->indexes[i].track == track;
    return n;
}

/* Further indexes, as far from INDEX 01 as there; told once for a track. */
static bool same_indexes(struct exh_verify_job *job, const struct exh_disc *a, const struct exh_track *x, const struct exh_disc *b,
                         const struct exh_track *y, struct exh_error *err)
{
    size_t here = indexes_of(a, x->number), there = indexes_of(b, y->number);
    if (here == 0 || there == 0)
        return true;
    if (here != there)
        return numbers(job, x, "indexes behind INDEX 01:", here, there, err);
    for (size_t i = 0, k = 0; i < a->index_count; i++) {
        if (a->indexes[i].track != x->number)
            continue;
        while (b->indexes[k].track != y->number)
            k++;
        const struct exh_index *p = &a->indexes[i], *q = &b->indexes[k++];
        if (p->number != q->number || p->lba - exh_track_start(x) != q->lba - exh_track_start(y))
            return differs(job, x, "an index behind INDEX 01 lies", "in one place", "in another", err);
    }
    return true;
}

static bool same_track(struct exh_verify_job *job, const struct exh_layout *a, const struct exh_track *x, const struct exh_layout *b,
                       const struct exh_track *y, struct exh_error *err)
{
    bool cd = x->kind != EXH_TRACK_BLOCKS && y->kind != EXH_TRACK_BLOCKS;
    return texts(job, x, "mode", mode_of(x), mode_of(y), err) && numbers(job, x, "session", x->session, y->session, err) &&
           (!cd || numbers(job, x, "control bits", x->control, y->control, err)) &&
           (x->pregap == 0 || y->pregap == 0 || numbers(job, x, "sectors of pregap:", x->pregap, y->pregap, err)) &&
           texts(job, x, "ISRC", x->isrc, y->isrc, err) && same_indexes(job, a->disc, x, b->disc, y, err);
}

static bool same_disc(struct exh_verify_job *job, const struct exh_disc *a, const struct exh_disc *b, struct exh_error *err)
{
    if (a == NULL || b == NULL)
        return true;
    bool cdtext = a->cdtext_packs == 0 || b->cdtext_packs == 0 ||
                  (a->cdtext_packs == b->cdtext_packs && memcmp(a->cdtext, b->cdtext, a->cdtext_packs * EXH_CDTEXT_PACK_BYTES) == 0);
    return texts(job, NULL, "MCN", a->mcn, b->mcn, err) && (cdtext || differs(job, NULL, "the packs of CD-TEXT are", "some", "others", err));
}

bool exh_job_compare_structure(struct exh_verify_job *job, const struct exh_layout *here, const struct exh_layout *there, struct exh_error *err)
{
    bool discs = here->kind == EXH_LAYOUT_DISC && there->kind == EXH_LAYOUT_DISC;
    bool ok = !discs || same_disc(job, here->disc, there->disc, err);
    for (uint32_t i = 0; ok && discs && i < here->track_count; i++) {
        const struct exh_track *other = exh_layout_track(there, here->tracks[i].number);
        ok = other == NULL || same_track(job, here, &here->tracks[i], there, other, err);
    }
    return ok;
}
