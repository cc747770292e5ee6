/* html_summary.c - the first sheet of the report page: the verdict in one sentence, what must be read together with it, the summary, the
 * lines to sign on.
 *
 * Somebody may read this sheet and no other. So whatever tells against the copy stands here in full, between the verdict and the summary: a
 * later verification that did not agree, a record that contradicts itself, a second read that differed, a ledger whose chain is broken. The
 * verdicts of acquisition, read-back and later verification keep their own words, and a digest never stands without its scope. */
#include "report/pages/html_sections.h"

#include "formats/model/text.h"
#include "report/pages/sentences.h"

/* --- the verdict, and what tells against it --- */

void exh_html_verdict(struct exh_html_page *p)
{
    exh_html_put(p, "<p class=\"verdict\">");
    exh_html_owned_text(p, exh_sentence_verdict(p->f));
    exh_html_put(p, "</p>\n");
}

static void later_verdict(struct exh_html_page *p)
{
    const struct exh_fact_record *last = p->f->last_verification;
    if (last == NULL)
        return;
    bool found = p->f->outcome == EXH_ENDED_FOUND; /* then the verdict above is of it already: said again only where it tells against the image */
    bool calm =
        (exh_html_is(last->verdict, "match") || exh_html_is(last->verdict, "consistent")) && (!last->unread_now.known || last->unread_now.value == 0);
    if (found && calm)
        return;
    exh_markup_format(&p->out, "<p%s>", calm ? "" : " class=\"attention\"");
    exh_html_owned_text(p, exh_sentence_verification(last));
    exh_html_put(p, "</p>\n");
}

static void contradictions(struct exh_html_page *p)
{
    if (exh_facts_has_image(p->f) && p->f->ranges_disagree)
        exh_html_put(p, "<p class=\"attention\">The record contradicts itself: "
                        "its list of unreadable ranges does not agree with its own order or count.</p>\n");
    if (p->f->outcome == EXH_ENDED_DONE && exh_html_is(p->f->acquisition, "complete") && p->f->unreadable_sectors.known &&
        p->f->unreadable_sectors.value > 0)
        exh_html_put(p, "<p class=\"attention\">The record contradicts itself: it calls the copy complete and counts unreadable sectors.</p>\n");
    bool hidden = false;
    for (size_t i = 0; i < EXH_FACT_HIDDEN_KINDS; i++)
        hidden = hidden || p->f->hidden[i].state == EXH_FACT_HIDDEN_FOUND;
    if (p->f->outcome == EXH_ENDED_DONE && exh_html_is(p->f->of, "medium") && hidden)
        exh_html_put(p, "<p class=\"attention\">The record contradicts itself: "
                        "it speaks of a copy of the whole medium and of a hidden area that was not opened.</p>\n");
}

static void changed_warning(struct exh_html_page *p)
{
    if (p->f->changes.count == 0)
        return;
    exh_html_put(p, "<p class=\"attention\">The source gave ");
    exh_html_counted(p, p->f->changes.sectors, "sector");
    exh_html_put(p, " one way and later another, without reporting an error. Which of the two was ever written is not known.</p>\n");
}

static void second_read_warning(struct exh_html_page *p)
{
    if (p->f->outcome == EXH_ENDED_DONE && p->f->source_read_twice > 0 && p->f->second_read != NULL && !exh_html_is(p->f->second_read, "match"))
        exh_html_put(p, "<p class=\"attention\">The second read of the source did not give what the first gave. "
                        "The digests here are those of the first read.</p>\n");
}

/* What must be read together with the verdict. */
void exh_html_beside_verdict(struct exh_html_page *p)
{
    later_verdict(p);
    contradictions(p);
    exh_html_disagreement(p);
    changed_warning(p);
    second_read_warning(p);
}

void exh_html_chain_warning(struct exh_html_page *p)
{
    if (p->report->ledger_path != NULL && !p->report->chain_sound)
        exh_html_put(p, "<p class=\"attention\">The chain of the ledger is broken: lines were changed, removed or moved after they were written. "
                        "Nothing this report takes from the ledger can be relied on before that is explained.</p>\n");
}

/* --- the summary --- */

static void summary_files(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    uint64_t bytes = 0;
    bool known = f->files.count > 0;
    exh_html_open_row(p, "Image");
    if (!exh_facts_has_image(f))
        exh_html_put(p, "None was published. Name asked for: ");
    exh_html_text_or_unknown(p, f->image);
    for (size_t i = 0; i < f->files.count; i++) {
        known = known && f->files.items[i].bytes.known && f->files.items[i].bytes.value <= UINT64_MAX - bytes;
        bytes += known ? f->files.items[i].bytes.value : 0;
    }
    if (f->files.count > 0) {
        exh_html_put(p, " (");
        if (f->format != NULL) {
            const char *words = exh_sentence_value("format", f->format);
            exh_html_text(p, words != NULL ? words : f->format);
            exh_html_put(p, "; ");
        }
        exh_html_counted(p, f->files.count, "file");
        if (known) {
            exh_html_put(p, ", ");
            exh_html_counted(p, bytes, "byte");
        }
        exh_html_put(p, ")");
    }
    exh_html_close_row(p);
}

