/* html_page.c - the small words of the report page: figures, digests, moments, headings, tables. See html_page.h.
 *
 * They keep the promises that hold on every line of the page: a recorded text is escaped, a fact without a record is said to have none, a
 * digest breaks only between its groups, and a time is UTC (ISO 8601) with the local time beside it where the record holds the offset. */
#include "report/pages/html_page.h"

#include "formats/evidence/ewf_text.h"
#include "formats/model/text.h"
#include "report/pages/sentences.h"

#define ACROSS 100u /* a value longer than this goes over both columns */

void exh_html_put(struct exh_html_page *p, const char *markup) { exh_markup_put(&p->out, markup); }
void exh_html_text(struct exh_html_page *p, const char *recorded) { exh_markup_text(&p->out, recorded); }
bool exh_html_is(const char *value, const char *word) { return value != NULL && strcmp(value, word) == 0; }
void exh_html_figure(struct exh_html_page *p, uint64_t value) { exh_html_put(p, exh_facts_figure(value).text); }

void exh_html_signed_figure(struct exh_html_page *p, int64_t value)
{
    if (value < 0)
        exh_html_put(p, "-");
    exh_html_figure(p, value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value);
}

void exh_html_counted(struct exh_html_page *p, uint64_t value, const char *noun)
{
    exh_html_figure(p, value);
    exh_markup_format(&p->out, " %s%s", noun, value == 1 ? "" : "s");
}

void exh_html_unknown(struct exh_html_page *p) { exh_html_put(p, "<span class=\"unknown\">not recorded</span>"); }

void exh_html_text_or_unknown(struct exh_html_page *p, const char *recorded)
{
    if (recorded != NULL)
        exh_html_text(p, recorded);
    else
        exh_html_unknown(p);
}

void exh_html_number_or_unknown(struct exh_html_page *p, struct exh_number number)
{
    if (number.known)
        exh_html_figure(p, number.value);
    else
        exh_html_unknown(p);
}

void exh_html_owned_text(struct exh_html_page *p, char *recorded)
{
    if (recorded == NULL)
        p->out.failed = p->out.failed == EXH_OK ? EXH_NOMEM : p->out.failed;
    exh_html_text(p, recorded);
    free(recorded);
}

/* A digest in groups of eight, each kept whole: a line, or a printed page, breaks only between them. The gaps are the style's, not characters:
 * what is copied from the page is the digest as other tools want it. */
void exh_html_hash(struct exh_html_page *p, const char *hex)
{
    exh_html_put(p, "<code class=\"hash\">");
    for (size_t i = 0, length = strlen(hex); i < length; i += 8)
        exh_markup_format(&p->out, "%s<span>%.8s</span>", i == 0 ? "" : "<wbr>", hex + i); /* hex was checked to be hex */
    exh_html_put(p, "</code>");
}

void exh_html_heading(struct exh_html_page *p, int below, const char *title, const char *class_name)
{
    int level = p->level + below;
    exh_markup_format(&p->out, "<h%d%s%s%s>%s</h%d>\n", level, class_name != NULL ? " class=\"" : "", class_name != NULL ? class_name : "",
                      class_name != NULL ? "\"" : "", title, level);
}

/* --- time --- */

/* "+02:00" or "+0200" anywhere in the name of a zone, in minutes. */
static bool zone_offset(const char *zone, int *minutes)
{
    for (const char *s = zone; s != NULL && *s != '\0'; s++) {
        if (*s != '+' && *s != '-')
            continue;
        size_t colon = strspn(s + 1, "0123456789") == 2 && s[3] == ':';
        if (strspn(s + 1, "0123456789") < 2 || strspn(s + 3 + colon, "0123456789") < 2)
            continue;
        int hours = (s[1] - '0') * 10 + (s[2] - '0'), rest = (s[3 + colon] - '0') * 10 + (s[4 + colon] - '0');
        *minutes = (hours * 60 + rest) * (*s == '-' ? -1 : 1);
        return hours <= 14 && rest < 60;
    }
    return false;
}

/* "2026-11-22T07:00:00Z" moved by minutes; false when it is not of that form. */
static bool local_time(const char *utc, int minutes, char *out, size_t room)
{
    struct tm parts = {0};
    const char *end = utc == NULL ? NULL : strptime(utc, "%Y-%m-%dT%H:%M:%S", &parts);
    if (end == NULL || strcmp(end, "Z") != 0 || parts.tm_year < -1900 || parts.tm_year > 8099)
        return false;
    time_t moved = timegm(&parts) + minutes * 60;
    struct tm local;
    char stamp[64];
    if (gmtime_r(&moved, &local) == NULL || strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local) == 0)
        return false;
    int size = minutes < 0 ? -minutes : minutes;
    snprintf(out, room, "%s %c%02d:%02d", stamp, minutes < 0 ? '-' : '+', size / 60, size % 60);
    return true;
}

/* UTC, and beside it the local time where the record holds an offset that makes it another. */
void exh_html_moment(struct exh_html_page *p, const char *utc)
{
    char stamp[96];
    int minutes = 0;
    if (utc == NULL) {
        exh_html_unknown(p);
        return;
    }
    if (local_time(utc, 0, stamp, sizeof stamp))
        exh_markup_format(&p->out, "<span class=\"whole\">%.19s UTC</span>", stamp);
    else
        exh_html_text(p, utc);
    if (zone_offset(p->f->time_zone, &minutes) && minutes != 0 && local_time(utc, minutes, stamp, sizeof stamp))
        exh_markup_format(&p->out, " <span class=\"whole\">(%s local)</span>", stamp);
}

