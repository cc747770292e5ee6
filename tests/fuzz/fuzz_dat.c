/* Fuzz target: a list of disc images (Logiqx XML). The first byte chooses the medium it is held against; the rest is the list. What must hold beside
 * "no crash": a refusal says why and where; a game that is kept has files within the bounds, and names that end; a scope, where one is told, is one
 * of this medium; a game whose files all equal the medium is preferred to every other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "verify/dat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* The list, as a file of its own that no other target sees. */
static const char *file_of(const uint8_t *data, size_t size)
{
    static char path[64];
    static int file = -1;
    if (file < 0) {
        file = memfd_create("list", 0);
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    must(file >= 0 && ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    return path;
}

static void disc(struct exh_layout *out)
{
    static const struct exh_track tracks[] = {
        {.number = 1, .session = 1, .kind = EXH_TRACK_MODE1, .first = 0, .sectors = 300, .main_bytes = 2352},
        {.number = 2, .session = 1, .kind = EXH_TRACK_AUDIO, .first = 300, .sectors = 350, .stored_pregap = 150, .main_bytes = 2352},
        {.number = 3, .session = 1, .kind = EXH_TRACK_AUDIO, .first = 650, .sectors = 350, .main_bytes = 2352}};
    *out = (struct exh_layout){.kind = EXH_LAYOUT_DISC, .track_count = 3};
    memcpy(out->tracks, tracks, sizeof tracks);
}

static void check_game(const struct exh_dat_game *game)
{
    must(game->count <= EXH_DAT_ROMS_MAX && memchr(game->name, '\0', sizeof game->name) != NULL);
    for (size_t i = 0; i < game->count; i++) {
        const struct exh_dat_rom *rom = &game->roms[i];
        unsigned track = 0;
        must(memchr(rom->name, '\0', sizeof rom->name) != NULL && memchr(rom->scope, '\0', sizeof rom->scope) != NULL);
        must(rom->scope[0] == '\0' || strcmp(rom->scope, "media") == 0 || (sscanf(rom->scope, "track:%u/", &track) == 1 && track >= 1 && track <= 3));
    }
}

/* The digests that this game's files would have: the medium is this game, then. */
static void become(const struct exh_dat_game *game, struct exh_digests *found)
{
    for (size_t i = 0; i < game->count; i++)
        for (size_t k = 0; k < EXH_DAT_DIGESTS; k++) {
            const struct exh_dat_rom *rom = &game->roms[i];
            struct exh_digest_value value = {.length = rom->length[k]};
            struct exh_error err = {0};
            if (rom->length[k] == 0 || rom->scope[0] == '\0' || exh_digests_find(found, rom->scope, exh_dat_algorithm(k)) != NULL)
                continue;
            must(rom->length[k] <= sizeof rom->bytes[k]);
            (void)snprintf(value.scope, sizeof value.scope, "%s", rom->scope);
            (void)snprintf(value.algorithm, sizeof value.algorithm, "%s", exh_dat_algorithm(k));
            memcpy(value.bytes, rom->bytes[k], rom->length[k]);
            must(exh_digests_add(found, &value, &err));
        }
}

static bool all_equal(const struct exh_dat_game *game, const struct exh_digests *found)
{
    bool by_crypto;
    size_t of, equal = exh_dat_equal(game, found, &of, &by_crypto);
    must(equal <= of && of <= game->count);
    return of > 0 && equal == of;
}

static void check_choice(const struct exh_dat *dat)
{
    struct exh_digests found = {0};
    (void)exh_dat_choose(dat, &found);
    for (size_t i = 0; i < dat->count && i < 3; i++) {
        become(&dat->games[i], &found);
        const struct exh_dat_game *chosen = exh_dat_choose(dat, &found);
        must(!all_equal(&dat->games[i], &found) || (chosen != NULL && all_equal(chosen, &found)));
        free(found.items);
        found = (struct exh_digests){0};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    static char *ours[] = {(char *)"lab/disc (Track 1).bin", (char *)"lab/disc.iso"};
    struct exh_names names = {.items = ours, .count = 2};
    struct exh_layout layout;
    if ((data[0] & 1) != 0)
        exh_layout_disk(&layout, 1474560, 2048);
    else
        disc(&layout);
    const char *path = file_of(data + 1, size - 1);
    struct exh_error err = {0};
    struct exh_dat dat = {0};
    bool is_one;
    must(exh_dat_is_one(path, &is_one, &err) || err.code != EXH_OK);
    exh_error_clear(&err);
    if (exh_dat_find(path, &layout, (data[0] & 2) != 0 ? &names : NULL, &dat, &err)) {
        must(dat.count <= EXH_DAT_GAMES_MAX && dat.count <= dat.seen);
        for (size_t i = 0; i < dat.count; i++)
            check_game(&dat.games[i]);
        check_choice(&dat);
    } else {
        must(err.code != EXH_OK && err.code != EXH_BUG && err.text[0] != '\0');
    }
    exh_dat_close(&dat);
    return 0;
}
