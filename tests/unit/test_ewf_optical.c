/* Discs in an E01: several tracks as one run of sectors, the list of tracks, what libewf makes of it, and lists that lie. */
#include "ewf_image.h"

#include "formats/evidence/ewf_tracks.h"
#include "formats/model/disc.h"

#define RAW 2352u

/* ---- discs ---- */

static void add_track(struct exh_layout *layout, enum exh_track_kind kind, uint32_t main_bytes, uint64_t sectors, uint8_t session, int64_t gap)
{
    struct exh_track *t = &layout->tracks[layout->track_count++], *before = layout->track_count > 1 ? t - 1 : NULL;
    *t = (struct exh_track){.number = (uint8_t)layout->track_count,
                            .session = session,
                            .kind = kind,
                            .control = kind == EXH_TRACK_AUDIO || kind == EXH_TRACK_BLOCKS ? 0 : EXH_CONTROL_DATA,
                            .first = before != NULL ? before->first + (int64_t)before->sectors + gap : gap,
                            .sectors = sectors,
                            .main_bytes = main_bytes};
}

/* Data, two of audio, and data in a second session behind a gap that nobody stores. */
static struct exh_layout enhanced_disc(void)
{
    struct exh_layout layout = {.kind = EXH_LAYOUT_DISC};
    add_track(&layout, EXH_TRACK_MODE1, RAW, 61, 1, 0);
    add_track(&layout, EXH_TRACK_AUDIO, RAW, 130, 1, 0);
    add_track(&layout, EXH_TRACK_AUDIO, RAW, 7, 1, 0);
    add_track(&layout, EXH_TRACK_MODE2, RAW, 50, 2, 11400);
    return layout;
}

static void plan_disc(struct image *im, const struct exh_layout *layout)
{
    image_plan(im, exh_layout_bytes(layout), layout->tracks[0].main_bytes, EXH_COMPRESS_FAST);
    im->layout = *layout;
}

/* Data for all tracks in a row, with the header of each raw data sector. */
static void fill_disc(struct image *im)
{
    uint8_t *at = im->data = mixed_data((size_t)im->bytes);
    for (uint32_t i = 0; i < im->layout.track_count; i++) {
        const struct exh_track *t = &im->layout.tracks[i];
        for (uint64_t k = 0; k < t->sectors; k++, at += t->main_bytes) {
            if (t->main_bytes != RAW || t->kind == EXH_TRACK_AUDIO)
                continue;
            memset(at, 0xff, 12);
            at[0] = at[11] = 0;
            at[15] = t->kind == EXH_TRACK_MODE2 ? 2 : t->kind == EXH_TRACK_MODE0 ? 0 : 1;
        }
    }
    add_digest(im, "media", "md5", im->data, im->bytes);
    add_digest(im, "media", "sha1", im->data, im->bytes);
}

/* All tracks in blocks of at most `room` sectors, as the engine gives them; sectors of im->bad are unreadable. */
static bool feed_disc(struct image *im, uint32_t room)
{
    const struct exh_consumer_ops *ops = im->sink->consumer.ops;
    const uint8_t *at = im->data;
    bool ok = true;
    for (uint32_t i = 0; ok && i < im->layout.track_count; i++) {
        const struct exh_track *t = &im->layout.tracks[i];
        struct exh_block block;
        assert_true(exh_block_open(&block, room, t->main_bytes, 0, &err));
        for (uint64_t k = 0; ok && k < t->sectors; k += block.count) {
            block.track = t;
            block.lba = t->first + (int64_t)k;
            block.count = (uint32_t)(t->sectors - k < room ? t->sectors - k : room);
            block.bad = 0;
            memcpy(block.main, at, (size_t)block.count * t->main_bytes);
            at += (size_t)block.count * t->main_bytes;
            for (uint32_t n = 0; n < block.count; n++) {
                const struct exh_range *r = exh_sectors_find(&im->bad, block.lba + n);
                block.state[n] = (uint8_t)(r != NULL && r->lba <= block.lba + n ? r->state : EXH_GOOD);
                block.bad += block.state[n] != EXH_GOOD;
            }
            ok = ops->take(&im->sink->consumer, &block, NULL, &err);
        }
        exh_block_close(&block);
    }
    return ok;
}

