/* ewf_read.c - E01 images as a medium. See ewf_read.h, ewf_set.h.
 *
 * A read goes table by table. The chunks of a run lie one behind the other in the file, so a run is one read of the file; each chunk is then
 * inflated straight into the block where the block wants it whole, else into the scratch, which keeps it for the next read. A chunk that
 * fails costs its own sectors and no others. */
#include "formats/evidence/ewf_read.h"

#include "formats/container/codec.h"
#include "formats/container/siblings.h"
#include "formats/evidence/ewf_inspect.h"
#include "formats/evidence/ewf_libewf.h"
#include "formats/evidence/ewf_set.h"
#include "formats/evidence/ewf_staged.h"
#include "formats/evidence/ewf_tracks.h"
#include "formats/evidence/ewf_write.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define RUN_BYTES_MAX ((4u << 20) + (64u << 10)) /* 4 MiB of uncompressed chunks with their checksums */
#define NO_CHUNK UINT64_MAX

struct ewf_medium {
    struct exh_medium medium;
    struct exh_ewf_set set;
    struct exh_source *given;
};

struct ewf_scratch {
    struct exh_scratch scratch;
    struct exh_inflater *inflater;
    struct exh_ewf_entries entries;
    size_t table;    /* whose entries these are, or table_count */
    bool table_dead; /* neither copy of it can be used */
    uint8_t *stored; /* a run as it lies in the file */
    size_t stored_room;
    uint8_t *chunk;  /* one decoded chunk */
    uint64_t cached; /* its number, or NO_CHUNK */
};

/* What one read works on. */
struct job {
    const struct exh_ewf_set *set;
    struct ewf_scratch *scratch;
    const struct exh_want *want;
    struct exh_block *out;
    struct exh_faults *faults;
};

/* ---- the part of a chunk that is wanted ---- */

struct part {
    uint64_t first, sectors; /* of the chunk */
    uint64_t from, to;       /* wanted: [from, to) */
};

static struct part part_of(const struct job *job, uint64_t chunk)
{
    const struct exh_ewf_volume *v = &job->set->volume;
    struct part p = {.first = chunk * v->chunk_sectors};
    p.sectors = v->sectors - p.first < v->chunk_sectors ? v->sectors - p.first : v->chunk_sectors;
    uint64_t lba = (uint64_t)job->want->lba, end = lba + job->want->count;
    p.from = lba > p.first ? lba : p.first;
    p.to = end < p.first + p.sectors ? end : p.first + p.sectors;
    return p;
}

static bool wanted_whole(const struct part *p) { return p->from == p->first && p->to == p->first + p->sectors; }

static uint8_t *place_of(const struct job *job, uint64_t lba)
{
    return job->out->main + (size_t)(lba - (uint64_t)job->want->lba) * job->set->volume.sector_bytes;
}

static uint64_t where(const struct ewf_scratch *s, uint32_t i) { return s->entries.where[i] >> 1; }

/* Where the chunk lies, when the table that holds it could be read. */
static void place_fault(const struct job *job, uint64_t chunk, struct exh_fault *fault)
{
    const struct ewf_scratch *s = job->scratch;
    const struct exh_ewf_table *t = s->table < job->set->table_count && !s->table_dead ? &job->set->tables[s->table] : NULL;
    if (t == NULL || chunk < t->first_chunk || chunk - t->first_chunk >= t->entries)
        return;
    fault->file = t->segment + 1;
    fault->at = where(s, (uint32_t)(chunk - t->first_chunk));
}

/* What could be read and fails its checksum, or is not there, the image has lost; what the file system could not read is another matter. */
static bool lose_part(const struct job *job, const struct part *p, int sys, struct exh_error *err)
{
    struct exh_fault fault = {.lba = (int64_t)p->from, .count = (uint32_t)(p->to - p->from), .sys = sys, .attempt = 1};
    place_fault(job, p->first / job->set->volume.chunk_sectors, &fault);
    memset(job->out->state + (p->from - (uint64_t)job->want->lba), sys != 0 ? EXH_BAD : EXH_MISSING, (size_t)(p->to - p->from));
    return exh_faults_add(job->faults, &fault, err);
}

