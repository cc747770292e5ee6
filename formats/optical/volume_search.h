/* volume_search.h - the state of one search for volumes, which volumes.c opens and the file systems' readers share.
 *
 * Its failure sticks: a reader goes on as if nothing more was there, and exh_volumes_find asks once at the end. Sectors are counted from the
 * source's first ("index"); addresses inside a file system are LBAs of the disc. */
#ifndef EXH_FORMATS_OPTICAL_VOLUME_SEARCH_H
#define EXH_FORMATS_OPTICAL_VOLUME_SEARCH_H

#include "formats/optical/volumes.h"

struct exh_volume_search {
    const struct exh_volumes_of *of;
    struct exh_volumes *found;
    struct exh_inspection *in;
    struct exh_error *err;
    bool failed;
};

/* One sector, a last one that is cut filled up with zeros; false when it is not there, cannot be read, or the search has failed. */
bool exh_volume_sector(struct exh_volume_search *s, uint64_t index, uint8_t out[EXH_VOLUME_SECTOR_BYTES]);
/* The index of an LBA, or UINT64_MAX when the source begins behind it. */
uint64_t exh_volume_index(const struct exh_volume_search *s, uint64_t lba);
static inline long long exh_volume_lba(const struct exh_volume_search *s, uint64_t index) { return (long long)s->of->first_lba + (long long)index; }
/* Adds a volume that sector `index` describes (label: NULL = none) and the fact about it. */
void exh_volume_add(struct exh_volume_search *s, enum exh_volume_kind kind, uint64_t index, uint64_t least, uint64_t most, const char *label);
/* `at` counts bytes from the source's first. */
void exh_volume_fact(struct exh_volume_search *s, uint64_t at, const char *key, const char *fmt, ...) EXH_PRINTF(4, 5);
void exh_volume_remark(struct exh_volume_search *s, const char *check, enum exh_outcome outcome, uint64_t at, const char *fmt, ...) EXH_PRINTF(5, 6);
/* `bytes` of 2048-byte sectors, rounded up. */
static inline uint64_t exh_volume_sectors(uint64_t bytes) { return bytes / EXH_VOLUME_SECTOR_BYTES + (bytes % EXH_VOLUME_SECTOR_BYTES != 0); }
/* The text of a fixed field as UTF-8 on the heap, blanks and NULs at its end dropped; NULL when memory is out (the search has failed). */
char *exh_volume_text(struct exh_volume_search *s, const uint8_t *field, size_t length);
/* The same for UTF-16BE. */
char *exh_volume_text_utf16be(struct exh_volume_search *s, const uint8_t *field, size_t length);

void exh_volume_iso(struct exh_volume_search *s);
void exh_volume_udf(struct exh_volume_search *s);
void exh_volume_apple(struct exh_volume_search *s);

#endif
