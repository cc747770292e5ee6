/* record.c - the JSON of exhibit, and the way back from an end record to a claim. Shapes are in record.h.
 *
 * The way back trusts nothing: every member's kind, every number's range, every hex string, the order and bounds of ranges and chunks, and the
 * chunk lines against both their blob's name and their Merkle root. What somebody changed must not verify an image. */
#include "report/ledger/record.h"

#include <sys/stat.h>

#include "formats/model/bytes.h"
#include "formats/model/text.h"
#include "report/ledger/line.h"
#include "report/ledger/record_parts.h"
#include "verify/digest_set.h"

/* --- there ------------------------------------------------------------------------------------------------------------------------- */

/* File names and device strings need not be UTF-8; JSON must be. */
json_t *exh_record_text(const char *text)
{
    char *utf8 = exh_text_to_utf8((const uint8_t *)text, strlen(text));
    json_t *json = utf8 != NULL ? json_string(utf8) : NULL;
    free(utf8);
    return json;
}

json_t *exh_record_names(const struct exh_names *names)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < names->count; i++)
        ok = json_array_append_new(list, exh_record_text(names->items[i])) == 0;
    if (ok)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *text_or_null(const char *text) { return text != NULL ? exh_record_text(text) : json_null(); }
json_t *exh_record_digests(const struct exh_digests *digests)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < digests->count; i++) {
        const struct exh_digest_value *d = &digests->items[i];
        json_t *item = json_object();
        ok = item != NULL && exh_record_set(item, "scope", exh_record_text(d->scope)) &&
             exh_record_set(item, "algorithm", exh_record_text(d->algorithm)) && exh_record_set(item, "value", exh_record_hex(d->bytes, d->length)) &&
             exh_record_set(item, "not_good", exh_record_number(d->not_good));
        ok = json_array_append_new(list, exh_record_whole(item, ok)) == 0 && ok;
    }
    return exh_record_whole(list, ok);
}

json_t *exh_record_ranges(const struct exh_sectors *sectors)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < sectors->count; i++)
        ok = json_array_append_new(list, json_pack("[I,I]", (json_int_t)sectors->ranges[i].lba, (json_int_t)sectors->ranges[i].count)) == 0;
    return exh_record_whole(list, ok);
}

static json_t *finding_json(const struct exh_finding *f)
{
    json_t *item = json_object();
    bool ok = item != NULL && exh_record_set(item, "check", exh_record_text(f->check)) &&
              exh_record_set(item, "outcome", exh_record_text(f->outcome)) && exh_record_set(item, "detail", exh_record_text(f->detail)) &&
              exh_record_set_text(item, "file", f->file) &&
              (f->offset == EXH_NO_OFFSET || exh_record_set(item, "offset", exh_record_number(f->offset))) &&
              ((f->lba < 0 && f->count == 0) || exh_record_set(item, "lba", json_integer((json_int_t)f->lba))) &&
              (f->count == 0 || exh_record_set(item, "count", exh_record_number(f->count))) &&
              (f->basis < 0 || exh_record_set(item, "basis", json_string(exh_basis_name((enum exh_basis)f->basis))));
    return exh_record_whole(item, ok);
}

json_t *exh_record_findings(const struct exh_findings *findings)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < findings->count; i++)
        ok = json_array_append_new(list, finding_json(&findings->items[i])) == 0;
    if (ok && findings->left_out > 0) {
        struct exh_finding more = {.check = "findings", .outcome = "warning", .offset = EXH_NO_OFFSET, .lba = -1, .basis = -1};
        (void)snprintf(more.detail, sizeof more.detail, "%llu more findings were counted and are not listed", (unsigned long long)findings->left_out);
        ok = json_array_append_new(list, finding_json(&more)) == 0;
    }
    return exh_record_whole(list, ok);
}

json_t *exh_record_fields(const struct exh_fields *fields)
{
    json_t *json = json_object();
    bool ok = json != NULL;
    for (size_t i = 0; ok && i < fields->count; i++) {
        json_t *key = exh_record_text(fields->items[i].key);
        ok = key != NULL && exh_record_set(json, json_string_value(key), exh_record_text(fields->items[i].value));
        json_decref(key);
    }
    return exh_record_whole(json, ok);
}

