/* ewf_seal.c - reads the header, digest, hash, error2, session and incomplete sections. See ewf_seal.h.
 *
 * header2 (UTF-16) is believed before header (code page), an earlier copy before a later; every copy is inflated and compared.
 * EWF hashes whole sectors: when our own writer noted a shorter medium, the stored digests are those of the padded stream. */
#include "formats/evidence/ewf_seal.h"

#include "formats/container/codec.h"
#include "formats/evidence/ewf_text.h"
#include "formats/evidence/ewf_tracks.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

/* Of error2: the list must fit the range map, and memory beside it. */
#define UNREADABLE_MAX EXH_SECTORS_RANGES_MAX
#define FACTS_MAX 1024u
#define SESSIONS_MAX 99u /* a disc has no more tracks, so no more sessions */

/* Reads a section's body whole; NULL and err. The bytes are there: the walk has checked the section against the file. */
static uint8_t *load_body(struct exh_ewf_set *set, const struct exh_ewf_section *s, struct exh_error *err)
{
    size_t length = (size_t)exh_ewf_body_bytes(s);
    uint8_t *body = malloc(length + 1);
    if (body == NULL) {
        (void)exh_nomem(err, "a section");
        return NULL;
    }
    if (exh_source_read(set->segments[s->segment].source, exh_ewf_body(s), body, length, err))
        return body;
    free(body);
    return NULL;
}

/* A failure that becomes a remark: memory out or a source that cannot be read stays a failure. */
static bool forgive(struct exh_error *err)
{
    if (err->code != EXH_CORRUPT && err->code != EXH_LIMIT)
        return false;
    exh_error_clear(err);
    return true;
}

static bool remark(struct exh_ewf_set *set, const char *check, enum exh_outcome outcome, const struct exh_ewf_section *s, struct exh_error *err,
                   const char *what)
{
    return exh_ewf_remark(set, check, outcome, s->segment, exh_ewf_body(s), err, "section '%s' %s", s->type, what);
}

/* A body of at least `needed` bytes, or a remark and *out NULL. */
static bool load_sized(struct exh_ewf_set *set, const struct exh_ewf_section *s, uint64_t needed, uint64_t most, uint8_t **out, struct exh_error *err)
{
    *out = NULL;
    if (exh_ewf_body_bytes(s) < needed)
        return remark(set, "section-checksum", EXH_FAILS, s, err, "is shorter than its fields");
    if (exh_ewf_body_bytes(s) > most)
        return remark(set, "section-checksum", EXH_FAILS, s, err, "is larger than any writer makes it");
    *out = load_body(set, s, err);
    return *out != NULL;
}

/* ---- case data ---- */

/* A header or header2 section, inflated and decoded. */
struct header_text {
    const struct exh_ewf_section *section;
    uint8_t *stored;
    char *text;
};

struct headers {
    struct header_text of[2][2]; /* header2, header; their first two copies */
    unsigned count[2];
};

static bool inflate_header(struct exh_ewf_set *set, struct header_text *h, struct exh_error *err)
{
    struct exh_inflater *inflater = exh_inflater_new();
    uint8_t *bytes = NULL;
    size_t length = 0, used = 0, stored = (size_t)exh_ewf_body_bytes(h->section);
    if (inflater == NULL)
        return exh_nomem(err, "an inflater");
    bool ok = exh_inflate_zlib_whole(inflater, h->stored, stored, EXH_EWF_TEXT_BYTES_MAX, &bytes, &length, &used, err);
    exh_inflater_close(inflater);
    if (!ok)
        return forgive(err) && remark(set, "header", EXH_FAILS, h->section, err, "cannot be inflated: its text is lost");
    h->text = exh_ewf_text_decode(bytes, length, h->section->kind == EXH_EWF_HEADER2);
    free(bytes);
    if (h->text == NULL)
        return exh_nomem(err, "a header's text");
    return used == stored || remark(set, "padding", EXH_WARNS, h->section, err, "holds bytes behind its compressed text");
}

