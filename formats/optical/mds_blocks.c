/* mds_blocks.c - the blocks of an Alcohol descriptor. See mds_blocks.h. */
#include "formats/optical/mds_blocks.h"

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/model/text.h"

#define SESSION_BYTES 24u
#define BLOCK_BYTES 80u
#define EXTRA_BYTES 8u
#define FOOTER_BYTES 16u
#define BLOCKS_MAX 119u /* of one session: 99 tracks and 20 other points */
#define NAME_BYTES_MAX 2048u

static bool bad(struct exh_error *err, uint64_t at, const char *what)
{
    return exh_fail(err, EXH_CORRUPT, at, "offset %llu: %s", (unsigned long long)at, what);
}

/* `length` bytes at `offset`, which the field at `field` named; NULL (err) when they are not there. */
static const uint8_t *range(const struct exh_mds *m, uint64_t offset, uint64_t length, uint64_t field, const char *what, struct exh_error *err)
{
    if (exh_inside(offset, length, m->length))
        return m->bytes + offset;
    (void)exh_fail(err, EXH_CORRUPT, field, "offset %llu: %s would lie at offset %llu, and the descriptor has %zu bytes", (unsigned long long)field,
                   what, (unsigned long long)offset, m->length);
    return NULL;
}

/* ---- header ---- */

static const char *medium_name(uint16_t medium)
{
    switch (medium) {
    case 0x00: return "CD";
    case 0x01: return "CD-R";
    case 0x02: return "CD-RW";
    case 0x10: return "DVD";
    case 0x12: return "DVD-R";
    default: return NULL;
    }
}

static bool parse_header(struct exh_mds *m, uint16_t *sessions, uint32_t *sessions_at, struct exh_error *err)
{
    if (m->length >= sizeof EXH_MDS_MARK && memcmp(m->bytes, EXH_MDS_MARK, sizeof EXH_MDS_MARK - 1) == 0 && m->bytes[EXH_MDS_VERSION] == 2)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_MDS_VERSION,
                        "a descriptor of version 2 (MDX, Daemon Tools): it is packed and encrypted, and not read here");
    if (m->length < EXH_MDS_HEADER_BYTES || memcmp(m->bytes, EXH_MDS_MARK, sizeof EXH_MDS_MARK - 1) != 0)
        return bad(err, 0, "no whole header of a media descriptor");
    const uint8_t *h = m->bytes;
    if (h[EXH_MDS_VERSION] != 1)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_MDS_VERSION, "a descriptor of version %u.%u: only 1 is known", h[16], h[17]);
    m->minor = h[17];
    uint16_t medium = exh_le16(h + EXH_MDS_MEDIUM);
    m->medium = medium_name(medium);
    if (m->medium == NULL)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_MDS_MEDIUM, "medium type 0x%02x is not known", medium);
    m->dvd = medium >= 0x10;
    *sessions = exh_le16(h + EXH_MDS_SESSIONS);
    if (*sessions == 0 || *sessions > EXH_DISC_SESSIONS_MAX)
        return exh_fail(err, EXH_CORRUPT, EXH_MDS_SESSIONS, "%u sessions: a disc has 1 to 99", *sessions);
    m->bca_bytes = exh_le16(h + 26);
    m->bca_at = exh_le32(h + EXH_MDS_BCA);
    m->structures_at = exh_le32(h + EXH_MDS_STRUCTURES);
    *sessions_at = exh_le32(h + 80);
    m->dpm_at = exh_le32(h + EXH_MDS_DPM);
    return m->bca_at == 0 || m->bca_bytes == 0 || range(m, m->bca_at, m->bca_bytes, EXH_MDS_BCA, "the burst cutting area", err) != NULL;
}

/* ---- track blocks ---- */

/* A DVD's block holds the length itself; a CD's points to a block with pregap and length. */
static bool parse_extent(const struct exh_mds *m, struct exh_mds_block *b, uint32_t extra, struct exh_error *err)
{
    b->pregap_field = b->length_field = b->at + EXH_MDS_BLOCK_EXTRA;
    b->sectors = extra;
    if (m->dvd)
        return true;
    const uint8_t *e = range(m, extra, EXTRA_BYTES, b->length_field, "the length of a track", err);
    if (e == NULL)
        return false;
    if (extra < EXH_MDS_HEADER_BYTES)
        return bad(err, b->length_field, "a track without a length");
    b->pregap = exh_le32(e);
    b->sectors = exh_le32(e + 4);
    b->pregap_field = extra;
    b->length_field = (uint64_t)extra + 4;
    return true;
}

