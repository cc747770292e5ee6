/* Cue sheets: what is accepted, what refused and at which line; and where the tracks of a sheet lie, byte for byte. */
#include "tests/unit/cue_lab.h"

#include "formats/container/siblings.h"
#include "formats/optical/cue_parse.h"

#define ONE "FILE \"a.bin\" BINARY\n"
#define T1 "TRACK 01 AUDIO\nINDEX 01 00:00:00\n"

/* ---- grammar ---- */

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *sheet;
        enum exh_code code;
        const char *text;
    } list[] = {
        {"", EXH_CORRUPT, "no TRACK"},
        {ONE, EXH_CORRUPT, "no TRACK"},
        {ONE "TRACK 01 AUDIO\n", EXH_CORRUPT, "line 2: track 1 has no INDEX 01"},
        {ONE "TRACK 01 AUDIO\nINDEX 00 00:00:00\n", EXH_CORRUPT, "line 2: track 1 has no INDEX 01"},
        {ONE "TRACK 00 AUDIO\n", EXH_CORRUPT, "line 2: TRACK 00"},
        {ONE "TRACK 100 AUDIO\n", EXH_CORRUPT, "line 2: TRACK 100"},
        {ONE "TRACK 99999999999999999999 AUDIO\n", EXH_CORRUPT, "line 2: '99999999999999999999' is no track number"},
        {ONE "TRACK -1 AUDIO\n", EXH_CORRUPT, "is no track number"},
        {ONE T1 "TRACK 01 AUDIO\nINDEX 01 00:00:01\n", EXH_CORRUPT, "line 4: track 1 follows track 1"},
        {ONE "TRACK 02 AUDIO\nINDEX 01 00:00:00\nTRACK 01 AUDIO\n", EXH_CORRUPT, "line 4: track 1 follows track 2"},
        {ONE "TRACK 01\n", EXH_CORRUPT, "line 2: TRACK needs"},
        {ONE "TRACK 01 MODE1/2353\n", EXH_UNSUPPORTED, "line 2: 'MODE1/2353' is no track mode"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 00:60:00\n", EXH_CORRUPT, "line 3: INDEX 01 needs a time"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 00:00:75\n", EXH_CORRUPT, "line 3: INDEX 01 needs a time"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 00:00\n", EXH_CORRUPT, "line 3: INDEX 01 needs a time"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 00:00:00x\n", EXH_CORRUPT, "line 3: INDEX 01 needs a time"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 -1:00:00\n", EXH_CORRUPT, "line 3: INDEX 01 needs a time"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 00000:00:00\n", EXH_CORRUPT, "line 3: INDEX 01 needs a time"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 171:00:00\n", EXH_LIMIT, "line 3: INDEX 01 lies beyond minute 170"},
        {ONE "TRACK 01 AUDIO\nINDEX 100 00:00:00\n", EXH_CORRUPT, "line 3: INDEX needs a number"},
        {ONE "TRACK 01 AUDIO\nINDEX 02 00:00:00\n", EXH_CORRUPT, "line 3: the first INDEX"},
        {ONE T1 "INDEX 00 00:00:01\n", EXH_CORRUPT, "line 4: INDEX 0 of track 1 follows INDEX 1"},
        {ONE T1 "INDEX 01 00:00:01\n", EXH_CORRUPT, "line 4: INDEX 1 of track 1 follows INDEX 1"},
        {ONE T1 "INDEX 03 00:00:01\n", EXH_CORRUPT, "line 4: INDEX 3 of track 1 follows INDEX 1"},
        {ONE "TRACK 01 AUDIO\nINDEX 00 00:00:02\nINDEX 01 00:00:01\n", EXH_CORRUPT, "line 4: INDEX 1 of track 1 lies before"},
        {ONE "TRACK 01 AUDIO\nINDEX 01 00:00:02\nTRACK 02 AUDIO\nINDEX 01 00:00:01\n", EXH_CORRUPT, "line 5: INDEX 1 of track 2 lies before"},
        {ONE T1 "TRACK 02 AUDIO\nINDEX 01 00:00:00\n", EXH_CORRUPT, "line 5: track 2 begins where track 1 does"},
        {ONE "INDEX 01 00:00:00\n", EXH_CORRUPT, "line 2: INDEX before any TRACK"},
        {T1, EXH_CORRUPT, "line 2: INDEX before any FILE"},
        {ONE "PREGAP 00:00:01\n", EXH_CORRUPT, "line 2: PREGAP before any TRACK"},
        {ONE "POSTGAP 00:00:01\n", EXH_CORRUPT, "line 2: POSTGAP before any TRACK"},
        {ONE T1 "PREGAP 00:00:01\n", EXH_CORRUPT, "line 4: PREGAP behind INDEX 01"},
        {ONE "TRACK 01 AUDIO\nPREGAP 00:00:01\nPREGAP 00:00:01\n", EXH_CORRUPT, "line 4: a second PREGAP in track 1, after line 3"},
        {ONE T1 "POSTGAP 00:00:01\nPOSTGAP 00:00:01\n", EXH_CORRUPT, "line 5: a second POSTGAP"},
        {ONE "TRACK 01 AUDIO\nPREGAP 200:00:00\nINDEX 01 00:00:00\n", EXH_LIMIT, "line 3: PREGAP of more than"},
        {ONE "TRACK 01 AUDIO\nPREGAP 169:00:00\nINDEX 01 00:00:00\nPOSTGAP 169:00:00\nTRACK 02 AUDIO\nINDEX 01 00:00:01\n", EXH_LIMIT,
         "line 6: track 2 would begin at LBA"},
        {"FILE a.bin\n" T1, EXH_CORRUPT, "line 1: FILE needs a name and a type"},
        {"FILE\n" T1, EXH_CORRUPT, "line 1: FILE needs a name and a type"},
        {"FILE \"a.bin\"\n" T1, EXH_CORRUPT, "line 1: FILE needs"},
        {"FILE \"\" BINARY\n" T1, EXH_CORRUPT, "line 1: FILE with a name of 0 bytes"},
        {"FILE \"a.bin BINARY\n" T1, EXH_CORRUPT, "line 1: the name of a FILE has no closing"},
        {"FILE \"a.bin\" PCM\n" T1, EXH_UNSUPPORTED, "line 1: 'PCM' is no type"},
        {"FILE \"a.mp3\" MP3\n" T1, EXH_UNSUPPORTED, "line 1: a FILE of type MP3"},
        {"FILE \"a.flac\" flac\n" T1, EXH_UNSUPPORTED, "line 1: a FILE of type FLAC"},
        {"FILE \"a.ogg\" OGG\n" T1, EXH_UNSUPPORTED, "line 1: a FILE of type OGG"},
        {"FILE \"a.wav\" WAVE\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\n", EXH_CORRUPT, "line 3: track 1 holds data, and its FILE is audio"},
        {"FILE \"a.wav\" WAVE\nTRACK 01 CDG\nINDEX 01 00:00:00\n", EXH_CORRUPT, "line 3: track 1 has a subchannel"},
        {"CATALOG\n" ONE T1, EXH_CORRUPT, "line 1: CATALOG without"},
        {"CATALOG 123456789012\n" ONE T1, EXH_CORRUPT, "line 1: CATALOG '123456789012'"},
        {"CATALOG 12345678901234\n" ONE T1, EXH_CORRUPT, "line 1: CATALOG"},
        {"CATALOG 1234567890123\nCATALOG 1234567890124\n" ONE T1, EXH_CORRUPT, "line 2: a second CATALOG"},
        {ONE "TRACK 01 AUDIO\nISRC USABC0312345\nISRC USABC0312346\nINDEX 01 00:00:00\n", EXH_CORRUPT, "line 4: a second ISRC of track 1"},
        {"REM SESSION 0\n" ONE T1, EXH_CORRUPT, "line 1: REM SESSION 0"},
        {"REM SESSION 100\n" ONE T1, EXH_CORRUPT, "line 1: REM SESSION 100"},
        {"REM SESSION 02\n" ONE T1 "REM SESSION 01\n", EXH_CORRUPT, "line 5: session 1 follows session 2"},
        {ONE T1 "TRACK 02 MODEx/2xxx\nINDEX 01 00:00:01\n", EXH_UNSUPPORTED, "line 5: INDEX 01 of a data track whose form is not told"},
        {ONE T1 "TRACK 02 MODEx/2xxx\nINDEX 00 00:00:01\nTRACK 03 AUDIO\n", EXH_UNSUPPORTED, "line 6: a TRACK behind one"},
        {"\xFF\xFE\x46\x01", EXH_UNSUPPORTED, "UTF-16"},
        {"FILE \"b.bin\" BINARY\n" T1, EXH_NOT_FOUND, "line 1: FILE: 'b.bin'"},
        {"FILE \"..\\a.bin\" BINARY\n" T1, EXH_UNSUPPORTED, "line 1: FILE: '..\\a.bin' leads out"},
        {"REM\nFILE \"x/../../a.bin\" BINARY\n" T1, EXH_UNSUPPORTED, "line 2: FILE: 'x/../../a.bin' leads out"},
        {"FILE \"x/\" BINARY\n" T1, EXH_UNSUPPORTED, "line 1: FILE: 'x/' names no file"},
    };
    make_file("a.bin", 1, 2352 * 100);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        expect_refused(list[i].sheet, list[i].code, list[i].text);
}

