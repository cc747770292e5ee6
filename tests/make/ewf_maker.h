/* ewf_maker.h - writes E01 segments in memory from the format's description, sharing no code with the reader or the writer under test.
 *
 * Compressed chunks are zlib streams of stored blocks (RFC 1951, 3.2.4): valid, and every one of their bytes is known. For tests only:
 * running out of memory ends the test. */
#ifndef EXH_TESTS_MAKE_EWF_MAKER_H
#define EXH_TESTS_MAKE_EWF_MAKER_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAKER_SEGMENTS_MAX 1200
#define MAKER_SPARE_MAX 512

struct maker_bytes {
    uint8_t *data;
    size_t length, room;
};

struct maker_options {
    uint32_t sector_bytes, chunk_sectors, chunks_per_table;
    size_t chunks_per_segment; /* 0: all in one */
    enum { MAKER_RAW, MAKER_PACKED, MAKER_MIXED } chunks;
    bool no_table2, tables_hold_chunks; /* the second is EnCase 1's way */
    bool no_base, fill_last_chunk, unfinished_mark, no_hash;
    uint8_t guid_byte;
    const char *notes; /* ASCII, in header2 and header */
    const uint32_t (*errors)[2];
    size_t error_count;
    uint32_t volume_chunks; /* 0: the true number */
};

struct maker_image {
    struct maker_bytes segments[MAKER_SEGMENTS_MAX];
    size_t count;
    uint8_t md5[16];
    /* Offsets in segment 0 of stored-block headers, five of whose bits mean nothing; those of chunks and of `header`. */
    size_t spare[MAKER_SPARE_MAX], spare_count;
};

static uint32_t maker_adler(const uint8_t *p, size_t n)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < n; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void maker_put(struct maker_bytes *b, const void *data, size_t n)
{
    if (b->length + n > b->room) {
        b->room = (b->length + n) * 2;
        b->data = realloc(b->data, b->room);
        if (b->data == NULL)
            abort();
    }
    if (n > 0 && data != NULL)
        memcpy(b->data + b->length, data, n);
    else if (n > 0)
        memset(b->data + b->length, 0, n);
    b->length += n;
}

static void maker_le(struct maker_bytes *b, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)(v >> 8 * i);
        maker_put(b, &byte, 1);
    }
}

