/* The report pages of a disc: picture, table, texts, the disc an image was made from, the audit of its sectors; records that lie about discs. */
#include "tests/unit/report_pages_lab.h"

#include "formats/optical/cdtext.h"
#include "report/ledger/record.h"
#include "report/pages/disc_svg.h"

/* --- what the record of a disc holds --- */

/* Data, two audio tracks with pregaps of both kinds, and a second session. */
static json_t *disc_layout(void)
{
    struct exh_layout l = {.kind = EXH_LAYOUT_DISC, .track_count = 4};
    struct exh_disc d = {0};
    const struct exh_cdtext_item items[] = {{0, 0x80, 0, "All <of> it"}, {0, 0x80, 2, "J\xc3\xbcrgen & Co"}, {0, 0x81, 2, "Nobody"}};
    size_t left_out = 0;
    l.tracks[0] = (struct exh_track){.number = 1,
                                     .session = 1,
                                     .control = 4,
                                     .kind = EXH_TRACK_MODE1,
                                     .first = -150,
                                     .sectors = 20150,
                                     .main_bytes = 2352,
                                     .sub_bytes = 96,
                                     .stored_pregap = 150,
                                     .pregap = 150};
    l.tracks[1] = (struct exh_track){.number = 2,
                                     .session = 1,
                                     .control = 3,
                                     .kind = EXH_TRACK_AUDIO,
                                     .first = 20000,
                                     .sectors = 15150,
                                     .main_bytes = 2352,
                                     .stored_pregap = 150,
                                     .pregap = 150,
                                     .isrc = "DEABC0112345"};
    l.tracks[2] =
        (struct exh_track){.number = 3, .session = 1, .kind = EXH_TRACK_AUDIO, .first = 35225, .sectors = 1, .main_bytes = 2352, .pregap = 75};
    l.tracks[3] =
        (struct exh_track){.number = 4, .session = 2, .control = 4, .kind = EXH_TRACK_MODE2, .first = 46626, .sectors = 9000, .main_bytes = 2336};
    l.disc = &d;
    (void)snprintf(d.mcn, sizeof d.mcn, "1234567890128");
    (void)snprintf(d.medium, sizeof d.medium, "CD-R");
    assert_true(exh_disc_add_index(&d, 2, 2, 30000, &err) && exh_disc_set_lead_out(&d, 1, 35226, 0x20, &err) &&
                exh_disc_set_lead_out(&d, 2, EXH_NO_LBA, -1, &err));
    assert_true(exh_cdtext_encode(items, 3, 1, 4, 9, &d, &left_out, &err));
    assert_int_equal(left_out, 0);
    assert_true(exh_layout_check(&l, &err));
    json_t *json = checked(exh_record_layout(&l));
    exh_disc_close(&d);
    return json;
}

static json_t *plain_line(json_t *layout, json_t *source_layout)
{
    json_t *end = end_line(&(struct copy){"disc.ccd", "disc.cue", "ccd", "complete", "medium", 44301, 0, json_array(), 0}), *body;
    body = json_object_get(end, "body");
    if (layout != NULL)
        json_object_set_new(body, "layout", layout);
    if (source_layout != NULL)
        json_object_set_new(json_object_get(body, "source"), "layout", source_layout);
    return end;
}

