/* cue_places.c - the commands of a cue sheet that say where what lies: FILE, TRACK, INDEX, PREGAP, POSTGAP. See cue_parser.h.
 *
 * Sources: the CDRWIN user's guide, appendix A; what EAC and others add is told at the command. */
#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "formats/optical/cue_parser.h"
#include "formats/optical/msf.h"

/* ---- FILE ---- */

static bool file_type(struct exh_cue_parser *p, struct exh_cue_span word, enum exh_cue_file_type *out)
{
    static const struct {
        const char *word;
        int type; /* -1: compressed, not bit for bit */
    } types[] = {{"BINARY", EXH_CUE_BINARY},
                 {"MOTOROLA", EXH_CUE_MOTOROLA},
                 {"WAVE", EXH_CUE_WAVE},
                 {"WAV", EXH_CUE_WAVE},
                 {"AIFF", EXH_CUE_AIFF},
                 {"AIF", EXH_CUE_AIFF},
                 {"MP3", -1},
                 {"FLAC", -1},
                 {"OGG", -1},
                 {"APE", -1},
                 {"WV", -1},
                 {"WAVPACK", -1},
                 {"AAC", -1},
                 {"M4A", -1},
                 {"OPUS", -1}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (exh_cue_is(word, types[i].word)) {
            *out = (enum exh_cue_file_type)types[i].type;
            return types[i].type >= 0 ||
                   exh_cue_refuse_at(p, p->line, EXH_UNSUPPORTED,
                                     "a FILE of type %s: compressed audio is not read, it does not hold the disc bit for bit", types[i].word);
        }
    return exh_cue_refuse_at(p, p->line, EXH_UNSUPPORTED, "'%s' is no type of FILE that is read: BINARY, MOTOROLA, WAVE or AIFF",
                             exh_cue_show(word).text);
}

/* The name is what stands between the first and the last quotation mark, or, without any, all before the last word. */
bool exh_cue_take_file(struct exh_cue_parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    struct exh_cue_span behind, type, rest, name;
    bool open;
    name = exh_cue_text(line, &behind, &open);
    if (open)
        return exh_cue_refuse(p, "the name of a FILE has no closing quotation mark");
    if (behind.length == 0) {
        type = exh_cue_last_word(&name);
        name = exh_cue_text(name, NULL, &open);
        rest = (struct exh_cue_span){NULL, 0};
        if (name.length == 0 || type.length == 0)
            return exh_cue_refuse(p, "FILE needs a name and a type");
    } else if (rest = behind, !exh_cue_word(&rest, &type)) {
        return exh_cue_refuse(p, "FILE needs a type behind the name");
    }
    if (name.length == 0 || name.length > 1024)
        return exh_cue_refuse(p, "FILE with a name of %zu bytes", name.length);
    struct exh_cue_file file = {.line = p->line};
    if (!file_type(p, type, &file.type) || !exh_cue_behind(p, rest) ||
        !exh_grow((void **)&s->files, &s->file_capacity, s->file_count, sizeof file, EXH_CUE_FILES_MAX, "files of a cue sheet", p->err))
        return false;
    if ((file.name = exh_text_copy(name.text, name.length)) == NULL)
        return exh_nomem(p->err, "a file name");
    p->file = (uint32_t)s->file_count;
    p->frames = EXH_CUE_NONE;
    s->files[s->file_count++] = file;
    return true;
}

/* ---- TRACK ---- */

struct mode {
    const char *word;
    enum exh_track_kind kind;
    uint32_t main_bytes, sub_bytes;
    bool cdi;
};

static const struct mode modes[] = {
    {"AUDIO", EXH_TRACK_AUDIO, 2352, 0, false},      {"CDG", EXH_TRACK_AUDIO, 2352, 96, false},       {"MODE0/2352", EXH_TRACK_MODE0, 2352, 0, false},
    {"MODE1/2048", EXH_TRACK_MODE1, 2048, 0, false}, {"MODE1/2352", EXH_TRACK_MODE1, 2352, 0, false}, {"MODE2/2048", EXH_TRACK_MODE2, 2048, 0, false},
    {"MODE2/2324", EXH_TRACK_MODE2, 2324, 0, false}, {"MODE2/2336", EXH_TRACK_MODE2, 2336, 0, false}, {"MODE2/2352", EXH_TRACK_MODE2, 2352, 0, false},
    {"CDI/2336", EXH_TRACK_MODE2, 2336, 0, true},    {"CDI/2352", EXH_TRACK_MODE2, 2352, 0, true}};

static const struct mode *mode_named(struct exh_cue_span word)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (exh_cue_is(word, modes[i].word))
            return &modes[i];
    return NULL;
}

