/* The subchannels of two discs held against each other: what differs is told by channel, what proves nothing is told apart, and the verdict is the
 * main channel's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "disc_lab.h"
#include "formats/model/disc.h"
#include "verify/verify.h"

#define P 0u
#define Q EXH_SUB_Q
#define R EXH_SUB_RW

static const struct lab_track two[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 300, .seed = 1, .sub = true},
                                       {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 500, .pregap = 150, .seed = 2, .sub = true}};

struct pair {
    struct lab_disc a, b;
    struct exh_verify_result r;
};

static void pair_open(struct pair *p)
{
    lab_open(&p->a, two, 2, 0);
    lab_open(&p->b, two, 2, 0);
}

static void pair_close(struct pair *p)
{
    lab_close(&p->a);
    lab_close(&p->b);
}

/* The subchannel of an LBA of the two tracks above. */
static uint8_t *sub_at(struct lab_disc *lab, int64_t lba) { return lba < 300 ? lab->sub[0] + lba * 96 : lab->sub[1] + (lba - 300) * 96; }

static enum exh_verdict compare_with(struct pair *p, unsigned threads, uint32_t chunk_sectors)
{
    struct exh_error err = {0};
    struct exh_verify ask = {.medium = p->a.medium, .against = p->b.medium, .threads = threads, .chunk_sectors = chunk_sectors};
    if (!exh_verify_run(&ask, &p->r, &err))
        fail_msg("%s", err.text);
    return p->r.verdict;
}

static enum exh_verdict compare(struct pair *p) { return compare_with(p, 1, 0); }

static size_t told(const struct pair *p, const char *outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < p->r.findings.count; i++)
        n += strcmp(p->r.findings.items[i].check, "subchannel") == 0 && strcmp(p->r.findings.items[i].outcome, outcome) == 0;
    return n;
}

static const struct exh_finding *expect(const struct pair *p, const char *outcome, const char *words)
{
    const struct exh_findings *all = &p->r.findings;
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].check, "subchannel") == 0 && strcmp(all->items[i].outcome, outcome) == 0 &&
            strstr(all->items[i].detail, words) != NULL) {
            assert_int_equal(all->items[i].basis, EXH_BASIS_EXTERNAL);
            return &all->items[i];
        }
    for (size_t i = 0; i < all->count; i++)
        print_message("%s %s: %s\n", all->items[i].check, all->items[i].outcome, all->items[i].detail);
    fail_msg("no finding %s '%s'", outcome, words);
    return NULL;
}

/* What is told of a pair whose main channels are equal: one finding of `outcome` with these words, and no other beside matches. */
static void expect_only(struct pair *p, const char *outcome, const char *words, int64_t lba, uint64_t count)
{
    assert_int_equal(compare(p), EXH_MATCH);
    const struct exh_finding *f = expect(p, outcome, words);
    assert_int_equal(f->lba, lba);
    assert_int_equal(f->count, count);
    assert_int_equal(told(p, "warning") + told(p, "not-compared"), 1);
    exh_verify_result_close(&p->r);
}

/* ---- one kind of difference at a time ---- */

static void the_same_subchannel_matches(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    sub_at(&p.a, 40)[Q + 3] ^= 1; /* not valid, and the same on both sides */
    sub_at(&p.b, 40)[Q + 3] ^= 1;
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        assert_int_equal(compare_with(&p, threads, 64), EXH_MATCH);
        expect(&p, "match", "track 1: subchannel identical, P to W (300 sectors)");
        expect(&p, "match", "track 2: subchannel identical, P to W (650 sectors)");
        assert_int_equal(told(&p, "warning") + told(&p, "not-compared"), 0);
        exh_verify_result_close(&p.r);
    }
    pair_close(&p);
}

static void p_and_r_to_w_are_told_by_themselves(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    for (unsigned byte = P; byte < Q; byte++)
        sub_at(&p.b, 30 + (int64_t)byte)[byte] ^= 0x80;
    expect_only(&p, "warning", "track 1: P differs in 12 of 300 sectors: LBA 30 to 41", 30, 12);
    pair_close(&p);
    for (unsigned byte = R; byte < EXH_SUB_BYTES; byte++) { /* each of the 72 bytes */
        pair_open(&p);
        sub_at(&p.a, 500)[byte] ^= 1;
        expect_only(&p, "warning", "track 2: R to W differ in 1 of 650 sectors: LBA 500", 500, 1);
        pair_close(&p);
    }
}

