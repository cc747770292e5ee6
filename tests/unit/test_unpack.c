/* The decompressors of containers: against the libraries' own compressors, and ADC, LZVN and LZFSE against encoders written here from the facts of
 * the formats. Streams damaged in every byte, cut anywhere, and asked for too much or too little: an error or the same bytes, never a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bzlib.h>
#include <zstd.h>

#include "formats/container/codec.h"
#include "formats/container/unpack.h"
#include "formats/container/xz.h"
#include "formats/model/bytes.h"
#include "tests/unit/lz_encoders.h"

#define ROOM (1u << 18)

static uint8_t plain[60000], packed[ROOM], made[sizeof plain + 1];

/* Words that repeat near and far, runs of one byte, and noise. */
static void make_plain(void)
{
    uint32_t x = 88172645u;
    for (size_t i = 0; i < sizeof plain; i++) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        switch (i / 1500 % 4) {
        case 0: plain[i] = (uint8_t) "the quick brown fox jumps over the lazy dog "[i % 44]; break;
        case 1: plain[i] = i > 9000 ? plain[i - 9000 + (i / 1500 % 7)] : (uint8_t)(i / 100); break;
        case 2: plain[i] = 'z'; break;
        default: plain[i] = (uint8_t)(x >> 24 & (i % 3000 < 700 ? 0xFF : 0x0F)); break;
        }
    }
}

static size_t pack(enum exh_codec codec, const uint8_t *in, size_t length)
{
    struct exh_error err = {0};
    size_t n = 0;
    unsigned bz = ROOM;
    struct exh_deflater *deflater;
    switch (codec) {
    case EXH_CODEC_ZLIB:
    case EXH_CODEC_DEFLATE:
        deflater = exh_deflater_new(6);
        n = exh_deflate_zlib(deflater, in, length, packed, ROOM);
        exh_deflater_close(deflater);
        if (codec == EXH_CODEC_ZLIB)
            return n;
        memmove(packed, packed + 2, n - 6); /* without header and checksum it is the raw stream */
        return n - 6;
    case EXH_CODEC_BZIP2:
        assert_int_equal(BZ2_bzBuffToBuffCompress((char *)packed, &bz, (char *)(uintptr_t)in, (unsigned)length, 9, 0, 0), BZ_OK);
        return bz;
    case EXH_CODEC_XZ: assert_true(exh_xz_pack(in, length, packed, ROOM, &n, &err)); return n;
    case EXH_CODEC_ZSTD:
        n = ZSTD_compress(packed, ROOM, in, length, 3);
        assert_false(ZSTD_isError(n));
        return n;
    case EXH_CODEC_ADC: return adc_encode(in, length, packed);
    case EXH_CODEC_LZFSE: return lzfse_encode(in, length, packed);
    }
    return 0;
}

static bool unpack(enum exh_codec codec, const uint8_t *in, size_t in_length, size_t out_length, size_t *used, enum exh_code *code)
{
    struct exh_error err = {0};
    struct exh_unpacker *u = exh_unpacker_new();
    assert_non_null(u);
    bool ok = exh_unpack(u, codec, in, in_length, made, out_length, used, &err);
    exh_unpacker_close(u);
    assert_true(ok == (err.code == EXH_OK));
    *code = err.code;
    return ok;
}

static void every_codec_and_length(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 2, 3, 4, 5, 100, 511, 1500, 4096, 30000, sizeof plain};
    make_plain();
    for (int codec = EXH_CODEC_ZLIB; codec <= EXH_CODEC_LZFSE; codec++)
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            size_t used, n = pack((enum exh_codec)codec, plain, lengths[i]);
            enum exh_code code;
            memset(packed + n, 0xA5, 64); /* what follows is another's */
            memset(made, 0, sizeof made);
            if (!unpack((enum exh_codec)codec, packed, n + 64, lengths[i], &used, &code))
                fail_msg("%s of %zu bytes: %d", exh_codec_name((enum exh_codec)codec), lengths[i], (int)code);
            assert_int_equal(used, n);
            assert_memory_equal(made, plain, lengths[i]);
            assert_int_equal(made[lengths[i]], 0);
            assert_false(unpack((enum exh_codec)codec, packed, n - 1, lengths[i], &used, &code) && memcmp(made, plain, lengths[i]) != 0);
            if (codec != EXH_CODEC_ZSTD && codec != EXH_CODEC_ADC) /* ADC has no end; a zstd frame may stay open */
                assert_false(lengths[i] > 1 && unpack((enum exh_codec)codec, packed, n, lengths[i] - 1, &used, &code));
            if (lengths[i] < sizeof plain) {
                assert_false(unpack((enum exh_codec)codec, packed, n, lengths[i] + 1, &used, &code));
                assert_int_equal(code, EXH_CORRUPT);
            }
        }
}

