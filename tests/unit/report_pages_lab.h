/* report_pages_lab.h - what the tests of the report pages share: ledger lines as the program writes them, pages made from them, and the judging
 * of a page: the XML against its schema, the HTML against its promises. With EXHIBIT_PAGES set to a folder, every pair of pages is left
 * there to be looked at. */
#ifndef EXH_TESTS_UNIT_REPORT_PAGES_LAB_H
#define EXH_TESTS_UNIT_REPORT_PAGES_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "formats/model/text.h"
#include "report/pages/facts.h"
#include "report/pages/map_svg.h"
#include "report/pages/sentences.h"
#include "verify/digest.h"

#define SHA_A "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define SHA_B "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
#define MD5_A "098f6bcd4621d373cade4e832627b4f6"

static struct exh_error err;

/* --- lines --- */

static inline json_t *checked(json_t *json)
{
    assert_non_null(json);
    return json;
}

static inline json_t *source(const char *path, json_int_t bytes)
{
    return checked(json_pack("{s:s,s:s,s:I,s:i,s:i,s:b,s:b,s:{s:s,s:s,s:s,s:s}}", "kind", "device", "path", path, "bytes", bytes, "sector_size", 512,
                             "physical_sector_size", 4096, "read_only", 1, "partition", 0, "identity", "vendor", "ATA", "model",
                             "WDC WD5000AAKX-00ERMA0", "serial", "WD-WCC2E5HNR6TD", "bus", "usb"));
}

static inline json_t *case_data(void)
{
    return checked(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "case", "2026-0113", "exhibit", "KLS-7", "examiner", "R. Okafor", "agency",
                             "Regional Laboratory", "blocker", "T35u, serial 0047A1, tested 2026-11-02", "seal", "B 118 204"));
}

static inline json_t *line(json_int_t seq, const char *time, const char *type, const char *image, json_t *body)
{
    return checked(json_pack("{s:i,s:s,s:I,s:s,s:s,s:{s:s,s:i,s:s,s:s,s:s,s:s},s:{s:s,s:s,s:s},s:o}", "v", 1, "prev", SHA_B, "seq", seq, "time", time,
                             "type", type, "actor", "user", "okafor", "uid", 1000, "host", "lab-7", "program", "exhibit 0.1.0", "system",
                             "Linux 6.1.0-28-amd64 x86_64", "examiner", "R. Okafor", "object", "image", image, "case", "2026-0113", "exhibit",
                             "KLS-7", "body", body));
}

static inline json_t *begin_line(const char *image, const char *path, json_int_t bytes, const char *format)
{
    json_t *body = checked(json_pack(
        "{s:s,s:[s,s,s,s,s,s,s],s:o,s:{s:s,s:s,s:I,s:[s,s],s:I,s:[s]},s:o,s:{s:s,s:s,s:{s:s,s:s},s:s,s:{s:b}}}", "operation",
        "00112233445566778899aabbccddeeff", "command", "exhibit", "acquire", path, "-o", image, "--notes", "removed from the left bay", "source",
        source(path, bytes), "plan", "format", format, "compression", "fast", "segment_bytes", (json_int_t)2146435072, "algorithms", "md5", "sha256",
        "chunk_bytes", (json_int_t)67108864, "verify", "image", "case", case_data(), "environment", "os", "Debian GNU/Linux 12", "kernel",
        "6.1.0-28-amd64", "libraries", "libewf", "20140813", "openssl", "3.0.15", "time_zone", "Europe/Berlin +01:00", "clock", "synchronised", 1));
    return line(41, "2026-11-22T07:00:00Z", "acquire-begin", image, body);
}

struct copy {
    const char *image, *path, *format, *acquisition, *of;
    json_int_t sectors, bad;
    json_t *unreadable;
    int read_twice;
};

