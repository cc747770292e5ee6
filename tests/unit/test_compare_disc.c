/* Two discs held against each other: in other containers, placed elsewhere, padded, swapped, and audio some samples off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "disc_lab.h"
#include "formats/model/disc.h"
#include "verify/verify.h"

static enum exh_verdict compare(struct lab_disc *here, struct lab_disc *there, struct exh_verify_result *r)
{
    struct exh_error err = {0};
    struct exh_verify ask = {.medium = here->medium, .against = there->medium};
    if (!exh_verify_run(&ask, r, &err))
        fail_msg("%s", err.text);
    return r->verdict;
}

static const struct exh_finding *finding_of(const struct exh_verify_result *r, const char *check, const char *outcome, const char *words)
{
    for (size_t i = 0; i < r->findings.count; i++)
        if (strcmp(r->findings.items[i].check, check) == 0 && strcmp(r->findings.items[i].outcome, outcome) == 0 &&
            strstr(r->findings.items[i].detail, words) != NULL)
            return &r->findings.items[i];
    return NULL;
}

static void expect(const struct exh_verify_result *r, const char *check, const char *outcome, const char *words)
{
    if (finding_of(r, check, outcome, words) != NULL)
        return;
    for (size_t i = 0; i < r->findings.count; i++)
        print_message("%s %s: %s\n", r->findings.items[i].check, r->findings.items[i].outcome, r->findings.items[i].detail);
    fail_msg("no finding %s %s '%s'", check, outcome, words);
}

static size_t count_of(const struct exh_verify_result *r, const char *outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < r->findings.count; i++)
        n += strcmp(r->findings.items[i].outcome, outcome) == 0;
    return n;
}

/* ---- one disc in several containers ---- */

static void user_data_are_compared_across_sector_sizes(void **state)
{
    (void)state;
    static const struct lab_track forms[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 700, .seed = 1},
                                             {.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 700, .seed = 1},
                                             {.kind = EXH_TRACK_MODE2, .main_bytes = 2336, .sectors = 700, .seed = 1},
                                             {.kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 700, .seed = 1}};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            struct lab_disc a, b;
            struct exh_verify_result r;
            lab_open(&a, &forms[i], 1, 0);
            lab_open(&b, &forms[k], 1, 0);
            bool alike = forms[i].main_bytes == forms[k].main_bytes;
            assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
            assert_true(r.basis[EXH_BASIS_EXTERNAL]);
            assert_int_equal(count_of(&r, "not-compared"), alike ? 0 : 1);
            if (!alike)
                expect(&r, "against", "match", "track 1: user data identical (700 sectors)");
            exh_verify_result_close(&r);

            lab_at(&b, 1, 321)[forms[k].main_bytes == 2048 ? 5 : 100] ^= 1; /* 100: behind sync, header and subheader */
            assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
            if (!alike)
                expect(&r, "against", "mismatch", "track 1: 1 of 700 sectors differ in their user data");
            assert_int_equal(finding_of(&r, "against", "mismatch", "from LBA 321 differ")->lba, 321);
            exh_verify_result_close(&r);
            lab_close(&a);
            lab_close(&b);
        }
}

/* A disk that holds what a disc holds: a drive, or a file nobody knows for an image. */
static void a_disk_may_be_the_other_side(void **state)
{
    (void)state;
    static const struct lab_track iso = {.kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 300, .seed = 1};
    static const struct lab_track longer = {.kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 302, .seed = 1};
    struct lab_disc a, b;
    struct exh_verify_result r;
    lab_open(&a, &longer, 1, 0);
    lab_open(&b, &iso, 1, 0);
    ((struct exh_layout *)(uintptr_t)a.medium->layout)->kind = EXH_LAYOUT_DISK;
    memset(lab_at(&a, 1, 300), 0, 2 * 2048);
    assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
    expect(&r, "against", "warning", "track 1: identical + trailing 2 sectors here (zero pad)");
    exh_verify_result_close(&r);
    lab_close(&a);
    lab_close(&b);
}

static const struct lab_track mixed[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 300, .seed = 1},
                                         {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 500, .pregap = 150, .seed = 2},
                                         {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .seed = 3}};

