/* stored.h - a consumer that computes again the checksums a container stores over its sectors (exh_stored_sum), while they are read anyway. */
#ifndef EXH_VERIFY_STORED_H
#define EXH_VERIFY_STORED_H

#include "formats/model/consumer.h"

struct exh_stored;

/* Borrows the inspection's sums. NULL: no memory. */
struct exh_stored *exh_stored_new(const struct exh_inspection *in, struct exh_error *err);
struct exh_consumer *exh_stored_consumer(struct exh_stored *stored);
/* After the walk: what sum `i` came to, and how many sectors under it were not read well (then the value says nothing). */
uint32_t exh_stored_value(const struct exh_stored *stored, size_t i, uint64_t *not_good);
void exh_stored_close(struct exh_stored *stored); /* NULL-safe */

#endif
