/* sector_audit.c - EDC, parities, headers and Q of a disc's sectors. See sector_audit.h; rules of optical sectors in formats/optical/sector.h.
 *
 * Work leaves a tally of the block and one byte for each sector's main channel and one for its Q; take adds the tallies up and walks the bytes only
 * where there is something to tell. Q sectors that hold MCN or ISRC (one in a hundred) are decoded a second time in take, which alone may remember.
 */
#include "verify/sector_audit.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/disc.h"
#include "formats/model/grow.h"
#include "formats/optical/msf.h"
#include "formats/optical/subchannel.h"

#define NEARBY_FRAMES 75 /* a position at most so far from its sector's is one of a shifted subchannel; further off it is wrong */
#define CANDIDATES_MAX 8u
#define VALID_READS 2u
#define NOT_LOOKED_AT UINT8_MAX

enum q_outcome { Q_NONE, Q_MISSING, Q_BLANK, Q_BAD, Q_RIGHT, Q_SHIFTED, Q_WRONG, Q_MCN, Q_ISRC, Q_OTHER, Q_OUTCOMES };

/* Of one block. Shifts: least and most of those that differ from 0, so that one number is seen to be one. */
struct tally {
    uint32_t verdicts[EXH_SECTOR_COUNT], forms[EXH_AUDIT_FORMS];
    uint32_t unread, without_ecc, address_differs, address_right, subheader_differs, mode_differs, control_differs;
    uint32_t q[Q_OUTCOMES];
    int64_t first_shift, first_q_shift;
    bool one_shift, one_q_shift;
    bool has_bad; /* some verdict is worth a range */
};

struct candidate {
    char text[14];
    uint64_t reads;
};

/* Texts that Q gave, with how often. What comes first too often and never twice fills it: then the disc gives no text at all. */
struct ballot {
    struct candidate list[CANDIDATES_MAX];
    uint32_t count;
};

struct exh_sector_audit {
    struct exh_consumer consumer;
    const struct exh_layout *layout;
    struct exh_disc_audit found;
    bool *address_right; /* by track: some header holds its own sector's address */
    struct ballot *isrc; /* by track */
    struct ballot mcn;
};

/* ---- what is asked of it ---- */

static bool has_frame(const struct exh_track *t)
{
    return t->main_bytes == EXH_CD_MAIN_BYTES && t->kind != EXH_TRACK_AUDIO && t->kind != EXH_TRACK_BLOCKS;
}

bool exh_disc_audit_applies(const struct exh_layout *layout)
{
    for (uint32_t i = 0; layout->kind == EXH_LAYOUT_DISC && i < layout->track_count; i++)
        if (has_frame(&layout->tracks[i]) || layout->tracks[i].sub_bytes == EXH_SUB_BYTES)
            return true;
    return false;
}

bool exh_audit_edc_is_good(enum exh_sector_verdict verdict)
{
    return verdict == EXH_SECTOR_OK || verdict == EXH_SECTOR_ECC_OTHER || verdict == EXH_SECTOR_ECC_BAD || verdict == EXH_SECTOR_RESERVED;
}

bool exh_disc_audit_edc_holds(const struct exh_disc_audit *audit)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < audit->track_count; i++) {
        const struct exh_audit_track *t = &audit->tracks[i];
        uint64_t good = 0;
        for (int v = 0; v < EXH_SECTOR_COUNT; v++)
            good += exh_audit_edc_is_good((enum exh_sector_verdict)v) ? t->verdicts[v] : 0;
        if (!t->checked || t->unread > 0 || good != t->sectors)
            return false;
        all += good;
    }
    return all > 0;
}

/* ---- work: pure ---- */

static void note_shift(int64_t shift, int64_t *first, bool *one, bool any_before)
{
    if (!any_before) {
        *first = shift;
        *one = true;
    } else {
        *one = *one && shift == *first;
    }
}

static void check_main(const struct exh_block *block, struct tally *tally, uint8_t *verdicts)
{
    for (uint32_t i = 0; i < block->count; i++) {
        struct exh_sector_check c;
        verdicts[i] = NOT_LOOKED_AT;
        if (block->state[i] < EXH_SUSPECT)
            continue;
        exh_sector_check(block->main + (size_t)i * EXH_CD_MAIN_BYTES, block->track->kind, block->lba + i, &c);
        verdicts[i] = (uint8_t)c.verdict;
        tally->verdicts[c.verdict]++;
        tally->forms[c.form]++;
        tally->without_ecc += c.verdict == EXH_SECTOR_EDC_BAD && c.form == EXH_FORM_MODE2_2;
        tally->subheader_differs += c.subheader_differs;
        tally->mode_differs += c.mode_differs;
        tally->has_bad = tally->has_bad || (c.verdict != EXH_SECTOR_OK && c.verdict != EXH_SECTOR_NO_EDC && c.verdict != EXH_SECTOR_UNCHECKED);
        tally->address_right += c.header_known && !c.address_differs;
        if (c.header_known && c.address_differs) {
            note_shift(c.header_lba - (block->lba + i), &tally->first_shift, &tally->one_shift, tally->address_differs > 0);
            tally->address_differs++;
        }
    }
}

