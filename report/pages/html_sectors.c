/* html_sectors.c - what could not be read: how much of it, a picture of where, every range with what was tried there, how fast the rest was
 * read, and the reads that failed.
 *
 * The ranges are those of the verdict; what the record knows of each (attempts, error, sense, time) is put beside it from the list of troubles,
 * whose own ranges may be smaller. Nothing is put beside a range that no trouble on record lies in. */
#include "report/pages/html_sections.h"

#include "acquire/transport.h"
#include "report/pages/map_svg.h"
#include "report/pages/speed_svg.h"

#define RANGES_SHOWN 200u
#define FAULTS_SHOWN 50u
#define CHANGES_SHOWN 100u

/* --- errors in words --- */

/* "61 ENODATA, No data available" */
static void error_words(struct exh_html_page *p, uint64_t sys)
{
    const char *name = sys > 0 && sys <= 4095 ? strerrorname_np((int)sys) : NULL, *words = name != NULL ? strerrordesc_np((int)sys) : NULL;
    if (sys == 0)
        exh_html_put(p, "0, read, but fails its own checksum");
    else
        exh_markup_format(&p->out, "%llu%s%s%s%s", (unsigned long long)sys, name != NULL ? " " : "", name != NULL ? name : "",
                          words != NULL ? ", " : "", words != NULL ? words : "");
}

static void sense_words(struct exh_html_page *p, const uint8_t sense[3])
{
    char text[160];
    exh_html_text(p, exh_sense_text(sense, text, sizeof text));
}

/* --- ranges and what was tried there --- */

/* What the troubles inside one range say together. */
struct tried {
    uint64_t least_attempts, most_attempts, milliseconds;
    bool attempts_known, time_known, sys_known, sys_differs, sense_known, sense_differs;
    uint64_t sys;
    uint8_t sense[3];
};

static void add_trouble(struct tried *t, const struct exh_fact_trouble *trouble)
{
    if (trouble->attempts.known) {
        uint64_t n = trouble->attempts.value;
        t->least_attempts = !t->attempts_known || n < t->least_attempts ? n : t->least_attempts;
        t->most_attempts = n > t->most_attempts ? n : t->most_attempts;
        t->attempts_known = true;
    }
    if (trouble->milliseconds.known && trouble->milliseconds.value <= UINT64_MAX - t->milliseconds) {
        t->milliseconds += trouble->milliseconds.value;
        t->time_known = true;
    }
    if (trouble->sys.known) {
        t->sys_differs = t->sys_differs || (t->sys_known && t->sys != trouble->sys.value);
        t->sys = t->sys_known ? t->sys : trouble->sys.value;
        t->sys_known = true;
    }
    if (trouble->sense_known) {
        t->sense_differs = t->sense_differs || (t->sense_known && memcmp(t->sense, trouble->sense, sizeof t->sense) != 0);
        if (!t->sense_known)
            memcpy(t->sense, trouble->sense, sizeof t->sense);
        t->sense_known = true;
    }
}

/* Both lists are in order, so *at only moves on. A trouble that reaches into the next range belongs to both. */
static struct tried tried_in(const struct exh_facts *f, size_t *at, const struct exh_fact_range *range)
{
    struct tried t = {0};
    const struct exh_fact_troubles *list = &f->troubles;
    int64_t end = range->lba + (int64_t)range->count;
    while (*at < list->count && list->items[*at].lba + (int64_t)list->items[*at].count <= range->lba)
        ++*at;
    for (size_t i = *at; i < list->count && i - *at < EXH_MAP_MARKS_MAX && list->items[i].lba < end; i++)
        if (list->items[i].lba + (int64_t)list->items[i].count > range->lba)
            add_trouble(&t, &list->items[i]);
    return t;
}

/* --- kinds of failure: most ranges of a medium fail alike, so the words stand once and a letter beside each range --- */

#define KINDS_MAX 26u

struct kinds {
    struct tried of[KINDS_MAX]; /* one example of each */
    size_t ranges[KINDS_MAX], count;
};

