/* The Alcohol reader: CD and DVD descriptors made here block by block, every field damaged, files missing or split, hostile numbers. */
#include "tests/unit/optical_image.h"

#include "formats/optical/mds.h"
#include "formats/optical/mds_blocks.h"

/* ---- a descriptor under construction ---- */

static uint8_t mds[64 << 10], mdf[200 * 2448];
static size_t length, stored;                                       /* of both */
static size_t session_at[3], block_at[16], extra_at[16], footer_at; /* where they lie in it */

static void p16(size_t at, unsigned v) { exh_put_le16(mds + at, (uint16_t)v); }
static void p32(size_t at, uint64_t v) { exh_put_le32(mds + at, (uint32_t)v); }

static size_t room(size_t bytes)
{
    size_t at = length;
    length += bytes;
    assert_true(length <= sizeof mds);
    return at;
}

static void head(unsigned medium, unsigned sessions)
{
    memset(mds, 0, sizeof mds);
    length = stored = 0;
    size_t at = room(88);
    memcpy(mds, "MEDIA DESCRIPTOR\x01\x05", 18);
    p16(18, medium), p16(20, sessions), p16(22, 2);
    p32(80, 88);
    for (unsigned i = 0; i < sessions; i++)
        session_at[i] = room(24);
    assert_int_equal(at, 0);
}

static size_t session(unsigned i, int64_t start, int64_t end, unsigned first, unsigned last, unsigned blocks)
{
    size_t at = session_at[i], list = room(80 * (size_t)blocks);
    p32(at, (uint64_t)start), p32(at + 4, (uint64_t)end), p16(at + 8, i + 1);
    mds[at + 10] = (uint8_t)blocks, mds[at + 11] = 3;
    p16(at + 12, first), p16(at + 14, last), p32(at + 20, list);
    return list;
}

static void place(size_t at, int64_t lba)
{
    int64_t f = lba + 150;
    mds[at + 9] = (uint8_t)(f / 4500), mds[at + 10] = (uint8_t)(f / 75 % 60), mds[at + 11] = (uint8_t)(f % 75);
}

static void point(size_t at, unsigned adr_control, unsigned what, unsigned m, unsigned s, unsigned f)
{
    mds[at + 2] = (uint8_t)adr_control, mds[at + 4] = (uint8_t)what;
    mds[at + 9] = (uint8_t)m, mds[at + 10] = (uint8_t)s, mds[at + 11] = (uint8_t)f;
}

/* A CD track; its data are `offset` bytes into the data file. */
static void track(size_t at, unsigned number, unsigned mode, unsigned sub_form, unsigned control, int64_t start, uint32_t sectors, uint32_t pregap,
                  unsigned sector_bytes, uint64_t offset)
{
    block_at[number] = at;
    extra_at[number] = room(8);
    mds[at] = (uint8_t)mode, mds[at + 1] = (uint8_t)sub_form, mds[at + 2] = (uint8_t)(0x10 | control), mds[at + 4] = (uint8_t)number;
    place(at, start);
    p32(at + 12, extra_at[number]), p16(at + 16, sector_bytes), mds[at + 18] = 2;
    p32(at + 36, (uint64_t)start), exh_put_le64(mds + at + 40, offset), p32(at + 48, 1), p32(at + 52, 0);
    p32(extra_at[number], pregap), p32(extra_at[number] + 4, sectors);
}

static size_t name8(const char *name)
{
    size_t at = room(strlen(name) + 1);
    memcpy(mds + at, name, strlen(name) + 1);
    return at;
}

static size_t name16(const char *name)
{
    size_t at = room(2 * strlen(name) + 2);
    for (size_t i = 0; name[i] != '\0'; i++)
        mds[at + 2 * i] = (uint8_t)name[i];
    return at;
}

/* One footer for all tracks up to `last`. */
static void footer(unsigned last, const char *name)
{
    footer_at = room(16);
    for (unsigned n = 1; n <= last; n++)
        p32(block_at[n] + 52, footer_at);
    p32(footer_at, name8(name));
}

static void put_mds(void) { put("x.mds", mds, length); }

/* A sector of the data file, with its interleaved subchannel where it has one. */
static void store(const struct exh_track *t, int mode, int64_t lba)
{
    uint8_t linear[96];
    uint8_t *to = mdf + stored;
    sector(to, mode, lba);
    stored += 2352;
    if (t == NULL)
        return;
    sub(linear, t->control, t->number, 1, lba - t->first, lba);
    interleave(linear, mdf + stored);
    stored += 96;
}

