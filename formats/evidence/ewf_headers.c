/* ewf_headers.c - builds the small sections of an E01. See ewf_headers.h. */
#include "formats/evidence/ewf_headers.h"

#include "formats/container/codec.h"
#include "formats/evidence/ewf_chunking.h"
#include "formats/model/bytes.h"
#include "formats/model/text.h"

#define HEADER_LEVEL 6

void exh_ewf_descriptor_put(const char *type, uint64_t offset, uint64_t bytes, uint8_t out[EXH_EWF_DESCRIPTOR_BYTES])
{
    size_t length = strlen(type);
    memset(out, 0, EXH_EWF_DESCRIPTOR_BYTES);
    memcpy(out, type, length < 16 ? length : 16);
    exh_put_le64(out + 16, offset + bytes);
    exh_put_le64(out + 24, bytes);
    exh_put_le32(out + 72, exh_adler32(1, out, 72));
}

/* ---- case data ---- */

static const char *value_of(const struct exh_fields *values, const char *identifier)
{
    const char *value = exh_fields_get(values, identifier);
    return value != NULL ? value : "";
}

/* What EnCase 6 writes of sources and subjects when there are none. */
#define NO_SOURCES "srce\n0\t1\np\tn\tid\tev\ttb\tlo\tpo\tah\tgu\taq\n0\t0\n\t\t\t\t\t-1\t-1\t\t\t\n\n"
#define NO_SUBJECTS "sub\n0\t1\np\tn\tid\tnu\tco\tgu\n0\t0\n\t\t\t\t1\t\n\n"

static char *header2_text(const struct exh_fields *v, uint64_t unix_time)
{
    return exh_text_format("3\nmain\na\tc\tn\te\tt\tmd\tsn\tav\tov\tm\tu\tp\tdc\n"
                           "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%llu\t%llu\t0\t\n\n" NO_SOURCES NO_SUBJECTS,
                           value_of(v, "description"), value_of(v, "case_number"), value_of(v, "evidence_number"), value_of(v, "examiner_name"),
                           value_of(v, "notes"), value_of(v, "model"), value_of(v, "serial_number"), value_of(v, "acquiry_software_version"),
                           value_of(v, "acquiry_operating_system"), (unsigned long long)unix_time, (unsigned long long)unix_time);
}

static char *header_text(const struct exh_fields *v, const struct tm *t)
{
    char date[80];
    (void)snprintf(date, sizeof date, "%d %d %d %d %d %d", t->tm_year + 1900, t->tm_mon + 1, t->tm_mday, t->tm_hour, t->tm_min, t->tm_sec);
    return exh_text_format("1\r\nmain\r\nc\tn\ta\te\tt\tav\tov\tm\tu\tp\r\n"
                           "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t0\r\n\r\n",
                           value_of(v, "case_number"), value_of(v, "evidence_number"), value_of(v, "description"), value_of(v, "examiner_name"),
                           value_of(v, "notes"), value_of(v, "acquiry_software_version"), value_of(v, "acquiry_operating_system"), date, date);
}

/* The next code point of valid UTF-8. */
static uint32_t next_point(const uint8_t **at)
{
    const uint8_t *p = *at;
    unsigned more = p[0] < 0x80 ? 0 : p[0] < 0xE0 ? 1 : p[0] < 0xF0 ? 2 : 3;
    uint32_t point = more == 0 ? p[0] : p[0] & (0x3Fu >> more);
    for (unsigned i = 1; i <= more; i++)
        point = point << 6 | (p[i] & 0x3Fu);
    *at = p + more + 1;
    return point;
}

/* With a byte order mark, as EnCase has it. `out` has room for 2 bytes more than twice the text's: no code point grows beyond that. */
static size_t to_utf16(const char *text, uint8_t *out)
{
    size_t n = 2;
    exh_put_le16(out, 0xFEFF);
    for (const uint8_t *at = (const uint8_t *)text; *at != 0;) {
        uint32_t point = next_point(&at);
        if (point >= 0x10000) {
            exh_put_le16(out + n, (uint16_t)(0xD800 + ((point - 0x10000) >> 10)));
            n += 2;
            point = 0xDC00 + ((point - 0x10000) & 0x3FF);
        }
        exh_put_le16(out + n, (uint16_t)point);
        n += 2;
    }
    return n;
}

static size_t to_ascii(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at != 0;) {
        uint32_t point = next_point(&at);
        out[n++] = point < 0x80 ? (uint8_t)point : '?';
    }
    return n;
}

