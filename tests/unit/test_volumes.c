/* Volumes on discs: descriptors built here byte by byte, what is told of their size, and what damage makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "formats/container/source_file.h"
#include "formats/model/bytes.h"
#include "formats/optical/volumes.h"

#define SECTOR 2048u
#define ROOM_SECTORS 1024u

static uint8_t image[ROOM_SECTORS * SECTOR];
static struct exh_volumes found;
static struct exh_inspection in;
static struct exh_error err;

static uint8_t *at(uint64_t lba) { return image + lba * SECTOR; }

static int clean(void **state)
{
    (void)state;
    memset(image, 0, sizeof image);
    memset(&in, 0, sizeof in);
    exh_error_clear(&err);
    return 0;
}

static int done(void **state)
{
    (void)state;
    exh_inspection_close(&in);
    return 0;
}

static void find_in(struct exh_source *source, int64_t first_lba)
{
    exh_inspection_close(&in);
    struct exh_volumes_of of = {.source = source, .first_lba = first_lba, .file = "x.iso"};
    if (!exh_volumes_find(&of, &found, &in, &err))
        fail_msg("%s", err.text);
}

/* Looks at the first `bytes` bytes of the image, a disc's from this LBA on. */
static void find_from(uint64_t bytes, int64_t first_lba)
{
    struct exh_source *source = exh_source_memory(image, bytes, "x.iso");
    find_in(source, first_lba);
    exh_source_close(source);
}

static void find(uint64_t sectors) { find_from(sectors * SECTOR, 0); }

static const char *fact(const char *key)
{
    for (size_t i = 0; i < in.fact_count; i++)
        if (strcmp(in.facts[i].key, key) == 0)
            return in.facts[i].value;
    return NULL;
}

static unsigned remarks(const char *check, enum exh_outcome outcome)
{
    unsigned n = 0;
    for (size_t i = 0; i < in.remark_count; i++)
        n += strcmp(in.remarks[i].check, check) == 0 && in.remarks[i].outcome == outcome;
    return n;
}

static bool remarked(const char *text)
{
    for (size_t i = 0; i < in.remark_count; i++)
        if (strstr(in.remarks[i].detail, text) != NULL)
            return true;
    return false;
}

static void expect_size(enum exh_volume_verdict verdict, uint64_t difference)
{
    assert_string_equal(exh_volume_verdict_name(found.verdict), exh_volume_verdict_name(verdict));
    assert_int_equal(found.difference, difference);
    assert_int_equal(remarks("volume-size", EXH_FAILS), verdict == EXH_VOLUMES_TRUNCATED);
    assert_int_equal(remarks("volume-size", EXH_WARNS), verdict == EXH_VOLUMES_PADDED || verdict == EXH_VOLUMES_APPENDED);
}

/* ---- ISO 9660 ---- */

static void both32(uint8_t *p, uint32_t v)
{
    exh_put_le32(p, v);
    exh_put_be32(p + 4, v);
}

static void both16(uint8_t *p, uint16_t v)
{
    exh_put_le16(p, v);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* A descriptor of ECMA-119 8.4: blanks where text is, numbers twice. */
static uint8_t *descriptor(uint64_t lba, uint8_t type, uint32_t sectors, uint32_t root, const char *label)
{
    uint8_t *d = at(lba);
    memset(d, 0, SECTOR);
    d[0] = type;
    memcpy(d + 1, "CD001\1", 6);
    memset(d + 8, ' ', 64);
    memcpy(d + 40, label, strlen(label));
    both32(d + 80, sectors);
    both16(d + 128, SECTOR);
    d[156] = 34;
    both32(d + 158, root);
    both32(d + 166, SECTOR);
    return d;
}

static void terminator(uint64_t lba)
{
    memset(at(lba), 0, SECTOR);
    at(lba)[0] = 255;
    memcpy(at(lba) + 1, "CD001\1", 6);
}

static void plain_iso(uint32_t sectors)
{
    descriptor(16, 1, sectors, 20, "PLAIN");
    terminator(17);
    at(sectors - 1)[5] = 0x11;
}

static void iso_says_its_size(void **state)
{
    (void)state;
    plain_iso(100);
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].kind, EXH_VOLUME_ISO9660);
    assert_int_equal(found.items[0].lba, 16);
    assert_int_equal(found.items[0].least, 100);
    assert_int_equal(found.items[0].most, 100);
    assert_string_equal(found.items[0].label, "PLAIN");
    assert_int_equal(in.remark_count, 0);
    assert_string_equal(fact("volume"), "ISO 9660 \"PLAIN\" at LBA 16: needs 100 sectors");
    assert_null(fact("rock_ridge"));
    assert_string_equal(fact("volume_size"), "exact: 100 sectors");
}

