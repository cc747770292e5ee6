/* dmg_trailer.h - the `koly` structure of a UDIF image, 512 bytes, big-endian: at the end of the file, a little before it, or (old images) at its
 * beginning. Internal to the dmg files. */
#ifndef EXH_FORMATS_DISK_DMG_TRAILER_H
#define EXH_FORMATS_DISK_DMG_TRAILER_H

#include "formats/model/format.h"

#define EXH_KOLY_BYTES 512u
#define EXH_DMG_SUM_CRC32 2u

struct exh_dmg_sum {
    uint32_t type, bits; /* type 0: none */
    uint8_t value[128];
};

struct exh_dmg_trailer {
    uint64_t at; /* of the structure in its file */
    uint64_t running_offset, data_offset, data_bytes, fork_offset, fork_bytes, xml_offset, xml_bytes, sign_offset, sign_bytes, sectors;
    uint32_t flags, segment, segments, variant;
    uint8_t set[16];
    struct exh_dmg_sum data_sum, master;
};

/* Certain (95, 90) that there is one, or 0. */
int exh_dmg_trailer_probe(const struct exh_peek *peek);
/* EXH_NOT_THIS_FORMAT: there is none. EXH_CORRUPT: the data fork passes the file's end, a checksum is longer than its room. */
EXH_MUST_CHECK bool exh_dmg_trailer_read(struct exh_source *source, struct exh_dmg_trailer *out, struct exh_error *err);
bool exh_dmg_sum_is_crc32(const struct exh_dmg_sum *sum);

#endif
