/* lz_encoders.h - small encoders of ADC, LZVN and LZFSE, written from the facts of the formats, so that the decoders meet every form of step. They
 * look for matches in a table of the last place of each four bytes, and care for nothing else. */
#ifndef EXH_TESTS_UNIT_LZ_ENCODERS_H
#define EXH_TESTS_UNIT_LZ_ENCODERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/model/bytes.h"

#define LZ_TABLE 4096u

struct lz_step { /* literals, then a match (length 0: none) */
    size_t literals, length, distance;
};

/* The next step from `at` on; distances up to `farthest`, lengths from `least` to `most`. */
static inline struct lz_step lz_next(const uint8_t *in, size_t length, size_t at, uint32_t *table, size_t farthest, size_t least, size_t most)
{
    struct lz_step s = {0};
    for (size_t p = at; p + 4 <= length; p++, s.literals++) {
        uint32_t hash = (exh_le32(in + p) * 2654435761u) >> 20, before = table[hash];
        table[hash] = (uint32_t)p + 1;
        if (before == 0 || p - (before - 1) > farthest)
            continue;
        size_t from = before - 1, n = 0;
        while (p + n < length && n < most && in[from + n] == in[p + n])
            n++;
        if (n >= least)
            return (struct lz_step){s.literals, n, p - from};
    }
    return (struct lz_step){length - at, 0, 0};
}

/* ---- ADC ---- */

static inline size_t adc_encode(const uint8_t *in, size_t length, uint8_t *out)
{
    static uint32_t table[LZ_TABLE];
    size_t n = 0;
    memset(table, 0, sizeof table);
    for (size_t at = 0; at < length;) {
        struct lz_step s = lz_next(in, length, at, table, 65536, 4, 67);
        for (size_t done = 0, run; done < s.literals; done += run, at += run) {
            run = s.literals - done < 128 ? s.literals - done : 128;
            out[n++] = (uint8_t)(0x80 | (run - 1));
            memcpy(out + n, in + at, run);
            n += run;
        }
        if (s.length == 0)
            continue;
        if (s.length <= 18 && s.distance <= 1024) {
            out[n++] = (uint8_t)((s.length - 3) << 2 | (s.distance - 1) >> 8);
            out[n++] = (uint8_t)(s.distance - 1);
        } else {
            out[n++] = (uint8_t)(0x40 | (s.length - 4));
            out[n++] = (uint8_t)((s.distance - 1) >> 8);
            out[n++] = (uint8_t)(s.distance - 1);
        }
        at += s.length;
    }
    return n;
}

/* ---- LZVN ---- */

/* Literals beyond three have opcodes of their own; so have the rests of long matches, with the distance as before. */
static inline size_t lzvn_encode(const uint8_t *in, size_t length, uint8_t *out)
{
    static uint32_t table[LZ_TABLE];
    size_t n = 0, last = 0;
    memset(table, 0, sizeof table);
    for (size_t at = 0; at < length;) {
        struct lz_step s = lz_next(in, length, at, table, 65535, 5, 2000);
        while (s.literals > (s.length > 0 ? 3u : 0u)) {
            size_t run = s.literals < 271 ? s.literals : 271;
            run = run > 15 && run < 16 + 3 ? 15 : run;
            if (run >= 16) {
                out[n++] = 0xE0;
                out[n++] = (uint8_t)(run - 16);
            } else {
                out[n++] = (uint8_t)(0xE0 | run);
            }
            memcpy(out + n, in + at, run);
            n += run, at += run, s.literals -= run;
        }
        if (s.length == 0)
            continue;
        /* Of the short forms those are left out that would be 0x70 to 0x7F, 0xD0 to 0xDF, or the opcodes of medium steps and literals. */
        static const size_t longest[] = {10, 8, 6, 4};
        size_t l = s.literals, first = s.length < longest[l] ? s.length : longest[l];
        uint8_t step = (uint8_t)(l << 6 | (first - 3) << 3);
        if (s.distance == last && l > 0) { /* previous distance */
            out[n++] = (uint8_t)(step | 6);
        } else if (s.distance < 1536) {
            out[n++] = (uint8_t)(step | s.distance >> 8);
            out[n++] = (uint8_t)s.distance;
        } else if (s.distance < 16384) {
            first = s.length < 34 ? s.length : 34;
            out[n++] = (uint8_t)(0xA0 | l << 3 | (first - 3) >> 2);
            out[n++] = (uint8_t)(s.distance << 2 | ((first - 3) & 3));
            out[n++] = (uint8_t)(s.distance >> 6);
        } else {
            out[n++] = (uint8_t)(step | 7);
            exh_put_le16(out + n, (uint16_t)s.distance);
            n += 2;
        }
        memcpy(out + n, in + at, l);
        n += l;
        at += l + first;
        last = s.distance;
        for (size_t rest = s.length - first, run; rest > 0; rest -= run, at += run) {
            run = rest < 271 ? rest : 271;
            if (run >= 16) {
                out[n++] = 0xF0;
                out[n++] = (uint8_t)(run - 16);
            } else {
                out[n++] = (uint8_t)(0xF0 | run);
            }
        }
    }
    memcpy(out + n, "\6\0\0\0\0\0\0\0", 8);
    return n + 8;
}

