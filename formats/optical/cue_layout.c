/* cue_layout.c - where the tracks of a cue sheet lie. See cue_layout.h.
 *
 * An INDEX counts sectors from the beginning of its FILE, whatever their size: the byte it means is only known by walking the file from its beginning
 * with each track's own size. Each index gives a span, up to the next index in the same file or to the file's end; spans are laid on the disc one
 * behind the other, with what no file holds (PREGAP, POSTGAP, what lies between sessions) between them.
 *
 * REM LEAD-OUT has two meanings. In the sheets of redump.org, one file per track, it is the length of the lead-out that no file holds, 01:30:00
 * behind the first session and 00:30:00 behind later ones, and REM LEAD-IN and REM PREGAP behind it are lengths as well. In those of IsoBuster,
 * ImgBurn and UltraISO, one file for the whole disc, it is the place in that file at which the session ends. Nothing in the line tells them apart,
 * but the files do: where the next session goes on in the same file, between the last index of the one and the first of the other, and no REM LEAD-IN
 * or REM PREGAP stands beside it, the time can be a place, and is one; where a new file begins, it cannot be one, and is a length. A time that fits
 * neither is a finding, and the usual lengths are taken. */
#include "formats/optical/cue_layout.h"

#include <stdlib.h>
#include <string.h>

#include "formats/container/siblings.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "formats/optical/cdtext.h"
#include "formats/optical/msf.h"
#include "formats/optical/wave.h"

#define GD_ROM_SECOND_AREA 45000                           /* LBA, on every GD-ROM */
#define CDTEXT_FILE_MAX (EXH_CDTEXT_PACKS_MAX * 18u + 64u) /* all packs there can be, and what is found around them */

struct data_file { /* one FILE line */
    bool open;
    char *path;          /* where it lies; NULL when another line opened it */
    uint32_t stored;     /* as the stored disc counts it */
    uint64_t begin, end; /* bytes that hold sectors */
    bool big_endian;
};

struct span { /* sectors from one index on */
    uint32_t track, file, number /* of the index; 0: pregap */;
    uint64_t offset, sectors;
};

struct between {  /* how a session is reached from the one before it */
    bool in_file; /* so many sectors lie between them in the file */
    uint32_t sectors;
};

struct build {
    const struct exh_cue_sheet *sheet;
    const struct exh_open *options;
    const char *path;
    struct exh_stored_disc *disc;
    struct exh_error *err;
    struct data_file *files;
    struct span *spans;
    size_t span_count;
    struct between between[EXH_DISC_SESSIONS_MAX + 1];
    uint64_t offset; /* the byte at which the next index of the current file lies */
};

int64_t exh_cue_session_start(int64_t end, uint32_t lead_out, uint32_t lead_in, uint32_t least_pregap, uint32_t pregap)
{
    return end + lead_out + lead_in + (pregap > least_pregap ? pregap : least_pregap);
}

static bool fail_at(struct build *b, struct exh_cue_line line, const char *what)
{
    (void)exh_context(b->err, "line %u: %s", line.number, what);
    b->err->at = line.at;
    b->err->file[0] = '\0'; /* the place is one in the sheet; the text names the other file */
    return false;
}

#define note(b, check, outcome, line, ...)                                                                                                           \
    exh_inspection_remark(exh_stored_disc_notes((b)->disc), check, outcome, (b)->path, (line).at, (b)->err, __VA_ARGS__)

/* ---- files ---- */

/* The name as its bytes stand there; a name in an old code page is also tried as the UTF-8 it would be today. */
static struct exh_source *open_named(struct build *b, const char *name, char **path, bool *as_named)
{
    if (b->options->siblings == NULL) {
        (void)exh_fail(b->err, EXH_NOT_FOUND, EXH_NO_OFFSET, "'%.200s': there is no folder to look in", name);
        return NULL;
    }
    struct exh_source *source = exh_siblings_referenced(b->options->siblings, name, b->options->past_cache, path, as_named, b->err);
    if (source != NULL || b->err->code != EXH_NOT_FOUND || exh_text_is_utf8(name, strlen(name)))
        return source;
    char *utf8 = exh_text_to_utf8((const uint8_t *)name, strlen(name));
    if (utf8 == NULL)
        return NULL;
    exh_error_clear(b->err);
    source = exh_siblings_referenced(b->options->siblings, utf8, b->options->past_cache, path, as_named, b->err);
    free(utf8);
    *as_named = false;
    return source;
}

