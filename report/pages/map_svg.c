/* map_svg.c - the map of the copy: what was read, what was read only after a read had failed, what changed, what is unreadable. See map_svg.h.
 *
 * States are told apart by letter and hatch, never by colour alone (WCAG 2.1, 1.4.1), and stay apart in black-and-white print. Runs of
 * equal cells are one rectangle filled with a pattern of cells: a map of two thousand cells is a few kilobytes, and so is a strip, whatever
 * the record lists. Every figure has a name and a description for those who cannot see it, and the text beside it says the same in
 * numbers. */
#include "report/pages/map_svg.h"

#include "report/pages/sentences.h"

#define COLUMNS 64u
#define ROWS 31u /* 64 x 31 = 1,984 cells */
#define CELL 10u
#define GUTTER 92u /* for the sector number at the start of each row */
#define WIDTH (GUTTER + 10 + COLUMNS * CELL)

#define STRIPS_MAX 6u
#define STRIP_LEFT 8u
#define STRIP_WIDTH 440u /* and as many cells at most */
#define STRIP_BAR 14u
#define STRIP_HEIGHT 52u
#define STRIP_LINE 11u
#define STRIP_TEXT (STRIP_LEFT + STRIP_WIDTH + 14)
#define STRIP_RUNS 3u    /* named beside a strip */
#define CLUSTER_GAP 24   /* ranges closer than this are one cluster, unless that makes more clusters than strips */
#define CLUSTER_PART 64u /* of the copy: ranges farther apart than this part of it are never one cluster */

/* In the order of what must not be overlooked: the worst wins. */
enum cell { CELL_OUTSIDE, CELL_READ, CELL_RETRIED, CELL_CHANGED, CELL_UNREADABLE, CELL_STATES };
static const char letters[CELL_STATES + 1] = "orRCU"; /* in the ids of the patterns */

/* The sectors a figure shows, and how many share a cell. */
struct span {
    int64_t from;
    uint64_t sectors, per_cell, cells;
};

static struct span span_of(int64_t from, uint64_t sectors, uint64_t most_cells)
{
    struct span s = {from, sectors, sectors / most_cells + (sectors % most_cells != 0), 0};
    if (s.per_cell == 0)
        s.per_cell = 1;
    s.cells = sectors / s.per_cell + (sectors % s.per_cell != 0);
    return s;
}

/* --- what the cells show --- */

static void mark(const struct span *s, uint8_t *cells, int64_t lba, uint64_t count, enum cell state)
{
    if (!exh_facts_believable(lba, count))
        return;
    int64_t begin = lba > s->from ? lba : s->from, end = lba + (int64_t)count, last = s->from + (int64_t)s->sectors;
    if (end > last)
        end = last;
    if (begin >= end)
        return;
    uint64_t first = (uint64_t)(begin - s->from) / s->per_cell, behind = (uint64_t)(end - 1 - s->from) / s->per_cell + 1;
    for (uint64_t i = first; i < behind; i++)
        if (cells[i] < state)
            cells[i] = (uint8_t)state;
}

static void fill(const struct exh_facts *f, const struct span *s, uint8_t *cells)
{
    memset(cells, f->track_count == 0 ? CELL_READ : CELL_OUTSIDE, s->cells);
    for (size_t i = 0; i < f->track_count && i < EXH_MAP_MARKS_MAX; i++)
        mark(s, cells, f->tracks[i].first_lba, f->tracks[i].sectors, CELL_READ);
    for (size_t i = 0; i < f->fault_items && i < EXH_MAP_MARKS_MAX; i++)
        mark(s, cells, f->faults[i].lba, f->faults[i].count, CELL_RETRIED);
    for (size_t i = 0; i < f->changes.count && i < EXH_MAP_MARKS_MAX; i++)
        mark(s, cells, f->changes.items[i].lba, f->changes.items[i].count, CELL_CHANGED);
    for (size_t i = 0; i < f->range_items; i++) /* these are in order, and none overlaps another */
        mark(s, cells, f->ranges[i].lba, f->ranges[i].count, CELL_UNREADABLE);
}

