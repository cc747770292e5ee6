/* test_vhdx_write.c - what is written as VHDX reads back as what it was: both sector sizes, holes, blocks larger than the unit; and what does not
 * fit. */
#include "tests/unit/vhdx_image.h"

#include <sys/stat.h>
#include <unistd.h>

#include "formats/container/source_file.h"

static char folder[] = "/tmp/exhibit-vhdx-write-XXXXXX";

static char *path_of(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static struct exh_sink *sink_of(const struct exh_layout *layout, const char *name)
{
    struct exh_error err = {0};
    struct exh_sink *sink = NULL;
    struct exh_create create = {.folder = folder, .name = name, .declared = layout, .program = "exhibit test"};
    for (unsigned i = 0; i < 16; i++)
        create.guid[i] = (uint8_t)(0x10 + i);
    if (!exh_format_vhdx.create(&create, &sink, &err))
        fail_msg("%s", err.text);
    return sink;
}

/* `data` NULL: so many sectors of nothing. */
static void put(struct exh_sink *sink, const struct exh_track *t, uint64_t lba, uint32_t count, uint8_t *data)
{
    struct exh_error err = {0};
    struct exh_block block = {.track = t, .lba = (int64_t)lba, .count = count, .kind = data != NULL ? EXH_BLOCK_DATA : EXH_BLOCK_UNALLOCATED};
    block.main = data;
    assert_true(lba % sink->unit_sectors == 0);
    if (!sink->consumer.ops->take(&sink->consumer, &block, NULL, &err))
        fail_msg("%s", err.text);
}

static struct exh_medium *sealed(struct exh_sink *sink, const struct exh_layout *layout, const char *name)
{
    struct exh_error err = {0};
    struct exh_seal seal = {0};
    struct exh_open options = {0};
    struct exh_medium *m = NULL;
    if (!exh_sink_seal(sink, layout, &seal, &err))
        fail_msg("%s", err.text);
    exh_sink_close(sink);
    if (!exh_image_open(path_of(name), NULL, &options, &m, &err))
        fail_msg("%s", err.text);
    assert_string_equal(m->format, "vhdx");
    return m;
}

static void nothing_odd(struct exh_medium *m)
{
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t k = 0; k < in.remark_count; k++)
        if (in.remarks[k].outcome != EXH_HOLDS)
            fail_msg("%s: %s", in.remarks[k].check, in.remarks[k].detail);
    exh_inspection_close(&in);
}

static uint8_t *noise(size_t length, unsigned seed)
{
    uint8_t *bytes = malloc(length);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)(seed + i * 31 + i / 251);
    return bytes;
}

static void data_and_holes_return(void **state)
{
    (void)state;
    for (uint32_t size = 512; size <= 4096; size *= 8) {
        const uint64_t bytes = 5 * MIB + 3 * 4096;
        struct exh_layout layout;
        exh_layout_disk(&layout, bytes, size);
        const struct exh_track *t = &layout.tracks[0];
        uint8_t *first = noise(2 * MIB, 3), *last = noise(3 * 4096, 200);
        memset(first + MIB, 0, MIB); /* of two blocks given at once the second is nothing but zeros */
        struct exh_sink *sink = sink_of(&layout, "a.vhdx");
        assert_int_equal(sink->unit_sectors * size, MIB);
        put(sink, t, 0, 2 * MIB / size, first);
        put(sink, t, 2 * MIB / size, 3 * MIB / size, NULL);
        put(sink, t, 5 * MIB / size, 3 * 4096 / size, last);
        struct exh_medium *m = sealed(sink, &layout, "a.vhdx");
        assert_int_equal(m->layout->tracks[0].main_bytes, size);
        assert_int_equal(exh_layout_bytes(m->layout), bytes);
        vhdx_is(m, 0, first, 2 * MIB);
        vhdx_is(m, 2 * MIB, NULL, 3 * MIB);
        vhdx_is(m, 5 * MIB, last, 3 * 4096);
        nothing_odd(m);
        assert_true(vhdx_tells(m, "block states", "2 here, 0 partly, 4 absent"));
        assert_true(vhdx_tells(m, "creator", "exhibit test"));
        assert_true(vhdx_tells(m, "disk identifier", "13121110-1514-1716-1819-1a1b1c1d1e1f"));
        exh_medium_close(m);
        struct stat st;
        assert_int_equal(stat(path_of("a.vhdx"), &st), 0);
        assert_int_equal(st.st_size, 6 * MIB); /* four MiB of tables, two blocks */
        assert_int_equal(unlink(path_of("a.vhdx")), 0);
        free(first);
        free(last);
    }
}

