/* test_qcow2_write.c - what the QCOW2 writer leaves: the disk it was given, and reference counts that are those a walk over its tables finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/container/unpack.h"
#include "formats/disk/qcow2.h"
#include "formats/model/bytes.h"

#define CLUSTER 65536u
#define MIB (1u << 20)

static char folder[] = "/tmp/exhibit-qcow2-XXXXXX";
static char path[sizeof folder + 16];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/disk.qcow2", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

/* The disk: a MiB that packs well, one of noise, one of both with zeros between, and nothing else but where `also` says. */
static uint64_t also;

static void fill(uint8_t *out, uint64_t mib)
{
    uint64_t x = 88172645463325252ull + mib;
    bool text = mib == 0 || mib == 2, noise = mib == 1 || mib == 2 || (also != 0 && mib == also);
    memset(out, 0, MIB);
    for (size_t i = 0; text && i < MIB; i++)
        out[i] = (uint8_t)((size_t) "many words, many times, "[i % 24] + (i / 4096) % 7);
    for (size_t i = 0; noise && i < MIB; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        if (mib != 2 || i / CLUSTER % 3 == 1)
            out[i] = (uint8_t)x;
        else if (i / CLUSTER % 3 == 2)
            out[i] = 0;
    }
}

static struct exh_sink *create(uint64_t bytes, uint32_t sector, enum exh_compression compression, struct exh_layout *layout)
{
    struct exh_error err = {0};
    struct exh_sink *sink = NULL;
    (void)unlink(path);
    exh_layout_disk(layout, bytes, sector);
    struct exh_create with = {.folder = folder, .name = "disk.qcow2", .declared = layout, .compression = compression};
    if (!exh_qcow2_create(&with, &sink, &err))
        fail_msg("%s", err.text);
    return sink;
}

/* Feeds it MiB by MiB, as the pipeline does: zeros as ZERO where the medium would say so. */
static void feed(struct exh_sink *sink, const struct exh_layout *layout)
{
    const struct exh_track *t = &layout->tracks[0];
    struct exh_error err = {0};
    struct exh_block block;
    const struct exh_consumer *c = &sink->consumer;
    struct exh_scratch *scratch = c->ops->scratch_new(c);
    assert_non_null(scratch);
    assert_true(exh_block_open(&block, MIB / t->main_bytes, t->main_bytes, 0, &err));
    void *result = malloc(c->ops->result_bytes(c, MIB / t->main_bytes, t->main_bytes));
    assert_non_null(result);
    for (uint64_t lba = 0; lba < t->sectors; lba += block.count) {
        uint64_t left = t->sectors - lba;
        block.track = t;
        block.lba = (int64_t)lba;
        block.count = left < MIB / t->main_bytes ? (uint32_t)left : MIB / t->main_bytes;
        uint64_t mib = lba / (MIB / t->main_bytes);
        block.kind = mib < 4 || mib == also ? EXH_BLOCK_DATA : EXH_BLOCK_UNALLOCATED;
        if (mib <= 4 || mib == also || mib == also + 1)
            fill(block.main, mib);
        if (!c->ops->work(c, scratch, &block, result, &err) || !c->ops->take(&sink->consumer, &block, result, &err))
            fail_msg("%s", err.text);
    }
    free(result);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    struct exh_seal seal = {0};
    if (!exh_sink_seal(sink, layout, &seal, &err))
        fail_msg("%s", err.text);
    exh_sink_close(sink);
}

static void expect_disk(const struct exh_layout *layout)
{
    struct exh_error err = {0};
    struct exh_open options = {.sector_bytes = layout->tracks[0].main_bytes};
    struct exh_medium *m;
    struct exh_block block;
    struct exh_scratch *scratch;
    struct exh_faults faults = {0};
    uint8_t *want = malloc(MIB);
    uint32_t per = MIB / layout->tracks[0].main_bytes;
    if (!exh_image_open(path, NULL, &options, &m, &err))
        fail_msg("%s", err.text);
    assert_string_equal(m->format, "qcow2");
    assert_true(exh_layout_bytes(m->layout) == exh_layout_bytes(layout));
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, per, layout->tracks[0].main_bytes, 0, &err));
    for (uint64_t lba = 0; lba < m->layout->tracks[0].sectors; lba += per) {
        uint64_t mib = lba / per, left = m->layout->tracks[0].sectors - lba;
        struct exh_want ask = {
            .track = &m->layout->tracks[0], .lba = (int64_t)lba, .count = left < per ? (uint32_t)left : per, .effort = EXH_THOROUGH};
        assert_true(exh_medium_read(m, scratch, &ask, &block, &faults, &err));
        assert_int_equal(block.bad, 0);
        fill(want, mib);
        assert_memory_equal(block.main, want, (size_t)exh_block_bytes(&block));
    }
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(m, &in, &err));
    assert_int_equal(in.remark_count, 0); /* nothing overlaps, nothing is left over */
    exh_inspection_close(&in);
    free(want);
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    exh_medium_close(m);
}

