/* Fuzz target: an Alcohol media descriptor. The input is the file. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    disc_fuzz_open("mds", exh_source_memory(data, size, "disc.mds"));
    return 0;
}
