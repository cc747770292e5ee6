/* open_source.h - opens what an operand names: a block device, an NBD export, a file as plain bytes, standard input, or an image. */
#ifndef EXH_REPORT_CLI_OPEN_SOURCE_H
#define EXH_REPORT_CLI_OPEN_SOURCE_H

#include <jansson.h>

#include "acquire/device.h"
#include "formats/container/file_marks.h"
#include "formats/model/format.h"
#include "report/cli/command.h"
#include "verify/verdict.h"

/* Of a command that opens images: what one of them is built on, and which of its states is meant. */
#define EXH_LINEAGE_OPTIONS                                                                                                                          \
    {.name = "--parent",                                                                                                                             \
     .argument = "FILE",                                                                                                                             \
     .help = "the image that IMAGE holds only the difference to; then the parent's own, and so on",                                                  \
     .repeats = true},                                                                                                                               \
    {                                                                                                                                                \
        .name = "--snapshot", .argument = "NAME", .help = "this snapshot of IMAGE instead of its current state (info lists them)"                    \
    }

struct exh_opened {
    enum exh_source_kind kind;
    const char *path;              /* as given */
    struct exh_medium *medium;     /* what to read: the view when a range was asked for */
    struct exh_medium *whole;      /* beneath the view, or the same */
    struct exh_device_facts facts; /* of a device */
    struct exh_fields identity;    /* vendor, model, serial, ... of a device or export */
    struct exh_file_marks marks;   /* of a file or image: what each file was when it was opened, its parents' too */
    const struct exh_watch *watch; /* is told of files whose status alone changed */
    struct exh_lineage lineage;    /* of an image: what it was opened with */
    const char *snapshot;          /* of an image: which one was asked for; NULL: its current state */
    bool range, as_image;          /* as_image: a file was opened by what its bytes mean */
};

/* --sector-size, --start and --count apply. `as_image` opens files through the format table, otherwise as the plain bytes they are. `past_cache`
 * reads a device always past the page cache, an image where the file system can. A device is read by a process of its own: before any thread is
 * started. */
EXH_MUST_CHECK bool exh_source_open(const struct exh_args *args, const char *path, bool as_image, bool past_cache, struct exh_opened *out,
                                    struct exh_error *err);
/* Opens an image or device that another one is held against: --parent and --snapshot are not meant for it. */
EXH_MUST_CHECK bool exh_reference_open(const struct exh_args *args, const char *path, bool past_cache, struct exh_opened *out, struct exh_error *err);
/* Is it still the device, are they still the files that were opened? False: EXH_GONE, naming what changed. Of files whose ctime alone changed the
 * watch is warned. A callback for exh_plan: context is the exh_opened. */
EXH_MUST_CHECK bool exh_source_recheck(void *opened, struct exh_error *err);
/* The same, of files as findings: check "source"; outcome "changed" for one whose bytes cannot be relied on (*changed is set then, and kept
 * otherwise), "warning" for one whose ctime alone changed. False: it is a device or export and not what it was (EXH_GONE), or memory is out. */
EXH_MUST_CHECK bool exh_source_findings(struct exh_opened *opened, struct exh_findings *findings, bool *changed, struct exh_error *err);
json_t *exh_source_json(const struct exh_opened *opened); /* SOURCE of record.h */
/* Adds LINEAGE of record.h, where there is any, to the JSON of what was done with it. False: no memory. */
bool exh_lineage_json(const struct exh_opened *opened, json_t *json);
void exh_source_done(struct exh_opened *opened);

/* --sector-size: 0 when absent. */
EXH_MUST_CHECK bool exh_sector_size_of(const struct exh_args *args, uint32_t *out, struct exh_error *err);
/* --hash: a new array of names that point into *text; when it is absent (NULL), what is usual for such a medium: md5,sha256, of a disc also
 * crc32,sha1, which lists of discs are made of. */
EXH_MUST_CHECK bool exh_hash_list(const char *list, enum exh_layout_kind kind, char **text, const char ***names, size_t *count,
                                  struct exh_error *err);

#endif
