/* The audit of a disc's sectors: counts, places, Q, and what it may say in a verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "disc_lab.h"
#include "formats/model/disc.h"
#include "formats/optical/cdtext.h"
#include "verify/verify.h"

static enum exh_verdict audit(struct lab_disc *lab, unsigned threads, struct exh_verify_result *r)
{
    static const char *const algorithms[] = {"crc32"};
    struct exh_error err = {0};
    struct exh_verify ask = {.medium = lab->medium, .algorithms = algorithms, .algorithm_count = 1, .audit = true, .threads = threads};
    if (!exh_verify_run(&ask, r, &err))
        fail_msg("%s", err.text);
    return r->verdict;
}

static size_t findings_of(const struct exh_verify_result *r, const char *check, const char *outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < r->findings.count; i++)
        n += strcmp(r->findings.items[i].check, check) == 0 && strcmp(r->findings.items[i].outcome, outcome) == 0;
    return n;
}

static bool told(const struct exh_verify_result *r, const char *check, const char *words)
{
    for (size_t i = 0; i < r->findings.count; i++)
        if (strcmp(r->findings.items[i].check, check) == 0 && strstr(r->findings.items[i].detail, words) != NULL)
            return true;
    return false;
}

static const struct lab_track data[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 3000, .seed = 1},
                                        {.kind = EXH_TRACK_MODE2, .main_bytes = 2352, .sectors = 500, .pregap = 150, .seed = 2}};

/* Only checksums, and all of them hold: consistent, by checksum. */
static void good_data_are_consistent(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, data, 2, 0);
    assert_int_equal(audit(&lab, 1, &r), EXH_CONSISTENT);
    assert_true(r.basis[EXH_BASIS_CHECKSUM]);
    assert_int_equal(r.audit.track_count, 2);
    assert_int_equal(r.audit.tracks[0].verdicts[EXH_SECTOR_OK], 3000);
    assert_int_equal(r.audit.tracks[0].forms[EXH_FORM_MODE1], 3000);
    assert_int_equal(r.audit.tracks[1].forms[EXH_FORM_MODE2_1], 650);
    assert_int_equal(r.audit.tracks[1].address_differs, 0);
    assert_int_equal(findings_of(&r, "edc", "consistent"), 2);
    assert_int_equal(r.findings.count, 2);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* Audio has no EDC, 2048 bytes neither: nobody can call such a disc consistent. */
static void unchecked_sectors_leave_it_open(void **state)
{
    (void)state;
    static const struct lab_track with[][2] = {{{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 100, .seed = 1},
                                                {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 100, .seed = 2}},
                                               {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 100, .seed = 1},
                                                {.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 100, .seed = 2}}};
    for (size_t i = 0; i < 2; i++) {
        struct lab_disc lab;
        struct exh_verify_result r;
        lab_open(&lab, with[i], 2, 0);
        assert_int_equal(audit(&lab, 1, &r), EXH_NO_REFERENCE);
        assert_true(r.audit.tracks[0].checked);
        assert_false(r.audit.tracks[1].checked);
        exh_verify_result_close(&r);
        lab_close(&lab);
    }
}

