/* cdtext.h - CD-TEXT packs (MMC-3 annex J; Sony's "CD-TEXT Format" as implemented by readers): checked, decoded to UTF-8, built from texts.
 * The raw packs in disc.h are the evidence; what is decoded here is for people and for descriptors that hold text. */
#ifndef EXH_FORMATS_OPTICAL_CDTEXT_H
#define EXH_FORMATS_OPTICAL_CDTEXT_H

#include "formats/model/disc.h"

/* CRC-16 of Q and of packs: polynomial 0x1021 from 0, stored inverted and big-endian; "123456789" gives 0xCE3C as stored. */
uint16_t exh_crc16_q(const uint8_t *data, size_t length);

struct exh_cdtext_item {
    uint8_t block, type /* 0x80 title, 0x81 performer, ... */, track /* 0: the disc */;
    char *text; /* UTF-8 */
};

struct exh_cdtext {
    struct exh_cdtext_item *items;
    size_t count, capacity;
    uint8_t charset[8], language[8]; /* by block; 0xFF = the block is not there */
    size_t bad_crc;                  /* packs whose CRC does not hold; a CRC of 0 in the last pack only is some drives' habit and counted apart */
    size_t zero_crc;
};

/* False only when memory is out (or EXH_LIMIT: more than EXH_CDTEXT_PACKS_MAX). Packs that make no sense are skipped and counted in bad_crc; a text
 * that they cut is not given. A TAB alone is the text of the track before; empty texts are no items; a genre's number is left out. Latin texts are
 * taken as exh_text_to_utf8 does, Japanese, Korean and Chinese as iconv does where it can. */
EXH_MUST_CHECK bool exh_cdtext_decode(const uint8_t *packs, size_t count, struct exh_cdtext *out, struct exh_error *err);
/* The text or NULL. */
const char *exh_cdtext_find(const struct exh_cdtext *cdtext, unsigned block, unsigned type, unsigned track);
void exh_cdtext_close(struct exh_cdtext *cdtext);
/* "title", "performer", "songwriter", "composer", "arranger", "message", "disc-id", "genre", "upc-isrc", ... */
const char *exh_cdtext_type_name(unsigned type);

/* The other way: packs from texts given in order of block, type, track (a cue sheet's TITLE and PERFORMER, a toc file's CD_TEXT), with the 0x8F size
 * packs at the end, added to disc. Text is UTF-8; ISO 8859-1 where it fits (charset 0), otherwise the text is left out and counted in *left_out,
 * as is one of another track or of a type that is no text. `language` is block 0's (9: English). EXH_LIMIT beyond 256 packs a block, EXH_USAGE when
 * the tracks are not within 1 to 99; disc is then the caller's to close. */
EXH_MUST_CHECK bool exh_cdtext_encode(const struct exh_cdtext_item *items, size_t count, uint8_t first_track, uint8_t last_track, uint8_t language,
                                      struct exh_disc *disc, size_t *left_out, struct exh_error *err);
/* Packs out of a .cdt file: bare, with a 4-byte header in front, or one NUL behind. EXH_CORRUPT otherwise. */
EXH_MUST_CHECK bool exh_cdtext_file(const uint8_t *bytes, size_t length, struct exh_disc *disc, struct exh_error *err);

#endif