/* Good, but for the sectors on the image's own list: zeros there stand for nothing read, other bytes are kept with a doubt. */
static void keep_part(const struct job *job, const struct part *p)
{
    memset(job->out->state + (p->from - (uint64_t)job->want->lba), EXH_GOOD, (size_t)(p->to - p->from));
    const struct exh_sectors *list = &job->set->seal.unreadable;
    const struct exh_range *r = exh_sectors_find(list, (int64_t)p->from);
    for (; r != NULL && r < list->ranges + list->count && (uint64_t)r->lba < p->to; r++) {
        uint64_t lba = (uint64_t)r->lba > p->from ? (uint64_t)r->lba : p->from, end = (uint64_t)r->lba + r->count;
        for (; lba < end && lba < p->to; lba++)
            job->out->state[lba - (uint64_t)job->want->lba] =
                (uint8_t)(exh_all_zero(place_of(job, lba), job->set->volume.sector_bytes) ? EXH_BAD : EXH_SUSPECT);
    }
}

/* ---- decoding ---- */

/* A raw chunk is followed by its Adler-32. */
static bool raw_holds(const uint8_t *stored, size_t stored_bytes, size_t bytes)
{
    if (stored_bytes < bytes + 4)
        return false;
#ifdef EXH_FUZZING
    (void)stored;
    return true;
#else
    return exh_adler32(1, stored, bytes) == exh_le32(stored + bytes);
#endif
}

/* One stored chunk to exactly `bytes` bytes at out. */
static bool decode(struct ewf_scratch *s, const uint8_t *stored, size_t stored_bytes, bool packed, size_t bytes, uint8_t *out, struct exh_error *err)
{
    if (packed)
        return exh_inflate_zlib(s->inflater, stored, stored_bytes, out, bytes, NULL, err);
    if (!raw_holds(stored, stored_bytes, bytes))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a chunk fails its checksum");
    memcpy(out, stored, bytes);
    return true;
}

static bool chunk_room(const struct job *job, struct exh_error *err)
{
    if (job->scratch->chunk == NULL)
        job->scratch->chunk = malloc(exh_ewf_chunk_bytes(job->set));
    return job->scratch->chunk != NULL || exh_nomem(err, "a chunk");
}

/* Could these stored bytes make a chunk at all? Asked before memory is taken for one. */
static bool plausible(const struct job *job, size_t stored_bytes, bool packed, size_t bytes)
{
    (void)job;
    return packed ? stored_bytes >= bytes / EXH_DEFLATE_RATIO_MAX : stored_bytes >= bytes;
}

/* Decodes into the scratch. The last chunk may be stored short, or filled up to a whole one by some writers. */
static bool decode_cached(const struct job *job, uint64_t chunk, const struct part *p, const uint8_t *stored, size_t stored_bytes, bool packed,
                          bool *ok, struct exh_error *err)
{
    struct ewf_scratch *s = job->scratch;
    size_t whole = exh_ewf_chunk_bytes(job->set), bytes = (size_t)p->sectors * job->set->volume.sector_bytes;
    *ok = false;
    if (!plausible(job, stored_bytes, packed, bytes))
        return true;
    if (!chunk_room(job, err))
        return false;
    struct exh_error why = {0}; /* a damaged chunk is a state, not an error */
    s->cached = NO_CHUNK;
    *ok = decode(s, stored, stored_bytes, packed, bytes, s->chunk, &why) ||
          (bytes < whole && plausible(job, stored_bytes, packed, whole) && decode(s, stored, stored_bytes, packed, whole, s->chunk, &why));
    if (*ok)
        s->cached = chunk;
    return true;
}

static bool deliver_cached(const struct job *job, const struct part *p)
{
    size_t sector = job->set->volume.sector_bytes;
    memcpy(place_of(job, p->from), job->scratch->chunk + (size_t)(p->from - p->first) * sector, (size_t)(p->to - p->from) * sector);
    keep_part(job, p);
    return true;
}

static bool deliver(const struct job *job, uint64_t chunk, const uint8_t *stored, size_t stored_bytes, bool packed, struct exh_error *err)
{
    struct part p = part_of(job, chunk);
    struct exh_error why = {0};
    size_t bytes = (size_t)p.sectors * job->set->volume.sector_bytes;
    if (wanted_whole(&p) && decode(job->scratch, stored, stored_bytes, packed, bytes, place_of(job, p.from), &why)) {
        keep_part(job, &p);
        return true;
    }
    bool ok = false;
    if ((!wanted_whole(&p) || p.sectors < job->set->volume.chunk_sectors) && !decode_cached(job, chunk, &p, stored, stored_bytes, packed, &ok, err))
        return false;
    return ok ? deliver_cached(job, &p) : lose_part(job, &p, 0, err);
}

