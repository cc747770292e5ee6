/* toc_cdtext.h - CD_TEXT of a toc-file as packs, and packs as CD_TEXT. */
#ifndef EXH_FORMATS_OPTICAL_TOC_CDTEXT_H
#define EXH_FORMATS_OPTICAL_TOC_CDTEXT_H

#include "formats/optical/cdtext.h"
#include "formats/optical/stored_disc.h"
#include "formats/optical/toc_parse.h"

/* The texts become packs of the disc. Bytes in braces, which belong to packs that are made anew (SIZE_INFO) or mean nothing here, become facts. */
EXH_MUST_CHECK bool exh_toc_cdtext_take(const struct exh_toc *toc, const char *path, struct exh_stored_disc *disc, struct exh_error *err);

struct exh_toc_kept {
    struct exh_cdtext cdtext; /* what a reader of the toc-file will find; closed by the caller */
    bool same;                /* its packs will be these packs, byte for byte */
    size_t left_out;          /* texts that it will not find */
};
/* What a toc-file keeps of the packs of a layout's disc. */
EXH_MUST_CHECK bool exh_toc_cdtext_kept(const struct exh_layout *layout, struct exh_toc_kept *out, struct exh_error *err);
/* Appends the CD_TEXT block of the disc (0) or of a track; false: no memory. */
EXH_MUST_CHECK bool exh_toc_cdtext_put(char **text, const struct exh_cdtext *cdtext, unsigned track);

#endif
