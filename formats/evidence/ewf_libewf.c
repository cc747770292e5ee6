/* ewf_libewf.c - the E01 writer and the second witness, both through libewf (see ewf_libewf.h). The only file that includes libewf.h.
 *
 * Written for libewf 20140813, whose calls report success for much that they did not do: it drops digests and error lists in most formats,
 * cuts header values at a tab, truncates 64-bit sector numbers, fills an unfinished image up with nothing. So the writer gives it only what
 * it can hold (ewf_fields, ewf_chunking), and compares afterwards. The format: libewf's "Expert Witness Compression Format" documentation. */
#include <errno.h>

#include <libewf.h>

#include "formats/evidence/ewf_libewf.h"

#include "formats/evidence/ewf_chunking.h"
#include "formats/evidence/ewf_fields.h"
#include "formats/evidence/ewf_pack.h"
#include "formats/evidence/ewf_staged.h"
#include "formats/evidence/ewf_text.h"
#include "formats/model/text.h"

/* Reading, libewf keeps every segment open, and 1024 descriptors are the usual limit. Told of one itself it can keep to it, but fails to open
 * an image that has fewer segments than that; so it is told only of a limit that is exceeded. Writing, it closes them as it goes. */
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

/* ---- the sink ---- */

struct ewf_sink {
    struct exh_sink sink;
    libewf_handle_t *handle; /* NULL once finalized */
    char *folder, *stem;     /* stem: "folder/name" without ".E01" */
    struct exh_track track;  /* as declared */
    struct exh_ewf_packing packing;
    uint64_t segment_bytes;
    uint8_t media_type, media_flags, guid[16];
    time_t begun;
    struct exh_fields values; /* header values as they are to be stored, by libewf's identifiers */
    uint64_t next_sector;     /* counted from the track's first */
    struct exh_sectors unreadable;
    bool sealed;
};

static const struct ewf_sink *sink_of(const struct exh_consumer *consumer) { return (const struct ewf_sink *)(const void *)consumer; }

/* Compressing, on any thread: none of these touch libewf. */
static struct exh_scratch *pack_scratch_new(const struct exh_consumer *consumer) { return exh_ewf_pack_scratch(&sink_of(consumer)->packing); }

static size_t packed_bytes(const struct exh_consumer *consumer, uint32_t sectors, uint32_t main_bytes)
{
    (void)main_bytes; /* the declared one */
    return exh_ewf_packing_bytes(&sink_of(consumer)->packing, sectors);
}

static bool pack_block(const struct exh_consumer *consumer, struct exh_scratch *scratch, const struct exh_block *block, void *result,
                       struct exh_error *err)
{
    return exh_ewf_pack(&sink_of(consumer)->packing, scratch, block, result, err) || exh_on_side(err, EXH_SIDE_DESTINATION);
}

/* ---- the sink: writing, in order ---- */

/* The segment files there are, first to last, as paths. */
static bool list_segments(const struct ewf_sink *sink, struct exh_names *paths, struct exh_error *err)
{
    char *first = exh_text_format("%s.E01", sink->stem), **found = NULL;
    int count = 0;
    libewf_error_t *error = NULL;
    if (first == NULL)
        return exh_nomem(err, "a file name");
    bool ok = libewf_glob(first, strlen(first), LIBEWF_FORMAT_UNKNOWN, &found, &count, &error) == 1;
    free(first);
    if (!ok)
        return ewf_fail(err, &error, EXH_LOST, 0, EXH_NO_OFFSET, "the E01's segment files are not there");
    for (int i = 0; ok && i < count; i++)
        ok = exh_names_add(paths, found[i], err);
    (void)libewf_glob_free(found, count, NULL);
    return ok;
}

