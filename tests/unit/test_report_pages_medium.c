/* The report pages of a medium that fails: a clean, a lightly and a badly damaged disk as they would be recorded, every section on its own, members
 * that are absent, and members that lie. */
#include "tests/unit/report_pages_lab.h"

#include "report/pages/speed_svg.h"

#define DISK_SECTORS 976773168 /* 500 GB */

/* --- what the record of such a disk holds --- */

/* A disk is fast at its outer edge and half as fast at its inner one; every reading is a little off. slow: [from, to) in cells read at a
 * hundredth of that; blank: cells never read. */
static json_t *speed_record(int slow_from, int slow_to, int blank_from, int blank_to)
{
    json_t *cells = json_array();
    json_int_t each = (DISK_SECTORS + 511) / 512;
    unsigned noise = 1;
    for (int i = 0; i < 512; i++) {
        json_int_t first = i * each, sectors = DISK_SECTORS - first < each ? DISK_SECTORS - first : each;
        noise = noise * 1103515245u + 12345u;
        double speed = (128.0 - 62.0 * i / 512) * (0.96 + (double)(noise >> 16 & 255) / 3200);
        if (i >= slow_from && i < slow_to)
            speed /= 20 + (noise >> 20 & 63);
        if (i < blank_from || i >= blank_to)
            json_array_append_new(cells, checked(json_pack("[I,I,I]", first, sectors, (json_int_t)((double)sectors * 512 / speed))));
    }
    return checked(json_pack("{s:o}", "cells", cells));
}

static json_t *pass_record(const char *name, int number, json_int_t reads, json_int_t failed, json_int_t sectors, json_int_t milliseconds)
{
    return checked(json_pack("{s:s,s:i,s:I,s:I,s:I,s:I}", "pass", name, "number", number, "reads", reads, "failed_reads", failed, "sectors_read",
                             sectors, "milliseconds", milliseconds));
}

static json_t *area(const char *state, json_int_t sectors, const char *why)
{
    json_t *json = checked(json_pack("{s:s}", "state", state));
    if (sectors > 0)
        json_object_set_new(json, "sectors", json_integer(sectors));
    if (why != NULL)
        json_object_set_new(json, "why", json_string(why));
    return json;
}

static json_t *attribute(int id, const char *name, int value, int worst, int threshold, json_int_t raw)
{
    return checked(
        json_pack("{s:i,s:s,s:i,s:i,s:i,s:I}", "id", id, "name", name, "value", value, "worst", worst, "threshold", threshold, "raw", raw));
}

static json_t *smart(const char *state, int value, json_int_t reallocated, json_int_t pending, json_int_t hours)
{
    json_t *list = json_array();
    json_array_append_new(list, attribute(1, "Raw_Read_Error_Rate", 200, 200, 51, pending * 3));
    json_array_append_new(list, attribute(5, "Reallocated_Sector_Ct", value, value, 140, reallocated));
    json_array_append_new(list, attribute(9, "Power_On_Hours", 71, 71, 0, hours));
    json_array_append_new(list, attribute(194, "Temperature_Celsius", 108, 97, 0, 31 + hours % 7));
    json_array_append_new(list, attribute(197, "Current_Pending_Sector", 200, 200, 0, pending));
    return checked(json_pack("{s:s,s:s,s:o}", "state", state, "kind", "ata", "attributes", list));
}

static json_t *trouble(json_int_t lba, json_int_t count, int attempts, int sys, int key, json_int_t milliseconds)
{
    return checked(json_pack("{s:I,s:I,s:i,s:i,s:[i,i,i],s:I}", "lba", lba, "count", count, "attempts", attempts, "errno", sys, "sense", key, 0x11, 0,
                             "milliseconds", milliseconds));
}

static json_t *body_of(json_t *end) { return json_object_get(end, "body"); }
static void set(json_t *end, const char *name, json_t *value) { assert_int_equal(json_object_set_new(body_of(end), name, checked(value)), 0); }

static void set_common(json_t *end, json_t *passes, json_t *speed, json_t *hidden, json_t *before, json_t *after)
{
    set(end, "fill", json_string("zeros"));
    set(end, "passes", passes);
    set(end, "speed", speed);
    set(end, "hidden_areas", hidden);
    set(end, "health", json_pack("{s:o,s:o}", "before", before, "after", after));
    set(end, "reader", json_pack("{s:b,s:s,s:b}", "process", 1, "capabilities", "CAP_SYS_RAWIO", "no_new_privileges", 1));
}

static json_t *clean_disk(void)
{
    json_t *end = end_line(&(struct copy){"disk.E01", "/dev/sdb", "ewf", "complete", "medium", DISK_SECTORS, 0, json_array(), 0});
    set_common(end, json_pack("[o]", pass_record("stream", 1, 476940, 0, DISK_SECTORS, 5210400)), speed_record(0, 0, 0, 0),
               json_pack("{s:o,s:o,s:o}", "hpa", area("none", 0, NULL), "dco", area("none", 0, NULL), "ama", area("none", 0, NULL)),
               smart("passed", 200, 0, 0, 21177), smart("passed", 200, 0, 0, 21178));
    return end;
}

