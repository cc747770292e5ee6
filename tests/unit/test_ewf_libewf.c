/* The E01 writer and the second witness: what is written must satisfy the field's own tools (ewfverify, ewfexport, ewfinfo), byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/container/codec.h"
#include "formats/evidence/ewf_chunking.h"
#include "formats/evidence/ewf_fields.h"
#include "formats/evidence/ewf_libewf.h"
#include "formats/model/bytes.h"
#include "formats/model/format.h"
#include "formats/model/text.h"

static struct exh_error err;
static char folder[128];

/* ---- running other programs ---- */

static char output[1 << 16]; /* of the last one, both streams */

/* The exit status, or -1 when it could not be started. */
static int run(const char *const argv[])
{
    char path[192];
    (void)snprintf(path, sizeof path, "%s/output", folder);
    pid_t child = fork();
    if (child == 0) {
        int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open("/dev/null", O_RDONLY);
        dup2(in, 0), dup2(out, 1), dup2(out, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    int file = open(path, O_RDONLY);
    ssize_t n = read(file, output, sizeof output - 1);
    close(file);
    output[n > 0 ? n : 0] = '\0';
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static bool have(const char *program)
{
    char script[96];
    (void)snprintf(script, sizeof script, "command -v %s", program);
    if (RUN("sh", "-c", script) == 0)
        return true;
    print_message("%s is not installed: skipped\n", program);
    return false;
}

static int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%.80s/exhibit-ewf-XXXXXX", base != NULL ? base : "/tmp");
    exh_error_clear(&err);
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    return RUN("rm", "-rf", folder) != 0;
}

/* An empty one in place of the test's. */
static void fresh_folder(void)
{
    assert_int_equal(tear_down(NULL), 0);
    assert_int_equal(set_up(NULL), 0);
}

static const char *in_folder(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- media to write ---- */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
    return *seed;
}

/* Stretches of 24 KiB, so that they fall across chunks: zeros, noise, text, noise with a repeat, a ramp. */
static uint8_t *mixed_data(size_t bytes)
{
    uint8_t *data = malloc(bytes + 1);
    uint64_t seed = 88172645463325252ULL;
    assert_non_null(data);
    for (size_t i = 0; i < bytes; i++) {
        size_t stretch = i / 24576 % 5;
        data[i] = stretch == 0   ? 0
                  : stretch == 1 ? (uint8_t)(next_random(&seed) >> 24)
                  : stretch == 2 ? (uint8_t)("the quick brown fox "[i % 20])
                  : stretch == 3 ? (i % 8192 < 4096 ? (uint8_t)(next_random(&seed) >> 24) : data[i - 4096])
                                 : (uint8_t)i;
    }
    for (size_t i = 98304 * 4; i < bytes && i < 98304 * 5; i++)
        data[i] = 0; /* whole chunks of zeros too */
    return data;
}

struct image {
    struct exh_layout layout;
    struct exh_create create;
    struct exh_fields fields;
    struct exh_seal seal;
    struct exh_sectors bad; /* what the blocks say of their sectors */
    struct exh_sink *sink;
    uint8_t *data; /* whole sectors, the padding filled with a byte that must not be stored */
    uint64_t bytes;
};

static void image_plan(struct image *im, uint64_t bytes, uint32_t sector_bytes, enum exh_compression compression)
{
    memset(im, 0, sizeof *im);
    im->bytes = bytes;
    exh_layout_disk(&im->layout, bytes, sector_bytes);
    im->create = (struct exh_create){.folder = folder,
                                     .name = "disk.E01",
                                     .declared = &im->layout,
                                     .fields = &im->fields,
                                     .program = "exhibit 0.1.0",
                                     .platform = "Linux 6.1.0",
                                     .unix_time = 1577934245,
                                     .compression = compression,
                                     .physical = true,
                                     .guid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
}

static void image_fill(struct image *im)
{
    size_t whole = (size_t)im->layout.tracks[0].sectors * im->layout.tracks[0].main_bytes;
    im->data = mixed_data(whole);
    for (size_t i = 0; i < im->bad.count; i++)
        memset(im->data + (size_t)im->bad.ranges[i].lba * im->layout.tracks[0].main_bytes, 0,
               im->bad.ranges[i].count * im->layout.tracks[0].main_bytes);
    memset(im->data + im->bytes, 0xEE, whole - im->bytes);
}

static void add_digest(struct image *im, const char *scope, const char *algorithm, const uint8_t *data, size_t length)
{
    struct exh_digest_value value = {0};
    (void)snprintf(value.scope, sizeof value.scope, "%s", scope);
    (void)snprintf(value.algorithm, sizeof value.algorithm, "%s", algorithm);
    assert_int_equal(EVP_Digest(data, length, value.bytes, &value.length, EVP_get_digestbyname(algorithm), NULL), 1);
    assert_true(exh_digests_add(&im->seal.digests, &value, &err));
}

static void image_digests(struct image *im)
{
    const struct exh_track *t = &im->layout.tracks[0];
    size_t whole = (size_t)t->sectors * t->main_bytes;
    uint8_t *padded = calloc(1, whole);
    memcpy(padded, im->data, im->bytes);
    add_digest(im, "media", "md5", im->data, im->bytes);
    add_digest(im, "media", "sha1", im->data, im->bytes);
    add_digest(im, "media", "sha256", im->data, im->bytes);
    if (t->tail_bytes != 0) {
        add_digest(im, "padded", "md5", padded, whole);
        add_digest(im, "padded", "sha1", padded, whole);
    }
    free(padded);
}

/* Feeds sectors [from, to) in blocks of `units` chunks; false when the sink refused. */
static bool feed(struct image *im, uint64_t from, uint64_t to, uint32_t units)
{
    const struct exh_consumer_ops *ops = im->sink->consumer.ops;
    const struct exh_track *t = &im->layout.tracks[0];
    uint32_t room = units * im->sink->unit_sectors;
    struct exh_block block;
    assert_true(exh_block_open(&block, room, t->main_bytes, 0, &err));
    struct exh_scratch *scratch = ops->scratch_new(&im->sink->consumer);
    size_t result_bytes = ops->result_bytes(&im->sink->consumer, room, t->main_bytes);
    void *result = malloc(result_bytes);
    bool ok = true;
    for (uint64_t lba = from; ok && lba < to; lba += block.count) {
        block.track = t;
        block.lba = (int64_t)lba;
        block.count = (uint32_t)(to - lba < room ? to - lba : room);
        block.bad = 0;
        if (im->data != NULL)
            memcpy(block.main, im->data + lba * t->main_bytes, (size_t)block.count * t->main_bytes);
        else
            memset(block.main, 0, (size_t)block.count * t->main_bytes);
        for (uint32_t i = 0; i < block.count; i++) {
            const struct exh_range *r = exh_sectors_find(&im->bad, block.lba + i);
            block.state[i] = (uint8_t)(r != NULL && r->lba <= block.lba + i ? r->state : EXH_GOOD);
            block.bad += block.state[i] != EXH_GOOD;
        }
        memset(result, 0xA5, result_bytes);
        ok = ops->work(&im->sink->consumer, scratch, &block, result, &err) && ops->take(&im->sink->consumer, &block, result, &err);
        block.ticket++;
    }
    exh_scratch_close(scratch);
    free(result);
    exh_block_close(&block);
    return ok;
}

static void must(bool ok)
{
    if (!ok)
        fail_msg("%s: %s %s", exh_code_name(err.code), err.text, err.file);
}

static void image_write(struct image *im)
{
    image_fill(im);
    image_digests(im);
    must(exh_ewf_libewf_create(&im->create, &im->sink, &err));
    must(feed(im, 0, im->layout.tracks[0].sectors, 3));
    must(exh_sink_seal(im->sink, &im->layout, &im->seal, &err));
}

static void image_close(struct image *im)
{
    exh_sink_close(im->sink);
    exh_fields_close(&im->fields);
    exh_seal_close(&im->seal);
    exh_sectors_close(&im->bad);
    free(im->data);
    memset(im, 0, sizeof *im);
}

/* ---- what others make of it ---- */

static void expect_tools_agree(const struct image *im)
{
    const struct exh_track *t = &im->layout.tracks[0];
    size_t whole = (size_t)t->sectors * t->main_bytes;
    if (!have("ewfverify"))
        return;
    int status = RUN("ewfverify", "-q", "-d", "sha1", in_folder("disk.E01"));
    if (status != 0 || strstr(output, "SUCCESS") == NULL)
        fail_msg("ewfverify: %d %s", status, output);
    status = RUN("ewfexport", "-q", "-u", "-f", "raw", "-t", in_folder("out"), in_folder("disk.E01"));
    if (status != 0)
        fail_msg("ewfexport: %d %s", status, output);
    uint8_t *raw = malloc(whole + 1);
    int file = open(in_folder("out.raw"), O_RDONLY);
    assert_int_equal(read(file, raw, whole + 1), whole);
    assert_memory_equal(raw, im->data, im->bytes);
    assert_true(exh_all_zero(raw + im->bytes, whole - im->bytes));
    close(file);
    free(raw);
}

static struct exh_medium *open_witness(const struct exh_names *names)
{
    struct exh_names paths = {0};
    for (size_t i = 0; i < names->count; i++)
        assert_true(exh_names_add(&paths, names->items[i][0] == '/' ? names->items[i] : in_folder(names->items[i]), &err));
    struct exh_medium *medium = exh_ewf_libewf_open(&paths, &err);
    exh_names_close(&paths);
    return medium;
}

/* All sectors in one odd-sized stride, which crosses chunks; the states go to *states (whole medium). */
static uint8_t *read_all(struct exh_medium *medium, uint8_t *states)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    uint8_t *data = calloc(t->sectors, t->main_bytes);
    struct exh_block block;
    struct exh_faults faults = {0};
    struct exh_scratch *scratch = NULL;
    must(exh_medium_scratch(medium, &scratch, &err));
    assert_true(exh_block_open(&block, 101, t->main_bytes, 0, &err));
    for (uint64_t lba = 0; lba < t->sectors; lba += block.count) {
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = (uint32_t)(t->sectors - lba < 101 ? t->sectors - lba : 101)};
        memset(block.main, 0x77, (size_t)101 * t->main_bytes);
        must(exh_medium_read(medium, scratch, &want, &block, &faults, &err));
        memcpy(data + lba * t->main_bytes, block.main, (size_t)exh_block_bytes(&block));
        memcpy(states + lba, block.state, block.count);
    }
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    return data;
}

/* Our own reader, through the table of formats. */
static struct exh_medium *open_own(const char *name)
{
    struct exh_medium *medium = NULL;
    struct exh_open options = {0};
    must(exh_image_open(in_folder(name), NULL, &options, &medium, &err));
    assert_string_equal(medium->format, "ewf");
    return medium;
}

static void expect_medium(const struct image *im, struct exh_medium *medium)
{
    const struct exh_track *t = &im->layout.tracks[0];
    assert_int_equal(exh_layout_bytes(medium->layout), im->bytes);
    assert_int_equal(medium->layout->tracks[0].main_bytes, t->main_bytes);
    assert_int_equal(medium->unit_sectors, im->sink->unit_sectors);
    uint8_t *states = malloc(t->sectors), *data = read_all(medium, states);
    for (uint64_t i = 0; i < t->sectors; i++) {
        const struct exh_range *r = exh_sectors_find(&im->bad, (int64_t)i);
        bool bad = r != NULL && r->lba <= (int64_t)i && r->state < EXH_SUSPECT;
        if (states[i] != (bad ? EXH_BAD : EXH_GOOD))
            fail_msg("sector %llu is %s", (unsigned long long)i, exh_state_name(states[i]));
    }
    assert_memory_equal(data, im->data, im->bytes);
    const char *scope = t->tail_bytes != 0 ? "padded" : "media";
    const char *const algorithms[] = {"md5", "sha1"};
    for (size_t i = 0; i < 2; i++) {
        const struct exh_digest_value *held = exh_digests_find(&medium->seal->digests, scope, algorithms[i]);
        const struct exh_digest_value *meant = exh_digests_find(&im->seal.digests, scope, algorithms[i]);
        assert_non_null(held);
        assert_memory_equal(held->bytes, meant->bytes, meant->length);
    }
    free(states);
    free(data);
    exh_medium_close(medium);
}

static void expect_readers_agree(const struct image *im)
{
    struct exh_medium *medium = open_witness(&im->sink->files);
    must(medium != NULL);
    assert_string_equal(medium->format, "ewf-libewf");
    assert_false(medium->concurrent);
    expect_medium(im, medium);
    expect_medium(im, open_own(im->sink->files.items[0]));
}

/* ---- the tests ---- */

static void every_sector_size_and_compression(void **state)
{
    (void)state;
    const uint32_t sizes[] = {512, 2048, 2352, 4096};
    for (size_t s = 0; s < 4; s++)
        for (int c = EXH_COMPRESS_NONE; c <= EXH_COMPRESS_BEST; c++)
            for (int tail = 0; tail < 2; tail++) {
                struct image im;
                fresh_folder();
                image_plan(&im, sizes[s] * (1250000ULL / sizes[s]) + (tail ? sizes[s] / 3 : 0), sizes[s], (enum exh_compression)c);
                im.create.optical = sizes[s] == 2048;
                im.create.removable = sizes[s] == 4096;
                image_write(&im);
                assert_int_equal(im.sink->files.count, 1);
                assert_string_equal(im.sink->files.items[0], "disk.E01");
                expect_tools_agree(&im);
                expect_readers_agree(&im);
                image_close(&im);
            }
}

static void small_media(void **state)
{
    (void)state;
    const uint64_t sizes[] = {1, 511, 512, 513, 32768, 32769, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct image im;
        fresh_folder();
        image_plan(&im, sizes[i], 512, EXH_COMPRESS_FAST);
        image_write(&im);
        expect_tools_agree(&im);
        expect_readers_agree(&im);
        image_close(&im);
    }
}

static off_t size_of(const char *name)
{
    struct stat status;
    return stat(in_folder(name), &status) == 0 ? status.st_size : -1;
}

/* "Compressed where it gains, raw where not, and never larger": noise costs its checksums, zeros next to nothing. */
static void compression_gains(void **state)
{
    (void)state;
    off_t sizes[3];
    for (int c = EXH_COMPRESS_NONE; c <= EXH_COMPRESS_BEST; c++) {
        struct image im;
        fresh_folder();
        image_plan(&im, 2 << 20, 512, (enum exh_compression)c);
        image_write(&im);
        sizes[c] = size_of("disk.E01");
        image_close(&im);
    }
    assert_true(sizes[EXH_COMPRESS_NONE] > 2 << 20);
    assert_true(sizes[EXH_COMPRESS_FAST] < sizes[EXH_COMPRESS_NONE] * 2 / 3);
    assert_true(sizes[EXH_COMPRESS_BEST] < sizes[EXH_COMPRESS_FAST] + 1000); /* nothing much to gain in repeats */
}

static void several_segments(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, (5 << 20) + 100, 512, EXH_COMPRESS_NONE);
    im.create.segment_bytes = 1 << 20;
    im.create.name = "disk.e01";
    image_write(&im);
    assert_int_equal(im.sink->files.count, 6);
    assert_string_equal(im.sink->files.items[0], "disk.E01");
    assert_string_equal(im.sink->files.items[5], "disk.E06");
    for (size_t i = 0; i < 6; i++)
        assert_true(size_of(im.sink->files.items[i]) <= 1 << 20);
    expect_tools_agree(&im);
    expect_readers_agree(&im);
    image_close(&im);
}

