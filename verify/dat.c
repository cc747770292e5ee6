/* dat.c - lists of disc images in Logiqx XML. See dat.h.
 *
 * libxml2's reader is fed through a sieve that looks at the bytes first: it takes no time that grows faster than the file as long as no tag is long,
 * and expands nothing as long as nothing is declared. Between two '<' lies every tag (a value may not hold one), so that distance is what is bounded.
 */
#include <libxml/xmlreader.h>

#include "verify/dat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>

#include "formats/container/source_file.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "verify/track_digests.h"

#define HEAD_BYTES (64u << 10)
#define TAG_BYTES_MAX (4u << 10) /* libxml2 compares each attribute of a tag with each */

static const struct {
    const char *attribute, *algorithm;
    uint8_t length;
} columns[EXH_DAT_DIGESTS] = {{"crc", "crc32", 4}, {"md5", "md5", 16}, {"sha1", "sha1", 20}, {"sha256", "sha256", 32}};

const char *exh_dat_algorithm(size_t column) { return columns[column].algorithm; }

/* ---- the sieve ---- */

struct sieve {
    struct exh_source *source;
    uint64_t at;
    uint64_t since_tag;   /* bytes since the last '<' */
    size_t matched;       /* of "<!ENTITY" */
    struct exh_error why; /* code OK: nothing was wrong yet */
};

static bool sift(struct sieve *s, const uint8_t *bytes, size_t n)
{
    static const char entity[] = "<!ENTITY";
    for (size_t i = 0; i < n; i++) {
        s->since_tag = bytes[i] == '<' ? 0 : s->since_tag + 1;
        s->matched = bytes[i] == (uint8_t)entity[s->matched] ? s->matched + 1 : bytes[i] == '<';
        if (s->matched == sizeof entity - 1)
            return exh_fail(&s->why, EXH_UNSUPPORTED, s->at + i, "the list declares entities, which no list of digests needs");
        if (s->since_tag > TAG_BYTES_MAX)
            return exh_fail(&s->why, EXH_LIMIT, s->at + i, "more than %u bytes without a tag", TAG_BYTES_MAX);
    }
    return true;
}

static int sieve_read(void *context, char *buffer, int room)
{
    struct sieve *s = context;
    uint64_t left = s->source->size - s->at;
    size_t n = (uint64_t)room < left ? (size_t)room : (size_t)left;
    if (s->why.code != EXH_OK || (n > 0 && !exh_source_read(s->source, s->at, buffer, n, &s->why)) || !sift(s, (const uint8_t *)buffer, n))
        return -1;
    s->at += n;
    return (int)n;
}

static int sieve_close(void *context)
{
    (void)context; /* the source is closed by who opened it */
    return 0;
}

/* ---- our medium, as a list would have it ---- */

static const char *const descriptors[] = {".cue", ".gdi", ".ccd", ".mds", ".toc", ".sbi", ".sub",
                                          ".m3u", ".txt", ".log", ".cdt", ".dvd", ".nfo", ".xml"};

static bool is_descriptor(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof descriptors / sizeof descriptors[0]; i++)
        if (strcasecmp(dot, descriptors[i]) == 0)
            return true;
    return false;
}

/* The scope of a track that a list calls its file, and its length. */
static uint64_t file_of_track(const struct exh_track *t, char scope[32])
{
    uint64_t sectors;
    enum exh_track_part part = t->stored_pregap > 0 ? EXH_PART_WHOLE : exh_track_main_part(t);
    int64_t lba = exh_track_part_place(t, part, &sectors);
    exh_track_scope(t->number, part, scope);
    return exh_track_bytes(t, lba, sectors);
}

/* The pregap that the descriptor gives and no file holds, where the file of the list is longer by just that. */
static uint32_t missing_gap(const struct exh_track *t, const struct exh_dat_rom *rom)
{
    uint32_t gap = t->pregap - t->stored_pregap;
    return rom->size > rom->expected && rom->size - rom->expected == (uint64_t)gap * t->main_bytes ? gap : 0;
}

