/* ccd_parse.c - the text of a CloneCD descriptor. See ccd_parse.h. */
#include "formats/optical/ccd_parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define WORD_MAX 1024u /* of a key or a value; nothing the format knows comes near it */

enum section { NOWHERE, CLONECD, DISC, CDTEXT, SESSION, ENTRY, TRACK, UNKNOWN };

struct parser {
    struct exh_ccd *ccd;
    struct exh_ccd_place here;
    enum section section;
    unsigned number;                     /* of the section: [TRACK 3] */
    bool entries[EXH_DISC_TOC_ROWS_MAX]; /* which numbers there were */
    struct exh_error *err;
    char key[WORD_MAX], value[WORD_MAX];
};

static bool bad(struct parser *p, const char *what) { return exh_fail(p->err, EXH_CORRUPT, p->here.at, "line %u: %s", p->here.line, what); }

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

/* ---- values ---- */

/* The whole value as a number with an optional sign, within [low, high]. */
static bool number_of(struct parser *p, int64_t low, int64_t high, int64_t *out)
{
    const char *text = p->value;
    bool negative = text[0] == '-';
    uint64_t magnitude;
    if (!exh_text_u64(negative || text[0] == '+' ? text + 1 : text, &magnitude) || magnitude > INT32_MAX)
        return exh_fail(p->err, EXH_CORRUPT, p->here.at, "line %u: the value of %s is no number", p->here.line, p->key);
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return (*out >= low && *out <= high) || exh_fail(p->err, EXH_CORRUPT, p->here.at, "line %u: %s is %lld, which is not within %lld to %lld",
                                                     p->here.line, p->key, (long long)*out, (long long)low, (long long)high);
}

static bool said_once(struct parser *p, bool said)
{
    return !said || exh_fail(p->err, EXH_CORRUPT, p->here.at, "line %u: %s is there a second time in its section", p->here.line, p->key);
}

static bool set_number(struct parser *p, int64_t low, int64_t high, int64_t *out)
{
    return said_once(p, *out != EXH_CCD_NOT_SAID) && number_of(p, low, high, out);
}

static bool set_byte(struct parser *p, int64_t high, uint8_t *out)
{
    int64_t value;
    if (!number_of(p, 0, high, &value))
        return false;
    *out = (uint8_t)value;
    return true;
}

static bool set_text(struct parser *p, char out[33])
{
    if (!said_once(p, out[0] != '\0'))
        return false;
    (void)snprintf(out, 33, "%.32s", p->value);
    return true;
}

/* The number behind the word: "INDEX 1", "Entry 12". */
static bool numbered(const char *text, const char *word, uint64_t *number)
{
    size_t n = strlen(word);
    if (strncasecmp(text, word, n) != 0 || !is_blank(text[n]))
        return false;
    for (text += n; is_blank(*text); text++)
        ;
    return exh_text_u64(text, number);
}

static bool unknown_key(struct parser *p)
{
    if (p->ccd->unknown_keys++ == 0)
        p->ccd->first_unknown = p->here;
    return true;
}

/* ---- keys by section ---- */

static bool disc_key(struct parser *p)
{
    struct exh_ccd *c = p->ccd;
    const struct {
        const char *key;
        int64_t *value;
        struct exh_ccd_place *place;
    } numbers[] = {{"TocEntries", &c->toc_entries, &c->toc_entries_place},
                   {"Sessions", &c->sessions, &c->sessions_place},
                   {"DataTracksScrambled", &c->scrambled, &c->scrambled_place},
                   {"CDTextLength", &c->cdtext_length, &c->cdtext_place}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcasecmp(p->key, numbers[i].key) == 0) {
            *numbers[i].place = p->here;
            return set_number(p, 0, INT32_MAX, numbers[i].value);
        }
    if (strcasecmp(p->key, "CATALOG") != 0)
        return unknown_key(p);
    c->catalog_place = p->here;
    return set_text(p, c->catalog);
}

