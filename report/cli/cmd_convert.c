/* cmd_convert.c - exhibit convert: an image becomes an image of another format, read back and recorded like an acquisition. */
#include "report/cli/make_image.h"
#include "report/cli/reshape.h"

static enum exh_exit convert_run(struct exh_args *args)
{
    struct exh_opened source;
    struct exh_fields fields = {0}, given = {0};
    struct exh_error err;
    exh_error_clear(&err);
    if (!exh_source_open(args, exh_operand(args, 0), true, false, &source, &err))
        return exh_tell_error(args, &err);
    const struct exh_seal *seal = source.whole->seal; /* also of a part: they are of the exhibit, not of its sectors */
    bool ok = exh_case_fields(args, &given, &err);
    for (size_t i = 0; ok && seal != NULL && i < seal->fields.count; i++) /* the image's own case data go along */
        ok = exh_fields_set(&fields, seal->fields.items[i].key, seal->fields.items[i].value, &err);
    for (size_t i = 0; ok && i < given.count; i++)
        ok = exh_fields_set(&fields, given.items[i].key, given.items[i].value, &err);
    enum exh_exit code = ok ? exh_make_image(args, "convert", &source, &fields, NULL) : exh_tell_error(args, &err);
    exh_fields_close(&fields);
    exh_fields_close(&given);
    exh_source_done(&source);
    return code;
}

static const struct exh_option convert_options[] = {
    EXH_IMAGE_OPTIONS,
    EXH_SHAPE_OPTIONS,
    {.name = "--lossy", .help = "agree to lose what neither the new image nor a record can hold"},
    {.name = "--input-format", .argument = "F", .help = "what IMAGE is, when its first bytes do not tell"},
    EXH_LINEAGE_OPTIONS,
    EXH_CASE_OPTIONS,
    {0}};

extern const struct exh_command exh_command_convert;
const struct exh_command exh_command_convert = {
    .name = "convert",
    .operands = "IMAGE -o IMAGE2",
    .summary = "write an image in another format; the media digest stays the same",
    .options = convert_options,
    .least_operands = 1,
    .most_operands = 1,
    .run = convert_run,
    .notes = "Losses are named before anything is written; what neither the new image nor the record keeps needs --lossy. Of a disc all tracks\n"
             "go over as they are stored; a format that cannot take them says which of --track, --user-data and --raw-sectors would fit.\n"
             "Nothing appears under the image's name before it has been read back and matches. A conversion that fails or is interrupted removes\n"
             "what it had half made; where it was killed, the same command again removes that first, and says so."};
