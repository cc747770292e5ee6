/* What convert does to a shape before it writes: the views that options ask for, what is lost, and which options a refusal names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "formats/disk/raw.h"
#include "formats/optical/sector.h"
#include "formats/optical/stored_disc.h"
#include "report/cli/args.h"
#include "report/cli/reshape.h"
#include "report/ledger/record.h"

extern const struct exh_command exh_command_convert;

static struct exh_error err;

/* ---- a disc: Mode 1 (2352 or 2048 bytes, with or without subchannel) of 40 sectors, and perhaps audio of 20 ---- */

static uint8_t bytes[60 * 2448];

struct shape {
    uint32_t main_bytes, sub_bytes;
    bool audio;
};

static struct exh_medium *disc(struct shape s)
{
    struct exh_stored_disc *d = exh_stored_disc_new("toy", &err);
    uint32_t file, track;
    uint8_t user[2048] = {1, 2, 3};
    assert_non_null(d);
    for (int64_t i = 0; i < 40; i++) {
        uint8_t *to = bytes + i * (s.main_bytes + s.sub_bytes);
        if (s.main_bytes == 2352)
            exh_sector_make_mode1(to, user, i);
        else
            memcpy(to, user, sizeof user);
    }
    assert_true(exh_stored_disc_file(d, exh_source_memory(bytes, sizeof bytes, "toy"), "toy", &file, &err));
    const struct exh_track data = {
        .number = 1, .session = 1, .control = 4, .kind = EXH_TRACK_MODE1, .sectors = 40, .main_bytes = s.main_bytes, .sub_bytes = s.sub_bytes};
    const struct exh_track audio = {.number = 2,
                                    .session = 1,
                                    .kind = EXH_TRACK_AUDIO,
                                    .first = 40,
                                    .sectors = 20,
                                    .main_bytes = 2352,
                                    .stored_pregap = 5,
                                    .pregap = 5,
                                    .isrc = "DEABC0112345"};
    struct exh_stretch stretch = {.sectors = 40,
                                  .stride = s.main_bytes + s.sub_bytes,
                                  .sub_offset = s.main_bytes,
                                  .sub_stride = s.main_bytes + s.sub_bytes,
                                  .sub = s.sub_bytes > 0 ? EXH_SUB_LINEAR : EXH_SUB_NONE};
    assert_true(exh_stored_disc_track(d, &data, &track, &err) && exh_stored_disc_stretch(d, &stretch, &err));
    if (s.audio) {
        stretch = (struct exh_stretch){.track = 1, .lba = 40, .sectors = 20, .offset = 40u * (s.main_bytes + s.sub_bytes), .stride = 2352};
        assert_true(exh_stored_disc_track(d, &audio, &track, &err) && exh_stored_disc_stretch(d, &stretch, &err));
    }
    struct exh_medium *m = exh_stored_disc_finish(d, &err);
    assert_non_null(m);
    return m;
}

/* ---- formats: user data of one track, whole sectors of any disc ---- */

static bool user_fits(const struct exh_layout *l, struct exh_losses *losses, struct exh_error *e)
{
    return (l->track_count == 1 && l->tracks[0].main_bytes == 2048) ? exh_losses_add(losses, EXH_LOSS_MCN, 1, e, "the MCN")
                                                                    : exh_fail(e, EXH_REFUSED, EXH_NO_OFFSET, "no user data");
}

static bool whole_fits(const struct exh_layout *l, struct exh_losses *losses, struct exh_error *e)
{
    (void)losses;
    for (uint32_t i = 0; i < l->track_count; i++)
        if (l->tracks[i].main_bytes != 2352)
            return exh_fail(e, EXH_REFUSED, EXH_NO_OFFSET, "no whole sectors");
    return true;
}

static const struct exh_format user_format = {.name = "user", .fits = user_fits, .can = EXH_SINK_KEEPS_FIELDS};
static const struct exh_format whole_format = {
    .name = "whole", .fits = whole_fits, .can = EXH_SINK_KEEPS_FIELDS | EXH_SINK_KEEPS_TRACKS | EXH_SINK_KEEPS_SUBCHANNEL};

/* ---- one try ---- */

