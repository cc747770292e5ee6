/* volumes.h - the file systems that a run of 2048-byte sectors carries, how many sectors they need, and what lies behind them.
 *
 * ISO 9660 with Joliet and the sessions of one image (ECMA-119), High Sierra, UDF (ECMA-167, OSTA UDF), HFS, HFS+ and Apple partition maps. Only
 * what describes a volume as a whole is read: descriptors, the root record, the boot catalog, never a directory tree. Everything read is bounded,
 * so the cost does not grow with the image, but for the zeros behind the volumes.
 * An image that is longer than its volumes is usual (padding, error correction data, run-out), one that is shorter has lost something. */
#ifndef EXH_FORMATS_OPTICAL_VOLUMES_H
#define EXH_FORMATS_OPTICAL_VOLUMES_H

#include "formats/model/inspection.h"
#include "formats/model/source.h"

#define EXH_VOLUME_SECTOR_BYTES 2048u
#define EXH_VOLUMES_MAX 128u                  /* kept in the list; what follows still counts for the size */
#define EXH_VOLUME_BEHIND_BYTES (64ULL << 20) /* so much of what lies behind the volumes is looked at; holes of a sparse file do not count */

enum exh_volume_kind {
    EXH_VOLUME_ISO9660,
    EXH_VOLUME_JOLIET,
    EXH_VOLUME_ISO9660_OTHER, /* a supplementary descriptor that is not Joliet */
    EXH_VOLUME_HIGH_SIERRA,
    EXH_VOLUME_UDF,
    EXH_VOLUME_HFS,
    EXH_VOLUME_HFS_PLUS,
    EXH_VOLUME_APPLE_MAP
};

struct exh_volume {
    enum exh_volume_kind kind;
    int64_t lba; /* of the sector that describes it */
    /* It needs the sectors [0, least) of the source; what it lays claim to may reach to `most` where its numbers can be taken in two ways or its
     * last structures are spare ones. */
    uint64_t least, most;
    char label[132]; /* UTF-8; "" = none */
};

/* What the size of the source says. EXACT: it ends between the volumes' least and most. */
enum exh_volume_verdict { EXH_VOLUMES_NONE, EXH_VOLUMES_TRUNCATED, EXH_VOLUMES_EXACT, EXH_VOLUMES_PADDED, EXH_VOLUMES_APPENDED };

struct exh_volumes {
    struct exh_volume items[EXH_VOLUMES_MAX];
    uint32_t count;
    uint64_t least, most; /* the largest of all volumes */
    uint64_t sectors;     /* of the source, a last one that is not full included */
    enum exh_volume_verdict verdict;
    uint64_t difference;     /* sectors missing, or behind */
    int64_t behind_lba;      /* APPENDED: the first sector behind the volumes that is not zeros */
    bool behind_seen_partly; /* PADDED: only the first EXH_VOLUME_BEHIND_BYTES were looked at, or some could not be read */
};

struct exh_volumes_of {
    struct exh_source *source; /* user data, 2048 bytes a sector */
    int64_t first_lba;         /* of its first sector: 0 for an image, the start of a track on a disc of several */
    uint64_t beyond;           /* sectors that follow the source's on the disc: a volume may reach into the next track's pregap */
    const char *file;          /* the file whose bytes the source is, one for one; NULL: made from sectors, so no offsets are told */
};

/* Fills *out; facts ("volume", "rock_ridge", "el_torito", "isomd5sum", ...) and remarks ("volume-size": truncated FAILS, padded and appended WARN;
 * "volume": what contradicts itself) are added to `in`. Damage never makes it fail, nor does a sector that cannot be read: only memory, a source
 * that is gone, or a full inspection. */
EXH_MUST_CHECK bool exh_volumes_find(const struct exh_volumes_of *of, struct exh_volumes *out, struct exh_inspection *in, struct exh_error *err);
const char *exh_volume_kind_name(enum exh_volume_kind kind);          /* "ISO 9660", "Joliet", ... */
const char *exh_volume_verdict_name(enum exh_volume_verdict verdict); /* "truncated", ... */

#endif