static void lzvn_within_lzfse(void **state)
{
    (void)state;
    make_plain();
    for (size_t length = 1; length <= sizeof plain; length = length * 3 + 1) {
        size_t used, n = lzvn_block_encode(plain, length, packed);
        enum exh_code code;
        assert_true(unpack(EXH_CODEC_LZFSE, packed, n, length, &used, &code));
        assert_int_equal(used, n);
        assert_memory_equal(made, plain, length);
    }
}

/* Blocks of every kind, one after the other: matches of one do not reach into another here, but the output is one. */
static void several_blocks(void **state)
{
    (void)state;
    static uint8_t all[ROOM];
    size_t n = 0, used;
    enum exh_code code;
    make_plain();
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *part = plain + i * 5000;
        size_t m = i % 2 == 0 ? lzfse_encode(part, 5000, packed) : i == 1 ? lzvn_block_encode(part, 5000, packed) : stored_encode(part, 5000, packed);
        memcpy(all + n, packed, m - 4); /* without its end */
        n += m - 4;
    }
    memcpy(all + n, "bvx$", 4);
    assert_true(unpack(EXH_CODEC_LZFSE, all, n + 4, 20000, &used, &code));
    assert_int_equal(used, n + 4);
    assert_memory_equal(made, plain, 20000);
    memcpy(all + n, "bvx1", 4);
    assert_false(unpack(EXH_CODEC_LZFSE, all, n + 4, 20000, &used, &code));
    for (size_t at = 0; at < 40; at += 8)
        memcpy(all + at, "bvx-\0\0\0\0", 8); /* blocks of nothing, and no end */
    assert_false(unpack(EXH_CODEC_LZFSE, all, 40, 20000, &used, &code));
}

/* Of the streams with a checksum of their own, a change is found or makes no difference. */
static void damaged_in_every_byte(void **state)
{
    (void)state;
    static uint8_t whole[ROOM];
    static const uint8_t flips[] = {0x01, 0x80, 0xFF, 0x10};
    const size_t length = 3200;
    make_plain();
    for (int kind = EXH_CODEC_ZLIB; kind <= EXH_CODEC_LZFSE + 1; kind++) {
        enum exh_codec codec = kind > EXH_CODEC_LZFSE ? EXH_CODEC_LZFSE : (enum exh_codec)kind;
        bool checked = codec == EXH_CODEC_ZLIB || codec == EXH_CODEC_BZIP2;
        size_t n = kind > EXH_CODEC_LZFSE ? lzvn_block_encode(plain, length, packed) : pack(codec, plain, length), used;
        enum exh_code code;
        memcpy(whole, packed, n);
        for (size_t at = 0; at < n; at++) {
            for (size_t f = 0; f < sizeof flips; f++) {
                packed[at] ^= flips[f];
                bool ok = unpack(codec, packed, n, length, &used, &code);
                assert_true(ok || code == EXH_CORRUPT || code == EXH_LIMIT);
                assert_true(!ok || !checked || memcmp(made, plain, length) == 0);
                packed[at] = whole[at];
            }
            uint8_t *cut = malloc(at + 1); /* exactly as long, so that a sanitizer sees a read beyond */
            assert_non_null(cut);
            memcpy(cut, whole, at);
            bool ok = unpack(codec, cut, at, length, &used, &code);
            assert_true(!ok || memcmp(made, plain, length) == 0);
            free(cut);
        }
    }
}

static void what_asks_for_too_much(void **state)
{
    (void)state;
    size_t used;
    enum exh_code code;
    static const uint8_t before[] = {0x40, 0, 0}, far[] = {0x83, 'a', 'b', 'c', 'd', 0x40, 0, 4};
    assert_false(unpack(EXH_CODEC_ADC, before, sizeof before, 100, &used, &code)); /* a copy from before the beginning */
    assert_false(unpack(EXH_CODEC_ADC, far, sizeof far, 100, &used, &code));
    assert_false(unpack(EXH_CODEC_ADC, before, 0, 1, &used, &code));
    /* An .xz stream that asks for a dictionary of 1.5 GiB: the properties byte of its block, and the CRC-32 of the header mended. */
    make_plain();
    size_t n = pack(EXH_CODEC_XZ, plain, 1000);
    uint8_t *header = packed + 12;
    size_t header_bytes = ((size_t)header[0] + 1) * 4;
    size_t filter = 2;
    while (header[filter] != 0x21 || header[filter + 1] != 1) /* LZMA2, and one byte of properties */
        assert_true(++filter < header_bytes - 6);
    header[filter + 2] = 37;
    exh_put_le32(header + header_bytes - 4, exh_crc32(0, header, header_bytes - 4));
    assert_false(unpack(EXH_CODEC_XZ, packed, n, 1000, &used, &code));
    assert_int_equal(code, EXH_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_codec_and_length), cmocka_unit_test(lzvn_within_lzfse),
                                       cmocka_unit_test(several_blocks), cmocka_unit_test(damaged_in_every_byte),
                                       cmocka_unit_test(what_asks_for_too_much)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