/* ---- the counts, found anew ---- */

static int fd;
static uint64_t be64_at(uint64_t at)
{
    uint8_t b[8] = {0};
    assert_true(pread(fd, b, 8, (off_t)at) == 8);
    return exh_be64(b);
}
static uint32_t be32_at(uint64_t at)
{
    uint8_t b[4];
    assert_int_equal(pread(fd, b, 4, (off_t)at), 4);
    return exh_be32(b);
}

struct tally {
    uint16_t *counts;
    uint64_t clusters, plain, packed;
};

static void refer(struct tally *t, uint64_t offset, uint64_t bytes)
{
    assert_true(offset / CLUSTER < t->clusters && (offset + bytes - 1) / CLUSTER < t->clusters);
    for (uint64_t c = offset / CLUSTER; c <= (offset + bytes - 1) / CLUSTER; c++)
        t->counts[c]++;
}

static void walk_l2(struct tally *t, uint64_t table)
{
    for (uint64_t at = table; at < table + CLUSTER; at += 8) {
        uint64_t entry = be64_at(at), offset = entry & 0x00FFFFFFFFFFFE00ull;
        if ((entry & 1ull << 62) != 0) {
            uint64_t from = entry & ((1ull << 54) - 1);
            assert_true((entry & 1ull << 63) == 0);
            refer(t, from, ((entry >> 54 & 255) + 1) * 512 - from % 512);
            t->packed++;
        } else if (entry != 0) {
            assert_true((entry & 1ull << 63) != 0 && offset % CLUSTER == 0 && (entry & 511) == 0);
            refer(t, offset, CLUSTER);
            t->plain++;
        }
    }
}

static struct tally expect_counts(void)
{
    struct stat st;
    struct tally t = {0};
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0 && st.st_size % CLUSTER == 0);
    t.clusters = (uint64_t)st.st_size / CLUSTER;
    t.counts = calloc(t.clusters, sizeof *t.counts);
    assert_non_null(t.counts);
    uint64_t l1 = be64_at(40), entries = be32_at(36), table = be64_at(48), table_bytes = (uint64_t)be32_at(56) * CLUSTER;
    refer(&t, 0, CLUSTER);
    refer(&t, l1, entries * 8);
    refer(&t, table, table_bytes);
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t entry = be64_at(l1 + i * 8);
        if (entry == 0)
            continue;
        assert_true((entry & 1ull << 63) != 0);
        refer(&t, entry & 0x00FFFFFFFFFFFE00ull, CLUSTER);
        walk_l2(&t, entry & 0x00FFFFFFFFFFFE00ull);
    }
    for (uint64_t i = 0; i < table_bytes / 8; i++)
        if (be64_at(table + i * 8) != 0)
            refer(&t, be64_at(table + i * 8), CLUSTER);
    for (uint64_t c = 0; c < t.clusters; c++) {
        uint64_t block = be64_at(table + c / 32768 * 8);
        assert_true(block != 0);
        assert_int_equal(be32_at((block + c % 32768 * 2) / 4 * 4) >> (c % 2 == 0 ? 16 : 0) & 0xFFFF, t.counts[c]);
        assert_true(t.counts[c] > 0); /* no leak */
    }
    free(t.counts);
    t.counts = NULL;
    (void)close(fd);
    return t;
}

/* ---- the tests ---- */

static void every_size_and_compression(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {512, 4096, CLUSTER - 512, CLUSTER, CLUSTER + 512, 3 * MIB, 4 * MIB - 1536, 5 * MIB + 512};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int c = EXH_COMPRESS_NONE; c <= EXH_COMPRESS_BEST; c++) {
            struct exh_layout layout;
            feed(create(sizes[i], 512, (enum exh_compression)c, &layout), &layout);
            expect_disk(&layout);
            struct tally t = expect_counts();
            if (sizes[i] >= 3 * MIB) { /* text 16, noise 16, of the third MiB six, five and five of zeros */
                assert_int_equal(t.packed, c == EXH_COMPRESS_NONE ? 0 : 22);
                assert_int_equal(t.plain, c == EXH_COMPRESS_NONE ? 43 : 21);
            }
        }
}

/* A hole of more than one L2 table: no table for it, and the next one in its own entry. */
static void tables_only_where_data_are(void **state)
{
    (void)state;
    struct exh_layout layout;
    struct stat st;
    also = 1300;
    for (int c = EXH_COMPRESS_NONE; c <= EXH_COMPRESS_BEST; c++) {
        feed(create(1301ull * MIB, 512, (enum exh_compression)c, &layout), &layout);
        expect_disk(&layout);
        struct tally t = expect_counts();
        assert_int_equal(t.plain, c == EXH_COMPRESS_NONE ? 59 : 37);
        fd = open(path, O_RDONLY);
        assert_int_equal(be32_at(36), 3);
        assert_true(be64_at(be64_at(40)) != 0 && be64_at(be64_at(40) + 8) == 0 && be64_at(be64_at(40) + 16) != 0);
        assert_true(fstat(fd, &st) == 0 && st.st_size < 6 * MIB);
        (void)close(fd);
    }
    also = 0;
}

