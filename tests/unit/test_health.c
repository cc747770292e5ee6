/* What a drive says of its own health: SMART and SCSI log pages, and every way of not answering. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/health.h"
#include "fake_drive.h"

static struct exh_health ask(struct fake_drive *drive)
{
    struct exh_health health;
    exh_health_ask(&drive->transport, NULL, &health);
    assert_int_equal(drive->harm, 0);
    assert_true(health.attribute_count <= EXH_HEALTH_ATTRIBUTES_MAX);
    assert_true(health.state != EXH_HEALTH_NOT_AVAILABLE || health.why[0] != '\0');
    return health;
}

/* A slot of SMART data, and its threshold in another order. */
static void attribute(struct fake_drive *drive, unsigned slot, uint8_t id, uint8_t flags, uint8_t value, uint8_t worst, uint8_t threshold,
                      uint64_t raw)
{
    uint8_t *a = drive->smart_slots + slot * 12, *t = drive->threshold_slots + (29 - slot) * 12, whole[8];
    exh_put_le64(whole, raw);
    a[0] = id, a[1] = flags, a[3] = value, a[4] = worst;
    memcpy(a + 5, whole, 6);
    t[0] = id, t[1] = threshold;
}

static struct fake_drive drive_with_attributes(void)
{
    struct fake_drive drive = fake_ata_disk();
    attribute(&drive, 0, 1, 0x0F, 118, 99, 6, 0xBEEF00001234);
    attribute(&drive, 1, 5, 0x33, 100, 100, 36, 8);
    attribute(&drive, 3, 197, 0x12, 100, 100, 0, 16);
    attribute(&drive, 29, 251, 0x12, 5, 5, 10, 7);
    return drive;
}

static void smart_passed(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_attributes();
    struct exh_health h = ask(&drive);
    assert_string_equal(exh_health_state_name(&h), "passed");
    assert_string_equal(h.kind, "ata");
    assert_string_equal(h.why, "");
    assert_int_equal(h.attribute_count, 4);
    assert_string_equal(h.attributes[0].name, "Raw_Read_Error_Rate");
    assert_int_equal(h.attributes[0].raw, 0xBEEF00001234);
    assert_int_equal(h.attributes[0].value, 118);
    assert_int_equal(h.attributes[0].worst, 99);
    assert_int_equal(h.attributes[0].threshold, 6);
    assert_string_equal(h.attributes[1].name, "Reallocated_Sector_Ct");
    assert_int_equal(h.attributes[2].id, 197);
    assert_string_equal(h.attributes[2].name, "Current_Pending_Sector");
    assert_string_equal(h.attributes[3].name, "Unknown_Attribute");
    assert_int_equal(h.attributes[3].threshold, 10);
}

static void smart_all_thirty(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    for (unsigned i = 0; i < 30; i++)
        attribute(&drive, i, (uint8_t)(i + 1), 1, 100, 100, 10, i);
    struct exh_health h = ask(&drive);
    assert_int_equal(h.attribute_count, 30);
    assert_int_equal(h.attributes[29].raw, 29);
}

static void smart_failing(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_attributes();
    drive.exceeded = true;
    struct exh_health h = ask(&drive);
    assert_string_equal(exh_health_state_name(&h), "failing");
}

/* Behind a bridge that swallows the registers, by the attributes; an attribute that only tells age (251 above) never fails a drive. */
static void smart_by_attributes(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_attributes();
    drive.no_registers = true;
    struct exh_health h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_PASSED);
    assert_non_null(strstr(h.why, "by its attributes only"));
    attribute(&drive, 1, 5, 0x33, 36, 36, 36, 4000);
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_FAILING);
    assert_non_null(strstr(h.why, "Reallocated_Sector_Ct"));
    drive.no_registers = false;
    drive.wrong_signature = true;
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_FAILING);
    /* No status and no thresholds: nothing is known. */
    memset(drive.threshold_slots, 0, sizeof drive.threshold_slots);
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_NOT_AVAILABLE);
    assert_int_equal(h.attribute_count, 4);
}

