/* The report pages: made from ledger lines built here, the XML is held against its schema, the HTML against its promises. What a failing medium
 * adds is in test_report_pages_medium.c. */
#include "tests/unit/report_pages_lab.h"

static const char *const clean_sentence =
    "A complete copy of the medium /dev/loop0 (16,777,216 bytes) was made; every byte of the copy was read back and matches what was read. "
    "No second read of the source was made.";

/* --- tests --- */

static void clean_image(void **state)
{
    (void)state;
    json_t *begin = begin_line("disk.E01", "/dev/loop0", 16777216, "ewf");
    json_t *end = end_line(&(struct copy){"disk.E01", "/dev/loop0", "ewf", "complete", "medium", 32768, 0, json_array(), 0});
    json_t *verified = verify_line(43, "disk.E01", "match"), *told = report_line(44, "disk.E01");
    const json_t *later[] = {verified, told};
    const struct exh_report_item item = {begin, end, later, 2};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "clean");
    assert_verdict_first(p.html, clean_sentence);
    assert_xpath(p.xml, "string(//r:item/r:verdict)", clean_sentence);
    assert_xpath(p.xml, "string(//r:source/r:serial)", "WD-WCC2E5HNR6TD");
    assert_xpath(p.xml, "count(//r:source/r:hidden_areas/r:unknown)", "1");
    assert_xpath(p.xml, "count(//r:source/r:firmware/r:unknown)", "1");
    assert_xpath(p.xml, "string(//r:files/r:file/@sha256)", SHA_B);
    assert_xpath(p.xml, "string(//r:item/r:digests/r:digest[@algorithm='sha256' and @scope='media'])", SHA_A);
    assert_xpath(p.xml, "string(//r:item/r:digests/r:digest[@algorithm='md5']/@collision_resistant)", "false");
    assert_xpath(p.xml, "string(//r:ledger/@seal)", "UNSEALED");
    assert_xpath(p.xml, "string(//r:ledger/@file)", "ledger.db");
    assert_xpath(p.xml, "string(//r:ledger/@chain)", "sound");
    assert_xpath(p.xml, "string(//r:chunks/@root)", SHA_B);
    assert_xpath(p.xml, "count(//r:record)", "4");
    assert_xpath(p.xml, "string(//r:record[3]/r:verification/@verdict)", "match");
    assert_xpath(p.xml, "string(//r:environment/r:command)", "exhibit acquire /dev/loop0 -o disk.E01 --notes 'removed from the left bay'");
    assert_xpath(p.xml, "count(//r:unreadable/r:range)", "0");
    assert_non_null(strstr(p.html, "<span>9f86d081</span><wbr><span>884c7d65</span>")); /* groups of eight, nothing between them to be copied */
    assert_non_null(strstr(p.html, "MD5 is not collision-resistant"));
    assert_non_null(strstr(p.html, "2026-11-22 07:00:00 UTC</span> <span class=\"whole\">(2026-11-22 08:00:00 +01:00 local)"));
    assert_non_null(strstr(p.html, "exhibit verify disk.E01"));
    assert_non_null(strstr(p.html, "ewfverify -d sha256 disk.E01"));
    assert_non_null(strstr(p.html, "<span class=\"unknown\">not recorded</span>"));
    assert_non_null(strstr(p.html, "<strong>UNSEALED</strong>"));
    assert_null(strstr(p.html, "class=\"attention\""));
    assert_non_null(strstr(p.html, "@top-right{font:8pt serif;content:\"case 2026\\2d 0113, exhibit KLS\\2d 7\"}"));
    let_go(p);
    json_decref(begin);
    json_decref(end);
    json_decref(verified);
    json_decref(told);
}