/* Mode 1 of 20 sectors, audio of 30 with a pregap of 10 that is not stored, mode 2 of 15. */
static void plan_cd(bool with_sub)
{
    const struct exh_track one = {.number = 1, .control = 4, .first = 0}, two = {.number = 2, .control = 2, .first = 30},
                           three = {.number = 3, .control = 4, .first = 60};
    unsigned size = with_sub ? 2448 : 2352, form = with_sub ? 8 : 0;
    head(0, 1);
    size_t list = session(0, -150, 75, 1, 3, 6);
    point(list, 0x14, 0xA0, 1, 0x20, 0);
    point(list + 80, 0x14, 0xA1, 3, 0, 0);
    point(list + 160, 0x14, 0xA2, 0, 3, 0);
    track(list + 240, 1, 0xAA, form, 4, 0, 20, 150, size, 0);
    track(list + 320, 2, 0xA9, form, 2, 30, 30, 10, size, 20 * (uint64_t)size);
    track(list + 400, 3, 0xAB, form, 4, 60, 15, 0, size, 50 * (uint64_t)size);
    footer(3, "*.mdf");
    for (int64_t lba = 0; lba < 20; lba++)
        store(with_sub ? &one : NULL, 1, lba);
    for (int64_t lba = 30; lba < 60; lba++)
        store(with_sub ? &two : NULL, -1, lba);
    for (int64_t lba = 60; lba < 75; lba++)
        store(with_sub ? &three : NULL, 2, lba);
    put_mds();
    put("x.mdf", mdf, stored);
}

static void expect_stored(struct exh_medium *m, uint32_t i, size_t at, size_t stride)
{
    struct track_bytes b = read_track(m, i);
    const struct exh_track *t = &m->layout->tracks[i];
    assert_int_equal(b.bad, 0);
    for (uint64_t s = 0; s < b.sectors; s++) {
        uint8_t linear[96];
        assert_memory_equal(b.main + s * t->main_bytes, mdf + at + s * stride, t->main_bytes);
        if (b.sub == NULL)
            continue;
        sub(linear, t->control, t->number, 1, (int64_t)s, t->first + (int64_t)s);
        assert_memory_equal(b.sub + s * 96, linear, 96);
    }
    track_bytes_close(&b);
}

/* ---- layouts ---- */

static void three_tracks(void **state)
{
    (void)state;
    for (int with_sub = 0; with_sub < 2; with_sub++) {
        size_t stride = with_sub ? 2448 : 2352;
        plan_cd(with_sub);
        struct exh_medium *m = open_image("x.mds");
        const struct exh_disc *disc = m->layout->disc;
        assert_string_equal(m->format, "mds");
        assert_int_equal(m->layout->kind, EXH_LAYOUT_DISC);
        assert_int_equal(m->layout->track_count, 3);
        expect_track(m, 0, 1, 1, EXH_TRACK_MODE1, 4, 0, 20, 0, 0);
        expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 2, 30, 30, 10, 0);
        expect_track(m, 2, 3, 1, EXH_TRACK_MODE2, 4, 60, 15, 0, 0);
        assert_int_equal(m->layout->tracks[1].sub_bytes, with_sub ? 96 : 0);
        assert_int_equal(m->layout->tracks[1].main_bytes, 2352);
        expect_stored(m, 0, 0, stride);
        expect_stored(m, 1, 20 * stride, stride);
        expect_stored(m, 2, 50 * stride, stride);
        assert_string_equal(disc->medium, "CD");
        assert_int_equal(disc->session_count, 1);
        assert_int_equal(disc->sessions[0].lead_out, 75);
        assert_int_equal(disc->sessions[0].disc_type, 0x20);
        assert_int_equal(disc->row_count, 6);
        assert_int_equal(disc->rows[2].point, 0xA2);
        assert_int_equal(disc->rows[4].adr_control, 0x12);
        assert_string_equal(fact(m, "version"), "1.5");
        assert_int_equal(m->files->count, 2);
        expect_no_remarks(m);
        exh_medium_close(m);
    }
}

static void two_sessions(void **state)
{
    (void)state;
    head(1, 2);
    size_t one = session(0, -150, 20, 1, 1, 1), two = session(1, 11270, 11440, 2, 2, 2);
    track(one, 1, 0xAA, 0, 4, 0, 20, 150, 2352, 0);
    point(two, 0x54, 0xB0, 79, 59, 74);
    track(two + 80, 2, 0xAA, 0, 4, 11420, 20, 150, 2352, 20 * 2352);
    footer(2, "*.mdf");
    for (int64_t i = 0; i < 40; i++)
        store(NULL, 1, i < 20 ? i : 11400 + i);
    put_mds();
    put("x.mdf", mdf, stored);
    struct exh_medium *m = open_image("x.mds");
    expect_track(m, 1, 2, 2, EXH_TRACK_MODE1, 4, 11420, 20, 150, 0);
    expect_stored(m, 1, 20 * 2352, 2352);
    assert_string_equal(m->layout->disc->medium, "CD-R");
    assert_int_equal(m->layout->disc->session_count, 2);
    assert_int_equal(m->layout->disc->sessions[1].lead_out, 11440);
    assert_int_equal(m->layout->disc->row_count, 3);
    assert_int_equal(m->layout->disc->rows[1].adr_control, 0x54);
    expect_no_remarks(m);
    exh_medium_close(m);
}