/* Three bad places, one pause by the user, one sector that read on the second try, a host protected area. */
static json_t *light_disk(void)
{
    json_t *ranges = json_pack("[[i,i],[i,i],[i,i],[i,i]]", 40, 2, 407612992, 1, 407613001, 7, 900000000, 120);
    json_t *end = end_line(&(struct copy){"disk.raw", "/dev/sdb", "raw", "complete-with-errors", "visible", DISK_SECTORS, 130, ranges, 0});
    json_t *passes = json_array(), *faults = json_array(), *troubles = json_array();
    json_array_append_new(passes, pass_record("stream", 1, 1, 1, 40, 3020));
    json_array_append_new(passes, pass_record("copy", 1, 476930, 9, 976772300, 5310400));
    json_array_append_new(passes, pass_record("copy-back", 1, 9, 3, 384, 18110));
    json_array_append_new(passes, pass_record("trim", 1, 31, 6, 25, 21900));
    json_array_append_new(passes, pass_record("scrape", 1, 305, 130, 288, 391200));
    json_array_append_new(passes, pass_record("retry", 1, 131, 130, 1, 402000));
    json_array_append_new(faults, json_pack("[i,i,i,i]", 0, 2048, 61, 1));
    json_array_append_new(faults, json_pack("[i,i,i,i]", 40, 1, 61, 2));
    json_array_append_new(faults, json_pack("[i,i,i,i]", 407612928, 128, 61, 1));
    json_array_append_new(faults, json_pack("[i,i,i,i]", 640000000, 128, 5, 1)); /* read later */
    json_array_append_new(troubles, trouble(40, 2, 3, 61, 3, 6120));
    json_array_append_new(troubles, trouble(407612992, 1, 3, 61, 3, 3100));
    json_array_append_new(troubles, trouble(407613001, 3, 3, 61, 3, 9000));
    json_array_append_new(troubles, trouble(407613004, 4, 5, 5, 4, 20100));
    set(end, "faults", json_pack("{s:i,s:o}", "count", 4, "first", faults));
    set(end, "trouble", troubles);
    set(end, "recovered_sectors", json_integer(129));
    set_common(end, passes, speed_record(212, 216, 0, 0),
               json_pack("{s:o,s:o,s:o}", "hpa", area("found", 8192, NULL), "dco", area("none", 0, NULL), "ama",
                         area("not-checked", 0, "the bridge passes no ATA commands")),
               smart("passed", 199, 4, 6, 21177), smart("passed", 199, 11, 17, 21179));
    set(end, "pauses",
        json_pack("[{s:s,s:s,s:i,s:s,s:I,s:i}]", "paused", "2026-11-22T07:20:00Z", "resumed", "2026-11-22T07:51:30Z", "seconds", 1890, "why",
                  "stopped by the user (SIGINT)", "kept_sectors", (json_int_t)210000000, "lost_sectors", 0));
    return end;
}

/* A head that fails over a tenth of the disk, sectors that change, two pauses of which one is a kill, a fill pattern. */
static json_t *bad_disk(void)
{
    json_t *ranges = json_array(), *faults = json_array(), *troubles = json_array(), *passes = json_array();
    json_int_t lost = 0;
    for (json_int_t i = 0; i < 900; i++) {
        json_int_t lba = 310000000 + i * 97013, count = i % 11 == 0 ? 2048 : 1 + i % 9;
        json_array_append_new(ranges, json_pack("[I,I]", lba, count));
        json_array_append_new(troubles, trouble(lba, count, 2 + (int)(i % 3), i % 50 == 7 ? 5 : 61, 3, 2900 * count));
        json_array_append_new(faults, json_pack("[I,i,i,i]", lba - lba % 128, 128, 61, 1));
        lost += count;
    }
    json_array_append_new(ranges, json_pack("[i,i]", DISK_SECTORS - 1, 1));
    json_t *end = end_line(&(struct copy){"disk.raw", "/dev/sdb", "raw", "complete-with-errors", "visible", DISK_SECTORS, lost + 1, ranges, 1});
    set(end, "second_read", json_pack("{s:s}", "verdict", "mismatch"));
    static const char *const names[] = {"stream", "copy", "copy-back", "sweep", "trim", "scrape", "retry", "retry", "retry"};
    for (int i = 0; i < 9; i++)
        json_array_append_new(passes,
                              pass_record(names[i], i < 6 ? 1 : i - 5, 476930 / (i + 1), 900 + 100 * i, 900000000 / (i * i * i + 1), 4100000));
    set(end, "faults", json_pack("{s:I,s:o}", "count", (json_int_t)48211, "first", faults));
    set(end, "trouble", troubles);
    set(end, "recovered_sectors", json_integer(70022));
    set(end, "changed", json_pack("[[i,i],[i,i]]", 55000000, 8, 700123456, 1));
    set_common(end, passes, speed_record(160, 210, 300, 318),
               json_pack("{s:o,s:o,s:o}", "hpa", area("not-checked", 0, "a USB bridge that passes no ATA commands"), "dco",
                         area("not-checked", 0, "a USB bridge that passes no ATA commands"), "ama",
                         area("not-checked", 0, "a USB bridge that passes no ATA commands")),
               smart("passed", 160, 604, 1290, 40111), smart("failing", 139, 2291, 5120, 40131));
    set(end, "fill", json_string("hex:4e4f5420524541442042592045584849"));
    set(end, "pauses",
        json_pack("[{s:n,s:s,s:n,s:s,s:I,s:I},{s:s,s:s,s:i,s:s,s:I,s:i}]", "paused", "resumed", "2026-11-22T08:02:11Z", "seconds", "why",
                  "the run was killed, or the machine went down", "kept_sectors", (json_int_t)301000000, "lost_sectors", (json_int_t)65536, "paused",
                  "2026-11-22T09:20:00Z", "resumed", "2026-11-23T06:15:00Z", "seconds", 75300, "why", "no space left on the destination",
                  "kept_sectors", (json_int_t)640000000, "lost_sectors", 0));
    return end;
}

