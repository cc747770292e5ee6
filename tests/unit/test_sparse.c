/* Sparseimages with several nodes and sparsebundles with many bands, built from the facts of the formats; and what neither may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/disk/sparse.h"
#include "formats/model/bytes.h"

#define BAND 1024u
#define BANDS 1500u
#define STORED 1200u /* 1008 behind the header, the rest behind a node of their own */
#define NODE_AT (4096u + 1008u * BAND)
#define FILE_BYTES (NODE_AT + 4096u + (STORED - 1008u) * BAND)

static uint8_t file[FILE_BYTES], disk[BANDS * BAND], got[BANDS * BAND];

/* Bands in an order of no kind; every fifth is not stored. */
static void make_image(void)
{
    memset(file, 0, sizeof file);
    memset(disk, 0, sizeof disk);
    memcpy(file, "sprs", 4);
    exh_put_be32(file + 4, 3);
    exh_put_be32(file + 8, BAND / 512);
    exh_put_be32(file + 12, 1);
    exh_put_be32(file + 16, BANDS * BAND / 512);
    exh_put_be64(file + 20, NODE_AT);
    exh_put_be64(file + 28, BANDS * BAND / 512);
    memcpy(file + NODE_AT, "sprs", 4);
    exh_put_be32(file + NODE_AT + 4, 1);
    uint32_t slot = 0;
    for (uint32_t i = 0; i < BANDS; i++) {
        uint32_t band = i * 7 % BANDS; /* 7 and 1500 have no common divisor */
        if (band % 5 == 4)
            continue;
        uint8_t *entry = slot < 1008 ? file + 64 + 4 * slot : file + NODE_AT + 56 + 4 * (slot - 1008);
        uint8_t *data = file + (slot < 1008 ? 4096 + slot * BAND : NODE_AT + 4096 + (slot - 1008) * BAND);
        exh_put_be32(entry, band + 1);
        for (uint32_t k = 0; k < BAND; k++)
            data[k] = (uint8_t)(band * 13 + k / 3 + 1);
        memcpy(disk + band * BAND, data, BAND);
        slot++;
    }
    assert_int_equal(slot, STORED);
}

static struct exh_medium *open_bytes(size_t length, struct exh_error *err)
{
    struct exh_source *source = exh_source_memory(file, length, "lab.sparseimage");
    struct exh_open options = {0};
    assert_non_null(source);
    exh_error_clear(err);
    struct exh_medium *m = exh_format_sparseimage.open(source, &options, err);
    if (m == NULL)
        exh_source_close(source);
    return m;
}

static uint64_t read_all(struct exh_medium *m, size_t room)
{
    struct exh_error err = {0};
    struct exh_scratch *scratch = NULL;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    const struct exh_track *t = &m->layout->tracks[0];
    uint64_t lost = 0;
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, 7, 512, 0, &err));
    for (uint64_t lba = 0; lba < t->sectors && (lba + 7) * 512 <= room + 6 * 512; lba += block.count) {
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = t->sectors - lba < 7 ? (uint32_t)(t->sectors - lba) : 7};
        want.effort = EXH_THOROUGH;
        assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
        if ((lba + block.count) * 512 <= room)
            memcpy(got + lba * 512, block.main, (size_t)block.count * 512);
        lost += block.bad;
    }
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
    return lost;
}

static size_t outcomes(struct exh_medium *m, const char *check, enum exh_outcome outcome)
{
    struct exh_inspection in = {0};
    struct exh_error err = {0};
    size_t n = 0;
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        n += in.remarks[i].outcome == outcome && (check == NULL || strcmp(in.remarks[i].check, check) == 0);
    exh_inspection_close(&in);
    return n;
}

static void image_of_two_nodes(void **state)
{
    (void)state;
    struct exh_error err;
    make_image();
    struct exh_medium *m = open_bytes(sizeof file, &err);
    assert_non_null(m);
    assert_int_equal(exh_layout_bytes(m->layout), sizeof disk);
    assert_int_equal(read_all(m, sizeof got), 0);
    assert_memory_equal(got, disk, sizeof disk);
    assert_int_equal(outcomes(m, NULL, EXH_WARNS) + outcomes(m, NULL, EXH_FAILS), 0);
    exh_medium_close(m);
}

