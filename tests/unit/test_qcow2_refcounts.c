/* test_qcow2_refcounts.c - reference counts of every width, flags, header fields, extensions and bitmaps of a QCOW image made here byte by byte:
 * right as they are, and then one of them is wrong and told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "formats/disk/qcow2.h"
#include "formats/model/bytes.h"

#define CLUSTER 512u
#define COPIED (1ull << 63)
enum { HEADER, TABLE, BLOCK, L1, L2, DATA, SNAPSHOTS, SNAP_L1, DIRECTORY, BITMAP_TABLE, BITMAP, SHARED, LAST, CLUSTERS };
#define AT(n) ((uint64_t)(n)*CLUSTER)
#define EXTENSION_AT 112u

static uint8_t file[CLUSTERS * CLUSTER];
static uint32_t order;

static void count(unsigned cluster, uint64_t value)
{
    uint8_t *block = file + AT(BLOCK);
    unsigned bits = 1u << order;
    for (unsigned b = 0; b < bits; b++) { /* bit b of the value; fields of bytes are big-endian, those within a byte begin at its lowest bit */
        unsigned at = bits < 8 ? (cluster * bits + b) / 8 : cluster * bits / 8 + bits / 8 - 1 - b / 8,
                 bit = bits < 8 ? (cluster * bits + b) % 8 : b % 8;
        block[at] = (uint8_t)((block[at] & ~(1u << bit)) | (unsigned)(value >> b & 1) << bit);
    }
}

/* The current state and a snapshot: with counts of more than one bit they share an L2 table and what it names. One bitmap. */
static void make_file(uint32_t with_order)
{
    order = with_order;
    bool share = order > 0;
    memset(file, 0, sizeof file);
    exh_put_be32(file, 0x514649FBu);
    exh_put_be32(file + 4, 3);
    exh_put_be32(file + 20, 9);
    exh_put_be64(file + 24, 128 * CLUSTER);
    exh_put_be32(file + 36, 2);
    exh_put_be64(file + 40, AT(L1));
    exh_put_be64(file + 48, AT(TABLE));
    exh_put_be32(file + 56, 1);
    exh_put_be32(file + 60, 1);
    exh_put_be64(file + 64, AT(SNAPSHOTS));
    exh_put_be64(file + 88, 1);
    exh_put_be32(file + 96, order);
    exh_put_be32(file + 100, EXTENSION_AT);
    exh_put_be32(file + EXTENSION_AT, 0x23852875u);
    exh_put_be32(file + EXTENSION_AT + 4, 24);
    exh_put_be32(file + EXTENSION_AT + 8, 1);
    exh_put_be64(file + EXTENSION_AT + 16, 32);
    exh_put_be64(file + EXTENSION_AT + 24, AT(DIRECTORY));
    exh_put_be64(file + AT(TABLE), AT(BLOCK));
    exh_put_be64(file + AT(L1), AT(L2) | COPIED);
    exh_put_be64(file + AT(L2), AT(DATA) | COPIED);
    exh_put_be64(file + AT(L1) + 8, share ? AT(SHARED) : 0);
    exh_put_be64(file + AT(SNAP_L1) + 8, share ? AT(SHARED) : 0);
    exh_put_be64(file + AT(SHARED), share ? AT(LAST) : 0);
    uint8_t *s = file + AT(SNAPSHOTS);
    exh_put_be64(s, AT(SNAP_L1));
    exh_put_be32(s + 8, 2);
    exh_put_be16(s + 12, 1);
    exh_put_be16(s + 14, 3);
    exh_put_be32(s + 36, 16);
    exh_put_be64(s + 48, 128 * CLUSTER);
    memcpy(s + 56, "1old", 4);
    uint8_t *d = file + AT(DIRECTORY);
    exh_put_be64(d, AT(BITMAP_TABLE));
    exh_put_be32(d + 8, 1);
    d[16] = 1;
    d[17] = 16;
    exh_put_be16(d + 18, 5);
    memcpy(d + 24, "marks", 5);
    exh_put_be64(file + AT(BITMAP_TABLE), AT(BITMAP));
    for (unsigned i = 0; i < CLUSTERS; i++)
        count(i, i < SHARED ? 1 : share ? 2 : 0);
}

