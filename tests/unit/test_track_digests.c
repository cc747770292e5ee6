/* Digests of tracks: each scope against the plain hash of the bytes it is said to cover, serial and threaded, and what claims make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/model/text.h"
#include "disc_lab.h"
#include "verify/digest.h"
#include "verify/track_digests.h"
#include "verify/verify.h"

static const char *const usual[] = {"md5", "SHA2-256", "crc32", "sha1"};

static void crc32_as_everybody_prints_it(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_digest_value value = {0};
    char hex[9];
    struct exh_digest *d = exh_digest_new("CRC-32", &err);
    assert_non_null(d);
    assert_true(exh_digest_add(d, "12345", 5, &err) && exh_digest_value_with(d, "6789", 4, &value, &err));
    exh_text_hex(value.bytes, value.length, hex);
    assert_string_equal(value.algorithm, "crc32");
    assert_string_equal(hex, "cbf43926");
    assert_true(exh_digest_value(d, &value, &err)); /* the digest itself did not take them */
    exh_text_hex(value.bytes, value.length, hex);
    assert_string_equal(hex, "cbf53a1c");
    assert_true(exh_digest_reset(d, &err) && exh_digest_value(d, &value, &err));
    assert_memory_equal(value.bytes, "\0\0\0\0", 4);
    exh_digest_close(d);
}

static void hash(struct lab_disc *lab, unsigned threads, const char *const *algorithms, size_t count, struct exh_verify_result *r)
{
    struct exh_error err = {0};
    struct exh_verify ask = {.medium = lab->medium, .algorithms = algorithms, .algorithm_count = count, .threads = threads};
    if (!exh_verify_run(&ask, r, &err))
        fail_msg("%s", err.text);
}

static const struct exh_digest_value *value_of(const struct exh_verify_result *r, const char *scope, const char *algorithm)
{
    const struct exh_digest_value *v = exh_digests_find(&r->found.digests, scope, algorithm);
    if (v == NULL)
        fail_msg("no %s of %s", algorithm, scope);
    return v;
}

static void expect(const struct exh_verify_result *r, const char *scope, const void *bytes, size_t length)
{
    struct exh_error err = {0};
    for (size_t a = 0; a < 4; a++) {
        struct exh_digest_value want = {0};
        struct exh_digest *d = exh_digest_new(usual[a], &err);
        assert_true(exh_digest_add(d, bytes, length, &err) && exh_digest_value(d, &want, &err));
        const struct exh_digest_value *have = value_of(r, scope, want.algorithm);
        if (have->length != want.length || memcmp(have->bytes, want.bytes, want.length) != 0)
            fail_msg("%s of %s is not the hash of its bytes", want.algorithm, scope);
        exh_digest_close(d);
    }
}

static size_t scopes_of(const struct exh_verify_result *r, const char *algorithm)
{
    size_t n = 0;
    for (size_t i = 0; i < r->found.digests.count; i++)
        n += strcmp(r->found.digests.items[i].algorithm, algorithm) == 0;
    return n;
}

static const struct lab_track mixed[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 900, .seed = 1, .sub = true},
                                         {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 1100, .pregap = 500, .seed = 2, .sub = true},
                                         {.kind = EXH_TRACK_MODE2, .main_bytes = 2336, .sectors = 300, .seed = 3},
                                         {.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 70, .pregap = 3, .seed = 4}};

