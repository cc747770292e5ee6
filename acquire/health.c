/* health.c - asking a drive how it is. See health.h; ACS-3 7.48 (SMART), SPC-4 7.3 and SBC-3 6.3 (log pages). */
#include "acquire/health.h"

#include "acquire/ata.h"
#include "formats/model/bytes.h"

const char *exh_health_state_name(const struct exh_health *health)
{
    static const char *const names[] = {"not-available", "passed", "failing"};
    return (unsigned)health->state < 3 ? names[health->state] : "bug";
}

/* ---- ATA: SMART ---- */

#define SMART_SLOTS 30u
#define SMART_SLOT_BYTES 12u
#define SIGNATURE_PASSED 0xC24Fu /* LBA(23:8) of SMART RETURN STATUS */
#define SIGNATURE_EXCEEDED 0x2CF4u

static const char *attribute_name(uint8_t id)
{
    static const char *const names[256] = {
        [1] = "Raw_Read_Error_Rate",
        [2] = "Throughput_Performance",
        [3] = "Spin_Up_Time",
        [4] = "Start_Stop_Count",
        [5] = "Reallocated_Sector_Ct",
        [7] = "Seek_Error_Rate",
        [8] = "Seek_Time_Performance",
        [9] = "Power_On_Hours",
        [10] = "Spin_Retry_Count",
        [11] = "Calibration_Retry_Count",
        [12] = "Power_Cycle_Count",
        [170] = "Available_Reserved_Space",
        [171] = "Program_Fail_Count",
        [172] = "Erase_Fail_Count",
        [173] = "Wear_Leveling_Count",
        [174] = "Unexpected_Power_Loss_Ct",
        [177] = "Wear_Leveling_Count",
        [179] = "Used_Rsvd_Blk_Cnt_Tot",
        [181] = "Program_Fail_Cnt_Total",
        [182] = "Erase_Fail_Count_Total",
        [183] = "Runtime_Bad_Block",
        [184] = "End-to-End_Error",
        [187] = "Reported_Uncorrect",
        [188] = "Command_Timeout",
        [189] = "High_Fly_Writes",
        [190] = "Airflow_Temperature_Cel",
        [191] = "G-Sense_Error_Rate",
        [192] = "Power-Off_Retract_Count",
        [193] = "Load_Cycle_Count",
        [194] = "Temperature_Celsius",
        [195] = "Hardware_ECC_Recovered",
        [196] = "Reallocated_Event_Count",
        [197] = "Current_Pending_Sector",
        [198] = "Offline_Uncorrectable",
        [199] = "UDMA_CRC_Error_Count",
        [200] = "Multi_Zone_Error_Rate",
        [201] = "Soft_Read_Error_Rate",
        [202] = "Data_Address_Mark_Errs",
        [220] = "Disk_Shift",
        [222] = "Loaded_Hours",
        [223] = "Load_Retry_Count",
        [225] = "Load_Cycle_Count",
        [226] = "Load-in_Time",
        [231] = "SSD_Life_Left",
        [233] = "Media_Wearout_Indicator",
        [240] = "Head_Flying_Hours",
        [241] = "Total_LBAs_Written",
        [242] = "Total_LBAs_Read",
        [254] = "Free_Fall_Sensor",
    };
    return names[id] != NULL ? names[id] : "Unknown_Attribute";
}

static struct exh_health_attribute *add(struct exh_health *out, uint8_t id, const char *name, uint64_t raw)
{
    struct exh_health_attribute *a = &out->attributes[out->attribute_count++];
    a->id = id;
    a->raw = raw;
    (void)snprintf(a->name, sizeof a->name, "%s", name);
    return a;
}

/* A slot: id, flags of two bytes, value, worst, raw of six bytes, one reserved. Slots of id 0 are empty. Returns which of the attributes foretell a
 * failure (flag bit 0), as bits by position; the others only tell age. */
static uint32_t take_attributes(const uint8_t data[EXH_ATA_DATA_BYTES], struct exh_health *out)
{
    uint32_t foretelling = 0;
    struct exh_cursor c = exh_cursor_over(data, EXH_ATA_DATA_BYTES);
    exh_cursor_skip(&c, 2);
    for (unsigned i = 0; i < SMART_SLOTS && out->attribute_count < EXH_HEALTH_ATTRIBUTES_MAX; i++) {
        uint8_t id = exh_cursor_u8(&c);
        uint16_t flags = exh_cursor_le16(&c);
        uint8_t value = exh_cursor_u8(&c), worst = exh_cursor_u8(&c);
        uint64_t raw = exh_cursor_le32(&c);
        raw |= (uint64_t)exh_cursor_le16(&c) << 32;
        exh_cursor_skip(&c, 1);
        if (id == 0 || !exh_cursor_ok(&c))
            continue;
        foretelling |= (uint32_t)(flags & 1) << out->attribute_count;
        struct exh_health_attribute *a = add(out, id, attribute_name(id), raw);
        a->value = value;
        a->worst = worst;
    }
    return foretelling;
}