static inline size_t lzvn_block_encode(const uint8_t *in, size_t length, uint8_t *out)
{
    size_t n = lzvn_encode(in, length, out + 12);
    memcpy(out, "bvxn", 4);
    exh_put_le32(out + 4, (uint32_t)length);
    exh_put_le32(out + 8, (uint32_t)n);
    memcpy(out + 12 + n, "bvx$", 4);
    return n + 16;
}

static inline size_t stored_encode(const uint8_t *in, size_t length, uint8_t *out)
{
    memcpy(out, "bvx-", 4);
    exh_put_le32(out + 4, (uint32_t)length);
    memcpy(out + 8, in, length);
    memcpy(out + 8 + length, "bvx$", 4);
    return length + 12;
}

/* ---- LZFSE ---- */

#define FSE_LITERALS 40000u
#define FSE_MATCHES 10000u

struct fse_bits { /* written upwards; the decoder reads downwards */
    uint8_t *bytes;
    size_t count;
};

static inline void fse_put(struct fse_bits *b, uint32_t value, unsigned n)
{
    for (unsigned i = 0; i < n; i++, b->count++)
        if ((value >> i & 1) != 0)
            b->bytes[b->count / 8] |= (uint8_t)(1u << b->count % 8);
}

/* Frequencies that sum up to `states`, each symbol that occurs at least once. */
static inline void fse_normalise(const uint32_t *counts, unsigned symbols, uint32_t states, uint16_t *out)
{
    uint64_t all = 0;
    uint32_t sum = 0;
    unsigned most = 0;
    for (unsigned i = 0; i < symbols; i++)
        all += counts[i];
    for (unsigned i = 0; i < symbols; i++) {
        uint64_t share = all != 0 ? counts[i] * (uint64_t)states / all : i == 0 ? states : 0;
        out[i] = (uint16_t)share;
        if (counts[i] > 0 && out[i] == 0)
            out[i] = 1;
        sum = sum + out[i];
        most = out[i] > out[most] ? i : most;
    }
    while (sum > states) { /* take from the largest */
        for (unsigned i = 0; i < symbols; i++)
            most = out[i] > out[most] ? i : most;
        out[most] = (uint16_t)(out[most] - 1);
        sum--;
    }
    out[most] = (uint16_t)(out[most] + states - sum);
}

