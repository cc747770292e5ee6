/* inspection.h - what a container shows of its own structure, beside the sectors it holds.
 *
 * Facts are for people (info prints them). Regions and stored checksums let verify/structure find overlaps and orphans and
 * recompute checksums once for all formats. Remarks are what only the format itself can judge: two tables that differ, a
 * header copy that contradicts the other. An empty list of remarks means: everything the format can check was checked and holds.
 * Filled by medium->inspect on one thread. */
#ifndef EXH_FORMATS_MODEL_INSPECTION_H
#define EXH_FORMATS_MODEL_INSPECTION_H

#include <stdarg.h>
#include <stddef.h>

#include "formats/model/sectors.h"

struct exh_fact {
    char key[64], value[256], file[256];
    uint64_t offset; /* EXH_NO_OFFSET when it has no place */
};

struct exh_region {
    char file[256], role[32];
    uint64_t offset, bytes;
    int64_t lba; /* -1: not sector data */
    uint64_t sectors;
};

enum exh_outcome { EXH_HOLDS, EXH_WARNS, EXH_FAILS }; /* WARNS: odd, but no byte of evidence is in doubt */

struct exh_remark {
    char check[48]; /* a stable word: "table-copy", "section-checksum", "header-copy", "segment-set" */
    enum exh_outcome outcome;
    char detail[256], file[256];
    uint64_t offset;
};

/* A CRC-32 that the container stores over sectors, in ascending order: verify/stored computes it again from what the medium reads. */
struct exh_stored_sum {
    char name[128], file[256]; /* of what; where it is stored */
    uint64_t offset;
    uint32_t value;
    struct exh_sectors ranges; /* of one track; owned */
};

struct exh_inspection {
    struct exh_fact *facts;
    struct exh_region *regions;
    struct exh_remark *remarks;
    struct exh_stored_sum *sums;
    bool sums_cover; /* every sector that holds data lies under one of them */
    size_t fact_count, fact_capacity, region_count, region_capacity, remark_count, remark_capacity, sum_count, sum_capacity;
};

#define EXH_INSPECTION_MAX (1u << 20) /* entries in each list; more is EXH_LIMIT */

EXH_MUST_CHECK bool exh_inspection_fact(struct exh_inspection *in, const char *file, uint64_t offset, const char *key, struct exh_error *err,
                                        const char *fmt, ...) EXH_PRINTF(6, 7);
EXH_MUST_CHECK bool exh_inspection_region(struct exh_inspection *in, const struct exh_region *region, struct exh_error *err);
EXH_MUST_CHECK bool exh_inspection_remark(struct exh_inspection *in, const char *check, enum exh_outcome outcome, const char *file, uint64_t offset,
                                          struct exh_error *err, const char *fmt, ...) EXH_PRINTF(7, 8);
/* The same for who adds something of its own to every remark: `args` is the caller's to end. */
EXH_MUST_CHECK bool exh_inspection_remark_list(struct exh_inspection *in, const char *check, enum exh_outcome outcome, const char *file,
                                               uint64_t offset, struct exh_error *err, const char *fmt, va_list args) EXH_PRINTF(7, 0);
/* Adds one with these ranges, which it takes over also on failure. */
EXH_MUST_CHECK bool exh_inspection_sum(struct exh_inspection *in, const char *file, uint64_t offset, uint32_t value, struct exh_sectors *ranges,
                                       struct exh_error *err, const char *fmt, ...) EXH_PRINTF(7, 8);
void exh_inspection_close(struct exh_inspection *in);

#endif
