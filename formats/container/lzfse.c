/* lzfse.c - LZFSE: blocks, and the finite state entropy of `bvx2`. See lzfse.h.
 *
 * A bvx2 block holds literals (four interleaved states) and triples L, M, D: copy L literals, then M bytes from D back. Each value comes from a table
 * made of the block's own frequencies; its bits are read from the end of the payload backwards. Every count is bounded by the format, every state by
 * its table, and every copy by what was made. */
#include "formats/container/lzfse.h"

#include "formats/model/bytes.h"

#define L_SYMBOLS 20u
#define M_SYMBOLS 20u
#define D_SYMBOLS 64u
#define LITERAL_SYMBOLS 256u
#define ALL_SYMBOLS (L_SYMBOLS + M_SYMBOLS + D_SYMBOLS + LITERAL_SYMBOLS)
#define L_STATES 64u
#define M_STATES 64u
#define D_STATES 256u
#define LITERAL_STATES 1024u
#define LITERALS_MAX 40000u
#define MATCHES_MAX 10000u
#define HEADER_BYTES 32u

#define BLOCK_END 0x24787662u    /* bvx$ */
#define BLOCK_STORED 0x2d787662u /* bvx- */
#define BLOCK_LZVN 0x6e787662u   /* bvxn */
#define BLOCK_FSE 0x32787662u    /* bvx2 */

static bool damaged(struct exh_error *err, const char *what) { return exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an LZFSE block: %s", what); }

/* ---- bits from the end of a payload ---- */

struct bits {
    const uint8_t *bytes;
    size_t left;    /* bytes not taken yet: bytes[left - 1] comes next */
    uint64_t value; /* the lowest `count` bits are still to be given, the highest of them first */
    unsigned count;
};

/* `unused` bits at the end of the payload are not part of it, and must be zero. */
static bool bits_open(struct bits *b, const uint8_t *bytes, size_t length, unsigned unused)
{
    *b = (struct bits){.bytes = bytes, .left = length};
    if (unused > 7 || (length == 0 && unused != 0))
        return false;
    if (unused == 0)
        return true;
    b->value = bytes[--b->left];
    b->count = 8 - unused;
    return b->value >> b->count == 0;
}

static bool bits_take(struct bits *b, unsigned n, uint32_t *out)
{
    while (b->count < n) {
        if (b->left == 0)
            return false;
        b->value = b->value << 8 | b->bytes[--b->left];
        b->count += 8;
    }
    b->count -= n;
    *out = n == 0 ? 0 : (uint32_t)(b->value >> b->count & ((1ull << n) - 1));
    return true;
}

/* ---- tables ---- */

struct entry { /* of a state: how many bits come, what they lead to, and what the value is */
    uint8_t bits, extra, symbol;
    int16_t delta;
    uint32_t base;
};

static unsigned log2_of(uint32_t n)
{
    unsigned k = 0;
    while (n >> (k + 1) != 0)
        k++;
    return k;
}

/* Frequencies sum up to `states`; symbols without one have no entry. */
static bool make_table(const uint16_t *frequencies, uint32_t symbols, uint32_t states, const uint8_t *extra, struct entry *table)
{
    uint32_t at = 0, base = 0;
    for (uint32_t s = 0; s < symbols; s++) {
        uint32_t f = frequencies[s], more = extra != NULL ? extra[s] : 0;
        if (f > states - at)
            return false;
        unsigned k = f > 0 ? log2_of(states) - log2_of(f) : 0;
        uint32_t first = f > 0 ? (2 * states >> k) - f : 0;
        for (uint32_t j = 0; j < f; j++)
            table[at++] = (struct entry){.bits = (uint8_t)(j < first ? k : k - 1),
                                         .extra = (uint8_t)more,
                                         .symbol = (uint8_t)s,
                                         .delta = (int16_t)(j < first ? ((f + j) << k) - states : (j - first) << (k - 1)),
                                         .base = base};
        base += 1u << more;
    }
    return at == states;
}

struct tables {
    struct entry l[L_STATES], m[M_STATES], d[D_STATES], literal[LITERAL_STATES];
};

static const uint8_t l_extra[L_SYMBOLS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 5, 8};
static const uint8_t m_extra[M_SYMBOLS] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 5, 8, 11};