static void errors_say_where(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352);
    expect_refused(ONE "TRACK 01 AUDIO\r\n  INDEX 01 00:00:00\r\n  INDEX 01 00:00:00\r\n", EXH_CORRUPT, "line 4: ");
    assert_int_equal(err.at, strlen(ONE "TRACK 01 AUDIO\r\n  INDEX 01 00:00:00\r\n"));
    assert_non_null(strstr(err.file, "disc.cue"));
    expect_refused("REM x\nFILE \"b.bin\" BINARY\n" T1, EXH_NOT_FOUND, "line 2: FILE: 'b.bin'");
    assert_int_equal(err.at, 6);
    assert_non_null(strstr(err.file, "disc.cue"));
}

/* Odd, and understood all the same: the one disc of 100 sectors, with so many warnings. */
static void what_is_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *sheet;
        unsigned odd;
    } list[] = {
        {ONE T1, 0},
        {"\xEF\xBB\xBF" ONE T1, 0},
        {"\r\n\r\n" ONE "\r\nTRACK 01 AUDIO\r\n\r\nINDEX 01 00:00:00", 0},
        {"FILE \"a.bin\" BINARY\rTRACK 01 AUDIO\rINDEX 01 00:00:00\r", 0},
        {ONE T1 "\x1A", 0},
        {"file \"a.bin\" binary\ntrack 1 audio\nindex 1 0:0:0\n", 0},
        {"\t FILE\ta.bin\tBINARY \nTRACK  01  AUDIO  \n   INDEX 01   000: 00 :00  \n", 0},
        {"; a comment\nREM \"quoted\nREM\n" ONE "TRACK 01 AUDIO\n; between\nREM too\nINDEX 01 00:00:00 ; behind\n", 0},
        {"FILE A.BIN BINARY\n" T1, 1},
        {"FILE \"C:\\Images\\a.bin\" BINARY\n" T1, 1},
        {"FILE \"/no/such/folder/a.bin\" BINARY\n" T1, 1},
        {"FILE \"./a.bin\" BINARY\n" T1, 1},
        {ONE T1 "INDX 02 00:00:01\n", 1},
        {ONE T1 "\"\n", 1},
        {"FLAGS DCP\n" ONE T1, 1},
        {"ISRC USABC0312345\n" ONE T1, 1},
        {ONE T1 "ISRC USABC0312345\n", 1},
        {ONE T1 "FLAGS DCP\n", 1},
        {ONE "TRACK 01 AUDIO\nFLAGS DCP X\nINDEX 01 00:00:00\n", 1},
        {ONE "TRACK 01 AUDIO\nISRC USABC031234X\nINDEX 01 00:00:00\n", 1},
        {ONE "TRACK 01 AUDIO\nISRC \"us-abc-03-12345\"\nINDEX 01 00:00:00\n", 0},
        {"CATALOG \"1234567890123\"\nCATALOG 1234567890123\n" ONE T1, 0},
        {ONE "CATALOG 1234567890123\n" T1, 1},
        {ONE "TRACK 01 AUDIO\nINDEX 00 00:00:00\nINDEX 01 00:00:00\n", 0},
        {"REM SESSION x\n" ONE T1, 1},
        {"REM LEAD-OUT soon\n" ONE T1, 1},
        {"CDTEXTFILE \"none.cdt\"\n" ONE T1, 1},
        {ONE T1 "FILE \"unused.bin\" BINARY\n", 1},
        {ONE T1 "TRACK 02 MODEx/2xxx\nTITLE \"Data Track\"\nINDEX 00 00:00:50\n", 1},
    };
    make_file("a.bin", 1, 2352 * 100);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct exh_medium *m = open_sheet(list[i].sheet);
        if (remarks(m, EXH_WARNS, "") != list[i].odd || remarks(m, EXH_FAILS, "") != 0)
            fail_msg("%u warnings, %u failures:\n%s", remarks(m, EXH_WARNS, ""), remarks(m, EXH_FAILS, ""), list[i].sheet);
        assert_int_equal(m->layout->track_count, 1);
        expect_track(m, 1, 1, "AUDIO", 0, 100, 0, 0, 0);
        expect_sectors(m, 1, 0, 100, 1, 0, 2352);
        exh_medium_close(m);
    }
}

