/* Lists of disc images: which game a disc is, what the list says of it, and lists that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "disc_lab.h"
#include "formats/model/text.h"
#include "verify/dat.h"
#include "verify/verify.h"

#define HEAD                                                                                                                                         \
    "<?xml version=\"1.0\"?>\n<!DOCTYPE datafile PUBLIC \"-//Logiqx//DTD ROM Management Datafile//EN\" "                                             \
    "\"http://www.logiqx.com/Dats/datafile.dtd\">\n<datafile>\n\t<header>\n\t\t<name>Lab</name>\n\t</header>\n"

static const struct lab_track disc[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 300, .seed = 1},
                                        {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .pregap = 150, .seed = 2},
                                        {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 350, .seed = 3}};
static const char *const scopes[] = {"track:1/raw", "track:2/whole", "track:3/raw"};
static const unsigned sizes[] = {300 * 2352, 350 * 2352, 350 * 2352};

static char path[] = "/tmp/exhibit-dat-XXXXXX";

static void write_list(const char *text, size_t length)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static bool find(struct lab_disc *lab, const char *text, struct exh_dat *out, struct exh_error *err)
{
    exh_error_clear(err);
    write_list(text, strlen(text));
    return exh_dat_find(path, lab->medium->layout, lab->medium->files, out, err);
}

static enum exh_verdict hold(struct lab_disc *lab, const char *text, struct exh_verify_result *r)
{
    struct exh_error err;
    struct exh_dat dat;
    if (!find(lab, text, &dat, &err))
        fail_msg("%s", err.text);
    struct exh_verify ask = {.medium = lab->medium, .dat = &dat};
    if (!exh_verify_run(&ask, r, &err))
        fail_msg("%s", err.text);
    exh_dat_close(&dat);
    return r->verdict;
}

static size_t findings_of(const struct exh_verify_result *r, const char *outcome, const char *words)
{
    size_t n = 0;
    for (size_t i = 0; i < r->findings.count; i++)
        n += strcmp(r->findings.items[i].check, "dat") == 0 && strcmp(r->findings.items[i].outcome, outcome) == 0 &&
             strstr(r->findings.items[i].detail, words) != NULL;
    return n;
}

/* What a list would say of the lab's disc as it is now. */
struct listed {
    char crc[3][9], md5[3][33], sha1[3][41];
};

static void list(struct lab_disc *lab, struct listed *out)
{
    static const char *const algorithms[] = {"crc32", "md5", "sha1"};
    struct exh_error err = {0};
    struct exh_verify_result r;
    struct exh_verify ask = {.medium = lab->medium, .algorithms = algorithms, .algorithm_count = 3};
    assert_true(exh_verify_run(&ask, &r, &err));
    for (size_t i = 0; i < 3; i++) {
        exh_text_hex(exh_digests_find(&r.found.digests, scopes[i], "crc32")->bytes, 4, out->crc[i]);
        exh_text_hex(exh_digests_find(&r.found.digests, scopes[i], "md5")->bytes, 16, out->md5[i]);
        exh_text_hex(exh_digests_find(&r.found.digests, scopes[i], "sha1")->bytes, 20, out->sha1[i]);
    }
    exh_verify_result_close(&r);
}

/* One game; `order` says which track each of its files is, `crc_only` leaves out the rest. */
static char *game_of(const struct listed *l, const char *game, const int order[3], bool crc_only)
{
    char *text = exh_text_format(
        "\t<game name=\"%s\">\n\t\t<description>%s</description>\n\t\t<rom name=\"%s.cue\" size=\"300\" crc=\"00000000\"/>\n", game, game, game);
    for (int i = 0; i < 3; i++) {
        int t = order[i];
        assert_true(exh_text_append(&text, "\t\t<rom name=\"%s (Track %d).bin\" size=\"%u\" crc=\"%s\"", game, t + 1, sizes[t], l->crc[t]));
        assert_true(crc_only || exh_text_append(&text, " md5=\"%s\" sha1=\"%s\"", l->md5[t], l->sha1[t]));
        assert_true(exh_text_append(&text, "/>\n"));
    }
    assert_true(exh_text_append(&text, "\t</game>\n"));
    return text;
}

static const int in_order[3] = {0, 1, 2};

