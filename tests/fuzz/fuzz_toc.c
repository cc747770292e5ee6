/* Fuzz target: a cdrdao TOC file. The input is the file. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    disc_fuzz_open("toc", exh_source_memory(data, size, "disc.toc"));
    return 0;
}