static bool note_size(struct build *b, const struct exh_wave *wave, const char *path)
{
    struct exh_inspection *notes = exh_stored_disc_notes(b->disc);
    if (wave->said == 0)
        return exh_inspection_remark(notes, "data-file", EXH_WARNS, path, wave->offset, b->err,
                                     "the header leaves the length of the samples open: they are taken to reach to the end of the file");
    return wave->said <= wave->bytes || exh_inspection_remark(notes, "data-file", EXH_FAILS, path, wave->offset + wave->bytes, b->err,
                                                              "the header tells of %llu bytes of samples, and the file holds %llu",
                                                              (unsigned long long)wave->said, (unsigned long long)wave->bytes);
}

/* Finds the samples of an audio file, and puts what lies behind them out of reach. */
static bool look_inside(struct build *b, struct data_file *f, struct exh_source **source, const char *path)
{
    struct exh_wave wave;
    if (!exh_wave_find(*source, &wave, b->err) || !note_size(b, &wave, path))
        return false;
    struct exh_source *clipped = exh_wave_clip(*source, wave.offset + wave.bytes, b->err);
    if (clipped == NULL)
        return false;
    *source = clipped;
    f->begin = wave.offset;
    f->big_endian = wave.big_endian;
    return true;
}

/* The FILE line before this one that opened the same file as the same type, or NULL: what two tracks claim of it shall be seen to overlap. */
static const struct data_file *opened_before(const struct build *b, uint32_t file, const char *path)
{
    for (uint32_t i = 0; i < file; i++)
        if (b->files[i].path != NULL && b->sheet->files[i].type == b->sheet->files[file].type && strcmp(b->files[i].path, path) == 0)
            return &b->files[i];
    return NULL;
}

/* Samples with a header that the sheet does not know of would all lie 44 bytes too far on. */
static bool check_raw(struct build *b, const struct exh_cue_file *named, struct exh_source *source)
{
    uint8_t head[12] = {0};
    if (source->size < sizeof head)
        return true;
    if (!exh_source_read(source, 0, head, sizeof head, b->err))
        return false;
    bool wave = memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0,
         aiff = memcmp(head, "FORM", 4) == 0 && memcmp(head + 8, "AIF", 3) == 0;
    return !(wave || aiff) || note(b, "file-type", EXH_WARNS, named->line, "line %u: the file is %s, and is read as %s, as the sheet says",
                                   named->line.number, wave ? "WAVE" : "AIFF", named->type == EXH_CUE_BINARY ? "BINARY" : "MOTOROLA");
}

/* Takes source and path over. */
static bool add_file(struct build *b, uint32_t file, struct exh_source *source, char *path, bool as_named)
{
    const struct exh_cue_file *named = &b->sheet->files[file];
    struct data_file *f = &b->files[file];
    f->path = path;
    const struct data_file *before = opened_before(b, file, path);
    if (before != NULL) {
        exh_source_close(source);
        *f = *before;
        f->path = NULL;
        free(path);
        return note(b, "sheet", EXH_WARNS, named->line, "line %u: the same file a second time", named->line.number);
    }
    if (!as_named && !note(b, "file-name", EXH_WARNS, named->line, "line %u: the file is '%.150s' here, and not quite what the sheet calls it",
                           named->line.number, exh_text_base(path))) {
        exh_source_close(source);
        return false;
    }
    if (named->type >= EXH_CUE_WAVE ? !look_inside(b, f, &source, path) : !check_raw(b, named, source)) {
        exh_source_close(source);
        return fail_at(b, named->line, exh_text_base(path));
    }
    f->end = source->size;
    f->open = exh_stored_disc_file(b->disc, source, path, &f->stored, b->err);
    return f->open || fail_at(b, named->line, "FILE");
}

static bool open_file(struct build *b, uint32_t file)
{
    bool as_named = true;
    char *path = NULL;
    struct exh_source *source = open_named(b, b->sheet->files[file].name, &path, &as_named);
    if (source == NULL)
        return fail_at(b, b->sheet->files[file].line, "FILE");
    return add_file(b, file, source, path, as_named);
}

/* ---- spans ---- */

static uint32_t stride_of(const struct exh_cue_track *t) { return t->main_bytes + t->sub_bytes; }

static void add_span(struct build *b, uint32_t track, uint32_t file, uint32_t number, uint64_t sectors)
{
    b->spans[b->span_count++] = (struct span){track, file, number, b->offset, sectors};
    b->offset += sectors * stride_of(&b->sheet->tracks[track]);
}

