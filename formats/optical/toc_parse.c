/* toc_parse.c - what a cdrdao toc-file says. See toc_parse.h. */
#include "formats/optical/toc_parse.h"

#include <stdlib.h>
#include <string.h>

#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "formats/optical/msf.h"
#include "formats/optical/toc_text.h"

const struct exh_toc_mode exh_toc_modes[] = {{"AUDIO", EXH_TRACK_AUDIO, 2352},       {"MODE0", EXH_TRACK_MODE0, 2336},
                                             {"MODE1", EXH_TRACK_MODE1, 2048},       {"MODE1_RAW", EXH_TRACK_MODE1, 2352},
                                             {"MODE2", EXH_TRACK_MODE2, 2336},       {"MODE2_FORM1", EXH_TRACK_MODE2, 2048},
                                             {"MODE2_FORM2", EXH_TRACK_MODE2, 2324}, {"MODE2_FORM_MIX", EXH_TRACK_MODE2, 2336},
                                             {"MODE2_RAW", EXH_TRACK_MODE2, 2352},   {NULL, EXH_TRACK_BLOCKS, 0}};

static const struct {
    const char *name;
    int disc_type;
} disc_types[] = {{"CD_DA", 0x00}, {"CD_ROM", 0x00}, {"CD_I", 0x10}, {"CD_ROM_XA", 0x20}};

/* ---- the word at hand ---- */

static bool fail_here(struct exh_toc_parser *p, enum exh_code code, const struct exh_toc_word *word, const char *text)
{
    return exh_fail(p->err, code, word->line_at, "line %u: %s", word->line, text);
}

bool exh_toc_take(struct exh_toc_parser *p) { return exh_toc_words_next(&p->words, &p->word, p->err); }

bool exh_toc_unexpected(struct exh_toc_parser *p, const char *what)
{
    if (p->word.kind == EXH_TOC_END)
        return exh_fail(p->err, EXH_CORRUPT, p->word.line_at, "line %u: %s expected, but the file ends", p->word.line, what);
    return exh_fail(p->err, EXH_CORRUPT, p->word.line_at, "line %u: %s expected, not '%.*s'", p->word.line, what,
                    (int)(p->word.length < 60 ? p->word.length : 60), p->word.text);
}

bool exh_toc_expect(struct exh_toc_parser *p, const char *mark)
{
    return exh_toc_word_is(&p->word, mark) ? exh_toc_take(p) : exh_toc_unexpected(p, mark);
}

static bool is_end(const struct exh_toc_parser *p) { return p->word.kind == EXH_TOC_END; }

static const struct exh_toc_mode *mode_named(const struct exh_toc_word *word)
{
    for (const struct exh_toc_mode *m = exh_toc_modes; m->name != NULL; m++)
        if (exh_toc_word_is(word, m->name))
            return m;
    return NULL;
}

/* ---- numbers ---- */

/* MM:SS:FF behind its first number, which is at hand no longer. */
static bool take_msf_rest(struct exh_toc_parser *p, uint64_t minutes, const struct exh_toc_word *first, uint64_t *frames)
{
    uint64_t part[2];
    for (int i = 0; i < 2; i++) {
        if (!exh_toc_expect(p, ":"))
            return false;
        if (!exh_toc_word_number(&p->word, i == 0 ? 59 : EXH_FRAMES_PER_SECOND - 1, &part[i]))
            return exh_toc_unexpected(p, i == 0 ? "seconds from 0 to 59" : "frames from 0 to 74");
        if (!exh_toc_take(p))
            return false;
    }
    *frames = (minutes * 60 + part[0]) * EXH_FRAMES_PER_SECOND + part[1];
    return (minutes <= EXH_TOC_FRAMES_MAX && *frames <= EXH_TOC_FRAMES_MAX) || fail_here(p, EXH_LIMIT, first, "a time beyond any disc");
}