static void iso_cut_and_longer(void **state)
{
    (void)state;
    plain_iso(100);
    find(99);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
    assert_true(remarked("need 100 sectors and 99 are there, missing: 1"));
    find_from(100 * SECTOR - 1, 0); /* a byte is enough to lose the sector */
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
    static const uint32_t behind[] = {2, 15, 150};
    for (size_t i = 0; i < 3; i++) {
        find(100 + behind[i]);
        expect_size(EXH_VOLUMES_PADDED, behind[i]);
        assert_false(found.behind_seen_partly);
        at(100 + behind[i] - 1)[SECTOR - 1] = 1;
        find(100 + behind[i]);
        expect_size(EXH_VOLUMES_APPENDED, behind[i]);
        assert_int_equal(found.behind_lba, 100 + behind[i] - 1);
        at(100 + behind[i] - 1)[SECTOR - 1] = 0;
    }
    find_from(100 * SECTOR + 7, 0); /* part of a sector behind */
    expect_size(EXH_VOLUMES_PADDED, 1);
}

static void iso_sizes_that_differ(void **state)
{
    (void)state;
    plain_iso(100);
    exh_put_be32(at(16) + 84, 120);
    find(110);
    expect_size(EXH_VOLUMES_EXACT, 0); /* between what the two say */
    assert_int_equal(found.items[0].least, 100);
    assert_int_equal(found.items[0].most, 120);
    assert_int_equal(remarks("volume", EXH_WARNS), 1);
    find(99);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
    find(130);
    expect_size(EXH_VOLUMES_PADDED, 10);
    exh_put_le32(at(16) + 80, 0); /* a field that was lost */
    find(120);
    expect_size(EXH_VOLUMES_EXACT, 0);
    both32(at(16) + 80, 0);
    find(120);
    expect_size(EXH_VOLUMES_APPENDED, 120 - 17);
    both32(at(16) + 80, 0xffffffff);
    find(120);
    expect_size(EXH_VOLUMES_TRUNCATED, 0xffffffffu - 120);
}

static void iso_block_sizes(void **state)
{
    (void)state;
    plain_iso(100);
    both32(at(16) + 80, 400);
    both16(at(16) + 128, 512);
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    both32(at(16) + 80, 397); /* a sector that is needed in part */
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    find(99);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
    both32(at(16) + 80, 100);
    exh_put_le16(at(16) + 128, 0);
    at(16)[130] = 8, at(16)[131] = 0; /* 2048 */
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_true(remarked("logical block"));
    both16(at(16) + 128, 12336);
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_true(remarked("2048 is taken"));
}

static void iso_sequences_that_do_not_end(void **state)
{
    (void)state;
    plain_iso(100);
    memset(at(17), 0, SECTOR);
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_true(remarked("have no end"));
    for (uint64_t lba = 16; lba < 900; lba++)
        descriptor(lba, 1, 100, 20, "AGAIN");
    find(1000);
    assert_true(found.count < EXH_VOLUMES_MAX + 1u);
    assert_true(remarked("have no end among 64"));
    for (uint64_t lba = 16; lba < ROOM_SECTORS; lba++) /* each could be a session of its own */
        descriptor(lba, 1, 1, 1000, "MANY");
    find(ROOM_SECTORS);
    assert_int_equal(found.count, EXH_VOLUMES_MAX);
}

