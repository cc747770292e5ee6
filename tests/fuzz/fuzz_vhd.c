/* Fuzz target: a VHD image. The input is the file. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    disc_fuzz_open("vhd", exh_source_memory(data, size, "disc.vhd"));
    return 0;
}
