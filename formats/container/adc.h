/* adc.h - Apple Data Compression, the codec of UDCO chunks. There is no published specification; the stream is as facts of three readers agree.
 * Pure function. */
#ifndef EXH_FORMATS_CONTAINER_ADC_H
#define EXH_FORMATS_CONTAINER_ADC_H

#include <stddef.h>

#include "formats/model/error.h"

/* Exactly out_length bytes; *used gets how many bytes of `in` they took. EXH_CORRUPT otherwise. */
EXH_MUST_CHECK bool exh_adc_unpack(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length, size_t *used, struct exh_error *err);

#endif
