/* ewf_write.c - the E01 sink. See ewf_write.h.
 *
 * A set, as EnCase 6 and libewf lay it out: the first segment begins with header2 twice, header and volume, each other with data (the same body as
 * volume); then groups of sectors, table and table2; then next. The last ends in session (a disc's tracks), error2, digest, hash and done; one that
 * is also the first has data before these. Source: libewf's "Expert Witness Compression Format" document. */
#include "formats/evidence/ewf_write.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "formats/evidence/ewf_chunking.h"
#include "formats/evidence/ewf_fields.h"
#include "formats/evidence/ewf_headers.h"
#include "formats/evidence/ewf_kept.h"
#include "formats/evidence/ewf_libewf.h"
#include "formats/evidence/ewf_segment.h"
#include "formats/evidence/ewf_set.h"
#include "formats/evidence/ewf_staged.h"
#include "formats/evidence/ewf_tracks.h"
#include "formats/model/text.h"

enum { MEDIA_REMOVABLE = 0, MEDIA_FIXED = 1, MEDIA_OPTICAL = 3, FLAG_IMAGE = 1, FLAG_PHYSICAL = 2 };

struct ewf_sink {
    struct exh_sink sink;
    struct exh_layout layout;     /* as declared */
    struct exh_track track;       /* all its tracks as one */
    struct exh_ewf_tracks tracks; /* what is said of them */
    struct exh_block gather;      /* of several tracks: sectors that do not make a chunk yet */
    struct exh_scratch *gather_scratch;
    void *gathered; /* what the packing makes of them */
    struct exh_ewf_packing packing;
    struct exh_ewf_volume volume;
    uint8_t volume_body[EXH_EWF_VOLUME_BYTES];
    struct exh_fields values; /* header values as they are stored, by libewf's identifiers */
    uint64_t begun;
    struct exh_ewf_headers headers;
    char *folder, *first; /* the staging folder; the first segment's name */
    char *elsewhere;      /* the folder that takes new segments when it is another, or NULL */
    int folder_fd;        /* of the folder that takes new segments */
    int home_fd;          /* of `folder`, which takes the first: it bears the image's name */
    uint64_t segment_bytes;
    struct exh_ewf_segment_out out;
    uint32_t segment;          /* number of the last one begun */
    uint64_t next_sector;      /* counted from the track's first */
    uint64_t closed_sectors;   /* in segments that are closed and durable */
    struct exh_sectors passed; /* unreadable sectors that came by, counted likewise */
    bool broken;               /* a write failed: what is in the open segment is not known */
    bool finished, sealed;     /* `done` is written; and the set found good */
};

static struct ewf_sink *sink_of(struct exh_consumer *consumer) { return (struct ewf_sink *)(void *)consumer; }
static const struct ewf_sink *const_sink_of(const struct exh_consumer *consumer) { return (const struct ewf_sink *)(const void *)consumer; }

/* ---- compressing, on any thread ---- */

static struct exh_scratch *pack_scratch_new(const struct exh_consumer *consumer) { return exh_ewf_pack_scratch(&const_sink_of(consumer)->packing); }

static size_t packed_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    (void)main_bytes; /* the declared one */
    return exh_ewf_packing_bytes(&const_sink_of(consumer)->packing, sectors);
}

static bool pack_block(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                       struct exh_error *err)
{
    return exh_ewf_pack(&const_sink_of(consumer)->packing, scratch, block, result, err) || exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* ---- segments ---- */

static bool add_file(struct ewf_sink *s, const char *name, struct exh_error *err)
{
    bool away = s->elsewhere != NULL && s->sink.files.count > 0;
    char *path = away ? exh_text_format("%s/%s", s->elsewhere, name) : NULL;
    bool ok = (path != NULL || !away || exh_nomem(err, "a path")) && exh_names_add(&s->sink.files, path != NULL ? path : name, err);
    free(path);
    return ok;
}

static bool begin_segment(struct ewf_sink *s, struct exh_error *err)
{
    char name[512];
    uint32_t number = s->segment + 1;
    const struct exh_ewf_headers *h = &s->headers;
    if (!exh_ewf_segment_name(s->first, number, name, sizeof name))
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "the E01 runs out of segment names after %u", s->segment);
    if (!exh_ewf_segment_begin(&s->out, number == 1 ? s->home_fd : s->folder_fd, name, number, err) || !add_file(s, name, err))
        return false;
    s->segment = number;
    if (number > 1)
        return exh_ewf_segment_section(&s->out, "data", s->volume_body, sizeof s->volume_body, err);
    return exh_ewf_segment_section(&s->out, "header2", h->header2, h->header2_bytes, err) &&
           exh_ewf_segment_section(&s->out, "header2", h->header2, h->header2_bytes, err) &&
           exh_ewf_segment_section(&s->out, "header", h->header, h->header_bytes, err) &&
           exh_ewf_segment_section(&s->out, "volume", s->volume_body, sizeof s->volume_body, err);
}