static const struct exh_cue_index *index_of(const struct exh_cue_sheet *s, const struct exh_cue_track *t, unsigned number)
{
    for (uint32_t i = 0; i < t->index_count; i++)
        if (s->indexes[t->first_index + i].number == number)
            return &s->indexes[t->first_index + i];
    return NULL;
}

bool exh_cue_finish_track(struct exh_cue_parser *p)
{
    return p->track == NULL || index_of(p->sheet, p->track, 1) != NULL ||
           exh_cue_refuse_at(p, p->track->line, EXH_CORRUPT, "track %u has no INDEX 01", p->track->number);
}

static bool check_number(struct exh_cue_parser *p, struct exh_cue_span word, uint32_t number)
{
    if (number < 1 || number > EXH_LAYOUT_TRACKS_MAX)
        return exh_cue_refuse(p, "TRACK %s: a disc has tracks 1 to %u", exh_cue_show(word).text, EXH_LAYOUT_TRACKS_MAX);
    if (p->track == NULL)
        return true;
    if (number <= p->track->number)
        return exh_cue_refuse(p, "track %u follows track %u", number, p->track->number);
    return number == p->track->number + 1u || exh_cue_odd(p, "track %u follows track %u", number, p->track->number);
}

bool exh_cue_take_track(struct exh_cue_parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    struct exh_cue_span number_word, mode_word;
    uint32_t number;
    if (!exh_cue_word(&line, &number_word) || !exh_cue_word(&line, &mode_word))
        return exh_cue_refuse(p, "TRACK needs a number and a mode");
    if (!exh_cue_number(number_word, &number))
        return exh_cue_refuse(p, "'%s' is no track number", exh_cue_show(number_word).text);
    if (!exh_cue_finish_track(p) || !check_number(p, number_word, number) || !exh_cue_behind(p, line))
        return false;
    if (exh_cue_is(mode_word, "MODEX/2XXX")) { /* EAC's word for the data track of an enhanced disc, which it does not read */
        p->not_stored = true;
        return exh_cue_odd(p, "track %u is data of a form that is not told, and no file holds it: it is left out", number);
    }
    const struct mode *mode = mode_named(mode_word);
    if (mode == NULL)
        return exh_cue_refuse_at(p, p->line, EXH_UNSUPPORTED, "'%s' is no track mode of a cue sheet", exh_cue_show(mode_word).text);
    p->track = &s->tracks[s->track_count++];
    *p->track = (struct exh_cue_track){.number = (uint8_t)number,
                                       .session = p->session,
                                       .control = mode->kind == EXH_TRACK_AUDIO ? 0 : EXH_CONTROL_DATA,
                                       .kind = mode->kind,
                                       .main_bytes = mode->main_bytes,
                                       .sub_bytes = mode->sub_bytes,
                                       .cdi = mode->cdi,
                                       .high_density = p->high_density,
                                       .first_index = (uint32_t)s->index_count,
                                       .line = p->line};
    p->high_density = false;
    return true;
}

/* ---- INDEX, PREGAP, POSTGAP ---- */

static bool check_order(struct exh_cue_parser *p, uint32_t number, uint32_t frames)
{
    const struct exh_cue_sheet *s = p->sheet;
    const struct exh_cue_track *t = p->track;
    uint32_t before = t->index_count > 0 ? s->indexes[t->first_index + t->index_count - 1].number : EXH_CUE_NONE;
    if (before == EXH_CUE_NONE && number > 1)
        return exh_cue_refuse(p, "the first INDEX of track %u is %u, and must be 00 or 01", t->number, number);
    if (before != EXH_CUE_NONE && number != before + 1)
        return exh_cue_refuse(p, "INDEX %u of track %u follows INDEX %u", number, t->number, before);
    if (p->frames != EXH_CUE_NONE && frames < p->frames)
        return exh_cue_refuse(p, "INDEX %u of track %u lies before the one in front of it", number, t->number);
    if (before != EXH_CUE_NONE || s->track_count < 2)
        return true;
    const struct exh_cue_track *last = t - 1;
    const struct exh_cue_index *start = index_of(s, last, 1);
    return start->file != p->file || start->frames != frames || exh_cue_refuse(p, "track %u begins where track %u does", t->number, last->number);
}

