/* ewf_set.h - the segments of one E01 image, found, walked and held against each other.
 *
 * Built once at open, immutable afterwards: readers on several threads share it. Memory grows with the number of sections, not of
 * chunks: a table is known by where it lies, and its entries are read on demand.
 * What is wrong but does not stop reading is kept as remarks in `found`. */
#ifndef EXH_FORMATS_EVIDENCE_EWF_SET_H
#define EXH_FORMATS_EVIDENCE_EWF_SET_H

#include "formats/evidence/ewf_sections.h"
#include "formats/model/format.h"
#include "formats/model/inspection.h"
#include "formats/model/layout.h"
#include "formats/model/names.h"
#include "formats/model/seal.h"

#define EXH_EWF_SEGMENTS_MAX 14971u          /* .E01 to .ZZZ */
#define EXH_EWF_CHUNK_BYTES_MAX (128u << 20) /* 32,768 sectors of 4,096 bytes: the most ewfacquire offers */
#define EXH_EWF_HEADER_BYTES_MAX (4u << 20)  /* a stored header section */
#define EXH_EWF_TABLE_ENTRIES_MAX (1u << 22) /* EnCase 6 stops at 65,534; 32 MiB of a reader's memory here */

struct exh_ewf_segment {
    struct exh_source *source;
    bool owned; /* opened by us, not handed in */
    size_t first_section, section_count;
};

/* One of the two copies of a table: `table` and `table2`. */
struct exh_ewf_table_copy {
    bool present, header_holds;
    uint64_t body, body_bytes; /* of the section in its segment */
    uint64_t base;
    uint32_t entries;
};

struct exh_ewf_table {
    uint32_t segment;
    uint32_t entries; /* chunks described: the first copy's whose header holds */
    uint64_t first_chunk;
    uint64_t data, data_end; /* where its chunks lie; data 0: behind the entries in the table section itself (EnCase 1) */
    struct exh_ewf_table_copy copies[2];
};

struct exh_ewf_set {
    const char *base_name; /* of the file handed in; borrowed from the caller's source or path, for the time of opening */
    struct exh_ewf_segment *segments;
    size_t segment_count, segment_capacity;
    struct exh_ewf_sections sections;
    struct exh_ewf_table *tables;
    size_t table_count, table_capacity;
    uint64_t chunks_held; /* by all tables */
    struct exh_ewf_volume volume;
    bool have_volume, smart;
    bool closed_only; /* of an unfinished image: the segments that end in `next` */
    size_t volume_section;
    struct exh_names paths;
    struct exh_layout layout;
    struct exh_seal seal;
    struct exh_inspection found;
};

/* Finds and walks all segments, the one handed in among them, which stays the caller's on failure and must outlive the set.
 * set->smart: the first segment is a SMART image (S01): only segments and paths are filled, and no chain beyond the first is walked. */
EXH_MUST_CHECK bool exh_ewf_set_open(struct exh_ewf_set *set, struct exh_source *given, const struct exh_open *options, struct exh_error *err);
/* The same for an image that is being written, handed its first segment: the leading segments that are closed (each ends in `next`) and without a
 * remark; the first that is cut, empty, of another set, or ends in `done`, ends them. segment_count 0 when none is: then nothing else is filled. */
EXH_MUST_CHECK bool exh_ewf_set_open_closed(struct exh_ewf_set *set, struct exh_source *given, const struct exh_open *options, struct exh_error *err);
/* Sectors that the first `segments` segments hold. */
uint64_t exh_ewf_set_sectors(const struct exh_ewf_set *set, size_t segments);
void exh_ewf_set_close(struct exh_ewf_set *set); /* closes the sources it opened */

/* "disk.E03" from any member's name and this number; false when the name does not have the form NAME.E01. */
bool exh_ewf_segment_name(const char *member, uint32_t number, char *out, size_t room);
/* The number a name stands for, or 0. `first_letter` is the one of the first segment: 'E' (also for EAA..ZZZ), 'S', 'L'. */
uint32_t exh_ewf_segment_number(const char *name, char *first_letter);

/* Paths of the segments that lie beside `path`, from the first on, without opening them; `path` alone when there are none to be had. */
EXH_MUST_CHECK bool exh_ewf_sibling_paths(struct exh_names *paths, const char *path, struct exh_siblings *siblings, struct exh_error *err);

/* The name of a section's file without folder. */
const char *exh_ewf_file_of(const struct exh_ewf_set *set, uint32_t segment);
/* Adds to set->found, up to a bound. */
EXH_MUST_CHECK bool exh_ewf_remark(struct exh_ewf_set *set, const char *check, enum exh_outcome outcome, uint32_t segment, uint64_t offset,
                                   struct exh_error *err, const char *fmt, ...) EXH_PRINTF(7, 8);
static inline uint32_t exh_ewf_chunk_bytes(const struct exh_ewf_set *set) { return set->volume.chunk_sectors * set->volume.sector_bytes; }

/* Entries of a table, parsed: where[i] is the absolute offset of chunk i times 2, plus 1 when it is compressed; where[entries] ends it. */
struct exh_ewf_entries {
    uint64_t *where;
    uint8_t *raw;
    size_t room; /* entries that fit */
    uint32_t count;
};

/* Reads one copy of a table. False with EXH_CORRUPT when it fails its checksum or its offsets do not ascend inside the data; other
 * codes when it cannot be read. On success *slack is the number of bytes behind the entries that nothing accounts for (may be NULL). */
EXH_MUST_CHECK bool exh_ewf_entries_load(const struct exh_ewf_set *set, const struct exh_ewf_table *table, unsigned copy, struct exh_ewf_entries *out,
                                         uint64_t *slack, struct exh_error *err);
void exh_ewf_entries_close(struct exh_ewf_entries *entries);

#endif