static void what_a_track_says_of_itself(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 100);
    struct exh_medium *m = open_sheet("CATALOG 1234567890123\n" ONE "TRACK 04 AUDIO\nFLAGS DCP 4CH PRE SCMS\nISRC usabc0312345\nINDEX 01 00:00:00\n"
                                      "TRACK 05 MODE1/2352\nFLAGS DCP\nINDEX 01 00:00:10\nTRACK 06 AUDIO\nINDEX 01 00:00:20\nINDEX 02 00:00:30\n"
                                      "INDEX 03 00:00:30\nINDEX 04 00:01:00\n");
    expect_clean(m);
    assert_int_equal(m->layout->track_count, 3);
    expect_track(m, 4, 1, "AUDIO", 0, 10, 0, 0, 0);
    expect_track(m, 5, 1, "MODE1/2352", 10, 10, 0, 0, 0);
    expect_track(m, 6, 1, "AUDIO", 20, 80, 0, 0, 0);
    assert_int_equal(m->layout->tracks[0].control, EXH_CONTROL_PRE_EMPHASIS | EXH_CONTROL_COPY | EXH_CONTROL_FOUR_CHANNEL);
    assert_int_equal(m->layout->tracks[1].control, EXH_CONTROL_COPY | EXH_CONTROL_DATA);
    assert_string_equal(m->layout->tracks[0].isrc, "USABC0312345");
    const struct exh_disc *disc = m->layout->disc;
    assert_string_equal(disc->mcn, "1234567890123");
    assert_string_equal(disc->medium, "CD");
    assert_int_equal(disc->index_count, 3);
    assert_int_equal(disc->indexes[0].lba, 30);
    assert_int_equal(disc->indexes[1].lba, 30);
    assert_int_equal(disc->indexes[2].lba, 75);
    assert_int_equal(disc->indexes[2].number, 4);
    assert_int_equal(disc->session_count, 1);
    assert_int_equal(disc->sessions[0].lead_out, 100);
    assert_int_equal(disc->sessions[0].disc_type, -1);
    expect_sectors(m, 6, 20, 80, 1, 20 * 2352, 2352);
    exh_medium_close(m);
}

/* ---- places ---- */

static void gaps_in_no_file(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 100);
    struct exh_medium *m = open_sheet(ONE "TRACK 01 AUDIO\nPREGAP 00:01:00\nINDEX 01 00:00:00\nPOSTGAP 00:00:05\nTRACK 02 AUDIO\nPREGAP 00:00:07\n"
                                          "INDEX 00 00:00:40\nINDEX 01 00:00:50\nTRACK 03 AUDIO\nINDEX 01 00:01:05\nPOSTGAP 00:02:00\n");
    expect_track(m, 1, 1, "AUDIO", 75, 40, 0, 75, 5);
    expect_track(m, 2, 1, "AUDIO", 127, 40, 10, 17, 0); /* 75 + 40 + 5 + 7 */
    expect_track(m, 3, 1, "AUDIO", 167, 20, 0, 0, 150);
    assert_int_equal(m->layout->disc->sessions[0].lead_out, 337);
    expect_sectors(m, 2, 127, 40, 1, 40 * 2352, 2352);
    exh_medium_close(m);
    m = open_sheet(ONE "TRACK 01 MODE1/2352\nPREGAP 00:02:00\nINDEX 01 00:00:00\n"); /* said, because it may have been meant otherwise */
    expect_track(m, 1, 1, "MODE1/2352", 150, 100, 0, 150, 0);
    assert_int_equal(remarks(m, EXH_WARNS, "line 3: a PREGAP of 00:02:00 in the first track"), 1);
    exh_medium_close(m);
}

