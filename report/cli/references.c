/* references.c - everything that says something of an image. See references.h. */
#include "report/cli/references.h"

#include <sys/stat.h>

#include "acquire/nbd_uri.h"
#include "formats/model/text.h"
#include "verify/digest.h"
#include "verify/manifest.h"
#include "verify/track_digests.h"

static struct exh_claim *new_claim(struct exh_references *r, enum exh_basis basis, struct exh_error *err)
{
    if (r->count == EXH_REFERENCES_MAX) {
        (void)exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %u references", EXH_REFERENCES_MAX);
        return NULL;
    }
    struct exh_claim *claim = &r->claims[r->count];
    *claim = (struct exh_claim){.basis = basis, .seal = &r->seals[r->count], .who = r->who[r->count]};
    r->count++;
    return claim;
}

/* What is expected must be something that can be looked at: a word nobody computes would pass without having been compared. */
static bool expectable(struct exh_digest_value *value, struct exh_error *err)
{
    uint32_t length = value->length;
    unsigned number;
    enum exh_track_part part;
    if (strcmp(value->scope, "media") != 0 && strcmp(value->scope, "padded") != 0 && !exh_scope_track(value->scope, &number, &part) &&
        (strncmp(value->scope, "file:", 5) != 0 || value->scope[5] == '\0'))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET,
                        "'%s' is no scope: media, padded, file:NAME, or raw, user, stored, sub, pregap or whole of track:N/", value->scope);
    struct exh_digest *digest = exh_digest_new(value->algorithm, err);
    struct exh_digest_value empty;
    bool ok = digest != NULL && exh_digest_value(digest, &empty, err);
    exh_digest_close(digest);
    if (!ok)
        return false;
    memcpy(value->algorithm, empty.algorithm, sizeof value->algorithm);
    return empty.length == length ||
           exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "a %s has %u hexadecimal digits, not %u", value->algorithm, 2 * empty.length, 2 * length);
}

/* ALG:HEX or ALG:HEX@SCOPE */
static bool expect(struct exh_references *r, const char *text, struct exh_error *err)
{
    const char *colon = strchr(text, ':'), *at = colon != NULL ? strchr(colon, '@') : NULL;
    struct exh_claim *claim = colon != NULL && colon != text ? new_claim(r, EXH_BASIS_EXTERNAL, err) : NULL;
    if (claim == NULL)
        return colon != NULL && colon != text ? false : exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--expect %s is not ALGORITHM:HEX", text);
    char *algorithm = exh_text_copy(text, (size_t)(colon - text));
    char *hex = exh_text_copy(colon + 1, at != NULL ? (size_t)(at - colon - 1) : strlen(colon + 1));
    struct exh_digest_value value;
    bool ok = algorithm != NULL && hex != NULL ? exh_digest_value_set(&value, at != NULL ? at + 1 : "media", algorithm, hex, err)
                                               : exh_nomem(err, "--expect");
    ok = ok && expectable(&value, err);
    free(algorithm);
    free(hex);
    (void)snprintf(r->who[r->count - 1], sizeof r->who[0], "--expect");
    return ok ? exh_digests_add(&r->seals[r->count - 1].digests, &value, err) : exh_context(err, "--expect %s", text);
}

/* The record given is that of the same medium in another format: its container files are not ours. */
static void forget_files(struct exh_digests *digests)
{
    size_t kept = 0;
    for (size_t i = 0; i < digests->count; i++)
        if (strncmp(digests->items[i].scope, "file:", 5) != 0)
            digests->items[kept++] = digests->items[i];
    digests->count = kept;
}

static bool claim_of_body(struct exh_references *r, enum exh_basis basis, const json_t *body, struct exh_blobs blobs, uint64_t seq, const char *who,
                          struct exh_error *err)
{
    struct exh_claim *claim = new_claim(r, basis, err);
    if (claim == NULL)
        return false;
    size_t i = r->count - 1;
    bool of_disc = false;
    if (!exh_record_claim(body, &blobs, &r->seals[i], &r->layouts[i], err) ||
        !exh_record_disc(json_object_get(body, "layout"), &r->discs[i], &of_disc, err))
        return exh_context(err, "%s", who);
    r->layouts[i].disc = of_disc ? &r->discs[i] : NULL;
    claim->layout = &r->layouts[i];
    claim->ledger_seq = seq;
    (void)snprintf(r->who[i], sizeof r->who[i], "%s", who);
    const char *format = json_string_value(json_object_get(body, "format"));
    if (basis == EXH_BASIS_EXTERNAL && format != NULL && r->image_format != NULL && strcmp(format, r->image_format) != 0)
        forget_files(&r->seals[i].digests);
    if (format != NULL && basis != EXH_BASIS_EXTERNAL) {
        r->named_by_record = true;
        (void)snprintf(r->recorded_format, sizeof r->recorded_format, "%s", format);
    }
    return true;
}

static bool from_ledger(struct exh_references *r, struct exh_ledger *ledger, const char *image, const char *guid_hex, struct exh_error *err)
{
    json_t *body = NULL;
    uint64_t seq = 0;
    const char *how = "";
    /* An export has no file name that a record could know it by. */
    struct exh_lookup lookup = {.image = exh_nbd_is_uri(image) ? NULL : image, .guid_hex = guid_hex};
    if (ledger == NULL)
        return true;
    if (!exh_ledger_lookup(ledger, &lookup, &body, &seq, &how, err))
        return exh_on_side(err, EXH_SIDE_LEDGER);
    if (body == NULL)
        return true;
    char who[320];
    (void)snprintf(who, sizeof who, "ledger record %llu (by %s)", (unsigned long long)seq, how);
    bool ok = claim_of_body(r, EXH_BASIS_LEDGER, body, exh_ledger_blobs(ledger), seq, who, err);
    json_decref(body);
    return ok;
}