/* A slot: id, threshold, ten reserved; not always in the order of the attributes. */
static void take_thresholds(const uint8_t data[EXH_ATA_DATA_BYTES], struct exh_health *out)
{
    for (size_t at = 2; at < 2 + SMART_SLOTS * SMART_SLOT_BYTES; at += SMART_SLOT_BYTES)
        for (uint32_t i = 0; i < out->attribute_count; i++)
            if (out->attributes[i].id == data[at])
                out->attributes[i].threshold = data[at + 1];
}

/* A threshold of 0 never fails, and FFh always does: a test value. */
static const struct exh_health_attribute *reached(const struct exh_health *health, uint32_t foretelling)
{
    for (uint32_t i = 0; i < health->attribute_count; i++) {
        const struct exh_health_attribute *a = &health->attributes[i];
        if ((foretelling >> i & 1) != 0 && a->value > 0 && a->threshold > 0 && a->threshold < 0xFF && a->value <= a->threshold)
            return a;
    }
    return NULL;
}

static bool ask_data(struct exh_transport *transport, enum exh_ata_question question, struct exh_ata_answer *answer, struct exh_error *err)
{
    if (!exh_ata_ask(transport, question, answer, err))
        return false;
    if (exh_ata_checksum_holds(answer->data) && !exh_all_zero(answer->data, sizeof answer->data))
        return true;
    return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "%s gives data with a wrong checksum", exh_ata_question_name(question));
}

/* Without the drive's own word: `err` says why there is none. */
static void state_by_attributes(uint32_t foretelling, const struct exh_error *err, struct exh_health *out)
{
    const struct exh_health_attribute *a = reached(out, foretelling);
    bool thresholds = false;
    for (uint32_t i = 0; i < out->attribute_count; i++)
        thresholds = thresholds || out->attributes[i].threshold > 0;
    if (!thresholds) {
        (void)snprintf(out->why, sizeof out->why, "%.150s", err->text);
        return;
    }
    out->state = a != NULL ? EXH_HEALTH_FAILING : EXH_HEALTH_PASSED;
    if (a != NULL)
        (void)snprintf(out->why, sizeof out->why, "%s has reached its threshold (%.60s)", a->name, err->text);
    else
        (void)snprintf(out->why, sizeof out->why, "by its attributes only (%.120s)", err->text);
}

static void ask_ata(struct exh_transport *transport, const struct exh_ata_identity *id, struct exh_health *out)
{
    struct exh_ata_answer answer;
    struct exh_error err = {0};
    uint32_t foretelling = 0;
    (void)snprintf(out->kind, sizeof out->kind, "ata");
    if (!id->smart || !id->smart_enabled) {
        (void)snprintf(out->why, sizeof out->why, "the drive %s SMART", id->smart ? "has switched off" : "has no");
        return;
    }
    if (ask_data(transport, EXH_ATA_SMART_DATA, &answer, &err)) {
        foretelling = take_attributes(answer.data, out);
        if (ask_data(transport, EXH_ATA_SMART_THRESHOLDS, &answer, &err))
            take_thresholds(answer.data, out);
    }
    (void)snprintf(out->why, sizeof out->why, "%.150s", err.text);
    if (exh_ata_ask(transport, EXH_ATA_SMART_STATUS, &answer, &err)) {
        uint64_t signature = answer.registers.lba >> 8 & 0xFFFF;
        if (signature == SIGNATURE_PASSED || signature == SIGNATURE_EXCEEDED) {
            out->state = signature == SIGNATURE_PASSED ? EXH_HEALTH_PASSED : EXH_HEALTH_FAILING;
            return;
        }
        (void)exh_fail(&err, EXH_CORRUPT, EXH_NO_OFFSET, "SMART RETURN STATUS gives a signature that makes no sense");
    }
    state_by_attributes(foretelling, &err, out);
}

/* ---- SCSI: log pages ---- */

#define PAGE_SUPPORTED 0x00u
#define PAGE_EXCEPTIONS 0x2Fu
#define LOG_BYTES 1024u
#define FAILURE_PREDICTED 0x5Du
#define FALSE_PREDICTION 0xFFu
#define WARNING 0x0Bu

/* What is taken of the logs, in this order: page, parameter, bytes of the value (0: all of it, a counter) from `skip` on. */
static const struct counter {
    uint8_t page;
    uint16_t parameter;
    uint8_t skip, bytes;
    const char *name;
} counters[] = {
    {0x02, 0x0000, 0, 0, "Write_Corrected_Without_Delay"},
    {0x02, 0x0001, 0, 0, "Write_Corrected_With_Delay"},
    {0x02, 0x0003, 0, 0, "Write_Total_Corrected"},
    {0x02, 0x0006, 0, 0, "Write_Total_Uncorrected"},
    {0x03, 0x0000, 0, 0, "Read_Corrected_Without_Delay"},
    {0x03, 0x0001, 0, 0, "Read_Corrected_With_Delay"},
    {0x03, 0x0002, 0, 0, "Read_Total_Retries"},
    {0x03, 0x0003, 0, 0, "Read_Total_Corrected"},
    {0x03, 0x0004, 0, 0, "Read_Correction_Algorithm_Runs"},
    {0x03, 0x0005, 0, 0, "Read_Bytes_Processed"},
    {0x03, 0x0006, 0, 0, "Read_Total_Uncorrected"},
    {0x05, 0x0003, 0, 0, "Verify_Total_Corrected"},
    {0x05, 0x0006, 0, 0, "Verify_Total_Uncorrected"},
    {0x06, 0x0000, 0, 0, "Non-Medium_Error_Count"},
    {0x0D, 0x0000, 1, 1, "Temperature_Celsius"},
    {0x0D, 0x0001, 1, 1, "Reference_Temperature_Celsius"},
    {0x0E, 0x0004, 0, 0, "Start_Stop_Cycles"},
    {0x0E, 0x0006, 0, 0, "Load_Unload_Cycles"},
    {0x15, 0x0000, 0, 4, "Power_On_Minutes"},
    {PAGE_EXCEPTIONS, 0x0000, 0, 2, "Informational_Exception"},
};

