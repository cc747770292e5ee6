/* The user data of data tracks as bytes, and the file systems in them: discs of two tracks made here sector by sector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "formats/model/bytes.h"
#include "formats/optical/stored_disc.h"
#include "formats/optical/track_data.h"

#define DATA_SECTORS 60u
#define AUDIO_SECTORS 20u

static struct exh_error err;
static uint8_t user[DATA_SECTORS * 2048];
static uint8_t image[(DATA_SECTORS + AUDIO_SECTORS) * 2352];

/* An ISO 9660 volume of this size, whose addresses are the disc's. */
static void make_volume(uint32_t sectors)
{
    memset(user, 0, sizeof user);
    for (size_t i = 20 * 2048; i < sizeof user; i++)
        user[i] = (uint8_t)(i / 2048 + i * 3 + 1);
    uint8_t *d = user + 16 * 2048;
    d[0] = 1;
    memcpy(d + 1, "CD001\1", 6);
    memcpy(d + 40, "TRACK", 5);
    exh_put_le32(d + 80, sectors), exh_put_be32(d + 84, sectors);
    d[129] = 8, d[130] = 8;
    d[2048] = 255;
    memcpy(d + 2049, "CD001\1", 6);
}

/* The user data in sectors of `size` bytes; of 2352 and 2336 in the mode's place. */
static void make_sectors(uint32_t size, uint8_t mode)
{
    memset(image, 0xa5, sizeof image);
    for (size_t i = 0; i < DATA_SECTORS; i++) {
        uint8_t *s = image + i * size;
        uint32_t at = size == 2048 ? 0 : size == 2336 ? 8 : mode == 1 ? 16 : 24;
        if (size == 2352)
            s[15] = mode;
        if (at == 24 || at == 8) /* the subheader's submode: data */
            s[at - 8 + 2] = s[at - 4 + 2] = 8;
        memcpy(s + at, user + i * 2048, 2048);
    }
}

static struct exh_medium *open_disc(enum exh_track_kind kind, uint32_t size, int64_t first, uint32_t pregap)
{
    struct exh_stored_disc *disc = exh_stored_disc_new("test", &err);
    uint32_t file, index;
    uint64_t audio_at = (uint64_t)DATA_SECTORS * size;
    struct exh_track data = {.number = 1,
                             .session = 1,
                             .kind = kind,
                             .control = EXH_CONTROL_DATA,
                             .first = first,
                             .sectors = DATA_SECTORS,
                             .main_bytes = size,
                             .pregap = pregap,
                             .stored_pregap = pregap};
    struct exh_track audio = {
        .number = 2, .session = 1, .kind = EXH_TRACK_AUDIO, .first = first + DATA_SECTORS, .sectors = AUDIO_SECTORS, .main_bytes = 2352};
    assert_non_null(disc);
    assert_true(exh_stored_disc_file(disc, exh_source_memory(image, audio_at + AUDIO_SECTORS * 2352, "a.bin"), "a.bin", &file, &err));
    assert_true(exh_stored_disc_track(disc, &data, &index, &err));
    assert_true(exh_stored_disc_stretch(
        disc, &(struct exh_stretch){.track = index, .lba = first, .sectors = DATA_SECTORS, .file = file, .stride = size, .sub_file = EXH_NO_FILE},
        &err));
    assert_true(exh_stored_disc_track(disc, &audio, &index, &err));
    assert_true(exh_stored_disc_stretch(
        disc,
        &(struct exh_stretch){
            .track = index, .lba = audio.first, .sectors = AUDIO_SECTORS, .file = file, .offset = audio_at, .stride = 2352, .sub_file = EXH_NO_FILE},
        &err));
    struct exh_medium *medium = exh_stored_disc_finish(disc, &err);
    if (medium == NULL)
        fail_msg("%s", err.text);
    return medium;
}

static void expect_user(enum exh_track_kind kind, uint32_t size, uint8_t mode)
{
    static uint8_t out[sizeof user];
    make_volume(DATA_SECTORS);
    make_sectors(size, mode);
    struct exh_medium *medium = open_disc(kind, size, 0, 0);
    struct exh_source *data = exh_track_data(medium, &medium->layout->tracks[0], &err);
    assert_non_null(data);
    assert_int_equal(data->size, sizeof user);
    assert_true(exh_source_read(data, 0, out, sizeof out, &err));
    assert_memory_equal(out, user, sizeof user);
    assert_true(exh_source_read(data, 16 * 2048 + 2040, out, 4100, &err)); /* across three sectors */
    assert_memory_equal(out, user + 16 * 2048 + 2040, 4100);
    exh_source_close(data);
    exh_medium_close(medium);
}