static bool sync_folder(const struct ewf_sink *s, struct exh_error *err)
{
    return (fsync(s->folder_fd) == 0 && (s->elsewhere == NULL || fsync(s->home_fd) == 0)) ||
           exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot fsync the staging folder");
}

static bool close_segment(struct ewf_sink *s, struct exh_error *err)
{
    if (!exh_ewf_segment_finish(&s->out, "next", err) || !sync_folder(s, err))
        return false;
    s->closed_sectors = s->next_sector;
    return true;
}

static bool is_open(const struct ewf_sink *s) { return s->out.file >= 0; }

static bool fits(const struct ewf_sink *s, uint64_t stored_bytes)
{
    return exh_ewf_segment_length(&s->out, stored_bytes) + EXH_EWF_SEGMENT_RESERVE_BYTES <= s->segment_bytes;
}

static bool put_chunk(struct ewf_sink *s, const struct exh_ewf_packed *packed, const uint8_t *bytes, struct exh_error *err)
{
    uint64_t stored = packed->size + (packed->compressed ? 0 : 4);
    if (is_open(s) && !fits(s, stored) && !close_segment(s, err))
        return false;
    return (is_open(s) || begin_segment(s, err)) && exh_ewf_segment_chunk(&s->out, packed, bytes, err);
}

/* ---- taking blocks, in order ---- */

static bool check_place(const struct ewf_sink *s, const struct exh_block *block, struct exh_error *err)
{
    uint64_t left = s->track.sectors - s->next_sector;
    if (s->finished || s->broken)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block for an E01 that %s", s->finished ? "is already sealed" : "could not be written");
    if (block->lba - s->track.first != (int64_t)s->next_sector)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 was given LBA %lld where LBA %lld follows", (long long)block->lba,
                        (long long)(s->track.first + (int64_t)s->next_sector));
    if (block->count == 0 || block->count > left || (block->count != left && block->count % s->packing.chunk_sectors != 0))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 of %u-sector chunks was given %u sectors with %llu to come", s->packing.chunk_sectors,
                        block->count, (unsigned long long)left);
    return true;
}

/* A doubted sector (SUSPECT) holds its data; the list is of those that do not. */
static bool note_unreadable(struct ewf_sink *s, const struct exh_block *block, struct exh_error *err)
{
    for (uint32_t i = 0, n; block->bad != 0 && i < block->count; i += n) {
        bool lost = block->state[i] < EXH_SUSPECT;
        for (n = 1; i + n < block->count && (block->state[i + n] < EXH_SUSPECT) == lost; n++)
            ;
        if (lost && !exh_sectors_mark(&s->passed, (int64_t)(s->next_sector + i), n, EXH_BAD, err))
            return false;
    }
    return true;
}

static bool take_block(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct ewf_sink *s = sink_of(consumer);
    const struct exh_ewf_packed *packed = result;
    size_t chunks = exh_ewf_packing_chunks(&s->packing, block->count);
    uint64_t end = s->next_sector + block->count;
    if (!check_place(s, block, err) || !note_unreadable(s, block, err))
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    for (size_t i = 0; i < chunks; i++) {
        if (!put_chunk(s, &packed[i], exh_ewf_packed_bytes(&s->packing, block, result, i), err)) {
            s->broken = true;
            return exh_on_side(err, EXH_SIDE_DESTINATION);
        }
        uint64_t left = end - s->next_sector;
        s->next_sector += left < s->packing.chunk_sectors ? left : s->packing.chunk_sectors;
    }
    return true;
}

static bool save_segments(struct exh_sink *base, uint64_t *kept, struct exh_error *err)
{
    const struct ewf_sink *s = (const struct ewf_sink *)base;
    (void)err; /* a segment is made durable when it is closed */
    *kept = s->layout.track_count == 1 ? s->closed_sectors : 0;
    return true;
}

/* ---- several tracks: a chunk does not end where a track does ---- */