static void joliet_and_others(void **state)
{
    (void)state;
    plain_iso(100);
    uint8_t *d = descriptor(17, 2, 104, 20, "");
    memcpy(d + 88, "%/E", 3);
    static const uint8_t label[32] = {0, 'J', 0x04, 0x16, 0, 'l', 0, ' ', 0, ' '};
    memcpy(d + 40, label, sizeof label);
    descriptor(18, 2, 90, 20, "OTHER");
    terminator(19);
    find(104);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.items[1].kind, EXH_VOLUME_JOLIET);
    assert_string_equal(found.items[1].label, "J\xD0\x96l");
    assert_int_equal(found.items[2].kind, EXH_VOLUME_ISO9660_OTHER);
    find(103);
    expect_size(EXH_VOLUMES_TRUNCATED, 1); /* the largest counts */
}

static void high_sierra(void **state)
{
    (void)state;
    uint8_t *d = at(16);
    both32(d, 16);
    d[8] = 1;
    memcpy(d + 9, "CDROM\1", 6);
    memset(d + 16, ' ', 64);
    memcpy(d + 48, "SIERRA", 6);
    both32(d + 88, 60);
    both16(d + 136, SECTOR);
    at(17)[8] = 255;
    memcpy(at(17) + 9, "CDROM\1", 6);
    find(60);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.items[0].kind, EXH_VOLUME_HIGH_SIERRA);
    assert_string_equal(found.items[0].label, "SIERRA");
    find(50);
    expect_size(EXH_VOLUMES_TRUNCATED, 10);
}

static void rock_ridge_in_the_root_record(void **state)
{
    (void)state;
    static const uint8_t sp[] = {'S', 'P', 7, 1, 0xbe, 0xef, 0}, px[] = {'P', 'X', 36, 1}, er[] = {'E', 'R', 18, 1, 10, 0, 0, 1};
    plain_iso(100);
    uint8_t *root = at(20);
    root[0] = 34 + 7 + 36;
    memcpy(root + 34, sp, sizeof sp);
    memcpy(root + 41, px, sizeof px);
    find(100);
    assert_string_equal(fact("rock_ridge"), "yes");
    memmove(root + 34 + 14, root + 34, 7 + 36); /* behind XA attributes */
    memset(root + 34, 0, 14);
    memcpy(root + 34 + 6, "XA", 2);
    root[0] = 34 + 14 + 7 + 36;
    find(100);
    assert_string_equal(fact("rock_ridge"), "yes");
    memset(root, 0, SECTOR);
    root[0] = 34 + 7 + 28;
    memcpy(root + 34, sp, sizeof sp);
    memcpy(root + 41, "CE\x1c\1", 4); /* goes on at sector 21, byte 100 */
    both32(root + 45, 21);
    both32(root + 53, 100);
    both32(root + 61, 18);
    memcpy(at(21) + 100, er, sizeof er);
    memcpy(at(21) + 108, "RRIP_1991A", 10);
    find(100);
    assert_string_equal(fact("rock_ridge"), "yes");
    both32(root + 53, 0xffffffff); /* and nowhere */
    find(100);
    assert_string_equal(fact("rock_ridge"), "no (other system use entries are there)");
    root[43] = 1; /* an entry shorter than its own head */
    find(100);
    assert_string_equal(fact("rock_ridge"), "no (other system use entries are there)");
}

