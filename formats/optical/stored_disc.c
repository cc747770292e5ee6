/* stored_disc.c - a disc whose sectors lie in ordinary files. See stored_disc.h. */
#include "formats/optical/stored_disc.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "formats/optical/msf.h"
#include "formats/optical/subchannel.h"
#include "formats/optical/track_data.h"
#include "formats/optical/volumes.h"

#define PIECE_BYTES (1u << 20) /* read at once where sectors do not lie side by side */

struct exh_stored_disc {
    struct exh_medium medium; /* first: after finish this is the medium */
    struct exh_layout layout;
    struct exh_disc disc;
    struct exh_inspection notes;
    struct exh_losses losses;
    struct exh_names files;
    struct exh_source **sources;
    struct exh_source *lent; /* still the caller's */
    size_t source_count, source_capacity;
    struct exh_stretch *stretches; /* in order of track and LBA once finished */
    size_t stretch_count, stretch_capacity;
};

struct piece { /* scratch of one reading thread */
    struct exh_scratch scratch;
    uint8_t bytes[PIECE_BYTES];
};

static void piece_close(struct exh_scratch *scratch) { free(scratch); }

static struct exh_scratch *piece_new(struct exh_medium *medium)
{
    (void)medium;
    struct piece *p = malloc(sizeof *p);
    if (p == NULL)
        return NULL;
    p->scratch.close = piece_close;
    return &p->scratch;
}

/* ---- reading ---- */

struct run { /* one read under way */
    struct exh_stored_disc *disc;
    struct piece *piece;
    const struct exh_want *want;
    struct exh_block *out;
    struct exh_faults *faults;
    struct exh_error *err;
};

/* The stretch of the track that holds this LBA. */
static const struct exh_stretch *stretch_at(const struct exh_stored_disc *d, uint32_t track, int64_t lba)
{
    size_t low = 0, high = d->stretch_count;
    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        const struct exh_stretch *s = &d->stretches[middle];
        if (s->track < track || (s->track == track && s->lba <= lba))
            low = middle;
        else
            high = middle;
    }
    return &d->stretches[low];
}

static void swap_samples(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i + 1 < length; i += 2) {
        uint8_t first = bytes[i];
        bytes[i] = bytes[i + 1];
        bytes[i + 1] = first;
    }
}

/* How many of `count` sectors of `used` bytes, `stride` apart, lie wholly in a file from `offset` on. */
static uint32_t sectors_inside(uint64_t size, uint64_t offset, uint32_t stride, uint32_t used, uint32_t count)
{
    if (offset > size || used > size - offset)
        return 0;
    uint64_t n = (size - offset - used) / stride + 1;
    return n < count ? (uint32_t)n : count;
}

static bool note_missing(struct run *r, const struct exh_stretch *s, uint32_t at, uint32_t count, uint64_t offset, int sys)
{
    struct exh_fault fault = {.lba = r->want->lba + at, .count = count, .sys = sys, .file = s->file + 1, .at = offset, .attempt = 1};
    return exh_faults_add(r->faults, &fault, r->err);
}

/* One sector by itself, behind a read that failed. */
static bool read_alone(struct run *r, struct exh_source *source, const struct exh_stretch *s, uint32_t at, uint64_t offset)
{
    uint32_t size = r->want->track->main_bytes;
    struct exh_error why;
    exh_error_clear(&why);
    if (exh_source_read_some(source, offset, r->out->main + (size_t)at * size, size, &why) == size) {
        r->out->state[at] = EXH_GOOD;
        return true;
    }
    if (why.code == EXH_GONE || why.code == EXH_NOMEM) {
        *r->err = why;
        return false;
    }
    r->out->state[at] = EXH_BAD;
    return note_missing(r, s, at, 1, offset, why.sys);
}

/* `count` sectors that lie wholly in the file, no more than a piece holds unless they lie side by side. */
static bool read_together(struct run *r, const struct exh_stretch *s, uint32_t at, uint32_t count)
{
    struct exh_source *source = r->disc->sources[s->file];
    uint32_t size = r->want->track->main_bytes;
    uint64_t offset = s->offset + (uint64_t)(r->want->lba + at - s->lba) * s->stride;
    size_t length = (size_t)(count - 1) * s->stride + size;
    uint8_t *to = r->out->main + (size_t)at * size, *into = s->stride == size ? to : r->piece->bytes;
    struct exh_error why;
    exh_error_clear(&why);
    size_t good = exh_source_read_some(source, offset, into, length, &why);
    uint32_t whole = good == length ? count : good < size ? 0 : (uint32_t)((good - size) / s->stride + 1);
    for (uint32_t i = 0; into != to && i < whole; i++)
        memcpy(to + (size_t)i * size, into + (size_t)i * s->stride, size);
    memset(r->out->state + at, EXH_GOOD, whole);
    if (whole < count && (why.code == EXH_GONE || why.code == EXH_NOMEM)) {
        *r->err = why;
        return false;
    }
    for (uint32_t i = whole; i < count; i++)
        if (!read_alone(r, source, s, at + i, offset + (uint64_t)i * s->stride))
            return false;
    return true;
}

