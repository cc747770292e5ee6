/* The second witness: what libewf makes of images, whole and damaged, of ours and of the field. */
#include "tests/unit/ewf_image.h"

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

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_witness_reads_s01),       TEST(the_witness_reads_l01),
        TEST(the_witness_reads_the_field), TEST(the_witness_refuses_what_is_none),
        TEST(the_witness_names_damage),    TEST(the_witness_names_what_is_gone),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
