/* test_mapped_disk.c - a toy disk with every kind of place, read through mapped_disk; and who speaks for which bytes of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "formats/container/codec.h"
#include "formats/disk/file_space.h"
#include "formats/disk/mapped_disk.h"
#include "formats/model/bytes.h"

#define UNIT 4096u
#define UNITS 9u

static uint8_t file[16 * UNIT], parent_bytes[3 * UNIT];
static size_t packed_length;

/* Unit n of the toy: 0 and 1 data, 2 zeros, 3 nothing, 4 the parent, 5 packed, 6 lost, 7 data behind the file's end, 8 a packed unit that is broken.
 */
static bool toy_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out, struct exh_error *err)
{
    static const enum exh_place_kind kinds[UNITS] = {EXH_PLACE_DATA,   EXH_PLACE_DATA,   EXH_PLACE_ZERO, EXH_PLACE_HOLE,  EXH_PLACE_PARENT,
                                                     EXH_PLACE_PACKED, EXH_PLACE_PACKED, EXH_PLACE_DATA, EXH_PLACE_PACKED};
    uint64_t unit = at / UNIT, inside = at % UNIT;
    uint8_t entry[2];
    if (unit == 6)
        return exh_fail(err, EXH_CORRUPT, 77, "a table that makes no sense");
    if (!exh_table_get(pages, disk, 0, unit * 2, entry, sizeof entry, err)) /* the first bytes of the file serve as the table */
        return false;
    *out = (struct exh_place){.kind = kinds[unit], .bytes = UNIT - inside, .offset = unit == 7 ? sizeof file - 512 : (unit + 1) * UNIT + inside};
    if (out->kind == EXH_PLACE_PACKED) {
        out->offset = unit == 5 ? 6 * UNIT : 9 * UNIT;
        out->unit_at = unit * UNIT;
        out->unit_bytes = UNIT;
        out->packed_bytes = (uint32_t)packed_length;
        out->codec = EXH_CODEC_ZLIB;
    }
    return true;
}

static const struct exh_mapped_ops toy_ops = {.find = toy_find};

static bool toy_parent_find(const struct exh_mapped_disk *disk, struct exh_table_pages *pages, uint64_t at, struct exh_place *out,
                            struct exh_error *err)
{
    (void)disk, (void)pages, (void)err;
    *out = (struct exh_place){.kind = EXH_PLACE_DATA, .bytes = UNIT, .offset = at};
    return true;
}
static const struct exh_mapped_ops parent_ops = {.find = toy_parent_find};

static struct exh_mapped_disk *disk_of(const struct exh_mapped_ops *ops, void *bytes, size_t length, uint64_t disk_bytes)
{
    struct exh_error err = {0};
    uint32_t index;
    struct exh_mapped_disk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    d->ops = ops;
    d->packed_bytes_max = d->unit_bytes_max = 2 * UNIT;
    exh_layout_disk(&d->layout, disk_bytes, 512);
    assert_true(exh_mapped_disk_file(d, exh_source_memory(bytes, length, "toy"), "toy", &index, &err));
    assert_true(exh_mapped_disk_ready(d, "toy", UNIT / 512, &err));
    return d;
}

