/* Fuzz target: the end of a Nero image, where its tables are. Four bytes, little-endian, say how many zeros lie before it (at most 4 MiB: the
 * sectors); the rest of the input follows them. */
#include "disc_fuzz.h"

#include "formats/model/bytes.h"

#define LEAD_MAX (4u << 20)

struct image {
    struct exh_source source;
    const uint8_t *tail;
    uint64_t lead;
};

static size_t image_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    struct image *image = (struct image *)source;
    (void)err;
    size_t zeros = offset >= image->lead ? 0 : image->lead - offset < length ? (size_t)(image->lead - offset) : length;
    memset(buffer, 0, zeros);
    if (zeros < length)
        memcpy((uint8_t *)buffer + zeros, image->tail + (offset + zeros - image->lead), length - zeros);
    return length;
}

static void image_close(struct exh_source *source) { free(source); }

static const struct exh_source_ops image_ops = {.read = image_read, .close = image_close};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    struct image *image = calloc(1, sizeof *image);
    if (image == NULL)
        return 0;
    image->lead = exh_le32(data) % (LEAD_MAX + 1);
    image->tail = data + 4;
    image->source = (struct exh_source){&image_ops, image->lead + size - 4, "disc.nrg"};
    disc_fuzz_open("nrg", &image->source);
    return 0;
}
