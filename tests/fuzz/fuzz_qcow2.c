/* Fuzz target: a QCOW image of any version. The input is the file; backing and data files lie in the folder of data files. */
#include "disc_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    disc_fuzz_open("qcow2", exh_source_memory(data, size, "disc.qcow2"));
    return 0;
}
