/* test_qcow2.c - QCOW images made here byte by byte: read as they should be, and then one field at a time is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "formats/container/unpack.h"
#include "formats/disk/qcow2.h"
#include "formats/model/bytes.h"

#define CLUSTER 65536u
#define HEADER_AT 0u
#define TABLE_AT (1 * CLUSTER) /* of refcounts */
#define COUNTS_AT (2 * CLUSTER)
#define L1_AT (3 * CLUSTER)
#define L2_AT (4 * CLUSTER)
#define DATA_AT (5 * CLUSTER)
#define PACKED_AT (6 * CLUSTER + 100)
#define SNAPSHOTS_AT (7 * CLUSTER)
#define SNAP_L1_AT (8 * CLUSTER)
#define FILE_BYTES (9 * CLUSTER)
#define DISK_BYTES (8 * CLUSTER)

static uint8_t file[FILE_BYTES];
static uint8_t disk[DISK_BYTES];
static uint32_t packed_bytes;

/* Cluster 0 plain, 1 packed, 2 "zeros", 3 nothing, 4 shared with 0 by a snapshot only, the rest nothing. */
static void make_file(enum exh_codec codec)
{
    memset(file, 0, sizeof file);
    memset(disk, 0, sizeof disk);
    for (uint32_t i = 0; i < CLUSTER; i++) {
        disk[i] = (uint8_t)(i * 7 + i / 253);
        disk[CLUSTER + i] = (uint8_t)(i / 100);
    }
    memcpy(file + DATA_AT, disk, CLUSTER);
    struct exh_packer *packer = exh_packer_new(codec, 3);
    packed_bytes = (uint32_t)exh_pack(packer, disk + CLUSTER, CLUSTER, file + PACKED_AT, CLUSTER - 100);
    exh_packer_close(packer);
    assert_true(packed_bytes > 0);

    uint8_t *h = file;
    exh_put_be32(h, 0x514649FBu);
    exh_put_be32(h + 4, 3);
    exh_put_be32(h + 20, 16);
    exh_put_be64(h + 24, DISK_BYTES);
    exh_put_be32(h + 36, 1);
    exh_put_be64(h + 40, L1_AT);
    exh_put_be64(h + 48, TABLE_AT);
    exh_put_be32(h + 56, 1);
    exh_put_be32(h + 60, 1);
    exh_put_be64(h + 64, SNAPSHOTS_AT);
    exh_put_be64(h + 72, codec == EXH_CODEC_ZSTD ? 8 : 0);
    exh_put_be32(h + 96, 4);
    exh_put_be32(h + 100, 112);
    h[104] = codec == EXH_CODEC_ZSTD;

    exh_put_be64(file + TABLE_AT, COUNTS_AT);
    for (unsigned i = 0; i < FILE_BYTES / CLUSTER; i++)
        file[COUNTS_AT + i * 2 + 1] = 1;
    exh_put_be64(file + L1_AT, L2_AT | 1ull << 63);
    exh_put_be64(file + L2_AT, DATA_AT | 1ull << 63);
    uint64_t more = (PACKED_AT + packed_bytes - 1) / 512 - PACKED_AT / 512;
    exh_put_be64(file + L2_AT + 8, PACKED_AT | more << 54 | 1ull << 62);
    exh_put_be64(file + L2_AT + 16, 1);

    uint8_t *s = file + SNAPSHOTS_AT; /* one, whose L1 table is empty */
    exh_put_be64(s, SNAP_L1_AT);
    exh_put_be32(s + 8, 1);
    exh_put_be16(s + 12, 1);
    exh_put_be16(s + 14, 5);
    exh_put_be32(s + 36, 16);
    exh_put_be64(s + 48, 3 * CLUSTER);
    memcpy(s + 56, "1empty", 6);
}

static struct exh_medium *open_file(uint64_t bytes, const char *snapshot, struct exh_error *err)
{
    struct exh_open options = {.path = "toy.qcow2", .snapshot = snapshot};
    struct exh_source *source = exh_source_memory(file, bytes, "toy.qcow2");
    exh_error_clear(err);
    struct exh_medium *m = exh_format_qcow2.open(source, &options, err);
    if (m == NULL)
        exh_source_close(source);
    return m;
}

