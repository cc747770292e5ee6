/* speed_svg.c - the read-speed plot. See speed_svg.h.
 *
 * A weak but readable area is a finding, too: a part read at less than a quarter of the median speed is marked as slow, in a row of its own with its
 * name beside it, so that nothing is said by shade alone. A part without a reading time is left blank, never drawn as zero. The rows of marks are
 * gathered by column, worst first, so that the figure stays small whatever the record lists and a single sector still has its mark. */
#include "report/pages/speed_svg.h"

#include "formats/model/text.h"
#include "report/pages/map_svg.h"

#define LEFT 100u
#define WIDTH 640u /* one column of marks is one unit */
#define TOP 8u
#define HEIGHT 140u
#define MARKS_BELOW 5u /* the axis, clear of its lowest number */
#define ROW 10u
#define SLOW_PART 4 /* slow is less than this part of the median */

struct plot {
    const struct exh_facts *f;
    const struct exh_fact_speed_cell *cells;
    size_t count;
    uint64_t sector_size;
    int64_t low, high;
    double top; /* MB/s at the upper edge */
    double median, slowest, fastest;
    size_t slowest_at, slow_count;
};

/* Bytes a microsecond are megabytes a second. */
static double speed_of(const struct plot *p, size_t i)
{
    return (double)p->cells[i].sectors * (double)p->sector_size / (double)p->cells[i].microseconds;
}

static double x_of(const struct plot *p, int64_t lba)
{
    double x = (double)(lba - p->low) / (double)(p->high - p->low);
    return LEFT + WIDTH * (x < 0 ? 0 : x > 1 ? 1 : x);
}

static double y_of(const struct plot *p, double speed) { return TOP + HEIGHT * (1 - speed / p->top); }

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* --- what there is to draw --- */

static void measure(struct plot *p)
{
    double sorted[EXH_SPEED_CELLS_MAX];
    for (size_t i = 0; i < p->count; i++) {
        sorted[i] = speed_of(p, i);
        if (sorted[i] < speed_of(p, p->slowest_at))
            p->slowest_at = i;
    }
    qsort(sorted, p->count, sizeof sorted[0], by_size);
    p->median = sorted[p->count / 2];
    p->slowest = sorted[0];
    p->fastest = sorted[p->count - 1];
    while (p->slow_count < p->count && sorted[p->slow_count] * SLOW_PART < p->median)
        p->slow_count++;
}

/* The sectors of the plot are those of the copy; of a run that published nothing, those it has times for. */
static bool find_bounds(struct plot *p)
{
    const struct exh_fact_speed_cell *last = &p->cells[p->count - 1];
    if (p->f->outcome == EXH_ENDED_DONE && exh_map_bounds(p->f, &p->low, &p->high))
        return true;
    p->low = p->cells[0].lba < 0 ? p->cells[0].lba : 0;
    p->high = last->lba + (int64_t)last->span;
    return p->high > p->low;
}

static uint64_t sector_size(const struct exh_facts *f)
{
    uint64_t size = 0;
    const char *of_source = exh_facts_row(&f->source, "sector_size");
    if (f->sector_size.known)
        return f->sector_size.value;
    return of_source != NULL && exh_text_u64(of_source, &size) ? size : 0;
}

/* NULL: *p is ready to be drawn. Otherwise why not. */
static const char *prepare(struct plot *p)
{
    if (p->f->speed.count == 0)
        return p->f->speed.told ? "the record holds no reading times" : "no reading times are on record";
    if (p->count > EXH_SPEED_CELLS_MAX)
        return "the record holds more reading times than a plot can show";
    p->sector_size = sector_size(p->f);
    if (p->sector_size == 0)
        return "the size of a sector is not recorded";
    if (!find_bounds(p))
        return "the record contradicts itself about the size";
    measure(p);
    return NULL;
}

/* --- marks --- */

/* The columns a range lies in; at least one. */
static void mark(const struct plot *p, bool columns[WIDTH], int64_t lba, uint64_t count)
{
    if (!exh_facts_believable(lba, count) || lba >= p->high || lba + (int64_t)count <= p->low)
        return;
    size_t first = (size_t)(x_of(p, lba) - LEFT), last = (size_t)(x_of(p, lba + (int64_t)count - 1) - LEFT);
    first = first < WIDTH ? first : WIDTH - 1;
    for (size_t i = first; i <= last && i < WIDTH; i++)
        columns[i] = true;
}

