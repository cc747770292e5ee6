/* unpack.c - which library or code unpacks what, and packs it. See unpack.h. */
#include "formats/container/unpack.h"

#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>
#include <zstd.h>

#include "formats/container/adc.h"
#include "formats/container/codec.h"
#include "formats/container/lzfse.h"
#include "formats/container/xz.h"

#define ZSTD_WINDOW_LOG_MAX 27 /* 128 MiB; what a frame asks for beyond is refused */

struct exh_unpacker { /* each made when first used */
    struct exh_inflater *inflater;
    ZSTD_DCtx *zstd;
};

const char *exh_codec_name(enum exh_codec codec)
{
    static const char *const names[] = {"zlib", "deflate", "bzip2", "xz", "zstd", "adc", "lzfse"};
    return names[codec];
}

struct exh_unpacker *exh_unpacker_new(void) { return calloc(1, sizeof(struct exh_unpacker)); }

void exh_unpacker_close(struct exh_unpacker *unpacker)
{
    if (unpacker == NULL)
        return;
    exh_inflater_close(unpacker->inflater);
    (void)ZSTD_freeDCtx(unpacker->zstd);
    free(unpacker);
}

static bool inflater_of(struct exh_unpacker *u, struct exh_error *err)
{
    if (u->inflater == NULL)
        u->inflater = exh_inflater_new();
    return u->inflater != NULL || exh_nomem(err, "a decompressor");
}

/* What all of them must come to. */
static bool whole(bool ended, enum exh_codec codec, size_t made, size_t out_length, struct exh_error *err)
{
    if (!ended)
        return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a %s stream is damaged, or makes more than %zu bytes", exh_codec_name(codec), out_length);
    return made == out_length ||
           exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "a %s stream makes %zu bytes, not %zu", exh_codec_name(codec), made, out_length);
}

static bool unpack_bzip2(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length, size_t *used, struct exh_error *err)
{
    bz_stream s = {.next_in = (char *)(uintptr_t)in, .avail_in = (unsigned)in_length, .next_out = (char *)out, .avail_out = (unsigned)out_length};
    if (in_length > UINT_MAX || out_length > UINT_MAX || BZ2_bzDecompressInit(&s, 0, 0) != BZ_OK)
        return exh_nomem(err, "a bzip2 decompressor");
    int result;
    do
        result = BZ2_bzDecompress(&s);
    while (result == BZ_OK && s.avail_in > 0 && s.avail_out > 0);
    if (result == BZ_OK && s.avail_out == 0)
        result = BZ2_bzDecompress(&s); /* the end mark and the checksum come behind the last byte */
    (void)BZ2_bzDecompressEnd(&s);
    *used = in_length - s.avail_in;
    return whole(result == BZ_STREAM_END, EXH_CODEC_BZIP2, out_length - s.avail_out, out_length, err);
}

static bool unpack_xz(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length, size_t *used, struct exh_error *err)
{
    size_t made;
    bool ended;
    return exh_xz_unpack(in, in_length, out, out_length, used, &made, &ended, err) && whole(ended, EXH_CODEC_XZ, made, out_length, err);
}

static bool unpack_zstd(struct exh_unpacker *u, const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length, size_t *used,
                        struct exh_error *err)
{
    if (u->zstd == NULL &&
        ((u->zstd = ZSTD_createDCtx()) == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(u->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX))))
        return exh_nomem(err, "a zstd decompressor");
    ZSTD_inBuffer from = {in, in_length, 0};
    ZSTD_outBuffer to = {out, out_length, 0};
    (void)ZSTD_DCtx_reset(u->zstd, ZSTD_reset_session_only);
    size_t left;
    do
        left = ZSTD_decompressStream(u->zstd, &to, &from);
    while (left != 0 && !ZSTD_isError(left) && from.pos < from.size && to.pos < to.size);
    *used = from.pos;
    /* Some writers leave the frame open where the unit is full: what was asked for is there all the same (QCOW2). */
    return whole(!ZSTD_isError(left) && (left == 0 || to.pos == out_length), EXH_CODEC_ZSTD, to.pos, out_length, err);
}

