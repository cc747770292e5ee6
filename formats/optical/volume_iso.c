/* volume_iso.c - ISO 9660, Joliet and High Sierra volumes, and what hangs on their descriptors. See volumes.h.
 *
 * ECMA-119 clauses 8.1 to 8.5 (descriptors from sector 16 of a session on), Joliet specification, SUSP 1.12 and RRIP (IEEE P1282), El Torito 1.0.
 * An image can hold several sessions without the disc's gaps, as libisofs writes it: the newest descriptors stand at LBA 16, the sessions follow
 * from LBA 32 on, each at a multiple of 32; addresses are those of the image, sizes count from the session's start. */
#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/optical/volume_search.h"

#define DESCRIPTORS_MAX 64u
#define SESSIONS_MAX 99u
#define SESSION_ALIGN 32u
#define TAGS_MAX 8u
#define ISOMD5_OFFSET 883u /* the field for application use, where isomd5sum puts its text */

enum { TYPE_BOOT = 0, TYPE_PRIMARY = 1, TYPE_SUPPLEMENTARY = 2, TYPE_END = 255 };

struct session {
    struct exh_volume_search *search;
    uint64_t start;   /* index of its first sector */
    uint64_t sectors; /* of its primary volume */
    bool primary;
};

/* ---- sizes ---- */

struct both { /* a number stored twice, least significant byte first and last */
    uint32_t le, be;
};

static uint64_t smaller(const struct both *n) { return n->le == 0 || (n->be != 0 && n->be < n->le) ? n->be : n->le; }
static uint64_t larger(const struct both *n) { return n->le > n->be ? n->le : n->be; }

static void check_both(struct exh_volume_search *s, uint64_t at, const char *what, const struct both *n)
{
    if (n->le != n->be)
        exh_volume_remark(s, "volume", EXH_WARNS, at, "the %s is %u least significant byte first and %u most significant byte first", what, n->le,
                          n->be);
}

/* Blocks are 2048 bytes on every disc; 512 and 1024 are legal. Other numbers are a damaged field. */
static uint64_t block_bytes(struct exh_volume_search *s, uint64_t at, const struct both *n)
{
    check_both(s, at, "size of a logical block", n);
    uint32_t bytes = n->le == 512 || n->le == 1024 || n->le == 2048 ? n->le : n->be;
    if (bytes == 512 || bytes == 1024 || bytes == 2048)
        return bytes;
    exh_volume_remark(s, "volume", EXH_WARNS, at, "logical blocks of %u bytes: 2048 is taken", n->le);
    return EXH_VOLUME_SECTOR_BYTES;
}

/* Adds the volume. A later session on a disc counts from its own start or, as some writers have it, from the disc's. */
static void add_volume(struct session *session, enum exh_volume_kind kind, uint64_t index, const struct both *space, uint64_t block,
                       const char *label)
{
    struct exh_volume_search *s = session->search;
    uint64_t least = exh_volume_sectors(smaller(space) * block), most = exh_volume_sectors(larger(space) * block);
    if (kind == EXH_VOLUME_ISO9660 && !session->primary) {
        session->primary = true;
        session->sectors = least;
    }
    uint64_t first = s->of->first_lba > 0 ? (uint64_t)s->of->first_lba : 0;
    if (session->start == 0 && first > 0 && least > first)
        least -= first;
    exh_volume_add(s, kind, index, session->start + least, session->start + most, label);
}

/* ---- System Use Sharing Protocol: is there Rock Ridge? ---- */

struct susp {
    bool rock_ridge;
    uint32_t continued, at, length; /* CE: block, offset, length */
};

