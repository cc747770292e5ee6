/* html_disc.c - a disc for people: picture and table of its sessions and tracks, its texts, and what an audit of its sectors found. */
#include "report/pages/html_sections.h"

#include "formats/optical/msf.h"
#include "report/pages/disc_svg.h"

#define TEXTS_SHOWN 400u
#define AUDIT_RANGES_SHOWN 40u

static bool has_tracks(const struct exh_fact_disc *d)
{
    return d != NULL && (d->layout.track_count > 1 || d->layout.tracks[0].kind != EXH_TRACK_BLOCKS);
}

const struct exh_fact_disc *exh_html_disc_of(const struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    return has_tracks(f->disc) ? f->disc : has_tracks(f->source_disc) ? f->source_disc : NULL;
}

static void time_of(struct exh_html_page *p, int64_t frames)
{
    if (frames < 0)
        exh_html_put(p, "-");
    else
        exh_markup_format(&p->out, "<span class=\"whole\">%02lld:%02lld:%02lld</span>", (long long)(frames / 4500), (long long)(frames / 75 % 60),
                          (long long)(frames % 75));
}

static void flags(struct exh_html_page *p, unsigned control)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{EXH_CONTROL_DATA, "data"}, {EXH_CONTROL_COPY, "DCP"}, {EXH_CONTROL_PRE_EMPHASIS, "PRE"}, {EXH_CONTROL_FOUR_CHANNEL, "4CH"}};
    bool first = true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((control & words[i].bit) != 0) {
            exh_markup_format(&p->out, "%s%s", first ? "" : " ", words[i].word);
            first = false;
        }
}

static void pregap(struct exh_html_page *p, const struct exh_track *t)
{
    if (t->pregap == 0)
        return;
    time_of(p, t->pregap);
    if (t->stored_pregap == 0)
        exh_html_put(p, " not stored");
    else if (t->stored_pregap < t->pregap) {
        exh_html_put(p, ", of it stored ");
        time_of(p, t->stored_pregap);
    }
}

static void track_row(struct exh_html_page *p, const struct exh_layout *l, const struct exh_track *t)
{
    int64_t start = exh_track_start(t);
    uint64_t own = t->sectors - t->stored_pregap;
    exh_markup_format(&p->out, "<tr><td class=\"n\">%u</td><td class=\"n\">%u</td><td class=\"whole\">%s</td><td>", t->number, t->session,
                      exh_track_mode(t));
    flags(p, t->control);
    exh_html_put(p, "</td><td>");
    pregap(p, t);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_signed_figure(p, start);
    exh_html_put(p, "</td><td class=\"n\">");
    time_of(p, start < EXH_LBA_MIN ? -1 : start + EXH_LEAD_IN_FRAMES);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_figure(p, own);
    exh_html_put(p, "</td><td class=\"n\">");
    time_of(p, (int64_t)own);
    exh_markup_format(&p->out, "</td><td class=\"n\">%u", t->main_bytes);
    if (t->sub_bytes > 0)
        exh_markup_format(&p->out, " + %u", t->sub_bytes);
    exh_html_put(p, "</td><td>");
    exh_html_put(p, "<span class=\"whole\">");
    exh_html_text(p, t->isrc);
    exh_html_put(p, "</span>");
    for (size_t i = 0; l->disc != NULL && i < l->disc->index_count; i++)
        if (l->disc->indexes[i].track == t->number)
            exh_markup_format(&p->out, "<br><span class=\"note whole\">INDEX %02u at %lld</span>", l->disc->indexes[i].number,
                              (long long)l->disc->indexes[i].lba);
    exh_html_put(p, "</td></tr>\n");
}

