/* The E01 writer interrupted: what is kept, what goes on from it, and that nobody can tell from the result. */
#include "tests/unit/ewf_image.h"

#include "formats/evidence/ewf_read.h"

#define CHUNKS 200
#define PER_SEGMENT 31 /* uncompressed chunks in 1 MiB */
#define SECTORS(segments) ((uint64_t)(segments)*PER_SEGMENT * 64)

/* ---- folders with sets in them ---- */

static const char *sub_folder(const char *name)
{
    const char *path = in_folder(name);
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    return path;
}

static uint8_t *read_file(const char *path, size_t *length)
{
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0)
        fail_msg("%s is not there", path);
    uint8_t *bytes = malloc((size_t)status.st_size + 1);
    *length = (size_t)status.st_size;
    assert_int_equal(read(file, bytes, *length), *length);
    close(file);
    return bytes;
}

static void expect_same_file(const char *path, const char *reference)
{
    size_t a_length, b_length;
    uint8_t *a = read_file(path, &a_length), *b = read_file(reference, &b_length);
    if (a_length != b_length || memcmp(a, b, a_length) != 0)
        fail_msg("%s differs from %s", path, reference);
    free(a);
    free(b);
}

/* Of a set whose files may lie in several folders, each against the one of that name in "whole". */
static void expect_same_set(const struct exh_sink *sink, const char *in, size_t count)
{
    assert_int_equal(sink->files.count, count);
    for (size_t i = 0; i < count; i++) {
        const char *name = sink->files.items[i];
        char path[512], reference[512];
        (void)snprintf(path, sizeof path, "%s%s%s", strchr(name, '/') != NULL ? "" : in, strchr(name, '/') != NULL ? "" : "/", name);
        (void)snprintf(reference, sizeof reference, "%s/%s", in_folder("whole"), exh_text_base(name));
        expect_same_file(path, reference);
    }
}

/* The undisturbed set, in the folder "whole"; 7 segments. */
static void write_whole(struct image *im)
{
    static char whole[256]; /* im borrows it */
    (void)snprintf(whole, sizeof whole, "%s", sub_folder("whole"));
    image_plan(im, CHUNKS * 32768 - 100, 512, EXH_COMPRESS_NONE);
    im->create.segment_bytes = 1 << 20;
    set_field(im, "case", "K-1");
    set_field(im, "notes", "two\nlines");
    must(exh_sectors_mark(&im->bad, 10, 5, EXH_BAD, &err));
    must(exh_sectors_mark(&im->bad, 9000, 1, EXH_BAD, &err));
    image_fill(im);
    image_digests(im);
    must(exh_sectors_copy(&im->seal.unreadable, &im->bad, &err));
    im->create.folder = whole;
    must(exh_ewf_write_create(&im->create, &im->sink, &err));
    must(feed(im, 0, im->layout.tracks[0].sectors, 3));
    must(exh_sink_seal(im->sink, &im->layout, &im->seal, &err));
    assert_int_equal(im->sink->files.count, 7);
    exh_sink_close(im->sink);
    im->sink = NULL;
}

/* As much as fits before `to`, then the run is gone. Returns what save promised. */
static uint64_t write_part(struct image *im, uint64_t from, uint64_t to)
{
    uint64_t kept = 0;
    im->create.resume = true;
    im->create.resume_sectors = from;
    must(exh_ewf_write_create(&im->create, &im->sink, &err));
    must(feed(im, from, to, 1));
    must(exh_sink_save(im->sink, &kept, &err));
    exh_sink_close(im->sink);
    im->sink = NULL;
    return kept;
}

static void write_rest(struct image *im, uint64_t from)
{
    im->create.resume = true;
    im->create.resume_sectors = from;
    must(exh_ewf_write_create(&im->create, &im->sink, &err));
    must(feed(im, from, im->layout.tracks[0].sectors, 2));
    must(exh_sink_seal(im->sink, &im->layout, &im->seal, &err));
}

static bool kept_of(const struct image *im, struct exh_medium **medium, uint64_t *kept)
{
    char path[512];
    struct exh_open options = {.folders = im->create.folders};
    (void)snprintf(path, sizeof path, "%s/%s", im->create.folder, im->create.name);
    exh_error_clear(&err);
    *medium = (struct exh_medium *)(uintptr_t)1;
    *kept = 1;
    return exh_format_ewf.open_kept(path, &options, medium, kept, &err);
}

