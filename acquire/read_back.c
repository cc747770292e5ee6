/* read_back.c - the staged image, past the page cache, against what was read. See run.h. */
#include <fcntl.h>

#include "acquire/run.h"
#include "formats/container/source_file.h"

static bool lost(struct exh_error *err, const char *file, const char *detail)
{
    (void)exh_fail(err, EXH_LOST, EXH_NO_OFFSET, "the copy does not hold what was read: %s", detail);
    (void)exh_in_file(err, file);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* ---- an image that counts its sectors, or parts its tracks, otherwise than the medium did ---- */

static bool same_numbers(const struct exh_layout *a, const struct exh_layout *b)
{
    bool same = a->track_count == b->track_count;
    for (uint32_t i = 0; same && i < a->track_count; i++)
        same = a->tracks[i].number == b->tracks[i].number && a->tracks[i].first == b->tracks[i].first &&
               a->tracks[i].sectors == b->tracks[i].sectors && a->tracks[i].stored_pregap == b->tracks[i].stored_pregap &&
               a->tracks[i].main_bytes == b->tracks[i].main_bytes && a->tracks[i].sub_bytes == b->tracks[i].sub_bytes &&
               a->tracks[i].kind == b->tracks[i].kind;
    return same;
}

/* The unreadable ranges by their place in the media stream, which is the same in both. */
static bool renumber_ranges(struct exh_run *run, const struct exh_layout *image, struct exh_error *err)
{
    const struct exh_layout *medium = &run->out->layout;
    const struct exh_sectors *lost = &run->out->seal.unreadable;
    if (exh_layout_sectors(medium) != exh_layout_sectors(image))
        return lost->count == 0 || exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET,
                                            "%llu sectors were read and the image has %llu: where the unreadable ones lie cannot be told",
                                            (unsigned long long)exh_layout_sectors(medium), (unsigned long long)exh_layout_sectors(image));
    for (size_t i = 0; i < lost->count; i++)
        for (uint64_t k = 0; k < lost->ranges[i].count; k++) {
            uint64_t place = exh_layout_sectors_before(medium, lost->ranges[i].lba + (int64_t)k);
            if (!exh_sectors_mark(&run->unreadable, exh_layout_nth_sector(image, place), 1, lost->ranges[i].state, err))
                return false;
        }
    return true;
}

static bool note_numbers(struct exh_run *run, const struct exh_medium *staged, struct exh_error *err)
{
    run->renumbered = !same_numbers(staged->layout, &run->out->layout);
    return !run->renumbered || renumber_ranges(run, staged->layout, err);
}

/* Digests, fields and unreadable ranges that the staged image states of itself, against what was meant. */
static bool check_stored(const struct exh_run *run, const struct exh_medium *staged, struct exh_error *err)
{
    static const char *const kept[] = {"case", "exhibit", "examiner", "description", "notes"};
    const struct exh_seal *said = staged->seal, *meant = &run->out->seal;
    const struct exh_sectors *lost_sectors = run->renumbered ? &run->unreadable : &meant->unreadable;
    if (said == NULL)
        return true;
    for (size_t i = 0; i < said->digests.count; i++) {
        const struct exh_digest_value *v = &said->digests.items[i], *ours = exh_digests_find(&meant->digests, v->scope, v->algorithm);
        if (ours == NULL || ours->length != v->length || memcmp(ours->bytes, v->bytes, v->length) != 0)
            return lost(err, run->plan->image, "the digest stored in it is not the one that was computed");
    }
    for (size_t i = 0; (run->sink->can & EXH_SINK_KEEPS_FIELDS) != 0 && i < sizeof kept / sizeof kept[0]; i++) {
        const char *want = exh_fields_get(&meant->fields, kept[i]), *have = exh_fields_get(&said->fields, kept[i]);
        if (strcmp(want != NULL ? want : "", have != NULL ? have : "") != 0)
            return exh_context((lost(err, run->plan->image, "a case field reads back otherwise than it was given"), err), "%s", kept[i]);
    }
    for (size_t i = 0; (run->sink->can & EXH_SINK_KEEPS_STATES) != 0 && i < lost_sectors->count; i++) {
        const struct exh_range *want = &lost_sectors->ranges[i], *have = exh_sectors_find(&said->unreadable, want->lba);
        bool representable = want->lba >= 0 && (uint64_t)want->lba + want->count <= UINT32_MAX; /* EWF's error2 holds 32 bits */
        if (representable && (have == NULL || have->lba > want->lba || have->lba + (int64_t)have->count < want->lba + (int64_t)want->count))
            return lost(err, run->plan->image, "its list of unreadable sectors lacks one");
    }
    return true;
}

