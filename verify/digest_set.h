/* digest_set.h - algorithms x scopes in one walk: each algorithm over the media stream and, of a disc, over its tracks (track_digests.h), the chunk
 * digests with their Merkle root, and the list of sectors that were not good. Each is a consumer of its own, so they run beside each other. */
#ifndef EXH_VERIFY_DIGEST_SET_H
#define EXH_VERIFY_DIGEST_SET_H

#include "formats/model/consumer.h"

#define EXH_CHUNK_BYTES (64u << 20)
#define EXH_DIGEST_SET_CONSUMERS_MAX                                                                                                                 \
    27u /* the pipeline's own bound less six: of sink, keeper, audit, stored checksums and three comparisons no more run beside a set */

struct exh_digest_set;

struct exh_digest_set_options {
    const char *const *algorithms; /* of the media stream, fill pattern and all; may be empty */
    size_t algorithm_count;
    const struct exh_layout *disc; /* each algorithm over its tracks too, when it is a disc's; borrowed during new. May be NULL */
    uint32_t chunk_sectors;        /* 0: no chunk digests; see exh_chunk_sectors */
    bool side_by_side;             /* the route is exh_route_lanes: chunk digests on several processors; no stream digests then */
    bool padded;                   /* also the "padded" scope when the last sector is short */
    /* Sectors that count as zeros in the chunk digests though the medium holds a fill pattern there. Those that the medium itself gives as not read
     * always do. Borrowed; may be NULL. */
    const struct exh_sectors *zeroed;
    /* Whole chunks that the route left out, because the medium holds nothing there (exh_route_lanes_skip), and the layout they lie in. Both borrowed,
     * and read when the results are taken. May be NULL. */
    const struct exh_sectors *holes;
    const struct exh_layout *layout;
};

/* floor(bytes / main_bytes), at least 1. */
uint32_t exh_chunk_sectors(uint64_t chunk_bytes, uint32_t main_bytes);

/* NULL: err; EXH_LIMIT for more algorithms than can run at once. */
struct exh_digest_set *exh_digest_set_new(const struct exh_digest_set_options *options, struct exh_error *err);
/* Writes its consumers to the list (room for EXH_DIGEST_SET_CONSUMERS_MAX); returns how many. They stay the set's. */
size_t exh_digest_set_consumers(struct exh_digest_set *set, struct exh_consumer **out, size_t room);
/* After the run: appends digests and chunks to the seal, and to `states` every range that is not GOOD. */
EXH_MUST_CHECK bool exh_digest_set_result(struct exh_digest_set *set, struct exh_seal *out, struct exh_sectors *states, struct exh_error *err);
void exh_digest_set_close(struct exh_digest_set *set);

/* RFC 6962 tree over the lines "track lba sectors not_good hex LF"; the empty tree is SHA-256 of nothing. */
EXH_MUST_CHECK bool exh_chunks_root(const struct exh_chunks *chunks, uint8_t root[32], struct exh_error *err);

#endif
