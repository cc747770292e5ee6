/* rescue_simulation - the passes over a simulated medium whose faults a mapfile lists, as `ddrescue --test-mode` does it. For mapfile.sh.
 *
 *   rescue_simulation fill FILE BYTES SECTOR               a file with the medium's content
 *   rescue_simulation totals MAP BYTES SECTOR ORIGIN       what we read in a map: bytes of ? * / - + and the number of ranges
 *   rescue_simulation [lost] rescue FAULTS BYTES SECTOR OUT MAP [BLOCKS]
 *                                                          goes on from MAP where it exists, stops behind BLOCKS blocks; every sector that FAULTS
 * does not call finished fails. OUT may be "-". Prints the reads of each pass. "lost": a failed read gives no good prefix, as O_DIRECT does. */
#include <inttypes.h>
#include <unistd.h>

#include "acquire/mapfile.h"
#include "formats/model/text.h"
#include "tests/make/failing_medium.h"

#define BLOCK_BYTES (1u << 20)

struct writer {
    struct exh_consumer consumer; /* first */
    FILE *out;
};

static bool writer_take(struct exh_consumer *c, const struct exh_block *block, const void *result, struct exh_error *err)
{
    (void)result;
    FILE *out = ((struct writer *)c)->out;
    for (uint32_t i = 0; out != NULL && i < block->count; i++) {
        size_t size = block->track->main_bytes, valid = (size_t)exh_track_bytes(block->track, block->lba + i, 1);
        if (block->state[i] >= EXH_SUSPECT &&
            (fseeko(out, (off_t)((uint64_t)(block->lba + i) * size), SEEK_SET) != 0 || fwrite(block->main + i * size, 1, valid, out) != valid))
            return exh_fail(err, EXH_IO, EXH_NO_OFFSET, "cannot write");
    }
    return true;
}

static const struct exh_consumer_ops writer_ops = {.take = writer_take};

static int complain(const struct exh_error *err)
{
    (void)fprintf(stderr, "%s: %s\n", err->file, err->text);
    return 1;
}

static int fill(const char *path, const struct exh_mapfile_span *span)
{
    uint8_t sector[8192];
    FILE *out = fopen(path, "w");
    for (uint64_t at = 0; out != NULL && at < span->bytes; at += span->sector_bytes) {
        sector_content(at / span->sector_bytes, sector, span->sector_bytes);
        uint64_t left = span->bytes - at;
        if (fwrite(sector, left < span->sector_bytes ? (size_t)left : span->sector_bytes, 1, out) != 1)
            return 1;
    }
    return out == NULL || fclose(out) != 0;
}

static void print_totals(const struct exh_map *map, const struct exh_mapfile_span *span)
{
    uint64_t bytes[128] = {0};
    for (size_t i = 0; i < map->count; i++) {
        uint64_t first = map->ranges[i].first * span->sector_bytes, end = first + map->ranges[i].count * span->sector_bytes;
        bytes[map->ranges[i].area] += (end < span->bytes ? end : span->bytes) - first;
    }
    (void)printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n", bytes['?'], bytes['*'], bytes['/'], bytes['-'], bytes['+'],
                 map->count);
}

static bool save(const struct exh_map *map, const struct exh_passes *passes, const struct exh_mapfile_span *span, const char *path,
                 struct exh_error *err)
{
    struct exh_mapfile file = {.map = *map};
    exh_passes_status(passes, &file.position, &file.status, &file.pass);
    const char *name = exh_text_base(path);
    char *folder = name > path ? exh_text_copy(path, (size_t)(name - path)) : exh_text_copy(".", 1);
    bool ok = folder != NULL && exh_mapfile_save(&file, span, folder, name, "Command line: a simulation", err);
    free(folder);
    return ok;
}