static uint64_t kept_sectors(const struct image *im)
{
    struct exh_medium *medium;
    uint64_t kept;
    must(kept_of(im, &medium, &kept));
    assert_int_equal(medium != NULL, kept != 0);
    exh_medium_close(medium);
    return kept;
}

/* What is kept reads as it was given, what lies behind is MISSING. */
static void expect_kept(const struct image *im, uint64_t sectors)
{
    struct exh_medium *medium;
    uint64_t kept;
    must(kept_of(im, &medium, &kept));
    assert_int_equal(kept, sectors);
    assert_int_equal(medium != NULL, kept != 0);
    if (medium == NULL)
        return;
    const struct exh_track *t = &medium->layout->tracks[0];
    assert_int_equal(exh_layout_bytes(medium->layout), im->bytes);
    assert_int_equal(medium->seal->digests.count, 0);
    uint8_t *states = malloc(t->sectors), *data = read_all(medium, states);
    assert_memory_equal(data, im->data, kept * 512);
    for (uint64_t i = 0; i < t->sectors; i++)
        assert_int_equal(states[i], i < kept ? EXH_GOOD : EXH_MISSING);
    free(data);
    free(states);
    exh_medium_close(medium);
}

/* ---- the tests ---- */

static void any_interruption_leaves_no_trace(void **state)
{
    (void)state;
    struct image im;
    write_whole(&im);
    char part[256];
    (void)snprintf(part, sizeof part, "%s", sub_folder("part"));
    im.create.folder = part;
    uint64_t sectors = im.layout.tracks[0].sectors;
    for (uint64_t chunk = 0; chunk <= CHUNKS; chunk += chunk < 70 ? 1 : 7) {
        uint64_t to = chunk * 64 < sectors ? chunk * 64 : sectors;
        /* A segment is closed when the next chunk does not fit. */
        uint64_t closed = chunk == 0 ? 0 : SECTORS((chunk - 1) / PER_SEGMENT);
        assert_int_equal(write_part(&im, 0, to), closed);
        expect_kept(&im, closed);
        im.create.program = "exhibit 9.9"; /* that the machine has changed since does not show either */
        im.create.platform = "Linux 9.9";
        im.create.unix_time++;
        write_rest(&im, closed);
        im.create.program = "exhibit 0.1.0";
        im.create.platform = "Linux 6.1.0";
        im.create.unix_time--;
        /* Without anything kept it is a new beginning, and says so. */
        if (closed != 0)
            expect_same_set(im.sink, part, 7);
        exh_sink_close(im.sink);
        im.sink = NULL;
        assert_int_equal(RUN("sh", "-c", "rm \"$0\"/disk.E*", part), 0);
    }
    image_close(&im);
}

static void interrupted_again_and_again(void **state)
{
    (void)state;
    struct image im;
    write_whole(&im);
    char part[256];
    (void)snprintf(part, sizeof part, "%s", sub_folder("part"));
    im.create.folder = part;
    uint64_t kept = 0, sectors = im.layout.tracks[0].sectors;
    for (uint64_t to = 1500; to < sectors; to += 1300) {
        uint64_t now = write_part(&im, kept, kept + (to - kept) / 64 * 64);
        assert_true(now >= kept);
        kept = now;
        expect_kept(&im, kept);
    }
    write_rest(&im, kept);
    expect_same_set(im.sink, part, 7);
    struct exh_medium *medium = open_own("part/disk.E01");
    assert_int_equal(medium->seal->digests.count, 2);
    exh_medium_close(medium);
    exh_sink_close(im.sink);
    im.sink = NULL;
    image_close(&im);
}

static void put_file(const char *path, const uint8_t *bytes, size_t length)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(file, bytes, length), length);
    close(file);
}

