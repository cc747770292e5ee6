/* vdi.h - VirtualBox disk images (VDI). No specification is published; the layout is that of VirtualBox's VDICore.h as three readers agree on it. */
#ifndef EXH_FORMATS_DISK_VDI_H
#define EXH_FORMATS_DISK_VDI_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_vdi;

/* The row's own, in vdi_write.c: format.h. */
bool exh_vdi_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
bool exh_vdi_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#endif
