/* nrg_tracks.c - what the chunks of a Nero image say. See nrg_tracks.h. */
#include "formats/optical/nrg_tracks.h"

#include "formats/model/bytes.h"
#include "formats/model/grow.h"
#include "formats/optical/msf.h"

#define DAO_HEADER_BYTES 22u

static bool remark(struct exh_nrg *n, const char *check, enum exh_outcome outcome, uint64_t at, struct exh_error *err, const char *text)
{
    return exh_inspection_remark(n->notes, check, outcome, n->path, at, err, "%s", text);
}

/* ---- modes ---- */

struct mode {
    uint32_t number;
    enum exh_track_kind kind;
    uint32_t bytes; /* of a stored sector */
};

static const struct mode modes[] = {{0x00, EXH_TRACK_MODE1, 2048}, {0x02, EXH_TRACK_MODE2, 2048}, {0x03, EXH_TRACK_MODE2, 2336},
                                    {0x05, EXH_TRACK_MODE1, 2352}, {0x06, EXH_TRACK_MODE2, 2352}, {0x07, EXH_TRACK_AUDIO, 2352},
                                    {0x08, EXH_TRACK_AUDIO, 2352}, {0x0F, EXH_TRACK_MODE1, 2448}, {0x10, EXH_TRACK_AUDIO, 2448},
                                    {0x11, EXH_TRACK_MODE2, 2448}};

static bool size_fits(enum exh_track_kind kind, uint32_t bytes)
{
    if (bytes == 2352 || bytes == 2448)
        return true;
    return kind == EXH_TRACK_MODE1 ? bytes == 2048 : kind == EXH_TRACK_MODE2 && (bytes == 2048 || bytes == 2324 || bytes == 2336);
}

/* `bytes` 0: the mode says it. Otherwise the size is believed: MagicISO writes the modes of cooked sectors beside 2352. */
static bool set_mode(struct exh_nrg *n, struct exh_nrg_track *t, uint32_t number, uint32_t bytes, struct exh_error *err)
{
    const struct mode *mode = NULL;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (modes[i].number == number)
            mode = &modes[i];
    if (mode == NULL)
        return exh_fail(err, EXH_UNSUPPORTED, t->at, "track %u at offset %llu has mode 0x%02X, which is not known", t->track.number,
                        (unsigned long long)t->at, number);
    if (bytes != 0 && !size_fits(mode->kind, bytes))
        return exh_fail(err, EXH_CORRUPT, t->at, "track %u at offset %llu has sectors of %u bytes in mode 0x%02X", t->track.number,
                        (unsigned long long)t->at, bytes, number);
    t->stride = bytes != 0 ? bytes : mode->bytes;
    t->track.kind = mode->kind;
    t->track.sub_bytes = t->stride == EXH_CD_MAIN_BYTES + EXH_CD_SUB_BYTES ? EXH_CD_SUB_BYTES : 0;
    t->track.main_bytes = t->stride - t->track.sub_bytes;
    t->track.control = mode->kind == EXH_TRACK_AUDIO ? 0 : EXH_CONTROL_DATA;
    return t->stride == mode->bytes || exh_inspection_remark(n->notes, "sector-size", EXH_WARNS, n->path, t->at, err,
                                                             "track %u has mode 0x%02X, whose sectors have %u bytes, and sectors of %u: the size is "
                                                             "believed",
                                                             t->track.number, number, mode->bytes, t->stride);
}

/* ---- tracks ---- */