/* Only what is whole counts, wherever a file was cut, emptied, zeroed or lost. */
static void what_is_not_closed_ends_it(void **state)
{
    (void)state;
    struct image im;
    write_whole(&im);
    assert_int_equal(kept_sectors(&im), SECTORS(6)); /* the seventh ends in `done`: it will be made again */
    for (unsigned segment = 1; segment <= 6; segment++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/whole/disk.E%02u", folder, segment);
        size_t length;
        uint8_t *bytes = read_file(path, &length), *zeros = calloc(1, length);
        const size_t cuts[] = {0, 1, 12, 13, 50, 89, 1000, length / 3, length / 2, length - 400, length - 77, length - 76, length - 1};
        for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
            put_file(path, bytes, cuts[i]);
            assert_int_equal(kept_sectors(&im), SECTORS(segment - 1));
            put_file(path, zeros, cuts[i]);
            assert_int_equal(kept_sectors(&im), SECTORS(segment - 1));
        }
        unlink(path);
        assert_int_equal(kept_sectors(&im), SECTORS(segment - 1));
        bytes[9]++; /* another segment's number */
        put_file(path, bytes, length);
        assert_int_equal(kept_sectors(&im), SECTORS(segment - 1));
        bytes[9]--;
        put_file(path, bytes, length);
        free(bytes);
        free(zeros);
    }
    assert_int_equal(kept_sectors(&im), SECTORS(6));
    char path[256];
    (void)snprintf(path, sizeof path, "%s/whole/disk.E01", folder);
    put_file(path, (const uint8_t *)"an honest text file, and no segment at all", 43);
    struct exh_medium *medium;
    uint64_t kept;
    assert_false(kept_of(&im, &medium, &kept));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_null(medium);
    im.create.folder = "/nonexistent";
    assert_false(kept_of(&im, &medium, &kept));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    im.create.folder = folder; /* nothing there */
    assert_int_equal(kept_sectors(&im), 0);
    image_close(&im);
}

/* A closed segment whose data rotted is still one; its chunk fails its checksum when it is read. */
static void rot_in_what_is_kept_is_seen(void **state)
{
    (void)state;
    struct image im;
    write_whole(&im);
    int file = open(in_folder("whole/disk.E02"), O_RDWR);
    assert_int_equal(pwrite(file, "rot", 3, 1141 + 76 + 5 * 32772 + 1000), 3);
    close(file);
    struct exh_medium *medium;
    uint64_t kept;
    must(kept_of(&im, &medium, &kept));
    assert_int_equal(kept, SECTORS(6));
    uint8_t *states = malloc(im.layout.tracks[0].sectors), *data = read_all(medium, states);
    for (uint64_t i = 0; i < kept; i++)
        assert_int_equal(states[i], i / 64 == PER_SEGMENT + 5 ? EXH_MISSING : EXH_GOOD);
    free(data);
    free(states);
    exh_medium_close(medium);
    image_close(&im);
}

static enum exh_code code_of_resume(struct image *im, uint64_t sectors)
{
    exh_error_clear(&err);
    im->create.resume = true;
    im->create.resume_sectors = sectors;
    bool ok = exh_ewf_write_create(&im->create, &im->sink, &err);
    exh_sink_close(im->sink);
    im->sink = NULL;
    return ok ? EXH_OK : err.code;
}

/* Refused, and everything left as it was. */
static void another_acquisition_is_not_gone_on_with(void **state)
{
    (void)state;
    struct image im;
    write_whole(&im);
    im.create.guid[3] ^= 1;
    assert_int_equal(code_of_resume(&im, SECTORS(6)), EXH_REFUSED);
    im.create.guid[3] ^= 1;
    set_field(&im, "case", "K-2");
    assert_int_equal(code_of_resume(&im, SECTORS(6)), EXH_REFUSED);
    assert_non_null(strstr(err.text, "case"));
    set_field(&im, "case", "K-1");
    exh_layout_disk(&im.layout, CHUNKS * 32768 + 512, 512);
    assert_int_equal(code_of_resume(&im, SECTORS(6)), EXH_REFUSED);
    exh_layout_disk(&im.layout, CHUNKS * 32768 - 100, 512);
    im.create.compression = EXH_COMPRESS_FAST;
    assert_int_equal(code_of_resume(&im, SECTORS(6)), EXH_REFUSED);
    im.create.compression = EXH_COMPRESS_NONE;
    assert_int_equal(code_of_resume(&im, SECTORS(2) + 64), EXH_USAGE);
    assert_int_equal(code_of_resume(&im, SECTORS(7)), EXH_USAGE); /* behind the end */
    assert_int_equal(code_of_resume(&im, SECTORS(6) + 64), EXH_NOT_FOUND);
    assert_int_equal(kept_sectors(&im), SECTORS(6));
    struct exh_medium *medium = open_own("whole/disk.E01"); /* whole as ever */
    exh_medium_close(medium);
    assert_int_equal(code_of_resume(&im, SECTORS(3)), EXH_OK); /* what lies behind is thrown away */
    assert_int_equal(kept_sectors(&im), SECTORS(3));
    assert_int_equal(access(in_folder("whole/disk.E05"), F_OK), -1);
    assert_int_equal(code_of_resume(&im, 0), EXH_OK);
    assert_int_equal(kept_sectors(&im), 0);
    image_close(&im);
}