static void walk_system_use(const uint8_t *area, size_t length, struct susp *out)
{
    for (size_t at = 0; at + 4 <= length && area[at + 2] >= 4 && area[at + 2] <= length - at; at += area[at + 2]) {
        const uint8_t *entry = area + at;
        if (memcmp(entry, "RR", 2) == 0 || memcmp(entry, "PX", 2) == 0)
            out->rock_ridge = true;
        if (memcmp(entry, "ER", 2) == 0 && entry[2] > 8 + 4 && (memcmp(entry + 8, "RRIP", 4) == 0 || memcmp(entry + 8, "IEEE", 4) == 0))
            out->rock_ridge = true;
        if (memcmp(entry, "CE", 2) == 0 && entry[2] >= 28) {
            out->continued = exh_le32(entry + 4);
            out->at = exh_le32(entry + 12);
            out->length = exh_le32(entry + 20);
        }
    }
}

/* The root directory's own record begins with SP, seven bytes, when the protocol is in use (SUSP 5.3). */
static void look_for_rock_ridge(struct exh_volume_search *s, uint32_t root)
{
    uint8_t sector[EXH_VOLUME_SECTOR_BYTES];
    struct susp susp = {0};
    uint64_t index = exh_volume_index(s, root);
    if (!exh_volume_sector(s, index, sector) || sector[0] < 34 + 7)
        return;
    size_t skip = sector[0] >= 34 + 14 + 7 && memcmp(sector + 34 + 6, "XA", 2) == 0 ? 14 : 0; /* behind the XA attributes */
    const uint8_t *area = sector + 34 + skip;
    if (memcmp(area, "SP\x07\x01\xbe\xef", 6) != 0)
        return;
    walk_system_use(area, sector[0] - 34 - skip, &susp);
    uint8_t more[EXH_VOLUME_SECTOR_BYTES];
    if (!susp.rock_ridge && susp.length != 0 && susp.at < sizeof more && exh_volume_sector(s, exh_volume_index(s, susp.continued), more))
        walk_system_use(more + susp.at, susp.length < sizeof more - susp.at ? susp.length : sizeof more - susp.at, &susp);
    exh_volume_fact(s, index * EXH_VOLUME_SECTOR_BYTES, "rock_ridge", "%s", susp.rock_ridge ? "yes" : "no (other system use entries are there)");
}

/* ---- texts that tools leave in the primary descriptor ---- */

/* isomd5sum: an MD5 over the volume but for its last SKIPSECTORS sectors, with this field taken as blanks. A digest of no whole scope, so a fact. */
static void tell_isomd5sum(struct exh_volume_search *s, uint64_t index, const uint8_t *sector)
{
    char *text = memcmp(sector + ISOMD5_OFFSET, "ISO MD5SUM = ", 13) == 0 ? exh_volume_text(s, sector + ISOMD5_OFFSET, 512) : NULL;
    if (text != NULL)
        exh_volume_fact(s, index * EXH_VOLUME_SECTOR_BYTES + ISOMD5_OFFSET, "isomd5sum", "%s", text);
    free(text);
}

/* The number behind " key=" in a line of text. */
static bool tag_number(const char *line, const char *key, uint64_t *out)
{
    const char *at = strstr(line, key);
    *out = 0;
    if (at == NULL)
        return false;
    size_t digits = 0;
    for (at += strlen(key); *at >= '0' && *at <= '9' && digits < 10; at++, digits++)
        *out = *out * 10 + (uint64_t)(*at - '0');
    return digits > 0;
}

/* libisofs: lines of text with an MD5 over what lies before them, behind the descriptors, behind the tree and at the session's end, each naming the
 * place of the next. */
static void tell_libisofs(struct exh_volume_search *s, uint64_t index)
{
    char places[128] = "";
    unsigned count = 0;
    uint64_t first = index;
    for (uint64_t next = 0; count < TAGS_MAX; index = next) {
        uint8_t sector[EXH_VOLUME_SECTOR_BYTES + 1];
        uint64_t pos;
        if (!exh_volume_sector(s, index, sector) || memcmp(sector, "libisofs_", 9) != 0)
            break;
        sector[EXH_VOLUME_SECTOR_BYTES] = '\0';
        size_t used = strlen(places);
        bool placed = tag_number((const char *)sector, " pos=", &pos);
        if (placed)
            (void)snprintf(places + used, sizeof places - used, "%s%llu", used > 0 ? ", " : "", (unsigned long long)pos);
        count++;
        if (!tag_number((const char *)sector, " next=", &next) || (next = exh_volume_index(s, next)) <= index)
            break;
    }
    if (count > 0)
        exh_volume_fact(s, first * EXH_VOLUME_SECTOR_BYTES, "libisofs_tags", "%u, at LBA %s", count, places);
}

