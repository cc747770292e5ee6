/* verify_unopened.c - what can be told of an image that no longer opens though it is on record, or is encrypted. See checked.h. */
#include "formats/model/text.h"
#include "report/cli/checked.h"
#include "report/cli/digest_table.h"

/* Everything that names an image which no longer opens. */
static json_t *who_names_it(const struct exh_references *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->count; i++)
        if (r->claims[i].basis == EXH_BASIS_LEDGER || r->claims[i].basis == EXH_BASIS_RECORD)
            (void)json_array_append_new(list, json_string(exh_basis_name(r->claims[i].basis)));
    return list;
}

static json_t *lost_json(const struct exh_checked *c, const struct exh_error *why)
{
    char ended[32];
    exh_time_text(time(NULL), ended);
    json_t *finding = json_pack("{s:s,s:s,s:o}", "check", "open", "outcome", "damaged", "detail", exh_record_text(why->text));
    if (why->file[0] != '\0')
        (void)json_object_set_new(finding, "file", exh_record_text(exh_text_base(why->file)));
    if (why->at != EXH_NO_OFFSET)
        (void)json_object_set_new(finding, "offset", json_integer((json_int_t)why->at));
    return json_pack("{s:s,s:s,s:s,s:o,s:[o],s:[]}", "started", c->recording.started, "ended", ended, "verdict", exh_verdict_name(EXH_DAMAGED),
                     "basis", who_names_it(&c->references), "findings", finding, "digests");
}

bool exh_checked_lost(const struct exh_args *args, struct exh_checked *c, struct exh_error *err)
{
    const struct exh_error why = *err;
    json_t *json = exh_checked_with_case(c, lost_json(c, &why));
    exh_error_clear(err);
    if (json == NULL || !exh_recording_add(&c->recording, "", json_deep_copy(json), NULL, 0, err)) {
        json_decref(json);
        return json != NULL ? false : exh_nomem(err, "a result");
    }
    exh_print(args, "%s: damaged: it is on record as %s and no longer opens: %s\n", c->image, c->references.recorded_format, why.text);
    exh_recording_tell(args, &c->recording);
    (void)json_object_set_new(json, "image", exh_record_text(c->image));
    (void)json_object_set_new(json, "error", exh_record_error(&why));
    (void)json_object_set_new(json, "ledger", exh_recording_json(&c->recording));
    c->json = json;
    c->code = EXH_EXIT_FINDING;
    return true;
}

static json_t *unopened_json(const struct exh_checked *c, const struct exh_names *files, const struct exh_error *why)
{
    const struct exh_verify_result *r = &c->result;
    char ended[32];
    exh_time_text(time(NULL), ended);
    json_t *basis = exh_checked_basis(r), *findings = exh_record_findings(&r->findings);
    json_t *opening = json_pack("{s:s,s:s,s:o}", "check", "open", "outcome", "not-opened", "detail", exh_record_text(why->text));
    bool ok = findings != NULL && opening != NULL && json_array_insert(findings, 0, opening) == 0;
    json_decref(opening);
    json_t *json =
        json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:o}", "started", c->recording.started, "ended", ended, "verdict", exh_verdict_name(r->verdict), "basis",
                  basis, "findings", findings, "digests", exh_record_digests(&r->found.digests), "files", exh_record_files(files));
    if (ok && json != NULL && c->references.against_text[0] != '\0')
        ok = json_object_set_new(json, "against", exh_record_text(c->references.against_text)) == 0;
    if (ok)
        return exh_checked_with_case(c, json);
    json_decref(json);
    return NULL;
}

static void print_unopened(const struct exh_args *args, const struct exh_checked *c)
{
    bool differs = c->result.verdict == EXH_MISMATCH;
    exh_print(args, "%s: %sonly the container was read, not what is in it\n", c->image,
              differs ? "mismatch: the container differs from its reference; " : "");
    exh_checked_print_findings(args, &c->result.findings);
    for (size_t i = 0; i < c->result.found.digests.count; i++) {
        const struct exh_digest_value *d = &c->result.found.digests.items[i];
        char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
        exh_text_hex(d->bytes, d->length, hex);
        exh_print(args, "  %-12s %s  (%s)\n", d->algorithm, hex, d->scope);
    }
}

bool exh_checked_sealed(const struct exh_args *args, struct exh_checked *c, struct exh_error *err)
{
    const struct exh_error why = *err;
    struct exh_error unread;
    struct exh_names files = {0};
    exh_error_clear(&unread);
    bool read = exh_names_add(&files, c->image, &unread) &&
                exh_verify_unopened(&files, c->references.claims, c->references.count, exh_arg(args, "--past-cache") != NULL, exh_args_watch(args),
                                    &c->result, &unread);
    json_t *json = read ? unopened_json(c, &files, &why) : NULL;
    exh_names_close(&files);
    if (json == NULL)
        return false;
    exh_error_clear(err);
    if (!exh_recording_add(&c->recording, "", json_deep_copy(json), NULL, 0, err)) {
        json_decref(json);
        return false;
    }
    exh_say(args, "exhibit: %s: %s", c->image, why.text);
    print_unopened(args, c);
    exh_recording_tell(args, &c->recording);
    (void)json_object_set_new(json, "image", exh_record_text(c->image));
    (void)json_object_set_new(json, "error", exh_record_error(&why));
    (void)json_object_set_new(json, "ledger", exh_recording_json(&c->recording));
    c->json = json;
    c->code = c->result.verdict == EXH_MISMATCH ? EXH_EXIT_FINDING : exh_exit_of(&why);
    return true;
}