static bool make_tables(const uint16_t frequencies[ALL_SYMBOLS], struct tables *t)
{
    uint8_t d_extra[D_SYMBOLS];
    for (unsigned i = 0; i < D_SYMBOLS; i++)
        d_extra[i] = (uint8_t)(i / 4);
    const uint16_t *f = frequencies;
    return make_table(f, L_SYMBOLS, L_STATES, l_extra, t->l) && make_table(f + L_SYMBOLS, M_SYMBOLS, M_STATES, m_extra, t->m) &&
           make_table(f + L_SYMBOLS + M_SYMBOLS, D_SYMBOLS, D_STATES, d_extra, t->d) &&
           make_table(f + L_SYMBOLS + M_SYMBOLS + D_SYMBOLS, LITERAL_SYMBOLS, LITERAL_STATES, NULL, t->literal);
}

/* The state moves on; the value's own bits come with those of the state. */
static bool next_value(struct bits *b, const struct entry *table, uint32_t states, uint32_t *state, uint32_t *value)
{
    const struct entry *e = &table[*state];
    uint32_t read;
    if (!bits_take(b, (unsigned)e->bits + e->extra, &read))
        return false;
    int32_t next = e->delta + (int32_t)(read >> e->extra);
    if (next < 0 || (uint32_t)next >= states)
        return false;
    *state = (uint32_t)next;
    *value = e->base + (read & ((1u << e->extra) - 1));
    return true;
}

/* ---- the header of bvx2 ---- */

struct header {
    uint32_t makes, literals, literal_bytes, matches, match_bytes, header_bytes;
    unsigned literal_unused, match_unused;
    uint32_t literal_state[4], l_state, m_state, d_state;
};

static uint32_t field(uint64_t word, unsigned at, unsigned bits) { return (uint32_t)(word >> at & ((1ull << bits) - 1)); }

static bool parse_header(struct exh_cursor *c, struct header *h)
{
    h->makes = exh_cursor_le32(c);
    uint64_t v0 = exh_cursor_le64(c), v1 = exh_cursor_le64(c), v2 = exh_cursor_le64(c);
    h->literals = field(v0, 0, 20);
    h->literal_bytes = field(v0, 20, 20);
    h->matches = field(v0, 40, 20);
    h->literal_unused = 7 - field(v0, 60, 3);
    for (unsigned i = 0; i < 4; i++)
        h->literal_state[i] = field(v1, 10 * i, 10);
    h->match_bytes = field(v1, 40, 20);
    h->match_unused = 7 - field(v1, 60, 3);
    h->header_bytes = field(v2, 0, 32);
    h->l_state = field(v2, 32, 10);
    h->m_state = field(v2, 42, 10);
    h->d_state = field(v2, 52, 10);
    return exh_cursor_ok(c) && h->literals <= LITERALS_MAX && h->literals % 4 == 0 && h->matches <= MATCHES_MAX && h->header_bytes >= HEADER_BYTES &&
           h->l_state < L_STATES && h->m_state < M_STATES && h->d_state < D_STATES;
}

/* One frequency out of the lowest bits of `word`; *bits gets how many it took. */
static uint16_t frequency_of(uint32_t word, unsigned *bits)
{
    if ((word & 3) == 0 || (word & 3) == 2) {
        *bits = 2;
        return (word & 3) == 0 ? 0 : 1;
    }
    if ((word & 7) == 1 || (word & 7) == 5) {
        *bits = 3;
        return (word & 7) == 1 ? 2 : 3;
    }
    if ((word & 7) == 3) {
        *bits = 5;
        return (uint16_t)(4 + (word >> 3 & 3));
    }
    *bits = (word & 15) == 7 ? 8 : 14;
    return (uint16_t)((word & 15) == 7 ? 8 + (word >> 4 & 15) : 24 + (word >> 4 & 0x3FF));
}

static bool parse_frequencies(struct exh_cursor *c, size_t length, uint16_t out[ALL_SYMBOLS])
{
    const uint8_t *p = exh_cursor_bytes(c, length);
    uint32_t word = 0;
    unsigned have = 0;
    memset(out, 0, ALL_SYMBOLS * sizeof out[0]);
    if (p == NULL || length == 0)
        return p != NULL; /* none: then the sums do not fit either, unless nothing is asked of them */
    for (size_t i = 0, at = 0; i < ALL_SYMBOLS; i++) {
        for (; have <= 24 && at < length; have += 8)
            word |= (uint32_t)p[at++] << have;
        unsigned bits;
        out[i] = frequency_of(word, &bits);
        if (bits > have)
            return false;
        word >>= bits;
        have -= bits;
        if (i + 1 == ALL_SYMBOLS && (have >= 8 || at != length))
            return false;
    }
    return true;
}

/* ---- a block ---- */

