/* vmdk_descriptor.c - reads the descriptor of a VMDK. See vmdk_descriptor.h.
 *
 * Three kinds of lines: `key = value` with or without quotes, extents (`RW 4192256 SPARSE "disk 1-s001.vmdk"`), and comments. A line that is none of
 * them is an error: it could be an extent in a dialect, and to leave one out moves everything behind it. */
#include "formats/disk/vmdk_descriptor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/layout.h"
#include "formats/model/text.h"

#define LINE_MAX_BYTES 4096u

struct reading { /* one line of it */
    struct exh_vmdk_descriptor *out;
    const char *rest; /* of the line */
    uint64_t at;
    unsigned number;
    struct exh_error *err;
};

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static void skip_blanks(struct reading *r)
{
    while (is_blank(*r->rest))
        r->rest++;
}

/* The next word of the line, "" when there is none; false when it is longer than it may be. */
static bool next_word(struct reading *r, char *out, size_t room)
{
    size_t n = 0;
    skip_blanks(r);
    for (; *r->rest != '\0' && !is_blank(*r->rest); r->rest++) {
        if (n + 1 == room)
            return false;
        out[n++] = *r->rest;
    }
    out[n] = '\0';
    return true;
}

/* ---- extents ---- */

/* A quoted name, which may hold blanks; on the heap as UTF-8. NULL: none (err is not set), or no memory. */
static char *quoted_name(struct reading *r)
{
    skip_blanks(r);
    const char *end = *r->rest == '"' ? strchr(r->rest + 1, '"') : NULL;
    if (end == NULL || end == r->rest + 1)
        return NULL;
    char *name = exh_text_to_utf8((const uint8_t *)r->rest + 1, (size_t)(end - r->rest - 1));
    r->rest = end + 1;
    if (name == NULL)
        (void)exh_nomem(r->err, "a name");
    return name;
}

static bool kind_of(const struct reading *r, const char *word, enum exh_vmdk_kind *out)
{
    static const struct {
        const char *word;
        enum exh_vmdk_kind kind;
    } known[] = {
        {"FLAT", EXH_VMDK_FLAT}, {"VMFS", EXH_VMDK_FLAT}, {"ZERO", EXH_VMDK_ZERO}, {"SPARSE", EXH_VMDK_SPARSE}, {"VMFSSPARSE", EXH_VMDK_COWD}};
    static const char *const refused[] = {"SESPARSE", "VMFSRDM", "VMFSRAW", "VMFSRDMP"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(word, known[i].word) == 0) {
            *out = known[i].kind;
            return true;
        }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcasecmp(word, refused[i]) == 0)
            return exh_fail(r->err, EXH_UNSUPPORTED, r->at, "line %u of the descriptor: extents of type %s are not read", r->number, refused[i]);
    return exh_fail(r->err, EXH_UNSUPPORTED, r->at, "line %u of the descriptor: '%.30s' is no known type of extent", r->number, word);
}

static bool corrupt_line(const struct reading *r, const char *what)
{
    return exh_fail(r->err, EXH_CORRUPT, r->at, "line %u of the descriptor: %s", r->number, what);
}

/* Behind the access word: sectors, type, name, offset. What follows (identifiers of partitions) is not needed to read. */
static bool take_extent(struct reading *r)
{
    char sectors[24], type[24], offset[24];
    struct exh_vmdk_line line = {.at = r->at, .number = r->number};
    if (!next_word(r, sectors, sizeof sectors) || !exh_text_u64(sectors, &line.sectors) || line.sectors == 0 ||
        line.sectors > EXH_MEDIA_BYTES_MAX / 512)
        return corrupt_line(r, "the extent has no number of sectors that can be");
    if (!next_word(r, type, sizeof type) || !kind_of(r, type, &line.kind))
        return r->err->code != EXH_OK ? false : corrupt_line(r, "the type of the extent is too long");
    if (line.kind != EXH_VMDK_ZERO && (line.name = quoted_name(r)) == NULL)
        return r->err->code != EXH_OK ? false : corrupt_line(r, "the extent has no name in quotes");
    bool ok = line.kind == EXH_VMDK_ZERO || next_word(r, offset, sizeof offset);
    if (ok && line.kind == EXH_VMDK_FLAT && offset[0] != '\0')
        ok = exh_text_u64(offset, &line.offset) && line.offset <= EXH_MEDIA_BYTES_MAX / 512;
    if (!ok)
        (void)corrupt_line(r, "the extent's offset is no number that can be");
    ok = ok && exh_grow((void **)&r->out->lines, &r->out->capacity, r->out->count, sizeof line, EXH_VMDK_EXTENTS_MAX, "extents of one disk", r->err);
    if (ok)
        r->out->lines[r->out->count++] = line;
    else
        free(line.name);
    return ok;
}

