/* The DMG writer: what is written reads back byte by byte in every compression and shape, its three checksums hold, and it is one forward pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/container/codec.h"
#include "formats/disk/dmg.h"
#include "formats/model/bytes.h"

#define MIB (1u << 20)

static char folder[] = "/tmp/exhibit-dmg.XXXXXX";
static uint8_t *disk;
static uint64_t disk_bytes;

/* Text, zeros, noise, and a chunk of which only one byte is set. */
static void make_disk(uint64_t bytes)
{
    disk_bytes = bytes;
    disk = calloc(1, (size_t)bytes);
    assert_non_null(disk);
    uint32_t x = 2463534242u;
    for (uint64_t i = 0; i < bytes; i++) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        uint64_t chunk = i / MIB % 5;
        if (chunk == 0)
            disk[i] = (uint8_t)("a line of text that repeats \n"[i % 29] + (i % 4096 == 0));
        else if (chunk == 3 || (chunk == 4 && i % MIB == 77))
            disk[i] = (uint8_t)x | 1;
    }
}

static bool feed(struct exh_sink *sink, const struct exh_layout *layout, uint32_t sectors, struct exh_error *err)
{
    const struct exh_track *t = &layout->tracks[0];
    const struct exh_consumer *c = &sink->consumer;
    struct exh_block block = {0};
    struct exh_scratch *scratch = c->ops->scratch_new(c);
    void *result = malloc(c->ops->result_bytes(c, sectors, t->main_bytes) + 1);
    bool ok = scratch != NULL && result != NULL && exh_block_open(&block, sectors, t->main_bytes, 0, err);
    block.track = t;
    for (uint64_t lba = 0; ok && lba < t->sectors; lba += block.count) {
        block.lba = (int64_t)lba;
        block.count = t->sectors - lba < sectors ? (uint32_t)(t->sectors - lba) : sectors;
        uint64_t bytes = exh_block_bytes(&block);
        memcpy(block.main, disk + lba * t->main_bytes, (size_t)bytes);
        block.kind = exh_all_zero(block.main, (size_t)bytes) ? EXH_BLOCK_UNALLOCATED : EXH_BLOCK_DATA;
        ok = c->ops->work(c, scratch, &block, result, err) && c->ops->take(&sink->consumer, &block, result, err);
    }
    exh_scratch_close(scratch);
    exh_block_close(&block);
    free(result);
    return ok;
}

static void write_image(enum exh_compression compression, uint32_t main_bytes, uint32_t block_chunks)
{
    struct exh_error err = {0};
    struct exh_layout layout;
    struct exh_sink *sink = NULL;
    struct exh_seal seal = {0};
    exh_layout_disk(&layout, disk_bytes, main_bytes);
    struct exh_create create = {.folder = folder, .name = "disk.dmg", .declared = &layout, .compression = compression, .guid = "0123456789abcde"};
    assert_true(exh_dmg_create(&create, &sink, &err));
    assert_int_equal(sink->unit_sectors, MIB / main_bytes);
    assert_true(feed(sink, &layout, sink->unit_sectors * block_chunks, &err));
    assert_true(exh_sink_seal(sink, &layout, &seal, &err));
    exh_sink_close(sink);
}

static void path_of(char path[64]) { (void)snprintf(path, 64, "%s/disk.dmg", folder); }

/* Every remark holds, and the table's checksum is that of the disk (nothing here is "ignored"). */
static void expect_whole(size_t *length)
{
    struct exh_error err = {0};
    struct exh_medium *m = NULL;
    struct exh_scratch *scratch = NULL;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    struct exh_inspection in = {0};
    struct exh_open options = {0};
    char path[64];
    path_of(path);
    assert_true(exh_image_open(path, NULL, &options, &m, &err));
    assert_string_equal(m->format, "dmg");
    assert_int_equal(exh_layout_bytes(m->layout), disk_bytes);
    assert_true(exh_medium_scratch(m, &scratch, &err));
    assert_true(exh_block_open(&block, 3000, 512, 0, &err)); /* not the chunk's size */
    for (uint64_t lba = 0; lba < disk_bytes / 512; lba += block.count) {
        uint32_t count = disk_bytes / 512 - lba < 3000 ? (uint32_t)(disk_bytes / 512 - lba) : 3000;
        struct exh_want want = {.track = &m->layout->tracks[0], .lba = (int64_t)lba, .count = count, .effort = EXH_THOROUGH};
        assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
        assert_int_equal(block.bad, 0);
        assert_memory_equal(block.main, disk + lba * 512, (size_t)count * 512);
    }
    assert_int_equal(faults.count, 0);
    assert_true(exh_medium_inspect(m, &in, &err));
    assert_int_equal(in.remark_count, 2); /* master and data fork */
    for (size_t i = 0; i < in.remark_count; i++)
        assert_int_equal(in.remarks[i].outcome, EXH_HOLDS);
    assert_int_equal(in.sum_count, 1);
    assert_true(in.sums_cover);
    assert_int_equal(in.sums[0].value, exh_crc32(0, disk, (size_t)disk_bytes));
    exh_inspection_close(&in);
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
    exh_medium_close(m);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *length = (size_t)ftell(f);
    (void)fclose(f);
    assert_int_equal(unlink(path), 0);
}

