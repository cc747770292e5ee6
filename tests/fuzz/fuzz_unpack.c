/* Fuzz target: a packed unit. The first byte names the codec, two more (little-endian) how many bytes it must make; the rest is the stream, in memory
 * exactly as long, so that a read beyond it is seen. */
#include "disc_fuzz.h"

#include "formats/container/unpack.h"
#include "formats/model/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    struct exh_error err = {0};
    size_t out_length = exh_le16(data + 1), in_length = size - 3, used = 0;
    enum exh_codec codec = (enum exh_codec)(data[0] % (EXH_CODEC_LZFSE + 1));
    uint8_t *in = malloc(in_length + (in_length == 0)), *out = malloc(out_length + (out_length == 0));
    struct exh_unpacker *unpacker = exh_unpacker_new();
    if (in != NULL && out != NULL && unpacker != NULL) {
        memcpy(in, data + 3, in_length);
        if (exh_unpack(unpacker, codec, in, in_length, out, out_length, &used, &err))
            disc_fuzz_must(used <= in_length && err.code == EXH_OK);
        else
            disc_fuzz_error(&err);
    }
    exh_unpacker_close(unpacker);
    free(in);
    free(out);
    return 0;
}