static void write_disc(struct image *im, uint32_t room)
{
    must(exh_ewf_write_create(&im->create, &im->sink, &err));
    must(feed_disc(im, room));
    must(exh_sectors_copy(&im->seal.unreadable, &im->bad, &err));
    must(exh_sink_seal(im->sink, &im->layout, &im->seal, &err));
}

/* ---- reading back ---- */

/* The whole stream of a medium, track by track, and its states. */
static uint8_t *read_disc(struct exh_medium *medium, uint8_t *states)
{
    uint8_t *data = calloc(1, (size_t)exh_layout_bytes(medium->layout)), *at = data;
    struct exh_scratch *scratch = NULL;
    struct exh_faults faults = {0};
    must(exh_medium_scratch(medium, &scratch, &err));
    for (uint32_t i = 0; i < medium->layout->track_count; i++) {
        const struct exh_track *t = &medium->layout->tracks[i];
        struct exh_block block;
        assert_true(exh_block_open(&block, 23, t->main_bytes, 0, &err));
        for (uint64_t k = 0; k < t->sectors; k += block.count) {
            struct exh_want want = {.track = t, .lba = t->first + (int64_t)k, .count = (uint32_t)(t->sectors - k < 23 ? t->sectors - k : 23)};
            must(exh_medium_read(medium, scratch, &want, &block, &faults, &err));
            memcpy(at, block.main, (size_t)want.count * t->main_bytes);
            memcpy(states, block.state, want.count);
            at += (size_t)want.count * t->main_bytes;
            states += want.count;
        }
        exh_block_close(&block);
    }
    exh_faults_close(&faults);
    exh_scratch_close(scratch);
    return data;
}

static void expect_bytes(const struct image *im, struct exh_medium *medium)
{
    uint64_t sectors = exh_layout_sectors(&im->layout);
    uint8_t *states = malloc(sectors), *data = read_disc(medium, states);
    assert_int_equal(exh_layout_sectors(medium->layout), sectors);
    assert_memory_equal(data, im->data, im->bytes);
    for (uint32_t i = 0; i < im->layout.track_count; i++) {
        const struct exh_track *t = &im->layout.tracks[i];
        for (uint64_t k = 0; k < t->sectors; k++) {
            const struct exh_range *r = exh_sectors_find(&im->bad, t->first + (int64_t)k);
            bool bad = r != NULL && r->lba <= t->first + (int64_t)k;
            assert_int_equal(states[exh_ewf_tracks_before(&im->layout, t, t->first + (int64_t)k)], bad ? EXH_BAD : EXH_GOOD);
        }
    }
    free(states);
    free(data);
}

/* Kinds and lengths are those of the disc; places are counted without its gaps. */
static void expect_tracks(const struct exh_layout *meant, const struct exh_layout *held)
{
    int64_t first = 0;
    assert_int_equal(held->kind, EXH_LAYOUT_DISC);
    assert_int_equal(held->track_count, meant->track_count);
    for (uint32_t i = 0; i < meant->track_count; i++) {
        const struct exh_track *a = &meant->tracks[i], *b = &held->tracks[i];
        assert_int_equal(b->number, a->number);
        assert_int_equal(b->session, a->session);
        assert_string_equal(exh_track_mode(b), exh_track_mode(a));
        assert_int_equal(b->control, a->control);
        assert_int_equal(b->first, first);
        assert_int_equal(b->sectors, a->sectors);
        first += (int64_t)a->sectors;
    }
}