static bool write_failed(const struct ewf_sink *sink, libewf_error_t **error, int sys, const char *what, struct exh_error *err)
{
    struct exh_names paths = {0};
    struct exh_error ignored;
    uint64_t at = EXH_NO_OFFSET;
    exh_error_clear(&ignored);
    const char *segment = list_segments(sink, &paths, &ignored) && paths.count > 0 ? paths.items[paths.count - 1] : NULL;
    int reason = segment != NULL ? exh_ewf_staged_reason(segment, sink->packing.chunk_bytes, &at) : 0;
    (void)ewf_fail(err, error, EXH_IO, reason != 0 ? reason : sys, at, what);
    if (segment != NULL)
        (void)exh_in_file(err, exh_text_base(segment));
    exh_names_close(&paths);
    return exh_on_side(err, EXH_SIDE_DESTINATION);
}

static bool check_place(const struct ewf_sink *sink, const struct exh_block *block, struct exh_error *err)
{
    uint64_t left = sink->track.sectors - sink->next_sector;
    if (sink->handle == NULL)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "a block for an E01 that is already sealed");
    if (block->lba - sink->track.first != (int64_t)sink->next_sector)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 was given LBA %lld where LBA %lld follows", (long long)block->lba,
                        (long long)(sink->track.first + (int64_t)sink->next_sector));
    if (block->count == 0 || block->count > left || (block->count != left && block->count % sink->packing.chunk_sectors != 0))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 of %u-sector chunks was given %u sectors with %llu to come", sink->packing.chunk_sectors,
                        block->count, (unsigned long long)left);
    return true;
}

/* A doubted sector (SUSPECT) holds its data; the list is of those that do not. */
static bool note_unreadable(struct ewf_sink *sink, const struct exh_block *block, struct exh_error *err)
{
    for (uint32_t i = 0, n; block->bad != 0 && i < block->count; i += n) {
        bool lost = block->state[i] < EXH_SUSPECT;
        for (n = 1; i + n < block->count && (block->state[i + n] < EXH_SUSPECT) == lost; n++)
            ;
        if (lost && !exh_sectors_mark(&sink->unreadable, (int64_t)(sink->next_sector + i), n, EXH_BAD, err))
            return false;
    }
    return true;
}

static bool take_block(struct exh_consumer *consumer, const struct exh_block *block, const void *result, struct exh_error *err)
{
    struct ewf_sink *sink = (struct ewf_sink *)consumer;
    const struct exh_ewf_packed *packed = result;
    size_t chunks = exh_ewf_packing_chunks(&sink->packing, block->count);
    if (!check_place(sink, block, err) || !note_unreadable(sink, block, err))
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    for (size_t i = 0; i < chunks; i++) {
        const struct exh_ewf_packed *p = &packed[i];
        const uint8_t *bytes = exh_ewf_packed_bytes(&sink->packing, block, result, i);
        uint8_t checksum[4]; /* libewf writes the raw chunk's checksum from here */
        libewf_error_t *error = NULL;
        errno = 0;
        ssize_t n = libewf_handle_write_chunk(sink->handle, bytes, p->size, p->data_size, p->compressed ? 1 : 0, checksum, p->checksum,
                                              p->compressed ? 0 : 1, &error);
        if (n != (ssize_t)p->size) {
            int sys = errno;
            char what[96];
            (void)snprintf(what, sizeof what, "cannot write the E01's chunk of LBA %lld",
                           (long long)(block->lba + (int64_t)(i * sink->packing.chunk_sectors)));
            return write_failed(sink, &error, sys, what, err);
        }
    }
    sink->next_sector += block->count;
    return true;
}

/* ---- the sink: sealing, and what came of it ---- */

static const struct exh_digest_value *digest_to_store(const struct ewf_sink *sink, const struct exh_seal *seal, const char *algorithm,
                                                      uint32_t length)
{
    const struct exh_digest_value *d = exh_digests_find(&seal->digests, sink->track.tail_bytes != 0 ? "padded" : "media", algorithm);
    return d != NULL && d->length == length ? d : NULL;
}