static uint64_t count_state(const uint8_t *cells, uint64_t count, enum cell state)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < count; i++)
        n += cells[i] == state;
    return n;
}

/* --- words and marks --- */

static void plural(struct exh_markup *page, uint64_t n, const char *noun)
{
    exh_markup_format(page, "%s %s%s", exh_facts_figure(n).text, noun, n == 1 ? "" : "s");
}

static void figure(struct exh_markup *page, int64_t lba)
{
    exh_markup_format(page, "%s%s", lba < 0 ? "-" : "", exh_facts_figure(lba < 0 ? (uint64_t)0 - (uint64_t)lba : (uint64_t)lba).text);
}

static const char *const tiles[CELL_STATES] = {
    [CELL_OUTSIDE] = "<rect width=\"10\" height=\"10\" fill=\"#e4e4e4\"/><path d=\"M0 10L10 0\" stroke=\"#999\"/>",
    [CELL_READ] = "<rect width=\"10\" height=\"10\" fill=\"#fff\"/><path d=\"M0 .5H10M.5 0V10\" stroke=\"#bbb\"/>"
                  "<circle cx=\"5.5\" cy=\"5.5\" r=\".9\" fill=\"#777\"/>",
    [CELL_RETRIED] = "<rect width=\"10\" height=\"10\" fill=\"#d6d6d6\"/><path d=\"M0 .5H10M.5 0V10\" stroke=\"#888\"/>"
                     "<path d=\"M3.6 8.4V2.8H5.6A1.5 1.5 0 0 1 5.6 5.8H3.6M5.4 5.8L7.5 8.4\" stroke=\"#111\" fill=\"none\"/>",
    [CELL_CHANGED] = "<rect width=\"10\" height=\"10\" fill=\"#888\"/><path d=\"M0 .5H10M.5 0V10\" stroke=\"#fff\"/>"
                     "<path d=\"M7.6 3.6A2.8 2.8 0 1 0 7.6 7.4\" stroke=\"#fff\" stroke-width=\"1.4\" fill=\"none\"/>",
    [CELL_UNREADABLE] = "<rect width=\"10\" height=\"10\" fill=\"#111\"/><path d=\"M0 .5H10M.5 0V10\" stroke=\"#fff\"/>"
                        "<path d=\"M3.2 2.6V6.2A2.3 2.3 0 0 0 7.8 6.2V2.6\" stroke=\"#fff\" stroke-width=\"1.3\" fill=\"none\"/>"};

/* One tile per state, repeated over each run of cells. Ids carry the item's number and the state's letter. */
static void patterns(struct exh_markup *page, size_t number)
{
    exh_markup_put(page, "<defs>");
    for (unsigned i = 0; i < CELL_STATES; i++)
        exh_markup_format(page, "<pattern id=\"m%zu-%c\" width=\"10\" height=\"10\" patternUnits=\"userSpaceOnUse\">%s</pattern>", number, letters[i],
                          tiles[i]);
    exh_markup_put(page, "</defs>");
}

static void open_svg(struct exh_markup *page, size_t number, char letter, uint64_t height)
{
    exh_markup_format(page, "<svg role=\"img\" aria-labelledby=\"m%zu%ct m%zu%cd\" viewBox=\"0 0 %u %llu\" class=\"map\">", number, letter, number,
                      letter, WIDTH, (unsigned long long)height);
}