/* ---- runs ---- */

static bool packed_at(const struct ewf_scratch *s, uint32_t i) { return (s->entries.where[i] & 1) != 0; }

/* Bytes of an entry worth reading: what lies between it and the next can be far more (another section's bytes, a damaged offset). */
static uint64_t stored_bytes_of(const struct job *job, uint32_t i)
{
    uint64_t bytes = where(job->scratch, i + 1) - where(job->scratch, i), whole = exh_ewf_chunk_bytes(job->set), most = whole + whole / 8 + 4096;
    return bytes < most ? bytes : most;
}

/* How many entries from `first` on, at most `limit`, are one contiguous read of bounded size; *bytes gets its length. */
static uint32_t run_length(const struct job *job, uint32_t first, uint32_t limit, uint64_t *bytes)
{
    const struct ewf_scratch *s = job->scratch;
    uint32_t n = 1;
    *bytes = stored_bytes_of(job, first);
    while (n < limit && where(s, first) + *bytes == where(s, first + n) && *bytes + stored_bytes_of(job, first + n) <= RUN_BYTES_MAX) {
        *bytes += stored_bytes_of(job, first + n);
        n++;
    }
    return n;
}

static bool stored_room(struct ewf_scratch *s, uint64_t bytes, struct exh_error *err)
{
    if (bytes <= s->stored_room)
        return true;
    size_t room = bytes < (64u << 10) ? 64u << 10 : (size_t)bytes;
    free(s->stored);
    s->stored = malloc(room);
    s->stored_room = s->stored != NULL ? room : 0;
    return s->stored != NULL || exh_nomem(err, "a run of chunks");
}

static bool deliver_run(const struct job *job, uint64_t chunk, uint32_t first, uint32_t n, struct exh_error *err)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bytes = stored_bytes_of(job, first + i);
        if (!deliver(job, chunk + i, job->scratch->stored + at, (size_t)bytes, packed_at(job->scratch, first + i), err))
            return false;
        at += bytes;
    }
    return true;
}

/* The file system could not give the run: chunk by chunk, so that only what lies on the bad spot is lost. */
static bool salvage_run(const struct job *job, struct exh_source *source, uint64_t chunk, uint32_t first, uint32_t n, struct exh_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bytes = stored_bytes_of(job, first + i);
        struct part p = part_of(job, chunk + i);
        struct exh_error why = {0};
        if (exh_source_read(source, where(job->scratch, first + i), job->scratch->stored, (size_t)bytes, &why)) {
            if (!deliver(job, chunk + i, job->scratch->stored, (size_t)bytes, packed_at(job->scratch, first + i), err))
                return false;
        } else if (why.code == EXH_IO) {
            if (!lose_part(job, &p, why.sys, err))
                return false;
        } else {
            *err = why;
            return false;
        }
    }
    return true;
}

static bool read_run(const struct job *job, const struct exh_ewf_table *t, uint64_t chunk, uint32_t limit, uint32_t *done, struct exh_error *err)
{
    uint32_t first = (uint32_t)(chunk - t->first_chunk);
    uint64_t bytes;
    *done = run_length(job, first, limit, &bytes);
    if (!stored_room(job->scratch, bytes, err))
        return false;
    struct exh_source *source = job->set->segments[t->segment].source;
    struct exh_error why = {0};
    if (exh_source_read(source, where(job->scratch, first), job->scratch->stored, (size_t)bytes, &why))
        return deliver_run(job, chunk, first, *done, err);
    if (why.code == EXH_IO)
        return salvage_run(job, source, chunk, first, *done, err);
    *err = why;
    return false;
}

/* ---- tables ---- */