static const struct counter *counter_of(uint8_t page, uint16_t parameter)
{
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
        if (counters[i].page == page && counters[i].parameter == parameter)
            return &counters[i];
    return NULL;
}

static bool value_of(const uint8_t *bytes, uint8_t length, const struct counter *counter, uint64_t *value)
{
    uint8_t n = counter->bytes != 0 ? counter->bytes : length;
    if (n == 0 || n > 8 || counter->skip + n > length)
        return false;
    *value = 0;
    for (uint8_t i = 0; i < n; i++)
        *value = *value << 8 | bytes[counter->skip + i];
    return true;
}

static void take_page(uint8_t page, const uint8_t *bytes, uint32_t length, struct exh_health *out)
{
    struct exh_cursor c = exh_cursor_over(bytes, length);
    exh_cursor_skip(&c, 4);
    while (exh_cursor_left(&c) > 0 && out->attribute_count < EXH_HEALTH_ATTRIBUTES_MAX) {
        uint16_t parameter = exh_cursor_be16(&c);
        exh_cursor_skip(&c, 1);
        uint8_t size = exh_cursor_u8(&c);
        const uint8_t *value = exh_cursor_bytes(&c, size);
        const struct counter *counter = counter_of(page, parameter);
        uint64_t raw;
        if (value != NULL && counter != NULL && value_of(value, size, counter, &raw))
            (void)add(out, page, counter->name, raw);
    }
}

/* Pages 00h lists; read in the order of the table, each once. */
static void take_pages(struct exh_transport *transport, const uint8_t *listed, uint32_t length, struct exh_health *out)
{
    uint8_t bytes[LOG_BYTES];
    struct exh_error err = {0};
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        uint8_t page = counters[i].page;
        uint32_t got;
        bool first = i == 0 || counters[i - 1].page != page;
        if (first && length > 4 && memchr(listed + 4, page, length - 4) != NULL && exh_scsi_log(transport, page, bytes, LOG_BYTES, &got, &err))
            take_page(page, bytes, got, out);
    }
}

static void judge_exception(struct exh_health *out)
{
    for (uint32_t i = 0; i < out->attribute_count; i++) {
        if (out->attributes[i].id != PAGE_EXCEPTIONS)
            continue;
        uint8_t asc = (uint8_t)(out->attributes[i].raw >> 8), ascq = (uint8_t)out->attributes[i].raw;
        uint8_t sense[3] = {EXH_SENSE_NONE, asc, ascq};
        out->state = asc == FAILURE_PREDICTED && ascq != FALSE_PREDICTION ? EXH_HEALTH_FAILING : EXH_HEALTH_PASSED;
        if (asc != 0)
            (void)exh_sense_text(sense, out->why, sizeof out->why);
        return;
    }
    (void)snprintf(out->why, sizeof out->why, "the device has no Informational Exceptions log page");
}

static void ask_scsi(struct exh_transport *transport, struct exh_health *out)
{
    uint8_t listed[LOG_BYTES];
    uint32_t length;
    struct exh_error err = {0};
    if (!exh_scsi_log(transport, PAGE_SUPPORTED, listed, LOG_BYTES, &length, &err)) {
        (void)snprintf(out->why, sizeof out->why, "LOG SENSE: %.140s", err.text);
        return;
    }
    (void)snprintf(out->kind, sizeof out->kind, "scsi");
    take_pages(transport, listed, length, out);
    judge_exception(out);
}

/* ---- asking ---- */

void exh_health_ask(struct exh_transport *transport, const char *why, struct exh_health *out)
{
    uint8_t type;
    struct exh_ata_identity id;
    struct exh_error err = {0};
    memset(out, 0, sizeof *out);
    if (transport == NULL)
        (void)snprintf(out->why, sizeof out->why, "%s", why != NULL && why[0] != '\0' ? why : "the device takes no commands");
    else if (!exh_scsi_type(transport, &type, &err))
        (void)snprintf(out->why, sizeof out->why, "%.150s", err.text);
    else if (type == EXH_SCSI_OPTICAL)
        (void)snprintf(out->why, sizeof out->why, "optical drives do not tell their health");
    else if (exh_ata_identify(transport, &id, &err))
        ask_ata(transport, &id, out);
    else
        ask_scsi(transport, out);
}