static bool parse_block(struct exh_mds *m, const struct exh_mds_session *s, uint64_t at, uint32_t tracks_before, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(m->bytes + at, BLOCK_BYTES);
    struct exh_mds_block b = {.at = at, .row.session = s->number};
    b.mode = exh_cursor_u8(&c);
    b.sub = exh_cursor_u8(&c);
    b.row.adr_control = exh_cursor_u8(&c);
    b.row.tno = exh_cursor_u8(&c);
    b.row.point = exh_cursor_u8(&c);
    for (int i = 0; i < 3; i++)
        b.row.msf[i] = exh_cursor_u8(&c);
    b.row.zero = exh_cursor_u8(&c);
    for (int i = 0; i < 3; i++)
        b.row.pmsf[i] = exh_cursor_u8(&c);
    uint32_t extra = exh_cursor_le32(&c);
    b.sector_bytes = exh_cursor_le16(&c);
    exh_cursor_skip(&c, 18);
    b.start = (int32_t)exh_cursor_le32(&c);
    b.offset = exh_cursor_le64(&c);
    b.files = exh_cursor_le32(&c);
    b.footers_at = exh_cursor_le32(&c);
    b.is_track = b.row.point < 100 && (m->dvd || b.row.point > 0); /* not every writer numbers the one track of a DVD */
    b.number = b.row.point > 0 ? b.row.point : (uint8_t)(tracks_before + 1);
    if (b.is_track && !parse_extent(m, &b, extra, err))
        return false;
    if (b.is_track && (b.files == 0 || b.files > EXH_MDS_FILES_MAX))
        return exh_fail(err, EXH_CORRUPT, at + EXH_MDS_BLOCK_FILES, "track %u lies in %u files: 1 to %u can be", b.number, b.files,
                        EXH_MDS_FILES_MAX);
    if (b.is_track &&
        range(m, b.footers_at, (uint64_t)b.files * FOOTER_BYTES, at + EXH_MDS_BLOCK_FILES + 4, "the names of a track's files", err) == NULL)
        return false;
    if (!exh_grow((void **)&m->blocks, &m->block_capacity, m->block_count, sizeof *m->blocks, EXH_DISC_TOC_ROWS_MAX, "track blocks", err))
        return false;
    m->blocks[m->block_count++] = b;
    return true;
}

static bool parse_session(struct exh_mds *m, uint64_t at, uint32_t *tracks, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(m->bytes + at, SESSION_BYTES);
    struct exh_mds_session *s = &m->sessions[m->session_count++];
    *s = (struct exh_mds_session){.at = at};
    s->start = (int32_t)exh_cursor_le32(&c);
    s->end = (int32_t)exh_cursor_le32(&c);
    uint16_t number = exh_cursor_le16(&c);
    uint8_t blocks = exh_cursor_u8(&c);
    exh_cursor_skip(&c, 1); /* how many of them are no tracks: their points say that too */
    s->first = exh_cursor_le16(&c);
    s->last = exh_cursor_le16(&c);
    exh_cursor_skip(&c, 4);
    uint32_t blocks_at = exh_cursor_le32(&c);
    if (number == 0 || number > EXH_DISC_SESSIONS_MAX)
        return exh_fail(err, EXH_CORRUPT, at + 8, "session number %u: a disc has 1 to 99", number);
    if (m->session_count > 1 && number <= s[-1].number)
        return exh_fail(err, EXH_CORRUPT, at + 8, "session %u behind session %u", number, s[-1].number);
    s->number = (uint8_t)number;
    if (blocks == 0 || blocks > BLOCKS_MAX)
        return exh_fail(err, EXH_CORRUPT, at + 10, "session %u has %u track blocks: 1 to %u can be", number, blocks, BLOCKS_MAX);
    if (range(m, blocks_at, (uint64_t)blocks * BLOCK_BYTES, at + 20, "the track blocks of a session", err) == NULL)
        return false;
    for (uint32_t i = 0; i < blocks; i++) {
        if (!parse_block(m, s, blocks_at + (uint64_t)i * BLOCK_BYTES, *tracks, err))
            return false;
        *tracks += m->blocks[m->block_count - 1].is_track;
    }
    return true;
}

bool exh_mds_parse(const uint8_t *bytes, size_t length, struct exh_mds *out, struct exh_error *err)
{
    uint16_t sessions = 0;
    uint32_t sessions_at = 0, tracks = 0;
    *out = (struct exh_mds){.bytes = bytes, .length = length};
    if (length > EXH_MDS_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a descriptor of %zu bytes: at most %u are read", length, EXH_MDS_BYTES_MAX);
    if (!parse_header(out, &sessions, &sessions_at, err) ||
        range(out, sessions_at, (uint64_t)sessions * SESSION_BYTES, 80, "the session blocks", err) == NULL)
        return false;
    for (uint32_t i = 0; i < sessions; i++)
        if (!parse_session(out, sessions_at + (uint64_t)i * SESSION_BYTES, &tracks, err))
            return false;
    return tracks > 0 || bad(err, sessions_at, "no track: there is nothing to read");
}

void exh_mds_close(struct exh_mds *mds)
{
    free(mds->blocks);
    mds->blocks = NULL;
}

/* ---- names ---- */

char *exh_mds_file_name(const struct exh_mds *mds, const struct exh_mds_block *block, uint32_t index, struct exh_error *err)
{
    uint64_t footer = block->footers_at + (uint64_t)index * FOOTER_BYTES;
    uint32_t at = exh_le32(mds->bytes + footer);
    bool wide = exh_le32(mds->bytes + footer + 4) != 0;
    const uint8_t *name = range(mds, at, 1, footer, "the name of a data file", err);
    if (name == NULL)
        return NULL;
    size_t unit = wide ? 2 : 1, room = mds->length - at < NAME_BYTES_MAX ? mds->length - at : NAME_BYTES_MAX, n = 0;
    while (n + unit <= room && (name[n] != 0 || (wide && name[n + 1] != 0)))
        n += unit;
    if (n + unit > room || n == 0) {
        (void)bad(err, at, n == 0 ? "an empty name of a data file" : "the name of a data file has no end");
        return NULL;
    }
    char *text = wide ? exh_text_from_utf16le(name, n) : exh_text_to_utf8(name, n);
    if (text == NULL)
        (void)exh_nomem(err, "a file name");
    return text;
}