static void hidden_track(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 100);
    static const char *const sheets[] = {ONE "TRACK 01 AUDIO\nINDEX 01 00:00:60\n", ONE "TRACK 01 AUDIO\nINDEX 00 00:00:00\nINDEX 01 00:00:60\n"};
    for (size_t i = 0; i < 2; i++) {
        struct exh_medium *m = open_sheet(sheets[i]);
        expect_clean(m);
        expect_track(m, 1, 1, "AUDIO", 0, 100, 60, 60, 0);
        expect_sectors(m, 1, 0, 100, 1, 0, 2352);
        exh_medium_close(m);
    }
}

/* A file per track, and the gap at the end of the file before: in the track's own file, in the one before, or partly in each. */
static void index_in_the_file_before(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 50);
    make_file("b.bin", 2, 2352 * 30);
    struct exh_medium *m = open_sheet(ONE T1 "FILE b.bin BINARY\nTRACK 02 AUDIO\nINDEX 00 00:00:00\nINDEX 01 00:00:10\n");
    expect_clean(m);
    expect_track(m, 1, 1, "AUDIO", 0, 50, 0, 0, 0);
    expect_track(m, 2, 1, "AUDIO", 50, 30, 10, 10, 0);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "TRACK 02 AUDIO\nINDEX 00 00:00:45\nFILE b.bin BINARY\nINDEX 01 00:00:00\n");
    expect_clean(m);
    expect_track(m, 1, 1, "AUDIO", 0, 45, 0, 0, 0);
    expect_track(m, 2, 1, "AUDIO", 45, 35, 5, 5, 0);
    expect_sectors(m, 2, 45, 5, 1, 45 * 2352, 2352);
    expect_sectors(m, 2, 50, 30, 2, 0, 2352);
    struct sectors s; /* one read over both files */
    read_sectors(m, &m->layout->tracks[1], 48, 4, &s);
    assert_int_equal(s.block.main[0], byte_of(1, 48 * 2352));
    assert_int_equal(s.block.main[2 * 2352], byte_of(2, 0));
    sectors_close(&s);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "TRACK 02 AUDIO\nINDEX 00 00:00:45\nFILE b.bin BINARY\nINDEX 01 00:00:03\n");
    expect_track(m, 2, 1, "AUDIO", 45, 35, 8, 8, 0);
    assert_int_equal(remarks(m, EXH_WARNS, "line 7: the 3 sectors before it in the file are taken as track 2's"), 1);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "TRACK 02 AUDIO\nINDEX 00 00:00:50\nFILE b.bin BINARY\nINDEX 01 00:00:00\n"); /* nothing of it in the file before */
    expect_clean(m);
    expect_track(m, 2, 1, "AUDIO", 50, 30, 0, 0, 0);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "TRACK 02 AUDIO\nINDEX 00 00:01:00\nFILE b.bin BINARY\nINDEX 01 00:00:00\n"); /* beyond the end of it */
    assert_int_equal(remarks(m, EXH_FAILS, "line 5: INDEX 00 of track 2 lies at byte 176400 of a file that ends at byte 117600"), 1);
    expect_track(m, 1, 1, "AUDIO", 0, 75, 0, 0, 0);
    exh_medium_close(m);
}

/* Sectors of three sizes in one file: the time counts sectors, the byte is found by walking. */
static void mixed_sizes(void **state)
{
    (void)state;
    make_file("a.bin", 1, 20 * 2048 + 30 * 2336 + 40 * 2352 + 5 * 2324);
    struct exh_medium *m = open_sheet(ONE "TRACK 01 MODE1/2048\nINDEX 01 00:00:00\nTRACK 02 CDI/2336\nINDEX 00 00:00:20\nINDEX 01 00:00:25\n"
                                          "TRACK 03 AUDIO\nINDEX 01 00:00:50\nTRACK 04 MODE2/2324\nINDEX 01 00:01:15\n");
    expect_clean(m);
    expect_track(m, 1, 1, "MODE1/2048", 0, 20, 0, 0, 0);
    expect_track(m, 2, 1, "MODE2/2336", 20, 30, 5, 5, 0);
    expect_track(m, 3, 1, "AUDIO", 50, 40, 0, 0, 0);
    expect_track(m, 4, 1, "MODE2/2324", 90, 5, 0, 0, 0);
    expect_sectors(m, 1, 0, 20, 1, 0, 2048);
    expect_sectors(m, 2, 20, 30, 1, 20 * 2048, 2336);
    expect_sectors(m, 3, 50, 40, 1, 20 * 2048 + 30 * 2336, 2352);
    expect_sectors(m, 4, 90, 5, 1, 20 * 2048 + 30 * 2336 + 40 * 2352, 2324);
    assert_int_equal(m->layout->disc->sessions[0].disc_type, 0x10);
    exh_medium_close(m);
}