/* ---- El Torito ---- */

static const char *emulation_name(uint8_t media)
{
    static const char *const names[] = {"no emulation", "1.2 MB floppy", "1.44 MB floppy", "2.88 MB floppy", "hard disk"};
    return (media & 15) < 5 ? names[media & 15] : "unknown emulation";
}

/* The size that the default entry gives is usually that of the first loader, not of the image: not used. */
static void tell_el_torito(struct exh_volume_search *s, uint64_t index, const uint8_t *descriptor)
{
    uint8_t sector[EXH_VOLUME_SECTOR_BYTES];
    uint32_t lba = exh_le32(descriptor + 71);
    uint64_t catalog = exh_volume_index(s, lba), at = index * EXH_VOLUME_SECTOR_BYTES + 71;
    if (!exh_volume_sector(s, catalog, sector)) {
        exh_volume_remark(s, "volume", EXH_WARNS, at, "the El Torito boot catalog at LBA %u is not there", lba);
        return;
    }
    uint16_t sum = 0;
    for (size_t i = 0; i < 32; i += 2)
        sum = (uint16_t)(sum + exh_le16(sector + i));
    bool holds = sector[0] == 1 && sector[30] == 0x55 && sector[31] == 0xaa && sum == 0;
    if (!holds)
        exh_volume_remark(s, "volume", EXH_WARNS, catalog * EXH_VOLUME_SECTOR_BYTES, "the El Torito boot catalog at LBA %u fails its check", lba);
    const uint8_t *entry = sector + 32;
    uint32_t image = exh_le32(entry + 8);
    exh_volume_fact(s, at, "el_torito", "catalog at LBA %u%s, platform %u, %s, %s, image at LBA %u, %u blocks of 512 loaded", lba,
                    holds ? "" : " (fails its check)", sector[1], entry[0] == 0x88 ? "bootable" : "not bootable", emulation_name(entry[1]), image,
                    exh_le16(entry + 6));
    uint8_t first[EXH_VOLUME_SECTOR_BYTES];
    if (holds && entry[0] == 0x88 && !exh_volume_sector(s, exh_volume_index(s, image), first))
        exh_volume_remark(s, "volume", EXH_WARNS, catalog * EXH_VOLUME_SECTOR_BYTES + 40, "the El Torito boot image at LBA %u is not there", image);
}

/* ---- descriptors ---- */

static bool is_joliet(const uint8_t *escape) { return escape[0] == '%' && escape[1] == '/' && memchr("@CE", escape[2], 3) != NULL; }

static void take_volume(struct session *session, uint64_t index, const uint8_t *d)
{
    struct exh_volume_search *s = session->search;
    uint64_t at = index * EXH_VOLUME_SECTOR_BYTES;
    struct both space = {exh_le32(d + 80), exh_be32(d + 84)}, block = {exh_le16(d + 128), exh_be16(d + 130)};
    bool joliet = d[0] == TYPE_SUPPLEMENTARY && is_joliet(d + 88), first = !session->primary;
    char *label = joliet ? exh_volume_text_utf16be(s, d + 40, 32) : exh_volume_text(s, d + 40, 32);
    check_both(s, at + 80, "size of the volume", &space);
    add_volume(session,
               d[0] == TYPE_PRIMARY ? EXH_VOLUME_ISO9660
               : joliet             ? EXH_VOLUME_JOLIET
                                    : EXH_VOLUME_ISO9660_OTHER,
               index, &space, block_bytes(s, at + 128, &block), label);
    free(label);
    if (d[0] != TYPE_PRIMARY || !first)
        return;
    look_for_rock_ridge(s, exh_le32(d + 158));
    if (memcmp(d + 1024, "CD-XA001", 8) == 0)
        exh_volume_fact(s, at + 1024, "xa", "yes");
    tell_isomd5sum(s, index, d);
}

