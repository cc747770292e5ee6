/* sector.h - the forms of a CD sector of 2352 bytes, one verdict for each, and its user data (ECMA-130 clause 14; CD-ROM XA; MMC-6 4.2.4).
 * Pure functions. */
#ifndef EXH_FORMATS_OPTICAL_SECTOR_H
#define EXH_FORMATS_OPTICAL_SECTOR_H

#include "formats/model/layout.h"

enum exh_sector_form {
    EXH_FORM_UNKNOWN, /* a data sector whose mode byte or sync cannot be believed */
    EXH_FORM_AUDIO,
    EXH_FORM_MODE0,
    EXH_FORM_MODE1,
    EXH_FORM_MODE2,   /* formless: 2336 bytes of user data, no subheader that repeats itself. Zeros throughout are an empty Form 1 */
    EXH_FORM_MODE2_1, /* XA Form 1 */
    EXH_FORM_MODE2_2  /* XA Form 2 */
};

/* One for each sector, the first that applies. `good` ones first: the user data are what the EDC says, or there is nothing that could say. */
enum exh_sector_verdict {
    EXH_SECTOR_AUDIO,      /* nothing to check */
    EXH_SECTOR_OK,         /* sync, header, EDC and parities hold */
    EXH_SECTOR_NO_EDC,     /* Form 2 whose EDC is 0: legal, unchecked */
    EXH_SECTOR_UNCHECKED,  /* formless Mode 2, Mode 0 of zeros: no EDC exists */
    EXH_SECTOR_ECC_OTHER,  /* EDC holds; the parities hold only with the other way to take the header (some PlayStation discs) */
    EXH_SECTOR_ECC_BAD,    /* EDC holds, a parity does not: data good */
    EXH_SECTOR_RESERVED,   /* Mode 1, all holds, but the eight bytes behind the EDC are not zeros */
    EXH_SECTOR_GOOD_COUNT, /* verdicts below this one: data good, or nothing against them */
    EXH_SECTOR_GENERATED =
        EXH_SECTOR_GOOD_COUNT, /* user data are a known marker text, or 0x55 throughout with no EDC that holds: a tool's fill, not the disc's data */
    EXH_SECTOR_RUN_OUT,        /* sync and a header of zeros (which only LBA -150 may have), or nothing but zeros: run-out of a recorder */
    EXH_SECTOR_REPAIRABLE,     /* EDC fails, and the parities correct it */
    EXH_SECTOR_EDC_BAD,        /* EDC fails beyond repair */
    EXH_SECTOR_BAD_SYNC,       /* a data sector that does not begin with the sync pattern */
    EXH_SECTOR_SCRAMBLED,      /* a data sector as it lies on the disc, not descrambled */
    EXH_SECTOR_BAD_HEADER,     /* minute, second or frame is no BCD number, or there is no such second or frame */
    EXH_SECTOR_BAD_MODE,       /* mode byte other than 0, 1, 2, or one that the data contradict: 0 over data, 1 and 2 where the other's EDC holds */
    EXH_SECTOR_COUNT
};

struct exh_sector_check {
    enum exh_sector_form form;
    enum exh_sector_verdict verdict;
    bool header_known; /* the header held an address */
    int64_t header_lba;
    bool address_differs;   /* header_known and another LBA than expected. Reported beside the verdict: a constant shift is a pressing's, told once */
    bool subheader_differs; /* its two copies are not equal */
    bool mode_differs;      /* the sector's mode is not the track's */
};

/* `kind` is what the track is said to be (AUDIO: only EXH_SECTOR_AUDIO comes back); lba what the header should say. */
void exh_sector_check(const uint8_t sector[2352], enum exh_track_kind kind, int64_t lba, struct exh_sector_check *out);
/* Makes a repairable sector, in a copy of the caller's, what its parities and its EDC say it was: Mode 1 or Form 1. False, and the copy as it was,
 * when they do not lead to an EDC that holds. *changed counts corrected bytes. */
bool exh_sector_repair(uint8_t sector[2352], enum exh_sector_form form, unsigned *changed);
const char *exh_sector_form_name(enum exh_sector_form form);          /* "mode 2 form 1" */
const char *exh_sector_verdict_name(enum exh_sector_verdict verdict); /* stable words: "ok", "no-edc", "ecc-bad", ... */

/* The user data of a sector as stored in `main_bytes` (2048, 2324, 2336, 2352) by a track of this kind: where they begin in it, and their length
 * (Mode 1 2048; Form 1 2048, Form 2 2324; formless Mode 2 2336; Mode 0 2336; audio 2352; blocks all). In 2336 bytes the subheader comes first. */
uint32_t exh_sector_user(const uint8_t *sector, uint32_t main_bytes, enum exh_track_kind kind, uint32_t *length);

/* A whole Mode 1 sector around 2048 bytes of user data: sync, header of this LBA, EDC, parities. For derived copies only. */
void exh_sector_make_mode1(uint8_t out[2352], const uint8_t user[2048], int64_t lba);
/* A whole Mode 2 sector around the 2336 bytes from subheader on, which are kept as they are. */
void exh_sector_make_mode2(uint8_t out[2352], const uint8_t stored[2336], int64_t lba);
/* A whole XA Form 1 (2048) or Form 2 (2324) sector around user data, with an empty subheader that says the form, EDC and (Form 1) parities. */
void exh_sector_make_form(uint8_t out[2352], const uint8_t *user, uint32_t length, int64_t lba);

#endif