static void image_cut_short(void **state)
{
    (void)state;
    struct exh_error err;
    make_image();
    struct exh_medium *m = open_bytes(sizeof file - 512, &err); /* within the last band: zeros, and a warning */
    assert_non_null(m);
    assert_int_equal(read_all(m, sizeof got), 0);
    uint32_t last = exh_be32(file + NODE_AT + 56 + 4 * (STORED - 1008 - 1)) - 1;
    memset(disk + last * BAND + 512, 0, 512);
    assert_memory_equal(got, disk, sizeof disk);
    assert_int_equal(outcomes(m, "band-size", EXH_WARNS), 1);
    exh_medium_close(m);
    assert_non_null(m = open_bytes(sizeof file - 2 * BAND, &err)); /* two bands are not there at all */
    assert_int_equal(read_all(m, sizeof got), 2 * BAND / 512);
    assert_int_equal(outcomes(m, "out-of-range", EXH_FAILS), 2);
    exh_medium_close(m);
    assert_null(open_bytes(NODE_AT + 100, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_null(open_bytes(4095, &err));
}

static void refuse(enum exh_code code, const char *text)
{
    struct exh_error err;
    assert_null(open_bytes(sizeof file, &err));
    assert_int_equal(err.code, code);
    if (strstr(err.text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, err.text);
    make_image();
}

static void what_an_image_may_not_say(void **state)
{
    (void)state;
    make_image();
    exh_put_be32(file + 4, 2), refuse(EXH_UNSUPPORTED, "version 2");
    exh_put_be32(file + 8, 0), refuse(EXH_CORRUPT, "bands of no sectors");
    exh_put_be32(file + 16, 0), exh_put_be64(file + 28, 0), refuse(EXH_CORRUPT, "a disk of 0 sectors");
    exh_put_be64(file + 28, UINT64_MAX), refuse(EXH_CORRUPT, "sectors");
    memcpy(file + 64 + 4, file + 64, 4), refuse(EXH_CORRUPT, "stored twice");
    exh_put_be32(file + NODE_AT + 56, BANDS + 1), refuse(EXH_CORRUPT, "band 1501");
    exh_put_be64(file + NODE_AT + 12, NODE_AT), refuse(EXH_CORRUPT, "is followed by");
    exh_put_be64(file + NODE_AT + 12, 4096), refuse(EXH_CORRUPT, "is followed by");
    exh_put_be64(file + NODE_AT + 12, UINT64_MAX - 4096), refuse(EXH_CORRUPT, "");
    exh_put_be64(file + 20, 4096 + 512), refuse(EXH_CORRUPT, "no node");
    struct exh_error err;
    exh_put_be32(file + 16, 5); /* the two counts differ */
    struct exh_medium *m = open_bytes(sizeof file, &err);
    assert_non_null(m);
    assert_int_equal(outcomes(m, "sector-count", EXH_FAILS), 1);
    exh_medium_close(m);
}

static void hostile_headers(void **state)
{
    (void)state;
    static const uint32_t values[] = {0, 1, 2, 0x7FFFFFFF, 0x80000000u, 0xFFFFFFFFu};
    for (size_t at = 0; at < 256; at += 4)
        for (size_t v = 0; v < 2 * sizeof values / sizeof values[0]; v++) {
            struct exh_error err;
            make_image();
            exh_put_be32((v % 2 == 0 ? file : file + NODE_AT) + at, values[v / 2]);
            struct exh_medium *m = open_bytes(sizeof file, &err);
            if (m == NULL) {
                assert_true(err.code == EXH_CORRUPT || err.code == EXH_UNSUPPORTED || err.code == EXH_LIMIT);
                continue;
            }
            (void)read_all(m, 40 * 512);
            (void)outcomes(m, NULL, EXH_FAILS);
            exh_medium_close(m);
        }
}

/* ---- bundles ---- */

static char folder[] = "/tmp/exhibit-sparse.XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[2][256]; /* rename takes two */
    static unsigned turn;
    turn ^= 1;
    (void)snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
    return paths[turn];
}

static void put_file(const char *name, const void *bytes, size_t length)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, length, f), length);
    assert_int_equal(fclose(f), 0);
}

