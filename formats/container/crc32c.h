/* crc32c.h - CRC-32C (Castagnoli: RFC 3720, 12.1), which VHDX and others store. A pure function. */
#ifndef EXH_FORMATS_CONTAINER_CRC32C_H
#define EXH_FORMATS_CONTAINER_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Start with 0; what a part gives is `before` of the next. */
uint32_t exh_crc32c(uint32_t before, const void *data, size_t length);

#endif
