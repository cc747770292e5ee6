/* one_disk.h - what every container of one disk in sectors of 512 bytes asks of a layout: what the rows' `fits` share (format.h). Pure function. */
#ifndef EXH_FORMATS_DISK_ONE_DISK_H
#define EXH_FORMATS_DISK_ONE_DISK_H

#include "formats/model/layout.h"
#include "formats/model/losses.h"

/* EXH_REFUSED unless the layout is one disk of whole sectors of sector_bytes, its own dividing unit_bytes. Another sector size of its own is a loss.
 * `name` as in "a VDI holds"; `sizes` as in "whole sectors of 512 bytes". How large a disk may be is the caller's to ask. */
EXH_MUST_CHECK bool exh_one_disk_fits(const struct exh_layout *layout, const char *name, const char *sizes, uint32_t sector_bytes,
                                      uint32_t unit_bytes, struct exh_losses *losses, struct exh_error *err);

#endif