/* The index that the layout gives this LBA; *known: whether it would know of an INDEX 02 there. */
static uint8_t index_at(const struct exh_disc *disc, const struct exh_track *t, int64_t lba, bool *known)
{
    uint8_t index = lba < exh_track_start(t) ? 0 : 1;
    *known = false;
    for (size_t i = 0; disc != NULL && i < disc->index_count; i++)
        if (disc->indexes[i].track == t->number) {
            *known = true;
            if (lba >= disc->indexes[i].lba && disc->indexes[i].number > index)
                index = disc->indexes[i].number;
        }
    return index;
}

/* Descriptors often leave out what lies behind INDEX 01: then Q may say more than they do. */
static bool place_is_right(const struct exh_disc *disc, const struct exh_track *t, int64_t lba, const struct exh_q *q)
{
    bool known;
    uint8_t index = index_at(disc, t, lba, &known);
    int64_t from_start = lba - exh_track_start(t);
    return q->track == t->number && (q->index == index || (index > 0 && q->index > index && !known)) &&
           (q->relative == from_start || q->relative == -from_start || (from_start < 0 && q->relative == -from_start - 1));
}

static enum q_outcome judge_q(const struct exh_disc *disc, const struct exh_track *t, int64_t lba, const uint8_t *bytes, struct exh_q *q)
{
    if (exh_all_zero(bytes, 12))
        return Q_BLANK;
    exh_q_decode(bytes, q);
    if (!q->crc_holds)
        return Q_BAD;
    if (q->kind != EXH_Q_POSITION)
        return q->kind == EXH_Q_MCN ? Q_MCN : q->kind == EXH_Q_ISRC ? Q_ISRC : Q_OTHER;
    if (!q->bcd)
        return Q_WRONG;
    int64_t shift = q->lba - lba;
    if (shift != 0)
        return shift >= -NEARBY_FRAMES && shift <= NEARBY_FRAMES ? Q_SHIFTED : Q_WRONG;
    return place_is_right(disc, t, lba, q) ? Q_RIGHT : Q_WRONG;
}

static void check_sub(const struct exh_disc *disc, const struct exh_block *block, struct tally *tally, uint8_t *outcomes)
{
    for (uint32_t i = 0; i < block->count; i++) {
        struct exh_q q = {0};
        outcomes[i] = Q_MISSING;
        if (block->sub_state[i] >= EXH_SUSPECT)
            outcomes[i] = (uint8_t)judge_q(disc, block->track, block->lba + i, block->sub + (size_t)i * EXH_SUB_BYTES + EXH_SUB_Q, &q);
        bool position = outcomes[i] == Q_RIGHT || outcomes[i] == Q_SHIFTED || outcomes[i] == Q_WRONG;
        tally->control_differs += position && ((q.control ^ block->track->control) & ~EXH_CONTROL_COPY) != 0;
        if (outcomes[i] == Q_SHIFTED)
            note_shift(q.lba - (block->lba + i), &tally->first_q_shift, &tally->one_q_shift, tally->q[Q_SHIFTED] > 0);
        tally->q[outcomes[i]]++;
    }
}

static size_t audit_result_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    (void)consumer, (void)main_bytes;
    return sizeof(struct tally) + 2 * (size_t)sectors;
}

static bool audit_work(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                       struct exh_error *err)
{
    (void)scratch, (void)err;
    const struct exh_sector_audit *a = (const struct exh_sector_audit *)consumer;
    struct tally *tally = result;
    uint8_t *verdicts = (uint8_t *)(tally + 1), *outcomes = verdicts + block->count;
    memset(tally, 0, sizeof *tally);
    if (has_frame(block->track))
        check_main(block, tally, verdicts);
    if (block->track->sub_bytes == EXH_SUB_BYTES)
        check_sub(a->layout->disc, block, tally, outcomes);
    return true;
}

/* ---- take: in order ---- */

static bool add_range(struct exh_audit_track *t, int64_t lba, uint64_t count, enum exh_sector_verdict verdict, struct exh_error *err)
{
    struct exh_audit_range *last = t->range_count > 0 ? &t->ranges[t->range_count - 1] : NULL;
    if (last != NULL && t->ranges_left_out == 0 && last->verdict == verdict && last->lba + (int64_t)last->count == lba) {
        last->count += count;
        return true;
    }
    if (t->range_count == EXH_AUDIT_RANGES_MAX) {
        t->ranges_left_out++;
        return true;
    }
    if (!exh_grow((void **)&t->ranges, &t->range_capacity, t->range_count, sizeof *t->ranges, EXH_AUDIT_RANGES_MAX, "ranges of bad sectors", err))
        return false;
    t->ranges[t->range_count++] = (struct exh_audit_range){lba, count, verdict};
    return true;
}

