/* refused.c - disk images that are refused by name. See refused.h. */
#include "formats/disk/refused.h"

#include "formats/model/bytes.h"

#define APPLE_SINGLE 0x00051600u
#define APPLE_DOUBLE 0x00051607u
#define MACBINARY_HEADER 128u

static int asif_probe(const struct exh_peek *peek)
{
    bool marked = peek->head_length >= 512 && memcmp(peek->head, "shdw", 4) == 0;
    uint32_t header_bytes = marked ? exh_be32(peek->head + 8) : 0;
    return marked && header_bytes >= 64 && header_bytes <= 65536 ? 90 : 0;
}

static struct exh_medium *asif_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    (void)source, (void)options;
    (void)exh_fail(err, EXH_UNSUPPORTED, 0, "this is an Apple sparse image of macOS 26 (ASIF), which is not read: convert it there with diskutil");
    return NULL;
}

/* A resource map names the type `bcem`, whose resource 128 is the image's table. */
static bool has_bcem(const uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at + 4 <= length; at++)
        if (memcmp(bytes + at, "bcem", 4) == 0)
            return true;
    return false;
}

/* MacBinary II and III: name, type and creator in 128 bytes, then the data fork and the resource fork, each filled up to 128 bytes. */
static bool is_macbinary(const struct exh_peek *peek)
{
    const uint8_t *h = peek->head;
    if (peek->head_length < MACBINARY_HEADER || h[0] != 0 || h[1] == 0 || h[1] > 63 || h[74] != 0 || h[82] != 0)
        return false;
    uint64_t data = exh_be32(h + 83), resources = exh_be32(h + 87);
    return resources > 0 && MACBINARY_HEADER + (data + 127) / 128 * 128 + resources <= peek->size;
}

static int ndif_probe(const struct exh_peek *peek)
{
    uint32_t magic = peek->head_length >= 26 ? exh_be32(peek->head) : 0;
    bool wrapped = magic == APPLE_SINGLE || magic == APPLE_DOUBLE || is_macbinary(peek);
    return wrapped && (has_bcem(peek->tail, peek->tail_length) || has_bcem(peek->head, peek->head_length)) ? 85 : 0;
}

static struct exh_medium *ndif_open(struct exh_source *source, const struct exh_open *options, struct exh_error *err)
{
    (void)source, (void)options;
    (void)exh_fail(err, EXH_UNSUPPORTED, 0, "this is an image of Disk Copy 6 (NDIF), which is not read");
    return NULL;
}

static const char *const asif_extensions[] = {".asif", NULL}, *const ndif_extensions[] = {NULL};

const struct exh_format exh_format_asif = {.name = "asif",
                                           .title = "Apple sparse image of macOS 26 (recognised, not read)",
                                           .extensions = asif_extensions,
                                           .probe = asif_probe,
                                           .open = asif_open};
const struct exh_format exh_format_ndif = {
    .name = "ndif", .title = "Disk Copy 6 image (recognised, not read)", .extensions = ndif_extensions, .probe = ndif_probe, .open = ndif_open};
