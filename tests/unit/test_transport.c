/* R13: the list of what may be sent to a device, tried with everything; and what a device says back (sense data). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_drive.h"

/* Written down here a second time, from the standards: opcode and CDB length of what may pass without a look inside. */
static const uint8_t expected[][2] = {{0x00, 6},  {0x03, 6},  {0x08, 6},  {0x12, 6},  {0x1A, 6},  {0x25, 10}, {0x28, 10}, {0x43, 10}, {0x46, 10},
                                      {0x4A, 10}, {0x4D, 10}, {0x52, 10}, {0x5A, 10}, {0x88, 16}, {0xA0, 12}, {0xA8, 12}, {0xB9, 12}, {0xBE, 12}};

static bool is_expected(unsigned opcode, size_t length)
{
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (expected[i][0] == opcode && expected[i][1] == length)
            return true;
    return false;
}

static void r13_every_opcode_in_every_length(void **state)
{
    (void)state;
    unsigned passed = 0;
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        for (size_t length = 0; length <= EXH_CDB_BYTES_MAX; length++) {
            uint8_t cdb[EXH_CDB_BYTES_MAX] = {(uint8_t)opcode};
            char why[80] = "";
            bool ok = exh_command_is_harmless(cdb, length, why, sizeof why);
            assert_int_equal(ok, is_expected(opcode, length));
            assert_int_equal(exh_command_is_harmless(cdb, length, NULL, 0), ok);
            passed += ok;
            if (!ok && length > 0) {
                char named[8];
                (void)snprintf(named, sizeof named, "%02Xh", opcode);
                if (opcode != 0x85)
                    assert_non_null(strstr(why, named));
            }
        }
    }
    assert_int_equal(passed, sizeof expected / sizeof expected[0]);
}

/* Opcodes that read on one kind of device and write on another: neither is sent. */
static void r13_one_opcode_of_two_meanings(void **state)
{
    (void)state;
    static const struct {
        uint8_t opcode, length;
    } two[] = {{0xA1, 12} /* ATA PASS-THROUGH(12), BLANK */,
               {0x42, 10} /* READ SUB-CHANNEL, UNMAP */,
               {0x51, 10} /* READ DISC INFORMATION, XPWRITE */,
               {0xAC, 12} /* GET PERFORMANCE, ERASE */,
               {0xBD, 12} /* MECHANISM STATUS, SPARE (OUT) */};
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++) {
        uint8_t cdb[EXH_CDB_BYTES_MAX] = {two[i].opcode, 0x08, 0x0E};
        cdb[9] = two[i].opcode == 0xA1 ? 0xEC : 0;
        assert_false(exh_command_is_harmless(cdb, two[i].length, NULL, 0));
    }
}

static void r13_service_actions_log_sense_and_control(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t action[16] = {0x9E, (uint8_t)byte}, log[10] = {0x4D, (uint8_t)byte}, control[10] = {0x28, [9] = (uint8_t)byte};
        assert_int_equal(exh_command_is_harmless(action, 16, NULL, 0), byte == 0x10);
        assert_int_equal(exh_command_is_harmless(log, 10, NULL, 0), byte == 0); /* SP saves */
        assert_int_equal(exh_command_is_harmless(control, 10, NULL, 0), byte == 0);
    }
}

/* Which ATA command, with which features, in which first byte (protocol and EXTEND)? From ACS-3, a second time. */
static int expected_form(unsigned command, unsigned features)
{
    switch (command) {
    case 0xEC:
    case 0xA1: return features == 0 ? 4 << 1 : -1;
    case 0xF8: return features == 0 ? 3 << 1 : -1;
    case 0x27:
    case 0x78: return features == 0 ? (3 << 1 | 1) : -1;
    case 0x2F: return features == 0 ? (4 << 1 | 1) : -1;
    case 0xB1: return features == 0xC2 ? 4 << 1 : -1;
    case 0xB0: return features == 0xD0 || features == 0xD1 || features == 0xD5 ? 4 << 1 : features == 0xDA ? 3 << 1 : -1;
    default: return -1;
    }
}