/* The last session ended in this track: does the sheet give the place in the file at which it did? */
static bool ends_in_file(const struct build *b, const struct exh_cue_index *last, const struct exh_cue_index *next, const struct exh_cue_track *t)
{
    const struct exh_cue_session *ended = &b->sheet->sessions[t->session], *begun = &b->sheet->sessions[t[1].session];
    return ended->lead_out.line.number != 0 && begun->lead_in.line.number == 0 && begun->pregap.line.number == 0 &&
           ended->lead_out.frames > last->frames && ended->lead_out.frames <= next->frames;
}

/* Between two sessions of one file. What lies there and is too short for a lead-out is the beginning of the next session's pregap. */
static bool cross_sessions(struct build *b, uint32_t track, const struct exh_cue_index *last, const struct exh_cue_index *next)
{
    const struct exh_cue_track *t = &b->sheet->tracks[track];
    const struct exh_cue_time *end = &b->sheet->sessions[t->session].lead_out;
    if (!ends_in_file(b, last, next, t)) {
        add_span(b, track, last->file, last->number, next->frames - last->frames);
        return end->line.number == 0 || b->sheet->sessions[t[1].session].lead_in.line.number != 0 ||
               note(b, "sheet", EXH_WARNS, end->line, "line %u: the lead-out lies nowhere between the sessions in the file, and is taken as a length",
                    end->line.number);
    }
    uint32_t gap = next->frames - end->frames;
    add_span(b, track, last->file, last->number, end->frames - last->frames);
    if (gap == 0)
        return true;
    if (gap <= EXH_LEAD_IN_FRAMES) {
        add_span(b, track + 1, next->file, 0, gap);
        return note(b, "sheet", EXH_WARNS, next->line, "line %u: the %u sectors before it are taken as the pregap of track %u", next->line.number,
                    gap, t[1].number);
    }
    b->between[t[1].session] = (struct between){true, gap};
    uint64_t skipped = b->offset;
    b->offset += (uint64_t)gap * stride_of(t);
    return note(b, "sheet", EXH_WARNS, next->line, "line %u: the %u sectors between the sessions, from byte %llu on, are in no track",
                next->line.number, gap, (unsigned long long)skipped);
}

/* From the last index of a file to the file's end. An index means a sector: where the file has none for the last one of a track, it is missing. */
static bool span_to_end(struct build *b, uint32_t track, const struct exh_cue_index *i, bool last_of_track)
{
    const struct data_file *f = &b->files[i->file];
    uint32_t stride = stride_of(&b->sheet->tracks[track]);
    uint64_t left = b->offset < f->end ? f->end - b->offset : 0, sectors = left / stride + (left % stride != 0);
    add_span(b, track, i->file, i->number, sectors == 0 && last_of_track ? 1 : sectors);
    return sectors != 0 || b->spans[b->span_count - 1].offset <= f->end ||
           note(b, "data-file", EXH_FAILS, i->line, "line %u: INDEX %02u of track %u lies at byte %llu of a file that ends at byte %llu",
                i->line.number, i->number, b->sheet->tracks[track].number, (unsigned long long)b->spans[b->span_count - 1].offset,
                (unsigned long long)f->end);
}

/* What a file holds before the first index in it belongs to the track of that index. */
static bool enter_file(struct build *b, uint32_t track, const struct exh_cue_index *i)
{
    const struct exh_cue_track *t = &b->sheet->tracks[track];
    if (!b->files[i->file].open && !open_file(b, i->file))
        return false;
    b->offset = b->files[i->file].begin;
    if (b->sheet->files[i->file].type == EXH_CUE_MOTOROLA && t->kind != EXH_TRACK_AUDIO &&
        !note(b, "sheet", EXH_WARNS, t->line, "line %u: a data track in a MOTOROLA file: its bytes are taken in the order in which they stand there",
              t->line.number))
        return false;
    if (i->frames == 0)
        return true;
    add_span(b, track, i->file, i->number <= 1 ? 0 : i->number - 1u, i->frames);
    return (i->number == 1 && track == 0) ||
           note(b, "sheet", EXH_WARNS, i->line, "line %u: the %u sectors before it in the file are taken as track %u's", i->line.number, i->frames,
                t->number);
}

