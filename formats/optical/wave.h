/* wave.h - where the samples of a disc lie in a WAVE or AIFF file (Microsoft RIFF MCI 1.0 and WAVEFORMATEXTENSIBLE; Apple AIFF 1.3, AIFF-C).
 *
 * Only what a CD holds is taken: 16-bit PCM, two channels, 44100 Hz. Everything else is EXH_UNSUPPORTED by its name, also compressed audio that only
 * bears the name of a WAVE file. */
#ifndef EXH_FORMATS_OPTICAL_WAVE_H
#define EXH_FORMATS_OPTICAL_WAVE_H

#include "formats/model/source.h"

struct exh_wave {
    uint64_t offset, bytes; /* of the samples, never beyond the file */
    uint64_t said;          /* bytes that the header gives them: more than `bytes` when the file was cut; 0 = left open, they reach to the end */
    bool big_endian;
};

EXH_MUST_CHECK bool exh_wave_find(struct exh_source *source, struct exh_wave *out, struct exh_error *err);
/* The same source, but ending at `end` (at most its size): offsets stay what they are, chunks behind the samples are out of reach. Takes `source`
 * over; NULL (err) when memory is out, and then it stays the caller's. */
struct exh_source *exh_wave_clip(struct exh_source *source, uint64_t end, struct exh_error *err);

#endif