struct tried {
    struct exh_args args;
    struct exh_reshape shape;
    struct exh_medium *medium;
    bool opened, told;
};

/* What an inspection reads (file systems, of every data track) says nothing of losses. */
static bool never_inspected(struct exh_medium *m, struct exh_inspection *in, struct exh_error *e)
{
    (void)m, (void)in, (void)e;
    fail_msg("the disc is inspected");
    return false;
}

static void try_it(struct tried *t, struct shape s, const struct exh_format *format, const char *a, const char *b, const char *c)
{
    static char name[] = "exhibit", command[] = "convert", image[] = "toy", quiet[] = "--quiet";
    char *argv[] = {name, command, image, quiet, (char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)c};
    int argc = 4 + (a != NULL) + (b != NULL) + (c != NULL);
    struct exh_fields fields = {0};
    memset(t, 0, sizeof *t);
    exh_error_clear(&err);
    t->medium = disc(s);
    static struct exh_medium_ops ops;
    ops = *t->medium->ops;
    ops.inspect = never_inspected;
    t->medium->ops = &ops;
    assert_true(exh_args_parse(&t->args, &exh_command_convert, argc, argv, &err));
    const struct exh_opened opened = {.kind = EXH_SOURCE_FILE, .path = "toy", .medium = t->medium, .whole = t->medium};
    t->opened = exh_reshape_open(&t->args, &opened, format, &fields, &t->shape, &err);
    t->told = t->opened && exh_reshape_tell(&t->args, &t->shape, format, true, &err);
}

static void done(struct tried *t)
{
    exh_reshape_close(&t->shape);
    exh_args_close(&t->args);
    exh_medium_close(t->medium);
}

static void check_refused(struct shape s, const struct exh_format *format, const char *a, const char *b, const char *says)
{
    struct tried t;
    try_it(&t, s, format, a, b, NULL);
    assert_false(t.opened);
    assert_true(err.code == EXH_REFUSED || err.code == EXH_USAGE);
    if (strstr(err.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, says);
    done(&t);
}

static void test_refusals_name_the_way(void **state)
{
    (void)state;
    const struct shape raw = {2352, 0, false}, mixed = {2352, 0, true}, cooked = {2048, 0, false}, cooked_mixed = {2048, 0, true};
    check_refused(raw, &user_format, NULL, NULL, "no user data; --user-data would make it fit");
    check_refused(mixed, &user_format, NULL, NULL, "no user data; --track 1 --user-data would make it fit");
    check_refused(cooked_mixed, &user_format, NULL, NULL, "no user data; --track 1 would make it fit");
    check_refused(cooked, &whole_format, NULL, NULL, "no whole sectors; --raw-sectors would make it fit");
    check_refused(cooked_mixed, &whole_format, NULL, NULL, "no whole sectors; --raw-sectors would make it fit");
    check_refused(mixed, &exh_format_raw, NULL, NULL, "holds one track, and this disc has 2: give --track N");
    check_refused(mixed, &user_format, "--user-data", NULL, "give --track N");
    check_refused(mixed, &user_format, "--track", "3", "there is no track 3");
    check_refused(mixed, &user_format, "--track", "0", "not a number");
    check_refused(raw, &user_format, "--user-data", "--raw-sectors", "opposites");
    check_refused(raw, &exh_format_raw, "--sector-size", "500", "do not divide");
}

static void test_fits_as_it_is(void **state)
{
    (void)state;
    struct tried t;
    try_it(&t, (struct shape){2352, 96, true}, &whole_format, NULL, NULL, NULL);
    assert_true(t.told);
    assert_ptr_equal(t.shape.medium, t.medium);
    assert_int_equal(t.shape.losses.count, 0);
    assert_false(t.shape.part);
    done(&t);
}

static void test_user_data(void **state)
{
    (void)state;
    struct tried t;
    try_it(&t, (struct shape){2352, 0, true}, &user_format, "--track", "1", "--user-data");
    assert_true(t.told);
    assert_int_equal(t.shape.medium->layout->tracks[0].main_bytes, 2048);
    assert_int_equal(t.shape.track, 1);
    assert_true(t.shape.part);
    assert_int_equal(t.shape.losses.count, 1); /* the format's own; of the sectors nothing is lost that could not be made again */
    assert_int_equal(t.shape.losses.items[0].kind, EXH_LOSS_MCN);
    done(&t);
    try_it(&t, (struct shape){2352, 0, false}, &user_format, "--user-data", "--no-record", NULL);
    assert_true(t.opened && !t.told);
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "the MCN"));
    done(&t);
}