static struct pages pages_of(json_t *end, const char *name)
{
    json_t *begin = begin_line("disk.raw", "/dev/sdb", (json_int_t)DISK_SECTORS * 512, "raw");
    const struct exh_report_item item = {begin, end, NULL, 0};
    const struct exh_report report = report_of(&item, 1);
    struct pages p = make(&report, name);
    json_decref(begin);
    return p;
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

/* The html from one heading to the next of the same or a higher level, so that a check speaks of one section. */
static char *section(const char *html, const char *title)
{
    char heading[128];
    snprintf(heading, sizeof heading, ">%s</h", title);
    const char *at = strstr(html, heading);
    if (at == NULL)
        return NULL;
    const char *next = strstr(at + 2, "<h2"), *below = strstr(at + 2, "<h3");
    const char *end = next != NULL && (below == NULL || next < below) ? next : below != NULL ? below : at + strlen(at);
    return exh_text_copy(at, (size_t)(end - at));
}

static void assert_in(const char *html, const char *title, const char *what)
{
    char *text = section(html, title);
    if (text == NULL || strstr(text, what) == NULL)
        print_message("section '%s' lacks '%s':\n%.2000s\n", title, what, text != NULL ? text : "(no such section)");
    assert_non_null(text);
    assert_non_null(strstr(text, what));
    free(text);
}

/* --- the three disks --- */

static void clean_medium(void **state)
{
    (void)state;
    json_t *end = clean_disk();
    struct pages p = pages_of(end, "medium-clean");
    assert_verdict_first(p.html, "A complete copy of the medium /dev/sdb (500,107,862,016 bytes; no hidden areas were found) was made; every byte of "
                                 "the copy was read back and matches what was read. No second read of the source was made.");
    assert_null(strstr(p.html, "class=\"attention\""));
    assert_in(p.html, "Passes over the medium", "<td>stream</td><td class=\"words\">read in order, each sector once, until a read failed</td>");
    assert_in(p.html, "Passes over the medium", "1 h 26 min 50 s");
    assert_in(p.html, "Read speed", "0 of 512 parts slow");
    assert_in(p.html, "Read speed", "MB/s</text>");
    assert_in(p.html, "Hidden areas", "<th scope=\"row\">Accessible max address (AMA)</th><td>none</td>");
    assert_in(p.html, "Health of the device, before and after", "<strong>changed</strong> by +1"); /* hours */
    assert_in(p.html, "The process that read", "CAP_SYS_RAWIO");
    assert_null(strstr(p.html, "enlarged"));
    assert_xpath(p.xml, "string(//r:item/r:hidden_areas/r:area[@name='ama']/@state)", "none");
    assert_xpath(p.xml, "count(//r:item/r:speed/r:cell)", "512");
    assert_xpath(p.xml, "string(//r:source/r:hidden_areas)", "HPA: none; DCO: none; AMA: none");
    assert_xpath(p.xml, "string(//r:reader/r:process/@own)", "true");
    let_go(p);
    json_decref(end);
}

static void lightly_damaged(void **state)
{
    (void)state;
    json_t *end = light_disk();
    struct pages p = pages_of(end, "medium-light");
    assert_verdict_first(p.html,
                         "A copy of what is visible of the medium /dev/sdb (500,107,862,016 bytes; hidden areas: HPA of 8,192 sectors found but "
                         "not opened, no DCO, AMA not checked) was made except for 130 sectors (66,560 bytes) that could not be read; zeros "
                         "stand in their place.");
    assert_non_null(strstr(p.html, "129 more failed at first and were read later"));
    /* the map: three places lost something, one more was read only later */
    assert_non_null(strstr(p.html, "3 cells of 1,984 hold unreadable sectors: 130 sectors in 4 ranges."));
    assert_non_null(strstr(p.html, "fill=\"url(#m1-R)\"/><rect"));
    assert_non_null(strstr(p.html, "R every sector read, though a read had failed here"));
    /* the strips: one for each, with its ranges in words and sector numbers below */
    char *strips = section(p.html, "Unreadable sectors");
    assert_non_null(strstr(strips, ">LBA 40-41, 2 sectors</text>"));
    assert_non_null(strstr(strips, ">8 sectors in 2 ranges</text>"));
    assert_non_null(strstr(strips, ">LBA 407,613,001-407,613,007, 7 sectors</text>"));
    assert_non_null(strstr(strips, ">407,613,000</text>"));
    assert_non_null(strstr(strips, "All clusters of unreadable sectors, enlarged"));
    assert_non_null(strstr(strips, "class=\"in\">U</text>"));
    free(strips);
    /* the ranges: attempts, errors and sense in words, put together from the troubles inside each */
    char *list = section(p.html, "List of unreadable ranges");
    assert_non_null(strstr(list, "<tr><td>A</td><td>61 ENODATA, No data available</td><td>MEDIUM ERROR, unrecovered read error (3/11/00)</td>"
                                 "<td class=\"n\">2</td></tr>"));
    assert_non_null(strstr(list, "<tr><td>B</td><td>61 ENODATA, No data available, and others</td>"));
    assert_non_null(strstr(list, "(3/11/00), and others</td><td class=\"n\">1</td></tr>"));
    assert_non_null(strstr(list,
                           "<td class=\"n\">40</td><td class=\"n\">41</td><td class=\"n\">2</td><td class=\"n\">3</td><td class=\"n\">6.1 s</td>"
                           "<td>A</td></tr>"));
    assert_non_null(strstr(list, "<td class=\"n\">3 to 5</td><td class=\"n\">29.1 s</td><td>B</td></tr>"));
    assert_non_null(strstr(list, "<td class=\"n\">120</td><td class=\"n\"><span class=\"unknown\">not recorded")); /* no trouble lies in it */
    free(list);
    assert_in(p.html, "Passes over the medium", "<td>retry 1</td><td class=\"words\">tried again every sector that had failed</td>");
    assert_in(p.html, "Pauses", "<td>31 min 30 s</td><td class=\"words\">stopped by the user (SIGINT)</td>");
    assert_in(p.html, "Pauses", "(2026-11-22 08:20:00 +01:00 local)");
    assert_in(p.html, "Hidden areas", "<strong>found</strong>, not opened</td><td class=\"n\">8,192</td>");
    assert_in(p.html, "Hidden areas", "not checked</td><td class=\"n\"></td><td class=\"words\">the bridge passes no ATA commands");
    assert_in(p.html, "Health of the device, before and after",
              "<td class=\"name\">Reallocated_Sector_Ct</td><td class=\"n\">199 / 199</td>"
              "<td class=\"n\">199 / 199</td><td class=\"n\">140</td><td class=\"n\">4</td>"
              "<td class=\"n\">11</td><td><strong>changed</strong> by +7</td>");
    assert_in(p.html, "Read speed", "4 of 512 parts slow");
    assert_in(p.html, "Read speed", ">unreadable</text>");
    assert_in(p.html, "Read speed", ">failed reads</text>");
    assert_in(p.html, "Read speed", ">slow</text>");
    assert_non_null(strstr(p.html, "The sectors of a hidden area that was found were not read"));
    assert_non_null(strstr(p.html, "It says nothing about the source during a pause"));
    assert_xpath(p.xml, "string(//r:item/r:trouble/r:range[1]/@sense)", "03/11/00");
    assert_xpath(p.xml, "string(//r:item/r:trouble/r:range[1]/@error)", "No data available");
    assert_xpath(p.xml, "string(//r:item/r:trouble/r:range[1]/@attempts)", "3");
    assert_xpath(p.xml, "count(//r:passes/r:pass)", "6");
    assert_xpath(p.xml, "string(//r:pauses/r:pause/@seconds)", "1890");
    assert_xpath(p.xml, "string(//r:hidden_areas/r:area[@name='hpa']/@sectors)", "8192");
    assert_xpath(p.xml, "string(//r:health/r:after/r:attribute[@id='5']/@raw)", "11");
    assert_xpath(p.xml, "string(//r:result/r:recovered_sectors)", "129");
    assert_xpath(p.xml, "string(//r:result/r:fill)", "zeros");
    let_go(p);
    json_decref(end);
}

static void badly_damaged(void **state)
{
    (void)state;
    json_t *end = bad_disk();
    struct pages p = pages_of(end, "medium-bad");
    assert_non_null(strstr(p.html, "hidden areas were not checked) was made except for 172,031 sectors"));
    assert_non_null(strstr(p.html, "; the fill pattern hex:4e4f542052454144204259204558... stands in their place."));
    assert_non_null(strstr(p.html, "<p class=\"attention\">The source gave 9 sectors one way and later another, without reporting an error."));
    assert_non_null(strstr(p.html, "C at least one sector read one way and later another"));
    assert_non_null(strstr(p.html, "U at least one sector unreadable; in its place the fill pattern"));
    assert_non_null(strstr(p.html, "R is shown for the first 900 failed reads"));
    assert_non_null(strstr(p.html, "fill in place of 172,031 unreadable sectors"));
    assert_non_null(strstr(p.html, "the digests of the media stream cover that pattern"));
    assert_in(p.html, "List of unreadable ranges", "Ranges shown: 200 of 901, rest in report.xml.");
    assert_in(p.html, "Sectors that read one way and later another", "<td class=\"n\">55,000,000</td><td class=\"n\">55,000,007</td>");
    assert_in(p.html, "Pauses", "<tr><td>stopped <span class=\"unknown\">at a time not known</span><br>went on <span class");
    assert_in(p.html, "Pauses", "<span class=\"unknown\">pause length not known</span>");
    assert_in(p.html, "Pauses", "20 h 55 min 00 s");
    assert_in(p.html, "Health of the device, before and after", "<strong>FAILING</strong>, as the drive itself says");
    assert_in(p.html, "Health of the device, before and after", "value not above the threshold");
    assert_non_null(strstr(p.html, "health (SMART) passed before, FAILING after</td>"));
    char *speed = section(p.html, "Read speed");
    const char *curve = strstr(speed, "<path d=\"M100.0 148V");
    assert_non_null(curve);
    const char *gap = strstr(curve, "ZM");
    assert_true(gap != NULL && gap < strstr(curve, "\" fill")); /* the blank cells part the curve in two */
    assert_null(strstr(gap + 2, "ZM"));
    assert_non_null(strstr(speed, "50 of 494 parts slow"));
    free(speed);
    assert_xpath(p.xml, "count(//r:item/r:trouble/r:range)", "900");
    assert_xpath(p.xml, "count(//r:pauses/r:pause[1]/@paused)", "0");
    assert_xpath(p.xml, "string(//r:result/r:fill)", "hex:4e4f5420524541442042592045584849");
    let_go(p);
    json_decref(end);
}

/* --- absent, odd and hostile members --- */

/* An image made before has none of this: the page says what is not on record, and invents no section. */
static void absent_members(void **state)
{
    (void)state;
    json_t *end =
        end_line(&(struct copy){"old.raw", "/dev/sdb", "raw", "complete-with-errors", "visible", DISK_SECTORS, 1, json_pack("[[i,i]]", 7, 1), 0});
    struct pages p = pages_of(end, "medium-absent");
    assert_non_null(strstr(p.html, "hidden areas were not checked or not opened) was made except for 1 sector"));
    assert_non_null(strstr(p.html, "None on record: passes over the medium, pauses, the process that read."));
    assert_non_null(strstr(p.html, "No plot of the read speed is drawn: no reading times are on record."));
    assert_in(p.html, "List of unreadable ranges", "How often each was tried, and with what error, is not recorded by range.");
    static const char *const sections[] = {"Passes over the medium", "Pauses",
                                           "Hidden areas",           "Health of the device, before and after",
                                           "The process that read",  "Sectors that read one way and later another"};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        assert_null(section(p.html, sections[i]));
    static const char *const lists[] = {"trouble", "changed", "passes", "pauses", "speed", "hidden_areas", "health", "reader"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char expression[64];
        snprintf(expression, sizeof expression, "count(//r:item/r:%s/r:unknown)", lists[i]);
        assert_xpath(p.xml, expression, "1");
    }
    assert_xpath(p.xml, "count(//r:source/r:health/r:unknown)", "1");
    let_go(p);
    json_decref(end);
}

/* A report of an earlier version has none of the new elements, and the schema still takes it. */
static void earlier_reports_validate(void **state)
{
    (void)state;
    static const char *const later[] = {
        "//r:item/r:trouble", "//r:item/r:changed",      "//r:item/r:passes", "//r:item/r:pauses", "//r:item/r:speed",
        "//r:item/r:reader",  "//r:item/r:hidden_areas", "//r:item/r:health", "//r:result/r:fill", "//r:result/r:recovered_sectors"};
    json_t *end = light_disk();
    struct pages p = pages_of(end, "medium-earlier");
    xmlDocPtr doc = xmlReadMemory(p.xml, (int)strlen(p.xml), "report.xml", NULL, XML_PARSE_NONET);
    xmlXPathContextPtr context = xmlXPathNewContext(doc);
    assert_int_equal(xmlXPathRegisterNs(context, BAD_CAST "r", BAD_CAST "urn:exhibit:report:1"), 0);
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        xmlXPathObjectPtr found = xmlXPathEvalExpression(BAD_CAST later[i], context);
        assert_true(found != NULL && found->nodesetval != NULL && found->nodesetval->nodeNr == 1);
        xmlUnlinkNode(found->nodesetval->nodeTab[0]);
        xmlFreeNode(found->nodesetval->nodeTab[0]);
        found->nodesetval->nodeTab[0] = NULL;
        xmlXPathFreeObject(found);
    }
    xmlChar *bytes = NULL;
    int length = 0;
    xmlDocDumpMemory(doc, &bytes, &length);
    assert_null(strstr((const char *)bytes, "<passes"));
    assert_schema_holds((const char *)bytes);
    xmlFree(bytes);
    xmlXPathFreeContext(context);
    xmlFreeDoc(doc);
    let_go(p);
    json_decref(end);
}

