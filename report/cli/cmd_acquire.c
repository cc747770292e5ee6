/* cmd_acquire.c - exhibit acquire: a device, file or stream becomes an image. */
#include "report/cli/make_image.h"

static enum exh_exit acquire_run(struct exh_args *args)
{
    struct exh_opened source;
    struct exh_fields fields = {0};
    struct exh_error err;
    exh_error_clear(&err);
    if (!exh_source_open(args, exh_operand(args, 0), false, false, &source, &err))
        return exh_tell_error(args, &err);
    bool ok = exh_case_fields(args, &fields, &err);
    for (size_t i = 0; ok && i < source.identity.count; i++) /* what the device says of itself, unless the user says otherwise */
        ok = exh_fields_get(&fields, source.identity.items[i].key) != NULL ||
             exh_fields_set(&fields, source.identity.items[i].key, source.identity.items[i].value, &err);
    enum exh_exit code = ok ? exh_make_image(args, "acquire", &source, &fields) : exh_tell_error(args, &err);
    exh_fields_close(&fields);
    exh_source_done(&source);
    return code;
}

static const struct exh_option acquire_options[] = {EXH_IMAGE_OPTIONS, EXH_CASE_OPTIONS, {0}};

extern const struct exh_command exh_command_acquire;
const struct exh_command exh_command_acquire = {
    .name = "acquire",
    .operands = "SOURCE -o IMAGE",
    .summary = "image a block device, file or standard input (-), read it back, record it",
    .options = acquire_options,
    .least_operands = 1,
    .most_operands = 1,
    .run = acquire_run,
    .notes = "The source is opened read-only. Unreadable sectors are narrowed down to single ones, filled with zeros, counted and listed\n"
             "(exit status 3). Nothing appears under the image's name before it has been read back and matches; an unfinished image\n"
             "stays in IMAGE.partial/."};