static bool alike(const struct tried *a, const struct tried *b)
{
    return a->sys_known == b->sys_known && a->sys == b->sys && a->sys_differs == b->sys_differs && a->sense_known == b->sense_known &&
           a->sense_differs == b->sense_differs && memcmp(a->sense, b->sense, sizeof a->sense) == 0;
}

/* The number of the kind, or KINDS_MAX when there are too many kinds to letter. */
static size_t kind_of(const struct kinds *kinds, const struct tried *t)
{
    for (size_t i = 0; i < kinds->count; i++)
        if (alike(&kinds->of[i], t))
            return i;
    return KINDS_MAX;
}

static void add_kind(struct kinds *kinds, const struct tried *t)
{
    size_t i = kind_of(kinds, t);
    if (!t->sys_known && !t->sense_known)
        return;
    if (i == KINDS_MAX && kinds->count < KINDS_MAX)
        kinds->of[i = kinds->count++] = *t;
    if (i < KINDS_MAX)
        kinds->ranges[i]++;
}

static void failure_cells(struct exh_html_page *p, const struct tried *t)
{
    exh_html_put(p, "<td>");
    if (t->sys_known)
        error_words(p, t->sys);
    else
        exh_html_unknown(p);
    exh_html_put(p, t->sys_differs ? ", and others</td><td>" : "</td><td>");
    if (t->sense_known)
        sense_words(p, t->sense);
    else
        exh_html_unknown(p);
    exh_html_put(p, t->sense_differs ? ", and others</td>" : "</td>");
}

