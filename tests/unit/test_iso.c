/* Images of 2048-byte sectors: what is taken for one, how it reads, what is told of its size, and what can be written as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/disk/raw.h"
#include "formats/model/bytes.h"
#include "formats/model/disc.h"
#include "formats/model/text.h"
#include "formats/optical/iso.h"

#define SECTOR 2048u

static struct exh_error err;
static char folder[64];
static char path[128];
static uint8_t image[300 * SECTOR];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-test-iso-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(name);
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

static void save(const char *name, const void *bytes, size_t length)
{
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    assert_int_equal(close(fd), 0);
}

/* 100 sectors with an ISO 9660 volume of 100, bytes that differ from sector to sector. */
static void plain_image(void)
{
    memset(image, 0, sizeof image);
    for (size_t i = 18 * SECTOR; i < 100 * SECTOR; i++)
        image[i] = (uint8_t)(i / SECTOR * 7 + i);
    uint8_t *d = image + 16 * SECTOR;
    d[0] = 1;
    memcpy(d + 1, "CD001\1", 6);
    memset(d + 8, ' ', 64);
    memcpy(d + 40, "LABEL", 5);
    exh_put_le32(d + 80, 100), exh_put_be32(d + 84, 100);
    d[129] = 8, d[130] = 8;
    d += SECTOR;
    d[0] = 255;
    memcpy(d + 1, "CD001\1", 6);
}

static struct exh_medium *open_as(const char *format)
{
    struct exh_open options = {0};
    struct exh_medium *medium = NULL;
    exh_error_clear(&err);
    return exh_image_open(path, format != NULL ? exh_format_named(format) : NULL, &options, &medium, &err) ? medium : NULL;
}

static void expect_format(const char *name, size_t bytes, const char *format)
{
    save(name, image, bytes);
    struct exh_medium *medium = open_as(NULL);
    if (medium == NULL)
        fail_msg("%s: %s", name, err.text);
    if (strcmp(medium->format, format) != 0)
        fail_msg("%s is taken for %s, not %s", name, medium->format, format);
    exh_medium_close(medium);
}