static void track_table(struct exh_html_page *p, const struct exh_layout *l)
{
    exh_html_put(
        p, "<div class=\"wide\"><table class=\"dense\"><caption>INDEX 01 is where a track proper begins, its pregap what lies before it. LBA: the "
           "number of "
           "a sector, counted from the first of the disc. Times are minutes:seconds:frames, 75 frames (sectors) a second. Flags: DCP, digital copy "
           "permitted; PRE, pre-emphasis; 4CH, four channels. ISRC: the recording's number.</caption><thead><tr>"
           "<th scope=\"col\" class=\"n\">Track</th><th scope=\"col\" class=\"n\">Session</th>"
           "<th scope=\"col\">Mode</th><th scope=\"col\">Flags</th><th scope=\"col\">Pregap</th>"
           "<th scope=\"col\" class=\"n\">INDEX 01 (LBA)</th><th scope=\"col\" class=\"n\">INDEX 01 (time)</th>"
           "<th scope=\"col\" class=\"n\">Sectors</th><th scope=\"col\" class=\"n\">Length</th><th scope=\"col\" class=\"n\">Bytes a sector</th>"
           "<th scope=\"col\">ISRC, further indexes</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < l->track_count; i++)
        track_row(p, l, &l->tracks[i]);
    exh_html_put(p, "</tbody></table></div>\n");
}

static void known(struct exh_html_page *p, const struct exh_disc *d)
{
    exh_html_put(p, "<ul>\n");
    if (d->medium[0] != '\0') {
        exh_html_put(p, "<li>Medium: ");
        exh_html_text(p, d->medium);
        exh_html_put(p, "</li>\n");
    }
    if (d->mcn[0] != '\0') {
        exh_html_put(p, "<li>Catalogue number (MCN): <span class=\"whole\">");
        exh_html_text(p, d->mcn);
        exh_html_put(p, "</span></li>\n");
    }
    for (uint32_t i = 0; i < d->session_count; i++) {
        exh_markup_format(&p->out, "<li>Session %u: lead-out ", d->sessions[i].number);
        if (d->sessions[i].lead_out == EXH_NO_LBA) {
            exh_html_unknown(p);
        } else {
            exh_html_put(p, "at LBA ");
            exh_html_signed_figure(p, d->sessions[i].lead_out);
        }
        if (d->sessions[i].disc_type >= 0)
            exh_markup_format(&p->out, ", type of disc %02x", (unsigned)d->sessions[i].disc_type);
        exh_html_put(p, "</li>\n");
    }
    exh_html_put(p, "</ul>\n");
}

static void texts(struct exh_html_page *p, const struct exh_fact_disc *d)
{
    size_t shown = d->text_count < TEXTS_SHOWN ? d->text_count : TEXTS_SHOWN;
    if (shown == 0)
        return;
    exh_html_put(
        p, "<div class=\"wide\"><table class=\"dense\"><caption>CD-TEXT as decoded; the packs themselves are in report.xml.</caption><thead><tr>"
           "<th scope=\"col\" class=\"n\">Block</th><th scope=\"col\">Of</th><th scope=\"col\">Kind</th><th scope=\"col\">Text</th></tr></thead>"
           "<tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        exh_markup_format(&p->out, "<tr><td class=\"n\">%u</td><td>", d->texts[i].block);
        if (d->texts[i].track == 0)
            exh_html_put(p, "the disc");
        else
            exh_markup_format(&p->out, "track %u", d->texts[i].track);
        exh_html_put(p, "</td><td>");
        exh_html_text(p, d->texts[i].type);
        exh_html_put(p, "</td><td>");
        exh_html_text(p, d->texts[i].text);
        exh_html_put(p, "</td></tr>\n");
    }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, d->text_count, "Texts");
}

void exh_html_disc(struct exh_html_page *p)
{
    const struct exh_fact_disc *d = exh_html_disc_of(p);
    if (d == NULL)
        return;
    exh_html_heading(p, 1, d == p->f->disc ? "Sessions and tracks" : "Sessions and tracks of the disc it was made from", NULL);
    exh_disc_svg(&p->out, &d->layout, p->number);
    track_table(p, &d->layout);
    if (d->layout.disc != NULL)
        known(p, d->layout.disc);
    texts(p, d);
}

/* ---- the audit ---- */