static bool open_gather(struct ewf_sink *s, struct exh_error *err)
{
    if (s->layout.track_count == 1)
        return true;
    s->gather_scratch = exh_ewf_pack_scratch(&s->packing);
    s->gathered = malloc(exh_ewf_packing_bytes(&s->packing, s->packing.chunk_sectors));
    if (s->gather_scratch == NULL || s->gathered == NULL)
        return exh_nomem(err, "a chunk");
    if (!exh_block_open(&s->gather, s->packing.chunk_sectors, s->track.main_bytes, 0, err))
        return false;
    s->gather.track = &s->track;
    s->gather.count = 0;
    return true;
}

static bool put_gathered(struct ewf_sink *s, struct exh_error *err)
{
    struct exh_block *g = &s->gather;
    g->lba = s->track.first + (int64_t)s->next_sector;
    g->kind = EXH_BLOCK_DATA;
    g->bad = 0;
    for (uint32_t i = 0; i < g->count; i++)
        g->bad += g->state[i] != EXH_GOOD;
    bool ok = pack_block(&s->sink.consumer, s->gather_scratch, g, s->gathered, err) && take_block(&s->sink.consumer, g, s->gathered, err);
    g->count = 0;
    return ok;
}

static bool take_of_track(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct ewf_sink *s = sink_of(consumer);
    struct exh_block *g = &s->gather;
    size_t size = s->track.main_bytes;
    (void)result;
    if (exh_ewf_tracks_before(&s->layout, block->track, block->lba) != s->next_sector + g->count || block->track->main_bytes != size)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 was given LBA %lld of track %u out of order", (long long)block->lba,
                        block->track->number);
    for (uint32_t i = 0, n; i < block->count; i += n) {
        uint32_t room = s->packing.chunk_sectors - g->count;
        n = block->count - i < room ? block->count - i : room;
        memcpy(g->main + g->count * size, block->main + i * size, n * size);
        memcpy(g->state + g->count, block->state + i, n);
        g->count += n;
        bool full = g->count == s->packing.chunk_sectors || s->next_sector + g->count == s->track.sectors;
        if (full && !put_gathered(s, err))
            return false;
    }
    return true;
}

/* ---- sealing ---- */

static const uint8_t *digest_of(const struct ewf_sink *s, const struct exh_seal *seal, const char *algorithm, uint32_t length)
{
    const struct exh_digest_value *d = exh_digests_find(&seal->digests, s->track.tail_bytes != 0 ? "padded" : "media", algorithm);
    return d != NULL && d->length == length ? d->bytes : NULL;
}

/* A range of the seal's list, in parts that lie in one track each. */
static bool list_range(const struct ewf_sink *s, const struct exh_range *r, struct exh_sectors *out, struct exh_error *err)
{
    for (uint32_t i = 0; i < s->layout.track_count; i++) {
        const struct exh_track *t = &s->layout.tracks[i];
        int64_t end = t->first + (int64_t)t->sectors, from = r->lba > t->first ? r->lba : t->first;
        int64_t to = r->lba + (int64_t)r->count < end ? r->lba + (int64_t)r->count : end;
        if (from < to && !exh_sectors_mark(out, (int64_t)exh_ewf_tracks_before(&s->layout, t, from), (uint64_t)(to - from), EXH_BAD, err))
            return false;
    }
    return true;
}

/* The seal's list counted from the medium's first sector, neighbours of different states joined. */
static bool list_unreadable(const struct ewf_sink *s, const struct exh_sectors *from, struct exh_sectors *out, struct exh_error *err)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct exh_range *r = &from->ranges[i];
        if (r->state < EXH_SUSPECT && !list_range(s, r, out, err))
            return false;
    }
    for (size_t i = 0; i < s->passed.count; i++) {
        int64_t lba = s->passed.ranges[i].lba, end = lba + (int64_t)s->passed.ranges[i].count;
        bool listed;
        if (exh_sectors_part(out, lba, end, &listed) != end || !listed)
            return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 was given unreadable sectors from LBA %lld that its seal does not list",
                            (long long)(lba + s->track.first));
    }
    return true;
}

static bool put_session(struct ewf_sink *s, struct exh_error *err)
{
    uint8_t *body = NULL;
    size_t bytes = 0;
    if (s->tracks.count == 0)
        return true;
    bool ok = exh_ewf_session_build(&s->tracks, &body, &bytes, err) && exh_ewf_segment_section(&s->out, "session", body, bytes, err);
    free(body);
    return ok;
}