static void ata(uint8_t cdb[16], unsigned command, unsigned features, unsigned form, unsigned flags)
{
    memset(cdb, 0, 16);
    cdb[0] = 0x85;
    cdb[1] = (uint8_t)form;
    cdb[2] = (uint8_t)flags;
    cdb[3] = (uint8_t)(features >> 8);
    cdb[4] = (uint8_t)features;
    cdb[10] = 0x4F;
    cdb[12] = 0xC2;
    cdb[14] = (uint8_t)command;
}

/* All commands with all 65,536 features: in the form that would be right where there is one, in a usual one where there is none. */
static void r13_every_ata_command(void **state)
{
    (void)state;
    static const unsigned flags[] = {0x0E, 0x20};
    uint8_t cdb[16];
    unsigned passed = 0;
    for (unsigned command = 0; command < 256; command++) {
        for (unsigned features = 0; features < 0x10000; features++) {
            int form = expected_form(command, features);
            for (size_t f = 0; f < 2; f++) {
                ata(cdb, command, features, form >= 0 ? (unsigned)form : f == 0 ? 4u << 1 : 3u << 1, flags[f]);
                bool ok = exh_command_is_harmless(cdb, 16, NULL, 0);
                bool pio = form >> 1 == 4;
                if (ok != (form >= 0 && pio == (flags[f] == 0x0E)))
                    fail_msg("command %02x features %04x flags %02x: %d", command, features, flags[f], ok);
                passed += ok;
            }
        }
    }
    assert_int_equal(passed, 11);
}

static void r13_every_ata_form(void **state)
{
    (void)state;
    uint8_t cdb[16];
    unsigned passed = 0;
    for (unsigned command = 0; command < 256; command++) {
        static const unsigned features[] = {0x0000, 0x0001, 0x00C2, 0x00C0, 0x00C3, 0x00D0, 0x00D1, 0x00D2, 0x00D5, 0x00D6, 0x00D8, 0x00DA, 0x0100};
        for (size_t k = 0; k < sizeof features / sizeof features[0]; k++) {
            int form = expected_form(command, features[k]);
            for (unsigned one = 0; one < 256; one++) {
                if (form < 0 && one != 4u << 1 && one != 3u << 1 && one != 6u << 1 && one != 5u << 1)
                    continue;
                for (unsigned two = 0; two < 256; two++) {
                    ata(cdb, command, features[k], one, two);
                    unsigned want = form >> 1 == 4 ? 0x0E : 0x00;
                    bool right = form == (int)one && (two & ~0x20u) == want;
                    bool ok = exh_command_is_harmless(cdb, 16, NULL, 0);
                    if (ok != right)
                        fail_msg("command %02x features %04x bytes %02x %02x: %d", command, features[k], one, two, ok);
                    passed += ok;
                }
            }
        }
    }
    assert_int_equal(passed, 22); /* each with CK_COND and without */
}

static void r13_ata_registers_that_do_not_belong(void **state)
{
    (void)state;
    static const uint8_t high[] = {5, 7, 9, 11};
    uint8_t cdb[16];
    for (size_t i = 0; i < sizeof high; i++) {
        ata(cdb, 0xEC, 0, 4 << 1, 0x0E);
        assert_true(exh_command_is_harmless(cdb, 16, NULL, 0));
        cdb[high[i]] = 1;
        assert_false(exh_command_is_harmless(cdb, 16, NULL, 0));
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        ata(cdb, 0xB0, 0xD0, 4 << 1, 0x0E);
        cdb[10] = (uint8_t)byte;
        assert_int_equal(exh_command_is_harmless(cdb, 16, NULL, 0), byte == 0x4F);
        ata(cdb, 0xB0, 0xD0, 4 << 1, 0x0E);
        cdb[12] = (uint8_t)byte;
        assert_int_equal(exh_command_is_harmless(cdb, 16, NULL, 0), byte == 0xC2);
    }
}

