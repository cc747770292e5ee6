/* The CloneCD reader: layouts from descriptors written here by hand, every field damaged, files missing or too short, hostile numbers. */
#include "tests/unit/optical_image.h"

#include "formats/optical/ccd.h"
#include "formats/optical/ccd_parse.h"

/* ---- a descriptor under construction ---- */

static char text[1 << 16];

static void add(const char *fmt, ...) EXH_PRINTF(1, 2);
static void add(const char *fmt, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text + used, sizeof text - used, fmt, args);
    va_end(args);
}

static void head(unsigned entries, unsigned sessions, unsigned packs)
{
    text[0] = '\0';
    add("[CloneCD]\r\nVersion=3\r\n[Disc]\r\nTocEntries=%u\r\nSessions=%u\r\nDataTracksScrambled=0\r\nCDTextLength=%u\r\nCATALOG=1234567890128\r\n",
        entries, sessions, packs * 18);
}

static void entry(unsigned n, unsigned session, unsigned point, unsigned adr, unsigned control, int64_t lba)
{
    int64_t f = lba + 150;
    add("[Entry %u]\r\nSession=%u\r\nPoint=0x%02x\r\nADR=0x%02x\r\nControl=0x%02x\r\nTrackNo=0\r\nAMin=0\r\nASec=0\r\nAFrame=0\r\nALBA=-150\r\n"
        "Zero=0\r\nPMin=%d\r\nPSec=%d\r\nPFrame=%d\r\nPLBA=%lld\r\n",
        n, session, point, adr, control, (int)(f / 4500), (int)(f / 75 % 60), (int)(f % 75), (long long)lba);
}

/* A0 and A1 hold track numbers where the others hold a place. */
static void first_last(unsigned n, unsigned session, unsigned first, unsigned last)
{
    entry(n, session, 0xA0, 1, 4, (int64_t)first * 4500 - 150);
    entry(n + 1, session, 0xA1, 1, 0, (int64_t)last * 4500 - 150);
}

/* Replaces the first `from` in the descriptor and writes it. */
static void put_changed(const char *from, const char *to)
{
    char changed[sizeof text + 256];
    const char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("'%s' is not in the descriptor", from);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    put("x.ccd", changed, strlen(changed));
}

static void put_text(void) { put("x.ccd", text, strlen(text)); }

/* ---- sectors to go with it ---- */

static uint8_t img[400 * 2352], subs[400 * 96];
static size_t stored;

static void store(int mode, int64_t lba, uint8_t control, unsigned track, unsigned index, int64_t relative)
{
    sector(img + stored * 2352, mode, lba);
    sub(subs + stored * 96, control, track, index, relative, lba);
    stored++;
}

static void put_files(void)
{
    put("x.img", img, stored * 2352);
    put("x.sub", subs, stored * 96);
}

/* Three tracks: mode 1 of 20 sectors, audio of 30 with a pregap of 10, audio of 15 sectors. */
static void one_session(void)
{
    head(6, 1, 0);
    add("[Session 1]\r\nPreGapMode=1\r\nPreGapSubC=1\r\n");
    first_last(0, 1, 1, 3);
    entry(2, 1, 0xA2, 1, 0, 75);
    entry(3, 1, 1, 1, 4, 0);
    entry(4, 1, 2, 1, 2, 30);
    entry(5, 1, 3, 1, 0, 60);
    add("[TRACK 1]\r\nMODE=1\r\nINDEX 1=0\r\n");
    add("[TRACK 2]\r\nMODE=0\r\nFLAGS= DCP\r\nISRC=USABC0312345\r\nINDEX 0=20\r\nINDEX 1=30\r\nINDEX 2=40\r\nINDEX 3=55\r\n");
    add("[TRACK 3]\r\nMODE=0\r\nINDEX 1=60\r\n");
    stored = 0;
    for (int64_t lba = 0; lba < 75; lba++) {
        unsigned track = lba < 20 ? 1 : lba < 60 ? 2 : 3;
        int64_t start = track == 1 ? 0 : track == 2 ? 30 : 60;
        store(track == 1 ? 1 : -1, lba, track == 1 ? 4 : track == 2 ? 2 : 0, track, lba >= start, lba >= start ? lba - start : start - lba);
    }
    put_text();
    put_files();
}