/* More segments than libewf may hold open at once, and just as many. */
static void many_segments(void **state)
{
    (void)state;
    for (uint64_t segments = 64; segments <= 66; segments++) {
        struct image im;
        fresh_folder();
        image_plan(&im, segments * 31 * 32768, 512, EXH_COMPRESS_NONE);
        im.create.segment_bytes = 1 << 20;
        image_write(&im);
        assert_int_equal(im.sink->files.count, segments);
        expect_readers_agree(&im);
        image_close(&im);
    }
}

static void unreadable_ranges_are_kept(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 1 << 20, 512, EXH_COMPRESS_FAST);
    must(exh_sectors_mark(&im.bad, 0, 1, EXH_BAD, &err));
    must(exh_sectors_mark(&im.bad, 60, 10, EXH_UNREAD, &err)); /* across a chunk's edge */
    must(exh_sectors_mark(&im.bad, 190, 2, EXH_BAD, &err));    /* across a block's edge, with the next */
    must(exh_sectors_mark(&im.bad, 192, 3, EXH_MISSING, &err));
    must(exh_sectors_mark(&im.bad, 700, 1, EXH_SUSPECT, &err)); /* doubted, but there */
    must(exh_sectors_mark(&im.bad, 2047, 1, EXH_BAD, &err));
    image_write(&im);
    expect_tools_agree(&im);
    assert_int_equal(RUN("ewfinfo", in_folder("disk.E01")), 0);
    assert_non_null(strstr(output, "total number: 4"));
    assert_non_null(strstr(output, "at sector(s): 0 - 0 number: 1"));
    assert_non_null(strstr(output, "at sector(s): 60 - 69 number: 10"));
    assert_non_null(strstr(output, "at sector(s): 190 - 194 number: 5"));
    assert_non_null(strstr(output, "at sector(s): 2047 - 2047 number: 1"));
    expect_readers_agree(&im);
    image_close(&im);
}

