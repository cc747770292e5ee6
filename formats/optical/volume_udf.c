/* volume_udf.c - UDF volumes. See volumes.h.
 *
 * ECMA-167 part 2 (volume recognition sequence), part 3 clauses 7.2 (tags), 10.1 to 10.7 (descriptors), 8.4.2.1 (anchors at LBA 256, at the last
 * sector and 256 before it); OSTA UDF 2.60, 2.2.8 and 2.2.11 (virtual partition, VAT). A descriptor is believed only when its tag's checksum, its CRC
 * and its own place hold. What tells the size are the partitions and the two descriptor sequences; spare anchors may lie behind those. */
#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/optical/volume_search.h"

#define ANCHOR_LBA 256u
#define ANCHORS_MAX 4u
#define SEQUENCE_MAX 512u   /* sectors of descriptors, all hops together */
#define HOPS_MAX 8u         /* a pointer leads to where the sequence goes on */
#define VAT_SEARCH 512u     /* run-out may lie behind the last block that was recorded */
#define TRAILING_ANCHOR 32u /* an anchor at the end of ECMA-167's media may lie behind alignment */
#define UDF_SECTORS_MAX (1ULL << 33)

enum { TAG_PRIMARY = 1, TAG_ANCHOR = 2, TAG_POINTER = 3, TAG_PARTITION = 5, TAG_LOGICAL = 6, TAG_END = 8, TAG_FILE = 261, TAG_FILE_EXTENDED = 266 };

struct extent {
    uint32_t bytes, lba;
};

struct udf {
    struct exh_volume_search *search;
    struct extent main, reserve;
    uint64_t anchor; /* index of the first that was found */
    uint64_t anchors[ANCHORS_MAX];
    unsigned anchor_count;
    char label[132];
    uint16_t revision;
    uint32_t block_bytes;
    uint64_t partition_start, partition_end; /* of the last to end; indexes */
    bool partition, is_virtual, sequence_ended;
};

/* ---- tags ---- */

