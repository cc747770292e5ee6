/* test_vhdx.c - the VHDX reader: every state of a block, both sector sizes, headers and region tables of which one or both are broken, a parent, and
 * fields that lie. */
#include "tests/unit/vhdx_image.h"

#include <sys/stat.h>
#include <unistd.h>

static const struct vhdx_shape eight = {.disk_bytes = 8 * MIB, .block_bytes = MIB, .logical = 512, .stored = 3};

static void every_state(void **state)
{
    (void)state;
    struct vhdx_image i = vhdx_image(&eight);
    for (unsigned k = 0; k < 8; k++)
        vhdx_entry(&i, k, k == 6 ? 5 : 0, k);
    vhdx_entry(&i, 7, 900, 6); /* behind the end of the file */
    vhdx_entry(&i, 3, 6, 3);   /* trimmed, and its place kept */
    struct exh_medium *m = vhdx_opened(&i);
    assert_int_equal(m->layout->tracks[0].sectors, 8 * MIB / 512);
    vhdx_is(m, 0, NULL, 4 * MIB);
    vhdx_is(m, 5 * MIB, NULL, MIB);
    vhdx_is(m, 6 * MIB, i.bytes + 5 * MIB, MIB);
    vhdx_is(m, 6 * MIB + 512 * 77, i.bytes + 5 * MIB + 512 * 77, 4096);
    vhdx_is_missing(m, 4 * MIB, MIB);
    vhdx_is_missing(m, 7 * MIB, MIB);
    struct vhdx_read r;
    vhdx_read(m, 2 * MIB, MIB, &r);
    assert_int_equal(r.block.kind, EXH_BLOCK_ZERO);
    vhdx_read_close(&r);
    vhdx_read(m, MIB, MIB, &r);
    assert_int_equal(r.block.kind, EXH_BLOCK_UNALLOCATED);
    vhdx_read_close(&r);
    assert_int_equal(vhdx_remarks(m, "block-state", EXH_FAILS), 1);
    assert_int_equal(vhdx_remarks(m, "out-of-range", EXH_FAILS), 1);
    assert_int_equal(vhdx_remarks(m, "orphan", EXH_WARNS), 1); /* the first of the three */
    assert_true(vhdx_tells(m, "block states", "2 here, 0 partly, 1 absent, 1 zero, 2 unmapped, 1 undefined; 1 without data keep a place"));
    exh_medium_close(m);
    vhdx_entry(&i, 0, 5, 6); /* two blocks on one place */
    m = vhdx_opened(&i);
    assert_int_equal(vhdx_remarks(m, "overlap", EXH_FAILS), 1);
    exh_medium_close(m);
    vhdx_entry(&i, 0, 0, 6); /* among the headers */
    vhdx_entry(&i, 1, 4, 7); /* partly here, and no parent that has the rest */
    vhdx_entry(&i, 4096, 6, 6);
    m = vhdx_opened(&i);
    vhdx_is_missing(m, 0, 2 * MIB);
    assert_int_equal(vhdx_remarks(m, "block-state", EXH_FAILS), 2);
    exh_medium_close(m);
    free(i.bytes);
}

static void a_whole_image_has_nothing_odd(void **state)
{
    (void)state;
    struct vhdx_image i = vhdx_image(&eight);
    for (unsigned k = 0; k < 3; k++)
        vhdx_entry(&i, 7 - k, 4 + k, 6);
    struct exh_medium *m = vhdx_opened(&i);
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(m, &in, &err));
    for (size_t k = 0; k < in.remark_count; k++)
        assert_int_equal(in.remarks[k].outcome, EXH_HOLDS);
    assert_int_equal(in.remark_count, 6); /* two headers, their difference; two tables, their difference */
    exh_inspection_close(&in);
    assert_true(vhdx_tells(m, "creator", "a test"));
    assert_true(vhdx_tells(m, "type", "dynamic"));
    assert_true(vhdx_tells(m, "log", "empty"));
    assert_true(vhdx_tells(m, "data write GUID", "d1d1d1d1-d1d1-d1d1-d1d1-d1d1d1d1d1d1"));
    exh_medium_close(m);
    free(i.bytes);
}

