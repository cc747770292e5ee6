/* toc_place.c - a parsed toc-file made a disc. See toc_place.h. */
#include "formats/optical/toc_place.h"

#include <stdlib.h>
#include <strings.h>

#include "formats/container/siblings.h"
#include "formats/model/bytes.h"
#include "formats/optical/msf.h"
#include "formats/optical/wave.h"

struct file {
    const char *name; /* of a piece */
    uint32_t index;
    bool is_wave;
    struct exh_wave wave;
};

/* A piece of a track as it lies in its file. */
struct span {
    const struct exh_toc_piece *piece;
    uint64_t frames;
    uint32_t file; /* EXH_NO_FILE: silence */
    uint64_t offset;
    bool swapped, padded;
};

struct placing {
    const struct exh_toc *toc;
    const char *path;
    const struct exh_open *options;
    struct exh_stored_disc *disc;
    struct file *files;
    size_t file_count;
    struct span *spans; /* one for each piece of the toc-file */
    int64_t lba;        /* where the next track begins */
    struct exh_error *err;
};

static bool fail_piece(struct placing *p, enum exh_code code, const struct exh_toc_piece *piece, const char *text)
{
    return exh_fail(p->err, code, piece->line_at, "line %u: '%.200s': %s", piece->line, piece->name, text);
}

/* ---- files ---- */

static bool is_wave(const struct exh_toc_piece *piece)
{
    size_t length = strlen(piece->name);
    return piece->audio && length > 4 && strcasecmp(piece->name + length - 4, ".wav") == 0;
}

/* Takes the source over. */
static bool add_file(struct placing *p, struct file *file, struct exh_source *source, const char *path)
{
    if (file->is_wave) {
        struct exh_source *clipped =
            exh_wave_find(source, &file->wave, p->err) ? exh_wave_clip(source, file->wave.offset + file->wave.bytes, p->err) : NULL;
        if (clipped == NULL) {
            exh_source_close(source);
            return exh_context(p->err, "'%.200s'", file->name);
        }
        source = clipped;
    }
    return exh_stored_disc_file(p->disc, source, path, &file->index, p->err);
}

static struct file *open_file(struct placing *p, const struct exh_toc_piece *piece)
{
    for (size_t i = 0; i < p->file_count; i++)
        if (p->files[i].is_wave == is_wave(piece) && strcmp(p->files[i].name, piece->name) == 0)
            return &p->files[i];
    if (p->options->siblings == NULL || p->file_count == EXH_STORED_FILES_MAX) {
        (void)fail_piece(p, p->options->siblings == NULL ? EXH_NOT_FOUND : EXH_LIMIT, piece,
                         p->options->siblings == NULL ? "a toc-file without a folder has no data files" : "too many data files");
        return NULL;
    }
    char *path = NULL;
    bool as_named = true;
    struct file *file = &p->files[p->file_count];
    *file = (struct file){.name = piece->name, .is_wave = is_wave(piece)};
    struct exh_source *source = exh_siblings_referenced(p->options->siblings, piece->name, p->options->past_cache, &path, &as_named, p->err);
    bool ok = source != NULL && add_file(p, file, source, path);
    ok = ok && (as_named || exh_inspection_remark(exh_stored_disc_notes(p->disc), "file-name", EXH_WARNS, p->path, piece->line_at, p->err,
                                                  "line %u: '%.100s' is taken to be %.100s", piece->line, piece->name, path));
    free(path);
    if (!ok) { /* of the two files it could name, the one to look at is the toc-file: the text says which data file is meant */
        (void)exh_context(p->err, "line %u", piece->line);
        p->err->file[0] = '\0';
        p->err->at = piece->line_at;
        (void)exh_in_file(p->err, p->path);
        return NULL;
    }
    p->file_count++;
    return file;
}

/* ---- how long a piece is ---- */

static bool note_rest(struct placing *p, const struct span *s, uint64_t at, uint64_t rest)
{
    return exh_inspection_remark(exh_stored_disc_notes(p->disc), "data-file", EXH_FAILS, p->path, s->piece->line_at, p->err,
                                 "line %u: the last %llu bytes of '%.100s' (from byte %llu on) are no whole sector: they are left away",
                                 s->piece->line, (unsigned long long)rest, s->piece->name, (unsigned long long)at);
}

/* A piece that reaches to the end of its file. Audio that ends within a sector is filled up with silence, as a recorder does it. */
static bool measure_rest(struct placing *p, const struct exh_toc_track *t, struct span *s, uint64_t available)
{
    uint32_t sector = t->mode->main_bytes + t->sub_bytes;
    uint64_t rest = available % sector;
    s->frames = available / sector;
    s->padded = rest != 0 && t->mode->kind == EXH_TRACK_AUDIO && t->sub_bytes == 0;
    if (s->padded)
        s->frames++;
    else if (rest != 0 && !note_rest(p, s, s->offset + available - rest, rest))
        return false;
    return s->frames > 0 || fail_piece(p, EXH_CORRUPT, s->piece, "there is no whole sector in it");
}

