/* test_vhdx_log.c - the log of a VHDX, built entry by entry, and replayed without a byte of the file changing. */
#include "tests/unit/vhdx_image.h"

#define GUID 0x6C
#define FIRST 0x123456789Aull /* a sequence number of more than 32 bits */

static const struct vhdx_shape eight = {.disk_bytes = 8 * MIB, .block_bytes = MIB, .logical = 512, .stored = 4};

static struct vhdx_image image_with_log(void)
{
    struct vhdx_image i = vhdx_image(&eight);
    for (unsigned k = 0; k < 2; k++)
        memset(i.bytes + 65536 * (k + 1) + 48, GUID, 16);
    vhdx_sums(&i, 3);
    return i;
}

/* ---- entries: begun, filled, and closed with their checksum. Offsets in the log go round. ---- */

struct building {
    struct vhdx_image *image;
    uint32_t at, descriptors, data; /* data: sectors so far */
    uint32_t table;                 /* sectors that the descriptors take */
    uint64_t sequence;
};

static uint8_t *ring(const struct building *b, uint32_t ahead) { return b->image->bytes + LOG_AT + (b->at + ahead) % MIB; }

static struct building begin(struct vhdx_image *i, uint32_t at, uint64_t sequence, uint32_t tail, uint32_t table)
{
    struct building b = {.image = i, .at = at, .sequence = sequence, .table = table};
    for (uint32_t k = 0; k < table; k++)
        memset(ring(&b, k * 4096), 0, 4096);
    uint8_t *h = ring(&b, 0);
    memcpy(h, "loge", 4);
    exh_put_le32(h + 12, tail);
    exh_put_le64(h + 16, sequence);
    memset(h + 32, GUID, 16);
    exh_put_le64(h + 48, i->size);
    exh_put_le64(h + 56, i->size);
    return b;
}

static uint8_t *descriptor(struct building *b, const char *mark, uint64_t offset)
{
    uint8_t *d = ring(b, 64 + 32 * b->descriptors++);
    memcpy(d, mark, 4);
    exh_put_le64(d + 16, offset);
    exh_put_le64(d + 24, b->sequence);
    return d;
}

static void zero(struct building *b, uint64_t offset, uint64_t length) { exh_put_le64(descriptor(b, "zero", offset) + 8, length); }

static void data(struct building *b, uint64_t offset, const uint8_t sector[4096])
{
    uint8_t *d = descriptor(b, "desc", offset), *s = ring(b, (b->table + b->data++) * 4096);
    memcpy(d + 4, sector + 4092, 4);
    memcpy(d + 8, sector, 8);
    memcpy(s, "data", 4);
    exh_put_le32(s + 4, (uint32_t)(b->sequence >> 32));
    memcpy(s + 8, sector + 8, 4084);
    exh_put_le32(s + 4092, (uint32_t)b->sequence);
}

static uint32_t seal(struct building *b)
{
    uint32_t length = (b->table + b->data) * 4096, sum = 0;
    uint8_t *h = ring(b, 0);
    exh_put_le32(h + 8, length);
    exh_put_le32(h + 24, b->descriptors);
    exh_put_le32(h + 4, 0);
    for (uint32_t k = 0; k < length; k += 4096)
        sum = exh_crc32c(sum, ring(b, k), 4096);
    exh_put_le32(h + 4, sum);
    return (b->at + length) % MIB;
}

static void pattern(uint8_t out[4096], unsigned seed)
{
    for (unsigned k = 0; k < 4096; k++)
        out[k] = (uint8_t)(seed + k * 7 + k / 255);
}

/* A sector of the block table that says where these blocks lie; the rest of it as it is in the file. */
static void table_of(const struct vhdx_image *i, uint8_t out[4096], unsigned block, unsigned mib)
{
    memcpy(out, i->bytes + BAT_AT, 4096);
    exh_put_le64(out + 8 * block, (uint64_t)mib << 20 | 6);
}

static struct exh_medium *opened_unchanged(const struct vhdx_image *i, const uint8_t *copy)
{
    struct exh_medium *m = vhdx_opened(i);
    assert_memory_equal(i->bytes, copy, i->size);
    return m;
}

static uint8_t *copy_of(const struct vhdx_image *i)
{
    uint8_t *copy = malloc(i->size);
    assert_non_null(copy);
    memcpy(copy, i->bytes, i->size);
    return copy;
}

