/* cdtext.c - CD-TEXT packs: decoded to UTF-8, and built from it. See cdtext.h.
 *
 * A pack is 18 bytes: type, track, sequence number in its block, a byte with a flag for two-byte characters (bit 7), the block (6-4) and how many
 * characters of its first text lie in packs before it (3-0), twelve bytes, CRC. Texts of one type run on through its packs, ended by NUL, the disc's
 * first and then the tracks'. */
#include "formats/optical/cdtext.h"

#include <iconv.h>
#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define PAYLOAD 4u
#define PAYLOAD_BYTES 12u
#define CRC_AT 16u
#define BLOCKS 8u
#define TYPE_FIRST 0x80u
#define TYPE_GENRE 0x87u
#define TYPE_CLOSED 0x8Du
#define TYPE_CODES 0x8Eu /* UPC or ISRC */
#define TYPE_SIZE 0x8Fu
#define TYPES 16u
#define TRACK_LAST 99u
#define DOUBLE_BYTE 0x80u
#define CHARACTERS_MAX 15u /* that the fourth byte can count */
#define NOT_THERE 0xFF

uint16_t exh_crc16_q(const uint8_t *data, size_t length)
{
    unsigned crc = 0;
    for (size_t i = 0; i < length; i++) { /* the byte's eight shifts at once: 0x1021 is bits 12, 5 and 0 */
        unsigned x = (crc >> 8 ^ data[i]) & 255;
        x ^= x >> 4;
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xFFFF;
    }
    return (uint16_t)(~crc & 0xFFFF);
}

const char *exh_cdtext_type_name(unsigned type)
{
    static const char *const names[TYPES] = {"title", "performer", "songwriter", "composer", "arranger", "message", "disc-id",  "genre",
                                             "toc",   "toc-2",     "reserved",   "reserved", "reserved", "closed",  "upc-isrc", "size"};
    return type >= TYPE_FIRST && type < TYPE_FIRST + TYPES ? names[type - TYPE_FIRST] : "unknown";
}

/* Types that hold text: not the table of contents, its intervals, reserved ones, sizes. */
static bool is_text(unsigned type) { return (type >= TYPE_FIRST && type <= TYPE_GENRE) || type == TYPE_CLOSED || type == TYPE_CODES; }

/* ---- character sets ---- */

static const char *charset_name(uint8_t charset)
{
    switch (charset) {
    case 0x80: return "CP932";  /* MS-JIS */
    case 0x81: return "EUC-KR"; /* Korean */
    case 0x82: return "GB18030";
    default: return NULL;
    }
}

/* As `name` has it, with U+FFFD for each byte that is no part of a character. NULL: no memory. */
static char *through_iconv(iconv_t to_utf8, const uint8_t *bytes, size_t length)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t room = length * 4, left = length; /* no character of these sets is longer in UTF-8 than four times its bytes */
    char *out = malloc(room + 1), *end = out, *from = (char *)(uintptr_t)bytes; /* iconv does not write there */
    if (out == NULL)
        return NULL;
    while (left > 0 && iconv(to_utf8, &from, &left, &end, &room) == (size_t)-1 && left > 0) {
        if (room < sizeof replacement)
            break;
        memcpy(end, replacement, sizeof replacement - 1);
        end += sizeof replacement - 1, room -= sizeof replacement - 1;
        from++, left--;
        (void)iconv(to_utf8, NULL, NULL, NULL, NULL);
    }
    *end = '\0';
    return out;
}

/* Latin text is taken as the rest of the project takes text: many programs write Windows-1252 or UTF-8 and say ISO 8859-1. */
static char *to_utf8(const uint8_t *bytes, size_t length, uint8_t charset)
{
    const char *name = charset_name(charset);
    iconv_t converter = name != NULL ? iconv_open("UTF-8", name) : (iconv_t)-1;
    if (converter == (iconv_t)-1)
        return exh_text_to_utf8(bytes, length);
    char *text = through_iconv(converter, bytes, length);
    (void)iconv_close(converter);
    return text;
}

/* ---- decoding ---- */

