/* plan.h - what an acquisition or conversion is going to do, decided before the first read. Borrowed pointers. */
#ifndef EXH_ACQUIRE_PLAN_H
#define EXH_ACQUIRE_PLAN_H

#include "acquire/passes.h"
#include "formats/model/format.h"
#include "formats/model/view.h"
#include "verify/watch.h"

struct exh_plan {
    struct exh_medium *medium; /* the source, open */
    const char *image;         /* final path */
    const struct exh_format *format;
    enum exh_compression compression;
    const char *codec;             /* one of the format's codecs; NULL: as compression says */
    uint64_t segment_bytes;        /* 0: the format's default */
    uint64_t chunk_bytes;          /* of chunk digests */
    const char *const *algorithms; /* of the media stream */
    size_t algorithm_count;
    const struct exh_fields *fields; /* case data and identity */
    const char *program, *platform;
    uint64_t unix_time;
    uint8_t guid[16];
    bool removable, optical, physical;
    bool range;            /* the medium is a view of a part: `of` says so */
    bool hidden_unchecked; /* a disk whose hidden areas nobody looked for: `of` is "visible" */
    bool verify_image, verify_source;
    bool (*recheck)(void *context, struct exh_error *err); /* is the source still the same? NULL: cannot be told (standard input) */
    void *recheck_context;
    void (*final_layout)(const struct exh_medium *medium, struct exh_layout *out); /* of an endless medium, once it ended; otherwise NULL */
    const struct exh_watch *watch;
    unsigned threads;

    /* Media that fail, and runs that are cut. */
    bool one_pass; /* read a failing medium thoroughly in one ascending pass: for drives in good health */
    struct exh_pass_policy policy;
    const uint8_t *fill; /* pattern put where nothing could be read; NULL: zeros */
    size_t fill_length;
    const char *state; /* text kept in the staging folder, with which the caller can make this plan again; NULL: nothing is kept for a later run */
    bool resume;       /* go on with what is in the staging folder */
    unsigned save_seconds;               /* how often what was done is made durable; 0: only at the end of a phase */
    uint64_t origin_bytes;               /* where the medium's first sector lies on its device (--start): for the map */
    const struct exh_names *continue_in; /* folders where further segments go, the last one the new; NULL: none */
    const char *map_path;                /* a ddrescue map of this medium to begin with; NULL: none */
    struct exh_medium *rescued;          /* holds what that map calls finished; NULL: it is read again */
};

#endif
