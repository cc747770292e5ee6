/* ewf_segment.c - writes one segment file of an E01. See ewf_segment.h. */
#include "formats/evidence/ewf_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "formats/container/codec.h"
#include "formats/evidence/ewf_headers.h"
#include "formats/model/bytes.h"

#define BUFFER_BYTES (1u << 20)
#define WRITEBACK_BYTES (8u << 20)
#define TABLE_BYTES(chunks) (EXH_EWF_TABLE_HEADER_BYTES + 4 * (uint64_t)(chunks) + 4)

bool exh_ewf_segment_open(struct exh_ewf_segment_out *out, struct exh_error *err)
{
    *out = (struct exh_ewf_segment_out){.file = -1, .chunks_max = EXH_EWF_GROUP_CHUNKS_MAX, .bytes_max = EXH_EWF_GROUP_BYTES_MAX};
    out->buffer = aligned_alloc(4096, BUFFER_BYTES);
    out->table = malloc(TABLE_BYTES(EXH_EWF_GROUP_CHUNKS_MAX));
    return (out->buffer != NULL && out->table != NULL) || exh_nomem(err, "an E01 segment");
}

void exh_ewf_segment_close(struct exh_ewf_segment_out *out)
{
    if (out->file >= 0)
        (void)close(out->file);
    free(out->buffer);
    free(out->table);
    *out = (struct exh_ewf_segment_out){.file = -1};
}

/* ---- bytes ---- */

static bool fail(const struct exh_ewf_segment_out *out, int sys, uint64_t at, const char *what, struct exh_error *err)
{
    (void)exh_fail_sys(err, sys, at, "%s", what);
    return exh_in_file(err, out->name);
}

static bool write_at(struct exh_ewf_segment_out *out, const uint8_t *data, size_t length, uint64_t offset, struct exh_error *err)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = pwrite(out->file, data + done, length - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(out, n == 0 ? EIO : errno, offset + done, "cannot write the E01", err);
        done += (size_t)n;
    }
    /* Starts write-back early, so that the fsync has little left to wait for. */
    out->unflushed += length;
    if (out->unflushed >= WRITEBACK_BYTES) {
        (void)sync_file_range(out->file, 0, 0, SYNC_FILE_RANGE_WRITE);
        out->unflushed = 0;
    }
    return true;
}

static bool flush(struct exh_ewf_segment_out *out, struct exh_error *err)
{
    size_t held = out->held;
    out->held = 0;
    return write_at(out, out->buffer, held, out->end - held, err);
}

static bool put(struct exh_ewf_segment_out *out, const void *data, size_t length, struct exh_error *err)
{
    for (size_t done = 0; done < length;) {
        size_t room = BUFFER_BYTES - out->held, n = length - done < room ? length - done : room;
        memcpy(out->buffer + out->held, (const uint8_t *)data + done, n);
        out->held += n;
        out->end += n;
        done += n;
        if (out->held == BUFFER_BYTES && !flush(out, err))
            return false;
    }
    return true;
}

/* Over bytes given before: those still held, those in the file. */
static bool put_again(struct exh_ewf_segment_out *out, const uint8_t *data, size_t length, uint64_t offset, struct exh_error *err)
{
    uint64_t written = out->end - out->held;
    size_t in_file = offset >= written ? 0 : written - offset < length ? (size_t)(written - offset) : length;
    if (in_file < length)
        memcpy(out->buffer + (offset + in_file - written), data + in_file, length - in_file);
    return in_file == 0 || write_at(out, data, in_file, offset, err);
}

/* ---- groups of chunks ---- */

static bool put_section(struct exh_ewf_segment_out *out, const char *type, const void *body, uint64_t bytes, struct exh_error *err)
{
    uint8_t descriptor[EXH_EWF_DESCRIPTOR_BYTES];
    exh_ewf_descriptor_put(type, out->end, sizeof descriptor + bytes, descriptor);
    return put(out, descriptor, sizeof descriptor, err) && put(out, body, (size_t)bytes, err);
}

/* Room for the descriptor of `sectors`, which is written when its length is known: until then no reader gets past it. */
static bool begin_group(struct exh_ewf_segment_out *out, struct exh_error *err)
{
    static const uint8_t nothing[EXH_EWF_DESCRIPTOR_BYTES];
    out->group = out->end;
    out->chunks = 0;
    return put(out, nothing, sizeof nothing, err);
}

