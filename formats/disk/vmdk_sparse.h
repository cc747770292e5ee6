/* vmdk_sparse.h - an extent whose grains lie anywhere in its file: its header, its two levels of tables, and the search in them ("Virtual Disk Format
 * 5.0", VMware 2011, "Hosted Sparse Extents", "Stream-Optimized Compressed Sparse Extents"; COWD: "ESX Server Sparse Extents"). Little-endian.
 *
 * A grain directory holds the sectors of the grain tables, a grain table those of the grains; 0 is "not here". A packed grain begins with its place
 * on the disk and its length. A stream that was cut off before its directory is read by the grains that are left. */
#ifndef EXH_FORMATS_DISK_VMDK_SPARSE_H
#define EXH_FORMATS_DISK_VMDK_SPARSE_H

#include "formats/disk/mapped_disk.h"

#define EXH_VMDK_HEADER_BYTES 512u
#define EXH_VMDK_GRAIN_HEADER_BYTES 12u
#define EXH_VMDK_AT_END UINT64_MAX /* the directory's place in the header of a stream: it is in the footer */

/* Of the header ("flags"). */
#define EXH_VMDK_NEWLINES 1u
#define EXH_VMDK_REDUNDANT 2u
#define EXH_VMDK_ZEROED 4u
#define EXH_VMDK_COMPRESSED 0x10000u
#define EXH_VMDK_MARKERS 0x20000u

/* Markers of a stream: sectors, 0, type. */
enum exh_vmdk_marker { EXH_VMDK_END, EXH_VMDK_TABLE, EXH_VMDK_DIRECTORY, EXH_VMDK_FOOTER };

struct exh_vmdk_left { /* a grain that a cut stream still has */
    uint32_t grain, sector;
};

struct exh_vmdk_sparse {
    bool cowd, unclean;
    bool stray_copy;                        /* flag and place of the second directory: one is there without the other */
    bool cut, all_left;                     /* no footer; but the walk came to the directory behind the last grain */
    uint32_t version, flags, table_entries; /* entries of one grain table */
    uint64_t header_at;                     /* of the header that is used: 0, or the footer's */
    uint64_t sectors, grain_bytes, tables;  /* its capacity; how many tables the directory has */
    uint64_t descriptor_at, descriptor_bytes, directory_at, redundant_at, overhead_bytes;
    uint32_t last_bytes;        /* packed: what the disk's last grain unpacks to, which is all of it or as much as the disk needs */
    struct exh_vmdk_left *left; /* of a cut stream, ascending; owned */
    size_t left_count, left_capacity;
};

/* Reads and checks header, or footer, of the extent in `source`. False: nothing is kept. */
EXH_MUST_CHECK bool exh_vmdk_sparse_open(struct exh_vmdk_sparse *out, struct exh_source *source, struct exh_error *err);
void exh_vmdk_sparse_close(struct exh_vmdk_sparse *sparse);
static inline bool exh_vmdk_is_packed(const struct exh_vmdk_sparse *s) { return (s->flags & EXH_VMDK_COMPRESSED) != 0; }
static inline uint64_t exh_vmdk_grains(const struct exh_vmdk_sparse *s) { return (s->sectors * 512 + s->grain_bytes - 1) / s->grain_bytes; }
/* What lies at byte `at` of the extent, which is in file `file` and begins at `begin` of the disk. HOLE where it has nothing; LOST where tables or
 * the grain's header are wrong; false only when reading must end. */
EXH_MUST_CHECK bool exh_vmdk_sparse_find(const struct exh_vmdk_sparse *s, const struct exh_mapped_disk *disk, struct exh_table_pages *pages,
                                         uint32_t file, uint64_t begin, uint64_t at, struct exh_place *out, struct exh_error *err);

/* vmdk_recover.c: walks the markers of a stream that has no footer. */
EXH_MUST_CHECK bool exh_vmdk_recover(struct exh_vmdk_sparse *s, struct exh_source *source, struct exh_error *err);

#endif
