/* verify_answer.c - what verify tells of an image: the sentence of its verdict, the findings, the JSON. See checked.h. */
#include "formats/model/text.h"
#include "report/cli/checked.h"
#include "report/cli/digest_table.h"

/* ---- the sentence ---- */

/* Is something of the medium named that the reference says nothing of: a pregap, what lies around the user data, a pad at the end? */
static bool leaves_out(const struct exh_verify_result *r)
{
    for (size_t i = 0; i < r->findings.count; i++) {
        const struct exh_finding *f = &r->findings.items[i];
        bool compared_with = strcmp(f->check, "against") == 0 || strcmp(f->check, "track") == 0 || strcmp(f->check, "layout") == 0;
        if (compared_with && (strcmp(f->outcome, "not-compared") == 0 || strcmp(f->outcome, "warning") == 0))
            return true;
    }
    return false;
}

/* Was a subchannel held against another, with something to tell beside that it is the same, or stored on one side only? */
static bool has_word_of_sub(const struct exh_verify_result *r)
{
    for (size_t i = 0; i < r->findings.count; i++) {
        const struct exh_finding *f = &r->findings.items[i];
        if (strcmp(f->check, "subchannel") == 0 && f->basis == EXH_BASIS_EXTERNAL && strcmp(f->outcome, "match") != 0)
            return true;
    }
    return false;
}

/* A match is of the main channel, and no word of it may seem to speak of what else is stored. */
static const char *match_text(const struct exh_verify_result *r)
{
    bool gaps = exh_sectors_total(&r->not_good, EXH_BAD) > 0, parts = leaves_out(r), sub = has_word_of_sub(r);
    if (gaps)
        return sub ? "every byte of the main channel that is not listed as unreadable equals %s; what its subchannel shows is named below"
                   : "every byte that is not listed as unreadable equals %s";
    if (parts)
        return sub ? "every byte of the main channel that was compared equals %s; what was not, and the subchannel, is named below"
                   : "every byte that was compared equals %s; what was not is named below";
    return sub ? "every byte of the main channel equals %s; what its subchannel shows is named below" : "every byte of the medium equals %s";
}

static void sentence(const struct exh_checked *c, char *out, size_t room)
{
    const struct exh_verify_result *r = &c->result;
    char bases[160] = "";
    static const char *const words[EXH_BASIS_COUNT] = {"the given reference", "the ledger", "the side record", "the digest stored in the image",
                                                       "its checksums",       "this run"};
    for (int b = 0; b < EXH_BASIS_COUNT; b++)
        if (r->basis[b]) {
            size_t used = strlen(bases);
            (void)snprintf(bases + used, sizeof bases - used, "%s%s", used > 0 ? ", " : "", words[b]);
        }
    static const char *const texts[] = {"not performed",
                                        "",
                                        "only checksums were there, and all hold (%s)",
                                        "the image differs from %s",
                                        "the image contradicts itself (%s)",
                                        "read whole, but there is nothing to compare with%s",
                                        "not every sector could be read now%s"};
    const char *text = c->changed ? "what was read changed meanwhile: it is neither what it was nor what it is, and nothing is said of it"
                       : r->verdict == EXH_MATCH ? match_text(r)
                                                 : texts[r->verdict],
               *mark = strstr(text, "%s");
    if (r->verdict == EXH_DAMAGED && bases[0] == '\0')
        (void)snprintf(bases, sizeof bases, "see the findings");
    if (r->verdict == EXH_NO_REFERENCE || r->verdict == EXH_COULD_NOT_READ)
        bases[0] = '\0';
    if (mark == NULL)
        (void)snprintf(out, room, "%s", text);
    else
        (void)snprintf(out, room, "%.*s%s%s", (int)(mark - text), text, bases, mark + 2);
}

/* ---- JSON ---- */

json_t *exh_checked_basis(const struct exh_verify_result *r)
{
    json_t *basis = json_array();
    for (int b = 0; b < EXH_BASIS_COUNT; b++)
        if (r->basis[b])
            (void)json_array_append_new(basis, json_string(exh_basis_name((enum exh_basis)b)));
    return basis;
}

json_t *exh_checked_with_case(const struct exh_checked *c, json_t *json)
{
    if (json == NULL || c->given.count == 0 || json_object_set_new(json, "case", exh_record_fields(&c->given)) == 0)
        return json;
    json_decref(json);
    return NULL;
}