static bool end_group(struct exh_ewf_segment_out *out, struct exh_error *err)
{
    uint8_t descriptor[EXH_EWF_DESCRIPTOR_BYTES], *table = out->table;
    size_t entries = 4 * (size_t)out->chunks, bytes = TABLE_BYTES(out->chunks);
    if (out->group == 0)
        return true;
    memset(table, 0, EXH_EWF_TABLE_HEADER_BYTES);
    exh_put_le32(table, out->chunks);
    exh_put_le64(table + 8, out->group);
    exh_put_le32(table + 20, exh_adler32(1, table, 20));
    exh_put_le32(table + EXH_EWF_TABLE_HEADER_BYTES + entries, exh_adler32(1, table + EXH_EWF_TABLE_HEADER_BYTES, entries));
    exh_ewf_descriptor_put("sectors", out->group, out->end - out->group, descriptor);
    bool ok = put_again(out, descriptor, sizeof descriptor, out->group, err) && put_section(out, "table", table, bytes, err) &&
              put_section(out, "table2", table, bytes, err);
    out->group = 0;
    out->chunks = 0;
    return ok;
}

static bool joins_group(const struct exh_ewf_segment_out *out, uint64_t stored_bytes)
{
    return out->group != 0 && out->chunks < out->chunks_max && out->end - out->group + stored_bytes <= out->bytes_max;
}

uint64_t exh_ewf_segment_length(const struct exh_ewf_segment_out *out, uint64_t stored_bytes)
{
    uint64_t tables = 2 * (EXH_EWF_DESCRIPTOR_BYTES + TABLE_BYTES(out->chunks));
    if (stored_bytes == 0)
        return out->end + (out->group != 0 ? tables : 0);
    if (joins_group(out, stored_bytes))
        return out->end + tables + stored_bytes + 8;
    return out->end + (out->group != 0 ? tables : 0) + EXH_EWF_DESCRIPTOR_BYTES + stored_bytes + 2 * (EXH_EWF_DESCRIPTOR_BYTES + TABLE_BYTES(1));
}

bool exh_ewf_segment_chunk(struct exh_ewf_segment_out *out, const struct exh_ewf_packed *packed, const uint8_t *bytes, struct exh_error *err)
{
    uint8_t sum[4];
    uint64_t stored = packed->size + (packed->compressed ? 0 : sizeof sum);
    if (!joins_group(out, stored) && (!end_group(out, err) || !begin_group(out, err)))
        return false;
    exh_put_le32(out->table + EXH_EWF_TABLE_HEADER_BYTES + 4 * (size_t)out->chunks,
                 (uint32_t)(out->end - out->group) | (packed->compressed ? 0x80000000u : 0));
    out->chunks++;
    exh_put_le32(sum, packed->checksum);
    return put(out, bytes, packed->size, err) && (packed->compressed || put(out, sum, sizeof sum, err));
}

/* ---- the file ---- */

bool exh_ewf_segment_begin(struct exh_ewf_segment_out *out, int folder, const char *name, uint32_t number, struct exh_error *err)
{
    uint8_t header[EXH_EWF_FILE_HEADER_BYTES] = {'E', 'V', 'F', 0x09, 0x0d, 0x0a, 0xff, 0x00, 0x01};
    exh_put_le16(header + 9, (uint16_t)number);
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    out->end = out->held = out->unflushed = out->group = out->chunks = 0;
    out->file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (out->file < 0)
        return fail(out, errno, EXH_NO_OFFSET, "cannot create the E01's segment", err);
    return put(out, header, sizeof header, err);
}

bool exh_ewf_segment_section(struct exh_ewf_segment_out *out, const char *type, const void *body, size_t bytes, struct exh_error *err)
{
    return end_group(out, err) && put_section(out, type, body, bytes, err);
}

bool exh_ewf_segment_finish(struct exh_ewf_segment_out *out, const char *type, struct exh_error *err)
{
    uint8_t descriptor[EXH_EWF_DESCRIPTOR_BYTES];
    if (!end_group(out, err) || !flush(out, err))
        return false;
    exh_ewf_descriptor_put(type, out->end, 0, descriptor);
    if (fdatasync(out->file) != 0)
        return fail(out, errno, EXH_NO_OFFSET, "the destination did not keep what was written (fsync)", err);
    if (!write_at(out, descriptor, sizeof descriptor, out->end, err))
        return false;
    out->end += sizeof descriptor;
    if (fsync(out->file) != 0)
        return fail(out, errno, EXH_NO_OFFSET, "the destination did not keep what was written (fsync)", err);
    int closed = close(out->file);
    out->file = -1;
    return closed == 0 || fail(out, errno, EXH_NO_OFFSET, "cannot close the E01's segment", err);
}