/* Mode 1 of 20 sectors, and mode 2 of 12 in the second session. */
static void two_sessions(void)
{
    head(10, 2, 0);
    first_last(0, 1, 1, 1);
    entry(2, 1, 0xA2, 1, 4, 20);
    entry(3, 1, 1, 1, 4, 0);
    entry(4, 1, 0xB0, 5, 4, 359849);
    entry(5, 1, 0xC0, 5, 4, 438431);
    first_last(6, 2, 2, 2);
    entry(8, 2, 0xA2, 1, 4, 11432);
    entry(9, 2, 2, 1, 4, 11420);
    add("[TRACK 1]\r\nMODE=1\r\nINDEX 1=0\r\n[TRACK 2]\r\nMODE=2\r\nINDEX 1=0\r\n");
    stored = 0;
    for (int64_t lba = 0; lba < 20; lba++)
        store(1, lba, 4, 1, 1, lba);
    for (int64_t lba = 11420; lba < 11432; lba++)
        store(2, lba, 4, 2, 1, lba - 11420);
    put_text();
    put_files();
}

/* A track's main channel and subchannel are those stored from sector `at` on. */
static void expect_stored(struct exh_medium *medium, uint32_t i, size_t at)
{
    struct track_bytes b = read_track(medium, i);
    assert_int_equal(b.bad, 0);
    assert_memory_equal(b.main, img + at * 2352, b.main_bytes);
    if (b.sub != NULL)
        assert_memory_equal(b.sub, subs + at * 96, (size_t)b.sectors * 96);
    track_bytes_close(&b);
}

/* ---- layouts ---- */

static void three_tracks(void **state)
{
    (void)state;
    one_session();
    struct exh_medium *m = open_image("x.ccd");
    const struct exh_disc *disc = m->layout->disc;
    assert_string_equal(m->format, "ccd");
    assert_int_equal(m->layout->kind, EXH_LAYOUT_DISC);
    assert_int_equal(m->layout->track_count, 3);
    expect_track(m, 0, 1, 1, EXH_TRACK_MODE1, 4, 0, 20, 0, 0);
    expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 2, 20, 40, 10, 10);
    expect_track(m, 2, 3, 1, EXH_TRACK_AUDIO, 0, 60, 15, 0, 0);
    assert_int_equal(m->layout->tracks[0].main_bytes, 2352);
    assert_int_equal(m->layout->tracks[0].sub_bytes, 96);
    assert_string_equal(m->layout->tracks[1].isrc, "USABC0312345");
    assert_string_equal(disc->mcn, "1234567890128");
    assert_int_equal(disc->session_count, 1);
    assert_int_equal(disc->sessions[0].lead_out, 75);
    assert_int_equal(disc->sessions[0].disc_type, 0);
    assert_int_equal(disc->row_count, 6);
    assert_int_equal(disc->rows[0].point, 0xA0);
    assert_int_equal(disc->rows[4].adr_control, 0x12);
    assert_int_equal(disc->index_count, 2);
    assert_int_equal(disc->indexes[0].lba, 40);
    assert_int_equal(disc->indexes[1].number, 3);
    assert_int_equal(disc->indexes[1].lba, 55);
    assert_int_equal(m->files->count, 3);
    expect_stored(m, 0, 0);
    expect_stored(m, 1, 20);
    expect_stored(m, 2, 60);
    assert_string_equal(fact(m, "subchannel"), "75 sectors, linear");
    assert_string_equal(fact(m, "session_pregap"), "session 1: mode 1, with subchannel");
    expect_no_remarks(m);
    exh_medium_close(m);
}

static void two_sessions_without_a_gap(void **state)
{
    (void)state;
    two_sessions();
    struct exh_medium *m = open_image("x.ccd");
    const struct exh_disc *disc = m->layout->disc;
    expect_track(m, 0, 1, 1, EXH_TRACK_MODE1, 4, 0, 20, 0, 0);
    expect_track(m, 1, 2, 2, EXH_TRACK_MODE2, 4, 11420, 12, 0, 0);
    assert_int_equal(disc->session_count, 2);
    assert_int_equal(disc->sessions[1].lead_out, 11432);
    assert_int_equal(disc->row_count, 10);
    assert_int_equal(disc->rows[4].point, 0xB0);
    assert_int_equal(disc->rows[4].adr_control, 0x54);
    expect_stored(m, 0, 0);
    expect_stored(m, 1, 20);
    expect_no_remarks(m);
    exh_medium_close(m);

    /* Some writers count INDEX from LBA 0 in every session. */
    put_changed("MODE=2\r\nINDEX 1=0", "MODE=2\r\nINDEX 0=11270\r\nINDEX 1=11420");
    m = open_image("x.ccd");
    expect_track(m, 1, 2, 2, EXH_TRACK_MODE2, 4, 11420, 12, 150, 0);
    expect_stored(m, 1, 20);
    expect_no_remarks(m);
    exh_medium_close(m);
}

