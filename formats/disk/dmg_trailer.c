/* dmg_trailer.c - finds and reads the `koly` structure. See dmg_trailer.h. */
#include "formats/disk/dmg_trailer.h"

#include "formats/model/bytes.h"

#define KOLY 0x6b6f6c79u
#define SEARCH_BYTES 4096u /* bytes may follow the trailer; the probe sees as many */

static bool is_koly(const uint8_t *p) { return exh_be32(p) == KOLY && exh_be32(p + 4) == 4 && exh_be32(p + 8) == EXH_KOLY_BYTES; }

/* The last one in these bytes, or SIZE_MAX. */
static size_t last_koly(const uint8_t *bytes, size_t length)
{
    for (size_t at = length >= EXH_KOLY_BYTES ? length - EXH_KOLY_BYTES + 1 : 0; at-- > 0;)
        if (is_koly(bytes + at))
            return at;
    return SIZE_MAX;
}

int exh_dmg_trailer_probe(const struct exh_peek *peek)
{
    if (last_koly(peek->tail, peek->tail_length) != SIZE_MAX)
        return 95;
    return peek->head_length >= EXH_KOLY_BYTES && is_koly(peek->head) ? 90 : 0;
}

static bool find(struct exh_source *source, uint64_t *at, struct exh_error *err)
{
    uint8_t bytes[SEARCH_BYTES];
    size_t length = source->size < sizeof bytes ? (size_t)source->size : sizeof bytes;
    if (length < EXH_KOLY_BYTES)
        return exh_fail(err, EXH_NOT_THIS_FORMAT, source->size, "too short for a UDIF trailer");
    if (!exh_source_read(source, source->size - length, bytes, length, err))
        return false;
    size_t last = last_koly(bytes, length);
    *at = last != SIZE_MAX ? source->size - length + last : 0;
    if (last != SIZE_MAX)
        return true;
    if (!exh_source_read(source, 0, bytes, EXH_KOLY_BYTES, err))
        return false;
    return is_koly(bytes) || exh_fail(err, EXH_NOT_THIS_FORMAT, source->size - EXH_KOLY_BYTES, "no UDIF trailer");
}

bool exh_dmg_sum_is_crc32(const struct exh_dmg_sum *s) { return s->type == EXH_DMG_SUM_CRC32 && s->bits == 32; }

static void get_sum(struct exh_cursor *c, struct exh_dmg_sum *s)
{
    s->type = exh_cursor_be32(c);
    s->bits = exh_cursor_be32(c);
    const uint8_t *value = exh_cursor_bytes(c, sizeof s->value);
    if (value != NULL)
        memcpy(s->value, value, sizeof s->value);
}

bool exh_dmg_trailer_read(struct exh_source *source, struct exh_dmg_trailer *t, struct exh_error *err)
{
    uint8_t k[EXH_KOLY_BYTES];
    *t = (struct exh_dmg_trailer){0};
    if (!find(source, &t->at, err) || !exh_source_read(source, t->at, k, sizeof k, err))
        return false;
    struct exh_cursor c = exh_cursor_over(k, sizeof k);
    exh_cursor_skip(&c, 12);
    t->flags = exh_cursor_be32(&c);
    t->running_offset = exh_cursor_be64(&c);
    t->data_offset = exh_cursor_be64(&c);
    t->data_bytes = exh_cursor_be64(&c);
    t->fork_offset = exh_cursor_be64(&c);
    t->fork_bytes = exh_cursor_be64(&c);
    t->segment = exh_cursor_be32(&c);
    t->segments = exh_cursor_be32(&c);
    memcpy(t->set, exh_cursor_bytes(&c, 16), 16);
    get_sum(&c, &t->data_sum);
    t->xml_offset = exh_cursor_be64(&c);
    t->xml_bytes = exh_cursor_be64(&c);
    exh_cursor_skip(&c, 64);
    t->sign_offset = exh_cursor_be64(&c);
    t->sign_bytes = exh_cursor_be64(&c);
    exh_cursor_skip(&c, 40);
    get_sum(&c, &t->master);
    t->variant = exh_cursor_be32(&c);
    t->sectors = exh_cursor_be64(&c);
    if (t->data_sum.bits > 1024 || t->master.bits > 1024)
        return exh_fail(err, EXH_CORRUPT, t->at + (t->master.bits > 1024 ? 0x164 : 0x54), "a checksum of %u bits",
                        t->master.bits > 1024 ? t->master.bits : t->data_sum.bits);
    return exh_inside(t->data_offset, t->data_bytes, source->size) ||
           exh_fail(err, EXH_CORRUPT, t->at + 0x18, "a data fork of %llu bytes at %llu passes the end of the file", (unsigned long long)t->data_bytes,
                    (unsigned long long)t->data_offset);
}