static unsigned count_remarks(struct exh_medium *medium, const char *check)
{
    struct exh_inspection in = {0};
    unsigned n = 0;
    must(exh_medium_inspect(medium, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        n += check == NULL || strcmp(in.remarks[i].check, check) == 0;
    exh_inspection_close(&in);
    return n;
}

/* ---- what is written ---- */

static void tracks_come_back(void **state)
{
    (void)state;
    struct exh_layout layout = enhanced_disc();
    struct image im;
    plan_disc(&im, &layout);
    fill_disc(&im);
    write_disc(&im, 40);
    struct exh_medium *medium = open_own("disk.E01");
    expect_tracks(&layout, medium->layout);
    expect_bytes(&im, medium);
    assert_int_equal(count_remarks(medium, NULL), 0);
    const struct exh_digest_value *held = exh_digests_find(&medium->seal->digests, "media", "md5");
    assert_non_null(held);
    assert_memory_equal(held->bytes, exh_digests_find(&im.seal.digests, "media", "md5")->bytes, 16);
    exh_medium_close(medium);
    medium = open_witness(&im.sink->files);
    must(medium != NULL);
    expect_bytes(&im, medium); /* one run of the same sectors */
    exh_medium_close(medium);
    image_close(&im);
}

static void the_fields_tools_agree(void **state)
{
    (void)state;
    struct exh_layout layout = enhanced_disc();
    struct image im;
    plan_disc(&im, &layout);
    fill_disc(&im);
    write_disc(&im, 40);
    if (!have("ewfverify") || !have("ewfinfo")) {
        image_close(&im);
        skip();
    }
    assert_int_equal(RUN("ewfverify", "-q", "-d", "sha1", in_folder("disk.E01")), 0);
    assert_non_null(strstr(output, "SUCCESS"));
    assert_int_equal(RUN("ewfinfo", in_folder("disk.E01")), 0);
    assert_non_null(strstr(output, "optical disk (CD/DVD/BD)"));
    assert_non_null(strstr(output, "at sector(s): 0 - 197 number: 198"));  /* the first session: data and audio */
    assert_non_null(strstr(output, "at sector(s): 198 - 247 number: 50")); /* the second */
    assert_non_null(strstr(output, "at sector(s): 191 - 197 number: 7"));  /* the second track of audio */
    assert_int_equal(RUN("ewfexport", "-q", "-u", "-f", "raw", "-t", in_folder("out"), in_folder("disk.E01")), 0);
    uint8_t *raw = malloc((size_t)im.bytes + 1);
    int file = open(in_folder("out.raw"), O_RDONLY);
    assert_int_equal(read(file, raw, (size_t)im.bytes + 1), im.bytes);
    assert_memory_equal(raw, im.data, im.bytes);
    close(file);
    free(raw);
    image_close(&im);
}

/* How the sectors came is not to be seen in the file. */
static void blocks_of_any_size(void **state)
{
    (void)state;
    static const uint32_t rooms[] = {1, 7, 16, 400};
    uint8_t *first = NULL;
    off_t length = 0;
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        fresh_folder();
        struct exh_layout layout = enhanced_disc();
        struct image im;
        plan_disc(&im, &layout);
        fill_disc(&im);
        write_disc(&im, rooms[i]);
        uint8_t *bytes = malloc((size_t)size_of("disk.E01"));
        int file = open(in_folder("disk.E01"), O_RDONLY);
        assert_int_equal(read(file, bytes, (size_t)size_of("disk.E01")), size_of("disk.E01"));
        close(file);
        if (first == NULL) {
            first = bytes;
            length = size_of("disk.E01");
        } else {
            assert_int_equal(size_of("disk.E01"), length);
            assert_memory_equal(bytes, first, (size_t)length);
            free(bytes);
        }
        image_close(&im);
    }
    free(first);
}

static void unreadable_sectors_keep_their_place(void **state)
{
    (void)state;
    struct exh_layout layout = enhanced_disc();
    struct image im;
    plan_disc(&im, &layout);
    must(exh_sectors_mark(&im.bad, 60, 3, EXH_BAD, &err)); /* across the end of a track */
    must(exh_sectors_mark(&im.bad, layout.tracks[3].first + 10, 5, EXH_BAD, &err));
    fill_disc(&im);
    memset(im.data + 60 * RAW, 0, 3 * RAW);
    memset(im.data + (198 + 10) * RAW, 0, 5 * RAW);
    exh_seal_close(&im.seal);
    memset(&im.seal, 0, sizeof im.seal);
    add_digest(&im, "media", "md5", im.data, im.bytes);
    write_disc(&im, 40);
    struct exh_medium *medium = open_own("disk.E01");
    expect_bytes(&im, medium);
    assert_int_equal(exh_sectors_total(&medium->seal->unreadable, EXH_BAD), 8);
    const struct exh_range *r = exh_sectors_find(&medium->seal->unreadable, 208);
    assert_true(r != NULL && r->lba == 208 && r->count == 5); /* in the image's own numbers */
    exh_medium_close(medium);
    image_close(&im);
}

static void several_segments(void **state)
{
    (void)state;
    struct exh_layout layout = {.kind = EXH_LAYOUT_DISC};
    add_track(&layout, EXH_TRACK_MODE1, RAW, 601, 1, 0);
    for (unsigned i = 0; i < 98; i++)
        add_track(&layout, EXH_TRACK_AUDIO, RAW, 17 + i % 3, 1, 0);
    struct image im;
    plan_disc(&im, &layout);
    im.create.segment_bytes = 1 << 20;
    im.create.compression = EXH_COMPRESS_NONE;
    fill_disc(&im);
    write_disc(&im, 75);
    assert_true(im.sink->files.count > 4);
    for (size_t i = 0; i < im.sink->files.count; i++)
        assert_true(size_of(im.sink->files.items[i]) <= 1 << 20);
    struct exh_medium *medium = NULL;
    must(exh_image_open(in_folder("disk.E01"), NULL, &(struct exh_open){0}, &medium, &err));
    expect_tracks(&layout, medium->layout);
    expect_bytes(&im, medium);
    assert_int_equal(count_remarks(medium, NULL), 0);
    exh_medium_close(medium);
    image_close(&im);
}

/* ---- one track ---- */

static void expect_single(enum exh_track_kind kind, uint32_t main_bytes, const char *mode, bool listed)
{
    fresh_folder();
    struct exh_layout layout = {.kind = EXH_LAYOUT_DISC};
    add_track(&layout, kind, main_bytes, 70, 1, 0);
    struct image im;
    plan_disc(&im, &layout);
    fill_disc(&im);
    must(exh_ewf_write_create(&im.create, &im.sink, &err));
    must(feed(&im, 0, 70, 2));
    must(exh_sink_seal(im.sink, &im.layout, &im.seal, &err));
    struct exh_medium *medium = open_own("disk.E01");
    assert_int_equal(medium->layout->kind, EXH_LAYOUT_DISC);
    assert_int_equal(medium->layout->track_count, 1);
    assert_string_equal(exh_track_mode(&medium->layout->tracks[0]), mode);
    struct exh_inspection in = {0};
    must(exh_medium_inspect(medium, &in, &err));
    unsigned entries = 0;
    for (size_t i = 0; i < in.fact_count; i++) {
        entries += strcmp(in.facts[i].key, "session") == 0;
        if (strcmp(in.facts[i].key, "media_type") == 0)
            assert_string_equal(in.facts[i].value, "optical (3)");
    }
    assert_int_equal(entries, listed);
    assert_int_equal(in.remark_count, 0);
    exh_inspection_close(&in);
    expect_bytes(&im, medium);
    exh_medium_close(medium);
    image_close(&im);
}

static void single_tracks(void **state)
{
    (void)state;
    expect_single(EXH_TRACK_BLOCKS, 2048, "BLOCKS/2048", false);
    expect_single(EXH_TRACK_MODE1, 2048, "BLOCKS/2048", true); /* could be a DVD's */
    expect_single(EXH_TRACK_MODE1, RAW, "MODE1/2352", true);
    expect_single(EXH_TRACK_MODE2, RAW, "MODE2/2352", true);
    expect_single(EXH_TRACK_MODE0, RAW, "MODE0/2352", true);
    expect_single(EXH_TRACK_AUDIO, RAW, "AUDIO", true);
    expect_single(EXH_TRACK_MODE2, 2336, "MODE2/2336", true);
}

static void a_disk_stays_one(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 1 << 20, 512, EXH_COMPRESS_FAST);
    image_write(&im);
    struct exh_medium *medium = open_own("disk.E01");
    assert_int_equal(medium->layout->kind, EXH_LAYOUT_DISK);
    exh_medium_close(medium);
    image_close(&im);
}