/* Karaoke: 2352 bytes of audio, then R to W in six bits of each of 96 bytes. */
static void karaoke(void **state)
{
    (void)state;
    static uint8_t bytes[10 * 2448];
    made_bytes(1, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] &= i % 2448 < 2352 ? 0xFF : 0x3F;
    put_file("a.bin", bytes, sizeof bytes);
    struct exh_medium *m = open_sheet(ONE "TRACK 01 CDG\nINDEX 01 00:00:00\nTRACK 02 CDG\nINDEX 01 00:00:04\n");
    expect_track(m, 1, 1, "AUDIO", 0, 4, 0, 0, 0);
    expect_track(m, 2, 1, "AUDIO", 4, 6, 0, 0, 0);
    struct sectors s;
    read_sectors(m, &m->layout->tracks[1], 4, 6, &s);
    for (size_t i = 0; i < 6; i++) {
        const uint8_t *stored = bytes + (4 + i) * 2448, *sub = s.block.sub + i * 96;
        assert_memory_equal(s.block.main + i * 2352, stored, 2352);
        assert_int_equal(s.block.sub_state[i], EXH_GOOD);
        for (unsigned b = 0; b < 96; b++)
            for (unsigned channel = 0; channel < 8; channel++) /* linear: twelve bytes of P, then twelve of Q, ... */
                assert_int_equal(sub[channel * 12 + b / 8] >> (7 - b % 8) & 1, stored[2352 + b] >> (7 - channel) & 1);
    }
    sectors_close(&s);
    exh_medium_close(m);
}

/* ---- sessions ---- */

static void sessions_in_files_of_their_own(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 100);
    make_file("b.bin", 2, 2352 * 160);
    make_file("c.bin", 3, 2352 * 20);
    struct exh_medium *m = open_sheet("REM SESSION 01\n" ONE T1 "REM LEAD-OUT 01:30:00\nREM SESSION 02\nREM LEAD-IN 01:00:00\nREM PREGAP 00:02:00\n"
                                      "FILE b.bin BINARY\nTRACK 02 MODE1/2352\nINDEX 00 00:00:00\nINDEX 01 00:02:00\nPOSTGAP 00:00:05\n"
                                      "REM LEAD-OUT 00:30:00\nREM SESSION 03\nREM LEAD-IN 01:00:00\nREM PREGAP 00:02:00\n"
                                      "FILE c.bin BINARY\nTRACK 03 MODE2/2352\nINDEX 01 00:00:00\n");
    expect_clean(m);
    expect_track(m, 1, 1, "AUDIO", 0, 100, 0, 0, 0);
    expect_track(m, 2, 2, "MODE1/2352", 100 + 11250, 160, 150, 150, 5); /* its own pregap is the 150 */
    expect_track(m, 3, 3, "MODE2/2352", 11515 + EXH_SESSION_GAP_LATER, 20, 0, 0, 0);
    assert_int_equal(m->layout->disc->session_count, 3);
    assert_int_equal(m->layout->disc->sessions[0].lead_out, 100);
    assert_int_equal(m->layout->disc->sessions[1].lead_out, 11515);
    exh_medium_close(m);
    /* Nothing but the sessions is said: the usual lengths. Lengths of its own: those. */
    m = open_sheet(ONE T1 "REM SESSION 02\nFILE b.bin BINARY\nTRACK 02 AUDIO\nINDEX 01 00:00:00\n");
    expect_clean(m);
    expect_track(m, 2, 2, "AUDIO", 100 + EXH_SESSION_GAP_FIRST, 160, 0, 0, 0);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "REM LEAD-OUT 01:30:05\nREM SESSION 02\nREM LEAD-IN 01:00:00\nREM PREGAP 00:02:20\nFILE b.bin BINARY\nTRACK 02 AUDIO\n"
                          "INDEX 01 00:00:00\n");
    expect_track(m, 2, 2, "AUDIO", 100 + EXH_SESSION_GAP_FIRST + 25, 160, 0, 0, 0);
    exh_medium_close(m);
}

