/* raw.c - a raw image: the medium's bytes and nothing else, in one file or in numbered parts.
 * There is no container, so nothing can be checked inside it: only a digest from elsewhere can speak for it. */
#include "formats/container/siblings.h"
#include "formats/container/source_file.h"
#include "formats/container/source_split.h"
#include "formats/disk/raw.h"
#include "formats/model/text.h"

struct raw_medium {
    struct exh_medium medium;
    struct exh_source *source;
    struct exh_layout layout;
    struct exh_names files;
    bool uneven;
};

/* Narrows a failed read to single sectors: a sector of which any byte fails is BAD, its neighbours are kept. */
static bool read_singly(struct raw_medium *r, const struct exh_want *want, struct exh_block *out, uint32_t from, struct exh_faults *faults,
                        struct exh_error *err)
{
    uint32_t size = want->track->main_bytes;
    for (uint32_t i = from; i < want->count; i++) {
        struct exh_error why;
        exh_error_clear(&why);
        size_t bytes = (size_t)exh_track_bytes(want->track, want->lba + i, 1);
        uint8_t *at = out->main + (size_t)i * size;
        if (exh_source_read_some(r->source, (uint64_t)(want->lba + i) * size, at, bytes, &why) == bytes) {
            out->state[i] = EXH_GOOD;
            continue;
        }
        if (why.code == EXH_GONE || why.code == EXH_NOMEM) {
            *err = why;
            return false;
        }
        out->state[i] = EXH_BAD;
        if (!exh_faults_add(faults, &(struct exh_fault){.lba = want->lba + i, .count = 1, .sys = why.sys, .attempt = 1}, err))
            return false;
    }
    return true;
}

static bool raw_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                     struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch;
    struct raw_medium *r = (struct raw_medium *)medium;
    uint32_t size = want->track->main_bytes;
    uint64_t offset = (uint64_t)want->lba * size, bytes = exh_track_bytes(want->track, want->lba, want->count);
    if (exh_source_next_data(r->source, offset) >= offset + bytes) {
        out->kind = EXH_BLOCK_UNALLOCATED;
        return true;
    }
    struct exh_error why;
    exh_error_clear(&why);
    size_t good = exh_source_read_some(r->source, offset, out->main, (size_t)bytes, &why);
    uint32_t whole = good == bytes ? want->count : (uint32_t)(good / size);
    memset(out->state, EXH_GOOD, whole);
    if (good == bytes)
        return true;
    if (why.code == EXH_GONE || why.code == EXH_NOMEM) {
        *err = why;
        return false;
    }
    struct exh_fault fault = {.lba = want->lba + whole, .count = want->count - whole, .sys = why.sys, .attempt = 1};
    if (want->effort == EXH_ONCE)
        return exh_faults_add(faults, &fault, err);
    return read_singly(r, want, out, whole, faults, err);
}

static bool raw_inspect(struct exh_medium *medium, struct exh_inspection *in, struct exh_error *err)
{
    const struct raw_medium *r = (const struct raw_medium *)medium;
    if (!exh_inspection_fact(in, r->source->name, EXH_NO_OFFSET, "files", err, "%zu", r->files.count))
        return false;
    return !r->uneven || exh_inspection_remark(in, "part-sizes", EXH_WARNS, r->source->name, EXH_NO_OFFSET, err,
                                               "the parts of the split image differ in size; usually only the last one does");
}

static void raw_close(struct exh_medium *medium)
{
    struct raw_medium *r = (struct raw_medium *)medium;
    exh_source_close(r->source);
    exh_names_close(&r->files);
    free(r);
}

static uint64_t raw_hole(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_track *track, int64_t lba, uint64_t most)
{
    (void)scratch;
    struct raw_medium *r = (struct raw_medium *)medium;
    uint64_t size = track->main_bytes, offset = (uint64_t)lba * size, data = exh_source_next_data(r->source, offset);
    return data >= r->source->size ? most : (data - offset) / size;
}

static const struct exh_medium_ops raw_ops = {.read = raw_read, .inspect = raw_inspect, .close = raw_close, .hole = raw_hole};

/* Replaces the one file by the whole set when its name is a part's. The caller's source is closed only when that worked. */
static bool join_parts(struct raw_medium *r, struct exh_source **source, const struct exh_open *options, struct exh_error *err)
{
    const char *base = exh_text_base(options->path != NULL ? options->path : (*source)->name);
    if (options->siblings == NULL || !exh_split_is_part(base))
        return exh_names_add(&r->files, options->path != NULL ? options->path : (*source)->name, err);
    r->source = exh_split_open(options->siblings, base, options->past_cache, &r->files, &r->uneven, err);
    return r->source != NULL;
}

static struct exh_medium *raw_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    struct raw_medium *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)exh_nomem(err, "a raw image");
        return NULL;
    }
    uint32_t sector = options->sector_bytes != 0 ? options->sector_bytes : 512;
    bool ok = join_parts(r, &source, options, err);
    if (ok) {
        exh_layout_disk(&r->layout, (r->source != NULL ? r->source : source)->size, sector);
        ok = exh_layout_check(&r->layout, err);
    }
    if (!ok) {
        exh_source_close(r->source);
        exh_names_close(&r->files);
        free(r);
        return NULL;
    }
    if (r->source != NULL)
        exh_source_close(source);
    else
        r->source = source;
    r->medium = (struct exh_medium){
        .ops = &raw_ops, .format = "raw", .layout = &r->layout, .files = &r->files, .concurrent = true, .verbatim = true, .unit_sectors = 1};
    return &r->medium;
}

struct exh_source *exh_raw_source(const struct exh_medium *medium) { return ((const struct raw_medium *)medium)->source; }

/* Nothing marks a raw image: it is the answer when no other format claims the file (format.c). */
static int raw_probe(const struct exh_peek *peek)
{
    (void)peek;
    return 0;
}

static const char *const raw_extensions[] = {".raw", ".dd", ".img", ".001", NULL};

const struct exh_format exh_format_raw = {.name = "raw",
                                          .title = "raw sectors, in one file or split (.001, .aa)",
                                          .extensions = raw_extensions,
                                          .probe = raw_probe,
                                          .open = raw_open,
                                          .create = exh_raw_create,
                                          .can = EXH_SINK_ANY_ORDER};
