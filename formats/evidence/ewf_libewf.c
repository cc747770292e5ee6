/* ewf_libewf.c - the second witness, through libewf (see ewf_libewf.h). The only file that includes libewf.h.
 *
 * Written for libewf 20140813. The format: libewf's "Expert Witness Compression Format" documentation. */
#include <errno.h>

#include <libewf.h>

#include "formats/evidence/ewf_libewf.h"

#include "formats/evidence/ewf_chunking.h"
#include "formats/evidence/ewf_fields.h"
#include "formats/evidence/ewf_text.h"
#include "formats/model/text.h"

/* Reading, libewf keeps every segment open, and 1024 descriptors are the usual limit. Told of one itself it can keep to it, but fails to open
 * an image that has fewer segments than that; so it is told only of a limit that is exceeded. */
#define OPEN_SEGMENTS_MAX 64

/* ---- libewf's errors ---- */

/* Sets err from libewf's error, its cause first, and frees that. sys: an errno, or 0. */
static bool ewf_fail(struct exh_error *err, libewf_error_t **error, enum exh_code code, int sys, uint64_t at, const char *what)
{
    char trace[4096] = "";
    if (*error != NULL && libewf_error_backtrace_sprint(*error, trace, sizeof trace) < 0 && libewf_error_sprint(*error, trace, sizeof trace) < 0)
        trace[0] = '\0';
    libewf_error_free(error);
    for (char *c = trace; *c != '\0'; c++)
        if (*c == '\n')
            *c = c[1] != '\0' ? ';' : '\0';
    const char *because = trace[0] != '\0' ? trace : "libewf gives no reason";
    if (sys != 0)
        return exh_fail_sys(err, sys, at, "%s: %.300s", what, because);
    return exh_fail(err, code, at, "%s: %.300s", what, because);
}

static bool new_handle(libewf_handle_t **out, struct exh_error *err)
{
    libewf_error_t *error = NULL;
    *out = NULL;
    libewf_notify_set_verbose(0);
    (void)libewf_notify_set_stream(NULL, NULL); /* libewf prints nothing of its own */
    if (libewf_handle_initialize(out, &error) != 1)
        return ewf_fail(err, &error, EXH_NOMEM, 0, EXH_NO_OFFSET, "libewf cannot start");
    return true;
}

static void free_handle(libewf_handle_t **handle)
{
    if (*handle == NULL)
        return;
    (void)libewf_handle_close(*handle, NULL); /* fails on one that was never opened */
    (void)libewf_handle_free(handle, NULL);
}

/* ---- a new image against what was meant ---- */

static bool lost(struct exh_error *err, const char *what)
{
    return exh_fail(err, EXH_LOST, EXH_NO_OFFSET, "the E01 does not hold the %s as it was given", what);
}

/* A header value as libewf reads it, on the heap; *out NULL when there is none. */
static bool header_value(libewf_handle_t *handle, const char *identifier, char **out, struct exh_error *err)
{
    size_t size = 0, length = strlen(identifier);
    const uint8_t *name = (const uint8_t *)identifier;
    *out = NULL;
    if (libewf_handle_get_utf8_header_value_size(handle, name, length, &size, NULL) != 1 || size == 0 || size > (64u << 20))
        return true;
    char *value = calloc(1, size + 1);
    if (value == NULL)
        return exh_nomem(err, "a header value");
    if (libewf_handle_get_utf8_header_value(handle, name, length, (uint8_t *)value, size, NULL) != 1) {
        free(value);
        return true;
    }
    *out = value;
    return true;
}

static bool check_value(libewf_handle_t *handle, const char *identifier, const char *key, const char *meant, struct exh_error *err)
{
    char *held = NULL, what[96];
    if (!header_value(handle, identifier, &held, err))
        return false;
    bool same = strcmp(held != NULL ? held : "", meant != NULL ? meant : "") == 0;
    free(held);
    (void)snprintf(what, sizeof what, "field '%s'", key);
    return same || lost(err, what);
}