static bool inspected(struct exh_medium *medium, const char *check, enum exh_outcome outcome, const char *text)
{
    struct exh_inspection in = {0};
    bool seen = false;
    assert_true(exh_medium_inspect(medium, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        seen = seen || (strcmp(in.remarks[i].check, check) == 0 && in.remarks[i].outcome == outcome && strstr(in.remarks[i].detail, text) != NULL);
    exh_inspection_close(&in);
    return seen;
}

static unsigned count_remarks(struct exh_medium *medium)
{
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(medium, &in, &err));
    unsigned n = (unsigned)in.remark_count;
    exh_inspection_close(&in);
    return n;
}

/* ---- recognising ---- */

static void any_name_will_do(void **state)
{
    (void)state;
    plain_image();
    expect_format("a.iso", 100 * SECTOR, "iso");
    expect_format("a.img", 100 * SECTOR, "iso");
    expect_format("a.raw", 100 * SECTOR, "iso");
    expect_format("a.dd", 100 * SECTOR, "iso");
    expect_format("a", 100 * SECTOR, "iso");
    expect_format("a.udf", 100 * SECTOR, "iso");
    /* A loader for disks in front: what began as a disc's stays one. */
    image[510] = 0x55, image[511] = 0xaa;
    memcpy(image + 512, "EFI PART", 8);
    expect_format("hybrid.img", 100 * SECTOR, "iso");
    memset(image + 16 * SECTOR, 0, 2 * SECTOR);
    memcpy(image + 16 * SECTOR + 1, "BEA01", 5);
    memcpy(image + 17 * SECTOR + 1, "NSR03", 5);
    expect_format("u.img", 100 * SECTOR, "iso");
    memset(image + 16 * SECTOR, 0, 2 * SECTOR);
    memcpy(image + 16 * SECTOR + 9, "CDROM", 5);
    expect_format("h.img", 100 * SECTOR, "iso");
}

static void disks_stay_raw(void **state)
{
    (void)state;
    memset(image, 0, sizeof image);
    expect_format("zeros.img", sizeof image, "raw");
    expect_format("short.img", 100, "raw");
    expect_format("cut.img", 16 * SECTOR + 3, "raw");
    image[510] = 0x55, image[511] = 0xaa; /* MBR */
    expect_format("mbr.dd", sizeof image, "raw");
    memcpy(image + 512, "EFI PART", 8); /* GPT */
    expect_format("gpt.raw", sizeof image, "raw");
    memset(image, 0, sizeof image);
    image[1024 + 56] = 0x53, image[1024 + 57] = 0xef; /* ext4 */
    expect_format("ext4.img", sizeof image, "raw");
    memset(image, 0, sizeof image);
    memcpy(image, "ER", 2); /* a Macintosh's disk */
    expect_format("apple.img", sizeof image, "raw");
    expect_format("apple.iso", sizeof image, "iso"); /* and a disc */
    memset(image, 0, sizeof image);                  /* a raw image of 2352-byte sectors: its descriptor begins at 16 * 2352 + 16 */
    memcpy(image + 16 * 2352 + 16, "\1CD001\1", 7);
    expect_format("track.bin", sizeof image, "raw");
}

static void a_name_is_not_enough(void **state)
{
    (void)state;
    memset(image, 0, sizeof image);
    save("empty.iso", image, sizeof image - 3);
    assert_null(open_as(NULL));
    assert_int_equal(err.code, EXH_CORRUPT);
    struct exh_medium *medium = open_as("iso");
    assert_non_null(medium);
    exh_medium_close(medium);
    save("empty.iso", image, sizeof image); /* whole sectors: user data of a track without any file system */
    medium = open_as(NULL);
    assert_non_null(medium);
    assert_string_equal(medium->format, "iso");
    assert_true(inspected(medium, "volume", EXH_WARNS, "no file system is found"));
    exh_medium_close(medium);
    medium = open_as("raw");
    assert_non_null(medium);
    exh_medium_close(medium);
}

/* ---- reading ---- */

static void sectors_and_layout(void **state)
{
    (void)state;
    plain_image();
    save("read.iso", image, 100 * SECTOR);
    struct exh_medium *medium = open_as(NULL);
    assert_non_null(medium);
    const struct exh_track *t = &medium->layout->tracks[0];
    assert_int_equal(medium->layout->kind, EXH_LAYOUT_DISC);
    assert_string_equal(medium->layout->disc->medium, "");
    assert_int_equal(medium->layout->track_count, 1);
    assert_string_equal(exh_track_mode(t), "BLOCKS/2048");
    assert_true(t->first == 0 && t->sectors == 100 && t->tail_bytes == 0);
    struct exh_block block = {0};
    assert_true(exh_block_open(&block, 60, SECTOR, 0, &err));
    struct exh_want want = {.track = t, .lba = 40, .count = 60, .effort = EXH_THOROUGH};
    struct exh_faults faults = {0};
    assert_true(exh_medium_read(medium, NULL, &want, &block, &faults, &err));
    assert_memory_equal(block.main, image + 40 * SECTOR, 60 * SECTOR);
    assert_int_equal(block.bad, 0);
    assert_int_equal(count_remarks(medium), 0);
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_medium_close(medium);
}

static void sizes_are_judged(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        uint8_t last;
        enum exh_outcome outcome;
        const char *text;
    } cases[] = {
        {99 * SECTOR, 0, EXH_FAILS, "missing: 1"},
        {100 * SECTOR - 1, 0, EXH_FAILS, "missing: 1"},
        {102 * SECTOR, 0, EXH_WARNS, "padded: 2 sectors"},
        {115 * SECTOR, 0, EXH_WARNS, "padded: 15 sectors"},
        {250 * SECTOR, 0, EXH_WARNS, "padded: 150 sectors"},
        {102 * SECTOR, 1, EXH_WARNS, "appended: 2 sectors lie behind the 100 that the volumes need, not zeros from LBA 101 on"},
        {250 * SECTOR, 1, EXH_WARNS, "appended: 150 sectors"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plain_image();
        if (cases[i].last != 0)
            image[cases[i].bytes - 1] = cases[i].last;
        save("size.iso", image, cases[i].bytes);
        struct exh_medium *medium = open_as(NULL);
        assert_non_null(medium);
        if (!inspected(medium, "volume-size", cases[i].outcome, cases[i].text))
            fail_msg("%zu bytes: not '%s'", cases[i].bytes, cases[i].text);
        bool odd = cases[i].bytes % SECTOR != 0;
        assert_int_equal(count_remarks(medium), odd ? 2 : 1);
        assert_int_equal(medium->layout->tracks[0].tail_bytes, cases[i].bytes % SECTOR);
        exh_medium_close(medium);
    }
}

static void parts_are_joined(void **state)
{
    (void)state;
    plain_image();
    save("p.iso.002", image + 60 * SECTOR, 40 * SECTOR);
    save("p.iso.001", image, 60 * SECTOR);
    struct exh_medium *medium = open_as(NULL);
    assert_non_null(medium);
    assert_string_equal(medium->format, "iso");
    assert_int_equal(medium->files->count, 2);
    assert_int_equal(medium->layout->tracks[0].sectors, 100);
    assert_int_equal(count_remarks(medium), 0);
    exh_medium_close(medium);
}

/* ---- writing ---- */

static struct exh_layout layout_of(enum exh_track_kind kind, uint32_t main_bytes)
{
    struct exh_layout layout = {.kind = EXH_LAYOUT_DISC, .track_count = 1};
    layout.tracks[0] = (struct exh_track){.number = 1, .session = 1, .kind = kind, .sectors = 100, .main_bytes = main_bytes};
    return layout;
}

static void what_fits(void **state)
{
    (void)state;
    static const struct {
        enum exh_track_kind kind;
        uint32_t bytes;
        bool fits;
    } cases[] = {{EXH_TRACK_BLOCKS, 2048, true}, {EXH_TRACK_MODE1, 2048, true},  {EXH_TRACK_MODE2, 2048, true},  {EXH_TRACK_BLOCKS, 512, false},
                 {EXH_TRACK_MODE1, 2352, false}, {EXH_TRACK_MODE2, 2336, false}, {EXH_TRACK_AUDIO, 2352, false}, {EXH_TRACK_MODE0, 2048, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exh_layout layout = layout_of(cases[i].kind, cases[i].bytes);
        struct exh_losses losses = {0};
        exh_error_clear(&err);
        assert_int_equal(exh_format_iso.fits(&layout, &losses, &err), cases[i].fits);
        assert_int_equal(err.code, cases[i].fits ? EXH_OK : EXH_REFUSED);
        assert_int_equal(losses.count, cases[i].fits && cases[i].kind == EXH_TRACK_MODE2);
        exh_losses_close(&losses);
    }
    struct exh_layout two = layout_of(EXH_TRACK_MODE1, 2048);
    two.tracks[1] = two.tracks[0];
    two.tracks[1].number = 2;
    two.tracks[1].first = 100;
    two.track_count = 2;
    struct exh_losses losses = {0};
    assert_false(exh_format_iso.fits(&two, &losses, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "user data of one track"));
    exh_losses_close(&losses);
}

static bool named(const struct exh_losses *losses, const char *text)
{
    for (size_t i = 0; i < losses->count; i++)
        if (strstr(losses->items[i].text, text) != NULL)
            return true;
    return false;
}

static void losses_are_named(void **state)
{
    (void)state;
    struct exh_disc disc = {.medium = "CD-R", .mcn = "1234567890123"};
    static const uint8_t pack[EXH_CDTEXT_PACK_BYTES] = {0x80};
    assert_true(exh_disc_add_pack(&disc, pack, &err));
    assert_true(exh_disc_add_index(&disc, 1, 2, 50, &err));
    assert_true(exh_disc_set_lead_out(&disc, 1, 260, 0x20, &err));
    struct exh_layout layout = layout_of(EXH_TRACK_MODE2, 2048);
    layout.disc = &disc;
    layout.tracks[0].sub_bytes = 96;
    layout.tracks[0].control = EXH_CONTROL_DATA | EXH_CONTROL_COPY;
    layout.tracks[0].first = 150;
    layout.tracks[0].pregap = 150;
    (void)snprintf(layout.tracks[0].isrc, sizeof layout.tracks[0].isrc, "%s", "DEABC1234567");
    struct exh_losses losses = {0};
    assert_true(exh_format_iso.fits(&layout, &losses, &err));
    static const char *const wanted[] = {"CD-R",         "MCN",     "CD-TEXT", "INDEX 02", "sessions end", "subchannel",
                                         "control bits", "LBA 150", "ISRC",    "pregap",   "MODE2/2048",   "disc type"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!named(&losses, wanted[i]))
            fail_msg("the loss of '%s' is not named", wanted[i]);
    assert_int_equal(losses.count, sizeof wanted / sizeof wanted[0]);
    exh_losses_close(&losses);
    exh_disc_close(&disc);
    /* What follows from the track is none. */
    struct exh_disc plain = {.medium = "CD"};
    assert_true(exh_disc_set_lead_out(&plain, 1, 100, 0, &err));
    layout = layout_of(EXH_TRACK_MODE1, 2048);
    layout.tracks[0].control = EXH_CONTROL_DATA;
    layout.disc = &plain;
    assert_true(exh_format_iso.fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 0);
}

static void written_and_read_back(void **state)
{
    (void)state;
    plain_image();
    struct exh_layout layout = layout_of(EXH_TRACK_MODE1, 2048);
    layout.tracks[0].first = 50; /* a track of a disc keeps its LBAs, the file begins at its first byte */
    struct exh_create create = {.folder = folder, .name = "new.iso", .declared = &layout};
    struct exh_sink *sink = NULL;
    assert_true(exh_format_iso.create(&create, &sink, &err));
    struct exh_block block = {0};
    assert_true(exh_block_open(&block, 60, SECTOR, 0, &err));
    for (int64_t lba = 50; lba < 150; lba += 50) {
        block.track = &layout.tracks[0];
        block.lba = lba;
        block.count = 50;
        memcpy(block.main, image + (lba - 50) * SECTOR, 50 * SECTOR);
        memset(block.state, EXH_GOOD, 50);
        assert_true(sink->consumer.ops->take(&sink->consumer, &block, NULL, &err));
    }
    struct exh_seal seal = {0};
    assert_true(exh_sink_seal(sink, &layout, &seal, &err));
    exh_sink_close(sink);
    exh_block_close(&block);
    (void)snprintf(path, sizeof path, "%s/new.iso", folder);
    static uint8_t back[sizeof image];
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, back, sizeof back), 100 * SECTOR);
    (void)close(fd);
    assert_memory_equal(back, image, 100 * SECTOR);
    struct exh_medium *medium = open_as(NULL);
    assert_non_null(medium);
    assert_string_equal(medium->format, "iso");
    exh_medium_close(medium);
    layout.tracks[0].main_bytes = 2352;
    create.name = "not.iso";
    assert_false(exh_format_iso.create(&create, &sink, &err));
    assert_int_equal(err.code, EXH_REFUSED);
}