/* A bad EDC is a fact of the image: told with its place, and no damage; but the disc is not called consistent either. */
static void bad_sectors_are_told_with_their_place(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, data, 2, 0);
    for (int64_t lba = 100; lba < 110; lba++)
        memset(lab_at(&lab, 1, lba) + 100, 0xA5, 1500); /* beyond what the parities correct */
    lab_at(&lab, 1, 447)[500] ^= 1;                     /* the parities correct this one; in the second block of the walk */
    lab_at(&lab, 1, 2999)[3] ^= 1;                      /* sync */
    lab_at(&lab, 2, 0)[2300] ^= 1;                      /* parity of Form 1 */
    assert_int_equal(audit(&lab, 1, &r), EXH_NO_REFERENCE);
    const struct exh_audit_track *t = &r.audit.tracks[0];
    assert_int_equal(t->verdicts[EXH_SECTOR_OK], 3000 - 12);
    assert_int_equal(t->verdicts[EXH_SECTOR_EDC_BAD], 10);
    assert_int_equal(t->verdicts[EXH_SECTOR_REPAIRABLE], 1);
    assert_int_equal(t->verdicts[EXH_SECTOR_BAD_SYNC], 1);
    assert_int_equal(t->range_count, 3);
    assert_int_equal(t->ranges[0].lba, 100);
    assert_int_equal(t->ranges[0].count, 10);
    assert_int_equal(t->ranges[1].lba, 447);
    assert_int_equal(t->ranges[2].lba, 2999);
    assert_int_equal(r.audit.tracks[1].verdicts[EXH_SECTOR_ECC_BAD], 1);
    assert_int_equal(r.audit.tracks[1].ranges[0].lba, 3150);
    assert_int_equal(t->without_ecc, 0);
    assert_int_equal(findings_of(&r, "edc", "warning"), 1 + 2);
    assert_true(told(&r, "edc", "track 1: 11 sectors fail their EDC: their ECC would correct 1"));
    assert_int_equal(findings_of(&r, "edc", "consistent"), 1); /* of track 2: a parity is not the EDC */
    assert_true(told(&r, "edc", "10 sectors from LBA 100"));
    assert_true(told(&r, "sync", "1 sector from LBA 2999"));
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* How many of the bad sectors of a track their own parities would correct, and how many have none. */
static void what_could_be_corrected_is_counted(void **state)
{
    (void)state;
    static const struct lab_track xa = {.kind = EXH_TRACK_MODE2, .main_bytes = 2352, .sectors = 400, .seed = 2};
    struct lab_disc lab;
    struct exh_verify_result r;
    uint8_t user[2324] = {7};
    lab_open(&lab, &xa, 1, 0);
    lab_at(&lab, 1, 20)[500] ^= 1;
    (void)audit(&lab, 1, &r);
    assert_true(told(&r, "edc", "track 1: 1 sector fails its EDC: its ECC would correct it"));
    exh_verify_result_close(&r);
    lab_noise(lab_at(&lab, 1, 20) + 100, 1500, 3);
    (void)audit(&lab, 1, &r);
    assert_true(told(&r, "edc", "track 1: 1 sector fails its EDC: its ECC would not correct it"));
    exh_verify_result_close(&r);
    for (int64_t lba = 100; lba < 103; lba++) {
        exh_sector_make_form(lab_at(&lab, 1, lba), user, 2324, lba);
        lab_at(&lab, 1, lba)[900] ^= 1;
    }
    for (int64_t lba = 300; lba < 305; lba++)
        lab_at(&lab, 1, lba)[60 + lba] ^= 0x5A;
    (void)audit(&lab, 3, &r);
    assert_true(told(&r, "edc", "track 1: 9 sectors fail their EDC: their ECC would correct 5; 3 of them are Form 2, which has none"));
    assert_int_equal(r.audit.tracks[0].without_ecc, 3);
    assert_int_equal(findings_of(&r, "edc", "warning"), 1 + 3);
    exh_verify_result_close(&r);
    lab_close(&lab);
    lab_open(&lab, &xa, 1, 0);
    exh_sector_make_form(lab_at(&lab, 1, 5), user, 2324, 5);
    lab_at(&lab, 1, 5)[900] ^= 1;
    (void)audit(&lab, 1, &r);
    assert_true(told(&r, "edc", "track 1: 1 sector fails its EDC: it is Form 2, which has no ECC"));
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* Ranges are kept up to a bound, counts always. */
static void many_bad_sectors_are_counted(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, data, 2, 0);
    for (int64_t lba = 0; lba < 3000; lba += 2)
        lab_at(&lab, 1, lba)[0] = 1;
    (void)audit(&lab, 3, &r);
    const struct exh_audit_track *t = &r.audit.tracks[0];
    assert_int_equal(t->verdicts[EXH_SECTOR_BAD_SYNC], 1500);
    assert_int_equal(t->range_count, EXH_AUDIT_RANGES_MAX);
    assert_int_equal(t->ranges_left_out, 1500 - EXH_AUDIT_RANGES_MAX);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* The same disc placed elsewhere: every header is off by as many sectors. One sector moved is another thing. */
static void a_shift_is_told_once(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, data, 1, 0);
    for (int64_t lba = 0; lba < 3000; lba++) {
        uint8_t *s = lab_at(&lab, 1, lba), user[2048];
        memcpy(user, s + 16, 2048);
        exh_sector_make_mode1(s, user, lba - 7);
    }
    assert_int_equal(audit(&lab, 3, &r), EXH_CONSISTENT);
    assert_int_equal(r.audit.tracks[0].address_differs, 3000);
    assert_int_equal(r.audit.tracks[0].shift, -7);
    assert_true(r.audit.tracks[0].shift_constant);
    assert_int_equal(findings_of(&r, "address", "warning"), 1);
    exh_verify_result_close(&r);
    lab_close(&lab);

    lab_open(&lab, data, 1, 0);
    memcpy(lab_at(&lab, 1, 2000), lab_at(&lab, 1, 1000), 2352);
    (void)audit(&lab, 3, &r);
    assert_int_equal(r.audit.tracks[0].address_differs, 1);
    assert_int_equal(r.audit.tracks[0].shift, -1000);
    assert_false(r.audit.tracks[0].shift_constant);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* ---- Q ---- */

static const struct lab_track subbed[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 1000, .seed = 1, .sub = true},
                                          {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 1000, .pregap = 150, .seed = 2, .sub = true}};

