/* xz.c - .xz streams by liblzma. See xz.h. */
#include "formats/container/xz.h"

#include <lzma.h>

#define MEMORY_MAX (64u << 20)
#define DICTIONARY_BYTES (1u << 20) /* a larger one finds nothing more in a unit of 1 MiB */
/* On 24 MiB of program files in units of 1 MiB: preset 3 makes 0.234 of the size in 2.3 s, 6 makes 0.217 in 6.4 s (zlib: level 1 0.320 in 0.2 s,
 * level 9 0.283 in 1.7 s). The last 7 % are not worth three times the time. */
#define PRESET 3u

bool exh_xz_unpack(const uint8_t *in, size_t in_length, uint8_t *out, size_t room, size_t *used, size_t *made, bool *ended, struct exh_error *err)
{
    uint64_t memory = MEMORY_MAX;
    *used = *made = 0;
    lzma_ret result = lzma_stream_buffer_decode(&memory, 0, NULL, in, used, in_length, out, made, room);
    *ended = result == LZMA_OK;
    if (result == LZMA_MEM_ERROR)
        return exh_nomem(err, "an xz decompressor");
    if (result == LZMA_MEMLIMIT_ERROR)
        return exh_fail(err, EXH_LIMIT, EXH_NO_OFFSET, "an xz stream asks for %llu bytes of memory", (unsigned long long)memory);
    return true;
}

bool exh_xz_pack(const uint8_t *in, size_t in_length, uint8_t *out, size_t room, size_t *length, struct exh_error *err)
{
    lzma_options_lzma options;
    *length = 0;
    if (lzma_lzma_preset(&options, PRESET))
        return exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "no preset for xz");
    options.dict_size = DICTIONARY_BYTES;
    lzma_filter filters[] = {{.id = LZMA_FILTER_LZMA2, .options = &options}, {.id = LZMA_VLI_UNKNOWN, .options = NULL}};
    lzma_ret result = lzma_stream_buffer_encode(filters, LZMA_CHECK_NONE, NULL, in, in_length, out, length, room);
    if (result == LZMA_OK)
        return true;
    *length = 0;
    return result == LZMA_BUF_ERROR ||
           (result == LZMA_MEM_ERROR ? exh_nomem(err, "an xz compressor") : exh_fail(err, EXH_BUG, EXH_NO_OFFSET, "xz answered %d", (int)result));
}