static bool load_headers(struct exh_ewf_set *set, struct headers *all, struct exh_error *err)
{
    for (size_t i = 0; i < set->sections.count; i++) {
        const struct exh_ewf_section *s = &set->sections.items[i];
        if (s->kind != EXH_EWF_HEADER && s->kind != EXH_EWF_HEADER2)
            continue;
        unsigned which = s->kind == EXH_EWF_HEADER;
        if (all->count[which] == 2) {
            if (!remark(set, "header-copy", EXH_WARNS, s, err, "is a third copy, which no writer makes"))
                return false;
            continue;
        }
        struct header_text *h = &all->of[which][all->count[which]];
        if (!load_sized(set, s, 1, EXH_EWF_HEADER_BYTES_MAX, &h->stored, err))
            return false;
        if (h->stored == NULL)
            continue;
        h->section = s;
        all->count[which]++;
        if (!inflate_header(set, h, err))
            return false;
    }
    return true;
}

/* Copies of one kind are written as the same bytes. */
static bool compare_copies(struct exh_ewf_set *set, const struct headers *all, struct exh_error *err)
{
    for (unsigned which = 0; which < 2; which++) {
        const struct header_text *a = &all->of[which][0], *b = &all->of[which][1];
        if (all->count[which] < 2 || a->text == NULL || b->text == NULL)
            continue;
        bool same_bytes = a->section->bytes == b->section->bytes && memcmp(a->stored, b->stored, (size_t)exh_ewf_body_bytes(a->section)) == 0;
        bool same_text = strcmp(a->text, b->text) == 0;
        if (!same_text && !remark(set, "header-copy", EXH_FAILS, b->section, err, "says something else than its first copy"))
            return false;
        if (same_text && !same_bytes && !remark(set, "header-copy", EXH_WARNS, b->section, err, "says the same as its first copy in other bytes"))
            return false;
    }
    return true;
}

static bool plain_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80 || *text == '?')
            return false;
    return true;
}

/* header repeats header2 in a code page, where what the page lacks became '?' or another byte: only plain values can be compared. */
static bool compare_kinds(struct exh_ewf_set *set, const struct exh_ewf_section *s, const struct exh_fields *first, const struct exh_fields *second,
                          struct exh_error *err)
{
    static const char *const keys[] = {"case", "exhibit", "description", "examiner", "notes"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *a = exh_fields_get(first, keys[i]), *b = exh_fields_get(second, keys[i]);
        if (a == NULL)
            a = "";
        if (b == NULL)
            b = "";
        if (plain_ascii(a) && plain_ascii(b) && strcmp(a, b) != 0 &&
            !exh_ewf_remark(set, "header-copy", EXH_WARNS, s->segment, exh_ewf_body(s), err, "section '%s' gives another %s than header2", s->type,
                            keys[i]))
            return false;
    }
    return true;
}

/* Fields of the first copy of a kind that can be read. */
static bool parse_kind(struct exh_ewf_set *set, const struct headers *all, unsigned which, struct exh_fields *out,
                       const struct exh_ewf_section **from, struct exh_error *err)
{
    *from = NULL;
    for (unsigned copy = 0; copy < all->count[which] && *from == NULL; copy++) {
        const struct header_text *h = &all->of[which][copy];
        if (h->text == NULL)
            continue;
        exh_fields_close(out);
        if (exh_ewf_text_parse(h->text, out, err))
            *from = h->section;
        else if (!forgive(err) || !remark(set, "header", EXH_FAILS, h->section, err, "has no case data where it should be"))
            return false;
    }
    return true;
}

static bool apply_trailer(struct exh_ewf_set *set, const struct exh_ewf_section *from, struct exh_error *err)
{
    struct exh_ewf_trailer trailer;
    exh_ewf_text_trailer(&set->seal.fields, &trailer);
    if (!trailer.has_media_bytes)
        return true;
    uint64_t bytes = trailer.media_bytes, sector = set->volume.sector_bytes;
    if (bytes / sector + (bytes % sector != 0) != set->volume.sectors)
        return exh_ewf_remark(set, "media-bytes", EXH_FAILS, from->segment, exh_ewf_body(from), err,
                              "the notes say %llu bytes, which is not %llu sectors of %llu", (unsigned long long)bytes,
                              (unsigned long long)set->volume.sectors, (unsigned long long)sector);
    enum exh_layout_kind kind = set->layout.kind;
    exh_layout_disk(&set->layout, bytes, set->volume.sector_bytes);
    set->layout.kind = kind;
    return true;
}

