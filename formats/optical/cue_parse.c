/* cue_parse.c - the commands of a cue sheet. See cue_parse.h.
 *
 * Sources: the CDRWIN user's guide, appendix A; what EAC, IsoBuster, ImgBurn and redump.org's sheets add is told at the command. */
#include "formats/optical/cue_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "formats/optical/cue_text.h"
#include "formats/optical/msf.h"

#define ODDITIES_MAX 100u /* a sheet of a hundred thousand odd lines is told in a hundred */
#define REMARKS_KEPT 64u  /* lines of REM shown as facts */
#define NONE UINT32_MAX

struct parser {
    struct exh_cue_sheet *sheet;
    struct exh_inspection *notes;
    const char *name;
    struct exh_error *err;
    struct exh_cue_line line;
    struct exh_cue_track *track;   /* NULL before the first */
    uint32_t file, frames;         /* the current one, and the last index in it (NONE: no file, no index yet) */
    uint8_t session;               /* of the next track */
    bool high_density, not_stored; /* this line is of a track that no file holds */
    uint32_t oddities, kept;
};

/* ---- what is said of a line ---- */

static bool refuse_at(struct parser *p, struct exh_cue_line line, enum exh_code code, const char *fmt, ...) EXH_PRINTF(4, 5);
static bool refuse_at(struct parser *p, struct exh_cue_line line, enum exh_code code, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return exh_fail(p->err, code, line.at, "line %u: %s", line.number, text);
}

#define refuse(p, ...) refuse_at(p, (p)->line, EXH_CORRUPT, __VA_ARGS__)

static bool odd(struct parser *p, const char *fmt, ...) EXH_PRINTF(2, 3);
static bool odd(struct parser *p, const char *fmt, ...)
{
    if (++p->oddities > ODDITIES_MAX)
        return true;
    char text[200];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return exh_inspection_remark(p->notes, "sheet", EXH_WARNS, p->name, p->line.at, p->err, "line %u: %s", p->line.number, text);
}

/* For messages: as much of it as is readable, as UTF-8. */
struct shown {
    char text[64];
};

static struct shown show(struct exh_cue_span s)
{
    struct shown out;
    size_t n = 0;
    for (; n < s.length && n + 4 < sizeof out.text; n++)
        out.text[n] = s.text[n] >= ' ' && s.text[n] < 127 ? s.text[n] : '?';
    (void)snprintf(out.text + n, sizeof out.text - n, "%s", n < s.length ? "..." : "");
    return out;
}

static bool behind_it(struct parser *p, struct exh_cue_span rest)
{
    struct exh_cue_span word;
    if (!exh_cue_word(&rest, &word) || (word.length > 0 && word.text[0] == ';'))
        return true;
    return odd(p, "'%s' behind the command is left aside", show(word).text);
}

static bool keep_text(struct parser *p, struct exh_cue_span text, char **out)
{
    *out = exh_text_to_utf8((const uint8_t *)text.text, text.length);
    return *out != NULL || exh_nomem(p->err, "a text");
}

/* ---- FILE ---- */

static bool file_type(struct parser *p, struct exh_cue_span word, enum exh_cue_file_type *out)
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
                   refuse_at(p, p->line, EXH_UNSUPPORTED, "a FILE of type %s: compressed audio is not read, it does not hold the disc bit for bit",
                             types[i].word);
        }
    return refuse_at(p, p->line, EXH_UNSUPPORTED, "'%s' is no type of FILE that is read: BINARY, MOTOROLA, WAVE or AIFF", show(word).text);
}