/* INDEX 1 above 0 in the first track of a session: so many sectors lie before it. */
static void stored_pregaps_at_the_beginning(void **state)
{
    (void)state;
    two_sessions();
    put_changed("MODE=2\r\nINDEX 1=0", "MODE=2\r\nINDEX 1=5");
    for (size_t i = 0; i < 5; i++) /* five sectors more, before those of session 2 */
        store(2, 11415 + (int64_t)i, 4, 2, 0, 5 - (int64_t)i);
    uint8_t *tail = img + 32 * 2352, moved[5 * 2352];
    memcpy(moved, tail, sizeof moved);
    memmove(img + 25 * 2352, img + 20 * 2352, 12 * 2352);
    memcpy(img + 20 * 2352, moved, sizeof moved);
    put("x.img", img, stored * 2352);
    assert_int_equal(unlink(in_folder("x.sub")), 0);
    struct exh_medium *m = open_image("x.ccd");
    expect_track(m, 1, 2, 2, EXH_TRACK_MODE2, 4, 11415, 17, 5, 5);
    struct track_bytes b = read_track(m, 1);
    assert_memory_equal(b.main, img + 20 * 2352, 17 * 2352);
    track_bytes_close(&b);
    expect_no_remarks(m);
    exh_medium_close(m);
}

static void hidden_track(void **state)
{
    (void)state;
    const char *const indexes[] = {"INDEX 1=40", "INDEX 0=0\r\nINDEX 1=40", "INDEX 0=-150\r\nINDEX 1=40", ""};
    for (size_t i = 0; i < 4; i++) {
        head(4, 1, 0);
        first_last(0, 1, 1, 1);
        entry(2, 1, 0xA2, 1, 0, 60);
        entry(3, 1, 1, 1, 0, 40);
        if (i < 3)
            add("[TRACK 1]\r\nMODE=0\r\n%s\r\n", indexes[i]);
        stored = 0;
        for (int64_t lba = 0; lba < 60; lba++)
            store(-1, lba, 0, 1, lba >= 40, lba >= 40 ? lba - 40 : 40 - lba);
        put_text();
        put_files();
        struct exh_medium *m = open_image("x.ccd");
        expect_track(m, 0, 1, 1, EXH_TRACK_AUDIO, 0, 0, 60, 40, 40);
        assert_int_equal(exh_track_start(&m->layout->tracks[0]), 40);
        expect_stored(m, 0, 0);
        expect_no_remarks(m);
        exh_medium_close(m);
    }
}

/* Version 2 has no [TRACK n]; entries in any order, lower case, LF, a byte order mark, comments, no line end at the end. */
static void other_ways_to_write_it(void **state)
{
    (void)state;
    one_session();
    text[0] = '\0';
    add("\xEF\xBB\xBF\n; a comment\n [clonecd] \n version = 2 \n\n[DISC]\ntocentries=0x6\nSESSIONS=1\n");
    entry(7, 1, 3, 1, 0, 60);
    entry(1, 1, 2, 4, 2, 20);
    entry(2, 1, 0xA2, 1, 0, 75);
    entry(3, 1, 1, 1, 4, 0);
    first_last(4, 1, 1, 3);
    for (char *p = text; (p = strchr(p, '\r')) != NULL;)
        memmove(p, p + 1, strlen(p));
    text[strlen(text) - 1] = '\0';
    put_text();
    assert_int_equal(unlink(in_folder("x.sub")), 0);
    struct exh_medium *m = open_image("x.ccd");
    assert_int_equal(m->layout->track_count, 3);
    expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 2, 20, 40, 0, 0);
    assert_string_equal(fact(m, "version"), "2");
    expect_no_remarks(m);
    exh_medium_close(m);
}

/* ---- what the sectors say against what the descriptor says ---- */

static void sectors_decide_the_mode(void **state)
{
    (void)state;
    one_session();
    put_changed("[TRACK 1]\r\nMODE=1", "[TRACK 1]\r\nMODE=2");
    struct exh_medium *m = open_image("x.ccd");
    assert_int_equal(m->layout->tracks[0].kind, EXH_TRACK_MODE1);
    expect_remark(m, "track-mode", EXH_WARNS, "MODE says mode 2, and the first sectors of track 1 are of mode 1");
    assert_int_equal(remarks(m, NULL, EXH_FAILS), 0);
    exh_medium_close(m);

    /* Said to be audio by both: the sectors are data all the same. */
    one_session();
    put_changed("Point=0x02\r\nADR=0x01\r\nControl=0x02", "Point=0x02\r\nADR=0x01\r\nControl=0x06");
    m = open_image("x.ccd");
    expect_remark(m, "track-mode", EXH_FAILS, "Control says track 2 is data, and its first sectors have no sync pattern");
    assert_int_equal(m->layout->tracks[1].kind, EXH_TRACK_MODE1);
    exh_medium_close(m);

    sector(img + 60 * 2352, 2, 60);
    put_text();
    put("x.img", img, stored * 2352);
    m = open_image("x.ccd");
    expect_track(m, 2, 3, 1, EXH_TRACK_MODE2, 4, 60, 15, 0, 0);
    expect_remark(m, "track-mode", EXH_FAILS, "Control says track 3 is audio, and its first sectors are of mode 2");
    exh_medium_close(m);

    for (size_t i = 0; i < 20; i++)
        img[i * 2352 + 15] = i < 4 ? 0 : 1;
    put("x.img", img, stored * 2352);
    m = open_image("x.ccd");
    assert_int_equal(m->layout->tracks[0].kind, EXH_TRACK_MODE1); /* a lead of mode 0 decides nothing */
    exh_medium_close(m);
    for (size_t i = 0; i < 20; i++)
        img[i * 2352 + 15] = 0x61;
    put("x.img", img, stored * 2352);
    m = open_image("x.ccd");
    assert_true(remarks(m, "track-mode", EXH_FAILS) >= 1);
    assert_int_equal(m->layout->tracks[0].kind, EXH_TRACK_MODE1);
    exh_medium_close(m);
}

