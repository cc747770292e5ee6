/* trouble.c - sectors that failed when read alone. See trouble.h. */
#include "acquire/trouble.h"

#include "formats/model/grow.h"

/* The first entry whose LBA is not below this one. Faults mostly come in ascending or descending order, but a pass may begin anywhere. */
static size_t place_of(const struct exh_trouble *t, int64_t lba)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->items[middle].lba < lba)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool exh_trouble_note(struct exh_trouble *trouble, const struct exh_fault *fault, struct exh_error *err)
{
    if (fault->count != 1)
        return true;
    size_t at = place_of(trouble, fault->lba);
    struct exh_trouble_entry *e = at < trouble->count ? &trouble->items[at] : NULL;
    if (e == NULL || e->lba != fault->lba) {
        if (trouble->count == EXH_TROUBLE_MAX) {
            trouble->left_out++;
            return true;
        }
        if (!exh_grow((void **)&trouble->items, &trouble->capacity, trouble->count, sizeof *trouble->items, EXH_TROUBLE_MAX, "the list of faults",
                      err))
            return false;
        e = &trouble->items[at];
        memmove(e + 1, e, (trouble->count - at) * sizeof *e);
        trouble->count++;
        *e = (struct exh_trouble_entry){.lba = fault->lba, .count = 1};
    }
    e->attempts++;
    e->sys = fault->sys;
    memcpy(e->sense, fault->sense, sizeof e->sense);
    if (fault->milliseconds > e->milliseconds)
        e->milliseconds = fault->milliseconds;
    return true;
}

static bool same_fate(const struct exh_trouble_entry *a, const struct exh_trouble_entry *b)
{
    return a->lba + (int64_t)a->count == b->lba && a->attempts == b->attempts && a->sys == b->sys && memcmp(a->sense, b->sense, sizeof a->sense) == 0;
}

void exh_trouble_settle(struct exh_trouble *trouble)
{
    size_t kept = 0;
    for (size_t i = 0; i < trouble->count; i++) {
        struct exh_trouble_entry *last = kept > 0 ? &trouble->items[kept - 1] : NULL;
        const struct exh_trouble_entry *e = &trouble->items[i];
        if (last != NULL && same_fate(last, e)) {
            last->count += e->count;
            last->milliseconds = e->milliseconds > last->milliseconds ? e->milliseconds : last->milliseconds;
        } else {
            trouble->items[kept++] = *e;
        }
    }
    trouble->count = kept;
}

uint64_t exh_trouble_recovered(const struct exh_trouble *trouble, const struct exh_sectors *lost)
{
    uint64_t n = 0;
    bool inside;
    for (size_t i = 0; i < trouble->count; i++)
        for (int64_t lba = trouble->items[i].lba, end = lba + (int64_t)trouble->items[i].count, stop; lba < end; lba = stop) {
            stop = exh_sectors_part(lost, lba, end, &inside);
            n += inside ? 0 : (uint64_t)(stop - lba);
        }
    return n;
}

bool exh_trouble_copy(struct exh_trouble *to, const struct exh_trouble *from, struct exh_error *err)
{
    *to = (struct exh_trouble){.left_out = from->left_out};
    if (from->count == 0)
        return true;
    to->items = malloc(from->count * sizeof *to->items);
    if (to->items == NULL)
        return exh_nomem(err, "the list of faults");
    memcpy(to->items, from->items, from->count * sizeof *to->items);
    to->count = to->capacity = from->count;
    return true;
}

void exh_trouble_close(struct exh_trouble *trouble)
{
    free(trouble->items);
    memset(trouble, 0, sizeof *trouble);
}
