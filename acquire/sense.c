/* sense.c - sense data: key, additional code and their words. See sense.h; SPC-4 4.5 and annex F. */
#include "acquire/sense.h"

#include "formats/model/bytes.h"

#define RESPONSE_FIXED 0x70u
#define RESPONSE_FIXED_DEFERRED 0x71u
#define RESPONSE_DESCRIPTOR 0x72u
#define RESPONSE_DESCRIPTOR_DEFERRED 0x73u

/* Bit 7 of byte 0 says whether the information field is valid, which is of no use here. */
static uint8_t response_code(const uint8_t *sense, size_t length) { return length > 0 ? sense[0] & 0x7F : 0; }

static void fixed_codes(const uint8_t *sense, size_t length, uint8_t out[3])
{
    struct exh_cursor c = exh_cursor_over(sense, length);
    exh_cursor_skip(&c, 2);
    uint8_t key = exh_cursor_u8(&c) & 0x0F;
    if (!exh_cursor_ok(&c))
        return;
    out[0] = key;
    exh_cursor_skip(&c, 4);
    uint8_t additional = exh_cursor_u8(&c); /* bytes behind byte 7: ASC is the fifth of them, ASCQ the sixth */
    exh_cursor_skip(&c, 4);
    uint8_t asc = exh_cursor_u8(&c), ascq = exh_cursor_u8(&c);
    if (exh_cursor_ok(&c) && additional >= 6) {
        out[1] = asc;
        out[2] = ascq;
    }
}

static void descriptor_codes(const uint8_t *sense, size_t length, uint8_t out[3])
{
    struct exh_cursor c = exh_cursor_over(sense, length);
    exh_cursor_skip(&c, 1);
    uint8_t key = exh_cursor_u8(&c) & 0x0F, asc = exh_cursor_u8(&c), ascq = exh_cursor_u8(&c);
    if (exh_cursor_ok(&c)) {
        out[0] = key;
        out[1] = asc;
        out[2] = ascq;
    }
}

void exh_sense_of(const uint8_t *sense, size_t length, uint8_t out[3])
{
    memset(out, 0, 3);
    switch (response_code(sense, length)) {
    case RESPONSE_FIXED:
    case RESPONSE_FIXED_DEFERRED: fixed_codes(sense, length, out); break;
    case RESPONSE_DESCRIPTOR:
    case RESPONSE_DESCRIPTOR_DEFERRED: descriptor_codes(sense, length, out); break;
    default: break;
    }
}

bool exh_sense_is_deferred(const uint8_t *sense, size_t length)
{
    uint8_t code = response_code(sense, length);
    return code == RESPONSE_FIXED_DEFERRED || code == RESPONSE_DESCRIPTOR_DEFERRED;
}

static const char *key_words(uint8_t key)
{
    static const char *const words[] = {"NO SENSE",       "RECOVERED ERROR", "NOT READY",   "MEDIUM ERROR",    "HARDWARE ERROR", "ILLEGAL REQUEST",
                                        "UNIT ATTENTION", "DATA PROTECT",    "BLANK CHECK", "VENDOR SPECIFIC", "COPY ABORTED",   "ABORTED COMMAND",
                                        "RESERVED",       "VOLUME OVERFLOW", "MISCOMPARE",  "COMPLETED"};
    return words[key & 0x0F];
}

