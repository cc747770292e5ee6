/* What a verdict may not say: toy media whose sectors are good, bad or gone, held against toy claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verify/digest.h"
#include "verify/digest_set.h"
#include "verify/verify.h"

#define SECTORS 64
#define CHUNK 16

struct toy {
    struct exh_medium medium;
    struct exh_layout layout;
    struct exh_seal seal;
    uint8_t state[SECTORS];
    uint32_t asked[SECTORS]; /* how often each was read */
};

static bool toy_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                     struct exh_faults *faults, struct exh_error *err)
{
    (void)scratch, (void)faults, (void)err;
    struct toy *t = (struct toy *)medium;
    for (uint32_t i = 0; i < want->count; i++) {
        t->asked[want->lba + i]++;
        memset(out->main + (size_t)i * 512, (int)(want->lba + i + 1), 512);
        out->state[i] = t->state[want->lba + i];
    }
    return true;
}

static const struct exh_medium_ops toy_ops = {.read = toy_read};

static void toy_open(struct toy *t)
{
    memset(t, 0, sizeof *t);
    memset(t->state, EXH_GOOD, sizeof t->state);
    exh_layout_disk(&t->layout, SECTORS * 512, 512);
    t->medium = (struct exh_medium){.ops = &toy_ops, .format = "toy", .layout = &t->layout, .seal = &t->seal, .concurrent = true, .unit_sectors = 1};
}

static void list_as_bad(struct toy *t, int64_t lba, uint64_t count)
{
    struct exh_error err = {0};
    assert_true(exh_sectors_mark(&t->seal.unreadable, lba, count, EXH_BAD, &err));
    memset(t->state + lba, EXH_BAD, (size_t)count);
}

/* The verdict; the result is the caller's to look at and close. */
static enum exh_verdict verify(struct exh_verify *ask, struct exh_verify_result *out)
{
    struct exh_error err = {0};
    ask->threads = 1;
    if (!exh_verify_run(ask, out, &err))
        fail_msg("%s", err.text);
    return out->verdict;
}

static size_t findings_of(const struct exh_verify_result *r, const char *check, const char *outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < r->findings.count; i++)
        n += strcmp(r->findings.items[i].check, check) == 0 && strcmp(r->findings.items[i].outcome, outcome) == 0;
    return n;
}

/* An image that lists every one of its sectors as unreadable equals anything of its size: that is no match. */
static void nothing_compared_is_no_match(void **state)
{
    (void)state;
    struct toy a, b;
    struct exh_verify_result r;
    toy_open(&a);
    toy_open(&b);
    list_as_bad(&a, 0, SECTORS);
    struct exh_verify ask = {.medium = &a.medium, .against = &b.medium};
    assert_int_equal(verify(&ask, &r), EXH_NO_REFERENCE);
    assert_false(r.basis[EXH_BASIS_EXTERNAL]);
    assert_int_equal(findings_of(&r, "against", "match"), 0);
    assert_int_equal(findings_of(&r, "against", "not-compared"), 1);
    exh_verify_result_close(&r);
    exh_seal_close(&a.seal);
}

/* With one sector spared there is something to compare, and what was not is told. */
static void what_was_not_compared_is_told(void **state)
{
    (void)state;
    struct toy a, b;
    struct exh_verify_result r;
    toy_open(&a);
    toy_open(&b);
    list_as_bad(&a, 1, 30);
    list_as_bad(&a, 40, SECTORS - 40);
    struct exh_verify ask = {.medium = &a.medium, .against = &b.medium};
    assert_int_equal(verify(&ask, &r), EXH_MATCH);
    assert_true(r.basis[EXH_BASIS_EXTERNAL]);
    assert_int_equal(findings_of(&r, "against", "not-compared"), 2);
    /* and the other side is not asked for what there is nothing to compare with: a second reader of the same damage may choke on it */
    for (int lba = 0; lba < SECTORS; lba++)
        assert_int_equal(b.asked[lba], a.state[lba] == EXH_GOOD ? 1 : 0);
    exh_verify_result_close(&r);
    exh_seal_close(&a.seal);
}

/* Chunk digests of a medium as it was, for a claim. */
static void chunks_of(struct toy *t, struct exh_seal *out)
{
    struct exh_verify ask = {.medium = &t->medium, .chunk_sectors = CHUNK};
    struct exh_verify_result r;
    struct exh_error err = {0};
    (void)verify(&ask, &r);
    out->chunks.sectors = CHUNK;
    for (size_t i = 0; i < r.found.chunks.count; i++)
        assert_true(exh_chunks_add(&out->chunks, &r.found.chunks.items[i], &err));
    exh_verify_result_close(&r);
}