static void each_scope_is_its_bytes(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        struct lab_disc lab;
        struct exh_verify_result r;
        uint8_t *user = malloc(900 * 2048);
        lab_open(&lab, mixed, 4, 0);
        hash(&lab, threads, usual, 4, &r);
        expect(&r, "track:1/raw", lab.main[0], 900 * 2352);
        expect(&r, "track:1/sub", lab.sub[0], 900 * 96);
        for (size_t i = 0; i < 900; i++)
            memcpy(user + i * 2048, lab.main[0] + i * 2352 + 16, 2048);
        expect(&r, "track:1/user", user, 900 * 2048);
        expect(&r, "track:2/pregap", lab.main[1], 500 * 2352);
        expect(&r, "track:2/whole", lab.main[1], 1600 * 2352);
        expect(&r, "track:2/raw", lab_at(&lab, 2, 0), 1100 * 2352);
        expect(&r, "track:2/sub", lab.sub[1] + 500 * 96, 1100 * 96);
        expect(&r, "track:3/stored", lab.main[2], 300 * 2336);
        for (size_t i = 0; i < 300; i++)
            memcpy(user + i * 2048, lab.main[2] + i * 2336 + 8, 2048);
        expect(&r, "track:3/user", user, 300 * 2048);
        expect(&r, "track:4/user", lab_at(&lab, 4, 0), 70 * 2048);
        expect(&r, "track:4/pregap", lab.main[3], 3 * 2048);
        expect(&r, "track:4/whole", lab.main[3], 73 * 2048);
        assert_int_equal(scopes_of(&r, "sha256"), 13); /* media and these twelve */
        exh_verify_result_close(&r);
        lab_close(&lab);
        free(user);
    }
}

/* The same user data have the same digest, however they are stored. */
static void one_disc_in_four_forms(void **state)
{
    (void)state;
    static const struct lab_track forms[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 600, .seed = 7},
                                             {.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 600, .seed = 7},
                                             {.kind = EXH_TRACK_MODE2, .main_bytes = 2336, .sectors = 600, .seed = 7},
                                             {.kind = EXH_TRACK_MODE2, .main_bytes = 2352, .sectors = 600, .seed = 7}};
    static const char *const whole[] = {"track:1/user", "track:1/raw", "track:1/stored", "track:1/raw"};
    uint8_t first[32] = {0};
    for (size_t i = 0; i < 4; i++) {
        struct lab_disc lab;
        struct exh_verify_result r;
        lab_open(&lab, &forms[i], 1, 0);
        hash(&lab, 1, usual, 4, &r);
        const struct exh_digest_value *v = value_of(&r, "track:1/user", "sha256"), *media = value_of(&r, "media", "sha256");
        if (i == 0)
            memcpy(first, v->bytes, 32);
        assert_memory_equal(v->bytes, first, 32);
        assert_memory_equal(media->bytes, value_of(&r, whole[i], "sha256")->bytes, 32); /* one track: it is the medium */
        assert_int_equal(scopes_of(&r, "crc32"), i == 0 ? 2 : 3);
        exh_verify_result_close(&r);
        lab_close(&lab);
    }
}

/* With a pregap stored, the medium is more than its one track. */
static void one_track_with_a_pregap(void **state)
{
    (void)state;
    static const struct lab_track t = {
        .kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 500, .pregap = 445, .seed = 7}; /* INDEX 01 begins a block */
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, &t, 1, -445 + 75);
    hash(&lab, 1, usual, 4, &r);
    expect(&r, "media", lab.main[0], 945 * 2352);
    expect(&r, "track:1/whole", lab.main[0], 945 * 2352);
    expect(&r, "track:1/pregap", lab.main[0], 445 * 2352);
    expect(&r, "track:1/raw", lab_at(&lab, 1, 0), 500 * 2352);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* A disk has none, however it is asked. */
static void a_disk_has_no_tracks(void **state)
{
    (void)state;
    struct lab_track t = {.kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 16, .seed = 9};
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, &t, 1, 0);
    hash(&lab, 1, usual, 4, &r);
    assert_int_equal(scopes_of(&r, "md5"), 2);
    exh_verify_result_close(&r);
    ((struct exh_layout *)(uintptr_t)lab.medium->layout)->kind = EXH_LAYOUT_DISK;
    hash(&lab, 1, usual, 4, &r);
    assert_int_equal(scopes_of(&r, "md5"), 1);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* Every algorithm that fits a verification runs beside the others on a disc with every kind of scope. */