/* A file that ends within a sector, of a disc: the list and the notes both have a word in the layout. */
static void a_short_tail(void **state)
{
    (void)state;
    struct exh_layout layout = {.kind = EXH_LAYOUT_DISC};
    add_track(&layout, EXH_TRACK_MODE1, 2048, 20, 1, 0);
    add_track(&layout, EXH_TRACK_MODE1, 2048, 30, 2, 0);
    layout.tracks[1].tail_bytes = 100;
    struct image im;
    plan_disc(&im, &layout);
    size_t whole = 50 * 2048;
    im.data = mixed_data(whole);
    memset(im.data + im.bytes, 0, whole - im.bytes);
    add_digest(&im, "media", "md5", im.data, im.bytes);
    add_digest(&im, "padded", "md5", im.data, whole);
    write_disc(&im, 16);
    struct exh_medium *medium = open_own("disk.E01");
    assert_int_equal(medium->layout->track_count, 2);
    assert_int_equal(medium->layout->tracks[0].tail_bytes, 0);
    assert_int_equal(medium->layout->tracks[1].tail_bytes, 100);
    assert_int_equal(exh_layout_bytes(medium->layout), im.bytes);
    assert_non_null(exh_digests_find(&medium->seal->digests, "padded", "md5"));
    exh_medium_close(medium);
    image_close(&im);
}

