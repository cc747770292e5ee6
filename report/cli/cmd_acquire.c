/* cmd_acquire.c - exhibit acquire: a device, file or stream becomes an image; a run that was cut goes on. */
#include <sys/stat.h>

#include "acquire/stage.h"
#include "formats/model/text.h"
#include "report/cli/conversion_left.h"
#include "report/cli/make_image.h"
#include "report/cli/rescue_options.h"
#include "report/ledger/record.h"

static bool choose_fields(const struct exh_args *args, const struct exh_opened *source, const struct exh_partial_state *state, struct exh_fields *out,
                          struct exh_error *err)
{
    if (state != NULL)
        return exh_partial_state_fields(state, out, err);
    bool ok = exh_case_fields(args, out, err);
    for (size_t i = 0; ok && i < source->identity.count; i++) /* what the device says of itself, unless the user says otherwise */
        ok = exh_fields_get(out, source->identity.items[i].key) != NULL ||
             exh_fields_set(out, source->identity.items[i].key, source->identity.items[i].value, err);
    return ok;
}

static enum exh_exit acquire(struct exh_args *args, const struct exh_partial_state *state)
{
    struct exh_opened source;
    struct exh_fields fields = {0};
    struct exh_error err;
    exh_error_clear(&err);
    if (!exh_source_open(args, exh_operand(args, 0), false, false, &source, &err))
        return exh_tell_error(args, &err);
    enum exh_exit code =
        choose_fields(args, &source, state, &fields, &err) ? exh_make_image(args, "acquire", &source, &fields, state) : exh_tell_error(args, &err);
    exh_fields_close(&fields);
    exh_source_done(&source);
    return code;
}

/* The image whose partial there is: as it was named, or as the first run completed the name. */
static char *partial_of(const char *image)
{
    static const char *const ends[] = {"", ".E01", ".001", ".iso"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char *name = exh_text_format("%s%s", image, ends[i]);
        if (name == NULL || exh_stage_exists(name))
            return name;
        free(name);
    }
    return NULL;
}

static enum exh_exit nothing_to_resume(struct exh_args *args, const char *image)
{
    struct exh_error err;
    struct stat st;
    exh_error_clear(&err);
    if (stat(image, &st) == 0 && S_ISREG(st.st_mode)) {
        exh_say(args, "exhibit: %s is finished: there is nothing to resume", image);
        exh_answer(args, json_pack("{s:b,s:o}", "finished", 1, "file", exh_record_text(image)));
        return EXH_EXIT_DONE;
    }
    (void)exh_fail(&err, EXH_NOT_FOUND, EXH_NO_OFFSET, "%s.partial does not exist: there is nothing to resume, and no source was named to begin with",
                   image);
    return exh_tell_error(args, &err);
}

/* A folder without a state is of a run that was killed before its first read, or after its last word: the image then stands in its place. */
static bool clear_stateless(const char *image, struct exh_error *err)
{
    struct exh_stage *stage = exh_stage_left(image, err);
    if (stage == NULL)
        return false;
    exh_stage_clear(stage);
    exh_stage_close(stage);
    return !exh_stage_exists(image) ||
           exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s.partial/ does not say what was asked for, and holds files that are none of ours to remove",
                    image);
}

static bool image_stands(const char *image)
{
    struct stat st;
    return stat(image, &st) == 0 && S_ISREG(st.st_mode);
}

static enum exh_exit begin_again(struct exh_args *args, const char *image)
{
    struct exh_error err;
    exh_error_clear(&err);
    if (!clear_stateless(image, &err))
        return exh_tell_error(args, &err);
    if (image_stands(image))
        return nothing_to_resume(args, image);
    exh_say(args, "exhibit: %s.partial held nothing yet: a fresh acquisition begins", image);
    return acquire(args, NULL);
}

/* The state of the acquisition that left this partial. */
static bool read_state(const char *image, struct exh_partial_state *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    if (exh_conversion_is(image))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "%s.partial/ is of a conversion, not of an acquisition: convert begins it again", image);
    return exh_partial_state_read(image, out, err);
}

static enum exh_exit resume(struct exh_args *args)
{
    struct exh_partial_state state;
    struct exh_error err;
    exh_error_clear(&err);
    const char *given = exh_arg(args, "-o") != NULL ? exh_arg(args, "-o") : exh_operand(args, 0);
    char *image = partial_of(given);
    if (image == NULL && (image_stands(given) || exh_arg(args, "-o") == NULL))
        return nothing_to_resume(args, given);
    if (image == NULL) {
        exh_say(args, "exhibit: there is no %s.partial: a fresh acquisition begins", given);
        return acquire(args, NULL);
    }
    bool known = read_state(image, &state, &err);
    if (!known && err.code == EXH_NOT_FOUND && (image_stands(image) || exh_arg(args, "-o") != NULL)) {
        enum exh_exit done = begin_again(args, image);
        free(image);
        return done;
    }
    bool ok = known && exh_partial_state_apply(&state, args, image, &err);
    enum exh_exit code = ok ? acquire(args, &state) : exh_tell_error(args, &err);
    exh_partial_state_close(&state);
    free(image);
    return code;
}

static enum exh_exit acquire_run(struct exh_args *args)
{
    struct exh_error err;
    exh_error_clear(&err);
    bool resumes = exh_arg(args, "--resume") != NULL;
    if (resumes && strcmp(exh_operand(args, 0), "-") == 0)
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "standard input cannot be resumed: what it gave is gone");
    else if (exh_operand_count(args) > 1 && (!resumes || exh_arg(args, "-o") != NULL))
        (void)exh_fail(&err, EXH_USAGE, EXH_NO_OFFSET, "one source at a time; only acquire --resume IMAGE SOURCE names two");
    else if (exh_operand_count(args) == 1 || exh_partial_state_name_source(args, &err))
        return resumes ? resume(args) : acquire(args, NULL);
    return exh_tell_error(args, &err);
}

static const struct exh_option acquire_options[] = {EXH_IMAGE_OPTIONS, EXH_RESCUE_OPTIONS, EXH_CASE_OPTIONS, {0}};

extern const struct exh_command exh_command_acquire;
const struct exh_command exh_command_acquire = {
    .name = "acquire",
    .operands = "SOURCE -o IMAGE | --resume IMAGE [SOURCE]",
    .summary = "image a block device, NBD export, file or standard input (-), read it back, record it",
    .options = acquire_options,
    .least_operands = 1,
    .most_operands = 2,
    .run = acquire_run,
    .notes =
        "The source is opened read-only. A device that fails is read in passes: copy, copy backward, sweep, trim, scrape, retry; what cannot be\n"
        "read is narrowed down to single sectors, filled, counted and listed (exit status 3), and IMAGE.map tells it in ddrescue's syntax.\n"
        "Nothing appears under the image's name before it has been read back and matches. A run that is cut (device gone, disk full,\n"
        "interrupt, power) leaves IMAGE.partial/, and acquire --resume IMAGE goes on after it has proven that what is there is what was\n"
        "written, and that the medium is the same."};