static void sectors_of_4096(void **state)
{
    (void)state;
    const struct vhdx_shape shape = {.disk_bytes = 3 * MIB + 4096, .block_bytes = MIB, .logical = 4096, .flags = 1, .stored = 4};
    struct vhdx_image i = vhdx_image(&shape);
    for (unsigned k = 0; k < 4; k++)
        vhdx_entry(&i, k, 7 - k, 6);
    struct exh_medium *m = vhdx_opened(&i);
    assert_int_equal(m->layout->tracks[0].main_bytes, 4096);
    assert_int_equal(m->layout->tracks[0].sectors, 3 * 256 + 1);
    vhdx_is(m, 0, i.bytes + 7 * MIB, MIB);
    vhdx_is(m, 3 * MIB, i.bytes + 4 * MIB, 4096);
    assert_true(vhdx_tells(m, "type", "fixed"));
    exh_medium_close(m);
    free(i.bytes);
}

/* With blocks of 256 MiB a sector bitmap's entry comes after every sixteen (512-byte sectors) or 128 (4096). */
static void entries_of_bitmaps_are_stepped_over(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 2; k++) {
        uint64_t ratio = k == 0 ? 16 : 128, block = 256 * MIB;
        const struct vhdx_shape shape = {
            .disk_bytes = block * (2 * ratio + 1), .block_bytes = 256 * MIB, .logical = k == 0 ? 512 : 4096, .stored = 4};
        struct vhdx_image i = vhdx_image(&shape);
        vhdx_entry(&i, ratio - 1, 4, 6);
        vhdx_entry(&i, ratio, 5, 0); /* the bitmap's own */
        vhdx_entry(&i, ratio + 1, 6, 6);
        vhdx_entry(&i, 2 * ratio + 2, 7, 6);
        struct exh_medium *m = vhdx_opened(&i);
        vhdx_is(m, (ratio - 1) * block, i.bytes + 4 * MIB, MIB);
        vhdx_is(m, ratio * block, i.bytes + 6 * MIB, MIB);
        vhdx_is(m, 2 * ratio * block, i.bytes + 7 * MIB, MIB);
        vhdx_is_missing(m, 2 * ratio * block + MIB, 8192); /* the file ends within it */
        exh_medium_close(m);
        free(i.bytes);
    }
}

