/* fake_drive.h - a disk that answers SCSI and ATA commands from a described state, for tests of everything that talks through a transport.
 *
 * It takes its commands apart by the standards (SBC-3, SPC-4, SAT-3, ATA/ATAPI-6, ACS-3) and knows nothing of the code that builds them. Whatever
 * could change a device of any kind sets `harm`: a test that ends with harm != 0 has found a hole in the read-only list. */
#ifndef EXH_TESTS_FAKE_DRIVE_H
#define EXH_TESTS_FAKE_DRIVE_H

#include <errno.h>

#include "acquire/transport.h"
#include "formats/model/bytes.h"

enum { FAKE_BAD_MAX = 32, FAKE_SCRIPT_MAX = 8 };

/* Reading a block in [first, first + count) fails, `times` times (0: always), with this sense. */
struct fake_bad {
    uint64_t first, count;
    uint32_t times;
    uint8_t sense[3];
};

/* What comes instead of an answer to the command with this number, counted from 0. */
struct fake_event {
    uint32_t at;
    int sys;
    uint8_t status, host_status, sense[3];
    bool deferred, short_by_one; /* short_by_one: a READ ends well, one block short */
};

struct fake_drive {
    struct exh_transport transport; /* first */
    /* what it is */
    uint8_t type;
    const char *vendor, *product;
    bool ata; /* answers ATA PASS-THROUGH */
    /* a SCSI disk */
    uint64_t blocks;
    uint32_t block_bytes;
    const uint8_t *data; /* of the first data_blocks; behind them a pattern by address */
    uint64_t data_blocks;
    bool no_capacity_16, no_media, fixed_sense, sense_without_lba;
    bool claims_data;   /* of a read that fails, all of it, as some host adapters do */
    uint64_t sense_lba; /* what it says of where a read failed; UINT64_MAX: the truth */
    struct fake_bad bad[FAKE_BAD_MAX];
    struct fake_event script[FAKE_SCRIPT_MAX];
    uint32_t bad_count, script_count;
    const uint8_t *log[64]; /* pages, by number, header included */
    uint32_t log_bytes[64];
    /* an ATA disk */
    uint64_t visible, native, dco, ama; /* sectors; native, dco, ama 0: the feature set is not there */
    bool lba48, no_checksum, smart, smart_off, exceeded, bad_smart_checksum, no_registers, fixed_registers, wrong_signature;
    bool bad_dco_checksum, short_data;
    uint8_t ata_status;   /* returned for the one of an idle drive; 0: that one */
    bool no_feature_sets; /* words 82 and 83 are not valid */
    uint32_t aborts;      /* bit (command & 31) of ATA commands that it aborts */
    uint8_t smart_slots[30 * 12], threshold_slots[30 * 12];
    /* garbage: what answers at random. 0: nothing */
    uint32_t random;
    bool garbage_all, garbage_data, garbage_registers;
    /* what it saw */
    uint32_t sent, reads, harm, by_opcode[256];
    bool closed;
};

static inline uint8_t fake_random(struct fake_drive *d)
{
    d->random = d->random * 1664525u + 1013904223u;
    return (uint8_t)(d->random >> 24);
}

/* ---- replies ---- */

static inline bool fake_sense(const struct fake_drive *d, struct exh_command_reply *r, const uint8_t sense[3], uint64_t lba, bool deferred)
{
    r->status = 2;
    r->bytes = 0;
    memset(r->sense, 0, sizeof r->sense);
    if (d->fixed_sense) {
        r->sense[0] = (uint8_t)((d->sense_without_lba ? 0x70 : 0xF0) | (deferred ? 1 : 0));
        r->sense[2] = sense[0];
        exh_put_be32(r->sense + 3, (uint32_t)lba);
        r->sense[7] = 10;
        r->sense[12] = sense[1];
        r->sense[13] = sense[2];
        r->sense_length = 18;
        return true;
    }
    r->sense[0] = deferred ? 0x73 : 0x72;
    memcpy(r->sense + 1, sense, 3);
    r->sense_length = 8;
    if (!d->sense_without_lba) {
        r->sense[7] = 12; /* an information descriptor */
        r->sense[9] = 10;
        r->sense[10] = 0x80;
        exh_put_be64(r->sense + 12, lba);
        r->sense_length = 20;
    }
    return true;
}