static bool fields_of_headers(struct exh_ewf_set *set, const struct headers *all, struct exh_fields parsed[2], struct exh_error *err)
{
    const struct exh_ewf_section *from[2];
    if (!parse_kind(set, all, 0, &parsed[0], &from[0], err) || !parse_kind(set, all, 1, &parsed[1], &from[1], err))
        return false;
    if (from[0] != NULL && from[1] != NULL && !compare_kinds(set, from[1], &parsed[0], &parsed[1], err))
        return false;
    unsigned best = from[0] != NULL ? 0 : 1;
    if (from[best] == NULL)
        return true;
    set->seal.fields = parsed[best];
    parsed[best] = (struct exh_fields){0};
    return apply_trailer(set, from[best], err);
}

static bool build_fields(struct exh_ewf_set *set, struct exh_error *err)
{
    struct headers all = {0};
    struct exh_fields parsed[2] = {{0}, {0}};
    bool ok = load_headers(set, &all, err) && compare_copies(set, &all, err) && fields_of_headers(set, &all, parsed, err);
    for (unsigned which = 0; which < 2; which++) {
        exh_fields_close(&parsed[which]);
        for (unsigned copy = 0; copy < 2; copy++) {
            free(all.of[which][copy].stored);
            free(all.of[which][copy].text);
        }
    }
    return ok;
}

/* ---- digests ---- */

/* Adds one, unless it is all zeros (not stored); a second one that differs is a contradiction. */
static bool add_digest(struct exh_ewf_set *set, const struct exh_ewf_section *s, const char *algorithm, const uint8_t *bytes, uint32_t length,
                       struct exh_error *err)
{
    const char *scope = set->layout.tracks[set->layout.track_count - 1].tail_bytes != 0 ? "padded" : "media";
    if (exh_all_zero(bytes, length))
        return true;
    const struct exh_digest_value *before = exh_digests_find(&set->seal.digests, scope, algorithm);
    if (before != NULL)
        return memcmp(before->bytes, bytes, length) == 0 ||
               exh_ewf_remark(set, "digest-copy", EXH_FAILS, s->segment, exh_ewf_body(s), err,
                              "section '%s' stores another %s than the section before it", s->type, algorithm);
    struct exh_digest_value value = {.length = length, .not_good = exh_sectors_total(&set->seal.unreadable, EXH_BAD)};
    (void)snprintf(value.scope, sizeof value.scope, "%s", scope);
    (void)snprintf(value.algorithm, sizeof value.algorithm, "%s", algorithm);
    memcpy(value.bytes, bytes, length);
    return exh_digests_add(&set->seal.digests, &value, err);
}

/* hash: MD5, 16 unknown bytes, Adler-32. digest: MD5, SHA-1, 40 unused bytes, Adler-32. A digest whose section fails its checksum is not one. */
static bool read_digests(struct exh_ewf_set *set, const struct exh_ewf_section *s, struct exh_error *err)
{
    size_t length = s->kind == EXH_EWF_HASH ? EXH_EWF_HASH_BYTES : EXH_EWF_DIGEST_BYTES;
    uint8_t body[EXH_EWF_DIGEST_BYTES];
    if (exh_ewf_body_bytes(s) < length)
        return remark(set, "section-checksum", EXH_FAILS, s, err, "is shorter than its fields");
    if (!exh_source_read(set->segments[s->segment].source, exh_ewf_body(s), body, length, err))
        return false;
    enum exh_ewf_sum sum = exh_ewf_sum_check(body, length - 4, exh_le32(body + length - 4));
    if (sum == EXH_EWF_SUM_FAILS)
        return remark(set, "section-checksum", EXH_FAILS, s, err, "fails its checksum: the digest it stores is not believed");
    if (sum == EXH_EWF_SUM_ABSENT && !remark(set, "section-checksum", EXH_WARNS, s, err, "stores no checksum"))
        return false;
    if (exh_ewf_body_bytes(s) > length && !remark(set, "padding", EXH_WARNS, s, err, "is longer than its fields"))
        return false;
    if (!add_digest(set, s, "md5", body, 16, err))
        return false;
    return s->kind == EXH_EWF_HASH || add_digest(set, s, "sha1", body + 16, 20, err);
}

/* ---- unreadable sectors ---- */

static int by_lba(const void *a, const void *b)
{
    uint32_t x = exh_le32(a), y = exh_le32(b);
    return x < y ? -1 : x > y;
}

