/* Fuzz target: an Apple disk image of one file: a sparseimage when it begins like one, otherwise a UDIF. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool sparse = size >= 4 && memcmp(data, "sprs", 4) == 0;
    disc_fuzz_open(sparse ? "sparseimage" : "dmg", exh_source_memory(data, size, sparse ? "disc.sparseimage" : "disc.dmg"));
    return 0;
}
