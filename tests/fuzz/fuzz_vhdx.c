/* Fuzz target: a VHDX of which the input gives some pieces of 512 bytes; the others are zeros. One byte says how many MiB it has (at most 64), one
 * how many pieces follow; for each four bytes of its number; then the pieces, the last perhaps short. Little-endian. */
#include "disc_fuzz.h"

#include "formats/model/bytes.h"

#define MIB_MAX 64u
#define PIECE 512u

struct image {
    struct exh_source source;
    const uint8_t *table, *pieces;
    size_t count, bytes;
};

/* The piece's bytes in the input, or NULL; *there: how many. */
static const uint8_t *find(const struct image *image, uint64_t piece, size_t *there)
{
    for (size_t i = 0; i < image->count && i * PIECE < image->bytes; i++)
        if (exh_le32(image->table + 4 * i) == piece) {
            *there = image->bytes - i * PIECE;
            return image->pieces + i * PIECE;
        }
    return NULL;
}

static size_t image_read(struct exh_source *source, uint64_t offset, void *buffer, size_t length, struct exh_error *err)
{
    (void)err;
    memset(buffer, 0, length);
    for (size_t done = 0; done < length;) {
        size_t at = (offset + done) % PIECE, n = PIECE - at < length - done ? PIECE - at : length - done, there = 0;
        const uint8_t *piece = find((struct image *)source, (offset + done) / PIECE, &there);
        if (piece != NULL && at < there)
            memcpy((uint8_t *)buffer + done, piece + at, n < there - at ? n : there - at);
        done += n;
    }
    return length;
}

static void image_close(struct exh_source *source) { free(source); }

static const struct exh_source_ops image_ops = {.read = image_read, .close = image_close};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size - 2 < 4 * (size_t)data[1])
        return 0;
    struct image *image = calloc(1, sizeof *image);
    if (image == NULL)
        return 0;
    image->table = data + 2;
    image->count = data[1];
    image->pieces = image->table + 4 * image->count;
    image->bytes = size - 2 - 4 * image->count;
    image->source = (struct exh_source){&image_ops, (uint64_t)(data[0] % (MIB_MAX + 1)) << 20, "disc.vhdx"};
    disc_fuzz_open("vhdx", &image->source);
    return 0;
}
