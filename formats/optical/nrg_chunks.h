/* nrg_chunks.h - the footer and the chunk chain at the end of a Nero image: what is there, before what it means.
 *
 * Big endian. The last 12 bytes are "NER5" and a u64, or the last 8 "NERO" and a u32: where the chain begins. A chunk is a name of four characters,
 * the length of its body, the body; "END!" ends the chain. No public specification exists: the layout is what independent readers agree on. */
#ifndef EXH_FORMATS_OPTICAL_NRG_CHUNKS_H
#define EXH_FORMATS_OPTICAL_NRG_CHUNKS_H

#include <stddef.h>

#include "formats/model/source.h"

#define EXH_NRG_CHAIN_BYTES_MAX (16u << 20)
#define EXH_NRG_CHUNKS_MAX 4096u /* 99 sessions have a handful each */

struct exh_nrg_footer {
    unsigned version; /* 1 NERO, 2 NER5 */
    uint64_t chain;   /* where the chain begins; not checked */
    uint64_t offset;  /* of the footer: the chain ends before it */
};

/* From the last bytes of a file of `size` bytes; false: there is none. */
bool exh_nrg_footer_find(const uint8_t *tail, size_t length, uint64_t size, struct exh_nrg_footer *out);

struct exh_nrg_chunk {
    char id[5];          /* printable: other bytes are '?' */
    uint64_t offset;     /* of its body, in the file */
    const uint8_t *body; /* of the chain's bytes */
    uint32_t length;
};

struct exh_nrg_chain {
    uint8_t *bytes;
    struct exh_nrg_chunk *chunks; /* without END! */
    size_t count, capacity;
    bool ended;   /* END! was there */
    uint64_t end; /* where the walk ended, in the file */
};

/* Reads and walks the chain. EXH_CORRUPT names the offset, EXH_LIMIT beyond the bounds above. `out` is closed by the caller either way. */
EXH_MUST_CHECK bool exh_nrg_chain_read(struct exh_source *source, const struct exh_nrg_footer *footer, struct exh_nrg_chain *out,
                                       struct exh_error *err);
void exh_nrg_chain_close(struct exh_nrg_chain *chain);

#endif