static void el_torito_is_checked(void **state)
{
    (void)state;
    plain_iso(100);
    uint8_t *d = at(17);
    memset(d, 0, SECTOR);
    memcpy(d + 1, "CD001\1EL TORITO SPECIFICATION", 30);
    exh_put_le32(d + 71, 30);
    terminator(18);
    uint8_t *c = at(30);
    c[0] = 1;
    c[30] = 0x55, c[31] = 0xaa;
    exh_put_le16(c + 28, (uint16_t)(0x10000u - 0xaa55u - 1u));
    c[32] = 0x88;
    exh_put_le16(c + 38, 4);
    exh_put_le32(c + 40, 31);
    find(100);
    assert_int_equal(in.remark_count, 0);
    assert_string_equal(fact("el_torito"), "catalog at LBA 30, platform 0, bootable, no emulation, image at LBA 31, 4 blocks of 512 loaded");
    exh_put_le32(c + 40, 100); /* behind the end */
    find(100);
    assert_true(remarked("boot image at LBA 100 is not there"));
    c[4] ^= 1;
    find(100);
    assert_true(remarked("fails its check"));
    exh_put_le32(d + 71, 0xffffffff);
    find(100);
    assert_true(remarked("boot catalog at LBA 4294967295 is not there"));
}

static void texts_of_tools(void **state)
{
    (void)state;
    plain_iso(100);
    static const char sums[] = "ISO MD5SUM = 00112233445566778899aabbccddeeff;SKIPSECTORS = 15;";
    memset(at(16) + 883, ' ', 512);
    memcpy(at(16) + 883, sums, strlen(sums));
    static const char tag1[] = "libisofs_sb_checksum_tag_v1 pos=18 range_start=0 range_size=18 next=40 md5=0 self=0\n";
    static const char tag2[] = "libisofs_checksum_tag_v1 pos=40 range_start=0 range_size=40 next=18 md5=0 self=0\n"; /* back: not followed */
    memcpy(at(18), tag1, strlen(tag1));
    memcpy(at(40), tag2, strlen(tag2));
    memcpy(at(100), "*dvdisaster*RS03", 16);
    exh_put_le64(at(100) + 68, 100);
    find(130);
    assert_string_equal(fact("isomd5sum"), sums);
    assert_string_equal(fact("libisofs_tags"), "2, at LBA 18, 40");
    assert_string_equal(fact("dvdisaster"), "RS03 at LBA 100, for 100 sectors");
    expect_size(EXH_VOLUMES_APPENDED, 30);
    assert_true(remarked("dvdisaster's"));
}

static void sessions_in_one_image(void **state)
{
    (void)state;
    descriptor(16, 1, 130, 116, "NEWEST");
    terminator(17);
    descriptor(48, 1, 41, 52, "FIRST");
    terminator(49);
    descriptor(112, 1, 34, 116, "NEWEST");
    terminator(113);
    find(130);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.items[1].least, 73);
    assert_int_equal(found.items[2].least, 130);
    assert_string_equal(fact("session"), "1 at LBA 32: 41 sectors");
    find(129);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
    exh_put_le32(at(48) + 158, 20); /* an image that is a file in the image */
    find(130);
    assert_null(fact("session"));
}

/* A track of a second session: writers count from the session or from the disc. */
static void a_later_track(void **state)
{
    (void)state;
    descriptor(16, 1, 100, 11420, "LATER");
    terminator(17);
    uint8_t *root = at(20);
    root[0] = 34 + 7 + 4;
    memcpy(root + 34, "SP\x07\x01\xbe\xef\0RR\4\1", 11);
    find_from(100 * SECTOR, 11400);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.items[0].lba, 11416);
    assert_string_equal(fact("rock_ridge"), "yes"); /* addresses are the disc's */
    both32(at(16) + 80, 11500);
    find_from(100 * SECTOR, 11400);
    expect_size(EXH_VOLUMES_EXACT, 0);
    find_from(99 * SECTOR, 11400);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
}

/* ---- UDF ---- */