/* ---- */

/* One entry moves a block into the table; the next writes into the block, wipes part of it, and writes into what was wiped. */
static void changes_in_their_order(void **state)
{
    (void)state;
    uint8_t sector[4096], wanted[64 * 1024], last[4096];
    struct vhdx_image i = image_with_log();
    memcpy(wanted, i.bytes + 5 * MIB, sizeof wanted);
    struct building b = begin(&i, 0, FIRST, 0, 1);
    table_of(&i, sector, 2, 5);
    data(&b, BAT_AT, sector);
    b = begin(&i, seal(&b), FIRST + 1, 0, 1);
    pattern(sector, 1);
    data(&b, 5 * MIB + 4096, sector);
    memcpy(wanted + 4096, sector, 4096);
    pattern(sector, 2);
    data(&b, 5 * MIB + 8192, sector); /* is wiped */
    zero(&b, 5 * MIB + 8192, 5 * 4096);
    memset(wanted + 8192, 0, 5 * 4096);
    pattern(last, 3);
    data(&b, 5 * MIB + 16384, last);
    memcpy(wanted + 16384, last, 4096);
    (void)seal(&b);
    uint8_t *copy = copy_of(&i);
    struct exh_medium *m = opened_unchanged(&i, copy);
    vhdx_is(m, 0, NULL, 2 * MIB);
    vhdx_is(m, 2 * MIB, wanted, sizeof wanted);
    vhdx_is(m, 2 * MIB + 16384 + 512 * 3, last + 512 * 3, 1024); /* parts of a sector, and over borders */
    vhdx_is(m, 2 * MIB + 4096 - 512, wanted + 4096 - 512, 9216);
    vhdx_is(m, 2 * MIB + sizeof wanted, i.bytes + 5 * MIB + sizeof wanted, MIB - sizeof wanted);
    assert_int_equal(vhdx_remarks(m, "log-replay", EXH_WARNS), 1);
    assert_true(vhdx_tells(m, "log", "(2)"));
    assert_true(vhdx_tells(m, "log", "write 4 sectors of 4096 bytes and make 20480 bytes zeros"));
    exh_medium_close(m);
    assert_memory_equal(i.bytes, copy, i.size);
    memset(i.bytes + 65536 + 48, 0, 16); /* the same file, and a header that says the log is empty */
    memset(i.bytes + 131072 + 48, 0, 16);
    vhdx_sums(&i, 3);
    m = vhdx_opened(&i);
    vhdx_is(m, 2 * MIB, NULL, MIB);
    assert_int_equal(vhdx_remarks(m, "log-replay", EXH_WARNS), 0);
    exh_medium_close(m);
    free(copy);
    free(i.bytes);
}

/* Which run of entries counts. */
static void the_active_run(void **state)
{
    (void)state;
    uint8_t sector[4096];
    struct vhdx_image i = image_with_log();
    struct building b = begin(&i, 0, 500, 0, 1); /* an old run that is whole */
    table_of(&i, sector, 0, 4);
    data(&b, BAT_AT, sector);
    (void)seal(&b);
    b = begin(&i, 40960, 600, 40960, 1); /* superseded by its successor's tail */
    table_of(&i, sector, 0, 5);
    data(&b, BAT_AT, sector);
    uint32_t next = seal(&b);
    b = begin(&i, next, 601, next, 1);
    table_of(&i, sector, 0, 6);
    data(&b, BAT_AT, sector);
    uint32_t third = seal(&b);
    b = begin(&i, 409600, 700, 4096, 1); /* newer, and its tail is no entry of its run */
    table_of(&i, sector, 0, 7);
    data(&b, BAT_AT, sector);
    (void)seal(&b);
    b = begin(&i, 512000, 800, 512000, 1); /* somebody else's */
    table_of(&i, sector, 0, 7);
    data(&b, BAT_AT, sector);
    ring(&b, 0)[32] ^= 1;
    (void)seal(&b);
    struct exh_medium *m = vhdx_opened(&i);
    vhdx_is(m, 0, i.bytes + 6 * MIB, MIB);
    assert_true(vhdx_tells(m, "log", "entries 601 to 601 (1)"));
    exh_medium_close(m);
    b = begin(&i, third, 602, next, 1); /* one more, which keeps both */
    zero(&b, 6 * MIB, MIB);
    (void)seal(&b);
    m = vhdx_opened(&i);
    vhdx_is(m, 0, NULL, MIB);
    assert_true(vhdx_tells(m, "log", "entries 601 to 602 (2)"));
    exh_medium_close(m);
    uint32_t fourth = seal(&b);
    b = begin(&i, fourth, 604, next, 1); /* one is lacking between them */
    zero(&b, 6 * MIB, 4096);
    (void)seal(&b);
    m = vhdx_opened(&i);
    assert_true(vhdx_tells(m, "log", "entries 601 to 602 (2)"));
    exh_medium_close(m);
    i.bytes[LOG_AT + third + 4] ^= 1; /* a checksum that does not hold */
    m = vhdx_opened(&i);
    vhdx_is(m, 0, i.bytes + 6 * MIB, MIB);
    exh_medium_close(m);
    free(i.bytes);
}