/* The sector in which an audio file ends. */
static bool read_padded(struct run *r, const struct exh_stretch *s, uint32_t at, uint64_t offset)
{
    struct exh_source *source = r->disc->sources[s->file];
    uint32_t size = r->want->track->main_bytes;
    uint8_t *to = r->out->main + (size_t)at * size;
    memset(to, 0, size);
    if (!exh_source_read(source, offset, to, (size_t)(source->size - offset), r->err))
        return false;
    r->out->state[at] = EXH_GOOD;
    return true;
}

static bool read_main(struct run *r, const struct exh_stretch *s, uint32_t at, uint32_t count)
{
    uint32_t size = r->want->track->main_bytes;
    if (s->file == EXH_NO_FILE) {
        memset(r->out->main + (size_t)at * size, 0, (size_t)count * size);
        memset(r->out->state + at, EXH_GOOD, count);
        return true;
    }
    uint64_t offset = s->offset + (uint64_t)(r->want->lba + at - s->lba) * s->stride, file = r->disc->sources[s->file]->size;
    uint32_t inside = sectors_inside(file, offset, s->stride, size, count), done = 0;
    uint32_t most = s->stride == size ? inside : PIECE_BYTES / s->stride;
    for (uint32_t n; done < inside; done += n) {
        n = inside - done < most ? inside - done : most;
        if (!read_together(r, s, at + done, n))
            return false;
    }
    uint64_t end = offset + (uint64_t)inside * s->stride;
    if (done < count && s->padded && end < file) {
        if (!read_padded(r, s, at + done, end))
            return false;
        done++;
    }
    if (s->swapped)
        swap_samples(r->out->main + (size_t)at * size, (size_t)done * size);
    if (done == count)
        return true;
    memset(r->out->state + at + done, EXH_MISSING, count - done);
    return note_missing(r, s, at + done, count - done, offset + (uint64_t)done * s->stride, 0);
}

static bool read_sub(struct run *r, const struct exh_stretch *s, uint32_t at, uint32_t count)
{
    uint32_t size = r->want->track->sub_bytes;
    memset(r->out->sub_state + at, EXH_MISSING, count);
    if (s->sub == EXH_SUB_NONE || s->sub_file == EXH_NO_FILE)
        return true;
    struct exh_source *source = r->disc->sources[s->sub_file];
    uint64_t offset = s->sub_offset + (uint64_t)(r->want->lba + at - s->lba) * s->sub_stride;
    uint32_t inside = sectors_inside(source->size, offset, s->sub_stride, size, count), most = PIECE_BYTES / s->sub_stride;
    for (uint32_t done = 0, n; done < inside; done += n) {
        n = inside - done < most ? inside - done : most;
        size_t length = (size_t)(n - 1) * s->sub_stride + size;
        struct exh_error why;
        exh_error_clear(&why);
        size_t good = exh_source_read_some(source, offset + (uint64_t)done * s->sub_stride, r->piece->bytes, length, &why);
        uint32_t whole = good == length ? n : good < size ? 0 : (uint32_t)((good - size) / s->sub_stride + 1);
        for (uint32_t i = 0; i < whole; i++) {
            uint8_t *to = r->out->sub + (size_t)(at + done + i) * size;
            const uint8_t *from = r->piece->bytes + (size_t)i * s->sub_stride;
            if (s->sub == EXH_SUB_INTERLEAVED)
                exh_sub_to_linear(from, to);
            else
                memcpy(to, from, size);
        }
        memset(r->out->sub_state + at + done, EXH_GOOD, whole);
        if (whole == n)
            continue;
        if (why.code == EXH_GONE || why.code == EXH_NOMEM) {
            *r->err = why;
            return false;
        }
        memset(r->out->sub_state + at + done + whole, EXH_BAD, n - whole);
    }
    return true;
}

