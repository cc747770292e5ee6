/* ata.c - ATA PASS-THROUGH(16) and what comes back. See ata.h. */
#include "acquire/ata.h"

#include "formats/model/bytes.h"

#define ANSWER_MS 20000u
#define ATTENTIONS_MAX 4u

#define STATUS_BUSY 0x80u
#define STATUS_READY 0x40u
#define STATUS_FAULT 0x20u
#define STATUS_DATA_REQUEST 0x08u
#define STATUS_ERROR 0x01u
#define ERROR_ABORT 0x04u

#define CFA_SIGNATURE 0x848Au            /* word 0 of a CompactFlash card, which is an ATA disk although bit 15 is set */
#define INCOMPLETE_NEEDS_SPIN_UP 0x37C8u /* word 2 */
#define INCOMPLETE 0x8C73u
#define INTEGRITY_SIGNATURE 0xA5u /* low byte of word 255: the high byte is a checksum */

/* ---- questions ---- */

static const struct {
    const char *name;
    uint8_t command, features;
    bool data, extend, smart;
} questions[EXH_ATA_QUESTIONS] = {
    [EXH_ATA_IDENTIFY] = {"IDENTIFY DEVICE", 0xEC, 0x00, true, false, false},
    [EXH_ATA_NATIVE_MAX] = {"READ NATIVE MAX ADDRESS", 0xF8, 0x00, false, false, false},
    [EXH_ATA_NATIVE_MAX_EXT] = {"READ NATIVE MAX ADDRESS EXT", 0x27, 0x00, false, true, false},
    [EXH_ATA_DCO_IDENTIFY] = {"DEVICE CONFIGURATION IDENTIFY", 0xB1, 0xC2, true, false, false},
    [EXH_ATA_AMA_NATIVE_MAX_EXT] = {"GET NATIVE MAX ADDRESS EXT", 0x78, 0x00, false, true, false},
    [EXH_ATA_SMART_DATA] = {"SMART READ DATA", 0xB0, 0xD0, true, false, true},
    [EXH_ATA_SMART_THRESHOLDS] = {"SMART READ THRESHOLDS", 0xB0, 0xD1, true, false, true},
    [EXH_ATA_SMART_STATUS] = {"SMART RETURN STATUS", 0xB0, 0xDA, false, false, true},
};

const char *exh_ata_question_name(enum exh_ata_question question)
{
    return (unsigned)question < EXH_ATA_QUESTIONS ? questions[question].name : "bug";
}

void exh_ata_cdb(enum exh_ata_question question, uint8_t cdb[EXH_CDB_BYTES_MAX])
{
    memset(cdb, 0, EXH_CDB_BYTES_MAX);
    cdb[0] = 0x85;
    cdb[1] =
        (uint8_t)((questions[question].data ? 4 : 3) << 1 | (questions[question].extend ? 1 : 0)); /* PROTOCOL: PIO data-in or non-data; EXTEND */
    cdb[2] = questions[question].data ? 0x0E : 0x20; /* T_DIR, BYT_BLOK, length in COUNT; or CK_COND: return the registers */
    cdb[4] = questions[question].features;
    cdb[6] = questions[question].data ? 1 : 0; /* one block of 512 */
    if (questions[question].smart) {
        cdb[10] = 0x4F;
        cdb[12] = 0xC2;
    }
    cdb[13] = 0x40; /* DEVICE: LBA, which READ NATIVE MAX ADDRESS wants and the others ignore */
    cdb[14] = questions[question].command;
}

/* ---- registers ---- */

static bool registers_of_descriptor(struct exh_cursor *d, struct exh_ata_registers *out)
{
    uint8_t lba[6];
    (void)exh_cursor_u8(d); /* EXTEND */
    out->error = exh_cursor_u8(d);
    out->count = exh_cursor_be16(d);
    /* The registers of LBA(31:24), (7:0), (39:32), (15:8), (47:40), (23:16), in this order. */
    static const uint8_t place[6] = {3, 0, 4, 1, 5, 2};
    for (unsigned i = 0; i < 6; i++)
        lba[place[i]] = exh_cursor_u8(d);
    out->lba = exh_le32(lba) | (uint64_t)exh_le16(lba + 4) << 32;
    out->lba_whole = true;
    out->device = exh_cursor_u8(d);
    out->status = exh_cursor_u8(d);
    return exh_cursor_ok(d);
}

static bool registers_of_descriptors(const uint8_t *sense, size_t length, struct exh_ata_registers *out)
{
    struct exh_cursor c = exh_cursor_over(sense, length);
    exh_cursor_skip(&c, 7);
    size_t told = exh_cursor_u8(&c);
    if (told < exh_cursor_left(&c))
        c.length = c.position + told;
    while (exh_cursor_ok(&c) && exh_cursor_left(&c) > 0) {
        uint8_t type = exh_cursor_u8(&c), size = exh_cursor_u8(&c);
        const uint8_t *body = exh_cursor_bytes(&c, size);
        if (type == 0x09 && body != NULL) {
            struct exh_cursor d = exh_cursor_over(body, size);
            return registers_of_descriptor(&d, out);
        }
    }
    return false;
}