static bool check_extent(struct exh_nrg *n, struct exh_nrg_track *t, struct exh_error *err)
{
    if (t->begin > t->start || t->start >= t->end || t->end > n->data_end)
        return exh_fail(err, EXH_CORRUPT, t->at,
                        "track %u at offset %llu: its data are said to be bytes %llu to %llu, INDEX 01 at %llu; the data end at %llu",
                        t->track.number, (unsigned long long)t->at, (unsigned long long)t->begin, (unsigned long long)t->end,
                        (unsigned long long)t->start, (unsigned long long)n->data_end);
    if ((t->start - t->begin) % t->stride != 0 || t->end - t->start < t->stride)
        return exh_fail(err, EXH_CORRUPT, t->at, "track %u at offset %llu: %llu bytes before INDEX 01 and %llu behind it, in sectors of %u",
                        t->track.number, (unsigned long long)t->at, (unsigned long long)(t->start - t->begin),
                        (unsigned long long)(t->end - t->start), t->stride);
    uint64_t rest = (t->end - t->begin) % t->stride;
    return rest == 0 || exh_inspection_remark(n->notes, "track-length", EXH_FAILS, n->path, t->end - rest, err,
                                              "track %u ends %llu bytes behind its last whole sector of %u bytes", t->track.number,
                                              (unsigned long long)rest, t->stride);
}

static bool add_track(struct exh_nrg *n, const struct exh_nrg_track *track, uint32_t mode, uint32_t bytes, struct exh_error *err)
{
    if (n->track_count == EXH_LAYOUT_TRACKS_MAX)
        return exh_fail(err, EXH_LIMIT, track->at, "a track more than the %u a disc can have, at offset %llu", EXH_LAYOUT_TRACKS_MAX,
                        (unsigned long long)track->at);
    struct exh_nrg_track *t = &n->tracks[n->track_count];
    *t = *track;
    if (n->track_count > 0 && t->track.number <= t[-1].track.number)
        return exh_fail(err, EXH_CORRUPT, t->at, "track %u at offset %llu follows track %u", t->track.number, (unsigned long long)t->at,
                        t[-1].track.number);
    n->track_count++;
    return set_mode(n, t, mode, bytes, err) && check_extent(n, t, err);
}

/* 12 characters or 12 NULs. */
static bool take_isrc(struct exh_nrg *n, const uint8_t *from, uint64_t at, char to[13], struct exh_error *err)
{
    if (exh_all_zero(from, 12))
        return true;
    for (size_t i = 0; i < 12; i++) {
        bool letter = (from[i] >= 'A' && from[i] <= 'Z') || (from[i] >= 'a' && from[i] <= 'z'), digit = from[i] >= '0' && from[i] <= '9';
        if (!digit && (!letter || i >= 5))
            return remark(n, "isrc", EXH_WARNS, at, err, "the ISRC is not five letters or digits and seven digits: it is left away");
    }
    memcpy(to, from, 12);
    return true;
}

static bool take_mcn(struct exh_nrg *n, const uint8_t *from, uint64_t at, struct exh_error *err)
{
    if (exh_all_zero(from, 13))
        return true;
    for (size_t i = 0; i < 13; i++)
        if (from[i] < '0' || from[i] > '9')
            return remark(n, "mcn", EXH_WARNS, at, err, "the catalogue number is not 13 digits: it is left away");
    if (n->disc->mcn[0] != '\0' && memcmp(n->disc->mcn, from, 13) != 0)
        return remark(n, "mcn", EXH_WARNS, at, err, "this session has another catalogue number: the first is kept");
    memcpy(n->disc->mcn, from, 13);
    return true;
}

