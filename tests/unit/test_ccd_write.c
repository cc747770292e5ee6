/* The CloneCD writer: what is written is read back the same, layout and bytes; what cannot be held is named before. */
#include "tests/unit/optical_image.h"

#include "formats/optical/ccd.h"

/* ---- discs to write ---- */

static struct exh_layout layout;
static struct exh_disc disc;

static void begin(void)
{
    exh_disc_close(&disc);
    memset(&layout, 0, sizeof layout);
    layout.kind = EXH_LAYOUT_DISC;
    layout.disc = &disc;
    (void)snprintf(disc.medium, sizeof disc.medium, "CD");
}

static struct exh_track *track(unsigned session, enum exh_track_kind kind, unsigned control, int64_t first, uint64_t sectors, uint32_t pregap)
{
    struct exh_track *t = &layout.tracks[layout.track_count++];
    *t = (struct exh_track){.number = (uint8_t)layout.track_count,
                            .session = (uint8_t)session,
                            .kind = kind,
                            .control = (uint8_t)control,
                            .first = first,
                            .sectors = sectors,
                            .main_bytes = 2352,
                            .sub_bytes = 96,
                            .pregap = pregap,
                            .stored_pregap = pregap};
    return t;
}

static void lead_out(unsigned session, int64_t lba, int type) { assert_true(exh_disc_set_lead_out(&disc, session, lba, type, &err)); }

static void row(unsigned session, unsigned adr_control, unsigned point, unsigned m, unsigned s, unsigned f)
{
    struct exh_toc_row r = {.session = (uint8_t)session, .adr_control = (uint8_t)adr_control, .point = (uint8_t)point};
    r.pmsf[0] = (uint8_t)m, r.pmsf[1] = (uint8_t)s, r.pmsf[2] = (uint8_t)f;
    assert_true(exh_disc_add_row(&disc, &r, &err));
}

static int mode_of(const struct exh_track *t)
{
    return t->kind == EXH_TRACK_AUDIO ? -1 : t->kind == EXH_TRACK_MODE2 ? 2 : t->kind == EXH_TRACK_MODE1 ? 1 : 0;
}

static int64_t announced; /* so many sectors before a track without a pregap Q says that it is one */

/* The sector and subchannel that belong to a place of a track. */
static void sector_at(const struct exh_track *t, int64_t lba, uint8_t main[2352], uint8_t linear[96])
{
    int64_t relative = lba - exh_track_start(t);
    sector(main, mode_of(t), lba);
    int64_t left = t->first + (int64_t)t->sectors - lba;
    if (left <= announced && t->number == 1)
        sub(linear, t->control, 2, 0, left, lba);
    else
        sub(linear, t->control, t->number, relative >= 0, relative >= 0 ? relative : -relative, lba);
}

/* Two tracks in session 1, the second with a pregap, ISRC and further indexes; one in session 2. */
static void plan_disc(void)
{
    begin();
    track(1, EXH_TRACK_MODE1, 4, 0, 30, 0);
    struct exh_track *t = track(1, EXH_TRACK_AUDIO, 2, 30, 40, 12);
    (void)snprintf(t->isrc, sizeof t->isrc, "USABC0312345");
    track(2, EXH_TRACK_MODE2, 4, 11470, 25, 0);
    lead_out(1, 70, 0x20);
    lead_out(2, 11495, 0x20);
    (void)snprintf(disc.mcn, sizeof disc.mcn, "1234567890128");
    assert_true(exh_disc_add_index(&disc, 2, 2, 50, &err));
    assert_true(exh_disc_add_index(&disc, 2, 3, 60, &err));
}

static struct exh_sink *create(const char *name)
{
    struct exh_create with = {.folder = folder, .name = name, .declared = &layout};
    struct exh_sink *sink = NULL;
    if (!exh_ccd_create(&with, &sink, &err))
        fail_msg("%s", err.text);
    return sink;
}