/* Tracks without a frame: user data of Mode 1, 2336 bytes of Mode 2, Form 1, Form 2. */
static void smaller_sectors(void **state)
{
    (void)state;
    static const struct {
        unsigned mode, bytes;
        enum exh_track_kind kind;
    } cases[] = {{2, 2048, EXH_TRACK_MODE1}, {3, 2336, EXH_TRACK_MODE2}, {0, 2336, EXH_TRACK_MODE2},
                 {7, 2336, EXH_TRACK_MODE2}, {4, 2048, EXH_TRACK_MODE2}, {5, 2324, EXH_TRACK_MODE2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plan_cd(false);
        mds[block_at[1]] = (uint8_t)cases[i].mode;
        p16(block_at[1] + 16, cases[i].bytes);
        put_mds();
        struct exh_medium *m = open_image("x.mds");
        assert_int_equal(m->layout->tracks[0].kind, cases[i].kind);
        assert_int_equal(m->layout->tracks[0].main_bytes, cases[i].bytes);
        expect_stored(m, 0, 0, cases[i].bytes);
        expect_no_remarks(m);
        exh_medium_close(m);
    }
}

/* ---- DVD ---- */

static size_t structures;

static void plan_dvd(unsigned layers)
{
    head(0x10, 1);
    size_t list = session(0, 0, 30, 1, 1, 1);
    block_at[1] = list;
    mds[list] = 2, mds[list + 2] = 0x14, mds[list + 4] = 1;
    p32(list + 12, 30), p16(list + 16, 2048), p32(list + 48, 1);
    footer(1, "*.mdf");
    structures = room(4100 * (size_t)layers);
    p32(64, structures);
    for (unsigned i = 0; i < layers; i++) {
        uint8_t *c = mds + structures + 4100 * (size_t)i, *p = c + 4 + 2048;
        c[0] = 1, c[1] = 0xFD;
        p[0] = 0x01, p[2] = (uint8_t)((layers - 1) << 5 | (layers - 1) << 4);
        exh_put_be32(p + 4, 0x30000), exh_put_be32(p + 8, layers == 1 ? 0x3001D : 0xFCFFFF), exh_put_be32(p + 12, layers == 1 ? 0 : 0x3000E);
        p[16] = 0x80;
    }
    for (size_t i = 0; i < 30 * 2048; i++)
        mdf[i] = (uint8_t)(i * 7 + i / 2048);
    put_mds();
    put("x.mdf", mdf, 30 * 2048);
}

static void dvd(void **state)
{
    (void)state;
    plan_dvd(1);
    struct exh_medium *m = open_image("x.mds");
    assert_int_equal(m->layout->track_count, 1);
    expect_track(m, 0, 1, 1, EXH_TRACK_BLOCKS, 0, 0, 30, 0, 0);
    assert_int_equal(m->layout->tracks[0].main_bytes, 2048);
    assert_int_equal(m->layout->kind, EXH_LAYOUT_DISC);
    expect_stored(m, 0, 0, 2048);
    assert_string_equal(m->layout->disc->medium, "DVD");
    assert_string_equal(fact(m, "dvd_copyright"), "layer 0: protection 1, regions 0xfd");
    assert_string_equal(fact(m, "dvd_physical"),
                        "layer 0: 1 layers, parallel track path, sectors 0x030000 to 0x03001d (layer 0 to 0x000000), with BCA");
    assert_non_null(strstr(fact(m, "dvd_book_type"), "type 0, version 1, as stored"));
    expect_no_remarks(m);
    exh_medium_close(m);

    plan_dvd(2);
    m = open_image("x.mds");
    struct exh_inspection in = {0};
    unsigned layers = 0;
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t i = 0; i < in.fact_count; i++)
        layers += strcmp(in.facts[i].key, "dvd_physical") == 0;
    assert_int_equal(layers, 2);
    exh_inspection_close(&in);
    expect_no_remarks(m);
    exh_medium_close(m);
    length -= 1; /* the second layer's are cut */
    put_mds();
    m = open_image("x.mds");
    expect_remark(m, "dvd-structures", EXH_WARNS, "2 layers");
    exh_medium_close(m);

    plan_dvd(1);
    mds[block_at[1] + 4] = 0; /* not every writer numbers the one track */
    p16(18, 0x12);
    put_mds();
    m = open_image("x.mds");
    expect_track(m, 0, 1, 1, EXH_TRACK_BLOCKS, 0, 0, 30, 0, 0);
    assert_string_equal(m->layout->disc->medium, "DVD-R");
    exh_medium_close(m);
    p16(block_at[1] + 16, 2064);
    put_mds();
    expect_refused("x.mds", EXH_UNSUPPORTED, "a DVD with sectors of 2064 bytes");
    p16(block_at[1] + 16, 2048);
    length = structures + 4099;
    put_mds();
    expect_refused("x.mds", EXH_CORRUPT, "offset 64: the structures of the DVD");
    assert_int_equal(err.at, 64);
}

