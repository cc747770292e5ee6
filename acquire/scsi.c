/* scsi.c - questions put to a SCSI device. See scsi.h. */
#include "acquire/scsi.h"

#include "formats/model/bytes.h"

#define QUESTION_MS 20000u /* a drive that must spin up answers within ten seconds or so */
#define ATTENTIONS_MAX 4u  /* a device keeps one condition of each kind; more in a row is a device that resets itself again and again */
#define SETTLE_MAX 8u
#define MEDIUM_MAY_HAVE_CHANGED 0x28u

bool exh_scsi_no_answer(const struct exh_command_reply *reply, struct exh_error *err)
{
    uint8_t sense[3];
    char text[160];
    exh_sense_of(reply->sense, reply->sense_length, sense);
    if (reply->sys != 0) {
        (void)exh_fail_sys(err, reply->sys, EXH_NO_OFFSET, "not answered");
        err->code = EXH_IO;
        return false;
    }
    if (reply->host_status != 0)
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "host adapter status %02xh", reply->host_status);
    if (sense[0] != 0 || sense[1] != 0)
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "%s", exh_sense_text(sense, text, sizeof text));
    return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "status %02xh and %u bytes", reply->status, reply->bytes);
}

bool exh_scsi_ended_well(const struct exh_command_reply *reply)
{
    uint8_t sense[3];
    exh_sense_of(reply->sense, reply->sense_length, sense);
    if (reply->sys != 0 || reply->host_status != 0 || exh_sense_is_deferred(reply->sense, reply->sense_length))
        return false;
    return sense[0] == EXH_SENSE_RECOVERED || (sense[0] == EXH_SENSE_NONE && reply->status == EXH_STATUS_GOOD);
}

bool exh_scsi_ask(struct exh_transport *transport, const struct exh_command_sent *command, void *in, uint32_t in_length, uint32_t *bytes,
                  struct exh_error *err)
{
    struct exh_command_reply reply;
    uint8_t sense[3];
    *bytes = 0;
    for (unsigned i = 0; i <= ATTENTIONS_MAX; i++) {
        if (!exh_transport_send(transport, command, in, in_length, &reply, err))
            return false;
        *bytes = reply.bytes;
        if (exh_scsi_ended_well(&reply))
            return true;
        exh_sense_of(reply.sense, reply.sense_length, sense);
        if (sense[0] != EXH_SENSE_ATTENTION || sense[1] == MEDIUM_MAY_HAVE_CHANGED)
            break;
    }
    (void)exh_scsi_no_answer(&reply, err);
    if (sense[0] == EXH_SENSE_ATTENTION && sense[1] == MEDIUM_MAY_HAVE_CHANGED)
        err->code = EXH_GONE;
    return false;
}

void exh_scsi_settle(struct exh_transport *transport)
{
    struct exh_command_sent ready = {.cdb_length = 6, .timeout_ms = QUESTION_MS};
    uint8_t sense[3] = {EXH_SENSE_ATTENTION};
    for (unsigned i = 0; i < SETTLE_MAX && sense[0] == EXH_SENSE_ATTENTION; i++) {
        struct exh_command_reply reply;
        struct exh_error err = {0};
        if (!exh_transport_send(transport, &ready, NULL, 0, &reply, &err))
            return;
        exh_sense_of(reply.sense, reply.sense_length, sense);
    }
}

bool exh_scsi_type(struct exh_transport *transport, uint8_t *type, struct exh_error *err)
{
    uint8_t in[36]; /* what every device has of it */
    struct exh_command_sent command = {.cdb = {0x12, [4] = sizeof in}, .cdb_length = 6, .timeout_ms = QUESTION_MS};
    uint32_t bytes;
    if (!exh_scsi_ask(transport, &command, in, sizeof in, &bytes, err))
        return exh_context(err, "INQUIRY");
    if (bytes != sizeof in)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "INQUIRY gave %u bytes of 36", bytes);
    /* Bits 7-5: the peripheral qualifier. Not 0: there is no such device behind this address. */
    if (in[0] >> 5 != 0)
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "INQUIRY says that no device is connected (%02xh)", in[0]);
    *type = in[0] & 0x1F;
    return true;
}

static bool capacity_16(struct exh_transport *transport, struct exh_scsi_capacity *out, struct exh_error *err)
{
    uint8_t in[32];
    struct exh_command_sent command = {.cdb = {0x9E, 0x10, [13] = sizeof in}, .cdb_length = 16, .timeout_ms = QUESTION_MS};
    uint32_t bytes;
    if (!exh_scsi_ask(transport, &command, in, sizeof in, &bytes, err))
        return false;
    struct exh_cursor c = exh_cursor_over(in, bytes);
    uint64_t last = exh_cursor_be64(&c);
    out->block_bytes = exh_cursor_be32(&c);
    out->blocks = last + 1;
    return (exh_cursor_ok(&c) && last != UINT64_MAX) ||
           exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "READ CAPACITY(16) gave %u bytes that make no sense", bytes);
}

static bool capacity_10(struct exh_transport *transport, struct exh_scsi_capacity *out, struct exh_error *err)
{
    uint8_t in[8];
    struct exh_command_sent command = {.cdb = {0x25}, .cdb_length = 10, .timeout_ms = QUESTION_MS};
    uint32_t bytes;
    if (!exh_scsi_ask(transport, &command, in, sizeof in, &bytes, err))
        return false;
    struct exh_cursor c = exh_cursor_over(in, bytes);
    uint32_t last = exh_cursor_be32(&c);
    out->block_bytes = exh_cursor_be32(&c);
    out->blocks = (uint64_t)last + 1;
    /* FFFFFFFFh: more than fits, ask with (16). */
    return (exh_cursor_ok(&c) && last != UINT32_MAX) ||
           exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "READ CAPACITY(10) gave %u bytes that make no sense", bytes);
}

bool exh_scsi_capacity(struct exh_transport *transport, struct exh_scsi_capacity *out, struct exh_error *err)
{
    if (capacity_16(transport, out, err))
        return true;
    return (err->code == EXH_IO || err->code == EXH_CORRUPT) && capacity_10(transport, out, err);
}

bool exh_scsi_log(struct exh_transport *transport, uint8_t page, uint8_t *out, uint16_t room, uint32_t *length, struct exh_error *err)
{
    struct exh_command_sent command = {
        .cdb = {0x4D, [2] = (uint8_t)(0x40 | page), [7] = (uint8_t)(room >> 8), (uint8_t)room}, .cdb_length = 10, .timeout_ms = QUESTION_MS};
    uint32_t bytes;
    *length = 0;
    if (!exh_scsi_ask(transport, &command, out, room, &bytes, err))
        return false;
    struct exh_cursor c = exh_cursor_over(out, bytes);
    uint8_t code = exh_cursor_u8(&c) & 0x3F;
    exh_cursor_skip(&c, 1);
    uint32_t whole = 4u + exh_cursor_be16(&c);
    if (!exh_cursor_ok(&c) || code != page)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "LOG SENSE for page %02xh gave %u bytes of page %02xh", page, bytes, code);
    *length = whole < bytes ? whole : bytes;
    return true;
}
