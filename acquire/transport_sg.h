/* transport_sg.h - SCSI commands to a block device through the kernel: ioctl(SG_IO). Runs in the reading process.
 * Sources: Linux <scsi/sg.h>, SG_IO version 3. One thread at a time. */
#ifndef EXH_ACQUIRE_TRANSPORT_SG_H
#define EXH_ACQUIRE_TRANSPORT_SG_H

#include "acquire/transport.h"

/* Does this node pass commands on? False for loop, virtio and the like. */
bool exh_sg_answers(int fd);

/* Sends one command. Whatever is not harmless (transport.h) is not sent, whoever asked: reply->sys is EPERM then. */
void exh_sg_send(int fd, const struct exh_command_sent *command, void *in, uint32_t in_length, struct exh_command_reply *reply);

/* Reads one sector by READ(10) or READ(16). True: it is in `in`. */
bool exh_sg_read(int fd, uint64_t lba, void *in, uint32_t sector_bytes, struct exh_command_reply *reply);

#endif
