/* scsi_disk.c - reading a disk by READ commands. See scsi_disk.h. */
#include "acquire/scsi_disk.h"

#include <errno.h>

#include "acquire/narrow.h"
#include "formats/model/bytes.h"

#define RUN_BYTES (256u << 10) /* what host adapters take in one command without more ado */
#define READ_MS 60000u         /* a drive's own retries of one sector take up to half a minute */
#define AGAIN_MAX 120u
#define AGAIN_NS 250000000 /* between two tries of a busy device: half a minute in all, in which a disk spins up */

enum { HOST_NO_CONNECT = 0x01, HOST_BUS_BUSY = 0x02, HOST_TIME_OUT = 0x03, HOST_BAD_TARGET = 0x04, HOST_TRANSPORT_FAILFAST = 0x0F };

struct disk {
    struct exh_medium medium;
    struct exh_layout layout;
    struct exh_transport *transport;
    struct exh_scsi_capacity capacity;
    char name[256];
};

/* What came of one command. */
enum outcome { READ, FAILED, AGAIN, WAIT, LOST };

/* One want on its way. */
struct run {
    struct disk *disk;
    const struct exh_want *want;
    struct exh_block *out;
    struct exh_faults *faults;
    struct exh_error *err;
    uint32_t attempt;
};

static bool lost(const struct disk *d, int64_t lba, const char *why, struct exh_error *err)
{
    (void)exh_fail(err, EXH_GONE, (uint64_t)lba * d->capacity.block_bytes, "device lost at LBA %lld: %s", (long long)lba, why);
    (void)exh_on_side(err, EXH_SIDE_SOURCE);
    return exh_in_file(err, d->name);
}

/* The address and the count are inside the disk, so an error is the range's own, unless it says that the device, its medium or the way there is not
 * what it was. */
static enum outcome judge_sense(const uint8_t sense[3], bool deferred)
{
    if (deferred)
        return AGAIN; /* about an earlier command; this one was not carried out */
    if (sense[0] == EXH_SENSE_ATTENTION)
        return sense[1] == 0x28 ? LOST : AGAIN;
    if (sense[0] == EXH_SENSE_NOT_READY)
        return sense[1] == 0x04 && sense[2] == 0x01 ? WAIT : LOST;
    return FAILED;
}

static enum outcome judge(const struct exh_command_reply *reply)
{
    uint8_t sense[3];
    exh_sense_of(reply->sense, reply->sense_length, sense);
    if (reply->sys != 0)
        return reply->sys == ENODEV || reply->sys == ENXIO || reply->sys == ENOMEDIUM ? LOST
               : reply->sys == EINTR || reply->sys == EAGAIN                          ? WAIT
                                                                                      : FAILED;
    switch (reply->host_status) {
    case 0: break;
    case HOST_NO_CONNECT:
    case HOST_BAD_TARGET:
    case HOST_TRANSPORT_FAILFAST: return LOST;
    case HOST_BUS_BUSY: return WAIT;
    default: return FAILED;
    }
    if (exh_scsi_ended_well(reply))
        return READ;
    if (reply->status == EXH_STATUS_BUSY || reply->status == EXH_STATUS_QUEUE_FULL)
        return WAIT;
    if (reply->status == EXH_STATUS_RESERVED)
        return LOST;
    return judge_sense(sense, exh_sense_is_deferred(reply->sense, reply->sense_length));
}

/* The errno that the block layer gives for the same sense: ENODATA for a medium error. */
static int errno_of(const struct exh_command_reply *reply, const uint8_t sense[3])
{
    if (reply->sys != 0)
        return reply->sys;
    if (reply->host_status == HOST_TIME_OUT)
        return ETIMEDOUT;
    return sense[0] == EXH_SENSE_MEDIUM ? ENODATA : EIO;
}

static void pause_between_tries(void) { (void)nanosleep(&(struct timespec){.tv_nsec = AGAIN_NS}, NULL); }