/* DAOX, DAOI: 22 bytes, then 42 or 30 for each track. */
static bool take_dao(struct exh_nrg *n, const struct exh_nrg_chunk *chunk, struct exh_error *err)
{
    bool wide = chunk->id[3] == 'X';
    uint32_t each = wide ? 42 : 30;
    struct exh_cursor c = exh_cursor_over(chunk->body, chunk->length);
    exh_cursor_skip(&c, 4); /* the length once more, in either byte order */
    const uint8_t *mcn = exh_cursor_bytes(&c, 14);
    int type = exh_cursor_u8(&c);
    exh_cursor_skip(&c, 1);
    unsigned first = exh_cursor_u8(&c), last = exh_cursor_u8(&c);
    if (!exh_cursor_ok(&c) || first == 0 || first > last || last > 99 || exh_cursor_left(&c) != (size_t)(last - first + 1) * each)
        return exh_fail(err, EXH_CORRUPT, chunk->offset, "chunk %s at offset %llu: tracks %u to %u in %u bytes", chunk->id,
                        (unsigned long long)chunk->offset, first, last, chunk->length);
    if (!take_mcn(n, mcn, chunk->offset + 4, err))
        return false;
    n->disc_type = type;
    for (unsigned i = first; i <= last; i++) {
        struct exh_nrg_track t = {.track.number = (uint8_t)i, .disc_at_once = true, .at = chunk->offset + c.position};
        const uint8_t *isrc = exh_cursor_bytes(&c, 12);
        uint32_t bytes = exh_cursor_be16(&c), mode = exh_cursor_u8(&c);
        exh_cursor_skip(&c, 3);
        uint64_t offsets[3];
        for (int k = 0; k < 3; k++) {
            const uint8_t *p = exh_cursor_bytes(&c, wide ? 8 : 4);
            offsets[k] = wide ? exh_be64(p) : exh_be32(p);
        }
        t.begin = offsets[0], t.start = offsets[1], t.end = offsets[2];
        if (bytes == 0)
            return exh_fail(err, EXH_CORRUPT, t.at, "track %u at offset %llu has sectors of 0 bytes", i, (unsigned long long)t.at);
        if (!take_isrc(n, isrc, t.at, t.track.isrc, err) || !add_track(n, &t, mode, bytes, err))
            return false;
    }
    return true;
}

/* ETN2, ETNF, TINF: track at once, 32, 20 or 12 bytes for each. */
static bool take_tao(struct exh_nrg *n, const struct exh_nrg_chunk *chunk, struct exh_error *err)
{
    bool wide = strcmp(chunk->id, "ETN2") == 0, has_lba = chunk->id[0] == 'E';
    uint32_t each = wide ? 32 : has_lba ? 20 : 12;
    if (chunk->length == 0 || chunk->length % each != 0)
        return exh_fail(err, EXH_CORRUPT, chunk->offset, "chunk %s at offset %llu has %u bytes: %u for each track", chunk->id,
                        (unsigned long long)chunk->offset, chunk->length, each);
    struct exh_cursor c = exh_cursor_over(chunk->body, chunk->length);
    while (exh_cursor_left(&c) > 0) {
        unsigned number = n->track_count > 0 ? n->tracks[n->track_count - 1].track.number + 1u : 1u;
        struct exh_nrg_track t = {.track.number = (uint8_t)number, .has_lba = has_lba, .at = chunk->offset + c.position};
        size_t next = c.position + each;
        const uint8_t *offset = exh_cursor_bytes(&c, wide ? 8 : 4), *size = exh_cursor_bytes(&c, wide ? 8 : 4);
        uint32_t mode = exh_cursor_be32(&c);
        t.stored_lba = has_lba ? exh_cursor_be32(&c) : 0;
        exh_cursor_skip(&c, next - c.position);
        t.begin = t.start = wide ? exh_be64(offset) : exh_be32(offset);
        if (!exh_add_u64(t.begin, wide ? exh_be64(size) : exh_be32(size), &t.end))
            return exh_fail(err, EXH_CORRUPT, t.at, "track %u at offset %llu ends beyond any file", number, (unsigned long long)t.at);
        if (number > 99 || !add_track(n, &t, mode, 0, err))
            return number <= 99 ? false : exh_fail(err, EXH_LIMIT, t.at, "track %u at offset %llu", number, (unsigned long long)t.at);
    }
    return true;
}

/* ---- cue points, sessions, the rest ---- */