/* The table that holds a chunk; chunk < chunks_held. Of tables that begin alike all but the last are empty. */
static size_t table_of(const struct exh_ewf_set *set, uint64_t chunk)
{
    size_t low = 0, high = set->table_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (set->tables[middle].first_chunk <= chunk)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The entries of a table in the scratch; the second copy when the first fails. inspect says so when it did. */
static bool load_table(const struct job *job, size_t table, struct exh_error *err)
{
    struct ewf_scratch *s = job->scratch;
    if (s->table == table)
        return true;
    s->table = job->set->table_count;
    s->table_dead = true;
    for (unsigned copy = 0; copy < 2 && s->table_dead; copy++) {
        struct exh_error why = {0};
        s->table_dead = !exh_ewf_entries_load(job->set, &job->set->tables[table], copy, &s->entries, NULL, &why);
        if (s->table_dead && why.code != EXH_CORRUPT && why.code != EXH_IO) {
            *err = why;
            return false;
        }
    }
    s->table = table;
    return true;
}

static bool lose_chunks(const struct job *job, uint64_t chunk, uint64_t count, struct exh_error *err)
{
    struct part p = part_of(job, chunk), last = part_of(job, chunk + count - 1);
    p.to = last.to;
    return lose_part(job, &p, 0, err);
}

/* Reads some of the chunks [chunk, end); *next is the first that was not done. */
static bool read_some(const struct job *job, uint64_t chunk, uint64_t end, uint64_t *next, struct exh_error *err)
{
    struct part p = part_of(job, chunk);
    if (job->scratch->cached == chunk) {
        *next = chunk + 1;
        return deliver_cached(job, &p);
    }
    if (chunk >= job->set->chunks_held) {
        *next = end;
        return lose_chunks(job, chunk, end - chunk, err);
    }
    size_t index = table_of(job->set, chunk);
    const struct exh_ewf_table *t = &job->set->tables[index];
    uint64_t table_end = t->first_chunk + t->entries, stop = end < table_end ? end : table_end;
    if (!load_table(job, index, err))
        return false;
    if (job->scratch->table_dead) {
        *next = stop;
        return lose_chunks(job, chunk, stop - chunk, err);
    }
    uint32_t done;
    bool ok = read_run(job, t, chunk, (uint32_t)(stop - chunk), &done, err);
    *next = chunk + done;
    return ok;
}

static bool ewf_medium_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                            struct exh_faults *faults, struct exh_error *err)
{
    struct ewf_medium *m = (struct ewf_medium *)medium;
    const struct job job = {&m->set, (struct ewf_scratch *)scratch, want, out, faults};
    uint64_t per = m->set.volume.chunk_sectors, chunk = (uint64_t)want->lba / per, end = ((uint64_t)want->lba + want->count - 1) / per + 1;
    while (chunk < end)
        if (!read_some(&job, chunk, end, &chunk, err))
            return false;
    return true;
}

/* ---- life ---- */

static void ewf_scratch_close(struct exh_scratch *scratch)
{
    struct ewf_scratch *s = (struct ewf_scratch *)scratch;
    exh_inflater_close(s->inflater);
    exh_ewf_entries_close(&s->entries);
    free(s->stored);
    free(s->chunk);
    free(s);
}

static struct exh_scratch *ewf_scratch_new(struct exh_medium *medium)
{
    struct ewf_scratch *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->scratch.close = ewf_scratch_close;
    s->table = ((struct ewf_medium *)medium)->set.table_count;
    s->cached = NO_CHUNK;
    s->inflater = exh_inflater_new();
    if (s->inflater == NULL) {
        ewf_scratch_close(&s->scratch);
        return NULL;
    }
    return &s->scratch;
}

static bool ewf_medium_inspect(struct exh_medium *medium, struct exh_inspection *in, struct exh_error *err)
{
    return exh_ewf_inspect(&((struct ewf_medium *)medium)->set, in, err);
}

static void ewf_medium_close(struct exh_medium *medium)
{
    struct ewf_medium *m = (struct ewf_medium *)medium;
    exh_ewf_set_close(&m->set);
    exh_source_close(m->given);
    free(m);
}

static const struct exh_medium_ops ewf_medium_ops = {
    .read = ewf_medium_read, .inspect = ewf_medium_inspect, .scratch_new = ewf_scratch_new, .close = ewf_medium_close};

/* libewf opens the files itself, so the source that was handed in has done its work. */
static struct exh_medium *open_by_libewf(struct exh_source *source, const struct exh_names *paths, struct exh_error *err)
{
    struct exh_medium *medium = exh_ewf_libewf_open(paths, err);
    if (medium != NULL)
        exh_source_close(source);
    return medium;
}

