/* compare.h - a consumer that holds each block against the same sectors of a second medium.
 *
 * Sectors that either side could not read are counted apart: they are neither equal nor different. */
#ifndef EXH_VERIFY_COMPARE_H
#define EXH_VERIFY_COMPARE_H

#include "formats/model/consumer.h"

struct exh_compare;

/* Borrows `with`, read on the taking thread. EXH_USAGE when the two have other sector sizes (views will bridge that later). */
struct exh_compare *exh_compare_new(struct exh_medium *with, const struct exh_layout *layout, struct exh_error *err);
struct exh_consumer *exh_compare_consumer(struct exh_compare *compare);

struct exh_compare_result {
    struct exh_sectors different; /* state SUSPECT marks a sector that differs */
    struct exh_sectors unread;    /* state BAD: the other side could not read it */
    struct exh_sectors skipped;   /* this side holds no data there (bad or missing) */
    uint64_t equal_sectors, different_sectors;
};
const struct exh_compare_result *exh_compare_found(const struct exh_compare *compare);
void exh_compare_close(struct exh_compare *compare);

#endif
