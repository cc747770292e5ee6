/* Fuzz target: an ISO image of which the input gives some sectors; the others are zeros. Four bytes say how many sectors there are (modulo 4096: what
 * lies behind a volume is read whole), one how many bytes the last one lacks (times 8), one how many sectors follow; for each four bytes of its
 * address; then the sectors, the last perhaps short. Little-endian. */
#include "disc_fuzz.h"

#include "formats/model/bytes.h"

#define SECTORS_MAX 4096u

struct image {
    struct exh_source source;
    const uint8_t *table, *sectors;
    size_t count, bytes;
};

/* The sector's bytes in the input, or NULL; *there: how many. */
static const uint8_t *find(const struct image *image, uint64_t sector, size_t *there)
{
    for (size_t i = 0; i < image->count && i * 2048 < image->bytes; i++)
        if (exh_le32(image->table + 4 * i) == sector) {
            *there = image->bytes - i * 2048;
            return image->sectors + i * 2048;
        }
    return NULL;
}

static size_t image_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    (void)err;
    memset(buffer, 0, length);
    for (size_t done = 0; done < length;) {
        size_t at = (offset + done) % 2048, n = 2048 - at < length - done ? 2048 - at : length - done, there = 0;
        const uint8_t *sector = find((struct image *)source, (offset + done) / 2048, &there);
        if (sector != NULL && at < there)
            memcpy((uint8_t *)buffer + done, sector + at, n < there - at ? n : there - at);
        done += n;
    }
    return length;
}

/* The sectors that the input does not give are holes. */
static uint64_t image_next_data(struct exh_source *source, uint64_t offset)
{
    const struct image *image = (const struct image *)source;
    uint64_t next = source->size;
    for (size_t i = 0; i < image->count && i * 2048 < image->bytes; i++) {
        uint64_t from = (uint64_t)exh_le32(image->table + 4 * i) * 2048, to = from + 2048;
        uint64_t at = from > offset ? from : offset;
        if (offset < to && at < next)
            next = at;
    }
    return next;
}

static void image_close(struct exh_source *source) { free(source); }

static const struct exh_source_ops image_ops = {.read = image_read, .close = image_close, .next_data = image_next_data};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 6 || size - 6 < 4 * (size_t)data[5])
        return 0;
    struct image *image = calloc(1, sizeof *image);
    if (image == NULL)
        return 0;
    uint64_t bytes = (uint64_t)(exh_le32(data) % SECTORS_MAX) * 2048;
    image->table = data + 6;
    image->count = data[5];
    image->sectors = image->table + 4 * image->count;
    image->bytes = size - 6 - 4 * image->count;
    image->source = (struct exh_source){&image_ops, bytes > data[4] * 8u ? bytes - data[4] * 8u : bytes, "disc.iso"};
    disc_fuzz_open("iso", &image->source);
    return 0;
}
