/* vmdk_descriptor.h - the text that says what a VMDK is made of ("Virtual Disk Format 5.0", VMware 2011, "The Descriptor File").
 *
 * Either a file of its own or a part of its only extent. Read line by line; an error names the line and the offset at which it begins. */
#ifndef EXH_FORMATS_DISK_VMDK_DESCRIPTOR_H
#define EXH_FORMATS_DISK_VMDK_DESCRIPTOR_H

#include <stddef.h>

#include "formats/model/error.h"

#define EXH_VMDK_DESCRIPTOR_MAX (1u << 20) /* bytes; VMware's own have less than 2 KiB and a line for each extent */
#define EXH_VMDK_NO_PARENT 0xFFFFFFFFu
#define EXH_VMDK_EXTENTS_MAX 4096u /* of 2 GB each, more than any disk that VMware lets be; files are bounded by mapped_disk.h */

enum exh_vmdk_kind { EXH_VMDK_FLAT, EXH_VMDK_ZERO, EXH_VMDK_SPARSE, EXH_VMDK_COWD };

struct exh_vmdk_line {
    enum exh_vmdk_kind kind;
    uint64_t sectors, offset; /* of 512 bytes; where in a FLAT file it begins */
    char *name;               /* owned; NULL for ZERO */
    uint64_t at;              /* offset of the line in the descriptor */
    unsigned number;          /* from 1 */
};

struct exh_vmdk_descriptor {
    uint32_t cid, parent_cid;                                                                                   /* EXH_VMDK_NO_PARENT: none */
    char create_type[40], encoding[40], adapter[40], hardware[40], cylinders[24], heads[24], track_sectors[24]; /* as written; "" = not said */
    char *parent_hint;                                                                                          /* owned; NULL: none */
    struct exh_vmdk_line *lines;
    size_t count, capacity;
};

/* Does it begin like one? */
bool exh_vmdk_is_descriptor(const uint8_t *text, size_t length);
/* `text` ends at its first NUL, or after `length` bytes. The sum of all extents is more than nothing and within EXH_MEDIA_BYTES_MAX. */
EXH_MUST_CHECK bool exh_vmdk_descriptor_parse(const uint8_t *text, size_t length, struct exh_vmdk_descriptor *out, struct exh_error *err);
void exh_vmdk_descriptor_close(struct exh_vmdk_descriptor *descriptor);

#endif
