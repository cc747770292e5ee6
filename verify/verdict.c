/* verdict.c - how findings add up. See verdict.h. */
#include "verify/verdict.h"

#include "formats/model/grow.h"

const char *exh_verdict_name(enum exh_verdict verdict)
{
    static const char *const names[] = {"not-performed", "match", "consistent", "mismatch", "damaged", "no-reference", "could-not-read"};
    return (unsigned)verdict < sizeof names / sizeof names[0] ? names[verdict] : "bug";
}

static bool agrees(const struct exh_finding *f) { return strcmp(f->outcome, "match") == 0; }

/* Drops the newest agreement; what follows it keeps its order. */
static void drop_agreement(struct exh_findings *findings)
{
    size_t i = findings->count - 1;
    while (!agrees(&findings->items[i]))
        i--;
    memmove(&findings->items[i], &findings->items[i + 1], (findings->count - i - 1) * sizeof *findings->items);
    findings->count--;
    findings->agreements--;
}

bool exh_findings_add(struct exh_findings *findings, const struct exh_finding *finding, struct exh_error *err)
{
    if (findings->count >= EXH_FINDINGS_MAX) {
        findings->left_out++;
        if (agrees(finding) || findings->agreements == 0)
            return true;
        drop_agreement(findings);
    }
    if (!exh_grow((void **)&findings->items, &findings->capacity, findings->count, sizeof *findings->items, EXH_FINDINGS_MAX, "findings", err))
        return false;
    findings->items[findings->count++] = *finding;
    findings->agreements += agrees(finding);
    return true;
}

void exh_findings_close(struct exh_findings *findings)
{
    free(findings->items);
    memset(findings, 0, sizeof *findings);
}

/* Damage comes before a difference, since it explains it; what could not be read comes before any good word, since nobody looked at it. */
enum exh_verdict exh_verdict_of(const struct exh_tally *tally)
{
    if (tally->damaged)
        return EXH_DAMAGED;
    if (tally->differs)
        return EXH_MISMATCH;
    if (tally->unread)
        return EXH_COULD_NOT_READ;
    for (int b = 0; b < EXH_BASIS_COUNT; b++)
        if (tally->matched[b] && b != EXH_BASIS_CHECKSUM)
            return EXH_MATCH;
    return tally->checksums_hold ? EXH_CONSISTENT : EXH_NO_REFERENCE;
}