static void every_form(void **state)
{
    (void)state;
    expect_user(EXH_TRACK_MODE1, 2048, 1);
    expect_user(EXH_TRACK_MODE2, 2048, 2);
    expect_user(EXH_TRACK_MODE1, 2352, 1);
    expect_user(EXH_TRACK_MODE2, 2352, 2);
    expect_user(EXH_TRACK_MODE2, 2336, 2);
}

static void what_has_none(void **state)
{
    (void)state;
    uint8_t out[4096];
    make_volume(DATA_SECTORS);
    make_sectors(2352, 2);
    image[20 * 2352 + 18] |= 0x20; /* Form 2 */
    image[30 * 2352 + 15] = 0;     /* Mode 0 */
    struct exh_medium *medium = open_disc(EXH_TRACK_MODE2, 2352, 0, 0);
    struct exh_source *data = exh_track_data(medium, &medium->layout->tracks[0], &err);
    assert_non_null(data);
    assert_int_equal(exh_source_read_some(data, 19 * 2048, out, 4096, &err), 2048);
    assert_int_equal(err.code, EXH_IO);
    assert_int_equal(err.at, 20 * 2048);
    exh_error_clear(&err);
    assert_int_equal(exh_source_read_some(data, 30 * 2048 + 5, out, 10, &err), 0);
    assert_int_equal(err.code, EXH_IO);
    exh_error_clear(&err);
    assert_true(exh_source_read(data, 31 * 2048, out, 2048, &err));
    exh_source_close(data);
    assert_null(exh_track_data(medium, &medium->layout->tracks[1], &err));
    assert_int_equal(err.code, EXH_USAGE);
    exh_medium_close(medium);
    exh_error_clear(&err);
}

static void a_pregap_is_not_in_it(void **state)
{
    (void)state;
    uint8_t out[2048];
    make_volume(DATA_SECTORS);
    make_sectors(2352, 1);
    struct exh_medium *medium = open_disc(EXH_TRACK_MODE1, 2352, -10, 10);
    struct exh_source *data = exh_track_data(medium, &medium->layout->tracks[0], &err);
    assert_int_equal(data->size, (DATA_SECTORS - 10) * 2048);
    assert_true(exh_source_read(data, 16 * 2048, out, sizeof out, &err));
    assert_memory_equal(out, user + 26 * 2048, sizeof out);
    assert_false(exh_source_read(data, data->size, out, 1, &err));
    exh_source_close(data);
    exh_medium_close(medium);
    exh_error_clear(&err);
}

/* ---- the volumes in them ---- */

static void expect_told(uint32_t sectors, const char *check, enum exh_outcome outcome, const char *remark, const char *fact)
{
    make_volume(sectors);
    make_sectors(2352, 1);
    struct exh_medium *medium = open_disc(EXH_TRACK_MODE1, 2352, 0, 0);
    struct exh_inspection in = {0};
    assert_true(exh_medium_inspect(medium, &in, &err));
    bool told = remark == NULL, known = fact == NULL;
    for (size_t i = 0; i < in.remark_count; i++)
        told = told || (strcmp(in.remarks[i].check, check) == 0 && in.remarks[i].outcome == outcome && strstr(in.remarks[i].detail, remark) != NULL);
    for (size_t i = 0; i < in.fact_count; i++)
        known = known || strstr(in.facts[i].value, fact) != NULL;
    if (!told || !known)
        fail_msg("a volume of %u sectors is not told", sectors);
    assert_int_equal(in.remark_count, remark != NULL);
    exh_inspection_close(&in);
    exh_medium_close(medium);
}

static void volumes_of_a_track(void **state)
{
    (void)state;
    expect_told(60, NULL, EXH_HOLDS, NULL, "ISO 9660 \"TRACK\" at LBA 16: needs 60 sectors");
    expect_told(45, "volume-size", EXH_WARNS, "appended: 15 sectors lie behind the 45", NULL);
    expect_told(75, NULL, EXH_HOLDS, NULL,
                "exact: 75 sectors, the last 15 of them in what follows the track"); /* the next track's pregap, as mastered */
    expect_told(80, NULL, EXH_HOLDS, NULL, "the last 20 of them");
    expect_told(81, "volume-size", EXH_FAILS, "truncated", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_form), cmocka_unit_test(what_has_none), cmocka_unit_test(a_pregap_is_not_in_it),
                                       cmocka_unit_test(volumes_of_a_track)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