/* The name is what stands between the first and the last quotation mark, or, without any, all before the last word. */
static bool take_file(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    struct exh_cue_span behind, type, rest, name;
    bool open;
    name = exh_cue_text(line, &behind, &open);
    if (open)
        return refuse(p, "the name of a FILE has no closing quotation mark");
    if (behind.length == 0) {
        type = exh_cue_last_word(&name);
        name = exh_cue_text(name, NULL, &open);
        rest = (struct exh_cue_span){NULL, 0};
        if (name.length == 0 || type.length == 0)
            return refuse(p, "FILE needs a name and a type");
    } else if (rest = behind, !exh_cue_word(&rest, &type)) {
        return refuse(p, "FILE needs a type behind the name");
    }
    if (name.length == 0 || name.length > 1024)
        return refuse(p, "FILE with a name of %zu bytes", name.length);
    struct exh_cue_file file = {.line = p->line};
    if (!file_type(p, type, &file.type) || !behind_it(p, rest) ||
        !exh_grow((void **)&s->files, &s->file_capacity, s->file_count, sizeof file, EXH_CUE_FILES_MAX, "files of a cue sheet", p->err))
        return false;
    if ((file.name = exh_text_copy(name.text, name.length)) == NULL)
        return exh_nomem(p->err, "a file name");
    p->file = (uint32_t)s->file_count;
    p->frames = NONE;
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

static bool finish_track(struct parser *p)
{
    return p->track == NULL || index_of(p->sheet, p->track, 1) != NULL ||
           refuse_at(p, p->track->line, EXH_CORRUPT, "track %u has no INDEX 01", p->track->number);
}

static bool check_number(struct parser *p, struct exh_cue_span word, uint32_t number)
{
    if (number < 1 || number > EXH_LAYOUT_TRACKS_MAX)
        return refuse(p, "TRACK %s: a disc has tracks 1 to %u", show(word).text, EXH_LAYOUT_TRACKS_MAX);
    if (p->track == NULL)
        return true;
    if (number <= p->track->number)
        return refuse(p, "track %u follows track %u", number, p->track->number);
    return number == p->track->number + 1u || odd(p, "track %u follows track %u", number, p->track->number);
}

static bool take_track(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    struct exh_cue_span number_word, mode_word;
    uint32_t number;
    if (!exh_cue_word(&line, &number_word) || !exh_cue_word(&line, &mode_word))
        return refuse(p, "TRACK needs a number and a mode");
    if (!exh_cue_number(number_word, &number))
        return refuse(p, "'%s' is no track number", show(number_word).text);
    if (!finish_track(p) || !check_number(p, number_word, number) || !behind_it(p, line))
        return false;
    if (exh_cue_is(mode_word, "MODEX/2XXX")) { /* EAC's word for the data track of an enhanced disc, which it does not read */
        p->not_stored = true;
        return odd(p, "track %u is data of a form that is not told, and no file holds it: it is left out", number);
    }
    const struct mode *mode = mode_named(mode_word);
    if (mode == NULL)
        return refuse_at(p, p->line, EXH_UNSUPPORTED, "'%s' is no track mode of a cue sheet", show(mode_word).text);
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

static bool check_order(struct parser *p, uint32_t number, uint32_t frames)
{
    const struct exh_cue_sheet *s = p->sheet;
    const struct exh_cue_track *t = p->track;
    uint32_t before = t->index_count > 0 ? s->indexes[t->first_index + t->index_count - 1].number : NONE;
    if (before == NONE && number > 1)
        return refuse(p, "the first INDEX of track %u is %u, and must be 00 or 01", t->number, number);
    if (before != NONE && number != before + 1)
        return refuse(p, "INDEX %u of track %u follows INDEX %u", number, t->number, before);
    if (p->frames != NONE && frames < p->frames)
        return refuse(p, "INDEX %u of track %u lies before the one in front of it", number, t->number);
    if (before != NONE || s->track_count < 2)
        return true;
    const struct exh_cue_track *last = t - 1;
    const struct exh_cue_index *start = index_of(s, last, 1);
    return start->file != p->file || start->frames != frames || refuse(p, "track %u begins where track %u does", t->number, last->number);
}

static bool take_index(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    struct exh_cue_span word;
    uint32_t number, frames;
    if (p->track == NULL)
        return refuse(p, "INDEX before any TRACK");
    if (!exh_cue_word(&line, &word) || !exh_cue_number(word, &number) || number > 99)
        return refuse(p, "INDEX needs a number of 00 to 99");
    if (!exh_cue_time(&line, &frames))
        return refuse(p, "INDEX %02u needs a time mm:ss:ff with ss < 60 and ff < 75", number);
    if (p->file == NONE)
        return refuse(p, "INDEX before any FILE: there is nothing it could lie in");
    if (frames > EXH_LBA_MAX)
        return refuse_at(p, p->line, EXH_LIMIT, "INDEX %02u lies beyond minute 170, where no disc reaches", number);
    if (p->track->kind != EXH_TRACK_AUDIO && s->files[p->file].type >= EXH_CUE_WAVE)
        return refuse(p, "track %u holds data, and its FILE is audio", p->track->number);
    if (p->track->sub_bytes != 0 && s->files[p->file].type != EXH_CUE_BINARY)
        return refuse(p, "track %u has a subchannel, which only a BINARY file can hold", p->track->number);
    if (!check_order(p, number, frames) || !behind_it(p, line) ||
        !exh_grow((void **)&s->indexes, &s->index_capacity, s->index_count, sizeof *s->indexes, EXH_CUE_INDEXES_MAX, "indexes of a cue sheet",
                  p->err))
        return false;
    s->indexes[s->index_count++] = (struct exh_cue_index){(uint8_t)number, p->file, frames, p->line};
    p->track->index_count++;
    p->frames = frames;
    return true;
}

static bool gap_time(struct parser *p, struct exh_cue_span line, const char *what, struct exh_cue_line *seen, uint32_t *frames)
{
    if (seen->number != 0)
        return refuse(p, "a second %s in track %u, after line %u", what, p->track->number, seen->number);
    if (!exh_cue_time(&line, frames))
        return refuse(p, "%s needs a time mm:ss:ff with ss < 60 and ff < 75", what);
    if (*frames > EXH_LBA_MAX)
        return refuse_at(p, p->line, EXH_LIMIT, "%s of more than 170 minutes", what);
    *seen = p->line;
    return behind_it(p, line);
}

static bool take_pregap(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_track *t = p->track;
    if (t == NULL)
        return refuse(p, "PREGAP before any TRACK");
    if (index_of(p->sheet, t, 1) != NULL)
        return refuse(p, "PREGAP behind INDEX 01 of track %u: it would move what has already been placed", t->number);
    if (t->index_count > 0 && !odd(p, "PREGAP behind INDEX 00: both count"))
        return false;
    if (!gap_time(p, line, "PREGAP", &t->pregap_line, &t->pregap))
        return false;
    return t != p->sheet->tracks || t->pregap != EXH_LEAD_IN_FRAMES ||
           odd(p, "a PREGAP of 00:02:00 in the first track is taken as silence beside the two seconds with which every disc begins");
}

static bool take_postgap(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_track *t = p->track;
    if (t == NULL)
        return refuse(p, "POSTGAP before any TRACK");
    if (t->index_count == 0 && !odd(p, "POSTGAP before the track's INDEX"))
        return false;
    return gap_time(p, line, "POSTGAP", &t->postgap_line, &t->postgap);
}

/* ---- what goes with a track or the disc ---- */

static bool take_flags(struct parser *p, struct exh_cue_span line)
{
    static const struct {
        const char *word;
        uint8_t bits;
    } flags[] = {{"DCP", EXH_CONTROL_COPY}, {"4CH", EXH_CONTROL_FOUR_CHANNEL}, {"PRE", EXH_CONTROL_PRE_EMPHASIS}, {"SCMS", 0}, {"DATA", 0}};
    struct exh_cue_span word;
    if (p->track == NULL)
        return odd(p, "FLAGS before any TRACK is left aside");
    if ((p->track->index_count > 0 && !odd(p, "FLAGS behind an INDEX")) || (p->track->flags_said && !odd(p, "FLAGS again: both count")))
        return false;
    p->track->flags_said = true;
    while (exh_cue_word(&line, &word) && (word.length == 0 || word.text[0] != ';')) {
        size_t i = 0;
        while (i < sizeof flags / sizeof flags[0] && !exh_cue_is(word, flags[i].word))
            i++;
        if (i == sizeof flags / sizeof flags[0]) {
            if (!odd(p, "'%s' is no flag", show(word).text))
                return false;
            continue;
        }
        p->track->control |= flags[i].bits;
    }
    return true;
}

/* Five characters, seven digits; hyphens between its parts are not among them. */
static bool isrc_of(struct exh_cue_span text, char out[13])
{
    size_t n = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        if (c == '-' || c == ' ')
            continue;
        c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        if (n == 12 || !((c >= '0' && c <= '9') || (n < 5 && c >= 'A' && c <= 'Z')))
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n == 12;
}

static bool take_isrc(struct parser *p, struct exh_cue_span line)
{
    bool open;
    char isrc[13];
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    if (p->track == NULL)
        return odd(p, "ISRC before any TRACK is left aside");
    if (!isrc_of(text, isrc))
        return odd(p, "'%s' is no ISRC (five characters, seven digits) and is left aside", show(text).text);
    if (p->track->isrc[0] != '\0' && strcmp(p->track->isrc, isrc) != 0)
        return refuse(p, "a second ISRC of track %u, %s, after %s", p->track->number, isrc, p->track->isrc);
    memcpy(p->track->isrc, isrc, sizeof isrc);
    return p->track->index_count == 0 || odd(p, "ISRC behind an INDEX");
}

static bool take_catalog(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    bool open;
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    for (size_t i = 0; i < text.length; i++)
        if (text.length != 13 || text.text[i] < '0' || text.text[i] > '9')
            return refuse(p, "CATALOG '%s': 13 digits are needed", show(text).text);
    if (text.length == 0)
        return refuse(p, "CATALOG without its 13 digits");
    if (s->mcn[0] != '\0' && memcmp(s->mcn, text.text, 13) != 0)
        return refuse(p, "a second CATALOG, other than %s", s->mcn);
    memcpy(s->mcn, text.text, 13);
    return p->file == NONE || odd(p, "CATALOG behind FILE");
}

static bool take_cdtextfile(struct parser *p, struct exh_cue_span line)
{
    bool open;
    struct exh_cue_span name = exh_cue_text(line, NULL, &open);
    if (name.length == 0 || name.length > 1024 || p->sheet->cdtext_file != NULL)
        return odd(p, "CDTEXTFILE %s is left aside", name.length == 0 ? "without a name" : "a second time, or with a name too long,");
    p->sheet->cdtext_line = p->line;
    p->sheet->cdtext_file = exh_text_copy(name.text, name.length);
    return p->sheet->cdtext_file != NULL || exh_nomem(p->err, "a file name");
}

static bool take_text(struct parser *p, struct exh_cue_span line, uint8_t type)
{
    struct exh_cue_sheet *s = p->sheet;
    bool open;
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    if (open && !odd(p, "a text without its closing quotation mark"))
        return false;
    if (text.length == 0)
        return true;
    struct exh_cue_text item = {.type = type, .track = p->track != NULL ? p->track->number : 0};
    for (size_t i = s->text_count; i > 0 && s->texts[i - 1].track == item.track; i--)
        if (s->texts[i - 1].type == type)
            return odd(p, "a second text of its kind is left aside");
    if (!exh_grow((void **)&s->texts, &s->text_capacity, s->text_count, sizeof item, EXH_CUE_TEXTS_MAX, "texts of a cue sheet", p->err) ||
        !keep_text(p, text, &item.text))
        return false;
    s->texts[s->text_count++] = item;
    return true;
}

/* ---- REM ---- */

/* A comment that programs read. What cannot be read as one of theirs is a comment after all. */
static bool rem_time(struct parser *p, struct exh_cue_span line, struct exh_cue_time *out)
{
    uint32_t frames;
    if (!exh_cue_time(&line, &frames) || frames > EXH_LBA_MAX)
        return odd(p, "a REM that seems to give a time, and gives none");
    *out = (struct exh_cue_time){frames, p->line};
    return true;
}

static bool rem_session(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_span word;
    uint32_t number;
    if (!exh_cue_word(&line, &word) || !exh_cue_number(word, &number))
        return odd(p, "REM SESSION without a number is left aside");
    if (number < 1 || number > EXH_DISC_SESSIONS_MAX)
        return refuse(p, "REM SESSION %s: a disc has sessions 1 to %u", show(word).text, EXH_DISC_SESSIONS_MAX);
    uint8_t before = p->track != NULL ? p->track->session : 0;
    if (number < before)
        return refuse(p, "session %u follows session %u", number, before);
    p->session = (uint8_t)number;
    return number <= before + 1u || odd(p, "session %u follows session %u", number, before);
}

static bool rem_fact(struct parser *p, struct exh_cue_span line)
{
    bool open;
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    if (text.length == 0 || p->kept++ >= REMARKS_KEPT)
        return true;
    char *utf8;
    bool ok = keep_text(p, text, &utf8) && exh_inspection_fact(p->notes, p->name, p->line.at, "rem", p->err, "%.200s", utf8);
    free(utf8);
    return ok;
}

static bool take_rem(struct parser *p, struct exh_cue_span line)
{
    struct exh_cue_span whole = line, word, second;
    struct exh_cue_session *sessions = p->sheet->sessions;
    if (!exh_cue_word(&line, &word))
        return true;
    if (exh_cue_is(word, "SESSION"))
        return rem_session(p, line);
    if (exh_cue_is(word, "LEAD-OUT"))
        return rem_time(p, line, &sessions[p->track != NULL ? p->track->session : p->session].lead_out);
    if (exh_cue_is(word, "LEAD-IN"))
        return rem_time(p, line, &sessions[p->session].lead_in);
    if (exh_cue_is(word, "PREGAP"))
        return rem_time(p, line, &sessions[p->session].pregap);
    struct exh_cue_span rest = line;
    bool area = exh_cue_word(&rest, &second) && exh_cue_is(second, "AREA");
    if (area && exh_cue_is(word, "HIGH-DENSITY")) {
        (void)snprintf(p->sheet->medium, sizeof p->sheet->medium, "GD-ROM");
        p->high_density = true;
        p->session = p->track != NULL && p->session == p->track->session ? (uint8_t)(p->session + 1) : p->session;
        return p->session <= EXH_DISC_SESSIONS_MAX || refuse(p, "more than %u sessions", EXH_DISC_SESSIONS_MAX);
    }
    if (exh_cue_is(word, "ORIGINAL") && exh_cue_word(&line, &second) && exh_cue_is(second, "MEDIA-TYPE:") && exh_cue_word(&line, &second))
        (void)snprintf(p->sheet->medium, sizeof p->sheet->medium, "%.*s", (int)(second.length < 20 ? second.length : 20), show(second).text);
    return rem_fact(p, whole);
}

/* ---- the sheet ---- */

static bool take_nothing(struct parser *p, struct exh_cue_span line)
{
    (void)p;
    (void)line;
    return true;
}

/* What follows is the last track's that no file holds. */
static bool skip_line(struct parser *p, struct exh_cue_span word, struct exh_cue_span line)
{
    uint32_t number;
    if (exh_cue_is(word, "TRACK"))
        return refuse_at(p, p->line, EXH_UNSUPPORTED, "a TRACK behind one that no file holds");
    if (exh_cue_is(word, "INDEX") && exh_cue_word(&line, &word) && exh_cue_number(word, &number) && number > 0)
        return refuse_at(p, p->line, EXH_UNSUPPORTED, "INDEX %02u of a data track whose form is not told", number);
    return true;
}

static bool take_line(struct parser *p, struct exh_cue_span line)
{
    static const struct {
        const char *word;
        bool (*take)(struct parser *, struct exh_cue_span);
        uint8_t text;
    } commands[] = {{"INDEX", take_index, 0},       {"TRACK", take_track, 0},
                    {"FILE", take_file, 0},         {"REM", take_rem, 0},
                    {"FLAGS", take_flags, 0},       {"ISRC", take_isrc, 0},
                    {"PREGAP", take_pregap, 0},     {"POSTGAP", take_postgap, 0},
                    {"CATALOG", take_catalog, 0},   {"CDTEXTFILE", take_cdtextfile, 0},
                    {"TITLE", NULL, 0x80},          {"PERFORMER", NULL, 0x81},
                    {"SONGWRITER", NULL, 0x82},     {"COMPOSER", NULL, 0x83},
                    {"ARRANGER", NULL, 0x84},       {"MESSAGE", NULL, 0x85},
                    {"DISC_ID", NULL, 0x86},        {"UPC_EAN", NULL, 0x8E},
                    {"GENRE", take_nothing, 0}, /* CD-TEXT has a number for it, which the sheet does not give */
                    {"TOC_INFO1", take_nothing, 0}, {"TOC_INFO2", take_nothing, 0},
                    {"SIZE_INFO", take_nothing, 0}};
    struct exh_cue_span word;
    if (!exh_cue_word(&line, &word) || (word.length > 0 && word.text[0] == ';'))
        return true;
    if (p->not_stored)
        return skip_line(p, word, line);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (exh_cue_is(word, commands[i].word))
            return commands[i].take != NULL ? commands[i].take(p, line) : take_text(p, line, commands[i].text);
    return odd(p, "'%s' is no command of a cue sheet and is left aside", show(word).text);
}

static int by_type(const void *a, const void *b)
{
    const struct exh_cue_text *x = a, *y = b;
    return x->type != y->type ? x->type - y->type : x->track - y->track;
}

static bool finish_sheet(struct parser *p)
{
    struct exh_cue_sheet *s = p->sheet;
    if (!finish_track(p))
        return false;
    if (s->track_count == 0)
        return exh_fail(p->err, EXH_CORRUPT, EXH_NO_OFFSET, "the cue sheet has no TRACK");
    if (s->text_count > 0)
        qsort(s->texts, s->text_count, sizeof *s->texts, by_type);
    return p->oddities <= ODDITIES_MAX ||
           exh_inspection_remark(p->notes, "sheet", EXH_WARNS, p->name, EXH_NO_OFFSET, p->err, "%u more lines are odd", p->oddities - ODDITIES_MAX);
}

/* What is no text at all, and the bytes at its ends that are none. */
static bool text_of(const uint8_t *bytes, size_t *begin, size_t *length, struct exh_error *err)
{
    if (*length > EXH_CUE_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_CUE_BYTES_MAX, "a cue sheet of %zu bytes: more than %u are not read", *length, EXH_CUE_BYTES_MAX);
    if (*length >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)))
        return exh_fail(err, EXH_UNSUPPORTED, 0, "the cue sheet is written in UTF-16");
    *begin = *length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (*length > *begin && bytes[*length - 1] == 0x1A) /* the end of a text file of CP/M and DOS */
        (*length)--;
    const uint8_t *nul = *length > *begin ? memchr(bytes + *begin, '\0', *length - *begin) : NULL;
    if (nul == NULL)
        return true;
    uint32_t line = 1;
    for (const uint8_t *b = bytes; b < nul; b++)
        line += *b == '\n';
    return exh_fail(err, EXH_CORRUPT, (uint64_t)(nul - bytes), "line %u: a zero byte in the text", line);
}

bool exh_cue_parse(const uint8_t *text, size_t length, const char *name, struct exh_cue_sheet *out, struct exh_inspection *notes,
                   struct exh_error *err)
{
    struct parser p = {.sheet = out, .notes = notes, .name = name, .err = err, .file = NONE, .frames = NONE, .session = 1};
    size_t at;
    if (!text_of(text, &at, &length, err))
        return false;
    struct exh_cue_span line;
    for (p.line.at = at; exh_cue_next_line((const char *)text, length, &at, &line); p.line.at = at) {
        p.line.number++;
        if (!take_line(&p, line))
            return false;
    }
    return finish_sheet(&p);
}

void exh_cue_sheet_close(struct exh_cue_sheet *sheet)
{
    for (size_t i = 0; i < sheet->file_count; i++)
        free(sheet->files[i].name);
    for (size_t i = 0; i < sheet->text_count; i++)
        free(sheet->texts[i].text);
    free(sheet->files);
    free(sheet->texts);
    free(sheet->indexes);
    free(sheet->cdtext_file);
    memset(sheet, 0, sizeof *sheet);
}
