/* Fuzz target: the header of a WAVE or AIFF file that a sheet names. The input is the file; what is found lies in it. */
#include "disc_fuzz.h"

#include "formats/optical/wave.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct exh_error err = {0};
    struct exh_wave wave = {0};
    struct exh_source *source = exh_source_memory(data, size, "disc.wav");
    if (source == NULL)
        return 0;
    if (!exh_wave_find(source, &wave, &err))
        disc_fuzz_error(&err);
    else
        disc_fuzz_must(wave.offset <= size && wave.bytes <= size - wave.offset);
    exh_source_close(source);
    return 0;
}
