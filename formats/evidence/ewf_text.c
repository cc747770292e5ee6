/* ewf_text.c - header text to fields, and our own trailer in the notes. See ewf_text.h. */
#include "formats/evidence/ewf_text.h"

#include <time.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define TAGS_MAX 64u /* EnCase 6 has 12 */

char *exh_ewf_text_decode(const uint8_t *bytes, size_t length, bool utf16)
{
    return utf16 ? exh_text_from_utf16le(bytes, length) : exh_text_to_utf8(bytes, length);
}

/* A piece of the text, not NUL-terminated. */
struct piece {
    const char *text;
    size_t length;
};

/* Cuts the next line off *rest, without its line end. False at the end of the text. */
static bool next_line(const char **rest, struct piece *line)
{
    if (**rest == '\0')
        return false;
    const char *end = strchrnul(*rest, '\n');
    *line = (struct piece){*rest, (size_t)(end - *rest)};
    if (line->length > 0 && line->text[line->length - 1] == '\r')
        line->length--;
    *rest = *end == '\0' ? end : end + 1;
    return true;
}

/* Cuts the next tab-separated value off *line. False when none is left. */
static bool next_value(struct piece *line, bool *ended, struct piece *value)
{
    if (*ended)
        return false;
    const char *tab = memchr(line->text, '\t', line->length);
    *value = (struct piece){line->text, tab != NULL ? (size_t)(tab - line->text) : line->length};
    *ended = tab == NULL;
    size_t taken = value->length + (tab != NULL);
    *line = (struct piece){line->text + taken, line->length - taken};
    return true;
}

static bool is(struct piece piece, const char *text) { return piece.length == strlen(text) && memcmp(piece.text, text, piece.length) == 0; }

static bool plain_tag(struct piece tag)
{
    for (size_t i = 0; i < tag.length; i++)
        if (!((tag.text[i] >= 'a' && tag.text[i] <= 'z') || (tag.text[i] >= '0' && tag.text[i] <= '9')))
            return false;
    return tag.length > 0 && tag.length <= 16;
}

static void key_of(struct piece tag, char out[32])
{
    static const struct {
        const char *tag, *key;
    } keys[] = {
        {"c", "case"},    {"n", "exhibit"},      {"a", "description"},   {"e", "examiner"},     {"t", "notes"},           {"md", "model"},
        {"sn", "serial"}, {"av", "ewf_program"}, {"ov", "ewf_platform"}, {"m", "ewf_acquired"}, {"u", "ewf_system_date"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (is(tag, keys[i].tag)) {
            (void)snprintf(out, 32, "%s", keys[i].key);
            return;
        }
    (void)snprintf(out, 32, "ewf_%.*s", (int)tag.length, tag.text);
}

static bool set_value(struct exh_fields *out, struct piece tag, struct piece value, struct exh_error *err)
{
    char key[32];
    key_of(tag, key);
    char *copy = exh_text_copy(value.text, value.length);
    if (copy == NULL)
        return exh_nomem(err, "a header value");
    bool ok = exh_fields_set(out, key, copy, err);
    free(copy);
    return ok;
}

bool exh_ewf_text_parse(const char *text, struct exh_fields *out, struct exh_error *err)
{
    struct piece line, tags, values, tag, value;
    const char *rest = text;
    do {
        if (!next_line(&rest, &line))
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the header text has no line \"main\"");
    } while (!is(line, "main"));
    if (!next_line(&rest, &tags) || !next_line(&rest, &values))
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the header text ends before its values");
    bool tags_ended = false, values_ended = false;
    for (size_t i = 0; i < TAGS_MAX && next_value(&tags, &tags_ended, &tag) && next_value(&values, &values_ended, &value); i++)
        if (value.length > 0 && plain_tag(tag) && !(is(tag, "p") && is(value, "0")) && /* 0: no password */
            !set_value(out, tag, value, err))
            return false;
    return true;
}

/* In place: the text never grows. A backslash before anything else stays. */
static void unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        static const char from[] = "ntr\\", to[] = "\n\t\r\\";
        const char *found = in[0] == '\\' && in[1] != '\0' ? strchr(from, in[1]) : NULL;
        if (found != NULL)
            in++;
        *out++ = found != NULL ? to[found - from] : *in;
    }
    *out = '\0';
}

/* The value behind `label` when it stands on the text's last (escaped) line; *cut is where that line begins. */
static const char *last_line(const char *text, const char *label, size_t *cut)
{
    for (size_t at = strlen(text) + 1; at-- > 0;) {
        bool begins = at == 0 || (at >= 2 && text[at - 1] == 'n' && text[at - 2] == '\\');
        if (begins) {
            size_t length = strlen(label);
            *cut = at == 0 ? 0 : at - 2;
            return strncmp(text + at, label, length) == 0 ? text + at + length : NULL;
        }
        if (text[at] == '\\')
            return NULL; /* our trailer holds none: the last line is somebody else's */
    }
    return NULL;
}

/* Our writer's marks, at most one of each, the length last. */
static bool read_trailer(char *notes, struct exh_ewf_trailer *out)
{
    size_t cut;
    uint64_t one;
    const char *value = last_line(notes, "exhibit-media-bytes: ", &cut);
    if (value != NULL && exh_text_u64(value, &out->media_bytes)) {
        out->escaped = out->has_media_bytes = true;
        notes[cut] = '\0';
    }
    value = last_line(notes, "exhibit-escaped: ", &cut);
    if (value != NULL && exh_text_u64(value, &one) && one == 1) {
        out->escaped = true;
        notes[cut] = '\0';
    }
    return out->escaped;
}

static void remove_field(struct exh_fields *fields, size_t index)
{
    free(fields->items[index].key);
    free(fields->items[index].value);
    memmove(fields->items + index, fields->items + index + 1, (fields->count - index - 1) * sizeof *fields->items);
    fields->count--;
}

void exh_ewf_text_trailer(struct exh_fields *fields, struct exh_ewf_trailer *out)
{
    *out = (struct exh_ewf_trailer){0};
    for (size_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->items[i].key, "notes") != 0)
            continue;
        if (!read_trailer(fields->items[i].value, out))
            return;
        if (fields->items[i].value[0] == '\0')
            remove_field(fields, i);
        break;
    }
    for (size_t i = 0; out->escaped && i < fields->count; i++)
        unescape(fields->items[i].value);
}

bool exh_ewf_text_time(const char *key, const char *value, char out[32])
{
    uint64_t seconds;
    struct tm utc;
    bool is_time = strcmp(key, "ewf_acquired") == 0 || strcmp(key, "ewf_system_date") == 0;
    return is_time && exh_text_u64(value, &seconds) && seconds <= UINT32_MAX && gmtime_r(&(time_t){(time_t)seconds}, &utc) != NULL &&
           strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) != 0;
}