/* A chunk of which a sector cannot be read now has zeros in it: nobody knows whether it differs. */
static void unread_is_not_a_difference(void **state)
{
    (void)state;
    struct toy t;
    struct exh_seal said = {0};
    struct exh_verify_result r;
    toy_open(&t);
    chunks_of(&t, &said);
    const struct exh_claim claim = {.basis = EXH_BASIS_LEDGER, .seal = &said, .who = "test"};
    struct exh_verify ask = {.medium = &t.medium, .claims = &claim, .claim_count = 1};
    assert_int_equal(verify(&ask, &r), EXH_MATCH);
    exh_verify_result_close(&r);
    t.state[20] = EXH_BAD;
    assert_int_equal(verify(&ask, &r), EXH_COULD_NOT_READ);
    assert_int_equal(r.unread_now, 1);
    assert_int_equal(findings_of(&r, "chunk", "mismatch"), 0);
    assert_int_equal(findings_of(&r, "chunk", "not-compared"), 1);
    exh_verify_result_close(&r);
    /* but one that differs elsewhere is a difference, and an image's own list of bad sectors excuses none */
    said.chunks.items[3].sha256[0] ^= 1;
    assert_int_equal(verify(&ask, &r), EXH_MISMATCH);
    exh_verify_result_close(&r);
    said.chunks.items[3].sha256[0] ^= 1;
    list_as_bad(&t, 20, 1);
    assert_int_equal(verify(&ask, &r), EXH_MISMATCH);
    exh_verify_result_close(&r);
    exh_seal_close(&said);
    exh_seal_close(&t.seal);
}

/* Whoever spells an algorithm otherwise is understood, so that a wrong digest is never "not computed". */
static void spelling_hides_no_difference(void **state)
{
    (void)state;
    static const struct {
        const char *spelled;
        size_t bytes;
    } names[] = {{"SHA256", 32}, {"sha-256", 32}, {"SHA2-256", 32}, {"RMD160", 20}, {"SHA512/256", 32}, {"sha512-256", 32}, {"BLAKE2b512", 64}};
    struct toy t;
    toy_open(&t);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct exh_error err = {0};
        struct exh_verify_result r;
        struct exh_seal said = {0};
        struct exh_digest_value value;
        char hex[2 * EXH_DIGEST_BYTES_MAX + 1];
        struct exh_digest *known = exh_digest_new(names[i].spelled, &err);
        if (known == NULL)
            continue; /* this OpenSSL does not have it */
        exh_digest_close(known);
        memset(hex, '0', 2 * names[i].bytes);
        hex[2 * names[i].bytes] = '\0';
        assert_true(exh_digest_value_set(&value, "media", names[i].spelled, hex, &err));
        assert_true(exh_digests_add(&said.digests, &value, &err));
        const struct exh_claim claim = {.basis = EXH_BASIS_EXTERNAL, .seal = &said, .who = "test"};
        struct exh_verify ask = {.medium = &t.medium, .claims = &claim, .claim_count = 1};
        assert_int_equal(verify(&ask, &r), EXH_MISMATCH);
        exh_verify_result_close(&r);
        exh_seal_close(&said);
    }
}

/* The name a digest is recorded under is one it can be asked for again. */
static void names_come_back(void **state)
{
    (void)state;
    static const char *const names[] = {"SHA2-512/256", "SHA2-512/224", "sha512-256", "SHA3-256", "blake2s256",
                                        "ripemd160",    "shake128",     "md5-sha1",   "sm3",      "SHA1"};
    size_t known = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct exh_error err = {0};
        struct exh_digest *first = exh_digest_new(names[i], &err), *again = first != NULL ? exh_digest_new(exh_digest_name(first), &err) : NULL;
        if (first != NULL) {
            known++;
            if (again == NULL)
                fail_msg("%s is recorded as %s: %s", names[i], exh_digest_name(first), err.text);
            assert_string_equal(exh_digest_name(first), exh_digest_name(again));
        }
        exh_digest_close(first);
        exh_digest_close(again);
    }
    assert_true(known >= 6);
}

static void note(struct exh_findings *findings, const char *outcome, unsigned number)
{
    struct exh_error err = {0};
    struct exh_finding f = {.offset = EXH_NO_OFFSET, .lba = number};
    (void)snprintf(f.outcome, sizeof f.outcome, "%s", outcome);
    assert_true(exh_findings_add(findings, &f, &err));
}

/* An agreement makes way for what is none, and only for that; what is kept stays in its order. */
static void agreements_make_way(void **state)
{
    (void)state;
    struct exh_findings all = {0};
    note(&all, "warning", 0);
    for (unsigned i = 1; i <= EXH_FINDINGS_MAX; i++)
        note(&all, "match", i);
    assert_int_equal(all.left_out, 1);
    note(&all, "mismatch", 9000);
    note(&all, "match", 9001);
    note(&all, "damaged", 9002);
    assert_int_equal(all.count, EXH_FINDINGS_MAX);
    assert_int_equal(all.left_out, 4);
    assert_int_equal(all.items[0].lba, 0);
    for (size_t i = 1; i < EXH_FINDINGS_MAX - 2; i++)
        assert_int_equal(all.items[i].lba, i);
    assert_string_equal(all.items[EXH_FINDINGS_MAX - 2].outcome, "mismatch");
    assert_string_equal(all.items[EXH_FINDINGS_MAX - 1].outcome, "damaged");
    for (unsigned i = 0; i < EXH_FINDINGS_MAX; i++)
        note(&all, "mismatch", i);
    assert_int_equal(all.agreements, 0);
    assert_int_equal(all.items[0].lba, 0);
    assert_int_equal(all.count + all.left_out, 2 * EXH_FINDINGS_MAX + 4);
    exh_findings_close(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_compared_is_no_match),
                                       cmocka_unit_test(what_was_not_compared_is_told),
                                       cmocka_unit_test(unread_is_not_a_difference),
                                       cmocka_unit_test(spelling_hides_no_difference),
                                       cmocka_unit_test(names_come_back),
                                       cmocka_unit_test(agreements_make_way)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