static bool check_values(const struct exh_ewf_meant *meant, libewf_handle_t *handle, struct exh_error *err)
{
    char date[32] = "";
    time_t when = (time_t)meant->unix_time;
    struct tm local; /* libewf gives its dates in the local zone */
    for (const struct exh_ewf_key *k = exh_ewf_keys; k->key != NULL; k++)
        if (!check_value(handle, k->identifier, k->key, exh_fields_get(meant->values, k->identifier), err))
            return false;
    if (localtime_r(&when, &local) == NULL || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &local) == 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the time %lld has no date", (long long)when);
    return check_value(handle, "acquiry_date", "ewf_acquired", date, err) && check_value(handle, "system_date", "ewf_system_date", date, err);
}

static bool check_shape(const struct exh_ewf_volume *v, libewf_handle_t *handle, struct exh_error *err)
{
    uint64_t sectors = 0;
    size64_t media = 0;
    uint32_t sector_bytes = 0, chunk_sectors = 0, granularity = 0;
    uint8_t type = 0xFF, flags = 0xFF, guid[16] = {0};
    if (libewf_handle_segment_files_corrupted(handle, NULL) != 0)
        return lost(err, "set of segments");
    if (libewf_handle_get_media_size(handle, &media, NULL) != 1 || media != v->sectors * v->sector_bytes)
        return lost(err, "media size");
    if (libewf_handle_get_number_of_sectors(handle, &sectors, NULL) != 1 || sectors != v->sectors)
        return lost(err, "number of sectors");
    if (libewf_handle_get_bytes_per_sector(handle, &sector_bytes, NULL) != 1 || sector_bytes != v->sector_bytes)
        return lost(err, "sector size");
    if (libewf_handle_get_sectors_per_chunk(handle, &chunk_sectors, NULL) != 1 || chunk_sectors != v->chunk_sectors)
        return lost(err, "chunk size");
    if (libewf_handle_get_error_granularity(handle, &granularity, NULL) != 1 || granularity != v->granularity)
        return lost(err, "error granularity");
    if (libewf_handle_get_media_type(handle, &type, NULL) != 1 || type != v->media_type)
        return lost(err, "media type");
    if (libewf_handle_get_media_flags(handle, &flags, NULL) != 1 || flags != v->flags)
        return lost(err, "media flags");
    if (libewf_handle_get_segment_file_set_identifier(handle, guid, sizeof guid, NULL) != 1 || memcmp(guid, v->guid, sizeof guid) != 0)
        return lost(err, "set identifier");
    return true;
}

static bool check_digests(const struct exh_ewf_meant *meant, libewf_handle_t *handle, struct exh_error *err)
{
    uint8_t held[20] = {0};
    if ((libewf_handle_get_md5_hash(handle, held, 16, NULL) == 1) != (meant->md5 != NULL) ||
        (meant->md5 != NULL && memcmp(held, meant->md5, 16) != 0))
        return lost(err, "MD5");
    if ((libewf_handle_get_sha1_hash(handle, held, 20, NULL) == 1) != (meant->sha1 != NULL) ||
        (meant->sha1 != NULL && memcmp(held, meant->sha1, 20) != 0))
        return lost(err, "SHA-1");
    return true;
}

static bool check_errors(const struct exh_sectors *unreadable, libewf_handle_t *handle, struct exh_error *err)
{
    uint32_t held = 0, next = 0;
    if (libewf_handle_get_number_of_acquiry_errors(handle, &held, NULL) != 1)
        held = 0;
    for (size_t i = 0; i < unreadable->count; i++) {
        uint64_t start, count, held_start, held_count;
        if (!exh_ewf_error_range(&unreadable->ranges[i], &start, &count))
            continue;
        if (next >= held || libewf_handle_get_acquiry_error(handle, next, &held_start, &held_count, NULL) != 1 || held_start != start ||
            held_count != count)
            return lost(err, "list of unreadable sectors");
        next++;
    }
    return next == held || lost(err, "list of unreadable sectors");
}