json_t *exh_record_error(const struct exh_error *err)
{
    json_t *json = json_object();
    bool ok = json != NULL && exh_record_set(json, "code", json_string(exh_code_name(err->code))) &&
              exh_record_set(json, "text", exh_record_text(err->text)) && exh_record_set_text(json, "file", err->file) &&
              (err->at == EXH_NO_OFFSET || exh_record_set(json, "offset", exh_record_number(err->at)));
    return exh_record_whole(json, ok);
}

static bool set_device(json_t *json, const struct exh_device_facts *facts)
{
    struct exh_fields identity = {0};
    struct exh_error ignored = {0};
    bool ok = exh_record_set(json, "physical_sector_size", json_integer(facts->physical_sector_bytes)) &&
              exh_record_set(json, "read_only", json_boolean(facts->read_only)) &&
              exh_record_set(json, "removable", json_boolean(facts->removable)) &&
              exh_record_set(json, "partition", json_boolean(facts->partition)) && exh_record_set_text(json, "mounts", facts->mounts) &&
              exh_record_set_text(json, "holders", facts->holders) && exh_record_set_text(json, "backing", facts->backing) &&
              exh_device_identity(facts, &identity, &ignored) && exh_record_set(json, "identity", exh_record_fields(&identity));
    exh_fields_close(&identity);
    return ok;
}

json_t *exh_record_source(enum exh_source_kind kind, const char *path, const struct exh_device_facts *facts, const struct exh_layout *layout)
{
    static const char *const kinds[] = {
        [EXH_SOURCE_DEVICE] = "device", [EXH_SOURCE_FILE] = "file", [EXH_SOURCE_STDIN] = "stdin", [EXH_SOURCE_NBD] = "nbd"};
    uint64_t bytes = layout != NULL ? exh_layout_bytes(layout) : EXH_SECTORS_UNKNOWN;
    uint32_t sector = layout != NULL && layout->track_count > 0 ? layout->tracks[0].main_bytes : 0;
    if (facts != NULL) {
        bytes = facts->bytes;
        sector = sector != 0 ? sector : facts->logical_sector_bytes;
    }
    json_t *json = json_object();
    bool ok = json != NULL && exh_record_set(json, "kind", json_string(kinds[kind])) && exh_record_set(json, "path", text_or_null(path)) &&
              (bytes == EXH_SECTORS_UNKNOWN || exh_record_set(json, "bytes", exh_record_number(bytes))) &&
              (sector == 0 || exh_record_set(json, "sector_size", json_integer(sector))) &&
              (layout == NULL || layout->kind != EXH_LAYOUT_DISC || exh_record_set(json, "layout", exh_record_layout(layout))) &&
              (facts == NULL || set_device(json, facts));
    return exh_record_whole(json, ok);
}

json_t *exh_record_files(const struct exh_names *files)
{
    json_t *list = json_array();
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < files->count; i++) {
        struct stat st;
        json_t *item = json_object();
        ok = item != NULL && exh_record_set(item, "name", exh_record_text(exh_text_base(files->items[i]))) &&
             (stat(files->items[i], &st) != 0 || exh_record_set(item, "bytes", json_integer((json_int_t)st.st_size)));
        ok = json_array_append_new(list, exh_record_whole(item, ok)) == 0 && ok;
    }
    return exh_record_whole(list, ok);
}

json_t *exh_record_chunks(const struct exh_chunks *chunks)
{
    json_t *json = json_object();
    bool ok = json != NULL && exh_record_set(json, "sectors", json_integer(chunks->sectors)) &&
              exh_record_set(json, "count", exh_record_number(chunks->count)) &&
              exh_record_set(json, "root", exh_record_hex(chunks->root, sizeof chunks->root));
    return exh_record_whole(json, ok);
}