static size_t occurrences(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

/* --- tests --- */

static void a_disc(void **state)
{
    (void)state;
    json_t *end = plain_line(disc_layout(), NULL);
    const struct exh_report_item item = {NULL, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "disc");
    assert_non_null(strstr(p.html, ">Sessions and tracks<"));
    assert_non_null(strstr(p.html, "url(#t1-d)"));
    assert_non_null(strstr(p.html, "url(#t1-a)"));
    assert_non_null(strstr(p.html, "url(#t1-p)"));
    assert_non_null(strstr(p.html, "url(#t1-u)"));
    assert_non_null(strstr(p.html, ">Session 2</text>"));
    assert_non_null(strstr(p.html, "DCP PRE"));
    assert_non_null(strstr(p.html, "<span class=\"whole\">00:01:00</span> not stored"));
    assert_non_null(strstr(p.html, "INDEX 02 at 30000"));
    assert_non_null(strstr(p.html, "DEABC0112345"));
    assert_non_null(strstr(p.html, "1234567890128"));
    assert_non_null(strstr(p.html, "All &lt;of&gt; it"));
    assert_non_null(strstr(p.html, "J\xc3\xbcrgen &amp; Co"));
    assert_non_null(strstr(p.html, "lead-out at LBA 35,226, type of disc 20"));
    assert_xpath(p.xml, "count(//r:item/r:layout/r:track)", "4");
    assert_xpath(p.xml, "string(//r:layout/@mcn)", "1234567890128");
    assert_xpath(p.xml, "string(//r:layout/@medium)", "CD-R");
    assert_xpath(p.xml, "string(//r:layout/r:track[1]/@start_lba)", "0");
    assert_xpath(p.xml, "string(//r:layout/r:track[1]/@first_lba)", "-150");
    assert_xpath(p.xml, "string(//r:layout/r:track[2]/@isrc)", "DEABC0112345");
    assert_xpath(p.xml, "string(//r:layout/r:track[2]/r:index[@number=2]/@lba)", "30000");
    assert_xpath(p.xml, "string(//r:layout/r:track[3]/@pregap)", "75");
    assert_xpath(p.xml, "string(//r:layout/r:track[3]/@stored_pregap)", "0");
    assert_xpath(p.xml, "string(//r:layout/r:session[1]/@lead_out_lba)", "35226");
    assert_xpath(p.xml, "count(//r:layout/r:session[2]/@lead_out_lba)", "0");
    assert_xpath(p.xml, "string(//r:cdtext/r:text[@track=2][@kind='title'])", "J\xc3\xbcrgen & Co");
    assert_xpath(p.xml, "string-length(//r:cdtext/r:pack[1])", "36");
    assert_xpath(p.xml, "count(//r:source_layout)", "0");
    let_go(p);
    json_decref(end);
}

/* An image that holds no tracks: the page shows the disc it was made from, and says so. */
static void a_disc_as_blocks(void **state)
{
    (void)state;
    json_t *end = plain_line(NULL, disc_layout());
    json_object_set_new(json_object_get(end, "body"), "source_digests",
                        checked(json_pack("[{s:s,s:s,s:s,s:i}]", "scope", "track:2/raw", "algorithm", "md5", "value", MD5_A, "not_good", 0)));
    const struct exh_report_item item = {NULL, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "disc-as-blocks");
    assert_non_null(strstr(p.html, "Sessions and tracks of the disc it was made from"));
    assert_null(strstr(p.html, "cdtext_packs"));
    assert_xpath(p.xml, "count(//r:source_layout/r:track)", "4");
    assert_xpath(p.xml, "string(//r:source_digests/r:digest[@scope='track:2/raw'])", MD5_A);
    assert_non_null(strstr(p.html, "Tracks of the disc it was made from"));
    assert_xpath(p.xml, "string(//r:source_layout/@mcn)", "1234567890128");
    assert_xpath(p.xml, "count(//r:layout/r:track)", "1");
    assert_xpath(p.xml, "count(//r:layout/@mcn)", "0");
    let_go(p);
    json_decref(end);
}

/* A DVD is a disc of one track of blocks: no picture of one bar. */
static void a_dvd(void **state)
{
    (void)state;
    struct exh_layout l;
    exh_layout_disk(&l, 2048u * 44301u, 2048);
    l.kind = EXH_LAYOUT_DISC;
    json_t *end = plain_line(checked(exh_record_layout(&l)), NULL);
    const struct exh_report_item item = {NULL, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "dvd");
    assert_null(strstr(p.html, "url(#t1-d)"));
    assert_xpath(p.xml, "string(//r:layout/@kind)", "disc");
    let_go(p);
    json_decref(end);
}

/* 99 tracks: each has its number and is seen. */
static void many_tracks(void **state)
{
    (void)state;
    struct exh_layout l = {.kind = EXH_LAYOUT_DISC, .track_count = 99};
    for (uint32_t i = 0; i < 99; i++)
        l.tracks[i] = (struct exh_track){.number = (uint8_t)(i + 1),
                                         .session = (uint8_t)(1 + i / 50),
                                         .kind = EXH_TRACK_AUDIO,
                                         .first = i * 1000 + i / 50 * 11400,
                                         .sectors = i == 7 ? 1 : 1000,
                                         .main_bytes = 2352};
    l.tracks[7].sectors = 1;
    json_t *end = plain_line(checked(exh_record_layout(&l)), NULL);
    const struct exh_report_item item = {NULL, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "disc-99");
    assert_true(occurrences(p.html, "fill=\"url(#t1-a)\"") == 100); /* and once in the legend */
    let_go(p);
    json_decref(end);
}

static void widths(void **state)
{
    (void)state;
    uint64_t sectors[99];
    uint32_t out[99], sum = 0;
    for (size_t i = 0; i < 99; i++)
        sectors[i] = i == 3 ? 300000 : 1;
    exh_disc_widths(sectors, 99, 740, out);
    for (size_t i = 0; i < 99; i++) {
        assert_true(out[i] >= EXH_DISC_TRACK_LEAST);
        sum += out[i];
    }
    assert_int_equal(sum, 740);
    assert_int_equal(out[3], 740 - 98 * EXH_DISC_TRACK_LEAST);
    const uint64_t two[] = {3000, 1000}, none[] = {0, 0};
    exh_disc_widths(two, 2, 740, out);
    assert_int_equal(out[0], 555);
    assert_int_equal(out[1], 185);
    exh_disc_widths(none, 2, 740, out);
    assert_int_equal(out[0] + out[1], 740);
}

static void an_audit(void **state)
{
    (void)state;
    struct exh_audit_range range = {.lba = 77, .count = 3, .verdict = EXH_SECTOR_EDC_BAD};
    struct exh_audit_track tracks[2] = {
        {.number = 1,
         .kind = EXH_TRACK_MODE1,
         .main_bytes = 2352,
         .sub_bytes = 96,
         .sectors = 20000,
         .checked = true,
         .ranges = &range,
         .range_count = 1},
        {.number = 2, .kind = EXH_TRACK_AUDIO, .main_bytes = 2352, .sectors = 15000, .unread = 4, .isrc = "DEABC0112345", .isrc_reads = 9}};
    struct exh_disc_audit audit = {.tracks = tracks, .track_count = 2, .mcn = "1234567890128", .mcn_reads = 11};
    tracks[0].verdicts[EXH_SECTOR_OK] = 19997;
    tracks[0].verdicts[EXH_SECTOR_EDC_BAD] = 3;
    tracks[0].forms[EXH_FORM_MODE1] = 20000;
    tracks[0].q = (struct exh_audit_q){
        .sectors = 20000, .crc_good = 19990, .crc_bad = 10, .right = 19990, .first_bad = 5, .first_wrong = EXH_NO_LBA, .first_shifted = EXH_NO_LBA};
    json_t *end = plain_line(disc_layout(), NULL), *verified = verify_line(43, "disc.ccd", "match");
    json_object_set_new(json_object_get(verified, "body"), "audit", checked(exh_record_audit(&audit)));
    const json_t *later[] = {verified};
    const struct exh_report_item item = {NULL, end, later, 1};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "disc-audit");
    assert_non_null(strstr(p.html, "19,997 ok, 3 edc-bad"));
    assert_non_null(strstr(p.html, "10 with a bad CRC, 19,990 in their place"));
    assert_non_null(strstr(p.html, "nothing to check, 4 not read"));
    assert_xpath(p.xml, "string(//r:audit/r:track[1]/r:verdict[@name='edc-bad']/@sectors)", "3");
    assert_xpath(p.xml, "string(//r:audit/r:track[1]/r:q[@name='crc_bad']/@sectors)", "10");
    assert_xpath(p.xml, "string(//r:audit/r:track[1]/r:range/@lba)", "77");
    assert_xpath(p.xml, "string(//r:audit/r:track[2]/@isrc)", "DEABC0112345");
    assert_xpath(p.xml, "string(//r:audit/r:track[2]/@checked)", "false");
    assert_xpath(p.xml, "string(//r:audit/@mcn)", "1234567890128");
    let_go(p);
    json_decref(end);
    json_decref(verified);
}