static bool store_digest(struct ewf_sink *sink, const struct exh_digest_value *digest, struct exh_error *err)
{
    libewf_error_t *error = NULL;
    uint8_t bytes[EXH_DIGEST_BYTES_MAX]; /* libewf takes no const */
    if (digest == NULL)
        return true;
    memcpy(bytes, digest->bytes, sizeof bytes);
    int ok = digest->length == 16 ? libewf_handle_set_md5_hash(sink->handle, bytes, 16, &error)
                                  : libewf_handle_set_sha1_hash(sink->handle, bytes, 20, &error);
    return ok == 1 || ewf_fail(err, &error, EXH_LOST, 0, EXH_NO_OFFSET, "libewf does not take a digest");
}

static bool store_errors(struct ewf_sink *sink, struct exh_error *err)
{
    for (size_t i = 0; i < sink->unreadable.count; i++) {
        uint64_t start, count;
        libewf_error_t *error = NULL;
        if (exh_ewf_error_range(&sink->unreadable.ranges[i], &start, &count) &&
            libewf_handle_append_acquiry_error(sink->handle, start, count, &error) != 1)
            return ewf_fail(err, &error, EXH_LOST, 0, EXH_NO_OFFSET, "libewf does not take an unreadable range");
    }
    return true;
}

static bool finalize(struct ewf_sink *sink, struct exh_error *err)
{
    libewf_error_t *error = NULL;
    errno = 0;
    /* 0 written is its way of saying that the image is not whole. */
    if (libewf_handle_write_finalize(sink->handle, &error) <= 0)
        return write_failed(sink, &error, errno, "cannot finish the E01", err);
    errno = 0;
    if (libewf_handle_close(sink->handle, &error) != 0)
        return write_failed(sink, &error, errno, "cannot close the E01", err);
    (void)libewf_handle_free(&sink->handle, NULL);
    return true;
}

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

static bool check_values(const struct ewf_sink *sink, libewf_handle_t *handle, struct exh_error *err)
{
    char date[32] = "";
    struct tm local;
    for (const struct exh_ewf_key *k = exh_ewf_keys; k->key != NULL; k++)
        if (!check_value(handle, k->identifier, k->key, exh_fields_get(&sink->values, k->identifier), err))
            return false;
    if (localtime_r(&sink->begun, &local) == NULL || strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &local) == 0)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the time %lld has no date", (long long)sink->begun);
    return check_value(handle, "acquiry_date", "ewf_acquired", date, err) && check_value(handle, "system_date", "ewf_system_date", date, err);
}

static bool check_shape(const struct ewf_sink *sink, libewf_handle_t *handle, struct exh_error *err)
{
    uint64_t sectors = 0;
    size64_t media = 0;
    uint32_t sector_bytes = 0, chunk_sectors = 0;
    uint8_t type = 0xFF, flags = 0xFF, guid[16] = {0};
    if (libewf_handle_segment_files_corrupted(handle, NULL) != 0)
        return lost(err, "set of segments");
    if (libewf_handle_get_media_size(handle, &media, NULL) != 1 || media != sink->track.sectors * sink->track.main_bytes)
        return lost(err, "media size");
    if (libewf_handle_get_number_of_sectors(handle, &sectors, NULL) != 1 || sectors != sink->track.sectors)
        return lost(err, "number of sectors");
    if (libewf_handle_get_bytes_per_sector(handle, &sector_bytes, NULL) != 1 || sector_bytes != sink->track.main_bytes)
        return lost(err, "sector size");
    if (libewf_handle_get_sectors_per_chunk(handle, &chunk_sectors, NULL) != 1 || chunk_sectors != sink->packing.chunk_sectors)
        return lost(err, "chunk size");
    if (libewf_handle_get_media_type(handle, &type, NULL) != 1 || type != sink->media_type)
        return lost(err, "media type");
    /* Bit 0 says "an image" and is libewf's own. */
    if (libewf_handle_get_media_flags(handle, &flags, NULL) != 1 || (flags & ~1u) != (sink->media_flags & ~1u))
        return lost(err, "media flags");
    if (libewf_handle_get_segment_file_set_identifier(handle, guid, sizeof guid, NULL) != 1 || memcmp(guid, sink->guid, sizeof guid) != 0)
        return lost(err, "set identifier");
    return true;
}