/* error2 has 32 bits for a sector number: what lies beyond is left out, never wrapped around. */
static void error_ranges_have_32_bits(void **state)
{
    (void)state;
    const struct {
        int64_t lba;
        uint64_t count;
        bool held;
        uint64_t start, stored;
    } cases[] = {
        {0, 1, true, 0, 1},
        {4294967295, 1, true, 4294967295, 1},
        {4294967290, 100, true, 4294967290, 6},
        {4294967296, 1, false, 0, 0},
        {4294967301, 5, false, 0, 0},
        {0, 1ULL << 40, true, 0, 4294967295},
        {-1, 5, false, 0, 0},
        {7, 0, false, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t start = 0, count = 0;
        struct exh_range range = {cases[i].lba, cases[i].count, EXH_BAD};
        assert_int_equal(exh_ewf_error_range(&range, &start, &count), cases[i].held);
        assert_int_equal(start, cases[i].start);
        assert_int_equal(count, cases[i].stored);
    }
}

static void set_field(struct image *im, const char *key, const char *value) { must(exh_fields_set(&im->fields, key, value, &err)); }

static void expect_field(const struct exh_medium *medium, const char *key, const char *value)
{
    const char *held = exh_fields_get(&medium->seal->fields, key);
    if (value == NULL ? held != NULL : held == NULL || strcmp(held, value) != 0)
        fail_msg("field %s: '%s' instead of '%s'", key, held != NULL ? held : "(none)", value != NULL ? value : "(none)");
}

static void expect_case(struct exh_medium *medium, const struct image *im, const char *notes)
{
    must(medium != NULL);
    expect_field(medium, "case", "CASE-7");
    expect_field(medium, "exhibit", "HD\\3");
    expect_field(medium, "examiner",
                 "Z\xC3\xBC"
                 "rcher, R.");
    expect_field(medium, "description", NULL);
    expect_field(medium, "notes", notes[0] != '\0' ? notes : NULL);
    expect_field(medium, "model", "WDC WD10EZEX");
    expect_field(medium, "serial", exh_fields_get(&im->fields, "serial"));
    expect_field(medium, "ewf_program", "exhibit 0.1.0");
    expect_field(medium, "ewf_platform", "Linux 6.1.0");
    assert_int_equal(exh_layout_bytes(medium->layout), im->bytes);
    exh_medium_close(medium);
}

static void case_data_comes_back(void **state)
{
    (void)state;
    const char *const notes[] = {"plain",
                                 "a\nb",
                                 "a\tb",
                                 "a\r\nb\tc\\d",
                                 "\xF0\x9F\x98\x80 \xC3\xA9\xE2\x82\xAC",
                                 "C:\\new\\table",
                                 "ends in \\",
                                 "",
                                 "forged \\nexhibit-escaped: 1",
                                 "forged\nexhibit-escaped: 1",
                                 "forged \\nexhibit-media-bytes: 7",
                                 "exhibit-escaped: 1",
                                 "exhibit-media-bytes: 7",
                                 "x\nexhibit-media-bytes: 3",
                                 " spaces  around ",
                                 "\n",
                                 "\x01\x0B\x7F"};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        for (uint64_t tail = 0; tail < 2; tail++) {
            struct image im;
            fresh_folder();
            image_plan(&im, 40960 + tail * 17, 512, EXH_COMPRESS_FAST);
            set_field(&im, "case", "CASE-7");
            set_field(&im, "exhibit", "HD\\3");
            set_field(&im, "examiner",
                      "Z\xC3\xBC"
                      "rcher, R.");
            set_field(&im, "description", "");
            set_field(&im, "notes", notes[i]);
            set_field(&im, "model", "WDC WD10EZEX");
            set_field(&im, "serial", "WD-\t1");
            if (i % 2 == 0)
                set_field(&im, "serial", "WD-1");
            image_write(&im);
            expect_case(open_witness(&im.sink->files), &im, notes[i]);
            expect_case(open_own("disk.E01"), &im, notes[i]);
            image_close(&im);
        }
}

static void ewfinfo_shows_the_case(void **state)
{
    (void)state;
    struct image im;
    if (!have("ewfinfo"))
        skip();
    image_plan(&im, 40960, 512, EXH_COMPRESS_BEST);
    set_field(&im, "case", "CASE-7");
    set_field(&im, "exhibit", "HD-3");
    set_field(&im, "notes", "two\nlines");
    set_field(&im, "serial", "WD-1");
    image_write(&im);
    const char *const argv[] = {"env", "TZ=UTC", "ewfinfo", in_folder("disk.E01"), NULL};
    assert_int_equal(run(argv), 0);
    const char *const lines[] = {"Case number:\t\tCASE-7\n",
                                 "Evidence number:\tHD-3\n",
                                 "Notes:\t\t\ttwo\\nlines\\nexhibit-escaped: 1\n",
                                 "Acquisition date:\tThu Jan  2 03:04:05 2020\n",
                                 "Serial number:\t\tWD-1\n",
                                 "File format:\t\tEnCase 6\n",
                                 "Software version used:\texhibit 0.1.0\n",
                                 "Is physical:\t\tyes\n",
                                 "Number of sectors:\t80\n",
                                 "Set identifier:\t\t04030201-0605-0807-090a-0b0c0d0e0f10\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (strstr(output, lines[i]) == NULL)
            fail_msg("ewfinfo lacks '%s' in %s", lines[i], output);
    image_close(&im);
}

static bool verifies(void) { return RUN("ewfverify", "-q", in_folder("disk.E01")) == 0 || strstr(output, "SUCCESS") != NULL; }

/* libewf finishes an image by itself once its last chunk is there; that must not pass for an acquisition that was sealed. */
static void abandoned_images_are_not_whole(void **state)
{
    (void)state;
    for (uint64_t chunks = 0; chunks <= 40; chunks += 20) {
        struct image im;
        fresh_folder();
        image_plan(&im, 40 * 32768, 512, EXH_COMPRESS_NONE);
        im.create.segment_bytes = 1 << 20;
        image_fill(&im);
        must(exh_ewf_libewf_create(&im.create, &im.sink, &err));
        must(feed(&im, 0, chunks * 64, 1));
        exh_sink_close(im.sink);
        im.sink = NULL;
        assert_false(verifies());
        struct exh_names names = {0};
        must(exh_names_add(&names, "disk.E01", &err));
        if (chunks == 40)
            must(exh_names_add(&names, "disk.E02", &err));
        struct exh_medium *medium = open_witness(&names);
        if (medium != NULL) {
            struct exh_inspection in = {0};
            must(exh_medium_inspect(medium, &in, &err));
            assert_int_equal(in.remark_count, 1);
            assert_int_equal(in.remarks[0].outcome, EXH_FAILS);
            exh_inspection_close(&in);
        }
        exh_medium_close(medium);
        exh_names_close(&names);
        exh_error_clear(&err);
        image_close(&im);
    }
}

static void a_seal_without_all_sectors_is_refused(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 40 * 32768, 512, EXH_COMPRESS_FAST);
    image_fill(&im);
    must(exh_ewf_libewf_create(&im.create, &im.sink, &err));
    must(feed(&im, 0, 20 * 64, 1));
    assert_false(exh_sink_seal(im.sink, &im.layout, &im.seal, &err));
    assert_int_equal(err.code, EXH_BUG);
    image_close(&im);
    assert_false(verifies());
}

static void blocks_must_come_in_order(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 40 * 32768, 512, EXH_COMPRESS_FAST);
    image_fill(&im);
    must(exh_ewf_libewf_create(&im.create, &im.sink, &err));
    must(feed(&im, 0, 128, 1));
    assert_false(feed(&im, 192, 256, 1)); /* a gap */
    assert_int_equal(err.code, EXH_BUG);
    assert_false(feed(&im, 64, 128, 1)); /* again */
    assert_int_equal(err.code, EXH_BUG);
    assert_false(feed(&im, 128, 130, 1)); /* part of a chunk in the middle would shift all that follow */
    assert_int_equal(err.code, EXH_BUG);
    must(feed(&im, 128, 40 * 64, 2)); /* nothing of that was taken */
    must(exh_sink_seal(im.sink, &im.layout, &im.seal, &err));
    assert_false(feed(&im, 0, 64, 1));
    assert_int_equal(err.code, EXH_BUG);
    image_close(&im);
}