static bool measure(struct placing *p, const struct exh_toc_track *t, struct span *s)
{
    const struct exh_toc_piece *piece = s->piece;
    s->frames = piece->frames;
    s->file = EXH_NO_FILE;
    if (piece->name == NULL)
        return true;
    const struct file *file = open_file(p, piece);
    if (file == NULL)
        return false;
    if (piece->audio && t->mode->kind != EXH_TRACK_AUDIO &&
        !exh_inspection_remark(exh_stored_disc_notes(p->disc), "grammar", EXH_WARNS, p->path, piece->line_at, p->err,
                               "line %u: FILE in a data track, where cdrdao takes DATAFILE only", piece->line))
        return false;
    /* A WAVE file that was cut says how long it was: what it lost is missing, not absent. */
    uint64_t base = file->wave.offset, skip, size = exh_stored_disc_file_size(p->disc, file->index);
    if (file->is_wave)
        size = file->wave.said > file->wave.bytes ? file->wave.said : file->wave.bytes;
    if (!exh_add_u64(piece->offset, piece->start, &skip) || skip >= size)
        return exh_fail(p->err, EXH_CORRUPT, piece->line_at, "line %u: begins at byte %llu of '%.200s', which has %llu", piece->line,
                        (unsigned long long)skip, piece->name, (unsigned long long)size);
    s->file = file->index;
    s->offset = base + skip;
    s->swapped = t->mode->kind == EXH_TRACK_AUDIO && (file->is_wave ? file->wave.big_endian : true) != piece->swap;
    if (piece->length == 0)
        return measure_rest(p, t, s, size - skip);
    uint32_t sector = t->mode->main_bytes + t->sub_bytes;
    if (piece->length % sector != 0)
        return fail_piece(p, EXH_UNSUPPORTED, piece, "a length that ends within a sector");
    s->frames = piece->length / sector;
    return true;
}

static bool measure_all(struct placing *p, const struct exh_toc_track *t, uint64_t *total)
{
    *total = 0;
    for (uint32_t i = 0; i < t->pieces; i++) {
        struct span *s = &p->spans[t->first_piece + i];
        *s = (struct span){.piece = &p->toc->pieces[t->first_piece + i]};
        if (!measure(p, t, s))
            return false;
        if (i > 0 && s[-1].padded && s->file != EXH_NO_FILE)
            return fail_piece(p, EXH_UNSUPPORTED, s->piece, "the file before it ends within a sector, in which this one would begin");
        *total += s->frames;
        if (*total > EXH_LBA_MAX - EXH_LBA_MIN)
            return exh_fail(p->err, EXH_LIMIT, s->piece->line_at, "line %u: the track is longer than a CD", s->piece->line);
    }
    return true;
}

/* ---- places ---- */

static bool find_start(struct placing *p, const struct exh_toc_track *t, uint64_t total, uint64_t *out)
{
    *out = t->start == EXH_TOC_START_FRAMES ? t->start_value : 0;
    for (uint32_t i = 0; t->start == EXH_TOC_START_PIECES && i < t->start_value; i++)
        *out += p->spans[t->first_piece + i].frames;
    return *out < total ||
           exh_fail(p->err, EXH_CORRUPT, t->start_line_at, "line %u: the track starts %llu sectors behind its beginning, and has %llu", t->start_line,
                    (unsigned long long)*out, (unsigned long long)total);
}

/* Silence at the end, behind data of a file. */
static uint64_t silence_behind(const struct placing *p, const struct exh_toc_track *t, uint64_t total, uint64_t start)
{
    uint64_t behind = 0;
    uint32_t left = t->pieces;
    for (; left > 0 && p->spans[t->first_piece + left - 1].file == EXH_NO_FILE; left--)
        behind += p->spans[t->first_piece + left - 1].frames;
    return left > 0 && total - behind > start ? behind : 0;
}

static bool add_stretches(struct placing *p, const struct exh_toc_track *t, uint32_t index, int64_t lba, uint64_t skip, uint64_t stored)
{
    for (uint32_t i = 0; i < t->pieces && stored > 0; i++) {
        const struct span *s = &p->spans[t->first_piece + i];
        if (s->frames <= skip) {
            skip -= s->frames;
            continue;
        }
        uint64_t frames = s->frames - skip < stored ? s->frames - skip : stored;
        struct exh_stretch stretch = {.track = index,
                                      .lba = lba,
                                      .sectors = frames,
                                      .file = s->file,
                                      .offset = s->offset,
                                      .stride = t->mode->main_bytes + t->sub_bytes,
                                      .swapped = s->swapped,
                                      .padded = s->padded};
        if (t->sub_bytes > 0 && s->file != EXH_NO_FILE) {
            stretch.sub = EXH_SUB_INTERLEAVED;
            stretch.sub_file = s->file;
            stretch.sub_offset = s->offset + t->mode->main_bytes;
            stretch.sub_stride = stretch.stride;
        }
        if (!exh_stored_disc_stretch(p->disc, &stretch, p->err))
            return exh_context(p->err, "line %u", s->piece->line);
        lba += (int64_t)frames;
        stored -= frames;
        skip = 0;
    }
    return true;
}