static void draw_marks(struct exh_markup *page, const bool columns[WIDTH], unsigned y, const char *name, const char *fill)
{
    exh_markup_format(page, "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">%s</text><path d=\"M%u %uH%u\" stroke=\"#bbb\" stroke-width=\".6\"/>",
                      LEFT - 8, y + 7, name, LEFT, y + ROW, LEFT + WIDTH);
    for (size_t i = 0; i < WIDTH;) {
        size_t j = i;
        while (j < WIDTH && columns[j] == columns[i])
            j++;
        if (columns[i]) /* half a unit wider: one column must still be seen */
            exh_markup_format(page, "<rect x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%u\" fill=\"%s\"/>", (double)LEFT + (double)i - .25, y + 1,
                              (double)(j - i) + .5, ROW - 2, fill);
        i = j;
    }
}

struct row {
    const char *name, *fill;
    bool columns[WIDTH];
};
enum { UNREADABLE, FAILED, SLOW, ROWS };

static void find_marks(const struct plot *p, struct row rows[ROWS])
{
    for (size_t i = 0; !p->f->ranges_disagree && i < p->f->range_items; i++)
        mark(p, rows[UNREADABLE].columns, p->f->ranges[i].lba, p->f->ranges[i].count);
    for (size_t i = 0; i < p->f->fault_items && i < EXH_MAP_MARKS_MAX; i++)
        mark(p, rows[FAILED].columns, p->f->faults[i].lba, p->f->faults[i].count);
    for (size_t i = 0; i < p->f->troubles.count && i < EXH_MAP_MARKS_MAX; i++)
        mark(p, rows[FAILED].columns, p->f->troubles.items[i].lba, p->f->troubles.items[i].count);
    for (size_t i = 0; i < p->count; i++)
        if (speed_of(p, i) * SLOW_PART < p->median)
            mark(p, rows[SLOW].columns, p->cells[i].lba, p->cells[i].span);
}

/* The rows that have anything to show, below one another from y; returns the y below them. With page NULL nothing is drawn. */
static unsigned draw_rows(struct exh_markup *page, const struct row rows[ROWS], unsigned y)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (memchr(rows[i].columns, true, sizeof rows[i].columns) == NULL)
            continue;
        if (page != NULL)
            draw_marks(page, rows[i].columns, y, rows[i].name, rows[i].fill);
        y += ROW;
    }
    return y;
}

/* --- axes and curve --- */

/* Round speeds at the left, each with its line: the least of 1, 2 or 5 times a power of ten that makes at most five. */
static void speed_axis(struct exh_markup *page, struct plot *p)
{
    static const double factors[] = {2, 2.5, 2}; /* from 1 to 2, to 5, to 10 */
    double step = 1e-6;
    for (size_t i = 0; step * 5 < p->fastest; i++)
        step *= factors[i % 3];
    unsigned lines = (unsigned)(p->fastest / step);
    lines += lines * step < p->fastest;
    p->top = lines * step;
    for (unsigned i = 0; i <= lines; i++) {
        double y = y_of(p, i * step);
        exh_markup_format(page,
                          "<path d=\"M%u %.1fH%u\" stroke=\"%s\" stroke-width=\".6\"/><text x=\"%u\" y=\"%.1f\" text-anchor=\"end\">%.6g%s</text>",
                          LEFT, y, LEFT + WIDTH, i == 0 ? "#111" : "#ccc", LEFT - 8, y + 3, i * step, i == lines ? " MB/s" : "");
    }
}

static void position_axis(struct exh_markup *page, const struct plot *p, unsigned y)
{
    int64_t step = (int64_t)exh_map_step((uint64_t)(p->high - p->low), 6), tick = p->low / step * step;
    for (tick += tick < p->low ? step : 0; tick <= p->high; tick += step) {
        double x = x_of(p, tick);
        exh_markup_format(page,
                          "<path d=\"M%.1f %uv4\" stroke=\"#111\" stroke-width=\".8\"/><text x=\"%.1f\" y=\"%u\" text-anchor=\"%s\">%s%s</text>", x,
                          y, x, y + 13, x > LEFT + WIDTH - 40 ? "end" : "middle", tick < 0 ? "-" : "",
                          exh_facts_figure(tick < 0 ? (uint64_t)0 - (uint64_t)tick : (uint64_t)tick).text);
    }
    exh_markup_format(page, "<text x=\"%u\" y=\"%u\" text-anchor=\"end\">LBA</text>", LEFT - 8, y + 13);
}