static void large_sectors(void **state)
{
    (void)state;
    struct exh_layout layout;
    feed(create(5 * MIB + 4096, 4096, EXH_COMPRESS_FAST, &layout), &layout);
    expect_disk(&layout);
    (void)expect_counts();
}

/* deflate needs no feature bit and is read everywhere; zstd is told as qemu wants it told. */
static void header_names_the_codec(void **state)
{
    (void)state;
    static const struct {
        enum exh_compression compression;
        uint64_t incompatible;
        uint8_t type;
    } rows[] = {{EXH_COMPRESS_NONE, 0, 0}, {EXH_COMPRESS_FAST, 0, 0}, {EXH_COMPRESS_BEST, 8, 1}};
    for (size_t i = 0; i < 3; i++) {
        struct exh_layout layout;
        feed(create(MIB, 512, rows[i].compression, &layout), &layout);
        fd = open(path, O_RDONLY);
        assert_int_equal(be32_at(4), 3);
        assert_true(be64_at(72) == rows[i].incompatible);
        assert_int_equal(be32_at(104) >> 24, rows[i].type);
        assert_int_equal(be32_at(100), 112);
        (void)close(fd);
    }
}

static void order_is_insisted_on(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_layout layout;
    struct exh_seal seal = {0};
    struct exh_sink *sink = create(2 * MIB, 512, EXH_COMPRESS_NONE, &layout);
    struct exh_block block = {.track = &layout.tracks[0], .lba = 128, .count = 128};
    assert_false(sink->consumer.ops->take(&sink->consumer, &block, NULL, &err));
    assert_int_equal(err.code, EXH_BUG);
    exh_error_clear(&err);
    assert_false(exh_sink_seal(sink, &layout, &seal, &err));
    assert_non_null(strstr(err.text, "0 of 32 clusters"));
    exh_sink_close(sink);
}

static void says_what_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        uint32_t sector;
        const char *says; /* NULL: fits */
        size_t losses;
    } rows[] = {{MIB, 512, NULL, 0},
                {MIB + 1, 512, "whole sectors of 512 bytes", 0},
                {MIB, 4096, NULL, 1},
                {MIB + 512, 4096, NULL, 1},
                {520 * 1000, 520, "whole sectors of 512 bytes", 0},
                {1984ull << 40, 512, "larger than a QCOW2 can be", 0},
                {(1984ull << 40) - 512, 512, NULL, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct exh_error err = {0};
        struct exh_layout layout;
        struct exh_losses losses = {0};
        exh_layout_disk(&layout, rows[i].bytes, rows[i].sector);
        assert_int_equal(exh_qcow2_fits(&layout, &losses, &err), rows[i].says == NULL);
        if (rows[i].says != NULL) {
            assert_int_equal(err.code, EXH_REFUSED);
            assert_non_null(strstr(err.text, rows[i].says));
        }
        assert_int_equal(losses.count, rows[i].losses);
        exh_losses_close(&losses);
    }
}

static void packers(void **state)
{
    (void)state;
    static const enum exh_codec codecs[] = {EXH_CODEC_ZLIB, EXH_CODEC_DEFLATE, EXH_CODEC_ZSTD, EXH_CODEC_BZIP2, EXH_CODEC_XZ};
    struct exh_error err = {0};
    uint8_t *in = malloc(MIB), *packed = malloc(MIB), *out = malloc(MIB);
    struct exh_unpacker *u = exh_unpacker_new();
    fill(in, 0);
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        size_t used;
        struct exh_packer *p = exh_packer_new(codecs[i], 9);
        assert_non_null(p);
        size_t n = exh_pack(p, in, MIB, packed, MIB);
        assert_true(n > 0 && n < MIB / 4);
        assert_true(exh_unpack(u, codecs[i], packed, n, out, MIB, &used, &err));
        assert_int_equal(used, n);
        assert_memory_equal(in, out, MIB);
        assert_int_equal(exh_pack(p, in, MIB, packed, n - 1), 0); /* no room */
        exh_packer_close(p);
    }
    assert_null(exh_packer_new(EXH_CODEC_DEFLATE, 0));
    assert_null(exh_packer_new(EXH_CODEC_DEFLATE, 13));
    assert_null(exh_packer_new(EXH_CODEC_ZSTD, 23));
    assert_null(exh_packer_new(EXH_CODEC_BZIP2, 0));
    assert_null(exh_packer_new(EXH_CODEC_LZFSE, 1));
    exh_unpacker_close(u);
    free(in);
    free(packed);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_and_compression),
        cmocka_unit_test(tables_only_where_data_are),
        cmocka_unit_test(large_sectors),
        cmocka_unit_test(header_names_the_codec),
        cmocka_unit_test(order_is_insisted_on),
        cmocka_unit_test(says_what_does_not_fit),
        cmocka_unit_test(packers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