static bool take_cues(struct exh_nrg *n, const struct exh_nrg_chunk *chunk, struct exh_error *err)
{
    if (chunk->length % 8 != 0)
        return exh_fail(err, EXH_CORRUPT, chunk->offset, "chunk %s at offset %llu has %u bytes: 8 for each point", chunk->id,
                        (unsigned long long)chunk->offset, chunk->length);
    for (uint32_t i = 0; i < chunk->length; i += 8) {
        const uint8_t *p = chunk->body + i;
        uint64_t at = chunk->offset + i;
        if ((!exh_is_bcd(p[1]) && p[1] != 0xAA) || !exh_is_bcd(p[2]))
            return exh_fail(err, EXH_CORRUPT, at, "chunk %s: the point at offset %llu is of track %02X, index %02X, which are no BCD numbers",
                            chunk->id, (unsigned long long)at, p[1], p[2]);
        if (n->cue_count - n->cues_in_sessions == EXH_NRG_CUES_MAX)
            return exh_fail(err, EXH_LIMIT, at, "more than %u cue points of one session, at offset %llu", EXH_NRG_CUES_MAX, (unsigned long long)at);
        if (!exh_grow((void **)&n->cues, &n->cue_capacity, n->cue_count, sizeof *n->cues, EXH_NRG_CHAIN_BYTES_MAX / 8, "cue points", err))
            return false;
        struct exh_nrg_cue *cue = &n->cues[n->cue_count++];
        *cue = (struct exh_nrg_cue){.control = p[0] >> 4,
                                    .track = p[1] == 0xAA ? 0xAA : exh_from_bcd(p[1]),
                                    .index = exh_from_bcd(p[2]),
                                    .old = chunk->id[3] == 'S',
                                    .at = at};
        memcpy(cue->time, p + 4, 4);
    }
    return true;
}

static bool add_session(struct exh_nrg *n, uint32_t count, uint64_t at, struct exh_error *err)
{
    uint32_t pending = n->track_count - n->in_sessions;
    if (n->session_count == EXH_DISC_SESSIONS_MAX)
        return exh_fail(err, EXH_LIMIT, at, "a session more than the %u a disc can have, at offset %llu", EXH_DISC_SESSIONS_MAX,
                        (unsigned long long)at);
    if (count == 0 || count > pending)
        return exh_fail(err, EXH_CORRUPT, at, "the session at offset %llu has %u tracks: %u are described before it", (unsigned long long)at, count,
                        pending);
    n->sessions[n->session_count++] =
        (struct exh_nrg_session){n->in_sessions, count, n->cues_in_sessions, n->cue_count - n->cues_in_sessions, n->disc_type, at};
    for (uint32_t i = 0; i < count; i++)
        n->tracks[n->in_sessions + i].track.session = (uint8_t)n->session_count;
    n->in_sessions += count;
    n->cues_in_sessions = n->cue_count;
    n->disc_type = -1;
    return true;
}

static bool take_session(struct exh_nrg *n, const struct exh_nrg_chunk *chunk, struct exh_error *err)
{
    if (chunk->length < 4)
        return exh_fail(err, EXH_CORRUPT, chunk->offset, "chunk SINF at offset %llu has %u bytes", (unsigned long long)chunk->offset, chunk->length);
    return add_session(n, exh_be32(chunk->body), chunk->offset, err);
}

struct medium_type {
    uint32_t bits;
    const char *name;
    bool blocks;
};

static const struct medium_type medium_types[] = {
    {0x1, "CD", false},        {0x400, "CD-ROM", false},  {0x2, "DDCD", false},       {0x200, "DVD-ROM", true}, {0x10, "DVD-RAM", true},
    {0x80000, "DVD-R9", true}, {0x40000, "DVD+R9", true}, {0x4, "DVD-R", true},       {0x8, "DVD+RW", true},    {0x100000, "BD-ROM", true},
    {0x200000, "BD-R", true},  {0x400000, "BD-RE", true}, {0x3800000, "HD DVD", true}};