/* ---- keys ---- */

static bool take_cid(struct reading *r, const char *value, uint32_t *out)
{
    uint8_t bytes[4];
    char padded[9] = "00000000";
    size_t n = strlen(value);
    if (n == 0 || n > 8)
        return corrupt_line(r, "a content identifier is up to eight hexadecimal digits");
    memcpy(padded + 8 - n, value, n);
    if (!exh_text_unhex(padded, bytes, sizeof bytes))
        return corrupt_line(r, "a content identifier is up to eight hexadecimal digits");
    *out = exh_be32(bytes);
    return true;
}

static bool keep_hint(struct reading *r, const char *value)
{
    if (r->out->parent_hint != NULL)
        return corrupt_line(r, "a second parentFileNameHint");
    r->out->parent_hint = value[0] != '\0' ? exh_text_to_utf8((const uint8_t *)value, strlen(value)) : NULL;
    return value[0] == '\0' || r->out->parent_hint != NULL || exh_nomem(r->err, "a name");
}

static bool take_key(struct reading *r, const char *key, const char *value)
{
    struct exh_vmdk_descriptor *d = r->out;
    const struct {
        const char *key;
        char *to;
        size_t room;
    } texts[] = {{"createType", d->create_type, sizeof d->create_type},
                 {"encoding", d->encoding, sizeof d->encoding},
                 {"ddb.adapterType", d->adapter, sizeof d->adapter},
                 {"ddb.virtualHWVersion", d->hardware, sizeof d->hardware},
                 {"ddb.geometry.cylinders", d->cylinders, sizeof d->cylinders},
                 {"ddb.geometry.heads", d->heads, sizeof d->heads},
                 {"ddb.geometry.sectors", d->track_sectors, sizeof d->track_sectors}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcasecmp(key, texts[i].key) == 0)
            (void)snprintf(texts[i].to, texts[i].room, "%s", value);
    if (strcasecmp(key, "version") == 0 && strcmp(value, "1") != 0 && strcmp(value, "2") != 0 && strcmp(value, "3") != 0)
        return exh_fail(r->err, EXH_UNSUPPORTED, r->at, "line %u: version '%.30s' of descriptors is not known", r->number, value);
    if (strncasecmp(key, "encryption.", 11) == 0 || (strcasestr(key, "iofilters") != NULL && strcasestr(value, "vmcrypt") != NULL))
        return exh_fail(r->err, EXH_UNSUPPORTED, r->at, "line %u of the descriptor: the disk is encrypted ('%.40s')", r->number, key);
    if (strcasecmp(key, "CID") == 0)
        return take_cid(r, value, &d->cid);
    if (strcasecmp(key, "parentCID") == 0)
        return take_cid(r, value, &d->parent_cid);
    return strcasecmp(key, "parentFileNameHint") != 0 || keep_hint(r, value);
}

/* `line` is cut up in place. */
static bool take_pair(struct reading *r, char *line, char *equals)
{
    char *key_end = equals, *value = equals + 1, *end = line + strlen(line);
    while (key_end > line && is_blank(key_end[-1]))
        key_end--;
    *key_end = '\0';
    while (is_blank(*value))
        value++;
    if (*value == '"') {
        value++;
        char *close = strrchr(value, '"');
        if (close == NULL)
            return corrupt_line(r, "a quote that is not closed");
        end = close;
    }
    *end = '\0';
    return take_key(r, line, value);
}