static void maker_set_le(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* One stored-block zlib stream at the end of b. */
static void maker_zlib(struct maker_bytes *b, const uint8_t *data, size_t n, struct maker_image *notes_to)
{
    maker_le(b, 0x0178, 2);
    for (size_t at = 0; at < n || at == 0; at += 65535) {
        size_t part = n - at < 65535 ? n - at : 65535;
        if (notes_to != NULL && notes_to->spare_count < MAKER_SPARE_MAX)
            notes_to->spare[notes_to->spare_count++] = b->length;
        maker_le(b, at + part == n, 1);
        maker_le(b, part, 2);
        maker_le(b, ~part & 0xffff, 2);
        maker_put(b, data + at, part);
        if (part == n)
            break;
    }
    uint32_t sum = maker_adler(data, n);
    for (int i = 3; i >= 0; i--)
        maker_le(b, sum >> 8 * i & 0xff, 1);
}

/* Begins a section; maker_end fills its size. */
static size_t maker_begin(struct maker_bytes *b, const char *type)
{
    size_t at = b->length;
    maker_put(b, NULL, 76);
    memcpy(b->data + at, type, strlen(type));
    return at;
}

/* Writes the descriptor anew with its checksum. */
static void maker_describe(struct maker_bytes *b, size_t at, uint64_t next, uint64_t size)
{
    maker_set_le(b->data + at + 16, next, 8);
    maker_set_le(b->data + at + 24, size, 8);
    maker_set_le(b->data + at + 72, maker_adler(b->data + at, 72), 4);
}

static void maker_end(struct maker_bytes *b, size_t at) { maker_describe(b, at, b->length, b->length - at); }

static void maker_last(struct maker_bytes *b, const char *type)
{
    size_t at = maker_begin(b, type);
    maker_describe(b, at, at, 0);
}

/* Checksum over everything since `from`. */
static void maker_sum(struct maker_bytes *b, size_t from) { maker_le(b, maker_adler(b->data + from, b->length - from), 4); }

static void maker_headers(struct maker_bytes *b, const struct maker_options *o, struct maker_image *image)
{
    static const char before[] = "3\nmain\na\tc\tn\te\tt\tmd\tsn\tav\tov\tm\tu\tp\nthe disk\tK-1\tX-2\tA. Nother\t",
                      after[] = "\tModel 9\tS/N 7\t1.0\tLinux\t1795396549\t1795396549\t0\n\n";
    struct maker_bytes text = {0}, wide = {0};
    maker_put(&text, before, sizeof before - 1);
    if (o->notes != NULL)
        maker_put(&text, o->notes, strlen(o->notes));
    maker_put(&text, after, sizeof after - 1);
    maker_le(&wide, 0xfeff, 2);
    for (size_t i = 0; i < text.length; i++)
        maker_le(&wide, text.data[i], 2);
    for (int copy = 0; copy < 2; copy++) {
        size_t at = maker_begin(b, "header2");
        maker_zlib(b, wide.data, wide.length, NULL);
        maker_end(b, at);
    }
    size_t at = maker_begin(b, "header");
    maker_zlib(b, text.data, text.length, image);
    maker_end(b, at);
    free(text.data);
    free(wide.data);
}

static void maker_volume(struct maker_bytes *b, const char *type, const struct maker_options *o, uint64_t sectors, uint32_t chunks)
{
    size_t at = maker_begin(b, type), body = b->length;
    maker_put(b, NULL, 1048);
    uint8_t *p = b->data + body;
    p[0] = 1;
    maker_set_le(p + 4, o->volume_chunks != 0 ? o->volume_chunks : chunks, 4);
    maker_set_le(p + 8, o->chunk_sectors, 4);
    maker_set_le(p + 12, o->sector_bytes, 4);
    maker_set_le(p + 16, sectors, 8);
    p[36] = 3;
    p[52] = 1;
    maker_set_le(p + 56, 64, 4);
    memset(p + 64, o->guid_byte, 16);
    maker_sum(b, body);
    maker_end(b, at);
}

struct maker_chunk {
    uint64_t at;
    bool packed;
};

static void maker_chunks(struct maker_bytes *b, const struct maker_options *o, const uint8_t *media, size_t bytes, size_t first, size_t n,
                         struct maker_chunk *chunks, struct maker_image *image)
{
    size_t per = (size_t)o->chunk_sectors * o->sector_bytes;
    for (size_t i = 0; i < n; i++) {
        size_t from = (first + i) * per, part = bytes - from < per ? bytes - from : per;
        uint8_t *copy = calloc(1, per);
        if (copy == NULL)
            abort();
        memcpy(copy, media + from, part);
        if (o->fill_last_chunk)
            part = per;
        chunks[i] = (struct maker_chunk){b->length, o->chunks == MAKER_PACKED || (o->chunks == MAKER_MIXED && (first + i) % 2 == 0)};
        if (chunks[i].packed) {
            maker_zlib(b, copy, part, image->count == 0 ? image : NULL);
        } else {
            maker_put(b, copy, part);
            maker_le(b, maker_adler(copy, part), 4);
        }
        free(copy);
    }
}

static void maker_entries(struct maker_bytes *b, const struct maker_chunk *chunks, size_t n, uint64_t base)
{
    size_t body = b->length;
    maker_le(b, n, 4);
    maker_put(b, NULL, 4);
    maker_le(b, base, 8);
    maker_put(b, NULL, 4);
    maker_sum(b, body);
    size_t first = b->length;
    for (size_t i = 0; i < n; i++)
        maker_le(b, (chunks[i].at - base) | (chunks[i].packed ? 0x80000000u : 0), 4);
    maker_sum(b, first);
}

/* `sectors`, `table`, `table2`; or a `table` that holds its chunks, whose places are known only afterwards. */
static void maker_group(struct maker_bytes *b, const struct maker_options *o, const uint8_t *media, size_t bytes, size_t first, size_t n,
                        struct maker_image *image)
{
    struct maker_chunk *chunks = calloc(n + 1, sizeof *chunks);
    if (chunks == NULL)
        abort();
    size_t at = maker_begin(b, o->tables_hold_chunks ? "table" : "sectors"), body = b->length;
    uint64_t base = o->no_base ? 0 : at;
    if (o->tables_hold_chunks) {
        maker_put(b, NULL, 24 + 4 * n + 4);
        maker_chunks(b, o, media, bytes, first, n, chunks, image);
        struct maker_bytes table = {0};
        maker_entries(&table, chunks, n, base);
        memcpy(b->data + body, table.data, table.length);
        free(table.data);
        maker_end(b, at);
    } else {
        maker_chunks(b, o, media, bytes, first, n, chunks, image);
        maker_end(b, at);
        for (int copy = 0; copy < (o->no_table2 ? 1 : 2); copy++) {
            size_t section = maker_begin(b, copy == 0 ? "table" : "table2");
            maker_entries(b, chunks, n, base);
            maker_end(b, section);
        }
    }
    free(chunks);
}

static void maker_tail(struct maker_bytes *b, const struct maker_options *o, const struct maker_image *image)
{
    if (o->error_count > 0) {
        size_t at = maker_begin(b, "error2"), body = b->length;
        maker_le(b, o->error_count, 4);
        maker_put(b, NULL, 512);
        maker_sum(b, body);
        size_t first = b->length;
        for (size_t i = 0; i < o->error_count; i++) {
            maker_le(b, o->errors[i][0], 4);
            maker_le(b, o->errors[i][1], 4);
        }
        maker_sum(b, first);
        maker_end(b, at);
    }
    if (o->unfinished_mark)
        maker_end(b, maker_begin(b, "incomplete"));
    if (!o->no_hash) {
        size_t at = maker_begin(b, "digest"), body = b->length;
        maker_put(b, image->md5, 16);
        maker_put(b, NULL, 60);
        maker_sum(b, body);
        maker_end(b, at);
        at = maker_begin(b, "hash");
        body = b->length;
        maker_put(b, image->md5, 16);
        maker_put(b, NULL, 16);
        maker_sum(b, body);
        maker_end(b, at);
    }
    maker_last(b, "done");
}

/* `bytes` is a multiple of sector_bytes. */
static void maker_make(struct maker_image *image, const struct maker_options *o, const uint8_t *media, size_t bytes)
{
    memset(image, 0, sizeof *image);
    size_t per = (size_t)o->chunk_sectors * o->sector_bytes, chunks = (bytes + per - 1) / per, done = 0;
    size_t per_segment = o->chunks_per_segment != 0 ? o->chunks_per_segment : chunks + 1;
    if (EVP_Digest(media, bytes, image->md5, NULL, EVP_md5(), NULL) != 1)
        abort();
    for (; image->count == 0 || done < chunks; image->count++) {
        struct maker_bytes *b = &image->segments[image->count];
        static const uint8_t signature[9] = {'E', 'V', 'F', 9, 13, 10, 255, 0, 1};
        maker_put(b, signature, sizeof signature);
        maker_le(b, image->count + 1, 2);
        maker_le(b, 0, 2);
        if (image->count == 0)
            maker_headers(b, o, image);
        maker_volume(b, image->count == 0 ? "volume" : "data", o, bytes / o->sector_bytes, (uint32_t)chunks);
        size_t end = done + per_segment < chunks ? done + per_segment : chunks;
        while (done < end) {
            size_t n = o->chunks_per_table != 0 && end - done > o->chunks_per_table ? o->chunks_per_table : end - done;
            maker_group(b, o, media, bytes, done, n, image);
            done += n;
        }
        if (done == chunks)
            maker_tail(b, o, image);
        else
            maker_last(b, "next");
    }
}

static void maker_close(struct maker_image *image)
{
    for (size_t i = 0; i < image->count; i++)
        free(image->segments[i].data);
    memset(image, 0, sizeof *image);
}

/* Offset of the nth section of this type in a segment (0 = the first), or SIZE_MAX. */
static size_t maker_find(const struct maker_bytes *b, const char *type, size_t n)
{
    size_t at = 13;
    for (;;) {
        char name[17] = {0};
        memcpy(name, b->data + at, 16);
        if (strcmp(name, type) == 0 && n-- == 0)
            return at;
        uint64_t next = 0;
        for (int i = 7; i >= 0; i--)
            next = next << 8 | b->data[at + 16 + (size_t)i];
        if (next <= at || next + 76 > b->length)
            return SIZE_MAX;
        at = (size_t)next;
    }
}

/* The type of the section that holds an offset; "" outside. */
static void maker_section_at(const struct maker_bytes *b, size_t offset, char out[17])
{
    static const char *const types[] = {"header2", "header", "volume", "data", "sectors", "table",   "table2",
                                        "error2",  "digest", "hash",   "next", "done",    "xheader", "xhash"};
    size_t best = 0;
    memset(out, 0, 17);
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        for (size_t n = 0; n < 64; n++) {
            size_t at = maker_find(b, types[t], n);
            if (at == SIZE_MAX)
                break;
            if (at <= offset && at >= best) {
                best = at;
                memcpy(out, types[t], strlen(types[t]) + 1);
            }
        }
}

#endif