/* "(Track 12)" in a name, or 0. */
static unsigned track_in(const char *name)
{
    unsigned n = 0;
    const char *p = strstr(name, "(Track ");
    for (p = p != NULL ? p + 7 : ""; *p >= '0' && *p <= '9' && n < 100; p++)
        n = n * 10 + (unsigned)(*p - '0');
    return *p == ')' && n <= 99 ? n : 0;
}

/* The data file of the game that is its nth track (from 0): as numbered in the names, where all are, else by their order. */
static struct exh_dat_rom *nth_file(struct exh_dat_game *game, size_t nth, bool numbered)
{
    for (size_t i = 0, k = 0; i < game->count; i++)
        if (!is_descriptor(game->roms[i].name) && (numbered ? track_in(game->roms[i].name) == nth + 1 : k++ == nth))
            return &game->roms[i];
    return NULL;
}

static bool all_numbered(const struct exh_dat_game *game)
{
    for (size_t i = 0; i < game->count; i++)
        if (!is_descriptor(game->roms[i].name) && track_in(game->roms[i].name) == 0)
            return false;
    return true;
}

/* Says of each file what of the medium it would be. True: all of them have the size for it. */
static bool place_files(struct exh_dat_game *game, const struct exh_layout *layout)
{
    size_t data = 0;
    bool fits = true, numbered = all_numbered(game);
    for (size_t i = 0; i < game->count; i++)
        data += !is_descriptor(game->roms[i].name);
    if (data == 1 && layout->track_count > 1) {
        struct exh_dat_rom *rom = nth_file(game, 0, false);
        if (rom == NULL)
            return false;
        (void)snprintf(rom->scope, sizeof rom->scope, "media");
        rom->expected = exh_layout_bytes(layout);
        return rom->size == rom->expected;
    }
    for (uint32_t i = 0; data == layout->track_count && i < layout->track_count; i++) {
        struct exh_dat_rom *rom = nth_file(game, i, numbered);
        if (rom == NULL)
            return false;
        rom->expected = file_of_track(&layout->tracks[i], rom->scope);
        rom->gap = missing_gap(&layout->tracks[i], rom);
        fits = fits && (rom->size == rom->expected || rom->gap > 0);
    }
    return fits && data == layout->track_count;
}

/* Only what holds the data counts: one sheet is called like another soon. */
static bool is_named(const struct exh_dat_game *game, const struct exh_names *files)
{
    for (size_t i = 0; files != NULL && i < game->count; i++)
        for (size_t k = 0; !is_descriptor(game->roms[i].name) && k < files->count; k++)
            if (strcmp(exh_text_base(files->items[k]), game->roms[i].name) == 0)
                return true;
    return false;
}

/* ---- the list ---- */

struct reading {
    xmlTextReaderPtr reader;
    const struct exh_layout *layout;
    const struct exh_names *files;
    struct exh_dat *out;
    struct exh_dat_game game; /* the one that is open */
    bool in_game, in_list;
    char why[160]; /* libxml2's first complaint */
    int line;
};

static bool at_line(const struct reading *r, enum exh_code code, const char *what, struct exh_error *err)
{
    return exh_fail(err, code, EXH_NO_OFFSET, "line %d: %s", xmlTextReaderGetParserLineNumber(r->reader), what);
}

/* Copies an attribute; false when it is not there or does not fit. */
static bool attribute(const struct reading *r, const char *name, char *out, size_t room)
{
    xmlChar *value = xmlTextReaderGetAttribute(r->reader, (const xmlChar *)name);
    bool fits = value != NULL && strlen((const char *)value) < room;
    if (fits)
        (void)snprintf(out, room, "%s", (const char *)value);
    xmlFree(value);
    return fits;
}