/* Those that reading disks and discs meets; ANY_ASCQ stands behind the exact rows of its ASC. */
#define ANY_ASCQ (-1)
static const struct {
    uint8_t asc;
    int16_t ascq;
    const char *words;
} additional[] = {
    {0x00, 0x1D, "ATA pass-through information available"},
    {0x02, ANY_ASCQ, "no seek complete"},
    {0x03, ANY_ASCQ, "peripheral device write fault"},
    {0x04, 0x00, "not ready, cause not reportable"},
    {0x04, 0x01, "becoming ready"},
    {0x04, 0x02, "needs to be started"},
    {0x04, 0x03, "manual intervention required"},
    {0x04, 0x04, "format in progress"},
    {0x04, ANY_ASCQ, "not ready"},
    {0x05, ANY_ASCQ, "does not respond to selection"},
    {0x06, ANY_ASCQ, "no reference position found"},
    {0x08, ANY_ASCQ, "communication failure"},
    {0x09, ANY_ASCQ, "track following error"},
    {0x0B, 0x01, "warning: specified temperature exceeded"},
    {0x0B, ANY_ASCQ, "warning"},
    {0x10, ANY_ASCQ, "protection information check failed"},
    {0x11, 0x00, "unrecovered read error"},
    {0x11, 0x01, "read retries exhausted"},
    {0x11, 0x02, "error too long to correct"},
    {0x11, 0x04, "unrecovered read error, auto reallocate failed"},
    {0x11, 0x05, "L-EC uncorrectable error"},
    {0x11, 0x06, "CIRC unrecovered error"},
    {0x11, 0x0B, "unrecovered read error, reassignment recommended"},
    {0x11, ANY_ASCQ, "unrecovered read error"},
    {0x14, ANY_ASCQ, "recorded entity not found"},
    {0x15, ANY_ASCQ, "positioning error"},
    {0x16, ANY_ASCQ, "data synchronization mark error"},
    {0x17, ANY_ASCQ, "recovered data"},
    {0x18, ANY_ASCQ, "recovered data with error correction"},
    {0x20, 0x00, "invalid command operation code"},
    {0x20, 0x02, "access denied"},
    {0x21, 0x00, "logical block address out of range"},
    {0x21, ANY_ASCQ, "invalid address"},
    {0x24, 0x00, "invalid field in CDB"},
    {0x25, ANY_ASCQ, "logical unit not supported"},
    {0x27, ANY_ASCQ, "write protected"},
    {0x28, 0x00, "not ready to ready change, the medium may have changed"},
    {0x28, ANY_ASCQ, "medium changed"},
    {0x29, ANY_ASCQ, "power on, reset or bus device reset"},
    {0x2A, 0x09, "capacity data has changed"},
    {0x2A, ANY_ASCQ, "parameters changed"},
    {0x30, ANY_ASCQ, "incompatible medium"},
    {0x31, ANY_ASCQ, "medium format corrupted"},
    {0x3A, ANY_ASCQ, "medium not present"},
    {0x3E, ANY_ASCQ, "logical unit failure"},
    {0x3F, ANY_ASCQ, "operating conditions have changed"},
    {0x44, 0x00, "internal target failure"},
    {0x44, 0x71, "ATA device failed"},
    {0x47, ANY_ASCQ, "parity or CRC error on the way"},
    {0x4B, ANY_ASCQ, "data phase error"},
    {0x4E, ANY_ASCQ, "overlapped commands attempted"},
    {0x57, ANY_ASCQ, "unable to recover table of contents"},
    {0x5D, 0xFF, "failure prediction threshold exceeded (false: a test)"},
    {0x5D, ANY_ASCQ, "failure prediction threshold exceeded"},
    {0x63, ANY_ASCQ, "end of user area on this track"},
    {0x64, ANY_ASCQ, "illegal mode for this track"},
    {0x6F, ANY_ASCQ, "copy protection key exchange failure"},
};

static const char *additional_words(uint8_t asc, uint8_t ascq)
{
    for (size_t i = 0; i < sizeof additional / sizeof additional[0]; i++)
        if (additional[i].asc == asc && (additional[i].ascq == ascq || additional[i].ascq == ANY_ASCQ))
            return additional[i].words;
    return NULL;
}

const char *exh_sense_text(const uint8_t sense[3], char *out, size_t room)
{
    const char *words = additional_words(sense[1], sense[2]);
    (void)snprintf(out, room, "%s%s%s (%x/%02x/%02x)", key_words(sense[0]), words != NULL ? ", " : "", words != NULL ? words : "", sense[0] & 0x0F,
                   sense[1], sense[2]);
    return out;
}