static bool take_msf(struct exh_toc_parser *p, uint64_t *frames)
{
    struct exh_toc_word first = p->word;
    uint64_t minutes;
    if (!exh_toc_word_number(&p->word, UINT32_MAX, &minutes))
        return exh_toc_unexpected(p, "a time MM:SS:FF");
    return exh_toc_take(p) && take_msf_rest(p, minutes, &first, frames);
}

/* A time, as bytes by the sector size, or a number of units of `unit` bytes. */
static bool take_length(struct exh_toc_parser *p, uint32_t sector_bytes, uint32_t unit, uint64_t *bytes)
{
    struct exh_toc_word first = p->word;
    uint64_t number, frames;
    if (!exh_toc_word_number(&p->word, EXH_MEDIA_BYTES_MAX, &number))
        return exh_toc_unexpected(p, "a length or a time MM:SS:FF");
    if (!exh_toc_take(p))
        return false;
    if (exh_toc_word_is(&p->word, ":")) {
        if (!take_msf_rest(p, number <= UINT32_MAX ? number : UINT32_MAX, &first, &frames))
            return false;
        *bytes = frames * sector_bytes;
        return true;
    }
    *bytes = number * unit;
    return number <= (uint64_t)EXH_TOC_FRAMES_MAX * sector_bytes / unit || fail_here(p, EXH_LIMIT, &first, "a length beyond any disc");
}

/* ---- data statements ---- */

static bool add_piece(struct exh_toc_parser *p, struct exh_toc_track *track, const struct exh_toc_piece *piece)
{
    struct exh_toc *t = p->toc;
    if (!exh_grow((void **)&t->pieces, &t->piece_capacity, t->piece_count, sizeof *t->pieces, EXH_TOC_PIECES_MAX, "pieces of tracks", p->err)) {
        free(piece->name);
        return exh_context(p->err, "line %u", piece->line);
    }
    t->pieces[t->piece_count++] = *piece;
    track->pieces++;
    return true;
}

static bool take_name(struct exh_toc_parser *p, char **out)
{
    size_t length;
    *out = NULL;
    if (p->word.kind != EXH_TOC_STRING)
        return exh_toc_unexpected(p, "a file name in quotes");
    char *bytes = exh_toc_word_string(&p->word, &length);
    bool usable = bytes != NULL && length > 0 && memchr(bytes, '\0', length) == NULL;
    if (usable)
        *out = exh_text_to_utf8((const uint8_t *)bytes, length);
    bool nomem = bytes == NULL || (usable && *out == NULL);
    free(bytes);
    if (nomem)
        return exh_nomem(p->err, "a file name");
    return usable ? exh_toc_take(p) : fail_here(p, EXH_CORRUPT, &p->word, "no file can have this name");
}

static bool take_places(struct exh_toc_parser *p, const struct exh_toc_track *track, struct exh_toc_piece *piece)
{
    uint32_t sector = track->mode->main_bytes + track->sub_bytes, unit = track->mode->kind == EXH_TRACK_AUDIO && piece->audio ? 4 : 1;
    if (piece->audio && exh_toc_word_is(&p->word, "SWAP")) {
        piece->swap = true;
        if (!exh_toc_take(p))
            return false;
    }
    if (exh_toc_word_is(&p->word, "#")) {
        if (!exh_toc_take(p))
            return false;
        if (!exh_toc_word_number(&p->word, EXH_MEDIA_BYTES_MAX, &piece->offset))
            return exh_toc_unexpected(p, "a byte offset");
        if (!exh_toc_take(p))
            return false;
    }
    if (piece->audio && !take_length(p, sector, unit, &piece->start))
        return false;
    return p->word.kind != EXH_TOC_NUMBER || take_length(p, sector, unit, &piece->length);
}

/* FILE, AUDIOFILE: a start and perhaps a length. DATAFILE: perhaps a length. */
static bool take_file(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    struct exh_toc_piece piece = {.audio = !exh_toc_word_is(&p->word, "DATAFILE"), .line = p->word.line, .line_at = p->word.line_at};
    if (exh_toc_take(p) && take_name(p, &piece.name) && take_places(p, track, &piece))
        return add_piece(p, track, &piece);
    free(piece.name);
    return false;
}