static void one_of_two_headers(void **state)
{
    (void)state;
    struct exh_error err;
    struct vhdx_image i = vhdx_image(&eight);
    struct exh_medium *m = vhdx_opened(&i);
    assert_true(vhdx_tells(m, "version", "header 2 with sequence number 8"));
    exh_medium_close(m);
    i.bytes[131072 + 40] ^= 1;
    m = vhdx_opened(&i);
    assert_true(vhdx_tells(m, "version", "header 1 with sequence number 7"));
    assert_int_equal(vhdx_remarks(m, "header-checksum", EXH_WARNS), 1);
    assert_int_equal(vhdx_remarks(m, "header-checksum", EXH_HOLDS), 1);
    exh_medium_close(m);
    i.bytes[65536 + 4095] ^= 1;
    assert_null(vhdx_try(&i, i.size, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(err.at, 65536);
    i.bytes[131072 + 40] ^= 1;
    m = vhdx_opened(&i);
    assert_true(vhdx_tells(m, "version", "header 2 with sequence number 8"));
    exh_medium_close(m);
    i.bytes[65536 + 4095] ^= 1;
    exh_put_le64(i.bytes + 131072 + 8, 7);
    i.bytes[131072 + 40] ^= 1;
    vhdx_sums(&i, 2);
    m = vhdx_opened(&i); /* the same number, and not the same */
    assert_int_equal(vhdx_remarks(m, "header-copy", EXH_FAILS), 1);
    exh_medium_close(m);
    free(i.bytes);
}

static void one_of_two_region_tables(void **state)
{
    (void)state;
    struct exh_error err;
    struct vhdx_image i = vhdx_image(&eight);
    vhdx_entry(&i, 0, 4, 6);
    i.bytes[196608 + 33] ^= 1;
    struct exh_medium *m = vhdx_opened(&i);
    vhdx_is(m, 0, i.bytes + 4 * MIB, MIB);
    assert_int_equal(vhdx_remarks(m, "region-table", EXH_WARNS), 1);
    exh_medium_close(m);
    i.bytes[262144 + 65535] ^= 1;
    assert_null(vhdx_try(&i, i.size, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(err.at, 196608);
    i.bytes[196608 + 33] ^= 1;
    vhdx_sums(&i, 8); /* both hold, and differ */
    m = vhdx_opened(&i);
    assert_int_equal(vhdx_remarks(m, "region-table-copy", EXH_FAILS), 1);
    exh_medium_close(m);
    free(i.bytes);
}

/* ---- parents ---- */

static char folder[] = "/tmp/exhibit-vhdx-XXXXXX";

static char *in_folder(const char *name, const struct vhdx_image *i)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    if (i != NULL) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(i->bytes, 1, i->size, f), i->size);
        assert_int_equal(fclose(f), 0);
    }
    return path;
}

static struct exh_medium *open_child(const struct vhdx_image *child, struct exh_error *err)
{
    struct exh_open options = {0};
    struct exh_medium *m = NULL;
    exh_error_clear(err);
    if (!exh_image_open(in_folder("child.avhdx", child), NULL, &options, &m, err))
        assert_null(m);
    return m;
}

static const char linkage[] = "{d1d1d1d1-d1d1-d1d1-d1d1-d1d1d1d1d1d1}";

static void a_parent_shines_through(void **state)
{
    (void)state;
    struct exh_error err;
    assert_non_null(mkdtemp(folder));
    struct vhdx_image p = vhdx_image(&eight);
    for (unsigned k = 0; k < 3; k++)
        vhdx_entry(&p, k, 4 + k, 6);
    (void)in_folder("base.vhdx", &p);
    struct vhdx_shape shape = eight;
    shape.flags = 2;
    shape.linkage = linkage;
    shape.relative = ".\\BASE.vhdx";
    struct vhdx_image c = vhdx_image(&shape);
    vhdx_entry(&c, 1, 4, 7);
    vhdx_entry(&c, 2, 0, 2);
    vhdx_entry(&c, 4096, 6, 6); /* a ratio of 4096 blocks: the bitmap in MiB 6 */
    vhdx_entry(&c, 3, 5, 6);
    vhdx_entry(&c, 4000, 5, 6); /* behind the disk's end: fills the table up to the bitmap's entry */
    uint8_t *map = c.bytes + 6 * MIB;
    memset(map, 0, MIB);
    map[256] = 0x0A;              /* block 1 begins with bit 2048: its sectors 1 and 3 are here */
    memset(map + 300, 0xFF, 100); /* and from the 352nd on 800 */
    struct exh_medium *m = open_child(&c, &err);
    if (m == NULL)
        fail_msg("%s", err.text);
    vhdx_is(m, 0, p.bytes + 4 * MIB, MIB);
    uint8_t *wanted = malloc(MIB);
    assert_non_null(wanted);
    memcpy(wanted, p.bytes + 5 * MIB, MIB);
    memcpy(wanted + 512, c.bytes + 4 * MIB + 512, 512);
    memcpy(wanted + 3 * 512, c.bytes + 4 * MIB + 3 * 512, 512);
    memcpy(wanted + 352 * 512, c.bytes + 4 * MIB + 352 * 512, 800 * 512);
    vhdx_is(m, MIB, wanted, MIB);
    free(wanted);
    vhdx_is(m, 2 * MIB, NULL, MIB); /* zeros of its own over the parent's data */
    vhdx_is(m, 3 * MIB, c.bytes + 5 * MIB, MIB);
    vhdx_is(m, 4 * MIB, NULL, MIB);
    assert_true(vhdx_tells(m, "parent, relative path", ".\\BASE.vhdx"));
    assert_true(vhdx_tells(m, "type", "differencing"));
    assert_int_equal(vhdx_remarks(m, "block-state", EXH_FAILS), 0);
    assert_int_equal(vhdx_remarks(m, "overlap", EXH_FAILS), 0);
    exh_medium_close(m);
    vhdx_entry(&c, 4096, 0, 0); /* which sectors are here is not said */
    m = open_child(&c, &err);
    assert_non_null(m);
    vhdx_is_missing(m, MIB, MIB);
    assert_int_equal(vhdx_remarks(m, "block-state", EXH_FAILS), 1);
    exh_medium_close(m);
    vhdx_entry(&c, 4096, 0xFFFFFFFFFFF, 6);
    m = open_child(&c, &err);
    assert_non_null(m);
    vhdx_is_missing(m, MIB, MIB);
    exh_medium_close(m);
    free(c.bytes);
    free(p.bytes);
}

/* Blocks of 256 MiB, so that the second sector bitmap speaks for the 17th block. */
static void each_chunk_has_its_bitmap(void **state)
{
    (void)state;
    struct exh_error err;
    struct vhdx_shape shape = {.disk_bytes = 32ull * 256 * MIB, .block_bytes = 256 * MIB, .logical = 512, .stored = 4};
    struct vhdx_image p = vhdx_image(&shape);
    vhdx_entry(&p, 17, 4, 6);
    (void)in_folder("base.vhdx", &p);
    shape.flags = 2;
    shape.linkage = linkage;
    shape.absolute = "base.vhdx";
    struct vhdx_image c = vhdx_image(&shape);
    vhdx_entry(&c, 17, 5, 7);
    vhdx_entry(&c, 16, 6, 6);
    vhdx_entry(&c, 33, 7, 6);
    memset(c.bytes + 6 * MIB, 0xFF, MIB);
    memset(c.bytes + 7 * MIB, 0, MIB);
    c.bytes[7 * MIB] = 0x10;
    struct exh_medium *m = open_child(&c, &err);
    if (m == NULL)
        fail_msg("%s", err.text);
    vhdx_is(m, 16ull * 256 * MIB, p.bytes + 4 * MIB, 4 * 512);
    vhdx_is(m, 16ull * 256 * MIB + 4 * 512, c.bytes + 5 * MIB + 4 * 512, 512);
    vhdx_is(m, 16ull * 256 * MIB + 5 * 512, p.bytes + 4 * MIB + 5 * 512, 65536);
    exh_medium_close(m);
    free(c.bytes);
    free(p.bytes);
}

static void only_the_right_parent(void **state)
{
    (void)state;
    struct exh_error err;
    struct vhdx_shape shape = eight;
    shape.flags = 2;
    shape.linkage = "{d1d1d1d1-d1d1-d1d1-d1d1-d1d1d1d1d1d2}";
    shape.relative = "..\\elsewhere\\other.vhdx"; /* leads away, so that the next is tried */
    shape.absolute = "C:\\vm\\base.vhdx";
    struct vhdx_image c = vhdx_image(&shape);
    assert_null(open_child(&c, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "d1d1d1d1-d1d1-d1d1-d1d1-d1d1d1d1d1d2"));
    free(c.bytes);
    shape.linkage = linkage;
    c = vhdx_image(&shape);
    struct exh_medium *m = open_child(&c, &err);
    assert_non_null(m);
    exh_medium_close(m);
    free(c.bytes);
    shape.absolute = "C:\\vm\\nowhere.vhdx";
    c = vhdx_image(&shape);
    assert_null(open_child(&c, &err));
    assert_int_equal(err.code, EXH_NOT_FOUND);
    free(c.bytes);
    shape.absolute = NULL;
    c = vhdx_image(&shape);
    assert_null(open_child(&c, &err));
    assert_int_equal(err.code, EXH_UNSUPPORTED);
    free(c.bytes);
    shape.relative = "child.avhdx"; /* a circle */
    c = vhdx_image(&shape);
    assert_null(open_child(&c, &err));
    assert_int_equal(err.code, EXH_LIMIT);
    free(c.bytes);
    (void)unlink(in_folder("child.avhdx", NULL));
    (void)unlink(in_folder("base.vhdx", NULL));
    assert_int_equal(rmdir(folder), 0);
}

/* ---- fields that lie ---- */

struct poke {
    uint32_t at;
    unsigned bytes;
    uint64_t value;
    uint64_t named; /* the offset in the message */
    enum exh_code code;
};

static void each_field_is_checked(void **state)
{
    (void)state;
    static const struct poke pokes[] = {
        {0, 1, 'V', 0, EXH_CORRUPT},
        {131072 + 66, 2, 2, 131072 + 66, EXH_UNSUPPORTED},
        {196608 + 8, 4, 2048, 0, EXH_OK}, /* the second table is used */
        {196608 + 8, 4, 1, 196608, EXH_CORRUPT},
        {196608 + 8, 4, 3, 0, EXH_OK}, /* an unknown region of zeros that is not required */
        {196608 + 16, 1, 0, 196608 + 16, EXH_UNSUPPORTED},
        {196608 + 32, 8, BAT_AT + 512, 196608 + 32, EXH_CORRUPT},
        {196608 + 32, 8, 0, 196608 + 32, EXH_CORRUPT},
        {196608 + 32, 8, UINT64_MAX << 20, 196608 + 40, EXH_CORRUPT},
        {196608 + 32, 8, 7 * MIB, 196608 + 40, EXH_CORRUPT},
        {196608 + 40, 4, 0, 196608 + 40, EXH_CORRUPT},
        {196608 + 40, 4, 0xFFFFFFFF, 196608 + 40, EXH_CORRUPT},
        {196608 + 40, 4, 56, 196608 + 40, EXH_CORRUPT}, /* seven of eight entries */
        {196608 + 40, 4, 64, 0, EXH_OK},
        {196608 + 72, 4, 65535, META_AT, EXH_CORRUPT},
        {196608 + 72, 4, 65536 + 30, META_AT + 32 + 4 * 32 + 16, EXH_CORRUPT},
        {META_AT, 1, 'M', META_AT, EXH_CORRUPT},
        {META_AT + 10, 2, 2048, META_AT + 10, EXH_CORRUPT},
        {META_AT + 10, 2, 1, META_AT, EXH_CORRUPT},
        {META_AT + 10, 2, 3, 0, EXH_OK},
        {META_AT + 32, 1, 0, META_AT + 32, EXH_UNSUPPORTED},
        {META_AT + 32 + 24, 4, 5, META_AT + 32, EXH_UNSUPPORTED}, /* somebody's own, and required */
        {META_AT + 32 + 24, 4, 1, META_AT, EXH_CORRUPT},
        {META_AT + 32 + 16, 4, 65535, META_AT + 32 + 16, EXH_CORRUPT},
        {META_AT + 32 + 16, 4, 0xFFFFFFFF, META_AT + 32 + 16, EXH_CORRUPT},
        {META_AT + 32 + 20, 4, 0xFFFFFFFF, META_AT + 32 + 16, EXH_CORRUPT},
        {META_AT + 32 + 20, 4, 0, META_AT + 32 + 16, EXH_CORRUPT},
        {META_AT + 32 + 20, 4, 7, ITEMS_AT, EXH_CORRUPT},
        {ITEMS_AT, 4, 0, ITEMS_AT, EXH_CORRUPT},
        {ITEMS_AT, 4, MIB / 2, ITEMS_AT, EXH_CORRUPT},
        {ITEMS_AT, 4, 3 * MIB, ITEMS_AT, EXH_CORRUPT},
        {ITEMS_AT, 4, 512 * MIB, ITEMS_AT, EXH_CORRUPT},
        {ITEMS_AT + 4, 4, 2, META_AT, EXH_CORRUPT}, /* a parent, and no locator */
        {ITEMS_AT + 8, 8, 0, ITEMS_AT + 8, EXH_CORRUPT},
        {ITEMS_AT + 8, 8, 8 * MIB + 1, ITEMS_AT + 8, EXH_CORRUPT},
        {ITEMS_AT + 8, 8, (64ull << 40) + 512, ITEMS_AT + 8, EXH_CORRUPT},
        {ITEMS_AT + 8, 8, UINT64_MAX - 511, ITEMS_AT + 8, EXH_CORRUPT},
        {ITEMS_AT + 8, 8, 64ull << 40, 196608 + 40, EXH_CORRUPT},
        {ITEMS_AT + 16, 4, 0, ITEMS_AT + 16, EXH_CORRUPT},
        {ITEMS_AT + 16, 4, 2048, ITEMS_AT + 16, EXH_CORRUPT},
    };
    struct vhdx_image i = vhdx_image(&eight);
    for (size_t k = 0; k < sizeof pokes / sizeof pokes[0]; k++) {
        const struct poke *p = &pokes[k];
        struct exh_error err;
        uint8_t kept[8], value[8];
        memcpy(kept, i.bytes + p->at, p->bytes);
        exh_put_le64(value, p->value);
        memcpy(i.bytes + p->at, value, p->bytes);
        vhdx_sums(&i, 15);
        struct exh_medium *m = vhdx_try(&i, i.size, &err);
        if (err.code != p->code || (m != NULL) != (p->code == EXH_OK) || (p->code != EXH_OK && (err.at != p->named || err.text[0] == '\0')))
            fail_msg("%u = %llu gave code %d at %llu: %s", p->at, (unsigned long long)p->value, err.code, (unsigned long long)err.at, err.text);
        exh_medium_close(m);
        memcpy(i.bytes + p->at, kept, p->bytes);
    }
    free(i.bytes);
}

static void a_locator_that_lies(void **state)
{
    (void)state;
    const uint32_t locator = ITEMS_AT + 64;
    const struct poke pokes[] = {
        {META_AT + 32 + 5 * 32 + 20, 4, 19, locator, EXH_CORRUPT},
        {locator, 1, 0, locator, EXH_UNSUPPORTED},
        {locator + 18, 2, 0xFFFF, locator + 18, EXH_CORRUPT},
        {locator + 18, 2, 0, locator, EXH_CORRUPT},
        {locator + 20, 4, 1999, locator + 20, EXH_CORRUPT},
        {locator + 24, 4, 0xFFFFFFFF, locator + 20, EXH_CORRUPT},
        {locator + 30, 2, 0xFFFF, locator + 20, EXH_CORRUPT},
        {locator + 30, 2, 60, locator, EXH_CORRUPT},
        {locator + 20, 4, 202, locator, EXH_CORRUPT} /* another key */
    };
    struct vhdx_shape shape = eight;
    shape.flags = 2;
    shape.linkage = linkage;
    struct vhdx_image i = vhdx_image(&shape);
    for (size_t k = 0; k < sizeof pokes / sizeof pokes[0]; k++) {
        struct exh_error err;
        uint8_t kept[8], value[8];
        memcpy(kept, i.bytes + pokes[k].at, 8);
        exh_put_le64(value, pokes[k].value);
        memcpy(i.bytes + pokes[k].at, value, pokes[k].bytes);
        assert_null(vhdx_try(&i, i.size, &err));
        if (err.code != pokes[k].code || err.at != pokes[k].named)
            fail_msg("%u gave code %d at %llu: %s", pokes[k].at, err.code, (unsigned long long)err.at, err.text);
        memcpy(i.bytes + pokes[k].at, kept, 8);
    }
    struct exh_error err;
    assert_null(vhdx_try(&i, i.size, &err)); /* nothing lies, and there is no parent to be had */
    assert_int_equal(err.code, EXH_NOT_FOUND);
    free(i.bytes);
}

/* Cut anywhere it is refused with a place, or opens and has sectors missing. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct vhdx_image i = vhdx_image(&eight);
    for (unsigned k = 0; k < 3; k++)
        vhdx_entry(&i, k, 4 + k, 6);
    for (size_t length = 0; length < i.size; length += 4096) {
        struct exh_error err;
        struct exh_medium *m = vhdx_try(&i, length, &err);
        assert_int_equal(m != NULL, length >= BLOCKS_AT);
        if (m == NULL) {
            assert_int_equal(err.code, EXH_CORRUPT);
            assert_true(err.text[0] != '\0' && err.at != EXH_NO_OFFSET);
            continue;
        }
        uint64_t there = length - BLOCKS_AT;
        if (there < 3 * MIB)
            vhdx_is_missing(m, there, 4096);
        if (there > 0)
            vhdx_is(m, there - 4096, i.bytes + length - 4096, 4096);
        exh_medium_close(m);
    }
    free(i.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_state),
                                       cmocka_unit_test(a_whole_image_has_nothing_odd),
                                       cmocka_unit_test(sectors_of_4096),
                                       cmocka_unit_test(entries_of_bitmaps_are_stepped_over),
                                       cmocka_unit_test(one_of_two_headers),
                                       cmocka_unit_test(one_of_two_region_tables),
                                       cmocka_unit_test(a_parent_shines_through),
                                       cmocka_unit_test(each_chunk_has_its_bitmap),
                                       cmocka_unit_test(only_the_right_parent),
                                       cmocka_unit_test(each_field_is_checked),
                                       cmocka_unit_test(a_locator_that_lies),
                                       cmocka_unit_test(cut_anywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
