/* test_vmdk.c - VMDK extents with tables made in the test: what they hold, and what is not believed. */
#include "vmdk_lab.h"

static uint8_t image[LAB_ROOM], poked[LAB_ROOM];

static void a_sparse_image_is_read(void **state)
{
    (void)state;
    struct exh_error err;
    struct exh_medium *m = lab_open(image, lab_sparse(image), &err);
    assert_non_null(m);
    assert_true(exh_layout_bytes(m->layout) == LAB_DISK);
    assert_int_equal(lab_missing(m, 7, lab_byte), 0);
    assert_int_equal(lab_missing(m, 1000, lab_byte), 0);
    assert_int_equal(lab_remarks(m, NULL, EXH_FAILS) + lab_remarks(m, NULL, EXH_WARNS), 0);
    assert_int_equal(lab_remarks(m, "table-copy", EXH_HOLDS), 1);
    exh_medium_close(m);
}

static void holes_stay_holes(void **state)
{
    (void)state;
    static const struct {
        int64_t lba;
        enum exh_block_kind kind;
    } wants[] = {{0, EXH_BLOCK_DATA}, {8, EXH_BLOCK_ZERO}, {16, EXH_BLOCK_UNALLOCATED}, {512 * 8, EXH_BLOCK_UNALLOCATED}, {513 * 8, EXH_BLOCK_DATA}};
    struct exh_error err;
    struct exh_scratch *scratch;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    struct exh_medium *m = lab_open(image, lab_sparse(image), &err);
    assert_non_null(m);
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, 8, 512, 0, &err));
    for (size_t i = 0; i < sizeof wants / sizeof *wants; i++) {
        struct exh_want want = {.track = &m->layout->tracks[0], .lba = wants[i].lba, .count = 8};
        assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
        assert_int_equal(block.kind, wants[i].kind);
    }
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
    exh_medium_close(m);
}

static void streams_are_read_whole_and_cut(void **state)
{
    (void)state;
    struct exh_error err;
    for (unsigned whole = 0; whole < 2; whole++) {
        size_t length = lab_stream(image, whole == 1);
        struct exh_medium *m = lab_open(image, length, &err);
        assert_non_null(m);
        assert_int_equal(m->unit_sectors, 8);
        assert_int_equal(lab_missing(m, 11, lab_byte), 0);
        assert_int_equal(lab_remarks(m, NULL, EXH_FAILS) + lab_remarks(m, NULL, EXH_WARNS), 0);
        exh_medium_close(m);
        m = lab_open(image, length - 512, &err); /* the footer is no longer where it must be */
        assert_non_null(m);
        assert_int_equal(lab_missing(m, 11, lab_byte), 0);
        assert_int_equal(lab_remarks(m, "footer", EXH_FAILS), 1);
        exh_medium_close(m);
    }
}

/* Whatever is cut away: what is said to be good is right, and what is gone is said to be missing. */
static void cut_files_lose_only_what_is_gone(void **state)
{
    (void)state;
    struct exh_error err;
    size_t refused = 0, opened = 0;
    for (unsigned kind = 0; kind < 2; kind++) {
        size_t length = kind == 0 ? lab_sparse(image) : lab_stream(image, true);
        for (size_t cut = 0; cut < length; cut += 512) {
            struct exh_medium *m = lab_open(image, cut, &err);
            if (m == NULL) {
                refused++;
                assert_true(err.code == EXH_CORRUPT && err.text[0] != '\0');
                continue;
            }
            opened++;
            uint64_t missing = lab_missing(m, 64, lab_byte);
            size_t fails = lab_remarks(m, NULL, EXH_FAILS);
            assert_true(missing == 0 || fails > 0);
            exh_medium_close(m);
        }
    }
    assert_true(refused > 20 && opened > 30);
}

static void a_cut_stream_ends_in_missing(void **state)
{
    (void)state;
    struct exh_error err;
    (void)lab_stream(image, true);
    uint32_t first = exh_le32(image + LAB_DATA * 512 + 8);
    size_t second = LAB_DATA * 512 + (first + 12 + 511) / 512 * 512;
    struct exh_medium *m = lab_open(image, second + 100, &err); /* the second grain needs more than that */
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, lab_byte), LAB_SECTORS - 8);
    exh_medium_close(m);
}