/* libewf takes an entry without the audio flag for the start of a session, and one with it for a track that reaches to the next entry. Where a track
 * of audio begins it takes from the last one that ended, so behind a data track it says too early a sector; and a single entry is no track to it. */
static bool check_tracks(const struct exh_ewf_tracks *tracks, uint64_t sectors, libewf_handle_t *handle, struct exh_error *err)
{
    uint32_t sessions = 0, audio = 0, session = 0, track = 0;
    uint64_t start, count, begun = 0;
    if (libewf_handle_get_number_of_sessions(handle, &sessions, NULL) != 1)
        sessions = 0;
    if (libewf_handle_get_number_of_tracks(handle, &audio, NULL) != 1)
        audio = 0;
    for (uint32_t i = 0; tracks != NULL && i < tracks->count; i++) {
        bool last = i + 1 == tracks->count;
        uint64_t end = last ? sectors : tracks->first[i + 1];
        if (tracks->audio[i] && tracks->count > 1 && (libewf_handle_get_track(handle, track++, &start, &count, NULL) != 1 || start + count != end))
            return lost(err, "list of tracks");
        if (!last && tracks->audio[i + 1])
            continue;
        if (libewf_handle_get_session(handle, session++, &start, &count, NULL) != 1 || start != begun || start + count != end)
            return lost(err, "list of sessions");
        begun = end;
    }
    return (session == sessions && track == audio) || lost(err, "list of tracks");
}

static bool open_handle(libewf_handle_t **out, const struct exh_names *paths, struct exh_error *err)
{
    libewf_error_t *error = NULL;
    if (!new_handle(out, err))
        return false;
    errno = 0;
    if (paths->count > 0 && paths->count <= UINT16_MAX &&
        (paths->count <= OPEN_SEGMENTS_MAX || libewf_handle_set_maximum_number_of_open_handles(*out, OPEN_SEGMENTS_MAX, &error) == 1) &&
        libewf_handle_open(*out, paths->items, (int)paths->count, LIBEWF_OPEN_READ, &error) == 1 &&
        libewf_handle_set_header_values_date_format(*out, LIBEWF_DATE_FORMAT_ISO8601, &error) == 1)
        return true;
    (void)ewf_fail(err, &error, EXH_CORRUPT, 0, EXH_NO_OFFSET, "libewf cannot open the image");
    free_handle(out);
    return false;
}

bool exh_ewf_libewf_check(const struct exh_names *paths, const struct exh_ewf_meant *meant, struct exh_error *err)
{
    libewf_handle_t *handle = NULL;
    if (!open_handle(&handle, paths, err)) {
        if (err->code == EXH_CORRUPT)
            err->code = EXH_LOST;
        return exh_context(err, "reading the new E01 back");
    }
    bool ok = check_shape(meant->volume, handle, err) && check_values(meant, handle, err) && check_digests(meant, handle, err) &&
              check_errors(meant->unreadable, handle, err) && check_tracks(meant->tracks, meant->volume->sectors, handle, err);
    free_handle(&handle);
    return ok;
}

/* ---- the second witness ---- */

struct ewf_witness {
    struct exh_medium medium;
    libewf_handle_t *handle;
    struct exh_layout layout;
    struct exh_seal seal;
    struct exh_names files;
    bool corrupted;  /* libewf says that the set of segments is not whole */
    bool doubted;    /* that, or a chunk has failed */
    uint8_t *stored; /* room for one chunk as stored */
    size_t stored_bytes;
};

/* No image we know has chunks past 16 MiB (EnCase, 32768 sectors of 512). */
#define WITNESS_CHUNK_BYTES_MAX (64u << 20)