/* A record of a disc that contradicts itself gives no picture, and still a page. */
static void lies(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
    } of_layout[] = {
        {"mcn", "\"<script>alert(1)</script>\""}, {"lead_outs", "[1,2]"}, {"cdtext_packs", "[7]"}, {"toc", "{}"}, {"tracks", "[]"}, {"kind", "7"}};
    static const char *const audits[] = {
        "7", "[]", "{\"tracks\":{}}", "{\"tracks\":[7,{}]}",
        "{\"tracks\":[{\"number\":1,\"checked\":true,\"verdicts\":{\"<b>\":3,\"ok\":-1},\"q\":[],\"ranges\":[[1],[9e99,1],7]}],\"mcn\":7}"};
    for (size_t i = 0; i < sizeof of_layout / sizeof of_layout[0]; i++) {
        json_t *layout = disc_layout();
        json_object_set_new(layout, of_layout[i].key, checked(json_loads(of_layout[i].value, JSON_DECODE_ANY, NULL)));
        json_t *end = plain_line(layout, NULL);
        const struct exh_report_item item = {NULL, end, NULL, 0};
        const struct exh_report report = report_of(&item, 1);
        struct pages p = make(&report, "disc-lies");
        assert_null(strstr(p.html, "url(#t1-d)"));
        assert_null(strstr(p.html, "<script>"));
        let_go(p);
        json_decref(end);
    }
    for (size_t i = 0; i < sizeof audits / sizeof audits[0]; i++) {
        json_t *end = plain_line(disc_layout(), NULL), *verified = verify_line(43, "disc.ccd", "match");
        json_object_set_new(json_object_get(verified, "body"), "audit", checked(json_loads(audits[i], JSON_DECODE_ANY, NULL)));
        const json_t *later[] = {verified};
        const struct exh_report_item item = {NULL, end, later, 1};
        const struct exh_report report = report_of(&item, 1);
        struct pages p = make(&report, "audit-lies");
        assert_null(strstr(p.html, "<b>"));
        let_go(p);
        json_decref(end);
        json_decref(verified);
    }
}