static const char *const members[] = {"fill",    "passes",       "speed",  "trouble", "recovered_sectors",
                                      "changed", "hidden_areas", "health", "pauses",  "reader"};

/* Every member as every wrong type: not recorded, or counted as malformed; never drawn, never a crash. */
static void wrong_types(void **state)
{
    (void)state;
    for (int kind = 0; kind < 12; kind++) {
        json_t *end = light_disk();
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            json_t *values[] = {json_null(),
                                json_true(),
                                json_real(1e300),
                                json_integer(-1),
                                json_integer(INT64_MAX),
                                json_string("<script>x</script>"),
                                json_pack("[n,b,i,s,f]", 1, -5, "x", 0.5),
                                json_pack("[[],[n,n,n],[i,i],[i,i,i],[I,I,I],[s,s,s]]", -1, -1, -1, -1, -1, (json_int_t)INT64_MAX,
                                          (json_int_t)INT64_MAX, (json_int_t)INT64_MAX, "1", "2", "3"),
                                json_pack("[{},{s:i},{s:s}]", "lba", -1, "pass", ""),
                                json_pack("{s:[i,[],{}]}", "cells", 1),
                                json_pack("{s:i,s:[],s:s}", "before", 1, "after", "hpa", "x"),
                                json_pack("{s:{s:s,s:{}},s:{s:i,s:[i,{}]}}", "hpa", "state", "<b>", "why", "before", "state", 1, "attributes", 1)};
            for (int k = 0; k < (int)(sizeof values / sizeof values[0]); k++)
                if (k != kind)
                    json_decref(values[k]);
            set(end, members[i], values[kind]);
        }
        struct pages p = pages_of(end, "medium-types");
        assert_null(strstr(p.html, "<script>x"));
        assert_non_null(strstr(p.html, "No plot of the read speed is drawn"));
        assert_true((strstr(p.html, "Of the passes the record holds") != NULL) == (kind == 6 || kind == 7)); /* lists of what is no pass */
        assert_true((strstr(p.html, "None on record: passes") != NULL) == (kind != 6 && kind != 7 && kind != 8));
        let_go(p);
        json_decref(end);
    }
}