/* An entry whose descriptors fill more than a sector goes over the end of the ring. */
static void round_the_end(void **state)
{
    (void)state;
    uint8_t sector[4096];
    struct vhdx_image i = image_with_log();
    uint32_t at = MIB - 3 * 4096;
    struct building b = begin(&i, at, 9, at, 2);
    for (unsigned k = 0; k < 200; k++) {
        pattern(sector, k);
        data(&b, 4 * MIB + k * 4096, sector);
    }
    table_of(&i, sector, 1, 4);
    data(&b, BAT_AT, sector);
    uint32_t next = seal(&b);
    assert_int_equal(next, 200 * 4096);
    b = begin(&i, next, 10, at, 1);
    pattern(sector, 250);
    data(&b, 4 * MIB + 8192, sector);
    (void)seal(&b);
    struct exh_medium *m = vhdx_opened(&i);
    for (unsigned k = 0; k < 200; k++) {
        pattern(sector, k == 2 ? 250 : k);
        vhdx_is(m, MIB + k * 4096, sector, 4096);
    }
    vhdx_is(m, MIB + 200 * 4096, i.bytes + 4 * MIB + 200 * 4096, 4096);
    assert_true(vhdx_tells(m, "log", "write 202 sectors"));
    exh_medium_close(m);
    free(i.bytes);
}

/* The log makes the file longer: what was not written there is zeros, as it would be after a replay in place. */
static void a_file_that_grew(void **state)
{
    (void)state;
    uint8_t sector[4096];
    struct vhdx_image i = image_with_log();
    struct building b = begin(&i, 8192, 3, 8192, 1);
    exh_put_le64(ring(&b, 0) + 56, 9 * MIB);
    table_of(&i, sector, 0, 8);
    data(&b, BAT_AT, sector);
    pattern(sector, 9);
    data(&b, 8 * MIB + 65536, sector);
    (void)seal(&b);
    struct exh_medium *m = vhdx_opened(&i);
    vhdx_is(m, 0, NULL, 65536);
    vhdx_is(m, 65536, sector, 4096);
    vhdx_is(m, 65536 + 4096, NULL, MIB - 65536 - 4096);
    uint8_t *whole = calloc(1, MIB);
    assert_non_null(whole);
    memcpy(whole + 65536, sector, 4096);
    vhdx_is(m, 0, whole, MIB);
    free(whole);
    assert_int_equal(vhdx_remarks(m, "out-of-range", EXH_FAILS), 0);
    exh_medium_close(m);
    struct exh_error err;
    exh_put_le64(ring(&b, 0) + 48, i.size + 1); /* and here something was cut off */
    (void)seal(&b);
    assert_null(vhdx_try(&i, i.size, &err));
    assert_int_equal(err.code, EXH_CORRUPT);
    assert_int_equal(err.at, LOG_AT + 8192 + 48);
    free(i.bytes);
}

