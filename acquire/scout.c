/* scout.c - what the reading side sees, noted. See scout.h. */
#include "acquire/scout.h"

static void announce(struct exh_scout *s, enum exh_pass pass)
{
    if (pass == s->announced)
        return;
    s->announced = pass;
    exh_watch_phase(s->watch, pass == EXH_PASS_NONE ? "acquire" : exh_pass_name(pass), s->route.total_bytes);
}

static bool scout_next(struct exh_route *route, struct exh_want *out)
{
    struct exh_scout *s = (struct exh_scout *)route;
    if (!s->inner->ops->next(s->inner, out))
        return false;
    announce(s, (enum exh_pass)out->pass);
    return true;
}

static enum exh_area area_of(const struct exh_block *block, uint32_t i)
{
    return block->state[i] >= EXH_SUSPECT                    ? EXH_AREA_READ
           : block->count == 1 || block->state[i] == EXH_BAD ? EXH_AREA_BAD
           : block->pass == EXH_PASS_SCRAPE                  ? EXH_AREA_UNSCRAPED
                                                             : EXH_AREA_UNTRIMMED;
}

static void tell_areas(const struct exh_scout *s, const struct exh_block *block)
{
    int64_t first = (int64_t)exh_layout_sectors_before(s->layout, block->lba); /* a block lies in one track */
    for (uint32_t i = 0, from; i < block->count;) {
        enum exh_area area = area_of(block, i);
        for (from = i; i < block->count && area_of(block, i) == area; i++)
            ;
        exh_watch_area(s->watch, first + from, i - from, s->total_sectors, (char)area, exh_pass_name((enum exh_pass)block->pass));
    }
}

static bool note(struct exh_scout *s, const struct exh_block *block, const struct exh_faults *faults, struct exh_error *err)
{
    uint32_t number = 1;
    if (s->passes != NULL && block->pass == EXH_PASS_RETRY)
        (void)exh_passes_current(s->passes, &number);
    struct exh_pass_count count = {.pass = (enum exh_pass)block->pass,
                                   .number = number,
                                   .reads = 1,
                                   .failed_reads = block->bad > 0,
                                   .sectors_read = block->count - block->bad,
                                   .micros = block->micros};
    if (!exh_history_add_pass(&s->counts, &count, err))
        return false;
    for (size_t i = 0; i < faults->count; i++)
        if (!exh_trouble_note(&s->trouble, &faults->items[i], err) || (s->journal != NULL && !exh_journal_fault(s->journal, &faults->items[i], err)))
            return false;
    return true;
}

static void scout_outcome(struct exh_route *route, struct exh_block *block, const struct exh_faults *faults)
{
    struct exh_scout *s = (struct exh_scout *)route;
    exh_speed_note(&s->speed, block);
    tell_areas(s, block);
    if (s->failure.code == EXH_OK)
        (void)note(s, block, faults, &s->failure);
    if (s->inner->ops->outcome != NULL)
        s->inner->ops->outcome(s->inner, block, faults);
}

static const struct exh_route_ops scout_ops = {.next = scout_next, .outcome = scout_outcome};

void exh_scout_open(struct exh_scout *out, const struct exh_medium *medium, struct exh_journal *journal, const struct exh_watch *watch)
{
    memset(out, 0, sizeof *out);
    out->route.ops = &scout_ops;
    out->watch = watch;
    out->journal = journal;
    out->layout = medium->layout;
    out->total_sectors = exh_layout_sectors(medium->layout);
    out->announced = (enum exh_pass)EXH_PASS_COUNT;
    exh_speed_open(&out->speed, out->total_sectors);
}

struct exh_route *exh_scout_over(struct exh_scout *scout, struct exh_route *inner, struct exh_passes *passes)
{
    scout->inner = inner;
    scout->passes = passes;
    scout->route.total_bytes = inner->total_bytes;
    return &scout->route;
}

bool exh_scout_report(struct exh_scout *scout, struct exh_error *err)
{
    for (size_t i = 0; scout->journal != NULL && i < scout->counts.pass_count; i++)
        if (!exh_journal_pass(scout->journal, &scout->counts.passes[i], err))
            return false;
    return true;
}

void exh_scout_close(struct exh_scout *scout)
{
    exh_history_close(&scout->counts);
    exh_trouble_close(&scout->trouble);
}