static void every_compression_and_shape(void **state)
{
    (void)state;
    const uint64_t sizes[] = {512, MIB, MIB + 512, 5 * MIB, 11 * MIB + 7 * 4096};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t length[3];
        make_disk(sizes[s]);
        for (int c = EXH_COMPRESS_NONE; c <= EXH_COMPRESS_BEST; c++)
            for (uint32_t chunks = 1; chunks <= (c == EXH_COMPRESS_FAST ? 3 : 1); chunks++) {
                write_image((enum exh_compression)c, 512, chunks);
                expect_whole(&length[c]);
            }
        if (sizes[s] > MIB) {
            assert_true(length[EXH_COMPRESS_FAST] < length[EXH_COMPRESS_NONE]);
            assert_true(length[EXH_COMPRESS_BEST] < length[EXH_COMPRESS_NONE]);
        }
        assert_true(length[EXH_COMPRESS_NONE] < disk_bytes + 8192); /* zeros are not stored; the rest grows by tables only */
        free(disk);
    }
}

static void larger_sectors(void **state)
{
    (void)state;
    size_t length;
    make_disk(3 * MIB + 4096 * 5);
    for (uint32_t size = 512; size <= 4096; size *= 2) {
        write_image(EXH_COMPRESS_FAST, size, 1);
        expect_whole(&length);
    }
    free(disk);
}

/* The bytes of the same disk are the same whatever the blocks were: nothing of it depends on who compressed first. */
static void one_form(void **state)
{
    (void)state;
    uint8_t *first = NULL;
    size_t first_length = 0;
    char path[64];
    path_of(path);
    make_disk(7 * MIB);
    for (uint32_t chunks = 1; chunks <= 4; chunks++) {
        write_image(EXH_COMPRESS_BEST, 512, chunks);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        uint8_t *bytes = malloc(8 * MIB);
        assert_non_null(bytes);
        size_t length = fread(bytes, 1, 8 * MIB, f);
        (void)fclose(f);
        assert_int_equal(unlink(path), 0);
        if (chunks == 1) {
            first = bytes;
            first_length = length;
            assert_memory_equal(bytes + length - 512, "koly", 4);
            assert_memory_equal(bytes + length - 512 + 0x40, "0123456789abcde", 16);
            continue;
        }
        assert_int_equal(length, first_length);
        assert_memory_equal(bytes, first, length);
        free(bytes);
    }
    free(first);
    free(disk);
}

static void what_does_not_fit(void **state)
{
    (void)state;
    struct exh_layout layout;
    struct exh_losses losses = {0};
    struct exh_error err = {0};
    exh_layout_disk(&layout, 1000, 512);
    assert_false(exh_dmg_fits(&layout, &losses, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    exh_layout_disk(&layout, (4ull << 40) + 512, 512);
    exh_error_clear(&err);
    assert_false(exh_dmg_fits(&layout, &losses, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    exh_layout_disk(&layout, 2352 * 10 * 512, 2352);
    exh_error_clear(&err);
    assert_false(exh_dmg_fits(&layout, &losses, &err));
    exh_layout_disk(&layout, 4ull << 40, 512);
    assert_true(exh_dmg_fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 0);
    exh_layout_disk(&layout, MIB, 2048);
    assert_true(exh_dmg_fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 1);
    assert_non_null(strstr(losses.items[0].text, "2048"));
    exh_losses_close(&losses);
}

/* A block out of turn, and an end too early, are bugs of the caller that are told. */
static void out_of_order(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_layout layout;
    struct exh_sink *sink = NULL;
    struct exh_seal seal = {0};
    char path[64];
    path_of(path);
    make_disk(3 * MIB);
    exh_layout_disk(&layout, disk_bytes, 512);
    struct exh_create create = {.folder = folder, .name = "disk.dmg", .declared = &layout};
    assert_true(exh_dmg_create(&create, &sink, &err));
    assert_false(exh_sink_seal(sink, &layout, &seal, &err));
    assert_int_equal(err.code, EXH_BUG);
    exh_sink_close(sink);
    struct exh_sink *second = NULL;
    exh_error_clear(&err);
    assert_false(exh_dmg_create(&create, &second, &err)); /* a file is there */
    assert_int_equal(err.side, EXH_SIDE_DESTINATION);
    assert_int_equal(unlink(path), 0);
    free(disk);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_compression_and_shape), cmocka_unit_test(larger_sectors), cmocka_unit_test(one_form),
                                       cmocka_unit_test(what_does_not_fit), cmocka_unit_test(out_of_order)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
