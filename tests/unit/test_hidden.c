/* R17: hidden areas are looked for by asking only; found, none and not checked are never confused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "acquire/ata.h"
#include "acquire/hidden.h"
#include "fake_drive.h"

static struct exh_hidden look(struct fake_drive *drive)
{
    struct exh_hidden hidden;
    exh_hidden_look(&drive->transport, NULL, &hidden);
    assert_int_equal(drive->harm, 0);
    return hidden;
}

static void is_area(const struct exh_hidden_area *area, enum exh_hidden_state state, uint64_t sectors, const char *why)
{
    if (area->state != state || area->sectors != sectors || strstr(area->why, why) == NULL || (why[0] == '\0' && area->why[0] != '\0'))
        fail_msg("%s, %llu sectors, \"%s\"; expected %s, %llu, \"%s\"", exh_hidden_state_name(area->state), (unsigned long long)area->sectors,
                 area->why, exh_hidden_state_name(state), (unsigned long long)sectors, why);
    assert_true(state != EXH_HIDDEN_NOT_CHECKED || area->why[0] != '\0');
}

static void all_unchecked(const struct exh_hidden *hidden, const char *why)
{
    is_area(&hidden->hpa, EXH_HIDDEN_NOT_CHECKED, 0, why);
    is_area(&hidden->dco, EXH_HIDDEN_NOT_CHECKED, 0, why);
    is_area(&hidden->ama, EXH_HIDDEN_NOT_CHECKED, 0, why);
    assert_false(exh_hidden_none(hidden));
}

/* 8192 shown, 10000 native, 12000 in the overlay: 1808 in the HPA, 2000 more behind the DCO. */
static void r17_hpa_and_dco_are_found(void **state)
{
    (void)state;
    for (int shape = 0; shape < 3; shape++) {
        struct fake_drive drive = fake_ata_disk();
        drive.lba48 = shape != 1;
        drive.no_checksum = shape == 2;
        struct exh_hidden hidden = look(&drive);
        is_area(&hidden.hpa, EXH_HIDDEN_FOUND, 1808, "");
        is_area(&hidden.dco, EXH_HIDDEN_FOUND, 2000, "");
        is_area(&hidden.ama, EXH_HIDDEN_NONE, 0, "has no accessible max address");
        assert_int_equal(hidden.visible_sectors, 8192);
        assert_int_equal(hidden.native_sectors, 12000);
        assert_false(exh_hidden_none(&hidden));
    }
}

static void r17_addresses_of_28_and_48_bits(void **state)
{
    (void)state;
    struct fake_drive small = fake_ata_disk(), large = fake_ata_disk();
    small.lba48 = false;
    small.visible = 0x0ABCDEF0, small.native = small.dco = 0x0FFFFFFF; /* LBA(27:24) comes in DEVICE */
    struct exh_hidden hidden = look(&small);
    is_area(&hidden.hpa, EXH_HIDDEN_FOUND, 0x0FFFFFFF - 0x0ABCDEF0, "");
    large.visible = 0xA1B2C3D4E5F0, large.native = large.dco = 0xA1B2C3D4E5F7;
    hidden = look(&large);
    is_area(&hidden.hpa, EXH_HIDDEN_FOUND, 7, "");
    assert_int_equal(hidden.visible_sectors, 0xA1B2C3D4E5F0);
}

static void r17_accessible_max_address(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    drive.native = drive.dco = 0; /* ACS-3 did away with both */
    drive.ama = 9000;
    struct exh_hidden hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_NONE, 0, "has no HPA");
    is_area(&hidden.dco, EXH_HIDDEN_NONE, 0, "has no DCO");
    is_area(&hidden.ama, EXH_HIDDEN_FOUND, 808, "");
    drive.ama = 8192;
    hidden = look(&drive);
    is_area(&hidden.ama, EXH_HIDDEN_NONE, 0, "");
    assert_true(exh_hidden_none(&hidden));
    assert_int_equal(hidden.native_sectors, 8192);
}

static void r17_nothing_hidden(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    drive.native = drive.dco = drive.ama = 8192;
    struct exh_hidden hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_NONE, 0, "");
    is_area(&hidden.dco, EXH_HIDDEN_NONE, 0, "");
    is_area(&hidden.ama, EXH_HIDDEN_NONE, 0, "");
    assert_true(exh_hidden_none(&hidden));
}

static uint32_t bit_of(uint8_t command) { return 1u << (command & 31); }