/* Random commands, half of them bent towards the list, through the door: what arrives never harms any device. */
static void r13_nothing_harmful_gets_through(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    struct exh_command_reply reply;
    uint8_t in[512];
    uint64_t refused = 0, tries = 3000000;
    drive.random = 20260117;
    for (uint64_t i = 0; i < tries; i++) {
        struct exh_command_sent c = {.timeout_ms = 1000};
        struct exh_error err = {0};
        static const uint8_t lengths[] = {6, 10, 12, 16};
        for (unsigned k = 0; k < 16; k++)
            c.cdb[k] = fake_random(&drive) < 100 ? 0 : fake_random(&drive);
        c.cdb_length = lengths[fake_random(&drive) & 3];
        if (i % 2 == 0) { /* an ATA command, often of a right form */
            static const uint8_t forms[] = {6, 7, 8, 9, 10, 12}, twos[] = {0x0E, 0x20, 0x00, 0x2E, 0x06},
                                 features[] = {0, 0xC2, 0xD0, 0xDA, 0xC0, 0xD8};
            ata(c.cdb, fake_random(&drive), features[fake_random(&drive) % 6], forms[fake_random(&drive) % 6], twos[fake_random(&drive) % 5]);
            c.cdb_length = 16;
        }
        if (i % 4 == 1) { /* a SCSI command of the right length for its group, without a control byte */
            static const uint8_t groups[8] = {6, 10, 10, 16, 16, 12, 10, 10};
            c.cdb_length = groups[c.cdb[0] >> 5];
            c.cdb[c.cdb_length - 1] = 0;
        }
        bool ok = exh_transport_send(&drive.transport, &c, in, sizeof in, &reply, &err);
        if (!ok) {
            refused++;
            assert_int_equal(err.code, EXH_REFUSED);
        }
        if (drive.harm != 0)
            fail_msg("command %02x %02x %02x .. %02x got through", c.cdb[0], c.cdb[1], c.cdb[4], c.cdb[14]);
    }
    assert_int_equal(drive.sent, tries - refused);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(drive.by_opcode[expected[i][0]] > 0);
    assert_true(drive.by_opcode[0x85] > 100);
    print_message("%u of %llu got through\n", drive.sent, (unsigned long long)tries);
}

static void a_refusal_names_the_command(void **state)
{
    (void)state;
    struct fake_drive drive = fake_ata_disk();
    struct exh_command_reply reply;
    struct exh_error err = {0};
    struct exh_command_sent write10 = {.cdb = {0x2A, [8] = 1}, .cdb_length = 10}, disable = {.cdb_length = 16};
    assert_false(exh_transport_send(&drive.transport, &write10, NULL, 0, &reply, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "2Ah"));
    ata(disable.cdb, 0xB0, 0xD9, 3 << 1, 0x20); /* SMART DISABLE OPERATIONS */
    exh_error_clear(&err);
    assert_false(exh_transport_send(&drive.transport, &disable, NULL, 0, &reply, &err));
    assert_non_null(strstr(err.text, "B0h"));
    assert_non_null(strstr(err.text, "D9h"));
    assert_int_equal(drive.sent, 0);
}

/* A backend that claims more than there is room for. */
static bool boaster(struct exh_transport *t, const struct exh_command_sent *c, void *in, uint32_t n, struct exh_command_reply *r,
                    struct exh_error *err)
{
    (void)t, (void)c, (void)in, (void)n, (void)err;
    r->bytes = UINT32_MAX;
    r->sense_length = 255;
    return true;
}

static void claims_of_a_backend_are_cut(void **state)
{
    (void)state;
    const struct exh_transport_ops ops = {.send = boaster};
    struct exh_transport t = {&ops};
    struct exh_command_sent inquiry = {.cdb = {0x12, [4] = 36}, .cdb_length = 6};
    struct exh_command_reply reply;
    struct exh_error err = {0};
    uint8_t in[36];
    assert_true(exh_transport_send(&t, &inquiry, in, sizeof in, &reply, &err));
    assert_int_equal(reply.bytes, sizeof in);
    assert_int_equal(reply.sense_length, EXH_SENSE_BYTES_MAX);
    inquiry.cdb_length = 17;
    assert_false(exh_transport_send(&t, &inquiry, in, sizeof in, &reply, &err));
    assert_int_equal(err.code, EXH_BUG);
}

/* ---- sense data ---- */

