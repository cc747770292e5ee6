/* An image whose making is on no record: lines that looked at it, as this version and an older one write them, and what both pages make of them. */
#include "report_pages_lab.h"

static const struct exh_blobs none;

#define assert_on(page, words) assert_non_null(strstr(page, words))
#define assert_not_on(page, words) assert_null(strstr(page, words))

static json_t *stored(void)
{
    return checked(json_pack("{s:[{s:s,s:s,s:s,s:i}],s:{s:s,s:s,s:s,s:s},s:i}", "digests", "scope", "media", "algorithm", "md5", "value", MD5_A,
                             "not_good", 0, "case", "case", "LAB-9 <b>", "examiner", "Somebody Else", "ewf_program", "Other 7", "ewf_acquired",
                             "1730018781", "unreadable_sectors", 3));
}

/* A verification of this version: the line tells what the image was seen to be. */
static json_t *full_line(json_int_t seq, const char *verdict, const char *sha256)
{
    json_t *made = verify_line(seq, "found.E01", verdict), *body = json_object_get(made, "body");
    json_t *more = checked(json_pack("{s:s,s:[{s:s,s:I},{s:s,s:I}],s:i,s:i,s:{s:s,s:i,s:[{s:i,s:i,s:s,s:i,s:I,s:i,s:i}]},s:o,s:[[i,i]],s:i}",
                                     "format", "ewf", "files", "name", "found.E01", "bytes", (json_int_t)9000000, "name", "found.E02", "bytes",
                                     (json_int_t)400, "sector_size", 512, "tail_bytes", 0, "layout", "kind", "disk", "sessions", 1, "tracks",
                                     "number", 1, "session", 1, "mode", "disk", "first_lba", 0, "sectors", (json_int_t)32768, "main_bytes", 512,
                                     "sub_bytes", 0, "stored", stored(), "unreadable", 100, 3, "unreadable_sectors", 3));
    assert_int_equal(json_object_update(body, more), 0);
    assert_int_equal(json_object_set_new(body, "basis", checked(json_pack("[s]", "stored"))), 0);
    assert_int_equal(json_string_set(json_object_get(json_array_get(json_object_get(body, "digests"), 0), "value"), sha256), 0);
    json_decref(more);
    return made;
}

static json_t *hash_line(json_int_t seq)
{
    return line(seq, "2026-12-03T08:00:00Z", "hash", "found.E01",
                checked(json_pack("{s:s,s:{s:s,s:s},s:[{s:s,s:s,s:s,s:i}],s:I,s:I}", "operation", "cc112233445566778899aabbccddeeff", "source",
                                  "kind", "file", "path", "found.E01", "digests", "scope", "media", "algorithm", "md5", "value", MD5_A, "not_good", 0,
                                  "bytes", (json_int_t)16777216, "sectors", (json_int_t)32768)));
}

static json_t *sealed_line(json_int_t seq)
{
    return line(seq, "2026-12-05T08:00:00Z", "verify", "found.E01",
                checked(json_pack("{s:s,s:s,s:s,s:s,s:[],s:[{s:s,s:s,s:s}],s:[{s:s,s:s,s:s,s:i}]}", "operation", "dd112233445566778899aabbccddeeff",
                                  "started", "2026-12-05T08:00:00Z", "ended", "2026-12-05T08:00:00Z", "verdict", "not-performed", "basis", "findings",
                                  "check", "open", "outcome", "not-opened", "detail", "the image is encrypted", "digests", "scope", "file:found.E01",
                                  "algorithm", "sha256", "value", SHA_B, "not_good", 0)));
}

static struct pages found_pages(const char *name, const json_t *const *lines, size_t count)
{
    const struct exh_report_item item = {.later = lines, .later_count = count};
    struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, name);
    return p;
}

static char *found_sentence(const json_t *const *lines, size_t count)
{
    const struct exh_report_item item = {.later = lines, .later_count = count};
    exh_error_clear(&err);
    char *text = exh_report_item_sentence(&item, &err);
    assert_non_null(text);
    return text;
}

/* The image's own words stand apart, escaped; nothing is said of an acquisition but that it is not on record. */
static void tells_what_was_found(void **state)
{
    (void)state;
    json_t *lines[] = {full_line(50, "match", SHA_A), report_line(51, "found.E01")};
    struct pages p = found_pages("found", (const json_t *const *)lines, 2);
    assert_on(p.html, "No acquisition of this image is on record here; it was verified once, last on 2026-12-01 09:10:01 UTC: match");
    assert_on(p.html, "on the basis of digests stored inside the image itself.");
    assert_on(p.html, "Program that wrote the image</dt><dd>Other 7<");
    assert_on(p.html, "2024-10-27 08:46:21 UTC");
    assert_on(p.html, "Report of an image as found: ");
    assert_on(p.html, "What the image says of itself");
    assert_on(p.html, "LAB-9 &lt;b&gt;");
    assert_on(p.html, "found.E02");
    assert_on(p.html, "List of unreadable ranges");
    assert_not_on(p.html, "The source");
    assert_not_on(p.html, "Copied from");
    assert_not_on(p.html, "Method and settings");
    assert_not_on(p.html, "None was published");
    assert_not_on(p.html, "<svg");
    assert_xpath(p.xml, "string(//r:item/@kind)", "found");
    assert_xpath(p.xml, "string(//r:item/@outcome)", "not-on-record");
    assert_xpath(p.xml, "string(//r:found/@described_by)", "50");
    assert_xpath(p.xml, "string(//r:found/r:stated/r:field[@name='case'])", "LAB-9 <b>");
    assert_xpath(p.xml, "string(//r:found/r:stated/@unreadable_sectors)", "3");
    assert_xpath(p.xml, "count(//r:files/r:file[@name='found.E02'])", "1");
    assert_xpath(p.xml, "count(//r:source)", "0");
    let_go(p);
    json_decref(lines[0]);
    json_decref(lines[1]);
}