static bool take_rom(struct reading *r, struct exh_error *err)
{
    struct exh_dat_game *g = &r->game;
    struct exh_dat_rom rom = {0};
    char size[24], hex[2 * 32 + 1];
    if (!attribute(r, "name", rom.name, sizeof rom.name))
        return at_line(r, EXH_CORRUPT, "a rom without a name", err);
    if (attribute(r, "size", size, sizeof size) && !exh_text_u64(size, &rom.size)) /* what was never dumped has none */
        return at_line(r, EXH_CORRUPT, "a rom whose size is no number", err);
    for (size_t i = 0; i < EXH_DAT_DIGESTS; i++)
        if (attribute(r, columns[i].attribute, hex, sizeof hex) && strlen(hex) == 2u * columns[i].length &&
            exh_text_unhex(hex, rom.bytes[i], columns[i].length))
            rom.length[i] = columns[i].length;
    if (!exh_grow((void **)&g->roms, &g->capacity, g->count, sizeof *g->roms, EXH_DAT_ROMS_MAX, "files of one game", err))
        return exh_context(err, "line %d", xmlTextReaderGetParserLineNumber(r->reader));
    g->roms[g->count++] = rom;
    return true;
}

static bool end_game(struct reading *r, struct exh_error *err)
{
    struct exh_dat_game *g = &r->game;
    bool fits = place_files(g, r->layout), ok = true;
    g->named = is_named(g, r->files);
    r->in_game = false;
    r->out->seen++;
    if (fits || g->named) {
        ok = exh_grow((void **)&r->out->games, &r->out->capacity, r->out->count, sizeof *g, EXH_DAT_GAMES_MAX, "games of this size", err);
        if (ok) {
            r->out->games[r->out->count++] = *g;
            *g = (struct exh_dat_game){0};
        }
    }
    g->count = 0; /* its room serves the next */
    return ok;
}

static bool begin_game(struct reading *r, struct exh_error *err)
{
    if (r->in_game)
        return at_line(r, EXH_CORRUPT, "a game within a game", err);
    r->in_game = true;
    r->game.count = 0;
    if (!attribute(r, "name", r->game.name, sizeof r->game.name))
        return at_line(r, EXH_CORRUPT, "a game without a name", err);
    return !xmlTextReaderIsEmptyElement(r->reader) || end_game(r, err);
}

static bool take_node(struct reading *r, struct exh_error *err)
{
    int type = xmlTextReaderNodeType(r->reader);
    const char *name = (const char *)xmlTextReaderConstLocalName(r->reader);
    if ((type != XML_READER_TYPE_ELEMENT && type != XML_READER_TYPE_END_ELEMENT) || name == NULL)
        return true;
    bool game = strcmp(name, "game") == 0 || strcmp(name, "machine") == 0;
    if (type == XML_READER_TYPE_END_ELEMENT)
        return !game || !r->in_game || end_game(r, err);
    r->in_list = r->in_list || strcmp(name, "datafile") == 0;
    if (!r->in_list)
        return at_line(r, EXH_CORRUPT, "the first element is not <datafile>", err);
    if (game)
        return begin_game(r, err);
    return !r->in_game || strcmp(name, "rom") != 0 || take_rom(r, err);
}

static void complain(void *context, xmlErrorPtr error)
{
    struct reading *r = context;
    if (r->line == 0 && error != NULL && error->level >= XML_ERR_ERROR) {
        (void)snprintf(r->why, sizeof r->why, "%.*s", (int)strcspn(error->message != NULL ? error->message : "", "\n"),
                       error->message != NULL ? error->message : "");
        r->line = error->line > 0 ? error->line : 1;
    }
}

static bool read_list(struct reading *r, struct sieve *sieve, struct exh_error *err)
{
    int more;
    while ((more = xmlTextReaderRead(r->reader)) == 1)
        if (!take_node(r, err))
            return false;
    if (sieve->why.code != EXH_OK) {
        *err = sieve->why;
        return false;
    }
    return more == 0 || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "line %d: %s", r->line, r->why[0] != '\0' ? r->why : "not well-formed");
}