static void tag(uint8_t *sector, uint16_t id, uint32_t lba)
{
    uint16_t crc = 0;
    for (size_t i = 16; i < 512; i++) { /* by nibbles, otherwise than the reader does it */
        static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
                                           0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
        crc = (uint16_t)(crc << 4 ^ table[crc >> 12 ^ sector[i] >> 4]);
        crc = (uint16_t)(crc << 4 ^ table[crc >> 12 ^ (sector[i] & 15)]);
    }
    memset(sector, 0, 16);
    exh_put_le16(sector, id);
    exh_put_le16(sector + 2, 2);
    exh_put_le16(sector + 8, crc);
    exh_put_le16(sector + 10, 496);
    exh_put_le32(sector + 12, lba);
    for (size_t i = 0; i < 16; i++)
        sector[4] = (uint8_t)(sector[4] + (i == 4 ? 0 : sector[i]));
}

static void recognition(uint64_t lba)
{
    memcpy(at(lba) + 1, "BEA01\1", 6);
    memcpy(at(lba + 1) + 1, "NSR02\1", 6);
    memcpy(at(lba + 2) + 1, "TEA01\1", 6);
}

static void anchor(uint32_t lba, uint32_t main, uint32_t reserve)
{
    uint8_t *d = at(lba);
    exh_put_le32(d + 16, 16 * SECTOR);
    exh_put_le32(d + 20, main);
    exh_put_le32(d + 24, 16 * SECTOR);
    exh_put_le32(d + 28, reserve);
    tag(d, 2, lba);
}

static void sequence(uint32_t lba, uint32_t partition, uint32_t length, const char *map)
{
    exh_put_le32(at(lba) + 188, partition);
    exh_put_le32(at(lba) + 192, length);
    tag(at(lba), 5, lba);
    uint8_t *d = at(lba + 1);
    d[84] = 8;
    memcpy(d + 85, "UDF NAME", 8);
    d[84 + 127] = 9;
    exh_put_le32(d + 212, SECTOR);
    exh_put_le16(d + 240, 0x0102);
    d[440] = 1, d[441] = 6;
    if (map != NULL) {
        d[446] = 2, d[447] = 64;
        memcpy(d + 451, map, strlen(map));
    }
    exh_put_le32(d + 264, map != NULL ? 70 : 6);
    tag(d, 6, lba + 1);
    memset(at(lba + 2), 0, SECTOR);
    tag(at(lba + 2), 8, lba + 2);
}

static void plain_udf(void)
{
    recognition(16);
    anchor(256, 32, 48);
    sequence(32, 257, 343, NULL); /* to 600 */
    sequence(48, 257, 343, NULL);
    anchor(600, 32, 48);
    at(599)[0] = 1;
}

static void udf_partition_and_anchors(void **state)
{
    (void)state;
    plain_udf();
    find(601);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].kind, EXH_VOLUME_UDF);
    assert_int_equal(found.items[0].least, 600);
    assert_int_equal(found.items[0].most, 601);
    assert_string_equal(found.items[0].label, "UDF NAME");
    assert_string_equal(fact("udf_revision"), "1.02");
    assert_int_equal(in.remark_count, 0);
    find(601 + 15); /* padded: the last anchor is not the last sector any more */
    expect_size(EXH_VOLUMES_PADDED, 15);
    assert_int_equal(in.remark_count, 1);
    find(600);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_true(remarked("only anchor"));
    find(599);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
    find(300);
    expect_size(EXH_VOLUMES_TRUNCATED, 300);
    find(200);
    expect_size(EXH_VOLUMES_TRUNCATED, 57); /* as far as can be known: its anchor lies at 256 */
}

static void udf_tags_must_hold(void **state)
{
    (void)state;
    plain_udf();
    at(32)[193] ^= 1; /* the main sequence's partition: the reserve one is taken */
    find(601);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.items[0].least, 600);
    at(48)[4] ^= 1; /* its checksum in the reserve */
    find(601);
    assert_true(remarked("no descriptor sequence holds a partition"));
    at(256)[12] ^= 1; /* another place: the last anchor is taken */
    find(601);
    assert_int_equal(found.items[0].lba, 600);
    at(600)[16] ^= 1;
    find(601);
    assert_int_equal(found.count, 0);
    assert_true(remarked("no anchor holds"));
}