/* The sections that only a whole image has. */
static bool put_tail(struct ewf_sink *s, const struct exh_ewf_meant *meant, const uint8_t *error2, size_t error2_bytes, struct exh_error *err)
{
    uint8_t digest[EXH_EWF_DIGEST_BYTES], hash[EXH_EWF_HASH_BYTES];
    if (s->segment == 1 && !exh_ewf_segment_section(&s->out, "data", s->volume_body, sizeof s->volume_body, err))
        return false;
    if (!put_session(s, err))
        return false;
    if (error2 != NULL && !exh_ewf_segment_section(&s->out, "error2", error2, error2_bytes, err))
        return false;
    exh_ewf_digest_put(meant->md5, meant->sha1, digest);
    if (meant->sha1 != NULL && !exh_ewf_segment_section(&s->out, "digest", digest, sizeof digest, err))
        return false;
    if (meant->md5 == NULL)
        return true;
    exh_ewf_hash_put(meant->md5, hash);
    return exh_ewf_segment_section(&s->out, "hash", hash, sizeof hash, err);
}

/* What of the tail does not lie in the reserve are the list of unreadable sectors and that of tracks. */
static bool tail_fits(const struct ewf_sink *s, size_t error2_bytes)
{
    uint64_t bytes = (s->segment == 1 ? EXH_EWF_DESCRIPTOR_BYTES + EXH_EWF_VOLUME_BYTES : 0) + EXH_EWF_DESCRIPTOR_BYTES + EXH_EWF_DIGEST_BYTES +
                     EXH_EWF_DESCRIPTOR_BYTES + EXH_EWF_HASH_BYTES + EXH_EWF_DESCRIPTOR_BYTES;
    if (error2_bytes > 0)
        bytes += EXH_EWF_DESCRIPTOR_BYTES + error2_bytes;
    if (s->tracks.count > 0)
        bytes += EXH_EWF_DESCRIPTOR_BYTES + exh_ewf_session_bytes(&s->tracks);
    return exh_ewf_segment_length(&s->out, 0) + bytes <= s->segment_bytes;
}

static bool finish(struct ewf_sink *s, const struct exh_ewf_meant *meant, struct exh_error *err)
{
    uint8_t *error2 = NULL;
    size_t error2_bytes = 0;
    if (!exh_ewf_error2_build(meant->unreadable, &error2, &error2_bytes, err))
        return false;
    bool ok = !is_open(s) || tail_fits(s, error2_bytes) || close_segment(s, err);
    ok = ok && (is_open(s) || begin_segment(s, err)) && put_tail(s, meant, error2, error2_bytes, err);
    free(error2);
    s->broken = !ok;
    s->finished = ok; /* from here on the file may end in `done` */
    return ok && exh_ewf_segment_finish(&s->out, "done", err) && sync_folder(s, err) && exh_ewf_staged_sync(s->folder, true, err);
}

static bool read_back(struct ewf_sink *s, const struct exh_ewf_meant *meant, struct exh_error *err)
{
    struct exh_names paths = {0};
    bool ok = true;
    if (s->volume.chunks > EXH_EWF_LIBEWF_CHUNKS_MAX) {
        s->sink.unwitnessed = "libewf would need more than 512 MiB to open an image of more than 2^26 chunks";
        return true;
    }
    for (size_t i = 0; ok && i < s->sink.files.count; i++) {
        const char *name = s->sink.files.items[i];
        char *path = strchr(name, '/') != NULL ? exh_text_copy(name, strlen(name)) : exh_text_format("%s/%s", s->folder, name);
        ok = path != NULL ? exh_names_add(&paths, path, err) : exh_nomem(err, "a path");
        free(path);
    }
    ok = ok && exh_ewf_libewf_check(&paths, meant, err);
    exh_names_close(&paths);
    return ok;
}

static bool check_seal(const struct ewf_sink *s, const struct exh_layout *final, struct exh_error *err)
{
    bool same = final->track_count == s->layout.track_count;
    if (s->finished || s->broken || s->next_sector != s->track.sectors)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 of %llu sectors is sealed after %llu%s", (unsigned long long)s->track.sectors,
                        (unsigned long long)s->next_sector, s->finished ? ", twice" : "");
    for (uint32_t i = 0; same && i < final->track_count; i++) {
        const struct exh_track *a = &final->tracks[i], *b = &s->layout.tracks[i];
        same = a->sectors == b->sectors && a->main_bytes == b->main_bytes && a->tail_bytes == b->tail_bytes;
    }
    return same || exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 is sealed with another layout than was declared");
}