static uint16_t crc16(const uint8_t *data, size_t length)
{
    uint16_t crc = 0; /* x^16 + x^12 + x^5 + 1, most significant bit first (ECMA-167 3/7.2.6) */
    for (size_t i = 0; i < length; i++) {
        crc = (uint16_t)(crc ^ data[i] << 8);
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (uint16_t)((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

/* The tag's identifier, or 0 when it does not hold. */
static unsigned tag_of(const uint8_t sector[EXH_VOLUME_SECTOR_BYTES], uint64_t lba)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < 16; i++)
        sum = (uint8_t)(sum + (i != 4 ? sector[i] : 0));
    size_t length = exh_le16(sector + 10);
    if (sum != sector[4] || length > EXH_VOLUME_SECTOR_BYTES - 16 || exh_le32(sector + 12) != lba || exh_all_zero(sector, 16))
        return 0;
    return crc16(sector + 16, length) == exh_le16(sector + 8) ? exh_le16(sector) : 0;
}

static unsigned read_tag(const struct udf *u, uint64_t index, uint8_t sector[EXH_VOLUME_SECTOR_BYTES])
{
    return exh_volume_sector(u->search, index, sector) ? tag_of(sector, (uint64_t)exh_volume_lba(u->search, index)) : 0;
}

/* ---- anchors ---- */

static bool take_anchor(struct udf *u, uint64_t index)
{
    uint8_t sector[EXH_VOLUME_SECTOR_BYTES];
    for (unsigned i = 0; i < u->anchor_count; i++)
        if (u->anchors[i] == index)
            return true;
    if (u->anchor_count == ANCHORS_MAX || read_tag(u, index, sector) != TAG_ANCHOR)
        return false;
    struct extent main = {exh_le32(sector + 16), exh_le32(sector + 20)}, reserve = {exh_le32(sector + 24), exh_le32(sector + 28)};
    if (u->anchor_count == 0) {
        u->main = main;
        u->reserve = reserve;
        u->anchor = index;
    } else if (memcmp(&main, &u->main, sizeof main) != 0 || memcmp(&reserve, &u->reserve, sizeof reserve) != 0) {
        exh_volume_remark(u->search, "volume", EXH_WARNS, index * EXH_VOLUME_SECTOR_BYTES,
                          "the UDF anchor at LBA %lld says something else than the first", exh_volume_lba(u->search, index));
    }
    u->anchors[u->anchor_count++] = index;
    return true;
}

static void find_anchors(struct udf *u)
{
    uint64_t sectors = u->search->of->source->size / EXH_VOLUME_SECTOR_BYTES;
    (void)take_anchor(u, ANCHOR_LBA);
    if (sectors > 0)
        (void)take_anchor(u, sectors - 1);
    if (sectors > ANCHOR_LBA)
        (void)take_anchor(u, sectors - 1 - ANCHOR_LBA);
    (void)take_anchor(u, 2 * ANCHOR_LBA); /* a sequential medium that is not finished yet */
}

/* ---- the volume descriptor sequence ---- */

static void latin_or_utf16(const struct udf *u, const uint8_t *field, size_t size, char *out, size_t room)
{
    uint8_t wide[2 * 128];
    size_t length = field[size - 1] < size ? field[size - 1] : size - 1, n = 0; /* dstring: its length in the last byte (ECMA-167 1/7.2.12) */
    if (length < 2)
        return;
    for (size_t i = 1; field[0] == 8 && i < length && n + 2 <= sizeof wide; i++, n += 2) {
        wide[n] = 0;
        wide[n + 1] = field[i];
    }
    if (field[0] == 16) {
        n = (length - 1) & ~(size_t)1;
        memcpy(wide, field + 1, n);
    }
    char *text = exh_volume_text_utf16be(u->search, wide, n);
    if (text != NULL)
        (void)snprintf(out, room, "%s", text);
    free(text);
}

static void take_partition(struct udf *u, uint64_t index, const uint8_t *d)
{
    uint64_t start = exh_volume_index(u->search, exh_le32(d + 188)), end = start != UINT64_MAX ? start + exh_le32(d + 192) : 0;
    (void)index;
    if (!u->partition || end > u->partition_end) {
        u->partition_start = start;
        u->partition_end = end;
    }
    u->partition = true;
}

static void take_logical(struct udf *u, const uint8_t *d)
{
    latin_or_utf16(u, d + 84, 128, u->label, sizeof u->label);
    u->block_bytes = exh_le32(d + 212);
    u->revision = exh_le16(d + 240);
    size_t length = exh_le32(d + 264) < EXH_VOLUME_SECTOR_BYTES - 440 ? exh_le32(d + 264) : EXH_VOLUME_SECTOR_BYTES - 440;
    for (size_t at = 440; at + 2 <= 440 + length && d[at + 1] >= 2 && at + d[at + 1] <= 440 + length; at += d[at + 1])
        if (d[at] == 2 && d[at + 1] == 64 && memcmp(d + at + 5, "*UDF Virtual Partition", 22) == 0)
            u->is_virtual = true;
}

/* Walks the sequence. Bounded by SEQUENCE_MAX whatever lengths and pointers say, so a ring of pointers ends, too. */
static void take_sequence(struct udf *u, struct extent at)
{
    unsigned left = SEQUENCE_MAX;
    for (unsigned hop = 0; hop < HOPS_MAX && at.bytes >= EXH_VOLUME_SECTOR_BYTES && !u->sequence_ended; hop++) {
        struct extent next = {0};
        uint64_t index = exh_volume_index(u->search, at.lba);
        for (uint64_t n = at.bytes / EXH_VOLUME_SECTOR_BYTES; n > 0 && left > 0 && index != UINT64_MAX && !u->sequence_ended; n--, left--, index++) {
            uint8_t d[EXH_VOLUME_SECTOR_BYTES];
            switch (read_tag(u, index, d)) {
            case TAG_PRIMARY:
                if (u->label[0] == '\0')
                    latin_or_utf16(u, d + 24, 32, u->label, sizeof u->label);
                break;
            case TAG_POINTER: next = (struct extent){exh_le32(d + 20), exh_le32(d + 24)}; break;
            case TAG_PARTITION: take_partition(u, index, d); break;
            case TAG_LOGICAL: take_logical(u, d); break;
            case TAG_END: u->sequence_ended = true; break;
            default: break;
            }
        }
        at = next;
    }
}

/* ---- the VAT ---- */

/* On a disc written from front to back the table that finds everything is the last block recorded: its place tells where the disc ends, while the
 * partition's length is that of the space there was. File type 248, or in UDF 1.50 the name at the table's own end. */
static bool is_vat(const struct udf *u, uint64_t index)
{
    uint8_t d[EXH_VOLUME_SECTOR_BYTES];
    if (index < u->partition_start || !exh_volume_sector(u->search, index, d))
        return false;
    unsigned tag = tag_of(d, index - u->partition_start);
    if (tag != TAG_FILE && tag != TAG_FILE_EXTENDED)
        return false;
    return d[27] == 248 || (d[27] == 0 && memmem(d, sizeof d, "*UDF Virtual Alloc Tbl", 22) != NULL);
}

static bool find_vat(const struct udf *u, uint64_t *index)
{
    uint64_t sectors = u->search->of->source->size / EXH_VOLUME_SECTOR_BYTES;
    for (uint64_t n = 0; n < VAT_SEARCH && n < sectors; n++)
        if (is_vat(u, sectors - 1 - n)) {
            *index = sectors - 1 - n;
            return true;
        }
    return false;
}

/* ---- the whole ---- */

static bool has_recognition_sequence(struct exh_volume_search *s, char name[6])
{
    bool begun = false;
    for (uint64_t index = 16; index < 16 + 64; index++) {
        uint8_t d[EXH_VOLUME_SECTOR_BYTES];
        if (!exh_volume_sector(s, index, d))
            return false;
        begun = begun || memcmp(d + 1, "BEA01", 5) == 0;
        if (begun && (memcmp(d + 1, "NSR02", 5) == 0 || memcmp(d + 1, "NSR03", 5) == 0)) {
            memcpy(name, d + 1, 5);
            name[5] = '\0';
            return true;
        }
        if (memcmp(d + 1, "TEA01", 5) == 0 || exh_all_zero(d, 8))
            return false;
    }
    return false;
}

static uint64_t end_of(const struct udf *u, const struct extent *e)
{
    uint64_t index = e->bytes != 0 ? exh_volume_index(u->search, e->lba) : UINT64_MAX;
    return index != UINT64_MAX ? index + exh_volume_sectors(e->bytes) : 0;
}

static uint64_t max_of(uint64_t a, uint64_t b) { return a > b ? a : b; }

/* Anchors behind everything else belong to the volume; of a medium that is not sequential there are two (ECMA-167 3/8.4.2.1). */
static uint64_t last_anchor(struct udf *u, uint64_t least)
{
    uint64_t end = 0;
    for (uint64_t index = least; index < least + TRAILING_ANCHOR && u->anchor_count < ANCHORS_MAX; index++)
        if (take_anchor(u, index))
            break;
    for (unsigned i = 0; i < u->anchor_count; i++)
        end = max_of(end, u->anchors[i] + 1);
    if (u->anchor_count == 1 && !u->is_virtual)
        exh_volume_remark(u->search, "volume", EXH_WARNS, u->anchor * EXH_VOLUME_SECTOR_BYTES,
                          "UDF: the only anchor is at LBA %lld, and a whole medium has a second one: its end may be missing",
                          exh_volume_lba(u->search, u->anchor));
    return end;
}

static void add_virtual(struct udf *u, uint64_t least)
{
    uint64_t vat, most = max_of(least, u->partition_end);
    if (find_vat(u, &vat)) {
        exh_volume_fact(u->search, vat * EXH_VOLUME_SECTOR_BYTES, "udf_vat", "at LBA %lld", exh_volume_lba(u->search, vat));
        exh_volume_add(u->search, EXH_VOLUME_UDF, u->anchor, max_of(least, vat + 1), most, u->label);
        return;
    }
    bool whole = u->search->found->sectors >= most;
    exh_volume_remark(u->search, "volume", whole ? EXH_WARNS : EXH_FAILS, u->search->of->source->size,
                      "UDF: the last %u sectors hold no virtual allocation table, without which nothing is found: the end is missing, or the "
                      "session was never closed",
                      VAT_SEARCH);
    exh_volume_add(u->search, EXH_VOLUME_UDF, u->anchor, least, most, u->label);
}

static void add_udf(struct udf *u)
{
    struct exh_volume_search *s = u->search;
    uint64_t least = max_of(ANCHOR_LBA + 1, max_of(end_of(u, &u->main), end_of(u, &u->reserve)));
    if (u->anchor != ANCHOR_LBA && u->anchor_count > 0)
        least = max_of(end_of(u, &u->main), end_of(u, &u->reserve));
    if (!u->partition || !u->sequence_ended)
        exh_volume_remark(s, "volume", EXH_WARNS, u->anchor * EXH_VOLUME_SECTOR_BYTES, "UDF: no descriptor sequence holds%s",
                          u->partition ? " to its end" : " a partition");
    if (u->block_bytes != 0 && u->block_bytes != EXH_VOLUME_SECTOR_BYTES)
        exh_volume_remark(s, "volume", EXH_WARNS, u->anchor * EXH_VOLUME_SECTOR_BYTES, "UDF: logical blocks of %u bytes, not 2048", u->block_bytes);
    if (u->revision != 0)
        exh_volume_fact(s, u->anchor * EXH_VOLUME_SECTOR_BYTES, "udf_revision", "%x.%02x%s", u->revision >> 8, u->revision & 255,
                        u->is_virtual ? ", virtual partition" : "");
    if (u->is_virtual && u->partition) {
        add_virtual(u, least);
        return;
    }
    least = max_of(least, u->partition ? u->partition_end : 0);
    exh_volume_add(s, EXH_VOLUME_UDF, u->anchor, least, max_of(least, last_anchor(u, least)), u->label);
}

void exh_volume_udf(struct exh_volume_search *s)
{
    struct udf u = {.search = s};
    char name[6];
    if (!has_recognition_sequence(s, name))
        return;
    exh_volume_fact(s, EXH_NO_OFFSET, "udf_recognition", "%s", name);
    find_anchors(&u);
    if (u.anchor_count > 0) {
        take_sequence(&u, u.main);
        if (!u.partition || !u.sequence_ended) {
            u.sequence_ended = false;
            take_sequence(&u, u.reserve);
        }
        add_udf(&u);
        return;
    }
    /* Its anchor must lie at LBA 256: an image that ends before that is cut, one that goes on may have sectors of another size. */
    if (s->of->source->size / EXH_VOLUME_SECTOR_BYTES <= ANCHOR_LBA)
        exh_volume_add(s, EXH_VOLUME_UDF, 16, ANCHOR_LBA + 1, ANCHOR_LBA + 1, NULL);
    else
        exh_volume_remark(s, "volume", EXH_WARNS, (uint64_t)ANCHOR_LBA * EXH_VOLUME_SECTOR_BYTES,
                          "UDF is announced at LBA 16 (%s), but no anchor holds at the places for 2048-byte sectors", name);
}
