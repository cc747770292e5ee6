/* qcow2_walk.h - every part of a QCOW file that its header and its tables name, for who wants to know what lies where (qcow2_inspect.c) or how often
 * a cluster is used (qcow2_refcounts.c).
 *
 * L2 tables that several L1 tables share are listed once, with the number of their uses, so that the work is bounded by the file and not by the
 * number of snapshots. One thread. */
#ifndef EXH_FORMATS_DISK_QCOW2_WALK_H
#define EXH_FORMATS_DISK_QCOW2_WALK_H

#include "formats/disk/qcow2.h"

#define EXH_QCOW_COPIED (1ull << 63)

struct exh_qcow_table {      /* an L2 table */
    uint64_t at;             /* which may lie behind the file's end */
    uint32_t active, others; /* how many entries of the current L1 table point at it, and of those of snapshots */
    uint32_t index;          /* active: one of those entries */
};

struct exh_qcow_walk {
    struct exh_qcow2 *q;
    struct exh_source *source;
    const char *file;
    struct exh_inspection *in;
    struct exh_error *err;
    bool told;                     /* what is wrong with the parts was told in an earlier walk over them */
    bool cut;                      /* not all could be followed: told, and uses are not to be counted */
    struct exh_qcow_table *tables; /* ascending; owned */
    size_t table_count, table_capacity;
    uint8_t *table; /* room for one L2 table; owned */
};

/* [at, at + bytes), which need not lie in the file. shared: others may use it too. */
typedef bool exh_qcow_part_fn(void *context, uint64_t at, uint64_t bytes, bool shared, const char *role);
typedef bool exh_qcow_entry_fn(void *context, uint64_t index, uint64_t entry, uint64_t entry_at);
typedef bool exh_qcow_table_fn(void *context, const struct exh_qcow_table *table);

/* Lists the L2 tables. What is allocated is freed by close, also after a failure. */
EXH_MUST_CHECK bool exh_qcow_walk_open(struct exh_qcow_walk *w, struct exh_error *err);
void exh_qcow_walk_close(struct exh_qcow_walk *w);
/* The current L1 table alone, and then all else that is no L2 table and none of what these point at. */
EXH_MUST_CHECK bool exh_qcow_walk_first(struct exh_qcow_walk *w, exh_qcow_part_fn *part, void *context);
EXH_MUST_CHECK bool exh_qcow_walk_rest(struct exh_qcow_walk *w, exh_qcow_part_fn *part, void *context);
/* The entries of an L1 table, or of the refcount table, that lie in the file and are not 0. */
EXH_MUST_CHECK bool exh_qcow_walk_l1(struct exh_qcow_walk *w, uint64_t l1_at, uint64_t entries, exh_qcow_entry_fn *use, void *context);
EXH_MUST_CHECK bool exh_qcow_walk_blocks(struct exh_qcow_walk *w, exh_qcow_entry_fn *block, void *context);
/* The L2 tables that the current state uses, or the others; each is in w->table, unless the file ends before it. */
EXH_MUST_CHECK bool exh_qcow_walk_tables(struct exh_qcow_walk *w, bool active, exh_qcow_table_fn *table, void *context);

/* Bytes from `at` to the end of the last cluster that `bytes` from there touch: what lies in clusters of its own need not fill them. The file may end
 * before the last of them does. */
uint64_t exh_qcow_whole(const struct exh_qcow_walk *w, uint64_t at, uint64_t bytes);
static inline uint64_t exh_qcow_cluster(const struct exh_qcow2 *q) { return 1ull << q->cluster_bits; }
static inline bool exh_qcow_entry_packed(const struct exh_qcow2 *q, uint64_t entry)
{
    return q->version == 1 ? entry >> 63 != 0 : (entry & EXH_QCOW_COMPRESSED) != 0;
}
static inline uint64_t exh_qcow_entry_offset(const struct exh_qcow2 *q, uint64_t entry) { return q->version == 1 ? entry : entry & EXH_QCOW_OFFSET; }

/* qcow2_header.c: an extension of the header behind *at (0: the first); false: none is left. *whole: it ends before the header's cluster does. */
struct exh_qcow_extension {
    uint64_t at; /* of its data */
    uint32_t type, bytes;
    bool whole;
};
#define EXH_QCOW_BITMAPS 0x23852875u
#define EXH_QCOW_LUKS 0x0537BE77u
EXH_MUST_CHECK bool exh_qcow_extension_next(const struct exh_qcow_walk *w, struct exh_qcow_extension *e, bool *found);
/* The one of this type; *found only if it is whole. */
EXH_MUST_CHECK bool exh_qcow_extension_find(const struct exh_qcow_walk *w, uint32_t type, struct exh_qcow_extension *e, bool *found);
/* What is odd about header and extensions. */
EXH_MUST_CHECK bool exh_qcow_judge_header(struct exh_qcow_walk *w);

/* qcow2_bitmaps.c */
EXH_MUST_CHECK bool exh_qcow_walk_bitmaps(struct exh_qcow_walk *w, exh_qcow_part_fn *part, void *context);
/* qcow2_refcounts.c: compares the reference counts, and the flags that repeat them, with the uses. */
EXH_MUST_CHECK bool exh_qcow_check_refcounts(struct exh_qcow_walk *w);

#endif