/* Sessions placed otherwise, a pregap stored or not. */
static void place_and_pregaps_are_no_difference(void **state)
{
    (void)state;
    static const struct lab_track elsewhere[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 300, .seed = 1},
                                                 {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 500, .seed = 2, .gap = 150},
                                                 {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .seed = 3, .gap = 11400}};
    static const struct lab_track shorter[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 300, .seed = 1},
                                               {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 500, .pregap = 100, .seed = 2, .gap = 50},
                                               {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .seed = 3}};
    struct lab_disc a, b, c;
    struct exh_verify_result r;
    lab_open(&a, mixed, 3, 0);
    lab_open(&b, elsewhere, 3, 0);
    lab_open(&c, shorter, 3, 0);
    assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
    expect(&r, "against", "not-compared", "track 2: 150 sectors of its pregap are stored here only");
    assert_int_equal(count_of(&r, "match"), 3);
    exh_verify_result_close(&r);
    assert_int_equal(compare(&b, &a, &r), EXH_MATCH);
    expect(&r, "against", "not-compared", "track 2: 150 sectors of its pregap are stored there only");
    exh_verify_result_close(&r);
    assert_int_equal(compare(&a, &c, &r), EXH_MATCH);
    expect(&r, "against", "not-compared", "track 2: 50 sectors of its pregap are stored here only");
    expect(&r, "against", "match", "track 2: identical (600 sectors)");
    exh_verify_result_close(&r);
    lab_at(&c, 2, -100)[0] ^= 1; /* the first that both have */
    assert_int_equal(compare(&a, &c, &r), EXH_MISMATCH);
    assert_int_equal(finding_of(&r, "against", "mismatch", "from LBA 350 differ")->count, 1);
    exh_verify_result_close(&r);
    lab_close(&a);
    lab_close(&b);
    lab_close(&c);
}

/* One container has the gap in front of track 2, the other behind track 1. */
static void a_pregap_may_end_the_track_before(void **state)
{
    (void)state;
    static const struct lab_track before[] = {{.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 300, .seed = 1},
                                              {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .pregap = 60, .seed = 2}};
    static const struct lab_track behind[] = {{.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 360, .seed = 1},
                                              {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 2}};
    struct lab_disc a, b;
    struct exh_verify_result r;
    lab_open(&a, before, 2, 0);
    lab_open(&b, behind, 2, 0);
    memcpy(lab_at(&b, 1, 300), a.main[1], 60 * 2352);
    assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
    assert_int_equal(r.findings.count, 2);
    exh_verify_result_close(&r);
    assert_int_equal(compare(&b, &a, &r), EXH_MATCH);
    assert_int_equal(r.findings.count, 2);
    exh_verify_result_close(&r);
    static const struct lab_track some[] = {{.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 350, .seed = 1},
                                            {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 2, .gap = 10}};
    struct lab_disc c; /* only a part of it */
    lab_open(&c, some, 2, 0);
    memcpy(lab_at(&c, 1, 300), a.main[1], 50 * 2352);
    assert_int_equal(compare(&a, &c, &r), EXH_MISMATCH);
    exh_verify_result_close(&r);
    lab_close(&c);
    lab_at(&b, 1, 359)[2351] ^= 1;
    assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
    expect(&r, "against", "mismatch", "track 1: identical + trailing 60 sectors there (other data)");
    exh_verify_result_close(&r);
    lab_close(&a);
    lab_close(&b);
}

/* ---- more at the end ---- */

static void what_lies_behind_is_named(void **state)
{
    (void)state;
    for (unsigned more = 2; more <= 150; more += 148) {
        struct lab_track t = {.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 300, .seed = 1}, longer = t;
        struct lab_disc a, b;
        struct exh_verify_result r;
        uint8_t zeros[2048] = {0};
        char words[120];
        longer.sectors += more;
        lab_open(&a, &longer, 1, 0);
        lab_open(&b, &t, 1, 0);
        (void)snprintf(words, sizeof words, "track 1: identical + trailing %u sectors here (other data)", more);
        assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
        expect(&r, "against", "mismatch", words);
        exh_verify_result_close(&r);
        for (unsigned i = 0; i < more; i++)
            exh_sector_make_mode1(lab_at(&a, 1, 300 + i), zeros, 300 + i);
        (void)snprintf(words, sizeof words, "track 1: identical + trailing %u sectors here (zero pad)", more);
        assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
        expect(&r, "against", "warning", words);
        exh_verify_result_close(&r);
        (void)snprintf(words, sizeof words, "track 1: identical + trailing %u sectors there (zero pad)", more);
        assert_int_equal(compare(&b, &a, &r), EXH_MISMATCH); /* cut short: nobody may say that it was only zeros */
        expect(&r, "against", "mismatch", words);
        exh_verify_result_close(&r);
        lab_close(&a);
        lab_close(&b);
    }
}