static void test_subchannel_must_be_agreed_to(void **state)
{
    (void)state;
    struct tried t;
    try_it(&t, (struct shape){2352, 96, false}, &user_format, "--user-data", NULL, NULL);
    assert_true(t.opened && !t.told);
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "--lossy"));
    done(&t);
    try_it(&t, (struct shape){2352, 96, false}, &user_format, "--user-data", "--lossy", NULL);
    assert_true(t.told);
    assert_string_equal(t.shape.losses.items[0].text, "the subchannel (96 bytes a sector)");
    assert_null(exh_record_keeps(t.shape.losses.items[0].kind));
    done(&t);
    try_it(&t, (struct shape){2352, 96, false}, &exh_format_raw, NULL, NULL, NULL); /* lost by the format, not by an option */
    assert_true(t.opened && !t.told);
    assert_non_null(strstr(err.text, "subchannel"));
    done(&t);
}

static void test_raw_sectors(void **state)
{
    (void)state;
    struct tried t;
    try_it(&t, (struct shape){2048, 0, true}, &whole_format, "--raw-sectors", NULL, NULL);
    assert_true(t.told);
    assert_int_equal(t.shape.medium->layout->tracks[0].main_bytes, 2352);
    assert_int_equal(t.shape.generated.count, 1); /* of the audio track nothing is */
    assert_non_null(strstr(t.shape.generated.items[0], "track 1: sync and header, EDC and parities of 40 sectors"));
    json_t *losses = exh_reshape_losses(&t.shape);
    assert_int_equal(json_array_size(losses), 0);
    json_decref(losses);
    done(&t);
}

static void test_plain_bytes(void **state)
{
    (void)state;
    struct tried t;
    try_it(&t, (struct shape){2352, 0, true}, &exh_format_raw, "--track", "2", NULL);
    assert_true(t.told);
    assert_int_equal(t.shape.medium->layout->kind, EXH_LAYOUT_DISK);
    assert_int_equal(t.shape.medium->layout->tracks[0].sectors, 15);
    assert_int_equal(t.shape.losses.count, 2); /* mode and flags, ISRC */
    assert_int_equal(t.shape.losses.items[0].kind, EXH_LOSS_TRACK);
    assert_int_equal(t.shape.losses.items[1].kind, EXH_LOSS_ISRC);
    done(&t);
    try_it(&t, (struct shape){2048, 0, false}, &exh_format_raw, "--sector-size", "512", NULL);
    assert_true(t.told);
    assert_int_equal(t.shape.medium->layout->tracks[0].main_bytes, 512);
    assert_int_equal(t.shape.medium->layout->tracks[0].sectors, 160);
    done(&t);
}

/* What the disc's own reader left out is lost with the whole disc; a single track never had it. */
static void test_what_the_reader_left_out(void **state)
{
    (void)state;
    struct tried t;
    struct exh_fields fields = {0};
    struct exh_losses unread = {0};
    assert_true(exh_losses_add(&unread, EXH_LOSS_TEXT, 2, &err, "titles and other texts (2 texts are in no packs)"));
    try_it(&t, (struct shape){2352, 0, true}, &whole_format, NULL, NULL, NULL);
    exh_reshape_close(&t.shape);
    t.medium->losses = &unread;
    const struct exh_opened opened = {.kind = EXH_SOURCE_FILE, .path = "toy", .medium = t.medium, .whole = t.medium};
    assert_true(exh_reshape_open(&t.args, &opened, &whole_format, &fields, &t.shape, &err));
    assert_false(exh_reshape_tell(&t.args, &t.shape, &whole_format, true, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "titles and other texts (2 texts"));
    json_t *losses = exh_reshape_losses(&t.shape), *told = exh_reshape_losses_told(&t.shape), *loss = json_array_get(losses, 0);
    assert_int_equal(json_array_size(losses), 1);
    assert_string_equal(json_string_value(json_object_get(loss, "kind")), "text");
    assert_string_equal(json_string_value(json_object_get(loss, "what")), "titles and other texts (2 texts are in no packs)");
    assert_int_equal(json_integer_value(json_object_get(loss, "count")), 2);
    assert_true(json_is_false(json_object_get(loss, "on_record")));
    assert_string_equal(json_string_value(json_array_get(told, 0)), "titles and other texts (2 texts are in no packs) (lost)");
    json_decref(losses);
    json_decref(told);
    done(&t);
    try_it(&t, (struct shape){2352, 0, true}, &whole_format, "--track", "1", NULL);
    exh_reshape_close(&t.shape);
    t.medium->losses = &unread;
    const struct exh_opened again = {.kind = EXH_SOURCE_FILE, .path = "toy", .medium = t.medium, .whole = t.medium};
    assert_true(exh_reshape_open(&t.args, &again, &whole_format, &fields, &t.shape, &err));
    assert_int_equal(t.shape.losses.count, 0);
    done(&t);
    exh_losses_close(&unread);
}