/* One file: the lead-out's time is the place in it where the session ends. */
static void sessions_in_one_file(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * (100 + 11400 + 50));
    struct exh_medium *m = open_sheet("REM SESSION 01\n" ONE T1 "REM LEAD-OUT 00:01:25\nREM SESSION 02\nTRACK 02 MODE1/2352\nINDEX 01 02:33:25\n");
    expect_track(m, 1, 1, "AUDIO", 0, 100, 0, 0, 0);
    expect_track(m, 2, 2, "MODE1/2352", 11500, 50, 0, 0, 0); /* the file holds what lies between, too */
    expect_sectors(m, 2, 11500, 50, 1, 11500 * 2352, 2352);
    assert_int_equal(remarks(m, EXH_WARNS, "line 8: the 11400 sectors between the sessions, from byte 235200 on, are in no track"), 1);
    assert_int_equal(remarks(m, EXH_FAILS, ""), 0);
    exh_medium_close(m);

    make_file("a.bin", 1, 2352 * 300);
    m = open_sheet(ONE T1 "REM LEAD-OUT 00:01:25\nREM SESSION 02\nTRACK 02 AUDIO\nINDEX 01 00:01:25\n"); /* the file does not */
    expect_clean(m);
    expect_track(m, 1, 1, "AUDIO", 0, 100, 0, 0, 0);
    expect_track(m, 2, 2, "AUDIO", 100 + EXH_SESSION_GAP_FIRST, 200, 0, 0, 0);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "REM LEAD-OUT 00:01:25\nREM SESSION 02\nTRACK 02 AUDIO\nINDEX 01 00:03:25\n"); /* only the pregap lies between */
    expect_track(m, 1, 1, "AUDIO", 0, 100, 0, 0, 0);
    expect_track(m, 2, 2, "AUDIO", 100 + EXH_SESSION_GAP_FIRST - 150, 200, 150, 150, 0);
    assert_int_equal(remarks(m, EXH_WARNS, "the 150 sectors before it are taken as the pregap of track 2"), 1);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "REM SESSION 02\nTRACK 02 AUDIO\nINDEX 00 00:01:25\nINDEX 01 00:02:00\n"); /* no lead-out is said */
    expect_clean(m);
    expect_track(m, 2, 2, "AUDIO", 100 + EXH_SESSION_GAP_FIRST - 50, 200, 50, 50, 0);
    exh_medium_close(m);
    /* A time that is no place between them, and times that stand beside other lengths, are lengths. */
    m = open_sheet(ONE T1 "REM LEAD-OUT 01:30:00\nREM SESSION 02\nTRACK 02 AUDIO\nINDEX 01 00:01:25\n");
    expect_track(m, 2, 2, "AUDIO", 100 + EXH_SESSION_GAP_FIRST, 200, 0, 0, 0);
    assert_int_equal(remarks(m, EXH_WARNS, "line 4: the lead-out lies nowhere between the sessions"), 1);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "REM LEAD-OUT 00:01:00\nREM SESSION 02\nREM LEAD-IN 01:00:00\nTRACK 02 AUDIO\nINDEX 01 00:01:25\n");
    expect_clean(m);
    expect_track(m, 1, 1, "AUDIO", 0, 100, 0, 0, 0);
    expect_track(m, 2, 2, "AUDIO", 100 + 75 + 4500 + 150, 200, 0, 0, 0);
    exh_medium_close(m);
    m = open_sheet(ONE T1 "REM LEAD-OUT 00:03:00\n"); /* where the file ends, but it ends elsewhere */
    assert_int_equal(remarks(m, EXH_WARNS, "line 4: the lead-out is said to lie at sector 225 of the file, which has 300"), 1);
    expect_track(m, 1, 1, "AUDIO", 0, 300, 0, 0, 0);
    exh_medium_close(m);
}

static void gd_rom(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 100);
    make_file("b.bin", 2, 2352 * 20);
    make_file("c.bin", 3, 2352 * 20);
    struct exh_medium *m = open_sheet("REM SINGLE-DENSITY AREA\n" ONE "TRACK 01 MODE1/2352\nINDEX 01 00:00:00\nREM HIGH-DENSITY AREA\n"
                                      "FILE b.bin BINARY\nTRACK 03 MODE1/2352\nINDEX 01 00:00:00\nFILE c.bin BINARY\nTRACK 04 AUDIO\n"
                                      "INDEX 00 00:00:00\nINDEX 01 00:00:10\n");
    expect_track(m, 1, 1, "MODE1/2352", 0, 100, 0, 0, 0);
    expect_track(m, 3, 2, "MODE1/2352", 45000, 20, 0, 0, 0);
    expect_track(m, 4, 2, "AUDIO", 45020, 20, 10, 10, 0);
    assert_string_equal(m->layout->disc->medium, "GD-ROM");
    assert_int_equal(remarks(m, EXH_WARNS, "track 3 follows track 1"), 1);
    exh_medium_close(m);
    make_file("a.bin", 1, 2352);
    expect_refused(ONE "TRACK 01 AUDIO\nINDEX 01 00:00:00\nPOSTGAP 11:00:00\nREM HIGH-DENSITY AREA\nFILE b.bin BINARY\nTRACK 02 AUDIO\n"
                       "INDEX 01 00:00:00\nREM HIGH-DENSITY AREA\nFILE c.bin BINARY\nTRACK 03 AUDIO\nINDEX 01 00:00:00\n",
                   EXH_CORRUPT, "track 3 (LBA 45000) does not follow track 2");
}

static void other_media(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2048 * 10);
    struct exh_medium *m = open_sheet("REM ORIGINAL MEDIA-TYPE: DVD-R\n" ONE "TRACK 01 MODE1/2048\nINDEX 01 00:00:00\n");
    assert_string_equal(m->layout->disc->medium, "DVD-R");
    assert_int_equal(m->layout->tracks[0].kind, EXH_TRACK_BLOCKS);
    assert_int_equal(m->layout->tracks[0].main_bytes, 2048);
    exh_medium_close(m);
}

/* ---- files that are not what the sheet needs ---- */

static void lengths_that_do_not_fit(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 10 + 5);
    struct exh_medium *m = open_sheet(ONE T1);
    expect_track(m, 1, 1, "AUDIO", 0, 11, 0, 0, 0);
    assert_int_equal(remarks(m, EXH_FAILS, "the file ends at byte 23525: of track 1 it holds 10 of 11 sectors, LBA 10 is not there"), 1);
    expect_sectors(m, 1, 0, 10, 1, 0, 2352);
    struct sectors s;
    read_sectors(m, &m->layout->tracks[0], 10, 1, &s);
    assert_int_equal(s.block.state[0], EXH_MISSING);
    assert_int_equal(s.faults.count, 1);
    assert_int_equal(s.faults.items[0].file, 2);
    assert_int_equal(s.faults.items[0].at, 23520);
    sectors_close(&s);
    exh_medium_close(m);
    /* The file ends within a track that others follow: they are known by their index, and by no more. */
    m = open_sheet(ONE T1 "TRACK 02 AUDIO\nINDEX 01 00:00:30\n");
    expect_track(m, 1, 1, "AUDIO", 0, 30, 0, 0, 0);
    expect_track(m, 2, 1, "AUDIO", 30, 1, 0, 0, 0);
    assert_int_equal(remarks(m, EXH_FAILS, "of track 1 it holds 10 of 30 sectors"), 1);
    assert_int_equal(remarks(m, EXH_FAILS, "line 5: INDEX 01 of track 2 lies at byte 70560 of a file that ends at byte 23525"), 1);
    exh_medium_close(m);
    put_file("a.bin", "", 0);
    m = open_sheet(ONE T1);
    expect_track(m, 1, 1, "AUDIO", 0, 1, 0, 0, 0);
    assert_int_equal(remarks(m, EXH_FAILS, "of track 1 it holds 0 of 1 sectors"), 1);
    exh_medium_close(m);
}