/* A disk with nothing behind its last grain: whether that is known depends on where the stream ends. */
static void a_stream_without_its_footer_may_be_whole(void **state)
{
    (void)state;
    struct exh_error err;
    size_t length = lab_stream(image, true), directory = length - 5 * 512; /* its marker, itself, footer's marker, footer, end */
    assert_int_equal(exh_le32(image + directory + 12), EXH_VMDK_DIRECTORY);
    lab_text(image, "streamOptimized", 4877);
    exh_put_le64(image + 12, 4877);
    const struct {
        size_t length;
        uint64_t missing;
    } cuts[] = {{length + 512, 0}, {directory + 512, 0}, {directory, 4877 - 601 * 8}};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct exh_medium *m = lab_open(image, cuts[i].length, &err);
        assert_non_null(m);
        assert_int_equal(lab_missing(m, 64, NULL), cuts[i].missing);
        assert_int_equal(lab_remarks(m, "footer", EXH_FAILS), 1);
        exh_medium_close(m);
    }
}

static void the_second_tables_are_compared(void **state)
{
    (void)state;
    struct exh_error err;
    size_t length = lab_sparse(image);
    lab_entry(image, LAB_RGT, 0, LAB_DATA + 8);
    struct exh_medium *m = lab_open(image, length, &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, lab_byte), 0);
    assert_int_equal(lab_remarks(m, "table-copy", EXH_FAILS), 1);
    exh_medium_close(m);
    (void)lab_sparse(image);
    image[72] = 1;
    lab_entry(image, LAB_GT, 600, LAB_DATA);   /* used by grain 0 */
    lab_entry(image, LAB_GT, 599, 0x00FFFFFF); /* outside the file */
    lab_entry(image, LAB_RGT, 600, LAB_DATA);
    lab_entry(image, LAB_RGT, 599, 0x00FFFFFF);
    m = lab_open(image, length, &err);
    assert_non_null(m);
    assert_int_equal(lab_remarks(m, "unclean", EXH_WARNS), 1);
    assert_int_equal(lab_remarks(m, "overlap", EXH_FAILS), 1);
    assert_int_equal(lab_remarks(m, "out-of-range", EXH_FAILS), 1);
    assert_int_equal(lab_remarks(m, "orphan", EXH_WARNS), 1);
    assert_int_equal(lab_missing(m, 64, NULL), 8);
    exh_medium_close(m);
}

static void a_packed_grain_must_be_the_right_one(void **state)
{
    (void)state;
    struct exh_error err;
    size_t length = lab_stream(image, true);
    image[LAB_DATA * 512] ^= 8; /* grain 0 says that it is grain 1 */
    struct exh_medium *m = lab_open(image, length, &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, lab_byte), 8);
    assert_int_equal(lab_remarks(m, "grain-place", EXH_FAILS), 1);
    exh_medium_close(m);
    (void)lab_stream(image, true);
    image[LAB_DATA * 512 + 12 + 40] ^= 0x55; /* the stream's own checksum */
    m = lab_open(image, length, &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, lab_byte), 8);
    exh_medium_close(m);
}

/* A zeroed entry in an image that does not say it has such: sector 1 is the descriptor's, and no data. */
static void zeroed_entries_need_their_flag(void **state)
{
    (void)state;
    struct exh_error err;
    size_t length = lab_sparse(image);
    image[8] &= (uint8_t)~EXH_VMDK_ZEROED;
    struct exh_medium *m = lab_open(image, length, &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, lab_byte), 8);
    assert_int_equal(lab_remarks(m, "table", EXH_FAILS), 1);
    exh_medium_close(m);
}