static void the_right_one_of_many(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    struct listed good, other;
    static const int by_name[3] = {2, 0, 1};
    lab_open(&lab, disc, 3, 0);
    list(&lab, &good);
    memset(&other, 0, sizeof other);
    for (size_t i = 0; i < 3; i++) {
        memset(other.crc[i], 'a', 8);
        memset(other.md5[i], 'b', 32);
        memset(other.sha1[i], 'C', 40);
    }
    char *text = exh_text_format(HEAD), *wrong = game_of(&other, "Another (Europe)", in_order, false),
         *right = game_of(&good, "Example &amp; Co", by_name, false);
    for (int i = 0; i < 200; i++)
        assert_true(exh_text_append(&text, "<game name=\"g%d\"><rom name=\"g%d.bin\" size=\"%d\" crc=\"01234567\"/></game>\n", i, i, 2352 * i));
    assert_true(exh_text_append(&text, "%s%s</datafile>\n", wrong, right));
    assert_int_equal(hold(&lab, text, &r), EXH_MATCH);
    assert_true(r.basis[EXH_BASIS_EXTERNAL]);
    assert_int_equal(findings_of(&r, "match", "\"Example & Co\""), 3);
    assert_int_equal(findings_of(&r, "match", "crc32, md5, sha1 of track:2/whole equal \"Example & Co (Track 2).bin\""), 1);
    assert_int_equal(findings_of(&r, "mismatch", ""), 0);
    exh_verify_result_close(&r);

    lab_at(&lab, 2, 7)[9] ^= 1; /* two tracks of three still tell which game it was */
    assert_int_equal(hold(&lab, text, &r), EXH_MISMATCH);
    assert_int_equal(findings_of(&r, "match", "\"Example & Co\""), 2);
    assert_int_equal(findings_of(&r, "mismatch", "crc32, md5, sha1 of track:2/whole differ from"), 1);
    for (size_t i = 0; i < r.findings.count; i++)
        if (strcmp(r.findings.items[i].outcome, "mismatch") == 0) {
            assert_int_equal(r.findings.items[i].lba, 300);
            assert_int_equal(r.findings.items[i].count, 350);
        }
    exh_verify_result_close(&r);
    lab_at(&lab, 1, 7)[9] ^= 1;
    lab_at(&lab, 3, 7)[9] ^= 1; /* nothing left that would */
    assert_int_equal(hold(&lab, text, &r), EXH_NO_REFERENCE);
    assert_int_equal(findings_of(&r, "no-reference", "none of the 202 games"), 1);
    exh_verify_result_close(&r);
    free(text);
    free(wrong);
    free(right);
    lab_close(&lab);
}

/* Each digest counts: one that differs is a difference, whatever the others say. */
static void every_digest_is_compared(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    struct listed good;
    lab_open(&lab, disc, 3, 0);
    list(&lab, &good);
    for (int which = 0; which < 3; which++) {
        struct listed l = good;
        char *digit = which == 0 ? &l.crc[2][7] : which == 1 ? &l.md5[2][31] : &l.sha1[2][0];
        *digit = *digit == '0' ? '1' : '0';
        char *game = game_of(&l, "Example", in_order, false), *text = exh_text_format(HEAD "%s</datafile>", game);
        assert_int_equal(hold(&lab, text, &r), EXH_MISMATCH);
        assert_int_equal(findings_of(&r, "match", ""), 2);
        assert_int_equal(findings_of(&r, "mismatch",
                                     which == 0   ? "crc32 of track:3/raw"
                                     : which == 1 ? "md5 of track:3/raw"
                                                  : "sha1 of track:3/raw"),
                         1);
        exh_verify_result_close(&r);
        free(text);
        free(game);
    }
    lab_close(&lab);
}

/* Under the name of our files the game is found whatever its bytes are. */
static void a_name_tells_too(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    struct listed l;
    lab_open(&lab, disc, 3, 0);
    list(&lab, &l);
    char *game = game_of(&l, "lab", in_order, false), *text = exh_text_format(HEAD "%s</datafile>", game);
    for (unsigned t = 1; t <= 3; t++)
        lab_at(&lab, t, 3)[100] ^= 1;
    assert_int_equal(hold(&lab, text, &r), EXH_MISMATCH);
    assert_int_equal(findings_of(&r, "mismatch", "differ from"), 3);
    exh_verify_result_close(&r);
    /* and its sizes */
    char *shorter =
        exh_text_format(HEAD "<game name=\"x\"><rom name=\"lab (Track 1).bin\" size=\"2352\" crc=\"00000000\"/><rom name=\"2.bin\" size=\"%u\" "
                             "crc=\"00000000\"/><rom name=\"3.bin\" size=\"%u\" crc=\"00000000\"/></game></datafile>",
                        sizes[1], sizes[2]);
    assert_int_equal(hold(&lab, shorter, &r), EXH_MISMATCH);
    assert_int_equal(findings_of(&r, "mismatch", "track:1/raw has 705600 bytes, \"lab (Track 1).bin\" of \"x\" 2352"), 1);
    exh_verify_result_close(&r);
    char *fewer =
        exh_text_format(HEAD "<game name=\"x\"><rom name=\"lab (Track 1).bin\" size=\"%u\" crc=\"00000000\"/><rom name=\"b.bin\" size=\"1\" "
                             "crc=\"00000000\"/></game></datafile>",
                        sizes[0]);
    assert_int_equal(hold(&lab, fewer, &r), EXH_MISMATCH);
    assert_int_equal(findings_of(&r, "mismatch", "\"x\" has 2 data files in the list, the disc has 3 tracks"), 1);
    exh_verify_result_close(&r);
    free(fewer);
    free(shorter);
    free(text);
    free(game);
    lab_close(&lab);
}