bool exh_cue_take_index(struct exh_cue_parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    struct exh_cue_span word;
    uint32_t number, frames;
    if (p->track == NULL)
        return exh_cue_refuse(p, "INDEX before any TRACK");
    if (!exh_cue_word(&line, &word) || !exh_cue_number(word, &number) || number > 99)
        return exh_cue_refuse(p, "INDEX needs a number of 00 to 99");
    if (!exh_cue_time(&line, &frames))
        return exh_cue_refuse(p, "INDEX %02u needs a time mm:ss:ff with ss < 60 and ff < 75", number);
    if (p->file == EXH_CUE_NONE)
        return exh_cue_refuse(p, "INDEX before any FILE: there is nothing it could lie in");
    if (frames > EXH_LBA_MAX)
        return exh_cue_refuse_at(p, p->line, EXH_LIMIT, "INDEX %02u lies beyond minute 170, where no disc reaches", number);
    if (p->track->kind != EXH_TRACK_AUDIO && s->files[p->file].type >= EXH_CUE_WAVE)
        return exh_cue_refuse(p, "track %u holds data, and its FILE is audio", p->track->number);
    if (p->track->sub_bytes != 0 && s->files[p->file].type != EXH_CUE_BINARY)
        return exh_cue_refuse(p, "track %u has a subchannel, which only a BINARY file can hold", p->track->number);
    if (!check_order(p, number, frames) || !exh_cue_behind(p, line) ||
        !exh_grow((void **)&s->indexes, &s->index_capacity, s->index_count, sizeof *s->indexes, EXH_CUE_INDEXES_MAX, "indexes of a cue sheet",
                  p->err))
        return false;
    s->indexes[s->index_count++] = (struct exh_cue_index){(uint8_t)number, p->file, frames, p->line};
    p->track->index_count++;
    p->frames = frames;
    return true;
}

static bool gap_time(struct exh_cue_parser *p, struct exh_cue_span line, const char *what, struct exh_cue_line *seen, uint32_t *frames)
{
    if (seen->number != 0)
        return exh_cue_refuse(p, "a second %s in track %u, after line %u", what, p->track->number, seen->number);
    if (!exh_cue_time(&line, frames))
        return exh_cue_refuse(p, "%s needs a time mm:ss:ff with ss < 60 and ff < 75", what);
    if (*frames > EXH_LBA_MAX)
        return exh_cue_refuse_at(p, p->line, EXH_LIMIT, "%s of more than 170 minutes", what);
    *seen = p->line;
    return exh_cue_behind(p, line);
}

bool exh_cue_take_pregap(struct exh_cue_parser *p, struct exh_cue_span line)
{
    struct exh_cue_track *t = p->track;
    if (t == NULL)
        return exh_cue_refuse(p, "PREGAP before any TRACK");
    if (index_of(p->sheet, t, 1) != NULL)
        return exh_cue_refuse(p, "PREGAP behind INDEX 01 of track %u: it would move what has already been placed", t->number);
    if (t->index_count > 0 && !exh_cue_odd(p, "PREGAP behind INDEX 00: both count"))
        return false;
    if (!gap_time(p, line, "PREGAP", &t->pregap_line, &t->pregap))
        return false;
    return t != p->sheet->tracks || t->pregap != EXH_LEAD_IN_FRAMES ||
           exh_cue_odd(p, "a PREGAP of 00:02:00 in the first track is taken as silence beside the two seconds with which every disc begins");
}

bool exh_cue_take_postgap(struct exh_cue_parser *p, struct exh_cue_span line)
{
    struct exh_cue_track *t = p->track;
    if (t == NULL)
        return exh_cue_refuse(p, "POSTGAP before any TRACK");
    if (t->index_count == 0 && !exh_cue_odd(p, "POSTGAP before the track's INDEX"))
        return false;
    return gap_time(p, line, "POSTGAP", &t->postgap_line, &t->postgap);
}