/* Burst cutting area and timing data are facts; what points out of the descriptor is not. */
static void bca_and_timing(void **state)
{
    (void)state;
    plan_cd(false);
    size_t bca = room(70), dpm = room(4 + 2 * 4), block = room(16 + 3 * 4);
    memset(mds + bca, 0xAB, 70);
    p16(26, 70), p32(36, bca);
    p32(84, dpm), p32(dpm, 2), p32(dpm + 4, block), p32(dpm + 8, block);
    p32(block + 12, 3);
    put_mds();
    struct exh_medium *m = open_image("x.mds");
    assert_true(strncmp(fact(m, "bca"), "70 bytes: abab", 14) == 0);
    assert_string_equal(fact(m, "dpm"), "2 blocks of timing data with 6 entries, not interpreted");
    expect_no_remarks(m);
    exh_medium_close(m);
    const struct {
        size_t at;
        uint32_t value;
        const char *text;
        uint64_t field;
    } cases[] = {{block + 12, 4, "a block of timing data", dpm + 4},
                 {block + 12, 0xFFFFFFFF, "a block of timing data", dpm + 4},
                 {dpm + 8, 0xFFFFFFF0, "a block of timing data", dpm + 8},
                 {dpm, 0xFFFFFFFF, "the list of timing blocks", dpm},
                 {84, 0xFFFFFFFF, "the timing data", 84},
                 {36, (uint32_t)length - 69, "the burst cutting area", 36}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t was = exh_le32(mds + cases[i].at);
        p32(cases[i].at, cases[i].value);
        put_mds();
        expect_refused("x.mds", EXH_CORRUPT, cases[i].text);
        assert_int_equal(err.at, cases[i].field);
        p32(cases[i].at, was);
    }
}

/* ---- names and files ---- */

static void names_of_data_files(void **state)
{
    (void)state;
    const char *const names[] = {"*.mdf", "x.mdf", "C:\\images\\x.mdf", "X.MDF", "/home/me/x.mdf"};
    for (size_t i = 0; i < 5; i++)
        for (int wide = 0; wide < 2; wide++) {
            plan_cd(false);
            p32(footer_at, wide ? name16(names[i]) : name8(names[i]));
            p32(footer_at + 4, wide ? 1 : 0);
            put_mds();
            struct exh_medium *m = open_image("x.mds");
            expect_stored(m, 2, 50 * 2352, 2352);
            assert_int_equal(remarks(m, "file-name", EXH_WARNS), i < 2 ? 0 : 1);
            assert_int_equal(m->files->count, 2);
            exh_medium_close(m);
        }
    plan_cd(false);
    p32(footer_at, name8("../x.mdf"));
    put_mds();
    expect_refused("x.mds", EXH_UNSUPPORTED, "leads out of the image's folder");
    p32(footer_at, name8("y.mdf"));
    put_mds();
    expect_refused("x.mds", EXH_NOT_FOUND, "y.mdf");
    p32(footer_at, name8(""));
    put_mds();
    expect_refused("x.mds", EXH_CORRUPT, "an empty name");
    p32(footer_at, length);
    put_mds();
    expect_refused("x.mds", EXH_CORRUPT, "the name of a data file would lie at offset");
    assert_int_equal(err.at, footer_at);
    p32(footer_at, length - 1), mds[length - 1] = 'x';
    put_mds();
    expect_refused("x.mds", EXH_CORRUPT, "the name of a data file has no end");
    size_t at = room(4000);
    memset(mds + at, 'x', 4000);
    p32(footer_at, at);
    put_mds();
    expect_refused("x.mds", EXH_CORRUPT, "the name of a data file has no end");
    assert_int_equal(err.at, at);
    p32(footer_at + 4, 1);
    put_mds();
    expect_refused("x.mds", EXH_CORRUPT, "the name of a data file has no end");
}

