/* subchannel.h - the 96 bytes of P to W that go with a CD sector, and what Q says (IEC 60908 17; MMC-6, 4.2.3).
 *
 * In memory the subchannel is linear: 12 bytes of P, 12 of Q, ... 12 of W, the first bit in bit 7. On disc and in many containers it is interleaved:
 * byte i holds bit i of P (bit 7) to W (bit 0). Pure functions. */
#ifndef EXH_FORMATS_OPTICAL_SUBCHANNEL_H
#define EXH_FORMATS_OPTICAL_SUBCHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#define EXH_SUB_BYTES 96u
#define EXH_SUB_Q 12u /* where Q begins in the linear form, and R to W behind it */
#define EXH_SUB_RW 24u
#define EXH_Q_LEAD_OUT 0xAAu

void exh_sub_to_linear(const uint8_t interleaved[EXH_SUB_BYTES], uint8_t linear[EXH_SUB_BYTES]);
void exh_sub_to_interleaved(const uint8_t linear[EXH_SUB_BYTES], uint8_t interleaved[EXH_SUB_BYTES]);

enum exh_q_kind { EXH_Q_POSITION, EXH_Q_MCN, EXH_Q_ISRC, EXH_Q_OTHER };

struct exh_q {
    bool crc_holds; /* when false nothing else is to be used */
    uint8_t control, adr;
    enum exh_q_kind kind;
    uint8_t track /* EXH_Q_LEAD_OUT behind the last */, index; /* EXH_Q_POSITION */
    bool bcd;         /* every digit of a position is one, and its times exist (MCN, ISRC: so does the frame) */
    int64_t relative; /* frames from INDEX 01, or in index 0 to it: never negative */
    int64_t lba;      /* absolute time as LBA */
    uint8_t frame;    /* MCN, ISRC: the absolute frame, 0 to 74 */
    char text[14];    /* MCN: 13 digits; ISRC: 12 characters; "" when a character is none of the allowed */
};

/* How one Q stands to another of the same sector. A Q whose CRC fails says nothing, so it can be no other statement than a valid one; and drives
 * misread some Q on every disc. */
enum exh_q_relation {
    EXH_Q_SAME,         /* all 12 bytes, valid or not */
    EXH_Q_DIFFERENT,    /* both CRCs hold, and they say different things */
    EXH_Q_FIRST_VALID,  /* the CRC holds in the first only */
    EXH_Q_SECOND_VALID, /* ... in the second only */
    EXH_Q_NONE_VALID,   /* different bytes, and neither CRC holds */
    EXH_Q_FIRST_BLANK,  /* the first is zeros, as where no Q is stored */
    EXH_Q_SECOND_BLANK
};

struct exh_sub_difference {
    bool p, rw; /* P differs; any of R to W does */
    enum exh_q_relation q;
};

/* Holds two subchannels of one sector (linear) against each other, each channel for itself. True: all 96 bytes are the same. */
bool exh_sub_compare(const uint8_t first[EXH_SUB_BYTES], const uint8_t second[EXH_SUB_BYTES], struct exh_sub_difference *out);

/* Decodes the 12 bytes of Q in the program area and lead-out (linear form: sub + EXH_SUB_Q). A lead-in's (track 0) are EXH_Q_OTHER. */
void exh_q_decode(const uint8_t q[12], struct exh_q *out);
/* The 12 bytes of a position in the program area or lead-out (track 0xAA), with CRC (ADR 1). `relative` may be the distance to INDEX 01 in either
 * sign in index 0. */
void exh_q_make_position(uint8_t q[12], uint8_t control, uint8_t track, uint8_t index, int64_t relative, int64_t lba);

#endif