/* INFORMATION holds ERROR, STATUS, DEVICE, COUNT(7:0); COMMAND-SPECIFIC INFORMATION flags and LBA(7:0), (15:8), (23:16). */
static bool registers_of_fixed(const uint8_t *sense, size_t length, struct exh_ata_registers *out)
{
    struct exh_cursor c = exh_cursor_over(sense, length);
    exh_cursor_skip(&c, 3);
    out->error = exh_cursor_u8(&c);
    out->status = exh_cursor_u8(&c);
    out->device = exh_cursor_u8(&c);
    out->count = exh_cursor_u8(&c);
    exh_cursor_skip(&c, 1);
    uint8_t flags = exh_cursor_u8(&c);
    out->lba = exh_cursor_le16(&c);
    out->lba |= (uint64_t)exh_cursor_u8(&c) << 16;
    out->lba_whole = (flags & 0x20) == 0;
    return exh_cursor_ok(&c);
}

bool exh_ata_registers_of(const uint8_t *sense, size_t length, struct exh_ata_registers *out)
{
    memset(out, 0, sizeof *out);
    uint8_t code = length > 0 ? sense[0] & 0x7F : 0, codes[3];
    if (code == 0x72)
        return registers_of_descriptors(sense, length, out);
    exh_sense_of(sense, length, codes);
    return code == 0x70 && codes[1] == 0x00 && codes[2] == 0x1D && registers_of_fixed(sense, length, out);
}

/* ---- asking ---- */

static bool aborted(const struct exh_ata_registers *registers)
{
    return (registers->status & STATUS_ERROR) != 0 && (registers->error & ERROR_ABORT) != 0;
}

static bool take_registers(struct exh_ata_answer *out, enum exh_ata_question question, const struct exh_command_reply *reply, struct exh_error *err)
{
    struct exh_ata_registers *r = &out->registers;
    const char *name = questions[question].name;
    if (!exh_ata_registers_of(reply->sense, reply->sense_length, r)) {
        if (exh_scsi_ended_well(reply))
            return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "%s: what connects the drive does not return its registers", name);
        (void)exh_scsi_no_answer(reply, err);
        return exh_context(err, "%s", name);
    }
    if (aborted(r))
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "the drive aborts %s", name);
    if ((r->status & (STATUS_BUSY | STATUS_READY | STATUS_FAULT | STATUS_DATA_REQUEST | STATUS_ERROR)) != STATUS_READY)
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "%s: the drive's status is %02Xh, error %02Xh", name, r->status, r->error);
    /* A 28-bit command returns LBA(27:24) in DEVICE. */
    if (!questions[question].extend)
        r->lba = (r->lba & 0xFFFFFF) | (uint64_t)(r->device & 0x0F) << 24;
    return true;
}

static bool take_data(enum exh_ata_question question, const struct exh_command_reply *reply, struct exh_error *err)
{
    struct exh_ata_registers registers;
    if (exh_ata_registers_of(reply->sense, reply->sense_length, &registers) && aborted(&registers))
        return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "the drive aborts %s", questions[question].name);
    if (exh_scsi_ended_well(reply) && reply->bytes == EXH_ATA_DATA_BYTES)
        return true;
    (void)exh_scsi_no_answer(reply, err);
    return exh_context(err, "%s", questions[question].name);
}

bool exh_ata_ask(struct exh_transport *transport, enum exh_ata_question question, struct exh_ata_answer *out, struct exh_error *err)
{
    struct exh_command_sent command = {.cdb_length = EXH_CDB_BYTES_MAX, .timeout_ms = ANSWER_MS};
    struct exh_command_reply reply;
    memset(out, 0, sizeof *out);
    exh_ata_cdb(question, command.cdb);
    bool data = questions[question].data;
    /* A device that was reset or spun up says so once instead of an answer. */
    uint8_t sense[3] = {EXH_SENSE_ATTENTION};
    for (unsigned i = 0; i < ATTENTIONS_MAX && sense[0] == EXH_SENSE_ATTENTION; i++) {
        if (!exh_transport_send(transport, &command, data ? out->data : NULL, data ? EXH_ATA_DATA_BYTES : 0, &reply, err))
            return false;
        exh_sense_of(reply.sense, reply.sense_length, sense);
    }
    return data ? take_data(question, &reply, err) : take_registers(out, question, &reply, err);
}

/* ---- IDENTIFY DEVICE ---- */

