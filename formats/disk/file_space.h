/* file_space.h - which bytes of a container's file somebody speaks for: finds blocks used twice, blocks outside the file and bytes of nobody.
 * A bitmap of units, so its memory is bounded whatever the number of blocks. Remarks: "overlap" (FAILS), "out-of-range" (FAILS), "orphan" (WARNS);
 * after EXH_SPACE_TOLD of a kind the rest is only counted. One thread. */
#ifndef EXH_FORMATS_DISK_FILE_SPACE_H
#define EXH_FORMATS_DISK_FILE_SPACE_H

#include "formats/model/inspection.h"

#define EXH_SPACE_TOLD 100u

struct exh_file_space;

/* `file` is borrowed. unit_bytes: the granularity of what is taken (a power of two, at least 512); it is raised where the bitmap would pass 64 MiB,
 * and then neighbours that share a unit are not told apart: exh_file_space_exact says so. NULL: no memory. */
struct exh_file_space *exh_file_space_new(const char *file, uint64_t size, uint32_t unit_bytes, struct exh_error *err);
bool exh_file_space_exact(const struct exh_file_space *space);
/* [offset, offset + bytes) belongs to `role` ("header", "table", "block 17"). Bytes of a unit shared with another are an overlap. */
EXH_MUST_CHECK bool exh_file_space_take(struct exh_file_space *space, uint64_t offset, uint64_t bytes, struct exh_inspection *in,
                                        struct exh_error *err, const char *role, ...) EXH_PRINTF(6, 7);
/* The same where sharing is meant (snapshots, packed clusters that meet within a sector): only the range is checked. */
EXH_MUST_CHECK bool exh_file_space_share(struct exh_file_space *space, uint64_t offset, uint64_t bytes, struct exh_inspection *in,
                                         struct exh_error *err, const char *role, ...) EXH_PRINTF(6, 7);
/* Units nobody took; trailing ones too. */
EXH_MUST_CHECK bool exh_file_space_finish(struct exh_file_space *space, struct exh_inspection *in, struct exh_error *err);
void exh_file_space_close(struct exh_file_space *space);

#endif