/* ---- audio some samples off ---- */

static const struct lab_track music = {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 900, .seed = 5};

/* Sample i of `a` becomes sample i + shift of `b`; what has no source is zeros. */
static void shift_into(const struct lab_disc *a, struct lab_disc *b, int shift)
{
    size_t bytes = a->main_bytes[0], by = (size_t)abs(shift) * 4;
    memset(b->main[0], 0, b->main_bytes[0]);
    if (shift >= 0)
        memcpy(b->main[0] + by, a->main[0], bytes - by);
    else
        memcpy(b->main[0], a->main[0] + by, bytes - by);
}

static void expect_shift(struct lab_disc *a, struct lab_disc *b, int shift)
{
    struct exh_verify_result r;
    char words[120];
    (void)snprintf(words, sizeof words, "track 1: identical after a shift of %+d samples; outside lie %d samples here (", shift, abs(shift));
    assert_int_equal(compare(a, b, &r), EXH_MISMATCH);
    expect(&r, "shift", "mismatch", words);
    exh_verify_result_close(&r);
}

static void expect_no_shift(struct lab_disc *a, struct lab_disc *b)
{
    struct exh_verify_result r;
    assert_int_equal(compare(a, b, &r), EXH_MISMATCH);
    assert_null(finding_of(&r, "shift", "mismatch", ""));
    exh_verify_result_close(&r);
}

static void every_shift_is_found(void **state)
{
    (void)state;
    static const int shifts[] = {1, -1, 6, 30, -30, 102, 587, 588, -588, 667, 1776, -1164, 5879, 5880, -5880};
    struct lab_disc a, b;
    lab_open(&a, &music, 1, 0);
    lab_open(&b, &music, 1, 0);
    for (size_t i = 0; i < sizeof shifts / sizeof shifts[0]; i++) {
        shift_into(&a, &b, shifts[i]);
        expect_shift(&a, &b, shifts[i]);
    }
    shift_into(&a, &b, 5881);
    expect_no_shift(&a, &b);
    shift_into(&a, &b, -5881);
    expect_no_shift(&a, &b);
    lab_noise(b.main[0], b.main_bytes[0], 99);
    expect_no_shift(&a, &b);
    lab_close(&a);
    lab_close(&b);
}

/* Silence before and behind, a test tone, damage here and there: the answer is the same. */
static void shifts_of_difficult_tracks(void **state)
{
    (void)state;
    struct lab_disc a, b;
    struct exh_verify_result r;
    lab_open(&a, &music, 1, 0);
    lab_open(&b, &music, 1, 0);
    memset(a.main[0], 0, a.main_bytes[0] * 5 / 8 + 1000); /* a quarter of the track sounds, and none of the first places does */
    memset(lab_at(&a, 1, 800), 0, 100 * 2352);
    shift_into(&a, &b, 30);
    expect_shift(&a, &b, 30);
    shift_into(&a, &b, -667);
    expect_shift(&a, &b, -667);
    assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
    expect(&r, "shift", "mismatch", "outside lie 667 samples here (silence) and 667 there (silence)");
    exh_verify_result_close(&r);

    for (size_t i = 0; i < a.main_bytes[0]; i += 4) { /* a period of 49 samples */
        static const uint8_t wave[8] = {0, 3, 9, 77, 200, 180, 40, 9};
        size_t n = i / 4 % 49;
        memset(a.main[0] + i, wave[n % 8], 4);
        a.main[0][i] = (uint8_t)n;
    }
    shift_into(&a, &b, 6);
    expect_shift(&a, &b, 6);
    lab_noise(lab_at(&a, 1, 450), 450 * 2352, 8); /* the wave is in many places, and the noise in one */
    shift_into(&a, &b, -19);
    expect_shift(&a, &b, -19);

    lab_noise(a.main[0], a.main_bytes[0], 3);
    shift_into(&a, &b, 102);
    for (int64_t n = 0; n < 900; n += 112)
        lab_noise(lab_at(&b, 1, n), 2352 * 3, (uint64_t)n + 1); /* where the search begins to look, too */
    assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
    expect(&r, "shift", "mismatch", "track 1: after a shift of +102 samples 3");
    exh_verify_result_close(&r);

    lab_noise(a.main[0], a.main_bytes[0], 3);
    memcpy(b.main[0], a.main[0], a.main_bytes[0]);
    b.main[0][5000] ^= 1; /* one sample differs, and nothing is off */
    expect_no_shift(&a, &b);
    memset(a.main[0], 0, a.main_bytes[0]);
    expect_no_shift(&a, &b);
    lab_close(&a);
    lab_close(&b);
}