/* 40 TiB: blocks of 32 MiB, of which the units without data stay holes, and entries of sector bitmaps in between. */
static void a_disk_too_large_for_small_blocks(void **state)
{
    (void)state;
    const uint64_t bytes = 40ull << 40, unit = MIB / 512;
    struct exh_layout layout;
    exh_layout_disk(&layout, bytes, 512);
    const struct exh_track *t = &layout.tracks[0];
    uint8_t *a = noise(MIB, 1), *b = noise(MIB, 2), *c = noise(MIB, 3);
    struct exh_sink *sink = sink_of(&layout, "b.vhdx");
    uint64_t lba = 0, middle = (30ull << 40) / 512 + 3 * unit, end = bytes / 512 - unit;
    const struct {
        uint64_t lba;
        uint8_t *data;
    } written[] = {{middle, a}, {middle + 7 * unit, b}, {end, c}};
    for (unsigned i = 0; i < 3; i++) {
        while (lba < written[i].lba) {
            uint64_t n = written[i].lba - lba < unit << 20 ? written[i].lba - lba : unit << 20;
            put(sink, t, lba, (uint32_t)n, NULL);
            lba += n;
        }
        put(sink, t, lba, (uint32_t)unit, written[i].data);
        lba += unit;
    }
    struct exh_medium *m = sealed(sink, &layout, "b.vhdx");
    vhdx_is(m, middle * 512, a, MIB);
    vhdx_is(m, (middle + 7 * unit) * 512, b, MIB);
    vhdx_is(m, (middle + 3 * unit) * 512, NULL, MIB);
    vhdx_is(m, (middle - 3 * unit) * 512, NULL, 3 * MIB);
    vhdx_is(m, end * 512, c, MIB);
    vhdx_is(m, 0, NULL, MIB);
    nothing_odd(m);
    assert_true(vhdx_tells(m, "blocks", "1310720 of 33554432 bytes"));
    assert_true(vhdx_tells(m, "block states", "2 here"));
    exh_medium_close(m);
    struct stat st;
    assert_int_equal(stat(path_of("b.vhdx"), &st), 0);
    assert_true(st.st_blocks * 512 < 8 * MIB);
    assert_int_equal(unlink(path_of("b.vhdx")), 0);
    free(a);
    free(b);
    free(c);
}

static void an_unfinished_image_is_none(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_seal seal = {0};
    struct exh_layout layout;
    exh_layout_disk(&layout, 3 * MIB, 512);
    uint8_t *data = noise(MIB, 5);
    struct exh_sink *sink = sink_of(&layout, "c.vhdx");
    put(sink, &layout.tracks[0], 0, MIB / 512, data);
    struct exh_block again = {.track = &layout.tracks[0], .count = MIB / 512, .main = data};
    assert_false(sink->consumer.ops->take(&sink->consumer, &again, NULL, &err));
    assert_int_equal(err.code, EXH_BUG);
    exh_error_clear(&err);
    assert_false(exh_sink_seal(sink, &layout, &seal, &err));
    exh_sink_close(sink);
    struct exh_open options = {0};
    struct exh_medium *m = NULL;
    exh_error_clear(&err);
    assert_false(exh_image_open(path_of("c.vhdx"), &exh_format_vhdx, &options, &m, &err)); /* the identifier comes last */
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(unlink(path_of("c.vhdx")), 0);
    free(data);
}

static void what_fits(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        uint32_t sector;
        bool fits;
        size_t losses;
    } cases[] = {{512, 512, true, 0},         {4096, 4096, true, 0},  {64ull << 40, 512, true, 0},          {(64ull << 40) + 512, 512, false, 0},
                 {700, 512, false, 0},        {4608, 4096, false, 0}, {EXH_SECTORS_UNKNOWN, 512, false, 0}, {20480, 2048, true, 1},
                 {2352 * 512, 2352, false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct exh_layout layout;
        struct exh_losses losses = {0};
        struct exh_error err = {0};
        exh_layout_disk(&layout, cases[i].bytes, cases[i].sector);
        bool fits = exh_format_vhdx.fits(&layout, &losses, &err);
        if (fits != cases[i].fits || losses.count != cases[i].losses || (!fits && err.code != EXH_REFUSED))
            fail_msg("%llu bytes in sectors of %u: %d, %zu losses", (unsigned long long)cases[i].bytes, cases[i].sector, fits, losses.count);
        exh_losses_close(&losses);
    }
    struct exh_layout disc;
    struct exh_losses losses = {0};
    struct exh_error err = {0};
    exh_layout_disk(&disc, 20480, 2048);
    disc.tracks[1] = disc.tracks[0];
    disc.tracks[1].number = 2;
    disc.tracks[1].first = 10;
    disc.track_count = 2;
    assert_false(exh_format_vhdx.fits(&disc, &losses, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    exh_losses_close(&losses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(data_and_holes_return), cmocka_unit_test(a_disk_too_large_for_small_blocks),
                                       cmocka_unit_test(an_unfinished_image_is_none), cmocka_unit_test(what_fits)};
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