static void names(void **state)
{
    (void)state;
    make_file("A.bin", 1, 2352);
    make_file("a.BIN", 1, 2352);
    expect_refused("FILE a.bin BINARY\n" T1, EXH_NOT_FOUND, "line 1: FILE: 'a.bin' is not there, and");
    assert_int_equal(unlink(in_folder("A.bin")), 0);
    struct exh_medium *m = open_sheet("FILE a.bin BINARY\n" T1);
    assert_int_equal(remarks(m, EXH_WARNS, "line 1: the file is 'a.BIN' here"), 1);
    assert_int_equal(m->files->count, 2);
    assert_string_equal(exh_text_base(m->files->items[0]), "disc.cue");
    assert_string_equal(exh_text_base(m->files->items[1]), "a.BIN");
    exh_medium_close(m);
    assert_int_equal(symlink("a.BIN", in_folder("link.bin")), 0);
    expect_refused("FILE link.bin BINARY\n" T1, EXH_NOT_FOUND, "line 1: FILE: ");
    make_file("My \"best\" disc.bin", 1, 2352); /* quotation marks in a name: nothing can escape them */
    exh_medium_close(open_sheet("FILE \"My \"best\" disc.bin\" BINARY\n" T1));
    exh_medium_close(open_sheet("FILE My \"best\" disc.bin BINARY\n" T1));
    make_file("\xC4\xE8\xF1\xEA.bin", 1, 2352); /* Windows-1251, as its bytes */
    exh_medium_close(open_sheet("TITLE \"\xCF\xE5\xF1\xED\xE8\"\nFILE \"\xC4\xE8\xF1\xEA.bin\" BINARY\n" T1));
    make_file("gr\xC3\xBC\xC3\x9F.bin", 1, 2352); /* written in an old code page, copied to a new system */
    m = open_sheet("FILE \"gr\xFC\xDF.bin\" BINARY\n" T1);
    assert_int_equal(remarks(m, EXH_WARNS, "line 1: the file is 'gr"), 1);
    exh_medium_close(m);
}

static void the_same_bytes_twice(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352 * 10);
    struct exh_medium *m = open_sheet(ONE T1 ONE "TRACK 02 AUDIO\nINDEX 01 00:00:00\n");
    assert_int_equal(remarks(m, EXH_FAILS, "the data of track 2 begin at byte 0, within those of track 1"), 1);
    assert_int_equal(m->files->count, 2);
    exh_medium_close(m);
}

