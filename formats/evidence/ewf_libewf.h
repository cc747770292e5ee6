/* ewf_libewf.h - everything that goes through libewf: the second witness.
 *
 * It reads E01, S01 and L01 with libewf's code, none of ours: a second opinion on what an image holds, and on every E01 we write before it is
 * published, because libewf is what most other tools read it with.
 * libewf is not safe for threads: one witness belongs to one thread. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_LIBEWF_H
#define EXH_FORMATS_EVIDENCE_EWF_LIBEWF_H

#include "formats/evidence/ewf_sections.h"
#include "formats/evidence/ewf_tracks.h"
#include "formats/model/medium.h"

/* Opening an image, libewf takes 8 bytes for each chunk (measured), and refuses 2^27 chunks (4 TiB in chunks of 32 KiB), which would pass 1 GiB.
 * Past this, 512 MiB for 2 TiB, a new image is not shown to it. */
#define EXH_EWF_LIBEWF_CHUNKS_MAX (1ULL << 26)

/* What a new E01 was meant to say. */
struct exh_ewf_meant {
    const struct exh_ewf_volume *volume;
    const struct exh_fields *values; /* header values by libewf's identifiers, as stored */
    uint64_t unix_time;
    const uint8_t *md5, *sha1;            /* NULL: none */
    const struct exh_ewf_tracks *tracks;  /* NULL: no list of tracks */
    const struct exh_sectors *unreadable; /* counted from the medium's first sector */
};

/* Opens the segments at `paths` with libewf and compares all that they say with what was meant, but reads no chunk. EXH_LOST when libewf does not
 * open them or finds anything else. Memory: 8 bytes for each chunk. */
EXH_MUST_CHECK bool exh_ewf_libewf_check(const struct exh_names *paths, const struct exh_ewf_meant *meant, struct exh_error *err);

/* All segments of the image, in order. The medium is not concurrent; its format is "ewf-libewf". Sectors whose chunk fails its checksum or
 * is not there are MISSING, those on the image's own list of read errors are BAD. The seal has the stored MD5 and SHA-1, the list, and the
 * header values by the keys of ewf_text.h (ewf_acquired and ewf_system_date as libewf writes them, in the local zone). NULL and err when libewf
 * refuses. */
struct exh_medium *exh_ewf_libewf_open(const struct exh_names *paths, struct exh_error *err);

#endif
