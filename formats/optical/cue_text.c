/* cue_text.c - lines and words of a cue sheet. See cue_text.h. */
#include "formats/optical/cue_text.h"

#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }

bool exh_cue_next_line(const char *text, size_t length, size_t *at, struct exh_cue_span *line)
{
    if (*at >= length)
        return false;
    size_t end = *at;
    while (end < length && text[end] != '\n' && text[end] != '\r')
        end++;
    *line = (struct exh_cue_span){text + *at, end - *at};
    *at = end + (end < length);
    if (end + 1 < length && text[end] == '\r' && text[end + 1] == '\n')
        (*at)++;
    return true;
}

static void cut_front(struct exh_cue_span *s, size_t n)
{
    s->text += n;
    s->length -= n;
}

static void trim_front(struct exh_cue_span *s)
{
    while (s->length > 0 && is_blank(s->text[0]))
        cut_front(s, 1);
}

static void trim_back(struct exh_cue_span *s)
{
    while (s->length > 0 && is_blank(s->text[s->length - 1]))
        s->length--;
}

bool exh_cue_word(struct exh_cue_span *line, struct exh_cue_span *word)
{
    trim_front(line);
    if (line->length == 0)
        return false;
    bool quoted = line->text[0] == '"';
    if (quoted)
        cut_front(line, 1);
    size_t n = 0;
    while (n < line->length && (quoted ? line->text[n] != '"' : !is_blank(line->text[n])))
        n++;
    *word = (struct exh_cue_span){line->text, n};
    cut_front(line, n + (quoted && n < line->length));
    return true;
}

struct exh_cue_span exh_cue_text(struct exh_cue_span line, struct exh_cue_span *behind, bool *open)
{
    trim_front(&line);
    trim_back(&line);
    *open = false;
    if (behind != NULL)
        *behind = (struct exh_cue_span){line.text + line.length, 0};
    if (line.length == 0 || line.text[0] != '"')
        return line;
    cut_front(&line, 1);
    const char *last = line.length > 0 ? memrchr(line.text, '"', line.length) : NULL;
    *open = last == NULL;
    if (last == NULL)
        return line;
    size_t inside = (size_t)(last - line.text);
    if (behind != NULL)
        *behind = (struct exh_cue_span){last + 1, line.length - inside - 1};
    return (struct exh_cue_span){line.text, inside};
}

struct exh_cue_span exh_cue_last_word(struct exh_cue_span *line)
{
    trim_back(line);
    size_t begin = line->length;
    while (begin > 0 && !is_blank(line->text[begin - 1]))
        begin--;
    struct exh_cue_span word = {line->text + begin, line->length - begin};
    line->length = begin;
    return word;
}

bool exh_cue_is(struct exh_cue_span word, const char *upper)
{
    if (word.length != strlen(upper))
        return false;
    for (size_t i = 0; i < word.length; i++) {
        char c = word.text[i];
        if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != upper[i])
            return false;
    }
    return true;
}

/* Digits off the front; false unless 1 to 4. */
static bool digits(struct exh_cue_span *s, uint32_t *out)
{
    size_t n = 0;
    for (*out = 0; n < s->length && s->text[n] >= '0' && s->text[n] <= '9'; n++) {
        if (n == 4)
            return false;
        *out = *out * 10 + (uint32_t)(s->text[n] - '0');
    }
    cut_front(s, n);
    return n > 0;
}

bool exh_cue_number(struct exh_cue_span word, uint32_t *out) { return digits(&word, out) && word.length == 0; }

bool exh_cue_time(struct exh_cue_span *line, uint32_t *frames)
{
    uint32_t part[3];
    for (int i = 0; i < 3; i++) {
        trim_front(line);
        if (i > 0) {
            if (line->length == 0 || line->text[0] != ':')
                return false;
            cut_front(line, 1);
            trim_front(line);
        }
        if (!digits(line, &part[i]))
            return false;
    }
    if (part[1] >= 60 || part[2] >= 75 || (line->length > 0 && !is_blank(line->text[0]) && line->text[0] != ';'))
        return false;
    *frames = (part[0] * 60 + part[1]) * 75 + part[2];
    return true;
}