static bool mark_range(struct exh_block *out, uint64_t first, uint64_t start, uint64_t count, enum exh_state state)
{
    if (start >= first + out->count || count == 0 || (start < first && count <= first - start))
        return false;
    uint64_t from = start > first ? start - first : 0, skipped = start > first ? 0 : first - start;
    uint64_t left = count - skipped, room = out->count - from;
    memset(out->state + from, (int)state, (size_t)(left < room ? left : room));
    return true;
}

/* libewf collects the chunks that failed their checksum as it reads; one read before stays on its list. */
static void mark_damaged(struct ewf_witness *w, struct exh_block *out)
{
    uint32_t count = 0;
    uint64_t start, sectors;
    if (libewf_handle_get_number_of_checksum_errors(w->handle, &count, NULL) != 1)
        return;
    w->doubted |= count != 0;
    for (uint32_t i = 0; i < count; i++)
        if (libewf_handle_get_checksum_error(w->handle, i, &start, &sectors, NULL) == 1)
            (void)mark_range(out, (uint64_t)out->lba, start, sectors, EXH_MISSING);
}

static void mark_unreadable(const struct ewf_witness *w, struct exh_block *out)
{
    int64_t end = out->lba + (int64_t)out->count;
    for (const struct exh_range *r = exh_sectors_find(&w->seal.unreadable, out->lba); r != NULL && r->lba < end;
         r = exh_sectors_find(&w->seal.unreadable, r->lba + (int64_t)r->count))
        (void)mark_range(out, (uint64_t)out->lba, (uint64_t)r->lba, r->count, EXH_BAD);
}

/* Is the chunk at `offset` gone? libewf reads such a chunk as zeros, and loses the memory of its buffer each time; asked for the stored form
 * it says so. Not asked of an image that gave no reason. */
static bool chunk_is_gone(struct ewf_witness *w, uint64_t offset)
{
    int8_t compressed = 0, with_checksum = 0;
    uint32_t checksum = 0;
    uint8_t checksum_bytes[4];
    libewf_error_t *error = NULL;
    if (!w->doubted)
        return false;
    bool gone = libewf_handle_seek_offset(w->handle, (off64_t)offset, SEEK_SET, &error) < 0 ||
                libewf_handle_read_chunk(w->handle, w->stored, w->stored_bytes, &compressed, checksum_bytes, &checksum, &with_checksum, &error) <= 0;
    libewf_error_free(&error);
    return gone;
}

/* One chunk, or the part of it that is wanted: its failure must not take the neighbours along. */
static void read_piece(struct ewf_witness *w, struct exh_block *out, uint32_t from, uint32_t count)
{
    uint32_t sector_bytes = w->layout.tracks[0].main_bytes;
    uint8_t *data = out->main + (size_t)from * sector_bytes;
    uint64_t offset = ((uint64_t)out->lba + from) * sector_bytes;
    size_t wanted = (size_t)exh_track_bytes(&w->layout.tracks[0], out->lba + from, count), got = 0;
    libewf_error_t *error = NULL;
    bool gone = chunk_is_gone(w, offset);
    while (!gone && got < wanted) {
        ssize_t n = libewf_handle_read_random(w->handle, data + got, wanted - got, (off64_t)(offset + got), &error);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    libewf_error_free(&error);
    uint32_t good = got == wanted ? count : (uint32_t)(got / sector_bytes);
    memset(out->state + from, EXH_GOOD, good);
    memset(out->state + from + good, EXH_MISSING, count - good);
}

static bool witness_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_want *want, struct exh_block *out,
                         struct exh_faults *faults, struct exh_error *err)
{
    struct ewf_witness *w = (struct ewf_witness *)medium;
    (void)scratch, (void)faults, (void)err;
    uint32_t unit = medium->unit_sectors;
    for (uint32_t done = 0, n; done < want->count; done += n) {
        uint32_t to_edge = unit - (uint32_t)(((uint64_t)want->lba + done) % unit);
        n = want->count - done < to_edge ? want->count - done : to_edge;
        read_piece(w, out, done, n);
    }
    mark_unreadable(w, out);
    mark_damaged(w, out);
    return true;
}

