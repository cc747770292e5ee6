/* Fuzz target: a VMware disk. An input that begins with '#' is a descriptor; any other is a file in short: its length (32 bits, at most 1 MiB), then
 * sectors that are not zeros, each with its number (16 bits) in front. Images have much room between their tables. */
#include "disc_fuzz.h"
#include "formats/model/bytes.h"

#define FILE_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == '#') {
        disc_fuzz_open("vmdk", exh_source_memory(data, size, "disc.vmdk"));
        return 0;
    }
    if (size < 4)
        return 0;
    size_t length = exh_le32(data) % (FILE_MAX + 1);
    uint8_t *file = calloc(length + 512, 1);
    if (file == NULL)
        return 0;
    for (size_t at = 4; at + 2 < size;) {
        size_t to = (size_t)exh_le16(data + at) * 512, n = size - at - 2 < 512 ? size - at - 2 : 512;
        if (to < length)
            memcpy(file + to, data + at + 2, n);
        at += 2 + n;
    }
    disc_fuzz_open("vmdk", exh_source_memory(file, length, "disc.vmdk"));
    free(file);
    return 0;
}