static bool add_ranges(struct exh_audit_track *t, const struct exh_block *block, const uint8_t *verdicts, struct exh_error *err)
{
    for (uint32_t i = 0, from; i < block->count;) {
        from = i;
        while (i < block->count && verdicts[i] == verdicts[from])
            i++;
        uint8_t v = verdicts[from];
        if (v != NOT_LOOKED_AT && v != EXH_SECTOR_OK && v != EXH_SECTOR_NO_EDC && v != EXH_SECTOR_UNCHECKED &&
            !add_range(t, block->lba + from, i - from, (enum exh_sector_verdict)v, err))
            return false;
    }
    return true;
}

static void merge_shift(uint64_t before, uint64_t more, int64_t more_shift, bool more_one, int64_t *shift, bool *constant)
{
    if (more == 0)
        return;
    if (before == 0) {
        *shift = more_shift;
        *constant = more_one;
    } else {
        *constant = *constant && more_one && *shift == more_shift;
    }
}

static void merge_main(struct exh_sector_audit *a, uint32_t index, const struct tally *tally)
{
    struct exh_audit_track *t = &a->found.tracks[index];
    for (int v = 0; v < EXH_SECTOR_COUNT; v++)
        t->verdicts[v] += tally->verdicts[v];
    for (int f = 0; f < EXH_AUDIT_FORMS; f++)
        t->forms[f] += tally->forms[f];
    t->without_ecc += tally->without_ecc;
    t->subheader_differs += tally->subheader_differs;
    t->mode_differs += tally->mode_differs;
    a->address_right[index] = a->address_right[index] || tally->address_right > 0;
    merge_shift(t->address_differs, tally->address_differs, tally->first_shift, tally->one_shift, &t->shift, &t->shift_constant);
    t->address_differs += tally->address_differs;
}

static void vote(struct ballot *ballot, const char *text)
{
    for (uint32_t i = 0; i < ballot->count; i++)
        if (strcmp(ballot->list[i].text, text) == 0) {
            ballot->list[i].reads++;
            return;
        }
    if (ballot->count < CANDIDATES_MAX) {
        struct candidate *c = &ballot->list[ballot->count++];
        (void)snprintf(c->text, sizeof c->text, "%s", text);
        c->reads = 1;
    }
}

/* Zeros are what is stored where there is none. */
static bool says_something(const char *text) { return text[0] != '\0' && strspn(text, "0") != strlen(text); }

static void hear(struct exh_sector_audit *a, uint32_t index, const struct exh_block *block, uint32_t i)
{
    struct exh_q q;
    exh_q_decode(block->sub + (size_t)i * EXH_SUB_BYTES + EXH_SUB_Q, &q);
    if (says_something(q.text))
        vote(q.kind == EXH_Q_MCN ? &a->mcn : &a->isrc[index], q.text);
}

static void set_first(int64_t *first, int64_t lba)
{
    if (*first == EXH_NO_LBA || lba < *first)
        *first = lba;
}

static void merge_q(struct exh_sector_audit *a, uint32_t index, const struct exh_block *block, const struct tally *tally, const uint8_t *outcomes)
{
    struct exh_audit_q *q = &a->found.tracks[index].q;
    const uint32_t *n = tally->q;
    merge_shift(q->shifted, n[Q_SHIFTED], tally->first_q_shift, tally->one_q_shift, &q->shift, &q->shift_constant);
    q->sectors += block->count - n[Q_MISSING];
    q->missing += n[Q_MISSING];
    q->blank += n[Q_BLANK];
    q->crc_bad += n[Q_BAD];
    q->crc_good += block->count - n[Q_MISSING] - n[Q_BLANK] - n[Q_BAD];
    q->right += n[Q_RIGHT];
    q->shifted += n[Q_SHIFTED];
    q->wrong += n[Q_WRONG];
    q->mcn += n[Q_MCN];
    q->isrc += n[Q_ISRC];
    q->other += n[Q_OTHER];
    q->control_differs += tally->control_differs;
    if (n[Q_RIGHT] == block->count)
        return;
    for (uint32_t i = 0; i < block->count; i++) {
        if (outcomes[i] == Q_MCN || outcomes[i] == Q_ISRC)
            hear(a, index, block, i);
        else if (outcomes[i] == Q_BAD || outcomes[i] == Q_WRONG || outcomes[i] == Q_SHIFTED)
            set_first(outcomes[i] == Q_BAD ? &q->first_bad : outcomes[i] == Q_WRONG ? &q->first_wrong : &q->first_shifted, block->lba + i);
    }
}