static json_t *faults_json(const struct exh_acquire_result *result)
{
    json_t *json = json_object(), *first = json_array();
    bool ok = json != NULL && first != NULL;
    for (size_t i = 0; ok && i < result->faults.count && i < 1000; i++) {
        const struct exh_fault *f = &result->faults.items[i];
        ok = json_array_append_new(first, json_pack("[I,I,i,I]", (json_int_t)f->lba, (json_int_t)f->count, f->sys, (json_int_t)f->attempt)) == 0;
    }
    ok = ok && exh_record_set(json, "count", exh_record_number(result->fault_count)) && json_object_set(json, "first", first) == 0;
    json_decref(first);
    return exh_record_whole(json, ok);
}

static bool set_measures(json_t *json, const struct exh_layout *layout)
{
    uint64_t sectors = exh_layout_sectors(layout), bytes = exh_layout_bytes(layout);
    uint32_t n = layout->track_count;
    return exh_record_set(json, "sector_size", json_integer(n > 0 ? layout->tracks[0].main_bytes : 0)) &&
           exh_record_set(json, "sectors", sectors == EXH_SECTORS_UNKNOWN ? json_null() : exh_record_number(sectors)) &&
           exh_record_set(json, "bytes", bytes == EXH_SECTORS_UNKNOWN ? json_null() : exh_record_number(bytes)) &&
           exh_record_set(json, "tail_bytes", json_integer(n > 0 ? layout->tracks[n - 1].tail_bytes : 0)) &&
           exh_record_set(json, "layout", exh_record_layout(layout));
}

/* Of all ranges, as they are listed: what the image of a source had lost is as unreadable as what its device could not read. */
static uint64_t sectors_in(const struct exh_sectors *list)
{
    uint64_t n = 0;
    for (size_t i = 0; i < list->count; i++)
        n += list->ranges[i].count;
    return n;
}

json_t *exh_record_result(const char *format, const struct exh_acquire_result *r)
{
    json_t *json = json_object();
    bool ok = json != NULL && exh_record_set(json, "format", text_or_null(format)) && exh_record_set(json, "files", exh_record_files(&r->files)) &&
              set_measures(json, &r->layout) && exh_record_set(json, "unreadable_sectors", exh_record_number(sectors_in(&r->seal.unreadable))) &&
              exh_record_set(json, "unreadable", exh_record_ranges(&r->seal.unreadable)) &&
              exh_record_set(json, "digests", exh_record_digests(&r->seal.digests)) &&
              (r->source_digests.count == 0 || exh_record_set(json, "source_digests", exh_record_digests(&r->source_digests))) &&
              (r->seal.chunks.sectors == 0 || exh_record_set(json, "chunks", exh_record_chunks(&r->seal.chunks))) &&
              exh_record_set(json, "acquisition", json_string(exh_acquisition_name(r->acquisition))) &&
              exh_record_set(json, "of", text_or_null(r->of)) &&
              exh_record_set(json, "verification", json_string(exh_verdict_name(r->verification))) &&
              exh_record_set(json, "read_back", text_or_null(r->read_back)) &&
              exh_record_set(json, "source_read_twice", json_boolean(r->source_read_twice)) && exh_record_set(json, "faults", faults_json(r)) &&
              exh_record_rescue(json, r);
    return exh_record_whole(json, ok);
}

#define CHUNK_LINE_MAX 120u /* "255 -9223372036854775808 4294967295 4294967295 <64 hex> LF" is 113 */
#define RANGE_LINE_MAX 48u

char *exh_record_chunk_lines(const struct exh_chunks *chunks)
{
    char *text = calloc(chunks->count + 1, CHUNK_LINE_MAX), *p = text;
    for (size_t i = 0; text != NULL && i < chunks->count; i++) {
        const struct exh_chunk *c = &chunks->items[i];
        char hex[EXH_HEX_SIZE];
        exh_text_hex(c->sha256, sizeof c->sha256, hex);
        p += snprintf(p, CHUNK_LINE_MAX, "%u %lld %u %u %s\n", c->track, (long long)c->lba, c->sectors, c->not_good, hex);
    }
    return text;
}

