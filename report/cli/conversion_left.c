/* conversion_left.c - the mark of a conversion, and what becomes of a folder that bears it. See conversion_left.h. */
#include "report/cli/conversion_left.h"

#include <unistd.h>

#include "formats/model/text.h"
#include "report/ledger/record.h"

bool exh_conversion_mark(struct exh_stage *stage, const struct exh_opened *source, const struct exh_recording *recording, struct exh_error *err)
{
    json_t *json = json_pack("{s:i,s:s,s:o,s:o,s:s,s:I,s:s}", "v", 1, "program", "exhibit " EXH_VERSION, "image",
                             exh_record_text(exh_stage_name(stage)), "source", exh_record_text(source->path), "operation", recording->operation,
                             "begin_seq", (json_int_t)recording->begin_seq, "started", recording->started);
    char *text = json != NULL ? json_dumps(json, JSON_INDENT(1)) : NULL;
    bool ok = text != NULL ? exh_stage_keep(stage, EXH_STAGE_CONVERSION, text, err) : exh_nomem(err, "the mark of a conversion");
    free(text);
    json_decref(json);
    return ok;
}

/* The mark of this image's folder, or NULL: it has none, or none that is ours. */
static json_t *mark_of(const char *image)
{
    struct exh_error ignored;
    char *text = NULL;
    exh_error_clear(&ignored);
    json_t *json = exh_stage_read(image, EXH_STAGE_CONVERSION, &text, &ignored) ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(text);
    json_t *name = exh_record_text(exh_text_base(image));
    bool ours = json_integer_value(json_object_get(json, "v")) == 1 && json_equal(json_object_get(json, "image"), name) &&
                json_string_value(json_object_get(json, "source")) != NULL && json_string_value(json_object_get(json, "started")) != NULL;
    json_decref(name);
    if (ours)
        return json;
    json_decref(json);
    return NULL;
}

bool exh_conversion_is(const char *image)
{
    json_t *mark = mark_of(image);
    bool yes = mark != NULL;
    json_decref(mark);
    return yes;
}

/* What is half made of an image can be opened, too, and be converted: to the very name it was to have. */
static bool refuse_source(const struct exh_stage *left, const struct exh_opened *source, struct exh_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < source->marks.count; i++)
        if (exh_stage_holds(left, source->marks.items[i].path))
            ok = exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET,
                          "%s is to be read, and lies in the folder that was to be removed: move it out, or give another name",
                          source->marks.items[i].path);
    return ok;
}

static bool replace(const struct exh_args *args, const char *image, struct exh_stage *left, const json_t *mark, struct exh_error *err)
{
    struct exh_error taken;
    exh_error_clear(&taken);
    if (!exh_stage_vacant(left, exh_stage_name(left), &taken)) {
        /* Cut when it was done, or somebody's file: exh_stage_open says that it is there. What is half made beside it is not ours to judge. */
        if (exh_stage_bare(left)) {
            exh_stage_clear(left);
            exh_say(args, "exhibit: %s.partial was left by a conversion that was cut and held nothing of it any more: it is removed", image);
        }
        return true;
    }
    if (!exh_stage_discard(left, err))
        return exh_context(err, "a conversion that was cut has left this");
    exh_say(args, "exhibit: %s.partial was left by a conversion of %s that was cut (begun %s): it is removed, and the conversion begins again", image,
            json_string_value(json_object_get(mark, "source")), json_string_value(json_object_get(mark, "started")));
    return true;
}

bool exh_conversion_replace(const struct exh_args *args, const char *image, const struct exh_opened *source, struct exh_error *err)
{
    struct exh_error ignored;
    exh_error_clear(&ignored);
    struct exh_stage *left = exh_stage_exists(image) ? exh_stage_left(image, &ignored) : NULL;
    if (left == NULL)
        return true;               /* nothing there, or a run is at it, or it may not be looked at */
    json_t *mark = mark_of(image); /* under the lock */
    if (mark == NULL)
        exh_stage_unkept(left, EXH_STAGE_CONVERSION);
    bool ok = mark == NULL || (refuse_source(left, source, err) && replace(args, image, left, mark, err));
    json_decref(mark);
    exh_stage_close(left); /* which also removes an empty folder, of a run that was killed before it had marked it */
    return ok;
}