static void put_info(const char *name, const char *type, unsigned version, const char *band, unsigned long long size)
{
    char text[1024];
    int n = snprintf(text, sizeof text,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n<dict>\n<key>band-size</key>\n<integer>%s</integer>\n"
                     "<key>bundle-backingstore-version</key>\n<integer>%u</integer>\n<key>diskimage-bundle-type</key>\n<string>%s</string>\n"
                     "<key>size</key>\n<integer>%llu</integer>\n</dict>\n</plist>\n",
                     band, version, type, size);
    put_file(name, text, (size_t)n);
}

static void put_usual_info(const char *name) { put_info(name, "com.apple.diskimage.sparsebundle", 1, "1024", sizeof disk); }

static struct exh_medium *open_bundle(const char *name, struct exh_error *err)
{
    struct exh_medium *m = NULL;
    struct exh_open options = {0};
    exh_error_clear(err);
    return exh_image_open(path_of(name), NULL, &options, &m, err) ? m : NULL;
}

/* The same disk; band 10 is short, band 11 empty. */
static void make_bundle(void)
{
    char name[64];
    make_image();
    memset(disk + 10 * BAND + 100, 0, BAND - 100);
    memset(disk + 11 * BAND, 0, BAND);
    assert_int_equal(mkdir(path_of("b"), 0700), 0);
    assert_int_equal(mkdir(path_of("b/bands"), 0700), 0);
    for (uint32_t i = 0; i < BANDS; i++) {
        if (i % 5 == 4)
            continue;
        (void)snprintf(name, sizeof name, "b/bands/%x", i);
        put_file(name, disk + i * BAND, i == 10 ? 100 : i == 11 ? 0 : BAND);
    }
    put_usual_info("b/Info.plist");
    put_file("b/token", "", 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

static void remove_bundle(void) { assert_int_equal(nftw(path_of("b"), remove_one, 8, FTW_DEPTH | FTW_PHYS), 0); }

static void expect_bundle(struct exh_medium *m)
{
    assert_string_equal(m->format, "sparsebundle");
    assert_int_equal(exh_layout_bytes(m->layout), sizeof disk);
    assert_int_equal(read_all(m, sizeof got), 0);
    assert_memory_equal(got, disk, sizeof disk);
}

static void bundle_of_many_bands(void **state)
{
    (void)state;
    static const char *const names[] = {"b", "b/", "b/Info.plist", "b/Info.bckup"};
    struct rlimit before, few;
    struct exh_error err;
    make_bundle();
    put_usual_info("b/Info.bckup");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 32; /* 1200 bands, and no descriptor for each */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct exh_medium *m = open_bundle(names[i], &err);
        assert_non_null(m);
        expect_bundle(m);
        assert_int_equal(outcomes(m, NULL, EXH_WARNS) + outcomes(m, NULL, EXH_FAILS), 0);
        exh_medium_close(m);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(unlink(path_of("b/Info.plist")), 0); /* the copy speaks for it */
    struct exh_medium *m = open_bundle("b", &err);
    assert_non_null(m);
    expect_bundle(m);
    exh_medium_close(m);
    assert_int_equal(unlink(path_of("b/Info.bckup")), 0);
    assert_false(exh_image_is_folder(path_of("b")));
    assert_null(open_bundle("b", &err));
    remove_bundle();
}

static void bands_that_are_none(void **state)
{
    (void)state;
    static const char *const strays[] = {"b/bands/1F", "b/bands/01", "b/bands/0x2", "b/bands/zz", "b/bands/5dc", "b/bands/ffffffffffffffffff"};
    struct exh_error err;
    make_bundle();
    for (size_t i = 0; i < sizeof strays / sizeof strays[0]; i++)
        put_file(strays[i], "stray", 5);
    struct exh_medium *m = open_bundle("b", &err);
    assert_non_null(m);
    expect_bundle(m);
    assert_int_equal(outcomes(m, "band-name", EXH_WARNS), sizeof strays / sizeof strays[0]);
    exh_medium_close(m);
    put_file("b/bands/3", disk, BAND + 1); /* too long: the rest is not the disk's */
    memcpy(disk + 3 * BAND, disk, BAND);
    assert_non_null(m = open_bundle("b", &err));
    expect_bundle(m);
    assert_int_equal(outcomes(m, "band-size", EXH_FAILS), 1);
    exh_medium_close(m);
    remove_bundle();
}

static void what_leads_out(void **state)
{
    (void)state;
    struct exh_error err;
    make_bundle();
    put_file("secret", "secret", 6);
    assert_int_equal(unlink(path_of("b/bands/7")), 0);
    assert_int_equal(symlink("../../secret", path_of("b/bands/7")), 0);
    assert_null(open_bundle("b", &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_int_equal(unlink(path_of("b/bands/7")), 0);
    assert_int_equal(mkdir(path_of("b/bands/7"), 0700), 0); /* a folder is no band either */
    assert_null(open_bundle("b", &err));
    assert_int_equal(rmdir(path_of("b/bands/7")), 0);
    assert_int_equal(rename(path_of("b/bands"), path_of("elsewhere")), 0);
    assert_int_equal(symlink("../elsewhere", path_of("b/bands")), 0);
    assert_null(open_bundle("b", &err));
    assert_int_equal(unlink(path_of("b/bands")), 0);
    assert_null(open_bundle("b", &err)); /* none at all */
    assert_int_equal(err.code, EXH_NOT_FOUND);
    assert_int_equal(rename(path_of("elsewhere"), path_of("b/bands")), 0);
    assert_int_equal(unlink(path_of("b/Info.plist")), 0);
    assert_int_equal(symlink("../secret", path_of("b/Info.plist")), 0);
    assert_false(exh_image_is_folder(path_of("b")));
    assert_int_equal(unlink(path_of("secret")), 0);
    remove_bundle();
}

static void refuse_bundle(enum exh_code code, const char *text)
{
    struct exh_error err;
    assert_null(open_bundle("b", &err));
    assert_int_equal(err.code, code);
    if (strstr(err.text, text) == NULL)
        fail_msg("'%s' is not in '%s'", text, err.text);
    put_usual_info("b/Info.plist");
}

static void what_a_bundle_may_not_say(void **state)
{
    (void)state;
    static const char *const type = "com.apple.diskimage.sparsebundle";
    make_bundle();
    put_info("b/Info.plist", "com.example.bundle", 1, "1024", 1 << 20), refuse_bundle(EXH_UNSUPPORTED, "com.example.bundle");
    put_info("b/Info.plist", type, 2, "1024", 1 << 20), refuse_bundle(EXH_UNSUPPORTED, "version 2");
    put_info("b/Info.plist", type, 1, "0", 1 << 20), refuse_bundle(EXH_CORRUPT, "bands of 0");
    put_info("b/Info.plist", type, 1, "1000", 1 << 20), refuse_bundle(EXH_CORRUPT, "bands of 1000");
    put_info("b/Info.plist", type, 1, "18446744073709551616", 1 << 20), refuse_bundle(EXH_CORRUPT, "band-size");
    put_info("b/Info.plist", type, 1, "-1", 1 << 20), refuse_bundle(EXH_CORRUPT, "band-size");
    put_info("b/Info.plist", type, 1, "1024", 0), refuse_bundle(EXH_CORRUPT, "a disk of 0");
    put_info("b/Info.plist", type, 1, "1024", UINT64_MAX), refuse_bundle(EXH_CORRUPT, "a disk of");
    put_file("b/token", "encrcdsA", 8), refuse_bundle(EXH_UNSUPPORTED, "token");
    put_file("b/token", "encr", 4), refuse_bundle(EXH_CORRUPT, "token has 4 bytes");
    remove_bundle();
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_of_two_nodes), cmocka_unit_test(image_cut_short),          cmocka_unit_test(what_an_image_may_not_say),
        cmocka_unit_test(hostile_headers),    cmocka_unit_test(bundle_of_many_bands),     cmocka_unit_test(bands_that_are_none),
        cmocka_unit_test(what_leads_out),     cmocka_unit_test(what_a_bundle_may_not_say)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