/* Entries sorted first: marking in order keeps a hostile list from costing its square. */
static bool mark_unreadable(struct exh_ewf_set *set, const struct exh_ewf_section *s, uint8_t *entries, uint32_t count, struct exh_error *err)
{
    qsort(entries, count, 8, by_lba);
    bool inside = true;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t lba = exh_le32(entries + 8 * (size_t)i), sectors = exh_le32(entries + 8 * (size_t)i + 4);
        if (!exh_inside(lba, sectors, set->volume.sectors)) {
            inside = false;
            sectors = lba < set->volume.sectors ? set->volume.sectors - lba : 0;
        }
        if (!exh_sectors_mark(&set->seal.unreadable, (int64_t)lba, sectors, EXH_BAD, err))
            return false;
    }
    if (!inside && !remark(set, "error-list", EXH_FAILS, s, err, "lists sectors behind the end of the medium"))
        return false;
    return set->volume.sectors <= UINT32_MAX || count == 0 ||
           remark(set, "error-list", EXH_WARNS, s, err,
                  "has 32-bit sector numbers, which do not reach all of this medium: the list may name wrong sectors");
}

/* error2: u32 count, 512 unused bytes, Adler-32; entries {u32 sector, u32 sectors}; Adler-32. A list that fails its checksum is still
 * taken, because calling a listed sector good would be the worse mistake. */
static bool read_unreadable(struct exh_ewf_set *set, const struct exh_ewf_section *s, struct exh_error *err)
{
    uint8_t *body;
    if (!load_sized(set, s, EXH_EWF_ERROR2_HEADER_BYTES, EXH_EWF_ERROR2_HEADER_BYTES + 8 * (uint64_t)UNREADABLE_MAX + 4, &body, err))
        return false;
    if (body == NULL)
        return true;
    size_t length = (size_t)exh_ewf_body_bytes(s), header = EXH_EWF_ERROR2_HEADER_BYTES;
    uint32_t count = exh_le32(body);
    bool ok = true;
    if (exh_ewf_sum_check(body, header - 4, exh_le32(body + header - 4)) == EXH_EWF_SUM_FAILS || count > (length - header) / 8) {
        ok = remark(set, "section-checksum", EXH_FAILS, s, err,
                    "has a header that fails its checksum or size: the list of unreadable sectors is lost");
    } else {
        size_t end = header + 8 * (size_t)count;
        if (count > 0 && (length - end < 4 || exh_ewf_sum_check(body + header, end - header, exh_le32(body + end)) != EXH_EWF_SUM_HOLDS))
            ok = remark(set, "section-checksum", EXH_FAILS, s, err, "fails the checksum of its entries");
        ok = ok && mark_unreadable(set, s, body + header, count, err);
        if (ok && length - end > 4 && !exh_all_zero(body + end + 4, length - end - 4))
            ok = remark(set, "padding", EXH_WARNS, s, err, "holds bytes behind its entries");
    }
    free(body);
    return ok;
}

/* A fact found at open, up to the same kind of bound as remarks. */
static bool fact(struct exh_ewf_set *set, const struct exh_ewf_section *s, const char *key, struct exh_error *err, const char *value)
{
    return set->found.fact_count >= FACTS_MAX || exh_inspection_fact(&set->found, exh_ewf_file_of(set, s->segment), s->offset, key, err, "%s", value);
}

/* The tracks that the list gives, into the layout. What it says is odd puts no byte in doubt. */
static bool take_tracks(struct exh_ewf_set *set, const struct exh_ewf_section *s, const uint8_t *entries, uint32_t count, struct exh_error *err)
{
    struct exh_ewf_tracks tracks = {.count = count <= EXH_LAYOUT_TRACKS_MAX ? count : 0};
    bool audio = false;
    for (uint32_t i = 0; i < tracks.count; i++) {
        tracks.first[i] = exh_le32(entries + 32 * (size_t)i + 4);
        tracks.audio[i] = (exh_le32(entries + 32 * (size_t)i) & 1) != 0;
        audio = audio || tracks.audio[i];
    }
    if (tracks.count > 0 && tracks.first[0] != 0 && tracks.first[0] != 16 &&
        !remark(set, "session", EXH_WARNS, s, err, "has a first entry that is neither 0 nor 16"))
        return false;
    tracks.first[0] = 0; /* the first entry stands for sector 0, whatever is in it */
    if (audio && set->volume.sector_bytes != 2352 &&
        !remark(set, "session", EXH_WARNS, s, err, "lists tracks of audio, whose sectors would have 2352 bytes"))
        return false;
    if (set->layout.track_count > 1)
        return remark(set, "session", EXH_WARNS, s, err, "is a second list of tracks: the first is taken");
    return count == 0 || exh_ewf_tracks_split(&tracks, &set->layout) ||
           remark(set, "session", EXH_WARNS, s, err, "lists tracks that do not follow each other on the medium: they are not taken");
}