static void nowhere_to_look(void **state)
{
    (void)state;
    static const char sheet[] = ONE T1;
    struct exh_source *source = exh_source_memory(sheet, sizeof sheet - 1, "memory.cue");
    assert_null(exh_format_cue.open(source, &(struct exh_open){0}, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_non_null(strstr(err.text, "line 1: FILE: 'a.bin'"));
    exh_source_close(source); /* still ours */
    exh_error_clear(&err);
}

/* ---- hostile text ---- */

static void parse_big(char *text, size_t length, enum exh_code code)
{
    static struct exh_cue_sheet sheet;
    struct exh_inspection notes = {0};
    memset(&sheet, 0, sizeof sheet);
    exh_error_clear(&err);
    bool ok = exh_cue_parse((const uint8_t *)text, length, "big.cue", &sheet, &notes, &err);
    assert_int_equal(ok ? EXH_OK : err.code, code);
    assert_true(notes.remark_count <= 101 && notes.fact_count <= 64);
    exh_inspection_close(&notes);
    exh_cue_sheet_close(&sheet);
}

static void big_sheets(void **state)
{
    (void)state;
    size_t length = 10u << 20;
    char *text = malloc(length);
    memset(text, '\n', length);
    put_file("disc.cue", text, length);
    assert_null(try_path(in_folder("disc.cue")));
    assert_int_equal(err.code, EXH_LIMIT);
    exh_error_clear(&err);
    parse_big(text, length, EXH_LIMIT);
    length = EXH_CUE_BYTES_MAX;
    parse_big(text, length, EXH_CORRUPT); /* no track */
    memset(text, '"', length);
    parse_big(text, length, EXH_CORRUPT);
    static const char *const lines[] = {
        "x\n",           "REM x\n",         "REM \"\n",           "TITLE \"a\n",    "FLAGS a a a a\n",         "ISRC 1\n",  "; x\n",
        "REM SESSION\n", "REM LEAD-OUT \n", "CDTEXTFILE \"a\"\n", "\"\"\"\"\"\"\n", "CATALOG 1234567890123\n", "GENRE 1\n", "REM PREGAP 1:1:1\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        for (size_t at = 0, n = strlen(lines[i]); at + n <= length; at += n)
            memcpy(text + at, lines[i], n);
        parse_big(text, length - length % strlen(lines[i]), EXH_CORRUPT);
    }
    for (size_t at = 0, n = strlen(ONE); at + n <= length; at += n)
        memcpy(text + at, ONE, n);
    parse_big(text, length - length % strlen(ONE), EXH_LIMIT);
    free(text);
}

static void zero_bytes(void **state)
{
    (void)state;
    make_file("a.bin", 1, 2352);
    static const char in_name[] = "FILE \"a.bin\0.txt\" BINARY\n" T1, at_end[] = ONE T1 "\0";
    assert_null(try_bytes(in_name, sizeof in_name - 1));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_non_null(strstr(err.text, "line 1: a zero byte"));
    assert_int_equal(err.at, 11);
    assert_null(try_bytes(at_end, sizeof at_end - 1));
    assert_non_null(strstr(err.text, "line 4: a zero byte"));
    exh_error_clear(&err);
}

/* 99 tracks with 99 indexes each: all there can be. */
static void all_there_can_be(void **state)
{
    (void)state;
    char *sheet = NULL;
    make_file("a.bin", 1, 0);
    assert_int_equal(truncate(in_folder("a.bin"), 2352 * 99 * 100), 0);
    assert_true(exh_text_append(&sheet, "%s", ONE));
    for (unsigned t = 1; t <= 99; t++) {
        assert_true(exh_text_append(&sheet, "REM SESSION %u\nTRACK %02u AUDIO\n", t, t));
        for (unsigned i = 0; i < 100; i++) {
            unsigned frames = (t - 1) * 100 + i;
            assert_true(exh_text_append(&sheet, "INDEX %02u %02u:%02u:%02u\n", i, frames / 4500, frames / 75 % 60, frames % 75));
        }
    }
    struct exh_medium *m = open_sheet(sheet);
    expect_clean(m);
    assert_int_equal(m->layout->track_count, 99);
    assert_int_equal(m->layout->disc->index_count, EXH_DISC_INDEXES_MAX);
    assert_int_equal(m->layout->disc->session_count, 99);
    expect_track(m, 1, 1, "AUDIO", 0, 100, 1, 1, 0);
    expect_track(m, 99, 99, "AUDIO", 100 + 11400 + 97 * (6900 + 99) - 1, 100, 1, 1, 0);
    exh_medium_close(m);
    assert_true(exh_text_append(&sheet, "TRACK 100 AUDIO\nINDEX 01 99:00:00\n"));
    expect_refused(sheet, EXH_CORRUPT, "TRACK 100: a disc has tracks 1 to 99");
    free(sheet);
}

/* ---- what tells a sheet from other files ---- */

static int claim(const char *name, const char *bytes, size_t length)
{
    struct exh_peek peek = {
        .head = (const uint8_t *)bytes, .tail = (const uint8_t *)bytes, .head_length = length, .tail_length = length, .size = length, .name = name};
    return exh_format_cue.probe(&peek);
}

static void probing(void **state)
{
    (void)state;
    static const char *const sheets[] = {ONE,
                                         "REM x\n\n; y\n" ONE,
                                         "\xEF\xBB\xBF" ONE,
                                         "track 01 audio\n",
                                         "TITLE \"x\"\r\nPERFORMER y\r\n" ONE,
                                         "CATALOG 1234567890123\nFILE a WAVE\n",
                                         "FILE \"a.mp3\" MP3\n"};
    for (size_t i = 0; i < sizeof sheets / sizeof sheets[0]; i++) {
        assert_int_equal(claim("x.CUE", sheets[i], strlen(sheets[i])), 95);
        assert_int_equal(claim("x", sheets[i], strlen(sheets[i])), 85);
    }
    assert_true(claim("x.cue", "TITLE x\n", 8) > 0);
    assert_true(claim("x.cue", "REM x\n", 6) > 0);
    static const char *const others[] = {"",
                                         "CD_DA\n\nTRACK AUDIO\nFILE \"a.bin\" 0\n",
                                         "CATALOG \"1234567890123\"\nCD_DA\nTRACK AUDIO\n",
                                         "[CloneCD]\n",
                                         "TITLE of a book\nby somebody\n",
                                         "3\n1 0 4 2352 a.bin 0\n",
                                         "FILES a BINARY\n",
                                         "hello\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(claim("x.txt", others[i], strlen(others[i])), 0);
    assert_int_equal(claim("x.cue", "hello\n", 6), 0);
    assert_int_equal(claim("x.cue", ONE "\0\1", sizeof ONE "\0\1" - 1), 0); /* whatever it is called and begins with, it is no text */
    assert_int_equal(claim("x.cue", "\0\0\0\0FILE", 8), 0);
    assert_true(claim("x.cue",
                      "\xFF\xFE"
                      "F\0",
                      4) > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_refused),
        TEST(errors_say_where),
        TEST(what_is_accepted),
        TEST(what_a_track_says_of_itself),
        TEST(gaps_in_no_file),
        TEST(hidden_track),
        TEST(index_in_the_file_before),
        TEST(mixed_sizes),
        TEST(karaoke),
        TEST(sessions_in_files_of_their_own),
        TEST(sessions_in_one_file),
        TEST(gd_rom),
        TEST(other_media),
        TEST(lengths_that_do_not_fit),
        TEST(names),
        TEST(the_same_bytes_twice),
        TEST(nowhere_to_look),
        TEST(big_sheets),
        TEST(zero_bytes),
        TEST(all_there_can_be),
        TEST(probing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