static bool decode_literals(const struct header *h, const struct tables *t, const uint8_t *payload, uint8_t *out)
{
    struct bits b;
    uint32_t state[4];
    memcpy(state, h->literal_state, sizeof state);
    if (!bits_open(&b, payload, h->literal_bytes, h->literal_unused))
        return false;
    for (uint32_t i = 0; i < h->literals; i++) {
        const struct entry *e = &t->literal[state[i % 4]];
        uint32_t read;
        if (!bits_take(&b, e->bits, &read))
            return false;
        out[i] = e->symbol;
        int32_t next = e->delta + (int32_t)read;
        if (next < 0 || (uint32_t)next >= LITERAL_STATES)
            return false;
        state[i % 4] = (uint32_t)next;
    }
    return true;
}

static bool decode_matches(const struct header *h, const struct tables *t, const uint8_t *payload, const uint8_t *literals, struct exh_lz_out *out)
{
    struct bits b;
    uint32_t ls = h->l_state, ms = h->m_state, ds = h->d_state, distance = 0, taken = 0;
    size_t end = out->made + h->makes;
    if (!bits_open(&b, payload, h->match_bytes, h->match_unused))
        return false;
    for (uint32_t i = 0; i < h->matches; i++) {
        uint32_t l, m, d;
        if (!next_value(&b, t->l, L_STATES, &ls, &l) || !next_value(&b, t->m, M_STATES, &ms, &m) || !next_value(&b, t->d, D_STATES, &ds, &d))
            return false;
        distance = d != 0 ? d : distance;
        if (l > h->literals - taken || l > end - out->made || m > end - out->made - l)
            return false;
        memcpy(out->bytes + out->made, literals + taken, l);
        out->made += l;
        taken += l;
        if (m > 0 && !exh_lz_match(out, m, distance))
            return false;
    }
    return out->made == end;
}

static bool fse_block(struct exh_cursor *c, struct exh_lz_out *out, struct exh_error *err)
{
    struct header h;
    uint16_t frequencies[ALL_SYMBOLS];
    uint8_t literals[LITERALS_MAX];
    struct tables tables;
    if (!parse_header(c, &h) || !parse_frequencies(c, h.header_bytes - HEADER_BYTES, frequencies))
        return damaged(err, "its header makes no sense");
    const uint8_t *literal_payload = exh_cursor_bytes(c, h.literal_bytes), *match_payload = exh_cursor_bytes(c, h.match_bytes);
    if (literal_payload == NULL || match_payload == NULL || h.makes > out->length - out->made)
        return damaged(err, "its payload passes the end");
    if (!make_tables(frequencies, &tables))
        return damaged(err, "its frequencies do not add up");
    return (decode_literals(&h, &tables, literal_payload, literals) && decode_matches(&h, &tables, match_payload, literals, out)) ||
           damaged(err, "its codes lead nowhere");
}

static bool stored_block(struct exh_cursor *c, struct exh_lz_out *out, struct exh_error *err)
{
    uint32_t n = exh_cursor_le32(c);
    const uint8_t *bytes = exh_cursor_bytes(c, n);
    if (bytes == NULL || n > out->length - out->made)
        return damaged(err, "stored bytes pass the end");
    memcpy(out->bytes + out->made, bytes, n);
    out->made += n;
    return true;
}

static bool lzvn_block(struct exh_cursor *c, struct exh_lz_out *out, struct exh_error *err)
{
    uint32_t makes = exh_cursor_le32(c), length = exh_cursor_le32(c);
    const uint8_t *payload = exh_cursor_bytes(c, length);
    if (payload == NULL || makes > out->length - out->made)
        return damaged(err, "an LZVN payload passes the end");
    return exh_lzvn_unpack(payload, length, out, makes, err);
}

bool exh_lzfse_unpack(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length, size_t *used, struct exh_error *err)
{
    struct exh_cursor c = exh_cursor_over(in, in_length);
    struct exh_lz_out o = {out, out_length, 0};
    for (;;) { /* each block takes at least four bytes of input, so this ends */
        uint32_t mark = exh_cursor_le32(&c);
        if (!exh_cursor_ok(&c))
            return damaged(err, "the stream has no end");
        if (mark == BLOCK_END)
            break;
        bool ok = mark == BLOCK_STORED ? stored_block(&c, &o, err)
                  : mark == BLOCK_LZVN ? lzvn_block(&c, &o, err)
                  : mark == BLOCK_FSE  ? fse_block(&c, &o, err)
                                       : damaged(err, "its mark is not known");
        if (!ok)
            return false;
    }
    *used = c.position;
    return o.made == out_length || exh_fail(err, EXH_CORRUPT, EXH_NO_OFFSET, "an LZFSE stream makes %zu bytes, not %zu", o.made, out_length);
}