/* What is out of all proportion is left out and counted; what may be huge is a figure. */
static void huge_numbers(void **state)
{
    (void)state;
    json_int_t most = INT64_MAX;
    json_t *end = light_disk();
    set(end, "passes",
        json_pack("[{s:s,s:I,s:I,s:I,s:I,s:I}]", "pass", "copy", "number", most, "reads", most, "failed_reads", most, "sectors_read", most,
                  "milliseconds", most));
    set(end, "speed",
        json_pack("{s:[[i,i,i],[I,I,i],[i,i,i],[i,I,i],[I,i,I]]}", "cells", 0, 100, 1, most, most, 1, 50, 100, 1, 1000, most / 4, 1, most / 8, 1,
                  most));
    set(end, "trouble",
        json_pack("[{s:I,s:I},{s:I,s:I,s:I,s:I,s:[i,i,i],s:I},{s:i,s:i}]", "lba", most, "count", most, "lba", (json_int_t)0, "count", most / 4,
                  "attempts", most, "errno", most, "sense", 3, 256, 0, "milliseconds", most, "lba", 5, "count", 0));
    set(end, "changed", json_pack("[[I,I],[i,I],[i,I]]", most, most, 1, most / 4, 2, most / 4));
    set(end, "recovered_sectors", json_integer(most));
    set(end, "pauses",
        json_pack("[{s:s,s:I,s:I,s:i}]", "paused", "99999-99-99T99:99:99Z", "seconds", most, "kept_sectors", most, "lost_sectors", -1));
    set(end, "hidden_areas", json_pack("{s:{s:s,s:I}}", "hpa", "state", "found", "sectors", most));
    struct pages p = pages_of(end, "medium-huge");
    assert_in(p.html, "Passes over the medium", "9,223,372,036,854,775,807");
    assert_in(p.html, "Read speed", "Of the reading times the record holds 3 entries in no form known here; left out.");
    assert_in(p.html, "List of unreadable ranges", "9223372036854775807");
    assert_in(p.html, "List of unreadable ranges", "Of what was tried where the record holds 2 entries");
    assert_in(p.html, "Sectors that read one way and later another", "Of sectors that changed the record holds 1 entry in");
    assert_in(p.html, "Pauses", "pause length not known");
    assert_xpath(p.xml, "string(//r:item/r:speed/@malformed)", "3");
    assert_xpath(p.xml, "count(//r:item/r:trouble/r:range/@sense)", "0");
    assert_xpath(p.xml, "string(//r:item/r:hidden_areas/r:area[2]/@state)", "");
    let_go(p);
    json_decref(end);
}