/* session: u32 count, 28 unused bytes, Adler-32; entries {u32 flags, u32 first sector, 24 unused}; Adler-32. */
static bool read_sessions(struct exh_ewf_set *set, const struct exh_ewf_section *s, struct exh_error *err)
{
    uint8_t *body;
    if (!load_sized(set, s, EXH_EWF_SESSION_HEADER_BYTES, EXH_EWF_SESSION_HEADER_BYTES + 32 * (uint64_t)(4 * SESSIONS_MAX) + 4, &body, err))
        return false;
    if (body == NULL)
        return true;
    size_t length = (size_t)exh_ewf_body_bytes(s), header = EXH_EWF_SESSION_HEADER_BYTES;
    uint32_t count = exh_le32(body);
    bool ok = true;
    if (exh_ewf_sum_check(body, header - 4, exh_le32(body + header - 4)) == EXH_EWF_SUM_FAILS || count > (length - header) / 32) {
        ok = remark(set, "section-checksum", EXH_FAILS, s, err, "has a header that fails its checksum or size");
    } else {
        size_t end = header + 32 * (size_t)count;
        bool holds = length - end >= 4 && exh_ewf_sum_check(body + header, end - header, exh_le32(body + end)) != EXH_EWF_SUM_FAILS;
        if (!holds)
            ok = remark(set, "section-checksum", EXH_FAILS, s, err, "fails the checksum of its entries");
        for (uint32_t i = 0; ok && i < count; i++) {
            char value[64];
            const uint8_t *entry = body + header + 32 * (size_t)i;
            (void)snprintf(value, sizeof value, "first sector %u, flags %u", exh_le32(entry + 4), exh_le32(entry));
            ok = fact(set, s, "session", err, value);
        }
        ok = ok && (!holds || take_tracks(set, s, body + header, count, err));
    }
    free(body);
    return ok;
}

/* xheader and xhash (EWF-X) hold compressed XML that repeats what we read elsewhere: checked, not used. */
static bool check_xml(struct exh_ewf_set *set, const struct exh_ewf_section *s, struct exh_error *err)
{
    struct header_text h = {.section = s};
    if (!load_sized(set, s, 1, EXH_EWF_HEADER_BYTES_MAX, &h.stored, err))
        return false;
    bool ok = h.stored == NULL || inflate_header(set, &h, err);
    free(h.stored);
    free(h.text);
    return ok && fact(set, s, s->type, err, "present, not used");
}

static bool read_section(struct exh_ewf_set *set, const struct exh_ewf_section *s, struct exh_error *err)
{
    switch (s->kind) {
    case EXH_EWF_ERROR2: return read_unreadable(set, s, err);
    case EXH_EWF_SESSION: return read_sessions(set, s, err);
    case EXH_EWF_XHEADER:
    case EXH_EWF_XHASH: return check_xml(set, s, err);
    case EXH_EWF_INCOMPLETE:
        set->seal.unfinished = true;
        return remark(set, "unfinished", EXH_FAILS, s, err, "says that the acquisition was not finished");
    case EXH_EWF_LTYPES:
    case EXH_EWF_LTREE:
    case EXH_EWF_OTHER: return remark(set, "unknown-section", EXH_WARNS, s, err, "is not read by us");
    default: return true;
    }
}

bool exh_ewf_seal_build(struct exh_ewf_set *set, struct exh_error *err)
{
    if (!build_fields(set, err))
        return false;
    for (size_t i = 0; i < set->sections.count; i++)
        if (!read_section(set, &set->sections.items[i], err))
            return false;
    /* Behind the list of unreadable sectors: a digest says how many sectors under it were not good. */
    for (size_t i = 0; i < set->sections.count; i++) {
        const struct exh_ewf_section *s = &set->sections.items[i];
        if ((s->kind == EXH_EWF_HASH || s->kind == EXH_EWF_DIGEST) && !read_digests(set, s, err))
            return false;
    }
    return true;
}
