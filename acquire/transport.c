/* transport.c - the read-only list, and the one door behind it. See transport.h. */
#include "acquire/transport.h"

#include <stdarg.h>

#define LOG_SENSE 0x4Du
#define ATA_PASS_THROUGH_16 0x85u
#define SERVICE_ACTION_IN_16 0x9Eu
#define READ_CAPACITY_16_ACTION 0x10u

/* Harmless by opcode alone, but for the three above, which are looked into. */
static const struct {
    uint8_t opcode, length;
} harmless[] = {
    {0x00, 6},  /* TEST UNIT READY */
    {0x03, 6},  /* REQUEST SENSE */
    {0x08, 6},  /* READ(6) */
    {0x12, 6},  /* INQUIRY */
    {0x1A, 6},  /* MODE SENSE(6) */
    {0x25, 10}, /* READ CAPACITY(10) */
    {0x28, 10}, /* READ(10) */
    {0x43, 10}, /* READ TOC/PMA/ATIP */
    {0x46, 10}, /* GET CONFIGURATION */
    {0x4A, 10}, /* GET EVENT STATUS NOTIFICATION */
    {LOG_SENSE, 10},
    {0x52, 10}, /* READ TRACK INFORMATION; to an old disk XDREAD(10), which reads too */
    {0x5A, 10}, /* MODE SENSE(10) */
    {ATA_PASS_THROUGH_16, 16},
    {0x88, 16}, /* READ(16) */
    {SERVICE_ACTION_IN_16, 16},
    {0xA0, 12}, /* REPORT LUNS */
    {0xA8, 12}, /* READ(12) */
    {0xB9, 12}, /* READ CD MSF */
    {0xBE, 12}, /* READ CD; to an array controller VOLUME SET (IN), which reads too */
};

enum { NON_DATA = 3, PIO_IN = 4 }; /* the PROTOCOL field, SAT-3 12.2.2 */

static const struct ata_harmless {
    uint8_t command, protocol;
    uint16_t features;
    bool extend; /* a 48-bit command */
    bool smart;  /* wants the SMART signature in LBA(15:8) and LBA(23:16) */
} ata_harmless[] = {
    {0x27, NON_DATA, 0x0000, true, false},  /* READ NATIVE MAX ADDRESS EXT */
    {0x2F, PIO_IN, 0x0000, true, false},    /* READ LOG EXT; features 0: one bit of them makes a drive record its state anew */
    {0x78, NON_DATA, 0x0000, true, false},  /* GET NATIVE MAX ADDRESS EXT; 0001h sets, 0002h freezes */
    {0xA1, PIO_IN, 0x0000, false, false},   /* IDENTIFY PACKET DEVICE */
    {0xB0, PIO_IN, 0x00D0, false, true},    /* SMART READ DATA */
    {0xB0, PIO_IN, 0x00D1, false, true},    /* SMART READ THRESHOLDS */
    {0xB0, PIO_IN, 0x00D5, false, true},    /* SMART READ LOG */
    {0xB0, NON_DATA, 0x00DA, false, true},  /* SMART RETURN STATUS */
    {0xB1, PIO_IN, 0x00C2, false, false},   /* DEVICE CONFIGURATION IDENTIFY; C0h restores, C1h freezes, C3h sets */
    {0xEC, PIO_IN, 0x0000, false, false},   /* IDENTIFY DEVICE */
    {0xF8, NON_DATA, 0x0000, false, false}, /* READ NATIVE MAX ADDRESS */
};

static bool refuse(char *why, size_t room, const char *fmt, ...) EXH_PRINTF(3, 4);

static bool refuse(char *why, size_t room, const char *fmt, ...)
{
    if (why != NULL && room > 0) {
        va_list args;
        va_start(args, fmt);
        (void)vsnprintf(why, room, fmt, args);
        va_end(args);
    }
    return false;
}

static const struct ata_harmless *ata_row(uint8_t command, uint16_t features)
{
    for (size_t i = 0; i < sizeof ata_harmless / sizeof ata_harmless[0]; i++)
        if (ata_harmless[i].command == command && ata_harmless[i].features == features)
            return &ata_harmless[i];
    return NULL;
}

