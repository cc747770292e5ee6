/* transport.h - commands to a SCSI or ATA device, behind a list of what may be sent at all.
 *
 * One door for every command: exh_transport_send refuses whatever is not on the read-only list before it reaches the device, whoever asks
 * (SG_IO passes `blockdev --setro`: the block layer's read-only flag does not stop a WRITE command sent this way). Every transfer is from the device
 * to us or none at all. Backends: SG_IO on an open descriptor, in the reading process (reader.h); a fake one in the tests. Sources: SPC-4, SBC-3,
 * SAT-3 (ATA PASS-THROUGH), ACS-3, MMC-6. One thread at a time. */
#ifndef EXH_ACQUIRE_TRANSPORT_H
#define EXH_ACQUIRE_TRANSPORT_H

#include "acquire/sense.h"

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
    bool (*send)(struct exh_transport *, const struct exh_command_sent *, void *in, uint32_t in_length, struct exh_command_reply *,
                 struct exh_error *);
    void (*close)(struct exh_transport *);
};
struct exh_transport {
    const struct exh_transport_ops *ops;
};

/* May this command be sent? TEST UNIT READY, REQUEST SENSE, INQUIRY, READ CAPACITY (10, 16), READ (6, 10, 12, 16), MODE SENSE (6, 10), LOG SENSE
 * without SP (which saves), REPORT LUNS, READ TOC, GET CONFIGURATION, GET EVENT STATUS NOTIFICATION, READ TRACK INFORMATION, READ CD (MSF); ATA
 * PASS-THROUGH (16) only with a non-data or PIO data-in protocol and IDENTIFY (PACKET) DEVICE, READ NATIVE MAX ADDRESS (EXT), DEVICE CONFIGURATION
 * IDENTIFY, GET NATIVE MAX ADDRESS EXT of AMA, SMART READ DATA / READ THRESHOLDS / READ LOG / RETURN STATUS, READ LOG EXT. Each only in its own CDB
 * length and with a control byte of 0. Nothing else, ever. `why` (may be NULL) names what is refused.
 *
 * The list does not know what kind of device will get the command, so an opcode is on it only when it is harmless to every kind. Refused for that:
 * ATA PASS-THROUGH (12) is A1h, which is BLANK to an optical drive and erases the disc; READ SUB-CHANNEL 42h is UNMAP to a disk; READ DISC
 * INFORMATION 51h is XPWRITE(10); GET PERFORMANCE ACh is ERASE(12); MECHANISM STATUS BDh is SPARE (OUT) (T10's list of operation codes, SPC-4 annex
 * E). */
bool exh_command_is_harmless(const uint8_t *cdb, size_t length, char *why, size_t room);

/* False: refused (EXH_REFUSED, nothing was sent), or the transport is gone (EXH_GONE). A command that the device answers with a status is no failure.
 * Whatever the backend claims, reply->bytes is at most in_length and reply->sense_length at most EXH_SENSE_BYTES_MAX. */
EXH_MUST_CHECK bool exh_transport_send(struct exh_transport *transport, const struct exh_command_sent *command, void *in, uint32_t in_length,
                                       struct exh_command_reply *reply, struct exh_error *err);
void exh_transport_close(struct exh_transport *transport); /* NULL-safe */

#endif