static bool audit_take(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct exh_sector_audit *a = (struct exh_sector_audit *)consumer;
    const struct tally *tally = result;
    const uint8_t *verdicts = (const uint8_t *)(tally + 1), *outcomes = verdicts + block->count;
    uint32_t index = 0, unread = 0;
    while (index < a->found.track_count && a->found.tracks[index].number != block->track->number)
        index++;
    if (index == a->found.track_count)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block of track %u, which the disc has not", block->track->number);
    struct exh_audit_track *t = &a->found.tracks[index];
    for (uint32_t i = 0; block->bad > 0 && i < block->count; i++)
        unread += block->state[i] < EXH_SUSPECT;
    t->unread += unread;
    t->sectors += block->count - unread;
    if (block->track->sub_bytes == EXH_SUB_BYTES)
        merge_q(a, index, block, tally, outcomes);
    if (!has_frame(block->track))
        return true;
    merge_main(a, index, tally);
    return !tally->has_bad || add_ranges(t, block, verdicts, err);
}

/* The text read most often, when it was read twice; disputed when another was too. */
static uint64_t elect(const struct ballot *ballot, char *out, size_t room, bool *disputed)
{
    const struct candidate *best = NULL;
    uint32_t valid = 0;
    for (uint32_t i = 0; i < ballot->count; i++) {
        const struct candidate *c = &ballot->list[i];
        valid += c->reads >= VALID_READS;
        if (c->reads >= VALID_READS && (best == NULL || c->reads > best->reads))
            best = c;
    }
    *disputed = valid > 1;
    if (best == NULL)
        return 0;
    (void)snprintf(out, room, "%.13s", best->text);
    return best->reads;
}

static bool audit_finish(struct exh_consumer *consumer, struct exh_error *err)
{
    (void)err;
    struct exh_sector_audit *a = (struct exh_sector_audit *)consumer;
    a->found.mcn_reads = elect(&a->mcn, a->found.mcn, sizeof a->found.mcn, &a->found.mcn_disputed);
    for (uint32_t i = 0; i < a->found.track_count; i++) {
        struct exh_audit_track *t = &a->found.tracks[i];
        t->isrc_reads = elect(&a->isrc[i], t->isrc, sizeof t->isrc, &t->isrc_disputed);
        t->shift_constant = t->shift_constant && !a->address_right[i];
    }
    return true;
}

static const struct exh_consumer_ops audit_ops = {.result_bytes = audit_result_bytes, .work = audit_work, .take = audit_take, .finish = audit_finish};

/* ---- the whole ---- */

struct exh_sector_audit *exh_sector_audit_new(const struct exh_layout *layout, struct exh_error *err)
{
    struct exh_sector_audit *a = calloc(1, sizeof *a);
    uint32_t n = layout->track_count;
    if (a != NULL) {
        a->consumer.ops = &audit_ops;
        a->layout = layout;
        a->found.tracks = calloc(n, sizeof *a->found.tracks);
        a->address_right = calloc(n, sizeof *a->address_right);
        a->isrc = calloc(n, sizeof *a->isrc);
    }
    if (a == NULL || a->found.tracks == NULL || a->address_right == NULL || a->isrc == NULL) {
        exh_sector_audit_close(a);
        (void)exh_nomem(err, "an audit of sectors");
        return NULL;
    }
    a->found.track_count = n;
    for (uint32_t i = 0; i < n; i++) {
        const struct exh_track *t = &layout->tracks[i];
        a->found.tracks[i] = (struct exh_audit_track){
            .number = t->number, .kind = t->kind, .main_bytes = t->main_bytes, .sub_bytes = t->sub_bytes, .checked = has_frame(t)};
        a->found.tracks[i].q.first_bad = a->found.tracks[i].q.first_wrong = a->found.tracks[i].q.first_shifted = EXH_NO_LBA;
    }
    return a;
}

struct exh_consumer *exh_sector_audit_consumer(struct exh_sector_audit *audit) { return &audit->consumer; }

void exh_sector_audit_take(struct exh_sector_audit *audit, struct exh_disc_audit *out)
{
    *out = audit->found;
    memset(&audit->found, 0, sizeof audit->found);
}

void exh_sector_audit_close(struct exh_sector_audit *audit)
{
    if (audit == NULL)
        return;
    exh_disc_audit_close(&audit->found);
    free(audit->address_right);
    free(audit->isrc);
    free(audit);
}

void exh_disc_audit_close(struct exh_disc_audit *audit)
{
    for (uint32_t i = 0; audit->tracks != NULL && i < audit->track_count; i++)
        free(audit->tracks[i].ranges);
    free(audit->tracks);
    memset(audit, 0, sizeof *audit);
}
