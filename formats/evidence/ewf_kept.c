/* ewf_kept.c - takes over the closed segments of an interrupted E01. See ewf_kept.h. */
#include "formats/evidence/ewf_kept.h"

#include "formats/container/siblings.h"
#include "formats/evidence/ewf_fields.h"
#include "formats/evidence/ewf_set.h"
#include "formats/evidence/ewf_staged.h"
#include "formats/model/text.h"

static bool refuse(const struct exh_ewf_set *set, const char *what, struct exh_error *err)
{
    (void)exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "the segments that are there belong to another acquisition: %s", what);
    return exh_in_file(err, exh_ewf_file_of(set, 0));
}

static bool same_volume(const struct exh_ewf_set *set, const struct exh_ewf_volume *meant, struct exh_error *err)
{
    const struct exh_ewf_volume *held = &set->volume;
    if (memcmp(held->guid, meant->guid, sizeof held->guid) != 0)
        return refuse(set, "another set GUID", err);
    if (held->sectors != meant->sectors || held->sector_bytes != meant->sector_bytes || held->chunk_sectors != meant->chunk_sectors ||
        held->chunks != meant->chunks)
        return refuse(set, "another number or size of sectors", err);
    if (held->media_type != meant->media_type || held->flags != meant->flags || held->compression != meant->compression ||
        held->granularity != meant->granularity)
        return refuse(set, "another media type, flags or compression", err);
    return true;
}

/* The case data must be the same; which program wrote it, on which system, and when it began, is taken from what is there. */
static bool same_case(const struct exh_ewf_set *set, const struct exh_create *create, struct exh_error *err)
{
    for (const struct exh_ewf_key *k = exh_ewf_keys; k->key != NULL; k++) {
        const char *held = exh_fields_get(&set->seal.fields, k->key), *meant = create->fields != NULL ? exh_fields_get(create->fields, k->key) : NULL;
        if (strncmp(k->key, "ewf_", 4) != 0 && strcmp(held != NULL ? held : "", meant != NULL ? meant : "") != 0)
            return refuse(set, k->key, err);
    }
    return true;
}

static bool take_header(const struct exh_ewf_set *set, struct exh_ewf_kept *out, struct exh_error *err)
{
    const char *program = exh_fields_get(&set->seal.fields, "ewf_program"), *platform = exh_fields_get(&set->seal.fields, "ewf_platform");
    const char *time = exh_fields_get(&set->seal.fields, "ewf_acquired");
    if (time == NULL || !exh_text_u64(time, &out->unix_time))
        return refuse(set, "no time of acquisition", err);
    out->program = exh_text_copy(program != NULL ? program : "", program != NULL ? strlen(program) : 0);
    out->platform = exh_text_copy(platform != NULL ? platform : "", platform != NULL ? strlen(platform) : 0);
    return (out->program != NULL && out->platform != NULL) || exh_nomem(err, "a header value");
}

static bool list_files(const struct exh_ewf_set *set, const struct exh_create *create, struct exh_ewf_kept *out, struct exh_error *err)
{
    for (uint32_t i = 0; i < out->segments; i++) {
        const char *path = set->paths.items[i], *name = exh_text_base(path);
        char *own = exh_text_format("%s/%s", create->folder, name);
        bool ok = own != NULL ? exh_names_add(&out->files, strcmp(own, path) == 0 ? name : path, err) : exh_nomem(err, "a path");
        free(own);
        if (!ok)
            return false;
    }
    return true;
}

/* How many of the closed segments hold exactly the sectors to go on from. */
static bool count_segments(const struct exh_ewf_set *set, uint64_t sectors, struct exh_ewf_kept *out, struct exh_error *err)
{
    uint64_t below = 0;
    for (size_t n = 1; n <= set->segment_count; n++) {
        uint64_t held = exh_ewf_set_sectors(set, n);
        if (held == sectors) {
            out->segments = (uint32_t)n;
            return true;
        }
        if (held > sectors)
            return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "no segment ends at sector %llu: one ends at %llu, the next at %llu",
                            (unsigned long long)sectors, (unsigned long long)below, (unsigned long long)held);
        below = held;
    }
    return exh_fail(err, EXH_NOT_FOUND, EXH_NO_OFFSET, "the closed segments that are there hold %llu sectors, not %llu", (unsigned long long)below,
                    (unsigned long long)sectors);
}

static bool take_set(const struct exh_ewf_set *set, const struct exh_create *create, const struct exh_ewf_volume *meant, struct exh_ewf_kept *out,
                     struct exh_error *err)
{
    return (set->segment_count == 0 || same_volume(set, meant, err)) && count_segments(set, create->resume_sectors, out, err) &&
           same_case(set, create, err) && take_header(set, out, err) && list_files(set, create, out, err);
}

static bool find(const struct exh_create *create, const char *first, const struct exh_ewf_volume *meant, struct exh_ewf_kept *out,
                 struct exh_error *err)
{
    struct exh_ewf_set set = {0};
    char *path = exh_text_format("%s/%s", create->folder, first);
    struct exh_siblings *siblings = path != NULL ? exh_siblings_across(path, create->folders, err) : NULL;
    struct exh_source *source = siblings != NULL ? exh_siblings_open(siblings, first, false, false, err) : NULL;
    struct exh_open options = {.siblings = siblings, .path = path};
    bool ok = path != NULL ? source != NULL : exh_nomem(err, "a path");
    ok = ok && exh_ewf_set_open_closed(&set, source, &options, err) && take_set(&set, create, meant, out, err);
    exh_ewf_set_close(&set);
    exh_source_close(source);
    exh_siblings_close(siblings);
    free(path);
    return ok;
}

bool exh_ewf_kept_take(const struct exh_create *create, const char *first, const struct exh_ewf_volume *meant, struct exh_ewf_kept *out,
                       struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    bool ok =
        (create->resume_sectors == 0 || find(create, first, meant, out, err)) && exh_ewf_staged_remove(create->folder, first, out->segments + 1, err);
    for (size_t i = 0; ok && create->folders != NULL && i < create->folders->count; i++)
        ok = exh_ewf_staged_remove(create->folders->items[i], first, out->segments + 1, err);
    return ok;
}

void exh_ewf_kept_close(struct exh_ewf_kept *kept)
{
    exh_names_close(&kept->files);
    free(kept->program);
    free(kept->platform);
    memset(kept, 0, sizeof *kept);
}
