/* unpack.c - which library or code unpacks what. See unpack.h. */
#include "formats/container/unpack.h"

#include <stdlib.h>

#include "formats/container/codec.h"

struct exh_unpacker {
    struct exh_inflater *inflater; /* zlib and deflate; made when first used */
};

const char *exh_codec_name(enum exh_codec codec)
{
    static const char *const names[] = {"zlib", "deflate", "bzip2", "xz", "zstd", "adc", "lzfse"};
    return names[codec];
}

struct exh_unpacker *exh_unpacker_new(void) { return calloc(1, sizeof(struct exh_unpacker)); }

void exh_unpacker_close(struct exh_unpacker *unpacker)
{
    if (unpacker != NULL)
        exh_inflater_close(unpacker->inflater);
    free(unpacker);
}

static bool inflater_of(struct exh_unpacker *u, struct exh_error *err)
{
    if (u->inflater == NULL)
        u->inflater = exh_inflater_new();
    return u->inflater != NULL || exh_nomem(err, "a decompressor");
}

bool exh_unpack(struct exh_unpacker *unpacker, enum exh_codec codec, const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length,
                size_t *used, struct exh_error *err)
{
    switch (codec) {
    case EXH_CODEC_ZLIB: return inflater_of(unpacker, err) && exh_inflate_zlib(unpacker->inflater, in, in_length, out, out_length, used, err);
    case EXH_CODEC_DEFLATE: return inflater_of(unpacker, err) && exh_inflate_raw(unpacker->inflater, in, in_length, out, out_length, used, err);
    case EXH_CODEC_BZIP2:
    case EXH_CODEC_XZ:
    case EXH_CODEC_ZSTD:
    case EXH_CODEC_ADC:
    case EXH_CODEC_LZFSE: break;
    }
    return exh_fail(err, EXH_UNSUPPORTED, EXH_NO_OFFSET, "%s is not read yet", exh_codec_name(codec));
}
