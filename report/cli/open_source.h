/* open_source.h - opens what an operand names: a block device, an NBD export, a file as plain bytes, standard input, or an image. */
#ifndef EXH_REPORT_CLI_OPEN_SOURCE_H
#define EXH_REPORT_CLI_OPEN_SOURCE_H

#include <jansson.h>
#include <sys/stat.h>

#include "acquire/device.h"
#include "formats/model/format.h"
#include "report/cli/command.h"

struct exh_opened {
    enum exh_source_kind kind;
    const char *path;              /* as given */
    struct exh_medium *medium;     /* what to read: the view when a range was asked for */
    struct exh_medium *whole;      /* beneath the view, or the same */
    struct exh_device_facts facts; /* of a device */
    struct exh_fields identity;    /* vendor, model, serial, ... of a device or export */
    struct stat at_open;           /* of a file */
    bool range;
};

/* --sector-size, --start and --count apply. `as_image` opens files through the format table, otherwise as the plain bytes they are. `past_cache`
 * reads a device always past the page cache, an image where the file system can. A device is read by a process of its own: before any thread is
 * started. */
EXH_MUST_CHECK bool exh_source_open(const struct exh_args *args, const char *path, bool as_image, bool past_cache, struct exh_opened *out,
                                    struct exh_error *err);
/* Is it still the device or file that was opened? A callback for exh_plan: context is the exh_opened. */
bool exh_source_recheck(void *opened, struct exh_error *err);
json_t *exh_source_json(const struct exh_opened *opened); /* SOURCE of record.h */
void exh_source_done(struct exh_opened *opened);

/* --sector-size: 0 when absent. */
EXH_MUST_CHECK bool exh_sector_size_of(const struct exh_args *args, uint32_t *out, struct exh_error *err);
/* --hash: a new array of names that point into *text; when it is absent (NULL), what is usual for such a medium: md5,sha256, of a disc also
 * crc32,sha1, which lists of discs are made of. */
EXH_MUST_CHECK bool exh_hash_list(const char *list, enum exh_layout_kind kind, char **text, const char ***names, size_t *count,
                                  struct exh_error *err);

#endif
