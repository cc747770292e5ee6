/* scsi.h - the few questions of SCSI that are put to every device: what it is, how large it is, what its logs say.
 *
 * A question without an answer is EXH_IO, with what came instead in words; an answer that makes no sense is EXH_CORRUPT; what the transport refuses
 * or breaks off keeps its own code. Only the bytes that arrived are looked at. Sources: SPC-4 (INQUIRY, LOG SENSE, TEST UNIT READY), SBC-3 (READ
 * CAPACITY). One thread at a time, as the transport. */
#ifndef EXH_ACQUIRE_SCSI_H
#define EXH_ACQUIRE_SCSI_H

#include "acquire/transport.h"

#define EXH_STATUS_GOOD 0x00u /* SAM-5 table 33 */
#define EXH_STATUS_BUSY 0x08u
#define EXH_STATUS_RESERVED 0x18u
#define EXH_STATUS_QUEUE_FULL 0x28u

/* Sends one command and, when the device first has something of its own to say (UNIT ATTENTION), sends it again, a few times. True: it ended well,
 * and *bytes arrived. A changed medium (6/28) is never passed over: EXH_GONE. */
EXH_MUST_CHECK bool exh_scsi_ask(struct exh_transport *transport, const struct exh_command_sent *command, void *in, uint32_t in_length,
                                 uint32_t *bytes, struct exh_error *err);
/* Did the command do what it should? Sense data of NO SENSE or RECOVERED ERROR comes with an answer; anything else, and a deferred error, instead of
 * one. */
bool exh_scsi_ended_well(const struct exh_command_reply *reply);
/* What a reply says that is not an answer: the transport's errno, host status, sense or status in words. */
bool exh_scsi_no_answer(const struct exh_command_reply *reply, struct exh_error *err); /* always false, EXH_IO */
/* Lets the device say what it has to say (power on, medium changed) before the first question, by up to 8 TEST UNIT READY. */
void exh_scsi_settle(struct exh_transport *transport);

enum { EXH_SCSI_DISK = 0x00, EXH_SCSI_OPTICAL = 0x05, EXH_SCSI_SIMPLIFIED_DISK = 0x0E, EXH_SCSI_ZONED_DISK = 0x14 }; /* SPC-4 table 139, ZBC */

/* The peripheral device type of INQUIRY. */
EXH_MUST_CHECK bool exh_scsi_type(struct exh_transport *transport, uint8_t *type, struct exh_error *err);

struct exh_scsi_capacity {
    uint64_t blocks;
    uint32_t block_bytes;
};
/* READ CAPACITY(16), and (10) where the device has no other. The numbers are the device's own, unchecked. */
EXH_MUST_CHECK bool exh_scsi_capacity(struct exh_transport *transport, struct exh_scsi_capacity *out, struct exh_error *err);

/* A log page, cumulative values. *length: bytes of it that arrived, its header included; at most `room`. */
EXH_MUST_CHECK bool exh_scsi_log(struct exh_transport *transport, uint8_t page, uint8_t *out, uint16_t room, uint32_t *length, struct exh_error *err);

#endif