static void r17_a_drive_that_aborts_was_not_checked(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    drive.ama = 12000;
    drive.aborts = bit_of(0xB1);
    struct exh_hidden hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_FOUND, 1808, "");
    is_area(&hidden.dco, EXH_HIDDEN_NOT_CHECKED, 0, "the drive aborts DEVICE CONFIGURATION IDENTIFY");
    drive.aborts = bit_of(0x78);
    hidden = look(&drive);
    is_area(&hidden.ama, EXH_HIDDEN_NOT_CHECKED, 0, "the drive aborts GET NATIVE MAX ADDRESS EXT");
    drive.aborts = bit_of(0xEC);
    hidden = look(&drive);
    all_unchecked(&hidden, "the drive aborts IDENTIFY DEVICE");
    assert_int_equal(hidden.visible_sectors, 0);
    /* Without the native address the overlay's surplus is found, but not whose it is. */
    drive.ama = 0;
    drive.aborts = bit_of(0x27);
    hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_NOT_CHECKED, 0, "the drive aborts READ NATIVE MAX ADDRESS EXT");
    is_area(&hidden.dco, EXH_HIDDEN_FOUND, 12000 - 8192, "may be hidden by the HPA");
}

/* All numbers equal, but what brings them is not sound: not checked, and not "none". */
static void r17_an_unsound_answer_is_no_answer(void **state)
{
    (void)state;
    static const uint8_t statuses[] = {0x10, 0xD0, 0x70, 0x58, 0x51};
    struct fake_drive drive = fake_ata_disk();
    drive.native = drive.dco = drive.ama = 8192;
    drive.bad_dco_checksum = true;
    struct exh_hidden hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_NONE, 0, "");
    is_area(&hidden.dco, EXH_HIDDEN_NOT_CHECKED, 0, "checksum");
    for (size_t i = 0; i < sizeof statuses; i++) {
        drive.ata_status = statuses[i];
        hidden = look(&drive);
        is_area(&hidden.hpa, EXH_HIDDEN_NOT_CHECKED, 0, "status is");
        is_area(&hidden.ama, EXH_HIDDEN_NOT_CHECKED, 0, "status is");
    }
    drive.short_data = true;
    hidden = look(&drive);
    all_unchecked(&hidden, "511 bytes");
}

static void r17_bridges(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    drive.no_registers = true;
    struct exh_hidden hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_NOT_CHECKED, 0, "does not return its registers");
    is_area(&hidden.dco, EXH_HIDDEN_FOUND, 12000 - 8192, "may be hidden by the HPA");
    /* Fixed sense has room for 24 bits: enough for a small disk, said to be cut for a large one. */
    drive.no_registers = false;
    drive.fixed_registers = true;
    hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_FOUND, 1808, "");
    drive.native = drive.dco = 0x2000000;
    hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_NOT_CHECKED, 0, "only the low 24 bits");
    drive = fake_scsi_disk(8192, 512); /* passes no ATA commands */
    hidden = look(&drive);
    all_unchecked(&hidden, "a SCSI disk, or an ATA disk that does not answer");
    assert_int_equal(drive.by_opcode[0x85], 1);
}

static void r17_a_drive_that_contradicts_itself(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    drive.native = 8000;
    struct exh_hidden hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_NOT_CHECKED, 0, "contradicts itself");
    drive.native = 10000, drive.dco = 9999;
    hidden = look(&drive);
    is_area(&hidden.dco, EXH_HIDDEN_NOT_CHECKED, 0, "contradicts itself");
}

static void r17_no_disk_and_no_transport(void **state)
{
    (void)state;
    struct exh_hidden hidden;
    struct fake_drive drive = fake_ata_disk();
    exh_hidden_look(NULL, "a loop device has no drive behind it", &hidden);
    all_unchecked(&hidden, "a loop device has no drive behind it");
    exh_hidden_look(NULL, NULL, &hidden);
    all_unchecked(&hidden, "takes no commands");
    drive.type = 5;
    hidden = look(&drive);
    all_unchecked(&hidden, "no disk");
    assert_int_equal(drive.by_opcode[0x85], 0);
    drive = fake_ata_disk();
    drive.script[0] = (struct fake_event){.at = 0, .sys = ENODEV};
    drive.script_count = 1;
    hidden = look(&drive);
    all_unchecked(&hidden, "INQUIRY: ");
}