void exh_html_milliseconds(struct exh_html_page *p, struct exh_number milliseconds)
{
    uint64_t ms = milliseconds.value, s = ms / 1000;
    if (!milliseconds.known)
        exh_html_unknown(p);
    else if (ms < 1000)
        exh_markup_format(&p->out, "%u ms", (unsigned)ms);
    else if (s < 60)
        exh_markup_format(&p->out, "%u.%u s", (unsigned)s, (unsigned)(ms / 100 % 10));
    else if (s < 3600)
        exh_markup_format(&p->out, "%u min %02u s", (unsigned)(s / 60), (unsigned)(s % 60));
    else
        exh_markup_format(&p->out, "%s h %02u min %02u s", exh_facts_figure(s / 3600).text, (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

static void duration(struct exh_html_page *p, uint64_t seconds)
{
    if (seconds == 0) {
        exh_html_put(p, "less than 1 second");
        return;
    }
    exh_html_counted(p, seconds, "second");
    if (seconds >= 60)
        exh_markup_format(&p->out, " (%llu h %02u min %02u s)", (unsigned long long)(seconds / 3600), (unsigned)(seconds / 60 % 60),
                          (unsigned)(seconds % 60));
}

/* --- rows --- */

/* Keys that come with an image's or a record's own fields, whose rows have no label. */
static const char *label_of(const char *key)
{
    static const struct {
        const char *key, *label;
    } known[] = {{"generated", "Computed by this program, not read"},
                 {"ewf_program", "Program that wrote the image"},
                 {"ewf_platform", "System it ran on"},
                 {"ewf_acquired", "Acquired, by the clock of that system"},
                 {"ewf_system_date", "Date of that system"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (exh_html_is(key, known[i].key))
            return known[i].label;
    return NULL;
}

static void row_value(struct exh_html_page *p, const struct exh_row *row)
{
    uint64_t number = 0;
    char when[32];
    bool is_number = row->value != NULL && row->kind != EXH_ROW_TEXT && row->kind != EXH_ROW_TIME && exh_text_u64(row->value, &number);
    const char *words = row->label != NULL ? exh_sentence_value(row->key, row->value) : NULL;
    if (row->kind == EXH_ROW_TIME)
        exh_html_moment(p, row->value);
    else if (row->value != NULL && exh_ewf_text_time(row->key, row->value, when))
        exh_html_moment(p, when);
    else if (words != NULL && is_number)
        exh_html_put(p, words);
    else if (!is_number)
        exh_html_text_or_unknown(p, row->value);
    else if (row->kind == EXH_ROW_BYTES)
        exh_html_counted(p, number, "byte");
    else if (row->kind == EXH_ROW_SECONDS)
        duration(p, number);
    else
        exh_html_figure(p, number);
    if (words != NULL && !is_number)
        exh_markup_format(&p->out, " (%s)", words);
}

void exh_html_open_row(struct exh_html_page *p, const char *label) { exh_markup_format(&p->out, "<tr><th scope=\"row\">%s</th><td>", label); }
void exh_html_close_row(struct exh_html_page *p) { exh_html_put(p, "</td></tr>\n"); }

void exh_html_open_fact(struct exh_html_page *p, const char *label) { exh_markup_format(&p->out, "<div><dt>%s</dt><dd>", label); }
void exh_html_open_across(struct exh_html_page *p, const char *label) { exh_markup_format(&p->out, "<div class=\"across\"><dt>%s</dt><dd>", label); }
void exh_html_close_fact(struct exh_html_page *p) { exh_html_put(p, "</dd></div>\n"); }

static void row_label(struct exh_html_page *p, const struct exh_row *row)
{
    const char *label = row->label != NULL ? row->label : label_of(row->key);
    if (label != NULL) {
        exh_html_put(p, label);
    } else {
        exh_html_put(p, "As recorded: ");
        exh_html_text(p, row->key);
    }
}

/* Rows without a value, by name: half a sheet that says "not recorded" in each of its lines hides the one that would matter. */
static void unrecorded(struct exh_html_page *p, const struct exh_rows *rows)
{
    bool first = true;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->items[i].value != NULL)
            continue;
        exh_html_put(p, first ? "<p class=\"note\"><span class=\"unknown\">Not recorded:</span> " : "; ");
        row_label(p, &rows->items[i]);
        first = false;
    }
    exh_html_put(p, first ? "" : ".</p>\n");
}

void exh_html_facts(struct exh_html_page *p, const struct exh_rows *rows)
{
    bool open = false;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->items[i].value == NULL)
            continue;
        exh_html_put(p, open ? "" : "<dl class=\"facts\">\n");
        exh_html_put(p, strlen(rows->items[i].value) > ACROSS ? "<div class=\"across\"><dt>" : "<div><dt>");
        row_label(p, &rows->items[i]);
        exh_html_put(p, "</dt><dd>");
        row_value(p, &rows->items[i]);
        exh_html_close_fact(p);
        open = true;
    }
    exh_html_put(p, open ? "</dl>\n" : "");
    unrecorded(p, rows);
}

/* "N of M are shown; the rest is in report.xml." */
void exh_html_rest(struct exh_html_page *p, size_t shown, uint64_t all, const char *noun)
{
    if (shown >= all)
        return;
    exh_markup_format(&p->out, "<p class=\"note\">%s shown: ", noun);
    exh_html_figure(p, shown);
    exh_html_put(p, " of ");
    exh_html_figure(p, all);
    exh_html_put(p, ", rest in report.xml.</p>\n");
}

void exh_html_malformed(struct exh_html_page *p, size_t malformed, const char *of)
{
    if (malformed == 0)
        return;
    exh_markup_format(&p->out, "<p class=\"note\">%s the record holds ", of);
    exh_html_figure(p, malformed);
    exh_html_put(p, malformed == 1 ? " entry" : " entries");
    exh_html_put(p, " in no form known here; left out.</p>\n");
}