static bool take_line(struct reading *r, char *line)
{
    static const char *const access[] = {"RW", "RDONLY", "NOACCESS"};
    char word[16];
    r->rest = line;
    skip_blanks(r);
    char *begin = line + (r->rest - line);
    if (*begin == '\0' || *begin == '#')
        return true;
    bool is_word = next_word(r, word, sizeof word);
    for (unsigned i = 0; is_word && i < 3; i++)
        if (strcasecmp(word, access[i]) == 0)
            return i < 2 ? take_extent(r)
                         : exh_fail(r->err, EXH_UNSUPPORTED, r->at, "line %u of the descriptor: the extent is marked NOACCESS", r->number);
    char *equals = strchr(begin, '=');
    return equals != NULL ? take_pair(r, begin, equals) : corrupt_line(r, "neither a key with its value nor an extent");
}

/* ---- the whole ---- */

/* By its title, or, where that was edited away, by its first line that is no comment. */
bool exh_vmdk_is_descriptor(const uint8_t *text, size_t length)
{
    static const char title[] = "# Disk DescriptorFile", version[] = "version=";
    if (length >= sizeof title - 1 && strncasecmp((const char *)text, title, sizeof title - 1) == 0)
        return true;
    size_t at = 0;
    while (at < length && (text[at] == '#' || text[at] == '\r' || text[at] == '\n')) {
        const uint8_t *end = memchr(text + at, '\n', length - at);
        at = end != NULL ? (size_t)(end - text) + 1 : length;
    }
    return at < length && length - at >= sizeof version - 1 && strncasecmp((const char *)text + at, version, sizeof version - 1) == 0;
}

static bool check_sum(const struct exh_vmdk_descriptor *d, struct exh_error *err)
{
    uint64_t sectors = 0;
    if (d->count == 0)
        return exh_fail(err, EXH_CORRUPT, 0, "the descriptor names no extent");
    for (size_t i = 0; i < d->count; i++) {
        sectors += d->lines[i].sectors; /* each is less than 2^53, and so is the sum before */
        if (sectors > EXH_MEDIA_BYTES_MAX / 512)
            return exh_fail(err, EXH_CORRUPT, d->lines[i].at, "line %u of the descriptor: the extents make more than a disk can have",
                            d->lines[i].number);
    }
    return true;
}

bool exh_vmdk_descriptor_parse(const uint8_t *text, size_t length, struct exh_vmdk_descriptor *out, struct exh_error *err)
{
    char line[LINE_MAX_BYTES];
    const uint8_t *nul = memchr(text, '\0', length);
    *out = (struct exh_vmdk_descriptor){.parent_cid = EXH_VMDK_NO_PARENT};
    length = nul != NULL ? (size_t)(nul - text) : length;
    bool ok = true;
    unsigned number = 0;
    for (size_t at = 0, n; ok && at < length; at += n + 1) {
        const uint8_t *end = memchr(text + at, '\n', length - at);
        n = end != NULL ? (size_t)(end - text) - at : length - at;
        struct reading r = {.out = out, .at = at, .number = ++number, .err = err};
        if (n >= sizeof line) {
            ok = corrupt_line(&r, "it is longer than 4095 bytes");
            break;
        }
        size_t kept = n;
        while (kept > 0 && (text[at + kept - 1] == '\r' || is_blank((char)text[at + kept - 1])))
            kept--;
        memcpy(line, text + at, kept);
        line[kept] = '\0';
        ok = take_line(&r, line);
    }
    if (ok && check_sum(out, err))
        return true;
    exh_vmdk_descriptor_close(out);
    return false;
}

void exh_vmdk_descriptor_close(struct exh_vmdk_descriptor *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->lines[i].name);
    free(d->lines);
    free(d->parent_hint);
    *d = (struct exh_vmdk_descriptor){.parent_cid = EXH_VMDK_NO_PARENT};
}