static bool run(struct failing_medium *m, struct follower *f, struct exh_passes *passes, FILE *out, struct exh_error *err)
{
    struct writer w = {{&writer_ops}, out};
    struct exh_consumer *consumers[] = {&w.consumer, &f->consumer};
    struct exh_pipeline_outcome outcome;
    const struct exh_pipeline pipeline = {
        .medium = &m->medium, .route = exh_passes_route(passes), .consumers = consumers, .consumer_count = 2, .threads = 1};
    bool ok = exh_pipeline_run(&pipeline, &outcome, err) || err->code == EXH_NO_SPACE;
    exh_pipeline_outcome_close(&outcome);
    return ok && f->wrong == 0;
}

static void print_counts(const struct exh_passes *passes)
{
    size_t n;
    uint64_t reads = 0, failed = 0, checks = 0;
    const struct exh_pass_count *c = exh_passes_counts(passes, &n);
    for (size_t i = 0; i < n; i++) {
        (void)printf("%s %" PRIu64 "/%" PRIu64 ", ", exh_pass_name(c[i].pass), c[i].reads, c[i].failed_reads);
        reads += c[i].reads, failed += c[i].failed_reads, checks += c[i].checks;
    }
    (void)printf("all: %" PRIu64 " reads, %" PRIu64 " failed, %" PRIu64 " checks\n", reads, failed, checks);
}

static int rescue(char **words, int count, const struct exh_mapfile_span *span, bool located)
{
    struct failing_medium m;
    struct exh_mapfile faults, file;
    struct exh_error err = {0};
    struct exh_pass_policy policy = {0};
    uint64_t stop = UINT64_MAX;
    if (!exh_mapfile_load(words[0], span, &faults, NULL, &err) || (count > 5 && !exh_text_u64(words[5], &stop)))
        return complain(&err);
    bool resumed = access(words[4], F_OK) == 0;
    if (resumed ? !exh_mapfile_load(words[4], span, &file, NULL, &err) : !exh_mapfile_parse("", 0, "", span, &file, NULL, &err))
        return complain(&err);
    failing_open(&m, span->bytes, span->sector_bytes, located);
    for (uint64_t s = 0; s < m.sectors; s++)
        m.fails[s] = exh_map_at(&faults.map, s)->area == EXH_AREA_READ ? 0 : FAILS_ALWAYS;
    FILE *out = strcmp(words[3], "-") == 0 ? NULL : fopen(words[3], resumed ? "r+" : "w");
    struct follower f = {.consumer = {&follower_ops}, .medium = &m, .copied = calloc(m.sectors, 1), .fail_after = stop};
    struct exh_passes *passes = exh_passes_open(&m.medium, &file.map, &policy, BLOCK_BYTES, 1, &err);
    bool ok = passes != NULL && exh_map_copy(&f.map, &file.map, &err) && run(&m, &f, passes, out, &err) && (out == NULL || fclose(out) == 0) &&
              save(&f.map, passes, span, words[4], &err); /* the map of what was written */
    if (ok)
        print_counts(passes);
    exh_passes_close(passes);
    exh_map_close(&f.map);
    free(f.copied);
    failing_close(&m);
    exh_mapfile_close(&faults);
    exh_mapfile_close(&file);
    return ok ? 0 : complain(&err);
}

int main(int argc, char **argv)
{
    bool located = argc < 2 || strcmp(argv[1], "lost") != 0;
    char **words = argv + (located ? 2 : 3);
    int count = (int)(argv + argc - words);
    uint64_t bytes, sector, origin = 0;
    if (count < 3 || !exh_text_u64(words[1], &bytes) || !exh_text_u64(words[2], &sector) || sector == 0 || sector > 8192)
        return 2;
    struct exh_mapfile_span span = {.bytes = bytes, .sector_bytes = (uint32_t)sector};
    if (strcmp(words[-1], "fill") == 0)
        return fill(words[0], &span);
    if (strcmp(words[-1], "rescue") == 0 && count >= 5)
        return rescue(words, count, &span, located);
    struct exh_mapfile file;
    struct exh_error err = {0};
    if (count < 4 || !exh_text_u64(words[3], &origin))
        return 2;
    span.origin_bytes = origin;
    if (!exh_mapfile_load(words[0], &span, &file, NULL, &err))
        return complain(&err);
    print_totals(&file.map, &span);
    exh_mapfile_close(&file);
    return 0;
}