static const char hostile[] = "\"><script>alert('x')</script>]]>&amp;\x01\xe2\x80\xae";

static void hostile_texts(void **state)
{
    (void)state;
    json_t *end = bad_disk();
    set(end, "fill", json_string(hostile));
    set(end, "passes", json_pack("[{s:s}]", "pass", hostile));
    set(end, "hidden_areas",
        json_pack("{s:{s:s,s:s},s:{s:s,s:s}}", "hpa", "state", "not-checked", "why", hostile, "dco", "state", hostile, "why", hostile));
    set(end, "health",
        json_pack("{s:{s:s,s:s,s:s,s:[{s:s}]},s:{s:s}}", "before", "state", "not-available", "kind", hostile, "why", hostile, "attributes", "name",
                  hostile, "after", "state", hostile));
    set(end, "pauses", json_pack("[{s:s,s:s,s:s}]", "paused", hostile, "resumed", hostile, "why", hostile));
    set(end, "reader", json_pack("{s:s,s:s}", "process", hostile, "capabilities", hostile));
    struct pages p = pages_of(end, "medium-hostile");
    assert_null(strstr(p.html, "alert('x')"));
    assert_null(strchr(p.html, '\x01'));
    assert_null(strstr(p.html, "\xe2\x80\xae"));
    assert_true(count_of(p.html, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;]]&gt;&amp;amp;") >= 10);
    assert_xpath(p.xml, "string(//r:passes/r:pass/@name)", "\"><script>alert('x')</script>]]>&amp;\xef\xbf\xbd\xe2\x80\xae");
    assert_xpath(p.xml, "count(//r:health/r:after/@state)", "0"); /* no word known here */
    let_go(p);
    json_decref(end);
}