/* All remarks, as "check:outcome " each, in `out`. */
static void remarks(char *out, size_t room)
{
    static const char *const outcomes[] = {"holds", "warns", "fails"};
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    struct exh_open options = {.path = "toy.qcow2"};
    struct exh_source *source = exh_source_memory(file, sizeof file, "toy.qcow2");
    struct exh_medium *m = exh_format_qcow2.open(source, &options, &err);
    if (m == NULL || !exh_medium_inspect(m, &in, &err))
        fail_msg("%s", err.text);
    out[0] = '\0';
    for (size_t i = 0, n = 0; i < in.remark_count && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s:%s ", in.remarks[i].check, outcomes[in.remarks[i].outcome]);
    exh_inspection_close(&in);
    exh_medium_close(m);
}

static void expect(const char *what, const char *wanted)
{
    char found[400];
    remarks(found, sizeof found);
    if (strcmp(found, wanted) != 0)
        fail_msg("%s, counts of %u bits: '%s', not '%s'", what, 1u << order, found, wanted);
}

static void counts_of_every_width(void **state)
{
    (void)state;
    for (uint32_t o = 0; o <= 6; o++) {
        const char *whole = o == 0 ? "orphan:warns " : "";
        make_file(o);
        expect("as it should be", whole);
        count(SNAP_L1, 0);
        expect("a count that is too low", o == 0 ? "refcount:fails orphan:warns " : "refcount:fails ");
        exh_put_be64(file + 72, 1);
        expect("the same in an image that was not closed", o == 0 ? "dirty:warns refcount:warns orphan:warns " : "dirty:warns refcount:warns ");
        make_file(o);
        count(o == 0 ? LAST : SNAP_L1, o == 6 ? UINT64_MAX : o == 0 ? 1 : (1ull << (1u << o)) - 1);
        expect("a count that is too high", o == 0 ? "leak:warns orphan:warns " : "leak:warns ");
        make_file(o);
        count(CLUSTERS, 1);
        expect("a count of what the file has not", o == 0 ? "behind-file:warns orphan:warns " : "behind-file:warns ");
    }
}

static void flags_that_repeat_the_counts(void **state)
{
    (void)state;
    make_file(4);
    exh_put_be64(file + AT(L2), AT(DATA));
    expect("a cluster that is used once, not said", "copied-flag:warns ");
    exh_put_be64(file + AT(L2), AT(DATA) | COPIED);
    exh_put_be64(file + AT(L1) + 8, AT(SHARED) | COPIED);
    expect("a table that is shared, said to be used once", "copied-flag:fails ");
    exh_put_be64(file + 72, 1);
    expect("the same in an image that was not closed", "dirty:warns copied-flag:warns ");
    make_file(4);
    exh_put_be64(file + AT(SHARED), AT(LAST) | COPIED);
    expect("a cluster that is shared, said to be used once", "copied-flag:fails ");
}

static void tables(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t at, value;
        const char *wanted;
    } rows[] = {
        {"a reserved bit of an L1 entry", AT(L1), AT(L2) | COPIED | 2, "reserved-bits:fails "},
        {"a reserved bit of an L2 entry", AT(L2), AT(DATA) | COPIED | 1ull << 60, "reserved-bits:fails "},
        {"a reserved bit of the refcount table", AT(TABLE), AT(BLOCK) | 1, "reserved-bits:fails "},
        {"a snapshot uses it too", AT(SNAP_L1), AT(L2), "refcount:fails "},
        {"nothing at all, used once", AT(L2) + 8, COPIED, "table:fails "},
        {"behind the disk's end", 24, 64 * CLUSTER, "behind-disk:warns "},
        {"no refcount block", AT(TABLE), 0, "refcount:fails leak:warns "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char found[400];
        make_file(4);
        exh_put_be64(file + rows[i].at, rows[i].value);
        remarks(found, sizeof found);
        if (i + 1 < sizeof rows / sizeof rows[0] ? strcmp(found, rows[i].wanted) != 0 : strstr(found, "refcount:fails") == NULL)
            fail_msg("%s: '%s', not '%s'", rows[i].what, found, rows[i].wanted);
    }
}

static void header_and_extensions(void **state)
{
    (void)state;
    static const struct {
        unsigned at, width;
        uint64_t value;
        const char *wanted;
    } rows[] = {
        {8, 8, 200, "header:warns "},
        {64, 8, AT(SNAPSHOTS), ""},
        {80, 8, 1, ""},
        {80, 8, 4, "feature:warns "},
        {88, 8, 1 | 8, "feature:warns "},
        {88, 8, 1 | 2, "feature:warns "},
        {88, 8, 0, "bitmaps:warns leak:warns orphan:warns "},
        {96, 4, 7, "refcount:fails "},
        {100, 4, 113, "header:fails bitmaps:warns leak:warns orphan:warns "},
        {104, 1, 1, "header:fails "},
        {105, 1, 1, "header:warns "},
        {EXTENSION_AT, 4, 0x12345678, "extension:warns bitmaps:warns leak:warns orphan:warns "},
        {EXTENSION_AT + 4, 4, 500, "extension:fails bitmaps:warns leak:warns orphan:warns "},
        {EXTENSION_AT + 4, 4, 16, "bitmaps:fails leak:warns orphan:warns "},
        {EXTENSION_AT + 8, 4, 0, "bitmaps:fails bitmaps:warns leak:warns orphan:warns "},
        {EXTENSION_AT + 8, 4, 2, "bitmaps:fails "},
        {EXTENSION_AT + 12, 4, 2, "bitmaps:warns "},
        {EXTENSION_AT + 16, 8, 40, "bitmaps:warns "},
        {EXTENSION_AT + 16, 8, 31, "bitmaps:fails "},
        {(unsigned)AT(DIRECTORY) + 12, 4, 1, "bitmaps:warns "},
        {(unsigned)AT(DIRECTORY) + 12, 4, 8, "bitmaps:warns "},
        {(unsigned)AT(DIRECTORY) + 16, 1, 2, "bitmaps:warns "},
        {(unsigned)AT(DIRECTORY) + 17, 1, 64, "bitmaps:warns "},
        {(unsigned)AT(BITMAP_TABLE) + 7, 1, 2, "bitmaps:fails "},
        {(unsigned)AT(BITMAP_TABLE) + 6, 1, 0, "leak:warns orphan:warns "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char what[60];
        make_file(4);
        for (unsigned k = 0; k < rows[i].width; k++)
            file[rows[i].at + k] = (uint8_t)(rows[i].value >> (8 * (rows[i].width - 1 - k)));
        (void)snprintf(what, sizeof what, "%llu at %u", (unsigned long long)rows[i].value, rows[i].at);
        expect(what, rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_every_width),
        cmocka_unit_test(flags_that_repeat_the_counts),
        cmocka_unit_test(tables),
        cmocka_unit_test(header_and_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
