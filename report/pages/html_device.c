/* html_device.c - what the device said of itself when it was asked: sectors it has and does not show, and its health before and after.
 *
 * Both are the device's word, passed on as it is. "Not checked" is not "none", and an attribute that changed is marked in words. What no record
 * speaks of is said to be not recorded in the table of the source, above. */
#include "report/pages/html_sections.h"

/* --- hidden areas --- */

static void hidden_row(struct exh_html_page *p, const char *name, const struct exh_fact_hidden *area)
{
    static const char *const words[] = {[EXH_FACT_HIDDEN_NOT_CHECKED] = "not checked",
                                        [EXH_FACT_HIDDEN_NONE] = "none",
                                        [EXH_FACT_HIDDEN_FOUND] = "<strong>found</strong>, not opened"};
    exh_markup_format(&p->out, "<tr><th scope=\"row\">%s</th><td>", name);
    if (area->state == EXH_FACT_HIDDEN_UNKNOWN)
        exh_html_unknown(p);
    else
        exh_html_put(p, words[area->state]);
    exh_html_put(p, "</td><td class=\"n\">");
    if (area->state == EXH_FACT_HIDDEN_FOUND || area->sectors.known)
        exh_html_number_or_unknown(p, area->sectors);
    exh_html_put(p, "</td><td class=\"words\">");
    exh_html_text(p, area->why);
    exh_html_put(p, "</td></tr>\n");
}