static bool parse(struct exh_source *source, struct reading *r, struct exh_error *err)
{
    struct sieve sieve = {.source = source};
    if (source->size > EXH_DAT_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a list of more than %u bytes", EXH_DAT_BYTES_MAX);
    r->reader = xmlReaderForIO(sieve_read, sieve_close, &sieve, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (r->reader == NULL)
        return sieve.why.code != EXH_OK ? (*err = sieve.why, false) : exh_nomem(err, "an XML reader");
    xmlTextReaderSetStructuredErrorHandler(r->reader, complain, r);
    bool ok = read_list(r, &sieve, err);
    xmlFreeTextReader(r->reader);
    return ok;
}

bool exh_dat_find(const char *path, const struct exh_layout *layout, const struct exh_names *files, struct exh_dat *out, struct exh_error *err)
{
    struct exh_source_file_options options = {.folder = AT_FDCWD};
    struct reading r = {.layout = layout, .files = files, .out = out};
    size_t length = strlen(path), room = sizeof out->path - 1;
    memset(out, 0, sizeof *out);
    (void)snprintf(out->path, sizeof out->path, "%s", length > room ? path + (length - room) : path);
    struct exh_source *source = exh_source_file_open(path, &options, err);
    bool ok = source != NULL && (parse(source, &r, err) || exh_in_file(err, path));
    exh_source_close(source);
    free(r.game.roms);
    return ok;
}

bool exh_dat_is_one(const char *path, bool *is_one, struct exh_error *err)
{
    struct exh_source_file_options options = {.folder = AT_FDCWD};
    struct exh_source *source = exh_source_file_open(path, &options, err);
    *is_one = false;
    if (source == NULL)
        return false;
    char *head = malloc(HEAD_BYTES + 1);
    size_t n = source->size < HEAD_BYTES ? (size_t)source->size : HEAD_BYTES;
    bool ok = head != NULL ? exh_source_read(source, 0, head, n, err) : exh_nomem(err, "the head of a list");
    if (ok) {
        const char *p = head;
        head[n] = '\0';
        p += n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        p += strspn(p, " \t\r\n");
        *is_one = *p == '<' && strstr(p, "<datafile") != NULL;
    }
    free(head);
    exh_source_close(source);
    return ok;
}

/* ---- which game it is ---- */

bool exh_dat_rom_equals(const struct exh_dat_rom *rom, const struct exh_digests *found, bool *by_crypto)
{
    size_t compared = 0;
    *by_crypto = false;
    if (rom->scope[0] == '\0' || rom->size != rom->expected)
        return false;
    for (size_t i = 0; i < EXH_DAT_DIGESTS; i++) {
        const struct exh_digest_value *v = rom->length[i] > 0 ? exh_digests_find(found, rom->scope, columns[i].algorithm) : NULL;
        if (v == NULL)
            continue;
        if (v->length != rom->length[i] || memcmp(v->bytes, rom->bytes[i], v->length) != 0)
            return false;
        compared++;
        *by_crypto = *by_crypto || columns[i].length > 4;
    }
    return compared > 0;
}

size_t exh_dat_equal(const struct exh_dat_game *game, const struct exh_digests *found, size_t *of, bool *by_crypto)
{
    size_t equal = 0;
    *of = 0;
    *by_crypto = true;
    for (size_t i = 0; i < game->count; i++) {
        bool crypto;
        if (is_descriptor(game->roms[i].name))
            continue;
        bool equals = exh_dat_rom_equals(&game->roms[i], found, &crypto);
        (*of)++;
        equal += equals;
        *by_crypto = *by_crypto && crypto;
    }
    return equal;
}

const struct exh_dat_game *exh_dat_choose(const struct exh_dat *dat, const struct exh_digests *found)
{
    const struct exh_dat_game *best = NULL;
    size_t best_rank = 0;
    for (size_t i = 0; i < dat->count; i++) {
        const struct exh_dat_game *g = &dat->games[i];
        size_t of, equal;
        bool crypto;
        equal = exh_dat_equal(g, found, &of, &crypto);
        size_t rank = 2 * equal + g->named + (g->named ? 2u * EXH_DAT_ROMS_MAX : 0) + (of > 0 && equal == of ? 8u * EXH_DAT_ROMS_MAX : 0);
        if (rank > best_rank) {
            best = g;
            best_rank = rank;
        }
    }
    return best;
}

void exh_dat_close(struct exh_dat *dat)
{
    for (size_t i = 0; i < dat->count; i++)
        free(dat->games[i].roms);
    free(dat->games);
    memset(dat, 0, sizeof *dat);
}