/* After power on each question may first be met with UNIT ATTENTION. */
static void r17_unit_attention_is_not_an_answer(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    for (uint32_t i = 0; i < 4; i++)
        drive.script[i] = (struct fake_event){.at = 2 * i, .sense = {6, 0x29, 0}};
    drive.script_count = 4;
    struct exh_hidden hidden = look(&drive);
    is_area(&hidden.hpa, EXH_HIDDEN_FOUND, 1808, "");
    is_area(&hidden.dco, EXH_HIDDEN_FOUND, 2000, "");
}

/* Each kind of answer at random while the rest is right: what was asked by it is never "none", and nothing crashes. */
static void r17_garbage_is_never_none(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    drive.native = drive.dco = drive.ama = 8192; /* the truth is "none" everywhere, and must not be said for a wrong reason */
    for (uint32_t i = 0; i < 100000; i++) {
        drive.random = i * 7919 + 1;
        drive.garbage_data = i % 3 == 0, drive.garbage_registers = i % 3 == 1, drive.garbage_all = i % 3 == 2;
        drive.fixed_registers = i % 5 == 0 && !drive.garbage_registers;
        struct exh_hidden hidden = look(&drive);
        assert_false(exh_hidden_none(&hidden));
        if (drive.garbage_registers) {
            assert_true(hidden.hpa.state != EXH_HIDDEN_NONE && hidden.ama.state != EXH_HIDDEN_NONE);
        } else { /* IDENTIFY is garbage: nothing follows */
            assert_true(hidden.hpa.state == EXH_HIDDEN_NOT_CHECKED && hidden.dco.state == EXH_HIDDEN_NOT_CHECKED);
            assert_true(hidden.ama.state == EXH_HIDDEN_NOT_CHECKED && hidden.visible_sectors == 0);
        }
    }
}

/* The overlay alone is garbage: sent through a second drive that takes over for that one command. */
static bool dco_at_random(struct exh_transport *t, const struct exh_command_sent *c, void *in, uint32_t n, struct exh_command_reply *r,
                          struct exh_error *err)
{
    struct fake_drive *d = (struct fake_drive *)t;
    d->garbage_data = c->cdb[0] == 0x85 && c->cdb[14] == 0xB1;
    return fake_send(t, c, in, n, r, err);
}

static void r17_a_garbage_overlay_is_never_none(void **state)
{
    (void)state;
    const struct exh_transport_ops ops = {.send = dco_at_random};
    struct fake_drive drive = fake_ata_disk();
    drive.transport.ops = &ops;
    drive.native = drive.dco = 8192;
    for (uint32_t i = 0; i < 100000; i++) {
        drive.random = i * 7919 + 1;
        struct exh_hidden hidden = look(&drive);
        is_area(&hidden.hpa, EXH_HIDDEN_NONE, 0, "");
        assert_true(hidden.dco.state != EXH_HIDDEN_NONE);
    }
}

/* ---- IDENTIFY data ---- */

static void identify_words(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    struct exh_ata_identity id;
    struct exh_error err = {0};
    uint8_t data[512] = {0};
    fake_identify(&drive, data);
    assert_true(exh_ata_identity_parse(data, &id, &err));
    assert_string_equal(id.model, "FAKE DISK 5");
    assert_string_equal(id.serial, "SN-0042");
    assert_string_equal(id.firmware, "FW1.0");
    assert_int_equal(id.sectors, 8192);
    assert_int_equal(id.sector_bytes, 512);
    assert_true(id.feature_sets_told && id.hpa && id.dco && id.lba48 && id.smart && id.smart_enabled && !id.ama);
    data[100]++; /* a byte that nobody looks at: the checksum does */
    assert_false(exh_ata_identity_parse(data, &id, &err));
    assert_non_null(strstr(err.text, "checksum"));
    /* 4Kn: 2048 words a sector. Then CompactFlash, an ATAPI device, incomplete data. */
    memset(data, 0, sizeof data);
    drive.no_checksum = true;
    fake_identify(&drive, data);
    exh_put_le16(data + 212, 0x5000);
    exh_put_le32(data + 234, 2048);
    assert_true(exh_ata_identity_parse(data, &id, &err));
    assert_int_equal(id.sector_bytes, 4096);
    exh_put_le16(data, 0x848A);
    assert_true(exh_ata_identity_parse(data, &id, &err));
    exh_put_le16(data, 0x8580);
    assert_false(exh_ata_identity_parse(data, &id, &err));
    exh_put_le16(data, 0x0040);
    exh_put_le16(data + 4, 0x37C8);
    assert_false(exh_ata_identity_parse(data, &id, &err));
    exh_put_le16(data + 4, 0xC837);
    assert_true(exh_ata_identity_parse(data, &id, &err));
    /* Word 83 not valid: an old drive that tells no feature sets. */
    exh_put_le16(data + 166, 0x0C00);
    assert_true(exh_ata_identity_parse(data, &id, &err));
    assert_true(!id.feature_sets_told && !id.hpa && !id.dco && !id.smart);
    memset(data, 0xFF, sizeof data);
    assert_false(exh_ata_identity_parse(data, &id, &err));
    memset(data, 0, sizeof data);
    assert_false(exh_ata_identity_parse(data, &id, &err));
}

