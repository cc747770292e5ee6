/* format.h - the row a format adds, and the table of all rows.
 *
 * Help, fuzz targets and the conformance tests derive from the rows. A new format is one .c, one row, one CMake line, its samples.
 * probe looks at a few bytes only (exh_peek) and answers 0 (not mine) to 100 (certain); a tie between the best is refused with the list.
 * open takes the source over: on success the medium owns it, on failure it stays the caller's to close. */
#ifndef EXH_FORMATS_MODEL_FORMAT_H
#define EXH_FORMATS_MODEL_FORMAT_H

#include "formats/model/lineage.h"
#include "formats/model/losses.h"
#include "formats/model/medium.h"
#include "formats/model/sink.h"
#include "formats/model/source.h"

#define EXH_PEEK_BYTES 4096u
#define EXH_PEEK_VOLUME_OFFSET 32768u

struct exh_peek {
    const uint8_t *head, *tail; /* the first and the last bytes of the source */
    size_t head_length, tail_length;
    uint64_t size;
    const char *name;      /* file name without folder; may be empty */
    const uint8_t *volume; /* the bytes from 32768 on (sector 16 of a disc), where its file systems begin; empty in a shorter source */
    size_t volume_length;
};

struct exh_siblings;   /* formats/container/siblings.h */
struct exh_file_marks; /* formats/container/file_marks.h */

/* Where a passphrase comes from when an image needs one. */
struct exh_secret {
    /* Up to `room` bytes, not terminated. False: there is none to be had (EXH_SECRET), or it cannot be read. */
    bool (*get)(void *context, char *out, size_t room, size_t *length, struct exh_error *err);
    void *context;
};

struct exh_open {
    struct exh_siblings *siblings;   /* opens the other files of a set; NULL: there are none to be had */
    const char *path;                /* as the user gave it; may be NULL (memory) */
    uint32_t sector_bytes;           /* asked for by the user; 0 = the format's own, or 512 */
    bool past_cache;                 /* read past the page cache where the file system can */
    const struct exh_names *parents; /* images that the user names as parents, the nearest first; NULL: only the image's own folder is searched */
    unsigned depth;                  /* how many images this one was opened for as their parent */
    const char *snapshot;            /* which one of the image's snapshots; NULL: its current state */
    struct exh_lineage *lineage;     /* gets every parent that is opened, and the snapshot; NULL: nobody asks */
    const struct exh_secret *secret; /* NULL: no passphrase can be had */
    const struct exh_names *folders; /* where segments may lie beside the image's own folder, in order; NULL: nowhere else */
    struct exh_file_marks *marks;    /* gets what every file of the image and of its parents was at open; NULL: nobody will ask */
};

struct exh_format {
    const char *name, *title;
    const char *const *extensions; /* lower case with the dot, NULL-terminated; the first is the default for writing */
    int (*probe)(const struct exh_peek *);
    struct exh_medium *(*open)(struct exh_source *, const struct exh_open *, struct exh_error *);
    /* Instead of open, where the format only wraps another image (encryption): the bytes inside, which are probed again. Takes the source over like
     * open. *how: in words, for people, on the heap (or NULL). NULL: the format wraps nothing. */
    struct exh_source *(*unwrap)(struct exh_source *, const struct exh_open *, char **how, struct exh_error *);
    bool (*create)(const struct exh_create *, struct exh_sink **out, struct exh_error *); /* NULL: cannot be written */
    unsigned can;                                                                         /* exh_sink_can of its sink */
    const char *const *codecs; /* what it can pack with, by name (--compress NAME), NULL-terminated; NULL: none, fast and best are all it knows */
    /* What an image of this layout would lose in this format is added to `losses`; false (EXH_REFUSED) when it cannot be written at all. NULL: the
     * flags say it all. */
    bool (*fits)(const struct exh_layout *, struct exh_losses *losses, struct exh_error *);
    /* What an unfinished image in a staging folder has kept: *out reads its first *kept sectors (the layout is the declared one, what lies behind is
     * MISSING); nothing kept: *out NULL, *kept 0, true. EXH_CORRUPT when what is there is not a beginning. NULL: nothing is ever kept. */
    bool (*open_kept)(const char *path, const struct exh_open *, struct exh_medium **out, uint64_t *kept, struct exh_error *err);
};

/* All rows; NULL-terminated. */
extern const struct exh_format *const exh_formats[];
const struct exh_format *exh_format_named(const char *name); /* or NULL */
/* The format a file name asks for when writing, or NULL. */
const struct exh_format *exh_format_for_name(const char *file_name);

/* Opens the parent of the image that `options` opened: the one the user named for this depth, otherwise the file of the image's own folder that
 * `reference` (NULL: the image names none) comes down to; as `format`, or (NULL) as what it looks like. EXH_NOT_FOUND says what is missing, EXH_LIMIT
 * that the chain is too long. Whether it is the right one is the caller's to check. */
EXH_MUST_CHECK bool exh_parent_open(const struct exh_open *options, const char *reference, const struct exh_format *format, struct exh_medium **out,
                                    struct exh_error *err);

/* Is this a folder that is one image: has it Info.plist or Info.bckup, like a sparsebundle? */
bool exh_image_is_folder(const char *path);

/* Opens an image by path, probing the table (raw is the answer when nothing else claims it and allow_raw is set).
 * `format` NULL: probe. Finds segments and split parts through siblings. A folder that is an image is opened by its Info.plist. */
EXH_MUST_CHECK bool exh_image_open(const char *path, const struct exh_format *format, const struct exh_open *options, struct exh_medium **out,
                                   struct exh_error *err);

#endif