/* ---- what does not fit ---- */

static bool fits(const struct exh_layout *layout, struct exh_losses *losses)
{
    exh_error_clear(&err);
    return exh_format_named("ewf")->fits(layout, losses, &err);
}

static void expect_refused(const struct exh_layout *layout, const char *text)
{
    struct exh_losses losses = {0};
    assert_false(fits(layout, &losses));
    assert_int_equal(err.code, EXH_REFUSED);
    if (strstr(err.text, text) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, text);
    exh_losses_close(&losses);
    struct exh_sink *sink = NULL;
    struct exh_create create = {.folder = folder, .name = "no.E01", .declared = layout, .program = "x", .platform = "y"};
    exh_error_clear(&err);
    assert_false(exh_ewf_write_create(&create, &sink, &err));
    assert_int_equal(size_of("no.E01"), -1);
}

static void refusals(void **state)
{
    (void)state;
    struct exh_layout layout = enhanced_disc();
    layout.tracks[0].main_bytes = 2048;
    expect_refused(&layout, "track 1 has 2048 bytes, track 2 has 2352");
    layout = enhanced_disc();
    layout.tracks[1].tail_bytes = 8;
    expect_refused(&layout, "track 2, which ends within a sector");
    layout = enhanced_disc();
    layout.tracks[2].sectors = 0;
    expect_refused(&layout, "track 3, which is empty");
    layout = enhanced_disc();
    layout.tracks[3].sectors = 1ULL << 32;
    expect_refused(&layout, "32 bits");
}