static bool disc_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                      struct exh_faults *faults, struct exh_error *err)
{
    struct run r = {(struct exh_stored_disc *)medium, (struct piece *)scratch, want, out, faults, err};
    uint32_t track = (uint32_t)(want->track - medium->layout->tracks);
    for (uint32_t at = 0, n; at < want->count; at += n) {
        const struct exh_stretch *s = stretch_at(r.disc, track, want->lba + at);
        uint64_t left = s->sectors - (uint64_t)(want->lba + at - s->lba);
        n = left < want->count - at ? (uint32_t)left : want->count - at;
        if (!read_main(&r, s, at, n) || (want->with_sub && want->track->sub_bytes > 0 && !read_sub(&r, s, at, n)))
            return false;
    }
    return true;
}

/* How many sectors lie between a track's end and that of its session. */
static uint64_t beyond_track(const struct exh_layout *layout, uint32_t track)
{
    const struct exh_track *t = &layout->tracks[track], *last = t;
    for (uint32_t i = track + 1; i < layout->track_count && layout->tracks[i].session == t->session; i++)
        last = &layout->tracks[i];
    return (uint64_t)(last->first + (int64_t)last->sectors - t->first) - t->sectors;
}

/* The file systems of the data tracks say how many sectors there should be. */
static bool inspect_volumes(struct exh_stored_disc *d, struct exh_inspection *in, struct exh_error *err)
{
    struct exh_volumes *found = malloc(sizeof *found);
    bool ok = found != NULL || exh_nomem(err, "a list of volumes");
    for (uint32_t i = 0; ok && i < d->layout.track_count; i++) {
        const struct exh_track *t = &d->layout.tracks[i];
        struct exh_error none = {0};
        struct exh_source *data = exh_track_data(&d->medium, t, &none);
        struct exh_volumes_of of = {.source = data, .first_lba = exh_track_start(t), .beyond = beyond_track(&d->layout, i)};
        ok = data != NULL ? exh_volumes_find(&of, found, in, err) : none.code == EXH_USAGE || exh_nomem(err, "a track's data");
        exh_source_close(data);
    }
    free(found);
    return ok;
}

static bool disc_inspect(struct exh_medium *medium, struct exh_inspection *in, struct exh_error *err)
{
    const struct exh_inspection *notes = &((const struct exh_stored_disc *)medium)->notes;
    bool ok = true;
    for (size_t i = 0; ok && i < notes->fact_count; i++)
        ok = exh_inspection_fact(in, notes->facts[i].file, notes->facts[i].offset, notes->facts[i].key, err, "%s", notes->facts[i].value);
    for (size_t i = 0; ok && i < notes->region_count; i++)
        ok = exh_inspection_region(in, &notes->regions[i], err);
    for (size_t i = 0; ok && i < notes->remark_count; i++) {
        const struct exh_remark *r = &notes->remarks[i];
        ok = exh_inspection_remark(in, r->check, r->outcome, r->file, r->offset, err, "%s", r->detail);
    }
    return ok && inspect_volumes((struct exh_stored_disc *)medium, in, err);
}

void exh_stored_disc_close(struct exh_stored_disc *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->source_count; i++)
        if (d->sources[i] != d->lent)
            exh_source_close(d->sources[i]);
    free(d->sources);
    free(d->stretches);
    exh_names_close(&d->files);
    exh_inspection_close(&d->notes);
    exh_losses_close(&d->losses);
    exh_disc_close(&d->disc);
    free(d);
}

static void disc_close(struct exh_medium *medium) { exh_stored_disc_close((struct exh_stored_disc *)medium); }

static const struct exh_medium_ops disc_ops = {.read = disc_read, .inspect = disc_inspect, .scratch_new = piece_new, .close = disc_close};

/* ---- building ---- */

struct exh_stored_disc *exh_stored_disc_new(const char *format, struct exh_error *err)
{
    struct exh_stored_disc *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "a disc image");
        return NULL;
    }
    d->layout.kind = EXH_LAYOUT_DISC;
    d->layout.disc = &d->disc;
    d->medium =
        (struct exh_medium){.ops = &disc_ops, .format = format, .layout = &d->layout, .files = &d->files, .concurrent = true, .unit_sectors = 1};
    return d;
}

static bool add_file(struct exh_stored_disc *d, struct exh_source *source, const char *path, struct exh_error *err)
{
    if (!exh_grow((void **)&d->sources, &d->source_capacity, d->source_count, sizeof(struct exh_source *), EXH_STORED_FILES_MAX,
                  "files of one disc image", err) ||
        !exh_names_add(&d->files, path, err))
        return false;
    d->sources[d->source_count++] = source;
    return true;
}