static inline json_t *end_line(const struct copy *c)
{
    char name[300];
    snprintf(name, sizeof name, "file:%s", c->image);
    json_t *body = checked(json_pack("{s:s,s:i,s:s,s:s,s:s,s:i,s:i,s:o,s:o,s:[]}", "operation", "00112233445566778899aabbccddeeff", "begin_seq", 41,
                                     "outcome", "done", "started", "2026-11-22T07:00:00Z", "ended", "2026-11-22T08:31:12Z", "seconds_reading", 4711,
                                     "seconds_verifying", 761, "source", source(c->path, c->sectors * 512), "case", case_data(), "notices"));
    json_t *result = checked(
        json_pack("{s:s,s:[{s:s,s:I}],s:i,s:I,s:I,s:i,s:{s:s,s:i,s:[{s:i,s:i,s:s,s:i,s:I,s:i,s:i}]},s:I,s:o,s:[{s:s,s:s,s:s,s:I},{s:s,s:s,s:s,s:I},{"
                  "s:s,s:s,s:s,s:i}],"
                  "s:{s:i,s:i,s:s,s:s},s:s,s:s,s:s,s:s,s:b,s:{s:I,s:[]}}",
                  "format", c->format, "files", "name", c->image, "bytes", (json_int_t)9301733, "sector_size", 512, "sectors", c->sectors, "bytes",
                  c->sectors * 512, "tail_bytes", 0, "layout", "kind", "disk", "sessions", 1, "tracks", "number", 1, "session", 1, "mode", "disk",
                  "first_lba", 0, "sectors", c->sectors, "main_bytes", 512, "sub_bytes", 0, "unreadable_sectors", c->bad, "unreadable", c->unreadable,
                  "digests", "scope", "media", "algorithm", "md5", "value", MD5_A, "not_good", c->bad, "scope", "media", "algorithm", "sha256",
                  "value", SHA_A, "not_good", c->bad, "scope", name, "algorithm", "sha256", "value", SHA_B, "not_good", 0, "chunks", "sectors",
                  131072, "count", 1, "root", SHA_B, "blob", SHA_A, "acquisition", c->acquisition, "of", c->of, "verification", "match", "read_back",
                  "direct", "source_read_twice", c->read_twice, "faults", "count", c->bad, "first"));
    assert_int_equal(json_object_update(body, result), 0);
    json_decref(result);
    return line(42, "2026-11-22T08:31:13Z", "acquire-end", c->image, body);
}

static inline json_t *failed_line(const char *outcome, const char *text)
{
    json_t *body = checked(json_pack("{s:s,s:i,s:s,s:s,s:s,s:o,s:o,s:[s],s:{s:s,s:s,s:s}}", "operation", "00112233445566778899aabbccddeeff",
                                     "begin_seq", 41, "outcome", outcome, "started", "2026-11-22T07:00:00Z", "ended", "2026-11-22T07:04:00Z",
                                     "source", source("/dev/sdb", 16777216), "case", case_data(), "notices", "the source was unplugged", "error",
                                     "code", "gone", "text", text, "file", "/dev/sdb"));
    return line(42, "2026-11-22T07:04:01Z", "acquire-end", "disk.E01", body);
}

static inline json_t *verify_line(json_int_t seq, const char *image, const char *verdict)
{
    json_t *body = checked(json_pack(
        "{s:s,s:s,s:s,s:s,s:[s],s:[{s:s,s:s,s:s,s:I}],s:[{s:s,s:s,s:s,s:i}],s:I,s:I,s:i,s:i}", "operation", "aa112233445566778899aabbccddeeff",
        "started", "2026-12-01T09:00:00Z", "ended", "2026-12-01T09:10:00Z", "verdict", verdict, "basis", "ledger", "findings", "check", "digest",
        "outcome", verdict, "detail", "media sha256 as recorded", "lba", (json_int_t)0, "digests", "scope", "media", "algorithm", "sha256", "value",
        SHA_A, "not_good", 0, "bytes", (json_int_t)16777216, "sectors", (json_int_t)32768, "unreadable_sectors", 0, "unread_now", 0));
    return line(seq, "2026-12-01T09:10:01Z", "verify", image, body);
}

static inline json_t *report_line(json_int_t seq, const char *image)
{
    return line(seq, "2026-12-02T10:00:00Z", "report", image,
                checked(json_pack("{s:s,s:[{s:s,s:i,s:s}],s:{s:i,s:s}}", "operation", "bb112233445566778899aabbccddeeff", "files", "name",
                                  "report.xml", "bytes", 12345, "sha256", SHA_B, "cites", "seq", 43, "head", SHA_A)));
}

/* --- making and judging pages --- */

struct pages {
    char *xml, *html;
};

static inline struct exh_report report_of(const struct exh_report_item *items, size_t count)
{
    return (struct exh_report){.items = items,
                               .item_count = count,
                               .ledger_path = "/cases/2026-0113/ledger.db",
                               .seq = 43,
                               .head = SHA_A,
                               .chain_sound = true,
                               .program = "exhibit 0.1.0",
                               .time_utc = "2026-12-02T10:00:00Z"};
}