bool exh_unpack(struct exh_unpacker *unpacker, enum exh_codec codec, const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length,
                size_t *used, struct exh_error *err)
{
    size_t taken = 0;
    bool ok = false;
    switch (codec) {
    case EXH_CODEC_ZLIB: ok = inflater_of(unpacker, err) && exh_inflate_zlib(unpacker->inflater, in, in_length, out, out_length, &taken, err); break;
    case EXH_CODEC_DEFLATE:
        ok = inflater_of(unpacker, err) && exh_inflate_raw(unpacker->inflater, in, in_length, out, out_length, &taken, err);
        break;
    case EXH_CODEC_BZIP2: ok = unpack_bzip2(in, in_length, out, out_length, &taken, err); break;
    case EXH_CODEC_XZ: ok = unpack_xz(in, in_length, out, out_length, &taken, err); break;
    case EXH_CODEC_ZSTD: ok = unpack_zstd(unpacker, in, in_length, out, out_length, &taken, err); break;
    case EXH_CODEC_ADC: ok = exh_adc_unpack(in, in_length, out, out_length, &taken, err); break;
    case EXH_CODEC_LZFSE: ok = exh_lzfse_unpack(in, in_length, out, out_length, &taken, err); break;
    }
    if (used != NULL)
        *used = taken;
    return ok;
}

/* ---- packing ---- */

struct exh_packer { /* one of the two is set, or neither */
    enum exh_codec codec;
    int level;
    struct exh_deflater *deflater;
    ZSTD_CCtx *zstd;
};

struct exh_packer *exh_packer_new(enum exh_codec codec, int level)
{
    struct exh_packer *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->codec = codec;
    p->level = level;
    if (codec == EXH_CODEC_XZ || (codec == EXH_CODEC_BZIP2 && level >= 1 && level <= 9))
        return p; /* they hold nothing between two units */
    if (codec == EXH_CODEC_ZLIB || codec == EXH_CODEC_DEFLATE)
        p->deflater = exh_deflater_new(level);
    else if (codec == EXH_CODEC_ZSTD && level >= 1 && level <= ZSTD_maxCLevel())
        p->zstd = ZSTD_createCCtx();
    if (p->deflater != NULL || (p->zstd != NULL && !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, level))))
        return p;
    exh_packer_close(p);
    return NULL;
}

void exh_packer_close(struct exh_packer *packer)
{
    if (packer == NULL)
        return;
    exh_deflater_close(packer->deflater);
    (void)ZSTD_freeCCtx(packer->zstd);
    free(packer);
}

static size_t pack_bzip2(const struct exh_packer *p, const void *in, size_t in_length, void *out, size_t room)
{
    unsigned made = room < UINT_MAX ? (unsigned)room : UINT_MAX;
    if (in_length > UINT_MAX || BZ2_bzBuffToBuffCompress(out, &made, (char *)(uintptr_t)in, (unsigned)in_length, p->level, 0, 0) != BZ_OK)
        return 0;
    return made;
}

static size_t pack_xz(const void *in, size_t in_length, void *out, size_t room)
{
    struct exh_error ignored = {0}; /* no memory: then the unit is stored as it is */
    size_t made = 0;
    return exh_xz_pack(in, in_length, out, room, &made, &ignored) ? made : 0;
}

size_t exh_pack(struct exh_packer *packer, const void *in, size_t in_length, void *out, size_t room)
{
    if (packer->codec == EXH_CODEC_ZLIB)
        return exh_deflate_zlib(packer->deflater, in, in_length, out, room);
    if (packer->codec == EXH_CODEC_DEFLATE)
        return exh_deflate_raw(packer->deflater, in, in_length, out, room);
    if (packer->codec == EXH_CODEC_BZIP2)
        return pack_bzip2(packer, in, in_length, out, room);
    if (packer->codec == EXH_CODEC_XZ)
        return pack_xz(in, in_length, out, room);
    size_t made = ZSTD_compress2(packer->zstd, out, room, in, in_length);
    return ZSTD_isError(made) ? 0 : made;
}