static bool check_digests(const struct ewf_sink *sink, libewf_handle_t *handle, const struct exh_seal *seal, struct exh_error *err)
{
    const struct exh_digest_value *md5 = digest_to_store(sink, seal, "md5", 16), *sha1 = digest_to_store(sink, seal, "sha1", 20);
    uint8_t held[20] = {0};
    if ((libewf_handle_get_md5_hash(handle, held, 16, NULL) == 1) != (md5 != NULL) || (md5 != NULL && memcmp(held, md5->bytes, 16) != 0))
        return lost(err, "MD5");
    if ((libewf_handle_get_sha1_hash(handle, held, 20, NULL) == 1) != (sha1 != NULL) || (sha1 != NULL && memcmp(held, sha1->bytes, 20) != 0))
        return lost(err, "SHA-1");
    return true;
}

static bool check_errors(const struct ewf_sink *sink, libewf_handle_t *handle, struct exh_error *err)
{
    uint32_t held = 0, next = 0;
    if (libewf_handle_get_number_of_acquiry_errors(handle, &held, NULL) != 1)
        held = 0;
    for (size_t i = 0; i < sink->unreadable.count; i++) {
        uint64_t start, count, held_start, held_count;
        if (!exh_ewf_error_range(&sink->unreadable.ranges[i], &start, &count))
            continue;
        if (next >= held || libewf_handle_get_acquiry_error(handle, next, &held_start, &held_count, NULL) != 1 || held_start != start ||
            held_count != count)
            return lost(err, "list of unreadable sectors");
        next++;
    }
    return next == held || lost(err, "list of unreadable sectors");
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

static bool read_back(const struct ewf_sink *sink, const struct exh_names *paths, const struct exh_seal *seal, struct exh_error *err)
{
    libewf_handle_t *handle = NULL;
    if (!open_handle(&handle, paths, err)) {
        if (err->code == EXH_CORRUPT)
            err->code = EXH_LOST;
        return exh_context(err, "reading the new E01 back");
    }
    bool ok = check_shape(sink, handle, err) && check_values(sink, handle, err) && check_digests(sink, handle, seal, err) &&
              check_errors(sink, handle, err);
    free_handle(&handle);
    return ok;
}

static bool publishable(struct ewf_sink *sink, const struct exh_names *paths, const struct exh_seal *seal, struct exh_error *err)
{
    if (!read_back(sink, paths, seal, err))
        return false;
    for (size_t i = 0; i < paths->count; i++)
        if (!exh_ewf_staged_sync(paths->items[i], false, err) || !exh_names_add(&sink->sink.files, exh_text_base(paths->items[i]), err))
            return false;
    return exh_ewf_staged_sync(sink->folder, true, err);
}

static bool seal_image(struct exh_sink *base, const struct exh_layout *final, const struct exh_seal *seal, struct exh_error *err)
{
    struct ewf_sink *sink = (struct ewf_sink *)base;
    struct exh_names paths = {0};
    const struct exh_track *t = &final->tracks[0];
    if (sink->handle == NULL || sink->next_sector != sink->track.sectors)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 of %llu sectors is sealed after %llu", (unsigned long long)sink->track.sectors,
                        (unsigned long long)sink->next_sector);
    if (final->track_count != 1 || t->sectors != sink->track.sectors || t->main_bytes != sink->track.main_bytes ||
        t->tail_bytes != sink->track.tail_bytes)
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "an E01 is sealed with another layout than was declared");
    if (!store_errors(sink, err) || !store_digest(sink, digest_to_store(sink, seal, "md5", 16), err) ||
        !store_digest(sink, digest_to_store(sink, seal, "sha1", 20), err) || !finalize(sink, err))
        return false;
    sink->sealed = list_segments(sink, &paths, err) && publishable(sink, &paths, seal, err);
    exh_names_close(&paths);
    return sink->sealed;
}

/* ---- the sink: its beginning and end ---- */

/* Closing an image whose last chunk was written, libewf finishes it unasked; without digests and list it would then pass for whole. Taking
 * the `done` section off its end tells every reader that it is not. */
