/* disc_fuzz.h - what the fuzz targets of optical formats share: an image whose descriptor is the input, opened, looked at and read.
 *
 * Files that a descriptor names lie in the folder EXHIBIT_FUZZ_FILES (run.sh fills it), which is only read. What must hold beside "no crash":
 * a refusal says why; a layout that was let through is one; a read in odd pieces gives what a read at once gives; every sector has a state. */
#ifndef EXH_TESTS_FUZZ_DISC_FUZZ_H
#define EXH_TESTS_FUZZ_DISC_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/container/siblings.h"
#include "formats/model/disc.h"
#include "formats/model/format.h"
#include "formats/optical/sector.h"

#define DISC_FUZZ_PIECE 7u /* sectors in one read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void disc_fuzz_must(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static inline void disc_fuzz_error(const struct exh_error *err)
{
    disc_fuzz_must(err->code != EXH_OK && err->code != EXH_BUG && err->text[0] != '\0' && memchr(err->text, '\0', sizeof err->text) != NULL);
}

/* The sectors at `lba` at once, then one by one from the last to the first. */
static inline void disc_fuzz_read(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_track *t, int64_t lba, uint32_t count)
{
    struct exh_error err = {0};
    struct exh_block whole = {0}, one = {0};
    struct exh_faults faults = {0};
    struct exh_want want = {.track = t, .lba = lba, .count = count, .with_sub = t->sub_bytes > 0};
    bool ok = exh_block_open(&whole, count, t->main_bytes, t->sub_bytes, &err) && exh_block_open(&one, 1, t->main_bytes, t->sub_bytes, &err) &&
              exh_medium_read(medium, scratch, &want, &whole, &faults, &err);
    for (uint32_t i = count; ok && i-- > 0;) {
        want.lba = lba + i, want.count = 1;
        ok = exh_medium_read(medium, scratch, &want, &one, &faults, &err);
        if (!ok)
            break;
        disc_fuzz_must(whole.state[i] != EXH_UNREAD && whole.state[i] == one.state[0]);
        const uint8_t *main = whole.kind == EXH_BLOCK_DATA ? whole.main + (size_t)i * t->main_bytes : NULL;
        if (main != NULL && one.kind == EXH_BLOCK_DATA) {
            uint32_t length, at = exh_sector_user(main, t->main_bytes, t->kind, &length);
            disc_fuzz_must(memcmp(main, one.main, t->main_bytes) == 0 && length <= t->main_bytes && at <= t->main_bytes - length);
        }
        if (t->sub_bytes > 0)
            disc_fuzz_must(memcmp(whole.sub + (size_t)i * t->sub_bytes, one.sub, t->sub_bytes) == 0);
    }
    if (!ok)
        disc_fuzz_error(&err);
    exh_faults_close(&faults);
    exh_block_close(&whole);
    exh_block_close(&one);
}

static inline void disc_fuzz_track(struct exh_medium *medium, struct exh_scratch *scratch, const struct exh_track *t)
{
    uint32_t piece = t->sectors < DISC_FUZZ_PIECE ? (uint32_t)t->sectors : DISC_FUZZ_PIECE;
    disc_fuzz_must(t->stored_pregap <= t->sectors && t->stored_pregap <= t->pregap && t->isrc[sizeof t->isrc - 1] == '\0');
    if (piece == 0)
        return;
    disc_fuzz_read(medium, scratch, t, t->first, piece);
    disc_fuzz_read(medium, scratch, t, t->first + (int64_t)(t->sectors - piece) / 2, piece);
    disc_fuzz_read(medium, scratch, t, t->first + (int64_t)(t->sectors - piece), piece);
}

/* What each format that can be written would lose of it. */
static inline void disc_fuzz_fits(const struct exh_layout *layout)
{
    for (const struct exh_format *const *format = exh_formats; *format != NULL; format++) {
        struct exh_losses losses = {0};
        struct exh_error err = {0};
        if ((*format)->fits != NULL && !(*format)->fits(layout, &losses, &err))
            disc_fuzz_error(&err);
        exh_losses_close(&losses);
    }
}

static inline void disc_fuzz_medium(struct exh_medium *medium)
{
    struct exh_error err = {0};
    struct exh_inspection in = {0};
    struct exh_scratch *scratch = NULL;
    const struct exh_layout *layout = medium->layout;
    disc_fuzz_must(exh_layout_check(layout, &err) && layout->track_count <= EXH_LAYOUT_TRACKS_MAX);
    if (layout->disc != NULL)
        disc_fuzz_must(memchr(layout->disc->mcn, '\0', sizeof layout->disc->mcn) != NULL && layout->disc->session_count <= EXH_DISC_SESSIONS_MAX);
    if (!exh_medium_inspect(medium, &in, &err))
        disc_fuzz_error(&err);
    exh_inspection_close(&in);
    disc_fuzz_fits(layout);
    if (exh_medium_scratch(medium, &scratch, &err))
        for (uint32_t i = 0; i < layout->track_count; i++)
            disc_fuzz_track(medium, scratch, &layout->tracks[i]);
    exh_scratch_close(scratch);
    exh_medium_close(medium);
}

/* Opens the source (which may be NULL: no memory, and is taken over) as this format, named disc.<format> in the folder of data files. */
static inline void disc_fuzz_open(const char *format_name, struct exh_source *source)
{
    struct exh_error err = {0};
    const struct exh_format *format = exh_format_named(format_name);
    const char *folder = getenv("EXHIBIT_FUZZ_FILES");
    char path[1024];
    disc_fuzz_must(format != NULL);
    (void)snprintf(path, sizeof path, "%s/disc.%s", folder != NULL ? folder : ".", format_name);
    struct exh_open options = {.path = path, .siblings = exh_siblings_of(path, &err)};
    struct exh_medium *medium = source != NULL && options.siblings != NULL ? format->open(source, &options, &err) : NULL;
    if (medium != NULL) {
        disc_fuzz_medium(medium);
    } else {
        if (source != NULL)
            disc_fuzz_error(&err);
        exh_source_close(source);
    }
    exh_siblings_close(options.siblings);
}

#endif