/* One closed area for each run of cells that touch; a gap stays blank. */
static void curve(struct exh_markup *page, const struct plot *p)
{
    unsigned bottom = TOP + HEIGHT;
    exh_markup_put(page, "<path d=\"");
    for (size_t i = 0; i < p->count;) {
        exh_markup_format(page, "M%.1f %u", x_of(p, p->cells[i].lba), bottom);
        double end;
        do {
            double x = x_of(p, p->cells[i].lba);
            end = x_of(p, p->cells[i].lba + (int64_t)p->cells[i].span);
            end = end < x + .5 ? x + .5 : end; /* a short part still shows */
            exh_markup_format(page, "V%.1fH%.1f", y_of(p, speed_of(p, i)), end);
            i++;
        } while (i < p->count && p->cells[i].lba == p->cells[i - 1].lba + (int64_t)p->cells[i - 1].span);
        exh_markup_format(page, "V%uZ", bottom);
    }
    exh_markup_put(page, "\" fill=\"#d9d9d9\" stroke=\"#333\" stroke-width=\".7\" stroke-linejoin=\"round\"/>");
}

/* --- words --- */

static void rate(struct exh_markup *page, double speed)
{
    if (speed < .001)
        exh_markup_put(page, "under 0.001 MB/s");
    else
        exh_markup_format(page, speed < .1 ? "%.3f MB/s" : "%.1f MB/s", speed);
}

static void summary(struct exh_markup *page, const struct plot *p)
{
    const struct exh_fact_speed_cell *slowest = &p->cells[p->slowest_at];
    exh_markup_put(page, "Median ");
    rate(page, p->median);
    exh_markup_put(page, ", fastest ");
    rate(page, p->fastest);
    exh_markup_put(page, ", slowest ");
    rate(page, p->slowest);
    exh_markup_format(page, " (from LBA %s%s", slowest->lba < 0 ? "-" : "",
                      exh_facts_figure(slowest->lba < 0 ? (uint64_t)0 - (uint64_t)slowest->lba : (uint64_t)slowest->lba).text);
    exh_markup_format(page, ", %s sectors). ", exh_facts_figure(slowest->span).text);
    exh_markup_format(page, "%s of %s parts slow: read at less than a quarter of the median.", exh_facts_figure(p->slow_count).text,
                      exh_facts_figure(p->count).text);
}

void exh_speed_svg(struct exh_markup *page, const struct exh_facts *f, size_t number)
{
    struct plot p = {.f = f, .cells = f->speed.items, .count = f->speed.count};
    const char *why = prepare(&p);
    if (why != NULL) {
        exh_markup_format(page, "<p>No plot of the read speed is drawn: %s.</p>\n", why);
        return;
    }
    struct row rows[ROWS] = {{.name = "unreadable", .fill = "#000"}, {.name = "failed reads", .fill = "#444"}, {.name = "slow", .fill = "#777"}};
    find_marks(&p, rows);
    unsigned axis = draw_rows(NULL, rows, TOP + HEIGHT + MARKS_BELOW);
    exh_markup_format(
        page,
        "<figure><svg role=\"img\" aria-labelledby=\"s%zut s%zud\" viewBox=\"0 0 %u %u\" class=\"map\"><title id=\"s%zut\">Read speed over "
        "the medium</title><desc id=\"s%zud\">",
        number, number, LEFT + WIDTH + 2, axis + 18, number, number);
    summary(page, &p);
    exh_markup_put(page, "</desc>");
    speed_axis(page, &p);
    curve(page, &p);
    (void)draw_rows(page, rows, TOP + HEIGHT + MARKS_BELOW);
    position_axis(page, &p, axis);
    exh_markup_put(page, "</svg><figcaption>Read speed (1 MB is 1,000,000 bytes) over the position on the medium. ");
    summary(page, &p);
    exh_markup_put(page, " A part left blank has no reading time on record.</figcaption></figure>\n");
}