static inline void leave(const char *name, const char *ending, const char *text)
{
    const char *folder = getenv("EXHIBIT_PAGES");
    char path[1024];
    if (folder == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static inline void schema_says(void *context, const char *fmt, ...)
{
    (void)context;
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
}

static inline void assert_schema_holds(const char *xml)
{
    const char *src = getenv("SRC");
    char path[4200];
    snprintf(path, sizeof path, "%s/report/pages/exhibit-report.xsd", src != NULL ? src : ".");
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(path);
    assert_non_null(parser);
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    assert_non_null(schema);
    xmlSchemaValidCtxtPtr valid = xmlSchemaNewValidCtxt(schema);
    assert_non_null(valid);
    xmlSchemaSetValidErrors(valid, schema_says, schema_says, NULL);
    xmlDocPtr doc = xmlReadMemory(xml, (int)strlen(xml), "report.xml", NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    assert_non_null(doc);
    assert_int_equal(xmlSchemaValidateDoc(valid, doc), 0);
    xmlFreeDoc(doc);
    xmlSchemaFreeValidCtxt(valid);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
}

/* The string value of an XPath expression, r: being our namespace. */
static inline char *xpath(const char *xml, const char *expression)
{
    xmlDocPtr doc = xmlReadMemory(xml, (int)strlen(xml), "report.xml", NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
    assert_non_null(doc);
    xmlXPathContextPtr context = xmlXPathNewContext(doc);
    assert_int_equal(xmlXPathRegisterNs(context, BAD_CAST "r", BAD_CAST "urn:exhibit:report:1"), 0);
    xmlXPathObjectPtr found = xmlXPathEvalExpression(BAD_CAST expression, context);
    assert_non_null(found);
    xmlChar *value = xmlXPathCastToString(found);
    char *copy = exh_text_copy((const char *)value, strlen((const char *)value));
    xmlFree(value);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    xmlFreeDoc(doc);
    return copy;
}

static inline void assert_xpath(const char *xml, const char *expression, const char *expected)
{
    char *value = xpath(xml, expression);
    assert_string_equal(value, expected);
    free(value);
}

static inline void assert_no_reach(const char *html, const char *what)
{
    for (const char *at = html; (at = strcasestr(at, what)) != NULL; at += strlen(what))
        assert_true(at[strlen(what)] == '#'); /* a place in the page itself */
}

static inline void assert_page_keeps_its_promises(const char *html)
{
    assert_non_null(strstr(html, "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\""));
    assert_null(strcasestr(html, "<script"));
    assert_null(strcasestr(html, "<link"));
    assert_null(strcasestr(html, "<img"));
    assert_null(strcasestr(html, "<iframe"));
    assert_null(strcasestr(html, "@import"));
    assert_null(strcasestr(html, "javascript:"));
    assert_no_reach(html, "src=\"");
    assert_no_reach(html, "href=\"");
    assert_no_reach(html, "url(");
    assert_non_null(strstr(html, "<html lang=\"en\">"));
    const char *h1 = strstr(html, "<h1>");
    assert_non_null(h1);
    assert_null(strstr(h1 + 1, "<h1"));
    assert_true(strlen(html) < (1u << 20));
}

/* Headings go down one level at a time, and every th has its scope (the empty corner of the signature table has nothing to head). */
static inline void assert_ordered(const char *html)
{
    int level = 1;
    for (const char *at = html; (at = strstr(at, "<h")) != NULL; at++)
        if (at[2] >= '1' && at[2] <= '6') {
            assert_true(at[2] - '0' <= level + 1);
            level = at[2] - '0';
        }
    for (const char *at = html; (at = strstr(at, "<th")) != NULL; at++)
        if (at[3] == ' ' || at[3] == '>')
            assert_true(strncmp(at, "<th scope=", 10) == 0 || strncmp(at, "<th></th>", 9) == 0);
}

/* The words directly behind the h1: the verdict must be the first thing said. */
static inline void assert_verdict_first(const char *html, const char *sentence)
{
    const char *after = strstr(html, "</h1></header>\n<main>\n<p class=\"verdict\">");
    assert_non_null(after);
    after += strlen("</h1></header>\n<main>\n<p class=\"verdict\">");
    assert_memory_equal(after, sentence, strlen(sentence));
}

static inline struct pages make(const struct exh_report *report, const char *name)
{
    struct pages p = {exh_report_xml(report, &err), exh_report_html(report, &err)};
    if (p.xml == NULL || p.html == NULL)
        print_message("%s\n", err.text);
    assert_non_null(p.xml);
    assert_non_null(p.html);
    leave(name, "xml", p.xml);
    leave(name, "html", p.html);
    char *again = exh_report_xml(report, &err);
    assert_non_null(again);
    assert_string_equal(p.xml, again);
    free(again);
    again = exh_report_html(report, &err);
    assert_non_null(again);
    assert_string_equal(p.html, again);
    free(again);
    assert_schema_holds(p.xml);
    assert_page_keeps_its_promises(p.html);
    assert_ordered(p.html);
    return p;
}

static inline void let_go(struct pages p)
{
    free(p.xml);
    free(p.html);
}

#endif