/* Said of the file systems in the sectors, not of the image that holds them: a truncated disc makes a faithful image of a truncated disc. */
static bool is_of_content(const struct exh_finding *f)
{
    return strcmp(f->outcome, "damaged") == 0 && (strcmp(f->check, "volume") == 0 || strcmp(f->check, "volume-size") == 0);
}

static bool judge_read_back(const struct exh_run *run, const struct exh_verify_result *found, struct exh_error *err)
{
    if (found->verdict == EXH_MATCH && found->unread_now == 0)
        return true;
    bool content = false, match = false;
    for (size_t i = 0; i < found->findings.count; i++) {
        const struct exh_finding *f = &found->findings.items[i];
        content = content || is_of_content(f);
        match = match || strcmp(f->outcome, "match") == 0;
        if (is_of_content(f))
            continue;
        if (strcmp(f->outcome, "mismatch") == 0 || strcmp(f->outcome, "damaged") == 0 || strcmp(f->outcome, "unreadable") == 0)
            return lost(err, f->file[0] != '\0' ? f->file : run->plan->image, f->detail);
    }
    return (found->verdict == EXH_DAMAGED && content && match && found->unread_now == 0) ||
           lost(err, run->plan->image, exh_verdict_name(found->verdict));
}

/* The staged image was written by us and sealed: whatever is wrong with its bytes now, the destination did it. */
static bool blame_destination(struct exh_error *err)
{
    switch (err->code) {
    case EXH_NOT_THIS_FORMAT:
    case EXH_CORRUPT:
    case EXH_UNSUPPORTED:
    case EXH_LIMIT:
    case EXH_GONE: err->code = EXH_LOST; break;
    case EXH_CANCELLED: return false;
    default: break;
    }
    err->side = EXH_SIDE_DESTINATION;
    return exh_context(err, "the image cannot be read back");
}

/* How the staged file can be read without the page cache answering for the disk. */
static const char *read_back_method(const char *path, struct exh_error *err)
{
    struct exh_source_file_options options = {.folder = AT_FDCWD, .past_cache = true};
    struct exh_source *source = exh_source_file_open(path, &options, err);
    if (source == NULL)
        return NULL;
    bool direct = exh_source_file_cache(source) == EXH_CACHE_BYPASSED;
    exh_source_close(source);
    return direct ? "direct" : "cache dropped";
}

/* What the staged image is held to. A fill pattern is not in the chunk digests, and those of other numbers are others: only the digests of the media
 * stream hold the image then. The caller frees the list of digests, not what is in the seal. */
static bool meant_of(const struct exh_run *run, struct exh_seal *out, struct exh_error *err)
{
    const struct exh_seal *meant = &run->out->seal;
    bool streams = meant->filled || run->renumbered;
    *out = (struct exh_seal){.unreadable = run->renumbered ? run->unreadable : meant->unreadable, .filled = meant->filled};
    if (!run->renumbered)
        out->chunks = meant->chunks;
    for (size_t i = 0; streams && i < meant->digests.count; i++) {
        const struct exh_digest_value *v = &meant->digests.items[i];
        if ((strcmp(v->scope, "media") == 0 || strcmp(v->scope, "padded") == 0) && !exh_digests_add(&out->digests, v, err))
            return false;
    }
    return !run->renumbered || out->digests.count > 0 ||
           exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the image counts its sectors otherwise than the medium: it can be read back only with a --hash");
}

static bool keep_track_digests(const struct exh_digests *from, struct exh_digests *to, struct exh_error *err)
{
    for (size_t i = 0; i < from->count; i++)
        if (strncmp(from->items[i].scope, "track:", 6) == 0 && !exh_digests_add(to, &from->items[i], err))
            return false;
    return true;
}