static void no_digest_is_stored_that_was_not_given(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 40960, 512, EXH_COMPRESS_FAST);
    image_fill(&im);
    must(exh_ewf_libewf_create(&im.create, &im.sink, &err));
    must(feed(&im, 0, 80, 1));
    must(exh_sink_seal(im.sink, &im.layout, &im.seal, &err));
    struct exh_medium *medium = open_witness(&im.sink->files);
    must(medium != NULL);
    assert_int_equal(medium->seal->digests.count, 0);
    exh_medium_close(medium);
    image_close(&im);
}

static enum exh_code code_of_create(struct image *im)
{
    exh_error_clear(&err);
    bool ok = exh_ewf_libewf_create(&im->create, &im->sink, &err);
    assert_int_equal(ok, im->sink != NULL);
    enum exh_code code = ok ? EXH_OK : err.code;
    if (!ok)
        assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    exh_sink_close(im->sink);
    im->sink = NULL;
    return code;
}

static void what_no_e01_can_hold_is_refused_first(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 1ULL << 30, 512, EXH_COMPRESS_FAST);
    im.create.segment_bytes = (1 << 20) - 1;
    assert_int_equal(code_of_create(&im), EXH_USAGE);
    im.create.segment_bytes = 1 << 20;
    assert_int_equal(code_of_create(&im), EXH_OK);
    exh_layout_disk(&im.layout, 1ULL << 34, 512);
    assert_int_equal(code_of_create(&im), EXH_LIMIT); /* 16 GiB in 1 MiB segments */
    assert_non_null(strstr(err.text, "segments of 2 MiB are enough"));
    im.create.segment_bytes = 2 << 20;
    assert_int_equal(code_of_create(&im), EXH_OK);
    im.create.segment_bytes = 1ULL << 40;
    exh_layout_disk(&im.layout, 200ULL << 40, 512);
    assert_int_equal(code_of_create(&im), EXH_LIMIT);
    assert_non_null(strstr(err.text, "134217728 chunks"));
    exh_layout_disk(&im.layout, EXH_SECTORS_UNKNOWN, 512);
    assert_int_equal(code_of_create(&im), EXH_UNSUPPORTED);
    exh_layout_disk(&im.layout, 0, 512);
    assert_int_equal(code_of_create(&im), EXH_UNSUPPORTED);
    exh_layout_disk(&im.layout, 1 << 20, 512);
    im.layout.tracks[1] = im.layout.tracks[0];
    im.layout.tracks[1].number = 2;
    im.layout.tracks[1].first = 2048;
    im.layout.track_count = 2;
    assert_int_equal(code_of_create(&im), EXH_UNSUPPORTED);
    im.layout.track_count = 1;
    set_field(&im, "notes", "\xFF\xFE");
    assert_int_equal(code_of_create(&im), EXH_USAGE);
    set_field(&im, "notes", "");
    im.create.name = ".E01";
    assert_int_equal(code_of_create(&im), EXH_USAGE);
    im.create.name = "disk.E01";
    im.create.folder = "/nonexistent/folder";
    assert_int_equal(code_of_create(&im), EXH_NOT_FOUND);
    im.create.folder = folder;
    close(open(in_folder("disk.E01"), O_CREAT | O_WRONLY, 0600));
    assert_int_equal(code_of_create(&im), EXH_REFUSED);
    assert_int_equal(size_of("disk.E01"), 0);
    image_close(&im);
}