static inline bool fake_refuses(const struct fake_drive *d, struct exh_command_reply *r, uint8_t asc)
{
    return fake_sense(d, r, (const uint8_t[3]){5, asc, 0}, 0, false);
}

static inline bool fake_gives(struct exh_command_reply *r, const void *bytes, size_t length, size_t asked, void *in, uint32_t in_length)
{
    size_t n = length < asked ? length : asked;
    n = n < in_length ? n : in_length;
    memcpy(in, bytes, n);
    r->bytes = (uint32_t)n;
    return true;
}

/* ---- the disk's blocks ---- */

static inline void fake_block(const struct fake_drive *d, uint64_t lba, uint8_t *out)
{
    if (lba < d->data_blocks) {
        memcpy(out, d->data + lba * d->block_bytes, d->block_bytes);
        return;
    }
    for (uint32_t i = 0; i < d->block_bytes; i++)
        out[i] = (uint8_t)(lba * 131 + i * 7 + (lba >> 8));
}

static inline struct fake_bad *fake_bad_in(struct fake_drive *d, uint64_t lba, uint64_t count)
{
    for (uint32_t i = 0; i < d->bad_count; i++)
        if (d->bad[i].count > 0 && d->bad[i].first < lba + count && lba < d->bad[i].first + d->bad[i].count)
            return &d->bad[i];
    return NULL;
}

static inline bool fake_read(struct fake_drive *d, uint64_t lba, uint64_t count, uint8_t *in, uint32_t in_length, bool one_less,
                             struct exh_command_reply *r)
{
    d->reads++;
    if (d->no_media)
        return fake_sense(d, r, (const uint8_t[3]){2, 0x3A, 0}, 0, false);
    if (lba >= d->blocks || count > d->blocks - lba)
        return fake_refuses(d, r, 0x21);
    struct fake_bad *bad = fake_bad_in(d, lba, count);
    if (bad != NULL) {
        uint64_t at = bad->first > lba ? bad->first : lba;
        if (bad->times > 0 && --bad->times == 0)
            bad->count = 0;
        (void)fake_sense(d, r, bad->sense, d->sense_lba == UINT64_MAX ? at : d->sense_lba, false);
        r->bytes = d->claims_data ? in_length : 0;
        return true;
    }
    count -= one_less ? 1 : 0;
    for (uint64_t i = 0; i < count && (i + 1) * d->block_bytes <= in_length; i++) {
        fake_block(d, lba + i, in + i * d->block_bytes);
        r->bytes += d->block_bytes;
    }
    return true;
}

/* ---- SCSI ---- */

static inline void fake_text(uint8_t *to, size_t room, const char *text)
{
    memset(to, ' ', room);
    memcpy(to, text, strlen(text) < room ? strlen(text) : room);
}

static inline bool fake_inquiry(const struct fake_drive *d, const uint8_t *cdb, void *in, uint32_t in_length, struct exh_command_reply *r)
{
    uint8_t out[36] = {d->type, 0, 6, 2, 31};
    if ((cdb[1] & 1) != 0)
        return fake_refuses(d, r, 0x24);
    fake_text(out + 8, 8, d->ata ? "ATA" : d->vendor);
    fake_text(out + 16, 16, d->product);
    fake_text(out + 32, 4, "1.0");
    return fake_gives(r, out, sizeof out, exh_be16(cdb + 3), in, in_length);
}

