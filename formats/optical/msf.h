/* msf.h - disc times: minute, second, frame of 1/75 s (IEC 60908; MMC-6, 4.1.3). Pure functions. */
#ifndef EXH_FORMATS_OPTICAL_MSF_H
#define EXH_FORMATS_OPTICAL_MSF_H

#include <stdbool.h>
#include <stdint.h>

#define EXH_FRAMES_PER_SECOND 75
#define EXH_LEAD_IN_FRAMES 150 /* absolute time 00:02:00 is LBA 0 */
#define EXH_CD_MAIN_BYTES 2352u
#define EXH_CD_SUB_BYTES 96u
/* From the end of session n to INDEX 01 of session n + 1: lead-out (6750, later 2250), lead-in 4500, pregap 150 (MMC-6, 4.2.3). */
#define EXH_SESSION_GAP_FIRST 11400
#define EXH_SESSION_GAP_LATER 6900

/* Frames of a time that is given as such (a length, a place in a file). */
static inline int64_t exh_msf_frames(unsigned m, unsigned s, unsigned f) { return ((int64_t)m * 60 + s) * EXH_FRAMES_PER_SECOND + f; }
/* LBA of an absolute disc time. */
static inline int64_t exh_msf_lba(unsigned m, unsigned s, unsigned f) { return exh_msf_frames(m, s, f) - EXH_LEAD_IN_FRAMES; }
/* The absolute disc time of an LBA of -150 or more. */
static inline void exh_lba_msf(int64_t lba, uint8_t msf[3])
{
    int64_t frames = lba + EXH_LEAD_IN_FRAMES;
    msf[0] = (uint8_t)(frames / EXH_FRAMES_PER_SECOND / 60);
    msf[1] = (uint8_t)(frames / EXH_FRAMES_PER_SECOND % 60);
    msf[2] = (uint8_t)(frames % EXH_FRAMES_PER_SECOND);
}
static inline bool exh_is_bcd(uint8_t b) { return (b & 15) <= 9 && (b >> 4) <= 9; }
static inline uint8_t exh_from_bcd(uint8_t b) { return (uint8_t)((b >> 4) * 10 + (b & 15)); }
static inline uint8_t exh_to_bcd(uint8_t n) { return (uint8_t)((n / 10 % 10) << 4 | n % 10); }

#endif
