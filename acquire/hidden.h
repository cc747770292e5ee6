/* hidden.h - sectors that a disk has and does not show: host protected area (HPA), device configuration overlay (DCO), accessible max address (AMA).
 *
 * Found by comparing IDENTIFY DEVICE with READ NATIVE MAX ADDRESS (EXT), DEVICE CONFIGURATION IDENTIFY and GET NATIVE MAX ADDRESS EXT (ATA/ATAPI-6
 * to ACS-4). Only asked, never changed: SET MAX and DCO RESTORE are writes. "Not checked" is not "none".
 *
 * NONE is said in two cases only: the drive answered, and both numbers are equal; or its IDENTIFY data, found sound, says that it lacks the feature
 * set, so that nothing can be hidden by it. Everything else is NOT CHECKED: a command that is aborted, a bridge that swallows the registers, an
 * answer that contradicts another, an optical drive. So is a SCSI disk (SAS, Fibre Channel): the three are features of ATA disks, but INQUIRY does
 * not tell a SCSI disk from an ATA disk behind a bridge that passes no ATA commands, and a SCSI disk has its own way to show less than it has (the
 * number of blocks of a mode parameter block descriptor, SBC-3 6.4.2), which is not asked for.
 *
 * The device is asked for IDENTIFY DEVICE only when INQUIRY says that it is a disk. */
#ifndef EXH_ACQUIRE_HIDDEN_H
#define EXH_ACQUIRE_HIDDEN_H

#include "acquire/transport.h"

enum exh_hidden_state { EXH_HIDDEN_NOT_CHECKED, EXH_HIDDEN_NONE, EXH_HIDDEN_FOUND };

struct exh_hidden_area {
    enum exh_hidden_state state;
    uint64_t sectors; /* the drive's own logical sectors hidden by it, when FOUND */
    char why[160];    /* NOT_CHECKED: what stood in the way. NONE: that the drive lacks the feature set. FOUND: what is not sure about it. Or empty */
};

struct exh_hidden {
    struct exh_hidden_area hpa, dco, ama;
    uint64_t visible_sectors; /* of IDENTIFY DEVICE; 0: not told */
    uint64_t native_sectors;  /* the most that any sound answer speaks of; 0: not told */
};
const char *exh_hidden_state_name(enum exh_hidden_state state); /* "not-checked", "none", "found" */

/* `transport` NULL: all not checked, `why` (may be NULL) says the reason given. */
void exh_hidden_look(struct exh_transport *transport, const char *why, struct exh_hidden *out);
/* All three were looked for and none was found. */
bool exh_hidden_none(const struct exh_hidden *hidden);

#endif