static void smart_with_a_wrong_checksum(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_attributes();
    drive.bad_smart_checksum = true;
    struct exh_health h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_PASSED); /* the drive's own word */
    assert_int_equal(h.attribute_count, 0);
    assert_non_null(strstr(h.why, "wrong checksum"));
    drive.no_registers = true;
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_NOT_AVAILABLE);
}

static void smart_not_there(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_attributes();
    drive.smart_off = true;
    struct exh_health h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_NOT_AVAILABLE);
    assert_non_null(strstr(h.why, "switched off"));
    drive.smart = false;
    h = ask(&drive);
    assert_non_null(strstr(h.why, "has no SMART"));
    assert_int_equal(drive.by_opcode[0x85], 2); /* only IDENTIFY DEVICE, twice */
}

static void no_drive(void **state)
{
    (void)state;
    struct exh_health h;
    struct fake_drive optical = fake_scsi_disk(100, 2048), dead = fake_ata_disk();
    exh_health_ask(NULL, "it is a file", &h);
    assert_string_equal(h.why, "it is a file");
    assert_string_equal(exh_health_state_name(&h), "not-available");
    assert_string_equal(h.kind, "");
    optical.type = 5;
    h = ask(&optical);
    assert_non_null(strstr(h.why, "optical"));
    dead.script[0] = (struct fake_event){.at = 0, .host_status = 1};
    dead.script_count = 1;
    h = ask(&dead);
    assert_non_null(strstr(h.why, "host adapter status 01h"));
}

/* ---- SCSI ---- */

static const uint8_t log_00[] = {0x00, 0, 0, 7, 0x00, 0x02, 0x03, 0x0D, 0x0E, 0x15, 0x2F};
static const uint8_t log_02[] = {0x02, 0, 0, 12, 0, 6, 0x02, 8, 0, 0, 0, 0, 0, 0, 0, 3};
static const uint8_t log_03[] = {0x03, 0, 0, 18, 0, 3, 0x02, 4, 0, 0, 0x10, 0x01, 0, 6, 0x02, 2, 0, 9, 0x80, 0, 0x02, 0}; /* one of its own, empty */
static const uint8_t log_0d[] = {0x0D, 0, 0, 6, 0, 0, 0x01, 2, 0, 38};
static const uint8_t log_15[] = {0x15, 0, 0, 20, 0, 0, 0x03, 16, 0, 0, 0x30, 0x39, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t log_2f_good[] = {0x2F, 0, 0, 8, 0, 0, 0x03, 4, 0, 0, 38, 0};
static const uint8_t log_2f_fails[] = {0x2F, 0, 0, 8, 0, 0, 0x03, 4, 0x5D, 0x10, 38, 0};
static const uint8_t log_2f_false[] = {0x2F, 0, 0, 8, 0, 0, 0x03, 4, 0x5D, 0xFF, 38, 0};
static const uint8_t log_2f_warm[] = {0x2F, 0, 0, 8, 0, 0, 0x03, 4, 0x0B, 0x01, 70, 0};

static void set_log(struct fake_drive *drive, uint8_t page, const uint8_t *bytes, size_t length)
{
    drive->log[page] = bytes;
    drive->log_bytes[page] = (uint32_t)length;
}

static struct fake_drive drive_with_logs(void)
{
    struct fake_drive drive = fake_scsi_disk(8000, 520);
    set_log(&drive, 0x00, log_00, sizeof log_00);
    set_log(&drive, 0x02, log_02, sizeof log_02);
    set_log(&drive, 0x03, log_03, sizeof log_03);
    set_log(&drive, 0x0D, log_0d, sizeof log_0d);
    set_log(&drive, 0x15, log_15, sizeof log_15);
    set_log(&drive, 0x2F, log_2f_good, sizeof log_2f_good);
    return drive;
}

static uint64_t raw_of(const struct exh_health *h, const char *name)
{
    for (uint32_t i = 0; i < h->attribute_count; i++)
        if (strcmp(h->attributes[i].name, name) == 0)
            return h->attributes[i].raw;
    fail_msg("no %s", name);
    return 0;
}

static void scsi_logs(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_logs();
    struct exh_health h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_PASSED);
    assert_string_equal(h.kind, "scsi");
    assert_string_equal(h.why, "");
    assert_int_equal(raw_of(&h, "Write_Total_Uncorrected"), 3);
    assert_int_equal(raw_of(&h, "Read_Total_Corrected"), 0x1001);
    assert_int_equal(raw_of(&h, "Read_Total_Uncorrected"), 9);
    assert_int_equal(raw_of(&h, "Temperature_Celsius"), 38);
    assert_int_equal(raw_of(&h, "Power_On_Minutes"), 12345);
    assert_int_equal(raw_of(&h, "Informational_Exception"), 0);
    assert_int_equal(h.attribute_count, 6);
    assert_int_equal(drive.by_opcode[0x4D], 7); /* each page once; 0Eh is listed, refused, and does no harm */
}