/* GameJack's files have other names; each track may have a footer of its own that names the same file. */
static void other_extension_and_own_footers(void **state)
{
    (void)state;
    plan_cd(false);
    for (unsigned n = 1; n <= 3; n++) {
        size_t own = room(16);
        p32(own, name8("*.xmf"));
        p32(block_at[n] + 52, own);
    }
    put("x.xmd", mds, length);
    put("x.xmf", mdf, stored);
    assert_int_equal(unlink(in_folder("x.mds")), 0);
    assert_int_equal(unlink(in_folder("x.mdf")), 0);
    struct exh_medium *m = open_image("x.xmd");
    assert_int_equal(m->files->count, 2);
    expect_stored(m, 1, 20 * 2352, 2352);
    expect_no_remarks(m);
    exh_medium_close(m);
}

/* Split at multiples of 2048 bytes, where no sector ends. */
static void split_data_file(void **state)
{
    (void)state;
    plan_cd(false);
    const char *const names[] = {"*.mdf", "*.md0", "*.md1"};
    const size_t cuts[] = {0, 20 * 2048, 41 * 2048};
    size_t list = room(48);
    for (unsigned n = 1; n <= 3; n++)
        p32(block_at[n] + 52, list), p32(block_at[n] + 48, 3);
    for (unsigned i = 0; i < 3; i++) {
        char file[16];
        p32(list + 16 * (size_t)i, name8(names[i]));
        (void)snprintf(file, sizeof file, "x%s", names[i] + 1);
        put(file, mdf + cuts[i], (i < 2 ? cuts[i + 1] : stored) - cuts[i]);
    }
    put_mds();
    struct exh_medium *m = open_image("x.mds");
    for (uint32_t i = 0; i < 3; i++)
        expect_stored(m, i, (i == 0 ? 0u : i == 1 ? 20u : 50u) * 2352, 2352);
    assert_int_equal(m->files->count, 4);
    assert_string_equal(exh_text_base(m->files->items[0]), "x.mds");
    assert_string_equal(exh_text_base(m->files->items[1]), "x.mdf");
    assert_string_equal(exh_text_base(m->files->items[2]), "x.md0");
    assert_string_equal(exh_text_base(m->files->items[3]), "x.md1");
    assert_string_equal(fact(m, "data_parts"), "x.mdf and 2 more, joined");
    expect_no_remarks(m);
    exh_medium_close(m);
    assert_int_equal(unlink(in_folder("x.md0")), 0);
    expect_refused("x.mds", EXH_NOT_FOUND, "x.md0");
    p32(list + 16, exh_le32(mds + list));
    put_mds();
    expect_refused("x.mds", EXH_CORRUPT, "track 1 names one file twice");
}

static void data_file_of_another_size(void **state)
{
    (void)state;
    plan_cd(false);
    put("x.mdf", mdf, stored - 2352 - 10);
    struct exh_medium *m = open_image("x.mds");
    expect_remark(m, "data-file", EXH_FAILS, "of track 3 it holds 13 of 15 sectors, LBA 73 is not there");
    struct track_bytes b = read_track(m, 2);
    assert_int_equal(b.bad, 2);
    assert_int_equal(b.state[12], EXH_GOOD);
    assert_int_equal(b.state[13], EXH_MISSING);
    track_bytes_close(&b);
    exh_medium_close(m);
    put("x.mdf", mdf, stored + 7);
    m = open_image("x.mds");
    expect_remark(m, "image-size", EXH_WARNS, "the last 7 bytes of the data file belong to no track");
    exh_medium_close(m);
}

/* ---- contradictions and oddities ---- */

