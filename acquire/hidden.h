/* hidden.h - sectors that a disk has and does not show: host protected area (HPA), device configuration overlay (DCO), accessible max address (AMA).
 *
 * Found by comparing IDENTIFY DEVICE with READ NATIVE MAX ADDRESS (EXT), DEVICE CONFIGURATION IDENTIFY and GET NATIVE MAX ADDRESS EXT (ATA/ATAPI-6
 * to ACS-4). Only asked, never changed: SET MAX and DCO RESTORE are writes. "Not checked" is not "none". */
#ifndef EXH_ACQUIRE_HIDDEN_H
#define EXH_ACQUIRE_HIDDEN_H

#include "acquire/transport.h"

enum exh_hidden_state { EXH_HIDDEN_NOT_CHECKED, EXH_HIDDEN_NONE, EXH_HIDDEN_FOUND };

struct exh_hidden_area {
    enum exh_hidden_state state;
    uint64_t sectors; /* hidden by it, when FOUND */
    char why[160];    /* NOT_CHECKED: what stood in the way */
};

struct exh_hidden {
    struct exh_hidden_area hpa, dco, ama;
    uint64_t visible_sectors, native_sectors; /* 0: not told */
};
const char *exh_hidden_state_name(enum exh_hidden_state state); /* "not-checked", "none", "found" */

/* `transport` NULL: all not checked, `why` says the reason given. */
void exh_hidden_look(struct exh_transport *transport, const char *why, struct exh_hidden *out);
/* All three were looked for and none was found. */
bool exh_hidden_none(const struct exh_hidden *hidden);

#endif