static void feed(struct exh_sink *sink)
{
    struct exh_block block;
    assert_true(exh_block_open(&block, 9, 2352, 96, &err));
    for (uint32_t i = 0; i < layout.track_count; i++) {
        const struct exh_track *t = &layout.tracks[i];
        for (uint64_t at = 0; at < t->sectors; at += block.count) {
            block.track = t;
            block.lba = t->first + (int64_t)at;
            block.count = t->sectors - at < 9 ? (uint32_t)(t->sectors - at) : 9;
            for (uint32_t s = 0; s < block.count; s++)
                sector_at(t, block.lba + s, block.main + s * 2352, block.sub + s * 96);
            memset(block.state, EXH_GOOD, block.count);
            memset(block.sub_state, EXH_GOOD, block.count);
            assert_true(sink->consumer.ops->take(&sink->consumer, &block, NULL, &err));
        }
    }
    exh_block_close(&block);
}

static void write_image(const char *name)
{
    struct exh_sink *sink = create(name);
    feed(sink);
    if (!exh_sink_seal(sink, &layout, NULL, &err))
        fail_msg("%s", err.text);
    exh_sink_close(sink);
}

static void expect_same_tracks(struct exh_medium *m)
{
    assert_int_equal(m->layout->track_count, layout.track_count);
    for (uint32_t i = 0; i < layout.track_count; i++) {
        const struct exh_track *t = &layout.tracks[i];
        expect_track(m, i, t->number, t->session, t->kind, t->control, t->first, t->sectors, t->pregap, t->stored_pregap);
        assert_string_equal(m->layout->tracks[i].isrc, t->isrc);
        assert_int_equal(m->layout->tracks[i].sub_bytes, t->sub_bytes);
        struct track_bytes b = read_track(m, i);
        assert_int_equal(b.bad, 0);
        for (uint64_t s = 0; s < t->sectors; s++) {
            uint8_t main[2352], linear[96];
            sector_at(t, t->first + (int64_t)s, main, linear);
            assert_memory_equal(b.main + s * 2352, main, 2352);
            if (t->sub_bytes > 0)
                assert_memory_equal(b.sub + s * 96, linear, 96);
        }
        track_bytes_close(&b);
    }
}

static void expect_same_disc(const struct exh_disc *got)
{
    assert_string_equal(got->mcn, disc.mcn);
    assert_int_equal(got->session_count, disc.session_count);
    for (uint32_t i = 0; i < disc.session_count; i++) {
        assert_int_equal(got->sessions[i].lead_out, disc.sessions[i].lead_out);
        assert_int_equal(got->sessions[i].disc_type, disc.sessions[i].disc_type);
    }
    assert_int_equal(got->index_count, disc.index_count);
    for (size_t i = 0; i < disc.index_count; i++) {
        assert_int_equal(got->indexes[i].track, disc.indexes[i].track);
        assert_int_equal(got->indexes[i].number, disc.indexes[i].number);
        assert_int_equal(got->indexes[i].lba, disc.indexes[i].lba);
    }
    assert_int_equal(got->cdtext_packs, disc.cdtext_packs);
    if (disc.cdtext_packs > 0)
        assert_memory_equal(got->cdtext, disc.cdtext, disc.cdtext_packs * 18);
}

/* ---- read back ---- */

static void reads_back_the_same(void **state)
{
    (void)state;
    plan_disc();
    write_image("out.ccd");
    struct exh_medium *m = open_image("out.ccd");
    expect_same_tracks(m);
    expect_same_disc(m->layout->disc);
    expect_no_remarks(m);
    assert_int_equal(m->files->count, 3);
    exh_medium_close(m);
}

static void without_subchannel(void **state)
{
    (void)state;
    plan_disc();
    for (uint32_t i = 0; i < 3; i++)
        layout.tracks[i].sub_bytes = 0;
    struct exh_sink *sink = create("OUT.CCD");
    assert_int_equal(sink->files.count, 2);
    assert_string_equal(sink->files.items[0], "OUT.CCD");
    assert_string_equal(sink->files.items[1], "OUT.IMG");
    feed(sink);
    assert_true(exh_sink_seal(sink, &layout, NULL, &err));
    exh_sink_close(sink);
    assert_int_equal(access(in_folder("OUT.SUB"), F_OK), -1);
    struct exh_medium *m = open_image("OUT.CCD");
    expect_same_tracks(m);
    expect_no_remarks(m);
    exh_medium_close(m);
}