static struct exh_medium *fail_open(struct exh_source *source, enum exh_code code, const char *text, struct exh_error *err)
{
    (void)exh_fail(err, code, 0, "%s", text);
    (void)exh_in_file(err, source->name);
    return NULL;
}

static struct exh_medium *fail_signature(struct exh_source *source, struct exh_error *err)
{
    uint8_t head[EXH_EWF_FILE_HEADER_BYTES] = {0};
    size_t length = exh_source_read_some(source, 0, head, sizeof head, err);
    enum exh_ewf_signature signature = exh_ewf_signature_of(head, length);
    if (signature == EXH_EWF_EVF2 || signature == EXH_EWF_LEF2)
        return fail_open(source, EXH_UNSUPPORTED, signature == EXH_EWF_EVF2 ? "EWF2 (Ex01) cannot be read yet" : "EWF2 (Lx01) cannot be read yet",
                         err);
    return fail_open(source, EXH_NOT_THIS_FORMAT, "does not begin with the EVF signature", err);
}

static bool has_signature(struct exh_source *source, enum exh_ewf_signature signature)
{
    uint8_t head[8];
    struct exh_error why = {0};
    return exh_source_read_some(source, 0, head, sizeof head, &why) == sizeof head && exh_ewf_signature_of(head, sizeof head) == signature;
}

static struct ewf_medium *new_medium(struct exh_error *err)
{
    struct ewf_medium *m = calloc(1, sizeof *m);
    if (m == NULL)
        (void)exh_nomem(err, "an E01 medium");
    return m;
}

/* The set is open; the medium takes the source over. */
static struct exh_medium *make_medium(struct ewf_medium *m, struct exh_source *source)
{
    m->given = source;
    m->medium = (struct exh_medium){.ops = &ewf_medium_ops,
                                    .format = "ewf",
                                    .layout = &m->set.layout,
                                    .seal = &m->set.seal,
                                    .files = &m->set.paths,
                                    .concurrent = true,
                                    .unit_sectors = m->set.volume.chunk_sectors};
    return &m->medium;
}

/* The mode of a data track of raw sectors is in its sectors (ECMA-130 clause 14: sync, header, mode byte). One that cannot be read stays what it is.
 */
static bool see_mode(struct ewf_medium *m, struct exh_scratch *scratch, struct exh_block *block, struct exh_track *track, struct exh_error *err)
{
    static const uint8_t sync[12] = {0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0};
    struct exh_want want = {.track = track, .lba = track->first, .count = 1, .effort = EXH_THOROUGH};
    struct exh_faults faults = {0};
    bool ok = exh_medium_read(&m->medium, scratch, &want, block, &faults, err);
    exh_faults_close(&faults);
    if (!ok || block->state[0] < EXH_SUSPECT || memcmp(block->main, sync, sizeof sync) != 0)
        return ok;
    uint8_t mode = block->main[15] & 3;
    track->kind = mode == 0 ? EXH_TRACK_MODE0 : mode == 2 ? EXH_TRACK_MODE2 : EXH_TRACK_MODE1;
    return true;
}

static bool see_modes(struct ewf_medium *m, struct exh_error *err)
{
    struct exh_layout *layout = &m->set.layout;
    struct exh_scratch *scratch = NULL;
    struct exh_block block = {0};
    bool any = false;
    for (uint32_t i = 0; i < layout->track_count; i++)
        any = any || (layout->tracks[i].kind == EXH_TRACK_MODE1 && layout->tracks[i].main_bytes == 2352);
    if (!any)
        return true;
    bool ok = exh_medium_scratch(&m->medium, &scratch, err) && exh_block_open(&block, 1, 2352, 0, err);
    for (uint32_t i = 0; ok && i < layout->track_count; i++)
        if (layout->tracks[i].kind == EXH_TRACK_MODE1)
            ok = see_mode(m, scratch, &block, &layout->tracks[i], err);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    return ok;
}

static struct exh_medium *ewf_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    if (!has_signature(source, EXH_EWF_EVF))
        return fail_signature(source, err);
    struct ewf_medium *m = new_medium(err);
    if (m == NULL)
        return NULL;
    if (exh_ewf_set_open(&m->set, source, options, err) && !m->set.smart) {
        (void)make_medium(m, source);
        if (see_modes(m, err))
            return &m->medium;
    }
    struct exh_medium *other = m->set.smart && err->code == EXH_OK ? open_by_libewf(source, &m->set.paths, err) : NULL;
    exh_ewf_set_close(&m->set);
    free(m);
    return other;
}