static inline bool fake_capacity(const struct fake_drive *d, const uint8_t *cdb, void *in, uint32_t in_length, struct exh_command_reply *r)
{
    uint8_t out[32] = {0};
    uint64_t last = d->blocks - 1;
    if (d->no_media)
        return fake_sense(d, r, (const uint8_t[3]){2, 0x3A, 0}, 0, false);
    if (cdb[0] == 0x25) {
        exh_put_be32(out, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
        exh_put_be32(out + 4, d->block_bytes);
        return fake_gives(r, out, 8, 8, in, in_length);
    }
    if (d->no_capacity_16)
        return fake_refuses(d, r, 0x20);
    exh_put_be64(out, last);
    exh_put_be32(out + 8, d->block_bytes);
    return fake_gives(r, out, 32, exh_be32(cdb + 10), in, in_length);
}

static inline bool fake_log(const struct fake_drive *d, const uint8_t *cdb, void *in, uint32_t in_length, struct exh_command_reply *r)
{
    uint8_t page = cdb[2] & 0x3F;
    if (d->log[page] == NULL)
        return fake_refuses(d, r, 0x24);
    return fake_gives(r, d->log[page], d->log_bytes[page], exh_be16(cdb + 7), in, in_length);
}

/* ---- ATA ---- */

static inline void fake_checksum(uint8_t out[512])
{
    uint8_t sum = 0;
    for (int i = 0; i < 511; i++)
        sum = (uint8_t)(sum + out[i]);
    out[511] = (uint8_t)-sum;
}

static inline void fake_ata_text(uint8_t *out, unsigned first, unsigned words, const char *text)
{
    for (unsigned i = 0; i < words * 2; i++)
        out[first * 2 + (i ^ 1)] = (uint8_t)(i < strlen(text) ? text[i] : ' ');
}

static inline void fake_identify(const struct fake_drive *d, uint8_t out[512])
{
    fake_ata_text(out, 10, 10, "  SN-0042");
    fake_ata_text(out, 23, 4, "FW1.0");
    fake_ata_text(out, 27, 20, d->product);
    exh_put_le32(out + 120, d->visible > 0x0FFFFFFF ? 0x0FFFFFFFu : (uint32_t)d->visible);
    exh_put_le16(out + 164, (uint16_t)(0x4000 | (d->smart ? 1 : 0) | (d->native != 0 ? 0x400 : 0)));
    exh_put_le16(out + 166, (uint16_t)((d->no_feature_sets ? 0 : 0x4000) | (d->lba48 ? 0x400 : 0) | (d->dco != 0 ? 0x800 : 0)));
    exh_put_le16(out + 170, (uint16_t)(d->smart && !d->smart_off ? 1 : 0));
    exh_put_le64(out + 200, d->lba48 ? d->visible : 0);
    exh_put_le16(out + 238, (uint16_t)(0x4000 | (d->ama != 0 ? 0x100 : 0)));
    out[510] = d->no_checksum ? 0 : 0xA5;
    if (!d->no_checksum)
        fake_checksum(out);
}

static inline void fake_dco(const struct fake_drive *d, uint8_t out[512])
{
    exh_put_le16(out, 2);
    exh_put_le64(out + 6, d->dco - 1);
    out[510] = 0xA5;
    fake_checksum(out);
    out[511] = (uint8_t)(out[511] + (d->bad_dco_checksum ? 1 : 0));
}

static inline void fake_smart(const struct fake_drive *d, bool thresholds, uint8_t out[512])
{
    exh_put_le16(out, 16);
    memcpy(out + 2, thresholds ? d->threshold_slots : d->smart_slots, sizeof d->smart_slots);
    fake_checksum(out);
    out[511] = (uint8_t)(out[511] + (d->bad_smart_checksum ? 1 : 0));
}

/* The registers, as CK_COND asks for them. */
static inline bool fake_registers(struct fake_drive *d, uint8_t status, uint8_t error, uint64_t lba, bool extend, struct exh_command_reply *r)
{
    uint8_t device = extend ? 0x40 : (uint8_t)(0x40 | (lba >> 24 & 0x0F));
    if (d->no_registers)
        return true;
    if (d->ata_status != 0 && status == 0x50)
        status = d->ata_status;
    r->status = 2;
    if (d->fixed_registers) {
        r->sense[0] = 0x70;
        r->sense[2] = (status & 1) != 0 ? 0xB : 1;
        r->sense[3] = error, r->sense[4] = status, r->sense[5] = device;
        r->sense[7] = 10;
        r->sense[8] = (uint8_t)((extend ? 0x80 : 0) | (extend && lba >> 24 != 0 ? 0x20 : 0));
        r->sense[9] = (uint8_t)lba, r->sense[10] = (uint8_t)(lba >> 8), r->sense[11] = (uint8_t)(lba >> 16);
        r->sense[13] = 0x1D;
        r->sense_length = 18;
        return true;
    }
    uint8_t out[22] = {0x72, (status & 1) != 0 ? 0xB : 1, 0, (status & 1) != 0 ? 0 : 0x1D, 0, 0, 0, 14, 9, 12, extend ? 1 : 0, error};
    out[15] = (uint8_t)lba, out[17] = (uint8_t)(lba >> 8), out[19] = (uint8_t)(lba >> 16);
    if (extend)
        out[14] = (uint8_t)(lba >> 24), out[16] = (uint8_t)(lba >> 32), out[18] = (uint8_t)(lba >> 40);
    out[20] = device, out[21] = status;
    if (d->garbage_registers)
        for (int i = 10; i < 22; i++)
            out[i] = fake_random(d);
    memcpy(r->sense, out, sizeof out);
    r->sense_length = sizeof out;
    return true;
}

static inline bool fake_ata_data(struct fake_drive *d, uint8_t data[512], void *in, uint32_t in_length, struct exh_command_reply *r)
{
    size_t n = 512;
    if (d->garbage_data) {
        for (int i = 0; i < 512; i++)
            data[i] = fake_random(d);
        n = fake_random(d) < 128 ? 512 : (size_t)fake_random(d) * 2;
    }
    return fake_gives(r, data, n, d->short_data ? 511 : 512, in, in_length);
}

static inline bool fake_ata(struct fake_drive *d, const uint8_t *cdb, void *in, uint32_t in_length, struct exh_command_reply *r)
{
    uint8_t protocol = cdb[1] >> 1 & 0x0F, command = cdb[14], features = cdb[4], data[512] = {0};
    bool extend = (cdb[1] & 1) != 0;
    /* What a drive would do with the command register alone: everything but these is a write, a setting or a reset to somebody. */
    bool known = command == 0xEC || command == 0xA1 || (command == 0x27 && extend) || command == 0xF8 || (command == 0x2F && extend) ||
                 (command == 0x78 && extend && cdb[3] == 0 && features == 0) || (command == 0xB1 && features == 0xC2) ||
                 (command == 0xB0 && (features == 0xD0 || features == 0xD1 || features == 0xD5 || features == 0xDA));
    bool in_or_none = (protocol == 4 && (cdb[2] & 8) != 0) || protocol == 3;
    if (!known || !in_or_none || (cdb[2] & 0xC0) != 0)
        d->harm++;
    if (!d->ata)
        return fake_refuses(d, r, 0x20);
    bool supported = command == 0xEC || ((command == 0x27 || command == 0xF8) && d->native != 0) || (command == 0x78 && d->ama != 0) ||
                     (command == 0xB1 && d->dco != 0) || (command == 0xB0 && d->smart && !d->smart_off && cdb[10] == 0x4F && cdb[12] == 0xC2);
    if (!supported || (d->aborts >> (command & 31) & 1) != 0)
        return fake_registers(d, 0x51, 0x04, 0, extend, r);
    switch (command) {
    case 0xEC: fake_identify(d, data); return fake_ata_data(d, data, in, in_length, r);
    case 0xB1: fake_dco(d, data); return fake_ata_data(d, data, in, in_length, r);
    case 0x27: return fake_registers(d, 0x50, 0, d->native - 1, true, r);
    case 0x78: return fake_registers(d, 0x50, 0, d->ama - 1, true, r);
    case 0xF8: return fake_registers(d, 0x50, 0, d->native > 0x10000000 ? 0x0FFFFFFF : d->native - 1, false, r);
    default: break;
    }
    if (features == 0xDA)
        return fake_registers(d, 0x50, 0, d->wrong_signature ? 0x123400 : d->exceeded ? 0x2CF400 : 0xC24F00, false, r);
    fake_smart(d, features == 0xD1, data);
    return fake_ata_data(d, data, in, in_length, r);
}

/* ---- the transport ---- */

static inline bool fake_event(struct fake_drive *d, const struct fake_event *e, struct exh_command_reply *r)
{
    r->sys = e->sys;
    r->host_status = e->host_status;
    if (e->sense[0] != 0)
        (void)fake_sense(d, r, e->sense, 0, e->deferred);
    r->status = e->sense[0] != 0 ? 2 : e->status;
    return true;
}

static inline bool fake_garbage(struct fake_drive *d, uint8_t *in, uint32_t in_length, struct exh_command_reply *r)
{
    uint32_t n = in_length == 0 ? 0 : (uint32_t)(fake_random(d) << 8 | fake_random(d)) % (in_length + 1);
    for (uint32_t i = 0; i < n; i++)
        in[i] = fake_random(d);
    r->bytes = fake_random(d) < 32 ? UINT32_MAX : n; /* it may claim more than there is room for */
    r->status = fake_random(d) < 128 ? 0 : (uint8_t)(fake_random(d) & 2);
    r->sense_length = fake_random(d) < 128 ? 0 : fake_random(d);
    for (uint32_t i = 0; i < EXH_SENSE_BYTES_MAX; i++)
        r->sense[i] = fake_random(d);
    if (fake_random(d) < 200)
        r->sense[0] = (uint8_t)(0x70 | (fake_random(d) & 3));
    return true;
}

static inline bool fake_send(struct exh_transport *t, const struct exh_command_sent *c, void *in, uint32_t in_length, struct exh_command_reply *r,
                             struct exh_error *err)
{
    struct fake_drive *d = (struct fake_drive *)t;
    const uint8_t *cdb = c->cdb;
    uint32_t number = d->sent++;
    bool one_less = false;
    (void)err;
    d->by_opcode[cdb[0]]++;
    r->milliseconds = 7;
    for (uint32_t i = 0; i < d->script_count; i++) {
        if (d->script[i].at != number)
            continue;
        if (!d->script[i].short_by_one)
            return fake_event(d, &d->script[i], r);
        one_less = true;
    }
    if (d->garbage_all)
        return fake_garbage(d, in, in_length, r);
    switch (cdb[0]) {
    case 0x00: return !d->no_media || fake_sense(d, r, (const uint8_t[3]){2, 0x3A, 0}, 0, false);
    case 0x12: return fake_inquiry(d, cdb, in, in_length, r);
    case 0x25: return fake_capacity(d, cdb, in, in_length, r);
    case 0x9E:
        if ((cdb[1] & 0x1F) != 0x10)
            d->harm++;
        return fake_capacity(d, cdb, in, in_length, r);
    case 0x28: return fake_read(d, exh_be32(cdb + 2), exh_be16(cdb + 7), in, in_length, one_less, r);
    case 0x88: return fake_read(d, exh_be64(cdb + 2), exh_be32(cdb + 10), in, in_length, one_less, r);
    case 0x4D:
        if ((cdb[1] & 1) != 0)
            d->harm++;
        return fake_log(d, cdb, in, in_length, r);
    case 0x85: return fake_ata(d, cdb, in, in_length, r);
    /* Read by every kind of device that has them, but not by this one. */
    case 0x03:
    case 0x08:
    case 0x1A:
    case 0x43:
    case 0x46:
    case 0x4A:
    case 0x52:
    case 0x5A:
    case 0xA0:
    case 0xA8:
    case 0xB9:
    case 0xBE: return fake_refuses(d, r, 0x20);
    default: d->harm++; return fake_refuses(d, r, 0x20);
    }
}

static inline void fake_close(struct exh_transport *t) { ((struct fake_drive *)t)->closed = true; }

static const struct exh_transport_ops fake_ops = {.send = fake_send, .close = fake_close};

/* The disk of the field's own experiment: 8192 sectors shown, 10000 native, 12000 in the overlay. */
static inline struct fake_drive fake_ata_disk(void)
{
    return (struct fake_drive){.transport = {&fake_ops},
                               .vendor = "ATA",
                               .product = "FAKE DISK 5",
                               .ata = true,
                               .visible = 8192,
                               .native = 10000,
                               .dco = 12000,
                               .lba48 = true,
                               .smart = true,
                               .blocks = 8192,
                               .block_bytes = 512,
                               .sense_lba = UINT64_MAX};
}

static inline struct fake_drive fake_scsi_disk(uint64_t blocks, uint32_t block_bytes)
{
    return (struct fake_drive){
        .transport = {&fake_ops}, .vendor = "NETAPP", .product = "X410_FAKE", .blocks = blocks, .block_bytes = block_bytes, .sense_lba = UINT64_MAX};
}

#endif