static void unfinish(const struct ewf_sink *sink)
{
    struct exh_names paths = {0};
    struct exh_error ignored;
    exh_error_clear(&ignored);
    if (list_segments(sink, &paths, &ignored) && paths.count > 0)
        exh_ewf_staged_unfinish(paths.items[paths.count - 1]);
    exh_names_close(&paths);
}

static void close_sink(struct exh_sink *base)
{
    struct ewf_sink *sink = (struct ewf_sink *)base;
    free_handle(&sink->handle);
    if (!sink->sealed && sink->stem != NULL)
        unfinish(sink);
    exh_fields_close(&sink->values);
    exh_sectors_close(&sink->unreadable);
    exh_ewf_packing_close(&sink->packing);
    free(sink->folder);
    free(sink->stem);
    free(sink);
}

static bool name_files(struct ewf_sink *sink, const struct exh_create *create, struct exh_error *err)
{
    size_t length = strlen(create->name);
    const char *ending = length >= 4 ? create->name + length - 4 : "";
    if (ending[0] == '.' && (ending[1] == 'E' || ending[1] == 'e') && ending[2] == '0' && ending[3] == '1')
        length -= 4;
    if (length == 0 || strchr(create->name, '/') != NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "'%s' is not a name for an E01", create->name);
    sink->folder = exh_text_copy(create->folder, strlen(create->folder));
    sink->stem = exh_text_format("%s/%.*s", create->folder, (int)length, create->name);
    char *first = sink->stem != NULL ? exh_text_format("%s.E01", sink->stem) : NULL;
    if (sink->folder == NULL || first == NULL)
        return exh_nomem(err, "a file name");
    bool ok = exh_ewf_staged_free(sink->folder, first, err);
    free(first);
    if (!ok) { /* what is there is not ours: close must not touch it */
        free(sink->stem);
        sink->stem = NULL;
    }
    return ok;
}

static bool check_declared(const struct exh_layout *declared, struct exh_error *err)
{
    const struct exh_track *t = &declared->tracks[0];
    if (!exh_layout_check(declared, err))
        return false;
    if (declared->track_count != 1)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "an E01 keeps no tracks: this medium has %u", declared->track_count);
    if (t->sectors == EXH_SECTORS_UNKNOWN)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "an E01 needs to know the medium's size before it begins");
    if (t->sectors == 0)
        return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "an E01 cannot hold an empty medium");
    return true;
}

/* Everything that is decided before libewf is asked. */
static bool plan_sink(struct ewf_sink *sink, const struct exh_create *create, struct exh_error *err)
{
    if (!check_declared(create->declared, err))
        return false;
    sink->track = create->declared->tracks[0];
    sink->begun = (time_t)create->unix_time;
    sink->media_type = create->optical ? LIBEWF_MEDIA_TYPE_OPTICAL : create->removable ? LIBEWF_MEDIA_TYPE_REMOVABLE : LIBEWF_MEDIA_TYPE_FIXED;
    sink->media_flags = create->physical ? LIBEWF_MEDIA_FLAG_PHYSICAL : 0;
    memcpy(sink->guid, create->guid, sizeof sink->guid);
    uint32_t chunk = 0;
    if (!exh_ewf_chunk_sectors(sink->track.sectors, sink->track.main_bytes, &chunk, err) ||
        !exh_ewf_packing_open(&sink->packing, &sink->track, chunk, create->compression, err))
        return false;
    uint64_t chunks = sink->track.sectors / chunk + (sink->track.sectors % chunk != 0);
    return exh_ewf_segment_bytes(create->segment_bytes, chunks, sink->packing.chunk_bytes, &sink->segment_bytes, err) &&
           exh_ewf_values_of(create, &sink->values, err) && name_files(sink, create, err);
}

static bool set_value(const struct ewf_sink *sink, const char *identifier, const char *value, struct exh_error *err)
{
    libewf_error_t *error = NULL;
    return libewf_handle_set_utf8_header_value(sink->handle, (const uint8_t *)identifier, strlen(identifier), (const uint8_t *)value, strlen(value),
                                               &error) == 1 ||
           (ewf_fail(err, &error, EXH_USAGE, 0, EXH_NO_OFFSET, "libewf does not take a header value") || exh_context(err, "%s", identifier));
}

