/* cmd_verify.c - exhibit verify: what is true of an image, held against everything that speaks of it. */
#include "formats/evidence/ewf_libewf.h"
#include "formats/model/text.h"
#include "report/cli/checked.h"
#include "report/cli/digest_table.h"
#include "verify/digest.h"
#include "verify/digest_set.h"

/* ---- what the verdict is worth ---- */

static enum exh_exit code_of(const struct exh_args *args, const struct exh_checked *c)
{
    const struct exh_verify_result *r = &c->result;
    const char *require = exh_arg(args, "--require");
    if (c->changed)
        return EXH_EXIT_NOT_DONE;
    switch (r->verdict) {
    case EXH_MISMATCH:
    case EXH_DAMAGED: return EXH_EXIT_FINDING;
    case EXH_COULD_NOT_READ: return EXH_EXIT_UNREAD;
    case EXH_NOT_PERFORMED:
    case EXH_NO_REFERENCE: return EXH_EXIT_UNPROVEN;
    case EXH_MATCH:
    case EXH_CONSISTENT: break;
    }
    bool external = r->basis[EXH_BASIS_EXTERNAL], ledger = external || r->basis[EXH_BASIS_LEDGER];
    bool stored = ledger || r->basis[EXH_BASIS_RECORD] || r->basis[EXH_BASIS_STORED];
    if (c->references.has_dat && !external) /* the list asked for does not know it: nothing was compared with it */
        return EXH_EXIT_UNPROVEN;
    if (require != NULL && ((strcmp(require, "external") == 0 && !external) || (strcmp(require, "ledger") == 0 && !ledger) ||
                            (strcmp(require, "stored") == 0 && !stored)))
        return EXH_EXIT_UNPROVEN;
    return r->unread_now > 0 ? EXH_EXIT_UNREAD : EXH_EXIT_DONE;
}

/* ---- references found only by what the image turned out to hold ---- */

/* Media digests only: that one file of a set equals one of another set (a first part full of zeros) says nothing of the whole. Nor does a CRC, which
 * anything can be given. */
static bool lookup_by_media(struct exh_checked *c, json_t **body, uint64_t *seq, struct exh_error *err)
{
    const struct exh_digests *all = &c->result.found.digests;
    struct exh_digests media = {0};
    const char *how = "";
    bool ok = true;
    for (size_t i = 0; ok && i < all->count; i++)
        ok = strcmp(all->items[i].scope, "media") != 0 || strcmp(all->items[i].algorithm, "crc32") == 0 ||
             exh_digests_add(&media, &all->items[i], err);
    const struct exh_lookup lookup = {.digests = &media};
    ok = ok && (exh_ledger_lookup(c->recording.ledger, &lookup, body, seq, &how, err) || exh_on_side(err, EXH_SIDE_LEDGER));
    free(media.items);
    return ok;
}

/* One equal digest found the record; with a broken algorithm that can be arranged, so all that both sides have must be equal. */
static bool all_agree(const struct exh_digests *found, const struct exh_seal *said, const struct exh_layout *layout, uint64_t bytes)
{
    for (size_t i = 0; i < said->digests.count; i++) {
        const struct exh_digest_value *v = &said->digests.items[i];
        const struct exh_digest_value *f = strcmp(v->scope, "media") == 0 ? exh_digests_find(found, "media", v->algorithm) : NULL;
        if (f != NULL && (f->length != v->length || memcmp(f->bytes, v->bytes, f->length) != 0))
            return false;
    }
    return exh_layout_bytes(layout) == bytes;
}

static bool take_other_name(struct exh_checked *c, const json_t *body, uint64_t seq, struct exh_error *err)
{
    struct exh_verify_result *r = &c->result;
    struct exh_blobs blobs = exh_ledger_blobs(c->recording.ledger);
    struct exh_seal said = {0};
    struct exh_layout layout;
    if (!exh_record_claim(body, &blobs, &said, &layout, err))
        return exh_context(err, "ledger record %llu", (unsigned long long)seq);
    bool agree = all_agree(&r->found.digests, &said, &layout, r->bytes), ok = true;
    struct exh_finding f = {.check = "digest", .offset = EXH_NO_OFFSET, .lba = -1, .basis = EXH_BASIS_LEDGER};
    (void)snprintf(f.outcome, sizeof f.outcome, "%s", agree ? "match" : "warning");
    (void)snprintf(f.detail, sizeof f.detail,
                   agree ? "the media digest is that of ledger record %llu, under another name"
                         : "one digest is that of ledger record %llu, but another one or the size is not: it is no proof",
                   (unsigned long long)seq);
    if (agree) {
        r->verdict = EXH_MATCH;
        r->basis[EXH_BASIS_LEDGER] = true;
        ok = exh_verify_repeat(&said.unreadable, r, err);
    }
    exh_seal_close(&said);
    return ok && exh_findings_add(&r->findings, &f, err);
}