static void make_q(struct lab_disc *lab, int64_t lba, int64_t says)
{
    exh_q_make_position(sub_at(lab, lba) + Q, lba < 300 ? EXH_CONTROL_DATA : 0, lba < 300 ? 1 : 2, 1, 0, says);
}

static void a_valid_q_is_told_apart_from_a_misread_one(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    make_q(&p.b, 10, 77);
    make_q(&p.b, 12, 70);
    expect_only(&p, "warning", "track 1: Q differs, its CRC right on both sides, in 2 of 300 sectors: LBA 10, 12", 10, 2);
    pair_close(&p);
    for (unsigned bit = 0; bit < 96; bit++) { /* every one of them breaks the CRC */
        pair_open(&p);
        sub_at(&p.b, 299)[Q + bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_only(&p, "not-compared", "track 1: Q is valid here, and its CRC fails there (misread, or made so), in 1 of 300 sectors: LBA 299", 299,
                    1);
        pair_close(&p);
    }
    pair_open(&p);
    sub_at(&p.a, 300)[Q + 11] ^= 1;
    expect_only(&p, "not-compared", "track 2: Q is valid there, and its CRC fails here (misread, or made so), in 1 of 650 sectors: LBA 300", 300, 1);
    sub_at(&p.b, 300)[Q + 10] ^= 1;
    expect_only(&p, "not-compared", "track 2: Q differs, and its CRC fails on both sides, in 1 of 650 sectors: LBA 300", 300, 1);
    pair_close(&p);
}

static void a_side_without_q_has_nothing_to_differ(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    for (int64_t lba = 0; lba < 300; lba++)
        memset(sub_at(&p.b, lba) + Q, 0, 12);
    expect_only(&p, "not-compared", "track 1: there is no Q there, only zeros, in 300 of 300 sectors: LBA 0 to 299", 0, 300);
    pair_close(&p);
    pair_open(&p);
    memset(sub_at(&p.a, 949) + Q, 0, 12);
    expect_only(&p, "not-compared", "track 2: there is no Q here, only zeros, in 1 of 650 sectors: LBA 949", 949, 1);
    pair_close(&p);
}

static void all_kinds_at_once(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    sub_at(&p.b, 1)[P] ^= 1;
    make_q(&p.b, 2, 20);
    sub_at(&p.b, 3)[Q] ^= 1;
    sub_at(&p.a, 4)[Q] ^= 1;
    sub_at(&p.a, 5)[Q] ^= 1, sub_at(&p.b, 5)[Q] ^= 2;
    memset(sub_at(&p.a, 6) + Q, 0, 12);
    memset(sub_at(&p.b, 7) + Q, 0, 12);
    sub_at(&p.b, 8)[R + 71] ^= 1;
    assert_int_equal(compare(&p), EXH_MATCH);
    assert_int_equal(told(&p, "warning"), 3);
    assert_int_equal(told(&p, "not-compared"), 5);
    assert_int_equal(told(&p, "match"), 1); /* of track 2 */
    expect(&p, "match", "track 2: ");
    exh_verify_result_close(&p.r);
    pair_close(&p);
}

/* ---- where ---- */

/* Sixteen frames of a protection in pairs: every LBA is named. Of thousands the first are, and all are counted. */
static void places_are_named_as_far_as_there_is_room(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    for (int64_t i = 0; i < 8; i++) {
        sub_at(&p.a, 310 + 40 * i)[Q + 9] ^= 1;
        sub_at(&p.a, 315 + 40 * i)[Q + 9] ^= 1;
    }
    expect_only(&p, "not-compared", "LBA 310, 315, 350, 355, 390, 395, 430, 435, 470, 475, 510, 515, 550, 555, 590, 595", 310, 16);
    assert_int_equal(compare(&p), EXH_MATCH);
    assert_null(strstr(expect(&p, "not-compared", "in 16 of 650")->detail, "others"));
    exh_verify_result_close(&p.r);
    pair_close(&p);

    pair_open(&p);
    for (int64_t lba = 300; lba < 950; lba += 2)
        sub_at(&p.b, lba)[Q] ^= 1;
    assert_int_equal(compare(&p), EXH_MATCH);
    const struct exh_finding *f = expect(&p, "not-compared", "in 325 of 650 sectors: LBA 300, 302, 304, ");
    assert_string_equal(f->detail + strlen(f->detail) - strlen(" and others"), " and others");
    assert_int_equal(f->count, 325);
    exh_verify_result_close(&p.r);
    pair_close(&p);
}

static void a_late_subchannel_is_told_as_one(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    memmove(p.b.sub[1] + 96, p.b.sub[1], 649 * 96);
    assert_int_equal(compare(&p), EXH_MATCH);
    expect(&p, "warning",
           "track 2: Q differs, its CRC right on both sides, in 649 of 650 sectors: LBA 301 to 949; each position there is 1 sector "
           "earlier than here");
    exh_verify_result_close(&p.r);
    make_q(&p.b, 700, 5);
    assert_int_equal(compare(&p), EXH_MATCH);
    assert_null(strstr(expect(&p, "warning", "Q differs")->detail, "each position"));
    exh_verify_result_close(&p.r);
    pair_close(&p);
}

/* ---- what is not compared ---- */

static void one_side_may_have_none(void **state)
{
    (void)state;
    struct lab_track without[] = {two[0], two[1]};
    without[0].sub = without[1].sub = false;
    struct pair p;
    lab_open(&p.a, two, 2, 0);
    lab_open(&p.b, without, 2, 0);
    assert_int_equal(compare(&p), EXH_MATCH);
    expect(&p, "not-compared", "the subchannel, stored here only, was not compared");
    assert_int_equal(told(&p, "match"), 0);
    exh_verify_result_close(&p.r);
    lab_close(&p.a);
    lab_open(&p.a, without, 2, 0);
    assert_int_equal(compare(&p), EXH_MATCH);
    assert_int_equal(told(&p, "not-compared") + told(&p, "match"), 0);
    exh_verify_result_close(&p.r);
    pair_close(&p);

    without[1].sub = true; /* of one track only */
    lab_open(&p.a, two, 2, 0);
    lab_open(&p.b, without, 2, 0);
    assert_int_equal(compare(&p), EXH_MATCH);
    expect(&p, "not-compared", "track 1: the subchannel of 300 of 300 sectors was not compared: the other side stores none at these LBAs");
    expect(&p, "match", "track 2: subchannel identical, P to W (650 sectors)");
    assert_int_equal(told(&p, "match"), 1);
    exh_verify_result_close(&p.r);
    lab_close(&p.a);
    lab_open(&p.a, without, 2, 0);
    lab_close(&p.b);
    lab_open(&p.b, two, 2, 0);
    assert_int_equal(compare(&p), EXH_MATCH);
    expect(&p, "not-compared", "the subchannel of 300 sectors there was not compared: this side stores none at their LBAs");
    exh_verify_result_close(&p.r);
    pair_close(&p);
}

/* A file of the subchannel that ends early. */
static void what_is_not_there_is_not_compared(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        struct pair p;
        struct exh_error err = {0};
        pair_open(&p);
        struct lab_disc *lab = turned ? &p.a : &p.b;
        struct exh_stored_disc *d = exh_stored_disc_new("lab", &err);
        uint32_t main_file, sub_file, index;
        lab_file(d, lab->main[0], lab->main_bytes[0], "cut.bin", &main_file, &err);
        lab_file(d, lab->sub[0], 200 * 96 + 95, "cut.sub", &sub_file, &err);
        struct exh_track track = lab->layout.tracks[0];
        struct exh_stretch stretch = {
            .sectors = 300, .file = main_file, .stride = 2352, .sub = EXH_SUB_LINEAR, .sub_file = sub_file, .sub_stride = 96};
        assert_true(exh_stored_disc_track(d, &track, &index, &err) && exh_stored_disc_stretch(d, &stretch, &err));
        exh_medium_close(lab->medium);
        lab->medium = exh_stored_disc_finish(d, &err);
        assert_non_null(lab->medium);
        (void)compare(&p); /* a track less: the verdict is not what is asked */
        expect(&p, "not-compared",
               turned ? "track 1: the subchannel of 100 of 300 sectors was not compared: it is not to be read here"
                      : "track 1: the subchannel of 100 of 300 sectors was not compared: it is not to be read there");
        expect(&p, "match", "track 1: subchannel identical, P to W (200 sectors)");
        exh_verify_result_close(&p.r);
        pair_close(&p);
    }
}