char *exh_record_range_lines(const struct exh_sectors *sectors)
{
    char *text = calloc(sectors->count + 1, RANGE_LINE_MAX), *p = text;
    for (size_t i = 0; text != NULL && i < sectors->count; i++)
        p += snprintf(p, RANGE_LINE_MAX, "%lld %llu\n", (long long)sectors->ranges[i].lba, (unsigned long long)sectors->ranges[i].count);
    return text;
}

static bool cite(json_t *object, const char *text, struct exh_error *err)
{
    char name[EXH_HEX_SIZE];
    return exh_hash_hex(text, strlen(text), name, err) && (exh_record_set(object, "blob", json_string(name)) || exh_nomem(err, "a record"));
}

bool exh_record_cite(json_t *result, const struct exh_seal *seal, char **chunk_lines, char **range_lines, struct exh_error *err)
{
    json_t *chunks = json_object_get(result, "chunks");
    *chunk_lines = *range_lines = NULL;
    if (chunks != NULL) {
        *chunk_lines = exh_record_chunk_lines(&seal->chunks);
        if (*chunk_lines == NULL || !cite(chunks, *chunk_lines, err))
            return *chunk_lines != NULL ? false : exh_nomem(err, "chunk digests");
    }
    if (seal->unreadable.count <= EXH_UNREADABLE_INLINE_MAX)
        return true;
    *range_lines = exh_record_range_lines(&seal->unreadable);
    json_t *cited = json_pack("{s:I}", "ranges", (json_int_t)seal->unreadable.count);
    if (*range_lines == NULL || cited == NULL) {
        json_decref(cited);
        return exh_nomem(err, "unreadable ranges");
    }
    bool ok = cite(cited, *range_lines, err) && (json_object_set(result, "unreadable", cited) == 0 || exh_nomem(err, "a record"));
    json_decref(cited);
    return ok;
}

/* --- and back ---------------------------------------------------------------------------------------------------------------------- */

/* The sums beside the layout are redundant, so they must agree with it. */
static bool sums_check(const json_t *body, const struct exh_layout *layout, struct exh_error *err)
{
    int64_t sector, sectors, bytes, tail;
    const int64_t most = (int64_t)EXH_MEDIA_BYTES_MAX;
    if (!exh_record_integer(body, "sector_size", 1, EXH_SECTOR_BYTES_MAX, &sector, err) ||
        !exh_record_integer(body, "sectors", 0, most, &sectors, err) || !exh_record_integer(body, "bytes", 0, most, &bytes, err) ||
        !exh_record_integer_or_zero(body, "tail_bytes", EXH_SECTOR_BYTES_MAX, &tail, err))
        return false;
    if ((uint64_t)sectors != exh_layout_sectors(layout) || (uint64_t)bytes != exh_layout_bytes(layout) ||
        (uint64_t)sector != layout->tracks[0].main_bytes || (uint64_t)tail != layout->tracks[layout->track_count - 1].tail_bytes)
        return exh_record_bad(err, "sectors, bytes, sector_size or tail_bytes differ from the layout");
    return true;
}

static bool layout_back(const json_t *body, struct exh_layout *out, struct exh_error *err)
{
    return exh_record_layout_back(json_object_get(body, "layout"), out, err) && sums_check(body, out, err);
}

/* A digest whose length is not that of its algorithm could never match, and would turn a good image into a mismatch. */
static bool length_fits(const char *algorithm, uint32_t length)
{
    static const struct {
        const char *name;
        uint32_t bytes;
    } known[] = {{"crc32", 4},   {"md5", 16},      {"sha1", 20},     {"sha224", 28},     {"sha256", 32},    {"sha384", 48},
                 {"sha512", 64}, {"sha3-256", 32}, {"sha3-512", 64}, {"blake2b512", 64}, {"blake2s256", 32}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(algorithm, known[i].name) == 0)
            return length == known[i].bytes;
    return true;
}