/* A CRC can be given to anything: it is a checksum that holds, and no match. */
static void crc_alone_is_no_match(void **state)
{
    (void)state;
    struct lab_disc lab;
    struct exh_verify_result r;
    struct listed l;
    lab_open(&lab, disc, 3, 0);
    list(&lab, &l);
    char *game = game_of(&l, "Example", in_order, true), *text = exh_text_format(HEAD "%s</datafile>", game);
    assert_int_equal(hold(&lab, text, &r), EXH_CONSISTENT);
    assert_false(r.basis[EXH_BASIS_EXTERNAL]);
    assert_true(r.basis[EXH_BASIS_CHECKSUM]);
    assert_int_equal(findings_of(&r, "match", "crc32 of"), 3);
    assert_null(exh_digests_find(&r.found.digests, "media", "md5")); /* nobody asked for it */
    exh_verify_result_close(&r);
    free(text);
    free(game);
    lab_close(&lab);
}

/* An ISO, or one file for all tracks. */
static void one_file_for_all(void **state)
{
    (void)state;
    static const struct lab_track iso = {.kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 500, .seed = 1};
    static const char *const sha1[] = {"sha1"};
    struct exh_error err = {0};
    for (unsigned tracks = 1; tracks <= 3; tracks += 2) {
        struct lab_disc lab;
        struct exh_verify_result r;
        char hex[41];
        lab_open(&lab, tracks == 1 ? &iso : disc, tracks, 0);
        struct exh_verify ask = {.medium = lab.medium, .algorithms = sha1, .algorithm_count = 1};
        assert_true(exh_verify_run(&ask, &r, &err));
        exh_text_hex(exh_digests_find(&r.found.digests, "media", "sha1")->bytes, 20, hex);
        exh_verify_result_close(&r);
        char *text = exh_text_format("\xEF\xBB\xBF<datafile><machine name=\"m\"><rom name=\"m.iso\" size=\"%llu\" sha1=\"%s\"/></machine></datafile>",
                                     (unsigned long long)exh_layout_bytes(lab.medium->layout), hex);
        assert_int_equal(hold(&lab, text, &r), EXH_MATCH);
        assert_int_equal(findings_of(&r, "match", tracks == 1 ? "sha1 of track:1/user" : "sha1 of media"), 1);
        exh_verify_result_close(&r);
        free(text);
        lab_close(&lab);
    }
}

/* The list's file has the pregap that our container leaves out: the other tracks are compared, this one cannot be. */
static void a_pregap_that_is_not_stored(void **state)
{
    (void)state;
    static const struct lab_track without[] = {{.kind = EXH_TRACK_MODE1, .main_bytes = 2352, .sectors = 300, .seed = 1},
                                               {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 200, .seed = 2, .gap = 150},
                                               {.kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 350, .seed = 3}};
    struct lab_disc lab, other;
    struct exh_verify_result r;
    struct listed l;
    lab_open(&lab, disc, 3, 0);
    lab_open(&other, without, 3, 0);
    list(&lab, &l);
    char *game = game_of(&l, "Example", in_order, false), *text = exh_text_format(HEAD "%s</datafile>", game);
    assert_int_equal(hold(&other, text, &r), EXH_NO_REFERENCE); /* nothing says that there is a pregap at all */
    assert_int_equal(findings_of(&r, "match", ""), 0);
    exh_verify_result_close(&r);
    ((struct exh_layout *)(uintptr_t)other.medium->layout)->tracks[1].pregap = 150;
    assert_int_equal(hold(&other, text, &r), EXH_NO_REFERENCE);
    assert_int_equal(findings_of(&r, "match", ""), 2);
    assert_int_equal(findings_of(&r, "not-compared", "begins with a pregap of 150 sectors"), 1);
    exh_verify_result_close(&r);
    free(text);
    free(game);
    lab_close(&lab);
    lab_close(&other);
}

