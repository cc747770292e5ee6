/* codec.c - zlib streams by libdeflate. See codec.h; RFC 1950 and 1951.
 *
 * libdeflate works on whole buffers, which is what image chunks are, and never writes past the room it is given.
 * In a build for fuzzing the stream's checksum is not asked for, so that mutations reach what lies behind it. */
#include <libdeflate.h>

#include "formats/container/codec.h"

#include "formats/model/bytes.h"

struct exh_inflater {
    struct libdeflate_decompressor *tables;
};

struct exh_deflater {
    struct libdeflate_compressor *tables;
};

struct exh_inflater *exh_inflater_new(void)
{
    struct exh_inflater *inflater = malloc(sizeof *inflater);
    if (inflater == NULL)
        return NULL;
    inflater->tables = libdeflate_alloc_decompressor();
    if (inflater->tables == NULL) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void exh_inflater_close(struct exh_inflater *inflater)
{
    if (inflater != NULL)
        libdeflate_free_decompressor(inflater->tables);
    free(inflater);
}

static enum libdeflate_result inflate_stream(struct exh_inflater *inflater, const uint8_t *in, size_t in_length, void *out, size_t room, size_t *used,
                                             size_t *made)
{
#ifdef EXH_FUZZING
    if (in_length < 2)
        return LIBDEFLATE_BAD_DATA;
    enum libdeflate_result result = libdeflate_deflate_decompress_ex(inflater->tables, in + 2, in_length - 2, out, room, used, made);
    *used += 2;
    return result;
#else
    return libdeflate_zlib_decompress_ex(inflater->tables, in, in_length, out, room, used, made);
#endif
}

static bool judge(enum libdeflate_result result, const char *what, size_t in_length, size_t made, size_t out_length, struct exh_error *err)
{
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a %s stream makes more than the %zu bytes it stands for", what, out_length);
    if (result != LIBDEFLATE_SUCCESS)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a %s stream of %zu bytes is damaged", what, in_length);
    return made == out_length || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a %s stream makes %zu bytes, not %zu", what, made, out_length);
}

bool exh_inflate_zlib(struct exh_inflater *inflater, const void *in, size_t in_length, void *out, size_t out_length, size_t *used,
                      struct exh_error *err)
{
    size_t consumed = 0, made = 0;
    enum libdeflate_result result = inflate_stream(inflater, in, in_length, out, out_length, &consumed, &made);
    if (used != NULL)
        *used = consumed;
    return judge(result, "zlib", in_length, made, out_length, err);
}

bool exh_inflate_raw(struct exh_inflater *inflater, const void *in, size_t in_length, void *out, size_t out_length, size_t *used,
                     struct exh_error *err)
{
    size_t consumed = 0, made = 0;
    enum libdeflate_result result = libdeflate_deflate_decompress_ex(inflater->tables, in, in_length, out, out_length, &consumed, &made);
    if (used != NULL)
        *used = consumed;
    return judge(result, "deflate", in_length, made, out_length, err);
}

bool exh_inflate_zlib_whole(struct exh_inflater *inflater, const void *in, size_t in_length, size_t limit, uint8_t **out, size_t *out_length,
                            size_t *used, struct exh_error *err)
{
    uint64_t most;
    if (!exh_mul_u64(in_length, EXH_DEFLATE_RATIO_MAX, &most) || most > limit)
        most = limit;
    for (uint64_t room = most < 4096 ? most : 4096;; room = room > most / 4 ? most : room * 4) {
        uint8_t *buffer = malloc((size_t)room + 1);
        if (buffer == NULL)
            return exh_nomem(err, "a zlib stream");
        size_t consumed = 0, made = 0;
        enum libdeflate_result result = inflate_stream(inflater, in, in_length, buffer, (size_t)room, &consumed, &made);
        if (result == LIBDEFLATE_SUCCESS) {
            buffer[made] = '\0';
            *out = buffer;
            *out_length = made;
            if (used != NULL)
                *used = consumed;
            return true;
        }
        free(buffer);
        if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
            return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a zlib stream of %zu bytes is damaged", in_length);
        if (room == most)
            return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "a zlib stream makes more than %llu bytes", (unsigned long long)most);
    }
}

struct exh_deflater *exh_deflater_new(int level)
{
    struct exh_deflater *deflater = malloc(sizeof *deflater);
    if (deflater == NULL)
        return NULL;
    deflater->tables = level >= 1 && level <= EXH_DEFLATE_LEVEL_MAX ? libdeflate_alloc_compressor(level) : NULL;
    if (deflater->tables == NULL) {
        free(deflater);
        return NULL;
    }
    return deflater;
}

void exh_deflater_close(struct exh_deflater *deflater)
{
    if (deflater != NULL)
        libdeflate_free_compressor(deflater->tables);
    free(deflater);
}

size_t exh_deflate_zlib(struct exh_deflater *deflater, const void *in, size_t in_length, void *out, size_t room)
{
    return libdeflate_zlib_compress(deflater->tables, in, in_length, out, room);
}

size_t exh_deflate_raw(struct exh_deflater *deflater, const void *in, size_t in_length, void *out, size_t room)
{
    return libdeflate_deflate_compress(deflater->tables, in, in_length, out, room);
}

size_t exh_deflate_bound(size_t in_length) { return libdeflate_zlib_compress_bound(NULL, in_length); }

uint32_t exh_adler32(uint32_t before, const void *data, size_t length) { return libdeflate_adler32(before, data, length); }

uint32_t exh_crc32(uint32_t before, const void *data, size_t length) { return libdeflate_crc32(before, data, length); }