static void chunks_grow_with_the_medium(void **state)
{
    (void)state;
    const struct {
        uint64_t bytes;
        uint32_t sector_bytes, chunk;
    } cases[] = {
        {512, 512, 64},           {(4ULL << 40) - 32768, 512, 64},
        {4ULL << 40, 512, 128},   {(8ULL << 40) - 65536, 512, 128},
        {8ULL << 40, 512, 256},   {16ULL << 40, 512, 512},
        {32ULL << 40, 512, 1024}, {4ULL << 40, 4096, 16},
        {1 << 20, 2048, 16},      {1 << 20, 2352, 16},
        {1 << 20, 4096, 8},       {1 << 20, 520, 64},
        {1 << 20, 65536, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t chunk = 0;
        must(exh_ewf_chunk_sectors(cases[i].bytes / cases[i].sector_bytes, cases[i].sector_bytes, &chunk, &err));
        assert_int_equal(chunk, cases[i].chunk);
    }
}

/* Past 4 TiB chunks of 32 KiB are too many for libewf's table; a first few blocks show that these are not. */
static void a_medium_of_5_tib_begins(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 5ULL << 40, 512, EXH_COMPRESS_FAST);
    must(exh_ewf_libewf_create(&im.create, &im.sink, &err));
    assert_int_equal(im.sink->unit_sectors, 128);
    must(feed(&im, 0, 128 * 12, 4));
    exh_sink_close(im.sink);
    im.sink = NULL;
    assert_true(size_of("disk.E01") > 0); /* ewfverify would take minutes to read 5 TiB of nothing */
    image_close(&im);
}