/* Each of these makes the only entry none. */
static void entries_that_lie(void **state)
{
    (void)state;
    static const struct {
        uint32_t at;
        unsigned bytes;
        uint64_t value;
    } lies[] = {{0, 4, 0x65676F6D},
                {8, 4, 0},
                {8, 4, 4095},
                {8, 4, 4096},
                {8, 4, 8191},
                {8, 4, 2 * MIB},
                {8, 4, 0xFFFFF000},
                {12, 4, 4096},
                {12, 4, 1},
                {12, 4, MIB},
                {16, 8, 0},
                {16, 8, 6},
                {24, 4, 0xFFFFFFFF},
                {24, 4, 3},
                {32, 1, 0},
                {56, 8, UINT64_MAX},
                {64, 4, 0},
                {64 + 16, 8, BAT_AT + 512},
                {64 + 16, 8, UINT64_MAX << 12},
                {64 + 24, 8, 6},
                {96 + 8, 8, 512},
                {96 + 8, 8, UINT64_MAX << 12},
                {96 + 16, 8, 128ull << 40},
                {4096, 4, 0},
                {4100, 4, 1},
                {8188, 4, 8}};
    struct vhdx_image i = image_with_log();
    uint8_t sector[4096];
    table_of(&i, sector, 0, 4);
    for (size_t k = 0; k <= sizeof lies / sizeof lies[0]; k++) {
        uint8_t value[8];
        struct building b = begin(&i, 0, 7, 0, 1);
        data(&b, BAT_AT, sector);
        zero(&b, 5 * MIB, 4096);
        (void)seal(&b);
        if (k < sizeof lies / sizeof lies[0]) { /* the last time nothing lies */
            exh_put_le64(value, lies[k].value);
            memcpy(ring(&b, lies[k].at), value, lies[k].bytes);
            uint32_t length = exh_le32(ring(&b, 8));
            exh_put_le32(ring(&b, 4), 0);
            if (length <= MIB)
                exh_put_le32(ring(&b, 4), exh_crc32c(0, ring(&b, 0), length));
        }
        struct exh_medium *m = vhdx_opened(&i);
        bool replayed = k == sizeof lies / sizeof lies[0];
        if (vhdx_remarks(m, "log-replay", EXH_FAILS) != !replayed)
            fail_msg("the lie at %u, %llu, is believed", lies[k].at, (unsigned long long)lies[k].value);
        vhdx_is(m, 0, replayed ? i.bytes + 4 * MIB : NULL, MIB);
        exh_medium_close(m);
    }
    free(i.bytes);
}

static void headers_that_lie_about_the_log(void **state)
{
    (void)state;
    static const struct {
        uint32_t at;
        unsigned bytes;
        uint64_t value;
        uint64_t named;
        enum exh_code code;
    } lies[] = {{64, 2, 1, 131072 + 64, EXH_UNSUPPORTED},   {68, 4, 0, 131072 + 68, EXH_CORRUPT},
                {68, 4, 4096, 131072 + 68, EXH_CORRUPT},    {68, 4, 0xFFF00000, 131072 + 72, EXH_CORRUPT},
                {72, 8, 0, 131072 + 72, EXH_CORRUPT},       {72, 8, MIB + 4096, 131072 + 72, EXH_CORRUPT},
                {72, 8, 8 * MIB, 131072 + 72, EXH_CORRUPT}, {72, 8, UINT64_MAX << 20, 131072 + 72, EXH_CORRUPT}};
    struct vhdx_image i = image_with_log();
    for (size_t k = 0; k < sizeof lies / sizeof lies[0]; k++) {
        struct exh_error err;
        uint8_t kept[8], value[8], *at = i.bytes + 131072 + lies[k].at;
        memcpy(kept, at, 8);
        exh_put_le64(value, lies[k].value);
        memcpy(at, value, lies[k].bytes);
        vhdx_sums(&i, 2);
        assert_null(vhdx_try(&i, i.size, &err));
        assert_int_equal(err.code, lies[k].code);
        assert_int_equal(err.at, lies[k].named);
        memcpy(at, kept, 8);
    }
    free(i.bytes);
}

/* Every sector begins an entry as long as the log, and none is whole: the work is bounded, and said to be. */
static void a_log_that_claims_too_much(void **state)
{
    (void)state;
    struct exh_error err;
    struct vhdx_image i = image_with_log();
    for (uint32_t at = 0; at < MIB; at += 4096) {
        struct building b = begin(&i, at, 7, at, 1);
        exh_put_le32(ring(&b, 8), MIB);
    }
    assert_null(vhdx_try(&i, i.size, &err));
    assert_int_equal(err.code, EXH_LIMIT);
    free(i.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_in_their_order),    cmocka_unit_test(the_active_run),   cmocka_unit_test(round_the_end),
        cmocka_unit_test(a_file_that_grew),          cmocka_unit_test(entries_that_lie), cmocka_unit_test(headers_that_lie_about_the_log),
        cmocka_unit_test(a_log_that_claims_too_much)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