/* 16 bytes in hex, two digits each, blanks between them or not. */
static bool pack_bytes(struct parser *p, uint8_t pack[16])
{
    char hex[33];
    size_t n = 0;
    for (const char *v = p->value; *v != '\0'; v++) {
        if (is_blank(*v))
            continue;
        if (n == 32)
            return bad(p, "a CD-TEXT entry of more than 16 bytes");
        hex[n++] = *v;
    }
    hex[n] = '\0';
    return exh_text_unhex(hex, pack, 16) || bad(p, "a CD-TEXT entry is 16 bytes in hex");
}

static bool cdtext_key(struct parser *p)
{
    struct exh_ccd *c = p->ccd;
    uint64_t number;
    if (strcasecmp(p->key, "Entries") == 0)
        return set_number(p, 0, INT32_MAX, &c->cdtext_entries);
    if (!numbered(p->key, "Entry", &number))
        return unknown_key(p);
    if (number != c->pack_count)
        return bad(p, "the CD-TEXT entries are not numbered 0, 1, 2, ...");
    if (!exh_grow((void **)&c->packs, &c->pack_capacity, c->pack_count, sizeof *c->packs, EXH_CDTEXT_PACKS_MAX, "CD-TEXT packs", p->err))
        return false;
    return pack_bytes(p, c->packs[c->pack_count++]);
}

static bool session_key(struct parser *p)
{
    struct exh_ccd_session *s = &p->ccd->session[p->number];
    if (strcasecmp(p->key, "PreGapMode") == 0)
        return set_number(p, 0, 255, &s->pregap_mode);
    return strcasecmp(p->key, "PreGapSubC") == 0 ? set_number(p, 0, 255, &s->pregap_sub) : unknown_key(p);
}

static bool entry_byte(struct parser *p, unsigned said, int64_t high, uint8_t *out)
{
    struct exh_ccd_entry *e = &p->ccd->entries[p->ccd->entry_count - 1];
    bool before = (e->said >> said & 1) != 0;
    e->said |= 1u << said;
    return said_once(p, before) && set_byte(p, high, out);
}

static bool entry_key(struct parser *p)
{
    struct exh_ccd_entry *e = &p->ccd->entries[p->ccd->entry_count - 1];
    struct exh_toc_row *r = &e->row;
    uint8_t adr = 0, control = 0;
    const struct { /* in the order of enum exh_ccd_said */
        const char *key;
        uint8_t *value;
        uint8_t high;
    } bytes[] = {{"TrackNo", &r->tno, 255},    {"AMin", &r->msf[0], 255},  {"ASec", &r->msf[1], 255},  {"AFrame", &r->msf[2], 255},
                 {"Zero", &r->zero, 255},      {"PMin", &r->pmsf[0], 255}, {"PSec", &r->pmsf[1], 255}, {"PFrame", &r->pmsf[2], 255},
                 {"Session", &r->session, 99}, {"Point", &r->point, 255},  {"ADR", &adr, 15},          {"Control", &control, 15}};
    for (unsigned i = 0; i < sizeof bytes / sizeof bytes[0]; i++)
        if (strcasecmp(p->key, bytes[i].key) == 0) {
            bool ok = entry_byte(p, i, bytes[i].high, bytes[i].value);
            r->adr_control |= (uint8_t)(adr << 4 | control);
            return ok;
        }
    if (strcasecmp(p->key, "ALBA") == 0)
        return set_number(p, INT32_MIN, INT32_MAX, &e->alba);
    return strcasecmp(p->key, "PLBA") == 0 ? set_number(p, INT32_MIN, INT32_MAX, &e->plba) : unknown_key(p);
}