static void identity_part(struct exh_html_page *p, const char *name, const char *value)
{
    exh_markup_format(&p->out, "; %s ", name);
    exh_html_text_or_unknown(p, value);
}

static void summary_source(struct exh_html_page *p)
{
    const struct exh_rows *source = &p->f->source;
    exh_html_open_row(p, "Copied from");
    exh_html_text_or_unknown(p, p->f->source_path);
    if (exh_html_is(p->f->source_kind, "device")) {
        identity_part(p, "make", exh_facts_row(source, "vendor"));
        identity_part(p, "model", exh_facts_row(source, "model"));
        identity_part(p, "serial number", exh_facts_row(source, "serial"));
        if (p->f->health_told)
            identity_part(p, "health (SMART)", exh_facts_row(source, "health"));
    }
    exh_html_close_row(p);
}

void exh_html_summary_case(struct exh_html_page *p)
{
    exh_html_open_row(p, "Case, exhibit");
    exh_html_put(p, "Case ");
    exh_html_text_or_unknown(p, p->f->case_id);
    exh_html_put(p, "; exhibit ");
    exh_html_text_or_unknown(p, p->f->exhibit_id);
    exh_html_put(p, "; examiner ");
    exh_html_text_or_unknown(p, exh_facts_row(&p->f->case_fields, "examiner"));
    exh_html_close_row(p);
}

/* part of whole in millionths of a percent, rounded down, so that what is not all never reads as all. */
static void percent(struct exh_html_page *p, uint64_t part, uint64_t whole)
{
    while (part > UINT64_MAX / 100000000u) {
        part >>= 1;
        whole >>= 1;
    }
    if (whole == 0)
        return;
    uint64_t value = part * 100000000u / whole;
    if (value == 0 && part > 0)
        exh_html_put(p, ", less than 0.000001 %");
    else
        exh_markup_format(&p->out, ", %llu.%06llu %%", (unsigned long long)(value / 1000000u), (unsigned long long)(value % 1000000u));
}

void exh_html_unreadable(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    if (!f->unreadable_sectors.known) {
        exh_html_unknown(p);
        return;
    }
    if (f->unreadable_sectors.value == 0) {
        exh_html_put(p, "none (0 sectors, 0 bytes, 0 %)");
        return;
    }
    exh_html_counted(p, f->unreadable_sectors.value, "sector");
    if (f->unreadable_bytes.known) {
        exh_html_put(p, ", ");
        exh_html_counted(p, f->unreadable_bytes.value, "byte");
    }
    if (f->sectors.known && f->sectors.value > 0)
        percent(p, f->unreadable_sectors.value, f->sectors.value);
    exh_html_put(p, f->bytes.known && !exh_html_is(f->of, "medium") ? " of what was to be copied" : "");
}

void exh_html_recovered(struct exh_html_page *p)
{
    struct exh_number recovered = p->f->recovered_sectors;
    if (!recovered.known || recovered.value == 0)
        return;
    exh_html_put(p, "; ");
    exh_html_figure(p, recovered.value);
    exh_html_put(p, " more failed at first and were read later");
}

void exh_html_size(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    if (f->bytes.known)
        exh_html_counted(p, f->bytes.value, "byte");
    else
        exh_html_unknown(p);
    if (f->sectors.known && f->sector_size.known) {
        exh_html_put(p, " (");
        exh_html_counted(p, f->sectors.value, "sector");
        exh_html_put(p, " of ");
        exh_html_counted(p, f->sector_size.value, "byte");
        exh_html_put(p, ")");
    }
}

static void summary_size(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    exh_html_open_row(p, "Size of the source");
    if (f->source_bytes.known)
        exh_html_counted(p, f->source_bytes.value, "byte");
    else
        exh_html_unknown(p);
    exh_html_close_row(p);
    if (f->outcome != EXH_ENDED_DONE)
        return;
    exh_html_open_row(p, "Size of the copy");
    exh_html_size(p);
    exh_html_close_row(p);
    exh_html_open_row(p, "Read from the source");
    if (f->bytes.known && f->unreadable_bytes.known && f->unreadable_bytes.value <= f->bytes.value)
        exh_html_counted(p, f->bytes.value - f->unreadable_bytes.value, "byte");
    else
        exh_html_unknown(p);
    exh_html_close_row(p);
    exh_html_open_row(p, "Unreadable");
    exh_html_unreadable(p);
    exh_html_recovered(p);
    exh_html_close_row(p);
}