/* All of it must be said before the first chunk: the first segment begins with the header. */
static bool set_values(const struct ewf_sink *sink, struct exh_error *err)
{
    char date[24];
    for (size_t i = 0; i < sink->values.count; i++)
        if (!set_value(sink, sink->values.items[i].key, sink->values.items[i].value, err))
            return false;
    /* Seconds since 1970, which is what `header2` holds; libewf would take the time of its own first write. */
    (void)snprintf(date, sizeof date, "%lld", (long long)sink->begun);
    return set_value(sink, "acquiry_date", date, err) && set_value(sink, "system_date", date, err);
}

static bool set_shape(const struct ewf_sink *sink, struct exh_error *err)
{
    libewf_error_t *error = NULL;
    libewf_handle_t *h = sink->handle;
    int8_t level = sink->packing.compression == EXH_COMPRESS_NONE   ? LIBEWF_COMPRESSION_NONE
                   : sink->packing.compression == EXH_COMPRESS_BEST ? LIBEWF_COMPRESSION_BEST
                                                                    : LIBEWF_COMPRESSION_FAST;
    /* EnCase 6 is the one kind that keeps MD5, SHA-1, the error list and all header values, past 2 TiB too. */
    if (libewf_handle_set_format(h, LIBEWF_FORMAT_ENCASE6, &error) == 1 &&
        libewf_handle_set_maximum_segment_size(h, sink->segment_bytes, &error) == 1 &&
        libewf_handle_set_bytes_per_sector(h, sink->track.main_bytes, &error) == 1 &&
        libewf_handle_set_sectors_per_chunk(h, sink->packing.chunk_sectors, &error) == 1 &&
        libewf_handle_set_media_size(h, sink->track.sectors * sink->track.main_bytes, &error) == 1 &&
        libewf_handle_set_error_granularity(h, 1, &error) == 1 && libewf_handle_set_compression_values(h, level, 0, &error) == 1 &&
        libewf_handle_set_media_type(h, sink->media_type, &error) == 1 && libewf_handle_set_media_flags(h, sink->media_flags, &error) == 1 &&
        libewf_handle_set_segment_file_set_identifier(h, sink->guid, sizeof sink->guid, &error) == 1)
        return true;
    return ewf_fail(err, &error, EXH_USAGE, 0, EXH_NO_OFFSET, "libewf does not take this medium's values");
}

static bool begin(struct ewf_sink *sink, struct exh_error *err)
{
    libewf_error_t *error = NULL;
    if (!new_handle(&sink->handle, err))
        return false;
    errno = 0;
    if (libewf_handle_open(sink->handle, &sink->stem, 1, LIBEWF_OPEN_WRITE, &error) != 1)
        return ewf_fail(err, &error, EXH_IO, errno, EXH_NO_OFFSET, "libewf cannot begin an E01");
    return set_shape(sink, err) && set_values(sink, err);
}

bool exh_ewf_libewf_create(const struct exh_create *create, struct exh_sink **out, struct exh_error *err)
{
    static const struct exh_consumer_ops consumer_ops = {
        .result_bytes = packed_bytes, .scratch_new = pack_scratch_new, .work = pack_block, .take = take_block};
    static const struct exh_sink_ops sink_ops = {.seal = seal_image, .close = close_sink};
    struct ewf_sink *sink = calloc(1, sizeof *sink);
    *out = NULL;
    if (sink == NULL)
        return exh_nomem(err, "an E01");
    sink->sink = (struct exh_sink){.consumer.ops = &consumer_ops, .ops = &sink_ops, .can = EXH_EWF_LIBEWF_CAN};
    if (!plan_sink(sink, create, err) || !begin(sink, err)) {
        close_sink(&sink->sink);
        return exh_on_side(err, EXH_SIDE_DESTINATION);
    }
    sink->sink.unit_sectors = sink->packing.chunk_sectors;
    *out = &sink->sink;
    return true;
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