/* SILENCE length; ZERO [mode] [subchannel] length. */
static bool take_silence(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    struct exh_toc_piece piece = {.line = p->word.line, .line_at = p->word.line_at};
    bool zero = exh_toc_word_is(&p->word, "ZERO");
    struct exh_toc_word here = p->word;
    if (!exh_toc_take(p))
        return false;
    const struct exh_toc_mode *mode = zero ? mode_named(&p->word) : NULL;
    if (mode != NULL && !exh_toc_take(p))
        return false;
    uint32_t sector = (mode != NULL ? mode : track->mode)->main_bytes + track->sub_bytes;
    if (zero && (exh_toc_word_is(&p->word, "RW_RAW") || exh_toc_word_is(&p->word, "RW"))) {
        sector = (mode != NULL ? mode : track->mode)->main_bytes + EXH_CD_SUB_BYTES;
        if (!exh_toc_take(p))
            return false;
    }
    uint64_t bytes;
    if (!take_length(p, sector, zero ? 1 : 4, &bytes))
        return false;
    if (bytes == 0)
        return fail_here(p, EXH_CORRUPT, &here, "a silence of no length");
    if (bytes % sector != 0)
        return fail_here(p, EXH_UNSUPPORTED, &here, "a silence that ends within a sector");
    piece.frames = bytes / sector;
    return add_piece(p, track, &piece);
}

static bool set_start(struct exh_toc_parser *p, struct exh_toc_track *track, const struct exh_toc_word *here)
{
    if (track->start != EXH_TOC_NO_START)
        return fail_here(p, EXH_CORRUPT, here, "the track's start has been said already");
    track->start_line = here->line;
    track->start_line_at = here->line_at;
    return true;
}

static bool take_start(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    struct exh_toc_word here = p->word;
    if (!set_start(p, track, &here) || !exh_toc_take(p))
        return false;
    track->start = EXH_TOC_START_PIECES;
    track->start_value = track->pieces;
    if (p->word.kind != EXH_TOC_NUMBER)
        return true;
    track->start = EXH_TOC_START_FRAMES;
    return take_msf(p, &track->start_value);
}

static bool take_pregap(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    struct exh_toc_word here = p->word;
    struct exh_toc_piece piece = {.line = here.line, .line_at = here.line_at};
    if (track->pieces > 0)
        return fail_here(p, EXH_CORRUPT, &here, "PREGAP behind data of the track");
    if (!set_start(p, track, &here) || !exh_toc_take(p) || !take_msf(p, &piece.frames))
        return false;
    if (piece.frames == 0)
        return fail_here(p, EXH_CORRUPT, &here, "a pregap of no length");
    track->start = EXH_TOC_START_PIECES;
    track->start_value = 1;
    return add_piece(p, track, &piece);
}

static bool take_index(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    struct exh_toc *t = p->toc;
    struct exh_toc_word here = p->word;
    uint64_t frames;
    if (!exh_toc_take(p) || !take_msf(p, &frames))
        return false;
    if (track->pieces == 0)
        return fail_here(p, EXH_CORRUPT, &here, "INDEX before any data of the track");
    if (track->indexes == 98)
        return fail_here(p, EXH_LIMIT, &here, "an index higher than 99");
    if (frames == 0 || (track->indexes > 0 && frames <= t->indexes[t->index_count - 1]))
        return fail_here(p, EXH_CORRUPT, &here, "an index that is not behind the one before");
    if (!exh_grow((void **)&t->indexes, &t->index_capacity, t->index_count, sizeof *t->indexes, EXH_DISC_INDEXES_MAX, "indexes", p->err))
        return false;
    t->indexes[t->index_count++] = frames;
    track->indexes++;
    track->index_line = here.line;
    track->index_line_at = here.line_at;
    return true;
}

/* ---- flags ---- */

