/* vmdk_write.h - what the two kinds of VMDK that are written share: the descriptor ("Virtual Disk Format 5.0", VMware 2011). */
#ifndef EXH_FORMATS_DISK_VMDK_WRITE_H
#define EXH_FORMATS_DISK_VMDK_WRITE_H

#include "formats/model/format.h"

/* The row's own: format.h. A stream-optimized image, which is what virtual machines are handed on as; flat when nothing is to be compressed. */
bool exh_vmdk_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
bool exh_vmdk_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

/* What the descriptor says: of what kind, and its extent's access, type, name and what follows it. */
struct exh_vmdk_said {
    const char *create_type, *access, *type, *name, *behind;
    uint64_t disk_bytes;
    const uint8_t *guid; /* 16 bytes, which the content identifier comes from */
};
/* On the heap; NULL: no memory. */
char *exh_vmdk_text(const struct exh_vmdk_said *said);

/* vmdk_stream.c, vmdk_flat.c. `create` has been found to fit. */
bool exh_vmdk_stream_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);
bool exh_vmdk_flat_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#endif