static void legend(struct exh_markup *page, const struct exh_facts *f, size_t number, const uint8_t *cells, uint64_t count)
{
    static const enum cell order[] = {CELL_READ, CELL_RETRIED, CELL_CHANGED, CELL_UNREADABLE, CELL_OUTSIDE};
    static const char *const words[CELL_STATES] = {
        [CELL_OUTSIDE] = "/ not part of the copy",
        [CELL_READ] = "\xc2\xb7 every sector read",
        [CELL_RETRIED] = "R every sector read, though a read had failed here",
        [CELL_CHANGED] = "C at least one sector read one way and later another",
        [CELL_UNREADABLE] = "U at least one sector unreadable; in its place ",
    };
    const bool used[CELL_STATES] = {count_state(cells, count, CELL_OUTSIDE) > 0, true, f->fault_items > 0, f->changes.count > 0, true};
    exh_markup_put(page, "<ul class=\"legend\">");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!used[order[i]])
            continue;
        exh_markup_format(page,
                          "<li><svg aria-hidden=\"true\" viewBox=\"0 0 11 11\" width=\"14\" height=\"14\"><rect width=\"11\" height=\"11\" "
                          "fill=\"url(#m%zu-%c)\"/></svg> %s%s</li>",
                          number, letters[order[i]], words[order[i]], order[i] == CELL_UNREADABLE ? exh_sentence_fill(f) : "");
    }
    exh_markup_put(page, "</ul>");
}

/* --- the grid --- */

static void run(struct exh_markup *page, size_t number, uint64_t column, uint64_t row_y, uint64_t length, uint8_t state)
{
    exh_markup_format(page, "<rect x=\"%llu\" y=\"%llu\" width=\"%llu\" height=\"%u\" fill=\"url(#m%zu-%c)\"/>",
                      (unsigned long long)(GUTTER + 8 + column * CELL), (unsigned long long)row_y, (unsigned long long)(length * CELL), CELL, number,
                      letters[state]);
}

/* One row of cells from `first`, drawn at y; the number of a row that lost something is bold. */
static void row(struct exh_markup *page, size_t number, const struct span *s, const uint8_t *cells, uint64_t first, uint64_t y)
{
    uint64_t end = first + COLUMNS < s->cells ? first + COLUMNS : s->cells;
    bool lost = count_state(cells + first, end - first, CELL_UNREADABLE) > 0;
    exh_markup_format(page, "<text x=\"%u\" y=\"%llu\" text-anchor=\"end\"%s>", GUTTER, (unsigned long long)(y + 8), lost ? " class=\"loud\"" : "");
    figure(page, s->from + (int64_t)(first * s->per_cell));
    exh_markup_put(page, "</text>");
    for (uint64_t i = first; i < end;) {
        uint64_t j = i;
        while (j < end && cells[j] == cells[i])
            j++;
        run(page, number, i - first, y, j - i, cells[i]);
        i = j;
    }
}

static void summary(struct exh_markup *page, const struct exh_facts *f, const struct span *s, const uint8_t *cells)
{
    exh_markup_put(page, "Each cell stands for ");
    plural(page, s->per_cell, "sector");
    exh_markup_put(page, "; the worst state in a cell is the one shown. ");
    uint64_t lost = count_state(cells, s->cells, CELL_UNREADABLE);
    plural(page, lost, "cell");
    exh_markup_format(page, " of %s hold%s unreadable sectors: ", exh_facts_figure(s->cells).text, lost == 1 ? "s" : "");
    plural(page, f->unreadable_sectors.value, "sector");
    exh_markup_put(page, " in ");
    plural(page, f->range_items, "range");
    exh_markup_put(page, ".");
    if (f->fault_count.known && f->fault_count.value > f->fault_items && f->fault_items > 0)
        exh_markup_format(page, " R is shown for the first %s failed reads, which are all the record lists.", exh_facts_figure(f->fault_items).text);
}

