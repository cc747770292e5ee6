/* ewf_sections.h - the sections of an EWF version 1 segment file (E01), and what the small ones say.
 *
 * Little-endian throughout. A segment is a 13-byte file header and a chain of sections, each a 76-byte descriptor
 * {16 type, u64 offset of the next, u64 size with the descriptor, 40 unused, u32 Adler-32 of the first 72 bytes} and its body.
 * `next` and `done` point to themselves (in SMART to their own end) and end the chain. Sources: libewf's "Expert Witness Compression Format"
 * document, the Expert Witness format specification of ASR Data. Pure functions over bytes, but for exh_ewf_walk, which reads. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_SECTIONS_H
#define EXH_FORMATS_EVIDENCE_EWF_SECTIONS_H

#include "formats/model/source.h"

#define EXH_EWF_FILE_HEADER_BYTES 13u
#define EXH_EWF_DESCRIPTOR_BYTES 76u
#define EXH_EWF_VOLUME_BYTES 1052u     /* EnCase; the body of volume, disk and data */
#define EXH_EWF_VOLUME_SMART_BYTES 94u /* SMART (S01) and the original format */
#define EXH_EWF_TABLE_HEADER_BYTES 24u
#define EXH_EWF_ERROR2_HEADER_BYTES 520u
#define EXH_EWF_SESSION_HEADER_BYTES 36u
#define EXH_EWF_DIGEST_BYTES 80u
#define EXH_EWF_HASH_BYTES 36u
/* 14,971 segments can be named; a set of 512 TiB in groups of 2 GiB has 900,000 sections. */
#define EXH_EWF_SECTIONS_MAX (1u << 20)

enum exh_ewf_signature { EXH_EWF_NOT, EXH_EWF_EVF, EXH_EWF_LVF, EXH_EWF_EVF2, EXH_EWF_LEF2 };

enum exh_ewf_kind {
    EXH_EWF_OTHER,
    EXH_EWF_HEADER,
    EXH_EWF_HEADER2,
    EXH_EWF_VOLUME,
    EXH_EWF_DISK,
    EXH_EWF_DATA,
    EXH_EWF_SECTORS,
    EXH_EWF_TABLE,
    EXH_EWF_TABLE2,
    EXH_EWF_DIGEST,
    EXH_EWF_HASH,
    EXH_EWF_ERROR2,
    EXH_EWF_SESSION,
    EXH_EWF_XHEADER,
    EXH_EWF_XHASH,
    EXH_EWF_INCOMPLETE,
    EXH_EWF_LTYPES,
    EXH_EWF_LTREE,
    EXH_EWF_NEXT,
    EXH_EWF_DONE
};

/* A stored Adler-32. ABSENT: the field is zero, as some writers leave it (Logicube in `data`). */
enum exh_ewf_sum { EXH_EWF_SUM_HOLDS, EXH_EWF_SUM_ABSENT, EXH_EWF_SUM_FAILS };

struct exh_ewf_section {
    uint64_t offset;  /* of the descriptor in its segment file */
    uint64_t bytes;   /* descriptor and body, inside the file */
    uint32_t segment; /* index from 0 */
    enum exh_ewf_kind kind;
    char type[17]; /* printable */
    bool odd_pad;  /* the 40 unused bytes are not zero */
};

struct exh_ewf_sections {
    struct exh_ewf_section *items;
    size_t count, capacity;
};

struct exh_ewf_file_header {
    uint16_t segment;  /* from 1 */
    bool fields_start; /* byte 8 is 01 */
    bool fields_end;   /* the last two bytes are 00 */
};

struct exh_ewf_volume {
    uint8_t media_type, flags, compression;
    uint32_t chunks, chunk_sectors, sector_bytes, granularity;
    uint64_t sectors;
    uint8_t guid[16];
};

struct exh_ewf_table_header {
    uint32_t entries;
    uint64_t base;
};

enum exh_ewf_signature exh_ewf_signature_of(const uint8_t *bytes, size_t length);
/* The file header; false when `bytes` (13 of them) do not start with EVF's signature. */
bool exh_ewf_file_header_parse(const uint8_t bytes[EXH_EWF_FILE_HEADER_BYTES], struct exh_ewf_file_header *out);
/* Appends the sections of one segment, from its first to `next` or `done`. EXH_CORRUPT names section, offset and what is wrong:
 * a descriptor that fails its checksum, a chain that does not go forward, an end before the section's own. */
EXH_MUST_CHECK bool exh_ewf_walk(struct exh_source *source, uint32_t segment, struct exh_ewf_sections *sections, struct exh_error *err);
void exh_ewf_sections_close(struct exh_ewf_sections *sections);

enum exh_ewf_sum exh_ewf_sum_check(const uint8_t *data, size_t length, uint32_t stored);
void exh_ewf_volume_parse(const uint8_t body[EXH_EWF_VOLUME_BYTES], struct exh_ewf_volume *out, enum exh_ewf_sum *sum);
void exh_ewf_table_header_parse(const uint8_t body[EXH_EWF_TABLE_HEADER_BYTES], struct exh_ewf_table_header *out, enum exh_ewf_sum *sum);

static inline uint64_t exh_ewf_body(const struct exh_ewf_section *s) { return s->offset + EXH_EWF_DESCRIPTOR_BYTES; }
static inline uint64_t exh_ewf_body_bytes(const struct exh_ewf_section *s) { return s->bytes - EXH_EWF_DESCRIPTOR_BYTES; }
static inline uint64_t exh_ewf_end(const struct exh_ewf_section *s) { return s->offset + s->bytes; }

#endif