/* In a sheet of one file the last REM LEAD-OUT can be the place where the file ends. */
static bool check_last_lead_out(struct build *b, const struct exh_cue_index *i, uint8_t session)
{
    const struct exh_cue_time *said = &b->sheet->sessions[session].lead_out;
    uint64_t end = i->frames + b->spans[b->span_count - 1].sectors;
    if (b->sheet->file_count > 1 || said->line.number == 0 || said->frames == EXH_CUE_LEAD_OUT_FIRST || said->frames == EXH_CUE_LEAD_OUT_LATER)
        return true;
    return said->frames == end ||
           note(b, "sheet", EXH_WARNS, said->line, "line %u: the lead-out is said to lie at sector %u of the file, which has %llu", said->line.number,
                said->frames, (unsigned long long)end);
}

static bool lay_spans(struct build *b)
{
    const struct exh_cue_sheet *s = b->sheet;
    for (uint32_t t = 0; t < s->track_count; t++)
        for (uint32_t k = 0; k < s->tracks[t].index_count; k++) {
            size_t at = s->tracks[t].first_index + k;
            const struct exh_cue_index *i = &s->indexes[at], *next = at + 1 < s->index_count ? i + 1 : NULL;
            bool last_of_track = k + 1 == s->tracks[t].index_count, ok = true;
            if ((at == 0 || i[-1].file != i->file) && !enter_file(b, t, i))
                return false;
            if (next == NULL || next->file != i->file)
                ok = span_to_end(b, t, i, last_of_track) && (next != NULL || check_last_lead_out(b, i, s->tracks[t].session));
            else if (last_of_track && s->tracks[t + 1].session != s->tracks[t].session)
                ok = cross_sessions(b, t, i, next);
            else
                add_span(b, t, i->file, i->number, next->frames - i->frames);
            if (!ok)
                return false;
        }
    return true;
}

/* ---- places on the disc ---- */

static uint32_t time_or(const struct exh_cue_time *time, uint32_t otherwise) { return time->line.number != 0 ? time->frames : otherwise; }

/* LBA of INDEX 01 of a track whose pregap has `pregap` sectors, behind one that ended at `end`. `ended_sessions` lie before it. */
static int64_t place(const struct build *b, uint32_t track, int64_t end, uint32_t pregap, unsigned ended_sessions)
{
    const struct exh_cue_track *t = &b->sheet->tracks[track];
    if (t->high_density)
        return GD_ROM_SECOND_AREA;
    if (track == 0 || t[-1].session == t->session)
        return end + pregap;
    if (b->between[t->session].in_file)
        return end + b->between[t->session].sectors + pregap;
    const struct exh_cue_session *ended = &b->sheet->sessions[t[-1].session], *begun = &b->sheet->sessions[t->session];
    const struct exh_cue_index *first = &b->sheet->indexes[t->first_index];
    bool length = first[-1].file != first->file || !ends_in_file(b, first - 1, first, t - 1);
    uint32_t usual = ended_sessions <= 1 ? EXH_CUE_LEAD_OUT_FIRST : EXH_CUE_LEAD_OUT_LATER;
    return exh_cue_session_start(end, length ? time_or(&ended->lead_out, usual) : usual, time_or(&begun->lead_in, EXH_CUE_LEAD_IN),
                                 time_or(&begun->pregap, EXH_LEAD_IN_FRAMES), pregap);
}

static bool add_stretches(struct build *b, uint32_t track, size_t from, size_t to, int64_t lba)
{
    const struct exh_cue_track *t = &b->sheet->tracks[track];
    struct exh_stretch s = {.sectors = 0};
    for (size_t i = from; i < to; i++) {
        const struct span *span = &b->spans[i];
        const struct data_file *f = &b->files[span->file];
        enum exh_cue_file_type type = b->sheet->files[span->file].type;
        if (span->number >= 2 && (i == from || span[-1].number != span->number) &&
            !exh_disc_add_index(exh_stored_disc_facts(b->disc), t->number, span->number, lba, b->err))
            return false;
        bool joins = s.sectors > 0 && s.file == f->stored && s.offset + s.sectors * s.stride == span->offset;
        if (joins) {
            s.sectors += span->sectors;
        } else if (span->sectors > 0) {
            if (s.sectors > 0 && !exh_stored_disc_stretch(b->disc, &s, b->err))
                return false;
            s = (struct exh_stretch){.track = track, .lba = lba, .sectors = span->sectors, .file = f->stored, .offset = span->offset};
            s.stride = stride_of(t);
            s.swapped = t->kind == EXH_TRACK_AUDIO && (f->big_endian || type == EXH_CUE_MOTOROLA);
            s.padded = type >= EXH_CUE_WAVE;
            s.sub = t->sub_bytes != 0 ? EXH_SUB_INTERLEAVED : EXH_SUB_NONE;
            s.sub_file = f->stored;
            s.sub_offset = span->offset + t->main_bytes;
            s.sub_stride = s.stride;
        }
        lba += (int64_t)span->sectors;
    }
    return s.sectors == 0 || exh_stored_disc_stretch(b->disc, &s, b->err);
}