static void grid(struct exh_markup *page, const struct exh_facts *f, size_t number, const struct span *s, const uint8_t *cells)
{
    uint64_t rows = (s->cells + COLUMNS - 1) / COLUMNS;
    exh_markup_put(page, "<figure>");
    open_svg(page, number, 'a', rows * CELL + 2);
    exh_markup_format(page, "<title id=\"m%zuat\">Map of the copy, first sector at the top left</title><desc id=\"m%zuad\">", number, number);
    summary(page, f, s, cells);
    exh_markup_put(page, "</desc>");
    patterns(page, number);
    for (uint64_t r = 0; r < rows; r++)
        row(page, number, s, cells, r * COLUMNS, r * CELL);
    exh_markup_put(page, "</svg>");
    legend(page, f, number, cells, s->cells);
    exh_markup_put(page, "<figcaption>Numbers at the left are the first sector (LBA) of the row. ");
    summary(page, f, s, cells);
    exh_markup_put(page, "</figcaption></figure>");
}

/* --- clusters --- */

/* Ranges that lie close together: items[first] to items[behind - 1] of the list. */
struct cluster {
    size_t first, behind;
    int64_t from, to;
    uint64_t sectors;
};

static struct cluster next_cluster(const struct exh_facts *f, size_t at, int64_t gap)
{
    struct cluster c = {at, at + 1, f->ranges[at].lba, f->ranges[at].lba + (int64_t)f->ranges[at].count, f->ranges[at].count};
    for (; c.behind < f->range_items && f->ranges[c.behind].lba - c.to <= gap; c.behind++) {
        c.to = f->ranges[c.behind].lba + (int64_t)f->ranges[c.behind].count;
        c.sectors += f->ranges[c.behind].count;
    }
    return c;
}

static size_t count_clusters(const struct exh_facts *f, int64_t gap)
{
    size_t n = 0;
    for (size_t at = 0; at < f->range_items; n++)
        at = next_cluster(f, at, gap).behind;
    return n;
}

/* The distance at which the ranges fall into so few clusters that each gets its strip, or the farthest that still makes sense. */
static int64_t cluster_gap(const struct exh_facts *f, uint64_t sectors)
{
    int64_t gap = CLUSTER_GAP;
    while (count_clusters(f, gap) > STRIPS_MAX && (uint64_t)gap < sectors / CLUSTER_PART)
        gap *= 4;
    return gap;
}

/* The clusters that lost most, in their order on the medium; returns how many. *all: how many there are. */
static size_t worst_clusters(const struct exh_facts *f, int64_t gap, struct cluster shown[STRIPS_MAX], size_t *all)
{
    size_t count = 0;
    *all = 0;
    for (size_t at = 0; at < f->range_items; ++*all) {
        struct cluster c = next_cluster(f, at, gap);
        at = c.behind;
        size_t least = 0;
        for (size_t i = 1; i < count; i++)
            least = shown[i].sectors < shown[least].sectors ? i : least;
        if (count == STRIPS_MAX && c.sectors <= shown[least].sectors)
            continue;
        if (count == STRIPS_MAX)
            memmove(&shown[least], &shown[least + 1], (--count - least) * sizeof shown[0]);
        shown[count++] = c;
    }
    return count;
}

/* --- strips --- */

/* The cluster with a margin on either side, inside the copy. */
static struct span strip_span(const struct cluster *c, int64_t low, int64_t high)
{
    int64_t margin = (c->to - c->from) / 8 > 6 ? (c->to - c->from) / 8 : 6;
    int64_t from = c->from - low > margin ? c->from - margin : low, to = high - c->to > margin ? c->to + margin : high;
    return span_of(from, to > from ? (uint64_t)(to - from) : 1, STRIP_WIDTH);
}

static double strip_x(const struct span *s, uint64_t cell) { return STRIP_LEFT + (double)cell * STRIP_WIDTH / (double)s->cells; }