static bool seal_image(struct exh_sink *base, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    struct ewf_sink *s = (struct ewf_sink *)base;
    struct exh_sectors unreadable = {0};
    struct exh_ewf_meant meant = {.volume = &s->volume,
                                  .values = &s->values,
                                  .unix_time = s->begun,
                                  .md5 = digest_of(s, seal, "md5", 16),
                                  .sha1 = digest_of(s, seal, "sha1", 20),
                                  .tracks = s->tracks.count > 0 ? &s->tracks : NULL,
                                  .unreadable = &unreadable};
    s->sealed =
        check_seal(s, final, err) && list_unreadable(s, &seal->unreadable, &unreadable, err) && finish(s, &meant, err) && read_back(s, &meant, err);
    exh_sectors_close(&unreadable);
    return s->sealed;
}

/* ---- beginning and end ---- */

/* A set that was finished but not found good must not pass for whole: without its `done` section no reader takes it for that. */
static void unfinish(const struct ewf_sink *s)
{
    char name[512];
    const char *folder = s->elsewhere != NULL && s->segment > 1 ? s->elsewhere : s->folder;
    char *path = exh_ewf_segment_name(s->first, s->segment, name, sizeof name) ? exh_text_format("%s/%s", folder, name) : NULL;
    if (path != NULL)
        exh_ewf_staged_unfinish(path);
    free(path);
}

static void close_sink(struct exh_sink *base)
{
    struct ewf_sink *s = (struct ewf_sink *)base;
    exh_ewf_segment_close(&s->out);
    if (s->finished && !s->sealed)
        unfinish(s);
    if (s->folder_fd >= 0)
        (void)close(s->folder_fd);
    if (s->home_fd >= 0)
        (void)close(s->home_fd);
    exh_ewf_headers_close(&s->headers);
    exh_fields_close(&s->values);
    exh_sectors_close(&s->passed);
    exh_scratch_close(s->gather_scratch);
    free(s->gathered);
    exh_block_close(&s->gather);
    exh_ewf_packing_close(&s->packing);
    free(s->folder);
    free(s->first);
    free(s->elsewhere);
    free(s);
}

static bool check_declared(const struct exh_layout *declared, struct exh_error *err)
{
    struct exh_losses losses = {0};
    uint64_t sectors = exh_layout_sectors(declared);
    if (!exh_layout_check(declared, err))
        return false;
    if (declared->kind == EXH_LAYOUT_DISK && declared->track_count != 1)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "an E01 keeps tracks of a disc only: this disk has %u", declared->track_count);
    if (sectors == EXH_SECTORS_UNKNOWN)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "an E01 needs to know the medium's size before it begins");
    if (sectors == 0)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "an E01 cannot hold an empty medium");
    bool ok = exh_ewf_tracks_fit(declared, &losses, err);
    exh_losses_close(&losses);
    return ok;
}

static bool plan_shape(struct ewf_sink *s, const struct exh_create *create, struct exh_error *err)
{
    uint32_t chunk = 0;
    s->layout = *create->declared;
    s->layout.disc = NULL;
    exh_ewf_tracks_join(&s->layout, &s->track);
    if (s->layout.kind == EXH_LAYOUT_DISC)
        exh_ewf_tracks_of(&s->layout, &s->tracks);
    if (!exh_ewf_chunk_sectors(s->track.sectors, s->track.main_bytes, &chunk, err) ||
        !exh_ewf_packing_open(&s->packing, &s->track, chunk, create->compression, err))
        return false;
    bool optical = create->optical || s->layout.kind == EXH_LAYOUT_DISC;
    s->volume = (struct exh_ewf_volume){.media_type = optical             ? MEDIA_OPTICAL
                                                      : create->removable ? MEDIA_REMOVABLE
                                                                          : MEDIA_FIXED,
                                        .flags = FLAG_IMAGE | (create->physical ? FLAG_PHYSICAL : 0),
                                        .compression = (uint8_t)create->compression, /* none, fast, best: 0, 1, 2 */
                                        .chunks = (uint32_t)(s->track.sectors / chunk + (s->track.sectors % chunk != 0)),
                                        .chunk_sectors = chunk,
                                        .sector_bytes = s->track.main_bytes,
                                        .granularity = 1,
                                        .sectors = s->track.sectors};
    memcpy(s->volume.guid, create->guid, sizeof s->volume.guid);
    exh_ewf_volume_put(&s->volume, s->volume_body);
    return true;
}