/* High Sierra: as ISO 9660 eight bytes further on (the block of eight in front is the descriptor's own place). */
static void take_high_sierra(struct session *session, uint64_t index, const uint8_t *d)
{
    struct exh_volume_search *s = session->search;
    uint64_t at = index * EXH_VOLUME_SECTOR_BYTES;
    struct both space = {exh_le32(d + 88), exh_be32(d + 92)}, block = {exh_le16(d + 136), exh_be16(d + 138)};
    if (d[8] != TYPE_PRIMARY)
        return;
    char *label = exh_volume_text(s, d + 48, 32);
    check_both(s, at + 88, "size of the volume", &space);
    add_volume(session, EXH_VOLUME_HIGH_SIERRA, index, &space, block_bytes(s, at + 136, &block), label);
    free(label);
}

/* The descriptors of one session; the sequence ends with one of type 255, at the latest after DESCRIPTORS_MAX. */
static void take_session(struct session *session)
{
    struct exh_volume_search *s = session->search;
    uint64_t index = session->start + 16;
    bool ended = false, any = false;
    for (unsigned n = 0; !ended && n < DESCRIPTORS_MAX; n++, index++) {
        uint8_t d[EXH_VOLUME_SECTOR_BYTES];
        if (!exh_volume_sector(s, index, d))
            break;
        bool iso = memcmp(d + 1, "CD001", 5) == 0, sierra = !iso && memcmp(d + 9, "CDROM", 5) == 0;
        if (!iso && !sierra)
            break;
        any = true;
        ended = (iso ? d[0] : d[8]) == TYPE_END;
        if (ended)
            continue;
        if (sierra)
            take_high_sierra(session, index, d);
        else if (d[0] == TYPE_BOOT && memcmp(d + 7, "EL TORITO SPECIFICATION", 23) == 0)
            tell_el_torito(s, index, d);
        else if (d[0] == TYPE_PRIMARY || d[0] == TYPE_SUPPLEMENTARY)
            take_volume(session, index, d);
    }
    if (any && !ended)
        exh_volume_remark(s, "volume", EXH_WARNS, index * EXH_VOLUME_SECTOR_BYTES, "the volume descriptors from LBA %lld on have no end among %u",
                          exh_volume_lba(s, session->start + 16), (unsigned)(index - session->start - 16));
    if (ended)
        tell_libisofs(s, index);
}

/* Does a session begin here, and not just a file that is an image itself? Its root directory is addressed from the whole image's start. */
static bool begins_session(struct exh_volume_search *s, uint64_t start)
{
    uint8_t d[EXH_VOLUME_SECTOR_BYTES];
    return exh_volume_sector(s, start + 16, d) && d[0] == TYPE_PRIMARY && memcmp(d + 1, "CD001", 5) == 0 && exh_le32(d + 158) > start + 16;
}

void exh_volume_iso(struct exh_volume_search *s)
{
    struct session whole = {.search = s};
    take_session(&whole);
    if (!whole.primary || s->of->first_lba != 0)
        return;
    uint64_t start = SESSION_ALIGN;
    for (unsigned n = 1; n <= SESSIONS_MAX && begins_session(s, start); n++) {
        struct session session = {.search = s, .start = start};
        take_session(&session);
        exh_volume_fact(s, start * EXH_VOLUME_SECTOR_BYTES, "session", "%u at LBA %llu: %llu sectors", n, (unsigned long long)start,
                        (unsigned long long)session.sectors);
        uint64_t steps = session.sectors / SESSION_ALIGN + (session.sectors % SESSION_ALIGN != 0);
        start += (steps > 0 ? steps : 1) * SESSION_ALIGN;
    }
}
