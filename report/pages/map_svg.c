/* map_svg.c - the map of unreadable sectors. See map_svg.h.
 *
 * States are told apart by letter and hatch, never by colour alone (WCAG 2.1, 1.4.1), and stay apart in black-and-white print. Runs of
 * equal cells are one rectangle filled with a pattern of cells: a map of two thousand cells is a few kilobytes. Every figure has a name
 * and a description for those who cannot see it, and the paragraph below it says the same in numbers. */
#include "report/pages/map_svg.h"

#define COLUMNS 64u
#define ROWS 31u /* 64 x 31 = 1,984 cells */
#define CELL 10u
#define GUTTER 92u /* for the sector number at the start of each row */
#define STRIP_CELLS 64u
#define STRIPS_MAX 8u
#define CLUSTER_GAP 24 /* ranges closer than this are one cluster */
#define STRIP_EDGE 6   /* sectors shown on either side of a cluster */

enum cell { CELL_OUTSIDE, CELL_READ, CELL_UNREADABLE };

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

static bool overlaps(int64_t from, int64_t to, int64_t lba, uint64_t count)
{
    return count <= INT64_MAX && lba < to && (lba >= from || lba > from - (int64_t)count);
}

static bool in_scope(const struct exh_facts *f, int64_t from, int64_t to)
{
    for (size_t i = 0; i < f->track_count; i++)
        if (overlaps(from, to, f->tracks[i].first_lba, f->tracks[i].sectors))
            return true;
    return f->track_count == 0;
}

/* Ranges are in order (checked when they were read), so one walk serves all cells. */
static void fill(const struct exh_facts *f, const struct span *s, uint8_t *cells)
{
    size_t range = 0;
    for (uint64_t i = 0; i < s->cells; i++) {
        int64_t from = s->from + (int64_t)(i * s->per_cell), to = from + (int64_t)s->per_cell;
        while (range < f->range_items && f->ranges[range].lba + (int64_t)f->ranges[range].count <= from)
            range++;
        if (range < f->range_items && overlaps(from, to, f->ranges[range].lba, f->ranges[range].count))
            cells[i] = CELL_UNREADABLE;
        else
            cells[i] = in_scope(f, from, to) ? CELL_READ : CELL_OUTSIDE;
    }
}

/* One tile per state, repeated over each run of cells. Ids carry the item's number and the figure's letter. */
static void patterns(struct exh_markup *page, size_t number)
{
    exh_markup_format(page,
                      "<defs><pattern id=\"m%zu-1\" width=\"10\" height=\"10\" patternUnits=\"userSpaceOnUse\">"
                      "<rect width=\"10\" height=\"10\" fill=\"#fff\"/><path d=\"M0 .5H10M.5 0V10\" stroke=\"#bbb\"/>"
                      "<circle cx=\"5.5\" cy=\"5.5\" r=\".9\" fill=\"#777\"/></pattern>",
                      number);
    exh_markup_format(page,
                      "<pattern id=\"m%zu-2\" width=\"10\" height=\"10\" patternUnits=\"userSpaceOnUse\">"
                      "<rect width=\"10\" height=\"10\" fill=\"#111\"/><path d=\"M0 .5H10M.5 0V10\" stroke=\"#fff\"/>"
                      "<path d=\"M3.2 2.6V6.2A2.3 2.3 0 0 0 7.8 6.2V2.6\" stroke=\"#fff\" stroke-width=\"1.3\" fill=\"none\"/></pattern>",
                      number);
    exh_markup_format(page,
                      "<pattern id=\"m%zu-0\" width=\"10\" height=\"10\" patternUnits=\"userSpaceOnUse\">"
                      "<rect width=\"10\" height=\"10\" fill=\"#e4e4e4\"/><path d=\"M0 10L10 0\" stroke=\"#999\"/></pattern></defs>",
                      number);
}