/* What is stored before INDEX 01 of a session's first track stays stored. */
static void pregaps_before_a_session(void **state)
{
    (void)state;
    begin();
    track(1, EXH_TRACK_AUDIO, 0, 0, 60, 45);
    track(2, EXH_TRACK_MODE1, 4, 11460 - 150, 170, 150);
    track(2, EXH_TRACK_MODE1, 4, 11480, 20, 5);
    write_image("out.ccd");
    struct exh_medium *m = open_image("out.ccd");
    expect_same_tracks(m);
    expect_no_remarks(m);
    exh_medium_close(m);
    empty_folder();
    begin(); /* NRG images of whole discs store the first 150 sectors too */
    track(1, EXH_TRACK_AUDIO, 0, -150, 170, 150);
    write_image("out.ccd");
    m = open_image("out.ccd");
    expect_same_tracks(m);
    expect_remark(m, "track-index", EXH_WARNS, "the .img begins at LBA -150");
    exh_medium_close(m);
}

/* A source that knows of no pregap comes back without one, whatever Q says. */
static void a_pregap_that_only_q_knows(void **state)
{
    (void)state;
    for (announced = 0; announced <= 12; announced += 12) {
        begin();
        track(1, EXH_TRACK_AUDIO, 0, 0, 40, 0);
        track(1, EXH_TRACK_AUDIO, 0, 40, 20, 0);
        write_image("out.ccd");
        struct exh_medium *m = open_image("out.ccd");
        expect_same_tracks(m);
        expect_no_remarks(m);
        exh_medium_close(m);
        size_t length;
        uint8_t *text = get(in_folder("out.ccd"), &length);
        assert_true((strstr((char *)text, "INDEX 0=40\r\nINDEX 1=40") != NULL) == (announced > 0));
        free(text);
        empty_folder();
    }
    announced = 0;
}

static void the_text_of_a_small_disc(void **state)
{
    (void)state;
    begin();
    track(1, EXH_TRACK_MODE2, 4, 0, 10, 0);
    layout.disc = NULL;
    write_image("out.ccd");
    const char expected[] = "[CloneCD]\r\nVersion=3\r\n[Disc]\r\nTocEntries=4\r\nSessions=1\r\nDataTracksScrambled=0\r\nCDTextLength=0\r\n"
                            "[Session 1]\r\nPreGapMode=2\r\nPreGapSubC=1\r\n"
                            "[Entry 0]\r\nSession=1\r\nPoint=0xa0\r\nADR=0x01\r\nControl=0x04\r\nTrackNo=0\r\nAMin=0\r\nASec=0\r\nAFrame=0\r\n"
                            "ALBA=-150\r\nZero=0\r\nPMin=1\r\nPSec=0\r\nPFrame=0\r\nPLBA=4350\r\n"
                            "[Entry 1]\r\nSession=1\r\nPoint=0xa1\r\nADR=0x01\r\nControl=0x04\r\nTrackNo=0\r\nAMin=0\r\nASec=0\r\nAFrame=0\r\n"
                            "ALBA=-150\r\nZero=0\r\nPMin=1\r\nPSec=0\r\nPFrame=0\r\nPLBA=4350\r\n"
                            "[Entry 2]\r\nSession=1\r\nPoint=0xa2\r\nADR=0x01\r\nControl=0x04\r\nTrackNo=0\r\nAMin=0\r\nASec=0\r\nAFrame=0\r\n"
                            "ALBA=-150\r\nZero=0\r\nPMin=0\r\nPSec=2\r\nPFrame=10\r\nPLBA=10\r\n"
                            "[Entry 3]\r\nSession=1\r\nPoint=0x01\r\nADR=0x01\r\nControl=0x04\r\nTrackNo=0\r\nAMin=0\r\nASec=0\r\nAFrame=0\r\n"
                            "ALBA=-150\r\nZero=0\r\nPMin=0\r\nPSec=2\r\nPFrame=0\r\nPLBA=0\r\n"
                            "[TRACK 1]\r\nMODE=2\r\nINDEX 1=0\r\n";
    size_t length;
    uint8_t *text = get(in_folder("out.ccd"), &length);
    assert_string_equal((char *)text, expected);
    free(text);
    struct exh_medium *m = open_image("out.ccd");
    expect_same_tracks(m);
    exh_medium_close(m);
}

