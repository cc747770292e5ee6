/* edc.h - error detection and correction of CD-ROM sectors (ECMA-130, clause 14 and annexes A, B), on 2352 bytes from sync to Q parity.
 * Pure functions; tables are constant. */
#ifndef EXH_FORMATS_OPTICAL_EDC_H
#define EXH_FORMATS_OPTICAL_EDC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CRC-32, polynomial 0x8001801B reflected, from 0, no final inversion: "123456789" gives 0x6EC2EDC4. */
uint32_t exh_edc(const uint8_t *data, size_t length);

/* Does each parity (172 bytes P from 2076, 104 bytes Q from 2248) hold? Mode 2 Form 1 takes the header's four bytes as zeros. */
bool exh_ecc_p_holds(const uint8_t sector[2352], bool header_as_zeros);
bool exh_ecc_q_holds(const uint8_t sector[2352], bool header_as_zeros);
/* Writes P and Q anew: only ever into a derived copy. */
void exh_ecc_write(uint8_t sector[2352], bool header_as_zeros);
/* Corrects what the two parities can (one byte per P column and Q diagonal, iterated), in place, in a copy of the caller's. True when afterwards both
 * hold; whether the EDC then holds too is the caller's to ask. *changed counts corrected bytes. */
bool exh_ecc_repair(uint8_t sector[2352], bool header_as_zeros, unsigned *changed);

/* Scrambles, or unscrambles, bytes 12 to 2351 (ECMA-130, annex B). */
void exh_scramble(uint8_t sector[2352]);

#endif