/* The whole disc is off: each track is, and what one loses at its end the next has at its begin. */
static void a_disc_is_off(void **state)
{
    (void)state;
    static const struct lab_track two[] = {{.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 300, .seed = 1},
                                           {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .pregap = 10, .seed = 2}};
    struct lab_disc a, b;
    struct exh_verify_result r;
    lab_open(&a, two, 2, 0);
    lab_open(&b, two, 2, 0);
    memmove(b.main[1] + 120, b.main[1], b.main_bytes[1] - 120);
    memcpy(b.main[1], b.main[0] + b.main_bytes[0] - 120, 120);
    memmove(b.main[0] + 120, b.main[0], b.main_bytes[0] - 120);
    memset(b.main[0], 0, 120);
    assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
    expect(&r, "shift", "mismatch",
           "track 1: identical after a shift of +30 samples; outside lie 30 samples here (not silence) and 30 there (silence)");
    expect(&r, "shift", "mismatch",
           "track 2: identical after a shift of +30 samples; outside lie 30 samples here (not silence) and 30 there (not silence)");
    exh_verify_result_close(&r);
    lab_close(&a);
    lab_close(&b);
}

/* ---- other tracks ---- */

static void swapped_tracks_are_named(void **state)
{
    (void)state;
    static const struct lab_track three[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 100, .seed = 1},
                                             {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 2},
                                             {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 3}};
    static const struct lab_track swapped[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 100, .seed = 1},
                                               {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 3},
                                               {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 2}};
    static const struct lab_track fewer[] = {{.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 3},
                                             {.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 100, .seed = 1}};
    struct lab_disc a, b, c;
    struct exh_verify_result r;
    lab_open(&a, three, 3, 0);
    lab_open(&b, swapped, 3, 0);
    lab_open(&c, fewer, 2, 0);
    assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
    expect(&r, "track-order", "mismatch", "track 2 here equals track 3 there");
    expect(&r, "track-order", "mismatch", "track 3 here equals track 2 there");
    assert_null(finding_of(&r, "shift", "mismatch", ""));
    exh_verify_result_close(&r);
    assert_int_equal(compare(&a, &c, &r), EXH_MISMATCH);
    expect(&r, "against", "mismatch", "track 1 is MODE1/2352 here and AUDIO there");
    expect(&r, "against", "mismatch", "track 3 is on this disc only");
    expect(&r, "track-order", "mismatch", "track 3 here equals track 1 there");
    expect(&r, "track-order", "mismatch", "track 1 here equals track 2 there");
    exh_verify_result_close(&r);
    assert_int_equal(compare(&c, &a, &r), EXH_MISMATCH);
    expect(&r, "against", "mismatch", "track 3 is on the other disc only");
    exh_verify_result_close(&r);
    lab_close(&b); /* a pregap is not what a track is known by */
    static const struct lab_track gapped[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 100, .seed = 1},
                                              {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .pregap = 40, .seed = 3},
                                              {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .pregap = 70, .seed = 2}};
    static const struct lab_track other_way[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 100, .seed = 1},
                                                 {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .pregap = 40, .seed = 2},
                                                 {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 400, .pregap = 50, .seed = 3}};
    lab_close(&a);
    lab_open(&a, gapped, 3, 0);
    lab_open(&b, other_way, 3, 0);
    assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
    expect(&r, "track-order", "mismatch", "track 2 here equals track 3 there");
    expect(&r, "track-order", "mismatch", "track 3 here equals track 2 there");
    exh_verify_result_close(&r);
    lab_close(&a);
    lab_close(&b);
    lab_close(&c);
}