/* ---- an unfinished image ---- */

/* A file whose beginning is neither ours nor that of a file that lost its bytes with the power: empty, short, zeros. */
static bool is_foreign(struct exh_source *source)
{
    uint8_t head[EXH_EWF_FILE_HEADER_BYTES];
    struct exh_error why = {0};
    size_t length = exh_source_read_some(source, 0, head, sizeof head, &why);
    return length == sizeof head && !exh_all_zero(head, length) && exh_ewf_signature_of(head, length) != EXH_EWF_EVF;
}

static bool open_closed(struct exh_source *source, const struct exh_open *options, struct exh_medium **out, uint64_t *kept, struct exh_error *err)
{
    if (is_foreign(source))
        return exh_fail(err, EXH_CORRUPT, 0, "does not begin like an E01") || exh_in_file(err, source->name);
    struct ewf_medium *m = new_medium(err);
    if (m == NULL)
        return false;
    bool ok = exh_ewf_set_open_closed(&m->set, source, options, err);
    if (ok && m->set.segment_count > 0) {
        *kept = exh_ewf_set_sectors(&m->set, m->set.segment_count);
        *out = make_medium(m, source);
        return true;
    }
    exh_ewf_set_close(&m->set);
    free(m);
    return ok;
}

static bool ewf_open_kept(const char *path, const struct exh_open *options, struct exh_medium **out, uint64_t *kept, struct exh_error *err)
{
    struct exh_open with = *options;
    *out = NULL;
    *kept = 0;
    char *name = exh_ewf_staged_first(exh_text_base(path), err);
    struct exh_siblings *siblings = name != NULL ? exh_siblings_across(path, options->folders, err) : NULL;
    with.siblings = siblings;
    char *first = siblings != NULL ? exh_siblings_path(siblings, name) : NULL;
    with.path = first;
    bool ok = first != NULL || (siblings != NULL && exh_nomem(err, "a path"));
    if (ok && exh_siblings_has(siblings, name)) {
        struct exh_source *source = exh_siblings_open(siblings, name, false, options->past_cache, err);
        ok = source != NULL && open_closed(source, &with, out, kept, err);
        if (*out == NULL)
            exh_source_close(source);
    }
    exh_siblings_close(siblings);
    free(first);
    free(name);
    return ok || exh_on_side(err, EXH_SIDE_DESTINATION);
}

static struct exh_medium *l01_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    if (!has_signature(source, EXH_EWF_LVF))
        return fail_signature(source, err);
    struct exh_names paths = {0};
    struct exh_medium *medium = NULL;
    if (exh_ewf_sibling_paths(&paths, options->path != NULL ? options->path : source->name, options->siblings, err))
        medium = open_by_libewf(source, &paths, err);
    exh_names_close(&paths);
    return medium;
}

static int ewf_probe(const struct exh_peek *peek)
{
    enum exh_ewf_signature s = exh_ewf_signature_of(peek->head, peek->head_length);
    return s == EXH_EWF_EVF || s == EXH_EWF_EVF2 ? 100 : 0;
}

static int l01_probe(const struct exh_peek *peek)
{
    enum exh_ewf_signature s = exh_ewf_signature_of(peek->head, peek->head_length);
    return s == EXH_EWF_LVF || s == EXH_EWF_LEF2 ? 100 : 0;
}

static const char *const ewf_extensions[] = {".e01", NULL};
static const char *const l01_extensions[] = {".l01", NULL};

const struct exh_format exh_format_ewf = {.name = "ewf",
                                          .title = "EnCase/Expert Witness E01",
                                          .extensions = ewf_extensions,
                                          .probe = ewf_probe,
                                          .open = ewf_open,
                                          .create = exh_ewf_write_create,
                                          .can = EXH_EWF_WRITE_CAN,
                                          .fits = exh_ewf_tracks_fit,
                                          .open_kept = ewf_open_kept};

const struct exh_format exh_format_l01 = {
    .name = "l01", .title = "EnCase logical evidence L01", .extensions = l01_extensions, .probe = l01_probe, .open = l01_open};