/* Reads the whole, however large it says it is up to `most` bytes; returns the sectors that are not good. */
static uint64_t read_all(struct exh_medium *m, uint8_t *out, uint64_t most)
{
    struct exh_error err = {0};
    struct exh_scratch *scratch;
    struct exh_block block;
    struct exh_faults faults = {0};
    uint64_t bad = 0, sectors = m->layout->tracks[0].sectors;
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, 128, 512, 0, &err));
    for (uint64_t lba = 0; lba < sectors && lba * 512 < most; lba += 128) {
        struct exh_want want = {.track = &m->layout->tracks[0],
                                .lba = (int64_t)lba,
                                .count = sectors - lba < 128 ? (uint32_t)(sectors - lba) : 128,
                                .effort = EXH_THOROUGH};
        if (!exh_medium_read(m, scratch, &want, &block, &faults, &err))
            fail_msg("%s", err.text);
        bad += block.bad;
        for (size_t i = 0; i < faults.count; i++)
            assert_true(faults.items[i].file == 0 || faults.items[i].file == 1);
        uint64_t bytes = exh_block_bytes(&block);
        if (out != NULL)
            memcpy(out + lba * 512, block.main, (size_t)(bytes < most - lba * 512 ? bytes : most - lba * 512));
        (void)exh_medium_hole(m, scratch, want.track, want.lba, want.count);
    }
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    return bad;
}

static void reads_what_was_put_in(void **state)
{
    (void)state;
    static const enum exh_codec codecs[] = {EXH_CODEC_DEFLATE, EXH_CODEC_ZSTD};
    for (size_t i = 0; i < 2; i++) {
        struct exh_error err;
        struct exh_inspection in = {0};
        static uint8_t out[DISK_BYTES];
        make_file(codecs[i]);
        struct exh_medium *m = open_file(FILE_BYTES, NULL, &err);
        assert_non_null(m);
        assert_int_equal(read_all(m, out, DISK_BYTES), 0);
        assert_memory_equal(out, disk, DISK_BYTES);
        assert_true(exh_medium_inspect(m, &in, &err));
        assert_int_equal(in.remark_count, 0);
        exh_inspection_close(&in);
        exh_medium_close(m);
        m = open_file(FILE_BYTES, "empty", &err);
        assert_non_null(m);
        assert_true(exh_layout_bytes(m->layout) == 3 * CLUSTER);
        assert_int_equal(read_all(m, out, DISK_BYTES), 0);
        assert_true(exh_all_zero(out, 3 * CLUSTER));
        exh_medium_close(m);
    }
}

/* What must be said of a field that is wrong: the offset of the error, a part of its text. */
static void expect_refusal(enum exh_code code, uint64_t at, const char *text, const char *snapshot)
{
    struct exh_error err;
    struct exh_medium *m = open_file(FILE_BYTES, snapshot, &err);
    if (m != NULL)
        fail_msg("opened, where '%s' was to be said", text);
    if (err.code != code || err.at != at || strstr(err.text, text) == NULL)
        fail_msg("code %d at %llu: %s; not %d at %llu: %s", err.code, (unsigned long long)err.at, err.text, code, (unsigned long long)at, text);
}

