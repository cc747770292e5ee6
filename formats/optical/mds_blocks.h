/* mds_blocks.h - the blocks of an Alcohol descriptor (.mds, version 1) as values: header, sessions, tracks, names of the data files.
 *
 * Little endian. No public specification exists; as libMirage, Aaru and the notes of PlayStation emulators take it. Every offset and count is held
 * against the descriptor's own size here, once; what the values mean is mds.c's. */
#ifndef EXH_FORMATS_OPTICAL_MDS_BLOCKS_H
#define EXH_FORMATS_OPTICAL_MDS_BLOCKS_H

#include "formats/model/disc.h"

#define EXH_MDS_BYTES_MAX (16u << 20) /* all but the timing data fit into a few KiB */
#define EXH_MDS_MARK "MEDIA DESCRIPTOR"
#define EXH_MDS_HEADER_BYTES 88u
#define EXH_MDS_FILES_MAX 100u /* parts of one split data file */

/* Where the fields lie in their blocks, for messages and remarks. */
enum exh_mds_field {
    EXH_MDS_VERSION = 16,
    EXH_MDS_MEDIUM = 18,
    EXH_MDS_SESSIONS = 20,
    EXH_MDS_BCA = 36,
    EXH_MDS_STRUCTURES = 64,
    EXH_MDS_DPM = 84,
    EXH_MDS_SESSION_END = 4,
    EXH_MDS_SESSION_FIRST = 12,
    EXH_MDS_BLOCK_MODE = 0,
    EXH_MDS_BLOCK_SUB = 1,
    EXH_MDS_BLOCK_EXTRA = 12,
    EXH_MDS_BLOCK_SECTOR = 16,
    EXH_MDS_BLOCK_START = 36,
    EXH_MDS_BLOCK_OFFSET = 40,
    EXH_MDS_BLOCK_FILES = 48
};

struct exh_mds_session {
    uint64_t at;        /* of the block */
    int32_t start, end; /* LBA; end is the lead-out */
    uint8_t number;
    uint16_t first, last; /* track */
};

struct exh_mds_block { /* of a track or another POINT */
    uint64_t at;
    uint8_t mode, sub;
    struct exh_toc_row row;
    bool is_track;
    uint8_t number; /* of the track */
    uint16_t sector_bytes;
    int32_t start;   /* LBA */
    uint64_t offset; /* in the data file */
    uint32_t files, footers_at;
    uint32_t pregap, sectors;            /* of a track */
    uint64_t pregap_field, length_field; /* where these two lie */
};

struct exh_mds {
    const uint8_t *bytes; /* borrowed */
    size_t length;
    uint8_t minor;
    bool dvd;
    const char *medium; /* "CD", "CD-R", ... static */
    uint16_t bca_bytes;
    uint32_t bca_at, structures_at, dpm_at; /* 0 = none */
    struct exh_mds_session sessions[EXH_DISC_SESSIONS_MAX];
    uint32_t session_count;
    struct exh_mds_block *blocks; /* in order of the sessions */
    size_t block_count, block_capacity;
};

/* EXH_UNSUPPORTED for another version or medium; EXH_CORRUPT with the offset of the field that cannot be. Whatever came out, close it. */
EXH_MUST_CHECK bool exh_mds_parse(const uint8_t *bytes, size_t length, struct exh_mds *out, struct exh_error *err);
void exh_mds_close(struct exh_mds *mds);
/* The name in footer `index` of this block, in UTF-8 on the heap; NULL and err (EXH_CORRUPT where it has no end). */
char *exh_mds_file_name(const struct exh_mds *mds, const struct exh_mds_block *block, uint32_t index, struct exh_error *err);

#endif
