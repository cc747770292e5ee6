/* html_verification.c - every verification since: its verdict in words, what it rests on, what it found, and the digests that it alone has.
 *
 * What disagrees stands first and in full. Agreement with what is on record is counted by check and by what it was held against: the thousand
 * statements of a disc that all say "equal" would bury the one that does not. Agreement with what somebody gave (a digest, a list, another
 * medium) is listed, for it is what the verification was made for. */
#include "report/pages/html_sections.h"

#include "report/pages/sentences.h"

#define FINDINGS_SHOWN 200u
#define AGREEMENTS_MAX 32u /* pairs of a check and a basis */
#define VERIFICATIONS_SHOWN 20u

struct agreement {
    const char *check, *basis;
    size_t count;
};

static bool agrees(const struct exh_fact_finding *f)
{
    return (exh_html_is(f->outcome, "match") || exh_html_is(f->outcome, "consistent")) && f->check != NULL && f->basis != NULL;
}
static bool is_counted(const struct exh_fact_finding *f) { return agrees(f) && !exh_html_is(f->basis, "external"); }

static void finding_row(struct exh_html_page *p, const struct exh_fact_finding *finding)
{
    exh_html_put(p, "<tr><td>");
    exh_html_text_or_unknown(p, finding->check);
    exh_html_put(p, "</td><td class=\"whole\">");
    if (finding->outcome != NULL && !agrees(finding))
        exh_html_put(p, "<strong>");
    exh_html_text_or_unknown(p, finding->outcome);
    if (finding->outcome != NULL && !agrees(finding))
        exh_html_put(p, "</strong>");
    exh_html_put(p, "</td><td>");
    exh_html_text_or_unknown(p, finding->detail);
    exh_html_put(p, "</td></tr>\n");
}

/* First what does not agree, then what was held against something from elsewhere. Returns how many rows there are. */
static void findings(struct exh_html_page *p, const struct exh_fact_record *record)
{
    size_t all = 0, shown = 0;
    for (size_t i = 0; i < record->finding_count; i++)
        all += !is_counted(&record->findings[i]);
    if (all == 0)
        return;
    exh_html_put(p,
                 "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Outcome</th><th scope=\"col\">Detail</th></tr>"
                 "</thead><tbody>\n");
    for (int agreeing = 0; agreeing <= 1; agreeing++)
        for (size_t i = 0; i < record->finding_count && shown < FINDINGS_SHOWN; i++)
            if (!is_counted(&record->findings[i]) && agrees(&record->findings[i]) == (agreeing == 1)) {
                finding_row(p, &record->findings[i]);
                shown++;
            }
    exh_html_put(p, "</tbody></table></div>\n");
    exh_html_rest(p, shown, all, "Findings");
}

static size_t count_agreements(const struct exh_fact_record *record, struct agreement list[AGREEMENTS_MAX], size_t *rest)
{
    size_t n = 0;
    for (size_t i = 0; i < record->finding_count; i++) {
        const struct exh_fact_finding *f = &record->findings[i];
        size_t k = 0;
        if (!is_counted(f))
            continue;
        while (k < n && (strcmp(list[k].check, f->check) != 0 || strcmp(list[k].basis, f->basis) != 0))
            k++;
        if (k == n && n < AGREEMENTS_MAX)
            list[n++] = (struct agreement){f->check, f->basis, 0};
        if (k < n)
            list[k].count++;
        else
            ++*rest;
    }
    return n;
}

/* "2 digests", "1 file digest" */
static void counted_check(struct exh_html_page *p, const struct agreement *a)
{
    static const struct {
        const char *check, *noun;
    } nouns[] = {{"digest", "digest"}, {"file", "file digest"}, {"track", "track digest"}, {"chunk", "chunk list"}, {"edc", "EDC check"}};
    for (size_t i = 0; i < sizeof nouns / sizeof nouns[0]; i++)
        if (strcmp(nouns[i].check, a->check) == 0) {
            exh_html_counted(p, a->count, nouns[i].noun);
            return;
        }
    exh_html_figure(p, a->count);
    exh_html_put(p, " of ");
    exh_html_text(p, a->check);
}

