/* sink.h - a consumer that writes an image.
 *
 * Created in a staging folder (same file system as the destination), fed, sealed. seal comes after every consumer's finish,
 * when all digests are known; it finishes the container, fsyncs each file and the folder, and checks each fsync.
 * Nothing is published here: the engine reads the staged image back past the page cache, then renames.
 * close cannot fail; closing an unsealed sink leaves a partial, never a whole-looking file outside the staging folder. */
#ifndef EXH_FORMATS_MODEL_SINK_H
#define EXH_FORMATS_MODEL_SINK_H

#include "formats/model/consumer.h"
#include "formats/model/names.h"

enum exh_compression { EXH_COMPRESS_NONE, EXH_COMPRESS_FAST, EXH_COMPRESS_BEST };

struct exh_create {
    const char *folder; /* the staging folder, exists */
    const char *name;   /* the image's final file name, e.g. "disk.E01"; segments derive theirs from it */
    const struct exh_layout *declared;
    const struct exh_fields *fields; /* case data and device identity; may be NULL */
    const char *program;             /* "exhibit 0.1.0" */
    const char *platform;            /* "Linux 6.1.0" */
    uint64_t unix_time;              /* when the acquisition began; formats has no clock of its own */
    uint8_t guid[16];                /* random, from the caller; formats has no randomness of its own */
    uint64_t segment_bytes;          /* 0 = one file (or the format's default) */
    enum exh_compression compression;
    const char *codec; /* one of the row's codecs, asked for by name; NULL: what the compression comes to in this format */
    /* Going on with what an earlier run left in the folder (a raw file; the closed segments of an E01): the sink takes over the first
     * `resume_sectors` sectors, which the caller has proven, throws away what lies behind them, and the next block starts there. */
    bool resume;
    uint64_t resume_sectors;
    /* Staging folders on other volumes where segments may lie, in order. New ones go to the last, but for the first, which bears the image's name.
     * NULL: none. */
    const struct exh_names *folders;
    const uint8_t *fill; /* pattern for sectors that could not be read, repeated from each sector's first byte; NULL: zeros */
    size_t fill_length;
    bool removable, optical; /* what the source is, where a container can say so */
    bool physical;           /* a whole device, not a partition or file */
};

enum exh_sink_can {
    EXH_SINK_NEEDS_SIZE = 1,   /* the number of sectors must be known at create */
    EXH_SINK_ANY_ORDER = 2,    /* blocks may come in any order (raw only) */
    EXH_SINK_KEEPS_STATES = 4, /* holds the list of unreadable sectors */
    EXH_SINK_KEEPS_TRACKS = 8,
    EXH_SINK_KEEPS_SUBCHANNEL = 16,
    EXH_SINK_KEEPS_FIELDS = 32,
    EXH_SINK_WHOLE_SECTORS = 128 /* stores and hashes whole sectors: the "padded" scope is its own */
};

struct exh_sink;

struct exh_sink_ops {
    /* Makes durable (fsync, checked) what has been taken, as far as a later run could go on from it. *kept: how many sectors from the first on are
     * safe; raw keeps all it took, wherever that lies, and answers EXH_SECTORS_UNKNOWN; an E01 keeps its closed segments. NULL: nothing is kept. */
    bool (*save)(struct exh_sink *, uint64_t *kept, struct exh_error *);
    bool (*seal)(struct exh_sink *, const struct exh_layout *final, const struct exh_seal *, struct exh_error *);
    void (*close)(struct exh_sink *);
};

struct exh_sink {
    struct exh_consumer consumer; /* first: a sink is a consumer */
    const struct exh_sink_ops *ops;
    /* Names inside the folder in their order, complete after seal; of a file in one of create->folders its path, with a '/' ("DIR/disk.E07", DIR as
     * given there). The core frees them. */
    struct exh_names files;
    const char *unwitnessed; /* after seal: why no second reader has looked at the result; NULL: one has, or none is meant to */
    uint32_t unit_sectors;   /* blocks must start at a multiple of this and, but for the last, be a multiple long */
    unsigned can;
};

EXH_MUST_CHECK bool exh_sink_save(struct exh_sink *, uint64_t *kept, struct exh_error *);
EXH_MUST_CHECK bool exh_sink_seal(struct exh_sink *, const struct exh_layout *final, const struct exh_seal *, struct exh_error *);
void exh_sink_close(struct exh_sink *); /* NULL-safe */

#endif