static void three_bad_ranges(void **state)
{
    (void)state;
    const char *sentence =
        "A copy of the medium /dev/sdc (500,107,862,016 bytes) was made except for 21 sectors (10,752 bytes) that could not be read; zeros stand in "
        "their place. Every byte of the copy was read back and matches what was read. A second read of the source was made and gave the same bytes.";
    json_t *begin = begin_line("stick.raw", "/dev/sdc", 500107862016, "raw");
    json_t *end = end_line(&(struct copy){"stick.raw", "/dev/sdc", "raw", "complete-with-errors", "medium", 976773168, 21,
                                          json_pack("[[i,i],[i,i],[i,i]]", 1000, 1, 1010, 12, 900000000, 8), 1});
    json_object_set_new(json_object_get(end, "body"), "second_read", json_pack("{s:s}", "verdict", "match"));
    json_t *faults = json_pack("{s:i,s:[[i,i,i,i],[i,i,i,i]]}", "count", 21, "first", 1000, 8, 5, 1, 900000000, 1, 61, 2);
    json_object_set_new(json_object_get(end, "body"), "faults", faults);
    const struct exh_report_item item = {begin, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "bad");
    assert_verdict_first(p.html, sentence);
    assert_xpath(p.xml, "count(//r:unreadable/r:range)", "3");
    assert_xpath(p.xml, "string(//r:unreadable/r:range[3]/@lba)", "900000000");
    assert_xpath(p.xml, "string(//r:unreadable/@bytes)", "10752");
    assert_xpath(p.xml, "string(//r:faults/r:fault[1]/@errno)", "5");
    assert_non_null(strstr(p.html, "21 sectors, 10,752 bytes, 0.000002 %"));
    assert_non_null(strstr(p.html, "5 EIO"));
    assert_non_null(strstr(p.html, "role=\"img\""));
    assert_non_null(strstr(p.html, "2 cells of 1,984 hold unreadable sectors: 21 sectors in 3 ranges."));
    assert_non_null(strstr(p.html, "All clusters of unreadable sectors, enlarged"));
    assert_non_null(strstr(p.html, "cat stick.raw | sha256sum"));
    let_go(p);
    json_decref(begin);
    json_decref(end);
}

/* On the largest medium the map still shows a single bad sector. */
static void one_bad_sector_shows(void **state)
{
    (void)state;
    json_t *end = end_line(&(struct copy){"big.raw", "/dev/sdd", "raw", "complete-with-errors", "medium", 46875000000, 1,
                                          json_pack("[[I,i]]", (json_int_t)46874999999, 1), 0});
    const struct exh_report_item item = {NULL, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "one");
    assert_verdict_first(
        p.html,
        "A copy of the medium /dev/sdd (24,000,000,000,000 bytes) was made except for 1 sector (512 bytes) that could not be read; zeros stand "
        "in its place.");
    assert_non_null(strstr(p.html, "1 cell of 1,984 holds unreadable sectors: 1 sector in 1 range."));
    const char *grid = strstr(p.html, "id=\"m1at\"");
    assert_non_null(grid);
    assert_non_null(strstr(grid, "height=\"10\" fill=\"url(#m1-U)\"/></svg>")); /* the last run of the last row */
    assert_non_null(strstr(p.html, "less than 0.000001 %"));
    let_go(p);
    json_decref(end);
}

static void unpublished(void **state)
{
    (void)state;
    json_t *begin = begin_line("disk.E01", "/dev/sdb", 16777216, "ewf");
    json_t *failed = failed_line("failed", "the device is gone at byte 4,096"), *stopped = failed_line("interrupted", "stopped by the user");
    struct exh_report_item item = {begin, failed, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "failed");
    assert_verdict_first(p.html, "No image was published: the acquisition of the medium /dev/sdb failed: the device is gone at byte 4,096.");
    assert_xpath(p.xml, "string(//r:item/@outcome)", "failed");
    assert_xpath(p.xml, "string(//r:item/r:error/@code)", "gone");
    assert_non_null(strstr(p.html, "the source was unplugged"));
    assert_null(strstr(p.html, "exhibit verify"));
    assert_null(strstr(p.html, "complete copy"));
    let_go(p);
    item.end = stopped;
    p = make(&report, "interrupted");
    assert_verdict_first(p.html, "No image was published: the acquisition of the medium /dev/sdb was interrupted before its end.");
    let_go(p);
    item.end = NULL;
    p = make(&report, "no-end");
    assert_verdict_first(p.html, "No image was published according to this record: the acquisition of the medium /dev/sdb, begun at "
                                 "2026-11-22 07:00:00 UTC, has no end on record.");
    assert_xpath(p.xml, "string(//r:item/@outcome)", "no-end-on-record");
    let_go(p);
    json_decref(begin);
    json_decref(failed);
    json_decref(stopped);
}