/* TEST UNIT READY until it says something final. False: no such device any more, or the transport's own error. */
static bool answers(struct disk *d, struct exh_error *err)
{
    struct exh_command_sent ready = {.cdb_length = 6, .timeout_ms = READ_MS};
    struct exh_command_reply reply;
    enum outcome o = WAIT;
    for (unsigned i = 0; i < AGAIN_MAX && (o == AGAIN || o == WAIT); i++) {
        if (i > 0 && o == WAIT)
            pause_between_tries();
        if (!exh_transport_send(d->transport, &ready, NULL, 0, &reply, err))
            return false;
        o = judge(&reply);
    }
    /* An error of another kind comes from a device that is there. */
    return o == READ || o == FAILED || exh_scsi_no_answer(&reply, err);
}

static bool is_the_same(struct disk *d, struct exh_error *err)
{
    struct exh_scsi_capacity now;
    if (!exh_scsi_capacity(d->transport, &now, err))
        return false;
    if (now.blocks == d->capacity.blocks && now.block_bytes == d->capacity.block_bytes)
        return true;
    return exh_fail(err, EXH_GONE, EXH_NO_OFFSET, "it now has %llu blocks of %u bytes, it had %llu of %u", (unsigned long long)now.blocks,
                    now.block_bytes, (unsigned long long)d->capacity.blocks, d->capacity.block_bytes);
}

/* No answer, or another disk's, means gone; what the transport broke off (cancelled, out of time) stays what it is. */
static bool still_there(const struct run *r, int64_t lba)
{
    struct exh_error why = {0};
    if (answers(r->disk, &why) && is_the_same(r->disk, &why))
        return true;
    if (why.code == EXH_IO || why.code == EXH_CORRUPT || why.code == EXH_GONE)
        return lost(r->disk, lba, why.text, r->err);
    *r->err = why;
    return exh_in_file(r->err, r->disk->name);
}

static void build_read(struct exh_command_sent *command, uint64_t lba, uint32_t count)
{
    memset(command, 0, sizeof *command);
    command->timeout_ms = READ_MS;
    if (lba + count <= UINT32_MAX && count <= UINT16_MAX) {
        command->cdb_length = 10;
        command->cdb[0] = 0x28;
        exh_put_be32(command->cdb + 2, (uint32_t)lba);
        command->cdb[7] = (uint8_t)(count >> 8);
        command->cdb[8] = (uint8_t)count;
    } else {
        command->cdb_length = 16;
        command->cdb[0] = 0x88;
        exh_put_be64(command->cdb + 2, lba);
        exh_put_be32(command->cdb + 10, count);
    }
}

/* One READ, sent again as long as the device only says that it has something else to do. False: cannot go on. */
static bool send_read(struct run *r, int64_t lba, uint32_t count, uint8_t *to, struct exh_command_reply *reply, enum outcome *o)
{
    struct disk *d = r->disk;
    struct exh_command_sent command;
    build_read(&command, (uint64_t)lba, count);
    *o = WAIT;
    for (unsigned i = 0; i < AGAIN_MAX && (*o == AGAIN || *o == WAIT); i++) {
        /* A reset or changed parameters: before the read counts, is it the disk it was? */
        if (i > 0 && *o == AGAIN && !still_there(r, lba))
            return false;
        if (i > 0 && *o == WAIT)
            pause_between_tries();
        if (!exh_transport_send(d->transport, &command, to, count * d->capacity.block_bytes, reply, r->err))
            return exh_in_file(r->err, d->name);
        *o = judge(reply);
    }
    if (*o != LOST)
        return true;
    struct exh_error why = {0};
    (void)exh_scsi_no_answer(reply, &why);
    return lost(d, lba, why.text, r->err);
}

/* Reads `count` blocks at `pos` once, marks the good prefix and says how long it is. False: cannot go on. */
static bool attempt(void *context, uint32_t pos, uint32_t count, uint32_t *good)
{
    struct run *r = context;
    uint32_t block_bytes = r->disk->capacity.block_bytes;
    int64_t lba = r->want->lba + pos;
    struct exh_command_reply reply;
    enum outcome o;
    *good = 0;
    if (!send_read(r, lba, count, r->out->main + (size_t)pos * block_bytes, &reply, &o))
        return false;
    if (o == READ)
        *good = reply.bytes / block_bytes;
    memset(r->out->state + pos, EXH_GOOD, *good);
    if (*good == count)
        return true;
    struct exh_fault fault = {.lba = lba + *good, .count = count - *good, .milliseconds = reply.milliseconds, .attempt = r->attempt};
    exh_sense_of(reply.sense, reply.sense_length, fault.sense);
    fault.sys = errno_of(&reply, fault.sense);
    return exh_faults_add(r->faults, &fault, r->err);
}

