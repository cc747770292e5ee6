/* cmd_hash.c - exhibit hash: digests of a medium, without a verdict. */
#include "report/cli/case_record.h"
#include "report/cli/digest_table.h"
#include "report/cli/open_source.h"

#include "report/ledger/record.h"
#include "verify/verify.h"

static bool record(const struct exh_args *args, const struct exh_opened *source, const struct exh_verify_result *r, json_t **ledger,
                   struct exh_error *err)
{
    struct exh_recording recording;
    bool ok = exh_recording_open(args, "hash", source->path, NULL, NULL, false, &recording, err);
    uint64_t unreadable = 0;
    for (size_t i = 0; i < r->not_good.count; i++)
        unreadable += r->not_good.ranges[i].count;
    json_t *body = ok ? json_pack("{s:o,s:o,s:I,s:I,s:I}", "source", exh_source_json(source), "digests", exh_record_digests(&r->found.digests),
                                  "bytes", (json_int_t)r->bytes, "sectors", (json_int_t)r->sectors, "unreadable_sectors", (json_int_t)unreadable)
                      : NULL;
    if (body != NULL && !exh_record_found(source->medium, body)) {
        json_decref(body);
        body = NULL;
    }
    ok = ok && exh_recording_add(&recording, "", body, NULL, 0, err);
    *ledger = ok ? exh_recording_json(&recording) : NULL;
    if (ok)
        exh_recording_tell(args, &recording);
    exh_recording_close(&recording);
    return ok;
}

static enum exh_exit hash_medium(struct exh_args *args, struct exh_opened *source, const char *const *names, size_t count)
{
    struct exh_error err;
    struct exh_verify_result result;
    json_t *ledger = NULL;
    exh_error_clear(&err);
    struct exh_verify verify = {
        .medium = source->medium, .algorithms = names, .algorithm_count = count, .skip_stored = true, .phase = "hash", .watch = exh_args_watch(args)};
    bool ok = exh_verify_run(&verify, &result, &err) && (exh_source_recheck(source, &err) || exh_on_side(&err, EXH_SIDE_SOURCE)) &&
              record(args, source, &result, &ledger, &err);
    /* What an image lists as unreadable is repeated, not raised again. */
    const struct exh_seal *known = source->medium->seal;
    bool news = result.not_good.count > 0 && (known == NULL || !exh_sectors_equal(&known->unreadable, &result.not_good));
    enum exh_exit code = !ok ? exh_tell_error(args, &err) : news ? EXH_EXIT_UNREAD : EXH_EXIT_DONE;
    if (ok) {
        exh_digest_table_print(args, "", source->medium->layout, &result.found.digests);
        json_t *json = json_pack("{s:o,s:I,s:o,s:o,s:o}", "source", exh_record_text(source->path), "bytes", (json_int_t)result.bytes, "digests",
                                 exh_record_digests(&result.found.digests), "unreadable", exh_record_ranges(&result.not_good), "ledger", ledger);
        if (json != NULL && !exh_lineage_json(source, json)) {
            json_decref(json);
            json = NULL;
        }
        exh_answer(args, json);
    }
    exh_verify_result_close(&result);
    return code;
}

static enum exh_exit hash_run(struct exh_args *args)
{
    struct exh_opened source;
    struct exh_error err;
    char *text = NULL;
    const char **names = NULL;
    size_t count = 0;
    exh_error_clear(&err);
    bool as_image = strcmp(exh_operand(args, 0), "-") != 0;
    bool opened = exh_source_open(args, exh_operand(args, 0), as_image, false, &source, &err);
    bool ok = opened && exh_hash_list(exh_arg(args, "--hash"), source.medium->layout->kind, &text, &names, &count, &err);
    enum exh_exit code = ok ? hash_medium(args, &source, names, count) : exh_tell_error(args, &err);
    if (opened)
        exh_source_done(&source);
    free(text);
    free(names);
    return code;
}

static const struct exh_option hash_options[] = {
    {.name = "--hash", .argument = "LIST", .help = "crc32 or any digests OpenSSL knows (default md5,sha256; of a disc crc32,sha1 too)"},
    {.name = "--input-format", .argument = "F", .help = "what SOURCE is; raw hashes the plain bytes of any file"},
    EXH_LINEAGE_OPTIONS,
    {.name = "--sector-size", .argument = "N", .help = "bytes per sector"},
    {.name = "--start", .argument = "LBA", .help = "first sector"},
    {.name = "--count", .argument = "N", .help = "how many sectors"},
    {0}};

extern const struct exh_command exh_command_hash;
const struct exh_command exh_command_hash = {.name = "hash",
                                             .operands = "SOURCE",
                                             .summary = "digests of a device, NBD export, image or standard input, without a verdict",
                                             .options = hash_options,
                                             .least_operands = 1,
                                             .most_operands = 1,
                                             .run = hash_run,
                                             .notes = "Of an image it is the medium inside that is hashed (scope media), not the container's files."};