/* "DCP PRE 4CH SCMS", in any order. */
static bool track_flags(struct parser *p, struct exh_ccd_track *t)
{
    static const struct {
        const char *word;
        uint8_t flag;
    } known[] = {{"PRE", EXH_CONTROL_PRE_EMPHASIS}, {"DCP", EXH_CONTROL_COPY}, {"4CH", EXH_CONTROL_FOUR_CHANNEL}, {"SCMS", 0}, {"DATA", 0}};
    if (!said_once(p, t->has_flags))
        return false;
    t->has_flags = true;
    for (const char *word = p->value; *word != '\0';) {
        size_t n = strcspn(word, " \t,|"), i = 0;
        while (i < 5 && (strlen(known[i].word) != n || strncasecmp(word, known[i].word, n) != 0))
            i++;
        if (n > 0 && i == 5)
            return bad(p, "a flag that is none of DCP, PRE, 4CH, SCMS");
        if (n > 0)
            t->flags |= known[i].flag;
        word += n + (word[n] != '\0');
    }
    return true;
}

static bool track_key(struct parser *p)
{
    struct exh_ccd_track *t = &p->ccd->track[p->number];
    uint64_t number;
    if (strcasecmp(p->key, "MODE") == 0)
        return set_number(p, 0, 255, &t->mode);
    if (strcasecmp(p->key, "ISRC") == 0)
        return set_text(p, t->isrc);
    if (strcasecmp(p->key, "FLAGS") == 0)
        return track_flags(p, t);
    if (!numbered(p->key, "INDEX", &number))
        return unknown_key(p);
    if (number > 99)
        return bad(p, "an INDEX above 99");
    return set_number(p, EXH_LBA_MIN, EXH_LBA_MAX, &t->index[number]);
}

static bool key_line(struct parser *p)
{
    switch (p->section) {
    case NOWHERE: return bad(p, "a value before the first [section]");
    case CLONECD: return strcasecmp(p->key, "Version") == 0 ? set_number(p, 0, INT32_MAX, &p->ccd->version) : unknown_key(p);
    case DISC: return disc_key(p);
    case CDTEXT: return cdtext_key(p);
    case SESSION: return session_key(p);
    case ENTRY: return entry_key(p);
    case TRACK: return track_key(p);
    case UNKNOWN: break;
    }
    return unknown_key(p);
}

/* ---- sections ---- */

static bool begin_once(struct parser *p, struct exh_ccd_place *place)
{
    if (place->line != 0)
        return exh_fail(p->err, EXH_CORRUPT, p->here.at, "line %u: this section is there a second time, first in line %u", p->here.line, place->line);
    *place = p->here;
    return true;
}

static bool begin_entry(struct parser *p, uint64_t number)
{
    struct exh_ccd *c = p->ccd;
    if (number >= EXH_DISC_TOC_ROWS_MAX)
        return bad(p, "an [Entry] beyond 4095");
    if (p->entries[number])
        return exh_fail(p->err, EXH_CORRUPT, p->here.at, "line %u: [Entry %u] is there a second time", p->here.line, (unsigned)number);
    p->entries[number] = true;
    if (!exh_grow((void **)&c->entries, &c->entry_capacity, c->entry_count, sizeof *c->entries, EXH_DISC_TOC_ROWS_MAX, "TOC entries", p->err))
        return false;
    c->entries[c->entry_count++] =
        (struct exh_ccd_entry){.place = p->here, .number = (unsigned)number, .alba = EXH_CCD_NOT_SAID, .plba = EXH_CCD_NOT_SAID};
    p->section = ENTRY;
    return true;
}

static bool section_line(struct parser *p)
{
    static const struct {
        const char *name;
        enum section section;
    } plain[] = {{"CloneCD", CLONECD}, {"Disc", DISC}, {"CDText", CDTEXT}};
    uint64_t number;
    for (size_t i = 0; i < 3; i++)
        if (strcasecmp(p->key, plain[i].name) == 0) {
            p->section = plain[i].section;
            return true;
        }
    if (numbered(p->key, "Entry", &number))
        return begin_entry(p, number);
    bool track = numbered(p->key, "TRACK", &number), session = !track && numbered(p->key, "Session", &number);
    p->section = track ? TRACK : session ? SESSION : UNKNOWN;
    if (!track && !session)
        return unknown_key(p);
    if (number < 1 || number > 99)
        return bad(p, track ? "a disc has tracks 1 to 99" : "a disc has sessions 1 to 99");
    p->number = (unsigned)number;
    return begin_once(p, track ? &p->ccd->track[number].place : &p->ccd->session[number].place);
}

