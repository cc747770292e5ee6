/* Fuzz target: a VDI image. The input is the file. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    disc_fuzz_open("vdi", exh_source_memory(data, size, "disc.vdi"));
    return 0;
}