bool exh_stored_disc_file(struct exh_stored_disc *d, struct exh_source *source, const char *path, uint32_t *index, struct exh_error *err)
{
    *index = (uint32_t)d->source_count;
    bool itself = d->source_count > 0 && strcmp(exh_text_base(path), exh_text_base(d->files.items[0])) == 0; /* both of one folder */
    if (itself)
        (void)exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the descriptor names itself as its data");
    if (!itself && add_file(d, source, path, err))
        return true;
    exh_source_close(source);
    return false;
}

bool exh_stored_disc_descriptor(struct exh_stored_disc *d, struct exh_source *source, const char *path, struct exh_error *err)
{
    d->lent = source;
    return add_file(d, source, path, err);
}

uint64_t exh_stored_disc_file_size(const struct exh_stored_disc *d, uint32_t file) { return d->sources[file]->size; }

bool exh_stored_disc_track(struct exh_stored_disc *d, const struct exh_track *track, uint32_t *index, struct exh_error *err)
{
    if (d->layout.track_count == EXH_LAYOUT_TRACKS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %u tracks", EXH_LAYOUT_TRACKS_MAX);
    *index = d->layout.track_count;
    d->layout.tracks[d->layout.track_count++] = *track;
    return true;
}

bool exh_stored_disc_stretch(struct exh_stored_disc *d, const struct exh_stretch *stretch, struct exh_error *err)
{
    if (!exh_grow((void **)&d->stretches, &d->stretch_capacity, d->stretch_count, sizeof *d->stretches, EXH_STORED_STRETCHES_MAX,
                  "stretches of one disc image", err))
        return false;
    d->stretches[d->stretch_count++] = *stretch;
    return true;
}

struct exh_track *exh_stored_disc_tracks(struct exh_stored_disc *d, uint32_t *count)
{
    *count = d->layout.track_count;
    return d->layout.tracks;
}

struct exh_disc *exh_stored_disc_facts(struct exh_stored_disc *d) { return &d->disc; }
struct exh_inspection *exh_stored_disc_notes(struct exh_stored_disc *d) { return &d->notes; }
struct exh_losses *exh_stored_disc_losses(struct exh_stored_disc *d) { return &d->losses; }

/* ---- what is checked before it is a medium ---- */

static bool numbers_check(const struct exh_stored_disc *d, const struct exh_stretch *s, struct exh_error *err)
{
    const struct exh_track *t = s->track < d->layout.track_count ? &d->layout.tracks[s->track] : NULL;
    uint64_t span, end;
    if (t == NULL || s->sectors == 0 || (s->file != EXH_NO_FILE && s->file >= d->source_count) ||
        (s->sub != EXH_SUB_NONE && s->sub_file != EXH_NO_FILE && s->sub_file >= d->source_count))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a stretch of no track or file");
    if (s->file != EXH_NO_FILE && (s->stride < t->main_bytes || s->stride > PIECE_BYTES))
        return exh_fail(err, EXH_CORRUPT, s->offset, "track %u: sectors of %u bytes that lie %u bytes apart", t->number, t->main_bytes, s->stride);
    if (s->sub != EXH_SUB_NONE && (t->sub_bytes != EXH_CD_SUB_BYTES || s->sub_stride < t->sub_bytes || s->sub_stride > PIECE_BYTES))
        return exh_fail(err, EXH_CORRUPT, s->sub_offset, "track %u: a subchannel of %u bytes that lies %u bytes apart", t->number, t->sub_bytes,
                        s->sub_stride);
    if (s->file != EXH_NO_FILE && (!exh_mul_u64(s->sectors, s->stride, &span) || !exh_add_u64(s->offset, span, &end)))
        return exh_fail(err, EXH_CORRUPT, s->offset, "track %u: its data end beyond any file", t->number);
    if (s->sub != EXH_SUB_NONE && (!exh_mul_u64(s->sectors, s->sub_stride, &span) || !exh_add_u64(s->sub_offset, span, &end)))
        return exh_fail(err, EXH_CORRUPT, s->sub_offset, "track %u: its subchannel ends beyond any file", t->number);
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct exh_stretch *x = a, *y = b;
    if (x->track != y->track)
        return x->track < y->track ? -1 : 1;
    return x->lba < y->lba ? -1 : x->lba > y->lba;
}

/* The stretches of each track follow each other from its first sector to its last. */
static bool cover_check(const struct exh_stored_disc *d, struct exh_error *err)
{
    size_t i = 0;
    for (uint32_t t = 0; t < d->layout.track_count; t++) {
        int64_t lba = d->layout.tracks[t].first, end = lba + (int64_t)d->layout.tracks[t].sectors;
        for (; i < d->stretch_count && d->stretches[i].track == t && d->stretches[i].lba == lba; i++) {
            if (d->stretches[i].sectors > (uint64_t)(end - lba))
                break;
            lba += (int64_t)d->stretches[i].sectors;
        }
        if (lba != end)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "track %u: no data are given for LBA %lld", d->layout.tracks[t].number, (long long)lba);
    }
    return i == d->stretch_count || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "data are given for LBA %lld of track %u, which it has not",
                                             (long long)d->stretches[i].lba, d->layout.tracks[d->stretches[i].track].number);
}