/* The state from which reading this symbol leads to *state, and the bits that lead there. */
static inline void fse_step(const uint16_t *frequencies, unsigned symbol, uint32_t states, uint32_t *state, uint32_t *value, unsigned *n)
{
    uint32_t f = frequencies[symbol], first = 0, k = 0, base = 0;
    assert_true(f > 0);
    *value = 0, *n = 0;
    for (unsigned i = 0; i < symbol; i++)
        base += frequencies[i];
    while ((states >> k) > 1)
        k++;
    for (uint32_t t = f; t > 1; t >>= 1) /* log2 of the states less that of f, rounded down */
        k--;
    first = (2 * states >> k) - f;
    for (uint32_t j = 0; j < f; j++) {
        uint32_t bits = j < first ? k : k - 1, delta = j < first ? ((f + j) << k) - states : (j - first) << (k - 1);
        if (*state >= delta && *state < delta + (1u << bits)) {
            *value = *state - delta;
            *n = bits;
            *state = base + j;
            return;
        }
    }
    fail_msg("no state leads to another");
}

static const uint8_t fse_l_extra[20] = {[16] = 2, 3, 5, 8}, fse_m_extra[20] = {[16] = 3, 5, 8, 11};

/* The symbol of a value, and what its extra bits hold. */
static inline unsigned fse_symbol(const uint8_t *extra, unsigned symbols, uint32_t value, uint32_t *rest)
{
    uint32_t base = 0;
    *rest = 0;
    for (unsigned i = 0; i < symbols; i++) {
        uint32_t bits = extra != NULL ? extra[i] : i / 4;
        if (value < base + (1u << bits)) {
            *rest = value - base;
            return i;
        }
        base += 1u << bits;
    }
    fail_msg("%u has no symbol", value);
    return 0;
}

struct fse_block {
    struct lz_step steps[FSE_MATCHES];
    uint8_t literals[FSE_LITERALS];
    size_t step_count, literal_count, bytes;
};

/* Steps from `at` on, until a table of the block is full. */
static inline void fse_gather(struct fse_block *b, const uint8_t *in, size_t length, size_t at, uint32_t *table)
{
    size_t begin = at;
    b->step_count = b->literal_count = 0;
    while (at < length && b->step_count + 300 < FSE_MATCHES && b->literal_count + 16000 < FSE_LITERALS) {
        struct lz_step s = lz_next(in, length < at + 15000 ? length : at + 15000, at, table, 262139, 4, 2359);
        for (size_t done = 0, run; done < s.literals; done += run) { /* at most 315 at once */
            run = s.literals - done < 315 ? s.literals - done : 315;
            memcpy(b->literals + b->literal_count, in + at + done, run);
            b->literal_count += run;
            bool last = done + run == s.literals;
            b->steps[b->step_count++] = (struct lz_step){run, last ? s.length : 0, last ? s.distance : 0};
        }
        if (s.literals == 0)
            b->steps[b->step_count++] = s;
        at += s.literals + s.length;
    }
    while (b->literal_count % 4 != 0)
        b->literals[b->literal_count++] = 0;
    b->bytes = at - begin;
}

static inline void fse_put_frequency(struct fse_bits *b, uint32_t f)
{
    if (f < 2)
        fse_put(b, f * 2, 2);
    else if (f < 4)
        fse_put(b, f == 2 ? 1 : 5, 3);
    else if (f < 8)
        fse_put(b, 3 | (f - 4) << 3, 5);
    else if (f < 24)
        fse_put(b, 7 | (f - 8) << 4, 8);
    else
        fse_put(b, 15 | (f - 24) << 4, 14);
}