static void many_algorithms_at_once(void **state)
{
    (void)state;
    static const char *const all[] = {"md5",      "sha1",     "sha224",   "sha256",   "sha384",     "sha512",     "sha512-224", "sha512-256",
                                      "sha3-224", "sha3-256", "sha3-384", "sha3-512", "blake2b512", "blake2s256", "crc32",      "sm3"};
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, mixed, 4, 0);
    hash(&lab, 3, all, sizeof all / sizeof all[0], &r);
    assert_int_equal(r.found.digests.count, 13 * (sizeof all / sizeof all[0]));
    expect(&r, "track:2/whole", lab.main[1], 1600 * 2352);
    expect(&r, "track:4/user", lab_at(&lab, 4, 0), 70 * 2048);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* ---- sectors that are not there ---- */

struct holed { /* the lab's disc, some of whose sectors are gone */
    struct exh_medium medium, *of;
    int64_t bad, bad_sub;
};

static bool holed_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                       struct exh_faults *faults, struct exh_error *err)
{
    struct holed *h = (struct holed *)medium;
    if (!exh_medium_read(h->of, scratch, want, out, faults, err))
        return false;
    for (uint32_t i = 0; i < out->count; i++) {
        if (want->lba + i == h->bad)
            out->state[i] = EXH_BAD;
        if (want->lba + i == h->bad_sub && want->track->sub_bytes > 0)
            out->sub_state[i] = EXH_MISSING;
    }
    return true;
}

static struct exh_scratch *holed_scratch(struct exh_medium *medium)
{
    struct exh_medium *of = ((struct holed *)medium)->of;
    return of->ops->scratch_new(of);
}

static const struct exh_medium_ops holed_ops = {.read = holed_read, .scratch_new = holed_scratch};