static const char *words_of(const char *name)
{
    static const struct {
        const char *name, *words; /* words NULL: the sum of others */
    } table[] = {{"sectors", NULL},
                 {"crc_good", NULL},
                 {"shift", NULL},
                 {"first_shifted", NULL},
                 {"first_crc_bad", NULL},
                 {"first_wrong", NULL},
                 {"right", "in their place"},
                 {"crc_bad", "with a bad CRC"},
                 {"shifted", "of another sector"},
                 {"control_differs", "with other flags"},
                 {"mcn", "with the catalogue number"},
                 {"isrc", "with an ISRC"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (exh_html_is(name, table[i].name))
            return table[i].words;
    return name;
}

static void counts(struct exh_html_page *p, const struct exh_fact_counts *list)
{
    bool first = true;
    for (size_t i = 0; i < list->count; i++) {
        const char *words = words_of(list->items[i].name);
        if (words == NULL || list->items[i].count == 0)
            continue;
        exh_html_put(p, first ? "" : ", ");
        exh_html_figure(p, list->items[i].count);
        exh_html_put(p, " ");
        exh_html_text(p, words);
        first = false;
    }
}

static void audit_ranges(struct exh_html_page *p, const struct exh_fact_audit *audit)
{
    size_t all = 0, shown = 0;
    for (size_t i = 0; i < audit->track_count; i++)
        all += audit->tracks[i].range_count;
    if (all == 0)
        return;
    exh_html_put(p,
                 "<div class=\"wide\"><table class=\"dense\"><caption>Sectors whose own checks do not all hold.</caption><thead><tr>"
                 "<th scope=\"col\" class=\"n\">First sector (LBA)</th><th scope=\"col\" class=\"n\">Sectors</th><th scope=\"col\">Verdict</th></tr>"
                 "</thead><tbody>\n");
    for (size_t i = 0; i < audit->track_count; i++)
        for (size_t k = 0; k < audit->tracks[i].range_count && shown < AUDIT_RANGES_SHOWN; k++, shown++) {
            const struct exh_fact_audit_range *r = &audit->tracks[i].ranges[k];
            exh_html_put(p, "<tr><td class=\"n\">");
            exh_html_signed_figure(p, r->lba);
            exh_html_put(p, "</td><td class=\"n\">");
            exh_html_figure(p, r->count);
            exh_html_put(p, "</td><td>");
            exh_html_text_or_unknown(p, r->verdict);
            exh_html_put(p, "</td></tr>\n");
        }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, all, "Ranges");
}

/* Of this track everything that can be checked holds, and no more is to be said than that. */
static bool nothing_wrong(const struct exh_fact_audit_track *t)
{
    if (t->has_q || t->range_count > 0 || !t->number.known || !t->sectors.known || t->mode == NULL || t->unread.value > 0)
        return false;
    for (size_t i = 0; t->checked && i < t->verdicts.count; i++)
        if (!exh_html_is(t->verdicts.items[i].name, "ok") && t->verdicts.items[i].count > 0)
            return false;
    return true;
}

/* How many tracks from `from` on, each the next number, say the same: one row is enough for them. */
static size_t alike_from(const struct exh_fact_audit *audit, size_t from, uint64_t *sectors)
{
    const struct exh_fact_audit_track *first = &audit->tracks[from];
    size_t n = 1;
    *sectors = first->sectors.value;
    for (; nothing_wrong(first) && from + n < audit->track_count; n++) {
        const struct exh_fact_audit_track *t = &audit->tracks[from + n];
        if (!nothing_wrong(t) || t->checked != first->checked || strcmp(t->mode, first->mode) != 0 || t->number.value != first->number.value + n ||
            t->sectors.value > UINT64_MAX - *sectors)
            break;
        *sectors += t->sectors.value;
    }
    return n;
}

static void audit_row(struct exh_html_page *p, const struct exh_fact_audit_track *t, size_t tracks, uint64_t sectors)
{
    exh_html_put(p, "<tr><td class=\"n\">");
    exh_html_number_or_unknown(p, t->number);
    if (tracks > 1)
        exh_markup_format(&p->out, " to %s", exh_facts_figure(t->number.value + tracks - 1).text);
    exh_html_put(p, "</td><td>");
    exh_html_text_or_unknown(p, t->mode);
    exh_html_put(p, "</td><td class=\"n\">");
    exh_html_number_or_unknown(p, tracks > 1 ? (struct exh_number){sectors, true} : t->sectors);
    exh_html_put(p, "</td><td>");
    if (t->checked && tracks > 1)
        exh_markup_format(&p->out, "%s ok", exh_facts_figure(sectors).text);
    else if (t->checked)
        counts(p, &t->verdicts);
    else
        exh_html_put(p, "nothing to check");
    if (t->unread.known && t->unread.value > 0) {
        exh_html_put(p, ", ");
        exh_html_figure(p, t->unread.value);
        exh_html_put(p, " not read");
    }
    exh_html_put(p, "</td><td>");
    if (t->has_q)
        counts(p, &t->q);
    else
        exh_html_put(p, "none");
    exh_html_put(p, "</td></tr>\n");
}

static void audit_words(struct exh_html_page *p)
{
    exh_html_put(
        p, "<p class=\"note\">Verdicts: ok, sync, header, EDC and parities all hold; edc-bad, the checksum of the data fails and the parities do not "
           "mend it; repairable, they would; ecc-bad, the data are good and a parity is not; the others name what does not hold.</p>\n");
}

void exh_html_audit(struct exh_html_page *p, const struct exh_fact_audit *audit)
{
    if (audit->track_count == 0)
        return;
    exh_html_put(p, "<div class=\"wide\"><table class=\"dense\"><caption>What the sectors say of themselves: sync, header, checksum (EDC) and "
                    "parities (ECC) of data sectors, "
                    "and channel Q of the subchannel. A sector that fails its EDC may have been pressed so.</caption><thead><tr>"
                    "<th scope=\"col\" class=\"n\">Track</th><th scope=\"col\">Mode</th><th scope=\"col\" class=\"n\">Sectors</th>"
                    "<th scope=\"col\">Verdicts</th><th scope=\"col\">Subchannel Q</th></tr></thead><tbody>\n");
    uint64_t sectors = 0;
    for (size_t i = 0, n; i < audit->track_count; i += n) {
        n = alike_from(audit, i, &sectors);
        audit_row(p, &audit->tracks[i], n, sectors);
    }
    exh_html_put(p, "</tbody></table></div>\n");
    audit_words(p);
    audit_ranges(p, audit);
}