/* A number of 1, 4 or 8 bytes. */
static void poke(uint64_t at, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        file[at + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

static void each_header_field_names_itself(void **state)
{
    (void)state;
    static const struct {
        unsigned at, width;
        uint64_t value;
        enum exh_code code;
        uint64_t says_at;
        const char *text;
    } rows[] = {
        {4, 4, 0, EXH_UNSUPPORTED, 4, "version 0 is not known"},
        {4, 4, 4, EXH_UNSUPPORTED, 4, "version 4 is not known"},
        {4, 4, UINT32_MAX, EXH_UNSUPPORTED, 4, "version 4294967295 is not known"},
        {20, 4, 0, EXH_CORRUPT, 20, "clusters of 2^0 bytes"},
        {20, 4, 8, EXH_CORRUPT, 20, "clusters of 2^8 bytes"},
        {20, 4, 22, EXH_CORRUPT, 20, "clusters of 2^22 bytes"},
        {20, 4, 63, EXH_CORRUPT, 20, "clusters of 2^63 bytes"},
        {20, 4, UINT32_MAX, EXH_CORRUPT, 20, "clusters of 2^4294967295 bytes"},
        {24, 8, 0, EXH_CORRUPT, 24, "a disk of 0 bytes"},
        {24, 8, UINT64_MAX, EXH_CORRUPT, 24, "a disk of 18446744073709551615 bytes"},
        {24, 8, (512ull << 20) + 1, EXH_CORRUPT, 36, "an L1 table of 1 entries"},
        {32, 4, 1, EXH_SECRET, EXH_NO_OFFSET, "is encrypted, and there is no passphrase"},
        {32, 4, 2, EXH_CORRUPT, 32, "encrypted (LUKS), and does not say where"},
        {32, 4, 3, EXH_UNSUPPORTED, 32, "encrypted by method 3, which is not known"},
        {36, 4, 0, EXH_CORRUPT, 36, "an L1 table of 0 entries"},
        {36, 4, UINT32_MAX, EXH_CORRUPT, 36, "an L1 table of 4294967295 entries"},
        {36, 4, (FILE_BYTES - L1_AT) / 8 + 1, EXH_CORRUPT, 36, "and the file ends at"},
        {40, 8, UINT64_MAX, EXH_CORRUPT, 36, "at 18446744073709551615"},
        {40, 8, FILE_BYTES, EXH_CORRUPT, 36, "and the file ends at"},
        {40, 8, FILE_BYTES - 7, EXH_CORRUPT, 36, "and the file ends at"},
        {60, 4, UINT32_MAX, EXH_CORRUPT, 60, "4294967295 snapshots"},
        {60, 4, 65537, EXH_CORRUPT, 60, "65537 snapshots"},
        {64, 8, UINT64_MAX, EXH_CORRUPT, 60, "1 snapshots at 18446744073709551615"},
        {64, 8, FILE_BYTES - 39, EXH_CORRUPT, 60, "1 snapshots at"},
        {72, 8, 32, EXH_UNSUPPORTED, 72, "incompatible features 0x20"},
        {72, 8, UINT64_MAX, EXH_UNSUPPORTED, 72, "incompatible features 0xffffffffffffffff"},
        {72, 8, 4, EXH_CORRUPT, 72, "keeps its data in another file"},
        {104, 1, 2, EXH_UNSUPPORTED, 104, "compression type 2 is not known"},
        {104, 1, 255, EXH_UNSUPPORTED, 104, "compression type 255 is not known"},
        {SNAPSHOTS_AT + 36, 4, 1025, EXH_CORRUPT, SNAPSHOTS_AT + 36, "1025 bytes of extra data"},
        {SNAPSHOTS_AT + 36, 4, UINT32_MAX, EXH_CORRUPT, SNAPSHOTS_AT + 36, "4294967295 bytes of extra data"},
        {SNAPSHOTS_AT + 12, 4, 0xFFFF0005, EXH_CORRUPT, SNAPSHOTS_AT + 56, "a snapshot's id of 65535 bytes"},
        {SNAPSHOTS_AT + 12, 4, 0x0001FFFF, EXH_CORRUPT, SNAPSHOTS_AT + 57, "a snapshot's name of 65535 bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_file(EXH_CODEC_DEFLATE);
        poke(rows[i].at, rows[i].width, rows[i].value);
        expect_refusal(rows[i].code, rows[i].says_at, rows[i].text, NULL);
    }
}

static void a_snapshot_that_was_asked_for_is_checked(void **state)
{
    (void)state;
    make_file(EXH_CODEC_DEFLATE);
    expect_refusal(EXH_NOT_FOUND, SNAPSHOTS_AT, "no snapshot 'full'", "full");
    poke(SNAPSHOTS_AT, 8, FILE_BYTES);
    expect_refusal(EXH_CORRUPT, FILE_BYTES, "snapshot 'empty' has an L1 table of 1 entries", "empty");
    make_file(EXH_CODEC_DEFLATE);
    poke(SNAPSHOTS_AT + 8, 4, 0);
    expect_refusal(EXH_CORRUPT, SNAP_L1_AT, "snapshot 'empty' has an L1 table of 0 entries", "empty");
    make_file(EXH_CODEC_DEFLATE);
    poke(SNAPSHOTS_AT + 48, 8, UINT64_MAX);
    expect_refusal(EXH_CORRUPT, SNAP_L1_AT, "snapshot 'empty' has an L1 table of 1 entries", "empty");
}

static void backing_names_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum exh_code code;
        const char *text;
    } rows[] = {{"json:{\"driver\":\"file\"}", EXH_REFUSED, "'json:{\"driver\":\"file\"}' is not the name of a file"},
                {"nbd://127.0.0.1/x", EXH_REFUSED, "'nbd://127.0.0.1/x' is not the name of a file"},
                {"base.qcow2", EXH_NOT_FOUND, "--parent FILE"}};
    for (size_t i = 0; i < 3; i++) {
        struct exh_error err;
        make_file(EXH_CODEC_DEFLATE);
        poke(8, 8, 600);
        poke(16, 4, strlen(rows[i].name));
        memcpy(file + 600, rows[i].name, strlen(rows[i].name));
        assert_null(open_file(FILE_BYTES, NULL, &err));
        assert_int_equal(err.code, rows[i].code);
        assert_non_null(strstr(err.text, rows[i].text));
    }
    make_file(EXH_CODEC_DEFLATE);
    poke(8, 8, 600);
    poke(16, 4, 1024);
    expect_refusal(EXH_CORRUPT, 600, "the backing file's name of 1024 bytes", NULL);
    poke(8, 8, UINT64_MAX);
    poke(16, 4, 4);
    expect_refusal(EXH_CORRUPT, UINT64_MAX, "the backing file's name of 4 bytes", NULL);
}

/* Every field to 0, 1, its greatest value, one less, and one more and less than it is: opened or refused, read to the end, inspected; and an error
 * says where in the file. */
static void survive(void)
{
    struct exh_error err;
    struct exh_inspection in = {0};
    struct exh_medium *m = open_file(FILE_BYTES, NULL, &err);
    if (m == NULL) {
        assert_true(err.code == EXH_SECRET || err.code == EXH_CORRUPT || err.code == EXH_UNSUPPORTED || err.code == EXH_NOT_FOUND ||
                    err.code == EXH_REFUSED);
        assert_true(err.text[0] != '\0');
        return;
    }
    (void)read_all(m, NULL, 4 << 20);
    if (!exh_medium_inspect(m, &in, &err))
        assert_true(err.code == EXH_CORRUPT || err.code == EXH_IO || err.code == EXH_LIMIT);
    exh_inspection_close(&in);
    exh_medium_close(m);
}

static void every_field_to_its_edges(void **state)
{
    (void)state;
    static const struct {
        unsigned at, width;
    } fields[] = {{0, 4},
                  {4, 4},
                  {8, 8},
                  {16, 4},
                  {20, 4},
                  {24, 8},
                  {32, 4},
                  {36, 4},
                  {40, 8},
                  {48, 8},
                  {56, 4},
                  {60, 4},
                  {64, 8},
                  {72, 8},
                  {80, 8},
                  {88, 8},
                  {96, 4},
                  {100, 4},
                  {104, 1},
                  {112, 4},
                  {116, 4},
                  {TABLE_AT, 8},
                  {L1_AT, 8},
                  {L2_AT, 8},
                  {L2_AT + 8, 8},
                  {L2_AT + 16, 8},
                  {SNAPSHOTS_AT, 8},
                  {SNAPSHOTS_AT + 8, 4},
                  {SNAPSHOTS_AT + 12, 4},
                  {SNAPSHOTS_AT + 36, 4},
                  {SNAPSHOTS_AT + 48, 8},
                  {SNAP_L1_AT, 8}};
    static const enum exh_codec codecs[] = {EXH_CODEC_DEFLATE, EXH_CODEC_ZSTD};
    for (size_t c = 0; c < 2; c++)
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            make_file(codecs[c]);
            uint64_t was = 0, max = fields[i].width == 8 ? UINT64_MAX : (1ull << (8 * fields[i].width)) - 1;
            for (unsigned k = 0; k < fields[i].width; k++)
                was = was << 8 | file[fields[i].at + k];
            const uint64_t values[] = {0,
                                       1,
                                       max,
                                       max - 1,
                                       was + 1,
                                       was - 1,
                                       was ^ 1ull << 62,
                                       max / 2,
                                       was + 512,
                                       was - 512,
                                       FILE_BYTES - 1,
                                       FILE_BYTES,
                                       FILE_BYTES - 512,
                                       was ^ 1ull << 63,
                                       1 << 16,
                                       (1 << 9),
                                       was | 0x1FF,
                                       was * 2,
                                       0x7FFFFFFFFFFFull,
                                       L2_AT,
                                       DATA_AT};
            for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                make_file(codecs[c]);
                poke(fields[i].at, fields[i].width, values[v] & max);
                survive();
            }
        }
}