static void flags_and_codes(void **state)
{
    (void)state;
    one_session();
    put_changed("FLAGS= DCP", "FLAGS=pre 4ch,scms");
    struct exh_medium *m = open_image("x.ccd");
    expect_remark(m, "track-flags", EXH_WARNS, "FLAGS of track 2");
    assert_int_equal(m->layout->tracks[1].control, 2);
    exh_medium_close(m);
    put_changed("ISRC=USABC0312345", "ISRC=USABC03123A5");
    m = open_image("x.ccd");
    expect_remark(m, "isrc", EXH_WARNS, "track 2");
    assert_string_equal(m->layout->tracks[1].isrc, "");
    exh_medium_close(m);
    put_changed("CATALOG=1234567890128", "CATALOG=123456789012");
    m = open_image("x.ccd");
    expect_remark(m, "catalog", EXH_WARNS, "line 8");
    assert_string_equal(m->layout->disc->mcn, "");
    exh_medium_close(m);
    put_changed("[TRACK 3]", "Colour=red\r\n[Extra]\r\nWhat=ever\r\n[TRACK 3]");
    m = open_image("x.ccd");
    expect_remark(m, "unknown-key", EXH_WARNS, "one of 3");
    exh_medium_close(m);
}

static void cdtext_gets_its_checksums(void **state)
{
    (void)state;
    one_session();
    char *at = strstr(text, "[Session 1]"), rest[sizeof text];
    (void)snprintf(rest, sizeof rest, "%s", at);
    *at = '\0';
    add("[CDText]\r\nEntries=2\r\nEntry 0=80 00 00 00 54 69 74 6c 65 00 41 42 43 44 45 46\r\nEntry 1=800101004748494A4B00000000000000\r\n%s", rest);
    put_changed("CDTextLength=0", "CDTextLength=36");
    struct exh_medium *m = open_image("x.ccd");
    const struct exh_disc *disc = m->layout->disc;
    const uint8_t first[18] = {0x80, 0, 0, 0, 'T', 'i', 't', 'l', 'e', 0, 'A', 'B', 'C', 'D', 'E', 'F'};
    assert_int_equal(disc->cdtext_packs, 2);
    assert_memory_equal(disc->cdtext, first, 16);
    for (size_t i = 0; i < 2; i++) { /* the remainder of a pack with its CRC inverted back is zero */
        unsigned crc = 0;
        const uint8_t *p = disc->cdtext + i * 18;
        for (unsigned bit = 0; bit < 144; bit++) {
            unsigned byte = bit < 128 ? p[bit / 8] : (uint8_t)~p[bit / 8];
            crc = (crc << 1 | (byte >> (7 - bit % 8) & 1)) & 0x1FFFF;
            crc = crc & 0x10000 ? (crc ^ 0x11021) & 0xFFFF : crc;
        }
        assert_int_equal(crc, 0);
    }
    expect_no_remarks(m);
    exh_medium_close(m);
    put_text(); /* CDTextLength=0 */
    m = open_image("x.ccd");
    expect_remark(m, "toc-count", EXH_WARNS, "CDTextLength is 0, 2 packs have 36 bytes");
    exh_medium_close(m);
    put_changed("Entries=2", "Entries=3");
    m = open_image("x.ccd");
    expect_remark(m, "toc-count", EXH_FAILS, "the number of CD-TEXT entries says 3, there are 2");
    exh_medium_close(m);
    put_changed("Entry 1=800101004748494A4B00000000000000", "Entry 1=8001");
    expect_refused("x.ccd", EXH_CORRUPT, "line 12: a CD-TEXT entry is 16 bytes in hex");
    put_changed("Entry 1=80", "Entry 1=80 80");
    expect_refused("x.ccd", EXH_CORRUPT, "line 12: a CD-TEXT entry of more than 16 bytes");
    put_changed("Entry 1=80", "Entry 2=80");
    expect_refused("x.ccd", EXH_CORRUPT, "line 12: the CD-TEXT entries are not numbered");
}