/* Long lists everywhere: bounded on the page, whole in the XML. */
static void long_lists(void **state)
{
    (void)state;
    json_t *end = bad_disk();
    json_t *passes = json_array(), *pauses = json_array(), *changed = json_array(), *attributes = json_array();
    for (int i = 0; i < 1000; i++) {
        json_array_append_new(passes, pass_record("retry", i + 1, 1, 1, 0, 1));
        json_array_append_new(pauses, json_pack("{s:s,s:i}", "why", "stopped", "seconds", i));
        json_array_append_new(changed, json_pack("[i,i]", i * 10, 1));
        json_array_append_new(attributes, attribute(i, "x", 1, 1, 1, i));
    }
    set(end, "passes", passes);
    set(end, "pauses", pauses);
    set(end, "changed", changed);
    set(end, "health", json_pack("{s:{s:s,s:o}}", "before", "state", "passed", "attributes", attributes));
    struct pages p = pages_of(end, "medium-long");
    assert_in(p.html, "Passes over the medium", "Passes shown: 100 of 1,000, rest in report.xml.");
    assert_in(p.html, "Pauses", "Pauses shown: 100 of 1,000, rest in report.xml.");
    assert_in(p.html, "Sectors that read one way and later another", "Ranges shown: 100 of 1,000, rest in report.xml.");
    assert_in(p.html, "Health of the device, before and after", "Of the attributes the record holds 744 entries");
    assert_xpath(p.xml, "count(//r:passes/r:pass)", "1000");
    assert_xpath(p.xml, "count(//r:changed/r:range)", "1000");
    assert_true(strlen(p.html) < 500000);
    let_go(p);
    json_decref(end);
}

/* A thousand scattered ranges still make at most six strips, and each strip is bounded whatever lies in it. */
static void many_clusters(void **state)
{
    (void)state;
    json_t *ranges = json_array();
    for (int i = 0; i < 1000; i++)
        json_array_append_new(ranges, json_pack("[i,i]", i * 900000 + i % 7, 1 + i % 5));
    json_t *end = end_line(&(struct copy){"m.raw", "/dev/sdb", "raw", "complete-with-errors", "medium", DISK_SECTORS, 3000, ranges, 0});
    struct pages p = pages_of(end, "medium-many");
    char *text = section(p.html, "Unreadable sectors");
    assert_true(count_of(text, "class=\"loud\">") >= 1 && strlen(text) < 200000);
    const char *strips = strstr(text, "id=\"m1bt\"");
    assert_non_null(strips);
    assert_true(count_of(strips, " ranges</text>") <= 6);
    free(text);
    let_go(p);
    json_decref(end);
}