static void hidden_areas(struct exh_html_page *p)
{
    static const char *const names[] = {[EXH_FACT_HPA] = "Host protected area (HPA)",
                                        [EXH_FACT_DCO] = "Device configuration overlay (DCO)",
                                        [EXH_FACT_AMA] = "Accessible max address (AMA)"};
    if (!p->f->hidden_told)
        return;
    exh_html_heading(p, 1, "Hidden areas", NULL);
    exh_html_put(
        p, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Area</th><th scope=\"col\">Outcome</th><th scope=\"col\" class=\"n\">Sectors</th>"
           "<th scope=\"col\">Remark</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < EXH_FACT_HIDDEN_KINDS; i++)
        hidden_row(p, names[i], &p->f->hidden[i]);
    exh_html_put(p, "</tbody></table></div>\n");
}

/* --- health --- */

static void health_state(struct exh_html_page *p, const char *label, const struct exh_fact_health *health)
{
    exh_html_open_row(p, label);
    if (exh_html_is(health->state, "failing"))
        exh_html_put(p, "<strong>FAILING</strong>, as the drive itself says");
    else if (exh_html_is(health->state, "passed"))
        exh_html_put(p, "passed, as the drive itself says");
    else if (exh_html_is(health->state, "not-available"))
        exh_html_put(p, "not available");
    else
        exh_html_unknown(p);
    if (health->why != NULL) {
        exh_html_put(p, ": ");
        exh_html_text(p, health->why);
    }
    exh_html_close_row(p);
}

static bool same_name(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

static const struct exh_fact_attribute *find(const struct exh_fact_health *in, const struct exh_fact_attribute *wanted)
{
    for (size_t i = 0; i < in->count; i++)
        if (in->attributes[i].id.known == wanted->id.known && in->attributes[i].id.value == wanted->id.value &&
            same_name(in->attributes[i].name, wanted->name))
            return &in->attributes[i];
    return NULL;
}

/* 0 is "not told by the drive": SCSI counters have only a raw value. */
static void figure_or_dash(struct exh_html_page *p, struct exh_number number)
{
    if (number.known && number.value > 0)
        exh_html_figure(p, number.value);
    else
        exh_html_put(p, number.known ? "-" : "?");
}

static void value_cell(struct exh_html_page *p, const struct exh_fact_attribute *attribute)
{
    exh_html_put(p, "<td class=\"n\">");
    if (attribute != NULL) {
        figure_or_dash(p, attribute->value);
        exh_html_put(p, " / ");
        figure_or_dash(p, attribute->worst);
    }
    exh_html_put(p, "</td>");
}

static void raw_cell(struct exh_html_page *p, const struct exh_fact_attribute *attribute)
{
    exh_html_put(p, "<td class=\"n\">");
    if (attribute != NULL)
        exh_html_number_or_unknown(p, attribute->raw);
    exh_html_put(p, "</td>");
}

static bool differs(struct exh_number a, struct exh_number b) { return a.known != b.known || a.value != b.value; }

/* What came of the attribute between the two askings. */
static void change(struct exh_html_page *p, const struct exh_fact_attribute *before, const struct exh_fact_attribute *after)
{
    bool raw = before != NULL && after != NULL && differs(before->raw, after->raw);
    if (before == NULL || after == NULL) {
        exh_html_put(p, before == NULL ? "only after" : "only before");
    } else if (raw && before->raw.known && after->raw.known) {
        exh_html_put(p, after->raw.value > before->raw.value ? "<strong>changed</strong> by +" : "<strong>changed</strong> by -");
        exh_html_figure(p, after->raw.value > before->raw.value ? after->raw.value - before->raw.value : before->raw.value - after->raw.value);
    } else if (raw || differs(before->value, after->value) || differs(before->worst, after->worst)) {
        exh_html_put(p, "<strong>changed</strong>");
    }
    const struct exh_fact_attribute *last = after != NULL ? after : before;
    if (last->threshold.known && last->threshold.value > 0 && last->value.known && last->value.value > 0 &&
        last->value.value <= last->threshold.value)
        exh_html_put(p, "; value not above the threshold");
}

static void attribute_row(struct exh_html_page *p, const struct exh_fact_attribute *before, const struct exh_fact_attribute *after)
{
    const struct exh_fact_attribute *either = after != NULL ? after : before;
    exh_html_put(p, "<tr><td class=\"n\">");
    figure_or_dash(p, either->id);
    exh_html_put(p, "</td><td class=\"name\">");
    exh_html_text_or_unknown(p, either->name);
    exh_html_put(p, "</td>");
    value_cell(p, before);
    value_cell(p, after);
    exh_html_put(p, "<td class=\"n\">");
    figure_or_dash(p, either->threshold);
    exh_html_put(p, "</td>");
    raw_cell(p, before);
    raw_cell(p, after);
    exh_html_put(p, "<td>");
    change(p, before, after);
    exh_html_put(p, "</td></tr>\n");
}

static void attributes(struct exh_html_page *p, const struct exh_fact_health *before, const struct exh_fact_health *after)
{
    if (before->count + after->count == 0) {
        exh_html_malformed(p, before->malformed + after->malformed, "Of the attributes");
        return;
    }
    exh_html_put(p,
                 "<div class=\"wide\"><table class=\"dense\"><caption>Attributes before and after; value and worst are the drive's own scale, on "
                 "which less is worse. "
                 "- is not told by the drive.</caption><thead><tr>"
                 "<th scope=\"col\" class=\"n\">Id</th><th scope=\"col\">Attribute</th><th scope=\"col\" class=\"n\">Value / worst before</th>"
                 "<th scope=\"col\" class=\"n\">after</th><th scope=\"col\" class=\"n\">Threshold</th><th scope=\"col\" class=\"n\">Raw before</th>"
                 "<th scope=\"col\" class=\"n\">after</th><th scope=\"col\">Change</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < before->count; i++)
        attribute_row(p, &before->attributes[i], find(after, &before->attributes[i]));
    for (size_t i = 0; i < after->count; i++)
        if (find(before, &after->attributes[i]) == NULL)
            attribute_row(p, NULL, &after->attributes[i]);
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_malformed(p, before->malformed + after->malformed, "Of the attributes");
}

static void health(struct exh_html_page *p)
{
    const struct exh_fact_health *before = &p->f->health_before, *after = &p->f->health_after;
    if (!p->f->health_told)
        return;
    exh_html_heading(p, 1, "Health of the device, before and after", NULL);
    exh_html_put(p, "<div class=\"wide\"><table><tbody>\n");
    health_state(p, "Before the copy was made", before);
    health_state(p, "After it", after);
    exh_html_put(p, "</tbody></table></div>\n");
    attributes(p, before, after);
}

void exh_html_device(struct exh_html_page *p)
{
    hidden_areas(p);
    health(p);
}
