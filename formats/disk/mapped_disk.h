/* mapped_disk.h - a disk whose blocks lie anywhere in its files: what the readers of vdi, vhd, vhdx, vmdk, qcow2, dmg and sparse images build and
 * hand out as their medium.
 *
 * A reader answers one question: what lies at this place of the disk, and for how far is it alike? Reading, unpacking, parents, holes, faults and
 * states are here, once. A place that the tables point outside the files, or whose packed data do not unpack, is MISSING and leaves a fault with file
 * and offset: the rest of the disk is read. Concurrent: find changes nothing in the disk. */
#ifndef EXH_FORMATS_DISK_MAPPED_DISK_H
#define EXH_FORMATS_DISK_MAPPED_DISK_H

#include "formats/container/crypt.h"
#include "formats/container/unpack.h"
#include "formats/model/format.h"

#define EXH_MAPPED_FILES_MAX 1024u     /* extents of one VMDK, bands are opened lazily */
#define EXH_UNIT_BYTES_MAX (64u << 20) /* of one packed unit, unpacked: DMG chunks are 1 MiB, old ones less */

enum exh_place_kind {
    EXH_PLACE_DATA,      /* as it is, at `offset` of `file` */
    EXH_PLACE_ENCRYPTED, /* the same under the disk's cipher, from its sector `sector` on; begins with a whole one */
    EXH_PLACE_ZERO,      /* stored as "zeros" */
    EXH_PLACE_HOLE,      /* not stored at all: reads as zeros */
    EXH_PLACE_PARENT,    /* the parent's bytes; zeros behind its end */
    EXH_PLACE_PACKED,    /* part of a unit that is unpacked as a whole */
    EXH_PLACE_LOST       /* the tables are wrong here */
};

struct exh_place {
    enum exh_place_kind kind;
    uint64_t bytes;   /* alike for so many bytes from the place asked for on; at least 1, may pass what was asked */
    uint32_t file;    /* DATA, ENCRYPTED, PACKED, LOST */
    uint64_t offset;  /* DATA, ENCRYPTED: of the first byte; PACKED: of the packed bytes; LOST: of the table entry */
    uint64_t unit_at; /* PACKED: where on the disk the unit begins */
    uint32_t unit_bytes, packed_bytes;
    enum exh_codec codec; /* PACKED */
    uint64_t sector;      /* ENCRYPTED */
};

struct exh_mapped_disk;

/* Pages of a file's tables, for one thread: the reader's find looks entries up through it, so that no table need be in memory whole. */
struct exh_table_pages;
/* `bytes` (at most 64) at `offset` of a file, out of a cached page. False: EXH_CORRUPT when it lies outside the file, or as the source says. */
EXH_MUST_CHECK bool exh_table_get(struct exh_table_pages *pages, const struct exh_mapped_disk *disk, uint32_t file, uint64_t offset, void *out,
                                  size_t bytes, struct exh_error *err);

/* The same of what lies ahead of the place that was asked for, to see how far it is alike: *got is false where that cannot be had, which is told when
 * it is its turn. False: reading ends. */
EXH_MUST_CHECK bool exh_table_ahead(struct exh_table_pages *pages, const struct exh_mapped_disk *disk, uint32_t file, uint64_t offset, void *out,
                                    size_t bytes, bool *got, struct exh_error *err);

struct exh_mapped_ops {
    /* `at` lies inside the disk. A place reaches no further than it is alike in every respect; where that costs much it may answer shorter.
     * False with EXH_CORRUPT or EXH_IO: as if LOST, for the rest of the reader's block (unit_sectors); other codes end the reading. */
    bool (*find)(const struct exh_mapped_disk *, struct exh_table_pages *, uint64_t at, struct exh_place *out, struct exh_error *);
    bool (*inspect)(struct exh_mapped_disk *, struct exh_inspection *, struct exh_error *);
    void (*close)(struct exh_mapped_disk *); /* what the reader holds beside this; NULL: nothing. Not the struct itself: the core frees it */
};

/* First in the reader's own struct, which is allocated with calloc. */
struct exh_mapped_disk {
    struct exh_medium medium;
    const struct exh_mapped_ops *ops;
    struct exh_layout layout;
    struct exh_seal seal; /* what the image says of itself; used when has_seal */
    bool has_seal;
    struct exh_names files;
    struct exh_source **sources; /* owned */
    size_t source_count, source_capacity;
    struct exh_medium *parent; /* owned; NULL: none, and PARENT places read as zeros */
    uint32_t packed_bytes_max; /* the longest a unit can be, packed and unpacked; 0: nothing is packed */
    uint32_t unit_bytes_max;
    struct exh_sector_cipher *cipher; /* owned; NULL: nothing is ENCRYPTED. With it, sectors must be whole ones of the cipher */
    const char *caveat;               /* medium.h; without one of its own, the parent's */
};

/* Takes the source over when it succeeds; `path` is copied. */
EXH_MUST_CHECK bool exh_mapped_disk_file(struct exh_mapped_disk *disk, struct exh_source *source, const char *path, uint32_t *index,
                                         struct exh_error *err);
/* With layout, files and ops set: checks the layout (and the parent's sector size) and fills in the medium. `format` is static. unit_sectors as in
 * medium.h. False: the disk stays the caller's to close. */
EXH_MUST_CHECK bool exh_mapped_disk_ready(struct exh_mapped_disk *disk, const char *format, uint32_t unit_sectors, struct exh_error *err);
void exh_mapped_disk_close(struct exh_mapped_disk *disk); /* NULL-safe; frees it */
/* The same when opening failed: `source`, which open() was given (format.h), stays open for its caller. */
void exh_mapped_disk_abandon(struct exh_mapped_disk *disk, const struct exh_source *source);

#endif
