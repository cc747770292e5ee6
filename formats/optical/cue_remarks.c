/* cue_remarks.c - REM lines of a cue sheet that programs read: sessions and what stands around them, a GD-ROM's areas, the medium. See cue_parser.h.
 *
 * IsoBuster, ImgBurn and redump.org's sheets say so; the two meanings of REM LEAD-OUT are told apart in cue_layout.c. */
#include <stdio.h>
#include <stdlib.h>

#include "formats/optical/cue_parser.h"

#define REMARKS_KEPT 64u /* lines of REM shown as facts */

/* A comment that programs read. What cannot be read as one of theirs is a comment after all. */
static bool rem_time(struct exh_cue_parser *p, struct exh_cue_span line, struct exh_cue_time *out)
{
    uint32_t frames;
    if (!exh_cue_time(&line, &frames) || frames > EXH_LBA_MAX)
        return exh_cue_odd(p, "a REM that seems to give a time, and gives none");
    *out = (struct exh_cue_time){frames, p->line};
    return true;
}

static bool rem_session(struct exh_cue_parser *p, struct exh_cue_span line)
{
    struct exh_cue_span word;
    uint32_t number;
    if (!exh_cue_word(&line, &word) || !exh_cue_number(word, &number))
        return exh_cue_odd(p, "REM SESSION without a number is left aside");
    if (number < 1 || number > EXH_DISC_SESSIONS_MAX)
        return exh_cue_refuse(p, "REM SESSION %s: a disc has sessions 1 to %u", exh_cue_show(word).text, EXH_DISC_SESSIONS_MAX);
    uint8_t before = p->track != NULL ? p->track->session : 0;
    if (number < before)
        return exh_cue_refuse(p, "session %u follows session %u", number, before);
    p->session = (uint8_t)number;
    return number <= before + 1u || exh_cue_odd(p, "session %u follows session %u", number, before);
}

static bool rem_fact(struct exh_cue_parser *p, struct exh_cue_span line)
{
    bool open;
    struct exh_cue_span text = exh_cue_text(line, NULL, &open);
    if (text.length == 0 || p->kept++ >= REMARKS_KEPT)
        return true;
    char *utf8;
    bool ok = exh_cue_keep_text(p, text, &utf8) && exh_inspection_fact(p->notes, p->name, p->line.at, "rem", p->err, "%.200s", utf8);
    free(utf8);
    return ok;
}

bool exh_cue_take_rem(struct exh_cue_parser *p, struct exh_cue_span line)
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
        return p->session <= EXH_DISC_SESSIONS_MAX || exh_cue_refuse(p, "more than %u sessions", EXH_DISC_SESSIONS_MAX);
    }
    if (exh_cue_is(word, "ORIGINAL") && exh_cue_word(&line, &second) && exh_cue_is(second, "MEDIA-TYPE:") && exh_cue_word(&line, &second))
        (void)snprintf(p->sheet->medium, sizeof p->sheet->medium, "%.*s", (int)(second.length < 20 ? second.length : 20), exh_cue_show(second).text);
    return rem_fact(p, whole);
}
