/* test_vmdk_write.c - what is written as a VMDK, read back by the reader: streams and flat files, disks of odd sizes, holes, large sectors. */
#include "vmdk_lab.h"

#include <sys/stat.h>
#include <unistd.h>

#define GRAIN 65536u

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/exhibit-vmdkw.XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path_of("disk.vmdk"));
    (void)unlink(path_of("disk-flat.vmdk"));
    return rmdir(folder);
}

/* Grains 1 and 2 are text-like, 3 is noise that does not shrink, those of the second table and all others but the last are zeros. */
static uint64_t noise(uint64_t n)
{
    n = (n ^ (n >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94D049BB133111EB);
    return n ^ (n >> 31);
}
static uint64_t disk_bytes;
static uint8_t byte_at(uint64_t at)
{
    uint64_t grain = at / GRAIN;
    if (grain == 3)
        return (uint8_t)noise(at);
    return grain == 1 || grain == 2 || grain == (disk_bytes - 1) / GRAIN ? (uint8_t)((uint8_t) "evidence "[at % 9] + at / 4096 % 2) : 0;
}

static void feed(struct exh_sink *sink, const struct exh_layout *layout, uint32_t block_sectors)
{
    struct exh_error err = {0};
    struct exh_block block = {0};
    const struct exh_track *t = &layout->tracks[0];
    const struct exh_consumer_ops *ops = sink->consumer.ops;
    assert_true(exh_block_open(&block, block_sectors, t->main_bytes, 0, &err));
    struct exh_scratch *scratch = ops->scratch_new != NULL ? ops->scratch_new(&sink->consumer) : NULL;
    void *result = ops->result_bytes != NULL ? malloc(ops->result_bytes(&sink->consumer, block_sectors, t->main_bytes)) : NULL;
    for (uint64_t lba = 0; lba < t->sectors; lba += block_sectors) {
        block.track = t;
        block.lba = (int64_t)lba;
        block.count = t->sectors - lba < block_sectors ? (uint32_t)(t->sectors - lba) : block_sectors;
        block.kind = EXH_BLOCK_UNALLOCATED;
        memset(block.main, 0xEE, (size_t)block_sectors * t->main_bytes); /* what lies behind a short tail is nobody's */
        for (uint64_t i = 0; i < exh_block_bytes(&block); i++) {
            block.main[i] = byte_at(lba * t->main_bytes + i);
            block.kind = block.main[i] != 0 ? EXH_BLOCK_DATA : block.kind;
        }
        assert_true(ops->work == NULL || ops->work(&sink->consumer, scratch, &block, result, &err));
        assert_true(ops->take(&sink->consumer, &block, result, &err));
    }
    free(result);
    exh_scratch_close(scratch);
    exh_block_close(&block);
}

static void write_disk(enum exh_compression compression, uint64_t bytes, uint32_t sector_bytes, uint32_t block_sectors)
{
    struct exh_error err = {0};
    struct exh_layout layout;
    struct exh_sink *sink = NULL;
    disk_bytes = bytes;
    exh_layout_disk(&layout, bytes, sector_bytes);
    struct exh_create create = {.folder = folder, .name = "disk.vmdk", .declared = &layout, .compression = compression, .guid = "0123456789abcde"};
    memset(create.guid + 12, 0xFF, 4); /* as an identifier of content it would say "no parent" */
    assert_true(exh_format_vmdk.create(&create, &sink, &err));
    assert_int_equal(sink->files.count, compression == EXH_COMPRESS_NONE ? 2 : 1);
    feed(sink, &layout, block_sectors);
    assert_true(exh_sink_seal(sink, &layout, NULL, &err));
    exh_sink_close(sink);
}

static struct exh_medium *open_disk(uint32_t sector_bytes)
{
    struct exh_error err = {0};
    struct exh_open options = {.sector_bytes = sector_bytes};
    struct exh_medium *m = NULL;
    assert_true(exh_image_open(path_of("disk.vmdk"), NULL, &options, &m, &err));
    assert_string_equal(m->format, "vmdk");
    return m;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        uint32_t sector, block;
    } disks[] = {{512, 512, 128},
                 {GRAIN, 512, 128},
                 {GRAIN * 5 + 512 * 3, 512, 128},
                 {GRAIN * 520 + 4096, 4096, 16 * 3},
                 {GRAIN * 520 + 512, 4096, 16},
                 {GRAIN * 512, 512, 2048}};
    for (size_t i = 0; i < sizeof disks / sizeof *disks; i++)
        for (int compression = EXH_COMPRESS_NONE; compression <= EXH_COMPRESS_BEST; compression++) {
            write_disk((enum exh_compression)compression, disks[i].bytes, disks[i].sector, disks[i].block);
            struct exh_medium *m = open_disk(disks[i].sector);
            assert_true(exh_layout_bytes(m->layout) == disks[i].bytes);
            assert_int_equal(lab_missing(m, disks[i].block, byte_at), 0);
            assert_int_equal(lab_remarks(m, NULL, EXH_FAILS) + lab_remarks(m, NULL, EXH_WARNS), 0);
            exh_medium_close(m);
            assert_int_equal(unlink(path_of("disk.vmdk")), 0);
            assert_int_equal(unlink(path_of("disk-flat.vmdk")) == 0, compression == EXH_COMPRESS_NONE);
        }
}