static void udf_loops_end(void **state)
{
    (void)state;
    plain_udf();
    for (uint32_t lba = 32; lba < 64; lba++) { /* pointers to themselves, with the largest lengths */
        memset(at(lba), 0, SECTOR);
        exh_put_le32(at(lba) + 20, 0xffffffff);
        exh_put_le32(at(lba) + 24, 32);
        tag(at(lba), 3, lba);
    }
    find(601);
    assert_int_equal(found.count, 1);
    assert_true(remarked("no descriptor sequence holds"));
    memset(at(256), 0, SECTOR);
    exh_put_le32(at(256) + 16, 0xffffffff);
    exh_put_le32(at(256) + 20, 0xffffffff);
    tag(at(256), 2, 256);
    find(601);
    expect_size(EXH_VOLUMES_TRUNCATED, 0xffffffffull + (1u << 21) - 601);
    plain_udf();
    exh_put_le32(at(32) + 188, 0xffffffff);
    exh_put_le32(at(32) + 192, 0xffffffff);
    tag(at(32), 5, 32);
    find(601);
    expect_size(EXH_VOLUMES_TRUNCATED, 2 * 0xffffffffull - 601);
}

static void vat(uint32_t lba, uint32_t partition, uint8_t type)
{
    memset(at(lba), 0, SECTOR);
    at(lba)[27] = type;
    tag(at(lba), 261, lba - partition);
}

static void udf_of_a_disc_written_in_order(void **state)
{
    (void)state;
    recognition(16);
    anchor(256, 32, 48);
    sequence(32, 257, 700, "*UDF Virtual Partition"); /* the room there was, to 957 */
    sequence(48, 257, 700, "*UDF Virtual Partition");
    vat(500, 257, 248);
    find(501);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.items[0].least, 501);
    assert_int_equal(found.items[0].most, 957);
    assert_string_equal(fact("udf_vat"), "at LBA 500");
    assert_int_equal(in.remark_count, 0);
    find(500); /* the block that finds everything is gone */
    assert_int_equal(remarks("volume", EXH_FAILS), 1);
    find(520); /* run-out behind it */
    expect_size(EXH_VOLUMES_EXACT, 0);
    find(960);
    expect_size(EXH_VOLUMES_PADDED, 3);
    vat(500, 257, 4); /* an ordinary directory */
    find(501);
    assert_int_equal(remarks("volume", EXH_FAILS), 1);
}

static void udf_beside_iso(void **state)
{
    (void)state;
    descriptor(16, 1, 620, 20, "BRIDGE");
    terminator(17);
    recognition(18);
    anchor(256, 32, 48);
    sequence(32, 257, 343, NULL);
    sequence(48, 257, 343, NULL);
    anchor(619, 32, 48);
    find(620);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.count, 2);
    assert_int_equal(in.remark_count, 0);
    find(619);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
}

/* ---- Apple ---- */

static void driver_descriptor(uint16_t block)
{
    memcpy(image, "ER", 2);
    image[2] = (uint8_t)(block >> 8), image[3] = (uint8_t)block;
}

static void map_entry(uint32_t unit, uint32_t i, uint32_t count, uint32_t start, uint32_t length, const char *type)
{
    uint8_t *d = image + (size_t)unit * (i + 1);
    memcpy(d, "PM", 2);
    exh_put_be32(d + 4, count);
    exh_put_be32(d + 8, start);
    exh_put_be32(d + 12, length);
    memcpy(d + 48, type, strlen(type));
}

static void hfs(uint8_t *d, uint16_t blocks, uint32_t bytes, uint16_t start)
{
    memcpy(d, "BD", 2);
    d[18] = (uint8_t)(blocks >> 8), d[19] = (uint8_t)blocks;
    exh_put_be32(d + 20, bytes);
    d[28] = (uint8_t)(start >> 8), d[29] = (uint8_t)start;
    d[36] = 3;
    memcpy(d + 37, "Mac", 3);
}

