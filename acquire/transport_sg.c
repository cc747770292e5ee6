/* transport_sg.c - ioctl(SG_IO). See transport_sg.h; the CDBs of READ are SBC-3 5.8 and 5.11. */
#include <errno.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>

#include "acquire/transport_sg.h"

#define SG_VERSION_LEAST 30000
#define READ_MS 60000u /* the kernel's own reads have 30 s; a drive that is in trouble may need longer, and an abort does it no good */

bool exh_sg_answers(int fd)
{
    int version = 0;
    return ioctl(fd, SG_GET_VERSION_NUM, &version) == 0 && version >= SG_VERSION_LEAST;
}

void exh_sg_send(int fd, const struct exh_command_sent *command, void *in, uint32_t in_length, struct exh_command_reply *reply)
{
    struct exh_command_sent c = *command;
    memset(reply, 0, sizeof *reply);
    if (c.cdb_length > sizeof c.cdb || !exh_command_is_harmless(c.cdb, c.cdb_length, NULL, 0)) {
        reply->sys = EPERM;
        return;
    }
    sg_io_hdr_t io = {.interface_id = 'S',
                      .dxfer_direction = in_length > 0 ? SG_DXFER_FROM_DEV : SG_DXFER_NONE,
                      .cmd_len = c.cdb_length,
                      .mx_sb_len = sizeof reply->sense,
                      .dxfer_len = in_length,
                      .dxferp = in_length > 0 ? in : NULL,
                      .cmdp = c.cdb,
                      .sbp = reply->sense,
                      .timeout = c.timeout_ms};
    if (ioctl(fd, SG_IO, &io) != 0) {
        reply->sys = errno;
        return;
    }
    reply->status = io.status;
    reply->host_status = io.host_status;
    reply->driver_status = io.driver_status;
    reply->sense_length = io.sb_len_wr < sizeof reply->sense ? io.sb_len_wr : sizeof reply->sense;
    reply->bytes = io.resid >= 0 && (uint32_t)io.resid <= in_length ? in_length - (uint32_t)io.resid : 0;
    reply->milliseconds = io.duration;
}

bool exh_sg_read(int fd, uint64_t lba, void *in, uint32_t sector_bytes, struct exh_command_reply *reply)
{
    bool small = lba <= UINT32_MAX;
    struct exh_command_sent c = {.cdb_length = small ? 10 : 16, .timeout_ms = READ_MS};
    c.cdb[0] = small ? 0x28 : 0x88;
    for (unsigned i = 0; i < (small ? 4u : 8u); i++)
        c.cdb[2 + i] = (uint8_t)(lba >> (8 * ((small ? 3u : 7u) - i)));
    c.cdb[small ? 8 : 13] = 1; /* the last byte of the length: one block */
    exh_sg_send(fd, &c, in, sector_bytes, reply);
    return reply->sys == 0 && reply->status == 0 && reply->host_status == 0 && reply->bytes == sector_bytes;
}
