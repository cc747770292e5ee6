/* dat.h - lists of disc images in Logiqx XML, as redump.org publishes them: games, each with its files and their size, CRC-32, MD5, SHA-1.
 *
 * A file of such a list is a track as stored, with the pregap in front where one is stored (track:N/whole, else raw, user or stored), or the whole
 * medium. Only the games that could be the medium are kept: those one of whose files has the name of one of ours, and those whose files have the
 * sizes of our tracks. Which of them it is shows when the digests are known. Layout of the list: http://www.logiqx.com/Dats/datafile.dtd. */
#ifndef EXH_VERIFY_DAT_H
#define EXH_VERIFY_DAT_H

#include "formats/model/layout.h"
#include "formats/model/names.h"
#include "formats/model/seal.h"

#define EXH_DAT_BYTES_MAX (256u << 20)
#define EXH_DAT_GAMES_MAX 1000u /* kept; a size that more games share tells nothing */
#define EXH_DAT_ROMS_MAX 400u   /* of one game: 99 tracks and what goes with them, generously */
#define EXH_DAT_DIGESTS 4u

/* A file of a game. */
struct exh_dat_rom {
    char name[256];
    char scope[32]; /* what of the medium it is: "track:2/whole", "media"; "" = a descriptor, or nothing that could be told */
    uint64_t size;
    uint64_t expected;               /* bytes of the scope in our medium */
    uint32_t gap;                    /* sectors by which it is longer: the pregap that no file of ours holds, so that there is nothing to compare */
    uint8_t length[EXH_DAT_DIGESTS]; /* 0: the list does not have it */
    uint8_t bytes[EXH_DAT_DIGESTS][32];
};

struct exh_dat_game {
    char name[256];
    bool named; /* one of its files has the name of one of the container's */
    struct exh_dat_rom *roms;
    size_t count, capacity;
};

struct exh_dat {
    char path[256]; /* its tail when longer */
    struct exh_dat_game *games;
    size_t count, capacity;
    uint64_t seen; /* games in the list */
};

/* The algorithm of each column: "crc32", "md5", "sha1", "sha256". */
const char *exh_dat_algorithm(size_t column);

/* Does an XML document with the element <datafile> begin here? Errors are those of opening and reading it. */
EXH_MUST_CHECK bool exh_dat_is_one(const char *path, bool *is_one, struct exh_error *err);
/* Reads the list. No network, no external or declared entities (EXH_UNSUPPORTED), EXH_LIMIT beyond the bounds above, EXH_CORRUPT with the line for
 * what is not well-formed. `files` may be NULL. *out is closed by the caller also after false. */
EXH_MUST_CHECK bool exh_dat_find(const char *path, const struct exh_layout *layout, const struct exh_names *files, struct exh_dat *out,
                                 struct exh_error *err);
/* How many of the game's files that are part of the medium have exactly these digests (every one that the list has), and how many there are.
 * *by_crypto: each of them by MD5, SHA-1 or SHA-256, not only by a CRC. */
size_t exh_dat_equal(const struct exh_dat_game *game, const struct exh_digests *found, size_t *of, bool *by_crypto);
bool exh_dat_rom_equals(const struct exh_dat_rom *rom, const struct exh_digests *found, bool *by_crypto);
/* The game it is: all of its files equal; else one that is named; else the one with most equal files. NULL: none. */
const struct exh_dat_game *exh_dat_choose(const struct exh_dat *dat, const struct exh_digests *found);
void exh_dat_close(struct exh_dat *dat); /* frees what it holds, not itself */

#endif