static void holes_are_counted_by_scope(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    struct exh_error err = {0};
    lab_open(&lab, mixed, 4, 0);
    struct holed h = {.medium = *lab.medium, .of = lab.medium, .bad = 900 + 10, .bad_sub = 20}; /* in the pregap of track 2; in track 1 */
    h.medium.ops = &holed_ops;
    struct exh_verify ask = {.medium = &h.medium, .algorithms = usual, .algorithm_count = 4};
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(value_of(&r, "media", "md5")->not_good, 1);
    assert_int_equal(value_of(&r, "track:1/raw", "md5")->not_good, 0);
    assert_int_equal(value_of(&r, "track:1/sub", "md5")->not_good, 1);
    assert_int_equal(value_of(&r, "track:2/pregap", "md5")->not_good, 1);
    assert_int_equal(value_of(&r, "track:2/whole", "md5")->not_good, 1);
    assert_int_equal(value_of(&r, "track:2/raw", "md5")->not_good, 0);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

/* ---- claims ---- */

static enum exh_verdict hold(struct lab_disc *lab, const struct exh_digests *said, struct exh_verify_result *r)
{
    struct exh_error err = {0};
    struct exh_seal seal = {.digests = *said};
    struct exh_claim claim = {.basis = EXH_BASIS_EXTERNAL, .seal = &seal};
    struct exh_verify ask = {.medium = lab->medium, .claims = &claim, .claim_count = 1};
    if (!exh_verify_run(&ask, r, &err))
        fail_msg("%s", err.text);
    return r->verdict;
}

static void take(const struct exh_verify_result *from, const char *scope, const char *algorithm, struct exh_digests *to)
{
    struct exh_error err = {0};
    assert_true(exh_digests_add(to, value_of(from, scope, algorithm), &err));
}

static const struct exh_finding *finding_of(const struct exh_verify_result *r, const char *check, const char *outcome)
{
    static const struct exh_finding none = {.detail = "none"};
    for (size_t i = 0; i < r->findings.count; i++)
        if (strcmp(r->findings.items[i].check, check) == 0 && strcmp(r->findings.items[i].outcome, outcome) == 0)
            return &r->findings.items[i];
    fail_msg("no finding %s: %s", check, outcome);
    return &none;
}

/* Each track under a cryptographic digest is as good as the medium under one; with one track left out, or under a CRC only, it is not. */
static void all_tracks_are_the_disc(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result first, r;
    struct exh_digests said = {0};
    lab_open(&lab, mixed, 4, 0);
    hash(&lab, 1, usual, 4, &first);
    take(&first, "track:1/raw", "sha1", &said);
    take(&first, "track:2/whole", "md5", &said);
    take(&first, "track:3/stored", "sha256", &said);
    assert_int_equal(hold(&lab, &said, &r), EXH_NO_REFERENCE);
    assert_int_equal(r.found.digests.count, 3 * 13);
    assert_int_equal(finding_of(&r, "track", "match")->lba, 0);
    exh_verify_result_close(&r);
    take(&first, "track:4/user", "crc32", &said);
    assert_int_equal(hold(&lab, &said, &r), EXH_NO_REFERENCE);
    exh_verify_result_close(&r);
    take(&first, "track:4/user", "sha1", &said);
    assert_int_equal(hold(&lab, &said, &r), EXH_MATCH);
    assert_true(r.basis[EXH_BASIS_EXTERNAL]);
    assert_non_null(strstr(finding_of(&r, "track", "not-compared")->detail, "pregap")); /* of track 4: nobody spoke of it */
    assert_int_equal(finding_of(&r, "track", "not-compared")->lba, 900 + 1600 + 300);
    exh_verify_result_close(&r);
    free(said.items);
    exh_verify_result_close(&first);
    lab_close(&lab);
}

/* A checksum of all of it is a checksum: consistent. */
static void a_checksum_is_no_match(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result first, r;
    struct exh_digests said = {0};
    lab_open(&lab, mixed, 4, 0);
    hash(&lab, 1, usual, 4, &first);
    take(&first, "media", "crc32", &said);
    assert_int_equal(hold(&lab, &said, &r), EXH_CONSISTENT);
    assert_false(r.basis[EXH_BASIS_EXTERNAL]);
    assert_true(r.basis[EXH_BASIS_CHECKSUM]);
    exh_verify_result_close(&r);
    said.items[0].bytes[0] ^= 1;
    assert_int_equal(hold(&lab, &said, &r), EXH_MISMATCH);
    exh_verify_result_close(&r);
    free(said.items);
    exh_verify_result_close(&first);
    lab_close(&lab);
}

/* What only a record knows to be unreadable is not good in each scope it lies in. */
static void recorded_holes_are_counted_by_scope(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    struct exh_error err = {0};
    struct exh_seal seal = {0};
    lab_open(&lab, mixed, 4, 0);
    assert_true(exh_sectors_mark(&seal.unreadable, 890, 20, EXH_BAD, &err)); /* ten of track 1, ten of the pregap of track 2 */
    assert_true(exh_sectors_mark(&seal.unreadable, 1450, 1, EXH_BAD, &err));
    struct exh_claim claim = {.basis = EXH_BASIS_RECORD, .seal = &seal};
    struct exh_verify ask = {.medium = lab.medium, .claims = &claim, .claim_count = 1, .algorithms = usual, .algorithm_count = 1};
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(value_of(&r, "media", "md5")->not_good, 21);
    assert_int_equal(value_of(&r, "track:1/raw", "md5")->not_good, 10);
    assert_int_equal(value_of(&r, "track:1/user", "md5")->not_good, 10);
    assert_int_equal(value_of(&r, "track:1/sub", "md5")->not_good, 0);
    assert_int_equal(value_of(&r, "track:2/pregap", "md5")->not_good, 10);
    assert_int_equal(value_of(&r, "track:2/raw", "md5")->not_good, 1);
    assert_int_equal(value_of(&r, "track:2/whole", "md5")->not_good, 11);
    assert_int_equal(value_of(&r, "track:3/stored", "md5")->not_good, 0);
    exh_verify_result_close(&r);
    exh_seal_close(&seal);
    lab_close(&lab);
}

/* A part that comes back from a format without subchannel: zeros stand for it, and are counted. */
static void a_subchannel_that_does_not_come_back(void **state)
{
    (void)state;
    static const struct lab_track kept = {.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 20, .seed = 1};
    struct exh_error err = {0};
    struct lab_disc lab, without;
    struct exh_consumer *consumers[8];
    struct exh_digests out = {0};
    struct exh_block block;
    uint8_t sub[20 * 96] = {0};
    lab_open(&lab, mixed, 2, 0);
    lab_open(&without, &kept, 1, 0);
    struct exh_track_digests *d = exh_track_digests_new(lab.medium->layout, usual, 1, 1, &err);
    assert_non_null(d);
    assert_int_equal(exh_track_digests_consumers(d, consumers, 8), 1);
    assert_true(exh_block_open(&block, 20, 2352, 0, &err));
    struct exh_want want = {.track = &without.medium->layout->tracks[0], .count = 20, .effort = EXH_ONCE, .with_sub = true};
    struct exh_scratch *scratch = NULL;
    struct exh_faults faults = {0};
    assert_true(exh_medium_scratch(without.medium, &scratch, &err) && exh_medium_read(without.medium, scratch, &want, &block, &faults, &err));
    assert_true(consumers[0]->ops->take(consumers[0], &block, NULL, &err) && consumers[0]->ops->finish(consumers[0], &err));
    assert_true(exh_track_digests_result(d, &out, &err));
    const struct exh_digest_value *v = exh_digests_find(&out, "track:1/sub", "md5");
    struct exh_digest_value want_value = {0};
    struct exh_digest *md5 = exh_digest_new("md5", &err);
    assert_true(exh_digest_add(md5, sub, sizeof sub, &err) && exh_digest_value(md5, &want_value, &err));
    assert_memory_equal(v->bytes, want_value.bytes, 16);
    assert_int_equal(v->not_good, 20);
    assert_int_equal(exh_digests_find(&out, "track:1/raw", "md5")->not_good, 0);
    assert_non_null(exh_digests_find(&out, "track:2/raw", "md5")); /* of nothing: no sector of it came */
    exh_digest_close(md5);
    free(out.items);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    exh_track_digests_close(d);
    lab_close(&lab);
    lab_close(&without);
}

static void a_track_that_differs_is_named(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result first, r;
    struct exh_digests said = {0};
    lab_open(&lab, mixed, 4, 0);
    hash(&lab, 1, usual, 4, &first);
    for (unsigned n = 1; n <= 4; n++)
        take(&first, (const char *[]){"track:1/raw", "track:2/raw", "track:3/stored", "track:4/user"}[n - 1], "sha256", &said);
    take(&first, "track:2/pregap", "sha256", &said);
    lab_at(&lab, 2, 5)[1] ^= 1;
    assert_int_equal(hold(&lab, &said, &r), EXH_MISMATCH);
    const struct exh_finding *f = finding_of(&r, "track", "mismatch");
    assert_non_null(strstr(f->detail, "track:2/raw"));
    assert_int_equal(f->lba, 900 + 500);
    assert_int_equal(f->count, 1100);
    exh_verify_result_close(&r);
    free(said.items);
    exh_verify_result_close(&first);
    lab_close(&lab);
}

/* However much agrees: what does not is in the findings. */
static void a_difference_is_never_left_out(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result first, r;
    struct exh_digests said = {0};
    lab_open(&lab, mixed, 4, 0);
    hash(&lab, 1, usual, 4, &first);
    for (unsigned i = 0; i < EXH_FINDINGS_MAX + 100; i++)
        take(&first, "track:3/stored", "md5", &said);
    take(&first, "track:4/user", "md5", &said);
    said.items[said.count - 1].bytes[3] ^= 1;
    assert_int_equal(hold(&lab, &said, &r), EXH_MISMATCH);
    assert_int_equal(finding_of(&r, "track", "mismatch")->count, 70);
    assert_int_equal(r.findings.left_out, 101);
    exh_verify_result_close(&r);
    free(said.items);
    exh_verify_result_close(&first);
    lab_close(&lab);
}

/* The record of a disc holds for the same disc in another container, track by track; for the image it is about it would be a change. */
static void a_record_of_another_container(void **state)
{
    (void)state;
    static const struct lab_track raw[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 200, .seed = 1},
                                           {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 90, .pregap = 30, .seed = 2}};
    static const struct lab_track cooked[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2048, .sectors = 200, .seed = 1},
                                              {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 90, .seed = 2}};
    struct lab_disc a, b;
    struct exh_verify_result first, r;
    struct exh_error err = {0};
    lab_open(&a, raw, 2, 0);
    lab_open(&b, cooked, 2, 0);
    hash(&b, 1, usual, 4, &first);
    struct exh_seal seal = {.digests = first.found.digests};
    struct exh_claim claim = {.basis = EXH_BASIS_EXTERNAL, .seal = &seal, .layout = b.medium->layout};
    struct exh_verify ask = {.medium = a.medium, .claims = &claim, .claim_count = 1};
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_MATCH);
    assert_non_null(strstr(finding_of(&r, "layout", "not-compared")->detail, "one by one"));
    assert_non_null(strstr(finding_of(&r, "track", "not-compared")->detail, "only the user data"));
    exh_verify_result_close(&r);
    claim.basis = EXH_BASIS_RECORD;
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_MISMATCH);
    assert_int_equal(finding_of(&r, "size", "mismatch")->basis, EXH_BASIS_RECORD);
    exh_verify_result_close(&r);
    claim.basis = EXH_BASIS_EXTERNAL;
    lab_at(&a, 1, 20)[30] ^= 1;
    assert_true(exh_verify_run(&ask, &r, &err));
    assert_int_equal(r.verdict, EXH_MISMATCH);
    assert_non_null(strstr(finding_of(&r, "track", "mismatch")->detail, "track:1/user"));
    exh_verify_result_close(&r);
    exh_verify_result_close(&first);
    lab_close(&a);
    lab_close(&b);
}