static void odd_but_read(void **state)
{
    (void)state;
    plan_cd(true);
    const struct {
        size_t at;
        unsigned bytes;
        uint64_t value;
        const char *check;
        enum exh_outcome outcome;
        const char *text;
    } cases[] = {
        {extra_at[1], 4, 0, "track-pregap", EXH_WARNS, "said to have a pregap of 0: 150 is taken"}, /* as UltraISO writes it */
        {extra_at[1], 4, 152, "track-pregap", EXH_WARNS, "said to have a pregap of 152"},
        {extra_at[2], 4, 9, "track-pregap", EXH_FAILS, "from the end of track 1 to track 2 are 10 sectors, and its pregap is said to be 9"},
        {extra_at[2], 4, 11, "track-pregap", EXH_FAILS, "its pregap is said to be 11"},
        {block_at[1] + 1, 1, 0, "track-form", EXH_WARNS, "track 1 says it has no subchannel"},
        {block_at[1], 1, 0xAB, "track-mode", EXH_WARNS, "the mode byte 0xab of track 1 contradicts its sectors: the first are of mode 1"},
        {block_at[2], 1, 0xAA, "track-mode", EXH_FAILS, "the mode byte 0xaa of track 2 contradicts its sectors: the first have no sync"},
        {block_at[3], 1, 0xA9, "track-mode", EXH_FAILS, "the mode byte 0xa9 of track 3 contradicts its sectors: the first are of mode 2"},
        {block_at[3], 1, 0xAC, "track-form", EXH_WARNS, "the mode byte 0xac of track 3 stands for sectors of 2344 bytes, 2352 are stored"},
        {block_at[2] + 2, 1, 0x14, "track-mode", EXH_FAILS, "CONTROL says track 2 is data, and its first sectors have no sync"},
        {block_at[3] + 2, 1, 0x10, "track-mode", EXH_FAILS, "CONTROL says track 3 is audio, and its first sectors are of mode 2"},
        {block_at[2] + 11, 1, 31, "toc-entry", EXH_FAILS, "track 2 begins at LBA 30, but 00:02:31 is LBA 31"},
        {session_at[0] + 12, 2, 2, "session", EXH_WARNS, "the first track of session 1 is said to be 2, and is 1"},
        {session_at[0] + 14, 2, 4, "session", EXH_WARNS, "the last track of session 1 is said to be 4, and is 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t was[4];
        memcpy(was, mds + cases[i].at, 4);
        if (cases[i].bytes == 1)
            mds[cases[i].at] = (uint8_t)cases[i].value;
        else if (cases[i].bytes == 2)
            p16(cases[i].at, (unsigned)cases[i].value);
        else
            p32(cases[i].at, cases[i].value);
        put_mds();
        struct exh_medium *m = open_image("x.mds");
        expect_remark(m, cases[i].check, cases[i].outcome, cases[i].text);
        assert_int_equal(remarks(m, NULL, EXH_FAILS) + remarks(m, NULL, EXH_WARNS), 1);
        expect_stored(m, 0, 0, 2448);
        exh_medium_close(m);
        memcpy(mds + cases[i].at, was, 4);
    }
    p32(session_at[0] + 4, 76);
    put_mds();
    struct exh_medium *m = open_image("x.mds");
    assert_int_equal(remarks(m, "session", EXH_FAILS), 2); /* against A2, and against the last track */
    exh_medium_close(m);
}

/* Hours stand in the byte that should be zero in files of old versions of Aaru; seen E9, EA, EC, ED beside A9 to AD. */
static void known_variants(void **state)
{
    (void)state;
    plan_cd(false);
    mds[block_at[1]] = 0xEA, mds[block_at[2]] = 0xE9, mds[block_at[3]] = 0xEC;
    put_mds();
    struct exh_medium *m = open_image("x.mds");
    expect_no_remarks(m);
    exh_medium_close(m);
    mds[block_at[3]] = 0xED;
    put_mds();
    m = open_image("x.mds");
    expect_no_remarks(m);
    exh_medium_close(m);
    p32(block_at[3] + 36, 270060), p32(session_at[0] + 4, 270075); /* an hour later */
    mds[block_at[3] + 8] = 1;
    p32(extra_at[3], 270000);
    put_mds();
    m = open_image("x.mds");
    assert_int_equal(remarks(m, "toc-entry", EXH_FAILS), 0);
    assert_int_equal(m->layout->tracks[2].first, 270060);
    assert_int_equal(m->layout->tracks[2].pregap, 270000);
    exh_medium_close(m);
}

/* ---- refused ---- */

static void damage_is_named_by_its_offset(void **state)
{
    (void)state;
    plan_cd(false);
    size_t s = session_at[0], b = block_at[2], e = extra_at[2];
    const struct {
        size_t at;
        unsigned bytes;
        uint64_t value;
        enum exh_code code;
        const char *text;
        uint64_t field;
    } cases[] = {
        {16, 1, 2, EXH_UNSUPPORTED, "version 2 (MDX, Daemon Tools): it is packed and encrypted", 16},
        {16, 1, 3, EXH_UNSUPPORTED, "version 3.5: only 1 is known", 16},
        {16, 1, 0, EXH_UNSUPPORTED, "version 0.5", 16},
        {18, 2, 3, EXH_UNSUPPORTED, "medium type 0x03 is not known", 18},
        {20, 2, 0, EXH_CORRUPT, "0 sessions: a disc has 1 to 99", 20},
        {20, 2, 100, EXH_CORRUPT, "100 sessions: a disc has 1 to 99", 20},
        {20, 2, 0xFFFF, EXH_CORRUPT, "65535 sessions", 20},
        {20, 2, 99, EXH_CORRUPT, "session", EXH_NO_OFFSET},
        {80, 4, length - 23, EXH_CORRUPT, "the session blocks", 80},
        {80, 4, 0xFFFFFFFF, EXH_CORRUPT, "the session blocks", 80},
        {s + 8, 2, 0, EXH_CORRUPT, "session number 0", s + 8},
        {s + 8, 2, 100, EXH_CORRUPT, "session number 100", s + 8},
        {s + 10, 1, 0, EXH_CORRUPT, "0 track blocks", s + 10},
        {s + 10, 1, 120, EXH_CORRUPT, "120 track blocks", s + 10},
        {s + 10, 1, 100, EXH_CORRUPT, "the track blocks of a session", s + 20},
        {s + 20, 4, length - 6 * 80 + 1, EXH_CORRUPT, "the track blocks of a session", s + 20},
        {s + 20, 4, 0xFFFFFFFF, EXH_CORRUPT, "the track blocks of a session", s + 20},
        {b, 1, 0xAE, EXH_UNSUPPORTED, "track 2 has mode 6", b},
        {b + 1, 1, 0x10, EXH_UNSUPPORTED, "a subchannel in form 0x10", b + 1},
        {b + 1, 1, 0x20, EXH_UNSUPPORTED, "a subchannel in form 0x20", b + 1},
        {b + 1, 1, 1, EXH_UNSUPPORTED, "a subchannel in form 0x01", b + 1},
        {b + 1, 1, 8, EXH_UNSUPPORTED, "sectors of 2352 bytes", b + 16},
        {b + 4, 1, 1, EXH_CORRUPT, "track 1", EXH_NO_OFFSET},
        {b + 12, 4, 0, EXH_CORRUPT, "a track without a length", b + 12},
        {b + 12, 4, length - 7, EXH_CORRUPT, "the length of a track", b + 12},
        {b + 16, 2, 0, EXH_CORRUPT, "a sector size of 0", b + 16},
        {b + 16, 2, 2353, EXH_UNSUPPORTED, "sectors of 2353 bytes", b + 16},
        {b + 16, 2, 2048, EXH_UNSUPPORTED, "sectors of 2048 bytes (mode byte 0xa9)", b + 16},
        {b + 36, 4, 0x7FFFFFFF, EXH_CORRUPT, "track 2 begins at LBA 2147483647, which no disc has", b + 36},
        {b + 36, 4, 0xFFFFFF69, EXH_CORRUPT, "track 2 begins at LBA -151", b + 36},
        {b + 36, 4, 19, EXH_CORRUPT, "track 2 (LBA 19) does not follow track 1", EXH_NO_OFFSET},
        {b + 40, 8, UINT64_MAX, EXH_CORRUPT, "data at offset 18446744073709551615, which cannot be", b + 40},
        {b + 40, 8, UINT64_MAX - 30 * 2352 + 1, EXH_CORRUPT, "data at offset", b + 40},
        {b + 40, 8, 1ULL << 62, EXH_CORRUPT, "data at offset", b + 40},
        {b + 48, 4, 0, EXH_CORRUPT, "track 2 lies in 0 files", b + 48},
        {b + 48, 4, 101, EXH_CORRUPT, "track 2 lies in 101 files", b + 48},
        {b + 48, 4, 0xFFFFFFFF, EXH_CORRUPT, "track 2 lies in 4294967295 files", b + 48},
        {b + 48, 4, 100, EXH_CORRUPT, "the names of a track's files", b + 52},
        {b + 52, 4, 0xFFFFFFFF, EXH_CORRUPT, "the names of a track's files", b + 52},
        {e, 4, 765151, EXH_CORRUPT, "a pregap of 765151", e},
        {e + 4, 4, 0, EXH_CORRUPT, "a length of 0", e + 4},
        {e + 4, 4, 0xFFFFFFFF, EXH_CORRUPT, "a length of 4294967295", e + 4},
        {e + 4, 4, 31, EXH_CORRUPT, "track 3 (LBA 60) does not follow track 2", EXH_NO_OFFSET},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t was[8];
        memcpy(was, mds + cases[i].at, 8);
        for (unsigned n = 0; n < cases[i].bytes; n++)
            mds[cases[i].at + n] = (uint8_t)(cases[i].value >> 8 * n);
        put_mds();
        expect_refused("x.mds", cases[i].code, cases[i].text);
        assert_true(err.at == cases[i].field || cases[i].field == EXH_NO_OFFSET);
        memcpy(mds + cases[i].at, was, 8);
    }
    put_mds();
    exh_medium_close(open_image("x.mds"));
    p32(extra_at[1] + 4, 10); /* a place behind the end of the data file is said, not refused */
    exh_put_le64(mds + block_at[3] + 40, 1 << 20);
    put_mds();
    struct exh_medium *m = open_image("x.mds");
    expect_remark(m, "data-file", EXH_FAILS, "of track 3 it holds 0 of 15 sectors");
    exh_medium_close(m);
}

static void too_many_tracks(void **state)
{
    (void)state;
    head(0, 1);
    size_t list = session(0, -150, 100, 1, 100, 100);
    for (unsigned n = 0; n < 100; n++) {
        size_t at = list + 80 * (size_t)n;
        track(at, 1, 0xA9, 0, 0, n, 1, n == 0 ? 150 : 0, 2352, (uint64_t)n * 2352);
        mds[at + 4] = (uint8_t)(n + 1);
    }
    footer_at = room(16);
    p32(footer_at, name8("*.mdf"));
    for (unsigned n = 0; n < 100; n++)
        p32(list + 80 * (size_t)n + 52, footer_at);
    memset(mdf, 1, 100 * 2352);
    put("x.mdf", mdf, 100 * 2352);
    put_mds(); /* POINT 100 is no track */
    struct exh_medium *m = open_image("x.mds");
    assert_int_equal(m->layout->track_count, 99);
    exh_medium_close(m);
    mds[list + 80 * 99 + 4] = 99;
    put_mds();
    expect_refused("x.mds", EXH_LIMIT, "more than 99 tracks");
}

static void nothing_crashes(void **state)
{
    (void)state;
    for (int dvd_too = 0; dvd_too < 2; dvd_too++) {
        if (dvd_too)
            plan_dvd(1);
        else
            plan_cd(true);
        size_t whole = length, step = dvd_too ? 37 : 1;
        for (size_t n = 0; n < whole; n += step) {
            uint8_t *cut = malloc(n > 0 ? n : 1);
            assert_non_null(cut);
            memcpy(cut, mds, n);
            assert_true(!opens_from_memory(&exh_format_mds, "x.mds", cut, n) || !dvd_too); /* cut structures are never whole */
            free(cut);
        }
        for (size_t n = 16; n < whole && n < 1200; n++) {
            uint8_t was = mds[n];
            const uint8_t others[] = {0, 0xFF, 0x7F, 0x80, (uint8_t)(was + 1)};
            for (size_t i = 0; i < sizeof others; i++) {
                mds[n] = others[i];
                (void)opens_from_memory(&exh_format_mds, "x.mds", mds, length);
            }
            mds[n] = was;
        }
    }
}

static void too_long(void **state)
{
    (void)state;
    plan_cd(false);
    put_mds();
    assert_int_equal(truncate(in_folder("x.mds"), EXH_MDS_BYTES_MAX + 1), 0);
    expect_refused("x.mds", EXH_LIMIT, "a descriptor of 16777217 bytes");
    assert_int_equal(truncate(in_folder("x.mds"), EXH_MDS_BYTES_MAX), 0);
    exh_medium_close(open_image("x.mds"));
    put("x.mds", "MEDIA DESCRIPTO", 15);
    expect_refused("x.mds", EXH_CORRUPT, "the name says mds");
    put("x.mdx", "MEDIA DESCRIPTOR\x02\x01", 18);
    expect_refused("x.mdx", EXH_UNSUPPORTED, "MDX, Daemon Tools");
}

/* ---- the shared sample ---- */

static void samples(void **state)
{
    (void)state;
    const char *path = sample("e.mds");
    if (path == NULL)
        skip();
    struct exh_medium *m = try_path(path);
    assert_non_null(m);
    expect_track(m, 0, 1, 1, EXH_TRACK_MODE1, 4, 0, 64, 0, 0);
    expect_track(m, 1, 2, 1, EXH_TRACK_AUDIO, 0, 96, 24, 32, 0);
    expect_track(m, 2, 3, 1, EXH_TRACK_AUDIO, 2, 120, 16, 0, 0);
    assert_int_equal(track_crc(m, 0, true), 0x95ac6735);
    assert_int_equal(track_crc(m, 0, false), 0xba3595f1);
    assert_int_equal(track_crc(m, 1, false), 0x751963c9);
    assert_int_equal(track_crc(m, 2, false), 0x9f969db1);
    expect_no_remarks(m);
    exh_medium_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(three_tracks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_sessions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(smaller_sectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dvd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bca_and_timing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_of_data_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_extension_and_own_footers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(split_data_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(data_file_of_another_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(odd_but_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(known_variants, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_is_named_by_its_offset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_tracks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_crashes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_long, set_up, tear_down),
        cmocka_unit_test(samples),
    };
    return cmocka_run_group_tests_name("mds", tests, NULL, NULL);
}