static bool compress(const char *text, size_t (*encode)(const char *, uint8_t *), uint8_t **out, size_t *length, struct exh_error *err)
{
    uint8_t *encoded = text != NULL ? malloc(2 * strlen(text) + 2) : NULL;
    struct exh_deflater *deflater = exh_deflater_new(HEADER_LEVEL);
    bool ok = encoded != NULL && deflater != NULL;
    if (ok) {
        size_t bytes = encode(text, encoded), room = exh_deflate_bound(bytes);
        *out = malloc(room);
        *length = *out != NULL ? exh_deflate_zlib(deflater, encoded, bytes, *out, room) : 0;
        ok = *length != 0;
    }
    exh_deflater_close(deflater);
    free(encoded);
    return ok || exh_nomem(err, "a header section");
}

bool exh_ewf_headers_build(const struct exh_fields *values, uint64_t unix_time, struct exh_ewf_headers *out, struct exh_error *err)
{
    struct tm date;
    time_t when = (time_t)unix_time;
    memset(out, 0, sizeof *out);
    if (when < 0 || gmtime_r(&when, &date) == NULL)
        return exh_fail(err, EXH_USAGE, EXH_NO_OFFSET, "the time %llu has no date", (unsigned long long)unix_time);
    char *header2 = header2_text(values, unix_time), *header = header_text(values, &date);
    bool ok =
        compress(header2, to_utf16, &out->header2, &out->header2_bytes, err) && compress(header, to_ascii, &out->header, &out->header_bytes, err);
    free(header2);
    free(header);
    if (!ok)
        exh_ewf_headers_close(out);
    return ok;
}

void exh_ewf_headers_close(struct exh_ewf_headers *headers)
{
    free(headers->header2);
    free(headers->header);
    memset(headers, 0, sizeof *headers);
}

/* ---- shape ---- */

void exh_ewf_volume_put(const struct exh_ewf_volume *volume, uint8_t out[EXH_EWF_VOLUME_BYTES])
{
    memset(out, 0, EXH_EWF_VOLUME_BYTES);
    out[0] = volume->media_type;
    exh_put_le32(out + 4, volume->chunks);
    exh_put_le32(out + 8, volume->chunk_sectors);
    exh_put_le32(out + 12, volume->sector_bytes);
    exh_put_le64(out + 16, volume->sectors);
    out[36] = volume->flags;
    out[52] = volume->compression;
    exh_put_le32(out + 56, volume->granularity);
    memcpy(out + 64, volume->guid, sizeof volume->guid);
    exh_put_le32(out + EXH_EWF_VOLUME_BYTES - 4, exh_adler32(1, out, EXH_EWF_VOLUME_BYTES - 4));
}

/* ---- digests and unreadable sectors ---- */

void exh_ewf_digest_put(const uint8_t *md5, const uint8_t *sha1, uint8_t out[EXH_EWF_DIGEST_BYTES])
{
    memset(out, 0, EXH_EWF_DIGEST_BYTES);
    if (md5 != NULL)
        memcpy(out, md5, 16);
    if (sha1 != NULL)
        memcpy(out + 16, sha1, 20);
    exh_put_le32(out + EXH_EWF_DIGEST_BYTES - 4, exh_adler32(1, out, EXH_EWF_DIGEST_BYTES - 4));
}

void exh_ewf_hash_put(const uint8_t md5[16], uint8_t out[EXH_EWF_HASH_BYTES])
{
    memset(out, 0, EXH_EWF_HASH_BYTES);
    memcpy(out, md5, 16);
    exh_put_le32(out + EXH_EWF_HASH_BYTES - 4, exh_adler32(1, out, EXH_EWF_HASH_BYTES - 4));
}

bool exh_ewf_error2_build(const struct exh_sectors *unreadable, uint8_t **out, size_t *length, struct exh_error *err)
{
    uint64_t start, sectors;
    uint32_t count = 0;
    *out = NULL;
    *length = 0;
    for (size_t i = 0; i < unreadable->count; i++)
        count += exh_ewf_error_range(&unreadable->ranges[i], &start, &sectors);
    if (count == 0)
        return true;
    size_t entries = 8 * (size_t)count;
    uint8_t *body = calloc(1, EXH_EWF_ERROR2_HEADER_BYTES + entries + 4), *at = body + EXH_EWF_ERROR2_HEADER_BYTES;
    if (body == NULL)
        return exh_nomem(err, "the list of unreadable sectors");
    exh_put_le32(body, count);
    exh_put_le32(at - 4, exh_adler32(1, body, EXH_EWF_ERROR2_HEADER_BYTES - 4));
    for (size_t i = 0; i < unreadable->count; i++)
        if (exh_ewf_error_range(&unreadable->ranges[i], &start, &sectors)) {
            exh_put_le32(at, (uint32_t)start);
            exh_put_le32(at + 4, (uint32_t)sectors);
            at += 8;
        }
    exh_put_le32(at, exh_adler32(1, at - entries, entries));
    *out = body;
    *length = EXH_EWF_ERROR2_HEADER_BYTES + entries + 4;
    return true;
}