static void a_full_disk_is_said_so(void **state)
{
    (void)state;
    if (geteuid() != 0 || mount("none", folder, "tmpfs", 0, "size=2m") != 0) {
        print_message("no right to mount a small file system: skipped\n");
        skip();
    }
    for (int late = 0; late < 2; late++) { /* at a chunk; at the very end, in the list of errors */
        struct image im;
        image_plan(&im, 4 << 20, 512, late ? EXH_COMPRESS_FAST : EXH_COMPRESS_NONE);
        if (!late)
            image_fill(&im);
        for (int64_t lba = 0; late && lba < 4000; lba += 2) /* a list that takes some pages */
            must(exh_sectors_mark(&im.bad, lba, 1, EXH_BAD, &err));
        exh_error_clear(&err);
        must(exh_ewf_libewf_create(&im.create, &im.sink, &err));
        bool ok = feed(&im, 0, im.layout.tracks[0].sectors, 2);
        if (late) {
            int filler = open(in_folder("filler"), O_CREAT | O_WRONLY, 0600);
            static const uint8_t bytes[4096];
            while (write(filler, bytes, sizeof bytes) > 0)
                ;
            close(filler);
            must(ok);
        }
        ok = ok && exh_sink_seal(im.sink, &im.layout, &im.seal, &err);
        exh_sink_close(im.sink);
        im.sink = NULL;
        image_close(&im);
        if (ok || err.code != EXH_NO_SPACE || err.sys != ENOSPC || err.side != EXH_SIDE_DESTINATION || strcmp(err.file, "disk.E01") != 0) {
            umount(folder);
            fail_msg("%d %s: %s (%s)", ok, exh_code_name(err.code), err.text, err.file);
        }
        unlink(in_folder("disk.E01"));
    }
    exh_error_clear(&err);
    assert_int_equal(umount(folder), 0);
}

