/* dat_findings.c - what a list of disc images makes of a medium. See verify_job.h, dat.h. */
#include "verify/verify_job.h"

#include "verify/track_digests.h"

static struct exh_finding place_of(const struct exh_verify_job *job, const struct exh_dat_rom *rom)
{
    struct exh_finding place = {.offset = EXH_NO_OFFSET, .lba = -1};
    const struct exh_layout *layout = job->ask->medium->layout;
    unsigned number;
    enum exh_track_part part;
    const struct exh_track *t = exh_scope_track(rom->scope, &number, &part) ? exh_layout_track(layout, number) : NULL;
    if (t != NULL)
        place.lba = exh_track_part_place(t, part, &place.count);
    return place;
}

/* "crc32, md5": the digests that were compared and are (not) as listed. */
static void name_digests(const struct exh_verify_job *job, const struct exh_dat_rom *rom, bool equal, char out[64])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < EXH_DAT_DIGESTS; i++) {
        const struct exh_digest_value *v = rom->length[i] > 0 ? exh_digests_find(&job->out->found.digests, rom->scope, exh_dat_algorithm(i)) : NULL;
        if (v != NULL && (memcmp(v->bytes, rom->bytes[i], rom->length[i]) == 0) == equal)
            used += (size_t)snprintf(out + used, 64 - used, "%s%s", used > 0 ? ", " : "", exh_dat_algorithm(i));
    }
}

static uint64_t holes_in(const struct exh_verify_job *job, const char *scope)
{
    for (size_t i = 0; i < job->out->found.digests.count; i++)
        if (strcmp(job->out->found.digests.items[i].scope, scope) == 0)
            return job->out->found.digests.items[i].not_good;
    return 0;
}

static bool tell_rom(struct exh_verify_job *job, const struct exh_dat_game *game, const struct exh_dat_rom *rom, bool *differs, struct exh_error *err)
{
    struct exh_finding place = place_of(job, rom);
    char names[64];
    bool crypto, equals = exh_dat_rom_equals(rom, &job->out->found.digests, &crypto);
    if (rom->scope[0] == '\0')
        return true;
    name_digests(job, rom, equals, names);
    if (equals)
        return exh_job_find(job, "dat", "match", EXH_BASIS_EXTERNAL, err, &place, "%s of %s equal \"%.120s\" of \"%.120s\"", names, rom->scope,
                            rom->name, game->name);
    if (rom->gap > 0)
        return exh_job_find(job, "dat", "not-compared", EXH_BASIS_EXTERNAL, err, &place,
                            "\"%.120s\" of \"%.120s\" begins with a pregap of %u sectors that is not stored here", rom->name, game->name, rom->gap);
    if (rom->size != rom->expected) {
        *differs = true;
        return exh_job_find(job, "dat", "mismatch", EXH_BASIS_EXTERNAL, err, &place, "%s has %llu bytes, \"%.120s\" of \"%.120s\" %llu", rom->scope,
                            (unsigned long long)rom->expected, rom->name, game->name, (unsigned long long)rom->size);
    }
    if (names[0] == '\0')
        return exh_job_find(job, "dat", "no-reference", EXH_BASIS_EXTERNAL, err, &place, "the list has no digest of \"%.120s\" of \"%.120s\"",
                            rom->name, game->name);
    if (holes_in(job, rom->scope) > 0)
        return exh_job_find(job, "dat", "not-compared", EXH_BASIS_EXTERNAL, err, &place,
                            "%s cannot be compared with \"%.120s\" of \"%.120s\": not every sector could be read", rom->scope, rom->name, game->name);
    *differs = true;
    return exh_job_find(job, "dat", "mismatch", EXH_BASIS_EXTERNAL, err, &place, "%s of %s differ from \"%.120s\" of \"%.120s\"", names, rom->scope,
                        rom->name, game->name);
}

/* Files that are no track of ours were not placed: the game has more or fewer tracks than the medium. */
static bool tell_count(struct exh_verify_job *job, const struct exh_dat_game *game, size_t of, bool *differs, struct exh_error *err)
{
    size_t placed = 0;
    for (size_t i = 0; i < game->count; i++)
        placed += game->roms[i].scope[0] != '\0';
    if (placed == of)
        return true;
    *differs = true;
    return exh_job_find(job, "dat", "mismatch", EXH_BASIS_EXTERNAL, err, NULL, "\"%.160s\" has %zu data files in the list, the disc has %u tracks",
                        game->name, of, job->ask->medium->layout->track_count);
}

bool exh_job_hold_dat(struct exh_verify_job *job, struct exh_error *err)
{
    const struct exh_dat *dat = job->ask->dat;
    const struct exh_dat_game *game = dat != NULL ? exh_dat_choose(dat, &job->out->found.digests) : NULL;
    size_t of, equal;
    bool by_crypto, differs = false, ok = true;
    if (dat == NULL)
        return true;
    if (game == NULL)
        return exh_job_find(job, "dat", "no-reference", EXH_BASIS_EXTERNAL, err, NULL,
                            "none of the %llu games in %s is this disc: no file of its name, and %zu of its sizes, none with its digests",
                            (unsigned long long)dat->seen, dat->path, dat->count);
    equal = exh_dat_equal(game, &job->out->found.digests, &of, &by_crypto);
    ok = tell_count(job, game, of, &differs, err);
    for (size_t i = 0; ok && i < game->count; i++)
        ok = tell_rom(job, game, &game->roms[i], &differs, err);
    bool all = of > 0 && equal == of;
    job->tally.differs = job->tally.differs || differs;
    job->tally.matched[EXH_BASIS_EXTERNAL] = job->tally.matched[EXH_BASIS_EXTERNAL] || (all && by_crypto);
    job->tally.checksums_hold = job->tally.checksums_hold || all;
    job->out->basis[EXH_BASIS_EXTERNAL] = job->out->basis[EXH_BASIS_EXTERNAL] || differs || (all && by_crypto);
    return ok;
}
