/* losses.c - lines for what a format cannot hold. See losses.h. */
#include "formats/model/losses.h"

#include <stdarg.h>
#include <stdlib.h>

#include "formats/model/text.h"

bool exh_losses_add(struct exh_names *losses, struct exh_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = exh_text_vformat(fmt, args);
    va_end(args);
    bool ok = text != NULL ? exh_names_add(losses, text, err) : exh_nomem(err, "a line of text");
    free(text);
    return ok;
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

bool exh_losses_of_disc(const struct exh_layout *layout, struct exh_names *losses, struct exh_error *err)
{
    const struct exh_disc *d = layout->disc;
    if (d == NULL)
        return true;
    bool plain = d->medium[0] == '\0' || strcmp(d->medium, "CD") == 0;
    return (plain || exh_losses_add(losses, err, "that the medium is a %s", d->medium)) &&
           (d->mcn[0] == '\0' || exh_losses_add(losses, err, "the MCN")) && (d->cdtext_packs == 0 || exh_losses_add(losses, err, "CD-TEXT")) &&
           (d->index_count == 0 || exh_losses_add(losses, err, "INDEX 02 and higher")) &&
           (lead_outs_follow(layout) || exh_losses_add(losses, err, "where the sessions end")) &&
           (!has_type(d) || exh_losses_add(losses, err, "the disc type (CD-i, XA)")) &&
           (d->row_count == 0 || exh_losses_add(losses, err, "the rows of the TOC"));
}