/* The texts of one type in one block, as far as their packs follow each other. */
struct run {
    unsigned block, type, track, sequence;
    bool partial; /* the first text began in a pack that is lost */
    bool wide;
    size_t length; /* 0: no run is open */
    uint8_t bytes[EXH_CDTEXT_PACKS_MAX * PAYLOAD_BYTES];
};

static unsigned block_of(const uint8_t *pack) { return pack[3] >> 4 & 7; }

static bool add_item(struct exh_cdtext *out, const struct run *run, unsigned track, const uint8_t *text, size_t length, struct exh_error *err)
{
    if (!exh_grow((void **)&out->items, &out->capacity, out->count, sizeof *out->items, EXH_CDTEXT_PACKS_MAX * PAYLOAD_BYTES, "CD-TEXT items", err))
        return false;
    char *utf8 = to_utf8(text, length, out->charset[run->block]);
    if (utf8 == NULL)
        return exh_nomem(err, "CD-TEXT");
    out->items[out->count++] = (struct exh_cdtext_item){(uint8_t)run->block, (uint8_t)run->type, (uint8_t)track, utf8};
    return true;
}

/* Bytes up to the NUL (two in wide text) or to the end, which *ended tells apart. */
static size_t text_length(const uint8_t *text, size_t left, bool wide, bool *ended)
{
    size_t width = wide ? 2 : 1, length = 0;
    while (length + width <= left && !exh_all_zero(text + length, width))
        length += width;
    *ended = length + width <= left;
    return *ended ? length : left;
}

/* Two-byte text may hold a letter of one byte behind a NUL. */
static size_t drop_nuls(uint8_t *text, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] != 0)
            text[kept++] = text[i];
    return kept;
}

/* Takes the run apart and closes it. `whole`: the packs behind it are there, so that a text without an end is only badly ended, not cut off. */
static bool close_run(struct exh_cdtext *out, struct run *run, const uint8_t *first_track, bool whole, struct exh_error *err)
{
    uint8_t *last = NULL;
    bool dropped = run->partial;
    size_t last_length = 0, at = 0, width = run->wide ? 2 : 1, code_bytes = run->type == TYPE_GENRE && !dropped ? 2 : 0;
    for (unsigned track = run->track; at + code_bytes < run->length && track <= TRACK_LAST;) {
        bool ended;
        uint8_t *text = run->bytes + at + code_bytes;
        size_t length = text_length(text, run->length - at - code_bytes, run->wide, &ended);
        at += code_bytes + length + width;
        bool repeated = length == width && text[0] == '\t' && text[width - 1] == '\t'; /* the track before, if that is known */
        length = drop_nuls(text, length);
        if (repeated)
            text = last, length = last_length;
        if (!dropped && (ended || whole)) {
            if (length > 0 && !add_item(out, run, track, text, length, err))
                return false;
            last = text, last_length = length;
        }
        dropped = false;
        code_bytes = run->type == TYPE_GENRE ? 2 : 0; /* each text's number comes before it */
        track = track == 0 ? first_track[run->block] : track + 1;
    }
    run->length = 0;
    return true;
}

static void open_run(struct run *run, const uint8_t *pack)
{
    run->block = block_of(pack);
    run->type = pack[0];
    run->track = pack[1];
    run->partial = (pack[3] & CHARACTERS_MAX) != 0;
    run->wide = (pack[3] & DOUBLE_BYTE) != 0;
}

static bool take_pack(struct exh_cdtext *out, struct run *run, const uint8_t *first_track, const uint8_t *pack, struct exh_error *err)
{
    bool same_block = block_of(pack) == run->block, next = pack[2] == ((run->sequence + 1) & 255);
    if (run->length > 0 && !(same_block && next && pack[0] == run->type) && !close_run(out, run, first_track, next || !same_block, err))
        return false;
    run->sequence = pack[2];
    if (!is_text(pack[0])) {
        run->block = block_of(pack);
        return true;
    }
    if (run->length == 0)
        open_run(run, pack);
    memcpy(run->bytes + run->length, pack + PAYLOAD, PAYLOAD_BYTES);
    run->length += PAYLOAD_BYTES;
    return true;
}