static void r17_feature_sets_not_told_are_not_checked(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    drive.native = drive.dco = drive.ama = 8192;
    drive.no_feature_sets = true;
    struct exh_hidden hidden = look(&drive);
    all_unchecked(&hidden, "does not tell its feature sets");
    assert_int_equal(hidden.visible_sectors, 8192);
}

static void registers_cut_at_every_length(void **state)
{
    (void)state;
    uint8_t sense[64] = {0x72, 1, 0, 0x1D, 0, 0, 0, 26, 0x00, 10, [20] = 9, 12, 1, 0, 0, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x40, 0x50};
    struct exh_ata_registers r;
    for (size_t n = 0; n < 34; n++)
        assert_false(exh_ata_registers_of(sense, n, &r));
    assert_true(exh_ata_registers_of(sense, 34, &r));
    assert_int_equal(r.lba, 0x553311664422);
    assert_int_equal(r.status, 0x50);
    sense[7] = 25; /* a length that cuts the descriptor */
    assert_false(exh_ata_registers_of(sense, 64, &r));
    const uint8_t other[18] = {0x70, 0, 3, 0, 0x50, 0x40, [7] = 10, [12] = 0x11}; /* a read error is no set of registers */
    assert_false(exh_ata_registers_of(other, sizeof other, &r));
}

/* R13: all questions are on the list, and take the form that the standard gives them. */
static void r13_our_own_questions_pass(void **state)
{
    (void)state;
    uint8_t cdb[EXH_CDB_BYTES_MAX];
    char why[160] = "";
    for (int q = 0; q < EXH_ATA_QUESTIONS; q++) {
        exh_ata_cdb((enum exh_ata_question)q, cdb);
        if (!exh_command_is_harmless(cdb, sizeof cdb, why, sizeof why))
            fail_msg("%s: %s", exh_ata_question_name((enum exh_ata_question)q), why);
    }
    const uint8_t identify[16] = {0x85, 0x08, 0x0E, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x40, 0xEC, 0}, native[16] = {0x85, 0x07, 0x20, [13] = 0x40, 0x27},
                  smart[16] = {0x85, 0x06, 0x20, 0, 0xDA, [10] = 0x4F, [12] = 0xC2, 0x40, 0xB0};
    exh_ata_cdb(EXH_ATA_IDENTIFY, cdb);
    assert_memory_equal(cdb, identify, 16);
    exh_ata_cdb(EXH_ATA_NATIVE_MAX_EXT, cdb);
    assert_memory_equal(cdb, native, 16);
    exh_ata_cdb(EXH_ATA_SMART_STATUS, cdb);
    assert_memory_equal(cdb, smart, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r17_hpa_and_dco_are_found),
        cmocka_unit_test(r17_addresses_of_28_and_48_bits),
        cmocka_unit_test(r17_accessible_max_address),
        cmocka_unit_test(r17_nothing_hidden),
        cmocka_unit_test(r17_a_drive_that_aborts_was_not_checked),
        cmocka_unit_test(r17_an_unsound_answer_is_no_answer),
        cmocka_unit_test(r17_bridges),
        cmocka_unit_test(r17_a_drive_that_contradicts_itself),
        cmocka_unit_test(r17_no_disk_and_no_transport),
        cmocka_unit_test(r17_unit_attention_is_not_an_answer),
        cmocka_unit_test(r17_garbage_is_never_none),
        cmocka_unit_test(r17_a_garbage_overlay_is_never_none),
        cmocka_unit_test(identify_words),
        cmocka_unit_test(r17_feature_sets_not_told_are_not_checked),
        cmocka_unit_test(registers_cut_at_every_length),
        cmocka_unit_test(r13_our_own_questions_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
