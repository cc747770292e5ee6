/* The report pages of an image that holds only the difference to others: each parent and the snapshot on both pages, of lines that tell all of it, of
 * older ones that tell paths alone, and of ones that lie. */
#include "tests/unit/report_pages_lab.h"

/* The pages of a conversion whose source, and a verification since, were opened with `lineage`. */
static struct pages pages_of(json_t *lineage, const char *name)
{
    json_t *begin = begin_line("disk.raw", "over.vdi", 32768 * 512, "raw");
    json_t *end = end_line(&(struct copy){"disk.raw", "over.vdi", "raw", "complete", "medium", 32768, 0, json_array(), 0});
    json_t *verified = verify_line(43, "disk.raw", "match");
    assert_int_equal(json_object_update(json_object_get(json_object_get(end, "body"), "source"), lineage), 0);
    assert_int_equal(json_object_update(json_object_get(verified, "body"), lineage), 0);
    const json_t *later[] = {verified};
    const struct exh_report_item item = {begin, end, later, 1};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, name);
    json_decref(begin);
    json_decref(end);
    json_decref(verified);
    json_decref(lineage);
    return p;
}

static void all_of_it(void **state)
{
    (void)state;
    struct pages p =
        pages_of(checked(json_pack("{s:[{s:s,s:i,s:s,s:i,s:{s:s,s:s,s:b},s:n},{s:s,s:i,s:s,s:i,s:n,s:s},{s:s,s:{s:s,s:s,s:b}}],s:s,s:{s:s,s:s}}",
                                   "parents", "path", "a/one.vdi", "depth", 1, "format", "vdi", "bytes", 16777216, "identifier", "kind", "UUID",
                                   "value", "01020304-0506", "matched", 1, "sha256", "path", "b/two.qcow2", "depth", 2, "format", "qcow2", "bytes",
                                   8388608, "identifier", "sha256", SHA_A, "path", "c", "identifier", "kind", "CID", "value", "deadbeef", "matched",
                                   0, "snapshot", "1", "snapshot_chosen", "id", "1", "name", "before <b>")),
                 "lineage-all");
    assert_xpath(p.xml, "count(//r:item/r:lineage/r:parent)", "3");
    assert_xpath(p.xml, "count(//r:verification/r:lineage/r:parent)", "3");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[1]/@path)", "a/one.vdi");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[1]/@identified)", "matched");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[1]/@identifier_kind)", "UUID");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[1]/@identifier)", "01020304-0506");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[1]/@bytes)", "16777216");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[1]/@sha256)", "not-computed");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[2]/@identified)", "none-stored");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[2]/@sha256)", SHA_A);
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[3]/@identified)", "not-matched");
    assert_xpath(p.xml, "string(//r:item/r:lineage/@snapshot_name)", "before <b>");
    assert_xpath(p.xml, "count(//r:source/r:other)", "0");
    assert_non_null(strstr(p.html, "<td class=\"words\">UUID 01020304-0506: matches what the image over it names</td><td>not computed</td>"));
    assert_non_null(strstr(p.html, "none is stored: the file that was found or named was taken"));
    assert_non_null(strstr(p.html, "CID deadbeef: does NOT match"));
    assert_non_null(strstr(p.html, "asked for as \"1\": number 1, name \"before &lt;b&gt;\""));
    let_go(p);
}

static void older_lines(void **state)
{
    (void)state;
    struct pages p =
        pages_of(checked(json_pack("{s:[s,s],s:s}", "parents", "chain/two.qcow2", "chain/one.qcow2", "snapshot", "first")), "lineage-old");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[2]/@path)", "chain/one.qcow2");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[2]/@depth)", "2");
    assert_xpath(p.xml, "count(//r:lineage/r:parent/@identified)", "0");
    assert_xpath(p.xml, "string(//r:item/r:lineage/@snapshot)", "first");
    assert_non_null(strstr(p.html, "chain/one.qcow2</td><td><span class=\"unknown\">not recorded</span>"));
    let_go(p);
    p = pages_of(checked(json_object()), "lineage-none");
    assert_xpath(p.xml, "count(//r:lineage)", "0");
    assert_null(strstr(p.html, "What the image was opened with"));
    let_go(p);
}

static void lies(void **state)
{
    (void)state;
    struct pages p =
        pages_of(checked(json_pack("{s:[i,n,[],{},{s:i,s:i,s:[],s:s,s:{s:i,s:s}}],s:[],s:s}", "parents", 1, "path", 5, "depth", -1, "format",
                                   "sha256", "<script>x</script>", "identifier", "kind", 1, "matched", "yes", "snapshot", "snapshot_chosen", "x")),
                 "lineage-lies");
    assert_xpath(p.xml, "string(//r:item/r:lineage/@malformed)", "3");
    assert_xpath(p.xml, "count(//r:item/r:lineage/r:parent)", "2");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[2]/@sha256)", "not-computed");
    assert_xpath(p.xml, "string(//r:item/r:lineage/r:parent[2]/@identified)", "not-matched");
    assert_null(strstr(p.html, "<script>"));
    let_go(p);
    p = pages_of(checked(json_pack("{s:s,s:[s]}", "parents", "no list", "snapshot", "no text")), "lineage-types");
    assert_xpath(p.xml, "count(//r:lineage)", "0");
    let_go(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_it), cmocka_unit_test(older_lines), cmocka_unit_test(lies)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