uint16_t exh_ata_word(const uint8_t data[EXH_ATA_DATA_BYTES], unsigned n)
{
    struct exh_cursor c = exh_cursor_over(data, EXH_ATA_DATA_BYTES);
    exh_cursor_skip(&c, (size_t)n * 2);
    return exh_cursor_le16(&c);
}

bool exh_ata_checksum_holds(const uint8_t data[EXH_ATA_DATA_BYTES])
{
#ifdef EXH_FUZZING /* mutations must get past it */
    (void)data;
    return true;
#else
    uint8_t sum = 0;
    for (size_t i = 0; i < EXH_ATA_DATA_BYTES; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum == 0;
#endif
}

static uint64_t words(const uint8_t *data, unsigned first, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++)
        value |= (uint64_t)exh_ata_word(data, first + i) << (16 * i);
    return value;
}

/* A string of words, the first character in the high byte, padded with spaces (some drives: zeros). False: it holds what is no ASCII text. */
static bool text_of(const uint8_t *data, unsigned first, unsigned count, char *out)
{
    size_t from = 0, n = (size_t)count * 2;
    for (unsigned i = 0; i < count; i++) {
        uint16_t w = exh_ata_word(data, first + i);
        out[2 * i] = (char)(w >> 8);
        out[2 * i + 1] = (char)(w & 0xFF);
    }
    while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\0'))
        n--;
    while (from < n && out[from] == ' ')
        from++;
    memmove(out, out + from, n - from);
    out[n - from] = '\0';
    for (size_t i = 0; i < n - from; i++)
        if ((uint8_t)out[i] < 0x20 || (uint8_t)out[i] > 0x7E)
            return false;
    return true;
}

static uint64_t sectors_of(const uint8_t *data, bool lba48)
{
    uint64_t sectors = words(data, 60, 2);
    if (!lba48)
        return sectors;
    uint64_t wide = words(data, 100, 4), wider = (exh_ata_word(data, 69) & 0x0008) != 0 ? words(data, 230, 4) : 0;
    if (wide > sectors)
        sectors = wide;
    return wider > sectors ? wider : sectors;
}

/* Words whose bits 15:14 are 01b are told; others are not. */
static bool is_told(uint16_t word) { return word >> 14 == 1; }

static void take_feature_sets(const uint8_t *data, struct exh_ata_identity *out)
{
    uint16_t w82 = exh_ata_word(data, 82), w83 = exh_ata_word(data, 83), w119 = exh_ata_word(data, 119);
    out->feature_sets_told = is_told(w83) && w82 != 0x0000 && w82 != 0xFFFF;
    if (!out->feature_sets_told)
        return;
    out->smart = (w82 & 0x0001) != 0;
    out->smart_enabled = (exh_ata_word(data, 85) & 0x0001) != 0;
    out->hpa = (w82 & 0x0400) != 0;
    out->lba48 = (w83 & 0x0400) != 0;
    out->dco = (w83 & 0x0800) != 0;
    out->ama = is_told(w119) && (w119 & 0x0100) != 0;
}

static bool refuse(struct exh_error *err, const char *reason)
{
    return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "IDENTIFY DEVICE gives %s", reason);
}

bool exh_ata_identity_parse(const uint8_t data[EXH_ATA_DATA_BYTES], struct exh_ata_identity *out, struct exh_error *err)
{
    memset(out, 0, sizeof *out);
    uint16_t general = exh_ata_word(data, 0), specific = exh_ata_word(data, 2), size = exh_ata_word(data, 106);
    if ((general & 0x8000) != 0 && general != CFA_SIGNATURE)
        return refuse(err, "the data of no ATA disk");
    if (specific == INCOMPLETE_NEEDS_SPIN_UP || specific == INCOMPLETE)
        return refuse(err, "incomplete data");
    if ((exh_ata_word(data, 255) & 0xFF) == INTEGRITY_SIGNATURE && !exh_ata_checksum_holds(data))
        return refuse(err, "data with a wrong checksum");
    /* Older drives have no checksum; the names are as good a sign that these are the right 512 bytes. */
    bool named = text_of(data, 27, 20, out->model) && text_of(data, 10, 10, out->serial) && text_of(data, 23, 4, out->firmware);
    if (!named || out->model[0] == '\0')
        return refuse(err, "data without a model name");
    take_feature_sets(data, out);
    out->sectors = sectors_of(data, out->lba48);
    out->sector_bytes = is_told(size) && (size & 0x1000) != 0 ? (uint32_t)words(data, 117, 2) * 2 : 512;
    return out->sectors != 0 || refuse(err, "no number of sectors");
}

bool exh_ata_identify(struct exh_transport *transport, struct exh_ata_identity *out, struct exh_error *err)
{
    struct exh_ata_answer answer;
    memset(out, 0, sizeof *out);
    return exh_ata_ask(transport, EXH_ATA_IDENTIFY, &answer, err) && exh_ata_identity_parse(answer.data, out, err);
}