static void contradictions(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *check;
        enum exh_outcome outcome;
        const char *text;
    } cases[] = {
        {"TocEntries=6", "TocEntries=7", "toc-count", EXH_FAILS, "line 4: TocEntries says 7, there are 6"},
        {"Sessions=1", "Sessions=2", "toc-count", EXH_FAILS, "line 5: Sessions says 2, there are 1"},
        {"Version=3", "Version=9", "version", EXH_WARNS, "not of version 2 or 3"},
        {"PMin=1\r\nPSec=0", "PMin=2\r\nPSec=0", "toc-entry", EXH_WARNS, "the first track of session 1 is said to be 2, and is 1"},
        {"PMin=3\r\nPSec=0", "PMin=4\r\nPSec=0", "toc-entry", EXH_WARNS, "the last track of session 1 is said to be 4, and is 3"},
        {"PSec=2\r\nPFrame=30", "PSec=2\r\nPFrame=31", "toc-entry", EXH_FAILS, "has PLBA 30, but 00:02:31 is LBA 31"},
        {"Point=0xa1\r\nADR=0x01", "Point=0xa1\r\nADR=0x02", "toc-entry", EXH_WARNS, "ADR 2, which places nothing"},
        {"INDEX 1=60", "INDEX 1=61", "track-index", EXH_FAILS, "INDEX 1 of track 3 is 61, its TOC entry says LBA 60"},
        {"INDEX 2=40", "INDEX 2=30", "track-index", EXH_FAILS, "INDEX 2 of track 2 lies out of order"},
        {"INDEX 3=55", "INDEX 3=60", "track-index", EXH_FAILS, "INDEX 3 of track 2 lies out of order or out of the track"},
    };
    one_session();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_changed(cases[i].from, cases[i].to);
        struct exh_medium *m = open_image("x.ccd");
        expect_remark(m, cases[i].check, cases[i].outcome, cases[i].text);
        assert_int_equal(remarks(m, NULL, EXH_FAILS) + remarks(m, NULL, EXH_WARNS), 1);
        assert_int_equal(m->layout->tracks[1].first, 20);
        exh_medium_close(m);
    }
}