/* A directory whose entries all point at one table, which points at one grain, asks for as much work as its square: it is not done. */
static void tables_that_overlap_end_the_check(void **state)
{
    (void)state;
    struct exh_error err;
    (void)lab_sparse(image);
    exh_put_le64(image + 12, 512ull * 8 * 1000); /* sectors: a thousand tables */
    exh_put_le64(image + 56, 40);                /* the directory, within the last grain */
    for (uint32_t i = 0; i < 512; i++)
        lab_entry(image, LAB_GT, i, LAB_DATA);
    for (uint32_t i = 0; i < 1000; i++)
        exh_put_le32(image + 40 * 512 + (size_t)i * 4, LAB_GT);
    struct exh_medium *m = lab_open(image, LAB_SPARSE_BYTES, &err);
    assert_non_null(m);
    size_t told = lab_remarks(m, "overlap", EXH_FAILS); /* as many as grains fit twice the file, not one for each of 512000 */
    assert_true(told >= 1 && told < 20);
    exh_medium_close(m);
}

static uint8_t one_grain_byte(uint64_t at) { return at / LAB_GRAIN == 1500 ? 'x' : 0; }

/* Tables of one entry, and so many of them that the directory is looked at in pieces. */
static void long_directories_are_checked_whole(void **state)
{
    (void)state;
    struct exh_error err;
    (void)lab_sparse(image);
    memset(image + 3 * 512, 0, LAB_ROOM - 3 * 512);
    exh_put_le32(image + 8, EXH_VMDK_NEWLINES);
    exh_put_le64(image + 12, 2000 * 8);
    exh_put_le32(image + 44, 1);
    exh_put_le64(image + 48, 0);
    exh_put_le64(image + 56, 3);
    exh_put_le32(image + 3 * 512 + 1500 * 4, 20);
    exh_put_le32(image + 20 * 512, LAB_DATA);
    memset(image + LAB_DATA * 512, 'x', LAB_GRAIN);
    lab_text(image, "monolithicSparse", 2000 * 8);
    struct exh_medium *m = lab_open(image, (LAB_DATA + 8) * 512, &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, one_grain_byte), 0);
    assert_int_equal(lab_remarks(m, NULL, EXH_FAILS) + lab_remarks(m, NULL, EXH_WARNS), 1);
    assert_int_equal(lab_remarks(m, "header", EXH_FAILS), 1); /* no other maker's tables have one entry */
    exh_medium_close(m);
    exh_put_le32(image + 3 * 512 + 1999 * 4, 4000);
    m = lab_open(image, (LAB_DATA + 8) * 512, &err);
    assert_non_null(m);
    assert_int_equal(lab_missing(m, 64, one_grain_byte), 8);
    assert_int_equal(lab_remarks(m, "out-of-range", EXH_FAILS), 1);
    exh_medium_close(m);
}

/* ---- fields that are not believed ---- */

static void put(uint8_t *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* Opened with one field changed: refused with a place in that header, or read to its end. */
static void try_field(const uint8_t *from, size_t length, size_t header_at, size_t field, unsigned bytes, uint64_t value)
{
    struct exh_error err;
    memcpy(poked, from, LAB_ROOM);
    put(poked + header_at + field, bytes, value);
    struct exh_medium *m = lab_open(poked, length, &err);
    if (m == NULL) {
        assert_true(err.code == EXH_CORRUPT || err.code == EXH_UNSUPPORTED || err.code == EXH_LIMIT || err.code == EXH_REFUSED);
        assert_true(err.text[0] != '\0' && err.at < length);
        return;
    }
    if (exh_layout_bytes(m->layout) <= LAB_DISK)
        (void)lab_missing(m, 64, NULL);
    (void)lab_remarks(m, NULL, EXH_FAILS);
    exh_medium_close(m);
}

static void hostile_fields_are_survived(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        unsigned bytes;
    } fields[] = {{0, 4}, {4, 4}, {8, 4}, {12, 8}, {20, 8}, {28, 8}, {36, 8}, {44, 4}, {48, 8}, {56, 8}, {64, 8}, {72, 1}, {73, 4}, {77, 2}};
    for (unsigned kind = 0; kind < 2; kind++) {
        size_t length = kind == 0 ? lab_sparse(image) : lab_stream(image, true);
        for (unsigned footer = 0; footer <= kind; footer++)
            for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
                size_t header = footer == 1 ? length - 1024 : 0;
                uint64_t was = get(image + header + fields[f].at, fields[f].bytes);
                const uint64_t values[] = {0,       1,       UINT64_MAX, UINT64_MAX / 2,    UINT64_MAX / 512,
                                           was + 1, was - 1, was * 2,    UINT64_C(1) << 53, 0xFFFFFFFF};
                for (size_t i = 0; i < sizeof values / sizeof *values; i++)
                    try_field(image, length, header, fields[f].at, fields[f].bytes, values[i]);
            }
    }
}