/* ---- images that others made ---- */

struct sample {
    const char *file;
    uint64_t pvd;     /* 0: no ISO 9660 */
    const char *size; /* how the remark on the size begins; NULL: none */
};

static const struct sample samples[] = {
    {"libcdio/bad-dir.iso", 174, "truncated: the volumes need 174 sectors and 24 are there"},
    {"libcdio/copying-rr.iso", 186, NULL},
    {"libcdio/copying.iso", 64, NULL},
    {"libcdio/deep-directory.iso", 194, NULL},
    {"libcdio/joliet.iso", 198, NULL},
    {"libcdio/malformed.iso", 808464432, "truncated: the volumes need 808464432 sectors and 23 are there"},
    {"libcdio/malformed2.iso", 26, "truncated: the volumes need 26 sectors and 25 are there"},
    {"libcdio/multi_extent_8k.iso", 60, NULL},
    {"libcdio/multi_extent_8k_emul_toc_padded.iso", 82, "padded: 174 sectors lie behind the 82"},
    {"libcdio/multi_extent_8k_joliet.iso", 60, NULL},
    {"libcdio/test-udf1.iso", 445, NULL},
    {"libcdio/udf102.iso", 0, NULL},
    {"dfvfs/iso9660.raw", 179, NULL},
    {"debian-made/dvdisaster-rs02.iso", 171, "appended: 79 sectors lie behind the 171"},
    {"debian-made/genisoimage-eltorito.iso", 29, NULL},
    {"debian-made/genisoimage-nopad.iso", 41, NULL},
    {"debian-made/genisoimage-pad150.iso", 191, NULL},
    {"debian-made/implantisomd5-pass.iso", 464, NULL},
    {"debian-made/implantisomd5-small-falsefail.iso", 191, NULL},
    {"debian-made/mkudffs-bdr-0x0250.udf", 0, "padded: 30 sectors lie behind the 320"},
    {"debian-made/mkudffs-cdr-0x0150.udf", 0, NULL},
    {"debian-made/mkudffs-hd-0x0201.udf", 0, NULL},
    {"debian-made/xorriso-multisession.iso", 130, "padded: 30 sectors lie behind the 130"},
};