static bool take_isrc(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    struct exh_toc_word here = p->word;
    if (!exh_toc_take(p))
        return false;
    if (p->word.kind != EXH_TOC_STRING || p->word.length != 12)
        return exh_toc_unexpected(p, "an ISRC of 12 characters in quotes");
    for (size_t i = 0; i < 12; i++) {
        char c = p->word.text[i];
        bool digit = c >= '0' && c <= '9', letter = c >= 'A' && c <= 'Z';
        if (!digit && (!letter || i >= 5))
            return exh_toc_unexpected(p, "an ISRC: five letters or digits and seven digits");
    }
    if (track->isrc[0] != '\0')
        return fail_here(p, EXH_CORRUPT, &here, "a second ISRC");
    memcpy(track->isrc, p->word.text, 12);
    return exh_toc_take(p);
}

static bool take_flag(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    bool no = exh_toc_word_is(&p->word, "NO");
    if (no && !exh_toc_take(p))
        return false;
    uint8_t bit = exh_toc_word_is(&p->word, "COPY") ? EXH_CONTROL_COPY : exh_toc_word_is(&p->word, "PRE_EMPHASIS") ? EXH_CONTROL_PRE_EMPHASIS : 0;
    if (bit == 0)
        return exh_toc_unexpected(p, "COPY or PRE_EMPHASIS");
    track->control = (uint8_t)(no ? track->control & ~bit : track->control | bit);
    return exh_toc_take(p);
}

static bool take_channels(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    bool four = exh_toc_word_is(&p->word, "FOUR_CHANNEL_AUDIO");
    track->control = (uint8_t)(four ? track->control | EXH_CONTROL_FOUR_CHANNEL : track->control & ~EXH_CONTROL_FOUR_CHANNEL);
    return exh_toc_take(p);
}

static bool take_track_text(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    (void)track;
    return exh_toc_take(p) && exh_toc_take_cdtext(p, p->toc->track_count);
}

static bool refuse(struct exh_toc_parser *p, struct exh_toc_track *track)
{
    (void)track;
    return exh_fail(p->err, EXH_UNSUPPORTED, p->word.line_at, "line %u: %.*s is not read: %s", p->word.line, (int)p->word.length, p->word.text,
                    exh_toc_word_is(&p->word, "FIFO") ? "its data are in no file" : "a post-gap of the track's own data");
}

static const struct {
    const char *name;
    bool (*take)(struct exh_toc_parser *, struct exh_toc_track *);
} statements[] = {{"FILE", take_file},
                  {"AUDIOFILE", take_file},
                  {"DATAFILE", take_file},
                  {"SILENCE", take_silence},
                  {"ZERO", take_silence},
                  {"START", take_start},
                  {"PREGAP", take_pregap},
                  {"INDEX", take_index},
                  {"ISRC", take_isrc},
                  {"NO", take_flag},
                  {"COPY", take_flag},
                  {"PRE_EMPHASIS", take_flag},
                  {"TWO_CHANNEL_AUDIO", take_channels},
                  {"FOUR_CHANNEL_AUDIO", take_channels},
                  {"CD_TEXT", take_track_text},
                  {"FIFO", refuse},
                  {"END", refuse}};

/* ---- tracks, the head ---- */

static bool take_track_head(struct exh_toc_parser *p, struct exh_toc_track **out)
{
    struct exh_toc *t = p->toc;
    struct exh_toc_word here = p->word;
    if (t->track_count == EXH_LAYOUT_TRACKS_MAX)
        return fail_here(p, EXH_LIMIT, &here, "a disc has no more than 99 tracks");
    struct exh_toc_track *track = *out = &t->tracks[t->track_count];
    *track = (struct exh_toc_track){
        .line = here.line, .line_at = here.line_at, .first_piece = (uint32_t)t->piece_count, .first_index = (uint32_t)t->index_count};
    if (!exh_toc_take(p))
        return false;
    track->mode = mode_named(&p->word);
    if (track->mode == NULL)
        return exh_toc_unexpected(p, "a track mode");
    track->control = track->mode->kind == EXH_TRACK_AUDIO ? 0 : EXH_CONTROL_DATA;
    t->track_count++;
    if (!exh_toc_take(p))
        return false;
    if (exh_toc_word_is(&p->word, "RW"))
        return fail_here(p, EXH_UNSUPPORTED, &p->word, "a subchannel of mode RW, packs whose parities are still to be generated");
    if (!exh_toc_word_is(&p->word, "RW_RAW"))
        return true;
    track->sub_bytes = EXH_CD_SUB_BYTES;
    return exh_toc_take(p);
}