static void put_crc(uint8_t q[12])
{
    uint16_t crc = exh_crc16_q(q, 10);
    q[10] = (uint8_t)(crc >> 8), q[11] = (uint8_t)crc;
}

static uint8_t *q_at(struct lab_disc *lab, unsigned track, int64_t lba)
{
    return lab->sub[track - 1] + (size_t)(lba - lab->layout.tracks[track - 1].first) * 96 + EXH_SUB_Q;
}

/* 13 digits, and the frame of the sector. */
static void put_mcn(struct lab_disc *lab, unsigned track, int64_t lba, const char *digits)
{
    uint8_t *q = q_at(lab, track, lba);
    memset(q, 0, 12);
    q[0] = 0x42;
    for (unsigned i = 0; i < 13; i++)
        q[1 + i / 2] |= (uint8_t)((digits[i] - '0') << (i % 2 == 0 ? 4 : 0));
    q[9] = exh_to_bcd((uint8_t)((lba + 150) % 75));
    put_crc(q);
}

static void put_isrc(struct lab_disc *lab, unsigned track, int64_t lba, const char *text)
{
    uint8_t *q = q_at(lab, track, lba);
    uint32_t letters = 0;
    memset(q, 0, 12);
    q[0] = 0x03;
    for (unsigned i = 0; i < 5; i++)
        letters |= (uint32_t)(text[i] - '0') << (26 - 6 * i);
    for (unsigned i = 0; i < 4; i++)
        q[1 + i] = (uint8_t)(letters >> (24 - 8 * i));
    for (unsigned i = 0; i < 7; i++)
        q[5 + i / 2] |= (uint8_t)((text[5 + i] - '0') << (i % 2 == 0 ? 4 : 0));
    put_crc(q);
}