static void check_sample(const struct sample *s)
{
    struct exh_medium *medium = open_as(NULL);
    struct exh_inspection in = {0};
    char needs[64];
    bool pvd = s->pvd == 0;
    const char *size = NULL;
    if (medium == NULL)
        fail_msg("%s: %s", path, err.text);
    assert_string_equal(medium->format, "iso");
    assert_true(exh_medium_inspect(medium, &in, &err));
    (void)snprintf(needs, sizeof needs, "at LBA 16: needs %llu sectors", (unsigned long long)s->pvd);
    for (size_t i = 0; i < in.fact_count; i++)
        pvd = pvd || (strcmp(in.facts[i].key, "volume") == 0 && strncmp(in.facts[i].value, "ISO 9660", 8) == 0 && strstr(in.facts[i].value, needs));
    if (!pvd)
        fail_msg("%s: no volume %s", path, needs);
    for (size_t i = 0; i < in.remark_count; i++)
        if (strcmp(in.remarks[i].check, "volume-size") == 0)
            size = in.remarks[i].detail;
    if ((size == NULL) != (s->size == NULL) || (size != NULL && strncmp(size, s->size, strlen(s->size)) != 0))
        fail_msg("%s: '%s', not '%s'", path, size != NULL ? size : "(nothing)", s->size != NULL ? s->size : "(nothing)");
    exh_inspection_close(&in);
    exh_medium_close(medium);
}

static void the_corpus(void **state)
{
    (void)state;
    const char *corpus = getenv("EXHIBIT_CORPUS") != NULL ? getenv("EXHIBIT_CORPUS") : getenv("EXHIBIT_CORPUS_DEFAULT");
    char root[96];
    (void)snprintf(root, sizeof root, "%s/optical", corpus != NULL ? corpus : ".");
    if (access(root, R_OK) != 0) {
        print_message("no corpus (EXHIBIT_CORPUS): skipped\n");
        skip();
    }
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        (void)snprintf(path, sizeof path, "%.90s/%s", root, samples[i].file);
        check_sample(&samples[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_name_will_do),   cmocka_unit_test(disks_stay_raw),   cmocka_unit_test(a_name_is_not_enough),
        cmocka_unit_test(sectors_and_layout), cmocka_unit_test(sizes_are_judged), cmocka_unit_test(parts_are_joined),
        cmocka_unit_test(what_fits),          cmocka_unit_test(losses_are_named), cmocka_unit_test(written_and_read_back),
        cmocka_unit_test(the_corpus),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