/* Tracks that lie elsewhere are the same tracks; their subchannel, which names places, is compared where both have the place. */
static void discs_that_are_placed_otherwise(void **state)
{
    (void)state;
    struct lab_track moved[] = {two[0], two[1]};
    struct pair p;
    moved[1].gap = 400;
    lab_open(&p.a, two, 2, 0);
    lab_open(&p.b, moved, 2, 0);
    for (uint32_t chunks = 0; chunks <= 64; chunks += 64) { /* 64: nothing else needs them in order */
        assert_int_equal(compare_with(&p, 2, chunks), EXH_MATCH);
        expect(&p, "match", "track 1: subchannel identical, P to W (300 sectors)");
        /* here 300 to 949, there 700 to 1349 */
        expect(&p, "not-compared", "track 2: the subchannel of 400 of 650 sectors was not compared: the other side stores none");
        expect(&p, "warning", "track 2: Q differs, its CRC right on both sides, in 250 of 250 sectors: LBA 700 to 949");
        expect(&p, "not-compared", "the subchannel of 400 sectors there was not compared");
        exh_verify_result_close(&p.r);
    }
    pair_close(&p);
}

/* A pregap that one container has at the end of the track before: the places are the same, and so is what they hold. */
static void tracks_may_be_cut_otherwise(void **state)
{
    (void)state;
    static const struct lab_track behind[] = {{.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 360, .seed = 1, .sub = true},
                                              {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 2, .sub = true}};
    static const struct lab_track before[] = {{.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 300, .seed = 1, .sub = true},
                                              {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .pregap = 60, .seed = 2, .sub = true}};
    struct pair p;
    lab_open(&p.a, before, 2, 0);
    lab_open(&p.b, behind, 2, 0);
    memcpy(lab_at(&p.b, 1, 300), p.a.main[1], 60 * 2352);
    memcpy(p.b.sub[0] + 300 * 96, p.a.sub[1], 60 * 96);
    assert_int_equal(compare(&p), EXH_MATCH);
    expect(&p, "match", "track 1: subchannel identical, P to W (300 sectors)");
    expect(&p, "match", "track 2: subchannel identical, P to W (260 sectors)");
    assert_int_equal(told(&p, "warning") + told(&p, "not-compared"), 0);
    exh_verify_result_close(&p.r);
    pair_close(&p);
}