static void is_sense(const uint8_t *bytes, size_t length, uint8_t key, uint8_t asc, uint8_t ascq)
{
    uint8_t out[3] = {9, 9, 9};
    exh_sense_of(bytes, length, out);
    assert_int_equal(out[0], key);
    assert_int_equal(out[1], asc);
    assert_int_equal(out[2], ascq);
}

static void sense_of_both_formats(void **state)
{
    (void)state;
    const uint8_t fixed[18] = {0xF0, 0, 0x03, 0, 0, 0x12, 0x34, 10, [12] = 0x11, 0x04};
    const uint8_t short_fixed[18] = {0x70, 0, 0x05, [7] = 4, [12] = 0x24};
    const uint8_t descriptor[8] = {0x72, 0x0B, 0x00, 0x06};
    const uint8_t deferred[18] = {0x71, 0, 0x04, [7] = 10, [12] = 0x44, 0x00}, deferred2[8] = {0x73, 0x04, 0x44, 0x00};
    is_sense(fixed, sizeof fixed, 3, 0x11, 4);
    is_sense(short_fixed, sizeof short_fixed, 5, 0, 0); /* additional length says that there is no ASC */
    is_sense(descriptor, sizeof descriptor, 0x0B, 0, 6);
    is_sense(deferred, sizeof deferred, 4, 0x44, 0);
    assert_true(exh_sense_is_deferred(deferred, sizeof deferred));
    assert_true(exh_sense_is_deferred(deferred2, sizeof deferred2));
    assert_false(exh_sense_is_deferred(fixed, sizeof fixed));
    /* Cut at every length: never past it, and nothing made up. */
    for (size_t n = 0; n < sizeof fixed; n++)
        is_sense(fixed, n, n >= 3 ? 3 : 0, n >= 14 ? 0x11 : 0, n >= 14 ? 4 : 0);
    for (size_t n = 0; n < 4; n++)
        is_sense(descriptor, n, 0, 0, 0);
    const uint8_t vendor[18] = {0x7F, 1, 2, 3};
    is_sense(vendor, sizeof vendor, 0, 0, 0);
}

static void sense_in_words(void **state)
{
    (void)state;
    char out[160];
    assert_string_equal(exh_sense_text((const uint8_t[3]){3, 0x11, 0}, out, sizeof out), "MEDIUM ERROR, unrecovered read error (3/11/00)");
    assert_string_equal(exh_sense_text((const uint8_t[3]){5, 0x21, 0}, out, sizeof out),
                        "ILLEGAL REQUEST, logical block address out of range (5/21/00)");
    assert_string_equal(exh_sense_text((const uint8_t[3]){11, 0, 6}, out, sizeof out), "ABORTED COMMAND (b/00/06)");
    assert_string_equal(exh_sense_text((const uint8_t[3]){2, 0x3A, 2}, out, sizeof out), "NOT READY, medium not present (2/3a/02)");
    assert_string_equal(exh_sense_text((const uint8_t[3]){0, 0, 0}, out, sizeof out), "NO SENSE (0/00/00)");
    for (unsigned i = 0; i < 0x1000000; i += 97) { /* every text fits and ends */
        (void)exh_sense_text((const uint8_t[3]){(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}, out, sizeof out);
        assert_true(strlen(out) > 10 && strlen(out) < 100);
    }
    assert_int_equal(strlen(exh_sense_text((const uint8_t[3]){3, 0x11, 0}, out, 10)), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r13_every_opcode_in_every_length),
        cmocka_unit_test(r13_one_opcode_of_two_meanings),
        cmocka_unit_test(r13_service_actions_log_sense_and_control),
        cmocka_unit_test(r13_every_ata_command),
        cmocka_unit_test(r13_every_ata_form),
        cmocka_unit_test(r13_ata_registers_that_do_not_belong),
        cmocka_unit_test(r13_nothing_harmful_gets_through),
        cmocka_unit_test(a_refusal_names_the_command),
        cmocka_unit_test(claims_of_a_backend_are_cut),
        cmocka_unit_test(sense_of_both_formats),
        cmocka_unit_test(sense_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