static bool pointers_missing(const struct exh_layout *l, struct exh_losses *losses, struct exh_error *e)
{
    (void)l;
    return exh_losses_add(losses, EXH_LOSS_SESSION_POINTERS, 1, e, "the pointers");
}

/* What the image never had is said, and nobody has to agree to it: not even without a record. */
static void test_what_was_never_there(void **state)
{
    (void)state;
    static const struct exh_format format = {
        .name = "pointers", .fits = pointers_missing, .can = EXH_SINK_KEEPS_FIELDS | EXH_SINK_KEEPS_TRACKS | EXH_SINK_KEEPS_SUBCHANNEL};
    struct tried t;
    try_it(&t, (struct shape){2352, 0, true}, &format, "--no-record", NULL, NULL);
    assert_true(t.told);
    json_t *losses = exh_reshape_losses(&t.shape), *told = exh_reshape_losses_told(&t.shape);
    assert_true(json_is_false(json_object_get(json_array_get(losses, 0), "on_record")));
    assert_string_equal(json_string_value(json_array_get(told, 0)), "the pointers (not in the source)");
    json_decref(losses);
    json_decref(told);
    done(&t);
}

/* A sector that holds more than its user data is counted before anything is written. */
static void test_what_user_data_drop(void **state)
{
    (void)state;
    struct tried t;
    struct exh_fields fields = {0};
    try_it(&t, (struct shape){2352, 0, false}, &whole_format, "--user-data", NULL, NULL); /* refused by the format: only for its medium */
    bytes[7 * 2352 + 2300] ^= 1;
    exh_reshape_close(&t.shape);
    exh_error_clear(&err);
    const struct exh_opened opened = {.kind = EXH_SOURCE_FILE, .path = "toy", .medium = t.medium, .whole = t.medium};
    assert_true(exh_reshape_open(&t.args, &opened, &user_format, &fields, &t.shape, &err));
    assert_int_equal(t.shape.losses.count, 2);
    assert_non_null(strstr(t.shape.losses.items[0].text, "of 1 sectors, the first at LBA 7,"));
    assert_null(exh_record_keeps(t.shape.losses.items[0].kind));
    exh_reshape_close(&t.shape);
    bytes[9 * 2352 + 15] = 2; /* formless Mode 2: no 2048 bytes */
    memset(bytes + 9 * 2352 + 16, 0x5A, 2336);
    bytes[9 * 2352 + 16] = 0;
    exh_error_clear(&err);
    assert_false(exh_reshape_open(&t.args, &opened, &user_format, &fields, &t.shape, &err));
    assert_int_equal(err.code, EXH_REFUSED);
    assert_non_null(strstr(err.text, "LBA 9"));
    done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals_name_the_way),
                                       cmocka_unit_test(test_fits_as_it_is),
                                       cmocka_unit_test(test_user_data),
                                       cmocka_unit_test(test_subchannel_must_be_agreed_to),
                                       cmocka_unit_test(test_raw_sectors),
                                       cmocka_unit_test(test_plain_bytes),
                                       cmocka_unit_test(test_what_user_data_drop),
                                       cmocka_unit_test(test_what_the_reader_left_out),
                                       cmocka_unit_test(test_what_was_never_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