static void apple_map_and_hfs(void **state)
{
    (void)state;
    driver_descriptor(512);
    map_entry(512, 0, 3, 1, 63, "Apple_partition_map");
    map_entry(512, 1, 3, 64, 336, "Apple_HFS"); /* to block 400: sector 100 */
    map_entry(512, 2, 3, 400, 9999, "Apple_Free");
    hfs(image + 64 * 512 + 1024, 100, 1024, 16); /* to 64 + 16 + 200 = 280, spare ones to 282 */
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.items[0].kind, EXH_VOLUME_APPLE_MAP);
    assert_int_equal(found.items[0].least, 100);
    assert_int_equal(found.items[1].kind, EXH_VOLUME_HFS);
    assert_int_equal(found.items[1].least, 70);
    assert_int_equal(found.items[1].most, 71);
    assert_string_equal(found.items[1].label, "Mac");
    find(99);
    expect_size(EXH_VOLUMES_TRUNCATED, 1);
}

/* Hybrid discs are known whose "ER" names 2048 while the map counts 512: no reason to call them cut. */
static void apple_map_of_another_block_size(void **state)
{
    (void)state;
    driver_descriptor(2048);
    map_entry(512, 0, 1, 1, 399, "Apple_partition_map");
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.items[0].least, 100);
    assert_int_equal(found.items[0].most, 400);
    assert_int_equal(remarks("volume", EXH_WARNS), 1);
    memset(image, 0, sizeof image);
    driver_descriptor(2048);
    map_entry(2048, 0, 1, 1, 99, "Apple_partition_map");
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(in.remark_count, 0);
}

static void hfs_alone_and_hfs_plus(void **state)
{
    (void)state;
    hfs(image + 1024, 0xffff, 0xfffffe00, 3);
    find(100);
    assert_int_equal(found.items[0].kind, EXH_VOLUME_HFS);
    assert_int_equal(found.verdict, EXH_VOLUMES_TRUNCATED);
    memset(image, 0, sizeof image);
    uint8_t *d = image + 1024;
    memcpy(d, "H+\0\4", 4);
    exh_put_be32(d + 40, 4096);
    exh_put_be32(d + 44, 50);
    find(100);
    expect_size(EXH_VOLUMES_EXACT, 0);
    assert_int_equal(found.items[0].kind, EXH_VOLUME_HFS_PLUS);
    exh_put_be32(d + 40, 0x80000000u);
    exh_put_be32(d + 44, 0xffffffffu);
    find(100);
    assert_int_equal(found.verdict, EXH_VOLUMES_TRUNCATED);
    exh_put_be32(d + 40, 1000); /* no power of two: two letters of chance */
    find(100);
    assert_int_equal(found.count, 0);
    assert_true(remarked("begin like HFS (H+)"));
}

/* ---- sources ---- */

static void nothing_and_tiny(void **state)
{
    (void)state;
    find(ROOM_SECTORS);
    assert_int_equal(found.count, 0);
    assert_int_equal(found.verdict, EXH_VOLUMES_NONE);
    assert_int_equal(in.remark_count, 0);
    for (uint64_t bytes = 0; bytes < 40 * SECTOR; bytes += bytes / SECTOR == 16 ? 1 : 777) {
        plain_iso(100);
        find_from(bytes, 0);
        assert_int_equal(found.verdict, bytes >= 16 * SECTOR + 6 ? EXH_VOLUMES_TRUNCATED : EXH_VOLUMES_NONE);
    }
}

/* Fails to read from `bad_from` to `bad_to`. */
struct failing {
    struct exh_source source;
    uint64_t bad_from, bad_to;
    enum exh_code code;
};