static void q_is_held_against_the_layout(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, subbed, 2, 0);
    (void)audit(&lab, 3, &r);
    const struct exh_audit_q *q = &r.audit.tracks[0].q;
    assert_int_equal(q->sectors, 1000);
    assert_int_equal(q->right, 1000);
    assert_int_equal(q->crc_good, 1000);
    assert_true(q->first_bad == EXH_NO_LBA && q->first_wrong == EXH_NO_LBA && q->first_shifted == EXH_NO_LBA);
    assert_int_equal(r.audit.tracks[1].q.right, 1150); /* INDEX 00 counts down */
    assert_int_equal(r.audit.tracks[1].q.control_differs, 0);
    assert_int_equal(findings_of(&r, "q-position", "warning"), 0);
    exh_verify_result_close(&r);

    q_at(&lab, 1, 10)[3] ^= 1;                                         /* CRC */
    memset(q_at(&lab, 1, 11), 0, 12);                                  /* nothing at all */
    exh_q_make_position(q_at(&lab, 1, 12), 4, 2, 1, 12, 12);           /* another track */
    exh_q_make_position(q_at(&lab, 1, 13), 0, 1, 1, 13, 13);           /* control of audio */
    exh_q_make_position(q_at(&lab, 1, 14), 4 | 2, 1, 1, 14, 14);       /* the copy bit alternates on some discs */
    exh_q_make_position(q_at(&lab, 1, 700), 4, 1, 1, 700, 700 + 5000); /* far off */
    exh_q_make_position(q_at(&lab, 2, 2000), 0, 2, 2, 850, 2000);      /* INDEX 02, of which the layout knows nothing */
    (void)audit(&lab, 3, &r);
    q = &r.audit.tracks[0].q;
    assert_int_equal(q->crc_bad, 1);
    assert_int_equal(q->first_bad, 10);
    assert_int_equal(q->blank, 1);
    assert_int_equal(q->wrong, 2);
    assert_int_equal(q->first_wrong, 12);
    assert_int_equal(q->control_differs, 1);
    assert_int_equal(r.audit.tracks[1].q.wrong, 0);
    assert_int_equal(findings_of(&r, "q-crc", "warning"), 0); /* one in a thousand */
    assert_int_equal(findings_of(&r, "q-position", "warning"), 1);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

static void a_late_subchannel_is_a_finding(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, subbed, 2, 0);
    for (unsigned i = 0; i < 2; i++)
        memmove(lab.sub[i] + 96, lab.sub[i], (lab.layout.tracks[i].sectors - 1) * 96);
    memcpy(lab.sub[1], lab.sub[0] + 999 * 96, 96); /* as it comes when the whole disc's is late */
    exh_q_make_position(lab.sub[0] + EXH_SUB_Q, 4, 1, 0, -1, -1);
    exh_q_make_position(lab.sub[1] + EXH_SUB_Q, 4, 1, 1, 999, 999);
    (void)audit(&lab, 3, &r);
    assert_int_equal(r.audit.tracks[0].q.shifted, 1000);
    assert_int_equal(r.audit.tracks[0].q.shift, -1);
    assert_true(r.audit.tracks[0].q.shift_constant);
    assert_int_equal(r.audit.tracks[1].q.shifted, 1150);
    assert_true(told(&r, "q-position", "track 1: the subchannel is stored 1 sector too late"));
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* Misread texts are as good as their CRC, so one read is no read; zeros say that there is none. */
static void texts_need_two_reads(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, subbed, 2, 0);
    put_mcn(&lab, 1, 100, "0724354526725");
    put_isrc(&lab, 2, 1200, "USRC17607839");
    for (int64_t lba = 300; lba < 700; lba += 100)
        put_mcn(&lab, 1, lba, "0000000000000");
    (void)audit(&lab, 3, &r);
    assert_string_equal(r.audit.mcn, "");
    assert_string_equal(r.audit.tracks[1].isrc, "");
    assert_int_equal(r.audit.tracks[0].q.mcn, 5);
    exh_verify_result_close(&r);

    put_mcn(&lab, 2, 1500, "0724354526725");
    put_isrc(&lab, 2, 1300, "USRC17607839");
    put_isrc(&lab, 2, 1400, "USRC17607838");
    (void)audit(&lab, 3, &r);
    assert_string_equal(r.audit.mcn, "0724354526725");
    assert_int_equal(r.audit.mcn_reads, 2);
    assert_string_equal(r.audit.tracks[1].isrc, "USRC17607839");
    assert_false(r.audit.tracks[1].isrc_disputed);
    assert_string_equal(r.audit.tracks[0].isrc, "");
    assert_int_equal(findings_of(&r, "isrc", "warning") + findings_of(&r, "mcn", "warning"), 0);
    exh_verify_result_close(&r);

    struct exh_layout *layout = (struct exh_layout *)(uintptr_t)lab.medium->layout;
    struct exh_disc *disc = (struct exh_disc *)(uintptr_t)layout->disc;
    memcpy(disc->mcn, "0724354526726", 14);
    memcpy(layout->tracks[1].isrc, "USRC17607839", 13);
    put_isrc(&lab, 2, 1450, "USRC17607838");
    (void)audit(&lab, 3, &r);
    assert_true(told(&r, "mcn", "0724354526726"));
    assert_true(r.audit.tracks[1].isrc_disputed);
    assert_int_equal(findings_of(&r, "isrc", "warning"), 1);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* ---- threads ---- */

