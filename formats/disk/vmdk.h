/* vmdk.h - VMware virtual disks ("Virtual Disk Format 5.0", VMware 2011): a descriptor, and extents that are flat, sparse, zeros or a packed stream.
 */
#ifndef EXH_FORMATS_DISK_VMDK_H
#define EXH_FORMATS_DISK_VMDK_H

#include "formats/disk/vmdk_descriptor.h"
#include "formats/disk/vmdk_sparse.h"

extern const struct exh_format exh_format_vmdk;

struct exh_vmdk_extent {
    enum exh_vmdk_kind kind; /* SPARSE and COWD: `sparse` says the rest */
    uint64_t begin, bytes;   /* on the disk */
    uint32_t file;           /* not of ZERO */
    uint64_t offset;         /* FLAT: where in the file it begins */
    bool as_named;           /* the file has exactly the name that the descriptor says */
    struct exh_vmdk_sparse sparse;
};

struct exh_vmdk {
    struct exh_mapped_disk disk; /* file 0 is what was opened: the descriptor, or the only extent with it inside */
    struct exh_vmdk_descriptor descriptor;
    uint64_t descriptor_at;
    bool embedded, descriptor_full; /* full: it ends within a line, where its place does */
    struct exh_vmdk_extent *extents;
    size_t extent_count;
};

static inline bool exh_vmdk_is_delta(const struct exh_vmdk *v) { return v->descriptor.parent_cid != EXH_VMDK_NO_PARENT; }

/* vmdk_inspect.c */
bool exh_vmdk_inspect(struct exh_mapped_disk *disk, struct exh_inspection *in, struct exh_error *err);

#endif