static bool add_track(struct build *b, uint32_t track, size_t from, size_t to, int64_t *end, unsigned ended_sessions)
{
    const struct exh_cue_track *t = &b->sheet->tracks[track];
    uint64_t stored = 0, sectors = 0;
    for (size_t i = from; i < to; i++) {
        stored += b->spans[i].number == 0 ? b->spans[i].sectors : 0;
        sectors += b->spans[i].sectors;
    }
    if (stored > EXH_LBA_MAX)
        return exh_fail(b->err, EXH_LIMIT, t->line.at, "line %u: the pregap of track %u has %llu sectors", t->line.number, t->number,
                        (unsigned long long)stored);
    uint32_t pregap = t->pregap + (uint32_t)stored;
    int64_t start = place(b, track, *end, pregap, ended_sessions);
    if (start > EXH_LBA_MAX)
        return exh_fail(b->err, EXH_LIMIT, t->line.at, "line %u: track %u would begin at LBA %lld, and a disc ends before %d", t->line.number,
                        t->number, (long long)start, EXH_LBA_MAX);
    struct exh_track out = {.number = t->number, .session = t->session, .control = t->control, .kind = t->kind, .sectors = sectors};
    out.first = start - (int64_t)stored;
    out.main_bytes = t->main_bytes;
    out.sub_bytes = t->sub_bytes;
    out.stored_pregap = (uint32_t)stored;
    out.pregap = pregap;
    out.postgap = t->postgap;
    memcpy(out.isrc, t->isrc, sizeof out.isrc);
    *end = out.first + (int64_t)sectors + t->postgap;
    uint32_t index;
    return exh_stored_disc_track(b->disc, &out, &index, b->err) && add_stretches(b, track, from, to, out.first);
}

static bool end_session(struct build *b, uint32_t track, int64_t end)
{
    const struct exh_cue_track *t = &b->sheet->tracks[track];
    bool cdi = false;
    for (uint32_t i = 0; i <= track; i++)
        cdi = cdi || (b->sheet->tracks[i].session == t->session && b->sheet->tracks[i].cdi);
    return exh_disc_set_lead_out(exh_stored_disc_facts(b->disc), t->session, end, cdi ? 0x10 : -1, b->err);
}

static bool lay_tracks(struct build *b)
{
    const struct exh_cue_sheet *s = b->sheet;
    int64_t end = 0;
    unsigned ended_sessions = 0;
    for (uint32_t t = 0, from = 0, to; t < s->track_count; t++, from = to) {
        for (to = from; to < b->span_count && b->spans[to].track == t; to++)
            ;
        if (!add_track(b, t, from, to, &end, ended_sessions))
            return false;
        if (t + 1 == s->track_count || s->tracks[t + 1].session != s->tracks[t].session) {
            if (!end_session(b, t, end))
                return false;
            ended_sessions++;
        }
    }
    return true;
}

/* ---- the rest ---- */

/* A sheet written for a DVD or BD calls its one track MODE1/2048. */
static void name_medium(struct build *b)
{
    struct exh_disc *disc = exh_stored_disc_facts(b->disc);
    uint32_t count;
    struct exh_track *tracks = exh_stored_disc_tracks(b->disc, &count);
    const char *medium = b->sheet->medium[0] != '\0' ? b->sheet->medium : "CD";
    memcpy(disc->mcn, b->sheet->mcn, sizeof disc->mcn);
    memcpy(disc->medium, medium, strlen(medium) + 1);
    if (count == 1 && tracks[0].main_bytes == 2048 && (strncmp(medium, "DVD", 3) == 0 || strncmp(medium, "BD", 2) == 0)) {
        tracks[0].kind = EXH_TRACK_BLOCKS;
        tracks[0].control = 0;
    }
}