static void run(struct exh_markup *page, size_t number, uint64_t column, uint64_t row_y, uint64_t length, uint8_t state)
{
    exh_markup_format(page, "<rect x=\"%llu\" y=\"%llu\" width=\"%llu\" height=\"%u\" fill=\"url(#m%zu-%u)\"/>",
                      (unsigned long long)(GUTTER + 8 + column * CELL), (unsigned long long)row_y, (unsigned long long)(length * CELL), CELL, number,
                      (unsigned)state);
}

static void label(struct exh_markup *page, uint64_t y, int64_t lba)
{
    exh_markup_format(page, "<text x=\"%u\" y=\"%llu\" text-anchor=\"end\">%s%s</text>", GUTTER, (unsigned long long)(y + 8), lba < 0 ? "-" : "",
                      exh_facts_figure(lba < 0 ? (uint64_t)0 - (uint64_t)lba : (uint64_t)lba).text);
}

/* One row of cells from `first`, drawn at y. */
static void row(struct exh_markup *page, size_t number, const struct span *s, const uint8_t *cells, uint64_t first, uint64_t columns, uint64_t y)
{
    uint64_t end = first + columns < s->cells ? first + columns : s->cells;
    label(page, y, s->from + (int64_t)(first * s->per_cell));
    for (uint64_t i = first; i < end;) {
        uint64_t j = i;
        while (j < end && cells[j] == cells[i])
            j++;
        run(page, number, i - first, y, j - i, cells[i]);
        i = j;
    }
}

static void open_svg(struct exh_markup *page, size_t number, char figure, uint64_t height)
{
    exh_markup_format(page, "<svg role=\"img\" aria-labelledby=\"m%zu%ct m%zu%cd\" viewBox=\"0 0 %u %llu\" class=\"map\">", number, figure, number,
                      figure, GUTTER + 10 + COLUMNS * CELL, (unsigned long long)height);
}

static void plural(struct exh_markup *page, uint64_t n, const char *noun)
{
    exh_markup_format(page, "%s %s%s", exh_facts_figure(n).text, noun, n == 1 ? "" : "s");
}

static uint64_t count_state(const uint8_t *cells, uint64_t count, uint8_t state)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < count; i++)
        n += cells[i] == state;
    return n;
}

static void summary(struct exh_markup *page, const struct exh_facts *f, const struct span *s, const uint8_t *cells)
{
    exh_markup_put(page, "Each cell stands for ");
    plural(page, s->per_cell, "sector");
    exh_markup_put(page, "; the worst state in a cell is the one shown. ");
    plural(page, count_state(cells, s->cells, CELL_UNREADABLE), "cell");
    exh_markup_format(page, " of %s hold unreadable sectors: ", exh_facts_figure(s->cells).text);
    plural(page, f->unreadable_sectors.value, "sector");
    exh_markup_put(page, " in ");
    plural(page, f->range_items, "range");
    exh_markup_put(page, ".");
}

static void legend(struct exh_markup *page, size_t number, bool outside)
{
    static const char *const words[] = {"/ not part of the copy", "\xc2\xb7 every sector read",
                                        "U at least one sector unreadable, filled with zeros"};
    exh_markup_put(page, "<ul class=\"legend\">");
    for (unsigned i = 0; i < 3; i++) {
        unsigned state = (i + CELL_READ) % 3; /* what was read first, what is no part of the copy last */
        if (state == CELL_OUTSIDE && !outside)
            continue;
        exh_markup_format(page,
                          "<li><svg aria-hidden=\"true\" viewBox=\"0 0 11 11\" width=\"14\" height=\"14\"><rect width=\"11\" height=\"11\" "
                          "fill=\"url(#m%zu-%u)\"/></svg> %s</li>",
                          number, state, words[state]);
    }
    exh_markup_put(page, "</ul>");
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
        row(page, number, s, cells, r * COLUMNS, COLUMNS, r * CELL);
    exh_markup_put(page, "</svg>");
    legend(page, number, count_state(cells, s->cells, CELL_OUTSIDE) > 0);
    exh_markup_put(page, "<figcaption>Numbers at the left are the first sector (LBA) of the row. ");
    summary(page, f, s, cells);
    exh_markup_put(page, "</figcaption></figure>");
}