/* A run that failed keeps what it learnt of the source: its ranges, passes, speed, hidden areas, health. */
static void failed_run(void **state)
{
    (void)state;
    json_t *end = light_disk(), *failed = failed_line("failed", "the device is gone");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_object_get(body_of(end), members[i]) != NULL)
            json_object_set(body_of(failed), members[i], json_object_get(body_of(end), members[i]));
    struct pages p = pages_of(failed, "medium-failed");
    assert_verdict_first(p.html, "No image was published: the acquisition of the medium /dev/sdb failed: the device is gone.");
    assert_in(p.html, "Ranges that could not be read", "61 ENODATA, No data available");
    assert_in(p.html, "Passes over the medium", "scrape");
    assert_in(p.html, "Hidden areas", "8,192");
    assert_in(p.html, "Read speed", "class=\"map\"");
    assert_null(strstr(p.html, "List of unreadable ranges"));
    let_go(p);
    json_decref(end);
    json_decref(failed);
}

/* "The whole medium" and a hidden area cannot both be true. */
static void whole_and_hidden(void **state)
{
    (void)state;
    json_t *end = clean_disk();
    set(end, "hidden_areas", json_pack("{s:o}", "dco", area("found", 2048, NULL)));
    struct pages p = pages_of(end, "medium-contradiction");
    assert_non_null(
        strstr(p.html, "<p class=\"attention\">The record contradicts itself: it speaks of a copy of the whole medium and of a hidden area"));
    assert_non_null(strstr(p.html, "hidden areas: HPA not recorded, DCO of 2,048 sectors found but not opened, AMA not recorded)"));
    let_go(p);
    json_decref(end);
}

static void round_steps(void **state)
{
    (void)state;
    assert_int_equal(exh_map_step(1, 5), 1);
    assert_int_equal(exh_map_step(14, 5), 5);
    assert_int_equal(exh_map_step(100, 5), 50);
    assert_int_equal(exh_map_step(99, 5), 20);
    for (uint64_t length = 1; length < UINT64_MAX / 3; length = length * 3 + 1) {
        uint64_t step = exh_map_step(length, 5);
        assert_true(step >= 1 && length / step < 5);
    }
}

/* A cell read three times counts its sectors three times, and is as wide as the others all the same. */
static void cells_read_again(void **state)
{
    (void)state;
    json_t *end = light_disk();
    set(end, "speed",
        json_pack("{s:i,s:[[i,i,i],[i,i,i],[i,i,i]]}", "cell_sectors", 1000, "cells", 0, 1000, 5000, 1000, 3000, 900000, 2000, 1000, 5000));
    struct pages p = pages_of(end, "medium-read-again");
    assert_in(p.html, "Read speed", "1 of 3 parts slow");
    assert_in(p.html, "Read speed", "(from LBA 1,000, 1,000 sectors)");
    assert_null(strstr(p.html, "Of the reading times"));
    assert_xpath(p.xml, "count(//r:item/r:speed/r:cell)", "3");
    assert_xpath(p.xml, "string(//r:item/r:speed/r:cell[2]/@sectors)", "3000");
    let_go(p);
    json_decref(end);
}

/* A bad area read sector by sector is one row; the count of what is shown is that of the reads. */
static void failed_reads_in_a_row(void **state)
{
    (void)state;
    json_t *end = light_disk(), *faults = json_array();
    for (int i = 0; i < 100; i++)
        json_array_append_new(faults, checked(json_pack("[i,i,i,i]", 5000 + i, 1, i == 60 ? 61 : 5, 1)));
    set(end, "faults", checked(json_pack("{s:i,s:o}", "count", 100, "first", faults)));
    struct pages p = pages_of(end, "medium-in-a-row");
    assert_in(p.html, "Failed reads", "<td class=\"n\">5,000</td><td class=\"n\">60</td><td class=\"n\">1</td>");
    assert_in(p.html, "Failed reads", "<td class=\"n\">5,060</td><td class=\"n\">1</td>");
    assert_in(p.html, "Failed reads", "<td class=\"n\">5,061</td><td class=\"n\">39</td>");
    assert_null(strstr(p.html, "Failed reads shown"));
    let_go(p);
    json_decref(end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clean_medium),
                                       cmocka_unit_test(lightly_damaged),
                                       cmocka_unit_test(badly_damaged),
                                       cmocka_unit_test(absent_members),
                                       cmocka_unit_test(wrong_types),
                                       cmocka_unit_test(huge_numbers),
                                       cmocka_unit_test(hostile_texts),
                                       cmocka_unit_test(long_lists),
                                       cmocka_unit_test(many_clusters),
                                       cmocka_unit_test(failed_run),
                                       cmocka_unit_test(whole_and_hidden),
                                       cmocka_unit_test(round_steps),
                                       cmocka_unit_test(cells_read_again),
                                       cmocka_unit_test(failed_reads_in_a_row),
                                       cmocka_unit_test(earlier_reports_validate)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
