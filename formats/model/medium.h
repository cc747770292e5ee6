/* medium.h - the tiny verb at the centre: read sectors, with their states.
 *
 * A drive, a disk, an E01, a CUE/BIN are all a medium; acquire, verify, convert and mount are loops over it.
 * Reading cannot fail for a bad sector (that is a state); it fails when going on makes no sense (device gone, memory out). */
#ifndef EXH_FORMATS_MODEL_MEDIUM_H
#define EXH_FORMATS_MODEL_MEDIUM_H

#include "formats/model/block.h"
#include "formats/model/inspection.h"
#include "formats/model/layout.h"
#include "formats/model/names.h"
#include "formats/model/seal.h"

/* ONCE: one attempt; the good prefix is GOOD, the rest UNREAD. THOROUGH: down to single sectors; what still fails is BAD. */
enum exh_effort { EXH_ONCE, EXH_THOROUGH };

struct exh_want {
    const struct exh_track *track; /* of medium->layout */
    int64_t lba;
    uint32_t count;
    enum exh_effort effort;
    bool with_sub;
    uint8_t pass; /* which pass of the route asks (acquire/passes.h); 0 where there are none. The block carries it on. */
};

/* One failed attempt. sense is {key, ASC, ASCQ} (SPC), zeros when the kernel gave none. sys 0: it was read, and fails its own checksum.
 * file counts medium->files from 1 and at is the offset in it, where the stored data lies; file 0: no such place. */
struct exh_fault {
    int64_t lba;
    uint32_t count;
    int sys;
    uint32_t file;
    uint64_t at;
    uint8_t sense[3];
    uint32_t milliseconds, attempt;
};

struct exh_faults {
    struct exh_fault *items;
    size_t count, capacity;
};

EXH_MUST_CHECK bool exh_faults_add(struct exh_faults *faults, const struct exh_fault *fault, struct exh_error *err);
void exh_faults_close(struct exh_faults *faults);

/* What one reading (or working) thread needs for itself: buffers, a decompressor. Embedded first in the owner's own struct. */
struct exh_scratch {
    void (*close)(struct exh_scratch *);
};
void exh_scratch_close(struct exh_scratch *scratch); /* NULL-safe */

struct exh_medium;

struct exh_medium_ops {
    /* Fills out->main and out->state (or sets out->kind) for want->count sectors. The core has checked the want and set
     * track, lba, count; state is zeroed, kind is DATA. False: reading cannot go on.
     * A failing medium adds to faults. Standard input may lower out->count (0 = end). */
    bool (*read)(struct exh_medium *, struct exh_scratch *, const struct exh_want *, struct exh_block *out, struct exh_faults *, struct exh_error *);
    bool (*inspect)(struct exh_medium *, struct exh_inspection *, struct exh_error *); /* may be NULL: no container */
    struct exh_scratch *(*scratch_new)(struct exh_medium *);                           /* may be NULL; returns NULL when memory is out */
    void (*close)(struct exh_medium *);
    /* Memory that read() fills without a copy, 4096-aligned; NULL: none left. Given back by room_release before the medium is closed. Both or
     * neither; one thread at a time, not beside a read. */
    void *(*room)(struct exh_medium *, size_t bytes);
    void (*room_release)(struct exh_medium *, void *room);
    bool (*past_cache)(struct exh_medium *); /* exh_medium_past_cache; may be NULL: the medium knows no such difference */
    uint64_t (*hole)(struct exh_medium *, struct exh_scratch *, const struct exh_track *, int64_t lba,
                     uint64_t most); /* exh_medium_hole; may be NULL */
};

struct exh_losses; /* losses.h */

struct exh_medium {
    const struct exh_medium_ops *ops;
    const char *format;              /* the row's name, "device", "stdin" */
    const struct exh_layout *layout; /* all three live as long as the medium */
    const struct exh_seal *seal;     /* NULL: says nothing of itself */
    const struct exh_names *files;   /* paths of the container's files in order; NULL for a device */
    const struct exh_losses *losses; /* what stands in the image and is in neither layout nor sectors, and so in no copy; NULL: nothing */
    bool concurrent;                 /* read may be called from several threads at once, each with its scratch */
    bool checksummed;                /* every stored byte lies under a checksum that read() holds it to */
    bool verbatim;                   /* the files, joined, are the media stream and nothing else */
    bool endless;                    /* the size is not known (standard input): read until count comes back 0 */
    bool failing;                    /* a device: honours EXH_ONCE, and is read in passes when it fails (acquire/passes.h) */
    char *wrapping;                  /* in what the image lay ("encrcdsa version 2, ..."), a fact of its inspection; owned. NULL: in nothing */
    const char *caveat;              /* what whoever reads it must be told of its sectors, whatever they look like; static. NULL: nothing */
    uint32_t unit_sectors;           /* reads aligned to this decode each stored chunk once; at least 1 */
};

/* Checks the want against the layout, reads, zeroes what is below SUSPECT and what lies behind a short tail, counts out->bad. The block's buffers
 * must have room. */
EXH_MUST_CHECK bool exh_medium_read(struct exh_medium *, struct exh_scratch *, const struct exh_want *, struct exh_block *out, struct exh_faults *,
                                    struct exh_error *);
/* False only when memory is out; *out may be NULL when the medium needs none. */
EXH_MUST_CHECK bool exh_medium_scratch(struct exh_medium *, struct exh_scratch **out, struct exh_error *);
/* How many of the `most` sectors from `lba` on, which lie inside the track, the container holds nothing of: a read gives them as ZERO or UNALLOCATED,
 * all GOOD. It looks at tables alone; where they are broken, or it does not know, it answers less, down to 0. A scratch as for a read. */
uint64_t exh_medium_hole(struct exh_medium *, struct exh_scratch *, const struct exh_track *, int64_t lba, uint64_t most);
EXH_MUST_CHECK bool exh_medium_inspect(struct exh_medium *, struct exh_inspection *, struct exh_error *);
/* From now on reads come from the device itself, so that they tell what it says now. False: it is no device, and nothing changed. */
bool exh_medium_past_cache(struct exh_medium *);
void exh_medium_close(struct exh_medium *); /* NULL-safe */

#endif