static void write_file(const char *name, const uint8_t *data, size_t length)
{
    int file = open(in_folder(name), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_int_equal(write(file, data, length), length);
    close(file);
}

static void the_witness_reads_s01(void **state)
{
    (void)state;
    if (!have("ewfacquire"))
        skip();
    size_t bytes = 700 * 512;
    uint8_t *data = mixed_data(bytes), states[700];
    write_file("raw", data, bytes);
    assert_int_equal(RUN("ewfacquire", "-u", "-f", "smart", "-c", "fast", "-C", "S-1", "-t", in_folder("smart"), in_folder("raw")), 0);
    struct exh_names names = {0};
    must(exh_names_add(&names, "smart.s01", &err));
    struct exh_medium *medium = open_witness(&names);
    must(medium != NULL);
    assert_int_equal(exh_layout_bytes(medium->layout), bytes);
    expect_field(medium, "case", "S-1");
    uint8_t *held = read_all(medium, states);
    assert_memory_equal(held, data, bytes);
    for (size_t i = 0; i < 700; i++)
        assert_int_equal(states[i], EXH_GOOD);
    exh_medium_close(medium);
    exh_names_close(&names);
    free(held);
    free(data);
}

/* libewf cannot write an L01; one differs from an E01 in its signature and media type, and by a file tree we do not ask for. */
static void the_witness_reads_l01(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 100000, 512, EXH_COMPRESS_FAST);
    image_write(&im);
    off_t size = size_of("disk.E01");
    uint8_t *bytes = malloc((size_t)size), states[256];
    int file = open(in_folder("disk.E01"), O_RDONLY);
    assert_int_equal(read(file, bytes, (size_t)size), size);
    close(file);
    bytes[0] = 'L';
    for (uint64_t at = 13, next = 0; next != at; at = next) {
        assert_true(exh_inside(at, 76, (uint64_t)size));
        next = exh_le64(bytes + at + 16);
        if (memcmp(bytes + at, "volume", 7) == 0 || memcmp(bytes + at, "data", 5) == 0) {
            bytes[at + 76] = 0x0E;
            exh_put_le32(bytes + at + 76 + 1048, exh_adler32(1, bytes + at + 76, 1048));
        }
        if (memcmp(bytes + at, "done", 5) == 0)
            break;
    }
    write_file("files.L01", bytes, (size_t)size);
    free(bytes);
    struct exh_names names = {0};
    must(exh_names_add(&names, "files.L01", &err));
    struct exh_medium *medium = open_witness(&names);
    must(medium != NULL);
    uint8_t *data = read_all(medium, states);
    assert_memory_equal(data, im.data, im.bytes);
    free(data);
    exh_medium_close(medium);
    exh_names_close(&names);
    image_close(&im);
}

static const char *in_corpus(const char *name)
{
    static char path[512];
    const char *corpus = getenv("EXHIBIT_CORPUS") != NULL ? getenv("EXHIBIT_CORPUS") : getenv("EXHIBIT_CORPUS_DEFAULT");
    (void)snprintf(path, sizeof path, "%s/disk/ewf/%s", corpus != NULL ? corpus : "", name);
    return corpus != NULL && access(path, R_OK) == 0 ? path : NULL;
}

/* Images that others made. */
static void the_witness_reads_the_field(void **state)
{
    (void)state;
    const struct {
        const char *first, *second, *sha256;
    } images[] = {
        {"dfvfs-ext2.E01", NULL, "a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80"},
        {"dfvfs-ext2.split.E01", "dfvfs-ext2.split.E02", "a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80"},
        {"tsk-image.E01", NULL, "0add63db3dc87ee60438e0fb94b526462502ba9f87e7a78bb0efe858668b1108"},
    };
    if (in_corpus("tsk-image.E01") == NULL) {
        print_message("no corpus (EXHIBIT_CORPUS): skipped\n");
        skip();
    }
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
        struct exh_names names = {0};
        must(exh_names_add(&names, in_corpus(images[i].first), &err));
        if (images[i].second != NULL)
            must(exh_names_add(&names, in_corpus(images[i].second), &err));
        struct exh_medium *medium = open_witness(&names);
        must(medium != NULL);
        uint8_t *states = malloc(medium->layout->tracks[0].sectors), *data = read_all(medium, states), digest[32], meant[32];
        assert_int_equal(EVP_Digest(data, exh_layout_bytes(medium->layout), digest, NULL, EVP_sha256(), NULL), 1);
        assert_true(exh_text_unhex(images[i].sha256, meant, 32));
        assert_memory_equal(digest, meant, 32);
        assert_int_equal(EVP_Digest(data, exh_layout_bytes(medium->layout), digest, NULL, EVP_md5(), NULL), 1);
        assert_memory_equal(digest, exh_digests_find(&medium->seal->digests, "media", "md5")->bytes, 16);
        free(states);
        free(data);
        exh_medium_close(medium);
        exh_names_close(&names);
    }
}

static void the_witness_refuses_what_is_none(void **state)
{
    (void)state;
    struct exh_names names = {0};
    assert_null(open_witness(&names));
    assert_int_equal(err.code, EXH_CORRUPT);
    write_file("empty.E01", NULL, 0);
    must(exh_names_add(&names, "empty.E01", &err));
    exh_error_clear(&err);
    assert_null(open_witness(&names));
    assert_true(strlen(err.text) > 20);
    exh_names_close(&names);
    const char *hostile = in_corpus("fuzz-crash-parse_segment-add-overflow.E01");
    if (hostile == NULL)
        return;
    must(exh_names_add(&names, hostile, &err));
    exh_error_clear(&err);
    assert_null(open_witness(&names));
    assert_int_equal(err.code, EXH_CORRUPT);
    exh_names_close(&names);
}