static bool by_digest(struct exh_checked *c, struct exh_error *err)
{
    const struct exh_verify_result *r = &c->result;
    if (c->recording.ledger == NULL || r->basis[EXH_BASIS_LEDGER] ||
        (r->verdict != EXH_NO_REFERENCE && r->verdict != EXH_CONSISTENT && r->verdict != EXH_MATCH))
        return true;
    json_t *body = NULL;
    uint64_t seq = 0;
    bool ok = lookup_by_media(c, &body, &seq, err) && (body == NULL || take_other_name(c, body, seq, err));
    json_decref(body);
    return ok;
}

static bool is_damaged(const struct exh_inspection *in)
{
    for (size_t i = 0; i < in->remark_count; i++)
        if (in->remarks[i].outcome == EXH_FAILS)
            return true;
    return false;
}

/* libewf keeps the memory of what it fails to read, and is not asked about an image whose structure is known to be broken. */
static bool open_witness(const struct exh_args *args, struct exh_checked *c, struct exh_error *err)
{
    if (exh_arg(args, "--witness") == NULL || c->witness_spared)
        return true;
    if (c->opened.medium->files == NULL || strcmp(c->opened.medium->format, "ewf") != 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--witness reads the image through libewf: it must be an E01");
    c->witness = exh_ewf_libewf_open(c->opened.medium->files, err);
    return c->witness != NULL || exh_context(err, "libewf cannot open it");
}

/* The set GUID, when the format has one: renamed images are found by it. */
static const char *guid_of(const struct exh_inspection *in)
{
    for (size_t i = 0; i < in->fact_count; i++)
        if (strcmp(in->facts[i].key, "guid") == 0)
            return in->facts[i].value;
    return NULL;
}

/* ---- one image ---- */

/* A raw file does not tell how long its sectors are. Its record does, and counts chunks and unreadable ranges in them. */
static bool count_as_recorded(const struct exh_args *args, struct exh_checked *c, struct exh_error *err)
{
    const struct exh_medium *m = c->opened.medium;
    struct exh_open options = {
        .sector_bytes = m->layout->tracks[0].main_bytes, .past_cache = exh_arg(args, "--past-cache") != NULL, .marks = &c->opened.marks};
    if (!m->verbatim || exh_arg(args, "--sector-size") != NULL)
        return true;
    for (size_t i = 0; i < c->references.count; i++) {
        const struct exh_layout *said = c->references.claims[i].layout;
        if (said != NULL && said->track_count == 1 && said->tracks[0].main_bytes > 0)
            options.sector_bytes = said->tracks[0].main_bytes;
    }
    if (options.sector_bytes == m->layout->tracks[0].main_bytes)
        return true;
    struct exh_medium *again;
    if (!exh_image_open(c->image, exh_format_named(m->format), &options, &again, err))
        return false;
    c->opened.medium = again; /* `whole` stays open beneath it: its list of files is in use */
    exh_inspection_close(&c->inspection);
    c->inspected = exh_medium_inspect(again, &c->inspection, err);
    return true;
}

static bool prepare(const struct exh_args *args, struct exh_checked *c, struct exh_error *err)
{
    struct exh_error open_err;
    exh_error_clear(&open_err);
    c->opened_ok = exh_source_open(args, c->image, true, exh_arg(args, "--past-cache") != NULL, &c->opened, &open_err);
    c->inspected = c->opened_ok && exh_medium_inspect(c->opened.medium, &c->inspection, err); /* if not, the walk will meet it again and say so */
    const char *guid = guid_of(&c->inspection);
    /* Whichever segment was named: the set is on record under its first one. */
    const struct exh_names *files = c->opened_ok ? c->opened.medium->files : NULL;
    const char *image = files != NULL && files->count > 0 ? files->items[0] : c->image;
    bool ok = exh_case_fields(args, &c->given, err) && exh_recording_open(args, "verify", image, &c->given, NULL, false, &c->recording, err) &&
              exh_references_find(args, image, c->opened_ok ? c->opened.medium : NULL, guid, c->recording.ledger, &c->references, err);
    c->witness_spared = exh_arg(args, "--witness") != NULL && is_damaged(&c->inspection);
    if (ok && !c->opened_ok) {
        *err = open_err;
        return false;
    }
    return ok && count_as_recorded(args, c, err) && open_witness(args, c, err);
}

/* What changed while it was being read is neither what it was nor what it is: of such a mixture nothing is said, neither good nor bad, and no digest
 * of it goes on record, which would look like one of an image. */
static void take_back(struct exh_checked *c, struct exh_findings *why)
{
    exh_verify_result_close(&c->result);
    c->result = (struct exh_verify_result){.verdict = EXH_NOT_PERFORMED, .layout = c->opened.medium->layout, .findings = *why};
    memset(why, 0, sizeof *why);
}

/* A file whose ctime alone changed is told as a finding, and takes nothing from the verdict. */
static bool still_the_same(struct exh_checked *c, struct exh_error *err)
{
    struct exh_findings told = {0};
    bool ok = (exh_source_findings(&c->opened, &told, &c->changed, err) &&
               (!c->references.has_against || exh_source_findings(&c->references.against, &told, &c->changed, err))) ||
              exh_on_side(err, EXH_SIDE_SOURCE);
    if (ok && c->changed)
        take_back(c, &told);
    for (size_t i = 0; ok && i < told.count; i++)
        ok = exh_findings_add(&c->result.findings, &told.items[i], err);
    exh_findings_close(&told);
    return ok;
}

/* What changed first, as the error that it is too. */
static json_t *changed_json(const struct exh_checked *c)
{
    struct exh_error err;
    exh_error_clear(&err);
    for (size_t i = 0; i < c->result.findings.count && err.code == EXH_OK; i++) {
        const struct exh_finding *f = &c->result.findings.items[i];
        if (strcmp(f->outcome, "changed") == 0 && !exh_fail(&err, EXH_GONE, EXH_NO_OFFSET, "%s", f->detail))
            (void)exh_in_file(&err, f->file);
    }
    return exh_record_error(&err);
}

/* The walk, and whether it walked over what stood still. One that broke off because a file changed under it is told by what became of the files. */
static bool walk(struct exh_checked *c, const struct exh_verify *verify, struct exh_error *err)
{
    if (exh_verify_run(verify, &c->result, err))
        return still_the_same(c, err);
    struct exh_error second;
    exh_error_clear(&second);
    if (err->code != EXH_GONE || !still_the_same(c, &second) || !c->changed)
        return false;
    exh_error_clear(err);
    return true;
}

static bool tell_spared(struct exh_checked *c, struct exh_error *err)
{
    struct exh_finding f = {.check = "witness", .outcome = "not-compared", .offset = EXH_NO_OFFSET, .lba = -1, .basis = -1};
    (void)snprintf(f.detail, sizeof f.detail, "libewf was not asked: the structure of the image is damaged");
    return !c->witness_spared || exh_findings_add(&c->result.findings, &f, err);
}

/* Does anything state a digest of this medium's stream? Then that is what is computed, and nothing else unless --hash asks. */
static bool has_reference(const struct exh_checked *c)
{
    const struct exh_seal *own = c->opened.medium->seal;
    if (own != NULL && own->digests.count > 0)
        return true;
    for (size_t i = 0; i < c->references.count; i++)
        for (size_t k = 0; k < c->references.seals[i].digests.count; k++)
            if (strcmp(c->references.seals[i].digests.items[k].scope, "media") == 0 ||
                strncmp(c->references.seals[i].digests.items[k].scope, "track:", 6) == 0)
                return true;
    return false;
}

/* --hash none: a digest runs over every byte of a medium in one row, also over the terabyte that a sparse image does not hold. Chunk digests need
 * not: those of empty chunks are known. */
static bool wants_no_hash(const struct exh_args *args)
{
    const char *list = exh_arg(args, "--hash");
    return list != NULL && strcmp(list, "none") == 0;
}

static bool choose_hashes(const struct exh_args *args, struct exh_checked *c, size_t *count, struct exh_error *err)
{
    *count = 0;
    c->no_hash = wants_no_hash(args);
    return c->no_hash || exh_hash_list(exh_arg(args, "--hash"), c->opened.medium->layout->kind, &c->hash_text, &c->hashes, count, err);
}

/* Fails only where nothing could be said; then the caller tells err. */
static bool check(const struct exh_args *args, struct exh_checked *c, struct exh_error *err)
{
    size_t count;
    if (!prepare(args, c, err) || !choose_hashes(args, c, &count, err))
        return false;
    struct exh_verify verify = {.medium = c->opened.medium,
                                .inspected = c->inspected ? &c->inspection : NULL,
                                .claims = c->references.claims,
                                .claim_count = c->references.count,
                                .against = c->references.has_against ? c->references.against.medium : NULL,
                                .witness = c->witness,
                                .dat = c->references.has_dat ? &c->references.dat : NULL,
                                .audit = true,
                                .chunk_sectors =
                                    c->no_hash ? exh_chunk_sectors(EXH_CHUNK_BYTES, exh_layout_largest_sector(c->opened.medium->layout)) : 0,
                                .algorithms = c->hashes,
                                .algorithm_count = exh_arg(args, "--hash") != NULL || !has_reference(c) ? count : 0,
                                .watch = exh_args_watch(args)};
    if (!walk(c, &verify, err) || (!c->changed && !tell_spared(c, err)) || !by_digest(c, err))
        return false;
    c->code = code_of(args, c);
    c->json = exh_checked_json(c, c->recording.started);
    json_t *body = json_deep_copy(c->json);
    if (!exh_recording_add(&c->recording, "", body, NULL, 0, err))
        return false;
    exh_checked_print(args, c);
    exh_recording_tell(args, &c->recording);
    (void)json_object_set_new(c->json, "image", exh_record_text(c->image));
    if (c->changed)
        (void)json_object_set_new(c->json, "error", changed_json(c));
    (void)json_object_set_new(c->json, "ledger", exh_recording_json(&c->recording));
    return true;
}

/* Otherwise nothing can be said of it: one operand ends the run with the error, one of several is told and counted. */
static void judge_failure(const struct exh_args *args, struct exh_checked *c, struct exh_error *err)
{
    bool lost = !c->opened_ok && c->references.named_by_record && err->side != EXH_SIDE_LEDGER &&
                (err->code == EXH_CORRUPT || err->code == EXH_NOT_THIS_FORMAT || err->code == EXH_UNSUPPORTED || err->code == EXH_LIMIT);
    if (lost && exh_checked_lost(args, c, err))
        return;
    bool none_given = exh_arg(args, "--passphrase-file") == NULL && exh_arg(args, "--passphrase-fd") == NULL;
    if (err->code == EXH_SECRET && none_given && exh_checked_sealed(args, c, err))
        return;
    c->code = exh_exit_of(err);
    if (exh_operand_count(args) == 1) {
        (void)exh_tell_error(args, err);
        return;
    }
    exh_say(args, "exhibit: %s: %s", c->image, err->text);
    c->json = json_pack("{s:o,s:o}", "image", exh_record_text(c->image), "error", exh_record_error(err));
}

static void done(struct exh_checked *c)
{
    exh_verify_result_close(&c->result);
    exh_inspection_close(&c->inspection);
    exh_medium_close(c->witness);
    exh_references_close(&c->references);
    exh_recording_close(&c->recording);
    exh_fields_close(&c->given);
    exh_source_done(&c->opened);
    free(c->hash_text);
    free(c->hashes);
}

/* ---- all operands ---- */

static enum exh_exit worst(enum exh_exit a, enum exh_exit b)
{
    static const enum exh_exit order[] = {EXH_EXIT_BUG,   EXH_EXIT_FINDING,     EXH_EXIT_NOT_AN_IMAGE, EXH_EXIT_NOT_DONE,
                                          EXH_EXIT_USAGE, EXH_EXIT_INTERRUPTED, EXH_EXIT_UNPROVEN,     EXH_EXIT_UNREAD};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return EXH_EXIT_DONE;
}

static enum exh_exit verify_all(struct exh_args *args)
{
    enum exh_exit code = EXH_EXIT_DONE;
    size_t n = exh_operand_count(args);
    json_t *results = json_array(), *counts = json_object();
    for (size_t i = 0; i < n && !exh_watch_cancelled(exh_args_watch(args)); i++) {
        struct exh_checked *c = calloc(1, sizeof *c);
        struct exh_error err;
        exh_error_clear(&err);
        if (c == NULL)
            return EXH_EXIT_NOT_DONE;
        c->image = exh_operand(args, i);
        if (!check(args, c, &err)) {
            json_decref(c->json);
            c->json = NULL;
            judge_failure(args, c, &err);
        }
        code = i == 0 ? c->code : worst(code, c->code);
        const char *verdict = c->json != NULL ? json_string_value(json_object_get(c->json, "verdict")) : NULL;
        const char *key = verdict != NULL ? verdict : "error";
        (void)json_object_set_new(counts, key, json_integer(json_integer_value(json_object_get(counts, key)) + 1));
        if (n == 1)
            exh_answer(args, c->json);
        else
            (void)json_array_append_new(results, c->json != NULL ? c->json : json_object());
        done(c);
        free(c);
    }
    if (n > 1)
        exh_answer(args, json_pack("{s:O,s:O}", "results", results, "counts", counts));
    json_decref(results);
    json_decref(counts);
    if (!exh_watch_cancelled(exh_args_watch(args)))
        return code;
    return n > 1 ? worst(code, EXH_EXIT_INTERRUPTED) : EXH_EXIT_INTERRUPTED; /* a finding among those done is not lost in the interruption */
}

static enum exh_exit verify_run(struct exh_args *args)
{
    struct exh_error err;
    char *text = NULL;
    const char **names = NULL, *require = exh_arg(args, "--require");
    size_t count = 0;
    exh_error_clear(&err);
    if (require != NULL && strcmp(require, "external") != 0 && strcmp(require, "ledger") != 0 && strcmp(require, "stored") != 0)
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "--require is external, ledger or stored");
    /* A list that makes no sense is a usage error before anything is opened. */
    bool ok = err.code == EXH_OK && (wants_no_hash(args) || exh_hash_list(exh_arg(args, "--hash"), EXH_LAYOUT_DISK, &text, &names, &count, &err));
    enum exh_exit code = ok ? verify_all(args) : exh_tell_error(args, &err);
    free(text);
    free(names);
    return code;
}