static size_t failing_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *e)
{
    const struct failing *f = (const struct failing *)source;
    if (offset < f->bad_to && offset + length > f->bad_from) {
        (void)exh_fail(e, f->code, offset, "cannot read");
        return 0;
    }
    memcpy(buffer, image + offset, length);
    return length;
}

static const struct exh_source_ops failing_ops = {.read = failing_read};

static void sectors_that_cannot_be_read(void **state)
{
    (void)state;
    plain_iso(100);
    struct failing f = {{&failing_ops, 150 * SECTOR, "x.iso"}, 17 * SECTOR, 18 * SECTOR, EXH_IO};
    find_in(&f.source, 0);
    expect_size(EXH_VOLUMES_PADDED, 50);
    assert_false(found.behind_seen_partly);
    assert_true(remarked("have no end"));
    f.bad_from = 120 * SECTOR, f.bad_to = 121 * SECTOR;
    find_in(&f.source, 0);
    expect_size(EXH_VOLUMES_PADDED, 50);
    assert_true(found.behind_seen_partly);
    assert_true(remarked("zeros as far as they were looked at"));
    f.code = EXH_GONE;
    exh_inspection_close(&in);
    struct exh_volumes_of of = {.source = &f.source};
    assert_false(exh_volumes_find(&of, &found, &in, &err));
    assert_int_equal(err.code, EXH_GONE);
}

/* A sparse file: only what is stored is read, and no more of it than is said. */
static void zeros_behind_are_bounded(void **state)
{
    (void)state;
    plain_iso(100);
    char name[] = "/tmp/exhibit-test-volumes-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, image, 100 * SECTOR, 0), 100 * SECTOR);
    assert_int_equal(ftruncate(fd, 1LL << 40), 0);
    struct exh_source_file_options options = {.folder = -100 /* AT_FDCWD */};
    struct exh_source *source = exh_source_file_open(name, &options, &err);
    assert_non_null(source);
    find_in(source, 0);
    expect_size(EXH_VOLUMES_PADDED, (1ull << 40) / SECTOR - 100);
    assert_false(found.behind_seen_partly);
    assert_int_equal(pwrite(fd, "x", 1, (1LL << 40) - 1), 1);
    find_in(source, 0);
    expect_size(EXH_VOLUMES_APPENDED, (1ull << 40) / SECTOR - 100);
    assert_int_equal(found.behind_lba, (1ull << 40) / SECTOR - 1);
    exh_source_close(source);
    (void)close(fd);
    (void)unlink(name);
}

/* Every byte of the descriptors turned over: whatever comes of it, it comes. */
static void flipped_bytes(void **state)
{
    (void)state;
    static const uint32_t where[] = {0, 16, 17, 32, 33, 34, 256, 600};
    for (size_t w = 0; w < sizeof where / sizeof where[0]; w++)
        for (uint32_t i = 0; i < 520; i++) {
            memset(image, 0, 20 * SECTOR);
            plain_udf();
            driver_descriptor(512);
            map_entry(512, 0, 1, 1, 2400, "Apple_HFS");
            at(where[w])[i] ^= 0xff;
            find(601);
            assert_true(found.count <= 4);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, clean, done)
        T(iso_says_its_size),
        T(iso_cut_and_longer),
        T(iso_sizes_that_differ),
        T(iso_block_sizes),
        T(iso_sequences_that_do_not_end),
        T(joliet_and_others),
        T(high_sierra),
        T(rock_ridge_in_the_root_record),
        T(el_torito_is_checked),
        T(texts_of_tools),
        T(sessions_in_one_image),
        T(a_later_track),
        T(udf_partition_and_anchors),
        T(udf_tags_must_hold),
        T(udf_loops_end),
        T(udf_of_a_disc_written_in_order),
        T(udf_beside_iso),
        T(apple_map_and_hfs),
        T(apple_map_of_another_block_size),
        T(hfs_alone_and_hfs_plus),
        T(nothing_and_tiny),
        T(sectors_that_cannot_be_read),
        T(zeros_behind_are_bounded),
        T(flipped_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