static bool take_track(struct exh_toc_parser *p)
{
    struct exh_toc_track *track = NULL;
    if (!take_track_head(p, &track))
        return false;
    while (!is_end(p) && !exh_toc_word_is(&p->word, "TRACK")) {
        size_t i = 0, n = sizeof statements / sizeof statements[0];
        while (i < n && !exh_toc_word_is(&p->word, statements[i].name))
            i++;
        if (i == n)
            return exh_toc_unexpected(p, "a statement of a track");
        if (!statements[i].take(p, track))
            return false;
    }
    return track->pieces > 0 || exh_fail(p->err, EXH_CORRUPT, track->line_at, "line %u: track %u has no data", track->line, p->toc->track_count);
}

static bool take_catalog(struct exh_toc_parser *p)
{
    struct exh_toc_word here = p->word;
    if (!exh_toc_take(p))
        return false;
    bool digits = p->word.kind == EXH_TOC_STRING && p->word.length == 13;
    for (size_t i = 0; digits && i < 13; i++)
        digits = p->word.text[i] >= '0' && p->word.text[i] <= '9';
    if (!digits)
        return exh_toc_unexpected(p, "a catalogue number of 13 digits in quotes");
    if (p->toc->mcn[0] != '\0')
        return fail_here(p, EXH_CORRUPT, &here, "a second catalogue number");
    memcpy(p->toc->mcn, p->word.text, 13);
    return exh_toc_take(p);
}

static bool take_head(struct exh_toc_parser *p)
{
    while (!is_end(p) && !exh_toc_word_is(&p->word, "TRACK")) {
        size_t i = 0, n = sizeof disc_types / sizeof disc_types[0];
        while (i < n && !exh_toc_word_is(&p->word, disc_types[i].name))
            i++;
        if (i < n) {
            p->toc->disc_type = disc_types[i].disc_type;
            p->toc->type_name = disc_types[i].name;
        }
        if (i < n                                  ? !exh_toc_take(p)
            : exh_toc_word_is(&p->word, "CATALOG") ? !take_catalog(p)
            : exh_toc_word_is(&p->word, "CD_TEXT") ? !exh_toc_take(p) || !exh_toc_take_cdtext(p, 0)
                                                   : !exh_toc_unexpected(p, "CATALOG, the type of disc, CD_TEXT or TRACK"))
            return false;
    }
    return true;
}

bool exh_toc_parse(const char *text, size_t length, struct exh_toc *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    out->disc_type = -1;
    for (size_t i = 0; i < 8; i++)
        out->languages[i] = -1;
    if (length > EXH_TOC_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_TOC_BYTES_MAX, "a toc-file of %zu bytes: no more than %u are read", length, EXH_TOC_BYTES_MAX);
    struct exh_toc_parser p = {.toc = out, .err = err};
    exh_toc_words_begin(&p.words, text, length);
    if (!exh_toc_take(&p) || !take_head(&p))
        return false;
    if (is_end(&p))
        return exh_toc_unexpected(&p, "TRACK");
    while (!is_end(&p))
        if (!take_track(&p))
            return false;
    return true;
}

void exh_toc_close(struct exh_toc *toc)
{
    for (size_t i = 0; i < toc->piece_count; i++)
        free(toc->pieces[i].name);
    for (size_t i = 0; i < toc->text_count; i++) {
        free(toc->texts[i].text);
        free(toc->texts[i].bytes);
    }
    free(toc->pieces);
    free(toc->indexes);
    free(toc->texts);
    memset(toc, 0, sizeof *toc);
}