/* A chunk that fails its checksum is MISSING, its neighbours are not. */
static void the_witness_names_damage(void **state)
{
    (void)state;
    for (int compression = EXH_COMPRESS_NONE; compression <= EXH_COMPRESS_FAST; compression++) {
        struct image im;
        fresh_folder();
        image_plan(&im, 10 * 32768, 512, (enum exh_compression)compression);
        image_write(&im);
        int file = open(in_folder("disk.E01"), O_RDWR);
        off_t size = size_of("disk.E01");
        uint8_t *bytes = malloc((size_t)size), states[640];
        assert_int_equal(pread(file, bytes, (size_t)size, 0), size);
        const uint8_t *sectors = memmem(bytes, (size_t)size, "sectors", 8), *table = memmem(bytes, (size_t)size, "table", 6);
        assert_true(sectors != NULL && table != NULL);
        off_t at = compression == EXH_COMPRESS_NONE ? sectors - bytes + 76 + 3 * 32772 + 100 : 0;
        if (compression == EXH_COMPRESS_FAST) { /* the fourth chunk begins where the table says */
            uint32_t third = exh_le32(table + 76 + 24 + 12) & 0x7FFFFFFF;
            at = (off_t)(exh_le64(table + 76 + 8) + third) + 20;
        }
        bytes[at] ^= 0x10;
        assert_int_equal(pwrite(file, bytes + at, 1, at), 1);
        close(file);
        struct exh_medium *medium = open_witness(&im.sink->files);
        must(medium != NULL);
        for (int again = 0; again < 2; again++) { /* libewf lists a damaged chunk once */
            uint8_t *data = read_all(medium, states);
            for (size_t i = 0; i < 640; i++)
                assert_int_equal(states[i], i / 64 == 3 ? EXH_MISSING : EXH_GOOD);
            assert_memory_equal(data, im.data, 3 * 32768);
            assert_true(exh_all_zero(data + 3 * 32768, 32768));
            assert_memory_equal(data + 4 * 32768, im.data + 4 * 32768, 6 * 32768);
            free(data);
        }
        exh_medium_close(medium);
        image_close(&im);
        free(bytes);
    }
}

/* Without its last segments libewf gives zeros and says nothing; here they are MISSING. */
static void the_witness_names_what_is_gone(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 80 * 32768, 512, EXH_COMPRESS_NONE);
    im.create.segment_bytes = 1 << 20;
    image_write(&im);
    assert_int_equal(im.sink->files.count, 3);
    struct exh_names names = {0};
    must(exh_names_add(&names, "disk.E01", &err));
    must(exh_names_add(&names, "disk.E02", &err));
    struct exh_medium *medium = open_witness(&names);
    must(medium != NULL);
    assert_int_equal(medium->layout->tracks[0].sectors, 80 * 64);
    uint8_t states[80 * 64], *data = read_all(medium, states);
    for (size_t i = 0; i < 80 * 64; i++)
        assert_int_equal(states[i], i / 64 < 62 ? EXH_GOOD : EXH_MISSING);
    assert_memory_equal(data, im.data, 62 * 32768);
    struct exh_inspection in = {0};
    must(exh_medium_inspect(medium, &in, &err));
    assert_int_equal(in.remark_count, 1);
    assert_string_equal(in.remarks[0].check, "segment-set");
    exh_inspection_close(&in);
    free(data);
    exh_medium_close(medium);
    exh_names_close(&names);
    image_close(&im);
}

static void noise_is_told_from_data(void **state)
{
    (void)state;
    enum { N = 32768 };
    uint8_t *data = malloc(N);
    uint64_t seed = 4101842887655102017ULL;
    unsigned seen = 0;
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < N; i++)
            data[i] = (uint8_t)(next_random(&seed) >> 17);
        seen += exh_ewf_looks_random(data, N);
    }
    assert_true(seen > 180); /* nearly all noise is spared the compressor */
    assert_false(exh_ewf_looks_random(data, 4096));
    for (size_t i = 0; i < N; i++)
        data[i] = (uint8_t)i;
    assert_false(exh_ewf_looks_random(data, N)); /* too even */
    for (unsigned round = 0; round < 50; round++) {
        for (size_t i = 0; i < N; i++)
            data[i] = i < N / 2 ? (uint8_t)(next_random(&seed) >> 17) : data[i - N / 2];
        assert_false(exh_ewf_looks_random(data, N)); /* half of it is a repeat */
    }
    for (size_t i = 0; i < N; i++)
        data[i] = (uint8_t)((next_random(&seed) >> 17) & 0x7F);
    assert_false(exh_ewf_looks_random(data, N)); /* seven bits in eight */
    free(data);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_sector_size_and_compression),
        TEST(small_media),
        TEST(compression_gains),
        TEST(several_segments),
        TEST(many_segments),
        TEST(unreadable_ranges_are_kept),
        TEST(error_ranges_have_32_bits),
        TEST(case_data_comes_back),
        TEST(ewfinfo_shows_the_case),
        TEST(abandoned_images_are_not_whole),
        TEST(a_seal_without_all_sectors_is_refused),
        TEST(blocks_must_come_in_order),
        TEST(no_digest_is_stored_that_was_not_given),
        TEST(what_no_e01_can_hold_is_refused_first),
        TEST(chunks_grow_with_the_medium),
        TEST(a_medium_of_5_tib_begins),
        TEST(a_full_disk_is_said_so),
        TEST(the_witness_reads_s01),
        TEST(the_witness_reads_l01),
        TEST(the_witness_reads_the_field),
        TEST(the_witness_refuses_what_is_none),
        TEST(the_witness_names_damage),
        TEST(the_witness_names_what_is_gone),
        TEST(noise_is_told_from_data),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