static void gone_on_with(void **state)
{
    (void)state;
    struct exh_layout layout = enhanced_disc();
    struct image im;
    plan_disc(&im, &layout);
    im.create.resume = true;
    im.create.resume_sectors = 16;
    assert_false(exh_ewf_write_create(&im.create, &im.sink, &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    im.create.resume_sectors = 0;
    exh_error_clear(&err);
    fill_disc(&im);
    write_disc(&im, 30);
    uint64_t kept = 99;
    must(exh_sink_save(im.sink, &kept, &err));
    assert_int_equal(kept, 0);
    struct exh_block block; /* a sector twice */
    assert_true(exh_block_open(&block, 1, RAW, 0, &err));
    block.track = &im.layout.tracks[0];
    block.lba = 0;
    block.count = 1;
    assert_false(im.sink->consumer.ops->take(&im.sink->consumer, &block, NULL, &err));
    assert_int_equal(err.code, EXH_BUG);
    exh_block_close(&block);
    image_close(&im);
}

static void losses_are_named(void **state)
{
    (void)state;
    struct exh_layout layout = enhanced_disc();
    struct exh_losses losses = {0};
    assert_true(fits(&layout, &losses));
    assert_int_equal(losses.count, 1);
    assert_string_equal(losses.items[0].text, "the LBA of track 4"); /* the gap between the sessions */
    exh_losses_close(&losses);
    struct exh_disc disc = {.mcn = "1234567890123"};
    static const uint8_t pack[EXH_CDTEXT_PACK_BYTES] = {0x80};
    assert_true(exh_disc_add_pack(&disc, pack, &err) && exh_disc_add_index(&disc, 2, 2, 90, &err));
    layout.disc = &disc;
    layout.tracks[1].pregap = layout.tracks[1].stored_pregap = 20;
    layout.tracks[2].pregap = 30;
    layout.tracks[1].control = EXH_CONTROL_PRE_EMPHASIS;
    layout.tracks[0].sub_bytes = layout.tracks[1].sub_bytes = layout.tracks[2].sub_bytes = 96;
    layout.tracks[2].session = 2; /* a session that begins with audio */
    (void)snprintf(layout.tracks[2].isrc, sizeof layout.tracks[2].isrc, "%s", "DEABC1234567");
    assert_true(fits(&layout, &losses));
    static const char *const wanted[] = {"the session of track 3",
                                         "the LBA of track 4",
                                         "the pregap and postgap of track 2 and 1 more",
                                         "the subchannel of track 1 and 2 more",
                                         "the ISRC of track 3",
                                         "the control bits of track 2",
                                         "the MCN",
                                         "CD-TEXT",
                                         "INDEX 02 and higher"};
    assert_int_equal(losses.count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < losses.count; i++)
        assert_string_equal(losses.items[i].text, wanted[i]);
    exh_losses_close(&losses);
    exh_disc_close(&disc);
    struct exh_layout disk;
    exh_layout_disk(&disk, 1 << 20, 512);
    assert_true(fits(&disk, &losses));
    assert_int_equal(losses.count, 0);
}

/* ---- lists that lie ---- */

static uint32_t adler(const uint8_t *p, size_t n)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < n; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static uint8_t list_file[1 << 20];
static size_t list_bytes, list_at; /* the body of `session` in it */

/* A disc of four tracks in a file, and where its list of tracks lies. */
static void make_list(uint32_t main_bytes)
{
    fresh_folder();
    struct exh_layout layout = enhanced_disc();
    for (uint32_t i = 0; i < layout.track_count; i++) {
        layout.tracks[i].main_bytes = main_bytes;
        if (main_bytes != RAW)
            layout.tracks[i].kind = EXH_TRACK_MODE1;
    }
    struct image im;
    plan_disc(&im, &layout);
    fill_disc(&im);
    write_disc(&im, 40);
    image_close(&im);
    int file = open(in_folder("disk.E01"), O_RDONLY);
    list_bytes = (size_t)read(file, list_file, sizeof list_file);
    close(file);
    assert_true(list_bytes < sizeof list_file);
    size_t at = 13;
    while (memcmp(list_file + at, "session", 8) != 0)
        at = (size_t)exh_le64(list_file + at + 16);
    list_at = at + 76;
    assert_int_equal(exh_le32(list_file + list_at), 4);
}

static void set_entry(uint32_t i, uint32_t flags, uint32_t first)
{
    exh_put_le32(list_file + list_at + 36 + 32 * (size_t)i, flags);
    exh_put_le32(list_file + list_at + 36 + 32 * (size_t)i + 4, first);
}

static struct exh_medium *open_list(uint32_t count)
{
    uint8_t *body = list_file + list_at;
    exh_put_le32(body, count);
    exh_put_le32(body + 32, adler(body, 32));
    if (count <= 4)
        exh_put_le32(body + 36 + 32 * (size_t)count, adler(body + 36, 32 * (size_t)count));
    int file = open(in_folder("disk.E01"), O_WRONLY | O_TRUNC);
    assert_int_equal(write(file, list_file, list_bytes), list_bytes);
    close(file);
    exh_error_clear(&err);
    return open_own("disk.E01");
}

static void expect_list(uint32_t count, uint32_t tracks, unsigned remarks)
{
    struct exh_medium *medium = open_list(count);
    assert_int_equal(medium->layout->track_count, tracks);
    assert_int_equal(exh_layout_sectors(medium->layout), 248);
    assert_int_equal(count_remarks(medium, "session"), remarks);
    exh_medium_close(medium);
}

static void lists_that_lie(void **state)
{
    (void)state;
    make_list(RAW);
    assert_int_equal(exh_le32(list_file + list_at + 36), 0); /* data, at "16" */
    assert_int_equal(exh_le32(list_file + list_at + 40), 16);
    assert_int_equal(exh_le32(list_file + list_at + 36 + 32), 1); /* audio */
    assert_int_equal(exh_le32(list_file + list_at + 40 + 32), 61);
    expect_list(4, 4, 0);
    set_entry(0, 0, 0);
    expect_list(4, 4, 0);
    set_entry(0, 0, 5);
    expect_list(4, 4, 1);
    set_entry(0, 0, 16);
    set_entry(2, 1, 61); /* a track without sectors */
    expect_list(4, 1, 1);
    set_entry(2, 1, 30); /* backwards */
    expect_list(4, 1, 1);
    set_entry(2, 1, 191);
    set_entry(3, 0, 248); /* behind the end */
    expect_list(4, 1, 1);
    set_entry(3, 0, 0xffffffff);
    expect_list(4, 1, 1);
    set_entry(3, 0xfffffffe, 198); /* flags that are not known: no audio */
    expect_list(4, 4, 0);
    expect_list(0, 1, 0);
    struct exh_medium *medium = open_list(0xffffffff); /* more than there are */
    assert_int_equal(medium->layout->track_count, 1);
    assert_int_equal(count_remarks(medium, "section-checksum"), 1);
    exh_medium_close(medium);
    medium = open_list(4);
    exh_medium_close(medium);
    list_file[list_at + 40 + 32] ^= 1; /* damage, not a lie: its checksum fails */
    int file = open(in_folder("disk.E01"), O_WRONLY);
    assert_int_equal(write(file, list_file, list_bytes), list_bytes);
    close(file);
    medium = open_own("disk.E01");
    assert_int_equal(medium->layout->track_count, 1);
    assert_int_equal(count_remarks(medium, "section-checksum"), 1);
    exh_medium_close(medium);
}

static void audio_of_2048_bytes(void **state)
{
    (void)state;
    make_list(2048);
    struct exh_medium *medium = open_list(4);
    assert_string_equal(exh_track_mode(&medium->layout->tracks[1]), "MODE1/2048");
    assert_int_equal(medium->layout->tracks[3].session, 4); /* each entry of data begins one */
    exh_medium_close(medium);
    set_entry(1, 1, 61);
    expect_list(4, 4, 1);
    medium = open_list(4);
    assert_string_equal(exh_track_mode(&medium->layout->tracks[1]), "BLOCKS/2048");
    exh_medium_close(medium);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(tracks_come_back),
        T(the_fields_tools_agree),
        T(blocks_of_any_size),
        T(unreadable_sectors_keep_their_place),
        T(several_segments),
        T(single_tracks),
        T(a_disk_stays_one),
        T(a_short_tail),
        T(refusals),
        T(gone_on_with),
        T(losses_are_named),
        T(lists_that_lie),
        T(audio_of_2048_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