static const char hostile[] = "\"><script>alert('x')</script>]]>&amp;<!--\x01\x1b[31m\xe2\x80\xae\xef\xbf\xbe-- ' OR 1=1 \n\x7f";

static void hostile_strings(void **state)
{
    (void)state;
    json_t *begin = begin_line("disk.E01", hostile, 16777216, "ewf");
    json_t *end = end_line(&(struct copy){"a'; rm -rf $(x) <b>.E01", hostile, "ewf", "complete", "medium", 32768, 0, json_array(), 0});
    json_t *body = json_object_get(end, "body"), *fields = json_object_get(body, "case");
    json_object_set_new(fields, "notes", json_string(hostile));
    json_object_set_new(json_object_get(end, "object"), "case", json_string(hostile));
    json_object_set_new(fields, "case", json_string(hostile));
    json_object_set_new(fields, hostile, json_string("a key is a text, too"));
    json_object_set_new(fields, "examiner", json_stringn_nocheck("bro\xff\xc0\xafken\0tail", 14));
    json_object_set_new(body, "notices", json_pack("[s]", hostile));
    json_object_set_new(json_object_get(end, "object"), "image", json_string(hostile));
    json_object_set_new(json_object_get(body, "files"), "unused", json_null());
    json_t *verified = verify_line(43, hostile, "match");
    json_object_set_new(json_object_get(verified, "body"), "against", json_string(hostile));
    json_object_set_new(json_object_get(verified, "actor"), "host", json_string(hostile));
    const json_t *later[] = {verified};
    const struct exh_report_item item = {begin, end, later, 1};
    struct exh_report report = report_of(&item, 1);
    report.ledger_path = "/x/<script>\xff.db";
    report.head = "\"}</style><script>";
    struct pages p = make(&report, "hostile");
    assert_null(strstr(p.html, "alert('x')"));
    assert_non_null(
        strstr(p.html, "content:\"case \\22 \\3e \\3c script\\3e alert\\28 \\27 x\\27 \\29 \\3c \\2f script\\3e ")); /* in the style sheet */
    assert_non_null(strstr(p.html, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;]]&gt;&amp;amp;"));
    assert_null(strchr(p.html, '\x01'));
    assert_null(strchr(p.html, '\x1b'));
    assert_null(strstr(p.html, "\xe2\x80\xae"));
    assert_non_null(strstr(p.html, "bro\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdken\xef\xbf\xbdtail"));
    assert_xpath(p.xml, "string(//r:case_record/r:examiner)", "bro\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdken\xef\xbf\xbdtail");
    assert_xpath(p.xml, "string(//r:case_record/r:notes)",
                 "\"><script>alert('x')</script>]]>&amp;<!--\xef\xbf\xbd\xef\xbf\xbd[31m\xe2\x80\xae\xef\xbf\xbd-- ' OR 1=1 \n\xef\xbf\xbd");
    assert_xpath(p.xml, "count(//r:case_record/r:other)", "1");
    assert_xpath(p.xml, "count(//r:ledger/@head)", "0");
    assert_non_null(
        strstr(p.html, "sha256sum &#39;a&#39;\\&#39;&#39;; rm -rf $(x) &lt;b&gt;.E01&#39;")); /* quoted for the shell, then for the page */
    let_go(p);
    json_decref(begin);
    json_decref(end);
    json_decref(verified);
}

struct blob {
    char *text;
    char name[65];
};

static bool give_blob(void *context, const char *sha256, void **bytes, size_t *length, struct exh_error *e)
{
    const struct blob *blob = context;
    if (strcmp(sha256, blob->name) != 0)
        return exh_fail(e, EXH_NOT_FOUND, EXH_NO_OFFSET, "no such blob");
    *bytes = exh_text_copy(blob->text, strlen(blob->text));
    *length = strlen(blob->text);
    return *bytes != NULL;
}

static struct blob five_thousand_ranges(void)
{
    struct blob blob = {.text = calloc(5000, 24)};
    size_t at = 0;
    uint8_t sum[32];
    assert_non_null(blob.text);
    for (unsigned i = 0; i < 5000; i++)
        at += (size_t)snprintf(blob.text + at, 24, "%u 1\n", 100 + 97 * i);
    assert_true(exh_sha256(blob.text, at, sum, &err));
    exh_text_hex(sum, 32, blob.name);
    return blob;
}