/* ---- the verdict ---- */

static void the_main_channel_decides(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    lab_at(&p.b, 1, 100)[1000] ^= 1;
    assert_int_equal(compare(&p), EXH_MISMATCH);
    expect(&p, "match", "track 1: subchannel identical, P to W (300 sectors)");
    exh_verify_result_close(&p.r);
    lab_at(&p.b, 1, 100)[1000] ^= 1;
    for (int64_t lba = 0; lba < 950; lba++)
        lab_noise(sub_at(&p.b, lba), 96, (uint64_t)lba + 9);
    assert_int_equal(compare(&p), EXH_MATCH);
    assert_true(p.r.basis[EXH_BASIS_EXTERNAL]);
    assert_int_equal(told(&p, "match"), 0);
    assert_int_equal(told(&p, "warning"), 4); /* P, R to W; of each track */
    exh_verify_result_close(&p.r);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_subchannel_matches),
                                       cmocka_unit_test(p_and_r_to_w_are_told_by_themselves),
                                       cmocka_unit_test(a_valid_q_is_told_apart_from_a_misread_one),
                                       cmocka_unit_test(a_side_without_q_has_nothing_to_differ),
                                       cmocka_unit_test(all_kinds_at_once),
                                       cmocka_unit_test(places_are_named_as_far_as_there_is_room),
                                       cmocka_unit_test(a_late_subchannel_is_told_as_one),
                                       cmocka_unit_test(one_side_may_have_none),
                                       cmocka_unit_test(what_is_not_there_is_not_compared),
                                       cmocka_unit_test(discs_that_are_placed_otherwise),
                                       cmocka_unit_test(tracks_may_be_cut_otherwise),
                                       cmocka_unit_test(the_main_channel_decides)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
