/* cue_labels.c - the commands of a cue sheet that say what goes with a track or the disc: FLAGS, ISRC, CATALOG, CDTEXTFILE and the texts of CD-TEXT.
 * See cue_parser.h.
 *
 * Source: the CDRWIN user's guide, appendix A. */
#include <string.h>

#include "formats/model/grow.h"
#include "formats/model/text.h"
#include "formats/optical/cue_parser.h"

bool exh_cue_take_flags(struct exh_cue_parser *p, struct exh_cue_span line)
{
    static const struct {
        const char *word;
        uint8_t bits;
    } flags[] = {{"DCP", EXH_CONTROL_COPY}, {"4CH", EXH_CONTROL_FOUR_CHANNEL}, {"PRE", EXH_CONTROL_PRE_EMPHASIS}, {"SCMS", 0}, {"DATA", 0}};
    struct exh_cue_span word;
    if (p->track == NULL)
        return exh_cue_odd(p, "FLAGS before any TRACK is left aside");
    if ((p->track->index_count > 0 && !exh_cue_odd(p, "FLAGS behind an INDEX")) ||
        (p->track->flags_said && !exh_cue_odd(p, "FLAGS again: both count")))
        return false;
    p->track->flags_said = true;
    while (exh_cue_word(&line, &word) && (word.length == 0 || word.text[0] != ';')) {
        size_t i = 0;
        while (i < sizeof flags / sizeof flags[0] && !exh_cue_is(word, flags[i].word))
            i++;
        if (i == sizeof flags / sizeof flags[0]) {
            if (!exh_cue_odd(p, "'%s' is no flag", exh_cue_show(word).text))
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

bool exh_cue_take_isrc(struct exh_cue_parser *p, struct exh_cue_span line)
{
    bool open;
    char isrc[13];
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    if (p->track == NULL)
        return exh_cue_odd(p, "ISRC before any TRACK is left aside");
    if (!isrc_of(text, isrc))
        return exh_cue_odd(p, "'%s' is no ISRC (five characters, seven digits) and is left aside", exh_cue_show(text).text);
    if (p->track->isrc[0] != '\0' && strcmp(p->track->isrc, isrc) != 0)
        return exh_cue_refuse(p, "a second ISRC of track %u, %s, after %s", p->track->number, isrc, p->track->isrc);
    memcpy(p->track->isrc, isrc, sizeof isrc);
    return p->track->index_count == 0 || exh_cue_odd(p, "ISRC behind an INDEX");
}

bool exh_cue_take_catalog(struct exh_cue_parser *p, struct exh_cue_span line)
{
    struct exh_cue_sheet *s = p->sheet;
    bool open;
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    for (size_t i = 0; i < text.length; i++)
        if (text.length != 13 || text.text[i] < '0' || text.text[i] > '9')
            return exh_cue_refuse(p, "CATALOG '%s': 13 digits are needed", exh_cue_show(text).text);
    if (text.length == 0)
        return exh_cue_refuse(p, "CATALOG without its 13 digits");
    if (s->mcn[0] != '\0' && memcmp(s->mcn, text.text, 13) != 0)
        return exh_cue_refuse(p, "a second CATALOG, other than %s", s->mcn);
    memcpy(s->mcn, text.text, 13);
    return p->file == EXH_CUE_NONE || exh_cue_odd(p, "CATALOG behind FILE");
}

bool exh_cue_take_cdtextfile(struct exh_cue_parser *p, struct exh_cue_span line)
{
    bool open;
    struct exh_cue_span name = exh_cue_text(line, NULL, &open);
    if (name.length == 0 || name.length > 1024 || p->sheet->cdtext_file != NULL)
        return exh_cue_odd(p, "CDTEXTFILE %s is left aside", name.length == 0 ? "without a name" : "a second time, or with a name too long,");
    p->sheet->cdtext_line = p->line;
    p->sheet->cdtext_file = exh_text_copy(name.text, name.length);
    return p->sheet->cdtext_file != NULL || exh_nomem(p->err, "a file name");
}

bool exh_cue_take_text(struct exh_cue_parser *p, struct exh_cue_span line, uint8_t type)
{
    struct exh_cue_sheet *s = p->sheet;
    bool open;
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    if (open && !exh_cue_odd(p, "a text without its closing quotation mark"))
        return false;
    if (text.length == 0)
        return true;
    struct exh_cue_text item = {.type = type, .track = p->track != NULL ? p->track->number : 0};
    for (size_t i = s->text_count; i > 0 && s->texts[i - 1].track == item.track; i--)
        if (s->texts[i - 1].type == type)
            return exh_cue_odd(p, "a second text of its kind is left aside");
    if (!exh_grow((void **)&s->texts, &s->text_capacity, s->text_count, sizeof item, EXH_CUE_TEXTS_MAX, "texts of a cue sheet", p->err) ||
        !exh_cue_keep_text(p, text, &item.text))
        return false;
    s->texts[s->text_count++] = item;
    return true;
}
