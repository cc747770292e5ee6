/* toc_compose.c - the text of a toc-file (cdrdao(1), TOC FILES). See toc_write.h. */
#include <stdlib.h>
#include <string.h>

#include "formats/model/text.h"
#include "formats/optical/msf.h"
#include "formats/optical/toc_cdtext.h"
#include "formats/optical/toc_fits.h"
#include "formats/optical/toc_write.h"

/* "MM:SS:FF": the minutes have no bound. */
static bool put_time(char **text, const char *word, uint64_t frames)
{
    return exh_text_append(text, "%s%02llu:%02llu:%02llu\n", word, (unsigned long long)(frames / EXH_FRAMES_PER_SECOND / 60),
                           (unsigned long long)(frames / EXH_FRAMES_PER_SECOND % 60), (unsigned long long)(frames % EXH_FRAMES_PER_SECOND));
}

static bool put_string(char **text, const char *string)
{
    bool ok = exh_text_append(text, "\"");
    for (const char *p = string; ok && *p != '\0'; p++)
        ok = *p == '"'                                             ? exh_text_append(text, "\\\"")
             : *p == '\\' || (unsigned char)*p < ' ' || *p == '\t' ? exh_text_append(text, "\\%03o", (unsigned)(unsigned char)*p)
                                                                   : exh_text_append(text, "%c", *p);
    return ok && exh_text_append(text, "\"");
}

static bool put_flags(char **text, const struct exh_track *t)
{
    bool pre = (t->control & EXH_CONTROL_PRE_EMPHASIS) != 0, four = (t->control & EXH_CONTROL_FOUR_CHANNEL) != 0;
    bool audio = t->kind == EXH_TRACK_AUDIO;
    return exh_text_append(text, "%s", (t->control & EXH_CONTROL_COPY) != 0 ? "COPY\n" : "NO COPY\n") &&
           (!(audio || pre) || exh_text_append(text, "%s", pre ? "PRE_EMPHASIS\n" : "NO PRE_EMPHASIS\n")) &&
           (!(audio || four) || exh_text_append(text, "%s", four ? "FOUR_CHANNEL_AUDIO\n" : "TWO_CHANNEL_AUDIO\n")) &&
           (!exh_toc_isrc_holds(t->isrc) || exh_text_append(text, "ISRC \"%s\"\n", t->isrc));
}

/* cdrdao takes FILE and SILENCE for audio without a subchannel, DATAFILE and ZERO for all else, and not both in one track. */
static bool put_data(char **text, const struct exh_layout *layout, uint32_t i, const char *bin, uint64_t offset)
{
    const struct exh_track *t = &layout->tracks[i];
    bool samples = t->kind == EXH_TRACK_AUDIO && t->sub_bytes == 0;
    uint64_t unstored = t->pregap - t->stored_pregap, behind = exh_toc_silence_behind(layout, i);
    const char *silence = samples ? "SILENCE " : "ZERO ";
    bool as_pregap = t->pregap > 0 && t->stored_pregap == 0 && (samples || t->sub_bytes == 0);
    bool ok = unstored == 0 || put_time(text, as_pregap ? "PREGAP " : silence, unstored);
    ok = ok && exh_text_append(text, "%s", samples ? "FILE " : "DATAFILE ") && put_string(text, bin);
    ok = ok && (offset == 0 || exh_text_append(text, " #%llu", (unsigned long long)offset)) && put_time(text, samples ? " 0 " : " ", t->sectors);
    ok = ok && (t->pregap == 0 || as_pregap || put_time(text, "START ", t->pregap));
    return ok && (behind == 0 || put_time(text, silence, behind));
}

static bool put_track(char **text, const struct exh_layout *layout, uint32_t i, const struct exh_cdtext *cdtext, const char *bin, uint64_t offset)
{
    const struct exh_track *t = &layout->tracks[i];
    bool ok = exh_text_append(text, "\n// Track %u\nTRACK %s%s\n", i + 1, exh_toc_mode_of(t), t->sub_bytes > 0 ? " RW_RAW" : "") &&
              put_flags(text, t) && exh_toc_cdtext_put(text, cdtext, t->number) && put_data(text, layout, i, bin, offset);
    uint64_t frames;
    for (unsigned number = 2; ok && number <= 99 && (frames = exh_toc_index_of(layout, t, number)) != 0; number++)
        ok = put_time(text, "INDEX ", frames);
    return ok;
}

static bool put_all(char **text, const struct exh_layout *layout, const struct exh_cdtext *cdtext, const char *bin)
{
    int type;
    bool ok = exh_text_append(text, "%s\n", exh_toc_type_of(layout, &type));
    if (ok && layout->disc != NULL && layout->disc->mcn[0] != '\0')
        ok = exh_text_append(text, "CATALOG \"%s\"\n", layout->disc->mcn);
    ok = ok && exh_toc_cdtext_put(text, cdtext, 0);
    uint64_t offset = 0;
    for (uint32_t i = 0; ok && i < layout->track_count; i++) {
        ok = put_track(text, layout, i, cdtext, bin, offset);
        offset += layout->tracks[i].sectors * (layout->tracks[i].main_bytes + layout->tracks[i].sub_bytes);
    }
    return ok;
}

char *exh_toc_text(const struct exh_layout *layout, const char *bin, struct exh_error *err)
{
    struct exh_toc_kept kept;
    char *text = NULL;
    if (!exh_toc_cdtext_kept(layout, &kept, err))
        return NULL;
    bool ok = put_all(&text, layout, &kept.cdtext, bin);
    exh_cdtext_close(&kept.cdtext);
    if (ok)
        return text;
    free(text);
    (void)exh_nomem(err, "a toc-file");
    return NULL;
}