static void list_kinds(struct exh_html_page *p, const struct kinds *kinds)
{
    if (kinds->count == 0)
        return;
    exh_html_put(
        p,
        "<div class=\"wide\"><table class=\"dense\"><caption>How the reads failed; the list below names the kind by its letter.</caption><thead><tr>"
        "<th scope=\"col\">Kind</th><th scope=\"col\">Error of the system</th><th scope=\"col\">What the device said (sense)</th>"
        "<th scope=\"col\" class=\"n\">Ranges below</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < kinds->count; i++) {
        exh_markup_format(&p->out, "<tr><td>%c</td>", (int)('A' + i));
        failure_cells(p, &kinds->of[i]);
        exh_html_put(p, "<td class=\"n\">");
        exh_html_figure(p, kinds->ranges[i]);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
}

/* --- tables of ranges --- */

static void tried_cells(struct exh_html_page *p, const struct tried *t, const struct kinds *kinds)
{
    size_t kind = kind_of(kinds, t);
    exh_html_put(p, "<td class=\"n\">");
    if (t->attempts_known) {
        exh_html_figure(p, t->least_attempts);
        if (t->most_attempts > t->least_attempts) {
            exh_html_put(p, " to ");
            exh_html_figure(p, t->most_attempts);
        }
    } else {
        exh_html_unknown(p);
    }
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_milliseconds(p, (struct exh_number){t->milliseconds, t->time_known});
    exh_html_put(p, "</td><td>");
    if (kind < KINDS_MAX)
        exh_markup_format(&p->out, "%c", (int)('A' + kind));
    else if (t->sys_known || t->sense_known)
        exh_html_put(p, "another, in report.xml");
    else
        exh_html_unknown(p);
    exh_html_put(p, "</td>");
}

static void range_cells(struct exh_html_page *p, int64_t lba, uint64_t count)
{
    exh_html_put(p, "<td class=\"n\">");
    exh_html_signed_figure(p, lba);
    exh_html_put(p, "</td><td class=\"n\">");
    if (exh_facts_believable(lba, count))
        exh_html_signed_figure(p, lba + (int64_t)count - 1);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_figure(p, count);
    exh_html_put(p, "</td>");
}

static void open_ranges(struct exh_html_page *p, bool tried)
{
    exh_html_put(p, "<div class=\"wide\"><table class=\"dense\"><thead><tr><th scope=\"col\" class=\"n\">Range</th><th scope=\"col\" "
                    "class=\"n\">First sector (LBA)</th>"
                    "<th scope=\"col\" class=\"n\">Last sector</th><th scope=\"col\" class=\"n\">Sectors</th>");
    if (tried)
        exh_html_put(p, "<th scope=\"col\" class=\"n\">Attempts</th><th scope=\"col\" class=\"n\">Time of the failed reads</th>"
                        "<th scope=\"col\">Kind of failure</th>");
    exh_html_put(p, "</tr></thead><tbody>\n");
}

void exh_html_ranges(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    struct tried tried[RANGES_SHOWN];
    struct kinds kinds = {.count = 0};
    size_t shown = f->range_items < RANGES_SHOWN ? f->range_items : RANGES_SHOWN, at = 0;
    bool known = f->troubles.count > 0 && !f->ranges_disagree;
    if (shown == 0) {
        exh_html_malformed(p, f->troubles.malformed, "Of what was tried where");
        return;
    }
    for (size_t i = 0; known && i < shown; i++) {
        tried[i] = tried_in(f, &at, &f->ranges[i]);
        add_kind(&kinds, &tried[i]);
    }
    exh_html_heading(p, 1, "List of unreadable ranges", NULL);
    list_kinds(p, &kinds);
    open_ranges(p, known);
    for (size_t i = 0; i < shown; i++) {
        exh_markup_format(&p->out, "<tr><td class=\"n\">%zu</td>", i + 1);
        range_cells(p, f->ranges[i].lba, f->ranges[i].count);
        if (known)
            tried_cells(p, &tried[i], &kinds);
        exh_html_put(p, "</tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, f->range_items, "Ranges");
    if (!known)
        exh_html_put(p, "<p class=\"note\">How often each was tried, and with what error, is not recorded by range.</p>\n");
    exh_html_malformed(p, f->troubles.malformed, "Of what was tried where");
}

/* Of a run that published nothing there is no list of the verdict: the troubles are all there is. */
static void list_troubles(struct exh_html_page *p)
{
    const struct exh_fact_troubles *list = &p->f->troubles;
    struct tried tried[RANGES_SHOWN];
    struct kinds kinds = {.count = 0};
    size_t shown = list->count < RANGES_SHOWN ? list->count : RANGES_SHOWN;
    if (shown == 0) {
        exh_html_malformed(p, list->malformed, "Of what was tried where");
        return;
    }
    for (size_t i = 0; i < shown; i++) {
        tried[i] = (struct tried){0};
        add_trouble(&tried[i], &list->items[i]);
        add_kind(&kinds, &tried[i]);
    }
    exh_html_heading(p, 1, "Ranges that could not be read", NULL);
    list_kinds(p, &kinds);
    open_ranges(p, true);
    for (size_t i = 0; i < shown; i++) {
        exh_markup_format(&p->out, "<tr><td class=\"n\">%zu</td>", i + 1);
        range_cells(p, list->items[i].lba, list->items[i].count);
        tried_cells(p, &tried[i], &kinds);
        exh_html_put(p, "</tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, list->count, "Ranges");
    exh_html_malformed(p, list->malformed, "Of what was tried where");
}

static void list_changes(struct exh_html_page *p)
{
    const struct exh_fact_changes *list = &p->f->changes;
    size_t shown = list->count < CHANGES_SHOWN ? list->count : CHANGES_SHOWN;
    if (shown == 0) {
        exh_html_malformed(p, list->malformed, "Of sectors that changed");
        return;
    }
    exh_html_heading(p, 1, "Sectors that read one way and later another", NULL);
    open_ranges(p, false);
    for (size_t i = 0; i < shown; i++) {
        exh_markup_format(&p->out, "<tr><td class=\"n\">%zu</td>", i + 1);
        range_cells(p, list->items[i].lba, list->items[i].count);
        exh_html_put(p, "</tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, list->count, "Ranges");
    exh_html_malformed(p, list->malformed, "Of sectors that changed");
}

/* --- failed reads --- */

/* How many failed reads from `from` on are one next to the other and alike in size, error and attempt: sector by sector over a bad area. */
static size_t faults_in_a_row(const struct exh_facts *f, size_t from)
{
    const struct exh_fact_fault *first = &f->faults[from];
    size_t n = 1;
    for (; from + n < f->fault_items; n++) {
        const struct exh_fact_fault *last = &f->faults[from + n - 1], *next = &f->faults[from + n];
        if (!exh_facts_believable(last->lba, last->count) || next->lba != last->lba + (int64_t)last->count || next->count != first->count ||
            next->sys != first->sys || next->attempt != first->attempt)
            break;
    }
    return n;
}

static void fault_row(struct exh_html_page *p, const struct exh_fact_fault *fault, size_t reads)
{
    exh_html_put(p, "<tr><td class=\"n\">");
    exh_html_signed_figure(p, fault->lba);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_figure(p, reads);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_figure(p, fault->count);
    exh_html_put(p, "</td><td>");
    error_words(p, fault->sys);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_figure(p, fault->attempt);
    exh_html_put(p, "</td></tr>\n");
}

static void list_faults(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t shown = 0;
    if (f->fault_items == 0) {
        exh_html_put(p, f->fault_count.known && f->fault_count.value == 0 ? "<p>No read failed.</p>\n"
                                                                          : "<p>No list of failed reads is on record.</p>\n");
        return;
    }
    exh_html_heading(p, 1, "Failed reads", NULL);
    exh_html_put(p, "<div class=\"wide\"><table class=\"dense\"><caption>In the order they happened; reads that are alike and follow one another are "
                    "one row. The error is "
                    "the number, name and words of the system.</caption><thead><tr><th scope=\"col\" class=\"n\">First sector (LBA)</th>"
                    "<th scope=\"col\" class=\"n\">Reads</th><th scope=\"col\" class=\"n\">Sectors in each</th><th scope=\"col\">Error</th>"
                    "<th scope=\"col\" class=\"n\">Attempt</th></tr></thead><tbody>\n");
    for (size_t rows = 0, n; shown < f->fault_items && rows < FAULTS_SHOWN; rows++, shown += n) {
        n = faults_in_a_row(f, shown);
        fault_row(p, &f->faults[shown], n);
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, f->fault_items, "Failed reads");
    if (f->fault_count.known && f->fault_count.value > f->fault_items) {
        exh_html_put(p, "<p class=\"note\">The record keeps the first ");
        exh_html_figure(p, f->fault_items);
        exh_html_put(p, " of ");
        exh_html_figure(p, f->fault_count.value);
        exh_html_put(p, " failed reads.</p>\n");
    }
}

/* --- all of it --- */

static void speed(struct exh_html_page *p)
{
    if (p->f->speed.count > 0)
        exh_html_heading(p, 1, "Read speed", NULL);
    exh_speed_svg(&p->out, p->f, p->number);
    exh_html_malformed(p, p->f->speed.malformed, "Of the reading times");
}

static bool all_read_at_once(const struct exh_facts *f)
{
    return f->ranges_listed && !f->ranges_disagree && f->range_items == 0 && f->unreadable_sectors.known && f->unreadable_sectors.value == 0 &&
           f->fault_count.known && f->fault_count.value == 0 && f->fault_items == 0 && f->changes.count == 0 &&
           exh_html_is(f->acquisition, "complete");
}

void exh_html_sectors(struct exh_html_page *p)
{
    if (p->f->outcome == EXH_ENDED_DONE) {
        exh_html_heading(p, 0, "Unreadable sectors", NULL);
        exh_html_put(p, "<p>Sectors that could not be read: ");
        exh_html_unreadable(p);
        exh_html_recovered(p);
        exh_html_put(p, ".</p>\n");
        if (all_read_at_once(p->f))
            exh_html_put(p, "<p>Every sector of the copy was read, and no read failed: a map would show nothing else, and none is drawn.</p>\n");
        else
            exh_map_svg(&p->out, p->f, p->number);
        exh_html_ranges(p);
    } else {
        exh_html_heading(p, 0, "Reads that failed", NULL);
        list_troubles(p);
    }
    list_changes(p);
    speed(p);
    if (p->f->outcome != EXH_ENDED_DONE || !all_read_at_once(p->f))
        list_faults(p);
}