static void damage_is_named_by_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        enum exh_code code;
        const char *text;
    } cases[] = {
        {"DataTracksScrambled=0", "DataTracksScrambled=1", EXH_UNSUPPORTED, "line 6: the data tracks are stored scrambled"},
        {"Version=3", "Version 3", EXH_CORRUPT, "line 2: neither a [section] nor key=value"},
        {"TocEntries=6", "TocEntries=six", EXH_CORRUPT, "line 4: the value of TocEntries is no number"},
        {"TocEntries=6", "TocEntries=", EXH_CORRUPT, "line 4: the value of TocEntries is no number"},
        {"TocEntries=6", "TocEntries=-1", EXH_CORRUPT, "line 4: TocEntries is -1"},
        {"TocEntries=6", "TocEntries=99999999999999999999", EXH_CORRUPT, "line 4: the value of TocEntries is no number"},
        {"TocEntries=6", "TocEntries=6\r\nTocEntries=6", EXH_CORRUPT, "line 5: TocEntries is there a second time"},
        {"[Session 1]", "[Session 0]", EXH_CORRUPT, "line 9: a disc has sessions 1 to 99"},
        {"[Session 1]", "[Session 100]", EXH_CORRUPT, "line 9: a disc has sessions 1 to 99"},
        {"[Session 1]", "[Session 1]\r\n[Session 1]", EXH_CORRUPT, "line 10: this section is there a second time, first in line 9"},
        {"[Entry 1]", "[Entry 0]", EXH_CORRUPT, "[Entry 0] is there a second time"},
        {"[Entry 1]", "[Entry 4096]", EXH_CORRUPT, "an [Entry] beyond 4095"},
        {"Point=0x02", "Point=0x102", EXH_CORRUPT, "Point is 258, which is not within 0 to 255"},
        {"Point=0x02", "Point=0x01", EXH_CORRUPT, "track 1 has a second entry"},
        {"Point=0x02\r\n", "", EXH_CORRUPT, "[Entry 4] says no Point"},
        {"Session=1\r\nPoint=0x02", "Session=0\r\nPoint=0x02", EXH_CORRUPT, "[Entry 4] says no Session from 1 to 99"},
        {"Session=1\r\nPoint=0x02", "Session=100\r\nPoint=0x02", EXH_CORRUPT, "Session is 100, which is not within 0 to 99"},
        {"Session=1\r\nPoint=0x02", "Session=2\r\nPoint=0x02", EXH_CORRUPT, "session 2 has tracks, but no lead-out"},
        {"Point=0x02\r\nADR=0x01", "Point=0x02\r\nADR=0x10", EXH_CORRUPT, "ADR is 16"},
        {"Point=0xa2", "Point=0xa3", EXH_CORRUPT, "session 1 has tracks, but no lead-out (POINT 0xA2)"},
        {"Point=0xa1", "Point=0xa2", EXH_CORRUPT, "session 1 has a second lead-out"},
        {"PLBA=30", "PLBA=765001", EXH_CORRUPT, "[Entry 4] points to LBA 765001, which no disc has"},
        {"PLBA=30", "PLBA=-151", EXH_CORRUPT, "[Entry 4] points to LBA -151, which no disc has"},
        {"PLBA=30", "PLBA=4294967326", EXH_CORRUPT, "the value of PLBA is no number"},
        {"PLBA=30", "PLBA=61", EXH_CORRUPT, "track 3 begins at LBA 60, track 2 before it at 61"},
        {"PLBA=75", "PLBA=60", EXH_CORRUPT, "track 3 begins at LBA 60, behind the lead-out at 60"},
        {"PLBA=75", "PLBA=0", EXH_CORRUPT, "track 1 begins at LBA 0, the lead-out of its session at 0"},
        {"PSec=2\r\nPFrame=30\r\nPLBA=30", "PSec=2", EXH_CORRUPT, "[Entry 4] says no place"},
        {"INDEX 0=20", "INDEX 0=31", EXH_CORRUPT, "INDEX 0 of track 2 lies behind its INDEX 1"},
        {"INDEX 0=20", "INDEX 0=0", EXH_CORRUPT, "the pregap of track 2, 30 sectors, leaves nothing of track 1"},
        {"INDEX 0=20", "INDEX 100=20", EXH_CORRUPT, "an INDEX above 99"},
        {"INDEX 0=20", "INDEX 1=20", EXH_CORRUPT, "INDEX 1 is there a second time"},
        {"INDEX 0=20", "INDEX 0=765001", EXH_CORRUPT, "which is not within -150 to 765000"},
        {"FLAGS= DCP", "FLAGS= DCQ", EXH_CORRUPT, "a flag that is none of"},
        {"[TRACK 2]", "[TRACK 100]", EXH_CORRUPT, "a disc has tracks 1 to 99"},
        {"[TRACK 2]", "[TRACK 0]", EXH_CORRUPT, "a disc has tracks 1 to 99"},
        {"MODE=1", "MODE=256", EXH_CORRUPT, "MODE is 256"},
    };
    one_session();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_changed(cases[i].from, cases[i].to);
        expect_refused("x.ccd", cases[i].code, cases[i].text);
        assert_true(strncmp(err.text, "line ", 5) == 0);
        size_t length;
        uint8_t *written = get(in_folder("x.ccd"), &length);
        assert_true(err.at > 0 && err.at < length);
        assert_int_equal(written[err.at - 1], '\n'); /* a line begins there */
        free(written);
    }
    put("x.ccd", "[CloneCD]\0\n", 11);
    expect_refused("x.ccd", EXH_CORRUPT, "line 1");
    put("x.ccd", "[CloneCD]\nVersion=3\n", 20);
    expect_refused("x.ccd", EXH_CORRUPT, "line 2: the descriptor ends, and no [Entry] has had a track");
    assert_int_equal(err.at, 10);
    put("x.ccd", "Version=3\n", 10);
    expect_refused("x.ccd", EXH_CORRUPT, "the name says ccd");
}

/* ---- the other files ---- */

static void files_that_are_not_there(void **state)
{
    (void)state;
    one_session();
    assert_int_equal(unlink(in_folder("x.sub")), 0);
    struct exh_medium *m = open_image("x.ccd");
    assert_int_equal(m->layout->tracks[0].sub_bytes, 0);
    assert_string_equal(fact(m, "subchannel"), "none: there is no .sub");
    expect_no_remarks(m);
    exh_medium_close(m);
    put("x.sub", "", 0);
    m = open_image("x.ccd");
    assert_int_equal(m->layout->tracks[0].sub_bytes, 0);
    assert_string_equal(fact(m, "subchannel"), "none: the .sub is empty");
    expect_no_remarks(m);
    exh_medium_close(m);
    put("x.sub", subs, 75 * 96);
    assert_int_equal(rename(in_folder("x.img"), in_folder("X.IMG")), 0);
    m = open_image("x.ccd");
    expect_stored(m, 1, 20);
    expect_no_remarks(m);
    exh_medium_close(m);
    assert_int_equal(unlink(in_folder("X.IMG")), 0);
    expect_refused("x.ccd", EXH_NOT_FOUND, "x.img");
    assert_int_equal(symlink("/etc/passwd", in_folder("x.img")), 0);
    expect_refused("x.ccd", EXH_NOT_FOUND, "symbolic link");
}