/* "with the custody ledger: 2 digests, 1 file digest" */
static void agreements(struct exh_html_page *p, const struct exh_fact_record *record)
{
    struct agreement list[AGREEMENTS_MAX];
    size_t rest = 0, n = count_agreements(record, list, &rest);
    if (n == 0)
        return;
    exh_html_put(p, "<p>Statements that agree, each in report.xml:</p>\n<ul>\n");
    for (size_t i = 0; i < n; i++) {
        bool told = false;
        for (size_t k = 0; k < i; k++)
            told = told || strcmp(list[k].basis, list[i].basis) == 0;
        if (told)
            continue;
        exh_html_put(p, "<li>with ");
        exh_html_text(p, exh_sentence_basis(list[i].basis) != NULL ? exh_sentence_basis(list[i].basis) : list[i].basis);
        for (size_t k = i; k < n; k++)
            if (strcmp(list[k].basis, list[i].basis) == 0) {
                exh_html_put(p, k == i ? ": " : ", ");
                counted_check(p, &list[k]);
            }
        exh_html_put(p, "</li>\n");
    }
    exh_html_put(p, "</ul>\n");
    exh_html_rest(p, 0, rest, "Agreements of further kinds");
}

static void basis(struct exh_html_page *p, const char *recorded)
{
    char *words = recorded != NULL ? exh_sentence_bases(recorded) : NULL;
    if (recorded == NULL)
        exh_html_unknown(p);
    else
        exh_html_owned_text(p, words);
}

static void facts(struct exh_html_page *p, const struct exh_fact_record *record)
{
    exh_html_put(p, "<dl class=\"facts\">\n");
    exh_html_open_across(p, "Verdict");
    exh_html_text_or_unknown(p, record->verdict);
    exh_markup_format(&p->out, ": %s", exh_sentence_meaning(record->verdict));
    exh_html_close_fact(p);
    exh_html_open_across(p, "Rests on");
    basis(p, record->basis);
    exh_html_close_fact(p);
    exh_html_open_across(p, "Held against");
    if (record->against != NULL)
        exh_html_text(p, record->against);
    else
        exh_html_put(p, "no other image, device or list on record");
    exh_html_close_fact(p);
    exh_html_open_fact(p, "Began, ended");
    exh_html_moment(p, record->started);
    exh_html_put(p, " to ");
    exh_html_moment(p, record->ended);
    exh_html_close_fact(p);
    exh_html_open_fact(p, "By");
    exh_html_text_or_unknown(p, record->who);
    exh_html_close_fact(p);
    exh_html_open_fact(p, "Covered");
    if (record->bytes.known)
        exh_html_counted(p, record->bytes.value, "byte");
    else
        exh_html_unknown(p);
    exh_html_close_fact(p);
    exh_html_open_fact(p, "Not readable in this run");
    if (record->unread_now.known)
        exh_html_counted(p, record->unread_now.value, "sector");
    else
        exh_html_unknown(p);
    exh_html_close_fact(p);
    exh_html_put(p, "</dl>\n");
}

static void verification(struct exh_html_page *p, const struct exh_fact_record *record)
{
    exh_markup_format(&p->out, "<h%d>Verification", p->level + 1);
    if (record->seq.known)
        exh_markup_format(&p->out, " on line %s of the ledger", exh_facts_figure(record->seq.value).text);
    exh_html_put(p, ": ");
    exh_html_text(p, record->verdict != NULL ? record->verdict : "verdict not recorded");
    exh_markup_format(&p->out, "</h%d>\n", p->level + 1);
    facts(p, record);
    exh_html_lineage(p, &record->lineage, 2);
    findings(p, record);
    agreements(p, record);
    exh_html_audit(p, &record->audit);
    exh_html_digests_of_run(p, &record->digests);
}

void exh_html_verified(struct exh_html_page *p, const struct exh_fact_record *record)
{
    exh_html_text_or_unknown(p, record->verdict);
    exh_html_put(p, ", ");
    exh_html_moment(p, record->time);
    exh_html_put(p, ", by ");
    exh_html_text_or_unknown(p, record->who);
}

void exh_html_verifications(struct exh_html_page *p)
{
    const struct exh_facts *f = p->f;
    size_t all = 0, shown = 0, skip = 0;
    for (size_t i = 0; i < f->record_count; i++)
        all += f->records[i].verification;
    if (all == 0)
        return;
    exh_html_heading(p, 0, f->outcome == EXH_ENDED_FOUND ? "Verifications" : "Verifications since", NULL);
    /* The newest: an image audited for years would fill the page with agreement. */
    skip = all > VERIFICATIONS_SHOWN ? all - VERIFICATIONS_SHOWN : 0;
    for (size_t i = 0; i < f->record_count; i++) {
        if (!f->records[i].verification || shown++ < skip)
            continue;
        verification(p, &f->records[i]);
    }
    exh_html_rest(p, all - skip, all, "Verifications, the newest,");
}