/* --- digests --- */

static void some_digest(char out[129], unsigned of, size_t length)
{
    for (size_t i = 0; i < length; i++)
        out[i] = "0123456789abcdef"[(of = of * 1103515245u + 12345u) >> 20 & 15];
    out[length] = '\0';
}

/* The digest as the page writes it: groups of eight. */
static void as_on_the_page(char out[600], const char *hex)
{
    size_t n = (size_t)snprintf(out, 600, "<code class=\"hash\">");
    for (size_t i = 0; hex[i] != '\0'; i += 8)
        n += (size_t)snprintf(out + n, 600 - n, "%s<span>%.8s</span>", i == 0 ? "" : "<wbr>", hex + i);
    snprintf(out + n, 600 - n, "</code>");
}

static json_t *digests_of_tracks(unsigned tracks, const char *const *parts, size_t part_count, const char *const *algorithms, const size_t *lengths,
                                 size_t algorithm_count)
{
    json_t *list = json_array();
    char scope[32], value[129];
    for (unsigned t = 1; t <= tracks; t++)
        for (size_t i = 0; i < part_count * algorithm_count; i++) {
            snprintf(scope, sizeof scope, "track:%u/%s", t, parts[i / algorithm_count]);
            some_digest(value, t * 100 + (unsigned)i, lengths[i % algorithm_count]);
            json_array_append_new(list, checked(json_pack("{s:s,s:s,s:s,s:i}", "scope", scope, "algorithm", algorithms[i % algorithm_count], "value",
                                                          value, "not_good", 0)));
        }
    return list;
}