static const struct exh_option verify_options[] = {
    {.name = "--against", .argument = "WHAT", .help = "an image, device, digest list (sha256sum), list of discs (Logiqx .dat) or side record"},
    {.name = "--expect", .argument = "ALG:HEX[@SCOPE]", .help = "a digest it must have (scope media; track:N/raw, ...)", .repeats = true},
    {.name = "--require", .argument = "BASIS", .help = "external, ledger or stored: anything weaker is exit status 6"},
    {.name = "--witness", .help = "read an E01 through libewf too and compare"},
    {.name = "--hash",
     .argument = "LIST",
     .help = "digests to compute besides those compared (when there is nothing to compare: md5,sha256, of a disc crc32,sha1 too); none: digests "
             "of chunks alone, which pass over what a sparse image does not hold"},
    {.name = "--case", .argument = "ID", .help = "case an image made elsewhere belongs to here, for its line in the ledger"},
    {.name = "--exhibit", .argument = "ID", .help = "exhibit number of such an image"},
    {.name = "--examiner", .argument = "NAME", .help = "who verifies it"},
    {.name = "--past-cache", .help = "read past the page cache where the file system can"},
    {.name = "--input-format", .argument = "F", .help = "what IMAGE is, when its first bytes do not tell"},
    EXH_LINEAGE_OPTIONS,
    {.name = "--sector-size", .argument = "N", .help = "bytes per sector of a raw image"},
    {0}};

extern const struct exh_command exh_command_verify;
const struct exh_command exh_command_verify = {
    .name = "verify",
    .operands = "IMAGE|DEVICE...",
    .summary = "say what is true of an image, what is not, and what could not be read",
    .options = verify_options,
    .least_operands = 1,
    .most_operands = 65536,
    .run = verify_run,
    .notes = "verdicts: match, consistent (0); mismatch, damaged (1); could-not-read (3); no-reference (6). Each names what it rests on: external,\n"
             "ledger, record, stored, checksum."};