static void same_result(const struct exh_disc_audit *a, const struct exh_disc_audit *b)
{
    assert_int_equal(a->track_count, b->track_count);
    assert_string_equal(a->mcn, b->mcn);
    for (uint32_t i = 0; i < a->track_count; i++) {
        struct exh_audit_track x = a->tracks[i], y = b->tracks[i];
        assert_int_equal(x.range_count, y.range_count);
        for (size_t k = 0; k < x.range_count; k++) {
            assert_int_equal(x.ranges[k].lba, y.ranges[k].lba);
            assert_int_equal(x.ranges[k].count, y.ranges[k].count);
            assert_int_equal(x.ranges[k].verdict, y.ranges[k].verdict);
        }
        assert_memory_equal(x.verdicts, y.verdicts, sizeof x.verdicts);
        assert_memory_equal(x.forms, y.forms, sizeof x.forms);
        assert_int_equal(x.address_differs, y.address_differs);
        assert_int_equal(x.shift, y.shift);
        assert_int_equal(x.shift_constant, y.shift_constant);
        assert_int_equal(x.q.right, y.q.right);
        assert_int_equal(x.q.crc_bad, y.q.crc_bad);
        assert_int_equal(x.q.shift, y.q.shift);
        assert_int_equal(x.q.first_bad, y.q.first_bad);
        assert_string_equal(x.isrc, y.isrc);
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result serial, threaded;
    lab_open(&lab, subbed, 2, 0);
    for (int64_t lba = 3; lba < 1000; lba += 7)
        lab_at(&lab, 1, lba)[lba % 2352] ^= 0x40;
    for (int64_t lba = 40; lba < 1000; lba += 90)
        q_at(&lab, 1, lba)[4] ^= 2;
    put_mcn(&lab, 1, 101, "0724354526725");
    put_mcn(&lab, 2, 1900, "0724354526725");
    put_isrc(&lab, 2, 1300, "USRC17607839");
    put_isrc(&lab, 2, 1400, "USRC17607839");
    (void)audit(&lab, 1, &serial);
    for (int i = 0; i < 5; i++) {
        (void)audit(&lab, 4, &threaded);
        same_result(&serial.audit, &threaded.audit);
        assert_int_equal(serial.findings.count, threaded.findings.count);
        exh_verify_result_close(&threaded);
    }
    exh_verify_result_close(&serial);
    lab_close(&lab);
}

static void a_disk_is_not_audited(void **state)
{
    (void)state;
    static const struct lab_track iso = {.kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 64, .seed = 1};
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, &iso, 1, 0);
    assert_int_equal(audit(&lab, 1, &r), EXH_NO_REFERENCE);
    assert_null(r.audit.tracks);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_data_are_consistent),
        cmocka_unit_test(unchecked_sectors_leave_it_open),
        cmocka_unit_test(bad_sectors_are_told_with_their_place),
        cmocka_unit_test(what_could_be_corrected_is_counted),
        cmocka_unit_test(many_bad_sectors_are_counted),
        cmocka_unit_test(a_shift_is_told_once),
        cmocka_unit_test(q_is_held_against_the_layout),
        cmocka_unit_test(a_late_subchannel_is_a_finding),
        cmocka_unit_test(texts_need_two_reads),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_disk_is_not_audited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
