/* sense.h - what a SCSI device says of a command that did not end well: sense data of fixed and of descriptor format.
 *
 * The bytes come from the device and are not trusted: only those inside `length` are looked at. The LBA that sense data may carry is never
 * read here: drives give it wrong, or outside what was asked. Pure functions. Source: SPC-4 4.5. */
#ifndef EXH_ACQUIRE_SENSE_H
#define EXH_ACQUIRE_SENSE_H

#include <stddef.h>

#include "formats/model/error.h"

/* Sense keys (SPC-4 table 48). */
enum exh_sense_key {
    EXH_SENSE_NONE = 0x0,
    EXH_SENSE_RECOVERED = 0x1,
    EXH_SENSE_NOT_READY = 0x2,
    EXH_SENSE_MEDIUM = 0x3,
    EXH_SENSE_HARDWARE = 0x4,
    EXH_SENSE_ILLEGAL = 0x5,
    EXH_SENSE_ATTENTION = 0x6,
    EXH_SENSE_ABORTED = 0xB
};

/* Sense key, ASC and ASCQ; zeros when there is none. */
void exh_sense_of(const uint8_t *sense, size_t length, uint8_t out[3]);
/* Is it about an earlier command (response codes 71h and 73h), while this one was not carried out? */
bool exh_sense_is_deferred(const uint8_t *sense, size_t length);
/* "MEDIUM ERROR, unrecovered read error (3/11/00)": the key in words, the usual additional codes in words. Returns out. */
const char *exh_sense_text(const uint8_t sense[3], char *out, size_t room);

#endif