/* Shades that print apart, and the letter of the map wherever there is room for it. */
static void strip_bar(struct exh_markup *page, const struct span *s, const uint8_t *cells, unsigned y)
{
    static const char *const shades[CELL_STATES] = {"#eee", "#fff", "#d6d6d6", "#888", "#111"};
    for (uint64_t i = 0; i < s->cells;) {
        uint64_t j = i;
        while (j < s->cells && cells[j] == cells[i])
            j++;
        double x = strip_x(s, i), width = strip_x(s, j) - x;
        exh_markup_format(page, "<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"%s\"/>", x, y, width, STRIP_BAR, shades[cells[i]]);
        if (cells[i] > CELL_READ && width >= 8)
            exh_markup_format(page, "<text x=\"%.1f\" y=\"%u\" text-anchor=\"middle\"%s>%c</text>", x + width / 2, y + 10,
                              cells[i] > CELL_RETRIED ? " class=\"in\"" : "", letters[cells[i]]);
        i = j;
    }
    if (s->per_cell == 1 && s->cells <= 88) { /* wide enough to tell sector from sector */
        exh_markup_put(page, "<path d=\"");
        for (uint64_t i = 1; i < s->cells; i++)
            exh_markup_format(page, "M%.1f %uV%u", strip_x(s, i), y, y + STRIP_BAR);
        exh_markup_put(page, "\" stroke=\"#999\" stroke-width=\".6\"/>");
    }
    exh_markup_format(page, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"none\" stroke=\"#555\" stroke-width=\".8\"/>", STRIP_LEFT, y,
                      STRIP_WIDTH, STRIP_BAR);
}

/* Round sector numbers under the bar; a tick stands under the middle of its sector where sectors can be told apart. */
static void strip_axis(struct exh_markup *page, const struct span *s, unsigned y)
{
    int64_t step = (int64_t)exh_map_step(s->sectors, 5), tick = s->from / step * step;
    double scale = (double)STRIP_WIDTH / (double)(s->cells * s->per_cell);
    for (tick += tick < s->from ? step : 0; tick < s->from + (int64_t)s->sectors; tick += step) {
        double x = STRIP_LEFT + ((double)(tick - s->from) + (s->per_cell == 1 ? .5 : 0)) * scale;
        const char *anchor = x < STRIP_LEFT + 36 ? "start" : x > STRIP_LEFT + STRIP_WIDTH - 36 ? "end" : "middle";
        exh_markup_format(page, "<path d=\"M%.1f %uv4\" stroke=\"#555\" stroke-width=\".8\"/><text x=\"%.1f\" y=\"%u\" text-anchor=\"%s\">", x,
                          y + STRIP_BAR, x, y + STRIP_BAR + 13, anchor);
        figure(page, tick);
        exh_markup_put(page, "</text>");
    }
}

static void range_words(struct exh_markup *page, const struct exh_fact_range *range)
{
    exh_markup_put(page, "LBA ");
    figure(page, range->lba);
    if (range->count > 1) {
        exh_markup_put(page, "-");
        figure(page, range->lba + (int64_t)range->count - 1);
    }
    exh_markup_put(page, ", ");
    plural(page, range->count, "sector");
}

/* The ranges of the cluster in words: all when they are few, otherwise the first ones and how many more. */
static void strip_words(struct exh_markup *page, const struct exh_facts *f, const struct cluster *c, unsigned y)
{
    size_t ranges = c->behind - c->first, named = ranges <= STRIP_RUNS ? ranges : STRIP_RUNS - 1;
    unsigned line = y + 7;
    if (ranges > 1) {
        exh_markup_format(page, "<text x=\"%u\" y=\"%u\" class=\"loud\">", STRIP_TEXT, line);
        plural(page, c->sectors, "sector");
        exh_markup_put(page, " in ");
        plural(page, ranges, "range");
        exh_markup_put(page, "</text>");
        line += STRIP_LINE;
    }
    for (size_t i = 0; i < named; i++, line += STRIP_LINE) {
        exh_markup_format(page, "<text x=\"%u\" y=\"%u\"%s>", STRIP_TEXT, line, ranges == 1 ? " class=\"loud\"" : "");
        range_words(page, &f->ranges[c->first + i]);
        exh_markup_put(page, "</text>");
    }
    if (named < ranges) {
        exh_markup_format(page, "<text x=\"%u\" y=\"%u\">and ", STRIP_TEXT, line);
        plural(page, ranges - named, "more range");
        exh_markup_put(page, "</text>");
    }
}