/* A file that ends early: refused, or what is lost is MISSING and nothing else is. */
static void truncation(void **state)
{
    (void)state;
    static uint8_t out[DISK_BYTES];
    make_file(EXH_CODEC_DEFLATE);
    for (uint64_t bytes = 0; bytes <= FILE_BYTES; bytes += 4096) {
        struct exh_error err;
        poke(60, 4, bytes < SNAPSHOTS_AT + 4096 ? 0 : 1);
        struct exh_medium *m = open_file(bytes, NULL, &err);
        if (m == NULL) {
            assert_true(bytes < L2_AT && (err.code == EXH_CORRUPT));
            continue;
        }
        assert_true(bytes > L1_AT);
        uint64_t bad = read_all(m, out, DISK_BYTES);
        if (bytes >= PACKED_AT + packed_bytes)
            assert_true(bad == 0 && memcmp(out, disk, DISK_BYTES) == 0);
        else
            assert_true(bad > 0);
        if (bytes >= DATA_AT && bytes < DATA_AT + CLUSTER) /* the part of the plain cluster that is there */
            assert_memory_equal(out, disk, (size_t)(bytes - DATA_AT));
        exh_medium_close(m);
    }
}

/* Tables that use a cluster twice, or one that is not there, are damage; what nobody uses is told. */
static bool remarked(const char *check, enum exh_outcome outcome)
{
    struct exh_error err;
    struct exh_inspection in = {0};
    bool found = false;
    struct exh_medium *m = open_file(FILE_BYTES, NULL, &err);
    assert_non_null(m);
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t i = 0; i < in.remark_count; i++)
        found = found || (strcmp(in.remarks[i].check, check) == 0 && in.remarks[i].outcome == outcome);
    exh_inspection_close(&in);
    exh_medium_close(m);
    return found;
}