static const struct exh_fact_digest *find_digest(const struct exh_facts *f, const char *scope, const char *algorithm)
{
    for (size_t i = 0; i < f->digests.count; i++)
        if (strcmp(f->digests.items[i].scope, scope) == 0 && strcmp(f->digests.items[i].algorithm, algorithm) == 0)
            return &f->digests.items[i];
    return NULL;
}

void exh_html_summary_digest(struct exh_html_page *p, const char *algorithm, const char *label, const char *remark)
{
    const struct exh_fact_digest *digest = find_digest(p->f, "media", algorithm);
    exh_html_open_row(p, label);
    if (digest == NULL) {
        exh_html_unknown(p);
    } else {
        exh_html_hash(p, digest->value);
        exh_html_put(p, "<br><span class=\"note\">of the media stream (scope \"media\")");
        if (digest->not_good.known && digest->not_good.value > 0) {
            exh_markup_format(&p->out, ", %s in place of ", exh_html_is(exh_sentence_fill(p->f), "zeros") ? "zeros" : "fill");
            exh_html_counted(p, digest->not_good.value, "unreadable sector");
        }
        exh_markup_format(&p->out, "%s</span>", remark);
    }
    exh_html_close_row(p);
}

static void summary_verification(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    const struct exh_fact_record *last = f->last_verification;
    exh_html_open_row(p, "Verification");
    exh_html_put(p, "Copy read back, against what this run had read: ");
    exh_html_text_or_unknown(p, f->verification);
    if (f->read_back != NULL && !exh_html_is(f->read_back, "not made")) {
        const char *words = exh_sentence_value("read_back", f->read_back);
        exh_html_put(p, " (");
        exh_html_text(p, words != NULL ? words : f->read_back);
        exh_html_put(p, ")");
    }
    if (f->verification != NULL && !exh_html_is(f->verification, "not-performed")) {
        exh_html_put(p, ", ended ");
        exh_html_moment(p, exh_facts_row(&f->result, "ended"));
    }
    exh_html_put(p, ".<br>Second read of the source: ");
    exh_html_put(p, f->source_read_twice < 0 ? "not recorded" : f->source_read_twice ? "made, with the result " : "not made");
    if (f->source_read_twice > 0)
        exh_html_text_or_unknown(p, f->second_read);
    exh_html_put(p, ".<br>Later verification: ");
    if (last == NULL) {
        exh_html_put(p, "none on record");
    } else {
        exh_html_verified(p, last);
    }
    exh_html_put(p, ".");
    exh_html_close_row(p);
}

static void position(struct exh_html_page *p)
{
    const struct exh_report *r = p->report;
    if (r->ledger_path == NULL) {
        exh_html_put(p, "Made from the side record that lies with the image, up to line ");
        exh_html_figure(p, r->seq);
        exh_html_put(p, "; the ledger itself was not at hand and its chain was not checked.");
    } else {
        exh_html_put(p, "Ledger ");
        exh_html_owned_text(p, exh_facts_text(exh_text_base(r->ledger_path), strlen(exh_text_base(r->ledger_path))));
        exh_html_put(p, ", line ");
        exh_html_figure(p, r->seq);
        exh_html_put(p, r->chain_sound ? "; its chain was checked and is sound." : "; its chain was checked and is BROKEN.");
    }
    if (exh_facts_is_hex(r->head, 64)) {
        exh_html_put(p, "<br><span class=\"note\">SHA-256 of that line:</span><br>");
        exh_html_hash(p, r->head);
    }
}

static void summary_seal(struct exh_html_page *p)
{
    exh_html_open_row(p, "Held by");
    exh_html_unknown(p);
    exh_html_close_row(p);
    exh_html_open_row(p, "Seal");
    exh_html_put(p, "<strong>UNSEALED</strong>: no signed checkpoint and no time stamp covers this record. ");
    position(p);
    exh_html_close_row(p);
}

void exh_html_summary(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    exh_html_put(p, "<table class=\"summary\"><tbody>\n");
    summary_files(p);
    if (f->outcome == EXH_ENDED_FOUND) {
        exh_html_found_summary(p);
    } else {
        summary_source(p);
        exh_html_summary_case(p);
        summary_size(p);
    }
    if (f->outcome == EXH_ENDED_DONE) {
        exh_html_summary_digest(p, "sha256", "SHA-256", "");
        exh_html_summary_digest(p, "md5", "MD5", "; MD5 is not collision-resistant");
        summary_verification(p);
    }
    summary_seal(p);
    exh_html_put(p, "</tbody></table>\n");
}

void exh_html_signatures(struct exh_html_page *p)
{
    exh_html_put(p, "<table class=\"sign\"><thead><tr><td></td><th scope=\"col\">Name</th><th scope=\"col\">Signature</th>"
                    "<th scope=\"col\">Date and place</th></tr></thead>"
                    "<tbody><tr><th scope=\"row\">Examiner</th><td></td><td></td><td></td></tr>"
                    "<tr><th scope=\"row\">Witness</th><td></td><td></td><td></td></tr></tbody></table>\n");
}