/* Is it one to read? The extension flag of the track number is not used by anybody; what it would mean is not known. */
static bool makes_sense(const uint8_t *pack, bool is_last, bool *zero_crc)
{
    uint16_t stored = exh_be16(pack + CRC_AT);
    bool holds = exh_crc16_q(pack, CRC_AT) == stored;
#ifdef EXH_FUZZING /* mutations must get past it */
    holds = true;
#endif
    *zero_crc = !holds && is_last && stored == 0;
    return (holds || *zero_crc) && pack[0] >= TYPE_FIRST && pack[0] < TYPE_FIRST + TYPES && pack[1] <= TRACK_LAST;
}

/* The size packs first: they say how the rest is to be read. */
static void read_sizes(const uint8_t *packs, size_t count, struct exh_cdtext *out, uint8_t first_track[BLOCKS])
{
    bool zero_crc;
    memset(out->charset, NOT_THERE, BLOCKS);
    memset(out->language, NOT_THERE, BLOCKS);
    memset(first_track, 1, BLOCKS);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pack = packs + i * EXH_CDTEXT_PACK_BYTES;
        unsigned block = block_of(pack);
        if (!makes_sense(pack, i + 1 == count, &zero_crc))
            continue;
        if (out->charset[block] == NOT_THERE)
            out->charset[block] = out->language[block] = 0;
        if (pack[0] == TYPE_SIZE && pack[1] == 0) {
            out->charset[block] = pack[PAYLOAD];
            first_track[block] = pack[PAYLOAD + 1] > 0 && pack[PAYLOAD + 1] <= TRACK_LAST ? pack[PAYLOAD + 1] : 1;
        } else if (pack[0] == TYPE_SIZE && pack[1] == 2) {
            out->language[block] = pack[PAYLOAD + 4 + block];
        }
    }
}

bool exh_cdtext_decode(const uint8_t *packs, size_t count, struct exh_cdtext *out, struct exh_error *err)
{
    uint8_t first_track[BLOCKS];
    *out = (struct exh_cdtext){0};
    if (count > EXH_CDTEXT_PACKS_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "more than %u CD-TEXT packs", EXH_CDTEXT_PACKS_MAX);
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return exh_nomem(err, "CD-TEXT");
    read_sizes(packs, count, out, first_track);
    bool ok = true, zero_crc;
    for (size_t i = 0; ok && i < count; i++) {
        const uint8_t *pack = packs + i * EXH_CDTEXT_PACK_BYTES;
        bool sense = makes_sense(pack, i + 1 == count, &zero_crc);
        out->zero_crc += zero_crc;
        out->bad_crc += !sense && !zero_crc;
        if (sense)
            ok = take_pack(out, run, first_track, pack, err);
    }
    ok = ok && (run->length == 0 || close_run(out, run, first_track, true, err));
    free(run);
    if (!ok)
        exh_cdtext_close(out);
    return ok;
}

const char *exh_cdtext_find(const struct exh_cdtext *cdtext, unsigned block, unsigned type, unsigned track)
{
    for (size_t i = 0; i < cdtext->count; i++)
        if (cdtext->items[i].block == block && cdtext->items[i].type == type && cdtext->items[i].track == track)
            return cdtext->items[i].text;
    return NULL;
}

void exh_cdtext_close(struct exh_cdtext *cdtext)
{
    for (size_t i = 0; i < cdtext->count; i++)
        free(cdtext->items[i].text);
    free(cdtext->items);
    *cdtext = (struct exh_cdtext){0};
}

bool exh_cdtext_file(const uint8_t *bytes, size_t length, struct exh_disc *disc, struct exh_error *err)
{
    size_t at = length % EXH_CDTEXT_PACK_BYTES >= 4 ? 4 : 0, behind = length % EXH_CDTEXT_PACK_BYTES - at;
    if (length < EXH_CDTEXT_PACK_BYTES || behind > 1 || (behind == 1 && bytes[length - 1] != 0) || (at == 4 && bytes[0] >= TYPE_FIRST))
        return exh_fail(err, EXH_CORRUPT, 0, "%zu bytes are no CD-TEXT packs of %u", length, EXH_CDTEXT_PACK_BYTES);
    if (bytes[at] < TYPE_FIRST || bytes[at] >= TYPE_FIRST + TYPES)
        return exh_fail(err, EXH_CORRUPT, at, "0x%02X is no type of CD-TEXT pack", bytes[at]);
    for (; at + EXH_CDTEXT_PACK_BYTES <= length; at += EXH_CDTEXT_PACK_BYTES)
        if (!exh_disc_add_pack(disc, bytes + at, err))
            return false;
    return true;
}