static bool add_indexes(struct placing *p, const struct exh_toc_track *t, unsigned number, int64_t start, int64_t end)
{
    for (uint32_t i = 0; i < t->indexes; i++) {
        int64_t lba = start + (int64_t)p->toc->indexes[t->first_index + i];
        if (lba >= end)
            return exh_fail(p->err, EXH_CORRUPT, t->index_line_at, "line %u: INDEX %02u would be behind the end of track %u", t->index_line, i + 2,
                            number);
        if (!exh_disc_add_index(exh_stored_disc_facts(p->disc), number, i + 2, lba, p->err))
            return exh_context(p->err, "line %u", t->index_line);
    }
    return true;
}

static bool place_track(struct placing *p, unsigned number)
{
    const struct exh_toc_track *t = &p->toc->tracks[number - 1];
    uint64_t total, start;
    if (!measure_all(p, t, &total) || !find_start(p, t, total, &start))
        return false;
    const struct span *first = &p->spans[t->first_piece];
    uint64_t unstored = first->file != EXH_NO_FILE ? 0 : first->frames < start ? first->frames : start;
    uint64_t behind = silence_behind(p, t, total, start);
    if (p->lba + (int64_t)total > EXH_LBA_MAX)
        return exh_fail(p->err, EXH_LIMIT, t->line_at, "line %u: track %u would end at LBA %lld: a CD has none there", t->line, number,
                        (long long)(p->lba + (int64_t)total));
    struct exh_track track = {.number = (uint8_t)number,
                              .session = 1,
                              .control = t->control,
                              .kind = t->mode->kind,
                              .first = p->lba + (int64_t)unstored,
                              .sectors = total - unstored - behind,
                              .main_bytes = t->mode->main_bytes,
                              .sub_bytes = t->sub_bytes,
                              .stored_pregap = (uint32_t)(start - unstored),
                              .pregap = (uint32_t)start,
                              .postgap = (uint32_t)behind};
    memcpy(track.isrc, t->isrc, sizeof track.isrc);
    int64_t index_one = p->lba + (int64_t)start, end = p->lba + (int64_t)total;
    uint32_t index;
    p->lba = end;
    return exh_stored_disc_track(p->disc, &track, &index, p->err) && add_stretches(p, t, index, track.first, unstored, track.sectors) &&
           add_indexes(p, t, number, index_one, end);
}

/* What lies behind the last sector that a track takes out of a file. */
static bool note_unused(struct placing *p)
{
    for (size_t f = 0; f < p->file_count; f++) {
        uint64_t size = exh_stored_disc_file_size(p->disc, p->files[f].index), end = 0;
        for (size_t i = 0; i < p->toc->track_count; i++) {
            const struct exh_toc_track *t = &p->toc->tracks[i];
            for (size_t k = t->first_piece; k < t->first_piece + t->pieces; k++) {
                uint64_t last = p->spans[k].offset + p->spans[k].frames * (t->mode->main_bytes + t->sub_bytes);
                if (p->spans[k].file == p->files[f].index && last > end)
                    end = last;
            }
        }
        if (end < size && !exh_inspection_remark(exh_stored_disc_notes(p->disc), "unused-bytes", EXH_WARNS, p->files[f].name, end, p->err,
                                                 "the last %llu bytes of the data file belong to no track", (unsigned long long)(size - end)))
            return false;
    }
    return true;
}

bool exh_toc_place(const struct exh_toc *toc, const char *path, const struct exh_open *options, struct exh_stored_disc *disc, struct exh_error *err)
{
    struct placing p = {.toc = toc, .path = path, .options = options, .disc = disc, .err = err};
    p.files = calloc(EXH_STORED_FILES_MAX, sizeof *p.files);
    p.spans = calloc(toc->piece_count + 1, sizeof *p.spans);
    bool ok = (p.files != NULL && p.spans != NULL) || exh_nomem(err, "the data files of a toc-file");
    for (unsigned number = 1; ok && number <= toc->track_count; number++)
        ok = place_track(&p, number);
    ok = ok && note_unused(&p);
    free(p.files);
    free(p.spans);
    struct exh_disc *facts = exh_stored_disc_facts(disc);
    memcpy(facts->mcn, toc->mcn, sizeof facts->mcn);
    return ok && exh_disc_set_lead_out(facts, 1, p.lba, toc->disc_type, err);
}