static bool digest_back(const json_t *json, struct exh_digests *out, struct exh_error *err)
{
    const char *scope = json_string_value(json_object_get(json, "scope")), *algorithm = json_string_value(json_object_get(json, "algorithm"));
    const char *value = json_string_value(json_object_get(json, "value"));
    struct exh_digest_value digest;
    int64_t not_good;
    if (scope == NULL || algorithm == NULL || value == NULL || scope[0] == '\0' || algorithm[0] == '\0')
        return exh_record_bad(err, "a digest without scope, algorithm or value");
    if (!exh_digest_value_set(&digest, scope, algorithm, value, err))
        return exh_record_bad(err, "%s", err->text);
    if (!length_fits(algorithm, digest.length))
        return exh_record_bad(err, "a digest of %u bytes is no %s", digest.length, digest.algorithm);
    if (!exh_record_integer(json, "not_good", 0, (int64_t)EXH_MEDIA_BYTES_MAX, &not_good, err))
        return false;
    digest.not_good = (uint64_t)not_good;
    if (exh_digests_find(out, scope, algorithm) != NULL)
        return exh_record_bad(err, "two %s digests of '%.80s'", digest.algorithm, digest.scope);
    return exh_digests_add(out, &digest, err);
}

static bool digests_back(const json_t *body, struct exh_digests *out, struct exh_error *err)
{
    const json_t *list = json_object_get(body, "digests");
    size_t i;
    json_t *item;
    if (!json_is_array(list))
        return exh_record_bad(err, "it has no list of digests");
    json_array_foreach(list, i, item) if (!digest_back(item, out, err)) return false;
    return true;
}

/* Ranges come in order and apart; each inside the medium. *end: where the one before ended. */
static bool range_back(struct exh_sectors *out, const struct exh_layout *layout, int64_t lba, int64_t count, int64_t *end, struct exh_error *err)
{
    const struct exh_track *last = &layout->tracks[layout->track_count - 1];
    int64_t limit = last->first + (int64_t)last->sectors;
    if (count < 1 || lba < *end || lba >= limit || count > limit - lba)
        return exh_record_bad(err, "unreadable range %lld + %lld is out of order or outside the medium", (long long)lba, (long long)count);
    if (exh_layout_sectors_before(layout, lba + count) - exh_layout_sectors_before(layout, lba) != (uint64_t)count)
        return exh_record_bad(err, "unreadable range %lld + %lld lies where no sector is stored", (long long)lba, (long long)count);
    *end = lba + count;
    return exh_sectors_mark(out, lba, (uint64_t)count, EXH_BAD, err);
}

static bool inline_ranges_back(const json_t *list, struct exh_sectors *out, const struct exh_layout *layout, struct exh_error *err)
{
    int64_t end = layout->tracks[0].first;
    size_t i;
    json_t *pair;
    json_array_foreach(list, i, pair)
    {
        const json_t *lba = json_array_get(pair, 0), *count = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !json_is_integer(lba) || !json_is_integer(count))
            return exh_record_bad(err, "an unreadable range is not [lba, count]");
        if (!range_back(out, layout, json_integer_value(lba), json_integer_value(count), &end, err))
            return false;
    }
    return true;
}

/* A decimal number as we print it, and the character behind it. Anything else fails the cursor. */
static int64_t cursor_number(struct exh_cursor *c, char behind)
{
    uint64_t value = 0;
    unsigned digits = 0;
    uint8_t first = exh_cursor_u8(c), byte = first;
    bool negative = first == '-';
    if (negative)
        first = byte = exh_cursor_u8(c);
    for (; byte >= '0' && byte <= '9'; byte = exh_cursor_u8(c), digits++)
        if (!exh_mul_u64(value, 10, &value) || !exh_add_u64(value, byte - (uint64_t)'0', &value))
            c->failed = true;
    if (digits == 0 || byte != (uint8_t)behind || value > INT64_MAX || (first == '0' && (digits > 1 || negative)))
        c->failed = true;
    return c->failed ? 0 : negative ? -(int64_t)value : (int64_t)value;
}