/* An E01 of a disc: every sector is there, and nothing says which of them are a pregap. */
static void a_forgotten_pregap_is_no_difference(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        struct lab_disc a, b;
        struct exh_verify_result r;
        lab_open(&a, mixed, 3, 0);
        lab_open(&b, mixed, 3, 0);
        struct exh_track *t = &((struct exh_layout *)(uintptr_t)(turned ? a : b).medium->layout)->tracks[1];
        t->stored_pregap = t->pregap = 0;
        assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
        expect(&r, "against", "match", "track 2: identical (650 sectors)");
        expect(&r, "structure", "warning",
               turned ? "track 2: INDEX 01 is sector 0 of those stored here, and sector 150 there"
                      : "track 2: INDEX 01 is sector 150 of those stored here, and sector 0 there");
        assert_null(finding_of(&r, "against", "not-compared", ""));
        exh_verify_result_close(&r);

        for (int64_t sector = 300; sector < 950; sector += 649) { /* the first of the pregap, and the last */
            uint8_t *byte = lab_at(&a, 2, sector - 300 - (int64_t)a.layout.tracks[1].stored_pregap) + 9;
            *byte ^= 1;
            assert_int_equal(compare(&a, &b, &r), EXH_MISMATCH);
            expect(&r, "against", "mismatch", "track 2: 1 of 650 sectors differ");
            assert_int_equal(finding_of(&r, "against", "mismatch", " differ from")->lba, sector);
            exh_verify_result_close(&r);
            *byte ^= 1;
        }
        lab_close(&a);
        lab_close(&b);
    }
}

/* ---- what descriptors say ---- */

static void structure_is_compared_where_both_say_something(void **state)
{
    (void)state;
    struct lab_disc a, b;
    struct exh_verify_result r;
    struct exh_error err = {0};
    lab_open(&a, mixed, 3, 0);
    lab_open(&b, mixed, 3, 0);
    struct exh_layout *x = (struct exh_layout *)(uintptr_t)a.medium->layout, *y = (struct exh_layout *)(uintptr_t)b.medium->layout;
    struct exh_disc *d = (struct exh_disc *)(uintptr_t)x->disc, *e = (struct exh_disc *)(uintptr_t)y->disc;
    const uint8_t pack[EXH_CDTEXT_PACK_BYTES] = {0x80, 1, 0, 0, 'A'}, other[EXH_CDTEXT_PACK_BYTES] = {0x80, 1, 0, 0, 'B'};
    memcpy(d->mcn, "1234567890128", 14); /* only one says it: no contradiction */
    memcpy(x->tracks[1].isrc, "USABC0312345", 13);
    assert_true(exh_disc_add_index(d, 3, 2, 900, &err));
    assert_true(exh_disc_add_pack(d, pack, &err));
    assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
    assert_null(finding_of(&r, "structure", "warning", ""));
    exh_verify_result_close(&r);

    memcpy(e->mcn, "1234567890128", 14); /* both say the same */
    memcpy(y->tracks[1].isrc, "USABC0312345", 13);
    assert_true(exh_disc_add_index(e, 3, 2, 900, &err));
    assert_true(exh_disc_add_pack(e, pack, &err));
    assert_int_equal(compare(&a, &b, &r), EXH_MATCH);
    assert_null(finding_of(&r, "structure", "warning", ""));
    exh_verify_result_close(&r);

    e->mcn[12] = '9';
    e->indexes[0].lba++;
    memcpy(e->cdtext, other, sizeof other);
    y->tracks[1].isrc[11] = '6';
    y->tracks[2].control = EXH_CONTROL_PRE_EMPHASIS;
    y->tracks[1].session = y->tracks[2].session = 2;
    assert_int_equal(compare(&a, &b, &r), EXH_MATCH); /* every sector is equal all the same */
    expect(&r, "structure", "warning", "disc: MCN here 1234567890128, there 1234567890129");
    expect(&r, "structure", "warning", "disc: the packs of CD-TEXT");
    expect(&r, "structure", "warning", "track 2: ISRC here USABC0312345, there USABC0312346");
    expect(&r, "structure", "warning", "track 2: session here 1, there 2");
    expect(&r, "structure", "warning", "track 3: control bits here 0, there 1");
    expect(&r, "structure", "warning", "track 3: an index behind INDEX 01");
    exh_verify_result_close(&r);
    lab_close(&a);
    lab_close(&b);
}