static bool verify_staged(struct exh_run *run, struct exh_medium *staged, struct exh_error *err)
{
    struct exh_seal all;
    bool ok = note_numbers(run, staged, err) && meant_of(run, &all, err);
    if (!ok)
        return false;
    const struct exh_claim claim = {.basis = EXH_BASIS_THIS_RUN, .seal = &all, .layout = &run->out->layout, .who = "this run"};
    struct exh_verify verify = {.medium = staged,
                                .claims = &claim,
                                .claim_count = 1,
                                .chunk_sectors = run->renumbered ? run->out->seal.chunks.sectors : 0,
                                .algorithms = run->plan->algorithms,
                                .algorithm_count = run->renumbered ? run->plan->algorithm_count : 0,
                                .skip_stored = true,
                                .phase = "read back",
                                .watch = run->plan->watch,
                                .threads = run->plan->threads};
    struct exh_verify_result found;
    ok = exh_verify_run(&verify, &found, err) ? judge_read_back(run, &found, err) : blame_destination(err);
    if (ok && run->renumbered) {
        run->chunks = found.found.chunks; /* taken over: of bytes that were just proven */
        memset(&found.found.chunks, 0, sizeof found.found.chunks);
        ok = keep_track_digests(&found.found.digests, &run->track_digests, err);
    }
    exh_verify_result_close(&found);
    free(all.digests.items);
    return ok && check_stored(run, staged, err);
}

static bool open_staged(struct exh_run *run, const char *path, struct exh_medium **staged, struct exh_error *err)
{
    struct exh_open options = {.past_cache = true, .sector_bytes = run->out->layout.tracks[0].main_bytes, .folders = exh_stage_joined(run->stage)};
    return exh_image_open(path, run->plan->format, &options, staged, err) || blame_destination(err);
}

bool exh_run_read_back(struct exh_run *run, struct exh_error *err)
{
    struct exh_medium *staged = NULL;
    char *path = exh_run_staged(run, run->sink->files.items[0]);
    bool ok = path != NULL || exh_nomem(err, "a path");
    ok = ok && (run->out->read_back = read_back_method(path, err)) != NULL && open_staged(run, path, &staged, err) && verify_staged(run, staged, err);
    exh_medium_close(staged);
    free(path);
    if (ok)
        run->out->verification = EXH_MATCH;
    return ok;
}

/* The digests of the medium's tracks stay, but as the source's own: the image has other tracks. */
static bool take_track_digests(struct exh_run *run, struct exh_error *err)
{
    struct exh_digests *all = &run->out->seal.digests;
    size_t kept = 0;
    if (!keep_track_digests(all, &run->out->source_digests, err))
        return false;
    for (size_t i = 0; i < all->count; i++)
        if (strncmp(all->items[i].scope, "track:", 6) != 0)
            all->items[kept++] = all->items[i];
    all->count = kept;
    return keep_track_digests(&run->track_digests, all, err);
}

/* The image's layout, and a copy of what it knows of the disc, for the result to keep. */
static bool take_numbers(struct exh_run *run, const struct exh_medium *staged, struct exh_error *err)
{
    struct exh_acquire_result *out = run->out;
    out->layout = *staged->layout;
    out->layout.disc = NULL;
    exh_sectors_close(&out->seal.unreadable);
    free(out->seal.chunks.items);
    out->seal.unreadable = run->unreadable;
    out->seal.chunks = run->chunks;
    memset(&run->unreadable, 0, sizeof run->unreadable);
    memset(&run->chunks, 0, sizeof run->chunks);
    if (!take_track_digests(run, err))
        return false;
    if (staged->layout->disc == NULL)
        return true;
    out->layout.disc = &out->disc;
    return exh_disc_copy(&out->disc, staged->layout->disc, err);
}

bool exh_run_renumber(struct exh_run *run, struct exh_error *err)
{
    if (!run->renumbered && run->out->layout.kind == EXH_LAYOUT_DISK)
        return true; /* a disk is counted alike everywhere, and so is what was read back and found to be */
    struct exh_medium *staged = NULL;
    char *path = exh_run_staged(run, run->sink->files.items[0]);
    bool ok = (path != NULL || exh_nomem(err, "a path")) && open_staged(run, path, &staged, err) &&
              (run->plan->verify_image || note_numbers(run, staged, err)) && (!run->renumbered || take_numbers(run, staged, err));
    exh_medium_close(staged);
    free(path);
    return ok;
}