/* The bytes of what `object` cites, held against their name. */
static bool cited(const json_t *object, const struct exh_blobs *blobs, void **bytes, size_t *length, struct exh_error *err)
{
    const char *name = json_string_value(json_object_get(object, "blob"));
    char hash[EXH_HEX_SIZE];
    *bytes = NULL;
    if (!exh_is_hex(name, 64))
        return exh_record_bad(err, "it cites a series by something that is no SHA-256");
    if (blobs == NULL || blobs->get == NULL)
        return exh_record_bad(err, "it cites a series, and there are none at hand");
    if (!blobs->get(blobs->context, name, bytes, length, err))
        return exh_on_side(err, EXH_SIDE_LEDGER);
    if (exh_hash_hex(*bytes, *length, hash, err) && strcmp(hash, name) == 0)
        return true;
    free(*bytes);
    *bytes = NULL;
    return exh_record_bad(err, "a series it cites does not match its hash");
}

static bool cited_ranges_back(const json_t *citation, const struct exh_blobs *blobs, struct exh_sectors *out, const struct exh_layout *layout,
                              struct exh_error *err)
{
    void *bytes;
    size_t length;
    int64_t ranges, seen = 0, end = layout->tracks[0].first;
    if (!exh_record_integer(citation, "ranges", 1, EXH_SECTORS_RANGES_MAX, &ranges, err) || !cited(citation, blobs, &bytes, &length, err))
        return false;
    struct exh_cursor c = exh_cursor_over(bytes, length);
    bool ok = true;
    for (; ok && exh_cursor_left(&c) > 0; seen++) {
        int64_t lba = cursor_number(&c, ' '), count = cursor_number(&c, '\n');
        ok = exh_cursor_ok(&c) ? range_back(out, layout, lba, count, &end, err)
                               : exh_record_bad(err, "line %lld of the unreadable ranges is not 'lba count'", (long long)seen + 1);
    }
    free(bytes);
    return ok && (seen == ranges || exh_record_bad(err, "it tells of %lld unreadable ranges and lists %lld", (long long)ranges, (long long)seen));
}

static bool unreadable_back(const json_t *body, const struct exh_blobs *blobs, struct exh_sectors *out, const struct exh_layout *layout,
                            struct exh_error *err)
{
    const json_t *list = json_object_get(body, "unreadable");
    int64_t told;
    if (!exh_record_integer(body, "unreadable_sectors", 0, (int64_t)EXH_MEDIA_BYTES_MAX, &told, err))
        return false;
    if (json_is_object(list)   ? !cited_ranges_back(list, blobs, out, layout, err)
        : !json_is_array(list) ? !exh_record_bad(err, "it has no list of unreadable ranges")
                               : !inline_ranges_back(list, out, layout, err))
        return false;
    return exh_sectors_total(out, EXH_BAD) == (uint64_t)told ||
           exh_record_bad(err, "it tells of %lld unreadable sectors, and its list has another sum", (long long)told);
}

static const struct exh_track *track_numbered(const struct exh_layout *layout, int64_t number)
{
    for (uint32_t i = 0; i < layout->track_count; i++)
        if (layout->tracks[i].number == number)
            return &layout->tracks[i];
    return NULL;
}

/* Chunks follow each other through the tracks; none is larger than the size told. */
static bool chunk_back(struct exh_cursor *c, struct exh_chunks *out, const struct exh_layout *layout, int64_t *end, struct exh_error *err)
{
    size_t line = out->count + 1;
    int64_t number = cursor_number(c, ' '), lba = cursor_number(c, ' '), sectors = cursor_number(c, ' '), not_good = cursor_number(c, ' ');
    const uint8_t *hex = exh_cursor_bytes(c, 64);
    char text[EXH_HEX_SIZE] = "";
    struct exh_chunk chunk = {0};
    if (exh_cursor_u8(c) != '\n' || !exh_cursor_ok(c))
        return exh_record_bad(err, "line %zu of the chunk digests is not 'track lba sectors not_good sha256'", line);
    memcpy(text, hex, 64);
    const struct exh_track *track = track_numbered(layout, number);
    if (!exh_is_hex(text, 64) || !exh_text_unhex(text, chunk.sha256, sizeof chunk.sha256) || track == NULL || sectors < 1 || sectors > out->sectors ||
        not_good < 0 || not_good > sectors || lba < *end || lba < track->first || (uint64_t)(lba - track->first) > track->sectors ||
        (uint64_t)sectors > track->sectors - (uint64_t)(lba - track->first))
        return exh_record_bad(err, "line %zu of the chunk digests is out of order or outside its track", line);
    chunk.track = (uint8_t)number, chunk.lba = lba, chunk.sectors = (uint32_t)sectors, chunk.not_good = (uint32_t)not_good;
    *end = lba + sectors;
    return exh_chunks_add(out, &chunk, err);
}