/* ---- sectors that cannot be read ---- */

struct holed {
    struct exh_medium medium, *of;
    int64_t from, to;
};

static bool holed_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                       struct exh_faults *faults, struct exh_error *err)
{
    struct holed *h = (struct holed *)medium;
    if (!exh_medium_read(h->of, scratch, want, out, faults, err))
        return false;
    for (uint32_t i = 0; i < out->count; i++)
        if (want->lba + i >= h->from && want->lba + i < h->to)
            out->state[i] = EXH_BAD;
    return true;
}

static struct exh_scratch *holed_scratch(struct exh_medium *medium)
{
    struct exh_medium *of = ((struct holed *)medium)->of;
    return of->ops->scratch_new(of);
}

static const struct exh_medium_ops holed_ops = {.read = holed_read, .scratch_new = holed_scratch};

static void holed_open(struct holed *h, struct lab_disc *lab, int64_t from, int64_t to)
{
    *h = (struct holed){.medium = *lab->medium, .of = lab->medium, .from = from, .to = to};
    h->medium.ops = &holed_ops;
}

static void what_cannot_be_read_is_no_difference(void **state)
{
    (void)state;
    static const struct lab_track raw = {.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 300, .seed = 1};
    static const struct lab_track cooked = {.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 300, .seed = 1};
    struct lab_disc a, b;
    struct holed h;
    struct exh_verify_result r;
    struct exh_error err = {0};
    lab_open(&a, &raw, 1, 0);
    lab_open(&b, &cooked, 1, 0);
    holed_open(&h, &b, 10, 13);
    struct exh_verify ask = {.medium = a.medium, .against = &h.medium};
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_COULD_NOT_READ);
    assert_int_equal(r.unread_now, 3);
    assert_int_equal(count_of(&r, "mismatch"), 0);
    exh_verify_result_close(&r);

    struct exh_seal seal = {0}; /* and on record as unreadable it is no news */
    assert_true(exh_sectors_mark(&seal.unreadable, 10, 3, EXH_BAD, &err));
    struct exh_claim claim = {.basis = EXH_BASIS_RECORD, .seal = &seal};
    ask.claims = &claim;
    ask.claim_count = 1;
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_MATCH);
    expect(&r, "against", "match", "track 1: user data identical (297 sectors, the unreadable ones aside)");
    exh_verify_result_close(&r);
    exh_seal_close(&seal);

    holed_open(&h, &b, 0, 300); /* nothing was compared: no match */
    ask = (struct exh_verify){.medium = a.medium, .against = &h.medium};
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_COULD_NOT_READ);
    assert_false(r.basis[EXH_BASIS_EXTERNAL]);
    exh_verify_result_close(&r);

    struct exh_seal everything = {0}; /* not even where every sector is on record */
    assert_true(exh_sectors_mark(&everything.unreadable, 0, 300, EXH_BAD, &err));
    claim.seal = &everything;
    ask.claims = &claim;
    ask.claim_count = 1;
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_NO_REFERENCE);
    assert_false(r.basis[EXH_BASIS_EXTERNAL]);
    exh_verify_result_close(&r);
    exh_seal_close(&everything);
    ask.claim_count = 0;

    lab_at(&b, 1, 100)[0] ^= 1; /* a difference beside it is one */
    holed_open(&h, &b, 10, 13);
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_MISMATCH);
    exh_verify_result_close(&r);
    lab_close(&a);
    lab_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(user_data_are_compared_across_sector_sizes),
                                       cmocka_unit_test(a_disk_may_be_the_other_side),
                                       cmocka_unit_test(place_and_pregaps_are_no_difference),
                                       cmocka_unit_test(a_pregap_may_end_the_track_before),
                                       cmocka_unit_test(what_lies_behind_is_named),
                                       cmocka_unit_test(every_shift_is_found),
                                       cmocka_unit_test(shifts_of_difficult_tracks),
                                       cmocka_unit_test(a_disc_is_off),
                                       cmocka_unit_test(swapped_tracks_are_named),
                                       cmocka_unit_test(a_forgotten_pregap_is_no_difference),
                                       cmocka_unit_test(structure_is_compared_where_both_say_something),
                                       cmocka_unit_test(what_cannot_be_read_is_no_difference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