static void scsi_exceptions(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_logs();
    set_log(&drive, 0x2F, log_2f_fails, sizeof log_2f_fails);
    struct exh_health h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_FAILING);
    assert_non_null(strstr(h.why, "failure prediction threshold exceeded (0/5d/10)"));
    set_log(&drive, 0x2F, log_2f_false, sizeof log_2f_false);
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_PASSED);
    set_log(&drive, 0x2F, log_2f_warm, sizeof log_2f_warm);
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_PASSED);
    assert_non_null(strstr(h.why, "temperature exceeded"));
    set_log(&drive, 0x2F, NULL, 0);
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_NOT_AVAILABLE);
    assert_int_equal(h.attribute_count, 5);
    set_log(&drive, 0x00, NULL, 0);
    h = ask(&drive);
    assert_int_equal(h.state, EXH_HEALTH_NOT_AVAILABLE);
    assert_non_null(strstr(h.why, "LOG SENSE"));
}

static void scsi_pages_cut_at_every_length(void **state)
{
    (void)state;
    struct fake_drive drive = drive_with_logs();
    for (size_t n = 0; n <= sizeof log_03; n++) {
        set_log(&drive, 0x03, log_03, n);
        struct exh_health h = ask(&drive);
        assert_int_equal(h.state, EXH_HEALTH_PASSED);
        assert_int_equal(h.attribute_count, n < 12 ? 4 : n < 18 ? 5 : 6);
    }
    const uint8_t log_0d_short[] = {0x0D, 0, 0, 5, 0, 0, 0x01, 1, 0}; /* a value that ends before the temperature */
    set_log(&drive, 0x0D, log_0d_short, sizeof log_0d_short);
    assert_int_equal(ask(&drive).attribute_count, 5);
    for (size_t n = 0; n < 10; n++) {
        set_log(&drive, 0x2F, log_2f_good, n);
        assert_int_equal(ask(&drive).state, EXH_HEALTH_NOT_AVAILABLE);
    }
}

static void garbage(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        struct fake_drive drive = i % 2 == 0 ? drive_with_attributes() : drive_with_logs();
        drive.random = i * 7919 + 3;
        drive.garbage_all = i % 3 == 0, drive.garbage_data = i % 3 == 1, drive.garbage_registers = i % 3 == 2;
        struct exh_health h = ask(&drive);
        for (uint32_t a = 0; a < h.attribute_count; a++)
            assert_true(memchr(h.attributes[a].name, '\0', sizeof h.attributes[a].name) != NULL);
        if (drive.garbage_all)
            assert_int_equal(h.state, EXH_HEALTH_NOT_AVAILABLE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smart_passed),
        cmocka_unit_test(smart_all_thirty),
        cmocka_unit_test(smart_failing),
        cmocka_unit_test(smart_by_attributes),
        cmocka_unit_test(smart_with_a_wrong_checksum),
        cmocka_unit_test(smart_not_there),
        cmocka_unit_test(no_drive),
        cmocka_unit_test(scsi_logs),
        cmocka_unit_test(scsi_exceptions),
        cmocka_unit_test(scsi_pages_cut_at_every_length),
        cmocka_unit_test(garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