/* A name of ours that is something else is not removed; other names in the folder are nobody's business. */
static void only_segments_are_removed(void **state)
{
    (void)state;
    struct image im;
    write_whole(&im);
    write_file("whole/disk.E01.state", (const uint8_t *)"state", 5);
    write_file("whole/disk2.E05", (const uint8_t *)"other", 5);
    assert_int_equal(code_of_resume(&im, SECTORS(3)), EXH_OK);
    assert_int_equal(access(in_folder("whole/disk.E01.state"), F_OK), 0);
    assert_int_equal(access(in_folder("whole/disk2.E05"), F_OK), 0);
    sub_folder("whole/disk.EAB");
    assert_int_equal(code_of_resume(&im, SECTORS(3)), EXH_REFUSED);
    assert_string_equal(err.file, "disk.EAB");
    image_close(&im);
}

static void segments_on_other_volumes(void **state)
{
    (void)state;
    struct image im;
    struct exh_names folders = {0};
    write_whole(&im);
    char a[256];
    (void)snprintf(a, sizeof a, "%s", sub_folder("a"));
    im.create.folder = a;
    uint64_t kept = write_part(&im, 0, SECTORS(2) + 640);
    assert_int_equal(kept, SECTORS(2));
    must(exh_names_add(&folders, sub_folder("b"), &err));
    im.create.folders = &folders;
    kept = write_part(&im, kept, SECTORS(4) + 128);
    assert_int_equal(kept, SECTORS(4));
    assert_int_equal(access(in_folder("a/disk.E03"), F_OK), -1); /* the unclosed one would hide b's */
    expect_kept(&im, kept);
    must(exh_names_add(&folders, sub_folder("c"), &err));
    write_rest(&im, kept);
    expect_same_set(im.sink, a, 7);
    assert_string_equal(im.sink->files.items[1], "disk.E02");
    assert_string_equal(im.sink->files.items[2], in_folder("b/disk.E03"));
    assert_string_equal(im.sink->files.items[6], in_folder("c/disk.E07"));
    exh_sink_close(im.sink);
    im.sink = NULL;

    struct exh_medium *medium = NULL;
    struct exh_open options = {.folders = &folders};
    must(exh_image_open(in_folder("a/disk.E01"), NULL, &options, &medium, &err));
    assert_string_equal(medium->files->items[0], in_folder("a/disk.E01"));
    assert_string_equal(medium->files->items[3], in_folder("b/disk.E04"));
    uint8_t *states = malloc(im.layout.tracks[0].sectors), *data = read_all(medium, states);
    assert_memory_equal(data, im.data, im.bytes);
    free(data);
    free(states);
    exh_medium_close(medium);

    exh_error_clear(&err);
    options.folders = NULL;
    assert_false(exh_image_open(in_folder("a/disk.E01"), NULL, &options, &medium, &err));
    assert_non_null(strstr(err.text, "disk.E03"));
    exh_error_clear(&err);
    options.folders = &folders;
    assert_int_equal(rename(in_folder("b/disk.E03"), in_folder("b/elsewhere")), 0);
    assert_int_equal(symlink("elsewhere", in_folder("b/disk.E03")), 0);
    assert_false(exh_image_open(in_folder("a/disk.E01"), NULL, &options, &medium, &err)); /* as strict as the image's own folder */
    assert_int_equal(err.code, EXH_REFUSED);
    exh_error_clear(&err);
    must(exh_names_add(&folders, "/nonexistent", &err));
    assert_false(exh_image_open(in_folder("a/disk.E01"), NULL, &options, &medium, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    exh_names_close(&folders);
    image_close(&im);
}

/* The volume is full in the middle: what is closed stays, and it goes on here after space was made, or elsewhere. */
static void a_full_volume_is_a_pause(void **state)
{
    (void)state;
    struct image im;
    struct exh_names folders = {0};
    write_whole(&im);
    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        char full[256], other[256];
        (void)snprintf(full, sizeof full, "%s", sub_folder("full"));
        (void)snprintf(other, sizeof other, "%s", sub_folder("other"));
        if (geteuid() != 0 || mount("none", full, "tmpfs", 0, "size=3500k") != 0) {
            print_message("no right to mount a small file system: skipped\n");
            image_close(&im);
            skip();
        }
        im.create.folder = full;
        im.create.folders = NULL;
        im.create.resume = false;
        exh_error_clear(&err);
        uint64_t kept = 0;
        must(exh_ewf_write_create(&im.create, &im.sink, &err));
        bool fed = feed(&im, 0, im.layout.tracks[0].sectors, 2), saved = exh_sink_save(im.sink, &kept, &err);
        struct exh_error why = err;
        bool sealed = exh_sink_seal(im.sink, &im.layout, &im.seal, &err);
        exh_sink_close(im.sink);
        im.sink = NULL;
        uint64_t found = kept_sectors(&im);
        char size[] = "size=20m";
        if (!elsewhere && mount("none", full, "tmpfs", MS_REMOUNT, size) != 0)
            sealed = true;
        if (elsewhere)
            must(exh_names_add(&folders, other, &err));
        im.create.folders = elsewhere ? &folders : NULL;
        if (!fed && saved && !sealed && found == kept) {
            write_rest(&im, kept);
            expect_same_set(im.sink, full, 7);
            exh_sink_close(im.sink);
            im.sink = NULL;
        }
        umount(full);
        assert_false(fed || sealed);
        assert_int_equal(why.code, EXH_NO_SPACE);
        assert_int_equal(why.sys, ENOSPC);
        assert_string_equal(why.file, "disk.E04");
        assert_true(why.at < 1 << 20);
        assert_int_equal(kept, SECTORS(3));
        assert_int_equal(found, SECTORS(3));
    }
    exh_names_close(&folders);
    image_close(&im);
}

/* All sectors are in closed segments when the list of unreadable ones needs a segment of its own: then only that is left to write. */
static void everything_but_the_end_is_kept(void **state)
{
    (void)state;
    struct image im;
    image_plan(&im, 6ULL * PER_SEGMENT * 32768, 512, EXH_COMPRESS_NONE);
    im.create.segment_bytes = 1 << 20;
    for (int64_t i = 0; i < 5000; i++)
        must(exh_sectors_mark(&im.bad, i * 2, 1, EXH_BAD, &err));
    image_write(&im);
    assert_int_equal(im.sink->files.count, 7);
    size_t length;
    uint8_t *last = read_file(in_folder("disk.E07"), &length);
    uint64_t sectors = im.layout.tracks[0].sectors;
    exh_sink_close(im.sink);
    im.sink = NULL;
    assert_int_equal(kept_sectors(&im), sectors);
    write_rest(&im, sectors);
    size_t again_length;
    uint8_t *again = read_file(in_folder("disk.E07"), &again_length);
    assert_int_equal(again_length, length);
    assert_memory_equal(again, last, length);
    free(again);
    free(last);
    image_close(&im);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(any_interruption_leaves_no_trace),
        TEST(interrupted_again_and_again),
        TEST(what_is_not_closed_ends_it),
        TEST(rot_in_what_is_kept_is_seen),
        TEST(another_acquisition_is_not_gone_on_with),
        TEST(only_segments_are_removed),
        TEST(segments_on_other_volumes),
        TEST(a_full_volume_is_a_pause),
        TEST(everything_but_the_end_is_kept),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
