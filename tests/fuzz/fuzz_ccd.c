/* Fuzz target: a CloneCD control file. The input is the file. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    disc_fuzz_open("ccd", exh_source_memory(data, size, "disc.ccd"));
    return 0;
}
