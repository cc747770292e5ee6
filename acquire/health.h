/* health.h - what a drive says of its own health: SMART (ACS-3), Informational Exceptions and error counters (SPC/SBC LOG SENSE).
 * Asked before and after an acquisition; only read commands are sent. The attribute names are the field's usual ones, by id: what an id means is the
 * maker's affair, and no standard says it. Bytes with a wrong checksum are not used. */
#ifndef EXH_ACQUIRE_HEALTH_H
#define EXH_ACQUIRE_HEALTH_H

#include "acquire/transport.h"

#define EXH_HEALTH_ATTRIBUTES_MAX 30u

struct exh_health_attribute {
    uint8_t id, value, worst, threshold; /* 0: not told (SCSI counters have only raw; their id is the log page's) */
    uint64_t raw;
    char name[48]; /* "Reallocated_Sector_Ct" */
};

struct exh_health {
    enum { EXH_HEALTH_NOT_AVAILABLE, EXH_HEALTH_PASSED, EXH_HEALTH_FAILING } state;
    char kind[16]; /* "ata", "scsi" or empty */
    char why[160]; /* NOT_AVAILABLE: the reason (attributes may be there all the same). Otherwise what is missing or warned of, or empty */
    uint32_t attribute_count;
    struct exh_health_attribute attributes[EXH_HEALTH_ATTRIBUTES_MAX];
};
const char *exh_health_state_name(const struct exh_health *health); /* "not-available", "passed", "failing" */

/* `transport` NULL: not available, `why` (may be NULL) says the reason. ATA: the state is the drive's own (SMART RETURN STATUS); where what connects
 * it does not return that, FAILING when an attribute's value has reached its threshold, and otherwise PASSED with a `why`. SCSI: FAILING when the
 * Informational Exceptions page predicts failure (5D/xx but FF, which is a test). */
void exh_health_ask(struct exh_transport *transport, const char *why, struct exh_health *out);

#endif
