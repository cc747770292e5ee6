/* rescue_options.c - options of failing media to plan. See rescue_options.h. */
#include "report/cli/rescue_options.h"

#include <unistd.h>

#include "formats/disk/raw.h"
#include "formats/model/text.h"

#define SAVE_SECONDS 30u
#define RETRIES_MAX 1000u

static bool number(const struct exh_args *args, const char *name, uint64_t most, uint64_t *out, struct exh_error *err)
{
    const char *text = exh_arg(args, name);
    return text == NULL || (exh_text_u64(text, out) && *out <= most) ||
           exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "%s %s is not a number up to %llu", name, text, (unsigned long long)most);
}

static bool skip_sizes(const char *text, struct exh_pass_policy *policy, struct exh_error *err)
{
    char first[32] = "";
    if (text == NULL)
        return true;
    const char *comma = strchr(text, ',');
    size_t length = comma != NULL ? (size_t)(comma - text) : strlen(text);
    if (length < sizeof first)
        memcpy(first, text, length);
    bool ok = length < sizeof first && exh_text_size(first, &policy->skip_min_bytes) &&
              (comma == NULL || exh_text_size(comma + 1, &policy->skip_max_bytes));
    if (ok && policy->skip_min_bytes == 0)
        policy->skip_max_bytes = 1; /* never skip */
    else if (ok && comma == NULL)
        policy->skip_max_bytes = policy->skip_min_bytes > (1u << 30) ? policy->skip_min_bytes : 1u << 30;
    return (ok && policy->skip_max_bytes >= policy->skip_min_bytes) ||
           exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--skip-size %s is not MIN or MIN,MAX: sizes like 64K,100M", text);
}

static bool fill_pattern(const char *text, struct exh_rescue *out, struct exh_plan *plan, struct exh_error *err)
{
    if (text == NULL || strcmp(text, "zeros") == 0)
        return true;
    const char *value = strchr(text, ':');
    size_t length = value != NULL ? strlen(++value) : 0;
    bool hex = strncmp(text, "hex:", 4) == 0, words = strncmp(text, "text:", 5) == 0;
    if (hex && length % 2 == 0 && length / 2 <= sizeof out->fill && length > 0 && exh_text_unhex(value, out->fill, length / 2))
        plan->fill_length = length / 2;
    else if (words && length > 0 && length <= sizeof out->fill) {
        memcpy(out->fill, value, length);
        plan->fill_length = length;
    } else {
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--fill is zeros, text:WORDS or hex:BYTES, at most %zu bytes", sizeof out->fill);
    }
    plan->fill = out->fill;
    return true;
}

static bool folders(const struct exh_args *args, struct exh_rescue *out, struct exh_error *err)
{
    for (size_t i = 0; i < exh_arg_count(args, "--continue-in"); i++)
        if (!exh_names_add(&out->folders, exh_arg_at(args, "--continue-in", i), err))
            return false;
    return true;
}

/* What an earlier run had from it is kept without it. */
static bool absent(const struct exh_plan *plan, const char *path)
{
    bool gone = path != NULL && access(path, F_OK) != 0;
    if (gone)
        exh_watch_warn(plan->watch, "%s is not there any more: what was not taken over from it is read from the medium", path);
    return gone;
}

/* Only a medium that is read in passes has use for a map. */
static bool given_map(const struct exh_args *args, struct exh_rescue *out, struct exh_plan *plan, struct exh_error *err)
{
    const char *image = exh_arg(args, "--rescued");
    plan->map_path = exh_arg(args, "--map");
    if (image != NULL && plan->map_path == NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--rescued needs the map that goes with it: --map");
    if (plan->resume && (absent(plan, plan->map_path) || absent(plan, image))) {
        plan->map_path = NULL;
        return true;
    }
    if (plan->map_path != NULL && (!plan->medium->failing || plan->one_pass))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--map is for a device that is read in passes");
    if (image == NULL)
        return true;
    if (exh_arg(args, "--start") != NULL || exh_arg(args, "--count") != NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--rescued is of a whole medium: not with --start or --count");
    struct exh_open options = {.path = image, .sector_bytes = plan->medium->layout->tracks[0].main_bytes};
    return exh_image_open(image, &exh_format_raw, &options, &out->rescued, err) && ((plan->rescued = out->rescued), true);
}

bool exh_rescue_plan(const struct exh_args *args, struct exh_rescue *out, struct exh_plan *plan, struct exh_error *err)
{
    struct exh_pass_policy *policy = &plan->policy;
    const char *rate = exh_arg(args, "--min-rate");
    uint64_t retries = 0, save = SAVE_SECONDS;
    if (!number(args, "--retries", RETRIES_MAX, &retries, err) || !number(args, "--max-errors", UINT64_MAX, &policy->max_errors, err) ||
        !number(args, "--save-every", 86400, &save, err) || !skip_sizes(exh_arg(args, "--skip-size"), policy, err) ||
        !fill_pattern(exh_arg(args, "--fill"), out, plan, err) || !folders(args, out, err))
        return false;
    if (rate != NULL && !exh_text_size(rate, &policy->min_rate))
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "--min-rate %s is not a size: a number with K, M or G", rate);
    policy->retries = (uint32_t)retries;
    policy->reverse = exh_arg(args, "--reverse") != NULL;
    policy->no_scrape = exh_arg(args, "--no-scrape") != NULL;
    plan->save_seconds = (unsigned)save;
    plan->one_pass = exh_arg(args, "--one-pass") != NULL;
    plan->continue_in = &out->folders;
    return given_map(args, out, plan, err);
}

void exh_rescue_describe(const struct exh_plan *plan, char *out, size_t room)
{
    const struct exh_pass_policy *p = &plan->policy;
    char limits[120] = "";
    if (plan->one_pass) {
        (void)snprintf(out, room, "one thorough pass, down to single sectors");
        return;
    }
    if (p->max_errors > 0 || p->min_rate > 0)
        (void)snprintf(limits, sizeof limits, "; at most %llu failed areas; at least %llu bytes a second (0: no limit)",
                       (unsigned long long)p->max_errors, (unsigned long long)p->min_rate);
    (void)snprintf(out, room, "one stream to the first trouble, then copy%s, copy back, sweep, trim%s, %u retr%s%s",
                   p->reverse ? " (from the end)" : "", p->no_scrape ? ", no scrape" : ", scrape", p->retries, p->retries == 1 ? "y" : "ies", limits);
}

void exh_rescue_close(struct exh_rescue *rescue)
{
    exh_names_close(&rescue->folders);
    exh_medium_close(rescue->rescued);
}