static bool from_side_record(struct exh_references *r, enum exh_basis basis, const char *path, bool must_exist, struct exh_error *err)
{
    struct exh_side_record *record = exh_side_record_read(path, err);
    if (record == NULL && err->code == EXH_NOT_FOUND && !must_exist) {
        exh_error_clear(err);
        return true;
    }
    if (record == NULL)
        return exh_on_side(err, EXH_SIDE_LEDGER);
    const json_t *end = exh_side_record_end(record);
    bool ok = end == NULL ? (!must_exist || exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s holds no record of a finished image", path))
                          : claim_of_body(r, basis, end, exh_side_record_blobs(record), 0, path, err) || exh_in_file(err, path);
    exh_side_record_close(record);
    return ok;
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), e = strlen(end);
    return n >= e && strcmp(text + n - e, end) == 0;
}

/* Every file of the image that the list names. A list of other files only is a mistake of the user's, which the last error tells. */
static bool from_manifest(struct exh_references *r, const char *path, const char *image, const struct exh_names *files, bool *is_one,
                          struct exh_error *err)
{
    struct exh_digests found = {0};
    size_t count = files != NULL && files->count > 0 ? files->count : 1;
    bool named = false, ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        struct exh_digests more = {0};
        struct exh_error why;
        exh_error_clear(&why);
        bool found_one = exh_manifest_find(path, files != NULL && files->count > 0 ? files->items[i] : image, &more, is_one, &why);
        for (size_t k = 0; found_one && ok && k < more.count; k++)
            ok = exh_digests_add(&found, &more.items[k], err);
        free(more.items);
        named = named || found_one;
        if (!found_one && (why.code != EXH_USAGE || (i + 1 == count && !named))) {
            *err = why;
            ok = false;
        }
        if (found_one && !*is_one)
            break;
    }
    struct exh_claim *claim = ok && found.count > 0 ? new_claim(r, EXH_BASIS_EXTERNAL, err) : NULL;
    if (claim == NULL) {
        free(found.items);
        return ok && found.count == 0;
    }
    *is_one = true;
    r->seals[r->count - 1].digests = found;
    (void)snprintf(r->who[r->count - 1], sizeof r->who[0], "%s", path);
    return true;
}

/* An image equals itself, under whatever name: that would be told as a reference from outside. */
static bool is_another(const struct exh_names *files, const struct exh_opened *against, struct exh_error *err)
{
    const struct exh_names *theirs = against->medium->files;
    struct stat a, b;
    for (size_t i = 0; files != NULL && i < files->count; i++)
        for (size_t k = 0; theirs != NULL && k < theirs->count && stat(files->items[i], &a) == 0; k++)
            if (stat(theirs->items[k], &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
                (void)exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "is a file of the image itself: to compare it with itself proves nothing");
                return exh_in_file(err, theirs->items[k]);
            }
    return true;
}

/* A list of disc images speaks of discs only; of an image that does not open it says nothing. */
static bool from_dat(struct exh_references *r, const char *path, const struct exh_medium *medium, bool *is_one, struct exh_error *err)
{
    if (!exh_dat_is_one(path, is_one, err))
        return false;
    if (!*is_one || medium == NULL)
        return true;
    if (medium->layout->kind != EXH_LAYOUT_DISC)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s lists disc images, and this is none", path);
    r->has_dat = exh_dat_find(path, medium->layout, medium->files, &r->dat, err);
    return r->has_dat;
}

/* A side record, a list of digests or of disc images, or a medium. */
static bool against(const struct exh_args *args, struct exh_references *r, const char *path, const char *image, const struct exh_medium *medium,
                    struct exh_error *err)
{
    const struct exh_names *files = medium != NULL ? medium->files : NULL;
    bool is_manifest = false, is_dat = false;
    struct stat st;
    (void)snprintf(r->against_text, sizeof r->against_text, "%s", path);
    if (ends_in(path, ".record.jsonl"))
        return from_side_record(r, EXH_BASIS_EXTERNAL, path, true, err);
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
        (!from_dat(r, path, medium, &is_dat, err) || (!is_dat && !from_manifest(r, path, image, files, &is_manifest, err))))
        return false;
    if (is_manifest || is_dat)
        return true;
    bool device = stat(path, &st) == 0 && S_ISBLK(st.st_mode); /* it is read a second time: its own word counts, not that of the cache */
    r->has_against = exh_reference_open(args, path, device, &r->against, err);
    return (r->has_against && is_another(files, &r->against, err)) || exh_context(err, "--against");
}

bool exh_references_find(const struct exh_args *args, const char *image, const struct exh_medium *medium, const char *guid_hex,
                         struct exh_ledger *ledger, struct exh_references *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    out->image_format = medium != NULL ? medium->format : NULL;
    for (size_t i = 0; i < exh_arg_count(args, "--expect"); i++)
        if (!expect(out, exh_arg_at(args, "--expect", i), err))
            return false;
    const char *other = exh_arg(args, "--against");
    if (other != NULL && !against(args, out, other, image, medium, err))
        return false;
    if (!from_ledger(out, ledger, image, guid_hex, err))
        return false;
    char *side = exh_side_record_path(image);
    bool ok = side != NULL ? from_side_record(out, EXH_BASIS_RECORD, side, false, err) : exh_nomem(err, "a path");
    free(side);
    return ok;
}

void exh_references_close(struct exh_references *references)
{
    for (size_t i = 0; i < references->count; i++)
        exh_seal_close(&references->seals[i]);
    for (size_t i = 0; i < references->count; i++)
        exh_disc_close(&references->discs[i]);
    exh_source_done(&references->against);
    exh_dat_close(&references->dat);
    memset(references, 0, sizeof *references);
}