/* ---- encoding ---- */

#define TRACKS (TRACK_LAST + 1) /* 0: the disc */
#define SIZE_PACKS 3u
#define BLOCK_PACKS_MAX 256u /* the sequence number has one byte */

struct packs {
    const char *texts[BLOCKS][TYPES][TRACKS];
    uint8_t first_track, last_track;
    uint8_t bytes[BLOCKS * BLOCK_PACKS_MAX][EXH_CDTEXT_PACK_BYTES];
    size_t count;
    size_t block_count; /* of them in the block at hand */
    size_t filled;      /* payload bytes of the last one */
    uint8_t counts[BLOCKS][TYPES], last_sequence[BLOCKS];
};

/* One character of ISO 8859-1 out of UTF-8, or -1. */
static int latin(const char **text)
{
    uint8_t c = (uint8_t) * (*text)++;
    if (c < 0x80)
        return c;
    if ((c != 0xC2 && c != 0xC3) || ((uint8_t) * *text & 0xC0) != 0x80)
        return -1;
    return (c & 3) << 6 | ((uint8_t) * (*text)++ & 63);
}

/* Does it come back as it was? Not what is beyond ISO 8859-1, control characters that readers take for Windows-1252, letters whose bytes happen to be
 * UTF-8, or a lone TAB, which means repetition. *ok false: no memory. */
static bool fits(const char *text, bool *ok, struct exh_error *err)
{
    size_t length = 0;
    uint8_t *bytes = malloc(strlen(text) + 1);
    const char *at = text;
    int c = 0;
    while (bytes != NULL && *at != '\0' && (c = latin(&at)) >= 0)
        bytes[length++] = (uint8_t)c;
    char *back = bytes != NULL ? exh_text_to_utf8(bytes, length) : NULL;
    bool same = back != NULL && c >= 0 && strcmp(back, text) == 0 && strcmp(text, "\t") != 0;
    *ok = back != NULL || exh_nomem(err, "CD-TEXT");
    free(back);
    free(bytes);
    return same;
}

static bool sort_items(struct packs *p, const struct exh_cdtext_item *items, size_t count, size_t *left_out, struct exh_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct exh_cdtext_item *item = &items[i];
        bool ok = true, placed = item->block < BLOCKS && is_text(item->type) &&
                                 (item->track == 0 || (item->track >= p->first_track && item->track <= p->last_track)) && fits(item->text, &ok, err);
        if (!ok)
            return false;
        if (placed)
            p->texts[item->block][item->type - TYPE_FIRST][item->track] = item->text;
        *left_out += !placed;
    }
    return true;
}

static bool new_pack(struct packs *p, unsigned block, unsigned type, unsigned track, size_t characters, struct exh_error *err)
{
    size_t room = type == TYPE_SIZE ? BLOCK_PACKS_MAX : BLOCK_PACKS_MAX - SIZE_PACKS;
    if (p->block_count >= room)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "block %u: more CD-TEXT than %u packs hold", block, BLOCK_PACKS_MAX);
    uint8_t *pack = p->bytes[p->count++];
    pack[0] = (uint8_t)type;
    pack[1] = (uint8_t)track;
    pack[2] = (uint8_t)p->block_count++;
    pack[3] = (uint8_t)(block << 4 | (characters < CHARACTERS_MAX ? characters : CHARACTERS_MAX));
    p->last_sequence[block] = pack[2];
    p->counts[block][type - TYPE_FIRST]++;
    p->filled = 0;
    return true;
}