static bool read_cdtext_file(struct build *b, struct exh_source *source, const char *path)
{
    uint8_t *bytes = source->size <= CDTEXT_FILE_MAX ? malloc((size_t)source->size + 1) : NULL;
    size_t length = bytes != NULL ? (size_t)source->size : 0;
    bool ok =
        bytes != NULL && exh_source_read(source, 0, bytes, length, b->err) && exh_cdtext_file(bytes, length, exh_stored_disc_facts(b->disc), b->err);
    free(bytes);
    if (ok || b->err->code == EXH_NOMEM)
        return ok;
    exh_error_clear(b->err);
    exh_stored_disc_facts(b->disc)->cdtext_packs = 0;
    return exh_inspection_remark(exh_stored_disc_notes(b->disc), "cd-text", EXH_FAILS, path, 0, b->err, "the file holds no CD-TEXT packs");
}

/* No sector depends on it: that it is not there, or not what it should be, is told, and the disc read all the same. */
static bool take_cdtext_file(struct build *b)
{
    char *path = NULL;
    bool as_named;
    uint32_t index;
    struct exh_cue_line line = b->sheet->cdtext_line;
    struct exh_source *source = open_named(b, b->sheet->cdtext_file, &path, &as_named);
    if (source == NULL) {
        struct exh_error why = *b->err;
        exh_error_clear(b->err);
        return note(b, "cd-text", EXH_WARNS, line, "line %u: CDTEXTFILE %.180s", line.number, why.text);
    }
    bool ok = read_cdtext_file(b, source, path);
    if (ok)
        ok = exh_stored_disc_file(b->disc, source, path, &index, b->err);
    else
        exh_source_close(source);
    free(path);
    return ok;
}

/* The record keeps packs, not sheets: what is in no pack is in no copy. */
static bool lose_texts(struct build *b, size_t count, const char *why)
{
    struct exh_cue_line whole = {0, EXH_NO_OFFSET};
    return note(b, "cd-text-left-out", EXH_WARNS, whole, "%s", why) &&
           exh_losses_add(exh_stored_disc_losses(b->disc), EXH_LOSS_TEXT, count, b->err, "titles and other texts (%s)", why);
}

static bool encode_texts(struct build *b)
{
    const struct exh_cue_sheet *s = b->sheet;
    struct exh_cdtext_item *items = calloc(s->text_count, sizeof *items);
    if (items == NULL)
        return exh_nomem(b->err, "CD-TEXT");
    for (size_t i = 0; i < s->text_count; i++)
        items[i] = (struct exh_cdtext_item){.block = 0, .type = s->texts[i].type, .track = s->texts[i].track, .text = s->texts[i].text};
    size_t left_out = 0;
    bool ok = exh_cdtext_encode(items, s->text_count, s->tracks[0].number, s->tracks[s->track_count - 1].number, 9 /* English, as no other is said */,
                                exh_stored_disc_facts(b->disc), &left_out, b->err);
    free(items);
    if (!ok && b->err->code == EXH_LIMIT) {
        exh_error_clear(b->err);
        exh_stored_disc_facts(b->disc)->cdtext_packs = 0;
        return lose_texts(b, s->text_count, "the sheet has more text than CD-TEXT can hold: it is left out");
    }
    char why[100];
    (void)snprintf(why, sizeof why, "%zu texts have characters that CD-TEXT has not, and are left out", left_out);
    return ok && (left_out == 0 || lose_texts(b, left_out, why));
}

static bool note_unused(struct build *b)
{
    for (uint32_t i = 0; i < b->sheet->file_count; i++)
        if (!b->files[i].open && !note(b, "sheet", EXH_WARNS, b->sheet->files[i].line, "line %u: no INDEX lies in this FILE: it was not looked at",
                                       b->sheet->files[i].line.number))
            return false;
    return true;
}

bool exh_cue_build(const struct exh_cue_sheet *sheet, const struct exh_open *options, const char *path, struct exh_stored_disc *disc,
                   struct exh_error *err)
{
    struct build b = {.sheet = sheet, .options = options, .path = path, .disc = disc, .err = err};
    b.files = calloc(sheet->file_count + 1, sizeof *b.files);
    b.spans = calloc(sheet->index_count * 2 + 1, sizeof *b.spans);
    bool ok = (b.files != NULL && b.spans != NULL) || exh_nomem(err, "a cue sheet");
    ok = ok && lay_spans(&b) && lay_tracks(&b) && note_unused(&b);
    if (ok)
        name_medium(&b);
    ok = ok && (sheet->cdtext_file == NULL || take_cdtext_file(&b));
    ok = ok && (exh_stored_disc_facts(disc)->cdtext_packs > 0 || sheet->text_count == 0 || encode_texts(&b));
    for (size_t i = 0; b.files != NULL && i < sheet->file_count; i++)
        free(b.files[i].path);
    free(b.files);
    free(b.spans);
    return ok;
}
