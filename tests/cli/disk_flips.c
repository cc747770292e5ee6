/* disk_flips.c - what a reader makes of a disk image with one byte changed, or cut off (tests/cli/disk_pokes.sh).
 *
 *   disk_flips flip|cut FORMAT FILE STEP
 * flip: every byte that is not zero, and each STEP-th that is, is inverted in turn. cut: the file is cut at every multiple of STEP. A line for each:
 * offset, and what came of it:
 *   refused   it does not open        found     a remark, or a stored checksum that fails
 *   lost      sectors are not good    changed   nothing is told, and the medium is another
 *   same      nothing is told, and the medium is the same
 * A crash or a read beyond a buffer is for the sanitizers to tell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/container/siblings.h"
#include "formats/model/format.h"
#include "verify/stored.h"

#define PIECE_SECTORS 512u
#define SECTORS_MAX 65536u /* what of a medium is read: a changed size may be anything */

struct reading {
    uint8_t *bytes; /* of the first sectors; zeros where there are none */
    uint64_t sectors;
    bool opens, found, lost;
};

static bool read_all(struct exh_medium *medium, struct exh_stored *stored, struct reading *r, size_t room, struct exh_error *err)
{
    const struct exh_track *t = &medium->layout->tracks[0];
    struct exh_scratch *scratch = NULL;
    struct exh_block block = {0};
    struct exh_faults faults = {0};
    bool ok = exh_medium_scratch(medium, &scratch, err) && exh_block_open(&block, PIECE_SECTORS, t->main_bytes, 0, err);
    for (uint64_t lba = 0; ok && lba < t->sectors && lba < SECTORS_MAX; lba += block.count) {
        uint64_t left = t->sectors - lba;
        struct exh_want want = {.track = t, .lba = (int64_t)lba, .count = left < PIECE_SECTORS ? (uint32_t)left : PIECE_SECTORS};
        ok = exh_medium_read(medium, scratch, &want, &block, &faults, err);
        struct exh_consumer *sums = stored != NULL ? exh_stored_consumer(stored) : NULL;
        ok = ok && (sums == NULL || sums->ops->take(sums, &block, NULL, err));
        for (uint32_t i = 0; ok && i < block.count; i++)
            r->lost |= block.state[i] != EXH_GOOD;
        size_t at = (size_t)lba * t->main_bytes, n = (size_t)block.count * t->main_bytes;
        if (ok && block.kind == EXH_BLOCK_DATA && at < room)
            memcpy(r->bytes + at, block.main, n < room - at ? n : room - at);
    }
    exh_faults_close(&faults);
    exh_block_close(&block);
    exh_scratch_close(scratch);
    return ok;
}

static struct reading reading_of(const char *format, const char *path, const uint8_t *file, size_t length, size_t room)
{
    struct reading r = {.bytes = calloc(room, 1)};
    struct exh_error err = {0};
    struct exh_open options = {.path = path, .siblings = exh_siblings_of(path, &err)};
    struct exh_source *source = exh_source_memory(file, length, path);
    const struct exh_format *row = exh_format_named(format);
    if (r.bytes == NULL || source == NULL || row == NULL || options.siblings == NULL) {
        fprintf(stderr, "cannot try '%s' as %s\n", path, format);
        exit(2);
    }
    struct exh_medium *medium = row->open(source, &options, &err);
    r.opens = medium != NULL;
    if (medium == NULL) {
        exh_source_close(source);
        exh_siblings_close(options.siblings);
        return r;
    }
    struct exh_inspection in = {0};
    r.found = !exh_medium_inspect(medium, &in, &err);
    for (size_t i = 0; i < in.remark_count; i++)
        r.found |= in.remarks[i].outcome != EXH_HOLDS;
    struct exh_stored *stored = in.sum_count > 0 ? exh_stored_new(&in, &err) : NULL;
    r.sectors = medium->layout->tracks[0].sectors;
    r.lost = !read_all(medium, stored, &r, room, &err);
    for (size_t i = 0; stored != NULL && i < in.sum_count; i++) {
        uint64_t not_good = 0;
        r.found |= exh_stored_value(stored, i, &not_good) != in.sums[i].value && not_good == 0;
    }
    exh_stored_close(stored);
    exh_inspection_close(&in);
    exh_medium_close(medium);
    exh_siblings_close(options.siblings);
    return r;
}

static const char *judged(const struct reading *r, const struct reading *whole, size_t room)
{
    if (!r->opens)
        return "refused";
    if (r->found)
        return "found";
    if (r->lost)
        return "lost";
    return r->sectors == whole->sectors && memcmp(r->bytes, whole->bytes, room) == 0 ? "same" : "changed";
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    size_t step = strtoul(argv[4], NULL, 10), length;
    bool cut = strcmp(argv[1], "cut") == 0;
    FILE *f = fopen(argv[3], "rb");
    if (f == NULL || step == 0 || fseek(f, 0, SEEK_END) != 0)
        return 2;
    length = (size_t)ftell(f);
    rewind(f);
    uint8_t *file = malloc(length);
    if (file == NULL || fread(file, 1, length, f) != length)
        return 2;
    (void)fclose(f);
    const size_t room = (size_t)SECTORS_MAX * 128; /* 8 MiB */
    struct reading whole = reading_of(argv[2], argv[3], file, length, room);
    if (!whole.opens || whole.found || whole.lost) {
        fprintf(stderr, "the unchanged image is not good\n");
        return 2;
    }
    for (size_t at = 0; at < length; at++) {
        if (cut ? at % step != 0 : file[at] == 0 && at % step != 0)
            continue;
        file[at] ^= cut ? 0 : 0xFF;
        struct reading r = reading_of(argv[2], argv[3], file, cut ? at : length, room);
        file[at] ^= cut ? 0 : 0xFF;
        printf("%zu %s\n", at, judged(&r, &whole, room));
        free(r.bytes);
    }
    free(whole.bytes);
    free(file);
    return 0;
}