static void every_kind_of_place(void **state)
{
    (void)state;
    struct exh_error err = {0};
    for (size_t i = 0; i < sizeof file; i++)
        file[i] = (uint8_t)(i * 7 + i / 251);
    memset(parent_bytes, 'p', sizeof parent_bytes);
    uint8_t unit[UNIT];
    for (size_t i = 0; i < UNIT; i++)
        unit[i] = (uint8_t)(i / 3);
    struct exh_deflater *deflater = exh_deflater_new(6);
    packed_length = exh_deflate_zlib(deflater, unit, UNIT, file + 6 * UNIT, UNIT);
    exh_deflater_close(deflater);
    assert_true(packed_length > 0);
    struct exh_mapped_disk *d = disk_of(&toy_ops, file, sizeof file, UNITS * UNIT);
    d->parent = &disk_of(&parent_ops, parent_bytes, sizeof parent_bytes, 4 * UNIT + 1024)->medium; /* ends within unit 4 */
    struct exh_scratch *scratch;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    assert_true(exh_medium_scratch(&d->medium, &scratch, &err));
    assert_true(exh_block_open(&block, UNITS * UNIT / 512, 512, 0, &err));
    struct exh_want want = {.track = &d->layout.tracks[0], .count = UNITS * UNIT / 512, .effort = EXH_THOROUGH};
    assert_true(exh_medium_read(&d->medium, scratch, &want, &block, &faults, &err));
    assert_int_equal(block.kind, EXH_BLOCK_DATA);
    assert_memory_equal(block.main, file + UNIT, 2 * UNIT);
    assert_true(exh_all_zero(block.main + 2 * UNIT, 2 * UNIT));
    assert_memory_equal(block.main + 5 * UNIT, unit, UNIT);
    assert_memory_equal(block.main + 7 * UNIT, file + sizeof file - 512, 512);
    for (uint32_t i = 0; i < block.count; i++) { /* of units 4 (the parent's file ends), 6, 7 and 8 something is missing */
        bool lost = (i / 8 == 4) || i / 8 == 6 || (i / 8 == 7 && i % 8 > 0) || i / 8 == 8;
        if (i / 8 == 4)
            lost = i % 8 < 2; /* the parent is said to reach two sectors into unit 4, and its file does not */
        assert_int_equal(block.state[i], lost ? EXH_MISSING : EXH_GOOD);
    }
    assert_true(faults.count >= 3);
    faults.count = 0;
    want = (struct exh_want){.track = &d->layout.tracks[0], .lba = 2 * 8, .count = 8, .effort = EXH_THOROUGH};
    assert_true(exh_medium_read(&d->medium, scratch, &want, &block, &faults, &err));
    assert_int_equal(block.kind, EXH_BLOCK_ZERO);
    want.lba = 3 * 8 + 3, want.count = 5;
    assert_true(exh_medium_read(&d->medium, scratch, &want, &block, &faults, &err));
    assert_int_equal(block.kind, EXH_BLOCK_UNALLOCATED);
    want.lba = 5 * 8 + 3, want.count = 2; /* within a packed unit */
    assert_true(exh_medium_read(&d->medium, scratch, &want, &block, &faults, &err));
    assert_memory_equal(block.main, unit + 3 * 512, 1024);
    exh_scratch_close(scratch);
    exh_block_close(&block);
    exh_faults_close(&faults);
    exh_mapped_disk_close(d);
}

static size_t remarks_of(const struct exh_inspection *in, const char *check)
{
    size_t n = 0;
    for (size_t i = 0; i < in->remark_count; i++)
        n += strcmp(in->remarks[i].check, check) == 0;
    return n;
}

static void space_is_spoken_for_once(void **state)
{
    (void)state;
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    struct exh_file_space *space = exh_file_space_new("toy", 100 * 512 + 7, 512, &err);
    assert_non_null(space);
    assert_true(exh_file_space_take(space, 0, 1024, &in, &err, "header"));
    assert_true(exh_file_space_take(space, 1024, 512, &in, &err, "block %d", 1));
    assert_int_equal(in.remark_count, 0);
    assert_true(exh_file_space_take(space, 1535, 2, &in, &err, "block %d", 2));
    assert_int_equal(remarks_of(&in, "overlap"), 1);
    assert_non_null(strstr(in.remarks[0].detail, "block 2"));
    assert_true(exh_file_space_take(space, 99 * 512, 2048, &in, &err, "block 3"));
    assert_true(exh_file_space_take(space, UINT64_MAX - 5, 512, &in, &err, "block 4"));
    assert_int_equal(remarks_of(&in, "out-of-range"), 2);
    for (int i = 0; i < 300; i++)
        assert_true(exh_file_space_take(space, 0, 512, &in, &err, "again"));
    assert_true(exh_file_space_finish(space, &in, &err));
    assert_int_equal(remarks_of(&in, "overlap"), EXH_SPACE_TOLD + 1);
    assert_int_equal(remarks_of(&in, "orphan"), 1);
    exh_file_space_close(space);
    exh_inspection_close(&in);
}

/* Runs of taken and free units of every length and beginning, and a file that ends within a unit. */
static void orphans_are_counted(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 200; seed++) {
        struct exh_error err = {0};
        struct exh_inspection in = {0};
        const uint64_t units = 100 + seed;
        struct exh_file_space *space = exh_file_space_new("toy", units * 512 - 7, 512, &err);
        uint64_t orphans = 0, first = 0;
        assert_non_null(space);
        for (uint64_t unit = 0; unit < units; unit++) {
            if ((unit / (seed % 29 + 1)) % 2 == seed % 2) {
                assert_true(exh_file_space_take(space, unit * 512, 1, &in, &err, "unit"));
            } else {
                first = orphans == 0 ? unit : first;
                orphans++;
            }
        }
        assert_true(exh_file_space_finish(space, &in, &err));
        char wanted[120];
        (void)snprintf(wanted, sizeof wanted, "for %llu units of 512 bytes, the first at %llu", (unsigned long long)orphans,
                       (unsigned long long)first * 512);
        assert_int_equal(in.remark_count, 1);
        assert_non_null(strstr(in.remarks[0].detail, wanted));
        exh_file_space_close(space);
        exh_inspection_close(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_of_place), cmocka_unit_test(space_is_spoken_for_once),
                                       cmocka_unit_test(orphans_are_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
