/* Fuzz target: a cue sheet. The input is the file. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    disc_fuzz_open("cue", exh_source_memory(data, size, "disc.cue"));
    return 0;
}