/* Rows that came with the source are kept as they are, order and all, as long as they say what the layout says. */
static void rows_of_the_source(void **state)
{
    (void)state;
    plan_disc();
    row(1, 0x14, 1, 0, 2, 0);
    row(1, 0x14, 0xA0, 1, 0x20, 7);
    row(1, 0x14, 0xA1, 2, 0, 0);
    row(1, 0x12, 2, 0, 2, 42);
    row(1, 0x12, 0xA2, 0, 2, 70);
    row(1, 0x54, 0xB0, 79, 59, 74);
    row(2, 0x14, 0xA0, 3, 0x20, 0);
    row(2, 0x14, 0xA1, 3, 0, 0);
    row(2, 0x14, 0xA2, 2, 35, 20);
    row(2, 0x14, 3, 2, 34, 70);
    row(2, 0x54, 0xC0, 97, 27, 56);
    disc.rows[5].msf[0] = 2, disc.rows[5].msf[1] = 32, disc.rows[5].zero = 2;
    write_image("out.ccd");
    struct exh_medium *m = open_image("out.ccd");
    assert_int_equal(m->layout->disc->row_count, 11);
    assert_memory_equal(m->layout->disc->rows, disc.rows, 11 * sizeof disc.rows[0]);
    expect_same_tracks(m);
    expect_no_remarks(m);
    exh_medium_close(m);

    empty_folder(); /* they place track 2 elsewhere: made anew, but B0 and C0 are kept */
    disc.rows[3].pmsf[2]++;
    write_image("out.ccd");
    m = open_image("out.ccd");
    assert_int_equal(m->layout->disc->row_count, 11);
    assert_int_equal(m->layout->disc->rows[0].point, 0xA0);
    assert_int_equal(m->layout->disc->rows[0].pmsf[1], 0x20);
    assert_int_equal(m->layout->disc->rows[4].pmsf[2], 42);
    assert_memory_equal(&m->layout->disc->rows[5], &disc.rows[5], sizeof disc.rows[0]);
    assert_memory_equal(&m->layout->disc->rows[10], &disc.rows[10], sizeof disc.rows[0]);
    expect_same_tracks(m);
    expect_no_remarks(m);
    exh_medium_close(m);
}

static void cdtext(void **state)
{
    (void)state;
    uint8_t pack[18] = {0x80, 0, 0, 0, 'A', 0};
    plan_disc();
    for (unsigned i = 0; i < 3; i++) {
        pack[2] = (uint8_t)i;
        unsigned crc = 0;
        for (unsigned bit = 0; bit < 128; bit++) {
            unsigned in = (unsigned)(pack[bit / 8] >> (7 - bit % 8) & 1) ^ (crc >> 15 & 1);
            crc = (crc << 1 & 0xFFFF) ^ (in ? 0x1021 : 0);
        }
        pack[16] = (uint8_t)(~crc >> 8), pack[17] = (uint8_t)~crc;
        assert_true(exh_disc_add_pack(&disc, pack, &err));
    }
    struct exh_losses losses = {0};
    assert_true(exh_format_ccd.fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 1); /* B0 and C0, which are not known */
    write_image("out.ccd");
    struct exh_medium *m = open_image("out.ccd");
    expect_same_disc(m->layout->disc);
    expect_no_remarks(m);
    exh_medium_close(m);
    disc.cdtext[18 + 17] ^= 1;
    assert_true(exh_format_ccd.fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 3);
    assert_string_equal(losses.items[2].text, "the checksums of 1 CD-TEXT packs, which do not hold");
    exh_losses_close(&losses);
}

/* ---- what does not fit ---- */