static void sizes_that_do_not_fit(void **state)
{
    (void)state;
    one_session();
    put("x.sub", subs, 75 * 96 - 1);
    struct exh_medium *m = open_image("x.ccd");
    expect_remark(m, "subchannel-size", EXH_FAILS, "the .sub has 74 sectors and 95 bytes, the .img 75 sectors");
    exh_medium_close(m);
    put("x.sub", subs, 76 * 96);
    m = open_image("x.ccd");
    expect_remark(m, "subchannel-size", EXH_WARNS, "the .sub has 76 sectors and 0 bytes");
    exh_medium_close(m);
    put("x.sub", subs, 75 * 96);
    put("x.img", img, 74 * 2352 + 10);
    m = open_image("x.ccd");
    expect_remark(m, "data-file", EXH_FAILS, "of track 3 it holds 14 of 15 sectors, LBA 74 is not there");
    expect_remark(m, "image-size", EXH_WARNS, "ends in 10 bytes");
    struct track_bytes b = read_track(m, 2);
    assert_int_equal(b.bad, 1);
    assert_int_equal(b.state[13], EXH_GOOD);
    assert_int_equal(b.state[14], EXH_MISSING);
    track_bytes_close(&b);
    exh_medium_close(m);
    put("x.img", img, 80 * 2352);
    m = open_image("x.ccd");
    expect_remark(m, "image-size", EXH_WARNS, "the .img has 80 sectors, the TOC entries only 75");
    assert_int_equal(remarks(m, "data-file", EXH_FAILS), 0);
    exh_medium_close(m);
    put("x.img", "", 0);
    m = open_image("x.ccd");
    assert_int_equal(remarks(m, "data-file", EXH_FAILS), 3);
    assert_int_equal(m->layout->tracks[0].kind, EXH_TRACK_MODE1); /* as the descriptor says: there is nothing else */
    exh_medium_close(m);
}

/* ---- Q ---- */

static void pregap_from_q(void **state)
{
    (void)state;
    one_session();
    put_changed("INDEX 0=20\r\n", "");
    struct exh_medium *m = open_image("x.ccd");
    expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 2, 20, 40, 10, 10);
    assert_string_equal(fact(m, "pregap"), "track 2: 10 sectors, as Q in the .sub says");
    expect_no_remarks(m);
    exh_medium_close(m);
    for (size_t lba = 22; lba < 25; lba++) /* Q that cannot be used is passed over, */
        subs[lba * 96 + 14] ^= 1;
    subs[20 * 96 + 14] ^= 1; /* but begins no pregap */
    put("x.sub", subs, stored * 96);
    m = open_image("x.ccd");
    expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 2, 21, 39, 9, 9);
    exh_medium_close(m);
    assert_int_equal(unlink(in_folder("x.sub")), 0);
    m = open_image("x.ccd");
    expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 2, 30, 30, 0, 0);
    assert_null(fact(m, "pregap"));
    exh_medium_close(m);
}

/* The subchannel of the sector before: a whole .sub one sector late. */
static void q_that_is_one_sector_late(void **state)
{
    (void)state;
    one_session();
    memmove(subs + 96, subs, 74 * 96);
    put("x.sub", subs, stored * 96);
    struct exh_medium *m = open_image("x.ccd");
    expect_remark(m, "subchannel-position", EXH_FAILS, "at LBA 30, track 2, Q says LBA 29, track 2 (so in 2 of 3 tracks)");
    exh_medium_close(m);
}

/* ---- hostile ---- */

static void nothing_crashes(void **state)
{
    (void)state;
    two_sessions();
    size_t length = strlen(text);
    char *cut = malloc(length);
    for (size_t n = 0; n < length; n++) { /* cut everywhere, at the end of what is allocated */
        cut = realloc(cut, n > 0 ? n : 1);
        assert_non_null(cut);
        memcpy(cut, text, n);
        (void)opens_from_memory(&exh_format_ccd, "x.ccd", cut, n);
    }
    free(cut);
    for (size_t n = 0; n < length; n++) { /* and every byte another one */
        char was = text[n];
        const char others[] = {'9', '=', '\n', '\0', (char)0xFF, '-', ']'};
        for (size_t i = 0; i < sizeof others; i++) {
            text[n] = others[i];
            (void)opens_from_memory(&exh_format_ccd, "x.ccd", text, length);
        }
        text[n] = was;
    }
    assert_true(opens_from_memory(&exh_format_ccd, "x.ccd", text, length));
}