static bool take_medium(struct exh_nrg *n, const struct exh_nrg_chunk *chunk, struct exh_error *err)
{
    if (chunk->length < 4)
        return exh_fail(err, EXH_CORRUPT, chunk->offset, "chunk MTYP at offset %llu has %u bytes", (unsigned long long)chunk->offset, chunk->length);
    uint32_t bits = exh_be32(chunk->body);
    for (size_t i = sizeof medium_types / sizeof medium_types[0]; i-- > 0;)
        if ((bits & medium_types[i].bits) != 0) {
            (void)snprintf(n->disc->medium, sizeof n->disc->medium, "%s", medium_types[i].name);
            n->blocks = medium_types[i].blocks;
        }
    return exh_inspection_fact(n->notes, n->path, chunk->offset, "medium-type", err, "0x%X%s%s", bits, n->disc->medium[0] != '\0' ? ", " : "",
                               n->disc->medium);
}

static bool take_cdtext(struct exh_nrg *n, const struct exh_nrg_chunk *chunk, struct exh_error *err)
{
    uint32_t rest = chunk->length % EXH_CDTEXT_PACK_BYTES;
    for (uint32_t i = 0; i + EXH_CDTEXT_PACK_BYTES <= chunk->length; i += EXH_CDTEXT_PACK_BYTES)
        if (!exh_disc_add_pack(n->disc, chunk->body + i, err))
            return false;
    return rest == 0 || exh_inspection_remark(n->notes, "cd-text", EXH_FAILS, n->path, chunk->offset, err,
                                              "%u bytes of CD-TEXT are no whole number of packs of %u: the last %u are left away", chunk->length,
                                              EXH_CDTEXT_PACK_BYTES, rest);
}

static const struct {
    const char *id;
    bool (*take)(struct exh_nrg *, const struct exh_nrg_chunk *, struct exh_error *);
} chunk_kinds[] = {{"CUEX", take_cues}, {"CUES", take_cues}, {"DAOX", take_dao},     {"DAOI", take_dao},    {"ETN2", take_tao},
                   {"ETNF", take_tao},  {"TINF", take_tao},  {"SINF", take_session}, {"MTYP", take_medium}, {"CDTX", take_cdtext}};

static bool take_chunk(struct exh_nrg *n, const struct exh_nrg_chunk *chunk, struct exh_error *err)
{
    for (size_t i = 0; i < sizeof chunk_kinds / sizeof chunk_kinds[0]; i++)
        if (strcmp(chunk_kinds[i].id, chunk->id) == 0)
            return chunk_kinds[i].take(n, chunk, err);
    return exh_inspection_fact(n->notes, n->path, chunk->offset - 8, "chunk", err, "%s, %u bytes, not read", chunk->id, chunk->length);
}

bool exh_nrg_tracks(struct exh_nrg *n, const struct exh_nrg_chain *chain, struct exh_error *err)
{
    n->disc_type = -1;
    for (size_t i = 0; i < chain->count; i++)
        if (!take_chunk(n, &chain->chunks[i], err))
            return false;
    if (!chain->ended && !remark(n, "chunk-chain", EXH_FAILS, chain->end, err, "the chain of chunks ends without END!"))
        return false;
    uint32_t left = n->track_count - n->in_sessions;
    if (n->track_count == 0)
        return exh_fail(err, EXH_CORRUPT, chain->end, "no track is described before the chunks end at offset %llu", (unsigned long long)chain->end);
    if (left > 0 && n->session_count > 0)
        return exh_fail(err, EXH_CORRUPT, n->tracks[n->in_sessions].at, "track %u at offset %llu is in no session",
                        n->tracks[n->in_sessions].track.number, (unsigned long long)n->tracks[n->in_sessions].at);
    return left == 0 || (remark(n, "sessions", EXH_WARNS, chain->end, err, "no chunk tells of sessions: all tracks are taken as one") &&
                         add_session(n, left, chain->end, err));
}