static void ranges_in_a_blob(void **state)
{
    (void)state;
    struct blob blob = five_thousand_ranges();
    json_t *end = end_line(&(struct copy){"old.raw", "/dev/sde", "raw", "complete-with-errors", "medium", 1000000, 5000,
                                          json_pack("{s:s,s:i}", "blob", blob.name, "ranges", 5000), 0});
    const struct exh_report_item item = {NULL, end, NULL, 0};
    struct exh_report report = report_of(&item, 1);
    report.blobs = (struct exh_blobs){give_blob, &blob};
    struct pages p = make(&report, "many");
    assert_xpath(p.xml, "count(//r:unreadable/r:range)", "5000");
    assert_xpath(p.xml, "string(//r:unreadable/@listed)", "true");
    assert_non_null(strstr(p.html, "Ranges shown: 200 of 5,000, rest in report.xml."));
    assert_null(strstr(p.html, "class=\"attention\""));
    let_go(p);

    blob.text[0] = '7'; /* no longer what its name says */
    p = make(&report, "many-changed");
    assert_xpath(p.xml, "count(//r:unreadable/r:range)", "0");
    assert_xpath(p.xml, "string(//r:unreadable/@listed)", "false");
    assert_xpath(p.xml, "string(//r:unreadable/@ranges)", "5000");
    assert_non_null(strstr(p.html, "does not have the digest the line names"));
    let_go(p);

    report.blobs = (struct exh_blobs){NULL, NULL};
    p = make(&report, "many-missing");
    assert_xpath(p.xml, "string(//r:unreadable/@why_not_listed)", "the list kept beside the ledger line was not found");
    let_go(p);
    free(blob.text);
    json_decref(end);
}

/* A list that contradicts its own count is shown and said to do so; numbers out of all proportion harm nothing. */
static void contradictions(void **state)
{
    (void)state;
    json_t *lists[] = {json_pack("[[i,i],[i,i]]", 50, 1, 20, 1),
                       json_pack("[[i,i]]", 20, 1),
                       json_pack("[[I,I]]", (json_int_t)INT64_MAX, (json_int_t)INT64_MAX),
                       json_pack("[[I,i]]", (json_int_t)INT64_MIN, 2),
                       json_pack("[[s,n]]", "x"),
                       json_pack("[i]", 3)};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        json_t *end = end_line(&(struct copy){"x.raw", "/dev/sdf", "raw", "complete-with-errors", "medium", 1000, 2, lists[i], 0});
        const struct exh_report_item item = {NULL, end, NULL, 0};
        const struct exh_report report = report_of(&item, 1);
        struct pages p = make(&report, "contradiction");
        assert_non_null(strstr(p.html, "The record contradicts itself: its list"));
        assert_xpath(p.xml, "string(//r:unreadable/@contradicts_itself)", "true");
        let_go(p);
        json_decref(end);
    }
}

static void odd_layouts(void **state)
{
    (void)state;
    json_int_t firsts[] = {INT64_MIN, INT64_MAX, -150, 0}, sizes[] = {INT64_MAX, 1, 0, 700};
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            json_t *end = end_line(&(struct copy){"d.raw", "/dev/sr0", "raw", "complete", "medium", 1000, 0, json_array(), 0});
            json_t *track = json_array_get(json_object_get(json_object_get(json_object_get(end, "body"), "layout"), "tracks"), 0);
            json_object_set_new(track, "first_lba", json_integer(firsts[i]));
            json_object_set_new(track, "sectors", json_integer(sizes[j]));
            const struct exh_report_item item = {NULL, end, NULL, 0};
            const struct exh_report report = report_of(&item, 1);
            let_go(make(&report, "odd"));
            json_decref(end);
        }
}