static bool run_is_there(void *context, uint32_t pos, uint32_t bad)
{
    const struct run *r = context;
    (void)bad;
    return still_there(r, r->want->lba + pos);
}

static uint32_t micros_since(const struct timespec *start)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t us = ((int64_t)now.tv_sec - start->tv_sec) * 1000000 + (now.tv_nsec - start->tv_nsec) / 1000;
    return us < 1 ? 1 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us; /* 0 would say: not told */
}

static bool read_want(struct run *r)
{
    uint32_t most = RUN_BYTES / r->disk->capacity.block_bytes, count = r->want->count, good;
    for (uint32_t pos = 0; pos < count; pos += good) {
        uint32_t n = most < count - pos ? most : count - pos;
        if (!attempt(r, pos, n, &good))
            return false;
        if (good == n)
            continue;
        if (r->want->effort == EXH_ONCE)
            return still_there(r, r->want->lba + pos + good);
        r->attempt = 2;
        const struct exh_narrow narrow = {.context = r, .attempt = attempt, .present = run_is_there, .state = r->out->state, .most = most};
        return exh_narrow(&narrow, pos + good, count);
    }
    return true;
}

static bool disk_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                      struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch;
    struct run r = {.disk = (struct disk *)medium, .want = want, .out = out, .faults = faults, .err = err, .attempt = 1};
    struct timespec start;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    bool ok = read_want(&r);
    out->micros = micros_since(&start);
    return ok;
}

static void disk_close(struct exh_medium *medium)
{
    struct disk *d = (struct disk *)medium;
    exh_transport_close(d->transport);
    free(d);
}

static const struct exh_medium_ops disk_ops = {.read = disk_read, .close = disk_close};

static bool prepare(struct disk *d, struct exh_error *err)
{
    uint8_t type;
    uint64_t bytes;
    exh_scsi_settle(d->transport);
    if (!exh_scsi_type(d->transport, &type, err))
        return false;
    if (type != EXH_SCSI_DISK && type != EXH_SCSI_ZONED_DISK)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "device type %02xh is not a SCSI disk", type);
    if (!exh_scsi_capacity(d->transport, &d->capacity, err))
        return exh_context(err, "the disk does not tell its capacity");
    if (d->capacity.block_bytes == 0 || d->capacity.block_bytes > EXH_SECTOR_BYTES_MAX ||
        !exh_mul_u64(d->capacity.blocks, d->capacity.block_bytes, &bytes))
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "the disk says that it has %llu blocks of %u bytes",
                        (unsigned long long)d->capacity.blocks, d->capacity.block_bytes);
    exh_layout_disk(&d->layout, bytes, d->capacity.block_bytes);
    return exh_layout_check(&d->layout, err);
}

struct exh_medium *exh_scsi_disk_open(struct exh_transport *transport, const char *name, struct exh_error *err)
{
    struct disk *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)exh_nomem(err, "a SCSI disk");
        return NULL;
    }
    d->transport = transport;
    d->medium = (struct exh_medium){.ops = &disk_ops, .format = "device", .layout = &d->layout, .failing = true, .unit_sectors = 1};
    (void)snprintf(d->name, sizeof d->name, "%s", name);
    if (!prepare(d, err)) {
        (void)exh_on_side(err, EXH_SIDE_SOURCE);
        (void)exh_in_file(err, name);
        free(d);
        return NULL;
    }
    return &d->medium;
}

bool exh_scsi_disk_present(struct exh_medium *medium, struct exh_error *err)
{
    const struct run r = {.disk = (struct disk *)medium, .err = err};
    return still_there(&r, 0);
}
