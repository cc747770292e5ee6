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

bool exh_losses_of_disc(const struct exh_disc *d, struct exh_names *losses, struct exh_error *err)
{
    return d == NULL ||
           ((d->medium[0] == '\0' || exh_losses_add(losses, err, "that the medium is a %s", d->medium)) &&
            (d->mcn[0] == '\0' || exh_losses_add(losses, err, "the MCN")) && (d->cdtext_packs == 0 || exh_losses_add(losses, err, "CD-TEXT")) &&
            (d->index_count == 0 || exh_losses_add(losses, err, "INDEX 02 and higher")) &&
            (d->session_count == 0 || exh_losses_add(losses, err, "where the sessions end")) &&
            (d->row_count == 0 || exh_losses_add(losses, err, "the rows of the TOC")));
}