/* A line written before FOUND was told, and one of digests alone. */
static void reads_older_lines(void **state)
{
    (void)state;
    json_t *old = verify_line(9, "found.E01", "no-reference"), *hash = hash_line(10);
    const json_t *lines[] = {old};
    struct pages p = found_pages("found-old", lines, 1);
    assert_on(p.html, "no-reference (the image was read whole, but there was nothing to compare it with)");
    assert_on(p.html, "Not on record: the line that speaks of it does not tell.");
    let_go(p);
    lines[0] = hash;
    p = found_pages("found-hash", lines, 1);
    assert_on(p.html, "nor was it verified: its digests were computed once, last on 2026-12-03 08:00:00 UTC, and held against nothing.");
    assert_xpath(p.xml, "count(//r:record/r:digests/r:digest)", "1");
    let_go(p);
    json_decref(old);
    json_decref(hash);
}

/* Two looks that found different bytes are told as such, whatever their verdicts; looks that found the same are not. */
static void warns_where_looks_disagree(void **state)
{
    (void)state;
    json_t *lines[] = {full_line(50, "match", SHA_A), hash_line(51), full_line(52, "match", SHA_A), full_line(53, "match", SHA_B)};
    struct pages p = found_pages("found-same", (const json_t *const *)lines, 3);
    assert_not_on(p.html, "do not agree");
    assert_xpath(p.xml, "string(//r:found/@digests_agree)", "true");
    let_go(p);
    p = found_pages("found-changed", (const json_t *const *)lines, 4);
    assert_on(p.html, "The looks at this image do not agree: of sha256 in scope media line 50 has ");
    assert_xpath(p.xml, "string(//r:found/@digests_agree)", "false");
    let_go(p);
    for (size_t i = 0; i < 4; i++)
        json_decref(lines[i]);
}

/* A container that was not opened says why, and takes nothing from an earlier look that did open it. */
static void tells_what_was_not_opened(void **state)
{
    (void)state;
    json_t *sealed = sealed_line(60), *full = full_line(50, "match", SHA_A);
    const json_t *lines[] = {sealed, sealed};
    char *text = found_sentence(lines, 1);
    assert_string_equal(
        text, "No acquisition of this image is on record here; it was to be verified once, last on 2026-12-05 08:00:00 UTC: not-performed (no "
              "comparison was made): the image is encrypted.");
    free(text);
    struct pages p = found_pages("found-sealed", lines, 1);
    assert_on(p.html, "class=\"attention\">The last verification on record");
    assert_on(p.html, "What is in the image was not read. Only what follows is known of it");
    assert_not_on(p.html, "What the image says of itself");
    assert_not_on(p.html, "rests on none");
    let_go(p);
    lines[0] = full;
    text = found_sentence(lines, 2);
    assert_non_null(strstr(text, "it was verified once and was to be 1 more, last on"));
    free(text);
    p = found_pages("found-both", lines, 2);
    assert_xpath(p.xml, "string(//r:found/@described_by)", "50");
    let_go(p);
    json_decref(sealed);
    json_decref(full);
}

/* A look that took everything back, because the image changed under it, left zeros: those are no sizes, and no list without gaps. */
static void believes_no_size_of_a_broken_look(void **state)
{
    (void)state;
    json_t *broken = verify_line(70, "found.E01", "not-performed"), *body = json_object_get(broken, "body");
    const json_t *lines[] = {broken};
    assert_int_equal(json_object_set_new(body, "bytes", json_integer(0)), 0);
    assert_int_equal(json_object_set_new(body, "sectors", json_integer(0)), 0);
    assert_int_equal(json_object_set_new(body, "digests", json_array()), 0);
    assert_int_equal(json_object_set_new(body, "unreadable", json_array()), 0);
    struct pages p = found_pages("found-broken", lines, 1);
    assert_on(p.html, "not known: what is in the image was not read");
    assert_not_on(p.html, "every sector of it could be read");
    assert_xpath(p.xml, "count(//r:found/@bytes)", "0");
    assert_xpath(p.xml, "string(//r:item/r:unreadable/@listed)", "false");
    let_go(p);
    json_decref(broken);
}

/* No line at all is no item, and a digest that is none refuses the page as it does of a making. */
static void refuses_what_it_cannot_tell(void **state)
{
    (void)state;
    struct exh_facts facts;
    const struct exh_report_item empty = {0};
    exh_error_clear(&err);
    assert_false(exh_facts_read(&facts, &empty, &none, &err));
    assert_int_equal(err.code, EXH_USAGE);
    exh_facts_close(&facts);
    json_t *bad = full_line(50, "match", "no hex");
    const json_t *lines[] = {bad};
    const struct exh_report_item item = {.later = lines, .later_count = 1};
    exh_error_clear(&err);
    assert_false(exh_facts_read(&facts, &item, &none, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    exh_facts_close(&facts);
    json_decref(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_what_was_found),
                                       cmocka_unit_test(reads_older_lines),
                                       cmocka_unit_test(warns_where_looks_disagree),
                                       cmocka_unit_test(tells_what_was_not_opened),
                                       cmocka_unit_test(believes_no_size_of_a_broken_look),
                                       cmocka_unit_test(refuses_what_it_cannot_tell)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
