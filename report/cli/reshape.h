/* reshape.h - what convert writes of an image: the shape that was asked for, and what is lost on the way to the new format, said before it starts. */
#ifndef EXH_REPORT_CLI_RESHAPE_H
#define EXH_REPORT_CLI_RESHAPE_H

#include "formats/model/losses.h"
#include "report/cli/open_source.h"

#define EXH_SHAPE_OPTIONS                                                                                                                            \
    {.name = "--track", .argument = "N", .help = "only this track of a disc, from INDEX 01 on"},                                                     \
        {.name = "--user-data", .help = "2048 bytes of user data a sector of one data track (2352 or 2336 -> 2048)"},                                \
    {                                                                                                                                                \
        .name = "--raw-sectors", .help = "data sectors of 2048 or 2336 bytes as 2352; what is added is generated, and named"                         \
    }

struct exh_reshape {
    struct exh_medium *medium;   /* what to write: the uppermost view, or the medium itself */
    struct exh_medium *views[4]; /* owned, each over the one before */
    size_t view_count;
    unsigned track;             /* --track; 0: all */
    bool part;                  /* not all of the medium */
    struct exh_losses losses;   /* what the new image will not hold; exh_record_keeps (record.h) knows which of it its record does */
    struct exh_names generated; /* what is made up by --raw-sectors */
};

/* The medium of `source` for an image of this format, with --track, --user-data, --raw-sectors and --sector-size applied. With --user-data every
 * sector is looked at. EXH_REFUSED where the format cannot take the shape, with the option that would bend it; EXH_USAGE for options that do not
 * apply. `fields`: the case data that go along. */
EXH_MUST_CHECK bool exh_reshape_open(const struct exh_args *args, const struct exh_opened *source, const struct exh_format *format,
                                     const struct exh_fields *fields, struct exh_reshape *out, struct exh_error *err);
/* Tells every loss on stderr. EXH_REFUSED where something is lost that nothing keeps and --lossy is not given: `strict` is false for an acquisition,
 * which loses nothing that was there before. */
EXH_MUST_CHECK bool exh_reshape_tell(const struct exh_args *args, const struct exh_reshape *shape, const struct exh_format *format, bool strict,
                                     struct exh_error *err);
json_t *exh_reshape_losses(const struct exh_reshape *shape); /* [{"kind","what","count","on_record"}...]: see losses.h */
/* The same as sentences, for the record's plan. */
json_t *exh_reshape_losses_told(const struct exh_reshape *shape);
void exh_reshape_close(struct exh_reshape *shape);

#endif