static void zeros_take_no_room(void **state)
{
    (void)state;
    struct stat st;
    struct exh_error err;
    uint64_t bytes = GRAIN * 2000ull;
    write_disk(EXH_COMPRESS_BEST, bytes, 512, 1280);
    assert_int_equal(stat(path_of("disk.vmdk"), &st), 0);
    assert_true(st.st_size < 4 * (off_t)GRAIN); /* the noise, and little else: a table of nothing is not there */
    struct exh_medium *m = open_disk(0);
    struct exh_scratch *scratch;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    assert_true(exh_medium_scratch(m, &scratch, &err) && exh_block_open(&block, 128, 512, 0, &err));
    struct exh_want want = {.track = &m->layout->tracks[0], .lba = 128 * 1000, .count = 128};
    assert_true(exh_medium_read(m, scratch, &want, &block, &faults, &err));
    assert_int_equal(block.kind, EXH_BLOCK_UNALLOCATED);
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
    exh_medium_close(m);
    assert_int_equal(unlink(path_of("disk.vmdk")), 0);
    write_disk(EXH_COMPRESS_NONE, bytes, 512, 1280);
    assert_int_equal(stat(path_of("disk-flat.vmdk"), &st), 0);
    assert_true((uint64_t)st.st_size == bytes && st.st_blocks * 512 < 8 * (blkcnt_t)GRAIN);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_layout layout;
    struct exh_sink *sink = NULL;
    struct exh_losses losses = {0};
    struct exh_create create = {.folder = folder, .declared = &layout, .compression = EXH_COMPRESS_FAST};
    static const char *const names[] = {"a\"b.vmdk", "a\nRW 5 ZERO.vmdk", "\xFF.vmdk"};
    exh_layout_disk(&layout, GRAIN, 512);
    for (size_t i = 0; i < 3; i++) {
        create.name = names[i];
        err = (struct exh_error){0};
        assert_false(exh_format_vmdk.create(&create, &sink, &err));
        assert_int_equal(err.code, EXH_REFUSED);
    }
    create.name = "large.vmdk";
    exh_layout_disk(&layout, 2ull << 40, 512);
    err = (struct exh_error){0};
    assert_false(exh_format_vmdk.create(&create, &sink, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_true(exh_format_vmdk.fits(&layout, &losses, &err)); /* flat */
    assert_int_equal(losses.count, 0);
    exh_layout_disk(&layout, 8192, 4096);
    assert_true(exh_format_vmdk.fits(&layout, &losses, &err));
    assert_int_equal(losses.count, 1);
    exh_losses_close(&losses);
    static const uint64_t odd[] = {0, 513, EXH_SECTORS_UNKNOWN};
    for (size_t i = 0; i < 3; i++) {
        exh_layout_disk(&layout, odd[i], 512);
        err = (struct exh_error){0};
        assert_false(exh_format_vmdk.fits(&layout, &losses, &err));
        assert_int_equal(err.code, EXH_REFUSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(zeros_take_no_room),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