/* A row for each scope, a group for each track, every value in full and once, though a verification found them all again. */
static void digests_of_99_tracks(void **state)
{
    (void)state;
    static const char *const parts[] = {"raw", "user", "pregap", "whole"}, *const algorithms[] = {"sha512", "crc32", "sha256",
                                                                                                  "md5",    "sha1",  "sha3-256"};
    static const size_t lengths[] = {128, 8, 64, 32, 40, 64};
    json_t *end = plain_line(disc_layout(), NULL), *verified = verify_line(43, "disc.ccd", "match");
    json_t *list = digests_of_tracks(99, parts, 4, algorithms, lengths, 6), *again = json_deep_copy(list), *digest;
    json_object_set_new(json_object_get(end, "body"), "digests", list);
    json_object_set_new(json_array_get(again, 7), "value", json_string("00000000")); /* one is not as it was */
    json_object_set_new(json_object_get(verified, "body"), "digests", again);
    const json_t *later[] = {verified};
    const struct exh_report_item item = {NULL, end, later, 1};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "disc-digests");
    size_t i;
    char wanted[600];
    json_array_foreach(list, i, digest)
    {
        as_on_the_page(wanted, json_string_value(json_object_get(digest, "value")));
        if (occurrences(p.html, wanted) != 1)
            print_message("%zu: %s\n", i, wanted);
        assert_true(occurrences(p.html, wanted) == 1);
    }
    /* six algorithms are two tables; of the run that verified there is one row, of the digest that is another */
    assert_true(occurrences(p.html, "<th scope=\"rowgroup\" class=\"n\" rowspan=\"4\">") == 99 * 2);
    assert_true(occurrences(p.html, "<th scope=\"row\" class=\"whole\">") == 99 * 4 * 2 + 1);
    assert_non_null(strstr(p.html, "<span>00000000</span>"));
    assert_non_null(strstr(p.html, "Of the digests this run computed, 2,375 are those given above; the others:"));
    assert_true(occurrences(p.html, "Every sector in these scopes was read.") == 2);
    assert_null(strstr(p.html, "Digests shown:"));
    assert_xpath(p.xml, "count(//r:item/r:digests/r:digest)", "2376");
    let_go(p);
    json_decref(end);
    json_decref(verified);
}

/* What was not read is said of each scope where they differ, and a value that contradicts another of its scope stands beside it. */
static void digests_with_losses(void **state)
{
    (void)state;
    json_t *end = plain_line(disc_layout(), NULL);
    json_object_set_new(json_object_get(end, "body"), "digests",
                        checked(json_pack("[{s:s,s:s,s:s,s:i},{s:s,s:s,s:s},{s:s,s:s,s:s,s:i}]", "scope", "media", "algorithm", "md5", "value", MD5_A,
                                          "not_good", 0, "scope", "track:1/raw", "algorithm", "crc32", "value", "01234567", "scope", "track:1/raw",
                                          "algorithm", "crc32", "value", "89abcdef", "not_good", 7)));
    const struct exh_report_item item = {NULL, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, "disc-losses");
    assert_non_null(strstr(p.html, "<th scope=\"row\">media</th><td>-</td><td><code class=\"hash\"><span>098f6bcd</span>"));
    assert_non_null(
        strstr(p.html, "<span>01234567</span></code><br><code class=\"hash\"><span>89abcdef</span></code></td><td>-</td><td class=\"n\">7</td>"));
    assert_null(strstr(p.html, "Every sector in these scopes"));
    let_go(p);
    json_decref(end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_disc),
                                       cmocka_unit_test(a_disc_as_blocks),
                                       cmocka_unit_test(a_dvd),
                                       cmocka_unit_test(many_tracks),
                                       cmocka_unit_test(widths),
                                       cmocka_unit_test(an_audit),
                                       cmocka_unit_test(lies),
                                       cmocka_unit_test(digests_of_99_tracks),
                                       cmocka_unit_test(digests_with_losses)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
