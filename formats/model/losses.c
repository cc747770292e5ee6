/* losses.c - what a format cannot hold. See losses.h. */
#include "formats/model/losses.h"

#include <stdarg.h>
#include <stdlib.h>

#include "formats/model/grow.h"

#define LOSSES_MAX 20000u /* 99 tracks with 98 indexes each, and some more */

const char *exh_loss_name(enum exh_loss_kind kind)
{
    static const char *const names[EXH_LOSS_KINDS] = {
        [EXH_LOSS_MEDIUM] = "medium",
        [EXH_LOSS_MCN] = "mcn",
        [EXH_LOSS_CDTEXT] = "cd-text",
        [EXH_LOSS_TEXT] = "text",
        [EXH_LOSS_INDEX] = "index",
        [EXH_LOSS_LEAD_OUT] = "lead-out",
        [EXH_LOSS_DISC_TYPE] = "disc-type",
        [EXH_LOSS_TOC_ROWS] = "toc-rows",
        [EXH_LOSS_SESSION_POINTERS] = "session-pointers",
        [EXH_LOSS_TRACK] = "track",
        [EXH_LOSS_TRACK_NUMBER] = "track-number",
        [EXH_LOSS_TRACK_SESSION] = "track-session",
        [EXH_LOSS_TRACK_MODE] = "track-mode",
        [EXH_LOSS_TRACK_PLACE] = "track-place",
        [EXH_LOSS_TRACK_CONTROL] = "track-control",
        [EXH_LOSS_ISRC] = "isrc",
        [EXH_LOSS_PREGAP] = "pregap",
        [EXH_LOSS_PREGAP_DATA] = "pregap-data",
        [EXH_LOSS_SUBCHANNEL] = "subchannel",
        [EXH_LOSS_SECTOR_FRAME] = "sector-frame",
        [EXH_LOSS_SECTOR_SIZE] = "sector-size",
        [EXH_LOSS_CASE] = "case",
        [EXH_LOSS_UNREADABLE] = "unreadable",
    };
    return (unsigned)kind < EXH_LOSS_KINDS ? names[kind] : "bug";
}

bool exh_losses_add(struct exh_losses *losses, enum exh_loss_kind kind, uint64_t count, struct exh_error *err, const char *fmt, ...)
{
    if (!exh_grow((void **)&losses->items, &losses->capacity, losses->count, sizeof *losses->items, LOSSES_MAX, "losses", err))
        return false;
    struct exh_loss *loss = &losses->items[losses->count++];
    va_list list;
    va_start(list, fmt);
    (void)vsnprintf(loss->text, sizeof loss->text, fmt, list);
    va_end(list);
    loss->kind = kind;
    loss->count = count;
    return true;
}

bool exh_losses_have(const struct exh_losses *losses, enum exh_loss_kind kind)
{
    for (size_t i = 0; losses != NULL && i < losses->count; i++)
        if (losses->items[i].kind == kind)
            return true;
    return false;
}

void exh_losses_close(struct exh_losses *losses)
{
    free(losses->items);
    memset(losses, 0, sizeof *losses);
}

static int64_t end_of_session(const struct exh_layout *layout, unsigned session)
{
    int64_t end = EXH_NO_LBA;
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (layout->tracks[i].session == session)
            end = layout->tracks[i].first + (int64_t)layout->tracks[i].sectors;
    return end;
}

static bool lead_outs_follow(const struct exh_layout *layout)
{
    for (uint32_t i = 0; i < layout->disc->session_count; i++) {
        const struct exh_session *s = &layout->disc->sessions[i];
        if (s->lead_out != EXH_NO_LBA && s->lead_out != end_of_session(layout, s->number))
            return false;
    }
    return true;
}

static bool has_type(const struct exh_disc *d)
{
    for (uint32_t i = 0; i < d->session_count; i++)
        if (d->sessions[i].disc_type > 0)
            return true;
    return false;
}

bool exh_losses_of_disc(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err)
{
    const struct exh_disc *d = layout->disc;
    if (d == NULL)
        return true;
    bool plain = d->medium[0] == '\0' || strcmp(d->medium, "CD") == 0;
    return (plain || exh_losses_add(losses, EXH_LOSS_MEDIUM, 1, err, "that the medium is a %s", d->medium)) &&
           (d->mcn[0] == '\0' || exh_losses_add(losses, EXH_LOSS_MCN, 1, err, "the MCN")) &&
           (d->cdtext_packs == 0 || exh_losses_add(losses, EXH_LOSS_CDTEXT, d->cdtext_packs, err, "CD-TEXT")) &&
           (d->index_count == 0 || exh_losses_add(losses, EXH_LOSS_INDEX, d->index_count, err, "INDEX 02 and higher")) &&
           (lead_outs_follow(layout) || exh_losses_add(losses, EXH_LOSS_LEAD_OUT, d->session_count, err, "where the sessions end")) &&
           (!has_type(d) || exh_losses_add(losses, EXH_LOSS_DISC_TYPE, d->session_count, err, "the disc type (CD-i, XA)")) &&
           (d->row_count == 0 || exh_losses_add(losses, EXH_LOSS_TOC_ROWS, d->row_count, err, "the rows of the TOC"));
}
