/* make_image.h - what acquire and convert share: options to plan, begin and end records around the engine, the answer. */
#ifndef EXH_REPORT_CLI_MAKE_IMAGE_H
#define EXH_REPORT_CLI_MAKE_IMAGE_H

#include "acquire/acquire.h"
#include "report/cli/case_record.h"
#include "report/cli/open_source.h"
#include "report/cli/partial_state.h"

#define EXH_IMAGE_OPTIONS                                                                                                                            \
    {.name = "-o", .argument = "IMAGE", .help = "the image to make; an existing file is never overwritten", .also = "--output"},                     \
        {.name = "--format",                                                                                                                         \
         .argument = "F",                                                                                                                            \
         .help = "by default from the name: .E01, .raw .dd .img, .001 (split raw), .vdi .vhd .vhdx .vmdk .qcow2 .dmg, .iso .cue .ccd .toc"},         \
        {.name = "--hash",                                                                                                                           \
         .argument = "LIST",                                                                                                                         \
         .help = "digests of the medium and of a disc's tracks (default md5,sha256; of a disc crc32,sha1 too)"},                                     \
        {.name = "--compress",                                                                                                                       \
         .argument = "HOW",                                                                                                                          \
         .help = "none, fast (default), best, or a codec by name (dmg: zlib, bzip2, xz; qcow2: zlib, zstd)"},                                        \
        {.name = "--segment", .argument = "SIZE", .help = "split into files of this size (2047M for E01 by default)"},                               \
        {.name = "--sector-size", .argument = "N", .help = "bytes per sector, when the source does not say or to override it"},                      \
        {.name = "--start", .argument = "LBA", .help = "first sector to read"}, {.name = "--count", .argument = "N", .help = "how many sectors"},    \
        {.name = "--chunk", .argument = "SIZE", .help = "size of a digest chunk (default 64M)"},                                                     \
        {.name = "--verify", .argument = "WHAT", .help = "image (default: read back past the cache), image,source or none"},                         \
    {                                                                                                                                                \
        .name = "--threads", .argument = "N", .help = "1 runs the serial twin, which gives the same bytes"                                           \
    }

/* The whole command behind its source; `state` is of an earlier run that is gone on with, or NULL: fields may hold case data already (convert takes
 * the source image's own). Tells everything, gives the exit code. */
enum exh_exit exh_make_image(struct exh_args *args, const char *type, struct exh_opened *source, struct exh_fields *fields,
                             const struct exh_partial_state *state);

#endif