static bool witness_inspect(struct exh_medium *medium, struct exh_inspection *in, struct exh_error *err)
{
    struct ewf_witness *w = (struct ewf_witness *)medium;
    const char *file = exh_text_base(w->files.items[0]);
    uint8_t format = 0, guid[16];
    char hex[33] = "";
    if (libewf_handle_get_segment_file_set_identifier(w->handle, guid, sizeof guid, NULL) == 1)
        exh_text_hex(guid, sizeof guid, hex);
    (void)libewf_handle_get_format(w->handle, &format, NULL);
    return exh_inspection_fact(in, file, EXH_NO_OFFSET, "libewf format", err, "0x%02x", format) &&
           exh_inspection_fact(in, file, EXH_NO_OFFSET, "libewf version", err, "%s", libewf_get_version()) &&
           exh_inspection_fact(in, file, EXH_NO_OFFSET, "chunk sectors", err, "%u", medium->unit_sectors) &&
           exh_inspection_fact(in, file, EXH_NO_OFFSET, "set identifier", err, "%s", hex) &&
           (!w->corrupted ||
            exh_inspection_remark(in, "segment-set", EXH_FAILS, file, EXH_NO_OFFSET, err, "libewf calls the set of segments corrupted"));
}

static void witness_close(struct exh_medium *medium)
{
    struct ewf_witness *w = (struct ewf_witness *)medium;
    free_handle(&w->handle);
    free(w->stored);
    exh_seal_close(&w->seal);
    exh_names_close(&w->files);
    free(w);
}

static bool witness_fields(struct ewf_witness *w, uint64_t *media_bytes, struct exh_error *err)
{
    static const struct exh_ewf_key dates[] = {{"ewf_acquired", "acquiry_date"}, {"ewf_system_date", "system_date"}, {NULL, NULL}};
    const struct exh_ewf_key *const lists[] = {exh_ewf_keys, dates};
    for (size_t i = 0; i < 2; i++)
        for (const struct exh_ewf_key *k = lists[i]; k->key != NULL; k++) {
            char *held = NULL, *text = NULL;
            if (!header_value(w->handle, k->identifier, &held, err))
                return false;
            bool ok =
                held == NULL || held[0] == '\0' || (text = exh_text_to_utf8((const uint8_t *)held, strlen(held))) != NULL || exh_nomem(err, k->key);
            ok = ok && (text == NULL || exh_fields_set(&w->seal.fields, k->key, text, err));
            free(held);
            free(text);
            if (!ok)
                return false;
        }
    struct exh_ewf_trailer trailer;
    exh_ewf_text_trailer(&w->seal.fields, &trailer);
    *media_bytes = trailer.has_media_bytes ? trailer.media_bytes : EXH_SECTORS_UNKNOWN;
    return true;
}

static bool witness_layout(struct ewf_witness *w, uint64_t media_bytes, struct exh_error *err)
{
    uint32_t sector_bytes = 0;
    size32_t chunk_bytes = 0;
    size64_t size = 0;
    libewf_error_t *error = NULL;
    if (libewf_handle_get_media_size(w->handle, &size, &error) != 1 || libewf_handle_get_bytes_per_sector(w->handle, &sector_bytes, &error) != 1 ||
        libewf_handle_get_chunk_size(w->handle, &chunk_bytes, &error) != 1)
        return ewf_fail(err, &error, EXH_CORRUPT, 0, EXH_NO_OFFSET, "libewf does not know the medium's size");
    if (size == 0)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "libewf finds no medium in the image");
    if (sector_bytes == 0 || sector_bytes > EXH_SECTOR_BYTES_MAX)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "the image has sectors of %u bytes", sector_bytes);
    if (chunk_bytes > WITNESS_CHUNK_BYTES_MAX)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "the image has chunks of %u bytes; at most 64 MiB are read", chunk_bytes);
    w->stored_bytes = 2 * (size_t)chunk_bytes + 4096; /* a stream may be a little longer than its data */
    w->stored = malloc(w->stored_bytes);
    if (w->stored == NULL)
        return exh_nomem(err, "a chunk");
    /* The true size of ours is that of the whole sectors but for part of the last one; any other claim is none. */
    bool tail = media_bytes < size && size - media_bytes < sector_bytes && size % sector_bytes == 0;
    exh_layout_disk(&w->layout, tail ? media_bytes : size, sector_bytes);
    w->medium.unit_sectors = chunk_bytes >= sector_bytes ? chunk_bytes / sector_bytes : 1;
    return exh_layout_check(&w->layout, err);
}