static void strips(struct exh_markup *page, const struct exh_facts *f, size_t number, int64_t low, int64_t high)
{
    struct cluster shown[STRIPS_MAX];
    uint8_t cells[STRIP_WIDTH];
    size_t all, count = worst_clusters(f, cluster_gap(f, (uint64_t)(high - low)), shown, &all);
    exh_markup_put(page, "<figure>");
    open_svg(page, number, 'b', count * STRIP_HEIGHT);
    exh_markup_format(
        page,
        "<title id=\"m%zubt\">Clusters of unreadable sectors, enlarged</title><desc id=\"m%zubd\">One strip for each of %zu clusters of "
        "%zu; the text beside each, and the list of ranges, have the same in numbers.</desc>",
        number, number, count, all);
    for (size_t i = 0; i < count; i++) {
        struct span s = strip_span(&shown[i], low, high);
        unsigned y = (unsigned)i * STRIP_HEIGHT + 2;
        fill(f, &s, cells);
        strip_bar(page, &s, cells, y);
        strip_axis(page, &s, y);
        strip_words(page, f, &shown[i], y);
    }
    exh_markup_put(page, "</svg><figcaption>");
    if (count < all)
        exh_markup_format(page, "The %zu clusters that lost most, of %s, enlarged", count, exh_facts_figure(all).text);
    else
        exh_markup_put(page, count == 1 ? "The unreadable sectors, enlarged" : "All clusters of unreadable sectors, enlarged");
    exh_markup_put(page,
                   "; black (U) is unreadable, the letters are those of the map, the numbers below a strip are sectors (LBA).</figcaption></figure>");
}

/* --- all of it --- */

uint64_t exh_map_step(uint64_t length, unsigned most)
{
    static const unsigned factors[] = {1, 2, 5};
    for (uint64_t power = 1;; power *= 10) {
        for (size_t i = 0; i < 3; i++)
            if (power > length / factors[i] || length / (power * factors[i]) < most)
                return power * factors[i];
        if (power > UINT64_MAX / 100)
            return power;
    }
}

bool exh_map_bounds(const struct exh_facts *f, int64_t *low, int64_t *high)
{
    *low = 0;
    *high = f->sectors.known && f->sectors.value <= INT64_MAX ? (int64_t)f->sectors.value : 0;
    for (size_t i = 0; i < f->track_count; i++) {
        const struct exh_fact_track *track = &f->tracks[i];
        if (track->first_lba < -(1 << 30) || track->sectors > EXH_FACTS_LBA_MAX || track->first_lba > EXH_FACTS_LBA_MAX)
            return false;
        int64_t end = track->first_lba + (int64_t)track->sectors;
        *low = i == 0 || track->first_lba < *low ? track->first_lba : *low;
        *high = i == 0 || end > *high ? end : *high;
    }
    return *high > *low && *high <= EXH_FACTS_LBA_MAX;
}

static void nothing_to_draw(struct exh_markup *page, const char *why) { exh_markup_format(page, "<p>No map is drawn: %s.</p>", why); }

void exh_map_svg(struct exh_markup *page, const struct exh_facts *f, size_t number)
{
    int64_t low, high;
    uint8_t cells[EXH_MAP_CELLS_MAX];
    if (!f->ranges_listed) {
        nothing_to_draw(page, f->ranges_missing != NULL ? f->ranges_missing : "the list of unreadable ranges is not at hand");
        return;
    }
    if (f->ranges_disagree || !exh_map_bounds(f, &low, &high)) {
        nothing_to_draw(page, "the record contradicts itself about the ranges or the size");
        return;
    }
    struct span all = span_of(low, (uint64_t)(high - low), (uint64_t)COLUMNS * ROWS);
    fill(f, &all, cells);
    grid(page, f, number, &all, cells);
    if (all.per_cell > 1 && f->range_items > 0)
        strips(page, f, number, low, high);
}