static bool plan_headers(struct ewf_sink *s, const struct exh_create *create, struct exh_error *err)
{
    s->begun = create->unix_time;
    if (!exh_ewf_values_of(create, &s->values, err) || !exh_ewf_headers_build(&s->values, s->begun, &s->headers, err))
        return false;
    uint64_t head =
        EXH_EWF_FILE_HEADER_BYTES + 4 * EXH_EWF_DESCRIPTOR_BYTES + 2 * s->headers.header2_bytes + s->headers.header_bytes + EXH_EWF_VOLUME_BYTES;
    return exh_ewf_segment_bytes(create->segment_bytes, s->volume.chunks, s->packing.chunk_bytes, head, &s->segment_bytes, err);
}

static bool plan_files(struct ewf_sink *s, const struct exh_create *create, struct exh_error *err)
{
    const struct exh_names *folders = create->folders;
    const char *last = folders != NULL && folders->count > 0 ? folders->items[folders->count - 1] : NULL;
    s->folder = exh_text_copy(create->folder, strlen(create->folder));
    s->elsewhere = last != NULL ? exh_text_copy(last, strlen(last)) : NULL;
    if (s->folder == NULL || (last != NULL && s->elsewhere == NULL))
        return exh_nomem(err, "a folder");
    s->first = exh_ewf_staged_first(create->name, err);
    if (s->first == NULL)
        return false;
    const char *folder = last != NULL ? last : s->folder;
    s->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->home_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (s->folder_fd >= 0 && s->home_fd >= 0) || exh_fail_sys(err, errno, EXH_NO_OFFSET, "cannot open the staging folder %s", folder);
}

/* Takes over what is there, if asked to; the headers are then those of the first run. */
static bool take_over(struct ewf_sink *s, const struct exh_create *create, struct exh_error *err)
{
    struct exh_ewf_kept kept;
    if (!create->resume)
        return true;
    if (create->resume_sectors > s->track.sectors)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "an E01 of %llu sectors cannot go on behind sector %llu", (unsigned long long)s->track.sectors,
                        (unsigned long long)create->resume_sectors);
    if (create->resume_sectors > 0 && s->layout.track_count > 1)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "an E01 of several tracks cannot be gone on with: it has to begin anew");
    bool ok = exh_ewf_kept_take(create, s->first, &s->volume, &kept, err);
    if (ok && kept.segments > 0) {
        s->segment = kept.segments;
        s->next_sector = s->closed_sectors = create->resume_sectors;
        s->sink.files = kept.files;
        kept.files = (struct exh_names){0};
        exh_fields_close(&s->values);
        exh_ewf_headers_close(&s->headers);
        struct exh_create first_run = *create;
        first_run.unix_time = kept.unix_time;
        first_run.program = kept.program;
        first_run.platform = kept.platform;
        ok = plan_headers(s, &first_run, err);
    }
    exh_ewf_kept_close(&kept);
    return ok;
}

static bool prepare(struct ewf_sink *s, const struct exh_create *create, struct exh_error *err)
{
    return check_declared(create->declared, err) && plan_shape(s, create, err) && plan_headers(s, create, err) && plan_files(s, create, err) &&
           exh_ewf_segment_open(&s->out, err) && open_gather(s, err) && take_over(s, create, err) &&
           (s->next_sector == s->track.sectors || begin_segment(s, err));
}

bool exh_ewf_write_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    static const struct exh_consumer_ops consumer_ops = {
        .result_bytes = packed_bytes, .scratch_new = pack_scratch_new, .work = pack_block, .take = take_block};
    static const struct exh_consumer_ops track_ops = {.take = take_of_track};
    static const struct exh_sink_ops sink_ops = {.save = save_segments, .seal = seal_image, .close = close_sink};
    struct ewf_sink *s = calloc(1, sizeof *s);
    *out = NULL;
    if (s == NULL)
        return exh_nomem(err, "an E01");
    s->sink = (struct exh_sink){.consumer.ops = &consumer_ops, .ops = &sink_ops, .can = EXH_EWF_WRITE_CAN};
    s->folder_fd = s->home_fd = s->out.file = -1;
    if (!prepare(s, create, err)) {
        exh_sink_close(&s->sink);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    bool tracks = s->layout.track_count > 1;
    s->sink.unit_sectors = tracks ? 1 : s->packing.chunk_sectors;
    if (tracks)
        s->sink.consumer.ops = &track_ops;
    *out = &s->sink;
    return true;
}