/* ATA PASS-THROUGH(16), SAT-3 12.2.2: byte 1 is MULTIPLE_COUNT, PROTOCOL, EXTEND; byte 2 is OFF_LINE, CK_COND, T_TYPE, T_DIR, BYT_BLOK, T_LENGTH. */
static bool ata_is_harmless(const uint8_t *cdb, char *why, size_t room)
{
    uint8_t command = cdb[14];
    uint16_t features = (uint16_t)(cdb[3] << 8 | cdb[4]);
    const struct ata_harmless *row = ata_row(command, features);
    if (row == NULL)
        return refuse(why, room, "ATA command %02Xh with features %04Xh is not on the read-only list", command, features);
    /* Byte 1 as a whole: no multiple count, this command's own protocol, and EXTEND as it must be. */
    if (cdb[1] != (row->protocol << 1 | (row->extend ? 1 : 0)))
        return refuse(why, room, "ATA command %02Xh in a form (%02Xh) that is not its own", command, cdb[1]);
    /* From the device, in blocks, counted by COUNT; or nothing at all. CK_COND only asks for the registers. */
    if ((cdb[2] & ~0x20) != (row->protocol == PIO_IN ? 0x0E : 0x00))
        return refuse(why, room, "ATA command %02Xh with transfer flags %02Xh", command, cdb[2]);
    if (!row->extend && (cdb[5] | cdb[7] | cdb[9] | cdb[11]) != 0)
        return refuse(why, room, "ATA command %02Xh of 28 bits with 48-bit registers", command);
    if (row->smart && (cdb[10] != 0x4F || cdb[12] != 0xC2))
        return refuse(why, room, "SMART %02Xh without its signature", features);
    return true;
}

static bool is_listed(uint8_t opcode, size_t length)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (harmless[i].opcode == opcode && harmless[i].length == length)
            return true;
    return false;
}

bool exh_command_is_harmless(const uint8_t *cdb, size_t length, char *why, size_t room)
{
    if (length == 0)
        return refuse(why, room, "an empty command");
    if (!is_listed(cdb[0], length))
        return refuse(why, room, "command %02Xh of %zu bytes is not on the read-only list", cdb[0], length);
    /* NACA would leave the device in a state that stops others' commands. */
    if (cdb[length - 1] != 0)
        return refuse(why, room, "command %02Xh with control byte %02Xh", cdb[0], cdb[length - 1]);
    switch (cdb[0]) {
    case LOG_SENSE: /* SP makes the device save its parameters */ return cdb[1] == 0 || refuse(why, room, "LOG SENSE (4Dh) that saves parameters");
    case SERVICE_ACTION_IN_16: return cdb[1] == READ_CAPACITY_16_ACTION || refuse(why, room, "command 9Eh with service action %02Xh", cdb[1] & 0x1F);
    case ATA_PASS_THROUGH_16: return ata_is_harmless(cdb, why, room);
    default: return true;
    }
}

bool exh_transport_send(struct exh_transport *transport, const struct exh_command_sent *command, void *in, uint32_t in_length,
                        struct exh_command_reply *reply, struct exh_error *err)
{
    char why[160] = "";
    memset(reply, 0, sizeof *reply);
    if (command->cdb_length > EXH_CDB_BYTES_MAX || (in == NULL && in_length > 0))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a command of %u bytes, or without a buffer", command->cdb_length);
    if (!exh_command_is_harmless(command->cdb, command->cdb_length, why, sizeof why))
        return exh_fail(err, EXH_REFUSED, EXH_NO_OFFSET, "not sent to the device: %s", why);
    if (!transport->ops->send(transport, command, in, in_length, reply, err))
        return exh_on_side(err, EXH_SIDE_SOURCE);
    if (reply->bytes > in_length)
        reply->bytes = in_length;
    if (reply->sense_length > EXH_SENSE_BYTES_MAX)
        reply->sense_length = EXH_SENSE_BYTES_MAX;
    return true;
}

void exh_transport_close(struct exh_transport *transport)
{
    if (transport != NULL)
        transport->ops->close(transport);
}