static inline size_t fse_block_encode(const struct fse_block *b, uint8_t *out)
{
    uint32_t counts[360] = {0}, rest, value, state[4] = {0}, l = 0, m = 0, d = 0, previous = 0;
    uint16_t f[360];
    unsigned n;
    for (size_t i = 0; i < b->literal_count; i++)
        counts[104 + b->literals[i]]++;
    for (size_t i = 0; i < b->step_count; i++) {
        const struct lz_step *s = &b->steps[i];
        counts[fse_symbol(fse_l_extra, 20, (uint32_t)s->literals, &rest)]++;
        counts[20 + fse_symbol(fse_m_extra, 20, (uint32_t)s->length, &rest)]++;
        counts[40 + fse_symbol(NULL, 64, s->distance == previous ? 0 : (uint32_t)s->distance, &rest)]++;
        previous = s->distance != 0 ? (uint32_t)s->distance : previous;
    }
    fse_normalise(counts, 20, 64, f);
    fse_normalise(counts + 20, 20, 64, f + 20);
    fse_normalise(counts + 40, 64, 256, f + 40);
    fse_normalise(counts + 104, 256, 1024, f + 104);
    struct fse_bits head = {out + 32, 0};
    memset(out, 0, 32 + 360 * 2);
    for (unsigned i = 0; i < 360; i++)
        fse_put_frequency(&head, f[i]);
    size_t header_bytes = 32 + (head.count + 7) / 8;

    struct fse_bits bits = {out + header_bytes, 0};
    memset(bits.bytes, 0, b->literal_count * 2 + 16);
    for (size_t i = b->literal_count; i-- > 0;) {
        fse_step(f + 104, b->literals[i], 1024, &state[i % 4], &value, &n);
        fse_put(&bits, value, n);
    }
    size_t literal_bytes = (bits.count + 7) / 8;
    unsigned literal_unused = (unsigned)(literal_bytes * 8 - bits.count);

    bits = (struct fse_bits){out + header_bytes + literal_bytes, 0};
    memset(bits.bytes, 0, b->step_count * 10 + 16);
    for (size_t i = b->step_count; i-- > 0;) { /* from the last to the first, and of each D, M, L */
        const struct lz_step *s = &b->steps[i];
        uint32_t before = 0;
        for (size_t k = i; k-- > 0 && before == 0;)
            before = (uint32_t)b->steps[k].distance;
        unsigned symbol = fse_symbol(NULL, 64, s->distance == before ? 0 : (uint32_t)s->distance, &rest);
        fse_step(f + 40, symbol, 256, &d, &value, &n);
        fse_put(&bits, rest, symbol / 4);
        fse_put(&bits, value, n);
        symbol = fse_symbol(fse_m_extra, 20, (uint32_t)s->length, &rest);
        fse_step(f + 20, symbol, 64, &m, &value, &n);
        fse_put(&bits, rest, fse_m_extra[symbol]);
        fse_put(&bits, value, n);
        symbol = fse_symbol(fse_l_extra, 20, (uint32_t)s->literals, &rest);
        fse_step(f, symbol, 64, &l, &value, &n);
        fse_put(&bits, rest, fse_l_extra[symbol]);
        fse_put(&bits, value, n);
    }
    size_t match_bytes = (bits.count + 7) / 8;
    unsigned match_unused = (unsigned)(match_bytes * 8 - bits.count);

    memcpy(out, "bvx2", 4);
    exh_put_le32(out + 4, (uint32_t)b->bytes);
    exh_put_le64(out + 8,
                 (uint64_t)b->literal_count | (uint64_t)literal_bytes << 20 | (uint64_t)b->step_count << 40 | (uint64_t)(7 - literal_unused) << 60);
    exh_put_le64(out + 16, (uint64_t)state[0] | (uint64_t)state[1] << 10 | (uint64_t)state[2] << 20 | (uint64_t)state[3] << 30 |
                               (uint64_t)match_bytes << 40 | (uint64_t)(7 - match_unused) << 60);
    exh_put_le64(out + 24, (uint64_t)header_bytes | (uint64_t)l << 32 | (uint64_t)m << 42 | (uint64_t)d << 52);
    return header_bytes + literal_bytes + match_bytes;
}

static inline size_t lzfse_encode(const uint8_t *in, size_t length, uint8_t *out)
{
    static uint32_t table[LZ_TABLE];
    static struct fse_block block;
    size_t n = 0;
    memset(table, 0, sizeof table);
    for (size_t at = 0; at < length; at += block.bytes) {
        fse_gather(&block, in, length, at, table);
        n += fse_block_encode(&block, out + n);
    }
    memcpy(out + n, "bvx$", 4);
    return n + 4;
}

#endif