static void scopes_are_words(void **state)
{
    (void)state;
    unsigned number;
    enum exh_track_part part;
    char scope[32];
    static const char *const none[] = {"media",    "track:",       "track:0/raw", "track:100/raw", "track:1",
                                       "track:1/", "track:1/rawx", "track:/raw",  "track:-1/raw"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(exh_scope_track(none[i], &number, &part));
    for (int p = 0; p < EXH_PART_COUNT; p++) {
        exh_track_scope(99, (enum exh_track_part)p, scope);
        assert_true(exh_scope_track(scope, &number, &part));
        assert_int_equal(number, 99);
        assert_int_equal(part, p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(crc32_as_everybody_prints_it),
                                       cmocka_unit_test(each_scope_is_its_bytes),
                                       cmocka_unit_test(one_disc_in_four_forms),
                                       cmocka_unit_test(one_track_with_a_pregap),
                                       cmocka_unit_test(a_disk_has_no_tracks),
                                       cmocka_unit_test(many_algorithms_at_once),
                                       cmocka_unit_test(holes_are_counted_by_scope),
                                       cmocka_unit_test(all_tracks_are_the_disc),
                                       cmocka_unit_test(a_checksum_is_no_match),
                                       cmocka_unit_test(recorded_holes_are_counted_by_scope),
                                       cmocka_unit_test(a_subchannel_that_does_not_come_back),
                                       cmocka_unit_test(a_track_that_differs_is_named),
                                       cmocka_unit_test(a_difference_is_never_left_out),
                                       cmocka_unit_test(a_record_of_another_container),
                                       cmocka_unit_test(scopes_are_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