static void expect_refusal(struct lab_disc *lab, const char *text, enum exh_code code, const char *words)
{
    struct exh_dat dat;
    struct exh_error err;
    assert_false(find(lab, text, &dat, &err));
    if (err.code != code || strstr(err.text, words) == NULL)
        fail_msg("'%s' (%s) does not say '%s' (%s)", err.text, exh_code_name(err.code), words, exh_code_name(code));
    exh_dat_close(&dat);
}

static void hostile_lists_are_refused(void **state)
{
    (void)state;
    struct lab_disc lab;
    lab_open(&lab, disc, 3, 0);
    expect_refusal(
        &lab, "<!DOCTYPE datafile [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\n<datafile><game name=\"&b;\"/></datafile>",
        EXH_UNSUPPORTED, "entities");
    expect_refusal(&lab, "<!DOCTYPE datafile [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><datafile>&a;</datafile>", EXH_UNSUPPORTED, "entities");
    expect_refusal(&lab, "<datafile>\n<game name=\"a\">\n<rom name=\"a\" size=\"1\">\n</game></datafile>", EXH_CORRUPT, "line 4");
    expect_refusal(&lab, "<datafile>\n<game name=\"a\">", EXH_CORRUPT, "line 2");
    expect_refusal(&lab, "<datafile>\n<game/></datafile>", EXH_CORRUPT, "line 2: a game without a name");
    expect_refusal(&lab, "<datafile>\n<game name=\"a\"><game name=\"b\"/></game></datafile>", EXH_CORRUPT, "a game within a game");
    expect_refusal(&lab, "<datafile>\n<game name=\"a\">\n<rom name=\"a\" size=\"-1\"/></game></datafile>", EXH_CORRUPT,
                   "line 3: a rom whose size is no number");
    expect_refusal(&lab, "<list><datafile/></list>", EXH_CORRUPT, "not <datafile>");
    char *text = exh_text_format("<datafile><game name=\"a\"");
    for (int i = 0; i < 3000; i++)
        assert_true(exh_text_append(&text, " a%d=\"\"", i));
    expect_refusal(&lab, text, EXH_LIMIT, "without a tag");
    free(text);
    text = exh_text_format("<datafile><game name=\"a\">");
    for (unsigned i = 0; i < 2 * EXH_DAT_ROMS_MAX; i++)
        assert_true(exh_text_append(&text, "<rom name=\"a\" size=\"1\"/>"));
    expect_refusal(&lab, text, EXH_LIMIT, "files of one game");
    free(text);
    text = exh_text_format("<datafile>");
    for (unsigned i = 0; i < 5000; i++)
        assert_true(exh_text_append(&text, "<a>"));
    expect_refusal(&lab, text, EXH_CORRUPT, "line 1");
    free(text);
    lab_close(&lab);
}

/* Digests that are none are as if they were not there: a game without any tells nothing. */
static void digests_that_are_none(void **state)
{
    (void)state;
    static const struct lab_track iso = {.kind = EXH_TRACK_BLOCKS, .main_bytes = 2048, .sectors = 5, .seed = 1};
    struct lab_disc lab;
    struct exh_verify_result r;
    lab_open(&lab, &iso, 1, 0);
    assert_int_equal(
        hold(&lab, "<datafile><game name=\"a\"><rom name=\"lab (Track 1).bin\" size=\"10240\" crc=\"xyz\" md5=\"12\" sha1=\"\"/></game></datafile>",
             &r),
        EXH_NO_REFERENCE);
    assert_int_equal(findings_of(&r, "no-reference", "no digest"), 1);
    exh_verify_result_close(&r);
    lab_close(&lab);
}

static void what_is_a_list(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } cases[] = {{HEAD "</datafile>", true},
                 {"\xEF\xBB\xBF \n<datafile>", true},
                 {"<?xml version=\"1.0\"?><mame/>", false},
                 {"d41d8cd98f00b204e9800998ecf8427e  <datafile", false},
                 {"", false}};
    struct exh_error err = {0};
    bool is;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_list(cases[i].text, strlen(cases[i].text));
        assert_true(exh_dat_is_one(path, &is, &err));
        assert_int_equal(is, cases[i].is);
    }
    assert_false(exh_dat_is_one("/nonexistent", &is, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_one_of_many),     cmocka_unit_test(every_digest_is_compared), cmocka_unit_test(a_name_tells_too),
        cmocka_unit_test(crc_alone_is_no_match),     cmocka_unit_test(one_file_for_all),         cmocka_unit_test(a_pregap_that_is_not_stored),
        cmocka_unit_test(hostile_lists_are_refused), cmocka_unit_test(digests_that_are_none),    cmocka_unit_test(what_is_a_list)};
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    (void)close(fd);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
