/* ewf_segment.h - one segment file of an E01, being written: the file header, sections, and groups of chunks with their two tables.
 *
 * Bytes go out in whole megabytes, with write-back started early. A chunk joins the open group (`sectors`, then `table` and `table2`), which ends
 * when the format's bounds are reached; the caller watches the size of the file. exh_ewf_segment_finish makes everything durable before it
 * writes the section that closes the chain, so a segment that ends in `next` or `done` is whole, whenever the power fails.
 * After an error the file can only be closed. Memory: 1 MiB and one table of 256 KiB, kept from segment to segment. One thread. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_SEGMENT_H
#define EXH_FORMATS_EVIDENCE_EWF_SEGMENT_H

#include "formats/evidence/ewf_pack.h"

/* EnCase 6 stops at 65,534 entries in a table; they count 31 bits from the start of `sectors`, which stays below 2 GiB for that. */
#define EXH_EWF_GROUP_CHUNKS_MAX 65534u
#define EXH_EWF_GROUP_BYTES_MAX 0x7fffffffu

struct exh_ewf_segment_out {
    int file;            /* -1: none is open */
    char name[256];      /* for messages */
    uint64_t end;        /* bytes given so far */
    uint8_t *buffer;     /* the last `held` of them */
    size_t held;         /* not written yet */
    uint64_t unflushed;  /* since write-back was last started */
    uint64_t group;      /* where the open group begins; 0: none is open */
    uint8_t *table;      /* its table's body: header, entries, checksum */
    uint32_t chunks;     /* in the open group */
    uint32_t chunks_max; /* the two bounds above; less in a test */
    uint64_t bytes_max;
};

EXH_MUST_CHECK bool exh_ewf_segment_open(struct exh_ewf_segment_out *out, struct exh_error *err); /* memory only */
void exh_ewf_segment_close(struct exh_ewf_segment_out *out); /* the file too: what is not written yet is dropped */

/* Creates `name` in a folder (a descriptor). EXH_REFUSED when it is there. */
EXH_MUST_CHECK bool exh_ewf_segment_begin(struct exh_ewf_segment_out *out, int folder, const char *name, uint32_t number, struct exh_error *err);
/* A section and its body; ends the open group before it. */
EXH_MUST_CHECK bool exh_ewf_segment_section(struct exh_ewf_segment_out *out, const char *type, const void *body, size_t bytes, struct exh_error *err);
EXH_MUST_CHECK bool exh_ewf_segment_chunk(struct exh_ewf_segment_out *out, const struct exh_ewf_packed *packed, const uint8_t *bytes,
                                          struct exh_error *err);
/* Length of the file with its group ended, and with one more chunk of that many stored bytes (0: as it is). */
uint64_t exh_ewf_segment_length(const struct exh_ewf_segment_out *out, uint64_t stored_bytes);
/* `next` or `done`: ends the group, makes all of it durable, writes the section, makes that durable, closes the file. */
EXH_MUST_CHECK bool exh_ewf_segment_finish(struct exh_ewf_segment_out *out, const char *type, struct exh_error *err);

#endif