static void too_much(void **state)
{
    (void)state;
    size_t length = EXH_CCD_TEXT_MAX + 1;
    char *big = malloc(length);
    assert_non_null(big);
    memset(big, '\n', length);
    memcpy(big, "[CloneCD]", 9);
    put("x.ccd", big, length);
    expect_refused("x.ccd", EXH_LIMIT, "1048577 bytes");
    put("x.ccd", big, length - 1);
    expect_refused("x.ccd", EXH_CORRUPT, "no [Entry] has had a track");
    memset(big + 9, 'a', length - 9); /* one line that never ends */
    put("x.ccd", big, length - 1);
    expect_refused("x.ccd", EXH_CORRUPT, "line 1");
    memset(big + 9, '[', length - 9); /* and brackets in brackets */
    big[9] = '\n';
    big[length - 2] = ']';
    put("x.ccd", big, length - 1);
    expect_refused("x.ccd", EXH_CORRUPT, "line 2: a section name that is too long");
    size_t at = 10;
    for (unsigned n = 0; n < 5000; n++)
        at += (size_t)snprintf(big + at, length - at, "[Entry %u]\nSession=%u\nPoint=%u\nPLBA=0\nADR=5\n", n, n % 99 + 1, n % 256);
    put("x.ccd", big, at);
    expect_refused("x.ccd", EXH_CORRUPT, "an [Entry] beyond 4095");
    free(big);
}

static void ninety_nine_tracks(void **state)
{
    (void)state;
    head(102, 1, 0);
    first_last(0, 1, 1, 99);
    entry(2, 1, 0xA2, 1, 0, 396);
    stored = 0;
    for (unsigned n = 1; n <= 99; n++)
        entry(2 + n, 1, n, 1, 0, ((int64_t)n - 1) * 4);
    for (int64_t lba = 0; lba < 396; lba++)
        store(-1, lba, 0, (unsigned)(lba / 4 + 1), 1, lba % 4);
    put_text();
    put_files();
    struct exh_medium *m = open_image("x.ccd");
    assert_int_equal(m->layout->track_count, 99);
    expect_stored(m, 98, 392);
    expect_no_remarks(m);
    exh_medium_close(m);
}

/* ---- the shared samples ---- */

static void samples(void **state)
{
    (void)state;
    const char *path = sample("d.ccd");
    if (path == NULL)
        skip();
    struct exh_medium *m = try_path(path);
    assert_non_null(m);
    expect_track(m, 0, 1, 1, EXH_TRACK_MODE1, 4, 0, 64, 0, 0);
    expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 0, 64, 56, 32, 32);
    expect_track(m, 2, 3, 1, EXH_TRACK_AUDIO, 2, 120, 16, 0, 0);
    assert_string_equal(m->layout->tracks[1].isrc, "USABC0312345");
    assert_string_equal(m->layout->disc->mcn, "1234567890128");
    assert_int_equal(track_crc(m, 0, true), 0x95ac6735);
    assert_int_equal(track_crc(m, 0, false), 0xba3595f1);
    assert_int_equal(track_crc(m, 1, false), 0x751963c9);
    assert_int_equal(track_crc(m, 2, false), 0x9f969db1);
    struct track_bytes b = read_track(m, 1);
    assert_int_equal(crc32_of(b.main, (size_t)b.main_bytes), 0x084994cf);
    track_bytes_close(&b);
    expect_no_remarks(m);
    exh_medium_close(m);

    m = try_path(sample("m1.ccd"));
    assert_non_null(m);
    expect_track(m, 0, 1, 1, EXH_TRACK_MODE1, 4, 0, 64, 0, 0);
    expect_track(m, 1, 2, 2, EXH_TRACK_MODE1, 4, 11464, 64, 0, 0);
    assert_int_equal(track_crc(m, 0, true), 0x95ac6735);
    assert_int_equal(track_crc(m, 1, true), 0x072768b3);
    expect_no_remarks(m);
    exh_medium_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(three_tracks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_sessions_without_a_gap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stored_pregaps_at_the_beginning, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hidden_track, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_ways_to_write_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sectors_decide_the_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(flags_and_codes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cdtext_gets_its_checksums, set_up, tear_down),
        cmocka_unit_test_setup_teardown(contradictions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_named_by_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_that_are_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_that_do_not_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pregap_from_q, set_up, tear_down),
        cmocka_unit_test_setup_teardown(q_that_is_one_sector_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_crashes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_much, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ninety_nine_tracks, set_up, tear_down),
        cmocka_unit_test(samples),
    };
    return cmocka_run_group_tests_name("ccd", tests, NULL, NULL);
}