json_t *exh_checked_json(const struct exh_checked *c, const char *started)
{
    const struct exh_verify_result *r = &c->result;
    char ended[32];
    exh_time_text(time(NULL), ended);
    json_t *basis = exh_checked_basis(r);
    uint64_t unreadable = 0;
    for (size_t i = 0; i < r->not_good.count; i++)
        unreadable += r->not_good.ranges[i].count;
    json_t *json = json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:I,s:I}", "started", started, "ended", ended, "verdict", exh_verdict_name(r->verdict),
                             "basis", basis, "findings", exh_record_findings(&r->findings), "digests", exh_record_digests(&r->found.digests), "bytes",
                             (json_int_t)r->bytes, "sectors", (json_int_t)r->sectors, "unreadable_sectors", (json_int_t)unreadable, "unread_now",
                             (json_int_t)r->unread_now);
    if (json != NULL && r->not_good.count <= EXH_UNREADABLE_INLINE_MAX)
        (void)json_object_set_new(json, "unreadable", exh_record_ranges(&r->not_good));
    if (json != NULL && c->no_hash && r->found.chunks.count > 0)
        (void)json_object_set_new(json, "chunks", exh_record_chunks(&r->found.chunks));
    if (json != NULL && r->audit.tracks != NULL)
        (void)json_object_set_new(json, "audit", exh_record_audit(&r->audit));
    if (json != NULL && r->findings.left_out > 0)
        (void)json_object_set_new(json, "findings_left_out", json_integer((json_int_t)r->findings.left_out));
    /* Of what changed meanwhile not even this is said. */
    if (json != NULL && (!exh_lineage_json(&c->opened, json) || (!c->changed && !exh_record_found(c->opened.medium, json)))) {
        json_decref(json);
        return NULL;
    }
    if (json != NULL && c->references.against_text[0] != '\0')
        (void)json_object_set_new(json, "against", exh_record_text(c->references.against_text));
    return exh_checked_with_case(c, json);
}

/* ---- words ---- */

static void print_finding(const struct exh_args *args, const struct exh_finding *f)
{
    exh_print(args, "  %-12s %s", f->outcome, f->detail);
    if (f->file[0] != '\0')
        exh_print(args, " [%s", f->file);
    if (f->file[0] != '\0' && f->offset != EXH_NO_OFFSET)
        exh_print(args, " at offset %llu", (unsigned long long)f->offset);
    exh_print(args, f->file[0] != '\0' ? "]\n" : "\n");
}

void exh_checked_print_findings(const struct exh_args *args, const struct exh_findings *findings)
{
    for (int b = 0; b < EXH_BASIS_COUNT; b++) {
        size_t agree = 0;
        for (size_t i = 0; i < findings->count; i++)
            agree += findings->items[i].basis == b && strcmp(findings->items[i].outcome, "match") == 0;
        if (agree > 0)
            exh_print(args, "  %-12s %zu statement%s of the %s agree%s\n", "match", agree, agree == 1 ? "" : "s",
                      b == EXH_BASIS_STORED     ? "image itself"
                      : b == EXH_BASIS_EXTERNAL ? "given reference"
                                                : exh_basis_name((enum exh_basis)b),
                      agree == 1 ? "s" : "");
    }
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].outcome, "match") != 0)
            print_finding(args, &findings->items[i]);
}

void exh_checked_print(const struct exh_args *args, const struct exh_checked *c)
{
    char text[400];
    sentence(c, text, sizeof text);
    exh_print(args, "%s: %s: %s\n", c->image, exh_verdict_name(c->result.verdict), text);
    exh_checked_print_findings(args, &c->result.findings);
    exh_audit_print(args, "  ", &c->result.audit);
    exh_digest_table_print(args, "  ", c->opened.medium->layout, &c->result.found.digests);
    const struct exh_chunks *chunks = &c->result.found.chunks;
    if (c->no_hash && chunks->count > 0) {
        char root[65];
        exh_text_hex(chunks->root, sizeof chunks->root, root);
        exh_print(args, "  %-11s %s  (over %zu chunks of %u sectors)\n", "sha256 tree", root, chunks->count, chunks->sectors);
    }
}