static void hostile_entries_are_survived(void **state)
{
    (void)state;
    size_t length = lab_sparse(image);
    static const uint32_t values[] = {0, 1, 2, LAB_GD, LAB_DATA + 23, LAB_DATA + 24, 0x7FFFFFFF, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        try_field(image, length, 0, LAB_GD * 512, 4, values[i]);
        try_field(image, length, 0, LAB_RGD * 512 + 4, 4, values[i]);
        try_field(image, length, 0, LAB_GT * 512, 4, values[i]);
        try_field(image, length, 0, LAB_GT * 512 + 600 * 4, 4, values[i]);
    }
    length = lab_stream(image, false);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        try_field(image, length, 0, LAB_DATA * 512, 4, values[i]);     /* where the grain belongs */
        try_field(image, length, 0, LAB_DATA * 512 + 8, 4, values[i]); /* its length */
    }
}

static void refusals_name_the_field(void **state)
{
    (void)state;
    static const struct {
        size_t field;
        unsigned bytes;
        uint64_t value;
        enum exh_code code;
    } bad[] = {{4, 4, 4, EXH_UNSUPPORTED},       {4, 4, 0, EXH_UNSUPPORTED},       {8, 4, 0x13, EXH_UNSUPPORTED}, {12, 8, 0, EXH_CORRUPT},
               {12, 8, UINT64_MAX, EXH_CORRUPT}, {20, 8, 0, EXH_CORRUPT},          {20, 8, 7, EXH_CORRUPT},       {20, 8, 4, EXH_CORRUPT},
               {20, 8, 1 << 18, EXH_CORRUPT},    {28, 8, 4000, EXH_CORRUPT},       {44, 4, 0, EXH_CORRUPT},       {44, 4, 4097, EXH_CORRUPT},
               {48, 8, 0x3FFFFFFF, EXH_CORRUPT}, {56, 8, 0x3FFFFFFF, EXH_CORRUPT}, {56, 8, 0, EXH_CORRUPT},       {56, 8, UINT64_MAX, EXH_CORRUPT},
               {64, 8, UINT64_MAX, EXH_CORRUPT}, {73, 4, 0x0A0A200A, EXH_CORRUPT}, {77, 2, 2, EXH_UNSUPPORTED},   {77, 2, 1, EXH_CORRUPT}};
    struct exh_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t length = lab_sparse(image);
        put(image + bad[i].field, bad[i].bytes, bad[i].value);
        assert_null(lab_open(image, length, &err));
        assert_int_equal(err.code, bad[i].code);
        assert_int_equal(err.at, bad[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sparse_image_is_read),
        cmocka_unit_test(holes_stay_holes),
        cmocka_unit_test(streams_are_read_whole_and_cut),
        cmocka_unit_test(cut_files_lose_only_what_is_gone),
        cmocka_unit_test(a_cut_stream_ends_in_missing),
        cmocka_unit_test(the_second_tables_are_compared),
        cmocka_unit_test(a_packed_grain_must_be_the_right_one),
        cmocka_unit_test(zeroed_entries_need_their_flag),
        cmocka_unit_test(hostile_fields_are_survived),
        cmocka_unit_test(hostile_entries_are_survived),
        cmocka_unit_test(refusals_name_the_field),
        cmocka_unit_test(long_directories_are_checked_whole),
        cmocka_unit_test(tables_that_overlap_end_the_check),
        cmocka_unit_test(a_stream_without_its_footer_may_be_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