/* Facts of the wrong type or absent are "not recorded"; a line without outcome or with a digest that is none is refused. */
static void poor_lines(void **state)
{
    (void)state;
    json_t *bare = line(2, "2026-11-22T07:04:01Z", "acquire-end", "d.raw",
                        json_pack("{s:s,s:i,s:s,s:f}", "outcome", "done", "files", 7, "bytes", "many", "sectors", 1.5));
    struct exh_report_item item = {NULL, bare, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "bare");
    assert_verdict_first(
        p.html,
        "A copy of the medium of a path not recorded (size not recorded; whether of all of it is not recorded) was made; whether it is complete is "
        "not recorded. Whether the copy was read back is not recorded. Whether a second read of the source was made is not recorded.");
    let_go(p);
    json_object_set_new(json_object_get(bare, "body"), "digests", json_pack("[{s:s,s:s,s:s}]", "scope", "media", "algorithm", "md5", "value", "<b>"));
    assert_null(exh_report_xml(&report, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    exh_error_clear(&err);
    assert_null(exh_report_html(&report, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    json_object_del(json_object_get(bare, "body"), "outcome");
    assert_null(exh_report_sentence(bare, &err));
    json_object_del(bare, "body");
    assert_null(exh_report_sentence(bare, &err));
    item.end = NULL;
    assert_null(exh_report_html(&report, &err));
    json_decref(bare);
}

static void assert_sentence(const char *of, const char *kind, int partition, const char *acquisition, const char *verification, const char *expected)
{
    json_t *end = end_line(&(struct copy){"d.raw", "/dev/sdg", "raw", acquisition, of, 8, 0, json_array(), 0});
    json_t *body = json_object_get(end, "body"), *from = json_object_get(body, "source");
    json_object_set_new(from, "kind", json_string(kind));
    json_object_set_new(from, "partition", json_boolean(partition));
    json_object_set_new(body, "verification", json_string(verification));
    char *sentence = exh_report_sentence(end, &err);
    assert_non_null(sentence);
    assert_string_equal(sentence, expected);
    free(sentence);
    json_decref(end);
}

static void sentences(void **state)
{
    (void)state;
    assert_sentence("visible", "device", 0, "complete", "match",
                    "A complete copy of what is visible of the medium /dev/sdg (4,096 bytes; hidden areas were not checked or not opened) was made; "
                    "every byte of the copy was "
                    "read back and matches what was read. No second read of the source was made.");
    assert_sentence("range", "device", 0, "complete", "match",
                    "A complete copy of a range of the medium /dev/sdg (4,096 bytes) was made; every byte of the copy was read back and matches what "
                    "was read. No second read "
                    "of the source was made.");
    assert_sentence(
        "medium", "device", 1, "complete", "not-performed",
        "A complete copy of the partition /dev/sdg (4,096 bytes) was made; the copy was not read back. No second read of the source was made.");
    assert_sentence("medium", "image", 0, "complete-with-errors", "not-performed",
                    "A copy of the medium in the image /dev/sdg (4,096 bytes) was made except for 0 sectors (0 bytes) that could not be read; zeros "
                    "stand in their place. The "
                    "copy was not read back. No second read of the source was made.");
    assert_sentence("medium", "stdin", 0, "incomplete", "mismatch",
                    "An incomplete copy of the data from standard input (4,096 bytes) was made: not every sector was tried. The copy was read back; "
                    "the result on record is "
                    "\"mismatch\": the image differs from the reference it was held against. No second read of the source was made.");
}

/* "Made" is not "agreed". */
static void second_read_that_differs(void **state)
{
    (void)state;
    json_t *end = end_line(&(struct copy){"disk.E01", "/dev/loop0", "ewf", "complete", "medium", 32768, 0, json_array(), 1});
    char *sentence = exh_report_sentence(end, &err);
    assert_non_null(strstr(sentence, "A second read of the source was made; what it gave is not recorded."));
    free(sentence);
    json_object_set_new(json_object_get(end, "body"), "second_read", json_pack("{s:s}", "verdict", "mismatch"));
    const struct exh_report_item item = {NULL, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "second");
    assert_non_null(strstr(p.html, "A second read of the source was made and DIFFERED from the first.</p>"));
    assert_non_null(strstr(p.html, "<p class=\"attention\">The second read of the source did not give what the first gave."));
    assert_xpath(p.xml, "string(//r:verdict/@second_read)", "mismatch");
    let_go(p);
    json_decref(end);
}

/* A run that stopped and can go on is told as such, with the reason, until it has gone on. */
static void stopped(void **state)
{
    (void)state;
    json_t *begin = begin_line("disk.E01", "/dev/sdb", 16777216, "ewf");
    json_t *pause = line(42, "2026-11-22T07:04:01Z", "acquire-pause", "disk.E01",
                         checked(json_pack("{s:s,s:s,s:{s:s,s:s}}", "operation", "00112233445566778899aabbccddeeff", "outcome", "failed", "error",
                                           "code", "no-space", "text", "no space left")));
    json_t *resume = line(43, "2026-11-22T08:00:00Z", "acquire-resume", "disk.E01", json_object());
    const json_t *later[] = {pause, resume};
    struct exh_report_item item = {begin, NULL, later, 1};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "stopped");
    assert_verdict_first(p.html, "No image was published: the acquisition of the medium /dev/sdb, begun at 2026-11-22 07:00:00 UTC, was stopped at "
                                 "2026-11-22 07:04:01 UTC (failed: no space left) and can be resumed; it has not been.");
    assert_non_null(strstr(p.html, "<td>Acquisition stopped, to be resumed</td>"));
    assert_non_null(strstr(p.html, "<h1>Report of an acquisition that was stopped and can be resumed: exhibit KLS-7"));
    let_go(p);
    item.later_count = 2;
    p = make(&report, "went-on");
    assert_verdict_first(p.html, "No image was published according to this record: the acquisition of the medium /dev/sdb, begun at "
                                 "2026-11-22 07:00:00 UTC, has no end on record.");
    let_go(p);
    json_decref(begin);
    json_decref(pause);
    json_decref(resume);
}

/* Two hundred agreements and, last of all, what does not agree: that stands first, the others are counted. */
static void findings_that_matter(void **state)
{
    (void)state;
    json_t *end = end_line(&(struct copy){"disk.E01", "/dev/loop0", "ewf", "complete", "medium", 32768, 0, json_array(), 0});
    json_t *verified = verify_line(43, "disk.E01", "mismatch"), *list = json_array();
    for (int i = 0; i < 300; i++)
        json_array_append_new(list, checked(json_pack("{s:s,s:s,s:s,s:s}", "check", i < 299 ? "track" : "digest", "outcome", "match", "detail",
                                                      "equal", "basis", i % 3 == 0 ? "record" : "ledger")));
    json_array_append_new(
        list, checked(json_pack("{s:s,s:s,s:s,s:s}", "check", "dat", "outcome", "match", "detail", "is <the> disc", "basis", "external")));
    json_array_append_new(list,
                          checked(json_pack("{s:s,s:s,s:s,s:s}", "check", "file", "outcome", "mismatch", "detail", "it differs", "basis", "ledger")));
    json_object_set_new(json_object_get(verified, "body"), "findings", list);
    const json_t *later[] = {verified};
    const struct exh_report_item item = {NULL, end, later, 1};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "findings");
    const char *differs = strstr(p.html, "<td class=\"whole\"><strong>mismatch</strong></td><td>it differs"),
               *given = strstr(p.html, "is &lt;the&gt; disc");
    assert_non_null(differs);
    assert_non_null(given);
    assert_true(differs < given);
    assert_null(strstr(p.html, "<td>equal</td>"));
    assert_non_null(strstr(p.html, "<li>with the side record kept with the image: 100 track digests</li>"));
    assert_non_null(strstr(p.html, "<li>with the custody ledger: 199 track digests, 1 digest</li>"));
    assert_xpath(p.xml, "count(//r:finding)", "302");
    let_go(p);
    json_decref(end);
    json_decref(verified);
}

/* A later mismatch, a broken chain, a report without a ledger: each is said on the first sheet. */
static void what_must_not_be_overlooked(void **state)
{
    (void)state;
    json_t *end = end_line(&(struct copy){"disk.E01", "/dev/loop0", "ewf", "complete", "medium", 32768, 0, json_array(), 0});
    json_t *verified = verify_line(43, "disk.E01", "mismatch");
    const json_t *later[] = {verified};
    const struct exh_report_item item = {NULL, end, later, 1};
    struct exh_report report = report_of(&item, 1);
    report.chain_sound = false;
    struct pages p = make(&report, "loud");
    assert_verdict_first(p.html, clean_sentence);
    assert_non_null(strstr(p.html, "<p class=\"attention\">The last verification on record (2026-12-01 09:10:01 UTC) ended in &quot;mismatch&quot;"));
    assert_non_null(strstr(p.html, "<p class=\"attention\">The chain of the ledger is broken"));
    assert_xpath(p.xml, "string(//r:ledger/@chain)", "broken");
    let_go(p);
    report.ledger_path = NULL;
    p = make(&report, "side-record");
    assert_non_null(strstr(p.html, "Made from the side record that lies with the image"));
    assert_xpath(p.xml, "string(//r:ledger/@chain)", "not-checked");
    assert_xpath(p.xml, "string(//r:ledger/@from)", "side-record");
    let_go(p);
    json_decref(end);
    json_decref(verified);
}

static void several_acquisitions(void **state)
{
    (void)state;
    json_t *one = end_line(&(struct copy){"a.raw", "/dev/sda", "raw", "complete", "medium", 4096, 0, json_array(), 0});
    json_t *two = end_line(&(struct copy){"b.raw", "/dev/sdb", "raw", "complete-with-errors", "medium", 4096, 2, json_pack("[[i,i]]", 7, 2), 0});
    json_t *verified = verify_line(43, "b.raw", "mismatch");
    const json_t *later[] = {verified};
    const struct exh_report_item items[] = {{NULL, one, NULL, 0}, {NULL, two, later, 1}};
    struct exh_report report = report_of(items, 2);
    report.chain_sound = false;
    struct pages p = make(&report, "several");
    const char *first_sheet_end = strstr(p.html, "<article"), *loud = strstr(p.html, "ended in &quot;mismatch&quot;"),
               *chain = strstr(p.html, "The chain of the ledger is broken");
    assert_true(loud != NULL && loud < first_sheet_end && chain != NULL && chain < first_sheet_end);
    assert_non_null(strstr(p.html, "</h1></header>\n<main>\n<ol>\n<li><p class=\"verdict\">A complete copy of the medium /dev/sda"));
    assert_non_null(strstr(p.html, "<a href=\"#item-2\">"));
    assert_non_null(strstr(p.html, "<article id=\"item-2\">"));
    assert_non_null(strstr(p.html, "url(#m2-U)"));
    assert_xpath(p.xml, "count(//r:item)", "2");
    let_go(p);
    json_decref(one);
    json_decref(two);
    json_decref(verified);
}

/* Every cell unreadable, every list full: still a page that opens at once. */
static void worst_case_size(void **state)
{
    (void)state;
    json_t *ranges = json_array(), *faults = json_array();
    for (int i = 0; i < 1000; i++) {
        json_array_append_new(ranges, json_pack("[i,i]", 2000 * i, 1));
        json_array_append_new(faults, json_pack("[i,i,i,i]", 2000 * i, 1, 5, 1));
    }
    json_t *end = end_line(&(struct copy){"w.raw", "/dev/sdh", "raw", "complete-with-errors", "medium", 1984000, 1000, ranges, 0});
    json_object_set_new(json_object_get(end, "body"), "faults", json_pack("{s:i,s:o}", "count", 1000, "first", faults));
    json_t *verified = verify_line(43, "w.raw", "match");
    const json_t *later[400];
    for (size_t i = 0; i < 400; i++)
        later[i] = verified;
    const struct exh_report_item item = {NULL, end, later, 400};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "worst");
    assert_true(strlen(p.html) < 600000);
    assert_non_null(strstr(p.html, "Failed reads shown: 50 of 1,000, rest in report.xml."));
    let_go(p);
    json_decref(end);
    json_decref(verified);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clean_image),
                                       cmocka_unit_test(three_bad_ranges),
                                       cmocka_unit_test(one_bad_sector_shows),
                                       cmocka_unit_test(unpublished),
                                       cmocka_unit_test(hostile_strings),
                                       cmocka_unit_test(ranges_in_a_blob),
                                       cmocka_unit_test(contradictions),
                                       cmocka_unit_test(odd_layouts),
                                       cmocka_unit_test(poor_lines),
                                       cmocka_unit_test(sentences),
                                       cmocka_unit_test(second_read_that_differs),
                                       cmocka_unit_test(what_must_not_be_overlooked),
                                       cmocka_unit_test(several_acquisitions),
                                       cmocka_unit_test(worst_case_size),
                                       cmocka_unit_test(stopped),
                                       cmocka_unit_test(findings_that_matter)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