/* ---- lines ---- */

/* Copies [from, to) without the blanks around it; false when it does not fit or holds a NUL. */
static bool take_word(char out[WORD_MAX], const char *from, const char *to)
{
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    size_t n = (size_t)(to - from);
    if (n >= WORD_MAX || memchr(from, '\0', n) != NULL)
        return false;
    memcpy(out, from, n);
    out[n] = '\0';
    return true;
}

static bool parse_line(struct parser *p, const char *from, const char *to)
{
    while (from < to && is_blank(*from))
        from++;
    while (to > from && is_blank(to[-1]))
        to--;
    if (from == to || *from == ';')
        return true;
    if (*from == '[' && to[-1] == ']')
        return take_word(p->key, from + 1, to - 1) ? section_line(p) : bad(p, "a section name that is too long or holds a NUL");
    const char *equals = memchr(from, '=', (size_t)(to - from));
    if (equals == NULL)
        return bad(p, "neither a [section] nor key=value");
    return take_word(p->key, from, equals) && take_word(p->value, equals + 1, to) ? key_line(p)
                                                                                  : bad(p, "a key or value that is too long or holds a NUL");
}

static void begin(struct exh_ccd *c)
{
    memset(c, 0, sizeof *c);
    c->version = c->toc_entries = c->sessions = c->scrambled = c->cdtext_length = c->cdtext_entries = EXH_CCD_NOT_SAID;
    for (size_t t = 0; t <= EXH_LAYOUT_TRACKS_MAX; t++) {
        c->track[t].mode = EXH_CCD_NOT_SAID;
        for (size_t i = 0; i < 100; i++)
            c->track[t].index[i] = EXH_CCD_NOT_SAID;
    }
    for (size_t s = 0; s <= EXH_DISC_SESSIONS_MAX; s++)
        c->session[s].pregap_mode = c->session[s].pregap_sub = EXH_CCD_NOT_SAID;
}

bool exh_ccd_parse(const uint8_t *text, size_t length, struct exh_ccd *out, struct exh_error *err)
{
    begin(out);
    if (length > EXH_CCD_TEXT_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a descriptor of %zu bytes: at most %u are read", length, EXH_CCD_TEXT_MAX);
    struct parser p = {.ccd = out, .err = err};
    const char *from = (const char *)text, *end = from + length;
    if (length >= 3 && memcmp(from, "\xEF\xBB\xBF", 3) == 0)
        from += 3;
    while (from < end) {
        const char *feed = memchr(from, '\n', (size_t)(end - from)), *to = feed != NULL ? feed : end;
        p.here = (struct exh_ccd_place){p.here.line + 1, (uint64_t)(from - (const char *)text)};
        out->last = p.here;
        if (!parse_line(&p, from, to))
            return false;
        from = feed != NULL ? feed + 1 : end;
    }
    return true;
}

void exh_ccd_close(struct exh_ccd *ccd)
{
    free(ccd->entries);
    free(ccd->packs);
    ccd->entries = NULL;
    ccd->packs = NULL;
}

/* ---- numbers people gave a disc and its tracks ---- */

static bool all_digits(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < '0' || *text > '9')
            return false;
    return true;
}

bool exh_ccd_is_mcn(const char *text) { return strlen(text) == 13 && all_digits(text); }

bool exh_ccd_is_isrc(const char *text)
{
    if (strlen(text) != 12 || !all_digits(text + 5))
        return false;
    for (size_t i = 0; i < 5; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= 'a' && text[i] <= 'z')))
            return false;
    return true;
}
