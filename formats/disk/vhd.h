/* vhd.h - Virtual Hard Disk images, also called VPC ("Virtual Hard Disk Image Format Specification", Microsoft, version 1.0, 2006). Big-endian. */
#ifndef EXH_FORMATS_DISK_VHD_H
#define EXH_FORMATS_DISK_VHD_H

#include "formats/model/format.h"

#define EXH_VHD_FOOTER_BYTES 512u
#define EXH_VHD_HEADER_BYTES 1024u
#define EXH_VHD_FREE 0xFFFFFFFFu

extern const struct exh_format exh_format_vhd;

/* Ones' complement of the sum of all bytes, the four at `field` taken as zeros ("Hard Disk Footer Format", checksum). */
uint32_t exh_vhd_checksum(const uint8_t *bytes, size_t length, size_t field);

/* The row's own, in vhd_write.c: format.h. */
bool exh_vhd_fits(const struct exh_layout *layout, struct exh_losses *losses, struct exh_error *err);
bool exh_vhd_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err);

#endif