/* Where the file ends within an L2 table, the clusters before that are what they are, from wherever reading begins. */
static void a_table_that_is_cut(void **state)
{
    (void)state;
    static uint8_t out[DISK_BYTES];
    struct exh_error err;
    make_file(EXH_CODEC_DEFLATE);
    exh_put_be32(file + 60, 0); /* no snapshot: its place is the table's */
    exh_put_be64(file + L1_AT, SNAP_L1_AT | 1ull << 63);
    memcpy(file + SNAP_L1_AT, file + L2_AT, 24);
    struct exh_medium *m = open_file(SNAP_L1_AT + 5 * 8, NULL, &err);
    assert_non_null(m);
    assert_int_equal(read_all(m, out, DISK_BYTES), 3 * CLUSTER / 512);
    assert_memory_equal(out, disk, 5 * CLUSTER);
    exh_medium_close(m);
}

static void structure_is_checked(void **state)
{
    (void)state;
    make_file(EXH_CODEC_DEFLATE);
    exh_put_be64(file + L2_AT + 24, DATA_AT | 1ull << 63);
    assert_true(remarked("overlap", EXH_FAILS)); /* twice the same cluster */
    make_file(EXH_CODEC_DEFLATE);
    exh_put_be64(file + L2_AT + 24, L1_AT | 1ull << 63);
    assert_true(remarked("overlap", EXH_FAILS)); /* a table as data */
    make_file(EXH_CODEC_DEFLATE);
    exh_put_be64(file + L1_AT, L1_AT | 1ull << 63);
    assert_true(remarked("overlap", EXH_FAILS)); /* the L1 table as its own L2 table */
    make_file(EXH_CODEC_DEFLATE);
    exh_put_be64(file + L2_AT + 24, FILE_BYTES | 1ull << 63);
    assert_true(remarked("out-of-range", EXH_FAILS));
    make_file(EXH_CODEC_DEFLATE);
    exh_put_be64(file + L2_AT, 0);
    assert_true(remarked("orphan", EXH_WARNS));
    make_file(EXH_CODEC_DEFLATE);
    poke(72, 8, 1);
    assert_true(remarked("dirty", EXH_WARNS));
    make_file(EXH_CODEC_DEFLATE);
    poke(72, 8, 2);
    assert_true(remarked("corrupt", EXH_FAILS));
    assert_false(remarked("dirty", EXH_WARNS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_put_in),
        cmocka_unit_test(each_header_field_names_itself),
        cmocka_unit_test(a_snapshot_that_was_asked_for_is_checked),
        cmocka_unit_test(backing_names_are_refused_by_name),
        cmocka_unit_test(every_field_to_its_edges),
        cmocka_unit_test(truncation),
        cmocka_unit_test(structure_is_checked),
        cmocka_unit_test(a_table_that_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