static bool put_byte(struct packs *p, unsigned block, unsigned type, unsigned track, size_t characters, uint8_t byte, struct exh_error *err)
{
    if (p->filled == PAYLOAD_BYTES && !new_pack(p, block, type, track, characters, err))
        return false;
    p->bytes[p->count - 1][PAYLOAD + p->filled++] = byte;
    return true;
}

static bool put_text(struct packs *p, unsigned block, unsigned type, unsigned track, struct exh_error *err)
{
    const char *text = p->texts[block][type - TYPE_FIRST][track];
    size_t characters = 0;
    if (type == TYPE_GENRE && !(put_byte(p, block, type, track, 0, 0, err) && put_byte(p, block, type, track, 0, 0, err)))
        return false; /* the genre's number: none given */
    while (text != NULL && *text != '\0')
        if (!put_byte(p, block, type, track, characters++, (uint8_t)latin(&text), err))
            return false;
    return put_byte(p, block, type, track, characters, 0, err);
}

/* All of one type, each track's place kept where only some have a text. */
static bool put_type(struct packs *p, unsigned block, unsigned type, struct exh_error *err)
{
    const char **texts = p->texts[block][type - TYPE_FIRST];
    unsigned last = 0;
    for (unsigned track = 1; track < TRACKS; track++)
        last = texts[track] != NULL ? p->last_track : last;
    if (texts[0] == NULL && last == 0)
        return true;
    p->filled = PAYLOAD_BYTES;
    if (!put_text(p, block, type, 0, err))
        return false;
    for (unsigned track = p->first_track; track <= last; track++)
        if (!put_text(p, block, type, track, err))
            return false;
    return true;
}

static bool put_block(struct packs *p, unsigned block, struct exh_error *err)
{
    p->block_count = 0;
    for (unsigned type = TYPE_FIRST; type < TYPE_SIZE; type++)
        if (!put_type(p, block, type, err))
            return false;
    for (unsigned i = 0; p->block_count > 0 && i < SIZE_PACKS; i++)
        if (!new_pack(p, block, TYPE_SIZE, i, 0, err))
            return false;
    return true;
}

/* Character set 0, the tracks, no copy flags; packs by type; last sequence numbers and languages by block: 36 bytes in three packs. */
static void fill_sizes(struct packs *p, uint8_t language)
{
    uint8_t languages[BLOCKS] = {language};
    for (size_t i = 0; i < p->count; i++) {
        uint8_t *pack = p->bytes[i], *payload = pack + PAYLOAD;
        const uint8_t *counts = p->counts[block_of(pack)];
        if (pack[0] == TYPE_SIZE && pack[1] == 0) {
            payload[1] = p->first_track, payload[2] = p->last_track;
            memcpy(payload + 4, counts, 8);
        } else if (pack[0] == TYPE_SIZE && pack[1] == 1) {
            memcpy(payload, counts + 8, 8);
            memcpy(payload + 8, p->last_sequence, 4);
        } else if (pack[0] == TYPE_SIZE) {
            memcpy(payload, p->last_sequence + 4, 4);
            memcpy(payload + 4, languages, BLOCKS);
        }
        uint16_t crc = exh_crc16_q(pack, CRC_AT);
        pack[CRC_AT] = (uint8_t)(crc >> 8), pack[CRC_AT + 1] = (uint8_t)crc;
    }
}

bool exh_cdtext_encode(const struct exh_cdtext_item *items, size_t count, uint8_t first_track, uint8_t last_track, uint8_t language,
                       struct exh_disc *disc, size_t *left_out, struct exh_error *err)
{
    *left_out = 0;
    if (first_track == 0 || first_track > last_track || last_track > TRACK_LAST)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "tracks %u to %u", first_track, last_track);
    struct packs *p = calloc(1, sizeof *p);
    if (p == NULL)
        return exh_nomem(err, "CD-TEXT");
    p->first_track = first_track, p->last_track = last_track;
    bool ok = sort_items(p, items, count, left_out, err);
    for (unsigned block = 0; ok && block < BLOCKS; block++)
        ok = put_block(p, block, err);
    if (ok)
        fill_sizes(p, language);
    for (size_t i = 0; ok && i < p->count; i++)
        ok = exh_disc_add_pack(disc, p->bytes[i], err);
    free(p);
    return ok;
}
