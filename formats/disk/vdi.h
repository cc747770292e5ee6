/* vdi.h - VirtualBox disk images (VDI). No specification is published; the layout is that of VirtualBox's VDICore.h as three readers agree on it. */
#ifndef EXH_FORMATS_DISK_VDI_H
#define EXH_FORMATS_DISK_VDI_H

#include "formats/model/format.h"

extern const struct exh_format exh_format_vdi;

#endif