static void expect_misfit(const char *text)
{
    struct exh_losses losses = {0};
    struct exh_create with = {.folder = folder, .name = "no.ccd", .declared = &layout};
    struct exh_sink *sink = NULL;
    exh_error_clear(&err);
    assert_false(exh_format_ccd.fits(&layout, &losses, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    if (strstr(err.text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, err.text);
    exh_error_clear(&err);
    assert_false(exh_ccd_create(&with, &sink, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_int_equal(access(in_folder("no.ccd"), F_OK), -1);
    exh_losses_close(&losses);
    plan_disc();
}

static void refused(void **state)
{
    (void)state;
    plan_disc();
    layout.tracks[0].main_bytes = 2048;
    expect_misfit("track 1 has sectors of 2048 bytes: a CCD image needs raw sectors of 2352");
    layout.tracks[0].kind = EXH_TRACK_BLOCKS;
    expect_misfit("needs raw sectors");
    layout.tracks[2].sub_bytes = 0;
    expect_misfit("track 3 has 0, track 1 96");
    layout.tracks[0].sub_bytes = layout.tracks[1].sub_bytes = layout.tracks[2].sub_bytes = 16;
    expect_misfit("96 bytes for every sector or none");
    layout.tracks[1].first = 35;
    expect_misfit("between tracks 1 and 2 lie 5 sectors that no file holds");
    layout.tracks[2].sectors = EXH_SECTORS_UNKNOWN;
    expect_misfit("track 3 has no sectors that can be counted");
    layout.tracks[2].first = 764990;
    expect_misfit("track 3 does not lie within the times of a CD");
    layout.tracks[0].first = -151;
    expect_misfit("track 1 does not lie within the times of a CD");
    exh_layout_disk(&layout, 4096 * 512, 512);
    expect_misfit("needs raw sectors");
    layout.tracks[1].tail_bytes = 100;
    expect_misfit("the last sector of track 2 has 100 of 2352 bytes");
}

static void losses_are_named(void **state)
{
    (void)state;
    struct exh_losses losses = {0};
    plan_disc();
    layout.tracks[0].kind = EXH_TRACK_MODE0;
    layout.tracks[2].pregap = 150;
    disc.sessions[1].lead_out = 11500;
    assert_true(exh_format_ccd.fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 4);
    assert_string_equal(losses.items[0].text, "the mode 0 of track 1 (MODE has no word for it)");
    assert_string_equal(losses.items[1].text, "150 sectors of the pregap of track 3, which no file holds");
    assert_string_equal(losses.items[2].text, "the lead-out of session 2 at LBA 11500 (its stored sectors end at 11495)");
    assert_string_equal(losses.items[3].text, "the pointers from session to session (POINT B0 and C0), which are not known");
    exh_losses_close(&losses);
    plan_disc();
    row(1, 0x54, 0xB0, 79, 59, 74);
    assert_true(exh_format_ccd.fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 0);
    begin();
    track(1, EXH_TRACK_AUDIO, 0, 0, 10, 0);
    layout.disc = NULL;
    assert_true(exh_format_ccd.fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 0);
    assert_true((exh_format_ccd.can & EXH_SINK_KEEPS_TRACKS) != 0 && (exh_format_ccd.can & EXH_SINK_KEEPS_SUBCHANNEL) != 0);
    assert_true((exh_format_ccd.can & EXH_SINK_KEEPS_STATES) == 0);
}

static void mode_0_is_read_back_by_its_sectors(void **state)
{
    (void)state;
    begin();
    track(1, EXH_TRACK_MODE0, 4, 0, 20, 0);
    write_image("out.ccd");
    struct exh_medium *m = open_image("out.ccd");
    expect_same_tracks(m);
    expect_no_remarks(m);
    exh_medium_close(m);
}

/* ---- files ---- */

static void files_that_exist_are_kept(void **state)
{
    (void)state;
    plan_disc();
    struct exh_create with = {.folder = folder, .name = "out.ccd", .declared = &layout};
    struct exh_sink *sink = NULL;
    put("out.img", "mine", 4);
    assert_false(exh_ccd_create(&with, &sink, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    assert_true(strstr(err.file, "out.img") != NULL);
    size_t length;
    uint8_t *kept = get(in_folder("out.img"), &length);
    assert_string_equal((char *)kept, "mine");
    free(kept);
    exh_error_clear(&err);
    with.resume = true; /* an earlier run's: begun anew */
    assert_true(exh_ccd_create(&with, &sink, &err));
    exh_sink_close(sink);
    with.segment_bytes = 1 << 20;
    assert_false(exh_ccd_create(&with, &sink, &err));
    assert_int_equal(err.code, EXH_USAGE);
}

/* Sectors that never came, or not from a declared track. */
static void holes_and_strangers(void **state)
{
    (void)state;
    plan_disc();
    struct exh_sink *sink = create("out.ccd");
    assert_true(exh_sink_seal(sink, &layout, NULL, &err));
    exh_sink_close(sink);
    struct exh_medium *m = open_image("out.ccd");
    assert_int_equal(remarks(m, "data-file", EXH_FAILS), 0);
    assert_int_equal(remarks(m, "subchannel-size", EXH_FAILS), 0);
    exh_medium_close(m);
    empty_folder();
    sink = create("out.ccd");
    struct exh_block block;
    assert_true(exh_block_open(&block, 2, 2352, 96, &err));
    block.track = &layout.tracks[0];
    block.lba = 29;
    block.count = 2;
    assert_false(sink->consumer.ops->take(&sink->consumer, &block, NULL, &err));
    assert_int_equal(err.code, EXH_BUG);
    exh_block_close(&block);
    exh_sink_close(sink);
}

/* A sample read, written and read again: the same descriptor but for line ends, and the same files. */
static void samples_come_back(void **state)
{
    (void)state;
    const char *const names[] = {"d", "m1"};
    for (size_t n = 0; n < 2; n++) {
        char file[16];
        (void)snprintf(file, sizeof file, "%s.ccd", names[n]);
        const char *path = sample(file);
        if (path == NULL)
            skip();
        struct exh_medium *from = try_path(path);
        assert_non_null(from);
        struct exh_create with = {.folder = folder, .name = file, .declared = from->layout};
        struct exh_sink *sink = NULL;
        struct exh_block block;
        struct exh_scratch *scratch;
        struct exh_faults faults = {0};
        assert_true(exh_ccd_create(&with, &sink, &err));
        assert_true(exh_block_open(&block, 64, 2352, 96, &err));
        assert_true(exh_medium_scratch(from, &scratch, &err));
        for (uint32_t i = 0; i < from->layout->track_count; i++) {
            const struct exh_track *t = &from->layout->tracks[i];
            struct exh_want want = {.track = t, .lba = t->first, .count = (uint32_t)t->sectors, .with_sub = true};
            assert_true(exh_medium_read(from, scratch, &want, &block, &faults, &err));
            assert_true(sink->consumer.ops->take(&sink->consumer, &block, NULL, &err));
        }
        assert_true(exh_sink_seal(sink, from->layout, NULL, &err));
        exh_sink_close(sink);
        for (size_t f = 0; f < 3; f++) {
            const char *const extensions[] = {"ccd", "img", "sub"};
            (void)snprintf(file, sizeof file, "%s.%s", names[n], extensions[f]);
            size_t a, b, kept = 0;
            uint8_t *was = get(sample(file), &a), *is = get(in_folder(file), &b);
            for (size_t i = 0; i < b; i++)
                if (f > 0 || is[i] != '\r')
                    is[kept++] = is[i];
            size_t had = 0;
            for (size_t i = 0; i < a; i++)
                if (f > 0 || was[i] != '\r')
                    was[had++] = was[i];
            assert_int_equal(had, kept);
            assert_memory_equal(was, is, had);
            free(was);
            free(is);
        }
        exh_block_close(&block);
        exh_scratch_close(scratch);
        exh_faults_close(&faults);
        exh_medium_close(from);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_back_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_subchannel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pregaps_before_a_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pregap_that_only_q_knows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_text_of_a_small_disc, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_of_the_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cdtext, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(losses_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mode_0_is_read_back_by_its_sectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_that_exist_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(holes_and_strangers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(samples_come_back, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests_name("ccd_write", tests, NULL, NULL);
    exh_disc_close(&disc);
    return failed;
}