static bool witness_errors(struct ewf_witness *w, struct exh_error *err)
{
    uint32_t count = 0;
    uint64_t sectors = w->layout.tracks[0].sectors, start, n;
    if (libewf_handle_get_number_of_acquiry_errors(w->handle, &count, NULL) != 1)
        return true;
    for (uint32_t i = 0; i < count; i++) {
        if (libewf_handle_get_acquiry_error(w->handle, i, &start, &n, NULL) != 1 || start >= sectors)
            continue;
        if (!exh_sectors_mark(&w->seal.unreadable, (int64_t)start, n < sectors - start ? n : sectors - start, EXH_BAD, err))
            return false;
    }
    return true;
}

static bool witness_digest(struct ewf_witness *w, const char *algorithm, const uint8_t *bytes, uint32_t length, struct exh_error *err)
{
    struct exh_digest_value value = {.length = length, .not_good = exh_sectors_total(&w->seal.unreadable, EXH_BAD)};
    /* What EWF hashes are the sectors as stored. */
    (void)snprintf(value.scope, sizeof value.scope, "%s", w->layout.tracks[0].tail_bytes != 0 ? "padded" : "media");
    (void)snprintf(value.algorithm, sizeof value.algorithm, "%s", algorithm);
    memcpy(value.bytes, bytes, length);
    return exh_digests_add(&w->seal.digests, &value, err);
}

static bool witness_open(struct ewf_witness *w, const struct exh_names *paths, struct exh_error *err)
{
    uint64_t media_bytes = 0;
    uint8_t hash[20] = {0};
    for (size_t i = 0; i < paths->count; i++)
        if (!exh_names_add(&w->files, paths->items[i], err))
            return false;
    if (!open_handle(&w->handle, &w->files, err))
        return false;
    w->doubted = w->corrupted = libewf_handle_segment_files_corrupted(w->handle, NULL) != 0;
    (void)libewf_handle_set_read_zero_chunk_on_error(w->handle, 1, NULL); /* a chunk that fails reads as zeros, and is on the list */
    return witness_fields(w, &media_bytes, err) && witness_layout(w, media_bytes, err) && witness_errors(w, err) &&
           (libewf_handle_get_md5_hash(w->handle, hash, 16, NULL) != 1 || witness_digest(w, "md5", hash, 16, err)) &&
           (libewf_handle_get_sha1_hash(w->handle, hash, 20, NULL) != 1 || witness_digest(w, "sha1", hash, 20, err));
}

struct exh_medium *exh_ewf_libewf_open(const struct exh_names *paths, struct exh_error *err)
{
    static const struct exh_medium_ops ops = {.read = witness_read, .inspect = witness_inspect, .close = witness_close};
    struct ewf_witness *w = calloc(1, sizeof *w);
    if (w == NULL) {
        (void)exh_nomem(err, "an image");
        return NULL;
    }
    w->medium =
        (struct exh_medium){.ops = &ops, .format = "ewf-libewf", .layout = &w->layout, .seal = &w->seal, .files = &w->files, .unit_sectors = 1};
    if (!witness_open(w, paths, err)) {
        witness_close(&w->medium);
        return NULL;
    }
    return &w->medium;
}