static bool chunk_lines_back(const void *bytes, size_t length, struct exh_chunks *out, const struct exh_layout *layout, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(bytes, length);
    int64_t end = layout->tracks[0].first;
    uint64_t covered = 0;
    while (exh_cursor_left(&c) > 0) {
        if (!chunk_back(&c, out, layout, &end, err))
            return false;
        covered += out->items[out->count - 1].sectors;
    }
    return covered == exh_layout_sectors(layout) || exh_record_bad(err, "its chunk digests do not cover the medium");
}

static bool chunks_back(const json_t *body, const struct exh_blobs *blobs, struct exh_chunks *out, const struct exh_layout *layout,
                        struct exh_error *err)
{
    const json_t *json = json_object_get(body, "chunks");
    const char *root = json_string_value(json_object_get(json, "root"));
    int64_t sectors, count;
    uint8_t computed[32];
    void *bytes;
    size_t length;
    if (json == NULL || (json_is_object(json) && json_object_get(json, "blob") == NULL))
        return true;
    if (!json_is_object(json) || !exh_is_hex(root, 64) || !exh_text_unhex(root, out->root, sizeof out->root))
        return exh_record_bad(err, "its chunk digests have no root");
    if (!exh_record_integer(json, "sectors", 1, UINT32_MAX, &sectors, err) || !exh_record_integer(json, "count", 0, INT64_MAX, &count, err) ||
        !cited(json, blobs, &bytes, &length, err))
        return false;
    out->sectors = (uint32_t)sectors;
    bool ok = chunk_lines_back(bytes, length, out, layout, err);
    free(bytes);
    if (!ok || !exh_chunks_root(out, computed, err))
        return false;
    if ((uint64_t)count != out->count)
        return exh_record_bad(err, "it tells of %lld chunks and lists %zu", (long long)count, out->count);
    return memcmp(computed, out->root, sizeof computed) == 0 || exh_record_bad(err, "the Merkle root of its chunk digests is not the one it names");
}

static bool fields_back(const json_t *body, struct exh_fields *out, struct exh_error *err)
{
    const json_t *fields = json_object_get(body, "case");
    const char *key;
    json_t *value;
    if (fields == NULL)
        return true;
    if (!json_is_object(fields))
        return exh_record_bad(err, "its case data is not an object");
    json_object_foreach((json_t *)(uintptr_t)fields, key, value) /* the macro wants a non-const object; nothing is changed */
        if (!json_is_string(value) ? !exh_record_bad(err, "case field '%.40s' is not text", key)
                                   : !exh_fields_set(out, key, json_string_value(value), err)) return false;
    return true;
}

static bool filled_back(const json_t *body)
{
    const char *fill = json_string_value(json_object_get(body, "fill"));
    return fill != NULL && strcmp(fill, "zeros") != 0;
}

bool exh_record_claim(const json_t *body, const struct exh_blobs *blobs, struct exh_seal *seal, struct exh_layout *layout, struct exh_error *err)
{
    const char *outcome = json_string_value(json_object_get(body, "outcome"));
    bool ok = (outcome != NULL && strcmp(outcome, "done") == 0) || exh_record_bad(err, "it does not tell of a finished image");
    ok = ok && layout_back(body, layout, err) && digests_back(body, &seal->digests, err) &&
         unreadable_back(body, blobs, &seal->unreadable, layout, err) && chunks_back(body, blobs, &seal->chunks, layout, err) &&
         fields_back(body, &seal->fields, err);
    seal->filled = filled_back(body);
    if (ok)
        return true;
    exh_seal_close(seal);
    return exh_on_side(err, EXH_SIDE_LEDGER);
}
