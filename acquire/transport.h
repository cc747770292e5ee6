/* transport.h - commands to a SCSI or ATA device, behind a list of what may be sent at all.
 *
 * One door for every command: exh_transport_send refuses whatever is not on the read-only list before it reaches the device, whoever asks
 * (SG_IO passes `blockdev --setro`: the block layer's read-only flag does not stop a WRITE command sent this way). Every transfer is from the device to us
 * or none at all. Backends: SG_IO on an open descriptor, in the reading process (reader.h); a fake one in the tests.
 * Sources: SPC-4, SBC-3, SAT-3 (ATA PASS-THROUGH), ACS-3, MMC-6. One thread at a time. */
#ifndef EXH_ACQUIRE_TRANSPORT_H
#define EXH_ACQUIRE_TRANSPORT_H

#include <stddef.h>

#include "formats/model/error.h"

#define EXH_CDB_BYTES_MAX 16u
#define EXH_SENSE_BYTES_MAX 64u

struct exh_command_sent {
    uint8_t cdb[EXH_CDB_BYTES_MAX];
    uint8_t cdb_length; /* 6, 10, 12 or 16 */
    uint32_t timeout_ms;
};

struct exh_command_reply {
    int sys;                             /* errno of the transport itself: the command never got there; 0: it did */
    uint8_t status;                      /* SAM status: 0 good, 2 check condition */
    uint16_t host_status, driver_status; /* SG_IO's */
    uint8_t sense[EXH_SENSE_BYTES_MAX];
    uint8_t sense_length;
    uint32_t bytes; /* that arrived */
    uint32_t milliseconds;
};

struct exh_transport;
struct exh_transport_ops {
    bool (*send)(struct exh_transport *, const struct exh_command_sent *, void *in, uint32_t in_length, struct exh_command_reply *, struct exh_error *);
    void (*close)(struct exh_transport *);
};
struct exh_transport {
    const struct exh_transport_ops *ops;
};

/* May this command be sent? TEST UNIT READY, INQUIRY, REQUEST SENSE, READ CAPACITY (10, 16), READ (10, 12, 16), MODE SENSE, LOG SENSE, READ TOC, READ DISC
 * INFORMATION and its kin, READ CD; ATA PASS-THROUGH (12, 16) only with a non-data or data-in protocol and IDENTIFY (PACKET) DEVICE, READ NATIVE MAX
 * ADDRESS (EXT), DEVICE CONFIGURATION IDENTIFY, GET NATIVE MAX ADDRESS EXT of AMA, SMART READ DATA / READ THRESHOLDS / RETURN STATUS, READ LOG EXT.
 * Nothing else, ever. `why` (may be NULL) names what is refused. */
bool exh_command_is_harmless(const uint8_t *cdb, size_t length, char *why, size_t room);

/* False: refused (EXH_REFUSED), or the transport is gone (EXH_GONE). A command that the device answers with a status is no failure. */
EXH_MUST_CHECK bool exh_transport_send(struct exh_transport *transport, const struct exh_command_sent *command, void *in, uint32_t in_length,
                                       struct exh_command_reply *reply, struct exh_error *err);
void exh_transport_close(struct exh_transport *transport); /* NULL-safe */

/* Sense key, ASC and ASCQ of fixed and of descriptor format (SPC-4 4.5); zeros when there is none. */
void exh_sense_of(const uint8_t *sense, size_t length, uint8_t out[3]);
/* "MEDIUM ERROR, unrecovered read error (3/11/00)": key in words, the usual additional codes in words. Returns out. */
const char *exh_sense_text(const uint8_t sense[3], char *out, size_t room);

#endif