/* Ranges from *at on that lie close together; *at moves behind them. */
static struct span next_cluster(const struct exh_facts *f, size_t *at, int64_t low, int64_t high)
{
    int64_t from = f->ranges[*at].lba, to = from + (int64_t)f->ranges[*at].count;
    for (++*at; *at < f->range_items && f->ranges[*at].lba - to <= CLUSTER_GAP; ++*at)
        to = f->ranges[*at].lba + (int64_t)f->ranges[*at].count;
    from = from - low > STRIP_EDGE ? from - STRIP_EDGE : low;
    to = high - to > STRIP_EDGE ? to + STRIP_EDGE : high;
    return span_of(from, to > from ? (uint64_t)(to - from) : 1, STRIP_CELLS);
}

static void strips(struct exh_markup *page, const struct exh_facts *f, size_t number, int64_t low, int64_t high)
{
    struct span shown[STRIPS_MAX];
    uint8_t cells[STRIP_CELLS + 1];
    size_t count = 0, clusters = 0;
    for (size_t at = 0; at < f->range_items; clusters++) {
        struct span s = next_cluster(f, &at, low, high);
        if (count < STRIPS_MAX)
            shown[count++] = s;
    }
    exh_markup_put(page, "<figure>");
    open_svg(page, number, 'b', count * 2 * CELL);
    exh_markup_format(
        page,
        "<title id=\"m%zubt\">The first clusters of unreadable sectors, enlarged</title><desc id=\"m%zubd\">One row for each of %zu clusters of %zu; "
        "the list of ranges has the same in numbers.</desc>",
        number, number, count, clusters);
    for (size_t i = 0; i < count; i++) {
        fill(f, &shown[i], cells);
        row(page, number, &shown[i], cells, 0, STRIP_CELLS, i * 2 * CELL);
    }
    exh_markup_put(page, "</svg><figcaption>The first ");
    plural(page, count, "cluster");
    exh_markup_format(page, " of %zu, enlarged, each from the sector named at its left. Sectors in a cell, row by row: ", clusters);
    for (size_t i = 0; i < count; i++)
        exh_markup_format(page, "%s%s", i == 0 ? "" : ", ", exh_facts_figure(shown[i].per_cell).text);
    exh_markup_put(page, ".</figcaption></figure>");
}

/* The addresses the copy spans: from the first sector of the lowest track to the end of the highest. False: not known, or not believable. */
static bool bounds(const struct exh_facts *f, int64_t *low, int64_t *high)
{
    *low = 0;
    *high = f->sectors.known && f->sectors.value <= INT64_MAX ? (int64_t)f->sectors.value : 0;
    for (size_t i = 0; i < f->track_count; i++) {
        const struct exh_fact_track *track = &f->tracks[i];
        if (track->first_lba < -(1 << 30) || track->sectors > INT64_MAX / 4 || track->first_lba > INT64_MAX / 4)
            return false;
        int64_t end = track->first_lba + (int64_t)track->sectors;
        *low = i == 0 || track->first_lba < *low ? track->first_lba : *low;
        *high = i == 0 || end > *high ? end : *high;
    }
    return *high > *low && *high <= INT64_MAX / 4;
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
    if (f->ranges_disagree || !bounds(f, &low, &high)) {
        nothing_to_draw(page, "the record contradicts itself about the ranges or the size");
        return;
    }
    struct span all = span_of(low, (uint64_t)(high - low), (uint64_t)COLUMNS * ROWS);
    fill(f, &all, cells);
    grid(page, f, number, &all, cells);
    if (all.per_cell > 1 && f->range_items > 0)
        strips(page, f, number, low, high);
}