/* Where the file ends before the stretch does. */
static bool note_reach(struct exh_stored_disc *d, const struct exh_stretch *s, struct exh_error *err)
{
    const struct exh_track *t = &d->layout.tracks[s->track];
    if (s->file == EXH_NO_FILE)
        return true;
    uint64_t size = d->sources[s->file]->size, end = s->offset + (s->sectors - 1) * s->stride + t->main_bytes;
    const char *file = d->files.items[s->file];
    if (end <= size)
        return true;
    uint64_t last = s->offset + (s->sectors - 1) * s->stride;
    if (s->padded && last < size)
        return exh_inspection_remark(&d->notes, "data-file", EXH_WARNS, file, size, err,
                                     "the audio of track %u ends within its last sector: the last %llu bytes are taken as silence", t->number,
                                     (unsigned long long)(end - size));
    uint64_t there = s->offset >= size || t->main_bytes > size - s->offset ? 0 : (size - s->offset - t->main_bytes) / s->stride + 1;
    return exh_inspection_remark(&d->notes, "data-file", EXH_FAILS, file, size, err,
                                 "the file ends at byte %llu: of track %u it holds %llu of %llu sectors, LBA %lld is not there",
                                 (unsigned long long)size, t->number, (unsigned long long)there, (unsigned long long)s->sectors,
                                 (long long)(s->lba + (int64_t)there));
}

struct extent {
    uint32_t file;
    uint64_t offset, end;
    uint8_t track;
};

static int by_offset(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* No byte of a file may belong to two tracks. */
static bool note_overlaps(struct exh_stored_disc *d, struct exh_error *err)
{
    struct extent *list = calloc(d->stretch_count + 1, sizeof *list);
    size_t n = 0;
    if (list == NULL)
        return exh_nomem(err, "extents");
    for (size_t i = 0; i < d->stretch_count; i++) {
        const struct exh_stretch *s = &d->stretches[i];
        if (s->file != EXH_NO_FILE)
            list[n++] = (struct extent){s->file, s->offset, s->offset + s->sectors * s->stride, d->layout.tracks[s->track].number};
    }
    qsort(list, n, sizeof *list, by_offset);
    bool ok = true;
    uint64_t reached = 0;
    for (size_t i = 0; ok && i < n; i++) {
        if (i > 0 && list[i].file == list[i - 1].file && list[i].offset < reached)
            ok = exh_inspection_remark(&d->notes, "overlap", EXH_FAILS, d->files.items[list[i].file], list[i].offset, err,
                                       "the data of track %u begin at byte %llu, within those of track %u", list[i].track,
                                       (unsigned long long)list[i].offset, list[i - 1].track);
        if (i == 0 || list[i].file != list[i - 1].file || list[i].end > reached)
            reached = list[i].end;
    }
    free(list);
    return ok;
}

struct exh_medium *exh_stored_disc_finish(struct exh_stored_disc *d, struct exh_error *err)
{
    bool ok = exh_layout_check(&d->layout, err);
    for (size_t i = 0; ok && i < d->stretch_count; i++)
        ok = numbers_check(d, &d->stretches[i], err);
    if (ok && d->stretch_count > 0)
        qsort(d->stretches, d->stretch_count, sizeof *d->stretches, by_place);
    ok = ok && cover_check(d, err);
    for (size_t i = 0; ok && i < d->stretch_count; i++)
        ok = note_reach(d, &d->stretches[i], err);
    if (!ok || !note_overlaps(d, err))
        return NULL;
    d->lent = NULL;
    d->medium.losses = d->losses.count > 0 ? &d->losses : NULL;
    return &d->medium;
}
